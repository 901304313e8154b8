/* SPDX-License-Identifier: Apache-2.0 */
/* How the effects of a session over a serial line are spoiled, one after the other. */
#ifndef FETTLE_TESTS_LINE_WAYS_H
#define FETTLE_TESTS_LINE_WAYS_H

#include "line_kinds.h"
#include "run/run.h"

/* How an effect is spoiled, and what it must have for that. */
struct way {
    fettle_fault fault;
    uint8_t needs;
};

static const struct way ways[] = {
    {{.outcome = FETTLE_TIMEOUT}, 0},
    {{.outcome = FETTLE_TIMEOUT, .is_performed = true}, 0},
    {{.outcome = FETTLE_GONE}, 0},
    {{.outcome = FETTLE_GONE, .is_performed = true}, 0},
    {{.outcome = FETTLE_ERROR}, 0},
    {{.outcome = FETTLE_ERROR, .is_performed = true}, 0},
    {{.outcome = FETTLE_OK}, LINE_HAS_OUT}, /* swallowed */
    {{.kind = FETTLE_FAULT_SHORT}, LINE_HAS_IN},
    {{.kind = FETTLE_FAULT_FLIPPED}, LINE_HAS_IN},
    {{.kind = FETTLE_FAULT_DOUBLED}, LINE_HAS_IN},
    {{.kind = FETTLE_FAULT_LATE}, LINE_HAS_IN},
    {{.kind = FETTLE_FAULT_LOST}, LINE_HAS_IN},
    {{.kind = FETTLE_FAULT_OUT_FLIPPED}, LINE_HAS_OUT},
    {{.kind = FETTLE_FAULT_OUT_DOUBLED}, LINE_HAS_OUT},
    {{.kind = FETTLE_FAULT_OUT_LOST}, LINE_HAS_OUT},
};

enum { WAY_COUNT = sizeof ways / sizeof *ways };

/* Bytes at the beginning of a frame are hit as often as all others together. */
static inline unsigned choose_byte(unsigned at, unsigned way)
{
    uint32_t random = (at * WAY_COUNT + way + 1) * 2654435761u;
    return 1 + (random >> 8) % ((random & 0x80) != 0 ? 32 : 5000);
}

#endif
