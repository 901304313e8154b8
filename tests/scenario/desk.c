/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Desks: see desk.h. The person at the desk is the board's own (sim/), and hears what is asked.
 */
#include "desk.h"

#include "base/alloc.h"
#include "pycom/pycom.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROW = 64, SHIELD = 16384 };

#define PATIENCE ((fettle_us)20 * 60 * 1000000)

struct tally desk_tally;

void desk_complain(const struct desk *desk, const char *what)
{
    desk_tally.failures++;
    if (desk_tally.failures > 20) {
        return;
    }
    (void)fprintf(stderr,
                  "# does not hold: %s\n#   %s, effect %d, outcome %d%s%s, cancel at %d\n",
                  what, fettle_sim_path(desk->sim, 0), desk->spoil.at,
                  (int)desk->spoil.outcome, desk->spoil.is_performed ? " performed" : "",
                  desk->spoil.cuts ? " cut" : "", desk->cancel_at);
    (void)fprintf(stderr, "#   end %d, evidence %d, error: %s\n", (int)desk->job.end,
                  (int)desk->job.evidence, desk->job.engine.error.message);
}

/* ---- what is on the desk ---- */

static const fettle_board_row *row_of(const char *spec)
{
    for (size_t i = 0; i < fettle_vendor_pycom.row_count; i++) {
        const fettle_board_row *row = &fettle_vendor_pycom.rows[i];
        if (strncmp(spec, row->id, strlen(row->id)) == 0) {
            return row;
        }
    }
    return &fettle_board_generic;
}

static void fill(uint8_t *bytes, size_t size)
{
    uint32_t seed = 7;
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

/* Content that only differs in some rows from what the board has: a run is short then. */
static void make_content(struct desk *desk, uint8_t *content, size_t size, bool is_shield,
                         bool starts)
{
    if (!is_shield) {
        fill(content, size);
    }
    if (desk->has_pages &&
        starts) { /* what such a chip takes for an application: a stack, and where it begins */
        static const uint8_t vectors[] = {0x00, 0x10, 0x00, 0x20, 0x01, 0x01, 0x00, 0x08};
        memcpy(content, vectors, sizeof vectors);
    }
    if (!is_shield) {
        return;
    }
    static uint8_t payload[SHIELD]; /* for thousands of desks */
    size_t memory_size;
    uint8_t *memory = fettle_sim_memory(desk->sim, 0, &memory_size);
    if (payload[0] == 0) {
        fettle_sim_make_shield_payload(payload, 11);
    }
    memcpy(content, payload, SHIELD);
    for (size_t row = 0; row < SHIELD / ROW; row++) {
        if (row % 40 != 20) {
            memcpy(memory + row * ROW, content + row * ROW, ROW);
        }
    }
}

static void make_image(struct desk *desk, size_t size, bool is_shield, fettle_usb_id id,
                       bool starts)
{
    fettle_error err;
    uint8_t *file = calloc(1, size + 16);
    make_content(desk, file, size, is_shield, starts);
    (void)fettle_sim_make_suffix(file + size, file, size, id.vendor, id.product, 0xFFFF,
                                 0x0100);
    desk->size = size;
    desk->image = fettle_image_new("scenario.dfu", (fettle_span){file, size + 16}, 0, &err);
    desk->expected = file;
}

struct desk *desk_new(const char *spec, size_t size, fettle_plan_wishes wishes)
{
    char message[200];
    struct desk *self = calloc(1, sizeof *self);
    const fettle_board_row *row = row_of(spec);
    bool is_shield = row != &fettle_board_generic;
    fettle_plan_question question;
    fettle_error err;
    if (self == NULL) {
        abort();
    }
    self->sim = fettle_sim_new(NULL, NULL);
    if (!fettle_sim_add(self->sim, spec, message, sizeof message)) {
        (void)fprintf(stderr, "# %s: %s\n", spec, message);
        abort();
    }
    self->has_pages = !is_shield && strncmp(spec, "dfu", 3) != 0;
    fettle_usb_id id = is_shield         ? fettle_board_id_in(row, FETTLE_MODE_DFU)
                       : self->has_pages ? (fettle_usb_id){0xFFFF, 0xFFFF}
                                         : (fettle_usb_id){0x1d50, 0x6003};
    size_t memory_size;
    const uint8_t *memory = fettle_sim_memory(self->sim, 0, &memory_size);
    self->before = malloc(memory_size);
    if (self->before == NULL) {
        abort();
    }
    memcpy(self->before, memory, memory_size);
    bool starts = strstr(spec, "app-id") != NULL;
    make_image(self, is_shield ? SHIELD : size, is_shield, id, starts);
    wishes.path = fettle_sim_path(self->sim, 0);
    wishes.revision = row->revision_count > 0 ? row->revisions[0].value : NULL;
    if (!fettle_plan_make(&self->plan, self->image, row,
                          is_shield ? &fettle_vendor_pycom : NULL, &wishes, &question,
                          &err)) {
        (void)fprintf(stderr, "# no plan: %s\n", err.message);
        abort();
    }
    self->must_start = is_shield || starts;
    return self;
}

void desk_free(struct desk *desk)
{
    fettle_image_free(desk->image);
    fettle_sim_free(desk->sim);
    for (size_t i = 0; i < desk->kept_count; i++) {
        free(desk->kept[i].bytes);
    }
    free(desk->expected);
    free(desk->before);
    free(desk);
}

fettle_us desk_now(const struct desk *desk)
{
    return fettle_sim_clock_ops(desk->sim)->now(fettle_sim_clock_self(desk->sim));
}

void desk_pass(struct desk *desk, fettle_us time)
{
    (void)fettle_sim_clock_ops(desk->sim)->wait(fettle_sim_clock_self(desk->sim),
                                                desk_now(desk) + time, NULL);
}

bool desk_is_right(const struct desk *desk)
{
    size_t size;
    const uint8_t *memory = fettle_sim_memory(desk->sim, 0, &size);
    size_t from = desk->plan.keeps_from, to = desk->plan.keeps_to;
    size_t end = desk->offset + desk->size;
    return memcmp(memory + desk->offset + from, desk->expected + from, to - from) == 0 &&
           (!desk->has_pages ||
            (memcmp(memory, desk->before, desk->offset) == 0 &&
             memcmp(memory + end, desk->before + end, size - end) == 0));
}

unsigned desk_asked(const struct desk *desk, const char *what)
{
    unsigned count = 0;
    const fettle_sim_entry *entries;
    size_t entry_count = fettle_sim_log(desk->sim, &entries);
    for (size_t i = 0; i < entry_count; i++) {
        count += strcmp(entries[i].what, what) == 0;
    }
    return count;
}

unsigned desk_changes(const struct desk *desk)
{
    unsigned count = 0;
    const fettle_sim_entry *entries;
    size_t entry_count = fettle_sim_log(desk->sim, &entries);
    for (size_t i = 0; i < entry_count; i++) {
        count += entries[i].changes;
    }
    return count;
}

/* ---- one sitting ---- */

static struct desk *desk_of(fettle_port *port)
{
    return (struct desk *)(void *)((char *)port - offsetof(struct desk, port));
}

/*
 * A DfuSe board that says "done" to Set Address and hasn't would write all that follows to another place, and nothing
 * but reading the whole chip could tell. None is known that does; what erases and writes may well be lost.
 */
static bool sets_address(const struct desk *self, const fettle_control *control)
{
    return self->has_pages && control->wValue == 0 && control->wLength == 5 &&
           control->out[0] == 0x21;
}

static void remember_kind(struct desk *self, const fettle_effect *effect)
{
    bool is_control = effect->kind == FETTLE_EFFECT_CONTROL;
    if (self->effects < KINDS_MAX) {
        self->kinds[self->effects] =
            (uint8_t)((is_control && effect->control.in != NULL ? HAS_ANSWER : 0) |
                      (is_control && effect->control.out != NULL &&
                               !sets_address(self, &effect->control)
                           ? IS_BLOCK
                           : 0));
    }
}

static fettle_outcome perform(fettle_port *port, const fettle_effect *effect,
                              const fettle_cancel *cancel)
{
    struct desk *self = desk_of(port);
    const struct spoil *spoil = &self->spoil;
    fettle_port *host = &self->host.port;
    remember_kind(self, effect);
    if (self->effects++ != spoil->at) {
        return host->perform(host, effect, cancel);
    }
    self->was_reached = true;
    if (spoil->cuts) {
        fettle_outcome outcome = host->perform(host, effect, cancel);
        outcome.count -= outcome.count > 0;
        return outcome;
    }
    if (spoil->is_performed) {
        (void)host->perform(host, effect, cancel);
    }
    size_t count = spoil->outcome == FETTLE_OK ? effect->control.wLength : 0;
    return (fettle_outcome){.kind = spoil->outcome,
                            .why = spoil->outcome == FETTLE_ERROR ? FETTLE_WHY_SYSTEM
                                                                  : FETTLE_WHY_NONE,
                            .count = count,
                            .system = spoil->outcome == FETTLE_ERROR ? 5 : 0};
}

/* As a program does with what must not be lost; see fettle_memory_keep_rests(). */
static void keep_rests(struct desk *self)
{
    const fettle_target *target = &self->job.target;
    for (size_t i = 0; i < target->page_count; i++) {
        const fettle_target_page *page = &target->pages[i];
        if (page->rest == NULL || page->is_recalled || self->kept_count == KEPT_MAX) {
            continue;
        }
        struct kept *kept = &self->kept[self->kept_count++];
        *kept = (struct kept){page->address, page->size, malloc(2 * (size_t)page->size)};
        if (kept->bytes == NULL) {
            abort();
        }
        fettle_target_fill(target, page, page->address, page->room + page->size,
                           page->size);
        memcpy(kept->bytes, page->room, 2 * (size_t)page->size);
    }
}

static bool recall(void *user, const char *path, uint8_t alternate, uint32_t address,
                   uint8_t *bytes, uint32_t size)
{
    const struct desk *self = user;
    (void)path;
    (void)alternate;
    for (size_t i = self->kept_count; i-- > 0;) { /* the latest one */
        if (self->kept[i].address == address && self->kept[i].size == size) {
            memcpy(bytes, self->kept[i].bytes, 2 * (size_t)size);
            return true;
        }
    }
    return false;
}

static void on_event(void *user, const fettle_run_event *event)
{
    struct desk *self = user;
    self->went_back |= event->progress < self->progress || self->ends > 0;
    self->progress = event->progress;
    if (event->kind == FETTLE_RUN_STAGE && event->stage == FETTLE_STAGE_ERASE) {
        keep_rests(self);
    }
    switch (event->kind) {
    case FETTLE_RUN_ASK:
        self->asks++;
        self->open_asks++;
        fettle_sim_hear(self->sim, NULL, event->ask);
        break;
    case FETTLE_RUN_ASK_OVER:
        self->open_asks--;
        fettle_sim_hear(self->sim, NULL, FETTLE_ASK_NOTHING);
        break;
    case FETTLE_RUN_DONE:
    case FETTLE_RUN_FAILED:
        self->ends++;
        break;
    default:
        break;
    }
}

static void sit_down(struct desk *self, struct spoil spoil, int cancel_at)
{
    const fettle_clock_ops *clock = fettle_sim_clock_ops(self->sim);
    void *clock_self = fettle_sim_clock_self(self->sim);
    if (!fettle_host_init(&self->host, clock, clock_self) ||
        !fettle_host_add_bus(&self->host, &fettle_sim_bus_ops, self->sim)) {
        abort();
    }
    self->port.perform = perform;
    self->spoil = spoil;
    self->cancel_at = cancel_at;
    self->effects = 0;
    self->was_reached = self->went_back = false;
    self->asks = self->open_asks = self->ends = 0;
    self->progress = 0;
    fettle_cancel_clear(&self->cancel);
    static const fettle_memory_ops memory = {fettle_alloc, fettle_free};
    fettle_job_engine_init(&self->job, &self->plan, NULL, 0, &memory);
    self->job.recall = recall;
    self->job.recall_user = self;
    const fettle_sim_entry *entries;
    self->log_start = fettle_sim_log(self->sim, &entries);
    fettle_run_init(&self->run, &(fettle_run_setup){
                                    .root = &self->job.engine,
                                    .observed = &self->job.observed,
                                    .port = &self->port,
                                    .clock = clock,
                                    .clock_self = clock_self,
                                    .cancel = &self->cancel,
                                    .listener = on_event,
                                    .user = self,
                                });
}

/* Which states of the engines were seen: the job's stage, the engine's phase, its request. */
static void count_state(const struct desk *desk)
{
    unsigned state = (unsigned)desk->job.observed.stage << 16 | desk->job.dfu.phase << 8 |
                     desk->job.dfu.in_flight;
    for (unsigned i = 0; i < desk_tally.state_count; i++) {
        if (desk_tally.states[i] == state) {
            return;
        }
    }
    if (desk_tally.state_count < STATES_MAX) {
        desk_tally.states[desk_tally.state_count++] = state;
    }
}

static bool is_sentence(const char *text)
{
    return strlen(text) > 10 && text[strlen(text) - 1] == '.';
}

enum { FLASH = 0x08000000, ERASES_MAX = 2 }; /* of a page: an update may try again, once */

/* Only pages that hold content are erased, and none again and again. */
static bool erases_are_fair(const struct desk *desk)
{
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(desk->sim, &entries);
    for (size_t i = desk->log_start; i < count; i++) {
        unsigned again = 0;
        if (strcmp(entries[i].what, "erase") != 0) {
            continue;
        }
        for (size_t k = desk->log_start; k < count; k++) {
            again += strcmp(entries[k].what, "erase") == 0 &&
                     entries[k].address == entries[i].address;
        }
        bool is_clean = desk->spoil.at == NO_STEP;
        if (again > (is_clean ? 1u : ERASES_MAX) ||
            entries[i].address < FLASH + desk->offset ||
            entries[i].address >= FLASH + desk->offset + desk->size) {
            return false;
        }
    }
    return true;
}

/* What holds after every sitting, however it went. */
static bool get_up(struct desk *self, fettle_us started)
{
    const fettle_job_engine *job = &self->job;
    const fettle_error *error = &job->engine.error;
    bool is_done = error->code == FETTLE_E_NONE;
    bool is_right = desk_is_right(self);
    fettle_host_finish(&self->host);
    fettle_job_engine_finish(&self->job);

    MUST(self, !self->has_pages || erases_are_fair(self));
    desk_tally.sittings++;
    desk_tally.effects += (unsigned)self->run.effects;
    desk_tally.ended_well += is_done;
    desk_tally.ended_badly += !is_done;
    desk_tally.slug_count += !desk_tally.slugs[error->code] && !is_done;
    desk_tally.slugs[error->code] |= !is_done;

    MUST(self, desk_now(self) - started < PATIENCE);
    MUST(self, self->ends == 1 && !self->went_back && self->open_asks == 0);
    MUST(self, !is_done || job->end != FETTLE_JOB_OPEN);
    MUST(self, !is_done || is_right || job->evidence == FETTLE_EVIDENCE_NONE);
    MUST(self, job->evidence != FETTLE_EVIDENCE_READBACK || is_right);
    MUST(self, is_done || is_sentence(error->hint));
    MUST(self, is_done || strstr(error->message, fettle_job_board_name(job)) != NULL);
    MUST(self, is_done || error->stage != FETTLE_STAGE_NONE);
    MUST(self, is_done || (strchr(error->message, '{') == NULL &&
                           strchr(error->message, '?') == NULL));
    return is_done;
}

bool desk_sit(struct desk *self, struct spoil spoil, int cancel_at)
{
    fettle_us started = desk_now(self);
    sit_down(self, spoil, cancel_at);
    do {
        count_state(self);
        if (cancel_at != NO_STEP && (int)self->run.effects >= cancel_at) {
            fettle_cancel_want(&self->cancel);
        }
    } while (fettle_run_step(&self->run));
    MUST(self, cancel_at == NO_STEP ||
                   (int)self->run.effects <= cancel_at + FETTLE_TIDY_EFFECTS + 1);
    return get_up(self, started);
}

bool desk_sit_clean(struct desk *self)
{
    return desk_sit(self, (struct spoil){.at = NO_STEP}, NO_STEP);
}
