/* SPDX-License-Identifier: Apache-2.0 */
/* A board that a host has, by an import or plugged in, and the connection over which it talks to it. */
#ifndef FETTLE_SIM_SERVE_IMPORT_H
#define FETTLE_SIM_SERVE_IMPORT_H

#include "fettle/transport.h"

/*
 * `link` is one of a virtual board: an application's needs more than fettle/transport.h has. Answers
 * what comes until the host goes, sends what is no USB/IP, or the board has left. Closes the
 * link, but not the socket. A shutdown() of the socket by another thread ends it.
 */
void fettle_sim_import_serve(int socket, const fettle_sight *sight,
                             const fettle_link *link);

/* Closes the link of a board that isn't served after all. */
void fettle_sim_import_close(const fettle_link *link);

/* All of `size` bytes, or false. */
bool fettle_sim_send(int socket, const uint8_t *bytes, size_t size);
bool fettle_sim_receive(int socket, uint8_t *bytes, size_t size);

#endif
