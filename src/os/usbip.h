/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices that a USB/IP server offers, as a bus (transport.h): boards on another computer, without
 * help of this one's kernel. Endpoint 0 only: a link is FETTLE_LINK_USB, and opening another kind is
 * ERROR with why DRIVER.
 *
 * Paths are "usbip://HOST:PORT/BUSID", as HOST was given.
 *
 * Devices with a DFU interface, and the one that is named by its BUSID, are imported when they appear and
 * kept until they leave, opened or not: nobody else can have them meanwhile. All others are listed by their
 * ids, with LINK_NONE. An import that the server refuses is tried again twice a second; until then
 * `access` is PERMISSION (status 1 of the protocol), BUSY (2) or SYSTEM, and the sight has no texts and no
 * descriptors.
 *
 * look() shows what the last wait() has seen; the boards are moved on in wait() only. There, the end of an
 * import is seen at once, and the server is asked for its list every 100 ms. A server that is gone makes
 * its boards leave, and is asked again for as long as somebody waits.
 */
#ifndef FETTLE_OS_USBIP_H
#define FETTLE_OS_USBIP_H

#include "fettle/outcome.h"
#include "fettle/transport.h"

typedef struct fettle_os_usbip fettle_os_usbip;

/*
 * `port` is "usbip://HOST[:PORT][/BUSID]": a name or address (an IPv6 one in brackets), port 3240 if none is
 * given; with a BUSID only that device is shown. Looks up the name (which takes as long as the system takes
 * for it), then connects and makes the first look, within 5 s. NULL: USAGE for a text that is no such port,
 * SERVER_UNREACHABLE where nothing answers or what answers is none, NO_MEMORY.
 */
fettle_os_usbip *fettle_os_usbip_new(const char *port, fettle_error *err);

/* The same with another time than 5 s. */
fettle_os_usbip *fettle_os_usbip_new_within(const char *port, fettle_us time,
                                            fettle_error *err);

/* All links of it must be closed. Takes NULL. */
void fettle_os_usbip_free(fettle_os_usbip *usbip);

/* The path of the device that its BUSID names, whether it is there or not; empty without a BUSID. */
void fettle_os_usbip_path(const fettle_os_usbip *usbip, char path[FETTLE_PATH_SIZE]);

/*
 * Its self is a fettle_os_usbip. Entries of the bus may be called from several threads; each link from one.
 * A transfer that ends by its deadline or a cancel is unlinked at the server, and its return waits for that:
 * up to a second.
 */
extern const fettle_bus_ops fettle_os_usbip_bus_ops;

#endif
