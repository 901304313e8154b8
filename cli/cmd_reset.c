/* SPDX-License-Identifier: Apache-2.0 */
/* `fettle reset`: restart a board, into its application or into update mode. */
#include "jobs.h"

int cli_reset(cli_call *call)
{
    fettle_error err;
    if (!cli_call_open(call, &err)) {
        return cli_call_refuse(call, &err);
    }
    cli_jobs_run(call, FETTLE_VERB_RESET);
    return cli_jobs_end(call);
}
