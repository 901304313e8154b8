/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds anything at all, up to its first NUL, to the reader of memory strings and holds it to its
 * contract: zones are sorted, never empty, never on each other and within 32 bits, and every address
 * of a zone belongs to exactly the page that its zone says.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/memory_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SPACE_SIZE UINT64_C(0x100000000)

static void check_page(const fettle_memory_map *map, const fettle_zone *zone,
                       uint32_t number, uint64_t before)
{
    uint32_t address = zone->address + number * zone->page_size;
    fettle_page page = {0};
    for (unsigned last = 0; last <= 1; last++) {
        bool is_there =
            fettle_memory_map_page(map, address + last * (zone->page_size - 1), &page);
        assert(is_there);
        assert(page.address == address && page.size == zone->page_size);
        assert(page.index == before + number);
        assert(page.can_read == zone->can_read && page.can_erase == zone->can_erase &&
               page.can_write == zone->can_write);
        (void)is_there;
    }
    (void)before;
}

static void check_map(const fettle_memory_map *map)
{
    uint64_t end = 0, bytes = 0, pages = 0;
    fettle_page page;
    assert(map->zone_count >= 1 && map->zone_count <= FETTLE_ZONES_MAX);
    for (size_t i = 0; i < map->zone_count; i++) {
        const fettle_zone *zone = &map->zones[i];
        assert(zone->page_size > 0 && zone->page_count > 0);
        assert(zone->address >= end);
        if (zone->address > end) { /* in the gap */
            assert(!fettle_memory_map_page(map, zone->address - 1, &page));
            assert(!fettle_memory_map_page(map, (uint32_t)end, &page));
        }
        check_page(map, zone, 0, pages);
        check_page(map, zone, zone->page_count / 2, pages);
        check_page(map, zone, zone->page_count - 1, pages);
        bytes += (uint64_t)zone->page_size * zone->page_count;
        pages += zone->page_count;
        end = zone->address + (uint64_t)zone->page_size * zone->page_count;
        assert(end <= SPACE_SIZE);
    }
    assert(end == SPACE_SIZE || !fettle_memory_map_page(map, (uint32_t)end, &page));
    assert(bytes == fettle_memory_map_size(map));
    assert(pages == fettle_memory_map_page_count(map));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';

    fettle_memory_map map;
    fettle_error error = {0};
    if (fettle_memory_map_parse(&map, text, &error)) {
        assert(error.code == FETTLE_E_NONE);
        check_map(&map);
    } else {
        assert(error.code == FETTLE_E_UNEXPECTED_ANSWER);
        assert(map.zone_count == 0);
        assert(fettle_memory_map_size(&map) == 0);
    }
    assert(memchr(map.name, '\0', sizeof map.name) != NULL);
    free(text);
    return 0;
}
