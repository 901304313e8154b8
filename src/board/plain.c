/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boards that need a row and nothing else: whoever made them, no folder of theirs is worth it. Here a row comes in when
 * somebody has the board, or a log of it; there is none yet. docs/adding-a-board.md shows one.
 */
#include "board/plain.h"

/* The last one isn't a board: a table without rows is none in C. */
static const fettle_board_row rows[] = {
    /* The next row goes above this line. */
    {.id = NULL},
};

const fettle_vendor fettle_vendor_plain = {
    .name = "others",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows - 1,
};
