/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A USB device as udev would come to know it, from little more than its ids: what the kernel's event and
 * sysfs say, and what the builtin usb_id makes of its descriptors. What depends on the port, on the
 * order of arrival or on the board's strings is there with a value that isn't known.
 */
#include "doctor/udev.h"

#include "base/text.h"

static void add_attribute(fettle_udev_usb *usb, const char *name, const char *value)
{
    usb->attributes[usb->device.attribute_count++] =
        (fettle_udev_fact){.name = name, .value = value};
}

static void add_property(fettle_udev_usb *usb, fettle_udev_origin origin, const char *name,
                         const char *value)
{
    usb->properties[usb->device.property_count++] =
        (fettle_udev_fact){.name = name, .value = value, .origin = origin};
}

static void add_beginning(fettle_udev_usb *usb, const char *name, const char *value)
{
    usb->properties[usb->device.property_count++] =
        (fettle_udev_fact){.name = name, .value = value, .goes_on = true};
}

static void add_kernels(fettle_udev_usb *usb, fettle_usb_id id)
{
    static const struct {
        const char *name, *value;
    } properties[] = {
        {"ACTION", "add"}, {"SUBSYSTEM", "usb"}, {"DEVTYPE", "usb_device"},
        {"DRIVER", "usb"}, {"MAJOR", "189"}, /* devices.txt of the kernel: USB devices */
        {"MINOR", NULL},   {"BUSNUM", NULL},     {"DEVNUM", NULL},
        {"SEQNUM", NULL},  {"TYPE", NULL},       {"USEC_INITIALIZED", NULL},
    };
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        add_property(usb, FETTLE_UDEV_FROM_KERNEL, properties[i].name, properties[i].value);
    }
    /* "4d8/f014/" and bcdDevice */
    fettle_text_append_hex(usb->event, sizeof usb->event, id.vendor, 1);
    fettle_text_append(usb->event, sizeof usb->event, "/");
    fettle_text_append_hex(usb->event, sizeof usb->event, id.product, 1);
    fettle_text_append(usb->event, sizeof usb->event, "/");
    add_beginning(usb, "PRODUCT", usb->event);
    add_beginning(usb, "DEVPATH", "/devices/");
    add_beginning(usb, "DEVNAME", "/dev/bus/usb/");
}

static void add_usb_ids(fettle_udev_usb *usb, const char *interfaces)
{
    static const char *const unknown[] = {
        "ID_VENDOR",     "ID_VENDOR_ENC",       "ID_MODEL",
        "ID_MODEL_ENC",  "ID_SERIAL",           "ID_SERIAL_SHORT",
        "ID_REVISION",   "ID_USB_VENDOR",       "ID_USB_MODEL",
        "ID_USB_SERIAL", "ID_USB_SERIAL_SHORT", "ID_USB_REVISION",
    };
    fettle_udev_origin origin = FETTLE_UDEV_FROM_USB_ID;
    add_property(usb, origin, "ID_BUS", "usb");
    add_property(usb, origin, "ID_VENDOR_ID", usb->vendor);
    add_property(usb, origin, "ID_MODEL_ID", usb->product);
    add_property(usb, origin, "ID_USB_VENDOR_ID", usb->vendor);
    add_property(usb, origin, "ID_USB_MODEL_ID", usb->product);
    add_property(usb, origin, "ID_USB_INTERFACES", interfaces);
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        add_property(usb, origin, unknown[i], NULL);
    }
}

void fettle_udev_usb_describe(fettle_udev_usb *usb, fettle_usb_id id,
                              const fettle_udev_usb_words *words)
{
    static const char *const strings[] = {"manufacturer", "product", "serial"};
    *usb = (fettle_udev_usb){.device = {.attributes = usb->attributes,
                                        .properties = usb->properties,
                                        .may_be_in_hwdb = words->may_be_in_hwdb}};
    fettle_text_append_hex(usb->vendor, sizeof usb->vendor, id.vendor, 4);
    fettle_text_append_hex(usb->product, sizeof usb->product, id.product, 4);
    add_attribute(usb, "idVendor", usb->vendor);
    add_attribute(usb, "idProduct", usb->product);
    add_attribute(usb, "bDeviceClass", words->class);
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        add_attribute(usb, strings[i], NULL);
        usb->attributes[usb->device.attribute_count - 1].is_missing = words->has_no_strings;
    }
    add_kernels(usb, id);
    add_usb_ids(usb, words->interfaces);
}
