/* SPDX-License-Identifier: Apache-2.0 */
/* Content cut into sectors, and what is to be done with them: proto/sectors.h. */
#include "base/error.h"
#include "proto/sectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

enum { SECTOR = FETTLE_SECTOR_SIZE, ROOM = 64 * SECTOR };

static struct {
    fettle_sectors sectors;
    fettle_error err;
    uint8_t bytes[ROOM];
    bool is_poor;
} self;

static void *take(size_t size)
{
    return self.is_poor ? NULL : calloc(1, size);
}

static const fettle_memory_ops ops = {take, free};

static int sit_down(void **state)
{
    (void)state;
    self.is_poor = false;
    for (size_t i = 0; i < ROOM; i++) {
        self.bytes[i] = (uint8_t)(i / SECTOR + 1);
    }
    fettle_sectors_init(&self.sectors, &ops);
    return 0;
}

static int stand_up(void **state)
{
    (void)state;
    fettle_sectors_free(&self.sectors);
    return 0;
}

static void add(uint32_t address, size_t from, size_t size)
{
    assert_true(fettle_sectors_add(&self.sectors, address,
                                   (fettle_span){self.bytes + from, size}, &self.err));
}

static void make_blank(size_t sector)
{
    memset(self.bytes + sector * SECTOR, 0xFF, SECTOR);
}

static void expect_run(size_t index, uint32_t address, size_t from, size_t size,
                       bool is_blank)
{
    const fettle_sector_run *run = &self.sectors.runs[index];
    assert_true(index < self.sectors.run_count);
    assert_int_equal(address, run->address);
    assert_ptr_equal(self.bytes + from, run->data.data);
    assert_int_equal(size, run->data.size);
    assert_int_equal(is_blank, run->is_blank);
    assert_int_equal(0, run->deflated.size);
}

static void make_runs(size_t count)
{
    assert_true(fettle_sectors_make_runs(&self.sectors, &self.err));
    assert_int_equal(count, self.sectors.run_count);
}

static void test_content_is_cut_and_sorted(void **state)
{
    (void)state;
    add(0x10000, 0, 2 * SECTOR + 5);
    add(0x1000, 8 * SECTOR, 1);
    add(0x20000, 9 * SECTOR, SECTOR);
    assert_int_equal(5, self.sectors.count);
    static const uint32_t addresses[] = {0x1000, 0x10000, 0x11000, 0x12000, 0x20000};
    static const size_t sizes[] = {1, SECTOR, SECTOR, 5, SECTOR};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(addresses[i], self.sectors.list[i].address);
        assert_int_equal(sizes[i], self.sectors.list[i].data.size);
        assert_false(self.sectors.list[i].differs);
    }
}

static void test_only_what_is_all_ones_is_blank(void **state)
{
    (void)state;
    make_blank(0);
    make_blank(1);
    self.bytes[2 * SECTOR - 1] = 0xFE;
    self.bytes[2 * SECTOR] = 0xFF;
    add(0, 0, 2 * SECTOR + 1);
    assert_true(self.sectors.list[0].is_blank);
    assert_false(self.sectors.list[1].is_blank);
    assert_true(self.sectors.list[2].is_blank); /* one byte, and that is blank */
}

static void test_what_differs_is_counted(void **state)
{
    uint32_t first = 1;
    (void)state;
    add(0x8000, 0, 3 * SECTOR);
    assert_int_equal(0, fettle_sectors_differing(&self.sectors, &first));
    assert_int_equal(0, first);
    self.sectors.list[1].differs = true;
    assert_int_equal(1, fettle_sectors_differing(&self.sectors, &first));
    assert_int_equal(0x9000, first);
    fettle_sectors_mark(&self.sectors, true);
    assert_int_equal(3, fettle_sectors_differing(&self.sectors, &first));
    assert_int_equal(0x8000, first);
}

static void test_a_look_ends_with_the_large_block_and_at_gaps(void **state)
{
    fettle_span data;
    (void)state;
    add(0xE000, 0, 3 * SECTOR);
    add(0x12000, 8 * SECTOR, 20);
    assert_int_equal(2, fettle_sectors_block(&self.sectors, 0, &data));
    assert_int_equal(2 * SECTOR, data.size);
    assert_int_equal(1, fettle_sectors_block(&self.sectors, 1, &data));
    assert_ptr_equal(self.bytes + SECTOR, data.data);
    assert_int_equal(1, fettle_sectors_block(&self.sectors, 2, &data)); /* a gap */
    assert_int_equal(SECTOR, data.size);
    assert_int_equal(1, fettle_sectors_block(&self.sectors, 3, &data));
    assert_int_equal(20, data.size);
}

static void test_runs_of_what_differs(void **state)
{
    (void)state;
    add(0x10000, 0, 6 * SECTOR + 9);
    make_runs(0);
    self.sectors.list[1].differs = self.sectors.list[2].differs = true;
    self.sectors.list[5].differs = self.sectors.list[6].differs = true;
    make_runs(2);
    expect_run(0, 0x11000, SECTOR, 2 * SECTOR, false);
    expect_run(1, 0x15000, 5 * SECTOR, SECTOR + 9, false);
    assert_int_equal(3 * SECTOR + 9, fettle_sectors_bytes(&self.sectors));
    fettle_sectors_mark(&self.sectors, true);
    make_runs(1);
    expect_run(0, 0x10000, 0, 6 * SECTOR + 9, false);
}

static void test_blank_sectors_are_runs_of_their_own(void **state)
{
    (void)state;
    make_blank(2);
    make_blank(3);
    add(0, 0, 5 * SECTOR);
    fettle_sectors_mark(&self.sectors, true);
    make_runs(3);
    expect_run(0, 0, 0, 2 * SECTOR, false);
    expect_run(1, 0x2000, 2 * SECTOR, 2 * SECTOR, true);
    expect_run(2, 0x4000, 4 * SECTOR, SECTOR, false);
    assert_int_equal(3 * SECTOR, fettle_sectors_bytes(&self.sectors));
}

/* They touch in the flash, but not here: nobody can deflate them together. */
static void test_content_from_two_files_is_two_runs(void **state)
{
    (void)state;
    add(0x1000, 0, 2 * SECTOR);
    add(0x3000, 8 * SECTOR, SECTOR);
    fettle_sectors_mark(&self.sectors, true);
    make_runs(2);
    expect_run(0, 0x1000, 0, 2 * SECTOR, false);
    expect_run(1, 0x3000, 8 * SECTOR, SECTOR, false);
}

static void test_without_memory_nothing_is_lost(void **state)
{
    (void)state;
    add(0x1000, 0, 2 * SECTOR);
    fettle_sectors_mark(&self.sectors, true);
    self.is_poor = true;
    assert_false(
        fettle_sectors_add(&self.sectors, 0x8000, (fettle_span){self.bytes, 1}, &self.err));
    assert_int_equal(FETTLE_E_NO_MEMORY, self.err.code);
    assert_int_equal(2, self.sectors.count);
    assert_false(fettle_sectors_make_runs(&self.sectors, &self.err));
    assert_int_equal(0, self.sectors.run_count);
}

static void test_more_than_any_flash_has(void **state)
{
    (void)state;
    fettle_span data = {self.bytes, (size_t)(FETTLE_SECTORS_MAX + 1) * SECTOR};
    assert_false(fettle_sectors_add(&self.sectors, 0, data, &self.err));
    assert_int_equal(FETTLE_E_IMAGE_TOO_LARGE, self.err.code);
}

#define T(name) cmocka_unit_test_setup_teardown(name, sit_down, stand_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_content_is_cut_and_sorted),
        T(test_only_what_is_all_ones_is_blank),
        T(test_what_differs_is_counted),
        T(test_a_look_ends_with_the_large_block_and_at_gaps),
        T(test_runs_of_what_differs),
        T(test_blank_sectors_are_runs_of_their_own),
        T(test_content_from_two_files_is_two_runs),
        T(test_without_memory_nothing_is_lost),
        T(test_more_than_any_flash_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
