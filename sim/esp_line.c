/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's end of the line to an ESP chip: what a system's driver and a bridge make of it. Up
 * to 4096 bytes are taken ahead of the wire; on the wire each needs its ten bits at the rate of
 * that moment. What the chip sends is there when it has come, and the bridge has handed it over;
 * a byte at another rate than the host listens at is another byte.
 */
#include "pycom.h"

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

static fettle_sim_esp *esp_of(const fettle_sim_link *link)
{
    return link->board->esp;
}

/* The time, with everything done that is due. */
static fettle_us catch_up(fettle_sim_link *link)
{
    fettle_us now = fettle_sim_catch_up(link->board->sim);
    if (!fettle_sim_link_is_gone(link)) {
        fettle_sim_esp_advance(esp_of(link), now);
    }
    return now;
}

/* ---- to the chip ---- */

static void put_byte(fettle_sim_esp *esp, uint8_t value, fettle_us now)
{
    const fettle_serial_settings *told = &esp->board->line.told;
    if (fettle_sim_pic_listens(esp->board)) {
        fettle_sim_pic_hear(esp->board, value, now);
        return;
    }
    uint64_t begins = now * 1000;
    begins = begins < esp->in_free_ns ? esp->in_free_ns : begins;
    esp->in_free_ns = begins + fettle_sim_esp_byte_ns(esp, told->baud);
    bool has_way = esp->module == NULL || fettle_sim_pycom_bridges(esp->board);
    if (!has_way || !fettle_sim_esp_bear(esp, told->baud, &value)) {
        return;
    }
    size_t at = (esp->in_first + esp->in_count++) % ESP_IN_ROOM;
    esp->in[at] = (fettle_sim_esp_in){
        .due = (esp->in_free_ns + 999) / 1000,
        .baud = told->baud,
        .value = value,
        .data_bits = told->data_bits,
    };
}

/* When a good part of what is on the wire will have left it. */
static fettle_us has_room_at(const fettle_sim_esp *esp, fettle_us now)
{
    size_t part = esp->in_count / 4;
    fettle_us due = esp->in[(esp->in_first + part) % ESP_IN_ROOM].due;
    return due > now ? due
                     : FETTLE_NEVER; /* the chip doesn't take it: something must happen */
}

static fettle_outcome_kind send(fettle_sim_link *link, fettle_span *data, fettle_us until,
                                const fettle_cancel *cancel)
{
    fettle_sim_esp *esp = esp_of(link);
    for (;;) {
        fettle_us now = catch_up(link);
        if (fettle_sim_link_is_gone(link)) {
            return FETTLE_GONE;
        }
        while (data->size > 0 && esp->in_count < ESP_HOST_ROOM) {
            put_byte(esp, *data->data, now);
            data->data++;
            data->size--;
        }
        fettle_sim_esp_advance(esp, now);
        if (data->size == 0) {
            return FETTLE_OK;
        }
        if (now >= until) {
            return FETTLE_TIMEOUT;
        }
        fettle_outcome_kind kind = fettle_sim_idle(
            link->board->sim, earlier(has_room_at(esp, now), until), cancel);
        if (kind != FETTLE_OK) {
            return kind;
        }
    }
}

/* ---- from the chip ---- */

/* What has come so far came at the rate that holds now. */
static void judge(fettle_sim_esp *esp, fettle_us now)
{
    const fettle_serial_settings *told = &esp->board->line.told;
    for (size_t i = 0; i < esp->out_count; i++) {
        fettle_sim_esp_out *byte = &esp->out[(esp->out_first + i) % ESP_OUT_ROOM];
        if (byte->due > now) {
            return;
        }
        bool is_off = !esp->is_jtag && (fettle_sim_esp_is_off(told->baud, byte->baud) ||
                                        told->data_bits != 8);
        if (!byte->is_judged && is_off) {
            byte->value ^= (uint8_t)(fettle_sim_random(&esp->board->random) | 1);
        }
        byte->is_judged = true;
    }
}

/* The PIC turns to its commands: what hasn't come yet finds no bridge. */
static void stop_bridge(fettle_sim_esp *esp, fettle_us now)
{
    while (esp->out_count > 0 &&
           esp->out[(esp->out_first + esp->out_count - 1) % ESP_OUT_ROOM].due > now) {
        esp->out_count--;
    }
}

void fettle_sim_esp_set_coding(fettle_sim_esp *esp, uint32_t baud, uint8_t data_bits,
                               fettle_us at)
{
    bool listened = fettle_sim_pic_listens(esp->board);
    fettle_sim_esp_advance(esp, at);
    judge(esp, at);
    fettle_sim_line_set_coding(esp->board, baud, data_bits, at);
    if (fettle_sim_pic_listens(esp->board) && !listened) {
        stop_bridge(esp, at);
    }
}

void fettle_sim_esp_answer_of_pic(fettle_sim_esp *esp, uint8_t byte, fettle_us due)
{
    if (esp->out_count < ESP_OUT_ROOM) {
        esp->out[(esp->out_first + esp->out_count++) % ESP_OUT_ROOM] =
            (fettle_sim_esp_out){.due = due, .value = byte, .is_judged = true};
    }
}

/* ---- the wire; with the lock ---- */

static size_t take(fettle_sim_board *board, uint8_t *buffer, size_t size, fettle_us now)
{
    fettle_sim_esp *esp = board->esp;
    size_t count = 0;
    judge(esp, now);
    while (count < size && esp->out_count > 0 && esp->out[esp->out_first].due <= now) {
        buffer[count++] = esp->out[esp->out_first].value;
        esp->out_first = (esp->out_first + 1) % ESP_OUT_ROOM;
        esp->out_count--;
        esp->has_lost = false;
    }
    return count;
}

static fettle_us next(const fettle_sim_board *board)
{
    const fettle_sim_esp *esp = board->esp;
    return esp->out_count > 0 ? esp->out[esp->out_first].due : FETTLE_NEVER;
}

static fettle_us drained(const fettle_sim_board *board)
{
    return (board->esp->in_free_ns + 999) / 1000;
}

static void set_lines(fettle_sim_board *board, bool dtr, bool rts, fettle_us at)
{
    fettle_sim_esp_set_lines(board->esp, dtr, rts, at);
}

static void set_coding(fettle_sim_board *board, uint32_t baud, uint8_t data_bits,
                       fettle_us at)
{
    fettle_sim_esp_set_coding(board->esp, baud, data_bits, at);
}

const fettle_sim_wire fettle_sim_esp_wire = {
    .catch_up = catch_up,
    .send = send,
    .take = take,
    .next = next,
    .drained = drained,
    .set_lines = set_lines,
    .set_coding = set_coding,
};

void fettle_sim_esp_open(fettle_sim_board *board, const fettle_serial_settings *settings,
                         fettle_us at)
{
    fettle_sim_esp *esp = board->esp;
    esp->out_count = 0;
    fettle_sim_esp_listen(esp, at);
    if (settings != NULL) {
        fettle_sim_esp_set_coding(esp, settings->baud, settings->data_bits, at);
        fettle_sim_esp_set_lines(esp, settings->dtr, settings->rts, at);
    }
}
