/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DFU engine's requests as effects, with the numbers of the specification and our own bounds. For
 * dfu.c only.
 */
#ifndef FETTLE_PROTO_DFU_WIRE_H
#define FETTLE_PROTO_DFU_WIRE_H

#include "proto/dfu.h"

#include "base/bytes.h"

#include <assert.h>

/* bRequest, table 3.2 */
enum {
    DFU_DETACH = 0,
    DFU_DNLOAD = 1,
    DFU_UPLOAD = 2,
    DFU_GETSTATUS = 3,
    DFU_CLRSTATUS = 4,
    DFU_ABORT = 6,
};

/* bmRequestType: class, interface */
enum {
    TO_BOARD = 0x21,
    FROM_BOARD = 0xA1,
};

/* A string descriptor, USB 2.0 section 9.4.3 */
enum {
    FROM_DEVICE = 0x80,
    GET_DESCRIPTOR = 6,
    STRING = 3,
    ENGLISH = 0x0409,
    STRING_SIZE_MAX = 255,
};

#define MS     ((fettle_us)1000)
#define SECOND ((fettle_us)1000000)

enum {
    RECOVERIES_MAX = 6, /* requests on the way back to dfuIDLE */
    ODDITIES_MAX = 3,   /* answers in a row that the specification doesn't know */
    END_TRIES_MAX = 2,  /* end markers that were stalled without a reason */
    STOPS_MAX = 8,      /* requests while tidying up */
    /* Answers "busy, ask at once" before we begin to wait by ourselves. */
    PATIENT_POLLS = 64,
    STALLED_POLLS = 1000,
    FORCE_DETACH = 1 << 8, /* in wIndex, on the few loaders that want it */
    UNSTICKS_MAX = 2,      /* CLRSTATUS that a stuck board is given */
};

#define REQUEST_TIME     (5 * SECOND) /* section A.2: none is given; this is what hosts allow */
#define FIRST_BLOCK_TIME (35 * SECOND) /* some erase a whole bank before they answer it */
#define TIDY_TIME        (SECOND / 2)  /* when a person has already been told to wait */
#define ODD_TIME \
    SECOND /* the longest poll time that is believed of an answer that is odd */
#define BUSY_TIME \
    (120 * SECOND) /* the longest that any known board erases or writes at a time */
#define KNOWN_POLL_TIME (5 * MS)      /* for loaders that ask for far too much */
#define STUCK_TIME      (10 * SECOND) /* twice what the slowest page that is known takes */
#define END_PAUSE       (20 * MS) /* before an end marker that was stalled is sent once more */
#define DETACH_TIME_MAX 1000      /* ms: wValue of DFU_DETACH */

enum in_flight {
    NOTHING,
    SELECTING,
    ASKING, /* GETSTATUS */
    TIDYING,
    RESETTING,
    WAITING,
    SENDING_BLOCK,
    SENDING_END,
    PAUSING, /* before the end marker is tried again */
    READING_BLOCK,
    DETACHING,
    STOP_ASKING, /* as above, on the way out */
    STOP_WAITING,
    STOP_TIDYING,
    STOP_NAMING, /* what its iString says */
};

enum phase {
    SURVEY,
    DETACH,
    PREPARE, /* on the way to dfuIDLE, for `purpose` */
    COMPARE,
    WRITE,
    FINISH,
    READ,
    SETTLE,
    LEAVE,
};

/* ---- requests ---- */

static inline fettle_effect request(fettle_dfu *dfu, enum in_flight in_flight,
                                    uint8_t bRequest, uint16_t wValue, fettle_span out,
                                    fettle_us until)
{
    dfu->in_flight = in_flight;
    return (fettle_effect){
        .kind = FETTLE_EFFECT_CONTROL,
        .until = until,
        .control = {.bmRequestType = TO_BOARD,
                    .bRequest = bRequest,
                    .wValue = wValue,
                    .wIndex = dfu->traits.interface,
                    .wLength = (uint16_t)out.size,
                    .out = out.size > 0 ? out.data : NULL},
    };
}

static inline fettle_effect request_in(fettle_dfu *dfu, enum in_flight in_flight,
                                       uint8_t bRequest, uint16_t wValue, uint8_t *in,
                                       size_t size, fettle_us until)
{
    fettle_effect effect =
        request(dfu, in_flight, bRequest, wValue, (fettle_span){.size = size}, until);
    effect.control.bmRequestType = FROM_BOARD;
    effect.control.out = NULL;
    effect.control.in = in;
    return effect;
}

/* A board that isn't manifestation tolerant may be deaf by the time the end is asked about. */
static inline fettle_effect get_status(fettle_dfu *dfu, fettle_us now)
{
    bool may_be_deaf = dfu->phase == FINISH && dfu->polls > 0 && !dfu->traits.is_tolerant;
    return request_in(dfu, ASKING, DFU_GETSTATUS, 0, dfu->status, sizeof dfu->status,
                      now + (may_be_deaf                    ? SECOND
                             : dfu->patience > REQUEST_TIME ? dfu->patience
                                                            : REQUEST_TIME));
}

static inline fettle_effect tidy(fettle_dfu *dfu, uint8_t bRequest, fettle_us now)
{
    return request(dfu, TIDYING, bRequest, 0, (fettle_span){0}, now + REQUEST_TIME);
}

static inline fettle_effect reset(fettle_dfu *dfu, fettle_us now)
{
    dfu->in_flight = RESETTING;
    return (fettle_effect){.kind = FETTLE_EFFECT_RESET, .until = now + REQUEST_TIME};
}

static inline fettle_effect wait(fettle_dfu *dfu, enum in_flight in_flight, fettle_us until)
{
    dfu->in_flight = in_flight;
    return (fettle_effect){.kind = FETTLE_EFFECT_SLEEP, .until = until};
}

/* ---- places ---- */

static inline uint32_t block_index(const fettle_dfu *dfu)
{
    assert(dfu->traits.transfer_size > 0);
    return (uint32_t)(dfu->offset / dfu->traits.transfer_size);
}

/* wBlockNum wraps from 65535 to 0 (section 6.1.1). */
static inline uint16_t block_number(const fettle_dfu *dfu)
{
    return (uint16_t)(dfu->first_block + block_index(dfu));
}

static inline uint32_t address_of(const fettle_dfu *dfu)
{
    return dfu->base + (uint32_t)dfu->offset;
}

static inline size_t block_size(const fettle_dfu *dfu, size_t end)
{
    size_t left = end - dfu->offset;
    return left < dfu->traits.transfer_size ? left : dfu->traits.transfer_size;
}

/* ---- what was heard ---- */

/* DfuSe: block 0 of the caller's numbers. */
static inline bool is_command(const fettle_dfu *dfu)
{
    return dfu->joins && dfu->first_block == 0;
}

static inline bool is_state_known(const fettle_dfu *dfu)
{
    return dfu->bState <= FETTLE_DFU_ERROR && dfu->bStatus < FETTLE_DFU_STATUS_COUNT;
}

/*
 * bwPollTimeout is a minimum (section 6.1.2), and often 0. A board that goes on saying "busy, ask at
 * once" is asked at once for a while, then more and more slowly, then given up.
 */
static inline fettle_us poll_time(const fettle_dfu *dfu)
{
    fettle_us told = fettle_get24(dfu->status + 1) * MS;
    fettle_us asked =
        dfu->traits.ignores_poll_time && told > KNOWN_POLL_TIME ? KNOWN_POLL_TIME : told;
    fettle_us ours = dfu->polls < PATIENT_POLLS   ? 0
                     : dfu->polls < STALLED_POLLS ? MS
                                                  : 20 * MS;
    return asked > ours ? asked : ours;
}

static inline fettle_effect done(fettle_dfu *dfu)
{
    return fettle_done(&dfu->engine);
}

/* ---- bad ends (dfu_end.c) ---- */

/* `last` is not OK; `error` isn't set yet. */
fettle_effect fettle_dfu_fail(fettle_dfu *dfu, const fettle_outcome *last);
fettle_effect fettle_dfu_fail_and_stop(fettle_dfu *dfu, const fettle_outcome *last,
                                       fettle_us now);

/* `error` is set: leaves the board in dfuIDLE where it lets us, then fails. */
fettle_effect fettle_dfu_stop(fettle_dfu *dfu, fettle_us now);

/* The board has said no: with its status, and its own sentence where it has one. */
fettle_effect fettle_dfu_refuse(fettle_dfu *dfu, fettle_code code, fettle_us now);
fettle_effect fettle_dfu_refuse_answer(fettle_dfu *dfu, const char *text, fettle_us now);

/* What came of a request on the way out. */
fettle_effect fettle_dfu_on_stop(fettle_dfu *dfu, const fettle_outcome *last,
                                 fettle_us now);

#endif
