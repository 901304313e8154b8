/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The locks of boards as files in a folder that is open to all. What a stranger may have put there under
 * the name of a lock is never written to.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock.h"

static char board[64], folder[16], name[128], other[128];
static cli_lock one, two;

static bool take(cli_lock *lock, uint64_t *holder)
{
    *holder = 0;
    return cli_lock_ops.take(lock, board, "update", holder);
}

static void release(cli_lock *lock)
{
    cli_lock_ops.release(lock, board);
}

/* A board that nobody has, and where its lock is. */
static int set_up(void **state)
{
    uint64_t holder;
    (void)state;
    one = two = (cli_lock){.held = {.is_held = false}};
    (void)snprintf(board, sizeof board, "test-%ld", (long)getpid());
    (void)snprintf(other, sizeof other, "%s", "");
    assert_true(take(&one, &holder));
    (void)snprintf(folder, sizeof folder, "%s", "/run/lock");
    (void)snprintf(name, sizeof name, "%s/fettle-%s.lock", folder, board);
    if (access(name, F_OK) != 0) {
        (void)snprintf(folder, sizeof folder, "%s", "/tmp");
        (void)snprintf(name, sizeof name, "%s/fettle-%s.lock", folder, board);
    }
    assert_int_equal(0, access(name, F_OK));
    release(&one);
    assert_int_not_equal(0, access(name, F_OK));
    (void)snprintf(other, sizeof other, "%s/%s.other", folder, board);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    release(&one);
    release(&two);
    (void)unlink(name);
    (void)unlink(other);
    return 0;
}

static void write_other(const char *text)
{
    FILE *file = fopen(other, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(0, fclose(file));
}

static void other_is(const char *text)
{
    char found[64] = "";
    FILE *file = fopen(other, "rb");
    assert_non_null(file);
    (void)!fread(found, 1, sizeof found - 1, file);
    assert_int_equal(0, fclose(file));
    assert_string_equal(text, found);
}

static void test_one_has_it(void **state)
{
    (void)state;
    uint64_t holder;
    assert_true(take(&one, &holder));
    assert_false(take(&two, &holder));
    assert_int_equal(getpid(), holder);
    release(&one);
    assert_true(take(&two, &holder));
    assert_true(two.held.is_held);
}

static void test_all_may_open_it(void **state)
{
    (void)state;
    struct stat facts;
    uint64_t holder;
    mode_t before = umask(077);
    assert_true(take(&one, &holder));
    (void)umask(before);
    assert_int_equal(0, stat(name, &facts));
    assert_int_equal(0666, facts.st_mode & 0777);
}

/* What a killed one has left. */
static void test_an_old_file_is_no_lock(void **state)
{
    (void)state;
    uint64_t holder;
    write_other("99999 update\n");
    assert_int_equal(0, rename(other, name));
    assert_true(take(&one, &holder));
    assert_true(one.held.is_held);
    assert_false(take(&two, &holder));
    assert_int_equal(getpid(), holder);
}

static void test_somebody_elses_file_is_not_written_to(void **state)
{
    (void)state;
    uint64_t holder;
    write_other("precious");
    assert_int_equal(0, link(other, name));
    assert_true(take(&one, &holder)); /* can't be locked: counts as taken */
    assert_false(one.held.is_held);
    other_is("precious");
    assert_int_equal(0, unlink(name));
    assert_int_equal(0, symlink(other, name));
    assert_true(take(&one, &holder));
    assert_false(one.held.is_held);
    other_is("precious");
}

static void test_virtual_boards_need_none(void **state)
{
    (void)state;
    uint64_t holder = 0;
    assert_true(cli_lock_ops.take(&one, "sim:pytrack", "update", &holder));
    assert_false(one.held.is_held);
}

int main(void)
{
#define TEST(what) cmocka_unit_test_setup_teardown(what, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_one_has_it),
        TEST(test_all_may_open_it),
        TEST(test_an_old_file_is_no_lock),
        TEST(test_somebody_elses_file_is_not_written_to),
        TEST(test_virtual_boards_need_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
