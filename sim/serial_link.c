/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of a link to a serial line. What is at the other end, and how its bytes come and go, is its wire's: line.c for a
 * shield, esp_line.c for a chip.
 */
#include "internal.h"

#include <string.h>

enum {
    FRAME_US = 1000, /* how often to look again where others may write meanwhile */
};

static fettle_outcome make_outcome(fettle_outcome_kind kind, size_t count)
{
    return (fettle_outcome){.kind = kind, .count = count};
}

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

static const fettle_sim_wire *wire_of(const fettle_sim_link *link)
{
    return link->board->esp != NULL ? &fettle_sim_esp_wire : &fettle_sim_shield_wire;
}

static void record_data(fettle_sim_link *link, const char *what, const uint8_t *data,
                        const fettle_outcome *outcome)
{
    fettle_sim_board *board = link->board;
    bool is_sent = strcmp(what, "write") == 0;
    board->totals.to_board += is_sent ? outcome->count : 0;
    board->totals.from_board += is_sent ? 0 : outcome->count;
    fettle_sim_entry entry = {
        .at = fettle_sim_catch_up(board->sim),
        .what = what,
        .outcome = outcome->kind,
        .count = outcome->count,
        .serial = FETTLE_SIM_DATA,
        .told = board->line.told,
    };
    fettle_sim_record(board, &entry, (fettle_span){data, outcome->count});
}

/* ---- data ---- */

static fettle_outcome line_write(void *self, const uint8_t *data, size_t size,
                                 fettle_us until, const fettle_cancel *cancel)
{
    fettle_sim_link *link = self;
    fettle_span rest = {data, size};
    if (fettle_cancel_is_wanted(cancel)) {
        return make_outcome(FETTLE_CANCELLED, 0);
    }
    fettle_sim_lock(link->board->sim);
    fettle_outcome outcome = {.kind = wire_of(link)->send(link, &rest, until, cancel)};
    outcome.count = size - rest.size;
    record_data(link, "write", data, &outcome);
    fettle_sim_unlock(link->board->sim);
    return outcome;
}

static fettle_outcome receive(fettle_sim_link *link, uint8_t *buffer, size_t size,
                              fettle_us until, const fettle_cancel *cancel)
{
    const fettle_sim_wire *wire = wire_of(link);
    fettle_sim *sim = link->board->sim;
    for (;;) {
        fettle_us now = wire->catch_up(link);
        if (fettle_sim_link_is_gone(link)) {
            return make_outcome(FETTLE_GONE, 0);
        }
        size_t count = wire->take(link->board, buffer, size, now);
        if (count > 0 || size == 0) {
            return make_outcome(FETTLE_OK, count);
        }
        if (now >= until) {
            return make_outcome(FETTLE_TIMEOUT, 0);
        }
        fettle_us next = wire->next(link->board);
        if (next == FETTLE_NEVER && sim->clock != NULL) {
            next = fettle_sim_after(now, FRAME_US); /* another thread may write meanwhile */
        }
        fettle_outcome_kind kind = fettle_sim_idle(sim, earlier(next, until), cancel);
        if (kind != FETTLE_OK) {
            return make_outcome(kind, 0);
        }
    }
}

static fettle_outcome line_read(void *self, uint8_t *buffer, size_t size, fettle_us until,
                                const fettle_cancel *cancel)
{
    fettle_sim_link *link = self;
    if (fettle_cancel_is_wanted(cancel)) {
        return make_outcome(FETTLE_CANCELLED, 0);
    }
    fettle_sim_lock(link->board->sim);
    fettle_outcome outcome = receive(link, buffer, size, until, cancel);
    if (outcome.count > 0) {
        record_data(link, "read", buffer, &outcome);
    }
    fettle_sim_unlock(link->board->sim);
    return outcome;
}

/* ---- settings ---- */

/* With the lock: all right as long as the board is there. */
static fettle_outcome begin(fettle_sim_link *link, fettle_us *now)
{
    fettle_sim_lock(link->board->sim);
    *now = wire_of(link)->catch_up(link);
    return make_outcome(fettle_sim_link_is_gone(link) ? FETTLE_GONE : FETTLE_OK, 0);
}

static fettle_outcome line_discard(void *self)
{
    fettle_sim_link *link = self;
    fettle_us now;
    fettle_outcome outcome = begin(link, &now);
    uint8_t bytes[64];
    while (outcome.kind == FETTLE_OK &&
           wire_of(link)->take(link->board, bytes, sizeof bytes, now) > 0) {
    }
    fettle_sim_unlock(link->board->sim);
    return outcome;
}

static fettle_outcome line_set_lines(void *self, bool dtr, bool rts)
{
    fettle_sim_link *link = self;
    fettle_us now;
    fettle_outcome outcome = begin(link, &now);
    if (outcome.kind == FETTLE_OK) {
        wire_of(link)->set_lines(link->board, dtr, rts, now);
    }
    fettle_sim_unlock(link->board->sim);
    return outcome;
}

/* 0: as it is. What was written leaves first; what has come, came. */
static fettle_outcome set_coding(fettle_sim_link *link, uint32_t baud, uint8_t data_bits)
{
    const fettle_sim_wire *wire = wire_of(link);
    fettle_us now;
    fettle_outcome outcome = begin(link, &now);
    fettle_us left = wire->drained(link->board);
    const fettle_serial_settings told = link->board->line.told;
    if (outcome.kind == FETTLE_OK && left > now) {
        outcome.kind = fettle_sim_link_pass(link, left, NULL);
        now = wire->catch_up(link);
    }
    if (outcome.kind == FETTLE_OK) {
        wire->set_coding(link->board, baud != 0 ? baud : told.baud,
                         data_bits != 0 ? data_bits : told.data_bits, now);
    }
    fettle_sim_unlock(link->board->sim);
    return outcome;
}

static fettle_outcome line_set_baud(void *self, uint32_t baud)
{
    return set_coding(self, baud, 0);
}

static fettle_outcome line_set_format(void *self, uint8_t data_bits)
{
    return set_coding(self, 0, data_bits);
}

static void line_close(void *self)
{
    fettle_sim_link_close(self);
}

const fettle_serial_ops fettle_sim_serial_ops = {
    .write = line_write,
    .read = line_read,
    .discard = line_discard,
    .set_lines = line_set_lines,
    .set_baud = line_set_baud,
    .set_format = line_set_format,
    .close = line_close,
};
