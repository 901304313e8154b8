/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/dfuse_watch.h"

const fettle_memory_map *meant_map(const struct watch *watch, int alternate)
{
    const fettle_target *target = &watch->job->target;
    for (size_t i = 0; i < target->memory_count; i++) {
        if (target->memories[i].alternate == alternate) {
            return &target->memories[i].map;
        }
    }
    return NULL;
}

const fettle_target_memory *meant_main(const struct watch *watch)
{
    return &watch->job->target.memories[watch->job->main_memory];
}

uint32_t meant_first_writable(const fettle_memory_map *map)
{
    for (size_t i = 0; i < map->zone_count; i++) {
        if (map->zones[i].can_write) {
            return map->zones[i].address;
        }
    }
    return map->zones[0].address;
}

bool meant_is_special(const fettle_memory_map *map)
{
    return strncmp(map->name, "Option", 6) == 0 || strncmp(map->name, "OTP", 3) == 0 ||
           strncmp(map->name, "Device Feature", 14) == 0;
}

/* Which memory a region is for; NOWHERE: for none that was asked for. */
static int place(const struct watch *watch, const fettle_region *region, uint32_t *address)
{
    const fettle_target *target = &watch->job->target;
    int alternate = meant_main(watch)->alternate;
    fettle_page page;
    *address = region->has_address        ? region->address
               : watch->plan->has_address ? watch->plan->address
                                          : meant_first_writable(&meant_main(watch)->map);
    for (size_t i = target->memory_count; i-- > 0 && region->has_address;) {
        if (fettle_memory_map_page(&target->memories[i].map, *address, &page)) {
            alternate = target->memories[i].alternate;
        }
    }
    alternate = region->has_alternate ? region->alternate : alternate;
    return watch->plan->memory[0] == '\0' || alternate == meant_main(watch)->alternate
               ? alternate
               : NOWHERE;
}

static bool is_same_map(const fettle_memory_map *a, const fettle_memory_map *b)
{
    for (size_t i = 0; i < a->zone_count; i++) {
        const fettle_zone *one = &a->zones[i], *other = &b->zones[i];
        if (one->address != other->address || one->page_size != other->page_size ||
            one->page_count != other->page_count || one->can_read != other->can_read ||
            one->can_erase != other->can_erase || one->can_write != other->can_write) {
            return false;
        }
    }
    return a->zone_count == b->zone_count && strcmp(a->name, b->name) == 0;
}

/* Names are as they were delivered last; where a table knows that they lie, fettle knows better. */
static void check_maps(const struct watch *watch)
{
    const fettle_target *target = &watch->job->target;
    const struct board *board = watch->board;
    fettle_memory_map map;
    fettle_error err;
    for (size_t i = 0; i < target->memory_count; i++) {
        const fettle_target_memory *memory = &target->memories[i];
        size_t at = 0;
        while (board->row->memories[at].alternate != memory->alternate) {
            must(++at < board->row->memory_count);
        }
        must(fettle_memory_map_parse(&map, watch->names[at], &err));
        must(board->row->serial != NULL || is_same_map(&map, &memory->map));
    }
    must(watch->job->main_memory < target->memory_count);
    uint8_t wished = (uint8_t)(watch->plan->memory[0] - '0');
    must(wished > 9 || watch->plan->memory[1] != '\0' ||
         meant_main(watch)->alternate == wished);
}

void meant_place(struct watch *watch)
{
    const fettle_image *image = watch->plan->image;
    check_maps(watch);
    watch->is_placed = true;
    for (size_t i = 0; image != NULL && i < image->region_count; i++) {
        struct chunk *chunk = &watch->chunks[watch->chunk_count];
        int alternate = place(watch, &image->regions[i], &chunk->address);
        chunk->alternate = (uint8_t)alternate;
        chunk->data = image->regions[i].data;
        watch->chunk_count += alternate != NOWHERE ? 1 : 0;
    }
}

const uint8_t *meant_content(struct watch *watch, int alternate, uint32_t address,
                             uint32_t **equal_in)
{
    for (size_t i = 0; i < watch->chunk_count; i++) {
        struct chunk *chunk = &watch->chunks[i];
        if (chunk->alternate == alternate && address >= chunk->address &&
            address - chunk->address < chunk->data.size) {
            *equal_in = &chunk->equal_in[address - chunk->address];
            return &chunk->data.data[address - chunk->address];
        }
    }
    return NULL;
}

bool meant_holds(const struct watch *watch, int alternate, const fettle_page *page)
{
    for (size_t i = 0; i < watch->chunk_count; i++) {
        const struct chunk *chunk = &watch->chunks[i];
        if (chunk->alternate == alternate &&
            chunk->address < (uint64_t)page->address + page->size &&
            page->address < (uint64_t)chunk->address + chunk->data.size) {
            return true;
        }
    }
    return false;
}

/* The range of `erase`. */
static bool is_in_range(const struct watch *watch, int alternate, const fettle_page *page)
{
    const fettle_plan *plan = watch->plan;
    uint32_t from =
        plan->has_address ? plan->address : meant_first_writable(&meant_main(watch)->map);
    uint64_t end = (uint64_t)from + (plan->length > 0 ? plan->length : 1);
    bool is_all = !plan->has_address && plan->length == 0;
    return alternate == meant_main(watch)->alternate &&
           (is_all || (page->address < end && from < (uint64_t)page->address + page->size));
}

bool meant_is_page(const struct watch *watch, int alternate, const fettle_page *page)
{
    return watch->plan->kind == FETTLE_TASK_ERASE ? is_in_range(watch, alternate, page)
                                                  : meant_holds(watch, alternate, page);
}

bool meant_keeps_rest(const struct watch *watch, int alternate)
{
    bool is_given_up =
        watch->plan->erases_rest ||
        (watch->plan->mass_erases && alternate == meant_main(watch)->alternate);
    return watch->plan->kind == FETTLE_TASK_UPDATE && !is_given_up &&
           (watch->board->habits & BOARD_NO_UPLOAD) == 0;
}

bool meant_is_start(const struct watch *watch, uint32_t address)
{
    const fettle_target *target = &watch->job->target;
    bool has_ordinary = false;
    for (size_t i = 0; i < target->memory_count; i++) {
        const fettle_memory_map *map = &target->memories[i].map;
        has_ordinary = has_ordinary || !meant_is_special(map);
        if (!meant_is_special(map) && meant_first_writable(map) == address) {
            return true;
        }
    }
    for (size_t i = 0; i < watch->chunk_count; i++) {
        const struct chunk *chunk = &watch->chunks[i];
        if (chunk->address == address &&
            !meant_is_special(meant_map(watch, chunk->alternate))) {
            return true;
        }
    }
    return !has_ordinary;
}
