/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Updates of a virtual LoPy4 on a Pytrack by its package, on the board's clock: an application of 1.22 MB of random
 * bytes at 921600 baud over the shield's PIC, with a stub and without, and the same package once more. The same
 * numbers on every machine, so they are asserted, and this is a test as well.
 *
 * Time and floor are as in esp.c: from the first byte to the module's loader to the last byte of the answer that proves the
 * content; the floor is the line time of what has to be sent, and of the flash's own time what can't overlap with
 * it. The floor is of the application alone, bootloader and table, otadata and config block aren't in it.
 */
#include "base/bytes.h"
#include "esp_floor.h"
#include "fettle/fettle.h"
#include "image/archive.h"
#include "image/json.h"
#include "sim/sim.h"
#include "stub_json.h"
#include "tools/pycom_make.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIZE = 1249280, /* of the application: 1.22 MB, a whole number of sectors */
    APP_AT = 0x10000,
    BAUD = 921600,

    /*
     * Of the floor, at most. 1.5 s of it are the same whatever is written: into the loader and out of it, and what is read for the
     * backup, in the ROM's portions of 64 bytes.
     */
    STUB_PERCENT = 115,
    ROM_PERCENT = 126,
};

#define UNCHANGED_US ((fettle_us)5 * 1000000)

/* ---- fettle ---- */

typedef struct sitting {
    fettle_sim *sim;
    bool is_good, is_unchanged;
    fettle_us first_byte, last_byte;
    size_t to_board;
} sitting;

static fettle_us now_of(fettle_sim *sim)
{
    return fettle_sim_clock_ops(sim)->now(fettle_sim_clock_self(sim));
}

static void on_event(void *user, const fettle_event *event)
{
    sitting *self = user;
    if (event->kind == FETTLE_EVENT_STAGE && event->stage == FETTLE_STAGE_LEAVE) {
        self->last_byte = now_of(self->sim);
        self->to_board = fettle_sim_totals_of(self->sim, 0).to_board;
    }
}

static fettle_us first_sync(const fettle_sim *sim)
{
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(sim, &entries);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(entries[i].what, "sync") == 0) {
            return entries[i].at;
        }
    }
    return 0;
}

/* A store that keeps nothing but what was put last: the config block, until it was read once more. */
static struct {
    char key[200];
    uint8_t bytes[0x2000];
    size_t size;
} drawers[16];
static size_t drawer_count;

static bool store_get(void *store, const char *key, uint8_t *buf, size_t room, size_t *size)
{
    (void)store;
    for (size_t i = 0; i < drawer_count; i++) {
        if (strcmp(drawers[i].key, key) == 0 && drawers[i].size <= room) {
            memcpy(buf, drawers[i].bytes, drawers[i].size);
            *size = drawers[i].size;
            return true;
        }
    }
    return false;
}

static bool store_put(void *store, const char *key, fettle_span value)
{
    size_t i = 0;
    (void)store;
    while (i < drawer_count && strcmp(drawers[i].key, key) != 0) {
        i++;
    }
    if (i == sizeof drawers / sizeof *drawers || value.size > sizeof drawers[i].bytes ||
        strlen(key) >= sizeof drawers[i].key) {
        return false;
    }
    drawer_count += i == drawer_count;
    memcpy(drawers[i].key, key, strlen(key) + 1);
    memcpy(drawers[i].bytes, value.data, value.size);
    drawers[i].size = value.size;
    return true;
}

static void store_list(void *store, const char *prefix,
                       void (*each)(void *user, const char *key), void *user)
{
    (void)store;
    (void)prefix;
    (void)each;
    (void)user;
}

static const fettle_store_ops store_ops = {store_get, store_put, store_list};

static esp_writer package;
static uint8_t *app;

static void make_package(void)
{
    const pycom_wish wish = {.module = "LoPy4",
                             .version = "1.20.3.r7",
                             .layouts = PYCOM_8MB,
                             .app_size = SIZE,
                             .seed = 3};
    static pycom_pack pack; /* it is needed until the end */
    package = pycom_make(&wish);
    pycom_fill(&pack, &wish);
    app = pycom_find(&pack, pack.app)->bytes; /* the rest stays until the end, too */
}

static sitting sit(fettle_sim *sim, bool has_stub)
{
    fettle_error err;
    sitting self = {.sim = sim};
    size_t size;
    fettle_wishes wishes = {
        .board = fettle_sim_path(sim, 0),
        .flags = has_stub ? 0u : FETTLE_WISH_NO_STUB,
        .baud = BAUD,
    };
    if (has_stub) {
        wishes.stub = (fettle_span){(const uint8_t *)stub_json, stub_size};
    }
    fettle_sim_log_clear(sim);
    fettle_context *context = fettle_context_new(&err);
    fettle_context_set_clock(context, fettle_sim_clock_ops(sim),
                             fettle_sim_clock_self(sim));
    fettle_context_set_store(context, &store_ops, NULL);
    bool is_good = fettle_context_add_bus(context, &fettle_sim_bus_ops, sim, &err);
    fettle_image *image = fettle_image_from_bytes(
        "LoPy4-1.20.3.r7.tar.gz", (fettle_span){package.bytes, package.size}, 0, &err);
    fettle_job *job =
        image == NULL ? NULL
                      : fettle_job_new(context, FETTLE_VERB_UPDATE, image, &wishes, &err);
    is_good = is_good && job != NULL && fettle_job_run(job, on_event, &self, &err);
    if (!is_good) {
        (void)printf("# %s\n", err.message);
    } else {
        const fettle_result *result = fettle_job_result(job);
        self.is_unchanged = result->outcome == FETTLE_OUTCOME_UNCHANGED;
        self.is_good = result->verified == FETTLE_PROOF_HASH &&
                       memcmp(fettle_sim_module(sim, 0, &size) + APP_AT, app, SIZE) == 0;
    }
    self.first_byte = first_sync(sim);
    fettle_job_free(job);
    fettle_image_free(image);
    fettle_context_free(context);
    return self;
}

/* ---- all of it ---- */

static unsigned tests, failures;

static void hold(bool holds, const char *loader, const char *what)
{
    tests++;
    failures += !holds;
    (void)printf("%sok %u - %s: %s\n", holds ? "" : "not ", tests, loader, what);
}

static fettle_us floor_of(bool has_stub)
{
    fettle_us line =
        (fettle_us)escaped_size((fettle_span){app, SIZE}) * BITS_A_BYTE * 1000000 / BAUD;
    return has_stub ? overlapped(APP_AT, APP_AT + SIZE, SIZE, line)
                    : line + flash_time(APP_AT, APP_AT + SIZE, APP_AT + SIZE);
}

static void measure(bool has_stub)
{
    char message[200];
    const char *loader = has_stub ? "stub" : "ROM";
    fettle_sim *sim = fettle_sim_new(NULL, NULL);
    if (sim == NULL ||
        !fettle_sim_add(sim, "lopy4+pytrack,timing=none", message, sizeof message)) {
        abort();
    }
    if (has_stub) {
        make_stub(sim);
    }
    fettle_us least = floor_of(has_stub);
    sitting first = sit(sim, has_stub), again = sit(sim, has_stub);
    fettle_us took = first.last_byte - first.first_byte;
    fettle_us took_again = again.last_byte - again.first_byte;
    (void)printf(
        "# %s: %.3f s, floor %.3f s, %.3f of it, %zu bytes; again: %.3f s, %zu bytes\n",
        loader, (double)took / 1e6, (double)least / 1e6, (double)took / (double)least,
        first.to_board, (double)took_again / 1e6, again.to_board);
    hold(first.is_good && !first.is_unchanged, loader, "done, right, and proven");
    hold(took * 100 <= least * (has_stub ? STUB_PERCENT : ROM_PERCENT), loader,
         "as near to its floor as was reached");
    hold(again.is_good && again.is_unchanged, loader, "unchanged, and proven");
    hold(took_again < UNCHANGED_US, loader, "nothing to do takes less than 5 s");
    fettle_sim_free(sim);
}

int main(void)
{
    if (!fettle_archive_is_there()) {
        (void)printf("1..0 # SKIP built without libarchive\n");
        return 0;
    }
    make_package();
    if (fettle_json_is_there()) {
        measure(true);
    }
    measure(false);
    (void)printf("1..%u\n", tests);
    free(package.bytes);
    return failures == 0 ? 0 : 1;
}
