/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every table of boards: the board that no table knows, the parts of computers, and
 * looking things up, here in two small vendors made for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "board/vendor.h"

static const fettle_usb_id shared_app = {0x1234, 0x0001}, shared_loader = {0x1234, 0x0002};

#define SHARED_FACES                                              \
    {                                                             \
        {FETTLE_MODE_APP, FETTLE_LINK_NONE, {0x1234, 0x0001}},    \
            {FETTLE_MODE_DFU, FETTLE_LINK_USB, {0x1234, 0x0002}}, \
    }

static const fettle_board_row first_rows[] = {
    {.id = "alpha", .name = "Alpha", .face_count = 2, .faces = SHARED_FACES},
    {.id = "beta", .name = "Beta Board", .face_count = 2, .faces = SHARED_FACES},
};

/* Its loader's id is the application's id of the others; its second face is any id. */
static const fettle_board_row second_rows[] = {
    {.id = "gamma",
     .name = "Gamma",
     .face_count = 2,
     .faces = {{FETTLE_MODE_DFU, FETTLE_LINK_USB, {0x1234, 0x0001}},
               {FETTLE_MODE_APP, FETTLE_LINK_NONE, {0, 0}}}},
};

static const fettle_stock_loader stock[] = {{{0x4321, 0x0001}, "stock", "made up"}};

static const fettle_vendor first = {.name = "First", .rows = first_rows, .row_count = 2};
static const fettle_vendor second = {.name = "Second",
                                     .rows = second_rows,
                                     .row_count = 1,
                                     .stock_loaders = stock,
                                     .stock_loader_count = 1};
static const fettle_vendor *const list[] = {&first, &second};
static const fettle_vendors vendors = {list, 2};
static const fettle_vendors none = {NULL, 0};

static bool is_same(fettle_usb_id a, fettle_usb_id b)
{
    return a.vendor == b.vendor && a.product == b.product;
}

/* ---- constants ---- */

static void test_generic_is_by_the_book(void **state)
{
    (void)state;
    const fettle_board_row *row = &fettle_board_generic;
    assert_string_equal("dfu", row->id);
    assert_string_equal("DFU board", row->name);
    assert_int_equal(FETTLE_PROTOCOL_DFU, row->protocol);
    assert_int_equal(1, row->face_count);
    assert_int_equal(FETTLE_MODE_UNKNOWN, row->faces[0].mode);
    assert_int_equal(FETTLE_LINK_USB, row->faces[0].as);
    assert_true(is_same((fettle_usb_id){0, 0}, row->faces[0].id));
    assert_int_equal(15000000, row->comes_back);
    assert_int_equal(0, row->window);
    assert_int_equal(0, row->revision_count);
    assert_int_equal(0, row->memory.size);
    assert_int_equal(0, row->memory.transfer_size);
    assert_int_equal(0, row->memory.keeps_to);
    assert_false(row->dfu.ignores_abort || row->dfu.block_is_place ||
                 row->dfu.reads_in_download || row->dfu.whole_blocks ||
                 row->dfu.leaves_by_itself || row->dfu.never_select);
    assert_null(row->button);
    assert_null(row->enter);
    assert_null(row->picture);
    assert_null(row->revision_question);
    assert_false(row->carries_module);
    assert_null(row->faulty_revision);
    assert_non_null(row->needed_by);
    assert_non_null(row->evidence);
}

static void test_computer_parts(void **state)
{
    (void)state;
    bool has_apple = false;
    assert_true(fettle_computer_part_count > 0);
    for (size_t i = 0; i < fettle_computer_part_count; i++) {
        fettle_usb_id id = fettle_computer_parts[i];
        assert_int_not_equal(0, id.vendor);
        assert_int_not_equal(0, id.product);
        has_apple |= is_same(id, (fettle_usb_id){0x05ac, 0x8bcd});
        for (size_t k = 0; k < i; k++) {
            assert_false(is_same(id, fettle_computer_parts[k]));
        }
    }
    assert_true(has_apple);
}

/* ---- one row ---- */

static void test_mode_of(void **state)
{
    (void)state;
    const fettle_board_row *row = &first_rows[0];
    assert_int_equal(FETTLE_MODE_APP, fettle_board_mode_of(row, shared_app));
    assert_int_equal(FETTLE_MODE_DFU, fettle_board_mode_of(row, shared_loader));
    assert_int_equal(FETTLE_MODE_UNKNOWN,
                     fettle_board_mode_of(row, (fettle_usb_id){0x1234, 0x0003}));
    assert_int_equal(FETTLE_MODE_UNKNOWN,
                     fettle_board_mode_of(row, (fettle_usb_id){0x1235, 0x0001}));
}

/* A face of any id says nothing about an id; nor do boards that have none. */
static void test_mode_of_any_id(void **state)
{
    (void)state;
    fettle_usb_id nothing = {0, 0};
    assert_int_equal(FETTLE_MODE_UNKNOWN, fettle_board_mode_of(&second_rows[0], nothing));
    assert_int_equal(FETTLE_MODE_UNKNOWN,
                     fettle_board_mode_of(&second_rows[0], shared_loader));
    assert_int_equal(FETTLE_MODE_UNKNOWN,
                     fettle_board_mode_of(&fettle_board_generic, nothing));
    assert_int_equal(FETTLE_MODE_UNKNOWN,
                     fettle_board_mode_of(&fettle_board_generic, shared_app));
}

static void test_id_in(void **state)
{
    (void)state;
    const fettle_board_row *row = &first_rows[0];
    fettle_usb_id nothing = {0, 0};
    assert_true(is_same(shared_app, fettle_board_id_in(row, FETTLE_MODE_APP)));
    assert_true(is_same(shared_loader, fettle_board_id_in(row, FETTLE_MODE_DFU)));
    assert_true(is_same(nothing, fettle_board_id_in(row, FETTLE_MODE_ROM)));
    assert_true(is_same(nothing, fettle_board_id_in(row, FETTLE_MODE_UNKNOWN)));
    assert_true(
        is_same(nothing, fettle_board_id_in(&fettle_board_generic, FETTLE_MODE_APP)));
}

/* ---- all vendors ---- */

static void test_find_name(void **state)
{
    (void)state;
    const fettle_vendor *vendor = NULL;
    assert_ptr_equal(&first_rows[1], fettle_vendors_find_name(vendors, "beta", &vendor));
    assert_ptr_equal(&first, vendor);
    assert_ptr_equal(&second_rows[0], fettle_vendors_find_name(vendors, "GAMMA", &vendor));
    assert_ptr_equal(&second, vendor);
    assert_ptr_equal(&first_rows[1], fettle_vendors_find_name(vendors, "beta board", NULL));
    assert_null(fettle_vendors_find_name(vendors, "bet", NULL));
    assert_null(fettle_vendors_find_name(vendors, "betaa", NULL));
    assert_null(fettle_vendors_find_name(vendors, "", NULL));
    assert_null(fettle_vendors_find_name(none, "beta", NULL));
}

static void test_find_id_counts_rows(void **state)
{
    (void)state;
    const fettle_vendor *vendor = NULL;
    assert_ptr_equal(&first_rows[0], fettle_vendors_find_id(vendors, shared_app,
                                                            FETTLE_MODE_APP, 0, &vendor));
    assert_ptr_equal(&first, vendor);
    assert_ptr_equal(&first_rows[1],
                     fettle_vendors_find_id(vendors, shared_app, FETTLE_MODE_APP, 1, NULL));
    assert_null(fettle_vendors_find_id(vendors, shared_app, FETTLE_MODE_APP, 2, NULL));
    assert_null(
        fettle_vendors_find_id(vendors, shared_app, FETTLE_MODE_APP, SIZE_MAX, NULL));
}

static void test_find_id_in_a_mode(void **state)
{
    (void)state;
    const fettle_vendor *vendor = NULL;
    assert_ptr_equal(&second_rows[0], fettle_vendors_find_id(vendors, shared_app,
                                                             FETTLE_MODE_DFU, 0, &vendor));
    assert_ptr_equal(&second, vendor);
    assert_null(fettle_vendors_find_id(vendors, shared_app, FETTLE_MODE_DFU, 1, NULL));
    assert_null(fettle_vendors_find_id(vendors, shared_app, FETTLE_MODE_ROM, 0, NULL));
    assert_null(fettle_vendors_find_id(vendors, shared_loader, FETTLE_MODE_APP, 0, NULL));
}

static void test_find_id_in_any_mode(void **state)
{
    (void)state;
    const fettle_vendor *vendor = NULL;
    assert_ptr_equal(
        &second_rows[0],
        fettle_vendors_find_id(vendors, shared_app, FETTLE_MODE_UNKNOWN, 2, &vendor));
    assert_ptr_equal(&second, vendor);
    assert_null(fettle_vendors_find_id(vendors, shared_app, FETTLE_MODE_UNKNOWN, 3, NULL));
    assert_null(fettle_vendors_find_id(vendors, (fettle_usb_id){0, 0}, FETTLE_MODE_UNKNOWN,
                                       0, NULL));
    assert_null(fettle_vendors_find_id(none, shared_app, FETTLE_MODE_UNKNOWN, 0, NULL));
}

static void test_find_stock(void **state)
{
    (void)state;
    const fettle_vendor *vendor = NULL;
    assert_ptr_equal(&stock[0], fettle_vendors_find_stock(
                                    vendors, (fettle_usb_id){0x4321, 0x0001}, &vendor));
    assert_ptr_equal(&second, vendor);
    assert_ptr_equal(&stock[0], fettle_vendors_find_stock(
                                    vendors, (fettle_usb_id){0x4321, 0x0001}, NULL));
    assert_null(fettle_vendors_find_stock(vendors, shared_loader, NULL));
    assert_null(fettle_vendors_find_stock(vendors, (fettle_usb_id){0x4321, 0x0002}, NULL));
    assert_null(fettle_vendors_find_stock(none, (fettle_usb_id){0x4321, 0x0001}, NULL));
}

/* What was found before is not taken for what wasn't found now. */
static void test_nothing_found_has_no_vendor(void **state)
{
    (void)state;
    const fettle_vendor *vendor = &first;
    assert_null(fettle_vendors_find_name(vendors, "delta", &vendor));
    assert_null(vendor);
    vendor = &first;
    assert_null(fettle_vendors_find_id(vendors, shared_app, FETTLE_MODE_ROM, 0, &vendor));
    assert_null(vendor);
    vendor = &first;
    assert_null(fettle_vendors_find_stock(vendors, shared_app, &vendor));
    assert_null(vendor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generic_is_by_the_book),
        cmocka_unit_test(test_computer_parts),
        cmocka_unit_test(test_mode_of),
        cmocka_unit_test(test_mode_of_any_id),
        cmocka_unit_test(test_id_in),
        cmocka_unit_test(test_find_name),
        cmocka_unit_test(test_find_id_counts_rows),
        cmocka_unit_test(test_find_id_in_a_mode),
        cmocka_unit_test(test_find_id_in_any_mode),
        cmocka_unit_test(test_find_stock),
        cmocka_unit_test(test_nothing_found_has_no_vendor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
