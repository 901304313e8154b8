/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual Pycom modules that crash and restart without end (loops=): what they say, that nothing but the
 * cause's end ends it, and that they can be brought into their loader as ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim_pycom_host.h"

enum {
    LOADER = 0x1000,
    TABLE = 0x8000,
    NVS = 0x9000,
    NVS_SIZE = 0x7000,
    FACTORY = 0x10000,
    FILES_4MB = 0x380000,
    FILES_4MB_SIZE = 0x7f000,
    FILES_8MB = 0x400000,
    FILES_8MB_SIZE = 0x400000,
    OTADATA = 0x190000, /* of old layouts, as the next two */
    OTA_0 = 0x1a0000,
    SLOT_SIZE = 0x180000,
    PERIOD_MS = 400, /* from one restart to the next */
};

#define PANIC    "Guru Meditation Error: Core "
#define RESTARTS "rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)"
#define STARTED  "Pycom MicroPython "

static unsigned count_of(const char *text, const char *what)
{
    unsigned count = 0;
    while ((text = strstr(text, what)) != NULL) {
        text += strlen(what);
        count++;
    }
    return count;
}

/* For as long as anyone looks it goes on, and `word` is in each crash. */
static void expect_loop(esp_host *host, const char *word)
{
    enum { TIMES = 10 };
    assert_false(pycom_boots(host));
    assert_int_equal(FETTLE_SIM_MODULE_NOTHING, pycom_runs(host));
    host_discard(host);
    const char *text = host_listen(host, TIMES * PERIOD_MS * MS);
    assert_null(strstr(text, STARTED));
    assert_in_range(count_of(text, RESTARTS), TIMES - 1, TIMES + 1);
    assert_in_range(count_of(text, word), TIMES - 1, TIMES + 1);
    assert_in_range(count_of(text, "Rebooting..."), TIMES - 1, TIMES + 1);
}

static void expect_start(esp_host *host, const char *version)
{
    assert_true(pycom_boots(host));
    const char *text = pycom_boot_text(host);
    assert_null(strstr(text, "Rebooting..."));
    assert_non_null(strstr(text, STARTED));
    assert_string_equal(version, pycom_version(host));
}

static void expect_loop_after_reset(esp_host *host, const char *word)
{
    pycom_hand(host, FETTLE_SIM_PRESS_RESET);
    expect_loop(host, word);
}

static void expect_start_of(esp_host *host, fettle_sim_module_state slot)
{
    assert_non_null(strstr(pycom_boot_text(host), STARTED));
    assert_int_equal(slot, pycom_runs(host));
}

/* ---- what it says ---- */

/* From the reset on: the ROM, its account of the bootloader, the crash, the ROM again. */
static void test_text_is_in_order(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "ets J",
        "\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n",
        "configsip: 0, SPIWP:0xee\r\n",
        "mode:DIO, clock div:1\r\n",
        "load:0x3fff0018,len:6144\r\n",
        "load:0x40078000,len:9216\r\n",
        "entry 0x40078004\r\n",
        "abort() was called at PC 0x",
        "Backtrace: 0x",
        "Rebooting...\r\n",
        "ets J",
        "\r\n\r\n" RESTARTS "\r\n",
        "load:0x3fff0018,len:6144\r\n",
        "abort() was called",
    };
    esp_host host = host_make_open("lopy4+pytrack,loops=nvs");
    const char *text = pycom_boot_text(&host);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        const char *at = strstr(text, pieces[i]);
        if (at == NULL) {
            fail_msg("not there, or not then: %s", pieces[i]);
            break;
        }
        text = at + strlen(pieces[i]);
    }
    host_free(&host);
}

static void test_silent_rom(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,loops=files,silent=yes");
    const char *text = pycom_boot_text(&host);
    assert_non_null(strstr(text, PANIC " 1 panic'ed (LoadProhibited)"));
    assert_null(strstr(text, "rst:"));
    assert_null(strstr(text, "load:"));
    host_free(&host);
}

static void test_crash_takes_its_time(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+expansion2,loops=app");
    pycom_hand(&host, FETTLE_SIM_PRESS_RESET);
    assert_null(strstr(host_listen(&host, 250 * MS), "Guru"));
    assert_non_null(strstr(host_listen(&host, 125 * MS), "Guru"));
    assert_non_null(strstr(host_listen(&host, 100 * MS), RESTARTS));
    host_free(&host);
}

/* ---- what ends it ---- */

static void test_nvs(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+expansion2,loops=nvs");
    uint8_t *flash = pycom_module(&host);
    expect_loop(&host, "abort()");
    host_wait(&host, 60000 * MS);
    expect_loop(&host, "abort()");
    memset(flash + NVS, 0xff, NVS_SIZE - 1);
    flash[NVS + NVS_SIZE - 1] = 0xfe; /* all but one bit */
    expect_loop_after_reset(&host, "abort()");
    flash[NVS + NVS_SIZE - 1] = 0xff;
    expect_start(&host, "1.20.2.r6");
    flash[NVS] = 0; /* it's the flash that says so, not something that once happened */
    expect_loop_after_reset(&host, "abort()");
    host_free(&host);
}

/* Between two restarts it may end as well. */
static void test_ends_without_a_reset(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+expansion2,loops=nvs");
    expect_loop(&host, "abort()");
    memset(pycom_module(&host) + NVS, 0xff, NVS_SIZE);
    assert_non_null(strstr(host_listen(&host, 2000 * MS), STARTED));
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    host_free(&host);
}

static void test_files(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        uint32_t at, size;
    } rows[] = {
        {"lopy+pytrack,loops=files", FILES_4MB, FILES_4MB_SIZE},
        {"sipy+expansion2,loops=files,layout=old", FILES_4MB, FILES_4MB_SIZE},
        {"lopy4+pytrack,loops=files", FILES_8MB, FILES_8MB_SIZE},
        {"fipy+expansion2,loops=files,layout=old", FILES_8MB, FILES_8MB_SIZE},
        {"gpy+pysense,loops=files,layout=small-factory", FILES_8MB, FILES_8MB_SIZE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        esp_host host = host_make_open(rows[i].spec);
        uint8_t *flash = pycom_module(&host);
        expect_loop(&host, "LoadProhibited");
        memset(flash + NVS, 0xff, NVS_SIZE);
        expect_loop_after_reset(&host, "LoadProhibited");
        memset(flash + rows[i].at, 0xff, rows[i].size);
        flash[rows[i].at + rows[i].size - 1] = 0;
        expect_loop_after_reset(&host, "LoadProhibited");
        flash[rows[i].at + rows[i].size - 1] = 0xff;
        assert_non_null(strstr(pycom_boot_text(&host), STARTED));
        assert_int_equal(0x70, flash[0x3ff000] & 0x70); /* the config block is none of it */
        host_free(&host);
    }
}

static void test_nvs_and_files(void **state)
{
    (void)state;
    for (int is_files_first = 0; is_files_first < 2; is_files_first++) {
        esp_host host = host_make_open("lopy4+pytrack,loops=nvs+files");
        uint8_t *flash = pycom_module(&host);
        expect_loop(&host, "abort()");
        if (is_files_first != 0) {
            memset(flash + FILES_8MB, 0xff, FILES_8MB_SIZE);
            expect_loop_after_reset(&host, "abort()");
            memset(flash + NVS, 0xff, NVS_SIZE);
        } else {
            memset(flash + NVS, 0xff, NVS_SIZE);
            expect_loop_after_reset(&host, "LoadProhibited");
            memset(flash + FILES_8MB, 0xff, FILES_8MB_SIZE);
        }
        expect_start(&host, "1.20.2.r6");
        host_free(&host);
    }
}

/* The table in its flash says where they are. */
static void test_table_is_followed(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+expansion2,layout=old,loops=nvs");
    uint8_t *flash = pycom_module(&host);
    fettle_put32(flash + TABLE + 4, 0x320000); /* into what no one uses */
    expect_start(&host, "1.18.2.r7");
    flash[0x320000 + NVS_SIZE - 1] = 0;
    expect_loop_after_reset(&host, "abort()");
    memset(flash + 0x320000, 0xff, NVS_SIZE);
    fettle_put32(flash + TABLE + 8, 0x8000); /* and larger */
    flash[0x320000 + NVS_SIZE] = 0;
    expect_loop_after_reset(&host, "abort()");
    flash[TABLE + 3] = 0x77; /* not NVS any more */
    expect_start(&host, "1.18.2.r7");
    host_free(&host);
}

#define SIGNATURE    "FFFFFFFF FFFFFFFF FFFFFFFF FFFFFFFF"
#define RUNS_FACTORY "00000000 01000000 00000000 45230100 00000000" SIGNATURE "B227FA70"
#define RUNS_OTA_0   "01000000 00000000 00000000 45230100 00000000" SIGNATURE "8DF65014"
#define RUNS_SAFE    "01000000 01000000 00000000 45230100 01000000" SIGNATURE "61C8ED80"

static void put_otadata(esp_host *host, const char *hex)
{
    memset(pycom_module(host) + OTADATA, 0xff, 0x1000);
    assert_int_equal(40, pycom_unhex(hex, pycom_module(host) + OTADATA));
}

/* The other slot has a good one, and naming it does. */
static void test_app_and_the_other_slot(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,layout=old,loops=app");
    uint8_t *flash = pycom_module(&host);
    expect_loop(&host, PANIC " 0 panic'ed (IllegalInstruction)");
    memset(flash + NVS, 0xff, NVS_SIZE);
    memset(flash + FILES_8MB, 0xff, FILES_8MB_SIZE);
    expect_loop_after_reset(&host, "IllegalInstruction");
    put_otadata(&host, RUNS_OTA_0);
    expect_start_of(&host, FETTLE_SIM_MODULE_OTA_0);
    assert_string_equal("1.18.1.r1", pycom_version(&host));
    put_otadata(&host, RUNS_SAFE);
    assert_non_null(strstr(pycom_boot_text(&host), "Safe boot"));
    assert_int_equal(FETTLE_SIM_MODULE_OTA_0, pycom_runs(&host));
    put_otadata(&host, RUNS_FACTORY);
    expect_loop_after_reset(&host, "IllegalInstruction");
    host_free(&host);
    host = host_make_open("lopy4+pytrack,layout=old,loops=app,active=ota_0");
    expect_loop(&host, "IllegalInstruction");
    put_otadata(&host, RUNS_FACTORY);
    expect_start_of(&host, FETTLE_SIM_MODULE_FACTORY);
    put_otadata(&host, RUNS_OTA_0);
    expect_loop_after_reset(&host, "IllegalInstruction");
    host_free(&host);
}

static void test_app_and_a_good_one(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,layout=old,loops=app");
    uint8_t *flash = pycom_module(&host);
    uint8_t *broken = malloc(SLOT_SIZE);
    assert_non_null(broken);
    memcpy(broken, flash + FACTORY, SLOT_SIZE);
    memcpy(flash + FACTORY, flash + OTA_0, SLOT_SIZE);
    expect_start(&host, "1.18.1.r1");
    memcpy(flash + FACTORY, broken, SLOT_SIZE); /* once more the one that breaks */
    expect_loop_after_reset(&host, "IllegalInstruction");
    memcpy(flash + OTA_0, broken, SLOT_SIZE); /* and it does in any slot */
    put_otadata(&host, RUNS_OTA_0);
    expect_loop_after_reset(&host, "IllegalInstruction");
    free(broken);
    host_free(&host);
}

/* G28 at 3V3: after six seconds it is the factory slot, which may be a good one. */
static void test_app_and_a_long_safe_boot(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+expansion2,loops=app,active=ota_0");
    expect_loop(&host, "IllegalInstruction");
    pycom_hand(&host, FETTLE_SIM_WIRE_G28_AND_RESET);
    assert_null(strstr(host_listen(&host, 5900 * MS), "Safe boot"));
    assert_non_null(strstr(host_listen(&host, 2000 * MS), "Safe boot"));
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    pycom_hand(&host, FETTLE_SIM_UNWIRE_AND_RESET); /* it doesn't last */
    expect_loop(&host, "IllegalInstruction");
    host_free(&host);
    host = host_make_open("lopy+expansion2,loops=app");
    pycom_hand(&host, FETTLE_SIM_WIRE_G28_AND_RESET);
    expect_loop(&host, "IllegalInstruction");
    host_free(&host);
}

/* A ROM that can't read a bootloader is reset by the watchdog, not by a crash. */
static void test_flash(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,loops=flash");
    esp_host other = host_make("lopy4+pytrack");
    uint8_t *flash = pycom_module(&host);
    assert_false(pycom_boots(&host));
    const char *text = pycom_boot_text(&host); /* 2 s, and the first is by power */
    assert_int_equal(5, count_of(text, "flash read err, 1000\r\nets_main.c 371 \r\n"));
    assert_int_equal(1, count_of(text, "rst:0x1 "));
    assert_in_range(count_of(text, "rst:0x10 (RTCWDT_RTC_RESET),boot:0x13 "), 4, 5);
    assert_null(strstr(text, "load:"));
    memcpy(flash + LOADER, pycom_module(&other) + LOADER, 0x800); /* half of a sector */
    assert_non_null(strstr(pycom_boot_text(&host), "flash read err"));
    memcpy(flash + LOADER, pycom_module(&other) + LOADER, 0x1000);
    expect_start(&host, "1.20.2.r6");
    host_free(&host);
    host_free(&other);
}

/* ---- its loader ---- */

static void erase(esp_host *host, uint32_t at, uint32_t size)
{
    assert_int_equal(0, host_ask(host, 0x02, 60000 * MS, size, size / 0x400, 0x400, at));
}

/* As a rescue does it, through the PIC and with nothing but its commands. */
static void test_rescue_through_the_pic(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+pytrack,loops=nvs+files");
    expect_loop(&host, "abort()");
    assert_int_equal(8, pycom_enter(&host));
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    assert_int_equal(8, pycom_sync(&host));
    host_attach(&host);
    erase(&host, NVS, NVS_SIZE);
    pycom_leave(&host);
    expect_loop(&host, "LoadProhibited");
    assert_int_equal(8, pycom_enter(&host));
    assert_int_equal(8, pycom_sync(&host));
    host_attach(&host);
    erase(&host, FILES_4MB, FILES_4MB_SIZE);
    pycom_leave(&host);
    assert_non_null(strstr(host_listen(&host, 1500 * MS), STARTED));
    host_free(&host);
}

static void test_loader_by_wire(void **state)
{
    (void)state;
    static const char *const causes[] = {"nvs", "files", "nvs+files", "app", "flash"};
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        char spec[64];
        (void)snprintf(spec, sizeof spec, "lopy+expansion2,loops=%s", causes[i]);
        esp_host host = host_make_open(spec);
        host_wait(&host, 5000 * MS);
        assert_int_equal(0, pycom_sync(&host));
        pycom_hand(&host, FETTLE_SIM_WIRE_AND_RESET);
        assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
        assert_int_equal(8, pycom_sync(&host));
        host_discard(&host); /* and it is quiet there */
        assert_string_equal("", host_listen(&host, 2000 * MS));
        pycom_hand(&host, FETTLE_SIM_UNWIRE_AND_RESET);
        assert_false(pycom_boots(&host));
        assert_true(count_of(host_listen(&host, 2000 * MS), "rst:0x") >= 4);
        host_free(&host);
    }
}

/* ---- what doesn't end it ---- */

static void look_again(esp_host *host, const char *word)
{
    if (host->link.kind == FETTLE_LINK_NONE) {
        host_open(host, 115200);
    }
    expect_loop(host, word);
}

static void test_survives_resets_and_power(void **state)
{
    (void)state;
    static const char *const specs[] = {"lopy+pytrack,loops=nvs,pic-version=16",
                                        "lopy+expansion2,loops=nvs"};
    for (size_t i = 0; i < 2; i++) {
        esp_host host = host_make_open(specs[i]);
        host_close(&host);
        host_wait(&host, 123456 * MS); /* while nobody listens */
        look_again(&host, "abort()");
        host_close(&host);
        fettle_sim_do(host.sim, 0, FETTLE_SIM_REPLUG, 0);
        host_wait(&host, 2000 * MS);
        look_again(&host, "abort()");
        if (i == 0) { /* the shield alone starts anew */
            pycom_begin(&host);
            pycom_send(&host, "40");
            host_wait(&host, 100 * MS);
            host_close(&host);
            host_wait(&host, 1000 * MS);
            look_again(&host, "abort()");
        }
        assert_true(fettle_sim_set_fault(host.sim, 0, "vanish@1"));
        pycom_hand(&host, FETTLE_SIM_WIRE_AND_RESET);
        host_send_sync(&host);
        host_wait(&host, 100 * MS);
        assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, fettle_sim_showing(host.sim, 0));
        host_close(&host);
        host_wait(&host, 4000 * MS);
        host_open(&host, 115200);
        pycom_hand(&host, FETTLE_SIM_UNWIRE_AND_RESET);
        look_again(&host, "abort()");
        host_free(&host);
    }
}

/* Brownouts, a pin that doesn't do it and a shield's update mode are all one to it. */
static void test_survives_faults(void **state)
{
    (void)state;
    static const char *const faults[] = {"brownout@1", "stuck-app@1", "wrong-strap@1"};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        esp_host host = host_make_open("lopy4+pytrack,loops=files");
        expect_loop(&host, "LoadProhibited");
        assert_true(fettle_sim_set_fault(host.sim, 0, faults[i]));
        pycom_enter(&host);
        (void)pycom_sync(&host);
        pycom_leave(&host);
        expect_loop(&host, "LoadProhibited");
        pycom_enter(&host);
        assert_int_equal(8, pycom_sync(&host));
        host_free(&host);
    }
    esp_host host = host_make_open("lopy4+pytrack,loops=files");
    host_close(&host);
    fettle_sim_do(host.sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 0);
    host_wait(&host, 2000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(host.sim, 0));
    host_wait(&host, 8000 * MS);
    look_again(&host, "LoadProhibited");
    host_free(&host);
}

/* Whoever begins to listen in the middle hears a whole crash within one period. */
static void test_listening_late(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 8; late++) {
        esp_host host = host_make("lopy+expansion2,loops=app");
        host_wait(&host, 10000 * MS + late * 50 * MS);
        host_open(&host, 115200);
        const char *text = host_listen(&host, 2 * PERIOD_MS * MS);
        assert_in_range(count_of(text, "IllegalInstruction"), 1, 2);
        assert_in_range(count_of(text, RESTARTS), 1, 2);
        host_free(&host);
    }
}

/* ---- options ---- */

static void test_options(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *word;
    } rows[] = {
        {"lopy4+pytrack,loops=maybe", "no, nvs, files, nvs+files, app, flash"},
        {"pytrack,loops=nvs", "isn't known"},
        {"esp32,loops=nvs", "isn't known"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_refused(rows[i].spec, rows[i].word);
    }
    esp_host host = host_make_open("lopy4+pytrack,loops=no");
    expect_start(&host, "1.20.2.r6");
    host_free(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_in_order),
        cmocka_unit_test(test_silent_rom),
        cmocka_unit_test(test_crash_takes_its_time),
        cmocka_unit_test(test_nvs),
        cmocka_unit_test(test_ends_without_a_reset),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_nvs_and_files),
        cmocka_unit_test(test_table_is_followed),
        cmocka_unit_test(test_app_and_the_other_slot),
        cmocka_unit_test(test_app_and_a_good_one),
        cmocka_unit_test(test_app_and_a_long_safe_boot),
        cmocka_unit_test(test_flash),
        cmocka_unit_test(test_rescue_through_the_pic),
        cmocka_unit_test(test_loader_by_wire),
        cmocka_unit_test(test_survives_resets_and_power),
        cmocka_unit_test(test_survives_faults),
        cmocka_unit_test(test_listening_late),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests_name("sim_pycom_loops", tests, NULL, NULL);
}
