/* SPDX-License-Identifier: Apache-2.0 */
/* Boot logs: how often a chip starts, why, and when that is a loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/esp_bootlog.h"

#define BANNER "ets Jul 29 2019 12:21:46\r\n\r\n"
#define RUNS \
    ",boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nconfigsip: 0, SPIWP:0xee\r\nentry 0x400a059c\r\n"
#define POWER    BANNER "rst:0x1 (POWERON_RESET)" RUNS
#define SOFTWARE BANNER "rst:0xc (SW_CPU_RESET)" RUNS
#define WATCHDOG BANNER "rst:0x8 (TG1WDT_SYS_RESET)" RUNS
#define RTC_DOG  BANNER "rst:0x10 (RTCWDT_RTC_RESET)" RUNS
#define BROWNOUT BANNER "rst:0xf (RTCWDT_BROWN_OUT_RESET)" RUNS
#define WAKES    BANNER "rst:0x5 (DEEPSLEEP_RESET)" RUNS
#define PANIC                                                                  \
    "Guru Meditation Error: Core  1 panic'ed (LoadProhibited). Exception was " \
    "unhandled.\r\nBacktrace: 0x400d6f31:0x3ffd41b0\r\n\r\nRebooting...\r\n"
#define ABORT "abort() was called at PC 0x400d51a7 on core 0\r\n\r\nRebooting...\r\n"

static fettle_span span_of(const char *text)
{
    return (fettle_span){(const uint8_t *)text, strlen(text)};
}

/* In pieces of `piece` bytes, of a chip that was reset by its lines. */
static fettle_esp_bootlog read_in(const char *text, size_t piece)
{
    fettle_esp_bootlog log;
    fettle_span all = span_of(text);
    fettle_esp_bootlog_begin(&log, FETTLE_ESP_BY_POWER);
    for (size_t at = 0; at < all.size; at += piece) {
        size_t size = all.size - at < piece ? all.size - at : piece;
        fettle_esp_bootlog_feed(&log, (fettle_span){all.data + at, size});
    }
    return log;
}

static fettle_esp_bootlog read_all(const char *text)
{
    return read_in(text, strlen(text));
}

static void gives_reason(const char *text, const char *reason)
{
    char got[FETTLE_ESP_REASON_SIZE];
    fettle_esp_bootlog log = read_all(text);
    fettle_esp_bootlog_reason(&log, got);
    assert_string_equal(got, reason);
}

static void test_one_start_is_no_loop(void **state)
{
    (void)state;
    fettle_esp_bootlog log = read_all(POWER "Pycom MicroPython 1.20.2.r6\r\n>>> ");
    assert_int_equal(1, log.starts);
    assert_int_equal(0, log.crashes);
    assert_false(fettle_esp_bootlog_has_failed(&log));
    assert_false(fettle_esp_bootlog_loops(&log));
}

static void test_one_or_two_crashes_are_no_loop(void **state)
{
    (void)state;
    fettle_esp_bootlog once = read_all(POWER PANIC SOFTWARE "Pycom MicroPython\r\n");
    fettle_esp_bootlog twice = read_all(POWER PANIC SOFTWARE PANIC SOFTWARE);
    assert_true(fettle_esp_bootlog_has_failed(&once));
    assert_int_equal(1, once.crashes);
    assert_false(fettle_esp_bootlog_loops(&once));
    assert_int_equal(2, twice.crashes);
    assert_false(fettle_esp_bootlog_loops(&twice));
}

static void test_three_are(void **state)
{
    (void)state;
    fettle_esp_bootlog log = read_all(POWER PANIC SOFTWARE PANIC SOFTWARE PANIC SOFTWARE);
    assert_int_equal(4, log.starts);
    assert_int_equal(3, log.crashes);
    assert_true(fettle_esp_bootlog_loops(&log));
    assert_int_equal(FETTLE_ESP_BY_SOFTWARE, log.cause);
    assert_string_equal("SW_CPU_RESET", log.name);
    assert_string_equal("LoadProhibited", log.crash);
}

static void test_pieces_make_no_difference(void **state)
{
    (void)state;
    const char *text = "\xff\xc0" POWER PANIC SOFTWARE ABORT WATCHDOG BROWNOUT;
    fettle_esp_bootlog whole = read_all(text);
    for (size_t piece = 1; piece < 40; piece++) {
        fettle_esp_bootlog parts = read_in(text, piece);
        assert_int_equal(whole.starts, parts.starts);
        assert_int_equal(whole.crashes, parts.crashes);
        assert_int_equal(whole.cause, parts.cause);
        assert_string_equal(whole.name, parts.name);
    }
}

static void test_reasons(void **state)
{
    (void)state;
    gives_reason(POWER PANIC SOFTWARE,
                 "its program crashes (LoadProhibited, rst:0xc SW_CPU_RESET)");
    gives_reason(POWER ABORT SOFTWARE, "its program crashes (rst:0xc SW_CPU_RESET)");
    gives_reason(POWER SOFTWARE, "its program restarts the chip (rst:0xc SW_CPU_RESET)");
    gives_reason(POWER WATCHDOG, "a watchdog stops its program (rst:0x8 TG1WDT_SYS_RESET)");
    gives_reason(POWER BROWNOUT, "its power fails (rst:0xf RTCWDT_BROWN_OUT_RESET)");
    gives_reason(POWER "flash read err, 1000\r\nets_main.c 371 \r\n" RTC_DOG,
                 "nothing that starts is in its flash (rst:0x10 RTCWDT_RTC_RESET)");
    gives_reason(POWER "E (60) boot: No bootable app partitions in the partition table\r\n",
                 "nothing that starts is in its flash");
}

/* The detector of the application, which then restarts by software. */
static void test_brownout_told_by_the_application(void **state)
{
    (void)state;
    fettle_esp_bootlog log =
        read_all(POWER "Brownout detector was triggered\r\n\r\n" SOFTWARE);
    assert_int_equal(FETTLE_ESP_BY_BROWNOUT, log.cause);
    assert_false(log.is_told);
    gives_reason(POWER "Brownout detector was triggered\r\n" SOFTWARE,
                 "its power fails (rst:0xc SW_CPU_RESET)");
}

static void test_waking_is_no_crash(void **state)
{
    (void)state;
    fettle_esp_bootlog log = read_all(POWER WAKES WAKES WAKES WAKES);
    assert_int_equal(5, log.starts);
    assert_int_equal(0, log.crashes);
}

/* Nobody counts the reset that they made themselves, but the same again is the chip's own. */
static void test_own_reset(void **state)
{
    (void)state;
    fettle_esp_bootlog log;
    fettle_esp_bootlog_begin(&log, FETTLE_ESP_BY_WATCHDOG);
    fettle_esp_bootlog_feed(&log, span_of(PANIC RTC_DOG));
    assert_int_equal(0, log.crashes);
    fettle_esp_bootlog_feed(&log, span_of(RTC_DOG));
    assert_int_equal(1, log.crashes);
    fettle_esp_bootlog_begin(&log, FETTLE_ESP_BY_POWER);
    fettle_esp_bootlog_feed(&log, span_of(WATCHDOG));
    assert_int_equal(1, log.crashes);
}

static void test_other_chips(void **state)
{
    (void)state;
    fettle_esp_bootlog newer =
        read_all("ESP-ROM:esp32s3-20210327\r\nBuild:Mar 27 2021\r\n"
                 "rst:0x15 (USB_UART_CHIP_RESET),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n"
                 "rst:0x12 (SUPER_WDT_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)\r\n");
    assert_int_equal(1, newer.crashes);
    assert_int_equal(FETTLE_ESP_BY_WATCHDOG, newer.cause);
    fettle_esp_bootlog oldest =
        read_all("\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\n"
                 "Fatal exception (28):\r\n"
                 "\n ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n"
                 "\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\n");
    assert_int_equal(3, oldest.starts);
    assert_int_equal(2, oldest.crashes);
    assert_int_equal(FETTLE_ESP_BY_WATCHDOG, oldest.cause);
}

/* Only words are shown: the line is anybody's. */
static void test_untrusted_names(void **state)
{
    (void)state;
    fettle_esp_bootlog log = read_all("rst:0xc (\x1b[2J),boot:0x13\r\n");
    assert_string_equal("", log.name);
    log = read_all("rst:0xc (A_NAME_THAT_IS_MUCH_LONGER_THAN_ANY_NAME_THAT_THERE_IS)\r\n");
    assert_string_equal("", log.name);
    log = read_all("rst:0xc (SW_CPU\r\n");
    assert_string_equal("", log.name);
    log = read_all("rst:0x\r\nrst:0xzz\r\nrst:\r\nrst cause:\r\n");
    assert_int_equal(0, log.starts);
    log = read_all("rst:0xffffffffff (WHAT)\r\n");
    assert_int_equal(1, log.starts);
    assert_int_equal(0, log.crashes);
}

/* Noise in front of it without a line end, wherever that breaks off. */
static void test_long_lines(void **state)
{
    (void)state;
    static const char line[] = "rst:0x8 (TG1WDT_SYS_RESET),boot:0x13\r\n";
    char text[600];
    for (size_t noise = 0; noise + sizeof line <= sizeof text; noise++) {
        memset(text, 'x', noise);
        memcpy(text + noise, line, sizeof line);
        fettle_esp_bootlog log = read_all(text);
        assert_int_equal(1, log.crashes);
        assert_string_equal("TG1WDT_SYS_RESET", log.name);
    }
}

static void test_a_cut_line_counts_when_it_is_whole(void **state)
{
    (void)state;
    fettle_esp_bootlog log = read_all("rst:0x8 (TG1WDT_SYS_RESET),boot:0x13");
    assert_int_equal(0, log.starts);
    fettle_esp_bootlog_feed(&log, span_of(" (SPI)\r"));
    assert_int_equal(1, log.starts);
    fettle_esp_bootlog_feed(&log, span_of("\n"));
    assert_int_equal(1, log.starts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_start_is_no_loop),
        cmocka_unit_test(test_one_or_two_crashes_are_no_loop),
        cmocka_unit_test(test_three_are),
        cmocka_unit_test(test_pieces_make_no_difference),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_brownout_told_by_the_application),
        cmocka_unit_test(test_waking_is_no_crash),
        cmocka_unit_test(test_own_reset),
        cmocka_unit_test(test_other_chips),
        cmocka_unit_test(test_untrusted_names),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_a_cut_line_counts_when_it_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
