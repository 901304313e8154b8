/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel HEX: every kind of record, what is tolerated, and each refusal with its line. Checksums are made here by
 * the rule of the specification. Other people's files, and what srec_cat makes of them, are in tests/cli/formats.sh.
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
#include "image/image.h"

enum { ROOM = 4 * 1024 * 1024 };

static char text[ROOM];
static size_t used;
static const char *line_end = "\n";

/* ---- a file under construction ---- */

static void clear(void)
{
    used = 0;
    text[0] = '\0';
    line_end = "\n";
}

static void put(const char *more)
{
    assert_true(used + strlen(more) < ROOM);
    memcpy(text + used, more, strlen(more) + 1);
    used += strlen(more);
}

static void put_record(unsigned type, unsigned offset, const uint8_t *data, size_t size)
{
    char line[600];
    unsigned sum = (unsigned)size + (offset >> 8) + (offset & 0xFF) + type;
    int length = snprintf(line, sizeof line, ":%02X%04X%02X", (unsigned)size, offset, type);
    for (size_t i = 0; i < size; i++) {
        sum += data[i];
        length += snprintf(line + length, sizeof line - (size_t)length, "%02X", data[i]);
    }
    (void)snprintf(line + length, sizeof line - (size_t)length, "%02X%s", (0u - sum) & 0xFF,
                   line_end);
    put(line);
}

/* `size` bytes that count up from `first`. */
static void put_data(unsigned offset, size_t size, uint8_t first)
{
    uint8_t data[255] = {0};
    for (size_t i = 0; i < size; i++) {
        data[i] = (uint8_t)(first + i);
    }
    put_record(0, offset, data, size);
}

static void put_base(unsigned type, unsigned base)
{
    put_record(type, 0, (const uint8_t[]){(uint8_t)(base >> 8), (uint8_t)base}, 2);
}

static void put_start(unsigned type, uint32_t start)
{
    put_record(type, 0,
               (const uint8_t[]){(uint8_t)(start >> 24), (uint8_t)(start >> 16),
                                 (uint8_t)(start >> 8), (uint8_t)start},
               4);
}

static void put_end(void)
{
    put_record(1, 0, NULL, 0);
}

/* ---- reading it ---- */

static fettle_image *read_as(const char *name, fettle_error *err)
{
    *err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_image_new(name, (fettle_span){(const uint8_t *)text, used}, 0, err);
}

static fettle_image *read_good(void)
{
    fettle_error err;
    fettle_image *image = read_as("a.bin", &err); /* by its content */
    if (image == NULL) {
        print_message("%s\n", err.message);
    }
    assert_non_null(image);
    assert_int_equal(FETTLE_IMAGE_HEX, image->format);
    assert_int_equal(used, image->file.size);
    assert_false(image->has_suffix);
    assert_int_equal(FETTLE_PREFIX_NONE, image->prefix);
    return image;
}

static void assert_bad(const char *message)
{
    fettle_error err;
    fettle_image *image = read_as("a.hex", &err);
    assert_null(image);
    assert_int_equal(FETTLE_E_FILE_BAD_HEX, err.code);
    assert_int_equal(9, fettle_code_exit_status(err.code));
    assert_string_equal(message, err.message);
}

static void assert_region(const fettle_image *image, size_t i, uint32_t address,
                          uint32_t size, uint8_t first)
{
    assert_true(i < image->region_count);
    const fettle_region *region = &image->regions[i];
    assert_true(region->has_address);
    assert_false(region->has_alternate);
    assert_int_equal(address, region->address);
    assert_int_equal(size, region->data.size);
    for (uint32_t k = 0; k < size; k++) {
        assert_int_equal((uint8_t)(first + k), region->data.data[k]);
    }
}

static void assert_one_region(uint32_t address, uint32_t size, uint8_t first)
{
    fettle_image *image = read_good();
    assert_int_equal(1, image->region_count);
    assert_ptr_equal(&image->only_region, image->regions);
    assert_region(image, 0, address, size, first);
    fettle_image_free(image);
}

/* ---- records ---- */

/* A record that is printed in many places, as it stands there. */
static void test_a_known_record(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x21, 0x46, 0x01, 0x36, 0x01, 0x21, 0x47, 0x01,
                                    0x36, 0x00, 0x7E, 0xFE, 0x09, 0xD2, 0x19, 0x01};
    clear();
    put(":10010000214601360121470136007EFE09D2190140\n:00000001FF\n");
    fettle_image *image = read_good();
    assert_int_equal(1, image->region_count);
    assert_int_equal(0x0100, image->regions[0].address);
    assert_int_equal(sizeof bytes, image->regions[0].data.size);
    assert_memory_equal(bytes, image->regions[0].data.data, sizeof bytes);
    assert_string_equal("hex", fettle_image_format_name(image->format));
    fettle_image_free(image);
}

static void test_linear_addresses(void **state)
{
    (void)state;
    clear();
    put_data(0x0010, 16, 0);
    put_base(4, 0x0800);
    put_data(0xFFF0, 16, 0x20);
    put_base(4, 0x0801);
    put_data(0x0000, 16, 0x30); /* goes on where the last one ended */
    put_base(4, 0xFFFF);
    put_data(0xFFFF, 1, 0x77); /* the last byte there is */
    put_end();
    fettle_image *image = read_good();
    assert_int_equal(3, image->region_count);
    assert_region(image, 0, 0x00000010, 16, 0);
    assert_region(image, 1, 0x0800FFF0, 32, 0x20);
    assert_region(image, 2, 0xFFFFFFFF, 1, 0x77);
    assert_int_equal(2, fettle_image_gap_count(image));
    assert_int_equal(49, fettle_image_content_size(image));
    fettle_image_free(image);
}

/* Without a base, and with a linear one, a record goes on over 64 KiB. */
static void test_linear_records_go_on(void **state)
{
    (void)state;
    clear();
    put_data(0xFFFE, 4, 1);
    put_end();
    assert_one_region(0xFFFE, 4, 1);
    clear();
    put_base(4, 1);
    put_data(0xFFFE, 4, 1);
    put_end();
    assert_one_region(0x1FFFE, 4, 1);
}

/* With a segment it goes round to the segment's beginning. */
static void test_segments_go_round(void **state)
{
    (void)state;
    clear();
    put_base(2, 0x1000);
    put_data(0xFFFE, 4, 1);
    put_end();
    fettle_image *image = read_good();
    assert_int_equal(2, image->region_count);
    assert_region(image, 0, 0x10000, 2, 3);
    assert_region(image, 1, 0x1FFFE, 2, 1);
    fettle_image_free(image);

    clear();
    put_base(2, 0xFFFF);
    put_data(0xFFFF, 1, 5);
    put_end();
    assert_one_region(0x10FFEF, 1, 5); /* above 1 MiB: no bit is cut off */

    clear();
    put_base(2, 0x1234);
    put_data(0x0007, 3, 9);
    put_base(4, 0); /* linear again */
    put_data(0xFFFF, 2, 1);
    put_end();
    image = read_good();
    assert_region(image, 0, 0xFFFF, 2, 1);
    assert_region(image, 1, 0x12347, 3, 9);
    fettle_image_free(image);
}

static void test_entries(void **state)
{
    (void)state;
    clear();
    put_data(0, 1, 0);
    put_end();
    fettle_image *image = read_good();
    assert_false(image->has_entry);
    fettle_image_free(image);

    clear();
    put_start(5, 0x08000131);
    put_data(0, 1, 0);
    put_end();
    image = read_good();
    assert_true(image->has_entry);
    assert_int_equal(0x08000131, image->entry);
    fettle_image_free(image);

    clear();
    put_start(5, 0x08000131);
    put_data(0, 1, 0);
    put_start(3, 0x12345678); /* CS 1234, IP 5678; the last one counts */
    put_end();
    image = read_good();
    assert_int_equal(0x12340 + 0x5678, image->entry);
    fettle_image_free(image);
}

static void test_lengths(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 255; size++) {
        clear();
        put_data(0x4000, 0, 0); /* allowed, and nothing */
        put_data(0x1000, size, (uint8_t)size);
        put_end();
        assert_one_region(0x1000, (uint32_t)size, (uint8_t)size);
    }
}

/* ---- what is tolerated ---- */

static void test_line_ends(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n",     "\r\n",    "\r",    "\n\r",
                                       "\n\n\n", " \t\r\n", "\r\r\n"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        clear();
        line_end = ends[i];
        put_data(0, 4, 1);
        put_data(4, 4, 5);
        put_end();
        assert_one_region(0, 8, 1);
    }
    clear();
    put_data(0, 4, 1);
    line_end = "";
    put_end(); /* and none behind it */
    assert_one_region(0, 4, 1);
}

static void test_blanks_and_old_ends(void **state)
{
    (void)state;
    clear();
    put("\xEF\xBB\xBF\r\n \t \n\n  ");
    put_data(0, 4, 1);
    put("\t");
    put_data(4, 4, 5);
    put_end();
    put("\n \x1A\x1A\x1A\n\n");
    assert_one_region(0, 8, 1);
}

static void test_small_letters(void **state)
{
    (void)state;
    clear();
    put_data(0xABCD, 8, 0xA9);
    put_end();
    for (size_t i = 0; i < used; i++) {
        text[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] + 32) : text[i];
    }
    assert_non_null(strstr(text, ":08abcd00a9aaabac"));
    assert_one_region(0xABCD, 8, 0xA9);
}

static void test_records_out_of_order(void **state)
{
    (void)state;
    clear();
    for (unsigned i = 0; i < 256; i++) { /* 167 and 256 have no factor in common */
        unsigned k = i * 167 % 256;
        put_data(k * 4, 4, (uint8_t)(k * 4));
    }
    put_end();
    assert_one_region(0, 1024, 0);
    clear();
    for (unsigned i = 256; i > 0; i--) {
        put_data((i - 1) * 4, 4, (uint8_t)((i - 1) * 4));
    }
    put_end();
    assert_one_region(0, 1024, 0);
}

static void test_the_same_twice(void **state)
{
    (void)state;
    clear();
    put_data(0x10, 16, 0x10);
    put_data(0x08, 16, 0x08); /* its second half is the first half of the one above */
    put_data(0x10, 16, 0x10);
    put_data(0x14, 2, 0x14); /* inside */
    put_data(0x1E, 4, 0x1E);
    put_end();
    assert_one_region(0x08, 0x22 - 0x08, 0x08);
}

/* ---- what is refused ---- */

static void test_contradictions(void **state)
{
    (void)state;
    clear();
    put_base(4, 0x0800);
    put_data(0x10, 16, 0);
    put_data(0x40, 16, 0);
    put_data(0x18, 4, 8); /* the same */
    put_data(0x1C, 4, 0);
    put_end();
    assert_bad("line 5 of the Intel HEX file has another byte for 0x0800001c than line 2");
    clear();
    put_data(0x1C, 8, 0); /* the later one begins before the first */
    put_data(0x10, 16, 0);
    put_end();
    assert_bad("line 2 of the Intel HEX file has another byte for 0x0000001c than line 1");
}

static void test_checksums(void **state)
{
    (void)state;
    clear();
    put_data(0, 16, 1);
    put_data(16, 16, 17);
    put_end();
    char *second = strchr(text + 1, ':');
    second[12] = second[12] == '0' ? '1' : '0';
    assert_bad("line 2 of the Intel HEX file has the checksum 58, its bytes make 5a");
}

/* No change of one digit goes through, and no error has the wrong line. */
static void test_every_digit(void **state)
{
    (void)state;
    clear();
    put_data(0, 16, 1);
    put_base(4, 0x0800);
    put_data(16, 16, 17);
    put_start(5, 0x08000000);
    put_end();
    size_t line = 1;
    for (size_t at = 0; at < used; at++) {
        if (text[at] == '\n') {
            line++;
            continue;
        }
        for (const char *other = "0123456789ABCDEFG:\n"; *other != '\0'; other++) {
            char was = text[at], expected[32];
            if (*other == was) {
                continue;
            }
            fettle_error err;
            text[at] = *other;
            assert_null(read_as("a.hex", &err));
            assert_int_equal(FETTLE_E_FILE_BAD_HEX, err.code);
            (void)snprintf(expected, sizeof expected, "line %zu of", line);
            /* Where a line was cut in two, the second one may be what is wrong. */
            if (*other != '\n') {
                assert_int_equal(0, strncmp(expected, err.message, strlen(expected)));
            }
            text[at] = was;
        }
    }
}

static void test_lines_that_are_no_records(void **state)
{
    (void)state;
    clear();
    put_data(0, 1, 0);
    put("\n# firmware\n");
    put_end();
    assert_bad(
        "line 3 of the Intel HEX file does not begin with a colon, as every record does");
    clear();
    put("Intel HEX of today\n");
    put_data(0, 1, 0);
    put_end();
    assert_bad(
        "line 1 of the Intel HEX file does not begin with a colon, as every record does");
    clear();
    put_data(0, 1, 0);
    put(":0000\n");
    assert_bad("line 2 of the Intel HEX file has 4 digits, which is no record");
    clear();
    put(":0100000000F\n");
    assert_bad("line 1 of the Intel HEX file has 11 digits, which is no record");
    clear();
    put(":\n");
    assert_bad("line 1 of the Intel HEX file has 0 digits, which is no record");
    clear();
    put(":0100000000FF:00000001FF\n"); /* two on one line */
    assert_bad(
        "line 1 of the Intel HEX file has something else than a digit behind 12 digits");
    clear();
    put(":10000000000102\n");
    assert_bad("line 1 of the Intel HEX file says that it has 16 bytes of data, and has 2");
    clear();
    put(":01000000000102FC\n");
    assert_bad("line 1 of the Intel HEX file says that it has 1 bytes of data, and has 3");
}

static void test_types(void **state)
{
    (void)state;
    for (unsigned type = 6; type < 256; type++) {
        char message[128];
        clear();
        put_record(type, 0, NULL, 0);
        (void)snprintf(
            message, sizeof message,
            "line 1 of the Intel HEX file is of type %02x, which Intel HEX does not have",
            type);
        assert_bad(message);
    }
    static const unsigned lengths[] = {0, 0, 2, 4, 2, 4};
    for (unsigned type = 1; type < 6; type++) {
        for (unsigned length = 0; length < 8; length++) {
            char message[128];
            clear();
            put_data(0, 1, 0);
            put_record(type, 0, (const uint8_t[8]){0}, length);
            if (length == lengths[type]) {
                continue;
            }
            (void)snprintf(
                message, sizeof message,
                "line 2 of the Intel HEX file has %u bytes of data, and its type has %u",
                length, lengths[type]);
            assert_bad(message);
        }
    }
}

static void test_the_end(void **state)
{
    (void)state;
    clear();
    put_data(0, 1, 0);
    put_data(8, 1, 0);
    assert_bad(
        "line 2 of the Intel HEX file is the last one, and none says that it is: the file "
        "is cut");
    clear();
    put_data(0, 1, 0);
    put_end();
    put_data(8, 1, 0);
    assert_bad(
        "line 3 of the Intel HEX file comes behind the record that says it is the last");
    clear();
    put_data(0, 1, 0);
    put_end();
    put("and so on");
    assert_bad(
        "line 3 of the Intel HEX file comes behind the record that says it is the last");
    clear();
    put_data(0, 1, 0);
    put_end();
    put_end();
    assert_bad(
        "line 3 of the Intel HEX file comes behind the record that says it is the last");
    clear();
    put("\xEF\xBB\xBF");
    assert_bad(
        "line 1 of the Intel HEX file is the last one, and none says that it is: the file "
        "is cut");
}

static void test_beyond_the_last_address(void **state)
{
    (void)state;
    clear();
    put_base(4, 0xFFFF);
    put_data(0xFFFF, 2, 0);
    put_end();
    assert_bad("line 2 of the Intel HEX file has data beyond address 0xffffffff");
}

static void test_no_data(void **state)
{
    (void)state;
    fettle_error err;
    clear();
    put_base(4, 0x0800);
    put_data(0, 0, 0);
    put_end();
    assert_null(read_as("a.bin", &err));
    assert_int_equal(FETTLE_E_FILE_EMPTY, err.code);
}

static void test_every_truncation(void **state)
{
    (void)state;
    clear();
    put_base(4, 0x0800);
    put_data(0, 32, 1);
    put_data(64, 32, 1);
    line_end = "";
    put_end();
    size_t whole = used;
    for (used = whole - 1; used > 0; used--) {
        fettle_error err;
        assert_null(read_as("a.hex", &err));
        assert_int_equal(FETTLE_E_FILE_BAD_HEX, err.code);
        if (used > 11) { /* whatever its name is */
            assert_null(read_as("a.bin", &err));
            assert_int_equal(FETTLE_E_FILE_BAD_HEX, err.code);
        }
    }
}

/* ---- which files are HEX ---- */

static void test_names_and_contents(void **state)
{
    (void)state;
    static const char *const promises[] = {"a.hex", "A.HEX", "b.ihex", "c.ihx", ".hex"};
    fettle_error err;
    clear();
    put("nothing of the kind");
    for (size_t i = 0; i < sizeof promises / sizeof promises[0]; i++) {
        assert_null(read_as(promises[i], &err));
        assert_int_equal(FETTLE_E_FILE_BAD_HEX, err.code);
    }
    static const char *const raw[] = {":",           "x:0000000000", ": 0000000000",
                                      ":000000000z", ":12345",       "hex"};
    for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++) {
        clear();
        put(raw[i]);
        fettle_image *image = read_as("hex", &err);
        assert_non_null(image);
        assert_int_equal(FETTLE_IMAGE_RAW, image->format);
        fettle_image_free(image);
    }
    /* A name that promises a suffix is asked first. */
    clear();
    put_data(0, 1, 0);
    put_end();
    assert_null(read_as("a.dfu", &err));
    assert_int_equal(FETTLE_E_FILE_CUT, err.code);
}

/* ---- many pieces ---- */

static void test_most_regions(void **state)
{
    (void)state;
    clear();
    for (unsigned i = 0; i < 65536; i++) {
        if (i % 32768 == 0) {
            put_base(4, i / 32768);
        }
        put_data(i % 32768 * 2, 1, (uint8_t)i);
    }
    size_t before = used;
    put_end();
    fettle_image *image = read_good();
    assert_int_equal(65536, image->region_count);
    for (unsigned i = 0; i < 65536; i++) {
        assert_region(image, i, i * 2, 1, (uint8_t)i);
    }
    fettle_image_free(image);

    used = before;
    put_base(4, 2);
    put_data(0, 1, 0);
    put_end();
    fettle_error err;
    assert_null(read_as("a.hex", &err));
    assert_int_equal(FETTLE_E_FILE_TOO_SCATTERED, err.code);
    assert_string_equal(
        "the content is in 65537 pieces with gaps between them, more than the "
        "65536 that fettle takes",
        err.message);

    used = before;
    put_base(4, 0);
    put_data(1, 1, 0); /* fills a gap: one piece less again, and one more */
    put_base(4, 2);
    put_data(0, 1, 0);
    put_end();
    image = read_good();
    assert_int_equal(65536, image->region_count);
    fettle_image_free(image);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* Records at random, against a memory that is written as they come. */
static void test_random_files(void **state)
{
    (void)state;
    static uint8_t memory[0x20000];
    static bool is_there[0x20000];
    uint64_t seed = 3;
    for (int round = 0; round < 200; round++) {
        memset(is_there, 0, sizeof is_there);
        clear();
        for (unsigned i = 1 + (unsigned)(next_random(&seed) % 200); i > 0; i--) {
            unsigned base = (unsigned)(next_random(&seed) % 2);
            unsigned offset =
                (unsigned)(next_random(&seed) % 0x400) * (unsigned)(round % 7 + 1);
            size_t size = 1 + next_random(&seed) % 40;
            put_base(4, base);
            put_data(offset, size, (uint8_t)offset); /* so that all overlaps agree */
            for (size_t k = 0; k < size; k++) {
                memory[base << 16 | (offset + k)] = (uint8_t)(offset + k);
                is_there[base << 16 | (offset + k)] = true;
            }
        }
        put_end();
        fettle_image *image = read_good();
        size_t total = 0;
        for (size_t i = 0; i < image->region_count; i++) {
            const fettle_region *region = &image->regions[i];
            assert_true(region->address == 0 || !is_there[region->address - 1]);
            assert_false(is_there[region->address + region->data.size]);
            assert_memory_equal(memory + region->address, region->data.data,
                                region->data.size);
            total += region->data.size;
        }
        for (size_t at = 0; at < sizeof is_there; at++) {
            total -= is_there[at];
        }
        assert_int_equal(0, total);
        fettle_image_free(image);
    }
}

static void test_every_request_for_memory_may_fail(void **state)
{
    (void)state;
    fettle_image *image = NULL;
    fettle_error err;
    unsigned long nth = 0;
    clear();
    put_data(0, 16, 1);
    put_data(64, 16, 1);
    put_end();
    while (image == NULL) {
        fettle_alloc_fail_at(++nth);
        image = read_as("a.hex", &err);
        assert_int_equal(image != NULL ? FETTLE_E_NONE : FETTLE_E_NO_MEMORY, err.code);
    }
    fettle_alloc_fail_at(0);
    assert_int_equal(6, nth);
    fettle_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_known_record),
        cmocka_unit_test(test_linear_addresses),
        cmocka_unit_test(test_linear_records_go_on),
        cmocka_unit_test(test_segments_go_round),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_blanks_and_old_ends),
        cmocka_unit_test(test_small_letters),
        cmocka_unit_test(test_records_out_of_order),
        cmocka_unit_test(test_the_same_twice),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_checksums),
        cmocka_unit_test(test_every_digit),
        cmocka_unit_test(test_lines_that_are_no_records),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_the_end),
        cmocka_unit_test(test_beyond_the_last_address),
        cmocka_unit_test(test_no_data),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_names_and_contents),
        cmocka_unit_test(test_most_regions),
        cmocka_unit_test(test_random_files),
        cmocka_unit_test(test_every_request_for_memory_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
