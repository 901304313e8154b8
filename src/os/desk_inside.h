/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files behind desk.h share: desk.c (the bus), and for USB usb_libusb.c (contexts), usb_link.c (open boards) and
 * usb_list.c (libusb's own list, where there is no sysfs), or usb_none.c in place of these three.
 */
#ifndef FETTLE_OS_DESK_INSIDE_H
#define FETTLE_OS_DESK_INSIDE_H

#include "os/desk.h"
#include "os/serial_list.h"
#include "os/usb_linux.h"
#include "os/usb_spare.h"
#include "os/usb_table.h"
#include "os/usb_thread.h"

/* libusb's own; its header is for the three only. */
struct libusb_context;
struct libusb_device;

enum { FETTLE_DESK_FOLDER_SIZE = 128 };

struct fettle_os_desk {
    fettle_usb_linux usb_folders;
    fettle_serial_linux serial_folders;
    char folders[4][FETTLE_DESK_FOLDER_SIZE]; /* of these */
    bool has_sysfs;
    struct libusb_context *context; /* to look with; NULL: sysfs does */
    fettle_usb_spare *spare;        /* contexts for links; NULL without libusb */
    fettle_usb_lock lock;           /* for all that follows */
    fettle_usb_table table;
    fettle_serial_list ports;
    fettle_us looked; /* when the last look ended */
    fettle_us pause;  /* between two looks */
};

/* ---- desk.c ---- */

/* Looks again if the last look is older than that; under the lock. */
void fettle_desk_refresh(fettle_os_desk *desk, fettle_us max_age);

/* ---- usb_libusb.c, or usb_none.c ---- */

/* Once the folders are set. False: `err`; stop() is to be called in any case. */
bool fettle_usb_start(fettle_os_desk *desk, fettle_error *err);
void fettle_usb_stop(fettle_os_desk *desk);

/* Somebody waits for a board, and will open it. Doesn't wait. */
void fettle_usb_want(fettle_os_desk *desk);

/* Boards have come or gone; under the lock. */
void fettle_usb_tidy(fettle_os_desk *desk);

/* libusb keeps a message for each arrival and departure until somebody handles events. */
void fettle_usb_drain(struct libusb_context *context);

/* ---- usb_list.c, or usb_none.c ---- */

/* "BUS-PORT.PORT"; false for a root hub. */
bool fettle_usb_name_device(struct libusb_device *device, char name[FETTLE_PATH_SIZE]);

/* One whole look, from begin to end; under the lock. Where there is no list now the table is as before. */
void fettle_usb_look_at_list(fettle_os_desk *desk);

/* ---- usb_link.c, or usb_none.c ---- */

/* Opens it as USB. ERROR with why DRIVER where this build has no libusb. */
fettle_outcome fettle_usb_link_open(fettle_os_desk *desk, const fettle_sight *sight,
                                    fettle_link *link);

#endif
