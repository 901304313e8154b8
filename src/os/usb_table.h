/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The USB devices that were there at the last look, and what has changed since the one before: arrivals
 * are counted here, devices put in order, and the number that a bus's wait() compares is kept. Who looks
 * (usb_linux.c, or usb_libusb.c) says which devices there are; this asks no system.
 *
 *     fettle_usb_table_begin(table);
 *     for each device: find it, or make one and add it; mark it as seen
 *     fettle_usb_table_end(table, now);
 *
 * A device that has just come doesn't arrive before it can be worked with: its node is made, its configuration
 * chosen and its permissions set a little after the device itself is there, and whoever waits for it would
 * run into that. Until then its sight has arrival 0; after FETTLE_USB_SETTLE_US it arrives as it is. Arrivals are counted as
 * they are shown, so what is news to whoever looks has a later one than all that was shown before.
 *
 * Not thread-safe: the owner has a lock.
 */
#ifndef FETTLE_OS_USB_TABLE_H
#define FETTLE_OS_USB_TABLE_H

#include "fettle/transport.h"

enum {
    FETTLE_USB_DEVICES_MAX = 256, /* with hubs; further ones are not seen */
    FETTLE_USB_SETTLE_US = 2000000,
    FETTLE_USB_PREFIX_SIZE = 4, /* of a path: "usb:" */
    FETTLE_USB_PORTS_MAX = 8,   /* serial ports of one device; further ones are not seen */

    /*
     * Bytes of data in one control transfer. libusb's back end for Linux refuses more, as does WinUSB.
     * Blocks may always be smaller than wTransferSize (DFU 1.1 section 4.1.3: it is the maximum).
     */
    FETTLE_USB_CONTROL_MAX = 4096,

    FETTLE_USB_DEVICE_SIZE = 18, /* of a device descriptor, USB 2.0 table 9-8 */
    FETTLE_USB_CLASS_HUB = 0x09,
    FETTLE_USB_CLASS_APPLICATION = 0xFE, /* with subclass 1: DFU 1.1 table 4.1 */
};

/*
 * A serial port that a driver has made of one of a device's interfaces. The first one's path is the device's, and it
 * is the device's face; each further one is a sight of its own, "usb:1-1.2:1" for interface 1.
 */
typedef struct fettle_usb_port {
    char node[FETTLE_PATH_SIZE];
    uint8_t interface; /* bInterfaceNumber */
    fettle_why access;
    bool is_open; /* of a further one, by a link of ours; the bus's */
} fettle_usb_port;

typedef struct fettle_usb_device {
    struct fettle_usb_device *next; /* in the order of paths */

    /* One arrival at a port differs from the next in at least one of these. */
    uint64_t identity;
    uint8_t bus, address;

    bool is_seen;        /* in the look that goes on */
    bool is_hub;         /* never shown */
    bool is_configured;  /* an active configuration, and so interfaces */
    bool has_node;       /* there is something to be opened */
    bool had_node;       /* there was, at an earlier look */
    bool is_news;        /* something that is shown has changed */
    bool is_shown;       /* the table's own */
    bool is_open;        /* by a link of ours, to the device or its first port; the bus's */
    bool is_port_coming; /* a serial port is there that may not be opened yet */
    fettle_us came;      /* the table's own: the look that found it */
    fettle_us age;       /* that it had then, as far as it counts for settling */
    fettle_why node_access;
    size_t port_count;
    fettle_usb_port ports[FETTLE_USB_PORTS_MAX]; /* in the order of interfaces */

    /* Called once, when the device leaves the table; may be NULL. */
    void (*let_go)(void *handle);
    void *handle;

    /* Path: at creation. arrival: the table's own, 0 before it is shown. */
    fettle_sight sight;
} fettle_usb_device;

/* {0} is an empty one, before its first look. */
typedef struct fettle_usb_table {
    fettle_usb_device *first;
    size_t count; /* with hubs */
    uint32_t arrivals;
    uint64_t change; /* differs after everything that look() would show differently */
    bool has_looked;
} fettle_usb_table;

void fettle_usb_table_finish(fettle_usb_table *table);

void fettle_usb_table_begin(fettle_usb_table *table);

/* By the kernel's name, "1-1.2", which a path has behind "usb:". NULL: not in the table. */
fettle_usb_device *fettle_usb_table_find(const fettle_usb_table *table, const char *name);

/* By what a sight says. NULL: it has left, or another one is there. */
fettle_usb_device *fettle_usb_table_find_arrival(const fettle_usb_table *table,
                                                 const char *path, uint32_t arrival);

/*
 * The serial port by what a sight says, and its device; NULL: it has left, another one is there, or it has none.
 */
fettle_usb_port *fettle_usb_table_find_port(const fettle_usb_table *table, const char *path,
                                            uint32_t arrival, fettle_usb_device **device);

/* The order of names, in which numbers count as numbers: "1-2" comes before "1-10". */
bool fettle_usb_table_is_before(const char *a, const char *b);

/* A new device with this path; NULL without memory or room for it. Not in the table yet. */
fettle_usb_device *fettle_usb_device_new(const fettle_usb_table *table, const char *name);

/* Of one that isn't in a table. */
void fettle_usb_device_free(fettle_usb_device *device);

/* An arrival: takes it over, as seen, in the place of what was at its port. */
void fettle_usb_table_add(fettle_usb_table *table, fettle_usb_device *device,
                          fettle_us now);

/* What was not seen has left; what has settled is shown. */
void fettle_usb_table_end(fettle_usb_table *table, fettle_us now);

/* As look() of a bus. */
size_t fettle_usb_table_copy(const fettle_usb_table *table, fettle_sight *sights,
                             size_t max);

/* ---- what a device says about itself ---- */

/*
 * Fills in ids, version and descriptors of the sight, and its kind as far as these tell, from 18 bytes
 * and the descriptor set of the active configuration (`size` 0: it has none).
 */
void fettle_usb_sight_describe(fettle_sight *sight, const uint8_t *device,
                               const uint8_t *set, size_t size);

/*
 * The next interface descriptor in a sight's descriptors behind `at` (0: the first); 0 if there are no
 * more. All of its 9 bytes are there.
 */
size_t fettle_usb_sight_next_interface(const fettle_sight *sight, size_t at);

/* bConfigurationValue of the active configuration; 0: none is known. */
uint8_t fettle_usb_sight_configuration(const fettle_sight *sight);

/* Copies untrusted bytes up to a NUL as valid UTF-8; what is none becomes U+FFFD. */
void fettle_usb_copy_text(char *text, size_t size, const char *bytes);

#endif
