/* SPDX-License-Identifier: Apache-2.0 */
/* "SCHEME://HOST[:PORT]", as a person writes a server, taken apart. Pure. */
#ifndef FETTLE_OS_HOST_PORT_H
#define FETTLE_OS_HOST_PORT_H

#include "fettle/transport.h"

typedef struct fettle_host_port {
    char host[FETTLE_PATH_SIZE]; /* without the brackets of an IPv6 address */
    char port[6];                /* 1 to 65535, decimal */
    char name[FETTLE_PATH_SIZE]; /* "HOST:PORT", with the brackets; empty where too long */
} fettle_host_port;

/*
 * HOST is a name or an IPv4 address (letters, digits, "-", ".", "_") or an IPv6 address in brackets, with
 * "%ZONE" or without. `scheme` is what must stand in front of it, with its "://"; `default_port` is taken
 * where none is written, NULL: one must be. Returns where it ends in `text`, which is a "/" or the NUL;
 * NULL: the text is nothing of that kind.
 */
const char *fettle_host_port_parse(fettle_host_port *server, const char *text,
                                   const char *scheme, const char *default_port);

#endif
