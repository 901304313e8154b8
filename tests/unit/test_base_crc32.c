/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32: the check value that every description of it gives, the whole table through a sum
 * made bit by bit, and pieces of any size.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"

static const uint8_t digits[] = {'1', '2', '3', '4', '5', '6', '7', '8', '9'};

/* The same without a table. */
static uint32_t slow_crc32(uint32_t crc, fettle_span bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= bytes.data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }
    }
    return crc;
}

static void test_check_value(void **state)
{
    (void)state;
    /* 0xCBF43926 is the sum with inversion at its end. */
    uint32_t crc = fettle_crc32(UINT32_MAX, (fettle_span){digits, sizeof digits});
    assert_int_equal(0xCBF43926, (uint32_t)~crc);
}

static void test_no_bytes_change_nothing(void **state)
{
    (void)state;
    assert_int_equal(0x12345678, fettle_crc32(0x12345678, (fettle_span){NULL, 0}));
}

static void test_every_entry_of_the_table(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        uint8_t byte = (uint8_t)value;
        fettle_span one = {&byte, 1};
        assert_int_equal(slow_crc32(0, one), fettle_crc32(0, one));
        assert_int_equal(slow_crc32(0xA5C30F69, one), fettle_crc32(0xA5C30F69, one));
    }
}

static void test_pieces_make_the_whole(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= sizeof digits; cut++) {
        uint32_t crc = fettle_crc32(UINT32_MAX, (fettle_span){digits, cut});
        crc = fettle_crc32(crc, (fettle_span){digits + cut, sizeof digits - cut});
        assert_int_equal(0xCBF43926, (uint32_t)~crc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_value),
        cmocka_unit_test(test_no_bytes_change_nothing),
        cmocka_unit_test(test_every_entry_of_the_table),
        cmocka_unit_test(test_pieces_make_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
