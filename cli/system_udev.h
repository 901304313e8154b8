/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `fettle udev-rules` needs of the system: to write one file as root, to have udev obey it, and to
 * look at what came of that. On systems without udev every question is answered with "no".
 */
#ifndef FETTLE_CLI_SYSTEM_UDEV_H
#define FETTLE_CLI_SYSTEM_UDEV_H

#include "system.h"

/* The one file that is written, and the folders where a package may have put the same. */
#define CLI_RULES_NAME "60-fettle.rules"
#define CLI_RULES_PATH "/etc/udev/rules.d/" CLI_RULES_NAME

/* Is there udev on systems of this kind? */
bool cli_system_has_udev(void);
bool cli_system_is_root(void);

/* Where this program is. False: that can't be known. */
bool cli_system_own_path(char *buf, size_t size);

/* The person who called sudo or pkexec. */
typedef struct cli_person {
    unsigned long uid;
    char name[CLI_NAME_ROOM];
    bool is_in_group;  /* of the group that was asked about, as the system has it now */
    bool is_at_screen; /* of the seat "seat0" */
} cli_person;

/* False: there is nobody else, root has logged in. */
bool cli_system_person(cli_person *person, const char *group);
bool cli_system_has_group(const char *group);

typedef enum cli_rules_end {
    CLI_RULES_WRITTEN,
    CLI_RULES_SAME, /* as they should be, there or in a package */
    CLI_RULES_FAILED,
} cli_rules_end;

/* `path`: the file that has them now. On FAILED nothing was changed, and `why` is the system's text. */
cli_rules_end cli_system_write_rules(const char *text, size_t size, const char **path,
                                     const char **why);

/* Has udev read its rules anew, obey them for all that is plugged in, and waits until it has. */
bool cli_system_obey_rules(const char **why);

/* A USB device that is there, and its node. */
typedef struct cli_usb_node {
    char port[64]; /* "1-1.2" */
    char path[64]; /* "/dev/bus/usb/001/005" */
    fettle_usb_id id;
    bool is_dfu_mode;
    bool is_there; /* the node; else the rest is 0 */
    unsigned mode;
    unsigned long gid;
    char owner[64], group[64];
    size_t acl_users; /* people in its access list */
} cli_usb_node;

/* Calls `each` for all of them but hubs, in no order. */
void cli_system_list_usb_nodes(void (*each)(void *user, const cli_usb_node *node),
                               void *user);

#endif
