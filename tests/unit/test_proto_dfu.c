/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DFU engine against scripts instead of boards: a table of what it must ask for next, each line
 * with its answer, and a clock that moves only here. So every wait is checked to the microsecond, and
 * answers can be given that no virtual board would give.
 *
 * A line is made by a function: status(0, 50, 4) is a GETSTATUS and its answer, block(3, 64) a DNLOAD, and
 * so on; lost(line, kind) gives it another outcome. What goes on for ever, or over thousands of blocks, is
 * played by a small board at the end. USB DFU 1.1 gives the numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/dfu.h"

#define MS       ((fettle_us)1000)
#define SECOND   ((fettle_us)1000000)
#define A_MOMENT ((fettle_us)125) /* what a transfer takes here */
#define START    ((fettle_us)7777)

enum {
    SIZE = 64,     /* of a block */
    INTERFACE = 2, /* to be seen in every wIndex */
    ALTERNATE = 1,
    ERR_VERIFY = 7,
    ERR_ADDRESS = 8,
};

enum asks { GETSTATUS, DNLOAD, UPLOAD, CLRSTATUS, ABORT, DETACH, SELECT, RESET, SLEEP };

static const char *const names[] = {
    "GETSTATUS", "DNLOAD", "UPLOAD", "CLRSTATUS", "ABORT",
    "DETACH",    "SELECT", "RESET",  "SLEEP",
};

struct line {
    enum asks asks;
    uint16_t wValue, wLength;
    const uint8_t *data; /* that is sent, or that is the answer */
    fettle_us time;      /* SLEEP: this long from now */
    fettle_outcome_kind outcome;
    size_t count;
    uint8_t status[6];
};

#define IS(state) status(FETTLE_DFU_STATUS_OK, 0, FETTLE_DFU_##state)

#define PLAY(...)                            \
    play((const struct line[]){__VA_ARGS__}, \
         sizeof((const struct line[]){__VA_ARGS__}) / sizeof(struct line), __LINE__)

struct script {
    fettle_dfu dfu;
    fettle_dfu_traits traits;
    uint8_t content[8 * SIZE], memory[8 * SIZE];
    fettle_task task;
    fettle_us now;
    fettle_effect effect; /* the one that is wanted now */
};

static struct script self; /* too large for a stack */

static void sit_down(void)
{
    memset(&self, 0, sizeof self);
    for (size_t i = 0; i < sizeof self.content; i++) {
        self.content[i] = self.memory[i] = (uint8_t)(i * 7 + i / 256);
    }
    self.now = START;
    self.traits = (fettle_dfu_traits){
        .interface = INTERFACE,
        .alternate = ALTERNATE,
        .transfer_size = SIZE,
        .wDetachTimeOut = 250,
        .is_tolerant = true,
    };
    fettle_dfu_init(&self.dfu, &self.traits);
}

static void use_traits(void)
{
    fettle_dfu_init(&self.dfu, &self.traits);
}

static fettle_span content_of(size_t size)
{
    return (fettle_span){self.content, size};
}

/* ---- lines ---- */

/* GETSTATUS, and its answer. */
static struct line status(unsigned code, uint32_t poll_ms, unsigned state)
{
    return (struct line){.asks = GETSTATUS,
                         .wLength = 6,
                         .count = 6,
                         .status = {(uint8_t)code, (uint8_t)poll_ms,
                                    (uint8_t)(poll_ms >> 8), (uint8_t)(poll_ms >> 16),
                                    (uint8_t)state}};
}

static struct line status_of(size_t count)
{
    return (struct line){
        .asks = GETSTATUS, .wLength = 6, .count = count, .status = {0, 0, 0, 0, 2}};
}

/* DNLOAD of a block of the content; without a length it is the end. */
static struct line block(uint16_t number, uint16_t length)
{
    return (struct line){.asks = DNLOAD, .wValue = number, .wLength = length};
}

static struct line end(uint16_t number)
{
    return block(number, 0);
}

/* UPLOAD, answered with `count` bytes of the memory. */
static struct line reads(uint16_t number, size_t count)
{
    return (struct line){.asks = UPLOAD, .wValue = number, .wLength = SIZE, .count = count};
}

static struct line plain(enum asks asks)
{
    return (struct line){.asks = asks};
}

static struct line detach(uint16_t time)
{
    return (struct line){.asks = DETACH, .wValue = time};
}

static struct line pause_of(fettle_us time)
{
    return (struct line){.asks = SLEEP, .time = time};
}

/* The same, but ending otherwise. */
static struct line lost(struct line line, fettle_outcome_kind outcome)
{
    line.outcome = outcome;
    line.count = 0;
    return line;
}

/* ---- playing ---- */

static enum asks asked_for(const fettle_effect *effect)
{
    static const int requests[] = {DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, -1, ABORT};
    switch (effect->kind) {
    case FETTLE_EFFECT_SLEEP:
        return SLEEP;
    case FETTLE_EFFECT_SELECT:
        assert_int_equal(INTERFACE, effect->select.interface);
        assert_int_equal(ALTERNATE, effect->select.alternate);
        return SELECT;
    case FETTLE_EFFECT_RESET:
        return RESET;
    default:
        assert_int_equal(FETTLE_EFFECT_CONTROL, effect->kind);
        assert_in_range(effect->control.bRequest, 0, 6);
        return (enum asks)requests[effect->control.bRequest];
    }
}

static void check_control(const fettle_control *control, const struct line *line)
{
    bool comes_in = line->asks == GETSTATUS || line->asks == UPLOAD;
    assert_int_equal(comes_in ? 0xA1 : 0x21, control->bmRequestType);
    assert_int_equal(INTERFACE, control->wIndex);
    assert_int_equal(line->wValue, control->wValue);
    assert_int_equal(line->wLength, control->wLength);
    assert_true(comes_in == (control->in != NULL));
    assert_true((line->asks == DNLOAD && line->wLength > 0) == (control->out != NULL));
    if (control->out != NULL) {
        const uint8_t *data =
            line->data != NULL ? line->data : self.content + (size_t)line->wValue * SIZE;
        assert_memory_equal(data, control->out, line->wLength);
    }
}

static fettle_outcome answer(const struct line *line)
{
    fettle_outcome outcome = {.kind = line->outcome, .count = line->count};
    if (line->outcome == FETTLE_ERROR) {
        outcome.why = FETTLE_WHY_SYSTEM;
        outcome.system = 71;
    }
    if (line->asks == GETSTATUS) {
        memcpy(self.effect.control.in, line->status, line->count < 6 ? line->count : 6);
    } else if (line->asks == UPLOAD && line->count > 0) {
        const uint8_t *data =
            line->data != NULL ? line->data : self.memory + (size_t)line->wValue * SIZE;
        memcpy(self.effect.control.in, data, line->count < SIZE ? line->count : SIZE);
    } else if (line->asks == DNLOAD && line->outcome == FETTLE_OK) {
        outcome.count = line->wLength;
    }
    return outcome;
}

static void start(fettle_engine *engine)
{
    fettle_task_init(&self.task, engine);
    self.effect = fettle_task_step(&self.task, NULL, self.now);
}

static void play(const struct line *lines, size_t count, int at)
{
    for (size_t i = 0; i < count; i++) {
        const struct line *line = &lines[i];
        if (self.effect.kind >= FETTLE_EFFECT_DONE ||
            asked_for(&self.effect) != line->asks) {
            print_message("# line %d of the script at %d: %s expected\n", (int)i, at,
                          names[line->asks]);
        }
        assert_int_equal(line->asks, asked_for(&self.effect));
        if (self.effect.kind == FETTLE_EFFECT_CONTROL) {
            check_control(&self.effect.control, line);
        }
        if (line->asks == SLEEP) {
            assert_int_equal(self.now + line->time, self.effect.until);
            self.now = self.effect.until;
        } else {
            assert_true(self.effect.until > self.now);
            self.now += A_MOMENT;
        }
        fettle_outcome outcome = answer(line);
        self.effect = fettle_task_step(&self.task, &outcome, self.now);
    }
}

static void ends_well(void)
{
    assert_int_equal(FETTLE_EFFECT_DONE, self.effect.kind);
    assert_int_equal(FETTLE_E_NONE, self.dfu.engine.error.code);
    assert_int_equal(self.dfu.engine.total, self.dfu.engine.done);
}

static void ends_badly(fettle_code code, const char *message)
{
    assert_int_equal(FETTLE_EFFECT_FAILED, self.effect.kind);
    assert_int_equal(code, self.dfu.engine.error.code);
    assert_string_equal(message, self.dfu.engine.error.message);
    assert_non_null(self.dfu.engine.error.hint);
}

/* ---- survey ---- */

static void test_survey_asks_and_changes_nothing(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_survey(&self.dfu));
    PLAY(status(FETTLE_DFU_STATUS_ERR_FIRMWARE, 0, FETTLE_DFU_ERROR));
    ends_well();
    assert_int_equal(FETTLE_DFU_ERROR, self.dfu.bState);
    assert_int_equal(10, self.dfu.bStatus);
    assert_false(self.dfu.was_refused);
}

static void test_survey_of_an_application_that_stalls(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_survey(&self.dfu));
    PLAY(lost(IS(IDLE), FETTLE_STALL));
    ends_well();
    assert_true(self.dfu.was_refused);
    assert_int_equal(FETTLE_DFU_STATE_UNKNOWN, self.dfu.bState);
}

static void test_survey_fails_where_nobody_answers(void **state)
{
    static const struct {
        fettle_outcome_kind outcome;
        fettle_code code;
        const char *message;
    } rows[] = {
        {FETTLE_TIMEOUT, FETTLE_E_NO_ANSWER,
         "cannot find out what it is: the board does not answer"},
        {FETTLE_GONE, FETTLE_E_BOARD_LEFT,
         "cannot find out what it is: the board left the bus"},
        {FETTLE_CANCELLED, FETTLE_E_CANCELLED,
         "cannot find out what it is: stopped before it was finished"},
        {FETTLE_ERROR, FETTLE_E_TRANSFER_FAILED,
         "cannot find out what it is: the system could not carry out a transfer (code 71)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sit_down();
        start(fettle_dfu_survey(&self.dfu));
        PLAY(lost(IS(IDLE), rows[i].outcome));
        ends_badly(rows[i].code, rows[i].message);
    }
}

/* Whatever number comes is told as it came. */
static void test_unknown_numbers_are_received(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_survey(&self.dfu));
    PLAY(status(200, 0, 77));
    ends_well();
    assert_int_equal(77, self.dfu.bState);
    assert_int_equal(200, self.dfu.bStatus);
    assert_null(fettle_dfu_bstate_name(77));
    assert_null(fettle_dfu_bstatus_name(200));
    assert_string_equal("errSTALLEDPKT", fettle_dfu_bstatus_name(15));
    assert_null(fettle_dfu_bstatus_name(16));
    assert_string_equal("dfuERROR", fettle_dfu_bstate_name(10));
    assert_null(fettle_dfu_bstate_name(11));
}

/* ---- an answer has six bytes ---- */

static void test_a_short_status_is_never_taken(void **state)
{
    (void)state;
    for (size_t count = 0; count < 6; count++) {
        sit_down();
        start(fettle_dfu_survey(&self.dfu));
        PLAY(status_of(count), status_of(count));
        ends_badly(
            FETTLE_E_UNEXPECTED_ANSWER,
            "cannot find out what it is: the answer to GETSTATUS has not its 6 bytes");
        assert_int_equal(FETTLE_DFU_STATE_UNKNOWN, self.dfu.bState);
    }
}

static void test_a_short_status_after_a_block(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(IDLE), block(0, SIZE), status_of(3), IS(DNLOAD_IDLE), plain(ABORT));
    ends_badly(FETTLE_E_UNEXPECTED_ANSWER,
               "cannot write block 0 at 0x00000000: the answer to GETSTATUS has not its 6 "
               "bytes");
}

/* ---- selecting ---- */

static void test_select_only_when_needed_and_once(void **state)
{
    (void)state;
    sit_down();
    self.traits.needs_select = true;
    use_traits();
    start(fettle_dfu_survey(&self.dfu));
    PLAY(plain(SELECT), IS(IDLE));
    ends_well();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(block(0, SIZE), IS(DNLOAD_IDLE)); /* the state is known too */
    ends_well();
}

static void test_select_that_is_refused(void **state)
{
    (void)state;
    sit_down();
    self.traits.needs_select = true;
    use_traits();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(lost(plain(SELECT), FETTLE_STALL), IS(IDLE));
    ends_badly(FETTLE_E_BOARD_REFUSED,
               "cannot bring it back to idle: the board says STALL in its answer");
}

/* ---- download ---- */

static void test_download_block_by_block(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(2 * SIZE + 5), NULL));
    PLAY(IS(IDLE), block(0, SIZE), IS(DNLOAD_IDLE), block(1, SIZE), IS(DNLOAD_IDLE));
    assert_int_equal(2 * SIZE, self.dfu.engine.done);
    PLAY(block(2, 5), IS(DNLOAD_IDLE));
    ends_well();
    start(fettle_dfu_finish(&self.dfu, 2 * SIZE + 5));
    PLAY(end(3), status(0, 0, FETTLE_DFU_MANIFEST_SYNC), IS(IDLE));
    ends_well();
    assert_true(self.dfu.was_manifested);
    assert_false(self.dfu.lost_completion);
}

static void test_poll_timeout_is_honoured_to_the_microsecond(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(
        IS(IDLE), block(0, SIZE), status(0, 1, FETTLE_DFU_DNBUSY), pause_of(MS),
        status(0, 0, FETTLE_DFU_DNBUSY),              /* 0: asked at once */
        status(0, 0x020304, FETTLE_DFU_DNLOAD_SYNC)); /* longer than anything may be busy */
    ends_badly(FETTLE_E_BOARD_STAYS_BUSY,
               "cannot write block 0 at 0x00000000: the board says that it is busy "
               "(dfuDNLOAD-SYNC), and does not come to an end");
}

static void test_poll_timeout_has_three_bytes(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(IDLE), block(0, SIZE), status(0, 0x010102, FETTLE_DFU_DNBUSY),
         pause_of(0x010102 * MS), status(0, 0x00D000, FETTLE_DFU_DNBUSY),
         pause_of(0x00D000 * MS), IS(DNLOAD_IDLE));
    ends_well();
}

static void test_poll_timeout_of_an_idle_board_is_not_waited_for(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(2 * SIZE), NULL));
    PLAY(IS(IDLE), block(0, SIZE), status(0, 5000, FETTLE_DFU_DNLOAD_IDLE), block(1, SIZE),
         status(0, 5000, FETTLE_DFU_DNLOAD_IDLE));
    ends_well();
}

static void test_only_what_differs_is_sent_where_a_block_is_a_place(void **state)
{
    static fettle_dfu_difference only;
    (void)state;
    sit_down();
    self.traits.block_is_place = true;
    use_traits();
    only.blocks[0] = 1 << 1 | 1 << 4;
    start(fettle_dfu_download(&self.dfu, content_of(8 * SIZE), &only));
    PLAY(IS(IDLE), block(1, SIZE), IS(DNLOAD_IDLE), block(4, SIZE), IS(DNLOAD_IDLE));
    ends_well();
}

static void test_all_is_sent_where_blocks_come_in_order(void **state)
{
    static fettle_dfu_difference only;
    (void)state;
    sit_down();
    only.blocks[0] = 1 << 1;
    start(fettle_dfu_download(&self.dfu, content_of(2 * SIZE), &only));
    PLAY(IS(IDLE), block(0, SIZE), IS(DNLOAD_IDLE), block(1, SIZE), IS(DNLOAD_IDLE));
    ends_well();
}

static void test_a_refusal_is_told_as_received(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(4 * SIZE), NULL));
    PLAY(IS(IDLE), block(0, SIZE), IS(DNLOAD_IDLE), block(1, SIZE),
         status(ERR_ADDRESS, 0, FETTLE_DFU_ERROR), status(ERR_ADDRESS, 0, FETTLE_DFU_ERROR),
         plain(CLRSTATUS));
    ends_badly(FETTLE_E_BOARD_REFUSED, "cannot write block 1 at 0x00000040: the board says "
                                       "errADDRESS in dfuERROR");
    const fettle_error *error = &self.dfu.engine.error;
    assert_int_equal(FETTLE_STATUS_DFU, error->device_kind);
    assert_int_equal(ERR_ADDRESS, error->device);
    assert_int_equal(FETTLE_DFU_ERROR, error->device_state);
    assert_true(error->has_address);
    assert_int_equal(SIZE, error->address);
}

static void test_a_stalled_block_is_asked_about(void **state)
{
    const struct line stalled = lost(block(0, SIZE), FETTLE_STALL);
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(IDLE), stalled, status(15, 0, FETTLE_DFU_ERROR),
         status(15, 0, FETTLE_DFU_ERROR), plain(CLRSTATUS));
    ends_badly(FETTLE_E_BOARD_REFUSED, "cannot write block 0 at 0x00000000: the board says "
                                       "errSTALLEDPKT in dfuERROR");

    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(IDLE), stalled, IS(IDLE), IS(IDLE));
    ends_badly(FETTLE_E_UNEXPECTED_ANSWER, "cannot write block 0 at 0x00000000: the board "
                                           "refused this, and names no reason");
}

static void test_a_block_that_was_taken_in_part(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(IDLE));
    fettle_outcome part = {.kind = FETTLE_OK, .count = SIZE - 1};
    self.effect = fettle_task_step(&self.task, &part, self.now);
    PLAY(IS(DNLOAD_IDLE), plain(ABORT));
    ends_badly(FETTLE_E_UNEXPECTED_ANSWER,
               "cannot write block 0 at 0x00000000: not all bytes of a block were taken");
}

static void test_odd_answers_are_asked_again_three_times(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(IDLE), block(0, SIZE), status(0, 2, 77), pause_of(2 * MS), status(200, 0, 5),
         pause_of(MS), status(0, 0, 255), pause_of(MS), IS(DNLOAD_IDLE));
    ends_well();

    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(IDLE), block(0, SIZE), status(200, 0, 77), pause_of(MS), status(200, 0, 77),
         pause_of(MS), status(200, 0, 77), pause_of(MS), status(200, 0, 77),
         status(200, 0, 77));
    ends_badly(FETTLE_E_BOARD_REFUSED, "cannot write block 0 at 0x00000000: the board says "
                                       "status 200 in state 77");
    assert_int_equal(200, self.dfu.engine.error.device);
    assert_int_equal(77, self.dfu.engine.error.device_state);
}

/* A time that comes with nonsense is nonsense: it must not hold us up for hours. */
static void hold_up(uint8_t code, uint8_t in_state)
{
    const uint8_t odd[] = {code, 0xFF, 0xFF, 0xFF, in_state, 0};
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(IDLE), block(0, SIZE));
    fettle_us began = self.now;
    for (int i = 0; i < 100 && self.effect.kind < FETTLE_EFFECT_DONE; i++) {
        fettle_outcome outcome = {.kind = FETTLE_OK};
        if (self.effect.kind == FETTLE_EFFECT_SLEEP) {
            self.now = self.effect.until;
        } else if (self.effect.control.in != NULL) {
            memcpy(self.effect.control.in, odd, sizeof odd);
            outcome.count = sizeof odd;
        }
        self.effect = fettle_task_step(&self.task, &outcome, self.now);
    }
    assert_int_equal(FETTLE_EFFECT_FAILED, self.effect.kind);
    assert_in_range(self.now - began, 0, 125 * SECOND);
}

static void test_odd_answers_cannot_hold_us_up(void **state)
{
    (void)state;
    hold_up(200, 77);
    hold_up(0, 77);
    for (uint8_t in_state = 0; in_state <= FETTLE_DFU_ERROR; in_state++) {
        hold_up(200, in_state);
    }
}

/* ---- the way back to dfuIDLE ---- */

static void test_the_greeting_is_cleared(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(status(FETTLE_DFU_STATUS_ERR_FIRMWARE, 0, FETTLE_DFU_ERROR), plain(CLRSTATUS),
         IS(IDLE), block(0, SIZE), IS(DNLOAD_IDLE));
    ends_well();
    assert_false(self.dfu.was_cut_off);
}

/* CLRSTATUS elsewhere puts strict boards into dfuERROR. */
static void test_a_status_outside_of_dfu_error_is_not_cleared(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(status(FETTLE_DFU_STATUS_ERR_FIRMWARE, 0, FETTLE_DFU_IDLE), block(0, SIZE),
         IS(DNLOAD_IDLE));
    ends_well();
}

static void test_the_way_back_from_each_state(void **state)
{
    (void)state;
    sit_down(); /* busy: waited for */
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(status(0, 40, FETTLE_DFU_DNBUSY), pause_of(40 * MS),
         status(0, 0, FETTLE_DFU_DNLOAD_SYNC), IS(DNLOAD_IDLE), plain(ABORT), IS(IDLE),
         block(0, SIZE), IS(DNLOAD_IDLE));
    ends_well();
    assert_true(self.dfu.was_cut_off);

    sit_down(); /* manifesting: waited for, then reset where the board wants that */
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(status(0, 0, FETTLE_DFU_MANIFEST_SYNC), status(0, 9, FETTLE_DFU_MANIFEST),
         pause_of(9 * MS), IS(MANIFEST_WAIT_RESET), plain(RESET), plain(SELECT), IS(IDLE),
         block(0, SIZE), IS(DNLOAD_IDLE));
    ends_well();

    sit_down(); /* an upload that was left open */
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(UPLOAD_IDLE), plain(ABORT), IS(IDLE), block(0, SIZE), IS(DNLOAD_IDLE));
    ends_well();
    assert_false(self.dfu.was_cut_off);

    sit_down(); /* no state at all: asked again, and seen */
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(status(0, 0, 77), pause_of(MS), status(3, 20, 77), pause_of(20 * MS), IS(IDLE),
         block(0, SIZE), IS(DNLOAD_IDLE));
    ends_well();

    sit_down(); /* an application takes no firmware */
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(APP_IDLE), IS(APP_IDLE));
    ends_badly(FETTLE_E_BOARD_REFUSED,
               "cannot bring it back to idle: the board says OK in appIDLE");
}

/* What tidies up need not be answered, only have its effect. */
static void test_a_lost_answer_on_the_way_back(void **state)
{
    (void)state;
    for (fettle_outcome_kind kind = FETTLE_TIMEOUT; kind <= FETTLE_ERROR; kind++) {
        if (kind == FETTLE_GONE || kind == FETTLE_CANCELLED) {
            continue;
        }
        sit_down();
        start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
        PLAY(IS(DNLOAD_IDLE), lost(plain(ABORT), kind), IS(IDLE), block(0, SIZE),
             IS(DNLOAD_IDLE));
        ends_well();
    }
}

/* ABORT that changes nothing, then a zero-length DNLOAD, then a reset. Never ABORT for ever. */
static void test_abort_that_is_ignored(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(DNLOAD_IDLE), plain(ABORT), IS(DNLOAD_IDLE), plain(ABORT), IS(DNLOAD_IDLE),
         end(0), IS(DNLOAD_IDLE), plain(RESET), plain(SELECT), IS(IDLE), block(0, SIZE),
         IS(DNLOAD_IDLE));
    ends_well();

    sit_down(); /* known not to know ABORT; the end makes it complain, and that is cleared */
    self.traits.ignores_abort = true;
    use_traits();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(DNLOAD_IDLE), end(0), status(9, 0, FETTLE_DFU_ERROR), plain(CLRSTATUS),
         IS(IDLE), block(0, SIZE), IS(DNLOAD_IDLE));
    ends_well();
    assert_true(self.dfu.was_cut_off);

    sit_down(); /* who only wants to read makes no firmware of half a download */
    start(fettle_dfu_compare(&self.dfu, content_of(SIZE), 0, SIZE, true));
    PLAY(IS(DNLOAD_IDLE), plain(ABORT), IS(DNLOAD_IDLE), plain(ABORT), IS(DNLOAD_IDLE),
         plain(RESET), plain(SELECT), IS(IDLE), reads(0, SIZE));
    ends_well();

    sit_down(); /* nothing helps */
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(DNLOAD_IDLE), plain(ABORT), IS(DNLOAD_IDLE), plain(ABORT), IS(DNLOAD_IDLE),
         end(0), IS(DNLOAD_IDLE), plain(RESET), plain(SELECT), IS(DNLOAD_IDLE),
         plain(RESET), plain(SELECT), IS(DNLOAD_IDLE), plain(RESET), plain(SELECT),
         IS(DNLOAD_IDLE), IS(DNLOAD_IDLE), plain(ABORT));
    ends_badly(FETTLE_E_BOARD_REFUSED,
               "cannot free it from an update that was cut off: the "
               "board says OK in dfuDNLOAD-IDLE");
}

static void test_an_open_download_is_joined_where_any_block_is_taken(void **state)
{
    (void)state;
    sit_down();
    self.traits.block_is_place = self.traits.ignores_abort = true;
    self.traits.reads_in_download = true;
    use_traits();
    start(fettle_dfu_compare(&self.dfu, content_of(SIZE), 0, SIZE, true));
    PLAY(IS(DNLOAD_IDLE), reads(0, SIZE));
    ends_well();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(block(0, SIZE), IS(DNLOAD_IDLE));
    ends_well();
}

static void test_a_board_that_leaves_when_it_is_reset(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(MANIFEST_WAIT_RESET), lost(plain(RESET), FETTLE_GONE));
    ends_badly(FETTLE_E_BOARD_LEFT, "cannot bring it back to idle: the board left the bus");
    assert_true(self.dfu.has_left);
}

/* ---- the end ---- */

static void write_one_block(void)
{
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL));
    PLAY(IS(IDLE), block(0, SIZE), IS(DNLOAD_IDLE));
    ends_well();
    start(fettle_dfu_finish(&self.dfu, SIZE));
}

static void test_a_tolerant_board_comes_back_to_idle(void **state)
{
    (void)state;
    sit_down();
    write_one_block();
    PLAY(end(1), status(0, 100, FETTLE_DFU_MANIFEST_SYNC), pause_of(100 * MS),
         status(0, 0, FETTLE_DFU_MANIFEST), IS(IDLE));
    ends_well();
    assert_true(self.dfu.was_manifested);
    assert_false(self.dfu.lost_completion);
}

static void test_another_board_wants_a_reset_or_is_deaf(void **state)
{
    (void)state;
    sit_down();
    self.traits.is_tolerant = false;
    use_traits();
    write_one_block();
    PLAY(end(1), status(0, 30, FETTLE_DFU_MANIFEST), pause_of(30 * MS),
         IS(MANIFEST_WAIT_RESET));
    ends_well();
    assert_true(self.dfu.was_manifested);

    for (fettle_outcome_kind kind = FETTLE_TIMEOUT; kind <= FETTLE_ERROR; kind++) {
        if (kind == FETTLE_CANCELLED) {
            continue;
        }
        sit_down();
        self.traits.is_tolerant = false;
        use_traits();
        write_one_block();
        PLAY(end(1), status(0, 30, FETTLE_DFU_MANIFEST), pause_of(30 * MS));
        assert_int_equal(self.now + SECOND,
                         self.effect.until); /* deaf boards are not waited for */
        PLAY(lost(IS(IDLE), kind));
        ends_well();
        assert_true(self.dfu.lost_completion);
        assert_false(self.dfu.was_manifested);
        assert_int_equal(FETTLE_DFU_STATE_UNKNOWN, self.dfu.bState);
    }
}

static void test_an_end_without_an_answer_is_no_failure(void **state)
{
    static const fettle_outcome_kind kinds[] = {FETTLE_TIMEOUT, FETTLE_ERROR, FETTLE_GONE};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        sit_down();
        self.traits.is_tolerant = kinds[i] != FETTLE_GONE;
        use_traits();
        write_one_block();
        PLAY(lost(end(1), kinds[i]));
        ends_well();
        assert_true(self.dfu.lost_completion);
        assert_true((kinds[i] == FETTLE_GONE) == self.dfu.has_left);
    }
}

static void test_a_tolerant_board_may_leave_all_the_same(void **state)
{
    (void)state;
    sit_down();
    write_one_block();
    PLAY(lost(end(1), FETTLE_GONE));
    ends_well(); /* whoever asked looks for it, and at what it holds */
    assert_true(self.dfu.lost_completion);
    assert_true(self.dfu.has_left);
    assert_false(self.dfu.was_manifested);
}

static void test_an_end_that_was_stalled_is_asked_about(void **state)
{
    const struct line stalled = lost(end(1), FETTLE_STALL);
    (void)state;
    sit_down(); /* at rest: nothing says that it was taken */
    write_one_block();
    PLAY(stalled, IS(IDLE));
    ends_well();
    assert_true(self.dfu.lost_completion);
    assert_false(self.dfu.was_manifested);

    sit_down(); /* already manifesting when asked: nothing is lost */
    write_one_block();
    PLAY(stalled, status(0, 2, FETTLE_DFU_MANIFEST), pause_of(2 * MS), IS(IDLE));
    ends_well();

    sit_down(); /* it says no, and why */
    write_one_block();
    PLAY(stalled, status(9, 0, FETTLE_DFU_ERROR), status(9, 0, FETTLE_DFU_ERROR),
         plain(CLRSTATUS));
    ends_badly(FETTLE_E_FIRMWARE_REFUSED, "cannot finish the update: the board refused the "
                                          "firmware after it had all of it: errNOTDONE");

    sit_down(); /* it came too early: once more after a pause */
    write_one_block();
    PLAY(stalled, IS(DNLOAD_IDLE), pause_of(20 * MS), end(1), IS(IDLE));
    ends_well();
    assert_false(self.dfu.lost_completion);

    sit_down(); /* twice, without a reason: lost */
    write_one_block();
    PLAY(stalled, IS(DNLOAD_IDLE), pause_of(20 * MS), stalled, IS(DNLOAD_IDLE));
    ends_well();
    assert_true(self.dfu.lost_completion);
    assert_false(self.dfu.was_manifested);
}

static void test_the_boards_own_check_says_no(void **state)
{
    (void)state;
    sit_down();
    write_one_block();
    PLAY(end(1), status(0, 5, FETTLE_DFU_MANIFEST), pause_of(5 * MS),
         status(ERR_VERIFY, 0, FETTLE_DFU_ERROR), status(ERR_VERIFY, 0, FETTLE_DFU_ERROR),
         plain(CLRSTATUS));
    ends_badly(FETTLE_E_FIRMWARE_REFUSED, "cannot finish the update: the board refused the "
                                          "firmware after it had all of it: errVERIFY");
    assert_int_equal(ERR_VERIFY, self.dfu.engine.error.device);
    assert_false(self.dfu.was_manifested);
}

static void test_nothing_open_is_nothing_to_end(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_finish(&self.dfu, SIZE));
    PLAY(IS(IDLE));
    ends_well();
    assert_false(self.dfu.was_manifested);
}

/* ---- compare ---- */

static void compare(size_t size, size_t from, size_t to, bool all)
{
    start(fettle_dfu_compare(&self.dfu, content_of(size), from, to, all));
}

static bool is_marked(unsigned block)
{
    return (self.dfu.difference.blocks[block / 8] >> block % 8 & 1) != 0;
}

static void test_compare_of_what_is_equal(void **state)
{
    (void)state;
    sit_down();
    compare(2 * SIZE + 10, 0, 2 * SIZE + 10, true);
    PLAY(IS(IDLE), reads(0, SIZE), reads(1, SIZE), reads(2, SIZE));
    ends_well();
    assert_int_equal(0, self.dfu.difference.count);
    for (unsigned block = 0; block < 8; block++) {
        assert_false(is_marked(block));
    }
}

static void test_compare_counts_where_it_matters_and_tracks_all(void **state)
{
    (void)state;
    sit_down();
    self.memory[5] ^= 1;               /* before what is kept */
    self.memory[2 * SIZE + 63] ^= 128; /* in it */
    self.memory[3 * SIZE] ^= 1;        /* in it */
    self.memory[6 * SIZE] ^= 1;        /* behind it */
    compare(8 * SIZE, SIZE, 6 * SIZE, true);
    PLAY(IS(IDLE), reads(0, SIZE), reads(1, SIZE), reads(2, SIZE), reads(3, SIZE),
         reads(4, SIZE), reads(5, SIZE), reads(6, SIZE), reads(7, SIZE));
    ends_well();
    assert_int_equal(2, self.dfu.difference.count);
    assert_int_equal(2, self.dfu.difference.first);
    assert_int_equal(1 << 0 | 1 << 2 | 1 << 3 | 1 << 6, self.dfu.difference.blocks[0]);
    assert_int_equal(0, self.dfu.difference.blocks[1]);
}

/* A block that is kept in part counts; the borders of what is kept are exact. */
static void test_compare_at_the_borders_of_what_is_kept(void **state)
{
    (void)state;
    sit_down();
    self.memory[SIZE] ^= 1;
    compare(2 * SIZE, 0, SIZE + 1, true);
    PLAY(IS(IDLE), reads(0, SIZE), reads(1, SIZE));
    assert_int_equal(1, self.dfu.difference.count);

    sit_down();
    self.memory[SIZE] ^= 1;
    compare(2 * SIZE, 0, SIZE, true);
    PLAY(IS(IDLE), reads(0, SIZE), reads(1, SIZE));
    assert_int_equal(0, self.dfu.difference.count);
    assert_true(is_marked(1));

    sit_down();
    self.memory[SIZE - 1] ^= 1;
    compare(2 * SIZE, SIZE, 2 * SIZE, true);
    PLAY(IS(IDLE), reads(0, SIZE), reads(1, SIZE));
    assert_int_equal(0, self.dfu.difference.count);
    assert_true(is_marked(0));
}

static void test_compare_that_stops_at_the_first(void **state)
{
    (void)state;
    sit_down();
    self.memory[SIZE] ^= 1;
    compare(4 * SIZE, 0, 4 * SIZE, false);
    PLAY(IS(IDLE), reads(0, SIZE), reads(1, SIZE));
    ends_well();
    assert_int_equal(1, self.dfu.difference.count);
    assert_int_equal(1, self.dfu.difference.first);
}

/* What was not read is not known to be right. */
static void test_compare_of_a_board_that_ends_early(void **state)
{
    (void)state;
    for (unsigned count = 0; count < SIZE; count += 21) {
        sit_down();
        compare(4 * SIZE, 0, 4 * SIZE, true);
        PLAY(IS(IDLE), reads(0, SIZE), reads(1, count));
        ends_well();
        assert_int_equal(3, self.dfu.difference.count);
        assert_int_equal(1, self.dfu.difference.first);
        assert_int_equal(0x0E, self.dfu.difference.blocks[0]);
        assert_int_equal(FETTLE_DFU_IDLE, self.dfu.bState); /* a short block ends it */
    }
}

static void test_compare_of_a_short_last_block(void **state)
{
    (void)state;
    sit_down();
    compare(SIZE + 10, 0, SIZE + 10, true);
    PLAY(IS(IDLE), reads(0, SIZE), reads(1, 10)); /* all that the board has */
    ends_well();
    assert_int_equal(0, self.dfu.difference.count);

    sit_down();
    compare(SIZE + 10, 0, SIZE + 10, true);
    PLAY(IS(IDLE), reads(0, SIZE), reads(1, 9));
    ends_well();
    assert_int_equal(1, self.dfu.difference.count);
    assert_int_equal(1, self.dfu.difference.first);
}

static void test_more_than_was_asked_for(void **state)
{
    (void)state;
    sit_down();
    compare(SIZE, 0, SIZE, true);
    PLAY(IS(IDLE), reads(0, SIZE + 1), IS(UPLOAD_IDLE), plain(ABORT));
    ends_badly(FETTLE_E_UNEXPECTED_ANSWER,
               "cannot read block 0 at 0x00000000: more bytes came than were asked for");
}

static void test_a_block_that_can_not_be_read(void **state)
{
    (void)state;
    sit_down();
    compare(2 * SIZE, 0, 2 * SIZE, true);
    PLAY(IS(IDLE), reads(0, SIZE), lost(reads(1, 0), FETTLE_STALL),
         status(11, 0, FETTLE_DFU_ERROR), status(11, 0, FETTLE_DFU_ERROR),
         plain(CLRSTATUS));
    ends_badly(FETTLE_E_BOARD_REFUSED,
               "cannot read block 1 at 0x00000040: the board says errVENDOR in dfuERROR");
    assert_true(self.dfu.engine.error.has_address);
    assert_int_equal(SIZE, self.dfu.engine.error.address);
}

static void test_compare_leads_on_without_asking_again(void **state)
{
    (void)state;
    sit_down();
    compare(SIZE, 0, SIZE, true);
    PLAY(IS(IDLE), reads(0, SIZE));
    ends_well();
    start(fettle_dfu_download(&self.dfu, content_of(SIZE), NULL)); /* the upload is open */
    PLAY(plain(ABORT), IS(IDLE), block(0, SIZE), IS(DNLOAD_IDLE));
    ends_well();
}

/* ---- upload ---- */

static void test_upload_until_the_buffer_is_full(void **state)
{
    uint8_t buffer[SIZE + 10];
    (void)state;
    sit_down();
    start(fettle_dfu_upload(&self.dfu, buffer, sizeof buffer));
    PLAY(IS(IDLE), reads(0, SIZE), reads(1, SIZE));
    ends_well();
    assert_int_equal(sizeof buffer, self.dfu.count);
    assert_memory_equal(self.memory, buffer, sizeof buffer);
}

static void test_upload_until_the_board_ends_it(void **state)
{
    uint8_t buffer[4 * SIZE];
    (void)state;
    for (unsigned last = 0; last < SIZE; last += 31) {
        sit_down();
        start(fettle_dfu_upload(&self.dfu, buffer, sizeof buffer));
        PLAY(IS(IDLE), reads(0, SIZE), reads(1, last));
        ends_well();
        assert_int_equal(SIZE + last, self.dfu.count);
        assert_memory_equal(self.memory, buffer, SIZE + last);
        assert_int_equal(FETTLE_DFU_IDLE, self.dfu.bState);
    }
}

/* ---- detach, leave ---- */

static void test_detach_of_a_board_that_goes_by_itself(void **state)
{
    (void)state;
    sit_down();
    self.traits.will_detach = true;
    use_traits();
    start(fettle_dfu_detach(&self.dfu));
    PLAY(detach(250));
    ends_well();
    assert_false(self.dfu.was_refused);
}

static void test_detach_of_a_board_that_wants_a_reset(void **state)
{
    (void)state;
    sit_down();
    self.traits.wDetachTimeOut = 65535; /* more than a second is not asked for */
    use_traits();
    start(fettle_dfu_detach(&self.dfu));
    PLAY(detach(1000), plain(RESET));
    ends_well();
}

static void test_detach_that_is_refused(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_detach(&self.dfu));
    PLAY(lost(detach(250), FETTLE_STALL));
    ends_well();
    assert_true(self.dfu.was_refused);
}

static void test_detach_without_an_answer_is_no_failure(void **state)
{
    (void)state;
    for (fettle_outcome_kind kind = FETTLE_TIMEOUT; kind <= FETTLE_ERROR; kind++) {
        if (kind == FETTLE_STALL || kind == FETTLE_CANCELLED) {
            continue;
        }
        sit_down();
        self.traits.will_detach = true;
        use_traits();
        start(fettle_dfu_detach(&self.dfu));
        PLAY(lost(detach(250), kind));
        ends_well();
        assert_false(self.dfu.was_refused);
    }
}

/* It may have heard, and waits now for the reset that it needs. */
static void test_detach_without_an_answer_is_followed_by_the_reset(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_detach(&self.dfu));
    PLAY(lost(detach(250), FETTLE_TIMEOUT), plain(RESET));
    ends_well();
    assert_false(self.dfu.was_refused);
}

static void test_leave(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_leave(&self.dfu));
    PLAY(plain(RESET));
    ends_well();
    assert_false(self.dfu.has_left);

    start(fettle_dfu_leave(&self.dfu));
    PLAY(lost(plain(RESET), FETTLE_GONE));
    ends_well();
    assert_true(self.dfu.has_left);

    start(fettle_dfu_leave(&self.dfu));
    PLAY(lost(plain(RESET), FETTLE_CANCELLED));
    ends_badly(FETTLE_E_CANCELLED,
               "cannot start its application: stopped before it was finished");
}

/* ---- cancelling ---- */

/*
 * A small board that does as the specification says, for what takes too long to be written down:
 * two polls a block, then idle.
 */
struct board {
    fettle_dfu_state state;
    unsigned busy, polls; /* so many more answers "busy"; how many at a time */
    uint32_t poll_ms;
    uint32_t blocks, bytes;
    uint16_t last_block;
    bool is_in_order, heard_abort;
};

static struct board board_of(fettle_dfu_state state)
{
    return (struct board){.state = state,
                          .polls = 2,
                          .poll_ms = 3,
                          .is_in_order = true,
                          .last_block = 0xFFFF};
}

static void on_dnload(struct board *board, const fettle_control *control)
{
    if (control->wLength == 0) {
        board->state = FETTLE_DFU_MANIFEST;
    } else {
        board->state = FETTLE_DFU_DNBUSY;
        board->is_in_order &= control->wValue == (uint16_t)(board->last_block + 1);
        board->last_block = control->wValue;
        board->blocks++;
        board->bytes += control->wLength;
    }
    board->busy = board->polls;
}

static fettle_outcome on_getstatus(struct board *board, uint8_t *status)
{
    bool is_busy = board->state == FETTLE_DFU_DNBUSY || board->state == FETTLE_DFU_MANIFEST;
    if (is_busy && board->busy > 0) {
        board->busy--;
    } else if (is_busy) {
        board->state =
            board->state == FETTLE_DFU_DNBUSY ? FETTLE_DFU_DNLOAD_IDLE : FETTLE_DFU_IDLE;
    }
    memset(status, 0, 6);
    status[1] = (uint8_t)board->poll_ms;
    status[4] = (uint8_t)board->state;
    return (fettle_outcome){.kind = FETTLE_OK, .count = 6};
}

static fettle_outcome perform(struct board *board, const fettle_effect *effect)
{
    fettle_outcome outcome = {.kind = FETTLE_OK};
    if (effect->kind == FETTLE_EFFECT_SLEEP) {
        self.now = effect->until;
        return outcome;
    }
    self.now += A_MOMENT;
    switch (asked_for(effect)) {
    case GETSTATUS:
        return on_getstatus(board, effect->control.in);
    case DNLOAD:
        on_dnload(board, &effect->control);
        outcome.count = effect->control.wLength;
        break;
    case UPLOAD:
        memset(effect->control.in, 0, effect->control.wLength);
        board->state = FETTLE_DFU_UPLOAD_IDLE;
        outcome.count = effect->control.wLength;
        break;
    case ABORT:
        board->heard_abort = true;
        board->state = FETTLE_DFU_IDLE;
        break;
    case CLRSTATUS:
        board->state = FETTLE_DFU_IDLE;
        break;
    default:
        break;
    }
    return outcome;
}

/* Runs to the end, cancelled at effect `at`; returns how many effects came after that. */
static int run_cancelled(struct board *board, int at, bool *was_reached)
{
    int effects = 0, after = 0;
    *was_reached = false;
    while (self.effect.kind < FETTLE_EFFECT_DONE) {
        assert_in_range(effects, 0, 500000);
        fettle_outcome outcome = {.kind = FETTLE_CANCELLED};
        if (effects == at) {
            *was_reached = true;
        } else {
            outcome = perform(board, &self.effect);
        }
        after += *was_reached;
        effects++;
        self.effect = fettle_task_step(&self.task, &outcome, self.now);
    }
    return after - *was_reached;
}

static fettle_engine *start_verb(int verb)
{
    static uint8_t buffer[4 * SIZE];
    switch (verb) {
    case 0:
        return fettle_dfu_survey(&self.dfu);
    case 1:
        return fettle_dfu_detach(&self.dfu);
    case 2:
        return fettle_dfu_compare(&self.dfu, content_of(4 * SIZE), 0, 4 * SIZE, true);
    case 3:
        return fettle_dfu_download(&self.dfu, content_of(4 * SIZE), NULL);
    case 4:
        return fettle_dfu_upload(&self.dfu, buffer, sizeof buffer);
    case 5:
        return fettle_dfu_finish(&self.dfu, 4 * SIZE);
    default:
        return fettle_dfu_leave(&self.dfu);
    }
}

static bool cancel_once(int verb, fettle_dfu_state from, int at)
{
    bool was_reached;
    sit_down();
    struct board board = board_of(from);
    start(start_verb(verb));
    fettle_us began = self.now;
    int after = run_cancelled(&board, at, &was_reached);
    assert_in_range(self.now - began, 0, 2 * SECOND);
    if (!was_reached) {
        assert_int_equal(FETTLE_EFFECT_DONE, self.effect.kind);
        return false;
    }
    assert_int_equal(FETTLE_EFFECT_FAILED, self.effect.kind);
    assert_int_equal(FETTLE_E_CANCELLED, self.dfu.engine.error.code);
    assert_in_range(after, 0, 16);
    /* What was begun is given up, whatever was on its way when it was cancelled. */
    assert_true(verb == 0 || verb == 1 || verb > 5 || board.state == FETTLE_DFU_IDLE ||
                board.state == FETTLE_DFU_MANIFEST || board.state == from);
    assert_true(board.state != FETTLE_DFU_DNLOAD_IDLE &&
                board.state != FETTLE_DFU_UPLOAD_IDLE);
    return true;
}

static void test_a_cancel_at_each_effect_leaves_the_board_tidy(void **state)
{
    static const fettle_dfu_state from[] = {FETTLE_DFU_IDLE, FETTLE_DFU_DNBUSY,
                                            FETTLE_DFU_MANIFEST};
    (void)state;
    int count = 0;
    for (int verb = 2; verb <= 5; verb++) {
        for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
            for (int at = 0; cancel_once(verb, from[i], at); at++) {
                count++;
            }
        }
    }
    assert_in_range(count, 100, 1000);
}

static void test_a_cancel_of_what_changes_nothing(void **state)
{
    (void)state;
    static const int verbs[] = {0, 1, 6};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        bool was_reached;
        sit_down();
        struct board board = board_of(FETTLE_DFU_IDLE);
        start(start_verb(verbs[i]));
        assert_int_equal(0, run_cancelled(&board, 0, &was_reached));
        assert_int_equal(FETTLE_E_CANCELLED, self.dfu.engine.error.code);
    }
}

static void test_abort_reaches_a_board_that_was_busy_when_cancelled(void **state)
{
    bool was_reached;
    (void)state;
    sit_down();
    struct board board = board_of(FETTLE_DFU_IDLE);
    start(fettle_dfu_download(&self.dfu, content_of(4 * SIZE), NULL));
    int after =
        run_cancelled(&board, 3, &was_reached); /* asleep: the block is being written */
    assert_int_equal(FETTLE_E_CANCELLED, self.dfu.engine.error.code);
    assert_string_equal(
        "cannot write block 0 at 0x00000000: stopped before it was finished",
        self.dfu.engine.error.message);
    assert_true(board.heard_abort);
    assert_in_range(after, 1, 16);
}

/* Asking before its time is over would put it into dfuERROR, and that time is still known. */
static void test_a_cancel_does_not_hurry_the_board(void **state)
{
    (void)state;
    sit_down();
    start(fettle_dfu_download(&self.dfu, content_of(4 * SIZE), NULL));
    PLAY(IS(IDLE), block(0, SIZE), status(0, 300, FETTLE_DFU_DNBUSY));
    fettle_us due = self.effect.until;
    fettle_outcome cancelled = {.kind = FETTLE_CANCELLED};
    self.now += 100 * MS;
    self.effect = fettle_task_step(&self.task, &cancelled, self.now);
    assert_int_equal(FETTLE_EFFECT_SLEEP, self.effect.kind);
    assert_int_equal(due, self.effect.until);
    PLAY(pause_of(200 * MS), IS(DNLOAD_IDLE), plain(ABORT));
    ends_badly(FETTLE_E_CANCELLED,
               "cannot write block 0 at 0x00000000: stopped before it was finished");

    sit_down(); /* longer than there is time for: it is left to itself */
    start(fettle_dfu_download(&self.dfu, content_of(4 * SIZE), NULL));
    PLAY(IS(IDLE), block(0, SIZE), status(0, 30000, FETTLE_DFU_DNBUSY));
    self.effect = fettle_task_step(&self.task, &cancelled, self.now);
    assert_int_equal(FETTLE_EFFECT_FAILED, self.effect.kind);
}

/* ---- what goes on for long ---- */

static void test_block_numbers_wrap(void **state)
{
    enum { COUNT = 65538 };
    static uint8_t content[COUNT];
    bool was_reached;
    (void)state;
    sit_down();
    self.traits.transfer_size = 1;
    use_traits();
    struct board board = board_of(FETTLE_DFU_IDLE);
    board.polls = 0;
    start(fettle_dfu_download(&self.dfu, (fettle_span){content, COUNT}, NULL));
    (void)run_cancelled(&board, -1, &was_reached);
    ends_well();
    assert_int_equal(COUNT, board.blocks);
    assert_true(board.is_in_order); /* ... 65534, 65535, 0, 1 */
    assert_int_equal(1, board.last_block);
    start(fettle_dfu_finish(&self.dfu, COUNT));
    PLAY(end(2), IS(IDLE));
    ends_well();
}

/* Beyond the blocks that are tracked only numbers are kept, and all is sent again. */
static void test_differences_beyond_what_is_tracked(void **state)
{
    enum { COUNT = FETTLE_DFU_TRACKED_BLOCKS + 3 };
    static uint8_t content[COUNT];
    static fettle_dfu_difference only;
    bool was_reached;
    (void)state;
    sit_down();
    self.traits.transfer_size = 1;
    self.traits.block_is_place = true;
    use_traits();
    content[0] = content[COUNT - 1] = 1; /* the board reads as zeros */
    struct board board = board_of(FETTLE_DFU_IDLE);
    board.polls = 0;
    start(fettle_dfu_compare(&self.dfu, (fettle_span){content, COUNT}, 0, COUNT, true));
    (void)run_cancelled(&board, -1, &was_reached);
    ends_well();
    assert_int_equal(2, self.dfu.difference.count);
    assert_int_equal(0, self.dfu.difference.first);
    assert_true(is_marked(0));
    assert_false(is_marked(FETTLE_DFU_TRACKED_BLOCKS - 1));
    only = self.dfu.difference;
    start(fettle_dfu_download(&self.dfu, (fettle_span){content, COUNT}, &only));
    (void)run_cancelled(&board, -1, &was_reached);
    ends_well();
    assert_int_equal(COUNT, board.blocks);
}

static void stay_busy(fettle_dfu_state from, uint32_t poll_ms, size_t size)
{
    bool was_reached;
    sit_down();
    struct board board = board_of(from);
    board.busy = board.polls = UINT32_MAX;
    board.poll_ms = poll_ms;
    fettle_us began = self.now;
    start(size > 0 ? fettle_dfu_download(&self.dfu, content_of(size), NULL)
                   : fettle_dfu_finish(&self.dfu, SIZE));
    (void)run_cancelled(&board, -1, &was_reached); /* bounded in there */
    assert_int_equal(FETTLE_EFFECT_FAILED, self.effect.kind);
    assert_int_equal(FETTLE_E_BOARD_STAYS_BUSY, self.dfu.engine.error.code);
    assert_in_range(self.now - began, 100 * SECOND, 125 * SECOND);
}

static void test_busy_for_ever_comes_to_an_end(void **state)
{
    static const uint32_t polls[] = {0, 1, 20, 255};
    (void)state;
    for (size_t i = 0; i < sizeof polls / sizeof *polls; i++) {
        stay_busy(FETTLE_DFU_IDLE, polls[i], SIZE);
        stay_busy(FETTLE_DFU_DNBUSY, polls[i], SIZE);
        stay_busy(FETTLE_DFU_MANIFEST, polls[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survey_asks_and_changes_nothing),
        cmocka_unit_test(test_survey_of_an_application_that_stalls),
        cmocka_unit_test(test_survey_fails_where_nobody_answers),
        cmocka_unit_test(test_unknown_numbers_are_received),
        cmocka_unit_test(test_a_short_status_is_never_taken),
        cmocka_unit_test(test_a_short_status_after_a_block),
        cmocka_unit_test(test_select_only_when_needed_and_once),
        cmocka_unit_test(test_select_that_is_refused),
        cmocka_unit_test(test_download_block_by_block),
        cmocka_unit_test(test_poll_timeout_is_honoured_to_the_microsecond),
        cmocka_unit_test(test_poll_timeout_has_three_bytes),
        cmocka_unit_test(test_poll_timeout_of_an_idle_board_is_not_waited_for),
        cmocka_unit_test(test_only_what_differs_is_sent_where_a_block_is_a_place),
        cmocka_unit_test(test_all_is_sent_where_blocks_come_in_order),
        cmocka_unit_test(test_a_refusal_is_told_as_received),
        cmocka_unit_test(test_a_stalled_block_is_asked_about),
        cmocka_unit_test(test_a_block_that_was_taken_in_part),
        cmocka_unit_test(test_odd_answers_are_asked_again_three_times),
        cmocka_unit_test(test_odd_answers_cannot_hold_us_up),
        cmocka_unit_test(test_the_greeting_is_cleared),
        cmocka_unit_test(test_a_status_outside_of_dfu_error_is_not_cleared),
        cmocka_unit_test(test_the_way_back_from_each_state),
        cmocka_unit_test(test_a_lost_answer_on_the_way_back),
        cmocka_unit_test(test_abort_that_is_ignored),
        cmocka_unit_test(test_an_open_download_is_joined_where_any_block_is_taken),
        cmocka_unit_test(test_a_board_that_leaves_when_it_is_reset),
        cmocka_unit_test(test_a_tolerant_board_comes_back_to_idle),
        cmocka_unit_test(test_another_board_wants_a_reset_or_is_deaf),
        cmocka_unit_test(test_an_end_without_an_answer_is_no_failure),
        cmocka_unit_test(test_a_tolerant_board_may_leave_all_the_same),
        cmocka_unit_test(test_an_end_that_was_stalled_is_asked_about),
        cmocka_unit_test(test_the_boards_own_check_says_no),
        cmocka_unit_test(test_nothing_open_is_nothing_to_end),
        cmocka_unit_test(test_compare_of_what_is_equal),
        cmocka_unit_test(test_compare_counts_where_it_matters_and_tracks_all),
        cmocka_unit_test(test_compare_at_the_borders_of_what_is_kept),
        cmocka_unit_test(test_compare_that_stops_at_the_first),
        cmocka_unit_test(test_compare_of_a_board_that_ends_early),
        cmocka_unit_test(test_compare_of_a_short_last_block),
        cmocka_unit_test(test_more_than_was_asked_for),
        cmocka_unit_test(test_a_block_that_can_not_be_read),
        cmocka_unit_test(test_compare_leads_on_without_asking_again),
        cmocka_unit_test(test_upload_until_the_buffer_is_full),
        cmocka_unit_test(test_upload_until_the_board_ends_it),
        cmocka_unit_test(test_detach_of_a_board_that_goes_by_itself),
        cmocka_unit_test(test_detach_of_a_board_that_wants_a_reset),
        cmocka_unit_test(test_detach_that_is_refused),
        cmocka_unit_test(test_detach_without_an_answer_is_no_failure),
        cmocka_unit_test(test_detach_without_an_answer_is_followed_by_the_reset),
        cmocka_unit_test(test_leave),
        cmocka_unit_test(test_a_cancel_at_each_effect_leaves_the_board_tidy),
        cmocka_unit_test(test_a_cancel_of_what_changes_nothing),
        cmocka_unit_test(test_abort_reaches_a_board_that_was_busy_when_cancelled),
        cmocka_unit_test(test_a_cancel_does_not_hurry_the_board),
        cmocka_unit_test(test_block_numbers_wrap),
        cmocka_unit_test(test_differences_beyond_what_is_tracked),
        cmocka_unit_test(test_busy_for_ever_comes_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
