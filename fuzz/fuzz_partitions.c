/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a partition table: binary (the MD5 made right if the first byte says so), CSV, and otadata. A table that is taken is sound,
 * and is the same when it was written and read again.
 */
#include "fuzz/image_checks.h"

#include "image/partitions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IS_CSV = 1 << 0, IS_MENDED = 1 << 1, ROW = 32 };

static void check_table(const fettle_partitions *table)
{
    must(table->count >= 1 && table->count <= FETTLE_PARTITIONS_MAX);
    for (size_t i = 0; i < table->count; i++) {
        const fettle_partition *row = &table->rows[i];
        char name[64];
        must(row->size > 0 && (uint64_t)row->address + row->size <= (uint64_t)1 << 32);
        must(memchr(row->label, '\0', sizeof row->label) != NULL);
        must(fettle_partitions_at(table, row->address) == row);
        must(fettle_partitions_at(table, row->address + (row->size - 1)) == row);
        must(fettle_partitions_find_label(table, row->label) != NULL);
        must(fettle_partitions_find(table, row->type, row->subtype) != NULL);
        fettle_partition_type_name(name, sizeof name, row->type);
        must(name[0] != '\0');
        fettle_partition_subtype_name(name, sizeof name, row->type, row->subtype);
        must(name[0] != '\0');
    }
}

static void check_again(const fettle_partitions *table)
{
    uint8_t bytes[FETTLE_TABLE_SIZE];
    fettle_partitions again;
    fettle_error err;
    fettle_partitions_write(table, bytes);
    must(fettle_partitions_read(&again, (fettle_span){bytes, sizeof bytes}, table->address,
                                &err));
    must(again.has_md5 && again.count == table->count);
    for (size_t i = 0; i < table->count; i++) {
        const fettle_partition *a = &table->rows[i], *b = &again.rows[i];
        must(a->type == b->type && a->subtype == b->subtype && a->address == b->address);
        must(a->size == b->size && a->flags == b->flags);
        must(strcmp(a->label, b->label) == 0);
    }
}

static void check_ota(const fettle_partitions *table, const uint8_t *data, size_t size)
{
    fettle_otadata otadata, after;
    uint8_t bytes[FETTLE_OTADATA_SIZE];
    fettle_otadata_read(&otadata, (fettle_span){data, size});
    const fettle_partition *running = fettle_partitions_running(table, &otadata);
    const fettle_partition *next = fettle_partitions_next(table, &otadata);
    unsigned count = fettle_partitions_slot_count(table);
    must(running == NULL || running->type == FETTLE_PARTITION_APP);
    must((next != NULL) == (count > 0));
    must(next == NULL || next != running || count == 1);
    if (next == NULL) {
        return;
    }
    unsigned slot = (unsigned)next->subtype - FETTLE_PARTITION_APP_OTA_0;
    fettle_otadata_write(bytes, &otadata, slot, count);
    fettle_otadata_read(&after, (fettle_span){bytes, sizeof bytes});
    must(fettle_partitions_running(table, &after) == next);
}

/* The MD5 of the rows in front of the first one that isn't a row. */
static void mend(uint8_t *bytes, size_t size)
{
    size_t at = 0;
    fettle_md5 md5;
    while (at + ROW <= size && bytes[at] == 0xAA) {
        at += ROW;
    }
    if (at + ROW > size || at == 0) {
        return;
    }
    memset(bytes + at, 0xFF, ROW);
    bytes[at] = bytes[at + 1] = 0xEB;
    fettle_md5_init(&md5);
    fettle_md5_feed(&md5, (fettle_span){bytes, at});
    fettle_md5_finish(&md5, bytes + at + 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    uint8_t *bytes = malloc(size > 1 ? size - 1 : 1);
    fettle_partitions table;
    fettle_error err = {.code = FETTLE_E_NONE};
    must(bytes != NULL);
    memcpy(bytes, data + 1, size - 1);
    if ((data[0] & IS_MENDED) != 0) {
        mend(bytes, size - 1);
    }
    fettle_span span = {bytes, size - 1};
    bool is_csv = (data[0] & IS_CSV) != 0;
    bool is_good = is_csv ? fettle_partitions_read_csv(&table, span, 0x8000, &err)
                          : fettle_partitions_read(&table, span, 0x8000, &err);
    if (is_good) {
        check_table(&table);
        check_again(&table);
        check_ota(&table, bytes, size - 1);
    } else {
        check_sentence(&err);
        must(err.code == FETTLE_E_FILE_BAD_TABLE ||
             (!is_csv &&
              (err.code == FETTLE_E_FILE_DAMAGED || err.code == FETTLE_E_FILE_INCOMPLETE)));
    }
    free(bytes);
    return 0;
}
