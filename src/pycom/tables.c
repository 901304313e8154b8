/* SPDX-License-Identifier: Apache-2.0 */
#include "pycom/tables.h"

#include "pycom/modules.h"

enum { FACTORY = 0x10000, FILES_8MB = 0x400000, FILES_4MB = 0x380000, OTADATA_ROW = 2 };

static const fettle_pycom_table tables[] = {
    {"old (1.18 or before)", 0, 0x180000, 0x190000, 0x1A0000, 0x180000, true},
    {"new 4 MB", FETTLE_PYCOM_4MB, 0x1AE000, 0x1BE000, 0x1C0000, 0x1AE000, false},
    {"new 8 MB", FETTLE_PYCOM_8MB, 0x1EF000, 0x1FF000, 0x210000, 0x1EF000, false},
    {"small factory 8 MB", FETTLE_PYCOM_8MB, 0xFF000, 0x10F000, 0x110000, 0x2EF000, false},
};

static bool is_app_at(const fettle_partitions *partitions, uint8_t subtype,
                      uint32_t address, uint32_t size)
{
    const fettle_partition *row =
        fettle_partitions_find(partitions, FETTLE_PARTITION_APP, subtype);
    return row != NULL && row->address == address && row->size == size;
}

const fettle_pycom_table *fettle_pycom_table_of(const fettle_partitions *partitions)
{
    const fettle_partition *otadata = fettle_partitions_find(
        partitions, FETTLE_PARTITION_DATA, FETTLE_PARTITION_DATA_OTA);
    for (size_t i = 0; otadata != NULL && i < sizeof tables / sizeof *tables; i++) {
        const fettle_pycom_table *each = &tables[i];
        if (otadata->address == each->otadata &&
            is_app_at(partitions, FETTLE_PARTITION_APP_FACTORY, FACTORY,
                      each->factory_size) &&
            is_app_at(partitions, FETTLE_PARTITION_APP_OTA_0, each->ota_0,
                      each->ota_0_size)) {
            return each;
        }
    }
    return NULL;
}

const char *fettle_pycom_table_name(const fettle_partitions *partitions)
{
    const fettle_pycom_table *table =
        partitions != NULL ? fettle_pycom_table_of(partitions) : NULL;
    return table != NULL ? table->name : partitions != NULL ? "unknown" : "none";
}

static const fettle_partition *find_files_row(const fettle_partitions *partitions)
{
    const fettle_partition *row = fettle_partitions_find(partitions, FETTLE_PARTITION_DATA,
                                                         FETTLE_PYCOM_FILES_SUBTYPE);
    return row != NULL ? row : fettle_partitions_find_label(partitions, "fs");
}

/* With 8 MB the file system isn't in the published tables; the firmware knows its place. */
bool fettle_pycom_files_of(const fettle_partitions *partitions, uint64_t flash_size,
                           fettle_module_range *files)
{
    const fettle_pycom_table *table =
        partitions != NULL ? fettle_pycom_table_of(partitions) : NULL;
    const fettle_partition *row = partitions != NULL ? find_files_row(partitions) : NULL;
    bool is_8mb = flash_size == FETTLE_PYCOM_8MB && table != NULL &&
                  table->flash_size != FETTLE_PYCOM_4MB;
    if (is_8mb) {
        *files = (fettle_module_range){FILES_8MB, FETTLE_PYCOM_8MB - FILES_8MB};
    } else if (row != NULL) {
        *files = (fettle_module_range){row->address, row->size};
    } else if (table != NULL && flash_size == FETTLE_PYCOM_4MB) {
        *files = (fettle_module_range){FILES_4MB, 0x7F000};
    } else {
        return false;
    }
    return true;
}

uint32_t fettle_pycom_usual_files(uint64_t flash_size)
{
    return flash_size == FETTLE_PYCOM_8MB   ? FILES_8MB
           : flash_size == FETTLE_PYCOM_4MB ? FILES_4MB
                                            : 0;
}

const fettle_partition *fettle_pycom_otadata_row(const fettle_partitions *partitions)
{
    const fettle_partition *row =
        partitions->count > OTADATA_ROW ? &partitions->rows[OTADATA_ROW] : NULL;
    bool is_otadata = row != NULL && row->type == FETTLE_PARTITION_DATA &&
                      row->subtype == FETTLE_PARTITION_DATA_OTA;
    return is_otadata ? row
                      : fettle_partitions_find(partitions, FETTLE_PARTITION_DATA,
                                               FETTLE_PARTITION_DATA_OTA);
}

size_t fettle_pycom_cut(uint32_t address, fettle_span data, fettle_pycom_part parts[2])
{
    const uint64_t config_end =
        (uint64_t)FETTLE_PYCOM_CONFIG_ADDRESS + FETTLE_PYCOM_CONFIG_SECTOR;
    uint64_t end = (uint64_t)address + data.size;
    size_t count = 0;
    if (end <= FETTLE_PYCOM_CONFIG_ADDRESS || address >= config_end) {
        parts[0] = (fettle_pycom_part){address, data};
        return 1;
    }
    if (address < FETTLE_PYCOM_CONFIG_ADDRESS) {
        parts[count++] = (fettle_pycom_part){
            address, {data.data, FETTLE_PYCOM_CONFIG_ADDRESS - address}};
    }
    if (end > config_end) {
        parts[count++] = (fettle_pycom_part){
            (uint32_t)config_end,
            {data.data + (config_end - address), (size_t)(end - config_end)}};
    }
    return count;
}
