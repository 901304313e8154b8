/* SPDX-License-Identifier: Apache-2.0 */
/* Where to listen: "127.0.0.1:3240", "[::1]:3240", "localhost:0", as text and for the system. */
#ifndef FETTLE_SIM_SERVE_ADDRESS_H
#define FETTLE_SIM_SERVE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

typedef struct fettle_sim_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } of;
    socklen_t size;
} fettle_sim_address;

/* False if the text is no such thing. No name but localhost is looked up. */
bool fettle_sim_address_parse(fettle_sim_address *address, const char *text);

/* To the port `offset` behind its own, but any free one stays that. False: there is no such port. */
bool fettle_sim_address_add(fettle_sim_address *address, size_t offset);

/* Can only this computer reach it? */
bool fettle_sim_address_is_loopback(const fettle_sim_address *address);

/* As it is parsed. 64 bytes are enough for all. */
void fettle_sim_address_print(const fettle_sim_address *address, char *text, size_t size);

#endif
