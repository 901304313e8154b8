/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes files for ESP chips, for tests: images of both forms, partition tables, merged files. Written from the description of the
 * formats and without what reads them, so that the two can disagree.
 */
#ifndef FETTLE_TESTS_ESP_MAKE_H
#define FETTLE_TESTS_ESP_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

typedef enum esp_make_kind {
    ESP_MAKE_APP,
    ESP_MAKE_LOADER,
    ESP_MAKE_OLD_APP,    /* without a descriptor */
    ESP_MAKE_OLD_LOADER, /* the same */
} esp_make_kind;

/* What an image is to be. */
typedef struct esp_make {
    bool is_esp8266;
    esp_make_kind kind;
    uint16_t chip_id, min_full, max_full;
    uint8_t min_rev;
    uint8_t mode, size_frequency;
    bool has_hash;
    const char *version, *project, *idf;
    size_t code;      /* bytes of the second segment */
    bool packs;       /* they can be compressed */
    const char *text; /* what the second segment begins with; or NULL */
    uint8_t seed;
} esp_make;

typedef struct esp_writer {
    uint8_t *bytes;
    size_t room, size;
    uint8_t checksum;
} esp_writer;

static inline void esp_put(esp_writer *self, const void *bytes, size_t size)
{
    if (self->size + size > self->room) {
        abort();
    }
    memcpy(self->bytes + self->size, bytes, size);
    self->size += size;
}

static inline void esp_put_number(esp_writer *self, uint32_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(number >> 8 * i);
        esp_put(self, &byte, 1);
    }
}

static inline void esp_put_segment(esp_writer *self, uint32_t address, const uint8_t *data,
                                   size_t size)
{
    esp_put_number(self, address, 4);
    esp_put_number(self, (uint32_t)size, 4);
    esp_put(self, data, size);
    for (size_t i = 0; i < size; i++) {
        self->checksum ^= data[i];
    }
}

static inline void esp_text(uint8_t *at, size_t size, const char *text)
{
    for (size_t i = 0; text != NULL && i < size && text[i] != '\0'; i++) {
        at[i] = (uint8_t)text[i];
    }
}

/* The first segment of an application, with its descriptor. */
static inline void esp_app_segment(uint8_t data[512], const esp_make *wish)
{
    static const uint8_t magic[] = {0x32, 0x54, 0xCD, 0xAB};
    memset(data, 0, 512);
    if (wish->kind != ESP_MAKE_APP) {
        return;
    }
    memcpy(data, magic, sizeof magic);
    data[4] = 7; /* secure version */
    esp_text(data + 0x10, 32, wish->version);
    esp_text(data + 0x30, 32, wish->project);
    esp_text(data + 0x50, 16, "12:34:56");
    esp_text(data + 0x60, 16, "Jan  2 2025");
    esp_text(data + 0x70, 32, wish->idf);
}

static inline void esp_loader_segment(uint8_t data[512], const esp_make *wish)
{
    memset(data, 0, 512);
    if (wish->kind == ESP_MAKE_LOADER) {
        data[0] = 0x50;
        data[4] = 3; /* version */
        esp_text(data + 8, 32, wish->idf);
        esp_text(data + 0x28, 24, "Jan  2 2025 12:34:56");
    }
}

/* Bytes that look like code: not blank, not all alike. */
static inline void esp_fill(uint8_t *at, size_t size, uint8_t seed)
{
    uint32_t state = 0x9E3779B9u + seed;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        at[i] = (uint8_t)(state >> 24);
    }
}

static inline void esp_end(esp_writer *self, size_t begin, bool has_hash)
{
    while ((self->size - begin) % 16 != 15) {
        esp_put_number(self, 0, 1);
    }
    esp_put_number(self, self->checksum, 1);
    if (has_hash) {
        fettle_sha256 sha256;
        uint8_t digest[32];
        fettle_sha256_init(&sha256);
        fettle_sha256_feed(&sha256, (fettle_span){self->bytes + begin, self->size - begin});
        fettle_sha256_finish(&sha256, digest);
        esp_put(self, digest, sizeof digest);
    }
}

/* Appends an image. Two segments: a short first one, and one of `code` bytes. */
static inline void esp_put_image(esp_writer *self, const esp_make *wish)
{
    size_t begin = self->size;
    bool is_app = wish->kind == ESP_MAKE_APP || wish->kind == ESP_MAKE_OLD_APP;
    uint8_t first[512];
    uint8_t *code = malloc(wish->code + 1);
    if (code == NULL) {
        abort();
    }
    self->checksum = 0xEF;
    esp_fill(code, wish->code, wish->seed);
    for (size_t i = 0; wish->packs && i < wish->code; i++) {
        code[i] &= 0x0F;
    }
    esp_text(code, wish->code, wish->text);
    uint8_t header[] = {0xE9, 2, wish->mode, wish->size_frequency};
    esp_put(self, header, sizeof header);
    esp_put_number(self, wish->is_esp8266 ? 0x40100004 : 0x40081234, 4);
    if (!wish->is_esp8266) {
        const uint8_t pins[] = {0xEE, 0, 0, 0};
        esp_put(self, pins, sizeof pins);
        esp_put_number(self, wish->chip_id, 2);
        esp_put_number(self, wish->min_rev, 1);
        esp_put_number(self, wish->min_full, 2);
        esp_put_number(self, wish->max_full, 2);
        esp_put_number(self, 0, 4);
        esp_put_number(self, wish->has_hash, 1);
    }
    if (is_app) {
        esp_app_segment(first, wish);
    } else {
        esp_loader_segment(first, wish);
    }
    uint32_t address = wish->is_esp8266 ? 0x40100000 : is_app ? 0x3F400020 : 0x3FFF0030;
    esp_put_segment(self, address, first, sizeof first);
    esp_put_segment(self, wish->is_esp8266 ? 0x3FFE8000 : 0x40080000, code, wish->code);
    esp_end(self, begin, wish->has_hash && !wish->is_esp8266);
    free(code);
}

/* ---- partition tables ---- */

static inline void esp_put_row(esp_writer *self, uint8_t type, uint8_t subtype,
                               uint32_t address, uint32_t size, const char *label,
                               uint32_t flags)
{
    uint8_t head[] = {0xAA, 0x50, type, subtype}, name[16] = {0};
    esp_put(self, head, sizeof head);
    esp_put_number(self, address, 4);
    esp_put_number(self, size, 4);
    esp_text(name, sizeof name, label);
    esp_put(self, name, sizeof name);
    esp_put_number(self, flags, 4);
}

/* The row with the MD5 of all since `begin`, and FF up to 0xC00 bytes from there. */
static inline void esp_put_table_end(esp_writer *self, size_t begin, bool has_md5)
{
    if (has_md5) {
        uint8_t row[32], digest[16];
        fettle_md5 md5;
        memset(row, 0xFF, sizeof row);
        row[0] = row[1] = 0xEB;
        fettle_md5_init(&md5);
        fettle_md5_feed(&md5, (fettle_span){self->bytes + begin, self->size - begin});
        fettle_md5_finish(&md5, digest);
        memcpy(row + 16, digest, sizeof digest);
        esp_put(self, row, sizeof row);
    }
    while (self->size - begin < 0xC00) {
        esp_put_number(self, 0xFF, 1);
    }
}

/* nvs, otadata, phy_init, factory at 0x10000, two slots, a file system: 4 MB in all. */
static inline void esp_put_usual_table(esp_writer *self)
{
    size_t begin = self->size;
    esp_put_row(self, 1, 2, 0x9000, 0x4000, "nvs", 0);
    esp_put_row(self, 1, 0, 0xD000, 0x2000, "otadata", 0);
    esp_put_row(self, 1, 1, 0xF000, 0x1000, "phy_init", 0);
    esp_put_row(self, 0, 0, 0x10000, 0x100000, "factory", 0);
    esp_put_row(self, 0, 0x10, 0x110000, 0x100000, "ota_0", 0);
    esp_put_row(self, 0, 0x11, 0x210000, 0x100000, "ota_1", 0);
    esp_put_row(self, 1, 0x83, 0x310000, 0xF0000, "storage", 0);
    esp_put_table_end(self, begin, true);
}

static inline void esp_pad_to(esp_writer *self, size_t size)
{
    while (self->size < size) {
        esp_put_number(self, 0xFF, 1);
    }
}

#endif
