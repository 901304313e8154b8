/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One imported device: a connection that is kept for as long as the device is there, because closing it may
 * reset the device, and because its end is what tells at once that the device left.
 *
 * The bus moves it on without blocking until it is READY or has failed; then a link may borrow it for
 * transfers that wait. Belongs to one thread at a time.
 */
#ifndef FETTLE_OS_USBIP_IMPORT_H
#define FETTLE_OS_USBIP_IMPORT_H

#include "os/stream.h"
#include "os/usbip_wire.h"

typedef enum fettle_usbip_phase {
    FETTLE_USBIP_ASKED,   /* connecting, or waiting for what the server says to it */
    FETTLE_USBIP_READING, /* imported: its descriptors and texts are being read */
    FETTLE_USBIP_READY,
    FETTLE_USBIP_REFUSED, /* `reply.status` says why */
    FETTLE_USBIP_LOST,    /* no answer, no USB/IP, or its connection has ended */
} fettle_usbip_phase;

typedef struct fettle_usbip_import fettle_usbip_import;

/* Runs when a request has its answer; `answer` is NULL where it has none in time. */
typedef void fettle_usbip_step(fettle_usbip_import *import,
                               const fettle_usbip_answer *answer);

struct fettle_usbip_import {
    fettle_usbip_phase phase;
    bool was_accepted; /* the server has said yes to it at some time */
    bool is_held;      /* the bus's: a link has it */
    bool is_orphan;    /* the bus's: it goes when the link gives it back */
    fettle_usbip_reply reply;

    /* READY: descriptors and texts are those of the device, all else is unused. */
    fettle_sight sight;

    /* the import's own */
    fettle_stream stream;
    fettle_usbip_inbox inbox;
    uint32_t seqnum; /* the last one that was used */
    uint32_t asked;  /* the request that `step` waits for; 0: none */
    fettle_usbip_step *step;
    fettle_control control; /* that was asked */
    bool has_asked_again;   /* an answer didn't come, so once more */
    fettle_us now, until;   /* of the last move; of what is waited for */
    uint8_t at; /* index of the configuration, or of the text, that is being read */
    uint16_t language;
    struct {
        uint8_t *in;
        bool is_there;
        int32_t status;
        size_t count;
    } result; /* of an exchange */
};

/* Begins. NULL: no memory. */
fettle_usbip_import *fettle_usbip_import_new(const fettle_stream_host *host,
                                             const char *busid, fettle_us now);
void fettle_usbip_import_free(fettle_usbip_import *import); /* takes NULL */

/* Goes on with what can be done now. Doesn't block. */
void fettle_usbip_import_move(fettle_usbip_import *import, fettle_us now);

/*
 * A control transfer, as fettle_usb_ops.control: to be called in the phases READY and LOST (GONE). A
 * request that is given up is unlinked, which may take a second more; if its result comes
 * after all, that counts.
 */
fettle_outcome fettle_usbip_import_exchange(fettle_usbip_import *import,
                                            const fettle_control *control, fettle_us until,
                                            const fettle_cancel *cancel);

/* The device is another one, or is known to have left. */
void fettle_usbip_import_lose(fettle_usbip_import *import);

#endif
