/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What readers of formats with addresses share: regions in order, and which of them claim the same address.
 */
#ifndef FETTLE_IMAGE_REGIONS_H
#define FETTLE_IMAGE_REGIONS_H

#include "image/image.h"

/* No address is beyond this; the end of a region (the address behind its last byte) may be it. */
#define FETTLE_ADDRESS_END ((uint64_t)1 << 32)

uint64_t fettle_region_end(const fettle_region *region); /* address and size */

/* Are both for the same alternate setting, or both for none in particular? */
bool fettle_region_is_same_memory(const fettle_region *a, const fettle_region *b);

/* Sorts as fettle_image wants it; those with the same address by `data`. In place. */
void fettle_regions_sort(fettle_region *regions, size_t count);

/*
 * Two of the sorted regions that claim the same address; false where there are none. One without an alternate may
 * be for any memory, so it may overlap none at all.
 */
bool fettle_regions_find_overlap(const fettle_region *regions, size_t count,
                                 const fettle_region **a, const fettle_region **b);

/* Appends "0x08000000 to 0x080000ff", the last address included. */
void fettle_regions_append_range(char *buf, size_t size, uint64_t address, uint64_t end);

/*
 * Sorts `count` items of `size` bytes, at most FETTLE_SORT_ITEM_MAX, so that is_before() holds for no item and one in
 * front of it. In place, count * log(count) comparisons whatever the order was; equal ones come in any order.
 */
enum { FETTLE_SORT_ITEM_MAX = 64 };
void fettle_sort(void *items, size_t count, size_t size,
                 bool (*is_before)(const void *a, const void *b));

#endif
