/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cancel token: set by anyone, read by whoever waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "base/cancel.h"

static fettle_cancel from_handler;

static void on_signal(int number)
{
    (void)number;
    fettle_cancel_want(&from_handler);
}

static void test_is_wanted_until_cleared(void **state)
{
    (void)state;
    fettle_cancel cancel = {false};
    assert_false(fettle_cancel_is_wanted(&cancel));
    fettle_cancel_want(&cancel);
    assert_true(fettle_cancel_is_wanted(&cancel));
    fettle_cancel_want(&cancel);
    assert_true(fettle_cancel_is_wanted(&cancel));
    fettle_cancel_clear(&cancel);
    assert_false(fettle_cancel_is_wanted(&cancel));
}

static void test_no_token_is_never_wanted(void **state)
{
    (void)state;
    assert_false(fettle_cancel_is_wanted(NULL));
}

static void test_works_in_a_signal_handler(void **state)
{
    (void)state;
    assert_true(signal(SIGTERM, on_signal) != SIG_ERR);
    assert_false(fettle_cancel_is_wanted(&from_handler));
    assert_int_equal(0, raise(SIGTERM));
    assert_true(fettle_cancel_is_wanted(&from_handler));
    assert_true(signal(SIGTERM, SIG_DFL) != SIG_ERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_wanted_until_cleared),
        cmocka_unit_test(test_no_token_is_never_wanted),
        cmocka_unit_test(test_works_in_a_signal_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
