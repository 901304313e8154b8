/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job carries a plan out on one board: find, enter, compare, write, verify, leave, confirm. It is
 * an engine that owns its children and RUNs them; it knows no protocol, only a table of ways.
 * Running it again after any failure or cancel goes on from what is right already; so after a
 * failure it runs itself again, once.
 *
 * The same script reads, verifies, restarts and surveys a board: those are shorter ways through it.
 */
#ifndef FETTLE_JOB_H
#define FETTLE_JOB_H

#include "job/esp_work.h"
#include "plan/esp_layout.h"
#include "plan/plan.h"
#include "proto/descriptors.h"
#include "proto/dfu.h"
#include "proto/dfuse.h"
#include "proto/names.h"

typedef struct fettle_job_engine fettle_job_engine;

enum {
    FETTLE_JOB_MEMORIES_MAX = 16,
    FETTLE_JOB_BAUDS_MAX = 8,
    FETTLE_ERASE_RANGES_MAX = 2,
    FETTLE_MODULE_KEPT_MAX = 0x1000,
};

/* What is saved of a module before it is changed. */
typedef struct fettle_module_keepsake {
    const uint8_t *mac;       /* six bytes */
    uint32_t address;         /* of the bytes, in its flash */
    fettle_span bytes, table; /* the partition table; size 0: there is none */
    bool is_part_of_table;    /* of a new one; it must not replace a whole one */
    bool is_worth_it;         /* else it must not replace what was kept before */
    bool is_beside;           /* nor is it to: what is being restored may be just that */
    bool is_other;            /* nor may it: they are good, but not those that were kept */
    fettle_span agreed; /* what takes their place, which a person wants; size 0: nothing */
    char summary[FETTLE_MODULE_SUMMARY_SIZE]; /* of those that are looked for first now */
} fettle_module_keepsake;

/* How sure we are, strongest last. */
typedef enum fettle_evidence {
    FETTLE_EVIDENCE_NONE,
    FETTLE_EVIDENCE_VERSION,
    FETTLE_EVIDENCE_MANIFEST,
    FETTLE_EVIDENCE_HASH,
    FETTLE_EVIDENCE_READBACK,
} fettle_evidence;

/* How a job ended, if it ended well. */
typedef enum fettle_job_end {
    FETTLE_JOB_OPEN,
    FETTLE_JOB_UPDATED, /* see evidence: NONE is "written" */
    FETTLE_JOB_UNCHANGED,
    FETTLE_JOB_PLANNED,
    FETTLE_JOB_READ,
    FETTLE_JOB_VERIFIED,
    FETTLE_JOB_RESET,
    FETTLE_JOB_SURVEYED,
    FETTLE_JOB_ERASED,
} fettle_job_end;

/* What came of a start that is not to be seen on a bus. */
typedef enum fettle_start {
    FETTLE_START_SEEN,    /* nothing says that the application doesn't run */
    FETTLE_START_STAYS,   /* it stays in its loader */
    FETTLE_START_NOTHING, /* its loader finds nothing that it could start */
    FETTLE_START_LOOPS,   /* it starts again and again */
} fettle_start;

/*
 * How one kind of board is brought through the stages: one table a protocol. An entry that returns
 * an engine readies the job's child for a piece of work, to be RUN; the question below it is about
 * what that work has found. All are pure; none may be NULL but where it says so.
 */
typedef struct fettle_way {
    fettle_evidence proof; /* that compare() has found no difference */

    /* A link was opened, `job->sight` is it. False: this can't be talked to, `err` says why. */
    bool (*meet)(fettle_job_engine *job, fettle_error *err);

    /* Is it a part of a computer, by its looks? */
    bool (*is_computer_part)(const fettle_job_engine *job);

    /* What it runs, as far as its looks tell, without a word to it. UNKNOWN: ask it. */
    fettle_mode (*guess)(const fettle_job_engine *job);

    /* Asks what it runs. */
    fettle_engine *(*survey)(fettle_job_engine *job);

    /*
     * That has failed: would a hand help? Then it is tried until `until`, while somebody is asked for it. NULL: this way
     * has other means.
     */
    bool (*needs_hand)(const fettle_job_engine *job, const fettle_error *error);
    fettle_engine *(*survey_by_hand)(fettle_job_engine *job, fettle_us until);

    fettle_mode (*mode)(const fettle_job_engine *job);
    fettle_survey (*found)(const fettle_job_engine *job);
    bool (*was_cut_off)(const fettle_job_engine *job); /* an earlier update is still open */

    /* Asks for the names of its memories. NULL: they don't matter, or are known. */
    fettle_engine *(*name)(fettle_job_engine *job);

    /* What is there, once that is known; NULL: not yet. NULL: what the plan calls it. */
    const char *(*board_name)(const fettle_job_engine *job);

    /*
     * It is in update mode, and the plan holds: now everything about this board is known, and what will be done
     * is settled, down to pages. May hand over to another way. False: refused, `err` says why.
     */
    bool (*settle)(fettle_job_engine *job, fettle_error *err);

    /* SURVEY: what else there is to be asked; a refusal is no failure. NULL: nothing. */
    fettle_engine *(*ask_more)(fettle_job_engine *job);

    /* Could an application that looks like this be asked to make way, without a hand? */
    bool (*can_enter)(const fettle_job_engine *job);
    fettle_engine *(*enter)(fettle_job_engine *job);
    bool (*has_made_way)(const fettle_job_engine *job);

    /* Reading is possible at all; before the end of an update; after it, without leaving first. */
    bool (*can_read)(const fettle_job_engine *job);
    bool (*can_read_early)(const fettle_job_engine *job);
    bool (*can_read_after)(const fettle_job_engine *job);

    /* `all`: find every difference, not just whether there is one. */
    fettle_engine *(*compare)(fettle_job_engine *job, bool all);
    uint32_t (*differences)(const fettle_job_engine *job, uint32_t *first_block,
                            uint32_t *address);

    /* Reads what write() would take with it, to be put back. NULL: there is nothing. */
    fettle_engine *(*save)(fettle_job_engine *job, bool repair);

    /* Makes room for what write() will write. NULL: writing needs no room made. */
    fettle_engine *(*erase)(fettle_job_engine *job);

    /* All of it at once; the whole board, with its protection. NULL: this kind can't. */
    fettle_engine *(*mass_erase)(fettle_job_engine *job);
    fettle_engine *(*erase_all_pages)(fettle_job_engine *job); /* where that is refused */
    fettle_engine *(*unprotect)(fettle_job_engine *job);

    /*
     * Reads what was erased. NULL: it can't be read. What it has found is differences(); where there are none, does that
     * prove that it was erased?
     */
    fettle_engine *(*check_blank)(fettle_job_engine *job);
    bool (*proves_blank)(const fettle_job_engine *job);

    /* What the last compare means for write(), as a note. NULL: this way has no words for it. */
    void (*note_plan)(fettle_job_engine *job);

    /* `repair`: only what the last compare found to differ, where the board can do that. */
    fettle_engine *(*write)(fettle_job_engine *job, bool repair);

    /* Does what was written take effect by a restart, which the board makes when it likes? */
    bool (*restarts_itself)(const fettle_job_engine *job);

    /* Ends the update. NULL: there is nothing to be ended. */
    fettle_engine *(*finish)(fettle_job_engine *job);
    bool (*needs_end)(
        const fettle_job_engine *job); /* only that makes firmware of the blocks */
    bool (*was_ended)(
        const fettle_job_engine *job); /* an end was sent, and all was answered */
    bool (*was_answered)(const fettle_job_engine *job); /* no answer was lost */
    bool (*was_checked)(const fettle_job_engine *job);  /* by the board, and found good */

    /* Why nothing could be proven, in the way's own words; NONE: in the script's. NULL: likewise. */
    fettle_note_code (*why_unproven)(const fettle_job_engine *job);

    /* Starts the application. NULL: it starts by itself. */
    fettle_engine *(*leave)(fettle_job_engine *job);
    bool (*has_left)(const fettle_job_engine *job); /* seen to go */

    /*
     * What leave() has seen of the start, for boards that stay where they are on the bus. NULL: it is to be seen there
     * whether the application comes up.
     */
    fettle_start (*has_started)(const fettle_job_engine *job);

    /* Says in notes what has_started() has against it, and what to do next. NULL: this way has no words for it. */
    void (*note_start)(fettle_job_engine *job);

    /* What to do with one that has not, as a note. NONE: what the board's quirks say, or to unplug it. */
    fettle_note_code stays;

    /*
     * The job is over, and the board stays as it is: brings what was begun with it to its end. NULL: it is at rest, or
     * not to be brought there. What comes of it doesn't matter.
     */
    fettle_engine *(*rest)(fettle_job_engine *job);

    /* A better next action for `engine.error` than its own, constant, or NULL. NULL: this way knows none. */
    const char *(*hint)(const fettle_job_engine *job);

    /* It has stayed: the n-th other word that some boards take for "leave". NULL: there are no more. */
    fettle_engine *(*leave_otherwise)(fettle_job_engine *job, unsigned nth);

    fettle_engine *(*read)(fettle_job_engine *job, uint8_t *buffer, size_t size);
    size_t (*read_count)(const fettle_job_engine *job);
} fettle_way;

extern const fettle_way fettle_way_dfu, fettle_way_dfuse, fettle_way_esp;

struct fettle_job_engine {
    fettle_engine engine;
    fettle_observed observed; /* for the runner */
    const fettle_plan *plan;
    const fettle_way *way;
    uint8_t *buffer; /* READ: the caller's */
    size_t buffer_size;

    /* results */
    fettle_job_end end;
    fettle_evidence evidence;
    bool has_written;
    uint32_t repaired;       /* blocks */
    size_t count;            /* READ: bytes */
    fettle_mode mode;        /* last seen */
    fettle_sight sight;      /* last seen; path empty: never */
    fettle_usb_id loader_id; /* in update mode, once it was seen so; 0:0: never */
    char loader_serial[FETTLE_TEXT_SIZE];
    uint16_t version_before, version_after; /* bcdDevice of the application; 0: not seen */

    /* Of the caller's; DfuSe needs some, once, before its work begins. */
    const fettle_memory_ops *memory;

    /*
     * What an earlier update of this board has kept of a page that it couldn't finish: false, there is nothing.
     * May be NULL.
     */
    bool (*recall)(
        void *user, const char *path, uint8_t alternate, uint32_t address, uint8_t *bytes,
        uint32_t size); /* 2 * size: the rest, and the page as it was to become */
    void *recall_user;

    /*
     * Looks for the stub of an ESP chip ("esp32"). False: there is none. What it fills in must outlive the job. May be
     * NULL.
     */
    bool (*find_stub)(void *user, const char *chip, fettle_esp_stub *stub);
    void *find_stub_user;

    /* The rate that a serial line has held in an earlier session; 0: not known. May be NULL. */
    uint32_t (*recall_baud)(void *user, const fettle_sight *sight);
    void *recall_baud_user;

    fettle_vendors vendors; /* whose carriers and modules are known; of the caller's */

    /* Saves what can't be replaced, and finds it again. False: it is not saved (`err`), there is none. May be NULL. */
    bool (*keep)(void *user, const fettle_module_keepsake *what, fettle_error *err);
    bool (*recall_kept)(void *user, const uint8_t mac[6], uint8_t *bytes, size_t size);
    const char *(*recall_module)(
        void *user, const uint8_t mac[6]); /* which module that was; NULL: not known */
    bool module_is_said;                   /* a person has named it */
    bool means_module;                     /* a person means one, named or not */
    /* Which module was on this port the last time, its row's id. False: nothing is remembered. May be NULL. */
    bool (*recall_place)(void *user, const char *path, char *id, size_t room);
    bool (*recall_table)(void *user, const uint8_t mac[6], uint8_t *bytes, size_t size);
    void *keep_user;

    /* the job's own, from its beginning to its end */
    fettle_effect (*then)(fettle_job_engine *job, const fettle_outcome *last,
                          fettle_us now);
    fettle_error first_error; /* of the first try, once there is a second */
    unsigned tries, misses, windows_missed, repairs, rewrites;
    fettle_us armed_until, open_until, grace_until, busy_until;
    uint32_t after_arrival;
    bool is_open;         /* a board was opened: from then on a second try makes sense */
    bool was_mass_erased; /* in this try or an earlier one; once is enough */
    bool erases_by_pages; /* the board has refused to erase all at once */
    bool is_met;          /* and it is open now, and the way knows it */
    bool was_app_seen;    /* so it must come up again in the end */
    bool was_read_early;  /* it can be read before the end: a failure to do so is one */
    bool is_unfinished;   /* blocks were written, and nothing says that the end was taken */
    bool must_write;      /* all of it, whatever the memory holds; until that has begun */
    bool has_looked_again; /* what could not be read after the end was read in the loader */
    bool has_missed;       /* a window, just now: the application then starts by itself */
    bool was_unprotected;  /* by us; at most once */
    bool end_was_refused;  /* or not answered by a board that is still there */

    /* what a second try begins anew */
    struct {
        unsigned entries,
            returns;          /* applications asked to make way; loaders that came back */
        bool left_late;       /* the reset was no farewell, and yet it went */
        bool is_armed;        /* a person was asked, `armed_until` counts */
        bool has_asked;       /* a person was asked instead of an application */
        bool was_mass_erased; /* and nothing is left to be compared */
        /* The first look for its application, to see whether it leaves at all. */
        bool was_brief;
        unsigned farewells;   /* other words for "leave" that were tried */
        bool must_read_again; /* written, left, and to be read once it has made way again */
        bool was_patient;     /* longer than is usual, for a board that had left */
        bool has_restarted;   /* by itself, with what was written */
    } attempt;
    fettle_face faces[FETTLE_FACES_MAX];

    /* the way's own */
    fettle_usb_descriptors descriptors;
    const fettle_dfu_interface *interface; /* in `descriptors` */
    fettle_dfu dfu;
    fettle_names names; /* of the memories, in the order of `interface` */
    bool has_names;
    fettle_dfuse dfuse;
    fettle_target target;
    bool has_target;      /* it is settled; kept from one try to the next */
    size_t main_memory;   /* of the target: where content without a place goes */
    uint8_t entry_memory; /* of the target */
    uint32_t entry;       /* DfuSe: where the application begins */
    uint32_t read_address, read_size;
    const fettle_carrier_ops *carrier; /* carrier.c's */
    /* What it sits on, or is: it was asked; or NULL. */
    const fettle_carrier_ops *carrier_known;
    fettle_effect (*carrier_next)(fettle_job_engine *job, fettle_us now);
    bool carrier_was_asked[2], carrier_is_after;
    /* Before, and after; has_firmware false: not known. */
    fettle_carrier_facts carrier_facts[2];
    fettle_esp_work esp;
    fettle_esp_layout layout;
    struct {
        fettle_esp_board board;
        fettle_module_look look;
        fettle_module_work work;
        bool brings_own; /* ids and keys of its own, out of the backup that is restored */
        bool was_kept;
        uint8_t kept_mac[6]; /* whose that was */
        uint8_t kept[FETTLE_MODULE_KEPT_MAX];
        fettle_partitions table_before;
        char version_before[FETTLE_MODULE_VERSION_SIZE]; /* of its firmware; or empty */
        uint8_t version_mac[6];                          /* whose that was */
        uint8_t fates_mac[6];                            /* and whose the fates are */
        char version_after[FETTLE_MODULE_VERSION_SIZE];  /* of what it is to start */
    } module;
    size_t erase_range_count;
    fettle_module_range erase_ranges[FETTLE_ERASE_RANGES_MAX];
    union {
        max_align_t alignment;
        uint8_t bytes[FETTLE_CARRIER_ROOM];
    } carrier_room;
    fettle_esp_stub stub;
    const char *esp_reset; /* the sequence that a person wants, or NULL */
    uint32_t esp_bauds[FETTLE_JOB_BAUDS_MAX];
    uint32_t known_baud;    /* by recall_baud() */
    bool has_said_farewell; /* ESP: it was restarted into its application */
    fettle_effect (*after_erase)(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_us now); /* write.c's */
    bool repairs_next;
    uint32_t write_share;
};

/* The row whose words tell a person what to do by hand: the plan's, or as good as can be told of an ESP board. Constant. */
const fettle_board_row *fettle_job_hand_row(const fettle_job_engine *job);

/* "Pytrack"; "STM32 in its boot ROM" where only the loader is known. Constant. */
const char *fettle_job_board_name(const fettle_job_engine *job);

/* "cannot update {board}", with a port "cannot update {board} on {port}": outermost in each error. */
fettle_clause fettle_job_clause(const fettle_plan *plan, bool has_port);

/*
 * Readies a job. `plan` must be without open questions, and outlive the job, as `buffer` must (READ:
 * `buffer_size` bytes; else NULL, 0).
 */
void fettle_job_engine_init(fettle_job_engine *job, const fettle_plan *plan,
                            uint8_t *buffer, size_t buffer_size,
                            const fettle_memory_ops *memory);

/* Gives back what it took while it ran. After the end, and once; takes a job that never ran. */
void fettle_job_engine_finish(fettle_job_engine *job);

#endif
