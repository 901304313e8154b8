/* SPDX-License-Identifier: Apache-2.0 */
/* The chips with Espressif's serial loader that fettle knows: one row each. */
#ifndef FETTLE_BOARD_CHIPS_H
#define FETTLE_BOARD_CHIPS_H

#include "proto/esp_chip.h"

extern const fettle_esp_chip fettle_chips[];
extern const size_t fettle_chip_count;

/* By what a person types ("esp32s3", "ESP32-S3": case and "-" don't matter); NULL: none. */
const fettle_esp_chip *fettle_chip_named(const char *name);

/* By the chip_id of an image's header; NULL: none. */
const fettle_esp_chip *fettle_chip_of_id(uint16_t chip_id);

/* Bytes of flash that the upper nibble of an image's header stands for; 0: it stands for none. */
uint32_t fettle_chip_flash_size(const fettle_esp_chip *chip, uint8_t nibble);

#endif
