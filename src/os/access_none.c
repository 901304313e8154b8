/* SPDX-License-Identifier: Apache-2.0 */
/* Systems without udev: nothing can be said beforehand. */
#include "os/access.h"

fettle_os_access *fettle_os_access_look(const char *root, const fettle_os_person *person)
{
    (void)root;
    (void)person;
    return NULL;
}

void fettle_os_access_free(fettle_os_access *access)
{
    (void)access;
}
