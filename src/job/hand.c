/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose words tell a person what to do by hand. A board that somebody has named has its own. Of an ESP board that nobody has named
 * it isn't seen whether it is a vendor's module, which has other pins than buttons: then what is meant, what was there before, and
 * the bridge decide whether it is one, may be one, or most likely isn't.
 */
#include "job/job.h"

static bool has_bridge(const fettle_vendor *vendor, fettle_usb_id id)
{
    for (size_t i = 0; i < vendor->module_bridge_count; i++) {
        if (vendor->module_bridges[i].vendor == id.vendor &&
            vendor->module_bridges[i].product == id.product) {
            return true;
        }
    }
    return false;
}

static bool was_here(const fettle_job_engine *job, const fettle_vendor *vendor)
{
    char id[FETTLE_CHIP_WISH_SIZE];
    const fettle_vendor *whose = NULL;
    return job->recall_place != NULL && job->sight.path[0] != '\0' &&
           job->recall_place(job->keep_user, job->sight.path, id, sizeof id) &&
           fettle_vendors_find_name(job->vendors, id, &whose) != NULL && whose == vendor;
}

static bool is_meant(const fettle_job_engine *job, const fettle_vendor *vendor)
{
    const fettle_plan *plan = job->plan;
    bool is_package = plan->image != NULL && plan->image->package != NULL;
    return (job->means_module || is_package) &&
           (plan->vendor == NULL || plan->vendor == vendor);
}

/* What was on a port says little of what is there now, unless its bridge fits, or can't be seen. */
static const fettle_board_row *row_of(const fettle_job_engine *job,
                                      const fettle_vendor *vendor)
{
    fettle_usb_id id = job->sight.id;
    bool is_found = job->esp.module != NULL && job->esp.module == vendor->modules;
    bool is_on_carrier = job->esp.carrier != NULL && job->esp.carrier == vendor->carrier;
    bool has_ids = id.vendor != 0, fits = has_bridge(vendor, id);
    if (is_found || is_on_carrier || is_meant(job, vendor)) {
        return vendor->any_module;
    }
    if (was_here(job, vendor)) {
        return fits || !has_ids ? vendor->any_module : vendor->perhaps_module;
    }
    bool is_unseen = !has_ids && job->sight.arrival != 0; /* it is there */
    return fits || is_unseen ? vendor->perhaps_module : NULL;
}

const fettle_board_row *fettle_job_hand_row(const fettle_job_engine *job)
{
    bool is_named = job->plan->row != &fettle_board_esp;
    for (size_t i = 0; !is_named && i < job->vendors.count; i++) {
        const fettle_board_row *row = row_of(job, job->vendors.list[i]);
        if (row != NULL) {
            return row;
        }
    }
    return job->plan->row;
}
