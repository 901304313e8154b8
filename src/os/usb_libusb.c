/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB through libusb-1.0 (API of 1.0.22 and later): the bus. Open boards are in usb_link.c.
 *
 * Which devices there are is told by sysfs where there is one (usb_linux.h), else by libusb (usb_list.c).
 * Nobody tells when: a bus that waits looks again and again, because what it waits for is in part no event
 * of libusb's, as permissions and serial ports that come later. A look costs microseconds on Linux.
 */
#define _POSIX_C_SOURCE 200809L /* for threads */

#include "os/usb_libusb.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "os/clock.h"

#include <libusb.h>

enum {
    MS = 1000,
    LOOK_US = 20 * MS, /* between two looks of one who waits, where a look costs nothing */
    LIST_US = 50 * MS, /* the same with libusb's list, ... */
    LIST_MAX_US = 250 * MS, /* ... which takes long on some systems: */
    LIST_SHARE = 4,         /* looking may take one part in so many of the time */
};

const fettle_usb_linux fettle_usb_sysfs = {"/sys/bus/usb/devices", "/dev/bus/usb"};

static fettle_us now(void)
{
    return fettle_os_clock()->now(NULL);
}

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

static fettle_outcome make_outcome(fettle_outcome_kind kind)
{
    return (fettle_outcome){.kind = kind};
}

/* OK: `until` is reached. */
static fettle_outcome_kind nap(fettle_us until, const fettle_cancel *cancel)
{
    return fettle_os_clock()->wait(NULL, until, cancel).kind;
}

/* ---- contexts of libusb ---- */

/* NULL, with libusb's code in `code`. */
static libusb_context *start_libusb(int *code)
{
    libusb_context *context = NULL;
    *code = libusb_init(&context);
    if (*code != LIBUSB_SUCCESS) {
        return NULL;
    }
    (void)libusb_set_option(context, LIBUSB_OPTION_LOG_LEVEL, LIBUSB_LOG_LEVEL_NONE);
    return context;
}

void fettle_usb_drain(libusb_context *context)
{
    struct timeval at_once = {0, 0};
    (void)libusb_handle_events_timeout_completed(context, &at_once, NULL);
}

static void *make_context(int *code)
{
    return start_libusb(code);
}

static void tidy_context(void *context)
{
    fettle_usb_drain(context);
}

static void unmake_context(void *context)
{
    libusb_exit(context);
}

static const fettle_usb_spare_ops context_ops = {make_context, tidy_context,
                                                 unmake_context};

/* ---- looking ---- */

/* Under the lock. */
static void look_again(fettle_os_usb *usb, fettle_us began)
{
    uint64_t change = usb->table.change;
    if (usb->context == NULL) {
        (void)fettle_usb_linux_look(&fettle_usb_sysfs, &usb->table, began);
    } else {
        fettle_usb_look_at_list(usb);
        fettle_us share = (now() - began) * LIST_SHARE;
        usb->pause = earlier(share > LIST_US ? share : LIST_US, LIST_MAX_US);
    }
    usb->looked = now();
    if (usb->table.change != change) {
        fettle_usb_spare_tidy(usb->spare);
    }
}

/* A look that another thread has just had will do. */
void fettle_usb_refresh(fettle_os_usb *usb, fettle_us max_age)
{
    fettle_us began = now();
    if (!usb->table.has_looked || began - usb->looked >= max_age) {
        look_again(usb, began);
    }
}

static size_t bus_look(void *bus, fettle_sight *sights, size_t max, uint64_t *change)
{
    fettle_os_usb *usb = bus;
    fettle_usb_lock_take(&usb->lock);
    fettle_usb_refresh(usb, 0);
    size_t count = fettle_usb_table_copy(&usb->table, sights, max);
    *change = usb->table.change;
    fettle_usb_lock_release(&usb->lock);
    return count;
}

static fettle_outcome bus_wait(void *bus, uint64_t change, fettle_us until,
                               const fettle_cancel *cancel)
{
    fettle_os_usb *usb = bus;
    fettle_usb_spare_want(usb->spare); /* whoever waits for a board will open it */
    for (;;) {
        fettle_us time = now(); /* before the look: what arrives at the deadline is seen */
        fettle_usb_lock_take(&usb->lock);
        fettle_usb_refresh(usb, usb->pause / 2);
        bool has_news = usb->table.change != change;
        fettle_us next = time + usb->pause;
        fettle_usb_lock_release(&usb->lock);
        if (has_news || time >= until) {
            return make_outcome(has_news ? FETTLE_OK : FETTLE_TIMEOUT);
        }
        fettle_outcome_kind kind = nap(earlier(next, until), cancel);
        if (kind != FETTLE_OK) {
            return make_outcome(kind);
        }
    }
}

const fettle_bus_ops fettle_os_usb_bus_ops = {bus_look, bus_wait, fettle_usb_link_open};

/* ---- life ---- */

void fettle_os_usb_free(fettle_os_usb *usb)
{
    if (usb == NULL) {
        return;
    }
    fettle_usb_spare_free(usb->spare);
    fettle_usb_table_finish(&usb->table);
    fettle_usb_lock_finish(&usb->lock);
    if (usb->context != NULL) {
        libusb_exit(usb->context);
    }
    fettle_free(usb);
}

static fettle_os_usb *refuse_memory(fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_NO_MEMORY,
                     &(fettle_words){.size = sizeof(fettle_os_usb)});
    return NULL;
}

static fettle_os_usb *refuse_start(fettle_os_usb *usb, int code, fettle_error *err)
{
    char text[FETTLE_TEXT_SIZE] = "libusb can't start: ";
    fettle_text_append(text, sizeof text, libusb_strerror(code));
    fettle_error_set(err, FETTLE_E_SYSTEM_ERROR, &(fettle_words){.text = text});
    err->system = code;
    fettle_os_usb_free(usb);
    return NULL;
}

/* Where sysfs shows who is there, libusb need not start before something is opened. */
fettle_os_usb *fettle_os_usb_new(fettle_error *err)
{
    fettle_os_usb *usb = fettle_alloc(sizeof *usb);
    if (usb == NULL || !fettle_usb_lock_init(&usb->lock)) {
        fettle_free(usb);
        return refuse_memory(err);
    }
    usb->spare = fettle_usb_spare_new(&context_ops);
    if (usb->spare == NULL) {
        fettle_os_usb_free(usb);
        return refuse_memory(err);
    }
    usb->pause = LOOK_US;
    if (!fettle_usb_linux_is_there(&fettle_usb_sysfs)) {
        int code;
        usb->pause = LIST_US;
        usb->context = start_libusb(&code);
        if (usb->context == NULL) {
            return refuse_start(usb, code, err);
        }
    }
    return usb;
}
