/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `work` looks for the next piece of work and asks for it; `then` is where to go on once that has ended well. Here is what all pieces
 * share, and what changes or compares the flash; a look at the board is in esp_look.c, its start in esp_farewell.c.
 */
#include "job/esp_work_inside.h"

#include "base/error.h"
#include "base/hash.h"

#include <string.h>

enum {
    WORTH_REFINING = 2,        /* sectors: fewer are not looked at one by one */
    HASH_BLOCK = 0x10000,      /* bytes that nobody copies by chance */
    BLANK_BLOCK = 1024 * 1024, /* bytes of flash that are hashed at a time, to see
                                whether they are blank */
};

static fettle_esp_work_then read, compare, compare_sector, run_next, check_blank;

/* ---- running the loader ---- */

fettle_effect fettle_esp_work_run(fettle_esp_work *work, fettle_engine *child,
                                  uint32_t share, fettle_esp_work_then *then)
{
    work->then = then;
    return (fettle_effect){.kind = FETTLE_EFFECT_RUN, .run = {child, share}};
}

/* As run(); where it fails, that is no failure of ours. */
fettle_effect fettle_esp_work_try(fettle_esp_work *work, fettle_engine *child,
                                  fettle_esp_work_then *then)
{
    work->may_fail = true;
    return fettle_esp_work_run(work, child, 0, then);
}

fettle_effect fettle_esp_work_end_well(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return fettle_done(&work->engine);
}

static bool is_without_stub(const fettle_esp_work *work)
{
    return work->stub == NULL || work->esp.is_stub ||
           work->esp.stub_state != FETTLE_ESP_STUB_NONE;
}

/* Only for what the stub makes quicker: it has to be sent first. */
static fettle_effect with_stub(fettle_esp_work *work, fettle_us now)
{
    if (is_without_stub(work)) {
        return work->work(work, now);
    }
    return fettle_esp_work_run(work, fettle_esp_load_stub(&work->esp, work->stub), 0,
                               work->work);
}

static fettle_effect step(fettle_engine *engine, const fettle_outcome *last, fettle_us now)
{
    fettle_esp_work *work = (fettle_esp_work *)engine;
    bool may_fail = work->may_fail, may_leave = work->may_leave;
    work->may_fail = work->may_leave = false;
    work->used_stub = work->used_stub || work->esp.is_stub;
    work->was_good = last != NULL && last->kind == FETTLE_OK;
    work->was_gone = last != NULL && last->kind == FETTLE_GONE;
    if (last == NULL) {
        return work->then(work, now);
    }
    if (last->kind == FETTLE_OK || (may_fail && last->kind == FETTLE_ERROR) ||
        (may_leave && last->kind == FETTLE_GONE)) {
        return work->then(work, now);
    }
    return fettle_fail(&work->engine, last, FETTLE_CLAUSE_COUNT, NULL);
}

/* `total` in bytes; `first` begins the work. */
fettle_engine *fettle_esp_work_ready(fettle_esp_work *work, fettle_esp_work_then *first,
                                     uint64_t total)
{
    work->engine = (fettle_engine){.step = step, .total = (uint32_t)total};
    work->then = work->work = first;
    work->may_fail = work->may_leave = false;
    work->count = work->first_address = 0;
    work->sector = work->block_end = work->run = work->at = 0;
    work->bytes = 0;
    return &work->engine;
}

void fettle_esp_work_init(fettle_esp_work *work, const fettle_esp_setup *setup,
                          const fettle_memory_ops *ops)
{
    memset(work, 0, sizeof *work);
    fettle_esp_init(&work->esp, setup);
    fettle_sectors_init(&work->sectors, ops);
}

void fettle_esp_work_free(fettle_esp_work *work)
{
    fettle_sectors_free(&work->sectors);
}

/* ---- hashes ---- */

static void hash_blank(size_t size, uint8_t digest[FETTLE_MD5_SIZE])
{
    uint8_t bytes[256];
    fettle_md5 md5;
    memset(bytes, 0xFF, sizeof bytes);
    fettle_md5_init(&md5);
    for (size_t part; size > 0; size -= part) {
        part = size < sizeof bytes ? size : sizeof bytes;
        fettle_md5_feed(&md5, (fettle_span){bytes, part});
    }
    fettle_md5_finish(&md5, digest);
}

bool fettle_esp_work_is_hash_of_blank(fettle_esp_work *work, size_t size)
{
    if (size == 0 || size != work->hashed_blank) {
        hash_blank(size, work->md5_of_blank);
        work->hashed_blank = size;
    }
    return fettle_esp_work_is_hash(work, work->md5_of_blank);
}

bool fettle_esp_work_is_hash(const fettle_esp_work *work,
                             const uint8_t digest[FETTLE_MD5_SIZE])
{
    return memcmp(work->esp.md5, digest, FETTLE_MD5_SIZE) == 0;
}

/* ---- compare ---- */

static void hash_of(fettle_span data, uint8_t digest[FETTLE_MD5_SIZE])
{
    fettle_md5 md5;
    fettle_md5_init(&md5);
    fettle_md5_feed(&md5, data);
    fettle_md5_finish(&md5, digest);
}

static fettle_span block_of(const fettle_esp_work *work)
{
    fettle_span data;
    (void)fettle_sectors_block(&work->sectors, work->sector, &data);
    return data;
}

static bool is_blank_block(const fettle_esp_work *work)
{
    bool is_blank = true;
    for (size_t i = work->block_first; i < work->block_end && is_blank; i++) {
        is_blank = work->sectors.list[i].is_blank;
    }
    return is_blank;
}

static bool is_hash_of_block(fettle_esp_work *work)
{
    fettle_span data = block_of(work);
    uint8_t digest[FETTLE_MD5_SIZE];
    if (is_blank_block(work)) {
        return fettle_esp_work_is_hash_of_blank(work, data.size);
    }
    hash_of(data, digest);
    return fettle_esp_work_is_hash(work, digest);
}

static void mark_block(fettle_esp_work *work, bool differs, bool but_blank)
{
    for (; work->sector < work->block_end; work->sector++) {
        fettle_sector *sector = &work->sectors.list[work->sector];
        sector->differs = differs && !(but_blank && sector->is_blank);
    }
}

/* The hash that says so is still there. */
static fettle_effect on_block_differs(fettle_esp_work *work, fettle_us now)
{
    if (fettle_esp_work_is_hash_of_blank(work, block_of(work).size)) {
        mark_block(work, true, true); /* erased: only what isn't blank is missing */
        return compare(work, now);
    }
    if (!work->refines || work->block_end - work->block_first < WORTH_REFINING) {
        mark_block(work, true, false);
        return compare(work, now);
    }
    work->count = 0; /* of this block, that differ */
    return compare_sector(work, now);
}

/* From the first difference on it is certain that the stub will be needed, and it hashes faster. */
static fettle_effect on_block_hashed(fettle_esp_work *work, fettle_us now)
{
    if (is_hash_of_block(work)) {
        work->refines = true;
        mark_block(work, false, false);
        return compare(work, now);
    }
    if (!work->writes_next || is_without_stub(work)) {
        return on_block_differs(work, now);
    }
    return fettle_esp_work_run(work, fettle_esp_load_stub(&work->esp, work->stub), 0,
                               on_block_differs);
}

static fettle_effect compare(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    if (work->sector == work->sectors.count) {
        work->count = fettle_sectors_differing(&work->sectors, &work->first_address);
        return fettle_done(&work->engine);
    }
    fettle_span data;
    work->block_first = work->sector;
    work->block_end =
        work->sector + fettle_sectors_block(&work->sectors, work->sector, &data);
    work->address = work->sectors.list[work->sector].address;
    return fettle_esp_work_run(
        work, fettle_esp_hash(&work->esp, work->address, (uint32_t)data.size),
        (uint32_t)data.size, on_block_hashed);
}

static fettle_effect on_sector_hashed(fettle_esp_work *work, fettle_us now)
{
    fettle_sector *sector = &work->sectors.list[work->sector++];
    uint8_t digest[FETTLE_MD5_SIZE];
    hash_of(sector->data, digest);
    sector->differs = !fettle_esp_work_is_hash(work, digest);
    work->count += sector->differs;
    return compare_sector(work, now);
}

static fettle_effect compare_sector(fettle_esp_work *work, fettle_us now)
{
    if (work->sector < work->block_end) {
        const fettle_sector *sector = &work->sectors.list[work->sector];
        work->address = sector->address;
        return fettle_esp_work_run(
            work, fettle_esp_hash(&work->esp, sector->address, (uint32_t)sector->data.size),
            0, on_sector_hashed);
    }
    /* Where all of a block differs the next ones will: looking at each sector would only take time. */
    work->refines = work->count < work->block_end - work->block_first;
    return compare(work, now);
}

fettle_engine *fettle_esp_work_compare(fettle_esp_work *work, bool writes_next)
{
    uint64_t total = 0;
    for (size_t i = 0; i < work->sectors.count; i++) {
        total += work->sectors.list[i].data.size;
    }
    fettle_engine *engine = fettle_esp_work_ready(work, compare, total);
    work->refines = true;
    work->writes_next = writes_next;
    return engine;
}

/* ---- erase and write ---- */

static uint32_t whole_sectors(size_t size)
{
    return (uint32_t)((size + FETTLE_SECTOR_SIZE - 1) / FETTLE_SECTOR_SIZE *
                      FETTLE_SECTOR_SIZE);
}

/* Some ROMs erase two sectors where they are told to erase one. */
static void note_erase(fettle_esp_work *work, uint32_t address, uint32_t size)
{
    const fettle_esp *esp = &work->esp;
    uint32_t behind = address + FETTLE_SECTOR_SIZE;
    bool is_one =
        !esp->is_stub && esp->identity.chip->erases_too_much && size == FETTLE_SECTOR_SIZE;
    for (size_t i = 0; is_one && i < work->sectors.count; i++) {
        is_one = work->sectors.list[i].address != behind;
    }
    if (is_one && (esp->flash_size == 0 || behind < esp->flash_size)) {
        work->erased_behind = behind;
    }
}

static fettle_effect run_next(fettle_esp_work *work, fettle_us now)
{
    const fettle_sectors *sectors = &work->sectors;
    (void)now;
    while (work->run < sectors->run_count &&
           sectors->runs[work->run].is_blank != work->wants_blanks) {
        work->run++;
    }
    if (work->run == sectors->run_count) {
        return fettle_done(&work->engine);
    }
    const fettle_sector_run *next = &sectors->runs[work->run++];
    uint32_t size = whole_sectors(next->data.size);
    note_erase(work, next->address, size);
    if (next->is_blank) {
        return fettle_esp_work_run(work, fettle_esp_erase(&work->esp, next->address, size),
                                   size, run_next);
    }
    work->region = (fettle_esp_region){
        .address = next->address, .data = next->data, .deflated = next->deflated};
    return fettle_esp_work_run(work, fettle_esp_write(&work->esp, &work->region), size,
                               run_next);
}

static bool has_runs(const fettle_esp_work *work, bool blank)
{
    for (size_t i = 0; i < work->sectors.run_count; i++) {
        if (work->sectors.runs[i].is_blank == blank) {
            return true;
        }
    }
    return false;
}

static fettle_engine *runs(fettle_esp_work *work, bool blank)
{
    uint64_t total = 0;
    for (size_t i = 0; i < work->sectors.run_count; i++) {
        const fettle_sector_run *each = &work->sectors.runs[i];
        total += each->is_blank == blank ? whole_sectors(each->data.size) : 0;
    }
    fettle_engine *engine = fettle_esp_work_ready(work, run_next, total);
    work->then = has_runs(work, blank) ? with_stub : fettle_esp_work_end_well;
    work->wants_blanks = blank;
    return engine;
}

fettle_engine *fettle_esp_work_erase_runs(fettle_esp_work *work)
{
    return runs(work, true);
}

fettle_engine *fettle_esp_work_write_runs(fettle_esp_work *work)
{
    return runs(work, false);
}

static fettle_effect erase_range(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    if (work->at == work->to_erase_count) {
        return fettle_done(&work->engine);
    }
    const fettle_module_range *range = &work->to_erase[work->at++];
    note_erase(work, range->address, range->size);
    return fettle_esp_work_run(work,
                               fettle_esp_erase(&work->esp, range->address, range->size),
                               range->size, erase_range);
}

static uint64_t take_ranges(fettle_esp_work *work, const fettle_module_range *ranges,
                            size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += ranges[i].size;
    }
    work->to_erase = ranges;
    work->to_erase_count = count;
    return total;
}

fettle_engine *fettle_esp_work_erase(fettle_esp_work *work,
                                     const fettle_module_range *ranges, size_t count)
{
    fettle_engine *engine =
        fettle_esp_work_ready(work, erase_range, take_ranges(work, ranges, count));
    work->then = with_stub;
    return engine;
}

static fettle_effect erase_all(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return fettle_esp_work_run(work, fettle_esp_erase_chip(&work->esp), 1,
                               fettle_esp_work_end_well);
}

fettle_engine *fettle_esp_work_erase_chip(fettle_esp_work *work)
{
    fettle_engine *engine = fettle_esp_work_ready(work, erase_all, 1);
    work->then = with_stub;
    return engine;
}

/* ---- is it blank? ---- */

static uint32_t blank_block(const fettle_esp_work *work)
{
    return work->size < BLANK_BLOCK ? work->size : BLANK_BLOCK;
}

static fettle_effect on_blank_hashed(fettle_esp_work *work, fettle_us now)
{
    uint32_t size = blank_block(work);
    if (!fettle_esp_work_is_hash_of_blank(work, size)) {
        work->first_address = work->count == 0 ? work->address : work->first_address;
        work->count++;
    }
    work->address += size;
    work->size -= size;
    return check_blank(work, now);
}

static fettle_effect check_blank(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    if (work->size == 0 && work->at == work->to_erase_count) {
        return fettle_done(&work->engine);
    }
    if (work->size == 0) {
        work->address = work->to_erase[work->at].address;
        work->size = work->to_erase[work->at++].size;
    }
    uint32_t size = blank_block(work);
    return fettle_esp_work_run(work, fettle_esp_hash(&work->esp, work->address, size), size,
                               on_blank_hashed);
}

fettle_engine *fettle_esp_work_check_blank(fettle_esp_work *work,
                                           const fettle_module_range *ranges, size_t count)
{
    work->size = 0;
    return fettle_esp_work_ready(work, check_blank, take_ranges(work, ranges, count));
}

/* ---- read ---- */

/*
 * What is blank isn't worth the time on the line: where the chip can hash, each aligned block is hashed before it is read, and those
 * that aren't blank are read together as far as they lie together.
 */

static fettle_effect on_read(fettle_esp_work *work, fettle_us now)
{
    work->bytes += work->run_size;
    work->run_size = 0;
    return read(work, now);
}

static fettle_effect read_run(fettle_esp_work *work)
{
    uint32_t at = (uint32_t)work->bytes;
    return fettle_esp_work_run(
        work,
        fettle_esp_read(&work->esp, work->address + at, work->buffer + at, work->run_size),
        work->run_size, on_read);
}

/* Behind the run: up to the next block's beginning, or to the end. */
static uint32_t next_part(const fettle_esp_work *work)
{
    uint32_t at = (uint32_t)work->bytes + work->run_size;
    uint32_t part = HASH_BLOCK - (work->address + at) % HASH_BLOCK;
    return part < work->size - at ? part : work->size - at;
}

static fettle_effect on_part_hashed(fettle_esp_work *work, fettle_us now)
{
    if (!fettle_esp_work_is_hash_of_blank(work, HASH_BLOCK)) {
        work->run_size += HASH_BLOCK;
        return read(work, now);
    }
    work->blank_size = HASH_BLOCK;
    return work->run_size > 0 ? read_run(work) : read(work, now);
}

/* All at once where nothing is to be gained. */
static bool reads_parts(const fettle_esp_work *work)
{
    return work->size > HASH_BLOCK && fettle_esp_can_hash(&work->esp);
}

static void fill_blank(fettle_esp_work *work)
{
    memset(work->buffer + work->bytes, 0xFF, work->blank_size);
    work->engine.done += work->blank_size;
    work->bytes += work->blank_size;
    work->blank_size = 0;
}

static fettle_effect read(fettle_esp_work *work, fettle_us now)
{
    if (work->run_size == 0 && work->blank_size > 0) {
        fill_blank(work);
    }
    if (!reads_parts(work)) {
        work->run_size = work->size - (uint32_t)work->bytes;
    }
    while (work->bytes + work->run_size < work->size) {
        uint32_t part = next_part(work);
        if (part == HASH_BLOCK) {
            uint32_t at = (uint32_t)work->bytes + work->run_size;
            return fettle_esp_work_run(
                work, fettle_esp_hash(&work->esp, work->address + at, part), 0,
                on_part_hashed);
        }
        work->run_size += part;
    }
    return work->run_size > 0 ? read_run(work) : fettle_esp_work_end_well(work, now);
}

fettle_engine *fettle_esp_work_read(fettle_esp_work *work, uint32_t address,
                                    uint8_t *buffer, uint32_t size)
{
    fettle_engine *engine = fettle_esp_work_ready(work, read, size);
    work->then = with_stub;
    work->address = address;
    work->buffer = buffer;
    work->size = size;
    work->run_size = work->blank_size = 0;
    return engine;
}
