/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dfuse_walk.h"

enum {
    BLOCK_SIZE_MIN = 2, /* AN3156 section 4.2; what is blank may be sent with it */
};

/* The next content in this page at or after `address`; with its rest where that is known. */
static bool find_in_page(const fettle_dfuse *dfuse, uint32_t *from, uint32_t *size)
{
    const fettle_target_page *page = page_at(dfuse);
    uint32_t at = dfuse->address > page->address ? dfuse->address : page->address;
    if (page->rest == NULL) {
        return fettle_target_covered(dfuse->target, page, at, from, size);
    }
    *from = at;
    *size = (uint32_t)(page_end(page) - at);
    return at < page_end(page);
}

/* Holes that are smaller than a block are bridged where the page is blank there. */
static void bridge_holes(const fettle_dfuse *dfuse, uint32_t from, uint32_t *size)
{
    const fettle_target_page *page = page_at(dfuse);
    uint32_t next, more;
    while (page->can_erase && (uint64_t)from + *size < page_end(page) &&
           fettle_target_covered(dfuse->target, page, from + *size, &next, &more) &&
           next - (from + *size) < transfer_size(dfuse)) {
        *size = next + more - from;
    }
}

static bool is_wanted_next(const fettle_dfuse *dfuse, size_t next, bool is_write)
{
    const fettle_target_page *page = &dfuse->target->pages[next - 1];
    const fettle_target_page *other = &dfuse->target->pages[next];
    return other->memory == page->memory && other->address == page_end(page) &&
           (is_write ? other->differs : other->can_read);
}

/* By the blank byte behind it, or the one in front of it if that wasn't sent before. */
static void widen(fettle_dfuse *dfuse, uint32_t sought)
{
    const fettle_target_page *page = page_at(dfuse);
    if ((uint64_t)dfuse->address + BLOCK_SIZE_MIN <= page_end(page)) {
        dfuse->size = BLOCK_SIZE_MIN;
    } else if (dfuse->address > page->address && dfuse->address > sought) {
        dfuse->size = BLOCK_SIZE_MIN;
        dfuse->address--;
    }
}

bool fettle_dfuse_find_block(fettle_dfuse *dfuse, bool is_write)
{
    const fettle_target *target = dfuse->target;
    for (; dfuse->page < target->page_count; dfuse->page++) {
        const fettle_target_page *page = page_at(dfuse);
        uint32_t from, size, sought = dfuse->address;
        if (!(is_write ? page->differs : page->can_read) ||
            !find_in_page(dfuse, &from, &size)) {
            dfuse->address = 0;
            continue;
        }
        size_t here = dfuse->page;
        dfuse->address = from;
        dfuse->size = 0;
        for (;;) {
            if (is_write) {
                bridge_holes(dfuse, from, &size);
            }
            dfuse->size += size;
            bool is_to_its_end = from + (uint64_t)size == page_end(page_at(dfuse));
            if (dfuse->size >= transfer_size(dfuse) || !is_to_its_end ||
                dfuse->page + 1 == target->page_count ||
                !is_wanted_next(dfuse, dfuse->page + 1, is_write)) {
                break;
            }
            uint32_t end = from + size, kept = dfuse->address;
            dfuse->page++;
            dfuse->address = end;
            bool goes_on = find_in_page(dfuse, &from, &size) && from == end;
            dfuse->address = kept;
            if (!goes_on) {
                break;
            }
        }
        dfuse->page = here;
        if (dfuse->size > transfer_size(dfuse)) {
            dfuse->size = transfer_size(dfuse);
        }
        if (is_write && dfuse->size < BLOCK_SIZE_MIN && page->can_erase) {
            widen(dfuse, sought);
        }
        return true;
    }
    return false;
}

void fettle_dfuse_for_each_part(fettle_dfuse *dfuse, fettle_dfuse_each_part *each)
{
    uint64_t at = dfuse->address, end = at + dfuse->size; /* may be 2^32 */
    for (size_t i = dfuse->page; at < end; i++) {
        fettle_target_page *page = &dfuse->target->pages[i];
        uint64_t to = page_end(page) < end ? page_end(page) : end;
        each(dfuse, page, (uint32_t)at, (uint32_t)(to - at));
        at = to;
    }
}

void fettle_dfuse_advance_to(fettle_dfuse *dfuse, uint64_t address)
{
    const fettle_target *target = dfuse->target;
    while (dfuse->page < target->page_count && page_end(page_at(dfuse)) <= address) {
        bool is_last_of_memory =
            dfuse->page + 1 == target->page_count ||
            target->pages[dfuse->page + 1].memory != page_at(dfuse)->memory;
        dfuse->page++;
        if (is_last_of_memory) {
            dfuse->address = 0;
            return;
        }
    }
    dfuse->address = (uint32_t)address;
}
