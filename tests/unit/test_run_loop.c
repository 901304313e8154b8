/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop: what a listener hears and in which order, what is counted, and what a cancel leaves a
 * task to do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run_fakes.h"

struct desk {
    struct fake_clock clock;
    struct fake_bus bus;
    fettle_host host;
    struct fake_engine engine;
    fettle_cancel cancel;
    fettle_run run;
    char heard[4096]; /* a word for each event */
    fettle_us at;
    uint32_t progress;
    unsigned cancel_at; /* the step before which a cancel is wanted; 0: none */
};

static const char *const event_words[] = {
    [FETTLE_RUN_STAGE] = "stage",     [FETTLE_RUN_PROGRESS] = "",
    [FETTLE_RUN_ASK] = "ask",         [FETTLE_RUN_ASK_OVER] = "over",
    [FETTLE_RUN_NOTE] = "note",       [FETTLE_RUN_WIRE] = "wire",
    [FETTLE_RUN_BOARD_LEFT] = "left", [FETTLE_RUN_BOARD_BACK] = "back",
    [FETTLE_RUN_DONE] = "done",       [FETTLE_RUN_FAILED] = "failed",
};

static void listen(void *user, const fettle_run_event *event)
{
    struct desk *desk = user;
    size_t length = strlen(desk->heard);
    const char *word = event_words[event->kind];

    assert_non_null(event->text);
    assert_true(event->at >= desk->at);
    assert_true(event->progress >= desk->progress);
    assert_int_equal(event->kind == FETTLE_RUN_FAILED, event->error != NULL);
    if (event->kind == FETTLE_RUN_PROGRESS) {
        assert_true(event->progress > desk->progress);
    }
    desk->at = event->at;
    desk->progress = event->progress;
    if (word[0] != '\0') {
        int detail = event->kind == FETTLE_RUN_STAGE        ? (int)event->stage
                     : event->kind == FETTLE_RUN_NOTE       ? (int)event->note
                     : event->kind == FETTLE_RUN_BOARD_BACK ? (int)event->mode
                                                            : (int)event->ask;
        (void)snprintf(desk->heard + length, sizeof desk->heard - length, "%s%s%.0d%s%s",
                       length > 0 ? " " : "", word, detail,
                       event->text[0] != '\0' ? "=" : "",
                       event->kind == FETTLE_RUN_NOTE ? "text" : event->text);
    }
}

static const fettle_face any_usb[] = {{FETTLE_MODE_DFU, FETTLE_LINK_USB, {0, 0}}};

#define OPEN_UNTIL(time, what)                                                \
    {                                                                         \
        .kind = FETTLE_EFFECT_OPEN, .until = (time), .ask = (what), .open = { \
            .match = {.faces = any_usb, .face_count = 1}                      \
        }                                                                     \
    }
#define SLEEP_UNTIL(time)                            \
    {                                                \
        .kind = FETTLE_EFFECT_SLEEP, .until = (time) \
    }
#define RESET                       \
    {                               \
        .kind = FETTLE_EFFECT_RESET \
    }

static uint8_t in_bytes[8];
static const uint8_t out_bytes[6] = {1, 2, 3, 4, 5, 6};

#define UPLOAD                                                             \
    {                                                                      \
        .kind = FETTLE_EFFECT_CONTROL, .until = FETTLE_NEVER, .control = { \
            .wLength = 8,                                                  \
            .in = in_bytes                                                 \
        }                                                                  \
    }
#define DNLOAD                                                             \
    {                                                                      \
        .kind = FETTLE_EFFECT_CONTROL, .until = FETTLE_NEVER, .control = { \
            .wLength = 6,                                                  \
            .out = out_bytes                                               \
        }                                                                  \
    }

static void set_up(struct desk *desk, const struct fake_step *steps, size_t count)
{
    memset(desk, 0, sizeof *desk);
    desk->clock.now = SECOND;
    desk->bus.clock = &desk->clock;
    assert_true(fettle_host_init(&desk->host, &fake_clock_ops, &desk->clock));
    assert_true(fettle_host_add_bus(&desk->host, &fake_bus_ops, &desk->bus));
    fake_engine_init(&desk->engine, steps, count);
    fettle_run_init(&desk->run, &(fettle_run_setup){
                                    .root = &desk->engine.engine,
                                    .observed = &desk->engine.observed,
                                    .port = &desk->host.port,
                                    .clock = &fake_clock_ops,
                                    .clock_self = &desk->clock,
                                    .cancel = &desk->cancel,
                                    .listener = listen,
                                    .user = desk,
                                });
}

static bool run_all(struct desk *desk)
{
    for (unsigned step = 1; step < 10000; step++) {
        if (step == desk->cancel_at) {
            fettle_cancel_want(&desk->cancel);
        }
        if (!fettle_run_step(&desk->run)) {
            fettle_host_finish(&desk->host);
            return fettle_run_all(&desk->run); /* nothing more happens */
        }
    }
    fail_msg("it doesn't end");
    return false;
}

static void test_tells_in_order(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {OPEN_UNTIL(0, FETTLE_ASK_NOTHING), FETTLE_STAGE_FIND, FETTLE_NOTE_NONE},
        {OPEN_UNTIL(3 * SECOND, FETTLE_ASK_PLUG_IN), FETTLE_STAGE_NONE, FETTLE_NOTE_NONE},
        {UPLOAD, FETTLE_STAGE_WRITE, FETTLE_NOTE_FREED},
        {UPLOAD, FETTLE_STAGE_NONE, FETTLE_NOTE_FREED},
    };
    struct desk desk;
    set_up(&desk, steps, 4);
    fake_add(&desk.bus, "usb:1-1", 1, 2 * SECOND, FETTLE_NEVER);
    assert_true(run_all(&desk));
    char expected[256];
    (void)snprintf(expected, sizeof expected,
                   "stage%d ask%d back%d=usb:1-1 over%d stage%d note%d=text done",
                   FETTLE_STAGE_FIND, FETTLE_ASK_PLUG_IN, FETTLE_MODE_DFU,
                   FETTLE_ASK_PLUG_IN, FETTLE_STAGE_WRITE, FETTLE_NOTE_FREED);
    assert_string_equal(expected, desk.heard);
    assert_int_equal(1000000, desk.progress);
    assert_int_equal(SECOND + 2 * FAKE_TRANSFER_US, desk.at);
}

static void test_failure_is_last(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, NULL, 0);
    desk.engine.is_failing = true;
    assert_false(run_all(&desk));
    assert_string_equal("failed", desk.heard);
    assert_int_equal(FETTLE_E_NO_BOARD, desk.run.task.root->error.code);
}

static void test_an_ask_goes_on_after_a_timeout(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {.effect = OPEN_UNTIL(2 * SECOND, FETTLE_ASK_REPLUG)},
        {.effect = OPEN_UNTIL(3 * SECOND, FETTLE_ASK_REPLUG)},
        {.effect = OPEN_UNTIL(4 * SECOND, FETTLE_ASK_PLUG_IN)},
    };
    struct desk desk;
    set_up(&desk, steps, 3);
    assert_true(run_all(&desk));
    assert_string_equal("ask3 over3 ask1 over1 done", desk.heard);
}

static void test_an_ask_that_was_heard_is_asked_again(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {.effect = OPEN_UNTIL(2 * SECOND, FETTLE_ASK_REPLUG)},
        {.effect = OPEN_UNTIL(3 * SECOND, FETTLE_ASK_REPLUG)},
    };
    struct desk desk;
    set_up(&desk, steps, 2);
    fake_add(&desk.bus, "usb:1-1", 1, 0, FETTLE_NEVER);
    assert_true(run_all(&desk));
    assert_string_equal("ask3 back2=usb:1-1 over3 ask3 over3 done", desk.heard);
}

static void test_left_and_back(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {.effect = OPEN_UNTIL(0, FETTLE_ASK_NOTHING)},
        {.effect = OPEN_UNTIL(0, FETTLE_ASK_NOTHING)}, /* the same: no news */
        {.effect = SLEEP_UNTIL(3 * SECOND)},
        {.effect = RESET}, /* it left at 2 s */
        {.effect = RESET},
        {.effect = OPEN_UNTIL(9 * SECOND, FETTLE_ASK_NOTHING)}, /* from 4 s on */
        {.effect = SLEEP_UNTIL(6 * SECOND)},                    /* left at 5 s, unnoticed */
        {.effect = OPEN_UNTIL(9 * SECOND, FETTLE_ASK_NOTHING)}, /* a later arrival */
        {.effect = SLEEP_UNTIL(7 * SECOND + MS)},
        {.effect = OPEN_UNTIL(9 * SECOND, FETTLE_ASK_NOTHING)}, /* another board */
    };
    struct desk desk;
    set_up(&desk, steps, 10);
    fake_add(&desk.bus, "usb:1-1", 1, 0, 2 * SECOND);
    fake_add(&desk.bus, "usb:1-1", 1, 4 * SECOND, 5 * SECOND);
    fake_add(&desk.bus, "usb:1-1", 1, 6 * SECOND, 7 * SECOND);
    fake_add(&desk.bus, "usb:1-2", 1, 7 * SECOND, FETTLE_NEVER);
    assert_true(run_all(&desk));
    assert_string_equal("back2=usb:1-1 left=usb:1-1 back2=usb:1-1 left=usb:1-1 "
                        "back2=usb:1-1 left=usb:1-1 back2=usb:1-2 done",
                        desk.heard);
}

static void test_counts(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {OPEN_UNTIL(0, FETTLE_ASK_NOTHING), FETTLE_STAGE_FIND, FETTLE_NOTE_NONE},
        {SLEEP_UNTIL(SECOND + 7 * MS), FETTLE_STAGE_NONE, FETTLE_NOTE_NONE},
        {UPLOAD, FETTLE_STAGE_COMPARE, FETTLE_NOTE_NONE},
        {DNLOAD, FETTLE_STAGE_WRITE, FETTLE_NOTE_NONE},
        {DNLOAD, FETTLE_STAGE_NONE, FETTLE_NOTE_NONE},
        {RESET, FETTLE_STAGE_NONE, FETTLE_NOTE_NONE},
        {UPLOAD, FETTLE_STAGE_COMPARE, FETTLE_NOTE_NONE}, /* once more */
    };
    struct desk desk;
    set_up(&desk, steps, 7);
    fake_add(&desk.bus, "usb:1-1", 1, 0, FETTLE_NEVER);
    assert_true(run_all(&desk));
    const fettle_run *run = &desk.run;
    assert_int_equal(7, run->effects);
    assert_int_equal(4, run->transfers);
    assert_int_equal(12, run->bytes_out);
    assert_int_equal(16, run->bytes_in);
    assert_int_equal(7 * MS, run->slept);
    assert_int_equal(7 * MS, run->stages[FETTLE_STAGE_FIND].took);
    assert_int_equal(2 * FAKE_TRANSFER_US, run->stages[FETTLE_STAGE_COMPARE].took);
    assert_int_equal(16, run->stages[FETTLE_STAGE_COMPARE].bytes);
    assert_int_equal(3 * FAKE_TRANSFER_US, run->stages[FETTLE_STAGE_WRITE].took);
    assert_int_equal(12, run->stages[FETTLE_STAGE_WRITE].bytes);
    assert_int_equal(0, run->stages[FETTLE_STAGE_NONE].took);
}

static void test_traces_when_asked(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {.effect = SLEEP_UNTIL(SECOND + 5)},
        {.effect = RESET},
    };
    struct desk desk;
    char line[64];
    set_up(&desk, steps, 2);
    fettle_run_trace(&desk.run, line, sizeof line);
    assert_true(run_all(&desk));
    assert_string_equal("wire=5 sleep -> ok 0 wire=5 reset -> gone 0 done", desk.heard);
}

static void test_runs_without_listener_and_observed(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {SLEEP_UNTIL(0), FETTLE_STAGE_FIND, FETTLE_NOTE_FREED}};
    struct desk desk;
    set_up(&desk, steps, 1);
    desk.run.setup.listener = NULL;
    desk.run.setup.observed = NULL;
    desk.run.setup.cancel = NULL;
    assert_true(run_all(&desk));
}

/* ---- cancel ---- */

static void test_cancel_is_told_once(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {.effect = OPEN_UNTIL(0, FETTLE_ASK_NOTHING)},
        {.effect = UPLOAD},
        {.effect = UPLOAD},
        {.effect = RESET},
    };
    for (unsigned at = 1; at <= 4; at++) {
        struct desk desk;
        set_up(&desk, steps, 4);
        fake_add(&desk.bus, "usb:1-1", 1, 0, FETTLE_NEVER);
        desk.cancel_at = at;
        assert_true(run_all(&desk));
        assert_int_equal(4, desk.engine.outcome_count);
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(i + 1 == at, desk.engine.outcomes[i].kind == FETTLE_CANCELLED);
        }
        /* It was not even begun. */
        assert_int_equal(3, desk.run.effects);
    }
}

static void test_cancel_in_flight(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {.effect = OPEN_UNTIL(FETTLE_NEVER, FETTLE_ASK_PLUG_IN)},
        {.effect = SLEEP_UNTIL(SECOND + 5 * MS)},
    };
    struct desk desk;
    set_up(&desk, steps, 2);
    desk.clock.cancel_at_wait = &desk.cancel;
    assert_true(run_all(&desk));
    assert_string_equal("ask1 over1 done", desk.heard);
    assert_int_equal(FETTLE_CANCELLED, desk.engine.outcomes[0].kind);
    assert_int_equal(FETTLE_OK, desk.engine.outcomes[1].kind); /* not interrupted again */
}

/* A port in front may say so as well. */
static void test_cancelled_without_a_token(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{.effect = RESET}};
    struct desk desk;
    fettle_faults faults;
    set_up(&desk, steps, 1);
    desk.engine.is_endless = true;
    fettle_faults_init(&faults, &desk.host.port,
                       (fettle_fault){.at = 2, .outcome = FETTLE_CANCELLED});
    desk.run.setup.port = &faults.port;
    desk.run.setup.cancel = NULL;
    assert_false(run_all(&desk));
    assert_int_equal(3 + FETTLE_TIDY_EFFECTS, desk.run.effects);
    assert_int_equal(FETTLE_E_CANCELLED, desk.run.task.root->error.code);
}

static void test_tidying_has_16_effects(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{.effect = RESET}};
    struct desk desk;
    set_up(&desk, steps, 1);
    desk.engine.is_endless = true;
    desk.cancel_at = 3;
    assert_false(run_all(&desk));
    assert_string_equal("failed", desk.heard);
    assert_int_equal(2 + FETTLE_TIDY_EFFECTS, desk.run.effects);
    assert_int_equal(FETTLE_E_CANCELLED, desk.run.task.root->error.code);
    assert_non_null(desk.run.task.root->error.hint);
}

static void test_tidying_has_2_seconds(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {.effect = OPEN_UNTIL(0, FETTLE_ASK_NOTHING)},
        {UPLOAD, FETTLE_STAGE_WRITE, FETTLE_NOTE_NONE},
    };
    struct desk desk;
    set_up(&desk, steps, 2);
    fake_add(&desk.bus, "usb:1-1", 1, 0, FETTLE_NEVER);
    desk.engine.is_endless = true;
    desk.bus.takes = 900 * MS;
    desk.cancel_at = 2;
    assert_false(run_all(&desk));
    assert_int_equal(1 + 3, desk.run.effects);
    assert_int_equal(FETTLE_E_CANCELLED, desk.run.task.root->error.code);
    assert_int_equal(FETTLE_STAGE_WRITE, desk.run.task.root->error.stage);
}

static void test_tidying_waits_2_seconds_at_most(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {.effect = RESET},
        {.effect = OPEN_UNTIL(FETTLE_NEVER, FETTLE_ASK_NOTHING)},
        {.effect = RESET},
    };
    struct desk desk;
    set_up(&desk, steps, 3);
    desk.cancel_at = 1;
    assert_false(run_all(&desk));
    assert_int_equal(3 * SECOND, desk.clock.now);
    assert_int_equal(1, desk.run.effects);
    assert_int_equal(FETTLE_TIMEOUT, desk.engine.outcomes[1].kind);
}

static void test_tidying_sleeps_whole_or_not_at_all(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {.effect = RESET},
        {.effect = SLEEP_UNTIL(2 * SECOND)},
        {.effect = SLEEP_UNTIL(3 * SECOND + 1)},
    };
    struct desk desk;
    set_up(&desk, steps, 3);
    desk.cancel_at = 1;
    assert_false(run_all(&desk));
    assert_int_equal(2 * SECOND, desk.clock.now);
    assert_int_equal(FETTLE_E_CANCELLED, desk.run.task.root->error.code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells_in_order),
        cmocka_unit_test(test_failure_is_last),
        cmocka_unit_test(test_an_ask_goes_on_after_a_timeout),
        cmocka_unit_test(test_an_ask_that_was_heard_is_asked_again),
        cmocka_unit_test(test_left_and_back),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_traces_when_asked),
        cmocka_unit_test(test_runs_without_listener_and_observed),
        cmocka_unit_test(test_cancel_is_told_once),
        cmocka_unit_test(test_cancel_in_flight),
        cmocka_unit_test(test_cancelled_without_a_token),
        cmocka_unit_test(test_tidying_has_16_effects),
        cmocka_unit_test(test_tidying_has_2_seconds),
        cmocka_unit_test(test_tidying_waits_2_seconds_at_most),
        cmocka_unit_test(test_tidying_sleeps_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
