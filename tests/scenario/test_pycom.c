/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standard loops (test_update.c, test_esp.c) for updates of Pycom modules by their packages: each effect is
 * spoiled in each way, the task is cancelled at each, and the board's own faults hit the requests that they can hit.
 * Whatever happens it ends in bounded time, claims nothing that isn't so, changes nothing but what the plan
 * names, and at no effect the 52 bytes that can't be replaced are neither on the board nor in the store; a second,
 * clean run ends right, with the config block whole and the module in its new application.
 *
 *     test_pycom [--all] [DESK]    every effect is spoiled in every way, not a part of them in turn; only
 *                                  the desk of this name
 *
 * Prints runs, distinct states of the engines and slugs; ends with status 1 if anything did not hold.
 */
#include "line_ways.h"
#include "pycom_desk.h"
#include "thin.h"

#include "image/archive.h"
#include "tests/tools/pycom_make.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECONDS ((fettle_us)1000000)

enum {
    DATA_OPCODE = 0x03,
    DEFL_DATA_OPCODE = 0x11,
    FRAME_STRIDE = 29, /* every so many frames are hit by the board's faults */
    BLOCK_STRIDE = 3,
    IN865 = 7, /* as regions are numbered in the config block */
};

static const struct pycom_setting settings[] = {
    {.name = "lopy4, region",
     .spec = "lopy4+pytrack,timing=none",
     .module = "LoPy4",
     .row = "lopy4",
     .layouts = PYCOM_8MB,
     .region = "IN865",
     .region_byte = IN865,
     .has_credentials = true,
     .stride = 61},
    {.name = "lopy4, stub, region",
     .spec = "lopy4+pytrack,timing=none",
     .module = "LoPy4",
     .row = "lopy4",
     .layouts = PYCOM_8MB,
     .region = "IN865",
     .region_byte = IN865,
     .has_stub = true,
     .has_credentials = true,
     .stride = 61},
    {.name = "lopy4, old layout",
     .spec = "lopy4+pytrack,timing=none,layout=old",
     .module = "LoPy4",
     .row = "lopy4",
     .layouts = PYCOM_8MB,
     .has_credentials = true,
     .stride = 101},
    {.name = "lopy, by hand",
     .spec = "lopy+expansion2,timing=none",
     .module = "LoPy",
     .row = "lopy",
     .layouts = PYCOM_4MB,
     .region = "IN865",
     .region_byte = IN865,
     .has_credentials = true,
     .wait = 60 * SECONDS,
     .stride = 61},
    {.name = "sipy, 4 MB",
     .spec = "sipy+pytrack,timing=none",
     .module = "SiPy",
     .row = "sipy",
     .layouts = PYCOM_4MB,
     .has_credentials = true,
     .stride = 101},
    {.name = "lopy4, ota_0",
     .spec = "lopy4+pytrack,timing=none,active=ota_0",
     .module = "LoPy4",
     .row = "lopy4",
     .layouts = PYCOM_8MB,
     .has_credentials = true,
     .stride = 101},
    {.name = "lopy4, blank",
     .spec = "lopy4+pytrack,timing=none,content=blank",
     .module = "LoPy4",
     .row = "lopy4",
     .layouts = PYCOM_8MB,
     .has_credentials = true,
     .stride = 101},
    {.name = "lopy4, torn",
     .spec = "lopy4+pytrack,timing=none",
     .module = "LoPy4",
     .row = "lopy4",
     .layouts = PYCOM_8MB,
     .region = "IN865",
     .region_byte = IN865,
     .is_torn = true,
     .has_credentials = true,
     .stride = 101},
};

/* What a clean run of a setting is. */
struct clean {
    struct pycom_truth truth;
    int effects;
    unsigned frames, blocks, straps; /* requests that faults of the board can hit */
    uint8_t kinds[PYCOM_EFFECTS_MAX];
};

static bool wants_all;

/* ---- a clean run ---- */

static void run_cleanly(const struct pycom_setting *setting, struct clean *clean)
{
    struct pycom_desk *desk = pycom_desk_new(setting, &clean->truth);
    MUST(desk, pycom_desk_sit_clean(desk));
    pycom_desk_learn(desk);
    MUST(desk, pycom_desk_runs_new(desk));
    MUST(desk, desk->job.end == FETTLE_JOB_UPDATED);
    MUST(desk, desk->job.evidence == FETTLE_EVIDENCE_HASH);
    MUST(desk, desk->job.esp.used_stub == setting->has_stub);
    clean->effects = desk->effects;
    clean->blocks = pycom_desk_asked(desk, "command", DATA_OPCODE) +
                    pycom_desk_asked(desk, "command", DEFL_DATA_OPCODE);
    clean->frames =
        pycom_desk_asked(desk, "command", 0) + pycom_desk_asked(desk, "sync", 0);
    clean->straps = pycom_desk_asked(desk, "reset", 1);
    memcpy(clean->kinds, desk->kinds, sizeof clean->kinds);
    MUST(desk, clean->effects < PYCOM_EFFECTS_MAX);
    MUST(desk, pycom_desk_sit_clean(desk));
    MUST(desk, desk->job.end == FETTLE_JOB_UNCHANGED && pycom_desk_runs_new(desk));
    pycom_desk_free(desk);
}

/* ---- and after a spoiled one ---- */

static void repair(struct pycom_desk *desk)
{
    pycom_desk_mend(desk);
    pycom_desk_pass(desk, 5 * SECONDS);
    desk->plan.was_unfinished = true; /* as a program remembers it */
    MUST(desk, pycom_desk_sit_clean(desk));
    MUST(desk, pycom_desk_is_right(desk));
    MUST(desk, pycom_desk_runs_new(desk));
}

static void spoil_one(const struct pycom_setting *setting, struct clean *clean, unsigned at,
                      unsigned way)
{
    fettle_fault fault = ways[way].fault;
    struct pycom_desk *desk = pycom_desk_new(setting, &clean->truth);
    fault.at = at;
    fault.byte = choose_byte(at, way);
    (void)pycom_desk_sit(desk, fault, PYCOM_NO_STEP);
    MUST(desk, desk->faults.reached);
    repair(desk);
    pycom_desk_free(desk);
}

static unsigned stride_of(const struct pycom_setting *setting)
{
    return wants_all ? 1 : setting->stride * thinning();
}

static void spoil_all(const struct pycom_setting *setting, struct clean *clean)
{
    unsigned stride = stride_of(setting);
    for (unsigned way = 0; way < WAY_COUNT; way++) {
        for (unsigned at = way % stride; at < (unsigned)clean->effects; at += stride) {
            if ((clean->kinds[at] & ways[way].needs) == ways[way].needs) {
                spoil_one(setting, clean, at, way);
            }
        }
    }
}

static void cancel_all(const struct pycom_setting *setting, struct clean *clean)
{
    unsigned stride = stride_of(setting) / 4 + 1;
    for (int at = 0; at < clean->effects; at += (int)stride) {
        struct pycom_desk *desk = pycom_desk_new(setting, &clean->truth);
        bool is_done =
            pycom_desk_sit(desk, (fettle_fault){.at = (unsigned)PYCOM_NO_STEP}, at);
        MUST(desk, is_done || desk->job.engine.error.code == FETTLE_E_CANCELLED);
        repair(desk);
        pycom_desk_free(desk);
    }
}

/* ---- the board's own faults ---- */

struct board_fault {
    const char *name;
    enum { HITS_FRAMES, HITS_STRAPS, HITS_BLOCKS } hits;
    bool changes_words; /* of commands that nothing protects */
    unsigned late;      /* ms; answers that come when nobody waits for them any more */
};

static const struct board_fault board_faults[] = {
    {.name = "noise", .changes_words = true},
    {.name = "lose-byte"},
    {.name = "double-byte"},
    {.name = "lose-reply"},
    {.name = "lose-reply:before"},
    {.name = "late-reply", .late = LATE_FOR_REGISTERS},
    {.name = "late-reply", .late = LATE_FOR_ALL},
    {.name = "vanish"},
    {.name = "stuck-app", .hits = HITS_STRAPS},
    {.name = "drop-write", .hits = HITS_BLOCKS},
    {.name = "flip-bit", .hits = HITS_BLOCKS},
    {.name = "brownout", .hits = HITS_BLOCKS},
};

/* An answer that comes late is not that to something else, which would be a false reason. */
static bool ends_honestly(const struct pycom_desk *desk, bool is_done)
{
    fettle_code code = desk->job.engine.error.code;
    return is_done || code == FETTLE_E_NO_ANSWER || code == FETTLE_E_ESP_NOISE;
}

/* Where a fault of the line hits a frame is drawn from the seed. */
static void try_nth(const struct pycom_setting *setting, struct clean *clean,
                    const struct board_fault *fault, unsigned nth)
{
    char text[40], spec[160];
    struct pycom_setting seeded = *setting;
    (void)snprintf(spec, sizeof spec, "%s,seed=%u,late=%u", setting->spec, nth,
                   fault->late);
    (void)snprintf(text, sizeof text, "%s@%u", fault->name, nth);
    seeded.spec = spec;
    struct pycom_desk *desk = pycom_desk_new(&seeded, &clean->truth);
    MUST(desk, pycom_desk_break(desk, text, fault->changes_words));
    bool is_done = pycom_desk_sit_clean(desk);
    MUST(desk, fault->late == 0 || ends_honestly(desk, is_done));
    repair(desk);
    pycom_desk_free(desk);
}

static unsigned requests_that_it_hits(const struct clean *clean,
                                      const struct board_fault *fault)
{
    return fault->hits == HITS_BLOCKS   ? clean->blocks
           : fault->hits == HITS_STRAPS ? clean->straps
                                        : clean->frames;
}

static void break_all(const struct pycom_setting *setting, struct clean *clean)
{
    for (size_t i = 0; i < sizeof board_faults / sizeof *board_faults; i++) {
        const struct board_fault *fault = &board_faults[i];
        unsigned count = requests_that_it_hits(clean, fault);
        unsigned stride = wants_all || fault->hits == HITS_STRAPS ? 1
                          : fault->hits == HITS_BLOCKS ? BLOCK_STRIDE * thinning()
                                                       : FRAME_STRIDE * thinning();
        for (unsigned nth = 1 + (unsigned)i % stride; nth <= count; nth += stride) {
            try_nth(setting, clean, fault, nth);
        }
    }
}

static void run(unsigned number, const struct pycom_setting *setting)
{
    static struct clean clean;
    struct pycom_tally before = pycom_tally;
    run_cleanly(setting, &clean);
    spoil_all(setting, &clean);
    cancel_all(setting, &clean);
    break_all(setting, &clean);
    pycom_truth_free(&clean.truth);
    bool is_ok = pycom_tally.failures == before.failures;
    (void)printf("%sok %u - %s: %d effects; %u runs, %u ended well, %u ended badly\n",
                 is_ok ? "" : "not ", number, setting->name, clean.effects,
                 pycom_tally.sittings - before.sittings,
                 pycom_tally.ended_well - before.ended_well,
                 pycom_tally.ended_badly - before.ended_badly);
    (void)fflush(stdout);
}

static void print_tally(void)
{
    (void)printf(
        "# %u runs, %" PRIu64 " effects, the longest %" PRIu64 " s of the board's "
        "time; of %u cancelled runs %u have left the module in its application; %u "
        "distinct states of the engines, %u slugs:",
        pycom_tally.sittings, pycom_tally.effects, pycom_tally.longest / SECONDS,
        pycom_tally.cancelled, pycom_tally.in_application, pycom_tally.state_count,
        pycom_tally.slug_count);
    for (int code = 0; code < FETTLE_E_COUNT; code++) {
        if (pycom_tally.slugs[code]) {
            (void)printf(" %s", fettle_code_slug((fettle_code)code));
        }
    }
    (void)printf("\n");
}

int main(int argc, char **argv)
{
    unsigned number = 0;
    int first = 1;
    if (!fettle_archive_is_there()) {
        (void)printf("1..0 # SKIP built without libarchive\n");
        return 0;
    }
    if (argc > first && strcmp(argv[first], "--all") == 0) {
        wants_all = true;
        first++;
    }
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (argc <= first || strcmp(argv[first], settings[i].name) == 0) {
            run(++number, &settings[i]);
        }
    }
    print_tally();
    (void)printf("1..%u\n", number);
    return pycom_tally.failures == 0 ? 0 : 1;
}
