/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An import, from the request for it to the transfers of a link. What is read when it begins is a script
 * (USB 2.0 sections 9.4 and 9.6): functions in wire order, each run by the answer to the one before. What
 * the device doesn't answer, or answers with nonsense, is left out.
 */
#include "os/usbip_import.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "os/clock.h"

#include <assert.h>
#include <string.h>

static_assert(FETTLE_STREAM_ROOM >= FETTLE_USBIP_MESSAGE_MAX + FETTLE_USBIP_HEADER_SIZE,
              "a request and the unlink of another one fit in the queue");

enum {
    IMPORT_US = 2000000, /* until the server has answered */
    REQUEST_US = 500000, /* for each descriptor, twice */
    UNLINK_US = 1000000,
    LEAVING_US = 200000, /* from a bus error to the end of the connection, if it comes */

    LINUX_EPROTO = 71,

    GET_DESCRIPTOR = 6,
    SET_CONFIGURATION = 9,
    DEVICE = 1,
    CONFIGURATION = 2,
    STRING = 3,

    DEVICE_DESCRIPTOR_SIZE = 18,
    CONFIGURATION_DESCRIPTOR_SIZE = 9,
    CONFIGURATIONS_MAX = 8,
    AT_TOTAL_LENGTH = 2,
    AT_CONFIGURATION_VALUE = 5,
    AT_MANUFACTURER = 14, /* iManufacturer, iProduct and iSerialNumber stand in a row */
    AT_CONFIGURATIONS = 17,
    TEXTS = 3,
};

void fettle_usbip_import_lose(fettle_usbip_import *import)
{
    import->phase = FETTLE_USBIP_LOST;
}

/* ---- requests ---- */

static uint32_t next_seqnum(fettle_usbip_import *import)
{
    import->seqnum += import->seqnum == UINT32_MAX ? 2 : 1; /* 0 stands for none */
    return import->seqnum;
}

static uint32_t devid(const fettle_usbip_import *import)
{
    return import->reply.device.busnum << 16 | (import->reply.device.devnum & 0xffff);
}

static void submit(fettle_usbip_import *import, const fettle_control *control,
                   fettle_usbip_step *step)
{
    size_t data = fettle_usbip_is_in(control) ? 0 : control->wLength;
    uint8_t *bytes = fettle_stream_queue(&import->stream, FETTLE_USBIP_HEADER_SIZE + data);
    uint32_t seqnum = next_seqnum(import);
    if (bytes == NULL || !fettle_usbip_inbox_expect(&import->inbox, seqnum, control)) {
        fettle_usbip_import_lose(import); /* it has not answered for long */
        return;
    }
    (void)fettle_usbip_encode_submit(bytes, seqnum, devid(import), control);
    import->asked = seqnum;
    import->control = *control;
    import->step = step;
    import->until = import->now + REQUEST_US;
}

/* There must be an answer to this as well, but nobody needs to wait for it. */
static void unlink_asked(fettle_usbip_import *import)
{
    uint8_t *bytes = fettle_stream_queue(&import->stream, FETTLE_USBIP_HEADER_SIZE);
    uint32_t seqnum = next_seqnum(import);
    if (bytes == NULL ||
        !fettle_usbip_inbox_expect_unlink(&import->inbox, seqnum, import->asked)) {
        fettle_usbip_import_lose(import);
        return;
    }
    fettle_usbip_encode_unlink(bytes, seqnum, devid(import), import->asked);
}

/* ---- what is read when it begins ---- */

static void get_descriptor(fettle_usbip_import *import, uint8_t type, uint8_t index,
                           uint16_t language, uint16_t length, fettle_usbip_step *step)
{
    fettle_control control = {
        .bmRequestType = 0x80,
        .bRequest = GET_DESCRIPTOR,
        .wValue = (uint16_t)(type << 8 | index),
        .wIndex = language,
        .wLength = length,
    };
    submit(import, &control, step);
}

static bool is_descriptor(const fettle_usbip_answer *answer, uint8_t type, size_t size)
{
    return answer != NULL && answer->status == 0 && answer->data != NULL &&
           answer->count >= size && answer->data[0] >= 2 && answer->data[1] == type;
}

static void end_reading(fettle_usbip_import *import)
{
    import->phase = FETTLE_USBIP_READY;
}

static void on_text(fettle_usbip_import *import, const fettle_usbip_answer *answer);

static void read_next_text(fettle_usbip_import *import)
{
    const uint8_t *indices = import->sight.descriptors + AT_MANUFACTURER;
    while (import->at < TEXTS && indices[import->at] == 0) {
        import->at++; /* it has no such text */
    }
    if (import->at == TEXTS) {
        end_reading(import);
        return;
    }
    get_descriptor(import, STRING, indices[import->at], import->language, 255, on_text);
}

static void on_text(fettle_usbip_import *import, const fettle_usbip_answer *answer)
{
    fettle_sight *sight = &import->sight;
    char *const texts[TEXTS] = {sight->manufacturer, sight->product, sight->serial};
    if (is_descriptor(answer, STRING, 2)) {
        fettle_usbip_decode_text(texts[import->at], FETTLE_TEXT_SIZE, answer->data,
                                 answer->count);
    }
    import->at++;
    read_next_text(import);
}

static void on_languages(fettle_usbip_import *import, const fettle_usbip_answer *answer)
{
    if (!is_descriptor(answer, STRING, 4)) {
        end_reading(import);
        return;
    }
    import->language = fettle_get16(answer->data + 2);
    import->at = 0;
    read_next_text(import);
}

static void read_texts(fettle_usbip_import *import)
{
    const uint8_t *indices = import->sight.descriptors + AT_MANUFACTURER;
    if (indices[0] == 0 && indices[1] == 0 && indices[2] == 0) {
        end_reading(import);
        return;
    }
    get_descriptor(import, STRING, 0, 0, 255, on_languages);
}

static void on_configured(fettle_usbip_import *import, const fettle_usbip_answer *answer)
{
    (void)answer; /* if it will not, endpoint 0 works all the same */
    read_texts(import);
}

static void on_configuration(fettle_usbip_import *import, const fettle_usbip_answer *answer)
{
    size_t room = FETTLE_DESCRIPTORS_SIZE - DEVICE_DESCRIPTOR_SIZE;
    if (!is_descriptor(answer, CONFIGURATION, CONFIGURATION_DESCRIPTOR_SIZE) ||
        answer->count > room ||
        answer->count != fettle_get16(answer->data + AT_TOTAL_LENGTH)) {
        import->sight.descriptors_size = 0;
        read_texts(import);
        return;
    }
    memcpy(import->sight.descriptors + DEVICE_DESCRIPTOR_SIZE, answer->data, answer->count);
    import->sight.descriptors_size = DEVICE_DESCRIPTOR_SIZE + answer->count;
    if (import->reply.device.bConfigurationValue != 0) {
        read_texts(import);
        return;
    }
    fettle_control control = {
        .bRequest = SET_CONFIGURATION,
        .wValue = answer->data[AT_CONFIGURATION_VALUE],
    };
    submit(import, &control, on_configured);
}

static void on_configuration_head(fettle_usbip_import *import,
                                  const fettle_usbip_answer *answer);

static void read_configuration_head(fettle_usbip_import *import)
{
    get_descriptor(import, CONFIGURATION, import->at, 0, CONFIGURATION_DESCRIPTOR_SIZE,
                   on_configuration_head);
}

/* They are asked for by index, and the active one is known by its value. */
static void on_configuration_head(fettle_usbip_import *import,
                                  const fettle_usbip_answer *answer)
{
    uint8_t count = import->sight.descriptors[AT_CONFIGURATIONS];
    uint8_t value = import->reply.device.bConfigurationValue;
    bool is_fine = is_descriptor(answer, CONFIGURATION, CONFIGURATION_DESCRIPTOR_SIZE);
    bool is_active = is_fine && (value == 0 || count <= 1 ||
                                 answer->data[AT_CONFIGURATION_VALUE] == value);
    uint16_t total = is_fine ? fettle_get16(answer->data + AT_TOTAL_LENGTH) : 0;
    if (is_active && total >= CONFIGURATION_DESCRIPTOR_SIZE) {
        get_descriptor(import, CONFIGURATION, import->at, 0, total, on_configuration);
    } else if (!is_active && import->at + 1 < count &&
               import->at + 1 < CONFIGURATIONS_MAX) {
        import->at++;
        read_configuration_head(import);
    } else {
        read_texts(import);
    }
}

static void on_device(fettle_usbip_import *import, const fettle_usbip_answer *answer)
{
    if (!is_descriptor(answer, DEVICE, DEVICE_DESCRIPTOR_SIZE)) {
        end_reading(import);
        return;
    }
    memcpy(import->sight.descriptors, answer->data, DEVICE_DESCRIPTOR_SIZE);
    read_configuration_head(import);
}

static void read_device(fettle_usbip_import *import)
{
    get_descriptor(import, DEVICE, 0, 0, DEVICE_DESCRIPTOR_SIZE, on_device);
}

/* ---- life ---- */

fettle_usbip_import *fettle_usbip_import_new(const fettle_stream_host *host,
                                             const char *busid, fettle_us now)
{
    fettle_usbip_import *import = fettle_alloc(sizeof *import);
    if (import == NULL) {
        return NULL;
    }
    import->until = now + IMPORT_US;
    bool is_open = fettle_stream_open(&import->stream, host);
    uint8_t *request = fettle_stream_queue(&import->stream, FETTLE_USBIP_IMPORT_SIZE);
    fettle_usbip_encode_import(request, busid); /* nothing else is in the queue */
    import->phase = is_open ? FETTLE_USBIP_ASKED : FETTLE_USBIP_LOST;
    return import;
}

void fettle_usbip_import_free(fettle_usbip_import *import)
{
    if (import != NULL) {
        fettle_stream_close(&import->stream);
        fettle_free(import);
    }
}

static void on_reply(fettle_usbip_import *import, size_t count)
{
    fettle_usbip_progress progress = fettle_usbip_reply_take(&import->reply, count);
    if (progress == FETTLE_USBIP_BROKEN) {
        fettle_usbip_import_lose(import);
    } else if (progress == FETTLE_USBIP_WHOLE && import->reply.status != 0) {
        import->phase = FETTLE_USBIP_REFUSED;
    } else if (progress == FETTLE_USBIP_WHOLE) {
        import->phase = FETTLE_USBIP_READING;
        import->was_accepted = true;
        read_device(import);
    }
}

static void on_bytes(fettle_usbip_import *import, size_t count)
{
    fettle_usbip_answer answer;
    fettle_usbip_progress progress =
        fettle_usbip_inbox_take(&import->inbox, count, &answer);
    if (progress == FETTLE_USBIP_BROKEN) {
        fettle_usbip_import_lose(import);
    } else if (progress == FETTLE_USBIP_WHOLE && answer.seqnum == import->asked) {
        import->asked = 0; /* all others were given up before */
        import->has_asked_again = false;
        import->step(import, &answer);
    }
}

static bool is_alive(const fettle_usbip_import *import)
{
    return import->phase <= FETTLE_USBIP_READY;
}

/* False: nothing is there, or it is over. */
static bool take_in(fettle_usbip_import *import)
{
    size_t size = 0;
    bool is_asked = import->phase == FETTLE_USBIP_ASKED;
    uint8_t *room = is_asked ? fettle_usbip_reply_room(&import->reply, &size)
                             : fettle_usbip_inbox_room(&import->inbox, &size);
    int count = fettle_stream_receive(&import->stream, room, size);
    if (count < 0) {
        fettle_usbip_import_lose(import);
    } else if (count > 0 && is_asked) {
        on_reply(import, (size_t)count);
    } else if (count > 0) {
        on_bytes(import, (size_t)count);
    }
    return count > 0 && is_alive(import);
}

static void flush(fettle_usbip_import *import)
{
    if (is_alive(import) && !fettle_stream_flush(&import->stream)) {
        fettle_usbip_import_lose(import);
    }
}

/* An answer may get lost. Without its descriptors nobody could use the device: they are asked for again. */
static void on_late_request(fettle_usbip_import *import)
{
    unlink_asked(import);
    import->asked = 0;
    if (!is_alive(import)) {
        return;
    }
    if (import->has_asked_again) {
        import->step(import, NULL);
    } else {
        fettle_control control = import->control;
        import->has_asked_again = true;
        submit(import, &control, import->step);
    }
}

static void notice_late(fettle_usbip_import *import)
{
    if (import->now < import->until) {
        return;
    }
    if (import->phase == FETTLE_USBIP_ASKED) {
        fettle_usbip_import_lose(import);
    } else if (import->phase == FETTLE_USBIP_READING) {
        on_late_request(import);
    }
}

void fettle_usbip_import_move(fettle_usbip_import *import, fettle_us now)
{
    import->now = now;
    flush(import);
    while (is_alive(import) && take_in(import)) {
        flush(import); /* what the answer made us ask next */
    }
    notice_late(import);
    flush(import);
}

/* ---- transfers of a link ---- */

static void on_result(fettle_usbip_import *import, const fettle_usbip_answer *answer)
{
    if (answer->is_unlink) {
        return; /* it will not come */
    }
    import->result.is_there = true;
    import->result.status = answer->status;
    import->result.count = answer->count;
    if (answer->data != NULL && answer->count > 0) {
        memcpy(import->result.in, answer->data, answer->count);
    }
}

static fettle_us clock_now(void)
{
    return fettle_os_clock()->now(NULL);
}

static void nap(const fettle_usbip_import *import, fettle_us until)
{
    struct pollfd event = fettle_stream_events(&import->stream);
    fettle_stream_nap(&event, 1, import->now, until);
}

/* OK: what was asked has its answer. */
static fettle_outcome_kind wait_for_answer(fettle_usbip_import *import, fettle_us until,
                                           const fettle_cancel *cancel)
{
    for (;;) {
        fettle_usbip_import_move(import, clock_now());
        if (import->asked == 0) {
            return FETTLE_OK; /* also where the connection ended behind it */
        }
        if (import->phase == FETTLE_USBIP_LOST) {
            return FETTLE_GONE;
        }
        if (fettle_cancel_is_wanted(cancel)) {
            return FETTLE_CANCELLED;
        }
        if (import->now >= until) {
            return FETTLE_TIMEOUT;
        }
        nap(import, until);
    }
}

/* A board that is being unplugged is a bus error first, and gone a moment later. */
static void wait_for_leaving(fettle_usbip_import *import, fettle_us until)
{
    fettle_us latest = clock_now() + LEAVING_US;
    latest = latest < until ? latest : until;
    do {
        fettle_usbip_import_move(import, clock_now());
        if (import->phase == FETTLE_USBIP_LOST) {
            return;
        }
        nap(import, latest);
    } while (import->now < latest);
}

static fettle_outcome make_outcome(fettle_usbip_import *import, fettle_outcome_kind ended,
                                   fettle_us until)
{
    if (!import->result.is_there) {
        bool is_lost = import->phase == FETTLE_USBIP_LOST;
        return (fettle_outcome){.kind = is_lost ? FETTLE_GONE : ended};
    }
    fettle_outcome outcome =
        fettle_usbip_outcome(import->result.status, import->result.count);
    if (outcome.kind == FETTLE_TIMEOUT && ended == FETTLE_CANCELLED) {
        outcome.kind = FETTLE_CANCELLED;
    }
    if (outcome.kind == FETTLE_ERROR && outcome.system == LINUX_EPROTO) {
        wait_for_leaving(import, until);
        if (import->phase == FETTLE_USBIP_LOST) {
            outcome = (fettle_outcome){.kind = FETTLE_GONE};
        }
    }
    if (outcome.kind == FETTLE_GONE) {
        fettle_usbip_import_lose(import);
    }
    return outcome;
}

fettle_outcome fettle_usbip_import_exchange(fettle_usbip_import *import,
                                            const fettle_control *control, fettle_us until,
                                            const fettle_cancel *cancel)
{
    import->now = clock_now();
    if (import->phase != FETTLE_USBIP_READY) {
        return (fettle_outcome){.kind = FETTLE_GONE};
    }
    if (fettle_cancel_is_wanted(cancel)) {
        return (fettle_outcome){.kind = FETTLE_CANCELLED};
    }
    if (import->now >= until) {
        return (fettle_outcome){.kind = FETTLE_TIMEOUT};
    }
    import->result.in = control->in;
    import->result.is_there = false;
    submit(import, control, on_result);
    fettle_outcome_kind ended = wait_for_answer(import, until, cancel);
    if (ended == FETTLE_TIMEOUT || ended == FETTLE_CANCELLED) {
        unlink_asked(import);
        (void)wait_for_answer(import, clock_now() + UNLINK_US, NULL);
    }
    import->asked = 0; /* what comes later is passed over */
    return make_outcome(import, ended, until);
}
