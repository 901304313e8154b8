/* SPDX-License-Identifier: Apache-2.0 */
/* SLIP: the escapes, frames in pieces, and what is left when bytes are missing or too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/slip.h"

enum { ROOM = 16, FRAMES = 8 };

struct heard {
    size_t count;
    struct {
        size_t size;
        uint8_t bytes[ROOM];
        bool is_spoilt, is_between;
    } frames[FRAMES];
};

/* Reads `bytes` in pieces of `piece`. */
static struct heard hear(const uint8_t *bytes, size_t size, size_t piece)
{
    struct heard heard = {.count = 0};
    uint8_t buffer[ROOM];
    fettle_slip_reader reader;
    fettle_slip_reader_init(&reader, buffer, sizeof buffer);
    for (size_t at = 0; at < size;) {
        size_t left = size - at < piece ? size - at : piece;
        bool is_frame = false;
        size_t taken =
            fettle_slip_read(&reader, (fettle_span){bytes + at, left}, &is_frame);
        assert_true(taken > 0 && taken <= left);
        at += taken;
        if (is_frame) {
            assert_true(heard.count < FRAMES);
            heard.frames[heard.count].size = reader.size;
            heard.frames[heard.count].is_spoilt = reader.is_spoilt;
            heard.frames[heard.count].is_between = reader.is_between;
            memcpy(heard.frames[heard.count++].bytes, buffer, reader.size);
        }
    }
    return heard;
}

static void expect(const struct heard *heard, size_t which, const void *bytes, size_t size)
{
    assert_true(which < heard->count);
    assert_int_equal(size, heard->frames[which].size);
    assert_memory_equal(bytes, heard->frames[which].bytes, size);
    assert_false(heard->frames[which].is_spoilt);
    assert_false(heard->frames[which].is_between);
}

#define HEAR(piece, ...) \
    hear((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), (piece))

static void test_known_frames(void **state)
{
    (void)state;
    uint8_t buffer[FETTLE_SLIP_FRAME_MAX(4)];
    fettle_slip_writer writer;
    fettle_slip_begin(&writer, buffer, sizeof buffer);
    fettle_slip_put(&writer, (fettle_span){(const uint8_t[]){0x01, 0xC0}, 2});
    fettle_slip_put(&writer, (fettle_span){(const uint8_t[]){0xDB, 0x55}, 2});
    fettle_slip_end(&writer);
    static const uint8_t wanted[] = {0xC0, 0x01, 0xDB, 0xDC, 0xDB, 0xDD, 0x55, 0xC0};
    assert_int_equal(sizeof wanted, writer.size);
    assert_memory_equal(wanted, buffer, sizeof wanted);
}

static void test_the_longest_frame_fits(void **state)
{
    (void)state;
    uint8_t bytes[ROOM], buffer[FETTLE_SLIP_FRAME_MAX(ROOM)];
    fettle_slip_writer writer;
    memset(bytes, 0xC0, sizeof bytes);
    fettle_slip_begin(&writer, buffer, sizeof buffer);
    fettle_slip_put(&writer, (fettle_span){bytes, sizeof bytes});
    fettle_slip_end(&writer);
    assert_int_equal(sizeof buffer, writer.size);
    struct heard heard = hear(buffer, writer.size, writer.size);
    assert_int_equal(1, heard.count);
    expect(&heard, 0, bytes, sizeof bytes);
}

static void test_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 12; piece++) {
        struct heard heard =
            HEAR(piece, 0xC0, 1, 0xDB, 0xDC, 2, 0xC0, 0xC0, 0xDB, 0xDD, 0xC0);
        assert_int_equal(2, heard.count);
        expect(&heard, 0, "\x01\xC0\x02", 3);
        expect(&heard, 1, "\xDB", 1);
    }
}

static void test_empty_frames_are_none(void **state)
{
    (void)state;
    struct heard heard = HEAR(3, 0xC0, 0xC0, 0xC0, 7, 0xC0, 0xC0, 0xC0);
    assert_int_equal(1, heard.count);
    expect(&heard, 0, "\x07", 1);
}

static void test_what_stands_between_is_told_apart(void **state)
{
    (void)state;
    struct heard heard = HEAR(4, 'e', 't', 's', 0xC0, 7, 0xC0, 'x', 0xC0, 8, 0xC0);
    assert_int_equal(4, heard.count);
    assert_true(heard.frames[0].is_between);
    assert_memory_equal("ets", heard.frames[0].bytes, 3);
    expect(&heard, 1, "\x07", 1);
    expect(&heard, 2, "x", 1); /* the caller sees that it is none */
    expect(&heard, 3, "\x08", 1);
}

/* One END is missing: that frame is lost, the next one isn't. */
static void test_a_lost_end_costs_one_frame(void **state)
{
    (void)state;
    struct heard heard = HEAR(5, 0xC0, 1, 2, 0xC0, 3, 4, 0xC0, 0xC0, 5, 6, 0xC0);
    assert_int_equal(3, heard.count);
    expect(&heard, 0, "\x01\x02", 2);
    expect(&heard, 1, "\x03\x04", 2);
    expect(&heard, 2, "\x05\x06", 2);
}

static void test_wrong_escapes(void **state)
{
    (void)state;
    struct heard heard =
        HEAR(2, 0xC0, 1, 0xDB, 0x11, 0xC0, 0xC0, 2, 0xDB, 0xC0, 0xC0, 3, 0xC0);
    assert_int_equal(3, heard.count);
    assert_true(heard.frames[0].is_spoilt);
    assert_true(heard.frames[1].is_spoilt); /* it ends in the middle of one */
    expect(&heard, 2, "\x03", 1);
}

static void test_too_long(void **state)
{
    (void)state;
    uint8_t bytes[ROOM + 8];
    memset(bytes, 'a', sizeof bytes);
    bytes[0] = 0xC0;
    bytes[sizeof bytes - 4] = 0xC0;
    bytes[sizeof bytes - 1] = 0xC0;
    struct heard heard = hear(bytes, sizeof bytes, 5);
    assert_int_equal(2, heard.count);
    assert_true(heard.frames[0].is_spoilt);
    assert_true(heard.frames[0].size <= ROOM);
    expect(&heard, 1, "aa", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_frames),
        cmocka_unit_test(test_the_longest_frame_fits),
        cmocka_unit_test(test_pieces_of_any_size),
        cmocka_unit_test(test_empty_frames_are_none),
        cmocka_unit_test(test_what_stands_between_is_told_apart),
        cmocka_unit_test(test_a_lost_end_costs_one_frame),
        cmocka_unit_test(test_wrong_escapes),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
