/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thing at hand that takes long to make: a context of libusb, which reads about every device and hub
 * while it starts, and can be held up for seconds there by a broken device on another port. So it is made
 * in a thread of its own, before it is needed, and whoever waits for it can stop waiting.
 *
 * Thread-safe, but for free().
 */
#ifndef FETTLE_OS_USB_SPARE_H
#define FETTLE_OS_USB_SPARE_H

#include "fettle/transport.h"

typedef struct fettle_usb_spare_ops {
    /* NULL: it can't be made, and `code` says why. In any thread, one call at a time. */
    void *(*make)(int *code);
    void (*tidy)(void *thing); /* from time to time, while nobody uses it; must not block */
    void (*unmake)(void *thing);
} fettle_usb_spare_ops;

typedef struct fettle_usb_spare fettle_usb_spare;

/* NULL: no memory, or no lock. `ops` must be constant. */
fettle_usb_spare *fettle_usb_spare_new(const fettle_usb_spare_ops *ops);

/* Waits for half a second for what is being made; then its thread tidies up. Takes NULL. */
void fettle_usb_spare_free(fettle_usb_spare *spare);

/* Somebody will need one: begins to make it, if there is none. Doesn't wait. */
void fettle_usb_spare_want(fettle_usb_spare *spare);

/* The caller's from now on. NULL: it can't be made, with `code`; or (`code` 0) not by `until`. */
void *fettle_usb_spare_take(fettle_usb_spare *spare, fettle_us until, int *code);

/* Back, for the next one. */
void fettle_usb_spare_give(fettle_usb_spare *spare, void *thing);

void fettle_usb_spare_tidy(fettle_usb_spare *spare);

/* How long it took to make the last one; 0 before the first. */
fettle_us fettle_usb_spare_cost(fettle_usb_spare *spare);

#endif
