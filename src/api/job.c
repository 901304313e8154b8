/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs for programs: selection, plan, engine and runner joined, and what became of it told in the
 * words of fettle.h. The only place where plan and job meet the runner.
 */
#include "api/job_inside.h"

#include "base/alloc.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

enum { READ_SIZE_MAX = 64 * 1024 * 1024 }; /* where nobody knows how large the memory is */

static const fettle_task_kind kinds[] = {
    [FETTLE_VERB_UPDATE] = FETTLE_TASK_UPDATE, [FETTLE_VERB_READ] = FETTLE_TASK_READ,
    [FETTLE_VERB_VERIFY] = FETTLE_TASK_VERIFY, [FETTLE_VERB_RESET] = FETTLE_TASK_RESET,
    [FETTLE_VERB_SURVEY] = FETTLE_TASK_SURVEY, [FETTLE_VERB_ERASE] = FETTLE_TASK_ERASE,
    [FETTLE_VERB_BACKUP] = FETTLE_TASK_READ,   [FETTLE_VERB_RESTORE] = FETTLE_TASK_UPDATE,
};

/* ---- making ---- */

static bool make_plan(fettle_job *job, fettle_error *err)
{
    const fettle_selection *selection = &job->selection;
    const char *seen_path =
        selection->seen_path[0] != '\0' ? selection->seen_path : selection->path;
    fettle_plan_wishes wishes = {
        .kind = kinds[job->verb],
        .path = selection->path[0] != '\0' ? selection->path : NULL,
        .revision = job->revision_text[0] != '\0' ? job->revision_text : NULL,
        .wait = job->wishes.wait,
        .is_patient = fettle_job_has_flag(job, FETTLE_WISH_PATIENT),
        .may_read = !fettle_job_has_flag(job, FETTLE_WISH_NO_VERIFY),
        .stays = fettle_job_has_flag(job, FETTLE_WISH_STAY),
        .ignores_ids = fettle_job_has_flag(job, FETTLE_WISH_IGNORE_IDS),
        .is_dry = fettle_job_has_flag(job, FETTLE_WISH_DRY_RUN),
        .transfer_size = job->wishes.transfer_size,
        .to = job->wishes.to == FETTLE_MODE_DFU || job->wishes.to == FETTLE_MODE_ROM
                  ? job->wishes.to
                  : FETTLE_MODE_APP,
        .is_stock = selection->is_stock,
        .stock_id = selection->stock_id,
        .named_id = selection->named_id,
        .parts = selection->parts,
        .part_count = selection->part_count,
        .seen_id = selection->seen_id,
        .seen_mode = selection->seen_mode,
        .seen_version = selection->seen_version,
        .was_unfinished = fettle_memory_is_unfinished(job, seen_path),
        .memory = job->memory_text,
        .chip = job->chip_text,
        .reset = job->reset_text,
        .baud = job->wishes.baud,
        .flash_size = job->wishes.flash_size,
        .uses_no_stub = fettle_job_has_flag(job, FETTLE_WISH_NO_STUB),
        .region = job->region_text[0] != '\0' ? job->region_text : NULL,
        .erases_files = fettle_job_has_flag(job, FETTLE_WISH_ERASE_FILES),
        .erases_settings = fettle_job_has_flag(job, FETTLE_WISH_ERASE_SETTINGS),
        .tries_software = fettle_job_has_flag(job, FETTLE_WISH_TRY_SOFTWARE),
        .needs_no_backup = fettle_job_has_flag(job, FETTLE_WISH_NO_BACKUP),
        .gives_up_credentials = fettle_job_has_flag(job, FETTLE_WISH_GIVE_UP_CREDENTIALS),
        .is_restore = job->verb == FETTLE_VERB_RESTORE,
        .mac = job->has_mac ? job->mac : NULL,
        .has_address = fettle_job_has_flag(job, FETTLE_WISH_AT_ADDRESS),
        .address = job->wishes.address,
        .length = (uint32_t)job->wishes.length,
        .erases_rest = fettle_job_has_flag(job, FETTLE_WISH_ERASE_REST),
        .writes_all = fettle_job_has_flag(job, FETTLE_WISH_ALL_PAGES),
        .mass_erases = fettle_job_has_flag(job, FETTLE_WISH_MASS_ERASE),
        .unprotects = fettle_job_has_flag(job, FETTLE_WISH_UNPROTECT),
        .writes_special = fettle_job_has_flag(job, FETTLE_WISH_SPECIAL),
    };
    if (!fettle_plan_make(&job->plan, job->image, selection->row, selection->vendor,
                          &wishes, &job->plan_question, err)) {
        return false;
    }
    fettle_plan_describe(&job->plan, job->plan_text, sizeof job->plan_text);
    return true;
}

static void make_question(fettle_job *job)
{
    job->question = (fettle_question){
        .option = job->plan_question.option,
        .ask = job->plan_question.ask,
        .values = job->plan_question.values,
        .remembered = job->plan_question.is_open ? fettle_memory_get_answer(job) : NULL,
        .picture = job->plan_question.picture,
    };
}

/* Words of the wishes are copied; what doesn't fit can't be right. */
static bool take_text(char *to, size_t size, const char *text, const char *what,
                      fettle_error *err)
{
    to[0] = '\0';
    if (text != NULL && strlen(text) >= size) {
        fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = what});
        return false;
    }
    if (text != NULL) {
        fettle_text_append(to, size, text);
    }
    return true;
}

static bool takes_image(fettle_verb verb)
{
    return verb == FETTLE_VERB_UPDATE || verb == FETTLE_VERB_VERIFY ||
           verb == FETTLE_VERB_RESTORE;
}

/* "240ac4000001", in either case, with or without something between its bytes. */
static bool take_mac(fettle_job *job, fettle_error *err)
{
    enum { DIGITS = 2 * FETTLE_MAC_SIZE };
    char digits[DIGITS + 1] = "";
    size_t count = 0;
    const char *text = job->wishes.mac;
    for (; text != NULL && *text != '\0' && count <= DIGITS; text++) {
        if (*text != ':' && *text != '-') {
            digits[count++] = *text;
        }
    }
    uint16_t pair;
    bool is_good = count == DIGITS;
    for (size_t i = 0; is_good && i < FETTLE_MAC_SIZE; i++) {
        is_good = fettle_text_to_hex16(digits + 2 * i, 2, &pair);
        job->mac[i] = is_good ? (uint8_t)pair : 0;
    }
    job->has_mac = is_good;
    if (text != NULL && !is_good) {
        fettle_error_set(err, FETTLE_E_USAGE,
                         &(fettle_words){.text = "a MAC has 12 hex digits"});
    }
    return text == NULL || is_good;
}

static bool check_wishes(const fettle_job *job, fettle_error *err)
{
    bool has_range =
        fettle_job_has_flag(job, FETTLE_WISH_AT_ADDRESS) || job->wishes.length > 0;
    bool erases_all =
        job->verb == FETTLE_VERB_ERASE && fettle_job_has_flag(job, FETTLE_WISH_MASS_ERASE);
    bool sets_region = job->verb == FETTLE_VERB_UPDATE && job->region_text[0] != '\0';
    bool needs_image = takes_image(job->verb) && !sets_region;
    const char *text =
        needs_image && job->image == NULL   ? "a firmware file is needed"
        : job->wishes.transfer_size > 65535 ? "a transfer can have 65535 bytes at most"
        : erases_all && has_range ? "a mass erase takes all of the memory, not a part of it"
        : job->wishes.length > UINT32_MAX ? "a memory has 4294967295 bytes at most"
                                          : NULL;
    if (text != NULL) {
        fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = text});
    }
    return text == NULL;
}

/* As far as nobody needs the board for it. */
static bool check_region(const fettle_job *job, fettle_error *err)
{
    fettle_vendors vendors = job->context->vendors;
    const char *name = job->module_text[0] != '\0' ? job->module_text : NULL;
    bool sets_region = job->verb == FETTLE_VERB_UPDATE && job->region_text[0] != '\0';
    for (size_t i = 0; sets_region && i < vendors.count; i++) {
        const fettle_module_ops *ops = vendors.list[i]->modules;
        if (ops != NULL && ops->check_region != NULL) {
            return ops->check_region(job->image, name, job->region_text, err);
        }
    }
    return true;
}

/* What is about modules only, and this board neither is nor carries one: it is for the plan to say so. */
static bool has_no_module(fettle_job *job)
{
    fettle_error ignored;
    fettle_selection *selection = &job->selection;
    bool is_about_module =
        job->wishes.module != NULL && job->module_text[0] == '\0' && job->image == NULL &&
        job->board_text[0] != '\0' &&
        (job->verb == FETTLE_VERB_UPDATE || job->verb == FETTLE_VERB_SURVEY);
    return is_about_module &&
           fettle_select(job->context, job->board_text, NULL, NULL, selection, &ignored) &&
           selection->is_seen && selection->row->protocol == FETTLE_PROTOCOL_DFU &&
           !selection->row->carries_module;
}

/* Of a carrier with a module it is the module that nobody else has a copy of. */
static bool select_board(fettle_job *job, fettle_error *err)
{
    const char *board = job->board_text[0] != '\0' ? job->board_text : NULL;
    const char *module = job->wishes.module != NULL ? job->module_text : NULL;
    bool is_restore = job->verb == FETTLE_VERB_RESTORE;
    const fettle_image *image = is_restore ? NULL : job->image; /* bytes that say nothing */
    if (has_no_module(job)) {
        return true;
    }
    bool is_copy = is_restore || job->verb == FETTLE_VERB_BACKUP;
    if (!fettle_select(job->context, board, module, image, &job->selection, err)) {
        /* What may come while somebody is waited for is a chip behind a line. */
        return is_copy && board == NULL && module == NULL && job->wishes.wait > 0 &&
               err->code == FETTLE_E_NO_BOARD &&
               fettle_select(job->context, NULL, "", image, &job->selection, err);
    }
    return !is_copy || module != NULL || !job->selection.row->carries_module ||
           fettle_select(job->context, board, "", image, &job->selection, err);
}

static bool ready(fettle_job *job, fettle_error *err)
{
    if (!take_text(job->board_text, sizeof job->board_text, job->wishes.board,
                   "what --board says is too long", err) ||
        !take_text(job->revision_text, sizeof job->revision_text, job->wishes.revision,
                   "what --revision says is too long", err) ||
        !take_text(job->memory_text, sizeof job->memory_text, job->wishes.memory,
                   "what --memory says is too long", err) ||
        !take_text(job->chip_text, sizeof job->chip_text, job->wishes.chip,
                   "what --chip says is too long", err) ||
        !take_text(job->reset_text, sizeof job->reset_text, job->wishes.reset,
                   "what --reset says is too long", err) ||
        !take_text(job->module_text, sizeof job->module_text, job->wishes.module,
                   "what --module says is too long", err) ||
        !take_text(job->region_text, sizeof job->region_text, job->wishes.region,
                   "what --region says is too long", err) ||
        !take_mac(job, err) || !check_wishes(job, err) || !check_region(job, err) ||
        !fettle_stub_take(job, err) || !select_board(job, err)) {
        return false;
    }
    if (!make_plan(job, err)) {
        fettle_error_wrap(err, fettle_job_clause(&job->plan, false),
                          &(fettle_words){.board = job->selection.row->name});
        return false;
    }
    make_question(job);
    return true;
}

fettle_job *fettle_job_new(fettle_context *context, fettle_verb verb,
                           const fettle_image *image, const fettle_wishes *wishes,
                           fettle_error *err)
{
    fettle_job *job = fettle_alloc(sizeof *job);
    if (job == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = sizeof *job});
        return NULL;
    }
    job->context = context;
    job->verb = verb;
    job->image = takes_image(verb) ? image : NULL;
    job->wishes = *wishes;
    job->plan.row = &fettle_board_generic;
    fettle_result_tell_board(job);
    if (!ready(job, err)) {
        fettle_job_free(job);
        return NULL;
    }
    job->wishes.board = job->wishes.revision = job->wishes.memory = NULL;
    job->wishes.module = job->wishes.region = job->wishes.mac = NULL;
    return job;
}

void fettle_job_free(fettle_job *job)
{
    if (job != NULL) {
        fettle_job_engine_finish(&job->engine);
        fettle_free(job->line);
        fettle_free(job->buffer);
        fettle_stub_file_free(job->stub_file);
        fettle_free(job);
    }
}

const fettle_question *fettle_job_question(const fettle_job *job, size_t index)
{
    return index == 0 && job->plan_question.is_open ? &job->question : NULL;
}

bool fettle_job_answer(fettle_job *job, const char *option, const char *value,
                       fettle_error *err)
{
    char before[FETTLE_ANSWER_SIZE];
    if (!job->plan_question.is_open || strcmp(option, job->plan_question.option) != 0) {
        fettle_error_set(err, FETTLE_E_USAGE,
                         &(fettle_words){.text = "nobody has asked for this answer"});
        return false;
    }
    if (value[0] == '\0' || strlen(value) >= sizeof job->revision_text) {
        value = "?"; /* whatever it is, it is none of the values */
    }
    memcpy(before, job->revision_text, sizeof before);
    if (!take_text(job->revision_text, sizeof job->revision_text, value, "", err) ||
        !make_plan(job, err)) {
        memcpy(job->revision_text, before, sizeof before);
        fettle_error ignored;
        (void)make_plan(job, &ignored); /* the question stays open */
        return false;
    }
    fettle_memory_put_answer(job);
    return true;
}

const char *fettle_job_plan_text(const fettle_job *job)
{
    return job->plan_text;
}

void fettle_job_trace(fettle_job *job)
{
    job->is_traced = true;
}

void fettle_job_cancel(fettle_job *job)
{
    fettle_cancel_want(&job->cancel);
}

const fettle_result *fettle_job_result(const fettle_job *job)
{
    return &job->result;
}

/* ---- running ---- */

static const fettle_event_kind event_kinds[] = {
    [FETTLE_RUN_STAGE] = FETTLE_EVENT_STAGE,
    [FETTLE_RUN_PROGRESS] = FETTLE_EVENT_PROGRESS,
    [FETTLE_RUN_ASK] = FETTLE_EVENT_ASK,
    [FETTLE_RUN_ASK_OVER] = FETTLE_EVENT_ASK_OVER,
    [FETTLE_RUN_NOTE] = FETTLE_EVENT_NOTE,
    [FETTLE_RUN_WIRE] = FETTLE_EVENT_WIRE,
    [FETTLE_RUN_BOARD_LEFT] = FETTLE_EVENT_BOARD_LEFT,
    [FETTLE_RUN_BOARD_BACK] = FETTLE_EVENT_BOARD_BACK,
    [FETTLE_RUN_DONE] = FETTLE_EVENT_DONE,
    [FETTLE_RUN_FAILED] = FETTLE_EVENT_FAILED,
};

static void tell(fettle_job *job, fettle_event event)
{
    if (job->listener != NULL) {
        event.text = event.text != NULL ? event.text : "";
        event.path =
            job->engine.sight.path[0] != '\0' ? job->engine.sight.path : job->plan.path;
        job->listener(job->user, &event);
    }
}

/* What a person has to do, in the words of the board's row. */
static const char *ask_text(fettle_job *job, fettle_ask ask)
{
    const fettle_board_row *row = fettle_job_hand_row(&job->engine);
    job->ask_text[0] = '\0';
    switch (ask) {
    case FETTLE_ASK_UPDATE_MODE:
        if (row->plug != NULL && job->engine.sight.path[0] == '\0') {
            return row->plug;
        }
        if (row->enter != NULL) {
            return row->enter;
        }
        fettle_text_append(job->ask_text, TEXT_SIZE, "Bring ");
        fettle_text_append(job->ask_text, TEXT_SIZE, job->plan.name);
        fettle_text_append(
            job->ask_text, TEXT_SIZE,
            " into its update mode: its manual says which button to hold while it "
            "is plugged in.");
        break;
    case FETTLE_ASK_PLUG_IN:
        if (row->plug != NULL) {
            return row->plug;
        }
        fettle_text_append(job->ask_text, TEXT_SIZE, "Plug ");
        fettle_text_append(job->ask_text, TEXT_SIZE, job->plan.name);
        fettle_text_append(job->ask_text, TEXT_SIZE, " in.");
        break;
    case FETTLE_ASK_REPLUG:
        fettle_text_append(job->ask_text, TEXT_SIZE, "Unplug ");
        fettle_text_append(job->ask_text, TEXT_SIZE, job->plan.name);
        fettle_text_append(job->ask_text, TEXT_SIZE,
                           " and plug it in again; don't hold any button.");
        break;
    case FETTLE_ASK_WIRE:
        if (row->enter_behind != NULL && job->engine.esp.carrier != NULL) {
            return row->enter_behind;
        }
        return row->enter != NULL ? row->enter : "";
    case FETTLE_ASK_UNWIRE:
        return row->unwire != NULL ? row->unwire : "";
    case FETTLE_ASK_NOTHING:
        break;
    }
    return job->ask_text;
}

/* A guess from how this stage goes, else from all so far; waiting for a person is no work. */
static fettle_us time_left(const fettle_job *job, const fettle_run_event *event)
{
    fettle_us worked = 0;
    if (event->progress > job->progress_before) {
        return job->run.stages[event->stage].took /
               (event->progress - job->progress_before) * (1000000 - event->progress);
    }
    for (int stage = FETTLE_STAGE_COMPARE; stage <= FETTLE_STAGE_LEAVE; stage++) {
        worked += job->run.stages[stage].took;
    }
    return event->progress > 0 ? worked / event->progress * (1000000 - event->progress) : 0;
}

/* A board that is back is told before the engine has seen it. */
static fettle_mode mode_of(const fettle_job *job, const fettle_run_event *event)
{
    const fettle_board_row *row;
    const fettle_vendor *vendor;
    bool has_dfu, is_part;
    if (event->kind != FETTLE_RUN_BOARD_BACK || event->sight == NULL) {
        return job->engine.mode;
    }
    return fettle_sight_mode(job->context->vendors, event->sight, &row, &vendor, &has_dfu,
                             &is_part);
}

/* Which boards fit is for the person to know, and only here is it known. */
static void name_the_boards(fettle_job *job)
{
    size_t count;
    char text[160];
    fettle_error ignored;
    if (job->error.code != FETTLE_E_SEVERAL_BOARDS) {
        return;
    }
    fettle_sight *sights = fettle_context_look(job->context, &count, NULL, &ignored);
    if (sights == NULL) {
        return;
    }
    size_t fits = fettle_list_paths(sights, count, job->plan.row, job->context->vendors,
                                    text, sizeof text);
    fettle_free(sights);
    if (fits > 1) {
        fettle_stage stage = job->error.stage;
        fettle_error_set(&job->error, FETTLE_E_SEVERAL_BOARDS,
                         &(fettle_words){.count = fits, .text = text});
        job->error.stage = stage;
    }
}

static void on_run_event(void *user, const fettle_run_event *event)
{
    fettle_job *job = user;
    if (event->kind == FETTLE_RUN_BOARD_BACK && !job->engine.has_written &&
        fettle_memory_is_unfinished(job, event->text)) {
        job->engine.is_unfinished = true; /* only now is it known which port it is on */
        job->is_marked = true;
    }
    const fettle_error *error = event->error;
    if (event->kind == FETTLE_RUN_FAILED) {
        job->error = *event->error;
        name_the_boards(job);
        fettle_permission_explain(job);
        error = &job->error;
    }
    bool is_ask = event->kind == FETTLE_RUN_ASK || event->kind == FETTLE_RUN_ASK_OVER;
    if (event->kind == FETTLE_RUN_STAGE) {
        job->stage_began = event->at;
    }
    if (event->at == job->stage_began) { /* what was skipped is no measure */
        job->progress_before = event->progress;
    }
    if (event->kind == FETTLE_RUN_STAGE && event->stage == FETTLE_STAGE_ERASE) {
        fettle_memory_keep_rests(job); /* before the first page is erased */
    }
    if (event->kind == FETTLE_RUN_STAGE &&
        (event->stage == FETTLE_STAGE_WRITE || event->stage == FETTLE_STAGE_ERASE)) {
        fettle_memory_mark(job, true);
    }
    if (event->kind == FETTLE_RUN_STAGE && event->stage == FETTLE_STAGE_BACKUP &&
        job->verb == FETTLE_VERB_BACKUP) { /* by now it is known whose copy it will be */
        fettle_result_tell_board(job);
        fettle_result_tell_chip(job);
    }
    tell(
        job,
        (fettle_event){
            .kind = event_kinds[event->kind],
            .at = event->at,
            .stage = event->stage,
            .progress = event->progress,
            .left = time_left(job, event),
            .ask = event->ask,
            .mode = mode_of(job, event),
            .text = is_ask ? ask_text(job, event->ask) : event->text,
            .picture = event->ask == FETTLE_ASK_UPDATE_MODE ? job->plan.row->picture : NULL,
            .slug = event->kind == FETTLE_RUN_NOTE ? fettle_note_slug(event->note) : NULL,
            .error = error,
        });
}

/* ---- to its end ---- */

static bool take_buffer(fettle_job *job, size_t *size)
{
    size_t known = job->plan.row->memory.size;
    *size = 0;
    if (kinds[job->verb] != FETTLE_TASK_READ) {
        return true;
    }
    *size = known > 0 ? known : READ_SIZE_MAX;
    if (job->wishes.length > 0 && job->wishes.length < *size) {
        *size = job->wishes.length;
    }
    job->buffer = fettle_alloc(*size);
    if (job->buffer == NULL) {
        fettle_error_set(&job->error, FETTLE_E_NO_MEMORY, &(fettle_words){.size = *size});
    }
    return job->buffer != NULL;
}

static bool add_buses(fettle_job *job)
{
    const fettle_context *context = job->context;
    for (size_t i = 0; i < context->bus_count; i++) {
        if (!fettle_host_add_bus(&job->host, context->buses[i].ops,
                                 context->buses[i].self)) {
            return false;
        }
    }
    return true;
}

static bool prepare_run(fettle_job *job)
{
    size_t size;
    const fettle_context *context = job->context;
    if (!take_buffer(job, &size)) {
        return false;
    }
    if (job->is_traced && job->line == NULL) {
        job->line = fettle_alloc(FETTLE_LINE_SIZE);
    }
    if ((job->is_traced && job->line == NULL) ||
        !fettle_host_init(&job->host, context->clock, context->clock_self) ||
        !add_buses(job)) {
        fettle_error_set(&job->error, FETTLE_E_NO_MEMORY,
                         &(fettle_words){.size = FETTLE_SIGHTS_MAX * sizeof(fettle_sight)});
        return false;
    }
    job->host.is_watching_for_suspend = context->is_real_time;
    fettle_lock_port_init(job);
    static const fettle_memory_ops memory = {fettle_alloc, fettle_free};
    fettle_job_engine_init(&job->engine, &job->plan, job->buffer, size, &memory);
    job->engine.recall = fettle_memory_recall_rest;
    job->engine.recall_user = job;
    job->engine.find_stub = fettle_stub_find;
    job->engine.find_stub_user = job;
    job->engine.recall_baud = fettle_memory_recall_baud;
    job->engine.recall_baud_user = job;
    job->engine.vendors = context->vendors;
    job->engine.keep = fettle_backup_keep;
    job->engine.recall_kept = fettle_backup_recall;
    job->engine.recall_table = fettle_backup_recall_table;
    job->engine.recall_module = fettle_memory_recall_module;
    job->engine.module_is_said = job->module_text[0] != '\0';
    job->engine.means_module = job->selection.means_module;
    job->engine.recall_place = fettle_memory_recall_place;
    job->engine.keep_user = job;
    fettle_run_init(&job->run, &(fettle_run_setup){
                                   .root = &job->engine.engine,
                                   .observed = &job->engine.observed,
                                   .port = &job->lock.port,
                                   .clock = context->clock,
                                   .clock_self = context->clock_self,
                                   .cancel = &job->cancel,
                                   .listener = on_run_event,
                                   .user = job,
                               });
    if (job->is_traced) {
        fettle_run_trace(&job->run, job->line, FETTLE_LINE_SIZE);
    }
    return true;
}

static void answer_needed(fettle_job *job)
{
    char text[200] = "";
    fettle_text_append(text, sizeof text, "give ");
    fettle_text_append(text, sizeof text, job->plan_question.option);
    fettle_text_append(text, sizeof text, ", one of ");
    fettle_text_append(text, sizeof text, job->plan_question.values);
    fettle_error_set(&job->error, FETTLE_E_ANSWER_NEEDED,
                     &(fettle_words){.board = job->plan.name, .text = text});
}

/* A copy that ends where our room did looks whole and isn't. */
static void refuse_half_a_memory(fettle_job *job)
{
    bool is_cut = kinds[job->verb] == FETTLE_TASK_READ &&
                  job->engine.end == FETTLE_JOB_READ &&
                  job->engine.count == READ_SIZE_MAX && job->wishes.length != READ_SIZE_MAX;
    if (is_cut) {
        fettle_error_set(
            &job->error, FETTLE_E_NOT_SUPPORTED,
            &(fettle_words){.text = "the memory has more than the 64 MiB that are read "
                                    "at most; say how much with --length"});
        job->engine.count = 0;
    }
}

static bool end(fettle_job *job, fettle_error *err)
{
    fettle_result_make(job);
    *err = job->error;
    return job->error.code == FETTLE_E_NONE;
}

static bool end_early(fettle_job *job, fettle_error *err)
{
    bool is_ok = end(job, err);
    tell(job, (fettle_event){.kind = is_ok ? FETTLE_EVENT_DONE : FETTLE_EVENT_FAILED,
                             .error = job->result.error});
    return is_ok;
}

bool fettle_job_run(fettle_job *job, fettle_listener *listener, void *user,
                    fettle_error *err)
{
    assert(!job->was_run);
    job->was_run = true;
    job->listener = listener;
    job->user = user;
    tell(job, (fettle_event){.kind = FETTLE_EVENT_PLAN, .text = job->plan_text});
    if (job->plan_question.is_open) {
        answer_needed(job);
        return end_early(job, err);
    }
    if (fettle_job_has_flag(job, FETTLE_WISH_OFFLINE)) {
        job->engine.end = FETTLE_JOB_PLANNED;
        return end_early(job, err);
    }
    if (!fettle_permission_check(job, &job->error)) {
        return end_early(job, err);
    }
    if (!prepare_run(job)) {
        fettle_host_finish(&job->host);
        return end_early(job, err);
    }
    job->is_marked = job->plan.was_unfinished;
    (void)fettle_run_all(&job->run);
    fettle_host_finish(&job->host);
    fettle_lock_port_finish(job);
    fettle_memory_mark(job, job->engine.is_unfinished);
    if (job->engine.end == FETTLE_JOB_UPDATED || job->engine.end == FETTLE_JOB_UNCHANGED) {
        fettle_memory_forget_rests(job);
    }
    fettle_memory_keep_baud(job);
    fettle_memory_keep_module(job);
    refuse_half_a_memory(job);
    return end(job, err);
}
