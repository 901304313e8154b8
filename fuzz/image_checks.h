/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every image and every refusal, whatever bytes a file has: shared by the targets that read files.
 */
#ifndef FETTLE_FUZZ_IMAGE_CHECKS_H
#define FETTLE_FUZZ_IMAGE_CHECKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

/* Assertions that stay on, however the fuzzer is built. */
static inline void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static inline void check_sentence(const fettle_error *err)
{
    must(err->code > FETTLE_E_NONE && err->code < FETTLE_E_COUNT);
    must(err->message[0] != '\0' &&
         memchr(err->message, '\0', sizeof err->message) != NULL);
    must(err->hint != NULL && err->hint[0] != '\0');
}

static inline uint64_t end_of_region(const fettle_region *region)
{
    return (uint64_t)region->address + region->data.size;
}

static inline bool are_of_one_memory(const fettle_region *a, const fettle_region *b)
{
    return a->has_alternate == b->has_alternate &&
           (!a->has_alternate || a->alternate == b->alternate);
}

/* Sorted, apart, and readable to the last byte. Returns the bytes of all. */
static inline size_t check_regions(const fettle_image *image)
{
    size_t size = 0;
    uint8_t all = 0;
    must(image->region_count >= 1 && image->region_count <= FETTLE_IMAGE_REGIONS_MAX);
    for (size_t i = 0; i < image->region_count; i++) {
        const fettle_region *region = &image->regions[i];
        must(region->data.size > 0 && end_of_region(region) <= (uint64_t)1 << 32);
        must(region->has_address || image->region_count == 1);
        for (size_t k = 0; k < region->data.size; k++) {
            all ^= region->data.data[k];
        }
        size += region->data.size;
        if (i == 0) {
            continue;
        }
        const fettle_region *before = &image->regions[i - 1];
        if (are_of_one_memory(before, region)) {
            must(end_of_region(before) <= region->address);
        } else {
            must(region->has_alternate);
            must(!before->has_alternate || before->alternate < region->alternate);
        }
    }
    must(all == 0 || size > 0);
    return size;
}

static inline void check_targets(const fettle_image *image)
{
    for (size_t i = 0; i < image->target_count; i++) {
        must(strlen(image->targets[i].name) <= 255);
        must(image->targets[i].element_count <= FETTLE_DFUSE_ELEMENTS_MAX);
    }
}

#endif
