/* SPDX-License-Identifier: Apache-2.0 */
/* The ladder for a module that doesn't come up: one rung at a time, and each says what it costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pycom/layout.h"
#include "pycom/modules.h"

enum { NVS_AT = 0x9000, NVS_SIZE = 0x7000, SLOT_AT = 0x210000, SLOT_SIZE = 0x1EF000 };

/* The first three and the fourth row of a published table for 8 MB (1.20.2). */
static const fettle_partitions table = {
    .address = 0x8000,
    .count = 5,
    .rows = {
        {.type = 1, .subtype = 2, .address = NVS_AT, .size = NVS_SIZE, .label = "nvs"},
        {.address = 0x10000, .size = 0x1EF000, .label = "factory"},
        {.type = 1, .address = 0x1FF000, .size = 0x1000, .label = "otadata"},
        {.subtype = 0x10, .address = SLOT_AT, .size = SLOT_SIZE, .label = "ota_0"},
        {.type = 1, .subtype = 6, .address = 0x3FF000, .size = 0x1000, .label = "config"}}};

/* The second slot runs, and before that the first one did. */
static fettle_pycom_otadata started = {.active = FETTLE_PYCOM_OTA_0};

static fettle_module_rescue find(fettle_module_distress distress)
{
    uint8_t sector[FETTLE_PYCOM_OTADATA_SECTOR];
    fettle_pycom_otadata_encode(&started, sector);
    const fettle_esp_board board = {.table = &table, .flash_size = FETTLE_PYCOM_8MB};
    const fettle_module_look look = {.board = &board,
                                     .ranges = {[1] = {sector, sizeof sector}}};
    fettle_module_rescue rescue = {.hint = NULL};
    distress.port = "/dev/ttyACM0";
    fettle_pycom_rescue(&look, &distress, &rescue);
    assert_non_null(rescue.hint);
    return rescue;
}

static void has(const char *text, const char *word)
{
    if (strstr(text, word) == NULL) {
        fail_msg("\"%s\" has no \"%s\"", text, word);
    }
}

static void test_after_updates(void **state)
{
    (void)state;
    fettle_module_rescue rescue = find((fettle_module_distress){.is_rerun = true});
    has(rescue.hint, "safe boot");
    has(rescue.hint, "--erase-settings");
    assert_null(strstr(rescue.hint, "--erase-files"));
    rescue = find((fettle_module_distress){.is_rerun = true, .was_erased_settings = true});
    has(rescue.hint, "--erase-settings --erase-files");
    assert_null(strstr(rescue.hint, "safe boot"));
    rescue = find((fettle_module_distress){.is_rerun = true, .was_erased_files = true});
    has(rescue.hint, "--erase-settings:");
    rescue = find((fettle_module_distress){
        .is_rerun = true, .was_erased_settings = true, .was_erased_files = true});
    has(rescue.hint, "--mass-erase");
    has(rescue.hint, "files and settings are lost");
    has(rescue.hint, "config block");
    rescue = find((fettle_module_distress){.is_rerun = true, .was_erased_whole = true});
    has(rescue.hint, "another version");
    assert_string_equal("", rescue.step);
}

static void test_commands(void **state)
{
    (void)state;
    fettle_module_rescue rescue = find((fettle_module_distress){.is_rerun = false});
    has(rescue.step, "safe boot");
    has(rescue.step, "firmware from before");
    has(rescue.step, "nothing is lost");
    has(rescue.or_else, "fettle erase --module --memory nvs --board /dev/ttyACM0 ");
    rescue = find((fettle_module_distress){.is_rerun = true});
    has(rescue.hint, "firmware from before");
    const fettle_module_range blank[] = {{SLOT_AT, SLOT_SIZE}, {NVS_AT, NVS_SIZE}};
    const fettle_module_range factory = {0x10000, SLOT_SIZE};
    rescue = find((fettle_module_distress){.blank = &factory, .blank_count = 1});
    assert_null(strstr(rescue.step, "from before")); /* there is none */
    started.active = FETTLE_PYCOM_FACTORY;           /* nor here: before was the same one */
    rescue = find((fettle_module_distress){.is_rerun = false});
    assert_null(strstr(rescue.step, "from before"));
    rescue = find((fettle_module_distress){.is_rerun = true});
    assert_null(strstr(rescue.hint, "from before"));
    started.active = FETTLE_PYCOM_OTA_0;
    rescue = find((fettle_module_distress){.blank = blank, .blank_count = 2});
    has(rescue.step, "fettle erase --module --address 0x400000 --length 0x400000 --board "
                     "/dev/ttyACM0 ");
    has(rescue.or_else, "--mass-erase");
    const fettle_module_range all = {0, FETTLE_PYCOM_8MB};
    rescue = find((fettle_module_distress){.blank = &all, .blank_count = 1});
    has(rescue.step, "fettle update PACKAGE --board /dev/ttyACM0 ");
    has(rescue.or_else, "fettle update PACKAGE --mass-erase --board /dev/ttyACM0 ");
    has(rescue.or_else, "files and settings are lost");
    has(rescue.or_else, "config block");
}

static void test_what_erasing_cannot_help(void **state)
{
    (void)state;
    fettle_module_rescue rescue = find((fettle_module_distress){.loses_power = true});
    has(rescue.step, "power");
    assert_null(strstr(rescue.step, "fettle erase"));
    has(rescue.hint, "power");
    rescue = find((fettle_module_distress){.finds_nothing = true, .is_rerun = true});
    has(rescue.hint, "the same command once more");
    has(rescue.hint, "--mass-erase: its files and settings are lost");
    assert_null(strstr(rescue.hint, "--erase-settings"));
    rescue = find((fettle_module_distress){.finds_nothing = true});
    has(rescue.step, "fettle update PACKAGE --board");
    has(rescue.step, "nothing else is lost");
    has(rescue.or_else, "fettle update PACKAGE --mass-erase");
    has(rescue.or_else, "files and settings are lost");
}

#define LONG_PORT "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1.2.4:1.0-port0"

static void test_long_ports(void **state)
{
    (void)state;
    const fettle_esp_board board = {.table = &table, .flash_size = FETTLE_PYCOM_8MB};
    const fettle_module_range nvs = {NVS_AT, NVS_SIZE};
    const fettle_module_look look = {.board = &board};
    fettle_module_rescue rescue = {.hint = NULL};
    fettle_module_distress distress = {.port = LONG_PORT};
    fettle_pycom_rescue(&look, &distress, &rescue);
    has(rescue.or_else, LONG_PORT);
    has(rescue.or_else, "fettle info again");
    distress = (fettle_module_distress){.port = LONG_PORT, .blank = &nvs, .blank_count = 1};
    rescue = (fettle_module_rescue){.hint = NULL};
    fettle_pycom_rescue(&look, &distress, &rescue);
    has(rescue.step, "fettle info again");
    has(rescue.or_else, "is kept)"); /* the longest of them is whole */
}

/* Nobody knows where anything is. */
static void test_without_a_table(void **state)
{
    (void)state;
    const fettle_esp_board board = {.table = NULL, .flash_size = 0};
    const fettle_module_look look = {.board = &board};
    const fettle_module_distress distress = {.port = LONG_PORT};
    fettle_module_rescue rescue = {.hint = NULL};
    fettle_pycom_rescue(&look, &distress, &rescue);
    assert_null(strstr(rescue.step, "--mass-erase"));
    has(rescue.or_else, "--mass-erase");
    has(rescue.or_else, "is kept)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_after_updates),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_what_erasing_cannot_help),
        cmocka_unit_test(test_long_ports),
        cmocka_unit_test(test_without_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
