/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DfuSe boards through the library: what is done to them, what is left alone, what is asked for first, and what
 * is remembered so that nothing gets lost. The engines have tests of their own; here it is what a program sees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "api_room.h"

enum { FLASH = 0x08000000, PAGE = 16384, KEEPS_MAX = 8 };

static struct room room;

/* ---- a store with room for pages ---- */

static struct {
    char key[KEEPS_MAX][160];
    uint8_t *bytes[KEEPS_MAX];
    size_t size[KEEPS_MAX], count;
} shelf;

static bool shelf_get(void *self, const char *key, uint8_t *buf, size_t space, size_t *size)
{
    (void)self;
    for (size_t i = 0; i < shelf.count; i++) {
        if (strcmp(shelf.key[i], key) == 0 && shelf.size[i] <= space) {
            memcpy(buf, shelf.bytes[i], shelf.size[i]);
            *size = shelf.size[i];
            return true;
        }
    }
    return false;
}

static bool shelf_put(void *self, const char *key, fettle_span value)
{
    size_t i = 0;
    (void)self;
    while (i < shelf.count && strcmp(shelf.key[i], key) != 0) {
        i++;
    }
    assert_true(i < KEEPS_MAX);
    shelf.count = i == shelf.count ? shelf.count + 1 : shelf.count;
    snprintf(shelf.key[i], sizeof shelf.key[i], "%s", key);
    free(shelf.bytes[i]);
    shelf.bytes[i] = malloc(value.size + 1);
    assert_non_null(shelf.bytes[i]);
    memcpy(shelf.bytes[i], value.data, value.size);
    shelf.size[i] = value.size;
    return true;
}

static void shelf_list(void *self, const char *prefix,
                       void (*each)(void *user, const char *key), void *user)
{
    (void)self;
    (void)prefix;
    (void)each;
    (void)user;
}

static const fettle_store_ops shelf_ops = {shelf_get, shelf_put, shelf_list};

/* ---- the room ---- */

static void enter(const char *spec, size_t size)
{
    for (size_t i = 0; i < shelf.count; i++) {
        free(shelf.bytes[i]);
    }
    memset(&shelf, 0, sizeof shelf);
    assert_true(room_enter(&room));
    fettle_context_set_store(room.context, &shelf_ops, NULL);
    assert_true(room_add(&room, spec));
    assert_true(room_load(&room, "firmware.bin", size, 0xFFFF, 0xFFFF));
}

static void ends(fettle_verb verb, const fettle_wishes *wishes, fettle_code code)
{
    bool is_good = room_do(&room, verb, wishes);
    if (room.err.code != code) {
        print_message("# %s\n", room.err.message);
    }
    assert_int_equal(code, room.err.code);
    assert_int_equal(code == FETTLE_E_NONE, is_good);
    assert_null(event_order_problem(&room.order));
}

static const uint8_t *memory_of(size_t board)
{
    size_t size;
    return fettle_sim_memory(room.sim, board, &size);
}

/* ---- what is done ---- */

static void test_an_update_and_the_same_again(void **state)
{
    const fettle_wishes nothing = {.wait = 0};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu", 12000);
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_NONE);
    assert_int_equal(FETTLE_OUTCOME_UPDATED, room_result(&room)->outcome);
    assert_int_equal(FETTLE_PROOF_READBACK, room_result(&room)->verified);
    assert_true(room_holds_file(&room, 0));
    assert_int_equal(1, room_asked(&room, 0, "erase"));
    unsigned programmed = room_asked(&room, 0, "program");
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_NONE);
    assert_int_equal(FETTLE_OUTCOME_UNCHANGED, room_result(&room)->outcome);
    assert_int_equal(1, room_asked(&room, 0, "erase"));
    assert_int_equal(programmed, room_asked(&room, 0, "program"));
    assert_int_equal(0, room_asked(&room, 0, "violation"));
}

static void test_all_pages_if_that_is_wished(void **state)
{
    const fettle_wishes nothing = {.wait = 0}, all = {.flags = FETTLE_WISH_ALL_PAGES};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu", ROOM_SHIELD - 1);
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_NONE);
    ends(FETTLE_VERB_UPDATE, &all, FETTLE_E_NONE);
    assert_int_equal(2, room_asked(&room, 0, "erase"));
    assert_int_equal(FETTLE_OUTCOME_UPDATED, room_result(&room)->outcome);
}

static void test_read_verify_and_erase_a_range(void **state)
{
    const fettle_wishes read = {
        .flags = FETTLE_WISH_AT_ADDRESS, .address = FLASH + 100, .length = 3000};
    const fettle_wishes verify = {.wait = 0};
    const fettle_wishes erase = {
        .flags = FETTLE_WISH_AT_ADDRESS, .address = FLASH + PAGE + 1, .length = PAGE};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu", 5000);
    ends(FETTLE_VERB_READ, &read, FETTLE_E_NONE);
    assert_int_equal(3000, room_result(&room)->data.size);
    assert_memory_equal(memory_of(0) + 100, room_result(&room)->data.data, 3000);
    ends(FETTLE_VERB_VERIFY, &verify, FETTLE_E_VERIFY_MISMATCH);
    assert_int_equal(0, room_asked(&room, 0, "erase"));
    ends(FETTLE_VERB_ERASE, &erase, FETTLE_E_NONE);
    assert_int_equal(FETTLE_OUTCOME_ERASED, room_result(&room)->outcome);
    assert_int_equal(FETTLE_PROOF_READBACK, room_result(&room)->verified);
    assert_int_equal(2, room_asked(&room, 0, "erase")); /* pages 1 and 2 */
    assert_int_equal(0xFF, memory_of(0)[PAGE]);
    assert_int_equal(0xFF, memory_of(0)[3 * PAGE - 1]);
}

/* Erasing a write protected sector is no error to such a board; only reading tells. */
static void test_an_erase_that_did_not_take(void **state)
{
    const fettle_wishes erase = {.flags = FETTLE_WISH_AT_ADDRESS, .address = FLASH};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu,protected=0x08000000", 100);
    ends(FETTLE_VERB_ERASE, &erase, FETTLE_E_NOT_BLANK);
}

static void test_what_it_is(void **state)
{
    const fettle_wishes nothing = {.wait = 0};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu", 100);
    ends(FETTLE_VERB_SURVEY, &nothing, FETTLE_E_NONE);
    const fettle_result *result = room_result(&room);
    assert_int_equal(4, result->memory_count);
    assert_string_equal("Internal Flash", result->memories[0].name);
    assert_int_equal(1048576, result->memories[0].size);
    assert_int_equal(6, result->memories[0].zone_count);
    assert_int_equal(0x08010000, result->memories[0].zones[1].address);
    assert_int_equal(65536, result->memories[0].zones[1].page_size);
    assert_string_equal("Option Bytes", result->memories[1].name);
    assert_false(result->memories[1].zones[0].can_erase);
    assert_true(result->commands.size >= 4);
    assert_int_equal(0x21, result->commands.data[1]);
}

static void test_to_the_application_and_back(void **state)
{
    const fettle_wishes to_dfu = {.to = FETTLE_MODE_DFU}, to_app = {.to = FETTLE_MODE_APP};
    (void)state;
    enter("stm32f4,timing=none,app-id=1d50:6f02", 100);
    ends(FETTLE_VERB_RESET, &to_dfu, FETTLE_E_NONE);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(room.sim, 0));
    ends(FETTLE_VERB_RESET, &to_app, FETTLE_E_NONE);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(room.sim, 0));
}

/* ---- what is refused ---- */

static void test_what_can_not_be_put_back_is_asked_for(void **state)
{
    const fettle_wishes nothing = {.wait = 0}, rest = {.flags = FETTLE_WISH_ERASE_REST};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu,upload=no", 5000);
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_WOULD_LOSE);
    assert_int_equal(FETTLE_OUTCOME_REFUSED, room_result(&room)->outcome);
    assert_int_equal(0, room_asked(&room, 0, "DNLOAD"));
    ends(FETTLE_VERB_UPDATE, &rest, FETTLE_E_NONE);
    assert_int_equal(FETTLE_OUTCOME_WRITTEN, room_result(&room)->outcome);
    assert_true(room_holds_file(&room, 0));
}

static void test_protection(void **state)
{
    const fettle_wishes nothing = {.wait = 0}, unprotect = {.flags = FETTLE_WISH_UNPROTECT};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu,rdp=yes", 5000);
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_READ_PROTECTED);
    assert_int_equal(0, room_asked(&room, 0, "mass-erase"));
    ends(FETTLE_VERB_UPDATE, &unprotect, FETTLE_E_NONE);
    assert_true(room_has_note(&room, "unprotected"));
    assert_true(room_holds_file(&room, 0));
    ends(FETTLE_VERB_UPDATE, &unprotect, FETTLE_E_NONE); /* and now it isn't protected */
    assert_int_equal(FETTLE_OUTCOME_UNCHANGED, room_result(&room)->outcome);
}

static void test_special_memories_are_named_and_meant(void **state)
{
    const fettle_wishes at = {.flags = FETTLE_WISH_AT_ADDRESS, .address = 0x1FFFC000};
    const fettle_wishes named = {.memory = "opt"};
    const fettle_wishes meant = {.memory = "opt", .flags = FETTLE_WISH_SPECIAL};
    const fettle_wishes otp = {.memory = "O", .flags = FETTLE_WISH_SPECIAL};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu", 16);
    ends(FETTLE_VERB_UPDATE, &at,
         FETTLE_E_ADDRESS_OUTSIDE); /* --address is in the main memory */
    ends(FETTLE_VERB_UPDATE, &named, FETTLE_E_CONFIRMATION_NEEDED);
    ends(FETTLE_VERB_UPDATE, &otp, FETTLE_E_NO_SUCH_MEMORY); /* two begin like that */
    assert_int_equal(0, room_asked(&room, 0, "program"));
    ends(FETTLE_VERB_UPDATE, &meant, FETTLE_E_NONE);
}

static void test_a_name_that_is_lost_is_no_reason_to_guess(void **state)
{
    const fettle_wishes nothing = {.wait = 0};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu,string=@Broken /0x0800", 5000);
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_UNEXPECTED_ANSWER);
    assert_int_equal(0, room_asked(&room, 0, "DNLOAD"));
}

/* An ordinary name on version 1.1A: such a loader is plain DFU. */
static void test_a_loader_that_only_says_dfuse(void **state)
{
    const fettle_wishes nothing = {.wait = 0};
    (void)state;
    enter("dfu,timing=none,mode=dfu,dfu-version=011a,names=Main", 3000);
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_NONE);
    assert_true(room_holds_file(&room, 0));
}

/* ---- what is kept ---- */

static void test_the_rest_of_a_page_survives_a_cut(void **state)
{
    static uint8_t before[PAGE];
    const fettle_wishes nothing = {.wait = 0};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu", 5000);
    memcpy(before, memory_of(0), PAGE);
    room.cancel_in = FETTLE_STAGE_WRITE;
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_CANCELLED);
    assert_int_not_equal(0, memcmp(before + 5000, memory_of(0) + 5000, PAGE - 5000));
    room.cancel_in = FETTLE_STAGE_NONE;
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_NONE);
    assert_true(room_holds_file(&room, 0));
    assert_memory_equal(before + 5000, memory_of(0) + 5000, PAGE - 5000);
    assert_int_equal(0, shelf.size[0] + shelf.size[1]); /* and is forgotten then */
}

/* Somebody has written to the page since: what was kept is of another time. */
static void test_a_rest_of_another_time_is_not_used(void **state)
{
    size_t size;
    const fettle_wishes nothing = {.wait = 0};
    (void)state;
    enter("stm32f4,timing=none,mode=dfu", 5000);
    room.cancel_in = FETTLE_STAGE_WRITE;
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_CANCELLED);
    room.cancel_in = FETTLE_STAGE_NONE;
    memset(fettle_sim_memory(room.sim, 0, &size) + 5000, 0x5A, PAGE - 5000);
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_E_NONE);
    assert_int_equal(0x5A, memory_of(0)[5000]);
    assert_int_equal(0x5A, memory_of(0)[PAGE - 1]);
}

/* ---- twins ---- */

static void test_twins_are_told_apart_by_their_ports(void **state)
{
    static const char *const specs[] = {
        "dfu*2,timing=none,id=1d50:6003,app-id=1d50:6f03,same-serial=yes,detach=reset",
        "stm32f4*2,timing=none,app-id=1d50:6f03",
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        enter(specs[i], 3000);
        const fettle_wishes second = {.board = fettle_sim_path(room.sim, 1)};
        ends(FETTLE_VERB_UPDATE, &second,
             i == 0 ? FETTLE_E_NONE : FETTLE_E_APPLICATION_MISSING);
        assert_int_equal(FETTLE_PROOF_READBACK, room_result(&room)->verified);
        assert_true(room_holds_file(&room, 1));
        assert_false(room_holds_file(&room, 0));
        assert_int_equal(0, room_asked(&room, 0, "open"));
        assert_true(room_asked(&room, 1, "arrives") > 1); /* it was away meanwhile */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_update_and_the_same_again),
        cmocka_unit_test(test_all_pages_if_that_is_wished),
        cmocka_unit_test(test_read_verify_and_erase_a_range),
        cmocka_unit_test(test_an_erase_that_did_not_take),
        cmocka_unit_test(test_what_it_is),
        cmocka_unit_test(test_to_the_application_and_back),
        cmocka_unit_test(test_what_can_not_be_put_back_is_asked_for),
        cmocka_unit_test(test_protection),
        cmocka_unit_test(test_special_memories_are_named_and_meant),
        cmocka_unit_test(test_a_name_that_is_lost_is_no_reason_to_guess),
        cmocka_unit_test(test_a_loader_that_only_says_dfuse),
        cmocka_unit_test(test_the_rest_of_a_page_survives_a_cut),
        cmocka_unit_test(test_a_rest_of_another_time_is_not_used),
        cmocka_unit_test(test_twins_are_told_apart_by_their_ports),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    room_leave(&room);
    return failed;
}
