/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition table of an ESP chip's flash: as the 32-byte rows that lie in the flash, and as the CSV that people write.
 * And the two sectors beside it that say which application slot is started ("otadata").
 *
 * Sources: ESP-IDF's chapter on partition tables, esp_flash_partitions.h, and esp_ota_select_entry_t in the same.
 *
 * Pure: everything is in the caller's memory, nothing is allocated.
 */
#ifndef FETTLE_IMAGE_PARTITIONS_H
#define FETTLE_IMAGE_PARTITIONS_H

#include "base/error.h"

enum {
    FETTLE_PARTITIONS_MAX = 95,
    FETTLE_PARTITION_LABEL_SIZE = 17, /* 16 bytes in the table, and a NUL */
    FETTLE_TABLE_SIZE = 0xC00,        /* of a binary table: all rows and the MD5 */
    FETTLE_TABLE_ROOM = 0x1000,       /* the sector that nothing else may lie in */
    FETTLE_TABLE_ADDRESS = 0x8000,    /* where it is, unless a project says otherwise */
    FETTLE_OTADATA_SIZE = 0x2000,     /* two copies, a sector each */
    FETTLE_OTA_SLOTS_MAX = 16,
};

typedef enum fettle_partition_type {
    FETTLE_PARTITION_APP = 0x00,
    FETTLE_PARTITION_DATA = 0x01,
    FETTLE_PARTITION_BOOTLOADER = 0x02,
    FETTLE_PARTITION_TABLE = 0x03,
} fettle_partition_type;

typedef enum fettle_partition_subtype {
    FETTLE_PARTITION_APP_FACTORY = 0x00,
    FETTLE_PARTITION_APP_OTA_0 = 0x10, /* and 15 more */
    FETTLE_PARTITION_APP_TEST = 0x20,
    FETTLE_PARTITION_DATA_OTA = 0x00,
    FETTLE_PARTITION_DATA_PHY = 0x01,
    FETTLE_PARTITION_DATA_NVS = 0x02,
    FETTLE_PARTITION_DATA_COREDUMP = 0x03,
    FETTLE_PARTITION_DATA_NVS_KEYS = 0x04,
    FETTLE_PARTITION_DATA_FAT = 0x81,
    FETTLE_PARTITION_DATA_SPIFFS = 0x82,
    FETTLE_PARTITION_DATA_LITTLEFS = 0x83,
} fettle_partition_subtype;

enum {
    FETTLE_PARTITION_ENCRYPTED = 1 << 0,
    FETTLE_PARTITION_READ_ONLY = 1 << 1,
};

typedef struct fettle_partition {
    uint8_t type, subtype;
    uint32_t address, size;                  /* bytes of flash; never empty */
    char label[FETTLE_PARTITION_LABEL_SIZE]; /* untrusted */
    uint32_t flags;                          /* FETTLE_PARTITION_ENCRYPTED, ... */
} fettle_partition;

/* A table. Rows are in the order of the file; no two of them overlap. */
typedef struct fettle_partitions {
    uint32_t address; /* of the table itself */
    bool has_md5;     /* binary: it has one, and it is right */
    size_t count;     /* at least one */
    fettle_partition rows[FETTLE_PARTITIONS_MAX];
} fettle_partitions;

/* Does a binary table begin here? */
bool fettle_partitions_is_table(fettle_span span);

/*
 * Reads a binary table that begins at the first byte of `table`, and that lies, or will lie, at `address` of the flash. It
 * may be shorter than FETTLE_TABLE_SIZE if it has its end in it, and followed by anything. False: FILE_BAD_TABLE,
 * FILE_DAMAGED (a wrong MD5), FILE_INCOMPLETE (no end).
 */
bool fettle_partitions_read(fettle_partitions *partitions, fettle_span table,
                            uint32_t address, fettle_error *err);

/* The same from CSV; blank offsets are filled in, as ESP-IDF does. False: FILE_BAD_TABLE with the number of a line. */
bool fettle_partitions_read_csv(fettle_partitions *partitions, fettle_span text,
                                uint32_t address, fettle_error *err);

/* Writes the binary table: the rows, their MD5, FF to the end. */
void fettle_partitions_write(const fettle_partitions *partitions,
                             uint8_t table[FETTLE_TABLE_SIZE]);

/*
 * What both readers end with: no row overlaps another or the table, no application is at an odd place. Also for rows that were
 * made in another way.
 */
bool fettle_partitions_check(const fettle_partitions *partitions, fettle_error *err);

/* The first row of that type and subtype, or with that label; NULL: none. */
const fettle_partition *fettle_partitions_find(const fettle_partitions *partitions,
                                               uint8_t type, uint8_t subtype);
const fettle_partition *fettle_partitions_find_label(const fettle_partitions *partitions,
                                                     const char *label);

/* The row that has `address` in it; NULL: none. */
const fettle_partition *fettle_partitions_at(const fettle_partitions *partitions,
                                             uint32_t address);

/* "app", "ota_0", "nvs", or "0x40": into `buf`. */
void fettle_partition_type_name(char *buf, size_t size, uint8_t type);
void fettle_partition_subtype_name(char *buf, size_t size, uint8_t type, uint8_t subtype);

/* ---- which application is started ---- */

typedef struct fettle_ota_entry {
    bool is_valid; /* not blank, its CRC is right, and its state neither 3 nor 4 */
    uint32_t sequence;
    /* 0 new, 1 pending verify, 2 valid, 3 invalid, 4 aborted, 0xFFFFFFFF undefined. */
    uint32_t state;
} fettle_ota_entry;

typedef struct fettle_otadata {
    fettle_ota_entry entries[2]; /* one of each sector */
} fettle_otadata;

/* What `bytes` (at least FETTLE_OTADATA_SIZE, else what is missing counts as blank) say. Never fails. */
void fettle_otadata_read(fettle_otadata *otadata, fettle_span bytes);

/* The two sectors that start slot `slot` of `slot_count`, next in sequence after `before` (NULL: the first ever). */
void fettle_otadata_write(uint8_t bytes[FETTLE_OTADATA_SIZE], const fettle_otadata *before,
                          unsigned slot, unsigned slot_count);

/* ota_0, ota_1, ...: how many there are without a gap. */
unsigned fettle_partitions_slot_count(const fettle_partitions *partitions);

/*
 * The application that the second-stage loader will start: the slot that `otadata` names, or factory, or ota_0. `otadata` is
 * NULL where it isn't known, which counts as blank. NULL: the table has no application. Images that the loader skips
 * because they are damaged aren't thought of.
 */
const fettle_partition *fettle_partitions_running(const fettle_partitions *partitions,
                                                  const fettle_otadata *otadata);

/* The slot that comes behind the running one; NULL: there are none. */
const fettle_partition *fettle_partitions_next(const fettle_partitions *partitions,
                                               const fettle_otadata *otadata);

#endif
