/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script's middle: what is on the board, what differs, and whether it is right now. It is read
 * where the board lets us: before the end of the download, after it, or (leave.c) once its application
 * has made way again. What reads back wrong is written once more, and only once.
 */
#include "job/script.h"

enum {
    REPAIRS_MAX = 1,
    MASS_ERASE_SECONDS = 35, /* of the slowest that is known */
};

static fettle_script_then on_more, on_saved, on_room_made, on_mass_erased, on_pages_erased,
    on_range_erased, on_whole_erased, on_restarted, on_blank_checked, on_compared,
    on_written, on_read_early, on_repaired, on_finished, on_verified, on_rewritten,
    on_read_back;

static fettle_effect finish(fettle_job_engine *job, fettle_us now);
static fettle_effect after_finish(fettle_job_engine *job, fettle_us now);
static fettle_effect erase_range(fettle_job_engine *job);
static fettle_effect make_room(fettle_job_engine *job);
static fettle_effect mismatch(fettle_job_engine *job);
static fettle_effect mass_erase(fettle_job_engine *job, uint32_t share,
                                fettle_script_then *next);
static bool was_refused_in_one_go(const fettle_job_engine *job, const fettle_outcome *last);
static fettle_effect erase_page_by_page(fettle_job_engine *job, fettle_script_then *next);
static fettle_effect fail_to_erase(fettle_job_engine *job, const fettle_outcome *last,
                                   fettle_us now);
static uint32_t count_differences(const fettle_job_engine *job);

/* ---- compare ---- */

/* Whatever was known of the memory is not known any more. */
static void begin_changing(fettle_job_engine *job)
{
    job->has_written = job->is_unfinished = true;
    job->evidence = FETTLE_EVIDENCE_NONE;
}

static fettle_effect write_blocks(fettle_job_engine *job, bool repair, uint32_t share,
                                  fettle_script_then *next)
{
    if (job->way->erase == NULL) {
        begin_changing(job);
        return fettle_script_run(job, FETTLE_STAGE_WRITE, job->way->write(job, repair),
                                 share, next);
    }
    job->after_erase = next;
    job->repairs_next = repair;
    job->write_share = share;
    fettle_engine *save = job->way->save(job, repair);
    return save == NULL ? make_room(job)
                        : fettle_script_run(job, FETTLE_STAGE_BACKUP, save, 0, on_saved);
}

static fettle_effect make_room(fettle_job_engine *job)
{
    begin_changing(job);
    return fettle_script_run(job, FETTLE_STAGE_ERASE, job->way->erase(job),
                             job->write_share / 2, on_room_made);
}

static fettle_effect on_saved(fettle_job_engine *job, const fettle_outcome *last,
                              fettle_us now)
{
    return last->kind == FETTLE_OK
               ? make_room(job)
               : fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
}

static fettle_effect on_room_made(fettle_job_engine *job, const fettle_outcome *last,
                                  fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    return fettle_script_run(job, FETTLE_STAGE_WRITE,
                             job->way->write(job, job->repairs_next),
                             job->write_share - job->write_share / 2, job->after_erase);
}

static fettle_effect write(fettle_job_engine *job, bool repair)
{
    return write_blocks(job, repair, SHARE_WRITE, on_written);
}

bool fettle_script_reads(const fettle_job_engine *job)
{
    return job->plan->may_read && job->way->can_read(job);
}

fettle_effect fettle_script_work(fettle_job_engine *job, fettle_us now)
{
    switch (job->plan->kind) {
    case FETTLE_TASK_SURVEY: {
        fettle_engine *more = job->way->ask_more != NULL ? job->way->ask_more(job) : NULL;
        return more != NULL ? fettle_script_run(job, job->observed.stage, more, 0, on_more)
                            : fettle_script_end(job, FETTLE_JOB_SURVEYED);
    }
    case FETTLE_TASK_RESET:
        if (job->plan->to == FETTLE_MODE_APP) {
            return fettle_script_leave(job, now);
        }
        if (!job->was_app_seen && job->way->has_started == NULL) {
            fettle_script_note(job, FETTLE_NOTE_ALREADY_THERE);
        }
        return fettle_script_end(job, FETTLE_JOB_RESET);
    case FETTLE_TASK_READ:
        return fettle_script_run(job, FETTLE_STAGE_BACKUP,
                                 job->way->read(job, job->buffer, job->buffer_size),
                                 SHARES - SHARE_LEAVE, on_read_back);
    case FETTLE_TASK_VERIFY:
        return fettle_script_run(job, FETTLE_STAGE_VERIFY, job->way->compare(job, true),
                                 SHARES - SHARE_LEAVE, on_compared);
    case FETTLE_TASK_ERASE:
        return erase_range(job);
    case FETTLE_TASK_UPDATE:
        break;
    }
    if (job->plan->mass_erases && !job->was_mass_erased && !job->plan->is_dry &&
        !job->attempt.must_read_again && job->way->mass_erase != NULL) {
        begin_changing(job);
        return mass_erase(job, SHARE_COMPARE, on_mass_erased);
    }
    if (job->must_write) {
        job->must_write = false;
        return write(job, false);
    }
    if (job->attempt
            .must_read_again) { /* written before the application was started: look now */
        return fettle_script_run(job, FETTLE_STAGE_VERIFY, job->way->compare(job, true), 0,
                                 on_verified);
    }
    if (job->attempt.has_restarted) {
        job->attempt.has_restarted = false;
        return after_finish(job, now);
    }
    if (fettle_script_reads(job) && !job->plan->writes_all) {
        return fettle_script_run(job, FETTLE_STAGE_COMPARE,
                                 job->way->compare(job, job->way->can_read_early(job)),
                                 SHARE_COMPARE, on_compared);
    }
    if (job->plan->is_dry) {
        return fettle_script_end(job, FETTLE_JOB_PLANNED);
    }
    fettle_script_skip(job, SHARE_COMPARE);
    return write(job, false);
}

static fettle_effect on_more(fettle_job_engine *job, const fettle_outcome *last,
                             fettle_us now)
{
    if (last->kind == FETTLE_GONE || last->kind == FETTLE_CANCELLED) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_SURVEY, now);
    }
    return fettle_script_end(job, FETTLE_JOB_SURVEYED);
}

/* ---- all at once ---- */

static fettle_effect mass_erase(fettle_job_engine *job, uint32_t share,
                                fettle_script_then *next)
{
    if (job->erases_by_pages) {
        return erase_page_by_page(job, next);
    }
    fettle_note_add(&job->observed, FETTLE_NOTE_ERASE_TAKES,
                    &(fettle_words){.count = MASS_ERASE_SECONDS});
    return fettle_script_run(job, FETTLE_STAGE_ERASE, job->way->mass_erase(job), share,
                             next);
}

/* The board is there, and says no. */
static bool was_refused_in_one_go(const fettle_job_engine *job, const fettle_outcome *last)
{
    return job->way->erase_all_pages != NULL && last->kind == FETTLE_ERROR &&
           last->error != NULL && last->error->code == FETTLE_E_BOARD_REFUSED;
}

static fettle_effect erase_page_by_page(fettle_job_engine *job, fettle_script_then *next)
{
    job->erases_by_pages = true;
    fettle_script_note(job, FETTLE_NOTE_ERASED_BY_PAGES);
    return fettle_script_run(job, FETTLE_STAGE_ERASE, job->way->erase_all_pages(job), 0,
                             next);
}

/* Frightening, and harmless: what erases is the loader, which is somewhere else. */
static fettle_effect fail_to_erase(fettle_job_engine *job, const fettle_outcome *last,
                                   fettle_us now)
{
    fettle_effect effect = fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    if (job->engine.error.code == FETTLE_E_BOARD_REFUSED) {
        job->engine.error.hint =
            "The board's loader is still there, so it can be updated again at any time: "
            "unplug it, plug it in and run the same command.";
    }
    return effect;
}

static fettle_effect on_mass_erased(fettle_job_engine *job, const fettle_outcome *last,
                                    fettle_us now)
{
    if (was_refused_in_one_go(job, last)) {
        return erase_page_by_page(job, on_pages_erased);
    }
    return on_pages_erased(job, last, now);
}

static fettle_effect on_pages_erased(fettle_job_engine *job, const fettle_outcome *last,
                                     fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fail_to_erase(job, last, now);
    }
    job->was_mass_erased = job->attempt.was_mass_erased = true;
    return write(job, false);
}

/* ---- erase ---- */

static fettle_effect erase_range(fettle_job_engine *job)
{
    if (job->plan->is_dry) {
        job->way->note_plan(job);
        return fettle_script_end(job, FETTLE_JOB_PLANNED);
    }
    bool is_whole = job->plan->mass_erases && job->way->mass_erase != NULL;
    job->has_written = true;
    job->evidence = FETTLE_EVIDENCE_NONE;
    return is_whole ? mass_erase(job, SHARES - SHARE_VERIFY, on_whole_erased)
                    : fettle_script_run(job, FETTLE_STAGE_ERASE, job->way->erase(job),
                                        SHARES - SHARE_VERIFY, on_range_erased);
}

static fettle_effect on_whole_erased(fettle_job_engine *job, const fettle_outcome *last,
                                     fettle_us now)
{
    return was_refused_in_one_go(job, last) ? erase_page_by_page(job, on_range_erased)
                                            : on_range_erased(job, last, now);
}

static fettle_effect on_range_erased(fettle_job_engine *job, const fettle_outcome *last,
                                     fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fail_to_erase(job, last, now);
    }
    fettle_engine *check = fettle_script_reads(job) ? job->way->check_blank(job) : NULL;
    if (check == NULL) {
        return fettle_script_end_well(job);
    }
    return fettle_script_run(job, FETTLE_STAGE_VERIFY, check, SHARE_VERIFY,
                             on_blank_checked);
}

static fettle_effect on_blank_checked(fettle_job_engine *job, const fettle_outcome *last,
                                      fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_VERIFY, now);
    }
    if (count_differences(job) > 0) {
        fettle_words words = fettle_script_words(job);
        (void)job->way->differences(job, &words.block, &words.address);
        (void)fettle_refuse(&job->engine, FETTLE_E_NOT_BLANK, &words);
        job->engine.error.has_address = true;
        job->engine.error.address = words.address;
        return fettle_script_give_up(job);
    }
    job->evidence = job->way->proves_blank(job) ? job->way->proof : FETTLE_EVIDENCE_NONE;
    return fettle_script_end_well(job);
}

static fettle_effect on_read_back(fettle_job_engine *job, const fettle_outcome *last,
                                  fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    job->count = job->way->read_count(job);
    return fettle_script_leave(job, now);
}

static uint32_t count_differences(const fettle_job_engine *job)
{
    uint32_t block, address;
    return job->way->differences(job, &block, &address);
}

static fettle_effect mismatch(fettle_job_engine *job)
{
    fettle_words words = fettle_script_words(job);
    (void)job->way->differences(job, &words.block, &words.address);
    (void)fettle_refuse(&job->engine, FETTLE_E_VERIFY_MISMATCH, &words);
    if (job->plan->kind ==
        FETTLE_TASK_VERIFY) { /* nothing was written: it has other firmware */
        job->engine.error.hint = "Run fettle update with the same file to write it.";
    }
    job->engine.error.has_address = true;
    job->engine.error.address = words.address;
    return fettle_script_give_up(job);
}

static fettle_effect on_compared(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    if (count_differences(job) == 0) {
        job->evidence = job->way->proof;
        fettle_script_skip(job, SHARE_WRITE + SHARE_VERIFY);
        if (job->plan->is_dry) {
            return fettle_script_end(job, FETTLE_JOB_PLANNED);
        }
        return job->plan->kind == FETTLE_TASK_VERIFY ? fettle_script_leave(job, now)
                                                     : finish(job, now);
    }
    if (job->plan->kind == FETTLE_TASK_VERIFY) {
        return mismatch(job);
    }
    if (job->plan->is_dry) {
        if (job->way->note_plan != NULL) {
            job->way->note_plan(job);
        }
        return fettle_script_end(job, FETTLE_JOB_PLANNED);
    }
    return write(job, true);
}

/* ---- write ---- */

static fettle_effect on_written(fettle_job_engine *job, const fettle_outcome *last,
                                fettle_us now)
{
    if (last->kind == FETTLE_GONE && job->way->restarts_itself(job)) {
        fettle_script_note(job, FETTLE_NOTE_RESTARTS);
        job->attempt.has_restarted = true;
        return fettle_script_open(job, FETTLE_STAGE_WRITE, true, now + COMES_UP_TIME,
                                  FETTLE_ASK_NOTHING, on_restarted);
    }
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    if (!fettle_script_reads(job) || !job->way->can_read_early(job)) {
        return finish(job, now);
    }
    return fettle_script_run(job, FETTLE_STAGE_VERIFY, job->way->compare(job, true),
                             SHARE_VERIFY, on_read_early);
}

/* What it was given may take effect by that, or was never there: work() looks. */
static fettle_effect on_restarted(fettle_job_engine *job, const fettle_outcome *last,
                                  fettle_us now)
{
    if (last->kind == FETTLE_TIMEOUT) {
        return fettle_script_refuse(job, FETTLE_E_BOARD_LEFT);
    }
    return fettle_script_on_arrived(job, last, now);
}

/* Where the board takes blocks in any order it still takes these: what differs is sent once more. */
static fettle_effect on_read_early(fettle_job_engine *job, const fettle_outcome *last,
                                   fettle_us now)
{
    if (last->kind == FETTLE_CANCELLED || last->kind == FETTLE_GONE) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_VERIFY, now);
    }
    if (last->kind != FETTLE_OK && job->was_read_early) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_VERIFY, now);
    }
    if (last->kind != FETTLE_OK) {
        return finish(job, now); /* it can't be read before the end: then after it */
    }
    job->was_read_early = true;
    uint32_t count = count_differences(job);
    if (count == 0) {
        job->evidence = job->way->proof;
        return finish(job, now);
    }
    if (job->repairs++ >= REPAIRS_MAX) {
        return mismatch(job);
    }
    job->repaired = count;
    return write_blocks(job, true, 0, on_repaired);
}

static fettle_effect on_repaired(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    return fettle_script_run(job, FETTLE_STAGE_VERIFY, job->way->compare(job, true), 0,
                             on_read_early);
}

static fettle_effect finish(fettle_job_engine *job, fettle_us now)
{
    fettle_engine *child = job->way->finish(job);
    if (child == NULL) {
        return after_finish(job, now);
    }
    bool is_last = fettle_script_is_proven(job);
    (void)now;
    return fettle_script_run(job, is_last ? FETTLE_STAGE_LEAVE : FETTLE_STAGE_WRITE, child,
                             0, on_finished);
}

/* ---- verify ---- */

static fettle_effect on_finished(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    return after_finish(job, now);
}

static fettle_effect after_finish(fettle_job_engine *job, fettle_us now)
{
    if (job->has_written && job->way->was_checked(job) &&
        job->evidence < FETTLE_EVIDENCE_MANIFEST) {
        job->evidence = FETTLE_EVIDENCE_MANIFEST;
    }
    if (job->way->was_ended(job)) {
        job->is_unfinished = false;
    }
    if (!job->way->was_answered(job) && !job->way->has_left(job)) {
        fettle_script_note(job, FETTLE_NOTE_COMPLETION_LOST);
        job->end_was_refused = true;
    }
    if (fettle_script_is_proven(job) || !fettle_script_reads(job)) {
        return fettle_script_leave(job, now);
    }
    if (!job->way->can_read_after(job)) {
        job->attempt.must_read_again = true; /* once its application has made way again */
        return fettle_script_leave(job, now);
    }
    return fettle_script_run(job, FETTLE_STAGE_VERIFY, job->way->compare(job, true),
                             SHARE_VERIFY, on_verified);
}

static fettle_effect on_verified(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_us now)
{
    bool may_have_started = job->way->has_started == NULL; /* else it stays where it is */
    if (last->kind == FETTLE_GONE && !job->attempt.must_read_again && may_have_started) {
        return fettle_script_confirm(
            job, now); /* it has started its application before we could look */
    }
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_VERIFY, now);
    }
    uint32_t count = count_differences(job);
    if (count == 0) {
        job->evidence = job->way->proof;
        job->attempt.must_read_again = false;
        return fettle_script_leave(job, now);
    }
    job->evidence = FETTLE_EVIDENCE_NONE; /* whatever the board thought of it */
    if (job->repairs++ >= REPAIRS_MAX) {
        return mismatch(job);
    }
    job->repaired = count;
    return write_blocks(job, true, 0, on_rewritten);
}

static fettle_effect on_rewritten(fettle_job_engine *job, const fettle_outcome *last,
                                  fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    return finish(job, now);
}
