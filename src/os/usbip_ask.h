/* SPDX-License-Identifier: Apache-2.0 */
/* One question to a USB/IP server: which devices are there? A connection of its own, which never blocks. */
#ifndef FETTLE_OS_USBIP_ASK_H
#define FETTLE_OS_USBIP_ASK_H

#include "os/stream.h"
#include "os/usbip_wire.h"

typedef struct fettle_usbip_ask {
    bool is_running;
    fettle_us until;
    const char *failure; /* why the last one that failed did, a clause */
    fettle_stream stream;
    fettle_usbip_list list;
} fettle_usbip_ask;

/* What goes wrong at once is told by the move that follows. */
void fettle_usbip_ask_begin(fettle_usbip_ask *ask, const fettle_stream_host *host,
                            fettle_us until);

/* WHOLE: `list` is there. BROKEN: it failed, and `failure` is new. Either way it is to be ended. */
fettle_usbip_progress fettle_usbip_ask_move(fettle_usbip_ask *ask, fettle_us now);

/* Harmless where none is running. The list stays. */
void fettle_usbip_ask_end(fettle_usbip_ask *ask);

#endif
