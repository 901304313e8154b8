/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition tables: 32-byte rows, then a row with an MD5 of all rows before it (older tables have none), then FF. What a
 * table must hold is the same for a binary one and for CSV: fettle_partitions_check().
 */
#include "image/partitions.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

enum {
    ROW_SIZE = 32,
    LABEL_AT = 12,
    LABEL_SIZE = FETTLE_PARTITION_LABEL_SIZE - 1,
    FLAGS_AT = 28,
    MD5_AT = 16, /* in its row */
    APP_ALIGNMENT = 0x10000,
    REASON_SIZE = 192,
};

static const uint8_t row_magic[] = {0xAA, 0x50};
static const uint8_t md5_magic[] = {0xEB, 0xEB};

static bool is_bad(fettle_error *err, const char *format, const fettle_words *words)
{
    char text[REASON_SIZE];

    fettle_words_render(text, sizeof text, format, words);
    fettle_error_set(err, FETTLE_E_FILE_BAD_TABLE, &(fettle_words){.text = text});
    return false;
}

/* ---- names ---- */

typedef struct named {
    uint8_t type, code;
    const char *name;
} named;

static const char *const type_names[] = {
    [FETTLE_PARTITION_APP] = "app",
    [FETTLE_PARTITION_DATA] = "data",
    [FETTLE_PARTITION_BOOTLOADER] = "bootloader",
    [FETTLE_PARTITION_TABLE] = "partition_table",
};

enum { TYPE_NAMES = sizeof type_names / sizeof type_names[0] };

static const named subtype_names[] = {
    {FETTLE_PARTITION_APP, FETTLE_PARTITION_APP_FACTORY, "factory"},
    {FETTLE_PARTITION_APP, FETTLE_PARTITION_APP_TEST, "test"},
    {FETTLE_PARTITION_DATA, FETTLE_PARTITION_DATA_OTA, "ota"},
    {FETTLE_PARTITION_DATA, FETTLE_PARTITION_DATA_PHY, "phy"},
    {FETTLE_PARTITION_DATA, FETTLE_PARTITION_DATA_NVS, "nvs"},
    {FETTLE_PARTITION_DATA, FETTLE_PARTITION_DATA_COREDUMP, "coredump"},
    {FETTLE_PARTITION_DATA, FETTLE_PARTITION_DATA_NVS_KEYS, "nvs_keys"},
    {FETTLE_PARTITION_DATA, 0x05, "efuse"},
    {FETTLE_PARTITION_DATA, 0x06, "undefined"},
    {FETTLE_PARTITION_DATA, 0x80, "esphttpd"},
    {FETTLE_PARTITION_DATA, FETTLE_PARTITION_DATA_FAT, "fat"},
    {FETTLE_PARTITION_DATA, FETTLE_PARTITION_DATA_SPIFFS, "spiffs"},
    {FETTLE_PARTITION_DATA, FETTLE_PARTITION_DATA_LITTLEFS, "littlefs"},
    {FETTLE_PARTITION_BOOTLOADER, 0x00, "primary"},
    {FETTLE_PARTITION_BOOTLOADER, 0x01, "ota"},
    {FETTLE_PARTITION_TABLE, 0x00, "primary"},
    {FETTLE_PARTITION_TABLE, 0x01, "ota"},
};

enum { SUBTYPE_NAMES = sizeof subtype_names / sizeof subtype_names[0] };

static bool is_slot(uint8_t type, uint8_t subtype)
{
    return type == FETTLE_PARTITION_APP && subtype >= FETTLE_PARTITION_APP_OTA_0 &&
           subtype < FETTLE_PARTITION_APP_OTA_0 + FETTLE_OTA_SLOTS_MAX;
}

static void append_code(char *buf, size_t size, uint8_t code)
{
    fettle_text_append(buf, size, "0x");
    fettle_text_append_hex(buf, size, code, 2);
}

void fettle_partition_type_name(char *buf, size_t size, uint8_t type)
{
    buf[0] = '\0';
    if (type < TYPE_NAMES) {
        fettle_text_append(buf, size, type_names[type]);
    } else {
        append_code(buf, size, type);
    }
}

void fettle_partition_subtype_name(char *buf, size_t size, uint8_t type, uint8_t subtype)
{
    buf[0] = '\0';
    if (is_slot(type, subtype)) {
        fettle_text_append(buf, size, "ota_");
        fettle_text_append_number(buf, size,
                                  (uint64_t)subtype - FETTLE_PARTITION_APP_OTA_0);
        return;
    }
    for (size_t i = 0; i < SUBTYPE_NAMES; i++) {
        if (subtype_names[i].type == type && subtype_names[i].code == subtype) {
            fettle_text_append(buf, size, subtype_names[i].name);
            return;
        }
    }
    append_code(buf, size, subtype);
}

/* ---- what must hold ---- */

static uint64_t end_of(const fettle_partition *row)
{
    return (uint64_t)row->address + row->size;
}

static bool check_row(const fettle_partitions *partitions, const fettle_partition *row,
                      fettle_error *err)
{
    const fettle_words words = {
        .text = row->label, .address = row->address, .size = row->size};
    bool is_system =
        row->type == FETTLE_PARTITION_BOOTLOADER ||
        row->type == FETTLE_PARTITION_TABLE; /* it may be below, or the table */

    if (row->size == 0) {
        return is_bad(err, "partition \"{text}\" at {address} has no bytes", &words);
    }
    if (end_of(row) > (uint64_t)1 << 32) {
        return is_bad(
            err,
            "partition \"{text}\" at {address} has {size} bytes, and no address is "
            "above 0xffffffff",
            &words);
    }
    if (row->type == FETTLE_PARTITION_APP && row->address % APP_ALIGNMENT != 0) {
        return is_bad(err,
                      "partition \"{text}\" is for an application and begins at {address}, "
                      "which is no multiple of 0x10000",
                      &words);
    }
    if (!is_system && row->address < partitions->address + FETTLE_TABLE_ROOM) {
        return is_bad(
            err, "partition \"{text}\" begins at {address}, below the end of the table",
            &words);
    }
    return true;
}

bool fettle_partitions_check(const fettle_partitions *partitions, fettle_error *err)
{
    for (size_t i = 0; i < partitions->count; i++) {
        const fettle_partition *row = &partitions->rows[i];
        if (!check_row(partitions, row, err)) {
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            const fettle_partition *other = &partitions->rows[k];
            if (row->address < end_of(other) && other->address < end_of(row)) {
                return is_bad(
                    err, "partition \"{text}\" at {address} overlaps partition \"{text2}\"",
                    &(fettle_words){.text = row->label,
                                    .text2 = other->label,
                                    .address = row->address});
            }
        }
    }
    return partitions->count > 0 || is_bad(err, "it has no partitions", NULL);
}

/* ---- binary ---- */

bool fettle_partitions_is_table(fettle_span span)
{
    return span.size >= ROW_SIZE && memcmp(span.data, row_magic, sizeof row_magic) == 0;
}

static bool is_end(const uint8_t *row)
{
    for (size_t i = 0; i < ROW_SIZE; i++) {
        if (row[i] != 0xFF) {
            return false;
        }
    }
    return true;
}

static bool is_md5_row(const uint8_t *row)
{
    for (size_t i = sizeof md5_magic; i < MD5_AT; i++) {
        if (row[i] != 0xFF) {
            return false;
        }
    }
    return memcmp(row, md5_magic, sizeof md5_magic) == 0;
}

static void read_row(fettle_partition *partition, const uint8_t *row)
{
    *partition = (fettle_partition){
        .type = row[2],
        .subtype = row[3],
        .address = fettle_get32(row + 4),
        .size = fettle_get32(row + 8),
        .flags = fettle_get32(row + FLAGS_AT),
    };
    memcpy(partition->label, row + LABEL_AT, LABEL_SIZE);
}

static void hash_rows(const uint8_t *rows, size_t size, uint8_t digest[FETTLE_MD5_SIZE])
{
    fettle_md5 md5;

    fettle_md5_init(&md5);
    fettle_md5_feed(&md5, (fettle_span){rows, size});
    fettle_md5_finish(&md5, digest);
}

static void append_digest(char *buf, size_t size, const uint8_t digest[FETTLE_MD5_SIZE])
{
    for (size_t i = 0; i < FETTLE_MD5_SIZE; i++) {
        fettle_text_append_hex(buf, size, digest[i], 2);
    }
}

static bool check_md5(fettle_partitions *partitions, const uint8_t *table,
                      const uint8_t *row, fettle_error *err)
{
    uint8_t digest[FETTLE_MD5_SIZE];
    char stored[40] = "", made[40] = "";

    hash_rows(table, (size_t)(row - table), digest);
    partitions->has_md5 = memcmp(row + MD5_AT, digest, sizeof digest) == 0;
    if (!partitions->has_md5) {
        append_digest(stored, sizeof stored, row + MD5_AT);
        append_digest(made, sizeof made, digest);
        fettle_error_set(err, FETTLE_E_FILE_DAMAGED,
                         &(fettle_words){.text = stored, .text2 = made});
    }
    return partitions->has_md5;
}

bool fettle_partitions_read(fettle_partitions *partitions, fettle_span table,
                            uint32_t address, fettle_error *err)
{
    size_t room = table.size < FETTLE_TABLE_SIZE ? table.size : FETTLE_TABLE_SIZE;

    *partitions = (fettle_partitions){.address = address};
    for (size_t at = 0; at + ROW_SIZE <= room; at += ROW_SIZE) {
        const uint8_t *row = table.data + at;
        if (is_end(row)) {
            return fettle_partitions_check(partitions, err);
        }
        if (is_md5_row(row) && at > 0) {
            return check_md5(partitions, table.data, row, err) &&
                   fettle_partitions_check(partitions, err);
        }
        if (memcmp(row, row_magic, sizeof row_magic) != 0) {
            return is_bad(err, "row {count} is none, and not the end",
                          &(fettle_words){.count = at / ROW_SIZE + 1});
        }
        if (partitions->count == FETTLE_PARTITIONS_MAX) {
            break;
        }
        read_row(&partitions->rows[partitions->count++], row);
    }
    if (room == FETTLE_TABLE_SIZE) {
        return is_bad(err, "it has more than {limit} rows, or no end",
                      &(fettle_words){.limit = FETTLE_PARTITIONS_MAX});
    }
    fettle_error_set(
        err, FETTLE_E_FILE_INCOMPLETE,
        &(fettle_words){.size = table.size, .limit = table.size + 1, .text = "at least "});
    return false;
}

void fettle_partitions_write(const fettle_partitions *partitions,
                             uint8_t table[FETTLE_TABLE_SIZE])
{
    uint8_t *row = table;

    assert(partitions->count <= FETTLE_PARTITIONS_MAX);
    memset(table, 0xFF, FETTLE_TABLE_SIZE);
    for (size_t i = 0; i < partitions->count; i++, row += ROW_SIZE) {
        const fettle_partition *partition = &partitions->rows[i];
        memcpy(row, row_magic, sizeof row_magic);
        row[2] = partition->type;
        row[3] = partition->subtype;
        fettle_put32(row + 4, partition->address);
        fettle_put32(row + 8, partition->size);
        memcpy(row + LABEL_AT, partition->label, LABEL_SIZE);
        fettle_put32(row + FLAGS_AT, partition->flags);
    }
    memcpy(row, md5_magic, sizeof md5_magic);
    hash_rows(table, (size_t)(row - table), row + MD5_AT);
}

/* ---- finding ---- */

const fettle_partition *fettle_partitions_find(const fettle_partitions *partitions,
                                               uint8_t type, uint8_t subtype)
{
    for (size_t i = 0; i < partitions->count; i++) {
        if (partitions->rows[i].type == type && partitions->rows[i].subtype == subtype) {
            return &partitions->rows[i];
        }
    }
    return NULL;
}

const fettle_partition *fettle_partitions_find_label(const fettle_partitions *partitions,
                                                     const char *label)
{
    for (size_t i = 0; i < partitions->count; i++) {
        if (fettle_text_is_equal(partitions->rows[i].label, label)) {
            return &partitions->rows[i];
        }
    }
    return NULL;
}

const fettle_partition *fettle_partitions_at(const fettle_partitions *partitions,
                                             uint32_t address)
{
    for (size_t i = 0; i < partitions->count; i++) {
        const fettle_partition *row = &partitions->rows[i];
        if (address >= row->address && address < end_of(row)) {
            return row;
        }
    }
    return NULL;
}
