/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config block out of backups of every form, whose ids and keys are in it afterwards; and what is known of the radio.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "image/esp_place.h"
#include "pycom/config.h"
#include "pycom/layout.h"

enum { SECTOR = 4096, USED = 1024, CREDENTIALS = 52, TEXT_ROOM = 8192 };

static uint8_t on_board[SECTOR], kept[SECTOR], backup[SECTOR], result[SECTOR];
static const fettle_esp_board board = {.chip = "ESP32", .flash_size = 0x400000};
static fettle_module_look look;
static fettle_observed observed;
static fettle_error err;

static void fill(uint8_t *sector, uint8_t seed)
{
    memset(sector, 0xFF, SECTOR);
    for (size_t i = 0; i < USED; i++) {
        sector[i] = (uint8_t)(seed + i * 7);
    }
}

static int setup(void **state)
{
    (void)state;
    fill(on_board, 1);
    fill(kept, 1);
    fill(backup, 100);
    memset(result, 0, sizeof result);
    observed = (fettle_observed){.note_count = 0};
    look = (fettle_module_look){.board = &board};
    look.ranges[0] = (fettle_span){on_board, SECTOR};
    return 0;
}

static bool restore_as(const fettle_module_backup *what)
{
    memset(&err, 0, sizeof err);
    return fettle_pycom_restore(&look, what, result, SECTOR, &observed, &err);
}

/* Where it is this module's own, a person agrees to whatever that means. */
static bool restore(const uint8_t *data, size_t size, bool is_own)
{
    return restore_as(&(fettle_module_backup){{data, size}, is_own, is_own});
}

static void assert_note(fettle_note_code code)
{
    for (size_t i = 0; i < observed.note_count; i++) {
        if (observed.notes[i].code == code) {
            return;
        }
    }
    fail_msg("note %d is missing", (int)code);
}

/* base64 with a line's end after every `width` characters. */
static size_t encode(const uint8_t *data, size_t size, size_t width, uint8_t *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t used = 0, column = 0;
    for (size_t at = 0; at < size; at += 3) {
        size_t left = size - at < 3 ? size - at : 3;
        uint32_t bits = (uint32_t)data[at] << 16 |
                        (left > 1 ? (uint32_t)data[at + 1] << 8 : 0) |
                        (left > 2 ? data[at + 2] : 0u);
        for (size_t i = 0; i < 4; i++) {
            out[used++] = i <= left ? (uint8_t)letters[bits >> (18 - 6 * i) & 0x3F] : '=';
            if (++column == width) {
                out[used++] = '\n';
                column = 0;
            }
        }
    }
    return used;
}

static void test_own_backup_comes_back_whole(void **state)
{
    (void)state;
    assert_true(restore(backup, SECTOR, true));
    assert_memory_equal(result, backup, SECTOR);
    assert_note(FETTLE_NOTE_IDS_REPLACED);
}

/* Its own backup, and no word of a person. */
static bool restore_unasked(void)
{
    observed = (fettle_observed){.note_count = 0};
    return restore_as(&(fettle_module_backup){{backup, SECTOR}, true, false});
}

static void test_other_good_ids_are_not_replaced_without_a_word(void **state)
{
    (void)state;
    assert_false(restore_unasked());
    assert_int_equal(FETTLE_E_CONFIRMATION_NEEDED, err.code);
    assert_int_equal(0, observed.note_count);
    look.kept = (fettle_span){kept, SECTOR}; /* they were kept, too */
    assert_false(restore_unasked());
    memset(kept, 0x55, SECTOR); /* or others were */
    assert_false(restore_unasked());
    memcpy(on_board, backup, SECTOR);
    backup[CREDENTIALS - 1] =
        0x12; /* only the last byte is another one, and not by an erase */
    on_board[CREDENTIALS - 1] = 0x21;
    assert_false(restore_unasked());
}

/* Only bits are set that were not: somebody has done that all the same. */
static void test_a_question_names_what_differs(void **state)
{
    (void)state;
    memcpy(backup, on_board, SECTOR);
    on_board[7] |= 0xC5;
    assert_false(restore_unasked());
    assert_int_equal(FETTLE_E_CONFIRMATION_NEEDED, err.code);
    assert_non_null(strstr(err.message,
                           "its LoRa MAC (DevEUI) is 01080f161d242b32, and the "
                           "module's 01080f161d242bf7"));
    memcpy(on_board, backup, SECTOR);
    memset(backup + 8, 0, CREDENTIALS - 8); /* kept without Sigfox, which has come since */
    assert_false(restore_unasked());
    assert_non_null(strstr(err.message, "its Sigfox id is 00000000, and the module's 39"));
    memcpy(backup, on_board, SECTOR);
    on_board[40] = 0x12;
    assert_false(restore_unasked());
    assert_non_null(strstr(err.message, "another Sigfox public key;"));
    assert_true(restore(backup, SECTOR, true));
    assert_non_null(strstr(observed.notes[0].message, "another Sigfox public key."));
}

static void test_others_than_those_that_were_kept(void **state)
{
    (void)state;
    assert_false(fettle_pycom_has_others(&look)); /* nothing was */
    look.kept = (fettle_span){kept, SECTOR};
    assert_false(fettle_pycom_has_others(&look)); /* the same */
    on_board[7] ^= 1;
    assert_true(fettle_pycom_has_others(&look));
    memset(on_board + 7, 0xFF, SECTOR - 7); /* cut off */
    assert_false(fettle_pycom_has_others(&look));
    fill(on_board, 1);
    memset(kept + 8, 0xFF, CREDENTIALS - 8); /* all of them, and more */
    assert_false(fettle_pycom_has_others(&look));
    memset(kept, 0xFF, 8);
    assert_false(fettle_pycom_has_others(&look));
}

static void assert_nobody_is_asked(void)
{
    assert_true(restore_unasked());
    assert_memory_equal(result, backup, SECTOR);
    assert_int_equal(0, observed.note_count);
}

static void test_nobody_is_asked_where_nothing_is_lost(void **state)
{
    (void)state;
    memset(on_board, 0xFF, SECTOR); /* blank */
    assert_nobody_is_asked();
    memset(on_board, 0, CREDENTIALS);
    assert_nobody_is_asked();
    memcpy(on_board, backup, 20); /* an earlier try was cut off */
    memset(on_board + 20, 0xFF, SECTOR - 20);
    assert_nobody_is_asked();
    fill(on_board, 100); /* the same ids, other settings */
    on_board[CREDENTIALS] ^= 0xFF;
    assert_nobody_is_asked();
    look.kept = (fettle_span){kept, SECTOR};
    memcpy(on_board, kept, SECTOR);
    memset(on_board + 10, 0xFF, SECTOR - 10); /* torn, as what was kept shows */
    assert_nobody_is_asked();
    look.ranges[0].size = 0; /* not read */
    assert_nobody_is_asked();
}

static void test_used_part_is_filled_up(void **state)
{
    (void)state;
    assert_true(restore(backup, USED, true));
    assert_memory_equal(result, backup, SECTOR);
}

static void test_text_of_the_old_tool(void **state)
{
    static const size_t widths[] = {TEXT_ROOM, 76, 64, 1, 5};
    static const size_t sizes[] = {USED, SECTOR};
    uint8_t text[2 * TEXT_ROOM];
    (void)state;
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            size_t size = encode(backup, sizes[s], widths[w], text);
            memset(result, 0, sizeof result);
            assert_true(restore(text, size, true));
            assert_memory_equal(result, backup, SECTOR);
        }
    }
}

static void test_what_is_no_backup(void **state)
{
    uint8_t text[TEXT_ROOM];
    (void)state;
    size_t size = encode(backup, USED, TEXT_ROOM, text);
    assert_false(restore(text, size - 8, true)); /* cut */
    assert_int_equal(FETTLE_E_IMAGE_NOT_FOR_BOARD, err.code);
    text[100] = '*';
    assert_false(restore(text, size, true));
    text[100] = '=';
    assert_false(restore(text, size, true)); /* something is behind its end */
    assert_false(restore(backup, SECTOR - 1, true));
    assert_false(restore(backup, 1, true));
    size = encode(backup, SECTOR, TEXT_ROOM, text);
    memcpy(text + size, "AAAA", 4);
    assert_false(restore(text, size - 2 + 4, true)); /* more than there is room for */
    assert_false(fettle_pycom_restore(&look,
                                      &(fettle_module_backup){{backup, SECTOR}, true, true},
                                      result, USED, &observed, &err));
}

static void test_another_modules_backup_leaves_its_own_ids(void **state)
{
    (void)state;
    assert_true(restore(backup, SECTOR, false));
    assert_memory_equal(result, on_board, CREDENTIALS);
    assert_memory_equal(result + CREDENTIALS, backup + CREDENTIALS, SECTOR - CREDENTIALS);
    assert_note(FETTLE_NOTE_OWN_IDS_KEPT);
}

static void test_lost_ids_come_from_what_was_kept(void **state)
{
    (void)state;
    memset(on_board, 0xFF, SECTOR);
    look.kept = (fettle_span){kept, SECTOR};
    assert_true(restore(backup, SECTOR, false));
    assert_memory_equal(result, kept, CREDENTIALS);
    memset(on_board, 0xFF, SECTOR);
    memcpy(on_board, kept, 20); /* half of them are back */
    assert_true(restore(backup, SECTOR, false));
    assert_memory_equal(result, kept, CREDENTIALS);
    assert_note(FETTLE_NOTE_OWN_IDS_KEPT);
}

/* Those of another module are never put in their place. */
static void test_lost_ids_stay_lost_where_nobody_has_them(void **state)
{
    (void)state;
    memset(on_board, 0xFF, SECTOR);
    assert_true(restore(backup, SECTOR, false));
    assert_false(fettle_pycom_has_credentials((fettle_span){result, SECTOR}));
    assert_note(FETTLE_NOTE_CREDENTIALS_UNSURE); /* nobody says which module it is */
    look.name = "lopy4";
    assert_true(restore(backup, SECTOR, false));
    assert_note(FETTLE_NOTE_CREDENTIALS_MISSING);
    look.ranges[0].size = 0; /* nor could they be read */
    assert_true(restore(backup, SECTOR, false));
    assert_false(fettle_pycom_has_credentials((fettle_span){result, SECTOR}));
}

static void test_a_backup_without_ids_takes_none(void **state)
{
    (void)state;
    memset(backup, 0xFF, CREDENTIALS);
    assert_true(restore(backup, SECTOR, true));
    assert_memory_equal(result, on_board, CREDENTIALS);
    assert_memory_equal(result + CREDENTIALS, backup + CREDENTIALS, SECTOR - CREDENTIALS);
}

static void test_radio(void **state)
{
    fettle_module_radio radio;
    (void)state;
    on_board[FETTLE_PYCOM_REGION_AT] = 7;
    fettle_pycom_tell_radio(&look, &radio);
    assert_true(radio.is_known && radio.is_there); /* it has a LoRa MAC */
    assert_string_equal("IN865", radio.region);
    memset(on_board, 0xFF, 8);
    on_board[FETTLE_PYCOM_REGION_AT] = 0xFF;
    fettle_pycom_tell_radio(&look, &radio);
    assert_false(radio.is_known);
    assert_null(radio.region);
    look.name = "wipy";
    fettle_pycom_tell_radio(&look, &radio);
    assert_true(radio.is_known);
    assert_false(radio.is_there);
    look.name = "lopy4";
    fettle_pycom_tell_radio(&look, &radio);
    assert_true(radio.is_known && radio.is_there);
    look.name = NULL;
    look.ranges[0].size = 0;
    fettle_pycom_tell_radio(&look, &radio);
    assert_false(radio.is_known);
    assert_null(radio.region);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_own_backup_comes_back_whole, setup),
        cmocka_unit_test_setup(test_other_good_ids_are_not_replaced_without_a_word, setup),
        cmocka_unit_test_setup(test_a_question_names_what_differs, setup),
        cmocka_unit_test_setup(test_others_than_those_that_were_kept, setup),
        cmocka_unit_test_setup(test_nobody_is_asked_where_nothing_is_lost, setup),
        cmocka_unit_test_setup(test_used_part_is_filled_up, setup),
        cmocka_unit_test_setup(test_text_of_the_old_tool, setup),
        cmocka_unit_test_setup(test_what_is_no_backup, setup),
        cmocka_unit_test_setup(test_another_modules_backup_leaves_its_own_ids, setup),
        cmocka_unit_test_setup(test_lost_ids_come_from_what_was_kept, setup),
        cmocka_unit_test_setup(test_lost_ids_stay_lost_where_nobody_has_them, setup),
        cmocka_unit_test_setup(test_a_backup_without_ids_takes_none, setup),
        cmocka_unit_test_setup(test_radio, setup),
    };
    return cmocka_run_group_tests_name("pycom_restore", tests, NULL, NULL);
}
