/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions in order. The sort is a heap sort, because files may be made by people who mean no good: it needs no memory
 * and has no order that makes it slow.
 */
#include "image/regions.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

/* ---- sorting ---- */

typedef struct heap {
    uint8_t *items;
    size_t size;
    bool (*is_before)(const void *a, const void *b);
} heap;

static uint8_t *item(const heap *self, size_t i)
{
    return self->items + i * self->size;
}

static void swap(const heap *self, size_t a, size_t b)
{
    uint8_t spare[FETTLE_SORT_ITEM_MAX];

    memcpy(spare, item(self, a), self->size);
    memcpy(item(self, a), item(self, b), self->size);
    memcpy(item(self, b), spare, self->size);
}

/* Lets item `i` sink to where both below it come before it. */
static void sink(const heap *self, size_t i, size_t count)
{
    for (size_t below = 2 * i + 1; below < count; below = 2 * i + 1) {
        if (below + 1 < count &&
            self->is_before(item(self, below), item(self, below + 1))) {
            below++;
        }
        if (!self->is_before(item(self, i), item(self, below))) {
            return;
        }
        swap(self, i, below);
        i = below;
    }
}

static bool is_sorted(const heap *self, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (self->is_before(item(self, i), item(self, i - 1))) {
            return false;
        }
    }
    return true;
}

void fettle_sort(void *items, size_t count, size_t size,
                 bool (*is_before)(const void *a, const void *b))
{
    heap self = {.items = items, .size = size, .is_before = is_before};

    assert(size <= FETTLE_SORT_ITEM_MAX);
    if (is_sorted(&self, count)) { /* as most files are */
        return;
    }
    for (size_t i = count / 2; i > 0; i--) {
        sink(&self, i - 1, count);
    }
    for (size_t last = count - 1; last > 0; last--) {
        swap(&self, 0, last);
        sink(&self, 0, last);
    }
}

/* ---- regions ---- */

uint64_t fettle_region_end(const fettle_region *region)
{
    return (uint64_t)region->address + region->data.size;
}

bool fettle_region_is_same_memory(const fettle_region *a, const fettle_region *b)
{
    return a->has_alternate == b->has_alternate &&
           (!a->has_alternate || a->alternate == b->alternate);
}

static bool is_region_before(const void *first, const void *second)
{
    const fettle_region *a = first, *b = second;

    if (a->has_alternate != b->has_alternate) {
        return b->has_alternate;
    }
    if (a->has_alternate && a->alternate != b->alternate) {
        return a->alternate < b->alternate;
    }
    if (a->address != b->address) {
        return a->address < b->address;
    }
    return (uintptr_t)a->data.data < (uintptr_t)b->data.data;
}

void fettle_regions_sort(fettle_region *regions, size_t count)
{
    fettle_sort(regions, count, sizeof *regions, is_region_before);
}

/* The last of the sorted regions of one memory that begins before `end`. NULL: none does. */
static const fettle_region *last_before(const fettle_region *regions, size_t count,
                                        uint64_t end)
{
    size_t from = 0, to = count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (regions[middle].address < end) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from > 0 ? &regions[from - 1] : NULL;
}

bool fettle_regions_find_overlap(const fettle_region *regions, size_t count,
                                 const fettle_region **a, const fettle_region **b)
{
    size_t without = 0; /* alternate: they come first */

    for (size_t i = 0; i < count; i++) {
        *b = &regions[i];
        *a = i > 0 ? &regions[i - 1] : NULL;
        if (i > 0 && fettle_region_is_same_memory(*a, *b) &&
            fettle_region_end(*a) > (*b)->address) {
            return true;
        }
        if (!(*b)->has_alternate) {
            without = i + 1;
            continue;
        }
        *a = last_before(regions, without, fettle_region_end(*b));
        if (*a != NULL && fettle_region_end(*a) > (*b)->address) {
            return true;
        }
    }
    return false;
}

void fettle_regions_append_range(char *buf, size_t size, uint64_t address, uint64_t end)
{
    fettle_text_append(buf, size, "0x");
    fettle_text_append_hex(buf, size, (uint32_t)address, 8);
    fettle_text_append(buf, size, " to 0x");
    fettle_text_append_hex(buf, size, (uint32_t)(end - 1), 8);
}
