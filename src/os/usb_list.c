/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libusb's own list of devices, where there is no sysfs: its descriptors are put together again, and
 * only what an update could be for is opened, once, for its texts.
 */
#define _POSIX_C_SOURCE 200809L /* for threads */

#include "os/desk_inside.h"

#include "base/text.h"
#include "os/clock.h"

#include <libusb.h>
#include <string.h>

enum {
    PORTS_MAX = 7, /* USB 3.0: tiers of hubs */
};

/* ---- names ---- */

bool fettle_usb_name_device(libusb_device *device, char name[FETTLE_PATH_SIZE])
{
    uint8_t ports[PORTS_MAX];
    int count = libusb_get_port_numbers(device, ports, PORTS_MAX);
    name[0] = '\0';
    fettle_text_append_number(name, FETTLE_PATH_SIZE, libusb_get_bus_number(device));
    for (int i = 0; i < count; i++) {
        fettle_text_append(name, FETTLE_PATH_SIZE, i == 0 ? "-" : ".");
        fettle_text_append_number(name, FETTLE_PATH_SIZE, ports[i]);
    }
    return count > 0;
}

/* ---- descriptors ---- */

/* Bytes that are put together one after the other. */
typedef struct writer {
    uint8_t bytes[FETTLE_DESCRIPTORS_SIZE];
    size_t size;
    bool is_too_long;
} writer;

static void put(writer *to, const void *bytes, size_t size)
{
    to->is_too_long = to->is_too_long || size > sizeof to->bytes - to->size;
    if (!to->is_too_long && size > 0) {
        memcpy(to->bytes + to->size, bytes, size);
        to->size += size;
    }
}

static void put_extra(writer *to, const unsigned char *extra, int size)
{
    put(to, extra, size > 0 ? (size_t)size : 0);
}

#define LOW(number)           (uint8_t)((number)&0xFF)
#define HIGH(number)          (uint8_t)((number) >> 8 & 0xFF)
#define PUT(to, size, ...)    put(to, (const uint8_t[]){__VA_ARGS__}, size)
#define ENDPOINT_SIZE(length) (size_t)((length) >= 9 ? 9 : 7) /* 9 for audio */

static void put_alternate(writer *to, const struct libusb_interface_descriptor *alternate)
{
    PUT(to, 9, 9, alternate->bDescriptorType, alternate->bInterfaceNumber,
        alternate->bAlternateSetting, alternate->bNumEndpoints, alternate->bInterfaceClass,
        alternate->bInterfaceSubClass, alternate->bInterfaceProtocol,
        alternate->iInterface);
    put_extra(to, alternate->extra, alternate->extra_length);
    for (uint8_t i = 0; i < alternate->bNumEndpoints; i++) {
        const struct libusb_endpoint_descriptor *endpoint = &alternate->endpoint[i];
        size_t size = ENDPOINT_SIZE(endpoint->bLength);
        PUT(to, size, LOW(size), endpoint->bDescriptorType, endpoint->bEndpointAddress,
            endpoint->bmAttributes, LOW(endpoint->wMaxPacketSize),
            HIGH(endpoint->wMaxPacketSize), endpoint->bInterval, endpoint->bRefresh,
            endpoint->bSynchAddress);
        put_extra(to, endpoint->extra, endpoint->extra_length);
    }
}

/* libusb has taken the descriptor set apart, and shows nobody the whole: the way back. */
static void put_configuration(writer *to, const struct libusb_config_descriptor *config)
{
    PUT(to, 9, 9, config->bDescriptorType, 0, 0, config->bNumInterfaces,
        config->bConfigurationValue, config->iConfiguration, config->bmAttributes,
        config->MaxPower);
    put_extra(to, config->extra, config->extra_length);
    for (uint8_t i = 0; i < config->bNumInterfaces; i++) {
        for (int j = 0; j < config->interface[i].num_altsetting; j++) {
            put_alternate(to, &config->interface[i].altsetting[j]);
        }
    }
    to->bytes[2] = LOW(to->size); /* wTotalLength */
    to->bytes[3] = HIGH(to->size);
}

static void put_device(writer *to, const struct libusb_device_descriptor *device)
{
    PUT(to, FETTLE_USB_DEVICE_SIZE, FETTLE_USB_DEVICE_SIZE, device->bDescriptorType,
        LOW(device->bcdUSB), HIGH(device->bcdUSB), device->bDeviceClass,
        device->bDeviceSubClass, device->bDeviceProtocol, device->bMaxPacketSize0,
        LOW(device->idVendor), HIGH(device->idVendor), LOW(device->idProduct),
        HIGH(device->idProduct), LOW(device->bcdDevice), HIGH(device->bcdDevice),
        device->iManufacturer, device->iProduct, device->iSerialNumber,
        device->bNumConfigurations);
}

static void describe(fettle_usb_device *device, libusb_device *from,
                     const struct libusb_device_descriptor *descriptor)
{
    writer head = {.size = 0}, set = {.size = 0};
    struct libusb_config_descriptor *config = NULL;
    put_device(&head, descriptor);
    if (libusb_get_active_config_descriptor(from, &config) == LIBUSB_SUCCESS) {
        put_configuration(&set, config);
        libusb_free_config_descriptor(config);
    }
    fettle_usb_sight_describe(&device->sight, head.bytes, set.bytes,
                              set.is_too_long ? sizeof set.bytes : set.size);
}

/* ---- arrivals ---- */

static void ask_text(libusb_device_handle *handle, uint8_t index, char *text)
{
    unsigned char bytes[FETTLE_TEXT_SIZE] = "";
    if (index != 0 &&
        libusb_get_string_descriptor_ascii(handle, index, bytes, sizeof bytes - 1) > 0) {
        fettle_usb_copy_text(text, FETTLE_TEXT_SIZE, (const char *)bytes);
    }
}

/* Only the device itself can tell. Once an arrival, and only one that an update could be for. */
static void ask_texts(fettle_sight *sight, libusb_device *from,
                      const struct libusb_device_descriptor *descriptor)
{
    libusb_device_handle *handle = NULL;
    if (sight->kind != FETTLE_LINK_USB || libusb_open(from, &handle) != LIBUSB_SUCCESS) {
        return;
    }
    ask_text(handle, descriptor->iManufacturer, sight->manufacturer);
    ask_text(handle, descriptor->iProduct, sight->product);
    ask_text(handle, descriptor->iSerialNumber, sight->serial);
    libusb_close(handle);
}

static void let_go(void *handle)
{
    libusb_unref_device(handle);
}

/*
 * Where libusb is told of arrivals, each has an object of its own; it is kept, so that no later one gets
 * the same address in memory. Elsewhere the same object may stand for the next device at the port.
 */
static uint64_t identify(libusb_device *device)
{
    return libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG) != 0 ? (uintptr_t)device : 0;
}

static void add_arrival(fettle_usb_table *table, const char *name, libusb_device *from,
                        const struct libusb_device_descriptor *descriptor)
{
    fettle_usb_device *device = fettle_usb_device_new(table, name);
    if (device == NULL) {
        return;
    }
    device->identity = identify(from);
    device->bus = libusb_get_bus_number(from);
    device->address = libusb_get_device_address(from);
    device->is_configured = device->has_node = true;
    if (device->identity != 0) {
        device->handle = libusb_ref_device(from);
        device->let_go = let_go;
    }
    describe(device, from, descriptor);
    ask_texts(&device->sight, from, descriptor);
    fettle_usb_table_add(table, device, fettle_os_clock()->now(NULL));
}

static void visit(fettle_usb_table *table, libusb_device *found)
{
    char name[FETTLE_PATH_SIZE];
    struct libusb_device_descriptor descriptor;
    if (!fettle_usb_name_device(found, name) ||
        libusb_get_device_descriptor(found, &descriptor) != LIBUSB_SUCCESS ||
        descriptor.bDeviceClass == LIBUSB_CLASS_HUB) {
        return;
    }
    fettle_usb_device *known = fettle_usb_table_find(table, name);
    if (known != NULL && known->identity == identify(found) &&
        known->address == libusb_get_device_address(found) &&
        known->sight.id.vendor == descriptor.idVendor &&
        known->sight.id.product == descriptor.idProduct) {
        known->is_seen = true;
        return;
    }
    add_arrival(table, name, found, &descriptor);
}

void fettle_usb_look_at_list(fettle_os_desk *desk)
{
    libusb_device **list = NULL;
    fettle_usb_drain(desk->context);
    ssize_t count = libusb_get_device_list(desk->context, &list);
    if (count < 0) {
        return; /* not now: the table stays as it was */
    }
    fettle_usb_table_begin(&desk->table);
    for (ssize_t i = 0; i < count; i++) {
        visit(&desk->table, list[i]);
    }
    fettle_usb_table_end(&desk->table, fettle_os_clock()->now(NULL));
    libusb_free_device_list(list, 1);
}
