/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB devices as Linux shows them in sysfs, without opening or asking any of them. On other systems there
 * is nothing of that kind, and the same functions say so.
 */
#ifndef FETTLE_OS_USB_LINUX_H
#define FETTLE_OS_USB_LINUX_H

#include "os/serial_list.h"
#include "os/usb_table.h"

/* Where to look; a test has folders of its own. */
typedef struct fettle_usb_linux {
    const char *devices; /* "/sys/bus/usb/devices" */
    const char *nodes;   /* "/dev/bus/usb" */
} fettle_usb_linux;

#ifdef __linux__

/* Is there such a folder at all? */
bool fettle_usb_linux_is_there(const fettle_usb_linux *at);

/*
 * One whole look, from begin to end. What never changes is read once an arrival; an arrival is told
 * from an earlier one at the same port by the inode of its folder and its number on the bus. `ports` is a look at the
 * serial ports of the same moment: those of a device are its faces. False: the folder can't be read now; the table is
 * as before.
 */
bool fettle_usb_linux_look(const fettle_usb_linux *at, const fettle_serial_list *ports,
                           fettle_usb_table *table, fettle_us now);

/*
 * The alternate setting that the kernel has set last for an interface of the device `name` ("1-1.2") in
 * its configuration; -1: not known. Doesn't block.
 */
int fettle_usb_linux_alternate(const fettle_usb_linux *at, const char *name,
                               uint8_t configuration, uint8_t interface);

#else

static inline bool fettle_usb_linux_is_there(const fettle_usb_linux *at)
{
    (void)at;
    return false;
}

static inline bool fettle_usb_linux_look(const fettle_usb_linux *at,
                                         const fettle_serial_list *ports,
                                         fettle_usb_table *table, fettle_us now)
{
    (void)at;
    (void)ports;
    (void)table;
    (void)now;
    return false;
}

static inline int fettle_usb_linux_alternate(const fettle_usb_linux *at, const char *name,
                                             uint8_t configuration, uint8_t interface)
{
    (void)at;
    (void)name;
    (void)configuration;
    (void)interface;
    return -1;
}

#endif

#endif
