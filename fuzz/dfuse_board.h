/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small DfuSe board that behaves, for fuzz_dfuse.c: a table of boards, their flash, and the states of a loader as
 * docs/protocols/dfuse.md has them. It is smaller and quicker than the virtual boards, keeps no log, and needs no
 * memory of its own.
 */
#ifndef FETTLE_FUZZ_DFUSE_BOARD_H
#define FETTLE_FUZZ_DFUSE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dfu.h"
#include "proto/memory_map.h"

enum {
    BOARD_MEMORIES_MAX = 4,
    BOARD_WINDOW = 4096, /* bytes of a memory that are there, from its base on */
    BOARD_FIRST_STRING = 4,
    BOARD_STRING_SIZE = 255,

    /* Habits. */
    BOARD_POLLS = 1 << 0,        /* it asks for time */
    BOARD_IS_PROTECTED = 1 << 1, /* against reading and writing */
    BOARD_GREETS = 1 << 2,       /* with an error */
    BOARD_HAS_APP = 1 << 3,      /* to leave for; else it is off the bus then */
    BOARD_NO_UPLOAD = 1 << 4,
    BOARD_NO_DOWNLOAD = 1 << 5,
    BOARD_STARTS_AS_APP = 1 << 6,
    BOARD_RESETS = 1 << 7, /* by itself, when option bytes are written */

    /* bRequest: DFU 1.1 table 3.2, and USB 2.0 table 9-4 */
    BOARD_DETACH = 0,
    BOARD_DNLOAD = 1,
    BOARD_UPLOAD = 2,
    BOARD_GETSTATUS = 3,
    BOARD_CLRSTATUS = 4,
    BOARD_ABORT = 6,
    BOARD_GET_DESCRIPTOR = 6,

    /* bmRequestType */
    BOARD_IN = 0xA1,
    BOARD_OUT = 0x21,
    BOARD_FROM_DEVICE = 0x80, /* of GET_DESCRIPTOR */
    BOARD_STRING = 3,

    /* wBlockNum and first byte, AN3156 */
    BOARD_COMMAND = 0,
    BOARD_FIRST_BLOCK = 2,
    BOARD_SET_ADDRESS = 0x21,
    BOARD_ERASE = 0x41,
    BOARD_UNPROTECT = 0x92,

    /* bStatus */
    BOARD_ERR_TARGET = 1,
    BOARD_ERR_FIRMWARE = 10,
    BOARD_ERR_VENDOR = 11,
    BOARD_ERR_STALLED = 15,
};

struct memory_row {
    uint8_t alternate;
    const char *name;
    uint32_t base;     /* of the window */
    const char *truth; /* what it really is, where the name lies; else NULL */
};

struct board_row {
    fettle_usb_id id;
    const char *serial;
    uint8_t blank;
    uint16_t language; /* of its strings; 0: it has none */
    size_t memory_count;
    struct memory_row memories[BOARD_MEMORIES_MAX];
};

struct memory {
    const struct memory_row *row;
    fettle_memory_map map; /* as it is */
    uint8_t bytes[BOARD_WINDOW];
    uint8_t before[BOARD_WINDOW]; /* what is right where nothing should change */
};

struct board {
    const struct board_row *row;
    uint16_t wTransferSize;
    unsigned habits;
    bool is_app, is_away, is_protected;
    bool is_stranger; /* another board on the same port */
    uint32_t arrival;
    uint8_t state, status;
    struct memory *selected;
    struct memory *asked; /* the one that was selected when the block came */
    uint32_t pointer;
    uint16_t block_number;
    size_t block_size;
    uint8_t block[FETTLE_DFU_TRANSFER_SIZE_MAX];
    struct memory memories[BOARD_MEMORIES_MAX];
    fettle_sight sight;
};

/* Assertions that stay on, however the fuzzer is built. */
static inline void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Boards to choose from. */
extern const struct board_row board_rows[];
extern const size_t board_row_count;

/* Fills it, and lets it show itself. All zeros before. `row` outlives it. */
void board_init(struct board *board, const struct board_row *row, unsigned habits,
                uint16_t wTransferSize);

/* It arrives on the bus; then board->sight says how it looks. */
void board_show(struct board *board, bool is_app);
void board_describe(struct board *board);

/* By its name it is no DfuSe: its blocks have no commands among them. */
bool board_is_plain(const struct board *board);

/* NULL: it has no such alternate setting. */
struct memory *board_memory_of(struct board *board, int alternate);

/* False: nothing can be there. */
bool board_offset_of(const struct memory *memory, uint32_t address, size_t *offset);

/* What it holds at first: never a byte that could be an erased one. */
uint8_t board_pattern(size_t memory, size_t offset);

/* Is this effect such a request? The two that are asked for most. */
bool board_is_request(const fettle_effect *effect, uint8_t bmRequestType, uint8_t bRequest);
bool board_is_getstatus(const fettle_effect *effect);
bool board_is_name(const fettle_effect *effect);

/* What happens to it. Opening makes the default setting the active one, as a reset does. */
void board_on_open(struct board *board);
fettle_outcome board_on_control(struct board *board, const fettle_control *control);
fettle_outcome board_on_select(struct board *board, uint8_t alternate);
fettle_outcome board_on_reset(struct board *board);

#endif
