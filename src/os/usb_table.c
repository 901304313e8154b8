/* SPDX-License-Identifier: Apache-2.0 */
/* The table of USB devices: a list in the order of paths, compared with itself at each look. */
#include "os/usb_table.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

enum {
    CONFIGURATION = 2, /* descriptor types, USB 2.0 table 9-5 */
    INTERFACE = 4,
    CONFIGURATION_SIZE = 9,
    INTERFACE_SIZE = 9,
};

static const char *name_of(const fettle_usb_device *device)
{
    return device->sight.path + FETTLE_USB_PREFIX_SIZE;
}

/* ---- order ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static unsigned read_number(const char **text)
{
    unsigned number = 0;
    while (is_digit(**text) && number < 100000) {
        number = number * 10 + (unsigned)(*(*text)++ - '0');
    }
    return number;
}

bool fettle_usb_table_is_before(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (is_digit(*a) && is_digit(*b)) {
            unsigned left = read_number(&a), right = read_number(&b);
            if (left != right) {
                return left < right;
            }
        } else if (*a++ != *b++) {
            return a[-1] < b[-1];
        }
    }
    return *a == '\0' && *b != '\0';
}

/* ---- devices ---- */

fettle_usb_device *fettle_usb_device_new(const fettle_usb_table *table, const char *name)
{
    fettle_usb_device *device = NULL;
    if (table->count < FETTLE_USB_DEVICES_MAX &&
        strlen(name) < FETTLE_PATH_SIZE - FETTLE_USB_PREFIX_SIZE) {
        device = fettle_alloc(sizeof *device);
    }
    if (device != NULL) {
        fettle_text_append(device->sight.path, FETTLE_PATH_SIZE, "usb:");
        fettle_text_append(device->sight.path, FETTLE_PATH_SIZE, name);
        device->sight.largest_control = FETTLE_USB_CONTROL_MAX;
    }
    return device;
}

void fettle_usb_device_free(fettle_usb_device *device)
{
    if (device->let_go != NULL) {
        device->let_go(device->handle);
    }
    fettle_free(device);
}

/* Takes out what `place` points to. */
static void remove_at(fettle_usb_table *table, fettle_usb_device **place)
{
    fettle_usb_device *device = *place;
    *place = device->next;
    table->count--;
    table->change += device->is_shown ? 1 : 0;
    fettle_usb_device_free(device);
}

void fettle_usb_table_finish(fettle_usb_table *table)
{
    while (table->first != NULL) {
        remove_at(table, &table->first);
    }
}

fettle_usb_device *fettle_usb_table_find(const fettle_usb_table *table, const char *name)
{
    fettle_usb_device *device = table->first;
    while (device != NULL && strcmp(name_of(device), name) != 0) {
        device = device->next;
    }
    return device;
}

fettle_usb_device *fettle_usb_table_find_arrival(const fettle_usb_table *table,
                                                 const char *path, uint32_t arrival)
{
    fettle_usb_device *device = table->first;
    while (device != NULL &&
           (device->sight.arrival != arrival || strcmp(device->sight.path, path) != 0)) {
        device = device->next;
    }
    return device;
}

/* ---- ports ---- */

/* "usb:1-1.2:1"; false: too long. */
static bool make_port_path(char path[FETTLE_PATH_SIZE], const fettle_usb_device *device,
                           const fettle_usb_port *port)
{
    char number[8] = ":";
    fettle_text_append_number(number, sizeof number, port->interface);
    if (strlen(device->sight.path) + strlen(number) >= FETTLE_PATH_SIZE) {
        return false;
    }
    memcpy(path, device->sight.path, FETTLE_PATH_SIZE);
    fettle_text_append(path, FETTLE_PATH_SIZE, number);
    return true;
}

static bool is_port_at(const fettle_usb_device *device, size_t i, const char *path)
{
    char own[FETTLE_PATH_SIZE];
    if (i == 0) {
        return strcmp(device->sight.path, path) == 0;
    }
    return make_port_path(own, device, &device->ports[i]) && strcmp(own, path) == 0;
}

fettle_usb_port *fettle_usb_table_find_port(const fettle_usb_table *table, const char *path,
                                            uint32_t arrival, fettle_usb_device **device)
{
    for (*device = table->first; *device != NULL; *device = (*device)->next) {
        for (size_t i = 0; i < (*device)->port_count; i++) {
            if ((*device)->sight.arrival == arrival && is_port_at(*device, i, path)) {
                return &(*device)->ports[i];
            }
        }
    }
    return NULL;
}

/* The device again, as what else it is; its descriptors tell of the device, and are there already. */
static bool describe_port(fettle_sight *sight, const fettle_usb_device *device,
                          const fettle_usb_port *port)
{
    char path[FETTLE_PATH_SIZE];
    if (!make_port_path(path, device, port)) {
        return false;
    }
    *sight = device->sight;
    memcpy(sight->path, path, sizeof path);
    memcpy(sight->node, port->node, sizeof sight->node);
    sight->kind = FETTLE_LINK_SERIAL;
    sight->access = port->access;
    sight->descriptors_size = 0;
    return true;
}

/* ---- a look ---- */

void fettle_usb_table_begin(fettle_usb_table *table)
{
    for (fettle_usb_device *device = table->first; device != NULL; device = device->next) {
        device->is_seen = false;
        device->is_news = false;
    }
}

void fettle_usb_table_add(fettle_usb_table *table, fettle_usb_device *device, fettle_us now)
{
    fettle_usb_device **place = &table->first;
    while (*place != NULL && fettle_usb_table_is_before(name_of(*place), name_of(device))) {
        place = &(*place)->next;
    }
    if (*place != NULL && strcmp(name_of(*place), name_of(device)) == 0) {
        remove_at(table, place);
    }
    device->is_seen = true;
    device->came = now;
    device->next = *place;
    *place = device;
    table->count++;
}

/*
 * What speaks DFU has to be opened, and so has a serial port: a missing permission of anything else is no reason
 * to wait.
 */
static bool has_settled(const fettle_usb_device *device, fettle_us now)
{
    bool is_ready =
        device->has_node && device->is_configured && !device->is_port_coming &&
        (device->sight.access == FETTLE_WHY_NONE || device->sight.kind != FETTLE_LINK_USB);
    return is_ready || now - device->came + device->age >= FETTLE_USB_SETTLE_US;
}

void fettle_usb_table_end(fettle_usb_table *table, fettle_us now)
{
    fettle_usb_device **place = &table->first;
    while (*place != NULL) {
        fettle_usb_device *device = *place;
        if (!device->is_seen) {
            remove_at(table, place);
            continue;
        }
        bool was_shown = device->is_shown;
        device->is_shown = !device->is_hub && (was_shown || has_settled(device, now));
        if (device->is_shown && !was_shown) {
            device->sight.arrival = ++table->arrivals;
        }
        if (device->is_shown && (!was_shown || device->is_news)) {
            table->change++;
        }
        place = &device->next;
    }
    table->has_looked = true;
}

size_t fettle_usb_table_copy(const fettle_usb_table *table, fettle_sight *sights,
                             size_t max)
{
    size_t count = 0;
    fettle_sight further; /* so that what there is no room for is counted, too */
    for (const fettle_usb_device *device = table->first; device != NULL;
         device = device->next) {
        bool is_coming = !device->is_shown && !device->is_hub;
        if (!device->is_shown && !is_coming) {
            continue;
        }
        if (count++ < max) {
            sights[count - 1] = device->sight; /* one that is coming has no arrival yet */
        }
        for (size_t i = 1; i < device->port_count; i++) {
            fettle_sight *sight = count < max ? &sights[count] : &further;
            count += describe_port(sight, device, &device->ports[i]) ? 1 : 0;
        }
    }
    return count;
}

/* ---- what a device says about itself ---- */

size_t fettle_usb_sight_next_interface(const fettle_sight *sight, size_t at)
{
    const uint8_t *bytes = sight->descriptors;
    size_t size = sight->descriptors_size;
    at = at == 0 ? FETTLE_USB_DEVICE_SIZE : at + bytes[at];
    while (at + 2 <= size && bytes[at] >= 2 && bytes[at] <= size - at) {
        if (bytes[at + 1] == INTERFACE && bytes[at] >= INTERFACE_SIZE) {
            return at;
        }
        at += bytes[at];
    }
    return 0;
}

static bool has_dfu_interface(const fettle_sight *sight)
{
    for (size_t at = 0; (at = fettle_usb_sight_next_interface(sight, at)) != 0;) {
        if (sight->descriptors[at + 5] == FETTLE_USB_CLASS_APPLICATION &&
            sight->descriptors[at + 6] == 1) {
            return true;
        }
    }
    return false;
}

uint8_t fettle_usb_sight_configuration(const fettle_sight *sight)
{
    const uint8_t *set = sight->descriptors + FETTLE_USB_DEVICE_SIZE;
    bool is_there =
        sight->descriptors_size >= FETTLE_USB_DEVICE_SIZE + CONFIGURATION_SIZE &&
        set[1] == CONFIGURATION;
    return is_there ? set[5] : 0;
}

static uint16_t decode16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

void fettle_usb_sight_describe(fettle_sight *sight, const uint8_t *device,
                               const uint8_t *set, size_t size)
{
    sight->id = (fettle_usb_id){decode16(device + 8), decode16(device + 10)};
    sight->bcdDevice = decode16(device + 12);
    sight->descriptors_size = 0;
    if (size <= FETTLE_DESCRIPTORS_SIZE - FETTLE_USB_DEVICE_SIZE) {
        memcpy(sight->descriptors, device, FETTLE_USB_DEVICE_SIZE);
        if (size > 0) {
            memcpy(sight->descriptors + FETTLE_USB_DEVICE_SIZE, set, size);
        }
        sight->descriptors_size = FETTLE_USB_DEVICE_SIZE + size;
    }
    sight->kind = has_dfu_interface(sight) ? FETTLE_LINK_USB : FETTLE_LINK_NONE;
}

void fettle_usb_copy_text(char *text, size_t size, const char *bytes)
{
    text[0] = '\0';
    while (*bytes != '\0') {
        size_t length = fettle_utf8_length(bytes);
        bool fits = length > 0 ? fettle_text_append_part(text, size, bytes, length)
                               : fettle_text_append_part(text, size, "\xEF\xBF\xBD", 3);
        if (!fits) {
            return;
        }
        bytes += length > 0 ? length : 1;
    }
}
