/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Desks with Pycom modules: see pycom_desk.h. The person at the desk is the board's own (sim/), and hears what
 * is asked.
 */
#include "pycom_desk.h"
#include "line_kinds.h"

#include "base/alloc.h"
#include "image/archive.h"
#include "pycom/pycom.h"
#include "tests/tools/pycom_make.h"

enum {
    SECTOR = PYCOM_SECTOR,
    CONFIG_AT = 0x3FF000,
    CREDENTIALS = 52, /* bytes of the config block that can't be replaced */
    REGION_AT = 52,
    TORN_FROM = 20, /* what was cut off has left only so many bytes */
    COMPLAINTS_MAX = 20,
    DATA_HEADER = 9, /* raw bytes in front of the words of a frame, with its END */
    APP_SIZE = 24 * 1024,
};

/* Commands whose words have no checksum, and which change the board. */
enum {
    FLASH_BEGIN = 0x02,
    FLASH_DEFL_BEGIN = 0x10,
    WRITE_REG = 0x09,
    ERASE_REGION = 0xD1,
};

#define VERSION "1.20.3.r7"

/* On the board's clock: seven resets with five SYNCs each, twice, and a person who has a minute. */
#define PATIENCE ((fettle_us)8 * 60 * 1000000)

struct pycom_tally pycom_tally;

static void describe(const struct pycom_desk *desk, char *text, size_t size)
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

void pycom_desk_complain(const struct pycom_desk *desk, const char *what)
{
    char text[sizeof desk->before_that];
    pycom_tally.failures++;
    if (pycom_tally.failures > COMPLAINTS_MAX) {
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

static void make_image(struct pycom_desk *self)
{
    const struct pycom_setting *setting = self->setting;
    fettle_error err = {.code = FETTLE_E_NONE};
    esp_writer file = pycom_make(&(pycom_wish){.module = setting->module,
                                               .version = VERSION,
                                               .layouts = setting->layouts,
                                               .app_size = APP_SIZE,
                                               .seed = 3});
    self->package = file.bytes;
    fettle_archive *archive =
        fettle_archive_new((fettle_span){file.bytes, file.size}, &err);
    self->image = archive == NULL ? NULL
                                  : fettle_vendor_pycom.read_package("package.tar.gz",
                                                                     archive, 0, &err);
    fettle_archive_free(archive);
    if (self->image == NULL) {
        (void)fprintf(stderr, "# no image: %s\n", err.message);
        abort();
    }
}

static const fettle_board_row *find_row(const char *name)
{
    for (size_t i = 0; i < fettle_vendor_pycom.module_row_count; i++) {
        if (strcmp(fettle_vendor_pycom.module_rows[i].id, name) == 0) {
            return &fettle_vendor_pycom.module_rows[i];
        }
    }
    abort();
}

static void make_plan(struct pycom_desk *self)
{
    const struct pycom_setting *setting = self->setting;
    fettle_plan_question question;
    fettle_error err;
    fettle_plan_wishes wishes = {.kind = FETTLE_TASK_UPDATE,
                                 .path = fettle_sim_path(self->sim, 0),
                                 .may_read = true,
                                 .writes_special = true, /* its files may go */
                                 .region = setting->region,
                                 .wait = setting->wait};
    if (!fettle_plan_make(&self->plan, self->image, find_row(setting->row),
                          &fettle_vendor_pycom, &wishes, &question, &err)) {
        (void)fprintf(stderr, "# no plan: %s\n", err.message);
        abort();
    }
}

/* A board of another seed has other content; but this desk is always about the same one. */
static void make_flash(struct pycom_desk *self)
{
    struct pycom_truth *truth = self->truth;
    size_t size;
    self->flash = must_have(fettle_sim_module(self->sim, 0, &size));
    if (truth->original == NULL) {
        truth->flash_size = size;
        truth->original = must_have(malloc(size));
        memcpy(truth->config, self->flash + CONFIG_AT, SECTOR);
        if (self->setting->is_torn) {
            memset(self->flash + CONFIG_AT + TORN_FROM, 0xFF, SECTOR - TORN_FROM);
        }
        memcpy(truth->original, self->flash, size);
    }
    for (size_t at = 0; at < size; at += SECTOR) {
        if (memcmp(self->flash + at, truth->original + at, SECTOR) != 0) {
            memcpy(self->flash + at, truth->original + at, SECTOR);
        }
    }
}

struct pycom_desk *pycom_desk_new(const struct pycom_setting *setting,
                                  struct pycom_truth *truth)
{
    char message[200];
    struct pycom_desk *self = must_have(calloc(1, sizeof *self));
    self->setting = setting;
    self->truth = truth;
    self->faults.fault.at = (unsigned)PYCOM_NO_STEP;
    self->cancel_at = PYCOM_NO_STEP;
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

void pycom_desk_free(struct pycom_desk *desk)
{
    fettle_image_free(desk->image);
    fettle_sim_free(desk->sim);
    free(desk->package);
    free(desk);
}

void pycom_truth_free(struct pycom_truth *truth)
{
    free(truth->original);
    free(truth->right);
    memset(truth, 0, sizeof *truth);
}

bool pycom_desk_break(struct pycom_desk *desk, const char *fault, bool tolerates_strays)
{
    desk->board_fault = fault;
    desk->tolerates_strays = tolerates_strays;
    return fettle_sim_set_fault(desk->sim, 0, fault);
}

void pycom_desk_mend(struct pycom_desk *desk)
{
    describe(desk, desk->before_that, sizeof desk->before_that);
    (void)fettle_sim_set_fault(desk->sim, 0, NULL);
    desk->board_fault = NULL;
    desk->effects = 0;
}

fettle_us pycom_desk_now(const struct pycom_desk *desk)
{
    return fettle_sim_clock_ops(desk->sim)->now(fettle_sim_clock_self(desk->sim));
}

void pycom_desk_pass(struct pycom_desk *desk, fettle_us time)
{
    (void)fettle_sim_clock_ops(desk->sim)->wait(fettle_sim_clock_self(desk->sim),
                                                pycom_desk_now(desk) + time, NULL);
}

unsigned pycom_desk_asked(const struct pycom_desk *desk, const char *what, uint8_t opcode)
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

/* ---- the store ---- */

static struct pycom_kept *find_kept(struct pycom_desk *self, const uint8_t mac[6])
{
    for (size_t i = 0; i < self->kept_count; i++) {
        if (memcmp(self->kept[i].mac, mac, sizeof self->kept[i].mac) == 0) {
            return &self->kept[i];
        }
    }
    return NULL;
}

static bool keep(void *user, const fettle_module_keepsake *what, fettle_error *err)
{
    struct pycom_desk *self = user;
    struct pycom_kept *kept = find_kept(self, what->mac);
    (void)err;
    if (kept == NULL && self->kept_count == PYCOM_KEPT_MAX) {
        abort();
    }
    if (kept == NULL) {
        kept = &self->kept[self->kept_count++];
        memcpy(kept->mac, what->mac, sizeof kept->mac);
    }
    if (what->table.size == sizeof kept->table) {
        memcpy(kept->table, what->table.data, sizeof kept->table);
        kept->has_table = true;
    }
    MUST(self, what->bytes.size == SECTOR && what->address == CONFIG_AT);
    if (what->is_worth_it) {
        memcpy(kept->bytes, what->bytes.data, SECTOR);
        kept->has_bytes = true;
    }
    return true;
}

/* What is torn was kept by an earlier update, whichever MAC this module has. */
static bool recall_kept(void *user, const uint8_t mac[6], uint8_t *bytes, size_t size)
{
    struct pycom_desk *self = user;
    const struct pycom_kept *kept = find_kept(self, mac);
    MUST(self, size == SECTOR);
    if (kept != NULL && kept->has_bytes) {
        memcpy(bytes, kept->bytes, size);
        return true;
    }
    if (self->setting->is_torn) {
        memcpy(bytes, self->truth->config, size);
    }
    return self->setting->is_torn;
}

static bool recall_table(void *user, const uint8_t mac[6], uint8_t *bytes, size_t size)
{
    struct pycom_desk *self = user;
    const struct pycom_kept *kept = find_kept(self, mac);
    MUST(self, size == FETTLE_TABLE_SIZE);
    if (kept == NULL || !kept->has_table) {
        return false;
    }
    memcpy(bytes, kept->table, size);
    return true;
}

/* ---- what is right ---- */

static bool is_saved(const struct pycom_desk *self)
{
    const uint8_t *wanted = self->truth->config;
    if (!self->setting->has_credentials || self->setting->is_torn ||
        memcmp(self->flash + CONFIG_AT, wanted, CREDENTIALS) == 0) {
        return true; /* one that is torn is in the store from the beginning */
    }
    for (size_t i = 0; i < self->kept_count; i++) {
        if (self->kept[i].has_bytes &&
            memcmp(self->kept[i].bytes, wanted, CREDENTIALS) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_sector_right(const struct pycom_desk *self, size_t number)
{
    size_t at = number * SECTOR;
    return memcmp(self->flash + at, self->truth->right + at, SECTOR) == 0;
}

bool pycom_desk_is_right(const struct pycom_desk *self)
{
    for (size_t i = 0; i < self->truth->flash_size / SECTOR; i++) {
        if (self->truth->is_planned[i] && !is_sector_right(self, i)) {
            return false;
        }
    }
    return true;
}

/* Is everything that the plan doesn't name as it always was? */
static bool is_untouched(const struct pycom_desk *self)
{
    const struct pycom_truth *truth = self->truth;
    for (size_t i = 0; i < truth->flash_size / SECTOR; i++) {
        if (!truth->is_planned[i] &&
            memcmp(self->flash + i * SECTOR, truth->original + i * SECTOR, SECTOR) != 0) {
            return false;
        }
    }
    return true;
}

/* Outside of what the plan names nothing is erased or written, whatever it was before. */
static bool keeps_inside(const struct pycom_desk *self)
{
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(self->sim, &entries);
    for (size_t i = 0; i < count; i++) {
        const fettle_sim_entry *entry = &entries[i];
        bool changes =
            strcmp(entry->what, "erase") == 0 || strcmp(entry->what, "program") == 0;
        for (size_t at = entry->address / SECTOR * SECTOR;
             changes && at < (size_t)entry->address + entry->size; at += SECTOR) {
            if (at >= self->truth->flash_size || !self->truth->is_planned[at / SECTOR]) {
                return false;
            }
        }
    }
    return true;
}

bool pycom_desk_runs_new(const struct pycom_desk *self)
{
    const char *version = "";
    fettle_sim_module_state state = fettle_sim_module_runs(self->sim, 0, &version);
    return (state == FETTLE_SIM_MODULE_FACTORY || state == FETTLE_SIM_MODULE_OTA_0) &&
           strcmp(version, VERSION) == 0;
}

/* The layout of the last run is what it would write. */
static void learn_planned(struct pycom_desk *self)
{
    struct pycom_truth *truth = self->truth;
    for (size_t i = 0; i < self->job.layout.count; i++) {
        const fettle_esp_piece *piece = &self->job.layout.pieces[i];
        size_t end = ((size_t)piece->address + piece->data.size + SECTOR - 1) / SECTOR;
        for (size_t k = piece->address / SECTOR; k < end; k++) {
            truth->is_planned[k] = true;
        }
    }
}

static bool has_bytes(const struct pycom_desk *self, const void *bytes, size_t size,
                      size_t at)
{
    return memcmp(self->truth->right + at, bytes, size) == 0;
}

/* What the package says, by the files that it is made of. */
static void hold_package(const struct pycom_desk *self)
{
    enum { APP_AT = 0x10000, TABLE_AT = 0x8000 };
    pycom_pack pack = {.count = 0};
    pycom_fill(&pack, &(pycom_wish){.module = self->setting->module,
                                    .version = VERSION,
                                    .layouts = self->setting->layouts,
                                    .app_size = APP_SIZE,
                                    .seed = 3});
    const pycom_member *app = pycom_find(&pack, pack.app);
    const pycom_member *table =
        pycom_find(&pack, (self->setting->layouts & PYCOM_8MB) != 0 ? "partitions_8MB.bin"
                                                                    : "partitions_4MB.bin");
    MUST(self, has_bytes(self, app->bytes, app->size, APP_AT));
    MUST(self, has_bytes(self, table->bytes, table->size, TABLE_AT));
    for (size_t i = 0; i < pack.count; i++) {
        free(pack.members[i].bytes);
    }
}

static void hold_config(const struct pycom_desk *self)
{
    uint8_t wanted[SECTOR];
    memcpy(wanted, self->truth->config, SECTOR);
    if (self->setting->region != NULL) {
        wanted[REGION_AT] = self->setting->region_byte;
    }
    MUST(self, has_bytes(self, wanted, SECTOR, CONFIG_AT));
}

void pycom_desk_learn(struct pycom_desk *self)
{
    struct pycom_truth *truth = self->truth;
    truth->right = must_have(malloc(truth->flash_size));
    memcpy(truth->right, self->flash, truth->flash_size);
    truth->is_known = true;
    learn_planned(self);
    MUST(self, is_untouched(self));
    hold_package(self);
    hold_config(self);
}

/* ---- one sitting ---- */

static struct pycom_desk *desk_of(fettle_port *port)
{
    return (struct pycom_desk *)(void *)((char *)port - offsetof(struct pycom_desk, port));
}

static bool is_bare(fettle_span frame)
{
    uint8_t opcode = frame.size > 2 ? frame.data[2] : 0;
    return opcode == FLASH_BEGIN || opcode == FLASH_DEFL_BEGIN || opcode == WRITE_REG ||
           opcode == ERASE_REGION;
}

/* See esp_desk.c: a command that is another one on its way is obeyed, and nobody can know before. */
static bool makes_another(const struct pycom_desk *desk, const fettle_effect *effect)
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
    struct pycom_desk *self = desk_of(port);
    fettle_port *inner = &self->faults.port;
    int number = self->effects++;
    if (number == (int)self->faults.fault.at) {
        self->may_stray = makes_another(self, effect);
        self->strayed |= self->may_stray;
    }
    fettle_outcome outcome = inner->perform(inner, effect, cancel);
    self->lost |= !is_saved(self);
    if (number < PYCOM_EFFECTS_MAX) {
        bool has_out = effect->kind == FETTLE_EFFECT_WRITE;
        bool has_in = effect->kind == FETTLE_EFFECT_READ && outcome.kind == FETTLE_OK &&
                      outcome.count > 0;
        self->kinds[number] =
            (uint8_t)((has_in ? LINE_HAS_IN : 0) | (has_out ? LINE_HAS_OUT : 0));
    }
    return outcome;
}

static void on_event(void *user, const fettle_run_event *event)
{
    struct pycom_desk *self = user;
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
    const struct pycom_desk *self = user;
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

static void ready_job(struct pycom_desk *self)
{
    static const fettle_memory_ops memory = {fettle_alloc, fettle_free};
    static const fettle_vendor *const vendors[] = {&fettle_vendor_pycom};
    fettle_job_engine_init(&self->job, &self->plan, NULL, 0, &memory);
    self->job.find_stub = find_stub;
    self->job.find_stub_user = self;
    self->job.vendors = (fettle_vendors){vendors, 1};
    self->job.keep = keep;
    self->job.recall_kept = recall_kept;
    self->job.recall_table = recall_table;
    self->job.keep_user = self;
}

static void sit_down(struct pycom_desk *self, fettle_fault fault, int cancel_at)
{
    const fettle_clock_ops *clock = fettle_sim_clock_ops(self->sim);
    void *clock_self = fettle_sim_clock_self(self->sim);
    if (!fettle_host_init(&self->host, clock, clock_self) ||
        !fettle_host_add_bus(&self->host, &fettle_sim_bus_ops, self->sim)) {
        abort();
    }
    if (self->effects > 0) {
        describe(self, self->before_that, sizeof self->before_that);
    }
    fettle_sim_log_clear(self->sim);
    fettle_faults_init(&self->faults, &self->host.port, fault);
    self->port.perform = perform;
    self->cancel_at = cancel_at;
    self->effects = self->open_asks = self->ends = 0;
    self->went_back = self->may_stray = self->lost = false;
    self->strayed |= self->board_fault != NULL && self->tolerates_strays;
    self->progress = 0;
    self->started = pycom_desk_now(self);
    self->cancelled = FETTLE_NEVER;
    fettle_cancel_clear(&self->cancel);
    ready_job(self);
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
static void count_state(const struct pycom_desk *desk)
{
    const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t state = (uintptr_t)desk->job.then;
    state = state * factor + (uintptr_t)desk->job.esp.then;
    state = state * factor + (uintptr_t)desk->job.esp.esp.then;
    state = state * factor + (uintptr_t)desk->job.esp.esp.on_good;
    for (unsigned i = 0; i < pycom_tally.state_count; i++) {
        if (pycom_tally.states[i] == state) {
            return;
        }
    }
    if (pycom_tally.state_count < PYCOM_STATES_MAX) {
        pycom_tally.states[pycom_tally.state_count++] = state;
    }
}

static bool is_sentence(const char *text)
{
    return strlen(text) > 10 && text[strlen(text) - 1] == '.';
}

static void hold_error(const struct pycom_desk *self)
{
    const fettle_error *error = &self->job.engine.error;
    MUST(self, is_sentence(error->hint));
    MUST(self, error->stage != FETTLE_STAGE_NONE);
    MUST(self, strchr(error->message, '{') == NULL && strstr(error->message, "??") == NULL);
}

/* What was claimed is so. */
static void hold_claims(const struct pycom_desk *self)
{
    MUST(self, self->job.end != FETTLE_JOB_OPEN);
    MUST(self, pycom_desk_is_right(self));
    MUST(self, self->job.evidence != FETTLE_EVIDENCE_NONE);
}

static void tally(const struct pycom_desk *self, bool is_done, fettle_us took)
{
    fettle_code code = self->job.engine.error.code;
    pycom_tally.sittings++;
    pycom_tally.effects += self->run.effects;
    pycom_tally.ended_well += is_done;
    pycom_tally.ended_badly += !is_done;
    pycom_tally.longest = took > pycom_tally.longest ? took : pycom_tally.longest;
    pycom_tally.slug_count += !is_done && !pycom_tally.slugs[code];
    pycom_tally.slugs[code] |= !is_done;
}

/* What holds after every sitting, however it went. */
static bool get_up(struct pycom_desk *self)
{
    bool is_done = self->job.engine.error.code == FETTLE_E_NONE;
    fettle_us took = pycom_desk_now(self) - self->started;
    fettle_host_finish(&self->host);
    fettle_job_engine_finish(&self->job);
    tally(self, is_done, took);
    MUST(self, took < PATIENCE);
    MUST(self, self->ends == 1 && !self->went_back && self->open_asks == 0);
    MUST(self, !self->lost);
    if (self->truth->is_known) {
        MUST(self, self->strayed || (is_untouched(self) && keeps_inside(self)));
    }
    if (is_done && self->truth->is_known) {
        hold_claims(self);
    } else if (!is_done) {
        hold_error(self);
    }
    return is_done;
}

/* With half of an application written it waits in its loader for the rest. */
static bool may_stay(const struct pycom_desk *self)
{
    return self->job.has_written && !self->job.has_said_farewell;
}

/* A module that could run must not be held where it can't, and one that nobody wired runs its application. */
static void hold_cancel(const struct pycom_desk *self, bool is_done)
{
    const char *version = "";
    fettle_sim_module_state state = fettle_sim_module_runs(self->sim, 0, &version);
    bool is_bootable = fettle_sim_module_is_bootable(self->sim, 0);
    MUST(self, (int)self->run.effects <= self->cancel_at + FETTLE_TIDY_EFFECTS + 1);
    MUST(self, self->cancelled == FETTLE_NEVER ||
                   pycom_desk_now(self) - self->cancelled <= FETTLE_TIDY_US);
    MUST(self, !is_bootable || state != FETTLE_SIM_MODULE_NOTHING);
    MUST(self, !is_bootable || self->setting->wait > 0 || may_stay(self) ||
                   state != FETTLE_SIM_MODULE_LOADER);
    pycom_tally.cancelled += !is_done;
    pycom_tally.in_application += !is_done && (state == FETTLE_SIM_MODULE_FACTORY ||
                                               state == FETTLE_SIM_MODULE_OTA_0);
}

bool pycom_desk_sit(struct pycom_desk *self, fettle_fault fault, int cancel_at)
{
    sit_down(self, fault, cancel_at);
    do {
        count_state(self);
        if (cancel_at != PYCOM_NO_STEP && (int)self->run.effects >= cancel_at &&
            self->cancelled == FETTLE_NEVER) {
            self->cancelled = pycom_desk_now(self);
            fettle_cancel_want(&self->cancel);
        }
    } while (fettle_run_step(&self->run));
    bool is_done = self->job.engine.error.code == FETTLE_E_NONE;
    if (cancel_at != PYCOM_NO_STEP) {
        hold_cancel(self, is_done);
    }
    return get_up(self);
}

bool pycom_desk_sit_clean(struct pycom_desk *self)
{
    return pycom_desk_sit(self, (fettle_fault){.at = (unsigned)PYCOM_NO_STEP},
                          PYCOM_NO_STEP);
}
