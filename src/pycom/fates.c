/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of what somebody has on a module, by what was laid out: its config block, its settings (NVS) and its file system. Said
 * is only what is certain: a place that nothing of the layout touches is kept where board and new table agree about it.
 */
#include "pycom/layout.h"

#include "image/esp_content.h"
#include "pycom/config.h"

#include <string.h>

enum { SECTOR = FETTLE_FLASH_SECTOR };

/* A sector goes as a whole. */
static bool touches(const fettle_esp_piece *piece, const fettle_module_range *range)
{
    uint64_t end =
        ((uint64_t)piece->address + piece->data.size + SECTOR - 1) / SECTOR * SECTOR;
    return piece->address < (uint64_t)range->address + range->size && end > range->address;
}

/* Of the bytes that lie in the range. */
static bool is_blank_in(const fettle_esp_piece *piece, const fettle_module_range *range)
{
    uint64_t end = (uint64_t)piece->address + piece->data.size;
    uint64_t range_end = (uint64_t)range->address + range->size;
    uint64_t from = piece->address > range->address ? piece->address : range->address;
    end = end < range_end ? end : range_end;
    return from >= end ||
           fettle_esp_is_blank((fettle_span){piece->data.data + (from - piece->address),
                                             (size_t)(end - from)});
}

static fettle_fate fate_of(const fettle_esp_layout *layout,
                           const fettle_module_range *range)
{
    fettle_fate fate = FETTLE_FATE_KEPT;
    for (size_t i = 0; i < layout->count; i++) {
        const fettle_esp_piece *piece = &layout->pieces[i];
        if (!touches(piece, range)) {
            continue;
        }
        if (!is_blank_in(piece, range)) {
            return FETTLE_FATE_REPLACED;
        }
        fate = FETTLE_FATE_ERASED;
    }
    return fate;
}

static bool is_same(const fettle_module_range *one, const fettle_module_range *other)
{
    return one->address == other->address && one->size == other->size;
}

/* `before` is where it was, `now` where firmware will look for it. */
static fettle_fate fate_between(const fettle_esp_layout *layout, bool was_there,
                                const fettle_module_range *before, bool is_there,
                                const fettle_module_range *now)
{
    if (!was_there || !is_there) {
        return FETTLE_FATE_UNKNOWN;
    }
    fettle_fate fate = fate_of(layout, now);
    bool is_lost = fate == FETTLE_FATE_KEPT && !is_same(before, now);
    return is_lost ? FETTLE_FATE_UNKNOWN : fate;
}

static bool settings_of(const fettle_partitions *table, fettle_module_range *range)
{
    const fettle_partition *row =
        fettle_partitions_find(table, FETTLE_PARTITION_DATA, FETTLE_PARTITION_DATA_NVS);
    if (row != NULL) {
        *range = (fettle_module_range){row->address, row->size};
    }
    return row != NULL;
}

/* The block is always a piece, as it will be. A region that somebody wants is no loss, but it is another one. */
static fettle_fate fate_of_config(const fettle_esp_layout *layout, fettle_span before,
                                  bool *has_other_region)
{
    const size_t behind = FETTLE_PYCOM_REGION_AT + 1;
    for (size_t i = 0; i < layout->count && before.size > 0; i++) {
        const fettle_esp_piece *piece = &layout->pieces[i];
        if (piece->address != FETTLE_PYCOM_CONFIG_ADDRESS ||
            piece->data.size < before.size || fettle_esp_is_blank(piece->data)) {
            continue;
        }
        bool is_kept = memcmp(piece->data.data, before.data, FETTLE_PYCOM_REGION_AT) == 0 &&
                       memcmp(piece->data.data + behind, before.data + behind,
                              before.size - behind) == 0;
        *has_other_region = is_kept && piece->data.data[FETTLE_PYCOM_REGION_AT] !=
                                           before.data[FETTLE_PYCOM_REGION_AT];
        return is_kept ? FETTLE_FATE_KEPT : FETTLE_FATE_RESTORED;
    }
    return FETTLE_FATE_UNKNOWN;
}

void fettle_pycom_tell_fates(const fettle_module_look *look, const fettle_partitions *table,
                             fettle_module_work *work)
{
    const fettle_partitions *old = fettle_pycom_table_before(look, table);
    uint64_t size = look->board->flash_size;
    fettle_module_range before = {0}, now = {0};
    fettle_pycom_seen seen;
    fettle_pycom_see(look, &seen);
    bool has_other_region = false;
    fettle_fate fate = fate_of_config(work->layout, seen.config, &has_other_region);
    bool has_ids = seen.config.size > 0 && fettle_pycom_has_credentials(seen.config);
    work->fates = (fettle_module_fates){
        .irreplaceable = fate,
        .name = has_other_region ? has_ids ? "config block with its ids and keys (but for "
                                             "the region)"
                                           : "config block (but for the region)"
                : has_ids        ? "config block with its ids and keys"
                                 : "config block",
    };
    if (old == NULL || table == NULL) {
        return;
    }
    bool was_there = settings_of(old, &before), is_there = settings_of(table, &now);
    work->fates.settings = fate_between(work->layout, was_there, &before, is_there, &now);
    was_there = fettle_pycom_files_of(old, size, &before);
    is_there = fettle_pycom_files_of(table, size, &now);
    work->fates.files = fate_between(work->layout, was_there, &before, is_there, &now);
}
