/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be checked of a script without a board. The vendor's tool cut what was too long and filled up what was too short; here
 * whatever doesn't fit as it is is refused.
 */
#include "pycom/package.h"

#include "base/text.h"
#include "image/esp_content.h"
#include "pycom/tables.h"

enum { ESP32 = 0, MIB = 1024 * 1024, SECTOR = FETTLE_FLASH_SECTOR };

bool fettle_pycom_bad_package(fettle_error *err, const char *format,
                              const fettle_words *words)
{
    char text[FETTLE_TEXT_SIZE + 160];
    fettle_words_render(text, sizeof text, format, words);
    fettle_error_set(err, FETTLE_E_FILE_BAD_PACKAGE, &(fettle_words){.text = text});
    return false;
}

static bool bad_write(const fettle_pycom_write *write, const char *format, uint64_t limit,
                      fettle_error *err)
{
    return fettle_pycom_bad_package(
        err, format,
        &(fettle_words){.text = write->member,
                        .text2 = write->target[0] != '\0' ? write->target : "its partition",
                        .address = write->address,
                        .size = write->data.size,
                        .limit = limit});
}

static uint64_t end_of(const fettle_pycom_write *write)
{
    return (uint64_t)write->address + write->data.size;
}

static uint64_t up_to_sector(uint64_t address)
{
    return (address + SECTOR - 1) / SECTOR * SECTOR;
}

static uint64_t flash_of(const fettle_pycom_variant *variant)
{
    return variant->flash_size != 0 ? variant->flash_size : FETTLE_PYCOM_8MB;
}

static bool check_place(const fettle_pycom_variant *variant,
                        const fettle_pycom_write *write, fettle_error *err)
{
    const uint32_t config_end = FETTLE_PYCOM_CONFIG_ADDRESS + FETTLE_PYCOM_CONFIG_SECTOR;
    if (write->data.size == 0) {
        return bad_write(write, "\"{text}\" is empty", 0, err);
    }
    if (write->address % SECTOR != 0) {
        return bad_write(write,
                         "\"{text}\" would go to {address}, which isn't the beginning of a "
                         "sector",
                         0, err);
    }
    if (end_of(write) > flash_of(variant)) {
        return bad_write(write,
                         "\"{text}\" would go to {address}, and its {size} bytes reach "
                         "beyond the {limit} bytes of flash",
                         flash_of(variant), err);
    }
    if (write->data.size > write->room) {
        return bad_write(write,
                         "\"{text}\" has {size} bytes, and {text2} has room for {limit}",
                         write->room, err);
    }
    return write->address < FETTLE_PYCOM_CONFIG_ADDRESS || end_of(write) > config_end ||
           bad_write(write, "\"{text}\" would go into the config block at {address}", 0,
                     err);
}

/* ---- content ---- */

static bool check_image(fettle_pycom_write *write, unsigned flags, fettle_error *err)
{
    bool accepts_damaged = (flags & FETTLE_IMAGE_ACCEPT_DAMAGED) != 0;
    fettle_esp_image *image = &write->image;
    char chip[FETTLE_TEXT_SIZE] = "";
    if (!fettle_esp_image_read(image, write->data, accepts_damaged, err)) {
        fettle_error_wrap(err, FETTLE_CLAUSE_OPEN_FILE,
                          &(fettle_words){.file = write->member});
        return false;
    }
    write->content = image->content;
    fettle_esp_image_describe_chip(image, chip, sizeof chip);
    return (!fettle_esp_image_is_esp8266(image) && image->chip_id == ESP32) ||
           fettle_pycom_bad_package(
               err, "\"{text}\" is for {text2}, and these modules have an ESP32",
               &(fettle_words){.text = write->member, .text2 = chip});
}

static bool check_loader(fettle_pycom_write *write, unsigned flags, fettle_error *err)
{
    if (!check_image(write, flags, err)) {
        return false;
    }
    return write->content != FETTLE_ESP_APPLICATION ||
           bad_write(write,
                     "\"{text}\" is an application, and would go to {address}, where the "
                     "bootloader belongs",
                     0, err);
}

static bool check_application(fettle_pycom_write *write, unsigned flags, fettle_error *err)
{
    write->is_application = true;
    if (!check_image(write, flags, err)) {
        return false;
    }
    return write->content == FETTLE_ESP_APPLICATION ||
           bad_write(write,
                     "\"{text}\" is a bootloader, and would go to {text2} at {address}, "
                     "where an application belongs",
                     0, err);
}

/* Also where the package brings no table: then by the name. */
static bool is_slot(const fettle_pycom_variant *variant, const fettle_pycom_write *write)
{
    const fettle_partition *row =
        variant->has_table ? fettle_partitions_at(&variant->table, write->address) : NULL;
    return (row != NULL && row->type == FETTLE_PARTITION_APP) ||
           fettle_text_is_equal(write->target, "factory") ||
           fettle_text_is_equal(write->target, "ota_0");
}

static bool is_slot_begin(const fettle_pycom_variant *variant,
                          const fettle_pycom_write *write)
{
    const fettle_partition *row =
        variant->has_table ? fettle_partitions_at(&variant->table, write->address) : NULL;
    return !variant->has_table || (row != NULL && row->type == FETTLE_PARTITION_APP &&
                                   row->address == write->address);
}

static bool check_content(const fettle_pycom_variant *variant, fettle_pycom_write *write,
                          unsigned flags, fettle_error *err)
{
    write->content = fettle_esp_content_of(write->data, NULL);
    bool is_image = write->content == FETTLE_ESP_APPLICATION ||
                    write->content == FETTLE_ESP_BOOTLOADER ||
                    write->content == FETTLE_ESP_IMAGE;
    bool is_table = write->content == FETTLE_ESP_TABLE;
    if (write->address == FETTLE_PYCOM_LOADER) {
        return check_loader(write, flags, err);
    }
    if (is_table != (write->address == FETTLE_TABLE_ADDRESS)) {
        return bad_write(write,
                         is_table
                             ? "\"{text}\" is a partition table, and would go to {address}"
                             : "\"{text}\" would go to {address}, where the partition "
                               "table belongs, and is none",
                         0, err);
    }
    if (is_slot(variant, write)) {
        return (is_slot_begin(variant, write) ||
                bad_write(write,
                          "\"{text}\" would go to {address}, where the partition table has "
                          "no application beginning",
                          0, err)) &&
               check_application(write, flags, err);
    }
    return !is_image ||
           bad_write(write,
                     "\"{text}\" is firmware, and would go to {address}, where no "
                     "application belongs",
                     0, err);
}

/* ---- the table ---- */

static bool check_table(fettle_pycom_variant *variant, fettle_error *err)
{
    const fettle_pycom_table *known = fettle_pycom_table_of(&variant->table);
    for (size_t i = 0; i < variant->table.count; i++) {
        const fettle_partition *row = &variant->table.rows[i];
        fettle_words words = {
            .text = row->label, .address = row->address, .size = row->size};
        uint64_t end = (uint64_t)row->address + row->size;
        words.limit = flash_of(variant);
        if (end > words.limit) {
            return fettle_pycom_bad_package(
                err,
                "its partition table has \"{text}\" at {address}, which reaches beyond the "
                "{limit} bytes of flash",
                &words);
        }
        bool is_config = row->type == FETTLE_PARTITION_DATA &&
                         row->subtype == FETTLE_PYCOM_CONFIG_SUBTYPE &&
                         row->address == FETTLE_PYCOM_CONFIG_ADDRESS;
        if (!is_config && end > FETTLE_PYCOM_CONFIG_ADDRESS &&
            row->address < FETTLE_PYCOM_CONFIG_ADDRESS + FETTLE_PYCOM_CONFIG_SECTOR) {
            return fettle_pycom_bad_package(
                err, "its partition \"{text}\" at {address} covers the config block",
                &words);
        }
    }
    if (known != NULL && known->flash_size != 0 && variant->flash_size != 0 &&
        known->flash_size != variant->flash_size) {
        return fettle_pycom_bad_package(
            err,
            "its partition table is the one for {size} MB of flash, its script for {limit} MB",
            &(fettle_words){.size = known->flash_size / MIB,
                            .limit = variant->flash_size / MIB});
    }
    if (known != NULL && variant->flash_size == 0) {
        variant->flash_size = known->flash_size;
    }
    return true;
}

/* ---- all of it ---- */

static void sort(fettle_pycom_variant *variant)
{
    for (size_t i = 1; i < variant->write_count; i++) {
        fettle_pycom_write write = variant->writes[i];
        size_t at = i;
        for (; at > 0 && write.address < variant->writes[at - 1].address; at--) {
            variant->writes[at] = variant->writes[at - 1];
        }
        variant->writes[at] = write;
    }
}

static bool check_overlaps(const fettle_pycom_variant *variant, fettle_error *err)
{
    for (size_t i = 1; i < variant->write_count; i++) {
        const fettle_pycom_write *before = &variant->writes[i - 1], *write = before + 1;
        if (up_to_sector(end_of(before)) > write->address) {
            return fettle_pycom_bad_package(err,
                                            "\"{text}\" and \"{text2}\" would both go to "
                                            "the sector at {address}",
                                            &(fettle_words){.text = before->member,
                                                            .text2 = write->member,
                                                            .address = write->address});
        }
    }
    return true;
}

bool fettle_pycom_check_variant(fettle_pycom_variant *variant, unsigned flags,
                                fettle_error *err)
{
    if (variant->has_table && !check_table(variant, err)) {
        return false;
    }
    for (size_t i = 0; i < variant->write_count; i++) {
        if (!check_place(variant, &variant->writes[i], err)) {
            return false;
        }
    }
    sort(variant);
    if (!check_overlaps(variant, err)) {
        return false;
    }
    for (size_t i = 0; !variant->is_encrypted && i < variant->write_count; i++) {
        if (!check_content(variant, &variant->writes[i], flags, err)) {
            return false;
        }
    }
    return true;
}
