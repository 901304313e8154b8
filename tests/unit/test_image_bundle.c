/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles: what they say, in all the ways that are met; their paths; each refusal. Without jansson: it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "image/bundle.h"
#include "image/json.h"

static fettle_error err;

static fettle_bundle *read_bundle(const char *text)
{
    err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_bundle_new((fettle_span){(const uint8_t *)text, strlen(text)}, &err);
}

static bool is_missing(void)
{
    if (fettle_json_is_there()) {
        return false;
    }
    assert_null(read_bundle("{}"));
    assert_int_equal(FETTLE_E_NOT_SUPPORTED, err.code);
    return true;
}

static void assert_bad(const char *text, fettle_code code, const char *message)
{
    assert_null(read_bundle(text));
    assert_string_equal(message, err.message);
    assert_int_equal(code, err.code);
    assert_int_equal(9, fettle_code_exit_status(code));
}

static void assert_file(const fettle_bundle_build *build, size_t i, uint32_t address,
                        const char *path, const char *role)
{
    assert_true(i < build->file_count);
    assert_int_equal(address, build->files[i].address);
    assert_string_equal(path, build->files[i].path);
    if (role == NULL) {
        assert_null(build->files[i].role);
    } else {
        assert_string_equal(role, build->files[i].role);
    }
}

/* As ESP-IDF 5 writes it. */
static const char flasher_args[] =
    "{\n"
    "    \"write_flash_args\": [\"--flash_mode\", \"dio\"],\n"
    "    \"flash_settings\": {\"flash_mode\": \"dio\", \"flash_size\": \"4MB\", "
    "\"flash_freq\": \"80m\"},\n"
    "    \"flash_files\": {\"0x10000\": \"blink.bin\", \"0x0\": \"bootloader/bootloader.bin\", "
    "\"0x8000\": \"partition_table/partition-table.bin\", \"0x310000\": \"storage.bin\"},\n"
    "    \"bootloader\": {\"offset\": \"0x0\", \"file\": \"bootloader/bootloader.bin\", "
    "\"encrypted\": \"false\"},\n"
    "    \"app\": {\"offset\": \"0x10000\", \"file\": \"blink.bin\", \"encrypted\": \"true\"},\n"
    "    \"partition-table\": {\"offset\": \"0x8000\", "
    "\"file\": \"partition_table/partition-table.bin\", \"encrypted\": \"false\"},\n"
    "    \"extra_esptool_args\": {\"after\": \"hard_reset\", \"before\": \"default_reset\", "
    "\"stub\": true, \"chip\": \"esp32s3\"}\n"
    "}\n";

static void reads_flasher_args(void **state)
{
    (void)state;
    if (is_missing()) {
        return;
    }
    fettle_bundle *bundle = read_bundle(flasher_args);
    assert_non_null(bundle);
    assert_int_equal(FETTLE_BUNDLE_FLASHER_ARGS, bundle->kind);
    assert_string_equal("dio", bundle->mode);
    assert_string_equal("4MB", bundle->size);
    assert_string_equal("80m", bundle->frequency);
    assert_int_equal(1, bundle->build_count);
    const fettle_bundle_build *build = fettle_bundle_find(bundle, NULL, &err);
    assert_ptr_equal(&bundle->builds[0], build);
    assert_string_equal("esp32s3", build->chip);
    assert_int_equal(4, build->file_count);
    assert_file(build, 0, 0, "bootloader/bootloader.bin", "bootloader");
    assert_file(build, 1, 0x8000, "partition_table/partition-table.bin", "partition-table");
    assert_file(build, 2, 0x10000, "blink.bin", "app");
    assert_file(build, 3, 0x310000, "storage.bin", NULL);
    assert_false(build->files[0].is_encrypted);
    assert_true(build->files[2].is_encrypted);
    assert_ptr_equal(build, fettle_bundle_find(bundle, "ESP32-S3", &err));
    assert_null(fettle_bundle_find(bundle, "esp32", &err));
    assert_int_equal(FETTLE_E_NO_BUILD_FOR_CHIP, err.code);
    assert_string_equal("it has no build for esp32, only for esp32s3", err.message);
    fettle_bundle_free(bundle);
}

static const char manifest[] =
    "{\"name\": \"My firmware\", \"version\": \"2025.1\", \"new_install_prompt_erase\": true,\n"
    " \"builds\": [\n"
    "  {\"chipFamily\": \"ESP32\", \"parts\": [\n"
    "    {\"path\": \"esp32/bootloader.bin\", \"offset\": 4096},\n"
    "    {\"path\": \"./esp32/firmware.bin?v=2\", \"offset\": 65536,\n"
    "     \"md5\": \"900150983cd24fb0d6963f7d28e17f72\"}]},\n"
    "  {\"chipFamily\": \"ESP32-C3\", \"parts\": [\n"
    "    {\"path\": \"c3/factory.bin\", \"offset\": \"0x0\", \"sha256\":\n"
    "     \"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\"}]}\n"
    "]}\n";

static void reads_a_manifest(void **state)
{
    (void)state;
    if (is_missing()) {
        return;
    }
    fettle_bundle *bundle = read_bundle(manifest);
    assert_non_null(bundle);
    assert_int_equal(FETTLE_BUNDLE_MANIFEST, bundle->kind);
    assert_string_equal("My firmware", bundle->name);
    assert_string_equal("2025.1", bundle->version);
    assert_true(bundle->erases_all);
    assert_int_equal(2, bundle->build_count);
    assert_null(fettle_bundle_find(bundle, NULL, &err));
    assert_int_equal(FETTLE_E_BUILD_NOT_NAMED, err.code);
    assert_string_equal("it has builds for several chips: esp32, esp32c3", err.message);
    const fettle_bundle_build *build = fettle_bundle_find(bundle, "esp32", &err);
    assert_ptr_equal(&bundle->builds[0], build);
    assert_string_equal("ESP32", build->chip_text);
    assert_file(build, 0, 0x1000, "esp32/bootloader.bin", NULL);
    assert_file(build, 1, 0x10000, "esp32/firmware.bin", NULL);
    assert_false(build->files[0].has_md5);
    assert_true(
        fettle_bundle_file_is(&build->files[0], (fettle_span){(const uint8_t *)"x", 1}));
    assert_true(
        fettle_bundle_file_is(&build->files[1], (fettle_span){(const uint8_t *)"abc", 3}));
    assert_false(
        fettle_bundle_file_is(&build->files[1], (fettle_span){(const uint8_t *)"abd", 3}));
    build = fettle_bundle_find(bundle, "Esp32 C3", &err);
    assert_file(build, 0, 0, "c3/factory.bin", NULL);
    assert_true(
        fettle_bundle_file_is(&build->files[0], (fettle_span){(const uint8_t *)"abc", 3}));
    assert_false(
        fettle_bundle_file_is(&build->files[0], (fettle_span){(const uint8_t *)"ab", 2}));
    fettle_bundle_free(bundle);
}

static void reads_small_ones(void **state)
{
    (void)state;
    if (is_missing()) {
        return;
    }
    fettle_bundle *bundle =
        read_bundle("\xEF\xBB\xBF{\"flash_files\": {\"65536\": \"a.bin\"}}");
    assert_non_null(bundle);
    assert_string_equal("", bundle->builds[0].chip);
    assert_string_equal("", bundle->size);
    assert_file(&bundle->builds[0], 0, 0x10000, "a.bin", NULL);
    fettle_bundle_free(bundle);
}

static void refuses_what_is_none(void **state)
{
    (void)state;
    if (is_missing()) {
        return;
    }
    const fettle_code bad = FETTLE_E_FILE_BAD_BUNDLE;
    assert_bad(
        "{}", bad,
        "the bundle can't be used: it is neither a flasher_args.json of ESP-IDF nor a "
        "manifest of ESP Web Tools: it has no \"flash_files\" and no \"builds\"");
    assert_bad("{\"builds\": []}", bad, "the bundle can't be used: it has no builds");
    assert_bad("{\"flash_files\": {}}", bad,
               "the bundle can't be used: a build has 0 files, and 1 to 64 can be taken");
    assert_bad("{\"builds\": [{\"chipFamily\": \"ESP32\"}]}", bad,
               "the bundle can't be used: a build has 0 files, and 1 to 64 can be taken");
    assert_bad("{\"builds\": [{\"parts\": [{\"path\": \"a\"}]}]}", bad,
               "the bundle can't be used: a part of a build has no path, or no offset");
    assert_bad("{\"builds\": [{\"parts\": [{\"path\": \"a\", \"offset\": -1}]}]}", bad,
               "the bundle can't be used: a part of a build has no path, or no offset");
    assert_bad("{\"builds\": [{\"parts\": [{\"path\": \"a\", \"offset\": 4294967296}]}]}",
               bad,
               "the bundle can't be used: a part of a build has no path, or no offset");
    assert_bad(
        "{\"flash_files\": {\"here\": \"a.bin\"}}", bad,
        "the bundle can't be used: in flash_files, \"here\" is no address with a file");
    assert_bad(
        "{\"flash_files\": {\"0x0\": 7}}", bad,
        "the bundle can't be used: in flash_files, \"0x0\" is no address with a file");
    assert_bad("{\"flash_files\": {\"0x10\": \"a\", \"16\": \"b\"}}", bad,
               "the bundle can't be used: a and b both go to 0x00000010");
    assert_bad(
        "{\"flash_files\": {\"0\": \"/etc/passwd\"}}", bad,
        "the bundle can't be used: the path \"/etc/passwd\" is absolute, and a bundle "
        "names files of its own folder");
}

static void refuses_bad_json(void **state)
{
    (void)state;
    if (is_missing()) {
        return;
    }
    assert_bad("{\n\"a\": }", FETTLE_E_FILE_BAD_JSON,
               "the JSON text makes no sense: line 2: unexpected token near '}'");
    assert_bad("{\"a\": 1, \"a\": 2}", FETTLE_E_FILE_BAD_JSON,
               "the JSON text makes no sense: line 1: duplicate object key near '\"a\"'");
    assert_null(read_bundle("[1, 2]"));
    assert_int_equal(FETTLE_E_FILE_BAD_BUNDLE, err.code);
    for (size_t cut = 0; cut < strlen(manifest) - 2; cut++) {
        assert_null(fettle_bundle_new((fettle_span){(const uint8_t *)manifest, cut}, &err));
        assert_int_equal(FETTLE_E_FILE_BAD_JSON, err.code);
    }
}

static void bounds_depth_and_size(void **state)
{
    (void)state;
    if (is_missing()) {
        return;
    }
    for (size_t depth = 32; depth <= 33; depth++) {
        char text[100] = "";
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        fettle_json *nested =
            fettle_json_new((fettle_span){(const uint8_t *)text, 2 * depth}, &err);
        assert_int_equal(depth == 32, nested != NULL);
        fettle_json_free(nested);
    }
    assert_string_equal("the JSON text makes no sense: it has more than 32 levels",
                        err.message);
    size_t size = FETTLE_JSON_SIZE_MAX + 1;
    uint8_t *large = calloc(size, 1);
    assert_non_null(large);
    memset(large, ' ', size);
    large[0] = '[';
    large[1] = ']';
    fettle_json *root = fettle_json_new((fettle_span){large, size - 1}, &err);
    assert_non_null(root);
    fettle_json_free(root);
    assert_null(fettle_json_new((fettle_span){large, size}, &err));
    assert_int_equal(FETTLE_E_FILE_TOO_LARGE, err.code);
    free(large);
}

static void reads_values(void **state)
{
    (void)state;
    if (is_missing()) {
        return;
    }
    static const char text[] =
        "{\"n\": 7, \"neg\": -7, \"real\": 7.5, \"t\": true, \"s\": \"true\", \"a\": [1, 2], "
        "\"deep\": \"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}";
    fettle_json *root =
        fettle_json_new((fettle_span){(const uint8_t *)text, strlen(text)}, &err);
    assert_non_null(root);
    uint64_t number = 0;
    assert_true(fettle_json_number(fettle_json_get(root, "n"), &number));
    assert_int_equal(7, number);
    assert_false(fettle_json_number(fettle_json_get(root, "neg"), &number));
    assert_false(fettle_json_number(fettle_json_get(root, "real"), &number));
    assert_false(fettle_json_number(fettle_json_get(root, "s"), &number));
    assert_true(fettle_json_is_true(fettle_json_get(root, "t")));
    assert_true(fettle_json_is_true(fettle_json_get(root, "s")));
    assert_false(fettle_json_is_true(fettle_json_get(root, "n")));
    assert_int_equal(2, fettle_json_count(fettle_json_get(root, "a")));
    assert_non_null(fettle_json_at(fettle_json_get(root, "a"), 1));
    assert_null(fettle_json_at(fettle_json_get(root, "a"), 2));
    assert_int_equal(7, fettle_json_count(root));
    assert_null(fettle_json_text(fettle_json_get(fettle_json_get(root, "no"), "more")));
    assert_int_equal(0, fettle_json_count(NULL));
    fettle_json_free(root);
}

static void takes_64_files(void **state)
{
    (void)state;
    if (is_missing()) {
        return;
    }
    for (unsigned count = 64; count <= 65; count++) {
        char text[65 * 32] = "{\"flash_files\": {";
        for (unsigned i = 0; i < count; i++) {
            size_t used = strlen(text);
            snprintf(text + used, sizeof text - used, "%s\"%u\": \"f%u\"",
                     i > 0 ? ", " : "", (count - i) * 4096, i);
        }
        memcpy(text + strlen(text), "}}", 3);
        fettle_bundle *bundle = read_bundle(text);
        assert_int_equal(count == 64, bundle != NULL);
        if (bundle != NULL) {
            assert_file(&bundle->builds[0], 0, 4096, "f63", NULL);
            assert_file(&bundle->builds[0], 63, 64 * 4096, "f0", NULL);
        }
        fettle_bundle_free(bundle);
    }
}

/* Room is taken for every text once: a role is that of one file, however many say that they are at its place. */
static void keeps_a_role_once(void **state)
{
    (void)state;
    char text[64 * 80 + 4200] = "{\"flash_files\": {";
    if (is_missing()) {
        return;
    }
    for (unsigned i = 2; i <= 65; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s\"0x%0*x\": \"a\"", i > 2 ? ", " : "",
                 (int)i, 16);
    }
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used,
             "}, \"%01000d\": {\"offset\": 16, \"file\": \"a\"}}", 0);
    assert_null(read_bundle(text));
    assert_int_equal(FETTLE_E_FILE_BAD_BUNDLE, err.code);
}

static void cleans_paths(void **state)
{
    (void)state;
    static const struct {
        const char *path, *clean;
    } cases[] = {
        {"a.bin", "a.bin"},
        {"./a/./b.bin", "a/b.bin"},
        {"a/../b.bin", "b.bin"},
        {"a/b/../../c//d.bin", "c/d.bin"},
        {"a.bin?v=R_1.0/2", "a.bin"},
        {"a.bin#x", "a.bin"},
        {"..a/...b", "..a/...b"},
        {"../a.bin", NULL},
        {"a/../../b.bin", NULL},
        {"/a.bin", NULL},
        {"\\\\host\\a.bin", NULL},
        {"a\\b.bin", NULL},
        {"C:/a.bin", NULL},
        {"https://host/a.bin", NULL},
        {"a\nb", NULL},
        {"a/../C:/b", NULL},
        {"a.bin?t=12:30", "a.bin"},
        {"", NULL},
        {".", NULL},
        {"?x", NULL},
        {"a/..", NULL},
        {"0123456789012345678901234567890123456789", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[32];
        const char *why = "?";
        bool is_clean = fettle_bundle_clean_path(out, sizeof out, cases[i].path, &why);
        assert_int_equal(cases[i].clean != NULL, is_clean);
        if (is_clean) {
            assert_string_equal(cases[i].clean, out);
            assert_null(why);
        } else {
            assert_true(strlen(why) > 10);
        }
    }
}

static void memory_may_run_out(void **state)
{
    (void)state;
    if (is_missing()) {
        return;
    }
    for (unsigned long nth = 1; nth <= 2; nth++) {
        fettle_alloc_fail_at(nth);
        assert_null(read_bundle(manifest));
        assert_int_equal(FETTLE_E_NO_MEMORY, err.code);
    }
    fettle_alloc_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_flasher_args), cmocka_unit_test(reads_a_manifest),
        cmocka_unit_test(reads_small_ones),   cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(refuses_bad_json),   cmocka_unit_test(bounds_depth_and_size),
        cmocka_unit_test(reads_values),       cmocka_unit_test(takes_64_files),
        cmocka_unit_test(keeps_a_role_once),  cmocka_unit_test(cleans_paths),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
