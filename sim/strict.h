/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three parts of the strict DFU 1.1 device: what it does in update mode (strict.c), how it comes
 * there and out of it (strict_modes.c), and what it says of itself (strict_face.c).
 */
#ifndef FETTLE_SIM_STRICT_H
#define FETTLE_SIM_STRICT_H

#include "internal.h"

/* Section 6.1.2. */
enum {
    APP_IDLE,
    APP_DETACH,
    DFU_IDLE,
    DFU_DNLOAD_SYNC,
    DFU_DNBUSY,
    DFU_DNLOAD_IDLE,
    DFU_MANIFEST_SYNC,
    DFU_MANIFEST,
    DFU_MANIFEST_WAIT_RESET,
    DFU_UPLOAD_IDLE,
    DFU_ERROR,
};

enum {
    STATUS_OK = 0,
    ERR_WRITE = 3,
    ERR_ADDRESS = 8,
    ERR_FIRMWARE = 10,
    ERR_VENDOR = 11,
    ERR_STALLEDPKT = 15,
};

/* Section 3. */
enum { DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT };

/* bInterfaceNumber of the DFU runtime interface; 0 is the vendor's own. In update mode: 0. */
enum { FETTLE_SIM_STRICT_APP_INTERFACE = 1 };

/* Does it have a runtime face at all? */
bool fettle_sim_strict_has_app(const fettle_sim_board *board);

/* The most that it takes in one block, whatever wTransferSize says. */
uint32_t fettle_sim_strict_block_limit(const fettle_sim_board *board);

/* ---- strict.c: answers that leave a device in one state or another ---- */

/* A STALL, and a mistake of the host's: dfuERROR, where there is any such state. */
fettle_sim_reply fettle_sim_strict_refuse(fettle_sim_board *board);
fettle_sim_reply fettle_sim_strict_obeyed(void);
void fettle_sim_strict_enter_error(fettle_sim_strict *strict, uint8_t status);

/* To GETSTATUS. `poll`: bwPollTimeout; 0: what it says where it isn't busy. */
fettle_sim_reply fettle_sim_strict_answer_status(const fettle_sim_board *board,
                                                 const fettle_control *control,
                                                 fettle_us poll);

/* ---- strict_modes.c: as in fettle_sim_board_ops, and DFU requests that are about modes ---- */

bool fettle_sim_strict_needs_button(const fettle_sim_board *board);
void fettle_sim_strict_start(fettle_sim_board *board, fettle_sim_start start, fettle_us at);
fettle_outcome_kind fettle_sim_strict_reset(fettle_sim_board *board, fettle_us at);
fettle_sim_reply fettle_sim_strict_obey_app(fettle_sim_board *board,
                                            const fettle_sim_request *request);

/* DETACH in update mode. */
fettle_sim_reply fettle_sim_strict_obey_detach(fettle_sim_board *board, fettle_us now);

/* ---- strict_face.c ---- */

void fettle_sim_strict_describe(const fettle_sim_board *board, fettle_sight *sight);

/* Standard requests, USB 2.0 section 9.4. They leave the state of a transfer alone. */
fettle_sim_reply fettle_sim_strict_obey_standard(fettle_sim_board *board,
                                                 const fettle_control *control);

#endif
