/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a DfuSe device says of one of its memories, in the name of the alternate setting (ST UM0424,
 * section 10.3.2):
 *
 *     @Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg
 *
 * The text is the device's and untrusted; what is read here is a value. A zone is a run of pages of one
 * size and with the same rights; pages need not be a power of two, nor zones begin at a multiple of them:
 * the n-th page of a zone begins at its address + n * page_size.
 *
 * Pure: no state, no memory, no system; safe from any thread.
 */
#ifndef FETTLE_PROTO_MEMORY_MAP_H
#define FETTLE_PROTO_MEMORY_MAP_H

#include "fettle/outcome.h"

enum {
    FETTLE_ZONES_MAX = 32, /* of one memory */
    FETTLE_MEMORY_NAME_SIZE = 64,
};

/* Zones never overlap, and end at or below 0x100000000. `page_size` and `page_count` are never 0. */
typedef struct fettle_zone {
    uint32_t address, page_size, page_count;
    bool can_read, can_erase, can_write;
} fettle_zone;

typedef struct fettle_memory_map {
    char name
        [FETTLE_MEMORY_NAME_SIZE]; /* without the @ and the spaces around it; escaped for nobody */
    size_t zone_count;             /* at least 1; sorted by address */
    fettle_zone zones[FETTLE_ZONES_MAX];
} fettle_memory_map;

/* A page, by where it is. `index` counts from the first page of the first zone. */
typedef struct fettle_page {
    uint32_t address, size, index;
    bool can_read, can_erase, can_write;
} fettle_page;

/*
 * False with UNEXPECTED_ANSWER where the text is no memory string; the sentence says what is wrong with it,
 * and `map` is empty then but for the name, which is the whole text for a text without @. Takes everything
 * that was seen in the wild: one to four digits and more, missing multipliers, spaces for B, several addresses in
 * one string, garbage behind the last zone.
 */
bool fettle_memory_map_parse(fettle_memory_map *map, const char *text, fettle_error *err);

/* The page that holds this address. False: no zone does. */
bool fettle_memory_map_page(const fettle_memory_map *map, uint32_t address,
                            fettle_page *page);

/* Bytes, of all zones; pages, of all zones. */
uint64_t fettle_memory_map_size(const fettle_memory_map *map);
uint64_t fettle_memory_map_page_count(const fettle_memory_map *map);

#endif
