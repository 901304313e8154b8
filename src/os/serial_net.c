/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines over TCP. Everything that waits turns the same wheel: send what is to be sent, take in what has come,
 * sleep until more can be done.
 *
 * RFC 2217 changes control lines one at a time. Both requests leave in one piece, in an order in which reset (RTS
 * alone, with the usual two transistors) is never seen in between: DTR is asserted before RTS changes, and let go
 * after it.
 */
#define _POSIX_C_SOURCE 200809L

#include "os/serial_net.h"

#include "os/clock.h"

#include <errno.h>
#include <string.h>

enum {
    MS = 1000,
    OPEN_US = 4000 * MS, /* until the server has answered to all that opening needs, ... */
    GRACE_US = 500 * MS, /* ... and then to what it can do without */
    ANSWER_US = 2000 * MS, /* until it has answered to a change */
    PURGE_US = 1000 * MS,  /* until what it sends can't be older than a purge any more */
    PIECE = 4096,
};

static fettle_us now(void)
{
    return fettle_os_clock()->now(NULL);
}

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

static fettle_outcome make_outcome(fettle_outcome_kind kind)
{
    return (fettle_outcome){.kind = kind};
}

static fettle_outcome fail(int error)
{
    return (fettle_outcome){
        .kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM, .system = error};
}

static fettle_outcome lost(const fettle_serial_net *net)
{
    return (fettle_outcome){.kind = FETTLE_GONE, .system = net->stream.error};
}

/* ---- the wheel ---- */

static void send_telnet(fettle_serial_net *net)
{
    fettle_rfc2217 *telnet = &net->telnet;
    uint8_t *room = fettle_stream_queue(&net->stream, telnet->out_size);
    if (room != NULL) {
        memcpy(room, telnet->out, telnet->out_size);
        telnet->out_size = 0;
    }
}

static void keep(fettle_serial_net *net, const uint8_t *bytes, size_t size)
{
    if (net->size == 0) {
        net->first = 0;
    } else if (size > sizeof net->in - net->first - net->size) {
        memmove(net->in, net->in + net->first, net->size);
        net->first = 0;
    }
    size_t room = sizeof net->in - net->first - net->size;
    size = size < room ? size : room;
    memcpy(net->in + net->first + net->size, bytes, size);
    net->size += size;
}

static void take(fettle_serial_net *net, uint8_t *bytes, size_t size)
{
    if (net->has_telnet) {
        size = fettle_rfc2217_take(&net->telnet, bytes, size, bytes);
    }
    if (size > 0) {
        keep(net, bytes, size);
    }
}

/* Takes in all that has come, at most as much as there is room for: the other end may be faster. */
static void receive(fettle_serial_net *net)
{
    uint8_t bytes[PIECE];
    for (size_t i = 0; i < sizeof net->in / sizeof bytes && !net->is_broken; i++) {
        int count = fettle_stream_receive(&net->stream, bytes, sizeof bytes);
        if (count > 0) {
            take(net, bytes, (size_t)count);
        }
        net->is_broken = count < 0;
        if (count < (int)sizeof bytes) {
            break;
        }
    }
}

/* One turn. Doesn't wait. */
static void turn(fettle_serial_net *net)
{
    if (net->telnet.out_size > 0) {
        send_telnet(net);
    }
    net->is_broken = net->is_broken || !fettle_stream_flush(&net->stream);
    receive(net);
    net->is_broken = net->is_broken || net->telnet.is_flooded;
    if (net->telnet.purges > 0 && now() - net->purge_at > PURGE_US) {
        net->telnet.purges = 0;
    }
    if (net->telnet.out_size > 0) { /* what was replied to just now */
        send_telnet(net);
        net->is_broken = net->is_broken || !fettle_stream_flush(&net->stream);
    }
}

/* OK: it is worth another turn. */
static fettle_outcome_kind await(const fettle_serial_net *net, short events,
                                 fettle_us until, const fettle_cancel *cancel)
{
    fettle_us time = now();
    if (fettle_cancel_is_wanted(cancel)) {
        return FETTLE_CANCELLED;
    }
    if (time >= until) {
        return FETTLE_TIMEOUT;
    }
    struct pollfd event = fettle_stream_events(&net->stream);
    event.events = (short)(event.events | events);
    fettle_stream_nap(&event, 1, time, until);
    return FETTLE_OK;
}

/* ---- bytes ---- */

/* Straight from the caller's memory: a packet leaves in one piece. */
static int send_plain(fettle_serial_net *net, const uint8_t *data, size_t size)
{
    int count = fettle_stream_send(&net->stream, data, size);
    net->is_broken = net->is_broken || count < 0;
    return count > 0 ? count : 0;
}

/* Some of them, if there is room and they are wanted. */
static int send_escaped(fettle_serial_net *net, const uint8_t *data, size_t size)
{
    uint8_t bytes[2 * PIECE];
    size_t count = size < PIECE ? size : PIECE;
    if (net->telnet.is_suspended || net->telnet.out_size > 0) {
        return 0;
    }
    size_t length = fettle_rfc2217_escape(data, count, bytes);
    uint8_t *room = fettle_stream_queue(&net->stream, length);
    if (room == NULL) {
        return 0;
    }
    memcpy(room, bytes, length);
    return (int)count;
}

static bool is_sent(const fettle_serial_net *net)
{
    return net->stream.sent == net->stream.size;
}

static size_t send_some(fettle_serial_net *net, const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    int count =
        net->has_telnet ? send_escaped(net, data, size) : send_plain(net, data, size);
    return (size_t)count;
}

/* All that there is room for, and what waits is sent on. */
static fettle_outcome line_write(void *self, const uint8_t *data, size_t size,
                                 fettle_us until, const fettle_cancel *cancel)
{
    fettle_serial_net *net = self;
    fettle_outcome outcome = make_outcome(FETTLE_OK);
    size_t done = 0;
    for (;;) {
        size_t count = 0;
        do {
            count = send_some(net, data + done, size - done);
            done += count;
        } while (count > 0 && done < size);
        net->is_broken = net->is_broken || !fettle_stream_flush(&net->stream);
        if (net->is_broken) {
            outcome = lost(net);
            break;
        }
        if (done == size && is_sent(net)) {
            break;
        }
        outcome.kind = await(net, net->telnet.is_suspended ? 0 : POLLOUT, until, cancel);
        if (outcome.kind != FETTLE_OK) {
            break;
        }
        turn(net);
    }
    outcome.count = done;
    return outcome;
}

static fettle_outcome hand_out(fettle_serial_net *net, uint8_t *buffer, size_t size)
{
    size = size < net->size ? size : net->size;
    memcpy(buffer, net->in + net->first, size);
    net->first += size;
    net->size -= size;
    return (fettle_outcome){.kind = FETTLE_OK, .count = size};
}

static fettle_outcome line_read(void *self, uint8_t *buffer, size_t size, fettle_us until,
                                const fettle_cancel *cancel)
{
    fettle_serial_net *net = self;
    for (;;) {
        if (!net->is_broken && net->size < size) {
            turn(net);
        }
        if (net->size > 0) {
            return hand_out(net, buffer, size);
        }
        if (net->is_broken) {
            return lost(net);
        }
        fettle_outcome_kind kind = await(net, 0, until, cancel);
        if (kind != FETTLE_OK) {
            return make_outcome(kind);
        }
    }
}

/* What is still on its way ends with the server's answer to the purge. */
static fettle_outcome line_discard(void *self)
{
    fettle_serial_net *net = self;
    turn(net);
    if (net->has_purge) {
        fettle_rfc2217_purge(&net->telnet);
        net->purge_at = now();
        turn(net);
    }
    net->size = 0;
    return net->is_broken ? lost(net) : make_outcome(FETTLE_OK);
}

/* ---- settings ---- */

static void await_answers(fettle_serial_net *net, fettle_us until)
{
    turn(net);
    while (!net->is_broken && fettle_rfc2217_is_pending(&net->telnet) &&
           await(net, 0, until, NULL) == FETTLE_OK) {
        turn(net);
    }
}

/* `other`: what it means that the server has something else. */
static int error_of(const fettle_serial_net *net, fettle_rfc2217_item item, int other)
{
    switch (fettle_rfc2217_answer_to(&net->telnet, item)) {
    case FETTLE_RFC2217_DONE:
        return 0;
    case FETTLE_RFC2217_OTHER:
        return other;
    default:
        return ETIMEDOUT;
    }
}

static fettle_outcome outcome_of(const fettle_serial_net *net, int error)
{
    if (net->is_broken) {
        return lost(net);
    }
    return error == 0 ? make_outcome(FETTLE_OK) : fail(error);
}

static void ask_dtr(fettle_serial_net *net, bool dtr)
{
    fettle_rfc2217_ask(&net->telnet, FETTLE_RFC2217_DTR,
                       dtr ? FETTLE_RFC2217_DTR_ON : FETTLE_RFC2217_DTR_OFF);
}

static void ask_rts(fettle_serial_net *net, bool rts)
{
    fettle_rfc2217_ask(&net->telnet, FETTLE_RFC2217_RTS,
                       rts ? FETTLE_RFC2217_RTS_ON : FETTLE_RFC2217_RTS_OFF);
}

static void ask_lines(fettle_serial_net *net, bool dtr, bool rts)
{
    if (dtr) {
        ask_dtr(net, dtr);
        ask_rts(net, rts);
    } else {
        ask_rts(net, rts);
        ask_dtr(net, dtr);
    }
}

static fettle_outcome line_set_lines(void *self, bool dtr, bool rts)
{
    fettle_serial_net *net = self;
    if (!net->has_telnet || net->has_no_lines) {
        return fail(ENOTTY);
    }
    ask_lines(net, dtr, rts);
    await_answers(net, now() + ANSWER_US);
    int error = error_of(net, FETTLE_RFC2217_DTR, ENOTTY);
    error = error != 0 ? error : error_of(net, FETTLE_RFC2217_RTS, ENOTTY);
    fettle_rfc2217_forget(&net->telnet);
    return outcome_of(net, error);
}

/* What the server has instead of what it was asked for, it shall not keep. */
static fettle_outcome change(fettle_serial_net *net, fettle_rfc2217_item item,
                             uint32_t value, uint32_t before)
{
    if (!net->has_telnet) {
        return fail(ENOTTY);
    }
    fettle_rfc2217_ask(&net->telnet, item, value);
    await_answers(net, now() + ANSWER_US);
    int error = error_of(net, item, EINVAL);
    if (error == EINVAL) {
        fettle_rfc2217_ask(&net->telnet, item, before);
        await_answers(net, now() + ANSWER_US);
    }
    fettle_rfc2217_forget(&net->telnet);
    return outcome_of(net, error);
}

static fettle_outcome line_set_baud(void *self, uint32_t baud)
{
    fettle_serial_net *net = self;
    fettle_outcome outcome = change(net, FETTLE_RFC2217_BAUD, baud, net->baud);
    net->baud = outcome.kind == FETTLE_OK ? baud : net->baud;
    return outcome;
}

static fettle_outcome line_set_format(void *self, uint8_t data_bits)
{
    fettle_serial_net *net = self;
    if (data_bits < 5 || data_bits > 8) {
        return fail(net->has_telnet ? EINVAL : ENOTTY);
    }
    fettle_outcome outcome =
        change(net, FETTLE_RFC2217_DATA_BITS, data_bits, net->data_bits);
    net->data_bits = outcome.kind == FETTLE_OK ? data_bits : net->data_bits;
    return outcome;
}

static void line_close(void *self)
{
    const fettle_serial_net *net = self;
    fettle_serial_owner owner = net->owner;
    owner.let_go(owner.self, owner.path, owner.arrival);
}

static const fettle_serial_ops line_ops = {
    line_write,    line_read,       line_discard, line_set_lines,
    line_set_baud, line_set_format, line_close,
};

/* ---- opening ---- */

/* Without these it isn't the line that was asked for. */
static const struct {
    fettle_rfc2217_item item;
    uint32_t value;
} framing[] = {
    {FETTLE_RFC2217_PARITY, FETTLE_RFC2217_NO_PARITY},
    {FETTLE_RFC2217_STOP_BITS, FETTLE_RFC2217_ONE_STOP_BIT},
    {FETTLE_RFC2217_BAUD, 0},
    {FETTLE_RFC2217_DATA_BITS, 0},
};

enum { FRAMING = sizeof framing / sizeof *framing };

static void ask_all(fettle_serial_net *net, const fettle_serial_settings *settings)
{
    fettle_rfc2217 *telnet = &net->telnet;
    if (!net->has_no_lines) {
        ask_lines(net, settings->dtr, settings->rts);
    }
    for (size_t i = 0; i < FRAMING; i++) {
        fettle_rfc2217_item item = framing[i].item;
        uint32_t value = item == FETTLE_RFC2217_BAUD        ? settings->baud
                         : item == FETTLE_RFC2217_DATA_BITS ? settings->data_bits
                                                            : framing[i].value;
        fettle_rfc2217_ask(telnet, item, value);
    }
    fettle_rfc2217_ask(telnet, FETTLE_RFC2217_FLOW, FETTLE_RFC2217_NO_FLOW);
    fettle_rfc2217_ask(telnet, FETTLE_RFC2217_PURGE, FETTLE_RFC2217_PURGE_RECEIVED);
}

static bool has_framing(const fettle_serial_net *net)
{
    for (size_t i = 0; i < FRAMING; i++) {
        if (error_of(net, framing[i].item, 0) == ETIMEDOUT) {
            return false;
        }
    }
    return true;
}

/* Once the framing is answered, the rest has had its turn: little more is waited for it. */
static void await_opening(fettle_serial_net *net)
{
    fettle_us until = now() + OPEN_US;
    bool has_begun_grace = false;
    turn(net);
    while (!net->is_broken && fettle_rfc2217_is_pending(&net->telnet)) {
        if (!has_begun_grace && has_framing(net)) {
            has_begun_grace = true;
            until = earlier(until, now() + GRACE_US);
        }
        if (await(net, 0, until, NULL) != FETTLE_OK) {
            break;
        }
        turn(net);
    }
}

static fettle_outcome set_up(fettle_serial_net *net, const fettle_serial_settings *settings)
{
    if (settings->data_bits < 5 || settings->data_bits > 8 || settings->baud == 0) {
        return fail(EINVAL);
    }
    ask_all(net, settings);
    await_opening(net);
    int error = 0;
    for (size_t i = 0; i < FRAMING && error == 0; i++) {
        error = error_of(net, framing[i].item, EINVAL);
    }
    net->baud = settings->baud;
    net->data_bits = settings->data_bits;
    net->has_no_lines = net->has_no_lines ||
                        error_of(net, FETTLE_RFC2217_DTR, ENOTTY) != 0 ||
                        error_of(net, FETTLE_RFC2217_RTS, ENOTTY) != 0;
    net->has_purge = error_of(net, FETTLE_RFC2217_PURGE, 0) == 0;
    fettle_rfc2217_forget(&net->telnet);
    return outcome_of(net, error);
}

fettle_outcome fettle_serial_net_open(fettle_serial_net *net,
                                      const fettle_serial_settings *settings,
                                      const fettle_serial_owner *owner, fettle_link *link)
{
    fettle_outcome outcome = make_outcome(FETTLE_OK);
    net->owner = *owner;
    turn(net);
    if (net->is_broken) {
        return lost(net);
    }
    if (net->has_telnet) {
        outcome = set_up(net, settings);
    }
    net->size = 0; /* nothing of it came on this link */
    if (outcome.kind == FETTLE_OK) {
        *link = (fettle_link){.kind = FETTLE_LINK_SERIAL, .serial = &line_ops, .self = net};
    }
    return outcome;
}

/* ---- connecting ---- */

void fettle_serial_net_connect(fettle_serial_net *net, const fettle_stream_host *host)
{
    net->is_broken = !fettle_stream_open(&net->stream, host);
    net->has_no_lines = net->has_purge = false;
    net->first = net->size = 0;
    memset(&net->telnet, 0, sizeof net->telnet);
    if (net->has_telnet) {
        fettle_rfc2217_begin(&net->telnet);
    }
}

static fettle_serial_net_state break_off(fettle_serial_net *net, const char *failure)
{
    net->is_broken = true;
    net->failure = failure;
    return FETTLE_SERIAL_NET_BROKEN;
}

fettle_serial_net_state fettle_serial_net_move(fettle_serial_net *net)
{
    if (!net->is_broken) {
        turn(net);
    }
    net->size = 0;
    if (net->is_broken) {
        return break_off(net, net->stream.is_connected
                                  ? "it closed the connection"
                                  : fettle_stream_name_failure(&net->stream));
    }
    fettle_telnet_will will =
        net->has_telnet ? fettle_rfc2217_is_agreed(&net->telnet) : FETTLE_TELNET_YES;
    if (will == FETTLE_TELNET_NO) {
        return break_off(net, "it does not speak RFC 2217");
    }
    return net->stream.is_connected && will == FETTLE_TELNET_YES
               ? FETTLE_SERIAL_NET_READY
               : FETTLE_SERIAL_NET_CONNECTING;
}

const char *fettle_serial_net_name_silence(const fettle_serial_net *net)
{
    return net->stream.is_connected ? "what answers there does not speak RFC 2217"
                                    : "it does not answer";
}
