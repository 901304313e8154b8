/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB/IP as bytes. Three receivers of one shape: `room` says where the next bytes belong, `take` looks
 * at what is there and says whether the message is whole. None of them ever wants a byte of the message
 * after it, so a stream can be handed from one to the next.
 */
#include "os/usbip_wire.h"

#include "base/bytes.h"
#include "base/text.h"

#include <string.h>

enum {
    VERSION = 0x0111,
    OP_REQ_DEVLIST = 0x8005,
    OP_REP_DEVLIST = 0x0005,
    OP_REQ_IMPORT = 0x8003,
    OP_REP_IMPORT = 0x0003,
    COUNT_SIZE = 4,
    INTERFACE_SIZE = 4, /* class, subclass, protocol, 0 */

    CMD_SUBMIT = 1,
    CMD_UNLINK = 2,
    RET_SUBMIT = 3,
    RET_UNLINK = 4,
    URB_DIR_IN = 0x200, /* a transfer_flag */

    /* Offsets of a device. */
    AT_BUSID = 256,
    AT_BUSNUM = 288,
    AT_DEVNUM = 292,
    AT_ID = 300,
    AT_BCD_DEVICE = 304,
    AT_CONFIGURATION = 309,
    AT_INTERFACES = 311,

    /* Words of a header. */
    WORD_COMMAND = 0,
    WORD_SEQNUM,
    WORD_DEVID,
    WORD_DIRECTION,
    WORD_FLAGS = 5, /* CMD_UNLINK: the seqnum to cancel. Answers: status */
    WORD_LENGTH,    /* RET_SUBMIT: actual_length */
    AT_SETUP = 40,

    CLASS_APPLICATION = 0xfe, /* USB DFU 1.1 section 4.2.1 */
    SUBCLASS_DFU = 0x01,
    STRING_DESCRIPTOR = 3,
};

/* Of Linux, whatever system this runs on. */
enum {
    LINUX_ENOENT = 2,
    LINUX_ENODEV = 19,
    LINUX_EPIPE = 32,
    LINUX_ECONNRESET = 104,
    LINUX_ESHUTDOWN = 108,
    LINUX_ETIMEDOUT = 110,
};

/* Parts of a list. */
enum {
    LIST_HEAD,
    LIST_COUNT,
    LIST_DEVICE,
    LIST_INTERFACES,
};

static uint16_t get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get32(const uint8_t *bytes)
{
    return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

static void put16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void put32(uint8_t *bytes, uint32_t value)
{
    put16(bytes, (uint16_t)(value >> 16));
    put16(bytes + 2, (uint16_t)value);
}

/* ---- before attaching ---- */

bool fettle_usbip_is_busid(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '/') {
            return false;
        }
    }
    return length > 0 && length < FETTLE_USBIP_BUSID_SIZE;
}

static void encode_op(uint8_t *bytes, uint16_t code)
{
    put16(bytes, VERSION);
    put16(bytes + 2, code);
    put32(bytes + 4, 0);
}

void fettle_usbip_encode_list(uint8_t bytes[FETTLE_USBIP_OP_SIZE])
{
    encode_op(bytes, OP_REQ_DEVLIST);
}

void fettle_usbip_encode_import(uint8_t bytes[FETTLE_USBIP_IMPORT_SIZE], const char *busid)
{
    uint8_t *field = bytes + FETTLE_USBIP_OP_SIZE;
    encode_op(bytes, OP_REQ_IMPORT);
    memset(field, 0, FETTLE_USBIP_BUSID_SIZE);
    for (size_t i = 0; i + 1 < FETTLE_USBIP_BUSID_SIZE && busid[i] != '\0'; i++) {
        field[i] = (uint8_t)busid[i];
    }
}

static bool decode_op(const uint8_t *bytes, uint16_t code, uint32_t *status)
{
    *status = get32(bytes + 4);
    return get16(bytes) == VERSION && get16(bytes + 2) == code;
}

void fettle_usbip_decode_device(fettle_usbip_device *device,
                                const uint8_t bytes[FETTLE_USBIP_DEVICE_SIZE])
{
    *device = (fettle_usbip_device){
        .busnum = get32(bytes + AT_BUSNUM),
        .devnum = get32(bytes + AT_DEVNUM),
        .id = {get16(bytes + AT_ID), get16(bytes + AT_ID + 2)},
        .bcdDevice = get16(bytes + AT_BCD_DEVICE),
        .bConfigurationValue = bytes[AT_CONFIGURATION],
        .bNumInterfaces = bytes[AT_INTERFACES],
    };
    const char *busid = (const char *)bytes + AT_BUSID;
    const char *end = memchr(busid, '\0', FETTLE_USBIP_BUSID_SIZE);
    if (end != NULL && fettle_usbip_is_busid(busid, (size_t)(end - busid))) {
        memcpy(device->busid, busid, (size_t)(end - busid));
    }
}

/* The device whose interfaces are being received. */
static fettle_usbip_device *last_device(fettle_usbip_list *list)
{
    return &list->devices[list->count - 1];
}

static size_t part_size(fettle_usbip_list *list)
{
    switch (list->part) {
    case LIST_HEAD:
        return FETTLE_USBIP_OP_SIZE;
    case LIST_COUNT:
        return COUNT_SIZE;
    case LIST_DEVICE:
        return FETTLE_USBIP_DEVICE_SIZE;
    case LIST_INTERFACES:
    default:
        return (size_t)last_device(list)->bNumInterfaces * INTERFACE_SIZE;
    }
}

uint8_t *fettle_usbip_list_room(fettle_usbip_list *list, size_t *size)
{
    *size = part_size(list) - list->have;
    return list->bytes + list->have;
}

static void look_for_dfu(fettle_usbip_device *device, const uint8_t *interfaces)
{
    for (size_t i = 0; i < device->bNumInterfaces; i++) {
        const uint8_t *interface = interfaces + i * INTERFACE_SIZE;
        device->has_dfu = device->has_dfu || (interface[0] == CLASS_APPLICATION &&
                                              interface[1] == SUBCLASS_DFU);
    }
}

static fettle_usbip_progress go_on_with_devices(fettle_usbip_list *list)
{
    list->part = LIST_DEVICE;
    bool is_full = list->count == FETTLE_USBIP_DEVICES_MAX;
    return list->left == 0 || is_full ? FETTLE_USBIP_WHOLE : FETTLE_USBIP_MORE;
}

static fettle_usbip_progress on_head(fettle_usbip_list *list)
{
    list->part = LIST_COUNT;
    if (!decode_op(list->bytes, OP_REP_DEVLIST, &list->status)) {
        return FETTLE_USBIP_BROKEN;
    }
    return list->status != 0 ? FETTLE_USBIP_WHOLE : FETTLE_USBIP_MORE;
}

static fettle_usbip_progress on_device(fettle_usbip_list *list)
{
    fettle_usbip_decode_device(&list->devices[list->count++], list->bytes);
    list->left--;
    if (last_device(list)->bNumInterfaces > FETTLE_USBIP_INTERFACES_MAX) {
        return FETTLE_USBIP_BROKEN;
    }
    if (last_device(list)->bNumInterfaces == 0) {
        return go_on_with_devices(list);
    }
    list->part = LIST_INTERFACES;
    return FETTLE_USBIP_MORE;
}

fettle_usbip_progress fettle_usbip_list_take(fettle_usbip_list *list, size_t count)
{
    list->have += count;
    if (list->have < part_size(list)) {
        return FETTLE_USBIP_MORE;
    }
    list->have = 0;
    switch (list->part) {
    case LIST_HEAD:
        return on_head(list);
    case LIST_COUNT:
        list->left = get32(list->bytes);
        return go_on_with_devices(list);
    case LIST_DEVICE:
        return on_device(list);
    case LIST_INTERFACES:
    default:
        look_for_dfu(last_device(list), list->bytes);
        return go_on_with_devices(list);
    }
}

static size_t reply_size(const fettle_usbip_reply *reply)
{
    return reply->have < FETTLE_USBIP_OP_SIZE ? FETTLE_USBIP_OP_SIZE : sizeof reply->bytes;
}

uint8_t *fettle_usbip_reply_room(fettle_usbip_reply *reply, size_t *size)
{
    *size = reply_size(reply) - reply->have;
    return reply->bytes + reply->have;
}

fettle_usbip_progress fettle_usbip_reply_take(fettle_usbip_reply *reply, size_t count)
{
    reply->have += count;
    if (reply->have == sizeof reply->bytes) {
        fettle_usbip_decode_device(&reply->device, reply->bytes + FETTLE_USBIP_OP_SIZE);
        return FETTLE_USBIP_WHOLE;
    }
    if (reply->have != FETTLE_USBIP_OP_SIZE) {
        return FETTLE_USBIP_MORE;
    }
    if (!decode_op(reply->bytes, OP_REP_IMPORT, &reply->status)) {
        return FETTLE_USBIP_BROKEN;
    }
    return reply->status != 0 ? FETTLE_USBIP_WHOLE : FETTLE_USBIP_MORE;
}

/* ---- attached: requests ---- */

static void put_word(uint8_t *header, size_t word, uint32_t value)
{
    put32(header + 4 * word, value);
}

static uint32_t get_word(const uint8_t *header, size_t word)
{
    return get32(header + 4 * word);
}

static void encode_header(uint8_t *header, uint32_t command, uint32_t seqnum,
                          uint32_t devid)
{
    memset(header, 0, FETTLE_USBIP_HEADER_SIZE);
    put_word(header, WORD_COMMAND, command);
    put_word(header, WORD_SEQNUM, seqnum);
    put_word(header, WORD_DEVID, devid);
}

/* One that is to bring no bytes has no data stage, and counts as one that goes out (USB 2.0, 9.3.1). */
bool fettle_usbip_is_in(const fettle_control *control)
{
    return (control->bmRequestType & 0x80) != 0 && control->wLength > 0;
}

size_t fettle_usbip_encode_submit(uint8_t *bytes, uint32_t seqnum, uint32_t devid,
                                  const fettle_control *control)
{
    bool is_in = fettle_usbip_is_in(control);
    encode_header(bytes, CMD_SUBMIT, seqnum, devid);
    put_word(bytes, WORD_DIRECTION, is_in ? 1 : 0);
    put_word(bytes, WORD_FLAGS, is_in ? URB_DIR_IN : 0);
    put_word(bytes, WORD_LENGTH, control->wLength);
    uint8_t *setup = bytes + AT_SETUP;
    setup[0] = control->bmRequestType;
    setup[1] = control->bRequest;
    fettle_put16(setup + 2, control->wValue);
    fettle_put16(setup + 4, control->wIndex);
    fettle_put16(setup + 6, control->wLength);
    if (is_in || control->wLength == 0) {
        return FETTLE_USBIP_HEADER_SIZE;
    }
    memcpy(bytes + FETTLE_USBIP_HEADER_SIZE, control->out, control->wLength);
    return (size_t)FETTLE_USBIP_HEADER_SIZE + control->wLength;
}

void fettle_usbip_encode_unlink(uint8_t bytes[FETTLE_USBIP_HEADER_SIZE], uint32_t seqnum,
                                uint32_t devid, uint32_t victim)
{
    encode_header(bytes, CMD_UNLINK, seqnum, devid);
    put_word(bytes, WORD_FLAGS, victim);
}

/* ---- attached: answers ---- */

bool fettle_usbip_inbox_expect(fettle_usbip_inbox *inbox, uint32_t seqnum,
                               const fettle_control *control)
{
    if (inbox->pending_count == FETTLE_USBIP_PENDING_MAX) {
        return false;
    }
    inbox->pending[inbox->pending_count++] = (struct fettle_usbip_pending){
        .seqnum = seqnum,
        .is_in = fettle_usbip_is_in(control),
        .length = control->wLength,
    };
    return true;
}

/* The request whose CMD_SUBMIT (or CMD_UNLINK) has this seqnum; NULL if none has. */
static struct fettle_usbip_pending *find(fettle_usbip_inbox *inbox, uint32_t seqnum,
                                         bool by_unlink)
{
    for (size_t i = 0; i < inbox->pending_count; i++) {
        struct fettle_usbip_pending *pending = &inbox->pending[i];
        bool is_it = by_unlink ? pending->is_unlinked && pending->unlink == seqnum
                               : pending->seqnum == seqnum;
        if (is_it) {
            return pending;
        }
    }
    return NULL;
}

static void forget(fettle_usbip_inbox *inbox, struct fettle_usbip_pending *pending)
{
    *pending = inbox->pending[--inbox->pending_count];
}

bool fettle_usbip_inbox_expect_unlink(fettle_usbip_inbox *inbox, uint32_t seqnum,
                                      uint32_t victim)
{
    struct fettle_usbip_pending *pending = find(inbox, victim, false);
    if (pending == NULL || pending->is_unlinked) {
        return false;
    }
    pending->is_unlinked = true;
    pending->unlink = seqnum;
    return true;
}

/* Of the message that has begun, as far as its bytes tell: its header at least. */
static size_t message_size(fettle_usbip_inbox *inbox)
{
    size_t size = FETTLE_USBIP_HEADER_SIZE;
    if (inbox->have >= FETTLE_USBIP_HEADER_SIZE &&
        get_word(inbox->bytes, WORD_COMMAND) == RET_SUBMIT) {
        const struct fettle_usbip_pending *pending =
            find(inbox, get_word(inbox->bytes, WORD_SEQNUM), false);
        bool has_data = pending != NULL && pending->is_in;
        size += has_data ? get_word(inbox->bytes, WORD_LENGTH) : 0;
    }
    return size;
}

uint8_t *fettle_usbip_inbox_room(fettle_usbip_inbox *inbox, size_t *size)
{
    *size = message_size(inbox) - inbox->have;
    return inbox->bytes + inbox->have;
}

/* A header that is there whole: may it come now? */
static bool is_expected(fettle_usbip_inbox *inbox)
{
    const uint8_t *header = inbox->bytes;
    uint32_t seqnum = get_word(header, WORD_SEQNUM);
    if (get_word(header, WORD_COMMAND) == RET_UNLINK) {
        return find(inbox, seqnum, true) != NULL;
    }
    const struct fettle_usbip_pending *pending = find(inbox, seqnum, false);
    return get_word(header, WORD_COMMAND) == RET_SUBMIT && pending != NULL &&
           !pending->is_answered && get_word(header, WORD_LENGTH) <= pending->length;
}

static void on_ret_submit(fettle_usbip_inbox *inbox, fettle_usbip_answer *answer)
{
    struct fettle_usbip_pending *pending = find(inbox, answer->seqnum, false);
    answer->count = get_word(inbox->bytes, WORD_LENGTH);
    answer->data = pending->is_in ? inbox->bytes + FETTLE_USBIP_HEADER_SIZE : NULL;
    pending->is_answered = true;
    if (!pending->is_unlinked) {
        forget(inbox, pending);
    }
}

static void on_ret_unlink(fettle_usbip_inbox *inbox, fettle_usbip_answer *answer)
{
    struct fettle_usbip_pending *pending = find(inbox, answer->seqnum, true);
    answer->is_unlink = true;
    answer->seqnum = pending->seqnum;
    forget(inbox, pending);
}

fettle_usbip_progress fettle_usbip_inbox_take(fettle_usbip_inbox *inbox, size_t count,
                                              fettle_usbip_answer *answer)
{
    inbox->have += count;
    if (inbox->have < FETTLE_USBIP_HEADER_SIZE) {
        return FETTLE_USBIP_MORE;
    }
    if (!is_expected(inbox)) {
        return FETTLE_USBIP_BROKEN;
    }
    if (inbox->have < message_size(inbox)) {
        return FETTLE_USBIP_MORE;
    }
    inbox->have = 0;
    *answer = (fettle_usbip_answer){
        .seqnum = get_word(inbox->bytes, WORD_SEQNUM),
        .status = (int32_t)get_word(inbox->bytes, WORD_FLAGS),
    };
    if (get_word(inbox->bytes, WORD_COMMAND) == RET_UNLINK) {
        on_ret_unlink(inbox, answer);
    } else {
        on_ret_submit(inbox, answer);
    }
    return FETTLE_USBIP_WHOLE;
}

fettle_outcome fettle_usbip_outcome(int32_t status, size_t count)
{
    switch (-(int64_t)status) {
    case 0:
        return (fettle_outcome){.kind = FETTLE_OK, .count = count};
    case LINUX_EPIPE:
        return (fettle_outcome){.kind = FETTLE_STALL};
    case LINUX_ENOENT: /* cancelled at the other end, as the next two */
    case LINUX_ECONNRESET:
    case LINUX_ETIMEDOUT:
        return (fettle_outcome){.kind = FETTLE_TIMEOUT, .count = count};
    case LINUX_ENODEV:
    case LINUX_ESHUTDOWN:
        return (fettle_outcome){.kind = FETTLE_GONE};
    default:
        return (fettle_outcome){
            .kind = FETTLE_ERROR,
            .why = FETTLE_WHY_SYSTEM,
            .system = (long)(status < 0 ? -(int64_t)status : status),
        };
    }
}

/* ---- descriptors ---- */

static bool is_in_range(uint32_t value, uint32_t first, uint32_t last)
{
    return value >= first && value <= last;
}

/* The character at `*at`, which then is behind it. */
static uint32_t next_character(const uint8_t *bytes, size_t size, size_t *at)
{
    uint32_t unit = fettle_get16(bytes + *at);
    *at += 2;
    if (!is_in_range(unit, 0xd800, 0xdfff)) {
        return unit;
    }
    uint32_t low = *at + 2 <= size ? fettle_get16(bytes + *at) : 0;
    if (unit > 0xdbff || !is_in_range(low, 0xdc00, 0xdfff)) {
        return 0xfffd;
    }
    *at += 2;
    return 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
}

/* RFC 3629 section 3. */
static size_t encode_character(char bytes[4], uint32_t character)
{
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t length = character < 0x80      ? 1
                    : character < 0x800   ? 2
                    : character < 0x10000 ? 3
                                          : 4;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    bytes[0] = (char)(leads[length] | character);
    return length;
}

void fettle_usbip_decode_text(char *text, size_t size, const uint8_t *bytes, size_t count)
{
    text[0] = '\0';
    if (count < 2 || bytes[1] != STRING_DESCRIPTOR) {
        return;
    }
    size_t end = (bytes[0] < count ? bytes[0] : count) & ~(size_t)1;
    for (size_t at = 2; at < end;) {
        char utf8[4];
        uint32_t character = next_character(bytes, end, &at);
        size_t length = encode_character(utf8, character);
        if (character == 0 || !fettle_text_append_part(text, size, utf8, length)) {
            return;
        }
    }
}
