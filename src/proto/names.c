/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/names.h"

#include "base/bytes.h"

#include <assert.h>
#include <string.h>

enum {
    GET_DESCRIPTOR = 6,
    FROM_DEVICE = 0x80, /* bmRequestType: standard, device */
    STRING = 3,         /* descriptor type */
    HEADER = 2,         /* bLength, bDescriptorType */
    ENGLISH = 0x0409,   /* what nearly all have, and most have alone */
};

#define ANSWER_TIME ((fettle_us)1000000)

/* ---- text ---- */

/* Appends a code point; false: there is no room for it. */
static bool append(char *text, size_t room, size_t *length, uint32_t point)
{
    uint8_t bytes[4];
    size_t count = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    if (*length + count >= room) {
        return false;
    }
    for (size_t i = count; i-- > 1; point >>= 6) {
        bytes[i] = (uint8_t)(0x80 | (point & 0x3F));
    }
    bytes[0] = (uint8_t)(first[count] | point);
    memcpy(text + *length, bytes, count);
    *length += count;
    text[*length] = '\0';
    return true;
}

static bool is_high(uint32_t unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

static void decode16(char *text, size_t room, const uint8_t *bytes, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i + 1 < size; i += 2) {
        uint32_t unit = fettle_get16(bytes + i);
        uint32_t next = i + 3 < size ? fettle_get16(bytes + i + 2) : 0;
        if (is_high(unit) && is_low(next)) {
            unit = 0x10000 + ((unit - 0xD800) << 10) + (next - 0xDC00);
            i += 2;
        } else if (is_high(unit) || is_low(unit)) {
            unit = 0xFFFD;
        }
        if (unit == 0 || !append(text, room, &length, unit)) {
            return;
        }
    }
}

/* Only what is ASCII; nobody has seen more in such a string. */
static void decode8(char *text, size_t room, const uint8_t *bytes, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < size && bytes[i] >= ' ' && bytes[i] < 0x7F; i++) {
        if (!append(text, room, &length, bytes[i])) {
            return;
        }
    }
}

static bool is_ascii(uint8_t byte)
{
    return byte >= ' ' && byte < 0x7F;
}

/* Two ASCII characters in what should be one: as UTF-16 it would be some rare ideograph. */
static bool is_utf8(const uint8_t *bytes, size_t size)
{
    return size >= 4 && is_ascii(bytes[0]) && is_ascii(bytes[1]) && is_ascii(bytes[2]) &&
           is_ascii(bytes[3]);
}

void fettle_names_decode(char *text, size_t room, const uint8_t *descriptor, size_t size)
{
    text[0] = '\0';
    if (size < HEADER || descriptor[1] != STRING || descriptor[0] < HEADER) {
        return;
    }
    size_t end = descriptor[0] < size ? descriptor[0] : size;
    const uint8_t *bytes = descriptor + HEADER;
    if (is_utf8(bytes, end - HEADER)) {
        decode8(text, room, bytes, end - HEADER);
    } else {
        decode16(text, room, bytes, end - HEADER);
    }
}

/* One character of three bytes (U+0800 to U+FFFF) as its number; 0: it is none. */
static uint32_t three_byte_character(const char *text)
{
    const uint8_t *bytes = (const uint8_t *)text;
    bool is_one =
        (bytes[0] & 0xF0) == 0xE0 && (bytes[1] & 0xC0) == 0x80 && (bytes[2] & 0xC0) == 0x80;
    return is_one ? (uint32_t)(bytes[0] & 0x0F) << 12 | (uint32_t)(bytes[1] & 0x3F) << 6 |
                        (bytes[2] & 0x3Fu)
                  : 0;
}

void fettle_names_mend(char text[FETTLE_TEXT_SIZE])
{
    char mended[FETTLE_TEXT_SIZE];
    size_t length = 0, at = 0;
    for (; text[at] != '\0'; at += 3) {
        uint32_t character = three_byte_character(text + at);
        if (!is_ascii((uint8_t)character) || !is_ascii((uint8_t)(character >> 8))) {
            return;
        }
        mended[length++] = (char)(character & 0xFF);
        mended[length++] = (char)(character >> 8);
    }
    memcpy(text, mended, length);
    text[length] = '\0';
}

/* ---- the engine ---- */

static fettle_effect get_string(fettle_names *names, uint8_t index, uint16_t language,
                                fettle_us now)
{
    return (fettle_effect){
        .kind = FETTLE_EFFECT_CONTROL,
        .until = now + ANSWER_TIME,
        .control = {.bmRequestType = FROM_DEVICE,
                    .bRequest = GET_DESCRIPTOR,
                    .wValue = (uint16_t)(STRING << 8 | index),
                    .wIndex = language,
                    .wLength = sizeof names->answer,
                    .in = names->answer},
    };
}

static fettle_effect ask_next(fettle_names *names, fettle_us now)
{
    while (names->at < names->count && names->indices[names->at] == 0) {
        names->at++;
    }
    if (names->at == names->count) {
        return fettle_done(&names->engine);
    }
    return get_string(names, names->indices[names->at], names->language, now);
}

/* The first language that the board has, after it has refused English. */
static fettle_effect on_languages(fettle_names *names, const fettle_outcome *last,
                                  fettle_us now)
{
    names->asks_language = false;
    if (last->kind != FETTLE_OK || last->count < 4 || names->answer[1] != STRING) {
        names->count = 0; /* it has no strings */
        return fettle_done(&names->engine);
    }
    if (fettle_get16(names->answer + HEADER) == ENGLISH) {
        names->at++; /* it is this one name that it doesn't tell */
    } else {
        names->language = fettle_get16(names->answer + HEADER);
    }
    return ask_next(names, now);
}

/* Half a map would be read as another one. */
static bool is_cut(const uint8_t *answer, size_t count)
{
    return count < HEADER || answer[0] > count;
}

static fettle_effect step(fettle_engine *engine, const fettle_outcome *last, fettle_us now)
{
    fettle_names *names = (fettle_names *)engine;
    if (last == NULL) {
        return ask_next(names, now);
    }
    if (last->kind != FETTLE_OK && last->kind != FETTLE_STALL) {
        return fettle_fail(engine, last, FETTLE_CLAUSE_SURVEY, NULL);
    }
    if (names->asks_language) {
        return on_languages(names, last, now);
    }
    if (last->kind == FETTLE_OK && is_cut(names->answer, last->count)) {
        return fettle_refuse(
            engine, FETTLE_E_UNEXPECTED_ANSWER,
            &(fettle_words){.text = "the name of a memory came only in part"});
    }
    if (last->kind == FETTLE_OK) {
        fettle_names_decode(names->names[names->at], sizeof names->names[0], names->answer,
                            last->count);
    } else if (names->at == 0 && names->language == ENGLISH) {
        names->asks_language = true;
        return get_string(names, 0, 0, now);
    }
    names->at++;
    return ask_next(names, now);
}

fettle_engine *fettle_names_read(fettle_names *names, const fettle_dfu_interface *dfu)
{
    assert(names->engine.caller == NULL);
    memset(names, 0, sizeof *names);
    names->engine.step = step;
    names->language = ENGLISH;
    names->count = dfu->alternate_count;
    memcpy(names->indices, dfu->iInterface, sizeof names->indices);
    return &names->engine;
}
