/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefixes: facts about the first bytes, only where all of them agree, and never cut off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "image/image.h"

enum { SIZE = 1500 };

/* LE16 length: three blocks of 512 bytes for 1500. */
static const uint8_t lpc[16] = {0x1A, 0x3F, 3, 0, 0,    0,    0,    0,
                                0,    0,    0, 0, 0xFF, 0xFF, 0xFF, 0xFF};

/* 0x8000 is 32 times 1024; 1500 bytes less 8 are 0x5D4. */
static const uint8_t ti[8] = {0x01, 0x00, 32, 0, 0xD4, 0x05, 0, 0};

/* Reads `size` bytes; whatever their prefix, all of them are content. */
static fettle_image read_facts(const uint8_t *bytes, size_t size)
{
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_image *image = fettle_image_new("a.bin", (fettle_span){bytes, size}, 0, &err);
    assert_non_null(image);
    assert_int_equal(size, image->regions[0].data.size);
    assert_memory_equal(bytes, image->regions[0].data.data, size);
    fettle_image facts = *image;
    fettle_image_free(image);
    return facts;
}

static void assert_no_prefix(const uint8_t *bytes, size_t size)
{
    fettle_image facts = read_facts(bytes, size);
    assert_int_equal(FETTLE_PREFIX_NONE, facts.prefix);
    assert_int_equal(0, facts.prefix_size);
    assert_int_equal(0, facts.prefix_address);
    assert_int_equal(0, facts.prefix_length);
}

static void test_lpc(void **state)
{
    (void)state;
    uint8_t bytes[SIZE] = {0};
    memcpy(bytes, lpc, sizeof lpc);
    fettle_image facts = read_facts(bytes, SIZE);
    assert_int_equal(FETTLE_PREFIX_LPC, facts.prefix);
    assert_int_equal(16, facts.prefix_size);
    assert_int_equal(0, facts.prefix_address);
    assert_int_equal(1536, facts.prefix_length);
}

/* 1025 to 1536 bytes are three blocks. */
static void test_lpc_length_is_rounded_up(void **state)
{
    (void)state;
    uint8_t bytes[1600] = {0};
    memcpy(bytes, lpc, sizeof lpc);
    for (size_t size = 1; size <= sizeof bytes; size++) {
        bool fits = size > 1024 && size <= 1536;
        assert_int_equal(fits ? FETTLE_PREFIX_LPC : FETTLE_PREFIX_NONE,
                         read_facts(bytes, size).prefix);
    }
}

/* The two first bytes that dfu-util takes for a prefix, in all sixteen forms. */
static void test_the_innocent_sixteen(void **state)
{
    (void)state;
    int count = 0;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            if ((first & 0x3F) != 0x1A || (second & 0x3F) != 0x3F) {
                continue;
            }
            uint8_t bytes[SIZE] = {0};
            bytes[0] = (uint8_t)first;
            bytes[1] = (uint8_t)second;
            bytes[2] = 3;
            assert_no_prefix(bytes, SIZE);
            memcpy(bytes + 2, lpc + 2, sizeof lpc - 2);
            bool is_lpc = first == 0x1A && second == 0x3F;
            assert_int_equal(is_lpc, read_facts(bytes, SIZE).prefix == FETTLE_PREFIX_LPC);
            count++;
        }
    }
    assert_int_equal(16, count);
}

static void test_every_byte_of_lpc_counts(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof lpc; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t bytes[SIZE] = {0};
            memcpy(bytes, lpc, sizeof lpc);
            bytes[at] ^= (uint8_t)(1u << bit);
            assert_no_prefix(bytes, SIZE);
        }
    }
}

static void test_ti(void **state)
{
    (void)state;
    uint8_t bytes[SIZE] = {0};
    memcpy(bytes, ti, sizeof ti);
    fettle_image facts = read_facts(bytes, SIZE);
    assert_int_equal(FETTLE_PREFIX_TI, facts.prefix);
    assert_int_equal(8, facts.prefix_size);
    assert_int_equal(0x8000, facts.prefix_address);
    assert_int_equal(1492, facts.prefix_length);
    bytes[2] = bytes[3] = 0xFF;
    assert_int_equal(0x03FFFC00, read_facts(bytes, SIZE).prefix_address);
    for (size_t size = 1; size < SIZE; size++) {
        assert_int_equal(FETTLE_PREFIX_NONE, read_facts(bytes, size).prefix);
    }
}

static void test_every_fixed_byte_of_ti_counts(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof ti; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t bytes[SIZE] = {0};
            memcpy(bytes, ti, sizeof ti);
            bytes[at] ^= (uint8_t)(1u << bit);
            if (at == 2 || at == 3) { /* the address may be any */
                assert_int_equal(FETTLE_PREFIX_TI, read_facts(bytes, SIZE).prefix);
            } else {
                assert_no_prefix(bytes, SIZE);
            }
        }
    }
}

static void test_nothing_but_a_prefix_is_none(void **state)
{
    (void)state;
    static const uint8_t empty_ti[8] = {1};
    uint8_t one_block[16];
    memcpy(one_block, lpc, sizeof lpc);
    one_block[2] = 1;
    assert_no_prefix(empty_ti, sizeof empty_ti);
    assert_no_prefix(one_block, sizeof one_block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lpc),
        cmocka_unit_test(test_lpc_length_is_rounded_up),
        cmocka_unit_test(test_the_innocent_sixteen),
        cmocka_unit_test(test_every_byte_of_lpc_counts),
        cmocka_unit_test(test_ti),
        cmocka_unit_test(test_every_fixed_byte_of_ti_counts),
        cmocka_unit_test(test_nothing_but_a_prefix_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
