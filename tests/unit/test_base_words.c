/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats with named values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/error.h"

static void assert_rendered(const char *expected, const char *format,
                            const fettle_words *words)
{
    char text[128];
    fettle_words_render(text, sizeof text, format, words);
    assert_string_equal(expected, text);
}

static void test_every_name(void **state)
{
    (void)state;
    const fettle_words words = {
        .board = "Pytrack",
        .port = "usb:1-1.2",
        .file = "a.dfu",
        .text = "one",
        .text2 = "two",
        .status = "errPROG",
        .state = "dfuERROR",
        .count = UINT64_MAX,
        .size = 268435457,
        .limit = 0,
        .block = 37,
        .address = 0x9400,
        .id = {0x04D8, 0xF014},
        .id2 = {0x0483, 0xDF11},
    };
    assert_rendered("Pytrack on usb:1-1.2", "{board} on {port}", &words);
    assert_rendered("a.dfu: one, two", "{file}: {text}, {text2}", &words);
    assert_rendered("errPROG in dfuERROR", "{status} in {state}", &words);
    assert_rendered("18446744073709551615 268435457 0", "{count} {size} {limit}", &words);
    assert_rendered("block 37 at 0x00009400", "block {block} at {address}", &words);
    assert_rendered("04d8:f014, not 0483:df11", "{id}, not {id2}", &words);
}

static void test_what_is_not_given(void **state)
{
    (void)state;
    assert_rendered("? on ?", "{board} on {port}", NULL);
    assert_rendered("? 0 0x00000000 0000:0000", "{text} {count} {address} {id}",
                    &(fettle_words){.count = 0});
}

static void test_plain_text(void **state)
{
    (void)state;
    assert_rendered("", "", NULL);
    assert_rendered("100 % %s %n \\ }", "100 % %s %n \\ }", NULL);
}

static void test_values_are_no_formats(void **state)
{
    (void)state;
    assert_rendered("{port} {", "{text}",
                    &(fettle_words){.text = "{port} {", .port = "no"});
}

static void test_values_stay_on_one_line(void **state)
{
    (void)state;
    assert_rendered("evil\\x0aname\\xe2\\x80\\xae\\xff on ?", "{board} on {port}",
                    &(fettle_words){.board = "evil\nname\xE2\x80\xAE\xFF"});
}

/*
 * At every size: a beginning of the whole, cut between characters, and nothing after the
 * cut.
 */
static void test_cut_at_every_size(void **state)
{
    (void)state;
    static const char format[] = "\xC3\xA9: {board} on {port}, block {block}.";
    const fettle_words words = {
        .board = "Pyt\xE2\x82\xACrack", .port = "\x01", .block = 1234};
    char whole[128];
    fettle_words_render(whole, sizeof whole, format, &words);
    assert_string_equal("\xC3\xA9: Pyt\xE2\x82\xACrack on \\x01, block 1234.", whole);
    for (size_t size = 1; size <= sizeof whole; size++) {
        char text[sizeof whole + 1];
        memset(text, '#', sizeof text);
        fettle_words_render(text, size, format, &words);
        size_t length = strlen(text);
        assert_true(length < size);
        assert_memory_equal(whole, text, length);
        assert_int_not_equal(0x80, (unsigned char)whole[length] & 0xC0);
        assert_true(strlen(whole) < size || length + 4 >= size);
        assert_int_equal('#', text[size]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_name),
        cmocka_unit_test(test_what_is_not_given),
        cmocka_unit_test(test_plain_text),
        cmocka_unit_test(test_values_are_no_formats),
        cmocka_unit_test(test_values_stay_on_one_line),
        cmocka_unit_test(test_cut_at_every_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
