/* SPDX-License-Identifier: Apache-2.0 */
/* `fettle update FILE`: put a firmware file on a board and prove that it is there. */
#include "failure.h"
#include "jobs.h"

/* What goes beyond the pages that the file is for. */
static bool confirm(cli_call *call, fettle_error *err)
{
    const cli_args *args = call->args;
    if (args->mass_erase &&
        !cli_jobs_confirm(
            call, "The whole memory will be erased first, with whatever else is in it",
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

int cli_update(cli_call *call)
{
    fettle_error err;
    unsigned flags = call->args->accept_damaged ? FETTLE_LOAD_ACCEPT_DAMAGED : 0u;
    if (!cli_call_open(call, &err) || !cli_call_load(call, flags, &err) ||
        !take_country(call, &err) || !confirm(call, &err)) {
        return cli_call_refuse(call, &err);
    }
    cli_jobs_run(call, FETTLE_VERB_UPDATE);
    return cli_jobs_end(call);
}
