/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standard loops: an update is run cleanly and its effects are counted; then each of them is
 * spoiled in each way there is, performed or not performed before, and the update is cancelled at
 * each. Whatever happens it ends in bounded time, claims nothing that isn't so, says what to do, and a
 * second, clean one repairs.
 *
 *     test_update [BOARD]      only the desk of this name
 *
 * Prints runs, distinct states of the engines and slugs; ends with status 1 if anything did not hold.
 */
#include "desk.h"
#include "thin.h"

#include <inttypes.h>
#include <string.h>

struct setting {
    const char *name;
    const char *spec;
    bool reads;
    bool is_blind; /* what it doesn't say can't be found out: no blocks are dropped */
    fettle_us wait;
    uint32_t offset;      /* of the content in the memory; DfuSe */
    size_t transfer_size; /* that is wished for; 0: the board's own */
    int stride;           /* only every so many effects are spoiled; 0: all */
};

#define SECONDS ((fettle_us)1000000)
#define MINUTES ((fettle_us)60 * 1000000)

static const struct setting settings[] = {
    {.name = "shield, by hand",
     .spec = "pytrack,timing=none",
     .reads = true,
     .wait = 2 * MINUTES},
    {.name = "shield, completion lost",
     .spec = "pytrack,timing=none,mode=dfu,fault=lose-completion",
     .reads = true,
     .wait = MINUTES},
    {.name = "shield, cut off before",
     .spec = "pytrack,timing=none,mode=dfu,window=off,downloading=yes",
     .reads = true,
     .wait = MINUTES},
    {.name = "shield, not read",
     .spec = "pytrack,timing=none,mode=dfu",
     .is_blind = true,
     .wait = MINUTES},
    {.name = "strict, tolerant",
     .spec = "dfu,timing=none,id=1d50:6003,app-id=1d50:6002,size=4KB,transfer=128,poll=2",
     .reads = true},
    {.name = "strict, not tolerant",
     .spec =
         "dfu,timing=none,id=1d50:6003,app-id=1d50:6002,size=4KB,transfer=128,tolerant=no,"
         "detach=reset,manifest-poll=30",
     .reads = true},
    {.name = "strict, no upload",
     .spec =
         "dfu,timing=none,id=1d50:6003,app-id=1d50:6002,size=4KB,transfer=128,upload=no",
     .reads = true,
     .is_blind = true},
    {.name = "strict, update mode only",
     .spec = "dfu,timing=none,id=1d50:6003,size=4KB,transfer=128",
     .reads = true},
    {.name = "strict, same ids",
     .spec = "dfu,timing=none,id=1d50:6003,same-ids=yes,size=2KB,transfer=128,linger=100",
     .reads = true},
    {.name = "DfuSe, small pages",
     .spec = "stm32l4,timing=none,mode=dfu,transfer=256",
     .reads = true},
    {.name = "DfuSe, part of a large page",
     .spec = "stm32f4,timing=none,mode=dfu",
     .reads = true},
    {.name = "DfuSe, not read",
     .spec = "stm32l4,timing=none,mode=dfu,transfer=512",
     .is_blind = true},
    {.name = "DfuSe, from the application",
     .spec = "stm32f4,timing=none,app-id=1d50:6002",
     .reads = true},
    {.name = "DfuSe, busy for ever after an erase",
     .spec = "stm32h7,timing=none,mode=dfu,app-id=1d50:6002",
     .reads = true,
     .offset = 0x100000,
     .stride = 11},
    {.name = "DfuSe, a string that lies",
     .spec = "gd32vf103,timing=none,mode=dfu,app-id=1d50:6002",
     .reads = true},
    {.name = "DfuSe, 1000 sectors",
     .spec = "at32,timing=none,mode=dfu",
     .reads = true,
     .offset = 0x8000},
    {.name = "DfuSe, smaller blocks than the board's",
     .spec = "stm32l4,timing=none,mode=dfu",
     .reads = true,
     .transfer_size = 256},
    {.name = "DfuSe, erased to 0x00",
     .spec = "stm32l0,timing=none,mode=dfu,transfer=128",
     .reads = true},
};

static struct desk *make(const struct setting *setting)
{
    struct desk *desk =
        desk_new(setting->spec, 1500,
                 (fettle_plan_wishes){.kind = FETTLE_TASK_UPDATE,
                                      .may_read = setting->reads,
                                      .wait = setting->wait,
                                      .transfer_size = setting->transfer_size,
                                      .has_address = setting->offset > 0,
                                      .address = 0x08000000 + setting->offset});
    desk->offset = setting->offset;
    return desk;
}

/* A clean run; what can be spoiled in which effect goes to `kinds`. */
static int count_effects(const struct setting *setting, uint8_t *kinds)
{
    struct desk *desk = make(setting);
    MUST(desk, desk_sit_clean(desk));
    MUST(desk, desk_is_right(desk));
    MUST(desk, desk->job.end == FETTLE_JOB_UPDATED);
    MUST(desk,
         !desk->must_start || fettle_sim_showing(desk->sim, 0) == FETTLE_SIM_SHOWS_APP);
    MUST(desk, desk_asked(desk, "violation") == 0);
    int count = desk->effects;
    memcpy(kinds, desk->kinds, KINDS_MAX);
    desk_free(desk);
    return count;
}

/* Without the fault that the board itself may have. */
static void repair(struct desk *desk)
{
    (void)fettle_sim_set_fault(desk->sim, 0, NULL);
    desk_pass(desk, 2 * SECONDS);
    desk->plan.was_unfinished = true; /* as a program remembers it */
    MUST(desk, desk_sit_clean(desk));
    MUST(desk, desk_is_right(desk));
    MUST(desk,
         !desk->must_start || fettle_sim_showing(desk->sim, 0) == FETTLE_SIM_SHOWS_APP);
}

static int stride_of(const struct setting *setting)
{
    int stride = setting->stride > 0 ? setting->stride : 1;
    return stride * (int)thinning();
}

static void spoil_one(const struct setting *setting, struct spoil spoil)
{
    struct desk *desk = make(setting);
    (void)desk_sit(desk, spoil, NO_STEP);
    MUST(desk, desk->was_reached);
    repair(desk);
    desk_free(desk);
}

/* Everything can end badly; a block can be dropped and said to be fine; an answer can be cut. */
static void spoil_all(const struct setting *setting, int count, const uint8_t *kinds)
{
    for (int at = 0; at < count; at += stride_of(setting)) {
        for (int kind = FETTLE_TIMEOUT; kind <= FETTLE_ERROR; kind++) {
            for (int is_performed = 0; is_performed < 2; is_performed++) {
                spoil_one(setting, (struct spoil){.at = at,
                                                  .outcome = (fettle_outcome_kind)kind,
                                                  .is_performed = is_performed != 0});
            }
        }
        if ((kinds[at] & IS_BLOCK) != 0 && !setting->is_blind) {
            spoil_one(setting, (struct spoil){.at = at, .outcome = FETTLE_OK});
        }
        if ((kinds[at] & HAS_ANSWER) != 0) {
            spoil_one(setting, (struct spoil){.at = at, .cuts = true});
        }
    }
}

static void cancel_all(const struct setting *setting, int count)
{
    for (int at = 0; at < count; at += stride_of(setting)) {
        struct desk *desk = make(setting);
        bool is_done = desk_sit(desk, (struct spoil){.at = NO_STEP}, at);
        MUST(desk, is_done || desk->job.engine.error.code == FETTLE_E_CANCELLED);
        repair(desk);
        desk_free(desk);
    }
}

static void run(unsigned number, const struct setting *setting)
{
    struct tally before = desk_tally;
    uint8_t kinds[KINDS_MAX];
    int count = count_effects(setting, kinds);
    spoil_all(setting, count, kinds);
    cancel_all(setting, count);
    bool is_ok = desk_tally.failures == before.failures;
    (void)printf("%sok %u - %s: %d effects; %u updates, %u ended well, %u ended badly\n",
                 is_ok ? "" : "not ", number, setting->name, count,
                 desk_tally.sittings - before.sittings,
                 desk_tally.ended_well - before.ended_well,
                 desk_tally.ended_badly - before.ended_badly);
}

int main(int argc, char **argv)
{
    unsigned number = 0;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (argc < 2 || strcmp(argv[1], settings[i].name) == 0) {
            run(++number, &settings[i]);
        }
    }
    (void)printf("# %u updates, %u effects, %u distinct states of the engines, %u slugs:",
                 desk_tally.sittings, desk_tally.effects, desk_tally.state_count,
                 desk_tally.slug_count);
    for (int code = 0; code < FETTLE_E_COUNT; code++) {
        if (desk_tally.slugs[code]) {
            (void)printf(" %s", fettle_code_slug((fettle_code)code));
        }
    }
    (void)printf("\n");
    (void)printf("1..%u\n", number);
    return desk_tally.failures == 0 ? 0 : 1;
}
