/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans: what is refused or asked from file, row and wishes alone, what only a look at the board can
 * settle, and what the plan then says. Nothing here touches a board; a plan is a value.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "plan/plan.h"
#include "pycom/pycom.h"
#include "sim/sim.h"

enum {
    SHIELD = 16384,
    SUFFIX = 16,
    ANY = 0xFFFF,
    PYTRACK = 0, /* rows */
    PYGATE = 3,
    EXPANSION = 4,
};

static const fettle_usb_id pytrack_id = {0x04d8, 0xf014};
static const fettle_usb_id strict_id = {0x1d50, 0x6003};
static const fettle_usb_id stock_id = {0x1209, 0x2002};

struct paper {
    uint8_t bytes[SHIELD + SUFFIX];
    size_t size; /* of the content */
    fettle_image *image;
    const fettle_board_row *row;
    const fettle_vendor *vendor;
    fettle_plan_wishes wishes;
    fettle_plan plan;
    fettle_plan_question question;
    fettle_error err;
};

static struct paper self;

/* ---- files ---- */

static void load(size_t size, unsigned flags)
{
    fettle_image_free(self.image);
    self.image =
        fettle_image_new("board.dfu", (fettle_span){self.bytes, size}, flags, &self.err);
    assert_non_null(self.image);
}

static void suffix(uint16_t idVendor, uint16_t idProduct, uint16_t bcdDevice)
{
    (void)fettle_sim_make_suffix(self.bytes + self.size, self.bytes, self.size, idVendor,
                                 idProduct, bcdDevice, 0x0100);
    load(self.size + SUFFIX, 0);
}

static void begin(size_t size, const fettle_board_row *row, const fettle_vendor *vendor)
{
    fettle_image_free(self.image);
    memset(&self, 0, sizeof self);
    self.size = size;
    self.row = row;
    self.vendor = vendor;
    self.wishes = (fettle_plan_wishes){.kind = FETTLE_TASK_UPDATE, .may_read = true};
}

static void take_shield(size_t row)
{
    begin(SHIELD, &fettle_pycom_rows[row], &fettle_vendor_pycom);
    fettle_sim_make_shield_payload(self.bytes, 3);
    fettle_usb_id id = fettle_board_id_in(self.row, FETTLE_MODE_DFU);
    suffix(id.vendor, id.product, ANY);
}

static void take_plain(void)
{
    begin(1000, &fettle_board_generic, NULL);
    for (size_t i = 0; i < self.size; i++) {
        self.bytes[i] = (uint8_t)(i * 5 + 3);
    }
    suffix(strict_id.vendor, strict_id.product, ANY);
}

static bool make(void)
{
    self.err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_plan_make(&self.plan, self.image, self.row, self.vendor, &self.wishes,
                            &self.question, &self.err);
}

static void is_refused(fettle_code code, const char *message)
{
    assert_false(make());
    assert_int_equal(code, self.err.code);
    assert_string_equal(message, self.err.message);
    assert_non_null(self.err.hint);
}

static void is_good(void)
{
    assert_true(make());
    assert_int_equal(FETTLE_E_NONE, self.err.code);
}

static bool has_note(fettle_note_code code)
{
    for (size_t i = 0; i < self.plan.note_count; i++) {
        if (self.plan.notes[i].code == code) {
            return true;
        }
    }
    return false;
}

/* ---- which board a file is for ---- */

static void test_ids_fit_and_wildcards_fit_all(void **state)
{
    static const struct {
        bool expected;
        uint16_t vendor, product;
    } rows[] = {
        {true, 0x04d8, 0xf014}, {true, ANY, 0xf014},     {true, 0x04d8, ANY},
        {true, ANY, ANY},       {false, 0x04d8, 0xf013}, {false, 0x1d50, 0xf014},
        {false, ANY, 0xf013},   {false, 0x1d50, ANY},    {false, 0, 0},
    };
    (void)state;
    take_shield(PYTRACK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        suffix(rows[i].vendor, rows[i].product, ANY);
        assert_int_equal(rows[i].expected, fettle_plan_id_fits(self.image, pytrack_id));
        self.wishes.revision = "1";
        assert_int_equal(rows[i].expected, make());
        if (!rows[i].expected) {
            assert_int_equal(FETTLE_E_WRONG_BOARD, self.err.code);
        }
    }
    assert_true(fettle_plan_id_fits(NULL, pytrack_id));
}

static void test_a_file_that_says_nothing_fits_all(void **state)
{
    (void)state;
    take_shield(PYTRACK);
    fettle_image_free(self.image);
    self.image =
        fettle_image_new("board.bin", (fettle_span){self.bytes, SHIELD}, 0, &self.err);
    assert_true(fettle_plan_id_fits(self.image, strict_id));
    self.wishes.revision = "1";
    is_good();
}

static void test_another_boards_file_is_refused_before_anything_is_asked(void **state)
{
    (void)state;
    take_shield(PYTRACK); /* which would be asked for its revision */
    suffix(0x1d50, 0x6003, ANY);
    is_refused(FETTLE_E_WRONG_BOARD, "this file is for 1d50:6003, the board is 04d8:f014");
    self.wishes.revision = "7"; /* and that answer is wrong, too */
    is_refused(FETTLE_E_WRONG_BOARD, "this file is for 1d50:6003, the board is 04d8:f014");
}

static void test_ids_can_be_ignored_and_that_is_noted(void **state)
{
    (void)state;
    take_shield(PYTRACK);
    suffix(0x1d50, 0x6003, ANY);
    self.wishes.ignores_ids = true;
    self.wishes.revision = "1";
    is_good();
    assert_true(has_note(FETTLE_NOTE_IDS_IGNORED));
    assert_string_equal(
        "The file is for 1d50:6003 and the board is 04d8:f014; going on all "
        "the same, as you asked.",
        self.plan.notes[0].message);
}

static void test_a_board_without_a_row_is_known_by_what_it_shows(void **state)
{
    (void)state;
    take_plain();
    self.wishes.seen_id = (fettle_usb_id){0x1d50, 0x6089};
    self.wishes.seen_mode = FETTLE_MODE_DFU;
    is_refused(FETTLE_E_WRONG_BOARD, "this file is for 1d50:6003, the board is 1d50:6089");
    self.wishes.seen_mode = FETTLE_MODE_APP; /* those aren't what the file names */
    is_good();
}

static void test_a_stock_loader_fits_by_its_own_ids_too(void **state)
{
    (void)state;
    take_shield(PYTRACK);
    self.wishes.revision = "1";
    suffix(stock_id.vendor, stock_id.product, ANY);
    assert_false(make());
    self.wishes.is_stock = true;
    self.wishes.stock_id = stock_id;
    is_good();
    assert_int_equal(3, self.plan.face_count);
    assert_int_equal(FETTLE_MODE_DFU, self.plan.faces[2].mode);
    assert_int_equal(0x2002, self.plan.faces[2].id.product);
}

/* ---- size and content ---- */

static void test_an_image_that_does_not_fit_is_refused(void **state)
{
    fettle_board_row small = fettle_board_generic;
    (void)state;
    take_plain();
    small.memory.size = 999;
    self.row = &small;
    is_refused(FETTLE_E_IMAGE_TOO_LARGE,
               "the image has 1000 bytes, the board's memory 999");
    small.memory.size = 1000;
    is_good();
    small.memory.size = 0; /* not known */
    is_good();
}

/* In the vendor's words, which are its own business. */
static void test_content_that_can_not_be_meant_is_refused(void **state)
{
    (void)state;
    take_shield(PYTRACK);
    self.wishes.revision = "1";
    self.size = SHIELD - 64;
    suffix(0x04d8, 0xf014, ANY);
    assert_false(make());
    assert_int_equal(FETTLE_E_IMAGE_NOT_FOR_BOARD, self.err.code);
    assert_non_null(strstr(self.err.message, "16320"));

    take_shield(PYTRACK); /* refused before the revision is asked for */
    self.bytes[0x0801] = 0x40;
    suffix(0x04d8, 0xf014, ANY);
    assert_false(make());
    assert_int_equal(FETTLE_E_IMAGE_NOT_FOR_BOARD, self.err.code);
}

static void test_content_that_is_odd_is_noted(void **state)
{
    (void)state;
    take_shield(PYTRACK);
    self.wishes.revision = "1";
    is_good();
    assert_int_equal(0, self.plan.note_count);
    self.bytes[0x0800] ^= 1;
    suffix(0x04d8, 0xf014, ANY);
    is_good();
    assert_int_equal(1, self.plan.note_count);
    assert_true(has_note(FETTLE_NOTE_CHECKSUM_UNSURE));
}

static void test_what_is_sent_and_what_counts(void **state)
{
    (void)state;
    take_shield(PYGATE);
    is_good();
    assert_int_equal(SHIELD, self.plan.payload.size); /* never the suffix */
    assert_memory_equal(self.bytes, self.plan.payload.data, SHIELD);
    assert_int_equal(0x0400, self.plan.keeps_from);
    assert_int_equal(0x3F00, self.plan.keeps_to);
    assert_true(self.plan.may_read);

    take_plain();
    is_good();
    assert_int_equal(1000, self.plan.payload.size);
    assert_int_equal(0, self.plan.keeps_from);
    assert_int_equal(1000, self.plan.keeps_to);
}

/* What is kept never lies outside of what is sent. */
static void test_what_counts_lies_in_a_short_image(void **state)
{
    fettle_board_row row = fettle_board_generic;
    (void)state;
    row.memory.keeps_from = 100;
    row.memory.keeps_to = 5000;
    take_plain();
    self.row = &row;
    is_good();
    assert_int_equal(100, self.plan.keeps_from);
    assert_int_equal(1000, self.plan.keeps_to);
    row.memory.keeps_from = 1000;
    is_good();
    assert_int_equal(0, self.plan.keeps_from);
    assert_int_equal(1000, self.plan.keeps_to);
}

/* ---- damaged files, prefixes ---- */

static void test_a_damaged_file_that_was_accepted_is_noted(void **state)
{
    (void)state;
    take_plain();
    self.bytes[10] ^= 1;
    load(self.size + SUFFIX, FETTLE_IMAGE_ACCEPT_DAMAGED);
    is_good();
    assert_true(has_note(FETTLE_NOTE_DAMAGED_ACCEPTED));
    assert_int_equal(1000, self.plan.payload.size);
}

static void test_a_checksum_without_the_suffix_is_noted_as_such(void **state)
{
    (void)state;
    take_plain();
    uint32_t crc = fettle_crc32(UINT32_MAX, (fettle_span){self.bytes, self.size});
    for (size_t i = 0; i < 4; i++) {
        self.bytes[self.size + 12 + i] = (uint8_t)(crc >> 8 * i);
    }
    load(self.size + SUFFIX, FETTLE_IMAGE_ACCEPT_DAMAGED);
    is_good();
    assert_true(has_note(FETTLE_NOTE_OTHER_CHECKSUM));
    assert_false(has_note(FETTLE_NOTE_DAMAGED_ACCEPTED));
}

static void take_ti_prefix(void)
{
    const uint8_t prefix[] = {0x01, 0x00, 0x08, 0x00, 0xE0, 0x03, 0x00, 0x00}; /* 992 */
    take_plain();
    memcpy(self.bytes, prefix, sizeof prefix);
    suffix(strict_id.vendor, strict_id.product, ANY);
    assert_int_equal(FETTLE_PREFIX_TI, self.image->prefix);
}

/* The loader takes it for itself: what is read back would begin elsewhere. */
static void test_a_prefix_is_sent_and_not_read_back(void **state)
{
    (void)state;
    take_ti_prefix();
    is_good();
    assert_int_equal(1000, self.plan.payload.size);
    assert_false(self.plan.may_read);
    assert_true(has_note(FETTLE_NOTE_PREFIX_SENT));
    self.wishes.kind = FETTLE_TASK_VERIFY;
    assert_false(make());
    assert_int_equal(FETTLE_E_NOT_SUPPORTED, self.err.code);
}

/* ---- which revision ---- */

static void test_the_question_is_asked_in_the_rows_words(void **state)
{
    (void)state;
    take_shield(PYTRACK);
    is_good();
    assert_true(self.question.is_open);
    assert_string_equal("--revision", self.question.option);
    assert_string_equal("1, 2", self.question.values);
    assert_string_equal("pytrack-s1", self.question.picture);
    assert_ptr_equal(fettle_pycom_rows[PYTRACK].revision_question, self.question.ask);
    assert_string_equal("", self.plan.revision);

    take_shield(EXPANSION);
    is_good();
    assert_true(self.question.is_open);
    assert_string_equal("3.0, 3.1", self.question.values);
}

static void test_a_board_with_one_revision_is_not_asked_about(void **state)
{
    (void)state;
    take_shield(PYGATE);
    is_good();
    assert_false(self.question.is_open);
    assert_null(self.question.option);
}

static void test_only_an_update_needs_the_answer(void **state)
{
    static const fettle_task_kind kinds[] = {FETTLE_TASK_READ, FETTLE_TASK_VERIFY,
                                             FETTLE_TASK_RESET, FETTLE_TASK_SURVEY};
    (void)state;
    take_shield(PYTRACK);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        self.wishes.kind = kinds[i];
        is_good();
        assert_false(self.question.is_open);
    }
}

static void test_an_answer_closes_the_question(void **state)
{
    (void)state;
    take_shield(PYTRACK);
    self.wishes.revision = "2";
    is_good();
    assert_false(self.question.is_open);
    assert_string_equal("2", self.plan.revision);
}

static void test_an_answer_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {"3", "", "12", "1 ", "1.0", "one"};
    (void)state;
    take_shield(PYTRACK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        self.wishes.revision = wrong[i];
        is_refused(FETTLE_E_ANSWER_NEEDED,
                   "Pytrack needs an answer: --revision must be one of 1, 2");
    }
}

/* A version never answers; it only contradicts. */
static void test_a_version_contradicts_an_answer(void **state)
{
    static const struct {
        bool expected;
        const char *said;
        uint16_t version;
    } rows[] = {
        {true, "1", 0x0002},  {true, "1", 0x0008},  {false, "1", 0x000F},
        {false, "1", 0x0099}, {false, "2", 0x0002}, {false, "2", 0x0008},
        {true, "2", 0x000F},  {true, "2", 0x0099},  {true, "1", 0x0001}, /* says nothing */
        {true, "2", 0x0009},  {true, "1", 0x000E},  {true, "2", 0x009A},
    };
    (void)state;
    take_shield(PYTRACK);
    self.wishes.seen_mode = FETTLE_MODE_APP;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        self.wishes.revision = rows[i].said;
        self.wishes.seen_version = rows[i].version;
        assert_int_equal(rows[i].expected, make());
        if (!rows[i].expected) {
            assert_int_equal(FETTLE_E_WRONG_REVISION, self.err.code);
        }
    }
    self.wishes.revision = "1";
    self.wishes.seen_version = 0x0010;
    is_refused(FETTLE_E_WRONG_REVISION,
               "the board's own version says it is revision 2, not 1");
    self.wishes.seen_mode = FETTLE_MODE_DFU; /* the loader's version says nothing */
    is_good();
    self.wishes.seen_mode = FETTLE_MODE_APP;
    self.wishes.revision = NULL;
    is_good();
    assert_true(self.question.is_open);
    self.wishes.revision = "1";
    self.wishes.ignores_ids = true;
    is_good();
}

static void load_as(const char *name)
{
    fettle_image_free(self.image);
    self.image =
        fettle_image_new(name, (fettle_span){self.bytes, self.size + SUFFIX}, 0, &self.err);
    assert_non_null(self.image);
}

/* Nor does a file's name: it, too, only contradicts. */
static void test_a_files_name_contradicts_an_answer(void **state)
{
    static const struct {
        bool expected;
        const char *said, *name;
    } rows[] = {
        {true, "1", "pytrack_0.0.8.dfu"},    {false, "2", "pytrack_0.0.8.dfu"},
        {true, "2", "pytrack2_1.0.dfu"},     {false, "1", "pytrack2_1.0.dfu"},
        {false, "1", "PYTRACK2_1.0.DFU"},    {true, "1", "pytrack.dfu"},
        {true, "2", "my-pytrack_0.0.8.dfu"}, {true, "2", "pysense_0.0.8.dfu"},
    };
    (void)state;
    take_shield(PYTRACK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        load_as(rows[i].name);
        self.wishes.revision = NULL;
        is_good();
        assert_true(self.question.is_open);
        self.wishes.revision = rows[i].said;
        assert_int_equal(rows[i].expected, make());
        if (!rows[i].expected) {
            assert_int_equal(FETTLE_E_FILE_OTHER_REVISION, self.err.code);
        }
    }
}

static void test_a_version_that_is_seen_later_contradicts_too(void **state)
{
    (void)state;
    take_shield(PYTRACK);
    self.wishes.revision = "1";
    is_good();
    assert_true(fettle_plan_check_version(&self.plan, 0x0008, &self.err));
    assert_true(
        fettle_plan_check_version(&self.plan, 0x0100, &self.err)); /* says nothing */
    assert_false(fettle_plan_check_version(&self.plan, 0x0010, &self.err));
    assert_int_equal(FETTLE_E_WRONG_REVISION, self.err.code);
    self.wishes.ignores_ids = true;
    is_good();
    assert_true(fettle_plan_check_version(&self.plan, 0x0010, &self.err));
}

/* ---- whom it is about ---- */

static void test_the_ids_of_the_normal_mode_are_explained(void **state)
{
    (void)state;
    take_shield(PYGATE);
    self.wishes.named_id = (fettle_usb_id){0x04d8, 0xED15};
    is_good();
    assert_false(has_note(FETTLE_NOTE_NAMED_NORMAL_MODE));
    self.wishes.named_id.product = 0xED14;
    is_good();
    assert_true(has_note(FETTLE_NOTE_NAMED_NORMAL_MODE));
}

static void test_the_faces_of_a_row(void **state)
{
    (void)state;
    take_shield(PYGATE);
    is_good();
    assert_int_equal(2, self.plan.face_count);
    assert_int_equal(FETTLE_MODE_APP, self.plan.faces[0].mode);
    assert_int_equal(FETTLE_LINK_NONE, self.plan.faces[0].as); /* seen, never opened */
    assert_int_equal(0xED14, self.plan.faces[0].id.product);
    assert_int_equal(FETTLE_MODE_DFU, self.plan.faces[1].mode);
    assert_int_equal(0xED15, self.plan.faces[1].id.product);
    assert_true(self.plan.expects_application);
    /* A board that was seen may come back as a stock loader; until then that is a stranger. */
    assert_int_equal(1, self.plan.stranger_count);
    assert_int_equal(0x2002, self.plan.faces[2].id.product);
}

static void test_the_face_of_a_board_without_a_row(void **state)
{
    (void)state;
    take_plain(); /* the file's ids are all that there is to go by */
    is_good();
    assert_int_equal(1, self.plan.face_count);
    assert_int_equal(0x1d50, self.plan.faces[0].id.vendor);
    assert_int_equal(0x6003, self.plan.faces[0].id.product);
    assert_false(self.plan.expects_application);

    self.wishes.seen_id = (fettle_usb_id){0x1d50, 0x6002}; /* it was chosen, and seen */
    self.wishes.seen_mode = FETTLE_MODE_APP;
    is_good();
    assert_int_equal(0x6002, self.plan.faces[0].id.product);

    self.wishes.path =
        "usb:1-1.2"; /* or named: then it alone is meant, whatever it shows */
    is_good();
    assert_int_equal(0, self.plan.faces[0].id.vendor);
    assert_string_equal("usb:1-1.2", self.plan.path);

    self.wishes.path = NULL;
    self.wishes.serial = "A1";
    is_good();
    assert_int_equal(0, self.plan.faces[0].id.vendor);
    assert_string_equal("A1", self.plan.serial);
}

static void test_wishes_are_copied(void **state)
{
    char path[] = "usb:1-1", serial[] = "S";
    (void)state;
    take_plain();
    self.wishes = (fettle_plan_wishes){
        .kind = FETTLE_TASK_RESET,
        .path = path,
        .serial = serial,
        .wait = 5,
        .stays = true,
        .is_dry = true,
        .was_unfinished = true,
        .transfer_size = 64,
        .to = FETTLE_MODE_DFU,
    };
    fettle_image *image = self.image;
    self.image = NULL;
    is_good();
    self.image = image;
    path[0] = serial[0] = 'X';
    assert_string_equal("usb:1-1", self.plan.path);
    assert_string_equal("S", self.plan.serial);
    assert_int_equal(FETTLE_TASK_RESET, self.plan.kind);
    assert_null(self.plan.image);
    assert_int_equal(0, self.plan.payload.size);
    assert_int_equal(5, self.plan.wait);
    assert_true(self.plan.stays && self.plan.is_dry && self.plan.was_unfinished);
    assert_false(self.plan.may_read);
    assert_int_equal(64, self.plan.transfer_size);
    assert_int_equal(FETTLE_MODE_DFU, self.plan.to);
}

/* The same paper makes the same plan, and is not written on. */
static void test_making_is_pure(void **state)
{
    static fettle_plan first;
    (void)state;
    take_shield(PYTRACK);
    self.wishes.revision = "1";
    fettle_plan_wishes wishes = self.wishes;
    fettle_image image = *self.image;
    is_good();
    first = self.plan;
    memset(&self.plan, 0xA5, sizeof self.plan);
    is_good();
    assert_int_equal(first.face_count, self.plan.face_count);
    assert_int_equal(first.note_count, self.plan.note_count);
    assert_int_equal(first.keeps_to, self.plan.keeps_to);
    assert_ptr_equal(first.payload.data, self.plan.payload.data);
    assert_string_equal(first.revision, self.plan.revision);
    assert_ptr_equal(image.file.data, self.image->file.data);
    assert_int_equal(wishes.kind, self.wishes.kind);
    assert_ptr_equal(wishes.revision, self.wishes.revision);
}

/* ---- after a look at the board ---- */

static fettle_observed observed;

static bool finish(const fettle_survey *survey)
{
    memset(&observed, 0, sizeof observed);
    self.err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_plan_finish(&self.plan, survey, &observed, &self.err);
}

static fettle_survey good_survey(void)
{
    return (fettle_survey){
        .id = strict_id, .bcdDevice = 0x0100, .can_download = true, .can_upload = true};
}

static void test_a_look_at_a_board_without_a_row(void **state)
{
    fettle_survey survey = good_survey();
    (void)state;
    take_plain();
    self.wishes.path = "usb:1-1";
    is_good();
    assert_true(finish(&survey));
    assert_int_equal(0, observed.note_count);

    survey.id.product = 0x6089;
    assert_false(finish(&survey));
    assert_int_equal(FETTLE_E_WRONG_BOARD, self.err.code);
    assert_string_equal("this file is for 1d50:6003, the board is 1d50:6089",
                        self.err.message);

    self.wishes.ignores_ids = true;
    is_good();
    assert_true(finish(&survey));
    assert_int_equal(1, observed.note_count);
    assert_int_equal(FETTLE_NOTE_IDS_IGNORED, observed.notes[0].code);
}

/* Its ids are what it was opened by, and were compared with the file before. */
static void test_a_look_at_a_board_with_a_row(void **state)
{
    fettle_survey survey = good_survey();
    (void)state;
    take_shield(PYGATE);
    is_good();
    survey.id = stock_id;
    survey.memory_size = SHIELD;
    assert_true(finish(&survey));
}

static void test_a_look_finds_too_little_memory(void **state)
{
    fettle_survey survey = good_survey();
    (void)state;
    take_plain();
    is_good();
    survey.memory_size = 512;
    assert_false(finish(&survey));
    assert_int_equal(FETTLE_E_IMAGE_TOO_LARGE, self.err.code);
    assert_string_equal("the image has 1000 bytes, the board's memory 512",
                        self.err.message);
}

static void test_a_look_finds_what_the_board_can_not_do(void **state)
{
    static const struct {
        fettle_task_kind kind;
        fettle_code without_download, without_upload;
    } rows[] = {
        {FETTLE_TASK_UPDATE, FETTLE_E_DOWNLOAD_UNSUPPORTED, FETTLE_E_NONE},
        {FETTLE_TASK_VERIFY, FETTLE_E_NONE, FETTLE_E_UPLOAD_UNSUPPORTED},
        {FETTLE_TASK_READ, FETTLE_E_NONE, FETTLE_E_UPLOAD_UNSUPPORTED},
        {FETTLE_TASK_RESET, FETTLE_E_NONE, FETTLE_E_NONE},
        {FETTLE_TASK_SURVEY, FETTLE_E_NONE, FETTLE_E_NONE},
    };
    (void)state;
    take_plain();
    fettle_image *image = self.image;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool has_image =
            rows[i].kind <= FETTLE_TASK_VERIFY && rows[i].kind != FETTLE_TASK_READ;
        self.image = has_image ? image : NULL;
        self.wishes.kind = rows[i].kind;
        is_good();
        fettle_survey survey = good_survey();
        survey.can_download = false;
        assert_int_equal(rows[i].without_download == FETTLE_E_NONE, finish(&survey));
        assert_int_equal(rows[i].without_download, self.err.code);
        survey = good_survey();
        survey.can_upload = false;
        assert_int_equal(rows[i].without_upload == FETTLE_E_NONE, finish(&survey));
        assert_int_equal(rows[i].without_upload, self.err.code);
    }
    self.image = image;
}

/* A note, never a refusal: real files carry 0000 or FFFF there. */
static void test_a_device_version_that_differs_is_noted(void **state)
{
    static const struct {
        bool expected;
        uint16_t bcdDevice;
    } rows[] = {{false, ANY}, {false, 0}, {false, 0x0100}, {true, 0x0101}, {true, 1}};
    fettle_survey survey = good_survey();
    (void)state;
    take_plain();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        suffix(strict_id.vendor, strict_id.product, rows[i].bcdDevice);
        is_good();
        assert_true(finish(&survey));
        assert_int_equal(rows[i].expected, observed.note_count);
    }
    assert_int_equal(FETTLE_NOTE_BCD_DIFFERS, observed.notes[0].code);
    assert_string_equal("The file was made for device version 0001, the board says 0100; "
                        "that alone is no reason to stop.",
                        observed.notes[0].message);
}

/* ---- for people ---- */

static void says(const char *expected)
{
    char text[FETTLE_PLAN_TEXT_SIZE];
    is_good();
    fettle_plan_describe(&self.plan, text, sizeof text);
    assert_string_equal(expected, text);
}

static void test_what_will_be_done_is_said(void **state)
{
    (void)state;
    take_shield(PYTRACK);
    self.wishes.revision = "2";
    self.wishes.path = "usb:1-1.2";
    says("update Pytrack revision 2 on usb:1-1.2 with board.dfu, 16384 bytes to address "
         "0x00000000 of its memory\n"
         "read what is on it, write what differs, read it back\n"
         "start its application");
    self.wishes.may_read = false;
    self.wishes.stays = true;
    self.wishes.path = NULL;
    says("update Pytrack revision 2 with board.dfu, 16384 bytes to address "
         "0x00000000 of its memory\n"
         "write all of it; nothing is read back\n"
         "leave it in update mode");
    self.wishes.kind = FETTLE_TASK_VERIFY;
    says("verify Pytrack against board.dfu, 16384 bytes");
    fettle_image *image = self.image;
    self.image = NULL;
    self.wishes.kind = FETTLE_TASK_READ;
    says("read Pytrack");
    self.wishes.kind = FETTLE_TASK_RESET;
    self.wishes.path = "usb:2-1";
    says("restart Pytrack on usb:2-1");
    self.wishes.kind = FETTLE_TASK_SURVEY;
    says("look at Pytrack on usb:2-1");
    self.image = image;
}

static void test_a_description_is_cut_where_there_is_no_room(void **state)
{
    char text[12];
    (void)state;
    take_plain();
    is_good();
    fettle_plan_describe(&self.plan, text, sizeof text);
    assert_int_equal(sizeof text - 1, strlen(text));
    assert_string_equal("update DFU ", text);
}

static int tidy_up(void **state)
{
    (void)state;
    fettle_image_free(self.image);
    self.image = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_fit_and_wildcards_fit_all),
        cmocka_unit_test(test_a_file_that_says_nothing_fits_all),
        cmocka_unit_test(test_another_boards_file_is_refused_before_anything_is_asked),
        cmocka_unit_test(test_ids_can_be_ignored_and_that_is_noted),
        cmocka_unit_test(test_a_board_without_a_row_is_known_by_what_it_shows),
        cmocka_unit_test(test_a_stock_loader_fits_by_its_own_ids_too),
        cmocka_unit_test(test_an_image_that_does_not_fit_is_refused),
        cmocka_unit_test(test_content_that_can_not_be_meant_is_refused),
        cmocka_unit_test(test_content_that_is_odd_is_noted),
        cmocka_unit_test(test_what_is_sent_and_what_counts),
        cmocka_unit_test(test_what_counts_lies_in_a_short_image),
        cmocka_unit_test(test_a_damaged_file_that_was_accepted_is_noted),
        cmocka_unit_test(test_a_checksum_without_the_suffix_is_noted_as_such),
        cmocka_unit_test(test_a_prefix_is_sent_and_not_read_back),
        cmocka_unit_test(test_the_question_is_asked_in_the_rows_words),
        cmocka_unit_test(test_a_board_with_one_revision_is_not_asked_about),
        cmocka_unit_test(test_only_an_update_needs_the_answer),
        cmocka_unit_test(test_an_answer_closes_the_question),
        cmocka_unit_test(test_an_answer_that_is_none_is_refused),
        cmocka_unit_test(test_a_version_contradicts_an_answer),
        cmocka_unit_test(test_a_files_name_contradicts_an_answer),
        cmocka_unit_test(test_a_version_that_is_seen_later_contradicts_too),
        cmocka_unit_test(test_the_ids_of_the_normal_mode_are_explained),
        cmocka_unit_test(test_the_faces_of_a_row),
        cmocka_unit_test(test_the_face_of_a_board_without_a_row),
        cmocka_unit_test(test_wishes_are_copied),
        cmocka_unit_test(test_making_is_pure),
        cmocka_unit_test(test_a_look_at_a_board_without_a_row),
        cmocka_unit_test(test_a_look_at_a_board_with_a_row),
        cmocka_unit_test(test_a_look_finds_too_little_memory),
        cmocka_unit_test(test_a_look_finds_what_the_board_can_not_do),
        cmocka_unit_test(test_a_device_version_that_differs_is_noted),
        cmocka_unit_test(test_what_will_be_done_is_said),
        cmocka_unit_test(test_a_description_is_cut_where_there_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, tidy_up);
}
