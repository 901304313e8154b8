/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an update wants of a DfuSe device: content at addresses, and the pages that hold it. The list of pages is made
 * once, over all content of all memories: each page once, in the order of memories and addresses, and only
 * after every byte was found to have a place that can be written. Whoever erases walks this list, so that no
 * page is erased twice and none that holds no content.
 *
 * A page that is covered only in part has other bytes: its rest. It is read before the page is erased and
 * written back with the content, or given up when a person says so.
 *
 * Pure. Memory comes from the caller, and is asked for before the work begins, never in it. Content is borrowed.
 */
#ifndef FETTLE_PROTO_DFUSE_TARGET_H
#define FETTLE_PROTO_DFUSE_TARGET_H

#include "proto/memory_map.h"
#include "proto/memory_ops.h"

enum {
    FETTLE_TARGET_MEMORIES_MAX = 16,
    FETTLE_TARGET_PAGES_MAX = 65536,
    FETTLE_TARGET_REST_MAX = 16 * 1024 * 1024, /* bytes that are kept at a time */
};

/* Content, sorted by memory and address, without overlaps. */
typedef struct fettle_chunk {
    uint8_t memory; /* index of one of the target's */
    uint32_t address;
    fettle_span data; /* never empty, never beyond 0xFFFFFFFF */
} fettle_chunk;

typedef struct fettle_target_page {
    uint32_t address, size;
    uint32_t first_chunk; /* the first that reaches into it */
    uint8_t memory;
    bool can_read, can_erase;
    bool is_partial;  /* some of its bytes are not content */
    bool differs;     /* it must be written */
    bool is_erased;   /* by us */
    bool is_clean;    /* and nothing was written to it since */
    bool is_recalled; /* `rest` comes from an earlier update, which was cut off */
    bool is_stale;    /* and the board doesn't look like that any more */
    uint32_t checked; /* recalled: so many of its bytes were compared with the board */
    uint8_t *room;    /* twice its size: for `rest`, and for `meant`; the target's */
    /* Recalled: what the update that was cut off would have made of the page. */
    uint8_t *meant;
    /* Its bytes as they were before the erase, once all are known; else NULL. */
    uint8_t *rest;
} fettle_target_page;

typedef struct fettle_target_memory {
    uint8_t alternate; /* bAlternateSetting */
    fettle_memory_map map;
} fettle_target_memory;

typedef struct fettle_target {
    const fettle_memory_ops *ops;
    size_t memory_count;
    fettle_target_memory memories[FETTLE_TARGET_MEMORIES_MAX];
    size_t chunk_count;
    fettle_chunk *chunks;
    size_t page_count;
    fettle_target_page *pages;
    size_t rest_size; /* bytes of all rests together */
    uint8_t blank;    /* what an erased byte reads as */
} fettle_target;

/* Empty. `ops` outlives it. */
void fettle_target_init(fettle_target *target, uint8_t blank, const fettle_memory_ops *ops);
void fettle_target_free(fettle_target *target);

/* Adds content, in any order; before fettle_target_settle(). False: NO_MEMORY. */
bool fettle_target_add(fettle_target *target, uint8_t memory, uint32_t address,
                       fettle_span data, fettle_error *err);

/*
 * Makes the list of pages. `all_bytes` (to erase): no content, the pages of [address, address + size) of the one
 * memory. False: ADDRESS_OUTSIDE (no page there), ADDRESS_READ_ONLY, NO_MEMORY; nothing is to be begun then.
 */
bool fettle_target_settle(fettle_target *target, fettle_error *err);
bool fettle_target_settle_range(fettle_target *target, uint8_t memory, uint32_t address,
                                uint64_t size, fettle_error *err);

/* The next run of content at or after `address` in this page; false: there is no more. */
bool fettle_target_covered(const fettle_target *target, const fettle_target_page *page,
                           uint32_t address, uint32_t *from, uint32_t *size);

/* Bytes as they must be in the end: content, else the rest, else blank. Within the page. */
void fettle_target_fill(const fettle_target *target, const fettle_target_page *page,
                        uint32_t address, uint8_t *bytes, uint32_t size);

/* Are these bytes of the board as they must be, where it matters: content, and the rest if it is kept? */
bool fettle_target_is_right(const fettle_target *target, const fettle_target_page *page,
                            uint32_t address, const uint8_t *bytes, uint32_t size);

/* Room for the rest of a page, to be filled in; then rest = room. Before the work. False: NO_MEMORY. */
bool fettle_target_keep_rest(fettle_target *target, fettle_target_page *page,
                             fettle_error *err);

/*
 * Could these bytes of the board be what an update has left that was cut off? Beside content they are as in the
 * rest that was kept, as that update meant them to become, or blank.
 */
bool fettle_target_fits_rest(const fettle_target *target, const fettle_target_page *page,
                             uint32_t address, const uint8_t *bytes, uint32_t size);

void fettle_target_drop_rest(fettle_target_page *page);

/* Is the rest there, and if it was recalled, was all of it seen to fit? */
bool fettle_target_knows_rest(const fettle_target_page *page);

/* How many pages differ, and where the first one begins. */
uint32_t fettle_target_differing(const fettle_target *target, uint32_t *first_address);

#endif
