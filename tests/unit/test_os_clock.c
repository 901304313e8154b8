/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The computer's clock: never back, never early, and awake when somebody wants to stop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cancel.h"
#include "os/clock.h"

#include <pthread.h>

static void test_never_goes_back(void **state)
{
    (void)state;
    const fettle_clock_ops *clock = fettle_os_clock();
    fettle_us last = clock->now(NULL);
    for (int i = 0; i < 100000; i++) {
        fettle_us now = clock->now(NULL);
        assert_true(now >= last);
        last = now;
    }
}

static void test_never_ends_early(void **state)
{
    (void)state;
    const fettle_clock_ops *clock = fettle_os_clock();
    for (fettle_us length = 0; length < 300; length += 7) {
        fettle_us until = clock->now(NULL) + length;
        assert_int_equal(FETTLE_OK, clock->wait(NULL, until, NULL).kind);
        assert_true(clock->now(NULL) >= until + (length > 0 ? 1 : 0));
    }
    fettle_us until = clock->now(NULL) + 50000; /* in several slices */
    assert_int_equal(FETTLE_OK, clock->wait(NULL, until, NULL).kind);
    assert_true(clock->now(NULL) > until);
}

static void test_past_deadlines(void **state)
{
    (void)state;
    const fettle_clock_ops *clock = fettle_os_clock();
    fettle_cancel cancel = {false};
    assert_int_equal(FETTLE_OK, clock->wait(NULL, 0, NULL).kind);
    assert_int_equal(FETTLE_OK, clock->wait(NULL, clock->now(NULL), &cancel).kind);
    fettle_cancel_want(&cancel);
    assert_int_equal(FETTLE_CANCELLED, clock->wait(NULL, 0, &cancel).kind);
}

static void *want_to_stop(void *self)
{
    const fettle_clock_ops *clock = fettle_os_clock();
    (void)clock->wait(NULL, clock->now(NULL) + 5000, NULL);
    fettle_cancel_want(self);
    return NULL;
}

static void test_cancel_from_another_thread(void **state)
{
    (void)state;
    const fettle_clock_ops *clock = fettle_os_clock();
    fettle_cancel cancel = {false};
    pthread_t thread;
    assert_int_equal(0, pthread_create(&thread, NULL, want_to_stop, &cancel));
    assert_int_equal(FETTLE_CANCELLED, clock->wait(NULL, FETTLE_NEVER, &cancel).kind);
    assert_int_equal(0, pthread_join(thread, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_goes_back),
        cmocka_unit_test(test_never_ends_early),
        cmocka_unit_test(test_past_deadlines),
        cmocka_unit_test(test_cancel_from_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
