/* SPDX-License-Identifier: Apache-2.0 */
/* Names of memories: what string descriptors become, and how few are asked for. USB 2.0 section 9.6.7. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/names.h"

enum { ENGLISH = 0x0409, GERMAN = 0x0407 };

static void is_text(const char *expected, const uint8_t *descriptor, size_t size)
{
    char text[32];
    fettle_names_decode(text, sizeof text, descriptor, size);
    assert_string_equal(expected, text);
}

#define IS(expected, ...)                             \
    is_text(expected, (const uint8_t[]){__VA_ARGS__}, \
            sizeof((const uint8_t[]){__VA_ARGS__}))

static void test_what_a_descriptor_becomes(void **state)
{
    (void)state;
    IS("@F", 6, 3, '@', 0, 'F', 0);
    IS("", 2, 3);
    IS("", 6, 4, '@', 0, 'F', 0);                /* another type */
    IS("@F", 200, 3, '@', 0, 'F', 0);            /* bLength beyond what came */
    IS("@", 4, 3, '@', 0, 'F', 0);               /* bytes beyond bLength */
    IS("@F", 10, 3, '@', 0, 'F', 0, 0, 0, 1, 2); /* garbage behind the end */
    IS("\xc3\xa9", 4, 3, 0xe9, 0);
    IS("\xf0\x9f\x98\x80", 6, 3, 0x3d, 0xd8, 0x00, 0xde); /* a surrogate pair */
    IS("\xef\xbf\xbd", 4, 3, 0x3d, 0xd8);                 /* half of one */
    IS("3CBJ", 6, 3, '3', 'C', 'B', 'J');                 /* UTF-8 where UTF-16 belongs */
    IS("@", 5, 3, '@', 0, 'F');                           /* half a character */
}

static void test_what_has_no_room_is_cut(void **state)
{
    char text[4];
    const uint8_t descriptor[] = {10, 3, 'a', 0, 'b', 0, 0xe9, 0, 'd', 0};
    (void)state;
    fettle_names_decode(text, sizeof text, descriptor, sizeof descriptor);
    assert_string_equal(
        "ab", text); /* the third one has two bytes, and would need the NUL's place */
}

static void test_letters_two_in_a_character(void **state)
{
    char serial[FETTLE_TEXT_SIZE] = "\xe4\x8c\xb3\xe4\xa9\x82"; /* U+4333 U+4A42 */
    char other[FETTLE_TEXT_SIZE] = "3CBJ";
    char half[FETTLE_TEXT_SIZE] = "\xe4\x8c\xb3Z";
    (void)state;
    fettle_names_mend(serial);
    assert_string_equal("3CBJ", serial);
    fettle_names_mend(other);
    assert_string_equal("3CBJ", other);
    fettle_names_mend(half);
    assert_string_equal("\xe4\x8c\xb3Z", half);
}

/* ---- asking ---- */

struct board {
    uint16_t language; /* that it answers in */
    unsigned asked;
    unsigned refuses; /* the index that it stalls; 0: none */
};

static fettle_outcome answer(struct board *board, const fettle_control *control)
{
    board->asked++;
    assert_int_equal(0x80, control->bmRequestType);
    assert_int_equal(6, control->bRequest);
    assert_int_equal(3, control->wValue >> 8);
    unsigned index = control->wValue & 0xFF;
    if (index == 0) {
        const uint8_t languages[] = {4, 3, (uint8_t)board->language,
                                     (uint8_t)(board->language >> 8)};
        memcpy(control->in, languages, sizeof languages);
        return (fettle_outcome){.kind = FETTLE_OK, .count = 4};
    }
    if (control->wIndex != board->language || index == board->refuses) {
        return (fettle_outcome){.kind = FETTLE_STALL};
    }
    const uint8_t name[] = {6, 3, '@', 0, (uint8_t)('A' + index), 0};
    memcpy(control->in, name, sizeof name);
    return (fettle_outcome){.kind = FETTLE_OK, .count = sizeof name};
}

static void ask(struct board *board, fettle_names *names)
{
    const fettle_dfu_interface interface = {
        .alternate_count = 3, .alternates = {0, 1, 2}, .iInterface = {4, 0, 5}};
    fettle_task task;
    memset(names, 0, sizeof *names);
    fettle_task_init(&task, fettle_names_read(names, &interface));
    fettle_effect effect = fettle_task_step(&task, NULL, 0);
    while (effect.kind == FETTLE_EFFECT_CONTROL) {
        fettle_outcome outcome = answer(board, &effect.control);
        effect = fettle_task_step(&task, &outcome, 0);
    }
    assert_int_equal(FETTLE_EFFECT_DONE, effect.kind);
}

static void test_one_request_a_name(void **state)
{
    struct board board = {.language = ENGLISH};
    fettle_names names;
    (void)state;
    ask(&board, &names);
    assert_int_equal(2, board.asked);
    assert_string_equal("@E", names.names[0]);
    assert_string_equal("", names.names[1]);
    assert_string_equal("@F", names.names[2]);
}

static void test_another_language(void **state)
{
    struct board board = {.language = GERMAN};
    fettle_names names;
    (void)state;
    ask(&board, &names);
    assert_int_equal(4, board.asked);
    assert_string_equal("@E", names.names[0]);
}

static void test_a_name_that_is_not_told_is_no_failure(void **state)
{
    struct board board = {.language = ENGLISH, .refuses = 5};
    fettle_names names;
    (void)state;
    ask(&board, &names);
    assert_string_equal("@E", names.names[0]);
    assert_string_equal("", names.names[2]);
    board = (struct board){.language = ENGLISH, .refuses = 4};
    ask(&board, &names);
    assert_string_equal("", names.names[0]);
    assert_string_equal("@F", names.names[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_descriptor_becomes),
        cmocka_unit_test(test_what_has_no_room_is_cut),
        cmocka_unit_test(test_letters_two_in_a_character),
        cmocka_unit_test(test_one_request_a_name),
        cmocka_unit_test(test_another_language),
        cmocka_unit_test(test_a_name_that_is_not_told_is_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
