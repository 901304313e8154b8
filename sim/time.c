/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What requests cost on the wire, and where the time of a board went.
 *
 * With usb=full a control transfer is what USB 2.0 section 5.5 makes of it at full speed: a SETUP
 * transaction, the data in packets of 64 bytes, and a status transaction, each of them at the 832 kB/s
 * that its table 5-3 allows; a GETSTATUS takes a millisecond, as hosts are. usb=rough is one sum for
 * all requests, and usb=none takes no time at all: what is left then is the board's own.
 *
 * An answer is counted by what came, not by what was asked for; so it takes its time after the
 * board has obeyed. All other data are on the wire before that.
 */
#include "internal.h"

enum {
    ROUGH_US = 200, /* SETUP, status stage and what the host adds */
    ROUGH_BYTE_US = 1,
    PACKET_SIZE = 64,
    BYTES_A_SECOND = 832000,
    SECOND_US = 1000000,
    LEAST_TRANSACTIONS = 3,
    BEFORE_AN_ANSWER = 2, /* SETUP, and the first packet of the answer */
    STATUS_REQUEST_US = 1000,
};

static bool is_in(const fettle_control *control)
{
    return (control->bmRequestType & 0x80) != 0;
}

static bool is_dfu_getstatus(const fettle_control *control)
{
    return control->bmRequestType == 0xa1 && control->bRequest == 3;
}

/* Rounded up, of all of them together. */
static fettle_us transactions(size_t count)
{
    fettle_us bytes = (fettle_us)count * PACKET_SIZE;
    return (bytes * SECOND_US + BYTES_A_SECOND - 1) / BYTES_A_SECOND;
}

/* SETUP, data, status. */
static size_t count_transactions(size_t data)
{
    size_t count = 2 + (data + PACKET_SIZE - 1) / PACKET_SIZE;
    return count < LEAST_TRANSACTIONS ? LEAST_TRANSACTIONS : count;
}

fettle_us fettle_sim_time_before(const fettle_sim_board *board,
                                 const fettle_control *control)
{
    switch (fettle_sim_option_of(board, OPTION_USB)) {
    case USB_NONE:
        return 0;
    case USB_ROUGH:
        return ROUGH_US + (fettle_us)control->wLength * ROUGH_BYTE_US;
    default:
        break;
    }
    if (is_dfu_getstatus(control)) {
        return STATUS_REQUEST_US;
    }
    return transactions(is_in(control) ? BEFORE_AN_ANSWER
                                       : count_transactions(control->wLength));
}

fettle_us fettle_sim_time_after(const fettle_sim_board *board,
                                const fettle_control *control, size_t count)
{
    if (fettle_sim_option_of(board, OPTION_USB) != USB_FULL || !is_in(control) ||
        is_dfu_getstatus(control)) {
        return 0;
    }
    return transactions(count_transactions(count)) - transactions(BEFORE_AN_ANSWER);
}

/* ---- sums ---- */

void fettle_sim_count_request(fettle_sim_board *board, fettle_us from, fettle_us until)
{
    fettle_sim_totals *totals = &board->totals;
    totals->first = totals->requests == 0 ? from : totals->first;
    totals->last = until;
    totals->bus += until - from;
    totals->requests++;
}

/* It works at one thing at a time: what was counted already isn't counted again. */
void fettle_sim_count_busy(fettle_sim_board *board, fettle_us from, fettle_us until)
{
    from = from < board->busy_until ? board->busy_until : from;
    if (until != FETTLE_NEVER && until > from) {
        board->totals.busy += until - from;
        board->busy_until = until;
    }
}

fettle_sim_totals fettle_sim_totals_of(const fettle_sim *sim, size_t board)
{
    fettle_sim *self = sim->self;
    fettle_sim_lock(self);
    fettle_sim_catch_up(self);
    fettle_sim_totals totals = self->boards[board]->totals;
    fettle_sim_unlock(self);
    return totals;
}
