/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chips, one row each, by what Espressif's own host program, stubs and manuals say. The engine
 * reads the rows (proto/esp_chip.h says what each member means) and knows no chip by name; a new chip
 * is a row here and nothing else.
 */
#include "board/chips.h"

#include "base/text.h"

#define MEBI UINT32_C(0x100000)
#define KIBI UINT32_C(0x400)

#define BITS(address_, shift_, width_)                               \
    {                                                                \
        .address = (address_), .shift = (shift_), .width = (width_), \
    }
#define BITS_AT(address_, shift_, width_, place_)                                      \
    {                                                                                  \
        .address = (address_), .shift = (shift_), .width = (width_), .place = (place_) \
    }
#define FIELD(...)              \
    {                           \
        .bits = { __VA_ARGS__ } \
    }

/* Offsets in the SPI controllers of all chips after the ESP32. */
#define SPI_NEW(base_)                                                               \
    {                                                                                \
        .base = (base_), .usr = 0x18, .usr1 = 0x1C, .usr2 = 0x20, .mosi_dlen = 0x24, \
        .miso_dlen = 0x28, .w0 = 0x58                                                \
    }

#define SIZES_NEW                                                                   \
    {                                                                               \
        {0, 1 * MEBI}, {1, 2 * MEBI}, {2, 4 * MEBI}, {3, 8 * MEBI}, {4, 16 * MEBI}, \
            {5, 32 * MEBI}, {6, 64 * MEBI}, {7, 128 * MEBI},                        \
    }

#define FREQUENCIES_80                              \
    {                                               \
        {0xF, 80}, {0x0, 40}, {0x1, 26}, {0x2, 20}, \
    }

/* 24 bits of address: higher ones wrap to the beginning without a word. */
#define ROM_LIMIT (16 * MEBI)

#define SOURCE "Espressif esptool v5.3.1 and its stubs, and the chip's technical manual"

const fettle_esp_chip fettle_chips[] = {
    {
        .id = "esp8266",
        .name = "ESP8266",
        .magic_count = 1,
        .magics = {0xFFF0C101},
        .banner = " ets Jan",
        .boot_baud = 74880,
        .erases_too_much = true,
        .rom_limit = ROM_LIMIT,
        .baud = FETTLE_ESP_BAUD_BY_SYNC,
        .mac_kind = FETTLE_ESP_MAC_8266,
        .mac = {0x3FF00050, 0x3FF00054, 0x3FF0005C},
        .package = FIELD(BITS(0x3FF00050, 4, 1), BITS_AT(0x3FF00058, 16, 1, 1)),
        .packages = {{0, "ESP8266EX"}, {1, "ESP8285"}, {2, "ESP8285"}, {3, "ESP8285"}},
        .uart_clkdiv = 0x60000014,
        .crystal_divisor = 2,
        .spi = {.base = 0x60000200,
                .usr = 0x1C,
                .usr1 = 0x20,
                .usr2 = 0x24,
                .w0 = 0x40,
                .length_in_usr1 = true,
                .is_left_aligned = true},
        .straps = {{0x7, 0x1, FETTLE_ESP_BOOT_DOWNLOAD, "GPIO0 was low"},
                   {0x7, 0x3, FETTLE_ESP_BOOT_NORMAL, "GPIO0 was high"},
                   {0x4, 0x4, FETTLE_ESP_BOOT_OTHER,
                    "GPIO15 was high, and it must be low"}},
        .boot_pin = "GPIO0",
        .sizes = {{0, 512 * KIBI},
                  {1, 256 * KIBI},
                  {2, 1 * MEBI},
                  {3, 2 * MEBI},
                  {4, 4 * MEBI},
                  {5, 2 * MEBI},
                  {6, 4 * MEBI},
                  {8, 8 * MEBI},
                  {9, 16 * MEBI}},
        .frequencies = FREQUENCIES_80,
        .needed_by = "owners of NodeMCU, Wemos D1 mini, Sonoff and the like",
        .evidence = SOURCE,
    },
    {
        .id = "esp32",
        .name = "ESP32",
        .has_chip_id = true,
        .chip_id = 0,
        .magic_count = 1,
        .magics = {0x00F01D83},
        .banner = "ets Ju", /* "Jun  8 2016" or "Jul 29 2019" */
        .boot_baud = 115200,
        .attaches = true,
        .deflates = true,
        .hashes = true,
        .reads = true,
        .rom_limit = ROM_LIMIT,
        .bootloader = 0x1000,
        .baud = FETTLE_ESP_BAUD_BY_CLOCK,
        .clock_estimate = BITS(0x3FF5F06C, 7, 25),
        .clock_unit = BITS(0x3FF5A010, 0, 8),
        .mac = {0x3FF5A004, 0x3FF5A008},
        .major = FIELD(BITS(0x3FF5A00C, 15, 1), BITS_AT(0x3FF5A014, 20, 1, 1),
                       BITS_AT(0x3FF6607C, 31, 1, 2)),
        .major_is_unary = true,
        .minor = FIELD(BITS(0x3FF5A014, 24, 2)),
        .package = FIELD(BITS(0x3FF5A00C, 9, 3), BITS_AT(0x3FF5A00C, 2, 1, 3)),
        .packages = {{0, "ESP32-D0WDQ6"},
                     {1, "ESP32-D0WD"},
                     {2, "ESP32-D2WD"},
                     {4, "ESP32-U4WDH"},
                     {5, "ESP32-PICO-D4"},
                     {6, "ESP32-PICO-V3-02"},
                     {7, "ESP32-D0WDR2-V3"}},
        .single_core = FIELD(BITS(0x3FF5A00C, 0, 1)),
        .pads = FIELD(BITS(0x3FF5A014, 0, 5), BITS_AT(0x3FF5A014, 5, 5, 6),
                      BITS_AT(0x3FF5A014, 10, 5, 12), BITS_AT(0x3FF5A014, 15, 5, 18),
                      BITS_AT(0x3FF5A00C, 4, 5, 24)),
        .uart_clkdiv = 0x3FF40014,
        .crystal_divisor = 1,
        .secure_boot = FIELD(BITS(0x3FF5A018, 4, 1)),
        .secure_boot_v2 = FIELD(BITS(0x3FF5A018, 5, 1)),
        .secure_boot_v2_from = 300,
        .crypt_count = FIELD(BITS(0x3FF5A000, 20, 7)),
        .no_encrypting = FIELD(BITS(0x3FF5A018, 7, 1)),
        .spi = {.base = 0x3FF42000,
                .usr = 0x1C,
                .usr1 = 0x20,
                .usr2 = 0x24,
                .mosi_dlen = 0x28,
                .miso_dlen = 0x2C,
                .w0 = 0x80,
                .is_left_aligned = true},
        .straps = {{0x30, 0x30, FETTLE_ESP_BOOT_NORMAL,
                    "GPIO0 was high; so was GPIO12, which gives the flash 1.8 V"},
                   {0x10, 0x10, FETTLE_ESP_BOOT_NORMAL, "GPIO0 was high"},
                   {0x08, 0x08, FETTLE_ESP_BOOT_OTHER,
                    "GPIO2 was high, and it must be low or free"},
                   {0x10, 0x00, FETTLE_ESP_BOOT_DOWNLOAD, "GPIO0 was low"}},
        .boot_pin = "GPIO0",
        .sizes = SIZES_NEW,
        .frequencies = FREQUENCIES_80,
        .needed_by = "owners of ESP32 boards, of Pycom modules too",
        .evidence = SOURCE,
    },
    {
        .id = "esp32s2",
        .name = "ESP32-S2",
        .has_chip_id = true,
        .chip_id = 2,
        .magic_count = 1,
        .magics = {0x000007C6},
        .banner = "ESP-ROM:esp32s2",
        .boot_baud = 115200,
        .security_info = 12,
        .has_encrypted_word = true,
        .attaches = true,
        .deflates = true,
        .hashes = true,
        .reads = true,
        .rom_limit = ROM_LIMIT,
        .bootloader = 0x1000,
        .mac = {0x3F41A044, 0x3F41A048},
        .major = FIELD(BITS(0x3F41A050, 18, 2)),
        .minor = FIELD(BITS_AT(0x3F41A050, 20, 1, 3), BITS(0x3F41A054, 4, 3)),
        .crystal_mhz = 40,
        .uart_clkdiv = 0x3F400014,
        .crystal_divisor = 1,
        .secure_boot = FIELD(BITS(0x3F41A038, 20, 1)),
        .crypt_count = FIELD(BITS(0x3F41A034, 18, 3)),
        .no_encrypting = FIELD(BITS(0x3F41A030, 19, 1)),
        .spi = SPI_NEW(0x3F402000),
        .watchdog = {.config0 = 0x3F408094,
                     .config1 = 0x3F408098,
                     .wprotect = 0x3F4080AC,
                     .resets_chip = true},
        .force_download = BITS(0x3F408128, 0, 1),
        .boot_strap = BITS(0x3F404038, 3, 1),
        .has_usb_otg = true,
        .straps = {{0x8, 0x8, FETTLE_ESP_BOOT_NORMAL, "GPIO0 was high"},
                   {0xC, 0x4, FETTLE_ESP_BOOT_OTHER,
                    "GPIO46 was high, and it must be low or free"},
                   {0xC, 0x0, FETTLE_ESP_BOOT_DOWNLOAD, "GPIO0 was low"}},
        .boot_pin = "GPIO0",
        .sizes = SIZES_NEW,
        .frequencies = FREQUENCIES_80,
        .needed_by = "owners of ESP32-S2 boards",
        .evidence = SOURCE,
    },
    {
        .id = "esp32s3",
        .name = "ESP32-S3",
        .has_chip_id = true,
        .chip_id = 9,
        .magic_count = 1,
        .magics = {0x00000009},
        .banner = "ESP-ROM:esp32s3",
        .boot_baud = 115200,
        .security_info = 20,
        .has_encrypted_word = true,
        .attaches = true,
        .deflates = true,
        .hashes = true,
        .reads = true,
        .rom_limit = ROM_LIMIT,
        .mac = {0x60007044, 0x60007048},
        .major = FIELD(BITS(0x60007058, 24, 2)),
        .minor = FIELD(BITS_AT(0x60007058, 23, 1, 3), BITS(0x60007050, 18, 3)),
        .first_silicon = {{BITS(0x60007050, 18, 3), 0},
                          {BITS(0x6000706C, 0, 2), 1},
                          {BITS(0x60007050, 24, 3), 1}},
        .crystal_mhz = 40,
        .uart_clkdiv = 0x60000014,
        .crystal_divisor = 1,
        .secure_boot = FIELD(BITS(0x60007038, 20, 1)),
        .crypt_count = FIELD(BITS(0x60007034, 18, 3)),
        .no_encrypting = FIELD(BITS(0x60007030, 20, 1)),
        .spi = SPI_NEW(0x60002000),
        .watchdog = {.config0 = 0x60008098,
                     .config1 = 0x6000809C,
                     .wprotect = 0x600080B0,
                     .swd_config = 0x600080B4,
                     .swd_wprotect = 0x600080B8,
                     .swd_key = 0x8F1D312A,
                     .swd_feed_bit = 31,
                     .resets_chip = true},
        .force_download = BITS(0x6000812C, 0, 1),
        .boot_strap = BITS(0x60004038, 3, 1),
        .has_usb_jtag = true,
        .has_usb_otg = true,
        .straps = {{0x8, 0x8, FETTLE_ESP_BOOT_NORMAL, "GPIO0 was high"},
                   {0xC, 0x4, FETTLE_ESP_BOOT_OTHER,
                    "GPIO46 was high, and it must be low or free"},
                   {0xC, 0x0, FETTLE_ESP_BOOT_DOWNLOAD, "GPIO0 was low"}},
        .boot_pin = "GPIO0",
        .no_stub_in_secure_boot = true, /* only by overwriting a pointer of the ROM's */
        .sizes = SIZES_NEW,
        .frequencies = FREQUENCIES_80,
        .needed_by = "owners of ESP32-S3 boards",
        .evidence = SOURCE,
    },
    {
        .id = "esp32c2",
        .name = "ESP32-C2",
        .has_chip_id = true,
        .chip_id = 12,
        .magic_count = 3,
        .magics = {0x6F51306F, 0x7C41A06F, 0x0C21E06F},
        .banner = "ESP-ROM:esp8684",
        .boot_baud = 115200, /* 74880 with a crystal of 26 MHz */
        .security_info = 20,
        .has_encrypted_word = true,
        .attaches = true,
        .deflates = true,
        .hashes = true,
        .reads = true,
        .rom_limit = ROM_LIMIT,
        .baud = FETTLE_ESP_BAUD_AS_40MHZ,
        .mac = {0x60008840, 0x60008844},
        .major = FIELD(BITS(0x60008844, 20, 2)),
        .minor = FIELD(BITS(0x60008844, 16, 4)),
        .uart_clkdiv = 0x60000014,
        .crystal_divisor = 1,
        .secure_boot = FIELD(BITS(0x60008830, 21, 1)),
        .crypt_count = FIELD(BITS(0x60008830, 7, 3)),
        .no_encrypting = FIELD(BITS(0x60008830, 6, 1)),
        .spi = SPI_NEW(0x60002000),
        .watchdog = {.config0 = 0x60008084,
                     .config1 = 0x60008088,
                     .wprotect = 0x6000809C,
                     .resets_chip = true},
        .straps = {{0x8, 0x8, FETTLE_ESP_BOOT_NORMAL, "GPIO9 was high"},
                   {0xC, 0x4, FETTLE_ESP_BOOT_DOWNLOAD, "GPIO9 was low"},
                   {0xC, 0x0, FETTLE_ESP_BOOT_OTHER, "GPIO8 was low, and it must be high"}},
        .boot_pin = "GPIO9",
        .stub_from = 100,
        .sizes = SIZES_NEW,
        .frequencies = {{0xF, 60}, {0x0, 30}, {0x1, 20}, {0x2, 15}},
        .needed_by = "owners of ESP32-C2 (ESP8684) boards",
        .evidence = SOURCE,
    },
    {
        .id = "esp32c3",
        .name = "ESP32-C3",
        .has_chip_id = true,
        .chip_id = 5,
        .magic_count = 4,
        .magics = {0x6921506F, 0x1B31506F, 0x4881606F, 0x4361606F},
        .banner = "ESP-ROM:esp32c3",
        .boot_baud = 115200,
        .security_info = 20,
        .has_encrypted_word = true,
        .attaches = true,
        .deflates = true,
        .hashes = true,
        .reads = true,
        .rom_limit = ROM_LIMIT,
        .mac = {0x60008844, 0x60008848},
        .major = FIELD(BITS(0x60008858, 24, 2)),
        .minor = FIELD(BITS_AT(0x60008858, 23, 1, 3), BITS(0x60008850, 18, 3)),
        .crystal_mhz = 40,
        .uart_clkdiv = 0x60000014,
        .crystal_divisor = 1,
        .secure_boot = FIELD(BITS(0x60008838, 20, 1)),
        .crypt_count = FIELD(BITS(0x60008834, 18, 3)),
        .no_encrypting = FIELD(BITS(0x60008830, 20, 1)),
        .spi = SPI_NEW(0x60002000),
        .watchdog = {.config0 = 0x60008090,
                     .config1 = 0x60008094,
                     .wprotect = 0x600080A8,
                     .swd_config = 0x600080AC,
                     .swd_wprotect = 0x600080B0,
                     .swd_key = 0x8F1D312A,
                     .swd_feed_bit = 31,
                     .resets_chip = true},
        .has_usb_jtag = true,
        .straps = {{0x8, 0x8, FETTLE_ESP_BOOT_NORMAL, "GPIO9 was high"},
                   {0xC, 0x4, FETTLE_ESP_BOOT_DOWNLOAD, "GPIO9 was low"},
                   {0xC, 0x0, FETTLE_ESP_BOOT_OTHER, "GPIO8 was low, and it must be high"}},
        .boot_pin = "GPIO9",
        .no_stub_in_secure_boot = true,
        .sizes = SIZES_NEW,
        .frequencies = FREQUENCIES_80,
        .needed_by = "owners of ESP32-C3 boards",
        .evidence = SOURCE,
    },
    {
        .id = "esp32c6",
        .name = "ESP32-C6",
        .has_chip_id = true,
        .chip_id = 13,
        .magic_count = 1,
        .magics = {0x2CE0806F},
        .banner = "ESP-ROM:esp32c6",
        .boot_baud = 115200,
        .security_info = 20,
        .has_encrypted_word = true,
        .attaches = true,
        .deflates = true,
        .hashes = true,
        .reads = true,
        .rom_limit = ROM_LIMIT,
        .mac = {0x600B0844, 0x600B0848},
        .major = FIELD(BITS(0x600B0850, 22, 2)),
        .minor = FIELD(BITS(0x600B0850, 18, 4)),
        .crystal_mhz = 40,
        .uart_clkdiv = 0x60000014,
        .crystal_divisor = 1,
        .secure_boot = FIELD(BITS(0x600B0838, 20, 1)),
        .crypt_count = FIELD(BITS(0x600B0834, 18, 3)),
        .no_encrypting = FIELD(BITS(0x600B0830, 20, 1)),
        .spi = SPI_NEW(0x60003000),
        .watchdog = {.config0 = 0x600B1C00,
                     .config1 = 0x600B1C04,
                     .wprotect = 0x600B1C18,
                     .swd_config = 0x600B1C1C,
                     .swd_wprotect = 0x600B1C20,
                     .swd_key = 0x50D83AA1,
                     .swd_feed_bit = 18}, /* as a reset of the chip it freezes this one */
        .has_usb_jtag = true,
        .straps = {{0x8, 0x8, FETTLE_ESP_BOOT_NORMAL, "GPIO9 was high"},
                   {0xC, 0x4, FETTLE_ESP_BOOT_DOWNLOAD, "GPIO9 was low"},
                   {0xC, 0x0, FETTLE_ESP_BOOT_OTHER, "GPIO8 was low, and it must be high"}},
        .boot_pin = "GPIO9",
        .sizes = SIZES_NEW,
        .frequencies = {{0x0, 40}, {0x2, 20}},
        .needed_by = "owners of ESP32-C6 boards",
        .evidence = SOURCE,
    },
    /* The next row goes above this line. */
};

const size_t fettle_chip_count = sizeof fettle_chips / sizeof *fettle_chips;

/* Without the "-" that people leave out, or put in. */
static const char *skip_dashes(const char *text)
{
    while (*text == '-') {
        text++;
    }
    return text;
}

static bool is_same_name(const char *a, const char *b)
{
    for (;; a++, b++) {
        a = skip_dashes(a);
        b = skip_dashes(b);
        char wanted[2] = {*a, '\0'}, given[2] = {*b, '\0'};
        if (!fettle_text_is_same_word(wanted, given)) {
            return false;
        }
        if (*a == '\0') {
            return true;
        }
    }
}

const fettle_esp_chip *fettle_chip_named(const char *name)
{
    for (size_t i = 0; i < fettle_chip_count; i++) {
        if (is_same_name(fettle_chips[i].id, name)) {
            return &fettle_chips[i];
        }
    }
    return NULL;
}

const fettle_esp_chip *fettle_chip_of_id(uint16_t chip_id)
{
    for (size_t i = 0; i < fettle_chip_count; i++) {
        if (fettle_chips[i].has_chip_id && fettle_chips[i].chip_id == chip_id) {
            return &fettle_chips[i];
        }
    }
    return NULL;
}

uint32_t fettle_chip_flash_size(const fettle_esp_chip *chip, uint8_t nibble)
{
    for (size_t i = 0; i < FETTLE_ESP_SIZES_MAX && chip->sizes[i].is > 0; i++) {
        if (chip->sizes[i].nibble == nibble) {
            return chip->sizes[i].is;
        }
    }
    return 0;
}
