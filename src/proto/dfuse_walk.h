/* SPDX-License-Identifier: Apache-2.0 */
/* How the DfuSe engine goes over the pages of its target, block by block. For dfuse.c and dfuse_walk.c only. */
#ifndef FETTLE_PROTO_DFUSE_WALK_H
#define FETTLE_PROTO_DFUSE_WALK_H

#include "proto/dfuse.h"

#include <assert.h>

static inline uint32_t transfer_size(const fettle_dfuse *dfuse)
{
    assert(dfuse->dfu->traits.transfer_size > 0);
    return dfuse->dfu->traits.transfer_size;
}

static inline fettle_target_page *page_at(const fettle_dfuse *dfuse)
{
    return &dfuse->target->pages[dfuse->page];
}

static inline uint64_t page_end(const fettle_target_page *page)
{
    return (uint64_t)page->address + page->size;
}

/*
 * The next block: sets page, address and size. It goes on into the next pages for as long as these are wanted, too.
 * False: all was seen.
 */
bool fettle_dfuse_find_block(fettle_dfuse *dfuse, bool is_write);

/* Calls `each` for the parts of the block that lie in one page each. */
typedef void fettle_dfuse_each_part(fettle_dfuse *dfuse, fettle_target_page *page,
                                    uint32_t address, uint32_t size);
void fettle_dfuse_for_each_part(fettle_dfuse *dfuse, fettle_dfuse_each_part *each);

/* To the page that holds `address`, or to the one behind it. */
void fettle_dfuse_advance_to(fettle_dfuse *dfuse, uint64_t address);

#endif
