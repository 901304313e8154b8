/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk is a virtual board with a person in front of it, and everything that an update of it needs.
 * Sitting down at it once is one update: with one effect spoiled, or cancelled at one effect, or
 * clean. get_up() holds what must be true of every sitting, whatever was done to it.
 */
#ifndef DESK_H
#define DESK_H

#include "job/job.h"
#include "run/run.h"
#include "sim/sim.h"

#include <stdio.h>

enum {
    NO_STEP = -1,
    STATES_MAX = 4096,
    KINDS_MAX = 8192,
    KEPT_MAX = 8,
    HAS_ANSWER = 1, /* it brings bytes, which can be cut */
    IS_BLOCK = 2,   /* it takes bytes, which can be dropped */
};

/* How one effect of a sitting is spoiled. */
struct spoil {
    int at; /* effect number, NO_STEP: none is */
    fettle_outcome_kind outcome;
    bool is_performed; /* the board did it, and only the answer was lost */
    bool cuts;         /* instead: an answer that is one byte short */
};

struct desk {
    fettle_sim *sim;
    fettle_image *image;
    fettle_plan plan;
    uint8_t *expected; /* what the memory must hold in [keeps_from, keeps_to) */
    size_t size;       /* of the content */
    size_t offset;     /* of it in the memory */
    bool has_pages;    /* DfuSe: what is beside the content stays as it was */
    uint8_t *before;   /* the whole memory as it was found */
    struct kept { /* what a program remembers of pages that an update may leave half done */
        uint32_t address, size;
        uint8_t *bytes;
    } kept[KEPT_MAX];
    size_t kept_count;
    bool must_start; /* the application must be up in the end */

    /* one sitting */
    fettle_host host;
    fettle_port port; /* in front of the host: where effects are spoiled */
    struct spoil spoil;
    int effects;
    bool was_reached;
    uint8_t kinds[KINDS_MAX]; /* of the last sitting's effects: what can be spoiled */
    int cancel_at;
    fettle_cancel cancel;
    fettle_job_engine job;
    fettle_run run;
    int asks, open_asks, ends;
    uint32_t progress;
    bool went_back;
    size_t log_start; /* entries that were there before */
};

/* What was seen over all sittings of this process. */
struct tally {
    unsigned sittings, effects, failures, ended_well, ended_badly;
    unsigned state_count, slug_count;
    unsigned states[STATES_MAX];
    bool slugs[FETTLE_E_COUNT];
};
extern struct tally desk_tally;

/* One line about what does not hold, and one more failure. */
void desk_complain(const struct desk *desk, const char *what);

#define MUST(desk, condition)                \
    do {                                     \
        if (!(condition)) {                  \
            desk_complain(desk, #condition); \
        }                                    \
    } while (0)

/*
 * A board of sim/ ("pytrack,...", always without time), and an update of it. `flags`: see wishes.
 * The image of a shield is its usual content but for a few rows; of another board, `size` bytes.
 */
struct desk *desk_new(const char *spec, size_t size, fettle_plan_wishes wishes);
void desk_free(struct desk *desk);

/* One update. True if it ended well. */
bool desk_sit(struct desk *desk, struct spoil spoil, int cancel_at);
bool desk_sit_clean(struct desk *desk);

/* Does the board's memory hold what the image says? */
bool desk_is_right(const struct desk *desk);

/* Time goes by: a board that is on its way arrives. */
void desk_pass(struct desk *desk, fettle_us time);

fettle_us desk_now(const struct desk *desk);

/* How often the board was asked for this (by its name in the log). */
unsigned desk_asked(const struct desk *desk, const char *what);

/* Requests that changed the board. */
unsigned desk_changes(const struct desk *desk);

#endif
