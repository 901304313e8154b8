/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `fettle explain`: every failure and note by its stable name, offline. What is asked for is a name of
 * ours, a message of another program, or words to be searched for.
 */
#include "call.h"
#include "failure.h"
#include "foreign.h"
#include "object.h"

#include <string.h>

/* What fits what was asked for. */
typedef struct answer {
    const cli_foreign *foreign;
    size_t code_count, note_count;
    fettle_code codes[FETTLE_E_COUNT];
    fettle_note_code notes[FETTLE_NOTE_COUNT];
} answer;

/* ---- finding ---- */

static void add_code(answer *found, fettle_code code)
{
    found->codes[found->code_count++] = code;
}

static void add_note(answer *found, fettle_note_code note)
{
    found->notes[found->note_count++] = note;
}

static bool find_slug(answer *found, const char *slug)
{
    fettle_code code = fettle_code_find(slug);
    if (code != FETTLE_E_NONE) {
        add_code(found, code);
        return true;
    }
    for (int i = 1; i < FETTLE_NOTE_COUNT; i++) {
        if (strcmp(fettle_note_slug((fettle_note_code)i), slug) == 0) {
            add_note(found, (fettle_note_code)i);
            return true;
        }
    }
    return false;
}

/* A quoted message has more around it, or is only the beginning of one. */
static bool find_foreign(answer *found, const char *text)
{
    enum {
        SHORTEST = 8,
    };
    for (const cli_foreign *foreign = cli_foreign_messages; foreign->said != NULL;
         foreign++) {
        bool is_part = strlen(text) >= SHORTEST && cli_text_contains(foreign->said, text);
        if (is_part || cli_text_contains(text, foreign->said)) {
            found->foreign = foreign;
            if (foreign->slug != NULL) {
                find_slug(found, foreign->slug);
            }
            return true;
        }
    }
    return false;
}

/* "errWRITE": the board's own words, USB DFU 1.1 section 6.1.2. */
static bool find_status(answer *found, const char *text)
{
    for (uint32_t status = 1; status < 256; status++) {
        const char *name = fettle_dfu_status_name(status);
        if (name != NULL && cli_text_contains(text, name)) {
            add_code(found, FETTLE_E_BOARD_REFUSED);
            return true;
        }
    }
    return false;
}

static bool search(answer *found, const char *text)
{
    for (int i = 1; i < FETTLE_E_COUNT; i++) {
        fettle_code code = (fettle_code)i;
        if (cli_text_contains(fettle_code_slug(code), text) ||
            cli_text_contains(fettle_code_message(code), text) ||
            cli_text_contains(fettle_code_hint(code), text) ||
            cli_text_contains(fettle_code_cause(code), text)) {
            add_code(found, code);
        }
    }
    for (int i = 1; i < FETTLE_NOTE_COUNT; i++) {
        fettle_note_code note = (fettle_note_code)i;
        if (cli_text_contains(fettle_note_slug(note), text) ||
            cli_text_contains(fettle_note_format(note), text)) {
            add_note(found, note);
        }
    }
    return found->code_count + found->note_count > 0;
}

static void find_all(answer *found)
{
    for (int i = 1; i < FETTLE_E_COUNT; i++) {
        add_code(found, (fettle_code)i);
    }
    for (int i = 1; i < FETTLE_NOTE_COUNT; i++) {
        add_note(found, (fettle_note_code)i);
    }
}

static const char *nearest_slug(const char *word)
{
    const char *nearest = NULL;
    size_t distance = 4;
    for (int i = 1; i < FETTLE_E_COUNT; i++) {
        const char *slug = fettle_code_slug((fettle_code)i);
        size_t d = cli_text_distance(slug, word);
        if (d < distance) {
            distance = d;
            nearest = slug;
        }
    }
    return nearest;
}

/* ---- writing for people ---- */

/* "you may not open {board} on {port}" reads "you may not open BOARD on PORT". */
static void spell_format(char *buf, size_t size, const char *format)
{
    size_t used = 0;
    bool is_name = false;
    for (; *format != '\0' && used + 4 < size; format++) {
        if (*format == '{') {
            is_name = true;
            if (strncmp(format, "{text", 5) ==
                0) { /* what it is differs from case to case */
                memcpy(buf + used, "...", 3);
                used += 3;
                format = strchr(format, '}');
                is_name = false;
                if (format == NULL) {
                    break;
                }
            }
        } else if (*format == '}') {
            is_name = false;
        } else {
            char c = *format;
            bool is_small = c >= 'a' && c <= 'z';
            buf[used++] = is_name && is_small ? (char)(c - 'a' + 'A') : c;
        }
    }
    buf[used] = '\0';
}

static const char *whose(const char *fault)
{
    static const struct {
        const char *fault, *words;
    } table[] = {
        {"you", "something you can change"},
        {"file", "the file"},
        {"computer", "this computer"},
        {"cable", "the connection"},
        {"board", "the board"},
        {"us", "fettle itself"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].fault, fault) == 0) {
            return table[i].words;
        }
    }
    return fault;
}

static void write_page(const cli_paper *paper, fettle_code code)
{
    char line[512];
    snprintf(line, sizeof line, "%s (exit status %d; mostly to do with: %s)",
             fettle_code_slug(code), fettle_code_exit_status(code),
             whose(fettle_code_fault(code)));
    cli_text_wrap(paper, "", "  ", line);
    if (strcmp(fettle_code_message(code), "{text}") != 0) {
        spell_format(line, sizeof line, fettle_code_message(code));
        cli_text_append(line, sizeof line, "\"");
        cli_text_wrap(paper, "  \"", "   ", line);
    }
    fputc('\n', paper->out);
    cli_text_wrap(paper, "  ", "  ", fettle_code_cause(code));
    fputc('\n', paper->out);
    cli_text_wrap(paper, "  What to do: ", "  ", fettle_code_hint(code));
}

static void write_note_page(const cli_paper *paper, fettle_note_code note)
{
    char line[512];
    snprintf(line, sizeof line, "%s (a remark, not a failure)", fettle_note_slug(note));
    cli_text_wrap(paper, "", "  ", line);
    spell_format(line, sizeof line, fettle_note_format(note));
    cli_text_wrap(paper, "  ", "  ", line);
}

static void write_line(const cli_paper *paper, const char *slug, const char *format,
                       const char *cause)
{
    char first[40], line[512];
    snprintf(first, sizeof first, "%-26s ", slug);
    if (strcmp(format, "{text}") == 0) {
        size_t size = strcspn(cause, ".");
        snprintf(line, sizeof line, "%.*s", (int)size, cause);
    } else {
        spell_format(line, sizeof line, format);
    }
    bool is_narrow = paper->columns > 0 && paper->columns < 60;
    if (is_narrow) {
        cli_text_wrap(paper, "", "", slug);
    }
    cli_text_wrap(paper, is_narrow ? "  " : first,
                  is_narrow ? "  " : "                           ", line);
}

static void write_lines(const cli_paper *paper, const answer *found)
{
    for (size_t i = 0; i < found->code_count; i++) {
        fettle_code code = found->codes[i];
        write_line(paper, fettle_code_slug(code), fettle_code_message(code),
                   fettle_code_cause(code));
    }
    for (size_t i = 0; i < found->note_count; i++) {
        fettle_note_code note = found->notes[i];
        write_line(paper, fettle_note_slug(note), fettle_note_format(note), "");
    }
}

static void write_answer(const cli_call *call, const answer *found)
{
    cli_paper paper = cli_ui_stdout(&call->ui);
    if (found->foreign != NULL) {
        char line[128];
        snprintf(line, sizeof line, "\"%s\" (a message of another program)",
                 found->foreign->said);
        cli_text_wrap(&paper, "", "  ", line);
        cli_text_wrap(&paper, "  ", "  ", found->foreign->words);
    }
    if (found->code_count + found->note_count > 1) {
        write_lines(&paper, found);
        return;
    }
    if (found->foreign != NULL && found->code_count + found->note_count > 0) {
        fputc('\n', paper.out);
    }
    if (found->code_count == 1) {
        write_page(&paper, found->codes[0]);
    }
    if (found->note_count == 1) {
        write_note_page(&paper, found->notes[0]);
    }
}

/* ---- writing for programs ---- */

static void write_object(const cli_call *call, const answer *found)
{
    cli_json json = {.out = stdout};
    cli_object_begin(&json, call, true);
    cli_object_add_error(&json, NULL, false);
    cli_json_open_array(&json, "codes");
    for (size_t i = 0; i < found->code_count; i++) {
        fettle_code code = found->codes[i];
        cli_json_open_object(&json, NULL);
        cli_json_text(&json, "slug", fettle_code_slug(code));
        cli_json_number(&json, "exit", (uint64_t)fettle_code_exit_status(code));
        cli_json_text(&json, "fault", fettle_code_fault(code));
        cli_json_text(&json, "message", fettle_code_message(code));
        cli_json_text(&json, "hint", fettle_code_hint(code));
        cli_json_text(&json, "cause", fettle_code_cause(code));
        cli_json_close_object(&json);
    }
    cli_json_close_array(&json);
    cli_json_open_array(&json, "notes");
    for (size_t i = 0; i < found->note_count; i++) {
        cli_json_open_object(&json, NULL);
        cli_json_text(&json, "slug", fettle_note_slug(found->notes[i]));
        cli_json_text(&json, "message", fettle_note_format(found->notes[i]));
        cli_json_close_object(&json);
    }
    cli_json_close_array(&json);
    if (found->foreign != NULL) {
        cli_json_open_object(&json, "foreign");
        cli_json_text(&json, "said", found->foreign->said);
        cli_json_text(&json, "words", found->foreign->words);
        cli_json_text(&json, "slug", found->foreign->slug);
        cli_json_close_object(&json);
    } else {
        cli_json_null(&json, "foreign");
    }
    cli_object_end(&json);
}

int cli_explain(cli_call *call)
{
    const char *text = call->args->words;
    answer found = {0};
    if (text[0] == '\0') {
        find_all(&found);
    } else if (!find_slug(&found, text) && !find_foreign(&found, text) &&
               !find_status(&found, text) && !search(&found, text)) {
        fettle_error err;
        const char *nearest = nearest_slug(text);
        cli_fail_usage(&err, "nothing is known of \"%s\"%s%s", text,
                       nearest != NULL ? "; the nearest name is "
                                       : "; fettle explain lists all names",
                       nearest != NULL ? nearest : "");
        return cli_call_refuse(call, &err);
    }
    if (call->args->json) {
        write_object(call, &found);
    } else {
        write_answer(call, &found);
    }
    return 0;
}
