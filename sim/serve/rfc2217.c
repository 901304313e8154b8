/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This end asks for BINARY both ways, as there are clients that take it for granted and don't. All else the
 * client begins, as RFC 2217 section 2 has it; this end answers, and only where that changes something, so
 * that no two ends can agree for ever. Options that it doesn't know it refuses.
 *
 * ECHO is promised to who asks for it: whether bytes come back is the board's affair, and the client's
 * terminal is not to show them a second time.
 *
 * A board's line has no parity, one stop bit and no flow control, and BREAK does nothing. Whoever asks for
 * something else is told what holds, which is how RFC 2217 refuses.
 */
#include "rfc2217.h"

#include <string.h>

/* An option at one of the ends. */
enum { OFF, ASKED, ON };

enum { BETWEEN, COMMAND, VERB, SUBNEGOTIATION, SUBNEGOTIATION_IAC };

enum { NUL = 0, LF = 10, CR = 13 };

enum {
    PARITY_NONE = 1,
    STOPSIZE_ONE = 1,
    PURGE_RECEIVED = 1, /* a bit: from the line; 2: towards it, where nothing ever waits */
    PURGE_BOTH = 3,
    LINESTATE_IS_EMPTY = 0x60, /* holding and shift register */
    MODEMSTATE_NONE = 0,       /* nothing is connected to those inputs */
};

/* Values of SET-CONTROL. */
enum {
    CONTROL_ASKS_FLOW = 0,
    CONTROL_NO_FLOW = 1,
    CONTROL_XON_XOFF = 2,
    CONTROL_HARDWARE = 3,
    CONTROL_ASKS_BREAK = 4,
    CONTROL_BREAK_ON = 5,
    CONTROL_BREAK_OFF = 6,
    CONTROL_ASKS_DTR = 7,
    CONTROL_DTR_ON = 8,
    CONTROL_DTR_OFF = 9,
    CONTROL_ASKS_RTS = 10,
    CONTROL_RTS_ON = 11,
    CONTROL_RTS_OFF = 12,
    CONTROL_ASKS_INBOUND_FLOW = 13,
    CONTROL_NO_INBOUND_FLOW = 14,
    CONTROL_INBOUND_XON_XOFF = 15,
    CONTROL_INBOUND_HARDWARE = 16,
    CONTROL_DCD_FLOW = 17,
    CONTROL_INBOUND_DTR_FLOW = 18,
    CONTROL_DSR_FLOW = 19,
};

static const struct {
    uint8_t option;
    bool we_may, they_may;
} options[FETTLE_SIM_RFC2217_OPTIONS] = {
    {TELNET_BINARY, true, true},
    {TELNET_ECHO, true, false},
    {TELNET_SUPPRESS_GO_AHEAD, true, true},
    {TELNET_COM_PORT, true, true},
};

enum { BINARY_ROW = 0, COM_PORT_ROW = 3 };

/* ---- answers ---- */

static void put(fettle_sim_rfc2217_event *event, uint8_t byte)
{
    if (event->reply_size < sizeof event->reply) {
        event->reply[event->reply_size++] = byte;
    }
}

static void put_command(fettle_sim_rfc2217_event *event, uint8_t verb, uint8_t option)
{
    put(event, TELNET_IAC);
    put(event, verb);
    put(event, option);
}

static void answer(fettle_sim_rfc2217_event *event, uint8_t command, const uint8_t *value,
                   size_t size)
{
    put_command(event, TELNET_SB, TELNET_COM_PORT);
    put(event, (uint8_t)(command + COM_PORT_ANSWER));
    for (size_t i = 0; i < size; i++) {
        put(event, value[i]);
        if (value[i] == TELNET_IAC) {
            put(event, TELNET_IAC);
        }
    }
    put(event, TELNET_IAC);
    put(event, TELNET_SE);
}

static void answer_byte(fettle_sim_rfc2217_event *event, uint8_t command, unsigned value)
{
    const uint8_t byte = (uint8_t)value;
    answer(event, command, &byte, 1);
}

/* ---- what is agreed on ---- */

static size_t row_of(uint8_t option)
{
    size_t row = 0;
    while (row < FETTLE_SIM_RFC2217_OPTIONS && options[row].option != option) {
        row++;
    }
    return row;
}

/*
 * The client wants an option on or off at one of the ends, or answers what it was asked. Only a change is
 * answered, or a wish that isn't granted.
 */
static void settle(uint8_t *is, bool may, bool wanted, uint8_t option, uint8_t yes,
                   uint8_t no, fettle_sim_rfc2217_event *event)
{
    uint8_t was = *is;
    if (wanted && !may) {
        put_command(event, no, option);
        return;
    }
    *is = wanted ? ON : OFF;
    if (was != *is && was != ASKED) {
        put_command(event, wanted ? yes : no, option);
    }
}

static bool has_com_port(const fettle_sim_rfc2217 *telnet)
{
    return telnet->ours[COM_PORT_ROW] == ON || telnet->theirs[COM_PORT_ROW] == ON;
}

void fettle_sim_rfc2217_init(fettle_sim_rfc2217 *telnet,
                             const fettle_serial_settings *settings,
                             fettle_sim_rfc2217_event *event)
{
    *telnet = (fettle_sim_rfc2217){.settings = *settings, .state = BETWEEN};
    *event = (fettle_sim_rfc2217_event){.kind = FETTLE_SIM_RFC2217_OBEY};
    telnet->ours[BINARY_ROW] = telnet->theirs[BINARY_ROW] = ASKED;
    put_command(event, TELNET_WILL, TELNET_BINARY);
    put_command(event, TELNET_DO, TELNET_BINARY);
}

static void negotiate(fettle_sim_rfc2217 *telnet, uint8_t verb, uint8_t option,
                      fettle_sim_rfc2217_event *event)
{
    bool is_ours = verb == TELNET_DO || verb == TELNET_DONT;
    bool wanted = verb == TELNET_DO || verb == TELNET_WILL;
    uint8_t yes = is_ours ? TELNET_WILL : TELNET_DO;
    uint8_t no = is_ours ? TELNET_WONT : TELNET_DONT;
    bool had_com_port = has_com_port(telnet);
    uint8_t unknown = OFF;
    size_t row = row_of(option);
    if (row == FETTLE_SIM_RFC2217_OPTIONS) {
        settle(&unknown, false, wanted, option, yes, no, event);
    } else if (is_ours) {
        settle(&telnet->ours[row], options[row].we_may, wanted, option, yes, no, event);
    } else {
        settle(&telnet->theirs[row], options[row].they_may, wanted, option, yes, no, event);
    }
    if (has_com_port(telnet) && !had_com_port) {
        answer_byte(event, COM_PORT_NOTIFY_MODEMSTATE, MODEMSTATE_NONE);
    }
}

/* ---- COM-PORT-OPTION ---- */

/* Sets a control line, or tells it; the value that holds then. */
static unsigned control_line(bool *line, unsigned value, unsigned on, unsigned off)
{
    if (value == on || value == off) {
        *line = value == on;
    }
    return *line ? on : off;
}

static void obey_control(fettle_sim_rfc2217 *telnet, uint8_t value,
                         fettle_sim_rfc2217_event *event)
{
    fettle_serial_settings *settings = &telnet->settings;
    unsigned holds;
    switch (value) {
    case CONTROL_ASKS_FLOW:
    case CONTROL_NO_FLOW:
    case CONTROL_XON_XOFF:
    case CONTROL_HARDWARE:
    case CONTROL_DCD_FLOW:
    case CONTROL_DSR_FLOW:
        holds = CONTROL_NO_FLOW;
        break;
    case CONTROL_ASKS_BREAK:
    case CONTROL_BREAK_ON:
    case CONTROL_BREAK_OFF:
        holds = CONTROL_BREAK_OFF;
        break;
    case CONTROL_ASKS_DTR:
    case CONTROL_DTR_ON:
    case CONTROL_DTR_OFF:
        holds = control_line(&settings->dtr, value, CONTROL_DTR_ON, CONTROL_DTR_OFF);
        break;
    case CONTROL_ASKS_RTS:
    case CONTROL_RTS_ON:
    case CONTROL_RTS_OFF:
        holds = control_line(&settings->rts, value, CONTROL_RTS_ON, CONTROL_RTS_OFF);
        break;
    case CONTROL_ASKS_INBOUND_FLOW:
    case CONTROL_NO_INBOUND_FLOW:
    case CONTROL_INBOUND_XON_XOFF:
    case CONTROL_INBOUND_HARDWARE:
    case CONTROL_INBOUND_DTR_FLOW:
        holds = CONTROL_NO_INBOUND_FLOW;
        break;
    default:
        return;
    }
    answer_byte(event, COM_PORT_SET_CONTROL, holds);
}

/* Four bytes, the highest first; 0 asks. */
static void obey_baudrate(fettle_sim_rfc2217 *telnet, const uint8_t value[4],
                          fettle_sim_rfc2217_event *event)
{
    uint32_t baud = (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 |
                    (uint32_t)value[2] << 8 | value[3];
    if (baud != 0) {
        telnet->settings.baud = baud;
    }
    baud = telnet->settings.baud;
    const uint8_t holds[] = {(uint8_t)(baud >> 24), (uint8_t)(baud >> 16 & 0xff),
                             (uint8_t)(baud >> 8 & 0xff), (uint8_t)(baud & 0xff)};
    answer(event, COM_PORT_SET_BAUDRATE, holds, sizeof holds);
}

static void obey_datasize(fettle_sim_rfc2217 *telnet, uint8_t value,
                          fettle_sim_rfc2217_event *event)
{
    if (value >= 5 && value <= 8) {
        telnet->settings.data_bits = value;
    }
    answer_byte(event, COM_PORT_SET_DATASIZE, telnet->settings.data_bits);
}

static void obey_purge(uint8_t value, fettle_sim_rfc2217_event *event)
{
    if (value >= PURGE_RECEIVED && value <= PURGE_BOTH) {
        event->discards = (value & PURGE_RECEIVED) != 0;
        answer_byte(event, COM_PORT_PURGE_DATA, value);
    }
}

/* Commands with a value of one byte. */
static void obey_byte(fettle_sim_rfc2217 *telnet, uint8_t command, uint8_t value,
                      fettle_sim_rfc2217_event *event)
{
    switch (command) {
    case COM_PORT_SET_DATASIZE:
        obey_datasize(telnet, value, event);
        break;
    case COM_PORT_SET_PARITY:
        answer_byte(event, command, PARITY_NONE);
        break;
    case COM_PORT_SET_STOPSIZE:
        answer_byte(event, command, STOPSIZE_ONE);
        break;
    case COM_PORT_SET_CONTROL:
        obey_control(telnet, value, event);
        break;
    case COM_PORT_SET_LINESTATE_MASK:
        answer_byte(event, command, value);
        if ((value & LINESTATE_IS_EMPTY) != 0) {
            answer_byte(event, COM_PORT_NOTIFY_LINESTATE, value & LINESTATE_IS_EMPTY);
        }
        break;
    case COM_PORT_SET_MODEMSTATE_MASK:
        answer_byte(event, command, value);
        answer_byte(event, COM_PORT_NOTIFY_MODEMSTATE, MODEMSTATE_NONE);
        break;
    case COM_PORT_PURGE_DATA:
        obey_purge(value, event);
        break;
    default:
        break;
    }
}

static void obey_subnegotiation(fettle_sim_rfc2217 *telnet, fettle_sim_rfc2217_event *event)
{
    static const char signature[] = "fettle-sim";
    const uint8_t *bytes = telnet->subnegotiation;
    bool is_ours = telnet->size >= 2 && bytes[0] == TELNET_COM_PORT;
    if (!is_ours || !has_com_port(telnet)) {
        return;
    }
    uint8_t command = bytes[1];
    size_t size = telnet->size - 2;
    bytes += 2;
    if (command == COM_PORT_SIGNATURE && size == 0) {
        answer(event, command, (const uint8_t *)signature, strlen(signature));
    } else if (command == COM_PORT_SET_BAUDRATE && size == 4) {
        obey_baudrate(telnet, bytes, event);
    } else if (size == 0 && (command == COM_PORT_FLOWCONTROL_SUSPEND ||
                             command == COM_PORT_FLOWCONTROL_RESUME)) {
        telnet->is_suspended = command == COM_PORT_FLOWCONTROL_SUSPEND;
        event->kind = FETTLE_SIM_RFC2217_OBEY;
    } else if (size == 1) {
        obey_byte(telnet, command, bytes[0], event);
    }
}

/* ---- one byte after the other ---- */

/* What has no room belongs to no command: there is more of it than one has. */
static void keep(fettle_sim_rfc2217 *telnet, uint8_t byte)
{
    if (telnet->size < sizeof telnet->subnegotiation) {
        telnet->subnegotiation[telnet->size++] = byte;
    }
}

/* The byte after an IAC which isn't one of data. */
static void begin_command(fettle_sim_rfc2217 *telnet, uint8_t byte)
{
    telnet->verb = byte;
    telnet->state =
        BETWEEN; /* after a command without an operand, of which none does anything */
    if (byte >= TELNET_WILL && byte <= TELNET_DONT) {
        telnet->state = VERB;
    } else if (byte == TELNET_SB) {
        telnet->state = SUBNEGOTIATION;
        telnet->size = 0;
    }
}

/* Any other command in the middle of a subnegotiation ends it, and what it said counts for nothing. */
static void after_inner_iac(fettle_sim_rfc2217 *telnet, uint8_t byte,
                            fettle_sim_rfc2217_event *event)
{
    if (byte == TELNET_IAC) {
        keep(telnet, byte);
        telnet->state = SUBNEGOTIATION;
    } else if (byte == TELNET_SE) {
        telnet->state = BETWEEN;
        obey_subnegotiation(telnet, event);
    } else {
        begin_command(telnet, byte);
    }
}

/* A byte that is no data. */
static void take_byte(fettle_sim_rfc2217 *telnet, uint8_t byte,
                      fettle_sim_rfc2217_event *event)
{
    switch (telnet->state) {
    case COMMAND:
        begin_command(telnet, byte);
        break;
    case VERB:
        telnet->state = BETWEEN;
        negotiate(telnet, telnet->verb, byte, event);
        break;
    case SUBNEGOTIATION:
        if (byte == TELNET_IAC) {
            telnet->state = SUBNEGOTIATION_IAC;
        } else {
            keep(telnet, byte);
        }
        break;
    default:
        after_inner_iac(telnet, byte, event);
        break;
    }
}

/* Outside BINARY a CR stands before LF or NUL, and that NUL means nothing (RFC 854). */
static bool is_padding(fettle_sim_rfc2217 *telnet, uint8_t byte)
{
    bool is_text = telnet->theirs[BINARY_ROW] != ON;
    bool is_after_return = is_text && telnet->came_return;
    telnet->came_return = is_text && byte == CR;
    return is_after_return && byte == NUL;
}

/*
 * Data up to the next command, which is left where it is; an IAC that ends the bytes may be one. Returns
 * how many bytes it looked at; `*kept` of them are data, at the beginning.
 */
static size_t take_data(fettle_sim_rfc2217 *telnet, uint8_t *bytes, size_t size,
                        size_t *kept)
{
    size_t at = 0;
    *kept = 0;
    while (at < size) {
        if (bytes[at] == TELNET_IAC) {
            if (at + 1 == size || bytes[at + 1] != TELNET_IAC) {
                break;
            }
            at++;
        }
        if (!is_padding(telnet, bytes[at])) {
            bytes[(*kept)++] = bytes[at];
        }
        at++;
    }
    return at;
}

size_t fettle_sim_rfc2217_take(fettle_sim_rfc2217 *telnet, uint8_t *bytes, size_t size,
                               fettle_sim_rfc2217_event *event)
{
    size_t at = 0;
    *event = (fettle_sim_rfc2217_event){.kind = FETTLE_SIM_RFC2217_NOTHING};
    while (at < size) {
        if (telnet->state == COMMAND && bytes[at] == TELNET_IAC) {
            telnet->state = BETWEEN; /* it was data, divided between two calls */
            telnet->came_return = false;
            event->kind = FETTLE_SIM_RFC2217_DATA;
            event->data = &bytes[at];
            event->size = 1;
            return at + 1;
        }
        if (telnet->state != BETWEEN) {
            take_byte(telnet, bytes[at++], event);
        } else if (bytes[at] == TELNET_IAC &&
                   (at + 1 == size || bytes[at + 1] != TELNET_IAC)) {
            telnet->state = COMMAND;
            at++;
        } else {
            event->data = &bytes[at];
            at += take_data(telnet, &bytes[at], size - at, &event->size);
            event->kind = event->size > 0 ? FETTLE_SIM_RFC2217_DATA : event->kind;
        }
        if (event->reply_size > 0) {
            event->kind = FETTLE_SIM_RFC2217_OBEY;
        }
        if (event->kind != FETTLE_SIM_RFC2217_NOTHING) {
            return at;
        }
    }
    return at;
}

size_t fettle_sim_rfc2217_encode(fettle_sim_rfc2217 *telnet, uint8_t *to,
                                 const uint8_t *data, size_t size)
{
    size_t count = 0;
    bool is_text = telnet->ours[BINARY_ROW] != ON;
    for (size_t i = 0; i < size; i++) {
        if (is_text && telnet->went_return && data[i] != LF) {
            to[count++] = NUL;
        }
        to[count++] = data[i];
        if (data[i] == TELNET_IAC) {
            to[count++] = TELNET_IAC;
        }
        telnet->went_return = is_text && data[i] == CR;
    }
    return count;
}
