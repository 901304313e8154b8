/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock on POSIX. CLOCK_MONOTONIC stands still on Linux while the computer is suspended;
 * CLOCK_BOOTTIME is the same clock without that gap, and so it is taken where there is one.
 */
#define _POSIX_C_SOURCE 200809L

#include "os/clock.h"

#include <time.h>

enum {
    NAP_US = 20000, /* between two looks at the cancel token */
};

#ifdef CLOCK_BOOTTIME
static const clockid_t best_clock = CLOCK_BOOTTIME;
#else
static const clockid_t best_clock = CLOCK_MONOTONIC;
#endif

static fettle_us clock_now(void *clock)
{
    (void)clock;
    struct timespec time = {0};
    if (clock_gettime(best_clock, &time) != 0) {
        (void)clock_gettime(CLOCK_MONOTONIC, &time); /* an old kernel, each time alike */
    }
    return (fettle_us)time.tv_sec * 1000000 + (fettle_us)time.tv_nsec / 1000;
}

static void nap(fettle_us length)
{
    fettle_us us = length < NAP_US ? length : NAP_US;
    struct timespec time = {.tv_sec = 0, .tv_nsec = (long)us * 1000};
    (void)nanosleep(&time, NULL); /* whoever calls looks at the clock again */
}

static fettle_outcome clock_wait(void *clock, fettle_us until, const fettle_cancel *cancel)
{
    fettle_us now = clock_now(clock);
    bool is_over = now >= until;
    for (;;) {
        if (fettle_cancel_is_wanted(cancel)) {
            return (fettle_outcome){.kind = FETTLE_CANCELLED};
        }
        if (is_over) {
            return (fettle_outcome){.kind = FETTLE_OK};
        }
        nap(until - now + 1);
        now = clock_now(clock);
        /*
         * One more: the time from which `until` was reckoned may have been rounded down by almost a
         * microsecond.
         */
        is_over = now > until;
        now = now < until ? now : until;
    }
}

const fettle_clock_ops *fettle_os_clock(void)
{
    static const fettle_clock_ops ops = {clock_now, clock_wait};
    return &ops;
}
