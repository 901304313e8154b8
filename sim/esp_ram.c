/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host puts into an ESP chip's RAM, and whether it is a stub: the bytes have to be those
 * of one that is published for this chip, at its addresses, and be started at its entry. Whatever
 * else is started runs and says nothing. Bytes over what the ROM needs for itself, or over the
 * stub that runs, end the conversation at once (section 2.11 of the fact sheet).
 */
#include "esp.h"

#include <stdlib.h>
#include <string.h>

enum {
    HEADER = 8,
    DATA_HEADER = 16,
    RAM_MOST = 0x80000, /* more than any segment can have */
    STUB_STARTS_US = 5000,
};

static const uint8_t greeting[] = {'O', 'H', 'A', 'I'};

void fettle_sim_esp_free_ram(fettle_sim_esp *esp)
{
    for (size_t i = 0; i < ESP_SEGMENTS; i++) {
        free(esp->segments[i].bytes);
        esp->segments[i] = (fettle_sim_esp_segment){.bytes = NULL};
    }
    esp->segment = NULL;
}

/* The one with this address, or a free one; else the first, which goes. */
static fettle_sim_esp_segment *segment_for(fettle_sim_esp *esp, uint32_t address)
{
    fettle_sim_esp_segment *free_one = NULL;
    for (size_t i = 0; i < ESP_SEGMENTS; i++) {
        fettle_sim_esp_segment *segment = &esp->segments[i];
        if (segment->bytes != NULL && segment->address == address) {
            return segment;
        }
        if (segment->bytes == NULL && free_one == NULL) {
            free_one = segment;
        }
    }
    return free_one != NULL ? free_one : &esp->segments[0];
}

uint8_t fettle_sim_esp_begin_ram(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame)
{
    uint32_t size = fettle_sim_esp_word(frame, 0);
    uint32_t address = fettle_sim_esp_word(frame, 3);
    if (size == 0 || size > RAM_MOST) {
        esp->segment = NULL;
        return ROM_RAM_ADDRESS;
    }
    fettle_sim_esp_segment *segment = segment_for(esp, address);
    free(segment->bytes);
    *segment = (fettle_sim_esp_segment){
        .address = address, .size = size, .bytes = calloc(size, 1)};
    esp->segment = segment->bytes != NULL ? segment : NULL;
    return esp->segment != NULL ? ESP_OK : ROM_INVALID;
}

static bool overlaps(uint32_t address, uint32_t size, uint32_t begin, uint32_t end)
{
    return address < end && begin < address + size;
}

static bool hits_stub(const fettle_sim_esp *esp, uint32_t address, uint32_t size)
{
    const fettle_sim_esp_stub_row *stub = esp->stub;
    return esp->mode == ESP_MODE_STUB && stub != NULL &&
           (overlaps(address, size, stub->text.address,
                     stub->text.address + stub->text.size) ||
            overlaps(address, size, stub->bss, stub->data.address + stub->data.size));
}

uint8_t fettle_sim_esp_fill_ram(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame)
{
    fettle_sim_esp_segment *segment = esp->segment;
    uint32_t size = (uint32_t)(frame->size - HEADER - DATA_HEADER);
    if (segment == NULL || size > segment->size - segment->filled) {
        return ROM_INVALID;
    }
    uint32_t address = segment->address + segment->filled;
    memcpy(segment->bytes + segment->filled, frame->bytes + HEADER + DATA_HEADER, size);
    segment->filled += size;
    if (overlaps(address, size, esp->chip->reserved, esp->chip->reserved_end) ||
        hits_stub(esp, address, size)) {
        esp->mode = ESP_MODE_SILENT;
    }
    return ESP_OK;
}

static bool has_part(const fettle_sim_esp *esp, const fettle_sim_esp_part *part)
{
    for (size_t i = 0; i < ESP_SEGMENTS; i++) {
        const fettle_sim_esp_segment *segment = &esp->segments[i];
        if (segment->bytes == NULL || segment->address != part->address ||
            segment->filled != part->size) {
            continue;
        }
        fettle_sha256 sha256;
        uint8_t digest[FETTLE_SHA256_SIZE];
        fettle_sha256_init(&sha256);
        fettle_sha256_feed(&sha256, (fettle_span){segment->bytes, segment->filled});
        fettle_sha256_finish(&sha256, digest);
        return memcmp(digest, part->sha256, sizeof digest) == 0;
    }
    return false;
}

static bool is_this(const fettle_sim_esp *esp, const fettle_sim_esp_stub_row *stub,
                    uint32_t entry)
{
    return stub->chip == esp->chip && stub->entry == entry && has_part(esp, &stub->text) &&
           has_part(esp, &stub->data);
}

bool fettle_sim_esp_has_stub(fettle_sim_esp *esp, uint32_t entry)
{
    bool is_checked =
        fettle_sim_option_of(esp->board, OPTION_SECURE_BOOT) != SECURE_BOOT_NONE;
    esp->stub = NULL;
    if (is_checked && esp->chip->security_size != 0) {
        return false; /* code in RAM isn't executed */
    }
    if (is_this(esp, &esp->own_stub, entry)) {
        esp->stub = &esp->own_stub;
    }
    for (size_t i = 0; i < fettle_sim_esp_stub_count; i++) {
        if (is_this(esp, &fettle_sim_esp_stub_rows[i], entry)) {
            esp->stub = &fettle_sim_esp_stub_rows[i];
        }
    }
    return esp->stub != NULL;
}

void fettle_sim_esp_start_stub(fettle_sim_esp *esp, fettle_us at)
{
    esp->mode = ESP_MODE_STUB;
    esp->last_value = 0;
    esp->is_attached = true;
    memset(&esp->transfer, 0, sizeof esp->transfer);
    memset(&esp->reading, 0, sizeof esp->reading);
    fettle_sim_esp_record(esp, at, "stub", 0, esp->stub->text.address, 0);
    fettle_sim_esp_send(esp, greeting, sizeof greeting, at + STUB_STARTS_US);
}

/* ---- a stub of our own, for tests that have no published one ---- */

static void make_part(uint8_t *bytes, size_t size, uint64_t seed)
{
    uint64_t random = fettle_sim_seed(seed);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)fettle_sim_random(&random);
    }
}

static void seal(fettle_sim_esp_part *part, uint32_t address, const uint8_t *bytes,
                 size_t size)
{
    fettle_sha256 sha256;
    part->address = address;
    part->size = (uint32_t)size;
    fettle_sha256_init(&sha256);
    fettle_sha256_feed(&sha256, (fettle_span){bytes, size});
    fettle_sha256_finish(&sha256, part->sha256);
}

static const fettle_sim_esp_stub_row *published(const fettle_sim_esp_chip *chip)
{
    for (size_t i = 0; i < fettle_sim_esp_stub_count; i++) {
        if (fettle_sim_esp_stub_rows[i].chip == chip) {
            return &fettle_sim_esp_stub_rows[i];
        }
    }
    return &fettle_sim_esp_stub_rows[0];
}

static void make_stub(fettle_sim_esp *esp, fettle_sim_stub *stub)
{
    const fettle_sim_esp_stub_row *like = published(esp->chip);
    make_part(stub->text, sizeof stub->text, 0x7e87);
    make_part(stub->data, sizeof stub->data, 0xda7a);
    stub->text_address = like->text.address;
    stub->data_address = like->data.address;
    stub->bss_address = like->bss;
    stub->entry = like->text.address + 4;
    esp->own_stub = (fettle_sim_esp_stub_row){
        .chip = esp->chip, .entry = stub->entry, .bss = like->bss};
    seal(&esp->own_stub.text, stub->text_address, stub->text, sizeof stub->text);
    seal(&esp->own_stub.data, stub->data_address, stub->data, sizeof stub->data);
}

void fettle_sim_esp_know_own_stub(fettle_sim_esp *esp)
{
    fettle_sim_stub stub;
    make_stub(esp, &stub);
}

bool fettle_sim_make_stub(fettle_sim *sim, size_t board, fettle_sim_stub *stub)
{
    fettle_sim_esp *esp = sim->boards[board]->esp;
    if (esp == NULL) {
        return false;
    }
    fettle_sim_lock(sim);
    make_stub(esp, stub);
    fettle_sim_unlock(sim);
    return true;
}
