/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TCP connection to a USB/IP server that never blocks: whoever has several of them asks each what it
 * waits for, and poll()s them together. Belongs to one thread at a time, but for fettle_usbip_stream_cut().
 */
#ifndef FETTLE_OS_USBIP_STREAM_H
#define FETTLE_OS_USBIP_STREAM_H

#include "os/usbip_wire.h"

#include <poll.h>
#include <sys/socket.h>

/* One of the addresses that a name stands for. */
typedef struct fettle_usbip_host {
    struct sockaddr_storage address;
    socklen_t size;
} fettle_usbip_host;

typedef struct fettle_usbip_stream {
    int socket; /* -1: none */
    bool is_connected;
    int error;         /* why it broke, an errno; 0: the other end has closed it */
    size_t size, sent; /* of what is to be sent */
    uint8_t out[FETTLE_USBIP_MESSAGE_MAX + FETTLE_USBIP_HEADER_SIZE];
} fettle_usbip_stream;

/* Begins to connect. False: the system refuses (`error`), and none is open. */
bool fettle_usbip_stream_open(fettle_usbip_stream *stream, const fettle_usbip_host *host);

/* Harmless where none is open. */
void fettle_usbip_stream_close(fettle_usbip_stream *stream);

/* Ends the connection, so that whoever uses it finds it broken. The socket stays theirs to close. */
void fettle_usbip_stream_cut(const fettle_usbip_stream *stream);

/*
 * Room for a message of `size` bytes, behind what is not sent yet; NULL if there is too little. Filled in by
 * the caller, and sent by the next flush: a message that finds nothing in its way leaves in one call.
 */
uint8_t *fettle_usbip_stream_queue(fettle_usbip_stream *stream, size_t size);

/* Goes on with connecting and sending. False: broken. */
bool fettle_usbip_stream_flush(fettle_usbip_stream *stream);

/* Bytes that were there, up to `size`; 0: none yet. -1: broken, or closed by the other end. */
int fettle_usbip_stream_receive(fettle_usbip_stream *stream, uint8_t *bytes, size_t size);

/* Has the other end closed it, and left nothing to receive? Takes nothing in. */
bool fettle_usbip_stream_is_over(const fettle_usbip_stream *stream);

struct pollfd fettle_usbip_stream_events(const fettle_usbip_stream *stream);

/*
 * Sleeps until something happens on one of them, `until`, or 20 ms: the time after which whoever waits has
 * to look at its cancel token.
 */
void fettle_usbip_nap(struct pollfd *events, size_t count, fettle_us now, fettle_us until);

#endif
