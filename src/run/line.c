/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects and outcomes as text. One set of functions says what a line is; where the text goes, into
 * memory or against a line that is there already, is up to the sink. So a replay needs no
 * memory, and can't have another idea of a line than a record.
 */
#include "run/line.h"

#include <assert.h>
#include <string.h>

/* `to` NULL: compares with the `size` bytes at `with`. */
struct sink {
    char *to;
    const char *with;
    size_t size, length; /* `length` goes on where there is no room */
    bool is_different;
};

static const char *const outcome_names[] = {
    [FETTLE_OK] = "ok",     [FETTLE_TIMEOUT] = "timeout",     [FETTLE_STALL] = "stall",
    [FETTLE_GONE] = "gone", [FETTLE_CANCELLED] = "cancelled", [FETTLE_ERROR] = "error",
};

static const char *const why_names[] = {
    [FETTLE_WHY_NONE] = "none",       [FETTLE_WHY_PERMISSION] = "permission",
    [FETTLE_WHY_DRIVER] = "driver",   [FETTLE_WHY_BUSY] = "busy",
    [FETTLE_WHY_SEVERAL] = "several", [FETTLE_WHY_SYSTEM] = "system",
};

static const char *const link_names[] = {
    [FETTLE_LINK_NONE] = "none",
    [FETTLE_LINK_USB] = "usb",
    [FETTLE_LINK_SERIAL] = "serial",
};

static const char *const mode_names[] = {
    [FETTLE_MODE_UNKNOWN] = "unknown", [FETTLE_MODE_APP] = "app",
    [FETTLE_MODE_DFU] = "dfu",         [FETTLE_MODE_ROM] = "rom",
    [FETTLE_MODE_STUB] = "stub",
};

static const char *const ask_names[] = {
    [FETTLE_ASK_NOTHING] = "nothing",
    [FETTLE_ASK_PLUG_IN] = "plug-in",
    [FETTLE_ASK_UPDATE_MODE] = "update-mode",
    [FETTLE_ASK_REPLUG] = "replug",
    [FETTLE_ASK_WIRE] = "wire",
    [FETTLE_ASK_UNWIRE] = "unwire",
};

#define NAME_OF(names, number) \
    ((size_t)(number) < sizeof(names) / sizeof *(names) ? (names)[number] : NULL)

const char *fettle_line_outcome_name(unsigned kind)
{
    return NAME_OF(outcome_names, kind);
}

const char *fettle_line_why_name(unsigned why)
{
    return NAME_OF(why_names, why);
}

const char *fettle_line_link_name(unsigned kind)
{
    return NAME_OF(link_names, kind);
}

/* ---- words ---- */

static void put(struct sink *sink, char character)
{
    if (sink->to != NULL) {
        if (sink->length + 1 < sink->size) {
            sink->to[sink->length] = character;
        }
    } else if (sink->length >= sink->size || sink->with[sink->length] != character) {
        sink->is_different = true;
    }
    sink->length++;
}

static void put_text(struct sink *sink, const char *text)
{
    for (; *text != '\0'; text++) {
        put(sink, *text);
    }
}

static void put_name(struct sink *sink, const char *name)
{
    put_text(sink, name != NULL ? name : "?");
}

static void put_number(struct sink *sink, uint64_t number)
{
    char digits[20]; /* of UINT64_MAX */
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) {
        put(sink, digits[--count]);
    }
}

static void put_signed(struct sink *sink, long number)
{
    if (number < 0) {
        put(sink, '-');
    }
    put_number(sink, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

static void put_hex(struct sink *sink, uint32_t number, unsigned digits)
{
    while (digits > 0) {
        put(sink, "0123456789abcdef"[number >> 4 * --digits & 0xf]);
    }
}

static void put_bytes(struct sink *sink, const char *key, const uint8_t *bytes, size_t size)
{
    put_text(sink, key);
    for (size_t i = 0; i < size; i++) {
        put_hex(sink, bytes[i], 2);
    }
}

static bool is_plain(char character)
{
    return (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') ||
           (character != '\0' && strchr("._:/+-", character) != NULL);
}

static void put_untrusted(struct sink *sink, const char *key, const char *text)
{
    put_text(sink, key);
    for (; *text != '\0'; text++) {
        if (is_plain(*text)) {
            put(sink, *text);
        } else {
            put(sink, '%');
            put_hex(sink, (unsigned char)*text, 2);
        }
    }
}

static void put_id(struct sink *sink, fettle_usb_id id)
{
    put_hex(sink, id.vendor, 4);
    put(sink, ':');
    put_hex(sink, id.product, 4);
}

static void put_lines(struct sink *sink, bool dtr, bool rts)
{
    put_text(sink, dtr ? " dtr=1" : " dtr=0");
    put_text(sink, rts ? " rts=1" : " rts=0");
}

/* ---- effects ---- */

static void put_open(struct sink *sink, const fettle_effect *effect)
{
    const fettle_match *match = &effect->open.match;
    const fettle_serial_settings *settings = &effect->open.settings;
    bool is_serial = false;

    put_text(sink, "open");
    if (match->path != NULL) {
        put_untrusted(sink, " path=", match->path);
    }
    if (match->serial != NULL) {
        put_untrusted(sink, " serial=", match->serial);
    }
    if (match->after_arrival != 0) {
        put_text(sink, " after=");
        put_number(sink, match->after_arrival);
    }
    for (size_t i = 0; i < match->face_count; i++) {
        const fettle_face *face = &match->faces[i];
        put_text(sink, " face=");
        put_name(sink, NAME_OF(mode_names, face->mode));
        put(sink, ':');
        put_name(sink, fettle_line_link_name(face->as));
        put(sink, ':');
        put_id(sink, face->id);
        is_serial = is_serial || face->as == FETTLE_LINK_SERIAL;
    }
    if (is_serial) {
        put_text(sink, " baud=");
        put_number(sink, settings->baud);
        put_text(sink, " bits=");
        put_number(sink, settings->data_bits);
        put_lines(sink, settings->dtr, settings->rts);
    }
}

static void put_control(struct sink *sink, const fettle_control *control)
{
    put_text(sink, "control ");
    put_hex(sink, control->bmRequestType, 2);
    put(sink, ' ');
    put_hex(sink, control->bRequest, 2);
    put(sink, ' ');
    put_hex(sink, control->wValue, 4);
    put(sink, ' ');
    put_hex(sink, control->wIndex, 4);
    put(sink, ' ');
    put_hex(sink, control->wLength, 4);
    if (control->out != NULL) {
        put_bytes(sink, " out=", control->out, control->wLength);
    } else if (control->in != NULL) {
        put_text(sink, " in");
    }
}

static void put_word_and_number(struct sink *sink, const char *word, uint64_t number)
{
    put_text(sink, word);
    put(sink, ' ');
    put_number(sink, number);
}

static void put_effect(struct sink *sink, const fettle_effect *effect)
{
    switch (effect->kind) {
    case FETTLE_EFFECT_OPEN:
        put_open(sink, effect);
        break;
    case FETTLE_EFFECT_SLEEP:
        put_text(sink, "sleep");
        break;
    case FETTLE_EFFECT_WRITE:
        put_word_and_number(sink, "write", effect->write.size);
        put_bytes(sink, " out=", effect->write.data, effect->write.size);
        break;
    case FETTLE_EFFECT_READ:
        put_word_and_number(sink, "read", effect->read.size);
        break;
    case FETTLE_EFFECT_DISCARD:
        put_text(sink, "discard");
        break;
    case FETTLE_EFFECT_LINES:
        put_text(sink, "lines");
        put_lines(sink, effect->lines.dtr, effect->lines.rts);
        break;
    case FETTLE_EFFECT_BAUD:
        put_word_and_number(sink, "baud", effect->baud);
        break;
    case FETTLE_EFFECT_FORMAT:
        put_word_and_number(sink, "format", effect->data_bits);
        break;
    case FETTLE_EFFECT_CONTROL:
        put_control(sink, &effect->control);
        break;
    case FETTLE_EFFECT_SELECT:
        put_word_and_number(sink, "select", effect->select.interface);
        put(sink, ' ');
        put_number(sink, effect->select.alternate);
        break;
    case FETTLE_EFFECT_RESET:
        put_text(sink, "reset");
        break;
    case FETTLE_EFFECT_RUN:
    case FETTLE_EFFECT_DONE:
    case FETTLE_EFFECT_FAILED:
        assert(false && "no port performs it");
        break;
    }
    if (effect->ask != FETTLE_ASK_NOTHING) {
        put_text(sink, " ask=");
        put_name(sink, NAME_OF(ask_names, effect->ask));
    }
    put_text(sink, " -> ");
}

uint8_t *fettle_line_in(const fettle_effect *effect, size_t *room)
{
    if (effect->kind == FETTLE_EFFECT_READ) {
        *room = effect->read.size;
        return effect->read.buffer;
    }
    if (effect->kind == FETTLE_EFFECT_CONTROL && effect->control.in != NULL) {
        *room = effect->control.wLength;
        return effect->control.in;
    }
    *room = 0;
    return NULL;
}

/* ---- outcomes ---- */

static void put_sight(struct sink *sink, const fettle_sight *sight)
{
    put_untrusted(sink, " path=", sight->path);
    put_untrusted(sink, " node=", sight->node);
    put_untrusted(sink, " maker=", sight->manufacturer);
    put_untrusted(sink, " product=", sight->product);
    put_untrusted(sink, " serial=", sight->serial);
    put_text(sink, " arrival=");
    put_number(sink, sight->arrival);
    put_text(sink, " link=");
    put_name(sink, fettle_line_link_name(sight->kind));
    put_text(sink, " id=");
    put_id(sink, sight->id);
    put_text(sink, " bcd=");
    put_hex(sink, sight->bcdDevice, 4);
    put_text(sink, " access=");
    put_name(sink, fettle_line_why_name(sight->access));
    put_bytes(sink, " descriptors=", sight->descriptors,
              sight->descriptors_size <= sizeof sight->descriptors ? sight->descriptors_size
                                                                   : 0);
}

static void put_outcome(struct sink *sink, const fettle_effect *effect,
                        const fettle_outcome *outcome)
{
    put_name(sink, fettle_line_outcome_name(outcome->kind));
    put(sink, ' ');
    put_number(sink, outcome->count);
    if (outcome->why != FETTLE_WHY_NONE) {
        put_text(sink, " why=");
        put_name(sink, fettle_line_why_name(outcome->why));
    }
    if (outcome->system != 0) {
        put_text(sink, " system=");
        put_signed(sink, outcome->system);
    }
    size_t room = 0;
    const uint8_t *in = fettle_line_in(effect, &room);
    if (in != NULL && outcome->count > 0) {
        put_bytes(sink, " in=", in, outcome->count < room ? outcome->count : room);
    }
    if (outcome->sight != NULL) {
        put_sight(sink, outcome->sight);
    }
}

void fettle_line_write(char *line, size_t size, fettle_us at, const fettle_effect *effect,
                       const fettle_outcome *outcome)
{
    struct sink sink = {.to = line, .size = size};
    assert(size >= 2);

    put_number(&sink, at);
    put(&sink, ' ');
    put_effect(&sink, effect);
    put_outcome(&sink, effect, outcome);
    if (sink.length < size) {
        line[sink.length] = '\0';
    } else {
        line[size - 2] = '~';
        line[size - 1] = '\0';
    }
}

bool fettle_line_is_effect(const char *text, size_t size, const fettle_effect *effect,
                           size_t *used)
{
    struct sink sink = {.with = text, .size = size};
    put_effect(&sink, effect);
    *used = sink.length;
    return !sink.is_different;
}
