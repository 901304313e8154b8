/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock on Windows: the performance counter, which goes on while the computer sleeps. Sleep()
 * counts in ticks of the system and may end up to one early, so the counter has the last word.
 */
#include "os/clock.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

enum {
    NAP_US = 20000, /* between two looks at the cancel token */
};

static fettle_us clock_now(void *clock)
{
    (void)clock;
    LARGE_INTEGER count, frequency;
    (void)QueryPerformanceFrequency(&frequency); /* can't fail since Windows XP */
    (void)QueryPerformanceCounter(&count);
    uint64_t ticks = (uint64_t)count.QuadPart, each = (uint64_t)frequency.QuadPart;
    return ticks / each * 1000000 + ticks % each * 1000000 / each;
}

static void nap(fettle_us length)
{
    fettle_us us = length < NAP_US ? length : NAP_US;
    Sleep((DWORD)((us + 999) / 1000));
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
        is_over = now > until; /* `until` may have been reckoned from a time rounded down */
        now = now < until ? now : until;
    }
}

const fettle_clock_ops *fettle_os_clock(void)
{
    static const fettle_clock_ops ops = {clock_now, clock_wait};
    return &ops;
}
