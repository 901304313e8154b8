/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A desk (see desk.h) with an ESP board on it: a virtual one of sim/, always without time, an application
 * image for it, and a task. Some sectors of the application are on the board already, so that a sitting is
 * short and has something to compare. get_up() holds what must be true of every sitting, whatever was
 * done to it.
 */
#ifndef ESP_DESK_H
#define ESP_DESK_H

#include "job/job.h"
#include "run/run.h"
#include "sim/sim.h"

enum {
    ESP_NO_STEP = -1,
    ESP_STATES_MAX = 4096,
    ESP_EFFECTS_MAX = 16384,
};

/* Besides LINE_HAS_IN and LINE_HAS_OUT of an effect: */
enum {
    /* Nothing protects what goes out: a command whose words have no checksum. */
    ESP_IS_BARE = 4,
};

/* What a fault that the board itself has makes of what must hold. */
enum {
    ESP_MAY_STRAY = 1, /* it changes commands: see makes_another() */
    /* The flash isn't what the board says; without a hash nobody can tell. */
    ESP_MAY_BELIEVE = 2,
};

/* A board and what is to be done with it. */
struct esp_setting {
    const char *name;
    const char *spec;
    uint16_t chip_id; /* as images name it */
    bool is_esp8266;
    bool has_stub;
    bool packs;     /* the application can be compressed */
    bool is_blind;  /* the board can't hash: nothing is compared or proven */
    bool runs_slot; /* its second slot is the one that is started */
    fettle_task_kind kind;
    size_t size;             /* of the application, about */
    uint32_t differing;      /* bit n: its n-th sector isn't on the board */
    fettle_us wait;          /* for a person's hand */
    bool breaks_everywhere;  /* the board's own faults hit every request */
    bool cancels_everywhere; /* at each effect, whatever `stride` is */
    unsigned stride; /* only every so many effects are spoiled in each way; 0: all */
};

struct esp_desk {
    const struct esp_setting *setting;
    fettle_sim *sim;
    fettle_image *image;
    fettle_plan plan;
    fettle_sim_stub stub;
    uint8_t *content; /* of the image */
    size_t size;
    uint32_t address;            /* where it belongs */
    uint32_t range_at, range_to; /* READ, ERASE */
    uint8_t *before;             /* the whole flash as it was when somebody sat down */
    size_t flash_size;
    uint8_t buffer[0x400]; /* READ */

    /* one sitting */
    fettle_host host;
    fettle_faults faults; /* in front of the host */
    fettle_port port;     /* in front of the faults: where effects are counted */
    int effects;
    uint8_t kinds[ESP_EFFECTS_MAX];
    bool may_stray; /* a command became another one: what that does is nobody's lie */
    int cancel_at;
    fettle_us started, cancelled;
    fettle_cancel cancel;
    fettle_job_engine job;
    fettle_run run;
    int open_asks, ends;
    uint32_t progress;
    bool went_back;
    size_t log_start;
    const char *board_fault; /* or NULL */
    unsigned tolerates;      /* while it has one: ESP_MAY_STRAY, ... */
    char before_that[160];   /* the sitting before this one, for complaints; or empty */
    unsigned missing; /* sectors of the image that were not right when somebody sat down */
};

/* What was seen over all sittings of this process. */
struct esp_tally {
    unsigned sittings, failures, ended_well, ended_badly;
    uint64_t effects;
    fettle_us longest; /* sitting, on the board's clock */
    unsigned state_count, slug_count;
    uint64_t states[ESP_STATES_MAX];
    bool slugs[FETTLE_E_COUNT];
};
extern struct esp_tally esp_tally;

void esp_desk_complain(const struct esp_desk *desk, const char *what);

#define MUST(desk, condition)                    \
    do {                                         \
        if (!(condition)) {                      \
            esp_desk_complain(desk, #condition); \
        }                                        \
    } while (0)

struct esp_desk *esp_desk_new(const struct esp_setting *setting);
void esp_desk_free(struct esp_desk *desk);

/* The board gets a fault of its own ("noise@3", constant until it is mended); false: it knows none such. */
bool esp_desk_break(struct esp_desk *desk, const char *fault, unsigned tolerates);
void esp_desk_mend(struct esp_desk *desk);

/* One sitting. `fault.at` and `cancel_at` are effects, ESP_NO_STEP: none. True if it ended well. */
bool esp_desk_sit(struct esp_desk *desk, fettle_fault fault, int cancel_at);
bool esp_desk_sit_clean(struct esp_desk *desk);

/* Does the flash hold the image, or is the range blank? And nothing else has changed? */
bool esp_desk_is_right(const struct esp_desk *desk);

/* Is everything that isn't to be changed as it was before the sitting? */
bool esp_desk_is_untouched(const struct esp_desk *desk);

/* How often the last sitting asked the board for this (by its name in the log; opcode 0: any). */
unsigned esp_desk_asked(const struct esp_desk *desk, const char *what, uint8_t opcode);

fettle_us esp_desk_now(const struct esp_desk *desk);
void esp_desk_pass(struct esp_desk *desk, fettle_us time);

#endif
