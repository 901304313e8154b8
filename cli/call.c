/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the program; see call.h. */
#include "call.h"

#include "failure.h"
#include "files.h"
#include "object.h"
#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cli_call_init(cli_call *call, const cli_args *args, int argc, char **argv)
{
    *call = (cli_call){.args = args, .argc = argc, .argv = argv};
    cli_ui_init(&call->ui, args);
}

/* ---- virtual boards ---- */

static bool is_virtual(const char *selector)
{
    return strncmp(selector, "sim:", 4) == 0;
}

static bool is_remote(const char *selector)
{
    return strncmp(selector, "usbip://", 8) == 0;
}

/* Is "person=none" one of the options? A comma after a backslash belongs to a path. */
static bool has_person(const char *spec)
{
    static const char nobody[] = ",person=none";
    for (const char *at = spec; (at = strstr(at, nobody)) != NULL; at++) {
        char after = at[sizeof nobody - 1];
        if (at[-1] != '\\' && (after == '\0' || after == ',')) {
            return false;
        }
    }
    return true;
}

/* The world has one clock: virtual boards with and without time don't go together. */
static bool choose_clock(cli_call *call, fettle_error *err)
{
    const cli_args *args = call->args;
    size_t timeless = 0, simulated = 0;
    call->has_person = true;
    for (size_t i = 0; i < args->board_count; i++) {
        if (is_virtual(args->boards[i])) {
            simulated++;
            timeless += fettle_sim_wants_no_time(args->boards[i]);
            call->has_person = call->has_person && has_person(args->boards[i]);
        }
    }
    call->has_person = call->has_person && simulated > 0 && simulated == args->board_count;
    call->is_timeless = timeless > 0;
    if (timeless > 0 && timeless < args->board_count) {
        return cli_fail_usage(err,
                              "boards with timing=none and others can't be in one run");
    }
    return true;
}

static bool make_world(cli_call *call, fettle_error *err)
{
    const fettle_clock_ops *clock = NULL;
    void *self = NULL;
    if (!call->is_timeless) {
        fettle_context_clock(call->context, &clock, &self);
    }
    call->sim = fettle_sim_new(clock, self);
    if (call->sim == NULL) {
        return cli_fail(err, FETTLE_E_NO_MEMORY, "no memory for virtual boards");
    }
    if (call->is_timeless) {
        fettle_context_set_clock(call->context, fettle_sim_clock_ops(call->sim),
                                 fettle_sim_clock_self(call->sim));
    }
    return fettle_context_add_bus(call->context, &fettle_sim_bus_ops, call->sim, err);
}

/* ---- targets ---- */

void cli_call_aim(cli_call *call, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cli_target *target = &call->targets[i];
        target->selector = target->path[0] != '\0' ? target->path : target->selector;
    }
}

static cli_target *add_target(cli_call *call, const char *selector)
{
    cli_target *targets =
        realloc(call->targets, (call->target_count + 1) * sizeof *targets);
    if (targets == NULL) {
        return NULL;
    }
    call->targets = targets;
    cli_target *target = &targets[call->target_count++];
    *target = (cli_target){.call = call, .selector = selector};
    return target;
}

static bool add_virtual_targets(cli_call *call, const char *spec, fettle_error *err)
{
    char message[256] = "";
    size_t first = fettle_sim_count(call->sim);
    if (!fettle_sim_add(call->sim, spec, message, sizeof message)) {
        return cli_fail_usage(err, "%s: %s", spec, message);
    }
    for (size_t i = first; i < fettle_sim_count(call->sim); i++) {
        cli_target *target = add_target(call, NULL);
        if (target == NULL) {
            return cli_fail(err, FETTLE_E_NO_MEMORY, "no memory for another board");
        }
        target->is_virtual = true;
        snprintf(target->path, sizeof target->path, "%s", fettle_sim_path(call->sim, i));
    }
    return true;
}

/* "usbip://HOST" without a BUSID means the board that fits there. */
/* A line that isn't among this computer's devices. */
static bool is_line(const char *selector)
{
    return strncmp(selector, "tcp://", 6) == 0 ||
           strncmp(selector, "rfc2217://", 10) == 0 ||
           (strncmp(selector, "/dev/", 5) == 0 && strncmp(selector, "/dev/tty", 8) != 0);
}

static bool add_line_target(cli_call *call, const char *port, fettle_error *err)
{
    char path[FETTLE_PATH_SIZE];
    if (!fettle_context_add_serial(call->context, port, path, err)) {
        return false;
    }
    cli_target *target = add_target(call, NULL);
    if (target == NULL) {
        return cli_fail(err, FETTLE_E_NO_MEMORY, "no memory for another board");
    }
    snprintf(target->path, sizeof target->path, "%s", path);
    return true;
}

static bool add_remote_target(cli_call *call, const char *port, fettle_error *err)
{
    char path[FETTLE_PATH_SIZE];
    if (!fettle_context_add_usbip(call->context, port, path, err)) {
        return false;
    }
    cli_target *target = add_target(call, NULL);
    if (target == NULL) {
        return cli_fail(err, FETTLE_E_NO_MEMORY, "no memory for another board");
    }
    if (path[0] == '\0' && call->args->board_count > 1) {
        return cli_fail_usage(err, "%s beside other boards needs its BUSID: %s/1-1", port,
                              port);
    }
    snprintf(target->path, sizeof target->path, "%s", path);
    return true;
}

/* What can't be reached is said where somebody misses it (no_usb); virtual boards need none of it. */
static void add_usb(cli_call *call)
{
    fettle_error err;
    if (!fettle_context_add_usb(call->context, &err)) {
        char reason[sizeof err.message];
        snprintf(reason, sizeof reason, "%s", err.message);
        snprintf(call->no_usb, sizeof call->no_usb,
                 "Boards on USB can't be reached: %.200s.", reason);
    }
}

/* A path, and no address of another kind. */
static bool may_be_link(const char *selector)
{
    return strchr(selector, '/') != NULL && strstr(selector, "://") == NULL &&
           !is_virtual(selector);
}

static bool add_targets(cli_call *call, fettle_error *err)
{
    bool wants_usb = call->args->board_count == 0;
    const cli_args *args = call->args;
    for (size_t i = 0; i < args->board_count; i++) {
        const char *board = args->boards[i];
        char node[FETTLE_PATH_SIZE];
        if (may_be_link(board) && cli_system_real_path(board, node, sizeof node) &&
            strncmp(node, "/dev/", 5) == 0) {
            /* a link to one of the devices, as udev and fettle-sim make them */
            memcpy(call->nodes[i], node, sizeof node);
            board = call->nodes[i];
        }
        if (is_line(board)) {
            if (!add_line_target(call, board, err)) {
                return false;
            }
        } else if (is_virtual(board)) {
            if ((call->sim == NULL && !make_world(call, err)) ||
                !add_virtual_targets(call, board, err)) {
                return false;
            }
        } else if (is_remote(board)) {
            if (!add_remote_target(call, board, err)) {
                return false;
            }
        } else if (add_target(call, board) == NULL) {
            return cli_fail(err, FETTLE_E_NO_MEMORY, "no memory for another board");
        } else {
            wants_usb = true;
        }
    }
    if (args->board_count == 0 && add_target(call, NULL) == NULL) {
        return cli_fail(err, FETTLE_E_NO_MEMORY, "no memory for a board");
    }
    cli_call_aim(call, call->target_count);
    if (wants_usb) {
        add_usb(call);
    }
    return true;
}

enum { LARGEST_STUB = 256 << 10 };

/* What it is, the library finds out. */
static bool read_stub(cli_call *call, fettle_error *err)
{
    const char *name = call->args->stub;
    if (name == NULL) {
        return true;
    }
    call->stub = malloc(LARGEST_STUB);
    if (call->stub == NULL) {
        return cli_fail(err, FETTLE_E_NO_MEMORY, "no memory for %s", name);
    }
    if (!cli_system_read_file(name, call->stub, LARGEST_STUB, &call->stub_size)) {
        return cli_fail(err, FETTLE_E_FILE_UNREADABLE,
                        "cannot read %s: it isn't there, may not be read, or is too large "
                        "for a stub",
                        name);
    }
    return true;
}

bool cli_call_open(cli_call *call, fettle_error *err)
{
    const cli_args *args = call->args;
    if (!choose_clock(call, err) || !read_stub(call, err) ||
        !cli_record_open(&call->record, args, call->argc, call->argv, err)) {
        return false;
    }
    call->context = fettle_context_new(err);
    if (call->context == NULL) {
        return false;
    }
    if (!add_targets(call, err)) { /* first of all, for the clock */
        return false;
    }
    call->has_store = cli_store_open(&call->store, args->state_dir);
    if (call->has_store) {
        fettle_context_set_store(call->context, &cli_store_ops, &call->store);
    }
    fettle_context_set_lock(call->context, &cli_lock_ops, &call->lock);
    return true;
}

fettle_us cli_call_wait(const cli_call *call)
{
    const cli_args *args = call->args;
    if (args->wait_is_given) {
        return args->wait;
    }
    if (cli_system_is_terminal(CLI_STDIN) && cli_system_is_terminal(CLI_STDERR)) {
        return 120000000;
    }
    return call->has_person ? 30000000 : 0;
}

/* ---- files ---- */

/* Each board has a module, which is updated after it. */
static bool add_modules(cli_call *call, fettle_error *err)
{
    size_t count = call->target_count;
    cli_target *targets = realloc(call->targets, 2 * count * sizeof *targets);
    if (targets == NULL) {
        return cli_fail(err, FETTLE_E_NO_MEMORY, "no memory for %zu boards", 2 * count);
    }
    call->targets = targets;
    call->target_count = 2 * count;
    for (size_t i = count; i-- > 0;) { /* the board, and behind it its module */
        targets[2 * i] = targets[i];
        targets[2 * i + 1] = targets[2 * i];
        targets[2 * i + 1].is_module = true;
    }
    cli_call_aim(call, call->target_count);
    return true;
}

bool cli_call_load(cli_call *call, unsigned flags, fettle_error *err)
{
    call->image = cli_files_load(
        call->args->files, call->args->file_count, call->args->chip, flags,
        call->args->command->verb == CLI_VERB_UPDATE ? &call->module_image : NULL, err);
    return call->image != NULL && (call->module_image == NULL || add_modules(call, err));
}

/* ---- the end ---- */

int cli_call_refuse(cli_call *call, const fettle_error *err)
{
    cli_ui_failure(&call->ui, err, NULL);
    cli_object_print_refusal(call, err);
    return fettle_code_exit_status(err->code);
}

static bool lacks_copy(const cli_call *call)
{
    for (size_t i = 0; i < call->target_count; i++) {
        if (call->targets[i].error.code == FETTLE_E_BACKUP_FAILED) {
            return true;
        }
    }
    return false;
}

/* The library knows the folder by its keys only. */
static void say_what_was_dropped(cli_call *call)
{
    char line[CLI_PATH_ROOM + 128];
    const char *name = NULL;
    if (!cli_record_close(&call->record, &name)) {
        snprintf(line, sizeof line, "Not all of %s could be kept.", name);
        cli_ui_say(&call->ui, line);
    }
    if (call->store.was_dropped && lacks_copy(call)) {
        snprintf(line, sizeof line, "The copy could not be kept in %s: %s.",
                 call->store.folder, call->store.why);
        cli_ui_say(&call->ui, line);
    } else if (call->ui.verbose > 0 && call->store.was_dropped) {
        snprintf(line, sizeof line,
                 "What was learned of the board could not be kept in %s: %s.",
                 call->store.folder, call->store.why);
        cli_ui_say(&call->ui, line);
    }
}

/* A reader that went away early (a pipe to head) has had what it wanted; a full disk has not. */
static int flush_stdout(cli_call *call, int status)
{
    errno = 0;
    bool is_good = fflush(stdout) == 0 && ferror(stdout) == 0;
    if (is_good || errno == EPIPE || status != 0 || cli_system_has_no_reader()) {
        return status;
    }
    fettle_error err;
    cli_fail(&err, FETTLE_E_CANNOT_KEEP,
             "cannot keep the answer: standard output takes no more");
    cli_ui_failure(&call->ui, &err, NULL);
    return fettle_code_exit_status(err.code);
}

int cli_call_close(cli_call *call, int status)
{
    say_what_was_dropped(call);
    for (size_t i = 0; i < call->target_count; i++) {
        fettle_job_free(call->targets[i].job);
    }
    free(call->targets);
    free(call->stub);
    fettle_image_free(call->image);
    fettle_image_free(call->module_image);
    fettle_context_free(call->context);
    fettle_sim_free(call->sim);
    return flush_stdout(call, status);
}
