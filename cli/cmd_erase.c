/* SPDX-License-Identifier: Apache-2.0 */
/* `fettle erase`: a board's memory, or a part of it; asked once more, because nothing brings it back. */
#include "failure.h"
#include "jobs.h"

#include <string.h>

static void describe(const cli_args *args, char *text, size_t size)
{
    const char *memory = args->memory != NULL ? args->memory : "the main memory";
    if (args->unprotect) {
        snprintf(
            text, size,
            "Everything on the board will be erased if it is protected, else all that is asked for");
    } else if (args->address_is_given) {
        snprintf(
            text, size,
            "Every page of %s that holds one of the %zu bytes from 0x%08x on will be erased",
            memory, args->length > 0 ? args->length : 1, (unsigned)args->address);
    } else if (args->length > 0) {
        snprintf(text, size, "The first pages of %s, %zu bytes, will be erased", memory,
                 args->length);
    } else if (args->including_credentials) {
        snprintf(text, size,
                 "Everything in %s of the board will be erased, with the ids and keys that "
                 "nobody can make anew",
                 memory);
    } else if (args->module != NULL) {
        snprintf(text, size,
                 "Everything in %s of the module will be erased but the config block with "
                 "its ids and keys",
                 memory);
    } else {
        snprintf(text, size,
                 "Everything in %s of the board will be erased (of a module all but the "
                 "config block with its ids and keys)",
                 memory);
    }
}

int cli_erase(cli_call *call)
{
    fettle_error err;
    char what[256];
    if (call->args->mass_erase &&
        (call->args->address_is_given || call->args->length > 0)) {
        cli_fail_usage(
            &err,
            "--mass-erase is all of it, and goes with neither --address nor --length");
        return cli_call_refuse(call, &err);
    }
    describe(call->args, what, sizeof what);
    if (!cli_call_open(call, &err) || !cli_jobs_confirm(call, what, &err)) {
        return cli_call_refuse(call, &err);
    }
    cli_jobs_run(call, FETTLE_VERB_ERASE);
    return cli_jobs_end(call);
}
