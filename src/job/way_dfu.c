/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of USB DFU: what the job's stages mean to the engine in proto/dfu.c. Which interface and
 * which size of transfers is read from the descriptors; what is odd about the loader comes from the
 * board's row.
 */
#include "job/job.h"

#include <string.h>

static const fettle_board_row *row_of(const fettle_job_engine *job)
{
    return job->plan->row;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The person's wish, the row's number and the system's limit make it smaller, never larger. */
static uint16_t transfer_size(const fettle_job_engine *job)
{
    size_t size =
        fettle_dfu_transfer_size(job->interface, job->descriptors.bMaxPacketSize0);
    size_t wished = job->plan->transfer_size;
    size_t known = row_of(job)->memory.transfer_size;
    size_t limit = job->sight.largest_control;
    size = known > 0 ? min_size(size, known) : size;
    size = limit > 0 ? min_size(size, limit) : size;
    return (uint16_t)(wished > 0 && !row_of(job)->dfu.whole_blocks ? min_size(size, wished)
                                                                   : size);
}

static void read_traits(const fettle_job_engine *job, fettle_dfu_traits *traits)
{
    const fettle_dfu_interface *interface = job->interface;
    const fettle_dfu_quirks *quirks = &row_of(job)->dfu;
    *traits = (fettle_dfu_traits){
        .interface = interface->number,
        .alternate = interface->alternates[0],
        .needs_select = interface->alternates[0] != 0 && !quirks->never_select,
        .transfer_size = transfer_size(job),
        .wDetachTimeOut = interface->wDetachTimeOut,
        .will_detach = (interface->bmAttributes & FETTLE_DFU_WILL_DETACH) != 0,
        .is_tolerant = (interface->bmAttributes & FETTLE_DFU_MANIFESTATION_TOLERANT) != 0,
        .ignores_abort = quirks->ignores_abort,
        .block_is_place = quirks->block_is_place,
        .reads_in_download = quirks->reads_in_download,
    };
}

static bool meet(fettle_job_engine *job, fettle_error *err)
{
    fettle_span bytes = {job->sight.descriptors, job->sight.descriptors_size};
    job->interface = NULL;
    if (!fettle_usb_descriptors_parse(&job->descriptors, bytes, err)) {
        return false;
    }
    if (job->descriptors.dfu_count == 0) {
        fettle_error_set(err, FETTLE_E_NOT_DFU,
                         &(fettle_words){.text = "none of its interfaces is for updates"});
        return false;
    }
    job->interface = &job->descriptors.dfu[0];
    fettle_dfu_traits traits;
    read_traits(job, &traits);
    fettle_dfu_init(&job->dfu, &traits);
    return true;
}

static bool is_computer_part(const fettle_job_engine *job)
{
    return job->descriptors.is_computer_part;
}

/* A face that a row names is what it is, whatever its protocol number says. */
static fettle_mode guess(const fettle_job_engine *job)
{
    fettle_usb_descriptors seen;
    fettle_error ignored;
    fettle_mode known = fettle_board_mode_of(row_of(job), job->sight.id);
    size_t face_count = job->plan->face_count + job->plan->stranger_count;
    for (size_t i = 0; known == FETTLE_MODE_UNKNOWN && i < face_count; i++) {
        const fettle_face *face = &job->plan->faces[i];
        bool is_it = face->id.vendor != 0 && face->id.vendor == job->sight.id.vendor &&
                     face->id.product == job->sight.id.product;
        known = is_it ? face->mode : known;
    }
    if (known != FETTLE_MODE_UNKNOWN) {
        return known;
    }
    fettle_span bytes = {job->sight.descriptors, job->sight.descriptors_size};
    if (!fettle_usb_descriptors_parse(&seen, bytes, &ignored)) {
        return FETTLE_MODE_UNKNOWN;
    }
    switch (seen.mode) {
    case FETTLE_DFU_UPDATE:
        return FETTLE_MODE_DFU;
    case FETTLE_DFU_UNSURE:
        return FETTLE_MODE_UNKNOWN;
    default:
        return FETTLE_MODE_APP;
    }
}

static fettle_engine *survey(fettle_job_engine *job)
{
    return fettle_dfu_survey(&job->dfu);
}

static fettle_mode mode(const fettle_job_engine *job)
{
    fettle_mode guessed = guess(job);
    bool is_app = job->dfu.bState == FETTLE_DFU_APP_IDLE ||
                  job->dfu.bState == FETTLE_DFU_APP_DETACH || job->dfu.was_refused;
    if (guessed != FETTLE_MODE_UNKNOWN) {
        return guessed;
    }
    return is_app ? FETTLE_MODE_APP : FETTLE_MODE_DFU;
}

static fettle_survey found(const fettle_job_engine *job)
{
    return (fettle_survey){
        .id = job->sight.id,
        .bcdDevice = job->sight.bcdDevice,
        .can_download = (job->interface->bmAttributes & FETTLE_DFU_CAN_DNLOAD) != 0,
        .can_upload = (job->interface->bmAttributes & FETTLE_DFU_CAN_UPLOAD) != 0,
        .memory_size = row_of(job)->memory.size,
    };
}

static bool was_cut_off(const fettle_job_engine *job)
{
    return job->dfu.bState == FETTLE_DFU_DNLOAD_SYNC ||
           job->dfu.bState == FETTLE_DFU_DNBUSY ||
           job->dfu.bState == FETTLE_DFU_DNLOAD_IDLE;
}

static bool can_enter(const fettle_job_engine *job)
{
    fettle_usb_descriptors seen;
    fettle_error ignored;
    fettle_span bytes = {job->sight.descriptors, job->sight.descriptors_size};
    return job->sight.kind == FETTLE_LINK_USB &&
           fettle_usb_descriptors_parse(&seen, bytes, &ignored) && seen.dfu_count > 0;
}

static fettle_engine *enter(fettle_job_engine *job)
{
    return fettle_dfu_detach(&job->dfu);
}

static bool has_made_way(const fettle_job_engine *job)
{
    return !job->dfu.was_refused;
}

static bool can_read(const fettle_job_engine *job)
{
    return found(job).can_upload;
}

static bool can_read_early(const fettle_job_engine *job)
{
    return job->dfu.traits.reads_in_download;
}

/* After manifestation only a tolerant board takes requests again; one that leaves in its own time does. */
static bool can_read_after(const fettle_job_engine *job)
{
    return job->dfu.traits.is_tolerant || row_of(job)->dfu.leaves_by_itself;
}

static fettle_engine *compare(fettle_job_engine *job, bool all)
{
    return fettle_dfu_compare(&job->dfu, job->plan->payload, job->plan->keeps_from,
                              job->plan->keeps_to, all);
}

static uint32_t differences(const fettle_job_engine *job, uint32_t *first_block,
                            uint32_t *address)
{
    const fettle_dfu_difference *difference = &job->dfu.difference;
    *first_block = difference->first;
    *address = difference->first * job->dfu.traits.transfer_size;
    return difference->count;
}

static fettle_engine *write(fettle_job_engine *job, bool repair)
{
    return fettle_dfu_download(&job->dfu, job->plan->payload,
                               repair ? &job->dfu.difference : NULL);
}

static fettle_engine *finish(fettle_job_engine *job)
{
    return fettle_dfu_finish(&job->dfu, job->plan->payload.size);
}

static bool needs_end(const fettle_job_engine *job)
{
    return !job->dfu.traits.block_is_place;
}

static bool was_ended(const fettle_job_engine *job)
{
    return job->dfu.end_was_taken && !job->dfu.lost_completion;
}

static bool was_answered(const fettle_job_engine *job)
{
    return !job->dfu.lost_completion;
}

static bool was_checked(const fettle_job_engine *job)
{
    return job->dfu.was_manifested;
}

static fettle_engine *leave(fettle_job_engine *job)
{
    return row_of(job)->dfu.leaves_by_itself ? NULL : fettle_dfu_leave(&job->dfu);
}

static bool has_left(const fettle_job_engine *job)
{
    return job->dfu.has_left;
}

static fettle_engine *read(fettle_job_engine *job, uint8_t *buffer, size_t size)
{
    return fettle_dfu_upload(&job->dfu, buffer, size);
}

static size_t read_count(const fettle_job_engine *job)
{
    return job->dfu.count;
}

const fettle_way fettle_way_dfu = {
    .meet = meet,
    .is_computer_part = is_computer_part,
    .guess = guess,
    .survey = survey,
    .mode = mode,
    .found = found,
    .was_cut_off = was_cut_off,
    .can_enter = can_enter,
    .enter = enter,
    .has_made_way = has_made_way,
    .can_read = can_read,
    .can_read_early = can_read_early,
    .can_read_after = can_read_after,
    .compare = compare,
    .differences = differences,
    .write = write,
    .finish = finish,
    .needs_end = needs_end,
    .was_ended = was_ended,
    .was_answered = was_answered,
    .was_checked = was_checked,
    .leave = leave,
    .has_left = has_left,
    .read = read,
    .read_count = read_count,
};
