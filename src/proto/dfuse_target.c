/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dfuse_target.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void fettle_target_init(fettle_target *target, uint8_t blank, const fettle_memory_ops *ops)
{
    memset(target, 0, sizeof *target);
    target->ops = ops;
    target->blank = blank;
}

void fettle_target_free(fettle_target *target)
{
    const fettle_memory_ops *ops = target->ops;
    if (ops == NULL) {
        return; /* it never was one */
    }
    for (size_t i = 0; i < target->page_count; i++) {
        ops->give(target->pages[i].room);
    }
    ops->give(target->pages);
    ops->give(target->chunks);
    fettle_target_init(target, target->blank, ops);
}

/* ---- growing lists ---- */

enum { FIRST_ROOM = 16 };

/* Is a list of so many full? Its room is always FIRST_ROOM times a power of two. */
static bool is_full(size_t count)
{
    return count == 0 || (count >= FIRST_ROOM && (count & (count - 1)) == 0);
}

static void *grow(const fettle_target *target, void *list, size_t count, size_t size,
                  fettle_error *err)
{
    size_t room = count == 0 ? FIRST_ROOM : 2 * count;
    void *larger = target->ops->take(room * size);
    if (larger == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = room * size});
        return NULL;
    }
    if (list != NULL) {
        memcpy(larger, list, count * size);
    }
    target->ops->give(list);
    return larger;
}

/* ---- content ---- */

static bool is_before(const fettle_chunk *a, const fettle_chunk *b)
{
    return a->memory != b->memory ? a->memory < b->memory : a->address < b->address;
}

bool fettle_target_add(fettle_target *target, uint8_t memory, uint32_t address,
                       fettle_span data, fettle_error *err)
{
    assert(memory < target->memory_count && data.size > 0);
    if (is_full(target->chunk_count)) {
        fettle_chunk *chunks =
            grow(target, target->chunks, target->chunk_count, sizeof *chunks, err);
        if (chunks == NULL) {
            return false;
        }
        target->chunks = chunks;
    }
    assert(target->chunks != NULL);
    fettle_chunk chunk = {.memory = memory, .address = address, .data = data};
    size_t at = target->chunk_count++;
    for (; at > 0 && is_before(&chunk, &target->chunks[at - 1]); at--) {
        target->chunks[at] = target->chunks[at - 1]; /* mostly they come in order */
    }
    target->chunks[at] = chunk;
    return true;
}

static uint64_t end_of(const fettle_chunk *chunk)
{
    return (uint64_t)chunk->address + chunk->data.size;
}

static uint64_t page_end(const fettle_target_page *page)
{
    return (uint64_t)page->address + page->size;
}

bool fettle_target_covered(const fettle_target *target, const fettle_target_page *page,
                           uint32_t address, uint32_t *from, uint32_t *size)
{
    for (size_t i = page->first_chunk; i < target->chunk_count; i++) {
        const fettle_chunk *chunk = &target->chunks[i];
        if (chunk->memory != page->memory || chunk->address >= page_end(page) ||
            address >= page_end(page)) {
            return false;
        }
        if (end_of(chunk) <= address) {
            continue;
        }
        *from = chunk->address > address ? chunk->address : address;
        uint64_t end = end_of(chunk) < page_end(page) ? end_of(chunk) : page_end(page);
        for (size_t next = i + 1; next < target->chunk_count && end < page_end(page) &&
                                  target->chunks[next].memory == page->memory &&
                                  target->chunks[next].address == end;
             next++) { /* chunks that touch are one run */
            uint64_t more = end_of(&target->chunks[next]);
            end = more < page_end(page) ? more : page_end(page);
        }
        *size = (uint32_t)(end - *from);
        return true;
    }
    return false;
}

void fettle_target_fill(const fettle_target *target, const fettle_target_page *page,
                        uint32_t address, uint8_t *bytes, uint32_t size)
{
    uint64_t end = (uint64_t)address + size;
    assert(address >= page->address && end <= page_end(page));
    if (page->rest != NULL) {
        memcpy(bytes, page->rest + (address - page->address), size);
    } else {
        memset(bytes, target->blank, size);
    }
    for (size_t i = page->first_chunk; i < target->chunk_count; i++) {
        const fettle_chunk *chunk = &target->chunks[i];
        if (chunk->memory != page->memory || chunk->address >= end) {
            break;
        }
        uint64_t from = chunk->address > address ? chunk->address : address;
        uint64_t to = end_of(chunk) < end ? end_of(chunk) : end;
        if (from < to) {
            memcpy(bytes + (from - address), chunk->data.data + (from - chunk->address),
                   (size_t)(to - from));
        }
    }
}

static bool is_rest_right(const fettle_target_page *page, uint32_t address,
                          const uint8_t *bytes, uint32_t size)
{
    return page->rest == NULL ||
           memcmp(page->rest + (address - page->address), bytes, size) == 0;
}

bool fettle_target_is_right(const fettle_target *target, const fettle_target_page *page,
                            uint32_t address, const uint8_t *bytes, uint32_t size)
{
    uint64_t at = address, end = at + size; /* may be 2^32 */
    uint32_t from, covered;
    while (at < end && fettle_target_covered(target, page, (uint32_t)at, &from, &covered) &&
           from < end) {
        uint64_t to = (uint64_t)from + covered < end ? (uint64_t)from + covered : end;
        uint8_t wanted[256];
        if (!is_rest_right(page, (uint32_t)at, bytes + (at - address),
                           (uint32_t)(from - at))) {
            return false;
        }
        for (at = from; at < to;) {
            uint32_t part = to - at < sizeof wanted ? (uint32_t)(to - at) : sizeof wanted;
            fettle_target_fill(target, page, (uint32_t)at, wanted, part);
            if (memcmp(wanted, bytes + (at - address), part) != 0) {
                return false;
            }
            at += part;
        }
    }
    return at == end ||
           is_rest_right(page, (uint32_t)at, bytes + (at - address), (uint32_t)(end - at));
}

/* ---- pages ---- */

static bool refuse_address(const char *why, uint32_t address, fettle_code code,
                           fettle_error *err)
{
    fettle_error_set(err, code, &(fettle_words){.text = why, .address = address});
    err->has_address = true;
    err->address = address;
    return false;
}

static bool add_page(fettle_target *target, uint8_t memory, const fettle_page *page,
                     size_t first_chunk, fettle_error *err)
{
    if (target->page_count == FETTLE_TARGET_PAGES_MAX) {
        fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                         &(fettle_words){.text = "more than 65536 pages at a time"});
        return false;
    }
    if (is_full(target->page_count)) {
        fettle_target_page *pages =
            grow(target, target->pages, target->page_count, sizeof *pages, err);
        if (pages == NULL) {
            return false;
        }
        target->pages = pages;
    }
    assert(target->pages != NULL);
    target->pages[target->page_count++] = (fettle_target_page){
        .address = page->address,
        .size = page->size,
        .first_chunk = (uint32_t)first_chunk,
        .memory = memory,
        .can_read = page->can_read,
        .can_erase = page->can_erase,
    };
    return true;
}

/* The page of this address, if it isn't the last one that was added. */
static bool add_page_of(fettle_target *target, uint8_t memory, uint32_t address,
                        size_t first_chunk, uint64_t *end, fettle_error *err)
{
    const fettle_memory_map *map = &target->memories[memory].map;
    fettle_page page;
    if (!fettle_memory_map_page(map, address, &page)) {
        return refuse_address(map->name, address, FETTLE_E_ADDRESS_OUTSIDE, err);
    }
    if (!page.can_write) {
        return refuse_address(map->name, address, FETTLE_E_ADDRESS_READ_ONLY, err);
    }
    *end = (uint64_t)page.address + page.size;
    const fettle_target_page *last =
        target->page_count > 0 ? &target->pages[target->page_count - 1] : NULL;
    if (last != NULL && last->memory == memory && last->address == page.address) {
        return true;
    }
    return add_page(target, memory, &page, first_chunk, err);
}

static bool is_partial(const fettle_target *target, const fettle_target_page *page)
{
    uint32_t from, size;
    return !fettle_target_covered(target, page, page->address, &from, &size) ||
           from != page->address || size != page->size;
}

bool fettle_target_settle(fettle_target *target, fettle_error *err)
{
    for (size_t i = 0; i < target->chunk_count; i++) {
        const fettle_chunk *chunk = &target->chunks[i];
        for (uint64_t at = chunk->address; at < end_of(chunk);) {
            if (!add_page_of(target, chunk->memory, (uint32_t)at, i, &at, err)) {
                return false;
            }
        }
    }
    for (size_t i = 0; i < target->page_count; i++) {
        target->pages[i].is_partial = is_partial(target, &target->pages[i]);
    }
    return true;
}

bool fettle_target_settle_range(fettle_target *target, uint8_t memory, uint32_t address,
                                uint64_t size, fettle_error *err)
{
    for (uint64_t at = address; at < address + size;) {
        if (!add_page_of(target, memory, (uint32_t)at, target->chunk_count, &at, err)) {
            return false;
        }
        assert(target->pages != NULL);
        fettle_target_page *page = &target->pages[target->page_count - 1];
        if (!page->can_erase) {
            return refuse_address(target->memories[memory].map.name, page->address,
                                  FETTLE_E_ADDRESS_READ_ONLY, err);
        }
        page->differs = true;
    }
    return true;
}

bool fettle_target_keep_rest(fettle_target *target, fettle_target_page *page,
                             fettle_error *err)
{
    bool fits = page->size <= FETTLE_TARGET_REST_MAX - target->rest_size;
    page->room = fits ? target->ops->take(2 * (size_t)page->size) : NULL;
    if (page->room == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = page->size});
        return false;
    }
    target->rest_size += page->size;
    return true;
}

static bool is_as_left(const fettle_target_page *page, uint32_t at, uint8_t now)
{
    return now == page->rest[at] || now == page->meant[at] || now == 0xFF || now == 0x00;
}

bool fettle_target_fits_rest(const fettle_target *target, const fettle_target_page *page,
                             uint32_t address, const uint8_t *bytes, uint32_t size)
{
    uint64_t at = address, end = (uint64_t)address + size;
    while (at < end) {
        uint32_t from, covered = 0;
        bool is_there = fettle_target_covered(target, page, (uint32_t)at, &from, &covered);
        uint64_t to = is_there && from < end ? from : end;
        for (; at < to; at++) {
            if (!is_as_left(page, (uint32_t)(at - page->address), bytes[at - address])) {
                return false;
            }
        }
        at += covered;
    }
    return true;
}

void fettle_target_drop_rest(fettle_target_page *page)
{
    page->rest = NULL;
    page->is_recalled = page->is_stale = false;
    page->checked = 0;
}

bool fettle_target_knows_rest(const fettle_target_page *page)
{
    return page->rest != NULL && (!page->is_recalled || page->checked == page->size);
}

uint32_t fettle_target_differing(const fettle_target *target, uint32_t *first_address)
{
    uint32_t count = 0;
    *first_address = 0;
    for (size_t i = 0; i < target->page_count; i++) {
        if (target->pages[i].differs) {
            *first_address = count == 0 ? target->pages[i].address : *first_address;
            count++;
        }
    }
    return count;
}
