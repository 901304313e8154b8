/* SPDX-License-Identifier: Apache-2.0 */
/* A USB/IP server for the boards of one desk. All from one thread; it starts more itself. */
#ifndef FETTLE_SIM_SERVE_SERVER_H
#define FETTLE_SIM_SERVE_SERVER_H

#include "desk.h"

typedef struct fettle_sim_server fettle_sim_server;

/* The desk must outlive the server. NULL: no memory. */
fettle_sim_server *fettle_sim_server_new(fettle_sim_desk *desk);
void fettle_sim_server_free(fettle_sim_server *server); /* takes NULL */

/*
 * Listens on "HOST:PORT": an IPv4 address, an IPv6 address in brackets, or localhost; port 0 is any free
 * one. `is_bad_text` tells a text that is no such thing, or an address that others can reach
 * where that isn't allowed, from a system that refuses. False, and a sentence in `message`.
 */
bool fettle_sim_server_listen(fettle_sim_server *server, const char *where,
                              bool allows_remote, bool *is_bad_text, char *message,
                              size_t message_size);

/* Where it listens: "127.0.0.1:3240". Valid for its lifetime. */
const char *fettle_sim_server_address(const fettle_sim_server *server);

/* What to poll for the next connection; -1: none is taken at the moment. */
int fettle_sim_server_door(const fettle_sim_server *server);

/* Takes a connection if one is there, and clears away those that have ended. */
void fettle_sim_server_tend(fettle_sim_server *server, bool is_knocking);

#endif
