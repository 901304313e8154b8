/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for the pure folders: zeroed, and failing exactly where a test wants it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"

static void test_memory_is_zeroed(void **state)
{
    (void)state;
    static const unsigned char zeros[1000];
    void *memory = fettle_alloc(sizeof zeros);
    assert_non_null(memory);
    assert_memory_equal(zeros, memory, sizeof zeros);
    fettle_free(memory);
}

static void test_nothing_is_memory_too(void **state)
{
    (void)state;
    void *memory = fettle_alloc(0);
    assert_non_null(memory);
    fettle_free(memory);
    fettle_free(NULL);
}

static void test_only_the_nth_request_fails(void **state)
{
    (void)state;
    fettle_alloc_fail_at(3);
    for (unsigned long request = 1; request <= 5; request++) {
        void *memory = fettle_alloc(8);
        assert_int_equal(request == 3, memory == NULL);
        assert_int_equal(request, fettle_alloc_count());
        fettle_free(memory);
    }
    fettle_alloc_fail_at(1);
    assert_int_equal(0, fettle_alloc_count());
    assert_null(fettle_alloc(8));
    fettle_alloc_fail_at(0);
    void *memory = fettle_alloc(8);
    assert_non_null(memory);
    fettle_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed),
        cmocka_unit_test(test_nothing_is_memory_too),
        cmocka_unit_test(test_only_the_nth_request_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
