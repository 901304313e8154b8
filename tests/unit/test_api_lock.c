/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One board, one job: the lock is taken before anything is asked of the board, held while it leaves and comes
 * back, and given back whatever the end is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_room.h"

static struct room room;
static const fettle_wishes by_hand = {.revision = "1", .wait = 60 * SECONDS};
static const fettle_wishes nothing = {.board = NULL};

/* A lock that counts, and that somebody else may have. */
static struct locks {
    uint64_t holder; /* 0: nobody has it */
    unsigned takes, releases;
    unsigned requests_before; /* that the board had seen when it was taken */
    char path[FETTLE_PATH_SIZE], verb[16];
} locks;

static bool take(void *self, const char *path, const char *verb, uint64_t *holder)
{
    struct locks *mine = self;
    mine->requests_before = room_asked(&room, SIZE_MAX, "GETSTATUS");
    mine->takes++;
    (void)snprintf(mine->path, sizeof mine->path, "%s", path);
    (void)snprintf(mine->verb, sizeof mine->verb, "%s", verb);
    *holder = mine->holder;
    return mine->holder == 0;
}

static void release(void *self, const char *path)
{
    struct locks *mine = self;
    assert_string_equal(mine->path, path);
    mine->releases++;
}

static const fettle_lock_ops ops = {take, release};

static void enter(const char *spec, uint64_t holder)
{
    locks = (struct locks){.holder = holder};
    assert_true(room_enter(&room));
    assert_true(room_add(&room, spec));
    assert_true(room_load(&room, "pytrack.dfu", ROOM_SHIELD, 0x04d8, 0xf014));
    fettle_context_set_lock(room.context, &ops, &locks);
}

static void test_it_is_held_across_every_change_of_mode(void **state)
{
    (void)state;
    enter("pytrack,timing=none", 0);
    assert_true(room_do(&room, FETTLE_VERB_UPDATE, &by_hand));
    assert_true(room.order.counts[FETTLE_EVENT_BOARD_LEFT] > 0);
    assert_int_equal(1, locks.takes);
    assert_int_equal(1, locks.releases);
    assert_int_equal(0, locks.requests_before);
    assert_string_equal("sim:pytrack", locks.path);
    assert_string_equal("update", locks.verb);
}

static void test_another_has_it(void **state)
{
    static const char *const specs[] = {"pytrack,timing=none,mode=dfu",
                                        "pytrack,timing=none",
                                        "pytrack,timing=none,mode=unplugged"};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        enter(specs[i], 4711);
        assert_false(room_do(&room, FETTLE_VERB_UPDATE, &by_hand));
        assert_int_equal(FETTLE_E_BOARD_LOCKED, room.err.code);
        assert_non_null(strstr(room.err.message, "4711"));
        assert_non_null(strstr(room.err.message, "sim:pytrack"));
        assert_int_equal(FETTLE_OUTCOME_REFUSED, room_result(&room)->outcome);
        assert_int_equal(0, room_asked(&room, SIZE_MAX, "GETSTATUS"));
        assert_int_equal(0, room_asked(&room, SIZE_MAX, "DNLOAD"));
        assert_int_equal(1, locks.takes);
        assert_int_equal(0, locks.releases);
    }
}

static void test_it_is_given_back_after_a_failure_and_a_cancel(void **state)
{
    (void)state;
    enter("pytrack,timing=none,mode=dfu,fault=no-return@100", 0);
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &by_hand));
    assert_int_equal(1, locks.takes);
    assert_int_equal(1, locks.releases);

    enter("pytrack,timing=none", 0);
    room.cancel_in = FETTLE_STAGE_WRITE;
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &by_hand));
    assert_int_equal(FETTLE_E_CANCELLED, room.err.code);
    assert_int_equal(1, locks.takes);
    assert_int_equal(1, locks.releases);
}

static void test_a_look_from_afar_takes_none(void **state)
{
    (void)state;
    enter("pytrack,timing=none", 0);
    assert_true(room_do(&room, FETTLE_VERB_SURVEY, &nothing));
    assert_int_equal(1, locks.takes); /* its application is asked who it is */
    assert_int_equal(1, locks.releases);

    enter("pytrack,timing=none,mode=dfu", 1);
    assert_false(room_do(&room, FETTLE_VERB_SURVEY, &nothing));
    assert_int_equal(FETTLE_E_BOARD_LOCKED, room.err.code);
    assert_string_equal("info", locks.verb);
}

static int leave(void **state)
{
    (void)state;
    room_leave(&room);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_it_is_held_across_every_change_of_mode, leave),
        cmocka_unit_test_teardown(test_another_has_it, leave),
        cmocka_unit_test_teardown(test_it_is_given_back_after_a_failure_and_a_cancel,
                                  leave),
        cmocka_unit_test_teardown(test_a_look_from_afar_takes_none, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
