/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fettle backup [FILE]`: all of a board's flash into a file, with its hash beside it. Without a name it is the board's MAC, which is
 * known only once the board was asked; so that a file that is there already is found before minutes of reading, the job is stopped
 * there (call->may_copy).
 */
#include "cmd_info.h"
#include "failure.h"
#include "object.h"
#include "system.h"

#include <string.h>

static const char hash_ending[] = ".sha256";

/* ---- its name ---- */

static bool is_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '-' || c == '_';
}

/* "240ac4000001" of a chip; else the serial, else the kind of board. */
static void name_board(char *name, size_t size, const fettle_result *result)
{
    const char *mac = result->chip != NULL ? result->chip->mac : "";
    const char *from = mac[0] != '\0'              ? mac
                       : result->serial[0] != '\0' ? result->serial
                       : result->name[0] != '\0'   ? result->name
                                                   : "board";
    size_t used = 0;
    for (; *from != '\0' && used + 1 < size; from++) {
        bool is_left_out = from[0] == ':' && mac[0] != '\0';
        if (!is_left_out) {
            name[used++] = is_plain(*from) ? *from : '-';
        }
    }
    name[used] = '\0';
}

/* Within the folder that FILE names, if it is one. */
static bool choose_name(cli_call *call, const fettle_result *result)
{
    char board[FETTLE_TEXT_SIZE];
    const char *folder = call->args->file != NULL ? call->args->file : "";
    size_t length = strlen(folder);
    bool needs_slash = length > 0 && folder[length - 1] != '/';
    name_board(board, sizeof board, result);
    int used = snprintf(call->copy_name, sizeof call->copy_name, "%s%s%s.bin", folder,
                        needs_slash ? "/" : "", board);
    return used > 0 && (size_t)used < sizeof call->copy_name;
}

/* ---- can it be kept? ---- */

/* Nothing is left in the folder while the board is read. */
static bool try_file(const cli_call *call, const char *name, fettle_error *err)
{
    const char *why = "";
    cli_new_file file;
    if (cli_system_file_kind(name) != CLI_FILE_MISSING && !call->args->overwrite) {
        return cli_fail(err, FETTLE_E_FILE_EXISTS, "%s is there already", name);
    }
    if (!cli_system_begin_file(&file, name, call->args->overwrite, true, &why)) {
        return cli_fail(err, FETTLE_E_CANNOT_KEEP, "cannot keep %s: %s", name, why);
    }
    cli_system_abandon_file(&file);
    return true;
}

static bool name_hash(const cli_call *call, char *name, size_t size)
{
    int used = snprintf(name, size, "%s%s", call->copy_name, hash_ending);
    return used > 0 && (size_t)used < size;
}

static bool try_files(cli_call *call, fettle_error *err)
{
    char hash[CLI_PATH_ROOM];
    if (!name_hash(call, hash, sizeof hash)) {
        return cli_fail(err, FETTLE_E_CANNOT_KEEP, "cannot keep %s: its path is too long",
                        call->copy_name);
    }
    return try_file(call, call->copy_name, err) && try_file(call, hash, err);
}

static bool may_copy(cli_call *call, const fettle_result *result)
{
    return (choose_name(call, result) ||
            cli_fail(&call->refusal, FETTLE_E_CANNOT_KEEP, "its path is too long")) &&
           try_files(call, &call->refusal);
}

/* ---- keep it ---- */

static bool keep_file(const cli_call *call, const char *name, const void *data, size_t size,
                      fettle_error *err)
{
    const char *why = "";
    cli_new_file file;
    if (cli_system_begin_file(&file, name, call->args->overwrite, true, &why) &&
        cli_system_commit_file(&file, data, size, &why)) {
        return true;
    }
    return cli_fail(err, FETTLE_E_CANNOT_KEEP, "cannot keep %s: %s", name, why);
}

/* As sha256sum writes it: a name with a backslash or a line's end has a mark in front. */
static void write_hash_line(char *line, size_t size, const char *hash, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    bool is_marked = strpbrk(name, "\\\n") != NULL;
    size_t used = (size_t)snprintf(line, size, "%s%s  ", is_marked ? "\\" : "", hash);
    for (; *name != '\0' && used + 4 < size; name++) {
        bool is_escaped = *name == '\\' || *name == '\n';
        line[used] = '\\';
        used += is_escaped;
        line[used++] = *name == '\n' ? 'n' : *name;
    }
    snprintf(line + used, size - used, "\n");
}

static bool keep(cli_call *call, fettle_span data, fettle_error *err)
{
    char hash[65], line[2 * CLI_PATH_ROOM], name[CLI_PATH_ROOM];
    fettle_image_facts facts;
    fettle_image *image = fettle_image_from_bytes("backup", data, FETTLE_LOAD_AS_RAW, err);
    if (image == NULL) {
        return false;
    }
    fettle_image_get_facts(image, &facts);
    cli_object_hash(hash, facts.sha256);
    fettle_image_free(image);
    write_hash_line(line, sizeof line, hash, call->copy_name);
    if (!name_hash(call, name, sizeof name) ||
        !keep_file(call, call->copy_name, data.data, data.size, err)) {
        return false;
    }
    call->file = call->copy_name;
    return keep_file(call, name, line, strlen(line), err);
}

static void say_what_it_is(cli_call *call, const fettle_result *result)
{
    const cli_args *args = call->args;
    if (!args->json && !args->events && !args->quiet) {
        cli_paper paper = cli_ui_stdout(&call->ui);
        cli_info_of_board(&paper, result);
    }
    cli_ui_success(&call->ui, result, false, call->file);
    cli_ui_say(&call->ui,
               "Whatever keys and passwords the board has are in this file: keep "
               "it, and give it to nobody.");
}

int cli_backup(cli_call *call)
{
    fettle_error err;
    const char *file = call->args->file;
    if (!cli_call_open(call, &err)) {
        return cli_call_refuse(call, &err);
    }
    if (call->target_count > 1) {
        cli_fail_usage(&err, "backup takes one board, and %zu are named",
                       call->target_count);
        return cli_call_refuse(call, &err);
    }
    if (file == NULL || cli_system_file_kind(file) == CLI_FILE_FOLDER) {
        call->may_copy = may_copy;
    } else {
        snprintf(call->copy_name, sizeof call->copy_name, "%s", file);
        if (!try_files(call, &err)) {
            return cli_call_refuse(call, &err);
        }
    }
    cli_jobs_run(call, FETTLE_VERB_BACKUP);
    cli_target *target = &call->targets[0];
    if (target->is_good) {
        const fettle_result *result = fettle_job_result(target->job);
        if (keep(call, result->data, &err)) {
            say_what_it_is(call, result);
        } else {
            cli_jobs_fail(call, target, &err);
        }
    }
    return cli_jobs_end(call);
}
