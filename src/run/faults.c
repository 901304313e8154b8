/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port that spoils one effect. A test counts the effects of a good run and then spoils each of
 * them in every way; `reached` tells it whether that has happened at all.
 *
 * Bytes that a serial line owes (doubled, or late) are held and come with the next READ, whole and
 * in order, before anything newer. DISCARD, and a board that is opened anew, forget them.
 */
#include "run/run.h"

#include "run/line.h"

#include <string.h>

static fettle_outcome pass_on(fettle_faults *faults, const fettle_effect *effect,
                              const fettle_cancel *cancel)
{
    return faults->inner->perform(faults->inner, effect, cancel);
}

/* What was lost must not be read by mistake. */
static void spoil_lost_bytes(const fettle_effect *effect)
{
    size_t room = 0;
    uint8_t *in = fettle_line_in(effect, &room);
    if (in != NULL) {
        memset(in, 0xA5, room);
    }
}

static size_t bytes_out(const fettle_effect *effect)
{
    if (effect->kind == FETTLE_EFFECT_WRITE) {
        return effect->write.size;
    }
    return effect->kind == FETTLE_EFFECT_CONTROL && effect->control.out != NULL
               ? effect->control.wLength
               : 0;
}

static fettle_outcome replace_outcome(fettle_faults *faults, const fettle_effect *effect,
                                      const fettle_cancel *cancel)
{
    const fettle_fault *fault = &faults->fault;
    bool is_swallowed = fault->outcome == FETTLE_OK;
    if (is_swallowed && (fault->is_performed || bytes_out(effect) == 0)) {
        return pass_on(faults, effect, cancel);
    }
    faults->reached = true;
    if (fault->is_performed) {
        (void)pass_on(faults, effect, cancel);
    }
    spoil_lost_bytes(effect);
    bool is_error = fault->outcome == FETTLE_ERROR;
    return (fettle_outcome){
        .kind = fault->outcome,
        .why = is_error ? FETTLE_WHY_SYSTEM : FETTLE_WHY_NONE,
        .system = is_error ? 5 : 0, /* EIO nearly everywhere */
        .count = is_swallowed ? bytes_out(effect) : 0,
    };
}

/* Which of so many bytes is hit. */
static size_t byte_hit(const fettle_fault *fault, size_t count)
{
    return fault->byte == 0 ? count / 2 : (fault->byte - 1) % count;
}

/* ---- bytes that go out ---- */

/* True: it went out, and more may follow. */
static bool send_part(fettle_faults *faults, const fettle_effect *effect,
                      const uint8_t *data, size_t size, const fettle_cancel *cancel,
                      fettle_outcome *outcome)
{
    fettle_effect part = *effect;
    part.write.data = data;
    part.write.size = size;
    if (size == 0) {
        return true;
    }
    *outcome = pass_on(faults, &part, cancel);
    return outcome->kind == FETTLE_OK;
}

/* What is in front of the byte, what becomes of it, what is behind it. */
static fettle_outcome spoil_out(fettle_faults *faults, const fettle_effect *effect,
                                const fettle_cancel *cancel)
{
    size_t size = effect->kind == FETTLE_EFFECT_WRITE ? effect->write.size : 0;
    fettle_fault_kind kind = faults->fault.kind;
    fettle_outcome outcome = {.kind = FETTLE_OK};
    if (size == 0) {
        return pass_on(faults, effect, cancel);
    }
    faults->reached = true;
    const uint8_t *data = effect->write.data;
    size_t at = byte_hit(&faults->fault, size);
    uint8_t flipped = data[at] ^ 1;
    const uint8_t *hit = kind == FETTLE_FAULT_OUT_FLIPPED ? &flipped : data + at;
    if (send_part(faults, effect, data, at, cancel, &outcome) &&
        send_part(faults, effect, hit, kind != FETTLE_FAULT_OUT_LOST, cancel, &outcome) &&
        send_part(faults, effect, hit, kind == FETTLE_FAULT_OUT_DOUBLED, cancel,
                  &outcome) &&
        send_part(faults, effect, data + at + 1, size - at - 1, cancel, &outcome)) {
        outcome.count = size;
    }
    return outcome;
}

/* ---- bytes that came in ---- */

static void hold(fettle_faults *faults, const uint8_t *bytes, size_t count)
{
    size_t room = sizeof faults->held - faults->held_count;
    count = count < room ? count : room;
    memcpy(faults->held + faults->held_count, bytes, count);
    faults->held_count += count;
}

static fettle_outcome give_held(fettle_faults *faults, const fettle_effect *effect)
{
    size_t count =
        effect->read.size < faults->held_count ? effect->read.size : faults->held_count;
    memcpy(effect->read.buffer, faults->held, count);
    faults->held_count -= count;
    memmove(faults->held, faults->held + count, faults->held_count);
    return (fettle_outcome){.kind = FETTLE_OK, .count = count};
}

/* Nothing comes until the deadline of this READ. */
static fettle_outcome come_late(fettle_faults *faults, const fettle_effect *effect,
                                const fettle_cancel *cancel, size_t count)
{
    hold(faults, effect->read.buffer, count);
    spoil_lost_bytes(effect);
    fettle_effect wait = {.kind = FETTLE_EFFECT_SLEEP, .until = effect->until};
    fettle_outcome outcome = {.kind = FETTLE_OK};
    if (effect->until != FETTLE_NEVER) {
        outcome = pass_on(faults, &wait, cancel);
    }
    return outcome.kind == FETTLE_OK ? (fettle_outcome){.kind = FETTLE_TIMEOUT} : outcome;
}

static void lose_byte(uint8_t *bytes, size_t *count, size_t at)
{
    memmove(bytes + at, bytes + at + 1, *count - at - 1);
    (*count)--;
}

static fettle_outcome spoil_bytes(fettle_faults *faults, const fettle_effect *effect,
                                  const fettle_cancel *cancel)
{
    size_t room = 0;
    uint8_t *in = fettle_line_in(effect, &room);
    fettle_fault_kind kind = faults->fault.kind;
    bool is_for_serial = kind == FETTLE_FAULT_DOUBLED || kind == FETTLE_FAULT_LATE ||
                         kind == FETTLE_FAULT_LOST;
    fettle_outcome outcome = pass_on(faults, effect, cancel);

    if (in == NULL || outcome.kind != FETTLE_OK || outcome.count == 0 ||
        (is_for_serial && effect->kind != FETTLE_EFFECT_READ)) {
        return outcome;
    }
    faults->reached = true;
    switch (kind) {
    case FETTLE_FAULT_SHORT:
        outcome.count--;
        break;
    case FETTLE_FAULT_FLIPPED:
        in[byte_hit(&faults->fault, outcome.count)] ^= 1;
        break;
    case FETTLE_FAULT_LOST:
        lose_byte(in, &outcome.count, byte_hit(&faults->fault, outcome.count));
        break;
    case FETTLE_FAULT_DOUBLED:
        hold(faults, in, outcome.count);
        break;
    case FETTLE_FAULT_LATE:
        return come_late(faults, effect, cancel, outcome.count);
    default:
        break;
    }
    return outcome;
}

static fettle_outcome spoil(fettle_faults *faults, const fettle_effect *effect,
                            const fettle_cancel *cancel)
{
    switch (faults->fault.kind) {
    case FETTLE_FAULT_OUTCOME:
        return replace_outcome(faults, effect, cancel);
    case FETTLE_FAULT_OUT_FLIPPED:
    case FETTLE_FAULT_OUT_DOUBLED:
    case FETTLE_FAULT_OUT_LOST:
        return spoil_out(faults, effect, cancel);
    default:
        return spoil_bytes(faults, effect, cancel);
    }
}

static fettle_outcome perform(fettle_port *port, const fettle_effect *effect,
                              const fettle_cancel *cancel)
{
    fettle_faults *faults = (fettle_faults *)port;
    if (faults->count++ == faults->fault.at) {
        return spoil(faults, effect, cancel);
    }
    if (effect->kind == FETTLE_EFFECT_READ && faults->held_count > 0 &&
        effect->read.size > 0) {
        return give_held(faults, effect);
    }
    if (effect->kind == FETTLE_EFFECT_DISCARD || effect->kind == FETTLE_EFFECT_OPEN) {
        faults->held_count = 0;
    }
    return pass_on(faults, effect, cancel);
}

void fettle_faults_init(fettle_faults *faults, fettle_port *inner, fettle_fault fault)
{
    memset(faults, 0, sizeof *faults);
    faults->port.perform = perform;
    faults->inner = inner;
    faults->fault = fault;
}
