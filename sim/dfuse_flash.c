/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memories of a DfuSe bootloader: pages as they are in truth, erased one by one, and written as
 * flash is, which can only take bits away from its erased value. Whoever forgets to erase finds a
 * mixture of old and new; the log then has "unerased".
 *
 * Every page that was erased ("erase"; all of them: "mass-erase"), every block that was written
 * ("program") and whatever a write protection kept from that ("protected") is an event in the log,
 * with the device's address.
 *
 * Memories stand one after the other in board->memory, the first one of the alternates first.
 */
#include "dfuse.h"

#include <stdlib.h>
#include <string.h>

#define BLANK_WORD UINT32_C(0xffffffff)

enum {
    APPLICATION_MAX = 32768,
    OPTION_BYTES_FILL = 0xaa, /* read protection off, in every family */
    BLANK_PIECE = 2048,       /* erased in one go */
};

/* ---- where things are ---- */

size_t fettle_sim_dfuse_count(const fettle_sim_dfuse_model *model)
{
    size_t count = 0;
    while (count < FETTLE_SIM_DFUSE_MEMORIES && model->memories[count].string != NULL) {
        count++;
    }
    return count;
}

uint32_t fettle_sim_dfuse_size(const fettle_sim_dfuse_memory *memory)
{
    uint32_t size = 0;
    for (size_t i = 0; i < FETTLE_SIM_DFUSE_ZONES && memory->zones[i].pages > 0; i++) {
        size += memory->zones[i].pages * memory->zones[i].page_size;
    }
    return size;
}

const fettle_sim_dfuse_memory *fettle_sim_dfuse_selected(const fettle_sim_board *board)
{
    return &board->model->dfuse->memories[board->dfuse.alternate];
}

static bool is_inside(const fettle_sim_dfuse_memory *memory, uint32_t address)
{
    return address - memory->address < fettle_sim_dfuse_size(memory);
}

/* In board->memory. */
static size_t offset_of(const fettle_sim_dfuse_model *model, size_t alternate)
{
    size_t offset = 0;
    for (size_t i = 0; i < alternate; i++) {
        offset += fettle_sim_dfuse_size(&model->memories[i]);
    }
    return offset;
}

typedef struct page {
    const fettle_sim_dfuse_zone *zone;
    uint32_t address; /* of its first byte */
} page;

/* The page that holds `address`, which is inside. */
static page find_page(const fettle_sim_dfuse_memory *memory, uint32_t address)
{
    uint32_t begin = memory->address;
    const fettle_sim_dfuse_zone *zone = memory->zones;
    while (address - begin >= zone->pages * zone->page_size) {
        begin += zone->pages * zone->page_size;
        zone++;
    }
    uint32_t number = (address - begin) / zone->page_size;
    return (page){zone, begin + number * zone->page_size};
}

static uint32_t end_of(const page *found)
{
    return found->address + found->zone->page_size;
}

bool fettle_sim_dfuse_may(const fettle_sim_board *board, uint32_t address, uint32_t size,
                          uint8_t may)
{
    const fettle_sim_dfuse_memory *memory = fettle_sim_dfuse_selected(board);
    uint32_t left = size;
    for (uint32_t at = address; left > 0;) {
        if (!is_inside(memory, at)) {
            return false;
        }
        page found = find_page(memory, at);
        if ((found.zone->may & may) != may) {
            return false;
        }
        uint32_t piece = end_of(&found) - at;
        at += piece;
        left -= piece < left ? piece : left;
    }
    return true;
}

/* In board->memory; `address` is in the selected memory. */
static size_t place_of(const fettle_sim_board *board, uint32_t address)
{
    const fettle_sim_dfuse_memory *memory = fettle_sim_dfuse_selected(board);
    return offset_of(board->model->dfuse, board->dfuse.alternate) +
           (address - memory->address);
}

fettle_span fettle_sim_dfuse_from(const fettle_sim_board *board, uint32_t address)
{
    const fettle_sim_dfuse_memory *memory = fettle_sim_dfuse_selected(board);
    uint32_t left = fettle_sim_dfuse_size(memory) - (address - memory->address);
    return (fettle_span){board->memory + place_of(board, address), left};
}

uint8_t *fettle_sim_dfuse_alternate(fettle_sim_board *board, unsigned alternate,
                                    size_t *size)
{
    const fettle_sim_dfuse_model *model = board->model->dfuse;
    if (alternate >= fettle_sim_dfuse_count(model)) {
        return NULL;
    }
    *size = fettle_sim_dfuse_size(&model->memories[alternate]);
    return board->memory + offset_of(model, alternate);
}

/* ---- what is there at first ---- */

static void put32(uint8_t *bytes, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t take32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

uint32_t fettle_sim_dfuse_app_address(const fettle_sim_board *board)
{
    const fettle_sim_dfuse_memory *memory = &board->model->dfuse->memories[0];
    uint32_t address = memory->address;
    for (const fettle_sim_dfuse_zone *zone = memory->zones; (zone->may & DFUSE_WRITE) == 0;
         zone++) {
        address += zone->pages * zone->page_size;
    }
    return address;
}

/* Stack pointer and reset vector, as a Cortex-M wants them, and noise behind. */
static void put_application(fettle_sim_board *board)
{
    const fettle_sim_dfuse_model *model = board->model->dfuse;
    uint32_t address = fettle_sim_dfuse_app_address(board);
    size_t at = address - model->memories[0].address;
    uint64_t random =
        fettle_sim_seed(fettle_sim_option_of(board, OPTION_SEED) ^ 0x64667365);
    for (size_t i = at; i < at + APPLICATION_MAX && i < board->memory_size; i++) {
        board->memory[i] = (uint8_t)fettle_sim_random(&random);
    }
    put32(board->memory + at, model->ram_address + 0x1000);
    put32(board->memory + at + 4, address + 0x101);
}

bool fettle_sim_dfuse_fill(fettle_sim_board *board)
{
    const fettle_sim_dfuse_model *model = board->model->dfuse;
    size_t count = fettle_sim_dfuse_count(model);
    board->erased_value = model->erased_value;
    board->memory_size = fettle_sim_dfuse_size(&model->memories[0]);
    board->memory = malloc(offset_of(model, count));
    if (board->memory == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const fettle_sim_dfuse_memory *memory = &model->memories[i];
        bool has_options = memory->kind == DFUSE_OPTION_BYTES;
        memset(board->memory + offset_of(model, i),
               has_options ? OPTION_BYTES_FILL : model->erased_value,
               fettle_sim_dfuse_size(memory));
    }
    if (fettle_sim_option_of(board, OPTION_BOOTABLE) != 0) {
        put_application(board);
    }
    return true;
}

bool fettle_sim_dfuse_is_executable(const fettle_sim_board *board, uint32_t address)
{
    const fettle_sim_dfuse_model *model = board->model->dfuse;
    const fettle_sim_dfuse_memory *flash = &model->memories[0];
    if (!is_inside(flash, address) || !is_inside(flash, address + 7)) {
        return false;
    }
    const uint8_t *bytes = board->memory + (address - flash->address);
    uint32_t first = take32(bytes), second = take32(bytes + 4);
    if (!model->has_vectors) {
        return first != BLANK_WORD && first != 0; /* neither is an instruction of RISC-V */
    }
    bool has_stack = first % 4 == 0 && first - model->ram_address - 1 < model->ram_size;
    return has_stack && second % 2 == 1 && is_inside(flash, second - 1);
}

/* ---- erasing and writing ---- */

static void tell(fettle_sim_board *board, fettle_us at, const char *what, uint32_t address,
                 uint32_t size, bool was_blank)
{
    fettle_sim_entry entry = {
        .at = at,
        .what = what,
        .address = address,
        .size = size,
        .was_blank = was_blank,
    };
    fettle_sim_record(board, &entry, (fettle_span){NULL, 0});
}

/* Write protection says nothing: whoever writes is told that all went well. */
static bool is_protected(const fettle_sim_board *board, const page *found)
{
    uint64_t address = fettle_sim_option_of(board, OPTION_PROTECTED);
    return address >= found->address && address - found->address < found->zone->page_size;
}

/* False: it was blank already. */
static bool blank(fettle_sim_board *board, uint32_t address, uint32_t size)
{
    uint8_t erased[BLANK_PIECE];
    const uint8_t *bytes = board->memory + place_of(board, address);
    bool was_blank = true;
    memset(erased, board->erased_value, sizeof erased);
    for (uint32_t done = 0; done < size;) {
        uint32_t piece = size - done < sizeof erased ? size - done : sizeof erased;
        was_blank = was_blank && memcmp(bytes + done, erased, piece) == 0;
        fettle_sim_store_write(board, place_of(board, address + done), erased, piece);
        done += piece;
    }
    return !was_blank;
}

uint32_t fettle_sim_dfuse_erase_ms(const fettle_sim_board *board, uint32_t address)
{
    return find_page(fettle_sim_dfuse_selected(board), address).zone->erase_ms;
}

void fettle_sim_dfuse_erase_page(fettle_sim_board *board, uint32_t address, fettle_us at,
                                 fettle_sim_reply *changed)
{
    page found = find_page(fettle_sim_dfuse_selected(board), address);
    uint32_t size = found.zone->page_size;
    if (is_protected(board, &found)) {
        tell(board, at, "protected", found.address, size, false);
    } else {
        bool had_content = blank(board, found.address, size);
        tell(board, at, "erase", found.address, size, !had_content);
        changed->changes = true;
        changed->address = found.address;
        changed->size = size;
    }
}

void fettle_sim_dfuse_erase_all(fettle_sim_board *board, fettle_us at,
                                fettle_sim_reply *changed)
{
    const fettle_sim_dfuse_memory *flash = &board->model->dfuse->memories[0];
    uint8_t selected = board->dfuse.alternate;
    uint32_t size = fettle_sim_dfuse_size(flash);
    bool had_content = false;
    board->dfuse.alternate = 0; /* whichever is selected, it is the flash that goes */
    for (uint32_t done = 0; done < size;) {
        page found = find_page(flash, flash->address + done);
        if ((found.zone->may & DFUSE_ERASE) != 0 && !is_protected(board, &found)) {
            had_content = blank(board, found.address, found.zone->page_size) || had_content;
        }
        done += found.zone->page_size;
    }
    board->dfuse.alternate = selected;
    tell(board, at, "mass-erase", flash->address, size, !had_content);
    changed->changes = true;
    changed->address = flash->address;
    changed->size = size;
}

/* What one byte becomes when another is written over it. */
static uint8_t burn(const fettle_sim_board *board, uint8_t old, uint8_t byte)
{
    switch (fettle_sim_dfuse_selected(board)->kind) {
    case DFUSE_FLASH:
    case DFUSE_ONCE:
        return board->erased_value == 0 ? old | byte : old & byte;
    default:
        return byte;
    }
}

/* Within a page; `bytes` become what is there afterwards. */
static void program_piece(fettle_sim_board *board, uint32_t address, uint8_t *bytes,
                          uint32_t size, fettle_us at)
{
    size_t place = place_of(board, address);
    bool fits = true;
    for (uint32_t i = 0; i < size; i++) {
        uint8_t byte = burn(board, board->memory[place + i], bytes[i]);
        fits = fits && byte == bytes[i];
        bytes[i] = byte;
    }
    fettle_sim_store_write(board, place, bytes, size);
    if (!fits) {
        tell(board, at, "unerased", address, size, false);
    }
}

void fettle_sim_dfuse_program(fettle_sim_board *board, uint32_t address, uint8_t *bytes,
                              uint32_t size, fettle_us at, fettle_sim_reply *changed)
{
    const fettle_sim_dfuse_memory *memory = fettle_sim_dfuse_selected(board);
    for (uint32_t done = 0; done < size;) {
        page found = find_page(memory, address + done);
        uint32_t piece = end_of(&found) - (address + done);
        piece = piece < size - done ? piece : size - done;
        if (is_protected(board, &found)) {
            tell(board, at, "protected", address + done, piece, false);
        } else {
            program_piece(board, address + done, bytes + done, piece, at);
            changed->changes = true;
        }
        done += piece;
    }
    if (changed->changes) {
        changed->address = address;
        changed->size = size;
        tell(board, at, "program", address, size, false);
    }
}
