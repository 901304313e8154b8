/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes: said once, in their order, and never more than there is room for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/observe.h"

static void test_said_once(void **state)
{
    (void)state;
    fettle_observed observed = {.note_count = 0};
    fettle_note_add(&observed, FETTLE_NOTE_REPAIRED, &(fettle_words){.count = 2});
    fettle_note_add(&observed, FETTLE_NOTE_NO_READBACK, NULL);
    fettle_note_add(&observed, FETTLE_NOTE_REPAIRED, &(fettle_words){.count = 2});
    fettle_note_add(&observed, FETTLE_NOTE_REPAIRED, &(fettle_words){.count = 3});
    assert_int_equal(3, observed.note_count);
    assert_int_equal(FETTLE_NOTE_REPAIRED, observed.notes[0].code);
    assert_string_equal("Blocks that read back wrong and were written once more: 2.",
                        observed.notes[0].message);
    assert_int_equal(FETTLE_NOTE_NO_READBACK, observed.notes[1].code);
    assert_string_equal("Blocks that read back wrong and were written once more: 3.",
                        observed.notes[2].message);
}

static void test_further_ones_are_dropped(void **state)
{
    (void)state;
    fettle_observed observed = {.note_count = 0};
    for (uint64_t i = 0; i < 2 * FETTLE_NOTES_MAX; i++) {
        fettle_note_add(&observed, FETTLE_NOTE_REPAIRED, &(fettle_words){.count = i});
    }
    assert_int_equal(FETTLE_NOTES_MAX, observed.note_count);
    assert_string_equal("Blocks that read back wrong and were written once more: 23.",
                        observed.notes[FETTLE_NOTES_MAX - 1].message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_said_once),
        cmocka_unit_test(test_further_ones_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
