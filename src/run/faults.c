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

static fettle_outcome spoil_bytes(fettle_faults *faults, const fettle_effect *effect,
                                  const fettle_cancel *cancel)
{
    size_t room = 0;
    uint8_t *in = fettle_line_in(effect, &room);
    fettle_fault_kind kind = faults->fault.kind;
    bool is_for_serial = kind == FETTLE_FAULT_DOUBLED || kind == FETTLE_FAULT_LATE;
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
        in[outcome.count / 2] ^= 1;
        break;
    case FETTLE_FAULT_DOUBLED:
        hold(faults, in, outcome.count);
        break;
    case FETTLE_FAULT_LATE:
        return come_late(faults, effect, cancel, outcome.count);
    case FETTLE_FAULT_OUTCOME:
        break;
    }
    return outcome;
}

static fettle_outcome perform(fettle_port *port, const fettle_effect *effect,
                              const fettle_cancel *cancel)
{
    fettle_faults *faults = (fettle_faults *)port;
    if (faults->count++ == faults->fault.at) {
        return faults->fault.kind == FETTLE_FAULT_OUTCOME
                   ? replace_outcome(faults, effect, cancel)
                   : spoil_bytes(faults, effect, cancel);
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
