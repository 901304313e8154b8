/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two faces of the strict DFU 1.1 device, and its ways from one to the other: DETACH and a USB
 * reset into update mode; a reset, a DETACH, or neither out of it. What it does there is in strict.c.
 *
 * A USB reset makes the device start anew after a manifestation that isn't tolerant, or if it can show an
 * application, and else only takes it back to dfuIDLE; leaves= is for devices that want something else.
 */
#include "internal.h"

#include "strict.h"

/* In wIndex of DETACH: no part of the specification, but seen. */
enum { FORCE_DETACH = 0x100 };

static bool has(const fettle_sim_board *board, fettle_sim_option option)
{
    return fettle_sim_option_of(board, option) != 0;
}

static bool is_word(const fettle_sim_board *board, fettle_sim_option option, uint64_t word)
{
    return fettle_sim_option_of(board, option) == word;
}

bool fettle_sim_strict_needs_button(const fettle_sim_board *board)
{
    return is_word(board, OPTION_DETACH, DETACH_NO);
}

/* ---- starting ---- */

static bool stays_away(const fettle_sim_board *board)
{
    return !has(board, OPTION_APP) && board->strict.was_updated &&
           board->strict.is_bootable;
}

void fettle_sim_strict_start(fettle_sim_board *board, fettle_sim_start start, fettle_us at)
{
    fettle_sim_strict *strict = &board->strict;
    bool has_app = fettle_sim_strict_has_app(board) && strict->is_bootable;
    (void)at;
    if (start == START_KEPT) {
        board->shows = board->kept;
    } else if (start == START_UPDATE) {
        board->shows = FETTLE_SIM_SHOWS_UPDATE;
    } else if (stays_away(board)) {
        board->shows = FETTLE_SIM_SHOWS_NOTHING;
    } else {
        board->shows = has_app ? FETTLE_SIM_SHOWS_APP : FETTLE_SIM_SHOWS_UPDATE;
    }
    bool is_app = board->shows == FETTLE_SIM_SHOWS_APP;
    bool is_cut_off = board->arrival == 0 && !is_app && has(board, OPTION_DOWNLOADING);
    strict->state = is_app ? APP_IDLE : DFU_IDLE;
    if (is_cut_off) {
        strict->state = DFU_DNLOAD_IDLE;
        strict->offset = strict->block_size = strict->block_limit; /* one block has come */
        strict->block_number = 1;
    }
    strict->status = STATUS_OK;
    strict->alternate = 0;
    strict->has_block = strict->was_uploaded = false;
    strict->busy_ends = strict->deadline = 0;
    if (!is_app && !is_cut_off && is_word(board, OPTION_STRICT_GREETS, GREETS_ERROR)) {
        fettle_sim_strict_enter_error(strict, ERR_FIRMWARE);
    }
}

/* ---- while the application runs ---- */

static fettle_sim_reply obey_detach(fettle_sim_board *board,
                                    const fettle_sim_request *request)
{
    fettle_sim_strict *strict = &board->strict;
    uint64_t timeout_ms = fettle_sim_option_of(board, OPTION_DETACH_TIMEOUT);
    uint16_t asked_ms = request->control->wValue;
    timeout_ms = asked_ms < timeout_ms ? asked_ms : timeout_ms;
    switch (fettle_sim_option_of(board, OPTION_DETACH)) {
    case DETACH_NO:
        return fettle_sim_say(FETTLE_STALL);
    case DETACH_RESET:
        strict->state = APP_DETACH;
        board->timer_at = request->now + timeout_ms * 1000;
        return fettle_sim_strict_obeyed();
    default:
        strict->state = APP_DETACH;
        board->leaves_at = request->now + fettle_sim_ms_of(board, OPTION_LINGER);
        board->leaves_to = START_UPDATE;
        return fettle_sim_strict_obeyed();
    }
}

fettle_sim_reply fettle_sim_strict_obey_app(fettle_sim_board *board,
                                            const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    fettle_sim_strict *strict = &board->strict;
    uint16_t index = FETTLE_SIM_STRICT_APP_INTERFACE;
    if (control->bRequest == DETACH && has(board, OPTION_FORCE_DETACH)) {
        index |= FORCE_DETACH;
    }
    if (control->wIndex != index) {
        return fettle_sim_say(FETTLE_STALL);
    }
    switch (control->bRequest) {
    case GETSTATUS:
        return control->wLength == 6 ? fettle_sim_strict_answer_status(board, control, 0)
                                     : fettle_sim_strict_refuse(board);
    case GETSTATE:
        return fettle_sim_answer(control, &strict->state, 1, 1);
    case DETACH:
        if (strict->state == APP_IDLE) {
            return obey_detach(board, request);
        }
        break;
    default:
        break;
    }
    if (board->leaves_at == FETTLE_NEVER) {
        strict->state = APP_IDLE; /* appDETACH is given up by any other request */
        board->timer_at = FETTLE_NEVER;
    }
    return fettle_sim_strict_refuse(board);
}

/* ---- out of update mode ---- */

/* No part of the specification: a host's way to say "leave". */
fettle_sim_reply fettle_sim_strict_obey_detach(fettle_sim_board *board, fettle_us now)
{
    if (is_word(board, OPTION_LEAVES, LEAVES_BY_DETACH)) {
        board->leaves_at = now + fettle_sim_ms_of(board, OPTION_LINGER);
        board->leaves_to = START_BOOT;
        return fettle_sim_strict_obeyed();
    }
    fettle_sim_reply reply = fettle_sim_strict_refuse(board);
    if (is_word(board, OPTION_DFU_DETACH, DFU_DETACH_IDLE)) {
        board->strict.state = APP_IDLE;
        board->strict.status = STATUS_OK;
    }
    return reply;
}

/* Does a reset take it out of update mode, as far as a reset can? */
static bool leaves_by_reset(const fettle_sim_board *board)
{
    return is_word(board, OPTION_LEAVES, LEAVES_BY_RESET) ||
           (is_word(board, OPTION_LEAVES, LEAVES_AFTER_UPLOAD) &&
            board->strict.was_uploaded);
}

fettle_outcome_kind fettle_sim_strict_reset(fettle_sim_board *board, fettle_us at)
{
    fettle_sim_strict *strict = &board->strict;
    if (board->shows == FETTLE_SIM_SHOWS_APP) {
        bool enters = strict->state == APP_DETACH && board->leaves_at == FETTLE_NEVER;
        if (enters) {
            fettle_sim_restart(board, at, START_UPDATE);
        }
        return enters ? FETTLE_GONE : FETTLE_OK;
    }
    bool starts_anew =
        strict->state == DFU_MANIFEST || strict->state == DFU_MANIFEST_WAIT_RESET;
    bool shows_app = fettle_sim_strict_has_app(board) && strict->is_bootable;
    if (leaves_by_reset(board) && (starts_anew || shows_app || stays_away(board))) {
        fettle_sim_restart(board, at, START_BOOT);
        return FETTLE_GONE;
    }
    board->timer_at = FETTLE_NEVER;
    fettle_sim_strict_start(board, START_UPDATE, at);
    return FETTLE_OK;
}
