/* SPDX-License-Identifier: Apache-2.0 */
/* Stub files of ESP chips: image/stub_file.h. */
#include "base/alloc.h"
#include "base/error.h"
#include "image/json.h"
#include "image/stub_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static fettle_error err;

static fettle_stub_file *read(const char *text)
{
    err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_stub_file_new((fettle_span){(const uint8_t *)text, strlen(text)}, &err);
}

static void refuses(const char *text, fettle_code code)
{
    assert_null(read(text));
    assert_int_equal(code, err.code);
}

static void test_a_stub(void **state)
{
    static const uint8_t text[] = {0x36, 0x41, 0x00, 0x1D, 0xF0, 0x00},
                         data[] = {1, 2, 3, 4};
    (void)state;
    fettle_stub_file *stub = read(
        "{\"entry\": 1074434092, \"text\": \"NkEAHfAA\", \"text_start\": 1074429952, "
        "\"data\": \"AQIDBA==\", \"data_start\": 1073605484, \"bss_start\": 1073528832}");
    assert_non_null(stub);
    assert_int_equal(1074434092, stub->entry);
    assert_int_equal(1074429952, stub->text_address);
    assert_int_equal(1073605484, stub->data_address);
    assert_int_equal(sizeof text, stub->text.size);
    assert_memory_equal(text, stub->text.data, sizeof text);
    assert_int_equal(sizeof data, stub->data.size);
    assert_memory_equal(data, stub->data.data, sizeof data);
    fettle_stub_file_free(stub);
}

static void test_data_may_be_left_out(void **state)
{
    (void)state;
    fettle_stub_file *stub = read("{\"entry\":1,\"text\":\"NkE=\",\"text_start\":4096}");
    assert_non_null(stub);
    assert_int_equal(2, stub->text.size);
    assert_int_equal(0, stub->data.size);
    fettle_stub_file_free(stub);
}

static void test_base64_is_read_strictly(void **state)
{
    static const char *const wrong[] = {"NkEA=", "N===", "Nk=A", "NkE=NkEA",
                                        "Nk A",  "NkE",  "-_AA"};
    char text[128];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "{\"entry\":1,\"text\":\"%s\",\"text_start\":1}",
                 wrong[i]);
        refuses(text, FETTLE_E_FILE_BAD_STUB);
        snprintf(text, sizeof text,
                 "{\"entry\":1,\"text\":\"NkEA\",\"text_start\":1,\"data\":\"%s\","
                 "\"data_start\":1}",
                 wrong[i]);
        refuses(text, FETTLE_E_FILE_BAD_STUB);
    }
}

static void test_what_is_missing(void **state)
{
    (void)state;
    refuses("", FETTLE_E_FILE_BAD_JSON);
    refuses("{", FETTLE_E_FILE_BAD_JSON);
    refuses("[]", FETTLE_E_FILE_BAD_STUB);
    refuses("{}", FETTLE_E_FILE_BAD_STUB);
    refuses("{\"entry\":1,\"text\":\"\",\"text_start\":1}", FETTLE_E_FILE_BAD_STUB);
    refuses("{\"text\":\"NkEA\",\"text_start\":1}", FETTLE_E_FILE_BAD_STUB);
    refuses("{\"entry\":1,\"text\":\"NkEA\"}", FETTLE_E_FILE_BAD_STUB);
    refuses("{\"entry\":4294967296,\"text\":\"NkEA\",\"text_start\":1}",
            FETTLE_E_FILE_BAD_STUB);
    refuses("{\"entry\":1,\"text\":\"NkEA\",\"text_start\":1,\"data\":\"AAAA\"}",
            FETTLE_E_FILE_BAD_STUB);
    refuses("{\"entry\":1,\"text\":7,\"text_start\":1}", FETTLE_E_FILE_BAD_STUB);
}

static void test_sizes_are_bounded(void **state)
{
    size_t size = (FETTLE_STUB_PART_MAX / 3 + 2) * 4;
    char *text = calloc(1, size + 128);
    (void)state;
    assert_non_null(text);
    int length = snprintf(text, 64, "{\"entry\":1,\"text_start\":1,\"text\":\"");
    memset(text + length, 'A', size);
    memcpy(text + length + size, "\"}", 3);
    refuses(text, FETTLE_E_FILE_BAD_STUB);
    free(text);
    uint8_t *large = calloc(1, FETTLE_STUB_FILE_MAX + 1);
    assert_non_null(large);
    assert_null(fettle_stub_file_new((fettle_span){large, FETTLE_STUB_FILE_MAX + 1}, &err));
    assert_int_equal(FETTLE_E_FILE_TOO_LARGE, err.code);
    free(large);
}

static void test_without_memory(void **state)
{
    (void)state;
    for (unsigned long nth = 1;; nth++) {
        fettle_alloc_fail_at(nth);
        fettle_stub_file *stub = read("{\"entry\":1,\"text\":\"NkEA\",\"text_start\":1}");
        fettle_alloc_fail_at(0);
        if (stub != NULL) {
            fettle_stub_file_free(stub);
            assert_true(nth > 1);
            return;
        }
        assert_int_equal(FETTLE_E_NO_MEMORY, err.code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stub),
        cmocka_unit_test(test_data_may_be_left_out),
        cmocka_unit_test(test_base64_is_read_strictly),
        cmocka_unit_test(test_what_is_missing),
        cmocka_unit_test(test_sizes_are_bounded),
        cmocka_unit_test(test_without_memory),
    };
    return fettle_json_is_there() ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
