/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Desks with ESP boards: see esp_desk.h. The person at the desk is the board's own (sim/), and hears what
 * is asked.
 */
#include "esp_desk.h"
#include "line_kinds.h"

#include "base/alloc.h"
#include "tests/tools/esp_make.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    SECTOR = 0x1000,
    APP_AT = 0x10000,  /* factory; an ESP8266 starts at 0 */
    SLOT_AT = 0x50000, /* ota_1 of a flash of 512 KB */
    OTADATA_AT = 0xE000,
    SLOTS = 2,
    IMAGE_ROOM = 0x20000,
    COMPLAINTS_MAX = 20,
    READ_AT = APP_AT + 0x20, /* READ: not the beginning of a sector */
    ERASE_SECTORS = 3,
    DATA_HEADER = 9, /* raw bytes in front of the words of a frame, with its END */
};

/* Commands whose words have no checksum, and which change the board. */
enum {
    FLASH_BEGIN = 0x02,
    FLASH_DEFL_BEGIN = 0x10,
    WRITE_REG = 0x09,
    ERASE_REGION = 0xD1,
};

/* On the board's clock: seven resets with five SYNCs each, twice, and a person who has a minute. */
#define PATIENCE ((fettle_us)5 * 60 * 1000000)

struct esp_tally esp_tally;

static void describe(const struct esp_desk *desk, char *text, size_t size)
{
    const fettle_fault *fault = &desk->faults.fault;
    (void)snprintf(
        text, size,
        "effect %d of %d, fault %d, outcome %d%s, byte %u, cancel at %d, board's "
        "fault %s",
        (int)fault->at, desk->effects, (int)fault->kind, (int)fault->outcome,
        fault->is_performed ? " performed" : "", fault->byte, desk->cancel_at,
        desk->board_fault != NULL ? desk->board_fault : "none");
}

void esp_desk_complain(const struct esp_desk *desk, const char *what)
{
    char text[sizeof desk->before_that];
    esp_tally.failures++;
    if (esp_tally.failures > COMPLAINTS_MAX) {
        return;
    }
    describe(desk, text, sizeof text);
    (void)fprintf(stderr, "# does not hold: %s\n#   %s: %s\n", what, desk->setting->name,
                  text);
    if (desk->before_that[0] != '\0') {
        (void)fprintf(stderr, "#   before that: %s\n", desk->before_that);
    }
    (void)fprintf(stderr, "#   end %d, evidence %d, error: %s\n", (int)desk->job.end,
                  (int)desk->job.evidence, desk->job.engine.error.message);
}

/* ---- what is on the desk ---- */

static void *must_have(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void make_image(struct esp_desk *self)
{
    const struct esp_setting *setting = self->setting;
    fettle_error err;
    esp_writer file = {.bytes = must_have(malloc(IMAGE_ROOM)), .room = IMAGE_ROOM};
    esp_put_image(&file, &(esp_make){.is_esp8266 = setting->is_esp8266,
                                     .chip_id = setting->chip_id,
                                     .max_full = 0xFFFF,
                                     .mode = 2, /* DIO */
                                     .size_frequency = setting->is_esp8266 ? 0x40 : 0x2F,
                                     .has_hash = true,
                                     .version = "2.0.0",
                                     .project = "scenario",
                                     .idf = "v5.3.1",
                                     .code = setting->size,
                                     .packs = setting->packs,
                                     .seed = 3});
    self->content = file.bytes;
    self->size = file.size;
    self->image =
        fettle_image_new("scenario.bin", (fettle_span){file.bytes, file.size}, 0, &err);
    if (self->image == NULL) {
        (void)fprintf(stderr, "# no image: %s\n", err.message);
        abort();
    }
}

/* The application is on the board, but for the sectors that are to differ. */
static void make_flash(struct esp_desk *self)
{
    uint8_t *flash = fettle_sim_memory(self->sim, 0, &self->flash_size);
    for (size_t at = 0; at < self->size; at += SECTOR) {
        size_t left = self->size - at, size = left < SECTOR ? left : SECTOR;
        memcpy(flash + self->address + at, self->content + at, size);
        if ((self->setting->differing >> at / SECTOR & 1) != 0) {
            flash[self->address + at] ^= 0xA5;
            flash[self->address + at + size - 1] ^= 0x5A;
        }
    }
    if (self->setting->runs_slot) {
        fettle_otadata_write(flash + OTADATA_AT, NULL, SLOTS - 1, SLOTS);
    }
    self->before = must_have(malloc(self->flash_size));
}

static void make_plan(struct esp_desk *self)
{
    const struct esp_setting *setting = self->setting;
    fettle_plan_question question;
    fettle_error err;
    bool takes_range =
        setting->kind == FETTLE_TASK_READ || setting->kind == FETTLE_TASK_ERASE;
    if (setting->kind == FETTLE_TASK_READ) {
        self->range_at = READ_AT;
        self->range_to = READ_AT + sizeof self->buffer;
    } else if (setting->kind == FETTLE_TASK_ERASE) {
        self->range_at = APP_AT + SECTOR;
        self->range_to = self->range_at + ERASE_SECTORS * SECTOR;
    }
    fettle_plan_wishes wishes = {.kind = setting->kind,
                                 .path = fettle_sim_path(self->sim, 0),
                                 .may_read = true,
                                 .wait = setting->wait,
                                 .has_address = takes_range,
                                 .address = self->range_at,
                                 .length = self->range_to - self->range_at};
    if (!fettle_plan_make(&self->plan, takes_range ? NULL : self->image, &fettle_board_esp,
                          NULL, &wishes, &question, &err)) {
        (void)fprintf(stderr, "# no plan: %s\n", err.message);
        abort();
    }
}

struct esp_desk *esp_desk_new(const struct esp_setting *setting)
{
    char message[200];
    struct esp_desk *self = must_have(calloc(1, sizeof *self));
    self->setting = setting;
    self->address = setting->is_esp8266 ? 0 : setting->runs_slot ? SLOT_AT : APP_AT;
    self->faults.fault.at = (unsigned)ESP_NO_STEP;
    self->cancel_at = ESP_NO_STEP;
    self->sim = must_have(fettle_sim_new(NULL, NULL));
    if (!fettle_sim_add(self->sim, setting->spec, message, sizeof message)) {
        (void)fprintf(stderr, "# %s: %s\n", setting->spec, message);
        abort();
    }
    (void)fettle_sim_make_stub(self->sim, 0, &self->stub);
    make_image(self);
    make_flash(self);
    make_plan(self);
    return self;
}

void esp_desk_free(struct esp_desk *desk)
{
    fettle_image_free(desk->image);
    fettle_sim_free(desk->sim);
    free(desk->content);
    free(desk->before);
    free(desk);
}

bool esp_desk_break(struct esp_desk *desk, const char *fault, unsigned tolerates)
{
    desk->board_fault = fault;
    desk->tolerates = tolerates;
    return fettle_sim_set_fault(desk->sim, 0, fault);
}

void esp_desk_mend(struct esp_desk *desk)
{
    describe(desk, desk->before_that, sizeof desk->before_that);
    (void)fettle_sim_set_fault(desk->sim, 0, NULL);
    desk->board_fault = NULL;
    desk->effects = 0;
}

fettle_us esp_desk_now(const struct esp_desk *desk)
{
    return fettle_sim_clock_ops(desk->sim)->now(fettle_sim_clock_self(desk->sim));
}

void esp_desk_pass(struct esp_desk *desk, fettle_us time)
{
    (void)fettle_sim_clock_ops(desk->sim)->wait(fettle_sim_clock_self(desk->sim),
                                                esp_desk_now(desk) + time, NULL);
}

unsigned esp_desk_asked(const struct esp_desk *desk, const char *what, uint8_t opcode)
{
    unsigned count = 0;
    const fettle_sim_entry *entries;
    size_t entry_count = fettle_sim_log(desk->sim, &entries);
    for (size_t i = 0; i < entry_count; i++) {
        count += strcmp(entries[i].what, what) == 0 &&
                 (opcode == 0 || entries[i].bRequest == opcode);
    }
    return count;
}

/* ---- what is right ---- */

static const uint8_t *flash_of(const struct esp_desk *desk)
{
    size_t size;
    return fettle_sim_memory(desk->sim, 0, &size);
}

/* What a task may change: whole sectors, or nothing. */
static void find_changeable(const struct esp_desk *desk, size_t *from, size_t *to)
{
    *from = *to = 0;
    if (desk->setting->kind == FETTLE_TASK_UPDATE) {
        *from = desk->address;
        *to = desk->address + (desk->size + SECTOR - 1) / SECTOR * SECTOR;
    } else if (desk->setting->kind == FETTLE_TASK_ERASE) {
        *from = desk->range_at;
        *to = desk->range_to;
    }
}

bool esp_desk_is_untouched(const struct esp_desk *desk)
{
    const uint8_t *flash = flash_of(desk);
    size_t from, to;
    find_changeable(desk, &from, &to);
    return memcmp(flash, desk->before, from) == 0 &&
           memcmp(flash + to, desk->before + to, desk->flash_size - to) == 0;
}

static bool is_blank(const uint8_t *bytes, size_t size)
{
    return bytes[0] == 0xFF && memcmp(bytes, bytes + 1, size - 1) == 0;
}

bool esp_desk_is_right(const struct esp_desk *desk)
{
    const uint8_t *flash = flash_of(desk);
    switch (desk->setting->kind) {
    case FETTLE_TASK_ERASE:
        return is_blank(flash + desk->range_at, desk->range_to - desk->range_at);
    case FETTLE_TASK_READ:
        return memcmp(flash + desk->range_at, desk->buffer, sizeof desk->buffer) == 0;
    default:
        return memcmp(flash + desk->address, desk->content, desk->size) == 0;
    }
}

static bool is_sector_right(const struct esp_desk *desk, const uint8_t *flash, size_t at)
{
    size_t left = desk->size - at;
    return memcmp(flash + desk->address + at, desk->content + at,
                  left < SECTOR ? left : SECTOR) == 0;
}

static unsigned count_missing(const struct esp_desk *desk)
{
    unsigned count = 0;
    for (size_t at = 0; at < desk->size; at += SECTOR) {
        count += !is_sector_right(desk, desk->before, at);
    }
    return count;
}

/* Outside of what may be changed nothing is erased or written, whatever it was before. */
static bool keeps_inside(const struct esp_desk *desk)
{
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(desk->sim, &entries);
    size_t from, to;
    find_changeable(desk, &from, &to);
    for (size_t i = 0; i < count; i++) {
        const fettle_sim_entry *entry = &entries[i];
        bool changes =
            strcmp(entry->what, "erase") == 0 || strcmp(entry->what, "program") == 0;
        if (changes && entry->size > 0 &&
            (entry->address < from || (size_t)entry->address + entry->size > to)) {
            return false;
        }
    }
    return true;
}

/* Without trouble nothing is written, or erased, that was right already. */
static bool writes_only_missing(const struct esp_desk *desk)
{
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(desk->sim, &entries), bytes = 0;
    for (size_t i = 0; i < count; i++) {
        const fettle_sim_entry *entry = &entries[i];
        bool is_program = strcmp(entry->what, "program") == 0;
        if (!is_program && strcmp(entry->what, "erase") != 0) {
            continue;
        }
        size_t at = (entry->address - desk->address) / SECTOR * SECTOR;
        if (entry->address < desk->address || at >= desk->size ||
            is_sector_right(desk, desk->before, at)) {
            return false;
        }
        bytes += is_program ? entry->size : 0;
    }
    return bytes <= (size_t)desk->missing * SECTOR;
}

/* ---- one sitting ---- */

static struct esp_desk *desk_of(fettle_port *port)
{
    return (struct esp_desk *)(void *)((char *)port - offsetof(struct esp_desk, port));
}

static bool is_bare(fettle_span frame)
{
    uint8_t opcode = frame.size > 2 ? frame.data[2] : 0;
    return opcode == FLASH_BEGIN || opcode == FLASH_DEFL_BEGIN || opcode == WRITE_REG ||
           opcode == ERASE_REGION;
}

/* The protocol protects nothing but the content of blocks. A bit of a command that is another one on its way
 * may be another command, or mean another place; then the board obeys it, and nobody can know before. */
static bool makes_another(const struct esp_desk *desk, const fettle_effect *effect)
{
    const fettle_fault *fault = &desk->faults.fault;
    if (effect->kind != FETTLE_EFFECT_WRITE || fault->kind < FETTLE_FAULT_OUT_FLIPPED) {
        return false;
    }
    size_t at = (fault->byte - 1) % effect->write.size;
    return is_bare(effect->write) || at < DATA_HEADER;
}

static fettle_outcome perform(fettle_port *port, const fettle_effect *effect,
                              const fettle_cancel *cancel)
{
    struct esp_desk *self = desk_of(port);
    fettle_port *inner = &self->faults.port;
    int number = self->effects++;
    if (number == (int)self->faults.fault.at) {
        self->may_stray = makes_another(self, effect);
    }
    fettle_outcome outcome = inner->perform(inner, effect, cancel);
    if (number < ESP_EFFECTS_MAX) {
        bool has_out = effect->kind == FETTLE_EFFECT_WRITE;
        bool has_in = effect->kind == FETTLE_EFFECT_READ && outcome.kind == FETTLE_OK &&
                      outcome.count > 0;
        self->kinds[number] =
            (uint8_t)((has_in ? LINE_HAS_IN : 0) | (has_out ? LINE_HAS_OUT : 0) |
                      (has_out && is_bare(effect->write) ? ESP_IS_BARE : 0));
    }
    return outcome;
}

static void on_event(void *user, const fettle_run_event *event)
{
    struct esp_desk *self = user;
    self->went_back |= event->progress < self->progress || self->ends > 0;
    self->progress = event->progress;
    switch (event->kind) {
    case FETTLE_RUN_ASK:
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

static bool find_stub(void *user, const char *chip, fettle_esp_stub *stub)
{
    const struct esp_desk *self = user;
    (void)chip;
    *stub = (fettle_esp_stub){
        .text = {self->stub.text, sizeof self->stub.text},
        .data = {self->stub.data, sizeof self->stub.data},
        .text_address = self->stub.text_address,
        .data_address = self->stub.data_address,
        .entry = self->stub.entry,
    };
    return self->setting->has_stub;
}

static void sit_down(struct esp_desk *self, fettle_fault fault, int cancel_at)
{
    const fettle_clock_ops *clock = fettle_sim_clock_ops(self->sim);
    void *clock_self = fettle_sim_clock_self(self->sim);
    static const fettle_memory_ops memory = {fettle_alloc, fettle_free};
    bool reads = self->setting->kind == FETTLE_TASK_READ;
    if (!fettle_host_init(&self->host, clock, clock_self) ||
        !fettle_host_add_bus(&self->host, &fettle_sim_bus_ops, self->sim)) {
        abort();
    }
    if (self->effects > 0) {
        describe(self, self->before_that, sizeof self->before_that);
    }
    fettle_sim_log_clear(self->sim);
    memcpy(self->before, flash_of(self), self->flash_size);
    memset(self->buffer, 0, sizeof self->buffer);
    self->missing = count_missing(self);
    fettle_faults_init(&self->faults, &self->host.port, fault);
    self->port.perform = perform;
    self->cancel_at = cancel_at;
    self->effects = self->open_asks = self->ends = 0;
    self->went_back = self->may_stray = false;
    self->progress = 0;
    self->started = esp_desk_now(self);
    self->cancelled = FETTLE_NEVER;
    fettle_cancel_clear(&self->cancel);
    fettle_job_engine_init(&self->job, &self->plan, reads ? self->buffer : NULL,
                           reads ? sizeof self->buffer : 0, &memory);
    self->job.find_stub = find_stub;
    self->job.find_stub_user = self;
    fettle_run_init(&self->run, &(fettle_run_setup){.root = &self->job.engine,
                                                    .observed = &self->job.observed,
                                                    .port = &self->port,
                                                    .clock = clock,
                                                    .clock_self = clock_self,
                                                    .cancel = &self->cancel,
                                                    .listener = on_event,
                                                    .user = self});
}

/* The functions that run next are the state of the engines. */
static void count_state(const struct esp_desk *desk)
{
    const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t state = (uintptr_t)desk->job.then;
    state = state * factor + (uintptr_t)desk->job.esp.then;
    state = state * factor + (uintptr_t)desk->job.esp.esp.then;
    state = state * factor + (uintptr_t)desk->job.esp.esp.on_good;
    for (unsigned i = 0; i < esp_tally.state_count; i++) {
        if (esp_tally.states[i] == state) {
            return;
        }
    }
    if (esp_tally.state_count < ESP_STATES_MAX) {
        esp_tally.states[esp_tally.state_count++] = state;
    }
}

static bool is_sentence(const char *text)
{
    return strlen(text) > 10 && text[strlen(text) - 1] == '.';
}

static void hold_error(const struct esp_desk *self)
{
    const fettle_error *error = &self->job.engine.error;
    MUST(self, is_sentence(error->hint));
    MUST(self, strstr(error->message, fettle_job_board_name(&self->job)) != NULL);
    MUST(self, error->stage != FETTLE_STAGE_NONE);
    MUST(self, strchr(error->message, '{') == NULL && strstr(error->message, "??") == NULL);
}

static bool may_stray(const struct esp_desk *self)
{
    return self->may_stray ||
           (self->board_fault != NULL && (self->tolerates & ESP_MAY_STRAY) != 0);
}

static bool may_believe(const struct esp_desk *self)
{
    return may_stray(self) ||
           (self->board_fault != NULL && (self->tolerates & ESP_MAY_BELIEVE) != 0);
}

/* What was claimed is so. */
static void hold_claims(const struct esp_desk *self)
{
    const fettle_job_engine *job = &self->job;
    bool is_right = esp_desk_is_right(self);
    MUST(self, job->end != FETTLE_JOB_OPEN);
    MUST(self, is_right || (self->setting->is_blind && may_believe(self)));
    MUST(self, is_right || job->evidence == FETTLE_EVIDENCE_NONE);
    bool claims = job->end == FETTLE_JOB_UNCHANGED || job->end == FETTLE_JOB_VERIFIED;
    MUST(self, is_right || !claims);
    MUST(self, job->end != FETTLE_JOB_READ || job->count == sizeof self->buffer);
}

static void tally(const struct esp_desk *self, bool is_done, fettle_us took)
{
    fettle_code code = self->job.engine.error.code;
    esp_tally.sittings++;
    esp_tally.effects += self->run.effects;
    esp_tally.ended_well += is_done;
    esp_tally.ended_badly += !is_done;
    esp_tally.longest = took > esp_tally.longest ? took : esp_tally.longest;
    esp_tally.slug_count += !is_done && !esp_tally.slugs[code];
    esp_tally.slugs[code] |= !is_done;
}

/* What holds after every sitting, however it went. */
static bool get_up(struct esp_desk *self)
{
    bool is_done = self->job.engine.error.code == FETTLE_E_NONE;
    fettle_us took = esp_desk_now(self) - self->started;
    fettle_host_finish(&self->host);
    fettle_job_engine_finish(&self->job);
    tally(self, is_done, took);
    MUST(self, took < PATIENCE);
    MUST(self, self->ends == 1 && !self->went_back && self->open_asks == 0);
    MUST(self, may_stray(self) || (esp_desk_is_untouched(self) && keeps_inside(self)));
    if (is_done) {
        hold_claims(self);
    } else {
        hold_error(self);
    }
    return is_done;
}

static void hold_cancel(const struct esp_desk *self)
{
    MUST(self, (int)self->run.effects <= self->cancel_at + FETTLE_TIDY_EFFECTS + 1);
    MUST(self, self->cancelled == FETTLE_NEVER ||
                   esp_desk_now(self) - self->cancelled <= FETTLE_TIDY_US);
}

bool esp_desk_sit(struct esp_desk *self, fettle_fault fault, int cancel_at)
{
    sit_down(self, fault, cancel_at);
    do {
        count_state(self);
        if (cancel_at != ESP_NO_STEP && (int)self->run.effects >= cancel_at &&
            self->cancelled == FETTLE_NEVER) {
            self->cancelled = esp_desk_now(self);
            fettle_cancel_want(&self->cancel);
        }
    } while (fettle_run_step(&self->run));
    if (cancel_at != ESP_NO_STEP) {
        hold_cancel(self);
    }
    return get_up(self);
}

bool esp_desk_sit_clean(struct esp_desk *self)
{
    bool is_done =
        esp_desk_sit(self, (fettle_fault){.at = (unsigned)ESP_NO_STEP}, ESP_NO_STEP);
    bool can_tell = self->setting->kind == FETTLE_TASK_UPDATE && !self->setting->is_blind;
    MUST(self, !can_tell || self->board_fault != NULL || writes_only_missing(self));
    return is_done;
}
