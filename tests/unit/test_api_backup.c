/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of what can't be replaced, in a store that loses, garbles and stops: whatever happens, a whole copy is found again, the new one
 * or the one before, and a copy that nobody could read again counts as none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "api/job_inside.h"

enum {
    KEYS = 24,
    VALUE = FETTLE_MODULE_KEPT_MAX,
    BLOCK = 4096,
    ROW = 32,
    ROWS = 6, /* of a table */
    PUTS_MAX = 16,
};

#define FOLDER "backups/240ac4000001/"

static const uint8_t mac[6] = {0x24, 0x0A, 0xC4, 0, 0, 1};

/* ---- the store ---- */

static struct {
    char key[64];
    uint8_t bytes[VALUE];
    size_t size;
} values[KEYS];
static size_t value_count;
static unsigned put_count, stops_at,
    garbles_at; /* 0: never; from the first put on, which is 1 */

static size_t index_of(const char *key)
{
    size_t i = 0;
    while (i < value_count && strcmp(values[i].key, key) != 0) {
        i++;
    }
    return i;
}

static bool get(void *store, const char *key, uint8_t *buf, size_t room, size_t *size)
{
    size_t at = index_of(key);
    (void)store;
    if (at == value_count || values[at].size > room) {
        return false;
    }
    memcpy(buf, values[at].bytes, values[at].size);
    *size = values[at].size;
    return true;
}

static bool put(void *store, const char *key, fettle_span value)
{
    size_t at = index_of(key);
    (void)store;
    put_count++;
    if ((stops_at != 0 && put_count >= stops_at) || value.size > VALUE || at == KEYS ||
        strlen(key) >= sizeof values[at].key) {
        return false;
    }
    memcpy(values[at].key, key, strlen(key) + 1);
    memcpy(values[at].bytes, value.data, value.size);
    values[at].size = value.size;
    values[at].bytes[0] ^= put_count == garbles_at ? 0x80 : 0;
    value_count += at == value_count;
    return true;
}

static const fettle_store_ops ops = {.get = get, .put = put};

static void forget(const char *key)
{
    size_t at = index_of(key);
    assert_true(at < value_count);
    values[at].key[0] = '\0';
}

static uint8_t *bytes_of(const char *key)
{
    size_t at = index_of(key);
    assert_true(at < value_count);
    return values[at].bytes;
}

static size_t count_of(const char *prefix)
{
    size_t count = 0;
    for (size_t i = 0; i < value_count; i++) {
        count += strncmp(values[i].key, prefix, strlen(prefix)) == 0;
    }
    return count;
}

/* ---- what is kept ---- */

static fettle_context context;
static fettle_job job;
static fettle_error err;
static uint8_t block[BLOCK], table[FETTLE_TABLE_SIZE], found[BLOCK];

static void fill_block(uint8_t *bytes, uint8_t seed)
{
    for (size_t i = 0; i < BLOCK; i++) {
        bytes[i] = (uint8_t)(seed + i * 5);
    }
}

static void fill_table(uint8_t *bytes, uint8_t seed, size_t rows)
{
    memset(bytes, 0xFF, FETTLE_TABLE_SIZE);
    for (size_t i = 0; i < rows * ROW; i++) {
        bytes[i] = (uint8_t)(seed + i * 3);
    }
}

static int setup(void **state)
{
    (void)state;
    memset(values, 0, sizeof values);
    value_count = 0;
    put_count = stops_at = garbles_at = 0;
    context.store = &ops;
    job.context = &context;
    job.backup[0] = '\0';
    job.engine.observed = (fettle_observed){.note_count = 0};
    fill_block(block, 1);
    fill_table(table, 1, ROWS);
    return 0;
}

static fettle_module_keepsake keepsake(void)
{
    return (fettle_module_keepsake){
        .mac = mac,
        .bytes = {block, BLOCK},
        .table = {table, FETTLE_TABLE_SIZE},
        .is_worth_it = true,
        .summary = "LoRa MAC: 01\n",
    };
}

static bool keep(void)
{
    fettle_module_keepsake what = keepsake();
    memset(&err, 0, sizeof err);
    return fettle_backup_keep(&job, &what, &err);
}

static bool recalls_block(const uint8_t *wanted)
{
    return fettle_backup_recall(&job, mac, found, BLOCK) &&
           memcmp(found, wanted, BLOCK) == 0;
}

static bool recalls_table(const uint8_t *wanted)
{
    return fettle_backup_recall_table(&job, mac, found, FETTLE_TABLE_SIZE) &&
           memcmp(found, wanted, FETTLE_TABLE_SIZE) == 0;
}

static void test_all_of_it_is_found_again(void **state)
{
    (void)state;
    assert_false(recalls_block(block));
    assert_false(recalls_table(table));
    assert_true(keep());
    assert_true(recalls_block(block));
    assert_true(recalls_table(table));
    assert_string_equal(FOLDER, job.backup);
    assert_string_equal("LoRa MAC: 01\n", (char *)bytes_of(FOLDER "summary.txt"));
    assert_string_equal("  config.bin\n", (char *)bytes_of(FOLDER "config.sha256") + 64);
    assert_string_equal("  partitions.bin\n",
                        (char *)bytes_of(FOLDER "partitions.sha256") + 64);
    assert_int_equal(2, count_of(FOLDER "config-")); /* with its hash */
    assert_int_equal(2, count_of(FOLDER "partitions-"));
}

/* Whoever has lost one of the files, or has half of one, has the copy that the hash names. */
static void test_a_copy_is_found_by_its_hash_alone(void **state)
{
    size_t config, table_at;
    (void)state;
    assert_true(keep());
    config = index_of(FOLDER "config.bin");
    table_at = index_of(FOLDER "partitions.bin");
    values[config].size = values[table_at].size = 0;
    assert_true(recalls_block(block));
    assert_true(recalls_table(table));
    values[config].size = values[table_at].size = 100;
    assert_true(recalls_block(block));
    assert_true(recalls_table(table));
    forget(FOLDER "config.bin");
    forget(FOLDER "partitions.bin");
    assert_true(recalls_block(block));
    assert_true(recalls_table(table));
}

static void test_a_table_without_a_hash_is_an_old_one(void **state)
{
    (void)state;
    assert_true(put(NULL, FOLDER "partitions.bin", (fettle_span){table, sizeof table}));
    assert_true(recalls_table(table));
    assert_true(keep()); /* and gets one */
    assert_true(recalls_table(table));
    (void)bytes_of(FOLDER "partitions.sha256");
}

static void test_what_is_damaged_is_found_by_its_hash(void **state)
{
    (void)state;
    assert_true(keep());
    bytes_of(FOLDER "partitions.bin")[7] ^= 1;
    bytes_of(FOLDER "config.bin")[7] ^= 1;
    assert_true(recalls_table(table));
    assert_true(recalls_block(block));
    for (size_t i = 0; i < value_count; i++) {
        values[i].bytes[9] ^= 1; /* nor is that whole any more */
    }
    assert_false(fettle_backup_recall_table(&job, mac, found, FETTLE_TABLE_SIZE));
    assert_false(fettle_backup_recall(&job, mac, found, BLOCK));
    assert_true(keep()); /* a good one takes their place */
    assert_true(recalls_table(table));
    assert_true(recalls_block(block));
}

static void test_what_is_left_of_a_table_does_not_replace_it(void **state)
{
    uint8_t whole[FETTLE_TABLE_SIZE];
    (void)state;
    memcpy(whole, table, sizeof whole);
    assert_true(keep());
    fill_table(table, 1, ROWS - 2);
    assert_true(keep());
    assert_true(recalls_table(whole));
    assert_int_equal(4, count_of(FOLDER "partitions-")); /* two, with their hashes */
    assert_int_equal(1, count_of(FOLDER "partitions.bin"));
    fill_table(table, 9, ROWS - 2); /* another one does */
    assert_true(keep());
    assert_true(recalls_table(table));

    memcpy(whole, table, sizeof whole); /* nor does the beginning of the next one */
    fill_table(table, 50, ROWS - 2);
    fettle_module_keepsake what = keepsake();
    what.is_part_of_table = true;
    assert_true(fettle_backup_keep(&job, &what, &err));
    assert_true(recalls_table(whole));
}

static void test_a_board_without_a_table_leaves_what_was_kept(void **state)
{
    fettle_module_keepsake what = keepsake();
    (void)state;
    assert_true(keep());
    what.table.size = 0;
    assert_true(fettle_backup_keep(&job, &what, &err));
    assert_true(recalls_table(table));
}

static void test_beside_another_one(void **state)
{
    uint8_t before[BLOCK];
    fettle_module_keepsake what = keepsake();
    (void)state;
    memcpy(before, block, BLOCK);
    assert_true(keep());
    fill_block(block, 77);
    what.is_beside = true;
    assert_true(fettle_backup_keep(&job, &what, &err));
    assert_true(recalls_block(before));
    assert_int_equal(2, job.engine.observed.note_count);
    const char *text = job.engine.observed.notes[1].message;
    const char *key = strstr(text, FOLDER "config-"); /* a person reads where it is */
    assert_non_null(key);
    char name[64] = "";
    memcpy(name, key, strcspn(key, " ") - 1);
    assert_memory_equal(block, bytes_of(name), BLOCK);
    what.is_worth_it = what.is_beside = false; /* no ids, but settings */
    block[0] = 0;
    assert_true(fettle_backup_keep(&job, &what, &err));
    assert_true(recalls_block(before));
    assert_int_equal(3, job.engine.observed.note_count); /* which is said, too */
    memset(block, 0xFF, BLOCK);
    assert_true(fettle_backup_keep(&job, &what, &err)); /* nothing at all */
    assert_int_equal(3, job.engine.observed.note_count);
}

static const char *note_of(fettle_note_code code, const char *key)
{
    const fettle_observed *observed = &job.engine.observed;
    for (size_t i = 0; i < observed->note_count; i++) {
        if (observed->notes[i].code == code && strstr(observed->notes[i].message, key)) {
            return observed->notes[i].message;
        }
    }
    return NULL;
}

/* Nobody knows who has put them there: those that were kept stay first. */
static void test_other_ids_do_not_take_their_place(void **state)
{
    uint8_t before[BLOCK];
    fettle_module_keepsake what = keepsake();
    (void)state;
    memcpy(before, block, BLOCK);
    assert_true(keep());
    fill_block(block, 77);
    what.is_other = true;
    what.summary[0] = 'x';
    assert_true(fettle_backup_keep(&job, &what, &err));
    assert_true(recalls_block(before));
    assert_string_equal("LoRa MAC: 01\n", (char *)bytes_of(FOLDER "summary.txt"));
    const char *text = note_of(FETTLE_NOTE_IDS_OTHER, FOLDER "config-");
    assert_non_null(text); /* it names both, and is not cut */
    assert_non_null(strstr(text, FOLDER "config.bin"));
    assert_int_equal('.', text[strlen(text) - 1]);
}

/* A person has said so: they are the first from then on, and all that were there before are named. */
static void test_agreed_ones_are_the_first(void **state)
{
    uint8_t first[BLOCK], agreed[BLOCK];
    fettle_module_keepsake what = keepsake();
    (void)state;
    memcpy(first, block, BLOCK);
    fill_block(agreed, 33);
    assert_true(keep());
    job.engine.observed.note_count = 0;
    fill_block(block, 77);
    what.is_beside = what.is_other = true;
    what.agreed = (fettle_span){agreed, BLOCK};
    what.summary[0] = 'l';
    assert_true(fettle_backup_keep(&job, &what, &err));
    assert_true(recalls_block(agreed));
    assert_string_equal("loRa MAC: 01\n", (char *)bytes_of(FOLDER "summary.txt"));
    assert_int_equal(6, count_of(FOLDER "config-")); /* three, with their hashes */
    assert_int_equal(2, job.engine.observed.note_count);
    assert_null(note_of(FETTLE_NOTE_IDS_OTHER, ""));
    assert_non_null(note_of(FETTLE_NOTE_BACKED_UP, FOLDER "config-"));
    /* once more: nothing new */
    memcpy(block, agreed, BLOCK);
    assert_true(fettle_backup_keep(&job, &what, &err));
    assert_true(recalls_block(agreed));
    assert_int_equal(6, count_of(FOLDER "config-"));
}

/* The second copy is made, and the store stops, or garbles what it gets, at each moment of it. */
static bool keep_spoiled(unsigned stop, unsigned garble, uint8_t *block_before,
                         uint8_t *table_before)
{
    void *nothing = NULL;
    setup(&nothing);
    memcpy(block_before, block, BLOCK);
    memcpy(table_before, table, FETTLE_TABLE_SIZE);
    assert_true(keep());
    fill_block(block, 50);
    fill_table(table, 50, ROWS);
    put_count = 0;
    stops_at = stop;
    garbles_at = garble;
    bool is_kept = keep();
    assert_int_equal(is_kept ? 0 : FETTLE_E_BACKUP_FAILED, err.code);
    stops_at = garbles_at = 0;
    return is_kept;
}

static void test_a_store_that_stops_anywhere(void **state)
{
    uint8_t block_before[BLOCK], table_before[FETTLE_TABLE_SIZE];
    unsigned at = 1;
    (void)state;
    while (!keep_spoiled(at, 0, block_before, table_before)) {
        assert_true(recalls_block(block_before) || recalls_block(block));
        assert_true(recalls_table(table_before) || recalls_table(table));
        at++;
        assert_true(at < PUTS_MAX);
    }
    assert_int_equal(10, at); /* four of the table, five of the block */
}

static void test_a_store_that_garbles_one_thing(void **state)
{
    uint8_t block_before[BLOCK], table_before[FETTLE_TABLE_SIZE];
    (void)state;
    for (unsigned at = 1; at < 10; at++) {
        assert_false(keep_spoiled(0, at, block_before, table_before));
        assert_true(recalls_block(block_before) || recalls_block(block));
        assert_true(recalls_table(table_before) || recalls_table(table));
    }
}

static void test_no_store(void **state)
{
    (void)state;
    context.store = NULL;
    assert_false(keep());
    assert_int_equal(FETTLE_E_BACKUP_FAILED, err.code);
    assert_false(fettle_backup_recall(&job, mac, found, BLOCK));
    assert_false(fettle_backup_recall_table(&job, mac, found, FETTLE_TABLE_SIZE));
}

/* A folder of a version that kept no lasting copies. */
static void test_a_block_without_its_hash_is_not_taken(void **state)
{
    (void)state;
    assert_true(keep());
    forget(FOLDER "config.sha256");
    assert_true(recalls_block(block)); /* by the name that is its hash */
    bytes_of(FOLDER "config.bin")[1] ^= 1;
    assert_false(fettle_backup_recall(&job, mac, found, BLOCK));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_of_it_is_found_again, setup),
        cmocka_unit_test_setup(test_a_copy_is_found_by_its_hash_alone, setup),
        cmocka_unit_test_setup(test_other_ids_do_not_take_their_place, setup),
        cmocka_unit_test_setup(test_agreed_ones_are_the_first, setup),
        cmocka_unit_test_setup(test_a_table_without_a_hash_is_an_old_one, setup),
        cmocka_unit_test_setup(test_what_is_damaged_is_found_by_its_hash, setup),
        cmocka_unit_test_setup(test_what_is_left_of_a_table_does_not_replace_it, setup),
        cmocka_unit_test_setup(test_a_board_without_a_table_leaves_what_was_kept, setup),
        cmocka_unit_test_setup(test_beside_another_one, setup),
        cmocka_unit_test_setup(test_a_store_that_stops_anywhere, setup),
        cmocka_unit_test_setup(test_a_store_that_garbles_one_thing, setup),
        cmocka_unit_test_setup(test_no_store, setup),
        cmocka_unit_test_setup(test_a_block_without_its_hash_is_not_taken, setup),
    };
    return cmocka_run_group_tests_name("api_backup", tests, NULL, NULL);
}
