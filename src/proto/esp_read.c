/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading flash. A ROM gives 64 bytes a request, whose answers have no checksum: one bit of a partition table that is
 * another one on its way would send an application to another place. So the ROM is asked for the hash of what was
 * read, where it has one. A stub sends frames of raw bytes, each of which is
 * acknowledged by how many are here, and an MD5 of them all at the end. Both are asked for 64 KiB at a
 * time, so that what a lost byte costs is that and not everything; a ROM for less where that was too much.
 */
#include "proto/esp_wire.h"

#include <string.h>

enum {
    CHUNK = 0x10000,
    CHUNK_LEAST = 0x400, /* of a ROM's answers on a noisy line */
    ROUNDS_MAX = 8,
    IN_FLIGHT = 64, /* as all hosts ask; stubs send one frame at a time whatever it is */
};

#define FRAME_TIME (3 * SECOND)

static fettle_esp_next next_chunk, end_read;

bool fettle_esp_can_read(const fettle_esp *esp)
{
    return esp->is_stub || (chip_of(esp)->reads && !esp->identity.is_secure_download);
}

/* ---- ROM ---- */

static fettle_esp_next read_slowly;

static fettle_effect end_chunk(fettle_esp *esp, fettle_us now)
{
    esp->offset += esp->chunk;
    return next_chunk(esp, now);
}

static fettle_effect read_slowly_again(fettle_esp *esp, fettle_us now)
{
    if (esp->rounds++ == ROUNDS_MAX) {
        return fettle_esp_refuse(esp, FETTLE_E_UNEXPECTED_ANSWER,
                                 "what was read isn't what the chip hashed", NULL);
    }
    esp->repeats++;
    esp->garbled++;
    esp->chunk_max = esp->chunk_max > CHUNK_LEAST ? esp->chunk_max / 4 : CHUNK_LEAST;
    return next_chunk(esp, now);
}

static fettle_effect on_hashed(fettle_esp *esp, fettle_us now)
{
    uint8_t digest[FETTLE_MD5_SIZE];
    fettle_md5_init(&esp->digest);
    fettle_md5_feed(&esp->digest, (fettle_span){esp->buffer + esp->offset, esp->chunk});
    fettle_md5_finish(&esp->digest, digest);
    if (memcmp(esp->md5, digest, sizeof digest) != 0) {
        return read_slowly_again(esp, now);
    }
    esp->rounds = 0;
    return end_chunk(esp, now);
}

static fettle_effect prove_chunk(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_can_hash(esp)
               ? fettle_esp_ask_hash(esp, esp->address + (uint32_t)esp->offset,
                                     (uint32_t)esp->chunk, now, on_hashed)
               : end_chunk(esp, now);
}

static size_t bytes_of_answer(const fettle_esp *esp)
{
    size_t left = esp->chunk - esp->chunk_done;
    return left < FETTLE_ESP_READ_ROM ? left : FETTLE_ESP_READ_ROM;
}

static fettle_effect on_bytes(fettle_esp *esp, fettle_us now)
{
    size_t count = bytes_of_answer(esp);
    memcpy(esp->buffer + esp->offset + esp->chunk_done, esp->reply + FETTLE_ESP_HEAD,
           count);
    esp->chunk_done += count;
    fettle_esp_progress(esp, esp->offset + esp->chunk_done);
    return esp->chunk_done < esp->chunk ? read_slowly(esp, now) : prove_chunk(esp, now);
}

/* The answer has 64 bytes however many were asked for. */
static fettle_effect read_slowly(fettle_esp *esp, fettle_us now)
{
    const esp_request request = {
        .opcode = READ_FLASH_SLOW,
        .tries = TRIES,
        .time = REGISTER_TIME,
        .payload = FETTLE_ESP_READ_ROM,
        .word_count = 2,
        .words = {esp->address + (uint32_t)(esp->offset + esp->chunk_done),
                  (uint32_t)bytes_of_answer(esp)}};
    return fettle_esp_exchange(esp, &request, now, on_bytes, NULL);
}

/* ---- stub ---- */

/* Frames of a read may still be on their way: it is asked until it answers something else. */
static fettle_effect on_found_again(fettle_esp *esp, fettle_us now)
{
    return esp->answer == FETTLE_ESP_GOOD ? next_chunk(esp, now)
                                          : fettle_esp_fail(esp, now);
}

static fettle_effect again(fettle_esp *esp, fettle_us now)
{
    esp->is_raw = false;
    if (esp->restarts++ == RESTARTS_MAX) {
        return fettle_esp_refuse(esp, FETTLE_E_UNEXPECTED_ANSWER,
                                 "bytes were lost while the flash was read", NULL);
    }
    esp->repeats++;
    return fettle_esp_resync(esp, now, on_found_again);
}

static fettle_effect on_digest(fettle_esp *esp, fettle_us now)
{
    uint8_t digest[FETTLE_MD5_SIZE];
    fettle_md5_finish(&esp->digest, digest);
    esp->is_raw = false;
    if (esp->reader.is_spoilt || esp->reader.size != sizeof digest ||
        memcmp(esp->reply, digest, sizeof digest) != 0) {
        return again(esp, now);
    }
    esp->offset += esp->chunk;
    esp->restarts = 0;
    return next_chunk(esp, now);
}

static fettle_effect await_data(fettle_esp *esp, fettle_us now);

/* How much is here, as a frame without a head. */
static fettle_effect acknowledge(fettle_esp *esp, fettle_us now)
{
    uint8_t count[4];
    fettle_slip_writer writer;
    fettle_esp_frame *frame = &esp->frames[esp->frame];
    fettle_put32(count, (uint32_t)esp->chunk_done);
    fettle_slip_begin(&writer, frame->bytes, sizeof frame->bytes);
    fettle_slip_put(&writer, (fettle_span){count, sizeof count});
    fettle_slip_end(&writer);
    frame->size = writer.size;
    return fettle_esp_send(esp, now, await_data);
}

static fettle_effect on_data(fettle_esp *esp, fettle_us now)
{
    size_t left = esp->chunk - esp->chunk_done;
    size_t due = left < FETTLE_ESP_READ_STUB ? left : FETTLE_ESP_READ_STUB;
    if (esp->reader.is_spoilt || esp->reader.size != due) {
        return again(esp, now);
    }
    memcpy(esp->buffer + esp->offset + esp->chunk_done, esp->reply, due);
    fettle_md5_feed(&esp->digest, (fettle_span){esp->reply, due});
    esp->chunk_done += due;
    fettle_esp_progress(esp, esp->offset + esp->chunk_done);
    return acknowledge(esp, now);
}

static fettle_effect await_data(fettle_esp *esp, fettle_us now)
{
    const unsigned bits_per_byte = 10;
    fettle_us wire = FETTLE_SLIP_FRAME_MAX((fettle_us)FETTLE_ESP_READ_STUB) *
                     bits_per_byte * SECOND / esp->baud;
    return fettle_esp_await(esp, now + wire + FRAME_TIME,
                            esp->chunk_done < esp->chunk ? on_data : on_digest, again);
}

static fettle_effect on_reading(fettle_esp *esp, fettle_us now)
{
    esp->is_raw = true;
    return await_data(esp, now);
}

static fettle_effect read_fast(fettle_esp *esp, fettle_us now)
{
    const esp_request request = {.opcode = READ_FLASH,
                                 .time = COMMAND_TIME,
                                 .word_count = 4,
                                 .words = {esp->address + (uint32_t)esp->offset,
                                           (uint32_t)esp->chunk, FETTLE_ESP_READ_STUB,
                                           IN_FLIGHT}};
    fettle_md5_init(&esp->digest);
    return fettle_esp_exchange(esp, &request, now, on_reading, again);
}

/* ---- the verb ---- */

/* Some bridges lose what comes in quick succession from the chip, at rates that they hold in the other direction. */
static fettle_effect slow_down(fettle_esp *esp, fettle_us now)
{
    uint32_t most = esp->setup.read_baud_max;
    esp->baud_before_read = most > 0 && esp->baud > most ? esp->baud : 0;
    return esp->baud_before_read > 0 ? fettle_esp_baud_again(esp, most, now, next_chunk)
                                     : next_chunk(esp, now);
}

static fettle_effect end_read(fettle_esp *esp, fettle_us now)
{
    return esp->baud_before_read > 0
               ? fettle_esp_baud_again(esp, esp->baud_before_read, now, fettle_esp_done)
               : fettle_esp_done(esp, now);
}

static fettle_effect next_chunk(fettle_esp *esp, fettle_us now)
{
    size_t left = esp->size - esp->offset;
    esp->chunk = left < esp->chunk_max ? left : esp->chunk_max;
    esp->chunk_done = 0;
    esp->words.address = esp->address + (uint32_t)esp->offset;
    if (left == 0) {
        return end_read(esp, now);
    }
    return esp->is_stub ? read_fast(esp, now) : read_slowly(esp, now);
}

static fettle_effect begin_read(fettle_esp *esp, fettle_us now)
{
    const char *what = "read its flash";
    if (esp->identity.is_secure_download) {
        return fettle_esp_refuse(esp, FETTLE_E_ESP_SECURE_DOWNLOAD, what, NULL);
    }
    bool is_far =
        !esp->is_stub && (uint64_t)esp->address + esp->size > chip_of(esp)->rom_limit;
    return fettle_esp_can_read(esp) && !is_far
               ? slow_down(esp, now)
               : fettle_esp_refuse(esp, FETTLE_E_ESP_CANNOT, what, NULL);
}

fettle_engine *fettle_esp_read(fettle_esp *esp, uint32_t address, uint8_t *buffer,
                               uint32_t size)
{
    esp->address = address;
    esp->buffer = buffer;
    esp->size = size;
    esp->offset = 0;
    esp->rounds = 0;
    esp->chunk_max = CHUNK;
    fettle_engine *engine = fettle_esp_ready(esp, FETTLE_CLAUSE_READ_AT, size, begin_read);
    esp->words.address = address;
    return engine;
}
