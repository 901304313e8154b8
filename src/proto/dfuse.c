/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DfuSe engine. `work` looks for the next piece of work and asks for it; `then` is where to go on once the
 * request that is under way has ended well. A piece is at `address`, in page number `page` of the target; how it is
 * reached is in dfuse_reach.h, and how one goes from piece to piece in dfuse_walk.h.
 *
 * Where blocks follow each other nothing is set: blocks cross the borders of pages as they come.
 */
#include "proto/dfuse_reach.h"
#include "proto/dfuse_walk.h"

#include <assert.h>
#include <string.h>

/* Commands, AN3156 table 4. */
enum {
    ERASE = 0x41,
    READ_UNPROTECT = 0x92,
};

enum {
    ERR_VENDOR = 11,         /* bStatus with which read protection is told */
    BLOCKS_WORTH_A_JUMP = 8, /* that need not be read, for which a new address is set */
};

/* Many loaders are deaf while they erase a page, or all of them (32 s on the slowest). */
#define ERASE_TIME ((fettle_us)35 * 1000000)

/* ---- compare ---- */

/* Is what was kept for the page still true? From its beginning on, and without a gap. */
static bool check_rest(fettle_dfuse *dfuse, fettle_target_page *page, uint32_t address,
                       uint32_t size)
{
    const uint8_t *bytes = dfuse->block + (address - dfuse->address);
    bool fits = fettle_target_fits_rest(dfuse->target, page, address, bytes, size);
    page->checked += fits && address - page->address == page->checked ? size : 0;
    return fits;
}

static void compare_part(fettle_dfuse *dfuse, fettle_target_page *page, uint32_t address,
                         uint32_t size)
{
    const uint8_t *bytes = dfuse->block + (address - dfuse->address);
    if (!fettle_target_is_right(dfuse->target, page, address, bytes, size)) {
        page->differs = true;
    }
    bool is_untouched =
        page->is_recalled && !page->is_erased; /* what is wrong is older then */
    page->is_stale |= is_untouched && !check_rest(dfuse, page, address, size);
}

/* What was kept for such a page belongs to another time. */
static void drop_stale_rests(fettle_dfuse *dfuse)
{
    for (size_t i = 0; i < dfuse->target->page_count; i++) {
        fettle_target_page *page = &dfuse->target->pages[i];
        if (page->is_stale) {
            fettle_target_drop_rest(page);
            page->differs = true;
        }
    }
}

static void differ_part(fettle_dfuse *dfuse, fettle_target_page *page, uint32_t address,
                        uint32_t size)
{
    (void)dfuse;
    (void)address;
    (void)size;
    page->differs = true;
}

static fettle_effect on_compared(fettle_dfuse *dfuse, fettle_us now)
{
    fettle_dfuse_for_each_part(dfuse, fettle_dfuse_note_received(dfuse) ? compare_part
                                                                        : differ_part);
    uint64_t next = (uint64_t)dfuse->address + dfuse->size;
    fettle_dfuse_advance_to(dfuse, next);
    if (dfuse->page < dfuse->target->page_count && page_at(dfuse)->differs &&
        !page_at(dfuse)->is_recalled && next > page_at(dfuse)->address &&
        page_end(page_at(dfuse)) - next >
            (uint64_t)BLOCKS_WORTH_A_JUMP * transfer_size(dfuse)) {
        fettle_dfuse_advance_to(dfuse, page_end(page_at(dfuse)));
    }
    return dfuse->work(dfuse, now);
}

static fettle_effect compare(fettle_dfuse *dfuse, fettle_us now)
{
    (void)now;
    if (!fettle_dfuse_find_block(dfuse, false)) {
        drop_stale_rests(dfuse);
        dfuse->count = fettle_target_differing(dfuse->target, &dfuse->first_address);
        return fettle_done(&dfuse->engine);
    }
    return fettle_dfuse_read_page(dfuse, on_compared);
}

/* ---- erase ---- */

static bool is_to_be_erased(const fettle_target_page *page)
{
    return page->differs && page->can_erase && !page->is_clean;
}

static bool is_to_be_saved(const fettle_target_page *page)
{
    return is_to_be_erased(page) && page->room != NULL;
}

static fettle_effect on_saved(fettle_dfuse *dfuse, fettle_us now)
{
    uint64_t next = (uint64_t)dfuse->address + dfuse->size;
    if (!fettle_dfuse_note_received(dfuse)) {
        return fettle_dfuse_fail_short(dfuse, "it ended before the page did");
    }
    fettle_target_page *page = page_at(dfuse);
    if (!page->is_recalled) {
        memcpy(page->room + (dfuse->address - page->address), dfuse->block, dfuse->size);
    } else if (!check_rest(dfuse, page, dfuse->address, dfuse->size)) {
        fettle_target_drop_rest(page);
        dfuse->address = page->address; /* read it, all of it */
        return dfuse->work(dfuse, now);
    }
    dfuse->address = (uint32_t)next;
    if (next >= page_end(page)) {
        page->rest = page->room;
        dfuse->page++;
        dfuse->address = 0;
    }
    return dfuse->work(dfuse, now);
}

/* Reads what else is in the pages, all of it before the first one is erased. */
static fettle_effect save(fettle_dfuse *dfuse, fettle_us now)
{
    fettle_target *target = dfuse->target;
    while (dfuse->page < target->page_count && dfuse->address == 0 &&
           (!is_to_be_saved(page_at(dfuse)) || fettle_target_knows_rest(page_at(dfuse)))) {
        dfuse->page++;
    }
    (void)now;
    if (dfuse->page == target->page_count) {
        return fettle_done(&dfuse->engine);
    }
    fettle_target_page *page = page_at(dfuse);
    if (dfuse->address <= page->address) {
        dfuse->address = page->address + page->checked;
    }
    dfuse->size = fettle_dfuse_block_size(dfuse, page_end(page) - dfuse->address);
    return fettle_dfuse_read_page(dfuse, on_saved);
}

static fettle_effect on_erased(fettle_dfuse *dfuse, fettle_us now)
{
    page_at(dfuse)->is_erased = page_at(dfuse)->is_clean = true;
    dfuse->was_unstuck = dfuse->was_unstuck || dfuse->dfu->was_unstuck;
    dfuse->count++;
    dfuse->engine.done += page_at(dfuse)->size;
    dfuse->page++;
    return dfuse->work(dfuse, now);
}

static fettle_effect erase(fettle_dfuse *dfuse, fettle_us now)
{
    const fettle_target *target = dfuse->target;
    (void)now;
    while (dfuse->page < target->page_count && !is_to_be_erased(page_at(dfuse))) {
        dfuse->page++;
    }
    if (dfuse->page == target->page_count) {
        return fettle_done(&dfuse->engine);
    }
    if (!fettle_dfuse_is_selected(dfuse, page_at(dfuse)->memory)) {
        return fettle_dfuse_select_memory(dfuse);
    }
    dfuse->address = page_at(dfuse)->address;
    return fettle_dfuse_command(dfuse, ERASE, FETTLE_DFUSE_COMMAND_SIZE, ERASE_TIME,
                                FETTLE_CLAUSE_ERASE_PAGE, on_erased);
}

/* ---- write ---- */

static void fill_part(fettle_dfuse *dfuse, fettle_target_page *page, uint32_t address,
                      uint32_t size)
{
    fettle_target_fill(dfuse->target, page, address,
                       dfuse->block + (address - dfuse->address), size);
}

static bool is_of(const uint8_t *bytes, size_t size, uint8_t value)
{
    return size == 0 || (bytes[0] == value && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Nothing but the erased value, on pages that are erased. */
static bool is_blank(const fettle_dfuse *dfuse)
{
    uint64_t end = (uint64_t)dfuse->address + dfuse->size;
    if (!is_of(dfuse->block, dfuse->size, dfuse->target->blank)) {
        return false;
    }
    for (size_t i = dfuse->page; i < dfuse->target->page_count; i++) {
        const fettle_target_page *page = &dfuse->target->pages[i];
        if (page->address >= end || page->memory != page_at(dfuse)->memory) {
            break;
        }
        if (!page->is_erased) {
            return false;
        }
    }
    return true;
}

static void touch_part(fettle_dfuse *dfuse, fettle_target_page *page, uint32_t address,
                       uint32_t size)
{
    (void)dfuse;
    (void)address;
    (void)size;
    page->is_clean = false;
}

static fettle_effect on_written(fettle_dfuse *dfuse, fettle_us now)
{
    dfuse->is_reading = false;
    dfuse->has_pointer = dfuse->size == transfer_size(dfuse);
    dfuse->next = dfuse->address + dfuse->size;
    fettle_dfuse_advance_to(dfuse, (uint64_t)dfuse->address + dfuse->size);
    return dfuse->work(dfuse, now);
}

/* What an erased byte reads as no descriptor tells: 0xFF mostly, 0x00 on some. One look settles it. */
static fettle_effect on_learned(fettle_dfuse *dfuse, fettle_us now)
{
    bool is_whole = fettle_dfuse_note_received(dfuse);
    uint8_t value = dfuse->block[0];
    dfuse->is_learned = true;
    if (is_whole && (value == 0x00 || value == 0xFF) &&
        is_of(dfuse->block, dfuse->size, value)) {
        dfuse->target->blank = value;
    } else {
        dfuse->skips_blank = false;
    }
    return dfuse->work(dfuse, now);
}

static fettle_effect write(fettle_dfuse *dfuse, fettle_us now)
{
    (void)now;
    for (;;) {
        if (!fettle_dfuse_find_block(dfuse, true)) {
            return fettle_done(&dfuse->engine);
        }
        fettle_dfuse_for_each_part(dfuse, fill_part);
        if (!dfuse->skips_blank || !is_blank(dfuse)) {
            break;
        }
        if (!dfuse->is_learned && fettle_dfuse_is_selected(dfuse, page_at(dfuse)->memory)) {
            return fettle_dfuse_read_block(dfuse, dfuse->block, 0, on_learned);
        }
        if (!dfuse->is_learned) {
            break;
        }
        fettle_dfuse_for_each_part(dfuse, touch_part);
        dfuse->engine.done += dfuse->size;
        fettle_dfuse_advance_to(dfuse, (uint64_t)dfuse->address + dfuse->size);
    }
    if (!fettle_dfuse_is_selected(dfuse, page_at(dfuse)->memory)) {
        return fettle_dfuse_select_memory(dfuse);
    }
    if (!fettle_dfuse_is_in_reach(dfuse, false)) {
        return fettle_dfuse_set_pointer(dfuse);
    }
    fettle_dfuse_for_each_part(dfuse, touch_part);
    return fettle_dfuse_send_block(dfuse, on_written);
}

/* ---- is it blank? ---- */

static fettle_effect on_looked(fettle_dfuse *dfuse, fettle_us now)
{
    uint64_t next = (uint64_t)dfuse->address + dfuse->size;
    uint8_t value = dfuse->block[0];
    bool is_blank = fettle_dfuse_note_received(dfuse) && (value == 0x00 || value == 0xFF) &&
                    is_of(dfuse->block, dfuse->size, value);
    dfuse->saw_zeros = dfuse->saw_zeros || value == 0x00;
    if (!is_blank) {
        dfuse->first_address = dfuse->count == 0 ? dfuse->address : dfuse->first_address;
        dfuse->count++;
        next = page_end(page_at(dfuse)); /* one such block is enough */
    }
    fettle_dfuse_advance_to(dfuse, next);
    return dfuse->work(dfuse, now);
}

static fettle_effect check_blank(fettle_dfuse *dfuse, fettle_us now)
{
    const fettle_target *target = dfuse->target;
    (void)now;
    while (dfuse->page < target->page_count && !page_at(dfuse)->differs) {
        dfuse->page++;
    }
    if (dfuse->page == target->page_count) {
        return fettle_done(&dfuse->engine);
    }
    const fettle_target_page *page = page_at(dfuse);
    if (dfuse->address < page->address) {
        dfuse->address = page->address;
    }
    dfuse->size = fettle_dfuse_block_size(dfuse, page_end(page) - dfuse->address);
    return fettle_dfuse_read_page(dfuse, on_looked);
}

/* ---- read, and what concerns the whole board ---- */

static fettle_effect on_read(fettle_dfuse *dfuse, fettle_us now)
{
    bool is_whole = fettle_dfuse_note_received(dfuse);
    uint32_t count = (uint32_t)dfuse->dfu->count;
    dfuse->bytes += count;
    if (!is_whole) { /* its own map says that there is more */
        return fettle_dfuse_fail_short(dfuse, "it ended before the memory did");
    }
    dfuse->address += dfuse->size;
    return dfuse->work(dfuse, now);
}

static fettle_effect read(fettle_dfuse *dfuse, fettle_us now)
{
    size_t left = dfuse->engine.total - dfuse->bytes;
    (void)now;
    if (left == 0) {
        return fettle_done(&dfuse->engine);
    }
    dfuse->size = fettle_dfuse_block_size(dfuse, left);
    return fettle_dfuse_read_block(dfuse, dfuse->buffer + dfuse->bytes, dfuse->size,
                                   on_read);
}

static fettle_effect on_commands(fettle_dfuse *dfuse, fettle_us now)
{
    (void)now;
    dfuse->count = (uint32_t)dfuse->dfu->count;
    return fettle_done(&dfuse->engine);
}

/* An UPLOAD of block 0, of which nobody says how long the answer is. */
static fettle_effect ask_commands(fettle_dfuse *dfuse, fettle_us now)
{
    size_t room = sizeof dfuse->commands;
    (void)now;
    return fettle_dfuse_run(
        dfuse,
        fettle_dfu_receive(dfuse->dfu, COMMAND_BLOCK, dfuse->commands,
                           room < transfer_size(dfuse) ? room : transfer_size(dfuse), 0,
                           false),
        0, FETTLE_CLAUSE_SURVEY, on_commands);
}

static fettle_effect end_well(fettle_dfuse *dfuse, fettle_us now)
{
    (void)now;
    return fettle_done(&dfuse->engine);
}

static fettle_effect mass_erase(fettle_dfuse *dfuse, fettle_us now)
{
    (void)now;
    return fettle_dfuse_command(dfuse, ERASE, 1, ERASE_TIME, FETTLE_CLAUSE_MASS_ERASE,
                                end_well);
}

static fettle_effect on_page_gone(fettle_dfuse *dfuse, fettle_us now)
{
    const fettle_zone *zone =
        &dfuse->target->memories[dfuse->memory].map.zones[dfuse->zone];
    uint64_t end = (uint64_t)zone->address + (uint64_t)zone->page_size * zone->page_count;
    uint64_t next = (uint64_t)dfuse->address + zone->page_size;
    dfuse->count++;
    dfuse->engine.done += zone->page_size;
    dfuse->zone += next >= end;
    dfuse->address = next >= end ? 0 : (uint32_t)next;
    return dfuse->work(dfuse, now);
}

static fettle_effect erase_memory(fettle_dfuse *dfuse, fettle_us now)
{
    const fettle_memory_map *map = &dfuse->target->memories[dfuse->memory].map;
    (void)now;
    while (dfuse->zone < map->zone_count &&
           !(map->zones[dfuse->zone].can_erase && map->zones[dfuse->zone].can_write)) {
        dfuse->zone++;
    }
    if (dfuse->zone == map->zone_count) {
        return fettle_done(&dfuse->engine);
    }
    if (dfuse->address < map->zones[dfuse->zone].address) {
        dfuse->address = map->zones[dfuse->zone].address;
    }
    return fettle_dfuse_command(dfuse, ERASE, FETTLE_DFUSE_COMMAND_SIZE, ERASE_TIME,
                                FETTLE_CLAUSE_ERASE_PAGE, on_page_gone);
}

static fettle_effect unprotect(fettle_dfuse *dfuse, fettle_us now)
{
    (void)now;
    return fettle_dfuse_command(dfuse, READ_UNPROTECT, 1, ERASE_TIME,
                                FETTLE_CLAUSE_UNPROTECT, end_well);
}

/* Without an address of its own the loader would jump to what was written last. */
static fettle_effect leave(fettle_dfuse *dfuse, fettle_us now)
{
    (void)now;
    if (!dfuse->has_pointer) {
        return fettle_dfuse_set_pointer(dfuse);
    }
    fettle_engine *child = fettle_dfu_finish(dfuse->dfu, 0);
    dfuse->dfu->first_block = FIRST_DATA_BLOCK;
    return fettle_dfuse_run(dfuse, child, 0, FETTLE_CLAUSE_START_AT, end_well);
}

/* ---- the engine ---- */

/* The board's own word for "protected" is another one on each kind of board; this is ST's. */
static void name_protection(fettle_dfuse *dfuse)
{
    fettle_error *error = &dfuse->engine.error;
    fettle_error before = *error;
    if (error->code == FETTLE_E_BOARD_REFUSED && error->device_kind == FETTLE_STATUS_DFU &&
        error->device == ERR_VENDOR) {
        fettle_error_set(error, FETTLE_E_READ_PROTECTED, NULL);
        error->device_kind = before.device_kind;
        error->device = before.device;
        error->device_state = before.device_state;
    }
}

static fettle_effect on_trouble(fettle_dfuse *dfuse, const fettle_outcome *last)
{
    if (last->kind == FETTLE_GONE && dfuse->clause == FETTLE_CLAUSE_UNPROTECT) {
        return fettle_done(&dfuse->engine); /* that is how it begins */
    }
    dfuse->has_pointer = dfuse->is_reading = false;
    (void)fettle_fail(&dfuse->engine, last, FETTLE_CLAUSE_COUNT, NULL);
    name_protection(dfuse);
    fettle_words words = {.address = dfuse->address};
    if (dfuse->clause != FETTLE_CLAUSE_COUNT) {
        fettle_error_wrap(&dfuse->engine.error, dfuse->clause, &words);
    }
    dfuse->engine.error.has_address = true;
    dfuse->engine.error.address = dfuse->address;
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

static fettle_effect step(fettle_engine *engine, const fettle_outcome *last, fettle_us now)
{
    fettle_dfuse *dfuse = (fettle_dfuse *)engine;
    if (last == NULL) {
        return dfuse->work(dfuse, now);
    }
    return last->kind == FETTLE_OK ? dfuse->then(dfuse, now) : on_trouble(dfuse, last);
}

/* ---- verbs ---- */

void fettle_dfuse_init(fettle_dfuse *dfuse, fettle_dfu *dfu, fettle_target *target)
{
    memset(dfuse, 0, sizeof *dfuse);
    dfuse->dfu = dfu;
    dfuse->target = target;
}

static fettle_engine *ready(fettle_dfuse *dfuse, fettle_dfuse_go_on *work, uint64_t total)
{
    assert(dfuse->engine.caller == NULL);
    assert(transfer_size(dfuse) >= FETTLE_DFUSE_COMMAND_SIZE);
    dfuse->engine = (fettle_engine){.step = step, .total = (uint32_t)total};
    dfuse->work = work;
    dfuse->then = NULL;
    dfuse->page = 0;
    dfuse->address = dfuse->size = 0;
    dfuse->was_unstuck = dfuse->saw_zeros = false;
    dfuse->count = 0;
    dfuse->bytes = 0;
    return &dfuse->engine;
}

static uint64_t content_size(const fettle_target *target)
{
    uint64_t size = 0;
    for (size_t i = 0; i < target->chunk_count; i++) {
        size += target->chunks[i].data.size;
    }
    return size;
}

/* Of the pages that differ: what will be sent, about; all of them, in bytes. */
static uint64_t size_of_differing(const fettle_target *target)
{
    uint64_t size = 0;
    for (size_t i = 0; i < target->page_count; i++) {
        size += target->pages[i].differs ? target->pages[i].size : 0;
    }
    return size;
}

fettle_engine *fettle_dfuse_compare(fettle_dfuse *dfuse)
{
    for (size_t i = 0; i < dfuse->target->page_count; i++) {
        dfuse->target->pages[i].differs = !dfuse->target->pages[i].can_read;
    }
    return ready(dfuse, compare, content_size(dfuse->target));
}

fettle_engine *fettle_dfuse_save(fettle_dfuse *dfuse)
{
    uint64_t size = 0;
    for (size_t i = 0; i < dfuse->target->page_count; i++) {
        const fettle_target_page *page = &dfuse->target->pages[i];
        size += is_to_be_saved(page) && !fettle_target_knows_rest(page) ? page->size : 0;
    }
    return size > 0 ? ready(dfuse, save, size) : NULL;
}

fettle_engine *fettle_dfuse_erase(fettle_dfuse *dfuse)
{
    return ready(dfuse, erase, size_of_differing(dfuse->target));
}

fettle_engine *fettle_dfuse_write(fettle_dfuse *dfuse)
{
    return ready(dfuse, write, size_of_differing(dfuse->target));
}

fettle_engine *fettle_dfuse_check_blank(fettle_dfuse *dfuse)
{
    return ready(dfuse, check_blank, size_of_differing(dfuse->target));
}

fettle_engine *fettle_dfuse_read(fettle_dfuse *dfuse, uint8_t memory, uint32_t address,
                                 uint8_t *buffer, uint32_t size)
{
    fettle_engine *engine = ready(dfuse, read, size);
    fettle_dfu_set_alternate(dfuse->dfu, dfuse->target->memories[memory].alternate);
    dfuse->has_pointer = false;
    dfuse->address = address;
    dfuse->buffer = buffer;
    return engine;
}

fettle_engine *fettle_dfuse_mass_erase(fettle_dfuse *dfuse, uint8_t memory)
{
    fettle_engine *engine = ready(dfuse, mass_erase, 0);
    fettle_dfu_set_alternate(dfuse->dfu, dfuse->target->memories[memory].alternate);
    return engine;
}

fettle_engine *fettle_dfuse_erase_memory(fettle_dfuse *dfuse, uint8_t memory)
{
    fettle_engine *engine = ready(
        dfuse, erase_memory, fettle_memory_map_size(&dfuse->target->memories[memory].map));
    fettle_dfu_set_alternate(dfuse->dfu, dfuse->target->memories[memory].alternate);
    dfuse->memory = memory;
    dfuse->zone = 0;
    return engine;
}

fettle_engine *fettle_dfuse_unprotect(fettle_dfuse *dfuse)
{
    return ready(dfuse, unprotect, 0);
}

fettle_engine *fettle_dfuse_ask_commands(fettle_dfuse *dfuse)
{
    return ready(dfuse, ask_commands, 0);
}

fettle_engine *fettle_dfuse_leave(fettle_dfuse *dfuse, uint8_t memory, uint32_t entry)
{
    fettle_engine *engine = ready(dfuse, leave, 0);
    fettle_dfu_set_alternate(dfuse->dfu, dfuse->target->memories[memory].alternate);
    dfuse->address = entry;
    dfuse->has_pointer = false;
    return engine;
}
