/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain DFU devices that aren't quite what the specification wants, each as it is known from real ones, and
 * the time that requests take on the wire. Requests are made by hand here, as in test_sim.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/sim.h"

#include <stdio.h>
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
enum { ERR_WRITE = 3, ERR_FIRMWARE = 10, ERR_STALLEDPKT = 15 };
enum { REFUSED = 100 }; /* + the outcome, where there is no state */

#define MS    ((fettle_us)1000)
#define LIMIT (100000 * MS)

typedef struct test_desk {
    fettle_sim *sim;
    fettle_link link;
    uint16_t index; /* wIndex of requests */
    unsigned poll_ms;
    uint8_t status;
} test_desk;

static fettle_us now_of(const test_desk *desk)
{
    return fettle_sim_clock_ops(desk->sim)->now(fettle_sim_clock_self(desk->sim));
}

static void wait_for(const test_desk *desk, fettle_us time)
{
    (void)fettle_sim_clock_ops(desk->sim)->wait(fettle_sim_clock_self(desk->sim),
                                                now_of(desk) + time, NULL);
}

static fettle_sight look_at(const test_desk *desk, size_t board)
{
    fettle_sight sight;
    assert_true(fettle_sim_look_at(desk->sim, board, &sight));
    return sight;
}

static void open_board(test_desk *desk)
{
    fettle_sight sight = look_at(desk, 0);
    assert_int_equal(
        FETTLE_OK,
        fettle_sim_bus_ops.open(desk->sim, &sight, FETTLE_LINK_USB, NULL, &desk->link)
            .kind);
}

static void close_board(test_desk *desk)
{
    desk->link.usb->close(desk->link.self);
    desk->link.kind = FETTLE_LINK_NONE;
}

static test_desk make(const char *spec)
{
    char message[2000];
    test_desk desk = {.sim = fettle_sim_new(NULL, NULL)};
    if (!fettle_sim_add(desk.sim, spec, message, sizeof message)) {
        fail_msg("%s: %s", spec, message);
    }
    open_board(&desk);
    return desk;
}

static void finish(test_desk *desk)
{
    if (desk->link.kind != FETTLE_LINK_NONE) {
        close_board(desk);
    }
    fettle_sim_free(desk->sim);
}

static fettle_outcome control(test_desk *desk, uint8_t bmRequestType, uint8_t bRequest,
                              uint16_t wValue, const void *out, void *in, size_t wLength)
{
    fettle_control request = {bmRequestType,     bRequest, wValue, desk->index,
                              (uint16_t)wLength, out,      in};
    return desk->link.usb->control(desk->link.self, &request, now_of(desk) + LIMIT, NULL);
}

static fettle_outcome_kind ask(test_desk *desk, uint8_t bRequest, uint16_t wValue)
{
    return control(desk, 0x21, bRequest, wValue, NULL, NULL, 0).kind;
}

/* Bytes that tell one block from the other. */
static fettle_outcome_kind send(test_desk *desk, uint16_t block, size_t size)
{
    uint8_t data[4096];
    memset(data, block + 1, sizeof data);
    return control(desk, 0x21, DNLOAD, block, data, NULL, size).kind;
}

static fettle_outcome_kind fetch(test_desk *desk, uint16_t block, size_t size)
{
    uint8_t data[4096];
    return control(desk, 0xa1, UPLOAD, block, NULL, data, size).kind;
}

static int state_of(test_desk *desk)
{
    uint8_t bytes[6] = {0};
    fettle_outcome outcome = control(desk, 0xa1, GETSTATUS, 0, NULL, bytes, 6);
    if (outcome.kind != FETTLE_OK || outcome.count != 6) {
        return REFUSED + (int)outcome.kind;
    }
    desk->status = bytes[0];
    desk->poll_ms = bytes[1] | (unsigned)bytes[2] << 8 | (unsigned)bytes[3] << 16;
    return bytes[4];
}

static int peek(test_desk *desk)
{
    uint8_t state = 99;
    assert_int_equal(FETTLE_OK, control(desk, 0xa1, GETSTATE, 0, NULL, &state, 1).kind);
    return state;
}

static fettle_outcome_kind reset(test_desk *desk)
{
    return desk->link.usb->reset(desk->link.self).kind;
}

static size_t violations(const test_desk *desk)
{
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(desk->sim, &entries);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += strcmp(entries[i].what, "violation") == 0;
    }
    fettle_sim_log_clear(desk->sim);
    return found;
}

/* Whatever it shows when it is back on the bus. */
static fettle_sim_shows returns_as(test_desk *desk)
{
    wait_for(desk, 10000 * MS);
    return fettle_sim_showing(desk->sim, 0);
}

static void write_blocks(test_desk *desk, uint16_t count, size_t size)
{
    for (uint16_t block = 0; block < count; block++) {
        assert_int_equal(FETTLE_OK, send(desk, block, size));
        assert_int_equal(DFU_DNLOAD_IDLE, state_of(desk));
    }
}

/* A whole download to a tolerant device, back to dfuIDLE. */
static void update(test_desk *desk)
{
    write_blocks(desk, 2, 256);
    assert_int_equal(FETTLE_OK, ask(desk, DNLOAD, 2));
    assert_int_equal(DFU_MANIFEST, state_of(desk));
    assert_int_equal(DFU_IDLE, state_of(desk));
}

static const char *name_of(test_desk *desk, uint8_t index, uint8_t name[255])
{
    static char text[128];
    fettle_outcome outcome =
        control(desk, 0x80, 6, (uint16_t)(0x0300 | index), NULL, name, 255);
    assert_int_equal(FETTLE_OK, outcome.kind);
    for (size_t i = 2; i < outcome.count; i += 2) {
        text[i / 2 - 1] = (char)name[i];
    }
    text[outcome.count / 2 - 1] = '\0';
    return text;
}

/* ---- models ---- */

static void strict_is_strict(void **state)
{
    uint8_t bytes[300];
    (void)state;
    test_desk desk = make("strict,app-id=1d50:6002,mode=dfu");
    assert_string_equal("sim:strict", fettle_sim_path(desk.sim, 0));
    assert_int_equal(0x0f, look_at(&desk, 0).descriptors[18 + 9 + 9 + 2]); /* WillDetach */
    static const struct {
        uint8_t bRequest, wLength;
    } wrong[] = {{GETSTATUS, 5}, {GETSTATUS, 7}, {GETSTATE, 2}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            FETTLE_STALL,
            control(&desk, 0xa1, wrong[i].bRequest, 0, NULL, bytes, wrong[i].wLength).kind);
        assert_int_equal(DFU_ERROR, state_of(&desk));
        assert_int_equal(ERR_STALLEDPKT, desk.status);
        assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    }
    assert_int_equal(FETTLE_STALL, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(FETTLE_STALL, fetch(&desk, 0, 257));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(5, violations(&desk));
    finish(&desk);
}

/* TinyUSB's example: the functional descriptor, byte by byte, after the last alternate. */
static void twoalt_is_as_tinyusb(void **state)
{
    static const uint8_t functional[] = {9, 0x21, 0x07, 0xe8, 0x03, 0x40, 0, 0x10, 1};
    uint8_t text[255];
    size_t size;
    (void)state;
    test_desk desk = make("twoalt,size=4KB");
    fettle_sight sight = look_at(&desk, 0);
    assert_int_equal(18 + 9 + 9 + 9 + 9, sight.descriptors_size);
    assert_memory_equal(functional, sight.descriptors + 45, 9);
    assert_string_equal("FLASH", name_of(&desk, sight.descriptors[27 + 8], text));
    assert_string_equal("EEPROM", name_of(&desk, sight.descriptors[36 + 8], text));

    assert_int_equal(FETTLE_STALL, send(&desk, 0, 65));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(FETTLE_OK,
                     desk.link.usb->select(desk.link.self, 0, 1, LIMIT, NULL).kind);
    write_blocks(&desk, 2, 64);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 2));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(2, fettle_sim_alternate(desk.sim, 0, 1, &size)[64]);
    assert_int_equal(4096, size);
    assert_null(fettle_sim_alternate(desk.sim, 0, 2, &size));
    finish(&desk);
}

static void firmware_error_greets(void **state)
{
    (void)state;
    test_desk desk = make("firmware-error");
    assert_int_equal(DFU_ERROR, peek(&desk));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_FIRMWARE, desk.status);
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(0, desk.status);
    update(&desk);
    assert_int_equal(0, violations(&desk));
    /* Only where it is in update mode, and at each start of it. */
    assert_int_equal(FETTLE_OK, reset(&desk));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_FIRMWARE, desk.status);
    finish(&desk);

    desk = make("firmware-error,app-id=1:2");
    desk.index = 1;
    assert_int_equal(APP_IDLE, state_of(&desk));
    assert_int_equal(0, desk.status);
    finish(&desk);
    desk = make("firmware-error,greets=no");
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

static test_desk make_zephyr(void)
{
    test_desk desk = make("zephyr25,mode=dfu");
    assert_int_equal(FETTLE_OK,
                     desk.link.usb->select(desk.link.self, 0, 1, LIMIT, NULL).kind);
    return desk;
}

static void zephyr_needs_a_reset_into_update_mode(void **state)
{
    static const uint8_t functional[] = {9, 0x21, 0x07, 0xe8, 0x03, 0x80, 0, 0x10, 1};
    (void)state;
    test_desk desk = make("zephyr25");
    fettle_sight sight = look_at(&desk, 0);
    assert_int_equal(0x2fe3, sight.id.vendor);
    assert_int_equal(0x0005, sight.id.product);
    assert_memory_equal(functional, sight.descriptors + sight.descriptors_size - 9, 9);
    desk.index = 1;
    assert_int_equal(APP_IDLE, state_of(&desk));
    assert_int_equal(256, desk.poll_ms);
    assert_int_equal(FETTLE_OK, ask(&desk, DETACH, 1000));
    assert_int_equal(APP_DETACH, state_of(&desk));
    wait_for(&desk, 500 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    assert_int_equal(FETTLE_GONE, reset(&desk));
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, returns_as(&desk));
    sight = look_at(&desk, 0);
    assert_int_equal(0xffff, sight.id.product);
    assert_memory_equal(functional, sight.descriptors + sight.descriptors_size - 9, 9);
    close_board(&desk);
    finish(&desk);

    /* Without the reset nothing comes of it. */
    desk = make("zephyr25");
    desk.index = 1;
    assert_int_equal(FETTLE_OK, ask(&desk, DETACH, 1000));
    wait_for(&desk, 1001 * MS);
    assert_int_equal(APP_IDLE, state_of(&desk));
    finish(&desk);
}

static void zephyr_says_256_ms_everywhere(void **state)
{
    (void)state;
    test_desk desk = make_zephyr();
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(256, desk.poll_ms);
    assert_int_equal(FETTLE_OK, send(&desk, 0, 128)); /* nobody insists on it there */
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(256, desk.poll_ms);
    wait_for(&desk, 100 * MS);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(1, violations(&desk));
    wait_for(&desk, 156 * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(256, desk.poll_ms);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 1));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    assert_int_equal(256, desk.poll_ms);
    wait_for(&desk, 256 * MS);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(0, violations(&desk));
    finish(&desk);
}

static void zephyr_keeps_its_running_image(void **state)
{
    size_t size;
    uint8_t text[255];
    (void)state;
    test_desk desk = make("zephyr25,mode=dfu");
    assert_string_equal("image_0", name_of(&desk, 4, text));
    assert_string_equal("image_1", name_of(&desk, 5, text));
    uint8_t before = fettle_sim_memory(desk.sim, 0, &size)[0];
    assert_int_equal(FETTLE_OK, send(&desk, 0, 128));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_WRITE, desk.status);
    assert_int_equal(before, fettle_sim_memory(desk.sim, 0, &size)[0]);
    assert_true(fettle_sim_is_bootable(desk.sim, 0));
    assert_int_equal(0, violations(&desk));
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(FETTLE_OK, fetch(&desk, 0, 128)); /* reading is fine */
    assert_int_equal(FETTLE_STALL, fetch(&desk, 2, 128));
    finish(&desk);

    desk = make_zephyr();
    assert_int_equal(FETTLE_OK, send(&desk, 0, 128));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(1, fettle_sim_alternate(desk.sim, 0, 1, &size)[127]);
    finish(&desk);
}

static void zephyr_falls_out_of_dfu(void **state)
{
    (void)state;
    test_desk desk = make_zephyr();
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(1, violations(&desk));
    assert_int_equal(FETTLE_STALL, ask(&desk, DETACH, 1000));
    assert_int_equal(APP_IDLE, state_of(&desk));
    assert_int_equal(0, desk.status);
    assert_int_equal(FETTLE_STALL, send(&desk, 0, 128));
    assert_int_equal(FETTLE_STALL, ask(&desk, ABORT, 0));
    assert_int_equal(FETTLE_STALL, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(APP_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_GONE, reset(&desk));
    assert_int_equal(FETTLE_SIM_SHOWS_APP, returns_as(&desk));
    finish(&desk);
}

/* ---- descriptors and strings ---- */

static void odd_descriptors(void **state)
{
    (void)state;
    test_desk desk = make("dfu,transfer=0,dfu-version=0101");
    static const uint8_t zero[] = {9, 0x21, 0x07, 0xe8, 0x03, 0, 0, 0x01, 0x01};
    assert_memory_equal(zero, look_at(&desk, 0).descriptors + 36, 9);
    write_blocks(&desk, 1, 64);
    assert_int_equal(FETTLE_STALL, send(&desk, 1, 65));
    finish(&desk);
    desk = make("dfu,transfer=0xffff");
    static const uint8_t most[] = {9, 0x21, 0x07, 0xe8, 0x03, 0xff, 0xff, 0x10, 0x01};
    assert_memory_equal(most, look_at(&desk, 0).descriptors + 36, 9);
    write_blocks(&desk, 1, 1024);
    assert_int_equal(FETTLE_STALL, send(&desk, 1, 1025));
    finish(&desk);
}

static void names_of_memories(void **state)
{
    char message[400], spec[200] = "dfu,names=a";
    uint8_t text[255], bytes[18];
    (void)state;
    test_desk desk = make("dfu,names=One||Three,alternates=4");
    static const uint8_t expected[] = {4, 0, 6, 0}; /* iInterface */
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(expected[i], look_at(&desk, 0).descriptors[27 + 9 * i + 8]);
    }
    assert_string_equal("One", name_of(&desk, 4, text));
    assert_string_equal("Three", name_of(&desk, 6, text));
    assert_int_equal(FETTLE_STALL, control(&desk, 0x80, 6, 0x0305, NULL, bytes, 18).kind);
    assert_int_equal(FETTLE_STALL, control(&desk, 0x80, 6, 0x0307, NULL, bytes, 18).kind);
    size_t length = strlen(spec);
    for (int i = 1; i < 32; i++, length += 2) {
        (void)snprintf(spec + length, sizeof spec - length, "|b");
    }
    assert_true(fettle_sim_add(desk.sim, spec, message, sizeof message));
    (void)snprintf(spec + length, sizeof spec - length, "|b");
    assert_false(fettle_sim_add(desk.sim, spec, message, sizeof message));
    finish(&desk);
}

static void serials(void **state)
{
    uint8_t text[255];
    (void)state;
    test_desk desk = make("dfu*2,app-id=1:2,same-serial=yes,app-serial=0028");
    fettle_sight first = look_at(&desk, 0), second = look_at(&desk, 1);
    assert_string_equal("0028", first.serial);
    assert_string_equal("0028", name_of(&desk, 3, text));
    assert_string_equal(first.serial, second.serial);
    assert_int_equal(first.id.product, second.id.product);
    assert_string_not_equal(first.path, second.path);
    desk.index = 1;
    (void)ask(&desk, DETACH, 1000);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, returns_as(&desk));
    close_board(&desk);
    desk.index = 0;
    open_board(&desk);
    assert_string_equal("SIM0001", look_at(&desk, 0).serial);
    assert_string_equal("SIM0001", name_of(&desk, 3, text));
    finish(&desk);

    desk = make("dfu*2,same-serial=yes");
    assert_string_equal("SIM0001", look_at(&desk, 1).serial);
    finish(&desk);
    desk = make("dfu*2,serial=FFFFFFFEFFFF");
    assert_string_equal("FFFFFFFEFFFF", look_at(&desk, 1).serial);
    finish(&desk);
    desk = make("dfu*2");
    assert_string_equal("SIM0002", look_at(&desk, 1).serial);
    finish(&desk);
}

/* ---- into update mode, and out of it ---- */

static void force_detach(void **state)
{
    (void)state;
    test_desk desk = make("dfu,app-id=1:2,force-detach=yes");
    desk.index = 1;
    assert_int_equal(FETTLE_STALL, ask(&desk, DETACH, 1000));
    assert_int_equal(APP_IDLE, state_of(&desk));
    desk.index = 0x101;
    assert_int_equal(REFUSED + FETTLE_STALL, state_of(&desk));
    (void)ask(&desk, DETACH, 1000);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, returns_as(&desk));
    finish(&desk);

    desk = make("dfu,app-id=1:2");
    desk.index = 0x101;
    assert_int_equal(FETTLE_STALL, ask(&desk, DETACH, 1000));
    assert_int_equal(FETTLE_SIM_SHOWS_APP, returns_as(&desk));
    finish(&desk);
}

/* As slow as a computer that looks for a driver first. */
static void slow_return(void **state)
{
    (void)state;
    test_desk desk = make("dfu,app-id=1:2,enumerate=7000");
    desk.index = 1;
    (void)ask(&desk, DETACH, 1000);
    wait_for(&desk, 6990 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(desk.sim, 0));
    wait_for(&desk, 20 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

static void leaves_by_detach(void **state)
{
    (void)state;
    test_desk desk = make("dfu,app-id=1:2,mode=dfu,leaves=detach,linger=50");
    update(&desk);
    assert_int_equal(FETTLE_OK, reset(&desk));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_OK, ask(&desk, DETACH, 1000));
    wait_for(&desk, 50 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(desk.sim, 0));
    assert_int_equal(FETTLE_SIM_SHOWS_APP, returns_as(&desk));
    assert_int_equal(0, violations(&desk));
    finish(&desk);

    /* Whoever leaves otherwise stalls it. */
    desk = make("dfu,app-id=1:2,mode=dfu");
    assert_int_equal(FETTLE_STALL, ask(&desk, DETACH, 1000));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_STALLEDPKT, desk.status);
    assert_int_equal(FETTLE_GONE, reset(&desk));
    assert_int_equal(FETTLE_SIM_SHOWS_APP, returns_as(&desk));
    finish(&desk);
}

static void leaves_after_upload(void **state)
{
    (void)state;
    test_desk desk = make("dfu,app-id=1:2,mode=dfu,leaves=upload");
    assert_int_equal(FETTLE_OK, fetch(&desk, 0, 256)); /* before the update: not enough */
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    update(&desk);
    assert_int_equal(FETTLE_OK, reset(&desk));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_OK, fetch(&desk, 0, 256));
    assert_int_equal(FETTLE_GONE, reset(&desk));
    assert_int_equal(FETTLE_SIM_SHOWS_APP, returns_as(&desk));
    finish(&desk);
}

static void leaves_by_nothing_but_power(void **state)
{
    (void)state;
    test_desk desk = make("dfu,app-id=1:2,mode=dfu,leaves=no,tolerant=no");
    write_blocks(&desk, 1, 256);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 1));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    assert_int_equal(DFU_MANIFEST_WAIT_RESET, state_of(&desk));
    assert_int_equal(FETTLE_OK, reset(&desk));
    assert_int_equal(FETTLE_OK, fetch(&desk, 0, 256));
    assert_int_equal(FETTLE_OK, reset(&desk));
    assert_int_equal(FETTLE_STALL, ask(&desk, DETACH, 1000));
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, returns_as(&desk));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG, 0);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, returns_as(&desk));
    finish(&desk);
}

/* ---- statuses and poll times ---- */

static void clrstatus_anywhere(void **state)
{
    (void)state;
    test_desk desk = make("dfu,clrstatus=any,poll=5");
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(1, violations(&desk));
    assert_int_equal(FETTLE_OK, send(&desk, 0, 256));
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0)); /* and the block is forgotten */
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_STALL, ask(&desk, DNLOAD, 1));
    violations(&desk);
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(0, violations(&desk));
    /* But not while it is busy. */
    assert_int_equal(FETTLE_OK, send(&desk, 0, 256));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(FETTLE_STALL, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    finish(&desk);
}

static void early_polls_are_ignored(void **state)
{
    (void)state;
    test_desk desk = make("dfu,early-poll=ignore,poll=50,manifest-poll=90");
    assert_int_equal(FETTLE_OK, send(&desk, 0, 256));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(50, desk.poll_ms);
    assert_int_equal(1, violations(&desk));
    wait_for(&desk, 50 * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(0, desk.poll_ms);
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 1));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    assert_int_equal(90, desk.poll_ms);
    /* Other requests are as early as ever. */
    assert_int_equal(FETTLE_STALL, ask(&desk, ABORT, 0));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    finish(&desk);
}

static void idle_polls_bind_nobody(void **state)
{
    (void)state;
    test_desk desk = make("dfu,idle-poll=40,poll=5");
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(40, desk.poll_ms);
    assert_int_equal(FETTLE_OK, send(&desk, 0, 256));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(5, desk.poll_ms);
    wait_for(&desk, 5 * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(40, desk.poll_ms);
    assert_int_equal(FETTLE_OK, send(&desk, 1, 256));
    assert_int_equal(0, violations(&desk));
    finish(&desk);
}

static void busy_rounds(void **state)
{
    (void)state;
    test_desk desk = make("dfu,busy-rounds=3,poll=7");
    for (uint16_t block = 0; block < 2; block++) {
        assert_int_equal(FETTLE_OK, send(&desk, block, 256));
        for (int round = 0; round < 3; round++) {
            assert_int_equal(DFU_DNBUSY, state_of(&desk));
            assert_int_equal(7, desk.poll_ms);
            wait_for(&desk, 7 * MS);
        }
        assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    }
    assert_int_equal(6 * 7 * MS, fettle_sim_totals_of(desk.sim, 0).busy);
    assert_int_equal(0, violations(&desk));
    finish(&desk);

    /* Many answers in a row that say "ask at once". */
    desk = make("dfu,busy-rounds=200");
    assert_int_equal(FETTLE_OK, send(&desk, 0, 256));
    for (int round = 0; round < 200; round++) {
        assert_int_equal(DFU_DNBUSY, state_of(&desk));
        assert_int_equal(0, desk.poll_ms);
    }
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(0, violations(&desk));
    finish(&desk);
}

/* Its poll time is too short, and it stalls whoever believes it; dfuERROR it isn't. */
static void stalls_while_busy(void **state)
{
    (void)state;
    test_desk desk = make("dfu,stalls-busy=yes,busy-rounds=4,poll=10");
    assert_int_equal(FETTLE_OK, send(&desk, 0, 256));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    fettle_us began = now_of(&desk);
    assert_int_equal(10, desk.poll_ms);
    wait_for(&desk, 5 * MS);
    assert_int_equal(REFUSED + FETTLE_STALL, state_of(&desk));
    assert_int_equal(1, violations(&desk)); /* that one was too early */
    wait_for(&desk, began + 10 * MS - now_of(&desk));
    assert_int_equal(REFUSED + FETTLE_STALL, state_of(&desk));
    wait_for(&desk, began + 39 * MS - now_of(&desk));
    assert_int_equal(REFUSED + FETTLE_STALL, state_of(&desk));
    assert_int_equal(0, violations(&desk));
    wait_for(&desk, began + 40 * MS - now_of(&desk));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_OK, send(&desk, 1, 256));
    finish(&desk);
}

static void locked_memories(void **state)
{
    (void)state;
    test_desk desk = make("dfu,alternates=3,locked=2,poll=30");
    assert_int_equal(FETTLE_OK,
                     desk.link.usb->select(desk.link.self, 0, 2, LIMIT, NULL).kind);
    assert_int_equal(FETTLE_OK, send(&desk, 0, 256));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_WRITE, desk.status);
    finish(&desk);
}

static void only_the_last_block_is_short(void **state)
{
    (void)state;
    test_desk desk = make("dfu");
    write_blocks(&desk, 2, 64);
    assert_int_equal(FETTLE_OK, send(&desk, 2, 63));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(0, violations(&desk));
    assert_int_equal(FETTLE_STALL, send(&desk, 3, 64));
    assert_int_equal(1, violations(&desk));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_STALLEDPKT, desk.status);
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    write_blocks(&desk, 2, 64); /* it counts from the first block of each download */
    assert_int_equal(FETTLE_OK, send(&desk, 2, 1));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_OK, ask(&desk, DNLOAD, 3));
    assert_int_equal(0, violations(&desk));
    finish(&desk);

    /* A download that somebody else began goes on. */
    desk = make("dfu,downloading=yes");
    assert_int_equal(FETTLE_OK, send(&desk, 1, 256));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    finish(&desk);

    /* Who takes no more than that can't be given more. */
    desk = make("dfu,transfer=8");
    write_blocks(&desk, 3, 8);
    assert_int_equal(0, violations(&desk));
    finish(&desk);
}

/* ---- time on the bus ---- */

/* So many transactions of 64 bytes at 832 kB/s, rounded up to microseconds. */
static fettle_us packets(unsigned count)
{
    return (count * UINT64_C(64000000) + 831999) / 832000;
}

static void expect_time(test_desk *desk, fettle_us expected)
{
    fettle_sim_totals totals = fettle_sim_totals_of(desk->sim, 0);
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(desk->sim, &entries);
    assert_int_equal(1, totals.requests);
    assert_int_equal(expected, totals.bus);
    assert_int_equal(expected, totals.last - totals.first);
    assert_int_equal(now_of(desk), totals.last);
    assert_true(count > 0);
    assert_int_equal(totals.first, entries[0].began);
    assert_int_equal(totals.last, entries[0].ended);
    fettle_sim_log_clear(desk->sim);
}

static void full_speed(void **state)
{
    uint8_t bytes[4096];
    (void)state;
    assert_int_equal(231, packets(3));
    test_desk desk = make("dfu,transfer=2048,size=3000,usb=full");
    fettle_sim_log_clear(desk.sim);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    expect_time(&desk, 1000);
    (void)peek(&desk);
    expect_time(&desk, packets(3));
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    expect_time(&desk, packets(3)); /* the least there is */
    assert_int_equal(FETTLE_OK, send(&desk, 0, 2048));
    expect_time(&desk, packets(34));
    (void)state_of(&desk);
    expect_time(&desk, 1000);
    assert_int_equal(FETTLE_OK, send(&desk, 1, 65));
    expect_time(&desk, packets(4));
    (void)state_of(&desk);
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT, 0));
    fettle_sim_log_clear(desk.sim);
    /* What comes counts, not what was asked for. */
    assert_int_equal(FETTLE_OK, fetch(&desk, 0, 2048));
    expect_time(&desk, packets(34));
    assert_int_equal(952, control(&desk, 0xa1, UPLOAD, 1, NULL, bytes, 2048).count);
    expect_time(&desk, packets(17));
    assert_int_equal(18, control(&desk, 0x80, 6, 0x0100, NULL, bytes, 4096).count);
    expect_time(&desk, packets(3));
    /* A STALL comes where the data would. */
    assert_int_equal(FETTLE_STALL, control(&desk, 0x80, 6, 0x0f00, NULL, bytes, 4096).kind);
    expect_time(&desk, packets(2));
    assert_int_equal(FETTLE_OK,
                     desk.link.usb->select(desk.link.self, 0, 0, LIMIT, NULL).kind);
    expect_time(&desk, packets(3));
    finish(&desk);
}

static void other_buses(void **state)
{
    (void)state;
    test_desk desk = make("dfu,usb=none");
    update(&desk);
    assert_int_equal(0, now_of(&desk));
    assert_int_equal(0, fettle_sim_totals_of(desk.sim, 0).bus);
    assert_int_equal(7, fettle_sim_totals_of(desk.sim, 0).requests);
    finish(&desk);

    desk = make("dfu");
    fettle_sim_log_clear(desk.sim);
    assert_int_equal(FETTLE_OK, send(&desk, 0, 256));
    expect_time(&desk, 200 + 256); /* as it always was */
    finish(&desk);
}

/* Whatever board it is: it is the bus. */
static void full_speed_is_for_all(void **state)
{
    (void)state;
    for (const fettle_sim_kind *kind = fettle_sim_kinds(); kind->name != NULL; kind++) {
        char spec[64];
        if (strncmp(kind->name, "esp", 3) == 0 ||
            strstr(kind->name, "+expansion2") != NULL) {
            continue; /* a serial line, with a time of its own */
        }
        (void)snprintf(spec, sizeof spec, "%s,mode=dfu,usb=full", kind->name);
        test_desk desk = make(spec);
        fettle_sim_log_clear(desk.sim);
        assert_in_range(state_of(&desk), 0, DFU_ERROR);
        expect_time(&desk, 1000);
        finish(&desk);
    }
}

/* An answer that is cut off on its way is none. */
static void deadline_in_the_answer(void **state)
{
    uint8_t bytes[2048];
    (void)state;
    test_desk desk = make("dfu,transfer=2048,usb=full");
    fettle_control request = {0xa1, UPLOAD, 0, 0, 2048, NULL, bytes};
    fettle_us until = now_of(&desk) + 1500;
    fettle_outcome outcome = desk.link.usb->control(desk.link.self, &request, until, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_int_equal(0, outcome.count);
    assert_int_equal(until, now_of(&desk));
    assert_int_equal(DFU_UPLOAD_IDLE, peek(&desk)); /* the board doesn't know */
    finish(&desk);

    desk = make("dfu,transfer=2048,usb=full");
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_UNPLUG, 1500);
    assert_int_equal(FETTLE_GONE, fetch(&desk, 0, 2048));
    assert_int_equal(1500, now_of(&desk));
    finish(&desk);

    /* Ten times as slow in both directions. */
    desk = make("dfu,transfer=2048,usb=full,fault=slow");
    fettle_sim_log_clear(desk.sim);
    assert_int_equal(FETTLE_OK, fetch(&desk, 0, 2048));
    expect_time(&desk, 10 * packets(2) + 10 * (packets(34) - packets(2)));
    finish(&desk);
}

/* What a host can't be quicker than, and one that isn't slower. */
static void totals_are_the_floor(void **state)
{
    (void)state;
    test_desk desk = make("dfu*2,transfer=1024,poll=20,usb=full");
    wait_for(&desk, 1000 * MS);
    for (uint16_t block = 0; block < 10; block++) {
        assert_int_equal(FETTLE_OK, send(&desk, block, 1024));
        assert_int_equal(DFU_DNBUSY, state_of(&desk));
        wait_for(&desk, 20 * MS);
        assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    }
    fettle_sim_totals totals = fettle_sim_totals_of(desk.sim, 0);
    assert_int_equal(30, totals.requests);
    assert_int_equal(10 * (packets(18) + 2000), totals.bus);
    assert_int_equal(10 * 20 * MS, totals.busy);
    assert_int_equal(1000 * MS, totals.first);
    assert_int_equal(totals.bus + totals.busy, totals.last - totals.first);
    assert_int_equal(0, fettle_sim_totals_of(desk.sim, 1).requests);
    fettle_sim_log_clear(desk.sim);
    assert_int_equal(0, fettle_sim_totals_of(desk.sim, 0).requests);
    assert_int_equal(0, fettle_sim_totals_of(desk.sim, 0).busy);
    finish(&desk);
}

/* Who is busy with two things at once is busy once. */
static void busy_time_is_counted_once(void **state)
{
    (void)state;
    test_desk desk = make("dfu,poll=50,usb=full");
    assert_int_equal(FETTLE_OK, send(&desk, 0, 256));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    fettle_us began = now_of(&desk);
    assert_int_equal(FETTLE_STALL, ask(&desk, ABORT, 0));
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS, 0));
    assert_int_equal(FETTLE_OK, send(&desk, 0, 256));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    fettle_us ends = now_of(&desk) + 50 * MS;
    assert_true(ends < began + 100 * MS);
    assert_int_equal(ends - began, fettle_sim_totals_of(desk.sim, 0).busy);
    finish(&desk);
}

/* A shield says NAK while it writes: that is its time, and none of the bus. */
static void naks_are_the_boards_time(void **state)
{
    (void)state;
    test_desk desk = make("pytrack,mode=dfu,usb=full");
    fettle_sim_log_clear(desk.sim);
    assert_int_equal(FETTLE_OK, send(&desk, 0x40, 64));
    fettle_us written = now_of(&desk);
    (void)state_of(&desk);
    fettle_sim_totals totals = fettle_sim_totals_of(desk.sim, 0);
    assert_int_equal(packets(3) + 1000, totals.bus);
    assert_true(totals.busy > 0);
    assert_int_equal(written + totals.busy + 1000, now_of(&desk));
    assert_int_equal(totals.bus + totals.busy, totals.last - totals.first);
    finish(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_is_strict),
        cmocka_unit_test(twoalt_is_as_tinyusb),
        cmocka_unit_test(firmware_error_greets),
        cmocka_unit_test(zephyr_needs_a_reset_into_update_mode),
        cmocka_unit_test(zephyr_says_256_ms_everywhere),
        cmocka_unit_test(zephyr_keeps_its_running_image),
        cmocka_unit_test(zephyr_falls_out_of_dfu),
        cmocka_unit_test(odd_descriptors),
        cmocka_unit_test(names_of_memories),
        cmocka_unit_test(serials),
        cmocka_unit_test(force_detach),
        cmocka_unit_test(slow_return),
        cmocka_unit_test(leaves_by_detach),
        cmocka_unit_test(leaves_after_upload),
        cmocka_unit_test(leaves_by_nothing_but_power),
        cmocka_unit_test(clrstatus_anywhere),
        cmocka_unit_test(early_polls_are_ignored),
        cmocka_unit_test(idle_polls_bind_nobody),
        cmocka_unit_test(busy_rounds),
        cmocka_unit_test(stalls_while_busy),
        cmocka_unit_test(locked_memories),
        cmocka_unit_test(only_the_last_block_is_short),
        cmocka_unit_test(full_speed),
        cmocka_unit_test(other_buses),
        cmocka_unit_test(full_speed_is_for_all),
        cmocka_unit_test(deadline_in_the_answer),
        cmocka_unit_test(totals_are_the_floor),
        cmocka_unit_test(busy_time_is_counted_once),
        cmocka_unit_test(naks_are_the_boards_time),
    };
    return cmocka_run_group_tests_name("sim_quirks", tests, NULL, NULL);
}
