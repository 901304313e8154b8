/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves the serial lines of the boards of one desk: each board at a place of its own, to one client
 * at a time.
 */
#ifndef FETTLE_SIM_SERVE_PORTS_H
#define FETTLE_SIM_SERVE_PORTS_H

#include "desk.h"

typedef enum fettle_sim_way {
    FETTLE_SIM_PTY,     /* a pseudo terminal: bytes, and the rate */
    FETTLE_SIM_TCP,     /* bytes as they are */
    FETTLE_SIM_RFC2217, /* bytes, rate, data bits, DTR and RTS over Telnet */
} fettle_sim_way;

typedef struct fettle_sim_ports fettle_sim_ports;

/* The desk must outlive it. NULL: no memory. */
fettle_sim_ports *fettle_sim_ports_new(fettle_sim_desk *desk, fettle_sim_way way);

/* Ends all sessions, takes links away. Takes NULL. */
void fettle_sim_ports_free(fettle_sim_ports *ports);

/*
 * For FETTLE_SIM_TCP and _RFC2217. "HOST:PORT" as fettle_sim_door_open() has it; the next board is at
 * the next port, or at another free one. False, and a sentence.
 */
bool fettle_sim_ports_listen(fettle_sim_ports *ports, const char *where, bool allows_remote,
                             bool *is_bad_text, char *message, size_t message_size);

/* Where the board is to be found, after fettle_sim_ports_listen(). Valid for its lifetime. */
const char *fettle_sim_ports_address(const fettle_sim_ports *ports, size_t board);

/*
 * For FETTLE_SIM_PTY: links to the pseudo terminals; that of board N, from 2, has ".N" behind its
 * name. False: no memory.
 */
bool fettle_sim_ports_link(fettle_sim_ports *ports, const char *link);

/*
 * Begins. Each coming and going of a pseudo terminal is a line on the standard output from now on. False,
 * and a sentence: the system has no thread to give.
 */
bool fettle_sim_ports_start(fettle_sim_ports *ports, char *message, size_t message_size);

/* Has the system refused something that it won't give later either? Then with a sentence. */
bool fettle_sim_ports_has_failed(fettle_sim_ports *ports, char *message,
                                 size_t message_size);

#endif
