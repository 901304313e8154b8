/* SPDX-License-Identifier: Apache-2.0 */
/* Which board a person means: from what they said, what the file says, and who is there. */
#ifndef FETTLE_API_SELECT_H
#define FETTLE_API_SELECT_H

#include "api/context.h"
#include "plan/plan.h"

typedef struct fettle_selection {
    const fettle_board_row *row; /* never NULL */
    const fettle_vendor *vendor; /* or NULL */
    char path[FETTLE_PATH_SIZE]; /* empty: not bound to a port */
    /* Of the board that fits and is there now, or empty. */
    char seen_path[FETTLE_PATH_SIZE];
    bool is_seen; /* it is there now; then: */
    fettle_usb_id seen_id;
    fettle_mode seen_mode;
    uint16_t seen_version;
    bool means_module; /* on whatever the port shows; a person says so */
    bool is_stock;
    fettle_usb_id stock_id;
    size_t part_count; /* parts of this computer that are there */
    fettle_usb_id parts[8];
    fettle_usb_id named_id; /* the ids that were said; 0:0 if none were */
} fettle_selection;

/*
 * Resolves `selector` and `module` (as fettle_wishes.board and .module; may be NULL) with what `image` (may be NULL) says.
 * False: ANSWER_NEEDED, SEVERAL_BOARDS, NO_BOARD, WRONG_BOARD, NO_MEMORY.
 */
bool fettle_select(fettle_context *context, const char *selector, const char *module,
                   const fettle_image *image, fettle_selection *selection,
                   fettle_error *err);

/* Facts that both select and list need. */
fettle_mode fettle_sight_mode(fettle_vendors vendors, const fettle_sight *sight,
                              const fettle_board_row **row, const fettle_vendor **vendor,
                              bool *has_dfu, bool *is_computer_part);

/* Which of them are of this row (generic: have DFU), as text: "usb:1-1.2, usb:1-3". How many. */
size_t fettle_list_paths(const fettle_sight *sights, size_t count,
                         const fettle_board_row *row, fettle_vendors vendors, char *text,
                         size_t size);

#endif
