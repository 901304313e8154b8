/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What udev would do with a USB device that isn't there yet: who would own its node, with which mode, and
 * would the person at the screen be let in (the tag "uaccess")? Rules are read as udev(7) says and as
 * udevd of Debian 12 (252) was seen to behave. Pure: the caller brings the files.
 *
 * What depends on something that nobody can know beforehand (a program's answer, an attribute that wasn't
 * given, a word of a later version) is carried along as "maybe"; if it could have changed the
 * answer, the answer says so.
 */
#ifndef FETTLE_DOCTOR_UDEV_H
#define FETTLE_DOCTOR_UDEV_H

#include "doctor/udev_text.h"

enum {
    FETTLE_UDEV_NAME_SIZE = 64, /* a user's or group's name, with its NUL */
    FETTLE_UDEV_ATTRIBUTES_MAX = 16,
    FETTLE_UDEV_PROPERTIES_MAX = 40,
};

/* When a property is there. */
typedef enum fettle_udev_origin {
    FETTLE_UDEV_FROM_KERNEL, /* at once */
    FETTLE_UDEV_FROM_USB_ID, /* when a rule has imported builtin usb_id, or hwdb */
    FETTLE_UDEV_FROM_HWDB,
} fettle_udev_origin;

/* A sysfs attribute or a property. `value` NULL: not known; it may also be missing. */
typedef struct fettle_udev_fact {
    const char *name;
    const char *value;
    fettle_udev_origin origin;
    bool goes_on;    /* `value` is only how it begins */
    bool is_missing; /* an attribute that this device hasn't got */
} fettle_udev_fact;

/* A hub, and what it calls itself (NULL: nothing). */
typedef struct fettle_udev_hub {
    fettle_usb_id id;
    const char *manufacturer, *product, *serial;
} fettle_udev_hub;

/*
 * A device of subsystem "usb" and DEVTYPE "usb_device", with driver "usb", as it is added. Attributes
 * that aren't listed are taken as unknown if USB devices can have them, else as missing. Properties that
 * aren't listed are missing.
 */
typedef struct fettle_udev_device {
    const char *kernel; /* the port, "1-1.2"; NULL: not known */
    const fettle_udev_fact *attributes;
    size_t attribute_count;
    const fettle_udev_fact *properties;
    size_t property_count;
    bool may_be_in_hwdb; /* which would bring properties that nobody has listed */
    /* Hubs that it could be behind, for conditions on parents. */
    bool knows_hubs;
    const fettle_udev_hub *hubs;
    size_t hub_count;
} fettle_udev_device;

/* A device described by its ids, and the room for that. Not to be copied: it points into itself. */
typedef struct fettle_udev_usb {
    fettle_udev_device device;
    fettle_udev_fact attributes[FETTLE_UDEV_ATTRIBUTES_MAX];
    fettle_udev_fact properties[FETTLE_UDEV_PROPERTIES_MAX];
    char vendor[8], product[8], event[16];
} fettle_udev_usb;

/* What the ids don't say. Texts are borrowed, NULL where not known. */
typedef struct fettle_udev_usb_words {
    const char *class;      /* ATTR{bDeviceClass}: "00" */
    const char *interfaces; /* ENV{ID_USB_INTERFACES}: ":fe0102:" */
    bool has_no_strings;    /* neither manufacturer nor product nor serial number */
    bool may_be_in_hwdb;
} fettle_udev_usb_words;

void fettle_udev_usb_describe(fettle_udev_usb *usb, fettle_usb_id id,
                              const fettle_udev_usb_words *words);

typedef struct fettle_udev_file {
    const char *name;
    fettle_span text;
} fettle_udev_file;

/*
 * Which names this computer has: udev ignores OWNER and GROUP with others. Either may be NULL: all exist.
 * MAYBE where it depends on udev's version.
 */
typedef struct fettle_udev_names {
    fettle_truth (*has_user)(void *self, const char *name);
    fettle_truth (*has_group)(void *self, const char *name);
    void *self;
} fettle_udev_names;

/* A rule; `file` NULL: none. */
typedef struct fettle_udev_source {
    const char *file;
    size_t line;
} fettle_udev_source;

typedef struct fettle_udev_answer {
    unsigned mode;                                                   /* as chmod takes it */
    char owner[FETTLE_UDEV_NAME_SIZE], group[FETTLE_UDEV_NAME_SIZE]; /* or decimal ids */
    bool has_uaccess; /* the person at the screen gets an ACL entry */
    /* When all is set; "chmod" and its like could still let somebody in. */
    bool runs_programs;
    bool is_unsure; /* a rule that couldn't be judged could have changed something of it */
    /* What set it, or where it began to be unsure. */
    fettle_udev_source mode_from, owner_from, group_from, uaccess_from, unsure_from;
} fettle_udev_answer;

/*
 * Goes through the files in their order, which is the caller's: sorted by name over all folders, each
 * name once. Ends in any case: work is bounded by the size of the files.
 */
void fettle_udev_evaluate(const fettle_udev_file *files, size_t file_count,
                          const fettle_udev_device *device, const fettle_udev_names *names,
                          fettle_udev_answer *answer);

#endif
