/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sectors.h"

#include "base/error.h"

#include <assert.h>
#include <string.h>

static const uint8_t blank = 0xFF;

void fettle_sectors_init(fettle_sectors *sectors, const fettle_memory_ops *ops)
{
    *sectors = (fettle_sectors){.ops = ops};
}

static void forget_runs(fettle_sectors *sectors)
{
    for (size_t i = 0; i < sectors->run_count; i++) {
        sectors->ops->give(sectors->runs[i].memory);
    }
    sectors->ops->give(sectors->runs);
    sectors->runs = NULL;
    sectors->run_count = 0;
}

void fettle_sectors_free(fettle_sectors *sectors)
{
    if (sectors->ops == NULL) {
        return; /* it never was one */
    }
    forget_runs(sectors);
    sectors->ops->give(sectors->list);
    fettle_sectors_init(sectors, sectors->ops);
}

static void *take(const fettle_sectors *sectors, size_t count, size_t size,
                  fettle_error *err)
{
    void *memory = sectors->ops->take(count * size);
    if (memory == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = count * size});
    }
    return memory;
}

/* ---- content ---- */

static bool is_blank(fettle_span data)
{
    return data.data[0] == blank &&
           (data.size == 1 || memcmp(data.data, data.data + 1, data.size - 1) == 0);
}

static fettle_span part_of(fettle_span data, size_t sector)
{
    size_t from = sector * FETTLE_SECTOR_SIZE;
    size_t left = data.size - from;
    return (fettle_span){data.data + from,
                         left < FETTLE_SECTOR_SIZE ? left : FETTLE_SECTOR_SIZE};
}

bool fettle_sectors_add(fettle_sectors *sectors, uint32_t address, fettle_span data,
                        fettle_error *err)
{
    size_t more = (data.size + FETTLE_SECTOR_SIZE - 1) / FETTLE_SECTOR_SIZE;
    assert(data.size > 0 && address % FETTLE_SECTOR_SIZE == 0);
    if (more > FETTLE_SECTORS_MAX - sectors->count) {
        fettle_error_set(
            err, FETTLE_E_IMAGE_TOO_LARGE,
            &(fettle_words){.size = data.size,
                            .limit = (uint64_t)FETTLE_SECTORS_MAX * FETTLE_SECTOR_SIZE});
        return false;
    }
    fettle_sector *list = take(sectors, sectors->count + more, sizeof *list, err);
    if (list == NULL) {
        return false;
    }
    size_t before = 0;
    while (before < sectors->count && sectors->list[before].address < address) {
        list[before] = sectors->list[before];
        before++;
    }
    for (size_t i = 0; i < more; i++) {
        fettle_span part = part_of(data, i);
        list[before + i] =
            (fettle_sector){.address = address + (uint32_t)(i * FETTLE_SECTOR_SIZE),
                            .data = part,
                            .is_blank = is_blank(part)};
    }
    for (size_t i = before; i < sectors->count; i++) {
        list[i + more] = sectors->list[i];
    }
    sectors->ops->give(sectors->list);
    sectors->list = list;
    sectors->count += more;
    return true;
}

/* ---- what differs ---- */

void fettle_sectors_mark(fettle_sectors *sectors, bool differs)
{
    for (size_t i = 0; i < sectors->count; i++) {
        sectors->list[i].differs = differs;
    }
}

uint32_t fettle_sectors_differing(const fettle_sectors *sectors, uint32_t *first_address)
{
    uint32_t count = 0;
    *first_address = 0;
    for (size_t i = 0; i < sectors->count; i++) {
        if (sectors->list[i].differs) {
            *first_address = count == 0 ? sectors->list[i].address : *first_address;
            count++;
        }
    }
    return count;
}

/* Does the content go on from this sector to the next one, in the flash and in the memory of this computer? */
static bool goes_on(const fettle_sectors *sectors, size_t sector)
{
    if (sector + 1 >= sectors->count) {
        return false;
    }
    const fettle_sector *at = &sectors->list[sector], *next = at + 1;
    return at->data.size == FETTLE_SECTOR_SIZE &&
           next->address == at->address + FETTLE_SECTOR_SIZE &&
           next->data.data == at->data.data + at->data.size;
}

static void extend(fettle_span *data, const fettle_sector *sector)
{
    data->size += sector->data.size;
}

size_t fettle_sectors_block(const fettle_sectors *sectors, size_t first, fettle_span *data)
{
    size_t last = first;
    *data = sectors->list[first].data;
    while (goes_on(sectors, last) &&
           sectors->list[last + 1].address % FETTLE_FLASH_BLOCK_SIZE != 0) {
        extend(data, &sectors->list[++last]);
    }
    return last - first + 1;
}

/* ---- what is to be done ---- */

/* The run that begins with this sector; returns the index behind it. */
static size_t follow_run(const fettle_sectors *sectors, size_t first,
                         fettle_sector_run *run)
{
    size_t last = first;
    *run = (fettle_sector_run){.address = sectors->list[first].address,
                               .data = sectors->list[first].data,
                               .is_blank = sectors->list[first].is_blank};
    while (goes_on(sectors, last) && sectors->list[last + 1].differs &&
           sectors->list[last + 1].is_blank == run->is_blank) {
        extend(&run->data, &sectors->list[++last]);
    }
    return last + 1;
}

static size_t walk_runs(const fettle_sectors *sectors, fettle_sector_run *runs)
{
    size_t count = 0;
    for (size_t i = 0; i < sectors->count;) {
        fettle_sector_run run;
        if (!sectors->list[i].differs) {
            i++;
            continue;
        }
        i = follow_run(sectors, i, &run);
        if (runs != NULL) {
            runs[count] = run;
        }
        count++;
    }
    return count;
}

bool fettle_sectors_make_runs(fettle_sectors *sectors, fettle_error *err)
{
    forget_runs(sectors);
    size_t count = walk_runs(sectors, NULL);
    if (count == 0) {
        return true;
    }
    fettle_sector_run *runs = take(sectors, count, sizeof *runs, err);
    if (runs == NULL) {
        return false;
    }
    sectors->run_count = walk_runs(sectors, runs);
    sectors->runs = runs;
    return true;
}

uint64_t fettle_sectors_bytes(const fettle_sectors *sectors)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < sectors->count; i++) {
        const fettle_sector *sector = &sectors->list[i];
        bytes += sector->differs && !sector->is_blank ? sector->data.size : 0;
    }
    return bytes;
}
