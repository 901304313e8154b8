/* SPDX-License-Identifier: Apache-2.0 */
/* An import in the hands of a caller, as a USB link (transport.h), and what a link asks of its bus. */
#ifndef FETTLE_OS_USBIP_LINK_H
#define FETTLE_OS_USBIP_LINK_H

#include "os/usbip.h"
#include "os/usbip_import.h"

/* Fills in `link`. False: no memory. */
bool fettle_usbip_link_open(fettle_os_usbip *bus, fettle_usbip_import *import,
                            fettle_link *link);

/* The bus's: the device of this import, which is held, has left. */
void fettle_usbip_bus_lost(fettle_os_usbip *bus, const fettle_usbip_import *import);

/* The bus's: takes back an import that is held. */
void fettle_usbip_bus_take_back(fettle_os_usbip *bus, fettle_usbip_import *import);

#endif
