/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a USB/IP server for its list: connect, OP_REQ_DEVLIST, OP_REP_DEVLIST, and a word for each failure. */
#include "os/usbip_ask.h"

#include <string.h>

void fettle_usbip_ask_begin(fettle_usbip_ask *ask, const fettle_stream_host *host,
                            fettle_us until)
{
    memset(&ask->list, 0, sizeof ask->list);
    ask->is_running = true;
    ask->until = until;
    (void)fettle_stream_open(&ask->stream, host);
    uint8_t *request = fettle_stream_queue(&ask->stream, FETTLE_USBIP_OP_SIZE);
    fettle_usbip_encode_list(request); /* nothing else is in the queue */
}

static const char *name_failure(const fettle_usbip_ask *ask)
{
    if (ask->stream.is_connected) {
        return "what answers there is no USB/IP server";
    }
    return fettle_stream_name_failure(&ask->stream);
}

static fettle_usbip_progress fail(fettle_usbip_ask *ask, const char *why)
{
    ask->failure = why;
    return FETTLE_USBIP_BROKEN;
}

static fettle_usbip_progress take_list(fettle_usbip_ask *ask)
{
    fettle_usbip_progress progress = FETTLE_USBIP_MORE;
    while (progress == FETTLE_USBIP_MORE) {
        size_t size = 0;
        uint8_t *room = fettle_usbip_list_room(&ask->list, &size);
        int count = fettle_stream_receive(&ask->stream, room, size);
        if (count <= 0) {
            return count == 0 ? FETTLE_USBIP_MORE : FETTLE_USBIP_BROKEN;
        }
        progress = fettle_usbip_list_take(&ask->list, (size_t)count);
    }
    return progress;
}

fettle_usbip_progress fettle_usbip_ask_move(fettle_usbip_ask *ask, fettle_us now)
{
    if (ask->stream.socket < 0 || !fettle_stream_flush(&ask->stream)) {
        return fail(ask, name_failure(ask));
    }
    fettle_usbip_progress progress = take_list(ask);
    if (progress == FETTLE_USBIP_BROKEN) {
        return fail(ask, name_failure(ask));
    }
    if (progress == FETTLE_USBIP_WHOLE && ask->list.status != 0) {
        return fail(ask, "it does not tell its devices");
    }
    if (progress == FETTLE_USBIP_MORE && now >= ask->until) {
        return fail(ask, "it does not answer");
    }
    return progress;
}

void fettle_usbip_ask_end(fettle_usbip_ask *ask)
{
    fettle_stream_close(&ask->stream);
    ask->is_running = false;
}
