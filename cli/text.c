/* SPDX-License-Identifier: Apache-2.0 */
/* Texts for people; see text.h. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

size_t cli_text_sequence(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80) {
        return at[0] != 0 ? 1 : 0;
    }
    /* The table of well-formed sequences, Unicode 15 section 3.9, table 3-7. */
    unsigned char low = 0x80, high = 0xBF;
    size_t length;
    if (at[0] >= 0xC2 && at[0] <= 0xDF) {
        length = 2;
    } else if (at[0] >= 0xE0 && at[0] <= 0xEF) {
        length = 3;
        low = at[0] == 0xE0 ? 0xA0 : 0x80;
        high = at[0] == 0xED ? 0x9F : 0xBF;
    } else if (at[0] >= 0xF0 && at[0] <= 0xF4) {
        length = 4;
        low = at[0] == 0xF0 ? 0x90 : 0x80;
        high = at[0] == 0xF4 ? 0x8F : 0xBF;
    } else {
        return 0;
    }
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (at[i] < 0x80 || at[i] > 0xBF) {
            return 0;
        }
    }
    return length;
}

size_t cli_text_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

/* A safe copy of `size` bytes of untrusted text; to be freed. NULL when there is no memory. */
static char *copy_to_show(const char *text, size_t size, bool has_utf8)
{
    char *raw = malloc(size + 1);
    size_t room = size * 4 + 1;
    char *safe = malloc(room);
    char *shown = malloc(room * 4);
    if (raw == NULL || safe == NULL || shown == NULL) {
        free(raw);
        free(safe);
        free(shown);
        return NULL;
    }
    memcpy(raw, text, size);
    raw[size] = '\0';
    fettle_text_to_show(safe, room, raw);
    size_t used = 0;
    for (const char *at = safe; *at != '\0'; at++) {
        if ((unsigned char)*at >= 0x80 && !has_utf8) {
            snprintf(shown + used, 5, "\\x%02x", (unsigned)(unsigned char)*at);
            used += 4;
        } else {
            shown[used++] = *at;
        }
    }
    shown[used] = '\0';
    free(raw);
    free(safe);
    return shown;
}

void cli_text_put_padded(const cli_paper *paper, const char *text, size_t width)
{
    char *shown = copy_to_show(text, strlen(text), paper->has_utf8);
    size_t used = 0;
    if (shown != NULL) {
        fputs(shown, paper->out);
        used = cli_text_width(shown);
        free(shown);
    }
    for (; used < width; used++) {
        fputc(' ', paper->out);
    }
}

void cli_text_put(const cli_paper *paper, const char *text)
{
    cli_text_put_padded(paper, text, 0);
}

/* The end of the longest start of `text` that has at most `width` columns and ends before a space. */
static const char *find_break(const char *text, size_t width)
{
    size_t used = 0;
    const char *last = NULL;
    const char *at = text;
    for (; *at != '\0' && used < width; used++) {
        at++;
        while (((unsigned char)*at & 0xC0) == 0x80) {
            at++;
        }
        if (*at == ' ' || *at == '\0') {
            last = at;
        }
    }
    if (*at == '\0') {
        return at;
    }
    return last != NULL ? last : at; /* a word longer than the line is cut */
}

static void wrap_line(const cli_paper *paper, const char **prefix, const char *rest,
                      const char *line)
{
    do {
        size_t indent = cli_text_width(*prefix);
        size_t width = paper->columns > indent + 8 ? paper->columns - indent : 8;
        const char *end =
            paper->columns == 0 ? line + strlen(line) : find_break(line, width);
        fprintf(paper->out, "%s%.*s\n", *prefix, (int)(end - line), line);
        *prefix = rest;
        line = end;
        while (*line == ' ') {
            line++;
        }
    } while (*line != '\0');
}

void cli_text_wrap(const cli_paper *paper, const char *first, const char *rest,
                   const char *text)
{
    const char *prefix = first;
    for (;;) {
        const char *end = strchr(text, '\n');
        size_t size = end != NULL ? (size_t)(end - text) : strlen(text);
        char *line = copy_to_show(text, size, paper->has_utf8);
        if (line != NULL) {
            wrap_line(paper, &prefix, rest, line);
            free(line);
        }
        if (end == NULL) {
            return;
        }
        text = end + 1;
    }
}

void cli_text_duration(char *buf, size_t size, fettle_us duration)
{
    unsigned long long seconds = (duration + 999999) / 1000000;
    if (seconds < 60) {
        snprintf(buf, size, "%llu s", seconds);
    } else if (seconds < 3600) {
        snprintf(buf, size, "%llu min %02llu s", seconds / 60, seconds % 60);
    } else {
        snprintf(buf, size, "%llu h %02llu min", seconds / 3600, seconds / 60 % 60);
    }
}

void cli_text_append(char *buf, size_t size, const char *text)
{
    size_t used = strlen(buf);
    if (used < size) {
        snprintf(buf + used, size - used, "%s", text);
    }
}

char cli_text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool cli_text_equal(const char *a, const char *b)
{
    while (*a != '\0' && cli_text_lower(*a) == cli_text_lower(*b)) {
        a++;
        b++;
    }
    return cli_text_lower(*a) == cli_text_lower(*b);
}

bool cli_text_contains(const char *text, const char *part)
{
    size_t length = strlen(part);
    for (; *text != '\0'; text++) {
        size_t same = 0;
        while (same < length && cli_text_lower(text[same]) == cli_text_lower(part[same])) {
            same++;
        }
        if (same == length) {
            return true;
        }
    }
    return length == 0;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t cli_text_distance(const char *a, const char *b)
{
    enum {
        LONGEST = 31,
    };
    size_t rows[3][LONGEST + 1]; /* the present row of the table and the two before it */
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > LONGEST || b_length > LONGEST) {
        return 99;
    }
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3],
               *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t change = before[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = smaller(change, smaller(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = smaller(now[j], earlier[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}
