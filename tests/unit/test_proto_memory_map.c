/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory strings: those of real boards, all of them, against sums that were done by hand; the odd ones;
 * and those that must be refused. Then pages, where they begin and which one holds an address.
 *
 * The data folder is the first argument, or FETTLE_TEST_DATA, or tests/data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/memory_map.h"

#define KIB *UINT64_C(1024)
#define MIB *UINT64_C(1048576)

/* What a zone is expected to be. The rights are letters: r readable, e erasable, w writable. */
typedef struct expected_zone {
    uint32_t address, page_size, page_count;
    const char *rights;
} expected_zone;

static fettle_memory_map read_map(const char *text)
{
    fettle_memory_map map;
    fettle_error error = {0};
    if (!fettle_memory_map_parse(&map, text, &error)) {
        fail_msg("%s: %s", text, error.message);
    }
    assert_int_equal(FETTLE_E_NONE, error.code);
    return map;
}

static void check_rights(const char *rights, const fettle_zone *zone)
{
    assert_int_equal(strchr(rights, 'r') != NULL, zone->can_read);
    assert_int_equal(strchr(rights, 'e') != NULL, zone->can_erase);
    assert_int_equal(strchr(rights, 'w') != NULL, zone->can_write);
}

static void check_zones(const char *text, const expected_zone *expected, size_t count)
{
    fettle_memory_map map = read_map(text);
    assert_int_equal(count, map.zone_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(expected[i].address, map.zones[i].address);
        assert_int_equal(expected[i].page_size, map.zones[i].page_size);
        assert_int_equal(expected[i].page_count, map.zones[i].page_count);
        check_rights(expected[i].rights, &map.zones[i]);
    }
}

#define CHECK_ZONES(text, ...)                                  \
    do {                                                        \
        const expected_zone zones[] = {__VA_ARGS__};            \
        check_zones(text, zones, sizeof zones / sizeof *zones); \
    } while (false)

/* ---- the collection ---- */

/* In the order of memory-strings.txt. */
static const struct {
    const char *name;
    uint32_t address;
    uint64_t size, pages;
    size_t zones;
} collection[] = {
    {"Internal Flash", 0x08000000, 1 MIB, 12, 3}, /* 4 * 16 + 64 + 7 * 128 KiB */
    {"Option Bytes", 0x1FFFC000, 16, 1, 1},
    {"OTP Memory", 0x1FFF7800, 528, 2, 2},
    {"Device Feature", 0xFFFF0000, 4, 1, 1},
    {"Internal Flash", 0x08000000, 256 KIB, 128, 1},
    {"Option Bytes", 0x1FFFF800, 16, 1, 1},
    {"Internal Flash", 0x08000000, 128 KIB, 128, 2},
    {"SPI Flash : M25P64", 0x00000000, 8 MIB, 128, 1},
    {"Internal Flash", 0x08000000, 128 KIB, 128, 2},
    {"SPI Flash : SST25x", 0x00000000, 2 MIB, 512, 1},
    {"Internal Flash", 0x08000000, 512 KIB, 8, 3},
    {"Option Bytes", 0x1FFFC000, 16, 1, 1},
    {"OTP Memory", 0x1FFF7800, 528, 2, 2},
    {"Device Feature", 0xFFFF0000, 4, 1, 1},
    {"Internal Flash", 0x08000000, 32 KIB, 32, 1},
    {"Internal Flash", 0x08000000, 128 KIB, 64, 1},
    {"Option Bytes", 0x1FFFF800, 16, 1, 1},
    {"Internal Flash", 0x08000000, 256 KIB, 128, 1},
    {"Internal Flash", 0x08000000, 512 KIB, 8, 3}, /* 4 * 16 + 64 + 3 * 128 */
    {"Internal Flash", 0x08000000, 1 MIB, 8, 3},   /* 4 * 32 + 128 + 3 * 256 */
    {"External Flash", 0x90000000, 128 MIB, 1024, 4},
    {"Internal Flash", 0x08000000, 4032 KIB, 1008, 2},
    {"Internal Flash", 0x08000000, 2 MIB, 16, 1},
    {"Option Bytes", 0x5200201C, 128, 1, 1},
    {"Internal Flash", 0x08000000, 2 MIB, 512, 1},
    {"Internal Flash", 0x08000000, 512 KIB, 256, 1},
    {"Internal Flash", 0x08000000, 512 KIB, 256, 1},
    {"Option Bytes", 0x1FFF7800, 40, 1, 1},
    {"OTP Memory", 0x1FFF7000, 1 KIB, 1, 1},
    {"Internal Flash", 0x08000000, 128 KIB, 64, 1},
    {"Option Bytes", 0x1FFF7800, 40, 1, 1},
    {"OTP Memory", 0x1FFF7000, 512, 1, 1},
    {"OTP Memory", 0x0BFA0000, 512, 1, 1},
    {"Internal Flash", 0x08000000, 2 MIB, 256, 1},
    {"Internal Flash", 0x08000000, 64 KIB, 8, 1},
    {"Internal Flash", 0x08000000, 512 KIB, 64, 1},
    {"Internal Flash", 0x08000000, 128 KIB, 128, 2},
    {"Internal Flash", 0x08000000, 64 KIB, 64, 2},
    {"Internal Flash", 0x08000000, 1 MIB, 12, 4},
    {"Internal Flash", 0x08000000, 512 KIB, 256, 2},
    {"Internal Flash", 0x08000000, 2 MIB, 24, 7},
    {"Internal Flash  2MB", 0x08000000, 2 MIB, 16, 2},
    {"CodeFlash", 0x00000000, 2080 KIB, 71, 2}, /* 8 * 8 + 63 * 32 */
    {"DCT Flash", 0x00000000, 16 KIB, 1, 1},
    {"Flash", 0x90000000, 7936 KIB, 184, 3}, /* 64 * 4 + 2 * 60 * 64 */
    {"NOR Flash : M29W128F", 0x64000000, 16 MIB, 256, 1},
    {"SPI Flash Memory", 0x00000000, 1 MIB, 16, 1},
    {"Internal Flash", 0x0800C000, 976 KIB, 9, 3},
    {"SPI Flash", 0x00000000, 2 MIB, 32, 1},
    {"Flash", 0x08020000, 1920 KIB, 15, 1},
    {"Flash", 0x90000000, 4 MIB, 64, 1},
    {"External Flash", 0x90000000, 2 MIB, 40, 3},
    {"Flash", 0x90000000, 8128 KIB, 135, 4}, /* 32 + 32 + 2 * 63 * 64 */
    {"Internal Flash", 0x08000000, 1 MIB, 512, 1},
    {"Internal Flash", 0x08000000, 128 KIB, 128, 1},
    {"Internal Flash", 0x08000000, 1 MIB, 512, 1},
    {"Internal Flash", 0x08000000, 1 MIB, 512, 1},
    {"Internal Flash", 0x08000000, 256 KIB, 128, 1},
    {"Option Byte", 0x1FFFF800, 32, 2, 1},
    {"Flash", 0x00000000, 512 KIB, 30, 2}, /* 16 * 4 + 14 * 32 */
    {"Partition0", 0x00, 256 KIB, 1, 1},
    {"FSBL", 0x01, 1 MIB, 1, 1},
    {"Partition2", 0x02, 1 MIB, 1, 1},
    {"Partition3", 0x03, 16 MIB, 1, 1},
    {"Partition4", 0x04, 16 MIB, 1, 1},
    {"SSBL", 0x03, 16 MIB, 1, 1},
    {"DDR FIP", 0x02, 32 KIB, 1, 1},
    {"FIP", 0x03, 16 MIB, 1, 1},
    {"virtual", 0xF1, 512, 1, 1},
};

static void check_one_of_collection(size_t i, const char *text)
{
    assert_true(i < sizeof collection / sizeof *collection);
    fettle_memory_map map = read_map(text);
    bool is_right = strcmp(collection[i].name, map.name) == 0 &&
                    collection[i].address == map.zones[0].address &&
                    collection[i].size == fettle_memory_map_size(&map) &&
                    collection[i].pages == fettle_memory_map_page_count(&map) &&
                    collection[i].zones == map.zone_count;
    if (!is_right) {
        fail_msg("%s: name \"%s\", %llu bytes, %llu pages, %zu zones", text, map.name,
                 (unsigned long long)fettle_memory_map_size(&map),
                 (unsigned long long)fettle_memory_map_page_count(&map), map.zone_count);
    }
}

static void strings_of_real_boards_are_read(void **state)
{
    char path[1200], line[512];
    size_t count = 0;
    (void)snprintf(path, sizeof path, "%s/usb/memory-strings.txt", (const char *)*state);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#') {
            continue;
        }
        char *tab = strchr(line, '\t'); /* the source stands behind it */
        assert_non_null(tab);
        *tab = '\0';
        check_one_of_collection(count++, line);
    }
    (void)fclose(file);
    assert_int_equal(sizeof collection / sizeof *collection, count);
}

/* ---- what is taken ---- */

static void zones_lie_behind_each_other(void **state)
{
    (void)state;
    CHECK_ZONES("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
                {0x08000000, 0x4000, 4, "rew"}, {0x08010000, 0x10000, 1, "rew"},
                {0x08020000, 0x20000, 7, "rew"});
    CHECK_ZONES("@Internal Flash   /0x08000000/08*04Ka,1000*04Kg",
                {0x08000000, 0x1000, 8, "r"}, {0x08008000, 0x1000, 1000, "rew"});
    CHECK_ZONES("@Flash/0x90000000/08*004Kg,01*032Kg,63*064Kg/0x90410000/63*064Kg",
                {0x90000000, 0x1000, 8, "rew"}, {0x90008000, 0x8000, 1, "rew"},
                {0x90010000, 0x10000, 63, "rew"}, {0x90410000, 0x10000, 63, "rew"});
}

static void several_addresses(void **state)
{
    (void)state;
    CHECK_ZONES("@Option Bytes   /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e",
                {0x1FFF7800, 48, 1, "rw"}, {0x1FFFF800, 48, 1, "rw"});
    /* Whatever their order is. */
    CHECK_ZONES("@Two/0x300/2*1Kg/0x100/1*16 e/0x200/1*8Ba", {0x100, 16, 1, "rw"},
                {0x200, 8, 1, "r"}, {0x300, 1024, 2, "rew"});
}

static void sizes_are_written_in_many_ways(void **state)
{
    (void)state;
    CHECK_ZONES("@A/0x0/01*128 e", {0, 128, 1, "rw"});
    CHECK_ZONES("@A/0x0/01*016Be", {0, 16, 1, "rw"});
    CHECK_ZONES("@A/0x0/01*016   e", {0, 16, 1, "rw"});
    CHECK_ZONES("@A/0x0/01*528e", {0, 528, 1, "rw"});
    CHECK_ZONES("@A/0x0/528e", {0, 528, 1, "rw"});
    CHECK_ZONES("@A/0x0/528e,2*1Kg", {0, 528, 1, "rw"}, {528, 1024, 2, "rew"});
    CHECK_ZONES("@A/0x0/998*128Kg", {0, 0x20000, 998, "rew"});
    CHECK_ZONES("@A/0x0/1000*04Kg", {0, 0x1000, 1000, "rew"});
    CHECK_ZONES("@A/0x0/1001*128Kg", {0, 0x20000, 1001, "rew"});
    CHECK_ZONES("@A/0x0/000000000000000000001*0000000000000000000000001Me",
                {0, 0x100000, 1, "rw"});
    CHECK_ZONES("@A/0x0/65536*1 g", {0, 1, 65536, "rew"});
}

static void addresses_are_written_in_many_ways(void **state)
{
    (void)state;
    CHECK_ZONES("@A/0xfffF0000/1*4 g", {0xFFFF0000, 4, 1, "rew"});
    CHECK_ZONES("@A/0X1/1*4 g", {1, 4, 1, "rew"});
    CHECK_ZONES("@A/0x00000000000010000/1*4 g", {0x10000, 4, 1, "rew"});
}

static void types_are_three_bits(void **state)
{
    (void)state;
    CHECK_ZONES("@A/0x0/1*1Ka,1*1Kb,1*1Kc,1*1Kd,1*1Ke,1*1Kf,1*1Kg", {0, 1024, 1, "r"},
                {0x400, 1024, 1, "e"}, {0x800, 1024, 1, "re"}, {0xC00, 1024, 1, "w"},
                {0x1000, 1024, 1, "rw"}, {0x1400, 1024, 1, "ew"}, {0x1800, 1024, 1, "rew"});
}

static void device_features_are_never_erased(void **state)
{
    (void)state;
    for (char type = 'a'; type <= 'g'; type++) {
        char text[] = "@Device Feature/0xFFFF0000/01*004 ?,01*4 ?";
        *strchr(text, '?') = type;
        *strchr(text, '?') = type;
        CHECK_ZONES(text, {0xFFFF0000, 4, 1, "rw"}, {0xFFFF0004, 4, 1, "rw"});
    }
    CHECK_ZONES("@ Device Feature  /0xFFFF0000/01*004 g", {0xFFFF0000, 4, 1, "rw"});
    CHECK_ZONES("@Device Features/0xFFFF0000/01*004 g", {0xFFFF0000, 4, 1, "rew"});
}

static void garbage_behind_the_end(void **state)
{
    static const char *const garbage[] = {
        "x",        " ",    ",",         ",,",
        "/",        "//",   "/x",        "/0",
        "/0y",      "g",    "1*1Kg",     "\xC4\x80\xE2\x82\xAC",
        "\xFF\xFE", "\x01", ",\xC4\x80", "@Name/0x100000/1*1Kg",
        "\t/",
    };
    (void)state;
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "@Flash /0x08000000/04*016Kg%s", garbage[i]);
        if (strchr(garbage[i], '@') == NULL) {
            CHECK_ZONES(text, {0x08000000, 0x4000, 4, "rew"});
        } else {
            /* The garbage is another string, by chance or not: nothing of it is believed. */
            assert_int_equal(1, read_map(text).zone_count);
        }
    }
}

static void names(void **state)
{
    static const char *const cases[][2] = {
        {"@Internal Flash  /0x0/1*1Kg", "Internal Flash"},
        {"@  A  B  /0x0/1*1Kg", "A  B"},
        {"@/0x0/1*1Kg", ""},
        {"@   /0x0/1*1Kg", ""},
        {"@Read/Write /0x0/1*1Kg", "Read/Write"},
        {"@Fl\xC3\xA4sh\n\xE2\x80\xAE/0x0/1*1Kg", "Fl\xC3\xA4sh\n\xE2\x80\xAE"},
        {"@123456789 123456789 123456789 123456789 123456789 123456789 12\xC3\xA4/0x0/1*1Kg",
         "123456789 123456789 123456789 123456789 123456789 123456789 12"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(cases[i][1], read_map(cases[i][0]).name);
    }
}

static void largest_memory(void **state)
{
    (void)state;
    CHECK_ZONES("@A/0xFFFFFFFF/1*1 g", {UINT32_MAX, 1, 1, "rew"});
    fettle_memory_map map = read_map("@A/0x0/4294967295*1 g,1*1 a");
    assert_true(fettle_memory_map_size(&map) == UINT64_C(0x100000000));
    assert_true(fettle_memory_map_page_count(&map) == UINT64_C(0x100000000));
    fettle_page page;
    assert_true(fettle_memory_map_page(&map, UINT32_MAX, &page));
    assert_true(page.index == UINT32_MAX && page.address == UINT32_MAX && page.size == 1);
    assert_false(page.can_write);

    map = read_map("@A/0x0/1024*4Mg");
    assert_true(fettle_memory_map_size(&map) == UINT64_C(0x100000000));
    assert_true(fettle_memory_map_page(&map, 0xFFC00000, &page));
    assert_true(page.index == 1023 && page.address == 0xFFC00000);
}

/* ---- what is refused ---- */

static void check_refused(const char *text, const char *name, const char *why)
{
    fettle_memory_map map;
    fettle_error error = {0};
    memset(&map, 0xA5, sizeof map);
    if (fettle_memory_map_parse(&map, text, &error)) {
        fail_msg("taken: %s", text);
    }
    assert_int_equal(FETTLE_E_UNEXPECTED_ANSWER, error.code);
    if (strstr(error.message, why) == NULL) {
        fail_msg("%s: \"%s\", not \"%s\"", text, error.message, why);
    }
    fettle_memory_map empty = {0};
    assert_string_equal(name, map.name);
    assert_int_equal(0, map.zone_count);
    assert_memory_equal(empty.zones, map.zones, sizeof map.zones);
    assert_true(fettle_memory_map_size(&map) == 0);
    assert_true(fettle_memory_map_page_count(&map) == 0);
}

static void refused_strings(void **state)
{
    static const char *const cases[][3] = {
        /* the string, the name that is left, why */
        {"", "", "begin with @"},
        {"STM32duino Bootloader", "STM32duino Bootloader", "begin with @"},
        {"DFU Bootloader /0x08005000", "DFU Bootloader /0x08005000", "begin with @"},
        {" @Flash/0x0/1*1Kg", " @Flash/0x0/1*1Kg", "begin with @"},
        {"Flash/0x0/1*1Kg", "Flash/0x0/1*1Kg", "begin with @"},
        {"@", "", "no address"},
        {"@Flash", "Flash", "no address"},
        {"@Flash  /", "Flash", "no address"},
        {"@Flash/08000000/1*1Kg", "Flash", "no address"},
        {"@Flash/1*1Kg", "Flash", "no address"},
        {"@Flash/0x/1*1Kg", "Flash", "no digits"},
        {"@Flash/0xg/1*1Kg", "Flash", "no digits"},
        {"@Flash/0x100000000/1*1Kg", "Flash", "more than 32 bits"},
        {"@Flash/0x10000000000000000/1*1Kg", "Flash", "more than 32 bits"},
        {"@Truncated /0x1FFF0000", "Truncated", "has no zones"},
        {"@Truncated /0x1FFF0000 /1*1Kg", "Truncated", "has no zones"},
        {"@Truncated /0x1FFF0000/", "Truncated", "no zone where one must be"},
        {"@Truncated /0x1FFF0000/ 1*1Kg", "Truncated", "no zone where one must be"},
        {"@Truncated /0x1FFF0000/*1Kg", "Truncated", "no zone where one must be"},
        {"@Truncated /0x1FFF0000/-1*1Kg", "Truncated", "no zone where one must be"},
        {"@Truncated /0x1FFF0000/1*", "Truncated", "no page size"},
        {"@Truncated /0x1FFF0000/1*Kg", "Truncated", "no page size"},
        {"@Truncated /0x1FFF0000/1*1", "Truncated", "no type"},
        {"@Truncated /0x1FFF0000/1*1K", "Truncated", "no type"},
        {"@Truncated /0x1FFF0000/1*1 ", "Truncated", "no type"},
        {"@Truncated /0x1FFF0000/1*1Kg,1", "Truncated", "no type"},
        {"@Truncated /0x1FFF0000/1*1Kg,1*", "Truncated", "no page size"},
        {"@Truncated /0x1FFF0000/1*1Kg,1*1", "Truncated", "no type"},
        {"@Truncated /0x1FFF0000/1*1Kg/0x", "Truncated", "no digits"},
        {"@Truncated /0x1FFF0000/1*1Kg/0x2", "Truncated", "has no zones"},
        {"@Truncated /0x1FFF0000/1*1Kg/0x2/", "Truncated", "no zone where one must be"},
        {"@Flash/0x0/1*1Kh", "Flash", "no type"},
        {"@Flash/0x0/1*1KG", "Flash", "no type"},
        {"@Flash/0x0/1*1K`", "Flash", "no type"},
        {"@Flash/0x0/1*1Gg", "Flash", "no type"},
        {"@Flash/0x0/1*1kg", "Flash", "no type"},
        {"@Flash/0x0/0*1Kg", "Flash", "nothing in it"},
        {"@Flash/0x0/1*0Kg", "Flash", "nothing in it"},
        {"@Flash/0x0/0g", "Flash", "nothing in it"},
        {"@Flash/0x0/4*1Kg,000*1Kg", "Flash", "nothing in it"},
        {"@Flash/0xFFFFFFFF/1*2 g", "Flash", "behind the last address"},
        {"@Flash/0xFFFF0000/65*1Kg", "Flash", "behind the last address"},
        {"@Flash/0xFFFF0000/64*1Kg,1*1 g", "Flash", "behind the last address"},
        {"@Flash/0x0/4294967296*1 g", "Flash", "behind the last address"},
        {"@Flash/0x0/4294967297*1 g", "Flash", "behind the last address"},
        {"@Flash/0x0/1*4294967296 g", "Flash", "behind the last address"},
        {"@Flash/0x0/1*4096Mg", "Flash", "behind the last address"},
        {"@Flash/0x0/1*4097Mg", "Flash", "behind the last address"},
        {"@Flash/0x0/18446744073709551617*1 g", "Flash", "behind the last address"},
        {"@Flash/0x0/1*18446744073709551617 g", "Flash", "behind the last address"},
        {"@Flash/0x0/4194305*1Kg", "Flash", "behind the last address"},
        {"@Flash/0x0/1*1Kg/0x0/1*1Kg", "Flash", "overlap"},
        {"@Flash/0x0/1*1Kg/0x3FF/1*1 g", "Flash", "overlap"},
        {"@Flash/0x3FF/1*1 g/0x0/1*1Kg", "Flash", "overlap"},
        {"@Flash/0x1000/1*4Kg/0x0/5*1Kg", "Flash", "overlap"},
        {"@Flash/0x0/1*1Kg/0x1000/1*1Kg/0x300/1*1Kg", "Flash", "overlap"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_refused(cases[i][0], cases[i][1], cases[i][2]);
    }
}

static void touching_zones_do_not_overlap(void **state)
{
    (void)state;
    CHECK_ZONES("@Flash/0x400/1*1Ka/0x0/1*1Kg/0x800/1*1Kc", {0, 1024, 1, "rew"},
                {0x400, 1024, 1, "r"}, {0x800, 1024, 1, "re"});
}

static void as_many_zones_as_there_is_room_for(void **state)
{
    char text[1024] = "@Flash/0x0/1*1Kg";
    (void)state;
    for (size_t i = 1; i < FETTLE_ZONES_MAX; i++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), ",1*%zuKg", i + 1);
    }
    assert_int_equal(FETTLE_ZONES_MAX, read_map(text).zone_count);
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), ",1*1Kg");
    check_refused(text, "Flash", "too many zones");
}

static void sentences_are_one_line(void **state)
{
    char text[2000];
    fettle_memory_map map;
    fettle_error error = {0};
    (void)state;
    memset(text, 'x', sizeof text);
    text[1] = '\n';
    text[sizeof text - 1] = '\0';
    assert_false(fettle_memory_map_parse(&map, text, &error));
    assert_null(strchr(error.message, '\n'));
    assert_non_null(strstr(error.message, "begin with @"));
    assert_int_equal(FETTLE_MEMORY_NAME_SIZE - 1, strlen(map.name));
}

/* ---- pages ---- */

static void check_page(const fettle_memory_map *map, uint32_t asked, uint32_t address,
                       uint32_t size, uint32_t index)
{
    fettle_page page;
    assert_true(fettle_memory_map_page(map, asked, &page));
    assert_int_equal(address, page.address);
    assert_int_equal(size, page.size);
    assert_int_equal(index, page.index);
}

static void pages_begin_at_their_zone(void **state)
{
    fettle_page page;
    (void)state;
    fettle_memory_map map = read_map("@Flash/0x08001004/3*0768Bg,2*1Ka/0x08003000/1*4Kf");
    check_page(&map, 0x08001004, 0x08001004, 768, 0);
    check_page(&map, 0x08001303, 0x08001004, 768, 0);
    check_page(&map, 0x08001304, 0x08001304, 768, 1);
    check_page(&map, 0x08001903, 0x08001604, 768, 2);
    check_page(&map, 0x08001904, 0x08001904, 1024, 3);
    check_page(&map, 0x08002103, 0x08001D04, 1024, 4);
    check_page(&map, 0x08003000, 0x08003000, 4096, 5);
    check_page(&map, 0x08003FFF, 0x08003000, 4096, 5);
    static const uint32_t outside[] = {0,          0x08001003, 0x08002104,
                                       0x08002FFF, 0x08004000, UINT32_MAX};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        assert_false(fettle_memory_map_page(&map, outside[i], &page));
    }
    assert_true(fettle_memory_map_page(&map, 0x08001904, &page));
    assert_true(page.can_read && !page.can_erase && !page.can_write);
    assert_true(fettle_memory_map_page(&map, 0x08003000, &page));
    assert_true(!page.can_read && page.can_erase && page.can_write);
}

static void no_page_of_an_empty_map(void **state)
{
    fettle_memory_map map = {0};
    fettle_page page;
    (void)state;
    assert_false(fettle_memory_map_page(&map, 0, &page));
}

int main(int argc, char **argv)
{
    const char *variable = getenv("FETTLE_TEST_DATA");
    char folder[1024];
    int length = snprintf(folder, sizeof folder, "%s",
                          argc > 1           ? argv[1]
                          : variable != NULL ? variable
                                             : "tests/data");
    if (length < 0 || length >= (int)sizeof folder) {
        return 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(strings_of_real_boards_are_read, folder),
        cmocka_unit_test(zones_lie_behind_each_other),
        cmocka_unit_test(several_addresses),
        cmocka_unit_test(sizes_are_written_in_many_ways),
        cmocka_unit_test(addresses_are_written_in_many_ways),
        cmocka_unit_test(types_are_three_bits),
        cmocka_unit_test(device_features_are_never_erased),
        cmocka_unit_test(garbage_behind_the_end),
        cmocka_unit_test(names),
        cmocka_unit_test(largest_memory),
        cmocka_unit_test(refused_strings),
        cmocka_unit_test(touching_zones_do_not_overlap),
        cmocka_unit_test(as_many_zones_as_there_is_room_for),
        cmocka_unit_test(sentences_are_one_line),
        cmocka_unit_test(pages_begin_at_their_zone),
        cmocka_unit_test(no_page_of_an_empty_map),
    };
    return cmocka_run_group_tests_name("proto_memory_map", tests, NULL, NULL);
}
