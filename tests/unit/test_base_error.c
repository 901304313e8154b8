/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of errors, clauses and notes, row by row; and how a message grows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const char *const names[] = {
    "board", "port", "file",  "text",  "text2",   "status", "state",
    "count", "size", "limit", "block", "address", "id",     "id2",
};

static bool is_name(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Every {name} is known, every brace has its other half, and it renders. */
static void check_format(const char *format)
{
    char text[400];
    for (const char *at = strchr(format, '{'); at != NULL; at = strchr(at, '{')) {
        const char *end = strchr(at, '}');
        assert_non_null(end);
        assert_true(is_name(at + 1, (size_t)(end - at - 1)));
        at = end;
    }
    fettle_words_render(text, sizeof text, format, NULL);
    assert_null(strpbrk(text, "{}\n"));
    assert_true(strlen(text) < 240);
}

static void check_slug(const char *slug)
{
    assert_int_not_equal(0, strlen(slug));
    assert_int_equal(strlen(slug), strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-"));
    assert_true(slug[0] != '-' && slug[strlen(slug) - 1] != '-');
}

/* Begins like a sentence, ends like one, and says something. */
static void check_sentence(const char *text)
{
    size_t length = strlen(text);
    assert_true(length > 20);
    assert_true(text[0] == '-' || text[0] == '{' || (text[0] >= 'A' && text[0] <= 'Z') ||
                strncmp(text, "fettle ", 7) == 0);
    assert_int_equal('.', text[length - 1]);
    assert_null(strpbrk(text, "\n\t"));
    assert_null(strstr(text, "  "));
}

static void test_every_code(void **state)
{
    (void)state;
    for (int number = FETTLE_E_NONE + 1; number < FETTLE_E_COUNT; number++) {
        fettle_code code = (fettle_code)number;
        const char *message = fettle_code_message(code);
        check_slug(fettle_code_slug(code));
        check_format(message);
        assert_int_not_equal(0, strlen(message));
        assert_int_not_equal('.', message[strlen(message) - 1]);
        assert_false(message[0] >= 'A' && message[0] <= 'Z');
        check_sentence(fettle_code_hint(code));
        check_sentence(fettle_code_cause(code));
        assert_true(fettle_code_whose(code) <= FETTLE_WHOSE_US);
        int status = fettle_code_exit_status(code);
        assert_true((status >= 1 && status <= 13) || status == 130);
    }
}

static void test_slugs_are_unique_and_found(void **state)
{
    (void)state;
    for (int number = FETTLE_E_NONE + 1; number < FETTLE_E_COUNT; number++) {
        const char *slug = fettle_code_slug((fettle_code)number);
        assert_int_equal(number, fettle_code_find(slug)); /* the first one with this slug */
    }
    assert_int_equal(FETTLE_E_NONE, fettle_code_find("no-such-thing"));
    assert_int_equal(FETTLE_E_NONE, fettle_code_find(""));
    assert_int_equal(FETTLE_E_NONE, fettle_code_find("Cancelled"));
    for (int a = FETTLE_NOTE_NONE + 1; a < FETTLE_NOTE_COUNT; a++) {
        for (int b = a + 1; b < FETTLE_NOTE_COUNT; b++) {
            assert_string_not_equal(fettle_note_slug((fettle_note_code)a),
                                    fettle_note_slug((fettle_note_code)b));
        }
    }
}

static void test_a_number_that_is_no_code(void **state)
{
    (void)state;
    static const int wrong[] = {FETTLE_E_NONE, FETTLE_E_COUNT, 100000, -1};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        fettle_code code = (fettle_code)wrong[i];
        assert_string_equal("none", fettle_code_slug(code));
        assert_int_equal(0, fettle_code_exit_status(code));
        assert_string_equal("", fettle_code_message(code));
        assert_string_equal("", fettle_code_hint(code));
        assert_string_equal("", fettle_code_cause(code));
    }
    assert_string_equal("none", fettle_note_slug(FETTLE_NOTE_COUNT));
    assert_string_equal("", fettle_note_format(FETTLE_NOTE_COUNT));
}

static void test_every_clause(void **state)
{
    (void)state;
    for (int clause = 0; clause < FETTLE_CLAUSE_COUNT; clause++) {
        const char *format = fettle_clause_format((fettle_clause)clause);
        check_format(format);
        assert_int_equal(0, strncmp(format, "cannot ", 7));
        assert_int_not_equal('.', format[strlen(format) - 1]);
    }
}

static void test_every_note(void **state)
{
    (void)state;
    for (int note = FETTLE_NOTE_NONE + 1; note < FETTLE_NOTE_COUNT; note++) {
        check_slug(fettle_note_slug((fettle_note_code)note));
        check_format(fettle_note_format((fettle_note_code)note));
        check_sentence(fettle_note_format((fettle_note_code)note));
    }
}

static void test_set_fills_in_everything(void **state)
{
    (void)state;
    fettle_error err;
    memset(&err, 0xA5, sizeof err);
    fettle_error_set(&err, FETTLE_E_WRONG_BOARD,
                     &(fettle_words){.id = {0x04D8, 0xF014}, .id2 = {0x0483, 0xDF11}});
    assert_int_equal(FETTLE_E_WRONG_BOARD, err.code);
    assert_string_equal("this file is for 0483:df11, the board is 04d8:f014", err.message);
    assert_ptr_equal(fettle_code_hint(FETTLE_E_WRONG_BOARD), err.hint);
    assert_int_equal(FETTLE_STAGE_NONE, err.stage);
    assert_int_equal(0, err.system);
    assert_int_equal(FETTLE_STATUS_NONE, err.device_kind);
    assert_int_equal(0, err.device);
    assert_int_equal(0, err.device_state);
    assert_false(err.has_address);
    assert_string_equal("", err.evidence);
}

static void test_clauses_grow_outwards(void **state)
{
    (void)state;
    fettle_error err;
    fettle_error_set(&err, FETTLE_E_BOARD_REFUSED,
                     &(fettle_words){.status = "errPROG", .state = "dfuERROR"});
    err.device = 6;
    fettle_error_wrap(&err, FETTLE_CLAUSE_WRITE_BLOCK,
                      &(fettle_words){.block = 37, .address = 0x9400});
    fettle_error_wrap(&err, FETTLE_CLAUSE_UPDATE_ON,
                      &(fettle_words){.board = "Pytrack", .port = "usb:1-1.2"});
    assert_string_equal(
        "cannot update Pytrack on usb:1-1.2: cannot write block 37 at 0x00009400: "
        "the board says errPROG in dfuERROR",
        err.message);
    assert_int_equal(FETTLE_E_BOARD_REFUSED, err.code);
    assert_int_equal(6, err.device);
}

/* For a reason of every length, and an outer clause that is too long for most of them. */
static void test_the_outer_is_cut_never_the_inner(void **state)
{
    (void)state;
    enum { ROOM = sizeof((fettle_error *)NULL)->message };
    char board[ROOM] = "", reason[ROOM] = "", outer[2 * ROOM];
    while (strlen(board) + 4 < sizeof board) {
        fettle_text_append(board, sizeof board, "\xE2\x82\xAC");
    }
    fettle_words_render(outer, sizeof outer, fettle_clause_format(FETTLE_CLAUSE_UPDATE),
                        &(fettle_words){.board = board});
    for (size_t length = 1; length < ROOM; length++) {
        fettle_error err;
        fettle_text_append(reason, sizeof reason, length % 2 != 0 ? "r" : "R");
        fettle_error_set(&err, FETTLE_E_SYSTEM_ERROR, &(fettle_words){.text = reason});
        assert_string_equal(reason, err.message);
        fettle_error_wrap(&err, FETTLE_CLAUSE_UPDATE, &(fettle_words){.board = board});
        size_t whole = strlen(err.message);
        assert_true(whole < ROOM);
        assert_string_equal(reason, err.message + whole - length);
        if (whole > length) {
            size_t kept = whole - length - 2;
            assert_int_not_equal(0, kept);
            assert_memory_equal(": ", err.message + kept, 2);
            assert_memory_equal(outer, err.message, kept);
            assert_int_not_equal(0x80, (unsigned char)outer[kept] & 0xC0);
        }
        assert_true(whole > length || length + 3 >= ROOM);
        assert_true(whole + 3 >= ROOM - 1); /* no more is lost than a character has */
    }
}

static void test_a_long_reason_is_cut_between_characters(void **state)
{
    (void)state;
    fettle_error err;
    char text[500] = "r";
    while (strlen(text) + 4 < sizeof text) {
        fettle_text_append(text, sizeof text, "\xE2\x82\xAC");
    }
    fettle_error_set(&err, FETTLE_E_SYSTEM_ERROR, &(fettle_words){.text = text});
    assert_int_equal(319, strlen(err.message)); /* r and 106 characters of three bytes */
    assert_memory_equal(text, err.message, 319);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code),
        cmocka_unit_test(test_slugs_are_unique_and_found),
        cmocka_unit_test(test_a_number_that_is_no_code),
        cmocka_unit_test(test_every_clause),
        cmocka_unit_test(test_every_note),
        cmocka_unit_test(test_set_fills_in_everything),
        cmocka_unit_test(test_clauses_grow_outwards),
        cmocka_unit_test(test_the_outer_is_cut_never_the_inner),
        cmocka_unit_test(test_a_long_reason_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
