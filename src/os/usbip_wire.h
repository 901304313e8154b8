/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB/IP 1.1.1 as bytes, the client's half: requests are encoded, and what a server sends is taken in
 * pieces of any size. Pure: no socket, no clock, no memory but the caller's. A server is not trusted:
 * every count and length is bounded before it is used.
 *
 * Sources: the Linux kernel's Documentation/usb/usbip_protocol.rst (messages, offsets), USB 2.0 sections
 * 9.3 (setup) and 9.6 (descriptors). On the wire all numbers are big-endian but those of the setup.
 */
#ifndef FETTLE_OS_USBIP_WIRE_H
#define FETTLE_OS_USBIP_WIRE_H

#include "fettle/transport.h"

enum {
    /* Version, code, status: how each message before attaching begins. */
    FETTLE_USBIP_OP_SIZE = 8,
    FETTLE_USBIP_BUSID_SIZE = 32, /* with its NUL */
    FETTLE_USBIP_IMPORT_SIZE = FETTLE_USBIP_OP_SIZE + FETTLE_USBIP_BUSID_SIZE,
    FETTLE_USBIP_DEVICE_SIZE = 312,
    FETTLE_USBIP_HEADER_SIZE = 48, /* of each message once attached */
    FETTLE_USBIP_DATA_MAX = 65535, /* wLength has 16 bits */
    FETTLE_USBIP_MESSAGE_MAX = FETTLE_USBIP_HEADER_SIZE + FETTLE_USBIP_DATA_MAX,

    FETTLE_USBIP_DEVICES_MAX = 64, /* of a list; further ones are not seen */
    FETTLE_USBIP_INTERFACES_MAX = 32,
    FETTLE_USBIP_PENDING_MAX = 8, /* requests without an answer on one import */
};

/* `status` of a refused import; anything else is an error that has no better word. */
enum {
    FETTLE_USBIP_NO_PERMISSION = 1, /* ST_NA */
    FETTLE_USBIP_HELD = 2,          /* ST_DEV_BUSY */
    FETTLE_USBIP_NOT_THERE = 4,     /* ST_NODEV */
};

/* What came of bytes that were taken in. */
typedef enum fettle_usbip_progress {
    FETTLE_USBIP_MORE,   /* the message isn't whole yet */
    FETTLE_USBIP_WHOLE,  /* it is */
    FETTLE_USBIP_BROKEN, /* this is no USB/IP: nothing that follows can be understood */
} fettle_usbip_progress;

/* ---- before attaching ---- */

/* One device, as a list or the answer to an import tells of it. */
typedef struct fettle_usbip_device {
    char busid[FETTLE_USBIP_BUSID_SIZE]; /* empty: not one that can be used in a path */
    uint32_t busnum, devnum;
    fettle_usb_id id;
    uint16_t bcdDevice;
    uint8_t bConfigurationValue, bNumInterfaces;
    bool has_dfu; /* one of the listed interfaces is of DFU's class: 0xfe, 0x01 */
} fettle_usbip_device;

/* 1 to 31 printing ASCII characters without "/". */
bool fettle_usbip_is_busid(const char *text, size_t length);

/* OP_REQ_DEVLIST. */
void fettle_usbip_encode_list(uint8_t bytes[FETTLE_USBIP_OP_SIZE]);

/* OP_REQ_IMPORT; `busid` is one that fettle_usbip_is_busid() takes. */
void fettle_usbip_encode_import(uint8_t bytes[FETTLE_USBIP_IMPORT_SIZE], const char *busid);

/*
 * The device's 312 bytes. A busid that can't be used in a path (or has no end) is left empty; all else
 * is taken as it is. has_dfu is false: interfaces come after the device.
 */
void fettle_usbip_decode_device(fettle_usbip_device *device,
                                const uint8_t bytes[FETTLE_USBIP_DEVICE_SIZE]);

/*
 * An OP_REP_DEVLIST that is being received; zeroed to begin with. WHOLE: `status`, and where that is 0
 * `count` devices, each in `devices`. More than FETTLE_USBIP_DEVICES_MAX: only so many are taken, and the
 * rest is left unread. BROKEN: another version or code, or more interfaces than there can be.
 */
typedef struct fettle_usbip_list {
    uint32_t status;
    size_t count;
    fettle_usbip_device devices[FETTLE_USBIP_DEVICES_MAX];

    /* the decoder's own */
    unsigned part;
    uint32_t left; /* devices */
    size_t have;   /* bytes of `part` */
    uint8_t bytes[FETTLE_USBIP_DEVICE_SIZE];
} fettle_usbip_list;

/* Where the next bytes belong, and how many at most (never 0 before it is WHOLE). */
uint8_t *fettle_usbip_list_room(fettle_usbip_list *list, size_t *size);
fettle_usbip_progress fettle_usbip_list_take(fettle_usbip_list *list, size_t count);

/* The same for an OP_REP_IMPORT. `device` is there where status is 0. */
typedef struct fettle_usbip_reply {
    uint32_t status;
    fettle_usbip_device device;

    /* the decoder's own */
    size_t have;
    uint8_t bytes[FETTLE_USBIP_OP_SIZE + FETTLE_USBIP_DEVICE_SIZE];
} fettle_usbip_reply;

uint8_t *fettle_usbip_reply_room(fettle_usbip_reply *reply, size_t *size);
fettle_usbip_progress fettle_usbip_reply_take(fettle_usbip_reply *reply, size_t count);

/* ---- attached ---- */

/* Is there a data stage to the host? */
bool fettle_usbip_is_in(const fettle_control *control);

/*
 * CMD_SUBMIT of a control transfer on endpoint 0, with the data of one that goes out. Returns its size, at
 * most FETTLE_USBIP_MESSAGE_MAX.
 */
size_t fettle_usbip_encode_submit(uint8_t *bytes, uint32_t seqnum, uint32_t devid,
                                  const fettle_control *control);

/* CMD_UNLINK of the request `victim`. */
void fettle_usbip_encode_unlink(uint8_t bytes[FETTLE_USBIP_HEADER_SIZE], uint32_t seqnum,
                                uint32_t devid, uint32_t victim);

/* One answer. `data` is the inbox's, valid until bytes are taken in again. */
typedef struct fettle_usbip_answer {
    uint32_t seqnum;     /* of the CMD_SUBMIT that it is about */
    bool is_unlink;      /* RET_UNLINK: there will be no other one */
    int32_t status;      /* 0 or a negative errno of Linux */
    size_t count;        /* bytes that moved */
    const uint8_t *data; /* so many; NULL where they went out */
} fettle_usbip_answer;

/*
 * What arrives on an import; zeroed to begin with. It knows the requests that have no answer yet, because
 * whether data follows an answer is told by the request alone, and because an answer that nobody asked
 * for, one that is larger than what was asked for, or a second one means that the stream is BROKEN.
 */
typedef struct fettle_usbip_inbox {
    size_t have;
    size_t pending_count;
    struct fettle_usbip_pending {
        uint32_t seqnum, unlink;
        bool is_in, is_unlinked, is_answered;
        uint16_t length;
    } pending[FETTLE_USBIP_PENDING_MAX];
    uint8_t bytes[FETTLE_USBIP_MESSAGE_MAX];
} fettle_usbip_inbox;

/* A CMD_SUBMIT was sent. False: too many have no answer. */
bool fettle_usbip_inbox_expect(fettle_usbip_inbox *inbox, uint32_t seqnum,
                               const fettle_control *control);

/* A CMD_UNLINK `seqnum` of the request `victim` was sent. False: that has its answer, or had one unlink. */
bool fettle_usbip_inbox_expect_unlink(fettle_usbip_inbox *inbox, uint32_t seqnum,
                                      uint32_t victim);

uint8_t *fettle_usbip_inbox_room(fettle_usbip_inbox *inbox, size_t *size);

/* WHOLE fills in `answer`. */
fettle_usbip_progress fettle_usbip_inbox_take(fettle_usbip_inbox *inbox, size_t count,
                                              fettle_usbip_answer *answer);

/* What a control transfer with this `status` (0 or a negative errno of Linux) came to. */
fettle_outcome fettle_usbip_outcome(int32_t status, size_t count);

/* ---- descriptors ---- */

/*
 * The text of a string descriptor of `count` bytes as UTF-8, up to its first NUL; a half of a surrogate
 * pair is U+FFFD, what doesn't fit is cut between characters. Empty where it is no string descriptor.
 */
void fettle_usbip_decode_text(char *text, size_t size, const uint8_t *bytes, size_t count);

#endif
