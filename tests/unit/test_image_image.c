/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for files of every format: sizes, names, copies, memory that runs out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "image/image.h"

static const uint8_t content[] = {0xE0, 0x3F, 0x00, 0x10, 0x7D};

static const fettle_span file = {content, sizeof content};

static void test_an_empty_file(void **state)
{
    (void)state;
    static const char *const names[] = {"a.bin", "a.dfu", "", "a"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        fettle_error err = {.code = FETTLE_E_NONE};
        assert_null(fettle_image_new(names[i], (fettle_span){NULL, 0}, 0, &err));
        assert_int_equal(FETTLE_E_FILE_EMPTY, err.code);
        assert_int_equal(9, fettle_code_exit_status(err.code));
    }
}

static void test_a_file_too_large(void **state)
{
    (void)state;
    /* Nothing is read of it, so there need be nothing to read. */
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_span huge = {content, (size_t)FETTLE_FILE_SIZE_MAX + 1};
    fettle_alloc_fail_at(0);
    assert_null(fettle_image_new("a.bin", huge, 0, &err));
    assert_int_equal(FETTLE_E_FILE_TOO_LARGE, err.code);
    assert_string_equal(
        "the file has 268435457 bytes, more than the 268435456 that fettle reads",
        err.message);
    assert_int_equal(0, fettle_alloc_count());
}

static void test_names_without_folders(void **state)
{
    (void)state;
    static const struct {
        const char *expected, *name;
    } cases[] = {
        {"a.bin", "a.bin"},       {"a.bin", "/tmp/x/a.bin"},
        {"a.bin", "./a.bin"},     {"a.bin", "C:\\boards\\a.bin"},
        {"a.bin", "C:/x\\a.bin"}, {"", "folder.dfu/"},
        {"\xFF\n", "x/\xFF\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fettle_error err = {.code = FETTLE_E_NONE};
        fettle_image *image = fettle_image_new(cases[i].name, file, 0, &err);
        assert_non_null(image);
        assert_string_equal(cases[i].expected, image->name);
        fettle_image_free(image);
    }
}

static void test_the_image_owns_everything(void **state)
{
    (void)state;
    static const uint8_t sha256[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                     0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                     0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                     0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    uint8_t bytes[] = {'a', 'b', 'c'};
    char name[] = "abc.bin";
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_image *image =
        fettle_image_new(name, (fettle_span){bytes, sizeof bytes}, 0, &err);
    memset(bytes, 0, sizeof bytes);
    memset(name, 0, sizeof name);
    assert_non_null(image);
    assert_string_equal("abc.bin", image->name);
    assert_int_equal(3, image->file.size);
    assert_memory_equal("abc", image->file.data, 3);
    assert_memory_equal("abc", image->regions[0].data.data, 3);
    assert_memory_equal(sha256, image->sha256, sizeof sha256);
    fettle_image_free(image);
    fettle_image_free(NULL);
}

static void test_every_request_for_memory_may_fail(void **state)
{
    (void)state;
    fettle_image *image = NULL;
    unsigned long nth = 0;
    while (image == NULL) {
        fettle_error err = {.code = FETTLE_E_NONE};
        fettle_alloc_fail_at(++nth);
        image = fettle_image_new("a.bin", file, 0, &err);
        assert_true(fettle_alloc_count() >= nth || image != NULL);
        assert_int_equal(image != NULL ? FETTLE_E_NONE : FETTLE_E_NO_MEMORY, err.code);
    }
    fettle_alloc_fail_at(0);
    assert_int_equal(3, nth);
    fettle_image_free(image);
}

static void test_constant_names(void **state)
{
    (void)state;
    assert_string_equal("raw", fettle_image_format_name(FETTLE_IMAGE_RAW));
    assert_string_equal("dfu", fettle_image_format_name(FETTLE_IMAGE_DFU));
    assert_string_equal("dfuse", fettle_image_format_name(FETTLE_IMAGE_DFUSE));
    assert_string_equal("hex", fettle_image_format_name(FETTLE_IMAGE_HEX));
    assert_string_equal("joined", fettle_image_format_name(FETTLE_IMAGE_JOINED));
    assert_string_equal("none", fettle_prefix_name(FETTLE_PREFIX_NONE));
    assert_string_equal("ti", fettle_prefix_name(FETTLE_PREFIX_TI));
    assert_string_equal("lpc", fettle_prefix_name(FETTLE_PREFIX_LPC));
    assert_string_equal("none", fettle_dfuse_size_name(FETTLE_DFUSE_SIZE_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_file),
        cmocka_unit_test(test_a_file_too_large),
        cmocka_unit_test(test_names_without_folders),
        cmocka_unit_test(test_the_image_owns_everything),
        cmocka_unit_test(test_every_request_for_memory_may_fail),
        cmocka_unit_test(test_constant_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
