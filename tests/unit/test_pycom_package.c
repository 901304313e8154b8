/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages: what sound ones say, in every layout there is; which script is taken; and the ways in which they are damaged, each with its
 * own words. Every package is made here (tests/tools/pycom_make.h).
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
#include "image/json.h"
#include "pycom/package.h"
#include "pycom/pycom.h"
#include "pycom/tables.h"
#include "tests/tools/pycom_make.h"

enum { MB = 1024 * 1024 };

static fettle_error err;
static fettle_observed observed;

static bool is_missing(void)
{
    return !fettle_archive_is_there() || !fettle_json_is_there();
}

static fettle_image *read_bytes(const char *name, fettle_span bytes, unsigned flags)
{
    err = (fettle_error){.code = FETTLE_E_NONE};
    fettle_archive *archive = fettle_archive_new(bytes, &err);
    fettle_image *image =
        archive != NULL ? fettle_pycom_read_package(name, archive, flags, &err) : NULL;
    fettle_archive_free(archive);
    return image;
}

static fettle_image *read_wish(const char *name, const pycom_wish *wish)
{
    esp_writer file = pycom_make(wish);
    fettle_image *image = read_bytes(name, (fettle_span){file.bytes, file.size}, 0);
    free(file.bytes);
    return image;
}

static pycom_wish lopy4(unsigned layouts)
{
    return (pycom_wish){
        .module = "LoPy4", .version = "1.20.2.r6", .layouts = layouts, .seed = 1};
}

static const fettle_pycom_variant *choose(const fettle_image *image, uint64_t flash_size,
                                          bool is_encrypted)
{
    err = (fettle_error){.code = FETTLE_E_NONE};
    observed = (fettle_observed){.note_count = 0};
    return fettle_pycom_choose(image->package, flash_size, is_encrypted, "ESP32", &observed,
                               &err);
}

static void assert_says(const char *text, const char *words)
{
    if (strstr(text, words) == NULL) {
        fail_msg("\"%s\" doesn't say \"%s\"", text, words);
    }
}

/* ---- sound ones ---- */

static void test_sound_package(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_wish wish = lopy4(PYCOM_8MB);
    esp_writer file = pycom_make(&wish);
    fettle_image *image =
        read_bytes("LoPy4-1.20.2.r6.tar.gz", (fettle_span){file.bytes, file.size}, 0);
    assert_non_null(image);
    assert_int_equal(FETTLE_IMAGE_PACKAGE, image->format);
    assert_string_equal("package", fettle_image_format_name(image->format));
    assert_string_equal("LoPy4-1.20.2.r6.tar.gz", image->name);
    assert_string_equal("lopy4", image->module);
    assert_int_equal(file.size, image->file.size);
    assert_memory_equal(file.bytes, image->file.data, file.size);
    fettle_sha256 sha256;
    uint8_t digest[FETTLE_SHA256_SIZE];
    fettle_sha256_init(&sha256);
    fettle_sha256_feed(&sha256, image->file);
    fettle_sha256_finish(&sha256, digest);
    assert_memory_equal(digest, image->sha256, sizeof digest);
    free(file.bytes);

    static const struct {
        uint32_t address;
        size_t size;
        const char *name, *label;
        fettle_esp_content content;
    } wanted[] = {
        {0x1000, PYCOM_LOADER_SIZE, "bootloader.bin", "bootloader", FETTLE_ESP_BOOTLOADER},
        {0x8000, 0xC00, "partitions_8MB.bin", "partitions", FETTLE_ESP_TABLE},
        {0x10000, PYCOM_APP_SIZE, "lopy4.bin", "factory", FETTLE_ESP_APPLICATION},
    };
    assert_int_equal(3, image->piece_count);
    assert_int_equal(3, image->region_count);
    for (size_t i = 0; i < 3; i++) {
        const fettle_image_piece *piece = &image->pieces[i];
        assert_int_equal(wanted[i].address, piece->address);
        assert_int_equal(wanted[i].size, piece->size);
        assert_string_equal(wanted[i].name, piece->name);
        assert_string_equal(wanted[i].label, piece->label);
        assert_int_equal(wanted[i].content, piece->content);
        assert_true(piece->has_address);
        assert_int_equal(wanted[i].address, image->regions[i].address);
        assert_int_equal(wanted[i].size, image->regions[i].data.size);
    }
    const fettle_pycom_package *package = image->package;
    assert_string_equal("1.20.2.r6", package->named.version);
    assert_ptr_equal(package->family, fettle_pycom_family_in(
                                          image->regions[2].data)); /* "LoPy4 with ESP32" */
    fettle_image_free(image);
}

/* The version for 8 MB is shown where there are both, and each board gets its own. */
static void test_each_flash_has_its_script(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    static const struct {
        unsigned layouts;
        uint64_t flash_size;
        const char *script;
        uint32_t otadata;
    } rows[] = {
        {PYCOM_4MB | PYCOM_8MB, 4 * MB, "script_4MB", 0x1BE000},
        {PYCOM_4MB | PYCOM_8MB, 8 * MB, "script_8MB", 0x1FF000},
        {PYCOM_4MB | PYCOM_SCRIPT2 | PYCOM_SCRIPT, 4 * MB, "script_4MB", 0x1BE000},
        {PYCOM_8MB | PYCOM_SCRIPT2 | PYCOM_SCRIPT, 4 * MB, "script2", 0x1BE000},
        {PYCOM_8MB | PYCOM_SCRIPT, 4 * MB, "script", 0x1BE000},
        {PYCOM_4MB | PYCOM_OLD, 8 * MB, "script", 0x190000},
        {PYCOM_OLD, 4 * MB, "script", 0x190000},
        {PYCOM_SMALL, 8 * MB, "script_8MB", 0x10F000},
        {PYCOM_NORMAL | PYCOM_SMALL, 8 * MB, "script_8MB", 0x10F000},
        {PYCOM_NORMAL, 8 * MB, "script_8MB _normal_factory_fw", 0x1FF000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pycom_wish wish = lopy4(rows[i].layouts);
        wish.module = "LoPy"; /* with either size of flash */
        fettle_image *image = read_wish("LoPy-1.tar.gz", &wish);
        assert_non_null(image);
        assert_string_equal("lopy", image->module);
        const fettle_pycom_variant *variant = choose(image, rows[i].flash_size, false);
        assert_non_null(variant);
        assert_string_equal(rows[i].script, variant->script);
        assert_int_equal(rows[i].otadata,
                         fettle_pycom_otadata_row(&variant->table)->address);
        assert_int_equal(0, observed.note_count);
        fettle_image_free(image);
    }
}

static void test_small_factory_has_two_applications(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_wish wish = lopy4(PYCOM_SMALL);
    fettle_image *image = read_wish("LoPy4-1.20.3.b3.tar.gz", &wish);
    assert_non_null(image);
    assert_int_equal(4, image->piece_count);
    assert_string_equal("factory_fw.bin", image->pieces[2].name);
    assert_string_equal("lopy4.bin", image->pieces[3].name);
    assert_int_equal(0x110000, image->pieces[3].address);
    assert_string_equal("lopy4", image->module);
    fettle_image_free(image);
}

/* Tar without gzip, members in a folder, and a band of old in the name. */
static void test_other_forms(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_wish wish = lopy4(PYCOM_OLD);
    wish.module = "LoPy";
    wish.is_bare = true;
    fettle_image *image = read_wish("LoPy_868-1.11.0.b1.tar.gz", &wish);
    assert_non_null(image);
    const fettle_pycom_package *package = image->package;
    assert_string_equal("1.11.0.b1", package->named.version);
    assert_string_equal("868", package->named.band);
    assert_true(package->variants[0].erases_more);
    fettle_image_free(image);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *family, *version, *band;
        bool is_encrypted;
    } rows[] = {
        {"LoPy4-1.20.2.r6.tar.gz", "lopy4", "1.20.2.r6", "", false},
        {"LoPy4-1.20.2.r6_ENC.tar.gz", "lopy4", "1.20.2.r6", "", true},
        {"LoPy_868-1.11.0.b1.tar.gz", "lopy", "1.11.0.b1", "868", false},
        {"sipy-1.18.2.r7.tgz", "sipy", "1.18.2.r7", "", false},
        {"FiPy-1.20.3.b3 (1).tar.gz", "fipy", "1.20.3.b3", "", false},
        {"GPy.tar.gz", NULL, "", "", false},
        {"firmware.tar.gz", NULL, "", "", false},
        {"WiPy-", "wipy", "", "", false},
        {"", NULL, "", "", false},
        {"LoPy_a-very-long-band-that-is-none-1.2", "lopy", "very", "a", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fettle_pycom_named named;
        fettle_pycom_read_name(&named, rows[i].name);
        assert_string_equal(rows[i].version, named.version);
        assert_string_equal(rows[i].band, named.band);
        assert_int_equal(rows[i].is_encrypted, named.is_encrypted);
        if (rows[i].family == NULL) {
            assert_null(named.family);
        } else {
            assert_string_equal(rows[i].family, named.family->word);
        }
    }
}

/* ---- a broken script beside a good one ---- */

static fettle_image *read_with(unsigned layouts, const char *script, const char *text)
{
    pycom_pack pack = {.count = 0};
    pycom_wish wish = lopy4(layouts);
    pycom_fill(&pack, &wish);
    pycom_put_text(&pack, script, text);
    esp_writer file = pycom_close(&pack, false);
    fettle_image *image =
        read_bytes("LoPy4-1.20.2.r6.tar.gz", (fettle_span){file.bytes, file.size}, 0);
    free(file.bytes);
    return image;
}

static void test_good_script_beside_a_broken_one(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    static const char fipy[] = "{\"version\": \"2.1\", \"script\": "
                               "[[\"w\", \"factory\", \"fipy.bin\"]]}";
    /* Published so: the second choice is broken, and nobody needs it. */
    fettle_image *image = read_with(PYCOM_8MB | PYCOM_SCRIPT2, "script2", fipy);
    assert_non_null(image);
    assert_string_equal("script_8MB", choose(image, 8 * MB, false)->script);
    assert_int_equal(0, observed.note_count);
    fettle_image_free(image);

    /* The first choice is: the other is taken, and that is said. */
    image = read_with(PYCOM_8MB | PYCOM_NORMAL, "script_8MB", fipy);
    assert_non_null(image);
    assert_string_equal("script_8MB _normal_factory_fw",
                        choose(image, 8 * MB, false)->script);
    assert_int_equal(1, observed.note_count);
    assert_int_equal(FETTLE_NOTE_PACKAGE_OTHER_SCRIPT, observed.notes[0].code);
    assert_says(observed.notes[0].message, "fipy.bin");
    assert_says(observed.notes[0].message, "script_8MB _normal_factory_fw");
    fettle_image_free(image);

    /* Good for another size only: then what is wrong with this board's script counts. */
    pycom_pack pack = {.count = 0};
    pycom_wish wish = lopy4(PYCOM_8MB | PYCOM_4MB);
    wish.module = "LoPy";
    pycom_fill(&pack, &wish);
    pycom_put_text(&pack, "script_8MB", fipy);
    esp_writer file = pycom_close(&pack, false);
    image = read_bytes("LoPy-1.tar.gz", (fettle_span){file.bytes, file.size}, 0);
    free(file.bytes);
    assert_non_null(image);
    assert_int_equal(
        0x1BE000, fettle_pycom_otadata_row(&choose(image, 4 * MB, false)->table)->address);
    assert_null(choose(image, 8 * MB, false));
    assert_int_equal(FETTLE_E_FILE_BAD_PACKAGE, err.code);
    assert_says(err.message, "fipy.bin");
    fettle_image_free(image);
}

static void test_name_against_content(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_wish wish = lopy4(PYCOM_8MB);
    fettle_image *image = read_wish("FiPy-1.20.2.r6.tar.gz", &wish);
    assert_non_null(image);
    assert_string_equal("lopy4", image->module); /* what is inside counts */
    assert_non_null(choose(image, 8 * MB, false));
    assert_int_equal(1, observed.note_count);
    assert_int_equal(FETTLE_NOTE_PACKAGE_NAMED_OTHERWISE, observed.notes[0].code);
    assert_says(observed.notes[0].message, "FiPy");
    assert_says(observed.notes[0].message, "LoPy4");
    fettle_image_free(image);
}

/* ---- not for this board ---- */

static void assert_not_for(const fettle_image *image, uint64_t flash_size,
                           bool is_encrypted, const char *first, const char *second)
{
    assert_null(choose(image, flash_size, is_encrypted));
    assert_int_equal(FETTLE_E_IMAGE_NOT_FOR_BOARD, err.code);
    assert_says(err.message, first);
    assert_says(err.message, second);
}

static void test_not_for_this_board(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_wish wish = lopy4(PYCOM_4MB | PYCOM_SCRIPT2 | PYCOM_SCRIPT);
    wish.module = "SiPy";
    fettle_image *sipy = read_wish("SiPy-1.20.2.r6.tar.gz", &wish);
    assert_non_null(sipy);
    assert_non_null(choose(sipy, 4 * MB, false));
    assert_not_for(sipy, 8 * MB, false, "for a SiPy, which has 4 MB",
                   "this board has 8 MB");
    assert_not_for(sipy, 16 * MB, false, "4 MB", "16 MB");
    assert_not_for(sipy, 4 * MB, true, "isn't encrypted", "never start");
    fettle_image_free(sipy);

    wish = lopy4(PYCOM_8MB);
    wish.module = "LoPy";
    fettle_image *lopy = read_wish("LoPy-1.20.2.r6.tar.gz", &wish);
    assert_non_null(lopy);
    assert_not_for(lopy, 4 * MB, false, "with 8 MB of flash", "this board has 4 MB");
    fettle_image_free(lopy);
}

static void test_encrypted_package(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_wish wish = lopy4(PYCOM_ENC_8MB);
    fettle_image *image = read_wish("LoPy4-1.20.2.r6_ENC.tar.gz", &wish);
    assert_non_null(image);
    assert_string_equal("lopy4", image->module);
    assert_int_equal(3, image->piece_count);
    assert_int_equal(0, image->pieces[0].address);
    assert_int_equal(FETTLE_ESP_UNKNOWN, image->pieces[0].content);
    assert_not_for(image, 8 * MB, false, "is encrypted", "isn't encrypted");
    assert_non_null(choose(image, 8 * MB, true));
    fettle_image_free(image);
}

/* ---- damaged ones ---- */

static const struct expected {
    const char *damage;
    fettle_code code;
    const char *words;
} damages[] = {
    {"gzip-cut", FETTLE_E_FILE_BAD_ARCHIVE, "cut or damaged"},
    {"gzip-bit", FETTLE_E_FILE_DAMAGED, "its content makes"},
    {"gzip-tail", FETTLE_E_FILE_BAD_ARCHIVE, "something stands behind its end"},
    {"gzip-head", FETTLE_E_FILE_BAD_ARCHIVE, "cut after 15 bytes"},
    {"tar-end", FETTLE_E_FILE_BAD_ARCHIVE, "its end is missing"},
    {"tar-sum", FETTLE_E_FILE_BAD_ARCHIVE, "it can't be read"},
    {"leads-out", FETTLE_E_FILE_BAD_ARCHIVE,
     "\"../bootloader.bin\" leads out of the archive"},
    {"absolute", FETTLE_E_FILE_BAD_ARCHIVE, "\"/etc/bootloader.bin\" is absolute"},
    {"backslash", FETTLE_E_FILE_BAD_ARCHIVE, "has a character that no such name has"},
    {"link", FETTLE_E_FILE_BAD_ARCHIVE, "\"bootloader.bin\" is a link"},
    {"device", FETTLE_E_FILE_BAD_ARCHIVE, "\"bootloader.bin\" is no file"},
    {"twice", FETTLE_E_FILE_BAD_ARCHIVE, "\"bootloader.bin\" is there twice"},
    {"two-folders", FETTLE_E_FILE_BAD_PACKAGE, "two folders of it have a file"},
    {"many", FETTLE_E_FILE_BAD_ARCHIVE, "more than 64 members"},
    {"only-folder", FETTLE_E_FILE_BAD_ARCHIVE, "no file is in it"},
    {"no-script", FETTLE_E_FILE_BAD_PACKAGE, "it has no script"},
    {"not-json", FETTLE_E_FILE_BAD_JSON, "line 1"},
    {"cut-json", FETTLE_E_FILE_BAD_JSON, "line 11"},
    {"same-key", FETTLE_E_FILE_BAD_JSON, "duplicate"},
    {"no-steps", FETTLE_E_FILE_BAD_PACKAGE, "1 to 256 steps, and this one 0"},
    {"writes-nothing", FETTLE_E_FILE_BAD_PACKAGE, "writes nothing"},
    {"odd-step", FETTLE_E_FILE_BAD_PACKAGE, "\"x\" with 3 items"},
    {"short-step", FETTLE_E_FILE_BAD_PACKAGE, "\"w\" with 2 items"},
    {"missing", FETTLE_E_FILE_BAD_PACKAGE, "\"fipy.bin\", which is not in the package"},
    {"unknown-place", FETTLE_E_FILE_BAD_PACKAGE, "it writes to \"spare\""},
    {"unknown-erase", FETTLE_E_FILE_BAD_PACKAGE, "it erases \"spare\""},
    {"unaligned", FETTLE_E_FILE_BAD_PACKAGE, "0x00010010, which isn't the beginning"},
    {"beyond", FETTLE_E_FILE_BAD_PACKAGE, "beyond the 8388608 bytes of flash"},
    {"overlap", FETTLE_E_FILE_BAD_PACKAGE, "both go to the sector at 0x00011000"},
    {"over-config", FETTLE_E_FILE_BAD_PACKAGE, "over the config block without protection"},
    {"into-config", FETTLE_E_FILE_BAD_PACKAGE, "into the config block at 0x003ff000"},
    {"to-nowhere", FETTLE_E_FILE_BAD_PACKAGE, "is firmware, and would go to 0x00400000"},
    {"mid-slot", FETTLE_E_FILE_BAD_PACKAGE,
     "0x00020000, where the partition table has no "
     "application beginning"},
    {"two-tables", FETTLE_E_FILE_BAD_PACKAGE, "two partition tables"},
    {"table-elsewhere", FETTLE_E_FILE_BAD_PACKAGE,
     "is a partition table, and would go to 0x00400000"},
    {"swapped", FETTLE_E_FILE_BAD_PACKAGE, "is an application, and would go to 0x00001000"},
    {"loader-in-slot", FETTLE_E_FILE_BAD_PACKAGE,
     "is a bootloader, and would go to factory"},
    {"bad-pair", FETTLE_E_FILE_BAD_PACKAGE, "\"factory\" isn't an address and a size"},
    {"contradiction", FETTLE_E_FILE_BAD_PACKAGE,
     "\"ota_0\" at 0x00200000 with 2027520 bytes, and its partition table has it elsewhere"},
    {"other-table", FETTLE_E_FILE_BAD_PACKAGE,
     "the one for 4 MB of flash, its script for 8"},
    {"table-md5", FETTLE_E_FILE_DAMAGED, "cannot use partitions_8MB.bin"},
    {"not-table", FETTLE_E_FILE_BAD_PACKAGE,
     "0x00008000, where the partition table belongs, and is none"},
    {"rows-overlap", FETTLE_E_FILE_BAD_TABLE, "\"slot\" at 0x001f0000 overlaps"},
    {"covers-config", FETTLE_E_FILE_BAD_PACKAGE,
     "\"slot\" at 0x00210000 covers the config"},
    {"table-beyond", FETTLE_E_FILE_BAD_PACKAGE,
     "\"fs\" at 0x00800000, which reaches beyond"},
    {"empty", FETTLE_E_FILE_BAD_PACKAGE, "\"lopy4.bin\" is empty"},
    {"loader-bit", FETTLE_E_FILE_DAMAGED, "cannot use bootloader.bin"},
    {"app-bit", FETTLE_E_FILE_DAMAGED, "cannot use lopy4.bin"},
    {"app-cut", FETTLE_E_FILE_INCOMPLETE,
     "cannot use lopy4.bin: the file is incomplete: 35960"},
    {"loader-cut", FETTLE_E_FILE_INCOMPLETE, "cannot use bootloader.bin"},
    {"not-image", FETTLE_E_FILE_BAD_ESP, "cannot use lopy4.bin"},
    {"app-of-s3", FETTLE_E_FILE_BAD_PACKAGE,
     "is for ESP32-S3, and these modules have an ESP32"},
    {"too-large", FETTLE_E_FILE_BAD_PACKAGE,
     "\"lopy4.bin\" has 2031616 bytes, and factory has room for 2027520"},
    {"loader-large", FETTLE_E_FILE_BAD_PACKAGE, "bootloader has room for 28672"},
};

enum { EXPECTED = sizeof damages / sizeof *damages };

static void test_damages_are_refused(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    assert_int_equal(EXPECTED, PYCOM_DAMAGES);
    for (size_t i = 0; i < EXPECTED; i++) {
        pycom_wish wish = lopy4(PYCOM_8MB);
        wish.damage = damages[i].damage;
        assert_non_null(pycom_find_damage(wish.damage));
        fettle_image *image = read_wish("LoPy4-1.20.2.r6.tar.gz", &wish);
        if (image != NULL) {
            fail_msg("%s is taken", wish.damage);
        }
        if (err.code != damages[i].code || strstr(err.message, damages[i].words) == NULL) {
            fail_msg("%s: %s: %s", wish.damage, fettle_code_slug(err.code), err.message);
        }
        assert_int_equal(9, fettle_code_exit_status(err.code));
        assert_non_null(err.hint);
    }
}

/* Nobody could tell two damages apart that are told in the same words: each message has its own words, and no other's. */
static void test_no_two_damages_are_told_alike(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    static char messages[EXPECTED][sizeof err.message];
    for (size_t i = 0; i < EXPECTED; i++) {
        pycom_wish wish = lopy4(PYCOM_8MB);
        wish.damage = damages[i].damage;
        assert_null(read_wish("LoPy4-1.20.2.r6.tar.gz", &wish));
        memcpy(messages[i], err.message, sizeof err.message);
        for (size_t k = 0; k < i; k++) {
            bool is_same_row = damages[i].code == damages[k].code &&
                               strcmp(damages[i].words, damages[k].words) == 0;
            if (is_same_row || strcmp(messages[i], messages[k]) == 0) {
                fail_msg("%s and %s are told alike", damages[i].damage, damages[k].damage);
            }
        }
    }
}

/* With the person's word a wrong checksum is a fact; what can't be is refused all the same. */
static void test_damage_is_accepted_only_if_asked(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_wish wish = lopy4(PYCOM_8MB);
    wish.damage = "app-bit";
    esp_writer file = pycom_make(&wish);
    fettle_image *image = read_bytes("x.tar.gz", (fettle_span){file.bytes, file.size},
                                     FETTLE_IMAGE_ACCEPT_DAMAGED);
    free(file.bytes);
    assert_non_null(image);
    assert_false(image->pieces[2].esp.is_intact);
    fettle_image_free(image);
}

/* ---- others ---- */

static void test_other_archives_are_nobodys(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_pack pack = {.count = 0};
    pycom_add(&pack, "README", "hello", 5);
    pycom_add(&pack, "firmware.bin", "hello", 5);
    esp_writer file = pycom_close(&pack, false);
    assert_null(read_bytes("x.tar.gz", (fettle_span){file.bytes, file.size}, 0));
    assert_int_equal(FETTLE_E_NONE, err.code);
    free(file.bytes);
}

/* A write that reaches over the config block leaves it out. */
static void test_config_is_cut_out(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_pack pack = {.count = 0};
    pycom_wish wish = lopy4(PYCOM_8MB);
    pycom_fill(&pack, &wish);
    uint8_t *files = pycom_alloc(0x3000);
    memset(files, 0x5A, 0x3000);
    pycom_add(&pack, "files.img", files, 0x3000);
    free(files);
    pycom_steps(&pack, PYCOM_USUAL "[\"w\", \"0x3FE000\", \"files.img\"]");
    esp_writer file = pycom_close(&pack, false);
    fettle_image *image = read_bytes("x.tar.gz", (fettle_span){file.bytes, file.size}, 0);
    free(file.bytes);
    assert_null(image); /* it would lie in ota_0, and is no application */
    fettle_pycom_part parts[2];
    uint8_t bytes[0x3000] = {0};
    fettle_span all = {bytes, sizeof bytes};
    assert_int_equal(2, fettle_pycom_cut(0x3FE000, all, parts));
    assert_int_equal(0x3FE000, parts[0].address);
    assert_int_equal(0x1000, parts[0].data.size);
    assert_int_equal(0x400000, parts[1].address);
    assert_int_equal(0x1000, parts[1].data.size);
    assert_ptr_equal(bytes + 0x2000, parts[1].data.data);
    assert_int_equal(1, fettle_pycom_cut(0x3FF000, all, parts));
    assert_int_equal(0x400000, parts[0].address);
    assert_int_equal(0x2000, parts[0].data.size);
    assert_int_equal(0, fettle_pycom_cut(0x3FF000, (fettle_span){bytes, 100}, parts));
    assert_int_equal(1, fettle_pycom_cut(0x400000, all, parts));
    assert_int_equal(0x3000, parts[0].data.size);
    assert_int_equal(1, fettle_pycom_cut(0x3FC000, all, parts));
    assert_int_equal(0x3000, parts[0].data.size);
}

static void test_no_memory(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_wish wish = lopy4(PYCOM_8MB | PYCOM_4MB);
    esp_writer file = pycom_make(&wish);
    fettle_image *image = NULL;
    unsigned long nth = 0;
    while (image == NULL) {
        fettle_alloc_fail_at(++nth);
        image = read_bytes("x.tar.gz", (fettle_span){file.bytes, file.size}, 0);
        if (image == NULL) {
            assert_int_equal(FETTLE_E_NO_MEMORY, err.code);
        }
        assert_in_range(nth, 1, 100);
    }
    fettle_alloc_fail_at(0);
    assert_true(nth > 6);
    fettle_image_free(image);
    free(file.bytes);
}

/* ---- rows ---- */

static void test_module_rows(void **state)
{
    (void)state;
    static const fettle_vendor *const list[] = {&fettle_vendor_pycom};
    const fettle_vendors vendors = {list, 1};
    static const char *const names[][2] = {
        {"wipy2", "WiPy 2.0"}, {"wipy", "WiPy 3.0"}, {"lopy", "LoPy"}, {"l01", "L01"},
        {"lopy4", "LoPy4"},    {"sipy", "SiPy"},     {"gpy", "GPy"},   {"fipy", "FiPy"},
    };
    for (size_t i = 0; i < FETTLE_PYCOM_MODULES; i++) {
        const fettle_vendor *vendor;
        const fettle_board_row *row =
            fettle_vendors_find_name(vendors, names[i][0], &vendor);
        assert_non_null(row);
        assert_ptr_equal(&fettle_vendor_pycom, vendor);
        assert_string_equal(names[i][1], row->name);
        assert_ptr_equal(row, fettle_vendors_find_name(vendors, names[i][1], NULL));
        assert_int_equal(FETTLE_PROTOCOL_ESP, row->protocol);
        assert_non_null(strstr(row->enter, "G23 (P2) with GND"));
        assert_non_null(strstr(row->enter, "Not G28"));
        assert_true(row->needed_by[0] != '\0' && row->evidence[0] != '\0');
    }
    /* Lines without ids are nobody's in particular. */
    assert_null(fettle_vendors_find_id(vendors, (fettle_usb_id){0, 0}, FETTLE_MODE_UNKNOWN,
                                       0, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sound_package),
        cmocka_unit_test(test_each_flash_has_its_script),
        cmocka_unit_test(test_small_factory_has_two_applications),
        cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_good_script_beside_a_broken_one),
        cmocka_unit_test(test_name_against_content),
        cmocka_unit_test(test_not_for_this_board),
        cmocka_unit_test(test_encrypted_package),
        cmocka_unit_test(test_damages_are_refused),
        cmocka_unit_test(test_no_two_damages_are_told_alike),
        cmocka_unit_test(test_damage_is_accepted_only_if_asked),
        cmocka_unit_test(test_other_archives_are_nobodys),
        cmocka_unit_test(test_config_is_cut_out),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_module_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
