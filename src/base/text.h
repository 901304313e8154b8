/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text without a locale. All functions are pure; buffers are the caller's and always end in NUL;
 * what doesn't fit is cut between two characters.
 */
#ifndef FETTLE_BASE_TEXT_H
#define FETTLE_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Appends to the text in `buf` of `size` bytes. */
void fettle_text_append(char *buf, size_t size, const char *text);
void fettle_text_append_number(char *buf, size_t size, uint64_t number);
/* At least `digits` lower-case digits, without 0x. */
void fettle_text_append_hex(char *buf, size_t size, uint32_t number, unsigned digits);

/* The same for the first `length` bytes of `text`. False: it was cut. */
bool fettle_text_append_part(char *buf, size_t size, const char *text, size_t length);

/* Appends as fettle_text_escape() copies. False: it was cut. */
bool fettle_text_append_escaped(char *buf, size_t size, const char *text);

/* Length of the valid UTF-8 character at `text`, 1 to 4; 0 where it is none (also at NUL). */
size_t fettle_utf8_length(const char *text);

/*
 * Copies untrusted text so that it can be shown: control characters, bidi marks (U+202A to U+202E,
 * U+2066 to U+2069, U+200E, U+200F, U+061C) and invalid UTF-8 become \xNN, byte by byte.
 */
void fettle_text_escape(char *buf, size_t size, const char *text);

/* Whole-string numbers; false for anything else, also for a sign, a blank, or an overflow. */
bool fettle_text_to_number(const char *text, uint64_t *number); /* decimal, or 0x... */
bool fettle_text_to_hex16(const char *text, size_t length,
                          uint16_t *number);                 /* 1 to 4 digits */
bool fettle_text_is_same_word(const char *a, const char *b); /* ASCII case doesn't matter */
bool fettle_text_is_equal(const char *a, const char *b);     /* every byte matters */
bool fettle_text_begins_with(const char *text,
                             const char *beginning); /* case doesn't matter */

/* What a digit of base 10 or 16 is worth; 16: it is none. */
unsigned fettle_text_digit(char character);

#endif
