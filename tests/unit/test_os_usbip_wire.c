/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB/IP as bytes: vectors after the kernel's Documentation/usb/usbip_protocol.rst, every cut, and what a
 * server that means no good may send. And the text that names a server.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "os/usbip_address.h"
#include "os/usbip_wire.h"

#include <stdlib.h>
#include <string.h>

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

/* ---- lists ---- */

static uint8_t *put_op(uint8_t *at, unsigned code, uint32_t status)
{
    put16(at, 0x0111);
    put16(at + 2, code);
    put32(at + 4, status);
    return at + 8;
}

static uint8_t *put_device(uint8_t *at, const char *busid, uint8_t interfaces)
{
    memset(at, 0, 312);
    memcpy(at, "/sys/devices/x", 14);
    memcpy(at + 256, busid, strlen(busid));
    put32(at + 288, 1);
    put32(at + 292, 7);
    put32(at + 296, 2);
    put16(at + 300, 0x1d50);
    put16(at + 302, 0x6003);
    put16(at + 304, 0x0102);
    at[309] = 1;
    at[310] = 1;
    at[311] = interfaces;
    return at + 312;
}

static uint8_t *put_interface(uint8_t *at, uint8_t class, uint8_t subclass)
{
    memcpy(at, (uint8_t[]){class, subclass, 2, 0}, 4);
    return at + 4;
}

/* Feeds `bytes` in pieces of at most `piece` bytes; what was used of them is in `used`. */
static fettle_usbip_progress feed_list(fettle_usbip_list *list, const uint8_t *bytes,
                                       size_t size, size_t piece, size_t *used)
{
    fettle_usbip_progress progress = FETTLE_USBIP_MORE;
    *used = 0;
    while (progress == FETTLE_USBIP_MORE && *used < size) {
        size_t room_size = 0;
        uint8_t *room = fettle_usbip_list_room(list, &room_size);
        assert_true(room_size > 0);
        size_t count = room_size < piece ? room_size : piece;
        count = count < size - *used ? count : size - *used;
        memcpy(room, bytes + *used, count);
        *used += count;
        progress = fettle_usbip_list_take(list, count);
    }
    return progress;
}

static size_t make_list(uint8_t *bytes)
{
    uint8_t *at = put_op(bytes, 0x0005, 0);
    put32(at, 3);
    at = put_device(at + 4, "1-1", 2);
    at = put_interface(put_interface(at, 2, 2), 0xfe, 1);
    at = put_device(at, "1-1.2", 0);
    at = put_interface(put_device(at, "2-1", 1), 0xfe, 2);
    return (size_t)(at - bytes);
}

static void test_requests(void **state)
{
    (void)state;
    uint8_t list[8], import[40];
    fettle_usbip_encode_list(list);
    assert_memory_equal("\x01\x11\x80\x05\0\0\0\0", list, sizeof list);
    memset(import, 0xaa, sizeof import);
    fettle_usbip_encode_import(import, "1-1");
    uint8_t expected[40] = {1, 0x11, 0x80, 3, 0, 0, 0, 0, '1', '-', '1'};
    assert_memory_equal(expected, import, sizeof import);
}

static void test_list_in_pieces_of_any_size(void **state)
{
    (void)state;
    uint8_t bytes[1200];
    size_t size = make_list(bytes), used = 0;
    static fettle_usbip_list list;
    for (size_t piece = 1; piece <= size; piece++) {
        memset(&list, 0, sizeof list);
        assert_int_equal(FETTLE_USBIP_WHOLE, feed_list(&list, bytes, size, piece, &used));
        assert_int_equal(size, used);
        assert_int_equal(3, list.count);
        assert_string_equal("1-1", list.devices[0].busid);
        assert_true(list.devices[0].has_dfu);
        assert_int_equal(1, list.devices[0].busnum);
        assert_int_equal(7, list.devices[0].devnum);
        assert_int_equal(0x1d50, list.devices[0].id.vendor);
        assert_int_equal(0x6003, list.devices[0].id.product);
        assert_int_equal(0x0102, list.devices[0].bcdDevice);
        assert_int_equal(1, list.devices[0].bConfigurationValue);
        assert_string_equal("1-1.2", list.devices[1].busid);
        assert_false(list.devices[1].has_dfu);
        assert_false(list.devices[2].has_dfu); /* 0xfe, but no DFU */
    }
}

static void test_list_that_is_cut(void **state)
{
    (void)state;
    uint8_t bytes[1200];
    size_t size = make_list(bytes), used = 0;
    static fettle_usbip_list list;
    for (size_t cut = 0; cut < size; cut++) {
        memset(&list, 0, sizeof list);
        assert_int_equal(FETTLE_USBIP_MORE, feed_list(&list, bytes, cut, 4096, &used));
    }
}

static fettle_usbip_progress take_head(unsigned version, unsigned code, uint32_t status)
{
    static fettle_usbip_list list;
    uint8_t bytes[8];
    size_t used = 0;
    (void)put_op(bytes, code, status);
    put16(bytes, version);
    memset(&list, 0, sizeof list);
    return feed_list(&list, bytes, sizeof bytes, 8, &used);
}

static void test_list_that_is_none(void **state)
{
    (void)state;
    assert_int_equal(FETTLE_USBIP_MORE, take_head(0x0111, 0x0005, 0));
    assert_int_equal(FETTLE_USBIP_WHOLE, take_head(0x0111, 0x0005, 1)); /* it ends here */
    assert_int_equal(FETTLE_USBIP_BROKEN, take_head(0x0106, 0x0005, 0));
    assert_int_equal(FETTLE_USBIP_BROKEN, take_head(0x0111, 0x0003, 0));
    assert_int_equal(FETTLE_USBIP_BROKEN,
                     take_head(0x4854, 0x5450, 0x2f312e31)); /* HTTP/1.1 */
}

static void test_list_without_end(void **state)
{
    (void)state;
    static fettle_usbip_list list;
    static uint8_t bytes[12 + 100 * 312];
    size_t used = 0;
    uint8_t *at = put_op(bytes, 0x0005, 0);
    put32(at, UINT32_MAX);
    at += 4;
    for (int i = 0; i < 100; i++) {
        at = put_device(at, "1-1", 0);
    }
    memset(&list, 0, sizeof list);
    assert_int_equal(FETTLE_USBIP_WHOLE,
                     feed_list(&list, bytes, sizeof bytes, 4096, &used));
    assert_int_equal(FETTLE_USBIP_DEVICES_MAX, list.count);
    assert_int_equal(12 + 64 * 312, used);

    /* None at all. */
    put32(bytes + 8, 0);
    memset(&list, 0, sizeof list);
    assert_int_equal(FETTLE_USBIP_WHOLE, feed_list(&list, bytes, 12, 12, &used));
    assert_int_equal(0, list.count);

    /* More interfaces than a device may have. */
    put32(bytes + 8, 1);
    bytes[12 + 311] = 33;
    memset(&list, 0, sizeof list);
    assert_int_equal(FETTLE_USBIP_BROKEN, feed_list(&list, bytes, 400, 400, &used));
    bytes[12 + 311] = 32;
    memset(&list, 0, sizeof list);
    assert_int_equal(FETTLE_USBIP_WHOLE,
                     feed_list(&list, bytes, 12 + 312 + 4 * 32, 5, &used));
}

static void test_busids(void **state)
{
    (void)state;
    static const char *const good[] = {"1-1", "1-1.2.3", "x",
                                       "1234567890123456789012345678901"};
    static const char *const bad[] = {
        "", "12345678901234567890123456789012", "1/1", "1 1", "1\x7f", "\xc3\xa4", "1\n"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(fettle_usbip_is_busid(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(fettle_usbip_is_busid(bad[i], strlen(bad[i])));
    }
    uint8_t bytes[312];
    fettle_usbip_device device;
    (void)put_device(bytes, "1-1", 0);
    memset(bytes + 256, 'x', 32); /* without an end */
    fettle_usbip_decode_device(&device, bytes);
    assert_string_equal("", device.busid);
    (void)put_device(bytes, "../x", 0);
    fettle_usbip_decode_device(&device, bytes);
    assert_string_equal("", device.busid);
}

/* ---- the answer to an import ---- */

static fettle_usbip_progress feed_reply(fettle_usbip_reply *reply, const uint8_t *bytes,
                                        size_t size, size_t piece)
{
    fettle_usbip_progress progress = FETTLE_USBIP_MORE;
    size_t used = 0;
    memset(reply, 0, sizeof *reply);
    while (progress == FETTLE_USBIP_MORE && used < size) {
        size_t room_size = 0;
        uint8_t *room = fettle_usbip_reply_room(reply, &room_size);
        assert_true(room_size > 0);
        size_t count = room_size < piece ? room_size : piece;
        count = count < size - used ? count : size - used;
        memcpy(room, bytes + used, count);
        used += count;
        progress = fettle_usbip_reply_take(reply, count);
    }
    return progress;
}

static void test_answer_to_an_import(void **state)
{
    (void)state;
    uint8_t bytes[320];
    fettle_usbip_reply reply;
    (void)put_device(put_op(bytes, 0x0003, 0), "1-1", 1);
    for (size_t piece = 1; piece <= sizeof bytes; piece++) {
        assert_int_equal(FETTLE_USBIP_WHOLE,
                         feed_reply(&reply, bytes, sizeof bytes, piece));
        assert_int_equal(0, reply.status);
        assert_int_equal(7, reply.device.devnum);
    }
    for (size_t cut = 0; cut < sizeof bytes; cut++) {
        assert_int_equal(FETTLE_USBIP_MORE, feed_reply(&reply, bytes, cut, 400));
    }
    (void)put_op(bytes, 0x0003, 2);
    assert_int_equal(FETTLE_USBIP_WHOLE, feed_reply(&reply, bytes, 8, 8));
    assert_int_equal(FETTLE_USBIP_HELD, reply.status);
    (void)put_op(bytes, 0x0005, 0);
    assert_int_equal(FETTLE_USBIP_BROKEN, feed_reply(&reply, bytes, 8, 8));
}

/* ---- attached ---- */

static void test_submit(void **state)
{
    (void)state;
    static uint8_t bytes[FETTLE_USBIP_MESSAGE_MAX];
    fettle_control in = {
        .bmRequestType = 0xa1, .bRequest = 3, .wValue = 0x1234, .wIndex = 2, .wLength = 6};
    static const uint8_t expected_in[48] = {
        0,    0, 0,    1,    0, 0, 0, 9, 0, 1, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0,
        0,    0, 2,    0,    0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* setup: */
        0xa1, 3, 0x34, 0x12, 2, 0, 6, 0};
    assert_int_equal(48, fettle_usbip_encode_submit(bytes, 9, 0x00010002, &in));
    assert_memory_equal(expected_in, bytes, 48);

    static const uint8_t data[3] = {7, 8, 9};
    fettle_control out = {
        .bmRequestType = 0x21, .bRequest = 1, .wValue = 5, .wLength = 3, .out = data};
    static const uint8_t expected_out[51] = {
        0,    0, 0, 1, 0, 0, 0, 10, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
        0,    0, 0, 0, 0, 0, 0, 3,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* setup, data: */
        0x21, 1, 5, 0, 0, 0, 3, 0,  7, 8, 9};
    assert_int_equal(51, fettle_usbip_encode_submit(bytes, 10, 0x00010002, &out));
    assert_memory_equal(expected_out, bytes, 51);

    /* One that brings nothing has no data stage, and so no direction but OUT. */
    in.wLength = 0;
    assert_int_equal(48, fettle_usbip_encode_submit(bytes, 11, 1, &in));
    assert_int_equal(0, bytes[15]);
    assert_false(fettle_usbip_is_in(&in));
}

static void test_unlink(void **state)
{
    (void)state;
    uint8_t bytes[48];
    static const uint8_t expected[48] = {0, 0, 0, 2, 0, 0, 0, 8, 0, 1, 0, 2,
                                         0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
    fettle_usbip_encode_unlink(bytes, 8, 0x00010002, 7);
    assert_memory_equal(expected, bytes, 48);
}

static size_t put_answer(uint8_t *bytes, uint32_t command, uint32_t seqnum, int32_t status,
                         uint32_t count)
{
    memset(bytes, 0, 48);
    put32(bytes, command);
    put32(bytes + 4, seqnum);
    put32(bytes + 20, (uint32_t)status);
    put32(bytes + 24, count);
    return 48;
}

static fettle_usbip_progress feed_inbox(fettle_usbip_inbox *inbox, const uint8_t *bytes,
                                        size_t size, size_t piece,
                                        fettle_usbip_answer *answer)
{
    fettle_usbip_progress progress = FETTLE_USBIP_MORE;
    size_t used = 0;
    while (progress == FETTLE_USBIP_MORE && used < size) {
        size_t room_size = 0;
        uint8_t *room = fettle_usbip_inbox_room(inbox, &room_size);
        assert_true(room_size > 0);
        size_t count = room_size < piece ? room_size : piece;
        count = count < size - used ? count : size - used;
        memcpy(room, bytes + used, count);
        used += count;
        progress = fettle_usbip_inbox_take(inbox, count, answer);
    }
    assert_true(progress != FETTLE_USBIP_WHOLE || used == size);
    return progress;
}

static fettle_usbip_inbox *new_inbox(void)
{
    fettle_usbip_inbox *inbox = calloc(1, sizeof *inbox);
    assert_non_null(inbox);
    return inbox;
}

static const fettle_control six_in = {.bmRequestType = 0xa1, .wLength = 6};
static const fettle_control six_out = {.bmRequestType = 0x21, .wLength = 6};

static void test_answers(void **state)
{
    (void)state;
    fettle_usbip_inbox *inbox = new_inbox();
    fettle_usbip_answer answer;
    uint8_t bytes[54];
    for (size_t piece = 1; piece <= sizeof bytes; piece++) {
        assert_true(fettle_usbip_inbox_expect(inbox, 5, &six_in));
        size_t size = put_answer(bytes, 3, 5, 0, 4);
        memcpy(bytes + size, "abcd", 4);
        assert_int_equal(FETTLE_USBIP_WHOLE,
                         feed_inbox(inbox, bytes, size + 4, piece, &answer));
        assert_int_equal(5, answer.seqnum);
        assert_int_equal(0, answer.status);
        assert_false(answer.is_unlink);
        assert_int_equal(4, answer.count);
        assert_memory_equal("abcd", answer.data, 4);
        assert_int_equal(0, inbox->pending_count);
    }
    assert_true(fettle_usbip_inbox_expect(inbox, 6, &six_out));
    (void)put_answer(bytes, 3, 6, -32, 0);
    assert_int_equal(FETTLE_USBIP_WHOLE, feed_inbox(inbox, bytes, 48, 48, &answer));
    assert_int_equal(-32, answer.status);
    assert_null(answer.data);

    /* To OUT no data follows, whatever count is told. */
    assert_true(fettle_usbip_inbox_expect(inbox, 7, &six_out));
    (void)put_answer(bytes, 3, 7, 0, 6);
    assert_int_equal(FETTLE_USBIP_WHOLE, feed_inbox(inbox, bytes, 48, 48, &answer));
    assert_int_equal(6, answer.count);
    free(inbox);
}

static void test_answers_out_of_order(void **state)
{
    (void)state;
    fettle_usbip_inbox *inbox = new_inbox();
    fettle_usbip_answer answer;
    uint8_t bytes[54];
    assert_true(fettle_usbip_inbox_expect(inbox, 1, &six_in));
    assert_true(fettle_usbip_inbox_expect_unlink(inbox, 2, 1));
    assert_false(fettle_usbip_inbox_expect_unlink(inbox, 3, 1)); /* once */
    assert_false(fettle_usbip_inbox_expect_unlink(inbox, 3, 9));
    assert_true(fettle_usbip_inbox_expect(inbox, 3, &six_out));
    (void)put_answer(bytes, 3, 3, 0, 6);
    assert_int_equal(FETTLE_USBIP_WHOLE, feed_inbox(inbox, bytes, 48, 48, &answer));
    assert_int_equal(3, answer.seqnum);

    /* The answer crossed the unlink: both come. */
    (void)put_answer(bytes, 3, 1, 0, 2);
    assert_int_equal(FETTLE_USBIP_WHOLE, feed_inbox(inbox, bytes, 50, 50, &answer));
    assert_int_equal(1, answer.seqnum);
    (void)put_answer(bytes, 4, 2, 0, 0);
    assert_int_equal(FETTLE_USBIP_WHOLE, feed_inbox(inbox, bytes, 48, 48, &answer));
    assert_true(answer.is_unlink);
    assert_int_equal(1, answer.seqnum); /* whose end it is */
    assert_int_equal(0, inbox->pending_count);
    free(inbox);
}

static fettle_usbip_progress answer_to(bool has_answered, bool is_unlinked,
                                       const fettle_control *control, uint32_t command,
                                       uint32_t seqnum, uint32_t count)
{
    fettle_usbip_inbox *inbox = new_inbox();
    fettle_usbip_answer answer;
    uint8_t bytes[54] = {0};
    assert_true(fettle_usbip_inbox_expect(inbox, 1, control));
    if (is_unlinked) {
        assert_true(fettle_usbip_inbox_expect_unlink(inbox, 2, 1));
    }
    if (has_answered) {
        (void)put_answer(bytes, 3, 1, 0, 0);
        assert_int_equal(FETTLE_USBIP_WHOLE, feed_inbox(inbox, bytes, 48, 48, &answer));
    }
    (void)put_answer(bytes, command, seqnum, 0, count);
    fettle_usbip_progress progress = feed_inbox(inbox, bytes, 48, 48, &answer);
    free(inbox);
    return progress;
}

static void test_answers_that_nobody_asked_for(void **state)
{
    (void)state;
    assert_int_equal(FETTLE_USBIP_MORE, answer_to(false, false, &six_in, 3, 1, 6));
    assert_int_equal(FETTLE_USBIP_BROKEN, answer_to(false, false, &six_in, 3, 1, 7));
    assert_int_equal(FETTLE_USBIP_BROKEN,
                     answer_to(false, false, &six_in, 3, 1, UINT32_MAX));
    assert_int_equal(FETTLE_USBIP_BROKEN, answer_to(false, false, &six_out, 3, 1, 7));
    assert_int_equal(FETTLE_USBIP_BROKEN, answer_to(false, false, &six_in, 3, 2, 0));
    assert_int_equal(FETTLE_USBIP_BROKEN, answer_to(false, false, &six_in, 4, 1, 0));
    assert_int_equal(FETTLE_USBIP_BROKEN, answer_to(false, false, &six_in, 1, 1, 0));
    assert_int_equal(FETTLE_USBIP_BROKEN, answer_to(false, false, &six_in, 77, 1, 0));
    assert_int_equal(FETTLE_USBIP_BROKEN, answer_to(true, false, &six_in, 3, 1, 0));
    assert_int_equal(FETTLE_USBIP_WHOLE, answer_to(false, true, &six_in, 4, 2, 0));
    assert_int_equal(FETTLE_USBIP_WHOLE, answer_to(true, true, &six_in, 4, 2, 0));
    assert_int_equal(FETTLE_USBIP_BROKEN, answer_to(true, true, &six_in, 3, 1, 0));
}

static void test_too_many_without_an_answer(void **state)
{
    (void)state;
    fettle_usbip_inbox *inbox = new_inbox();
    for (uint32_t seqnum = 1; seqnum <= FETTLE_USBIP_PENDING_MAX; seqnum++) {
        assert_true(fettle_usbip_inbox_expect(inbox, seqnum, &six_in));
    }
    assert_false(fettle_usbip_inbox_expect(inbox, 99, &six_in));
    free(inbox);
}

static void test_outcomes(void **state)
{
    (void)state;
    assert_int_equal(FETTLE_OK, fettle_usbip_outcome(0, 5).kind);
    assert_int_equal(5, fettle_usbip_outcome(0, 5).count);
    assert_int_equal(FETTLE_STALL, fettle_usbip_outcome(-32, 0).kind);
    assert_int_equal(FETTLE_TIMEOUT, fettle_usbip_outcome(-104, 0).kind);
    assert_int_equal(FETTLE_TIMEOUT, fettle_usbip_outcome(-110, 0).kind);
    assert_int_equal(FETTLE_GONE, fettle_usbip_outcome(-19, 0).kind);
    assert_int_equal(FETTLE_GONE, fettle_usbip_outcome(-108, 0).kind);
    fettle_outcome outcome = fettle_usbip_outcome(-71, 0);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(FETTLE_WHY_SYSTEM, outcome.why);
    assert_int_equal(71, outcome.system);
    assert_int_equal(5, fettle_usbip_outcome(5, 0).system);
    assert_int_equal(FETTLE_ERROR, fettle_usbip_outcome(INT32_MIN, 0).kind);
}

/* ---- texts ---- */

static void check_text(const char *expected, const void *bytes, size_t count)
{
    char text[FETTLE_TEXT_SIZE] = "before";
    uint8_t *exact =
        malloc(count > 0 ? count : 1); /* a sanitizer sees what is read behind it */
    assert_non_null(exact);
    memcpy(exact, bytes, count);
    fettle_usbip_decode_text(text, sizeof text, exact, count);
    free(exact);
    assert_string_equal(expected, text);
}

static void test_texts(void **state)
{
    (void)state;
    check_text("Ab", "\x06\x03\x41\0\x62\0", 6);
    check_text("A", "\x06\x03\x41\0\x62", 5); /* half a unit */
    check_text("A", "\x04\x03\x41\0\x62\0", 6);
    check_text("Ab", "\xff\x03\x41\0\x62\0", 6);
    check_text("A", "\x08\x03\x41\0\0\0\x62\0", 8);
    check_text("", "\x06\x02\x41\0\x62\0", 6);
    check_text("", "\x00\x03\x41\0", 4);
    check_text("", "\x02\x03", 2);
    check_text("", "\x02", 1);
    check_text("", "", 0);
    check_text("\xc3\xa4\xe2\x82\xac", "\x06\x03\xe4\0\xac\x20", 6);
    check_text("\xf0\x9f\x98\x80", "\x06\x03\x3d\xd8\x00\xde", 6);
    check_text("\xef\xbf\xbd", "\x04\x03\x3d\xd8", 4);           /* a half */
    check_text("\xef\xbf\xbd\x41", "\x06\x03\x3d\xd8\x41\0", 6); /* a half, then "A" */
    check_text("\xef\xbf\xbd\x41", "\x06\x03\x00\xde\x41\0", 6); /* the other half */
}

static void test_long_text_is_cut_between_characters(void **state)
{
    (void)state;
    uint8_t bytes[254] = {254, 3};
    for (size_t i = 2; i < sizeof bytes; i += 2) {
        bytes[i] = 0xac; /* U+20AC: three bytes each */
        bytes[i + 1] = 0x20;
    }
    char text[FETTLE_TEXT_SIZE];
    fettle_usbip_decode_text(text, sizeof text, bytes, sizeof bytes);
    assert_int_equal(126, strlen(text));
}

/* ---- what a person writes ---- */

static void check_address(const char *text, const char *host, const char *port,
                          const char *busid, const char *name)
{
    fettle_usbip_address address;
    fettle_error err = {.code = FETTLE_E_NONE};
    assert_true(fettle_usbip_address_parse(&address, text, &err));
    assert_string_equal(host, address.server.host);
    assert_string_equal(port, address.server.port);
    assert_string_equal(busid, address.busid);
    assert_string_equal(name, address.server.name);
}

static void test_addresses(void **state)
{
    (void)state;
    check_address("usbip://box", "box", "3240", "", "box:3240");
    check_address("usbip://box/", "box", "3240", "", "box:3240");
    check_address("usbip://box.lan:17/1-1.2", "box.lan", "17", "1-1.2", "box.lan:17");
    check_address("usbip://127.0.0.1:03240", "127.0.0.1", "3240", "", "127.0.0.1:3240");
    check_address("usbip://[::1]/1-1", "::1", "3240", "1-1", "[::1]:3240");
    check_address("usbip://[fe80::1%eth0]:65535", "fe80::1%eth0", "65535", "",
                  "[fe80::1%eth0]:65535");
}

static void test_texts_that_are_no_address(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "usbip:",
        "usbip://",
        "usbip:///1-1",
        "USBIP://box",
        "usbip://box:",
        "usbip://box:0",
        "usbip://box:65536",
        "usbip://box:-1",
        "usbip://box:0x10",
        "usbip://box:123456",
        "usbip://box:1 ",
        "usbip://b ox",
        "usbip://box\n",
        "usbip://::1",
        "usbip://[::1",
        "usbip://[]",
        "usbip://[::1]x",
        "usbip://[::1/1-1]",
        "usbip://box/1-1/2",
        "usbip://box/12345678901234567890123456789012",
        "usbip://user@box",
        "rfc2217://box",
        "usbip://a-name-so-long-that-no-path-could-hold-what-is-below-it.lan",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fettle_usbip_address address;
        fettle_error err = {.code = FETTLE_E_NONE};
        assert_false(fettle_usbip_address_parse(&address, texts[i], &err));
        assert_int_equal(FETTLE_E_USAGE, err.code);
        assert_true(strlen(err.message) > 20);
    }
}

static void test_paths(void **state)
{
    (void)state;
    fettle_usbip_address address;
    fettle_error err = {.code = FETTLE_E_NONE};
    char path[FETTLE_PATH_SIZE], text[80];
    assert_true(fettle_usbip_address_parse(&address, "usbip://box", &err));
    fettle_usbip_address_path(&address, "1-1", path);
    assert_string_equal("usbip://box:3240/1-1", path);
    fettle_usbip_address_path(&address, "", path);
    assert_string_equal("", path);

    /* The longest host leaves room for one character. */
    size_t longest = 0;
    for (size_t length = 1; length < 64; length++) {
        memset(text, 0, sizeof text);
        memcpy(text, "usbip://", 8);
        memset(text + 8, 'h', length);
        longest = fettle_usbip_address_parse(&address, text, &err) ? length : longest;
    }
    memset(text + 8, 0, sizeof text - 8);
    memset(text + 8, 'h', longest);
    assert_true(fettle_usbip_address_parse(&address, text, &err));
    fettle_usbip_address_path(&address, "7", path);
    assert_int_equal(FETTLE_PATH_SIZE - 1, strlen(path));
    fettle_usbip_address_path(&address, "77", path);
    assert_string_equal("", path); /* left out, not cut */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_list_in_pieces_of_any_size),
        cmocka_unit_test(test_list_that_is_cut),
        cmocka_unit_test(test_list_that_is_none),
        cmocka_unit_test(test_list_without_end),
        cmocka_unit_test(test_busids),
        cmocka_unit_test(test_answer_to_an_import),
        cmocka_unit_test(test_submit),
        cmocka_unit_test(test_unlink),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answers_out_of_order),
        cmocka_unit_test(test_answers_that_nobody_asked_for),
        cmocka_unit_test(test_too_many_without_an_answer),
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_long_text_is_cut_between_characters),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_texts_that_are_no_address),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
