/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every table of boards: the board that no table knows, the parts of computers, loaders
 * that are odd, boards that need a row and nothing else, and looking things up, here in two small vendors
 * made for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board/plain.h"
#include "pycom/pycom.h"

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

static bool is_by_the_book(const fettle_dfu_quirks *dfu)
{
    return !dfu->ignores_abort && !dfu->block_is_place && !dfu->reads_in_download &&
           !dfu->whole_blocks && !dfu->leaves_by_itself && !dfu->never_select &&
           !dfu->never_dfuse && !dfu->clears_stuck_erase && !dfu->leaves_by_detach &&
           !dfu->reads_before_leaving && !dfu->force_detach && !dfu->ignores_poll_time &&
           !dfu->size_from_serial && dfu->page_size == 0;
}

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
    assert_true(is_by_the_book(&row->dfu));
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

/* ---- loaders that are odd ---- */

enum { ANY = 0xFFFF, SOME_DEVICE = 0x0100 };

static uint16_t a_device_of(const fettle_quirk_row *row)
{
    return row->bcdDevice == ANY ? SOME_DEVICE : row->bcdDevice;
}

static const fettle_quirk_row *find(uint32_t vendor, uint32_t product, uint32_t bcdDevice)
{
    return fettle_board_quirks_of((fettle_usb_id){(uint16_t)vendor, (uint16_t)product},
                                  (uint16_t)bcdDevice);
}

static void test_quirk_rows_are_found(void **state)
{
    (void)state;
    assert_true(fettle_board_quirk_count > 0);
    for (size_t i = 0; i < fettle_board_quirk_count; i++) {
        const fettle_quirk_row *row = &fettle_board_quirks[i];
        uint16_t device = a_device_of(row);
        assert_int_not_equal(0, row->vendor);
        assert_true(row->product_first <= row->product_last);
        for (uint32_t product = row->product_first; product <= row->product_last;
             product++) {
            assert_ptr_equal(row, find(row->vendor, product, device));
        }
        assert_ptr_not_equal(row, find(row->vendor + 1u, row->product_first, device));
        if (row->product_first > 0) {
            assert_ptr_not_equal(row, find(row->vendor, row->product_first - 1u, device));
        }
        if (row->product_last < UINT16_MAX) {
            assert_ptr_not_equal(row, find(row->vendor, row->product_last + 1u, device));
        }
        if (row->bcdDevice != ANY) {
            assert_ptr_not_equal(row, find(row->vendor, row->product_first, device + 1u));
        }
    }
    assert_null(find(0x1234, 0x0001, SOME_DEVICE));
    assert_null(find(0, 0, 0));
}

static bool shares_ids(const fettle_quirk_row *a, const fettle_quirk_row *b)
{
    return a->vendor == b->vendor && a->product_first <= b->product_last &&
           b->product_first <= a->product_last;
}

/* The first that fits counts. So one row for all of a product may only follow those for some of it. */
static void test_no_id_has_two_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < fettle_board_quirk_count; i++) {
        for (size_t k = 0; k < i; k++) {
            const fettle_quirk_row *row = &fettle_board_quirks[i],
                                   *before = &fettle_board_quirks[k];
            assert_false(shares_ids(row, before) &&
                         (before->bcdDevice == ANY || before->bcdDevice == row->bcdDevice));
        }
    }
}

static void assert_words(const char *text)
{
    assert_non_null(text);
    assert_true(strlen(text) > 0);
    for (const char *at = text; *at != '\0'; at++) {
        assert_true((unsigned char)*at >= ' ' && *at != 0x7F);
    }
}

static void test_quirk_rows_say_who_and_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < fettle_board_quirk_count; i++) {
        const fettle_quirk_row *row = &fettle_board_quirks[i];
        assert_words(row->needed_by);
        assert_words(row->evidence);
        if (row->name != NULL) {
            assert_words(row->name);
        }
        assert_true(row->name != NULL || !is_by_the_book(&row->dfu));
    }
}

/* Part of a computer isn't a board, and a board with a name has quirks of its own. */
static void test_quirk_rows_are_for_nobody_else(void **state)
{
    (void)state;
    static const fettle_vendor *const named[] = {&fettle_vendor_pycom,
                                                 &fettle_vendor_plain};
    for (size_t i = 0; i < fettle_computer_part_count; i++) {
        fettle_usb_id id = fettle_computer_parts[i];
        assert_null(find(id.vendor, id.product, SOME_DEVICE));
    }
    for (size_t i = 0; i < fettle_board_quirk_count; i++) {
        const fettle_quirk_row *row = &fettle_board_quirks[i];
        for (uint32_t product = row->product_first; product <= row->product_last;
             product++) {
            fettle_usb_id id = {row->vendor, (uint16_t)product};
            assert_null(fettle_vendors_find_id((fettle_vendors){named, 2}, id,
                                               FETTLE_MODE_UNKNOWN, 0, NULL));
        }
    }
}

/* What fwupd, dfu-util and the loaders' own sources say of them. */
static const fettle_dfu_quirks *of(uint16_t vendor, uint16_t product, uint16_t bcdDevice)
{
    const fettle_quirk_row *row = find(vendor, product, bcdDevice);
    assert_non_null(row);
    return &row->dfu;
}

static void test_quirks_of_known_loaders(void **state)
{
    (void)state;
    assert_true(of(0x0483, 0xdf11, 0x2200)->clears_stuck_erase);
    assert_true(of(0x28e9, 0x0189, 0x1000)->size_from_serial);
    assert_int_equal(1024, of(0x28e9, 0x0189, 0x1000)->page_size);
    assert_true(of(0x1eaf, 0x0003, 0x0200)->never_dfuse);
    assert_null(find(0x1eaf, 0x0003, 0x0201));
    assert_true(of(0x2fe3, 0xffff, 0x0205)->ignores_poll_time);
    assert_true(of(0x273f, 0x1003, 0x0001)->reads_before_leaving);
    assert_true(of(0x273f, 0x1008, 0x0001)->reads_before_leaving);
    assert_true(of(0x273f, 0x100a, 0x0001)->reads_before_leaving);
    assert_true(is_by_the_book(of(0x2e3c, 0xdf11, 0x0200)));
    assert_true(is_by_the_book(of(0x1fc9, 0x000c, 0x0100)));
    assert_string_equal("STM32 in its boot ROM", find(0x0483, 0xdf11, 0x2200)->name);
}

static void test_impatience(void **state)
{
    (void)state;
    static const struct {
        uint16_t vendor, product, bcdDevice;
        bool is_known;
    } loaders[] = {
        {0x1d50, 0x5116, 0, false}, {0x1d50, 0x5117, 0, true},  {0x1d50, 0x5126, 0, true},
        {0x1d50, 0x5127, 0, false}, {0x1457, 0x5117, 0, true},  {0x1457, 0x5126, 0, true},
        {0x16c0, 0x0762, 0, true},  {0x16c0, 0x0763, 0, false}, {0x16c0, 0x076b, 0, true},
        {0x16c0, 0x076c, 0, true},  {0x0908, 0x02c4, 0, true},  {0x0908, 0x02c5, 0, true},
        {0x0908, 0x02c4, 1, false}, {0x0763, 0x2806, 0, true},
    };
    for (size_t i = 0; i < sizeof loaders / sizeof *loaders; i++) {
        const fettle_quirk_row *row =
            find(loaders[i].vendor, loaders[i].product, loaders[i].bcdDevice);
        assert_int_equal(loaders[i].is_known, row != NULL);
        assert_true(row == NULL || row->dfu.ignores_poll_time);
    }
}

static void test_readers_find_each_row(void **state)
{
    (void)state;
    static char page[65536];
    char path[4096];
    snprintf(path, sizeof path, "%s/docs/quirks.md", getenv("FETTLE_SOURCE"));
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(page, 1, sizeof page - 1, file);
    assert_int_equal(0, fclose(file));
    assert_true(size > 0 && size < sizeof page - 1);
    for (size_t i = 0; i < fettle_board_quirk_count; i++) {
        const fettle_quirk_row *row = &fettle_board_quirks[i];
        char ids[32];
        snprintf(ids, sizeof ids, "%04x:%04x", (unsigned)row->vendor,
                 (unsigned)row->product_first);
        if (strstr(page, ids) == NULL) {
            fail_msg("docs/quirks.md says nothing of %s", ids);
        }
        assert_true(row->name == NULL || strstr(page, row->name) != NULL);
    }
}

/* ---- what decides about chips ---- */

static void test_special_memories(void **state)
{
    (void)state;
    static const char *const special[] = {"Option Bytes", "Option", "OTP Memory", "OTP",
                                          "Device Feature"};
    static const char *const others[] = {
        "",  "Opt",        "Device", "Internal Flash", "Flash",   "My Option Bytes",
        "O", "Memory OTP", "EEPROM", "Device Featur",  "image_0", "System Memory"};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        assert_true(fettle_board_is_special_memory(special[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(fettle_board_is_special_memory(others[i]));
    }
}

static void test_size_of_letter(void **state)
{
    (void)state;
    static const char letters[] = "468BD";
    assert_int_equal(16 * 1024, fettle_board_size_of_letter('4'));
    assert_int_equal(32 * 1024, fettle_board_size_of_letter('6'));
    assert_int_equal(64 * 1024, fettle_board_size_of_letter('8'));
    assert_int_equal(128 * 1024, fettle_board_size_of_letter('B'));
    assert_int_equal(256 * 1024, fettle_board_size_of_letter('D'));
    for (int letter = 0; letter <= UINT8_MAX; letter++) {
        bool is_known = letter != 0 && strchr(letters, letter) != NULL;
        assert_int_equal(is_known, fettle_board_size_of_letter((char)letter) != 0);
    }
}

/* ---- boards that need a row and nothing else ---- */

static void assert_plain_row(const fettle_board_row *row)
{
    assert_words(row->id);
    assert_int_equal(strlen(row->id),
                     strspn(row->id, "abcdefghijklmnopqrstuvwxyz0123456789-"));
    assert_words(row->name);
    assert_words(row->needed_by);
    assert_words(row->evidence);
    assert_true(row->face_count > 0 && row->face_count <= FETTLE_FACES_MAX);
    assert_int_not_equal(0, fettle_board_id_in(row, FETTLE_MODE_DFU).vendor);
    assert_true(row->comes_back > 0);
    assert_true((row->button == NULL) == (row->enter == NULL));
    assert_true(row->revision_count == 0 || row->revision_question != NULL);
}

static void test_plain_rows(void **state)
{
    (void)state;
    static const fettle_vendor *const named[] = {&fettle_vendor_pycom,
                                                 &fettle_vendor_plain};
    fettle_vendors all = {named, 2};
    for (size_t i = 0; i < fettle_vendor_plain.row_count; i++) {
        const fettle_board_row *row = &fettle_vendor_plain.rows[i];
        assert_plain_row(row);
        assert_ptr_equal(row, fettle_vendors_find_name(all, row->id, NULL));
        assert_ptr_equal(row, fettle_vendors_find_name(all, row->name, NULL));
    }
    assert_null(fettle_vendor_plain.rows[fettle_vendor_plain.row_count].id);
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
        cmocka_unit_test(test_quirk_rows_are_found),
        cmocka_unit_test(test_no_id_has_two_rows),
        cmocka_unit_test(test_quirk_rows_say_who_and_why),
        cmocka_unit_test(test_quirk_rows_are_for_nobody_else),
        cmocka_unit_test(test_quirks_of_known_loaders),
        cmocka_unit_test(test_impatience),
        cmocka_unit_test(test_readers_find_each_row),
        cmocka_unit_test(test_special_memories),
        cmocka_unit_test(test_size_of_letter),
        cmocka_unit_test(test_plain_rows),
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
