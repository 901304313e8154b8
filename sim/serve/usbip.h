/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB/IP 1.1.1 as bytes: pure functions from messages to structs and back (the Linux kernel's
 * Documentation/usb/usbip_protocol.rst). Who answers what is in import.c and server.c.
 */
#ifndef FETTLE_SIM_SERVE_USBIP_H
#define FETTLE_SIM_SERVE_USBIP_H

#include "fettle/transport.h"

enum {
    USBIP_OP_SIZE = 8,
    USBIP_BUSID_SIZE = 32, /* of text, padded with zeros */
    USBIP_DEVICE_SIZE = 312,
    USBIP_INTERFACE_SIZE = 4,
    USBIP_INTERFACES_MAX = 32,
    USBIP_HEADER_SIZE = 48,
    USBIP_DATA_MAX = 65535, /* the most that a control transfer can carry */
};

/* Codes of messages before a board is imported, and what a reply may say of how it went. */
enum {
    OP_REQ_DEVLIST = 0x8005,
    OP_REP_DEVLIST = 0x0005,
    OP_REQ_IMPORT = 0x8003,
    OP_REP_IMPORT = 0x0003,
};
enum {
    ST_OK,
    ST_NA,       /* it may not be had */
    ST_DEV_BUSY, /* someone has it */
    ST_DEV_ERR,
    ST_NODEV, /* it isn't there */
    ST_ERROR,
};

/* Afterwards. */
enum { CMD_SUBMIT = 1, CMD_UNLINK, RET_SUBMIT, RET_UNLINK };

/* Statuses of requests are Linux's error numbers, whatever the system that serves. */
enum {
    USBIP_DONE = 0,
    USBIP_STALLED = -32,   /* EPIPE */
    USBIP_BUS_ERROR = -71, /* EPROTO */
    USBIP_TOO_MUCH = -75,  /* EOVERFLOW */
    USBIP_UNLINKED = -104, /* ECONNRESET */
};

/* CMD_SUBMIT or CMD_UNLINK. */
typedef struct fettle_sim_usbip_command {
    uint32_t code, seqnum, devid;
    bool is_in;
    uint32_t endpoint;
    uint32_t unlinks; /* the seqnum that is to be cancelled */
    uint32_t transfer_buffer_length;
    fettle_control setup; /* `in` and `out` are NULL */
} fettle_sim_usbip_command;

/* The code of a request; 0 if it isn't one of this version. */
uint16_t fettle_sim_usbip_decode_op(const uint8_t bytes[USBIP_OP_SIZE]);
void fettle_sim_usbip_encode_op(uint8_t bytes[USBIP_OP_SIZE], uint16_t code,
                                uint32_t status);

/* False: no packet that a host of endpoints without isochronous ones sends. */
bool fettle_sim_usbip_decode(const uint8_t header[USBIP_HEADER_SIZE],
                             fettle_sim_usbip_command *command);
void fettle_sim_usbip_encode(uint8_t header[USBIP_HEADER_SIZE], uint32_t code,
                             uint32_t seqnum, int32_t status, uint32_t actual_length);

/* busnum << 16 | devnum. A later arrival has another number, as with a real bus. */
uint32_t fettle_sim_usbip_devid(const fettle_sight *sight);

/* The record of a device, and the four bytes for each of its interfaces; their size. */
void fettle_sim_usbip_encode_device(uint8_t bytes[USBIP_DEVICE_SIZE], const char *busid,
                                    const fettle_sight *sight);
size_t fettle_sim_usbip_encode_interfaces(
    uint8_t bytes[USBIP_INTERFACES_MAX * USBIP_INTERFACE_SIZE], const fettle_sight *sight);

/*
 * The transfer type (bmAttributes, USB 2.0 table 9-13) of the board's endpoint of that number and
 * direction, besides endpoint 0. -1: it has none.
 */
enum { USBIP_BULK = 2, USBIP_INTERRUPT = 3 };
int fettle_sim_usbip_endpoint(const fettle_sight *sight, uint32_t endpoint, bool is_in);

#endif
