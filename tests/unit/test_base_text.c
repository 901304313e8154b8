/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text without a locale: cuts between characters, escapes of what boards say, strict
 * numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/text.h"

/* Three characters of 2, 3 and 4 bytes. */
static const char wide[] = "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\xA7";

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 11 ^ *seed << 13;
}

static void test_append_cuts_before_a_character(void **state)
{
    (void)state;
    for (size_t size = 1; size <= sizeof wide + 1; size++) {
        size_t room = size - 1;
        size_t expected = room >= 9 ? 9 : room >= 5 ? 5 : room >= 2 ? 2 : 0;
        char buf[16];
        memset(buf, 'x', sizeof buf);
        buf[0] = '\0';
        fettle_text_append(buf, size, wide);
        assert_int_equal(expected, strlen(buf));
        assert_memory_equal(wide, buf, expected);
        assert_int_equal('x', buf[size]);
    }
}

static void test_append_of_stray_bytes_ends(void **state)
{
    (void)state;
    char buf[8] = "";
    fettle_text_append(buf, sizeof buf, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80");
    assert_int_equal(7, strlen(buf));
}

static void test_append_joins_on(void **state)
{
    (void)state;
    char buf[8] = "";
    fettle_text_append(buf, sizeof buf, "block ");
    assert_true(fettle_text_append_part(buf, sizeof buf, "3789", 1));
    assert_string_equal("block 3", buf);
    assert_false(fettle_text_append_part(buf, sizeof buf, "7", 1));
    assert_true(fettle_text_append_part(buf, sizeof buf, "7", 0));
    assert_string_equal("block 3", buf);
}

static void assert_number(const char *expected, uint64_t number)
{
    char buf[32] = "";
    fettle_text_append_number(buf, sizeof buf, number);
    assert_string_equal(expected, buf);
}

static void assert_hex(const char *expected, uint32_t number, unsigned digits)
{
    char buf[32] = "";
    fettle_text_append_hex(buf, sizeof buf, number, digits);
    assert_string_equal(expected, buf);
}

static void test_numbers(void **state)
{
    (void)state;
    assert_number("0", 0);
    assert_number("9", 9);
    assert_number("10", 10);
    assert_number("18446744073709551615", UINT64_MAX);
    assert_hex("0", 0, 0);
    assert_hex("0", 0, 1);
    assert_hex("0000", 0, 4);
    assert_hex("df11", 0xDF11, 4);
    assert_hex("12345", 0x12345, 4);
    assert_hex("08000000", 0x08000000, 8);
    assert_hex("ffffffff", UINT32_MAX, 8);
}

static void test_numbers_there_and_back(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 5000; i++) {
        uint64_t number = next_random(&seed) >> (i % 64), decimal = 0, hex = 0;
        char buf[32] = "";
        fettle_text_append_number(buf, sizeof buf, number);
        assert_true(fettle_text_to_number(buf, &decimal));
        assert_true(number == decimal);
        buf[0] = '\0';
        fettle_text_append(buf, sizeof buf, "0x");
        fettle_text_append_hex(buf, sizeof buf, (uint32_t)number, 1);
        assert_true(fettle_text_to_number(buf, &hex));
        assert_true((uint32_t)number == hex);
    }
}

static void test_utf8_length(void **state)
{
    (void)state;
    static const struct {
        size_t expected;
        const char *text;
    } cases[] = {
        {0, ""},
        {1, "a"},
        {1, "\x7F"},
        {2, "\xC2\x80"},
        {2, "\xDF\xBF"},
        {3, "\xE0\xA0\x80"},
        {3, "\xED\x9F\xBF"},
        {3, "\xEE\x80\x80"},
        {3, "\xEF\xBF\xBF"},
        {4, "\xF0\x90\x80\x80"},
        {4, "\xF4\x8F\xBF\xBF"},
        {0, "\x80"}, /* no lead */
        {0, "\xBF"},
        {0, "\xC0\x80"}, /* overlong */
        {0, "\xC1\xBF"},
        {0, "\xE0\x9F\xBF"},
        {0, "\xF0\x8F\xBF\xBF"},
        {0, "\xED\xA0\x80"}, /* surrogate */
        {0, "\xED\xBF\xBF"},
        {0, "\xF4\x90\x80\x80"}, /* beyond U+10FFFF */
        {0, "\xF5\x80\x80\x80"},
        {0, "\xFF"},
        {0, "\xC3"}, /* cut */
        {0, "\xE2\x82"},
        {0, "\xF0\x9F\x94"},
        {0, "\xC3"
            "a"},
        {0, "\xE2\x82"
            "a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(cases[i].expected, fettle_utf8_length(cases[i].text));
    }
}

static void test_escape(void **state)
{
    (void)state;
    static const struct {
        const char *expected, *text;
    } cases[] = {
        {"", ""},
        {"Pytrack \xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\xA7",
         "Pytrack \xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\xA7"},
        {"a\\b", "a\\b"},
        {"\\x1b[31mred", "\x1B[31mred"},
        {"\\x0d\\x0a\\x09\\x7f", "\r\n\t\x7F"},
        {"\\xc2\\x85", "\xC2\x85"}, /* C1: next line */
        {"\\xe2\\x80\\xae"
         "evil",
         "\xE2\x80\xAE"
         "evil"}, /* U+202E */
        {"\\xe2\\x80\\xaa", "\xE2\x80\xAA"},
        {"\\xe2\\x81\\xa6", "\xE2\x81\xA6"},
        {"\\xe2\\x81\\xa9", "\xE2\x81\xA9"},
        {"\\xe2\\x80\\x8e\\xe2\\x80\\x8f", "\xE2\x80\x8E\xE2\x80\x8F"},
        {"\\xd8\\x9c", "\xD8\x9C"},
        {"\xE2\x80\x90", "\xE2\x80\x90"}, /* a hyphen, next to the marks */
        {"\\xff\\xfe", "\xFF\xFE"},
        {"a\\xc3", "a\xC3"},
        {"\\xc0\\xaf", "\xC0\xAF"},
        {"\\xed\\xa0\\x80", "\xED\xA0\x80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buf[64];
        fettle_text_escape(buf, sizeof buf, cases[i].text);
        assert_string_equal(cases[i].expected, buf);
    }
}

static void test_escape_cuts_no_escape_in_two(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 12; size++) {
        char buf[12];
        fettle_text_escape(buf, size, "a\x1B\xC3\xA9z");
        assert_string_equal(size > 8   ? "a\\x1b\xC3\xA9z"
                            : size > 7 ? "a\\x1b\xC3\xA9"
                            : size > 5 ? "a\\x1b"
                            : size > 1 ? "a"
                                       : "",
                            buf);
    }
}

/*
 * Whatever goes in, what comes out is valid UTF-8 without control characters, and stays so.
 */
static void test_escape_of_random_bytes(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 2000; round++) {
        char text[40] = "", shown[200], again[200];
        for (size_t i = 0; i < sizeof text - 1; i++) {
            text[i] = (char)next_random(&seed);
        }
        fettle_text_escape(shown, sizeof shown, text);
        for (size_t i = 0; shown[i] != '\0'; i += fettle_utf8_length(shown + i)) {
            assert_int_not_equal(0, fettle_utf8_length(shown + i));
            assert_true((unsigned char)shown[i] >= 0x20);
        }
        fettle_text_escape(again, sizeof again, shown);
        assert_string_equal(shown, again);
    }
}

static void test_to_number(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        " 1",
        "1 ",
        "+1",
        "-1",
        "0x",
        "0xg",
        "x1",
        "1x",
        "1.5",
        "1e3",
        "18446744073709551616",
        "99999999999999999999999",
        "0x10000000000000000",
        "0x-1",
        "one",
    };
    uint64_t number = 42;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(fettle_text_to_number(wrong[i], &number));
        assert_int_equal(42, number);
    }
    assert_true(fettle_text_to_number("010", &number));
    assert_int_equal(10, number);
    assert_true(fettle_text_to_number("0xDeadBeef", &number));
    assert_int_equal(0xDEADBEEF, number);
    assert_true(fettle_text_to_number("18446744073709551615", &number));
    assert_true(number == UINT64_MAX);
    assert_true(fettle_text_to_number("0xffffffffffffffff", &number));
    assert_true(number == UINT64_MAX);
}

static void test_to_hex16(void **state)
{
    (void)state;
    uint16_t number = 42;
    assert_false(fettle_text_to_hex16("0483:df11", 0, &number));
    assert_false(fettle_text_to_hex16("0483:df11", 5, &number));
    assert_false(fettle_text_to_hex16("00483", 5, &number));
    assert_false(fettle_text_to_hex16("zz", 2, &number));
    assert_false(fettle_text_to_hex16("0x1", 3, &number));
    assert_false(fettle_text_to_hex16(" 1", 2, &number));
    assert_int_equal(42, number);
    assert_true(fettle_text_to_hex16("0483:df11", 4, &number));
    assert_int_equal(0x0483, number);
    assert_true(fettle_text_to_hex16("DF11", 4, &number));
    assert_int_equal(0xDF11, number);
    assert_true(fettle_text_to_hex16("f", 1, &number));
    assert_int_equal(0xF, number);
}

static void test_same_word_and_equal(void **state)
{
    (void)state;
    assert_true(fettle_text_is_same_word("Pytrack", "pyTRACK"));
    assert_true(fettle_text_is_same_word("", ""));
    assert_false(fettle_text_is_same_word("Pytrack", "Pytrac"));
    assert_false(fettle_text_is_same_word("Pytrac", "Pytrack"));
    assert_false(
        fettle_text_is_same_word("[", "{")); /* they differ in the bit of the case */
    assert_true(fettle_text_is_equal("Pytrack", "Pytrack"));
    assert_false(fettle_text_is_equal("Pytrack", "pytrack"));
    assert_false(fettle_text_is_equal("Pytrack", "Pytrac"));
    assert_false(fettle_text_is_equal("", "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_cuts_before_a_character),
        cmocka_unit_test(test_append_of_stray_bytes_ends),
        cmocka_unit_test(test_append_joins_on),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_there_and_back),
        cmocka_unit_test(test_utf8_length),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_escape_cuts_no_escape_in_two),
        cmocka_unit_test(test_escape_of_random_bytes),
        cmocka_unit_test(test_to_number),
        cmocka_unit_test(test_to_hex16),
        cmocka_unit_test(test_same_word_and_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
