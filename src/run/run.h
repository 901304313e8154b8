/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner: the one loop that waits. It takes effects from a task, has a port perform them, and
 * tells a listener what happens. A port is one function, so what stands in front of a port (record,
 * faults, throttle) is one function too, and goes on working when the board leaves and another link
 * takes its place.
 *
 *   task --effect--> run --> record --> faults --> host --> bus, link, clock
 *
 * Everything here lives in the caller's memory, and only fettle_host_init() allocates. A run and its
 * ports belong to one thread; different runs share nothing but clock and buses.
 */
#ifndef FETTLE_RUN_H
#define FETTLE_RUN_H

#include "base/cancel.h"
#include "base/effect.h"

enum {
    FETTLE_BUSES_MAX = 8,
    FETTLE_SIGHTS_MAX = 64,    /* a bus; further boards are not seen */
    FETTLE_TIDY_EFFECTS = 40,  /* after a cancel, ... */
    FETTLE_TIDY_US = 2000000,  /* ... and in all */
    FETTLE_JUMP_US = 2000000,  /* a clock that jumps by more than this was suspended */
    FETTLE_LINE_SIZE = 140000, /* room for a line about any OPEN and any control transfer */
    FETTLE_MANY_MAX = 32,
    FETTLE_HELD_BYTES = 4096,
};

/*
 * Performs one effect; never RUN, DONE or FAILED. What the outcome points to is valid until the
 * next call. With `cancel` NULL it can't be cancelled.
 */
typedef struct fettle_port fettle_port;
struct fettle_port {
    fettle_outcome (*perform)(fettle_port *port, const fettle_effect *effect,
                              const fettle_cancel *cancel);
};

/* ---- the innermost port: effects to transports ---- */

typedef struct fettle_host_bus {
    const fettle_bus_ops *ops;
    void *self;
    uint64_t change; /* of the last look */
    uint32_t newest; /* arrival that a look of the present OPEN has shown */
} fettle_host_bus;

/*
 * OPEN, on all buses together:
  *   - no board matches: waits for a change until `until`, then TIMEOUT. It looks once in any case.
 *     `count` is then how many others have arrived meanwhile, `sight` the last of them or NULL;
 *   - several boards (paths) match: ERROR, SEVERAL, at once; `count` boards, `sight` is the first;
 *   - one: OK; with a face that is LINK_NONE nothing is opened. ERROR where its access, or opening
 *     it, says why not (BUSY only opening: it may be free by now); `sight` is then the board that
 *     is in the way. The face is that of fettle_match_face(match, sight).
 * A board that open() calls BUSY without a code of the system is held by another caller in this
 * program: it is waited for as if it were not there, unless the match names it by path or serial.
 *
 * `sight` of the outcome is the host's, valid until the next OPEN. Arrivals are counted by each bus,
 * so `after_arrival` goes with a path, or with a single bus.
 *
 * All other effects but SLEEP go to the open link: GONE if there is none, ERROR (SYSTEM) if it is of
 * the other kind. GONE closes it.
 */
typedef struct fettle_host {
    fettle_port port;
    const fettle_clock_ops *clock;
    void *clock_self;

    /*
     * For a clock that goes on while the computer is suspended: a jump of more than FETTLE_JUMP_US
     * between two effects, or past the deadline of one, means that the link is GONE. Off at first.
     */
    bool is_watching_for_suspend;

    /* the host's own */
    size_t bus_count;
    fettle_host_bus buses[FETTLE_BUSES_MAX];
    fettle_sight *sights; /* room for one look at one bus */
    bool is_open, has_ended_one, has_jumped;
    fettle_us ended; /* when the last effect did */
    fettle_link link;
    fettle_sight sight;
    fettle_sight stranger; /* the last one that arrived and didn't match */
    size_t strangers;
} fettle_host;

/* A host without buses. False: no memory (some 300 KB). The clock must outlive the host. */
bool fettle_host_init(fettle_host *host, const fettle_clock_ops *clock, void *clock_self);

/* False: there are FETTLE_BUSES_MAX already. The bus must outlive the host. */
bool fettle_host_add_bus(fettle_host *host, const fettle_bus_ops *ops, void *bus);

/* Closes the link if one is open, and releases the memory. Harmless after a failed init. */
void fettle_host_finish(fettle_host *host);

/* ---- the loop ---- */

typedef enum fettle_run_event_kind {
    FETTLE_RUN_STAGE,      /* `stage` begins */
    FETTLE_RUN_PROGRESS,   /* `progress` grew */
    FETTLE_RUN_ASK,        /* a person must do something now: `ask` */
    FETTLE_RUN_ASK_OVER,   /* they did, or it is too late: `ask` is what was asked */
    FETTLE_RUN_NOTE,       /* `note`, `text` */
    FETTLE_RUN_WIRE,       /* `text`: a line about one effect and its outcome */
    FETTLE_RUN_BOARD_LEFT, /* `text`: its path */
    FETTLE_RUN_BOARD_BACK, /* seen first, or again: `text` its path, `sight`, `mode` of its face */
    FETTLE_RUN_DONE,   /* last */
    FETTLE_RUN_FAILED, /* last; `error` */
} fettle_run_event_kind;

/*
 * Order: STAGE before what belongs to it; every ASK has its ASK_OVER, before another ASK and before the
 * end; a board is BACK before it has LEFT; `progress` never goes down; DONE or FAILED once, last.
 */
typedef struct fettle_run_event {
    fettle_run_event_kind kind;
    fettle_us at;       /* since the first step */
    fettle_stage stage; /* the present one */
    uint32_t progress;  /* parts per million */
    fettle_ask ask;
    fettle_mode mode;
    fettle_note_code note;
    const char *text; /* never NULL */
    const fettle_sight *sight;
    const fettle_error *error;
} fettle_run_event;

/* In the thread of the run. Pointers of the event are valid during the call only. */
typedef void fettle_run_listener(void *user, const fettle_run_event *event);

/* All of it must outlive the run. */
typedef struct fettle_run_setup {
    fettle_engine *root;
    const fettle_observed *observed; /* of the root engine; NULL: no stages, no notes */
    fettle_port *port;               /* a host, or what stands in front of it */
    const fettle_clock_ops *clock;   /* the host's */
    void *clock_self;
    fettle_cancel *cancel;         /* NULL: can't be cancelled */
    fettle_run_listener *listener; /* NULL: nobody listens */
    void *user;
} fettle_run_setup;

typedef struct fettle_run_stage {
    fettle_us took;
    uint64_t bytes; /* that moved in it, both ways */
} fettle_run_stage;

typedef struct fettle_run {
    fettle_run_setup setup;
    fettle_task task; /* task.root->error says why it failed */

    /* what it came to; to be read at any time */
    uint64_t effects;   /* performed, of any kind */
    uint64_t transfers; /* CONTROL */
    uint64_t bytes_out, bytes_in;
    fettle_us slept; /* by SLEEP, on the clock */
    fettle_run_stage stages[FETTLE_STAGE_COUNT];

    /* the runner's own */
    fettle_outcome last;
    bool has_begun, is_tidying, is_board_there, has_ended, has_succeeded;
    unsigned tidy_effects; /* left */
    fettle_us began, marked, tidy_until;
    fettle_stage stage;
    size_t notes_told;
    uint32_t progress;
    fettle_ask asking;
    uint32_t board_arrival;
    char board_path[FETTLE_PATH_SIZE];
    char *line;
    size_t line_size;
} fettle_run;

void fettle_run_init(fettle_run *run, const fettle_run_setup *setup);

/*
 * WIRE events from now on, one for each effect. `line` is where they are written; with less than
 * FETTLE_LINE_SIZE bytes long ones are cut, end in "~", and can't be replayed.
 */
void fettle_run_trace(fettle_run *run, char *line, size_t line_size);

/* One effect. False once the task has ended: several boards can take turns in one loop. */
bool fettle_run_step(fettle_run *run);

/*
 * To the end. True if it worked; otherwise run->task.root->error says why.
 *
 * A cancel is told to the task once, as the outcome of the effect in flight. From then on nothing is
 * interrupted, but after FETTLE_TIDY_EFFECTS effects or FETTLE_TIDY_US the task is ended with
 * FETTLE_E_CANCELLED; so it is when it wants to sleep for longer than that.
 */
bool fettle_run_all(fettle_run *run);

/* ---- ports in front of a port ---- */

/* Writes each effect and its outcome as one line (line.h says how), for a replay. */
typedef void fettle_record_listener(void *user, const char *line);

typedef struct fettle_record {
    fettle_port port;
    fettle_port *inner;
    const fettle_clock_ops *clock;
    void *clock_self;
    char *line;
    size_t line_size;
    fettle_record_listener *listener;
    void *user;
    bool has_begun;
    fettle_us began; /* the first effect's begin: the zero of all time stamps */
} fettle_record;

/* `line` as in fettle_run_trace(). */
void fettle_record_init(fettle_record *record, fettle_port *inner,
                        const fettle_clock_ops *clock, void *clock_self, char *line,
                        size_t line_size, fettle_record_listener *listener, void *user);

/* Why a replay could not go on; also the `system` of its ERROR outcomes. */
typedef enum fettle_replay_problem {
    FETTLE_REPLAY_FINE,
    FETTLE_REPLAY_DIFFERENT,  /* another effect was recorded */
    FETTLE_REPLAY_ENDED,      /* the record has no more lines */
    FETTLE_REPLAY_UNREADABLE, /* the line makes no sense */
} fettle_replay_problem;

/*
 * Answers effects from a record instead of a board. Each effect must be the one that was recorded;
 * deadlines may differ. Once it can't go on it stays so: ERROR, SYSTEM. It brings the clock that
 * was recorded: fettle_replay_clock_ops with the replay as its self. Blank lines, and lines that
 * begin with "#", don't count.
 */
typedef struct fettle_replay {
    fettle_port port;
    fettle_span text; /* untrusted */
    size_t offset;
    size_t line; /* the last one that was read, from 1 */
    fettle_replay_problem problem;
    fettle_us now;
    fettle_sight sight;
} fettle_replay;

extern const fettle_clock_ops fettle_replay_clock_ops;

/* `text` must outlive the replay. */
void fettle_replay_init(fettle_replay *replay, fettle_span text);

/* Was everything used that is in the record? */
bool fettle_replay_is_over(const fettle_replay *replay);

typedef enum fettle_fault_kind {
    FETTLE_FAULT_OUTCOME, /* `outcome` instead of the real one */
    FETTLE_FAULT_SHORT,   /* what came in has one byte less */
    FETTLE_FAULT_FLIPPED, /* one bit of what came in is wrong */
    FETTLE_FAULT_DOUBLED, /* serial: what was read comes twice */
    FETTLE_FAULT_LATE,    /* serial: it comes with the next READ; this one is a TIMEOUT */
    FETTLE_FAULT_LOST,    /* serial: one byte of what came in is missing */
    FETTLE_FAULT_OUT_FLIPPED, /* serial: one bit of what goes out is wrong */
    FETTLE_FAULT_OUT_DOUBLED, /* serial: one byte of it goes out twice */
    FETTLE_FAULT_OUT_LOST,    /* serial: one byte of it doesn't go out */
} fettle_fault_kind;

typedef struct fettle_fault {
    fettle_fault_kind kind;
    unsigned at;   /* effect number, from 0 */
    unsigned byte; /* the one that is hit, from 1, counted round; 0: the middle */
    fettle_outcome_kind outcome; /* OK: bytes that go out are swallowed without a word */
    bool is_performed;           /* OUTCOME: it happened, and only the answer was lost */
} fettle_fault;

/*
 * Spoils one effect, if it can: OUTCOME OK and OUT_... need bytes that go out, all others but OUTCOME
 * need bytes that came in. `reached` says whether it could.
 */
typedef struct fettle_faults {
    fettle_port port;
    fettle_port *inner;
    fettle_fault fault;
    unsigned count; /* effects so far */
    bool reached;
    size_t held_count; /* bytes that a later READ will get */
    uint8_t held[FETTLE_HELD_BYTES];
} fettle_faults;

void fettle_faults_init(fettle_faults *faults, fettle_port *inner, fettle_fault fault);

/*
 * Makes every CONTROL, WRITE and READ take `delay` and the time that its bytes need at
 * `bytes_per_second` (0: no time), on the clock, in addition to what it takes by itself. A transfer
 * that would take longer than its deadline is not performed: TIMEOUT.
 */
typedef struct fettle_throttle {
    fettle_port port;
    fettle_port *inner;
    const fettle_clock_ops *clock;
    void *clock_self;
    uint32_t bytes_per_second;
    fettle_us delay;
} fettle_throttle;

void fettle_throttle_init(fettle_throttle *throttle, fettle_port *inner,
                          const fettle_clock_ops *clock, void *clock_self,
                          uint32_t bytes_per_second, fettle_us delay);

/* ---- many boards ---- */

/*
 * Runs up to FETTLE_MANY_MAX runs to their ends, one thread each, and returns when all have ended; what
 * came of each is in it. One listener at a time is called, in the threads of the runs. Where no
 * more threads are to be had, the rest run one after the other in the caller's.
 */
void fettle_many_run(fettle_run *const *runs, size_t count);

/* Cancels all of them. Any thread, any signal handler. */
void fettle_many_cancel(fettle_run *const *runs, size_t count);

#endif
