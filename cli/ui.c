/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The narration on stderr while a job runs; see ui.h. One rule keeps the terminal tidy: whatever
 * writes a line first takes away the bar and the countdown (cli_ui_clear_line), which are the only lines
 * that don't end. Nothing here is wider than the terminal, or than 80 columns.
 */
#include "ui.h"

#include "system.h"

#include <stdlib.h>
#include <string.h>

enum {
    WIDEST = 80,
    NARROWEST = 20,
};

void cli_ui_init(cli_ui *ui, const cli_args *args)
{
    *ui = (cli_ui){
        .paper = {.out = stderr}, .is_quiet = args->quiet, .verbose = args->verbose};
    ui->paper.has_utf8 = cli_system_has_utf8();
    const char *kind = cli_system_environment("TERM");
    bool is_dumb = kind != NULL && strcmp(kind, "dumb") == 0;
    bool is_terminal = cli_system_is_terminal(CLI_STDERR);
    ui->is_terminal = is_terminal && !is_dumb;
    ui->has_colour = ui->is_terminal && cli_system_environment("NO_COLOR") == NULL;
    ui->can_ask = is_terminal && cli_system_is_terminal(CLI_STDIN) && !args->no_input;
    if (is_terminal) {
        size_t columns = cli_system_columns();
        columns = columns > WIDEST ? WIDEST : columns;
        ui->paper.columns =
            (columns < NARROWEST ? NARROWEST : columns) - 1; /* the last one wraps */
    }
}

cli_paper cli_ui_stdout(const cli_ui *ui)
{
    cli_paper paper = {.out = stdout, .has_utf8 = ui->paper.has_utf8};
    if (cli_system_is_terminal(CLI_STDOUT)) {
        size_t columns = cli_system_columns();
        paper.columns = (columns > WIDEST ? WIDEST : columns) - 1;
    }
    return paper;
}

/* ---- lines ---- */

void cli_ui_clear_line(cli_ui *ui)
{
    size_t width = ui->bar_width;
    if (ui->is_countdown) {
        ui->countdown = cli_system_stop_countdown();
        ui->is_countdown = false;
        width = ui->paper.columns;
    }
    if (width > 0) {
        fprintf(ui->paper.out, "\r%*s\r", (int)width, "");
    }
    ui->bar_width = 0;
    ui->bar[0] = '\0';
}

void cli_ui_colour(const cli_ui *ui, const char *code)
{
    if (ui->has_colour && code != NULL) {
        fprintf(ui->paper.out, "\033[%sm", code);
    }
}

static void write_lines(cli_ui *ui, const char *code, const char *first, const char *rest,
                        const char *text)
{
    cli_ui_clear_line(ui);
    cli_ui_colour(ui, code);
    cli_text_wrap(&ui->paper, first, rest, text);
    cli_ui_colour(ui, code != NULL ? "0" : NULL);
}

static const char *mark(const cli_ui *ui, const char *utf8, const char *ascii)
{
    return ui->paper.has_utf8 ? utf8 : ascii;
}

void cli_ui_say(cli_ui *ui, const char *text)
{
    if (!ui->is_quiet) {
        write_lines(ui, NULL, "", "", text);
    }
}

/* ---- stages and progress ---- */

static const char *stage_words(fettle_stage stage)
{
    switch (stage) {
    case FETTLE_STAGE_FIND:
        return "looking for the board";
    case FETTLE_STAGE_ENTER:
        return "going into update mode";
    case FETTLE_STAGE_BACKUP:
        return "reading what is on it";
    case FETTLE_STAGE_COMPARE:
        return "comparing";
    case FETTLE_STAGE_ERASE:
        return "erasing";
    case FETTLE_STAGE_WRITE:
        return "writing";
    case FETTLE_STAGE_VERIFY:
        return "reading back";
    case FETTLE_STAGE_LEAVE:
        return "leaving update mode";
    case FETTLE_STAGE_CONFIRM:
        return "waiting for the application";
    case FETTLE_STAGE_NONE:
    case FETTLE_STAGE_COUNT:
        break;
    }
    return "working";
}

/* "writing       [#######.......]  52 %  12 s left", never wider than the terminal. */
static void draw_bar(cli_ui *ui, const fettle_event *event)
{
    enum {
        LONGEST_BAR = 24,
        STAGE_WIDTH = 29,
    };
    char line[sizeof ui->bar];
    char left[48] = "";
    size_t columns = ui->paper.columns;
    if (event->left > 0) {
        char duration[32];
        cli_text_duration(duration, sizeof duration, event->left);
        snprintf(left, sizeof left, "  %s left", duration);
    }
    bool is_wide = columns >= STAGE_WIDTH + 40;
    int stage_width = is_wide ? STAGE_WIDTH : 0;
    snprintf(line, sizeof line, "  %-*s", stage_width, stage_words(event->stage));
    size_t fixed = strlen(line) + 1 + 2 + 6; /* " [", "]", "100 %" */
    size_t left_room = 16;
    size_t length = columns > fixed + left_room ? columns - fixed - left_room : 0;
    length = length > LONGEST_BAR ? LONGEST_BAR : length;
    if (length >= 4) {
        cli_text_append(line, sizeof line, " [");
        size_t full = (size_t)((uint64_t)event->progress * length / 1000000);
        for (size_t i = 0; i < length; i++) {
            const char *cell = i < full ? mark(ui, "█", "#") : mark(ui, "·", ".");
            cli_text_append(line, sizeof line, cell);
        }
        cli_text_append(line, sizeof line, "]");
    }
    char percent[32];
    snprintf(percent, sizeof percent, " %3u %%", event->progress / 10000);
    cli_text_append(line, sizeof line, percent);
    if (cli_text_width(line) + strlen(left) <= columns) {
        cli_text_append(line, sizeof line, left);
    }
    if (cli_text_width(line) > columns || strcmp(line, ui->bar) == 0) {
        return;
    }
    size_t width = cli_text_width(line);
    size_t erase = ui->bar_width > width ? ui->bar_width - width : 0;
    fprintf(ui->paper.out, "\r%s%*s", line, (int)erase, "");
    snprintf(ui->bar, sizeof ui->bar, "%s", line);
    ui->bar_width = width + erase;
}

static void on_stage(cli_ui *ui, const fettle_event *event)
{
    if (ui->is_terminal) {
        if (ui->bar_width > 0 && ui->stage != event->stage) {
            write_lines(ui, "2", "  ", "  ",
                        stage_words(ui->stage)); /* stays, above the bar */
        }
        draw_bar(ui, event);
        return;
    }
    char line[96];
    snprintf(line, sizeof line, "%s ...", stage_words(event->stage));
    write_lines(ui, NULL, "", "", line);
}

static void on_progress(cli_ui *ui, const fettle_event *event)
{
    if (ui->is_asking) {
        return;
    }
    if (ui->is_terminal) {
        draw_bar(ui, event);
        return;
    }
    if (event->stage >= FETTLE_STAGE_LEAVE) {
        return; /* what counts is done: a quarter less than that would puzzle */
    }
    uint32_t quarter = event->progress / 250000;
    if (quarter > ui->quarter && quarter < 4) {
        char line[32];
        ui->quarter = quarter;
        snprintf(line, sizeof line, "%u %%", quarter * 25);
        write_lines(ui, NULL, "", "", line);
    }
}

/* ---- asks ---- */

static void wait_visibly(cli_ui *ui, unsigned seconds)
{
    if (ui->is_terminal && seconds > 0) {
        bool is_wide = ui->paper.columns >= 50;
        cli_system_start_countdown(seconds, "  waiting, ",
                                   is_wide ? " s left (Ctrl-C stops)" : " s left");
        ui->is_countdown = true;
    }
}

/* How long the number of a step is, or its dash, with its space: 3 for "1. Unplug"; 0: it has none. */
static size_t number_length(const char *step)
{
    if (step[0] == '-' && step[1] == ' ') {
        return 2;
    }
    size_t digits = strspn(step, "0123456789");
    return digits > 0 && step[digits] == '.' && step[digits + 1] == ' ' ? digits + 2 : 0;
}

/* Takes one step: a line and those after it that are set in. Returns what comes after it. */
static const char *take_step(const char *text, char *step, size_t size)
{
    step[0] = '\0';
    do {
        size_t length = strcspn(text, "\n");
        char line[256];
        snprintf(line, sizeof line, "%s%.*s", step[0] != '\0' ? " " : "", (int)length,
                 text);
        cli_text_append(step, size, line);
        text += length;
        text += *text == '\n';
        if (*text != ' ') {
            return text;
        }
        text += strspn(text, " ");
    } while (*text != '\0');
    return text;
}

/* Steps that have no numbers get them, if there are several. */
static void write_steps(cli_ui *ui, const char *text)
{
    bool needs_numbers = strchr(text, '\n') != NULL && number_length(text) == 0;
    unsigned number = 0;
    while (*text != '\0') {
        char step[1024], first[24], rest[24];
        text = take_step(text, step, sizeof step);
        size_t length = number_length(step);
        if (needs_numbers) {
            snprintf(first, sizeof first, "    %u. ", ++number);
        } else {
            snprintf(first, sizeof first, "    %.*s", (int)length, step);
        }
        snprintf(rest, sizeof rest, "%*s", (int)(needs_numbers ? 7 : length + 4), "");
        cli_text_wrap(&ui->paper, first, rest, step + length);
    }
}

static void on_ask(cli_ui *ui, const fettle_event *event)
{
    cli_ui_clear_line(ui);
    ui->is_asking = true;
    fputc('\n', ui->paper.out);
    cli_ui_colour(ui, "1");
    cli_text_wrap(&ui->paper, mark(ui, "  ▶ ", "  > "), "    ", "Please do this now:");
    cli_ui_colour(ui, "0");
    write_steps(ui, event->text);
    fputc('\n', ui->paper.out);
    if (ui->is_terminal && ui->wait_s > 0) {
        wait_visibly(ui, ui->wait_s);
        return;
    }
    char line[64] = "Waiting for the board ...";
    if (ui->wait_s > 0) {
        snprintf(line, sizeof line, "Waiting up to %u s for the board ...", ui->wait_s);
    }
    cli_text_wrap(&ui->paper, "  ", "  ", line);
}

/* ---- events ---- */

void cli_ui_begin(cli_ui *ui, fettle_us wait, bool is_timeless)
{
    cli_ui_clear_line(ui);
    ui->stage = FETTLE_STAGE_NONE;
    ui->quarter = 0;
    ui->is_asking = false;
    ui->wait_s = is_timeless ? 0 : (unsigned)(wait / 1000000);
}

static void on_coming_or_going(cli_ui *ui, const fettle_event *event)
{
    char line[FETTLE_PATH_SIZE + 16];
    snprintf(line, sizeof line,
             event->kind == FETTLE_EVENT_BOARD_LEFT ? "%s went away" : "%s is there",
             event->text);
    write_lines(ui, "2", "  ", "  ", line);
}

static void show_event(cli_ui *ui, const fettle_event *event)
{
    switch (event->kind) {
    case FETTLE_EVENT_PLAN:
        write_lines(ui, NULL, "", "  ", event->text);
        break;
    case FETTLE_EVENT_STAGE:
        on_stage(ui, event);
        break;
    case FETTLE_EVENT_PROGRESS:
        on_progress(ui, event);
        break;
    case FETTLE_EVENT_NOTE:
        write_lines(ui, NULL, mark(ui, "  • ", "  - "), "    ", event->text);
        break;
    case FETTLE_EVENT_BOARD_LEFT:
    case FETTLE_EVENT_BOARD_BACK:
        if (ui->verbose > 0) {
            on_coming_or_going(ui, event);
        }
        break;
    case FETTLE_EVENT_ASK:
    case FETTLE_EVENT_ASK_OVER:
    case FETTLE_EVENT_WIRE:
    case FETTLE_EVENT_DONE:
    case FETTLE_EVENT_FAILED:
        break;
    }
}

void cli_ui_event(cli_ui *ui, const fettle_event *event)
{
    if (cli_system_take_refused_stop()) {
        write_lines(
            ui, NULL, "  ", "  ",
            "Not stopped now: the board's memory is being changed. Ctrl-C ends it safely.");
    }
    bool was_counting = ui->is_countdown;
    if (event->kind == FETTLE_EVENT_ASK) {
        on_ask(ui, event);
        return;
    }
    if (event->kind == FETTLE_EVENT_ASK_OVER) {
        cli_ui_clear_line(ui);
        ui->is_asking = false;
        return;
    }
    if (event->kind == FETTLE_EVENT_DONE || event->kind == FETTLE_EVENT_FAILED) {
        cli_ui_clear_line(ui);
        return;
    }
    if (!ui->is_quiet) {
        show_event(ui, event);
    }
    if (was_counting && !ui->is_countdown) {
        wait_visibly(ui, ui->countdown); /* a line came in between */
    }
    ui->stage = event->stage;
}
