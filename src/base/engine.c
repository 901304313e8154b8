/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task: a line of engines, each waiting for the one that it runs. And the ends of
 * engines, which turn what came of an effect into an error with a code, once, for all
 * protocols. Pure, like the engines themselves. The contract is in effect.h.
 */
#include "base/effect.h"

#include <assert.h>

fettle_effect fettle_done(fettle_engine *engine)
{
    engine->done = engine->total;
    return (fettle_effect){.kind = FETTLE_EFFECT_DONE};
}

static fettle_code code_of_why(fettle_why why)
{
    switch (why) {
    case FETTLE_WHY_PERMISSION:
        return FETTLE_E_USB_PERMISSION;
    case FETTLE_WHY_DRIVER:
        return FETTLE_E_USB_DRIVER;
    case FETTLE_WHY_BUSY:
        return FETTLE_E_BOARD_BUSY;
    case FETTLE_WHY_SEVERAL:
        return FETTLE_E_SEVERAL_BOARDS;
    case FETTLE_WHY_NONE:
    case FETTLE_WHY_SYSTEM:
        break;
    }
    return FETTLE_E_TRANSFER_FAILED;
}

static fettle_code code_of(const fettle_outcome *outcome)
{
    switch (outcome->kind) {
    case FETTLE_TIMEOUT:
        return FETTLE_E_NO_ANSWER;
    case FETTLE_STALL:
        return FETTLE_E_BOARD_REFUSED;
    case FETTLE_GONE:
        return FETTLE_E_BOARD_LEFT;
    case FETTLE_CANCELLED:
        return FETTLE_E_CANCELLED;
    case FETTLE_ERROR:
        return code_of_why(outcome->why);
    case FETTLE_OK:
        break;
    }
    assert(false && "an effect that went well is no failure");
    return FETTLE_E_SYSTEM_ERROR;
}

/* A system's codes may be negative; the sign stays in the error's `system`. */
static uint64_t magnitude(long number)
{
    return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

/* The caller's words, and where they leave a gap, what the outcome itself knows. */
static fettle_words words_of(const fettle_outcome *outcome, fettle_code code,
                             const fettle_words *given)
{
    fettle_words words = given != NULL ? *given : (fettle_words){.board = NULL};

    if (words.board == NULL) {
        words.board = "the board";
    }
    if (words.port == NULL && outcome->sight != NULL) {
        words.port = outcome->sight->path;
    }
    if (code == FETTLE_E_BOARD_REFUSED) {
        words.status = "STALL";
        words.state = "its answer";
    } else if (code == FETTLE_E_SEVERAL_BOARDS) {
        words.count = outcome->count;
        words.text = words.text != NULL ? words.text : "fettle list shows them";
    } else if (code == FETTLE_E_TRANSFER_FAILED) {
        words.count = magnitude(outcome->system);
    }
    return words;
}

fettle_effect fettle_fail(fettle_engine *engine, const fettle_outcome *last,
                          fettle_clause clause, const fettle_words *words)
{
    assert(last->kind != FETTLE_OK);
    if (last->error != NULL) {
        engine->error = *last->error;
    } else {
        fettle_code code = code_of(last);
        fettle_words all = words_of(last, code, words);
        fettle_error_set(&engine->error, code, &all);
        engine->error.system = last->system;
    }
    if (clause != FETTLE_CLAUSE_COUNT) {
        fettle_error_wrap(&engine->error, clause, words);
    }
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

fettle_effect fettle_refuse(fettle_engine *engine, fettle_code code,
                            const fettle_words *words)
{
    fettle_error_set(&engine->error, code, words);
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

void fettle_task_init(fettle_task *task, fettle_engine *root)
{
    assert(root->caller == NULL);
    *task = (fettle_task){.root = root, .top = root};
}

/* What the caller of a child learns: nothing but how it ended, and why. */
static fettle_outcome ended_as(const fettle_engine *child, fettle_effect_kind end)
{
    if (end == FETTLE_EFFECT_DONE) {
        return (fettle_outcome){.kind = FETTLE_OK};
    }
    fettle_code code = child->error.code;
    assert(code != FETTLE_E_NONE);
    return (fettle_outcome){
        .kind = code == FETTLE_E_CANCELLED    ? FETTLE_CANCELLED
                : code == FETTLE_E_BOARD_LEFT ? FETTLE_GONE
                                              : FETTLE_ERROR,
        .error = &child->error,
    };
}

static void push(fettle_task *task, const fettle_effect *run)
{
    fettle_engine *caller = task->top;
    fettle_engine *child = run->run.engine;

    assert(child->caller == NULL && child != task->root);
    caller->share = run->run.share;
    child->caller = caller;
    task->top = child;
}

static fettle_outcome pop(fettle_task *task, fettle_effect_kind end)
{
    fettle_engine *child = task->top;
    fettle_engine *caller = child->caller;

    if (end == FETTLE_EFFECT_DONE) {
        bool fits =
            caller->done <= caller->total && caller->share <= caller->total - caller->done;
        caller->done = fits ? caller->done + caller->share : caller->total;
    }
    caller->share = 0;
    child->caller = NULL;
    task->top = caller;
    return ended_as(child, end);
}

fettle_effect fettle_task_step(fettle_task *task, const fettle_outcome *last, fettle_us now)
{
    fettle_outcome end;

    for (;;) {
        fettle_effect effect = task->top->step(task->top, last, now);

        if (effect.kind == FETTLE_EFFECT_RUN) {
            push(task, &effect);
            last = NULL;
        } else if (effect.kind >= FETTLE_EFFECT_DONE && task->top->caller != NULL) {
            end = pop(task, effect.kind);
            last = &end;
        } else {
            return effect;
        }
    }
}

uint32_t fettle_task_progress(const fettle_task *task)
{
    const uint64_t whole = 1000000;
    uint64_t parts = 0;

    /* From the inside out: what a child has done counts as its share of its caller. */
    for (const fettle_engine *engine = task->top; engine != NULL; engine = engine->caller) {
        if (engine->total > 0) {
            parts = (engine->done * whole + engine->share * parts) / engine->total;
            parts = parts < whole ? parts : whole;
        }
    }
    return (uint32_t)parts;
}
