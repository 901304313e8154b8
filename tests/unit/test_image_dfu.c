/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files with a DFU suffix: good ones, and every way in which one is cut, damaged or makes
 * no sense.
 *
 * A real file is read too, where there is one: the folder with bluetooth_rxtx.dfu (Debian
 * package ubertooth-firmware) is the first argument, or FETTLE_TEST_UBERTOOTH, or where
 * Debian has it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "image/image.h"

enum { SUFFIX = 16, ROOM = 1024 };

/* A file under construction. */
typedef struct built {
    uint8_t bytes[ROOM];
    size_t size;
} built;

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* The CRC of appendix B, bit by bit: not the code that is tested. */
static uint32_t crc_of(const uint8_t *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }
    }
    return crc;
}

static void seal(built *file)
{
    fettle_put32(file->bytes + file->size - 4, crc_of(file->bytes, file->size - 4));
}

/* `content` bytes, `extra` unknown ones, and the sixteen that are known. */
static built build(size_t content, size_t extra, uint16_t bcdDFU)
{
    built file = {.size = content + extra + SUFFIX};
    uint8_t *last = file.bytes + content + extra;
    assert_true(file.size <= ROOM);
    for (size_t i = 0; i < content + extra; i++) {
        file.bytes[i] = (uint8_t)(i * 31 + 5);
    }
    fettle_put16(last + 0, 0x0123);
    fettle_put16(last + 2, 0xF014);
    fettle_put16(last + 4, 0x04D8);
    fettle_put16(last + 6, bcdDFU);
    memcpy(last + 8, "UFD", 3);
    last[11] = (uint8_t)(SUFFIX + extra);
    seal(&file);
    return file;
}

static fettle_image *image_of(const built *file, const char *name, unsigned flags,
                              fettle_error *err)
{
    *err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_image_new(name, (fettle_span){file->bytes, file->size}, flags, err);
}

static fettle_code refusal_of(const built *file, const char *name, unsigned flags)
{
    fettle_error err;
    assert_null(image_of(file, name, flags, &err));
    assert_int_not_equal(FETTLE_E_NONE, err.code);
    assert_non_null(err.hint);
    return err.code;
}

static void assert_content(const fettle_image *image, const built *file, size_t size)
{
    assert_non_null(image);
    assert_int_equal(FETTLE_IMAGE_DFU, image->format);
    assert_true(image->has_suffix);
    assert_int_equal(file->size, image->file.size);
    assert_int_equal(1, image->region_count);
    assert_false(image->regions[0].has_address);
    assert_int_equal(size, image->regions[0].data.size);
    assert_memory_equal(file->bytes, image->regions[0].data.data, size);
}

static void test_every_field(void **state)
{
    (void)state;
    static const uint16_t versions[] = {0x0100, 0x0110};
    static const char *const names[] = {"a.dfu", "a.DFU", "folder/b.Dfu",
                                        ".dfu",  "a.bin", "a"};
    for (size_t i = 0; i < 2 * sizeof names / sizeof names[0]; i++) {
        built file = build(100, 0, versions[i % 2]);
        fettle_error err;
        fettle_image *image = image_of(&file, names[i / 2], 0, &err);
        assert_content(image, &file, 100);
        assert_int_equal(0x0123, image->suffix.bcdDevice);
        assert_int_equal(0xF014, image->suffix.idProduct);
        assert_int_equal(0x04D8, image->suffix.idVendor);
        assert_int_equal(versions[i % 2], image->suffix.bcdDFU);
        assert_int_equal(16, image->suffix.bLength);
        assert_int_equal(crc_of(file.bytes, 112), image->suffix.dwCRC);
        assert_int_equal(image->suffix.dwCRC, image->suffix.computed);
        assert_true(image->suffix.is_intact);
        assert_false(image->suffix.leaves_suffix_out);
        assert_int_equal(FETTLE_PREFIX_NONE, image->prefix);
        fettle_image_free(image);
    }
}

static void test_wildcards_stay_what_they_are(void **state)
{
    (void)state;
    built file = build(20, 0, 0x0100);
    fettle_error err;
    memset(file.bytes + 20, 0xFF, 6);
    seal(&file);
    fettle_image *image = image_of(&file, "a.dfu", 0, &err);
    assert_content(image, &file, 20);
    assert_int_equal(0xFFFF, image->suffix.bcdDevice);
    assert_int_equal(0xFFFF, image->suffix.idProduct);
    assert_int_equal(0xFFFF, image->suffix.idVendor);
    fettle_image_free(image);
}

static void test_longer_suffixes(void **state)
{
    (void)state;
    for (size_t extra = 0; SUFFIX + extra <= 255; extra++) {
        built file = build(33, extra, 0x0110);
        fettle_error err;
        fettle_image *image = image_of(&file, "a.dfu", 0, &err);
        assert_content(image, &file, 33);
        assert_int_equal(SUFFIX + extra, image->suffix.bLength);
        assert_int_equal(0x04D8, image->suffix.idVendor);
        fettle_image_free(image);
    }
}

/* An unknown version and a longer suffix, not named .dfu: the checksum alone tells. */
static void test_a_right_checksum_is_enough(void **state)
{
    (void)state;
    built file = build(33, 4, 0x0120);
    fettle_error err;
    fettle_image *image = image_of(&file, "a.bin", 0, &err);
    assert_content(image, &file, 33);
    assert_int_equal(0x0120, image->suffix.bcdDFU);
    fettle_image_free(image);
    fettle_put32(file.bytes + file.size - 4, crc_of(file.bytes, 33));
    assert_int_equal(FETTLE_E_FILE_DAMAGED, refusal_of(&file, "a.bin", 0));
}

static void test_random_files_there_and_back(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int round = 0; round < 2000; round++) {
        size_t content = 1 + next_random(&seed) % 300, extra = next_random(&seed) % 240;
        built file = build(content, extra, round % 2 != 0 ? 0x0100 : 0x0110);
        fettle_error err;
        for (size_t i = 0; i < content + extra + 6; i++) {
            file.bytes[i] = (uint8_t)next_random(&seed);
        }
        seal(&file);
        fettle_image *image = image_of(&file, "a.bin", 0, &err);
        assert_content(image, &file, content);
        assert_int_equal(fettle_get16(file.bytes + file.size - 12), image->suffix.idVendor);
        fettle_image_free(image);
    }
}

static void test_every_truncation(void **state)
{
    (void)state;
    built file = build(60, 0, 0x0100);
    for (file.size = 75; file.size > 0; file.size--) {
        assert_int_equal(FETTLE_E_FILE_CUT, refusal_of(&file, "a.dfu", 0));
        assert_int_equal(FETTLE_E_FILE_CUT,
                         refusal_of(&file, "a.dfu", FETTLE_IMAGE_ACCEPT_DAMAGED));
    }
    assert_int_equal(FETTLE_E_FILE_EMPTY, refusal_of(&file, "a.dfu", 0));
}

/* Also cut at its beginning: then the signature is in its place, and the checksum tells. */
static void test_every_truncation_at_the_front(void **state)
{
    (void)state;
    built whole = build(60, 0, 0x0100);
    for (size_t cut = 1; cut < 60; cut++) {
        built file = {.size = whole.size - cut};
        memcpy(file.bytes, whole.bytes + cut, file.size);
        assert_int_equal(FETTLE_E_FILE_DAMAGED, refusal_of(&file, "a.dfu", 0));
        assert_int_equal(FETTLE_E_FILE_DAMAGED, refusal_of(&file, "a.bin", 0));
    }
}

static fettle_code expected_for(size_t at, size_t size, uint8_t bLength)
{
    if (at >= size - 8 && at < size - 5) {
        return FETTLE_E_FILE_CUT;
    }
    bool is_nonsense = bLength < SUFFIX || bLength > size;
    return is_nonsense ? FETTLE_E_FILE_BAD_SUFFIX : FETTLE_E_FILE_DAMAGED;
}

static void test_every_change_of_a_byte(void **state)
{
    (void)state;
    built good = build(44, 0, 0x0110);
    for (size_t at = 0; at < good.size; at++) {
        for (unsigned change = 1; change < 256; change++) {
            built file = good;
            file.bytes[at] ^= (uint8_t)change;
            fettle_code expected = expected_for(at, file.size, file.bytes[file.size - 5]);
            assert_int_equal(expected, refusal_of(&file, "a.dfu", 0));
            if (expected != FETTLE_E_FILE_CUT) { /* its name isn't needed to know better */
                assert_int_equal(expected, refusal_of(&file, "a.bin", 0));
            }
        }
    }
}

static void test_the_message_of_a_damaged_file(void **state)
{
    (void)state;
    built file = build(44, 0, 0x0110);
    char expected[200] =
        "the file is damaged: its checksum is 0x12345678, its content makes 0x";
    fettle_error err;
    fettle_text_append_hex(expected, sizeof expected,
                           fettle_get32(file.bytes + file.size - 4), 8);
    fettle_put32(file.bytes + file.size - 4, 0x12345678);
    assert_null(image_of(&file, "a.dfu", 0, &err));
    assert_string_equal(expected, err.message);
    assert_int_equal(9, fettle_code_exit_status(err.code));
}

/* The content is sent, also a changed one; the suffix never. */
static void test_damaged_and_accepted(void **state)
{
    (void)state;
    for (size_t extra = 0; extra <= 40; extra += 20) {
        built file = build(44, extra, 0x0110);
        fettle_error err;
        file.bytes[7] ^= 0x10;
        fettle_image *image = image_of(&file, "a.dfu", FETTLE_IMAGE_ACCEPT_DAMAGED, &err);
        assert_content(image, &file, 44);
        assert_false(image->suffix.is_intact);
        assert_false(image->suffix.leaves_suffix_out);
        assert_int_equal(crc_of(file.bytes, file.size - 4), image->suffix.computed);
        fettle_image_free(image);
    }
}

static void test_a_good_file_accepted_is_still_good(void **state)
{
    (void)state;
    built file = build(44, 0, 0x0110);
    fettle_error err;
    fettle_image *image = image_of(&file, "a.dfu", FETTLE_IMAGE_ACCEPT_DAMAGED, &err);
    assert_content(image, &file, 44);
    assert_true(image->suffix.is_intact);
    fettle_image_free(image);
}

static void test_a_checksum_that_leaves_the_suffix_out(void **state)
{
    (void)state;
    for (size_t extra = 0; extra <= 8; extra += 8) {
        built file = build(44, extra, 0x0110);
        fettle_error err;
        fettle_put32(file.bytes + file.size - 4, crc_of(file.bytes, 44));
        assert_null(image_of(&file, "a.bin", 0, &err));
        assert_int_equal(FETTLE_E_FILE_DAMAGED, err.code);
        assert_non_null(strstr(err.message, "the content itself is whole"));
        assert_non_null(strstr(err.message, "XMOS"));
        assert_int_equal(')', err.message[strlen(err.message) - 1]);
        fettle_image *image = image_of(&file, "a.dfu", FETTLE_IMAGE_ACCEPT_DAMAGED, &err);
        assert_content(image, &file, 44);
        assert_false(image->suffix.is_intact);
        assert_true(image->suffix.leaves_suffix_out);
        fettle_image_free(image);
    }
}

static void test_nothing_but_a_suffix(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 240; extra += 17) {
        built file = build(0, extra, 0x0100);
        assert_int_equal(FETTLE_E_FILE_EMPTY, refusal_of(&file, "a.dfu", 0));
        assert_int_equal(FETTLE_E_FILE_EMPTY, refusal_of(&file, "a.bin", 0));
    }
}

/* Lengths that can't be, although the checksum is right. */
static void test_lengths_that_make_no_sense(void **state)
{
    (void)state;
    for (unsigned length = 0; length < 256; length++) {
        built file = build(44, 0, 0x0100);
        file.bytes[file.size - 5] = (uint8_t)length;
        seal(&file);
        if (length < SUFFIX || length > file.size) {
            assert_int_equal(FETTLE_E_FILE_BAD_SUFFIX, refusal_of(&file, "a.dfu", 0));
            assert_int_equal(FETTLE_E_FILE_BAD_SUFFIX,
                             refusal_of(&file, "a.bin", FETTLE_IMAGE_ACCEPT_DAMAGED));
        }
    }
    built file = build(44, 0, 0x0100);
    fettle_error err;
    file.bytes[file.size - 5] = 200;
    assert_null(image_of(&file, "a.dfu", 0, &err));
    assert_string_equal(
        "the DFU suffix of the file makes no sense: its length is 200, and the "
        "whole file has 60 bytes",
        err.message);
    file.bytes[file.size - 5] = 7;
    assert_null(image_of(&file, "a.dfu", 0, &err));
    assert_string_equal(
        "the DFU suffix of the file makes no sense: its length is 7, and no suffix "
        "has less than 16 bytes",
        err.message);
}

/* test_image_dfuse.c has those that are good. */
static void test_dfuse_files_are_told_apart(void **state)
{
    (void)state;
    built file = build(44, 0, 0x011A);
    fettle_error err;
    assert_null(image_of(&file, "a.dfu", 0, &err));
    assert_int_equal(FETTLE_E_FILE_BAD_DFUSE, err.code);
    assert_int_equal(FETTLE_E_FILE_BAD_DFUSE, refusal_of(&file, "a.bin", 0));
    /*
     * Damaged at the very place that says so: the container must not be sent as if it were
     * content.
     */
    memcpy(file.bytes, "DfuSe\x01", 6);
    file.bytes[file.size - 10] = 0x10;
    assert_int_equal(FETTLE_E_FILE_DAMAGED, refusal_of(&file, "a.dfu", 0));
    assert_int_equal(FETTLE_E_FILE_BAD_DFUSE,
                     refusal_of(&file, "a.dfu", FETTLE_IMAGE_ACCEPT_DAMAGED));
}

/* A prefix is content: it is told, and sent. Its length does not count the suffix. */
static void test_a_prefix_in_front_of_a_suffix(void **state)
{
    (void)state;
    static const uint8_t ti[8] = {1, 0, 32, 0, 92, 0, 0, 0};
    built file = build(100, 0, 0x0100);
    fettle_error err;
    memcpy(file.bytes, ti, sizeof ti);
    seal(&file);
    fettle_image *image = image_of(&file, "a.dfu", 0, &err);
    assert_content(image, &file, 100);
    assert_int_equal(FETTLE_PREFIX_TI, image->prefix);
    assert_int_equal(92, image->prefix_length);
    fettle_image_free(image);
}

/* A file of somebody else's make. */
static void test_a_real_file(void **state)
{
    const char *folder = *state;
    static uint8_t bytes[1 << 20];
    char path[1024];
    fettle_error err = {.code = FETTLE_E_NONE};

    (void)snprintf(path, sizeof path, "%s/bluetooth_rxtx.dfu", folder);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        print_message("skipped: there is no %s (package ubertooth-firmware)\n", path);
        skip();
    }
    size_t size = fread(bytes, 1, sizeof bytes, stream);
    assert_true(size > 1000 && size < sizeof bytes);
    assert_int_equal(0, fclose(stream));
    fettle_image *image = fettle_image_new(path, (fettle_span){bytes, size}, 0, &err);
    assert_non_null(image);
    assert_string_equal("bluetooth_rxtx.dfu", image->name);
    assert_int_equal(FETTLE_IMAGE_DFU, image->format);
    assert_true(image->suffix.is_intact);
    assert_int_equal(0x1D50, image->suffix.idVendor);
    assert_int_equal(0x6003, image->suffix.idProduct);
    assert_int_equal(0x0100, image->suffix.bcdDFU);
    assert_int_equal(size - 16, image->regions[0].data.size);
    assert_int_equal(FETTLE_PREFIX_NONE, image->prefix);
    fettle_image_free(image);

    bytes[size / 2] ^= 1;
    assert_null(fettle_image_new(path, (fettle_span){bytes, size}, 0, &err));
    assert_int_equal(FETTLE_E_FILE_DAMAGED, err.code);
}

static char *folder_of(int argc, char **argv)
{
    static char debian[] = "/usr/share/ubertooth/firmware";
    char *named = argc > 1 ? argv[1] : getenv("FETTLE_TEST_UBERTOOTH");

    return named != NULL ? named : debian;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_wildcards_stay_what_they_are),
        cmocka_unit_test(test_longer_suffixes),
        cmocka_unit_test(test_a_right_checksum_is_enough),
        cmocka_unit_test(test_random_files_there_and_back),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_truncation_at_the_front),
        cmocka_unit_test(test_every_change_of_a_byte),
        cmocka_unit_test(test_the_message_of_a_damaged_file),
        cmocka_unit_test(test_damaged_and_accepted),
        cmocka_unit_test(test_a_good_file_accepted_is_still_good),
        cmocka_unit_test(test_a_checksum_that_leaves_the_suffix_out),
        cmocka_unit_test(test_nothing_but_a_suffix),
        cmocka_unit_test(test_lengths_that_make_no_sense),
        cmocka_unit_test(test_dfuse_files_are_told_apart),
        cmocka_unit_test(test_a_prefix_in_front_of_a_suffix),
        cmocka_unit_test_prestate(test_a_real_file, folder_of(argc, argv)),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
