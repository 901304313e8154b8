/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flash beside an ESP chip: a serial NOR. Programming can only clear bits; a sector of 4 KiB
 * or a block of 64 KiB is erased at once. Times are those of a typical part (section 6.1 of the
 * fact sheet), or the longest that data sheets allow (fault=slow). An address beyond its size is
 * the one below that the upper bits leave; a part that doesn't answer reads as ones, and takes
 * nothing.
 */
#include "esp.h"

#include <string.h>

enum {
    SECTOR_US = 45000,
    SECTOR_MOST_US = 400000,
    BLOCK_US = 150000,
    BLOCK_MOST_US = 2000000,
    PAGE_US = 500,
    PAGE_MOST_US = 3000,
    NO_FLASH_US = 20,
};

static size_t wrap(const fettle_sim_esp *esp, uint32_t address)
{
    return address & (esp->flash_size - 1);
}

/* Bytes of `size` that lie in front of the flash's end. */
static size_t up_to_end(const fettle_sim_esp *esp, uint32_t address, size_t size)
{
    size_t left = esp->flash_size - wrap(esp, address);
    return size < left ? size : left;
}

static void store(fettle_sim_esp *esp, size_t at, const uint8_t *bytes, size_t size)
{
    if (esp->flash == esp->board->memory) {
        fettle_sim_store_write(esp->board, at, bytes, size);
    } else {
        fettle_sim_store_write_module(esp->board, at, bytes, size);
    }
}

static bool is_slow(const fettle_sim_esp *esp)
{
    return esp->hits.is[FAULT_SLOW];
}

/* protected=ADDRESS: the block of 64 KiB around it takes nothing. */
static bool is_protected(const fettle_sim_esp *esp, size_t at)
{
    uint64_t address = fettle_sim_option_of(esp->board, OPTION_PROTECTED);
    return address != SIM_MODEL_DECIDES && at / ESP_BLOCK == address / ESP_BLOCK;
}

bool fettle_sim_esp_is_blank(const fettle_sim_esp *esp, uint32_t address, uint32_t size)
{
    for (size_t part; size > 0; address += (uint32_t)part, size -= (uint32_t)part) {
        const uint8_t *bytes = esp->flash + wrap(esp, address);
        part = up_to_end(esp, address, size);
        if (bytes[0] != 0xff || memcmp(bytes, bytes + 1, part - 1) != 0) {
            return false;
        }
    }
    return true;
}

static void blank(fettle_sim_esp *esp, uint32_t address, uint32_t size)
{
    uint8_t ones[ESP_SECTOR];
    memset(ones, 0xff, sizeof ones);
    for (uint32_t i = 0; i < size; i += ESP_SECTOR) {
        size_t at = wrap(esp, address + i);
        if (!is_protected(esp, at)) {
            store(esp, at, ones, ESP_SECTOR);
        }
    }
}

fettle_us fettle_sim_esp_erase(fettle_sim_esp *esp, uint32_t *at, uint32_t end,
                               fettle_us now)
{
    bool is_block = *at % ESP_BLOCK == 0 && end - *at >= ESP_BLOCK;
    uint32_t size = is_block ? ESP_BLOCK : ESP_SECTOR;
    uint32_t address = *at;
    *at += size;
    if (!esp->has_flash) {
        return NO_FLASH_US;
    }
    fettle_sim_entry entry = {
        .at = now,
        .what = "erase",
        .changes = true,
        .address = (uint32_t)wrap(esp, address),
        .size = size,
        .was_blank = fettle_sim_esp_is_blank(esp, address, size),
    };
    fettle_sim_record(esp->board, &entry, (fettle_span){NULL, 0});
    if (!esp->transfer.drops_erase) {
        blank(esp, address, size);
    }
    fettle_us sector = is_slow(esp) ? SECTOR_MOST_US : SECTOR_US;
    fettle_us block = is_slow(esp) ? BLOCK_MOST_US : BLOCK_US;
    return is_block ? block : sector;
}

/* Inside one page. */
static void program_page(fettle_sim_esp *esp, uint32_t address, const uint8_t *bytes,
                         size_t size)
{
    uint8_t page[ESP_PAGE];
    size_t at = wrap(esp, address);
    if (esp->work.drops || is_protected(esp, at)) {
        return;
    }
    for (size_t i = 0; i < size; i++) {
        page[i] = esp->flash[at + i] & bytes[i];
    }
    if (esp->work.flips) {
        page[size / 2] ^= 0x10; /* one that doesn't take, or takes by itself */
        esp->work.flips = false;
    }
    store(esp, at, page, size);
}

fettle_us fettle_sim_esp_program(fettle_sim_esp *esp, uint32_t address,
                                 const uint8_t *bytes, size_t size, fettle_us now)
{
    fettle_us time = 0;
    if (!esp->has_flash || size == 0) {
        return NO_FLASH_US;
    }
    fettle_sim_esp_record(esp, now, "program", 0, (uint32_t)wrap(esp, address),
                          (uint32_t)size);
    while (size > 0) {
        size_t piece = ESP_PAGE - address % ESP_PAGE;
        piece = piece < size ? piece : size;
        program_page(esp, address, bytes, piece);
        address += (uint32_t)piece;
        bytes += piece;
        size -= piece;
        time += is_slow(esp) ? PAGE_MOST_US : PAGE_US;
    }
    return time;
}

void fettle_sim_esp_read(const fettle_sim_esp *esp, uint32_t address, uint8_t *bytes,
                         size_t size)
{
    if (!esp->has_flash) {
        memset(bytes, 0xff, size);
        return;
    }
    for (size_t part; size > 0; address += (uint32_t)part, bytes += part, size -= part) {
        part = up_to_end(esp, address, size);
        memcpy(bytes, esp->flash + wrap(esp, address), part);
    }
}

void fettle_sim_esp_look(const fettle_sim_esp *esp, uint32_t address, uint8_t *bytes,
                         size_t size)
{
    fettle_sim_esp_read(esp, address, bytes, size);
    if (fettle_sim_option_of(esp->board, OPTION_ENCRYPTION) != ENCRYPTION_NONE) {
        fettle_sim_esp_encrypt(esp, address, bytes, size);
    }
}

static void hash(const fettle_sim_esp *esp, uint32_t address, uint32_t size,
                 uint8_t digest[FETTLE_MD5_SIZE])
{
    fettle_md5 md5;
    uint8_t bytes[ESP_SECTOR];
    fettle_md5_init(&md5);
    while (size > 0) {
        uint32_t piece = size < sizeof bytes ? size : (uint32_t)sizeof bytes;
        fettle_sim_esp_read(esp, address, bytes, piece);
        fettle_md5_feed(&md5, (fettle_span){bytes, piece});
        address += piece;
        size -= piece;
    }
    fettle_md5_finish(&md5, digest);
}

void fettle_sim_esp_hash(fettle_sim_esp *esp, uint32_t address, uint32_t size,
                         uint8_t digest[FETTLE_MD5_SIZE])
{
    bool is_blank = !esp->has_flash || fettle_sim_esp_is_blank(esp, address, size);
    if (is_blank && size > 0 && size == esp->hashed_blank.size) {
        memcpy(digest, esp->hashed_blank.digest, FETTLE_MD5_SIZE);
        return;
    }
    hash(esp, address, size, digest);
    if (is_blank) {
        esp->hashed_blank.size = size;
        memcpy(esp->hashed_blank.digest, digest, FETTLE_MD5_SIZE);
    }
}
