/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images for ESP chips: every field, both ends, each refusal; headers that are changed; what is in a piece of flash; merged
 * files as regions and pieces. Images are made by tests/tools/esp_make.h.
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
#include "image/esp_content.h"
#include "image/image.h"
#include "tests/tools/esp_make.h"

enum { ROOM = 512 * 1024 };

static uint8_t room[ROOM];
static esp_writer file;
static fettle_esp_image image;
static fettle_error err;

static const esp_make app = {
    .kind = ESP_MAKE_APP,
    .chip_id = 9,
    .min_full = 1,
    .max_full = 199,
    .mode = 2,
    .size_frequency = 0x2F,
    .has_hash = true,
    .version = "v1.2.3-0123456789-0123456789-0123", /* 33 bytes: cut at 32, and no NUL */
    .project = "blink",
    .idf = "v5.3.1",
    .code = 5000,
};

static const esp_make loader = {
    .kind = ESP_MAKE_LOADER,
    .chip_id = 0,
    .max_full = 65535,
    .mode = 2,
    .size_frequency = 0x20,
    .has_hash = true,
    .idf = "v5.3.1",
    .code = 7000,
};

static void begin(void)
{
    memset(room, 0xA5, sizeof room);
    file = (esp_writer){.bytes = room, .room = sizeof room};
    err = (fettle_error){.code = FETTLE_E_NONE};
}

static fettle_span made(void)
{
    return (fettle_span){room, file.size};
}

static void make(const esp_make *wish)
{
    begin();
    esp_put_image(&file, wish);
}

static void assert_read(void)
{
    bool is_good = fettle_esp_image_read(&image, made(), false, &err);
    if (!is_good) {
        print_message("%s\n", err.message);
    }
    assert_true(is_good);
    assert_true(image.is_intact);
}

static void assert_refused(fettle_code code, const char *message)
{
    assert_false(fettle_esp_image_read(&image, made(), false, &err));
    assert_string_equal(message, err.message);
    assert_int_equal(code, err.code);
    assert_int_equal(9, fettle_code_exit_status(code));
}

/* ---- fields ---- */

static void reads_an_application(void **state)
{
    (void)state;
    make(&app);
    assert_read();
    assert_int_equal(FETTLE_ESP_FORM_ESP32, image.form);
    assert_int_equal(FETTLE_ESP_APPLICATION, image.content);
    assert_int_equal(9, image.chip_id);
    assert_int_equal(1, image.min_revision);
    assert_int_equal(199, image.max_revision);
    assert_int_equal(2, image.mode_code);
    assert_int_equal(2, image.size_code);
    assert_int_equal(0xF, image.frequency_code);
    assert_int_equal(0x40081234, image.entry);
    assert_int_equal(2, image.segment_count);
    assert_int_equal(0x3F400020, image.segments[0].address);
    assert_int_equal(32, image.segments[0].offset);
    assert_int_equal(512, image.segments[0].size);
    assert_int_equal(0x40080000, image.segments[1].address);
    assert_int_equal(32 + 512 + 8, image.segments[1].offset);
    assert_int_equal(5000, image.segments[1].size);
    assert_true(image.has_app);
    assert_false(image.has_bootloader);
    assert_int_equal(7, image.secure_version);
    assert_string_equal("v1.2.3-0123456789-0123456789-012", image.version);
    assert_string_equal("blink", image.project);
    assert_string_equal("v5.3.1", image.idf);
    assert_string_equal("12:34:56", image.time);
    assert_string_equal("Jan  2 2025", image.date);
    assert_true(image.has_hash);
    assert_int_equal(file.size, image.size);
}

static void reads_a_bootloader(void **state)
{
    (void)state;
    make(&loader);
    assert_read();
    assert_int_equal(FETTLE_ESP_BOOTLOADER, image.content);
    assert_true(image.has_bootloader);
    assert_int_equal(3, image.loader_version);
    assert_string_equal("v5.3.1", image.idf);
    assert_string_equal("Jan  2 2025 12:34:56", image.date);
    assert_string_equal("", image.version);
}

static void tells_old_images_by_their_segments(void **state)
{
    (void)state;
    esp_make old = app;
    old.kind = ESP_MAKE_OLD_APP;
    make(&old);
    assert_read();
    assert_false(image.has_app);
    assert_int_equal(FETTLE_ESP_APPLICATION, image.content);
    old.kind = ESP_MAKE_OLD_LOADER;
    make(&old);
    assert_read();
    assert_int_equal(FETTLE_ESP_BOOTLOADER, image.content);
}

static void reads_an_esp8266_image(void **state)
{
    (void)state;
    esp_make small = {.is_esp8266 = true, .code = 1000, .mode = 3, .size_frequency = 0x40};
    make(&small);
    assert_read();
    assert_int_equal(FETTLE_ESP_FORM_ESP8266, image.form);
    assert_true(fettle_esp_image_is_esp8266(&image));
    assert_int_equal(FETTLE_ESP_APPLICATION, image.content);
    assert_int_equal(16, image.segments[0].offset);
    assert_int_equal(0x40100004, image.entry);
    assert_false(image.has_hash);
    assert_int_equal(file.size, image.size);
    char chip[32];
    fettle_esp_image_describe_chip(&image, chip, sizeof chip);
    assert_string_equal("ESP8266", chip);
}

/* EA 04, a segment of its own, an image of the first form, a CRC. */
static void make_v2(void)
{
    esp_make inner = {.is_esp8266 = true, .code = 100};
    uint8_t code[64];
    begin();
    const uint8_t header[] = {0xEA, 4, 2, 0x40, 0, 0, 0x10, 0x40};
    esp_put(&file, header, sizeof header);
    esp_fill(code, sizeof code, 1);
    esp_put_segment(&file, 0, code, sizeof code);
    esp_put_image(&file, &inner);
    esp_put_number(&file, 0x12345678, 4);
}

static void reads_the_second_esp8266_form(void **state)
{
    (void)state;
    make_v2();
    assert_read();
    assert_int_equal(FETTLE_ESP_FORM_ESP8266_V2, image.form);
    assert_int_equal(3, image.segment_count);
    assert_int_equal(16, image.segments[0].offset);
    assert_int_equal(0x40100004, image.entry);
    assert_int_equal(file.size, image.size);
    room[17] ^= 1; /* of the segment that no checksum covers */
    assert_read();
    room[16 + 64] = 0xE8;
    assert_refused(FETTLE_E_FILE_BAD_ESP,
                   "the image for an ESP chip makes no sense: behind its first segment, at "
                   "0x00000050, is no second header");
}

static void follows_the_rule_for_revisions(void **state)
{
    (void)state;
    static const struct {
        uint16_t chip_id, min_full, max_full, min, max;
        uint8_t min_rev;
    } cases[] = {
        {0, 0, 0, 300, 0xFFFF, 3},      /* old: a major one */
        {5, 0, 0, 3, 0xFFFF, 3},        /* of the C3 a minor one */
        {0, 0, 0xFFFF, 300, 0xFFFF, 3}, /* the new field isn't filled in */
        {0, 101, 0xFFFF, 101, 0xFFFF, 3}, {0, 0, 399, 0, 399, 3},
        {0, 0, 0xFFFF, 0, 0xFFFF, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        esp_make one = app;
        one.chip_id = cases[i].chip_id;
        one.min_rev = cases[i].min_rev;
        one.min_full = cases[i].min_full;
        one.max_full = cases[i].max_full;
        make(&one);
        assert_read();
        assert_int_equal(cases[i].min, image.min_revision);
        assert_int_equal(cases[i].max, image.max_revision);
    }
}

static void names_chips(void **state)
{
    (void)state;
    assert_string_equal("ESP32-C61", fettle_esp_chip_name(20));
    assert_null(fettle_esp_chip_name(77));
    image = (fettle_esp_image){.chip_id = 77};
    char text[32];
    fettle_esp_image_describe_chip(&image, text, sizeof text);
    assert_string_equal("a chip with id 77", text);
    char word[FETTLE_ESP_CHIP_NAME_SIZE];
    assert_true(fettle_esp_chip_word(word, "ESP32-S3"));
    assert_string_equal("esp32s3", word);
    assert_false(fettle_esp_chip_word(word, "--"));
    assert_false(fettle_esp_chip_word(word, "a chip with quite a name"));
}

/* ---- the end ---- */

static void sees_every_cut(void **state)
{
    (void)state;
    esp_make wishes[3] = {app, app, {.is_esp8266 = true, .code = 700}};
    wishes[0].code = wishes[1].code = 700;
    wishes[1].has_hash = false;
    for (size_t k = 0; k < 3; k++) {
        make(&wishes[k]);
        size_t whole = file.size;
        for (file.size = 16; file.size < whole; file.size++) {
            char exact[80], least[80];
            snprintf(exact, sizeof exact, "the file is incomplete: %zu bytes of %zu",
                     file.size, whole);
            snprintf(least, sizeof least, "the file is incomplete: %zu bytes of at least ",
                     file.size);
            assert_false(fettle_esp_image_read(&image, made(), false, &err));
            assert_int_equal(FETTLE_E_FILE_INCOMPLETE, err.code);
            bool is_at_least = strncmp(err.message, least, strlen(least)) == 0;
            assert_true(is_at_least || strcmp(err.message, exact) == 0);
            /* From the header of the last segment on its size is known. */
            assert_true(is_at_least || file.size >= image.segments[1].offset);
            assert_true(!is_at_least || file.size < image.segments[0].offset + 512 + 8);
        }
    }
}

static void sees_every_change(void **state)
{
    (void)state;
    esp_make small = app;
    small.code = 300;
    make(&small);
    for (size_t i = 32; i < file.size; i++) {
        bool is_segment_header = i >= 32 + 512 && i < 32 + 512 + 8;
        if (is_segment_header) {
            continue; /* another length is another fault */
        }
        room[i] ^= 0x10;
        assert_false(fettle_esp_image_read(&image, made(), false, &err));
        assert_int_equal(FETTLE_E_FILE_DAMAGED, err.code);
        assert_true(fettle_esp_image_read(&image, made(), true, &err));
        assert_false(image.is_intact);
        room[i] ^= 0x10;
    }
    assert_read();
}

static void says_which_checksum(void **state)
{
    (void)state;
    esp_make plain = app;
    plain.has_hash = false;
    make(&plain);
    uint8_t right = room[file.size - 1];
    char text[100];
    room[file.size - 1] = 0x11;
    snprintf(text, sizeof text,
             "the file is damaged: its checksum is 11, its content makes %02x", right);
    assert_refused(FETTLE_E_FILE_DAMAGED, text);
    make(&app);
    memset(room + file.size - 32, 0x22, 32);
    assert_false(fettle_esp_image_read(&image, made(), false, &err));
    assert_non_null(strstr(err.message, "its checksum is SHA-256 2222222222222222..., "));
}

static void leaves_what_follows_alone(void **state)
{
    (void)state;
    make(&app);
    size_t size = file.size;
    esp_put_number(&file, 0xE9, 4);
    assert_read();
    assert_int_equal(size, image.size);
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    make(&app);
    room[28] = 0xFF;
    room[31] = 0x7F; /* length of the first segment */
    assert_refused(FETTLE_E_FILE_BAD_ESP,
                   "the image for an ESP chip makes no sense: a segment for 0x3f400020 has "
                   "2130707199 bytes");
    make(&app);
    room[1] = 17;
    assert_refused(FETTLE_E_FILE_BAD_ESP,
                   "the image for an ESP chip makes no sense: it does not begin with a "
                   "header");
    static const struct {
        size_t at;
        uint8_t byte;
    } not_one[] = {{0, 0xE8}, {1, 0}, {13, 1}, {19, 1}, {22, 1}, {23, 2}};
    for (size_t i = 0; i < sizeof not_one / sizeof not_one[0]; i++) {
        make(&app);
        room[not_one[i].at] = not_one[i].byte;
        assert_false(fettle_esp_image_peek(&image, made()));
    }
}

static void peeks_at_a_head(void **state)
{
    (void)state;
    make(&app);
    assert_true(fettle_esp_image_peek(&image, (fettle_span){room, FETTLE_ESP_HEAD_SIZE}));
    assert_int_equal(FETTLE_ESP_APPLICATION, image.content);
    assert_string_equal("blink", image.project);
    assert_int_equal(0, image.size);
    assert_true(fettle_esp_image_peek(&image, (fettle_span){room, 40}));
    assert_int_equal(9, image.chip_id);
    assert_int_equal(FETTLE_ESP_APPLICATION, image.content); /* by its first segment */
    assert_false(fettle_esp_image_peek(&image, (fettle_span){room, 15}));
    make(&loader);
    assert_true(fettle_esp_image_peek(&image, (fettle_span){room, 40}));
    assert_int_equal(FETTLE_ESP_IMAGE, image.content);
}

/* ---- another header ---- */

static void patches_a_header(void **state)
{
    (void)state;
    make(&loader);
    esp_put_number(&file, 0xCAFE, 4);
    assert_read();
    assert_true(fettle_esp_image_patch(
        &image, room,
        &(fettle_esp_patch){
            .has_mode = true, .mode_code = 3, .has_size = true, .size_code = 4}));
    assert_read(); /* with a SHA-256 that is right again */
    assert_int_equal(3, image.mode_code);
    assert_int_equal(4, image.size_code);
    assert_int_equal(0, image.frequency_code);
    assert_int_equal(0xFE, room[file.size - 4]);
    assert_true(fettle_esp_image_patch(
        &image, room, &(fettle_esp_patch){.has_frequency = true, .frequency_code = 0xF}));
    assert_read();
    assert_int_equal(4, image.size_code);
    assert_int_equal(0xF, image.frequency_code);
}

static void patches_nothing_damaged(void **state)
{
    (void)state;
    make(&loader);
    room[100] ^= 1;
    assert_true(fettle_esp_image_read(&image, made(), true, &err));
    uint8_t before = room[2];
    assert_false(fettle_esp_image_patch(
        &image, room, &(fettle_esp_patch){.has_mode = true, .mode_code = 0}));
    assert_int_equal(before, room[2]);
    make_v2();
    assert_read();
    assert_false(fettle_esp_image_patch(&image, room, &(fettle_esp_patch){0}));
}

static void knows_codes(void **state)
{
    (void)state;
    const fettle_esp_form E32 = FETTLE_ESP_FORM_ESP32, E8266 = FETTLE_ESP_FORM_ESP8266;
    uint8_t code = 99;
    assert_int_equal(4 << 20, fettle_esp_flash_size(E32, 2));
    assert_int_equal(128 << 20, fettle_esp_flash_size(E32, 7));
    assert_int_equal(0, fettle_esp_flash_size(E32, 8));
    assert_int_equal(4 << 20, fettle_esp_flash_size(E8266, 4));
    assert_int_equal(256 << 10, fettle_esp_flash_size(E8266, 1));
    assert_int_equal(16 << 20, fettle_esp_flash_size(E8266, 9));
    assert_true(fettle_esp_flash_size_find(E8266, 4 << 20, &code));
    assert_int_equal(4, code);
    assert_true(fettle_esp_flash_size_find(E32, 16 << 20, &code));
    assert_int_equal(4, code);
    assert_false(fettle_esp_flash_size_find(E32, 3 << 20, &code));
    assert_false(fettle_esp_flash_size_find(E32, 512 << 10, &code));
    assert_int_equal(80, fettle_esp_frequency(E32, 0, 0xF));
    assert_int_equal(26, fettle_esp_frequency(E32, 9, 1));
    assert_int_equal(60, fettle_esp_frequency(E32, 12, 0xF));
    assert_int_equal(24, fettle_esp_frequency(E32, 16, 0));
    assert_int_equal(0, fettle_esp_frequency(E32, 13, 0)); /* both 80 and 40 */
    assert_int_equal(0, fettle_esp_frequency(E32, 0, 3));
    assert_int_equal(40, fettle_esp_frequency(E8266, 13, 0)); /* it has no chip_id */
    assert_true(fettle_esp_frequency_find(E32, 0, 80, &code));
    assert_int_equal(0xF, code);
    assert_false(fettle_esp_frequency_find(E32, 13, 80, &code));
    assert_string_equal("dio", fettle_esp_mode_name(2));
    assert_null(fettle_esp_mode_name(4));
    assert_true(fettle_esp_mode_find("QOUT", &code));
    assert_int_equal(1, code);
    assert_false(fettle_esp_mode_find("fast", &code));
}

/* ---- what is in flash ---- */

static fettle_esp_content content_of(size_t size)
{
    return fettle_esp_content_of((fettle_span){room, size}, NULL);
}

static void blank(void)
{
    begin();
    memset(room, 0xFF, sizeof room);
}

static void recognises_content(void **state)
{
    (void)state;
    enum { HEAD = FETTLE_ESP_CONTENT_HEAD };
    blank();
    assert_int_equal(FETTLE_ESP_BLANK, content_of(HEAD));
    room[5000] = 0;
    assert_int_equal(FETTLE_ESP_UNKNOWN, content_of(HEAD));
    blank();
    esp_put_usual_table(&file);
    assert_int_equal(FETTLE_ESP_TABLE, content_of(HEAD));
    blank();
    memcpy(room, "\xFE\xFF\xFF\xFF\0\0\0\0\xFE", 9);
    assert_int_equal(FETTLE_ESP_NVS, content_of(HEAD));
    room[12] = 0;
    assert_int_equal(FETTLE_ESP_UNKNOWN, content_of(HEAD));
    blank();
    memcpy(room + 4096, "\xFC\xFF\xFF\xFF\1\0\0\0\xFF", 9);
    assert_int_equal(FETTLE_ESP_NVS, content_of(HEAD));
    blank();
    memcpy(room + 8, "littlefs", 8);
    assert_int_equal(FETTLE_ESP_LITTLEFS, content_of(HEAD));
    blank();
    memcpy(room + 4096 + 8, "littlefs", 8);
    assert_int_equal(FETTLE_ESP_LITTLEFS, content_of(HEAD));
    blank();
    memcpy(room, "\xEB\x3C\x90MSDOS5.0\0\x10", 13);
    memcpy(room + 510, "\x55\xAA", 2);
    assert_int_equal(FETTLE_ESP_FAT, content_of(HEAD));
    blank();
    memcpy(room + 0xFC, "\x10\x04", 2); /* 0x0429 ^ 0x39 blocks */
    memcpy(room + 0x10FC, "\x11\x04", 2);
    assert_int_equal(FETTLE_ESP_SPIFFS, content_of(HEAD));
    blank();
    memcpy(room, "\x02\0\0\0", 4);
    memcpy(room + 28, "\x74\x37\xF6\x55", 4);
    assert_int_equal(FETTLE_ESP_OTADATA, content_of(HEAD));
    make(&app);
    assert_int_equal(FETTLE_ESP_APPLICATION,
                     fettle_esp_content_of((fettle_span){room, HEAD}, &image));
    assert_string_equal("blink", image.project);
    assert_int_equal(
        FETTLE_ESP_UNKNOWN,
        fettle_esp_content_of((fettle_span){(const uint8_t *)"abc", 3}, &image));
    assert_string_equal("", image.project);
}

/* ---- files ---- */

static fettle_image *load(const char *name, unsigned flags)
{
    err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_image_new(name, made(), flags, &err);
}

static fettle_image *load_good(const char *name)
{
    fettle_image *loaded = load(name, 0);
    if (loaded == NULL) {
        print_message("%s\n", err.message);
    }
    assert_non_null(loaded);
    return loaded;
}

static void an_application_names_no_address(void **state)
{
    (void)state;
    make(&app);
    esp_put_number(&file, 0, 4); /* what follows is sent as well */
    fettle_image *loaded = load_good("blink.bin");
    assert_int_equal(FETTLE_IMAGE_ESP, loaded->format);
    assert_string_equal("esp", fettle_image_format_name(loaded->format));
    assert_int_equal(1, loaded->region_count);
    assert_false(loaded->regions[0].has_address);
    assert_int_equal(file.size, loaded->regions[0].data.size);
    assert_int_equal(1, loaded->piece_count);
    assert_false(loaded->pieces[0].has_address);
    assert_int_equal(file.size, loaded->pieces[0].size);
    assert_string_equal("blink.bin", loaded->pieces[0].name);
    assert_int_equal(9, loaded->pieces[0].esp.chip_id);
    assert_ptr_equal(&loaded->pieces[0],
                     fettle_image_find_piece(loaded, FETTLE_ESP_APPLICATION));
    assert_null(fettle_image_find_piece(loaded, FETTLE_ESP_BOOTLOADER));
    fettle_image_free(loaded);
}

static void a_damaged_one_is_refused_or_accepted(void **state)
{
    (void)state;
    make(&app);
    room[700] ^= 1;
    assert_null(load("blink.bin", 0));
    assert_int_equal(FETTLE_E_FILE_DAMAGED, err.code);
    fettle_image *loaded = load("blink.bin", FETTLE_IMAGE_ACCEPT_DAMAGED);
    assert_non_null(loaded);
    assert_false(loaded->pieces[0].esp.is_intact);
    fettle_image_free(loaded);
    make(&app);
    file.size = file.size * 6 / 10;
    assert_null(load("blink.bin", FETTLE_IMAGE_ACCEPT_DAMAGED));
    assert_int_equal(FETTLE_E_FILE_INCOMPLETE, err.code);
}

static void both_images_of_an_esp8266_must_be_whole(void **state)
{
    (void)state;
    esp_make boot = {.is_esp8266 = true, .code = 300}, program = boot;
    program.code = 9000;
    make(&boot);
    esp_pad_to(&file, 0x1000);
    esp_put_image(&file, &program);
    fettle_image_free(load_good("sketch.bin"));
    room[0x1800] ^= 1; /* its checksum may be anything */
    fettle_image_free(load_good("sketch.bin"));
    file.size -= 1000;
    assert_null(load("sketch.bin", 0));
    assert_int_equal(FETTLE_E_FILE_INCOMPLETE, err.code);
}

static void what_only_begins_alike_is_raw(void **state)
{
    (void)state;
    begin();
    esp_fill(room, 4096, 5);
    file.size = 4096;
    room[0] = 0xE9;
    room[1] = 3;
    fettle_image *loaded = load_good("firmware.bin");
    assert_int_equal(FETTLE_IMAGE_RAW, loaded->format);
    fettle_image_free(loaded);
    room[0] = 0xAA;
    room[1] = 0x50;
    loaded = load_good("firmware.bin");
    assert_int_equal(FETTLE_IMAGE_RAW, loaded->format);
    assert_int_equal(0, loaded->piece_count);
    fettle_image_free(loaded);
}

static void elf_files_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        uint8_t machine;
        uint32_t entry;
        fettle_code code;
    } cases[] = {
        {0x5E, 0x40081000, FETTLE_E_FILE_IS_ESP_ELF},
        {0xF3, 0x40380000, FETTLE_E_FILE_IS_ESP_ELF},
        {0xF3, 0x08000000, FETTLE_E_FILE_OTHER_FORMAT},
        {0x28, 0x08000101, FETTLE_E_FILE_OTHER_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin();
        memset(room, 0, 52);
        memcpy(room,
               "\x7f"
               "ELF\1\1\1",
               7);
        room[18] = cases[i].machine;
        file.size = 24;
        esp_put_number(&file, cases[i].entry, 4);
        file.size = 52;
        assert_null(load("program.elf", 0));
        assert_int_equal(cases[i].code, err.code);
        assert_int_equal(8, fettle_code_exit_status(err.code));
    }
}

/* ---- merged files ---- */

static void make_merged(size_t base, size_t loader_at)
{
    esp_make own = app, boot = loader;
    own.chip_id = boot.chip_id;
    begin();
    esp_pad_to(&file, loader_at - base);
    esp_put_image(&file, &boot);
    esp_pad_to(&file, 0x8000 - base);
    esp_put_usual_table(&file);
    esp_pad_to(&file, 0x10000 - base);
    esp_put_image(&file, &own);
}

static void assert_piece(const fettle_image *loaded, size_t i, fettle_esp_content content,
                         const char *label, uint32_t address)
{
    assert_true(i < loaded->piece_count);
    const fettle_image_piece *piece = &loaded->pieces[i];
    assert_int_equal(content, piece->content);
    assert_string_equal(label, piece->label);
    assert_true(piece->has_address);
    assert_int_equal(address, piece->address);
}

static void assert_merged_region(const fettle_image *loaded, size_t i, uint32_t address,
                                 uint32_t end)
{
    assert_true(i < loaded->region_count);
    assert_true(loaded->regions[i].has_address);
    assert_int_equal(address, loaded->regions[i].address);
    assert_int_equal(end, loaded->regions[i].address + loaded->regions[i].data.size);
}

static void a_merged_file_is_its_parts(void **state)
{
    (void)state;
    static const struct {
        uint32_t base, loader_at;
    } cases[] = {{0, 0x1000}, {0x1000, 0x1000}, {0, 0}, {0x2000, 0x2000}, {0, 0x2000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t base = cases[i].base, loader_at = cases[i].loader_at;
        make_merged(base, loader_at);
        fettle_image *loaded = load_good("merged.bin");
        assert_int_equal(base, loaded->merged_address);
        assert_int_equal(4, loaded->region_count); /* nvs and phy_init are filling */
        assert_merged_region(loaded, 0, loader_at, loader_at + 0x2000);
        assert_merged_region(loaded, 1, 0x8000, 0x9000);
        assert_merged_region(loaded, 2, 0xD000, 0xF000);
        fettle_image_free(loaded);
    }
}

static void put_data(size_t at)
{
    memcpy(room + at, "data", 4);
}

static void only_filling_is_left_out(void **state)
{
    (void)state;
    make_merged(0, 0x1000);
    size_t end = file.size;
    esp_pad_to(&file, 0x10000 + 0x5000); /* blank, still of the application's partition */
    fettle_image *loaded = load_good("merged.bin");
    assert_int_equal(4, loaded->region_count);
    assert_merged_region(loaded, 2, 0xD000, 0xF000);
    assert_merged_region(loaded, 3, 0x10000, (uint32_t)(end + 0xFFF) / 0x1000 * 0x1000);
    assert_int_equal(4, loaded->piece_count);
    assert_piece(loaded, 0, FETTLE_ESP_BOOTLOADER, "", 0x1000);
    assert_piece(loaded, 1, FETTLE_ESP_TABLE, "", 0x8000);
    assert_piece(loaded, 2, FETTLE_ESP_BLANK, "otadata", 0xD000);
    assert_piece(loaded, 3, FETTLE_ESP_APPLICATION, "factory", 0x10000);
    fettle_image_free(loaded);

    put_data(0xA000); /* nvs has something: all of it counts, and joins the table */
    loaded = load_good("merged.bin");
    assert_int_equal(3, loaded->region_count);
    assert_merged_region(loaded, 1, 0x8000, 0xF000);
    assert_piece(loaded, 2, FETTLE_ESP_UNKNOWN, "nvs", 0x9000);
    assert_int_equal(0x4000, loaded->pieces[2].size);
    fettle_image_free(loaded);
}

static void merged_files_are_checked(void **state)
{
    (void)state;
    make_merged(0, 0x1000);
    room[0x10100] ^= 1;
    assert_null(load("merged.bin", 0));
    assert_int_equal(FETTLE_E_FILE_DAMAGED, err.code);
    make_merged(0, 0x1000);
    room[0x8010] ^= 1; /* a row */
    assert_null(load("merged.bin", 0));
    assert_int_equal(FETTLE_E_FILE_DAMAGED, err.code);
    make_merged(0, 0x1000);
    file.size -= 100;
    assert_null(load("merged.bin", 0));
    assert_int_equal(FETTLE_E_FILE_INCOMPLETE, err.code);
    esp_make boot = loader;
    boot.code = 0x7500;
    begin();
    esp_pad_to(&file, 0x1000);
    esp_put_image(&file, &boot);
    file.size = 0x8000;
    esp_put_usual_table(&file);
    assert_null(load("merged.bin", 0));
    assert_int_equal(FETTLE_E_FILE_DAMAGED, err.code); /* the table lies over its end */
    esp_pad_to(&file, 0x20000);
    assert_null(load("merged.bin", FETTLE_IMAGE_ACCEPT_DAMAGED));
    assert_string_equal("the image for an ESP chip makes no sense: its bootloader reaches "
                        "into the partition table",
                        err.message);
}

/* ---- several files ---- */

static void files_become_pieces(void **state)
{
    (void)state;
    fettle_image *parts[3];
    make(&loader);
    parts[0] = load_good("bootloader.bin");
    make(&app);
    parts[1] = load_good("blink.bin");
    blank();
    memcpy(room + 8, "littlefs", 8);
    file.size = 8192;
    parts[2] = load_good("storage.bin");
    fettle_image_part wanted[] = {
        {.image = parts[1], .has_address = true, .address = 0x10000, .is_encrypted = true},
        {.image = parts[0], .has_address = true, .address = 0x1000},
        {.image = parts[2], .has_address = true, .address = 0x310000},
    };
    fettle_image *joined = fettle_image_new_joined(wanted, 3, &err);
    assert_non_null(joined);
    for (size_t i = 0; i < 3; i++) {
        fettle_image_free(parts[i]);
    }
    assert_int_equal(3, joined->piece_count);
    assert_piece(joined, 0, FETTLE_ESP_BOOTLOADER, "", 0x1000);
    assert_string_equal("bootloader.bin", joined->pieces[0].name);
    assert_piece(joined, 1, FETTLE_ESP_APPLICATION, "", 0x10000);
    assert_true(joined->pieces[1].is_encrypted);
    assert_string_equal("blink", joined->pieces[1].esp.project);
    assert_piece(joined, 2, FETTLE_ESP_LITTLEFS, "", 0x310000);
    assert_string_equal("storage.bin", joined->pieces[2].name);
    fettle_image_free(joined);
}

static void a_merged_file_may_be_put_where_it_is(void **state)
{
    (void)state;
    make_merged(0x1000, 0x1000);
    fettle_image *merged = load_good("merged.bin");
    fettle_image_part part = {.image = merged, .has_address = true, .address = 0x1000};
    fettle_image *joined = fettle_image_new_joined(&part, 1, &err);
    assert_non_null(joined);
    assert_int_equal(merged->region_count, joined->region_count);
    assert_int_equal(merged->piece_count, joined->piece_count);
    assert_int_equal(0x8000, joined->regions[1].address);
    fettle_image_free(joined);
    part.address = 0x10000;
    assert_null(fettle_image_new_joined(&part, 1, &err));
    assert_int_equal(FETTLE_E_FILE_HAS_ADDRESS, err.code);
    fettle_image_free(merged);
}

static void memory_may_run_out(void **state)
{
    (void)state;
    unsigned long failures = 0;
    make_merged(0, 0x1000);
    for (unsigned long nth = 1;; nth++) {
        fettle_alloc_fail_at(nth);
        fettle_image *loaded = load("merged.bin", 0);
        if (loaded != NULL) {
            fettle_image_free(loaded);
            break;
        }
        assert_int_equal(FETTLE_E_NO_MEMORY, err.code);
        failures++;
    }
    fettle_alloc_fail_at(0);
    assert_true(failures >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_an_application),
        cmocka_unit_test(reads_a_bootloader),
        cmocka_unit_test(tells_old_images_by_their_segments),
        cmocka_unit_test(reads_an_esp8266_image),
        cmocka_unit_test(reads_the_second_esp8266_form),
        cmocka_unit_test(follows_the_rule_for_revisions),
        cmocka_unit_test(names_chips),
        cmocka_unit_test(sees_every_cut),
        cmocka_unit_test(sees_every_change),
        cmocka_unit_test(says_which_checksum),
        cmocka_unit_test(leaves_what_follows_alone),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(peeks_at_a_head),
        cmocka_unit_test(patches_a_header),
        cmocka_unit_test(patches_nothing_damaged),
        cmocka_unit_test(knows_codes),
        cmocka_unit_test(recognises_content),
        cmocka_unit_test(an_application_names_no_address),
        cmocka_unit_test(a_damaged_one_is_refused_or_accepted),
        cmocka_unit_test(both_images_of_an_esp8266_must_be_whole),
        cmocka_unit_test(what_only_begins_alike_is_raw),
        cmocka_unit_test(elf_files_are_told_apart),
        cmocka_unit_test(a_merged_file_is_its_parts),
        cmocka_unit_test(only_filling_is_left_out),
        cmocka_unit_test(merged_files_are_checked),
        cmocka_unit_test(files_become_pieces),
        cmocka_unit_test(a_merged_file_may_be_put_where_it_is),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
