/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of RFC 2217, a serial line over Telnet, as bytes in and bytes out: no socket, no clock.
 *
 * What the server sends is taken apart into the line's own bytes, answers to requests, and Telnet's talk about
 * options (RFC 854, 855), which is replied to here: Telnet's binary mode (RFC 856) both ways, no go-ahead (RFC 858)
 * and the serial option (RFC 2217) are wanted, all others refused. Whatever comes, it is bounded: an option is
 * told its refusal a few times, and then no more.
 *
 *     fettle_rfc2217_begin(telnet);               what is wanted is in telnet->out: send it
 *     fettle_rfc2217_take(telnet, from, n, to)    ... until it is agreed, or refused; then
 *     fettle_rfc2217_ask(telnet, item, value)     a request in telnet->out: send it
 *     fettle_rfc2217_take(...)                    ... until its answer is no longer PENDING
 */
#ifndef FETTLE_OS_RFC2217_H
#define FETTLE_OS_RFC2217_H

#include "fettle/transport.h"

enum {
    FETTLE_RFC2217_OUT_SIZE = 512, /* of what is to be sent, besides the line's own bytes */
    FETTLE_RFC2217_ANSWER_SIZE = 8, /* of a sub-negotiation of which anything is kept */
    FETTLE_TELNET_OPTIONS = 3,      /* that are known here */
};

/* What can be asked for; each has one answer at a time. */
typedef enum fettle_rfc2217_item {
    FETTLE_RFC2217_BAUD,      /* bit/s */
    FETTLE_RFC2217_DATA_BITS, /* 5 to 8 */
    FETTLE_RFC2217_PARITY,    /* 1: none */
    FETTLE_RFC2217_STOP_BITS, /* 1: one */
    FETTLE_RFC2217_FLOW,      /* 1: no flow control */
    FETTLE_RFC2217_DTR,       /* 8: asserted, 9: not */
    FETTLE_RFC2217_RTS,       /* 11: asserted, 12: not */
    FETTLE_RFC2217_PURGE,     /* 1: what the server has received and not sent on */
    FETTLE_RFC2217_ITEMS,
} fettle_rfc2217_item;

enum {
    FETTLE_RFC2217_NO_PARITY = 1,
    FETTLE_RFC2217_ONE_STOP_BIT = 1,
    FETTLE_RFC2217_NO_FLOW = 1,
    FETTLE_RFC2217_DTR_ON = 8,
    FETTLE_RFC2217_DTR_OFF = 9,
    FETTLE_RFC2217_RTS_ON = 11,
    FETTLE_RFC2217_RTS_OFF = 12,
    FETTLE_RFC2217_PURGE_RECEIVED = 1,
};

/* Has the server agreed to an option, by our wish or its own? */
typedef enum fettle_telnet_will {
    FETTLE_TELNET_NO,
    FETTLE_TELNET_ASKED,
    FETTLE_TELNET_YES,
} fettle_telnet_will;

typedef enum fettle_rfc2217_answer {
    FETTLE_RFC2217_NOT_ASKED,
    FETTLE_RFC2217_PENDING,
    FETTLE_RFC2217_DONE,  /* it has what was asked for; a rate within 3 % */
    FETTLE_RFC2217_OTHER, /* it has something else */
} fettle_rfc2217_answer;

typedef struct fettle_rfc2217 {
    /* To be sent, before any further bytes of the line; the caller sets out_size to 0. */
    uint8_t out[FETTLE_RFC2217_OUT_SIZE];
    size_t out_size;
    bool is_flooded; /* there was no room in `out`: the connection is of no more use */

    bool is_suspended; /* the server wants nothing to be sent now */

    /* The client's own from here on. */
    fettle_telnet_will ours[FETTLE_TELNET_OPTIONS], theirs[FETTLE_TELNET_OPTIONS];
    unsigned replies; /* to Telnet's talk */
    struct {
        fettle_rfc2217_answer answer;
        uint32_t wanted;
    } items[FETTLE_RFC2217_ITEMS];
    unsigned purges; /* without an answer yet; until then all bytes are dropped */
    uint8_t state;   /* of the receiver */
    uint8_t verb;    /* WILL, WONT, DO, DONT */
    uint8_t answer[FETTLE_RFC2217_ANSWER_SIZE];
    size_t answer_size; /* counts on where there is no room */
} fettle_rfc2217;

/* Begins a session; what the client wants is put into `out`. */
void fettle_rfc2217_begin(fettle_rfc2217 *telnet);

/* Will the server do RFC 2217? ASKED: it hasn't said yet. */
fettle_telnet_will fettle_rfc2217_is_agreed(const fettle_rfc2217 *telnet);

/*
 * Takes `size` bytes of the server and writes the line's own among them to `data`, which has room for `size` bytes and may
 * be `bytes` itself. Returns how many these are.
 */
size_t fettle_rfc2217_take(fettle_rfc2217 *telnet, const uint8_t *bytes, size_t size,
                           uint8_t *data);

/* Bytes of the line as they are sent, at most 2 * `size` of them. Returns how many. */
size_t fettle_rfc2217_escape(const uint8_t *data, size_t size, uint8_t *bytes);

/* A request, into `out`. It is PENDING from now on. */
void fettle_rfc2217_ask(fettle_rfc2217 *telnet, fettle_rfc2217_item item, uint32_t value);

/*
 * A purge, into `out`, and the line's own bytes that come before its answer are dropped: they are older. Only
 * for a server that has answered one before.
 */
void fettle_rfc2217_purge(fettle_rfc2217 *telnet);

fettle_rfc2217_answer fettle_rfc2217_answer_to(const fettle_rfc2217 *telnet,
                                               fettle_rfc2217_item item);

/* Nothing is PENDING any more. What is answered nevertheless is ignored. */
void fettle_rfc2217_forget(fettle_rfc2217 *telnet);

/* Is any answer PENDING? */
bool fettle_rfc2217_is_pending(const fettle_rfc2217 *telnet);

#endif
