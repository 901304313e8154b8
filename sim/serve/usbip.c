/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of USB/IP. All numbers are big endian, but those of USB itself (the eight setup bytes,
 * descriptors), which are as on the bus.
 *
 * A board is described from what look() saw of it: its device descriptor and its configuration.
 */
#include "usbip.h"

#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

enum {
    VERSION = 0x0111,
    BUSNUM = 1,
    SPEED_FULL = 2,
    DEVICE_DESCRIPTOR_SIZE = 18,
    CONFIGURATION_DESCRIPTOR_SIZE = 9,
    INTERFACE_DESCRIPTOR = 4,
    ENDPOINT_DESCRIPTOR = 5,
};

static uint16_t get_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint32_t get_be32(const uint8_t *bytes)
{
    return (uint32_t)get_be16(bytes) << 16 | get_be16(bytes + 2);
}

static void put_be16(uint8_t *bytes, unsigned value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void put_be32(uint8_t *bytes, uint32_t value)
{
    put_be16(bytes, value >> 16);
    put_be16(bytes + 2, value & 0xffff);
}

/* ---- before a board is imported ---- */

uint16_t fettle_sim_usbip_decode_op(const uint8_t bytes[USBIP_OP_SIZE])
{
    return get_be16(bytes) == VERSION ? get_be16(bytes + 2) : 0;
}

void fettle_sim_usbip_encode_op(uint8_t bytes[USBIP_OP_SIZE], uint16_t code,
                                uint32_t status)
{
    put_be16(bytes, VERSION);
    put_be16(bytes + 2, code);
    put_be32(bytes + 4, status);
}

uint32_t fettle_sim_usbip_devid(const fettle_sight *sight)
{
    return (uint32_t)BUSNUM << 16 | ((sight->arrival - 1) % 0xffff + 1);
}

static void put_text(uint8_t *bytes, size_t size, const char *text)
{
    size_t length = strlen(text);
    memset(bytes, 0, size);
    memcpy(bytes, text, length < size ? length : size - 1);
}

void fettle_sim_usbip_encode_device(uint8_t bytes[USBIP_DEVICE_SIZE], const char *busid,
                                    const fettle_sight *sight)
{
    const uint8_t *device = sight->descriptors;
    const uint8_t *configuration = device + DEVICE_DESCRIPTOR_SIZE;
    put_text(bytes, 256, sight->path);
    put_text(bytes + 256, USBIP_BUSID_SIZE, busid);
    put_be32(bytes + 288, BUSNUM);
    put_be32(bytes + 292, fettle_sim_usbip_devid(sight) & 0xffff);
    put_be32(bytes + 296, SPEED_FULL);
    put_be16(bytes + 300, fettle_get16(device + 8));
    put_be16(bytes + 302, fettle_get16(device + 10));
    put_be16(bytes + 304, fettle_get16(device + 12));
    bytes[306] = device[4];        /* bDeviceClass */
    bytes[307] = device[5];        /* bDeviceSubClass */
    bytes[308] = device[6];        /* bDeviceProtocol */
    bytes[309] = configuration[5]; /* bConfigurationValue */
    bytes[310] = device[17];       /* bNumConfigurations */
    bytes[311] = configuration[4]; /* bNumInterfaces */
}

/* The descriptor at `*at` of the configuration's set, of at least `least` bytes; NULL at the end. */
static const uint8_t *next_of_type(const fettle_sight *sight, size_t *at, uint8_t type,
                                   size_t least)
{
    while (*at + 2 <= sight->descriptors_size) {
        const uint8_t *descriptor = sight->descriptors + *at;
        size_t size = descriptor[0];
        if (size < 2 || *at + size > sight->descriptors_size) {
            return NULL;
        }
        *at += size;
        if (descriptor[1] == type && size >= least) {
            return descriptor;
        }
    }
    return NULL;
}

size_t fettle_sim_usbip_encode_interfaces(
    uint8_t bytes[USBIP_INTERFACES_MAX * USBIP_INTERFACE_SIZE], const fettle_sight *sight)
{
    size_t size = 0, at = DEVICE_DESCRIPTOR_SIZE;
    size_t wanted = sight->descriptors[DEVICE_DESCRIPTOR_SIZE + 4];
    wanted = wanted < USBIP_INTERFACES_MAX ? wanted : USBIP_INTERFACES_MAX;
    const uint8_t *descriptor = next_of_type(sight, &at, INTERFACE_DESCRIPTOR, 9);
    while (descriptor != NULL && size < wanted * USBIP_INTERFACE_SIZE) {
        if (descriptor[3] == 0) { /* bAlternateSetting */
            memcpy(bytes + size, descriptor + 5, 3);
            bytes[size + 3] = 0;
            size += USBIP_INTERFACE_SIZE;
        }
        descriptor = next_of_type(sight, &at, INTERFACE_DESCRIPTOR, 9);
    }
    return size;
}

int fettle_sim_usbip_endpoint(const fettle_sight *sight, uint32_t endpoint, bool is_in)
{
    size_t at = DEVICE_DESCRIPTOR_SIZE;
    const uint8_t *descriptor = next_of_type(sight, &at, ENDPOINT_DESCRIPTOR, 7);
    while (descriptor != NULL) {
        if ((descriptor[2] & 0x0fu) == endpoint && descriptor[2] >> 7 == (is_in ? 1 : 0)) {
            return descriptor[3] & 3;
        }
        descriptor = next_of_type(sight, &at, ENDPOINT_DESCRIPTOR, 7);
    }
    return -1;
}

/* ---- afterwards ---- */

bool fettle_sim_usbip_decode(const uint8_t header[USBIP_HEADER_SIZE],
                             fettle_sim_usbip_command *command)
{
    const uint8_t *setup = header + 40;
    uint32_t direction = get_be32(header + 12);
    uint32_t packets = get_be32(header + 32);
    *command = (fettle_sim_usbip_command){
        .code = get_be32(header),
        .seqnum = get_be32(header + 4),
        .devid = get_be32(header + 8),
    };
    if (command->code == CMD_UNLINK) {
        command->unlinks = get_be32(header + 20);
        return true;
    }
    command->is_in = direction == 1;
    command->endpoint = get_be32(header + 16);
    command->transfer_buffer_length = get_be32(header + 24);
    command->setup = (fettle_control){
        .bmRequestType = setup[0],
        .bRequest = setup[1],
        .wValue = fettle_get16(setup + 2),
        .wIndex = fettle_get16(setup + 4),
        .wLength = fettle_get16(setup + 6),
    };
    return command->code == CMD_SUBMIT && direction <= 1 && command->endpoint <= 15 &&
           command->transfer_buffer_length <= USBIP_DATA_MAX &&
           (packets == 0 || packets == UINT32_MAX);
}

void fettle_sim_usbip_encode(uint8_t header[USBIP_HEADER_SIZE], uint32_t code,
                             uint32_t seqnum, int32_t status, uint32_t actual_length)
{
    memset(header, 0, USBIP_HEADER_SIZE);
    put_be32(header, code);
    put_be32(header + 4, seqnum);
    put_be32(header + 20, (uint32_t)status);
    put_be32(header + 24, actual_length);
}
