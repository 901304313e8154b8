/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pycom's carriers with modules on them, against the fact sheet on Pycom boards (its sections 1 and 3), byte by byte where it
 * has bytes: the PIC's commands, the bridge, the wires, and who sits in front of it all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim_pycom_host.h"

#include "sim/internal.h"

static fettle_sim_shows shows(const esp_host *host)
{
    return fettle_sim_showing(host->sim, 0);
}

/* ---- the whole way ---- */

static void test_pic_brings_module_into_its_loader(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack");
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    assert_string_equal("1.20.2.r6", pycom_version(&host));
    assert_int_equal(0, pycom_sync(&host));
    assert_int_equal(8, pycom_enter(&host));
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    assert_string_equal("", pycom_version(&host));
    assert_int_equal(8, pycom_sync(&host));
    host_attach(&host);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, shows(&host)); /* of the shield */
    assert_int_equal(7, pycom_leave(&host));
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    assert_non_null(strstr(host_listen(&host, 1500 * MS), "Pycom MicroPython 1.20.2.r6 ["));
    assert_int_equal(0, pycom_sync(&host));
    host_free(&host);
}

/* RC0 stays low after the entry: whoever presses reset gets the loader again. */
static void test_boot_pin_stays_low(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack");
    pycom_enter(&host);
    pycom_hand(&host, FETTLE_SIM_PRESS_RESET);
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    assert_non_null(strstr(host_listen(&host, 100 * MS), "waiting for download"));
    pycom_leave(&host);
    pycom_hand(&host, FETTLE_SIM_PRESS_RESET);
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    host_free(&host);
}

/* While RC5 is low the module is nobody, whatever a finger does. */
static void test_held_in_reset(void **state)
{
    (void)state;
    esp_host host = host_make_open("fipy+expansion31");
    pycom_begin(&host);
    pycom_send(&host, "02 8E 00 DF 00 00 02 0E 00 DF 00 00");
    host_wait(&host, 100 * MS);
    assert_int_equal(FETTLE_SIM_MODULE_NOTHING, pycom_runs(&host));
    pycom_hand(&host, FETTLE_SIM_PRESS_RESET);
    assert_int_equal(FETTLE_SIM_MODULE_NOTHING, pycom_runs(&host));
    pycom_send(&host, "02 8E 00 FF 20 00"); /* an input: it is let go */
    host_wait(&host, 10 * MS);
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    host_free(&host);
}

static void test_wire_brings_module_into_its_loader(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+expansion2");
    fettle_sight sight;
    assert_true(fettle_sim_look_at(host.sim, 0, &sight));
    assert_string_equal("sim:lopy+expansion2", sight.path);
    assert_int_equal(0x0403, sight.id.vendor);
    assert_int_equal(0x6015, sight.id.product);
    assert_int_equal(0, pycom_sync(&host));
    host_reset_tight(&host); /* nobody has wired these */
    assert_int_equal(0, pycom_sync(&host));
    pycom_hand(&host, FETTLE_SIM_WIRE);
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    assert_int_equal(FETTLE_SIM_SHOWS_APP, shows(&host));
    pycom_hand(&host, FETTLE_SIM_WIRE_AND_RESET);
    assert_non_null(strstr(host_listen(&host, 100 * MS), "waiting for download"));
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, shows(&host));
    assert_int_equal(8, pycom_sync(&host));
    pycom_hand(&host, FETTLE_SIM_PRESS_RESET);
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    pycom_hand(&host, FETTLE_SIM_UNWIRE); /* nothing happens before the reset */
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    pycom_hand(&host, FETTLE_SIM_UNWIRE_AND_RESET);
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    assert_ptr_equal(host_flash(&host), pycom_module(&host));
    host_free(&host);
    host = host_make("lopy+expansion2,mode=rom");
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host)); /* it was found wired */
    host_free(&host);
}

/* ---- commands ---- */

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *hardware, *firmware, *product;
    } rows[] = {
        {"lopy4+pytrack", "01 00", "08 00", "13 F0"},
        {"lopy4+pysense", "01 00", "08 00", "12 F0"},
        {"gpy+pyscan", "01 00", "08 00", "38 EF"},
        {"gpy+pygate", "01 00", "0D 00", "14 ED"},
        {"gpy+expansion30", "01 00", "09 00", "98 EF"},
        {"gpy+expansion31", "01 00", "0B 00", "98 EF"},
        {"gpy+pytrack,pic-version=4", "01 00", "04 00", "13 F0"},
        {"gpy+pysense,pic-version=3", "01 00", "03 00", "12"},
        {"gpy+pytrack,pic-version=16", "02 00", "10 00", "13 F0"},
        {"gpy+pytrack,pic-version=300,hardware=513", "01 02", "2C 01", "13 F0"},
        {"pytrack", "01 00", "08 00", "13 F0"}, /* without a module on it */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        esp_host host = host_make_open(rows[i].spec);
        pycom_begin(&host);
        pycom_expect(&host, "10", rows[i].hardware);
        pycom_expect(&host, "11", rows[i].firmware);
        pycom_expect(&host, "12", rows[i].product);
        host_free(&host);
    }
}

static void test_memory_commands(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack");
    pycom_begin(&host);
    pycom_expect(&host, "00 8C 00", "FF");
    pycom_expect(&host, "01 8C 00 5A", "");
    pycom_expect(&host, "00 8C 00", "5A");
    pycom_expect(&host, "02 8C 00 0F 31 03", "38"); /* ((5A & 0F) | 31) ^ 03 */
    pycom_expect(&host, "00 8C 00", "38");
    pycom_expect(&host, "01 34 05 77 00 34 05", "77");
    pycom_expect(&host, "00 0C 00", "00");
    pycom_expect(&host, "55 AA 11",
                 "08 00"); /* two that it doesn't know, and one that it does */
    pycom_expect(&host, "20 01 02 03 21 01 22 30 11", "08 00");
    pycom_expect(&host, "23 40 11", "08 00"); /* of 2.0 X */
    host_free(&host);
}

static void test_answer_takes_its_time(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack");
    pycom_begin(&host);
    fettle_us asked = host_now(&host);
    pycom_send(&host, "00 8C 00");
    host.in_count = 0;
    assert_true(host_read_more(&host, asked + 100 * MS));
    assert_in_range(host_now(&host) - asked, 900, 1500);
    host_free(&host);
}

/* Half a command is forgotten with the line coding that it came by. */
static void test_half_a_command(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack");
    pycom_begin(&host);
    pycom_send(&host, "02 8C 00");
    pycom_bits(&host, 8);
    pycom_begin(&host);
    pycom_expect(&host, "11", "08 00");
    host_free(&host);
}

static void test_no_command_with_eight_bits(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,module=none");
    pycom_send(&host, "11");
    assert_int_equal(0, pycom_drain(&host, 10));
    pycom_begin(&host);
    pycom_expect(&host, "11", "08 00");
    host_free(&host);
}

static void test_silent_pic(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,pic=silent");
    assert_int_equal(0, pycom_enter(&host));
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    pycom_hand(&host, FETTLE_SIM_WIRE_AND_RESET); /* the bridge works all the same */
    assert_int_equal(8, pycom_sync(&host));
    host_free(&host);
}

static void test_pic_that_was_left(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,pic=left");
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    assert_int_equal(8, pycom_sync(&host));
    pycom_leave(&host);
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    host_free(&host);
    host = host_make("lopy4+pytrack,pic=left"); /* power makes it forget */
    fettle_sim_do(host.sim, 0, FETTLE_SIM_REPLUG, 0);
    host_wait(&host, 1000 * MS);
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    host_free(&host);
}

static void test_rc0_is_ignored(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,rc0=ignored");
    assert_int_equal(8, pycom_enter(&host));
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    assert_int_equal(0, pycom_sync(&host));
    pycom_hand(&host, FETTLE_SIM_WIRE);
    assert_int_equal(8, pycom_enter(&host));
    assert_int_equal(8, pycom_sync(&host));
    host_free(&host);
}

static void test_software_dfu(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack");
    pycom_begin(&host);
    pycom_expect(&host, "31", "");
    assert_int_equal(FETTLE_SIM_SHOWS_APP, shows(&host));
    host_free(&host);
    host = host_make_open("lopy4+pytrack,software-dfu=yes");
    pycom_begin(&host);
    pycom_send(&host, "31");
    host_wait(&host, 500 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, shows(&host));
    host_close(&host);
    host_wait(&host, 6900 * MS + 500 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, shows(&host)); /* the window was over */
    host_free(&host);
}

static void test_reset_of_newer_pics(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,pic-version=16");
    pycom_enter(&host);
    pycom_begin(&host);
    fettle_sim_log_clear(host.sim);
    pycom_send(&host, "40");
    host_wait(&host, 100 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, shows(&host));
    host_wait(&host, 500 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, shows(&host));
    assert_int_equal(0, host_count(&host, "reset")); /* the module didn't notice, */
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    pycom_hand(&host, FETTLE_SIM_PRESS_RESET); /* but its boot pin was let go */
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    host_free(&host);
}

/* A new application can have another version. */
static void test_updated_version(void **state)
{
    (void)state;
    size_t size;
    esp_host host = host_make_open("pytrack,updated-version=9");
    pycom_begin(&host);
    pycom_expect(&host, "11", "08 00");
    fettle_sim_make_shield_payload(fettle_sim_memory(host.sim, 0, &size), 77);
    pycom_expect(&host, "11", "09 00");
    host_free(&host);
}

static void test_log_has_commands(void **state)
{
    (void)state;
    const fettle_sim_entry *log;
    esp_host host = host_make_open("lopy4+pytrack");
    pycom_begin(&host);
    fettle_sim_log_clear(host.sim);
    pycom_expect(&host, "02 8E 00 FE 00 00", "FE");
    size_t count = fettle_sim_log(host.sim, &log);
    assert_true(count >= 1);
    assert_string_equal("pic", log[0].what);
    assert_int_equal(2, log[0].bRequest);
    assert_int_equal(0x8e, log[0].wIndex);
    assert_int_equal(1, host_count(&host, "pic"));
    host_free(&host);
}

/* ---- the bridge ---- */

/* The ROM misjudges its clock: section 2.6 of the sheet on ESP chips. */
static void change_baud(esp_host *host, uint32_t baud)
{
    uint64_t calibration = host_read_reg(host, 0x3ff5f06c) >> 7;
    uint64_t rom_hz = calibration * 15625 * (host_read_reg(host, 0x3ff5a010) & 0xff) / 40;
    uint32_t wanted = (uint32_t)(baud * rom_hz / 40000000);
    assert_int_equal(0, host_ask(host, 0x0f, 200 * MS, wanted, 0));
    host_set_baud(host, baud);
    host_wait(host, 20 * MS);
    host_discard(host);
}

static void test_long_runs_lose_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        uint32_t baud;
        bool is_whole;
    } rows[] = {
        {"lopy4+pytrack", 115200, true},
        {"lopy4+pytrack", 230400, true},
        {"lopy4+pytrack", 921600, false},
        {"lopy4+pytrack", 460800, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        esp_host host = host_make_open(rows[i].spec);
        pycom_enter(&host);
        host_discard(&host);
        host_set_baud(&host, rows[i].baud);
        (void)host_sync(&host);
        unsigned frames = 0; /* eight replies without a pause, 112 bytes */
        for (unsigned round = 0; round < 4; round++) {
            frames += host_sync(&host);
        }
        if (rows[i].is_whole) {
            assert_int_equal(4 * 8, frames);
        } else {
            assert_in_range(frames, 4, 4 * 8 - 1);
        }
        assert_int_equal(
            0, host_ask(&host, 0x0d, 200 * MS, 0, 0)); /* a short one always comes */
        host_free(&host);
    }
}

static uint8_t *make_block(void)
{
    static uint8_t block[0x400];
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (uint8_t)(i * 7);
    }
    return block;
}

/* To the module everything comes through, up to 921600. */
static void test_writing_is_fast(void **state)
{
    (void)state;
    esp_host host = pycom_make_loader("fipy+expansion30");
    change_baud(&host, 921600);
    assert_int_equal(0, host_ask(&host, 0x02, 3000 * MS, 0x8000, 0x20, 0x400, 0x200000));
    for (uint32_t i = 0; i < 0x20; i++) {
        host_send_block(&host, 0x03, i, make_block(), 0x400);
        assert_int_equal(0, host_status(&host, 0x03, 0, 500 * MS));
    }
    assert_memory_equal(make_block(), pycom_module(&host) + 0x200000 + 0x7c00, 0x400);
    change_baud(&host, 2000000);
    unsigned good = 0;
    for (uint32_t i = 0; i < 10; i++) {
        good += host_ask(&host, 0x02, 3000 * MS, 0x400, 1, 0x400, 0x200000) == 0;
        host_send_block(&host, 0x03, 0, make_block(), 0x400);
        good += host_status(&host, 0x03, 0, 500 * MS) == 0;
    }
    assert_in_range(good, 0, 9); /* no block came through, of which each needs both */
    host_free(&host);
}

static void test_both_ends_have_to_agree(void **state)
{
    (void)state;
    esp_host host = pycom_make_loader("lopy4+pytrack");
    host_set_baud(&host, 57600);
    assert_int_equal(0, host_sync(&host));
    host_set_baud(&host, 115200);
    assert_int_equal(8, host_sync(&host));
    pycom_bits(&host, 7);
    assert_int_equal(0, host_sync(&host));
    host_free(&host);
}

/* Nothing passes while the PIC listens to commands. */
static void test_no_bridge_in_command_mode(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack");
    host_discard(&host);
    host_listen(&host, 2000 * MS);
    pycom_begin(&host);
    pycom_hand(&host, FETTLE_SIM_PRESS_RESET);
    assert_int_equal(0, strlen(host_listen(&host, 2000 * MS)));
    pycom_bits(&host, 8);
    assert_int_equal(0, strlen(host_listen(&host, 2000 * MS)));
    assert_true(strlen(pycom_boot_text(&host)) > 100);
    fettle_sim_do(host.sim, 0, FETTLE_SIM_PRESS_RESET, 0);
    host_wait(&host, 4 * MS); /* of the 8 that the ROM talks */
    pycom_bits(&host, 5);
    assert_in_range(strlen(host_listen(&host, 100 * MS)), 10, 60);
    host_free(&host);
}

static void test_prompt_shows_what_is_typed(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+expansion2");
    assert_non_null(strstr(pycom_boot_text(&host), ">>> "));
    host_write(&host, "ab\x07\r", 4);
    assert_string_equal("ab\r\n>>> ", host_listen(&host, 100 * MS));
    host_free(&host);
}

/* MicroPython's own word for it, which changes nothing. Before there is a prompt nobody hears it. */
static void test_ctrl_b_has_it_say_its_version(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+expansion2,app-version=1.18.2.r7");
    host_write(&host, "\x02", 1);
    const char *start = pycom_boot_text(&host);
    assert_non_null(start);
    assert_null(strstr(strstr(start, "1.18.2.r7") + 1, "1.18.2.r7"));
    for (int i = 0; i < 2; i++) {
        host_write(&host, "\x02", 1);
        const char *text = host_listen(&host, 100 * MS);
        assert_non_null(strstr(text, "\r\nPycom MicroPython 1.18.2.r7 ["));
        assert_string_equal(">>> ", text + strlen(text) - 4);
    }
    host_free(&host);
}

static void test_jumpers(void **state)
{
    (void)state;
    static const char *const specs[] = {"lopy4+expansion31,jumpers=off",
                                        "lopy+expansion2,jumpers=off"};
    for (size_t i = 0; i < 2; i++) {
        esp_host host = host_make_open(specs[i]);
        pycom_hand(&host, FETTLE_SIM_WIRE_AND_RESET);
        assert_int_equal(0, strlen(host_listen(&host, 1000 * MS)));
        assert_int_equal(0, pycom_sync(&host));
        assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
        host_free(&host);
    }
    esp_host host = host_make_open(specs[0]);
    assert_int_equal(8, pycom_enter(&host)); /* the PIC itself isn't behind them */
    host_free(&host);
}

/* ---- what is no module ---- */

static void test_nobody_there(void **state)
{
    (void)state;
    static const char *const specs[] = {"lopy4+pytrack,module=none",
                                        "lopy+expansion2,module=none"};
    for (size_t i = 0; i < 2; i++) {
        esp_host host = host_make_open(specs[i]);
        assert_int_equal(0, strlen(pycom_boot_text(&host)));
        pycom_hand(&host, FETTLE_SIM_WIRE_AND_RESET);
        assert_int_equal(0, pycom_sync(&host));
        assert_int_equal(FETTLE_SIM_MODULE_NOTHING, pycom_runs(&host));
        host_free(&host);
    }
}

static void test_echo(void **state)
{
    (void)state;
    static const char *const specs[] = {"lopy4+pytrack,module=echo",
                                        "lopy+expansion2,module=echo"};
    for (size_t i = 0; i < 2; i++) {
        esp_host host = host_make_open(specs[i]);
        host_set_baud(&host, 57600);
        host_write(&host, "\xc0xyz", 4);
        assert_string_equal("\xc0xyz", host_listen(&host, 100 * MS));
        host_free(&host);
    }
}

static void test_garbage(void **state)
{
    (void)state;
    static const char *const specs[] = {"lopy4+pytrack,module=garbage",
                                        "lopy+expansion2,module=garbage"};
    for (size_t i = 0; i < 2; i++) {
        esp_host host = host_make_open(specs[i]);
        if (i == 0) {
            pycom_enter(&host);
        } else {
            pycom_hand(&host, FETTLE_SIM_WIRE_AND_RESET);
        }
        const char *text = host_listen(&host, 1000 * MS);
        assert_true(strlen(text) > 500);
        assert_null(strstr(text, "waiting"));
        assert_int_equal(0, pycom_sync(&host));
        host_free(&host);
    }
}

static void test_safe_boot(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,module=safe-boot");
    const char *text = pycom_boot_text(&host);
    assert_non_null(strstr(text, "Safe boot"));
    assert_non_null(strstr(text, "1.20.2.r6"));
    pycom_enter(&host);
    assert_int_equal(8, pycom_sync(&host));
    host_free(&host);
    host = host_make_open("lopy4+pytrack");
    assert_null(strstr(pycom_boot_text(&host), "Safe boot"));
    pycom_hand(&host, FETTLE_SIM_WIRE_G28_AND_RESET);
    assert_non_null(strstr(host_listen(&host, 2000 * MS), "Safe boot"));
    host_free(&host);
}

/* ---- who sits in front of it ---- */

static void ask(esp_host *host, fettle_ask what)
{
    fettle_sim_hear(host->sim, NULL, what);
    host_wait(host, 1100 * MS);
}

static void test_helpful_person(void **state)
{
    (void)state;
    static const char *const specs[] = {"lopy+expansion2", "lopy4+pytrack"};
    for (size_t i = 0; i < 2; i++) {
        esp_host host = host_make_open(specs[i]);
        ask(&host, FETTLE_ASK_WIRE);
        assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
        ask(&host, FETTLE_ASK_UNWIRE);
        assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
        host_free(&host);
    }
}

/* On a shield with a PIC that is S1; the wire is for Expansion Board 2.0. */
static void test_update_mode(void **state)
{
    (void)state;
    esp_host host = host_make("lopy4+pytrack");
    ask(&host, FETTLE_ASK_UPDATE_MODE);
    host_wait(&host, 1000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, shows(&host));
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    host_free(&host);
    host = host_make("lopy+expansion2");
    ask(&host, FETTLE_ASK_UPDATE_MODE);
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    host_free(&host);
}

static void test_wrong_turns(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+expansion2,wire=g28");
    fettle_sim_hear(host.sim, NULL, FETTLE_ASK_WIRE);
    assert_non_null(strstr(host_listen(&host, 3000 * MS), "Safe boot"));
    ask(&host, FETTLE_ASK_UNWIRE);
    assert_null(strstr(host_listen(&host, 3000 * MS), "Safe boot"));
    host_free(&host);

    host = host_make_open("lopy+expansion2,wire=none");
    fettle_sim_hear(host.sim, NULL, FETTLE_ASK_WIRE);
    assert_non_null(strstr(host_listen(&host, 3000 * MS), "SPI_FAST_FLASH_BOOT"));
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    host_free(&host);

    host = host_make_open("lopy+expansion2,wire=noreset");
    host_listen(&host, 2000 * MS);
    fettle_sim_hear(host.sim, NULL, FETTLE_ASK_WIRE);
    assert_int_equal(0, strlen(host_listen(&host, 3000 * MS)));
    pycom_hand(&host, FETTLE_SIM_PRESS_RESET); /* it is wired, though */
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    ask(&host, FETTLE_ASK_UNWIRE);
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    host_free(&host);

    host = host_make_open("lopy+expansion2,wire=left");
    ask(&host, FETTLE_ASK_WIRE);
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    fettle_sim_log_clear(host.sim);
    ask(&host, FETTLE_ASK_UNWIRE);
    assert_int_equal(1, host_count(&host, "reset"));
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    host_free(&host);
}

static void test_other_persons(void **state)
{
    (void)state;
    static const char *const persons[] = {"none", "slow", "wrong"};
    for (size_t i = 0; i < 3; i++) {
        char spec[64];
        (void)snprintf(spec, sizeof spec, "lopy+expansion2,person=%s", persons[i]);
        esp_host host = host_make(spec);
        ask(&host, FETTLE_ASK_WIRE);
        assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
        host_wait(&host, 9000 * MS);
        assert_int_equal(i == 1 ? FETTLE_SIM_MODULE_LOADER : FETTLE_SIM_MODULE_FACTORY,
                         pycom_runs(&host));
        host_free(&host);
    }
}

/* ---- power ---- */

static void test_power(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack");
    pycom_enter(&host);
    fettle_sim_do(host.sim, 0, FETTLE_SIM_UNPLUG, 0);
    host_wait(&host, 100 * MS);
    assert_int_equal(FETTLE_SIM_MODULE_NOTHING, pycom_runs(&host));
    fettle_sim_do(host.sim, 0, FETTLE_SIM_PLUG, 0);
    host_wait(&host, 1000 * MS);
    assert_int_equal(FETTLE_SIM_MODULE_FACTORY, pycom_runs(&host));
    host_free(&host);

    host = host_make_open("lopy4+pytrack,battery=yes");
    pycom_enter(&host);
    fettle_sim_do(host.sim, 0, FETTLE_SIM_REPLUG_WITH_BUTTON, 0);
    host_wait(&host, 1000 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, shows(&host));
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    pycom_hand(&host, FETTLE_SIM_PRESS_RESET); /* its PIC pulls still */
    assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
    host_free(&host);
}

/* ---- faults ---- */

static void test_faults_of_the_line(void **state)
{
    (void)state;
    static const char *const specs[] = {"lopy4+pytrack", "lopy+expansion2,mode=rom"};
    for (size_t i = 0; i < 2; i++) {
        esp_host host = host_make_open(specs[i]);
        if (i == 0) {
            pycom_enter(&host);
        }
        assert_int_equal(8, pycom_sync(&host));
        host_attach(&host);
        assert_true(fettle_sim_set_fault(host.sim, 0, "lose-reply@1"));
        assert_int_equal(UINT32_MAX, host_ask(&host, 0x0d, 200 * MS, 0, 0));
        assert_int_equal(0, host_ask(&host, 0x0d, 200 * MS, 0, 0));
        assert_true(fettle_sim_set_fault(host.sim, 0, "noise@2"));
        assert_int_equal(0, host_ask(&host, 0x0d, 200 * MS, 0, 0));
        assert_int_not_equal(0, host_ask(&host, 0x0d, 200 * MS, 0, 0));
        (void)pycom_sync(&host); /* it may have been the end of a frame */
        assert_true(fettle_sim_set_fault(host.sim, 0, "drop-write@1"));
        assert_int_equal(0, host_ask(&host, 0x02, 3000 * MS, 0x800, 2, 0x400, 0x200000));
        host_send_block(&host, 0x03, 0, make_block(), 0x400);
        host_status(&host, 0x03, 0, 500 * MS);
        assert_int_equal(0xff, pycom_module(&host)[0x200001]);
        assert_true(fettle_sim_set_fault(host.sim, 0, "brownout@1"));
        host_send_block(&host, 0x03, 1, make_block(), 0x400);
        assert_int_equal(UINT32_MAX, host_status(&host, 0x03, 0, 500 * MS));
        assert_int_equal(FETTLE_SIM_MODULE_LOADER, pycom_runs(&host));
        assert_true(fettle_sim_set_fault(host.sim, 0, "vanish@1"));
        host_send_sync(&host);
        host_wait(&host, 100 * MS);
        assert_int_equal(FETTLE_SIM_SHOWS_NOTHING, shows(&host));
        assert_int_equal(FETTLE_SIM_MODULE_NOTHING, pycom_runs(&host));
        host_wait(&host, 3000 * MS);
        assert_int_equal(i == 0 ? FETTLE_SIM_MODULE_FACTORY : FETTLE_SIM_MODULE_LOADER,
                         pycom_runs(&host)); /* a wire is still there */
        host_free(&host);
    }
}

/* ---- as a USB device ---- */

static fettle_outcome control(esp_host *host, uint8_t request, const uint8_t *out,
                              uint16_t size)
{
    fettle_control setup = {0x21, request, 0, 0, size, out, NULL};
    return fettle_sim_usb_ops.control(host->link.self, &setup, host_now(host) + 1000 * MS,
                                      NULL);
}

/* SET_LINE_CODING carries the data bits to the PIC, as behind another host's driver. */
static void test_line_coding_over_usb(void **state)
{
    (void)state;
    static const uint8_t five[] = {0x00, 0xc2, 0x01, 0x00, 0, 0, 5};
    static const uint8_t eight[] = {0x00, 0xc2, 0x01, 0x00, 0, 0, 8};
    esp_host host = host_make_open("lopy4+pytrack");
    fettle_sim_do(host.sim, 0, FETTLE_SIM_PRESS_RESET, 0);
    host_wait(&host, 4 * MS); /* what it says now is cut off */
    assert_int_equal(FETTLE_OK, control(&host, 0x20, five, 7).kind);
    assert_in_range(strlen(host_listen(&host, 100 * MS)), 10, 60);
    host_discard(&host);
    pycom_expect(&host, "11", "08 00");
    pycom_send(&host, "02 8E 00 FE 00 00 02 0E 00 FE 00 00");
    assert_int_equal(6, pycom_reset(&host));
    assert_int_equal(FETTLE_OK, control(&host, 0x20, eight, 7).kind);
    assert_int_equal(8, pycom_sync(&host));
    host_free(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pic_brings_module_into_its_loader),
        cmocka_unit_test(test_boot_pin_stays_low),
        cmocka_unit_test(test_held_in_reset),
        cmocka_unit_test(test_wire_brings_module_into_its_loader),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_memory_commands),
        cmocka_unit_test(test_answer_takes_its_time),
        cmocka_unit_test(test_half_a_command),
        cmocka_unit_test(test_no_command_with_eight_bits),
        cmocka_unit_test(test_silent_pic),
        cmocka_unit_test(test_pic_that_was_left),
        cmocka_unit_test(test_rc0_is_ignored),
        cmocka_unit_test(test_software_dfu),
        cmocka_unit_test(test_reset_of_newer_pics),
        cmocka_unit_test(test_updated_version),
        cmocka_unit_test(test_log_has_commands),
        cmocka_unit_test(test_long_runs_lose_bytes),
        cmocka_unit_test(test_writing_is_fast),
        cmocka_unit_test(test_both_ends_have_to_agree),
        cmocka_unit_test(test_no_bridge_in_command_mode),
        cmocka_unit_test(test_prompt_shows_what_is_typed),
        cmocka_unit_test(test_ctrl_b_has_it_say_its_version),
        cmocka_unit_test(test_jumpers),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_safe_boot),
        cmocka_unit_test(test_helpful_person),
        cmocka_unit_test(test_update_mode),
        cmocka_unit_test(test_wrong_turns),
        cmocka_unit_test(test_other_persons),
        cmocka_unit_test(test_power),
        cmocka_unit_test(test_faults_of_the_line),
        cmocka_unit_test(test_line_coding_over_usb),
    };
    return cmocka_run_group_tests_name("sim_pycom", tests, NULL, NULL);
}
