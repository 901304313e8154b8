/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A serial line at the other end of a TCP connection: plain, or with Telnet and RFC 2217 between. A plain one is
 * bytes only: control lines, rate and format are ENOTTY (serial.h), and those of opening are ignored.
 *
 * Over RFC 2217 a change of rate, format or lines returns when the server has answered: it is done then. Discarding doesn't
 * wait: the server forgets what has come until it reads the request, which is before anything that is written or
 * changed afterwards.
 *
 * A connection outlives the links that use it, one after the other: a server takes the end of one for a hang-up, and
 * many know of one client only. It belongs to its bus (serial_bus.h) while no link is open, then to the link's
 * thread, but for fettle_stream_is_over() and fettle_stream_cut().
 */
#ifndef FETTLE_OS_SERIAL_NET_H
#define FETTLE_OS_SERIAL_NET_H

#include "os/rfc2217.h"
#include "os/serial.h"
#include "os/stream.h"

enum {
    /* Bytes that came and were not read; later ones are lost. */
    FETTLE_SERIAL_NET_ROOM = 65536,
};

typedef enum fettle_serial_net_state {
    FETTLE_SERIAL_NET_CONNECTING,
    FETTLE_SERIAL_NET_READY,
    FETTLE_SERIAL_NET_BROKEN,
} fettle_serial_net_state;

typedef struct fettle_serial_net {
    bool has_telnet;
    fettle_stream stream;
    const char *failure; /* why it is BROKEN before it was READY, a clause */

    /* The link's own. */
    fettle_serial_owner owner;
    bool is_broken;     /* the connection has ended; bytes may be left to be read */
    bool has_no_lines;  /* the server doesn't do control lines */
    bool has_purge;     /* the server answers a purge */
    fettle_us purge_at; /* the last one */
    uint32_t baud;      /* that the server has taken */
    uint8_t data_bits;
    fettle_rfc2217 telnet;
    size_t first, size; /* of what came */
    uint8_t in[FETTLE_SERIAL_NET_ROOM];
} fettle_serial_net;

/* Begins to connect; `net` was zeroed once, has_telnet set, and stream.socket -1. */
void fettle_serial_net_connect(fettle_serial_net *net, const fettle_stream_host *host);

/* Goes on with it, without waiting. What comes while it is READY is dropped. */
fettle_serial_net_state fettle_serial_net_move(fettle_serial_net *net);

/* A connection that hasn't got READY in time: why, as a clause. */
const char *fettle_serial_net_name_silence(const fettle_serial_net *net);

/* Makes a link of one that is READY. Within 5 s. As fettle_serial_open(). */
fettle_outcome fettle_serial_net_open(fettle_serial_net *net,
                                      const fettle_serial_settings *settings,
                                      const fettle_serial_owner *owner, fettle_link *link);

#endif
