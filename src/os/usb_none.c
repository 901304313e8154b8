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

static size_t look(void *bus, fettle_sight *sights, size_t max, uint64_t *change)
{
    (void)bus;
    (void)sights;
    (void)max;
    *change = 0;
    return 0;
}

static fettle_outcome wait(void *bus, uint64_t change, fettle_us until,
                           const fettle_cancel *cancel)
{
    (void)bus;
    (void)change;
    (void)until;
    (void)cancel;
    return (fettle_outcome){.kind = FETTLE_TIMEOUT};
}

static fettle_outcome open_board(void *bus, const fettle_sight *sight,
                                 fettle_link_kind kind,
                                 const fettle_serial_settings *settings, fettle_link *link)
{
    (void)bus;
    (void)sight;
    (void)kind;
    (void)settings;
    (void)link;
    return (fettle_outcome){.kind = FETTLE_GONE};
}

const fettle_bus_ops fettle_os_usb_bus_ops = {look, wait, open_board};
