/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is true of boards without a vendor of their own: the board that no table knows, and the DFU
 * interfaces that sit inside computers and must be left alone.
 */
#include "board/board.h"

const fettle_board_row fettle_board_generic = {
    .id = "dfu",
    .name = "DFU board",
    .protocol = FETTLE_PROTOCOL_DFU,
    .face_count = 1,
    .faces = {{FETTLE_MODE_UNKNOWN, FETTLE_LINK_USB, {0, 0}}},
    .memory = {.blank = {0xFF, 0xFF}},
    .comes_back = 15000000,
    .needed_by = "everybody with a board that follows USB DFU 1.1",
    .evidence = "USB DFU 1.1",
};

const fettle_board_row fettle_board_esp = {
    .id = "esp",
    .name = "ESP board",
    .protocol = FETTLE_PROTOCOL_ESP,
    .face_count = 1,
    .faces = {{FETTLE_MODE_UNKNOWN, FETTLE_LINK_SERIAL, {0, 0}}},
    .memory = {.blank = {0xFF, 0xFF}},
    .comes_back = 15000000,
    .enter = "Hold BOOT (on boards without that button: connect GPIO0 with GND),\n"
             "press RESET (EN) briefly,\n"
             "then let BOOT go.",
    .plug =
        "Plug the ESP board in.\n"
        "If nothing happens then (its program may have switched its USB off): unplug it, "
        "and hold BOOT while you plug it in again.",
    .needed_by = "everybody with an ESP8266 or ESP32 behind a serial line",
    .evidence = "Espressif, \"Serial Protocol\"",
};

/* All offer DFU while they run; seen in listings where people looked for a board of theirs. */
const fettle_usb_id fettle_computer_parts[] = {
    {0x05ac, 0x8289}, /* Apple Bluetooth */
    {0x05ac, 0x8290}, /* Apple Bluetooth */
    {0x05ac, 0x8bcd}, /* Apple Bluetooth, chosen by dfu-util instead of a Pysense */
    {0x0a5c, 0x218c}, /* Broadcom Bluetooth, in a BURO BU-BT30 */
    {0x0a5c, 0x21e8}, /* Broadcom BCM20702A0 Bluetooth */
    {0x0b05, 0x17cb}, /* ASUS USB-BT400 Bluetooth */
};

const size_t fettle_computer_part_count =
    sizeof fettle_computer_parts / sizeof *fettle_computer_parts;

fettle_mode fettle_board_mode_of(const fettle_board_row *row, fettle_usb_id id)
{
    for (size_t i = 0; i < row->face_count; i++) {
        const fettle_face *face = &row->faces[i];
        if (face->id.vendor != 0 && face->id.vendor == id.vendor &&
            face->id.product == id.product) {
            return face->mode;
        }
    }
    return FETTLE_MODE_UNKNOWN;
}

fettle_usb_id fettle_board_id_in(const fettle_board_row *row, fettle_mode mode)
{
    for (size_t i = 0; i < row->face_count; i++) {
        if (row->faces[i].mode == mode) {
            return row->faces[i].id;
        }
    }
    return (fettle_usb_id){0, 0};
}
