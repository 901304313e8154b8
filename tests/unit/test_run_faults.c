/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports that make life harder: one spoiled effect, and transfers that take time.
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
    fettle_faults faults;
    fettle_throttle throttle;
};

static const fettle_face usb_face[] = {{FETTLE_MODE_DFU, FETTLE_LINK_USB, {0, 0}}};
static const fettle_face serial_face[] = {{FETTLE_MODE_ROM, FETTLE_LINK_SERIAL, {0, 0}}};
static uint8_t in_bytes[8];
static const uint8_t out_bytes[6] = {0};

static const fettle_effect upload = {.kind = FETTLE_EFFECT_CONTROL,
                                     .until = FETTLE_NEVER,
                                     .control = {.wLength = 8, .in = in_bytes}};
static const fettle_effect dnload = {.kind = FETTLE_EFFECT_CONTROL,
                                     .until = FETTLE_NEVER,
                                     .control = {.wLength = 6, .out = out_bytes}};
static const fettle_effect reading = {
    .kind = FETTLE_EFFECT_READ, .until = 5 * SECOND, .read = {in_bytes, 8}};
static const fettle_effect writing = {
    .kind = FETTLE_EFFECT_WRITE, .until = 5 * SECOND, .write = {out_bytes, 6}};

static fettle_outcome perform(fettle_port *port, fettle_effect effect)
{
    return port->perform(port, &effect, NULL);
}

/* Opens, which is effect 0 of the faults. */
static void set_up(struct desk *desk, fettle_link_kind kind, fettle_fault fault)
{
    memset(desk, 0, sizeof *desk);
    memset(in_bytes, 0, sizeof in_bytes);
    desk->bus.clock = &desk->clock;
    fake_add(&desk->bus, "usb:1-1", 1, 0, FETTLE_NEVER)->sight.kind = kind;
    assert_true(fettle_host_init(&desk->host, &fake_clock_ops, &desk->clock));
    assert_true(fettle_host_add_bus(&desk->host, &fake_bus_ops, &desk->bus));
    fettle_faults_init(&desk->faults, &desk->host.port, fault);
    fettle_effect open = {.kind = FETTLE_EFFECT_OPEN};
    open.open.match.faces = kind == FETTLE_LINK_USB ? usb_face : serial_face;
    open.open.match.face_count = 1;
    (void)perform(&desk->faults.port, open);
}

static void test_outcomes(void **state)
{
    (void)state;
    const fettle_outcome_kind kinds[] = {FETTLE_TIMEOUT, FETTLE_STALL, FETTLE_GONE,
                                         FETTLE_CANCELLED, FETTLE_ERROR};
    for (size_t i = 0; i < 5; i++) {
        for (int is_performed = 0; is_performed < 2; is_performed++) {
            struct desk desk;
            set_up(
                &desk, FETTLE_LINK_USB,
                (fettle_fault){.at = 2, .outcome = kinds[i], .is_performed = is_performed});
            assert_int_equal(FETTLE_OK, perform(&desk.faults.port, upload).kind);
            assert_false(desk.faults.reached);
            fettle_outcome outcome = perform(&desk.faults.port, upload);
            assert_true(desk.faults.reached);
            assert_int_equal(kinds[i], outcome.kind);
            assert_int_equal(0, outcome.count);
            assert_int_equal(kinds[i] == FETTLE_ERROR, outcome.why == FETTLE_WHY_SYSTEM);
            assert_string_equal(is_performed ? "CC" : "C", desk.bus.log);
            assert_int_equal(0xA5, in_bytes[0]);
            assert_int_equal(FETTLE_OK, perform(&desk.faults.port, upload).kind);
            fettle_host_finish(&desk.host);
        }
    }
}

static void test_swallowed(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, FETTLE_LINK_USB, (fettle_fault){.at = 1, .outcome = FETTLE_OK});
    fettle_outcome outcome = perform(&desk.faults.port, dnload);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(6, outcome.count);
    assert_string_equal("", desk.bus.log);
    assert_true(desk.faults.reached);
    fettle_host_finish(&desk.host);

    set_up(&desk, FETTLE_LINK_USB, (fettle_fault){.at = 1, .outcome = FETTLE_OK});
    assert_int_equal(8, perform(&desk.faults.port, upload).count);
    assert_false(desk.faults.reached);
    fettle_host_finish(&desk.host);
}

static void test_short_and_flipped(void **state)
{
    (void)state;
    const fettle_effect effects[] = {upload, reading};
    const size_t counts[] = {8, 3};
    for (size_t i = 0; i < 2; i++) {
        struct desk desk;
        fettle_link_kind kind = i == 0 ? FETTLE_LINK_USB : FETTLE_LINK_SERIAL;
        set_up(&desk, kind, (fettle_fault){.kind = FETTLE_FAULT_SHORT, .at = 1});
        assert_int_equal(counts[i] - 1, perform(&desk.faults.port, effects[i]).count);
        assert_true(desk.faults.reached);
        assert_int_equal(counts[i], perform(&desk.faults.port, effects[i]).count);
        fettle_host_finish(&desk.host);

        set_up(&desk, kind, (fettle_fault){.kind = FETTLE_FAULT_FLIPPED, .at = 1});
        assert_int_equal(counts[i], perform(&desk.faults.port, effects[i]).count);
        assert_true(desk.faults.reached);
        unsigned wrong = 0;
        for (size_t k = 0; k < counts[i]; k++) {
            wrong += in_bytes[k] != k;
        }
        assert_int_equal(1, wrong);
        fettle_host_finish(&desk.host);
    }
}

static void test_not_reached_without_bytes(void **state)
{
    (void)state;
    const fettle_fault_kind kinds[] = {FETTLE_FAULT_SHORT,   FETTLE_FAULT_FLIPPED,
                                       FETTLE_FAULT_DOUBLED, FETTLE_FAULT_LATE,
                                       FETTLE_FAULT_LOST,    FETTLE_FAULT_OUT_FLIPPED};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct desk desk;
        set_up(&desk, FETTLE_LINK_USB, (fettle_fault){.kind = kinds[i], .at = 0});
        assert_int_equal(6, perform(&desk.faults.port, dnload).count);
        assert_false(desk.faults.reached);
        fettle_host_finish(&desk.host);
    }
}

static void test_doubled(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, FETTLE_LINK_SERIAL,
           (fettle_fault){.kind = FETTLE_FAULT_DOUBLED, .at = 1});
    assert_int_equal(3, perform(&desk.faults.port, reading).count);
    assert_true(desk.faults.reached);
    fettle_effect two = reading;
    two.read.size = 2;
    memset(in_bytes, 0xff, sizeof in_bytes);
    assert_int_equal(2, perform(&desk.faults.port, two).count);
    assert_memory_equal("\x00\x01\xff", in_bytes, 3);
    assert_int_equal(1, perform(&desk.faults.port, reading).count);
    assert_int_equal(2, in_bytes[0]);
    assert_string_equal("r", desk.bus.log);
    assert_int_equal(3, perform(&desk.faults.port, reading).count);
    assert_string_equal("rr", desk.bus.log);
    fettle_host_finish(&desk.host);
}

static void test_late(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, FETTLE_LINK_SERIAL, (fettle_fault){.kind = FETTLE_FAULT_LATE, .at = 1});
    assert_int_equal(FETTLE_TIMEOUT, perform(&desk.faults.port, reading).kind);
    assert_true(desk.faults.reached);
    assert_int_equal(5 * SECOND, desk.clock.now);
    assert_int_equal(0xA5, in_bytes[0]);
    assert_int_equal(3, perform(&desk.faults.port, reading).count);
    assert_memory_equal("\x00\x01\x02", in_bytes, 3);
    fettle_host_finish(&desk.host);

    /* What is late can be forgotten. */
    set_up(&desk, FETTLE_LINK_SERIAL, (fettle_fault){.kind = FETTLE_FAULT_LATE, .at = 1});
    assert_int_equal(FETTLE_TIMEOUT, perform(&desk.faults.port, reading).kind);
    (void)perform(&desk.faults.port, (fettle_effect){.kind = FETTLE_EFFECT_DISCARD});
    assert_int_equal(3, perform(&desk.faults.port, reading).count);
    assert_int_equal(0x1f, in_bytes[0]);
    fettle_host_finish(&desk.host);
}

static void test_lost(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, FETTLE_LINK_SERIAL,
           (fettle_fault){.kind = FETTLE_FAULT_LOST, .at = 1, .byte = 5});
    assert_int_equal(2, perform(&desk.faults.port, reading).count); /* the second of 3 */
    assert_true(desk.faults.reached);
    assert_memory_equal("\x00\x02", in_bytes, 2);
    fettle_host_finish(&desk.host);
}

/* Takes what goes out, up to so many bytes. */
struct sink {
    fettle_port port;
    size_t count, room;
    uint8_t bytes[16];
};

static fettle_outcome take(fettle_port *port, const fettle_effect *effect,
                           const fettle_cancel *cancel)
{
    struct sink *sink = (struct sink *)port;
    (void)cancel;
    if (sink->count + effect->write.size > sink->room) {
        return (fettle_outcome){.kind = FETTLE_GONE};
    }
    memcpy(sink->bytes + sink->count, effect->write.data, effect->write.size);
    sink->count += effect->write.size;
    return (fettle_outcome){.kind = FETTLE_OK, .count = effect->write.size};
}

static struct sink send(fettle_fault_kind kind, unsigned byte, size_t room,
                        fettle_outcome *outcome)
{
    static const uint8_t bytes[] = {0x10, 0x20, 0x30, 0x40};
    struct sink sink = {.port.perform = take, .room = room};
    fettle_faults faults;
    fettle_faults_init(&faults, &sink.port, (fettle_fault){.kind = kind, .byte = byte});
    *outcome = perform(&faults.port, (fettle_effect){.kind = FETTLE_EFFECT_WRITE,
                                                     .write = {bytes, sizeof bytes}});
    assert_true(faults.reached);
    return sink;
}

static void test_bytes_out(void **state)
{
    static const struct {
        fettle_fault_kind kind;
        unsigned byte;
        size_t size;
        const char *bytes;
    } rows[] = {
        {FETTLE_FAULT_OUT_FLIPPED, 0, 4, "\x10\x20\x31\x40"},
        {FETTLE_FAULT_OUT_FLIPPED, 1, 4, "\x11\x20\x30\x40"},
        {FETTLE_FAULT_OUT_DOUBLED, 4, 5, "\x10\x20\x30\x40\x40"},
        {FETTLE_FAULT_OUT_DOUBLED, 6, 5, "\x10\x20\x20\x30\x40"},
        {FETTLE_FAULT_OUT_LOST, 1, 3, "\x20\x30\x40"},
        {FETTLE_FAULT_OUT_LOST, 4, 3, "\x10\x20\x30"},
    };
    fettle_outcome outcome;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sink sink = send(rows[i].kind, rows[i].byte, sizeof sink.bytes, &outcome);
        assert_int_equal(FETTLE_OK, outcome.kind);
        assert_int_equal(4, outcome.count); /* nobody has noticed */
        assert_int_equal(rows[i].size, sink.count);
        assert_memory_equal(rows[i].bytes, sink.bytes, sink.count);
    }
    (void)send(FETTLE_FAULT_OUT_DOUBLED, 1, 2, &outcome); /* that goes wrong on its way */
    assert_int_equal(FETTLE_GONE, outcome.kind);
}

static void test_throttle(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, FETTLE_LINK_USB, (fettle_fault){.at = 99});
    fettle_throttle_init(&desk.throttle, &desk.host.port, &fake_clock_ops, &desk.clock,
                         1000, 5 * MS);
    fettle_us began = desk.clock.now;
    assert_int_equal(FETTLE_OK, perform(&desk.throttle.port, dnload).kind);
    assert_int_equal(5 * MS + 6 * MS + FAKE_TRANSFER_US, desk.clock.now - began);
    began = desk.clock.now;
    assert_int_equal(FETTLE_OK, perform(&desk.throttle.port, upload).kind);
    assert_int_equal(5 * MS + 8 * MS + FAKE_TRANSFER_US, desk.clock.now - began);

    /* A part of a microsecond is a whole one. */
    began = desk.clock.now;
    desk.throttle.bytes_per_second = 7000000;
    assert_int_equal(FETTLE_OK, perform(&desk.throttle.port, upload).kind);
    assert_int_equal(5 * MS + 2 + FAKE_TRANSFER_US, desk.clock.now - began);
    desk.throttle.bytes_per_second = 1000;

    /* Too slow for its deadline: not performed. */
    fettle_effect hasty = upload;
    hasty.until = desk.clock.now + 12 * MS;
    assert_int_equal(FETTLE_TIMEOUT, perform(&desk.throttle.port, hasty).kind);
    assert_int_equal(hasty.until, desk.clock.now);
    assert_string_equal("CCC", desk.bus.log);

    /* No other effect takes longer. */
    began = desk.clock.now;
    (void)perform(&desk.throttle.port, (fettle_effect){.kind = FETTLE_EFFECT_RESET});
    assert_int_equal(FAKE_TRANSFER_US, desk.clock.now - began);

    fettle_cancel cancel = {true};
    assert_int_equal(
        FETTLE_CANCELLED,
        desk.throttle.port.perform(&desk.throttle.port, &upload, &cancel).kind);
    fettle_host_finish(&desk.host);
}

static void test_throttle_serial(void **state)
{
    (void)state;
    struct desk desk;
    set_up(&desk, FETTLE_LINK_SERIAL, (fettle_fault){.at = 99});
    fettle_throttle_init(&desk.throttle, &desk.host.port, &fake_clock_ops, &desk.clock, 0,
                         2 * MS);
    assert_int_equal(3, perform(&desk.throttle.port, reading).count);
    assert_int_equal(2 * MS + FAKE_TRANSFER_US, desk.clock.now);
    assert_int_equal(6, perform(&desk.throttle.port, writing).count);
    assert_int_equal(4 * MS + 2 * FAKE_TRANSFER_US, desk.clock.now);
    fettle_host_finish(&desk.host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_swallowed),
        cmocka_unit_test(test_short_and_flipped),
        cmocka_unit_test(test_not_reached_without_bytes),
        cmocka_unit_test(test_doubled),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_bytes_out),
        cmocka_unit_test(test_throttle),
        cmocka_unit_test(test_throttle_serial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
