/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices that a USB/IP server offers, as a bus (transport.h): boards on another computer, without
 * help of this one's kernel. Endpoint 0 only.
 *
 * Paths are "usbip://HOST:PORT/BUSID".
 */
#ifndef FETTLE_OS_USBIP_H
#define FETTLE_OS_USBIP_H

#include "fettle/outcome.h"
#include "fettle/transport.h"

typedef struct fettle_os_usbip fettle_os_usbip;

/*
 * `port` is "usbip://HOST[:PORT][/BUSID]": a name or address (an IPv6 one in brackets), port 3240 if none is
 * given; with a BUSID only that device is looked at. Connects, within 5 s. NULL: USAGE for a text that is
 * no such port, SERVER_UNREACHABLE where nothing answers or what answers is none, NO_MEMORY.
 */
fettle_os_usbip *fettle_os_usbip_new(const char *port, fettle_error *err);

/* All links of it must be closed. Takes NULL. */
void fettle_os_usbip_free(fettle_os_usbip *usbip);

/* The path of the device that its BUSID names, whether it is there or not; empty without a BUSID. */
void fettle_os_usbip_path(const fettle_os_usbip *usbip, char path[FETTLE_PATH_SIZE]);

/* Its self is a fettle_os_usbip. */
extern const fettle_bus_ops fettle_os_usbip_bus_ops;

#endif
