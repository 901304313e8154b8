/* SPDX-License-Identifier: Apache-2.0 */
/* USB where the build has no libusb: what sysfs shows is seen, and nothing can be opened. */
#define _POSIX_C_SOURCE 200809L

#include "os/desk_inside.h"

#include "base/error.h"

bool fettle_usb_start(fettle_os_desk *desk, fettle_error *err)
{
    if (!desk->has_sysfs) {
        fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                         &(fettle_words){.text = "this build of fettle has no USB"});
    }
    return desk->has_sysfs;
}

void fettle_usb_stop(fettle_os_desk *desk)
{
    (void)desk;
}

void fettle_usb_want(fettle_os_desk *desk)
{
    (void)desk;
}

void fettle_usb_tidy(fettle_os_desk *desk)
{
    (void)desk;
}

/* Never called: without sysfs there is no desk. */
void fettle_usb_look_at_list(fettle_os_desk *desk)
{
    (void)desk;
}

fettle_outcome fettle_usb_link_open(fettle_os_desk *desk, const fettle_sight *sight,
                                    fettle_link *link)
{
    (void)desk;
    (void)sight;
    (void)link;
    return (fettle_outcome){.kind = FETTLE_ERROR, .why = FETTLE_WHY_DRIVER};
}
