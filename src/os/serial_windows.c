/* SPDX-License-Identifier: Apache-2.0 */
/* Serial lines where this build has none yet: it says so. */
#include "os/serial.h"

#include <errno.h>

fettle_why fettle_serial_access(const char *node)
{
    (void)node;
    return FETTLE_WHY_DRIVER;
}

fettle_outcome fettle_serial_open(const char *node, const fettle_serial_settings *settings,
                                  const fettle_serial_owner *owner, fettle_link *link)
{
    (void)node;
    (void)settings;
    (void)owner;
    (void)link;
    return (fettle_outcome){
        .kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM, .system = ENOTSUP};
}
