/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the three files behind usb.h share: usb_libusb.c (the bus), usb_link.c (open boards) and usb_list.c
 * (libusb's own list, where there is no sysfs). The only ones that know libusb.
 */
#ifndef FETTLE_OS_USB_LIBUSB_H
#define FETTLE_OS_USB_LIBUSB_H

#include "os/usb.h"
#include "os/usb_linux.h"
#include "os/usb_spare.h"
#include "os/usb_table.h"
#include "os/usb_thread.h"

/* libusb's own; its header is for the three only. */
struct libusb_context;
struct libusb_device;

struct fettle_os_usb {
    struct libusb_context *context; /* to look with; NULL: sysfs does */
    fettle_usb_spare *spare;        /* contexts for links */
    fettle_usb_lock lock;           /* for all that follows */
    fettle_usb_table table;
    fettle_us looked; /* when the last look ended */
    fettle_us pause;  /* between two looks */
};

/* ---- usb_libusb.c ---- */

extern const fettle_usb_linux fettle_usb_sysfs;

/* Looks again if the last look is older than that; under the lock. */
void fettle_usb_refresh(fettle_os_usb *usb, fettle_us max_age);

/* libusb keeps a message for each arrival and departure until somebody handles events. */
void fettle_usb_drain(struct libusb_context *context);

/* ---- usb_list.c ---- */

/* "BUS-PORT.PORT"; false for a root hub. */
bool fettle_usb_name_device(struct libusb_device *device, char name[FETTLE_PATH_SIZE]);

/* One whole look, from begin to end; under the lock. Where there is no list now the table is as before. */
void fettle_usb_look_at_list(fettle_os_usb *usb);

/* ---- usb_link.c ---- */

/* `open` of the bus. */
fettle_outcome fettle_usb_link_open(void *bus, const fettle_sight *sight,
                                    fettle_link_kind kind,
                                    const fettle_serial_settings *settings,
                                    fettle_link *link);

#endif
