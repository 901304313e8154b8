/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TCP connection that never blocks: whoever has several of them asks each what it waits for, and
 * poll()s them together. Belongs to one thread at a time, but for fettle_stream_cut() and
 * fettle_stream_is_over(). Only looking up a name takes as long as the system takes for it.
 */
#ifndef FETTLE_OS_STREAM_H
#define FETTLE_OS_STREAM_H

#include "fettle/transport.h"

#include <poll.h>
#include <sys/socket.h>

enum {
    FETTLE_STREAM_ROOM = 65536 + 1024, /* bytes that wait to be sent, at most */
    FETTLE_STREAM_HOSTS_MAX = 8,
};

/* One of the addresses that a name stands for. */
typedef struct fettle_stream_host {
    struct sockaddr_storage address;
    socklen_t size;
} fettle_stream_host;

typedef struct fettle_stream {
    int socket; /* -1: none */
    bool is_connected;
    int error;         /* why it broke, an errno; 0: the other end has closed it */
    size_t size, sent; /* of what is to be sent */
    uint8_t out[FETTLE_STREAM_ROOM];
} fettle_stream;

/*
 * The addresses that a name or a number stands for, up to FETTLE_STREAM_HOSTS_MAX; 0: none, and `why` is a clause.
 * False: no memory.
 */
bool fettle_stream_look_up(const char *host, const char *port, fettle_stream_host *hosts,
                           size_t *count, const char **why);

/* Begins to connect. False: the system refuses (`error`), and none is open. */
bool fettle_stream_open(fettle_stream *stream, const fettle_stream_host *host);

/* Harmless where none is open. */
void fettle_stream_close(fettle_stream *stream);

/* Ends the connection, so that whoever uses it finds it broken. The socket stays theirs to close. */
void fettle_stream_cut(const fettle_stream *stream);

/*
 * Room for a message of `size` bytes, behind what is not sent yet; NULL if there is too little. Filled in by
 * the caller, and sent by the next flush: a message that finds nothing in its way leaves in one call.
 */
uint8_t *fettle_stream_queue(fettle_stream *stream, size_t size);

/*
 * Sends straight from `bytes` what the system takes now; nothing while a queue is waiting or it is not
 * connected yet. -1: broken.
 */
int fettle_stream_send(fettle_stream *stream, const uint8_t *bytes, size_t size);

/* Goes on with connecting and sending. False: broken. */
bool fettle_stream_flush(fettle_stream *stream);

/* Bytes that were there, up to `size`; 0: none yet. -1: broken, or closed by the other end. */
int fettle_stream_receive(fettle_stream *stream, uint8_t *bytes, size_t size);

/* Has the other end closed it, and left nothing to receive? Takes nothing in. */
bool fettle_stream_is_over(const fettle_stream *stream);

/* Why it broke before it was connected, as a clause. */
const char *fettle_stream_name_failure(const fettle_stream *stream);

/* POLLIN, and POLLOUT while there is something to connect or to send. */
struct pollfd fettle_stream_events(const fettle_stream *stream);

/*
 * Sleeps until something happens on one of them, `until`, or 20 ms: the time after which whoever waits has
 * to look at its cancel token.
 */
void fettle_stream_nap(struct pollfd *events, size_t count, fettle_us now, fettle_us until);

#endif
