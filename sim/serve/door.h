/* SPDX-License-Identifier: Apache-2.0 */
/* A socket that listens, and the address that it got. */
#ifndef FETTLE_SIM_SERVE_DOOR_H
#define FETTLE_SIM_SERVE_DOOR_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fettle_sim_door {
    int socket; /* to be polled for the next connection; -1: closed */
    char address[80];
} fettle_sim_door;

/*
 * Listens on "HOST:PORT": an IPv4 address, an IPv6 address in brackets, or localhost; port 0 is any free
 * one, and any other one stands for the port `offset` behind it. `is_bad_text` tells a text that is
 * no such thing, or an address that others can reach where that isn't allowed, from a system that refuses.
 * False, and a sentence in `message`.
 */
bool fettle_sim_door_open(fettle_sim_door *door, const char *where, size_t offset,
                          bool allows_remote, bool *is_bad_text, char *message,
                          size_t message_size);

/* The connection that waits, blocking, with TCP_NODELAY and keep-alive. -1, and errno: there is none. */
int fettle_sim_door_accept(const fettle_sim_door *door);

void fettle_sim_door_close(fettle_sim_door *door);

#endif
