/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two halves of the strict DFU 1.1 device: what it does (strict.c) and what it says of itself
 * (strict_face.c).
 */
#ifndef FETTLE_SIM_STRICT_H
#define FETTLE_SIM_STRICT_H

#include "internal.h"

/* bInterfaceNumber of the DFU runtime interface; 0 is the vendor's own. In update mode: 0. */
enum { FETTLE_SIM_STRICT_APP_INTERFACE = 1 };

/* Does it have a runtime face at all? */
bool fettle_sim_strict_has_app(const fettle_sim_board *board);

/* The most that it takes in one block, whatever wTransferSize says. */
uint32_t fettle_sim_strict_block_limit(const fettle_sim_board *board);

void fettle_sim_strict_describe(const fettle_sim_board *board, fettle_sight *sight);

/* Standard requests, USB 2.0 section 9.4. They leave the state of a transfer alone. */
fettle_sim_reply fettle_sim_strict_obey_standard(fettle_sim_board *board,
                                                 const fettle_control *control);

#endif
