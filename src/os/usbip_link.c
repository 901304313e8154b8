/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A USB link over an import. What an operating system does with calls of its own, claiming aside, USB/IP
 * does with requests that the server's system knows and carries out itself: SET_INTERFACE, and for a port
 * reset the request that a hub would get.
 */
#include "os/usbip_link.h"

#include "base/alloc.h"
#include "os/clock.h"

#include <string.h>

enum {
    SET_FEATURE = 3,
    PORT_RESET = 4, /* USB 2.0 section 11.24.2 */
    SET_INTERFACE = 11,
    GET_DESCRIPTOR = 6,
    DEVICE_DESCRIPTOR = 0x0100,
    DEVICE_DESCRIPTOR_SIZE = 18,

    /* A reset; with the end of it, and a second for unlinking, it is below 5 s in all. */
    RESET_US = 2500000,
    RESET_END_US = 4000000,
};

struct link {
    fettle_os_usbip *bus;
    fettle_usbip_import *import;
};

static fettle_outcome exchange(const struct link *link, const fettle_control *control,
                               fettle_us until, const fettle_cancel *cancel)
{
    fettle_outcome outcome =
        fettle_usbip_import_exchange(link->import, control, until, cancel);
    if (link->import->phase == FETTLE_USBIP_LOST) {
        fettle_usbip_bus_lost(link->bus, link->import); /* it is seen to be gone at once */
    }
    return outcome;
}

static fettle_outcome usb_control(void *device, const fettle_control *control,
                                  fettle_us until, const fettle_cancel *cancel)
{
    return exchange(device, control, until, cancel);
}

static fettle_outcome usb_select(void *device, uint8_t bInterfaceNumber,
                                 uint8_t bAlternateSetting, fettle_us until,
                                 const fettle_cancel *cancel)
{
    fettle_control control = {
        .bmRequestType = 0x01,
        .bRequest = SET_INTERFACE,
        .wValue = bAlternateSetting,
        .wIndex = bInterfaceNumber,
    };
    return exchange(device, &control, until, cancel);
}

/* GONE where the device that answers now is another one. */
static fettle_outcome compare_device(const struct link *link, fettle_us until)
{
    uint8_t now[DEVICE_DESCRIPTOR_SIZE];
    const fettle_sight *sight = &link->import->sight;
    fettle_control control = {
        .bmRequestType = 0x80,
        .bRequest = GET_DESCRIPTOR,
        .wValue = DEVICE_DESCRIPTOR,
        .wLength = sizeof now,
        .in = now,
    };
    fettle_outcome outcome = exchange(link, &control, until, NULL);
    if (outcome.kind == FETTLE_OK && sight->descriptors_size > 0 &&
        (outcome.count != sizeof now || memcmp(now, sight->descriptors, sizeof now) != 0)) {
        fettle_usbip_import_lose(link->import);
        fettle_usbip_bus_lost(link->bus, link->import);
        outcome = (fettle_outcome){.kind = FETTLE_GONE};
    }
    return outcome;
}

static fettle_outcome usb_reset(void *device)
{
    const struct link *link = device;
    fettle_us began = fettle_os_clock()->now(NULL);
    fettle_control control = {
        .bmRequestType = 0x23,
        .bRequest = SET_FEATURE,
        .wValue = PORT_RESET,
    };
    /*
     * A server may carry it out and pass it on to the device too, which doesn't know it: what the
     * device says to it tells nothing.
     */
    fettle_outcome outcome = exchange(link, &control, began + RESET_US, NULL);
    if (outcome.kind != FETTLE_GONE) {
        outcome = compare_device(link, began + RESET_END_US);
    }
    if (outcome.kind == FETTLE_OK || outcome.kind == FETTLE_GONE) {
        return (fettle_outcome){.kind = outcome.kind};
    }
    return (fettle_outcome){
        .kind = FETTLE_ERROR,
        .why = FETTLE_WHY_SYSTEM,
        .system = outcome.system,
    };
}

static void usb_close(void *device)
{
    struct link *link = device;
    fettle_usbip_bus_take_back(link->bus, link->import);
    fettle_free(link);
}

static const fettle_usb_ops usb_ops = {usb_control, usb_select, usb_reset, usb_close};

bool fettle_usbip_link_open(fettle_os_usbip *bus, fettle_usbip_import *import,
                            fettle_link *link)
{
    struct link *self = fettle_alloc(sizeof *self);
    if (self == NULL) {
        return false;
    }
    *self = (struct link){.bus = bus, .import = import};
    *link = (fettle_link){.kind = FETTLE_LINK_USB, .usb = &usb_ops, .self = self};
    return true;
}
