/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes firmware files for rehearsals and tests, with the virtual boards' own hands:
 *
 *   fettle-make-sample BOARD FILE [SEED]     a .dfu file for a shield; BOARD as in `--board sim:BOARD`
 *   fettle-make-sample raw SIZE FILE [SEED]  SIZE bytes without a suffix
 *   fettle-make-sample stm32 FILE [SEED]     Intel HEX for the beginning of an STM32's flash
 *   fettle-make-sample esp-app CHIP FILE SIZE [SEED [REVISION]]   an application of SIZE bytes in all, a multiple of
 *                                            16; REVISION: the least that it runs on, major * 100 + minor
 *   fettle-make-sample esp-bootloader CHIP FILE [SEED]
 *   fettle-make-sample esp-table FILE        a partition table for 4 MiB, with slots of 1 MiB
 *   fettle-make-sample pycom-package FILE [module=LoPy4] [version=1.20.2.r6] [layout=8MB,4MB,...] [size=BYTES] [seed=N]
 *                                            [damage=NAME]   a package for a Pycom module; layouts: script script2 4MB
 *                                            8MB small normal old enc-4MB enc-8MB; damages are for a LoPy4 with 8MB
 *   fettle-make-sample esp-stub CHIP FILE    what a virtual board with own-stub=yes takes for a published stub
 *
 * The same seed gives the same file. The content is one that the board would start, and no firmware.
 */
#include "sim/sim.h"
#include "tests/tools/esp_make.h"
#include "tests/tools/pycom_make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAYLOAD_SIZE = 16384,
    SUFFIX_SIZE = 16,
    RAW_SIZE_MAX = 64 * 1024 * 1024,
    BCD_DFU_1_0 = 0x0100,
    STM32_FLASH = 0x08000000,
    STM32_SIZE = 3000,
    STM32_STACK = 0x20001000,          /* in the RAM of each of them */
    STM32_RESET = STM32_FLASH + 0x101, /* odd: Thumb */
    HEX_BYTES = 16,                    /* of data in a record */
};

/* Kinds of records, "Hexadecimal Object File Format Specification", 1988. */
enum { HEX_DATA = 0, HEX_END = 1, HEX_LINEAR_BASE = 4, HEX_LINEAR_START = 5 };

/* The ids that each board has in update mode. */
static const struct shield {
    const char *name;
    uint16_t idVendor, idProduct;
} shields[] = {
    {"pytrack", 0x04D8, 0xF014},     {"pysense", 0x04D8, 0xF011},
    {"pyscan", 0x04D8, 0xEF37},      {"pygate", 0x04D8, 0xED15},
    {"expansion30", 0x04D8, 0xEF99}, {"expansion31", 0x04D8, 0xEF99},
};

static bool write_file(const char *path, fettle_span content, fettle_span suffix)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return false;
    }
    bool is_written =
        fwrite(content.data, 1, content.size, file) == content.size &&
        (suffix.size == 0 || fwrite(suffix.data, 1, suffix.size, file) == suffix.size);
    return fclose(file) == 0 && is_written;
}

static bool make_shield_file(const struct shield *shield, const char *path, uint32_t seed)
{
    uint8_t payload[PAYLOAD_SIZE], suffix[SUFFIX_SIZE];
    fettle_sim_make_shield_payload(payload, seed);
    size_t size = fettle_sim_make_suffix(suffix, payload, sizeof payload, shield->idVendor,
                                         shield->idProduct, 0xFFFF, BCD_DFU_1_0);
    return write_file(path, (fettle_span){payload, sizeof payload},
                      (fettle_span){suffix, size});
}

/* Any bytes will do; these look like nothing in particular (Numerical Recipes' generator). */
static void fill(uint8_t *content, size_t size, uint32_t seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        content[i] = (uint8_t)(seed >> 24);
    }
}

static bool make_raw_file(size_t size, const char *path, uint32_t seed)
{
    uint8_t *content = malloc(size);
    if (content == NULL) {
        return false;
    }
    fill(content, size, seed);
    bool is_written = write_file(path, (fettle_span){content, size}, (fettle_span){0});
    free(content);
    return is_written;
}

static void put_record(FILE *file, int type, unsigned offset, const uint8_t *data,
                       size_t size)
{
    unsigned sum = (unsigned)size + (offset >> 8) + offset + (unsigned)type;
    fprintf(file, ":%02X%04X%02X", (unsigned)size, offset, (unsigned)type);
    for (size_t i = 0; i < size; i++) {
        fprintf(file, "%02X", data[i]);
        sum += data[i];
    }
    fprintf(file, "%02X\n", (0u - sum) & 0xFFu);
}

static void put32(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

/* What a Cortex-M takes for firmware: a stack pointer into RAM, and a reset vector into the flash. */
static bool make_stm32_file(const char *path, uint32_t seed)
{
    static const uint8_t base[] = {STM32_FLASH >> 24, STM32_FLASH >> 16 & 0xFF};
    static const uint8_t start[] = {STM32_RESET >> 24, STM32_RESET >> 16 & 0xFF,
                                    STM32_RESET >> 8 & 0xFF, STM32_RESET & 0xFF};
    uint8_t content[STM32_SIZE];
    fill(content, sizeof content, seed);
    put32(content, STM32_STACK);
    put32(content + 4, STM32_RESET);

    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    put_record(file, HEX_LINEAR_BASE, 0, base, sizeof base);
    for (size_t at = 0; at < sizeof content; at += HEX_BYTES) {
        size_t left = sizeof content - at;
        put_record(file, HEX_DATA, (unsigned)at, content + at,
                   left < HEX_BYTES ? left : HEX_BYTES);
    }
    put_record(file, HEX_LINEAR_START, 0, start, sizeof start);
    put_record(file, HEX_END, 0, NULL, 0);
    bool is_written = ferror(file) == 0;
    return fclose(file) == 0 && is_written;
}

/* ---- ESP chips ---- */

enum {
    ESP_SIZE_LEAST = 1024,
    ESP_SIZE_MOST = 16 * 1024 * 1024,
    ESP_ALIGNMENT = 16, /* of an image with its checksum */
    ESP_LOADER_SIZE = 16 * 1024,
    ESP_TABLE_SIZE = 0xC00,
    /* What stands around the code: headers, the first segment, the checksum; and the hash. */
    ESP8266_AROUND = 8 + 8 + 512 + 8 + 1,
    ESP_AROUND = 24 + 8 + 512 + 8 + 1 + 32,
    ESP_DIO = 2,
    ESP_ANY_REVISION = 0xFFFF,
};

/* Chip ids as ESP-IDF's esp_chip_id_t has them; the nibble says 4 MiB of flash, at 40 MHz. */
static const struct esp_chip {
    const char *name;
    uint16_t chip_id;
    bool is_esp8266;
    uint8_t size_nibble;
} esp_chips[] = {
    {"esp8266", 0, true, 4},   {"esp32", 0, false, 2},    {"esp32s2", 2, false, 2},
    {"esp32s3", 9, false, 2},  {"esp32c2", 12, false, 2}, {"esp32c3", 5, false, 2},
    {"esp32c6", 13, false, 2}, {"esp32h2", 16, false, 2},
};

static const struct esp_chip *find_esp_chip(const char *name)
{
    for (size_t i = 0; i < sizeof esp_chips / sizeof *esp_chips; i++) {
        if (strcmp(esp_chips[i].name, name) == 0) {
            return &esp_chips[i];
        }
    }
    return NULL;
}

static bool write_esp_file(const esp_writer *image, const char *path)
{
    return write_file(path, (fettle_span){image->bytes, image->size}, (fettle_span){0});
}

/* The version of an application has its seed, so that one can be told from the other. */
static bool make_esp_image(const struct esp_chip *chip, const char *path,
                           esp_make_kind kind, size_t size, uint32_t seed,
                           unsigned revision)
{
    char version[32];
    snprintf(version, sizeof version, "2.0.%lu", (unsigned long)seed);
    esp_make wish = {
        .is_esp8266 = chip->is_esp8266,
        .kind = kind,
        .chip_id = chip->chip_id,
        .min_full = (uint16_t)revision,
        .max_full = ESP_ANY_REVISION,
        .mode = ESP_DIO,
        .size_frequency = (uint8_t)(chip->size_nibble << 4),
        .has_hash = true,
        .version = version,
        .project = "sample",
        .idf = "v5.3.1",
        .code = size - (size_t)(chip->is_esp8266 ? ESP8266_AROUND : ESP_AROUND),
        .seed = (uint8_t)seed,
    };
    esp_writer image = {.bytes = malloc(size), .room = size};
    if (image.bytes == NULL) {
        return false;
    }
    esp_put_image(&image, &wish);
    bool is_written = image.size == size && write_esp_file(&image, path);
    free(image.bytes);
    return is_written;
}

static bool make_esp_table(const char *path)
{
    uint8_t bytes[ESP_TABLE_SIZE];
    esp_writer table = {.bytes = bytes, .room = sizeof bytes};
    esp_put_usual_table(&table);
    return write_esp_file(&table, path);
}

/* ---- packages ---- */

static const struct layout_name {
    const char *name;
    unsigned layout;
} layout_names[] = {
    {"script", PYCOM_SCRIPT}, {"script2", PYCOM_SCRIPT2}, {"4MB", PYCOM_4MB},
    {"8MB", PYCOM_8MB},       {"small", PYCOM_SMALL},     {"normal", PYCOM_NORMAL},
    {"old", PYCOM_OLD},       {"enc-4MB", PYCOM_ENC_4MB}, {"enc-8MB", PYCOM_ENC_8MB},
};

/* Names with commas between. False: one of them is none. */
static bool read_layouts(const char *text, unsigned *layouts)
{
    *layouts = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        unsigned found = 0;
        for (size_t i = 0; i < sizeof layout_names / sizeof *layout_names; i++) {
            const struct layout_name *each = &layout_names[i];
            if (strlen(each->name) == length && memcmp(each->name, text, length) == 0) {
                found = each->layout;
            }
        }
        if (found == 0) {
            return false;
        }
        *layouts |= found;
        text += length + (text[length] == ',');
    }
    return *layouts != 0;
}

static const char *value_of(const char *word, const char *key)
{
    size_t length = strlen(key);
    return strncmp(word, key, length) == 0 && word[length] == '=' ? word + length + 1
                                                                  : NULL;
}

static bool read_package_word(const char *word, pycom_wish *wish)
{
    const char *value;
    if ((value = value_of(word, "module")) != NULL) {
        wish->module = value;
        return strlen(value) > 0 && strlen(value) < 12;
    }
    if ((value = value_of(word, "version")) != NULL) {
        wish->version = value;
        return strlen(value) < 32;
    }
    if ((value = value_of(word, "layout")) != NULL) {
        return read_layouts(value, &wish->layouts);
    }
    if ((value = value_of(word, "size")) != NULL) {
        wish->app_size = strtoul(value, NULL, 0);
        return wish->app_size >= ESP_SIZE_LEAST && wish->app_size <= ESP_SIZE_MOST / 2 &&
               wish->app_size % ESP_ALIGNMENT == 0;
    }
    if ((value = value_of(word, "seed")) != NULL) {
        wish->seed = (uint8_t)strtoul(value, NULL, 0);
        return true;
    }
    value = value_of(word, "damage");
    wish->damage = value;
    return value != NULL && pycom_find_damage(value) != NULL;
}

static bool make_package(const pycom_wish *wish, const char *path)
{
    esp_writer file = pycom_make(wish);
    bool is_written = write_esp_file(&file, path);
    free(file.bytes);
    return is_written;
}

/* As Espressif publishes its stubs: JSON, with the program in base64. */
static void put_base64(FILE *file, const char *name, const uint8_t *data, size_t size)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    fprintf(file, "\"%s\":\"", name);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)data[i] << 16;
        three |= i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0;
        three |= i + 2 < size ? data[i + 2] : 0;
        for (unsigned digit = 0; digit < 4; digit++) {
            bool is_filler = i + digit > size;
            fputc(is_filler ? '=' : digits[three >> (18 - 6 * digit) & 0x3F], file);
        }
    }
    fputc('"', file);
}

static bool make_esp_stub(const char *chip, const char *path)
{
    fettle_sim_stub stub;
    char message[128];
    fettle_sim *sim = fettle_sim_new(NULL, NULL);
    bool is_made = sim != NULL && fettle_sim_add(sim, chip, message, sizeof message) &&
                   fettle_sim_make_stub(sim, 0, &stub);
    fettle_sim_free(sim);
    FILE *file = is_made ? fopen(path, "w") : NULL;
    if (file == NULL) {
        return false;
    }
    fprintf(file, "{\"entry\":%lu,\"text_start\":%lu,\"data_start\":%lu,\"bss_start\":%lu,",
            (unsigned long)stub.entry, (unsigned long)stub.text_address,
            (unsigned long)stub.data_address, (unsigned long)stub.bss_address);
    put_base64(file, "text", stub.text, sizeof stub.text);
    fputc(',', file);
    put_base64(file, "data", stub.data, sizeof stub.data);
    fputs("}\n", file);
    bool is_written = ferror(file) == 0;
    return fclose(file) == 0 && is_written;
}

static int usage(void)
{
    fprintf(stderr, "usage: fettle-make-sample BOARD FILE [SEED]\n"
                    "       fettle-make-sample raw SIZE FILE [SEED]\n"
                    "       fettle-make-sample stm32 FILE [SEED]\n"
                    "       fettle-make-sample esp-app CHIP FILE SIZE [SEED [REVISION]]\n"
                    "       fettle-make-sample esp-bootloader CHIP FILE [SEED]\n"
                    "       fettle-make-sample esp-table FILE\n"
                    "       fettle-make-sample esp-stub CHIP FILE\n"
                    "       fettle-make-sample pycom-package FILE [module=LoPy4]\n"
                    "           [version=1.20.2.r6] [layout=8MB,4MB,...] [size=BYTES]\n"
                    "           [seed=N] [damage=NAME]\nboards:");
    for (size_t i = 0; i < sizeof shields / sizeof *shields; i++) {
        fprintf(stderr, " %s", shields[i].name);
    }
    fprintf(stderr, "\nchips:");
    for (size_t i = 0; i < sizeof esp_chips / sizeof *esp_chips; i++) {
        fprintf(stderr, " %s", esp_chips[i].name);
    }
    fprintf(stderr, "\nlayouts:");
    for (size_t i = 0; i < sizeof layout_names / sizeof *layout_names; i++) {
        fprintf(stderr, " %s", layout_names[i].name);
    }
    fprintf(stderr, "\ndamages:");
    for (size_t i = 0; i < PYCOM_DAMAGES; i++) {
        fprintf(stderr, " %s", pycom_damages[i].name);
    }
    fprintf(stderr, "\n");
    return 2;
}

static int finish(bool is_written, const char *path)
{
    if (!is_written) {
        fprintf(stderr, "fettle-make-sample: cannot write %s\n", path);
        return 1;
    }
    printf("made %s\n", path);
    return 0;
}

static uint32_t number(int argc, char **argv, int i, uint32_t otherwise)
{
    return argc > i ? (uint32_t)strtoul(argv[i], NULL, 0) : otherwise;
}

/* The verbs esp-*. */
static int make_for_esp(int argc, char **argv)
{
    const char *verb = argv[1];
    const struct esp_chip *chip = find_esp_chip(argv[2]);
    uint32_t size = number(argc, argv, 4, 0);
    if (strcmp(verb, "esp-table") == 0) {
        return finish(make_esp_table(argv[2]), argv[2]);
    }
    if (argc < 4 || chip == NULL) {
        return usage();
    }
    if (strcmp(verb, "esp-stub") == 0) {
        return finish(make_esp_stub(chip->name, argv[3]), argv[3]);
    }
    if (strcmp(verb, "esp-bootloader") == 0) {
        return finish(make_esp_image(chip, argv[3], ESP_MAKE_LOADER, ESP_LOADER_SIZE,
                                     number(argc, argv, 4, 1), 0),
                      argv[3]);
    }
    if (strcmp(verb, "esp-app") != 0 || size < ESP_SIZE_LEAST || size > ESP_SIZE_MOST ||
        size % ESP_ALIGNMENT != 0) {
        return usage();
    }
    return finish(make_esp_image(chip, argv[3], ESP_MAKE_APP, size,
                                 number(argc, argv, 5, 1), number(argc, argv, 6, 0)),
                  argv[3]);
}

static int make_pycom(int argc, char **argv)
{
    pycom_wish wish = {
        .module = "LoPy4", .version = "1.20.2.r6", .layouts = PYCOM_8MB, .seed = 1};
    for (int i = 3; i < argc; i++) {
        if (!read_package_word(argv[i], &wish)) {
            return usage();
        }
    }
    return finish(make_package(&wish, argv[2]), argv[2]);
}

int main(int argc, char **argv)
{
    if (argc >= 3 && strcmp(argv[1], "pycom-package") == 0) {
        return make_pycom(argc, argv);
    }
    if (argc >= 3 && strncmp(argv[1], "esp-", 4) == 0) {
        return make_for_esp(argc, argv);
    }
    if (argc >= 4 && strcmp(argv[1], "raw") == 0) {
        unsigned long size = strtoul(argv[2], NULL, 0);
        uint32_t seed = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 0) : 1;
        if (size == 0 || size > RAW_SIZE_MAX) {
            return usage();
        }
        return finish(make_raw_file(size, argv[3], seed), argv[3]);
    }
    if (argc >= 3 && strcmp(argv[1], "stm32") == 0) {
        uint32_t seed = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 0) : 1;
        return finish(make_stm32_file(argv[2], seed), argv[2]);
    }
    for (size_t i = 0; argc >= 3 && i < sizeof shields / sizeof *shields; i++) {
        if (strcmp(argv[1], shields[i].name) == 0) {
            uint32_t seed = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 0) : 1;
            return finish(make_shield_file(&shields[i], argv[2], seed), argv[2]);
        }
    }
    return usage();
}
