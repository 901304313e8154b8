/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 2217 as bytes in and bytes out: what is asked, what is understood, and what a server may send for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/rfc2217.h"

#include <string.h>

enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };

enum { COM_PORT = 44 };

#define BYTES(...)                                          \
    (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]) \
    {                                                       \
        __VA_ARGS__                                         \
    }

static fettle_rfc2217 telnet;
static uint8_t data[1024];

static size_t take(const uint8_t *bytes, size_t size)
{
    assert_true(size <= sizeof data);
    return fettle_rfc2217_take(&telnet, bytes, size, data);
}

/* What is to be sent, and that it is sent. */
static void assert_out(const uint8_t *bytes, size_t size)
{
    assert_int_equal(size, telnet.out_size);
    assert_memory_equal(bytes, telnet.out, size);
    telnet.out_size = 0;
}

static int begin(void **state)
{
    (void)state;
    fettle_rfc2217_begin(&telnet);
    telnet.out_size = 0;
    return 0;
}

static fettle_rfc2217_answer answer(fettle_rfc2217_item item)
{
    return fettle_rfc2217_answer_to(&telnet, item);
}

/* ---- options ---- */

static void test_begins_with_its_wishes(void **state)
{
    (void)state;
    fettle_rfc2217_begin(&telnet);
    assert_out(
        BYTES(IAC, WILL, 0, IAC, WILL, 3, IAC, WILL, COM_PORT, IAC, DO, 0, IAC, DO, 3));
    assert_int_equal(FETTLE_TELNET_ASKED, fettle_rfc2217_is_agreed(&telnet));
}

static void test_agrees(void **state)
{
    (void)state;
    assert_int_equal(0, take(BYTES(IAC, DO, COM_PORT, IAC, DO, 0, IAC, WILL, 0)));
    assert_int_equal(FETTLE_TELNET_YES, fettle_rfc2217_is_agreed(&telnet));
    assert_int_equal(0, telnet.out_size); /* these were our own wishes */
}

static void test_hears_a_no(void **state)
{
    (void)state;
    (void)take(BYTES(IAC, DONT, COM_PORT));
    assert_int_equal(FETTLE_TELNET_NO, fettle_rfc2217_is_agreed(&telnet));
    assert_int_equal(0, telnet.out_size);
    (void)take(BYTES(IAC, DO, COM_PORT)); /* and then yes */
    assert_int_equal(FETTLE_TELNET_YES, fettle_rfc2217_is_agreed(&telnet));
    assert_out(BYTES(IAC, WILL, COM_PORT));
}

static void test_takes_the_offer_of_a_server(void **state)
{
    (void)state;
    (void)take(BYTES(IAC, WILL, COM_PORT));
    assert_out(BYTES(IAC, DO, COM_PORT));
    assert_int_equal(FETTLE_TELNET_YES, fettle_rfc2217_is_agreed(&telnet));
    (void)take(BYTES(IAC, WILL, COM_PORT)); /* nothing new */
    assert_int_equal(0, telnet.out_size);
    (void)take(BYTES(IAC, WONT, COM_PORT));
    assert_out(BYTES(IAC, DONT, COM_PORT));
}

static void test_refuses_all_other_options(void **state)
{
    (void)state;
    (void)take(BYTES(IAC, WILL, 1, IAC, DO, 24, IAC, WONT, 5, IAC, DONT, 6));
    assert_out(BYTES(IAC, DONT, 1, IAC, WONT, 24));
}

static void test_does_not_quarrel_for_ever(void **state)
{
    (void)state;
    size_t sent = 0;
    for (int i = 0; i < 10000; i++) {
        (void)take(BYTES(IAC, DO, 0, IAC, DONT, 0, IAC, WILL, 99));
        sent += telnet.out_size;
        telnet.out_size = 0;
    }
    assert_true(sent < 1000);
    assert_false(telnet.is_flooded);
}

/* ---- data ---- */

static void test_doubles_and_halves(void **state)
{
    (void)state;
    uint8_t bytes[8];
    size_t size = fettle_rfc2217_escape(BYTES(1, IAC, 2, IAC), bytes);
    assert_int_equal(6, size);
    assert_memory_equal(((const uint8_t[]){1, IAC, IAC, 2, IAC, IAC}), bytes, 6);
    assert_int_equal(4, take(bytes, size));
    assert_memory_equal(((const uint8_t[]){1, IAC, 2, IAC}), data, 4);
    assert_int_equal(
        2, fettle_rfc2217_take(&telnet, BYTES(IAC, IAC, 9), bytes)); /* in place */
}

static void test_takes_commands_out_of_data(void **state)
{
    (void)state;
    assert_int_equal(4, take(BYTES('a', IAC, 241, 'b', IAC, SB, COM_PORT, 107, 0x30, IAC,
                                   SE, 'c', IAC, SE, 'd')));
    assert_memory_equal("abcd", data, 4);
}

static void test_takes_any_pieces(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {'a', IAC, IAC, 'b', IAC, SB, COM_PORT, 102,
                                    8,   IAC, SE,  'c', IAC, DO, 44,       'd'};
    uint8_t got[sizeof bytes];
    size_t size = 0;
    fettle_rfc2217_ask(&telnet, FETTLE_RFC2217_DATA_BITS, 8);
    for (size_t i = 0; i < sizeof bytes; i++) {
        size += fettle_rfc2217_take(&telnet, bytes + i, 1, got + size);
    }
    assert_int_equal(5, size);
    assert_memory_equal("a\xFF"
                        "bcd",
                        got, 5);
    assert_int_equal(FETTLE_RFC2217_DONE, answer(FETTLE_RFC2217_DATA_BITS));
    assert_int_equal(FETTLE_TELNET_YES, fettle_rfc2217_is_agreed(&telnet));
}

/* ---- requests ---- */

static void test_asks_for_a_rate(void **state)
{
    (void)state;
    fettle_rfc2217_ask(&telnet, FETTLE_RFC2217_BAUD, 921600);
    assert_out(BYTES(IAC, SB, COM_PORT, 1, 0, 0x0E, 0x10, 0, IAC, SE));
    assert_int_equal(FETTLE_RFC2217_PENDING, answer(FETTLE_RFC2217_BAUD));
    assert_true(fettle_rfc2217_is_pending(&telnet));
    (void)take(BYTES(IAC, SB, COM_PORT, 101, 0, 0x0E, 0x10, 0, IAC, SE));
    assert_int_equal(FETTLE_RFC2217_DONE, answer(FETTLE_RFC2217_BAUD));
    assert_false(fettle_rfc2217_is_pending(&telnet));
    fettle_rfc2217_ask(&telnet, FETTLE_RFC2217_BAUD, 0xFF00FF); /* with IAC in it */
    assert_out(BYTES(IAC, SB, COM_PORT, 1, 0, IAC, IAC, 0, IAC, IAC, IAC, SE));
    (void)take(BYTES(IAC, SB, COM_PORT, 101, 0, IAC, IAC, 0, IAC, IAC, IAC, SE));
    assert_int_equal(FETTLE_RFC2217_DONE, answer(FETTLE_RFC2217_BAUD));
}

static void test_sees_another_rate(void **state)
{
    (void)state;
    fettle_rfc2217_ask(&telnet, FETTLE_RFC2217_BAUD, 921600);
    (void)take(BYTES(IAC, SB, COM_PORT, 101, 0, 1, 0xC2, 0, IAC, SE)); /* 115200 */
    assert_int_equal(FETTLE_RFC2217_OTHER, answer(FETTLE_RFC2217_BAUD));
    fettle_rfc2217_ask(&telnet, FETTLE_RFC2217_BAUD, 115200);
    (void)take(BYTES(IAC, SB, COM_PORT, 101, 0, 1, 0xC9, 0, IAC, SE)); /* 1.6 % more */
    assert_int_equal(FETTLE_RFC2217_DONE, answer(FETTLE_RFC2217_BAUD));
}

static void test_asks_for_all_else(void **state)
{
    (void)state;
    static const struct {
        fettle_rfc2217_item item;
        uint8_t value, request;
    } all[] = {
        {FETTLE_RFC2217_DATA_BITS, 5, 2},
        {FETTLE_RFC2217_PARITY, FETTLE_RFC2217_NO_PARITY, 3},
        {FETTLE_RFC2217_STOP_BITS, FETTLE_RFC2217_ONE_STOP_BIT, 4},
        {FETTLE_RFC2217_FLOW, FETTLE_RFC2217_NO_FLOW, 5},
        {FETTLE_RFC2217_DTR, FETTLE_RFC2217_DTR_ON, 5},
        {FETTLE_RFC2217_RTS, FETTLE_RFC2217_RTS_OFF, 5},
        {FETTLE_RFC2217_PURGE, FETTLE_RFC2217_PURGE_RECEIVED, 12},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        fettle_rfc2217_ask(&telnet, all[i].item, all[i].value);
        assert_out(BYTES(IAC, SB, COM_PORT, all[i].request, all[i].value, IAC, SE));
    }
    for (size_t i = sizeof all / sizeof *all; i-- > 0;) { /* in any order */
        assert_int_equal(FETTLE_RFC2217_PENDING, answer(all[i].item));
        (void)take(BYTES(IAC, SB, COM_PORT, (uint8_t)(all[i].request + 100), all[i].value,
                         IAC, SE));
        assert_int_equal(FETTLE_RFC2217_DONE, answer(all[i].item));
    }
    assert_false(fettle_rfc2217_is_pending(&telnet));
}

static void test_tells_control_answers_apart(void **state)
{
    (void)state;
    fettle_rfc2217_ask(&telnet, FETTLE_RFC2217_DTR, FETTLE_RFC2217_DTR_ON);
    fettle_rfc2217_ask(&telnet, FETTLE_RFC2217_RTS, FETTLE_RFC2217_RTS_ON);
    (void)take(BYTES(IAC, SB, COM_PORT, 105, 5, IAC, SE));  /* a break */
    (void)take(BYTES(IAC, SB, COM_PORT, 105, 14, IAC, SE)); /* inbound flow control */
    assert_int_equal(FETTLE_RFC2217_PENDING, answer(FETTLE_RFC2217_DTR));
    (void)take(BYTES(IAC, SB, COM_PORT, 105, FETTLE_RFC2217_DTR_OFF, IAC, SE));
    assert_int_equal(FETTLE_RFC2217_OTHER, answer(FETTLE_RFC2217_DTR));
    assert_int_equal(FETTLE_RFC2217_PENDING, answer(FETTLE_RFC2217_RTS));
    fettle_rfc2217_forget(&telnet);
    assert_int_equal(FETTLE_RFC2217_NOT_ASKED, answer(FETTLE_RFC2217_RTS));
    (void)take(
        BYTES(IAC, SB, COM_PORT, 105, FETTLE_RFC2217_RTS_ON, IAC, SE)); /* too late */
    assert_int_equal(FETTLE_RFC2217_NOT_ASKED, answer(FETTLE_RFC2217_RTS));
}

static void test_ignores_answers_that_are_none(void **state)
{
    (void)state;
    fettle_rfc2217_ask(&telnet, FETTLE_RFC2217_BAUD, 9600);
    fettle_rfc2217_ask(&telnet, FETTLE_RFC2217_DATA_BITS, 8);
    telnet.out_size = 0;
    (void)take(BYTES(IAC, SB, IAC, SE));                            /* empty */
    (void)take(BYTES(IAC, SB, COM_PORT, IAC, SE));                  /* no number */
    (void)take(BYTES(IAC, SB, COM_PORT, 101, 0x25, 0x80, IAC, SE)); /* too short */
    (void)take(BYTES(IAC, SB, COM_PORT, 101, 0, 0, 0x25, 0x80, 0, IAC, SE));
    (void)take(BYTES(IAC, SB, COM_PORT, 101, 0, 0, 0x25, 0x80, 0, 0, 0, 0, IAC, SE));
    (void)take(BYTES(IAC, SB, 24, 102, 8, IAC, SE));            /* another option */
    (void)take(BYTES(IAC, SB, COM_PORT, 2, 8, IAC, SE));        /* a client's own */
    (void)take(BYTES(IAC, SB, COM_PORT, 102, 8, IAC, WILL, 1)); /* without its end */
    assert_int_equal(FETTLE_RFC2217_PENDING, answer(FETTLE_RFC2217_BAUD));
    assert_int_equal(FETTLE_RFC2217_PENDING, answer(FETTLE_RFC2217_DATA_BITS));
    assert_out(BYTES(IAC, DONT, 1)); /* that one was understood */
}

static void test_is_told_to_be_silent(void **state)
{
    (void)state;
    assert_false(telnet.is_suspended);
    (void)take(BYTES(IAC, SB, COM_PORT, 108, IAC, SE));
    assert_true(telnet.is_suspended);
    (void)take(BYTES(IAC, SB, COM_PORT, 109, IAC, SE));
    assert_false(telnet.is_suspended);
}

static void test_drops_what_is_older_than_a_purge(void **state)
{
    (void)state;
    fettle_rfc2217_purge(&telnet);
    assert_out(BYTES(IAC, SB, COM_PORT, 12, 1, IAC, SE));
    fettle_rfc2217_purge(&telnet);
    assert_int_equal(0, take(BYTES('o', 'l', 'd', IAC, IAC)));
    assert_int_equal(0, take(BYTES(IAC, SB, COM_PORT, 112, 1, IAC, SE, 'o')));
    assert_int_equal(1, take(BYTES('x', IAC, SB, COM_PORT, 112, 1, IAC, SE, 'n')));
    assert_int_equal('n', data[0]);
    assert_int_equal(1, take(BYTES(IAC, SB, COM_PORT, 112, 1, IAC, SE, 'n'))); /* unasked */
}

static void test_says_that_there_is_no_room(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        fettle_rfc2217_ask(&telnet, FETTLE_RFC2217_DTR, FETTLE_RFC2217_DTR_ON);
    }
    assert_true(telnet.is_flooded);
    assert_true(telnet.out_size <= sizeof telnet.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_begins_with_its_wishes, begin),
        cmocka_unit_test_setup(test_agrees, begin),
        cmocka_unit_test_setup(test_hears_a_no, begin),
        cmocka_unit_test_setup(test_takes_the_offer_of_a_server, begin),
        cmocka_unit_test_setup(test_refuses_all_other_options, begin),
        cmocka_unit_test_setup(test_does_not_quarrel_for_ever, begin),
        cmocka_unit_test_setup(test_doubles_and_halves, begin),
        cmocka_unit_test_setup(test_takes_commands_out_of_data, begin),
        cmocka_unit_test_setup(test_takes_any_pieces, begin),
        cmocka_unit_test_setup(test_asks_for_a_rate, begin),
        cmocka_unit_test_setup(test_sees_another_rate, begin),
        cmocka_unit_test_setup(test_asks_for_all_else, begin),
        cmocka_unit_test_setup(test_tells_control_answers_apart, begin),
        cmocka_unit_test_setup(test_ignores_answers_that_are_none, begin),
        cmocka_unit_test_setup(test_is_told_to_be_silent, begin),
        cmocka_unit_test_setup(test_drops_what_is_older_than_a_purge, begin),
        cmocka_unit_test_setup(test_says_that_there_is_no_room, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
