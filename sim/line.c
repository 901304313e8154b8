/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial line of a shield whose application runs: it takes everything and says nothing. Bytes
 * take the time that they need on the wire; there is no buffer to hurry ahead of.
 */
#include "internal.h"

static fettle_outcome make_outcome(fettle_outcome_kind kind, size_t count)
{
    return (fettle_outcome){.kind = kind, .count = count};
}

enum { BYTE_US = 87 }; /* ten bits at 115200 baud */

static fettle_outcome pass(fettle_sim_link *link, fettle_us until,
                           const fettle_cancel *cancel)
{
    fettle_sim *sim = link->board->sim;
    if (fettle_cancel_is_wanted(cancel)) {
        return make_outcome(FETTLE_CANCELLED, 0);
    }
    fettle_sim_lock(sim);
    fettle_outcome_kind kind = fettle_sim_link_pass(link, until, cancel);
    fettle_sim_unlock(sim);
    return make_outcome(kind, 0);
}

static fettle_us now_on(fettle_sim_link *link)
{
    fettle_sim *sim = link->board->sim;
    fettle_sim_lock(sim);
    fettle_us now = fettle_sim_catch_up(sim);
    fettle_sim_unlock(sim);
    return now;
}

static fettle_outcome line_write(void *self, const uint8_t *data, size_t size,
                                 fettle_us until, const fettle_cancel *cancel)
{
    fettle_sim_link *link = self;
    (void)data;
    fettle_us began = now_on(link);
    fettle_us ends = fettle_sim_after(began, (fettle_us)size * BYTE_US);
    fettle_outcome outcome = pass(link, ends < until ? ends : until, cancel);
    if (outcome.kind == FETTLE_OK && ends > until) {
        size_t fitting = until > began ? (size_t)((until - began) / BYTE_US) : 0;
        return make_outcome(FETTLE_TIMEOUT, fitting);
    }
    return make_outcome(outcome.kind, outcome.kind == FETTLE_OK ? size : 0);
}

static fettle_outcome line_read(void *self, uint8_t *buffer, size_t size, fettle_us until,
                                const fettle_cancel *cancel)
{
    (void)buffer;
    (void)size;
    fettle_outcome outcome = pass(self, until, cancel);
    return make_outcome(outcome.kind == FETTLE_OK ? FETTLE_TIMEOUT : outcome.kind, 0);
}

/* What takes no time: all right as long as the board is there. */
static fettle_outcome is_there(void *self)
{
    return pass(self, 0, NULL);
}

static fettle_outcome line_discard(void *self)
{
    return is_there(self);
}

static fettle_outcome line_set_lines(void *self, bool dtr, bool rts)
{
    (void)dtr;
    (void)rts;
    return is_there(self);
}

static fettle_outcome line_set_baud(void *self, uint32_t baud)
{
    (void)baud;
    return is_there(self);
}

static fettle_outcome line_set_format(void *self, uint8_t data_bits)
{
    (void)data_bits;
    return is_there(self);
}

static void line_close(void *self)
{
    fettle_sim_link_close(self);
}

const fettle_serial_ops fettle_sim_line_ops = {
    .write = line_write,
    .read = line_read,
    .discard = line_discard,
    .set_lines = line_set_lines,
    .set_baud = line_set_baud,
    .set_format = line_set_format,
    .close = line_close,
};
