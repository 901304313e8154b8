/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The USB devices of this computer as a bus (transport.h). One file stands behind it, with libusb-1.0 or,
 * where that is switched off, without any.
 *
 * Paths are "usb:BUS-PORT.PORT...", as the kernel names the port ("usb:1-1.2"): the bus number stands for
 * the controller. Root hubs and hubs are no boards.
 *
 * Kinds: USB for what has an interface of DFU (class 0xFE, subclass 1); else SERIAL where a driver has made a
 * serial port of it (`node`), else NONE. Any of them may be opened as USB, and none as SERIAL: this bus has no
 * lines. A device that has just come is shown when it can be worked with (its node, its configuration and, for
 * DFU, its permissions are there), or after 2 s as it is then.
 *
 * On Linux nothing is opened to look; elsewhere only what has an interface of DFU, once, for its texts.
 */
#ifndef FETTLE_OS_USB_H
#define FETTLE_OS_USB_H

#include "fettle/outcome.h"
#include "fettle/transport.h"

typedef struct fettle_os_usb fettle_os_usb;

/*
 * Starts to watch. NULL: NOT_SUPPORTED where there is no USB in this build, SYSTEM_ERROR where the system
 * refuses (with sysfs it can't refuse before something is opened), NO_MEMORY.
 */
fettle_os_usb *fettle_os_usb_new(fettle_error *err);

/* All links of it must be closed. Takes NULL. */
void fettle_os_usb_free(fettle_os_usb *usb);

/* Its self is a fettle_os_usb. Links may be used from one thread each, the bus from several. */
extern const fettle_bus_ops fettle_os_usb_bus_ops;

#endif
