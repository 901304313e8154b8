/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial line of a shield whose application runs: a bridge between USB and the UART of the module
 * on the shield. Here nobody is there (module=none), and the line takes everything and says nothing; or
 * (module=echo) a stand-in sends each byte back as soon as it has it. The line to a module is in esp_line.c.
 *
 * Bytes take the time that they need on the wire, ten bits each at the rate that was told; there is no
 * buffer to hurry ahead of. What comes back takes the same time again, and waits for the host: where
 * 4096 bytes wait already more is lost, as behind a UART without flow control. With 5 data bits
 * the bridge takes what comes for commands to itself (pic_channel.c): nothing reaches the module then.
 */
#include "internal.h"

#include <stdlib.h>

enum {
    BITS = 10,       /* of one byte: start, eight, stop */
    PIECE_US = 5000, /* of a long write: rates may change between two of them */
};

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

/* How long `count` bytes need, never less. */
static fettle_us time_for(const fettle_sim_serial_line *line, size_t count)
{
    fettle_us bits = (fettle_us)count * BITS;
    return (bits * 1000000 + line->told.baud - 1) / line->told.baud;
}

static size_t bytes_in(const fettle_sim_serial_line *line, fettle_us time)
{
    return (size_t)(time * line->told.baud / ((fettle_us)BITS * 1000000));
}

/* ---- what it is told ---- */

bool fettle_sim_line_init(fettle_sim_board *board)
{
    fettle_sim_line_start(board);
    if (board->esp != NULL) {
        return true;
    }
    board->line.bytes = calloc(SIM_LINE_ROOM, sizeof *board->line.bytes);
    return board->line.bytes != NULL;
}

void fettle_sim_line_start(fettle_sim_board *board)
{
    fettle_sim_byte *bytes = board->line.bytes;
    board->line = (fettle_sim_serial_line){
        .told = {.baud = 115200, .data_bits = 8},
        .bytes = bytes,
    };
}

static void record(fettle_sim_board *board, fettle_us at, const char *what,
                   fettle_sim_serial serial)
{
    fettle_sim_entry entry = {
        .at = at, .what = what, .serial = serial, .told = board->line.told};
    fettle_sim_record(board, &entry, (fettle_span){NULL, 0});
}

void fettle_sim_line_set_coding(fettle_sim_board *board, uint32_t baud, uint8_t data_bits,
                                fettle_us at)
{
    if (board->line.told.data_bits != data_bits) {
        board->pic.command_count = 0;
    }
    board->line.told.baud = baud == 0 ? 1 : baud;
    board->line.told.data_bits = data_bits;
    record(board, at, "line-coding", FETTLE_SIM_CODING);
}

void fettle_sim_line_set_lines(fettle_sim_board *board, bool dtr, bool rts, fettle_us at)
{
    board->line.told.dtr = dtr;
    board->line.told.rts = rts;
    record(board, at, "lines", FETTLE_SIM_LINES);
}

void fettle_sim_line_open(fettle_sim_board *board, const fettle_serial_settings *settings,
                          fettle_us at)
{
    if (settings != NULL) {
        fettle_sim_line_set_coding(board, settings->baud, settings->data_bits, at);
        fettle_sim_line_set_lines(board, settings->dtr, settings->rts, at);
    }
}

bool fettle_sim_line(const fettle_sim *sim, size_t board, fettle_serial_settings *settings)
{
    fettle_sim *self = sim->self;
    fettle_sim_lock(self);
    fettle_sim_catch_up(self);
    const fettle_sim_board *its = self->boards[board];
    *settings = its->line.told;
    fettle_sim_unlock(self);
    return its->model->is_shield || its->model->esp != NULL;
}

/* ---- what the module says ---- */

static void come(fettle_sim_board *board, uint8_t value, fettle_us due)
{
    fettle_sim_serial_line *line = &board->line;
    if (line->count == SIM_LINE_ROOM) {
        if (!line->has_lost) {
            line->has_lost = true;
            fettle_sim_record_event(board, due, "overrun");
        }
        return;
    }
    line->bytes[(line->first + line->count) % SIM_LINE_ROOM] =
        (fettle_sim_byte){due, value};
    line->count++;
}

void fettle_sim_line_answer(fettle_sim_board *board, const uint8_t *bytes, size_t size,
                            fettle_us due)
{
    for (size_t i = 0; i < size; i++) {
        if (board->esp != NULL) {
            fettle_sim_esp_answer_of_pic(board->esp, bytes[i], due);
        } else {
            come(board, bytes[i], due);
        }
    }
}

/* The module has a byte when its stop bit is there, and needs as long to send it back. */
static void echo(fettle_sim_board *board, const uint8_t *data, size_t size, fettle_us at)
{
    bool is_command = fettle_sim_pic_listens(board);
    bool is_echo = fettle_sim_option_of(board, OPTION_MODULE) == MODULE_ECHO;
    for (size_t i = 0; i < size; i++) {
        if (is_command) {
            fettle_sim_pic_hear(board, data[i], at + time_for(&board->line, i + 1));
        } else if (is_echo) {
            come(board, data[i], at + time_for(&board->line, i + 2));
        }
    }
}

/* ---- the wire; with the lock ---- */

/* Sends what one piece of time has room for, from `*at` to its end. */
static fettle_outcome_kind send_piece(fettle_sim_link *link, fettle_span *data,
                                      fettle_us *at, fettle_us until,
                                      const fettle_cancel *cancel)
{
    fettle_sim_board *board = link->board;
    fettle_us last = earlier(fettle_sim_after(*at, PIECE_US), until);
    size_t count = bytes_in(&board->line, last > *at ? last - *at : 0);
    count = count > 0 ? count : 1;
    count = count < data->size ? count : data->size;
    fettle_us ends = fettle_sim_after(*at, time_for(&board->line, count));
    if (ends > until) {
        fettle_outcome_kind kind = fettle_sim_link_pass(link, until, cancel);
        return kind == FETTLE_OK ? FETTLE_TIMEOUT : kind;
    }
    echo(board, data->data, count, *at);
    data->data += count;
    data->size -= count;
    *at = ends;
    return fettle_sim_link_pass(link, ends, cancel);
}

static fettle_outcome_kind send(fettle_sim_link *link, fettle_span *data, fettle_us until,
                                const fettle_cancel *cancel)
{
    fettle_us free_at = link->board->naks_until;
    fettle_outcome_kind kind = fettle_sim_link_pass(link, earlier(free_at, until), cancel);
    fettle_us at = fettle_sim_catch_up(link->board->sim);
    if (kind == FETTLE_OK && at < free_at) {
        kind = FETTLE_TIMEOUT;
    }
    while (kind == FETTLE_OK && data->size > 0) {
        kind = send_piece(link, data, &at, until, cancel);
    }
    return kind;
}

static fettle_us catch_up(fettle_sim_link *link)
{
    return fettle_sim_catch_up(link->board->sim);
}

static size_t take(fettle_sim_board *board, uint8_t *buffer, size_t size, fettle_us now)
{
    fettle_sim_serial_line *line = &board->line;
    size_t count = 0;
    while (count < size && line->count > 0 && line->bytes[line->first].due <= now) {
        buffer[count++] = line->bytes[line->first].value;
        line->first = (line->first + 1) % SIM_LINE_ROOM;
        line->count--;
        line->has_lost = false;
    }
    return count;
}

static fettle_us next(const fettle_sim_board *board)
{
    const fettle_sim_serial_line *line = &board->line;
    return line->count > 0 ? line->bytes[line->first].due : FETTLE_NEVER;
}

/* A write ends when its last byte has left. */
static fettle_us drained(const fettle_sim_board *board)
{
    (void)board;
    return 0;
}

const fettle_sim_wire fettle_sim_shield_wire = {
    .catch_up = catch_up,
    .send = send,
    .take = take,
    .next = next,
    .drained = drained,
    .set_lines = fettle_sim_line_set_lines,
    .set_coding = fettle_sim_line_set_coding,
};
