/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Updates of a virtual ESP32 behind a bridge, 1 MiB each, on the board's clock: the same numbers on every
 * machine, so they are asserted, and this is a test as well.
 *
 *     esp [--stub FILE] [--peer FILE]      measures; FILE of the peer: what bench/esp-peer/run.sh has found
 *     esp --write FOLDER                   the contents, for the peer
 *
 * What counts is the time from the first byte of the first SYNC to the last byte of the answer that proves the
 * content: reset and listening to the application afterwards, which are the same for everybody, don't. The floor is
 * worked out here, from the content, the rate and the flash's data sheet, and not from what was done: the line time of
 * the smaller of raw and zlib's level 9 of the sectors that differ, escaped for SLIP, and of the flash's own time what
 * can't overlap with that. A stub works on a block while the next one comes in, but not the one after that; a ROM answers when
 * it has programmed, so nothing overlaps. There is no connecting in the floor, no comparing, loading of the stub, headers,
 * acknowledgements, proof.
 */
#include "base/bytes.h"
#include "esp_floor.h"
#include "fettle/fettle.h"
#include "image/deflate.h"
#include "image/json.h"
#include "sim/sim.h"
#include "stub_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIZE = 1024 * KIB,
    SLOT = 0x150000, /* of the second application: nobody minds what is in there */
    CHANGED = 77,    /* the sector that differs */
    PEER_CASES_MAX = 32,

    STUB_PERCENT = 110, /* of the floor, at most */
    FEW_BYTES = SIZE / 50,
};

typedef enum content {
    RANDOM,
    COMPRESSIBLE, /* as machine code is: to six tenths */
    OTHER,        /* what an older application left there */
    RANDOM_BUT_ONE_SECTOR,
    CONTENT_COUNT,
} content;

static const char *const content_names[] = {"random", "compressible", "other", "sector"};

enum { BAUD_COUNT = 2 };

static const uint32_t bauds[BAUD_COUNT] = {115200, 921600};

/*
 * `rom` is how much of its floor, in percent, it may take without a stub, at each rate; 0: the floor says nothing, because
 * there is hardly anything to write. It should be 105: but blocks of 1 KiB with their headers and answers cost 4 % of
 * the line, what a block inflates to is programmed in broken pages, and a ROM takes 0.4 s to hash all of it, twice.
 * `peer` is how much of the peer's time it may take. It should be 70 for what has to be sent: but the peer itself is
 * at its floor but for some percent.
 */
static const struct {
    const char *name;
    content wanted, present;
    bool is_known; /* the rate is remembered as one that this line has held */
    unsigned rom[BAUD_COUNT], peer;
} cases[] = {
    {"random", RANDOM, OTHER, false, {106, 113}, 101},
    {"compressible", COMPRESSIBLE, OTHER, false, {107, 120}, 101},
    {"unchanged", RANDOM, RANDOM, false, {0, 0}, 6},
    {"again", RANDOM, RANDOM, true, {0, 0}, 5},
    {"sector", RANDOM, RANDOM_BUT_ONE_SECTOR, false, {0, 0}, 9},
};

enum { CASE_COUNT = sizeof cases / sizeof *cases };

static uint8_t contents[CONTENT_COUNT][SIZE];

/* ---- content ---- */

static uint32_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static void fill_noise(uint8_t *bytes, uint64_t state)
{
    for (size_t i = 0; i < SIZE; i++) {
        bytes[i] = (uint8_t)(draw(&state) >> 8);
    }
}

/* Words of a small vocabulary, the first ones more often, and now and then one of their own. */
static void fill_code(uint8_t *bytes)
{
    enum { WORDS = 2048 };
    uint32_t words[WORDS];
    uint64_t state = 3;
    for (size_t i = 0; i < WORDS; i++) {
        words[i] = draw(&state);
    }
    for (size_t i = 0; i < SIZE; i += 4) {
        uint32_t number = draw(&state) % WORDS * (draw(&state) % KIB) / KIB;
        bool is_own = draw(&state) % 4 == 0;
        fettle_put32(bytes + i, is_own ? draw(&state) : words[number]);
    }
}

static void fill_contents(void)
{
    fill_noise(contents[RANDOM], 1);
    fill_code(contents[COMPRESSIBLE]);
    fill_noise(contents[OTHER], 2);
    memcpy(contents[RANDOM_BUT_ONE_SECTOR], contents[RANDOM], SIZE);
    memcpy(contents[RANDOM_BUT_ONE_SECTOR] + CHANGED * SECTOR,
           contents[OTHER] + CHANGED * SECTOR, SECTOR);
}

static int write_contents(const char *folder)
{
    for (size_t i = 0; i < CONTENT_COUNT; i++) {
        char path[1000];
        (void)snprintf(path, sizeof path, "%s/%s.bin", folder, content_names[i]);
        FILE *file = fopen(path, "wb");
        bool is_done = file != NULL && fwrite(contents[i], SIZE, 1, file) == 1;
        if (file == NULL || fclose(file) != 0 || !is_done) {
            (void)fprintf(stderr, "can't write %s\n", path);
            return 1;
        }
    }
    return 0;
}

/* ---- the floor ---- */

/* Of the smaller of raw and deflated; and what it is on the line. */
static size_t stream_size(fettle_span bytes, size_t *escaped)
{
    fettle_error ignored;
    size_t room = fettle_deflate_bound(bytes.size), size = 0;
    uint8_t *stream = malloc(room);
    bool is_smaller = stream != NULL &&
                      fettle_deflate(bytes, stream, room, &size, &ignored) &&
                      size < bytes.size;
    fettle_span smaller = is_smaller ? (fettle_span){stream, size} : bytes;
    *escaped = escaped_size(smaller);
    free(stream);
    return smaller.size;
}

static fettle_us floor_of(size_t number, uint32_t baud, bool has_stub)
{
    const uint8_t *wanted = contents[cases[number].wanted];
    const uint8_t *present = contents[cases[number].present];
    size_t first = 0, end = SIZE;
    while (first < end && memcmp(wanted + first, present + first, SECTOR) == 0) {
        first += SECTOR;
    }
    while (end > first &&
           memcmp(wanted + end - SECTOR, present + end - SECTOR, SECTOR) == 0) {
        end -= SECTOR;
    }
    if (first == end) {
        return 0;
    }
    size_t escaped;
    size_t bytes = stream_size((fettle_span){wanted + first, end - first}, &escaped);
    fettle_us line = (fettle_us)escaped * BITS_A_BYTE * 1000000 / baud;
    return has_stub ? overlapped(SLOT + first, SLOT + end, bytes, line)
                    : line + flash_time(SLOT + first, SLOT + end, SLOT + end);
}

/* ---- the stub ---- */

static bool read_stub(const char *path)
{
    FILE *file = fopen(path, "rb");
    stub_size = file != NULL ? fread(stub_json, 1, sizeof stub_json, file) : 0;
    return file != NULL && fclose(file) == 0 && stub_size > 0;
}

/* ---- fettle ---- */

typedef struct sitting {
    fettle_sim *sim;
    bool is_good;
    fettle_us begins[FETTLE_STAGE_COUNT]; /* 0: it was not come to */
    fettle_us first_byte, last_byte;
    size_t to_board, from_board;
    size_t rates; /* that the line was set to */
} sitting;

static fettle_us now_of(fettle_sim *sim)
{
    return fettle_sim_clock_ops(sim)->now(fettle_sim_clock_self(sim));
}

static size_t count_rates(const fettle_sim *sim)
{
    const fettle_sim_entry *entries;
    size_t rates = 0, count = fettle_sim_log(sim, &entries);
    for (size_t i = 0; i < count; i++) {
        rates += entries[i].serial == FETTLE_SIM_CODING;
    }
    return rates;
}

static void on_event(void *user, const fettle_event *event)
{
    sitting *self = user;
    if (event->kind != FETTLE_EVENT_STAGE) {
        return;
    }
    self->begins[event->stage] = now_of(self->sim);
    if (event->stage == FETTLE_STAGE_LEAVE) {
        fettle_sim_totals totals = fettle_sim_totals_of(self->sim, 0);
        self->last_byte = now_of(self->sim);
        self->to_board = totals.to_board;
        self->from_board = totals.from_board;
        self->rates = count_rates(self->sim);
    }
}

static fettle_us first_write(const fettle_sim *sim)
{
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(sim, &entries);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(entries[i].what, "write") == 0) {
            return entries[i].at;
        }
    }
    return 0;
}

/* A store that knows only that: all that is asked for is said to be the rate. */
static bool store_get(void *store, const char *key, uint8_t *buf, size_t room, size_t *size)
{
    const uint32_t *baud = store;
    if (strncmp(key, "baud/", strlen("baud/")) != 0 || room < sizeof *baud) {
        return false;
    }
    fettle_put32(buf, *baud);
    *size = sizeof *baud;
    return true;
}

static bool store_put(void *store, const char *key, fettle_span value)
{
    (void)store;
    (void)key;
    (void)value;
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

static bool run_job(sitting *self, size_t number, uint32_t baud, bool has_stub)
{
    fettle_error err;
    fettle_span bytes = {contents[cases[number].wanted], SIZE};
    fettle_wishes wishes = {
        .board = "sim:esp32",
        .flags = FETTLE_WISH_AT_ADDRESS | (has_stub ? 0u : FETTLE_WISH_NO_STUB),
        .address = SLOT,
        .baud = baud,
    };
    if (has_stub) {
        wishes.stub = (fettle_span){(const uint8_t *)stub_json, stub_size};
    }
    fettle_context *context = fettle_context_new(&err);
    fettle_context_set_clock(context, fettle_sim_clock_ops(self->sim),
                             fettle_sim_clock_self(self->sim));
    if (cases[number].is_known) {
        fettle_context_set_store(context, &store_ops, &baud);
    }
    bool is_good = fettle_context_add_bus(context, &fettle_sim_bus_ops, self->sim, &err);
    fettle_image *image = fettle_image_from_bytes("bench.bin", bytes, 0, &err);
    fettle_job *job =
        image == NULL ? NULL
                      : fettle_job_new(context, FETTLE_VERB_UPDATE, image, &wishes, &err);
    is_good = is_good && job != NULL && fettle_job_run(job, on_event, self, &err);
    if (!is_good) {
        (void)printf("# %s\n", err.message);
    }
    is_good = is_good && fettle_job_result(job)->verified == FETTLE_PROOF_HASH &&
              fettle_job_result(job)->chip->has_stub ==
                  (has_stub && cases[number].wanted != cases[number].present);
    fettle_job_free(job);
    fettle_image_free(image);
    fettle_context_free(context);
    return is_good;
}

static sitting sit(size_t number, uint32_t baud, bool has_stub, bool is_published)
{
    sitting self = {.sim = fettle_sim_new(NULL, NULL)};
    char message[200];
    const char *spec = "esp32,bridge=cp210x,size=4MB,timing=none";
    if (self.sim == NULL || !fettle_sim_add(self.sim, spec, message, sizeof message)) {
        abort();
    }
    if (has_stub && !is_published) {
        make_stub(self.sim);
    }
    size_t size;
    uint8_t *memory = fettle_sim_memory(self.sim, 0, &size);
    memcpy(memory + SLOT, contents[cases[number].present], SIZE);
    self.is_good = run_job(&self, number, baud, has_stub) &&
                   memcmp(memory + SLOT, contents[cases[number].wanted], SIZE) == 0;
    self.first_byte = first_write(self.sim);
    fettle_sim_free(self.sim);
    return self;
}

/* ---- the peer ---- */

/* "case baud stub|rom seconds out in", a line each. */
static struct peer {
    char name[20], loader[8];
    unsigned baud;
    double seconds;
    unsigned long out, in;
} peers[PEER_CASES_MAX];
static size_t peer_count;

static bool read_peers(const char *path)
{
    char line[200];
    FILE *file = fopen(path, "r");
    while (file != NULL && peer_count < PEER_CASES_MAX &&
           fgets(line, sizeof line, file) != NULL) {
        struct peer *peer = &peers[peer_count];
        char *word = line, *end = NULL;
        for (size_t i = 0; i < 2; i++) {
            char *to = i == 0 ? peer->name : peer->loader;
            size_t room = i == 0 ? sizeof peer->name : sizeof peer->loader;
            size_t length = strcspn(word, " ");
            (void)snprintf(to, room, "%.*s", (int)length, word);
            word += length + (word[length] == ' ');
        }
        peer->baud = (unsigned)strtoul(word, &end, 10);
        peer->seconds = strtod(end, &end);
        peer->out = strtoul(end, &end, 10);
        peer->in = strtoul(end, &end, 10);
        peer_count += peer->seconds > 0;
    }
    return file != NULL && fclose(file) == 0;
}

static const struct peer *peer_of(size_t number, uint32_t baud, bool has_stub)
{
    for (size_t i = 0; i < peer_count; i++) {
        if (strcmp(peers[i].name, cases[number].name) == 0 && peers[i].baud == baud &&
            strcmp(peers[i].loader, has_stub ? "stub" : "rom") == 0) {
            return &peers[i];
        }
    }
    return NULL;
}

/* ---- both ---- */

static unsigned tests, failures;

static void hold(bool holds, const char *name, uint32_t baud, bool has_stub,
                 const char *what)
{
    tests++;
    failures += !holds;
    (void)printf("%sok %u - %s, %" PRIu32 " baud, %s: %s\n", holds ? "" : "not ", tests,
                 name, baud, has_stub ? "stub" : "ROM", what);
}

/* How long one stage lasted; the next that was come to ends it. */
static double seconds_of(const sitting *self, fettle_stage stage)
{
    fettle_us from = self->begins[stage], to = self->last_byte;
    for (unsigned i = stage + 1u; i < FETTLE_STAGE_COUNT; i++) {
        if (self->begins[i] >= from && self->begins[i] != 0 && self->begins[i] < to) {
            to = self->begins[i];
        }
    }
    from = from < self->first_byte ? self->first_byte : from;
    return self->begins[stage] == 0 && stage != FETTLE_STAGE_FIND
               ? 0
               : (double)(to - from) / 1e6;
}

static void put_ratio(double a, double b)
{
    if (a > 0 && b > 0) {
        (void)printf(" %6.3f |", a / b);
    } else {
        (void)printf("      - |");
    }
}

static void put_row(size_t number, uint32_t baud, bool has_stub, const sitting *self,
                    const struct peer *peer, fettle_us least)
{
    double took = (double)(self->last_byte - self->first_byte) / 1e6;
    double writing = seconds_of(self, FETTLE_STAGE_WRITE);
    double its = peer != NULL ? peer->seconds : 0;
    (void)printf("| %-12s | %6" PRIu32 " | %-4s | %7.3f | %7.3f | %7.3f |",
                 cases[number].name, baud, has_stub ? "stub" : "ROM", took, its,
                 (double)least / 1e6);
    put_ratio(took, its);
    put_ratio(took * 1e6, (double)least);
    put_ratio(writing * 1e6, (double)least);
    (void)printf(" %5.3f | %5.3f | %7.3f | %5.3f | %7zu | %5zu | %7lu | %5lu |\n",
                 seconds_of(self, FETTLE_STAGE_FIND),
                 seconds_of(self, FETTLE_STAGE_COMPARE), writing,
                 seconds_of(self, FETTLE_STAGE_VERIFY), self->to_board, self->from_board,
                 peer != NULL ? peer->out : 0, peer != NULL ? peer->in : 0);
}

static void hold_all(size_t number, size_t rate, bool has_stub, const sitting *self,
                     const struct peer *peer, fettle_us least)
{
    const char *name = cases[number].name;
    uint32_t baud = bauds[rate];
    unsigned rom = cases[number].rom[rate], limit = has_stub ? STUB_PERCENT : rom;
    double took = (double)(self->last_byte - self->first_byte);
    double writing = seconds_of(self, FETTLE_STAGE_WRITE) * 1e6;
    hold(self->is_good, name, baud, has_stub, "done, right, and proven");
    if (rom > 0) {
        hold(took * 100 <= (double)least * limit, name, baud, has_stub,
             "as near to its floor as was reached");
    } else if (least > 0) {
        hold(writing * 100 <= (double)least * STUB_PERCENT, name, baud, has_stub,
             "the writing of what differs is near to its floor");
    }
    if (rom == 0) {
        hold(self->to_board <= FEW_BYTES, name, baud, has_stub, "what is right isn't sent");
    }
    if (cases[number].is_known) {
        hold(self->rates <= 2, name, baud, has_stub, "straight to the rate that it holds");
    }
    if (peer != NULL) {
        hold(took * 100 <= peer->seconds * 1e6 * cases[number].peer, name, baud, has_stub,
             "beside esptool-js, in the same time or the part of it that was reached");
    }
}

static void measure(size_t number, size_t rate, bool has_stub, bool is_published)
{
    uint32_t baud = bauds[rate];
    sitting self = sit(number, baud, has_stub, is_published);
    fettle_us least = floor_of(number, baud, has_stub);
    const struct peer *peer = peer_of(number, baud, has_stub);
    put_row(number, baud, has_stub, &self, peer, least);
    hold_all(number, rate, has_stub, &self, peer, least);
}

static int usage(void)
{
    (void)fprintf(stderr, "usage: esp [--stub FILE] [--peer FILE] | --write FOLDER\n");
    return 2;
}

int main(int argc, char **argv)
{
    bool is_published = false;
    fill_contents();
    for (int i = 1; i < argc; i += 2) {
        bool is_stub = strcmp(argv[i], "--stub") == 0;
        if (i + 1 < argc && strcmp(argv[i], "--write") == 0) {
            return write_contents(argv[i + 1]);
        }
        if (i + 1 == argc || (is_stub && !read_stub(argv[i + 1])) ||
            (!is_stub && (strcmp(argv[i], "--peer") != 0 || !read_peers(argv[i + 1])))) {
            return usage();
        }
        is_published = is_published || is_stub;
    }
    (void)printf("| 1 MiB | baud | | fettle, s | esptool-js, s | floor, s | to esptool-js "
                 "| to the floor | writing to the floor | connect, s | compare, s | "
                 "write, s | verify, s | out | in | its out | its in |\n"
                 "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (size_t k = fettle_json_is_there() ? 0 : CASE_COUNT; k < 2 * CASE_COUNT; k++) {
        for (size_t rate = 0; rate < BAUD_COUNT; rate++) {
            measure(k % CASE_COUNT, rate, k < CASE_COUNT, is_published);
        }
    }
    (void)printf("1..%u\n", tests);
    return failures == 0 ? 0 : 1;
}
