/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop, what it tells a listener, and cancelling.
 *
 * A cancel is told to the task once, as the outcome of the effect in flight. The task then tidies
 * up: from here on its effects are not interrupted, but counted and timed, because a person who
 * pressed Ctrl-C has waited long enough. A SLEEP that doesn't fit into the rest is not cut short (a
 * minimum wait never ends early): the task ends there.
 */
#include "run/run.h"

#include "run/line.h"

#include <assert.h>
#include <string.h>

static fettle_us now(const fettle_run *run)
{
    return run->setup.clock->now(run->setup.clock_self);
}

/* ---- telling ---- */

static void tell(fettle_run *run, fettle_run_event event)
{
    if (run->setup.listener == NULL) {
        return;
    }
    event.at = now(run) - run->began;
    event.stage = run->stage;
    event.progress = run->progress;
    event.text = event.text != NULL ? event.text : "";
    run->setup.listener(run->setup.user, &event);
}

static void add_time(fettle_run *run, fettle_us time)
{
    run->stages[run->stage].took += time - run->marked;
    run->marked = time;
}

/* The stage first: most notes belong to what has just begun. */
static void report_observed(fettle_run *run)
{
    const fettle_observed *observed = run->setup.observed;
    if (observed == NULL) {
        return;
    }
    if (observed->stage != run->stage) {
        assert(observed->stage < FETTLE_STAGE_COUNT);
        run->stage = observed->stage;
        tell(run, (fettle_run_event){.kind = FETTLE_RUN_STAGE});
    }
    while (run->notes_told < observed->note_count) {
        const fettle_note *note = &observed->notes[run->notes_told++];
        tell(run, (fettle_run_event){
                      .kind = FETTLE_RUN_NOTE, .note = note->code, .text = note->message});
    }
}

static void report_progress(fettle_run *run)
{
    uint32_t progress = fettle_task_progress(&run->task);
    if (progress > run->progress) {
        run->progress = progress;
        tell(run, (fettle_run_event){.kind = FETTLE_RUN_PROGRESS});
    }
}

static void change_ask(fettle_run *run, fettle_ask ask)
{
    fettle_ask was = run->asking;
    if (ask == was) {
        return;
    }
    run->asking = ask;
    if (was != FETTLE_ASK_NOTHING) {
        tell(run, (fettle_run_event){.kind = FETTLE_RUN_ASK_OVER, .ask = was});
    }
    if (ask != FETTLE_ASK_NOTHING) {
        tell(run, (fettle_run_event){.kind = FETTLE_RUN_ASK, .ask = ask});
    }
}

static void report_left(fettle_run *run)
{
    if (run->is_board_there) {
        run->is_board_there = false;
        tell(run,
             (fettle_run_event){.kind = FETTLE_RUN_BOARD_LEFT, .text = run->board_path});
    }
}

static void report_opened(fettle_run *run, const fettle_match *match)
{
    const fettle_sight *sight = run->last.sight;
    bool is_same = run->is_board_there && sight->arrival == run->board_arrival &&
                   strcmp(sight->path, run->board_path) == 0;
    if (is_same) {
        return;
    }
    report_left(run);
    const fettle_face *face = fettle_match_face(match, sight);
    run->is_board_there = true;
    run->board_arrival = sight->arrival;
    memcpy(run->board_path, sight->path, sizeof run->board_path);
    tell(run, (fettle_run_event){
                  .kind = FETTLE_RUN_BOARD_BACK,
                  .text = run->board_path,
                  .sight = sight,
                  .mode = face != NULL ? face->mode : FETTLE_MODE_UNKNOWN,
              });
}

static void report_outcome(fettle_run *run, const fettle_effect *effect)
{
    if (run->line != NULL && run->setup.listener != NULL) {
        fettle_line_write(run->line, run->line_size, now(run) - run->began, effect,
                          &run->last);
        tell(run, (fettle_run_event){.kind = FETTLE_RUN_WIRE, .text = run->line});
    }
    if (run->last.kind == FETTLE_GONE) {
        report_left(run);
    }
    if (effect->kind == FETTLE_EFFECT_OPEN && run->last.kind == FETTLE_OK &&
        run->last.sight != NULL) {
        report_opened(run, &effect->open.match);
    }
    /* After anything else the same may be asked again at once: to a person that is one ask. */
    if (effect->kind == FETTLE_EFFECT_OPEN && run->last.kind != FETTLE_TIMEOUT) {
        change_ask(run, FETTLE_ASK_NOTHING);
    }
}

/* ---- performing ---- */

static void count(fettle_run *run, const fettle_effect *effect, fettle_us began)
{
    size_t bytes = run->last.count;

    switch (effect->kind) {
    case FETTLE_EFFECT_CONTROL:
        run->transfers++;
        run->bytes_out += effect->control.out != NULL ? bytes : 0;
        run->bytes_in += effect->control.in != NULL ? bytes : 0;
        break;
    case FETTLE_EFFECT_WRITE:
        run->bytes_out += bytes;
        break;
    case FETTLE_EFFECT_READ:
        run->bytes_in += bytes;
        break;
    case FETTLE_EFFECT_SLEEP:
        run->slept += now(run) - began;
        return;
    default:
        return;
    }
    run->stages[run->stage].bytes += bytes;
}

static fettle_outcome perform_by_port(fettle_run *run, const fettle_effect *effect,
                                      const fettle_cancel *cancel)
{
    fettle_us began = now(run);
    run->effects++;
    run->last = run->setup.port->perform(run->setup.port, effect, cancel);
    count(run, effect, began);
    return run->last;
}

static void begin_tidying(fettle_run *run)
{
    run->is_tidying = true;
    run->tidy_effects = FETTLE_TIDY_EFFECTS;
    run->tidy_until = now(run) + FETTLE_TIDY_US;
}

static bool is_beyond_tidying(const fettle_run *run, const fettle_effect *effect)
{
    return run->is_tidying && effect->kind < FETTLE_EFFECT_DONE &&
           (run->tidy_effects == 0 || now(run) >= run->tidy_until ||
            (effect->kind == FETTLE_EFFECT_SLEEP && effect->until > run->tidy_until));
}

static fettle_outcome perform(fettle_run *run, const fettle_effect *effect)
{
    if (run->is_tidying) {
        fettle_effect tidying = *effect;
        tidying.until = effect->until < run->tidy_until ? effect->until : run->tidy_until;
        run->tidy_effects--;
        return perform_by_port(run, &tidying, NULL);
    }
    fettle_outcome outcome = {.kind = FETTLE_CANCELLED};
    if (!fettle_cancel_is_wanted(run->setup.cancel)) {
        outcome = perform_by_port(run, effect, run->setup.cancel);
    }
    if (outcome.kind == FETTLE_CANCELLED) {
        begin_tidying(run);
    }
    return outcome;
}

/* ---- the loop ---- */

static fettle_effect next_effect(fettle_run *run, fettle_us time)
{
    const fettle_outcome *last = run->has_begun ? &run->last : NULL;
    if (!run->has_begun) {
        run->has_begun = true;
        run->began = time;
        run->marked = time;
    }
    add_time(run, time);
    fettle_effect effect = fettle_task_step(&run->task, last, time);
    if (is_beyond_tidying(run, &effect) &&
        run->task.root->error.code ==
            FETTLE_E_CANCELLED) { /* and it knows which board it was */
        effect = (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
    } else if (is_beyond_tidying(run, &effect)) {
        effect = fettle_refuse(run->task.root, FETTLE_E_CANCELLED, NULL);
        run->task.root->error.stage =
            run->setup.observed != NULL ? run->setup.observed->stage : FETTLE_STAGE_NONE;
    }
    return effect;
}

static void report_end(fettle_run *run, const fettle_effect *effect)
{
    run->has_ended = true;
    run->has_succeeded = effect->kind == FETTLE_EFFECT_DONE;
    if (run->has_succeeded) {
        tell(run, (fettle_run_event){.kind = FETTLE_RUN_DONE});
    } else {
        tell(run, (fettle_run_event){.kind = FETTLE_RUN_FAILED,
                                     .error = &run->task.root->error});
    }
}

void fettle_run_init(fettle_run *run, const fettle_run_setup *setup)
{
    memset(run, 0, sizeof *run);
    run->setup = *setup;
    fettle_task_init(&run->task, setup->root);
}

void fettle_run_trace(fettle_run *run, char *line, size_t line_size)
{
    run->line = line;
    run->line_size = line_size;
}

bool fettle_run_step(fettle_run *run)
{
    if (run->has_ended) {
        return false;
    }
    fettle_effect effect = next_effect(run, now(run));
    report_observed(run);
    report_progress(run);
    change_ask(run, effect.ask);
    if (effect.kind >= FETTLE_EFFECT_DONE) {
        report_end(run, &effect);
        return false;
    }
    run->last = perform(run, &effect);
    report_outcome(run, &effect);
    return true;
}

bool fettle_run_all(fettle_run *run)
{
    while (fettle_run_step(run)) {
    }
    return run->has_succeeded;
}
