/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port that makes transfers take time, as on a slower cable or a busier hub. What goes out takes
 * its time before it is there; what comes in on a serial line is there already when its size is
 * known, and is handed over later.
 */
#include "run/run.h"

static fettle_us cost(const fettle_throttle *throttle, size_t bytes)
{
    fettle_us time = throttle->delay;
    if (throttle->bytes_per_second > 0) {
        uint64_t rate = throttle->bytes_per_second;
        time += ((uint64_t)bytes * 1000000 + rate - 1) / rate;
    }
    return time;
}

static fettle_us now(const fettle_throttle *throttle)
{
    return throttle->clock->now(throttle->clock_self);
}

static fettle_outcome wait(const fettle_throttle *throttle, fettle_us until,
                           const fettle_cancel *cancel)
{
    return throttle->clock->wait(throttle->clock_self, until, cancel);
}

static fettle_outcome send_later(fettle_throttle *throttle, const fettle_effect *effect,
                                 size_t bytes, const fettle_cancel *cancel)
{
    fettle_us there = now(throttle) + cost(throttle, bytes);
    bool is_too_late = there > effect->until;
    fettle_outcome outcome = wait(throttle, is_too_late ? effect->until : there, cancel);
    if (outcome.kind != FETTLE_OK) {
        return outcome;
    }
    return is_too_late ? (fettle_outcome){.kind = FETTLE_TIMEOUT}
                       : throttle->inner->perform(throttle->inner, effect, cancel);
}

static fettle_outcome hand_over_later(fettle_throttle *throttle,
                                      const fettle_effect *effect,
                                      const fettle_cancel *cancel)
{
    fettle_outcome outcome = throttle->inner->perform(throttle->inner, effect, cancel);
    if (outcome.count > 0) {
        fettle_us there = now(throttle) + cost(throttle, outcome.count);
        /* What was read is not to be lost, so neither the deadline nor a cancel changes that. */
        (void)wait(throttle, there < effect->until ? there : effect->until, cancel);
    }
    return outcome;
}

static fettle_outcome perform(fettle_port *port, const fettle_effect *effect,
                              const fettle_cancel *cancel)
{
    fettle_throttle *throttle = (fettle_throttle *)port;
    switch (effect->kind) {
    case FETTLE_EFFECT_CONTROL:
        return send_later(throttle, effect, effect->control.wLength, cancel);
    case FETTLE_EFFECT_WRITE:
        return send_later(throttle, effect, effect->write.size, cancel);
    case FETTLE_EFFECT_READ:
        return hand_over_later(throttle, effect, cancel);
    default:
        return throttle->inner->perform(throttle->inner, effect, cancel);
    }
}

void fettle_throttle_init(fettle_throttle *throttle, fettle_port *inner,
                          const fettle_clock_ops *clock, void *clock_self,
                          uint32_t bytes_per_second, fettle_us delay)
{
    *throttle = (fettle_throttle){
        .port = {perform},
        .inner = inner,
        .clock = clock,
        .clock_self = clock_self,
        .bytes_per_second = bytes_per_second,
        .delay = delay,
    };
}
