/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB bridges and the chips' own USB, one row each. Rates are what users report as reliable with a
 * good cable, not what a data sheet promises.
 */
#include "board/bridges.h"

/* Both lines in one call first: with two, the boot pin is free for a moment. */
#define RESETS_UART                                                                    \
    {                                                                                  \
        FETTLE_ESP_RESET_TIGHT, FETTLE_ESP_RESET_TIGHT_SLOW, FETTLE_ESP_RESET_CLASSIC, \
            FETTLE_ESP_RESET_CLASSIC_SLOW,                                             \
    }

#define UART(vendor_, product_, name_, baud_max_)                               \
    .vendor = (vendor_), .product = (product_), .name = (name_),                \
    .kind = FETTLE_BRIDGE_UART, .baud_max = (baud_max_), .resets = RESETS_UART, \
    .restart = FETTLE_ESP_RESTART_UART

#define OTG(product_, name_)                                             \
    .vendor = 0x303A, .product = (product_), .name = (name_),            \
    .kind = FETTLE_BRIDGE_USB_OTG, .resets = {FETTLE_ESP_RESET_CLASSIC}, \
    .restart = FETTLE_ESP_RESTART_USB,                                   \
    .habit =                                                             \
        "The chip's ROM speaks USB itself; the port goes away when the chip restarts."

const fettle_bridge fettle_bridges[] = {
    {
        UART(0x10C4, 0xEA60, "CP210x", 921600),
        .needed_by = "most ESP32 boards",
        .evidence =
            "CP2102 tops out at 921600 to 1 M; CP2102N goes higher, under the same ids",
    },
    {
        .vendor = 0x10C4,
        .product = 0xEA64,
        .name = "CP2102C",
        .kind = FETTLE_BRIDGE_UART,
        .baud_max = 921600,
        .resets = {FETTLE_ESP_RESET_TIGHT_HELD, FETTLE_ESP_RESET_CLASSIC_HELD},
        .restart = FETTLE_ESP_RESTART_HELD,
        .no_hangup = true,
        .habit =
            "Its flow control is always on, and coupled to the line that resets the chip.",
        .needed_by = "newer Espressif boards",
        .evidence = "Espressif esp-pylib, serial_reset, 2026",
    },
    {
        UART(0x10C4, 0xEA70, "CP2105", 921600),
        .needed_by = "boards with two ports",
        .evidence = "Silicon Labs ids",
    },
    {
        UART(0x10C4, 0xEA71, "CP2108", 921600),
        .needed_by = "boards with four ports",
        .evidence = "Silicon Labs ids",
    },
    {
        UART(0x1A86, 0x7523, "CH340", 460800),
        .habit = "Some systems' drivers hold no more than 115200.",
        .needed_by = "most low-cost ESP8266 and ESP32 boards",
        .evidence = "esptool issues 102, 145, 435: rates above fail with old drivers",
    },
    {
        UART(0x1A86, 0x5523, "CH341", 460800),
        .habit = "Its divider misses 921600 by too much for an ESP8266.",
        .needed_by = "older adapters",
        .evidence = "esptool issue 435",
    },
    {
        UART(0x1A86, 0x55D4, "CH9102", 921600),
        .needed_by = "newer ESP32 boards",
        .evidence = "WCH ids; users report 1.5 M and more",
    },
    {
        UART(0x1A86, 0x55D3, "CH343", 921600),
        .needed_by = "newer ESP32-S3 and C3 boards",
        .evidence = "WCH ids; users report 1.5 M and more",
    },
    {
        UART(0x1A86, 0x55D2, "CH342", 921600),
        .needed_by = "boards with two ports",
        .evidence = "WCH ids",
    },
    {
        UART(0x0403, 0x6001, "FT232R", 921600),
        .habit = "It keeps what comes in for up to 16 ms unless its latency timer is set.",
        .needed_by = "adapters, and boards by their side",
        .evidence = "FTDI ids; esptool issue 67: its regulator gives 50 mA only",
    },
    {
        UART(0x0403, 0x6010, "FT2232H", 921600),
        .habit = "Its second interface is the chip's port on Espressif's boards.",
        .needed_by = "Ethernet Kit, Wrover Kit, ESP-Prog",
        .evidence = "FTDI ids",
    },
    {
        UART(0x0403, 0x6011, "FT4232H", 921600),
        .needed_by = "adapters with four ports",
        .evidence = "FTDI ids",
    },
    {
        UART(0x0403, 0x6014, "FT232H", 921600),
        .needed_by = "adapters",
        .evidence = "FTDI ids",
    },
    {
        UART(0x0403, 0x6015, "FT-X", 921600),
        .needed_by = "adapters, Pycom expansion boards of the first generation",
        .evidence = "FTDI ids",
    },
    {
        UART(0x067B, 0x2303, "PL2303", 115200),
        .habit = "Old copies are blocked by their maker's driver.",
        .needed_by = "older adapters",
        .evidence = "Prolific ids; nothing is known of higher rates",
    },
    {
        UART(0x303A, 0x1002, "ESP USB Bridge", 921600),
        .needed_by = "Espressif's own programmer",
        .evidence = "listed by ESP Web Tools",
    },
    {
        .vendor = 0x303A,
        .product = 0x1001,
        .name = "USB-Serial-JTAG",
        .kind = FETTLE_BRIDGE_USB_JTAG,
        .resets = {FETTLE_ESP_RESET_USB_JTAG},
        .restart = FETTLE_ESP_RESTART_USB,
        .habit = "A restart over it doesn't sample the strapping pins again.",
        .needed_by = "ESP32-S3, C3 and C6 boards with one plug",
        .evidence = "Espressif esptool v5.3.1",
    },
    {
        OTG(0x0002, "ESP32-S2 ROM"),
        .needed_by = "ESP32-S2 boards",
        .evidence = "Espressif esptool v5.3.1: the product id is the chip's id",
    },
    {
        OTG(0x0009, "ESP32-S3 ROM"),
        .needed_by = "ESP32-S3 boards with their USB set to OTG",
        .evidence = "Espressif esptool v5.3.1: the product id is the chip's id",
    },
    {
        .vendor = 0x303A,
        .product = 0x4001,
        .name = "TinyUSB application",
        .kind = FETTLE_BRIDGE_APPLICATION,
        .resets = {FETTLE_ESP_RESET_CLASSIC},
        .restart = FETTLE_ESP_RESTART_USB,
        .habit = "Whether it makes way for the loader is up to the application.",
        .needed_by = "ESP32-S2 and S3 boards that run an application with USB",
        .evidence = "ESP-IDF example, esp-idf issue 15597",
    },
    /* The next row goes above this line. */
};

const size_t fettle_bridge_count = sizeof fettle_bridges / sizeof *fettle_bridges;

const fettle_bridge fettle_bridge_generic = {
    UART(0, 0, "serial port", 460800),
    .needed_by = "everybody with a bridge that no row knows",
    .evidence = "most bridges hold 460800",
};

const fettle_bridge *fettle_bridge_of(fettle_usb_id id)
{
    for (size_t i = 0; i < fettle_bridge_count; i++) {
        if (fettle_bridges[i].vendor == id.vendor &&
            fettle_bridges[i].product == id.product) {
            return &fettle_bridges[i];
        }
    }
    return &fettle_bridge_generic;
}

size_t fettle_bridge_bauds(const fettle_bridge *bridge, uint32_t max, uint32_t *bauds,
                           size_t room)
{
    static const uint32_t steps[] = {230400, 460800, 921600, 1500000, 2000000};
    uint32_t limit = max > 0 ? max : bridge->baud_max;
    size_t count = 0;
    if (bridge->baud_max == 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof steps / sizeof *steps && count < room; i++) {
        if (steps[i] < limit) {
            bauds[count++] = steps[i];
        }
    }
    if (count < room && limit > 115200) {
        bauds[count++] = limit;
    }
    return count;
}

bool fettle_bridge_is_known(const fettle_sight *sight)
{
    return sight->kind == FETTLE_LINK_SERIAL &&
           fettle_bridge_of(sight->id) != &fettle_bridge_generic;
}
