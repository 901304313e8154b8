/* SPDX-License-Identifier: Apache-2.0 */
/* Serial lines by name where the build has none: it says so. */
#include "os/serial_bus.h"

#include "base/error.h"

fettle_os_serial *fettle_os_serial_new_within(const char *port, fettle_us time,
                                              fettle_error *err)
{
    (void)port;
    (void)time;
    fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                     &(fettle_words){.text = "this build of fettle has no serial lines"});
    return NULL;
}

fettle_os_serial *fettle_os_serial_new(const char *port, fettle_error *err)
{
    return fettle_os_serial_new_within(port, 0, err);
}

void fettle_os_serial_free(fettle_os_serial *serial)
{
    (void)serial;
}

void fettle_os_serial_path(const fettle_os_serial *serial, char path[FETTLE_PATH_SIZE])
{
    (void)serial;
    path[0] = '\0';
}

/* There is none that it could be called for. */
const fettle_bus_ops fettle_os_serial_bus_ops = {NULL, NULL, NULL};
