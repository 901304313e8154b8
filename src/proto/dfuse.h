/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DfuSe, ST's extension of USB DFU (AN3156, UM0424), as an engine on top of the one in dfu.h: commands are
 * downloads of block 0, memory is read and written from block 2 on, at
 *
 *     Address Pointer + (wBlockNum - 2) * wTransferSize
 *
 * A command or a block is executed when GETSTATUS asks for it. So each costs a DNLOAD and two GETSTATUS, and what makes
 * an update quick is to send few commands: block numbers run on for as long as addresses do, and the pointer is set
 * only at gaps, for a block that is not full, and where block numbers end.
 *
 * One struct for one board; a verb readies it for one piece of work, and returns the engine to RUN.
 */
#ifndef FETTLE_PROTO_DFUSE_H
#define FETTLE_PROTO_DFUSE_H

#include "proto/dfu.h"
#include "proto/dfuse_target.h"

typedef struct fettle_dfuse fettle_dfuse;

enum {
    FETTLE_DFUSE_COMMAND_SIZE = 5, /* bytes: a code and an address */
};

struct fettle_dfuse {
    fettle_engine engine;
    fettle_dfu *dfu;
    fettle_target *target;

    /* Blocks that hold nothing but the erased value are not sent after an erase. */
    bool skips_blank;

    /* results */
    uint32_t count;         /* compare: pages that differ; erase: pages erased */
    uint32_t first_address; /* compare: of the first */
    size_t bytes;           /* read */
    uint8_t commands[16];   /* ask_commands */
    bool was_unstuck;       /* erase: some page was said to be busy for ever */
    bool saw_zeros; /* check_blank: erased to 0x00, or never erased: nobody can tell */

    /* the engine's own */
    fettle_effect (*then)(fettle_dfuse *dfuse, fettle_us now);
    fettle_effect (*work)(fettle_dfuse *dfuse, fettle_us now);
    fettle_clause clause;
    uint32_t address; /* of the piece of work at hand */
    uint32_t size;    /* and its bytes */
    size_t page;
    size_t zone;      /* erase_memory: where in the map it is */
    uint8_t memory;   /* erase_memory */
    uint32_t pointer; /* what the board's Address Pointer is, where block 2 is */
    bool has_pointer; /* it is known */
    /* The last one was an UPLOAD, and the next block number goes on from it. */
    bool is_reading;
    uint32_t next;   /* the address that the next block number stands for */
    bool is_learned; /* the erased value was read from the board */
    uint8_t *buffer;
    uint8_t command[FETTLE_DFUSE_COMMAND_SIZE];
    uint8_t block[FETTLE_DFU_TRANSFER_SIZE_MAX];
};

/*
 * For a board that was just opened. `dfu` is its engine, and `target` (may be NULL) what is wanted of it. Its transfers
 * have FETTLE_DFUSE_COMMAND_SIZE bytes and more: part of a command is another command.
 */
void fettle_dfuse_init(fettle_dfuse *dfuse, fettle_dfu *dfu, fettle_target *target);

/*
 * Reads what the target has content for, and marks the pages that differ. Pages that can't be read are
 * taken to differ.
 */
fettle_engine *fettle_dfuse_compare(fettle_dfuse *dfuse);

/*
 * Reads what else is in pages that differ and are covered only in part, to be written back by
 * fettle_dfuse_write(). What was recalled is compared instead, unless that has been done. NULL: there is none.
 */
fettle_engine *fettle_dfuse_save(fettle_dfuse *dfuse);

/* Erases the pages that differ, where they can be erased and aren't by us already. */
fettle_engine *fettle_dfuse_erase(fettle_dfuse *dfuse);

/* Writes the pages that differ. They have been erased, where that is possible. */
fettle_engine *fettle_dfuse_write(fettle_dfuse *dfuse);

/* Reads the pages that differ, and counts in `count` those that aren't blank. */
fettle_engine *fettle_dfuse_check_blank(fettle_dfuse *dfuse);

/* Reads `size` bytes of a memory of the target into `buffer`. */
fettle_engine *fettle_dfuse_read(fettle_dfuse *dfuse, uint8_t memory, uint32_t address,
                                 uint8_t *buffer, uint32_t size);

/* All of the memory at once. Loaders are silent meanwhile, for half a minute and more. */
fettle_engine *fettle_dfuse_mass_erase(fettle_dfuse *dfuse, uint8_t memory);

/* The same page by page, where it is refused in one go; `count` is how many there were. */
fettle_engine *fettle_dfuse_erase_memory(fettle_dfuse *dfuse, uint8_t memory);

/* Takes the read protection off: the board erases itself and leaves the bus. */
fettle_engine *fettle_dfuse_unprotect(fettle_dfuse *dfuse);

/*
 * Get Commands: `count` of them in `commands`, by their codes. Loaders that don't know the question refuse it, which
 * is a failure of the engine and none of the board.
 */
fettle_engine *fettle_dfuse_ask_commands(fettle_dfuse *dfuse);

/* Starts the application whose vectors are at `entry`, in this memory of the target. */
fettle_engine *fettle_dfuse_leave(fettle_dfuse *dfuse, uint8_t memory, uint32_t entry);

#endif
