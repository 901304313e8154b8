/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes Pycom packages, sound and damaged, for tests: tar by POSIX.1-1988, gzip by RFC 1952 with blocks that are stored as they are,
 * images and tables by esp_make.h. Always the same bytes for the same wish. No firmware is in them. Written from the description of
 * the packages and without what reads them.
 */
#ifndef FETTLE_TESTS_PYCOM_MAKE_H
#define FETTLE_TESTS_PYCOM_MAKE_H

#include <stdio.h>

#include "base/hash.h"
#include "tests/tools/esp_make.h"

enum {
    PYCOM_SCRIPT = 1 << 0,  /* the array of old, for any flash */
    PYCOM_SCRIPT2 = 1 << 1, /* the object, for any flash; with the table for 4 MB */
    PYCOM_4MB = 1 << 2,
    PYCOM_8MB = 1 << 3,
    PYCOM_SMALL = 1 << 4,   /* for 8 MB: a stand-in in factory, the application in ota_0 */
    PYCOM_NORMAL = 1 << 5,  /* for 8 MB once more, under a name with a space */
    PYCOM_OLD = 1 << 6,     /* `script` with the table of 1.18 */
    PYCOM_ENC_4MB = 1 << 7, /* encrypted ones */
    PYCOM_ENC_8MB = 1 << 8,
    PYCOM_MEMBERS_MAX = 96,
    PYCOM_APP_SIZE = 40 * 1024,
    PYCOM_LOADER_SIZE = 8 * 1024,
};

typedef struct pycom_wish {
    const char *module;  /* "LoPy4" */
    const char *version; /* "1.20.2.r6" */
    unsigned layouts;    /* PYCOM_* */
    const char *damage;  /* a name of pycom_damages; NULL: sound */
    size_t app_size;     /* of the whole image, a multiple of 16; 0: PYCOM_APP_SIZE */
    uint8_t seed;
    bool is_bare;           /* tar without gzip */
    uint8_t size_frequency; /* of the bootloader's header; 0: 4 MB, 40 MHz, as published */
} pycom_wish;

typedef struct pycom_member {
    char name[100];
    char type; /* '0' a file, '2' a link, '3' a device, '5' a folder */
    uint8_t *bytes;
    size_t size;
} pycom_member;

typedef struct pycom_pack {
    size_t count;
    pycom_member members[PYCOM_MEMBERS_MAX];
    char app[32]; /* "lopy4.bin" */
} pycom_pack;

static inline void *pycom_alloc(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static inline pycom_member *pycom_add(pycom_pack *pack, const char *name, const void *bytes,
                                      size_t size)
{
    if (pack->count == PYCOM_MEMBERS_MAX) {
        abort();
    }
    pycom_member *member = &pack->members[pack->count++];
    snprintf(member->name, sizeof member->name, "%s", name);
    member->type = '0';
    member->bytes = pycom_alloc(size);
    member->size = size;
    if (size > 0) {
        memcpy(member->bytes, bytes, size);
    }
    return member;
}

static inline pycom_member *pycom_find(pycom_pack *pack, const char *name)
{
    for (size_t i = 0; i < pack->count; i++) {
        if (strcmp(pack->members[i].name, name) == 0) {
            return &pack->members[i];
        }
    }
    abort();
}

static inline void pycom_put(pycom_pack *pack, const char *name, const void *bytes,
                             size_t size)
{
    pycom_member *member = pycom_find(pack, name);
    free(member->bytes);
    member->bytes = pycom_alloc(size);
    member->size = size;
    if (size > 0) {
        memcpy(member->bytes, bytes, size);
    }
}

static inline void pycom_put_text(pycom_pack *pack, const char *name, const char *text)
{
    pycom_put(pack, name, text, strlen(text));
}

static inline void pycom_drop(pycom_pack *pack, const char *name)
{
    pycom_member *member = pycom_find(pack, name);
    free(member->bytes);
    *member = pack->members[--pack->count];
}

static inline void pycom_lower(char *out, size_t size, const char *text)
{
    size_t i = 0;
    for (; text[i] != '\0' && i + 1 < size; i++) {
        out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    }
    out[i] = '\0';
}

/* ---- layouts, by lib/partitions*.csv of several releases ---- */

typedef struct pycom_flash {
    const char *table, *script; /* names of members */
    uint32_t factory_size, otadata, otadata_size, ota, ota_size;
    bool has_files;
} pycom_flash;

static const pycom_flash pycom_old = {"partitions.bin", "script", 0x180000, 0x190000,
                                      0x1000,           0x1A0000, 0x180000, true};
static const pycom_flash pycom_new_4mb = {"partitions_4MB.bin",
                                          "script_4MB",
                                          0x1AE000,
                                          0x1BE000,
                                          0x1000,
                                          0x1C0000,
                                          0x1AE000,
                                          true};
static const pycom_flash pycom_new_8mb = {"partitions_8MB.bin",
                                          "script_8MB",
                                          0x1EF000,
                                          0x1FF000,
                                          0x2000,
                                          0x210000,
                                          0x1EF000,
                                          false};
static const pycom_flash pycom_small = {"partitions_8MB_small.bin",
                                        "script_8MB",
                                        0xFF000,
                                        0x10F000,
                                        0x1000,
                                        0x110000,
                                        0x2EF000,
                                        false};

static inline size_t pycom_make_table(uint8_t table[0xC00], const pycom_flash *flash)
{
    esp_writer writer = {.bytes = table, .room = 0xC00};
    esp_put_row(&writer, 1, 2, 0x9000, 0x7000, "nvs", 0);
    esp_put_row(&writer, 0, 0, 0x10000, flash->factory_size, "factory", 1);
    esp_put_row(&writer, 1, 0, flash->otadata, flash->otadata_size, "otadata", 1);
    esp_put_row(&writer, 0, 0x10, flash->ota, flash->ota_size, "ota_0", 1);
    if (flash->has_files) {
        if (flash->ota + flash->ota_size + 0x10000 <= 0x380000) {
            esp_put_row(&writer, 1, 7, flash->ota + flash->ota_size, 0x10000, "dummy", 0);
        }
        esp_put_row(&writer, 1, 5, 0x380000, 0x7F000, "fs", 1);
    }
    esp_put_row(&writer, 1, 6, 0x3FF000, 0x1000, "config", 0);
    esp_put_table_end(&writer, 0, true);
    return writer.size;
}

static inline uint8_t *pycom_make_image(esp_make_kind kind, const char *text, size_t size,
                                        uint16_t chip_id, uint8_t size_frequency,
                                        uint8_t seed)
{
    enum { AROUND = 24 + 8 + 512 + 8 + 1 + 32 };
    esp_make wish = {.kind = kind,
                     .chip_id = chip_id,
                     .max_full = 0xFFFF,
                     .mode = 2,
                     .size_frequency = size_frequency,
                     .has_hash = true,
                     .version = "sample",
                     .project = "pycom",
                     .idf = "v3.3.1",
                     .code = size - AROUND,
                     .text = text,
                     .seed = seed};
    esp_writer writer = {.bytes = pycom_alloc(size), .room = size};
    esp_put_image(&writer, &wish);
    if (writer.size != size) {
        abort();
    }
    return writer.bytes;
}

static inline void pycom_add_image(pycom_pack *pack, const char *name, esp_make_kind kind,
                                   const char *text, size_t size, uint8_t size_frequency,
                                   uint8_t seed)
{
    uint8_t *bytes = pycom_make_image(kind, text, size, 0, size_frequency, seed);
    pycom_add(pack, name, bytes, size);
    free(bytes);
}

static inline void pycom_script_text(char *out, size_t size, const pycom_flash *flash,
                                     const char *steps)
{
    snprintf(out, size,
             "{\n  \"version\" : \"2.1\",\n  \"partitions\" : {\n"
             "    \"factory\"   : [\"0x10000\", \"0x%X\"],\n"
             "    \"ota_0\"     : [\"0x%X\", \"0x%X\"],\n"
             "    \"otadata\"   : [\"0x%X\", \"0x1000\"]\n    },\n"
             "  \"script\" : [\n%s\n    ]\n}\n",
             (unsigned)flash->factory_size, (unsigned)flash->ota, (unsigned)flash->ota_size,
             (unsigned)flash->otadata, steps);
}

/* Adds the table, if it isn't there, and a script of the later form. */
static inline void pycom_add_layout(pycom_pack *pack, const pycom_flash *flash,
                                    const char *script)
{
    uint8_t table[0xC00];
    char text[1024], steps[512];
    bool is_small = flash == &pycom_small;
    bool is_there = false;
    for (size_t i = 0; i < pack->count; i++) {
        is_there |= strcmp(pack->members[i].name, flash->table) == 0;
    }
    if (!is_there) {
        pycom_add(pack, flash->table, table, pycom_make_table(table, flash));
    }
    snprintf(steps, sizeof steps,
             "      [\"w\", \"bootloader\", \"bootloader.bin\"],\n"
             "      [\"w\", \"partitions\", \"%s\"],\n"
             "%s      [\"w\", \"%s\", \"%s\"]",
             flash->table,
             is_small ? "      [\"w\", \"factory\", \"factory_fw.bin\"],\n" : "",
             is_small ? "ota_0" : "factory", pack->app);
    pycom_script_text(text, sizeof text, flash, steps);
    pycom_add(pack, script, text, strlen(text));
}

/* The form of old: erases in pieces, then plain addresses. */
static inline void pycom_add_array(pycom_pack *pack, const pycom_flash *flash)
{
    uint8_t table[0xC00];
    char text[1024] = "[\n";
    size_t used = 2;
    bool is_there = false;
    for (unsigned at = 0x1000; at < 0x200000; at += 0x40000) {
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "    [\"e\", \"0x%X\", \"0x40000\"],\n", at);
    }
    snprintf(text + used, sizeof text - used,
             "    [\"w\", \"0x1000\", \"bootloader.bin\"],\n"
             "    [\"w\", \"0x8000\", \"%s\"],\n    [\"w\", \"0x10000\", \"%s\"]\n]\n",
             flash->table, pack->app);
    for (size_t i = 0; i < pack->count; i++) {
        is_there |= strcmp(pack->members[i].name, flash->table) == 0;
    }
    if (!is_there) {
        pycom_add(pack, flash->table, table, pycom_make_table(table, flash));
    }
    pycom_add(pack, "script", text, strlen(text));
}

/* What nobody can read: any bytes. */
static inline void pycom_add_encrypted(pycom_pack *pack, const pycom_flash *flash,
                                       const char *script)
{
    static const char *const names[] = {"bootloader-reflash-digest.bin_enc", NULL, NULL};
    uint8_t noise[4096];
    char table[64], app[64], text[1024], steps[512];
    snprintf(table, sizeof table, "%s_enc", flash->table);
    snprintf(app, sizeof app, "%s_enc", pack->app);
    for (size_t i = 0; i < 3; i++) {
        const char *name = i == 0 ? names[0] : i == 1 ? table : app;
        bool is_there = false;
        for (size_t k = 0; k < pack->count; k++) {
            is_there |= strcmp(pack->members[k].name, name) == 0;
        }
        esp_fill(noise, sizeof noise, (uint8_t)(77 + i));
        if (!is_there) {
            pycom_add(pack, name, noise, sizeof noise);
        }
    }
    snprintf(steps, sizeof steps,
             "      [\"w\", \"secureboot\", \"%s\"],\n"
             "      [\"w\", \"partitions\", \"%s\"],\n      [\"w\", \"factory\", \"%s\"]",
             names[0], table, app);
    pycom_script_text(text, sizeof text, flash, steps);
    pycom_add(pack, script, text, strlen(text));
}

static inline void pycom_fill(pycom_pack *pack, const pycom_wish *wish)
{
    char text[160], lower[16];
    pycom_lower(lower, sizeof lower, wish->module);
    snprintf(pack->app, sizeof pack->app, "%s.bin", lower);
    snprintf(text, sizeof text,
             "Pycom MicroPython %s [v1.11-sample] on 2020-01-01; %s with ESP32",
             wish->version, wish->module);
    pycom_add_image(pack, "bootloader.bin", ESP_MAKE_OLD_LOADER, NULL, PYCOM_LOADER_SIZE,
                    wish->size_frequency != 0 ? wish->size_frequency : 0x20, 9);
    pycom_add_image(pack, pack->app, ESP_MAKE_OLD_APP, text,
                    wish->app_size != 0 ? wish->app_size : (size_t)PYCOM_APP_SIZE, 0x2F,
                    wish->seed);
    if ((wish->layouts & PYCOM_4MB) != 0) {
        pycom_add_layout(pack, &pycom_new_4mb, "script_4MB");
    }
    if ((wish->layouts & PYCOM_8MB) != 0) {
        pycom_add_layout(pack, &pycom_new_8mb, "script_8MB");
    }
    if ((wish->layouts & PYCOM_NORMAL) != 0) {
        pycom_add_layout(pack, &pycom_new_8mb, "script_8MB _normal_factory_fw");
    }
    if ((wish->layouts & PYCOM_SMALL) != 0) {
        pycom_add_image(pack, "factory_fw.bin", ESP_MAKE_OLD_APP, "stand-in", 16 * 1024,
                        0x2F, 5);
        pycom_add_layout(pack, &pycom_small, "script_8MB");
    }
    if ((wish->layouts & PYCOM_SCRIPT2) != 0) {
        pycom_add_layout(pack, &pycom_new_4mb, "script2");
    }
    if ((wish->layouts & (PYCOM_SCRIPT | PYCOM_OLD)) != 0) {
        pycom_add_array(pack,
                        (wish->layouts & PYCOM_OLD) != 0 ? &pycom_old : &pycom_new_4mb);
    }
    if ((wish->layouts & PYCOM_ENC_4MB) != 0) {
        pycom_add_encrypted(pack, &pycom_new_4mb, "script_4MB_enc");
    }
    if ((wish->layouts & PYCOM_ENC_8MB) != 0) {
        pycom_add_encrypted(pack, &pycom_new_8mb, "script_8MB_enc");
    }
}

/* ---- tar and gzip ---- */

static inline void pycom_tar_number(uint8_t *at, size_t digits, size_t number)
{
    for (size_t i = digits; i > 0; i--, number >>= 3) {
        at[i - 1] = (uint8_t)('0' + (number & 7));
    }
}

static inline void pycom_tar_header(uint8_t head[512], const pycom_member *member)
{
    unsigned sum = 0;
    memset(head, 0, 512);
    esp_text(head, 100, member->name);
    pycom_tar_number(head + 100, 7, 0644);
    pycom_tar_number(head + 108, 7, 0);
    pycom_tar_number(head + 116, 7, 0);
    pycom_tar_number(head + 124, 11, member->type == '0' ? member->size : 0);
    pycom_tar_number(head + 136, 11, 0);
    head[156] = (uint8_t)member->type;
    esp_text(head + 157, 100, member->type == '2' ? "bootloader.bin" : NULL);
    esp_text(head + 257, 6, "ustar");
    head[263] = head[264] = '0';
    memset(head + 148, ' ', 8);
    for (size_t i = 0; i < 512; i++) {
        sum += head[i];
    }
    pycom_tar_number(head + 148, 6, sum);
    head[154] = 0;
}

static inline void pycom_make_tar(esp_writer *out, const pycom_pack *pack)
{
    static const uint8_t blocks[1024];
    for (size_t i = 0; i < pack->count; i++) {
        const pycom_member *member = &pack->members[i];
        uint8_t head[512];
        pycom_tar_header(head, member);
        esp_put(out, head, sizeof head);
        if (member->type == '0') {
            esp_put(out, member->bytes, member->size);
            esp_put(out, blocks, (512 - member->size % 512) % 512);
        }
    }
    esp_put(out, blocks, sizeof blocks);
}

static inline void pycom_make_gzip(esp_writer *out, const esp_writer *tar)
{
    enum { STORED_MAX = 65535 };
    static const uint8_t head[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255};
    esp_put(out, head, sizeof head);
    for (size_t at = 0; at < tar->size;) {
        size_t part = tar->size - at < STORED_MAX ? tar->size - at : STORED_MAX;
        esp_put_number(out, at + part == tar->size, 1);
        esp_put_number(out, (uint32_t)part, 2);
        esp_put_number(out, ~(uint32_t)part & 0xFFFF, 2);
        esp_put(out, tar->bytes + at, part);
        at += part;
    }
    esp_put_number(out, ~fettle_crc32(~0u, (fettle_span){tar->bytes, tar->size}), 4);
    esp_put_number(out, (uint32_t)tar->size, 4);
}

static inline esp_writer pycom_close(pycom_pack *pack, bool is_bare)
{
    size_t room = 4096;
    for (size_t i = 0; i < pack->count; i++) {
        room += 1024 + pack->members[i].size;
    }
    esp_writer tar = {.bytes = pycom_alloc(room), .room = room};
    pycom_make_tar(&tar, pack);
    for (size_t i = 0; i < pack->count; i++) {
        free(pack->members[i].bytes);
    }
    pack->count = 0;
    if (is_bare) {
        return tar;
    }
    size_t more = tar.size + tar.size / 1000 + 4096;
    esp_writer out = {.bytes = pycom_alloc(more), .room = more};
    pycom_make_gzip(&out, &tar);
    free(tar.bytes);
    return out;
}

/* ---- damages ---- */

/* Of the archive as it is, after it was closed. */
static inline void pycom_gzip_cut(esp_writer *out)
{
    out->size /= 2;
}

static inline void pycom_gzip_bit(esp_writer *out)
{
    out->bytes[out->size / 2] ^= 0x10;
}

static inline void pycom_gzip_tail(esp_writer *out)
{
    for (unsigned i = 0; i < 16; i++) {
        esp_put_number(out, 0x55, 1);
    }
}

static inline void pycom_gzip_head(esp_writer *out)
{
    out->size = 15;
}

static inline void pycom_tar_end(esp_writer *out)
{
    out->size -= 1024;
}

static inline void pycom_tar_sum(esp_writer *out)
{
    out->bytes[148] ^= 1; /* the checksum of the first header */
}

/* Of a member, before. */
static inline void pycom_change_name(pycom_pack *pack, const char *name)
{
    snprintf(pack->members[0].name, sizeof pack->members[0].name, "%s", name);
}

static inline void pycom_leads_out(pycom_pack *pack)
{
    pycom_change_name(pack, "../bootloader.bin");
}

static inline void pycom_absolute(pycom_pack *pack)
{
    pycom_change_name(pack, "/etc/bootloader.bin");
}

static inline void pycom_backslash(pycom_pack *pack)
{
    pycom_change_name(pack, "..\\bootloader.bin");
}

static inline void pycom_link(pycom_pack *pack)
{
    pack->members[0].type = '2';
}

static inline void pycom_device(pycom_pack *pack)
{
    pack->members[0].type = '3';
}

static inline void pycom_twice(pycom_pack *pack)
{
    pycom_add(pack, "./bootloader.bin", "x", 1);
}

static inline void pycom_two_folders(pycom_pack *pack)
{
    pycom_add(pack, "other/bootloader.bin", "x", 1);
}

static inline void pycom_many(pycom_pack *pack)
{
    for (unsigned i = 0; i < 65; i++) {
        char name[16];
        snprintf(name, sizeof name, "file%u", i);
        pycom_add(pack, name, "x", 1);
    }
}

static inline void pycom_only_folder(pycom_pack *pack)
{
    while (pack->count > 0) {
        pycom_drop(pack, pack->members[0].name);
    }
    pycom_add(pack, "empty/", "", 0)->type = '5';
}

static inline void pycom_no_script(pycom_pack *pack)
{
    pycom_drop(pack, "script_8MB");
}

static inline void pycom_not_json(pycom_pack *pack)
{
    pycom_put_text(pack, "script_8MB", "w bootloader bootloader.bin\n");
}

static inline void pycom_cut_json(pycom_pack *pack)
{
    pycom_find(pack, "script_8MB")->size -= 10;
}

static inline void pycom_same_key(pycom_pack *pack)
{
    pycom_put_text(pack, "script_8MB", "{\"script\": [], \"script\": []}");
}

/* A script whose steps are other ones. */
static inline void pycom_steps(pycom_pack *pack, const char *steps)
{
    char text[1024];
    pycom_script_text(text, sizeof text, &pycom_new_8mb, steps);
    pycom_put_text(pack, "script_8MB", text);
}

#define PYCOM_USUAL                                \
    "[\"w\", \"bootloader\", \"bootloader.bin\"]," \
    "[\"w\", \"partitions\", \"partitions_8MB.bin\"],"

static inline void pycom_no_steps(pycom_pack *pack)
{
    pycom_steps(pack, "");
}

static inline void pycom_writes_nothing(pycom_pack *pack)
{
    pycom_steps(pack, "[\"e\", \"0x1000\", \"0x40000\"]");
}

static inline void pycom_odd_step(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"x\", \"factory\", \"lopy4.bin\"]");
}

static inline void pycom_short_step(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"factory\"]");
}

static inline void pycom_missing(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"factory\", \"fipy.bin\"]");
}

static inline void pycom_unknown_place(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"spare\", \"lopy4.bin\"]");
}

static inline void pycom_unknown_erase(pycom_pack *pack)
{
    pycom_steps(pack,
                "[\"e\", \"spare\"]," PYCOM_USUAL "[\"w\", \"factory\", \"lopy4.bin\"]");
}

static inline void pycom_unaligned(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"0x10010\", \"lopy4.bin\"]");
}

static inline void pycom_beyond(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"0x7FF000\", \"lopy4.bin\"]");
}

static inline void pycom_overlap(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"factory\", \"lopy4.bin\"],"
                                  "[\"w\", \"0x11000\", \"bootloader.bin\"]");
}

static inline void pycom_over_config(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"o\", \"0x3FE000\", \"lopy4.bin\"]");
}

static inline void pycom_into_config(pycom_pack *pack)
{
    pycom_add(pack, "config.bin", "config", 6);
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"config\", \"config.bin\"]");
}

static inline void pycom_to_nowhere(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"0x400000\", \"lopy4.bin\"]");
}

static inline void pycom_mid_slot(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"0x20000\", \"lopy4.bin\"]");
}

static inline void pycom_two_tables(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"0x400000\", \"partitions_8MB.bin\"]");
}

static inline void pycom_table_elsewhere(pycom_pack *pack)
{
    pycom_steps(pack, "[\"w\", \"bootloader\", \"bootloader.bin\"],"
                      "[\"w\", \"0x400000\", \"partitions_8MB.bin\"]");
}

static inline void pycom_swapped(pycom_pack *pack)
{
    pycom_steps(pack, "[\"w\", \"bootloader\", \"factory_fw.bin\"],"
                      "[\"w\", \"partitions\", \"partitions_8MB.bin\"]");
    pycom_add_image(pack, "factory_fw.bin", ESP_MAKE_OLD_APP, NULL, 8 * 1024, 0x2F, 1);
}

static inline void pycom_loader_in_slot(pycom_pack *pack)
{
    pycom_steps(pack, PYCOM_USUAL "[\"w\", \"factory\", \"bootloader2.bin\"]");
    pycom_add_image(pack, "bootloader2.bin", ESP_MAKE_OLD_LOADER, NULL, 8 * 1024, 0x2F, 1);
}

static inline void pycom_bad_pair(pycom_pack *pack)
{
    pycom_put_text(pack, "script_8MB",
                   "{\"version\": \"2.1\", \"partitions\": {\"factory\": [\"0x10000\"]}, "
                   "\"script\": [[\"w\", \"factory\", \"lopy4.bin\"]]}");
}

static inline void pycom_contradiction(pycom_pack *pack)
{
    char text[1024];
    pycom_flash other = pycom_new_8mb;
    other.ota = 0x200000;
    pycom_script_text(text, sizeof text, &other,
                      PYCOM_USUAL "[\"w\", \"factory\", \"lopy4.bin\"]");
    pycom_put_text(pack, "script_8MB", text);
}

static inline void pycom_other_table(pycom_pack *pack)
{
    uint8_t table[0xC00];
    char text[1024];
    pycom_script_text(text, sizeof text, &pycom_new_4mb,
                      PYCOM_USUAL "[\"w\", \"factory\", \"lopy4.bin\"]");
    pycom_put_text(pack, "script_8MB", text);
    pycom_put(pack, "partitions_8MB.bin", table, pycom_make_table(table, &pycom_new_4mb));
}

static inline void pycom_table_md5(pycom_pack *pack)
{
    pycom_find(pack, "partitions_8MB.bin")->bytes[8] ^= 1;
}

static inline void pycom_not_table(pycom_pack *pack)
{
    uint8_t noise[0xC00];
    esp_fill(noise, sizeof noise, 3);
    pycom_put(pack, "partitions_8MB.bin", noise, sizeof noise);
}

static inline void pycom_put_rows(pycom_pack *pack, uint32_t ota, uint32_t ota_size,
                                  uint32_t files)
{
    uint8_t table[0xC00];
    esp_writer writer = {.bytes = table, .room = sizeof table};
    esp_put_row(&writer, 1, 2, 0x9000, 0x7000, "nvs", 0);
    esp_put_row(&writer, 0, 0, 0x10000, 0x1EF000, "factory", 0);
    esp_put_row(&writer, 1, 0, 0x1FF000, 0x2000, "otadata", 0);
    esp_put_row(&writer, 0, 0x10, ota, ota_size, "slot", 0);
    esp_put_row(&writer, 1, 5, files, 0x1000, "fs", 0);
    esp_put_table_end(&writer, 0, true);
    pycom_put(pack, "partitions_8MB.bin", table, writer.size);
}

static inline void pycom_rows_overlap(pycom_pack *pack)
{
    pycom_put_rows(pack, 0x1F0000, 0x100000, 0x400000);
}

static inline void pycom_covers_config(pycom_pack *pack)
{
    pycom_put_rows(pack, 0x210000, 0x1F0000, 0x400000);
}

static inline void pycom_table_beyond(pycom_pack *pack)
{
    pycom_put_rows(pack, 0x210000, 0x1EF000, 0x800000);
}

static inline void pycom_empty(pycom_pack *pack)
{
    pycom_put(pack, pack->app, "", 0);
}

static inline void pycom_loader_bit(pycom_pack *pack)
{
    pycom_find(pack, "bootloader.bin")->bytes[1000] ^= 4;
}

static inline void pycom_app_bit(pycom_pack *pack)
{
    pycom_find(pack, pack->app)->bytes[20000] ^= 4;
}

static inline void pycom_app_cut(pycom_pack *pack)
{
    pycom_find(pack, pack->app)->size -= 5000;
}

static inline void pycom_loader_cut(pycom_pack *pack)
{
    pycom_find(pack, "bootloader.bin")->size = 700;
}

static inline void pycom_not_image(pycom_pack *pack)
{
    pycom_find(pack, pack->app)->bytes[0] = 0x7F;
}

static inline void pycom_app_of_s3(pycom_pack *pack)
{
    uint8_t *bytes = pycom_make_image(ESP_MAKE_APP, NULL, 16 * 1024, 9, 0x2F, 1);
    pycom_put(pack, pack->app, bytes, 16 * 1024);
    free(bytes);
}

/* A sector more than its partition has. */
static inline void pycom_too_large(pycom_pack *pack)
{
    uint8_t *bytes = pycom_make_image(ESP_MAKE_OLD_APP, NULL, 0x1F0000, 0, 0x2F, 1);
    pycom_put(pack, pack->app, bytes, 0x1F0000);
    free(bytes);
}

static inline void pycom_loader_large(pycom_pack *pack)
{
    uint8_t *bytes = pycom_make_image(ESP_MAKE_OLD_LOADER, NULL, 0x8000, 0, 0x2F, 1);
    pycom_put(pack, "bootloader.bin", bytes, 0x8000);
    free(bytes);
}

static const struct pycom_damage {
    const char *name;
    void (*inside)(pycom_pack *pack);
    void (*outside)(esp_writer *out);
    bool is_bare;
} pycom_damages[] = {
    {"gzip-cut", NULL, pycom_gzip_cut, false},
    {"gzip-bit", NULL, pycom_gzip_bit, false},
    {"gzip-tail", NULL, pycom_gzip_tail, false},
    {"gzip-head", NULL, pycom_gzip_head, false},
    {"tar-end", NULL, pycom_tar_end, true},
    {"tar-sum", NULL, pycom_tar_sum, true},
    {"leads-out", pycom_leads_out, NULL, false},
    {"absolute", pycom_absolute, NULL, false},
    {"backslash", pycom_backslash, NULL, false},
    {"link", pycom_link, NULL, false},
    {"device", pycom_device, NULL, false},
    {"twice", pycom_twice, NULL, false},
    {"two-folders", pycom_two_folders, NULL, false},
    {"many", pycom_many, NULL, false},
    {"only-folder", pycom_only_folder, NULL, false},
    {"no-script", pycom_no_script, NULL, false},
    {"not-json", pycom_not_json, NULL, false},
    {"cut-json", pycom_cut_json, NULL, false},
    {"same-key", pycom_same_key, NULL, false},
    {"no-steps", pycom_no_steps, NULL, false},
    {"writes-nothing", pycom_writes_nothing, NULL, false},
    {"odd-step", pycom_odd_step, NULL, false},
    {"short-step", pycom_short_step, NULL, false},
    {"missing", pycom_missing, NULL, false},
    {"unknown-place", pycom_unknown_place, NULL, false},
    {"unknown-erase", pycom_unknown_erase, NULL, false},
    {"unaligned", pycom_unaligned, NULL, false},
    {"beyond", pycom_beyond, NULL, false},
    {"overlap", pycom_overlap, NULL, false},
    {"over-config", pycom_over_config, NULL, false},
    {"into-config", pycom_into_config, NULL, false},
    {"to-nowhere", pycom_to_nowhere, NULL, false},
    {"mid-slot", pycom_mid_slot, NULL, false},
    {"two-tables", pycom_two_tables, NULL, false},
    {"table-elsewhere", pycom_table_elsewhere, NULL, false},
    {"swapped", pycom_swapped, NULL, false},
    {"loader-in-slot", pycom_loader_in_slot, NULL, false},
    {"bad-pair", pycom_bad_pair, NULL, false},
    {"contradiction", pycom_contradiction, NULL, false},
    {"other-table", pycom_other_table, NULL, false},
    {"table-md5", pycom_table_md5, NULL, false},
    {"not-table", pycom_not_table, NULL, false},
    {"rows-overlap", pycom_rows_overlap, NULL, false},
    {"covers-config", pycom_covers_config, NULL, false},
    {"table-beyond", pycom_table_beyond, NULL, false},
    {"empty", pycom_empty, NULL, false},
    {"loader-bit", pycom_loader_bit, NULL, false},
    {"app-bit", pycom_app_bit, NULL, false},
    {"app-cut", pycom_app_cut, NULL, false},
    {"loader-cut", pycom_loader_cut, NULL, false},
    {"not-image", pycom_not_image, NULL, false},
    {"app-of-s3", pycom_app_of_s3, NULL, false},
    {"too-large", pycom_too_large, NULL, false},
    {"loader-large", pycom_loader_large, NULL, false},
};

enum { PYCOM_DAMAGES = sizeof pycom_damages / sizeof *pycom_damages };

static inline const struct pycom_damage *pycom_find_damage(const char *name)
{
    for (size_t i = 0; i < PYCOM_DAMAGES; i++) {
        if (strcmp(pycom_damages[i].name, name) == 0) {
            return &pycom_damages[i];
        }
    }
    return NULL;
}

/* The whole file; its bytes are the caller's to free. Damages are for a LoPy4 with PYCOM_8MB. */
static inline esp_writer pycom_make(const pycom_wish *wish)
{
    pycom_pack pack = {.count = 0};
    const struct pycom_damage *damage =
        wish->damage != NULL ? pycom_find_damage(wish->damage) : NULL;
    pycom_fill(&pack, wish);
    if (damage != NULL && damage->inside != NULL) {
        damage->inside(&pack);
    }
    esp_writer out =
        pycom_close(&pack, wish->is_bare || (damage != NULL && damage->is_bare));
    if (damage != NULL && damage->outside != NULL) {
        damage->outside(&out);
    }
    return out;
}

#endif
