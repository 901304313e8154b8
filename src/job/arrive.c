/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script's first part: find the board, bring it into update mode, and find out what it is. A
 * person who has to press something is asked while the job is armed already: whatever arrives is
 * taken up at once.
 */
#include "job/script.h"

#include "base/text.h"

#include <string.h>

#define PERMISSION_TIME \
    (2 * SECOND) /* a node that was just made gets its permissions later */
#define PERMISSION_LOOK (20 * MS)
#define BUSY_LOOK       (500 * MS)

enum {
    ENTRIES_MAX = 2, /* times that an application is asked to make way */
    /* Times that it is seen instead of the loader, while somebody tries. */
    MISSES_MAX = 100,
};

static fettle_script_then on_looked, on_surveyed, on_named, on_unprotected, on_detached,
    on_entered;

static fettle_effect enter(fettle_job_engine *job, fettle_us now);
static fettle_effect arm(fettle_job_engine *job, fettle_us now);
static fettle_effect settle(fettle_job_engine *job, fettle_us now);

/* ---- find ---- */

bool fettle_script_has_a_hand(const fettle_job_engine *job)
{
    return job->plan->wait > 0;
}

fettle_effect fettle_script_find(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_us now)
{
    if (last != NULL && last->kind == FETTLE_CANCELLED) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    fettle_us until = job->open_until > now ? job->open_until : now;
    job->open_until = 0;
    return fettle_script_open(job, FETTLE_STAGE_FIND, true, until, FETTLE_ASK_NOTHING,
                              on_looked);
}

static fettle_effect on_looked(fettle_job_engine *job, const fettle_outcome *last,
                               fettle_us now)
{
    if (last->kind == FETTLE_TIMEOUT) {
        return fettle_script_has_a_hand(job)
                   ? arm(job, now)
                   : fettle_script_not_found(job, FETTLE_E_NO_BOARD);
    }
    return fettle_script_on_arrived(job, last, now);
}

/* Armed: whatever comes is taken up at once, without a further word from anybody. */
static fettle_effect arm(fettle_job_engine *job, fettle_us now)
{
    bool is_absent = fettle_job_hand_row(job)->is_wired; /* a wire is asked for later */
    bool needs_button = job->plan->row->enter != NULL;
    if (!job->attempt.is_armed) {
        job->attempt.is_armed = true;
        job->armed_until = fettle_script_after(now, job->plan->wait);
    } else if (now >= job->armed_until) {
        return fettle_script_not_found(job, FETTLE_E_NO_UPDATE_MODE);
    }
    return fettle_script_open(
        job, job->sight.path[0] != '\0' ? FETTLE_STAGE_ENTER : FETTLE_STAGE_FIND, true,
        job->armed_until,
        !is_absent && (needs_button || job->sight.path[0] != '\0') ? FETTLE_ASK_UPDATE_MODE
                                                                   : FETTLE_ASK_PLUG_IN,
        fettle_script_on_arrived);
}

/* A wait without the board is mostly a cable; what came instead tells. Only while nothing was seen. */
static void note_what_came(fettle_job_engine *job, const fettle_outcome *last)
{
    fettle_words words = fettle_script_words(job);
    if (!job->attempt.is_armed || job->sight.path[0] != '\0') {
        return;
    }
    if (last->sight != NULL) {
        words.id = last->sight->id;
        words.port = last->sight->path;
    }
    fettle_note_add(&job->observed,
                    last->sight != NULL ? FETTLE_NOTE_OTHER_APPEARED
                                        : FETTLE_NOTE_NOTHING_APPEARED,
                    &words);
}

static fettle_effect on_nothing_came(fettle_job_engine *job, const fettle_outcome *last)
{
    bool was_seen = job->sight.path[0] != '\0';
    note_what_came(job, last);
    fettle_effect end = fettle_script_not_found(job, was_seen ? FETTLE_E_NO_UPDATE_MODE
                                                              : FETTLE_E_NO_BOARD);
    if (job->attempt.is_armed && job->engine.error.code == FETTLE_E_NO_BOARD) {
        job->engine.error.hint =
            "Try another cable that is known to carry data, then another "
            "port, and run the same command again.";
    }
    return end;
}

/* Whoever has asked for a wait doesn't want to type the same command again. */
static bool may_wait_for_other(fettle_job_engine *job, const fettle_outcome *last,
                               fettle_us now)
{
    bool is_fettle = last->error != NULL && last->error->code == FETTLE_E_BOARD_LOCKED;
    if (last->kind != FETTLE_ERROR || last->why != FETTLE_WHY_BUSY ||
        !job->plan->is_patient || is_fettle) { /* what that one does is what is wanted */
        return false;
    }
    if (job->busy_until == 0) {
        job->busy_until = fettle_script_after(now, job->plan->wait);
        fettle_script_note(job, FETTLE_NOTE_PORT_BUSY);
    }
    return now < job->busy_until;
}

/* It isn't there, or can't be opened. */
static fettle_effect on_not_opened(fettle_job_engine *job, const fettle_outcome *last,
                                   fettle_us now)
{
    if (last->kind == FETTLE_TIMEOUT) {
        return on_nothing_came(job, last);
    }
    if (last->kind == FETTLE_ERROR && last->why == FETTLE_WHY_PERMISSION &&
        job->attempt.is_armed) {
        job->grace_until = job->grace_until == 0 ? now + PERMISSION_TIME : job->grace_until;
        if (now < job->grace_until) {
            job->then = fettle_script_find;
            return (fettle_effect){.kind = FETTLE_EFFECT_SLEEP,
                                   .until = now + PERMISSION_LOOK};
        }
    }
    if (may_wait_for_other(job, last, now)) {
        job->then = fettle_script_find;
        return (fettle_effect){.kind = FETTLE_EFFECT_SLEEP, .until = now + BUSY_LOOK};
    }
    return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
}

fettle_effect fettle_script_rearm(fettle_job_engine *job, fettle_us now)
{
    fettle_script_note(job, FETTLE_NOTE_WINDOW_MISSED);
    job->first_error = job->engine.error;
    job->first_error.stage = job->observed.stage;
    job->engine.error = (fettle_error){.code = FETTLE_E_NONE};
    job->has_missed = true;
    job->windows_missed++;
    return arm(job, now);
}

static fettle_effect on_application_known(fettle_job_engine *job, fettle_us now);

/* A face that can only be seen: this board needs a hand to come into update mode. */
static fettle_effect on_application_seen(fettle_job_engine *job, fettle_us now)
{
    return fettle_script_ask_carrier(job, false, on_application_known, now);
}

static bool check_version(fettle_job_engine *job)
{
    const fettle_carrier_facts *facts = &job->carrier_facts[false];
    return fettle_plan_check_version(job->plan, job->sight.bcdDevice, &job->engine.error) &&
           (!facts->has_firmware ||
            fettle_plan_check_version(job->plan, facts->firmware, &job->engine.error));
}

static fettle_effect on_application_known(fettle_job_engine *job, fettle_us now)
{
    if (!check_version(job)) {
        return fettle_script_give_up(job);
    }
    if (job->attempt.is_armed && !job->has_missed) { /* after a miss it starts by itself */
        fettle_script_note(job, FETTLE_NOTE_STARTED_NORMALLY);
        if (++job->misses >= 2) {
            fettle_script_note(job, FETTLE_NOTE_UNMOUNT);
        }
    }
    job->has_missed = false;
    return fettle_script_has_a_hand(job) && job->misses < MISSES_MAX
               ? arm(job, now)
               : fettle_script_not_found(job, FETTLE_E_NO_UPDATE_MODE);
}

/* Does an application end the job well, as it is? */
static bool is_enough(const fettle_job_engine *job)
{
    return job->plan->kind == FETTLE_TASK_SURVEY || job->plan->is_dry ||
           (job->plan->kind == FETTLE_TASK_RESET && job->plan->to == FETTLE_MODE_APP);
}

static fettle_effect end_with_application(fettle_job_engine *job, fettle_us now)
{
    (void)now;
    if (job->plan->kind == FETTLE_TASK_RESET && !job->plan->is_dry) {
        fettle_script_note(job, FETTLE_NOTE_ALREADY_THERE);
    }
    return fettle_script_end(job, job->plan->is_dry ? FETTLE_JOB_PLANNED
                                  : job->plan->kind == FETTLE_TASK_SURVEY
                                      ? FETTLE_JOB_SURVEYED
                                      : FETTLE_JOB_RESET);
}

/* An application by its looks isn't asked what it is: nothing demands that. */
fettle_effect fettle_script_meet(fettle_job_engine *job, fettle_us now)
{
    job->is_open = true;
    if (fettle_script_is_other_board(job)) {
        return fettle_script_refuse_other_board(job);
    }
    if (!job->way->meet(job, &job->engine.error)) {
        return fettle_script_give_up(job);
    }
    job->is_met = true;
    if (job->way->is_computer_part(job) && job->plan->row == &fettle_board_generic &&
        job->plan->path[0] == '\0' && job->plan->serial[0] == '\0') {
        return fettle_script_refuse(job, FETTLE_E_NO_BOARD); /* ids alone don't mean it */
    }
    if (job->mode == FETTLE_MODE_APP) {
        return is_enough(job) ? end_with_application(job, now) : enter(job, now);
    }
    return fettle_script_run(job, job->observed.stage, job->way->survey(job), 0,
                             on_surveyed);
}

/* A stock loader's ids: the row was chosen by a person's word alone. */
static bool is_stranger(const fettle_job_engine *job)
{
    const fettle_board_row *row = job->plan->row;
    return row != &fettle_board_generic && row->protocol == FETTLE_PROTOCOL_DFU &&
           fettle_board_mode_of(row, job->sight.id) == FETTLE_MODE_UNKNOWN;
}

/*
 * Bound to a port, the job takes what comes there for its board, whatever ids its other mode has. But
 * in update mode it has been seen already: other ids or another serial are another board.
 */
bool fettle_script_is_other_board(fettle_job_engine *job)
{
    const fettle_sight *sight = &job->sight;
    bool has_ids = job->loader_id.vendor != 0;
    bool is_same_id = job->loader_id.vendor == sight->id.vendor &&
                      job->loader_id.product == sight->id.product;
    bool is_same_serial = job->loader_serial[0] == '\0' || sight->serial[0] == '\0' ||
                          fettle_text_is_equal(job->loader_serial, sight->serial);
    if (job->mode == FETTLE_MODE_APP) {
        return false;
    }
    if (has_ids && (!is_same_id || !is_same_serial)) {
        return true;
    }
    job->loader_id = sight->id;
    memcpy(job->loader_serial, sight->serial, sizeof job->loader_serial);
    return false;
}

fettle_effect fettle_script_refuse_other_board(fettle_job_engine *job)
{
    const char *serial = job->sight.serial;
    fettle_words words = {.id = job->sight.id,
                          .text = serial[0] != '\0' ? serial : "without a serial number"};
    (void)fettle_refuse(&job->engine, FETTLE_E_OTHER_BOARD, &words);
    return fettle_script_give_up(job);
}

fettle_effect fettle_script_on_arrived(fettle_job_engine *job, const fettle_outcome *last,
                                       fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return on_not_opened(job, last, now);
    }
    job->grace_until = 0;
    fettle_script_see(job, last->sight);
    if (is_stranger(job)) {
        fettle_script_note(job, FETTLE_NOTE_STOCK_LOADER);
    }
    if (job->mode == FETTLE_MODE_APP && !job->way->can_enter(job)) {
        return is_enough(job)
                   ? fettle_script_ask_carrier(job, false, end_with_application, now)
                   : on_application_seen(job, now);
    }
    return fettle_script_meet(job, now);
}

/* ---- enter ---- */

static bool may_ask_for_hand(const fettle_job_engine *job, const fettle_outcome *last)
{
    return last->kind == FETTLE_ERROR && last->error != NULL &&
           fettle_script_has_a_hand(job) && !job->attempt.has_asked &&
           job->way->needs_hand != NULL && job->way->needs_hand(job, last->error);
}

static fettle_effect on_surveyed(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_us now)
{
    if (may_ask_for_hand(job, last)) {
        job->attempt.has_asked = true;
        return fettle_script_run(
            job, FETTLE_STAGE_ENTER,
            job->way->survey_by_hand(job, fettle_script_after(now, job->plan->wait)), 0,
            on_surveyed);
    }
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    job->mode = job->way->mode(job);
    if (job->mode == FETTLE_MODE_APP) {
        job->was_app_seen = true;
        return is_enough(job) ? end_with_application(job, now) : enter(job, now);
    }
    if (job->way->was_cut_off(job) && !job->has_written) {
        fettle_script_note(job, FETTLE_NOTE_FREED);
        job->is_unfinished = true;
    }
    fettle_survey survey = job->way->found(job);
    if (!fettle_plan_finish(job->plan, &survey, &job->observed, &job->engine.error)) {
        return fettle_script_give_up(job);
    }
    fettle_engine *names = job->way->name(job);
    return names == NULL ? settle(job, now)
                         : fettle_script_run(job, job->observed.stage, names, 0, on_named);
}

static fettle_effect settle(fettle_job_engine *job, fettle_us now)
{
    if (!job->way->settle(job, &job->engine.error)) {
        return fettle_script_fail_so(job, now);
    }
    return fettle_script_work(job, now);
}

static fettle_effect on_named(fettle_job_engine *job, const fettle_outcome *last,
                              fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    job->has_names = true;
    return settle(job, now);
}

/* ---- protection ---- */

/* A refusal in mid-work has another reason. */
static bool is_untouched(const fettle_job_engine *job)
{
    return !job->has_written || (job->observed.stage == FETTLE_STAGE_ERASE &&
                                 job->dfuse.count == 0 && job->tries == 0);
}

bool fettle_script_may_unprotect(const fettle_job_engine *job)
{
    return job->engine.error.code == FETTLE_E_READ_PROTECTED && job->plan->unprotects &&
           !job->was_unprotected && !job->plan->is_dry && job->way->unprotect != NULL &&
           is_untouched(job);
}

/* Everything that is on the board is gone with it; so this comes only after a refusal. */
fettle_effect fettle_script_unprotect(fettle_job_engine *job)
{
    job->was_unprotected = job->has_written = true;
    job->engine.error = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_script_run(job, FETTLE_STAGE_ERASE, job->way->unprotect(job), 0,
                             on_unprotected);
}

/* It resets itself. */
static fettle_effect on_unprotected(fettle_job_engine *job, const fettle_outcome *last,
                                    fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    fettle_script_note(job, FETTLE_NOTE_UNPROTECTED);
    return fettle_script_open(job, FETTLE_STAGE_ENTER, true, now + COMES_UP_TIME,
                              FETTLE_ASK_NOTHING, on_entered);
}

/* The application doesn't make way. A person can make it; but only for proof nobody is asked. */
static fettle_effect not_entered(fettle_job_engine *job, fettle_us now)
{
    if (job->attempt.must_read_again) {
        return fettle_script_settle(job);
    }
    if (fettle_script_has_a_hand(job) && !job->attempt.has_asked) {
        job->attempt.has_asked = true;
        return arm(job, now);
    }
    return fettle_script_not_found(job, FETTLE_E_NO_UPDATE_MODE);
}

static fettle_effect enter(fettle_job_engine *job, fettle_us now)
{
    if (job->attempt.entries++ >= ENTRIES_MAX) {
        return not_entered(job, now);
    }
    return fettle_script_run(job, FETTLE_STAGE_ENTER, job->way->enter(job), 0, on_detached);
}

static fettle_effect on_detached(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_us now)
{
    if (last->kind != FETTLE_OK) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_ENTER, now);
    }
    if (!job->way->has_made_way(job)) {
        return not_entered(job, now);
    }
    return fettle_script_open(job, FETTLE_STAGE_ENTER, true, now + COMES_UP_TIME,
                              FETTLE_ASK_NOTHING, on_entered);
}

static fettle_effect on_entered(fettle_job_engine *job, const fettle_outcome *last,
                                fettle_us now)
{
    if (last->kind == FETTLE_TIMEOUT && job->attempt.must_read_again) {
        return fettle_script_refuse(job, FETTLE_E_APPLICATION_MISSING); /* it did run */
    }
    if (last->kind == FETTLE_TIMEOUT && fettle_script_has_a_hand(job)) {
        return arm(job, now); /* the application did not make way: a person can */
    }
    if (last->kind == FETTLE_TIMEOUT) {
        fettle_words words = fettle_script_words(job);
        words.count = COMES_UP_TIME / SECOND;
        fettle_note_add(&job->observed, FETTLE_NOTE_WAITED_FOR, &words);
    }
    return fettle_script_on_arrived(job, last, now);
}
