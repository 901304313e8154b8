/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an update costs on virtual boards: transfers, bytes, time asleep and time in all on the board's
 * clock, which are the same on every machine; and the wall time of the program itself (median of 5),
 * which isn't. Each board once without and once with reading back. What of the transfers the
 * specification demands is held in tests/scenario/test_transfers.c.
 */
#include "tests/scenario/desk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

enum { REPEATS = 5, SIZE = 64 * 1024 };

static const struct {
    const char *name;
    const char *spec;
} boards[] = {
    {"Pytrack, 16 KiB in rows of 64", "pytrack,timing=none,mode=dfu"},
    {"tolerant, 64 KiB in blocks of 64, 0 ms", "dfu,timing=none,size=128KB,transfer=64"},
    {"tolerant, 64 KiB in blocks of 64, 25 ms",
     "dfu,timing=none,size=128KB,transfer=64,poll=25"},
    {"tolerant, 64 KiB in blocks of 2048, 25 ms",
     "dfu,timing=none,size=128KB,transfer=2048,poll=25"},
    {"not tolerant, 64 KiB in blocks of 1024, 10 ms",
     "dfu,timing=none,app-id=1d50:6002,size=128KB,transfer=1024,poll=10,tolerant=no"},
};

static double wall(void)
{
    struct timespec time;
    (void)timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(size_t board, bool reads)
{
    double times[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
        struct desk *desk =
            desk_new(boards[board].spec, SIZE,
                     (fettle_plan_wishes){
                         .kind = FETTLE_TASK_UPDATE, .may_read = reads, .wait = 60000000});
        fettle_us began = desk_now(desk);
        double started = wall();
        bool is_done = desk_sit_clean(desk);
        times[i] = wall() - started;
        if (i == REPEATS - 1) {
            qsort(times, REPEATS, sizeof *times, compare_times);
            (void)printf("| %-45s | %-3s | %6" PRIu64 " | %7" PRIu64 " | %7" PRIu64
                         " | %7.3f | %7.3f | %6.2f |\n",
                         boards[board].name, reads ? "yes" : "no", desk->run.transfers,
                         desk->run.bytes_out, desk->run.bytes_in,
                         (double)desk->run.slept / 1e6,
                         (double)(desk_now(desk) - began) / 1e6, times[REPEATS / 2]);
        }
        if (!is_done) {
            (void)printf("| %s: %s |\n", boards[board].name,
                         desk->job.engine.error.message);
        }
        desk_free(desk);
    }
}

int main(void)
{
    (void)printf(
        "| board | read back | transfers | bytes out | bytes in | asleep, s | board's "
        "clock, s | wall, ms |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof boards / sizeof *boards; i++) {
        measure(i, false);
        measure(i, true);
    }
    return desk_tally.failures == 0 ? 0 : 1;
}
