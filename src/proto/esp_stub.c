/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stub: loaded into RAM, started, and greeted.
 *
 *   load_stub: text (MEM_BEGIN, MEM_DATA...), data (the same), MEM_END, "OHAI"
 *
 * That it can't be had is no failure. Where the ROM refused to take it nothing has changed; where it
 * doesn't greet, nobody knows what the chip runs now: it is reset, and everything is as it was before.
 */
#include "proto/esp_wire.h"

#include <string.h>

enum {
    RAM_BLOCK = 0x1800,
    RAM_BLOCK_OTG = 0x800,
    PARTS = 2,
};

#define GREETING_TIME (3 * SECOND)

static fettle_esp_next begin_part, next_block, run_it;

static fettle_span part_of(const fettle_esp *esp)
{
    return esp->part == 0 ? esp->stub->text : esp->stub->data;
}

/* ---- not to be had ---- */

static fettle_effect end_without(fettle_esp *esp, fettle_us now)
{
    esp->stub_state = FETTLE_ESP_STUB_SILENT;
    return fettle_esp_done(esp, now);
}

static fettle_effect attach_as_before(fettle_esp *esp, fettle_us now)
{
    return esp->was_attached ? fettle_esp_attach_again(esp, now, end_without)
                             : end_without(esp, now);
}

static fettle_effect baud_as_before(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_baud_again(esp, esp->baud_before, now, attach_as_before);
}

static fettle_effect on_no_greeting(fettle_esp *esp, fettle_us now)
{
    esp->baud_before = esp->baud;
    esp->is_raw = false;
    return fettle_esp_contact(esp, now, baud_as_before);
}

/* The ROM has refused, or didn't answer: it is still where it was, or can't be found any more. */
static fettle_effect on_still_there(fettle_esp *esp, fettle_us now)
{
    if (esp->answer != FETTLE_ESP_GOOD) {
        return on_no_greeting(esp, now);
    }
    esp->stub_state = FETTLE_ESP_STUB_REFUSED;
    return fettle_esp_done(esp, now);
}

static fettle_effect on_not_taken(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_resync(esp, now, on_still_there);
}

/* ---- into RAM ---- */

static uint32_t ram_block(const fettle_esp *esp)
{
    return esp->setup.port == FETTLE_ESP_PORT_OTG ? RAM_BLOCK_OTG : RAM_BLOCK;
}

static fettle_effect on_block(fettle_esp *esp, fettle_us now)
{
    esp->offset += esp->chunk;
    esp->sequence_number++;
    esp->resends = 0;
    esp->chunk_done += esp->chunk;
    fettle_esp_progress(esp, esp->chunk_done);
    return next_block(esp, now);
}

static fettle_effect part_again(fettle_esp *esp, fettle_us now)
{
    return esp->answer == FETTLE_ESP_GOOD ? begin_part(esp, now) : on_still_there(esp, now);
}

/* One that was not answered may have been taken, and nothing says where a ROM puts it that comes twice. */
static fettle_effect on_bad_block(fettle_esp *esp, fettle_us now)
{
    bool is_heard = esp->answer == FETTLE_ESP_REFUSED;
    if (is_heard && fettle_esp_was_not_taken(esp->status) && esp->resends++ < RESENDS_MAX) {
        esp->repeats++;
        return next_block(esp, now);
    }
    bool may_be_there = !is_heard || fettle_esp_was_garbled(esp);
    if (may_be_there && esp->restarts++ < RESTARTS_MAX) {
        esp->repeats++;
        esp->chunk_done -= esp->offset;
        return fettle_esp_resync(esp, now, part_again);
    }
    return on_not_taken(esp, now);
}

static fettle_effect next_block(fettle_esp *esp, fettle_us now)
{
    fettle_span part = part_of(esp);
    size_t left = part.size - esp->offset;
    if (left == 0) {
        esp->part++;
        return begin_part(esp, now);
    }
    esp->chunk = left < ram_block(esp) ? left : ram_block(esp);
    const esp_request request = {.opcode = MEM_DATA,
                                 .has_checksum = true,
                                 .word_count = 4,
                                 .words = {(uint32_t)esp->chunk, esp->sequence_number},
                                 .data = {part.data + esp->offset, esp->chunk}};
    return fettle_esp_exchange(esp, &request, now, on_block, on_bad_block);
}

static fettle_effect on_begun(fettle_esp *esp, fettle_us now)
{
    esp->offset = 0;
    esp->sequence_number = 0;
    return next_block(esp, now);
}

static fettle_effect begin_part(fettle_esp *esp, fettle_us now)
{
    while (esp->part < PARTS && part_of(esp).size == 0) {
        esp->part++;
    }
    if (esp->part == PARTS) {
        return run_it(esp, now);
    }
    uint32_t size = (uint32_t)part_of(esp).size, block = ram_block(esp);
    const esp_request request = {
        .opcode = MEM_BEGIN,
        .tries = TRIES,
        .word_count = 4,
        .words = {size, (size + block - 1) / block, block,
                  esp->part == 0 ? esp->stub->text_address : esp->stub->data_address}};
    return fettle_esp_exchange(esp, &request, now, on_begun, on_not_taken);
}

/* ---- start ---- */

static fettle_effect on_size_told(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_done(esp, now);
}

/* It begins with the flash attached; only how large it is it doesn't know. */
static fettle_effect on_greeting(fettle_esp *esp, fettle_us now)
{
    esp->is_stub = true;
    esp->stub_state = FETTLE_ESP_STUB_RUNS;
    return fettle_esp_set_params(esp, now, on_size_told);
}

/* The answer to MEM_END may be lost: the ROM jumps before it is out. */
static fettle_effect on_frame(fettle_esp *esp, fettle_us now)
{
    static const uint8_t greeting[] = {'O', 'H', 'A', 'I'};
    if (!esp->reader.is_spoilt && esp->reader.size == sizeof greeting &&
        memcmp(esp->reply, greeting, sizeof greeting) == 0) {
        return on_greeting(esp, now);
    }
    bool is_refused =
        fettle_esp_is_reply(esp, MEM_END, 0) && esp->answer == FETTLE_ESP_REFUSED;
    if (is_refused) {
        return on_not_taken(esp, now);
    }
    return ++esp->strays > STRAYS_MAX ? on_no_greeting(esp, now) : fettle_esp_read_on(esp);
}

static fettle_effect await_greeting(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_await(esp, now + GREETING_TIME, on_frame, on_no_greeting);
}

static fettle_effect send_run(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_send(esp, now, await_greeting);
}

static fettle_effect run_it(fettle_esp *esp, fettle_us now)
{
    const esp_request request = {
        .opcode = MEM_END, .word_count = 2, .words = {0, esp->stub->entry}};
    (void)now;
    fettle_esp_encode(&esp->frames[esp->frame], &request);
    return fettle_esp_discard(esp, send_run);
}

/* ---- the verb ---- */

static bool can_have_stub(const fettle_esp *esp)
{
    const fettle_esp_identity *identity = &esp->identity;
    const fettle_esp_chip *chip = chip_of(esp);
    return !identity->is_secure_download &&
           !(chip->no_stub_in_secure_boot && identity->is_secure_boot) &&
           !(chip->stub_from > 0 && identity->revision < chip->stub_from);
}

static fettle_effect begin(fettle_esp *esp, fettle_us now)
{
    if (esp->is_stub) {
        esp->stub_state = FETTLE_ESP_STUB_RUNS;
        return fettle_esp_done(esp, now);
    }
    if (!can_have_stub(esp)) {
        esp->stub_state = FETTLE_ESP_STUB_UNFIT;
        return fettle_esp_done(esp, now);
    }
    return begin_part(esp, now);
}

fettle_engine *fettle_esp_load_stub(fettle_esp *esp, const fettle_esp_stub *stub)
{
    esp->stub = stub;
    esp->part = 0;
    esp->chunk_done = 0;
    esp->was_attached = esp->is_attached;
    esp->stub_state = FETTLE_ESP_STUB_NONE;
    return fettle_esp_ready(esp, FETTLE_CLAUSE_LOAD_STUB,
                            (uint32_t)(stub->text.size + stub->data.size), begin);
}
