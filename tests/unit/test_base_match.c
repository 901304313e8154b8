/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which board is meant, and which face it shows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/effect.h"

static const fettle_face faces[] = {
    {.mode = FETTLE_MODE_DFU, .as = FETTLE_LINK_USB, .id = {0x04D8, 0xF014}},
    {.mode = FETTLE_MODE_APP, .as = FETTLE_LINK_SERIAL, .id = {0x04D8, 0xF013}},
    {.mode = FETTLE_MODE_APP, .as = FETTLE_LINK_NONE, .id = {0x04D8, 0xF013}},
};

static const fettle_match any_of_them = {.faces = faces, .face_count = 3};

static const fettle_sight loader = {.path = "usb:1-1.2",
                                    .serial = "Py01",
                                    .arrival = 5,
                                    .kind = FETTLE_LINK_USB,
                                    .id = {0x04D8, 0xF014}};

static void test_the_first_face_that_fits(void **state)
{
    (void)state;
    fettle_sight sight = loader;
    assert_ptr_equal(&faces[0], fettle_match_face(&any_of_them, &sight));
    sight.kind = FETTLE_LINK_SERIAL; /* the loader's ids, but no USB to talk through */
    assert_null(fettle_match_face(&any_of_them, &sight));
    sight.id = faces[1].id;
    assert_ptr_equal(&faces[1], fettle_match_face(&any_of_them, &sight));
    sight.kind = FETTLE_LINK_USB; /* seen at least */
    assert_ptr_equal(&faces[2], fettle_match_face(&any_of_them, &sight));
    sight.kind = FETTLE_LINK_NONE;
    assert_ptr_equal(&faces[2], fettle_match_face(&any_of_them, &sight));
    sight.id.product++;
    assert_null(fettle_match_face(&any_of_them, &sight));
}

static void test_no_face_fits_nothing(void **state)
{
    (void)state;
    const fettle_match nothing = {.path = "usb:1-1.2"};
    assert_null(fettle_match_face(&nothing, &loader));
}

static void test_any_id(void **state)
{
    (void)state;
    const fettle_face any = {.as = FETTLE_LINK_SERIAL};
    const fettle_match match = {.faces = &any, .face_count = 1};
    fettle_sight sight = {.path = "/dev/ttyS0", .kind = FETTLE_LINK_SERIAL, .arrival = 1};
    assert_ptr_equal(&any, fettle_match_face(&match, &sight));
    sight.id = (fettle_usb_id){0x10C4, 0xEA60};
    assert_ptr_equal(&any, fettle_match_face(&match, &sight));
    sight.kind = FETTLE_LINK_USB;
    assert_null(fettle_match_face(&match, &sight));
}

static void test_no_usb_is_not_any_id(void **state)
{
    (void)state;
    const fettle_sight sight = {
        .path = "/dev/ttyS0", .kind = FETTLE_LINK_SERIAL, .arrival = 1};
    assert_null(fettle_match_face(&any_of_them, &sight));
}

static void test_path_and_serial_must_agree(void **state)
{
    (void)state;
    static const struct {
        const char *path, *serial;
        bool fits;
    } cases[] = {
        {NULL, NULL, true},
        {"usb:1-1.2", NULL, true},
        {NULL, "Py01", true},
        {"usb:1-1.2", "Py01", true},
        {"usb:1-1", NULL, false},
        {"usb:1-1.20", NULL, false},
        {"", NULL, false},
        {NULL, "Py1", false},
        {NULL, "", false},
        {"usb:1-1.2", "Py02", false},
        {"usb:1-1.3", "Py01", false},
        {NULL, "py01", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fettle_match match = any_of_them;
        match.path = cases[i].path;
        match.serial = cases[i].serial;
        assert_int_equal(cases[i].fits, fettle_match_face(&match, &loader) != NULL);
    }
}

static void test_only_a_later_arrival(void **state)
{
    (void)state;
    fettle_match match = any_of_them;
    match.after_arrival = 4;
    assert_non_null(fettle_match_face(&match, &loader));
    match.after_arrival = 5;
    assert_null(fettle_match_face(&match, &loader));
    match.after_arrival = 6;
    assert_null(fettle_match_face(&match, &loader));
}

static void test_a_node_is_a_name_too(void **state)
{
    (void)state;
    fettle_sight sight = loader;
    fettle_match match = any_of_them;
    match.path = "/dev/ttyUSB0";
    assert_null(fettle_match_face(&match, &sight));
    sight.node[0] = '?';
    assert_null(fettle_match_face(&match, &sight));
    (void)memcpy(sight.node, match.path, strlen(match.path) + 1);
    assert_non_null(fettle_match_face(&match, &sight));
}

static bool is_serial(const fettle_sight *sight)
{
    return sight->kind == FETTLE_LINK_SERIAL;
}

static void test_only_what_may_be_it(void **state)
{
    (void)state;
    fettle_sight sight = loader;
    fettle_match match = any_of_them;
    match.may_be = is_serial;
    assert_null(fettle_match_face(&match, &sight));
    sight.kind = FETTLE_LINK_SERIAL;
    sight.id = faces[1].id;
    assert_non_null(fettle_match_face(&match, &sight));
}

static void test_never_unless_named(void **state)
{
    (void)state;
    static const fettle_usb_id never[] = {{0x0B05, 0x17CB}, {0x04D8, 0xF014}};
    fettle_match match = any_of_them;
    match.never = never;
    match.never_count = 2;
    assert_null(fettle_match_face(&match, &loader));
    match.path = "usb:1-1.2";
    assert_non_null(fettle_match_face(&match, &loader));
    match.path = NULL;
    match.serial = "Py01";
    assert_non_null(fettle_match_face(&match, &loader));
    match.serial = "other";
    assert_null(fettle_match_face(&match, &loader));
    match.serial = NULL;
    match.never_count = 1;
    assert_non_null(fettle_match_face(&match, &loader));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_face_that_fits),
        cmocka_unit_test(test_no_face_fits_nothing),
        cmocka_unit_test(test_any_id),
        cmocka_unit_test(test_no_usb_is_not_any_id),
        cmocka_unit_test(test_path_and_serial_must_agree),
        cmocka_unit_test(test_only_a_later_arrival),
        cmocka_unit_test(test_a_node_is_a_name_too),
        cmocka_unit_test(test_only_what_may_be_it),
        cmocka_unit_test(test_never_unless_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
