/* SPDX-License-Identifier: Apache-2.0 */
/* A context from the inside. */
#ifndef FETTLE_API_CONTEXT_H
#define FETTLE_API_CONTEXT_H

#include "fettle/fettle.h"

#include "api/vendors.h"
#include "os/desk.h"
#include "os/serial_bus.h"
#include "os/usbip.h"
#include "run/run.h"

typedef struct fettle_bus {
    const fettle_bus_ops *ops;
    void *self;
} fettle_bus;

struct fettle_context {
    const fettle_clock_ops *clock;
    void *clock_self;
    bool is_real_time;
    size_t bus_count;
    fettle_bus buses[FETTLE_BUSES_MAX];
    fettle_os_desk *usb; /* NULL: none */
    fettle_os_usbip *usbip[FETTLE_BUSES_MAX];
    size_t usbip_count;
    fettle_os_serial *serial[FETTLE_BUSES_MAX];
    size_t serial_count;
    const fettle_store_ops *store;
    void *store_self;
    const fettle_lock_ops *lock; /* NULL: none */
    void *lock_self;
    fettle_vendors vendors;
};

/*
 * All boards on all buses now. Returns the array, which is the caller's to free with fettle_free(),
 * and its size in `count`; NULL and `err` only where there is no memory. `change` (may be NULL)
 * gets a number that is another one after any change.
 */
fettle_sight *fettle_context_look(fettle_context *context, size_t *count, uint64_t *change,
                                  fettle_error *err);

#endif
