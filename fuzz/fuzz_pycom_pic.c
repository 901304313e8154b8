/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIC's channel, with the input in the place of the line: a verb in the first byte, then one effect after the other. Where the input
 * has ended the line says yes and gives nothing.
 *
 * Whatever comes, a verb ends in bounded effects and time, has words for a failure, writes only while the line has five data bits, and
 * has few effects after a cancel. Where all of the line's effects were carried out the module is not left in reset.
 */
#include "fuzz/must.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pycom/pic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECOND ((fettle_us)1000000)

enum {
    EFFECTS_MAX = 1000,
    TIDY_EFFECTS = 16,
    VERBS = 8,
    REGISTERS = 256,
    TRISC = 0x8E,
    PORTC = 0x0E,
    RESET_BIT = 0x20,

    /* an effect: bits 0 to 2; the others are its argument */
    OP_OK = 0,
    OP_TIMEOUT = 1,
    OP_GONE = 2,
    OP_ERROR = 3,
    OP_CANCEL = 4,
    OP_BYTES = 5, /* READ: that many bytes of the input; else as OK */
    OP_PART = 6,  /* WRITE: that many bytes are taken, then it is an error */
    OP_LATE = 7,  /* OK, and time passes */
};

struct fuzz {
    fettle_pic pic;
    const uint8_t *input;
    size_t size;
    fettle_us now;
    uint8_t bits;
    bool was_cancelled, was_cut;
    bool has_failed; /* what the registers hold is no longer known */
    unsigned tidy_effects;
    uint8_t registers[REGISTERS];
    uint8_t partial[FETTLE_PIC_COMMAND_MAX];
    size_t partial_size;
};

static uint8_t next_byte(struct fuzz *fuzz)
{
    if (fuzz->size == 0) {
        return 0;
    }
    fuzz->size--;
    return *fuzz->input++;
}

static size_t length_of(uint8_t opcode)
{
    return opcode == 0x02 ? 6 : opcode == 0x01 ? 4 : opcode == 0x00 ? 3 : 1;
}

static void take(struct fuzz *fuzz, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        fuzz->partial[fuzz->partial_size++] = bytes[i];
        if (fuzz->partial_size == length_of(fuzz->partial[0])) {
            const uint8_t *c = fuzz->partial;
            if (c[0] == 0x02) {
                uint8_t *reg = &fuzz->registers[c[1]];
                *reg = (uint8_t)(((*reg & c[3]) | c[4]) ^ c[5]);
            }
            fuzz->partial_size = 0;
        }
    }
}

static fettle_outcome make(fettle_outcome_kind kind, size_t count)
{
    return (fettle_outcome){.kind = kind, .why = FETTLE_WHY_SYSTEM, .count = count};
}

static fettle_outcome read_input(struct fuzz *fuzz, const fettle_effect *effect,
                                 size_t count)
{
    count = count < effect->read.size ? count : effect->read.size;
    for (size_t i = 0; i < count; i++) {
        effect->read.buffer[i] = next_byte(fuzz);
    }
    return make(FETTLE_OK, count);
}

static fettle_outcome succeed(struct fuzz *fuzz, const fettle_effect *effect)
{
    switch (effect->kind) {
    case FETTLE_EFFECT_SLEEP:
        fuzz->now = effect->until > fuzz->now ? effect->until : fuzz->now;
        return make(FETTLE_OK, 0);
    case FETTLE_EFFECT_WRITE:
        take(fuzz, effect->write.data, effect->write.size);
        return make(FETTLE_OK, effect->write.size);
    case FETTLE_EFFECT_READ:
        return make(FETTLE_OK, 0);
    case FETTLE_EFFECT_FORMAT:
        must(effect->data_bits == 5 || effect->data_bits == 8);
        fuzz->bits = effect->data_bits;
        return make(FETTLE_OK, 0);
    default:
        must(effect->kind == FETTLE_EFFECT_BAUD || effect->kind == FETTLE_EFFECT_DISCARD);
        return make(FETTLE_OK, 0);
    }
}

static fettle_outcome fail(struct fuzz *fuzz, const fettle_effect *effect,
                           fettle_outcome_kind kind)
{
    if (kind == FETTLE_TIMEOUT && effect->kind == FETTLE_EFFECT_READ) {
        fuzz->now = effect->until > fuzz->now ? effect->until : fuzz->now;
    }
    return make(kind, 0);
}

static fettle_outcome perform(struct fuzz *fuzz, const fettle_effect *effect)
{
    uint8_t op = next_byte(fuzz);
    size_t argument = op >> 3;
    fuzz->tidy_effects += fuzz->was_cancelled;
    must(effect->kind != FETTLE_EFFECT_WRITE || fuzz->bits == 5 || fuzz->has_failed);
    must(effect->kind != FETTLE_EFFECT_WRITE ||
         effect->write.size <= FETTLE_PIC_COMMAND_MAX);
    switch (op & 7) {
    case OP_TIMEOUT:
        fuzz->has_failed |= effect->kind != FETTLE_EFFECT_READ;
        return fail(fuzz, effect, FETTLE_TIMEOUT);
    case OP_GONE:
        fuzz->has_failed = true;
        return make(FETTLE_GONE, 0);
    case OP_ERROR:
        fuzz->has_failed = true;
        return make(FETTLE_ERROR, 0);
    case OP_CANCEL:
        if (!fuzz->was_cancelled) {
            fuzz->was_cancelled = true;
            return make(FETTLE_CANCELLED, 0);
        }
        return succeed(fuzz, effect);
    case OP_BYTES:
        return effect->kind == FETTLE_EFFECT_READ ? read_input(fuzz, effect, argument)
                                                  : succeed(fuzz, effect);
    case OP_PART:
        if (effect->kind != FETTLE_EFFECT_WRITE || fuzz->was_cut) {
            return succeed(fuzz, effect);
        }
        argument = argument < effect->write.size ? argument : effect->write.size;
        take(fuzz, effect->write.data, argument);
        fuzz->has_failed |=
            fuzz->was_cancelled; /* what lets go of the module is broken, too */
        fuzz->was_cut = true;    /* once, for what lets go is a write, too */
        return make(FETTLE_ERROR, argument);
    case OP_LATE:
        fuzz->now += argument * SECOND / 100;
        return succeed(fuzz, effect);
    default:
        return succeed(fuzz, effect);
    }
}

static fettle_engine *choose(struct fuzz *fuzz, uint8_t verb)
{
    fettle_pic *pic = &fuzz->pic;
    switch (verb % VERBS) {
    case 0:
        return fettle_pic_ask(pic);
    case 1:
        return fettle_pic_enter(pic);
    case 2:
        return fettle_pic_leave(pic);
    case 3:
        return fettle_pic_update_mode(pic);
    case 4:
        return fettle_pic_reset(pic);
    case 5:
        return fettle_pic_peek(pic, verb);
    case 6:
        return fettle_pic_poke(pic, 0x0100, verb);
    default:
        return fettle_pic_modify(pic, 0x0020, verb, 1, verb >> 7);
    }
}

static bool run(struct fuzz *fuzz, fettle_engine *engine)
{
    fettle_outcome last;
    const fettle_outcome *given = NULL;
    for (unsigned effects = 0;; effects++, given = &last) {
        fettle_effect effect = engine->step(engine, given, fuzz->now);
        if (effect.kind >= FETTLE_EFFECT_DONE) {
            return effect.kind == FETTLE_EFFECT_DONE;
        }
        must(effects < EFFECTS_MAX);
        last = perform(fuzz, &effect);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {.input = data, .size = size, .bits = 8, .now = SECOND};
    memset(fuzz.registers, 0xFF, sizeof fuzz.registers);
    fettle_pic_init(&fuzz.pic, (fettle_usb_id){0x04D8, 0xF013});
    while (fuzz.size > 0 && !fuzz.was_cancelled && !fuzz.has_failed) {
        bool is_fine = run(&fuzz, choose(&fuzz, next_byte(&fuzz)));
        const fettle_error *error = &fuzz.pic.engine.error;
        must(is_fine || (error->code != FETTLE_E_NONE && error->message[0] != '\0' &&
                         error->hint != NULL));
        must(fuzz.tidy_effects <= TIDY_EFFECTS);
        bool is_held = ((fuzz.registers[TRISC] | fuzz.registers[PORTC]) & RESET_BIT) == 0;
        must(fuzz.has_failed || (!is_held && fuzz.bits == 8 && fuzz.partial_size == 0));
    }
    return 0;
}
