/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 2217 as a client's bytes and a server's answers: sim/serve/rfc2217.h. */
#include "sim/serve/rfc2217.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

enum { ROOM = 1024, IAC = TELNET_IAC };

static struct {
    fettle_sim_rfc2217 telnet;
    uint8_t data[ROOM], replies[ROOM];
    size_t data_size, replies_size;
    unsigned discards;
} self;

static void note(const fettle_sim_rfc2217_event *event)
{
    if (event->kind == FETTLE_SIM_RFC2217_DATA) {
        assert_true(event->size > 0);
        memcpy(self.data + self.data_size, event->data, event->size);
        self.data_size += event->size;
    } else if (event->kind == FETTLE_SIM_RFC2217_OBEY) {
        memcpy(self.replies + self.replies_size, event->reply, event->reply_size);
        self.replies_size += event->reply_size;
        self.discards += event->discards ? 1 : 0;
    }
}

static void forget(void)
{
    self.data_size = self.replies_size = 0;
    self.discards = 0;
}

static void take(const void *bytes, size_t size)
{
    uint8_t copy[ROOM];
    size_t at = 0;
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    while (at < size) {
        fettle_sim_rfc2217_event event;
        size_t count = fettle_sim_rfc2217_take(&self.telnet, copy + at, size - at, &event);
        assert_in_range(count, 1, size - at);
        note(&event);
        at += count;
    }
}

#define TAKE(...) \
    take((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

#define REPLIES(...)                                                         \
    expect(self.replies, &self.replies_size, (const uint8_t[]){__VA_ARGS__}, \
           sizeof((const uint8_t[]){__VA_ARGS__}))

#define DATA(...)                                                      \
    expect(self.data, &self.data_size, (const uint8_t[]){__VA_ARGS__}, \
           sizeof((const uint8_t[]){__VA_ARGS__}))

static void expect(const uint8_t *is, size_t *size, const uint8_t *wanted, size_t count)
{
    assert_int_equal(count, *size);
    assert_memory_equal(wanted, is, count);
    *size = 0;
}

static void expect_silence(void)
{
    assert_int_equal(0, self.replies_size);
    assert_int_equal(0, self.data_size);
}

/* A connection on which BINARY is refused: the text mode of Telnet. */
static int connect_text(void **state)
{
    (void)state;
    const fettle_serial_settings settings = {.baud = 115200, .data_bits = 8};
    fettle_sim_rfc2217_event event;
    forget();
    fettle_sim_rfc2217_init(&self.telnet, &settings, &event);
    note(&event);
    REPLIES(IAC, TELNET_WILL, TELNET_BINARY, IAC, TELNET_DO, TELNET_BINARY);
    return 0;
}

/* A connection with BINARY both ways, and COM-PORT-OPTION. */
static int connect_line(void **state)
{
    connect_text(state);
    TAKE(IAC, TELNET_DO, TELNET_BINARY, IAC, TELNET_WILL, TELNET_BINARY);
    expect_silence();
    TAKE(IAC, TELNET_WILL, TELNET_COM_PORT);
    REPLIES(IAC, TELNET_DO, TELNET_COM_PORT, IAC, TELNET_SB, TELNET_COM_PORT,
            COM_PORT_NOTIFY_MODEMSTATE + 100, 0, IAC, TELNET_SE);
    return 0;
}

/* ---- options ---- */

static void test_answers_only_where_something_changes(void **state)
{
    (void)state;
    TAKE(IAC, TELNET_DO, TELNET_BINARY, IAC, TELNET_WILL, TELNET_BINARY);
    TAKE(IAC, TELNET_DONT, 200, IAC, TELNET_WONT, 200);
    expect_silence();
    TAKE(IAC, TELNET_DO, TELNET_SUPPRESS_GO_AHEAD);
    REPLIES(IAC, TELNET_WILL, TELNET_SUPPRESS_GO_AHEAD);
    TAKE(IAC, TELNET_DO, TELNET_SUPPRESS_GO_AHEAD);
    expect_silence();
    TAKE(IAC, TELNET_DONT, TELNET_SUPPRESS_GO_AHEAD);
    REPLIES(IAC, TELNET_WONT, TELNET_SUPPRESS_GO_AHEAD);
    TAKE(IAC, TELNET_DONT, TELNET_SUPPRESS_GO_AHEAD);
    expect_silence();
    TAKE(IAC, TELNET_WILL, TELNET_SUPPRESS_GO_AHEAD);
    REPLIES(IAC, TELNET_DO, TELNET_SUPPRESS_GO_AHEAD);
    TAKE(IAC, TELNET_DO, TELNET_ECHO);
    REPLIES(IAC, TELNET_WILL, TELNET_ECHO);
    TAKE(IAC, TELNET_DO, TELNET_COM_PORT);
    REPLIES(IAC, TELNET_WILL, TELNET_COM_PORT, IAC, TELNET_SB, TELNET_COM_PORT,
            COM_PORT_NOTIFY_MODEMSTATE + 100, 0, IAC, TELNET_SE);
    TAKE(IAC, TELNET_WILL, TELNET_COM_PORT);
    REPLIES(IAC, TELNET_DO, TELNET_COM_PORT);
}

static void test_refuses_what_it_does_not_know(void **state)
{
    (void)state;
    TAKE(IAC, TELNET_DO, 24, IAC, TELNET_WILL, 31, IAC, TELNET_WILL, TELNET_ECHO);
    REPLIES(IAC, TELNET_WONT, 24, IAC, TELNET_DONT, 31, IAC, TELNET_DONT, TELNET_ECHO);
    TAKE(IAC, TELNET_DO, IAC);
    REPLIES(IAC, TELNET_WONT, IAC);
}

static void test_a_refused_binary_stays_off(void **state)
{
    (void)state;
    TAKE(IAC, TELNET_DONT, TELNET_BINARY, IAC, TELNET_WONT, TELNET_BINARY);
    expect_silence();
    TAKE(IAC, TELNET_WILL, TELNET_BINARY);
    REPLIES(IAC, TELNET_DO, TELNET_BINARY);
}

static void test_without_the_option_no_command(void **state)
{
    (void)state;
    TAKE(IAC, TELNET_SB, TELNET_COM_PORT, COM_PORT_SET_DATASIZE, 7, IAC, TELNET_SE);
    expect_silence();
    assert_int_equal(8, self.telnet.settings.data_bits);
}

/* ---- data ---- */

static void test_data(void **state)
{
    (void)state;
    TAKE('a', IAC, IAC, 13, 0, 'b', IAC, 241, 'c');
    DATA('a', IAC, 13, 0, 'b', 'c');
    TAKE('d', IAC);
    TAKE(IAC, 'e', IAC);
    TAKE(TELNET_DO, 24, IAC);
    TAKE(IAC);
    DATA('d', IAC, 'e', IAC);
    REPLIES(IAC, TELNET_WONT, 24);
}

static void test_text(void **state)
{
    (void)state;
    TAKE('a', 13, 0, 0, 13, 10, 13);
    TAKE(0, 'b', 13, IAC, IAC, 0, 13);
    TAKE(IAC);
    TAKE(IAC);
    TAKE(0);
    DATA('a', 13, 0, 13, 10, 13, 'b', 13, IAC, 0, 13, IAC, 0);
}

static void encode(const uint8_t *bytes, size_t size)
{
    uint8_t room[2 * ROOM + 1];
    size_t count = fettle_sim_rfc2217_encode(&self.telnet, room, bytes, size);
    assert_in_range(count, size, 2 * size + 1);
    memcpy(self.data + self.data_size, room, count);
    self.data_size += count;
}

static void test_data_to_the_client(void **state)
{
    (void)state;
    encode((const uint8_t[]){'a', IAC, 13, 'b', IAC}, 5);
    DATA('a', IAC, IAC, 13, 'b', IAC, IAC);
}

static void test_text_to_the_client(void **state)
{
    (void)state;
    encode((const uint8_t[]){'a', 13, 10, 13, 13}, 5);
    encode((const uint8_t[]){IAC}, 1);
    DATA('a', 13, 10, 13, 0, 13, 0, IAC, IAC);
}

/* ---- COM-PORT-OPTION ---- */

static void command(uint8_t code, const uint8_t *value, size_t size)
{
    const uint8_t begin[] = {IAC, TELNET_SB, TELNET_COM_PORT, code};
    take(begin, sizeof begin);
    take(value, size);
    TAKE(IAC, TELNET_SE);
}

/* A command with one byte, and the answer's. */
static void ask(uint8_t code, uint8_t value, uint8_t answer)
{
    command(code, &value, 1);
    REPLIES(IAC, TELNET_SB, TELNET_COM_PORT, (uint8_t)(code + 100), answer, IAC, TELNET_SE);
}

static void test_rate(void **state)
{
    (void)state;
    command(COM_PORT_SET_BAUDRATE, (const uint8_t[]){0, 0x0e, 0x10, 0}, 4);
    REPLIES(IAC, TELNET_SB, TELNET_COM_PORT, 101, 0, 0x0e, 0x10, 0, IAC, TELNET_SE);
    assert_int_equal(921600, self.telnet.settings.baud);
    command(COM_PORT_SET_BAUDRATE, (const uint8_t[]){0, 0, 0, 0}, 4);
    REPLIES(IAC, TELNET_SB, TELNET_COM_PORT, 101, 0, 0x0e, 0x10, 0, IAC, TELNET_SE);
    assert_int_equal(921600, self.telnet.settings.baud);
}

static void test_a_value_of_255_is_doubled_both_ways(void **state)
{
    (void)state;
    TAKE(IAC, TELNET_SB, TELNET_COM_PORT, COM_PORT_SET_BAUDRATE, 0, 0, IAC, IAC);
    TAKE(1, IAC, TELNET_SE);
    assert_int_equal(0xff01, self.telnet.settings.baud);
    REPLIES(IAC, TELNET_SB, TELNET_COM_PORT, 101, 0, 0, IAC, IAC, 1, IAC, TELNET_SE);
}

static void test_format(void **state)
{
    (void)state;
    ask(COM_PORT_SET_DATASIZE, 0, 8);
    ask(COM_PORT_SET_DATASIZE, 5, 5);
    ask(COM_PORT_SET_DATASIZE, 9, 5);
    assert_int_equal(5, self.telnet.settings.data_bits);
    ask(COM_PORT_SET_PARITY, 0, 1);
    ask(COM_PORT_SET_PARITY, 3, 1);
    ask(COM_PORT_SET_STOPSIZE, 2, 1);
}

static void test_lines(void **state)
{
    (void)state;
    const fettle_serial_settings *settings = &self.telnet.settings;
    ask(COM_PORT_SET_CONTROL, 7, 9);
    ask(COM_PORT_SET_CONTROL, 8, 8);
    assert_true(settings->dtr && !settings->rts);
    ask(COM_PORT_SET_CONTROL, 11, 11);
    assert_true(settings->dtr && settings->rts);
    ask(COM_PORT_SET_CONTROL, 9, 9);
    assert_true(!settings->dtr && settings->rts);
    ask(COM_PORT_SET_CONTROL, 10, 11);
    ask(COM_PORT_SET_CONTROL, 12, 12);
    assert_true(!settings->dtr && !settings->rts);
}

static void test_what_a_line_does_not_have(void **state)
{
    (void)state;
    ask(COM_PORT_SET_CONTROL, 0, 1);
    ask(COM_PORT_SET_CONTROL, 3, 1);
    ask(COM_PORT_SET_CONTROL, 17, 1);
    ask(COM_PORT_SET_CONTROL, 5, 6);
    ask(COM_PORT_SET_CONTROL, 13, 14);
    ask(COM_PORT_SET_CONTROL, 18, 14);
    command(COM_PORT_SET_CONTROL, (const uint8_t[]){20}, 1);
    expect_silence();
}

static void test_purge(void **state)
{
    (void)state;
    ask(COM_PORT_PURGE_DATA, 1, 1);
    assert_int_equal(1, self.discards);
    ask(COM_PORT_PURGE_DATA, 2, 2);
    assert_int_equal(1, self.discards);
    ask(COM_PORT_PURGE_DATA, 3, 3);
    assert_int_equal(2, self.discards);
    command(COM_PORT_PURGE_DATA, (const uint8_t[]){4}, 1);
    expect_silence();
    assert_int_equal(2, self.discards);
}

static void test_suspend(void **state)
{
    (void)state;
    assert_false(self.telnet.is_suspended);
    command(COM_PORT_FLOWCONTROL_SUSPEND, NULL, 0);
    assert_true(self.telnet.is_suspended);
    command(COM_PORT_FLOWCONTROL_RESUME, NULL, 0);
    assert_false(self.telnet.is_suspended);
    expect_silence();
}

static void test_notifications_and_signature(void **state)
{
    (void)state;
    command(COM_PORT_SET_MODEMSTATE_MASK, (const uint8_t[]){0x0f}, 1);
    REPLIES(IAC, TELNET_SB, TELNET_COM_PORT, 111, 0x0f, IAC, TELNET_SE, IAC, TELNET_SB,
            TELNET_COM_PORT, 107, 0, IAC, TELNET_SE);
    command(COM_PORT_SET_LINESTATE_MASK, (const uint8_t[]){0x41}, 1);
    REPLIES(IAC, TELNET_SB, TELNET_COM_PORT, 110, 0x41, IAC, TELNET_SE, IAC, TELNET_SB,
            TELNET_COM_PORT, 106, 0x40, IAC, TELNET_SE);
    ask(COM_PORT_SET_LINESTATE_MASK, 0, 0);
    command(COM_PORT_SIGNATURE, (const uint8_t *)"someone", 7);
    expect_silence();
    command(COM_PORT_SIGNATURE, NULL, 0);
    REPLIES(IAC, TELNET_SB, TELNET_COM_PORT, 100, 'f', 'e', 't', 't', 'l', 'e', '-', 's',
            'i', 'm', IAC, TELNET_SE);
}

/* ---- what isn't as it should be ---- */

static void test_wrong_sizes_are_ignored(void **state)
{
    (void)state;
    command(COM_PORT_SET_BAUDRATE, (const uint8_t[]){0, 0, 1}, 3);
    command(COM_PORT_SET_DATASIZE, (const uint8_t[]){7, 7}, 2);
    command(COM_PORT_SET_CONTROL, NULL, 0);
    command(77, (const uint8_t[]){7}, 1);
    TAKE(IAC, TELNET_SB, IAC, TELNET_SE, IAC, TELNET_SB, TELNET_COM_PORT, IAC, TELNET_SE);
    TAKE(IAC, TELNET_SB, 24, 1, IAC, TELNET_SE);
    expect_silence();
    assert_int_equal(115200, self.telnet.settings.baud);
    assert_int_equal(8, self.telnet.settings.data_bits);
}

static void test_a_subnegotiation_without_an_end(void **state)
{
    (void)state;
    uint8_t many[ROOM / 2];
    memset(many, 7, sizeof many);
    command(COM_PORT_SET_DATASIZE, many, sizeof many);
    command(COM_PORT_FLOWCONTROL_SUSPEND, many, sizeof many);
    expect_silence();
    assert_false(self.telnet.is_suspended);
    ask(COM_PORT_SET_DATASIZE, 6, 6); /* the next one is as good as ever */

    TAKE(IAC, TELNET_SB, TELNET_COM_PORT, COM_PORT_SET_DATASIZE, 7, IAC, TELNET_DO, 24);
    REPLIES(IAC, TELNET_WONT, 24);
    TAKE('x', IAC, TELNET_SE, 'y');
    DATA('x', 'y');
    assert_int_equal(6, self.telnet.settings.data_bits);
}

#define L(name) cmocka_unit_test_setup(name, connect_line)
#define T(name) cmocka_unit_test_setup(name, connect_text)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_answers_only_where_something_changes),
        T(test_refuses_what_it_does_not_know),
        T(test_a_refused_binary_stays_off),
        T(test_without_the_option_no_command),
        L(test_data),
        T(test_text),
        L(test_data_to_the_client),
        T(test_text_to_the_client),
        L(test_rate),
        L(test_a_value_of_255_is_doubled_both_ways),
        L(test_format),
        L(test_lines),
        L(test_what_a_line_does_not_have),
        L(test_purge),
        L(test_suspend),
        L(test_notifications_and_signature),
        L(test_wrong_sizes_are_ignored),
        L(test_a_subnegotiation_without_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
