/* SPDX-License-Identifier: Apache-2.0 */
/* SLIP, RFC 1055: bytes to frames and back. The header says how it resynchronises. */
#include "proto/slip.h"

#include <assert.h>

static void append(fettle_slip_writer *writer, uint8_t byte)
{
    assert(writer->size < writer->room);
    writer->buffer[writer->size++] = byte;
}

void fettle_slip_begin(fettle_slip_writer *writer, uint8_t *buffer, size_t room)
{
    *writer = (fettle_slip_writer){.buffer = buffer, .room = room};
    append(writer, FETTLE_SLIP_END);
}

void fettle_slip_put(fettle_slip_writer *writer, fettle_span bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        if (byte == FETTLE_SLIP_END || byte == FETTLE_SLIP_ESC) {
            append(writer, FETTLE_SLIP_ESC);
            byte = byte == FETTLE_SLIP_END ? FETTLE_SLIP_ESC_END : FETTLE_SLIP_ESC_ESC;
        }
        append(writer, byte);
    }
}

void fettle_slip_end(fettle_slip_writer *writer)
{
    append(writer, FETTLE_SLIP_END);
}

void fettle_slip_reader_init(fettle_slip_reader *reader, uint8_t *buffer, size_t room)
{
    assert(room > 0);
    *reader = (fettle_slip_reader){.buffer = buffer, .room = room, .is_between = true};
}

/* After an END: what comes now is a new one. */
static void open(fettle_slip_reader *reader)
{
    reader->size = 0;
    reader->is_escaped = reader->is_spoilt = reader->is_between = false;
}

static void keep(fettle_slip_reader *reader, uint8_t byte)
{
    if (reader->size == reader->room) {
        reader->is_spoilt = true;
        reader->size = 0; /* the last bytes say more than the first */
    }
    reader->buffer[reader->size++] = byte;
}

static void take(fettle_slip_reader *reader, uint8_t byte)
{
    if (!reader->is_escaped) {
        reader->is_escaped = byte == FETTLE_SLIP_ESC;
        if (!reader->is_escaped) {
            keep(reader, byte);
        }
        return;
    }
    reader->is_escaped = false;
    if (byte == FETTLE_SLIP_ESC_END) {
        keep(reader, FETTLE_SLIP_END);
    } else if (byte == FETTLE_SLIP_ESC_ESC) {
        keep(reader, FETTLE_SLIP_ESC);
    } else {
        reader->is_spoilt = true;
        keep(reader, byte);
    }
}

size_t fettle_slip_read(fettle_slip_reader *reader, fettle_span bytes, bool *is_frame)
{
    *is_frame = false;
    if (reader->is_closed) {
        open(reader);
        reader->is_closed = false;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != FETTLE_SLIP_END) {
            take(reader, bytes.data[i]);
        } else if (reader->size > 0) {
            reader->is_spoilt = reader->is_spoilt || reader->is_escaped;
            reader->is_closed = *is_frame = true;
            return i + 1;
        } else {
            open(reader);
        }
    }
    return bytes.size;
}
