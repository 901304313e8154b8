/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this computer says about who may open USB devices: udev's rule files, users and groups, who sits
 * at the screen, and this process. Only read here; what follows from it is src/doctor's.
 */
#ifndef FETTLE_OS_ACCESS_H
#define FETTLE_OS_ACCESS_H

#include "fettle/outcome.h"

enum {
    FETTLE_OS_RULE_FILES_MAX = 1024,
    FETTLE_OS_HUBS_MAX = 64,
    FETTLE_OS_HUB_TEXT_SIZE = 128,
};

/* One rule file; `path` without the root. */
typedef struct fettle_os_rule_file {
    char *path;
    uint8_t *text;
    size_t size;
} fettle_os_rule_file;

/* A USB hub that is there; an empty text: it has none. */
typedef struct fettle_os_hub {
    fettle_usb_id id;
    char manufacturer[FETTLE_OS_HUB_TEXT_SIZE];
    char product[FETTLE_OS_HUB_TEXT_SIZE];
    char serial[FETTLE_OS_HUB_TEXT_SIZE];
} fettle_os_hub;

/* Who asks. Groups are borrowed. */
typedef struct fettle_os_person {
    uint32_t uid;
    const uint32_t *groups;
    size_t group_count;
} fettle_os_person;

typedef struct fettle_os_access {
    bool has_udev;    /* udevd runs here, and there are rules */
    bool is_complete; /* all files that are there could be read */
    /* In the order in which udev reads them; hidden ones are left out. */
    fettle_os_rule_file *rules;
    size_t rule_count;
    /* passwd(5) and group(5) of /etc, and of /usr/lib, where some systems keep their own. */
    fettle_span users[2], groups[2];
    bool is_at_seat0, is_at_other_seat;
    bool knows_hubs;
    fettle_os_hub *hubs;
    size_t hub_count;
    uint32_t uid;
    uint32_t *person_groups;
    size_t person_group_count;
} fettle_os_access;

/*
 * Looks at the file system below `root` ("": the real one), for `person` (NULL: this process, by its
 * effective ids). Reads files only, opens no device: at most FETTLE_OS_RULE_FILES_MAX of 1 MiB each and 8 MiB
 * in all. NULL: no memory, or a system that has no udev. Free with fettle_os_access_free().
 */
fettle_os_access *fettle_os_access_look(const char *root, const fettle_os_person *person);
void fettle_os_access_free(fettle_os_access *access); /* takes NULL */

#endif
