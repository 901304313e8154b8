/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DfuSe files: what the format can hold, what tools get wrong and is accepted, and every way in which a file
 * contradicts itself. Files are built here byte by byte, not by the code that is tested; what that code writes is read
 * back at the end, and given to dfu-suffix by tests/cli/formats.sh.
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
#include "image/image.h"

enum { ROOM = 512 * 1024, PREFIX = 11, TARGET = 274, ELEMENT = 8, SUFFIX = 16 };

/* A file under construction; a target or an element is where it was begun last. */
typedef struct built {
    uint8_t *bytes;
    size_t size, target;
} built;

static uint8_t room[ROOM];

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

static built begin(void)
{
    memset(room, 0, sizeof room);
    memcpy(room, "DfuSe\x01", 6);
    return (built){.bytes = room, .size = PREFIX};
}

static void add_target(built *file, uint8_t alternate, const char *name)
{
    file->target = file->size;
    uint8_t *header = file->bytes + file->size;
    file->size += TARGET;
    assert_true(file->size < ROOM);
    memcpy(header, "Target", 6);
    header[6] = alternate;
    if (name != NULL) {
        header[7] = 1;
        memcpy(header + 11, name, strlen(name) < 255 ? strlen(name) : 255);
    }
    file->bytes[10]++;
}

static void add_element(built *file, uint32_t address, uint32_t size, uint8_t first)
{
    uint8_t *header = file->bytes + file->size;
    uint8_t *target = file->bytes + file->target;
    file->size += ELEMENT + size;
    assert_true(file->size < ROOM);
    fettle_put32(header, address);
    fettle_put32(header + 4, size);
    for (uint32_t i = 0; i < size; i++) {
        header[ELEMENT + i] = (uint8_t)(first + i * 3);
    }
    fettle_put32(target + 266, fettle_get32(target + 266) + ELEMENT + size);
    fettle_put32(target + 270, fettle_get32(target + 270) + 1);
}

static void seal(built *file)
{
    fettle_put32(file->bytes + file->size - 4, crc_of(file->bytes, file->size - 4));
}

static void end(built *file)
{
    uint8_t *last = file->bytes + file->size;
    fettle_put32(file->bytes + 6, (uint32_t)file->size);
    fettle_put16(last, 0x0200);
    fettle_put16(last + 2, 0xDF11);
    fettle_put16(last + 4, 0x0483);
    fettle_put16(last + 6, 0x011A);
    memcpy(last + 8, "UFD\x10", 4);
    file->size += SUFFIX;
    seal(file);
}

static fettle_image *read_as(const built *file, const char *name, unsigned flags,
                             fettle_error *err)
{
    *err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_image_new(name, (fettle_span){file->bytes, file->size}, flags, err);
}

static fettle_image *read_good(const built *file)
{
    fettle_error err;
    fettle_image *image = read_as(file, "a.dfu", 0, &err);
    if (image == NULL) {
        print_message("%s\n", err.message);
    }
    assert_non_null(image);
    assert_int_equal(FETTLE_IMAGE_DFUSE, image->format);
    assert_true(image->has_suffix);
    return image;
}

/* The reason is the text behind the sentence's beginning. */
static void assert_bad(const built *file, const char *reason)
{
    static const char start[] = "the DfuSe file makes no sense: ";
    fettle_error err;
    assert_null(read_as(file, "a.dfu", 0, &err));
    assert_int_equal(FETTLE_E_FILE_BAD_DFUSE, err.code);
    assert_int_equal(9, fettle_code_exit_status(err.code));
    assert_int_equal(0, strncmp(start, err.message, strlen(start)));
    assert_string_equal(reason, err.message + strlen(start));
    assert_null(read_as(file, "a.bin", FETTLE_IMAGE_ACCEPT_DAMAGED, &err));
    assert_int_equal(FETTLE_E_FILE_BAD_DFUSE, err.code);
}

static void assert_region(const fettle_image *image, size_t i, uint8_t alternate,
                          uint32_t address, uint32_t size, uint8_t first)
{
    const fettle_region *region = &image->regions[i];
    assert_true(i < image->region_count);
    assert_true(region->has_address && region->has_alternate);
    assert_int_equal(alternate, region->alternate);
    assert_int_equal(address, region->address);
    assert_int_equal(size, region->data.size);
    for (uint32_t k = 0; k < size; k++) {
        assert_int_equal((uint8_t)(first + k * 3), region->data.data[k]);
    }
}

/* ---- what the format holds ---- */

static void test_one_element(void **state)
{
    (void)state;
    built file = begin();
    add_target(&file, 0, "Internal Flash");
    add_element(&file, 0x08000000, 100, 7);
    end(&file);
    fettle_image *image = read_good(&file);
    assert_int_equal(1, image->region_count);
    assert_ptr_equal(&image->only_region, image->regions);
    assert_region(image, 0, 0, 0x08000000, 100, 7);
    assert_int_equal(0x0483, image->suffix.idVendor);
    assert_int_equal(0xDF11, image->suffix.idProduct);
    assert_int_equal(0x011A, image->suffix.bcdDFU);
    assert_int_equal(1, image->target_count);
    assert_int_equal(0, image->targets[0].alternate);
    assert_string_equal("Internal Flash", image->targets[0].name);
    assert_int_equal(1, image->targets[0].element_count);
    assert_int_equal(FETTLE_DFUSE_SIZE_RIGHT, image->dfuse_size);
    assert_int_equal(FETTLE_PREFIX_NONE, image->prefix);
    assert_int_equal(0, fettle_image_gap_count(image));
    assert_int_equal(100, fettle_image_content_size(image));
    assert_false(image->has_entry);
    assert_string_equal("dfuse", fettle_image_format_name(image->format));
    fettle_image_free(image);
}

/* Targets in any order, two of them for one alternate; elements in any order. */
static void test_order_and_targets(void **state)
{
    (void)state;
    built file = begin();
    add_target(&file, 2, "Option Bytes");
    add_element(&file, 0x1FFFC000, 16, 1);
    add_target(&file, 0, "Flash");
    add_element(&file, 0x08010000, 30, 2);
    add_element(&file, 0x08000000, 20, 3);
    add_target(&file, 0, NULL);
    add_element(&file, 0x08004000, 10, 4);
    add_target(&file, 1, "");
    end(&file);
    fettle_image *image = read_good(&file);
    assert_int_equal(4, image->region_count);
    assert_region(image, 0, 0, 0x08000000, 20, 3);
    assert_region(image, 1, 0, 0x08004000, 10, 4);
    assert_region(image, 2, 0, 0x08010000, 30, 2);
    assert_region(image, 3, 2, 0x1FFFC000, 16, 1);
    assert_int_equal(4, image->target_count);
    assert_string_equal("Option Bytes", image->targets[0].name);
    assert_int_equal(2, image->targets[0].alternate);
    assert_string_equal("Flash", image->targets[1].name);
    assert_int_equal(2, image->targets[1].element_count);
    assert_string_equal("", image->targets[2].name);
    assert_int_equal(0, image->targets[2].alternate);
    assert_string_equal("", image->targets[3].name);
    assert_int_equal(0, image->targets[3].element_count);
    assert_int_equal(2, fettle_image_gap_count(image)); /* none between two memories */
    fettle_image_free(image);
}

static void test_elements_that_touch_stay_apart(void **state)
{
    (void)state;
    built file = begin();
    add_target(&file, 0, NULL);
    add_element(&file, 0x08000010, 16, 1);
    add_element(&file, 0x08000000, 16, 2);
    end(&file);
    fettle_image *image = read_good(&file);
    assert_int_equal(2, image->region_count);
    assert_region(image, 0, 0, 0x08000000, 16, 2);
    assert_region(image, 1, 0, 0x08000010, 16, 1);
    assert_int_equal(0, fettle_image_gap_count(image));
    fettle_image_free(image);
}

static void test_empty_elements_are_left_out(void **state)
{
    (void)state;
    built file = begin();
    add_target(&file, 0, NULL);
    add_element(&file, 0x08000004, 0, 0); /* inside of the next one: it claims nothing */
    add_element(&file, 0x08000000, 16, 2);
    add_element(&file, 0xFFFFFFFF, 0, 0);
    end(&file);
    fettle_image *image = read_good(&file);
    assert_int_equal(1, image->region_count);
    assert_region(image, 0, 0, 0x08000000, 16, 2);
    assert_int_equal(3, image->targets[0].element_count);
    fettle_image_free(image);
}

static void test_no_content_at_all(void **state)
{
    (void)state;
    fettle_error err;
    built no_target = begin();
    end(&no_target);
    assert_null(read_as(&no_target, "a.dfu", 0, &err));
    assert_int_equal(FETTLE_E_FILE_EMPTY, err.code);

    built no_element = begin();
    add_target(&no_element, 0, "x");
    end(&no_element);
    assert_null(read_as(&no_element, "a.dfu", 0, &err));
    assert_int_equal(FETTLE_E_FILE_EMPTY, err.code);

    built no_byte = begin();
    add_target(&no_byte, 0, "x");
    add_element(&no_byte, 0, 0, 0);
    end(&no_byte);
    assert_null(read_as(&no_byte, "a.dfu", 0, &err));
    assert_int_equal(FETTLE_E_FILE_EMPTY, err.code);
}

static void test_names(void **state)
{
    (void)state;
    char full[300];
    memset(full, 'n', sizeof full - 1);
    full[sizeof full - 1] = '\0';
    built file = begin();
    add_target(&file, 0, full); /* 255 bytes and no end */
    add_element(&file, 0, 1, 1);
    add_target(&file, 1, "x\x1b[31m\xff");
    add_target(&file, 2, "said not to be there");
    file.bytes[file.target + 7] = 0;
    end(&file);
    fettle_image *image = read_good(&file);
    assert_int_equal(255, strlen(image->targets[0].name));
    assert_memory_equal(full, image->targets[0].name, 255);
    assert_string_equal("x\x1b[31m\xff", image->targets[1].name); /* as it is */
    assert_string_equal("", image->targets[2].name);
    fettle_image_free(image);
}

static void test_the_last_address(void **state)
{
    (void)state;
    built file = begin();
    add_target(&file, 0, NULL);
    add_element(&file, 0xFFFFFFF0, 16, 1);
    end(&file);
    fettle_image *image = read_good(&file);
    assert_region(image, 0, 0, 0xFFFFFFF0, 16, 1);
    fettle_image_free(image);

    built beyond = begin();
    add_target(&beyond, 0, NULL);
    add_element(&beyond, 0xFFFFFFF1, 16, 1);
    end(&beyond);
    assert_bad(
        &beyond,
        "its element at 0xfffffff1 has 16 bytes, and no address is above 0xffffffff");
}

/* ---- three ways to count ---- */

static void test_size_conventions(void **state)
{
    (void)state;
    built file = begin();
    add_target(&file, 0, NULL);
    add_element(&file, 0x08000000, 64, 1);
    end(&file);
    const struct {
        uint32_t says;
        fettle_dfuse_size expected;
        const char *name;
    } cases[] = {
        {(uint32_t)file.size - SUFFIX, FETTLE_DFUSE_SIZE_RIGHT, "right"},
        {(uint32_t)file.size, FETTLE_DFUSE_SIZE_WITH_SUFFIX, "with-suffix"},
        {0, FETTLE_DFUSE_SIZE_ZERO, "zero"},
    };
    for (size_t i = 0; i < 3; i++) {
        fettle_put32(file.bytes + 6, cases[i].says);
        seal(&file);
        fettle_image *image = read_good(&file);
        assert_int_equal(cases[i].expected, image->dfuse_size);
        assert_string_equal(cases[i].name, fettle_dfuse_size_name(image->dfuse_size));
        assert_region(image, 0, 0, 0x08000000, 64, 1);
        fettle_image_free(image);
    }
    fettle_put32(file.bytes + 6, (uint32_t)file.size - SUFFIX + 1);
    seal(&file);
    assert_bad(&file, "it says that it has 358 bytes, and has 357");
    fettle_put32(file.bytes + 6, UINT32_MAX);
    seal(&file);
    assert_bad(&file, "it says that it has 4294967295 bytes, and has 357");
}

/* A suffix that has grown is no part of the content either. */
static void test_a_longer_suffix(void **state)
{
    (void)state;
    built file = begin();
    add_target(&file, 0, NULL);
    add_element(&file, 0x08000000, 64, 1);
    end(&file);
    uint8_t *suffix = file.bytes + file.size - SUFFIX;
    memmove(suffix + 4, suffix, SUFFIX);
    memcpy(suffix, "more", 4);
    suffix[4 + 11] = SUFFIX + 4;
    file.size += 4;
    seal(&file);
    fettle_image *image = read_good(&file);
    assert_int_equal(FETTLE_DFUSE_SIZE_RIGHT, image->dfuse_size);
    assert_region(image, 0, 0, 0x08000000, 64, 1);
    fettle_image_free(image);
}

/* ---- what contradicts itself ---- */

static built ordinary(void)
{
    built file = begin();
    add_target(&file, 0, "Flash");
    add_element(&file, 0x08000000, 64, 1);
    add_element(&file, 0x08001000, 32, 2);
    end(&file);
    return file;
}

static void test_sizes_that_disagree(void **state)
{
    (void)state;
    built file = ordinary();
    uint8_t *target = file.bytes + PREFIX;
    fettle_put32(target + 266, 113);
    seal(&file);
    assert_bad(&file, "its target 1 says that it has 113 bytes, and its elements have 112");

    file = ordinary();
    fettle_put32(target + 270, 3);
    seal(&file);
    assert_bad(&file, "it ends in the middle of an element");

    file = ordinary();
    fettle_put32(target + 270, 1);
    fettle_put32(target + 266, ELEMENT + 64);
    seal(&file);
    assert_bad(&file, "40 bytes are left behind its last target");

    file = ordinary();
    file.bytes[10] = 2;
    seal(&file);
    assert_bad(&file, "it ends in the middle of its target 2");

    file = ordinary();
    fettle_put32(target + TARGET + 4, 105); /* 64 + 8 + 32 are left */
    seal(&file);
    assert_bad(&file,
               "its element at 0x08000000 says that it has 105 bytes, and only 104 are "
               "left");
    fettle_put32(target + TARGET + 4, 0xFFFFFFF8); /* and its header make nothing at all */
    seal(&file);
    assert_bad(&file,
               "its element at 0x08000000 says that it has 4294967288 bytes, and only 104 "
               "are left");

    file = ordinary();
    target[0] = 't';
    seal(&file);
    assert_bad(&file, "its target 1 does not begin as a target does");
}

static void test_beginnings(void **state)
{
    (void)state;
    built file = ordinary();
    file.bytes[5] = 2;
    seal(&file);
    assert_bad(&file, "it has version 2 of the format, and only 1 is known");
    file.bytes[0] = 'd';
    seal(&file);
    assert_bad(&file, "its content does not begin as DfuSe does");
}

static void test_overlap(void **state)
{
    (void)state;
    built file = begin();
    add_target(&file, 1, NULL);
    add_element(&file, 0x0800003F, 16, 1);
    add_target(&file, 0, NULL);
    add_element(&file, 0x0800003F, 16, 1);
    add_element(&file, 0x08000000, 64, 1);
    end(&file);
    assert_bad(&file,
               "for alternate setting 0 it has content at 0x08000000 to 0x0800003f and at "
               "0x0800003f to 0x0800004e");
    /* In two memories an address is two addresses. */
    built apart = begin();
    add_target(&apart, 1, NULL);
    add_element(&apart, 0x08000000, 64, 1);
    add_target(&apart, 0, NULL);
    add_element(&apart, 0x08000000, 64, 1);
    end(&apart);
    fettle_image *image = read_good(&apart);
    assert_int_equal(2, image->region_count);
    fettle_image_free(image);
    /* Equal bytes are no excuse. */
    built twice = begin();
    add_target(&twice, 7, NULL);
    add_element(&twice, 0, 1, 1);
    add_target(&twice, 7, NULL);
    add_element(&twice, 0, 1, 1);
    end(&twice);
    assert_bad(&twice,
               "for alternate setting 7 it has content at 0x00000000 to 0x00000000 and at "
               "0x00000000 to 0x00000000");
}

static void test_too_many_elements(void **state)
{
    (void)state;
    built file = begin();
    add_target(&file, 0, NULL);
    for (uint32_t i = 0; i < 9999; i++) {
        add_element(&file, i * 2, 1, 1);
    }
    add_target(&file, 0, NULL);
    add_element(&file, 0x20000, 1, 1);
    size_t size = file.size;
    end(&file);
    fettle_image *image = read_good(&file);
    assert_int_equal(10000, image->region_count);
    fettle_image_free(image);
    file.size = size;
    add_element(&file, 0x20002, 1, 1);
    end(&file);
    assert_bad(&file, "up to its target 2 it has 10001 elements, and fettle takes 10000");
    fettle_put32(file.bytes + file.target + 270, UINT32_MAX);
    seal(&file);
    assert_bad(&file,
               "up to its target 2 it has 4294977294 elements, and fettle takes 10000");
}

static void test_most_targets(void **state)
{
    (void)state;
    built file = begin();
    for (unsigned i = 0; i < 255; i++) {
        add_target(&file, (uint8_t)(255 - i), "n");
        add_element(&file, i, 1, (uint8_t)i);
    }
    end(&file);
    fettle_image *image = read_good(&file);
    assert_int_equal(255, image->region_count);
    assert_int_equal(255, image->target_count);
    assert_int_equal(1, image->regions[0].alternate);
    assert_int_equal(255, image->regions[254].alternate);
    fettle_image_free(image);
}

/* ---- damaged and cut ---- */

static void test_every_truncation(void **state)
{
    (void)state;
    built file = ordinary();
    for (size_t size = 1; size < file.size; size++) {
        fettle_error err;
        built cut = {.bytes = file.bytes, .size = size};
        assert_null(read_as(&cut, "a.dfu", 0, &err));
        assert_true(err.code == FETTLE_E_FILE_CUT || err.code == FETTLE_E_FILE_BAD_DFUSE);
        if (size >= PREFIX + 6) { /* under any name: "DfuSe", 1, "Target" */
            assert_null(read_as(&cut, "a.bin", 0, &err));
            assert_int_equal(FETTLE_E_FILE_BAD_DFUSE, err.code);
        }
    }
}

static void test_every_change_of_a_byte(void **state)
{
    (void)state;
    built file = ordinary();
    for (size_t at = 0; at < file.size; at++) {
        fettle_error err;
        file.bytes[at] ^= 0x40;
        assert_null(read_as(&file, "a.dfu", 0, &err));
        assert_int_not_equal(FETTLE_E_NONE, err.code);
        /* Accepted, it is read as a container or not at all. */
        fettle_image *image = read_as(&file, "a.dfu", FETTLE_IMAGE_ACCEPT_DAMAGED, &err);
        if (image != NULL) {
            assert_int_equal(FETTLE_IMAGE_DFUSE, image->format);
            assert_true(at > 10);
            fettle_image_free(image);
        }
        file.bytes[at] ^= 0x40;
    }
}

static void test_damaged_and_accepted(void **state)
{
    (void)state;
    built file = ordinary();
    fettle_error err;
    file.bytes[PREFIX + TARGET + ELEMENT + 5] ^= 1;
    assert_null(read_as(&file, "a.dfu", 0, &err));
    assert_int_equal(FETTLE_E_FILE_DAMAGED, err.code);
    fettle_image *image = read_as(&file, "a.dfu", FETTLE_IMAGE_ACCEPT_DAMAGED, &err);
    assert_non_null(image);
    assert_false(image->suffix.is_intact);
    assert_int_equal(2, image->region_count);
    fettle_image_free(image);
}

/* The letters alone, in raw firmware, are nobody's container. */
static void test_innocent_letters(void **state)
{
    (void)state;
    uint8_t bytes[64] = "DfuSe\x01....";
    fettle_error err;
    built file = {.bytes = bytes, .size = sizeof bytes};
    fettle_image *image = read_as(&file, "a.bin", 0, &err);
    assert_non_null(image);
    assert_int_equal(FETTLE_IMAGE_RAW, image->format);
    fettle_image_free(image);
    assert_null(read_as(&file, "a.DFU", 0, &err));
    assert_int_equal(FETTLE_E_FILE_BAD_DFUSE, err.code);
    assert_non_null(strstr(err.message, "no DFU suffix at its end"));
}

static void test_every_request_for_memory_may_fail(void **state)
{
    (void)state;
    built file = ordinary();
    fettle_image *image = NULL;
    fettle_error err;
    unsigned long nth = 0;
    while (image == NULL) {
        fettle_alloc_fail_at(++nth);
        image = read_as(&file, "a.dfu", 0, &err);
        assert_int_equal(image != NULL ? FETTLE_E_NONE : FETTLE_E_NO_MEMORY, err.code);
    }
    fettle_alloc_fail_at(0);
    assert_int_equal(4, nth);
    fettle_image_free(image);
}

/* ---- writing ---- */

static const fettle_suffix ids = {
    .bcdDevice = 0x0200, .idProduct = 0xDF11, .idVendor = 0x0483};

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

/* To the byte what the builder above makes. */
static void test_written_as_built(void **state)
{
    (void)state;
    built file = begin();
    add_target(&file, 0, "Flash");
    add_element(&file, 0x08000000, 64, 1);
    add_element(&file, 0x08001000, 32, 2);
    add_target(&file, 3, NULL);
    add_element(&file, 0x1FFF7800, 48, 9);
    end(&file);
    fettle_image *image = read_good(&file);
    uint8_t *out = NULL;
    size_t size = 0;
    fettle_error err;
    assert_true(fettle_image_write_dfuse(image, &ids, &out, &size, &err));
    assert_int_equal(file.size, size);
    assert_memory_equal(file.bytes, out, size);
    fettle_free(out);
    fettle_image_free(image);
}

static void test_random_files_there_and_back(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (int round = 0; round < 300; round++) {
        built file = begin();
        unsigned targets = 1 + (unsigned)(next_random(&seed) % 4);
        for (unsigned t = 0; t < targets; t++) {
            add_target(&file, (uint8_t)(next_random(&seed) % 3), t % 2 == 0 ? "T" : NULL);
            unsigned elements = 1 + (unsigned)(next_random(&seed) % 5);
            for (unsigned e = 0; e < elements; e++) {
                add_element(&file, 0x10000 * t + 0x1000 * (7 - e),
                            1 + (uint32_t)(next_random(&seed) % 0x1000), (uint8_t)e);
            }
        }
        end(&file);
        fettle_image *image = read_good(&file);
        uint8_t *out = NULL;
        size_t size = 0;
        fettle_error err;
        assert_true(fettle_image_write_dfuse(image, &ids, &out, &size, &err));
        fettle_image *again = fettle_image_new("b.dfu", (fettle_span){out, size}, 0, &err);
        assert_non_null(again);
        assert_int_equal(FETTLE_DFUSE_SIZE_RIGHT, again->dfuse_size);
        assert_int_equal(image->region_count, again->region_count);
        for (size_t i = 0; i < image->region_count; i++) {
            const fettle_region *a = &image->regions[i], *b = &again->regions[i];
            assert_int_equal(a->alternate, b->alternate);
            assert_int_equal(a->address, b->address);
            assert_int_equal(a->data.size, b->data.size);
            assert_memory_equal(a->data.data, b->data.data, a->data.size);
        }
        fettle_free(out);
        fettle_image_free(again);
        fettle_image_free(image);
    }
}

/* More pieces than a reader takes: made of a HEX file, which may have more. */
static void test_too_many_to_be_written(void **state)
{
    (void)state;
    static char text[10001 * 40];
    size_t used = 0;
    for (unsigned i = 0; i < 10001; i++) {
        unsigned address = i * 2, sum = 1 + (address >> 8) + (address & 0xFF);
        used += (size_t)snprintf(text + used, sizeof text - used, ":01%04X0000%02X\n",
                                 address, (0x10000 - sum) & 0xFF);
    }
    used += (size_t)snprintf(text + used, sizeof text - used, ":00000001FF\n");
    fettle_error err;
    fettle_image *image =
        fettle_image_new("a.hex", (fettle_span){(const uint8_t *)text, used}, 0, &err);
    assert_non_null(image);
    assert_int_equal(10001, image->region_count);
    uint8_t *out = NULL;
    size_t size = 0;
    assert_false(fettle_image_write_dfuse(image, &ids, &out, &size, &err));
    assert_int_equal(FETTLE_E_FILE_TOO_SCATTERED, err.code);
    assert_string_equal(
        "the content is in 10001 pieces with gaps between them, more than the "
        "10000 that fettle takes",
        err.message);
    fettle_image_free(image);
}

static void test_what_cannot_be_written(void **state)
{
    (void)state;
    static const uint8_t raw[] = {1, 2, 3};
    fettle_error err;
    uint8_t *out = NULL;
    size_t size = 1;
    fettle_image *image =
        fettle_image_new("raw.bin", (fettle_span){raw, sizeof raw}, 0, &err);
    assert_false(fettle_image_write_dfuse(image, &ids, &out, &size, &err));
    assert_int_equal(FETTLE_E_FILE_NEEDS_ADDRESS, err.code);
    assert_string_equal("raw.bin doesn't say at which address it goes", err.message);
    assert_null(out);
    assert_int_equal(0, size);
    fettle_image_free(image);

    built file = ordinary();
    image = read_good(&file);
    fettle_alloc_fail_at(1);
    assert_false(fettle_image_write_dfuse(image, &ids, &out, &size, &err));
    fettle_alloc_fail_at(0);
    assert_int_equal(FETTLE_E_NO_MEMORY, err.code);
    fettle_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_element),
        cmocka_unit_test(test_order_and_targets),
        cmocka_unit_test(test_elements_that_touch_stay_apart),
        cmocka_unit_test(test_empty_elements_are_left_out),
        cmocka_unit_test(test_no_content_at_all),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_the_last_address),
        cmocka_unit_test(test_size_conventions),
        cmocka_unit_test(test_a_longer_suffix),
        cmocka_unit_test(test_sizes_that_disagree),
        cmocka_unit_test(test_beginnings),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_too_many_elements),
        cmocka_unit_test(test_most_targets),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_change_of_a_byte),
        cmocka_unit_test(test_damaged_and_accepted),
        cmocka_unit_test(test_innocent_letters),
        cmocka_unit_test(test_every_request_for_memory_may_fail),
        cmocka_unit_test(test_written_as_built),
        cmocka_unit_test(test_random_files_there_and_back),
        cmocka_unit_test(test_too_many_to_be_written),
        cmocka_unit_test(test_what_cannot_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
