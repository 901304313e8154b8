/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DfuSe engine, request by request. A small board answers at once and writes down what it was asked, a word
 * each: "21@08000000" set address, "41@08004000" erase, "D2" and "U2" blocks under their numbers, "G" GETSTATUS,
 * "A" ABORT, "C" CLRSTATUS, "E" the end marker, "S1" SET_INTERFACE. The order and the number of them is what is
 * tested: AN3156 gives their meaning, and every word more than needed is time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bytes.h"
#include "proto/dfuse.h"

enum {
    FLASH = 0x08000000,
    FLASH_SIZE = 0x10000,
    TRANSFER = 1024,
    IDLE = FETTLE_DFU_IDLE,
    BUSY = FETTLE_DFU_DNBUSY,
    DNLOAD_IDLE = FETTLE_DFU_DNLOAD_IDLE,
    UPLOAD_IDLE = FETTLE_DFU_UPLOAD_IDLE,
    ERROR_STATE = FETTLE_DFU_ERROR,
    ERR_TARGET = 1,
    ERR_VENDOR = 11,
};

struct room {
    fettle_dfu dfu;
    fettle_dfuse dfuse;
    fettle_target target;
    fettle_task task;
    fettle_us now;
    /* the board */
    uint8_t flash[FLASH_SIZE];
    uint8_t state, status;
    uint32_t pointer;
    uint32_t command_address;
    uint8_t command; /* waiting for GETSTATUS; 0: none */
    bool is_protected, stalls_busy;
    uint32_t busy_polls;
    int stuck; /* answers "busy" for ever to an erase until so many CLRSTATUS came */
    bool is_stuck;
    char log[8192];
};

static void note(struct room *room, const char *word)
{
    size_t length = strlen(room->log);
    snprintf(room->log + length, sizeof room->log - length, "%s%s", length > 0 ? " " : "",
             word);
}

static void note_number(struct room *room, char letter, unsigned number)
{
    char word[16];
    snprintf(word, sizeof word, "%c%u", letter, number);
    note(room, word);
}

static void note_command(struct room *room, unsigned command, size_t size, uint32_t address)
{
    char word[24];
    if (size == 5) {
        snprintf(word, sizeof word, "%02x@%08x", command, (unsigned)address);
    } else {
        snprintf(word, sizeof word, "%02x", command);
    }
    note(room, word);
}

/* ---- the board ---- */

static fettle_outcome_kind take(struct room *room, const fettle_control *control)
{
    const uint8_t *bytes = control->out;
    if (control->wLength == 0) {
        note(room, "E");
        room->state = FETTLE_DFU_MANIFEST_SYNC;
        return FETTLE_OK;
    }
    if (room->state != IDLE && room->state != DNLOAD_IDLE) {
        room->state = ERROR_STATE;
        return FETTLE_STALL;
    }
    room->state = FETTLE_DFU_DNLOAD_SYNC;
    if (control->wValue > 0) {
        note_number(room, 'D', control->wValue);
        uint32_t at = room->pointer + (control->wValue - 2u) * TRANSFER - FLASH;
        room->command = 'D';
        room->busy_polls = 1;
        assert_true(at + control->wLength <= FLASH_SIZE);
        for (size_t i = 0; i < control->wLength; i++) {
            room->flash[at + i] &= bytes[i];
        }
        return FETTLE_OK;
    }
    room->command = bytes[0];
    room->busy_polls = 1;
    if (control->wLength == 5) {
        room->command_address = fettle_get32(bytes + 1);
    }
    note_command(room, bytes[0], control->wLength, room->command_address);
    return FETTLE_OK;
}

/* What was taken is carried out now: AN3156 section 4.4. */
static void carry_out(struct room *room)
{
    uint32_t at = room->command_address - FLASH;
    switch (room->command) {
    case 0x21:
        room->pointer = room->command_address;
        break;
    case 0x41:
        room->pointer = room->command_address;
        memset(room->flash + at / 4096 * 4096, 0xFF, 4096);
        room->is_stuck = room->stuck > 0;
        break;
    default:
        break;
    }
    if (room->is_protected && room->command != 0x21) {
        room->status = ERR_VENDOR;
        room->state = ERROR_STATE;
    }
    room->command = 0;
}

static void answer(struct room *room, uint8_t *status)
{
    if (room->state == FETTLE_DFU_DNLOAD_SYNC || room->state == BUSY) {
        bool is_first = room->command != 0;
        room->state = BUSY;
        if (is_first) {
            carry_out(room);
        } else if (!room->is_stuck && --room->busy_polls == 0) {
            room->state = DNLOAD_IDLE;
        }
    } else if (room->state == FETTLE_DFU_MANIFEST_SYNC) {
        room->state = FETTLE_DFU_MANIFEST;
    }
    status[0] = room->status;
    status[1] = room->state == BUSY ? 10 : 0;
    status[2] = status[3] = status[5] = 0;
    status[4] = room->state;
}

static fettle_outcome control(struct room *room, const fettle_control *request)
{
    fettle_outcome outcome = {.kind = FETTLE_OK, .count = request->wLength};
    switch (request->bRequest) {
    case 1:
        outcome.kind = take(room, request);
        break;
    case 2: {
        note_number(room, 'U', request->wValue);
        if (room->state != IDLE && room->state != UPLOAD_IDLE) {
            outcome.kind = FETTLE_STALL;
            break;
        }
        if (room->is_protected) {
            room->state = ERROR_STATE;
            room->status = ERR_VENDOR;
            outcome.kind = FETTLE_STALL;
            break;
        }
        uint32_t at = room->pointer + (request->wValue - 2u) * TRANSFER - FLASH;
        room->state = UPLOAD_IDLE;
        memcpy(request->in, room->flash + at, request->wLength);
        break;
    }
    case 3:
        note(room, "G");
        if (room->stalls_busy && room->state == BUSY && room->command == 0 &&
            room->busy_polls > 1) {
            room->busy_polls--;
            outcome.kind = FETTLE_STALL;
            break;
        }
        answer(room, request->in);
        break;
    case 4:
        note(room, "C");
        if (room->is_stuck) {
            room->stuck--;
            room->is_stuck = false;
            room->state = room->stuck > 0 ? ERROR_STATE : IDLE;
            room->status = room->stuck > 0 ? 14 : 0;
            room->is_stuck = room->stuck > 0;
        } else {
            room->state = IDLE;
            room->status = 0;
        }
        break;
    case 6:
        note(room, "A");
        room->state = IDLE;
        break;
    default:
        fail_msg("request %u", (unsigned)request->bRequest);
    }
    return outcome;
}

/* ---- the room ---- */

static const fettle_memory_map map = {
    .name = "Internal Flash",
    .zone_count = 2,
    .zones = {{FLASH, 4096, 8, true, true, true},
              {FLASH + 0x8000, 4096, 8, true, true, true}},
};

static void open_room(struct room *room)
{
    memset(room, 0, sizeof *room);
    room->state = IDLE;
    room->now = 1000;
    memset(room->flash, 0x55, sizeof room->flash);
    fettle_dfu_init(&room->dfu, &(fettle_dfu_traits){.transfer_size = TRANSFER,
                                                     .wTransferSize = TRANSFER,
                                                     .ends_at_manifest = true,
                                                     .clears_stuck_erase = true});
    static const fettle_memory_ops memory = {fettle_alloc, fettle_free};
    fettle_target_init(&room->target, 0xFF, &memory);
    room->target.memory_count = 1;
    room->target.memories[0].map = map;
    fettle_dfuse_init(&room->dfuse, &room->dfu, &room->target);
    room->dfu.bState = IDLE; /* as a survey would have found it */
}

static void close_room(struct room *room)
{
    fettle_target_free(&room->target);
}

static void want(struct room *room, uint32_t address, const uint8_t *bytes, size_t size)
{
    fettle_error err;
    assert_true(
        fettle_target_add(&room->target, 0, address, (fettle_span){bytes, size}, &err));
}

static bool run(struct room *room, fettle_engine *engine)
{
    room->log[0] = '\0';
    fettle_task_init(&room->task, engine);
    fettle_outcome outcome;
    fettle_effect effect = fettle_task_step(&room->task, NULL, room->now);
    for (int i = 0; i < 100000; i++) {
        switch (effect.kind) {
        case FETTLE_EFFECT_DONE:
            return true;
        case FETTLE_EFFECT_FAILED:
            return false;
        case FETTLE_EFFECT_CONTROL:
            outcome = control(room, &effect.control);
            room->now += 100;
            break;
        case FETTLE_EFFECT_SELECT:
            note_number(room, 'S', effect.select.alternate);
            outcome = (fettle_outcome){.kind = FETTLE_OK};
            break;
        case FETTLE_EFFECT_SLEEP:
            room->now = effect.until;
            outcome = (fettle_outcome){.kind = FETTLE_OK};
            break;
        default:
            fail_msg("effect %d", (int)effect.kind);
        }
        effect = fettle_task_step(&room->task, &outcome, room->now);
    }
    fail_msg("it never ends");
    return false;
}

static void settle(struct room *room)
{
    fettle_error err;
    assert_true(fettle_target_settle(&room->target, &err));
}

static const uint8_t *pattern(void)
{
    static uint8_t bytes[FLASH_SIZE];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
    return bytes;
}

/* ---- reading ---- */

static void test_one_address_for_a_run_of_blocks(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    memcpy(room.flash, pattern(), 8192);
    want(&room, FLASH, pattern(), 8192);
    settle(&room);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    assert_string_equal("21@08000000 G G A G U2 U3 U4 U5 U6 U7 U8 U9", room.log);
    assert_int_equal(0, room.dfuse.count);
    close_room(&room);
}

static void test_differing_pages_are_found(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    memcpy(room.flash, pattern(), 12288);
    room.flash[5000] ^= 1;
    want(&room, FLASH, pattern(), 12288);
    settle(&room);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    assert_int_equal(1, room.dfuse.count);
    assert_int_equal(FLASH + 4096, room.dfuse.first_address);
    close_room(&room);
}

/* Behaviour 15 of those to avoid: the last block of a read is asked for whole, and cut here. */
static void test_a_read_asks_for_whole_blocks(void **state)
{
    struct room room;
    uint8_t bytes[2500];
    (void)state;
    open_room(&room);
    memcpy(room.flash, pattern(), 4096);
    assert_true(run(&room, fettle_dfuse_read(&room.dfuse, 0, FLASH, bytes, sizeof bytes)));
    assert_string_equal("21@08000000 G G A G U2 U3 U4", room.log);
    assert_int_equal(sizeof bytes, room.dfuse.bytes);
    assert_memory_equal(pattern(), bytes, sizeof bytes);
    close_room(&room);
}

/* ---- writing ---- */

static void erase(struct room *room)
{
    for (size_t i = 0; i < room->target.page_count; i++) {
        fettle_error err;
        fettle_target_page *page = &room->target.pages[i];
        assert_true(!page->is_partial || page->room != NULL ||
                    fettle_target_keep_rest(&room->target, page, &err));
    }
    fettle_engine *save = fettle_dfuse_save(&room->dfuse);
    assert_true(save == NULL || run(room, save));
    assert_true(run(room, fettle_dfuse_erase(&room->dfuse)));
}

static void write_all(struct room *room)
{
    assert_true(run(room, fettle_dfuse_compare(&room->dfuse)));
    erase(room);
    assert_true(run(room, fettle_dfuse_write(&room->dfuse)));
}

static void test_a_block_costs_three_requests(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    want(&room, FLASH, pattern(), 4096);
    settle(&room);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    erase(&room);
    assert_string_equal("A G 41@08000000 G G", room.log);
    assert_true(run(&room, fettle_dfuse_write(&room.dfuse)));
    assert_string_equal("21@08000000 G G D2 G G D3 G G D4 G G D5 G G", room.log);
    assert_memory_equal(pattern(), room.flash, 4096);
    close_room(&room);
}

/* The board goes on counting in its own blocks: with smaller ones each gets an address. */
static void test_smaller_blocks_than_the_boards(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    room.dfu.traits.transfer_size = TRANSFER / 2;
    want(&room, FLASH, pattern(), 1024);
    settle(&room);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    assert_string_equal("21@08000000 G G A G U2 A G 21@08000200 G G A G U2", room.log);
    erase(&room);
    assert_true(run(&room, fettle_dfuse_write(&room.dfuse)));
    assert_memory_equal(pattern(), room.flash, 1024);
    assert_int_equal(0x55, room.flash[4096]);
    close_room(&room);
}

static void test_gaps_and_a_short_block_get_an_address(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    want(&room, FLASH, pattern(), 4096);
    want(&room, FLASH + 0x2000, pattern(), 1024 + 100);
    settle(&room);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    assert_true(run(&room, fettle_dfuse_erase(&room.dfuse)));
    assert_true(run(&room, fettle_dfuse_write(&room.dfuse)));
    assert_string_equal("21@08000000 G G D2 G G D3 G G D4 G G D5 G G "
                        "21@08002000 G G D2 G G 21@08002400 G G D2 G G",
                        room.log);
    assert_memory_equal(pattern(), room.flash + 0x2000, 1124);
    close_room(&room);
}

static void test_the_rest_of_a_page_is_put_back(void **state)
{
    struct room room;
    uint8_t before[4096];
    (void)state;
    open_room(&room);
    memcpy(room.flash + 0x3000, pattern() + 77, 4096);
    memcpy(before, room.flash + 0x3000, 4096);
    want(&room, FLASH + 0x3000 + 1000, pattern(), 50);
    settle(&room);
    write_all(&room);
    memcpy(before + 1000, pattern(), 50);
    assert_memory_equal(before, room.flash + 0x3000, 4096);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    assert_int_equal(0, room.dfuse.count); /* the rest is compared as well */
    room.flash[0x3000] ^= 1;
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    assert_int_equal(1, room.dfuse.count);
    close_room(&room);
}

/* Behaviour 2: elements that share a page, out of order, and the page is erased once. */
static void test_each_page_is_erased_once(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    want(&room, FLASH + 0x1800, pattern(), 0x800);
    want(&room, FLASH + 0x0800, pattern(), 0x1000); /* over the border of two pages */
    want(&room, FLASH, pattern(), 0x100);
    settle(&room);
    assert_int_equal(2, room.target.page_count);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    assert_true(run(&room, fettle_dfuse_erase(&room.dfuse)));
    assert_string_equal("A G 41@08000000 G G 41@08001000 G G", room.log);
    assert_true(run(&room, fettle_dfuse_write(&room.dfuse)));
    assert_memory_equal(pattern(), room.flash, 0x100);
    assert_memory_equal(pattern(), room.flash + 0x800, 0x1000);
    assert_memory_equal(pattern(), room.flash + 0x1800, 0x800);
    assert_true(run(&room, fettle_dfuse_erase(&room.dfuse)));
    close_room(&room);
}

static void test_what_is_erased_and_untouched_is_not_erased_again(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    want(&room, FLASH, pattern(), 8192);
    settle(&room);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    erase(&room);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse))); /* as a second try would */
    erase(&room);
    assert_string_equal("", room.log);
    close_room(&room);
}

static void test_blank_blocks_are_not_sent(void **state)
{
    struct room room;
    static uint8_t bytes[8192];
    (void)state;
    open_room(&room);
    memset(bytes, 0xFF, sizeof bytes);
    memcpy(bytes, pattern(), 1024);
    memcpy(bytes + 6144, pattern(), 2048);
    want(&room, FLASH, bytes, sizeof bytes);
    settle(&room);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    erase(&room);
    room.dfuse.skips_blank = true;
    assert_true(run(&room, fettle_dfuse_write(&room.dfuse)));
    /* one look at what an erased byte is, and then only what isn't */
    assert_string_equal("21@08000000 G G D2 G G 21@08000400 G G A G U2 A G "
                        "21@08001800 G G D2 G G D3 G G",
                        room.log);
    assert_memory_equal(bytes, room.flash, sizeof bytes);
    close_room(&room);
}

/* Behaviour 7 and 8 are the target's: pages by their zones. */
static void test_pages_that_are_no_power_of_two(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    room.target.memories[0].map.zone_count = 1;
    room.target.memories[0].map.zones[0] =
        (fettle_zone){FLASH + 100, 3000, 10, true, true, true};
    want(&room, FLASH + 100 + 2999, pattern(), 2);
    settle(&room);
    assert_int_equal(2, room.target.page_count);
    assert_int_equal(FLASH + 100, room.target.pages[0].address);
    assert_int_equal(FLASH + 3100, room.target.pages[1].address);
    assert_true(room.target.pages[0].is_partial);
    close_room(&room);
}

static void test_nothing_is_begun_where_a_byte_has_no_place(void **state)
{
    struct room room;
    fettle_error err;
    (void)state;
    open_room(&room);
    want(&room, FLASH + FLASH_SIZE - 4, pattern(), 8);
    assert_false(fettle_target_settle(&room.target, &err));
    assert_int_equal(FETTLE_E_ADDRESS_OUTSIDE, err.code);
    assert_int_equal(FLASH + FLASH_SIZE, err.address);
    close_room(&room);
    open_room(&room);
    room.target.memories[0].map.zones[1].can_write = false;
    want(&room, FLASH + 0x7FFC, pattern(), 8);
    assert_false(fettle_target_settle(&room.target, &err));
    assert_int_equal(FETTLE_E_ADDRESS_READ_ONLY, err.code);
    assert_int_equal(FLASH + 0x8000, err.address);
    close_room(&room);
}

/* ---- odd boards ---- */

static void test_protection_is_named(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    room.is_protected = true;
    want(&room, FLASH, pattern(), 4096);
    settle(&room);
    assert_false(run(&room, fettle_dfuse_compare(&room.dfuse)));
    assert_int_equal(FETTLE_E_READ_PROTECTED, room.dfuse.engine.error.code);
    assert_int_equal(ERR_VENDOR, room.dfuse.engine.error.device);
    close_room(&room);
}

static void test_a_stalled_getstatus_while_busy_is_busy(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    room.stalls_busy = true;
    want(&room, FLASH, pattern(), 4096);
    settle(&room);
    write_all(&room);
    assert_memory_equal(pattern(), room.flash, 4096);
    close_room(&room);
}

/* Twice CLRSTATUS, as the maker's tool does it, and the page counts as erased until it is read. */
static void test_busy_for_ever_after_an_erase(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    room.stuck = 2;
    want(&room, FLASH, pattern(), 4096);
    settle(&room);
    assert_true(run(&room, fettle_dfuse_compare(&room.dfuse)));
    erase(&room);
    assert_true(room.dfuse.was_unstuck);
    assert_non_null(strstr(room.log, "C G C G"));
    assert_true(run(&room, fettle_dfuse_write(&room.dfuse)));
    assert_memory_equal(pattern(), room.flash, 4096);
    close_room(&room);
}

/* Behaviour 3: without an address of its own the board would jump to what was written last. */
static void test_leaving_sets_the_address(void **state)
{
    struct room room;
    (void)state;
    open_room(&room);
    assert_true(run(&room, fettle_dfuse_leave(&room.dfuse, 0, FLASH + 0x2000)));
    assert_string_equal("21@08002000 G G E G", room.log);
    close_room(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_address_for_a_run_of_blocks),
        cmocka_unit_test(test_differing_pages_are_found),
        cmocka_unit_test(test_a_read_asks_for_whole_blocks),
        cmocka_unit_test(test_a_block_costs_three_requests),
        cmocka_unit_test(test_smaller_blocks_than_the_boards),
        cmocka_unit_test(test_gaps_and_a_short_block_get_an_address),
        cmocka_unit_test(test_the_rest_of_a_page_is_put_back),
        cmocka_unit_test(test_each_page_is_erased_once),
        cmocka_unit_test(test_what_is_erased_and_untouched_is_not_erased_again),
        cmocka_unit_test(test_blank_blocks_are_not_sent),
        cmocka_unit_test(test_pages_that_are_no_power_of_two),
        cmocka_unit_test(test_nothing_is_begun_where_a_byte_has_no_place),
        cmocka_unit_test(test_protection_is_named),
        cmocka_unit_test(test_a_stalled_getstatus_while_busy_is_busy),
        cmocka_unit_test(test_busy_for_ever_after_an_erase),
        cmocka_unit_test(test_leaving_sets_the_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
