/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fettle list`: the boards that are there, their state, and what to do next; with --watch also who
 * comes and goes afterwards. Talks to no board.
 */
#include "call.h"
#include "failure.h"
#include "object.h"
#include "system.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_BOARDS = 128,
    COLUMN_COUNT = 6,
    NAME_ROOM = FETTLE_TEXT_SIZE + 64,
    GLANCE = 100000, /* microseconds between two looks at whether Ctrl-C was pressed */
};

/* A value of the bus, and the boards that were seen with it. */
typedef struct looked {
    uint64_t change;
    size_t count;
    fettle_board_view views[MOST_BOARDS];
} looked;

/* ---- which boards ---- */

static bool has_id(const fettle_board_view *view, const char *selector)
{
    char id[16];
    snprintf(id, sizeof id, "%04x:%04x", (unsigned)view->id.vendor,
             (unsigned)view->id.product);
    return view->id.vendor != 0 && cli_text_equal(id, selector);
}

static bool is_named(const cli_call *call, const fettle_board_view *view)
{
    if (call->args->board_count == 0) {
        return true;
    }
    for (size_t i = 0; i < call->target_count; i++) {
        const char *selector = call->targets[i].selector;
        if (selector == NULL || strcmp(selector, view->path) == 0 ||
            strcmp(selector, view->node) == 0 || strcmp(selector, view->serial) == 0 ||
            cli_text_equal(selector, view->name) || has_id(view, selector)) {
            return true;
        }
    }
    return false;
}

static void look(cli_call *call, looked *seen)
{
    size_t there = fettle_boards_look(call->context, call->args->all, seen->views,
                                      MOST_BOARDS, &seen->change);
    size_t room = there < MOST_BOARDS ? there : MOST_BOARDS;
    seen->count = 0;
    for (size_t i = 0; i < room; i++) {
        if (is_named(call, &seen->views[i])) {
            seen->views[seen->count] = seen->views[i];
            seen->count++;
        }
    }
}

/* ---- the table ---- */

/* "LoPy4 (remembered) on Pytrack": nobody has asked what sits there now. */
static const char *name_of(const fettle_board_view *view, char text[NAME_ROOM])
{
    if (view->module == NULL) {
        return view->name;
    }
    snprintf(text, NAME_ROOM, "%s (remembered) on %s", view->module, view->name);
    return text;
}

static void fill_row(const char *row[COLUMN_COUNT], char version[16], char name[NAME_ROOM],
                     const fettle_board_view *view)
{
    snprintf(version, 16, "%x.%02x", (unsigned)view->bcdDevice >> 8,
             (unsigned)view->bcdDevice & 0xFF);
    row[0] = name_of(view, name);
    row[1] = view->path;
    row[2] = fettle_mode_name(view->mode);
    bool has_version = view->id.vendor != 0 && view->state != FETTLE_BOARD_LINE;
    row[3] = has_version ? version : "-";
    row[4] = view->serial[0] != '\0' ? view->serial : "-";
    row[5] = view->state_text != NULL ? view->state_text : "";
}

static const char *const headings[COLUMN_COUNT] = {"NAME",    "PORT",   "MODE",
                                                   "VERSION", "SERIAL", "STATE"};

static void write_row(const cli_paper *paper, const char *const row[COLUMN_COUNT],
                      const size_t widths[COLUMN_COUNT])
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        bool is_last = i + 1 == COLUMN_COUNT;
        cli_text_put_padded(paper, row[i], is_last ? 0 : widths[i] + 2);
    }
    fputc('\n', paper->out);
}

/* On a narrow terminal a board is a paragraph. */
static void write_paragraph(const cli_paper *paper, const char *const row[COLUMN_COUNT])
{
    char text[FETTLE_TEXT_SIZE * 3 + FETTLE_PATH_SIZE];
    cli_text_wrap(paper, "", "  ", row[0]);
    snprintf(text, sizeof text, "%s  %s  %s  %s", row[1], row[2], row[3], row[4]);
    cli_text_wrap(paper, "  ", "  ", text);
    cli_text_wrap(paper, "  ", "  ", row[5]);
}

static void write_next(const cli_call *call, const cli_paper *paper,
                       const fettle_board_view *view)
{
    if (call->ui.verbose > 0 && view->node[0] != '\0') {
        cli_text_wrap(paper, "  at ", "  ", view->node);
    }
    if (view->next != NULL && view->next[0] != '\0' && !call->args->quiet) {
        char next[CLI_HINT_ROOM];
        cli_hint_to_show(next, view->next);
        cli_text_wrap(paper, "  ", "  ", next);
    }
}

static void write_table(const cli_call *call, const looked *seen)
{
    cli_paper paper = cli_ui_stdout(&call->ui);
    const char *row[COLUMN_COUNT];
    char version[16], name[NAME_ROOM];
    size_t widths[COLUMN_COUNT], sum = 0;
    for (size_t k = 0; k < COLUMN_COUNT; k++) {
        widths[k] = strlen(headings[k]);
    }
    for (size_t i = 0; i < seen->count; i++) {
        fill_row(row, version, name, &seen->views[i]);
        for (size_t k = 0; k < COLUMN_COUNT; k++) {
            size_t width = cli_text_width(row[k]);
            widths[k] = width > widths[k] ? width : widths[k];
        }
    }
    for (size_t k = 0; k < COLUMN_COUNT; k++) {
        sum += widths[k] + (k + 1 < COLUMN_COUNT ? 2 : 0);
    }
    bool fits = paper.columns == 0 || sum <= paper.columns;
    if (fits) {
        write_row(&paper, headings, widths);
    }
    for (size_t i = 0; i < seen->count; i++) {
        fill_row(row, version, name, &seen->views[i]);
        if (fits) {
            write_row(&paper, row, widths);
        } else {
            write_paragraph(&paper, row);
        }
        write_next(call, &paper, &seen->views[i]);
    }
}

static bool names_line(const cli_args *args)
{
    for (size_t i = 0; i < args->board_count; i++) {
        if (strncmp(args->boards[i], "rfc2217://", 10) == 0 ||
            strncmp(args->boards[i], "tcp://", 6) == 0) {
            return true;
        }
    }
    return false;
}

static void write_nothing(const cli_call *call)
{
    cli_paper paper = cli_ui_stdout(&call->ui);
    cli_text_wrap(
        &paper, "", "",
        names_line(call->args)
            ? "A line over the network isn't opened for a list, so nobody knows what is behind it; "
              "fettle info --board with the same words asks."
        : call->args->board_count > 0
            ? "No board like that is there. fettle list shows those on USB, fettle list --board "
              "usbip://HOST those of another computer."
        : call->no_usb[0] != '\0'
            ? call->no_usb
            : "No board is there that fettle could update. Plug one in with a cable that "
              "carries data; fettle list --watch tells when it is seen.");
}

static void write_object(const cli_call *call, const looked *seen)
{
    cli_json json = {.out = stdout};
    cli_object_begin(&json, call, true);
    cli_object_add_error(&json, NULL, false);
    cli_json_open_array(&json, "boards");
    for (size_t i = 0; i < seen->count; i++) {
        cli_object_add_view(&json, NULL, &seen->views[i]);
    }
    cli_json_close_array(&json);
    if (seen->count == 1) {
        cli_object_add_view(&json, "board", &seen->views[0]);
    }
    cli_object_end(&json);
}

/* ---- who comes and goes ---- */

static const fettle_board_view *find_view(const looked *seen, const char *path)
{
    for (size_t i = 0; i < seen->count; i++) {
        if (strcmp(seen->views[i].path, path) == 0) {
            return &seen->views[i];
        }
    }
    return NULL;
}

static void tell(const cli_call *call, const fettle_board_view *view, bool has_come,
                 fettle_us at)
{
    if (call->args->events) {
        cli_json json = {.out = stdout};
        fettle_event_kind kind =
            has_come ? FETTLE_EVENT_BOARD_BACK : FETTLE_EVENT_BOARD_LEFT;
        cli_json_open_object(&json, NULL);
        cli_json_number(&json, "schema", 1);
        cli_json_text(&json, "event", fettle_event_name(kind));
        cli_json_number(&json, "at_ms", at / 1000);
        cli_json_text(&json, "path", view->path);
        cli_json_null(&json, "stage");
        cli_json_number(&json, "progress", 0);
        cli_json_null(&json, "left_ms");
        cli_json_text(&json, "text", view->path);
        if (has_come) {
            cli_json_text(&json, "mode", fettle_mode_name(view->mode));
        }
        cli_object_add_view(&json, "board", view);
        cli_object_end(&json);
        return;
    }
    if (call->args->json) {
        return;
    }
    char line[2 * FETTLE_TEXT_SIZE + FETTLE_PATH_SIZE + 64];
    cli_paper paper = cli_ui_stdout(&call->ui);
    if (has_come) {
        snprintf(line, sizeof line, "+ %s on %s (%s): %s", view->name, view->path,
                 fettle_mode_name(view->mode),
                 view->state_text != NULL ? view->state_text : "");
    } else {
        snprintf(line, sizeof line, "- %s on %s", view->name, view->path);
    }
    cli_text_wrap(&paper, "", "  ", line);
    fflush(stdout);
}

static bool is_same(const fettle_board_view *a, const fettle_board_view *b)
{
    return b != NULL && a->mode == b->mode && a->state == b->state &&
           strcmp(a->name, b->name) == 0 && strcmp(a->serial, b->serial) == 0;
}

static void tell_changes(const cli_call *call, const looked *before, const looked *now,
                         fettle_us at)
{
    for (size_t i = 0; i < before->count; i++) {
        if (find_view(now, before->views[i].path) == NULL) {
            tell(call, &before->views[i], false, at);
        }
    }
    for (size_t i = 0; i < now->count; i++) {
        if (!is_same(&now->views[i], find_view(before, now->views[i].path))) {
            tell(call, &now->views[i], true, at);
        }
    }
}

/* Until Ctrl-C, or for as long as --wait says. Returns the exit status. */
static int watch(cli_call *call, looked *seen, looked *later)
{
    const fettle_clock_ops *clock;
    void *self;
    fettle_context_clock(call->context, &clock, &self);
    fettle_us begin = clock->now(self), now = begin;
    fettle_us limit = call->args->wait_is_given ? call->args->wait : FETTLE_NEVER;
    cli_system_expect_interruption(true);
    while (!cli_system_was_interrupted() && now - begin < limit) {
        fettle_us rest = limit - (now - begin);
        if (fettle_boards_wait(call->context, seen->change,
                               rest < GLANCE ? rest : GLANCE)) {
            now = clock->now(self);
            look(call, later);
            tell_changes(call, seen, later, now - begin);
            *seen = *later;
        }
        now = clock->now(self);
    }
    cli_system_expect_interruption(false);
    return cli_system_was_interrupted() ? fettle_code_exit_status(FETTLE_E_CANCELLED) : 0;
}

static int list(cli_call *call, looked *seen, looked *later)
{
    const cli_args *args = call->args;
    int status = 0;
    look(call, seen);
    if (args->events) {
        tell_changes(call, &(looked){0}, seen, 0);
    } else if (!args->json && seen->count > 0) {
        write_table(call, seen);
    } else if (!args->json) {
        write_nothing(call);
    }
    if (args->watch) {
        fflush(stdout);
        status = watch(call, seen, later);
    }
    if (args->json) {
        write_object(call, seen);
    }
    return status;
}

int cli_list(cli_call *call)
{
    fettle_error err;
    if (!cli_call_open(call, &err)) {
        return cli_call_refuse(call, &err);
    }
    if (call->args->watch && call->is_timeless && !call->args->wait_is_given) {
        cli_fail_usage(
            &err,
            "--watch without an end and timing=none don't go together; add --wait=SECONDS");
        return cli_call_refuse(call, &err);
    }
    looked *seen = malloc(2 * sizeof *seen);
    if (seen == NULL) {
        cli_fail(&err, FETTLE_E_NO_MEMORY, "no memory for %zu bytes", 2 * sizeof *seen);
        return cli_call_refuse(call, &err);
    }
    int status = list(call, seen, seen + 1);
    free(seen);
    return status;
}
