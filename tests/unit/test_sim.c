/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual boards against the texts that they were written from: USB DFU 1.1 (its appendix A for
 * the strict device), and what is known of the shields' bootloader. Requests are made by hand here,
 * so that neither a host's code nor the boards' can hide behind the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cancel.h"
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT };
enum {
    APP_IDLE,
    APP_DETACH,
    DFU_IDLE,
    DFU_DNLOAD_SYNC,
    DFU_DNBUSY,
    DFU_DNLOAD_IDLE,
    DFU_MANIFEST_SYNC,
    DFU_MANIFEST,
    DFU_MANIFEST_WAIT_RESET,
    DFU_UPLOAD_IDLE,
    DFU_ERROR,
};
enum { ERR_STALLEDPKT = 15 };

#define MS    ((fettle_us)1000)
#define LIMIT (1000 * MS)

/* A world with one board or more, and a link to the first one or to the one last opened. */
typedef struct test_desk {
    fettle_sim *sim;
    fettle_link link;
    uint16_t index; /* wIndex of requests */
    unsigned poll_ms;
    uint8_t status, text;
} test_desk;

static fettle_us now_of(const test_desk *desk)
{
    return fettle_sim_clock_ops(desk->sim)->now(fettle_sim_clock_self(desk->sim));
}

static void wait_for(const test_desk *desk, fettle_us time)
{
    fettle_us until = now_of(desk) + time;
    fettle_outcome outcome = fettle_sim_clock_ops(desk->sim)->wait(
        fettle_sim_clock_self(desk->sim), until, NULL);
    assert_int_equal(FETTLE_OK, outcome.kind);
}

static void add(test_desk *desk, const char *spec)
{
    char message[400];
    if (!fettle_sim_add(desk->sim, spec, message, sizeof message)) {
        fail_msg("%s: %s", spec, message);
    }
}

static test_desk make(const char *spec)
{
    test_desk made = {.sim = fettle_sim_new(NULL, NULL)};
    assert_non_null(made.sim);
    add(&made, spec);
    return made;
}

static bool look_at(const test_desk *desk, size_t board, fettle_sight *found)
{
    static fettle_sight sights[64];
    uint64_t change;
    size_t count = fettle_sim_bus_ops.look(desk->sim, sights, 64, &change);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(sights[i].path, fettle_sim_path(desk->sim, board)) == 0) {
            *found = sights[i];
            return true;
        }
    }
    return false;
}

static fettle_outcome open_as(test_desk *desk, size_t board, fettle_link_kind kind)
{
    fettle_sight sight;
    const fettle_serial_settings settings = {115200, 8, false, false};
    assert_true(look_at(desk, board, &sight));
    return fettle_sim_bus_ops.open(desk->sim, &sight, kind, &settings, &desk->link);
}

static void open_usb(test_desk *desk)
{
    assert_int_equal(FETTLE_OK, open_as(desk, 0, FETTLE_LINK_USB).kind);
}

static void close_link(test_desk *desk)
{
    if (desk->link.kind == FETTLE_LINK_USB) {
        desk->link.usb->close(desk->link.self);
    } else if (desk->link.kind == FETTLE_LINK_SERIAL) {
        desk->link.serial->close(desk->link.self);
    }
    desk->link.kind = FETTLE_LINK_NONE;
}

static void finish(test_desk *desk)
{
    close_link(desk);
    fettle_sim_free(desk->sim);
}

static test_desk make_open(const char *spec)
{
    test_desk made = make(spec);
    open_usb(&made);
    return made;
}

/* ---- requests ---- */

static fettle_outcome control(test_desk *desk, uint8_t bmRequestType, uint8_t bRequest,
                              uint16_t wValue, uint16_t wIndex, const void *out, void *in,
                              uint16_t wLength)
{
    fettle_control request = {bmRequestType, bRequest, wValue, wIndex, wLength, out, in};
    return desk->link.usb->control(desk->link.self, &request, now_of(desk) + LIMIT, NULL);
}

static fettle_outcome_kind ask(test_desk *desk, uint8_t bRequest, uint16_t wValue)
{
    return control(desk, 0x21, bRequest, wValue, desk->index, NULL, NULL, 0).kind;
}

static fettle_outcome_kind send(test_desk *desk, uint16_t block, const void *data,
                                size_t size)
{
    return control(desk, 0x21, DNLOAD, block, desk->index, data, NULL, (uint16_t)size).kind;
}

static fettle_outcome fetch(test_desk *desk, uint16_t block, void *data, size_t size)
{
    return control(desk, 0xa1, UPLOAD, block, desk->index, NULL, data, (uint16_t)size);
}

/* bState of GETSTATUS; 100 and the outcome where it isn't answered with six bytes. */
static int state_of(test_desk *desk)
{
    uint8_t bytes[6] = {0};
    fettle_outcome outcome = control(desk, 0xa1, GETSTATUS, 0, desk->index, NULL, bytes, 6);
    if (outcome.kind != FETTLE_OK || outcome.count != 6) {
        return 100 + (int)outcome.kind;
    }
    desk->status = bytes[0];
    desk->poll_ms = bytes[1] | (unsigned)bytes[2] << 8 | (unsigned)bytes[3] << 16;
    desk->text = bytes[5];
    return bytes[4];
}

static int peek(test_desk *desk)
{
    uint8_t state = 99;
    assert_int_equal(FETTLE_OK,
                     control(desk, 0xa1, GETSTATE, 0, desk->index, NULL, &state, 1).kind);
    return state;
}

static size_t count_of(const test_desk *desk, const char *what)
{
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(desk->sim, &entries);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += strcmp(entries[i].what, what) == 0;
    }
    return found;
}

static void fill(uint8_t *bytes, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7 + seed + (i >> 8));
    }
}

static bool wait_until(test_desk *desk, size_t board, fettle_sim_shows shows,
                       fettle_us longest)
{
    for (fettle_us end = now_of(desk) + longest; now_of(desk) < end;) {
        uint64_t change;
        fettle_sight sight;
        if (fettle_sim_showing(desk->sim, board) == shows) {
            return true;
        }
        fettle_sim_bus_ops.look(desk->sim, &sight, 0, &change);
        fettle_sim_bus_ops.wait(desk->sim, change, end, NULL);
    }
    return fettle_sim_showing(desk->sim, board) == shows;
}

static const uint8_t *main_memory(const test_desk *desk)
{
    size_t size;
    return fettle_sim_memory(desk->sim, 0, &size);
}

/* ---- worlds, clocks, buses ---- */

static void test_virtual_clock_jumps(void **state)
{
    (void)state;
    test_desk desk = make("pytrack,mode=unplugged");
    assert_int_equal(0, now_of(&desk));
    wait_for(&desk, 5000 * MS);
    assert_int_equal(5000 * MS, now_of(&desk));
    fettle_cancel cancel = {0};
    fettle_cancel_want(&cancel);
    const fettle_clock_ops *clock = fettle_sim_clock_ops(desk.sim);
    assert_int_equal(FETTLE_CANCELLED,
                     clock->wait(fettle_sim_clock_self(desk.sim), 6000 * MS, &cancel).kind);
    assert_int_equal(5000 * MS, now_of(&desk));
    finish(&desk);
}

static void test_bus_wait(void **state)
{
    (void)state;
    test_desk desk = make("pytrack,mode=unplugged");
    uint64_t change, later;
    fettle_sight sight;
    assert_int_equal(0, fettle_sim_bus_ops.look(desk.sim, &sight, 1, &change));
    assert_int_equal(FETTLE_TIMEOUT,
                     fettle_sim_bus_ops.wait(desk.sim, change, 900, NULL).kind);
    assert_int_equal(900, now_of(&desk));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_PLUG, 100);
    assert_int_equal(FETTLE_OK,
                     fettle_sim_bus_ops.wait(desk.sim, change, 9000 * MS, NULL).kind);
    assert_int_equal(1000 + 400 * MS, now_of(&desk));
    assert_int_equal(1, fettle_sim_bus_ops.look(desk.sim, &sight, 1, &later));
    assert_int_not_equal(change, later);
    assert_int_equal(FETTLE_OK, fettle_sim_bus_ops.wait(desk.sim, change, 0, NULL).kind);
    fettle_cancel cancel = {0};
    fettle_cancel_want(&cancel);
    assert_int_equal(FETTLE_CANCELLED,
                     fettle_sim_bus_ops.wait(desk.sim, later, FETTLE_NEVER, &cancel).kind);
    /* Nothing will ever happen here: that is known at once. */
    assert_int_equal(FETTLE_TIMEOUT,
                     fettle_sim_bus_ops.wait(desk.sim, later, FETTLE_NEVER, NULL).kind);
    finish(&desk);
}

/* A clock of the test's own: goes on a little at each look, and by what is waited. */
typedef struct fake_clock {
    fettle_us now, longest;
    unsigned waits;
    fettle_cancel *wanted_at_third;
} fake_clock;

static fettle_us fake_now(void *self)
{
    fake_clock *clock = self;
    return clock->now += 1;
}

static fettle_outcome fake_wait(void *self, fettle_us until, const fettle_cancel *cancel)
{
    fake_clock *clock = self;
    clock->longest =
        until - clock->now > clock->longest ? until - clock->now : clock->longest;
    clock->now = until > clock->now ? until : clock->now;
    if (++clock->waits == 3 && clock->wanted_at_third != NULL) {
        fettle_cancel_want(clock->wanted_at_third);
    }
    fettle_outcome outcome = {.kind = FETTLE_OK};
    if (fettle_cancel_is_wanted(cancel)) {
        outcome.kind = FETTLE_CANCELLED;
    }
    return outcome;
}

static const fettle_clock_ops fake_clock_ops = {fake_now, fake_wait};

static void test_given_clock(void **state)
{
    (void)state;
    fake_clock clock = {.now = 1000000};
    fettle_cancel cancel = {0};
    test_desk desk = {.sim = fettle_sim_new(&fake_clock_ops, &clock)};
    assert_ptr_equal(&fake_clock_ops, fettle_sim_clock_ops(desk.sim));
    assert_ptr_equal(&clock, fettle_sim_clock_self(desk.sim));
    add(&desk, "pytrack,mode=dfu,fault=lose-reply@2+");
    open_usb(&desk);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    /* Nobody is deaf for longer than 20 ms at a time. */
    uint8_t bytes[6];
    fettle_control request = {0xa1, GETSTATUS, 0, 0, 6, NULL, bytes};
    fettle_us until = clock.now + 500 * MS;
    assert_int_equal(FETTLE_TIMEOUT,
                     desk.link.usb->control(desk.link.self, &request, until, &cancel).kind);
    assert_in_range(clock.now, until, until + MS);
    assert_in_range(clock.longest, 1, 20 * MS);
    clock.waits = 0;
    clock.wanted_at_third = &cancel;
    until = clock.now + 500 * MS;
    assert_int_equal(FETTLE_CANCELLED,
                     desk.link.usb->control(desk.link.self, &request, until, &cancel).kind);
    assert_in_range(until - clock.now, 400 * MS, 500 * MS);
    uint64_t change;
    fettle_cancel_clear(&cancel);
    fettle_sim_bus_ops.look(desk.sim, NULL, 0, &change);
    assert_int_equal(
        FETTLE_OK,
        fettle_sim_bus_ops.wait(desk.sim, change, clock.now + 9000 * MS, &cancel).kind);
    finish(&desk);
}

static void test_one_caller_a_board(void **state)
{
    (void)state;
    test_desk desk = make_open("pytrack*2,mode=dfu");
    fettle_link first = desk.link;
    fettle_outcome outcome = open_as(&desk, 0, FETTLE_LINK_USB);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(FETTLE_WHY_BUSY, outcome.why);
    assert_int_equal(FETTLE_OK, open_as(&desk, 1, FETTLE_LINK_USB).kind);
    close_link(&desk);
    desk.link = first;
    close_link(&desk);
    open_usb(&desk);
    assert_string_equal("sim:pytrack.2", fettle_sim_path(desk.sim, 1));
    finish(&desk);
}

static void test_links_of_a_board_that_left(void **state)
{
    (void)state;
    test_desk desk = make_open("dfu,mode=dfu");
    fettle_sight sight;
    assert_true(look_at(&desk, 0, &sight));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG, 0);
    wait_for(&desk, 100 * MS);
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 2000 * MS));
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    assert_int_equal(FETTLE_GONE, desk.link.usb->reset(desk.link.self).kind);
    assert_int_equal(FETTLE_GONE,
                     desk.link.usb->select(desk.link.self, 0, 0, LIMIT * 9, NULL).kind);
    fettle_link other;
    assert_int_equal(
        FETTLE_GONE,
        fettle_sim_bus_ops.open(desk.sim, &sight, FETTLE_LINK_USB, NULL, &other).kind);
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(2, sight.arrival);
    assert_int_equal(
        FETTLE_OK,
        fettle_sim_bus_ops.open(desk.sim, &sight, FETTLE_LINK_USB, NULL, &other).kind);
    close_link(&desk);
    desk.link = other;
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

static void test_control_is_cut(void **state)
{
    (void)state;
    test_desk desk = make_open("dfu,mode=dfu");
    uint8_t bytes[6];
    fettle_control request = {0xa1, GETSTATUS, 0, 0, 6, NULL, bytes};
    assert_int_equal(FETTLE_TIMEOUT,
                     desk.link.usb->control(desk.link.self, &request, 10, NULL).kind);
    assert_int_equal(10, now_of(&desk));
    fettle_cancel cancel = {0};
    fettle_cancel_want(&cancel);
    assert_int_equal(FETTLE_CANCELLED,
                     desk.link.usb->control(desk.link.self, &request, LIMIT, &cancel).kind);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(2, count_of(&desk, "GETSTATUS"));
    finish(&desk);
}

/* ---- specs ---- */

static const char *refusal(const char *spec)
{
    static char message[2000];
    fettle_sim *sim = fettle_sim_new(NULL, NULL);
    message[0] = '\0';
    if (fettle_sim_add(sim, spec, message, sizeof message)) {
        fail_msg("%s was taken", spec);
    }
    assert_int_equal(0, fettle_sim_count(sim));
    fettle_sim_free(sim);
    return message;
}

static void test_specs_refused(void **state)
{
    (void)state;
    assert_non_null(strstr(refusal("pyfoo"), "\"pyfoo\" isn't known; known: pytrack"));
    assert_non_null(strstr(refusal("pytrack,tolerant=yes"), "\"tolerant\" isn't known"));
    assert_non_null(strstr(refusal("pytrack,tolerant=yes"), "window"));
    assert_non_null(strstr(refusal("dfu,window=1"), "alternates"));
    assert_non_null(strstr(refusal("dfu,mode=rom"), "app, dfu, unplugged"));
    assert_non_null(strstr(refusal("dfu,fault=explode"), "lose-completion, lose-reply"));
    assert_non_null(strstr(refusal("dfu,flash=/no/such/folder/x"), "/no/such/folder/x"));
    static const char *const wrong[] = {
        "",
        "dfu*0",
        "dfu*",
        "dfu*2x",
        "dfu*1001",
        "dfu,",
        "dfu,delay",
        "dfu,delay=",
        "dfu,delay=-1",
        "dfu,delay=1x",
        "dfu,delay=99999999999999999999999",
        "dfu,size=0",
        "dfu,size=1GB",
        "dfu,size=5000000KB",
        "dfu,id=1d50",
        "dfu,id=1d50:60030",
        "dfu,bcd=12345",
        "dfu,tolerant=maybe",
        "dfu,alternates=0",
        "dfu,log=",
        "pytrack,size=1MB",
        "dfu,fault=",
        "dfu,fault=stall@",
        "dfu,fault=stall@0",
        "dfu,fault=stall@1-2",
        "dfu,fault=stall:before",
        "dfu,fault=stall@p1.5",
        "dfu,fault=stall@p0.",
        "dfu,fault=status",
        "dfu,fault=status=errNONE",
        "dfu,fault=vanish:during",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_not_equal('\0', refusal(wrong[i])[0]);
    }
}

static void test_specs_taken(void **state)
{
    (void)state;
    test_desk desk = {.sim = fettle_sim_new(NULL, NULL)};
    add(&desk, "sim:pytrack*3,person=none,serial=a\\,b");
    add(&desk, "dfu,size=64KB,id=1:fFfF,version=0x0203,app-id=2:3,same-ids=no");
    add(&desk, "pytrack,size=16KB");
    size_t kinds = 0;
    for (const fettle_sim_kind *kind = fettle_sim_kinds(); kind->name != NULL; kind++) {
        assert_true(kind->what[0] != '\0');
        add(&desk, kind->name);
        kinds++;
    }
    assert_int_equal(3 + 1 + 1 + kinds, fettle_sim_count(desk.sim));
    assert_string_equal("sim:pytrack", fettle_sim_path(desk.sim, 0));
    assert_string_equal("sim:pytrack.3", fettle_sim_path(desk.sim, 2));
    assert_string_equal("sim:dfu", fettle_sim_path(desk.sim, 3));
    assert_string_equal("sim:pytrack.4", fettle_sim_path(desk.sim, 4));
    fettle_sight sight;
    assert_true(look_at(&desk, 1, &sight));
    assert_string_equal("a,b", sight.serial);
    assert_true(look_at(&desk, 3, &sight));
    assert_int_equal(2, sight.id.vendor);
    assert_int_equal(3, sight.id.product);
    assert_int_equal(0x0203, sight.bcdDevice);
    size_t size;
    fettle_sim_memory(desk.sim, 3, &size);
    assert_int_equal(65536, size);
    finish(&desk);
}

static void test_wants_no_time(void **state)
{
    (void)state;
    assert_true(fettle_sim_wants_no_time("sim:pytrack,mode=dfu,timing=none"));
    assert_true(fettle_sim_wants_no_time("pytrack,timing=none,mode=dfu"));
    assert_false(fettle_sim_wants_no_time("pytrack,timing=real"));
    assert_false(fettle_sim_wants_no_time("pytrack"));
    assert_false(fettle_sim_wants_no_time("pytrack,timing=nonesense"));
    assert_false(fettle_sim_wants_no_time("pytrack,log=a\\,timing=none"));
}

static bool help_has(const char *text)
{
    bool has = false;
    const char *part;
    for (size_t i = 0; (part = fettle_sim_options_help(i)) != NULL; i++) {
        has = has || strstr(part, text) != NULL;
    }
    return has;
}

/* The help and the parser name the same options. */
static void test_help_is_whole(void **state)
{
    (void)state;
    static const char *const names[] = {"pytrack,?", "dfu,?"};
    for (size_t i = 0; i < 2; i++) {
        char known[2000];
        snprintf(known, sizeof known, "%s", strstr(refusal(names[i]), "known: ") + 7);
        for (char *name = known; name != NULL;) {
            char *comma = strstr(name, ", ");
            if (comma != NULL) {
                *comma = '\0';
            }
            char wanted[2010];
            snprintf(wanted, sizeof wanted, " %s=", name);
            if (!help_has(wanted)) {
                fail_msg("the help lacks %s", name);
            }
            name = comma != NULL ? comma + 2 : NULL;
        }
    }
}

/* ---- files ---- */

typedef struct scratch {
    char name[200];
} scratch;

static scratch make_scratch(const char *name)
{
    scratch made;
    const char *folder = getenv("TMPDIR");
    snprintf(made.name, sizeof made.name, "%s/fettle-test-sim-%p-%s",
             folder != NULL ? folder : "/tmp", (void *)&made, name);
    remove(made.name);
    return made;
}

static size_t read_file(const char *name, void *bytes, size_t room)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, room, file);
    fclose(file);
    return size;
}

static void test_flash_file(void **state)
{
    (void)state;
    static uint8_t bytes[20000];
    scratch flash = make_scratch("flash,1");
    char spec[300], second[300];
    snprintf(spec, sizeof spec, "pytrack*2,mode=dfu,flash=%.*s\\,1",
             (int)strlen(flash.name) - 2, flash.name);
    snprintf(second, sizeof second, "%s.2", flash.name);
    remove(second);
    test_desk desk = make_open(spec);
    assert_int_equal(16384, read_file(flash.name, bytes, sizeof bytes));
    assert_memory_equal(main_memory(&desk), bytes, 16384);
    assert_int_equal(16384, read_file(second, bytes, sizeof bytes));
    uint8_t row[64];
    fill(row, 64, 3);
    assert_int_equal(FETTLE_OK, send(&desk, 20, row, 64));
    /* It is in the file before anybody says goodbye. */
    assert_int_equal(16384, read_file(flash.name, bytes, sizeof bytes));
    assert_int_equal(row[2], bytes[20 * 64 + 2]);
    assert_memory_equal(main_memory(&desk), bytes, 16384);
    finish(&desk);

    desk = make(spec);
    assert_memory_equal(bytes, main_memory(&desk), 16384);
    size_t size;
    fettle_sim_memory(desk.sim, 0, &size)[16383] = 0x15;
    finish(&desk);
    read_file(flash.name, bytes, sizeof bytes);
    assert_int_equal(0x15, bytes[16383]);

    FILE *file = fopen(flash.name, "ab");
    fputc(1, file);
    fclose(file);
    assert_non_null(strstr(refusal(spec), "more than the 16384 bytes"));
    assert_int_equal(16385, read_file(flash.name, bytes, sizeof bytes));
    remove(flash.name);
    remove(second);
}

static void test_log_file(void **state)
{
    (void)state;
    scratch log = make_scratch("log");
    char spec[300], text[4000] = "";
    snprintf(spec, sizeof spec, "dfu,mode=dfu,log=%s", log.name);
    test_desk desk = make_open(spec);
    uint8_t data[4] = {1, 2, 3, 4};
    send(&desk, 0, data, 4);
    state_of(&desk);
    read_file(log.name, text, sizeof text - 1);
    assert_non_null(strstr(text, "\"what\":\"arrives\""));
    assert_non_null(strstr(text, "\"what\":\"open\""));
    assert_non_null(
        strstr(text, "\"what\":\"DNLOAD\",\"bmRequestType\":33,\"bRequest\":1"));
    assert_non_null(strstr(text, "\"changes\":true,\"address\":0,\"size\":4,"
                                 "\"answer\":\"000000000500\"}\n"));
    finish(&desk);
    remove(log.name);
}

/* ---- the strict device: descriptors ---- */

static void test_strict_descriptors(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        18, 1, 0x00, 0x02, 0,    0,    0,    64,   0x50, 0x1d, 0x03, 0x60, 0x34, 0x12,
        1,  2, 3,    1,    9,    2,    36,   0,    1,    1,    0,    0x80, 50,   9,
        4,  0, 0,    0,    0xfe, 1,    2,    4,    9,    4,    0,    1,    0,    0xfe,
        1,  2, 5,    9,    0x21, 0x07, 0xe8, 0x03, 0x80, 0x00, 0x10, 0x01,
    };
    test_desk desk = make_open("dfu,mode=dfu,transfer=128,alternates=2,bcd=1234");
    fettle_sight sight;
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(sizeof expected, sight.descriptors_size);
    assert_memory_equal(expected, sight.descriptors, sizeof expected);
    assert_int_equal(FETTLE_LINK_USB, sight.kind);
    assert_int_equal(0x1234, sight.bcdDevice);
    uint8_t bytes[255];
    assert_int_equal(18, control(&desk, 0x80, 6, 0x0100, 0, NULL, bytes, 255).count);
    assert_memory_equal(expected, bytes, 18);
    assert_int_equal(36, control(&desk, 0x80, 6, 0x0200, 0, NULL, bytes, 255).count);
    assert_int_equal(18, control(&desk, 0x80, 6, 0x0305, 0x409, NULL, bytes, 255).count);
    assert_memory_equal("M\0e\0m\0o\0r\0y\0 \0"
                        "1",
                        bytes + 2, 15);
    assert_int_equal(FETTLE_STALL,
                     control(&desk, 0x80, 6, 0x0306, 0, NULL, bytes, 255).kind);
    assert_int_equal(FETTLE_STALL,
                     control(&desk, 0x80, 6, 0x0f00, 0, NULL, bytes, 255).kind);
    finish(&desk);
}

static void test_strict_standard_requests(void **state)
{
    (void)state;
    uint8_t bytes[255];
    test_desk desk = make_open("dfu,serial=\xc3\xa9\xe2\x82\xac\xff");
    assert_int_equal(4, control(&desk, 0x80, 6, 0x0300, 0, NULL, bytes, 255).count);
    assert_memory_equal("\x04\x03\x09\x04", bytes, 4);
    assert_int_equal(16, control(&desk, 0x80, 6, 0x0301, 0x409, NULL, bytes, 255).count);
    assert_int_equal(38, control(&desk, 0x80, 6, 0x0302, 0x409, NULL, bytes, 255).count);
    assert_int_equal(8, control(&desk, 0x80, 6, 0x0303, 0x409, NULL, bytes, 255).count);
    assert_memory_equal("\x08\x03\xe9\x00\xac\x20\xfd\xff", bytes, 8);
    assert_int_equal(2, control(&desk, 0x80, 0, 0, 0, NULL, bytes, 2).count);
    assert_int_equal(1, control(&desk, 0x80, 8, 0, 0, NULL, bytes, 1).count);
    assert_int_equal(FETTLE_OK, control(&desk, 0x00, 9, 1, 0, NULL, NULL, 0).kind);
    assert_int_equal(FETTLE_STALL, control(&desk, 0x00, 3, 1, 0, NULL, NULL, 0).kind);
    assert_int_equal(FETTLE_STALL, control(&desk, 0xc0, 1, 0, 4, NULL, bytes, 16).kind);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

static size_t find_functional(const char *spec)
{
    test_desk desk = make(spec);
    fettle_sight sight;
    assert_true(look_at(&desk, 0, &sight));
    finish(&desk);
    size_t where = 0;
    for (size_t at = 0; at < sight.descriptors_size; at += sight.descriptors[at]) {
        where = sight.descriptors[at + 1] == 0x21 ? where * 1000 + at : where;
    }
    return where;
}

static void test_functional_places(void **state)
{
    (void)state;
    assert_int_equal(45, find_functional("dfu,alternates=2"));
    assert_int_equal(27, find_functional("dfu,alternates=2,functional=after-config"));
    assert_int_equal(36054, find_functional("dfu,alternates=2,functional=after-each"));
    assert_int_equal(45, find_functional("dfu,app-id=1:2,functional=after-each"));
    test_desk desk =
        make("dfu,protocol=0,dfu-version=011A,upload=no,tolerant=no,app-id=1:2");
    fettle_sight sight;
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(0x09, sight.descriptors[45 + 2]); /* CanDnload, WillDetach */
    assert_int_equal(1, sight.descriptors[36 + 7]);    /* runtime: not protocol= */
    assert_int_equal(0x1a, sight.descriptors[45 + 7]);
    finish(&desk);
}

/* ---- the strict device: its state table ---- */

/* Figure A.1 walked through, with a poll time. */
static void test_strict_download(void **state)
{
    (void)state;
    uint8_t image[600];
    fill(image, sizeof image, 1);
    test_desk desk = make_open("dfu,mode=dfu,poll=20,manifest-poll=70,size=1KB");
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_true(fettle_sim_is_bootable(desk.sim, 0));
    for (uint16_t block = 0; block < 3; block++) {
        size_t size = block < 2 ? 256 : 88;
        assert_int_equal(FETTLE_OK, send(&desk, block, image + block * 256, size));
        assert_int_equal(DFU_DNLOAD_SYNC, peek(&desk));
        assert_int_equal(DFU_DNBUSY, state_of(&desk));
        assert_int_equal(20, desk.poll_ms);
        assert_int_equal(DFU_DNBUSY, peek(&desk));
        wait_for(&desk, 20 * MS);
        assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
        assert_int_equal(0, desk.poll_ms);
        assert_memory_equal(image, main_memory(&desk), block * 256 + size);
    }
    assert_false(fettle_sim_is_bootable(desk.sim, 0));
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 3));
    assert_int_equal(DFU_MANIFEST_SYNC, peek(&desk));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    assert_int_equal(70, desk.poll_ms);
    assert_false(fettle_sim_is_bootable(desk.sim, 0));
    wait_for(&desk, 70 * MS);
    assert_true(fettle_sim_is_bootable(desk.sim, 0));
    assert_int_equal(DFU_MANIFEST_SYNC, peek(&desk));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(0, count_of(&desk, "violation"));
    /* It stays, and is the same device after a reset: it has no application to show. */
    assert_int_equal(FETTLE_OK, desk.link.usb->reset(desk.link.self).kind);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

static void load(test_desk *desk, size_t size)
{
    uint8_t block[256];
    for (size_t at = 0; at < size; at += 256) {
        fill(block, 256, (unsigned)at);
        assert_int_equal(FETTLE_OK, send(desk, (uint16_t)(at / 256), block, 256));
        assert_int_equal(DFU_DNLOAD_IDLE, state_of(desk));
    }
}

static void test_strict_not_tolerant(void **state)
{
    (void)state;
    test_desk desk = make_open("dfu,app-id=1:2,mode=dfu,tolerant=no,manifest-poll=10");
    load(&desk, 512);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 2));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    wait_for(&desk, 10 * MS);
    assert_int_equal(DFU_MANIFEST_WAIT_RESET, state_of(&desk));
    assert_int_equal(FETTLE_STALL, ask(&desk, ABORT, 0));
    assert_int_equal(1, count_of(&desk, "violation"));
    assert_int_equal(DFU_MANIFEST_WAIT_RESET, state_of(&desk));
    assert_int_equal(FETTLE_GONE, desk.link.usb->reset(desk.link.self).kind);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 500 * MS));
    finish(&desk);

    /* Without a runtime face: the same ids again, but another arrival. */
    desk = make_open("dfu,tolerant=no");
    load(&desk, 256);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 1));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    assert_int_equal(FETTLE_GONE, desk.link.usb->reset(desk.link.self).kind);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 500 * MS));
    finish(&desk);
}

static void test_strict_reboots(void **state)
{
    (void)state;
    test_desk desk = make_open("dfu,app-id=1:2,mode=dfu,tolerant=no,reboots=yes");
    load(&desk, 256);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 1));
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 500 * MS));
    finish(&desk);

    desk = make_open("dfu,app-id=1:2,mode=dfu,tolerant=no,reboots=early");
    load(&desk, 256);
    assert_int_equal(FETTLE_GONE, ask(&desk, DNLOAD, 1));
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 500 * MS));
    finish(&desk);

    desk = make_open("dfu,app-id=1:2,mode=dfu,tolerant=no,reboots=yes,app=no");
    load(&desk, 256);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 1));
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    assert_false(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 60000 * MS));
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

/* One violation, from the state that `desk` is in; then the way back. */
static void expect_violation(test_desk *desk, fettle_outcome_kind kind)
{
    assert_int_equal(FETTLE_STALL, kind);
    assert_int_equal(1, count_of(desk, "violation"));
    assert_int_equal(DFU_ERROR, state_of(desk));
    assert_int_equal(ERR_STALLEDPKT, desk->status);
    assert_int_equal(FETTLE_OK, ask(desk, CLRSTATUS, 0));
    assert_int_equal(DFU_IDLE, state_of(desk));
    assert_int_equal(0, desk->status);
    fettle_sim_log_clear(desk->sim);
}

static void test_strict_violations(void **state)
{
    (void)state;
    uint8_t block[300], bytes[300];
    fill(block, sizeof block, 5);
    test_desk desk = make_open("dfu,poll=5,manifest-poll=5");
    expect_violation(&desk, ask(&desk, CLRSTATUS, 0));
    expect_violation(&desk, ask(&desk, DETACH, 1000));
    expect_violation(&desk, ask(&desk, DNLOAD, 0));
    expect_violation(&desk, send(&desk, 0, block, 257));
    expect_violation(&desk, send(&desk, 1, block, 256));
    expect_violation(&desk, fetch(&desk, 0, bytes, 257).kind);
    expect_violation(&desk, fetch(&desk, 1, bytes, 256).kind);
    expect_violation(&desk, fetch(&desk, 0, NULL, 0).kind);
    expect_violation(&desk, control(&desk, 0xa1, GETSTATUS, 0, 0, NULL, bytes, 5).kind);
    expect_violation(&desk, control(&desk, 0xa1, GETSTATUS, 0, 0, NULL, bytes, 64).kind);
    expect_violation(&desk, control(&desk, 0xa1, DNLOAD, 0, 0, NULL, bytes, 6).kind);
    expect_violation(&desk, ask(&desk, 7, 0));

    /* Another DNLOAD before GETSTATUS. */
    assert_int_equal(FETTLE_OK, send(&desk, 0, block, 256));
    expect_violation(&desk, send(&desk, 1, block, 256));
    /* GETSTATUS, or anything else, before bwPollTimeout is over. */
    assert_int_equal(FETTLE_OK, send(&desk, 0, block, 256));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    wait_for(&desk, 5 * MS - 1);
    expect_violation(&desk, control(&desk, 0xa1, GETSTATUS, 0, 0, NULL, bytes, 6).kind);
    assert_int_equal(FETTLE_OK, send(&desk, 0, block, 256));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    expect_violation(&desk, ask(&desk, ABORT, 0));
    /* In dfuDNLOAD-IDLE: order, UPLOAD, and then the manifestation. */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(FETTLE_OK, send(&desk, 0, block, 256));
        assert_int_equal(DFU_DNBUSY, state_of(&desk));
        wait_for(&desk, 5 * MS);
        assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
        if (i == 0) {
            expect_violation(&desk, send(&desk, 0, block, 256));
        } else if (i == 1) {
            expect_violation(&desk, fetch(&desk, 0, bytes, 256).kind);
        } else {
            assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 1));
            assert_int_equal(DFU_MANIFEST, state_of(&desk));
            expect_violation(&desk,
                             control(&desk, 0xa1, GETSTATUS, 0, 0, NULL, bytes, 6).kind);
        }
    }
    assert_false(fettle_sim_is_bootable(desk.sim, 0));
    /* In dfuUPLOAD-IDLE. */
    assert_int_equal(256, fetch(&desk, 0, bytes, 256).count);
    assert_int_equal(DFU_UPLOAD_IDLE, state_of(&desk));
    expect_violation(&desk, send(&desk, 0, block, 256));
    /* What isn't for this interface says nothing about the state. */
    desk.index = 1;
    assert_int_equal(100 + FETTLE_STALL, state_of(&desk));
    desk.index = 0;
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);

    desk = make_open("dfu,upload=no,download=no");
    expect_violation(&desk, fetch(&desk, 0, bytes, 256).kind);
    expect_violation(&desk, send(&desk, 0, block, 256));
    finish(&desk);
}

static void test_strict_abort(void **state)
{
    (void)state;
    uint8_t bytes[256] = {0};
    test_desk desk = make_open("dfu");
    load(&desk, 256);
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(256, fetch(&desk, 0, bytes, 256).count);
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    /* A block that nobody asked about isn't written. */
    uint8_t before = main_memory(&desk)[0];
    bytes[0] = (uint8_t)(before + 1);
    assert_int_equal(FETTLE_OK, send(&desk, 0, bytes, 256));
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(before, main_memory(&desk)[0]);
    assert_int_equal(0, count_of(&desk, "violation"));
    finish(&desk);
}

static void test_strict_upload(void **state)
{
    (void)state;
    uint8_t bytes[256];
    test_desk desk = make_open("dfu,size=600");
    for (uint16_t block = 0; block < 3; block++) {
        size_t expected = block < 2 ? 256 : 88;
        assert_int_equal(expected, fetch(&desk, block, bytes, 256).count);
        assert_memory_equal(main_memory(&desk) + block * 256, bytes, expected);
        assert_int_equal(block < 2 ? DFU_UPLOAD_IDLE : DFU_IDLE, state_of(&desk));
    }
    finish(&desk);
    /* A memory of whole blocks ends with an empty one. */
    desk = make_open("dfu,size=512");
    assert_int_equal(256, fetch(&desk, 0, bytes, 256).count);
    assert_int_equal(256, fetch(&desk, 1, bytes, 256).count);
    fettle_outcome outcome = fetch(&desk, 2, bytes, 256);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(0, outcome.count);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

static void test_strict_end_of_memory(void **state)
{
    (void)state;
    uint8_t block[256] = {0};
    test_desk desk = make_open("dfu,size=512");
    load(&desk, 512);
    assert_int_equal(FETTLE_OK, send(&desk, 2, block, 1));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(8, desk.status); /* errADDRESS */
    finish(&desk);
}

static void test_block_numbers_wrap(void **state)
{
    (void)state;
    uint8_t bytes[1] = {0};
    test_desk desk = make_open("dfu,size=65540,transfer=1");
    for (unsigned block = 0; block < 65540; block++) {
        assert_int_equal(1, fetch(&desk, (uint16_t)block, bytes, 1).count);
    }
    assert_int_equal(0, fetch(&desk, 4, bytes, 1).count);
    assert_int_equal(0, count_of(&desk, "violation"));
    finish(&desk);
}

static void test_alternates(void **state)
{
    (void)state;
    uint8_t block[256], bytes[256];
    size_t size;
    test_desk desk = make_open("dfu,alternates=3,size=1KB");
    fill(block, 256, 9);
    assert_int_equal(FETTLE_STALL,
                     desk.link.usb->select(desk.link.self, 0, 3, LIMIT, NULL).kind);
    assert_int_equal(FETTLE_OK,
                     desk.link.usb->select(desk.link.self, 0, 2, LIMIT, NULL).kind);
    assert_int_equal(2, count_of(&desk, "select"));
    uint8_t alternate = 9;
    assert_int_equal(FETTLE_OK, control(&desk, 0x81, 10, 0, 0, NULL, &alternate, 1).kind);
    assert_int_equal(2, alternate);
    assert_int_equal(FETTLE_OK, send(&desk, 0, block, 256));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_memory_equal(block, fettle_sim_alternate(desk.sim, 0, 2, &size), 256);
    assert_int_equal(1024, size);
    assert_null(fettle_sim_alternate(desk.sim, 0, 3, &size));
    assert_true(fettle_sim_is_bootable(desk.sim, 0)); /* that was another memory */
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    assert_int_equal(FETTLE_OK, control(&desk, 0x01, 11, 0, 0, NULL, NULL, 0).kind);
    assert_int_equal(256, fetch(&desk, 0, bytes, 256).count);
    assert_memory_equal(main_memory(&desk), bytes, 256);
    finish(&desk);
}

static void test_odd_transfer_sizes(void **state)
{
    (void)state;
    uint8_t bytes[1025];
    test_desk desk = make_open("dfu,transfer=0");
    assert_int_equal(64, fetch(&desk, 0, bytes, 64).count);
    expect_violation(&desk, fetch(&desk, 1, bytes, 65).kind);
    finish(&desk);
    desk = make_open("dfu,transfer=0xffff");
    assert_int_equal(1024, fetch(&desk, 0, bytes, 1024).count);
    expect_violation(&desk, fetch(&desk, 1, bytes, 1025).kind);
    finish(&desk);
}

/* ---- the strict device: from the application and back ---- */

static void test_detach_will(void **state)
{
    (void)state;
    fettle_sight sight;
    test_desk desk = make_open("dfu,app-id=cafe:4001,linger=50,enumerate=300");
    desk.index = 1;
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(0xcafe, sight.id.vendor);
    assert_int_equal(54,
                     sight.descriptors_size); /* device, configuration, 2 interfaces, DFU */
    assert_int_equal(APP_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_OK, ask(&desk, DETACH, 1000));
    assert_int_equal(APP_DETACH, state_of(&desk));
    wait_for(&desk, 50 * MS);
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    fettle_us left = now_of(&desk);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 1000 * MS));
    assert_in_range(now_of(&desk) - left, 299 * MS, 300 * MS);
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(0x1d50, sight.id.vendor);
    /* Back: a reset, since the application is whole. */
    close_link(&desk);
    open_usb(&desk);
    assert_int_equal(FETTLE_GONE, desk.link.usb->reset(desk.link.self).kind);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 1000 * MS));
    /* And without one it stays. */
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 0);
    wait_for(&desk, 1);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 1000 * MS));
    close_link(&desk);
    open_usb(&desk);
    desk.index = 0;
    load(&desk, 256);
    assert_int_equal(FETTLE_OK, desk.link.usb->reset(desk.link.self).kind);
    assert_false(fettle_sim_is_bootable(desk.sim, 0));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

static void test_detach_reset(void **state)
{
    (void)state;
    test_desk desk = make_open("dfu,app-id=1:2,detach=reset,detach-timeout=500");
    fettle_sight sight;
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(0x07, sight.descriptors[47]);
    desk.index = 1;
    assert_int_equal(FETTLE_OK, desk.link.usb->reset(desk.link.self).kind);
    assert_int_equal(FETTLE_OK, ask(&desk, DETACH, 60000));
    assert_int_equal(APP_DETACH, state_of(&desk));
    wait_for(&desk, 500 * MS);
    assert_int_equal(APP_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_OK, desk.link.usb->reset(desk.link.self).kind);
    assert_int_equal(FETTLE_OK, ask(&desk, DETACH, 500));
    assert_int_equal(FETTLE_GONE, desk.link.usb->reset(desk.link.self).kind);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 1000 * MS));
    finish(&desk);
}

static void test_detach_no(void **state)
{
    (void)state;
    test_desk desk = make_open("dfu,same-ids=yes,detach=no");
    fettle_sight sight;
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    assert_int_equal(0x6003, sight.id.product);
    desk.index = 1;
    assert_int_equal(FETTLE_STALL, ask(&desk, DETACH, 1000));
    assert_int_equal(APP_IDLE, state_of(&desk));
    fettle_sim_hear(desk.sim, "sim:dfu", FETTLE_ASK_UPDATE_MODE);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 2000 * MS));
    finish(&desk);
}

static void test_strict_starts(void **state)
{
    (void)state;
    test_desk desk = make_open("dfu,app-id=1:2,downloading=yes");
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_false(fettle_sim_is_bootable(desk.sim, 0));
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
    desk = make("dfu,app-id=1:2,bootable=no");
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
    desk = make("dfu");
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

/* ---- shields ---- */

static void test_crc14(void **state)
{
    (void)state;
    uint8_t payload[16384];
    fettle_sim_make_shield_payload(payload, 7);
    /* Bit by bit over words, as section 2.3 of the fact sheet has it. */
    unsigned crc = 0;
    for (size_t at = 0x400; at < 0x3f00; at += 2) {
        unsigned word = payload[at] | (unsigned)payload[at + 1] << 8;
        assert_true(word <= 0x3fff);
        for (unsigned bit = 0; bit < 16; bit++) {
            unsigned is_odd = (crc ^ word >> bit) & 1;
            crc = crc >> 1 ^ (is_odd != 0 ? 0x23b1 : 0);
        }
    }
    assert_int_equal(0, crc);
    assert_int_equal(0xff, payload[0]);
    assert_int_equal(0x3f, payload[0x3ff]);
    assert_int_equal(0x3f, payload[16383]);
    assert_int_not_equal(0x3fff, payload[0x400] | payload[0x401] << 8);
    test_desk desk = make("pytrack");
    size_t size;
    uint8_t *memory = fettle_sim_memory(desk.sim, 0, &size);
    assert_int_equal(16384, size);
    assert_true(fettle_sim_is_bootable(desk.sim, 0));
    assert_memory_not_equal(payload + 0x400, memory + 0x400, 64);
    memory[0x400] ^= 1;
    assert_false(fettle_sim_is_bootable(desk.sim, 0));
    memory[0x400] ^= 1;
    memory[0x3f00] ^= 1;
    assert_true(fettle_sim_is_bootable(desk.sim, 0));
    finish(&desk);
}

static void test_suffix(void **state)
{
    (void)state;
    /* crc32 of zlib over "123456789" is cbf43926; the register isn't inverted here. */
    uint8_t suffix[16];
    assert_int_equal(
        16, fettle_sim_make_suffix(suffix, NULL, 0, 0x04d8, 0xf014, 0xffff, 0x0100));
    static const uint8_t expected[] = {0xff, 0xff, 0x14, 0xf0, 0xd8, 0x04,
                                       0x00, 0x01, 'U',  'F',  'D',  16};
    assert_memory_equal(expected, suffix, 12);
    /* A register fed with itself is zero: the mark of a CRC that is right. */
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < 16; i++) {
        crc ^= suffix[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
        }
    }
    assert_int_equal(0, crc);
}

static void test_shield_faces(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint16_t app, update;
    } boards[] = {
        {"pytrack", 0xf013, 0xf014},     {"pysense", 0xf012, 0xf011},
        {"pyscan", 0xef38, 0xef37},      {"pygate", 0xed14, 0xed15},
        {"expansion30", 0xef98, 0xef99}, {"expansion31", 0xef98, 0xef99},
    };
    for (size_t i = 0; i < sizeof boards / sizeof boards[0]; i++) {
        fettle_sight sight;
        test_desk desk = make(boards[i].name);
        assert_true(look_at(&desk, 0, &sight));
        assert_int_equal(0x04d8, sight.id.vendor);
        assert_int_equal(boards[i].app, sight.id.product);
        assert_int_equal(FETTLE_LINK_SERIAL, sight.kind);
        assert_string_equal("Pycom", sight.manufacturer);
        assert_string_equal("Py343434", sight.serial);
        assert_int_equal(18 + 67, sight.descriptors_size);
        assert_int_equal(67, sight.descriptors[20]);
        fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 0);
        wait_for(&desk, 700 * MS);
        assert_true(look_at(&desk, 0, &sight));
        assert_int_equal(boards[i].update, sight.id.product);
        assert_int_equal(FETTLE_LINK_USB, sight.kind);
        assert_string_equal("", sight.serial);
        static const uint8_t expected[] = {
            18, 1, 0x00, 0x01, 0xfe, 1,  0, 64,   0xd8, 0x04, 0,    0,  1, 0,    0,
            0,  0, 1,    9,    2,    27, 0, 1,    1,    0,    0x80, 50, 9, 4,    0,
            0,  0, 0xfe, 1,    0,    0,  9, 0x21, 0x03, 0,    0,    64, 0, 0x00, 0x01,
        };
        sight.descriptors[10] = sight.descriptors[11] = 0;
        assert_int_equal(sizeof expected, sight.descriptors_size);
        assert_memory_equal(expected, sight.descriptors, sizeof expected);
        finish(&desk);
    }
    fettle_sight sight;
    test_desk desk = make("pysense,mode=dfu,stock=yes");
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(0x1209, sight.id.vendor);
    assert_int_equal(0x2002, sight.id.product);
    finish(&desk);
}

static void test_silent_line(void **state)
{
    (void)state;
    uint8_t bytes[4] = {0};
    test_desk desk = make("pytrack");
    assert_int_equal(FETTLE_WHY_DRIVER, open_as(&desk, 0, FETTLE_LINK_USB).why);
    assert_int_equal(FETTLE_OK, open_as(&desk, 0, FETTLE_LINK_SERIAL).kind);
    const fettle_serial_ops *ops = desk.link.serial;
    void *line = desk.link.self;
    assert_int_equal(4, ops->write(line, bytes, 4, LIMIT, NULL).count);
    assert_int_equal(4 * 87, now_of(&desk));
    fettle_outcome outcome = ops->write(line, bytes, 4, now_of(&desk) + 200, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_int_equal(2, outcome.count);
    assert_int_equal(FETTLE_TIMEOUT, ops->read(line, bytes, 4, 250 * MS, NULL).kind);
    assert_int_equal(250 * MS, now_of(&desk));
    assert_int_equal(FETTLE_OK, ops->discard(line).kind);
    assert_int_equal(FETTLE_OK, ops->set_lines(line, true, false).kind);
    assert_int_equal(FETTLE_OK, ops->set_baud(line, 921600).kind);
    assert_int_equal(FETTLE_OK, ops->set_format(line, 5).kind);
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_UNPLUG, 100 * MS);
    assert_int_equal(FETTLE_GONE, ops->read(line, bytes, 4, 900 * MS, NULL).kind);
    assert_int_equal(350 * MS, now_of(&desk));
    assert_int_equal(FETTLE_GONE, ops->set_baud(line, 9600).kind);
    finish(&desk);
}

static test_desk make_line(const char *spec)
{
    test_desk made = make(spec);
    assert_int_equal(FETTLE_OK, open_as(&made, 0, FETTLE_LINK_SERIAL).kind);
    return made;
}

/* Ten bits a byte there, and as many back. */
static void test_echo(void **state)
{
    (void)state;
    uint8_t got[16] = {0};
    test_desk desk = make_line("pytrack,module=echo");
    const fettle_serial_ops *ops = desk.link.serial;
    void *line = desk.link.self;
    assert_int_equal(FETTLE_OK, ops->set_baud(line, 10000).kind);
    const uint8_t *text = (const uint8_t *)"ABCD";
    assert_int_equal(4, ops->write(line, text, 4, LIMIT, NULL).count);
    assert_int_equal(4 * MS, now_of(&desk));
    fettle_outcome outcome = ops->read(line, got, 2, LIMIT, NULL);
    assert_int_equal(FETTLE_OK, outcome.kind); /* at 2, 3 and 4 ms: A, B and C */
    assert_int_equal(2, outcome.count);
    assert_int_equal(1, ops->read(line, got + 2, 14, LIMIT, NULL).count);
    assert_int_equal(4 * MS, now_of(&desk));
    assert_int_equal(1, ops->read(line, got + 3, 13, LIMIT, NULL).count);
    assert_int_equal(5 * MS, now_of(&desk));
    assert_memory_equal("ABCD", got, 4);
    outcome = ops->read(line, got, 16, 20 * MS, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_int_equal(20 * MS, now_of(&desk));

    assert_int_equal(FETTLE_OK, ops->write(line, text, 4, LIMIT, NULL).kind);
    assert_int_equal(FETTLE_OK, ops->discard(line).kind); /* D is on its way still */
    assert_int_equal(1, ops->read(line, got, 16, LIMIT, NULL).count);
    assert_int_equal('D', got[0]);

    assert_int_equal(FETTLE_OK, ops->set_format(line, 5).kind);
    assert_int_equal(FETTLE_OK, ops->write(line, text, 4, LIMIT, NULL).kind);
    outcome = ops->read(line, got, 16, 100 * MS, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind); /* a command: the bridge keeps it */
    finish(&desk);
}

static void test_echo_that_nobody_reads(void **state)
{
    (void)state;
    static uint8_t bytes[5000], got[5000];
    const fettle_sim_entry *log;
    test_desk desk = make_line("pytrack,module=echo");
    const fettle_serial_ops *ops = desk.link.serial;
    fill(bytes, sizeof bytes, 3);
    fettle_outcome outcome = ops->write(desk.link.self, bytes, sizeof bytes, LIMIT, NULL);
    assert_int_equal(sizeof bytes, outcome.count);
    outcome = ops->read(desk.link.self, got, sizeof got, LIMIT, NULL);
    assert_int_equal(4096, outcome.count);
    assert_memory_equal(bytes, got, 4096);
    size_t count = fettle_sim_log(desk.sim, &log), overruns = 0;
    for (size_t i = 0; i < count; i++) {
        overruns += strcmp("overrun", log[i].what) == 0;
    }
    assert_int_equal(1, overruns);
    outcome = ops->read(desk.link.self, got, sizeof got, 900 * MS, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    finish(&desk);
}

/* What the line is told is known to those who ask, and in the log. */
static void test_line_is_told(void **state)
{
    (void)state;
    fettle_serial_settings told;
    const fettle_sim_entry *log;
    test_desk desk = make("pytrack");
    assert_true(fettle_sim_line(desk.sim, 0, &told));
    assert_int_equal(115200, told.baud);
    assert_int_equal(8, told.data_bits);
    assert_int_equal(FETTLE_OK, open_as(&desk, 0, FETTLE_LINK_SERIAL).kind);
    const fettle_serial_ops *ops = desk.link.serial;
    void *line = desk.link.self;
    fettle_sim_log_clear(desk.sim);
    assert_int_equal(FETTLE_OK, ops->set_baud(line, 921600).kind);
    assert_int_equal(FETTLE_OK, ops->set_format(line, 5).kind);
    assert_int_equal(FETTLE_OK, ops->set_lines(line, true, false).kind);
    assert_int_equal(2, ops->write(line, (const uint8_t *)"AB", 2, LIMIT, NULL).count);
    assert_int_equal(4, fettle_sim_log(desk.sim, &log));
    assert_string_equal("line-coding", log[1].what);
    assert_int_equal(FETTLE_SIM_CODING, log[1].serial);
    assert_int_equal(921600, log[1].told.baud);
    assert_int_equal(5, log[1].told.data_bits);
    assert_string_equal("lines", log[2].what);
    assert_int_equal(FETTLE_SIM_LINES, log[2].serial);
    assert_true(log[2].told.dtr);
    assert_false(log[2].told.rts);
    assert_string_equal("write", log[3].what);
    assert_int_equal(2, log[3].count);
    assert_true(fettle_sim_line(desk.sim, 0, &told));
    assert_int_equal(921600, told.baud);
    assert_int_equal(5, told.data_bits);
    assert_true(told.dtr);
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG, 0);
    wait_for(&desk, 1000 * MS);
    assert_true(fettle_sim_line(desk.sim, 0, &told)); /* it has started anew */
    assert_int_equal(115200, told.baud);
    assert_false(told.dtr);
    finish(&desk);
    desk = make("dfu");
    assert_false(fettle_sim_line(desk.sim, 0, &told));
    finish(&desk);
}

/* The table of section 2.2. */
static void test_shield_requests(void **state)
{
    (void)state;
    uint8_t bytes[300], row[300];
    fill(row, sizeof row, 11);
    test_desk desk = make_open("pytrack,mode=dfu,window=off");
    const uint8_t *memory = main_memory(&desk);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    desk.index = 77; /* ignored */
    assert_int_equal(FETTLE_OK, send(&desk, 256 + 20, row, 64));
    assert_int_equal(row[0], memory[20 * 64]);
    assert_int_equal(row[1] & 0x3f, memory[20 * 64 + 1]);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(DFU_IDLE, peek(&desk)); /* always */
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(FETTLE_OK, ask(&desk, DETACH, 0));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    /* Rows of the bootloader are protected; no order is required. */
    uint8_t before = memory[15 * 64];
    row[0] = (uint8_t)(before + 1);
    assert_int_equal(FETTLE_OK, send(&desk, 15, row, 64));
    assert_int_equal(before, memory[15 * 64]);
    /* 64 bytes of the buffer whatever came: here the rest is from the row before. */
    uint8_t short_row[2] = {0xaa, 0x2a};
    assert_int_equal(FETTLE_OK, send(&desk, 30, short_row, 2));
    assert_int_equal(0xaa, memory[30 * 64]);
    assert_int_equal(row[2], memory[30 * 64 + 2]);
    /* UPLOAD. */
    assert_int_equal(64, fetch(&desk, 20, bytes, 64).count);
    assert_memory_equal(memory + 20 * 64, bytes, 64);
    assert_int_equal(0, fetch(&desk, 256, bytes, 64).count);
    fettle_outcome outcome = fetch(&desk, 20, bytes, 63);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(FETTLE_WHY_SYSTEM, outcome.why);
    assert_int_equal(128, fetch(&desk, 20, bytes, 128).count);
    assert_memory_equal(bytes, bytes + 64, 64);
    /* 256 counts as zero: the end. */
    assert_int_equal(FETTLE_OK, send(&desk, 0, row, 256));
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    finish(&desk);
}

static void test_shield_standard_requests(void **state)
{
    (void)state;
    uint8_t bytes[300];
    test_desk desk = make_open("pytrack,mode=dfu");
    assert_int_equal(18, control(&desk, 0x80, 6, 0x0100, 0, NULL, bytes, 255).count);
    assert_int_equal(0x14, bytes[10]);
    assert_int_equal(27, control(&desk, 0x80, 6, 0x0200, 0, NULL, bytes, 255).count);
    assert_int_equal(0, control(&desk, 0x80, 6, 0x0200, 0, NULL, bytes, 256).count);
    assert_int_equal(4, control(&desk, 0x80, 6, 0x0200, 0, NULL, bytes, 260).count);
    fettle_outcome outcome = control(&desk, 0x80, 6, 0x03ee, 0, NULL, bytes, 255);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(0, outcome.count);
    assert_int_equal(FETTLE_STALL,
                     control(&desk, 0x80, 6, 0x0600, 0, NULL, bytes, 10).kind);
    assert_int_equal(1, control(&desk, 0x80, 8, 0, 0, NULL, bytes, 1).count);
    assert_int_equal(FETTLE_OK, control(&desk, 0x00, 9, 1, 0, NULL, NULL, 0).kind);
    assert_int_equal(FETTLE_STALL, control(&desk, 0x80, 0, 0, 0, NULL, bytes, 2).kind);
    assert_int_equal(FETTLE_STALL, control(&desk, 0x81, 10, 0, 0, NULL, bytes, 1).kind);
    assert_int_equal(FETTLE_STALL, control(&desk, 0x01, 11, 0, 0, NULL, NULL, 0).kind);
    assert_int_equal(FETTLE_STALL, control(&desk, 0xc0, 1, 0, 4, NULL, bytes, 16).kind);
    assert_int_equal(FETTLE_STALL,
                     desk.link.usb->select(desk.link.self, 0, 0, LIMIT, NULL).kind);
    assert_int_equal(2, count_of(&desk, "SET_INTERFACE"));
    finish(&desk);
}

static void test_shield_naks_while_it_writes(void **state)
{
    (void)state;
    uint8_t row[64] = {0};
    test_desk desk = make_open("pytrack,mode=dfu");
    assert_int_equal(FETTLE_OK, send(&desk, 100, row, 64));
    fettle_us written = now_of(&desk);
    assert_int_equal(264, written);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(written + 4000 + 206, now_of(&desk));
    assert_int_equal(FETTLE_OK, send(&desk, 100, row, 64));
    fettle_control request = {0x21, ABORT, 0, 0, 0, NULL, NULL};
    fettle_us until = now_of(&desk) + 1000;
    assert_int_equal(FETTLE_TIMEOUT,
                     desk.link.usb->control(desk.link.self, &request, until, NULL).kind);
    assert_int_equal(until, now_of(&desk));
    finish(&desk);
}

static void test_window(void **state)
{
    (void)state;
    test_desk desk = make_open("pytrack,mode=dfu");
    wait_for(&desk, 6999 * MS);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    wait_for(&desk, 1 * MS);
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 400 * MS));
    finish(&desk);
    desk = make("pytrack,mode=dfu,window=500");
    assert_false(wait_until(&desk, 0, FETTLE_SIM_SHOWS_NOTHING, 500 * MS - 1));
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_NOTHING, 10 * MS));
    finish(&desk);
    desk = make("pytrack,mode=dfu,window=off");
    assert_false(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 100000 * MS));
    finish(&desk);
    desk = make("pytrack,mode=dfu,exit=no");
    assert_false(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 100000 * MS));
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_REPLUG);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 2000 * MS));
    finish(&desk);
    desk = make("pytrack,stays=yes");
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    assert_true(fettle_sim_is_bootable(desk.sim, 0));
    finish(&desk);
}

static void write_payload(test_desk *desk, const uint8_t *payload, unsigned begin,
                          unsigned end)
{
    for (unsigned row = begin; row < end; row++) {
        assert_int_equal(FETTLE_OK, send(desk, (uint16_t)row, payload + row * 64, 64));
        assert_int_equal(DFU_DNLOAD_IDLE, state_of(desk));
    }
}

/* A whole update, quick and slow, and one that was cut. */
static void test_shield_update(void **state)
{
    (void)state;
    uint8_t payload[16384];
    fettle_sim_make_shield_payload(payload, 99);
    test_desk desk = make_open("pytrack,mode=dfu");
    write_payload(&desk, payload, 0, 256);
    assert_in_range(now_of(&desk), 1000 * MS, 1300 * MS);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 256));
    assert_int_equal(DFU_IDLE, state_of(&desk)); /* the window is still open */
    assert_memory_equal(payload + 0x400, main_memory(&desk) + 0x400, 16384 - 0x400);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 7000 * MS));
    finish(&desk);

    /* A download holds the window back; the board leaves when it ends. */
    desk = make_open("pytrack,mode=dfu");
    write_payload(&desk, payload, 0, 128);
    wait_for(&desk, 7000 * MS);
    write_payload(&desk, payload, 128, 256);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 256));
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 500 * MS));
    finish(&desk);

    desk = make_open("pytrack,mode=dfu,races=yes,window=100");
    write_payload(&desk, payload, 0, 256);
    assert_int_equal(FETTLE_GONE, ask(&desk, DNLOAD, 256));
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 500 * MS));
    finish(&desk);

    /* Half an application doesn't start: the bootloader comes back, and stays. */
    desk = make_open("pytrack,mode=dfu");
    write_payload(&desk, payload, 0, 128);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 128));
    assert_false(fettle_sim_is_bootable(desk.sim, 0));
    assert_false(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 60000 * MS));
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    close_link(&desk);
    open_usb(&desk);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    write_payload(&desk, payload, 128, 256);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 256));
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 1000 * MS));
    assert_int_equal(2, count_of(&desk, "leaves"));
    finish(&desk);

    desk = make_open("pytrack,mode=dfu,exit=no");
    write_payload(&desk, payload, 0, 256);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 256));
    assert_false(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 60000 * MS));
    finish(&desk);
}

static void test_stuck_download(void **state)
{
    (void)state;
    test_desk desk = make_open("pytrack,downloading=yes");
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    wait_for(&desk, 20000 * MS);
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_false(fettle_sim_is_bootable(desk.sim, 0));
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 0));
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk)); /* the window is long over */
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 1000 * MS));
    finish(&desk);
    desk = make_open("pytrack,downloading=yes");
    assert_int_equal(FETTLE_OK, desk.link.usb->reset(desk.link.self).kind);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
    desk = make_open("pytrack,downloading=yes,window=off");
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 0));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

static void test_fast_stall(void **state)
{
    (void)state;
    uint8_t row[64] = {0};
    test_desk desk = make_open("pytrack,mode=dfu,end-race=100");
    assert_int_equal(FETTLE_OK, send(&desk, 40, row, 64));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_STALL, ask(&desk, DNLOAD, 0));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    wait_for(&desk, 100);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 0));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

/* ---- faults ---- */

static test_desk make_faulty(const char *spec, const char *fault)
{
    test_desk made = make_open(spec);
    assert_true(fettle_sim_set_fault(made.sim, 0, fault));
    return made;
}

static void test_fault_words(void **state)
{
    (void)state;
    test_desk desk = make("dfu");
    assert_false(fettle_sim_set_fault(desk.sim, 0, "explode"));
    assert_false(fettle_sim_set_fault(desk.sim, 0, "stall@x"));
    assert_true(fettle_sim_set_fault(desk.sim, 0, "vanish:before@p0.000001"));
    assert_true(fettle_sim_set_fault(desk.sim, 0, "status=errVENDOR@3+"));
    assert_true(fettle_sim_set_fault(desk.sim, 0, ""));
    assert_true(fettle_sim_set_fault(desk.sim, 0, NULL));
    finish(&desk);
}

static void test_fault_lost_answers(void **state)
{
    (void)state;
    test_desk desk = make_faulty("dfu", "lose-completion");
    load(&desk, 256);
    fettle_us before = now_of(&desk);
    assert_int_equal(FETTLE_TIMEOUT, ask(&desk, DNLOAD, 1));
    assert_int_equal(before + LIMIT, now_of(&desk));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    finish(&desk);
    desk = make_faulty("dfu", "lose-completion:before");
    load(&desk, 256);
    assert_int_equal(FETTLE_TIMEOUT, ask(&desk, DNLOAD, 1));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    finish(&desk);
    desk =
        make_faulty("dfu,app-id=1:2,mode=dfu,tolerant=no,reboots=yes", "lose-completion");
    load(&desk, 256);
    assert_int_equal(FETTLE_GONE, ask(&desk, DNLOAD, 1)); /* it goes on while we wait */
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 500 * MS));
    finish(&desk);
    uint8_t block[64] = {1};
    desk = make_faulty("pytrack,mode=dfu", "lose-reply@2");
    assert_int_equal(FETTLE_OK, send(&desk, 50, block, 64));
    block[0] = 2;
    assert_int_equal(FETTLE_TIMEOUT, send(&desk, 50, block, 64));
    assert_int_equal(2, main_memory(&desk)[50 * 64]);
    assert_int_equal(FETTLE_OK, send(&desk, 50, block, 64));
    finish(&desk);
    desk = make_faulty("pytrack,mode=dfu", "lose-reply:before@1");
    assert_int_equal(FETTLE_TIMEOUT, send(&desk, 50, block, 64));
    assert_int_not_equal(2, main_memory(&desk)[50 * 64]);
    finish(&desk);
}

static unsigned bits_between(const uint8_t *a, const uint8_t *b, size_t size)
{
    unsigned bits = 0;
    for (size_t i = 0; i < size; i++) {
        for (unsigned differ = (unsigned)(a[i] ^ b[i]); differ != 0; differ >>= 1) {
            bits += differ & 1;
        }
    }
    return bits;
}

static void test_fault_wrong_data(void **state)
{
    (void)state;
    static const char *const specs[] = {"dfu,transfer=64", "pytrack,mode=dfu"};
    for (size_t i = 0; i < 2; i++) {
        uint8_t before[64], block[64] = {0};
        test_desk desk = make_faulty(specs[i], "drop-write@2");
        size_t row = i == 0 ? 0 : 40;
        const uint8_t *at = main_memory(&desk) + row * 64;
        assert_int_equal(FETTLE_OK, send(&desk, (uint16_t)row, block, 64));
        assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
        assert_memory_equal(block, at, 64);
        memcpy(before, at + 64, 64);
        assert_int_equal(FETTLE_OK, send(&desk, (uint16_t)(row + 1), block, 64));
        assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
        assert_memory_equal(before, at + 64, 64);
        finish(&desk);

        desk = make_faulty(specs[i], "flip-bit@1");
        at = main_memory(&desk) + row * 64;
        assert_int_equal(FETTLE_OK, send(&desk, (uint16_t)row, block, 64));
        assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
        assert_int_equal(1, bits_between(block, at, 64));
        finish(&desk);
    }
}

static void test_fault_stall(void **state)
{
    (void)state;
    uint8_t block[64] = {0};
    test_desk desk = make_faulty("dfu", "stall@2");
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_STALL, send(&desk, 0, block, 64));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_STALLEDPKT, desk.status);
    assert_int_equal(0, count_of(&desk, "violation"));
    finish(&desk);
    desk = make_faulty("dfu", "stall@1");
    assert_int_equal(100 + FETTLE_STALL, state_of(&desk));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

static void test_fault_leaving(void **state)
{
    (void)state;
    fettle_sight sight;
    uint8_t block[64] = {7};
    test_desk desk = make_faulty("pytrack,mode=dfu,return=3000", "vanish@1");
    assert_int_equal(FETTLE_GONE, send(&desk, 40, block, 64));
    assert_int_equal(7, main_memory(&desk)[40 * 64]);
    fettle_us left = now_of(&desk);
    assert_true(
        wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 5000 * MS)); /* CRC is wrong */
    assert_int_equal(left + 3000 * MS, now_of(&desk));
    finish(&desk);
    desk = make_faulty("pytrack,mode=dfu", "vanish:before@1");
    assert_int_equal(FETTLE_GONE, send(&desk, 40, block, 64));
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 2000 * MS));
    finish(&desk);
    desk = make_faulty("dfu", "no-return");
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG, 0);
    assert_false(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 100000 * MS));
    finish(&desk);
    desk = make_faulty("dfu", "other-ids@1");
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 3000 * MS));
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(0x6003 ^ 0x8000, sight.id.product);
    assert_int_equal(0xe0, sight.descriptors[11]);
    close_link(&desk);
    open_usb(&desk);
    uint8_t device[18];
    assert_int_equal(18, control(&desk, 0x80, 6, 0x0100, 0, NULL, device, 18).count);
    assert_int_equal(0xe0, device[11]);
    finish(&desk);
}

static void test_fault_busy_forever(void **state)
{
    (void)state;
    uint8_t block[64] = {0};
    test_desk desk = make_faulty("dfu,poll=8", "busy-forever@2");
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_OK, send(&desk, 0, block, 64));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(DFU_DNBUSY, state_of(&desk));
        assert_int_equal(8, desk.poll_ms);
        wait_for(&desk, 8 * MS);
    }
    finish(&desk);
    desk = make_faulty("pytrack,mode=dfu,window=off", "busy-forever@2");
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(100 + FETTLE_TIMEOUT, state_of(&desk));
    assert_int_equal(FETTLE_TIMEOUT, ask(&desk, ABORT, 0));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 0);
    wait_for(&desk, 1000 * MS);
    close_link(&desk);
    assert_true(fettle_sim_set_fault(desk.sim, 0, NULL));
    open_usb(&desk);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

static void test_fault_mute(void **state)
{
    (void)state;
    static const char *const boards[] = {"dfu", "pytrack,mode=dfu,window=off"};
    for (size_t i = 0; i < sizeof boards / sizeof boards[0]; i++) {
        test_desk desk = make_faulty(boards[i], "mute@2");
        assert_int_equal(DFU_IDLE, state_of(&desk));
        for (int times = 0; times < 2; times++) {
            fettle_us before = now_of(&desk);
            assert_int_equal(FETTLE_TIMEOUT, ask(&desk, ABORT, 0));
            assert_int_equal(before + LIMIT, now_of(&desk));
        }
        fettle_outcome outcome =
            desk.link.usb->select(desk.link.self, 0, 0, now_of(&desk) + LIMIT, NULL);
        assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
        assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
        fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 0);
        wait_for(&desk, 1000 * MS);
        close_link(&desk);
        open_usb(&desk);
        assert_int_equal(DFU_IDLE, state_of(&desk)); /* the second request is over */
        finish(&desk);
    }
}

static void test_fault_short_and_odd(void **state)
{
    (void)state;
    uint8_t bytes[64];
    test_desk desk = make_faulty("dfu", "short@2");
    assert_int_equal(64, fetch(&desk, 0, bytes, 64).count);
    assert_int_equal(63, fetch(&desk, 1, bytes, 64).count);
    finish(&desk);
    desk = make_faulty("dfu", "odd-state");
    assert_int_equal(77, state_of(&desk));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
    desk = make_faulty("pytrack,mode=dfu", "odd-status@2");
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(0, desk.status);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(200, desk.status);
    finish(&desk);
}

static void test_fault_status(void **state)
{
    (void)state;
    static const struct {
        const char *fault;
        uint8_t status, text;
    } faults[] = {
        {"status=errTARGET", 1, 0},   {"status=errFILE", 2, 0},
        {"status=errWRITE", 3, 0},    {"status=errERASE", 4, 0},
        {"status=errPROG", 6, 0},     {"status=errADDRESS", 8, 0},
        {"status=errNOTDONE", 9, 0},  {"status=errVENDOR", 11, 100},
        {"status=errUNKNOWN", 14, 0}, {"status=errSTALLEDPKT", 15, 0},
    };
    uint8_t block[64] = {0}, text[64];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (unsigned poll = 0; poll < 2; poll++) {
            test_desk desk = make_faulty(poll == 0 ? "dfu" : "dfu,poll=3", faults[i].fault);
            assert_int_equal(FETTLE_OK, send(&desk, 0, block, 64));
            if (poll > 0) {
                assert_int_equal(DFU_DNBUSY, state_of(&desk));
                wait_for(&desk, 3 * MS);
            }
            assert_int_equal(DFU_ERROR, state_of(&desk));
            assert_int_equal(faults[i].status, desk.status);
            assert_int_equal(faults[i].text, desk.text);
            finish(&desk);
        }
    }
    test_desk desk = make_faulty("dfu", "status=errVENDOR");
    assert_int_equal(FETTLE_OK,
                     control(&desk, 0x80, 6, 0x0364, 0x409, NULL, text, 64).kind);
    finish(&desk);
    static const char *const late[] = {"status=errVERIFY", "status=errFIRMWARE"};
    for (size_t i = 0; i < 2; i++) {
        desk = make_faulty("dfu", late[i]);
        load(&desk, 512);
        assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 2));
        assert_int_equal(DFU_MANIFEST, state_of(&desk));
        assert_int_equal(DFU_ERROR, state_of(&desk));
        assert_int_equal(i == 0 ? 7 : 10, desk.status);
        assert_false(fettle_sim_is_bootable(desk.sim, 0));
        finish(&desk);
    }
}

/* A shield reports nothing of its own, but a rehearsal may want it to. */
static void test_fault_status_of_shield(void **state)
{
    (void)state;
    uint8_t row[64] = {0};
    test_desk desk = make_faulty("pytrack,mode=dfu", "status=errPROG@2");
    assert_int_equal(FETTLE_OK, send(&desk, 40, row, 64));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_OK, send(&desk, 41, row, 64));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(6, desk.status);
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    finish(&desk);
}

static void test_fault_slow(void **state)
{
    (void)state;
    test_desk desk = make_faulty("dfu", "slow@2");
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(206, now_of(&desk));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(206 + 2060, now_of(&desk));
    finish(&desk);
}

static void test_fault_access(void **state)
{
    (void)state;
    fettle_sight sight;
    test_desk desk = make("dfu,fault=no-permission@1");
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(FETTLE_WHY_PERMISSION, sight.access);
    assert_int_equal(FETTLE_WHY_PERMISSION, open_as(&desk, 0, FETTLE_LINK_USB).why);
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(FETTLE_WHY_NONE, sight.access);
    open_usb(&desk);
    finish(&desk);
    desk = make("pytrack,fault=busy");
    assert_true(look_at(&desk, 0, &sight));
    assert_int_equal(FETTLE_WHY_BUSY, sight.access);
    fettle_outcome outcome = open_as(&desk, 0, FETTLE_LINK_SERIAL);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(FETTLE_WHY_BUSY, outcome.why);
    finish(&desk);
}

static unsigned lost_of(const char *spec)
{
    test_desk desk = make_open(spec);
    unsigned lost = 0;
    for (unsigned i = 0; i < 400; i++) {
        lost = lost * 3 + (state_of(&desk) == 77);
    }
    finish(&desk);
    return lost;
}

/* Chance is the same for the same seed, and several faults go together. */
static void test_fault_chance(void **state)
{
    (void)state;
    assert_int_equal(lost_of("dfu,fault=odd-state@p0.1,seed=4"),
                     lost_of("dfu,fault=odd-state@p0.1,seed=4"));
    assert_int_not_equal(lost_of("dfu,fault=odd-state@p0.1,seed=4"),
                         lost_of("dfu,fault=odd-state@p0.1,seed=5"));
    assert_int_equal(0, lost_of("dfu,fault=odd-state@p0"));
    test_desk desk = make_open("dfu,fault=odd-state@1,fault=odd-status@2");
    assert_int_equal(77, state_of(&desk));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(200, desk.status);
    finish(&desk);
}

/* ---- persons and hands ---- */

static void test_person_helpful(void **state)
{
    (void)state;
    test_desk desk = make("pytrack");
    fettle_sim_hear(desk.sim, "sim:pytrack", FETTLE_ASK_UPDATE_MODE);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 5000 * MS));
    assert_int_equal((1000 + 300 + 400) * MS, now_of(&desk));
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_NOTHING);
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_REPLUG);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 1700 * MS));
    finish(&desk);
    desk = make("pytrack,mode=unplugged,delay=10");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_PLUG_IN);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 1000 * MS));
    assert_int_equal(410 * MS, now_of(&desk));
    finish(&desk);
    desk = make("dfu,app-id=1:2,mode=unplugged");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_PLUG_IN);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 2000 * MS));
    finish(&desk);
}

static void test_person_is_interrupted(void **state)
{
    (void)state;
    test_desk desk = make("pytrack");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_UPDATE_MODE);
    wait_for(&desk, 900 * MS);
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_UPDATE_MODE); /* the same: no new start */
    wait_for(&desk, 200 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(desk.sim, 0));
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_NOTHING); /* what is begun is finished */
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 700 * MS));
    finish(&desk);
    desk = make("pytrack");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_UPDATE_MODE);
    wait_for(&desk, 900 * MS);
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_NOTHING);
    wait_for(&desk, 5000 * MS);
    assert_int_equal(0, count_of(&desk, "hand"));
    finish(&desk);
}

static void test_other_persons(void **state)
{
    (void)state;
    test_desk desk = make("pytrack,person=slow");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_UPDATE_MODE);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 20000 * MS));
    assert_int_equal(10700 * MS, now_of(&desk));
    finish(&desk);
    desk = make("pytrack,person=none");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_UPDATE_MODE);
    assert_false(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 60000 * MS));
    finish(&desk);
    desk = make("pytrack,person=wrong");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_UPDATE_MODE);
    assert_false(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 10500 * MS));
    assert_int_equal(10, count_of(&desk, "leaves"));
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_NOTHING);
    wait_for(&desk, 9000 * MS);
    assert_int_equal(10, count_of(&desk, "leaves"));
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

/* The button where none was asked for, none where it was needed. */
static void test_person_wrong_otherwise(void **state)
{
    (void)state;
    test_desk desk = make("pytrack,person=wrong,mode=unplugged");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_PLUG_IN);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_APP, 2000 * MS));
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_REPLUG);
    wait_for(&desk, 1000 * MS);
    assert_true(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 2000 * MS));
    finish(&desk);
    /* However little time they take, the board has the time to come back. */
    desk = make("pytrack,person=wrong,delay=0,enumerate=0");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_UPDATE_MODE);
    wait_for(&desk, 3000 * MS);
    assert_int_equal(6, count_of(&desk, "leaves"));
    finish(&desk);
}

/* A path that isn't this board's is no business of its person. */
static void test_person_of_another_board(void **state)
{
    (void)state;
    test_desk desk = make("pytrack*2");
    fettle_sim_hear(desk.sim, "sim:pytrack.2", FETTLE_ASK_UPDATE_MODE);
    assert_true(wait_until(&desk, 1, FETTLE_SIM_SHOWS_UPDATE, 3000 * MS));
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

static void test_battery(void **state)
{
    (void)state;
    test_desk desk = make("pytrack,battery=yes");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_UPDATE_MODE);
    assert_false(wait_until(&desk, 0, FETTLE_SIM_SHOWS_UPDATE, 20000 * MS));
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    assert_int_equal(1, count_of(&desk, "leaves"));
    finish(&desk);
}

static void test_hands(void **state)
{
    (void)state;
    test_desk desk = make("pytrack");
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_UNPLUG, 100 * MS);
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_UNPLUG, 200 * MS); /* replaces the other */
    wait_for(&desk, 199 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    wait_for(&desk, 1 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(desk.sim, 0));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_PLUG_WITH_BUTTON, 0);
    wait_for(&desk, 400 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG, 0);
    wait_for(&desk, 700 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    /* A crowd, all in the order of time. */
    add(&desk, "dfu*20,mode=unplugged");
    for (size_t i = 1; i <= 20; i++) {
        fettle_sim_do(desk.sim, i, FETTLE_SIM_PLUG, (21 - i) * MS);
    }
    fettle_sim_log_clear(desk.sim);
    wait_for(&desk, 1000 * MS);
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(desk.sim, &entries);
    assert_int_equal(40, count);
    for (size_t i = 1; i < count; i++) {
        assert_true(entries[i - 1].at <= entries[i].at);
    }
    assert_int_equal(20, entries[20].board);
    finish(&desk);
}

/* ---- the log ---- */

static void test_log(void **state)
{
    (void)state;
    uint8_t row[64] = {0};
    const fettle_sim_entry *log;
    test_desk desk = make_open("pytrack,mode=dfu");
    assert_int_equal(FETTLE_OK, send(&desk, 0x133, row, 64));
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_OK, desk.link.usb->reset(desk.link.self).kind);
    close_link(&desk);
    assert_int_equal(7, fettle_sim_log(desk.sim, &log));
    static const char *const expected[] = {"arrives",   "open",  "DNLOAD", "ABORT",
                                           "GETSTATUS", "reset", "close"};
    static const bool changes[] = {false, false, true, true, false, true, false};
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(expected[i], log[i].what);
        assert_int_equal(changes[i], log[i].changes);
        assert_int_equal(0, log[i].board);
    }
    assert_int_equal(264, log[2].at);
    assert_int_equal(0x21, log[2].bmRequestType);
    assert_int_equal(0x133, log[2].wValue);
    assert_int_equal(64, log[2].wLength);
    assert_int_equal(64, log[2].count);
    assert_int_equal(0x33 * 64, log[2].address);
    assert_int_equal(64, log[2].size);
    assert_int_equal(FETTLE_OK, log[2].outcome);
    fettle_sim_log_clear(desk.sim);
    assert_int_equal(0, fettle_sim_log(desk.sim, &log));
    finish(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_virtual_clock_jumps),
        cmocka_unit_test(test_bus_wait),
        cmocka_unit_test(test_given_clock),
        cmocka_unit_test(test_one_caller_a_board),
        cmocka_unit_test(test_links_of_a_board_that_left),
        cmocka_unit_test(test_control_is_cut),
        cmocka_unit_test(test_specs_refused),
        cmocka_unit_test(test_specs_taken),
        cmocka_unit_test(test_wants_no_time),
        cmocka_unit_test(test_help_is_whole),
        cmocka_unit_test(test_flash_file),
        cmocka_unit_test(test_log_file),
        cmocka_unit_test(test_strict_descriptors),
        cmocka_unit_test(test_strict_standard_requests),
        cmocka_unit_test(test_functional_places),
        cmocka_unit_test(test_strict_download),
        cmocka_unit_test(test_strict_not_tolerant),
        cmocka_unit_test(test_strict_reboots),
        cmocka_unit_test(test_strict_violations),
        cmocka_unit_test(test_strict_abort),
        cmocka_unit_test(test_strict_upload),
        cmocka_unit_test(test_strict_end_of_memory),
        cmocka_unit_test(test_block_numbers_wrap),
        cmocka_unit_test(test_alternates),
        cmocka_unit_test(test_odd_transfer_sizes),
        cmocka_unit_test(test_detach_will),
        cmocka_unit_test(test_detach_reset),
        cmocka_unit_test(test_detach_no),
        cmocka_unit_test(test_strict_starts),
        cmocka_unit_test(test_crc14),
        cmocka_unit_test(test_suffix),
        cmocka_unit_test(test_shield_faces),
        cmocka_unit_test(test_silent_line),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_echo_that_nobody_reads),
        cmocka_unit_test(test_line_is_told),
        cmocka_unit_test(test_shield_requests),
        cmocka_unit_test(test_shield_standard_requests),
        cmocka_unit_test(test_shield_naks_while_it_writes),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_shield_update),
        cmocka_unit_test(test_stuck_download),
        cmocka_unit_test(test_fast_stall),
        cmocka_unit_test(test_fault_words),
        cmocka_unit_test(test_fault_lost_answers),
        cmocka_unit_test(test_fault_wrong_data),
        cmocka_unit_test(test_fault_stall),
        cmocka_unit_test(test_fault_leaving),
        cmocka_unit_test(test_fault_busy_forever),
        cmocka_unit_test(test_fault_mute),
        cmocka_unit_test(test_fault_short_and_odd),
        cmocka_unit_test(test_fault_status),
        cmocka_unit_test(test_fault_status_of_shield),
        cmocka_unit_test(test_fault_slow),
        cmocka_unit_test(test_fault_access),
        cmocka_unit_test(test_fault_chance),
        cmocka_unit_test(test_person_helpful),
        cmocka_unit_test(test_person_is_interrupted),
        cmocka_unit_test(test_other_persons),
        cmocka_unit_test(test_person_wrong_otherwise),
        cmocka_unit_test(test_person_of_another_board),
        cmocka_unit_test(test_battery),
        cmocka_unit_test(test_hands),
        cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
