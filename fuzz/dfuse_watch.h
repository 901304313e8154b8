/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who watches a whole DfuSe job in fuzz_dfuse.c: sees each effect before it is performed, and each outcome, and aborts
 * where something is asked for, or said, that must not be. It knows the wishes and the image, reads the maps as the
 * board has told them, and keeps book of what was delivered; of the job it uses where it has settled what goes where.
 *
 *   dfuse_meant.c   which byte and which page is meant
 *   dfuse_watch.c   what may be asked of the board, what came of it, and how it may end
 */
#ifndef FETTLE_FUZZ_DFUSE_WATCH_H
#define FETTLE_FUZZ_DFUSE_WATCH_H

#include "fuzz/dfuse_board.h"
#include "job/job.h"

enum {
    WATCH_REGIONS_MAX = 2,
    WATCH_CONTENT_MAX = 1024, /* bytes of a region */
    NOWHERE = -1,             /* no alternate setting is known to be selected */
};

/* Content, and what was last delivered from its place. */
struct chunk {
    uint8_t alternate;
    uint32_t address;
    fettle_span data;
    uint32_t equal_in[WATCH_CONTENT_MAX *
                      WATCH_REGIONS_MAX]; /* the `age` in which it was as in the file */
};

/* The same for all other bytes of a memory. */
enum {
    IS_KNOWN = 1,   /* delivered before it was erased */
    IS_ERASED = 2,  /* by us */
    IS_WRITTEN = 4, /* by us, since it was erased */
};
struct seen {
    uint8_t value[BOARD_WINDOW], flags[BOARD_WINDOW];
    uint32_t age[BOARD_WINDOW]; /* in which it was delivered */
};

/* What the board has been told, as far as the job can know. */
struct view {
    int alternate;
    bool has_pointer, is_setting; /* the pointer: set; not answered yet */
    uint32_t pointer;
};

struct watch {
    struct board *board;
    const fettle_plan *plan;
    fettle_job_engine *job;
    bool has_lied; /* the input: what the board said isn't what it holds */

    struct view view;
    char names[BOARD_MEMORIES_MAX][FETTLE_TEXT_SIZE]; /* as delivered */
    bool has_brace;   /* in something that the board has said */
    bool was_refused; /* for its protection */
    bool was_unprotected;
    unsigned changes; /* of the board, that were asked for */
    uint32_t age;     /* what was delivered in an earlier one may not be so any more */
    bool is_placed;
    size_t chunk_count;
    struct chunk chunks[WATCH_REGIONS_MAX];
    struct seen seen[BOARD_MEMORIES_MAX];
};

/* All zeros before. What it points to outlives it. */
void watch_init(struct watch *watch, struct board *board, const fettle_plan *plan,
                fettle_job_engine *job);

void watch_effect(struct watch *watch, const fettle_effect *effect, fettle_us now);
void watch_outcome(struct watch *watch, const fettle_effect *effect,
                   const fettle_outcome *outcome);
void watch_end(struct watch *watch, bool is_done);

/* A failure has words for a person, in one line. */
void watch_failure(const struct watch *watch, const fettle_error *error);

/* ---- what is meant (dfuse_meant.c) ---- */

/* Once the job has settled what goes where. */
void meant_place(struct watch *watch);

/* The map of this memory, as the job knows it. NULL: it knows none. */
const fettle_memory_map *meant_map(const struct watch *watch, int alternate);
const fettle_target_memory *meant_main(const struct watch *watch);
uint32_t meant_first_writable(const fettle_memory_map *map);

/* Option bytes and the like. */
bool meant_is_special(const fettle_memory_map *map);

/* May the end marker be sent with the pointer there? */
bool meant_is_start(const struct watch *watch, uint32_t address);

/* The content byte at this place; NULL: there is none. */
const uint8_t *meant_content(struct watch *watch, int alternate, uint32_t address,
                             uint32_t **equal_in);

/* Does the page hold content, or for `erase`, some of the range? */
bool meant_holds(const struct watch *watch, int alternate, const fettle_page *page);
bool meant_is_page(const struct watch *watch, int alternate, const fettle_page *page);

/* Must other bytes in pages of this memory be as before? */
bool meant_keeps_rest(const struct watch *watch, int alternate);

#endif
