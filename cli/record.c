/* SPDX-License-Identifier: Apache-2.0 */
/* Traces and reports; see record.h. */
#include "record.h"

#include "failure.h"
#include "system.h"
#include "text.h"

#include <inttypes.h>
#include <string.h>

static bool open_one(FILE **log, const char *name, fettle_error *err)
{
    const char *why = "";
    *log = name != NULL ? cli_system_open_log(name, &why) : NULL;
    return name == NULL || *log != NULL ||
           cli_fail(err, FETTLE_E_CANNOT_KEEP, "cannot keep %s: %s", name, why);
}

/* A word as a shell takes it. */
static void write_word(FILE *out, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,@+*";
    cli_paper paper = {.out = out, .has_utf8 = true};
    bool is_plain = word[0] != '\0' && strspn(word, plain) == strlen(word);
    fputs(is_plain ? " " : " \"", out);
    cli_text_put(&paper, word);
    fputs(is_plain ? "" : "\"", out);
}

static void write_head(FILE *out, int argc, char **argv)
{
    char text[256];
    cli_system_time_of_day(text, sizeof text);
    fprintf(out, "fettle report\nversion: %s\ntime: %s\n", fettle_version(), text);
    cli_system_describe(text, sizeof text);
    fprintf(out, "system: %s\n", text);
    fprintf(out, "terminals: stdin %d stdout %d stderr %d, %s\ncommand: fettle",
            cli_system_is_terminal(CLI_STDIN), cli_system_is_terminal(CLI_STDOUT),
            cli_system_is_terminal(CLI_STDERR), cli_system_has_utf8() ? "UTF-8" : "ASCII");
    for (int i = 1; i < argc; i++) {
        write_word(out, argv[i]);
    }
    fputs("\n\n", out);
    fflush(out);
}

bool cli_record_open(cli_record *record, const cli_args *args, int argc, char **argv,
                     fettle_error *err)
{
    *record = (cli_record){.trace_name = args->trace, .report_name = args->report};
    if (!open_one(&record->trace, args->trace, err) ||
        !open_one(&record->report, args->report, err)) {
        return false;
    }
    if (record->report != NULL) {
        write_head(record->report, argc, argv);
    }
    return true;
}

bool cli_record_wants_wire(const cli_record *record)
{
    return record->trace != NULL || record->report != NULL;
}

/*
 * A report is sent to others. What goes over a serial line may be a board's keys; so of each piece only what can be the head of a
 * frame is shown, or a command that is too short for anything else.
 */
static size_t shown_of(const char *digits, size_t count, bool is_read)
{
    enum { HEAD = 2 * 10, COMMAND = 2 * 8 };
    bool is_frame = count >= 2 && digits[0] == 'c' && digits[1] == '0';
    size_t most = is_frame ? HEAD : !is_read && count <= COMMAND ? COMMAND : 0;
    return count < most ? count : most;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_in_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void cli_record_mask(char *out, size_t size, const char *text)
{
    enum { LONG_ID = 16, SHORT_ID = 8 };
    bool is_about_ids = strstr(text, " id") != NULL;
    size_t used = 0;
    out[0] = '\0';
    for (const char *at = text; *at != '\0' && used + 4 < size;) {
        size_t count = 0;
        while (is_in_word(at[count])) {
            count++;
        }
        size_t digits = 0;
        while (digits < count && is_hex(at[digits])) {
            digits++;
        }
        bool is_id =
            count == digits && (count == LONG_ID || (count == SHORT_ID && is_about_ids));
        size_t length = is_id ? 3 : count > 0 ? count : 1;
        length = length < size - used - 1 ? length : size - used - 1;
        memcpy(out + used, is_id ? "***" : at, length);
        used += length;
        out[used] = '\0';
        at += count > 0 ? count : 1;
    }
}

/* A line of the wire, as it may be shown. False: it is shown as it is, and there is no room for it. */
static bool show_wire(char *out, size_t room, const char *text, size_t size)
{
    static const char *const marks[] = {" in=", " out="};
    static const char *const verbs[] = {" read ", " write "};
    char line[160];
    snprintf(line, sizeof line, "%.*s", (int)size, text);
    for (size_t i = 0; i < 2; i++) {
        const char *mark = strstr(line, verbs[i]) != NULL ? strstr(line, marks[i]) : NULL;
        size_t head = mark != NULL ? (size_t)(mark - line) + strlen(marks[i]) : 0;
        if (head == 0 || head >= size) {
            continue;
        }
        size_t count = strspn(text + head, "0123456789abcdef");
        count = count < size - head ? count : size - head;
        size_t shown = shown_of(text + head, count, i == 0);
        snprintf(out, room, "%.*s%s%.*s", (int)(head + shown), text,
                 shown < count ? "..." : "", (int)(size - head - count),
                 text + head + count);
        return true;
    }
    snprintf(out, room, "%.*s", (int)size, text);
    return size < room;
}

static void write_head_of(FILE *out, const char *path, const fettle_event *event)
{
    cli_paper paper = {.out = out, .has_utf8 = true};
    fprintf(out, "%6" PRIu64 ".%06" PRIu64 " ", event->at / 1000000, event->at % 1000000);
    cli_text_put(&paper, path);
    fprintf(out, " %s %s", fettle_event_name(event->kind), fettle_stage_name(event->stage));
}

static void write_line(FILE *out, const char *path, const fettle_event *event)
{
    cli_paper paper = {.out = out, .has_utf8 = true};
    char masked[4 * CLI_RECORD_SENTENCE];
    cli_record_mask(masked, sizeof masked, event->text);
    write_head_of(out, path, event);
    if (event->kind == FETTLE_EVENT_PROGRESS) {
        fprintf(out, " %" PRIu32, event->progress);
    }
    if (event->kind == FETTLE_EVENT_NOTE) {
        fprintf(out, " [%s]", event->slug != NULL ? event->slug : "");
    }
    const char *text = masked;
    do { /* further lines of a text are set in */
        char part[CLI_RECORD_SENTENCE];
        size_t size = strcspn(text, "\n");
        fputs(text != masked ? "        " : size > 0 ? " " : "", out);
        snprintf(part, sizeof part, "%.*s",
                 (int)(size < sizeof part ? size : sizeof part - 1), text);
        cli_text_put(&paper, part);
        fputc('\n', out);
        text += size;
        text += *text == '\n';
    } while (*text != '\0');
}

/* ---- long runs of transfers: a backup has tens of thousands ---- */

enum { SHOWN_AT_FIRST = 500 };

static void let_go(cli_record *record)
{
    size_t kept =
        record->held_count < CLI_RECORD_LAST ? record->held_count : CLI_RECORD_LAST;
    if (record->held_count > kept) {
        fprintf(record->report,
                "        ... %zu transfers that went well are left out ...\n",
                record->held_count - kept);
    }
    for (size_t i = record->held_count - kept; i < record->held_count; i++) {
        fprintf(record->report, "%s\n", record->held[i % CLI_RECORD_LAST]);
    }
    record->held_count = 0;
}

/* Of a run that goes on and on what went well is held back, until something else happens. */
static void report_wire(cli_record *record, const char *path, const fettle_event *event)
{
    const char *text = event->text;
    char shown[CLI_RECORD_LINE - 32];
    while (*text != '\0') { /* they are plain by themselves, and long where blocks are */
        size_t size = strcspn(text, "\n");
        bool is_good = strstr(text, "-> ok") != NULL;
        bool is_usb = strstr(text, " control ") != NULL; /* a block each: there are few */
        record->run_count++;
        bool fits = show_wire(shown, sizeof shown, text, size);
        if (record->run_count > SHOWN_AT_FIRST && is_good && fits && !is_usb) {
            char *line = record->held[record->held_count++ % CLI_RECORD_LAST];
            snprintf(line, CLI_RECORD_LINE, "%6" PRIu64 ".%06" PRIu64 " wire %s",
                     event->at / 1000000, event->at % 1000000, shown);
        } else {
            let_go(record);
            write_head_of(record->report, path, event);
            fprintf(record->report, " %.*s\n", fits ? (int)sizeof shown : (int)size,
                    fits ? shown : text);
        }
        text += size;
        text += *text == '\n';
    }
}

void cli_record_event(cli_record *record, const char *path, const fettle_event *event)
{
    if (record->trace != NULL && event->kind == FETTLE_EVENT_WIRE) {
        fprintf(record->trace, "%s\n", event->text); /* as it is: it can be replayed */
    }
    if (record->report == NULL) {
        return;
    }
    if (event->kind == FETTLE_EVENT_WIRE) {
        report_wire(record, path, event);
        return;
    }
    bool is_progress = event->kind == FETTLE_EVENT_PROGRESS;
    if (is_progress && record->run_count > SHOWN_AT_FIRST) {
        return;
    }
    let_go(record);
    record->run_count = is_progress ? record->run_count : 0;
    write_line(record->report, path, event);
}

static bool close_one(FILE **log)
{
    if (*log == NULL) {
        return true;
    }
    bool is_whole = ferror(*log) == 0;
    is_whole = fclose(*log) == 0 && is_whole;
    *log = NULL;
    return is_whole;
}

bool cli_record_close(cli_record *record, const char **name)
{
    bool trace_is_whole = close_one(&record->trace);
    if (record->report != NULL) {
        let_go(record);
    }
    bool report_is_whole = close_one(&record->report);
    *name = trace_is_whole ? record->report_name : record->trace_name;
    return trace_is_whole && report_is_whole;
}
