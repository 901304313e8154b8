/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several files as one image: who may be joined with whom, and what is left of what they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "image/image.h"
#include "image/regions.h"
#include "tests/tools/esp_make.h"

enum { MOST = 80 };

/* Images of a test, freed together. */
static fettle_image *made[MOST];
static size_t made_count;
static fettle_error err;

static fettle_image *keep(fettle_image *image)
{
    assert_non_null(image);
    assert_true(made_count < MOST);
    made[made_count++] = image;
    return image;
}

static int drop_all(void **state)
{
    (void)state;
    while (made_count > 0) {
        fettle_image_free(made[--made_count]);
    }
    fettle_alloc_fail_at(0);
    return 0;
}

static fettle_image *of_bytes(const char *name, const void *bytes, size_t size)
{
    return keep(fettle_image_new(name, (fettle_span){bytes, size},
                                 FETTLE_IMAGE_ACCEPT_DAMAGED, &err));
}

static fettle_image *raw(const char *name, size_t size, uint8_t value)
{
    static uint8_t bytes[4096];
    assert_true(size <= sizeof bytes);
    memset(bytes, value, size);
    return of_bytes(name, bytes, size);
}

static fettle_image *hex(const char *name, const char *text)
{
    return of_bytes(name, text, strlen(text));
}

/* Plain DFU, damaged on demand. */
static fettle_image *dfu(const char *name, uint16_t vendor, uint16_t product,
                         bool is_intact)
{
    uint8_t bytes[8 + FETTLE_SUFFIX_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
    fettle_suffix_write(bytes, 8,
                        &(fettle_suffix){.bcdDevice = 0x0100,
                                         .idProduct = product,
                                         .idVendor = vendor,
                                         .bcdDFU = 0x0110});
    bytes[0] ^= is_intact ? 0 : 0x80;
    return of_bytes(name, bytes, sizeof bytes);
}

/* One region for alternate setting `alternate`. */
static fettle_image *dfuse(const char *name, uint8_t alternate, uint32_t address,
                           uint16_t vendor)
{
    static const uint8_t content[] = {9, 8, 7, 6};
    const fettle_image_target target = {.alternate = alternate, .name = name};
    const fettle_region region = {
        .has_address = true,
        .address = address,
        .has_alternate = true,
        .alternate = alternate,
        .data = {content, sizeof content},
    };
    const fettle_image image = {.name = name,
                                .region_count = 1,
                                .regions = &region,
                                .target_count = 1,
                                .targets = &target};
    uint8_t *bytes = NULL;
    size_t size = 0;
    assert_true(fettle_image_write_dfuse(
        &image, &(fettle_suffix){.idVendor = vendor, .idProduct = 0xDF11}, &bytes, &size,
        &err));
    fettle_image *read = of_bytes(name, bytes, size);
    fettle_free(bytes);
    return read;
}

static fettle_image_part as_it_is(const fettle_image *image)
{
    return (fettle_image_part){.image = image};
}

static fettle_image_part at(const fettle_image *image, uint32_t address)
{
    return (fettle_image_part){.image = image, .has_address = true, .address = address};
}

static fettle_image *join(const fettle_image_part *parts, size_t count)
{
    err = (fettle_error){.code = FETTLE_E_NONE};
    fettle_image *image = fettle_image_new_joined(parts, count, &err);
    if (image == NULL) {
        print_message("%s\n", err.message);
    }
    assert_int_equal(FETTLE_E_NONE, err.code);
    keep(image);
    assert_int_equal(FETTLE_IMAGE_JOINED, image->format);
    return image;
}

static void assert_refused(const fettle_image_part *parts, size_t count, fettle_code code,
                           const char *message)
{
    err = (fettle_error){.code = FETTLE_E_NONE};
    assert_null(fettle_image_new_joined(parts, count, &err));
    assert_int_equal(code, err.code);
    assert_string_equal(message, err.message);
}

static void assert_region(const fettle_image *image, size_t i, uint32_t address,
                          size_t size)
{
    assert_true(i < image->region_count);
    assert_true(image->regions[i].has_address);
    assert_int_equal(address, image->regions[i].address);
    assert_int_equal(size, image->regions[i].data.size);
}

static const char hex_at_2000[] = ":040000050000200ACD\n" /* entry 0x200a */
                                  ":0420000001020304D2\n"
                                  ":00000001FF\n";

/* ---- what is joined ---- */

static void test_one_file_at_an_address(void **state)
{
    (void)state;
    fettle_image *file = raw("app.bin", 100, 0xA5);
    fettle_image *image = join((fettle_image_part[]){at(file, 0x08004000)}, 1);
    assert_int_equal(1, image->region_count);
    assert_ptr_equal(&image->only_region, image->regions);
    assert_region(image, 0, 0x08004000, 100);
    assert_memory_equal(file->file.data, image->regions[0].data.data, 100);
    assert_string_equal("app.bin", image->name);
    assert_string_equal("joined", fettle_image_format_name(image->format));
    assert_memory_equal(file->sha256, image->sha256, sizeof image->sha256);
    assert_int_equal(100, image->file.size);
    assert_false(image->has_suffix);
    /* It was this file that was placed, not any region of it. */
    assert_false(file->regions[0].has_address);
}

static void test_everything_is_copied(void **state)
{
    (void)state;
    fettle_image *a = raw("a.bin", 4, 0x11), *b = dfuse("b", 2, 0x9000, 0x0483);
    fettle_image *image = join((fettle_image_part[]){at(a, 0), as_it_is(b)}, 2);
    made[0] = made[1] = NULL;
    memset(a->memory, 0xEE, 4);
    memset(b->memory, 0xEE, b->file.size);
    fettle_image_free(a);
    fettle_image_free(b);
    assert_string_equal("a.bin, b", image->name);
    assert_region(image, 0, 0, 4);
    assert_region(image, 1, 0x9000, 4);
    assert_int_equal(0x11, image->regions[0].data.data[3]);
    assert_int_equal(6, image->regions[1].data.data[3]);
    assert_int_equal(1, image->target_count);
    assert_int_equal(2, image->targets[0].alternate);
    assert_string_equal("b", image->targets[0].name);
    assert_int_equal(1, image->targets[0].element_count);
    assert_int_equal(FETTLE_DFUSE_SIZE_RIGHT, image->dfuse_size);
}

static void test_in_the_order_of_addresses(void **state)
{
    (void)state;
    fettle_image *low = raw("low", 0x1000, 1), *high = raw("high", 16, 2);
    fettle_image *in_between = hex("between.hex", hex_at_2000);
    const fettle_image_part parts[] = {at(high, 0x08000000), as_it_is(in_between),
                                       at(low, 0)};
    fettle_image *image = join(parts, 3);
    assert_int_equal(3, image->region_count);
    assert_region(image, 0, 0, 0x1000);
    assert_region(image, 1, 0x2000, 4);
    assert_region(image, 2, 0x08000000, 16);
    assert_int_equal(2, fettle_image_gap_count(image));
    assert_string_equal("high, between.hex, low", image->name);
    assert_true(image->has_entry);
    assert_int_equal(0x200A, image->entry);
    /* The files themselves are in the order in which they were named. */
    assert_int_equal(16 + in_between->file.size + 0x1000, image->file.size);
    assert_int_equal(2, image->file.data[0]);
    assert_memory_equal(hex_at_2000, image->file.data + 16, strlen(hex_at_2000));
    uint8_t digest[FETTLE_SHA256_SIZE];
    fettle_sha256 sha256;
    fettle_sha256_init(&sha256);
    for (size_t i = 0; i < 3; i++) {
        fettle_sha256_feed(&sha256, parts[i].image->file);
    }
    fettle_sha256_finish(&sha256, digest);
    assert_memory_equal(digest, image->sha256, sizeof digest);
}

static void test_touching_parts(void **state)
{
    (void)state;
    fettle_image *a = raw("a", 16, 1), *b = raw("b", 16, 2), *c = raw("c", 16, 3);
    fettle_image *image =
        join((fettle_image_part[]){at(c, 0x1020), at(a, 0x1000), at(b, 0x1010)}, 3);
    assert_int_equal(1, image->region_count);
    assert_region(image, 0, 0x1000, 48);
    for (size_t i = 0; i < 48; i++) {
        assert_int_equal(1 + i / 16, image->regions[0].data.data[i]);
    }
    /* Two memories never touch. */
    fettle_image *zero = dfuse("zero", 0, 0x1000, 0x0483);
    fettle_image *one = dfuse("one", 1, 0x1004, 0x0483);
    image = join((fettle_image_part[]){as_it_is(one), as_it_is(zero)}, 2);
    assert_int_equal(2, image->region_count);
    assert_int_equal(0, image->regions[0].alternate);
    assert_int_equal(1, image->regions[1].alternate);
}

static void test_to_the_last_address(void **state)
{
    (void)state;
    fettle_image *file = raw("a.bin", 16, 1);
    fettle_image *image = join((fettle_image_part[]){at(file, 0xFFFFFFF0)}, 1);
    assert_region(image, 0, 0xFFFFFFF0, 16);
    assert_refused((fettle_image_part[]){at(file, 0xFFFFFFF1)}, 1,
                   FETTLE_E_ADDRESS_TOO_HIGH,
                   "a.bin has 16 bytes and can't begin at 0xfffffff1: no address is above "
                   "0xffffffff");
}

/* ---- addresses that are missing, or too many ---- */

static void test_a_missing_address(void **state)
{
    (void)state;
    fettle_image *file = raw("app.bin", 16, 1), *other = hex("b.hex", hex_at_2000);
    assert_refused((fettle_image_part[]){as_it_is(other), as_it_is(file)}, 2,
                   FETTLE_E_FILE_NEEDS_ADDRESS,
                   "app.bin doesn't say at which address it goes");
    assert_int_equal(2, fettle_code_exit_status(err.code));
    /* Alone it may go without one, and stays what it was. */
    fettle_image *image = join((fettle_image_part[]){as_it_is(file)}, 1);
    assert_false(image->regions[0].has_address);
    assert_int_equal(16, image->regions[0].data.size);
}

/* What an ESP chip knows the place of, and what a person names one for. */
static void test_without_addresses(void **state)
{
    (void)state;
    static uint8_t bytes[FETTLE_TABLE_SIZE];
    esp_writer file = {.bytes = bytes, .room = sizeof bytes};
    esp_put_usual_table(&file);
    fettle_image *table = of_bytes("table.bin", bytes, file.size);
    fettle_image *data = raw("data.bin", 16, 1), *more = raw("more.bin", 32, 2);
    char label[] = "nvs";
    const fettle_image_part parts[] = {
        at(data, 0),
        as_it_is(table),
        {.image = more, .partition = label},
    };
    fettle_image *image = join(parts, 3);
    label[0] = '?'; /* all is copied */
    assert_int_equal(3, image->region_count);
    assert_false(image->regions[0].has_address);
    assert_null(image->regions[0].partition);
    assert_int_equal(file.size, image->regions[0].data.size);
    assert_false(image->regions[1].has_address);
    assert_string_equal("nvs", image->regions[1].partition);
    assert_int_equal(32, image->regions[1].data.size);
    assert_int_equal(2, image->regions[1].data.data[0]);
    assert_region(image, 2, 0, 16);
    assert_int_equal(0, fettle_image_gap_count(image));
    assert_int_equal(3, image->piece_count);
    assert_int_equal(FETTLE_ESP_TABLE, image->pieces[1].content);
    assert_false(image->pieces[1].has_address);
    assert_string_equal("nvs", image->pieces[2].label);

    assert_refused((fettle_image_part[]){as_it_is(table), as_it_is(data)}, 2,
                   FETTLE_E_FILE_NEEDS_ADDRESS,
                   "data.bin doesn't say at which address it goes");
    assert_non_null(strstr(err.hint, "FILE@0x10000"));
    const fettle_image_part both[] = {
        {.image = hex("b.hex", hex_at_2000), .partition = "nvs"}};
    assert_refused(
        both, 1, FETTLE_E_USAGE,
        "a file that names its addresses itself can't be put into partition nvs");
}

static void test_an_address_too_many(void **state)
{
    (void)state;
    assert_refused((fettle_image_part[]){at(hex("b.hex", hex_at_2000), 0)}, 1,
                   FETTLE_E_FILE_HAS_ADDRESS,
                   "b.hex can't be put at 0x00000000: it names its addresses itself");
    assert_refused((fettle_image_part[]){at(dfuse("c.dfu", 0, 0, 0), 0x08000000)}, 1,
                   FETTLE_E_FILE_HAS_ADDRESS,
                   "c.dfu can't be put at 0x08000000: it names its addresses itself");
    static const uint8_t ti[12] = {1, 0, 32, 0, 4};
    fettle_image *prefixed = of_bytes("ti.bin", ti, sizeof ti);
    assert_int_equal(FETTLE_PREFIX_TI, prefixed->prefix);
    assert_refused(
        (fettle_image_part[]){at(prefixed, 0x8000)}, 1, FETTLE_E_FILE_HAS_ADDRESS,
        "ti.bin can't be put at 0x00008000: it begins with a prefix, which only a "
        "loader without addresses takes");
    fettle_image *image = join((fettle_image_part[]){as_it_is(prefixed)}, 1);
    assert_int_equal(FETTLE_PREFIX_TI, image->prefix);
    assert_int_equal(8, image->prefix_size);
}

/* ---- overlaps ---- */

static void test_overlaps(void **state)
{
    (void)state;
    fettle_image *a = raw("a.bin", 32, 1), *b = raw("b.bin", 16, 1);
    assert_refused((fettle_image_part[]){at(a, 0x1000), at(b, 0x101F)}, 2,
                   FETTLE_E_FILES_OVERLAP,
                   "a.bin and b.bin both have content for 0x0000101f to 0x0000101f");
    assert_refused((fettle_image_part[]){at(b, 0x1008), at(a, 0x1000)}, 2,
                   FETTLE_E_FILES_OVERLAP,
                   "a.bin and b.bin both have content for 0x00001008 to 0x00001017");
    assert_refused((fettle_image_part[]){at(a, 0), at(a, 0)}, 2, FETTLE_E_FILES_OVERLAP,
                   "a.bin and a.bin both have content for 0x00000000 to 0x0000001f");
    (void)join((fettle_image_part[]){at(a, 0x1000), at(b, 0x1020), at(b, 0xFF0)}, 3);
}

/* What is for no memory in particular may be for each. */
static void test_overlaps_of_memories(void **state)
{
    (void)state;
    fettle_image *zero = dfuse("zero.dfu", 0, 0x1000, 0x0483);
    fettle_image *one = dfuse("one.dfu", 1, 0x1000, 0x0483);
    (void)join((fettle_image_part[]){as_it_is(one), as_it_is(zero)}, 2);
    fettle_image *file = raw("a.bin", 16, 1), *far = raw("far.bin", 16, 1);
    const fettle_image_part parts[] = {as_it_is(one), as_it_is(zero), at(far, 0),
                                       at(file, 0x0FF4), at(far, 0x2000)};
    assert_refused(parts, 5, FETTLE_E_FILES_OVERLAP,
                   "a.bin and zero.dfu both have content for 0x00001000 to 0x00001003");
    const fettle_image_part above[] = {as_it_is(one), at(file, 0x1003)};
    assert_refused(above, 2, FETTLE_E_FILES_OVERLAP,
                   "a.bin and one.dfu both have content for 0x00001003 to 0x00001003");
    const fettle_image_part around[] = {as_it_is(one), at(file, 0x0FF0), at(far, 0x1004)};
    fettle_image *image = join(around, 3);
    assert_int_equal(3, image->region_count);
}

/* ---- suffixes ---- */

static void test_ids(void **state)
{
    (void)state;
    fettle_image *a = dfu("a.dfu", 0x0483, 0xDF11, true);
    fettle_image *b = dfu("b.dfu", 0x0483, 0xDF12, true);
    fettle_image *any = dfu("any.dfu", 0xFFFF, 0xFFFF, true);
    fettle_image *none = raw("none.bin", 8, 1);
    fettle_image *image = join(
        (fettle_image_part[]){at(none, 0x100), at(any, 0x200), at(a, 0x300), at(a, 0x400)},
        4);
    assert_true(image->has_suffix);
    assert_true(image->suffix.is_intact);
    assert_int_equal(0x0483, image->suffix.idVendor);
    assert_int_equal(0xDF11, image->suffix.idProduct);
    assert_int_equal(0x0100, image->suffix.bcdDevice);
    assert_region(image, 1, 0x200, 8); /* no suffix in it */
    assert_refused((fettle_image_part[]){at(any, 0x200), at(a, 0x300), at(b, 0x400)}, 3,
                   FETTLE_E_FILES_FOR_TWO_BOARDS,
                   "a.dfu is for 0483:df11 and b.dfu is for 0483:df12");
    assert_int_equal(8, fettle_code_exit_status(err.code));
    fettle_image *other = dfu("c.dfu", 0x0484, 0xDF11, true);
    assert_refused((fettle_image_part[]){at(a, 0x300), at(other, 0x400)}, 2,
                   FETTLE_E_FILES_FOR_TWO_BOARDS,
                   "a.dfu is for 0483:df11 and c.dfu is for 0484:df11");
}

static void test_damage_is_kept(void **state)
{
    (void)state;
    fettle_image *good = dfu("a.dfu", 1, 2, true), *bad = dfu("b.dfu", 1, 2, false);
    for (int order = 0; order < 2; order++) {
        fettle_image *image = join((fettle_image_part[]){at(order == 0 ? good : bad, 0),
                                                         at(order == 0 ? bad : good, 64)},
                                   2);
        assert_false(image->suffix.is_intact);
        assert_false(image->suffix.leaves_suffix_out);
        assert_int_equal(bad->suffix.dwCRC, image->suffix.dwCRC);
        assert_int_equal(bad->suffix.computed, image->suffix.computed);
    }
}

/* ---- limits ---- */

static void test_many_parts_and_long_names(void **state)
{
    (void)state;
    fettle_image_part parts[FETTLE_IMAGE_PARTS_MAX];
    for (uint32_t i = 0; i < FETTLE_IMAGE_PARTS_MAX; i++) {
        parts[i] = at(raw("firmware.bin", 4, (uint8_t)i), 0x1000 - i * 8);
    }
    fettle_image *image = join(parts, FETTLE_IMAGE_PARTS_MAX);
    assert_int_equal(FETTLE_IMAGE_PARTS_MAX, image->region_count);
    assert_true(strlen(image->name) < FETTLE_IMAGE_NAME_SIZE_MAX);
    assert_string_equal(", firmware.bin, ...", image->name + strlen(image->name) - 19);
    char name[1000];
    memset(name, 'x', sizeof name);
    memcpy(name + sizeof name - 5, ".bin", 5);
    parts[0] = at(raw(name, 4, 0), 0);
    image = join(parts, 2);
    assert_true(strlen(image->name) < FETTLE_IMAGE_NAME_SIZE_MAX);
    assert_string_equal("xxx, ...", image->name + strlen(image->name) - 8);
}

static void test_files_too_large_together(void **state)
{
    (void)state;
    fettle_image *file = raw("a.bin", 4, 1);
    fettle_image huge = *file; /* nothing of it is read, so there need be nothing to read */
    huge.file.size = FETTLE_FILE_SIZE_MAX;
    assert_refused(
        (fettle_image_part[]){at(file, 0), at(&huge, 64)}, 2, FETTLE_E_FILE_TOO_LARGE,
        "the file has 268435460 bytes, more than the 268435456 that fettle reads");
}

static void test_every_request_for_memory_may_fail(void **state)
{
    (void)state;
    fettle_image *a = raw("a.bin", 4, 1), *b = dfuse("b.dfu", 0, 0x1000, 1);
    const fettle_image_part parts[] = {at(a, 0), as_it_is(b)};
    fettle_image *image = NULL;
    unsigned long nth = 0;
    while (image == NULL) {
        err = (fettle_error){.code = FETTLE_E_NONE};
        fettle_alloc_fail_at(++nth);
        image = fettle_image_new_joined(parts, 2, &err);
        assert_int_equal(image != NULL ? FETTLE_E_NONE : FETTLE_E_NO_MEMORY, err.code);
    }
    fettle_alloc_fail_at(0);
    assert_int_equal(5, nth);
    keep(image);
}

/* ---- the sort ---- */

static bool is_less(const void *a, const void *b)
{
    return *(const uint32_t *)a < *(const uint32_t *)b;
}

static void test_sorting(void **state)
{
    (void)state;
    uint64_t seed = 9;
    for (size_t count = 0; count < 300; count++) {
        uint32_t numbers[300];
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            numbers[i] = (uint32_t)(seed >> 33) % (count % 2 == 0 ? 10 : 1000000);
            sum += numbers[i];
        }
        fettle_sort(numbers, count, sizeof numbers[0], is_less);
        for (size_t i = 0; i < count; i++) {
            assert_true(i == 0 || numbers[i - 1] <= numbers[i]);
            sum -= numbers[i];
        }
        assert_int_equal(0, sum);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_one_file_at_an_address, drop_all),
        cmocka_unit_test_teardown(test_everything_is_copied, drop_all),
        cmocka_unit_test_teardown(test_in_the_order_of_addresses, drop_all),
        cmocka_unit_test_teardown(test_touching_parts, drop_all),
        cmocka_unit_test_teardown(test_to_the_last_address, drop_all),
        cmocka_unit_test_teardown(test_a_missing_address, drop_all),
        cmocka_unit_test_teardown(test_without_addresses, drop_all),
        cmocka_unit_test_teardown(test_an_address_too_many, drop_all),
        cmocka_unit_test_teardown(test_overlaps, drop_all),
        cmocka_unit_test_teardown(test_overlaps_of_memories, drop_all),
        cmocka_unit_test_teardown(test_ids, drop_all),
        cmocka_unit_test_teardown(test_damage_is_kept, drop_all),
        cmocka_unit_test_teardown(test_many_parts_and_long_names, drop_all),
        cmocka_unit_test_teardown(test_files_too_large_together, drop_all),
        cmocka_unit_test_teardown(test_every_request_for_memory_may_fail, drop_all),
        cmocka_unit_test(test_sorting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
