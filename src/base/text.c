/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text without a locale: appending into a buffer of fixed size, UTF-8 (RFC 3629), escaping
 * of what boards and files say of themselves, and strict numbers. A text that doesn't fit
 * is cut before a character, never inside one.
 */
#include "base/text.h"

#include <assert.h>
#include <string.h>

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* The longest beginning of `text` that fits into `room` bytes and ends with a character. */
static size_t whole_characters(const char *text, size_t length, size_t room)
{
    if (length <= room) {
        return length;
    }
    for (size_t back = 0; back <= 3 && back <= room; back++) {
        if (!is_continuation(text[room - back])) {
            return room - back;
        }
    }
    return room; /* no UTF-8 anyway */
}

bool fettle_text_append_part(char *buf, size_t size, const char *text, size_t length)
{
    size_t used = strlen(buf);
    assert(used < size);
    size_t taken = whole_characters(text, length, size - used - 1);

    memcpy(buf + used, text, taken);
    buf[used + taken] = '\0';
    return taken == length;
}

void fettle_text_append(char *buf, size_t size, const char *text)
{
    (void)fettle_text_append_part(buf, size, text, strlen(text));
}

void fettle_text_append_number(char *buf, size_t size, uint64_t number)
{
    char digits[20]; /* UINT64_MAX has as many */
    size_t first = sizeof digits;

    do {
        digits[--first] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    (void)fettle_text_append_part(buf, size, digits + first, sizeof digits - first);
}

static char hex_digit(unsigned value)
{
    return "0123456789abcdef"[value & 15];
}

void fettle_text_append_hex(char *buf, size_t size, uint32_t number, unsigned digits)
{
    char text[8]; /* UINT32_MAX has as many */
    size_t first = sizeof text;

    assert(digits <= sizeof text);
    do {
        text[--first] = hex_digit(number);
        number >>= 4;
    } while (number > 0 || sizeof text - first < digits);
    (void)fettle_text_append_part(buf, size, text + first, sizeof text - first);
}

/*
 * RFC 3629 section 4: the second byte tells overlong forms, surrogates and too large
 * numbers.
 */
static bool is_second_byte(unsigned char lead, char second)
{
    unsigned char byte = (unsigned char)second;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;

    return byte >= low && byte <= high;
}

size_t fettle_utf8_length(const char *text)
{
    unsigned char lead = (unsigned char)text[0];
    size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;

    if (lead < 0x80) {
        return lead != '\0';
    }
    if (lead < 0xC2 || lead > 0xF4 || !is_second_byte(lead, text[1])) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (!is_continuation(text[i])) { /* also at NUL: nothing behind it is looked at */
            return 0;
        }
    }
    return length;
}

/* The number of the valid character of `length` bytes. */
static uint32_t character_at(const char *text, size_t length)
{
    static const unsigned char lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t character = (unsigned char)text[0] & lead_bits[length];

    for (size_t i = 1; i < length; i++) {
        character = character << 6 | ((unsigned char)text[i] & 0x3F);
    }
    return character;
}

/*
 * Control characters (C0, DEL, C1) and the marks that turn the direction of what follows.
 */
static bool is_unshowable(uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character <= 0x9F) ||
           character == 0x061C || character == 0x200E || character == 0x200F ||
           (character >= 0x202A && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069);
}

bool fettle_text_append_escaped(char *buf, size_t size, const char *text)
{
    size_t used = strlen(buf);
    assert(used < size);

    while (*text != '\0') {
        size_t length = fettle_utf8_length(text);
        bool as_it_is = length > 0 && !is_unshowable(character_at(text, length));
        unsigned char byte = (unsigned char)*text;
        char escape[4] = {'\\', 'x', hex_digit(byte >> 4u), hex_digit(byte)};
        size_t needed = as_it_is ? length : sizeof escape;

        if (needed >= size - used) {
            return false;
        }
        memcpy(buf + used, as_it_is ? text : escape, needed);
        used += needed;
        buf[used] = '\0';
        text += as_it_is ? length : 1; /* the rest of a mark is escaped as stray bytes */
    }
    return true;
}

void fettle_text_escape(char *buf, size_t size, const char *text)
{
    assert(size > 0);
    buf[0] = '\0';
    (void)fettle_text_append_escaped(buf, size, text);
}

unsigned fettle_text_digit(char character)
{
    if (character >= '0' && character <= '9') {
        return (unsigned)(character - '0');
    }
    if (character >= 'a' && character <= 'f') {
        return (unsigned)(character - 'a') + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return (unsigned)(character - 'A') + 10;
    }
    return 16;
}

static bool to_number(const char *text, size_t length, unsigned base, uint64_t *number)
{
    uint64_t value = 0;

    for (size_t i = 0; i < length; i++) {
        unsigned digit = fettle_text_digit(text[i]);
        if (digit >= base || value > (UINT64_MAX - digit) / base) {
            return false;
        }
        value = value * base + digit;
    }
    if (length == 0) {
        return false;
    }
    *number = value;
    return true;
}

bool fettle_text_to_number(const char *text, uint64_t *number)
{
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = is_hex ? text + 2 : text;

    return to_number(digits, strlen(digits), is_hex ? 16 : 10, number);
}

bool fettle_text_to_hex16(const char *text, size_t length, uint16_t *number)
{
    uint64_t value;

    if (length > 4 || !to_number(text, length, 16, &value)) {
        return false;
    }
    *number = (uint16_t)value;
    return true;
}

static char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character - 'A' + 'a') : character;
}

bool fettle_text_is_same_word(const char *a, const char *b)
{
    size_t i = 0;

    while (a[i] != '\0' && lower(a[i]) == lower(b[i])) {
        i++;
    }
    return a[i] == b[i]; /* both at their end, or different */
}

bool fettle_text_is_equal(const char *a, const char *b)
{
    size_t length = strlen(a);

    return length == strlen(b) && memcmp(a, b, length) == 0;
}

bool fettle_text_begins_with(const char *text, const char *beginning)
{
    while (*beginning != '\0' && lower(*text) == lower(*beginning)) {
        text++;
        beginning++;
    }
    return *beginning == '\0';
}
