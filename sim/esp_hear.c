/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ESP chip hears: bytes become SLIP frames (section 1.1 of the fact sheet), frames
 * commands.
 *
 * A ROM polls its UART: while it works, 128 bytes wait in the FIFO and more are lost. A stub is
 * interrupted: it fills one of two buffers while it works on the other, and loses what comes when
 * both are in use (section 6.2). Over USB nothing is lost: the host has to wait.
 *
 * Faults of the line hit a frame at one of its bytes, or the reply to it.
 */
#include "esp.h"

#include <string.h>

enum {
    END = 0xc0,
    ESCAPE = 0xdb,
    ESCAPED_END = 0xdc,
    ESCAPED_ESCAPE = 0xdd,
    HEADER = 8,
    LENGTH_IS_THERE = 5, /* raw bytes, of a frame that has nothing escaped so far */
};

static bool is_working(const fettle_sim_esp *esp)
{
    return esp->work.is_on;
}

static fettle_sim_esp_frame *filling(fettle_sim_esp *esp)
{
    return &esp->frames[esp->filling];
}

bool fettle_sim_esp_is_full(const fettle_sim_esp *esp)
{
    return esp->mode == ESP_MODE_ROM    ? is_working(esp)
           : esp->mode == ESP_MODE_STUB ? esp->frames[esp->filling].is_complete
                                        : false;
}

void fettle_sim_esp_forget(fettle_sim_esp *esp)
{
    esp->fifo_count = 0;
    esp->frames[0].size = esp->frames[1].size = 0;
    esp->frames[0].is_complete = esp->frames[1].is_complete = false;
    esp->filling = esp->working = 0;
    esp->is_in_frame = esp->is_escaped = false;
    esp->spoil.is_on = false;
}

/* ---- faults ---- */

static unsigned kinds_of(uint8_t opcode)
{
    switch (opcode) {
    case ESP_FLASH_DATA:
    case ESP_FLASH_DEFL_DATA:
        return SIM_AS_FRAME | SIM_AS_BLOCK;
    case ESP_FLASH_BEGIN:
    case ESP_FLASH_DEFL_BEGIN:
    case ESP_ERASE_FLASH:
    case ESP_ERASE_REGION:
        return SIM_AS_FRAME | SIM_AS_ERASE;
    default:
        return SIM_AS_FRAME;
    }
}

/* A frame begins: where will it be hit, if it is? The length isn't known yet. */
static void meet_line_faults(fettle_sim_esp *esp)
{
    static const fettle_sim_fault_kind kinds[] = {FAULT_NOISE, FAULT_LOSE_BYTE,
                                                  FAULT_DOUBLE_BYTE};
    fettle_sim_hits hits = fettle_sim_fault_meet_as(esp->board, SIM_AS_LINE);
    esp->spoil.is_on = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (hits.is[kinds[i]]) {
            uint32_t random = fettle_sim_random(&esp->board->random);
            esp->spoil = (fettle_sim_esp_spoil){
                .is_on = true,
                .is_reply = (random & 1) != 0,
                .kind = kinds[i],
                .at = (random & 2) != 0 ? 1 + (random >> 8) % HEADER : SIZE_MAX,
                .bit = (uint8_t)(random >> 2 & 7),
            };
        }
    }
}

static void place_spoil(fettle_sim_esp *esp)
{
    if (esp->spoil.is_on && esp->spoil.at == SIZE_MAX && esp->raw == LENGTH_IS_THERE) {
        size_t length = fettle_get16(filling(esp)->bytes + 2);
        esp->spoil.at = LENGTH_IS_THERE + 1 +
                        fettle_sim_random(&esp->board->random) % (length + HEADER / 2);
    }
}

/* ---- commands ---- */

static void leave_now(fettle_sim_esp *esp, fettle_us at)
{
    fettle_sim_leave_by_fault(esp->board, &esp->hits, at);
}

static bool is_leaving(const fettle_sim_hits *hits)
{
    return hits->is[FAULT_VANISH] || hits->is[FAULT_NO_RETURN] || hits->is[FAULT_OTHER_IDS];
}

static void record_command(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                           fettle_us at)
{
    fettle_sim_entry entry = {
        .at = at,
        .what = frame->bytes[1] == ESP_SYNC ? "sync" : "command",
        .bRequest = frame->bytes[1],
        .count = frame->size,
    };
    fettle_sim_record(esp->board, &entry, (fettle_span){NULL, 0});
}

static void obey(fettle_sim_esp *esp, fettle_us at)
{
    const fettle_sim_esp_frame *frame = &esp->frames[esp->working];
    unsigned kinds = SIM_AS_FRAME;
    if (!esp->reading.is_on) {
        record_command(esp, frame, at);
        kinds = kinds_of(frame->bytes[1]);
    }
    esp->hits = fettle_sim_fault_meet_as(esp->board, kinds | SIM_AS_ANY);
    esp->is_mute = esp->is_mute || esp->hits.is[FAULT_MUTE];
    if (esp->is_mute) {
        fettle_sim_record_event(esp->board, at, "mute");
        esp->frames[esp->working].is_complete = false;
        return;
    }
    if (esp->hits.is_before) {
        esp->frames[esp->working].is_complete = false;
        if (is_leaving(&esp->hits)) {
            leave_now(esp, at);
        }
        return;
    }
    if (esp->mode == ESP_MODE_STUB) {
        fettle_sim_esp_stub_obey(esp, frame, at);
    } else {
        fettle_sim_esp_rom_obey(esp, frame, at);
    }
    if (!is_working(esp)) {
        esp->frames[esp->working].is_complete = false;
    }
}

/* Auto-baud: nothing counts before a SYNC, whose rate it is then. */
static bool finds_baud(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame)
{
    if (esp->knows_baud) {
        return true;
    }
    if (frame->size < HEADER || frame->bytes[1] != ESP_SYNC) {
        return false;
    }
    esp->knows_baud = true;
    esp->baud = esp->next_baud;
    fettle_sim_esp_tell_divider(esp);
    return true;
}

static void on_frame(fettle_sim_esp *esp, fettle_us at)
{
    fettle_sim_esp_frame *frame = filling(esp);
    bool is_ack = esp->mode == ESP_MODE_STUB && esp->reading.is_on;
    if (esp->is_mute || !finds_baud(esp, frame) || (frame->size < HEADER && !is_ack) ||
        (frame->bytes[0] != 0 && !is_ack && esp->mode == ESP_MODE_ROM)) {
        frame->size = 0;
        return;
    }
    frame->is_complete = true;
    if (esp->mode == ESP_MODE_STUB) {
        esp->filling ^= 1;
        if (is_working(esp)) {
            return; /* its turn comes: fettle_sim_esp_be_ready() */
        }
        esp->working = esp->filling ^ 1;
    }
    obey(esp, at);
}

/* ---- bytes ---- */

static void put(fettle_sim_esp *esp, uint8_t byte)
{
    fettle_sim_esp_frame *frame = filling(esp);
    size_t room = esp->mode == ESP_MODE_STUB ? ESP_STUB_FRAME : ESP_ROM_FRAME;
    frame->is_too_long = frame->is_too_long || frame->size == room;
    if (!frame->is_too_long) {
        frame->bytes[frame->size++] = byte;
    }
}

static void begin_frame(fettle_sim_esp *esp)
{
    esp->is_in_frame = true;
    esp->is_escaped = false;
    esp->raw = 1;
    filling(esp)->size = 0;
    filling(esp)->is_too_long = false;
    meet_line_faults(esp);
}

static void end_frame(fettle_sim_esp *esp, fettle_us at)
{
    esp->is_in_frame = false;
    if (filling(esp)->is_too_long) {
        fettle_sim_record_event(esp->board, at, "too-long");
        filling(esp)->size = 0;
        return;
    }
    on_frame(esp, at);
}

static void take_plain(fettle_sim_esp *esp, uint8_t byte, fettle_us at)
{
    if (byte == END) {
        if (esp->is_in_frame && filling(esp)->size > 0) {
            end_frame(esp, at);
        } else {
            begin_frame(esp);
        }
        return;
    }
    if (!esp->is_in_frame) {
        return;
    }
    esp->raw++;
    if (esp->is_escaped) {
        esp->is_escaped = false;
        put(esp, byte == ESCAPED_END ? END : byte == ESCAPED_ESCAPE ? ESCAPE : byte);
    } else if (byte == ESCAPE) {
        esp->is_escaped = true;
    } else {
        put(esp, byte);
    }
    place_spoil(esp);
}

/* With what a fault of the line makes of it. */
static void take(fettle_sim_esp *esp, uint8_t byte, fettle_us at)
{
    fettle_sim_esp_spoil *spoil = &esp->spoil;
    bool is_hit =
        spoil->is_on && !spoil->is_reply && esp->is_in_frame && esp->raw == spoil->at;
    if (!is_hit) {
        take_plain(esp, byte, at);
        return;
    }
    fettle_sim_fault_kind kind = spoil->kind;
    spoil->is_on = false;
    if (kind == FAULT_NOISE) {
        take_plain(esp, byte ^ (uint8_t)(1u << spoil->bit), at);
    } else if (kind == FAULT_DOUBLE_BYTE) {
        take_plain(esp, byte, at);
        take_plain(esp, byte, at);
    }
}

static void lose(fettle_sim_esp *esp, fettle_us at)
{
    esp->is_in_frame = esp->mode != ESP_MODE_STUB && esp->is_in_frame;
    if (!esp->has_dropped) {
        esp->has_dropped = true;
        fettle_sim_record_event(esp->board, at, "dropped");
    }
}

void fettle_sim_esp_hear(fettle_sim_esp *esp, uint8_t byte, fettle_us at)
{
    if (esp->mode == ESP_MODE_STUB) {
        if (filling(esp)->is_complete) {
            lose(esp, at);
        } else {
            esp->has_dropped = false;
            take(esp, byte, at);
        }
        return;
    }
    if (esp->mode != ESP_MODE_ROM) {
        return;
    }
    if (!is_working(esp)) {
        esp->has_dropped = false;
        take(esp, byte, at);
    } else if (esp->fifo_count < ESP_FIFO) {
        esp->fifo[esp->fifo_count++] = byte;
    } else {
        lose(esp, at);
    }
}

/* The ROM looks at what has come meanwhile. */
static void poll_fifo(fettle_sim_esp *esp, fettle_us at)
{
    while (esp->fifo_count > 0 && !is_working(esp) && esp->mode == ESP_MODE_ROM) {
        uint8_t byte = esp->fifo[0];
        memmove(esp->fifo, esp->fifo + 1, --esp->fifo_count);
        take(esp, byte, at);
    }
}

void fettle_sim_esp_be_ready(fettle_sim_esp *esp, fettle_us at)
{
    esp->frames[esp->working].is_complete = false;
    if (is_leaving(&esp->hits)) {
        leave_now(esp, at);
        return;
    }
    if (esp->mode == ESP_MODE_ROM) {
        poll_fifo(esp, at);
        return;
    }
    unsigned other = esp->working ^ 1;
    if (esp->mode == ESP_MODE_STUB && esp->frames[other].is_complete) {
        esp->working = other;
        obey(esp, at);
    }
}
