/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What authors of transports implement: four small tables (clock, bus, USB, serial), complete, no
 * optional entries.
 *
 * Common contract. An entry that can take time has a deadline `until` on the context's clock and a
 * cancel token (NULL: can't be cancelled); it returns by `until`, or within 50 ms of a cancel,
 * whichever is first. Opening and resetting have neither, and return within 5 s. Entries of a link are called only from the thread that runs the board, one
 * call at a time; links share nothing. The bus and the clock are shared: their entries may be
 * called from several threads at once. No entry prints, retries or interprets.
 */
#ifndef FETTLE_TRANSPORT_H
#define FETTLE_TRANSPORT_H

#include "outcome.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A wish to stop. Set by anyone (another thread, a signal handler), read by whoever blocks.
 * Belongs to the job it came from; valid for that job's lifetime.
 */
typedef struct fettle_cancel fettle_cancel;

/* Is a stop wanted? False for NULL. Never blocks; safe in a signal handler. */
FETTLE_API bool fettle_cancel_is_wanted(const fettle_cancel *cancel);

typedef enum fettle_link_kind {
    FETTLE_LINK_NONE, /* seen, but nothing to talk through */
    FETTLE_LINK_USB,  /* endpoint 0 of a USB device */
    FETTLE_LINK_SERIAL,
} fettle_link_kind;

enum {
    FETTLE_PATH_SIZE = 64,  /* with its NUL; a longer path is left out, never cut */
    FETTLE_TEXT_SIZE = 128, /* strings of a board, UTF-8, with NUL; cut where too long */
    FETTLE_DESCRIPTORS_SIZE = 4096, /* a larger descriptor set is left out whole */
};

/*
 * One look at one board: a value. `path` is the identity that survives a change of face: the USB
 * port path with its controller ("usb:1-1.2"), also where the board is a serial port now; the name of the device only
 * where there is no USB. `arrival` counts the arrivals the bus has seen, from 1: the same path with a later
 * arrival is the same board after it left and came back, or another board in its place. Arrival 0: it is coming, and
 * the system has not finished with it (its permissions may still change); it is not to be opened yet. It gets a number,
 * which is a change, within a few seconds.
 *
 * Texts come from the board and are untrusted: valid UTF-8 is all that the bus promises.
 */
typedef struct fettle_sight {
    char path[FETTLE_PATH_SIZE];
    char node[FETTLE_PATH_SIZE]; /* "/dev/ttyACM0", "COM5" where it has one, else empty */
    char manufacturer[FETTLE_TEXT_SIZE];
    char product[FETTLE_TEXT_SIZE];
    char serial[FETTLE_TEXT_SIZE];
    uint32_t arrival;
    /* How it can be talked to now; the stronger one where there are two: USB. */
    fettle_link_kind kind;
    fettle_usb_id id; /* 0:0 where it isn't USB */
    uint16_t bcdDevice;
    /* Bytes that one control transfer can carry here; 0: as many as USB has. */
    uint16_t largest_control;
    fettle_why access; /* NONE: can be opened, as far as is known without trying */
    /*
     * Its device descriptor (18 bytes) and after it the whole descriptor set of the active
     * configuration, as the system read them when it arrived; size 0 where there are none.
     */
    size_t descriptors_size;
    uint8_t descriptors[FETTLE_DESCRIPTORS_SIZE];
} fettle_sight;

/* One control transfer, in the words of USB 2.0 section 9.3. One of `out`, `in` is set, or none. */
typedef struct fettle_control {
    uint8_t bmRequestType, bRequest;
    uint16_t wValue, wIndex, wLength;
    const uint8_t *out; /* wLength bytes */
    uint8_t *in;        /* room for wLength bytes */
} fettle_control;

/* How a serial line is opened. All of it holds before the first byte moves. */
typedef struct fettle_serial_settings {
    uint32_t baud;     /* exactly this rate, or opening fails */
    uint8_t data_bits; /* 5 to 8; parity none, one stop bit */
    bool dtr, rts;     /* true = asserted = low */
} fettle_serial_settings;

typedef struct fettle_clock_ops {
    /* The time. Must not block. Never goes back. */
    fettle_us (*now)(void *clock);

    /* Returns OK at or after `until`, never before; or CANCELLED. */
    fettle_outcome (*wait)(void *clock, fettle_us until, const fettle_cancel *cancel);
} fettle_clock_ops;

typedef struct fettle_serial_ops {
    /*
     * Hands all of `size` bytes to the line, and returns when the last one is *handed over*, which
     * is before it has left: the next write then joins on without a gap. Bytes that arrive
     * meanwhile are kept (at least 4096). `count` is what was taken, also after a failure.
     */
    fettle_outcome (*write)(void *line, const uint8_t *data, size_t size, fettle_us until,
                            const fettle_cancel *cancel);

    /* Returns as soon as any bytes are there: 1 to `size` of them, all that have come. */
    fettle_outcome (*read)(void *line, uint8_t *buffer, size_t size, fettle_us until,
                           const fettle_cancel *cancel);

    /* Forgets what has arrived and was not read. Must not block. */
    fettle_outcome (*discard)(void *line);

    /* Sets both control lines in one operation (true = asserted = low). Must not block. */
    fettle_outcome (*set_lines)(void *line, bool dtr, bool rts);

    /* Lets what was written leave at the old rate, then changes to exactly `baud`. */
    fettle_outcome (*set_baud)(void *line, uint32_t baud);

    /* Changes the number of data bits (5 to 8; no parity, one stop bit). */
    fettle_outcome (*set_format)(void *line, uint8_t data_bits);

    /* Releases the line. Not to be used afterwards. */
    void (*close)(void *line);
} fettle_serial_ops;

typedef struct fettle_usb_ops {
    /* One control transfer on endpoint 0. `count`: bytes of the data stage. STALL is an outcome. */
    fettle_outcome (*control)(void *device, const fettle_control *control, fettle_us until,
                              const fettle_cancel *cancel);

    /*
     * Claims the interface and sets its alternate setting through the system's own call. Not called
     * for the one alternate setting of an interface that has just one.
     */
    fettle_outcome (*select)(void *device, uint8_t bInterfaceNumber,
                             uint8_t bAlternateSetting, fettle_us until,
                             const fettle_cancel *cancel);

    /* A port reset. GONE if the device then enumerates as something else, or anew. */
    fettle_outcome (*reset)(void *device);

    /* Releases interfaces and device. Not to be used afterwards. */
    void (*close)(void *device);
} fettle_usb_ops;

/* An open board: one table and its own state. */
typedef struct fettle_link {
    fettle_link_kind kind; /* USB or SERIAL */
    const fettle_usb_ops *usb;
    const fettle_serial_ops *serial;
    void *self;
} fettle_link;

typedef struct fettle_bus_ops {
    /*
     * Who is there now: writes up to `max` sights, in a stable order, and returns how many boards
     * there are. `change` receives a number that is different after every arrival, departure or
     * change of access. Talks to no device; must not block.
     */
    size_t (*look)(void *bus, fettle_sight *sights, size_t max, uint64_t *change);

    /*
     * Returns OK when `change` is no longer the number that look() gave, at once if it is so
     * already, else by event or by a look every 20 ms at most; TIMEOUT at `until`; CANCELLED.
     */
    fettle_outcome (*wait)(void *bus, uint64_t change, fettle_us until,
                           const fettle_cancel *cancel);

    /*
     * Opens a board that look() has shown. OK fills in `link`; anything else leaves it alone. GONE:
     * this path shows a later arrival by now, or nothing. ERROR with why PERMISSION, DRIVER, BUSY or
     * SYSTEM. BUSY also where the board is open already: a bus hands one board to one caller.
     * `settings` are for a serial line only, else ignored.
     */
    fettle_outcome (*open)(void *bus, const fettle_sight *sight, fettle_link_kind kind,
                           const fettle_serial_settings *settings, fettle_link *link);
} fettle_bus_ops;

#ifdef __cplusplus
}
#endif

#endif
