/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ports of this Linux kernel's virtual host controller (module vhci-hcd), through its files under
 * /sys. Elsewhere there are none.
 */
#ifndef FETTLE_SIM_SERVE_VHCI_H
#define FETTLE_SIM_SERVE_VHCI_H

#include "fettle/transport.h"

typedef struct fettle_sim_vhci_port {
    int number;      /* as the kernel counts them */
    int reservation; /* a descriptor; -1: none */
} fettle_sim_vhci_port;

/* May this process plug boards in? False, and a sentence. */
bool fettle_sim_vhci_is_there(char *message, size_t message_size);

/*
 * A port that is free, after `last` (-1: any), and that no other fettle-sim has reserved: it is this
 * one's until it is let go, also while nothing is plugged in there. False: there is none.
 */
bool fettle_sim_vhci_reserve(fettle_sim_vhci_port *port, int last);
void fettle_sim_vhci_release(fettle_sim_vhci_port *port);

bool fettle_sim_vhci_is_free(int port);

/*
 * Plugs in the device that is served at the other end of this socket, a full speed one. The kernel
 * keeps the socket; the caller closes its own. EBUSY: something else is plugged in there. Else another
 * error number; 0: done.
 */
int fettle_sim_vhci_attach(int port, int socket, uint32_t devid);

#endif
