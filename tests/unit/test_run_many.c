/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many runs at once: all of them end, one listener speaks at a time, and a cancel from another
 * thread reaches all. ThreadSanitizer runs this, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run_fakes.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    STEPS = 50,
};

struct desk {
    struct fake_clock clock;
    struct fake_bus bus;
    fettle_host host;
    struct fake_engine engine;
    fettle_cancel cancel;
    fettle_run run;
};

static struct desk desks[FETTLE_MANY_MAX];
static fettle_run *runs[FETTLE_MANY_MAX];
static uint8_t in_bytes[FETTLE_MANY_MAX][8];

static unsigned heard; /* without a lock: that is what is tested */
static atomic_uint steps;

static void listen(void *user, const fettle_run_event *event)
{
    (void)user;
    (void)event;
    heard++;
}

static fettle_effect count_steps(fettle_engine *engine, const fettle_outcome *last,
                                 fettle_us now)
{
    atomic_fetch_add(&steps, 1);
    return fake_engine_step(engine, last, now);
}

static void set_up(size_t i, const struct fake_step *list, size_t count)
{
    static const fettle_run_setup common = {.clock = &fake_clock_ops, .listener = listen};
    struct desk *desk = &desks[i];
    memset(desk, 0, sizeof *desk);
    desk->bus.clock = &desk->clock;
    fake_add(&desk->bus, "usb:1-1", 1, 0, FETTLE_NEVER);
    assert_true(fettle_host_init(&desk->host, &fake_clock_ops, &desk->clock));
    assert_true(fettle_host_add_bus(&desk->host, &fake_bus_ops, &desk->bus));
    fake_engine_init(&desk->engine, list, count);
    desk->engine.engine.step = count_steps;
    fettle_run_setup setup = common;
    setup.root = &desk->engine.engine;
    setup.port = &desk->host.port;
    setup.clock_self = &desk->clock;
    setup.cancel = &desk->cancel;
    setup.user = desk;
    fettle_run_init(&desk->run, &setup);
    runs[i] = &desk->run;
}

static void tear_down(void)
{
    for (size_t i = 0; i < FETTLE_MANY_MAX; i++) {
        fettle_host_finish(&desks[i].host);
    }
}

static const fettle_face any_usb[] = {{FETTLE_MODE_DFU, FETTLE_LINK_USB, {0, 0}}};

static void make_steps(size_t i, struct fake_step *list, size_t count)
{
    memset(list, 0, count * sizeof *list);
    list[0].effect.kind = FETTLE_EFFECT_OPEN;
    list[0].effect.open.match.faces = any_usb;
    list[0].effect.open.match.face_count = 1;
    for (size_t k = 1; k < count; k++) {
        list[k].effect.kind = FETTLE_EFFECT_CONTROL;
        list[k].effect.until = FETTLE_NEVER;
        list[k].effect.control.wLength = 8;
        list[k].effect.control.in = in_bytes[i];
    }
}

static struct fake_step lists[FETTLE_MANY_MAX][STEPS];

static void test_all_end(void **state)
{
    (void)state;
    heard = 0;
    for (size_t i = 0; i < FETTLE_MANY_MAX; i++) {
        make_steps(i, lists[i], STEPS);
        set_up(i, lists[i], STEPS);
        desks[i].engine.is_failing = i % 2 == 1;
    }
    fettle_many_run(runs, FETTLE_MANY_MAX);
    for (size_t i = 0; i < FETTLE_MANY_MAX; i++) {
        assert_int_equal(STEPS - 1, desks[i].run.transfers);
        assert_int_equal(i % 2 == 0, desks[i].run.has_succeeded);
        assert_int_equal(i % 2 == 0 ? FETTLE_E_NONE : FETTLE_E_NO_BOARD,
                         desks[i].engine.engine.error.code);
        assert_true(desks[i].run.setup.listener == listen);
        assert_ptr_equal(&desks[i], desks[i].run.setup.user);
    }
    /* Progress for each step, the board, and the end. */
    assert_int_equal(FETTLE_MANY_MAX * (STEPS + 2), heard);
    tear_down();
}

static void test_none_at_all(void **state)
{
    (void)state;
    fettle_many_run(runs, 0);
}

static void *cancel_all(void *unused)
{
    (void)unused;
    while (atomic_load(&steps) < 100) {
    }
    fettle_many_cancel(runs, FETTLE_MANY_MAX);
    return NULL;
}

static void test_cancel_from_another_thread(void **state)
{
    (void)state;
    pthread_t thread;
    atomic_store(&steps, 0);
    for (size_t i = 0; i < FETTLE_MANY_MAX; i++) {
        make_steps(i, lists[i], 2);
        set_up(i, lists[i], 2);
        desks[i].engine.is_endless = true;
    }
    assert_int_equal(0, pthread_create(&thread, NULL, cancel_all, NULL));
    fettle_many_run(runs, FETTLE_MANY_MAX);
    assert_int_equal(0, pthread_join(thread, NULL));
    for (size_t i = 0; i < FETTLE_MANY_MAX; i++) {
        assert_false(desks[i].run.has_succeeded);
        assert_int_equal(FETTLE_E_CANCELLED, desks[i].engine.engine.error.code);
    }
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_end),
        cmocka_unit_test(test_none_at_all),
        cmocka_unit_test(test_cancel_from_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
