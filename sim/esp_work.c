/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What takes an ESP chip time: erasing, programming, inflating. It is done in steps of a sector
 * at most, each with its own time, so that a reset in the middle finds the flash half done; the
 * reply comes at the end, or came before (a stub's to a block of data).
 *
 * A ROM has erased everything at BEGIN, and reads back what it programs. A stub erases just
 * before it programs, in blocks where there is room, and leaves alone what is blank until it
 * meets something that isn't (sections 2.3, 2.7 and 2.12 of the fact sheet).
 */
#include "esp.h"

#include <string.h>

enum {
    END = 0xc0,
    ESCAPE = 0xdb,
    ESCAPED_END = 0xdc,
    ESCAPED_ESCAPE = 0xdd,
    REPLY_MOST = 8 + 64 + 4,
    ROM_CHANGES_US = 200, /* to another rate, once its reply has left */
    STUB_CHANGES_US = 10000,
    MUCH_US = 10, /* inflating a kibibyte takes so long, and more */
};

static bool is_stub(const fettle_sim_esp *esp)
{
    return esp->mode == ESP_MODE_STUB;
}

/* ---- replies ---- */

/* One of its bytes is hit; those of SLIP count as well. */
static bool is_hit(fettle_sim_esp *esp, size_t *at, size_t size)
{
    if (!esp->spoil.is_on || !esp->spoil.is_reply) {
        return false;
    }
    esp->spoil.is_on = false;
    *at = fettle_sim_random(&esp->board->random) % (size + 2);
    return true;
}

static void emit_spoilt(fettle_sim_esp *esp, uint8_t byte, fettle_us at)
{
    switch (esp->spoil.kind) {
    case FAULT_NOISE:
        fettle_sim_esp_emit(esp, byte ^ (uint8_t)(1u << esp->spoil.bit), at);
        break;
    case FAULT_DOUBLE_BYTE:
        fettle_sim_esp_emit(esp, byte, at);
        fettle_sim_esp_emit(esp, byte, at);
        break;
    default:
        break;
    }
}

void fettle_sim_esp_send(fettle_sim_esp *esp, const uint8_t *bytes, size_t size,
                         fettle_us at)
{
    size_t hit = SIZE_MAX;
    is_hit(esp, &hit, size);
    for (size_t i = 0; i < size + 2; i++) {
        bool is_end = i == 0 || i == size + 1;
        uint8_t byte = is_end ? END : bytes[i - 1];
        bool is_escaped = !is_end && (byte == END || byte == ESCAPE);
        if (is_escaped) {
            fettle_sim_esp_emit(esp, ESCAPE, at);
            byte = byte == END ? ESCAPED_END : ESCAPED_ESCAPE;
        }
        if (i == hit) {
            emit_spoilt(esp, byte, at);
        } else {
            fettle_sim_esp_emit(esp, byte, at);
        }
    }
}

/* Section 1.5: a ROM says that it failed, and why; a stub only why. */
void fettle_sim_esp_reply(fettle_sim_esp *esp, const fettle_sim_esp_work *reply,
                          fettle_us at)
{
    uint8_t bytes[REPLY_MOST] = {1, reply->opcode};
    size_t payload = reply->code == ESP_OK ? reply->payload_size : 0;
    size_t status = is_stub(esp) ? 2 : esp->chip->status_size;
    fettle_put16(bytes + 2, (uint16_t)(payload + status));
    fettle_put32(bytes + 4, reply->value);
    memcpy(bytes + 8, reply->payload, payload);
    bytes[8 + payload] = is_stub(esp) ? reply->code : reply->code != ESP_OK;
    bytes[8 + payload + 1] = is_stub(esp) ? 0 : reply->code;
    for (unsigned i = 0; i <= reply->repeats; i++) {
        fettle_sim_esp_send(esp, bytes, 8 + payload + status, at);
    }
}

void fettle_sim_esp_answer(fettle_sim_esp *esp, uint8_t opcode, uint8_t code, fettle_us at)
{
    fettle_sim_esp_work work = {
        .opcode = opcode,
        .code = code,
        .value = is_stub(esp) ? 0 : esp->last_value,
        .replies = true,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

/* ---- the end of it ---- */

static void follow(fettle_sim_esp *esp, const fettle_sim_esp_work *done, fettle_us at)
{
    fettle_us sent = fettle_sim_esp_sent_at(esp);
    sent = sent < at ? at : sent;
    switch (done->then) {
    case THEN_CHANGE_BAUD:
        esp->changes_at = sent + (is_stub(esp) ? STUB_CHANGES_US : ROM_CHANGES_US);
        break;
    case THEN_LEAVE:
        esp->starts_at = sent;
        break;
    case THEN_RUN:
        fettle_sim_esp_forget(esp);
        if (fettle_sim_esp_has_stub(esp, done->entry)) {
            fettle_sim_esp_start_stub(esp, sent);
        } else {
            esp->mode = ESP_MODE_SILENT;
        }
        break;
    case THEN_READ:
        fettle_sim_esp_send_packet(esp, at);
        break;
    case THEN_NOTHING:
        break;
    }
}

static void finish(fettle_sim_esp *esp, fettle_us at)
{
    fettle_sim_esp_work done = esp->work;
    esp->work.is_on = false;
    if (done.replies && !esp->hits.is[FAULT_LOSE_REPLY]) {
        fettle_sim_esp_reply(esp, &done, at);
    } else if (!done.replies && done.code != ESP_OK) {
        esp->transfer.failed =
            done.code; /* it has been answered: the next one will hear it */
    }
    if (done.code == ESP_OK) {
        follow(esp, &done, at);
    }
    fettle_sim_esp_be_ready(esp, at);
}

/* ---- steps ---- */

/* What a stub erases before it programs up to `end`. */
static fettle_us erase_ahead(fettle_sim_esp *esp, uint32_t end, fettle_us at)
{
    fettle_sim_esp_transfer *transfer = &esp->transfer;
    fettle_us time = 0;
    while (is_stub(esp) && transfer->erased < end) {
        if (!transfer->has_met_dirt &&
            fettle_sim_esp_is_blank(esp, transfer->erased, ESP_SECTOR)) {
            transfer->erased += ESP_SECTOR;
            continue;
        }
        transfer->has_met_dirt = true;
        time += fettle_sim_esp_erase(esp, &transfer->erased, transfer->erase_end, at);
    }
    return time;
}

static bool reads_back(const fettle_sim_esp *esp, const uint8_t *bytes, size_t size)
{
    uint8_t there[ESP_SECTOR];
    fettle_sim_esp_read(esp, esp->transfer.at, there, size);
    return memcmp(there, bytes, size) == 0;
}

/* One piece, of a sector at most. */
static fettle_us program(fettle_sim_esp *esp, const uint8_t *bytes, size_t size,
                         fettle_us at)
{
    fettle_sim_esp_transfer *transfer = &esp->transfer;
    uint32_t left = transfer->end - transfer->at;
    if (size > left) {
        bool is_padding = is_stub(esp) && !transfer->is_deflated && left > 0;
        esp->work.code = is_padding     ? esp->work.code
                         : is_stub(esp) ? STUB_TOO_MUCH
                                        : ROM_FAILED;
        size = left;
    }
    size /= esp->work.breaks ? 2 : 1;
    fettle_us time = erase_ahead(esp, transfer->at + (uint32_t)size, at);
    uint8_t sealed[ESP_SECTOR];
    memcpy(sealed, bytes, size);
    if (transfer->is_encrypted) {
        fettle_sim_esp_encrypt(esp, transfer->at, sealed, size);
    }
    time += fettle_sim_esp_program(esp, transfer->at, sealed, size, at + time);
    if (!is_stub(esp) && !reads_back(esp, sealed, size)) {
        esp->work.code = ROM_WRITE;
    }
    transfer->at += (uint32_t)size;
    return time;
}

static fettle_us program_plain(fettle_sim_esp *esp, fettle_us at)
{
    fettle_sim_esp_work *work = &esp->work;
    size_t size = work->size < ESP_SECTOR ? work->size : ESP_SECTOR;
    fettle_us time = program(esp, work->data, size, at);
    work->data += size;
    work->size -= size;
    return time;
}

static uint8_t code_of(const fettle_sim_esp *esp)
{
    switch (esp->inflate.state) {
    case INFLATE_BAD:
        return is_stub(esp) ? STUB_INFLATE : ROM_INFLATE;
    case INFLATE_CHECKSUM:
        return is_stub(esp) ? STUB_INFLATE : ROM_ADLER;
    default:
        return ESP_OK;
    }
}

static fettle_us program_inflated(fettle_sim_esp *esp, fettle_us at)
{
    uint8_t bytes[ESP_SECTOR];
    size_t room = ESP_SECTOR - esp->transfer.at % ESP_SECTOR;
    size_t size = fettle_sim_inflate_take(&esp->inflate, bytes, room);
    uint8_t code = code_of(esp);
    fettle_us time = 0;
    if (code == ESP_OK && size > 0) {
        time = program(esp, bytes, size, at) + (size / 1024 + 1) * MUCH_US;
    } else if (code != ESP_OK) {
        esp->work.code = code;
    }
    esp->work.size = size < room ? 0 : esp->work.size;
    return time;
}

static fettle_us do_some(fettle_sim_esp *esp, fettle_us at)
{
    fettle_sim_esp_work *work = &esp->work;
    if (work->erase_at < work->erase_end) {
        return fettle_sim_esp_erase(esp, &work->erase_at, work->erase_end, at);
    }
    return work->is_inflating ? program_inflated(esp, at) : program_plain(esp, at);
}

void fettle_sim_esp_step(fettle_sim_esp *esp, fettle_us at)
{
    fettle_sim_esp_work *work = &esp->work;
    bool is_done =
        work->code != ESP_OK || (work->erase_at >= work->erase_end && work->size == 0);
    esp->work_at = FETTLE_NEVER;
    if (work->has_broken) {
        fettle_sim_esp_reset(esp, ESP_BY_BROWNOUT, at);
        return;
    }
    if (is_done) {
        finish(esp, at);
        return;
    }
    fettle_us time = do_some(esp, at);
    work->has_broken = work->breaks;
    fettle_sim_count_busy(esp->board, at, at + time);
    esp->work_at = at + time;
}

fettle_us fettle_sim_esp_lateness(const fettle_sim_esp *esp)
{
    return esp->hits.is[FAULT_LATE_REPLY] ? fettle_sim_ms_of(esp->board, OPTION_LATE) : 0;
}

void fettle_sim_esp_begin(fettle_sim_esp *esp, const fettle_sim_esp_work *work,
                          fettle_us delay, fettle_us at)
{
    const fettle_sim_hits *hits = &esp->hits;
    esp->work = *work;
    esp->work.is_on = true;
    esp->work.drops = hits->is[FAULT_DROP_WRITE];
    esp->work.flips = hits->is[FAULT_FLIP_BIT];
    esp->work.breaks = hits->is[FAULT_BROWNOUT] && work->size > 0;
    esp->work_at = at + delay + (work->replies ? fettle_sim_esp_lateness(esp) : 0);
}
