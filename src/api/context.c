/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context: buses, clock, store and vendors, joined. Nothing here talks to a board.
 */
#include "api/context.h"

#include "base/alloc.h"
#include "base/error.h"
#include "os/clock.h"

fettle_context *fettle_context_new(fettle_error *err)
{
    fettle_context *context = fettle_alloc(sizeof *context);
    if (context == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = sizeof *context});
        return NULL;
    }
    context->clock = fettle_os_clock();
    context->is_real_time = true;
    context->vendors = fettle_vendors_all();
    return context;
}

void fettle_context_free(fettle_context *context)
{
    if (context == NULL) {
        return;
    }
    fettle_os_desk_free(context->usb);
    for (size_t i = 0; i < context->usbip_count; i++) {
        fettle_os_usbip_free(context->usbip[i]);
    }
    for (size_t i = 0; i < context->serial_count; i++) {
        fettle_os_serial_free(context->serial[i]);
    }
    fettle_free(context);
}

void fettle_context_set_clock(fettle_context *context, const fettle_clock_ops *ops,
                              void *clock)
{
    context->clock = ops;
    context->clock_self = clock;
    context->is_real_time = false;
}

void fettle_context_clock(const fettle_context *context, const fettle_clock_ops **ops,
                          void **clock)
{
    *ops = context->clock;
    *clock = context->clock_self;
}

bool fettle_context_add_bus(fettle_context *context, const fettle_bus_ops *ops, void *bus,
                            fettle_error *err)
{
    if (context->bus_count == FETTLE_BUSES_MAX) {
        fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                         &(fettle_words){.text = "there can be no more than 8 buses"});
        return false;
    }
    context->buses[context->bus_count++] = (fettle_bus){ops, bus};
    return true;
}

bool fettle_context_add_usb(fettle_context *context, fettle_error *err)
{
    fettle_os_desk *usb = context->usb == NULL ? fettle_os_desk_new(err) : NULL;
    if (usb == NULL) {
        return context->usb != NULL;
    }
    if (!fettle_context_add_bus(context, &fettle_os_desk_bus_ops, usb, err)) {
        fettle_os_desk_free(usb);
        return false;
    }
    context->usb = usb;
    return true;
}

bool fettle_context_add_usbip(fettle_context *context, const char *port,
                              char path[FETTLE_PATH_SIZE], fettle_error *err)
{
    fettle_os_usbip *usbip = fettle_os_usbip_new(port, err);
    if (usbip == NULL) {
        return false;
    }
    if (!fettle_context_add_bus(context, &fettle_os_usbip_bus_ops, usbip, err)) {
        fettle_os_usbip_free(usbip);
        return false;
    }
    context->usbip[context->usbip_count++] = usbip;
    if (path != NULL) {
        fettle_os_usbip_path(usbip, path);
    }
    return true;
}

bool fettle_context_add_serial(fettle_context *context, const char *port,
                               char path[FETTLE_PATH_SIZE], fettle_error *err)
{
    fettle_os_serial *serial = fettle_os_serial_new(port, err);
    if (serial == NULL) {
        return false;
    }
    if (!fettle_context_add_bus(context, &fettle_os_serial_bus_ops, serial, err)) {
        fettle_os_serial_free(serial);
        return false;
    }
    context->serial[context->serial_count++] = serial;
    if (path != NULL) {
        fettle_os_serial_path(serial, path);
    }
    return true;
}

size_t fettle_context_bus_count(const fettle_context *context)
{
    return context->bus_count;
}

void fettle_context_set_store(fettle_context *context, const fettle_store_ops *ops,
                              void *store)
{
    context->store = ops;
    context->store_self = store;
}

void fettle_context_set_lock(fettle_context *context, const fettle_lock_ops *ops,
                             void *lock)
{
    context->lock = ops;
    context->lock_self = lock;
}

#define COMING_TIME ((fettle_us)3000000) /* a little more than the buses need for it */

static void wait_for_bus(fettle_context *context, size_t bus, uint64_t change,
                         fettle_us until);

static uint64_t add_change(uint64_t changes, uint64_t bus_change)
{
    return changes * 31 + bus_change;
}

/* A look at all buses. What is still coming is left out; `coming` is the bus of such a board, else bus_count. */
static uint64_t look_once(fettle_context *context, fettle_sight *sights, size_t *count,
                          size_t *coming, uint64_t *coming_change)
{
    uint64_t changes = 0;
    *count = 0;
    *coming = context->bus_count;
    for (size_t i = 0; i < context->bus_count; i++) {
        uint64_t bus_change = 0;
        const fettle_bus *bus = &context->buses[i];
        fettle_sight *seen = sights + *count;
        size_t found = bus->ops->look(bus->self, seen, FETTLE_SIGHTS_MAX, &bus_change);
        changes = add_change(changes, bus_change);
        for (size_t k = 0; k < found && k < FETTLE_SIGHTS_MAX; k++) {
            if (seen[k].arrival == 0) {
                *coming = i;
                *coming_change = bus_change;
            } else {
                sights[(*count)++] = seen[k];
            }
        }
    }
    return changes;
}

/* Boards that were plugged in a moment ago are waited for, so that nobody hears that there is none. */
fettle_sight *fettle_context_look(fettle_context *context, size_t *count, uint64_t *change,
                                  fettle_error *err)
{
    size_t buses = context->bus_count > 0 ? context->bus_count : 1;
    size_t size = buses * FETTLE_SIGHTS_MAX * sizeof(fettle_sight), coming;
    fettle_sight *sights = fettle_alloc(size);
    uint64_t changes, coming_change = 0;
    *count = 0;
    if (sights == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = size});
        return NULL;
    }
    fettle_us until = context->clock->now(context->clock_self) + COMING_TIME;
    for (;;) {
        changes = look_once(context, sights, count, &coming, &coming_change);
        if (coming == context->bus_count ||
            context->clock->now(context->clock_self) >= until) {
            break;
        }
        wait_for_bus(context, coming, coming_change, until);
    }
    if (change != NULL) {
        *change = changes;
    }
    return sights;
}

/* What fettle_context_look() would say of changes, and of it the number of one bus. */
static uint64_t sum_up_changes(fettle_context *context, size_t bus, uint64_t *bus_change)
{
    uint64_t changes = 0;
    for (size_t i = 0; i < context->bus_count; i++) {
        uint64_t change = 0;
        (void)context->buses[i].ops->look(context->buses[i].self, NULL, 0, &change);
        changes = add_change(changes, change);
        *bus_change = i == bus ? change : *bus_change;
    }
    return changes;
}

/* A bus that returns too early can't make us spin. */
static void wait_for_bus(fettle_context *context, size_t bus, uint64_t change,
                         fettle_us until)
{
    fettle_outcome outcome = {.kind = FETTLE_TIMEOUT};
    if (bus < context->bus_count) {
        const fettle_bus *at = &context->buses[bus];
        outcome = at->ops->wait(at->self, change, until, NULL);
    }
    if (outcome.kind == FETTLE_TIMEOUT) {
        (void)context->clock->wait(context->clock_self, until, NULL);
    }
}

/* By turns: some buses see what is new only while somebody waits for it there. */
bool fettle_boards_wait(fettle_context *context, uint64_t change, fettle_us timeout)
{
    enum { TURN_TIME = 20000 };
    fettle_us begin = context->clock->now(context->clock_self);
    fettle_us until = timeout < FETTLE_NEVER - begin ? begin + timeout : FETTLE_NEVER;
    size_t count = context->bus_count;
    for (size_t bus = 0;; bus = bus + 1 < count ? bus + 1 : 0) {
        fettle_us now = context->clock->now(context->clock_self);
        uint64_t bus_change = 0;
        if (sum_up_changes(context, bus, &bus_change) != change) {
            return true;
        }
        if (now >= until) {
            return false;
        }
        fettle_us turn = count < 2 ? until : now + TURN_TIME / count;
        wait_for_bus(context, bus, bus_change, turn < until ? turn : until);
    }
}
