/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recognising by marks. Headers of images and tables have structure to be believed by; file systems have a word somewhere near
 * the beginning.
 */
#include "image/esp_content.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "image/partitions.h"

#include <string.h>

bool fettle_esp_is_blank(fettle_span span)
{
    for (size_t i = 0; i < span.size; i++) {
        if (span.data[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

static bool has_at(fettle_span span, size_t at, const char *mark, size_t size)
{
    return span.size >= at + size && memcmp(span.data + at, mark, size) == 0;
}

/* The header of a page of NVS: state, sequence, version, 19 spare bytes, CRC. */
static bool is_nvs_page(fettle_span span, size_t at)
{
    enum { VERSION_AT = 8, SPARE_AT = 9, CRC_AT = 28, HEADER = 32 };

    if (span.size < at + HEADER) {
        return false;
    }
    const uint8_t *page = span.data + at;
    uint32_t state = fettle_get32(page);
    bool is_state = state == 0xFFFFFFFE || state == 0xFFFFFFFC || state == 0xFFFFFFF8;
    return is_state && page[VERSION_AT] >= 0xFE &&
           fettle_esp_is_blank((fettle_span){page + SPARE_AT, CRC_AT - SPARE_AT});
}

static bool is_nvs(fettle_span span)
{
    return is_nvs_page(span, 0) || is_nvs_page(span, FETTLE_FLASH_SECTOR);
}

static bool is_littlefs(fettle_span span)
{
    static const char mark[] = "littlefs";

    return has_at(span, 8, mark, sizeof mark - 1) ||
           has_at(span, FETTLE_FLASH_SECTOR + 8, mark, sizeof mark - 1);
}

/*
 * SPIFFS as ESP-IDF and Arduino build it (blocks of 4096, pages of 256): the last but one of the 16-bit ids in the first page of
 * a block is a number made of the size of a page and of how many blocks come from here on.
 */
static bool is_spiffs(fettle_span span)
{
    enum { MARK_AT = 0xFC, MARK = 0x0529 ^ 0x0100 };

    if (span.size < FETTLE_FLASH_SECTOR + MARK_AT + 2) {
        return false;
    }
    unsigned first = fettle_get16(span.data + MARK_AT) ^ MARK;
    unsigned second = fettle_get16(span.data + FETTLE_FLASH_SECTOR + MARK_AT) ^ MARK;
    return first == second + 1;
}

/* A boot sector: a jump, the size of a sector, 55 AA. */
static bool is_boot_sector(fettle_span span, size_t at)
{
    enum { SECTOR_SIZE_AT = 11, MARK_AT = 510 };

    if (!has_at(span, at + MARK_AT, "\x55\xAA", 2)) {
        return false;
    }
    uint16_t size = fettle_get16(span.data + at + SECTOR_SIZE_AT);
    return (span.data[at] == 0xEB || span.data[at] == 0xE9) && size >= 512 &&
           size <= 4096 && (size & (size - 1)) == 0;
}

/* By itself, or behind the first sector of wear levelling. */
static bool is_fat(fettle_span span)
{
    return is_boot_sector(span, 0) || is_boot_sector(span, FETTLE_FLASH_SECTOR);
}

static bool is_otadata(fettle_span span)
{
    fettle_otadata otadata;

    fettle_otadata_read(&otadata, span);
    return otadata.entries[0].is_valid || otadata.entries[1].is_valid;
}

fettle_esp_content fettle_esp_content_of(fettle_span span, fettle_esp_image *image)
{
    static const struct {
        bool (*is_this)(fettle_span span);
        fettle_esp_content content;
    } kinds[] = {
        {fettle_esp_is_blank, FETTLE_ESP_BLANK},
        {fettle_partitions_is_table, FETTLE_ESP_TABLE},
        {is_otadata, FETTLE_ESP_OTADATA},
        {is_nvs, FETTLE_ESP_NVS},
        {is_littlefs, FETTLE_ESP_LITTLEFS},
        {is_fat, FETTLE_ESP_FAT},
        {is_spiffs, FETTLE_ESP_SPIFFS},
    };
    fettle_esp_image own;

    image = image != NULL ? image : &own;
    *image = (fettle_esp_image){.form = FETTLE_ESP_FORM_ESP32};
    if (!is_boot_sector(span, 0) && fettle_esp_image_peek(image, span)) {
        return image->content;
    }
    *image = (fettle_esp_image){.form = FETTLE_ESP_FORM_ESP32};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].is_this(span)) {
            return kinds[i].content;
        }
    }
    return FETTLE_ESP_UNKNOWN;
}
