/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host: which board OPEN takes, what it waits for, and where all other effects go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "run_fakes.h"

struct desk {
    struct fake_clock clock;
    struct fake_bus buses[3];
    fettle_host host;
};

static const fettle_face any_usb[] = {{FETTLE_MODE_DFU, FETTLE_LINK_USB, {0, 0}}};

static void set_up(struct desk *desk, size_t buses)
{
    memset(desk, 0, sizeof *desk);
    desk->clock.now = SECOND;
    assert_true(fettle_host_init(&desk->host, &fake_clock_ops, &desk->clock));
    for (size_t i = 0; i < buses; i++) {
        desk->buses[i].clock = &desk->clock;
        assert_true(fettle_host_add_bus(&desk->host, &fake_bus_ops, &desk->buses[i]));
    }
}

static fettle_outcome perform(struct desk *desk, fettle_effect effect,
                              const fettle_cancel *cancel)
{
    return desk->host.port.perform(&desk->host.port, &effect, cancel);
}

static fettle_effect make_open(const fettle_face *faces, size_t count, fettle_us until)
{
    return (fettle_effect){
        .kind = FETTLE_EFFECT_OPEN,
        .until = until,
        .open = {.match = {.faces = faces, .face_count = count}},
    };
}

static fettle_outcome open_any(struct desk *desk, fettle_us until)
{
    return perform(desk, make_open(any_usb, 1, until), NULL);
}

static fettle_outcome control(struct desk *desk)
{
    static uint8_t in[8];
    return perform(desk,
                   (fettle_effect){.kind = FETTLE_EFFECT_CONTROL,
                                   .until = desk->clock.now + SECOND,
                                   .control = {.wLength = 8, .in = in}},
                   NULL);
}

static void test_opens_the_one_that_is_there(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    struct fake_board *board = fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);

    fettle_outcome outcome = open_any(&desk, 0);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_string_equal("usb:1-1", outcome.sight->path);
    assert_true(board->is_open);
    assert_int_equal(FETTLE_OK, control(&desk).kind);
    assert_int_equal(8, control(&desk).count);

    /* Opening closes first. */
    assert_int_equal(FETTLE_OK, open_any(&desk, 0).kind);
    assert_int_equal(1, desk.buses[0].closed);
    fettle_host_finish(&desk.host);
    assert_int_equal(2, desk.buses[0].closed);
    assert_false(board->is_open);
}

static void test_nothing_is_open_at_first(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    assert_int_equal(FETTLE_GONE, control(&desk).kind);
    fettle_host_finish(&desk.host);
}

static void test_waits_until_the_deadline(void **state)
{
    (void)state;
    for (size_t buses = 0; buses <= 3; buses++) {
        struct desk desk;
        set_up(&desk, buses);
        assert_int_equal(FETTLE_TIMEOUT, open_any(&desk, 3 * SECOND).kind);
        assert_int_equal(3 * SECOND, desk.clock.now);
        /* A deadline that has passed: one look, no wait. */
        unsigned looks = desk.buses[0].looks, waits = desk.clock.waits;
        assert_int_equal(FETTLE_TIMEOUT, open_any(&desk, 0).kind);
        assert_int_equal(looks + (buses > 0 ? 1 : 0), desk.buses[0].looks);
        assert_int_equal(waits, desk.clock.waits);
        fettle_host_finish(&desk.host);
    }
}

static void test_takes_a_board_that_comes_later(void **state)
{
    (void)state;
    for (size_t buses = 1; buses <= 3; buses++) {
        for (size_t on = 0; on < buses; on++) {
            struct desk desk;
            set_up(&desk, buses);
            fake_add(&desk.buses[on], "usb:1-1", 1, 2 * SECOND, FETTLE_NEVER);
            assert_int_equal(FETTLE_OK, open_any(&desk, 3 * SECOND).kind);
            assert_in_range(desk.clock.now, 2 * SECOND, 2 * SECOND + 20 * MS);
            fettle_host_finish(&desk.host);
        }
    }
}

/* What comes while another is waited for is told; what was there before isn't. */
static void test_tells_who_else_came(void **state)
{
    (void)state;
    static const fettle_face one[] = {{FETTLE_MODE_DFU, FETTLE_LINK_USB, {0x04d8, 0xf014}}};
    struct desk desk;
    set_up(&desk, 2);
    fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
    fettle_outcome outcome = perform(&desk, make_open(one, 1, 2 * SECOND), NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_int_equal(0, outcome.count);
    assert_null(outcome.sight);

    fake_add(&desk.buses[1], "usb:2-1", 2, 3 * SECOND, 4 * SECOND);
    fake_add(&desk.buses[0], "usb:1-2", 3, 5 * SECOND, FETTLE_NEVER);
    outcome = perform(&desk, make_open(one, 1, 6 * SECOND), NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_int_equal(2, outcome.count);
    assert_string_equal("usb:1-2", outcome.sight->path);

    outcome = perform(&desk, make_open(one, 1, 7 * SECOND), NULL);
    assert_int_equal(0, outcome.count);
    fettle_host_finish(&desk.host);
}

/* Each once, however many looks have shown it. */
static void test_counts_who_else_came(void **state)
{
    (void)state;
    static const fettle_face one[] = {{FETTLE_MODE_DFU, FETTLE_LINK_USB, {0x04d8, 0xf014}}};
    struct desk desk;
    set_up(&desk, 1);
    fake_add(&desk.buses[0], "usb:1-3", 1, 2 * SECOND, FETTLE_NEVER);
    fake_add(&desk.buses[0], "usb:1-2", 2, 3 * SECOND, FETTLE_NEVER);
    fake_add(&desk.buses[0], "usb:1-1", 3, 4 * SECOND, FETTLE_NEVER);
    fettle_outcome outcome = perform(&desk, make_open(one, 1, 5 * SECOND), NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_int_equal(3, outcome.count);
    assert_string_equal("usb:1-1", outcome.sight->path);
    fettle_host_finish(&desk.host);
}

/* However many buses there are, a turn of all of them takes 20 ms. */
static void test_many_buses_are_not_slower(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 3);
    fettle_us came = SECOND + 21 * MS;
    fake_add(&desk.buses[0], "usb:1-1", 1, came, FETTLE_NEVER);
    assert_int_equal(FETTLE_OK, open_any(&desk, 3 * SECOND).kind);
    assert_in_range(desk.clock.now, came, came + 20 * MS);
    fettle_host_finish(&desk.host);
}

static void test_sees_what_comes_at_the_deadline(void **state)
{
    (void)state;
    for (size_t buses = 1; buses <= 2; buses++) {
        struct desk desk;
        set_up(&desk, buses);
        fake_add(&desk.buses[buses - 1], "usb:1-1", 1, 3 * SECOND, FETTLE_NEVER);
        assert_int_equal(FETTLE_OK, open_any(&desk, 3 * SECOND).kind);
        fettle_host_finish(&desk.host);
    }
}

static void test_misses_nothing_between_look_and_wait(void **state)
{
    (void)state;
    for (size_t buses = 1; buses <= 3; buses++) {
        struct desk desk;
        set_up(&desk, buses);
        for (size_t i = 0; i < buses; i++) {
            desk.buses[i].look_takes = 10 * MS;
        }
        fake_add(&desk.buses[0], "usb:1-1", 1, SECOND + 5 * MS, FETTLE_NEVER);
        assert_int_equal(FETTLE_OK, open_any(&desk, 60 * SECOND).kind);
        assert_true(desk.clock.now < SECOND + 100 * MS);
        fettle_host_finish(&desk.host);
    }
}

static void test_several_are_told_at_once(void **state)
{
    (void)state;
    for (size_t buses = 1; buses <= 2; buses++) {
        struct desk desk;
        set_up(&desk, buses);
        fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
        fake_add(&desk.buses[buses - 1], "usb:1-2", 2, 0, FETTLE_NEVER);
        fake_add(&desk.buses[buses - 1], "usb:1-3", 3, 0, FETTLE_NEVER);
        fettle_outcome outcome = open_any(&desk, 9 * SECOND);
        assert_int_equal(FETTLE_ERROR, outcome.kind);
        assert_int_equal(FETTLE_WHY_SEVERAL, outcome.why);
        assert_int_equal(3, outcome.count);
        assert_string_equal("usb:1-1", outcome.sight->path);
        assert_int_equal(SECOND, desk.clock.now);
        assert_int_equal(0, desk.buses[0].boards[0].opened);
        fettle_host_finish(&desk.host);
    }
}

static void test_several_that_come_at_the_same_look(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    fake_add(&desk.buses[0], "usb:1-1", 1, 2 * SECOND, FETTLE_NEVER);
    fake_add(&desk.buses[0], "usb:1-2", 1, 2 * SECOND, FETTLE_NEVER);
    fettle_outcome outcome = open_any(&desk, 9 * SECOND);
    assert_int_equal(FETTLE_WHY_SEVERAL, outcome.why);
    assert_int_equal(2, outcome.count);
    fettle_host_finish(&desk.host);
}

static void test_boards_without_a_path_are_several(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    fake_add(&desk.buses[0], "", 1, 0, FETTLE_NEVER);
    fake_add(&desk.buses[0], "", 1, 0, FETTLE_NEVER);
    assert_int_equal(FETTLE_WHY_SEVERAL, open_any(&desk, 0).why);
    fettle_host_finish(&desk.host);
}

static void test_one_board_on_two_buses_is_one(void **state)
{
    (void)state;
    const fettle_face faces[] = {
        {FETTLE_MODE_DFU, FETTLE_LINK_USB, {0, 0}},
        {FETTLE_MODE_APP, FETTLE_LINK_SERIAL, {0, 0}},
    };
    struct desk desk;
    set_up(&desk, 2);
    fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER)->sight.kind =
        FETTLE_LINK_SERIAL;
    fake_add(&desk.buses[1], "usb:1-1", 1, 0, FETTLE_NEVER);
    fettle_effect effect = make_open(faces, 2, 0);
    fettle_outcome outcome = perform(&desk, effect, NULL);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_true(desk.buses[1].boards[0].is_open);
    assert_true(&faces[0] == fettle_match_face(&effect.open.match, outcome.sight));
    fettle_host_finish(&desk.host);
}

static void test_a_face_may_be_enough_to_see(void **state)
{
    (void)state;
    const fettle_face faces[] = {{FETTLE_MODE_APP, FETTLE_LINK_NONE, {0, 0}}};
    struct desk desk;
    set_up(&desk, 1);
    struct fake_board *board = fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
    board->sight.access = FETTLE_WHY_PERMISSION;
    fettle_outcome outcome = perform(&desk, make_open(faces, 1, 0), NULL);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_string_equal("usb:1-1", outcome.sight->path);
    assert_int_equal(0, board->opened);
    assert_int_equal(FETTLE_GONE, control(&desk).kind);
    fettle_host_finish(&desk.host);
}

static void test_says_what_is_in_the_way(void **state)
{
    (void)state;
    const fettle_why whys[] = {FETTLE_WHY_PERMISSION, FETTLE_WHY_DRIVER, FETTLE_WHY_BUSY,
                               FETTLE_WHY_SYSTEM};
    for (size_t i = 0; i < 4; i++) {
        struct desk desk;
        set_up(&desk, 1);
        struct fake_board *board = fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
        board->sight.access = whys[i];
        board->opens_as = (fettle_outcome){.kind = FETTLE_ERROR, .why = whys[i]};
        fettle_outcome outcome = open_any(&desk, 9 * SECOND);
        assert_int_equal(FETTLE_ERROR, outcome.kind);
        assert_int_equal(whys[i], outcome.why);
        assert_string_equal("usb:1-1", outcome.sight->path);
        /* Only of a busy one it must be tried whether it still is. */
        assert_int_equal(whys[i] == FETTLE_WHY_BUSY ? 1 : 0, board->opened);

        /* The same when only opening shows it; a system's own code says it is another program. */
        board->sight.access = FETTLE_WHY_NONE;
        board->opens_as =
            (fettle_outcome){.kind = FETTLE_ERROR, .why = whys[i], .system = -6};
        outcome = open_any(&desk, 9 * SECOND);
        assert_int_equal(FETTLE_ERROR, outcome.kind);
        assert_int_equal(whys[i], outcome.why);
        assert_int_equal(-6, outcome.system);
        assert_string_equal("usb:1-1", outcome.sight->path);
        assert_int_equal(SECOND, desk.clock.now);
        fettle_host_finish(&desk.host);
    }
}

static void test_opens_what_was_busy_at_the_last_look(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    struct fake_board *board = fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
    board->sight.access = FETTLE_WHY_BUSY;
    assert_int_equal(FETTLE_OK, open_any(&desk, 9 * SECOND).kind);
    assert_int_equal(1, board->opened);
    fettle_host_finish(&desk.host);
}

static void test_held_by_another_caller_is_not_there(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    struct fake_board *board = fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
    board->opens_as = (fettle_outcome){.kind = FETTLE_ERROR, .why = FETTLE_WHY_BUSY};
    assert_int_equal(FETTLE_TIMEOUT, open_any(&desk, 0).kind);
    assert_int_equal(FETTLE_TIMEOUT, open_any(&desk, 2 * SECOND).kind);
    assert_int_equal(2 * SECOND, desk.clock.now);
    assert_in_range(board->opened, 3, 10);

    /* Who names it wants to know. */
    fettle_effect effect = make_open(any_usb, 1, 9 * SECOND);
    effect.open.match.path = "usb:1-1";
    fettle_outcome outcome = perform(&desk, effect, NULL);
    assert_int_equal(FETTLE_WHY_BUSY, outcome.why);
    assert_int_equal(2 * SECOND, desk.clock.now);
    fettle_host_finish(&desk.host);
}

static void test_takes_what_another_caller_lets_go(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    struct fake_board *board = fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
    board->opens_as = (fettle_outcome){.kind = FETTLE_ERROR, .why = FETTLE_WHY_BUSY};
    board->free_from = 2 * SECOND; /* no news of the bus */
    assert_int_equal(FETTLE_OK, open_any(&desk, 9 * SECOND).kind);
    assert_in_range(desk.clock.now, 2 * SECOND, 2 * SECOND + 500 * MS);
    fettle_host_finish(&desk.host);
}

static void test_looks_again_when_it_left_while_opening(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    struct fake_board *board = fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
    board->gone_opens = 2;
    assert_int_equal(FETTLE_OK, open_any(&desk, 0).kind);
    assert_int_equal(3, desk.buses[0].looks);
    /* A bus that contradicts itself for ever ends at the deadline. */
    board->gone_opens = 1000000;
    assert_int_equal(FETTLE_TIMEOUT, open_any(&desk, 5 * SECOND).kind);
    assert_int_equal(5 * SECOND, desk.clock.now);
    fettle_host_finish(&desk.host);
}

static void test_waits_for_a_later_arrival(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    fake_add(&desk.buses[0], "usb:1-1", 1, 0, 2 * SECOND);
    fake_add(&desk.buses[0], "usb:1-1", 2, 4 * SECOND, FETTLE_NEVER);
    fettle_outcome outcome = open_any(&desk, 0);
    fettle_effect effect = make_open(any_usb, 1, 9 * SECOND);
    effect.open.match.path = "usb:1-1";
    effect.open.match.after_arrival = outcome.sight->arrival;
    outcome = perform(&desk, effect, NULL);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(2, outcome.sight->arrival);
    assert_int_equal(4 * SECOND, desk.clock.now);
    fettle_host_finish(&desk.host);
}

static void test_cancel_ends_the_wait(void **state)
{
    (void)state;
    for (size_t buses = 0; buses <= 2; buses++) {
        struct desk desk;
        fettle_cancel cancel = {false};
        set_up(&desk, buses);
        desk.clock.cancel_at_wait = &cancel;
        fettle_effect effect = make_open(any_usb, 1, FETTLE_NEVER);
        assert_int_equal(FETTLE_CANCELLED, perform(&desk, effect, &cancel).kind);
        assert_int_equal(SECOND, desk.clock.now);
        fettle_host_finish(&desk.host);
    }
}

static void test_serial_effects(void **state)
{
    (void)state;
    const fettle_face faces[] = {{FETTLE_MODE_ROM, FETTLE_LINK_SERIAL, {0, 0}}};
    uint8_t bytes[5] = {0};
    struct desk desk;
    set_up(&desk, 1);
    struct fake_board *board = fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
    board->sight.kind = FETTLE_LINK_SERIAL;
    fettle_effect effect = make_open(faces, 1, 0);
    effect.open.settings =
        (fettle_serial_settings){.baud = 115200, .data_bits = 8, .rts = true};
    assert_int_equal(FETTLE_OK, perform(&desk, effect, NULL).kind);
    assert_int_equal(FETTLE_LINK_SERIAL, board->opened_as);
    assert_int_equal(115200, board->settings.baud);
    assert_true(board->settings.rts);

    const fettle_effect effects[] = {
        {.kind = FETTLE_EFFECT_WRITE, .until = FETTLE_NEVER, .write = {bytes, 5}},
        {.kind = FETTLE_EFFECT_READ, .until = FETTLE_NEVER, .read = {bytes, 5}},
        {.kind = FETTLE_EFFECT_DISCARD},
        {.kind = FETTLE_EFFECT_LINES, .lines = {true, false}},
        {.kind = FETTLE_EFFECT_BAUD, .baud = 9600},
        {.kind = FETTLE_EFFECT_FORMAT, .data_bits = 7},
    };
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(FETTLE_OK, perform(&desk, effects[i], NULL).kind);
    }
    assert_string_equal("Wrdlbf", desk.buses[0].log);
    /* Not on this kind of link. */
    fettle_outcome outcome = control(&desk);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(FETTLE_WHY_SYSTEM, outcome.why);
    assert_int_equal(FETTLE_OK, perform(&desk, effects[1], NULL).kind);
    fettle_host_finish(&desk.host);
}

static void test_usb_effects(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
    assert_int_equal(FETTLE_OK, open_any(&desk, 0).kind);
    assert_int_equal(FETTLE_OK, control(&desk).kind);
    const fettle_effect select = {.kind = FETTLE_EFFECT_SELECT, .until = FETTLE_NEVER};
    assert_int_equal(FETTLE_OK, perform(&desk, select, NULL).kind);
    const fettle_effect reset = {.kind = FETTLE_EFFECT_RESET};
    assert_int_equal(FETTLE_OK, perform(&desk, reset, NULL).kind);
    assert_string_equal("CSR", desk.buses[0].log);
    const fettle_effect discard = {.kind = FETTLE_EFFECT_DISCARD};
    assert_int_equal(FETTLE_ERROR, perform(&desk, discard, NULL).kind);
    /* STALL leaves it open. */
    desk.buses[0].answer.kind = FETTLE_STALL;
    assert_int_equal(FETTLE_STALL, control(&desk).kind);
    desk.buses[0].answer.kind = FETTLE_OK;
    assert_int_equal(FETTLE_OK, control(&desk).kind);
    fettle_host_finish(&desk.host);
}

static void test_gone_closes(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    fake_add(&desk.buses[0], "usb:1-1", 1, 0, 2 * SECOND);
    assert_int_equal(FETTLE_OK, open_any(&desk, 0).kind);
    desk.clock.now = 3 * SECOND;
    assert_int_equal(FETTLE_GONE, control(&desk).kind);
    assert_int_equal(1, desk.buses[0].closed);
    assert_int_equal(FETTLE_GONE, control(&desk).kind);
    assert_string_equal("C", desk.buses[0].log);
    fettle_host_finish(&desk.host);
    assert_int_equal(1, desk.buses[0].closed);
}

static void test_suspend_between_effects(void **state)
{
    (void)state;
    for (int is_watching = 0; is_watching < 2; is_watching++) {
        struct desk desk;
        set_up(&desk, 1);
        desk.host.is_watching_for_suspend = is_watching;
        fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
        assert_int_equal(FETTLE_OK, open_any(&desk, 0).kind);
        desk.clock.now += 2 * SECOND;
        assert_int_equal(FETTLE_OK, control(&desk).kind);
        desk.clock.now += 2 * SECOND + 1;
        assert_int_equal(is_watching ? FETTLE_GONE : FETTLE_OK, control(&desk).kind);
        /* Opened anew, all is well. */
        assert_int_equal(FETTLE_OK, open_any(&desk, 0).kind);
        assert_int_equal(FETTLE_OK, control(&desk).kind);
        assert_int_equal(1, desk.buses[0].closed);
        fettle_host_finish(&desk.host);
    }
}

static void test_suspend_within_an_effect(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 1);
    desk.host.is_watching_for_suspend = true;
    fake_add(&desk.buses[0], "usb:1-1", 1, 0, FETTLE_NEVER);
    assert_int_equal(FETTLE_OK, open_any(&desk, 0).kind);
    /* A sleep of 10 s is none. */
    fettle_effect sleep = {.kind = FETTLE_EFFECT_SLEEP,
                           .until = desk.clock.now + 10 * SECOND};
    assert_int_equal(FETTLE_OK, perform(&desk, sleep, NULL).kind);
    assert_int_equal(FETTLE_OK, control(&desk).kind);
    /* A transfer that ends long after its deadline is one; what it brought still counts. */
    desk.buses[0].takes = 4 * SECOND;
    assert_int_equal(FETTLE_OK, control(&desk).kind);
    assert_int_equal(FETTLE_GONE, control(&desk).kind);
    fettle_host_finish(&desk.host);
}

static void test_no_memory(void **state)
{
    (void)state;
    fettle_host host;
    struct fake_clock clock = {0};
    fettle_alloc_fail_at(1);
    assert_false(fettle_host_init(&host, &fake_clock_ops, &clock));
    fettle_alloc_fail_at(0);
    fettle_host_finish(&host);
}

static void test_eight_buses_at_most(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, 0);
    for (int i = 0; i < FETTLE_BUSES_MAX; i++) {
        assert_true(fettle_host_add_bus(&desk.host, &fake_bus_ops, &desk.buses[0]));
    }
    assert_false(fettle_host_add_bus(&desk.host, &fake_bus_ops, &desk.buses[0]));
    fettle_host_finish(&desk.host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opens_the_one_that_is_there),
        cmocka_unit_test(test_nothing_is_open_at_first),
        cmocka_unit_test(test_waits_until_the_deadline),
        cmocka_unit_test(test_takes_a_board_that_comes_later),
        cmocka_unit_test(test_tells_who_else_came),
        cmocka_unit_test(test_counts_who_else_came),
        cmocka_unit_test(test_many_buses_are_not_slower),
        cmocka_unit_test(test_sees_what_comes_at_the_deadline),
        cmocka_unit_test(test_misses_nothing_between_look_and_wait),
        cmocka_unit_test(test_several_are_told_at_once),
        cmocka_unit_test(test_several_that_come_at_the_same_look),
        cmocka_unit_test(test_boards_without_a_path_are_several),
        cmocka_unit_test(test_one_board_on_two_buses_is_one),
        cmocka_unit_test(test_a_face_may_be_enough_to_see),
        cmocka_unit_test(test_says_what_is_in_the_way),
        cmocka_unit_test(test_opens_what_was_busy_at_the_last_look),
        cmocka_unit_test(test_held_by_another_caller_is_not_there),
        cmocka_unit_test(test_takes_what_another_caller_lets_go),
        cmocka_unit_test(test_looks_again_when_it_left_while_opening),
        cmocka_unit_test(test_waits_for_a_later_arrival),
        cmocka_unit_test(test_cancel_ends_the_wait),
        cmocka_unit_test(test_serial_effects),
        cmocka_unit_test(test_usb_effects),
        cmocka_unit_test(test_gone_closes),
        cmocka_unit_test(test_suspend_between_effects),
        cmocka_unit_test(test_suspend_within_an_effect),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_eight_buses_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
