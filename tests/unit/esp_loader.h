/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of the line for tests of the ESP loader's engine: a small loader, just enough of one, that
 * answers with the frames of the protocol's description and can be told to misbehave. Time moves only
 * here. It shares no code with the engine; the virtual boards, which are much more than this, are in sim/.
 */
#ifndef FETTLE_TESTS_ESP_LOADER_H
#define FETTLE_TESTS_ESP_LOADER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "board/chips.h"
#include "proto/esp.h"

#define MS     ((fettle_us)1000)
#define SECOND ((fettle_us)1000000)

enum {
    LOADER_FLASH = 0x40000,
    LOADER_REGISTERS = 96,
    LOADER_OUT = 0x20000,
    LOADER_SEEN = 4096,
    LOADER_FRAME = 0x4100,
    LOADER_EFFECTS_MAX = 20000,
    ANY_OPCODE = 0xFF,
};

struct register_of {
    uint32_t address, value;
};

/* What a request is answered with, where it isn't the usual. */
enum spoil {
    FINE,
    LOST_REQUEST,  /* never arrived */
    LOST_REPLY,    /* carried out, not answered */
    DOUBLED_REPLY, /* answered twice */
    LATE_REPLY,    /* carried out; the answer comes with the next request */
    SHORT_REPLY,   /* a byte of the answer is missing */
    BAD_CHECKSUM,  /* refused for it, not carried out */
    REFUSED,       /* `refusal` */
    TEXT_FIRST,    /* boot text in front of the answer */
    RESTARTS,      /* boot text instead of the answer */
    STRAYS,        /* more frames of another kind than anybody waits for, and no answer */
    FLIPPED,       /* a bit of `value` is wrong */
    BECOMES_ROM,   /* a stub is gone, without a word */
};

struct loader {
    fettle_esp esp;
    fettle_us now;

    /* what it is */
    struct register_of registers[LOADER_REGISTERS];
    size_t register_count;
    bool is_stub, is_secure, is_in_loader, was_begun;
    size_t status_size; /* of the ROM */
    uint8_t security[20];
    size_t security_size; /* 0: it has no such command */
    bool answers_unknown_as_sync;
    uint32_t flash_id, sfdp;
    uint8_t flash[LOADER_FLASH];
    uint32_t baud;     /* its own */
    bool minds_baud;   /* hears only what comes at its own */
    uint32_t baud_max; /* above it everything is lost; 0: none */
    bool has_no_baud;  /* the port refuses other rates */
    bool has_no_lines; /* the port refuses to move them */
    bool is_cut;       /* the port moves them, and nobody is there */
    const char *boot;  /* text after a reset; NULL: none */
    bool is_deaf;      /* never answers */
    bool echoes;
    const char *babble;   /* what the application goes on saying */
    const char *app_boot; /* text after a reset without the boot pin */
    bool stub_is_silent, greeting_only, refuses_ram;
    bool is_left;

    /* spoiling: the nth request of an opcode */
    uint8_t spoiled_opcode;
    unsigned spoiled_nth; /* from 1; 0: none */
    enum spoil spoil;
    uint16_t refusal;
    bool spoils_all_after;
    bool reads_frames;        /* a read ends with a frame, as if the next one came later */
    unsigned flip_data_frame; /* of a read: which one has a wrong bit, once; from 1 */

    /* the line */
    bool dtr, rts;
    uint8_t out[LOADER_OUT];
    size_t out_at, out_size;
    uint8_t late[256];
    size_t late_size;

    /* flash under work */
    uint32_t write_at, write_end;
    const uint8_t *inflated; /* what a deflated stream stands for */
    size_t inflated_size, deflated_got;
    uint32_t erase_told;
    bool is_deflating;
    uint32_t read_at, read_left, read_acked;
    fettle_md5 read_md5;

    /* what was seen */
    uint8_t seen[LOADER_SEEN];
    size_t seen_count;
    uint8_t last_frame[2 * LOADER_FRAME]; /* as it was on the wire */
    size_t last_frame_size;
    uint8_t first_of[256][64]; /* the beginning of the first frame of each opcode */
    size_t first_size[256];
    unsigned counts[256];
    uint32_t last_words[8];
    unsigned effects, lines_moved, resets, discards;
    unsigned told_bauds;
    uint32_t told_baud;
    fettle_effect_kind end;
    fettle_outcome_kind spoil_outcome; /* of effect number `spoil_at` */
    unsigned spoil_at;                 /* from 1; 0: none */
};

/* ---- registers ---- */

static inline uint32_t *loader_register(struct loader *loader, uint32_t address)
{
    for (size_t i = 0; i < loader->register_count; i++) {
        if (loader->registers[i].address == address) {
            return &loader->registers[i].value;
        }
    }
    assert_true(loader->register_count < LOADER_REGISTERS);
    loader->registers[loader->register_count] = (struct register_of){address, 0};
    return &loader->registers[loader->register_count++].value;
}

static inline void loader_set(struct loader *loader, uint32_t address, uint32_t value)
{
    *loader_register(loader, address) = value;
}

/* ---- to the host ---- */

static inline void loader_out(struct loader *loader, uint8_t byte)
{
    assert_true(loader->out_size < LOADER_OUT);
    loader->out[loader->out_size++] = byte;
}

static inline void loader_say(struct loader *loader, const char *text)
{
    for (; *text != '\0'; text++) {
        loader_out(loader, (uint8_t)*text);
    }
}

static inline void loader_send(struct loader *loader, const uint8_t *bytes, size_t size)
{
    loader_out(loader, 0xC0);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == 0xC0 || bytes[i] == 0xDB) {
            loader_out(loader, 0xDB);
            loader_out(loader, bytes[i] == 0xC0 ? 0xDC : 0xDD);
        } else {
            loader_out(loader, bytes[i]);
        }
    }
    loader_out(loader, 0xC0);
}

static inline void loader_reply(struct loader *loader, uint8_t opcode, uint32_t value,
                                const uint8_t *payload, size_t size, uint16_t status)
{
    uint8_t reply[8 + 0x100] = {1, opcode};
    size_t status_size = loader->is_stub ? 2 : loader->status_size;
    if (size > 0) {
        memcpy(reply + 8, payload, size);
    }
    reply[8 + size] = (uint8_t)(status >> 8);
    reply[9 + size] = (uint8_t)status;
    fettle_put16(reply + 2, (uint16_t)(size + status_size));
    fettle_put32(reply + 4, value);
    loader_send(loader, reply, 8 + size + status_size);
}

static inline void loader_ok(struct loader *loader, uint8_t opcode)
{
    loader_reply(loader, opcode, 0, NULL, 0, 0);
}

static inline void loader_unknown(struct loader *loader, uint8_t opcode)
{
    unsigned times = loader->answers_unknown_as_sync ? 8 : 1;
    for (unsigned i = 0; i < times; i++) {
        loader_reply(loader, loader->answers_unknown_as_sync ? 0x08 : opcode, 0, NULL, 0,
                     loader->is_stub ? 0xC300 : 0x0105);
    }
}

/* ---- commands ---- */

static inline void loader_write_register(struct loader *loader, uint32_t address,
                                         uint32_t value)
{
    loader_set(loader, address, value);
    for (size_t i = 0; i < fettle_chip_count; i++) { /* a command of the flash? */
        const fettle_esp_spi *spi = &fettle_chips[i].spi;
        uint32_t command = *loader_register(loader, spi->base + spi->usr2) & 0xFF;
        if (address == spi->base && value == 1U << 18) {
            uint32_t result = command == 0x9F   ? loader->flash_id
                              : command == 0x5A ? loader->sfdp
                                                : 0;
            loader_set(loader, spi->base + spi->w0, result);
            loader_set(loader, address, 0);
            return;
        }
    }
}

static inline void loader_program(struct loader *loader, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size && loader->write_at < loader->write_end; i++) {
        assert_true(loader->write_at < LOADER_FLASH);
        loader->flash[loader->write_at++] &= data[i]; /* as flash does */
    }
}

static inline void loader_erase(struct loader *loader, uint32_t address, uint32_t size)
{
    uint32_t end = (address + size + 0xFFF) / 0x1000 * 0x1000;
    for (uint32_t i = address / 0x1000 * 0x1000; i < end && i < LOADER_FLASH; i++) {
        loader->flash[i] = 0xFF;
    }
}

static inline void loader_read_next(struct loader *loader)
{
    uint32_t size = loader->read_left < 0x1000 ? loader->read_left : 0x1000;
    if (size == 0) {
        uint8_t digest[16];
        fettle_md5_finish(&loader->read_md5, digest);
        loader_send(loader, digest, sizeof digest);
        return;
    }
    fettle_md5_feed(&loader->read_md5,
                    (fettle_span){loader->flash + loader->read_at, size});
    size_t before = loader->out_size;
    loader_send(loader, loader->flash + loader->read_at, size);
    if (loader->flip_data_frame > 0 && --loader->flip_data_frame == 0) {
        loader->out[before + 4] ^= 1;
    }
    loader->read_at += size;
    loader->read_left -= size;
}

static inline void loader_md5(struct loader *loader, uint32_t address, uint32_t size)
{
    static const char digits[] = "0123456789abcdef";
    fettle_md5 md5;
    uint8_t digest[16], text[32];
    assert_true(address + size <= LOADER_FLASH);
    fettle_md5_init(&md5);
    fettle_md5_feed(&md5, (fettle_span){loader->flash + address, size});
    fettle_md5_finish(&md5, digest);
    for (size_t i = 0; i < 16; i++) {
        text[2 * i] = (uint8_t)digits[digest[i] >> 4];
        text[2 * i + 1] = (uint8_t)digits[digest[i] & 15];
    }
    loader_reply(loader, 0x13, 0, loader->is_stub ? digest : text,
                 loader->is_stub ? 16 : 32, 0);
}

static inline uint32_t loader_word(const uint8_t *frame, size_t index)
{
    return fettle_get32(frame + 8 + 4 * index);
}

static inline void loader_write(struct loader *loader, uint8_t opcode, const uint8_t *frame,
                                size_t size)
{
    size_t data = size - 24;
    uint8_t sum = 0xEF;
    for (size_t i = 0; i < data; i++) {
        sum ^= frame[24 + i];
    }
    if (!loader->was_begun && opcode != 0x07) {
        loader_reply(loader, opcode, 0, NULL, 0, loader->is_stub ? 0xC600 : 0x0106);
        return;
    }
    if (fettle_get32(frame + 4) != sum || loader_word(frame, 0) != data) {
        loader_reply(loader, opcode, 0, NULL, 0, loader->is_stub ? 0xC100 : 0x0107);
        return;
    }
    if (opcode == 0x03) {
        loader_program(loader, frame + 24, data);
    } else if (opcode == 0x11) {
        loader->deflated_got += data;
        if (loader->deflated_got >= loader->inflated_size / 2) { /* see make_region() */
            loader_program(loader, loader->inflated, loader->inflated_size);
        }
    }
    loader_ok(loader, opcode);
}

/* Sectors that the oldest ROM makes of what it is told: as the description says of its mistake. */
static inline uint32_t loader_erased_by_8266(uint32_t address, uint32_t told)
{
    uint32_t sectors = told / 0x1000, head = 16 - address / 0x1000 % 16;
    return sectors <= head ? 2 * sectors : sectors + head;
}

static inline void loader_begin(struct loader *loader, uint8_t opcode, const uint8_t *frame)
{
    uint32_t size = loader_word(frame, 0), address = loader_word(frame, 3);
    loader->write_at = address;
    loader->erase_told = size;
    if (loader->status_size == 2 && !loader->is_stub) {
        size = loader_erased_by_8266(address, size) * 0x1000;
    }
    loader->write_end = (address + size + 0x3FF) / 0x400 * 0x400;
    loader->deflated_got = 0;
    loader->was_begun = true;
    loader_erase(loader, address, size);
    loader_ok(loader, opcode);
}

static inline void loader_syncs(struct loader *loader)
{
    for (unsigned i = 0; i < 8; i++) {
        loader_reply(loader, 0x08, loader->is_stub ? 0 : 0x20120707, NULL, 0, 0);
    }
}

static inline void loader_security(struct loader *loader)
{
    if (loader->security_size == 0) {
        loader_unknown(loader, 0x14);
    } else {
        loader_reply(loader, 0x14, 0, loader->security, loader->security_size, 0);
    }
}

static inline void loader_carry_out(struct loader *loader, const uint8_t *frame,
                                    size_t size)
{
    uint8_t opcode = frame[1];
    bool is_for_stub = opcode >= 0xD0;
    bool is_open = opcode == 0x08 || opcode == 0x0D || opcode == 0x0B || opcode == 0x0F ||
                   (opcode >= 0x02 && opcode <= 0x04) || opcode == 0x14;
    if ((is_for_stub && !loader->is_stub) || (loader->is_secure && !is_open)) {
        loader_unknown(loader, opcode);
        return;
    }
    switch (opcode) {
    case 0x08:
        loader_syncs(loader);
        break;
    case 0x14:
        loader_security(loader);
        break;
    case 0x0A:
        loader_reply(loader, opcode, *loader_register(loader, loader_word(frame, 0)), NULL,
                     0, 0);
        break;
    case 0x09:
        for (size_t i = 0; 8 + 16 * (i + 1) <= size; i++) {
            loader_write_register(loader, loader_word(frame, 4 * i),
                                  loader_word(frame, 4 * i + 1));
        }
        loader_ok(loader, opcode);
        break;
    case 0x0F:
        loader->told_baud = loader->baud = loader_word(frame, 0);
        loader->told_bauds++;
        loader_ok(loader, opcode);
        break;
    case 0x02:
    case 0x10:
        loader_begin(loader, opcode, frame);
        break;
    case 0x03:
    case 0x07:
    case 0x11:
        loader_write(loader, opcode, frame, size);
        break;
    case 0x05:
        loader_reply(loader, opcode, 0, NULL, 0, loader->refuses_ram ? 0x0105 : 0);
        break;
    case 0x06:
        if (!loader->greeting_only) {
            loader_ok(loader, opcode);
        }
        if (!loader->stub_is_silent) {
            loader->is_stub = true;
            loader_send(loader, (const uint8_t *)"OHAI", 4);
        } else {
            loader->is_deaf = true;
        }
        break;
    case 0x0E: {
        uint8_t bytes[64];
        memcpy(bytes, loader->flash + loader_word(frame, 0), 64);
        loader_reply(loader, opcode, 0, bytes, 64, 0);
        break;
    }
    case 0x13:
        loader_md5(loader, loader_word(frame, 0), loader_word(frame, 1));
        break;
    case 0xD1:
        loader_erase(loader, loader_word(frame, 0), loader_word(frame, 1));
        loader_ok(loader, opcode);
        break;
    case 0xD0:
        loader_erase(loader, 0, LOADER_FLASH);
        loader_ok(loader, opcode);
        break;
    case 0xD2:
        loader->read_at = loader_word(frame, 0);
        loader->read_left = loader_word(frame, 1);
        loader->read_acked = 0;
        fettle_md5_init(&loader->read_md5);
        loader_ok(loader, opcode);
        loader_read_next(loader);
        break;
    default:
        loader_ok(loader, opcode);
        break;
    }
}

/* ---- from the host ---- */

static inline bool loader_is_spoiled(const struct loader *loader, uint8_t opcode)
{
    bool is_any = loader->spoiled_opcode == ANY_OPCODE;
    size_t nth = is_any ? loader->seen_count : loader->counts[opcode];
    return loader->spoil != FINE && (is_any || opcode == loader->spoiled_opcode) &&
           (nth == loader->spoiled_nth ||
            (loader->spoils_all_after && nth > loader->spoiled_nth));
}

static inline void loader_spoil(struct loader *loader, const uint8_t *frame, size_t size)
{
    size_t before = loader->out_size;
    switch (loader->spoil) {
    case LOST_REQUEST:
        return;
    case BAD_CHECKSUM:
        loader_reply(loader, frame[1], 0, NULL, 0, loader->is_stub ? 0xC100 : 0x0107);
        return;
    case REFUSED:
        loader_reply(loader, frame[1], 0, NULL, 0, loader->refusal);
        return;
    case TEXT_FIRST:
        loader_say(loader, "I (31) boot: hello\r\n");
        loader_carry_out(loader, frame, size);
        return;
    case STRAYS:
        for (unsigned i = 0; i < 120; i++) {
            loader_reply(loader, 0x08, 0, NULL, 0, 0);
        }
        return;
    case BECOMES_ROM:
        loader->is_stub = loader->was_begun = false;
        return;
    case RESTARTS:
        loader_say(loader, "ets Jul 29 2019 12:21:46\r\n\r\n"
                           "rst:0xf (RTCWDT_BROWN_OUT_RESET),boot:0x13 (SPI)\r\n");
        loader->was_begun = false;
        return;
    default:
        break;
    }
    loader_carry_out(loader, frame, size);
    size_t count = loader->out_size - before;
    if (loader->spoil == FLIPPED) {
        loader->out[before + 6] ^= 1;
    } else if (loader->spoil == LOST_REPLY) {
        loader->out_size = before;
    } else if (loader->spoil == SHORT_REPLY) {
        memmove(loader->out + before + 5, loader->out + before + 6, count - 6);
        loader->out_size--;
    } else if (loader->spoil == DOUBLED_REPLY) {
        memcpy(loader->out + loader->out_size, loader->out + before, count);
        loader->out_size += count;
    } else if (loader->spoil == LATE_REPLY) {
        memcpy(loader->late, loader->out + before, count);
        loader->late_size = count;
        loader->out_size = before;
    }
}

static inline void loader_frame(struct loader *loader, const uint8_t *frame, size_t size)
{
    if (loader->read_left > 0 || (size == 4 && loader->is_stub)) { /* so much is here */
        if (size == 4) {
            loader_read_next(loader);
            return;
        }
        loader->read_left = 0; /* it gives up */
    }
    if (size < 8 || frame[0] != 0 || fettle_get16(frame + 2) != size - 8) {
        return;
    }
    uint8_t opcode = frame[1];
    assert_true(loader->seen_count < LOADER_SEEN);
    loader->seen[loader->seen_count++] = opcode;
    if (loader->counts[opcode]++ == 0) {
        loader->first_size[opcode] =
            loader->last_frame_size < 64 ? loader->last_frame_size : 64;
        memcpy(loader->first_of[opcode], loader->last_frame, loader->first_size[opcode]);
    }
    for (size_t i = 0; i < 8 && 8 + 4 * i + 4 <= size; i++) {
        loader->last_words[i] = loader_word(frame, i);
    }
    if (loader->late_size > 0) {
        memcpy(loader->out + loader->out_size, loader->late, loader->late_size);
        loader->out_size += loader->late_size;
        loader->late_size = 0;
    }
    if (loader_is_spoiled(loader, opcode)) {
        loader_spoil(loader, frame, size);
    } else {
        loader_carry_out(loader, frame, size);
    }
}

static inline bool loader_hears(const struct loader *loader)
{
    bool is_garbled = loader->baud_max > 0 && loader->esp.baud > loader->baud_max;
    bool is_other =
        loader->minds_baud && loader->baud != 0 && loader->esp.baud != loader->baud;
    return loader->is_in_loader && !loader->is_deaf && !is_garbled && !is_other;
}

static inline void loader_take(struct loader *loader, fettle_span bytes)
{
    static uint8_t frame[LOADER_FRAME];
    size_t size = 0;
    bool is_escaped = false;
    assert_true(bytes.size <= sizeof loader->last_frame);
    memcpy(loader->last_frame, bytes.data, bytes.size);
    loader->last_frame_size = bytes.size;
    if (loader->echoes) {
        memcpy(loader->out + loader->out_size, bytes.data, bytes.size);
        loader->out_size += bytes.size;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        if (byte == 0xC0) {
            if (size > 0 && loader_hears(loader)) {
                loader_frame(loader, frame, size);
            }
            size = 0;
        } else if (is_escaped) {
            frame[size++] = byte == 0xDC ? 0xC0 : 0xDB;
            is_escaped = false;
        } else if (byte == 0xDB) {
            is_escaped = true;
        } else {
            frame[size++] = byte;
        }
        assert_true(size < sizeof frame);
    }
}

/* EN is low while RTS alone is asserted, the boot pin while DTR alone is. */
static inline void loader_lines(struct loader *loader, bool dtr, bool rts)
{
    bool was_reset = loader->rts && !loader->dtr, is_reset = rts && !dtr;
    loader->lines_moved++;
    loader->dtr = dtr;
    loader->rts = rts;
    if (was_reset && !is_reset && !loader->is_cut) {
        loader->resets++;
        loader->is_stub = loader->was_begun = false;
        loader->baud = 0; /* as it is met */
        loader->read_left = 0;
        loader->is_deaf = loader->is_deaf && !loader->stub_is_silent;
        loader->is_in_loader = dtr && loader->app_boot == NULL;
        loader->is_left = !dtr;
        const char *text = loader->is_in_loader ? loader->boot : loader->app_boot;
        if (text != NULL) {
            loader_say(loader, text);
        }
    }
}

static inline fettle_outcome loader_read(struct loader *loader, const fettle_effect *effect)
{
    size_t left = loader->out_size - loader->out_at;
    if (left == 0 && loader->babble != NULL) {
        loader_say(loader, loader->babble);
        loader->now += 20 * MS;
        left = loader->out_size - loader->out_at;
    }
    if (left == 0) {
        loader->now = effect->until > loader->now ? effect->until : loader->now;
        return (fettle_outcome){.kind = FETTLE_TIMEOUT};
    }
    size_t count = left < effect->read.size ? left : effect->read.size;
    if (loader->reads_frames) {
        const uint8_t *end = memchr(loader->out + loader->out_at + 1, 0xC0, count - 1);
        count = end != NULL ? (size_t)(end - loader->out) + 1 - loader->out_at : count;
    }
    memcpy(effect->read.buffer, loader->out + loader->out_at, count);
    loader->out_at += count;
    loader->now += MS;
    if (loader->out_at == loader->out_size) {
        loader->out_at = loader->out_size = 0;
    }
    return (fettle_outcome){.kind = FETTLE_OK, .count = count};
}

static inline fettle_outcome loader_perform(struct loader *loader,
                                            const fettle_effect *effect)
{
    if (loader->spoil_at > 0 && loader->effects == loader->spoil_at) {
        if (loader->spoil_outcome == FETTLE_TIMEOUT) {
            loader->now = effect->until > loader->now ? effect->until : loader->now;
        }
        return (fettle_outcome){.kind = loader->spoil_outcome, .why = FETTLE_WHY_SYSTEM};
    }
    switch (effect->kind) {
    case FETTLE_EFFECT_WRITE:
        loader_take(loader, effect->write);
        return (fettle_outcome){.kind = FETTLE_OK, .count = effect->write.size};
    case FETTLE_EFFECT_READ:
        return loader_read(loader, effect);
    case FETTLE_EFFECT_DISCARD:
        loader->out_at = loader->out_size = 0;
        loader->discards++;
        return (fettle_outcome){.kind = FETTLE_OK};
    case FETTLE_EFFECT_LINES:
        if (loader->has_no_lines) {
            return (fettle_outcome){.kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM};
        }
        loader_lines(loader, effect->lines.dtr, effect->lines.rts);
        return (fettle_outcome){.kind = FETTLE_OK};
    case FETTLE_EFFECT_BAUD:
        if (loader->has_no_baud && effect->baud != FETTLE_ESP_BAUD) {
            return (fettle_outcome){.kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM};
        }
        return (fettle_outcome){.kind = FETTLE_OK};
    case FETTLE_EFFECT_SLEEP:
        loader->now = effect->until > loader->now ? effect->until : loader->now;
        return (fettle_outcome){.kind = FETTLE_OK};
    default:
        fail_msg("effect %d has no place here", (int)effect->kind);
        return (fettle_outcome){.kind = FETTLE_ERROR};
    }
}

/* To the end. True: it worked. */
static inline bool loader_run(struct loader *loader, fettle_engine *engine)
{
    fettle_outcome outcome;
    const fettle_outcome *last = NULL;
    unsigned limit = loader->effects + LOADER_EFFECTS_MAX;
    for (;;) {
        fettle_effect effect = engine->step(engine, last, loader->now);
        loader->end = effect.kind;
        if (effect.kind == FETTLE_EFFECT_DONE) {
            return true;
        }
        if (effect.kind == FETTLE_EFFECT_FAILED) {
            assert_int_not_equal(FETTLE_E_NONE, engine->error.code);
            assert_non_null(engine->error.hint);
            if (engine->error.code != FETTLE_E_BOARD_LEFT) { /* nobody is held in reset */
                assert_false(loader->dtr || loader->rts);
            }
            return false;
        }
        loader->effects++;
        assert_true(loader->effects < limit);
        outcome = loader_perform(loader, &effect);
        last = &outcome;
    }
}

/* ---- chips ---- */

static const char *const loader_resets[] = {FETTLE_ESP_RESET_TIGHT,
                                            FETTLE_ESP_RESET_CLASSIC};

static inline fettle_esp_setup loader_setup(void)
{
    return (fettle_esp_setup){
        .chips = fettle_chips,
        .chip_count = fettle_chip_count,
        .has_lines = true,
        .resets = loader_resets,
        .reset_count = 2,
    };
}

static inline void loader_reset(struct loader *loader, const char *chip)
{
    memset(loader, 0, sizeof *loader);
    memset(loader->flash, 0xFF, sizeof loader->flash);
    loader->now = 5 * SECOND;
    loader->flash_id = 0x001640EF; /* 4 MB */
    loader->status_size = 4;
    loader->is_in_loader = false;
    loader->is_left = true;
    if (strcmp(chip, "esp8266") == 0) {
        loader->status_size = 2;
        loader_set(loader, FETTLE_ESP_MAGIC_ADDRESS, 0xFFF0C101);
        loader_set(loader, 0x3FF00050, 0x12000000);
        loader_set(loader, 0x3FF00054, 0x00013456);
        loader_set(loader, 0x60000014, 451);
    } else if (strcmp(chip, "esp32") == 0) {
        loader->boot = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x3 "
                       "(DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
                       "waiting for download\r\n";
        loader_set(loader, FETTLE_ESP_MAGIC_ADDRESS, 0x00F01D83);
        loader_set(loader, 0x3FF5A004, 0x0AC4C0DE);
        loader_set(loader, 0x3FF5A008, 0x00DE240A);
        loader_set(loader, 0x3FF5A00C, 1U << 15 | 1U << 9);
        loader_set(loader, 0x3FF40014, 347);
    } else {
        loader->boot = "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:0x1 "
                       "(POWERON),boot:0x4 (DOWNLOAD(USB/UART0/1))\r\n"
                       "waiting for download\r\n";
        loader->security_size = 20;
        loader->security[12] = 5;
        loader->security[16] = 3;
        loader_set(loader, FETTLE_ESP_MAGIC_ADDRESS, 0x1B31506F);
        loader_set(loader, 0x60008844, 0xC4C0DE00);
        loader_set(loader, 0x60008848, 0x0000840D);
        loader_set(loader, 0x60008850, 3U << 18);
    }
    fettle_esp_setup setup = loader_setup();
    fettle_esp_init(&loader->esp, &setup);
}

#endif
