/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fettle restore FILE`: a backup goes back to the board that it was made of, or, where a person says so, to another one. Which board
 * that was is in the name of the file, or of the folder that fettle keeps copies of a module in; how it is written tells nothing.
 */
#include "failure.h"
#include "files.h"
#include "jobs.h"
#include "object.h"
#include "system.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAC_DIGITS = 12,
    HASH_DIGITS = 64,
    HASH_FILE_ROOM = 64 * 1024,
};

static const char digits[] = "0123456789abcdefABCDEF";

/* ---- is the file what was written? ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool is_same_hash(const char *a, const char *b)
{
    for (size_t i = 0; i < HASH_DIGITS; i++) {
        if (cli_text_lower(a[i]) != cli_text_lower(b[i])) {
            return false;
        }
    }
    return true;
}

/* The line that names the file, or the only one that there is: people rename files. NULL: there is none. */
static const char *find_hash(const char *text, const char *name)
{
    const char *only = NULL;
    size_t count = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, "\r\n");
        const char *hash = text + (*text == '\\');
        if (length >= HASH_DIGITS && strspn(hash, digits) == HASH_DIGITS) {
            const char *its = hash + HASH_DIGITS;
            its += strspn(its, " *");
            size_t size = length - (size_t)(its - text);
            if (size == strlen(name) && memcmp(its, name, size) == 0) {
                return hash;
            }
            only = hash;
            count++;
        }
        text += length;
        text += strspn(text, "\r\n");
    }
    return count == 1 ? only : NULL;
}

/* FILE.sha256; of the copies in the state folder config.sha256. */
static bool read_hashes(const char *file, char *text, size_t room)
{
    char path[CLI_PATH_ROOM + 8];
    size_t size = 0;
    const char *dot = strrchr(last_part(file), '.');
    int lengths[] = {(int)strlen(file), dot != NULL ? (int)(dot - file) : 0};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        snprintf(path, sizeof path, "%.*s.sha256", lengths[i], file);
        if (lengths[i] > 0 &&
            cli_system_read_file(path, (unsigned char *)text, room - 1, &size)) {
            text[size] = '\0';
            return true;
        }
    }
    return false;
}

static bool refuse_hash(const char *file, fettle_error *err)
{
    cli_fail(err, FETTLE_E_FILE_DAMAGED,
             "%s is damaged: its SHA-256 is not the one that was written beside it", file);
    err->hint = "Take another copy of the backup; nothing was done to the board.";
    return false;
}

static bool check_hash(cli_call *call, fettle_error *err)
{
    char hash[HASH_DIGITS + 1], line[CLI_PATH_ROOM + 128];
    const char *file = call->args->file;
    char *text = malloc(HASH_FILE_ROOM);
    fettle_image_facts facts;
    if (text == NULL) {
        return cli_fail(err, FETTLE_E_NO_MEMORY, "no memory for %s.sha256", file);
    }
    const char *said =
        read_hashes(file, text, HASH_FILE_ROOM) ? find_hash(text, last_part(file)) : NULL;
    fettle_image_get_facts(call->image, &facts);
    cli_object_hash(hash, facts.sha256);
    bool is_good = said == NULL || is_same_hash(said, hash);
    if (said == NULL) {
        snprintf(line, sizeof line,
                 "There is no hash beside %s, so nobody can tell whether it is still what "
                 "was read.",
                 file);
        cli_ui_say(&call->ui, line);
    }
    free(text);
    return is_good || refuse_hash(file, err);
}

/* ---- of which board is it? ---- */

static bool take_digits(cli_call *call, const char *text, bool is_all)
{
    if (strspn(text, digits) != MAC_DIGITS || (is_all && text[MAC_DIGITS] != '\0')) {
        return false;
    }
    memcpy(call->mac_room, text, MAC_DIGITS);
    call->mac_room[MAC_DIGITS] = '\0';
    call->mac = call->mac_room;
    return true;
}

static void find_mac(cli_call *call)
{
    char real[CLI_PATH_ROOM];
    const char *file = call->args->file;
    if (take_digits(call, last_part(file), false) ||
        !cli_system_real_path(file, real, sizeof real)) {
        return;
    }
    char *name = strrchr(real, '/');
    if (name != NULL) {
        *name = '\0';
        (void)take_digits(call, last_part(real), true);
    }
}

/* ---- the verb ---- */

static void say_end(cli_call *call)
{
    const cli_target *target = &call->targets[0];
    const fettle_result *result = target->is_good ? fettle_job_result(target->job) : NULL;
    if (result == NULL) {
        return;
    }
    if (result->outcome == FETTLE_OUTCOME_UNCHANGED) {
        cli_ui_say(&call->ui,
                   "The board is as the backup has it already; nothing was written.");
    } else {
        cli_ui_success(&call->ui, result, call->args->no_verify, NULL);
    }
}

int cli_restore(cli_call *call)
{
    fettle_error err;
    if (!cli_call_open(call, &err)) {
        return cli_call_refuse(call, &err);
    }
    if (call->target_count > 1) {
        cli_fail_usage(&err, "restore takes one board, and %zu are named",
                       call->target_count);
        return cli_call_refuse(call, &err);
    }
    call->image = fettle_image_load(call->args->file, FETTLE_LOAD_AS_RAW, &err);
    if (call->image == NULL || !check_hash(call, &err)) {
        return cli_call_refuse(call, &err);
    }
    find_mac(call);
    call->says_end = true;
    cli_jobs_run(call, FETTLE_VERB_RESTORE);
    say_end(call);
    return cli_jobs_end(call);
}
