/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines do no I/O. An engine is a struct in the caller's memory whose first member is a
 * fettle_engine. Its `step` is given what came of the last effect, and the time, and says which
 * effect it wants next. One effect of a task is in flight at a time.
 *
 * Engines nest by one more effect: RUN. To the engine that asks for it, a whole child engine is
 * just an effect that takes longer: it ends as OK, or as ERROR (or CANCELLED, GONE) with the child's
 * error. The task keeps the line of callers, so an engine never forwards anything, and no engine
 * knows whether it is the outermost.
 *
 *   job ----RUN----> dfu ----CONTROL----> runner ----> record ----> faults ----> board
 *       <---OK------     <---STALL-------
 */
#ifndef FETTLE_BASE_EFFECT_H
#define FETTLE_BASE_EFFECT_H

#include "base/observe.h"
#include "fettle/transport.h"

typedef struct fettle_engine fettle_engine;

typedef enum fettle_effect_kind {
    FETTLE_EFFECT_OPEN, /* close what is open; open the one board that matches, waiting for it */
    FETTLE_EFFECT_SLEEP,   /* nothing, until `until` */
    FETTLE_EFFECT_WRITE,   /* serial, as the entries of fettle_serial_ops */
    FETTLE_EFFECT_READ,    /* serial */
    FETTLE_EFFECT_DISCARD, /* serial */
    FETTLE_EFFECT_LINES,   /* serial */
    FETTLE_EFFECT_BAUD,    /* serial */
    FETTLE_EFFECT_FORMAT,  /* serial */
    FETTLE_EFFECT_CONTROL, /* USB, as the entries of fettle_usb_ops */
    FETTLE_EFFECT_SELECT,  /* USB */
    FETTLE_EFFECT_RESET,   /* USB */
    FETTLE_EFFECT_RUN, /* another engine, to its end; never seen outside fettle_task_step */
    FETTLE_EFFECT_DONE,   /* the end: it worked */
    FETTLE_EFFECT_FAILED, /* the end: `error` of the engine says why */
} fettle_effect_kind;

/*
 * A board has faces: for each mode, the ids it then has and how it is then talked to. LINK_NONE: it
 * is enough to see it, OPEN then ends as OK with a sight and nothing open.
 */
typedef struct fettle_face {
    fettle_mode mode;
    fettle_link_kind as;
    fettle_usb_id id; /* 0:0 is any */
} fettle_face;

/*
 * Which board is meant. Everything that is given must agree; one of the faces must fit. The first
 * face that fits, in their order, is the one that the board is taken to show.
 */
typedef struct fettle_match {
    const char *path;   /* NULL: any; else the same identity, or the same node */
    const char *serial; /* NULL: any */
    const fettle_face *faces;
    size_t face_count;
    /* Boards that are never meant unless a path or serial names them. */
    const fettle_usb_id *never;
    size_t never_count;
    uint32_t after_arrival;                    /* only an arrival later than this; 0: any */
    bool (*may_be)(const fettle_sight *sight); /* constant; NULL: any may be it */
} fettle_match;

/* Pointers in it are the engine's, and stay valid until the next step. */
typedef struct fettle_effect {
    fettle_effect_kind kind;
    fettle_ask ask; /* what a person should do while this waits; over when the effect is */
    fettle_us until;
    union {
        struct {
            fettle_match match;
            fettle_serial_settings settings;
        } open;
        fettle_span write;
        struct {
            uint8_t *buffer;
            size_t size;
        } read;
        struct {
            bool dtr, rts;
        } lines;
        uint32_t baud;
        uint8_t data_bits;
        fettle_control control;
        struct {
            uint8_t interface, alternate;
        } select;
        struct {
            fettle_engine *engine;
            uint32_t share; /* how much of the caller's `total` it is worth */
        } run;
    };
} fettle_effect;

/* `last` is NULL on the first step, and only then. */
typedef fettle_effect fettle_step(fettle_engine *engine, const fettle_outcome *last,
                                  fettle_us now);

struct fettle_engine {
    fettle_step *step;
    fettle_engine *caller; /* the task's; NULL outside a RUN */
    uint32_t done, total;  /* in the engine's own unit; total 0: nothing to tell */
    uint32_t share;        /* the task's: what the running child is worth */
    fettle_error error;    /* set before FAILED */
};

/* The face of `match` that a sight shows, or NULL; `match->after_arrival`, path and serial count. */
const fettle_face *fettle_match_face(const fettle_match *match, const fettle_sight *sight);

/* Ends, for engines. */
fettle_effect fettle_done(fettle_engine *engine);

/* Turns `last` (not OK) into the engine's error and puts the clause in front. */
fettle_effect fettle_fail(fettle_engine *engine, const fettle_outcome *last,
                          fettle_clause clause, const fettle_words *words);

/* Fails with a code of the engine's own. */
fettle_effect fettle_refuse(fettle_engine *engine, fettle_code code,
                            const fettle_words *words);

/* An engine and everything it runs, seen as one engine. Caller's memory, no allocation. */
typedef struct fettle_task {
    fettle_engine *root, *top;
} fettle_task;

void fettle_task_init(fettle_task *task, fettle_engine *root);

/* Steps until there is something to perform. Never returns RUN. */
fettle_effect fettle_task_step(fettle_task *task, const fettle_outcome *last,
                               fettle_us now);

/* How far the whole task is, in parts per million, from `done`, `total` and `share`. */
uint32_t fettle_task_progress(const fettle_task *task);

#endif
