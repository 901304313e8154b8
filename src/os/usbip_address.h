/* SPDX-License-Identifier: Apache-2.0 */
/* What a person writes for a USB/IP server, taken apart: "usbip://HOST[:PORT][/BUSID]". Pure. */
#ifndef FETTLE_OS_USBIP_ADDRESS_H
#define FETTLE_OS_USBIP_ADDRESS_H

#include "fettle/transport.h"
#include "os/host_port.h"
#include "os/usbip_wire.h"

typedef struct fettle_usbip_address {
    fettle_host_port server;             /* port 3240 where none was written */
    char busid[FETTLE_USBIP_BUSID_SIZE]; /* empty: all devices */
} fettle_usbip_address;

/*
 * HOST is a name or an IPv4 address (letters, digits, "-", ".", "_") or an IPv6 address in brackets, with
 * "%ZONE" or without. USAGE: the text is nothing of that kind, or so long that no device below it could
 * have a path of FETTLE_PATH_SIZE.
 */
bool fettle_usbip_address_parse(fettle_usbip_address *address, const char *text,
                                fettle_error *err);

/* "usbip://HOST:PORT/BUSID"; empty where that is too long, and for an empty BUSID. */
void fettle_usbip_address_path(const fettle_usbip_address *address, const char *busid,
                               char path[FETTLE_PATH_SIZE]);

#endif
