/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Updates of a virtual DfuSe board without reading back, against the floor: what the board itself needs for
 * its flash, and what the bus needs at full speed for the requests that such an update takes. All on the board's
 * clock, so the numbers are the same on every machine, and are asserted: this is a test as well.
 *
 * The floor is worked out here, from the sizes of the memory's pages and the protocol, and not from what was
 * done: a host that erases twice or asks too often is above it.
 */
#include "tests/scenario/desk.h"

#include <inttypes.h>

enum {
    KIB = 1024,
    BLOCK_SIZE = 2048,
    MAY_BE_ABOVE_PERCENT = 5,

    /* A command or a block: DNLOAD, GETSTATUS (dfuDNBUSY), GETSTATUS. */
    REQUESTS_A_BLOCK = 3,
    GETSTATUS_A_BLOCK = 2,
    /* Two commands more: Set Address before the first block, and before the board is told to leave. */
    POINTERS = 2,
    /* The greeting in dfuERROR: GETSTATUS, CLRSTATUS, GETSTATUS. The end: DNLOAD without data, GETSTATUS. */
    GETSTATUS_BESIDES = 3,
    OTHERS_BESIDES = 2,
    NAMES = 4, /* of the memories, which say where they are */

    COMMAND_SIZE = 5,
    NAME_SIZE = 166, /* the longest one */

    /* Full speed, USB 2.0 table 5-3: packets of 64 bytes in control transfers, 832 kB/s. */
    PACKET_SIZE = 64,
    BYTES_A_SECOND = 832000,
    GETSTATUS_US = 1000, /* as hosts are: a frame */
    WRITE_US = 8000,     /* 2 KiB */
};

/* The stm32f4: 4 sectors of 16 KiB, one of 64, three of 128 are its first bank. */
static const struct {
    uint32_t size;
    unsigned pages;
    fettle_us erase;
} updates[] = {
    {64 * KIB, 4, (fettle_us)4 * 250000},
    {512 * KIB, 8, (fettle_us)4 * 250000 + 500000 + (fettle_us)3 * 1000000},
};

/* A transfer with so many bytes of data: its transactions. */
static fettle_us on_the_bus(size_t size)
{
    size_t transactions = 2 + (size + PACKET_SIZE - 1) / PACKET_SIZE;
    transactions = transactions < 3 ? 3 : transactions;
    return (fettle_us)transactions * PACKET_SIZE * 1000000 / BYTES_A_SECOND;
}

static unsigned number;

static void hold(bool holds, uint32_t size, const char *what)
{
    number++;
    (void)printf("%sok %u - %" PRIu32 " KiB to an stm32f4: %s\n", holds ? "" : "not ",
                 number, size / KIB, what);
    desk_tally.failures += !holds;
}

static void measure(size_t update)
{
    uint32_t size = updates[update].size;
    unsigned pages = updates[update].pages, blocks = size / BLOCK_SIZE;
    unsigned pieces = pages + blocks + POINTERS;
    unsigned demanded =
        REQUESTS_A_BLOCK * pieces + GETSTATUS_BESIDES + OTHERS_BESIDES + NAMES;
    fettle_us busy = updates[update].erase + (fettle_us)blocks * WRITE_US;
    fettle_us bus =
        (fettle_us)(GETSTATUS_A_BLOCK * pieces + GETSTATUS_BESIDES) * GETSTATUS_US +
        blocks * on_the_bus(BLOCK_SIZE) + (pages + POINTERS) * on_the_bus(COMMAND_SIZE) +
        OTHERS_BESIDES * on_the_bus(0) + NAMES * on_the_bus(NAME_SIZE);

    struct desk *desk = desk_new("stm32f4,timing=none,usb=full", size,
                                 (fettle_plan_wishes){.kind = FETTLE_TASK_UPDATE});
    bool is_done = desk_sit_clean(desk) && desk_is_right(desk);
    fettle_sim_totals totals = fettle_sim_totals_of(desk->sim, 0);
    fettle_us took = totals.last - totals.first;
    (void)printf("| %3" PRIu32
                 " KiB | %5zu | %5u | %6.3f | %6.3f | %6.3f | %6.3f | %6.3f | %6.4f |\n",
                 size / KIB, totals.requests, demanded, (double)totals.busy / 1e6,
                 (double)totals.bus / 1e6, (double)took / 1e6, (double)(busy + bus) / 1e6,
                 (double)took / (double)(totals.busy + totals.bus),
                 (double)took / (double)(busy + bus));
    hold(is_done, size, "done, and right");
    hold(totals.requests <= demanded, size, "no request that the protocol doesn't demand");
    hold(took * 100 <= (totals.busy + totals.bus) * (100 + MAY_BE_ABOVE_PERCENT), size,
         "nothing is waited for but the board and the bus");
    hold(took * 100 <= (busy + bus) * (100 + MAY_BE_ABOVE_PERCENT), size,
         "at most 5 % above the floor");
    desk_free(desk);
}

int main(void)
{
    (void)printf(
        "| stm32f4 | requests | demanded | board, s | bus, s | first to last, s | floor, s "
        "| to board and bus | to the floor |\n|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++) {
        measure(i);
    }
    (void)printf("1..%u\n", number);
    return desk_tally.failures == 0 ? 0 : 1;
}
