/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sits between the USB plug and the chip: bridges, and the chips' own USB. A row says how fast it
 * is, how a chip behind it is reset, and what is odd about it.
 */
#ifndef FETTLE_BOARD_BRIDGES_H
#define FETTLE_BOARD_BRIDGES_H

#include "base/effect.h"
#include "proto/esp_chip.h"

enum { FETTLE_BRIDGE_RESETS_MAX = 4 };

typedef enum fettle_bridge_kind {
    FETTLE_BRIDGE_UART,        /* a bridge, with a line behind it that has a rate */
    FETTLE_BRIDGE_USB_JTAG,    /* fixed hardware in the chip */
    FETTLE_BRIDGE_USB_OTG,     /* the chip's ROM speaks USB */
    FETTLE_BRIDGE_APPLICATION, /* the chip's application does: it has to be sent away first */
} fettle_bridge_kind;

typedef struct fettle_bridge {
    uint16_t vendor, product;
    fettle_bridge_kind kind;
    const char *name;
    uint32_t baud_max; /* bit/s that it is known to hold; 0: it has no rate */
    const char *resets[FETTLE_BRIDGE_RESETS_MAX]; /* sequences, to be tried in turn */
    const char *restart; /* the sequence that starts the application */
    bool no_hangup;      /* HUPCL must be off before the lines are moved */
    const char *habit;   /* what is odd, as a sentence; or NULL */
    const char *needed_by, *evidence;
} fettle_bridge;

extern const fettle_bridge fettle_bridges[];
extern const size_t fettle_bridge_count;

/* What is assumed of a serial port that no row knows, also of one without ids. */
extern const fettle_bridge fettle_bridge_generic;

/* Is it a serial line behind which an ESP chip may well be: has its bridge a row here? */
bool fettle_bridge_is_known(const fettle_sight *sight);

/* The row for these ids, or the generic one; never NULL. */
const fettle_bridge *fettle_bridge_of(fettle_usb_id id);

/*
 * Rates to try with it, upwards, above 115200 and up to `max` (0: as far as it is known to hold).
 * Returns how many of them were put into `bauds`, at most `room`.
 */
size_t fettle_bridge_bauds(const fettle_bridge *bridge, uint32_t max, uint32_t *bauds,
                           size_t room);

#endif
