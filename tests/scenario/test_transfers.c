/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Without reading back, an update sends what USB DFU 1.1 demands and nothing else. The table says what
 * that is, worked out by hand from the specification's appendix A; the board's own log is held against
 * it, request by request. With reading back the difference is the reading, which is counted too.
 *
 * Prints the table that bench/dfu.md quotes.
 */
#include "desk.h"

#include <inttypes.h>
#include <string.h>

enum { SIZE = 1500, BLOCKS = 12 /* of 128 bytes */, ROWS = 256 };

struct demand {
    const char *name;
    const char *spec;
    unsigned dnload;    /* blocks and the end marker */
    unsigned getstatus; /* one at first; after each block, and while busy; after the end */
    unsigned detach, reset;
    const char *why;
};

static const struct demand demands[] = {
    {
        .name = "shield, in update mode",
        .spec = "pytrack,timing=none,mode=dfu",
        .dnload = ROWS + 1,
        .getstatus = 1 + ROWS + 1,
        .why = "a row: DNLOAD, GETSTATUS; the end: the same; it leaves by itself",
    },
    {
        .name = "tolerant, blocks take no time",
        .spec = "dfu,timing=none,id=1d50:6003,app-id=1d50:6002,size=4KB,transfer=128",
        .dnload = BLOCKS + 1,
        .getstatus = 1 + BLOCKS + 2,
        .detach = 1,
        .reset = 1,
        .why = "the end: DNLOAD, GETSTATUS (dfuMANIFEST), GETSTATUS (dfuIDLE)",
    },
    {
        .name = "tolerant, 2 ms a block",
        .spec =
            "dfu,timing=none,id=1d50:6003,app-id=1d50:6002,size=4KB,transfer=128,poll=2",
        .dnload = BLOCKS + 1,
        .getstatus = 1 + 2 * BLOCKS + 2,
        .detach = 1,
        .reset = 1,
        .why = "a block: DNLOAD, GETSTATUS (dfuDNBUSY), GETSTATUS",
    },
    {
        .name = "not tolerant, reset after DETACH",
        .spec =
            "dfu,timing=none,id=1d50:6003,app-id=1d50:6002,size=4KB,transfer=128,tolerant=no,"
            "detach=reset",
        .dnload = BLOCKS + 1,
        .getstatus = 1 + BLOCKS + 2,
        .detach = 1,
        .reset = 2,
        .why = "the end: DNLOAD, GETSTATUS (dfuMANIFEST), GETSTATUS (did it like it?)",
    },
};

static struct desk *sit(const struct demand *demand, bool reads)
{
    struct desk *desk =
        desk_new(demand->spec, SIZE,
                 (fettle_plan_wishes){
                     .kind = FETTLE_TASK_UPDATE, .may_read = reads, .wait = 60000000});
    MUST(desk, desk_sit_clean(desk));
    MUST(desk, desk_is_right(desk));
    MUST(desk, desk_asked(desk, "violation") == 0);
    MUST(desk, desk_asked(desk, "SET_INTERFACE") == 0);
    return desk;
}

static void hold(const struct desk *desk, const char *what, unsigned wanted)
{
    unsigned asked = desk_asked(desk, what);
    if (asked != wanted) {
        (void)fprintf(stderr, "# %s: %u were asked for, %u are demanded\n", what, asked,
                      wanted);
        desk_tally.failures++;
    }
}

static void try_without_reading(const struct demand *demand)
{
    struct desk *desk = sit(demand, false);
    hold(desk, "DETACH", demand->detach);
    hold(desk, "DNLOAD", demand->dnload);
    hold(desk, "GETSTATUS", demand->getstatus);
    hold(desk, "reset", demand->reset);
    hold(desk, "UPLOAD", 0);
    hold(desk, "ABORT", 0);
    hold(desk, "CLRSTATUS", 0);
    hold(desk, "GETSTATE", 0);
    unsigned sum = demand->detach + demand->dnload + demand->getstatus;
    MUST(desk, desk->run.transfers == sum); /* and nothing that has no name here */
    (void)printf("# | %-32s | %4u | %4u | %5u |", demand->name, demand->dnload,
                 demand->getstatus, sum);
    desk_free(desk);
}

static void try_with_reading(const struct demand *demand)
{
    struct desk *desk = sit(demand, true);
    MUST(desk, desk->job.evidence == FETTLE_EVIDENCE_READBACK);
    (void)printf(" %4u | %5" PRIu64 " | %s |\n", desk_asked(desk, "UPLOAD"),
                 desk->run.transfers, demand->why);
    desk_free(desk);
}

int main(void)
{
    unsigned number = 0;
    (void)printf(
        "# | board | DNLOAD | GETSTATUS | transfers | UPLOAD, reading | transfers, "
        "reading | why |\n");
    for (size_t i = 0; i < sizeof demands / sizeof *demands; i++) {
        unsigned before = desk_tally.failures;
        try_without_reading(&demands[i]);
        try_with_reading(&demands[i]);
        (void)printf("%sok %u - %s\n", desk_tally.failures == before ? "" : "not ",
                     ++number, demands[i].name);
    }
    (void)printf("1..%u\n", number);
    return desk_tally.failures == 0 ? 0 : 1;
}
