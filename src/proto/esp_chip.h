/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ESP loader's engine needs to know of a chip, as data. A chip is a row of src/board/chips.c;
 * the engine asks a row and never for its name.
 *
 * Registers are 32-bit addresses as READ_REG takes them; address 0 means that the chip has no such
 * register.
 */
#ifndef FETTLE_PROTO_ESP_CHIP_H
#define FETTLE_PROTO_ESP_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FETTLE_ESP_BITS_MAX = 5,
    FETTLE_ESP_MAGICS_MAX = 4,
    FETTLE_ESP_STRAPS_MAX = 4,
    FETTLE_ESP_PACKAGES_MAX = 8,
    FETTLE_ESP_SIZES_MAX = 10,
    FETTLE_ESP_CONDITIONS_MAX = 3,
};

/* `width` bits of a register from bit `shift` on; they are worth 1 << `place` and more of a value. */
typedef struct fettle_esp_bits {
    uint32_t address;
    uint8_t shift, width, place;
} fettle_esp_bits;

/* A value that is spread over registers. Parts of width 0 don't count; without any it is 0. */
typedef struct fettle_esp_field {
    fettle_esp_bits bits[FETTLE_ESP_BITS_MAX];
} fettle_esp_field;

/* What a boot number says of the strapping pins: the first row with (number & mask) == value. */
typedef enum fettle_esp_boot {
    FETTLE_ESP_BOOT_UNKNOWN,
    FETTLE_ESP_BOOT_DOWNLOAD, /* the serial loader */
    FETTLE_ESP_BOOT_NORMAL,   /* from flash */
    FETTLE_ESP_BOOT_OTHER,    /* another loader: a second pin is wrong */
} fettle_esp_boot;

typedef struct fettle_esp_strap {
    uint32_t mask, value;
    fettle_esp_boot boot;
    const char *why; /* a clause: "GPIO0 was high" */
} fettle_esp_strap;

typedef struct fettle_esp_package {
    uint32_t number;
    const char *name;
} fettle_esp_package;

/* A nibble of byte 3 of an image's header, and what it stands for: bytes, or MHz. */
typedef struct fettle_esp_nibble {
    uint8_t nibble;
    uint32_t is;
} fettle_esp_nibble;

typedef enum fettle_esp_mac_kind {
    FETTLE_ESP_MAC_WORDS, /* low word, high word: most significant byte last */
    FETTLE_ESP_MAC_8266,  /* in words 0, 1 and 3 of its eFuses, without the maker's half */
} fettle_esp_mac_kind;

/* How the rate of a ROM's UART is changed. */
typedef enum fettle_esp_baud_kind {
    FETTLE_ESP_BAUD_PLAIN,   /* CHANGE_BAUDRATE with the rate itself */
    FETTLE_ESP_BAUD_BY_SYNC, /* no such command: the first SYNC after a reset is measured */
    FETTLE_ESP_BAUD_BY_CLOCK, /* the ROM thinks of another clock than it has, and says which */
    FETTLE_ESP_BAUD_AS_40MHZ, /* the ROM counts as with a crystal of 40 MHz */
} fettle_esp_baud_kind;

/* The SPI controller that the flash hangs on: its base, and offsets from there. */
typedef struct fettle_esp_spi {
    uint32_t base;
    uint8_t usr, usr1, usr2, mosi_dlen, miso_dlen, w0;
    bool length_in_usr1;  /* there are no DLEN registers */
    bool is_left_aligned; /* addresses */
} fettle_esp_spi;

/* The watchdog of the RTC domain, and the super watchdog. Address 0: it has none. */
typedef struct fettle_esp_watchdog {
    uint32_t config0, config1, wprotect;
    uint32_t swd_config, swd_wprotect, swd_key;
    uint8_t swd_feed_bit;
    bool resets_chip; /* it may be used to reset the whole chip */
} fettle_esp_watchdog;

typedef struct fettle_esp_condition {
    fettle_esp_bits bits;
    uint32_t value;
} fettle_esp_condition;

typedef struct fettle_esp_chip {
    const char *id;   /* "esp32s3": what --chip takes */
    const char *name; /* "ESP32-S3": what people read */

    /* how it is recognised */
    bool has_chip_id; /* in security info and image headers */
    uint16_t chip_id;
    uint8_t magic_count;
    uint32_t magics[FETTLE_ESP_MAGICS_MAX]; /* at FETTLE_ESP_MAGIC_ADDRESS */
    /* How its ROM's boot text begins, wherever in a line; NULL: unknown. */
    const char *banner;

    /* its ROM */
    uint32_t boot_baud;        /* of the ROM's boot text */
    uint8_t security_info;     /* bytes of GET_SECURITY_INFO: 20, 12, or 0: not there */
    bool has_encrypted_word;   /* BEGIN has a fifth word */
    bool attaches;             /* SPI_ATTACH and SPI_SET_PARAMS; else FLASH_BEGIN does it */
    bool deflates;             /* FLASH_DEFL_* */
    bool hashes;               /* SPI_FLASH_MD5 */
    bool reads;                /* READ_FLASH_SLOW */
    bool erases_too_much;      /* FLASH_BEGIN: see fettle_esp_erase_size() */
    uint32_t rom_limit;        /* first address of flash that its ROM can't reach */
    uint32_t bootloader;       /* where its bootloader begins in flash */
    fettle_esp_baud_kind baud; /* and what is needed for it: */
    fettle_esp_bits clock_estimate;
    fettle_esp_bits clock_unit;

    /* what is told about the single chip */
    fettle_esp_mac_kind mac_kind;
    uint32_t mac[3];
    fettle_esp_field major, minor; /* of its revision */
    bool major_is_unary;           /* the number of low bits that are set in a row */
    /* All hold: 0.0 whatever it says. */
    fettle_esp_condition first_silicon[FETTLE_ESP_CONDITIONS_MAX];
    fettle_esp_field package;
    /* Up to the first without a name. */
    fettle_esp_package packages[FETTLE_ESP_PACKAGES_MAX];
    fettle_esp_field single_core;
    fettle_esp_field pads;   /* the configuration word of SPI_ATTACH, where it isn't 0 */
    uint32_t crystal_mhz;    /* 0: to be measured by uart_clkdiv */
    uint32_t uart_clkdiv;    /* the ROM's UART: its clock divider */
    uint8_t crystal_divisor; /* of what is measured */
    fettle_esp_field secure_boot, secure_boot_v2, crypt_count, no_encrypting;
    uint16_t secure_boot_v2_from; /* revision (major * 100 + minor) that knows it */

    /* its peripherals */
    fettle_esp_spi spi;
    fettle_esp_watchdog watchdog;
    fettle_esp_bits force_download; /* to be cleared before it can start from flash */
    fettle_esp_bits boot_strap;     /* 0: the boot pin was low at the last full reset */
    bool has_usb_jtag, has_usb_otg;
    fettle_esp_strap straps[FETTLE_ESP_STRAPS_MAX]; /* up to the first without a mask */
    const char *boot_pin;                           /* "GPIO0" */

    /* stubs */
    uint16_t stub_from;          /* first revision on which one is used */
    bool no_stub_in_secure_boot; /* its ROM doesn't run what is loaded then */

    /* image headers */
    fettle_esp_nibble sizes[FETTLE_ESP_SIZES_MAX]; /* bytes; up to the first that is 0 */
    fettle_esp_nibble frequencies[4];              /* MHz */

    const char *needed_by, *evidence;
} fettle_esp_chip;

#define FETTLE_ESP_MAGIC_ADDRESS UINT32_C(0x40001000)

/*
 * Reset sequences, in the language of fettle_esp_sequence_parse(): D and R are DTR and RTS, 1 is
 * asserted, which is low; U sets both at once; W waits, in seconds. Two transistors make of them: RTS
 * alone holds the chip in reset (EN), DTR alone the boot pin low, both nothing.
 */
#define FETTLE_ESP_RESET_CLASSIC      "D0|R1|W0.1|D1|R0|W0.05|D0"
#define FETTLE_ESP_RESET_CLASSIC_SLOW "D0|R1|W0.1|D1|R0|W0.55|D0"
#define FETTLE_ESP_RESET_TIGHT        "U0,0|U1,1|U0,1|W0.1|U1,0|W0.05|U0,0|D0"
#define FETTLE_ESP_RESET_TIGHT_SLOW   "U0,0|U1,1|U0,1|W0.1|U1,0|W0.55|U0,0|D0"
#define FETTLE_ESP_RESET_USB_JTAG     "R0|D0|W0.1|D1|R0|W0.1|R1|D0|R1|W0.1|D0|R0"
/* For a bridge whose flow control is coupled to RTS: without the boot pin let go at the end. */
#define FETTLE_ESP_RESET_CLASSIC_HELD "D0|R1|W0.1|D1|R0|W0.05"
#define FETTLE_ESP_RESET_TIGHT_HELD   "U0,0|U1,1|U0,1|W0.1|U1,0|W0.05"
#define FETTLE_ESP_RESTART_UART       "R1|W0.1|R0"
#define FETTLE_ESP_RESTART_USB        "R1|W0.2|R0|W0.2"
#define FETTLE_ESP_RESTART_HELD       "D0|R1|W0.1|D1|W0.1|R0"

#endif
