/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The standard loops (test_update.c) for boards behind a serial line: a task is run cleanly and its effects
 * are counted; then each of them is spoiled in each way there is, performed or not performed before, its
 * bytes late, flipped, doubled, lost or cut; the task is cancelled at each; and the board's own faults hit
 * the first request that they can hit, the second, and so on, until there are no more. Whatever happens it
 * ends in bounded time, claims nothing that isn't so, changes nothing but what it is to change, says what to
 * do, and a second, clean run repairs it and writes only what is missing.
 *
 *     test_esp [--all] [DESK]      every effect is spoiled in every way, not a part of them in turn; only
 *                                  the desk of this name
 *
 * Prints runs, distinct states of the engines and slugs; ends with status 1 if anything did not hold.
 */
#include "esp_desk.h"
#include "line_ways.h"
#include "thin.h"

#include "image/deflate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECONDS ((fettle_us)1000000)

enum {
    SECTOR = 0x1000,
    DATA_OPCODE = 0x03,
    DEFL_DATA_OPCODE = 0x11,
    FRAME_STRIDE = 7, /* every so many frames are hit by the board's faults */
};

/* Content that can be compressed is sent deflated, other content as it is. */
static const struct esp_setting settings[] = {
    {.name = "esp32, ROM",
     .spec = "esp32,timing=none,size=512KB",
     .kind = FETTLE_TASK_UPDATE,
     .size = 11000,
     .differing = 1 << 1,
     .breaks_everywhere = true,
     .stride = 7},
    {.name = "esp32, ROM, deflated",
     .spec = "esp32,timing=none,size=512KB,mode=rom",
     .runs_slot = true,
     .kind = FETTLE_TASK_UPDATE,
     .packs = true,
     .size = 11000,
     .differing = 1 << 0 | 1 << 2,
     .stride = 7},
    {.name = "esp32, stub",
     .spec = "esp32,timing=none,size=512KB",
     .has_stub = true,
     .kind = FETTLE_TASK_UPDATE,
     .size = 23000,
     .differing = 1 << 1 | 1 << 2 | 1 << 4,
     .stride = 7},
    {.name = "esp32, stub, deflated",
     .spec = "esp32,timing=none,size=512KB",
     .has_stub = true,
     .kind = FETTLE_TASK_UPDATE,
     .packs = true,
     .size = 23000,
     .differing = 1 << 1 | 1 << 2 | 1 << 4,
     .stride = 7},
    {.name = "esp32c3, ROM",
     .spec = "esp32c3,timing=none,size=512KB",
     .chip_id = 5,
     .kind = FETTLE_TASK_UPDATE,
     .size = 9000,
     .differing = 1 << 1,
     .stride = 61},
    {.name = "esp32c3, stub, deflated",
     .spec = "esp32c3,timing=none,size=512KB",
     .chip_id = 5,
     .has_stub = true,
     .kind = FETTLE_TASK_UPDATE,
     .packs = true,
     .size = 20000,
     .differing = 1 << 0 | 1 << 3,
     .breaks_everywhere = true,
     .stride = 61},
    {.name = "esp8266, ROM",
     .spec = "esp8266,timing=none,size=512KB",
     .is_esp8266 = true,
     .is_blind = true,
     .kind = FETTLE_TASK_UPDATE,
     .size = 9000,
     .differing = 1 << 1,
     .stride = 5},
    {.name = "esp8266, stub",
     .spec = "esp8266,timing=none,size=512KB",
     .is_esp8266 = true,
     .has_stub = true,
     .packs = true,
     .is_blind = true, /* until the stub is there, which is loaded to write */
     .kind = FETTLE_TASK_UPDATE,
     .size = 9000,
     .differing = 1 << 1,
     .stride = 5},
    {.name = "esp32, by hand",
     .spec = "esp32,timing=none,size=512KB,circuit=none",
     .kind = FETTLE_TASK_UPDATE,
     .size = 9000,
     .differing = 1 << 1,
     .wait = 60 * SECONDS,
     .cancels_everywhere = true,
     .stride = 11},
    {.name = "esp32, verify",
     .spec = "esp32,timing=none,size=512KB",
     .kind = FETTLE_TASK_VERIFY,
     .size = 9000,
     .stride = 7},
    {.name = "esp32c3, verify, different",
     .spec = "esp32c3,timing=none,size=512KB",
     .chip_id = 5,
     .kind = FETTLE_TASK_VERIFY,
     .size = 9000,
     .differing = 1 << 2,
     .stride = 61},
    {.name = "esp32, read",
     .spec = "esp32,timing=none,size=512KB",
     .kind = FETTLE_TASK_READ,
     .size = 9000,
     .stride = 7},
    {.name = "esp32c3, read, stub",
     .spec = "esp32c3,timing=none,size=512KB",
     .chip_id = 5,
     .has_stub = true,
     .kind = FETTLE_TASK_READ,
     .size = 9000,
     .stride = 61},
    {.name = "esp32, erase",
     .spec = "esp32,timing=none,size=512KB",
     .kind = FETTLE_TASK_ERASE,
     .size = 9000,
     .stride = 7},
    {.name = "esp32c3, erase, stub",
     .spec = "esp32c3,timing=none,size=512KB",
     .chip_id = 5,
     .has_stub = true,
     .kind = FETTLE_TASK_ERASE,
     .size = 9000,
     .stride = 61},
};

/* What a clean run of a setting is. */
struct clean {
    int effects;
    size_t log_count;
    fettle_us took;
    unsigned frames, blocks, straps; /* requests that faults of the board can hit */
    size_t bytes_unchanged;          /* to the board, of a second run */
    uint8_t kinds[ESP_EFFECTS_MAX];
};

static bool wants_all;

/* ---- a clean run ---- */

/* VERIFY of other content ends as it should where it says so. */
static bool ends_as_it_should(const struct esp_desk *desk, bool is_done)
{
    bool is_other =
        desk->setting->kind == FETTLE_TASK_VERIFY && desk->setting->differing != 0;
    return is_other ? desk->job.engine.error.code == FETTLE_E_VERIFY_MISMATCH
                    : is_done && esp_desk_is_right(desk);
}

static bool starts(const struct esp_desk *desk)
{
    return desk->setting->kind == FETTLE_TASK_ERASE ||
           fettle_sim_showing(desk->sim, 0) == FETTLE_SIM_SHOWS_APP;
}

static size_t bytes_to_board(const struct esp_desk *desk)
{
    return fettle_sim_totals_of(desk->sim, 0).to_board;
}

static size_t log_count(const struct esp_desk *desk)
{
    const fettle_sim_entry *entries;
    return fettle_sim_log(desk->sim, &entries);
}

/* It was done in the way that the desk is about. */
static void hold_means(const struct esp_desk *desk)
{
    const struct esp_setting *setting = desk->setting;
    bool updates = setting->kind == FETTLE_TASK_UPDATE;
    bool deflates = setting->packs && fettle_deflate_is_there();
    MUST(desk, desk->job.esp.used_stub ==
                   (setting->has_stub && setting->kind != FETTLE_TASK_VERIFY));
    MUST(desk, !updates || (esp_desk_asked(desk, "command", DATA_OPCODE) > 0) == !deflates);
    MUST(desk,
         !updates || (esp_desk_asked(desk, "command", DEFL_DATA_OPCODE) > 0) == deflates);
}

static void run_cleanly(const struct esp_setting *setting, struct clean *clean)
{
    struct esp_desk *desk = esp_desk_new(setting);
    bool updates = setting->kind == FETTLE_TASK_UPDATE;
    MUST(desk, ends_as_it_should(desk, esp_desk_sit_clean(desk)));
    MUST(desk, starts(desk));
    MUST(desk, !updates || desk->job.end == FETTLE_JOB_UPDATED);
    MUST(desk, setting->is_blind || !updates || desk->job.evidence == FETTLE_EVIDENCE_HASH);
    MUST(desk,
         setting->is_blind || desk->missing == 0 || !updates || desk->job.has_written);
    hold_means(desk);
    clean->effects = desk->effects;
    clean->log_count = log_count(desk);
    clean->took = esp_desk_now(desk) - desk->started;
    clean->blocks = esp_desk_asked(desk, "command", DATA_OPCODE) +
                    esp_desk_asked(desk, "command", DEFL_DATA_OPCODE);
    clean->frames = esp_desk_asked(desk, "command", 0) + esp_desk_asked(desk, "sync", 0);
    clean->straps = esp_desk_asked(desk, "reset", 1);
    if (setting->kind == FETTLE_TASK_READ && setting->has_stub) {
        clean
            ->frames++; /* what acknowledges the bytes is none of the commands in the log */
    }
    memcpy(clean->kinds, desk->kinds, sizeof clean->kinds);
    MUST(desk, clean->effects < ESP_EFFECTS_MAX);
    MUST(desk, ends_as_it_should(desk, esp_desk_sit_clean(desk)));
    MUST(desk, !updates || setting->is_blind || desk->job.end == FETTLE_JOB_UNCHANGED);
    clean->bytes_unchanged = bytes_to_board(desk);
    esp_desk_free(desk);
}

/* ---- and after a spoiled one ---- */

/* As much as is to be said when nothing is missing, the sectors that are, and the stub for them. */
static size_t bytes_allowed(const struct esp_desk *desk, const struct clean *clean)
{
    const size_t head =
        256; /* of what is sent for a sector: BEGIN, the heads of its blocks */
    size_t stub = desk->setting->has_stub && desk->missing > 0
                      ? sizeof desk->stub.text + sizeof desk->stub.data
                      : 0;
    size_t content = desk->missing * (SECTOR + head) + stub;
    size_t more =
        desk->missing > 0 ? clean->bytes_unchanged / 2 : 0;        /* verified, attached */
    return clean->bytes_unchanged + content + content / 16 + more; /* escaped bytes */
}

static void repair(struct esp_desk *desk, const struct clean *clean)
{
    esp_desk_mend(desk);
    esp_desk_pass(desk, 5 * SECONDS);
    desk->plan.was_unfinished = true; /* as a program remembers it */
    bool was_another = desk->may_stray;
    bool is_done = esp_desk_sit_clean(desk);
    if (was_another && desk->job.engine.error.code == FETTLE_E_ANSWER_NEEDED) {
        return; /* a command that became another one has erased the partition table */
    }
    MUST(desk, ends_as_it_should(desk, is_done));
    MUST(desk, starts(desk));
    MUST(desk, desk->setting->kind != FETTLE_TASK_UPDATE || desk->setting->is_blind ||
                   bytes_to_board(desk) <= bytes_allowed(desk, clean));
}

static void spoil_one(const struct esp_setting *setting, const struct clean *clean,
                      unsigned at, unsigned way)
{
    fettle_fault fault = ways[way].fault;
    struct esp_desk *desk = esp_desk_new(setting);
    fault.at = at;
    fault.byte = choose_byte(at, way);
    bool is_done = esp_desk_sit(desk, fault, ESP_NO_STEP);
    MUST(desk, desk->faults.reached);
    MUST(desk, !is_done || ends_as_it_should(desk, is_done) || desk->may_stray);
    repair(desk, clean);
    esp_desk_free(desk);
}

static unsigned stride_of(const struct esp_setting *setting)
{
    return wants_all || setting->stride == 0 ? 1 : setting->stride * thinning();
}

static void spoil_all(const struct esp_setting *setting, const struct clean *clean)
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

static void cancel_all(const struct esp_setting *setting, const struct clean *clean)
{
    unsigned stride = setting->cancels_everywhere ? thinning() : stride_of(setting);
    for (int at = 0; at < clean->effects; at += (int)stride) {
        struct esp_desk *desk = esp_desk_new(setting);
        bool is_done = esp_desk_sit(desk, (fettle_fault){.at = (unsigned)ESP_NO_STEP}, at);
        MUST(desk, ends_as_it_should(desk, is_done) ||
                       desk->job.engine.error.code == FETTLE_E_CANCELLED);
        repair(desk, clean);
        esp_desk_free(desk);
    }
}

/* ---- the board's own faults ---- */

struct board_fault {
    const char *name;
    enum { HITS_FRAMES, HITS_STRAPS, HITS_BLOCKS } hits;
    bool is_of_flash;   /* a board that can't hash may believe in what it has */
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
    {.name = "wrong-strap", .hits = HITS_STRAPS},
    {.name = "drop-write", .hits = HITS_BLOCKS, .is_of_flash = true},
    {.name = "flip-bit", .hits = HITS_BLOCKS, .is_of_flash = true},
    {.name = "brownout", .hits = HITS_BLOCKS},
};

/*
 * An answer that comes late is not that to something else, which would be a false reason. A chip that can't be reset is
 * at a rate that nobody knows when it is looked for again.
 */
static bool ends_honestly(const struct esp_desk *desk, bool is_done)
{
    fettle_code code = desk->job.engine.error.code;
    return ends_as_it_should(desk, is_done) || code == FETTLE_E_NO_ANSWER ||
           (desk->setting->wait > 0 && code == FETTLE_E_ESP_NOISE);
}

/* Where a fault of the line hits a frame is drawn from the seed. True: it has made a difference. */
static bool try_nth(const struct esp_setting *setting, const struct clean *clean,
                    const struct board_fault *fault, unsigned nth, unsigned seed)
{
    char text[40], spec[160];
    struct esp_setting seeded = *setting;
    (void)snprintf(spec, sizeof spec, "%s,seed=%u,late=%u", setting->spec, seed,
                   fault->late);
    (void)snprintf(text, sizeof text, "%s@%u", fault->name, nth);
    seeded.spec = spec;
    struct esp_desk *desk = esp_desk_new(&seeded);
    MUST(desk, esp_desk_break(desk, text,
                              (fault->changes_words ? ESP_MAY_STRAY : 0u) |
                                  (fault->is_of_flash ? ESP_MAY_BELIEVE : 0u)));
    bool is_done = esp_desk_sit_clean(desk);
    MUST(desk, fault->late == 0 || ends_honestly(desk, is_done));
    bool was_met = desk->effects != clean->effects || log_count(desk) != clean->log_count;
    repair(desk, clean);
    esp_desk_free(desk);
    return was_met;
}

static unsigned requests_that_it_hits(const struct clean *clean,
                                      const struct board_fault *fault)
{
    return fault->hits == HITS_BLOCKS   ? clean->blocks
           : fault->hits == HITS_STRAPS ? clean->straps
                                        : clean->frames;
}

/* What it has hit need not be seen: a bit of a value that nobody looks at. But one of each kind must be, and none of
 * those that are one too many. */
static void break_all(const struct esp_setting *setting, const struct clean *clean)
{
    for (size_t i = 0; i < sizeof board_faults / sizeof *board_faults; i++) {
        const struct board_fault *fault = &board_faults[i];
        unsigned count = requests_that_it_hits(clean, fault), met = 0;
        unsigned stride = wants_all || fault->hits == HITS_STRAPS ? 1
                          : fault->hits == HITS_BLOCKS || setting->breaks_everywhere
                              ? thinning()
                              : FRAME_STRIDE * thinning();
        for (unsigned nth = 1; nth <= count; nth += stride) {
            met += try_nth(setting, clean, fault, nth, nth);
        }
        bool is_missed = met == 0 && count > 0 && thinning() == 1;
        if (is_missed || try_nth(setting, clean, fault, count + 1, 1)) {
            (void)fprintf(stderr, "# does not hold: %s: %s: %u of %u were met\n",
                          setting->name, fault->name, met, count);
            esp_tally.failures++;
        }
    }
}

static void run(unsigned number, const struct esp_setting *setting)
{
    static struct clean clean;
    struct esp_tally before = esp_tally;
    run_cleanly(setting, &clean);
    spoil_all(setting, &clean);
    cancel_all(setting, &clean);
    break_all(setting, &clean);
    bool is_ok = esp_tally.failures == before.failures;
    (void)printf("%sok %u - %s: %d effects; %u runs, %u ended well, %u ended badly\n",
                 is_ok ? "" : "not ", number, setting->name, clean.effects,
                 esp_tally.sittings - before.sittings,
                 esp_tally.ended_well - before.ended_well,
                 esp_tally.ended_badly - before.ended_badly);
    (void)fflush(stdout);
}

static void print_tally(void)
{
    (void)printf("# %u runs, %" PRIu64 " effects, the longest %" PRIu64 " s of the board's "
                 "time; %u distinct states of the engines, %u slugs:",
                 esp_tally.sittings, esp_tally.effects, esp_tally.longest / SECONDS,
                 esp_tally.state_count, esp_tally.slug_count);
    for (int code = 0; code < FETTLE_E_COUNT; code++) {
        if (esp_tally.slugs[code]) {
            (void)printf(" %s", fettle_code_slug((fettle_code)code));
        }
    }
    (void)printf("\n");
}

int main(int argc, char **argv)
{
    unsigned number = 0;
    int first = 1;
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
    return esp_tally.failures == 0 ? 0 : 1;
}
