/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Telnet client that sends anything at all to the server's side of RFC 2217.
 *
 *   byte 0     the pieces: as it is from 1, up to 16 bytes each
 *   byte 1     how many of the bytes behind it the board says, before the client begins
 *   the rest   what the client sends
 *
 * Whatever comes: every byte is taken once, an answer is whole and has room, nothing grows beyond twice its
 * size; and bytes mean the same in whatever pieces they come.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/serve/rfc2217.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECES = 16, GREETING = 6 };

/* What became of the bytes, in order: each one of data, and each byte of an answer, marked. */
struct story {
    uint16_t *words;
    size_t count, room;
    fettle_sim_rfc2217 telnet;
};

enum { IS_DATA = 0x100, IS_ANSWER = 0x200, IS_DISCARD = 0x400 };

static void tell(struct story *story, int word)
{
    assert(story->count < story->room);
    story->words[story->count++] = (uint16_t)word;
}

static void check_settings(const fettle_serial_settings *settings)
{
    assert(settings->baud > 0);
    assert(settings->data_bits >= 5 && settings->data_bits <= 8);
    (void)settings;
}

static void tell_event(struct story *story, const fettle_sim_rfc2217_event *event,
                       const uint8_t *bytes, size_t taken)
{
    if (event->kind == FETTLE_SIM_RFC2217_DATA) {
        assert(event->size > 0 && event->size <= taken);
        assert(event->data >= bytes && event->data + event->size <= bytes + taken);
        for (size_t i = 0; i < event->size; i++) {
            tell(story, IS_DATA | event->data[i]);
        }
    } else if (event->kind == FETTLE_SIM_RFC2217_OBEY) {
        assert(event->reply_size < FETTLE_SIM_RFC2217_REPLY);
        if (event->discards) {
            tell(story, IS_DISCARD);
        }
        for (size_t i = 0; i < event->reply_size; i++) {
            tell(story, IS_ANSWER | event->reply[i]);
        }
    }
    (void)bytes;
    (void)taken;
}

/* All of the piece, event by event, from memory of exactly its size. */
static void send_piece(struct story *story, const uint8_t *data, size_t size)
{
    uint8_t *piece = malloc(size);
    assert(piece != NULL);
    memcpy(piece, data, size);
    for (size_t at = 0; at < size;) {
        fettle_sim_rfc2217_event event;
        size_t taken =
            fettle_sim_rfc2217_take(&story->telnet, piece + at, size - at, &event);
        assert(taken > 0 && taken <= size - at);
        assert(event.kind != FETTLE_SIM_RFC2217_NOTHING || taken == size - at);
        tell_event(story, &event, piece + at, taken);
        check_settings(&story->telnet.settings);
        at += taken;
    }
    free(piece);
}

/* A byte brings an answer at most. */
static void begin(struct story *story, size_t size)
{
    const fettle_serial_settings settings = {.baud = 115200, .data_bits = 8};
    fettle_sim_rfc2217_event event;
    story->count = 0;
    story->room = GREETING + size * FETTLE_SIM_RFC2217_REPLY;
    story->words = calloc(story->room, sizeof *story->words);
    assert(story->words != NULL);
    fettle_sim_rfc2217_init(&story->telnet, &settings, &event);
    tell_event(story, &event, NULL, 0);
}

static void encode(fettle_sim_rfc2217 *telnet, const uint8_t *data, size_t size)
{
    uint8_t *room = malloc(2 * size + 1);
    assert(room != NULL);
    size_t count = fettle_sim_rfc2217_encode(telnet, room, data, size);
    assert(count >= size && count <= 2 * size + 1);
    (void)count;
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct story whole, pieces;
    if (size < 2) {
        return 0;
    }
    size_t piece = 1 + data[0] % PIECES;
    size_t said = data[1] < size - 2 ? data[1] : size - 2;
    const uint8_t *sent = data + 2 + said;
    size -= 2 + said;
    begin(&whole, size);
    begin(&pieces, size);
    encode(&whole.telnet, data + 2, said);
    if (size > 0) {
        send_piece(&whole, sent, size);
    }
    for (size_t at = 0; at < size; at += piece) {
        send_piece(&pieces, sent + at, piece < size - at ? piece : size - at);
    }
    encode(&whole.telnet, data + 2, said);
    assert(whole.count == pieces.count);
    assert(memcmp(whole.words, pieces.words, whole.count * sizeof *whole.words) == 0);
    free(whole.words);
    free(pieces.words);
    return 0;
}
