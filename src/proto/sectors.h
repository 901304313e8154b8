/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an update wants of a flash chip behind a loader that takes any address: content, cut into the sectors that an
 * erase takes. Each sector once, in the order of addresses; what a compare has found is noted in them, and what
 * is to be done follows: runs of sectors that differ, either to be written, or to be erased and no more.
 *
 * Pure. Memory comes from the caller, content is borrowed and outlives it.
 */
#ifndef FETTLE_PROTO_SECTORS_H
#define FETTLE_PROTO_SECTORS_H

#include "fettle/outcome.h"
#include "proto/memory_ops.h"

enum {
    /* The smallest erase of every NOR flash that ESP chips start from. */
    FETTLE_SECTOR_SIZE = 0x1000,
    FETTLE_FLASH_BLOCK_SIZE = 0x10000, /* the large one */
    FETTLE_SECTORS_MAX = 65536,        /* 256 MiB, which no file exceeds */
};

typedef struct fettle_sector {
    uint32_t address;
    fettle_span data; /* content from its beginning on; 1 to FETTLE_SECTOR_SIZE bytes */
    bool is_blank;    /* all of it is 0xFF, which is what an erase leaves */
    bool differs;
} fettle_sector;

/* Sectors that follow each other, in the flash and in the content, and are treated alike. */
typedef struct fettle_sector_run {
    uint32_t address;
    fettle_span data;
    bool is_blank;        /* to be erased: `data` need not be sent */
    fettle_span deflated; /* the same as a zlib stream, or empty: it isn't worth it */
    void *memory;         /* of `deflated`, given back with the list; or NULL */
} fettle_sector_run;

typedef struct fettle_sectors {
    const fettle_memory_ops *ops;
    size_t count;
    fettle_sector *list;
    size_t run_count; /* of fettle_sectors_make_runs() */
    fettle_sector_run *runs;
} fettle_sectors;

void fettle_sectors_init(fettle_sectors *sectors, const fettle_memory_ops *ops);
void fettle_sectors_free(fettle_sectors *sectors);

/*
 * Adds content, in any order. `address` is a multiple of FETTLE_SECTOR_SIZE, and no byte is added twice. False:
 * NO_MEMORY; IMAGE_TOO_LARGE with more than FETTLE_SECTORS_MAX.
 */
bool fettle_sectors_add(fettle_sectors *sectors, uint32_t address, fettle_span data,
                        fettle_error *err);

/* Makes the same of all sectors. */
void fettle_sectors_mark(fettle_sectors *sectors, bool differs);

/* How many differ, and where the first one is. */
uint32_t fettle_sectors_differing(const fettle_sectors *sectors, uint32_t *first_address);

/*
 * A piece of content from this sector on that can be looked at in one go: to the end of its large block, as far as
 * content goes on without a gap. Returns how many sectors it has; `data` are their bytes.
 */
size_t fettle_sectors_block(const fettle_sectors *sectors, size_t first, fettle_span *data);

/* Makes the list of runs anew, from what differs. Nothing is deflated yet. False: NO_MEMORY. */
bool fettle_sectors_make_runs(fettle_sectors *sectors, fettle_error *err);

/* Bytes that will be sent, before anything is deflated. */
uint64_t fettle_sectors_bytes(const fettle_sectors *sectors);

#endif
