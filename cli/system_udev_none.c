/* SPDX-License-Identifier: Apache-2.0 */
/* Systems without udev; see system_udev.h. */
#include "system_udev.h"

bool cli_system_has_udev(void)
{
    return false;
}

bool cli_system_is_root(void)
{
    return false;
}

bool cli_system_own_path(char *buf, size_t size)
{
    (void)buf;
    (void)size;
    return false;
}

bool cli_system_person(cli_person *person, const char *group)
{
    (void)person;
    (void)group;
    return false;
}

bool cli_system_has_group(const char *group)
{
    (void)group;
    return false;
}

cli_rules_end cli_system_write_rules(const char *text, size_t size, const char **path,
                                     const char **why)
{
    (void)text;
    (void)size;
    *path = CLI_RULES_PATH;
    *why = "udev is Linux only";
    return CLI_RULES_FAILED;
}

bool cli_system_obey_rules(const char **why)
{
    *why = "udev is Linux only";
    return false;
}

void cli_system_list_usb_nodes(void (*each)(void *user, const cli_usb_node *node),
                               void *user)
{
    (void)each;
    (void)user;
}
