/* SPDX-License-Identifier: Apache-2.0 */
/* `fettle update FILE`: put a firmware file on a board and prove that it is there. */
#include "failure.h"
#include "jobs.h"

enum { USAGE = 2, FOR_ANOTHER = 8 }; /* exit statuses */

/* What goes beyond the pages that the file is for. */
static bool confirm(cli_call *call, fettle_error *err)
{
    const cli_args *args = call->args;
    if (args->mass_erase &&
        !cli_jobs_confirm(
            call,
            "The whole memory will be erased first, with whatever else is in it (of a module "
            "all but the config block with its ids and keys)",
            err)) {
        return false;
    }
    return !args->unprotect ||
           cli_jobs_confirm(
               call, "If the board is read protected, everything on it will be erased",
               err);
}

/* What follows from a country is for a person to see. */
static bool take_country(cli_call *call, fettle_error *err)
{
    char text[400];
    const cli_args *args = call->args;
    if (args->country == NULL) {
        return true;
    }
    if (args->region != NULL) {
        return cli_fail_usage(err, "--country and --region can't both be meant");
    }
    if (!fettle_region_of_country(args->country, call->region, sizeof call->region, text,
                                  sizeof text)) {
        return cli_fail_usage(err, "--country %s: %s", args->country, text);
    }
    if (!args->quiet) {
        cli_ui_say(&call->ui, text);
    }
    return true;
}

/* Nothing brings what the board had back: what can be known of its module is known before. */
static bool check_module(cli_call *call, const cli_target *target, fettle_error *err)
{
    const cli_args *args = call->args;
    fettle_wishes wishes = {
        .board = target->selector,
        .module = args->module != NULL ? args->module : "",
        .region = call->region[0] != '\0' ? call->region : args->region,
        .chip = args->chip,
        .memory = args->memory,
        .baud = args->baud,
        .reset = args->reset,
        .flash_size = args->flash_size,
        .transfer_size = args->transfer_size,
    };
    fettle_job *job =
        fettle_job_new(call->context, FETTLE_VERB_UPDATE, call->module_image, &wishes, err);
    bool is_good = job != NULL;
    fettle_job_free(job);
    int status = is_good ? 0 : fettle_code_exit_status(err->code);
    return status != FOR_ANOTHER && status != USAGE;
}

static bool check_modules(cli_call *call, fettle_error *err)
{
    for (size_t i = 0; i < call->target_count; i++) {
        if (call->targets[i].is_module && !check_module(call, &call->targets[i], err)) {
            if (call->args->country != NULL && err->code == FETTLE_E_REGION_NOT_HERE) {
                err->hint = "Leave --country out, or name a region that this module has "
                            "with --region.";
            }
            return false;
        }
    }
    return true;
}

int cli_update(cli_call *call)
{
    fettle_error err;
    unsigned flags = call->args->accept_damaged ? FETTLE_LOAD_ACCEPT_DAMAGED : 0u;
    if (!cli_call_open(call, &err) || !cli_call_load(call, flags, &err) ||
        !take_country(call, &err) || !check_modules(call, &err) || !confirm(call, &err)) {
        return cli_call_refuse(call, &err);
    }
    cli_jobs_run(call, FETTLE_VERB_UPDATE);
    return cli_jobs_end(call);
}
