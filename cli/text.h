/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts for people: made safe to show, wrapped, measured, compared. Nothing here knows what is said,
 * only how it is laid out.
 */
#ifndef FETTLE_CLI_TEXT_H
#define FETTLE_CLI_TEXT_H

#include "fettle/fettle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Bytes of the UTF-8 sequence at `text`; 0 if it is none, or an overlong one, or a surrogate. */
size_t cli_text_sequence(const char *text);

/* How many characters, for columns. */
size_t cli_text_width(const char *text);

/* How texts come out: on a stream that is `columns` wide (0: never wrapped), in UTF-8 or ASCII. */
typedef struct cli_paper {
    FILE *out;
    size_t columns;
    bool has_utf8;
} cli_paper;

/* Writes untrusted text on one line, made safe; in ASCII as \xNN what isn't. */
void cli_text_put(const cli_paper *paper, const char *text);

/* Writes it padded with spaces to `width` columns. */
void cli_text_put_padded(const cli_paper *paper, const char *text, size_t width);

/*
 * Writes text, its own line breaks kept, wrapped between words. The first line begins with `first`,
 * the others with `rest`. Ends with a line break.
 */
void cli_text_wrap(const cli_paper *paper, const char *first, const char *rest,
                   const char *text);

/* "9 s", "2 min 05 s", "1 h 20 min": rounded up. */
void cli_text_duration(char *buf, size_t size, fettle_us duration);

/* Joins into `buf`, cut where it is too small. */
void cli_text_append(char *buf, size_t size, const char *text);

/* ASCII only, without the locale. */
char cli_text_lower(char c);
bool cli_text_equal(const char *a, const char *b); /* letters of either case are equal */
bool cli_text_contains(const char *text, const char *part); /* the same */

/* How many letters one has to change, add, drop or swap to get from `a` to `b`; 99: very many. */
size_t cli_text_distance(const char *a, const char *b);

#endif
