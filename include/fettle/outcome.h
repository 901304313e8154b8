/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words that engines, transports, virtual boards and programs share: time, bytes, what a board
 * is called and shows, what came of an effect, and errors. Plain values: copied freely, and nothing
 * here owns memory unless its comment says so.
 */
#ifndef FETTLE_OUTCOME_H
#define FETTLE_OUTCOME_H

#include "codes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && !defined(_WIN32)
#define FETTLE_API __attribute__((visibility("default")))
#else
#define FETTLE_API
#endif

/* Microseconds since a fixed point of the clock in use. Never goes back. */
typedef uint64_t fettle_us;

/* A deadline that is never reached. */
#define FETTLE_NEVER UINT64_MAX

/* Bytes that someone else owns. Valid for as long as the owner says; never freed through this. */
typedef struct fettle_span {
    const uint8_t *data;
    size_t size;
} fettle_span;

typedef struct fettle_usb_id {
    uint16_t vendor, product;
} fettle_usb_id;

/* What a board runs now. */
typedef enum fettle_mode {
    FETTLE_MODE_UNKNOWN,
    FETTLE_MODE_APP, /* its application */
    FETTLE_MODE_DFU, /* a USB DFU loader */
    FETTLE_MODE_ROM, /* an ESP ROM loader */
    FETTLE_MODE_STUB,
} fettle_mode;

/* What a person is asked to do now, while something waits for it. */
typedef enum fettle_ask {
    FETTLE_ASK_NOTHING,
    FETTLE_ASK_PLUG_IN,     /* plug the board in */
    FETTLE_ASK_UPDATE_MODE, /* bring it into update mode by hand: the board's own steps */
    FETTLE_ASK_REPLUG,      /* unplug it and plug it in again, without pressing anything */
    FETTLE_ASK_WIRE,   /* wire a module's boot pin to ground, and press its reset button */
    FETTLE_ASK_UNWIRE, /* take that wire off, and press reset */
} fettle_ask;

typedef enum fettle_stage {
    FETTLE_STAGE_NONE,
    FETTLE_STAGE_FIND,
    FETTLE_STAGE_ENTER,
    FETTLE_STAGE_BACKUP,
    FETTLE_STAGE_COMPARE,
    FETTLE_STAGE_ERASE,
    FETTLE_STAGE_WRITE,
    FETTLE_STAGE_VERIFY,
    FETTLE_STAGE_LEAVE,
    FETTLE_STAGE_CONFIRM,
    FETTLE_STAGE_COUNT,
} fettle_stage;

/* Whose `device` status an error carries. */
typedef enum fettle_status_kind {
    FETTLE_STATUS_NONE,
    FETTLE_STATUS_DFU, /* bStatus, USB DFU 1.1 section 6.1.2 */
    FETTLE_STATUS_ROM,
    FETTLE_STATUS_STUB,
} fettle_status_kind;

/* Why something failed. `hint` points to a string constant and is never NULL once code is set. */
typedef struct fettle_error {
    fettle_code code;
    fettle_stage stage;             /* NONE before a job has begun */
    long system;                    /* errno, libusb code, ...; 0 if none */
    fettle_status_kind device_kind; /* whose status `device` is */
    uint32_t device;                /* exactly as received */
    uint32_t device_state;          /* DFU: bState, as received with it */
    bool has_address;
    uint32_t address;  /* where in the board's memory, in bytes */
    char evidence[96]; /* what the engine last saw, for `-v` and reports; may be empty */
    char message[320]; /* one line, grows outwards: "cannot A: cannot B: why" */
    const char *hint;  /* what to do next: a full sentence */
} fettle_error;

typedef enum fettle_outcome_kind {
    FETTLE_OK,
    FETTLE_TIMEOUT,   /* the deadline passed; `count` bytes moved before that */
    FETTLE_STALL,     /* USB only: the device refused this request */
    FETTLE_GONE,      /* the board is no longer there; only OPEN makes sense now */
    FETTLE_CANCELLED, /* a person wants to stop; tidy up, then fail */
    FETTLE_ERROR, /* anything else: `error` (a child failed), `why` and `system` say what */
} fettle_outcome_kind;

/* What stands between us and a board that is there. */
typedef enum fettle_why {
    FETTLE_WHY_NONE,
    FETTLE_WHY_PERMISSION, /* this user may not open it */
    FETTLE_WHY_DRIVER,     /* no driver, or one that doesn't let us */
    FETTLE_WHY_BUSY,       /* another program, or another caller here, holds it */
    FETTLE_WHY_SEVERAL,    /* several boards fit */
    FETTLE_WHY_SYSTEM,     /* see `system` */
} fettle_why;

struct fettle_sight;

/* What came of one effect. Pointers are valid until the next step. */
typedef struct fettle_outcome {
    fettle_outcome_kind kind;
    fettle_why why; /* of ERROR */
    size_t count;   /* bytes moved; OPEN with SEVERAL: how many boards */
    long system;    /* the system's own code, 0 if none */
    const struct fettle_sight
        *sight;                /* OPEN: the board that was opened, or that is in the way */
    const fettle_error *error; /* RUN: why the child failed */
} fettle_outcome;

#ifdef __cplusplus
}
#endif

#endif
