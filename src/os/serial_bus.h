/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One serial line that a person names, as a bus (transport.h) of at most one board:
 *
 *   "/dev/..."               a node of this system. For those that desk.h doesn't list: pseudo-terminals, links
 *   "tcp://HOST:PORT"        its bytes over TCP, and nothing else: no control lines, no rate, no format (ENOTTY)
 *   "rfc2217://HOST:PORT"    all of it over TCP
 *
 * The board's path is that text (HOST as it was given); its kind is SERIAL, it has no ids, texts or descriptors, and
 * opening another kind is ERROR with why DRIVER. A node is the board's `node`, too.
 *
 * A node is there as long as the file is; where it isn't there yet the bus is empty until it comes. A server is
 * connected to from the beginning until the bus ends, whether the line is open or not: many take one client only,
 * and take its end for a hang-up. What comes while no link is open is dropped. If the connection ends, the board leaves,
 * and is back, as a later arrival, when the server can be reached again; that is tried twice a second, in wait() only.
 */
#ifndef FETTLE_OS_SERIAL_BUS_H
#define FETTLE_OS_SERIAL_BUS_H

#include "fettle/outcome.h"
#include "fettle/transport.h"

typedef struct fettle_os_serial fettle_os_serial;

/*
 * Looks up a server's name (which takes as long as the system takes for it) and connects within 5 s. NULL: USAGE
 * for a text that is no such port, SERVER_UNREACHABLE where nothing answers, or what answers doesn't speak RFC 2217,
 * NOT_SUPPORTED in a build without serial lines, NO_MEMORY.
 */
fettle_os_serial *fettle_os_serial_new(const char *port, fettle_error *err);

/* The same with another time than 5 s. */
fettle_os_serial *fettle_os_serial_new_within(const char *port, fettle_us time,
                                              fettle_error *err);

/* Its link must be closed. Takes NULL. */
void fettle_os_serial_free(fettle_os_serial *serial);

/* The path of its board, whether it is there or not. */
void fettle_os_serial_path(const fettle_os_serial *serial, char path[FETTLE_PATH_SIZE]);

/* Its self is a fettle_os_serial. Entries of the bus may be called from several threads; its link from one. */
extern const fettle_bus_ops fettle_os_serial_bus_ops;

#endif
