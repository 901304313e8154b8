/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SLIP there and back.
 *
 *   byte 0     the largest piece, from 1
 *   byte 1     room of the reader, from 1
 *   the rest   read as it is; and written as one frame, which must come back whole
 *
 * Whatever is read, the reader stays in its room, takes every byte once, and gives no frame without bytes;
 * in pieces it says what it says of the whole.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/slip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 2 };

/* A number that stands for all frames that were read. */
static uint32_t read_all(const uint8_t *data, size_t size, size_t piece, size_t room)
{
    uint8_t *buffer = malloc(room);
    uint32_t sum = 1;
    fettle_slip_reader reader;
    if (buffer == NULL) {
        return 0;
    }
    fettle_slip_reader_init(&reader, buffer, room);
    for (size_t at = 0; at < size;) {
        size_t left = size - at < piece ? size - at : piece;
        bool is_frame = false;
        size_t taken = fettle_slip_read(&reader, (fettle_span){data + at, left}, &is_frame);
        assert(taken > 0 && taken <= left && (is_frame || taken == left));
        assert(reader.size <= room && (!is_frame || reader.size > 0));
        at += taken;
        if (!is_frame) {
            continue;
        }
        for (size_t i = 0; i < reader.size; i++) {
            sum = sum * 31 + buffer[i];
        }
        sum = sum * 7 + 1U + 2U * reader.is_spoilt + 4U * reader.is_between;
    }
    free(buffer);
    return sum;
}

static void there_and_back(const uint8_t *data, size_t size)
{
    size_t room = FETTLE_SLIP_FRAME_MAX(size);
    uint8_t *frame = malloc(room), *back = malloc(size + 1);
    fettle_slip_writer writer;
    fettle_slip_reader reader;
    bool is_frame = false;
    if (frame != NULL && back != NULL) {
        fettle_slip_begin(&writer, frame, room);
        fettle_slip_put(&writer, (fettle_span){data, size});
        fettle_slip_end(&writer);
        assert(writer.size >= size + 2 && writer.size <= room);
        fettle_slip_reader_init(&reader, back, size + 1);
        size_t taken =
            fettle_slip_read(&reader, (fettle_span){frame, writer.size}, &is_frame);
        assert(taken == writer.size && is_frame == (size > 0));
        assert(reader.size == size && !reader.is_spoilt && !reader.is_between);
        assert(size == 0 || memcmp(back, data, size) == 0);
        (void)taken;
    }
    free(frame);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD) {
        return 0;
    }
    size_t piece = data[0] + 1U, room = data[1] + 1U;
    uint32_t whole = read_all(data + HEAD, size - HEAD, size, room);
    uint32_t pieces = read_all(data + HEAD, size - HEAD, piece, room);
    assert(whole == pieces);
    (void)whole;
    (void)pieces;
    there_and_back(data + HEAD, size - HEAD);
    return 0;
}
