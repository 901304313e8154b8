/* SPDX-License-Identifier: Apache-2.0 */
/* zlib streams there and back, their bounds, and what is refused. Without zlib: both say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "image/deflate.h"
#include "tests/tools/esp_make.h"

enum { MOST = 200000 };

static uint8_t content[MOST], again[MOST], stream[MOST + MOST / 4];
static fettle_error err;

static bool is_missing(void)
{
    size_t size = 0;
    if (fettle_deflate_is_there()) {
        return false;
    }
    assert_false(
        fettle_deflate((fettle_span){content, 1}, stream, sizeof stream, &size, &err));
    assert_int_equal(FETTLE_E_NOT_SUPPORTED, err.code);
    assert_false(fettle_inflate((fettle_span){content, 1}, again, 1, &err));
    assert_int_equal(FETTLE_E_NOT_SUPPORTED, err.code);
    return true;
}

static size_t deflate_all(size_t size)
{
    size_t made = 0;
    assert_true(
        fettle_deflate((fettle_span){content, size}, stream, sizeof stream, &made, &err));
    assert_true(made <= fettle_deflate_bound(size));
    return made;
}

static void goes_there_and_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 255, 4096, 65535, 65536, MOST};
    if (is_missing()) {
        return;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (unsigned kind = 0; kind < 2; kind++) {
            memset(content, 0xFF, sizeof content);
            if (kind == 0) {
                esp_fill(content, sizes[i], 1);
            }
            size_t made = deflate_all(sizes[i]);
            assert_int_equal(0x78, stream[0]); /* deflate, 32 KiB */
            assert_int_equal(0xDA, stream[1]); /* the best level */
            memset(again, 0, sizeof again);
            assert_true(fettle_inflate((fettle_span){stream, made}, again, sizes[i], &err));
            assert_memory_equal(content, again, sizes[i]);
            assert_true(kind == 0 || made < sizes[i] / 100 + 50);
        }
    }
}

static void says_when_there_is_no_room(void **state)
{
    (void)state;
    size_t size = 0;
    if (is_missing()) {
        return;
    }
    esp_fill(content, 1000, 1);
    size_t made = deflate_all(1000);
    assert_true(fettle_deflate((fettle_span){content, 1000}, stream, made, &size, &err));
    assert_false(
        fettle_deflate((fettle_span){content, 1000}, stream, made - 1, &size, &err));
    assert_int_equal(FETTLE_E_SYSTEM_ERROR, err.code);
}

static void refuses_other_streams(void **state)
{
    (void)state;
    if (is_missing()) {
        return;
    }
    esp_fill(content, 500, 1);
    size_t made = deflate_all(500);
    for (size_t cut = 0; cut < made; cut++) {
        assert_false(fettle_inflate((fettle_span){stream, cut}, again, 500, &err));
    }
    assert_false(fettle_inflate((fettle_span){stream, made}, again, 499, &err));
    assert_false(fettle_inflate((fettle_span){stream, made}, again, 501, &err));
    stream[made] = 0;
    assert_false(fettle_inflate((fettle_span){stream, made + 1}, again, 500, &err));
    stream[made - 1] ^= 1; /* its Adler-32 */
    assert_false(fettle_inflate((fettle_span){stream, made}, again, 500, &err));
    assert_int_equal(FETTLE_E_SYSTEM_ERROR, err.code);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    size_t size = 0, failures = 0;
    if (is_missing()) {
        return;
    }
    for (unsigned long nth = 1;; nth++) {
        fettle_alloc_fail_at(nth);
        if (fettle_deflate((fettle_span){content, 10}, stream, sizeof stream, &size,
                           &err)) {
            break;
        }
        assert_int_equal(FETTLE_E_NO_MEMORY, err.code);
        failures++;
    }
    fettle_alloc_fail_at(1);
    assert_false(fettle_inflate((fettle_span){stream, size}, again, 10, &err));
    assert_int_equal(FETTLE_E_NO_MEMORY, err.code);
    fettle_alloc_fail_at(0);
    assert_true(failures >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_there_and_back),
        cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(refuses_other_streams),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
