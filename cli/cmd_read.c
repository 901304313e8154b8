/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fettle read FILE`: a board's memory into a file. Whether the file can be kept is found out before
 * the board is touched; it gets its name only when it is whole.
 */
#include "failure.h"
#include "jobs.h"
#include "system.h"

#include <errno.h>
#include <string.h>

static bool prepare_file(const cli_call *call, cli_new_file *file, fettle_error *err)
{
    const char *name = call->args->file;
    const char *why = "";
    cli_file_kind kind = cli_system_file_kind(name);
    if (kind == CLI_FILE_FOLDER) {
        return cli_fail(err, FETTLE_E_CANNOT_KEEP, "cannot keep %s: it is a folder", name);
    }
    if (kind != CLI_FILE_MISSING && !call->args->overwrite) {
        return cli_fail(err, FETTLE_E_FILE_EXISTS, "%s is there already", name);
    }
    return cli_system_begin_file(file, name, call->args->overwrite, false, &why) ||
           cli_fail(err, FETTLE_E_CANNOT_KEEP, "cannot keep %s: %s", name, why);
}

static bool keep(cli_call *call, cli_new_file *file, fettle_span data, fettle_error *err)
{
    const char *why = "";
    if (file != NULL) {
        call->file = call->args->file;
        if (cli_system_commit_file(file, data.data, data.size, &why)) {
            return true;
        }
        call->file = NULL;
        return cli_fail(err, FETTLE_E_CANNOT_KEEP, "cannot keep %s: %s", call->args->file,
                        why);
    }
    errno = 0;
    if (fwrite(data.data, 1, data.size, stdout) == data.size && fflush(stdout) == 0) {
        return true;
    }
    return cli_fail(err, FETTLE_E_CANNOT_KEEP,
                    "cannot keep what was read: standard output takes no more: %s",
                    strerror(errno));
}

int cli_read(cli_call *call)
{
    fettle_error err;
    cli_new_file file;
    bool is_stdout = strcmp(call->args->file, "-") == 0;
    if (!cli_call_open(call, &err)) {
        return cli_call_refuse(call, &err);
    }
    if (call->target_count > 1) {
        cli_fail_usage(&err, "read takes one board, and %zu are named", call->target_count);
        return cli_call_refuse(call, &err);
    }
    if (!is_stdout && !prepare_file(call, &file, &err)) {
        return cli_call_refuse(call, &err);
    }
    cli_jobs_run(call, FETTLE_VERB_READ);
    cli_target *target = &call->targets[0];
    if (!target->is_good) {
        if (!is_stdout) {
            cli_system_abandon_file(&file);
        }
        return cli_jobs_end(call);
    }
    const fettle_result *result = fettle_job_result(target->job);
    if (keep(call, is_stdout ? NULL : &file, result->data, &err)) {
        cli_ui_success(&call->ui, result, false, call->file);
    } else {
        cli_jobs_fail(call, target, &err);
    }
    return cli_jobs_end(call);
}
