/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job's script, in the order in which things happen at the desk:
 *
 *   find, enter, survey (arrive.c)   compare, write, verify (write.c)   leave, confirm (leave.c)
 *
 * and here what they share: words, ends, the second try, and the effects they ask for.
 *
 * What is peculiar to a protocol is in its way. What a person reads is made here: fail() puts the
 * stage's clause and the board's name in front of a child's error.
 *
 * Two things make a job end well where a plain sequence would not. After a failure the whole script
 * runs once more and skips what is right by then (fail()). And a lost answer is no failure: what the
 * board holds is read, where it can be read early, late, or after entering update mode again.
 */
#include "job/script.h"
#include "job/way_esp_module.h"

#include "base/text.h"
#include "board/bridges.h"

#include <assert.h>
#include <string.h>

enum {
    TRIES_MORE = 1,
    WINDOWS_MAX = 20, /* that may be missed; the agreed wait mostly ends it before */
};

/* ---- words ---- */

/* Of the loader, where no table knows the board around it. */
const char *fettle_job_board_name(const fettle_job_engine *job)
{
    const char *name = job->way->board_name != NULL ? job->way->board_name(job) : NULL;
    if (name != NULL) {
        return name;
    }
    const fettle_quirk_row *row =
        job->plan->row == &fettle_board_generic
            ? fettle_board_quirks_of(job->sight.id, job->sight.bcdDevice)
            : NULL;
    return row != NULL && row->name != NULL ? row->name : job->plan->name;
}

fettle_words fettle_script_words(const fettle_job_engine *job)
{
    return (fettle_words){
        .board = fettle_job_board_name(job),
        .port = job->sight.path[0] != '\0'   ? job->sight.path
                : job->plan->path[0] != '\0' ? job->plan->path
                                             : NULL,
    };
}

void fettle_script_note(fettle_job_engine *job, fettle_note_code code)
{
    fettle_words words = fettle_script_words(job);
    words.text = job->plan->row->button;
    words.count = job->plan->row->window / SECOND;
    fettle_note_add(&job->observed, code, &words);
}

/* The outermost clause, while no port is known and once one is. */
static const fettle_clause clauses[][2] = {
    [FETTLE_TASK_UPDATE] = {FETTLE_CLAUSE_UPDATE, FETTLE_CLAUSE_UPDATE_ON},
    [FETTLE_TASK_READ] = {FETTLE_CLAUSE_READ, FETTLE_CLAUSE_READ_ON},
    [FETTLE_TASK_VERIFY] = {FETTLE_CLAUSE_VERIFY_BOARD, FETTLE_CLAUSE_VERIFY_ON},
    [FETTLE_TASK_RESET] = {FETTLE_CLAUSE_RESET, FETTLE_CLAUSE_RESET_ON},
    [FETTLE_TASK_SURVEY] = {FETTLE_CLAUSE_LOOK, FETTLE_CLAUSE_LOOK_AT},
    [FETTLE_TASK_ERASE] = {FETTLE_CLAUSE_ERASE_BOARD, FETTLE_CLAUSE_ERASE_ON},
};

fettle_clause fettle_job_clause(const fettle_plan *plan, bool has_port)
{
    static const fettle_clause restore[] = {FETTLE_CLAUSE_RESTORE,
                                            FETTLE_CLAUSE_RESTORE_ON};
    return plan->is_restore ? restore[has_port] : clauses[plan->kind][has_port];
}

/* ---- ends ---- */

/* Whatever came of bringing the board to rest: how the job ends was known before. */
static fettle_effect on_rested(fettle_job_engine *job, const fettle_outcome *last,
                               fettle_us now)
{
    (void)last;
    (void)now;
    if (job->has_said_farewell && job->way->note_start != NULL) {
        job->way->note_start(job);
    }
    if (job->has_said_farewell && job->way->has_started != NULL) {
        fettle_start start = job->way->has_started(job);
        job->mode = start == FETTLE_START_SEEN    ? FETTLE_MODE_APP
                    : start == FETTLE_START_LOOPS ? FETTLE_MODE_UNKNOWN
                                                  : job->mode;
    }
    return job->engine.error.code == FETTLE_E_NONE
               ? fettle_done(&job->engine)
               : (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

static fettle_effect rest(fettle_job_engine *job)
{
    fettle_engine *child = job->is_met ? job->way->rest(job) : NULL;
    return child == NULL ? on_rested(job, NULL, 0)
                         : fettle_script_run(job, job->observed.stage, child, 0, on_rested);
}

fettle_effect fettle_script_end(fettle_job_engine *job, fettle_job_end how)
{
    job->end = how;
    return rest(job);
}

static void write_version(char *text, size_t size, uint16_t bcdDevice)
{
    fettle_text_append_hex(text, size, bcdDevice >> 8, 1);
    fettle_text_append(text, size, ".");
    fettle_text_append_hex(text, size, bcdDevice & 0xFF, 2);
}

/* By its own word, which counts more than what it shows on the bus. */
static bool note_firmware(fettle_job_engine *job)
{
    const fettle_carrier_facts *was = &job->carrier_facts[false],
                               *is = &job->carrier_facts[true];
    char before[8] = "", after[8] = "";
    if (!was->has_firmware || !is->has_firmware || was->firmware == is->firmware) {
        return is->has_firmware;
    }
    fettle_text_append_number(before, sizeof before, was->firmware);
    fettle_text_append_number(after, sizeof after, is->firmware);
    fettle_note_add(&job->observed, FETTLE_NOTE_VERSION_CHANGED,
                    &(fettle_words){.text = before, .text2 = after});
    return true;
}

static void note_version(fettle_job_engine *job)
{
    char before[8] = "", after[8] = "";
    if (note_firmware(job)) {
        return;
    }
    if (job->version_before == 0 || job->version_after == 0 ||
        job->version_before == job->version_after) {
        return;
    }
    write_version(before, sizeof before, job->version_before);
    write_version(after, sizeof after, job->version_after);
    fettle_note_add(&job->observed, FETTLE_NOTE_VERSION_CHANGED,
                    &(fettle_words){.text = before, .text2 = after});
}

fettle_effect fettle_script_end_well(fettle_job_engine *job)
{
    if (job->plan->row->carries_module && job->plan->kind == FETTLE_TASK_UPDATE) {
        fettle_script_note(job, FETTLE_NOTE_MODULE_SEPARATE);
    }
    note_version(job);
    fettle_module_note_end(job);
    switch (job->plan->kind) {
    case FETTLE_TASK_READ:
        return fettle_script_end(job, FETTLE_JOB_READ);
    case FETTLE_TASK_VERIFY:
        return fettle_script_end(job, FETTLE_JOB_VERIFIED);
    case FETTLE_TASK_RESET:
        return fettle_script_end(job, FETTLE_JOB_RESET);
    case FETTLE_TASK_ERASE:
        return fettle_script_end(job, FETTLE_JOB_ERASED);
    default:
        return fettle_script_end(job, job->has_written ? FETTLE_JOB_UPDATED
                                                       : FETTLE_JOB_UNCHANGED);
    }
}

/* The last word: `engine.error` is set; the board's name and the stage come to it. */
fettle_effect fettle_script_give_up(fettle_job_engine *job)
{
    fettle_words words = fettle_script_words(job);
    if (job->engine.error.code !=
        FETTLE_E_APPLICATION_MISSING) { /* the update itself is done */
        fettle_error_wrap(&job->engine.error,
                          fettle_job_clause(job->plan, words.port != NULL), &words);
    }
    if (job->engine.error.code == FETTLE_E_READ_PROTECTED &&
        (job->plan->kind == FETTLE_TASK_READ || job->plan->kind == FETTLE_TASK_VERIFY)) {
        job->engine.error.hint =
            "It can't be read out; taking the protection off erases all of it.";
    }
    const char *hint = job->is_met && job->way->hint != NULL ? job->way->hint(job) : NULL;
    job->engine.error.hint = hint != NULL ? hint : job->engine.error.hint;
    job->engine.error.stage = job->observed.stage;
    return rest(job);
}

fettle_effect fettle_script_refuse(fettle_job_engine *job, fettle_code code)
{
    fettle_words words = fettle_script_words(job);
    (void)fettle_refuse(&job->engine, code, &words);
    return fettle_script_give_up(job);
}

/* Where trying again is no help: a person's wish, a plain no, or something to be mended first. */
static bool is_final(fettle_code code)
{
    switch (code) {
    case FETTLE_E_NO_ANSWER:
    case FETTLE_E_BOARD_LEFT:
    case FETTLE_E_BOARD_REFUSED:
    case FETTLE_E_UNEXPECTED_ANSWER:
    case FETTLE_E_TRANSFER_FAILED:
    case FETTLE_E_LINE_NOISE:
        return false;
    default:
        return true;
    }
}

/*
 * A loader with a window that left before anything was written: its time was over. That is no
 * failure while somebody can press the button again; the wait that was agreed on bounds it.
 */
static bool has_missed_window(const fettle_job_engine *job)
{
    return job->engine.error.code == FETTLE_E_BOARD_LEFT && job->plan->row->window > 0 &&
           !job->has_written && job->observed.stage <= FETTLE_STAGE_COMPARE &&
           fettle_script_has_a_hand(job) && job->windows_missed < WINDOWS_MAX;
}

/*
 * An update that can be run again can run itself again: after a failure of a board that it had
 * opened the job starts over from finding it, once. `engine.error` is set.
 */
fettle_effect fettle_script_fail_so(fettle_job_engine *job, fettle_us now)
{
    if (has_missed_window(job)) {
        return fettle_script_rearm(job, now);
    }
    if (fettle_script_may_unprotect(job)) {
        return fettle_script_unprotect(job);
    }
    if (is_final(job->engine.error.code) || !job->is_open || job->tries++ >= TRIES_MORE) {
        return fettle_script_give_up(job);
    }
    job->first_error = job->engine.error;
    job->first_error.stage = job->observed.stage;
    fettle_note_add(&job->observed, FETTLE_NOTE_TRIED_AGAIN,
                    &(fettle_words){.text = job->engine.error.message});
    job->engine.error = (fettle_error){.code = FETTLE_E_NONE};
    job->engine.done = 0;
    job->after_arrival = 0;
    memset(&job->attempt, 0, sizeof job->attempt);
    bool was_leaving =
        job->first_error.stage >= FETTLE_STAGE_LEAVE || job->way->has_left(job);
    job->open_until = was_leaving ? now + COMES_UP_TIME : now;
    return fettle_script_find(job, NULL, now);
}

fettle_effect fettle_script_fail(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_clause clause, fettle_us now)
{
    fettle_words words = fettle_script_words(job);
    (void)fettle_fail(&job->engine, last, clause, &words);
    if (last->kind == FETTLE_ERROR && last->why == FETTLE_WHY_PERMISSION &&
        last->sight != NULL && last->sight->kind == FETTLE_LINK_SERIAL) {
        job->engine.error.hint = /* a rule for USB devices is no cure for that */
            "Type sudo usermod -aG dialout \"$USER\" (uucp on Arch), log out and log in "
            "again, then run the same command again.";
    }
    return fettle_script_fail_so(job, now);
}

/* A further try did not even find the board: what counts is why there was one. */
fettle_effect fettle_script_not_found(fettle_job_engine *job, fettle_code code)
{
    if (job->first_error.code == FETTLE_E_NONE) {
        return fettle_script_refuse(job, code);
    }
    job->engine.error = job->first_error;
    job->observed.stage = job->first_error.stage;
    return fettle_script_give_up(job);
}

/* ---- effects ---- */

fettle_us fettle_script_after(fettle_us now, fettle_us time)
{
    return time < FETTLE_NEVER - now ? now + time : FETTLE_NEVER;
}

fettle_effect fettle_script_run(fettle_job_engine *job, fettle_stage stage,
                                fettle_engine *child, uint32_t share,
                                fettle_script_then *next)
{
    job->observed.stage = stage;
    job->then = next;
    return (fettle_effect){.kind = FETTLE_EFFECT_RUN, .run = {child, share}};
}

void fettle_script_skip(fettle_job_engine *job, uint32_t share)
{
    job->engine.done += share;
}

/* The row's faces, all to be seen, or to be opened where they can be. */
static size_t list_faces(fettle_job_engine *job, bool opens)
{
    const fettle_plan *plan = job->plan;
    memcpy(job->faces, plan->faces, sizeof job->faces);
    size_t count = plan->face_count + (job->was_app_seen ? plan->stranger_count : 0);
    for (size_t i = 0; !opens && i < count; i++) {
        job->faces[i].as = FETTLE_LINK_NONE;
    }
    return count;
}

/* The computer's own ports have no ids. */
static bool is_on_usb(const fettle_sight *sight)
{
    return sight->kind == FETTLE_LINK_SERIAL && sight->id.vendor != 0;
}

/* Of a line that nobody has named. */
static bool (*may_be(const fettle_job_engine *job))(const fettle_sight *sight)
{
    const fettle_plan *plan = job->plan;
    bool is_named =
        job->sight.path[0] != '\0' || plan->path[0] != '\0' || plan->serial[0] != '\0';
    if (is_named || plan->row->protocol != FETTLE_PROTOCOL_ESP) {
        return NULL;
    }
    return plan->row == &fettle_board_esp && !job->means_module ? fettle_bridge_is_known
                                                                : is_on_usb;
}

/* Once a board was seen, it alone is meant, under whatever ids it comes back where no table tells. */
fettle_effect fettle_script_open(fettle_job_engine *job, fettle_stage stage, bool opens,
                                 fettle_us until, fettle_ask ask, fettle_script_then *next)
{
    const fettle_plan *plan = job->plan;
    bool is_bound = job->sight.path[0] != '\0';
    fettle_match match = {
        .path = is_bound                ? job->sight.path
                : plan->path[0] != '\0' ? plan->path
                                        : NULL,
        .serial = !is_bound && plan->serial[0] != '\0' ? plan->serial : NULL,
        .faces = job->faces,
        .face_count = list_faces(job, opens),
        .never = plan->never,
        .never_count = plan->never_count,
        .after_arrival = job->after_arrival,
        .may_be = may_be(job),
    };
    if (is_bound && plan->row == &fettle_board_generic &&
        (job->was_app_seen || stage == FETTLE_STAGE_CONFIRM)) {
        job->faces[0].id = (fettle_usb_id){0, 0};
    }
    job->is_met = false;
    job->observed.stage = stage;
    job->then = next;
    return (fettle_effect){
        .kind = FETTLE_EFFECT_OPEN,
        .ask = ask,
        .until = until,
        .open = {.match = match, .settings = {.baud = FETTLE_ESP_BAUD, .data_bits = 8}}};
}

bool fettle_script_is_proven(const fettle_job_engine *job)
{
    return job->evidence >= FETTLE_EVIDENCE_HASH;
}

bool fettle_script_is_in_loader(const fettle_job_engine *job)
{
    return job->mode != FETTLE_MODE_APP;
}

void fettle_script_see(fettle_job_engine *job, const fettle_sight *sight)
{
    job->sight = *sight;
    const fettle_quirk_row *quirks = fettle_board_quirks_of(sight->id, sight->bcdDevice);
    if (quirks != NULL && quirks->dfu.serial_is_utf8) {
        fettle_names_mend(job->sight.serial);
    }
    job->mode = job->way->guess(job);
    job->after_arrival = sight->arrival;
    if (job->mode == FETTLE_MODE_APP) {
        job->was_app_seen = true;
        if (job->evidence > FETTLE_EVIDENCE_NONE || job->has_written) {
            job->version_after = sight->bcdDevice;
        } else {
            job->version_before = sight->bcdDevice;
        }
    }
}

/* ---- the engine ---- */

static fettle_effect step(fettle_engine *engine, const fettle_outcome *last, fettle_us now)
{
    fettle_job_engine *job = (fettle_job_engine *)engine;
    return job->then(job, last, now);
}

static const fettle_way *const ways[] = {
    [FETTLE_PROTOCOL_DFU] = &fettle_way_dfu,
    [FETTLE_PROTOCOL_ESP] = &fettle_way_esp,
};

void fettle_job_engine_init(fettle_job_engine *job, const fettle_plan *plan,
                            uint8_t *buffer, size_t buffer_size,
                            const fettle_memory_ops *memory)
{
    memset(job, 0, sizeof *job);
    job->memory = memory;
    job->engine = (fettle_engine){.step = step, .total = SHARES};
    job->observed.stage = FETTLE_STAGE_FIND;
    job->plan = plan;
    job->way = ways[plan->row->protocol];
    job->is_unfinished = plan->was_unfinished;
    job->buffer = buffer;
    job->buffer_size = buffer_size;
    job->then = fettle_script_find;
    for (size_t i = 0; i < plan->note_count; i++) {
        job->observed.notes[job->observed.note_count++] = plan->notes[i];
    }
}

void fettle_job_engine_finish(fettle_job_engine *job)
{
    fettle_target_free(&job->target);
    fettle_esp_work_free(&job->esp);
    fettle_module_free(job);
}
