/* SPDX-License-Identifier: Apache-2.0 */
/* USB where the build has none: it says so. */
#include "os/usb.h"

#include "base/error.h"

fettle_os_usb *fettle_os_usb_new(fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                     &(fettle_words){.text = "this build of fettle has no USB"});
    return NULL;
}

void fettle_os_usb_free(fettle_os_usb *usb)
{
    (void)usb;
}

/* There is none that it could be called for. */
const fettle_bus_ops fettle_os_usb_bus_ops = {NULL, NULL, NULL};
