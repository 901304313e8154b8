/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole session with an ESP loader, with the input in the place of the line. Under it lies a loader that
 * says yes: where the input says 0, or has ended, that one answers. Every other byte spoils one
 * effect.
 *
 *   byte 0     chip (bits 0 to 2), port (3, 4), no lines (5), secure download (6), the stub never starts (7)
 *   byte 1     what is done after identify: see the VERB_s
 *   the rest   one effect after the other, see the OP_s
 *
 * Whatever comes, each verb ends in bounded effects and time, has words for a failure, sends whole
 * frames only, and has no more effects after a cancel than it may.
 */
#include "fuzz/must.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "board/chips.h"
#include "proto/esp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MS     ((fettle_us)1000)
#define SECOND ((fettle_us)1000000)
#define HOUR   (3600 * SECOND)

enum {
    TIDY_EFFECTS = 16,
    EFFECTS_MAX = 200000,
    CONTENT = 0x5000,
    OUT_SIZE = 0x4000,
    HEAD = 2,

    /* byte 1 */
    VERB_BAUD = 1 << 0,
    VERB_STUB = 1 << 1,
    VERB_HASH = 1 << 2,
    VERB_READ = 1 << 3,
    VERB_WRITE = 1 << 4,
    VERB_DEFLATED = 1 << 5,
    VERB_ERASE = 1 << 6,
    VERB_LEAVE = 1 << 7,

    /* an effect: bits 0 to 3; the others are its argument */
    OP_HONEST = 0,
    OP_TIMEOUT = 1,
    OP_GONE = 2,
    OP_ERROR = 3,
    OP_CANCEL = 4,
    OP_SWALLOW = 5,  /* what is sent never arrives */
    OP_BYTES = 6,    /* READ: that many bytes of the input */
    OP_FLIP = 7,     /* READ: one bit is wrong */
    OP_DROP = 8,     /* READ: the first byte is missing */
    OP_DOUBLE = 9,   /* READ: it comes once more */
    OP_REFUSE = 10,  /* the next request: refused, with a status of the input's */
    OP_TEXT = 11,    /* boot text in front of what is there */
    OP_RESTART = 12, /* and the loader is back in its ROM */
    OP_EMPTY = 13,   /* READ: OK, and not one byte */
};

struct fuzz {
    fettle_esp esp;
    fettle_us now, began;
    const uint8_t *input;
    size_t size;
    bool was_cancelled;
    unsigned tidy_effects;

    const fettle_esp_chip *chip;
    bool is_stub, is_secure, stub_is_silent, refuses;
    uint16_t refusal;
    uint32_t read_left;
    uint8_t out[OUT_SIZE];
    size_t out_size;
    uint8_t content[CONTENT], other[CONTENT];
};

static uint8_t next_byte(struct fuzz *fuzz)
{
    if (fuzz->size == 0) {
        return 0;
    }
    fuzz->size--;
    return *fuzz->input++;
}

/* ---- the loader that says yes ---- */

static void put(struct fuzz *fuzz, uint8_t byte)
{
    if (fuzz->out_size < OUT_SIZE) {
        fuzz->out[fuzz->out_size++] = byte;
    }
}

static void put_frame(struct fuzz *fuzz, const uint8_t *bytes, size_t size)
{
    put(fuzz, 0xC0);
    for (size_t i = 0; i < size; i++) {
        bool is_special = bytes[i] == 0xC0 || bytes[i] == 0xDB;
        if (is_special) {
            put(fuzz, 0xDB);
        }
        put(fuzz, !is_special ? bytes[i] : bytes[i] == 0xC0 ? 0xDC : 0xDD);
    }
    put(fuzz, 0xC0);
}

static void put_text(struct fuzz *fuzz, const char *text)
{
    for (; *text != '\0'; text++) {
        put(fuzz, (uint8_t)*text);
    }
}

static void put_reply(struct fuzz *fuzz, uint8_t opcode, uint32_t value, size_t payload,
                      uint16_t status)
{
    uint8_t reply[8 + 64 + 4] = {1, opcode};
    size_t status_size = fuzz->is_stub || !fuzz->chip->attaches ? 2 : 4;
    fettle_put16(reply + 2, (uint16_t)(payload + status_size));
    fettle_put32(reply + 4, value);
    memset(reply + 8, '0', payload);
    if (opcode == 0x14 && payload > 0) {
        memset(reply + 8, 0, payload);
        reply[8] = fuzz->is_secure ? 4 : 0;
        fettle_put16(reply + 20, fuzz->chip->chip_id);
    }
    reply[8 + payload] = (uint8_t)(status >> 8);
    reply[9 + payload] = (uint8_t)status;
    put_frame(fuzz, reply, 8 + payload + status_size);
}

static void put_read_frame(struct fuzz *fuzz)
{
    static const uint8_t nothing[0x1000];
    size_t size = fuzz->read_left < sizeof nothing ? fuzz->read_left : sizeof nothing;
    put_frame(fuzz, nothing, size > 0 ? size : 16);
    fuzz->read_left -= (uint32_t)size;
}

static uint32_t value_of(const struct fuzz *fuzz, uint32_t address)
{
    if (address == FETTLE_ESP_MAGIC_ADDRESS) {
        return fuzz->chip->magics[0];
    }
    return address == fuzz->chip->spi.base + fuzz->chip->spi.w0 ? 0x1640EF : 0;
}

static void answer(struct fuzz *fuzz, uint8_t opcode, const uint8_t *frame)
{
    uint32_t word = fettle_get32(frame + 8);
    switch (opcode) {
    case 0x08:
        for (unsigned i = 0; i < 8; i++) {
            put_reply(fuzz, opcode, fuzz->is_stub ? 0 : 0x20120707, 0, 0);
        }
        break;
    case 0x0A:
        put_reply(fuzz, opcode, value_of(fuzz, word), 0, fuzz->is_secure ? 0x0105 : 0);
        break;
    case 0x13:
        put_reply(fuzz, opcode, 0, fuzz->is_stub ? 16 : 32, 0);
        break;
    case 0x0E:
        put_reply(fuzz, opcode, 0, 64, 0);
        break;
    case 0x14:
        put_reply(fuzz, opcode, 0, fuzz->chip->security_info,
                  fuzz->chip->security_info > 0 ? 0 : 0x0105);
        break;
    case 0xD2:
        fuzz->read_left = fettle_get32(frame + 12);
        put_reply(fuzz, opcode, 0, 0, 0);
        put_read_frame(fuzz);
        break;
    case 0x06:
        fuzz->is_stub = !fuzz->stub_is_silent;
        if (fuzz->is_stub) {
            put_frame(fuzz, (const uint8_t *)"OHAI", 4);
        }
        break;
    default:
        put_reply(fuzz, opcode, 0, 0, 0);
        break;
    }
}

/* The first words of a frame without its escapes; false: it is the answer to a frame of a read. */
static bool take_frame(fettle_span bytes, uint8_t frame[24])
{
    size_t size = 0;
    memset(frame, 0, 24);
    must(bytes.size >= 2 && bytes.data[0] == 0xC0 && bytes.data[bytes.size - 1] == 0xC0);
    for (size_t i = 1; i + 1 < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        must(byte != 0xC0);
        if (byte == 0xDB) {
            must(bytes.data[i + 1] == 0xDC || bytes.data[i + 1] == 0xDD);
            byte = bytes.data[++i] == 0xDC ? 0xC0 : 0xDB;
        }
        if (size < 24) {
            frame[size] = byte;
        }
        size++;
    }
    must(size == 4 || (size >= 8 && frame[0] == 0 && fettle_get16(frame + 2) == size - 8));
    must(size <= 8 + 16 + FETTLE_ESP_BLOCK_STUB);
    return size > 4;
}

static void hear(struct fuzz *fuzz, fettle_span bytes)
{
    uint8_t frame[24];
    if (!take_frame(bytes, frame)) {
        if (fuzz->is_stub) {
            put_read_frame(fuzz);
        }
    } else if (fuzz->refuses) {
        put_reply(fuzz, frame[1], 0, 0, fuzz->refusal);
        fuzz->refuses = false;
    } else {
        answer(fuzz, frame[1], frame);
    }
}

static fettle_outcome give(struct fuzz *fuzz, const fettle_effect *effect)
{
    size_t count = fuzz->out_size < effect->read.size ? fuzz->out_size : effect->read.size;
    if (count == 0) {
        fuzz->now = effect->until > fuzz->now ? effect->until : fuzz->now;
        return (fettle_outcome){.kind = FETTLE_TIMEOUT};
    }
    memcpy(effect->read.buffer, fuzz->out, count);
    memmove(fuzz->out, fuzz->out + count, fuzz->out_size - count);
    fuzz->out_size -= count;
    return (fettle_outcome){.kind = FETTLE_OK, .count = count};
}

static fettle_outcome behave(struct fuzz *fuzz, const fettle_effect *effect)
{
    switch (effect->kind) {
    case FETTLE_EFFECT_WRITE:
        hear(fuzz, effect->write);
        return (fettle_outcome){.kind = FETTLE_OK, .count = effect->write.size};
    case FETTLE_EFFECT_READ:
        return give(fuzz, effect);
    case FETTLE_EFFECT_DISCARD:
        fuzz->out_size = 0;
        break;
    case FETTLE_EFFECT_LINES:
        if (effect->lines.rts && !effect->lines.dtr) {
            fuzz->is_stub = false;
        }
        break;
    case FETTLE_EFFECT_SLEEP:
        must(!fuzz->was_cancelled || effect->until <= fuzz->now + 2 * SECOND);
        fuzz->now = effect->until > fuzz->now ? effect->until : fuzz->now;
        break;
    default:
        must(effect->kind == FETTLE_EFFECT_BAUD);
        break;
    }
    return (fettle_outcome){.kind = FETTLE_OK};
}

/* ---- what the input makes of it ---- */

static fettle_outcome end_as(struct fuzz *fuzz, const fettle_effect *effect,
                             fettle_outcome_kind kind, bool is_performed)
{
    if (is_performed) {
        (void)behave(fuzz, effect);
    }
    if (kind == FETTLE_TIMEOUT && effect->until > fuzz->now) {
        fuzz->now = effect->until;
    }
    if (kind == FETTLE_CANCELLED) {
        fuzz->was_cancelled = true;
        fuzz->tidy_effects = TIDY_EFFECTS;
    }
    return (fettle_outcome){
        .kind = kind, .why = kind == FETTLE_ERROR ? FETTLE_WHY_SYSTEM : FETTLE_WHY_NONE};
}

static fettle_outcome spoil_read(struct fuzz *fuzz, const fettle_effect *effect,
                                 unsigned op, unsigned argument)
{
    fettle_outcome outcome = {.kind = FETTLE_OK};
    if (op == OP_BYTES) {
        for (; outcome.count < argument + 1 && outcome.count < effect->read.size;
             outcome.count++) {
            effect->read.buffer[outcome.count] = next_byte(fuzz);
        }
        return outcome;
    }
    if (op == OP_EMPTY) {
        return outcome;
    }
    outcome = give(fuzz, effect);
    if (outcome.count == 0) {
        return outcome;
    }
    if (op == OP_FLIP) {
        effect->read.buffer[next_byte(fuzz) % outcome.count] ^=
            (uint8_t)(1 << argument % 8);
    } else if (op == OP_DROP) {
        outcome.count--;
        memmove(effect->read.buffer, effect->read.buffer + 1, outcome.count);
    } else if (op == OP_DOUBLE) {
        for (size_t i = 0; i < outcome.count; i++) {
            put(fuzz, effect->read.buffer[i]);
        }
    }
    return outcome;
}

static void prepare(struct fuzz *fuzz, unsigned op, unsigned argument)
{
    if (op == OP_REFUSE) {
        fuzz->refuses = true;
        fuzz->refusal = (uint16_t)(next_byte(fuzz) << 8 | next_byte(fuzz));
    } else if (op == OP_TEXT) {
        put_text(fuzz,
                 argument % 2 == 0 ? "ets Jul 29 2019 12:21:46\r\n" : "boot:0x13 (X)\r\n");
    } else if (op == OP_RESTART) {
        fuzz->is_stub = false;
        put_text(fuzz, "ESP-ROM:esp32c3-api1\r\nrst:0x1 (POWERON),boot:0xd (SPI)\r\n");
    }
}

static fettle_outcome perform(struct fuzz *fuzz, const fettle_effect *effect)
{
    static const fettle_outcome_kind kinds[] = {FETTLE_TIMEOUT, FETTLE_GONE, FETTLE_ERROR,
                                                FETTLE_CANCELLED};
    uint8_t byte = next_byte(fuzz);
    unsigned op = byte & 15, argument = byte >> 4;
    fuzz->now += 5 * MS;
    if (op >= OP_TIMEOUT && op <= OP_CANCEL && !(op == OP_CANCEL && fuzz->was_cancelled)) {
        return end_as(fuzz, effect, kinds[op - OP_TIMEOUT], argument % 2 != 0);
    }
    if (op == OP_SWALLOW && effect->kind == FETTLE_EFFECT_WRITE) {
        return (fettle_outcome){.kind = FETTLE_OK, .count = effect->write.size};
    }
    if (effect->kind == FETTLE_EFFECT_READ && op >= OP_BYTES && op <= OP_DOUBLE) {
        return spoil_read(fuzz, effect, op, argument);
    }
    if (effect->kind == FETTLE_EFFECT_READ && op == OP_EMPTY) {
        return spoil_read(fuzz, effect, op, argument);
    }
    prepare(fuzz, op, argument);
    return behave(fuzz, effect);
}

/* ---- what must hold ---- */

static void check_effect(const struct fuzz *fuzz, const fettle_effect *effect)
{
    const uint8_t *begin = (const uint8_t *)&fuzz->esp;
    must(effect->until <= fuzz->now + HOUR);
    if (effect->kind == FETTLE_EFFECT_READ) {
        must(effect->read.size > 0 && effect->read.buffer >= begin &&
             effect->read.buffer + effect->read.size <= begin + sizeof fuzz->esp);
    } else if (effect->kind == FETTLE_EFFECT_BAUD) {
        must(effect->baud >= 9600 && effect->baud <= 4000000);
    }
}

static void check_failure(const fettle_error *error)
{
    must(error->code > FETTLE_E_NONE && error->code < FETTLE_E_COUNT);
    must(error->message[0] != '\0' &&
         memchr(error->message, '\0', sizeof error->message) != NULL);
    must(memchr(error->evidence, '\0', sizeof error->evidence) != NULL);
    must(strchr(error->message, '{') == NULL && strchr(error->message, '\n') == NULL);
    must(error->hint != NULL && error->hint[strlen(error->hint) - 1] == '.');
}

static bool run(struct fuzz *fuzz, fettle_engine *engine)
{
    fettle_outcome outcome;
    const fettle_outcome *last = NULL;
    for (unsigned effects = 0;; effects++) {
        uint32_t done = engine->done;
        fettle_effect effect = engine->step(engine, last, fuzz->now);
        must(engine->done >= done && engine->done <= engine->total);
        if (effect.kind == FETTLE_EFFECT_DONE) {
            return !fuzz->was_cancelled;
        }
        if (effect.kind == FETTLE_EFFECT_FAILED) {
            check_failure(&engine->error);
            return false;
        }
        if (fuzz->was_cancelled) {
            must(fuzz->tidy_effects-- > 0);
        }
        must(effects < EFFECTS_MAX && fuzz->now < fuzz->began + 24 * HOUR);
        check_effect(fuzz, &effect);
        outcome = perform(fuzz, &effect);
        last = &outcome;
    }
}

/* ---- a session ---- */

static bool write_it(struct fuzz *fuzz, bool is_deflated)
{
    const fettle_esp_region region = {
        .address = 0x10000,
        .data = {fuzz->content, CONTENT - 13},
        .deflated = {fuzz->content, is_deflated ? CONTENT / 2 + 1 : 0},
    };
    return run(fuzz, fettle_esp_write(&fuzz->esp, &region));
}

static void work(struct fuzz *fuzz, uint8_t verbs)
{
    fettle_esp *esp = &fuzz->esp;
    const fettle_esp_stub stub = {
        .text = {fuzz->content, 0x1900}, .data = {fuzz->content, 40}, .entry = 0x40080000};
    if (!run(fuzz, fettle_esp_connect(esp)) || !run(fuzz, fettle_esp_identify(esp))) {
        return;
    }
    bool goes_on = (verbs & VERB_BAUD) == 0 || run(fuzz, fettle_esp_raise_baud(esp));
    goes_on = goes_on && run(fuzz, fettle_esp_attach(esp));
    goes_on = goes_on &&
              ((verbs & VERB_STUB) == 0 || run(fuzz, fettle_esp_load_stub(esp, &stub)));
    if (goes_on && (verbs & VERB_HASH) != 0) {
        goes_on = run(fuzz, fettle_esp_hash(esp, 0x10000, 0x2345)) || !fuzz->was_cancelled;
    }
    if (goes_on && (verbs & VERB_READ) != 0) {
        goes_on = run(fuzz, fettle_esp_read(esp, 0x10000, fuzz->other, 0x2100)) ||
                  !fuzz->was_cancelled;
    }
    if (goes_on && (verbs & VERB_WRITE) != 0) {
        goes_on = write_it(fuzz, (verbs & VERB_DEFLATED) != 0);
    }
    if (goes_on && (verbs & VERB_ERASE) != 0) {
        goes_on = run(fuzz, fettle_esp_erase(esp, 0x1000, 0x80000)) &&
                  run(fuzz, fettle_esp_erase_chip(esp));
    }
    if (goes_on && (verbs & VERB_LEAVE) != 0) {
        goes_on = run(fuzz, fettle_esp_leave(esp, (verbs & VERB_BAUD) != 0)) &&
                  run(fuzz, fettle_esp_listen(esp, SECOND));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const resets[] = {FETTLE_ESP_RESET_TIGHT, FETTLE_ESP_RESET_CLASSIC};
    static const uint32_t bauds[] = {230400, 921600};
    if (size < HEAD) {
        return 0;
    }
    struct fuzz *fuzz = calloc(1, sizeof *fuzz);
    must(fuzz != NULL);
    fuzz->chip = &fettle_chips[(data[0] & 7) % fettle_chip_count];
    const fettle_esp_setup setup = {
        .chips = fettle_chips,
        .chip_count = fettle_chip_count,
        .port = (fettle_esp_port)((data[0] >> 3 & 3) % 3),
        .has_lines = (data[0] & 1 << 5) == 0,
        .resets = resets,
        .reset_count = 2,
        .bauds = bauds,
        .baud_count = 2,
    };
    fettle_esp_init(&fuzz->esp, &setup);
    fuzz->is_secure = (data[0] & 1 << 6) != 0 && fuzz->chip->security_info > 0;
    fuzz->stub_is_silent = (data[0] & 1 << 7) != 0;
    fuzz->now = fuzz->began = 7 * SECOND;
    fuzz->input = data + HEAD;
    fuzz->size = size - HEAD;
    for (size_t i = 0; i < CONTENT; i++) {
        fuzz->content[i] = (uint8_t)(i * 37 + i / 256);
    }
    work(fuzz, data[1]);
    free(fuzz);
    return 0;
}
