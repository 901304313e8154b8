/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the start of an application is judged by what the line says, and how long that takes: a chip that is only a list of texts, each
 * with its time after the restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/alloc.h"
#include "board/chips.h"
#include "job/esp_work.h"

#define MS    ((fettle_us)1000)
#define POWER "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
#define PANIC \
    "Guru Meditation Error: Core  0 panic'ed (StoreProhibited).\r\nRebooting...\r\n"
#define RESTART "rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
#define BANNER  "Pycom MicroPython 1.20.2.r6\r\n>>> "

enum { USUAL_MS = 1500 }; /* more than a start without a failure may take */

typedef struct said {
    fettle_us at; /* after the restart */
    const char *text;
} said;

static struct {
    fettle_esp_work work;
    fettle_us now, restarted;
    const said *texts;
    size_t count, next;
} self;

/* ---- a line ---- */

static fettle_outcome read_line(const fettle_effect *effect)
{
    const said *text = self.next < self.count ? &self.texts[self.next] : NULL;
    if (text == NULL || self.restarted + text->at > effect->until) {
        self.now = self.now > effect->until ? self.now : effect->until;
        return (fettle_outcome){.kind = FETTLE_TIMEOUT};
    }
    fettle_us at = self.restarted + text->at;
    self.now = self.now > at ? self.now : at;
    self.next++;
    size_t size = strlen(text->text);
    assert_true(size <= effect->read.size);
    memcpy(effect->read.buffer, text->text, size);
    return (fettle_outcome){.kind = FETTLE_OK, .count = size};
}

static fettle_outcome perform(const fettle_effect *effect)
{
    switch (effect->kind) {
    case FETTLE_EFFECT_READ:
        return read_line(effect);
    case FETTLE_EFFECT_WRITE: /* nobody answers */
        return (fettle_outcome){.kind = FETTLE_OK, .count = effect->write.size};
    case FETTLE_EFFECT_LINES:
        self.restarted = effect->lines.rts ? self.restarted : self.now;
        return (fettle_outcome){.kind = FETTLE_OK};
    case FETTLE_EFFECT_SLEEP:
        self.now = effect->until;
        return (fettle_outcome){.kind = FETTLE_OK};
    default:
        return (fettle_outcome){.kind = FETTLE_OK};
    }
}

static bool run(fettle_engine *engine)
{
    fettle_outcome outcome;
    for (const fettle_outcome *last = NULL;; last = &outcome) {
        fettle_effect effect = engine->step(engine, last, self.now);
        if (effect.kind >= FETTLE_EFFECT_DONE) {
            return effect.kind == FETTLE_EFFECT_DONE;
        }
        if (effect.kind == FETTLE_EFFECT_RUN) {
            bool is_good = run(effect.run.engine);
            outcome = (fettle_outcome){.kind = is_good ? FETTLE_OK : FETTLE_ERROR,
                                       .error = &effect.run.engine->error};
        } else {
            outcome = perform(&effect);
        }
    }
}

/* Returns how long it took to be sure, in ms. */
static unsigned start(const said *texts, size_t count)
{
    static const fettle_memory_ops memory = {fettle_alloc, fettle_free};
    const fettle_esp_setup setup = {.chips = fettle_chips,
                                    .chip_count = fettle_chip_count,
                                    .port = FETTLE_ESP_PORT_UART,
                                    .has_lines = true};
    memset(&self, 0, sizeof self);
    self.texts = texts;
    self.count = count;
    fettle_esp_work_init(&self.work, &setup, &memory);
    self.work.esp.identity.chip = fettle_chip_named("esp32");
    assert_non_null(self.work.esp.identity.chip);
    assert_true(run(fettle_esp_work_leave(&self.work)));
    fettle_esp_work_free(&self.work);
    return (unsigned)((self.now - self.restarted) / MS);
}

#define START(...) \
    start((const said[]){__VA_ARGS__}, sizeof((const said[]){__VA_ARGS__}) / sizeof(said))

/* ---- the tests ---- */

static void test_a_good_start_takes_no_longer(void **state)
{
    (void)state;
    unsigned took = START({0, POWER}, {900 * MS, BANNER});
    assert_true(self.work.has_started);
    assert_false(self.work.loops);
    assert_true(took < USUAL_MS);
}

static void test_three_failures_are_a_loop(void **state)
{
    (void)state;
    unsigned took = START({0, POWER}, {300 * MS, PANIC}, {400 * MS, RESTART},
                          {2700 * MS, PANIC}, {2800 * MS, RESTART}, {5000 * MS, PANIC},
                          {5100 * MS, RESTART}, {7000 * MS, PANIC});
    assert_true(self.work.loops);
    assert_false(self.work.has_started);
    assert_false(self.work.has_nothing_to_start);
    assert_string_equal("StoreProhibited", self.work.esp.log.crash);
    assert_in_range(took, 5000, 5600); /* no longer than it takes to be sure */
}

/* A file system that is made at the first start. */
static void test_one_or_two_restarts_are_none(void **state)
{
    (void)state;
    unsigned took = START({0, POWER}, {300 * MS, RESTART}, {1200 * MS, BANNER});
    assert_true(self.work.has_started);
    assert_false(self.work.loops);
    assert_in_range(took, USUAL_MS, 4000);
    took = START({0, POWER}, {300 * MS, PANIC}, {400 * MS, RESTART}, {2000 * MS, RESTART},
                 {2900 * MS, BANNER});
    assert_true(self.work.has_started);
    assert_false(self.work.loops);
    assert_in_range(took, USUAL_MS, 6000);
}

/* Now and then is no loop, however often: each time gets a while, and that ends. */
static void test_rare_restarts_are_none(void **state)
{
    (void)state;
    unsigned took = START({0, POWER}, {300 * MS, RESTART}, {4000 * MS, RESTART},
                          {8000 * MS, RESTART}, {12000 * MS, RESTART});
    assert_false(self.work.loops);
    assert_true(took < 4000);
}

static void test_power(void **state)
{
    (void)state;
    START({0, POWER}, {100 * MS, "Brownout detector was triggered\r\n"},
          {150 * MS, RESTART}, {400 * MS, "Brownout detector was triggered\r\n"},
          {450 * MS, RESTART}, {700 * MS, "Brownout detector was triggered\r\n"},
          {750 * MS, RESTART});
    assert_true(self.work.loops);
    assert_int_equal(FETTLE_ESP_BY_BROWNOUT, self.work.esp.log.cause);
}

static void test_sleeping_is_no_loop(void **state)
{
    (void)state;
    unsigned took = START({0, POWER}, {100 * MS, "rst:0x5 (DEEPSLEEP_RESET),boot:0x13\r\n"},
                          {200 * MS, "rst:0x5 (DEEPSLEEP_RESET),boot:0x13\r\n"},
                          {300 * MS, "rst:0x5 (DEEPSLEEP_RESET),boot:0x13\r\n"});
    assert_true(self.work.has_started);
    assert_false(self.work.loops);
    assert_true(took < USUAL_MS);
}

/* Its ROM says at once that there is nothing: nobody has to wait for it to say so again. */
static void test_nothing_to_start(void **state)
{
    (void)state;
    unsigned took = START({0, POWER "invalid header: 0xffffffff\r\n"});
    assert_true(self.work.has_nothing_to_start);
    assert_false(self.work.loops);
    assert_true(took < USUAL_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_start_takes_no_longer),
        cmocka_unit_test(test_three_failures_are_a_loop),
        cmocka_unit_test(test_one_or_two_restarts_are_none),
        cmocka_unit_test(test_rare_restarts_are_none),
        cmocka_unit_test(test_power),
        cmocka_unit_test(test_sleeping_is_no_loop),
        cmocka_unit_test(test_nothing_to_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
