/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines over TCP, plain and with RFC 2217, against a peer with good manners and bad ones; and servers that are none.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cancel.h"
#include "os/clock.h"
#include "os/serial.h"
#include "os/serial_bus.h"
#include "serial_peer.h"

#include <errno.h>

enum {
    SECOND = 1000000,
    LONG = 20 * SECOND, /* nothing here takes so long */
    SHORT = 300000,     /* for what is waited for in vain */
};

static const fettle_bus_ops *const ops = &fettle_os_serial_bus_ops;
static const fettle_serial_settings usual = {
    .baud = 115200, .data_bits = 8, .dtr = false, .rts = true};

struct desk {
    struct peer peer;
    fettle_os_serial *bus;
    fettle_sight sight;
    uint64_t change;
    fettle_link link;
};

static fettle_us now(void)
{
    return fettle_os_clock()->now(NULL);
}

static fettle_os_serial *connect_to(const struct peer *peer, fettle_us time,
                                    fettle_error *err)
{
    char port[64];
    (void)snprintf(port, sizeof port, "%s://127.0.0.1:%d",
                   peer->is_plain ? "tcp" : "rfc2217", peer->port);
    *err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_os_serial_new_within(port, time, err);
}

static struct desk *new_desk(void)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    return desk;
}

static void connect_desk(struct desk *desk)
{
    fettle_error err;
    peer_start(&desk->peer, 0);
    desk->bus = connect_to(&desk->peer, LONG, &err);
    assert_non_null(desk->bus);
    assert_int_equal(1, ops->look(desk->bus, &desk->sight, 1, &desk->change));
}

static fettle_outcome open_with(struct desk *desk, const fettle_serial_settings *settings)
{
    return ops->open(desk->bus, &desk->sight, FETTLE_LINK_SERIAL, settings, &desk->link);
}

static void open_desk(struct desk *desk)
{
    connect_desk(desk);
    fettle_outcome outcome = open_with(desk, &usual);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(FETTLE_LINK_SERIAL, desk->link.kind);
}

static void close_link(struct desk *desk)
{
    desk->link.serial->close(desk->link.self);
}

static void free_desk(struct desk *desk)
{
    fettle_os_serial_free(desk->bus);
    peer_stop(&desk->peer);
    free(desk);
}

static void tear_down(struct desk *desk)
{
    close_link(desk);
    free_desk(desk);
}

static void assert_failed(fettle_why why, int error, fettle_outcome outcome)
{
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(why, outcome.why);
    assert_int_equal(error, outcome.system);
}

static fettle_outcome write_link(struct desk *desk, const void *bytes, size_t size)
{
    return desk->link.serial->write(desk->link.self, bytes, size, now() + LONG, NULL);
}

static void read_all(struct desk *desk, uint8_t *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        fettle_outcome outcome = desk->link.serial->read(desk->link.self, bytes + done,
                                                         size - done, now() + LONG, NULL);
        assert_int_equal(FETTLE_OK, outcome.kind);
        assert_true(outcome.count > 0);
        done += outcome.count;
    }
}

/* What the peer was told since the last call. */
static void assert_told(struct desk *desk, const char *log)
{
    peer_lock(&desk->peer);
    assert_string_equal(log, desk->peer.log);
    desk->peer.log[0] = '\0';
    peer_unlock(&desk->peer);
}

static void mend(struct desk *desk, bool *manner, bool value)
{
    peer_lock(&desk->peer);
    *manner = value;
    peer_unlock(&desk->peer);
    peer_tell(&desk->peer, ' ');
}

static size_t count_received(struct desk *desk)
{
    peer_lock(&desk->peer);
    size_t size = desk->peer.size;
    peer_unlock(&desk->peer);
    return size;
}

/* ---- bytes ---- */

static void carry_all_bytes(bool is_plain)
{
    struct desk *desk = new_desk();
    static uint8_t sent[100000], got[100000];
    desk->peer.is_plain = is_plain;
    desk->peer.echoes = true;
    open_desk(desk);
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i % 3 == 0 ? 255 : i * 7);
    }
    for (size_t done = 0; done < sizeof sent; done += 20000) {
        fettle_outcome outcome = write_link(desk, sent + done, 20000);
        assert_int_equal(FETTLE_OK, outcome.kind);
        assert_int_equal(20000, outcome.count);
        read_all(desk, got + done, 20000);
    }
    assert_memory_equal(sent, got, sizeof sent);
    tear_down(desk);
}

static void test_carries_all_bytes(void **state)
{
    (void)state;
    carry_all_bytes(true);
    carry_all_bytes(false);
}

static void wait_in_vain(bool is_plain)
{
    struct desk *desk = new_desk();
    static uint8_t much[1 << 24];
    desk->peer.is_plain = is_plain;
    open_desk(desk);
    const fettle_serial_ops *serial = desk->link.serial;
    fettle_us until = now() + 30000;
    fettle_outcome outcome = serial->read(desk->link.self, much, 1, until, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_true(now() >= until);
    mend(desk, &desk->peer.is_deaf, true);
    outcome = serial->write(desk->link.self, much, sizeof much, now() + SHORT, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_true(outcome.count > 0 && outcome.count < sizeof much);
    tear_down(desk);
}

static void test_deadlines(void **state)
{
    (void)state;
    wait_in_vain(true);
    wait_in_vain(false);
}

static void *cancel_soon(void *cancel)
{
    (void)fettle_os_clock()->wait(NULL, now() + 10000, NULL);
    fettle_cancel_want(cancel);
    return NULL;
}

static void test_cancels(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    static uint8_t much[1 << 24];
    open_desk(desk);
    const fettle_serial_ops *serial = desk->link.serial;
    mend(desk, &desk->peer.is_deaf, true);
    for (int i = 0; i < 3; i++) {
        fettle_cancel cancel = {false};
        fettle_outcome outcome;
        pthread_t thread;
        assert_int_equal(0, pthread_create(&thread, NULL, cancel_soon, &cancel));
        if (i == 0) {
            outcome = ops->wait(desk->bus, desk->change, FETTLE_NEVER, &cancel);
        } else if (i == 1) {
            outcome = serial->read(desk->link.self, much, 1, FETTLE_NEVER, &cancel);
        } else {
            outcome =
                serial->write(desk->link.self, much, sizeof much, FETTLE_NEVER, &cancel);
        }
        assert_int_equal(0, pthread_join(thread, NULL));
        assert_int_equal(FETTLE_CANCELLED, outcome.kind);
    }
    tear_down(desk);
}

static void test_waits_while_the_server_wants_it(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->peer.suspends = true;
    open_desk(desk);
    fettle_outcome outcome = desk->link.serial->write(
        desk->link.self, (const uint8_t *)"abc", 3, now() + 30000, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_int_equal(0, outcome.count);
    mend(desk, &desk->peer.resumes, true);
    assert_int_equal(FETTLE_OK, write_link(desk, "abc", 3).kind);
    tear_down(desk);
}

/* ---- settings ---- */

static void test_sets_all_at_opening(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    open_desk(desk);
    assert_told(desk, "rts=11 dtr=9 parity=1 stop=1 baud=115200 bits=8 flow=1 purge=1 ");
    tear_down(desk);
}

/* Reset alone (RTS without DTR) never comes between two states that don't have it. */
static void test_moves_lines_in_the_right_order(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    open_desk(desk);
    assert_told(desk, "rts=11 dtr=9 parity=1 stop=1 baud=115200 bits=8 flow=1 purge=1 ");
    static const struct {
        bool dtr, rts;
        const char *told;
    } moves[] = {
        {false, false, "rts=12 dtr=9 "},
        {true, true, "dtr=8 rts=11 "},
        {false, true, "rts=11 dtr=9 "},
        {true, false, "dtr=8 rts=12 "},
    };
    for (size_t i = 0; i < 4; i++) {
        fettle_outcome outcome =
            desk->link.serial->set_lines(desk->link.self, moves[i].dtr, moves[i].rts);
        assert_int_equal(FETTLE_OK, outcome.kind);
        assert_told(desk, moves[i].told); /* it has answered, and so has it */
    }
    tear_down(desk);
}

static void test_sets_rate_and_format(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    open_desk(desk);
    const fettle_serial_ops *serial = desk->link.serial;
    assert_told(desk, "rts=11 dtr=9 parity=1 stop=1 baud=115200 bits=8 flow=1 purge=1 ");
    assert_int_equal(FETTLE_OK, serial->set_baud(desk->link.self, 921600).kind);
    assert_int_equal(FETTLE_OK, serial->set_format(desk->link.self, 5).kind);
    assert_told(desk, "baud=921600 bits=5 ");
    assert_failed(FETTLE_WHY_SYSTEM, EINVAL, serial->set_format(desk->link.self, 4));
    /* one that it doesn't have is taken back */
    mend(desk, &desk->peer.has_other_baud, true);
    fettle_outcome outcome = serial->set_baud(desk->link.self, 3000000);
    assert_failed(FETTLE_WHY_SYSTEM, EINVAL, outcome);
    assert_true(fettle_serial_is_unsupported(&outcome));
    assert_told(desk, "baud=3000000 baud=921600 ");
    mend(desk, &desk->peer.has_other_baud, false);
    mend(desk, &desk->peer.is_without_baud, true);
    outcome = serial->set_baud(desk->link.self, 9600);
    assert_failed(FETTLE_WHY_SYSTEM, ETIMEDOUT, outcome);
    assert_false(fettle_serial_is_unsupported(&outcome));
    tear_down(desk);
}

static void test_a_plain_line_has_only_bytes(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->peer.is_plain = true;
    open_desk(desk);
    const fettle_serial_ops *serial = desk->link.serial;
    assert_failed(FETTLE_WHY_SYSTEM, ENOTTY,
                  serial->set_lines(desk->link.self, true, true));
    assert_failed(FETTLE_WHY_SYSTEM, ENOTTY, serial->set_baud(desk->link.self, 9600));
    assert_failed(FETTLE_WHY_SYSTEM, ENOTTY, serial->set_format(desk->link.self, 8));
    assert_failed(FETTLE_WHY_SYSTEM, ENOTTY, serial->set_format(desk->link.self, 9));
    assert_int_equal(FETTLE_OK, serial->discard(desk->link.self).kind);
    assert_int_equal(0, count_received(desk)); /* and nothing was sent for it */
    tear_down(desk);
}

/* A board that can't be reset is no reason not to open it. */
static void test_a_server_without_lines(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->peer.is_without_lines = true;
    desk->peer.is_without_purge = true;
    open_desk(desk);
    fettle_outcome outcome = desk->link.serial->set_lines(desk->link.self, true, false);
    assert_failed(FETTLE_WHY_SYSTEM, ENOTTY, outcome);
    assert_int_equal(FETTLE_OK, desk->link.serial->discard(desk->link.self).kind);
    peer_lock(&desk->peer);
    assert_null(strstr(strstr(desk->peer.log, "purge=1") + 1, "purge"));
    peer_unlock(&desk->peer);
    tear_down(desk);
}

static void test_a_server_with_other_lines(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    open_desk(desk);
    mend(desk, &desk->peer.has_other_lines, true);
    fettle_outcome outcome = desk->link.serial->set_lines(desk->link.self, true, false);
    assert_failed(FETTLE_WHY_SYSTEM, ENOTTY, outcome);
    tear_down(desk);
}

static void test_refuses_to_open_at_another_rate(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->peer.has_other_baud = true;
    connect_desk(desk);
    assert_failed(FETTLE_WHY_SYSTEM, EINVAL, open_with(desk, &usual));
    fettle_serial_settings settings = {.baud = 9600, .data_bits = 8};
    assert_int_equal(FETTLE_OK,
                     open_with(desk, &settings).kind); /* it isn't held by that */
    tear_down(desk);
}

/* ---- discarding ---- */

/* What the server had on its way is older than the purge, and is dropped as it comes. */
static void test_discards_what_is_on_its_way(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    uint8_t got[3];
    desk->peer.echoes = true;
    open_desk(desk);
    assert_int_equal(FETTLE_OK, write_link(desk, "old", 3).kind);
    assert_int_equal(FETTLE_OK, desk->link.serial->discard(desk->link.self).kind);
    assert_int_equal(FETTLE_OK, write_link(desk, "new", 3).kind);
    read_all(desk, got, sizeof got);
    assert_memory_equal("new", got, 3);
    tear_down(desk);
}

static void test_nothing_from_before_opening_is_read(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    uint8_t got[3];
    desk->peer.is_plain = true;
    desk->peer.echoes = true;
    open_desk(desk);
    assert_int_equal(FETTLE_OK, write_link(desk, "old", 3).kind);
    while (count_received(desk) < 3) {
        (void)ops->wait(desk->bus, desk->change, now() + 1000, NULL);
    }
    peer_lock(&desk->peer); /* it has sent that back before it lets go of the lock */
    peer_unlock(&desk->peer);
    close_link(desk);
    assert_int_equal(FETTLE_OK, open_with(desk, &usual).kind);
    assert_int_equal(FETTLE_OK, write_link(desk, "new", 3).kind);
    read_all(desk, got, sizeof got);
    assert_memory_equal("new", got, 3);
    peer_lock(&desk->peer);
    assert_int_equal(1, desk->peer.clients); /* one connection for all links */
    peer_unlock(&desk->peer);
    tear_down(desk);
}

static void test_nothing_from_opening_is_read(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    uint8_t got[3];
    desk->peer.chatters = true;
    desk->peer.echoes = true;
    open_desk(desk);
    assert_int_equal(FETTLE_OK, write_link(desk, "new", 3).kind);
    read_all(desk, got, sizeof got);
    assert_memory_equal("new", got, 3);
    tear_down(desk);
}

/* ---- the bus ---- */

static void test_is_one_board(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    char path[64];
    fettle_link other;
    open_desk(desk);
    (void)snprintf(path, sizeof path, "rfc2217://127.0.0.1:%d", desk->peer.port);
    assert_string_equal(path, desk->sight.path);
    assert_string_equal("", desk->sight.node);
    assert_int_equal(1, desk->sight.arrival);
    assert_int_equal(FETTLE_LINK_SERIAL, desk->sight.kind);
    assert_failed(FETTLE_WHY_BUSY, 0,
                  ops->open(desk->bus, &desk->sight, FETTLE_LINK_SERIAL, &usual, &other));
    close_link(desk);
    assert_failed(FETTLE_WHY_DRIVER, 0,
                  ops->open(desk->bus, &desk->sight, FETTLE_LINK_USB, NULL, &other));
    desk->sight.arrival = 2;
    assert_int_equal(FETTLE_GONE, open_with(desk, &usual).kind);
    free_desk(desk);
}

static void leave_and_come_back(bool is_plain, bool is_open)
{
    struct desk *desk = new_desk();
    uint8_t byte;
    desk->peer.is_plain = is_plain;
    connect_desk(desk);
    if (is_open) {
        assert_int_equal(FETTLE_OK, open_with(desk, &usual).kind);
    }
    peer_tell(&desk->peer, 'h');
    if (is_open) {
        const fettle_serial_ops *serial = desk->link.serial;
        fettle_outcome outcome =
            serial->read(desk->link.self, &byte, 1, FETTLE_NEVER, NULL);
        assert_int_equal(FETTLE_GONE, outcome.kind);
        assert_int_equal(FETTLE_GONE, write_link(desk, "a", 1).kind);
        assert_int_equal(FETTLE_GONE, serial->discard(desk->link.self).kind);
        assert_int_equal(is_plain ? FETTLE_ERROR : FETTLE_GONE,
                         serial->set_baud(desk->link.self, 9600).kind);
        close_link(desk);
    }
    for (size_t count = 0; count == 0 || desk->sight.arrival == 1;) {
        fettle_outcome outcome = ops->wait(desk->bus, desk->change, now() + LONG, NULL);
        assert_int_equal(FETTLE_OK, outcome.kind);
        count = ops->look(desk->bus, &desk->sight, 1, &desk->change);
    }
    assert_int_equal(2, desk->sight.arrival);
    assert_int_equal(FETTLE_OK, open_with(desk, &usual).kind);
    tear_down(desk);
}

static void test_comes_back_as_a_later_arrival(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        leave_and_come_back(i % 2 == 0, i / 2 == 0);
    }
}

/* What came before the end of the connection is not lost with it. */
static void test_reads_to_the_end(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    uint8_t got[4];
    desk->peer.echoes = true;
    open_desk(desk);
    assert_int_equal(FETTLE_OK, write_link(desk, "last", 4).kind);
    while (count_received(desk) < 4) {
        (void)ops->wait(desk->bus, desk->change, now() + 1000, NULL);
    }
    peer_tell(&desk->peer, 'h');
    read_all(desk, got, sizeof got);
    assert_memory_equal("last", got, 4);
    fettle_outcome outcome =
        desk->link.serial->read(desk->link.self, got, 1, FETTLE_NEVER, NULL);
    assert_int_equal(FETTLE_GONE, outcome.kind);
    tear_down(desk);
}

static void test_reads_to_the_end_though_writing_has_failed(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    uint8_t got[4];
    fettle_outcome outcome = {.kind = FETTLE_OK};
    desk->peer.is_plain = true;
    desk->peer.echoes = true;
    open_desk(desk);
    assert_int_equal(FETTLE_OK, write_link(desk, "last", 4).kind);
    while (count_received(desk) < 4) {
        (void)ops->wait(desk->bus, desk->change, now() + 1000, NULL);
    }
    peer_lock(&desk->peer); /* it has sent all of it back before it lets go of the lock */
    peer_unlock(&desk->peer);
    read_all(desk, got, 1);
    peer_tell(&desk->peer, 'h');
    while (outcome.kind == FETTLE_OK) {
        outcome = write_link(desk, "x", 1);
    }
    assert_int_equal(FETTLE_GONE, outcome.kind);
    read_all(desk, got + 1, 3);
    assert_memory_equal("last", got, 4);
    tear_down(desk);
}

/* ---- servers that are none ---- */

/* One that is there at one of several addresses only. */
static void test_tries_all_addresses(void **state)
{
    (void)state;
    struct peer peer = {.is_plain = true};
    char port[64];
    fettle_error err = {.code = FETTLE_E_NONE};
    peer_start(&peer, 0);
    (void)snprintf(port, sizeof port, "tcp://localhost:%d", peer.port);
    fettle_os_serial *bus = fettle_os_serial_new(port, &err);
    assert_non_null(bus);
    fettle_os_serial_free(bus);
    peer_stop(&peer);
}

static void assert_unreachable(const struct peer *peer, const char *why, fettle_us time)
{
    fettle_error err;
    assert_null(connect_to(peer, time, &err));
    assert_int_equal(FETTLE_E_SERVER_UNREACHABLE, err.code);
    assert_non_null(strstr(err.message, why));
}

static void test_says_why_it_cannot_be_reached(void **state)
{
    (void)state;
    struct peer peer = {.port = 0};
    peer.refuses = true;
    peer_start(&peer, 0);
    assert_unreachable(&peer, "it does not speak RFC 2217", LONG);
    peer.refuses = false;
    peer_stop(&peer);
    assert_unreachable(&peer, "connection refused", LONG);

    struct peer mute = {.is_mute = true};
    peer_start(&mute, 0);
    assert_unreachable(&mute, "does not speak RFC 2217", SHORT);
    peer_stop(&mute);

    fettle_error err = {.code = FETTLE_E_NONE};
    assert_null(fettle_os_serial_new("tcp://no-such-host.invalid:12", &err));
    assert_int_equal(FETTLE_E_SERVER_UNREACHABLE, err.code);
    assert_non_null(strstr(err.message, "no computer of this name is known"));
}

static void test_goes_without_memory(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    fettle_error err;
    peer_start(&desk->peer, 0);
    for (unsigned long i = 1; i <= 2; i++) {
        fettle_alloc_fail_at(i);
        assert_null(connect_to(&desk->peer, LONG, &err));
        fettle_alloc_fail_at(0);
        assert_int_equal(FETTLE_E_NO_MEMORY, err.code);
    }
    free_desk(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_carries_all_bytes),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_cancels),
        cmocka_unit_test(test_waits_while_the_server_wants_it),
        cmocka_unit_test(test_sets_all_at_opening),
        cmocka_unit_test(test_moves_lines_in_the_right_order),
        cmocka_unit_test(test_sets_rate_and_format),
        cmocka_unit_test(test_a_plain_line_has_only_bytes),
        cmocka_unit_test(test_a_server_without_lines),
        cmocka_unit_test(test_a_server_with_other_lines),
        cmocka_unit_test(test_refuses_to_open_at_another_rate),
        cmocka_unit_test(test_discards_what_is_on_its_way),
        cmocka_unit_test(test_nothing_from_before_opening_is_read),
        cmocka_unit_test(test_nothing_from_opening_is_read),
        cmocka_unit_test(test_is_one_board),
        cmocka_unit_test(test_comes_back_as_a_later_arrival),
        cmocka_unit_test(test_reads_to_the_end),
        cmocka_unit_test(test_reads_to_the_end_though_writing_has_failed),
        cmocka_unit_test(test_tries_all_addresses),
        cmocka_unit_test(test_says_why_it_cannot_be_reached),
        cmocka_unit_test(test_goes_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
