/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image that the ROM of an ESP chip loads, and that its second-stage loader starts: a header, segments, a checksum,
 * mostly a SHA-256. All numbers are little endian.
 *
 *     ESP8266         E9, 8 bytes of header; the ROM's own form
 *     ESP8266, v2     EA 04, one segment that stays in flash, then an image of the first form
 *     all others      E9, 24 bytes of header, of which the last 16 name the chip
 *
 * Sources: Espressif's description of the firmware image format (esptool's documentation), esp_app_format.h and
 * esp_bootloader_desc.h of ESP-IDF.
 *
 * Pure: everything is in the caller's memory, nothing is allocated, nothing is kept.
 */
#ifndef FETTLE_IMAGE_ESP_IMAGE_H
#define FETTLE_IMAGE_ESP_IMAGE_H

#include "base/error.h"
#include "base/hash.h"

enum {
    FETTLE_ESP_SEGMENTS_MAX = 16,
    FETTLE_FLASH_SECTOR = 0x1000, /* smallest piece of flash that can be erased */
    /* Of an image: all that descriptors say lies in front of it. */
    FETTLE_ESP_HEAD_SIZE = 0x120,
    FETTLE_ESP_DESC_SIZE = 33,        /* texts of descriptors: 32 bytes there, and a NUL */
    FETTLE_ESP_REVISION_ANY = 0xFFFF, /* as an upper limit: there is none */
    FETTLE_ESP_CHIP_NAME_SIZE = 16,
};

typedef enum fettle_esp_form {
    FETTLE_ESP_FORM_ESP32, /* of every chip but the ESP8266: the header names the chip */
    FETTLE_ESP_FORM_ESP8266,
    FETTLE_ESP_FORM_ESP8266_V2,
} fettle_esp_form;

/* What a piece of flash, or a file for it, holds. */
typedef enum fettle_esp_content {
    FETTLE_ESP_UNKNOWN,
    FETTLE_ESP_BLANK, /* every byte is FF */
    FETTLE_ESP_APPLICATION,
    FETTLE_ESP_BOOTLOADER, /* the second stage */
    FETTLE_ESP_IMAGE,      /* one of these two; which can't be told */
    FETTLE_ESP_TABLE,      /* of partitions */
    FETTLE_ESP_OTADATA,    /* which application slot is started */
    FETTLE_ESP_NVS,        /* settings: keys and values */
    FETTLE_ESP_LITTLEFS,
    FETTLE_ESP_SPIFFS,
    FETTLE_ESP_FAT,
    FETTLE_ESP_MERGED, /* the flash from its bootloader on: a file that has several of these */
} fettle_esp_content;

typedef struct fettle_esp_segment {
    uint32_t address; /* where the chip has it; 0 often means padding */
    uint32_t offset;  /* of its data, from the beginning of the image */
    uint32_t size;
} fettle_esp_segment;

typedef struct fettle_esp_image {
    fettle_esp_form form;
    fettle_esp_content content; /* APPLICATION, BOOTLOADER or IMAGE */

    /* The header. Codes as they stand there; see fettle_esp_flash_size() and the like. */
    uint8_t mode_code, size_code, frequency_code;
    uint32_t entry;
    uint16_t chip_id; /* not of the ESP8266, which has none: 0 there, as for the ESP32 */
    uint16_t min_revision, max_revision; /* of the chip: major * 100 + minor */

    size_t segment_count;
    fettle_esp_segment segments[FETTLE_ESP_SEGMENTS_MAX];

    /* Descriptors. Texts end in NUL, are untrusted, and empty where there are none. */
    bool has_app, has_bootloader;
    uint32_t secure_version; /* application */
    uint32_t loader_version; /* bootloader */
    char version[FETTLE_ESP_DESC_SIZE], project[FETTLE_ESP_DESC_SIZE];
    char date[FETTLE_ESP_DESC_SIZE], time[FETTLE_ESP_DESC_SIZE]; /* of the build */
    char idf[FETTLE_ESP_DESC_SIZE];                              /* version of ESP-IDF */

    /* The end: not known to fettle_esp_image_peek(). */
    size_t size; /* of the whole image, with its checksum and SHA-256 */
    bool has_hash;
    bool is_intact; /* checksum and SHA-256 are those of the content */
} fettle_esp_image;

/*
 * What the first bytes say, as far as there are any; nothing beyond them is looked at, and `size` stays 0. False: they
 * are no beginning of an ESP image. FETTLE_ESP_HEAD_SIZE bytes are enough for everything but segments further behind.
 */
bool fettle_esp_image_peek(fettle_esp_image *image, fettle_span head);

/*
 * Reads an image that begins at the first byte of `span` and may be followed by anything. With `accepts_damaged` a
 * wrong checksum or SHA-256 is a fact (`is_intact`), else FILE_DAMAGED. False as well: FILE_INCOMPLETE where its own
 * numbers reach beyond the span, FILE_BAD_ESP where they can't be.
 */
bool fettle_esp_image_read(fettle_esp_image *image, fettle_span span, bool accepts_damaged,
                           fettle_error *err);

/*
 * Is it followed by a signature, of either version of secure boot? Whose it is, and whether it is right, is not looked at.
 * `image` as read from the beginning of `span`.
 */
bool fettle_esp_image_is_signed(const fettle_esp_image *image, fettle_span span);

/* Is it for the ESP8266, in either of its forms? */
bool fettle_esp_image_is_esp8266(const fettle_esp_image *image);

/*
 * Is the segment one that is mapped from flash, and not copied to RAM? True only for windows that no chip has RAM in, so
 * some segments of some chips are missed.
 */
bool fettle_esp_segment_is_mapped(const fettle_esp_segment *segment);

/* ---- what the header says of the flash ---- */

typedef enum fettle_esp_flash_mode {
    FETTLE_ESP_QIO,
    FETTLE_ESP_QOUT,
    FETTLE_ESP_DIO,
    FETTLE_ESP_DOUT,
} fettle_esp_flash_mode;

/* "qio", ...; NULL for a code that has no name. Constant. False: no such name. */
const char *fettle_esp_mode_name(unsigned code);
bool fettle_esp_mode_find(const char *name, uint8_t *code);

/* Bytes of flash; 0 for a code that means nothing. False: no code for that size. */
uint32_t fettle_esp_flash_size(fettle_esp_form form, unsigned code);
bool fettle_esp_flash_size_find(fettle_esp_form form, uint32_t size, uint8_t *code);

/* MHz of the flash's clock; 0: the code means nothing for this chip, or more than one thing. False: no code. */
unsigned fettle_esp_frequency(fettle_esp_form form, uint16_t chip_id, unsigned code);
bool fettle_esp_frequency_find(fettle_esp_form form, uint16_t chip_id, unsigned mhz,
                               uint8_t *code);

/* What is to be changed in a header; what has no `has_` stays as it is. */
typedef struct fettle_esp_patch {
    bool has_mode, has_size, has_frequency;
    uint8_t mode_code, size_code, frequency_code;
} fettle_esp_patch;

/*
 * Changes the header of the image in `bytes`, which are those that `image` was read from (or a copy of them), and makes its
 * SHA-256 anew if it has one. Bytes behind the image stay. False, and nothing is changed: the image isn't intact, so it
 * can't be made right, or is of the second ESP8266 form. True also where the bytes were like that already.
 */
bool fettle_esp_image_patch(const fettle_esp_image *image, uint8_t *bytes,
                            const fettle_esp_patch *patch);

/* ---- names ---- */

/* "ESP32-S3" for chip_id 9; NULL for an id that isn't known here. Constant. */
const char *fettle_esp_chip_name(uint16_t chip_id);

/* "ESP8266", the chip's name, or "a chip with id 77", into `buf`. */
void fettle_esp_image_describe_chip(const fettle_esp_image *image, char *buf, size_t size);

/*
 * Makes any way to write a chip's name one: "ESP32-S3" and "esp32 s3" become "esp32s3". False: it is no name (nothing is
 * left, or too much).
 */
bool fettle_esp_chip_word(char word[FETTLE_ESP_CHIP_NAME_SIZE], const char *name);

/* "application", "table", ... "unknown". Constant. */
const char *fettle_esp_content_name(fettle_esp_content content);

#endif
