/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions of udev rules, on a device that isn't there: see udev.h. A condition holds, doesn't, or
 * maybe. "No" is worth the most: the rules of a whole system are for other devices almost all, and each
 * "maybe" that could be a "no" ends in "can't tell".
 */
#include "doctor/udev_walk.h"

#include "base/text.h"

#include <string.h>

/* What USB devices can have in sysfs, besides "power/" and the like. */
static const char *const usb_attributes[] = {
    "authorized",
    "avoid_reset_quirk",
    "bConfigurationValue",
    "bDeviceClass",
    "bDeviceProtocol",
    "bDeviceSubClass",
    "bMaxPacketSize0",
    "bMaxPower",
    "bNumConfigurations",
    "bNumInterfaces",
    "bcdDevice",
    "bmAttributes",
    "busnum",
    "configuration",
    "descriptors",
    "dev",
    "devnum",
    "devpath",
    "devspec",
    "driver",
    "idProduct",
    "idVendor",
    "ltm_capable",
    "manufacturer",
    "maxchild",
    "persist",
    "port",
    "product",
    "quirks",
    "removable",
    "rx_lanes",
    "serial",
    "speed",
    "subsystem",
    "tx_lanes",
    "uevent",
    "urbnum",
    "version",
};

/* What a USB host controller, and what is above it, can be. */
static const char *const controller_subsystems[] = {
    "pci", "platform", "acpi", "amba", "spi", "virtio", "vmbus", "xen", "ssb", "bcma",
};

static bool has_any(const char *text, const char *set)
{
    for (; *text != '\0'; text++) {
        for (const char *one = set; *one != '\0'; one++) {
            if (*text == *one) {
                return true;
            }
        }
    }
    return false;
}

static bool is_usb_attribute(const char *name)
{
    for (size_t i = 0; i < sizeof usb_attributes / sizeof usb_attributes[0]; i++) {
        if (fettle_text_is_equal(usb_attributes[i], name)) {
            return true;
        }
    }
    return false;
}

/* Another device's attribute, a folder's, or one whose name is made of something. */
static bool is_odd_attribute(const char *name)
{
    return has_any(name, "/%$[");
}

/* ---- texts ---- */

static fettle_truth as_asked(const fettle_udev_part *part, fettle_truth fits)
{
    return part->relation == FETTLE_UDEV_EQUAL ? fits : fettle_truth_not(fits);
}

/* "*" among the alternatives fits whatever there is. */
static bool fits_anything(const char *pattern)
{
    const char *start;
    size_t offset = 0, length;
    while (fettle_udev_next_alternative(pattern, &offset, &start, &length)) {
        if (length == 1 && *start == '*') {
            return true;
        }
    }
    return false;
}

fettle_truth fettle_udev_part_fits(const fettle_udev_part *part, const char *text)
{
    if (text == NULL) {
        return as_asked(part,
                        fits_anything(part->value) ? FETTLE_TRUTH_YES : FETTLE_TRUTH_MAYBE);
    }
    return as_asked(part, fettle_udev_text_matches(part->value, text, part->ignores_case));
}

/* Could an alternative be a port's name? It has digits, "-" and "." only, and wildcards. */
static bool may_be_a_port(const char *pattern)
{
    const char *start;
    size_t offset = 0, length;
    while (fettle_udev_next_alternative(pattern, &offset, &start, &length)) {
        size_t i = 0;
        bool is_in_bracket = false;
        for (; i < length; i++) {
            is_in_bracket = is_in_bracket ? start[i] != ']' : start[i] == '[';
            char one[2] = {start[i], '\0'};
            if (!is_in_bracket && !has_any(one, "0123456789-.*?[]\\")) {
                break;
            }
        }
        if (i == length && length > 0) {
            return true;
        }
    }
    return false;
}

/* The port isn't known beforehand: what is true of all ports is true, what of none is false. */
static fettle_truth fits_port(const fettle_udev_part *part, const char *kernel)
{
    static const char *const ports[] = {"1-1", "2-4", "3-1.2", "10-3.4.1"};
    if (kernel != NULL) {
        return fettle_udev_part_fits(part, kernel);
    }
    fettle_truth all = FETTLE_TRUTH_YES;
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        all = fettle_truth_and(
            all, fettle_udev_text_matches(part->value, ports[i], part->ignores_case));
    }
    if (all == FETTLE_TRUTH_NO && may_be_a_port(part->value)) {
        all = FETTLE_TRUTH_MAYBE;
    }
    return as_asked(part, all);
}

/* Of the text only the beginning is known: an alternative that begins otherwise doesn't fit. */
static fettle_truth fits_beginning(const fettle_udev_part *part, const char *beginning)
{
    const char *start;
    size_t offset = 0, length, known = strlen(beginning);
    fettle_truth fits = FETTLE_TRUTH_NO;
    while (fettle_udev_next_alternative(part->value, &offset, &start, &length)) {
        size_t same = 0;
        while (same < length && same < known && start[same] == beginning[same]) {
            same++;
        }
        char next[2] = {same < length ? start[same] : '\0', '\0'};
        if (same == known || part->ignores_case || has_any(next, "*?[\\")) {
            fits = FETTLE_TRUTH_MAYBE;
        }
    }
    return as_asked(part, fits_anything(part->value) ? FETTLE_TRUTH_YES : fits);
}

static fettle_truth fits_fact(const fettle_udev_part *part, const fettle_udev_fact *fact)
{
    return fact->goes_on ? fits_beginning(part, fact->value)
                         : fettle_udev_part_fits(part, fact->value);
}

/* ---- attributes and properties ---- */

static fettle_truth fits_attribute(const fettle_udev_walk *walk,
                                   const fettle_udev_part *part)
{
    const fettle_udev_device *device = walk->device;
    for (size_t i = 0; i < device->attribute_count; i++) {
        const fettle_udev_fact *fact = &device->attributes[i];
        if (!fettle_text_is_equal(fact->name, part->name)) {
            continue;
        }
        if (fact->is_missing) {
            return FETTLE_TRUTH_NO; /* neither == nor != holds */
        }
        return fact->value != NULL ? fits_fact(part, fact) : FETTLE_TRUTH_MAYBE;
    }
    /* One that no USB device has. */
    bool may_be_there = is_usb_attribute(part->name) || is_odd_attribute(part->name);
    return may_be_there ? FETTLE_TRUTH_MAYBE : FETTLE_TRUTH_NO;
}

static fettle_truth has_come(const fettle_udev_walk *walk, fettle_udev_origin origin)
{
    return origin == FETTLE_UDEV_FROM_KERNEL   ? FETTLE_TRUTH_YES
           : origin == FETTLE_UDEV_FROM_USB_ID ? walk->has_usb_id
                                               : walk->has_hwdb;
}

/* A property that isn't there is like an empty one. */
static fettle_truth fits_property(const fettle_udev_walk *walk,
                                  const fettle_udev_part *part)
{
    const fettle_udev_device *device = walk->device;
    for (size_t i = 0; i < walk->variable_count; i++) {
        if (fettle_text_is_equal(walk->variables[i].name, part->name)) {
            return fettle_udev_part_fits(part, walk->variables[i].value);
        }
    }
    for (size_t i = 0; i < device->property_count; i++) {
        const fettle_udev_fact *fact = &device->properties[i];
        fettle_truth is_there = has_come(walk, fact->origin);
        if (is_there != FETTLE_TRUTH_NO && fettle_text_is_equal(fact->name, part->name)) {
            return is_there == FETTLE_TRUTH_YES ? fits_fact(part, fact)
                                                : fettle_udev_part_fits(part, NULL);
        }
    }
    return fettle_udev_part_fits(part, walk->is_open ? NULL : "");
}

static fettle_truth has_tag(const fettle_udev_walk *walk, const fettle_udev_part *part)
{
    fettle_truth has = FETTLE_TRUTH_NO;
    for (size_t i = 0; i < walk->tag_count; i++) {
        const fettle_udev_tag *tag = &walk->tags[i];
        fettle_truth fits =
            fettle_udev_text_matches(part->value, tag->name, part->ignores_case);
        has = fettle_truth_or(has, fettle_truth_and(tag->is_set, fits));
    }
    return as_asked(part, has);
}

static fettle_truth is_there(const fettle_udev_part *part)
{
    bool is_known = is_usb_attribute(part->value);
    bool may_be = is_known || is_odd_attribute(part->value) ||
                  fettle_udev_is_glob(part->value) || part->value[0] == '\0';
    bool is_certain = fettle_text_is_equal(part->value, "idVendor") ||
                      fettle_text_is_equal(part->value, "idProduct");
    return as_asked(part, is_certain ? FETTLE_TRUTH_YES
                          : may_be   ? FETTLE_TRUTH_MAYBE
                                     : FETTLE_TRUTH_NO);
}

/* ---- the device and what it is behind ---- */

typedef enum relative {
    SELF,
    HUB,
    SOME_HUB, /* about which nothing is known */
    CONTROLLER,
} relative;

static fettle_truth fits_string_of_hub(const fettle_udev_part *part, const char *text)
{
    return text != NULL ? fettle_udev_part_fits(part, text) : FETTLE_TRUTH_NO;
}

/* `hub` NULL: some hub. */
static fettle_truth fits_attribute_of_hub(const fettle_udev_part *part,
                                          const fettle_udev_hub *hub)
{
    char text[8] = "";
    if (fettle_text_is_equal(part->name, "bDeviceClass")) {
        return fettle_udev_part_fits(part, "09"); /* USB 2.0 section 11.23.1 */
    }
    bool is_vendor = fettle_text_is_equal(part->name, "idVendor");
    if (hub != NULL && (is_vendor || fettle_text_is_equal(part->name, "idProduct"))) {
        fettle_text_append_hex(text, sizeof text,
                               is_vendor ? hub->id.vendor : hub->id.product, 4);
        return fettle_udev_part_fits(part, text);
    }
    if (hub != NULL && fettle_text_is_equal(part->name, "manufacturer")) {
        return fits_string_of_hub(part, hub->manufacturer);
    }
    if (hub != NULL && fettle_text_is_equal(part->name, "product")) {
        return fits_string_of_hub(part, hub->product);
    }
    if (hub != NULL && fettle_text_is_equal(part->name, "serial")) {
        return fits_string_of_hub(part, hub->serial);
    }
    bool may_be_there = is_usb_attribute(part->name) || is_odd_attribute(part->name);
    return may_be_there ? FETTLE_TRUTH_MAYBE : FETTLE_TRUTH_NO;
}

/* What rules ask of discs and the like (model, type) isn't among the attributes of what hubs are behind. */
static fettle_truth fits_attribute_of_controller(const fettle_udev_part *part)
{
    static const char *const attributes[] = {
        "class",
        "dev",
        "device",
        "devspec",
        "driver",
        "driver_override",
        "enable",
        "irq",
        "modalias",
        "msi_bus",
        "numa_node",
        "removable",
        "uevent",
        "revision",
        "vendor",
        "subsystem",
        "subsystem_device",
        "subsystem_vendor",
    };
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (fettle_text_is_equal(attributes[i], part->name)) {
            return FETTLE_TRUTH_MAYBE;
        }
    }
    return is_odd_attribute(part->name) ? FETTLE_TRUTH_MAYBE : FETTLE_TRUTH_NO;
}

static fettle_truth fits_attribute_of(const fettle_udev_walk *walk,
                                      const fettle_udev_part *part, relative who,
                                      const fettle_udev_hub *hub)
{
    switch (who) {
    case SELF:
        return fits_attribute(walk, part);
    case HUB:
    case SOME_HUB:
        return fits_attribute_of_hub(part, hub);
    case CONTROLLER:
        break;
    }
    return fits_attribute_of_controller(part);
}

static fettle_truth fits_subsystem_of(const fettle_udev_part *part, relative who)
{
    if (who != CONTROLLER) {
        return fettle_udev_part_fits(part, "usb");
    }
    for (size_t i = 0; i < sizeof controller_subsystems / sizeof controller_subsystems[0];
         i++) {
        if (fettle_udev_text_matches(part->value, controller_subsystems[i],
                                     part->ignores_case) != FETTLE_TRUTH_NO) {
            return FETTLE_TRUTH_MAYBE;
        }
    }
    return as_asked(part, FETTLE_TRUTH_NO);
}

static fettle_truth fits_relative(const fettle_udev_walk *walk,
                                  const fettle_udev_part *part, relative who,
                                  const fettle_udev_hub *hub)
{
    switch (part->key) {
    case FETTLE_UDEV_KERNELS:
        return who == SELF ? fits_port(part, walk->device->kernel) : FETTLE_TRUTH_MAYBE;
    case FETTLE_UDEV_SUBSYSTEMS:
        return fits_subsystem_of(part, who);
    case FETTLE_UDEV_DRIVERS:
        return who == CONTROLLER ? FETTLE_TRUTH_MAYBE : fettle_udev_part_fits(part, "usb");
    case FETTLE_UDEV_ATTRS:
        return fits_attribute_of(walk, part, who, hub);
    case FETTLE_UDEV_TAGS:
        return who == SELF ? has_tag(walk, part) : FETTLE_TRUTH_MAYBE;
    default:
        return FETTLE_TRUTH_YES; /* no condition on parents */
    }
}

static fettle_truth all_fit(const fettle_udev_walk *walk, relative who,
                            const fettle_udev_hub *hub)
{
    fettle_truth all = FETTLE_TRUTH_YES;
    for (size_t i = 0; i < walk->rule.part_count; i++) {
        all = fettle_truth_and(all, fits_relative(walk, &walk->rule.parts[i], who, hub));
    }
    return all;
}

/* All conditions with an S at their end must hold for one device: this one, or one that it is behind. */
static fettle_truth fits_someone(const fettle_udev_walk *walk)
{
    const fettle_udev_device *device = walk->device;
    fettle_truth someone =
        fettle_truth_and(all_fit(walk, CONTROLLER, NULL), FETTLE_TRUTH_MAYBE);
    if (!device->knows_hubs) {
        someone = fettle_truth_or(
            someone, fettle_truth_and(all_fit(walk, SOME_HUB, NULL), FETTLE_TRUTH_MAYBE));
    }
    for (size_t i = 0; i < device->hub_count; i++) {
        fettle_truth one = all_fit(walk, HUB, &device->hubs[i]);
        someone = fettle_truth_or(someone, fettle_truth_and(one, FETTLE_TRUTH_MAYBE));
    }
    return fettle_truth_or(all_fit(walk, SELF, NULL), someone);
}

/* ---- all of them ---- */

static bool is_condition(const fettle_udev_part *part)
{
    return part->relation == FETTLE_UDEV_EQUAL || part->relation == FETTLE_UDEV_DIFFERENT;
}

static fettle_truth holds(const fettle_udev_walk *walk, const fettle_udev_part *part)
{
    switch (part->key) {
    case FETTLE_UDEV_ACTION:
        return fettle_udev_part_fits(part, "add");
    case FETTLE_UDEV_SUBSYSTEM:
    case FETTLE_UDEV_DRIVER:
        return fettle_udev_part_fits(part, "usb");
    case FETTLE_UDEV_KERNEL:
        return fits_port(part, walk->device->kernel);
    case FETTLE_UDEV_DEVPATH:
        return fits_beginning(part, "/devices/");
    case FETTLE_UDEV_ATTR:
        return fits_attribute(walk, part);
    case FETTLE_UDEV_ENV:
        return fits_property(walk, part);
    case FETTLE_UDEV_TAG:
        return has_tag(walk, part);
    case FETTLE_UDEV_TEST:
        return is_there(part);
    case FETTLE_UDEV_NAME:
        return fettle_udev_part_fits(part, ""); /* only network interfaces get one */
    case FETTLE_UDEV_SYMLINK:
    case FETTLE_UDEV_CONST:
    case FETTLE_UDEV_SYSCTL:
        return FETTLE_TRUTH_MAYBE;
    default:
        return FETTLE_TRUTH_YES; /* looked at elsewhere */
    }
}

fettle_truth fettle_udev_walk_holds(const fettle_udev_walk *walk)
{
    const fettle_udev_rule *rule = &walk->rule;
    fettle_truth all = rule->is_doubtful ? FETTLE_TRUTH_MAYBE : FETTLE_TRUTH_YES;
    for (size_t i = 0; i < rule->part_count && all != FETTLE_TRUTH_NO; i++) {
        if (is_condition(&rule->parts[i])) {
            all = fettle_truth_and(all, holds(walk, &rule->parts[i]));
        }
    }
    return all != FETTLE_TRUTH_NO ? fettle_truth_and(all, fits_someone(walk)) : all;
}
