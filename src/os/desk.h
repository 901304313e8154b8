/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is plugged into this computer, as one bus (transport.h): its USB devices, and its serial ports, which are faces of
 * the same boards. USB needs libusb-1.0 for being opened; where that is switched off, all is seen nevertheless, and serial
 * ports can be opened.
 *
 * Paths are "usb:BUS-PORT.PORT...", as the kernel names the port ("usb:1-1.2"): the bus number stands for
 * the controller. Root hubs and hubs are no boards. A device that has several serial ports has the first one, by
 * interface, for a face; each further one is a sight of its own with the interface's number behind the path
 * ("usb:1-1.2:1"), with the device's ids and texts and without descriptors. A serial port that isn't on USB has its node's
 * name for a path ("/dev/ttyS0").
 *
 * Kinds: USB for what has an interface of DFU (class 0xFE, subclass 1); else SERIAL where a driver has made a
 * serial port of it (`node`), else NONE. Any device may be opened as USB, and what has a node as SERIAL. `access` is about
 * what the kind says: the node of a serial port, else that of the device. A device that has just come is shown when it
 * can be worked with (its node, its configuration and, for what is opened first, its permissions are there), or after 2 s
 * as it is then; a serial port that comes later is shown in the same way.
 *
 * On Linux nothing is opened to look; elsewhere only what has an interface of DFU, once, for its texts, and there are no
 * serial ports yet.
 */
#ifndef FETTLE_OS_DESK_H
#define FETTLE_OS_DESK_H

#include "fettle/outcome.h"
#include "fettle/transport.h"

typedef struct fettle_os_desk fettle_os_desk;

/*
 * Starts to watch. NULL: NOT_SUPPORTED where this build can see nothing at all, SYSTEM_ERROR where the system
 * refuses (with sysfs it can't refuse before something is opened), NO_MEMORY.
 */
fettle_os_desk *fettle_os_desk_new(fettle_error *err);

/* The same for tests: `root`, of up to 100 bytes, stands in front of "/sys" and "/dev", and is copied. */
fettle_os_desk *fettle_os_desk_new_below(const char *root, fettle_error *err);

/* All links of it must be closed. Takes NULL. */
void fettle_os_desk_free(fettle_os_desk *desk);

/* Its self is a fettle_os_desk. Links may be used from one thread each, the bus from several. */
extern const fettle_bus_ops fettle_os_desk_bus_ops;

#endif
