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

const fettle_bus_ops fettle_os_usbip_bus_ops = {look, wait, open_board};
