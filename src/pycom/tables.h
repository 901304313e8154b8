/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the flash of a Pycom module is divided: the partition tables that the vendor has published, known by what is in them, and
 * what is at the same place in all of them.
 *
 * Source: lib/partitions*.csv and the updater of pycom-micropython-sigfox, at several releases.
 */
#ifndef FETTLE_PYCOM_TABLES_H
#define FETTLE_PYCOM_TABLES_H

#include "board/module.h"
#include "image/partitions.h"
#include "pycom/config.h"

#define FETTLE_PYCOM_LOADER ((uint32_t)0x1000)

enum {
    FETTLE_PYCOM_LOADER_ROOM = 0x7000,
    FETTLE_PYCOM_CONFIG_SUBTYPE = 6, /* of its row, which is of type data */
    FETTLE_PYCOM_FILES_SUBTYPE = 5,
};

typedef struct fettle_pycom_table {
    const char *name;
    uint32_t flash_size; /* bytes; 0: it is used with 4 and with 8 MB */
    uint32_t factory_size, otadata, ota_0, ota_0_size;
    bool is_old; /* from before 1.20, whose file system later firmware can't use */
} fettle_pycom_table;

/* The published table that this is; NULL: none of them. */
const fettle_pycom_table *fettle_pycom_table_of(const fettle_partitions *partitions);

/* Its name, or "unknown"; NULL for `partitions` is "none". Constant. */
const char *fettle_pycom_table_name(const fettle_partitions *partitions);

/* Where firmware with this table keeps its files on flash of that size. False: nobody knows. */
bool fettle_pycom_files_of(const fettle_partitions *partitions, uint64_t flash_size,
                           fettle_module_range *files);

/* Where that is in all published tables for flash of that size; 0: there are none. */
uint32_t fettle_pycom_usual_files(uint64_t flash_size);

/* The row of otadata, the same way its loader finds it: the third one. NULL: there is none. */
const fettle_partition *fettle_pycom_otadata_row(const fettle_partitions *partitions);

/*
 * Content without what would lie in the config block: up to two parts, in order. Returns how many; `address` is a sector's
 * beginning.
 */
typedef struct fettle_pycom_part {
    uint32_t address;
    fettle_span data;
} fettle_pycom_part;
size_t fettle_pycom_cut(uint32_t address, fettle_span data, fettle_pycom_part parts[2]);

#endif
