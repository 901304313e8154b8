/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script's last part: start the application, and see it come up. Where it doesn't, the question
 * is why: the board can't leave by itself (a person can replug it), it may be unfinished (it is
 * written once more), or it has what it should and doesn't start it.
 */
#include "job/script.h"

#include "base/text.h"

/*
 * A board that takes a USB reset as "leave" is off the bus within milliseconds. One that was never seen with an
 * application, and is still there after this, stays; if it has left, it gets the time to come back.
 */
#define LEAVES_TIME (500 * MS)
#define BACK_TIME   (2 * SECOND)

enum {
    REWRITES_MAX = 1,
    /* Times that a board comes back in update mode until we believe it stays. */
    RETURNS_MAX = 2,
};

static fettle_script_then on_left, on_confirmed, on_still_there, on_reached_again,
    on_farewell, on_replugged;

/* ---- leave ---- */

static void count_repairs(fettle_job_engine *job)
{
    if (job->repaired > 0 && fettle_script_is_proven(job)) {
        fettle_note_add(&job->observed, FETTLE_NOTE_REPAIRED,
                        &(fettle_words){.count = job->repaired});
    }
}

fettle_effect fettle_script_leave(fettle_job_engine *job, fettle_us now)
{
    count_repairs(job);
    if (job->plan->stays && !job->attempt.must_read_again) {
        fettle_script_note(job, FETTLE_NOTE_LEFT_IN_UPDATE_MODE);
        return fettle_script_end_well(job);
    }
    bool only_looked =
        job->plan->kind == FETTLE_TASK_READ || job->plan->kind == FETTLE_TASK_VERIFY;
    if (only_looked && !job->was_app_seen) {
        return fettle_script_end_well(job); /* as it was found */
    }
    job->attempt.entries = 0;
    fettle_engine *child = job->way->leave(job);
    if (child == NULL) {
        fettle_script_skip(job, SHARE_LEAVE);
        return fettle_script_confirm(job, now);
    }
    return fettle_script_run(job, FETTLE_STAGE_LEAVE, child, SHARE_LEAVE, on_left);
}

static fettle_effect on_left(fettle_job_engine *job, const fettle_outcome *last,
                             fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_LEAVE, now);
    }
    return fettle_script_confirm(job, now);
}

/* ---- confirm ---- */

static fettle_effect no_application(fettle_job_engine *job);
static fettle_effect end_in_loader(fettle_job_engine *job);

static bool expects_application(const fettle_job_engine *job)
{
    return job->plan->expects_application || job->was_app_seen;
}

static fettle_effect watch(fettle_job_engine *job, fettle_us until)
{
    return fettle_script_open(job, FETTLE_STAGE_CONFIRM, job->attempt.must_read_again,
                              until, FETTLE_ASK_NOTHING, on_confirmed);
}

/* What leave() has heard is all that there is. */
static fettle_effect confirm_start(fettle_job_engine *job)
{
    if (job->way->note_start != NULL) {
        job->way->note_start(job);
    }
    switch (job->way->has_started(job)) {
    case FETTLE_START_SEEN:
        job->mode = FETTLE_MODE_APP;
        return fettle_script_settle(job);
    case FETTLE_START_NOTHING:
    case FETTLE_START_LOOPS:
        return no_application(job);
    default:
        return end_in_loader(job);
    }
}

/* A board that took the reset, stayed, and was never seen with an application may have none. */
fettle_effect fettle_script_confirm(fettle_job_engine *job, fettle_us now)
{
    if (job->way->has_started != NULL) {
        return confirm_start(job);
    }
    bool may_stay = !expects_application(job) && !job->way->has_left(job);
    bool should_have_left = expects_application(job) && !job->way->has_left(job) &&
                            !job->attempt.left_late && job->attempt.farewells == 0 &&
                            job->plan->row == &fettle_board_generic;
    job->attempt.was_brief = should_have_left;
    /* Of one that has left nobody knows that its application is to be seen at all: many have no USB. */
    bool may_be_done = !expects_application(job) && fettle_script_is_proven(job);
    job->open_until = now + (may_stay                          ? LEAVES_TIME
                             : should_have_left || may_be_done ? BACK_TIME
                             : expects_application(job)        ? job->plan->row->comes_back
                                                               : COMES_UP_TIME);
    return watch(job, job->open_until);
}

/* What nothing could prove, said with its reason. */
static void note_no_proof(fettle_job_engine *job)
{
    fettle_note_code why =
        job->way->why_unproven != NULL ? job->way->why_unproven(job) : FETTLE_NOTE_NONE;
    if (!job->has_written || job->evidence != FETTLE_EVIDENCE_NONE) {
        return;
    }
    if (why != FETTLE_NOTE_NONE) {
        fettle_script_note(job, why);
        return;
    }
    fettle_script_note(job, fettle_script_reads(job) ? FETTLE_NOTE_READ_LATER_IMPOSSIBLE
                                                     : FETTLE_NOTE_NO_READBACK);
}

/* It runs: whatever was left open, it is firmware. */
fettle_effect fettle_script_settle(fettle_job_engine *job)
{
    job->attempt.must_read_again = job->is_unfinished = false;
    note_no_proof(job);
    return fettle_script_end_well(job);
}

static fettle_effect settle(fettle_job_engine *job, fettle_us now)
{
    (void)now;
    return fettle_script_settle(job);
}

static fettle_effect on_application(fettle_job_engine *job, fettle_us now)
{
    if (job->attempt.must_read_again && job->way->can_enter(job)) {
        return fettle_script_meet(job, now);
    }
    return fettle_script_ask_carrier(job, true, settle, now);
}

/* Memory that was read and is right, and a board that stays all the same. */
static void note_faulty_batch(fettle_job_engine *job)
{
    const char *faulty = job->plan->row->faulty_revision;
    if (faulty != NULL && fettle_text_is_equal(faulty, job->plan->revision) &&
        fettle_script_is_proven(job)) {
        fettle_script_note(job, FETTLE_NOTE_FAULTY_BATCH);
    }
}

/* Then note_start() has said so. */
static bool is_known_to_loop(const fettle_job_engine *job)
{
    return job->way->has_started != NULL &&
           job->way->has_started(job) == FETTLE_START_LOOPS;
}

/* For an update that is the failure; whoever only read, or asked for a restart, hears it otherwise. */
static fettle_effect no_application(fettle_job_engine *job)
{
    note_faulty_batch(job);
    if (job->end_was_refused && job->plan->row->window > 0) {
        fettle_script_note(job, FETTLE_NOTE_TRY_USB2);
    }
    bool is_about_application = job->plan->image != NULL && !job->plan->is_restore;
    if (!is_about_application && job->evidence != FETTLE_EVIDENCE_NONE) {
        if (!is_known_to_loop(job)) {
            fettle_script_note(job, FETTLE_NOTE_NOTHING_STARTS);
        }
        return fettle_script_end_well(job);
    }
    switch (job->plan->kind) {
    case FETTLE_TASK_UPDATE: /* "the update is in place" is only said with proof */
        return fettle_script_refuse(job, job->evidence != FETTLE_EVIDENCE_NONE
                                             ? FETTLE_E_APPLICATION_MISSING
                                             : FETTLE_E_NO_APPLICATION);
    case FETTLE_TASK_RESET:
        return fettle_script_refuse(job, FETTLE_E_NO_APPLICATION);
    default:
        return fettle_script_end_well(job);
    }
}

/*
 * What is in memory may be right, and still not count as firmware: where blocks come in order it is
 * the end of a download that makes them one. If nothing says that an end was taken, and no
 * application comes up, all of it is written once more, to its end.
 */
static bool should_write_again(const fettle_job_engine *job)
{
    return job->plan->kind == FETTLE_TASK_UPDATE && job->is_unfinished &&
           job->way->needs_end(job) && job->rewrites < REWRITES_MAX;
}

static fettle_effect write_again(fettle_job_engine *job, fettle_us now)
{
    job->rewrites++;
    job->must_write = true;
    job->evidence = FETTLE_EVIDENCE_NONE;
    job->after_arrival = 0;
    return fettle_script_open(job, FETTLE_STAGE_WRITE, true, now, FETTLE_ASK_NOTHING,
                              fettle_script_on_arrived);
}

/* It was written and could not be read, and here it is in update mode again: now it can. */
static bool should_read_now(const fettle_job_engine *job)
{
    return job->plan->kind == FETTLE_TASK_UPDATE && job->has_written &&
           !fettle_script_is_proven(job) && !job->has_looked_again &&
           fettle_script_reads(job);
}

static fettle_effect read_now(fettle_job_engine *job, fettle_us now)
{
    job->has_looked_again = job->attempt.must_read_again = true;
    job->after_arrival = 0;
    return fettle_script_open(job, FETTLE_STAGE_VERIFY, true, now, FETTLE_ASK_NOTHING,
                              fettle_script_on_arrived);
}

static fettle_effect end_in_loader(fettle_job_engine *job)
{
    if (job->plan->kind == FETTLE_TASK_RESET) {
        return fettle_script_refuse(job, FETTLE_E_NO_APPLICATION);
    }
    note_faulty_batch(job);
    fettle_words words = fettle_script_words(job);
    const fettle_quirk_row *quirks =
        fettle_board_quirks_of(job->sight.id, job->sight.bcdDevice);
    words.text = quirks != NULL ? quirks->stays : NULL;
    fettle_note_add(&job->observed,
                    words.text != NULL                    ? FETTLE_NOTE_STAYS_HELD
                    : fettle_job_hand_row(job)->is_wired  ? FETTLE_NOTE_UNWIRE
                    : job->way->stays != FETTLE_NOTE_NONE ? job->way->stays
                                                          : FETTLE_NOTE_UNPLUG_AND_REPLUG,
                    &words);
    note_no_proof(job);
    return fettle_script_end_well(job);
}

static fettle_effect on_loader_again(fettle_job_engine *job, fettle_us now)
{
    if (fettle_script_is_other_board(job)) {
        return fettle_script_refuse_other_board(job);
    }
    if (job->attempt.must_read_again) {
        return fettle_script_meet(job, now);
    }
    if (should_write_again(job)) {
        return write_again(job, now);
    }
    if (should_read_now(job)) {
        return read_now(job, now);
    }
    if (!expects_application(job)) {
        return end_in_loader(job);
    }
    if (fettle_script_is_proven(job)) {
        fettle_script_note(job, FETTLE_NOTE_STAYS_IN_LOADER);
    }
    if (++job->attempt.returns < RETURNS_MAX) {
        return watch(job, job->open_until);
    }
    return no_application(job);
}

static fettle_effect on_confirmed(fettle_job_engine *job, const fettle_outcome *last,
                                  fettle_us now)
{
    if (last->kind == FETTLE_TIMEOUT) {
        job->after_arrival = 0; /* hasn't it left, or hasn't it come back? */
        return fettle_script_open(job, FETTLE_STAGE_CONFIRM, false, now, FETTLE_ASK_NOTHING,
                                  on_still_there);
    }
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_CONFIRM, now);
    }
    fettle_script_see(job, last->sight);
    return fettle_script_is_in_loader(job) ? on_loader_again(job, now)
                                           : on_application(job, now);
}

/* It has left and isn't back in the usual time; somebody wants to wait for longer than that. */
static bool may_wait_longer(const fettle_job_engine *job)
{
    return expects_application(job) && !job->attempt.was_patient && job->plan->is_patient &&
           job->plan->wait > job->plan->row->comes_back;
}

/* Still in update mode, because it can't leave by itself. */
static fettle_effect on_still_there(fettle_job_engine *job, const fettle_outcome *last,
                                    fettle_us now)
{
    if (last->kind == FETTLE_CANCELLED) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_CONFIRM, now);
    }
    if (last->kind != FETTLE_OK && !job->attempt.left_late &&
        (!expects_application(job) || job->attempt.was_brief)) {
        job->attempt.left_late = true;
        return watch(job, now + (expects_application(job)
                                     ? job->plan->row->comes_back - BACK_TIME
                                     : BACK_TIME));
    }
    if (last->kind != FETTLE_OK && may_wait_longer(job)) {
        job->attempt.was_patient = true;
        return watch(job, now + job->plan->wait - job->plan->row->comes_back);
    }
    if (last->kind != FETTLE_OK && !expects_application(job)) {
        /* It left, and may have nothing to show on this bus; but its end must have been taken. */
        job->mode = FETTLE_MODE_UNKNOWN;
        return job->is_unfinished ? fettle_script_refuse(job, FETTLE_E_BOARD_LEFT)
                                  : fettle_script_settle(job);
    }
    if (last->kind != FETTLE_OK || job->attempt.returns > 0) {
        return no_application(job);
    }
    fettle_script_see(job, last->sight);
    if (!fettle_script_is_in_loader(job)) {
        return on_application(job, now);
    }
    if (should_write_again(job)) {
        return write_again(job, now);
    }
    if (should_read_now(job)) {
        return read_now(job, now);
    }
    if (expects_application(job) && job->attempt.farewells == 0 &&
        job->plan->row == &fettle_board_generic) { /* a row knows how its board leaves */
        job->after_arrival = 0;
        return fettle_script_open(job, FETTLE_STAGE_LEAVE, true, now, FETTLE_ASK_NOTHING,
                                  on_reached_again);
    }
    if (fettle_script_has_a_hand(job) && expects_application(job)) {
        return fettle_script_open(job, FETTLE_STAGE_CONFIRM, false,
                                  fettle_script_after(now, job->plan->wait),
                                  FETTLE_ASK_REPLUG, on_replugged);
    }
    return end_in_loader(job);
}

static fettle_effect say_farewell(fettle_job_engine *job, fettle_us now)
{
    fettle_engine *child = job->way->leave_otherwise(job, job->attempt.farewells++);
    if (child == NULL) {
        return fettle_script_confirm(job, now);
    }
    return fettle_script_run(job, FETTLE_STAGE_LEAVE, child, 0, on_farewell);
}

/* It stays where it should have left: there are boards that want another word for it. */
static fettle_effect on_reached_again(fettle_job_engine *job, const fettle_outcome *last,
                                      fettle_us now)
{
    if (last->kind == FETTLE_CANCELLED) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_LEAVE, now);
    }
    if (last->kind != FETTLE_OK) { /* it is on its way, or somebody else has it */
        job->attempt.farewells++;
        return fettle_script_confirm(job, now);
    }
    fettle_script_see(job, last->sight);
    if (!fettle_script_is_in_loader(job)) {
        return on_application(job, now);
    }
    if (!job->way->meet(job, &job->engine.error)) {
        return fettle_script_give_up(job);
    }
    job->is_met = true;
    return say_farewell(job, now);
}

static fettle_effect on_farewell(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_us now)
{
    if (last->kind == FETTLE_CANCELLED) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_LEAVE, now);
    }
    bool was_refused = last->kind == FETTLE_OK && !job->way->has_made_way(job);
    return was_refused ? say_farewell(job, now) : fettle_script_confirm(job, now);
}

static fettle_effect on_replugged(fettle_job_engine *job, const fettle_outcome *last,
                                  fettle_us now)
{
    if (last->kind == FETTLE_TIMEOUT) {
        return end_in_loader(job);
    }
    return on_confirmed(job, last, now);
}
