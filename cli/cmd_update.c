/* SPDX-License-Identifier: Apache-2.0 */
/* `fettle update FILE`: put a firmware file on a board and prove that it is there. */
#include "jobs.h"

int cli_update(cli_call *call)
{
    fettle_error err;
    unsigned flags = call->args->accept_damaged ? FETTLE_LOAD_ACCEPT_DAMAGED : 0u;
    if (!cli_call_open(call, &err) || !cli_call_load(call, flags, &err)) {
        return cli_call_refuse(call, &err);
    }
    cli_jobs_run(call, FETTLE_VERB_UPDATE);
    return cli_jobs_end(call);
}
