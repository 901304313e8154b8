/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks and the ends of engines, with engines that follow a script: each step of theirs is
 * one letter.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/effect.h"

/*
 * s: sleep   r: run the child   d: done   f: fail with what came   F: the same without a
 * clause x: refuse as busy. An engine that is run again goes on where its script was.
 */
typedef struct scripted {
    fettle_engine engine;
    const char *script;
    struct scripted *child;
    uint32_t share;
    size_t steps;
    fettle_outcome_kind last;
    bool had_first; /* a step without an outcome */
} scripted;

static fettle_effect scripted_step(fettle_engine *engine, const fettle_outcome *last,
                                   fettle_us now)
{
    scripted *self = (scripted *)engine; /* the engine is its first member */
    const fettle_words words = {.block = 3, .address = 16};

    self->had_first = self->had_first || last == NULL;
    self->last = last != NULL ? last->kind : FETTLE_OK;
    switch (self->script[self->steps++]) {
    case 's':
        engine->done += engine->total > 0;
        return (fettle_effect){.kind = FETTLE_EFFECT_SLEEP, .until = now + 1};
    case 'r':
        return (fettle_effect){
            .kind = FETTLE_EFFECT_RUN,
            .run = {.engine = &self->child->engine, .share = self->share}};
    case 'd':
        return fettle_done(engine);
    case 'f':
        return fettle_fail(engine, last, FETTLE_CLAUSE_WRITE_BLOCK, &words);
    case 'F':
        return fettle_fail(engine, last, FETTLE_CLAUSE_COUNT, NULL);
    case 'x':
        return fettle_refuse(engine, FETTLE_E_BOARD_STAYS_BUSY,
                             &(fettle_words){.state = "dfuDNBUSY"});
    default:
        fail();
        return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
    }
}

static const fettle_outcome ok = {.kind = FETTLE_OK};

static scripted make(const char *script, scripted *child)
{
    return (scripted){.engine = {.step = scripted_step}, .script = script, .child = child};
}

/* One engine that fails at once with `outcome`. */
static fettle_error error_of(const fettle_outcome *outcome, fettle_clause clause,
                             const fettle_words *words)
{
    fettle_engine engine = {.total = 4, .done = 2};
    fettle_effect effect = fettle_fail(&engine, outcome, clause, words);
    assert_int_equal(FETTLE_EFFECT_FAILED, effect.kind);
    assert_int_equal(2, engine.done);
    return engine.error;
}

static void test_every_outcome_has_its_code(void **state)
{
    (void)state;
    static const struct {
        fettle_outcome outcome;
        fettle_code code;
        const char *message;
    } cases[] = {
        {{.kind = FETTLE_TIMEOUT}, FETTLE_E_NO_ANSWER, "the board does not answer"},
        {{.kind = FETTLE_STALL},
         FETTLE_E_BOARD_REFUSED,
         "the board says STALL in its answer"},
        {{.kind = FETTLE_GONE}, FETTLE_E_BOARD_LEFT, "the board left the bus"},
        {{.kind = FETTLE_CANCELLED}, FETTLE_E_CANCELLED, "stopped before it was finished"},
        {{.kind = FETTLE_ERROR, .why = FETTLE_WHY_PERMISSION, .system = 13},
         FETTLE_E_USB_PERMISSION,
         "you may not open it"},
        {{.kind = FETTLE_ERROR, .why = FETTLE_WHY_DRIVER},
         FETTLE_E_USB_DRIVER,
         "no usable driver is bound to it"},
        {{.kind = FETTLE_ERROR, .why = FETTLE_WHY_BUSY},
         FETTLE_E_BOARD_BUSY,
         "another program holds it"},
        {{.kind = FETTLE_ERROR, .why = FETTLE_WHY_SEVERAL, .count = 3},
         FETTLE_E_SEVERAL_BOARDS,
         "3 boards fit: fettle list shows them"},
        {{.kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM, .system = 71},
         FETTLE_E_TRANSFER_FAILED,
         "the system could not carry out a transfer (code 71)"},
        {{.kind = FETTLE_ERROR, .why = FETTLE_WHY_NONE, .system = -9},
         FETTLE_E_TRANSFER_FAILED,
         "the system could not carry out a transfer (code 9)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fettle_error err = error_of(&cases[i].outcome, FETTLE_CLAUSE_COUNT, NULL);
        assert_int_equal(cases[i].code, err.code);
        assert_string_equal(cases[i].message, err.message);
        assert_int_equal(cases[i].outcome.system, err.system);
        assert_non_null(err.hint);
    }
}

static void test_the_words_given_count_first(void **state)
{
    (void)state;
    const fettle_sight sight = {.path = "usb:1-1.2"};
    const fettle_outcome held = {
        .kind = FETTLE_ERROR, .why = FETTLE_WHY_BUSY, .sight = &sight};
    const fettle_words words = {.board = "Pytrack", .port = "COM5"};

    assert_string_equal("cannot update Pytrack on COM5: another program holds it",
                        error_of(&held, FETTLE_CLAUSE_UPDATE_ON, &words).message);
}

static void test_a_child_runs_to_its_end(void **state)
{
    (void)state;
    scripted child = make("ssd", NULL);
    scripted root = make("srd", &child);
    fettle_task task;
    fettle_task_init(&task, &root.engine);

    assert_int_equal(FETTLE_EFFECT_SLEEP, fettle_task_step(&task, NULL, 5).kind);
    fettle_effect effect = fettle_task_step(&task, &ok, 7);
    assert_int_equal(FETTLE_EFFECT_SLEEP, effect.kind);
    assert_int_equal(8, effect.until);
    assert_true(child.had_first);
    assert_int_equal(FETTLE_EFFECT_SLEEP, fettle_task_step(&task, &ok, 8).kind);
    assert_ptr_equal(&child.engine, task.top);
    assert_int_equal(FETTLE_EFFECT_DONE, fettle_task_step(&task, &ok, 9).kind);
    assert_ptr_equal(&root.engine, task.top);
    assert_null(child.engine.caller);
    assert_int_equal(3, root.steps);
    assert_int_equal(3, child.steps);
}

static void test_engines_nest_and_run_again(void **state)
{
    (void)state;
    scripted innermost = make("dddd", NULL);
    scripted child = make("rrdrrd", &innermost);
    scripted root = make("rrd", &child);
    fettle_task task;
    fettle_task_init(&task, &root.engine);
    assert_int_equal(FETTLE_EFFECT_DONE, fettle_task_step(&task, NULL, 0).kind);
    assert_int_equal(4, innermost.steps);
    assert_int_equal(6, child.steps);
    assert_int_equal(3, root.steps);
}

/* How a child's end looks to its caller, which takes the child's error over whole. */
static void test_a_childs_error_goes_outwards(void **state)
{
    (void)state;
    static const struct {
        fettle_outcome outcome;
        fettle_outcome_kind seen;
        const char *message;
    } cases[] = {
        {{.kind = FETTLE_TIMEOUT},
         FETTLE_ERROR,
         "cannot write block 3 at 0x00000010: the board does not answer"},
        {{.kind = FETTLE_STALL},
         FETTLE_ERROR,
         "cannot write block 3 at 0x00000010: the board says STALL in its answer"},
        {{.kind = FETTLE_GONE},
         FETTLE_GONE,
         "cannot write block 3 at 0x00000010: the board left the bus"},
        {{.kind = FETTLE_CANCELLED},
         FETTLE_CANCELLED,
         "cannot write block 3 at 0x00000010: stopped before it was finished"},
        {{.kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM, .system = 5},
         FETTLE_ERROR,
         "cannot write block 3 at 0x00000010: the system could not carry out a transfer (code 5)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scripted child = make("sf", NULL);
        scripted middle = make("rF", &child);
        scripted root = make("rF", &middle);
        fettle_task task;
        fettle_task_init(&task, &root.engine);
        (void)fettle_task_step(&task, NULL, 0);
        assert_int_equal(FETTLE_EFFECT_FAILED,
                         fettle_task_step(&task, &cases[i].outcome, 0).kind);
        assert_int_equal(cases[i].seen, middle.last);
        assert_int_equal(cases[i].seen, root.last);
        assert_string_equal(cases[i].message, root.engine.error.message);
        assert_int_equal(cases[i].outcome.system, root.engine.error.system);
        assert_null(child.engine.caller);
        assert_null(middle.engine.caller);
    }
}

static void test_a_refusal_is_wrapped_by_its_caller(void **state)
{
    (void)state;
    scripted child = make("x", NULL);
    scripted root = make("rf", &child);
    fettle_task task;
    fettle_task_init(&task, &root.engine);
    assert_int_equal(FETTLE_EFFECT_FAILED, fettle_task_step(&task, NULL, 0).kind);
    assert_int_equal(FETTLE_E_BOARD_STAYS_BUSY, root.engine.error.code);
    assert_string_equal(
        "cannot write block 3 at 0x00000010: the board says that it is busy "
        "(dfuDNBUSY), and does not come to an end",
        root.engine.error.message);
}

static void test_progress_counts_shares(void **state)
{
    (void)state;
    scripted child = make("ssd", NULL);
    scripted root = make("srsd", &child);
    fettle_task task;
    root.engine.total = 10;
    root.share = 8;
    child.engine.total = 4;
    fettle_task_init(&task, &root.engine);
    assert_int_equal(0, fettle_task_progress(&task));
    (void)fettle_task_step(&task, NULL, 0);
    assert_int_equal(100000, fettle_task_progress(&task)); /* 1 of 10 */
    (void)fettle_task_step(&task, &ok, 0);
    assert_int_equal(300000, fettle_task_progress(&task)); /* and a quarter of 8 */
    (void)fettle_task_step(&task, &ok, 0);
    assert_int_equal(500000, fettle_task_progress(&task));
    (void)fettle_task_step(&task, &ok,
                           0); /* the child is done, and one more of the root's own */
    assert_int_equal(1000000, fettle_task_progress(&task));
    assert_int_equal(FETTLE_EFFECT_DONE, fettle_task_step(&task, &ok, 0).kind);
    assert_int_equal(1000000, fettle_task_progress(&task));
}

static void test_a_failed_child_is_worth_nothing(void **state)
{
    (void)state;
    scripted child = make("x", NULL);
    scripted root = make("rs", &child);
    fettle_task task;
    root.engine.total = 10;
    root.share = 8;
    fettle_task_init(&task, &root.engine);
    (void)fettle_task_step(&task, NULL, 0);
    assert_int_equal(100000, fettle_task_progress(&task));
}

static void test_progress_is_never_more_than_all(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {0, 1, 7, 1000000, UINT32_MAX - 1, UINT32_MAX};
    enum { COUNT = sizeof numbers / sizeof numbers[0] };
    for (unsigned i = 0; i < COUNT * COUNT * COUNT * COUNT; i++) {
        fettle_engine root = {.done = numbers[i % COUNT],
                              .total = numbers[i / COUNT % COUNT],
                              .share = numbers[i / (COUNT * COUNT) % COUNT]};
        fettle_engine child = {.caller = &root,
                               .done = numbers[i / (COUNT * COUNT * COUNT)],
                               .total = root.total};
        fettle_task task = {.root = &root, .top = &child};
        assert_true(fettle_task_progress(&task) <= 1000000);
    }
}

static void test_shares_that_are_too_large(void **state)
{
    (void)state;
    scripted child = make("d", NULL);
    scripted root = make("rs", &child);
    fettle_task task;
    root.engine.total = 10;
    root.engine.done = 8;
    root.share = UINT32_MAX;
    fettle_task_init(&task, &root.engine);
    (void)fettle_task_step(&task, NULL, 0);
    assert_int_equal(1000000, fettle_task_progress(&task));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_outcome_has_its_code),
        cmocka_unit_test(test_the_words_given_count_first),
        cmocka_unit_test(test_a_child_runs_to_its_end),
        cmocka_unit_test(test_engines_nest_and_run_again),
        cmocka_unit_test(test_a_childs_error_goes_outwards),
        cmocka_unit_test(test_a_refusal_is_wrapped_by_its_caller),
        cmocka_unit_test(test_progress_counts_shares),
        cmocka_unit_test(test_a_failed_child_is_worth_nothing),
        cmocka_unit_test(test_progress_is_never_more_than_all),
        cmocka_unit_test(test_shares_that_are_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
