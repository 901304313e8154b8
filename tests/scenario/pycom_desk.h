/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk (see desk.h) with a Pycom module on its carrier: a virtual one of sim/, always without time, a package
 * for it, and a store in memory for what is kept of the module. get_up() holds what must be true of every
 * sitting, whatever was done to it; and at every effect the bytes that can't be replaced are on the board or in the
 * store.
 */
#ifndef PYCOM_DESK_H
#define PYCOM_DESK_H

#include "job/job.h"
#include "run/run.h"
#include "sim/sim.h"

enum {
    PYCOM_NO_STEP = -1,
    PYCOM_STATES_MAX = 4096,
    PYCOM_EFFECTS_MAX = 32768,
    PYCOM_SECTOR = 0x1000,
    PYCOM_SECTORS_MAX = 2048, /* of 8 MiB */
    PYCOM_KEPT_MAX = 4,
};

/* A module on its carrier, and the package that it gets. */
struct pycom_setting {
    const char *name;
    const char *spec;
    const char *module;  /* "LoPy4", as packages name it */
    const char *row;     /* "lopy4", as people name it */
    unsigned layouts;    /* of the package: PYCOM_* of pycom_make.h */
    const char *region;  /* NULL: as it is */
    uint8_t region_byte; /* what that is in the config block */
    bool has_stub;
    bool is_torn; /* its config block was cut off in writing; the store has it whole */
    bool has_credentials;
    fettle_us wait;  /* for a person's hand */
    unsigned stride; /* only every so many effects are spoiled in each way */
};

/* A copy that was kept, of the module with this MAC. */
struct pycom_kept {
    uint8_t mac[6];
    uint8_t bytes[PYCOM_SECTOR];
    uint8_t table[FETTLE_TABLE_SIZE];
    bool has_bytes, has_table;
};

/* What a clean run of a setting begins and ends with. */
struct pycom_truth {
    size_t flash_size;
    uint8_t *original, *right;          /* the whole flash, before and after */
    bool is_planned[PYCOM_SECTORS_MAX]; /* the plan names this sector */
    bool is_known;
    uint8_t config
        [PYCOM_SECTOR]; /* the config block as it was before anything happened to it */
};

struct pycom_desk {
    const struct pycom_setting *setting;
    struct pycom_truth *truth; /* of the setting; borrowed */
    fettle_sim *sim;
    fettle_image *image;
    fettle_plan plan;
    fettle_sim_stub stub;
    uint8_t *package;
    uint8_t *flash; /* the module's */
    struct pycom_kept kept[PYCOM_KEPT_MAX];
    size_t kept_count;

    /* one sitting */
    fettle_host host;
    fettle_faults faults; /* in front of the host */
    fettle_port port;     /* in front of the faults: where effects are counted */
    int effects;
    uint8_t kinds[PYCOM_EFFECTS_MAX];
    bool may_stray,
        strayed; /* in this sitting, in any: a fault made another command of one */
    bool lost;   /* what can't be replaced was nowhere, at some effect */
    int cancel_at;
    fettle_us started, cancelled;
    fettle_cancel cancel;
    fettle_job_engine job;
    fettle_run run;
    int open_asks, ends;
    uint32_t progress;
    bool went_back;
    const char *board_fault; /* or NULL */
    bool tolerates_strays;   /* while it has one */
    char before_that[160];   /* the sitting before this one, for complaints; or empty */
};

/* What was seen over all sittings of this process. */
struct pycom_tally {
    unsigned sittings, failures, ended_well, ended_badly;
    unsigned cancelled, in_application; /* what cancelled runs leave */
    uint64_t effects;
    fettle_us longest; /* sitting, on the board's clock */
    unsigned state_count, slug_count;
    uint64_t states[PYCOM_STATES_MAX];
    bool slugs[FETTLE_E_COUNT];
};
extern struct pycom_tally pycom_tally;

void pycom_desk_complain(const struct pycom_desk *desk, const char *what);

#define MUST(desk, condition)                      \
    do {                                           \
        if (!(condition)) {                        \
            pycom_desk_complain(desk, #condition); \
        }                                          \
    } while (0)

/* `truth` is filled by the first desk of a setting, and pycom_desk_learn(). */
struct pycom_desk *pycom_desk_new(const struct pycom_setting *setting,
                                  struct pycom_truth *truth);
void pycom_desk_free(struct pycom_desk *desk);

/* After a clean run: this is right, if it is what the package says. */
void pycom_desk_learn(struct pycom_desk *desk);
void pycom_truth_free(struct pycom_truth *truth);

/* The board gets a fault of its own ("noise@3", constant until it is mended); false: it knows none such. */
bool pycom_desk_break(struct pycom_desk *desk, const char *fault, bool tolerates_strays);
void pycom_desk_mend(struct pycom_desk *desk);

/* One sitting. `fault.at` and `cancel_at` are effects, PYCOM_NO_STEP: none. True if it ended well. */
bool pycom_desk_sit(struct pycom_desk *desk, fettle_fault fault, int cancel_at);
bool pycom_desk_sit_clean(struct pycom_desk *desk);

/* Is all that the plan names in the flash as it should be? */
bool pycom_desk_is_right(const struct pycom_desk *desk);

/* Does the module run the package's application? */
bool pycom_desk_runs_new(const struct pycom_desk *desk);

/* How often the last sitting asked the board for this (by its name in the log; opcode 0: any). */
unsigned pycom_desk_asked(const struct pycom_desk *desk, const char *what, uint8_t opcode);

fettle_us pycom_desk_now(const struct pycom_desk *desk);
void pycom_desk_pass(struct pycom_desk *desk, fettle_us time);

#endif
