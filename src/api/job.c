/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs for programs: selection, plan, engine and runner joined, and what became of it told in the
 * words of fettle.h. The only place where plan and job meet the runner.
 */
#include "fettle/fettle.h"

#include "api/select.h"
#include "base/alloc.h"
#include "base/cancel.h"
#include "base/text.h"
#include "job/job.h"
#include "run/run.h"

#include <assert.h>
#include <string.h>

enum {
    READ_SIZE_MAX = 16 * 1024 * 1024, /* where nobody knows how large the memory is */
    TEXT_SIZE = 1024,
    KEY_SIZE = 160,
};

struct fettle_job {
    fettle_context *context;
    fettle_verb verb;
    const fettle_image *image;
    fettle_wishes wishes;
    char board_text[FETTLE_TEXT_SIZE], revision_text[FETTLE_ANSWER_SIZE];
    fettle_selection selection;
    fettle_plan plan;
    fettle_plan_question plan_question;
    fettle_question question;
    char remembered[FETTLE_ANSWER_SIZE];
    char plan_text[TEXT_SIZE], ask_text[TEXT_SIZE];
    fettle_cancel cancel;
    bool is_traced, was_run;

    /* while it runs */
    fettle_job_engine engine;
    fettle_run run;
    fettle_host host;
    char *line;
    fettle_listener *listener;
    void *user;
    fettle_us began;
    uint8_t *buffer;
    bool is_marked; /* the store knows that this board's update has begun */

    /* what became of it */
    fettle_error error;
    fettle_result result;
    fettle_stage_record stages[FETTLE_STAGE_COUNT];
    fettle_note_record notes[FETTLE_NOTES_MAX];
    fettle_memory_facts memories[FETTLE_JOB_MEMORIES_MAX];
    char serial[FETTLE_TEXT_SIZE], version_before[8], version_after[8];
};

static const fettle_task_kind kinds[] = {
    [FETTLE_VERB_UPDATE] = FETTLE_TASK_UPDATE, [FETTLE_VERB_READ] = FETTLE_TASK_READ,
    [FETTLE_VERB_VERIFY] = FETTLE_TASK_VERIFY, [FETTLE_VERB_RESET] = FETTLE_TASK_RESET,
    [FETTLE_VERB_SURVEY] = FETTLE_TASK_SURVEY,
};

static bool has_flag(const fettle_job *job, unsigned flag)
{
    return (job->wishes.flags & flag) != 0;
}

static void tell_board(fettle_job *job);

/* ---- what is remembered ---- */

/* Keys have few characters; whatever else a path has becomes "_". */
static void append_key(char *key, const char *text)
{
    size_t length = strlen(key);
    for (; *text != '\0' && length < KEY_SIZE - 1; text++) {
        bool is_plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                        (*text >= '0' && *text <= '9') || strchr("/:.-", *text) != NULL;
        key[length++] = is_plain ? *text : '_';
    }
    key[length] = '\0';
}

/* Answers are remembered to be shown, by the board's port; never to be taken. */
static void key_of_answer(const fettle_job *job, char *key)
{
    key[0] = '\0';
    append_key(key, "answer/");
    append_key(key, job->selection.row->id);
    append_key(key, job->selection.path[0] != '\0' ? "/" : "");
    append_key(key, job->selection.path);
    append_key(key, "/revision");
}

/*
 * An update that was cut off leaves a mark by the board's port until one has come to its end. Memory
 * that is right is then not taken for finished firmware; see should_write_again() in the job.
 */
static void key_of_mark(const char *path, char *key)
{
    key[0] = '\0';
    append_key(key, "unfinished/");
    append_key(key, path);
}

static bool is_marked_unfinished(const fettle_job *job)
{
    char key[KEY_SIZE];
    uint8_t mark[8];
    size_t size = 0;
    const fettle_context *context = job->context;
    const fettle_selection *selection = &job->selection;
    const char *path =
        selection->seen_path[0] != '\0' ? selection->seen_path : selection->path;
    if (context->store == NULL || path[0] == '\0') {
        return false;
    }
    key_of_mark(path, key);
    return context->store->get(context->store_self, key, mark, sizeof mark, &size) &&
           size > 0;
}

/* What can't be kept is dropped: the mark only saves a write that may turn out to be needless. */
static void set_mark(fettle_job *job, bool is_unfinished)
{
    static const uint8_t mark[] = {'1'};
    char key[KEY_SIZE];
    const fettle_context *context = job->context;
    if (context->store == NULL || job->verb != FETTLE_VERB_UPDATE ||
        job->engine.sight.path[0] == '\0' || job->is_marked == is_unfinished) {
        return;
    }
    job->is_marked = is_unfinished;
    key_of_mark(job->engine.sight.path, key);
    (void)context->store->put(context->store_self, key,
                              (fettle_span){mark, is_unfinished ? sizeof mark : 0});
}

/* ---- making ---- */

static bool make_plan(fettle_job *job, fettle_error *err)
{
    const fettle_selection *selection = &job->selection;
    fettle_plan_wishes wishes = {
        .kind = kinds[job->verb],
        .path = selection->path[0] != '\0' ? selection->path : NULL,
        .serial = selection->serial[0] != '\0' ? selection->serial : NULL,
        .revision = job->revision_text[0] != '\0' ? job->revision_text : NULL,
        .wait = job->wishes.wait,
        .may_read = !has_flag(job, FETTLE_WISH_NO_VERIFY),
        .stays = has_flag(job, FETTLE_WISH_STAY),
        .ignores_ids = has_flag(job, FETTLE_WISH_IGNORE_IDS),
        .is_dry = has_flag(job, FETTLE_WISH_DRY_RUN),
        .transfer_size = job->wishes.transfer_size,
        .to = job->wishes.to == FETTLE_MODE_DFU ? FETTLE_MODE_DFU : FETTLE_MODE_APP,
        .is_stock = selection->is_stock,
        .stock_id = selection->stock_id,
        .seen_id = selection->seen_id,
        .seen_mode = selection->seen_mode,
        .seen_version = selection->seen_version,
        .was_unfinished = is_marked_unfinished(job),
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
    char key[KEY_SIZE];
    size_t size = 0;
    fettle_context *context = job->context;
    job->question = (fettle_question){
        .option = job->plan_question.option,
        .ask = job->plan_question.ask,
        .values = job->plan_question.values,
        .picture = job->plan_question.picture,
    };
    if (!job->plan_question.is_open || context->store == NULL) {
        return;
    }
    key_of_answer(job, key);
    if (context->store->get(context->store_self, key, (uint8_t *)job->remembered,
                            sizeof job->remembered - 1, &size) &&
        size < sizeof job->remembered) {
        job->remembered[size] = '\0';
        job->question.remembered = job->remembered;
    }
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

static bool check_wishes(const fettle_job *job, fettle_error *err)
{
    bool needs_image = job->verb == FETTLE_VERB_UPDATE || job->verb == FETTLE_VERB_VERIFY;
    const char *text = needs_image && job->image == NULL ? "a firmware file is needed"
                       : job->wishes.transfer_size > 65535
                           ? "a transfer can have 65535 bytes at most"
                           : NULL;
    if (text != NULL) {
        fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = text});
    }
    return text == NULL;
}

static bool ready(fettle_job *job, fettle_error *err)
{
    if (!take_text(job->board_text, sizeof job->board_text, job->wishes.board,
                   "what --board says is too long", err) ||
        !take_text(job->revision_text, sizeof job->revision_text, job->wishes.revision,
                   "what --revision says is too long", err) ||
        !check_wishes(job, err)) {
        return false;
    }
    const char *board = job->board_text[0] != '\0' ? job->board_text : NULL;
    if (!fettle_select(job->context, board, job->image, &job->selection, err) ||
        !make_plan(job, err)) {
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
    job->image = verb == FETTLE_VERB_UPDATE || verb == FETTLE_VERB_VERIFY ? image : NULL;
    job->wishes = *wishes;
    job->plan.row = &fettle_board_generic;
    tell_board(job);
    if (!ready(job, err)) {
        fettle_job_free(job);
        return NULL;
    }
    job->wishes.board = job->wishes.revision = NULL;
    return job;
}

void fettle_job_free(fettle_job *job)
{
    if (job != NULL) {
        fettle_free(job->line);
        fettle_free(job->buffer);
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
    char key[KEY_SIZE], before[FETTLE_ANSWER_SIZE];
    if (!job->plan_question.is_open || strcmp(option, job->plan_question.option) != 0) {
        fettle_error_set(err, FETTLE_E_USAGE,
                         &(fettle_words){.text = "nobody has asked for this answer"});
        return false;
    }
    memcpy(before, job->revision_text, sizeof before);
    if (!take_text(job->revision_text, sizeof job->revision_text, value,
                   "the answer is too long", err) ||
        !make_plan(job, err)) {
        memcpy(job->revision_text, before, sizeof before);
        fettle_error ignored;
        (void)make_plan(job, &ignored); /* the question stays open */
        return false;
    }
    fettle_context *context = job->context;
    if (context->store != NULL) {
        key_of_answer(job, key);
        (void)context->store->put(
            context->store_self, key,
            (fettle_span){(const uint8_t *)job->revision_text, strlen(job->revision_text)});
    }
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
    const fettle_board_row *row = job->plan.row;
    job->ask_text[0] = '\0';
    switch (ask) {
    case FETTLE_ASK_UPDATE_MODE:
        if (row->enter != NULL) {
            return row->enter;
        }
        fettle_text_append(job->ask_text, TEXT_SIZE, "Bring ");
        fettle_text_append(job->ask_text, TEXT_SIZE, row->name);
        fettle_text_append(
            job->ask_text, TEXT_SIZE,
            " into its update mode: its manual says which button to hold while it "
            "is plugged in.");
        break;
    case FETTLE_ASK_PLUG_IN:
        fettle_text_append(job->ask_text, TEXT_SIZE, "Plug ");
        fettle_text_append(job->ask_text, TEXT_SIZE, row->name);
        fettle_text_append(job->ask_text, TEXT_SIZE, " in.");
        break;
    case FETTLE_ASK_REPLUG:
        fettle_text_append(job->ask_text, TEXT_SIZE, "Unplug ");
        fettle_text_append(job->ask_text, TEXT_SIZE, row->name);
        fettle_text_append(job->ask_text, TEXT_SIZE,
                           " and plug it in again; don't hold any button.");
        break;
    case FETTLE_ASK_NOTHING:
        break;
    }
    return job->ask_text;
}

/* A guess from how the work went so far; waiting for a person is no work. */
static fettle_us time_left(const fettle_job *job, const fettle_run_event *event)
{
    fettle_us worked = 0;
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

static void on_run_event(void *user, const fettle_run_event *event)
{
    fettle_job *job = user;
    bool is_ask = event->kind == FETTLE_RUN_ASK || event->kind == FETTLE_RUN_ASK_OVER;
    if (event->kind == FETTLE_RUN_STAGE && event->stage == FETTLE_STAGE_WRITE) {
        set_mark(job, true);
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
            .error = event->error,
        });
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

/* ---- what became of it ---- */

static void write_version(char *text, size_t size, uint16_t bcdDevice)
{
    text[0] = '\0';
    if (bcdDevice != 0) {
        fettle_text_append_hex(text, size, bcdDevice >> 8, 1);
        fettle_text_append(text, size, ".");
        fettle_text_append_hex(text, size, bcdDevice & 0xFF, 2);
    }
}

static fettle_result_outcome outcome_of(const fettle_job *job)
{
    static const fettle_result_outcome ends[] = {
        [FETTLE_JOB_OPEN] = FETTLE_OUTCOME_FAILED,
        [FETTLE_JOB_UPDATED] = FETTLE_OUTCOME_UPDATED,
        [FETTLE_JOB_UNCHANGED] = FETTLE_OUTCOME_UNCHANGED,
        [FETTLE_JOB_PLANNED] = FETTLE_OUTCOME_PLANNED,
        [FETTLE_JOB_READ] = FETTLE_OUTCOME_READ,
        [FETTLE_JOB_VERIFIED] = FETTLE_OUTCOME_VERIFIED,
        [FETTLE_JOB_RESET] = FETTLE_OUTCOME_RESET,
        [FETTLE_JOB_SURVEYED] = FETTLE_OUTCOME_SURVEYED,
    };
    switch (job->error.code) {
    case FETTLE_E_NONE:
        break;
    case FETTLE_E_CANCELLED:
        return FETTLE_OUTCOME_INTERRUPTED;
    case FETTLE_E_WRONG_BOARD:
    case FETTLE_E_WRONG_REVISION:
    case FETTLE_E_IMAGE_TOO_LARGE:
    case FETTLE_E_IMAGE_NOT_FOR_BOARD:
    case FETTLE_E_ANSWER_NEEDED:
    case FETTLE_E_DOWNLOAD_UNSUPPORTED:
    case FETTLE_E_UPLOAD_UNSUPPORTED:
    case FETTLE_E_SEVERAL_BOARDS:
    case FETTLE_E_USB_PERMISSION:
    case FETTLE_E_USB_DRIVER:
    case FETTLE_E_BOARD_BUSY:
    case FETTLE_E_BOARD_LOCKED:
        return job->engine.has_written ? FETTLE_OUTCOME_FAILED : FETTLE_OUTCOME_REFUSED;
    default:
        return FETTLE_OUTCOME_FAILED;
    }
    bool is_proven = job->engine.evidence != FETTLE_EVIDENCE_NONE &&
                     !has_flag(job, FETTLE_WISH_NO_VERIFY);
    fettle_result_outcome outcome = ends[job->engine.end];
    return outcome == FETTLE_OUTCOME_UPDATED && !is_proven ? FETTLE_OUTCOME_WRITTEN
                                                           : outcome;
}

static void tell_board(fettle_job *job)
{
    const fettle_job_engine *engine = &job->engine;
    fettle_result *result = &job->result;
    fettle_text_escape(job->serial, sizeof job->serial, engine->sight.serial);
    write_version(job->version_before, sizeof job->version_before, engine->version_before);
    write_version(job->version_after, sizeof job->version_after, engine->version_after);
    result->name = job->plan.row->name;
    result->path = engine->sight.path[0] != '\0' ? engine->sight.path : job->plan.path;
    result->port = engine->sight.node[0] != '\0' ? engine->sight.node : result->path;
    result->serial = job->serial;
    result->part = job->plan.row->carries_module ? "shield" : "main";
    result->mode = engine->mode;
    result->id = engine->sight.id;
    result->version_before = job->version_before;
    result->version_after = job->version_after;
}

static void tell_memories(fettle_job *job)
{
    const fettle_dfu_interface *interface = job->engine.interface;
    const fettle_board_row *row = job->plan.row;
    if (job->verb != FETTLE_VERB_SURVEY || interface == NULL) {
        return;
    }
    job->result.bcdDFUVersion = interface->bcdDFUVersion;
    for (size_t i = 0; i < interface->alternate_count && i < FETTLE_JOB_MEMORIES_MAX; i++) {
        fettle_memory_facts *memory = &job->memories[i];
        fettle_text_append(memory->name, sizeof memory->name, "memory ");
        fettle_text_append_number(memory->name, sizeof memory->name,
                                  interface->alternates[i]);
        memory->alternate = interface->alternates[i];
        memory->size = row->memory.size;
        memory->transfer_size =
            fettle_dfu_transfer_size(interface, job->engine.descriptors.bMaxPacketSize0);
        memory->can_write = (interface->bmAttributes & FETTLE_DFU_CAN_DNLOAD) != 0;
        memory->can_read = (interface->bmAttributes & FETTLE_DFU_CAN_UPLOAD) != 0;
        job->result.memory_count++;
    }
    job->result.memories = job->memories;
}

static void tell_stages(fettle_job *job)
{
    for (int stage = FETTLE_STAGE_FIND; stage < FETTLE_STAGE_COUNT; stage++) {
        const fettle_run_stage *seen = &job->run.stages[stage];
        if (seen->took > 0 || seen->bytes > 0) {
            job->stages[job->result.stage_count++] = (fettle_stage_record){
                .stage = (fettle_stage)stage, .took = seen->took, .bytes = seen->bytes};
        }
    }
    job->result.stages = job->stages;
}

static void tell_notes(fettle_job *job)
{
    const fettle_observed *observed = &job->engine.observed;
    for (size_t i = 0; i < observed->note_count; i++) {
        job->notes[i] =
            (fettle_note_record){.slug = fettle_note_slug(observed->notes[i].code),
                                 .message = observed->notes[i].message};
    }
    job->result.note_count = observed->note_count;
    job->result.notes = job->notes;
}

static void make_result(fettle_job *job)
{
    static_assert((int)FETTLE_PROOF_READBACK == (int)FETTLE_EVIDENCE_READBACK &&
                      (int)FETTLE_PROOF_MANIFEST == (int)FETTLE_EVIDENCE_MANIFEST,
                  "one order of proofs");
    fettle_result *result = &job->result;
    result->error = job->error.code != FETTLE_E_NONE ? &job->error : NULL;
    result->outcome = outcome_of(job);
    result->verified = (fettle_proof)job->engine.evidence;
    result->repaired = job->engine.repaired;
    result->wire = (fettle_wire){.transfers = job->run.transfers,
                                 .bytes_out = job->run.bytes_out,
                                 .bytes_in = job->run.bytes_in,
                                 .slept = job->run.slept};
    if (job->verb == FETTLE_VERB_READ) {
        result->data = (fettle_span){job->buffer, job->engine.count};
    }
    tell_board(job);
    tell_memories(job);
    tell_stages(job);
    tell_notes(job);
}

/* ---- to its end ---- */

static bool take_buffer(fettle_job *job, size_t *size)
{
    size_t known = job->plan.row->memory.size;
    *size = 0;
    if (job->verb != FETTLE_VERB_READ) {
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
    fettle_job_engine_init(&job->engine, &job->plan, job->buffer, size);
    fettle_run_init(&job->run, &(fettle_run_setup){
                                   .root = &job->engine.engine,
                                   .observed = &job->engine.observed,
                                   .port = &job->host.port,
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
                     &(fettle_words){.board = job->plan.row->name, .text = text});
}

static bool end(fettle_job *job, fettle_error *err)
{
    make_result(job);
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
    if (has_flag(job, FETTLE_WISH_OFFLINE)) {
        job->engine.end = FETTLE_JOB_PLANNED;
        return end_early(job, err);
    }
    if (!prepare_run(job)) {
        fettle_host_finish(&job->host);
        return end_early(job, err);
    }
    job->is_marked = job->plan.was_unfinished;
    (void)fettle_run_all(&job->run);
    fettle_host_finish(&job->host);
    if (job->engine.end != FETTLE_JOB_OPEN) {
        set_mark(job, false);
    }
    job->error = job->engine.engine.error;
    name_the_boards(job);
    return end(job, err);
}
