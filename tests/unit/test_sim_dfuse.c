/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual DfuSe bootloaders against what docs/protocols/dfuse.md says of them: each habit of
 * each model, and that a host which doesn't know it is caught. Requests are made by hand here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
enum {
    ERR_TARGET = 1,
    ERR_ERASE = 4,
    ERR_FIRMWARE = 10,
    ERR_VENDOR = 11,
    ERR_UNKNOWN = 14,
    ERR_STALLEDPKT = 15,
};

#define MS    ((fettle_us)1000)
#define LIMIT (60000 * MS)
#define FLASH UINT32_C(0x08000000)
#define NONE  UINT32_C(0xffffffff)

typedef struct test_desk {
    fettle_sim *sim;
    fettle_link link;
    fettle_us limit; /* of a request */
    unsigned poll_ms;
    uint8_t status, text;
} test_desk;

/* ---- worlds ---- */

static fettle_us now_of(const test_desk *desk)
{
    return fettle_sim_clock_ops(desk->sim)->now(fettle_sim_clock_self(desk->sim));
}

static void wait_for(const test_desk *desk, fettle_us time)
{
    fettle_sim_clock_ops(desk->sim)->wait(fettle_sim_clock_self(desk->sim),
                                          now_of(desk) + time, NULL);
}

static test_desk make(const char *spec)
{
    char message[1000];
    test_desk made = {.sim = fettle_sim_new(NULL, NULL), .limit = LIMIT};
    if (!fettle_sim_add(made.sim, spec, message, sizeof message)) {
        fail_msg("%s: %s", spec, message);
    }
    return made;
}

static bool look(const test_desk *desk, fettle_sight *sight)
{
    return fettle_sim_look_at(desk->sim, 0, sight);
}

static void close_link(test_desk *desk)
{
    if (desk->link.kind != FETTLE_LINK_NONE) {
        desk->link.usb->close(desk->link.self);
    }
    desk->link.kind = FETTLE_LINK_NONE;
}

static void open_link(test_desk *desk)
{
    fettle_sight sight;
    close_link(desk);
    assert_true(look(desk, &sight));
    assert_int_equal(
        FETTLE_OK,
        fettle_sim_bus_ops.open(desk->sim, &sight, FETTLE_LINK_USB, NULL, &desk->link)
            .kind);
}

static test_desk make_open(const char *spec)
{
    test_desk made = make(spec);
    open_link(&made);
    return made;
}

static void finish(test_desk *desk)
{
    close_link(desk);
    fettle_sim_free(desk->sim);
}

/* ---- requests ---- */

static fettle_outcome control(test_desk *desk, uint8_t bmRequestType, uint8_t bRequest,
                              uint16_t wValue, uint16_t wIndex, const void *out, void *in,
                              uint16_t wLength)
{
    fettle_control request = {bmRequestType, bRequest, wValue, wIndex, wLength, out, in};
    return desk->link.usb->control(desk->link.self, &request, now_of(desk) + desk->limit,
                                   NULL);
}

static fettle_outcome_kind ask(test_desk *desk, uint8_t bRequest)
{
    return control(desk, 0x21, bRequest, 0, 0, NULL, NULL, 0).kind;
}

static fettle_outcome_kind send(test_desk *desk, uint16_t block, const void *data,
                                size_t size)
{
    return control(desk, 0x21, DNLOAD, block, 0, data, NULL, (uint16_t)size).kind;
}

static fettle_outcome fetch(test_desk *desk, uint16_t block, void *data, size_t size)
{
    return control(desk, 0xa1, UPLOAD, block, 0, NULL, data, (uint16_t)size);
}

/* bState of GETSTATUS; 100 and the outcome where it isn't answered. */
static int state_of(test_desk *desk)
{
    uint8_t bytes[6] = {0};
    fettle_outcome outcome = control(desk, 0xa1, GETSTATUS, 0, 0, NULL, bytes, 6);
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
    control(desk, 0xa1, GETSTATE, 0, 0, NULL, &state, 1);
    return state;
}

/* What a host does after a block: the state at the end. */
static int carry_out(test_desk *desk)
{
    assert_int_equal(DFU_DNBUSY, state_of(desk));
    wait_for(desk, desk->poll_ms * MS);
    return state_of(desk);
}

static fettle_outcome_kind send_command(test_desk *desk, uint8_t command, uint32_t address)
{
    uint8_t bytes[5] = {command, (uint8_t)address, (uint8_t)(address >> 8),
                        (uint8_t)(address >> 16), (uint8_t)(address >> 24)};
    return send(desk, 0, bytes, address == NONE ? 1 : 5);
}

static int command(test_desk *desk, uint8_t code, uint32_t address)
{
    assert_int_equal(FETTLE_OK, send_command(desk, code, address));
    return carry_out(desk);
}

static int set_address(test_desk *desk, uint32_t address)
{
    return command(desk, 0x21, address);
}

static int erase(test_desk *desk, uint32_t address)
{
    return command(desk, 0x41, address);
}

static int write_block(test_desk *desk, uint16_t block, const void *data, size_t size)
{
    assert_int_equal(FETTLE_OK, send(desk, block, data, size));
    return carry_out(desk);
}

/* In dfuIDLE, whatever it greeted with. */
static void begin(test_desk *desk)
{
    if (state_of(desk) == DFU_ERROR) {
        assert_int_equal(FETTLE_OK, ask(desk, CLRSTATUS));
    }
    assert_int_equal(DFU_IDLE, state_of(desk));
}

static test_desk make_ready(const char *spec)
{
    test_desk made = make_open(spec);
    begin(&made);
    return made;
}

/* A descriptor string as text, where its UTF-16 is ASCII. */
static const char *string_of(test_desk *desk, uint8_t index, char text[200])
{
    uint8_t bytes[255];
    fettle_outcome outcome =
        control(desk, 0x80, 6, (uint16_t)(0x300 | index), 0x0409, NULL, bytes, 255);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(bytes[0], outcome.count);
    size_t size = 0;
    for (size_t i = 2; i + 1 < outcome.count && size < 199; i += 2) {
        text[size++] = (char)bytes[i];
    }
    text[size] = '\0';
    return text;
}

static void go_to(test_desk *desk, uint8_t alternate)
{
    assert_int_equal(
        FETTLE_OK,
        desk->link.usb->select(desk->link.self, 0, alternate, now_of(desk) + LIMIT, NULL)
            .kind);
}

/* ---- the log ---- */

static const fettle_sim_entry *entry_of(const test_desk *desk, const char *what, size_t nth)
{
    const fettle_sim_entry *entries;
    size_t count = fettle_sim_log(desk->sim, &entries);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(entries[i].what, what) == 0 && nth-- == 0) {
            return &entries[i];
        }
    }
    return NULL;
}

static size_t count_of(const test_desk *desk, const char *what)
{
    size_t count = 0;
    while (entry_of(desk, what, count) != NULL) {
        count++;
    }
    return count;
}

static void assert_entry(const test_desk *desk, const char *what, size_t nth,
                         uint32_t address, uint32_t size)
{
    const fettle_sim_entry *entry = entry_of(desk, what, nth);
    assert_non_null(entry);
    assert_int_equal(address, entry->address);
    assert_int_equal(size, entry->size);
}

/* ---- memory ---- */

static uint8_t *memory_of(const test_desk *desk)
{
    size_t size;
    return fettle_sim_memory(desk->sim, 0, &size);
}

static void fill(uint8_t *bytes, size_t size, unsigned seed)
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7 + seed + (i >> 8));
    }
}

/* What a Cortex-M could start. */
static void fill_application(uint8_t *bytes, size_t size, uint32_t address)
{
    const uint32_t words[2] = {UINT32_C(0x20001000), address + 0x101};
    fill(bytes, size, 3);
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
    }
}

static bool is_all(const uint8_t *bytes, size_t size, uint8_t value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

/* ---- what it says of itself ---- */

static void test_f4_face(void **state)
{
    (void)state;
    char text[200];
    test_desk desk = make_open("stm32f4");
    fettle_sight sight;
    assert_true(look(&desk, &sight));
    assert_int_equal(0x0483, sight.id.vendor);
    assert_int_equal(0xdf11, sight.id.product);
    assert_int_equal(0x2200, sight.bcdDevice);
    assert_string_equal("STM32FxSTM32", sight.serial);
    /* device, configuration, four alternates, and the functional descriptor after them */
    static const uint8_t functional[9] = {9, 0x21, 0x0b, 255, 0, 0, 8, 0x1a, 1};
    assert_int_equal(18 + 9 + 4 * 9 + 9, sight.descriptors_size);
    assert_memory_equal(functional, sight.descriptors + 18 + 9 + 4 * 9, 9);
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t *interface = sight.descriptors + 27 + 9 * i;
        const uint8_t wanted[9] = {9, 4, 0, (uint8_t)i, 0, 0xfe, 1, 2, (uint8_t)(4 + i)};
        assert_memory_equal(wanted, interface, 9);
    }
    assert_string_equal("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg,"
                        "04*016Kg,01*064Kg,03*128Kg",
                        string_of(&desk, 4, text));
    assert_string_equal("@Option Bytes  /0x1FFFC000/01*016 e", string_of(&desk, 5, text));
    assert_string_equal("@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
                        string_of(&desk, 6, text));
    assert_string_equal("@Device Feature/0xFFFF0000/01*004 e", string_of(&desk, 7, text));
    assert_string_equal("STMicroelectronics", string_of(&desk, 1, text));
    uint8_t byte;
    assert_int_equal(FETTLE_STALL, control(&desk, 0x80, 6, 0x308, 0, NULL, &byte, 1).kind);
    assert_int_equal(FETTLE_STALL, control(&desk, 0x80, 6, 0x600, 0, NULL, &byte, 1).kind);
    finish(&desk);
}

static void test_faces_of_options(void **state)
{
    (void)state;
    char text[200];
    fettle_sight sight;
    test_desk desk = make_open("stm32h7,string=@Truncated /0x1FFF0000,transfer=512,"
                               "upload=no,serial=mine");
    assert_string_equal("@Truncated /0x1FFF0000", string_of(&desk, 4, text));
    assert_string_equal("@Option Bytes   /0x5200201C/01*128 e", string_of(&desk, 5, text));
    assert_string_equal("mine", string_of(&desk, 3, text));
    assert_true(look(&desk, &sight));
    assert_string_equal("mine", sight.serial);
    static const uint8_t functional[9] = {9, 0x21, 0x09, 255, 0, 0, 2, 0x1a, 1};
    assert_memory_equal(functional, sight.descriptors + sight.descriptors_size - 9, 9);
    begin(&desk);
    assert_int_equal(FETTLE_STALL, fetch(&desk, 2, text, 64).kind);
    finish(&desk);
    /* Two of one kind can't be told apart by their serial numbers. */
    desk = make("stm32f4*2");
    fettle_sight other;
    assert_true(look(&desk, &sight));
    assert_true(fettle_sim_look_at(desk.sim, 1, &other));
    assert_string_equal(sight.serial, other.serial);
    finish(&desk);
}

static void test_specs_that_are_refused(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "stm32f4,size=512KB", "stm32f4,poll=3",          "stm32f4,busy=perhaps",
        "stm32f4,string=",    "stm32f4,protected=north", "dfu,rdp=yes",
        "pytrack,erase=3",
    };
    char message[1000];
    fettle_sim *sim = fettle_sim_new(NULL, NULL);
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        assert_false(fettle_sim_add(sim, specs[i], message, sizeof message));
        assert_int_not_equal(0, strlen(message));
    }
    assert_true(fettle_sim_add(sim, "stm32f4,size=1MB", message, sizeof message));
    fettle_sim_free(sim);
}

static void test_greeting(void **state)
{
    (void)state;
    test_desk desk = make_open("stm32f4");
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_FIRMWARE, desk.status);
    assert_int_equal(0, count_of(&desk, "violation"));
    /* Nothing goes on before it is cleared. */
    assert_int_equal(FETTLE_STALL, send_command(&desk, 0x21, FLASH));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_STALLEDPKT, desk.status);
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(0, desk.status);
    finish(&desk);
    desk = make_open("stm32f4,greets=no");
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
    desk = make_open("at32,greets=yes");
    assert_int_equal(DFU_ERROR, state_of(&desk));
    finish(&desk);
    desk = make_open("stm32f4,downloading=yes");
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

/* ---- commands ---- */

static void test_done_when_asked(void **state)
{
    (void)state;
    test_desk desk = make_ready("stm32f4");
    assert_int_equal(FETTLE_OK, send_command(&desk, 0x41, FLASH));
    assert_int_equal(DFU_DNLOAD_SYNC, peek(&desk));
    wait_for(&desk, 5000 * MS);
    assert_int_equal(0, count_of(&desk, "erase"));
    /* Given up before it was carried out. */
    assert_int_equal(FETTLE_OK, ask(&desk, ABORT));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(0, count_of(&desk, "erase"));
    assert_int_equal(FETTLE_OK, send_command(&desk, 0x41, FLASH));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(250, desk.poll_ms);
    assert_int_equal(1, count_of(&desk, "erase"));
    wait_for(&desk, 250 * MS);
    assert_int_equal(DFU_DNBUSY, peek(&desk));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(0, count_of(&desk, "violation"));
    assert_int_equal(0, count_of(&desk, "early"));
    finish(&desk);
}

static void test_erases(void **state)
{
    (void)state;
    static const struct {
        uint32_t at, address, size;
        unsigned ms;
    } pages[] = {
        {FLASH, FLASH, 0x4000, 250},
        {FLASH + 0x7fff, FLASH + 0x4000, 0x4000, 250},
        {FLASH + 0x10004, FLASH + 0x10000, 0x10000, 500},
        {FLASH + 0x20000, FLASH + 0x20000, 0x20000, 1000},
        {FLASH + 0x8c000, FLASH + 0x8c000, 0x4000, 250},
        {FLASH + 0xfffff, FLASH + 0xe0000, 0x20000, 1000},
    };
    test_desk desk = make_ready("stm32f4");
    uint8_t *memory = memory_of(&desk);
    fill(memory, 0x100000, 5);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        fettle_us before = now_of(&desk);
        assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, pages[i].at));
        assert_in_range(now_of(&desk) - before, pages[i].ms * MS, pages[i].ms * MS + 9000);
        assert_entry(&desk, "erase", i, pages[i].address, pages[i].size);
        assert_false(entry_of(&desk, "erase", i)->was_blank);
        uint32_t offset = pages[i].address - FLASH;
        assert_true(is_all(memory + offset, pages[i].size, 0xff));
        assert_int_not_equal(
            0xff,
            memory[offset + pages[i].size < 0x100000 ? offset + pages[i].size : 0x80000]);
    }
    assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, FLASH + 3));
    assert_true(entry_of(&desk, "erase", 6)->was_blank);
    finish(&desk);
}

static void test_mass_erase(void **state)
{
    (void)state;
    test_desk desk = make_ready("stm32f4,mass-erase=1234");
    assert_true(fettle_sim_is_bootable(desk.sim, 0));
    fettle_us before = now_of(&desk);
    assert_int_equal(DFU_DNLOAD_IDLE, command(&desk, 0x41, NONE));
    assert_in_range(now_of(&desk) - before, 1234 * MS, 1243 * MS);
    assert_entry(&desk, "mass-erase", 0, FLASH, 0x100000);
    assert_false(entry_of(&desk, "mass-erase", 0)->was_blank);
    assert_int_equal(0, count_of(&desk, "erase"));
    assert_true(is_all(memory_of(&desk), 0x100000, 0xff));
    assert_false(fettle_sim_is_bootable(desk.sim, 0));
    assert_int_equal(DFU_DNLOAD_IDLE, command(&desk, 0x41, NONE));
    assert_true(entry_of(&desk, "mass-erase", 1)->was_blank);
    finish(&desk);
}

static void test_writes(void **state)
{
    (void)state;
    uint8_t data[2048], back[2048];
    test_desk desk = make_ready("stm32f4");
    fill(data, sizeof data, 1);
    assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, FLASH + 0x20000));
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(&desk, FLASH + 0x20000));
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 2, data, 2048));
    assert_int_equal(8, (int)desk.poll_ms + 8); /* the last answer: no more time wanted */
    /* Addresses go by wTransferSize, also behind a short block. */
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 5, data, 100));
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 7, data, 2048));
    assert_entry(&desk, "program", 0, FLASH + 0x20000, 2048);
    assert_entry(&desk, "program", 1, FLASH + 0x20000 + 3 * 2048, 100);
    assert_entry(&desk, "program", 2, FLASH + 0x20000 + 5 * 2048, 2048);
    assert_int_equal(0, count_of(&desk, "unerased"));
    assert_memory_equal(data, memory_of(&desk) + 0x20000 + 5 * 2048, 2048);
    /* Read back; Set Address and writing leave a state that knows no UPLOAD. */
    assert_int_equal(FETTLE_STALL, fetch(&desk, 2, back, 2048).kind);
    assert_int_equal(1, count_of(&desk, "violation"));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_STALLEDPKT, desk.status);
    begin(&desk);
    assert_int_equal(2048, fetch(&desk, 7, back, 2048).count);
    assert_memory_equal(data, back, 2048);
    assert_int_equal(DFU_UPLOAD_IDLE, state_of(&desk));
    assert_int_equal(100, fetch(&desk, 5, back, 100).count);
    assert_memory_equal(data, back, 100);
    /* and that one no DNLOAD */
    assert_int_equal(FETTLE_STALL, send_command(&desk, 0x21, FLASH));
    finish(&desk);
}

static void test_blocks_by_length(void **state)
{
    (void)state;
    uint8_t data[2048], back[100];
    test_desk desk = make_ready("stm32f4,blocks=by-length");
    fill(data, sizeof data, 1);
    erase(&desk, FLASH + 0x20000);
    set_address(&desk, FLASH + 0x20000);
    write_block(&desk, 4, data, 2048);
    write_block(&desk, 5, data, 100);
    assert_entry(&desk, "program", 0, FLASH + 0x20000 + 2 * 2048, 2048);
    assert_entry(&desk, "program", 1, FLASH + 0x20000 + 3 * 100, 100);
    ask(&desk, ABORT);
    assert_int_equal(100, fetch(&desk, 5, back, 100).count);
    assert_memory_equal(data, back, 100);
    finish(&desk);
}

static void test_write_without_erase(void **state)
{
    (void)state;
    uint8_t data[64];
    test_desk desk = make_ready("stm32f4");
    uint8_t *memory = memory_of(&desk);
    memset(memory + 0x20000, 0x5a, 64);
    memset(data, 0xa7, sizeof data);
    set_address(&desk, FLASH + 0x20000);
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 2, data, 64));
    assert_entry(&desk, "unerased", 0, FLASH + 0x20000, 64);
    assert_true(is_all(memory + 0x20000, 64, 0x5a & 0xa7));
    finish(&desk);
}

static void test_wrong_addresses(void **state)
{
    (void)state;
    uint8_t data[2048] = {0};
    static const uint32_t wrong[] = {0,          FLASH - 1,  FLASH + 0x100000,
                                     0x1fffc000, 0x20000000, 0xfffffffe};
    test_desk desk = make_ready("stm32f4");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(DFU_ERROR, set_address(&desk, wrong[i]));
        assert_int_equal(ERR_TARGET, desk.status);
        begin(&desk);
        assert_int_equal(DFU_ERROR, erase(&desk, wrong[i]));
        assert_int_equal(ERR_TARGET, desk.status);
        begin(&desk);
    }
    /* The last page takes a block less than a byte before its end. */
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(&desk, FLASH + 0x100000 - 2048));
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 2, data, 2048));
    assert_int_equal(DFU_ERROR, write_block(&desk, 3, data, 2));
    assert_int_equal(ERR_TARGET, desk.status);
    begin(&desk);
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(&desk, FLASH + 0x100000 - 2046));
    assert_int_equal(DFU_ERROR, write_block(&desk, 2, data, 2048));
    assert_int_equal(1, count_of(&desk, "program"));
    assert_int_equal(0, count_of(&desk, "violation"));
    finish(&desk);
}

static void test_upload_to_the_end(void **state)
{
    (void)state;
    uint8_t back[2048];
    test_desk desk = make_ready("stm32f4");
    fill(memory_of(&desk) + 0x100000 - 3000, 3000, 8);
    set_address(&desk, FLASH + 0x100000 - 3000);
    ask(&desk, ABORT);
    assert_int_equal(2048, fetch(&desk, 2, back, 2048).count);
    assert_int_equal(3000 - 2048, fetch(&desk, 3, back, 2048).count);
    assert_memory_equal(memory_of(&desk) + 0x100000 - 3000 + 2048, back, 3000 - 2048);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(FETTLE_STALL, fetch(&desk, 4, back, 2048).kind);
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_TARGET, desk.status);
    finish(&desk);
}

static void test_get_commands(void **state)
{
    (void)state;
    uint8_t back[64];
    static const uint8_t commands[] = {0x00, 0x21, 0x41, 0x92};
    test_desk desk = make_ready("stm32f4");
    assert_int_equal(4, fetch(&desk, 0, back, 64).count);
    assert_memory_equal(commands, back, 4);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    /* Nobody has set an address: it is that of the flash. */
    assert_int_equal(64, fetch(&desk, 2, back, 64).count);
    assert_memory_equal(memory_of(&desk), back, 64);
    finish(&desk);
}

static void test_malformed(void **state)
{
    (void)state;
    static const struct {
        uint16_t block, size;
        uint8_t first;
    } blocks[] = {{1, 64, 0},   {2, 1, 0},    {2, 2049, 0},   {0, 4, 0x21},
                  {0, 6, 0x21}, {0, 2, 0x41}, {0, 2, 0x92},   {0, 1, 0x21},
                  {0, 1, 0x55}, {0, 5, 0x92}, {0, 2049, 0x41}};
    uint8_t data[2049] = {0};
    test_desk desk = make_ready("stm32f4");
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        data[0] = blocks[i].first;
        assert_int_equal(FETTLE_STALL, send(&desk, blocks[i].block, data, blocks[i].size));
        assert_int_equal(i + 1, count_of(&desk, "violation"));
        assert_int_equal(DFU_ERROR, state_of(&desk));
        assert_int_equal(ERR_STALLEDPKT, desk.status);
        begin(&desk);
    }
    size_t before = count_of(&desk, "violation");
    assert_int_equal(FETTLE_STALL, fetch(&desk, 1, data, 64).kind);
    begin(&desk);
    assert_int_equal(FETTLE_STALL, fetch(&desk, 2, data, 1).kind);
    begin(&desk);
    assert_int_equal(FETTLE_STALL, fetch(&desk, 2, data, 2049).kind);
    begin(&desk);
    assert_int_equal(FETTLE_STALL, ask(&desk, DETACH));
    begin(&desk);
    assert_int_equal(FETTLE_STALL,
                     control(&desk, 0xa1, GETSTATUS, 0, 0, NULL, data, 7).kind);
    begin(&desk);
    assert_int_equal(FETTLE_STALL, control(&desk, 0x21, 7, 0, 0, NULL, NULL, 0).kind);
    begin(&desk);
    assert_int_equal(FETTLE_STALL, control(&desk, 0x21, ABORT, 0, 1, NULL, NULL, 0).kind);
    assert_int_equal(before + 7, count_of(&desk, "violation"));
    finish(&desk);
}

/* ---- busy ---- */

static void test_early_poll(void **state)
{
    (void)state;
    test_desk desk = make_ready("stm32f4,erase=300");
    send_command(&desk, 0x41, FLASH);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    wait_for(&desk, 100 * MS);
    /* It goes on saying so, with what is left, and the log knows. */
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_in_range(desk.poll_ms, 190, 201);
    assert_int_equal(1, count_of(&desk, "early"));
    assert_int_equal(1, count_of(&desk, "violation"));
    wait_for(&desk, desk.poll_ms * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(1, count_of(&desk, "early"));
    /* What it says then is a new deadline. */
    send_command(&desk, 0x41, FLASH);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(3, count_of(&desk, "early"));
    wait_for(&desk, 300 * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    /* Nothing else is taken before that is known. */
    send_command(&desk, 0x21, FLASH);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(FETTLE_STALL, send_command(&desk, 0x21, FLASH));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    finish(&desk);
}

static void test_strict_when_busy(void **state)
{
    (void)state;
    test_desk desk = make_ready("stm32f4,busy=strict");
    send_command(&desk, 0x41, FLASH);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(100 + FETTLE_STALL, state_of(&desk));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_STALLEDPKT, desk.status);
    assert_int_equal(1, count_of(&desk, "early"));
    finish(&desk);
}

static void test_times_of_options(void **state)
{
    (void)state;
    uint8_t data[64] = {0};
    test_desk desk = make_ready("stm32f4,set-address=7,write=9,erase=11");
    send_command(&desk, 0x21, FLASH);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(7, desk.poll_ms);
    wait_for(&desk, 7 * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    send(&desk, 2, data, 64);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(9, desk.poll_ms);
    wait_for(&desk, 9 * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    send_command(&desk, 0x41, FLASH);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(11, desk.poll_ms);
    finish(&desk);
}

static void test_l4_stalls(void **state)
{
    (void)state;
    uint8_t data[2048] = {0};
    test_desk desk = make_ready("stm32l4");
    send_command(&desk, 0x41, FLASH);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(10, desk.poll_ms);
    wait_for(&desk, 10 * MS);
    /* Believed, and refused; but it only isn't done yet. */
    assert_int_equal(100 + FETTLE_STALL, state_of(&desk));
    assert_int_equal(0, count_of(&desk, "violation"));
    wait_for(&desk, 12 * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    send(&desk, 2, data, 2048);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    wait_for(&desk, 10 * MS);
    assert_int_equal(100 + FETTLE_STALL, state_of(&desk));
    wait_for(&desk, 11 * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    /* With half the block it is done in time: no, but sooner. */
    send(&desk, 3, data, 512);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    wait_for(&desk, 10 * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    finish(&desk);
}

static void test_f405_says_nothing(void **state)
{
    (void)state;
    test_desk desk = make_ready("stm32f405");
    send_command(&desk, 0x41, NONE);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(100, desk.poll_ms);
    wait_for(&desk, 100 * MS);
    desk.limit = 5000 * MS; /* the patience of many */
    assert_int_equal(100 + FETTLE_TIMEOUT, state_of(&desk));
    desk.limit = 35000 * MS;
    fettle_us before = now_of(&desk);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_in_range(now_of(&desk) - before, 26000 * MS, 27000 * MS);
    assert_int_equal(0, count_of(&desk, "early"));
    /* Who asks too early is kept waiting, and noted. */
    send_command(&desk, 0x41, FLASH);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    assert_int_equal(1, count_of(&desk, "early"));
    finish(&desk);
}

static void test_h7_is_stuck(void **state)
{
    (void)state;
    test_desk desk = make_ready("stm32h7");
    fill(memory_of(&desk) + 0x100000, 0x100000, 4);
    assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, FLASH + 0xe0000));
    assert_int_equal(DFU_DNBUSY, erase(&desk, FLASH + 0x100000));
    for (unsigned i = 0; i < 100; i++) {
        wait_for(&desk, desk.poll_ms * MS);
        assert_int_equal(DFU_DNBUSY, state_of(&desk));
    }
    assert_int_equal(0, count_of(&desk, "violation"));
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_UNKNOWN, desk.status);
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(0, desk.status);
    assert_int_equal(0, count_of(&desk, "violation"));
    assert_true(is_all(memory_of(&desk) + 0x100000, 0x20000, 0xff));
    assert_int_equal(0x20000, entry_of(&desk, "erase", 1)->size);
    finish(&desk);
}

static void test_clrstatus_out_of_place(void **state)
{
    (void)state;
    test_desk desk = make_ready("stm32f4");
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS));
    assert_int_equal(DFU_IDLE, state_of(&desk));
    assert_int_equal(1, count_of(&desk, "violation"));
    finish(&desk);
    desk = make_ready("stm32h7");
    assert_int_equal(FETTLE_OK, ask(&desk, CLRSTATUS));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_UNKNOWN, desk.status);
    assert_int_equal(1, count_of(&desk, "violation"));
    finish(&desk);
    desk = make_ready("stm32f4,clrstatus=stalled");
    assert_int_equal(FETTLE_STALL, ask(&desk, CLRSTATUS));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_STALLEDPKT, desk.status);
    finish(&desk);
}

/* ---- leaving ---- */

/* The end marker, and the GETSTATUS that makes it go. */
static void leave(test_desk *desk)
{
    assert_int_equal(FETTLE_OK, send(desk, 2, NULL, 0));
    assert_int_equal(DFU_MANIFEST, state_of(desk));
    wait_for(desk, 10 * MS);
    assert_int_equal(100 + FETTLE_GONE, state_of(desk));
    wait_for(desk, 1000 * MS);
}

static void write_application(test_desk *desk, uint32_t address)
{
    uint8_t data[1024];
    fill_application(data, sizeof data, address);
    assert_int_equal(DFU_DNLOAD_IDLE, erase(desk, address));
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(desk, address));
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(desk, 2, data, sizeof data));
}

static void test_leaves_for_the_application(void **state)
{
    (void)state;
    test_desk desk = make_ready("stm32f4,app-id=1209:0001,mode=dfu");
    write_application(&desk, FLASH);
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(&desk, FLASH));
    leave(&desk);
    assert_entry(&desk, "leave", 0, FLASH, 0);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    assert_int_equal(0, count_of(&desk, "violation"));
    finish(&desk);
    /* An application that isn't known shows as nothing. */
    desk = make_ready("stm32f4");
    write_application(&desk, FLASH);
    leave(&desk);
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(desk.sim, 0));
    assert_true(fettle_sim_is_bootable(desk.sim, 0));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG, 0);
    wait_for(&desk, 2000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(desk.sim, 0));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 0);
    wait_for(&desk, 2000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

/* Set Address isn't sent before leaving: it goes where the last write's pointer was. */
static void test_leaves_for_the_wrong_place(void **state)
{
    (void)state;
    uint8_t data[1024];
    test_desk desk = make_ready("stm32f4,mode=dfu");
    write_application(&desk, FLASH);
    fill(data, sizeof data, 77);
    set_address(&desk, FLASH + 1024);
    write_block(&desk, 2, data, sizeof data);
    leave(&desk);
    assert_entry(&desk, "leave", 0, FLASH + 1024, 0);
    /* No vector table there: a reset, with BOOT0 still held. */
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

static void test_what_counts_as_vectors(void **state)
{
    (void)state;
    static const struct {
        uint32_t stack, vector;
        bool starts;
    } tables[] = {
        {0x20001000, FLASH + 0x101, true},  {0x20040000, FLASH + 1, true},
        {0x20040004, FLASH + 1, false},     {0x20000000, FLASH + 1, false},
        {0x20001002, FLASH + 1, false},     {0x10001000, FLASH + 1, false},
        {0x20001000, FLASH + 0x100, false}, {0x20001000, FLASH + 0x100001, false},
        {0xffffffff, 0xffffffff, false},    {0, 0, false},
    };
    test_desk desk = make("stm32f4");
    uint8_t *memory = memory_of(&desk);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        for (unsigned k = 0; k < 4; k++) {
            memory[k] = (uint8_t)(tables[i].stack >> 8 * k);
            memory[4 + k] = (uint8_t)(tables[i].vector >> 8 * k);
        }
        assert_int_equal(tables[i].starts, fettle_sim_is_bootable(desk.sim, 0));
    }
    finish(&desk);
}

static void test_end_marker_alone(void **state)
{
    (void)state;
    test_desk desk = make_ready("stm32f4");
    set_address(&desk, FLASH);
    assert_int_equal(FETTLE_OK, send(&desk, 2, NULL, 0));
    wait_for(&desk, 5000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    assert_int_equal(0, count_of(&desk, "leave"));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    assert_int_equal(1, count_of(&desk, "leave"));
    /* Too late for anything else, and no reason to stay. */
    assert_int_equal(FETTLE_STALL, send_command(&desk, 0x21, FLASH));
    assert_int_equal(DFU_MANIFEST, peek(&desk));
    wait_for(&desk, 1000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
    /* A bus reset is no way out of an ST ROM. */
    desk = make_ready("stm32f4");
    set_address(&desk, FLASH);
    assert_int_equal(FETTLE_OK, desk.link.usb->reset(desk.link.self).kind);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

/* ---- protection ---- */

static void test_read_protection(void **state)
{
    (void)state;
    char text[200];
    uint8_t data[64] = {0};
    test_desk desk = make_ready("stm32f4,rdp=yes");
    assert_int_equal(4, fetch(&desk, 0, data, 64).count);
    assert_int_equal(FETTLE_STALL, fetch(&desk, 2, data, 64).kind);
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_VENDOR, desk.status);
    assert_string_equal("read protection is active", string_of(&desk, desk.text, text));
    begin(&desk);
    assert_int_equal(DFU_ERROR, erase(&desk, FLASH));
    assert_int_equal(ERR_VENDOR, desk.status);
    begin(&desk);
    assert_int_equal(DFU_ERROR, command(&desk, 0x41, NONE));
    assert_int_equal(ERR_VENDOR, desk.status);
    begin(&desk);
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(&desk, FLASH));
    assert_int_equal(DFU_ERROR, write_block(&desk, 2, data, 64));
    assert_int_equal(ERR_VENDOR, desk.status);
    assert_int_not_equal(0, desk.text);
    begin(&desk);
    assert_true(fettle_sim_is_bootable(desk.sim, 0));
    assert_int_equal(0, count_of(&desk, "violation"));
    assert_int_equal(0, count_of(&desk, "mass-erase"));
    assert_int_equal(FETTLE_OK, send_command(&desk, 0x92, NONE));
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    wait_for(&desk, desk.poll_ms * MS + 5 * MS);
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    wait_for(&desk, 1000 * MS);
    assert_entry(&desk, "mass-erase", 0, FLASH, 0x100000);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    open_link(&desk);
    begin(&desk);
    assert_int_equal(64, fetch(&desk, 2, data, 64).count);
    assert_true(is_all(data, 64, 0xff));
    finish(&desk);
}

static void test_write_protection_lies(void **state)
{
    (void)state;
    uint8_t data[2048] = {0};
    test_desk desk = make_ready("stm32f4,protected=0x08004010");
    uint8_t *memory = memory_of(&desk);
    fill(memory, 0x10000, 9);
    assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, FLASH + 0x4000));
    assert_int_equal(0, count_of(&desk, "erase"));
    assert_entry(&desk, "protected", 0, FLASH + 0x4000, 0x4000);
    assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, FLASH + 0x8000));
    /* A block over the end of it: one half arrives. */
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(&desk, FLASH + 0x8000 - 1024));
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 2, data, 2048));
    assert_false(is_all(memory + 0x8000 - 1024, 1024, 0));
    assert_true(is_all(memory + 0x8000, 1024, 0));
    assert_int_equal(DFU_DNLOAD_IDLE, command(&desk, 0x41, NONE));
    assert_false(is_all(memory + 0x4000, 0x4000, 0xff));
    assert_true(is_all(memory, 0x4000, 0xff));
    finish(&desk);
}

/* ---- other memories ---- */

static void test_alternates(void **state)
{
    (void)state;
    uint8_t data[16], back[16];
    size_t size;
    test_desk desk = make_ready("stm32f4");
    fill(data, sizeof data, 2);
    assert_non_null(fettle_sim_alternate(desk.sim, 0, 2, &size));
    assert_int_equal(528, size);
    assert_null(fettle_sim_alternate(desk.sim, 0, 4, &size));
    /* What can be written once. */
    go_to(&desk, 2);
    assert_int_equal(DFU_ERROR, set_address(&desk, FLASH));
    begin(&desk);
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(&desk, 0x1fff7800 + 512));
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 2, data, 16));
    assert_memory_equal(data, fettle_sim_alternate(desk.sim, 0, 2, &size) + 512, 16);
    assert_int_equal(DFU_ERROR, erase(&desk, 0x1fff7800));
    begin(&desk);
    set_address(&desk, 0x1fff7800 + 512);
    memset(back, 0, sizeof back);
    write_block(&desk, 2, back, 16);
    assert_true(is_all(fettle_sim_alternate(desk.sim, 0, 2, &size) + 512, 16, 0));
    /* What stands at the end of the address space. */
    go_to(&desk, 3);
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(&desk, 0xffff0000));
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 2, data, 4));
    assert_memory_equal(data, fettle_sim_alternate(desk.sim, 0, 3, &size), 4);
    assert_int_equal(4, size);
    assert_int_equal(DFU_ERROR, write_block(&desk, 2, data, 16));
    begin(&desk);
    /* A mass erase is one of the flash, and no change of alternate setting. */
    assert_int_equal(DFU_DNLOAD_IDLE, command(&desk, 0x41, NONE));
    assert_true(is_all(memory_of(&desk), 0x100000, 0xff));
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(&desk, 0xffff0000));
    assert_int_equal(FETTLE_STALL,
                     desk.link.usb->select(desk.link.self, 0, 4, LIMIT * 9, NULL).kind);
    finish(&desk);
}

static void test_option_bytes(void **state)
{
    (void)state;
    uint8_t data[16];
    size_t size;
    test_desk desk = make_ready("stm32f4");
    memset(data, 0x3c, sizeof data);
    go_to(&desk, 1);
    set_address(&desk, 0x1fffc000);
    send(&desk, 2, data, 16);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    wait_for(&desk, desk.poll_ms * MS + 5 * MS);
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    wait_for(&desk, 1000 * MS);
    assert_int_equal(1, count_of(&desk, "leaves"));
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    assert_true(is_all(fettle_sim_alternate(desk.sim, 0, 1, &size), 16, 0x3c));
    assert_int_equal(16, size);
    finish(&desk);
}

/* ---- the other models ---- */

static void test_l0_is_erased_to_zero(void **state)
{
    (void)state;
    uint8_t data[2048];
    test_desk desk = make_ready("stm32l0");
    uint8_t *memory = memory_of(&desk);
    fill(data, sizeof data, 4);
    fill(memory + 0x8000, 4096, 5);
    for (uint32_t i = 0; i < 2048; i += 128) {
        assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, FLASH + 0x8000 + i));
    }
    assert_entry(&desk, "erase", 15, FLASH + 0x8000 + 15 * 128, 128);
    assert_true(is_all(memory + 0x8000, 2048, 0));
    set_address(&desk, FLASH + 0x8000);
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 2, data, 2048));
    assert_memory_equal(data, memory + 0x8000, 2048);
    assert_int_equal(1, count_of(&desk, "program"));
    assert_int_equal(0, count_of(&desk, "unerased"));
    /* Old and new bits together, where nothing was erased. */
    memset(memory + 0x8800, 0x50, 64);
    memset(data, 0x0a, 64);
    set_address(&desk, FLASH + 0x8800);
    write_block(&desk, 2, data, 64);
    assert_true(is_all(memory + 0x8800, 64, 0x5a));
    assert_int_equal(1, count_of(&desk, "unerased"));
    size_t size;
    fettle_sim_memory(desk.sim, 0, &size);
    assert_int_equal(196608, size);
    finish(&desk);
}

static void test_at32_has_locked_sectors(void **state)
{
    (void)state;
    uint8_t data[64] = {0};
    test_desk desk = make("at32,app-id=2e3c:5740");
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    assert_true(is_all(memory_of(&desk), 0x8000, 0xff));
    finish(&desk);
    desk = make_ready("at32,app-id=2e3c:5740,mode=dfu");
    memory_of(&desk)[0x7fff] = 1;
    assert_int_equal(DFU_DNLOAD_IDLE, command(&desk, 0x41, NONE));
    assert_int_equal(1, memory_of(&desk)[0x7fff]);
    assert_int_equal(0xff, memory_of(&desk)[0x8000]);
    assert_int_equal(DFU_ERROR, erase(&desk, FLASH));
    assert_int_equal(ERR_TARGET, desk.status);
    begin(&desk);
    set_address(&desk, FLASH + 0x7fc0);
    assert_int_equal(DFU_ERROR, write_block(&desk, 2, data, 64));
    assert_int_equal(ERR_TARGET, desk.status);
    begin(&desk);
    set_address(&desk, FLASH + 0x7fe0);
    assert_int_equal(DFU_ERROR, write_block(&desk, 2, data, 64));
    begin(&desk);
    set_address(&desk, FLASH + 0x7fc0);
    ask(&desk, ABORT);
    assert_int_equal(64, fetch(&desk, 2, data, 64).count);
    ask(&desk, ABORT);
    write_application(&desk, FLASH + 0x8000);
    assert_entry(&desk, "erase", 0, FLASH + 0x8000, 4096);
    assert_int_equal(DFU_DNLOAD_IDLE, set_address(&desk, FLASH + 0x8000));
    leave(&desk);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

static void test_gd32_strings(void **state)
{
    (void)state;
    char text[200];
    uint8_t bytes[64];
    fettle_sight sight;
    test_desk desk = make_open("gd32vf103");
    static const uint8_t serial[] = {6, 3, '3', 'C', 'B', 'J'};
    assert_int_equal(6, control(&desk, 0x80, 6, 0x303, 0, NULL, bytes, 64).count);
    assert_memory_equal(serial, bytes, 6);
    assert_true(look(&desk, &sight));
    assert_string_equal("\xe4\x8c\xb3\xe4\xa9\x82", sight.serial);
    assert_string_equal("@Internal Flash  /0x08000000/512*002Kg",
                        string_of(&desk, 4, text));
    begin(&desk);
    /* Asked once more and once more, it falls silent. */
    desk.limit = 1000 * MS;
    unsigned count = 0;
    while (control(&desk, 0x80, 6, 0x304, 0, NULL, bytes, 64).kind == FETTLE_OK) {
        count++;
        assert_in_range(count, 1, 40);
    }
    assert_in_range(count, 16, 40);
    assert_int_equal(1, count_of(&desk, "hang"));
    assert_int_equal(100 + FETTLE_TIMEOUT, state_of(&desk));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 0);
    wait_for(&desk, 2000 * MS);
    open_link(&desk);
    begin(&desk);
    finish(&desk);
    /* Its application doesn't mind. */
    desk = make_open("gd32vf103,app-id=28e9:018a");
    for (unsigned i = 0; i < 50; i++) {
        assert_string_equal("Virtual board", string_of(&desk, 2, text));
    }
    assert_int_equal(0, count_of(&desk, "hang"));
    finish(&desk);
}

static void test_gd32_pages(void **state)
{
    (void)state;
    size_t size;
    test_desk desk = make_ready("gd32vf103");
    uint8_t *memory = fettle_sim_memory(desk.sim, 0, &size);
    assert_int_equal(128 * 1024, size);
    fill(memory, 4096, 6);
    send_command(&desk, 0x21, FLASH);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    assert_int_equal(100, desk.poll_ms);
    wait_for(&desk, 100 * MS);
    assert_int_equal(DFU_DNLOAD_IDLE, state_of(&desk));
    /* What the string calls a page is two. */
    assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, FLASH));
    assert_entry(&desk, "erase", 0, FLASH, 1024);
    assert_true(is_all(memory, 1024, 0xff));
    assert_false(is_all(memory + 1024, 1024, 0xff));
    assert_int_equal(DFU_ERROR, erase(&desk, FLASH + 128 * 1024));
    assert_int_equal(ERR_TARGET, desk.status);
    finish(&desk);
}

static void test_gd32_ways_out(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        test_desk desk = make_ready("gd32vf103,app-id=28e9:018a,mode=dfu");
        set_address(&desk, FLASH);
        if (way == 0) {
            leave(&desk);
        } else if (way == 1) {
            assert_int_equal(FETTLE_OK, send(&desk, 2, NULL, 0));
        } else if (way == 2) {
            assert_int_equal(FETTLE_OK, ask(&desk, DETACH));
        } else {
            assert_int_equal(FETTLE_GONE, desk.link.usb->reset(desk.link.self).kind);
        }
        wait_for(&desk, 1000 * MS);
        assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
        assert_entry(&desk, "leave", 0, FLASH, 0);
        assert_int_equal(1, count_of(&desk, "leave"));
        assert_int_equal(0, count_of(&desk, "violation"));
        finish(&desk);
    }
    /* A reset before anybody told it anything is only one. */
    test_desk desk = make_ready("gd32vf103");
    assert_int_equal(FETTLE_OK, desk.link.usb->reset(desk.link.self).kind);
    assert_int_equal(DFU_IDLE, state_of(&desk));
    finish(&desk);
}

/* ---- the application ---- */

static void test_application_goes_to_the_bootloader(void **state)
{
    (void)state;
    fettle_sight sight;
    test_desk desk = make_open("stm32f4,app-id=1209:0001,serial=mine,version=0x203");
    assert_true(look(&desk, &sight));
    assert_int_equal(0x1209, sight.id.vendor);
    assert_int_equal(1, sight.id.product);
    assert_int_equal(0x203, sight.bcdDevice);
    assert_string_equal("mine", sight.serial);
    static const uint8_t functional[9] = {9, 0x21, 0x09, 0xe8, 3, 64, 0, 0x10, 1};
    assert_memory_equal(functional, sight.descriptors + sight.descriptors_size - 9, 9);
    uint8_t bytes[6];
    assert_int_equal(6, control(&desk, 0xa1, GETSTATUS, 0, 1, NULL, bytes, 6).count);
    assert_int_equal(APP_IDLE, bytes[4]);
    assert_int_equal(FETTLE_STALL, send(&desk, 2, bytes, 6));
    assert_int_equal(FETTLE_OK, control(&desk, 0x21, DETACH, 1000, 1, NULL, NULL, 0).kind);
    wait_for(&desk, 1000 * MS);
    assert_true(look(&desk, &sight));
    assert_int_equal(0xdf11, sight.id.product);
    assert_string_equal("STM32FxSTM32", sight.serial);
    /* Nobody holds BOOT0: whatever resets the system starts the application again. */
    uint8_t data[16] = {0};
    open_link(&desk);
    begin(&desk);
    go_to(&desk, 1);
    set_address(&desk, 0x1fffc000);
    send(&desk, 2, data, 16);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    wait_for(&desk, 2000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

static void test_other_ways_to_the_bootloader(void **state)
{
    (void)state;
    test_desk desk = make_open("stm32f4,app-id=1209:0001,detach=reset");
    assert_int_equal(FETTLE_OK, control(&desk, 0x21, DETACH, 500, 1, NULL, NULL, 0).kind);
    assert_int_equal(FETTLE_GONE, desk.link.usb->reset(desk.link.self).kind);
    wait_for(&desk, 1000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
    /* too late */
    desk = make_open("stm32f4,app-id=1209:0001,detach=reset");
    assert_int_equal(FETTLE_OK, control(&desk, 0x21, DETACH, 500, 1, NULL, NULL, 0).kind);
    wait_for(&desk, 501 * MS);
    assert_int_equal(FETTLE_OK, desk.link.usb->reset(desk.link.self).kind);
    finish(&desk);
    /* by hand only */
    desk = make_open("stm32f4,app-id=1209:0001,detach=no,person=helpful");
    assert_int_equal(FETTLE_STALL,
                     control(&desk, 0x21, DETACH, 500, 1, NULL, NULL, 0).kind);
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_UPDATE_MODE);
    wait_for(&desk, 3000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
    desk = make("stm32f4,mode=unplugged,person=helpful");
    fettle_sim_hear(desk.sim, NULL, FETTLE_ASK_PLUG_IN);
    wait_for(&desk, 3000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
    /* plugged in without it */
    desk = make("stm32f4,mode=unplugged");
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_PLUG, 0);
    wait_for(&desk, 3000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

static void test_blank_boards(void **state)
{
    (void)state;
    /* An L4 knows by itself that there is nothing to start; an F4 tries. */
    test_desk desk = make("stm32l4,bootable=no,mode=unplugged");
    assert_true(is_all(memory_of(&desk), 4096, 0xff));
    assert_false(fettle_sim_is_bootable(desk.sim, 0));
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_PLUG, 0);
    wait_for(&desk, 3000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
    desk = make("stm32f4,bootable=no,mode=unplugged");
    fettle_sim_do(desk.sim, 0, FETTLE_SIM_PLUG, 0);
    wait_for(&desk, 3000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
}

/* ---- faults ---- */

static void test_faults_of_memory(void **state)
{
    (void)state;
    uint8_t data[64];
    fill(data, sizeof data, 2);
    /* Commands don't count as writes. */
    test_desk desk = make_ready("stm32f4,fault=drop-write@2");
    erase(&desk, FLASH + 0x20000);
    set_address(&desk, FLASH + 0x20000);
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 2, data, 64));
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 3, data, 64));
    assert_memory_equal(data, memory_of(&desk) + 0x20000, 64);
    assert_true(is_all(memory_of(&desk) + 0x20000 + 2048, 64, 0xff));
    finish(&desk);
    desk = make_ready("stm32f4,fault=flip-bit");
    set_address(&desk, FLASH + 0x20000);
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 2, data, 64));
    unsigned different = 0;
    for (unsigned i = 0; i < 512; i++) {
        unsigned bit = 1u << i % 8;
        different += (memory_of(&desk)[0x20000 + i / 8] & bit) != (data[i / 8] & bit);
    }
    assert_int_equal(1, different);
    finish(&desk);
    desk = make_ready("stm32f4,fault=drop-erase@1");
    fill(memory_of(&desk), 0x8000, 3);
    assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, FLASH));
    assert_int_equal(0, count_of(&desk, "erase"));
    assert_int_not_equal(0xff, memory_of(&desk)[0]);
    assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, FLASH));
    assert_int_equal(1, count_of(&desk, "erase"));
    finish(&desk);
}

static void test_faults_of_status(void **state)
{
    (void)state;
    uint8_t data[64] = {0};
    test_desk desk = make_ready("stm32f4,fault=status=errERASE@2");
    set_address(&desk, FLASH);
    assert_int_equal(DFU_DNLOAD_IDLE, erase(&desk, FLASH));
    assert_int_equal(DFU_DNLOAD_IDLE, write_block(&desk, 2, data, 64));
    assert_int_equal(DFU_ERROR, erase(&desk, FLASH));
    assert_int_equal(ERR_ERASE, desk.status);
    finish(&desk);
    desk = make_ready("stm32f4,fault=status=errFIRMWARE");
    set_address(&desk, FLASH);
    assert_int_equal(FETTLE_OK, send(&desk, 2, NULL, 0));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    assert_int_equal(ERR_FIRMWARE, desk.status);
    assert_int_equal(0, count_of(&desk, "leave"));
    finish(&desk);
    desk = make_ready("stm32f4,fault=stall@3");
    assert_int_equal(FETTLE_STALL, send_command(&desk, 0x21, FLASH));
    assert_int_equal(DFU_ERROR, state_of(&desk));
    finish(&desk);
    desk = make_ready("stm32f4");
    fettle_sim_set_fault(desk.sim, 0, "busy-forever@2");
    send_command(&desk, 0x21, FLASH);
    assert_int_equal(DFU_DNBUSY, state_of(&desk));
    for (unsigned i = 0; i < 5; i++) {
        wait_for(&desk, desk.poll_ms * MS);
        assert_int_equal(DFU_DNBUSY, state_of(&desk));
    }
    finish(&desk);
}

static void test_faults_of_the_bus(void **state)
{
    (void)state;
    uint8_t data[64] = {0};
    test_desk desk = make_ready("stm32f4,fault=vanish@9");
    while (fettle_sim_showing(desk.sim, 0) == FETTLE_SIM_SHOWS_UPDATE) {
        state_of(&desk);
    }
    wait_for(&desk, 5000 * MS);
    /* BOOT0 is held all the time. */
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
    desk = make_ready("stm32f4");
    fettle_sim_set_fault(desk.sim, 0, "other-ids@1");
    assert_int_equal(100 + FETTLE_GONE, state_of(&desk));
    wait_for(&desk, 5000 * MS);
    open_link(&desk);
    uint8_t device[18];
    fettle_sight sight;
    assert_int_equal(18, control(&desk, 0x80, 6, 0x100, 0, NULL, device, 18).count);
    assert_true(look(&desk, &sight));
    assert_memory_equal(device, sight.descriptors, 18);
    assert_int_equal(0x5f11, sight.id.product);
    finish(&desk);
    desk = make_ready("stm32f4,fault=lose-completion,mode=dfu,app-id=1209:0001");
    desk.limit = 100 * MS;
    set_address(&desk, FLASH);
    assert_int_equal(FETTLE_TIMEOUT, send(&desk, 2, NULL, 0));
    assert_int_equal(DFU_MANIFEST, state_of(&desk));
    wait_for(&desk, 1000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(desk.sim, 0));
    finish(&desk);
    desk = make_ready("stm32f4,fault=lose-reply@7");
    desk.limit = 100 * MS;
    set_address(&desk, FLASH);
    assert_int_equal(FETTLE_TIMEOUT, send(&desk, 2, data, 64));
    assert_int_equal(DFU_DNLOAD_SYNC, peek(&desk));
    assert_int_equal(DFU_DNLOAD_IDLE, carry_out(&desk));
    finish(&desk);
}

static void test_flash_file(void **state)
{
    (void)state;
    static const char name[] = "test_sim_dfuse.flash";
    char message[400];
    uint8_t data[64];
    remove(name);
    test_desk desk = make_ready("stm32l0,flash=test_sim_dfuse.flash");
    fill(data, sizeof data, 9);
    set_address(&desk, FLASH + 0x20000);
    write_block(&desk, 2, data, 64);
    FILE *file = fopen(name, "rb");
    uint8_t back[64];
    assert_non_null(file);
    assert_int_equal(0, fseek(file, 0x20000, SEEK_SET));
    assert_int_equal(64, fread(back, 1, 64, file));
    assert_memory_equal(data, back, 64);
    assert_int_equal(0, fseek(file, 0, SEEK_END));
    assert_int_equal(196608, ftell(file));
    fclose(file);
    finish(&desk);
    /* What a shorter file leaves over is erased: 00 here. */
    file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(64, fwrite(data, 1, 64, file));
    fclose(file);
    desk = make("stm32l0,flash=test_sim_dfuse.flash");
    assert_memory_equal(data, memory_of(&desk), 64);
    assert_true(is_all(memory_of(&desk) + 64, 196608 - 64, 0));
    finish(&desk);
    fettle_sim *sim = fettle_sim_new(NULL, NULL);
    file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(0, fseek(file, 196608, SEEK_SET));
    fputc(1, file);
    fclose(file);
    assert_false(
        fettle_sim_add(sim, "stm32l0,flash=test_sim_dfuse.flash", message, sizeof message));
    fettle_sim_free(sim);
    remove(name);
}

/* Word for word what somebody reads who has only the log= file. */
static void test_log_file(void **state)
{
    (void)state;
    static const char name[] = "test_sim_dfuse.log";
    static const char *const wanted[] = {
        "\"what\":\"erase\"", "\"address\":134217728,\"size\":16384,\"was_blank\":false",
        "\"what\":\"leave\"", "\"changes\":false,\"address\":134217728}"};
    char text[16384];
    test_desk desk = make_ready("stm32f4,log=test_sim_dfuse.log");
    write_application(&desk, FLASH);
    leave(&desk);
    finish(&desk);
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    fclose(file);
    const char *at = text;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        at = strstr(at, wanted[i]);
        assert_non_null(at);
    }
    remove(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f4_face),
        cmocka_unit_test(test_faces_of_options),
        cmocka_unit_test(test_specs_that_are_refused),
        cmocka_unit_test(test_greeting),
        cmocka_unit_test(test_done_when_asked),
        cmocka_unit_test(test_erases),
        cmocka_unit_test(test_mass_erase),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_blocks_by_length),
        cmocka_unit_test(test_write_without_erase),
        cmocka_unit_test(test_wrong_addresses),
        cmocka_unit_test(test_upload_to_the_end),
        cmocka_unit_test(test_get_commands),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_early_poll),
        cmocka_unit_test(test_strict_when_busy),
        cmocka_unit_test(test_times_of_options),
        cmocka_unit_test(test_l4_stalls),
        cmocka_unit_test(test_f405_says_nothing),
        cmocka_unit_test(test_h7_is_stuck),
        cmocka_unit_test(test_clrstatus_out_of_place),
        cmocka_unit_test(test_leaves_for_the_application),
        cmocka_unit_test(test_leaves_for_the_wrong_place),
        cmocka_unit_test(test_what_counts_as_vectors),
        cmocka_unit_test(test_end_marker_alone),
        cmocka_unit_test(test_read_protection),
        cmocka_unit_test(test_write_protection_lies),
        cmocka_unit_test(test_alternates),
        cmocka_unit_test(test_option_bytes),
        cmocka_unit_test(test_l0_is_erased_to_zero),
        cmocka_unit_test(test_at32_has_locked_sectors),
        cmocka_unit_test(test_gd32_strings),
        cmocka_unit_test(test_gd32_pages),
        cmocka_unit_test(test_gd32_ways_out),
        cmocka_unit_test(test_application_goes_to_the_bootloader),
        cmocka_unit_test(test_other_ways_to_the_bootloader),
        cmocka_unit_test(test_blank_boards),
        cmocka_unit_test(test_faults_of_memory),
        cmocka_unit_test(test_faults_of_status),
        cmocka_unit_test(test_faults_of_the_bus),
        cmocka_unit_test(test_flash_file),
        cmocka_unit_test(test_log_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
