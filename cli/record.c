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

static void write_wire(FILE *out, const char *text, size_t size)
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
        fwrite(text, 1, head + shown, out);
        fputs(shown < count ? "..." : "", out);
        fwrite(text + head + count, 1, size - head - count, out);
        return;
    }
    fwrite(text, 1, size, out);
}

static void write_line(FILE *out, const char *path, const fettle_event *event)
{
    cli_paper paper = {.out = out, .has_utf8 = true};
    fprintf(out, "%6" PRIu64 ".%06" PRIu64 " ", event->at / 1000000, event->at % 1000000);
    cli_text_put(&paper, path);
    fprintf(out, " %s %s", fettle_event_name(event->kind), fettle_stage_name(event->stage));
    if (event->kind == FETTLE_EVENT_PROGRESS) {
        fprintf(out, " %" PRIu32, event->progress);
    }
    if (event->kind == FETTLE_EVENT_NOTE) {
        fprintf(out, " [%s]", event->slug != NULL ? event->slug : "");
    }
    const char *text = event->text;
    do { /* further lines of a text are set in */
        size_t size = strcspn(text, "\n");
        fputs(text != event->text ? "        " : size > 0 ? " " : "", out);
        if (event->kind ==
            FETTLE_EVENT_WIRE) { /* plain by itself, and long where blocks are */
            write_wire(out, text, size);
        } else {
            char part[1024];
            snprintf(part, sizeof part, "%.*s",
                     (int)(size < sizeof part ? size : sizeof part - 1), text);
            cli_text_put(&paper, part);
        }
        fputc('\n', out);
        text += size;
        text += *text == '\n';
    } while (*text != '\0');
}

void cli_record_event(cli_record *record, const char *path, const fettle_event *event)
{
    if (record->trace != NULL && event->kind == FETTLE_EVENT_WIRE) {
        fprintf(record->trace, "%s\n", event->text); /* as it is: it can be replayed */
    }
    if (record->report != NULL) {
        write_line(record->report, path, event);
    }
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
    bool report_is_whole = close_one(&record->report);
    *name = trace_is_whole ? record->report_name : record->trace_name;
    return trace_is_whole && report_is_whole;
}
