/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading files: whole, and within their limits, or not at all and why.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "os/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char name[128];

static const char *in_folder(const char *file)
{
    (void)snprintf(name, sizeof name, "%s/%s", folder, file);
    return name;
}

static void write_file(const char *file, const void *bytes, size_t size)
{
    FILE *to = fopen(in_folder(file), "wb");
    assert_non_null(to);
    assert_int_equal(size, fwrite(bytes, 1, size, to));
    assert_int_equal(0, fclose(to));
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", "/tmp/fettle-test-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const files[] = {"a", "empty", "fifo", "link", "secret"};
    for (size_t i = 0; i < 5; i++) {
        (void)unlink(in_folder(files[i]));
    }
    return rmdir(folder);
}

static void refuse(const char *path, size_t max, fettle_code code, const char *says)
{
    fettle_error err = {0};
    uint8_t mark, *bytes = &mark;
    size_t size = 77;
    assert_false(fettle_os_file_read(path, max, &bytes, &size, &err));
    assert_int_equal(code, err.code);
    assert_non_null(strstr(err.message, says));
    assert_non_null(err.hint);
    assert_ptr_equal(&mark, bytes);
    assert_int_equal(77, size);
}

static void test_reads_it_whole(void **state)
{
    (void)state;
    fettle_error err = {0};
    uint8_t *bytes = NULL;
    size_t size = 0;
    static uint8_t content[70000];
    for (size_t i = 0; i < sizeof content; i++) {
        content[i] = (uint8_t)(i * 7 >> 3);
    }
    write_file("a", content, sizeof content);
    assert_true(fettle_os_file_read(in_folder("a"), sizeof content, &bytes, &size, &err));
    assert_int_equal(sizeof content, size);
    assert_memory_equal(content, bytes, size);
    fettle_free(bytes);

    refuse(in_folder("a"), sizeof content - 1, FETTLE_E_FILE_TOO_LARGE, "70000");
    refuse(in_folder("a"), 0, FETTLE_E_FILE_TOO_LARGE, "70000");
}

static void test_reads_an_empty_one(void **state)
{
    (void)state;
    fettle_error err = {0};
    uint8_t *bytes = NULL;
    size_t size = 1;
    write_file("empty", "", 0);
    assert_true(fettle_os_file_read(in_folder("empty"), 10, &bytes, &size, &err));
    assert_int_equal(0, size);
    fettle_free(bytes);
}

static void test_no_memory(void **state)
{
    (void)state;
    write_file("a", "abc", 3);
    fettle_alloc_fail_at(1);
    refuse(in_folder("a"), 10, FETTLE_E_NO_MEMORY, "");
    fettle_alloc_fail_at(0);
    /* Too large a file is refused before memory is asked for. */
    refuse(in_folder("a"), 2, FETTLE_E_FILE_TOO_LARGE, "");
    assert_int_equal(0, fettle_alloc_count());
}

static void test_what_is_not_there(void **state)
{
    (void)state;
    refuse(in_folder("nothing"), 10, FETTLE_E_FILE_UNREADABLE, "there is no file ");
    write_file("a", "abc", 3);
    refuse(in_folder("a/b"), 10, FETTLE_E_FILE_UNREADABLE, "there is no file ");
    refuse("", 10, FETTLE_E_FILE_UNREADABLE, "there is no file ");
    char path[5000];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    refuse(path, 10, FETTLE_E_FILE_UNREADABLE, "too long");
}

static void test_what_may_not_be_read(void **state)
{
    (void)state;
    if (geteuid() == 0) {
        return; /* root may read everything */
    }
    write_file("secret", "abc", 3);
    assert_int_equal(0, chmod(in_folder("secret"), 0));
    refuse(in_folder("secret"), 10, FETTLE_E_FILE_UNREADABLE, "you may not read ");
}

static void test_what_is_no_file(void **state)
{
    (void)state;
    refuse(folder, 10, FETTLE_E_FILE_IS_FOLDER, "folder");
    assert_int_equal(0, mkfifo(in_folder("fifo"), 0600));
    refuse(in_folder("fifo"), 10, FETTLE_E_FILE_UNREADABLE, "not a regular file");
    refuse("/dev/null", 10, FETTLE_E_FILE_UNREADABLE, "not a regular file");
    assert_int_equal(0, symlink("link", in_folder("link")));
    refuse(in_folder("link"), 10, FETTLE_E_FILE_UNREADABLE, "leads nowhere");
}

/* The kernel's own files have the size 0 and bytes all the same. */
static void test_what_grows(void **state)
{
    (void)state;
    if (access("/proc/self/status", R_OK) != 0) {
        return;
    }
    refuse("/proc/self/status", 100000, FETTLE_E_FILE_UNREADABLE, "changes its size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_it_whole),
        cmocka_unit_test(test_reads_an_empty_one),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_what_may_not_be_read),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_what_grows),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
