/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasing, and hashing: what is asked of the chip with one request a range.
 *
 * A stub has commands for erasing. A ROM erases in FLASH_BEGIN, so FLASH_BEGIN without blocks erases;
 * in pieces, so that there is progress and no wait of minutes.
 */
#include "proto/esp_wire.h"

#include "base/text.h"

#include <string.h>

enum {
    PIECE_ROM = 0x40000,
    PIECE_STUB = 0x100000,
    SECTORS_IN_BLOCK = 16,
};

/* ---- sizes ---- */

/*
 * The ROMs in question erase the sectors up to the next 64 KiB boundary twice over: asked for E sectors
 * with H left in the block they erase 2 E where E <= H, else E + H.
 */
uint32_t fettle_esp_erase_size(const fettle_esp_chip *chip, bool is_stub, uint32_t address,
                               uint32_t size)
{
    if (is_stub || !chip->erases_too_much) {
        return size;
    }
    uint32_t sectors = (size + FETTLE_ESP_SECTOR - 1) / FETTLE_ESP_SECTOR;
    uint32_t head = SECTORS_IN_BLOCK - address / FETTLE_ESP_SECTOR % SECTORS_IN_BLOCK;
    head = head < sectors ? head : sectors;
    return (sectors < 2 * head ? (sectors + 1) / 2 : sectors - head) * FETTLE_ESP_SECTOR;
}

/* Of an odd number of sectors they erase one more, where E is what they double. */
bool fettle_esp_erases_one_more(const fettle_esp *esp, uint32_t address, uint32_t size)
{
    uint32_t sectors = (size + FETTLE_ESP_SECTOR - 1) / FETTLE_ESP_SECTOR;
    uint32_t head = SECTORS_IN_BLOCK - address / FETTLE_ESP_SECTOR % SECTORS_IN_BLOCK;
    return !esp->is_stub && chip_of(esp)->erases_too_much && sectors % 2 != 0 &&
           sectors < 2 * head;
}

/* ---- erase ---- */

static fettle_esp_next next_piece;

static fettle_effect on_erased(fettle_esp *esp, fettle_us now)
{
    esp->offset += esp->chunk;
    fettle_esp_progress(esp, esp->offset);
    return next_piece(esp, now);
}

/* A whole block of 64 KiB is erased at once; what doesn't fill one goes sector by sector, which takes longer. */
fettle_us fettle_esp_erase_time(uint32_t address, uint32_t size)
{
    uint32_t block = SECTORS_IN_BLOCK * FETTLE_ESP_SECTOR;
    uint32_t edges = (block - address % block) % block + (address + size) % block;
    edges = edges < size ? edges : size;
    return fettle_esp_time_for(size, ERASE_PER_MB) +
           edges / FETTLE_ESP_SECTOR * ERASE_PER_SECTOR;
}

esp_request fettle_esp_erase_request(const fettle_esp *esp, uint32_t address, uint32_t size)
{
    if (!esp->is_stub) {
        uint32_t told = fettle_esp_erase_size(chip_of(esp), false, address, size);
        esp_request request = fettle_esp_begin_request(esp, FLASH_BEGIN, address, told, 0,
                                                       FETTLE_ESP_BLOCK_ROM);
        request.time = fettle_esp_erase_time(address, size);
        return request;
    }
    return (esp_request){.opcode = ERASE_REGION,
                         .tries = TRIES,
                         .time = fettle_esp_erase_time(address, size),
                         .word_count = 2,
                         .words = {address, size}};
}

static fettle_effect next_piece(fettle_esp *esp, fettle_us now)
{
    uint32_t address = esp->address + (uint32_t)esp->offset;
    uint32_t left = esp->size - (uint32_t)esp->offset;
    uint32_t piece_max = esp->is_stub ? PIECE_STUB : PIECE_ROM;
    if (left == 0) {
        return fettle_esp_done(esp, now);
    }
    uint32_t to_border = piece_max - address % piece_max; /* long erases are aligned ones */
    uint32_t piece = left < to_border ? left : to_border, again = 0;
    if (fettle_esp_erases_one_more(esp, address, piece)) {
        /* An even number first; then the last one together with the one before, once more. */
        again = piece == FETTLE_ESP_SECTOR && esp->offset > 0 ? FETTLE_ESP_SECTOR : 0;
        piece -= piece > FETTLE_ESP_SECTOR ? FETTLE_ESP_SECTOR : 0;
    }
    esp->chunk = piece;
    esp->words.address = address;
    esp_request request = fettle_esp_erase_request(esp, address - again, piece + again);
    return fettle_esp_exchange(esp, &request, now, on_erased, NULL);
}

static fettle_effect begin_erase(fettle_esp *esp, fettle_us now)
{
    if (!esp->is_stub && (uint64_t)esp->address + esp->size > chip_of(esp)->rom_limit) {
        return fettle_esp_refuse(esp, FETTLE_E_ESP_CANNOT, "erase flash at this address",
                                 NULL);
    }
    return next_piece(esp, now);
}

fettle_engine *fettle_esp_erase(fettle_esp *esp, uint32_t address, uint32_t size)
{
    assert(address % FETTLE_ESP_SECTOR == 0 && size % FETTLE_ESP_SECTOR == 0);
    esp->address = address;
    esp->size = size;
    esp->offset = 0;
    return fettle_esp_ready(esp, FETTLE_CLAUSE_ERASE_AT, size, begin_erase);
}

static fettle_effect erase_all(fettle_esp *esp, fettle_us now)
{
    const fettle_us usual = 120 * SECOND, per_mb = 10 * SECOND;
    const uint32_t small = 8000000;
    uint32_t more = esp->flash_size > small ? esp->flash_size - small : 0;
    const esp_request request = {
        .opcode = ERASE_FLASH, .tries = TRIES, .time = usual + more * per_mb / MEGA};
    return fettle_esp_exchange(esp, &request, now, fettle_esp_done, NULL);
}

static fettle_effect no_size(fettle_esp *esp, fettle_us now)
{
    (void)now;
    return fettle_esp_refuse(esp, FETTLE_E_ESP_CANNOT,
                             "erase a flash whose size is not known", NULL);
}

fettle_engine *fettle_esp_erase_chip(fettle_esp *esp)
{
    if (esp->is_stub) {
        return fettle_esp_ready(esp, FETTLE_CLAUSE_MASS_ERASE, 0, erase_all);
    }
    if (esp->flash_size == 0) {
        return fettle_esp_ready(esp, FETTLE_CLAUSE_MASS_ERASE, 0, no_size);
    }
    return fettle_esp_erase(esp, 0, esp->flash_size);
}

/* ---- hash ---- */

static bool take_hex(uint8_t *bytes, const uint8_t *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned high = fettle_text_digit((char)text[2 * i]);
        unsigned low = fettle_text_digit((char)text[2 * i + 1]);
        if (high > 15 || low > 15) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static fettle_effect ask_hash(fettle_esp *esp, fettle_us now);

/* A ROM says it in hexadecimal digits, a stub in bytes. */
static fettle_effect on_hash(fettle_esp *esp, fettle_us now)
{
    const uint8_t *payload = esp->reply + FETTLE_ESP_HEAD;
    if (esp->is_stub) {
        memcpy(esp->md5, payload, sizeof esp->md5);
    } else if (!take_hex(esp->md5, payload, sizeof esp->md5)) {
        return esp->restarts++ < RESTARTS_MAX
                   ? ask_hash(esp, now)
                   : fettle_esp_refuse(esp, FETTLE_E_UNEXPECTED_ANSWER,
                                       "the hash is no hexadecimal number", NULL);
    }
    return esp->after_hash(esp, now);
}

static fettle_effect ask_hash(fettle_esp *esp, fettle_us now)
{
    const esp_request request = {.opcode = SPI_FLASH_MD5,
                                 .tries = TRIES,
                                 .payload =
                                     esp->is_stub ? FETTLE_MD5_SIZE : 2 * FETTLE_MD5_SIZE,
                                 .time = fettle_esp_time_for(esp->hash_size, HASH_PER_MB),
                                 .word_count = 4,
                                 .words = {esp->hash_address, esp->hash_size}};
    return fettle_esp_exchange(esp, &request, now, on_hash, NULL);
}

fettle_effect fettle_esp_ask_hash(fettle_esp *esp, uint32_t address, uint32_t size,
                                  fettle_us now, fettle_esp_next *then)
{
    esp->hash_address = address;
    esp->hash_size = size;
    esp->after_hash = then;
    return ask_hash(esp, now);
}

bool fettle_esp_can_hash(const fettle_esp *esp)
{
    return esp->is_stub || (chip_of(esp)->hashes && !esp->identity.is_secure_download);
}

static fettle_effect begin_hash(fettle_esp *esp, fettle_us now)
{
    const char *what = "hash its flash";
    if (esp->identity.is_secure_download) {
        return fettle_esp_refuse(esp, FETTLE_E_ESP_SECURE_DOWNLOAD, what, NULL);
    }
    bool is_far =
        !esp->is_stub && (uint64_t)esp->address + esp->size > chip_of(esp)->rom_limit;
    return fettle_esp_can_hash(esp) && !is_far
               ? fettle_esp_ask_hash(esp, esp->address, esp->size, now, fettle_esp_done)
               : fettle_esp_refuse(esp, FETTLE_E_ESP_CANNOT, what, NULL);
}

fettle_engine *fettle_esp_hash(fettle_esp *esp, uint32_t address, uint32_t size)
{
    esp->address = address;
    esp->size = size;
    fettle_engine *engine = fettle_esp_ready(esp, FETTLE_CLAUSE_HASH_AT, 0, begin_hash);
    esp->words.address = address;
    return engine;
}
