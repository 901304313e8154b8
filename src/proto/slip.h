/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SLIP (RFC 1055), as Espressif's loaders use it: a frame stands between two ENDs (C0); inside, C0 is
 * DB DC and DB is DB DD. Pure: no I/O, no allocation.
 *
 * Every END closes what came before it and opens what comes after. So a lost END costs one frame and
 * not the next one too; what stands between two frames (boot text, noise) is handed over like a
 * frame, and it is up to the caller to see that it is none. Nothing between two ENDs is no frame.
 */
#ifndef FETTLE_PROTO_SLIP_H
#define FETTLE_PROTO_SLIP_H

#include "fettle/outcome.h"

enum {
    FETTLE_SLIP_END = 0xC0,
    FETTLE_SLIP_ESC = 0xDB,
    FETTLE_SLIP_ESC_END = 0xDC,
    FETTLE_SLIP_ESC_ESC = 0xDD,
};

/* Room that the frame of `size` bytes needs at most. */
#define FETTLE_SLIP_FRAME_MAX(size) (2 * (size) + 2)

typedef struct fettle_slip_writer {
    uint8_t *buffer;
    size_t room, size; /* of the buffer; what is in it */
} fettle_slip_writer;

/* Begins a frame at the beginning of `buffer`. What doesn't fit later is a mistake of the caller. */
void fettle_slip_begin(fettle_slip_writer *writer, uint8_t *buffer, size_t room);
void fettle_slip_put(fettle_slip_writer *writer, fettle_span bytes);
void fettle_slip_end(fettle_slip_writer *writer);

typedef struct fettle_slip_reader {
    uint8_t *buffer; /* of the decoded frame */
    size_t room, size;
    bool is_escaped;
    /* It has a wrong escape, or is larger than the room: it can't be a frame. */
    bool is_spoilt;
    bool is_between; /* no END has come yet: what stands here has no beginning */
    bool is_closed;  /* the next byte begins another one */
} fettle_slip_reader;

/* The buffer must outlive the reader. */
void fettle_slip_reader_init(fettle_slip_reader *reader, uint8_t *buffer, size_t room);

/*
 * Takes bytes up to the first END that closes something, and returns how many; `is_frame` says
 * whether there was one. Then `buffer`, `size`, `is_spoilt` and `is_between` are about it, until the
 * next call.
 */
size_t fettle_slip_read(fettle_slip_reader *reader, fettle_span bytes, bool *is_frame);

#endif
