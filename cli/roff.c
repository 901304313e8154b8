/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for man(7), see roff.h. groff_man(7) and groff_char(7) say what must not stand as it is: a dot or
 * an apostrophe at the start of a line is a request, a backslash begins an escape, and a bare hyphen,
 * caret, tilde or grave accent may come out as another character, which can't be typed any more.
 */
#include "roff.h"

#include "commands.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

enum {
    LINE_WIDTH = 72, /* of the source; mandoc remarks on more than 80 */
};

/* ---- characters ---- */

static unsigned decode(const char *sequence, size_t length)
{
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07}; /* by length */
    unsigned character = (unsigned char)sequence[0] & masks[length];
    for (size_t i = 1; i < length; i++) {
        character = character << 6 | ((unsigned char)sequence[i] & 0x3Fu);
    }
    return character;
}

static void put_escaped(const char *text, size_t size)
{
    static const struct {
        char plain;
        const char *escape;
    } table[] = {
        {'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"},
        {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"},
    };
    enum { ROWS = sizeof table / sizeof table[0] };
    for (size_t i = 0; i < size;) {
        size_t length = cli_text_sequence(text + i), row = 0;
        while (row < ROWS && table[row].plain != text[i]) {
            row++;
        }
        if (row < ROWS) {
            fputs(table[row].escape, stdout);
        } else if (length > 1) {
            printf("\\[u%04X]", decode(text + i, length));
        } else {
            fputc(length == 1 ? text[i] : '?', stdout);
        }
        i += length > 0 ? length : 1;
    }
}

static void put_in(char font, const char *text, size_t size)
{
    printf("\\f%c", font);
    put_escaped(text, size);
    fputs("\\fR", stdout);
}

/* ---- words ---- */

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_of_name(char c)
{
    return is_capital(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static size_t name_length(const char *text, const char *end)
{
    const char *at = text;
    while (at < end && is_of_name(*at)) {
        at++;
    }
    return (size_t)(at - text);
}

static bool is_all_capitals(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!is_capital(name[i])) {
            return false;
        }
    }
    return size > 0;
}

/* Is it one of the words of "[VERB | sim]"? */
static bool is_word_of(const char *list, const char *name, size_t size)
{
    while (list != NULL && *list != '\0') {
        list += strcspn(list, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        size_t length = strspn(list, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (length == size && strncmp(list, name, size) == 0) {
            return true;
        }
        list += length;
    }
    return false;
}

/* Does it stand for something that is typed? Other words in capitals (USB, JSON) don't. */
static bool is_placeholder(const char *name, size_t size)
{
    bool is_one =
        is_all_capitals(name, size) &&
        is_word_of("NAME COUNT OPTION OPTIONS VENDOR PRODUCT HOST PORT BUSID", name, size);
    for (const cli_option *option = cli_options_table; option->name != NULL; option++) {
        is_one = is_one || is_word_of(option->value_name, name, size);
    }
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        is_one = is_one || is_word_of(command->usage, name, size);
    }
    return is_one;
}

static bool is_verb(const char *name, size_t size)
{
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        if (strlen(command->name) == size && strncmp(command->name, name, size) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_fettle(const char *name, size_t size)
{
    return (size == 6 && strncmp(name, "fettle", size) == 0) ||
           (size == 10 && strncmp(name, "fettle-sim", size) == 0);
}

static bool is_page(const char *end_of_name)
{
    return end_of_name[0] == '(' && end_of_name[1] >= '1' && end_of_name[1] <= '8' &&
           end_of_name[2] == ')';
}

/* Dots that end no sentence: "NAME... HOST". */
static void guard_dots(const char *begin, const char *end)
{
    if (end - begin > 3 && strncmp(end - 3, "...", 3) == 0) {
        fputs("\\&", stdout);
    }
}

/* Everything is typed as it stands, unless in capitals. */
static void put_literal(const char *at, const char *end)
{
    const char *begin = at;
    while (at < end) {
        if (*at == ' ' && at > begin) {
            guard_dots(begin, at);
        }
        size_t size = name_length(at, end);
        if (size == 0) {
            put_escaped(at, 1);
            size = 1;
        } else if (is_all_capitals(at, size)) {
            put_in('I', at, size);
        } else {
            put_in('B', at, size);
        }
        at += size;
        if (is_page(at)) {
            put_escaped(at, 3);
            at += 3;
        }
    }
}

/* The options of a text, with their values: "(--wait=SECONDS)". Returns what is behind. */
static const char *put_option(const char *at, const char *end)
{
    const char *last = end;
    while (last > at && strchr(".,;:)\"", last[-1]) != NULL) {
        last--;
    }
    put_literal(at, last);
    return last;
}

static void put_plain(const char *at, const char *end)
{
    while (at < end) {
        size_t size = name_length(at, end);
        if (size > 0 && (is_page(at + size))) {
            put_in('B', at, size);
        } else if (size > 0 && is_placeholder(at, size)) {
            put_in('I', at, size);
        } else if (*at == '\'') { /* "isn't": of a word, not of a string */
            fputc('\'', stdout);
            size = 1;
        } else {
            size_t length = size > 0 ? size : cli_text_sequence(at);
            size = length > 0 ? length : 1;
            put_escaped(at, size);
        }
        at += size;
    }
}

/* `is_after_fettle`: a verb may come. */
static void put_word(const char *at, const char *end, bool is_after_fettle)
{
    while (at < end && strchr("([\"", *at) != NULL) {
        put_escaped(at++, 1);
    }
    size_t size = name_length(at, end);
    if (size > 1 && at[0] == '-') {
        at = put_option(at, end);
    } else if (is_fettle(at, size) || (is_after_fettle && is_verb(at, size))) {
        put_in('B', at, size);
        at += size;
    }
    put_plain(at, end);
}

/* ---- lines ---- */

static bool ends_sentence(const char *begin, const char *end)
{
    end -= end - begin > 1 && end[-1] == ')' ? 1 : 0;
    return end[-1] == '.' && end - begin > 1 && end[-2] != '.';
}

/* A line of the source ends with each sentence: groff sets a wider space there. */
static void put_line(const char *text, const char *end)
{
    size_t column = 0;
    bool is_after_fettle = false;
    while (text < end) {
        const char *word = text;
        while (text < end && *text != ' ') {
            text++;
        }
        size_t size = (size_t)(text - word);
        if (column > 0) {
            bool is_full = column + size >= LINE_WIDTH;
            fputc(is_full ? '\n' : ' ', stdout);
            column = is_full ? 0 : column + 1;
        }
        if (column == 0 && (*word == '.' || *word == '\'')) {
            fputs("\\&", stdout);
        }
        put_word(word, text, is_after_fettle);
        guard_dots(word, text);
        is_after_fettle = is_fettle(word, size);
        column += size + 6; /* a font takes room, too */
        while (text < end && *text == ' ') {
            text++;
        }
        if (text < end && ends_sentence(word, word + size)) {
            fputc('\n', stdout);
            column = 0;
        }
    }
    fputc('\n', stdout);
}

static void put_paragraphs(const char *text, bool is_first)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        if (!is_first) {
            puts(".PP");
        }
        is_first = false;
        put_line(text, text + size);
        text += size + (text[size] == '\n' ? 1 : 0);
    }
}

/* ---- the page ---- */

void cli_roff_begin(const char *name, const char *summary)
{
    puts(".\\\" SPDX-License-Identifier: Apache-2.0");
    puts(".\\\" Made by fettle help man.");
    fputs(".TH ", stdout);
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '-') {
            fputs("\\-", stdout);
        } else {
            fputc(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at, stdout);
        }
    }
    printf(" 1 \"\" \"fettle %s\" \"User Commands\"\n", fettle_version());
    puts(".nh\n.ad l"); /* names are not to be cut, nor blanks put between them */
    cli_roff_section("NAME");
    put_escaped(name, strlen(name));
    fputs(" \\- ", stdout);
    put_line(summary, summary + strlen(summary));
}

void cli_roff_spell_sentence(char *buf, size_t size, const char *words)
{
    size_t small = strspn(words, "abcdefghijklmnopqrstuvwxyz");
    bool is_name = is_capital(words[small]) || words[small] == '-';
    char first = small > 0 && !is_name ? (char)(words[0] - 'a' + 'A') : words[0];
    snprintf(buf, size, "%c%s.", first, words + 1);
}

void cli_roff_section(const char *title)
{
    printf(".SH %s\n", title);
}

void cli_roff_subsection(const char *title)
{
    printf(".SS %s\n", title);
}

void cli_roff_text(const char *text)
{
    put_paragraphs(text, true);
}

void cli_roff_paragraph(const char *text)
{
    put_paragraphs(text, false);
}

void cli_roff_synopsis(const char *line, bool is_first)
{
    if (!is_first) {
        puts(".br");
    }
    put_literal(line, line + strlen(line));
    fputc('\n', stdout);
}

void cli_roff_item(const char *term, const char *text)
{
    puts(".TP");
    put_literal(term, term + strlen(term));
    fputc('\n', stdout);
    put_paragraphs(text, true);
}

void cli_roff_item_of_name(const char *name, const char *text)
{
    puts(".TP");
    put_in('B', name, strlen(name));
    fputc('\n', stdout);
    put_paragraphs(text, true);
}

void cli_roff_code(const char *lines)
{
    puts(".RS 4\n.nf");
    while (*lines != '\0') {
        size_t size = strcspn(lines, "\n");
        if (*lines == '.' || *lines == '\'') {
            fputs("\\&", stdout);
        }
        put_escaped(lines, size);
        fputc('\n', stdout);
        lines += size + (lines[size] == '\n' ? 1 : 0);
    }
    puts(".fi\n.RE");
}
