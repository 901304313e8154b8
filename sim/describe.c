/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors, written field by field as USB 2.0 chapter 9 and DFU 1.1 chapter 4 list them, and the
 * answers to requests for them.
 */
#include "internal.h"

#include <string.h>

enum {
    DEVICE = 1,
    CONFIGURATION = 2,
    STRING = 3,
    INTERFACE = 4,
    DFU_FUNCTIONAL = 0x21,
};

void fettle_sim_write8(fettle_sim_writer *writer, unsigned value)
{
    if (writer->size < writer->room) {
        writer->bytes[writer->size++] = (uint8_t)value;
    }
}

void fettle_sim_write16(fettle_sim_writer *writer, unsigned value)
{
    fettle_sim_write8(writer, value & 0xff);
    fettle_sim_write8(writer, value >> 8 & 0xff);
}

void fettle_sim_write(fettle_sim_writer *writer, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        fettle_sim_write8(writer, bytes[i]);
    }
}

void fettle_sim_write_device(fettle_sim_writer *writer,
                             const fettle_sim_device_words *words)
{
    fettle_sim_write8(writer, 18);
    fettle_sim_write8(writer, DEVICE);
    fettle_sim_write16(writer, words->bcdUSB);
    fettle_sim_write8(writer, words->bDeviceClass);
    fettle_sim_write8(writer, words->bDeviceSubClass);
    fettle_sim_write8(writer, words->bDeviceProtocol);
    fettle_sim_write8(writer, 64); /* bMaxPacketSize0 */
    fettle_sim_write16(writer, words->id.vendor);
    fettle_sim_write16(writer, words->id.product);
    fettle_sim_write16(writer, words->bcdDevice);
    fettle_sim_write8(writer, words->has_strings ? 1 : 0); /* iManufacturer */
    fettle_sim_write8(writer, words->has_strings ? 2 : 0); /* iProduct */
    fettle_sim_write8(writer, words->has_strings ? 3 : 0); /* iSerialNumber */
    fettle_sim_write8(writer, 1);                          /* bNumConfigurations */
}

void fettle_sim_write_configuration(fettle_sim_writer *writer, uint8_t bNumInterfaces)
{
    fettle_sim_write8(writer, 9);
    fettle_sim_write8(writer, CONFIGURATION);
    fettle_sim_write16(writer, 0); /* wTotalLength, see below */
    fettle_sim_write8(writer, bNumInterfaces);
    fettle_sim_write8(writer, 1);    /* bConfigurationValue */
    fettle_sim_write8(writer, 0);    /* iConfiguration */
    fettle_sim_write8(writer, 0x80); /* bus powered */
    fettle_sim_write8(writer, 50);   /* bMaxPower: 100 mA */
}

void fettle_sim_end_configuration(fettle_sim_writer *writer)
{
    size_t at = 0;
    while (at + 4 <= writer->size && writer->bytes[at + 1] != CONFIGURATION) {
        at += writer->bytes[at];
    }
    size_t total = writer->size - at;
    writer->bytes[at + 2] = (uint8_t)(total & 0xff);
    writer->bytes[at + 3] = (uint8_t)(total >> 8);
}

void fettle_sim_write_interface(fettle_sim_writer *writer,
                                const fettle_sim_interface_words *words)
{
    fettle_sim_write8(writer, 9);
    fettle_sim_write8(writer, INTERFACE);
    fettle_sim_write8(writer, words->bInterfaceNumber);
    fettle_sim_write8(writer, words->bAlternateSetting);
    fettle_sim_write8(writer, words->bNumEndpoints);
    fettle_sim_write8(writer, words->bInterfaceClass);
    fettle_sim_write8(writer, words->bInterfaceSubClass);
    fettle_sim_write8(writer, words->bInterfaceProtocol);
    fettle_sim_write8(writer, words->iInterface);
}

void fettle_sim_write_functional(fettle_sim_writer *writer, uint8_t bmAttributes,
                                 uint16_t wDetachTimeOut, uint16_t wTransferSize,
                                 uint16_t bcdDFUVersion)
{
    fettle_sim_write8(writer, 9);
    fettle_sim_write8(writer, DFU_FUNCTIONAL);
    fettle_sim_write8(writer, bmAttributes);
    fettle_sim_write16(writer, wDetachTimeOut);
    fettle_sim_write16(writer, wTransferSize);
    fettle_sim_write16(writer, bcdDFUVersion);
}

/* One UTF-8 character as UTF-16; what isn't one, or lies beyond 16 bits, becomes U+FFFD. */
static size_t take_character(const uint8_t *text, unsigned *character)
{
    unsigned first = text[0];
    *character = first;
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first < 0xe0 && (text[1] & 0xc0) == 0x80) {
        *character = (first & 0x1f) << 6 | (text[1] & 0x3fu);
        return 2;
    }
    if (first >= 0xe0 && first < 0xf0 && (text[1] & 0xc0) == 0x80 &&
        (text[2] & 0xc0) == 0x80) {
        *character = (first & 0x0f) << 12 | (text[1] & 0x3fu) << 6 | (text[2] & 0x3fu);
        return 3;
    }
    *character = 0xfffd;
    return 1;
}

void fettle_sim_write_string(fettle_sim_writer *writer, const char *text)
{
    size_t begin = writer->size;
    fettle_sim_write8(writer, 0); /* bLength, below */
    fettle_sim_write8(writer, STRING);
    const uint8_t *at = (const uint8_t *)text;
    while (*at != 0 && writer->size - begin + 2 <= 254) {
        unsigned character;
        at += take_character(at, &character);
        fettle_sim_write16(writer, character);
    }
    writer->bytes[begin] = (uint8_t)(writer->size - begin);
}

fettle_sim_reply fettle_sim_say(fettle_outcome_kind kind)
{
    return (fettle_sim_reply){.kind = kind};
}

fettle_sim_reply fettle_sim_answer(const fettle_control *control, const uint8_t *bytes,
                                   size_t size, size_t wanted)
{
    if (control->in == NULL && control->wLength > 0) {
        return fettle_sim_say(FETTLE_STALL);
    }
    size_t count = size < wanted ? size : wanted;
    count = count < control->wLength ? count : control->wLength;
    if (count > 0) {
        memcpy(control->in, bytes, count);
    }
    return (fettle_sim_reply){.kind = FETTLE_OK, .count = count};
}

void fettle_sim_copy_text(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text);
}
