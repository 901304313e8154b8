/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pycom's table, row by row and against the list of ids, and what is noticed about an image before it
 * is sent. The checksum is worked out here a second time, one bit after the other, and images are sealed
 * by trying every word there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pycom/pycom.h"

enum {
    IMAGE_SIZE = 16384,
    VECTORS = 0x0400,
    SEAL = 0x3EFE, /* word 0x1F7F */
    END = 0x3F00,
    WORDS = 0x4000, /* of 14 bits */
    COLUMNS = 80,
};

static const fettle_vendor *const list[] = {&fettle_vendor_pycom};
static const fettle_vendors vendors = {list, 1};

/* ---- the table ---- */

static const struct expected {
    const char *id, *name;
    uint16_t app, loader;
    const char *revisions[2];
    const char *button, *picture;
} expected[] = {
    {"pytrack", "Pytrack", 0xF013, 0xF014, {"1", "2"}, "button S1 (MCLR)", "pytrack-s1"},
    {"pysense", "Pysense", 0xF012, 0xF011, {"1", "2"}, "button S1 (MCLR)", "pysense-s1"},
    {"pyscan", "Pyscan", 0xEF38, 0xEF37, {NULL}, "button S1 (MCLR)", "pyscan-s1"},
    {"pygate", "Pygate", 0xED14, 0xED15, {NULL}, "button S1 (MCLR)", "pygate-s1"},
    {"expansion",
     "Expansion Board",
     0xEF98,
     0xEF99,
     {"3.0", "3.1"},
     "button S1",
     "expansion-s1"},
};

enum { EXPECTED = sizeof expected / sizeof *expected };

static void assert_sentence(const char *text)
{
    assert_non_null(text);
    size_t length = strlen(text);
    assert_true(length > 0);
    assert_int_equal('.', text[length - 1]);
}

static void test_rows_are_those_of_the_list(void **state)
{
    (void)state;
    assert_string_equal("Pycom", fettle_vendor_pycom.name);
    assert_int_equal(EXPECTED, fettle_vendor_pycom.row_count);
    for (size_t i = 0; i < EXPECTED; i++) {
        const struct expected *want = &expected[i];
        const fettle_board_row *row = fettle_vendors_find_name(vendors, want->id, NULL);
        assert_non_null(row);
        assert_string_equal(want->name, row->name);
        assert_string_equal(want->button, row->button);
        assert_string_equal(want->picture, row->picture);
        assert_ptr_equal(row, fettle_vendors_find_name(vendors, want->name, NULL));
        assert_int_equal(2, row->face_count);
        assert_int_equal(FETTLE_MODE_APP, row->faces[0].mode);
        assert_int_equal(FETTLE_LINK_NONE, row->faces[0].as);
        assert_int_equal(0x04D8, row->faces[0].id.vendor);
        assert_int_equal(want->app, row->faces[0].id.product);
        assert_int_equal(FETTLE_MODE_DFU, row->faces[1].mode);
        assert_int_equal(FETTLE_LINK_USB, row->faces[1].as);
        assert_int_equal(0x04D8, row->faces[1].id.vendor);
        assert_int_equal(want->loader, row->faces[1].id.product);
    }
}

static void test_rows_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < fettle_vendor_pycom.row_count; i++) {
        const fettle_board_row *row = &fettle_vendor_pycom.rows[i];
        assert_int_equal(FETTLE_PROTOCOL_DFU, row->protocol);
        assert_int_equal(16384, row->memory.size);
        assert_int_equal(64, row->memory.transfer_size);
        assert_int_equal(0x0400, row->memory.keeps_from);
        assert_int_equal(0x3F00, row->memory.keeps_to);
        assert_int_equal(0xFF, row->memory.blank[0]);
        assert_int_equal(0x3F, row->memory.blank[1]);
        assert_true(row->dfu.ignores_abort && row->dfu.block_is_place &&
                    row->dfu.reads_in_download && row->dfu.whole_blocks &&
                    row->dfu.leaves_by_itself && row->dfu.never_select);
        assert_int_equal(15000000, row->comes_back);
        assert_int_equal(7000000, row->window);
        assert_true(row->carries_module);
        assert_int_equal(strcmp(row->id, "expansion") == 0, row->faulty_revision != NULL);
        assert_sentence(row->enter);
        assert_true(row->needed_by != NULL && row->needed_by[0] != '\0');
        assert_true(row->evidence != NULL && row->evidence[0] != '\0');
    }
}

/* Numbered steps, then one line that has no number; a line that goes on begins with blanks. */
static void assert_steps(const char *text)
{
    char number = '1';
    for (const char *line = text; *line != '\0';) {
        const char *end = strchr(line, '\n');
        size_t length = end != NULL ? (size_t)(end - line) : strlen(line);
        assert_in_range(length, 1, COLUMNS);
        bool goes_on = strncmp(line, "   ", 3) == 0;
        bool is_step = line[0] == number && strncmp(line + 1, ". ", 2) == 0;
        assert_true(goes_on || is_step || end == NULL);
        /* A sentence never ends in the next step. */
        bool is_whole = end == NULL || end[1] != ' ';
        assert_int_equal(is_whole, line[length - 1] == '.');
        number = (char)(number + is_step);
        line += length + (end != NULL);
    }
    assert_int_equal('5', number);
}

static void test_steps_say_what_people_miss(void **state)
{
    (void)state;
    static const char *const needed[] = {"Unplug the USB",  "module off",   "battery",
                                         "button S1",       "Safe Boot",    "reset button",
                                         "one more second", "seven seconds"};
    for (size_t i = 0; i < fettle_vendor_pycom.row_count; i++) {
        const fettle_board_row *row = &fettle_vendor_pycom.rows[i];
        assert_steps(row->enter);
        for (size_t k = 0; k < sizeof needed / sizeof *needed; k++) {
            assert_non_null(strstr(row->enter, needed[k]));
        }
    }
}

/* The question names its answers, and ranges of versions don't overlap. */
static void test_revisions(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED; i++) {
        const fettle_board_row *row =
            fettle_vendors_find_name(vendors, expected[i].id, NULL);
        const char *const *wanted = expected[i].revisions;
        if (wanted[0] == NULL) {
            assert_int_equal(0, row->revision_count);
            assert_null(row->revision_question);
            continue;
        }
        assert_int_equal(2, row->revision_count);
        assert_sentence(row->revision_question);
        assert_non_null(strstr(row->revision_question, row->name));
        for (size_t k = 0; k < 2; k++) {
            assert_string_equal(wanted[k], row->revisions[k].value);
            assert_non_null(strstr(row->revision_question, wanted[k]));
            assert_true(row->revisions[k].version_min <= row->revisions[k].version_max);
        }
        assert_true(row->revisions[1].version_max == 0 ||
                    row->revisions[0].version_max < row->revisions[1].version_min);
    }
}

/* Version 8 is the last of the first shields; 16 the one of 2.0 X, as a decimal or a BCD number. */
static void test_versions_of_shields(void **state)
{
    (void)state;
    static const char *const shields[] = {"pytrack", "pysense"};
    for (size_t i = 0; i < 2; i++) {
        const fettle_revision *revisions =
            fettle_vendors_find_name(vendors, shields[i], NULL)->revisions;
        assert_in_range(0x0002, revisions[0].version_min, revisions[0].version_max);
        assert_in_range(0x0008, revisions[0].version_min, revisions[0].version_max);
        assert_in_range(15, revisions[1].version_min, revisions[1].version_max);
        assert_in_range(16, revisions[1].version_min, revisions[1].version_max);
        assert_in_range(0x0016, revisions[1].version_min, revisions[1].version_max);
        assert_true(0x0100 > revisions[1].version_max); /* a number that says nothing */
    }
}

/* Revisions share ids, rows don't; nor is any of them a part of a computer or the stock loader. */
static void test_no_id_twice(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXPECTED; i++) {
        const uint16_t products[] = {expected[i].app, expected[i].loader};
        for (size_t k = 0; k < 2; k++) {
            fettle_usb_id id = {0x04D8, products[k]};
            fettle_mode mode = k == 0 ? FETTLE_MODE_APP : FETTLE_MODE_DFU;
            const fettle_vendor *vendor = NULL;
            const fettle_board_row *row =
                fettle_vendors_find_id(vendors, id, FETTLE_MODE_UNKNOWN, 0, &vendor);
            assert_non_null(row);
            assert_string_equal(expected[i].id, row->id);
            assert_ptr_equal(&fettle_vendor_pycom, vendor);
            assert_int_equal(mode, fettle_board_mode_of(row, id));
            assert_ptr_equal(row, fettle_vendors_find_id(vendors, id, mode, 0, NULL));
            assert_null(fettle_vendors_find_id(vendors, id, FETTLE_MODE_UNKNOWN, 1, NULL));
            assert_null(fettle_vendors_find_stock(vendors, id, NULL));
            for (size_t n = 0; n < fettle_computer_part_count; n++) {
                assert_int_not_equal(id.vendor, fettle_computer_parts[n].vendor);
            }
        }
    }
}

static void test_stock_loader(void **state)
{
    (void)state;
    fettle_usb_id id = {0x1209, 0x2002};
    const fettle_vendor *vendor = NULL;
    const fettle_stock_loader *stock = fettle_vendors_find_stock(vendors, id, &vendor);
    assert_non_null(stock);
    assert_ptr_equal(&fettle_vendor_pycom, vendor);
    assert_true(stock->name[0] != '\0' && stock->evidence[0] != '\0');
    assert_null(fettle_vendors_find_id(vendors, id, FETTLE_MODE_UNKNOWN, 0, NULL));
}

/* ---- the checksum ---- */

/* The polynomial's division done plainly: each bit of the message, then the register's. */
static uint16_t divide(const uint8_t *bytes, size_t size)
{
    unsigned crc = 0;
    for (size_t i = 0; i < size * 8; i++) {
        unsigned bit = (unsigned)bytes[i / 8] >> i % 8 & 1;
        unsigned out = (crc & 1) ^ bit;
        crc >>= 1;
        crc ^= out * 0x23B1;
    }
    return (uint16_t)crc;
}

static uint16_t crc_of(const uint8_t *bytes, size_t size)
{
    return fettle_pycom_crc14((fettle_span){bytes, size});
}

/* Sixteen steps by hand: a one that enters first is the polynomial after one step. */
static void test_crc14_of_one_bit(void **state)
{
    (void)state;
    static const uint8_t last[] = {0x00, 0x80}, last_but_one[] = {0x00, 0x40};
    assert_int_equal(0x23B1, crc_of(last, 2));
    assert_int_equal(0x23B1 >> 1 ^ 0x23B1, crc_of(last_but_one, 2));
}

static void test_crc14_agrees_with_plain_division(void **state)
{
    (void)state;
    uint8_t bytes[64];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
    for (size_t size = 0; size <= sizeof bytes; size += 2) {
        assert_int_equal(divide(bytes, size), crc_of(bytes, size));
    }
}

static void test_crc14_of_nothing_and_of_odd_sizes(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x12, 0x34, 0x56};
    assert_int_equal(0, crc_of(NULL, 0));
    assert_int_equal(0, crc_of(bytes, 1));
    assert_int_equal(crc_of(bytes, 2), crc_of(bytes, 3));
}

/* Fits in a word, and written behind the words it makes the whole 0. */
static void test_crc14_seals(void **state)
{
    (void)state;
    uint8_t bytes[] = {0x34, 0x12, 0xFF, 0x3F, 0x00, 0x00, 0, 0};
    uint16_t crc = crc_of(bytes, 6);
    assert_true(crc < WORDS);
    bytes[6] = (uint8_t)crc;
    bytes[7] = (uint8_t)(crc >> 8);
    assert_int_equal(0, crc_of(bytes, 8));
}

/* ---- the check ---- */

struct checked {
    size_t count;
    fettle_finding finding;
};

static struct checked check(const uint8_t *image, size_t size)
{
    struct checked checked = {.count = 0};
    checked.count = fettle_vendor_pycom.check(
        &fettle_vendor_pycom.rows[0], (fettle_span){image, size}, &checked.finding, 1);
    return checked;
}

static void assert_refused(const uint8_t *image, size_t size, const char *text)
{
    struct checked checked = check(image, size);
    assert_int_equal(1, checked.count);
    assert_int_equal(FETTLE_FINDING_REFUSAL, checked.finding.kind);
    assert_string_equal(text, checked.finding.text);
}

static void assert_unsure(const uint8_t *image)
{
    struct checked checked = check(image, IMAGE_SIZE);
    assert_int_equal(1, checked.count);
    assert_int_equal(FETTLE_FINDING_NOTE, checked.finding.kind);
    assert_int_equal(FETTLE_NOTE_CHECKSUM_UNSURE, checked.finding.note);
}

/* Finds the word that makes the residue 0 by trying all; there must be exactly one. */
static void seal(uint8_t *image)
{
    unsigned found = 0, sealing = 0;
    /* What the words in front leave in the register decides; the last word alone varies. */
    uint16_t before = divide(image + VECTORS, SEAL - VECTORS);
    for (unsigned word = 0; word < WORDS; word++) {
        const uint8_t last[2] = {(uint8_t)(before ^ word), (uint8_t)((before ^ word) >> 8)};
        if (divide(last, 2) == 0) {
            found++;
            sealing = word;
        }
    }
    assert_int_equal(1, found);
    image[SEAL] = (uint8_t)sealing;
    image[SEAL + 1] = (uint8_t)(sealing >> 8);
}

static void fill_blank(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = i % 2 == 0 ? 0xFF : 0x3F;
    }
}

/* A small application with both vectors, sealed; blank elsewhere. */
static void make_image(uint8_t *image)
{
    fill_blank(image, IMAGE_SIZE);
    for (size_t i = 0; i < 600; i += 2) {
        image[VECTORS + i] = (uint8_t)(i * 7);
        image[VECTORS + i + 1] = (uint8_t)(i * 5 & 0x3F);
    }
    seal(image);
}

static void test_good_image(void **state)
{
    (void)state;
    uint8_t image[IMAGE_SIZE];
    make_image(image);
    assert_int_equal(0, divide(image + VECTORS, END - VECTORS));
    assert_int_equal(0, crc_of(image + VECTORS, END - VECTORS));
    assert_int_equal(0, check(image, IMAGE_SIZE).count);
}

/* Every bit of a word that the checksum covers, at its ends and in its middle. */
static void test_flipped_bit_is_a_note(void **state)
{
    (void)state;
    static const size_t places[] = {0x0408, 0x2000, SEAL};
    uint8_t image[IMAGE_SIZE];
    make_image(image);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        for (unsigned bit = 0; bit < 14; bit++) {
            uint8_t *byte = &image[places[i] + bit / 8];
            uint8_t flip = (uint8_t)(1u << bit % 8);
            *byte ^= flip;
            assert_unsure(image);
            *byte ^= flip;
        }
    }
    assert_int_equal(0, check(image, IMAGE_SIZE).count);
}

/* The loader's own rows and the high-endurance flash may hold anything. */
static void test_checksum_covers_the_application_only(void **state)
{
    (void)state;
    uint8_t image[IMAGE_SIZE];
    make_image(image);
    image[0] ^= 1;
    image[VECTORS - 2] ^= 1;
    image[END] ^= 1;
    image[IMAGE_SIZE - 1] ^= 1;
    assert_int_equal(0, check(image, IMAGE_SIZE).count);
}

static void test_wide_word_is_refused(void **state)
{
    (void)state;
    uint8_t image[IMAGE_SIZE];
    make_image(image);
    image[0x3FFF] = 0x40;
    assert_refused(
        image, IMAGE_SIZE,
        "the image's byte at 0x00003fff is above 0x3f, but this chip has words of "
        "14 bits");
    image[0x1235] = 0xFF;
    assert_refused(
        image, IMAGE_SIZE,
        "the image's byte at 0x00001235 is above 0x3f, but this chip has words of "
        "14 bits");
    image[0x0001] = 0x40;
    assert_refused(
        image, IMAGE_SIZE,
        "the image's byte at 0x00000001 is above 0x3f, but this chip has words of "
        "14 bits");
}

static void test_blank_reset_vector_is_refused(void **state)
{
    (void)state;
    static const char text[] =
        "the image has no application: its reset vector at 0x00000400 is blank";
    uint8_t image[IMAGE_SIZE];
    fill_blank(image, IMAGE_SIZE);
    assert_refused(image, IMAGE_SIZE, text);
    make_image(image);
    image[VECTORS] = 0xFF;
    image[VECTORS + 1] = 0x3F;
    seal(image);
    assert_refused(image, IMAGE_SIZE, text);
    /* Another word with the same low byte is none. */
    image[VECTORS + 1] = 0x3E;
    seal(image);
    assert_int_equal(0, check(image, IMAGE_SIZE).count);
}

static void test_wrong_sizes_are_refused(void **state)
{
    (void)state;
    uint8_t image[IMAGE_SIZE + 16];
    make_image(image);
    fill_blank(image + IMAGE_SIZE, 16);
    assert_refused(image, 0, "the image has 0 bytes; a shield's has 16384");
    assert_refused(NULL, 0, "the image has 0 bytes; a shield's has 16384");
    assert_refused(image, 1, "the image has 1 bytes; a shield's has 16384");
    assert_refused(image, 16383, "the image has 16383 bytes; a shield's has 16384");
    assert_refused(image, 16385, "the image has 16385 bytes; a shield's has 16384");
    assert_refused(image, 16400, "the image has 16400 bytes; a shield's has 16384");
}

static void test_no_room_for_findings(void **state)
{
    (void)state;
    assert_int_equal(0, fettle_vendor_pycom.check(&fettle_vendor_pycom.rows[0],
                                                  (fettle_span){NULL, 0}, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_those_of_the_list),
        cmocka_unit_test(test_rows_are_complete),
        cmocka_unit_test(test_steps_say_what_people_miss),
        cmocka_unit_test(test_revisions),
        cmocka_unit_test(test_versions_of_shields),
        cmocka_unit_test(test_no_id_twice),
        cmocka_unit_test(test_stock_loader),
        cmocka_unit_test(test_crc14_of_one_bit),
        cmocka_unit_test(test_crc14_agrees_with_plain_division),
        cmocka_unit_test(test_crc14_of_nothing_and_of_odd_sizes),
        cmocka_unit_test(test_crc14_seals),
        cmocka_unit_test(test_good_image),
        cmocka_unit_test(test_flipped_bit_is_a_note),
        cmocka_unit_test(test_checksum_covers_the_application_only),
        cmocka_unit_test(test_wide_word_is_refused),
        cmocka_unit_test(test_blank_reset_vector_is_refused),
        cmocka_unit_test(test_wrong_sizes_are_refused),
        cmocka_unit_test(test_no_room_for_findings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
