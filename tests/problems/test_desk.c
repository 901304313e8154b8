/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documented user problems that need more at the desk than one command line can put there: another
 * device beside the board or in its place, a hand at a given moment, a computer that falls asleep. One
 * function a row of problems.tsv, through the public library; TAP. The other halves are in P*.sh.
 *
 * A desk has a world of virtual boards (board 0 is the one that is meant), and between the world and
 * the library a bus of its own, which can show a board at another's port, or a version that belongs to
 * the content of the memory. What is asked on the way is heard by the boards' persons, as in the
 * program, and by the test.
 */
#include "fettle/fettle.h"
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAYLOAD = 16384,
    SUFFIX = 16,
    STRICT_SIZE = 5000,
    FROM = 0x0400, /* of a shield's memory, what an update writes: rows 16 to 251 */
    TO = 0x3F00,
    LINES_MAX = 96,
    REMEMBERED_MAX = 8,
};

#define MS     ((fettle_us)1000)
#define SECOND (1000 * MS)

static unsigned test_count, failure_count;

/* One line of TAP, about one of several cases. */
static void ok_of(const char *which, bool holds, const char *what)
{
    const char *between = which[0] != '\0' ? ": " : "";
    printf("%sok %u - %s%s%s\n", holds ? "" : "not ", ++test_count, what, between, which);
    failure_count += !holds;
}

static void ok(bool holds, const char *what)
{
    ok_of("", holds, what);
}

/* ---- the desk ---- */

typedef struct line {
    fettle_event_kind kind;
    fettle_us at;
    fettle_stage stage;
    fettle_ask ask;
    fettle_mode mode;
    char text[1024], slug[48], picture[48];
} line;

typedef struct remembered {
    char key[160];
    uint8_t value[64];
    size_t size;
} remembered;

typedef struct desk desk;
struct desk {
    fettle_sim *sim;
    fettle_context *context;
    fettle_image *image;
    fettle_job *job;
    uint8_t content[PAYLOAD];
    size_t size;

    /* what came of the last job */
    bool is_good;
    fettle_error error;
    const fettle_result *result;
    line lines[LINES_MAX]; /* progress is left out */
    size_t line_count;

    /* the bus in between */
    size_t stands_in; /* this board is seen at the port of board 0; 0: none does */
    uint16_t old_version,
        new_version; /* of the application, by content; 0: as the board says */
    unsigned selects;
    bool is_select_an_error;
    fettle_link inner;

    /* what the test does at an event; may be NULL */
    void (*act)(desk *self, const fettle_event *event);
    unsigned acts;

    remembered store[REMEMBERED_MAX];
    size_t store_count;
};

static void bail_out(const char *what, const char *why)
{
    printf("Bail out! %s: %s\n", what, why);
    exit(1);
}

static fettle_us now(const desk *self)
{
    return fettle_sim_clock_ops(self->sim)->now(fettle_sim_clock_self(self->sim));
}

/* Time goes by, and nobody is waiting for anything. */
static void pass(desk *self, fettle_us time)
{
    (void)fettle_sim_clock_ops(self->sim)->wait(fettle_sim_clock_self(self->sim),
                                                now(self) + time, NULL);
    (void)fettle_sim_showing(self->sim, 0);
}

static bool has_content(const desk *self, size_t board)
{
    size_t size;
    const uint8_t *memory = fettle_sim_memory(self->sim, board, &size);
    bool is_shield = self->size == PAYLOAD;
    size_t from = is_shield ? FROM : 0, to = is_shield ? TO : self->size;
    return memcmp(memory + from, self->content + from, to - from) == 0;
}

/* ---- the bus in between ---- */

static void show_version(const desk *self, fettle_sight *sight)
{
    bool is_app = sight->kind == FETTLE_LINK_SERIAL;
    if (self->new_version != 0 && is_app &&
        strcmp(sight->path, fettle_sim_path(self->sim, 0)) == 0) {
        sight->bcdDevice = has_content(self, 0) ? self->new_version : self->old_version;
    }
}

static size_t bus_look(void *bus, fettle_sight *sights, size_t max, uint64_t *change)
{
    desk *self = bus;
    size_t count = fettle_sim_bus_ops.look(self->sim, sights, max, change);
    for (size_t i = 0; i < count && i < max; i++) {
        show_version(self, &sights[i]);
        if (self->stands_in != 0 &&
            strcmp(sights[i].path, fettle_sim_path(self->sim, self->stands_in)) == 0) {
            (void)snprintf(sights[i].path, sizeof sights[i].path, "%s",
                           fettle_sim_path(self->sim, 0));
        }
    }
    return count;
}

static fettle_outcome bus_wait(void *bus, uint64_t change, fettle_us until,
                               const fettle_cancel *cancel)
{
    desk *self = bus;
    return fettle_sim_bus_ops.wait(self->sim, change, until, cancel);
}

static fettle_outcome link_control(void *link, const fettle_control *control,
                                   fettle_us until, const fettle_cancel *cancel)
{
    desk *self = link;
    return self->inner.usb->control(self->inner.self, control, until, cancel);
}

/* A system that makes an error of a SET_INTERFACE that is stalled. */
static fettle_outcome link_select(void *link, uint8_t interface, uint8_t alternate,
                                  fettle_us until, const fettle_cancel *cancel)
{
    desk *self = link;
    self->selects++;
    fettle_outcome outcome =
        self->inner.usb->select(self->inner.self, interface, alternate, until, cancel);
    if (self->is_select_an_error && outcome.kind == FETTLE_STALL) {
        outcome =
            (fettle_outcome){.kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM, .system = -99};
    }
    return outcome;
}

static fettle_outcome link_reset(void *link)
{
    desk *self = link;
    return self->inner.usb->reset(self->inner.self);
}

static void link_close(void *link)
{
    desk *self = link;
    self->inner.usb->close(self->inner.self);
}

static const fettle_usb_ops link_ops = {link_control, link_select, link_reset, link_close};

static fettle_outcome bus_open(void *bus, const fettle_sight *sight, fettle_link_kind kind,
                               const fettle_serial_settings *settings, fettle_link *link)
{
    desk *self = bus;
    fettle_sight real = *sight;
    if (self->stands_in != 0 && strcmp(sight->path, fettle_sim_path(self->sim, 0)) == 0) {
        (void)snprintf(real.path, sizeof real.path, "%s",
                       fettle_sim_path(self->sim, self->stands_in));
    }
    fettle_outcome outcome =
        fettle_sim_bus_ops.open(self->sim, &real, kind, settings, &self->inner);
    if (outcome.kind == FETTLE_OK) {
        *link = self->inner;
        if (link->kind == FETTLE_LINK_USB) {
            *link = (fettle_link){.kind = FETTLE_LINK_USB, .usb = &link_ops, .self = self};
        }
    }
    return outcome;
}

static const fettle_bus_ops bus_ops = {bus_look, bus_wait, bus_open};

/* ---- what is remembered, in memory ---- */

static remembered *find(desk *self, const char *key)
{
    for (size_t i = 0; i < self->store_count; i++) {
        if (strcmp(self->store[i].key, key) == 0) {
            return &self->store[i];
        }
    }
    return NULL;
}

static bool store_get(void *store, const char *key, uint8_t *buf, size_t room, size_t *size)
{
    const remembered *found = find(store, key);
    if (found == NULL || found->size > room) {
        return false;
    }
    memcpy(buf, found->value, found->size);
    *size = found->size;
    return true;
}

static bool store_put(void *store, const char *key, fettle_span value)
{
    desk *self = store;
    remembered *to = find(self, key);
    if (to == NULL && self->store_count < REMEMBERED_MAX) {
        to = &self->store[self->store_count++];
    }
    if (to == NULL || strlen(key) >= sizeof to->key || value.size > sizeof to->value) {
        return false;
    }
    (void)snprintf(to->key, sizeof to->key, "%s", key);
    memcpy(to->value, value.data, value.size);
    to->size = value.size;
    return true;
}

static void store_list(void *store, const char *prefix,
                       void (*each)(void *user, const char *key), void *user)
{
    const desk *self = store;
    for (size_t i = 0; i < self->store_count; i++) {
        if (strncmp(self->store[i].key, prefix, strlen(prefix)) == 0) {
            each(user, self->store[i].key);
        }
    }
}

static const fettle_store_ops store_ops = {store_get, store_put, store_list};

/* ---- sitting down ---- */

static void add_board(desk *self, const char *spec)
{
    char message[200];
    if (!fettle_sim_add(self->sim, spec, message, sizeof message)) {
        bail_out(spec, message);
    }
}

/* `is_real`: in real time, on the context's own clock, which notices a computer that was asleep. */
static desk *new_desk(const char *spec, bool is_real)
{
    fettle_error err;
    const fettle_clock_ops *clock = NULL;
    void *clock_self = NULL;
    desk *self = calloc(1, sizeof *self);
    if (self == NULL) {
        bail_out(spec, "no memory");
    }
    self->context = fettle_context_new(&err);
    if (is_real) {
        fettle_context_clock(self->context, &clock, &clock_self);
    }
    self->sim = fettle_sim_new(clock, clock_self);
    if (!is_real) {
        fettle_context_set_clock(self->context, fettle_sim_clock_ops(self->sim),
                                 fettle_sim_clock_self(self->sim));
    }
    add_board(self, spec);
    if (!fettle_context_add_bus(self->context, &bus_ops, self, &err)) {
        bail_out(spec, err.message);
    }
    fettle_context_set_store(self->context, &store_ops, self);
    return self;
}

static void free_desk(desk *self)
{
    fettle_job_free(self->job);
    fettle_image_free(self->image);
    fettle_context_free(self->context);
    fettle_sim_free(self->sim);
    free(self);
}

static void take_file(desk *self, const char *name, fettle_usb_id id)
{
    static uint8_t file[PAYLOAD + SUFFIX];
    fettle_error err;
    size_t size = self->size;
    memcpy(file, self->content, size);
    if (id.vendor != 0) {
        size += fettle_sim_make_suffix(file + size, file, size, id.vendor, id.product,
                                       0xFFFF, 0x0100);
    }
    fettle_image_free(self->image);
    self->image = fettle_image_from_bytes(name, (fettle_span){file, size}, 0, &err);
    if (self->image == NULL) {
        bail_out(name, err.message);
    }
}

/* A shield's firmware for the board whose update mode has this product number. */
static void take_shield_file(desk *self, uint16_t product)
{
    self->size = PAYLOAD;
    fettle_sim_make_shield_payload(self->content, 77);
    take_file(self, "shield.dfu", (fettle_usb_id){0x04D8, product});
}

/* Some firmware; without ids where `id` is 0:0. */
static void take_strict_file(desk *self, fettle_usb_id id)
{
    uint32_t seed = 5;
    self->size = STRICT_SIZE;
    for (size_t i = 0; i < self->size; i++) {
        seed = seed * 1664525u + 1013904223u;
        self->content[i] = (uint8_t)(seed >> 24);
    }
    take_file(self, id.vendor != 0 ? "firmware.dfu" : "firmware.bin", id);
}

static void copy_text(char *to, size_t size, const char *text)
{
    (void)snprintf(to, size, "%s", text != NULL ? text : "");
}

static void on_event(void *user, const fettle_event *event)
{
    desk *self = user;
    if (event->kind == FETTLE_EVENT_ASK || event->kind == FETTLE_EVENT_ASK_OVER) {
        bool is_over = event->kind == FETTLE_EVENT_ASK_OVER;
        fettle_sim_hear(self->sim, NULL, is_over ? FETTLE_ASK_NOTHING : event->ask);
    }
    if (event->kind != FETTLE_EVENT_PROGRESS && self->line_count < LINES_MAX) {
        line *to = &self->lines[self->line_count++];
        *to = (line){.kind = event->kind,
                     .at = event->at,
                     .stage = event->stage,
                     .ask = event->ask,
                     .mode = event->mode};
        copy_text(to->text, sizeof to->text, event->text);
        copy_text(to->slug, sizeof to->slug, event->slug);
        copy_text(to->picture, sizeof to->picture, event->picture);
    }
    if (self->act != NULL) {
        self->act(self, event);
    }
}

/* Makes the job and runs it to its end. */
static void run(desk *self, fettle_verb verb, fettle_wishes wishes)
{
    static const fettle_result nothing;
    fettle_job_free(self->job);
    self->line_count = self->acts = 0;
    self->result = &nothing;
    self->error = (fettle_error){.code = FETTLE_E_NONE};
    self->job = fettle_job_new(self->context, verb, self->image, &wishes, &self->error);
    self->is_good =
        self->job != NULL && fettle_job_run(self->job, on_event, self, &self->error);
    if (self->job != NULL) {
        self->result = fettle_job_result(self->job);
    }
    if (!self->is_good) {
        printf("# ended: %s: %s\n", fettle_code_slug(self->error.code),
               self->error.message);
    }
}

/* ---- questions to what was said and asked ---- */

/* The first line of this kind, from line `from` on, with this in its text (NULL: any). */
static const line *find_line(const desk *self, size_t from, fettle_event_kind kind,
                             const char *text)
{
    for (size_t i = from; i < self->line_count; i++) {
        const line *it = &self->lines[i];
        if (it->kind == kind && (text == NULL || strstr(it->text, text) != NULL)) {
            return it;
        }
    }
    return NULL;
}

static size_t index_of(const desk *self, const line *it)
{
    return it != NULL ? (size_t)(it - self->lines) : self->line_count;
}

static bool says(const desk *self, const char *text)
{
    return find_line(self, 0, FETTLE_EVENT_NOTE, text) != NULL;
}

static unsigned count_lines(const desk *self, fettle_event_kind kind)
{
    unsigned count = 0;
    for (size_t i = 0; i < self->line_count; i++) {
        count += self->lines[i].kind == kind;
    }
    return count;
}

/* Requests to this board, of this name (NULL: of any), from this time on. */
static unsigned asked(const desk *self, size_t board, const char *what, fettle_us from)
{
    static const char *const by_itself[] = {"arrives", "leaves", "hand", "open", "close"};
    unsigned count = 0;
    const fettle_sim_entry *entries;
    size_t entry_count = fettle_sim_log(self->sim, &entries);
    for (size_t i = 0; i < entry_count; i++) {
        const fettle_sim_entry *entry = &entries[i];
        bool counts = what != NULL ? strcmp(entry->what, what) == 0 : true;
        for (size_t j = 0; what == NULL && j < sizeof by_itself / sizeof *by_itself; j++) {
            counts = counts && strcmp(entry->what, by_itself[j]) != 0;
        }
        count += counts && entry->board == board && entry->at >= from;
    }
    return count;
}

static unsigned changes(const desk *self, size_t board)
{
    unsigned count = 0;
    const fettle_sim_entry *entries;
    size_t entry_count = fettle_sim_log(self->sim, &entries);
    for (size_t i = 0; i < entry_count; i++) {
        count += entries[i].board == board && entries[i].changes;
    }
    return count;
}

/* ---- P008: the update mode is missed, and the next try is not ---- */

static void replug_with_button_when_asked(desk *self, const fettle_event *event)
{
    if (event->kind == FETTLE_EVENT_ASK && event->ask == FETTLE_ASK_UPDATE_MODE) {
        fettle_sim_do(self->sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 3 * SECOND);
    }
}

static void p008(void)
{
    desk *self = new_desk("pytrack,mode=unplugged,person=none", false);
    take_shield_file(self, 0xF014);
    self->act = replug_with_button_when_asked;
    fettle_sim_do(self->sim, 0, FETTLE_SIM_PLUG_WITH_BUTTON, 0);
    pass(self, 400 * MS + 6970 * MS); /* it arrives after 0.4 s, and has 0.03 s left now */
    bool was_there = fettle_sim_showing(self->sim, 0) == FETTLE_SIM_SHOWS_UPDATE;
    run(self, FETTLE_VERB_UPDATE,
        (fettle_wishes){.board = "sim:pytrack", .revision = "1", .wait = 60 * SECOND});
    ok(was_there && asked(self, 0, NULL, 0) > 0 && asked(self, 0, "leaves", 0) > 1,
       "P008 (d) the window is over while it begins");
    const line *note = find_line(self, 0, FETTLE_EVENT_NOTE, "ended after");
    ok(note != NULL && strstr(note->text, "7 s") != NULL,
       "P008 (d) that the update mode ended after 7 s is said");
    ok(!says(self, "was not held"),
       "P008 (d) nobody is told that the button was not held, who held it");
    const line *ask = find_line(self, 0, FETTLE_EVENT_ASK, "S1");
    ok(ask != NULL && ask->ask == FETTLE_ASK_UPDATE_MODE, "P008 (d) it stays armed");
    ok(self->is_good && self->result->outcome == FETTLE_OUTCOME_UPDATED,
       "P008 (d) the next try ends well");
    ok(has_content(self, 0), "P008 (d) the board has the file");
    free_desk(self);
}

/* ---- P007: nothing happens when it is plugged in ---- */

static void p007(void)
{
    const fettle_wishes wishes = {.board = "pytrack", .revision = "1", .wait = 20 * SECOND};
    desk *self = new_desk("pytrack,mode=unplugged,person=none", false);
    take_shield_file(self, 0xF014);
    run(self, FETTLE_VERB_UPDATE, wishes);
    ok(self->error.code == FETTLE_E_NO_BOARD, "P007 (a) nothing appears for 20 s");
    ok(says(self, "No USB device has appeared"), "P007 (a) which is said");
    ok(strstr(self->error.hint, "carry data") != NULL &&
           strstr(self->error.hint, "another port") != NULL,
       "P007 (a) another cable, then another port");
    free_desk(self);

    /* Something that is there all the time is no news; what comes is. */
    self = new_desk("pytrack,mode=unplugged,person=none", false);
    add_board(self, "dfu,id=0483:df11,person=none");
    add_board(self, "dfu,id=1d50:6003,mode=unplugged,person=none");
    take_shield_file(self, 0xF014);
    fettle_sim_do(self->sim, 2, FETTLE_SIM_PLUG, 5 * SECOND);

    run(self, FETTLE_VERB_UPDATE, wishes);
    ok(self->error.code == FETTLE_E_NO_BOARD, "P007 (b) another device comes instead");
    ok(says(self, "1d50:6003 has appeared"), "P007 (b) its id is shown");
    ok(!says(self, "0483:df11"), "P007 (b) what was there before isn't");
    free_desk(self);
}

/* ---- P010: a laptop's Bluetooth beside the board ---- */

#define LAPTOP "dfu,id=05ac:8bce,app-id=05ac:8bcd,serial=LAPTOP,person=none"

static void look_at_both(desk *self)
{
    fettle_board_view views[4];
    size_t count = fettle_boards_look(self->context, true, views, 4, NULL);
    unsigned laptops = 0, boards = 0;
    for (size_t i = 0; i < count && i < 4; i++) {
        laptops += views[i].id.vendor == 0x05AC && views[i].state == FETTLE_BOARD_NOT_OURS;
        boards += views[i].id.vendor == 0x0483 && views[i].state == FETTLE_BOARD_READY;
    }
    ok(count == 2 && boards == 1 && laptops == 1,
       "P010 (c) two devices, one line each: one ready, one not ours");
}

static void p010(void)
{
    static const struct {
        const char *what;
        fettle_usb_id id;
    } files[] = {
        {"a file that names the board", {0x0483, 0xDF11}},
        {"a file for any product", {0x0483, 0xFFFF}},
        {"a file without ids", {0, 0}},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        desk *self = new_desk("dfu,id=0483:df11,alternates=4,person=none", false);
        add_board(self, LAPTOP);
        if (i == 0) {
            look_at_both(self);
        }
        take_strict_file(self, files[i].id);
        run(self, FETTLE_VERB_UPDATE, (fettle_wishes){.board = NULL});
        ok_of(files[i].what, self->is_good && has_content(self, 0),
              "P010 (d) it goes to the only real candidate");
        ok_of(files[i].what, asked(self, 1, NULL, 0) == 0 && asked(self, 1, "open", 0) == 0,
              "P010 (d) the laptop is not touched");
        free_desk(self);
    }

    desk *self = new_desk("dfu,id=0483:df11,alternates=4,person=none", false);
    add_board(self, LAPTOP);
    run(self, FETTLE_VERB_READ, (fettle_wishes){.length = 256});
    ok(self->is_good && self->result->data.size == 256,
       "P010 (e) reading, with nothing named, takes the only real candidate");
    ok(asked(self, 1, NULL, 0) == 0, "P010 (e) the laptop is not touched");
    free_desk(self);

    self = new_desk(LAPTOP, false);
    take_strict_file(self, (fettle_usb_id){0x05AC, 0x8BCE});
    run(self, FETTLE_VERB_READ, (fettle_wishes){.length = 256});
    ok(!self->is_good && asked(self, 0, NULL, 0) == 0,
       "P010 (f) the laptop alone is no candidate");
    free_desk(self);
}

/* ---- P015: which revision ---- */

static void find_the_button_later(desk *self, const fettle_event *event)
{
    if (event->kind == FETTLE_EVENT_NOTE && self->acts++ == 0) {
        fettle_sim_do(self->sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 3 * SECOND);
    }
}

static void p015_seen_while_armed(void)
{
    desk *self = new_desk("pysense,mode=unplugged,person=none,version=16", false);
    take_shield_file(self, 0xF011);
    self->act = find_the_button_later;
    fettle_sim_do(self->sim, 0, FETTLE_SIM_PLUG, 1 * SECOND);
    run(self, FETTLE_VERB_UPDATE,
        (fettle_wishes){.board = "pysense", .revision = "1", .wait = 60 * SECOND});
    ok(find_line(self, 0, FETTLE_EVENT_NOTE, "started normally") != NULL ||
           self->error.code == FETTLE_E_WRONG_REVISION,
       "P015 (d) while armed the application is seen, which has version 16");
    ok(self->error.code == FETTLE_E_WRONG_REVISION,
       "P015 (d) that contradicts revision 1: refused");
    ok(changes(self, 0) == 0, "P015 (d) nothing was changed");
    free_desk(self);
}

static void p015_remembered(void)
{
    fettle_error err;
    fettle_wishes wishes = {.board = "sim:pysense"};
    desk *self = new_desk("pysense,person=helpful,version=4", false);
    take_shield_file(self, 0xF011);
    wishes.wait = 30 * SECOND;
    self->job =
        fettle_job_new(self->context, FETTLE_VERB_UPDATE, self->image, &wishes, &err);
    const fettle_question *question =
        self->job != NULL ? fettle_job_question(self->job, 0) : NULL;
    ok(question != NULL && strstr(question->ask, "printed") != NULL &&
           strcmp(question->option, "--revision") == 0,
       "P015 (e) which revision is printed on the board is asked");
    ok(question != NULL && question->picture != NULL, "P015 (e) with a picture");
    ok(question != NULL && question->remembered == NULL, "P015 (e) nothing is remembered");
    bool is_answered =
        question != NULL && fettle_job_answer(self->job, "--revision", "1", &err);
    ok(is_answered && fettle_job_question(self->job, 0) == NULL,
       "P015 (e) an answer counts");

    run(self, FETTLE_VERB_UPDATE, wishes);
    question = fettle_job_question(self->job, 0);
    ok(question != NULL && question->remembered != NULL &&
           strcmp(question->remembered, "1") == 0,
       "P015 (e) it is remembered");
    ok(self->error.code == FETTLE_E_ANSWER_NEEDED && changes(self, 0) == 0,
       "P015 (e) and never taken by itself");

    add_board(self, "pysense,person=none,version=4");
    wishes.board = "sim:pysense.2";
    fettle_job_free(self->job);
    self->job =
        fettle_job_new(self->context, FETTLE_VERB_UPDATE, self->image, &wishes, &err);
    question = self->job != NULL ? fettle_job_question(self->job, 0) : NULL;
    ok(question != NULL && question->remembered == NULL,
       "P015 (e) of this board: another one has its own answer");
    free_desk(self);
}

/* ---- P021: the right button, in the end ---- */

static void p021(void)
{
    desk *self = new_desk("pytrack,mode=unplugged,person=none", false);
    take_shield_file(self, 0xF014);
    self->act = find_the_button_later;
    fettle_sim_do(self->sim, 0, FETTLE_SIM_PLUG, 1 * SECOND);
    run(self, FETTLE_VERB_UPDATE,
        (fettle_wishes){.board = "pytrack", .revision = "1", .wait = 60 * SECOND});
    const line *note = find_line(self, 0, FETTLE_EVENT_NOTE, "started normally");
    ok(note != NULL && strstr(note->text, "S1") != NULL &&
           strstr(note->text, "not held") != NULL,
       "P021 (c) it started normally: S1 was not held");
    const line *ask = find_line(self, index_of(self, note), FETTLE_EVENT_ASK, NULL);
    ok(ask != NULL && strcmp(ask->picture, "pytrack-s1") == 0,
       "P021 (c) after that the picture of its S1 is shown");
    ok(self->is_good && has_content(self, 0),
       "P021 (c) it waits on, and the next try is taken");
    free_desk(self);
}

/* ---- P045: another board at the same port ---- */

static void swap_in_mid_write(desk *self, const fettle_event *event)
{
    bool is_half = event->kind == FETTLE_EVENT_PROGRESS &&
                   event->stage == FETTLE_STAGE_WRITE && event->progress > 300000;
    if (is_half && self->acts++ == 0) {
        fettle_sim_do(self->sim, 0, FETTLE_SIM_UNPLUG, 0);
        fettle_sim_do(self->sim, 1, FETTLE_SIM_PLUG_WITH_BUTTON, 5 * SECOND);
        self->stands_in = 1;
    }
}

static void p045(void)
{
    static const struct {
        const char *what, *first, *second, *revision;
        uint16_t product; /* 0: a strict board */
    } swaps[] = {
        {"another shield (Pysense for Pytrack)", "pytrack,mode=dfu,person=none",
         "pysense,mode=unplugged,person=none", "1", 0xF014},
        {"a strict board with other ids", "dfu,serial=A,person=none",
         "dfu,id=1d50:7003,serial=B,mode=unplugged,person=none", NULL, 0},
        {"a strict board with the same ids and another serial", "dfu,serial=A,person=none",
         "dfu,serial=B,mode=unplugged,person=none", NULL, 0},
    };
    for (size_t i = 0; i < sizeof swaps / sizeof *swaps; i++) {
        desk *self = new_desk(swaps[i].first, false);
        add_board(self, swaps[i].second);
        if (swaps[i].product != 0) {
            take_shield_file(self, swaps[i].product);
        } else {
            take_strict_file(self, (fettle_usb_id){0, 0});
        }
        self->act = swap_in_mid_write;
        run(self, FETTLE_VERB_UPDATE,
            (fettle_wishes){.board = fettle_sim_path(self->sim, 0),
                            .revision = swaps[i].revision,
                            .wait = 30 * SECOND});
        bool was_cut = self->acts > 0 && changes(self, 0) > 0 && !has_content(self, 0);
        bool has_come = asked(self, 1, "arrives", 0) > 0;
        ok_of(swaps[i].what, was_cut && has_come, "P045 (f) swapped in mid-write");
        ok_of(swaps[i].what, changes(self, 1) == 0,
              "P045 (f) nothing is done to the other one");
        ok_of(swaps[i].what, !self->is_good, "P045 (f) it isn't taken for the first");
        free_desk(self);
    }

    /* The control: the first one itself comes back there. */
    desk *self = new_desk("dfu,serial=A,person=none", false);
    add_board(self, "dfu,serial=B,mode=unplugged,person=none");
    take_strict_file(self, (fettle_usb_id){0, 0});
    (void)fettle_sim_set_fault(self->sim, 0, "vanish@30");
    run(self, FETTLE_VERB_UPDATE, (fettle_wishes){.board = "sim:dfu", .wait = 30 * SECOND});
    ok(asked(self, 0, "leaves", 0) > 0 && self->is_good && has_content(self, 0),
       "P045 (g) the same one back at its port: it goes on");
    free_desk(self);
}

/* ---- P046: the computer falls asleep in mid-write ---- */

#define ASLEEP (2500 * MS) /* more than two seconds count; sixty would do the same */

/* Between two requests nothing happens here for a while, and the clock goes on. */
static void sleep_in_mid_write(desk *self, const fettle_event *event)
{
    if (event->kind != FETTLE_EVENT_PROGRESS || event->stage != FETTLE_STAGE_WRITE ||
        event->progress < 300000 || self->acts++ > 0) {
        return;
    }
    pass(self, ASLEEP);
}

/* When it was opened for the second time, and whether it was asked before it was told anything. */
static bool was_found_again(const desk *self)
{
    unsigned opens = 0;
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(self->sim, &entries);
    for (size_t i = 0; i < count; i++) {
        opens += strcmp(entries[i].what, "open") == 0;
        if (opens == 2 && strcmp(entries[i].what, "DNLOAD") == 0) {
            return false;
        }
        if (opens == 2 && strcmp(entries[i].what, "UPLOAD") == 0) {
            return true;
        }
    }
    return false;
}

static void p046(void)
{
    desk *self = new_desk("pytrack,mode=dfu,window=off,person=none", true);
    take_shield_file(self, 0xF014);
    self->act = sleep_in_mid_write;
    run(self, FETTLE_VERB_UPDATE, (fettle_wishes){.board = "sim:pytrack", .revision = "1"});
    ok(self->acts > 0, "P046 (suspend) a gap in mid-write");
    ok(was_found_again(self), "P046 (suspend) the board is found again and compared first");
    ok(self->is_good && self->result->verified == FETTLE_PROOF_READBACK,
       "P046 (suspend) it goes on and ends well, proven");
    ok(has_content(self, 0), "P046 (suspend) the board has the file");
    free_desk(self);
}

/* ---- P049: the version of the shield, before and after ---- */

static void p049(void)
{
    desk *self = new_desk("pytrack,person=helpful,pic-version=4,updated-version=8", false);
    take_shield_file(self, 0xF014);
    run(self, FETTLE_VERB_UPDATE,
        (fettle_wishes){.board = "sim:pytrack", .revision = "1", .wait = 30 * SECOND});
    const char *before = self->result->version_before, *after = self->result->version_after;
    ok(self->is_good && before != NULL && after != NULL && strcmp(before, after) != 0 &&
           before[0] != '\0' && after[0] != '\0',
       "P049 (b) both versions are known");
    const line *note =
        find_line(self, 0, FETTLE_EVENT_NOTE, self->is_good ? before : "no version");
    ok(note != NULL && strstr(note->text, after) != NULL,
       "P049 (b) that it was the one and is the other now is said");
    ok(says(self, "module"), "P049 (b) and that the module's is separate");
    free_desk(self);
}

/* ---- P069: a system that makes an error of a stalled SET_INTERFACE ---- */

static void p069(void)
{
    desk *self = new_desk("pytrack,mode=dfu,person=none", false);
    take_shield_file(self, 0xF014);
    self->is_select_an_error = true;
    run(self, FETTLE_VERB_UPDATE, (fettle_wishes){.board = "sim:pytrack", .revision = "1"});
    ok(self->is_good && has_content(self, 0), "P069 (b) it is updated there too");
    ok(self->selects == 0 && asked(self, 0, "SET_INTERFACE", 0) == 0,
       "P069 (b) no alternate setting is ever set");
    free_desk(self);
}

/* ---- P072: the application's ids on the command line ---- */

static void p072(void)
{
    desk *self = new_desk("pytrack,person=helpful", false);
    take_shield_file(self, 0xF014);
    run(self, FETTLE_VERB_UPDATE,
        (fettle_wishes){.board = "04d8:f013", .revision = "1", .wait = 30 * SECOND});
    const line *ask = find_line(self, 0, FETTLE_EVENT_ASK, "S1");
    ok(ask != NULL && ask->ask == FETTLE_ASK_UPDATE_MODE,
       "P072 (d) 04d8:f013 arms it, and the button steps are told");
    bool is_said = false;
    for (size_t i = 0; i < self->line_count; i++) {
        is_said = is_said || (strstr(self->lines[i].text, "normal mode") != NULL &&
                              strstr(self->lines[i].text, "f014") != NULL);
    }
    ok(is_said, "P072 (d) that f013 is its normal mode and f014 the update mode is said");
    ok(self->is_good && has_content(self, 0), "P072 (d) and it ends well");
    free_desk(self);
}

/* ---- P073: comes and goes every seven seconds ---- */

/* Its window begins when it arrives; some of the first one has gone into the update. */
static void flap(desk *self, const fettle_event *event)
{
    bool is_stage =
        event->kind == FETTLE_EVENT_STAGE && event->stage == FETTLE_STAGE_CONFIRM;
    bool is_back =
        event->kind == FETTLE_EVENT_BOARD_BACK && event->stage == FETTLE_STAGE_CONFIRM;
    if (is_stage) {
        fettle_sim_do(self->sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 5500 * MS);
    } else if (is_back) {
        self->acts++;
        fettle_sim_do(self->sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 6300 * MS);
    }
}

static void p073(void)
{
    desk *self = new_desk("expansion31,mode=dfu,exit=no,person=none", false);
    take_shield_file(self, 0xEF99);
    self->act = flap;
    fettle_us began = now(self);
    run(self, FETTLE_VERB_UPDATE,
        (fettle_wishes){
            .board = "sim:expansion31", .revision = "3.1", .wait = 30 * SECOND});
    ok(self->acts >= 2, "P073 (d) it comes back in update mode, again and again");
    ok(self->error.code == FETTLE_E_APPLICATION_MISSING,
       "P073 (d) the application does not start");
    ok(self->result->verified == FETTLE_PROOF_READBACK && has_content(self, 0),
       "P073 (d) what was written is right");
    ok(says(self, "memory is right"), "P073 (d) which is said");
    ok(says(self, "batch"), "P073 (d) after the second time the faulty batch is named");
    ok(now(self) - began < 120 * SECOND && count_lines(self, FETTLE_EVENT_STAGE) < 12,
       "P073 (d) no endless loop");
    free_desk(self);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    printf("# P010: the half that needs a DfuSe board comes with DfuSe\n"
           "# P045: the half that needs ESP boards comes with their loader\n");
    p007();
    p008();
    p010();
    p015_seen_while_armed();
    p015_remembered();
    p021();
    p045();
    p046();
    p049();
    p069();
    p072();
    p073();
    printf("1..%u\n", test_count);
    return failure_count == 0 ? 0 : 1;
}
