/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the DfuSe engine reaches a block: its memory is selected, the Address Pointer is set where it must be, and the
 * block moves. Whoever asks for a block that isn't in reach gets the request that brings it nearer; when that has
 * ended well `work` runs again, and asks again. For dfuse.c and dfuse_reach.c only.
 */
#ifndef FETTLE_PROTO_DFUSE_REACH_H
#define FETTLE_PROTO_DFUSE_REACH_H

#include "proto/dfuse.h"

enum {
    COMMAND_BLOCK = 0, /* wBlockNum */
    FIRST_DATA_BLOCK = 2,
};

/* Where to go on once the request that is under way has ended well. */
typedef fettle_effect fettle_dfuse_go_on(fettle_dfuse *dfuse, fettle_us now);

fettle_effect fettle_dfuse_run(fettle_dfuse *dfuse, fettle_engine *child, uint32_t share,
                               fettle_clause clause, fettle_dfuse_go_on *then);

/* A command about dfuse->address; `size` is 1 where it isn't about any. */
fettle_effect fettle_dfuse_command(fettle_dfuse *dfuse, uint8_t code, size_t size,
                                   fettle_us patience, fettle_clause clause,
                                   fettle_dfuse_go_on *then);

bool fettle_dfuse_is_selected(const fettle_dfuse *dfuse, uint8_t memory);
bool fettle_dfuse_is_in_reach(const fettle_dfuse *dfuse, bool is_read);
fettle_effect fettle_dfuse_select_memory(fettle_dfuse *dfuse); /* of the page at hand */
fettle_effect fettle_dfuse_set_pointer(fettle_dfuse *dfuse);   /* to dfuse->address */

/* Of so many bytes that are left, those of the next block. */
uint32_t fettle_dfuse_block_size(const fettle_dfuse *dfuse, uint64_t left);

/* Reads dfuse->size bytes at dfuse->address; `read_page` of the page at hand, into dfuse->block. */
fettle_effect fettle_dfuse_read_block(fettle_dfuse *dfuse, uint8_t *buffer, uint32_t share,
                                      fettle_dfuse_go_on *then);
fettle_effect fettle_dfuse_read_page(fettle_dfuse *dfuse, fettle_dfuse_go_on *then);

/* A block was read. False: the board has ended the upload before its time. */
bool fettle_dfuse_note_received(fettle_dfuse *dfuse);
fettle_effect fettle_dfuse_fail_short(fettle_dfuse *dfuse, const char *text);

/* Sends dfuse->block, which is in reach. */
fettle_effect fettle_dfuse_send_block(fettle_dfuse *dfuse, fettle_dfuse_go_on *then);

#endif
