/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telnet's receiver is a small machine of five states. What stands between IAC and the end of a command is
 * kept only as far as anything of it counts.
 *
 * Which option is on is kept for each side by itself, as RFC 854 has it: a wish that brings nothing new isn't
 * replied to, which is what keeps two sides from replying to each other for ever.
 */
#include "os/rfc2217.h"

#include "os/serial.h"

#include <string.h>

enum { /* RFC 854 */
       SE = 240,
       SB = 250,
       WILL = 251,
       WONT = 252,
       DO = 253,
       DONT = 254,
       IAC = 255,
};

enum {
    OPTION_BINARY = 0,            /* RFC 856 */
    OPTION_SUPPRESS_GO_AHEAD = 3, /* RFC 858 */
    OPTION_COM_PORT = 44,         /* RFC 2217 */
    REPLIES_MAX = 64,
};

enum { /* RFC 2217 section 3; a server's answer has the number of the request + 100 */
       SET_BAUDRATE = 1,
       SET_DATASIZE = 2,
       SET_PARITY = 3,
       SET_STOPSIZE = 4,
       SET_CONTROL = 5,
       FLOWCONTROL_SUSPEND = 8,
       FLOWCONTROL_RESUME = 9,
       PURGE_DATA = 12,
       FROM_SERVER = 100,
};

enum { /* of SET_CONTROL: which values are about what */
       CONTROL_BREAK = 4,
       CONTROL_DTR = 7,
       CONTROL_RTS = 10,
       CONTROL_INBOUND = 13,
};

enum receiver_state {
    DATA,
    COMMAND, /* behind IAC */
    OPTION,  /* behind WILL, WONT, DO, DONT */
    SUBNEGOTIATION,
    SUBNEGOTIATION_COMMAND, /* behind IAC in one */
};

enum { BINARY, NO_GO_AHEAD, COM_PORT };

static const uint8_t options[FETTLE_TELNET_OPTIONS] = {
    [BINARY] = OPTION_BINARY,
    [NO_GO_AHEAD] = OPTION_SUPPRESS_GO_AHEAD,
    [COM_PORT] = OPTION_COM_PORT,
};

static const uint8_t requests[FETTLE_RFC2217_ITEMS] = {
    [FETTLE_RFC2217_BAUD] = SET_BAUDRATE, [FETTLE_RFC2217_DATA_BITS] = SET_DATASIZE,
    [FETTLE_RFC2217_PARITY] = SET_PARITY, [FETTLE_RFC2217_STOP_BITS] = SET_STOPSIZE,
    [FETTLE_RFC2217_FLOW] = SET_CONTROL,  [FETTLE_RFC2217_DTR] = SET_CONTROL,
    [FETTLE_RFC2217_RTS] = SET_CONTROL,   [FETTLE_RFC2217_PURGE] = PURGE_DATA,
};

/* ---- sending ---- */

static void put(fettle_rfc2217 *telnet, const uint8_t *bytes, size_t size)
{
    if (size > sizeof telnet->out - telnet->out_size) {
        telnet->is_flooded = true;
        return;
    }
    memcpy(telnet->out + telnet->out_size, bytes, size);
    telnet->out_size += size;
}

static void put_wish(fettle_rfc2217 *telnet, uint8_t verb, uint8_t option)
{
    const uint8_t bytes[] = {IAC, verb, option};
    put(telnet, bytes, sizeof bytes);
}

size_t fettle_rfc2217_escape(const uint8_t *data, size_t size, uint8_t *bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        bytes[count++] = data[i];
        if (data[i] == IAC) {
            bytes[count++] = IAC;
        }
    }
    return count;
}

static void put_request(fettle_rfc2217 *telnet, fettle_rfc2217_item item, uint32_t value)
{
    const uint8_t baud[] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
                            (uint8_t)(value >> 8), (uint8_t)value};
    const uint8_t byte[] = {(uint8_t)value};
    bool is_baud = item == FETTLE_RFC2217_BAUD;
    uint8_t request[4 + 2 * sizeof baud + 2] = {IAC, SB, OPTION_COM_PORT, requests[item]};
    size_t size = 4;
    size += fettle_rfc2217_escape(is_baud ? baud : byte, is_baud ? sizeof baud : 1,
                                  request + size);
    request[size++] = IAC;
    request[size++] = SE;
    put(telnet, request, size);
}

void fettle_rfc2217_begin(fettle_rfc2217 *telnet)
{
    memset(telnet, 0, sizeof *telnet);
    for (size_t i = 0; i < FETTLE_TELNET_OPTIONS; i++) {
        telnet->ours[i] = FETTLE_TELNET_ASKED;
        put_wish(telnet, WILL, options[i]);
    }
    for (size_t i = 0; i < COM_PORT; i++) {
        telnet->theirs[i] = FETTLE_TELNET_ASKED;
        put_wish(telnet, DO, options[i]);
    }
}

void fettle_rfc2217_ask(fettle_rfc2217 *telnet, fettle_rfc2217_item item, uint32_t value)
{
    telnet->items[item].answer = FETTLE_RFC2217_PENDING;
    telnet->items[item].wanted = value;
    put_request(telnet, item, value);
}

void fettle_rfc2217_purge(fettle_rfc2217 *telnet)
{
    telnet->purges++;
    put_request(telnet, FETTLE_RFC2217_PURGE, FETTLE_RFC2217_PURGE_RECEIVED);
}

/* ---- Telnet's talk ---- */

static void reply(fettle_rfc2217 *telnet, uint8_t verb, uint8_t option)
{
    if (telnet->replies < REPLIES_MAX) {
        telnet->replies++;
        put_wish(telnet, verb, option);
    }
}

/* `agree` and `refuse` are what this side says to it. */
static void on_offer(fettle_rfc2217 *telnet, fettle_telnet_will *sides, uint8_t option,
                     bool is_on, uint8_t agree, uint8_t refuse)
{
    size_t i = 0;
    while (i < FETTLE_TELNET_OPTIONS && options[i] != option) {
        i++;
    }
    if (i == FETTLE_TELNET_OPTIONS) {
        if (is_on) {
            reply(telnet, refuse, option);
        }
        return;
    }
    fettle_telnet_will before = sides[i];
    sides[i] = is_on ? FETTLE_TELNET_YES : FETTLE_TELNET_NO;
    if (sides[i] != before && before != FETTLE_TELNET_ASKED) {
        reply(telnet, is_on ? agree : refuse, option);
    }
}

static void on_option(fettle_rfc2217 *telnet, uint8_t option)
{
    bool is_on = telnet->verb == WILL || telnet->verb == DO;
    if (telnet->verb == WILL || telnet->verb == WONT) {
        on_offer(telnet, telnet->theirs, option, is_on, DO, DONT);
    } else {
        on_offer(telnet, telnet->ours, option, is_on, WILL, WONT);
    }
}

fettle_telnet_will fettle_rfc2217_is_agreed(const fettle_rfc2217 *telnet)
{
    bool is_theirs = telnet->theirs[COM_PORT] == FETTLE_TELNET_YES;
    return is_theirs ? FETTLE_TELNET_YES : telnet->ours[COM_PORT];
}

/* ---- answers ---- */

static void settle(fettle_rfc2217 *telnet, fettle_rfc2217_item item, uint32_t value)
{
    uint32_t wanted = telnet->items[item].wanted;
    bool is_same = item == FETTLE_RFC2217_BAUD ? fettle_serial_is_rate(value, wanted)
                                               : value == wanted;
    if (telnet->items[item].answer == FETTLE_RFC2217_PENDING) {
        telnet->items[item].answer = is_same ? FETTLE_RFC2217_DONE : FETTLE_RFC2217_OTHER;
    }
}

static void on_control(fettle_rfc2217 *telnet, uint8_t value)
{
    if (value < CONTROL_BREAK || value >= CONTROL_INBOUND) {
        settle(telnet, FETTLE_RFC2217_FLOW, value);
    } else if (value >= CONTROL_RTS) {
        settle(telnet, FETTLE_RFC2217_RTS, value);
    } else if (value >= CONTROL_DTR) {
        settle(telnet, FETTLE_RFC2217_DTR, value);
    }
}

static void on_purged(fettle_rfc2217 *telnet, uint8_t value)
{
    telnet->purges -= telnet->purges > 0 ? 1 : 0;
    settle(telnet, FETTLE_RFC2217_PURGE, value);
}

static void on_baud(fettle_rfc2217 *telnet, const uint8_t *bytes, size_t size)
{
    if (size == 4) {
        settle(telnet, FETTLE_RFC2217_BAUD,
               (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
                   (uint32_t)bytes[2] << 8 | bytes[3]);
    }
}

/* Notes of the modem's and the line's state come unasked, and are nothing to us. */
static void on_answer(fettle_rfc2217 *telnet)
{
    const uint8_t *bytes = telnet->answer + 2;
    size_t size = telnet->answer_size;
    if (size < 2 || size > sizeof telnet->answer || telnet->answer[0] != OPTION_COM_PORT) {
        return;
    }
    uint8_t value = size > 2 ? bytes[0] : 0;
    switch (telnet->answer[1] - FROM_SERVER) {
    case SET_BAUDRATE:
        on_baud(telnet, bytes, size - 2);
        break;
    case SET_DATASIZE:
        settle(telnet, FETTLE_RFC2217_DATA_BITS, value);
        break;
    case SET_PARITY:
        settle(telnet, FETTLE_RFC2217_PARITY, value);
        break;
    case SET_STOPSIZE:
        settle(telnet, FETTLE_RFC2217_STOP_BITS, value);
        break;
    case SET_CONTROL:
        on_control(telnet, value);
        break;
    case PURGE_DATA:
        on_purged(telnet, value);
        break;
    case FLOWCONTROL_SUSPEND:
        telnet->is_suspended = true;
        break;
    case FLOWCONTROL_RESUME:
        telnet->is_suspended = false;
        break;
    default:
        break;
    }
}

fettle_rfc2217_answer fettle_rfc2217_answer_to(const fettle_rfc2217 *telnet,
                                               fettle_rfc2217_item item)
{
    return telnet->items[item].answer;
}

void fettle_rfc2217_forget(fettle_rfc2217 *telnet)
{
    for (size_t i = 0; i < FETTLE_RFC2217_ITEMS; i++) {
        telnet->items[i].answer = FETTLE_RFC2217_NOT_ASKED;
    }
}

bool fettle_rfc2217_is_pending(const fettle_rfc2217 *telnet)
{
    for (size_t i = 0; i < FETTLE_RFC2217_ITEMS; i++) {
        if (telnet->items[i].answer == FETTLE_RFC2217_PENDING) {
            return true;
        }
    }
    return false;
}

/* ---- receiving ---- */

static void on_command(fettle_rfc2217 *telnet, uint8_t byte)
{
    switch (byte) {
    case WILL:
    case WONT:
    case DO:
    case DONT:
        telnet->verb = byte;
        telnet->state = OPTION;
        break;
    case SB:
        telnet->answer_size = 0;
        telnet->state = SUBNEGOTIATION;
        break;
    default: /* no operation, go ahead, ... */
        telnet->state = DATA;
        break;
    }
}

static void keep(fettle_rfc2217 *telnet, uint8_t byte)
{
    if (telnet->answer_size < sizeof telnet->answer) {
        telnet->answer[telnet->answer_size] = byte;
    }
    telnet->answer_size += telnet->answer_size <= sizeof telnet->answer ? 1 : 0;
    telnet->state = SUBNEGOTIATION;
}

static void on_command_in_subnegotiation(fettle_rfc2217 *telnet, uint8_t byte)
{
    if (byte == IAC) {
        keep(telnet, byte);
    } else if (byte == SE) {
        telnet->state = DATA;
        on_answer(telnet);
    } else { /* its end is missing */
        on_command(telnet, byte);
    }
}

/* True: it is one of the line's own. */
static bool take_byte(fettle_rfc2217 *telnet, uint8_t byte)
{
    switch (telnet->state) {
    case COMMAND:
        if (byte == IAC) {
            telnet->state = DATA;
            return telnet->purges == 0;
        }
        on_command(telnet, byte);
        return false;
    case OPTION:
        telnet->state = DATA;
        on_option(telnet, byte);
        return false;
    case SUBNEGOTIATION:
        if (byte == IAC) {
            telnet->state = SUBNEGOTIATION_COMMAND;
        } else {
            keep(telnet, byte);
        }
        return false;
    case SUBNEGOTIATION_COMMAND:
        on_command_in_subnegotiation(telnet, byte);
        return false;
    default:
        telnet->state = byte == IAC ? COMMAND : DATA;
        return byte != IAC && telnet->purges == 0;
    }
}

size_t fettle_rfc2217_take(fettle_rfc2217 *telnet, const uint8_t *bytes, size_t size,
                           uint8_t *data)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = bytes[i];
        if (take_byte(telnet, byte)) {
            data[count++] = byte;
        }
    }
    return count;
}
