/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of DfuSe: memories with maps, and content at addresses. It shares what is before update mode with plain DFU,
 * and settle() is where it begins: with the names, which have the maps in them, every byte of the file gets its
 * place, or the job is refused before anything is erased.
 */
#include "base/text.h"
#include "job/memories.h"
#include "job/way_dfu.h"

#include <string.h>

/* ---- the map ---- */

/* Where the string lies about pages, or about how much there is. */
static void mend_map(const fettle_job_engine *job, fettle_memory_map *map)
{
    const fettle_dfu_quirks *quirks = fettle_job_quirks(job);
    const char *serial = job->sight.serial;
    uint32_t size = quirks->size_from_serial && strlen(serial) > 2
                        ? fettle_board_size_of_letter(serial[2])
                        : 0;
    for (size_t i = 0; i < map->zone_count; i++) {
        fettle_zone *zone = &map->zones[i];
        uint64_t bytes = (uint64_t)zone->page_size * zone->page_count;
        bool is_flash = zone->can_erase && !fettle_board_is_special_memory(map->name);
        if (!is_flash) {
            continue;
        }
        bytes = size > 0 && bytes > size ? size : bytes;
        if (quirks->page_size > 0 && bytes >= quirks->page_size) {
            zone->page_size = quirks->page_size;
        }
        zone->page_count =
            bytes >= zone->page_size ? (uint32_t)(bytes / zone->page_size) : 1;
    }
}

/*
 * The main memory has a name, and it is no map: such loaders say version 1.1A and are plain DFU. A name
 * that isn't told, or is half a map, proves nothing: to a DfuSe loader the blocks of plain DFU would be commands.
 */
static bool is_plain(const fettle_job_engine *job)
{
    const char *name = job->names.names[0];
    return name[0] != '\0' && name[0] != '@';
}

/* All memories whose names are maps. */
static bool read_maps(fettle_job_engine *job, fettle_error *err)
{
    fettle_target *target = &job->target;
    fettle_error why;
    for (size_t i = 0; i < job->interface->alternate_count; i++) {
        fettle_target_memory *memory = &target->memories[target->memory_count];
        if (target->memory_count < FETTLE_TARGET_MEMORIES_MAX &&
            fettle_memory_map_parse(&memory->map, job->names.names[i], &why)) {
            memory->alternate = job->interface->alternates[i];
            mend_map(job, &memory->map);
            target->memory_count++;
        }
    }
    if (target->memory_count == 0) {
        job->has_names = false; /* to be asked again, should there be another try */
        *err = why;
        if (job->names.names[0][0] == '\0') {
            fettle_error_set(
                err, FETTLE_E_UNEXPECTED_ANSWER,
                &(fettle_words){.text = "it doesn't tell what memories it has"});
        }
    }
    return target->memory_count > 0;
}

static bool find_map(fettle_job_engine *job, uint8_t alternate, size_t *memory,
                     fettle_error *err)
{
    for (*memory = 0; *memory < job->target.memory_count; ++*memory) {
        if (job->target.memories[*memory].alternate == alternate) {
            return true;
        }
    }
    job->has_names = false; /* to be asked again, should there be another try */
    fettle_error_set(err, FETTLE_E_UNEXPECTED_ANSWER,
                     &(fettle_words){.text = "the board doesn't say where this memory is: "
                                             "its name has no addresses in it"});
    return false;
}

static bool holds(const fettle_target_memory *memory, uint32_t address)
{
    fettle_page page;
    return fettle_memory_map_page(&memory->map, address, &page);
}

/* Where content without an address goes, and where an application begins. */
static uint32_t first_writable(const fettle_memory_map *map)
{
    for (size_t i = 0; i < map->zone_count; i++) {
        if (map->zones[i].can_write) {
            return map->zones[i].address;
        }
    }
    return map->zones[0].address;
}

/* ---- content ---- */

typedef struct fettle_placing {
    bool is_named; /* by a person: then other parts of the file don't count */
    size_t skipped;
} fettle_placing;

/* The first memory that holds it. */
static bool find_place(const fettle_job_engine *job, uint32_t address, size_t *memory)
{
    for (*memory = 0; *memory < job->target.memory_count; ++*memory) {
        if (holds(&job->target.memories[*memory], address)) {
            return true;
        }
    }
    return false;
}

static bool refuse_place(fettle_code code, const char *name, uint32_t address,
                         fettle_error *err)
{
    fettle_error_set(err, code, &(fettle_words){.text = name, .address = address});
    err->has_address = true;
    err->address = address;
    return false;
}

static bool place_region(fettle_job_engine *job, const fettle_region *region,
                         fettle_placing *placing, fettle_error *err)
{
    fettle_target *target = &job->target;
    const fettle_memory_map *main_map = &target->memories[job->main_memory].map;
    uint32_t address = region->has_address      ? region->address
                       : job->plan->has_address ? job->plan->address
                                                : first_writable(main_map);
    size_t memory = job->main_memory;
    if (!region->has_address && !job->plan->has_address &&
        job->plan->kind == FETTLE_TASK_UPDATE) {
        fettle_note_add(&job->observed, FETTLE_NOTE_PLACED,
                        &(fettle_words){.text = main_map->name, .address = address});
    }
    if (region->has_alternate) {
        if (!find_map(job, region->alternate, &memory, err)) {
            return false;
        }
    } else if (region->has_address && !find_place(job, address, &memory)) {
        return refuse_place(FETTLE_E_ADDRESS_OUTSIDE, main_map->name, address, err);
    }
    if (placing->is_named && memory != job->main_memory) {
        placing->skipped += region->data.size;
        return true;
    }
    const char *name = target->memories[memory].map.name;
    if (address + (uint64_t)region->data.size > (uint64_t)UINT32_MAX + 1) {
        return refuse_place(FETTLE_E_ADDRESS_OUTSIDE, name, address, err);
    }
    if (!placing->is_named && fettle_board_is_special_memory(name) &&
        job->plan->kind == FETTLE_TASK_UPDATE) {
        return refuse_place(FETTLE_E_MEMORY_NOT_NAMED, name, address, err);
    }
    return fettle_target_add(target, (uint8_t)memory, address, region->data, err);
}

/* What is written or erased there can't be taken back, and may keep the chip from ever starting again. */
static bool check_special(const fettle_job_engine *job, fettle_error *err)
{
    char text[160] = "what is done to ";
    const char *name = job->target.memories[job->main_memory].map.name;
    const fettle_plan *plan = job->plan;
    /* Of an update each region is looked at; an erase takes the first memory where none is named. */
    bool must_be_named =
        (plan->kind == FETTLE_TASK_ERASE || plan->mass_erases) && plan->memory[0] == '\0';
    if (!fettle_board_is_special_memory(name) || plan->is_dry ||
        (plan->writes_special && !must_be_named)) {
        return true;
    }
    fettle_text_append(text, sizeof text, name);
    fettle_text_append(text, sizeof text,
                       " may not be undone, and can keep the chip from starting");
    fettle_error_set(err, FETTLE_E_CONFIRMATION_NEEDED, &(fettle_words){.text = text});
    if (must_be_named) {
        err->hint = "Name the memory with --memory if that is what you want.";
    }
    return false;
}

static bool place_content(fettle_job_engine *job, fettle_error *err)
{
    const fettle_image *image = job->plan->image;
    fettle_placing placing = {.is_named = job->plan->memory[0] != '\0'};
    for (size_t i = 0; i < image->region_count; i++) {
        if (!place_region(job, &image->regions[i], &placing, err)) {
            return false;
        }
    }
    const fettle_memory_map *map = &job->target.memories[job->main_memory].map;
    if (job->target.chunk_count == 0) {
        return refuse_place(FETTLE_E_ADDRESS_OUTSIDE, map->name, image->regions[0].address,
                            err);
    }
    if (placing.skipped > 0) {
        fettle_note_add(&job->observed, FETTLE_NOTE_SKIPPED_PARTS,
                        &(fettle_words){.count = placing.skipped, .text = map->name});
    }
    return fettle_target_settle(&job->target, err);
}

/* Bytes that an erase would take and nobody could put back. */
static bool check_rest(const fettle_job_engine *job, fettle_error *err)
{
    const fettle_target *target = &job->target;
    fettle_words words = {.count = 0};
    bool can_upload = (job->interface->bmAttributes & FETTLE_DFU_CAN_UPLOAD) != 0;
    if (job->plan->erases_rest || job->plan->kind != FETTLE_TASK_UPDATE) {
        return true;
    }
    for (size_t i = 0; i < target->page_count; i++) {
        const fettle_target_page *page = &target->pages[i];
        uint64_t at = page->address, end = at + page->size; /* may be 2^32 */
        uint32_t from, size;
        bool is_given_up = job->plan->mass_erases && page->memory == job->main_memory;
        if (!page->is_partial || !page->can_erase || is_given_up ||
            (page->can_read && can_upload)) {
            continue;
        }
        while (at < end &&
               fettle_target_covered(target, page, (uint32_t)at, &from, &size)) {
            words.address = words.count == 0 && from > at ? (uint32_t)at : words.address;
            words.count += from - at;
            at = (uint64_t)from + size;
        }
        words.address = words.count == 0 && at < end ? (uint32_t)at : words.address;
        words.count += end - at;
    }
    if (words.count > 0) {
        fettle_error_set(err, FETTLE_E_WOULD_LOSE, &words);
    }
    return words.count == 0;
}

/* ---- ranges ---- */

static uint64_t zone_end(const fettle_zone *zone)
{
    return (uint64_t)zone->address + (uint64_t)zone->page_size * zone->page_count;
}

/* How many bytes follow each other from here, in zones that can be read. */
static uint64_t readable_from(const fettle_memory_map *map, uint32_t address)
{
    uint64_t at = address;
    for (size_t i = 0; i < map->zone_count; i++) {
        const fettle_zone *zone = &map->zones[i];
        if (zone->address <= at && at < zone_end(zone) && zone->can_read) {
            at = zone_end(zone);
        }
    }
    return at - address;
}

static bool settle_read(fettle_job_engine *job, fettle_error *err)
{
    const fettle_memory_map *map = &job->target.memories[job->main_memory].map;
    job->read_address = job->plan->has_address ? job->plan->address : map->zones[0].address;
    uint64_t size = readable_from(map, job->read_address);
    if (size == 0) {
        bool is_there = holds(&job->target.memories[job->main_memory], job->read_address);
        if (is_there) {
            fettle_error_set(err, FETTLE_E_UPLOAD_UNSUPPORTED, NULL);
            return false;
        }
        return refuse_place(FETTLE_E_ADDRESS_OUTSIDE, map->name, job->read_address, err);
    }
    if (job->plan->length > size) {
        return refuse_place(FETTLE_E_ADDRESS_OUTSIDE, map->name,
                            (uint32_t)(job->read_address + size), err);
    }
    size = job->plan->length > 0 ? job->plan->length : size;
    job->read_size = (uint32_t)(size < job->buffer_size ? size : job->buffer_size);
    return true;
}

static bool settle_erase(fettle_job_engine *job, fettle_error *err)
{
    fettle_target *target = &job->target;
    uint8_t memory = (uint8_t)job->main_memory;
    const fettle_memory_map *map = &target->memories[memory].map;
    if (job->plan->has_address || job->plan->length > 0) {
        uint32_t address =
            job->plan->has_address ? job->plan->address : first_writable(map);
        uint64_t size = job->plan->length > 0 ? job->plan->length : 1;
        return fettle_target_settle_range(target, memory, address, size, err);
    }
    for (size_t i = 0; i < map->zone_count; i++) {
        const fettle_zone *zone = &map->zones[i];
        if (zone->can_erase && zone->can_write &&
            !fettle_target_settle_range(target, memory, zone->address,
                                        zone_end(zone) - zone->address, err)) {
            return false;
        }
    }
    return target->page_count > 0 ||
           refuse_place(FETTLE_E_ADDRESS_READ_ONLY, map->name, map->zones[0].address, err);
}

/* ---- rests ---- */

static bool can_upload(const fettle_job_engine *job)
{
    return (job->interface->bmAttributes & FETTLE_DFU_CAN_UPLOAD) != 0;
}

static bool keeps_rest(const fettle_job_engine *job)
{
    return job->plan->kind == FETTLE_TASK_UPDATE && !job->plan->erases_rest &&
           can_upload(job);
}

/* What a mass erase takes, or what a person has given up, is no rest. */
static bool has_rest(const fettle_job_engine *job, const fettle_target_page *page)
{
    bool is_given_up = job->plan->mass_erases && page->memory == job->main_memory;
    return page->is_partial && page->can_erase && !is_given_up;
}

/* Room for what must be put back; an earlier update may have erased a page and not come to that. */
static bool prepare_rests(fettle_job_engine *job, fettle_error *err)
{
    fettle_target *target = &job->target;
    for (size_t i = 0; keeps_rest(job) && i < target->page_count; i++) {
        fettle_target_page *page = &target->pages[i];
        if (!has_rest(job, page) || !page->can_read) {
            continue;
        }
        if (!fettle_target_keep_rest(target, page, err)) {
            return false;
        }
        page->is_recalled =
            job->recall != NULL && job->recall(job->recall_user, job->sight.path,
                                               target->memories[page->memory].alternate,
                                               page->address, page->room, page->size);
        page->rest = page->is_recalled ? page->room : NULL;
        page->meant = page->room + page->size;
    }
    return true;
}

/* ---- settle ---- */

/*
 * Where the application begins: where applications begin in the first ordinary memory, or where the content does, if
 * it begins like one. Content may as well be data, or option bytes, and nobody should jump into these.
 */
static void find_entry(fettle_job_engine *job)
{
    const fettle_target *target = &job->target;
    size_t ordinary = 0;
    while (ordinary + 1 < target->memory_count &&
           fettle_board_is_special_memory(target->memories[ordinary].map.name)) {
        ordinary++;
    }
    job->entry_memory = (uint8_t)ordinary;
    job->entry = first_writable(&target->memories[ordinary].map);
    for (size_t i = 0; i < target->chunk_count; i++) {
        const fettle_chunk *chunk = &target->chunks[i];
        if (chunk->memory == ordinary &&
            fettle_board_begins_application(chunk->data, chunk->address)) {
            job->entry = chunk->address;
            return;
        }
    }
}

static bool can_read(const fettle_job_engine *job)
{
    for (size_t i = 0; i < job->target.page_count; i++) {
        if (!job->target.pages[i].can_read) {
            return false;
        }
    }
    return can_upload(job);
}

static bool settle_task(fettle_job_engine *job, fettle_error *err)
{
    switch (job->plan->kind) {
    case FETTLE_TASK_UPDATE:
        return check_special(job, err) && place_content(job, err) && check_rest(job, err);
    case FETTLE_TASK_VERIFY:
        if (!place_content(job, err)) {
            return false;
        }
        if (!can_read(job)) {
            fettle_error_set(err, FETTLE_E_UPLOAD_UNSUPPORTED, NULL);
        }
        return can_read(job);
    case FETTLE_TASK_READ:
        return settle_read(job, err);
    case FETTLE_TASK_ERASE:
        return check_special(job, err) && settle_erase(job, err);
    default:
        return true;
    }
}

static bool settle(fettle_job_engine *job, fettle_error *err)
{
    size_t index;
    if (is_plain(job)) {
        job->dfu.traits.ends_at_manifest = false;
        /* whenever it is met: nothing that is DfuSe may reach it */
        job->way = &fettle_way_dfu;
        return job->way->settle(job, err);
    }
    if (job->dfu.traits.transfer_size < FETTLE_DFUSE_COMMAND_SIZE) {
        fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                         &(fettle_words){.text =
                                             "a command to its loader has 5 bytes, more "
                                             "than a transfer may have here"});
        return false;
    }
    if (!job->has_target) {
        fettle_target_free(&job->target); /* of a try that came to nothing */
        fettle_target_init(&job->target, job->plan->row->memory.blank[0], job->memory);
        bool is_known =
            read_maps(job, err) && fettle_job_find_memory(job, &index, err) &&
            find_map(job, job->interface->alternates[index], &job->main_memory, err);
        if (!is_known && job->plan->kind == FETTLE_TASK_SURVEY) {
            job->has_names = true; /* what there is to be shown, is shown */
            *err = (fettle_error){.code = FETTLE_E_NONE};
        } else if (!is_known || !settle_task(job, err) || !prepare_rests(job, err)) {
            return false;
        }
        find_entry(job);
        job->has_target = true;
    }
    fettle_dfuse_init(&job->dfuse, &job->dfu, &job->target);
    return true;
}

static fettle_engine *name(fettle_job_engine *job)
{
    return job->has_names ? NULL : fettle_names_read(&job->names, job->interface);
}

/* ---- work ---- */

static bool always(const fettle_job_engine *job)
{
    (void)job;
    return true;
}

static bool never(const fettle_job_engine *job)
{
    (void)job;
    return false;
}

static fettle_engine *compare(fettle_job_engine *job, bool all)
{
    (void)all; /* which pages differ is always worth knowing: only they are erased */
    return fettle_dfuse_compare(&job->dfuse);
}

static uint32_t differences(const fettle_job_engine *job, uint32_t *first_block,
                            uint32_t *address)
{
    *first_block = 0;
    *address = job->dfuse.first_address;
    return job->dfuse.count;
}

static void mark_all(fettle_job_engine *job)
{
    for (size_t i = 0; i < job->target.page_count; i++) {
        fettle_target_page *page = &job->target.pages[i];
        bool is_blank = job->attempt.was_mass_erased && page->can_erase &&
                        page->memory == job->main_memory;
        page->differs = true;
        page->is_erased = page->is_erased || is_blank;
        page->is_clean = page->is_clean || is_blank;
    }
}

static fettle_engine *save(fettle_job_engine *job, bool repair)
{
    if (!repair) {
        mark_all(job);
    }
    return keeps_rest(job) ? fettle_dfuse_save(&job->dfuse) : NULL;
}

static fettle_engine *erase(fettle_job_engine *job)
{
    return fettle_dfuse_erase(&job->dfuse);
}

static fettle_engine *write(fettle_job_engine *job, bool repair)
{
    (void)repair; /* what differs is marked */
    job->dfuse.skips_blank = can_read(job) && job->repairs == 0;
    return fettle_dfuse_write(&job->dfuse);
}

static fettle_engine *mass_erase(fettle_job_engine *job)
{
    return fettle_dfuse_mass_erase(&job->dfuse, (uint8_t)job->main_memory);
}

static fettle_engine *erase_all_pages(fettle_job_engine *job)
{
    return fettle_dfuse_erase_memory(&job->dfuse, (uint8_t)job->main_memory);
}

static fettle_engine *unprotect(fettle_job_engine *job)
{
    return fettle_dfuse_unprotect(&job->dfuse);
}

static fettle_engine *check_blank(fettle_job_engine *job)
{
    return can_read(job) ? fettle_dfuse_check_blank(&job->dfuse) : NULL;
}

/* Zeros may be what an erase leaves, or what was written. */
static bool proves_blank(const fettle_job_engine *job)
{
    return !job->dfuse.saw_zeros;
}

static fettle_engine *ask_more(fettle_job_engine *job)
{
    return can_upload(job) ? fettle_dfuse_ask_commands(&job->dfuse) : NULL;
}

static void note_plan(fettle_job_engine *job)
{
    bool is_erase = job->plan->kind == FETTLE_TASK_ERASE;
    fettle_words words = {.count = 0};
    for (size_t i = 0; i < job->target.page_count; i++) {
        const fettle_target_page *page = &job->target.pages[i];
        if (page->differs || is_erase) {
            words.address = words.count == 0 ? page->address : words.address;
            words.count++;
            words.size += page->size;
        }
    }
    fettle_note_add(&job->observed,
                    is_erase ? FETTLE_NOTE_PAGES_ERASED : FETTLE_NOTE_PAGES_DIFFER, &words);
}

static fettle_engine *finish(fettle_job_engine *job)
{
    (void)job;
    return NULL; /* each block was written when it was taken */
}

static fettle_engine *leave(fettle_job_engine *job)
{
    return fettle_dfuse_leave(&job->dfuse, job->entry_memory, job->entry);
}

/* What is written to option bytes and the like takes effect by a reset, and some loaders make it at once. */
static bool restarts_itself(const fettle_job_engine *job)
{
    const char *name = job->target.memories[job->main_memory].map.name;
    return job->plan->writes_special && fettle_board_is_special_memory(name);
}

static bool has_left(const fettle_job_engine *job)
{
    return job->dfu.has_left;
}

static fettle_engine *read(fettle_job_engine *job, uint8_t *buffer, size_t size)
{
    (void)size;
    return fettle_dfuse_read(&job->dfuse, (uint8_t)job->main_memory, job->read_address,
                             buffer, job->read_size);
}

static size_t read_count(const fettle_job_engine *job)
{
    return job->dfuse.bytes;
}

const fettle_way fettle_way_dfuse = {
    .proof = FETTLE_EVIDENCE_READBACK,
    .meet = fettle_dfu_way_meet,
    .is_computer_part = fettle_dfu_way_is_computer_part,
    .guess = fettle_dfu_way_guess,
    .survey = fettle_dfu_way_survey,
    .mode = fettle_dfu_way_mode,
    .found = fettle_dfu_way_found,
    .was_cut_off = fettle_dfu_way_was_cut_off,
    .name = name,
    .settle = settle,
    .ask_more = ask_more,
    .can_enter = fettle_dfu_way_can_enter,
    .enter = fettle_dfu_way_enter,
    .has_made_way = fettle_dfu_way_has_made_way,
    .can_read = can_read,
    .can_read_early = always,
    .can_read_after = always,
    .compare = compare,
    .differences = differences,
    .save = save,
    .erase = erase,
    .mass_erase = mass_erase,
    .erase_all_pages = erase_all_pages,
    .restarts_itself = restarts_itself,
    .unprotect = unprotect,
    .check_blank = check_blank,
    .proves_blank = proves_blank,
    .note_plan = note_plan,
    .write = write,
    .finish = finish,
    .needs_end = never,
    .was_ended = always,
    .was_answered = always,
    .was_checked = never,
    .leave = leave,
    .has_left = has_left,
    .rest = fettle_dfu_way_rest,
    .hint = NULL,
    .leave_otherwise = fettle_dfu_way_leave_otherwise,
    .read = read,
    .read_count = read_count,
};
