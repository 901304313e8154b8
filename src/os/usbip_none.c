/* SPDX-License-Identifier: Apache-2.0 */
/* USB over IP where the build has none: it says so. */
#include "os/usbip.h"

#include "base/error.h"

fettle_os_usbip *fettle_os_usbip_new(const char *port, fettle_error *err)
{
    (void)port;
    fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                     &(fettle_words){.text = "this build of fettle has no USB over IP"});
    return NULL;
}

void fettle_os_usbip_free(fettle_os_usbip *usbip)
{
    (void)usbip;
}

void fettle_os_usbip_path(const fettle_os_usbip *usbip, char path[FETTLE_PATH_SIZE])
{
    (void)usbip;
    path[0] = '\0';
}

/* There is none that it could be called for. */
const fettle_bus_ops fettle_os_usbip_bus_ops = {NULL, NULL, NULL};
