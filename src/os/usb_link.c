/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open boards over libusb: opening, transfers, claims, resets.
 *
 * Each link has a libusb context of its own. So links really share nothing: each handles its own events in
 * its own thread, and no transfer waits for another board's. A context is told of arrivals by udevd; where
 * that is late, or there is none, a new context finds the device by itself. A spare one is made while
 * somebody waits (usb_spare.h), for a board's window may be short; a link that is closed leaves its own
 * to the next. Transfers have no time limit of libusb's; the deadline is ours, on the project's clock.
 *
 * Kernel drivers are never detached. libusb would do it after a reset for interfaces that were claimed;
 * so they are released before.
 */
#define _POSIX_C_SOURCE 200809L /* for threads */

#include "os/desk_inside.h"

#include "base/alloc.h"
#include "base/text.h"
#include "os/clock.h"

#include <errno.h>
#include <libusb.h>
#include <string.h>

enum {
    MS = 1000,
    SLICE_US = 20 * MS, /* between two looks at a cancel token */
    /* From a transfer that fails to the hub's word that nobody is there. */
    LEAVE_US = 300 * MS,
    OPEN_US = 4800 * MS, /* for a context to open with */
    STOP_US = 1000 * MS, /* from cancelling a transfer to its end */
    BREATH_US = 5 * MS,  /* after an error of the event loop, so that it can't spin */

    INTERFACES_MAX = 32,   /* that libusb can claim */
    RECIPIENT_MASK = 0x1F, /* of bmRequestType, USB 2.0 table 9-2 */
    RECIPIENT_INTERFACE = 1,
};

/* An open board. Its thread is the only one that touches it. */
typedef struct usb_link {
    fettle_os_desk *desk;
    char path[FETTLE_PATH_SIZE];
    uint32_t arrival;
    uint8_t bus, address, configuration;
    uint32_t claimed; /* a bit for each interface */
    libusb_context *context;
    libusb_device_handle *handle;
    struct libusb_transfer *transfer;
    int is_done; /* the transfer isn't in flight; libusb wants an int */
    unsigned char buffer[LIBUSB_CONTROL_SETUP_SIZE + FETTLE_USB_CONTROL_MAX];
} usb_link;

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

static fettle_outcome fail(fettle_why why, long system)
{
    return (fettle_outcome){.kind = FETTLE_ERROR, .why = why, .system = system};
}

/* OK: `until` is reached. */
static fettle_outcome_kind nap(fettle_us until, const fettle_cancel *cancel)
{
    return fettle_os_clock()->wait(NULL, until, cancel).kind;
}

static const char *name_in(const char *path)
{
    return path + FETTLE_USB_PREFIX_SIZE;
}

/* ---- transfers ---- */

/* Is the board of this link on the bus no longer? */
static bool is_gone(const usb_link *link)
{
    fettle_os_desk *desk = link->desk;
    fettle_usb_lock_take(&desk->lock);
    fettle_desk_refresh(desk, 0);
    bool is_there =
        fettle_usb_table_find_arrival(&desk->table, link->path, link->arrival) != NULL;
    fettle_usb_lock_release(&desk->lock);
    return !is_there;
}

/*
 * What a failure means. A board that is pulled out is silent at first, which is an error of the wire, and
 * the hub tells that it is gone some time later.
 */
static fettle_outcome explain(const usb_link *link, fettle_why why, long system,
                              fettle_us until, const fettle_cancel *cancel)
{
    until = earlier(until, now() + LEAVE_US);
    for (fettle_us time = now();; time = now()) {
        if (is_gone(link)) {
            return make_outcome(FETTLE_GONE);
        }
        if (time >= until || nap(earlier(time + SLICE_US, until), cancel) != FETTLE_OK) {
            return fail(why, system);
        }
    }
}

static void LIBUSB_CALL on_done(struct libusb_transfer *transfer)
{
    usb_link *link = transfer->user_data;
    link->is_done = 1;
}

/* Handles events until the transfer is done (OK), or TIMEOUT, or CANCELLED. */
static fettle_outcome_kind run_until(usb_link *link, fettle_us until,
                                     const fettle_cancel *cancel)
{
    while (!link->is_done) {
        fettle_us time = now();
        if (fettle_cancel_is_wanted(cancel)) {
            return FETTLE_CANCELLED;
        }
        if (time >= until) {
            return FETTLE_TIMEOUT;
        }
        struct timeval slice = {0, 0};
        slice.tv_usec = (int)earlier(until - time, SLICE_US);
        int code =
            libusb_handle_events_timeout_completed(link->context, &slice, &link->is_done);
        if (code != LIBUSB_SUCCESS && code != LIBUSB_ERROR_INTERRUPTED) {
            (void)nap(time + BREATH_US, NULL);
        }
    }
    return FETTLE_OK;
}

/*
 * Ends the transfer. One that doesn't end stays in flight, and its memory with the link; nothing else
 * can be asked of this board until it has ended.
 */
static void stop_transfer(usb_link *link)
{
    /* libusb calls a transfer cancelled even if it was complete by then: one last look before. */
    fettle_usb_drain(link->context);
    if (!link->is_done) {
        (void)libusb_cancel_transfer(link->transfer); /* fails if it ends by itself now */
        (void)run_until(link, now() + STOP_US, NULL);
    }
}

/* Of a transfer that is done. `kind`: why it was stopped. */
static fettle_outcome read_status(usb_link *link, fettle_outcome_kind kind, fettle_us until,
                                  const fettle_cancel *cancel)
{
    fettle_outcome outcome = {.kind = kind, .count = (size_t)link->transfer->actual_length};
    switch (link->transfer->status) {
    case LIBUSB_TRANSFER_COMPLETED:
        outcome.kind = FETTLE_OK;
        return outcome;
    case LIBUSB_TRANSFER_CANCELLED:
        if (kind == FETTLE_OK) { /* by the kernel: the board is about to go */
            return explain(link, FETTLE_WHY_SYSTEM, LIBUSB_ERROR_IO, until, cancel);
        }
        return outcome;
    case LIBUSB_TRANSFER_TIMED_OUT:
        outcome.kind = FETTLE_TIMEOUT;
        return outcome;
    case LIBUSB_TRANSFER_STALL:
        return make_outcome(FETTLE_STALL);
    case LIBUSB_TRANSFER_NO_DEVICE:
        return make_outcome(FETTLE_GONE);
    case LIBUSB_TRANSFER_OVERFLOW:
        return explain(link, FETTLE_WHY_SYSTEM, LIBUSB_ERROR_OVERFLOW, until, cancel);
    case LIBUSB_TRANSFER_ERROR:
    default:
        return explain(link, FETTLE_WHY_SYSTEM, LIBUSB_ERROR_IO, until, cancel);
    }
}

static void fill_transfer(usb_link *link, const fettle_control *control)
{
    libusb_fill_control_setup(link->buffer, control->bmRequestType, control->bRequest,
                              control->wValue, control->wIndex, control->wLength);
    if (control->out != NULL) {
        memcpy(link->buffer + LIBUSB_CONTROL_SETUP_SIZE, control->out, control->wLength);
    }
    libusb_fill_control_transfer(link->transfer, link->handle, link->buffer, on_done, link,
                                 0);
}

static fettle_outcome transfer(usb_link *link, const fettle_control *control,
                               fettle_us until, const fettle_cancel *cancel)
{
    fill_transfer(link, control);
    int code = libusb_submit_transfer(link->transfer);
    if (code == LIBUSB_ERROR_NO_DEVICE) {
        return make_outcome(FETTLE_GONE);
    }
    if (code != LIBUSB_SUCCESS) {
        return explain(link, FETTLE_WHY_SYSTEM, code, until, cancel);
    }
    link->is_done = 0;
    fettle_outcome_kind kind = run_until(link, until, cancel);
    if (kind != FETTLE_OK) {
        stop_transfer(link);
    }
    if (!link->is_done) {
        return make_outcome(kind);
    }
    fettle_outcome outcome = read_status(link, kind, until, cancel);
    if (control->in != NULL && outcome.count > 0) {
        memcpy(control->in, link->buffer + LIBUSB_CONTROL_SETUP_SIZE, outcome.count);
    }
    return outcome;
}

/* ---- links ---- */

/* OK, and the interface is ours: the system lets only its holder ask it. */
static fettle_outcome claim(usb_link *link, uint8_t number, fettle_us until,
                            const fettle_cancel *cancel)
{
    if (number >= INTERFACES_MAX) {
        return fail(FETTLE_WHY_SYSTEM, LIBUSB_ERROR_INVALID_PARAM);
    }
    if ((link->claimed >> number & 1) != 0) {
        return make_outcome(FETTLE_OK);
    }
    int code = libusb_claim_interface(link->handle, number);
    switch (code) {
    case LIBUSB_SUCCESS:
        link->claimed |= (uint32_t)1 << number;
        return make_outcome(FETTLE_OK);
    case LIBUSB_ERROR_NO_DEVICE:
        return make_outcome(FETTLE_GONE);
    case LIBUSB_ERROR_BUSY:
        return fail(FETTLE_WHY_BUSY, code);
    default:
        return explain(link, FETTLE_WHY_SYSTEM, code, until, cancel);
    }
}

/* May a request begin? TIMEOUT also while one that couldn't be stopped occupies endpoint 0. */
static fettle_outcome_kind make_ready(usb_link *link, fettle_us until,
                                      const fettle_cancel *cancel)
{
    if (fettle_cancel_is_wanted(cancel)) {
        return FETTLE_CANCELLED;
    }
    return now() >= until ? FETTLE_TIMEOUT : run_until(link, until, cancel);
}

static fettle_outcome link_control(void *device, const fettle_control *control,
                                   fettle_us until, const fettle_cancel *cancel)
{
    usb_link *link = device;
    fettle_outcome outcome = make_outcome(make_ready(link, until, cancel));
    if (outcome.kind == FETTLE_OK && control->wLength > FETTLE_USB_CONTROL_MAX) {
        outcome = fail(FETTLE_WHY_SYSTEM, LIBUSB_ERROR_INVALID_PARAM);
    }
    if (outcome.kind == FETTLE_OK &&
        (control->bmRequestType & RECIPIENT_MASK) == RECIPIENT_INTERFACE) {
        outcome = claim(link, (uint8_t)(control->wIndex & 0xFF), until, cancel);
    }
    return outcome.kind == FETTLE_OK ? transfer(link, control, until, cancel) : outcome;
}

/*
 * libusb's call blocks, until the kernel gives up after 5 s if need be; so it is left out where the kernel
 * has set this alternate setting already, which it does with the first one at enumeration.
 */
static fettle_outcome link_select(void *device, uint8_t bInterfaceNumber,
                                  uint8_t bAlternateSetting, fettle_us until,
                                  const fettle_cancel *cancel)
{
    usb_link *link = device;
    fettle_outcome outcome = make_outcome(make_ready(link, until, cancel));
    if (outcome.kind == FETTLE_OK) {
        outcome = claim(link, bInterfaceNumber, until, cancel);
    }
    if (outcome.kind != FETTLE_OK ||
        fettle_usb_linux_alternate(&link->desk->usb_folders, name_in(link->path),
                                   link->configuration,
                                   bInterfaceNumber) == bAlternateSetting) {
        return outcome;
    }
    errno = 0;
    int code =
        libusb_set_interface_alt_setting(link->handle, bInterfaceNumber, bAlternateSetting);
    if (code == LIBUSB_SUCCESS || code == LIBUSB_ERROR_NO_DEVICE) {
        return make_outcome(code == LIBUSB_SUCCESS ? FETTLE_OK : FETTLE_GONE);
    }
    if (code == LIBUSB_ERROR_PIPE || errno == EPIPE) { /* no code of its own in 1.0.26 */
        return make_outcome(FETTLE_STALL);
    }
    return explain(link, FETTLE_WHY_SYSTEM, code, until, cancel);
}

static void release_interfaces(usb_link *link)
{
    for (int i = 0; i < INTERFACES_MAX; i++) {
        if ((link->claimed >> i & 1) != 0) {
            (void)libusb_release_interface(link->handle, i);
        }
    }
    link->claimed = 0;
}

static fettle_outcome link_reset(void *device)
{
    usb_link *link = device;
    release_interfaces(link);
    int code = libusb_reset_device(link->handle);
    if (code == LIBUSB_SUCCESS) {
        return make_outcome(FETTLE_OK);
    }
    if (code == LIBUSB_ERROR_NO_DEVICE || code == LIBUSB_ERROR_NOT_FOUND) {
        return make_outcome(FETTLE_GONE);
    }
    return explain(link, FETTLE_WHY_SYSTEM, code, FETTLE_NEVER, NULL);
}

static void set_open(fettle_os_desk *desk, const char *path, uint32_t arrival, bool is_open)
{
    fettle_usb_lock_take(&desk->lock);
    fettle_usb_device *device = fettle_usb_table_find_arrival(&desk->table, path, arrival);
    if (device != NULL) {
        device->is_open = is_open;
    }
    fettle_usb_lock_release(&desk->lock);
}

/*
 * Also of one that was opened in part. A transfer that is in flight still ends with its handle; but a
 * context that has seen that isn't used again. The board is free for others only when nothing of it is
 * held: who took it before would find its interfaces claimed, as if by another program.
 */
static void link_close(void *device)
{
    usb_link *link = device;
    if (link->handle != NULL) {
        release_interfaces(link);
        libusb_close(link->handle);
    }
    set_open(link->desk, link->path, link->arrival, false);
    if (link->transfer != NULL) {
        libusb_free_transfer(link->transfer);
    }
    if (link->context != NULL && link->is_done) {
        fettle_usb_spare_give(link->desk->spare, link->context);
    } else if (link->context != NULL) {
        libusb_exit(link->context);
    }
    fettle_free(link);
}

static const fettle_usb_ops link_ops = {link_control, link_select, link_reset, link_close};

/* ---- opening ---- */

/* In the link's context, by place and number: NULL if it isn't there. Owned by the caller. */
static libusb_device *find_device(const usb_link *link)
{
    libusb_device **list = NULL;
    libusb_device *device = NULL;
    ssize_t count = libusb_get_device_list(link->context, &list);
    for (ssize_t i = 0; i < count && device == NULL; i++) {
        char name[FETTLE_PATH_SIZE];
        if (libusb_get_bus_number(list[i]) == link->bus &&
            libusb_get_device_address(list[i]) == link->address &&
            fettle_usb_name_device(list[i], name) &&
            fettle_text_is_equal(name, name_in(link->path))) {
            device = libusb_ref_device(list[i]);
        }
    }
    if (count >= 0) {
        libusb_free_device_list(list, 1);
    }
    return device;
}

/* Why libusb_open() failed. `error`: errno; libusb has no code for a container's EPERM. */
static fettle_outcome explain_open(const usb_link *link, int code, int error)
{
    switch (code) {
    case LIBUSB_ERROR_ACCESS:
        return fail(FETTLE_WHY_PERMISSION, code);
    case LIBUSB_ERROR_NOT_SUPPORTED:
        return fail(FETTLE_WHY_DRIVER, code);
    case LIBUSB_ERROR_BUSY:
        return fail(FETTLE_WHY_BUSY, code);
    case LIBUSB_ERROR_NOT_FOUND: /* Windows: no driver that libusb knows */
        return explain(link, FETTLE_WHY_DRIVER, code, FETTLE_NEVER, NULL);
    default:
        return error == EPERM && code == LIBUSB_ERROR_IO
                   ? fail(FETTLE_WHY_PERMISSION, code)
                   : explain(link, FETTLE_WHY_SYSTEM, code, FETTLE_NEVER, NULL);
    }
}

/* NULL, too, when it isn't there by `until`. */
static libusb_device *await_device(const usb_link *link, fettle_us until)
{
    libusb_device *device = find_device(link);
    while (device == NULL && now() < until) {
        (void)nap(now() + BREATH_US, NULL);
        device = find_device(link);
    }
    return device;
}

/*
 * In the context that is at hand, if udevd tells that of the device before a new one could be made; else
 * in a new one. NULL: not even that has it, or there is no context (`code`).
 */
static libusb_device *choose_device(usb_link *link, int *code)
{
    fettle_usb_spare *spare = link->desk->spare;
    fettle_us until = now() + OPEN_US;
    fettle_us cost = fettle_usb_spare_cost(spare);
    link->context = fettle_usb_spare_take(spare, until, code);
    if (link->context == NULL) {
        return NULL;
    }
    libusb_device *device = await_device(link, earlier(now() + cost, until));
    if (device == NULL) {
        libusb_exit(link->context);
        link->context = fettle_usb_spare_take(spare, until, code);
        device = link->context != NULL ? find_device(link) : NULL;
    }
    return device;
}

static fettle_outcome open_link(usb_link *link)
{
    int code = LIBUSB_SUCCESS;
    libusb_device *device = choose_device(link, &code);
    if (link->context ==
        NULL) { /* a hub that was at work for a board which has left, maybe this one */
        return explain(link, FETTLE_WHY_SYSTEM,
                       code != LIBUSB_SUCCESS ? code : LIBUSB_ERROR_TIMEOUT, FETTLE_NEVER,
                       NULL);
    }
    if (device == NULL) {
        return explain(link, FETTLE_WHY_SYSTEM, LIBUSB_ERROR_NOT_FOUND, FETTLE_NEVER, NULL);
    }
    errno = 0;
    code = libusb_open(device, &link->handle);
    int error = errno;
    libusb_unref_device(device);
    if (code != LIBUSB_SUCCESS) {
        link->handle = NULL;
        return explain_open(link, code, error);
    }
    link->transfer = libusb_alloc_transfer(0);
    return link->transfer != NULL ? make_outcome(FETTLE_OK)
                                  : fail(FETTLE_WHY_SYSTEM, LIBUSB_ERROR_NO_MEM);
}

/* Marks the board as open and says where it is; else GONE, or BUSY by a link of ours. */
static fettle_outcome reserve(fettle_os_desk *desk, const fettle_sight *sight,
                              usb_link *link)
{
    fettle_outcome outcome = make_outcome(FETTLE_GONE);
    fettle_usb_lock_take(&desk->lock);
    fettle_desk_refresh(desk, 0);
    fettle_usb_device *device =
        fettle_usb_table_find_arrival(&desk->table, sight->path, sight->arrival);
    if (device != NULL) {
        outcome = device->is_open ? fail(FETTLE_WHY_BUSY, 0) : make_outcome(FETTLE_OK);
        device->is_open = true;
        link->desk = desk;
        link->is_done = 1;
        memcpy(link->path, device->sight.path, sizeof link->path);
        link->arrival = device->sight.arrival;
        link->bus = device->bus;
        link->address = device->address;
        link->configuration = fettle_usb_sight_configuration(&device->sight);
    }
    fettle_usb_lock_release(&desk->lock);
    return outcome;
}

/* Any device may be opened as USB, also one whose sight promises less. */
fettle_outcome fettle_usb_link_open(fettle_os_desk *desk, const fettle_sight *sight,
                                    fettle_link *link)
{
    usb_link *opened = fettle_alloc(sizeof *opened);
    if (opened == NULL) {
        return fail(FETTLE_WHY_SYSTEM, LIBUSB_ERROR_NO_MEM);
    }
    fettle_outcome outcome = reserve(desk, sight, opened);
    if (outcome.kind != FETTLE_OK) {
        fettle_free(opened);
        return outcome;
    }
    outcome = open_link(opened);
    if (outcome.kind != FETTLE_OK) {
        link_close(opened);
        return outcome;
    }
    *link = (fettle_link){.kind = FETTLE_LINK_USB, .usb = &link_ops, .self = opened};
    return outcome;
}
