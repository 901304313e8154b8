/* SPDX-License-Identifier: Apache-2.0 */
/* Archives: what is in them, names, bounds, and each way to be none. What packages are damaged by is in test_pycom_package.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "image/archive.h"
#include "tests/tools/pycom_make.h"

static fettle_error err;

static fettle_archive *read_pack(pycom_pack *pack, bool is_bare)
{
    static esp_writer kept;
    free(kept.bytes);
    kept = pycom_close(pack, is_bare);
    err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_archive_new((fettle_span){kept.bytes, kept.size}, &err);
}

static void test_without_libarchive_it_is_said(void **state)
{
    (void)state;
    if (fettle_archive_is_there()) {
        skip();
    }
    pycom_pack pack = {.count = 0};
    pycom_add(&pack, "a", "hello", 5);
    assert_null(read_pack(&pack, false));
    assert_int_equal(FETTLE_E_NOT_SUPPORTED, err.code);
    assert_non_null(strstr(err.message, "libarchive"));
}

static void test_members(void **state)
{
    (void)state;
    if (!fettle_archive_is_there()) {
        skip();
    }
    for (int is_bare = 0; is_bare < 2; is_bare++) {
        pycom_pack pack = {.count = 0};
        pycom_add(&pack, "folder/", "", 0)->type = '5';
        pycom_add(&pack, "./folder//a b", "hello", 5);
        pycom_add(&pack, "empty", "", 0);
        fettle_archive *archive = read_pack(&pack, is_bare != 0);
        assert_non_null(archive);
        assert_int_equal(2, archive->count);
        assert_string_equal("folder/a b", archive->members[0].name);
        assert_int_equal(5, archive->members[0].data.size);
        assert_memory_equal("hello", archive->members[0].data.data, 5);
        assert_ptr_equal(&archive->members[1], fettle_archive_find(archive, "empty"));
        assert_int_equal(0, archive->members[1].data.size);
        assert_null(fettle_archive_find(archive, "a b"));
        fettle_archive_free(archive);
    }
}

static void test_telling_archives(void **state)
{
    (void)state;
    static const uint8_t gzip[] = {0x1F, 0x8B, 8};
    uint8_t tar[512] = {'a'};
    assert_true(fettle_archive_is_one((fettle_span){gzip, sizeof gzip}));
    assert_false(fettle_archive_is_one((fettle_span){gzip, 2}));
    assert_false(fettle_archive_is_one((fettle_span){tar, sizeof tar}));
    memcpy(tar + 257, "ustar", 5);
    assert_true(fettle_archive_is_one((fettle_span){tar, sizeof tar}));
    assert_true(fettle_archive_is_one((fettle_span){tar, 262}));
    assert_false(fettle_archive_is_one((fettle_span){tar, 261}));
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *clean, *why;
    } rows[] = {
        {"a", "a", NULL},
        {"./a", "a", NULL},
        {"a//b/./c", "a/b/c", NULL},
        {"a b", "a b", NULL},
        {"..a", "..a", NULL},
        {"/a", NULL, "is absolute"},
        {"C:a", NULL, "is absolute"},
        {"..", NULL, "leads out of the archive"},
        {"a/../b", NULL, "leads out of the archive"},
        {"a/..", NULL, "leads out of the archive"},
        {"a\\b", NULL, "has a character that no such name has"},
        {"a\nb", NULL, "has a character that no such name has"},
        {"a\x7F", NULL, "has a character that no such name has"},
        {"", NULL, "is none"},
        {"./", NULL, "is none"},
    };
    char out[FETTLE_ARCHIVE_NAME_SIZE];
    const char *why;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(rows[i].clean != NULL,
                         fettle_archive_clean_name(out, rows[i].name, &why));
        if (rows[i].clean != NULL) {
            assert_string_equal(rows[i].clean, out);
        } else {
            assert_string_equal(rows[i].why, why);
        }
    }
    char longest[200];
    memset(longest, 'x', sizeof longest);
    longest[FETTLE_ARCHIVE_NAME_SIZE - 1] = '\0';
    assert_true(fettle_archive_clean_name(out, longest, &why));
    longest[FETTLE_ARCHIVE_NAME_SIZE - 1] = 'x';
    longest[sizeof longest - 1] = '\0';
    assert_false(fettle_archive_clean_name(out, longest, &why));
    assert_string_equal("is too long", why);
}

static void test_bounds(void **state)
{
    (void)state;
    if (!fettle_archive_is_there()) {
        skip();
    }
    pycom_pack pack = {.count = 0};
    for (unsigned i = 0; i < FETTLE_ARCHIVE_MEMBERS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%u", i);
        pycom_add(&pack, name, "x", 1);
    }
    fettle_archive *archive = read_pack(&pack, false);
    assert_non_null(archive);
    assert_int_equal(FETTLE_ARCHIVE_MEMBERS_MAX, archive->count);
    fettle_archive_free(archive);

    static const uint8_t byte = 0x1F;
    uint8_t *file = calloc(1, FETTLE_ARCHIVE_FILE_MAX + 1);
    assert_non_null(file);
    file[0] = byte;
    assert_null(fettle_archive_new((fettle_span){file, FETTLE_ARCHIVE_FILE_MAX + 1}, &err));
    assert_int_equal(FETTLE_E_FILE_TOO_LARGE, err.code);
    free(file);
}

/* A header may promise far more than there is. */
static void test_promises(void **state)
{
    (void)state;
    if (!fettle_archive_is_there()) {
        skip();
    }
    pycom_pack pack = {.count = 0};
    pycom_add(&pack, "a", "hello", 5);
    esp_writer tar = pycom_close(&pack, true);
    static const char sizes[][12] = {"00000077777", "00400000001", "77777777777"};
    for (size_t i = 0; i < 3; i++) {
        unsigned sum = 0;
        memcpy(tar.bytes + 124, sizes[i], 11);
        memset(tar.bytes + 148, ' ', 8);
        for (size_t k = 0; k < 512; k++) {
            sum += tar.bytes[k];
        }
        pycom_tar_number(tar.bytes + 148, 6, sum);
        tar.bytes[154] = 0;
        err = (fettle_error){.code = FETTLE_E_NONE};
        assert_null(fettle_archive_new((fettle_span){tar.bytes, tar.size}, &err));
        assert_int_equal(FETTLE_E_FILE_BAD_ARCHIVE, err.code);
    }
    free(tar.bytes);
}

/* Every cut is noticed, wherever it is. */
static void test_every_cut(void **state)
{
    (void)state;
    if (!fettle_archive_is_there()) {
        skip();
    }
    for (int is_bare = 0; is_bare < 2; is_bare++) {
        pycom_pack pack = {.count = 0};
        pycom_add(&pack, "a", "hello", 5);
        pycom_add(&pack, "b", "world", 5);
        esp_writer file = pycom_close(&pack, is_bare != 0);
        for (size_t size = 1; size < file.size; size++) {
            fettle_archive *archive =
                fettle_archive_new((fettle_span){file.bytes, size}, &err);
            if (archive != NULL) {
                fail_msg("a cut after %zu bytes of %zu is not noticed", size, file.size);
            }
            assert_true(err.code == FETTLE_E_FILE_BAD_ARCHIVE ||
                        err.code == FETTLE_E_FILE_DAMAGED);
        }
        free(file.bytes);
    }
}

static void test_every_bit_of_gzip(void **state)
{
    (void)state;
    if (!fettle_archive_is_there()) {
        skip();
    }
    pycom_pack pack = {.count = 0};
    pycom_add(&pack, "a", "hello", 5);
    esp_writer file = pycom_close(&pack, false);
    enum {
        HEADER = 10
    }; /* of gzip: its time, system and the like say nothing of the content */
    for (size_t bit = HEADER * 8; bit < file.size * 8; bit++) {
        file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        fettle_archive *archive =
            fettle_archive_new((fettle_span){file.bytes, file.size}, &err);
        /* The bits that fill up the byte behind a block's header mean nothing. */
        bool is_filler = bit / 8 == HEADER && bit % 8 > 2;
        assert_int_equal(is_filler, archive != NULL);
        fettle_archive_free(archive);
        file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(file.bytes);
}

static void test_no_memory(void **state)
{
    (void)state;
    if (!fettle_archive_is_there()) {
        skip();
    }
    pycom_pack pack = {.count = 0};
    pycom_add(&pack, "a", "hello", 5);
    pycom_add(&pack, "b", "world", 5);
    esp_writer file = pycom_close(&pack, false);
    fettle_archive *archive = NULL;
    unsigned long nth = 0;
    while (archive == NULL) {
        fettle_alloc_fail_at(++nth);
        archive = fettle_archive_new((fettle_span){file.bytes, file.size}, &err);
        assert_true(archive != NULL || err.code == FETTLE_E_NO_MEMORY);
        assert_in_range(nth, 1, 10);
    }
    fettle_alloc_fail_at(0);
    assert_int_equal(5, nth); /* the list, the stream, two members; then none failed */
    fettle_archive_free(archive);
    free(file.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_libarchive_it_is_said),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_telling_archives),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_promises),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_every_bit_of_gzip),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
