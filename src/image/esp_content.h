/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lies in a piece of flash, told by its first bytes: for files, and for the partitions of a board that is looked at.
 */
#ifndef FETTLE_IMAGE_ESP_CONTENT_H
#define FETTLE_IMAGE_ESP_CONTENT_H

#include "image/esp_image.h"

/* Bytes from the beginning that are enough to recognise anything that can be. */
enum { FETTLE_ESP_CONTENT_HEAD = 2 * FETTLE_FLASH_SECTOR };

/*
 * What is in the span, which may be no more than the first bytes of it. `image` (may be NULL) is what the header of an
 * image says there, and else zeroed. BLANK where all that was given is FF. Never MERGED: that is a matter of files. A file
 * system is told by its mark, which content of another kind may have by accident.
 */
fettle_esp_content fettle_esp_content_of(fettle_span span, fettle_esp_image *image);

/* Is every byte FF? True for none. */
bool fettle_esp_is_blank(fettle_span span);

#endif
