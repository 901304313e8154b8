/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial ports that Linux shows in sysfs, without opening any of them; on other systems there is nothing of that
 * kind, and the list stays empty.
 *
 * A port is one with a device behind it: no virtual terminals, no pseudo-terminals, none of the ports that a PC's
 * driver keeps ready for hardware that isn't there (attribute `type` 0). What is behind it is told by where its
 * device hangs: on an interface of a USB device, which then has the port as a face (usb_linux.h), or elsewhere.
 *
 * Ports keep what they are until they leave; only `access` may change. Not thread-safe: the owner has a lock.
 */
#ifndef FETTLE_OS_SERIAL_LIST_H
#define FETTLE_OS_SERIAL_LIST_H

#include "fettle/transport.h"

enum {
    FETTLE_SERIAL_PORTS_MAX = 256, /* further ones are not seen */
    FETTLE_SERIAL_DRIVER_SIZE = 32,
    FETTLE_SERIAL_SETTLE_US = 2000000, /* until a port's permissions count as they are */
};

typedef struct fettle_serial_port {
    struct fettle_serial_port *next;        /* in the order of names, numbers as numbers */
    char node[FETTLE_PATH_SIZE];            /* "/dev/ttyUSB0" */
    char device[FETTLE_PATH_SIZE];          /* "1-1.2" where it is on USB, else empty */
    uint8_t interface;                      /* bInterfaceNumber, on USB */
    char driver[FETTLE_SERIAL_DRIVER_SIZE]; /* "cp210x"; empty: not known */
    fettle_why access;
    bool has_node;    /* there is something to be opened */
    bool was_there;   /* at the first look */
    fettle_us came;   /* the look that found it */
    uint32_t arrival; /* the owner's, for one that is not on USB; 0: not shown yet */
    bool is_open;     /* the owner's */
    /* The list's own. */
    char name[FETTLE_PATH_SIZE]; /* "ttyUSB0" */
    uint64_t identity;
    bool is_seen;
    bool is_port; /* false: it is kept so that it needn't be looked at again */
} fettle_serial_port;

/* {0} is an empty one, before its first look. */
typedef struct fettle_serial_list {
    fettle_serial_port *first;
    size_t count; /* with those that are none */
    bool has_looked;
} fettle_serial_list;

/* Where to look; a test has folders of its own. */
typedef struct fettle_serial_linux {
    const char *ttys;  /* "/sys/class/tty" */
    const char *nodes; /* "/dev" */
} fettle_serial_linux;

/* Is there such a folder at all? */
bool fettle_serial_list_is_there(const fettle_serial_linux *at);

/*
 * One whole look. What never changes is read once an arrival; an arrival is told from an earlier one of the same name by
 * the inode of its entry. False: the folder can't be read now; the list is as before.
 */
bool fettle_serial_list_look(fettle_serial_list *list, const fettle_serial_linux *at,
                             fettle_us now);

void fettle_serial_list_finish(fettle_serial_list *list);

/* The first port, and the one behind a port; NULL: there are no more. */
fettle_serial_port *fettle_serial_list_first(const fettle_serial_list *list);
fettle_serial_port *fettle_serial_list_next(const fettle_serial_port *port);

#endif
