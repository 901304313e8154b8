/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes firmware files for rehearsals and tests, with the virtual boards' own hands:
 *
 *   fettle-make-sample BOARD FILE [SEED]     a .dfu file for a shield; BOARD as in `--board sim:BOARD`
 *   fettle-make-sample raw SIZE FILE [SEED]  SIZE bytes without a suffix
 *   fettle-make-sample stm32 FILE [SEED]     Intel HEX for the beginning of an STM32's flash
 *
 * The same seed gives the same file. The content is one that the board would start, and no firmware.
 */
#include "sim/sim.h"

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

static int usage(void)
{
    fprintf(stderr, "usage: fettle-make-sample BOARD FILE [SEED]\n"
                    "       fettle-make-sample raw SIZE FILE [SEED]\n"
                    "       fettle-make-sample stm32 FILE [SEED]\nboards:");
    for (size_t i = 0; i < sizeof shields / sizeof *shields; i++) {
        fprintf(stderr, " %s", shields[i].name);
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

int main(int argc, char **argv)
{
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
