/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records and replays: lines that say everything, and a replay that gives it all back, so that a
 * record of the replay is the same text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run_fakes.h"

#include <stdlib.h>

enum {
    TEXT_SIZE = 60000,
};

struct text {
    size_t size;
    char bytes[TEXT_SIZE];
};

static void keep_line(void *user, const char *line)
{
    struct text *text = user;
    size_t length = strlen(line);
    assert_true(text->size + length + 1 <= sizeof text->bytes);
    memcpy(text->bytes + text->size, line, length);
    text->bytes[text->size + length] = '\n';
    text->size += length + 1;
}

static uint8_t in_bytes[64];
static const uint8_t out_bytes[3] = {0x00, 0x7f, 0xff};
static const fettle_face faces[] = {
    {FETTLE_MODE_DFU, FETTLE_LINK_USB, {0x04d8, 0xf014}},
    {FETTLE_MODE_APP, FETTLE_LINK_SERIAL, {0, 0}},
};

/* Every kind of effect, against a USB board and then a serial one. */
static const struct fake_step script[] = {
    {.effect = {.kind = FETTLE_EFFECT_OPEN,
                .ask = FETTLE_ASK_UPDATE_MODE,
                .until = 4 * SECOND,
                .open = {.match = {.path = "usb:1-1", .faces = faces, .face_count = 2},
                         .settings = {115200, 8, true, false}}}},
    {.effect = {.kind = FETTLE_EFFECT_CONTROL,
                .until = FETTLE_NEVER,
                .control = {0xa1, 3, 0x102, 0x304, 6, NULL, in_bytes}}},
    {.effect = {.kind = FETTLE_EFFECT_CONTROL,
                .until = FETTLE_NEVER,
                .control = {0x21, 1, 0, 0, 3, out_bytes, NULL}}},
    {.effect = {.kind = FETTLE_EFFECT_CONTROL,
                .until = FETTLE_NEVER,
                .control = {.bmRequestType = 0x21, .bRequest = 6}}},
    {.effect = {.kind = FETTLE_EFFECT_SELECT, .until = FETTLE_NEVER, .select = {1, 2}}},
    {.effect = {.kind = FETTLE_EFFECT_SLEEP, .until = 5 * SECOND}},
    {.effect = {.kind = FETTLE_EFFECT_RESET}},
    {.effect = {.kind = FETTLE_EFFECT_OPEN,
                .until = 0,
                .open = {.match = {.serial = "a b%\n\xc3\xa4",
                                   .faces = faces,
                                   .face_count = 2,
                                   .after_arrival = 1}}}},
    {.effect = {.kind = FETTLE_EFFECT_WRITE,
                .until = FETTLE_NEVER,
                .write = {out_bytes, 3}}},
    {.effect = {.kind = FETTLE_EFFECT_READ, .until = FETTLE_NEVER, .read = {in_bytes, 64}}},
    {.effect = {.kind = FETTLE_EFFECT_DISCARD}},
    {.effect = {.kind = FETTLE_EFFECT_LINES, .lines = {true, false}}},
    {.effect = {.kind = FETTLE_EFFECT_BAUD, .baud = 921600}},
    {.effect = {.kind = FETTLE_EFFECT_FORMAT, .data_bits = 7}},
    {.effect = {.kind = FETTLE_EFFECT_RESET}}, /* not on a serial line */
    {.effect = {.kind = FETTLE_EFFECT_OPEN,    /* a third one is in the way */
                .open = {.match = {.path = "usb:2-1", .faces = faces, .face_count = 1}}}},
    {.effect = {.kind = FETTLE_EFFECT_OPEN, /* several */
                .open = {.match = {.faces = faces, .face_count = 2}}}},
    {.effect = {.kind = FETTLE_EFFECT_OPEN, /* none */
                .open = {.match = {.path = "", .faces = faces, .face_count = 2}}}},
};
enum {
    SCRIPT_COUNT = sizeof script / sizeof *script,
};

static const char expected_begin[] =
    "3000000 open path=usb:1-1 face=dfu:usb:04d8:f014 face=app:serial:0000:0000 baud=115200 "
    "bits=8 dtr=1 rts=0 ask=update-mode -> ok 0 path=usb:1-1 node= maker=M%c3%bcller%20AG "
    "product= serial= arrival=1 link=usb id=04d8:f014 bcd=0109 access=none "
    "descriptors=12010002\n"
    "3000100 control a1 03 0102 0304 0006 in -> ok 6 in=000102030405\n"
    "3000200 control 21 01 0000 0000 0003 out=007fff -> ok 3\n"
    "3000300 control 21 06 0000 0000 0000 -> ok 0\n"
    "3000400 select 1 2 -> ok 0\n"
    "4000000 sleep -> ok 0\n"
    "4000100 reset -> ok 0\n"
    "4000100 open serial=a%20b%25%0a%c3%a4 after=1 face=dfu:usb:04d8:f014 "
    "face=app:serial:0000:0000 baud=0 bits=0 dtr=0 rts=0 -> ok 0 path=usb:1-2 "
    "node=/dev/ttyACM0 maker= product= serial=a%20b%25%0a%c3%a4 arrival=2 link=serial "
    "id=04d8:f014 bcd=0000 access=none descriptors=\n"
    "4000200 write 3 out=007fff -> ok 3\n"
    "4000300 read 64 -> ok 3 in=1f2021\n"
    "4000400 discard -> ok 0\n"
    "4000500 lines dtr=1 rts=0 -> ok 0\n"
    "4000600 baud 921600 -> ok 0\n"
    "4000700 format 7 -> ok 0\n"
    "4000700 reset -> error 0 why=system\n"
    "4000700 open path=usb:2-1 face=dfu:usb:04d8:f014 -> error 0 why=busy system=-16 "
    "path=usb:2-1 ";

/* Runs the script once and keeps its lines. */
static void run_session(struct fake_engine *engine, fettle_port *port,
                        const fettle_clock_ops *clock, void *clock_self, struct text *text)
{
    static char line[FETTLE_LINE_SIZE];
    fettle_record record;
    fettle_run run;

    text->size = 0;
    fake_engine_init(engine, script, SCRIPT_COUNT);
    fettle_record_init(&record, port, clock, clock_self, line, sizeof line, keep_line,
                       text);
    fettle_run_init(&run, &(fettle_run_setup){
                              .root = &engine->engine,
                              .port = &record.port,
                              .clock = clock,
                              .clock_self = clock_self,
                          });
    assert_true(fettle_run_all(&run));
}

static void record_session(struct text *text)
{
    struct fake_engine engine;
    struct fake_clock clock = {.now = SECOND};
    struct fake_bus bus = {.clock = &clock};
    fettle_host host;
    struct fake_board *board = fake_add(&bus, "usb:1-1", 0xf014, 4 * SECOND, FETTLE_NEVER);
    memcpy(board->sight.manufacturer, "M\xc3\xbcller AG", 11);
    board->sight.bcdDevice = 0x109;
    board->sight.descriptors_size = 4;
    memcpy(board->sight.descriptors, "\x12\x01\x00\x02", 4);
    board = fake_add(&bus, "usb:1-2", 0xf014, 0, FETTLE_NEVER);
    board->sight.kind = FETTLE_LINK_SERIAL;
    memcpy(board->sight.node, "/dev/ttyACM0", 13);
    memcpy(board->sight.serial, "a b%\n\xc3\xa4", 8);
    board = fake_add(&bus, "usb:2-1", 0xf014, 0, FETTLE_NEVER);
    board->opens_as =
        (fettle_outcome){.kind = FETTLE_ERROR, .why = FETTLE_WHY_BUSY, .system = -16};

    assert_true(fettle_host_init(&host, &fake_clock_ops, &clock));
    assert_true(fettle_host_add_bus(&host, &fake_bus_ops, &bus));
    run_session(&engine, &host.port, &fake_clock_ops, &clock, text);
    fettle_host_finish(&host);
}

static fettle_span span_of(const struct text *text)
{
    return (fettle_span){(const uint8_t *)text->bytes, text->size};
}

static void test_record_says_everything(void **state)
{
    (void)state;
    static struct text text;
    record_session(&text);
    assert_memory_equal(expected_begin, text.bytes, sizeof expected_begin - 1);
    const char *end = text.bytes + text.size - 1;
    assert_int_equal('\n', *end);
    assert_non_null(strstr(text.bytes, "-> error 3 why=several path=usb:1-1 "));
    assert_non_null(strstr(text.bytes, "open path= face="));
    assert_memory_equal("-> timeout 0", end - 12, 12);
}

static void test_replay_gives_it_back(void **state)
{
    (void)state;
    static struct text first, second;
    struct fake_engine engine;
    fettle_replay replay;
    record_session(&first);
    memset(in_bytes, 0, sizeof in_bytes);
    fettle_replay_init(&replay, span_of(&first));
    assert_false(fettle_replay_is_over(&replay));
    run_session(&engine, &replay.port, &fettle_replay_clock_ops, &replay, &second);
    assert_int_equal(FETTLE_REPLAY_FINE, replay.problem);
    assert_true(fettle_replay_is_over(&replay));
    assert_int_equal(SCRIPT_COUNT, replay.line);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.bytes, second.bytes, first.size);
    assert_int_equal(0x1f, in_bytes[0]);
    assert_int_equal(0x20, in_bytes[1]);
}

/* Performs the first effect of the script against a text. */
static fettle_replay replay_first(const char *text, size_t size,
                                  const fettle_effect *effect, fettle_outcome *outcome)
{
    fettle_replay replay;
    fettle_replay_init(&replay, (fettle_span){(const uint8_t *)text, size});
    *outcome = replay.port.perform(&replay.port, effect, NULL);
    outcome->sight = NULL; /* it points into a copy now */
    return replay;
}

static void test_skips_what_is_no_line(void **state)
{
    (void)state;
    static const char text[] = "# fettle 0.1.0\r\n\r\n\n7 reset -> stall 0\r\n";
    fettle_outcome outcome;
    fettle_replay replay = replay_first(text, sizeof text - 1, &script[6].effect, &outcome);
    assert_int_equal(FETTLE_STALL, outcome.kind);
    assert_int_equal(4, replay.line);
    assert_int_equal(7, fettle_replay_clock_ops.now(&replay));
}

static void test_a_difference_is_told(void **state)
{
    (void)state;
    static const char text[] = "1 control 21 01 0000 0000 0003 out=007ffe -> ok 3\n";
    fettle_outcome outcome;
    fettle_replay replay = replay_first(text, sizeof text - 1, &script[2].effect, &outcome);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(FETTLE_WHY_SYSTEM, outcome.why);
    assert_int_equal(FETTLE_REPLAY_DIFFERENT, outcome.system);
    assert_int_equal(FETTLE_REPLAY_DIFFERENT, replay.problem);
    assert_int_equal(1, replay.line);
    /* It stays so. */
    outcome = replay.port.perform(&replay.port, &script[2].effect, NULL);
    assert_int_equal(FETTLE_REPLAY_DIFFERENT, outcome.system);
}

static void test_an_end_is_told(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "# all\n"};
    for (size_t i = 0; i < 3; i++) {
        fettle_outcome outcome;
        fettle_replay replay =
            replay_first(texts[i], strlen(texts[i]), &script[2].effect, &outcome);
        assert_int_equal(FETTLE_REPLAY_ENDED, replay.problem);
    }
}

static void test_nonsense_is_told(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "control",
        "99999999999999999999 control a1 03 0102 0304 0006 in -> ok 6 in=000102030405",
        "x control a1 03 0102 0304 0006 in -> ok 6 in=000102030405",
        "1 control a1 03 0102 0304 0006 in -> ok 7 in=00010203040506",
        "1 control a1 03 0102 0304 0006 in -> ok 6 in=0001020304",
        "1 control a1 03 0102 0304 0006 in -> ok 6 in=00010203040",
        "1 control a1 03 0102 0304 0006 in -> ok 6 in=00010203040~",
        "1 control a1 03 0102 0304 0006 in -> ok 6 in=0001020304050607",
        "1 control a1 03 0102 0304 0006 in -> ok 6",
        "1 control a1 03 0102 0304 0006 in -> fine 6",
        "1 control a1 03 0102 0304 0006 in -> ok",
        "1 control a1 03 0102 0304 0006 in -> ok 0 why=because",
        "1 control a1 03 0102 0304 0006 in -> ok 0 system=99999999999",
        "1 control a1 03 0102 0304 0006 in -> ok 0 more",
        "1 control a1 03 0102 0304 0006 in -> ok 0 path=usb:1-1",
        "1 control a1 03 0102 0304 0006 in -> ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fettle_outcome outcome;
        fettle_replay replay =
            replay_first(texts[i], strlen(texts[i]), &script[1].effect, &outcome);
        assert_int_equal(FETTLE_REPLAY_UNREADABLE, replay.problem);
        assert_int_equal(FETTLE_ERROR, outcome.kind);
    }
}

static void test_time_does_not_go_back(void **state)
{
    (void)state;
    static const char text[] = "7 reset -> ok 0\n7 reset -> ok 0\n6 reset -> ok 0\n";
    fettle_replay replay;
    fettle_replay_init(&replay, (fettle_span){(const uint8_t *)text, sizeof text - 1});
    const fettle_effect *reset = &script[6].effect;
    assert_int_equal(FETTLE_OK, replay.port.perform(&replay.port, reset, NULL).kind);
    assert_int_equal(FETTLE_OK, replay.port.perform(&replay.port, reset, NULL).kind);
    assert_int_equal(FETTLE_ERROR, replay.port.perform(&replay.port, reset, NULL).kind);
    assert_int_equal(FETTLE_REPLAY_UNREADABLE, replay.problem);
    assert_int_equal(3, replay.line);
}

/* Any cut (but of the last line break) and any wrong byte of a record ends in an outcome; memory checkers see the rest. */
static void test_survives_any_damage(void **state)
{
    (void)state;
    static struct text first, damaged;
    struct fake_engine engine;
    record_session(&first);
    for (size_t size = 0; size + 1 < first.size; size++) {
        uint8_t *cut = malloc(size + (size == 0));
        assert_non_null(cut);
        memcpy(cut, first.bytes, size);
        fettle_replay replay;
        fettle_replay_init(&replay, (fettle_span){cut, size});
        run_session(&engine, &replay.port, &fettle_replay_clock_ops, &replay, &damaged);
        assert_int_not_equal(FETTLE_REPLAY_FINE, replay.problem);
        free(cut);
    }
    static const char wrong[] = {'\0', '%', ' ', '\n', '9', '=', '\xff'};
    for (size_t at = 0; at < first.size; at++) {
        static struct text copy;
        copy = first;
        copy.bytes[at] = wrong[at % sizeof wrong];
        fettle_replay replay;
        fettle_replay_init(&replay, span_of(&copy));
        run_session(&engine, &replay.port, &fettle_replay_clock_ops, &replay, &damaged);
    }
}

static void test_a_record_of_a_trace_without_room_is_cut(void **state)
{
    (void)state;
    fettle_effect effect = script[1].effect;
    fettle_replay replay;
    struct text text = {0};
    static const char given[] =
        "5 control a1 03 0102 0304 0006 in -> ok 6 in=000102030405\n";
    for (size_t size = 2; size < sizeof given; size++) {
        char line[80];
        fettle_record record;
        memset(line, 'x', sizeof line);
        text.size = 0;
        fettle_replay_init(&replay,
                           (fettle_span){(const uint8_t *)given, sizeof given - 1});
        fettle_record_init(&record, &replay.port, &fettle_replay_clock_ops, &replay, line,
                           size, keep_line, &text);
        assert_int_equal(FETTLE_OK, record.port.perform(&record.port, &effect, NULL).kind);
        assert_int_equal(size - 1, strlen(line));
        assert_int_equal('x', line[size]);
        assert_int_equal(size + 1 < sizeof given ? '~' : '5', line[size - 2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_says_everything),
        cmocka_unit_test(test_replay_gives_it_back),
        cmocka_unit_test(test_skips_what_is_no_line),
        cmocka_unit_test(test_a_difference_is_told),
        cmocka_unit_test(test_an_end_is_told),
        cmocka_unit_test(test_nonsense_is_told),
        cmocka_unit_test(test_time_does_not_go_back),
        cmocka_unit_test(test_survives_any_damage),
        cmocka_unit_test(test_a_record_of_a_trace_without_room_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
