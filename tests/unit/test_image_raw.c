/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw firmware: every byte is content, also where three of them look like a signature.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "image/image.h"

static void assert_raw(const char *name, const uint8_t *bytes, size_t size)
{
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_image *image = fettle_image_new(name, (fettle_span){bytes, size}, 0, &err);
    assert_non_null(image);
    assert_int_equal(FETTLE_IMAGE_RAW, image->format);
    assert_false(image->has_suffix);
    assert_int_equal(1, image->region_count);
    assert_false(image->regions[0].has_address);
    assert_int_equal(size, image->regions[0].data.size);
    assert_memory_equal(bytes, image->regions[0].data.data, size);
    fettle_image_free(image);
}

static void test_any_name_but_dfu(void **state)
{
    (void)state;
    static const char *const names[] = {"a.bin",     "a",      "",        "dfu",  "adfu",
                                        "a.dfu.bin", "a.dfus", "x.dfu/a", "a.df", "a.dfu "};
    static const uint8_t bytes[] = {1, 2, 3};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_raw(names[i], bytes, sizeof bytes);
    }
}

static void test_every_small_size(void **state)
{
    (void)state;
    uint8_t bytes[40];
    memset(bytes, 0xFF, sizeof bytes);
    for (size_t size = 1; size <= sizeof bytes; size++) {
        assert_raw("a.bin", bytes, size);
    }
}

/* A signature at its place, in firmware that happens to have these letters there. */
static void test_an_innocent_signature(void **state)
{
    (void)state;
    static const uint8_t lengths[] = {0x00, 0x01, 0x0F, 0x11, 0x20, 'X', 0xFF};
    static const uint8_t versions[][2] = {{0, 0}, {0xFF, 0xFF}, {0x1A, 0x02}, {0x01, 0x00}};
    for (size_t i = 0; i < sizeof lengths * sizeof versions / 2; i++) {
        uint8_t bytes[300] = {0xE0, 0x3F, 0x00, 0x10};
        uint8_t *end = bytes + sizeof bytes;
        memcpy(end - 8, "UFD", 3);
        end[-5] = lengths[i % sizeof lengths];
        memcpy(end - 10, versions[i / sizeof lengths], 2);
        assert_raw("a.bin", bytes, sizeof bytes);
    }
}

/* Too short to hold a suffix, whatever stands there. */
static void test_a_signature_without_room(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 1, 'U', 'F', 'D', 16, 0, 0, 0, 0};
    assert_raw("a.bin", bytes, sizeof bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_name_but_dfu),
        cmocka_unit_test(test_every_small_size),
        cmocka_unit_test(test_an_innocent_signature),
        cmocka_unit_test(test_a_signature_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
