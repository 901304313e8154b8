/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for cmocka, for builds that have none to link with (32 bits on a 64-bit system): the part
 * of its interface that the unit tests use, in TAP, in one header. The first assertion that fails ends
 * the program.
 */
#ifndef FETTLE_TESTS_CMOCKA_H
#define FETTLE_TESTS_CMOCKA_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uintmax_t LargestIntegralType;

struct CMUnitTest {
    const char *name;
    void (*run)(void **state);
    int (*set_up)(void **state);
    int (*tear_down)(void **state);
    void *initial_state;
};

#define cmocka_unit_test(f)                 ((struct CMUnitTest){#f, f, NULL, NULL, NULL})
#define cmocka_unit_test_prestate(f, state) ((struct CMUnitTest){#f, f, NULL, NULL, state})
#define cmocka_unit_test_setup(f, set_up)   ((struct CMUnitTest){#f, f, set_up, NULL, NULL})
#define cmocka_unit_test_teardown(f, tear_down) \
    ((struct CMUnitTest){#f, f, NULL, tear_down, NULL})
#define cmocka_unit_test_setup_teardown(f, set_up, tear_down) \
    ((struct CMUnitTest){#f, f, set_up, tear_down, NULL})
#define cmocka_unit_test_prestate_setup_teardown(f, set_up, tear_down, state) \
    ((struct CMUnitTest){#f, f, set_up, tear_down, state})

#define print_message(...) ((void)printf(__VA_ARGS__))
#define print_error(...)   ((void)fprintf(stderr, __VA_ARGS__))

static inline void cmocka_require(bool holds, const char *what, const char *file, int line)
{
    if (!holds) {
        printf("not ok - %s\n# %s:%d\n", what, file, line);
        exit(1);
    }
}

static inline void cmocka_require_equal(uintmax_t a, uintmax_t b, bool wanted,
                                        const char *what, const char *file, int line)
{
    if ((a == b) != wanted) {
        printf("# %ju (%#jx) and %ju (%#jx)\n", a, a, b, b);
        cmocka_require(false, what, file, line);
    }
}

static inline bool cmocka_is_in_range(uintmax_t a, uintmax_t low, uintmax_t high)
{
    return a >= low && a <= high;
}

#define CMOCKA_EQUAL(a, b, wanted)                                                     \
    cmocka_require_equal((uintmax_t)(a), (uintmax_t)(b), wanted, #a ", " #b, __FILE__, \
                         __LINE__)
#define CMOCKA_REQUIRE(holds, what) cmocka_require(holds, what, __FILE__, __LINE__)

#define assert_true(a)     CMOCKA_REQUIRE(!!(a), #a)
#define assert_false(a)    CMOCKA_REQUIRE(!(a), "!(" #a ")")
#define assert_null(a)     CMOCKA_REQUIRE((a) == NULL, #a " == NULL")
#define assert_non_null(a) CMOCKA_REQUIRE((a) != NULL, #a " != NULL")
#define assert_ptr_equal(a, b) \
    CMOCKA_REQUIRE((const void *)(a) == (const void *)(b), #a " == " #b)
#define assert_ptr_not_equal(a, b) \
    CMOCKA_REQUIRE((const void *)(a) != (const void *)(b), #a " != " #b)
#define assert_int_equal(a, b)        CMOCKA_EQUAL(a, b, true)
#define assert_int_not_equal(a, b)    CMOCKA_EQUAL(a, b, false)
#define assert_string_equal(a, b)     CMOCKA_REQUIRE(strcmp(a, b) == 0, #a " == " #b)
#define assert_string_not_equal(a, b) CMOCKA_REQUIRE(strcmp(a, b) != 0, #a " != " #b)
#define assert_memory_equal(a, b, size) \
    CMOCKA_REQUIRE(memcmp((const void *)(a), (const void *)(b), size) == 0, #a " == " #b)
#define assert_memory_not_equal(a, b, size) \
    CMOCKA_REQUIRE(memcmp((const void *)(a), (const void *)(b), size) != 0, #a " != " #b)
#define assert_in_range(a, low, high)                                            \
    CMOCKA_REQUIRE(                                                              \
        cmocka_is_in_range((uintmax_t)(a), (uintmax_t)(low), (uintmax_t)(high)), \
        #a " in range")
#define assert_not_in_range(a, low, high)                                         \
    CMOCKA_REQUIRE(                                                               \
        !cmocka_is_in_range((uintmax_t)(a), (uintmax_t)(low), (uintmax_t)(high)), \
        #a " not in range")
/* Leaves the test function, so it can't be used deeper. */
#define skip()                        \
    do {                              \
        print_message("# skipped\n"); \
        return;                       \
    } while (0)
#define fail()        CMOCKA_REQUIRE(false, "fail()")
#define fail_msg(...) (print_message("# " __VA_ARGS__), print_message("\n"), fail())

static inline int cmocka_run_all(const struct CMUnitTest *tests, size_t count,
                                 int (*set_up)(void **state),
                                 int (*tear_down)(void **state))
{
    void *group_state = NULL;
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..%zu\n", count);
    CMOCKA_REQUIRE(set_up == NULL || set_up(&group_state) == 0, "the group's setup");
    for (size_t i = 0; i < count; i++) {
        void *state = tests[i].initial_state != NULL ? tests[i].initial_state : group_state;
        CMOCKA_REQUIRE(tests[i].set_up == NULL || tests[i].set_up(&state) == 0, "setup");
        tests[i].run(&state);
        CMOCKA_REQUIRE(tests[i].tear_down == NULL || tests[i].tear_down(&state) == 0,
                       "teardown");
        printf("ok %zu - %s\n", i + 1, tests[i].name);
    }
    CMOCKA_REQUIRE(tear_down == NULL || tear_down(&group_state) == 0,
                   "the group's teardown");
    return 0;
}

#define cmocka_run_group_tests(tests, set_up, tear_down) \
    cmocka_run_all(tests, sizeof(tests) / sizeof *(tests), set_up, tear_down)
#define cmocka_run_group_tests_name(name, tests, set_up, tear_down) \
    cmocka_run_group_tests(tests, set_up, tear_down)

#endif
