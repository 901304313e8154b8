/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a board with an ESP chip when firmware gets its place on it, and what has got one. For the plan, and
 * for vendors who have a word in it.
 */
#ifndef FETTLE_IMAGE_ESP_PLACE_H
#define FETTLE_IMAGE_ESP_PLACE_H

#include "image/esp_image.h"
#include "image/partitions.h"

enum { FETTLE_ESP_PIECES_MAX = 512 };

/* What is known of the board. Borrowed. */
typedef struct fettle_esp_board {
    const char *chip;  /* "ESP32-S3" */
    bool is_esp8266;   /* its images name no chip */
    uint16_t chip_id;  /* as images name it */
    uint16_t revision; /* major * 100 + minor */
    bool has_revision; /* it is known */
    bool is_encrypted; /* its flash is */
    uint32_t bootloader;
    uint64_t flash_size;            /* bytes; 0: not known */
    bool is_unreadable;             /* there may be a table, and nobody can read it */
    bool is_secure_boot;            /* it starts nothing that isn't signed */
    const fettle_partitions *table; /* NULL: it has none, or none that can be read */
    const fettle_otadata *otadata;  /* NULL: not known */
    /* Its vendor lets no file have these bytes; size 0: any may be had. */
    uint32_t spared, spared_size;
} fettle_esp_board;

/* Content for the flash. `address` is the beginning of a sector; `data` is the
 * image's. */
typedef struct fettle_esp_piece {
    uint32_t address;
    fettle_span data;
} fettle_esp_piece;

/* In the order of addresses; no two of them share a sector. */
typedef struct fettle_esp_layout {
    size_t count;
    fettle_esp_piece pieces[FETTLE_ESP_PIECES_MAX];
} fettle_esp_layout;

#endif
