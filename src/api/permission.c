/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May this person open the board? Asked before anybody presses a button, because the seconds of update mode
 * are no time to find out; and once more when a board that is there can't be opened, because "no
 * permission" has three cures: a rule, a group, a new login.
 */
#include "api/job_inside.h"
#include "api/udev.h"

#include "base/error.h"

#include <string.h>

static bool begins_with_usb(const char *path)
{
    return strncmp(path, "usb:", 4) == 0;
}

/* Only boards on this computer's USB stand under its rules. */
static bool is_on_usb(const fettle_job *job)
{
    const fettle_context *context = job->context;
    return context->usb != NULL &&
           (job->plan.path[0] != '\0' ? begins_with_usb(job->plan.path)
                                      : context->bus_count == 1);
}

/* The ids of update mode, as far as they are known before it is there; a file's may be wrong ones. */
static bool find_loader_id(const fettle_job *job, fettle_usb_id *id)
{
    const fettle_selection *selection = &job->selection;
    const fettle_image *image = job->image;
    *id = selection->is_stock ? selection->stock_id
                              : fettle_board_id_in(selection->row, FETTLE_MODE_DFU);
    bool trusts_file = !fettle_job_has_flag(job, FETTLE_WISH_IGNORE_IDS);
    if (id->vendor == 0 && trusts_file && image != NULL && image->has_suffix &&
        image->suffix.idVendor != 0xFFFF && image->suffix.idProduct != 0xFFFF) {
        *id = (fettle_usb_id){image->suffix.idVendor, image->suffix.idProduct};
    }
    return id->vendor != 0;
}

/* Where the code's own hint is not the cure; else NULL. */
static const char *other_hint(fettle_access access, const fettle_access_facts *facts)
{
    if (access == FETTLE_ACCESS_NOT_IN_GROUP && strcmp(facts->group, "plugdev") != 0) {
        return "Type sudo usermod -aG GROUP \"$USER\" with that group's name for GROUP, log out "
               "and log in again, then run the same command again.";
    }
    if (access == FETTLE_ACCESS_NO_RULE && facts->has_uaccess) { /* there is a rule */
        return "Run the command at this computer's own screen; or type sudo groupadd --system "
               "plugdev, then sudo usermod -aG plugdev \"$USER\", log out and log in again, and "
               "plug the board in anew.";
    }
    return NULL;
}

/* True: `err` says what is in the way and how it is mended. `port` NULL: it isn't there yet. */
static bool refuse(const fettle_job *job, fettle_access access,
                   const fettle_access_facts *facts, const char *port, fettle_error *err)
{
    static const fettle_code codes[] = {
        [FETTLE_ACCESS_UNKNOWN] = FETTLE_E_NONE,
        [FETTLE_ACCESS_ALLOWED] = FETTLE_E_NONE,
        [FETTLE_ACCESS_NO_RULE] = FETTLE_E_USB_PERMISSION,
        [FETTLE_ACCESS_NOT_IN_GROUP] = FETTLE_E_USB_GROUP,
        [FETTLE_ACCESS_GROUP_NOT_YET] = FETTLE_E_USB_LOGIN,
    };
    if (codes[access] == FETTLE_E_NONE) {
        return false;
    }
    fettle_error_set(err, codes[access], &(fettle_words){.text = facts->group});
    err->hint = other_hint(access, facts) != NULL ? other_hint(access, facts) : err->hint;
    fettle_error_wrap(err, fettle_job_clause(&job->plan, port != NULL),
                      &(fettle_words){.board = job->plan.name, .port = port});
    return true;
}

bool fettle_permission_check(fettle_job *job, fettle_error *err)
{
    fettle_usb_id id;
    fettle_access_facts facts;
    bool is_there = job->selection.is_seen && job->selection.seen_mode == FETTLE_MODE_DFU;
    bool needs_none = job->verb == FETTLE_VERB_SURVEY ||
                      (job->verb == FETTLE_VERB_RESET && job->plan.to == FETTLE_MODE_APP);
    if (is_there || needs_none || !is_on_usb(job) || !find_loader_id(job, &id)) {
        return true;
    }
    fettle_access access = fettle_foresee_access(id, true, &facts);
    return !refuse(job, access, &facts, NULL, err);
}

void fettle_permission_explain(fettle_job *job)
{
    fettle_access_facts facts;
    const fettle_sight *sight = &job->host.sight;
    fettle_stage stage = job->error.stage;
    if (job->error.code == FETTLE_E_USB_PERMISSION &&
        strncmp(sight->path, "usbip:", 6) == 0) {
        job->error.hint =
            "Ask whoever runs the server, which doesn't hand the board out; or type "
            "usbip unbind and usbip bind there, each with -b and its BUSID.";
        return;
    }
    if (job->error.code != FETTLE_E_USB_PERMISSION || !begins_with_usb(sight->path)) {
        return;
    }
    if (!fettle_rules_decide_below("", NULL)) {
        job->error.hint =
            "Give yourself read and write access to /dev/bus/usb; a container is handed "
            "it from outside, with Docker by --device=/dev/bus/usb.";
        return;
    }
    bool is_dfu = fettle_board_mode_of(job->plan.row, sight->id) != FETTLE_MODE_APP;
    fettle_access access = fettle_foresee_access(sight->id, is_dfu, &facts);
    if (access == FETTLE_ACCESS_ALLOWED) {
        job->error.hint =
            "Unplug the board and plug it in again, then run the same command "
            "again: it was plugged in before the rule that lets you open it.";
    } else if (refuse(job, access, &facts, sight->path, &job->error)) {
        job->error.stage = stage;
    }
}
