/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of RFC 2217 (Telnet Com Port Control Option) as bytes: a pure state machine from what
 * a client sends to what it means, and what is to be answered. RFC 854 and 855 (Telnet), 856 (BINARY), 857
 * (ECHO), 858 (SUPPRESS-GO-AHEAD).
 */
#ifndef FETTLE_SIM_SERVE_RFC2217_H
#define FETTLE_SIM_SERVE_RFC2217_H

#include "fettle/transport.h"

/* Telnet's own bytes, RFC 854. */
enum {
    TELNET_SE = 240,
    TELNET_SB = 250,
    TELNET_WILL,
    TELNET_WONT,
    TELNET_DO,
    TELNET_DONT,
    TELNET_IAC,
};

/* Options. */
enum {
    TELNET_BINARY = 0,
    TELNET_ECHO = 1,
    TELNET_SUPPRESS_GO_AHEAD = 3,
    TELNET_COM_PORT = 44,
};

/* What a client asks within COM-PORT-OPTION; answers are COM_PORT_ANSWER further up. */
enum {
    COM_PORT_SIGNATURE,
    COM_PORT_SET_BAUDRATE,
    COM_PORT_SET_DATASIZE,
    COM_PORT_SET_PARITY,
    COM_PORT_SET_STOPSIZE,
    COM_PORT_SET_CONTROL,
    COM_PORT_NOTIFY_LINESTATE,
    COM_PORT_NOTIFY_MODEMSTATE,
    COM_PORT_FLOWCONTROL_SUSPEND,
    COM_PORT_FLOWCONTROL_RESUME,
    COM_PORT_SET_LINESTATE_MASK,
    COM_PORT_SET_MODEMSTATE_MASK,
    COM_PORT_PURGE_DATA,
    COM_PORT_ANSWER = 100,
};

enum {
    FETTLE_SIM_RFC2217_OPTIONS = 4,         /* as many as are known here */
    FETTLE_SIM_RFC2217_SUBNEGOTIATION = 32, /* bytes of one that are kept */
    FETTLE_SIM_RFC2217_REPLY = 64,          /* bytes: room for the longest answer */
};

typedef struct fettle_sim_rfc2217 {
    /* What the client wants of the line: true from the event on that said so. */
    fettle_serial_settings settings;
    bool is_suspended; /* it wants no data for now */

    /* The rest is its own. */
    int state;
    uint8_t verb;
    uint8_t ours[FETTLE_SIM_RFC2217_OPTIONS], theirs[FETTLE_SIM_RFC2217_OPTIONS];
    bool came_return, went_return; /* the last byte outside BINARY was a CR */
    size_t size;
    uint8_t subnegotiation[FETTLE_SIM_RFC2217_SUBNEGOTIATION];
} fettle_sim_rfc2217;

typedef enum fettle_sim_rfc2217_kind {
    FETTLE_SIM_RFC2217_NOTHING, /* everything was taken, and means nothing yet */
    FETTLE_SIM_RFC2217_DATA,    /* `data` is for the line */
    FETTLE_SIM_RFC2217_OBEY, /* settings, `discards` and is_suspended first, then the reply */
} fettle_sim_rfc2217_kind;

typedef struct fettle_sim_rfc2217_event {
    fettle_sim_rfc2217_kind kind;
    const uint8_t *data; /* among the bytes that were given */
    size_t size;
    bool discards; /* what has arrived from the line and was not sent */
    uint8_t reply[FETTLE_SIM_RFC2217_REPLY];
    size_t reply_size;
} fettle_sim_rfc2217_event;

/*
 * A new connection, on which nothing has been agreed, to a line with these settings. The event is to be
 * obeyed: its reply comes before anything else.
 */
void fettle_sim_rfc2217_init(fettle_sim_rfc2217 *telnet,
                             const fettle_serial_settings *settings,
                             fettle_sim_rfc2217_event *event);

/*
 * Takes bytes up to the next event, and returns how many: all of them with NOTHING. Writes over what it
 * has taken. Bytes may be divided among calls in any way.
 */
size_t fettle_sim_rfc2217_take(fettle_sim_rfc2217 *telnet, uint8_t *bytes, size_t size,
                               fettle_sim_rfc2217_event *event);

/* Data of the line for the client, into 2 * `size` + 1 bytes; returns how many it became. */
size_t fettle_sim_rfc2217_encode(fettle_sim_rfc2217 *telnet, uint8_t *to,
                                 const uint8_t *data, size_t size);

#endif
