/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual ESP boards and the loader in their ROM, against what
 * docs/protocols/esp-simulated.md says of them: bytes on the wire where the fact sheet has them
 * (its section 8), and each habit that breaks hosts (section 9).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim_esp_host.h"

#include "base/hash.h"

static const uint8_t *test_block(void)
{
    static uint8_t block[1024];
    memset(block, 0xff, sizeof block);
    memcpy(block, "\xe9\xc0\xdb\x00", 4);
    return block;
}

/* Sends bytes as they are, and expects exactly these back. */
static void exchange(esp_host *host, const void *out, size_t out_size, const void *in,
                     size_t in_size, fettle_us time)
{
    host->in_count = 0;
    host_write(host, out, out_size);
    fettle_us until = host_now(host) + time;
    while (host->in_count < in_size && host_read_more(host, until)) {
    }
    assert_int_equal(in_size, host->in_count);
    assert_memory_equal(in, host->in, in_size);
    host->in_count = 0;
}

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* ---- section 8: bytes ---- */

static void test_esp32_bytes(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32,seed=1");
    /* Its second SYNC: nothing is swallowed any more. */
    uint8_t sync[46] = {0xc0, 0, 8, 0x24}, replies[8 * 14];
    memset(sync + 9, 0x55, 36);
    memcpy(sync + 9, "\x07\x07\x12\x20", 4);
    sync[45] = 0xc0;
    for (size_t i = 0; i < 8; i++) {
        memcpy(replies + 14 * i, "\xc0\x01\x08\x04\x00\x07\x07\x12\x20\x00\x00\x00\x00\xc0",
               14);
    }
    exchange(&host, sync, sizeof sync, replies, sizeof replies, 200 * MS);
    exchange(&host, BYTES(0xc0, 0, 0x0a, 4, 0, 0, 0, 0, 0, 0, 0x10, 0, 0x40, 0xc0),
             BYTES(0xc0, 1, 0x0a, 4, 0, 0x83, 0x1d, 0xf0, 0, 0, 0, 0, 0, 0xc0), 100 * MS);
    exchange(&host, BYTES(0xc0, 0, 0x0a, 4, 0, 0, 0, 0, 0, 4, 0xa0, 0xf5, 0x3f, 0xc0),
             BYTES(0xc0, 1, 0x0a, 4, 0, 0xde, 0xdb, 0xdc, 0xc4, 0x0a, 0, 0, 0, 0, 0xc0),
             100 * MS);
    exchange(&host, BYTES(0xc0, 0, 0x0a, 4, 0, 0, 0, 0, 0, 8, 0xa0, 0xf5, 0x3f, 0xc0),
             BYTES(0xc0, 1, 0x0a, 4, 0, 0x0a, 0x24, 0xde, 0, 0, 0, 0, 0, 0xc0), 100 * MS);
    /* `value` is what it read last. */
    exchange(&host, BYTES(0xc0, 0, 0x0d, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xc0),
             BYTES(0xc0, 1, 0x0d, 4, 0, 0x0a, 0x24, 0xde, 0, 0, 0, 0, 0, 0xc0), 100 * MS);
    exchange(&host,
             BYTES(0xc0, 0, 0x0b, 0x18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 1,
                   0, 0, 0x10, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0, 0, 0xc0),
             BYTES(0xc0, 1, 0x0b, 4, 0, 0x0a, 0x24, 0xde, 0, 0, 0, 0, 0, 0xc0), 100 * MS);
    exchange(&host,
             BYTES(0xc0, 0, 2, 0x10, 0, 0, 0, 0, 0, 0, 4, 0, 0, 1, 0, 0, 0, 0, 4, 0, 0, 0,
                   0, 1, 0, 0xc0),
             BYTES(0xc0, 1, 2, 4, 0, 0x0a, 0x24, 0xde, 0, 0, 0, 0, 0, 0xc0), 100 * MS);
    host_send_block(&host, 0x03, 0, test_block(), 1024);
    assert_int_equal(0, host_status(&host, 0x03, 0, 500 * MS));
    assert_memory_equal(test_block(), host_flash(&host) + 0x10000, 1024);
    exchange(&host,
             BYTES(0xc0, 0, 0x13, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4, 0, 0, 0, 0, 0, 0,
                   0, 0, 0, 0, 0xc0),
             "\xc0\x01\x13\x24\x00\x0a\x24\xde\x00"
             "3d28b2afe05c3af1a6dc2b14126f4c00\x00\x00\x00\x00\xc0",
             46, 200 * MS);
    host_free(&host);
}

static void test_esp8266_bytes(void **state)
{
    (void)state;
    esp_host host = host_make_open("esp8266");
    host_reset_tight(&host);
    host_discard(&host);
    host_sync(&host);
    uint8_t frame[HOST_FRAME];
    host_send_sync(&host);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(10, host_frame(&host, frame, 100 * MS));
        assert_memory_equal("\x01\x08\x02\x00\x07\x07\x12\x20\x00\x00", frame, 10);
    }
    exchange(&host, BYTES(0xc0, 0, 0x0a, 4, 0, 0, 0, 0, 0, 0, 0x10, 0, 0x40, 0xc0),
             BYTES(0xc0, 1, 0x0a, 2, 0, 1, 0xc1, 0xf0, 0xff, 0, 0, 0xc0), 100 * MS);
    /* No MD5, no baud command: answered through its sync path, eight times. */
    host_send_words(&host, 0x13, (const uint32_t[]){0, 1024, 0, 0}, 4);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(10, host_frame(&host, frame, 100 * MS));
        assert_memory_equal("\x01\x08\x02\x00", frame, 4);
        assert_memory_equal("\x01\x05", frame + 8, 2);
    }
    assert_int_equal(0, host_frame(&host, frame, 100 * MS));
    host_free(&host);
}

static void test_c3_bytes(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32c3,revision=3");
    uint8_t frame[HOST_FRAME];
    host_send(&host, 0x14, 0, "", 0);
    assert_int_equal(32, host_frame(&host, frame, 100 * MS));
    assert_memory_equal("\x01\x14\x18\x00", frame, 4);
    assert_memory_equal("\0\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0\x03\0\0\0\0\0\0\0", frame + 8,
                        24);
    host_attach(&host);
    /* JEDEC id through the flash controller. */
    host_write_reg(&host, 0x60002028, 23);
    host_write_reg(&host, 0x60002018, 0x90000000);
    host_write_reg(&host, 0x60002020, 0x7000009f);
    host_write_reg(&host, 0x60002058, 0);
    host_write_reg(&host, 0x60002000, 1u << 18);
    assert_int_equal(0, host_read_reg(&host, 0x60002000) >> 18 & 1);
    assert_int_equal(0x1640ef, host_read_reg(&host, 0x60002058));
    /* SFDP, with an address and dummy bits; a status. */
    host_write_reg(&host, 0x60002028, 31);
    host_write_reg(&host, 0x60002018, 0xf0000000);
    host_write_reg(&host, 0x60002004, 0);
    host_write_reg(&host, 0x60002020, 0x7000005a);
    host_write_reg(&host, 0x60002000, 1u << 18);
    assert_int_equal(0x50444653, host_read_reg(&host, 0x60002058));
    host_write_reg(&host, 0x60002028, 7);
    host_write_reg(&host, 0x60002018, 0x90000000);
    host_write_reg(&host, 0x60002020, 0x70000005);
    host_write_reg(&host, 0x60002000, 1u << 18);
    assert_int_equal(0, host_read_reg(&host, 0x60002058));
    assert_int_equal(0x1b31506f, host_read_reg(&host, 0x40001000));
    /* DEFL_BEGIN has five words, and the block is the one of the sheet. */
    assert_int_equal(0, host_ask(&host, 0x10, 200 * MS, 0x400, 1, 0x400, 0x10000, 0));
    exchange(&host,
             BYTES(0xc0, 0, 0x11, 0x24, 0, 0xc5, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                   0, 0, 0, 0, 0, 0, 0x78, 0xda, 0x7b, 0x79, 0xe0, 0x36, 0xc3, 0xff, 0x51,
                   0x30, 0x0a, 0x46, 0xc1, 0x88, 0x04, 0x00, 0x9c, 0xd0, 0xfa, 0xb6, 0xc0),
             BYTES(0xc0, 1, 0x11, 4, 0, 0x6f, 0x50, 0x31, 0x1b, 0, 0, 0, 0, 0xc0),
             200 * MS);
    assert_memory_equal(test_block(), host_flash(&host) + 0x10000, 1024);
    /* Four words are a wrong length for it. */
    assert_int_equal(0x0105, host_ask(&host, 0x02, 200 * MS, 0x400, 1, 0x400, 0x10000));
    host_free(&host);
}

/* ---- resets ---- */

static bool is_loader(const esp_host *host)
{
    return fettle_sim_showing(host->sim, 0) == FETTLE_SIM_SHOWS_UPDATE;
}

static void test_banner(void **state)
{
    (void)state;
    esp_host host = host_make_open("esp32");
    host_reset_tight(&host);
    const char *text = host_listen(&host, 200 * MS);
    assert_non_null(strstr(text, "rst:0x1 (POWERON_RESET),boot:0x3 "
                                 "(DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))\r\n"
                                 "waiting for download\r\n"));
    host_free(&host);
    host = host_make_open("esp32c3,bridge=ch340");
    host_reset_tight(&host);
    text = host_listen(&host, 200 * MS);
    assert_non_null(strstr(text, "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n"
                                 "rst:0x1 (POWERON),boot:0x4 (DOWNLOAD(USB/UART0/1))\r\n"
                                 "waiting for download\r\n"));
    host_free(&host);
    /* An ESP8266 takes its crystal for another. */
    host = host_make("esp8266");
    host_open(&host, 74880);
    host_reset_tight(&host);
    text = host_listen(&host, 200 * MS);
    assert_non_null(strstr(text, "boot mode:(1,"));
    host_set_baud(&host, 115200);
    host_reset_tight(&host);
    assert_null(strstr(host_listen(&host, 200 * MS), "boot mode"));
    host_free(&host);
}

static void test_straps(void **state)
{
    static const struct {
        const char *spec;
        bool classic, tight;
    } rows[] = {
        {"esp32,en-ms=0", false, true},       {"esp32,en-ms=1", true, true},
        {"esp32,en-ms=10", true, true},       {"esp32,en-ms=100", false, false},
        {"esp32,circuit=none", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        esp_host host = host_make_open(rows[i].spec);
        assert_false(is_loader(&host));
        host_reset_classic(&host);
        host_wait(&host, 200 * MS);
        assert_int_equal(rows[i].classic, is_loader(&host));
        host_reset_tight(&host);
        host_wait(&host, 200 * MS);
        assert_int_equal(rows[i].tight, is_loader(&host));
        /* RTS alone: the application. */
        host_lines(&host, false, true);
        host_wait(&host, 100 * MS);
        host_lines(&host, false, false);
        host_wait(&host, 200 * MS);
        assert_false(is_loader(&host));
        host_free(&host);
    }
}

static void test_jtag_lines(void **state)
{
    (void)state;
    esp_host host = host_make_open("esp32s3");
    host_reset_jtag(&host);
    assert_true(is_loader(&host));
    assert_int_equal(8, host_sync(&host));
    /* RTS alone, from (0,0): nobody wishes to download. */
    host_lines(&host, false, true);
    host_wait(&host, 200 * MS);
    host_lines(&host, false, false);
    assert_false(is_loader(&host));
    /* What a bridge's sequence does: it passes (0,0) before the reset. */
    host_lines(&host, true, false);
    host_lines(&host, false, false);
    host_lines(&host, false, true);
    assert_false(is_loader(&host));
    host_free(&host);
    /* With BOOT held when it got power, a reset over USB stays in the loader. */
    host = host_make_open("esp32c3,mode=rom");
    host_lines(&host, false, true);
    host_wait(&host, 200 * MS);
    host_lines(&host, false, false);
    assert_true(is_loader(&host));
    host_free(&host);
}

static void test_watchdog_reset(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32c3,mode=rom");
    host_write_reg(&host, 0x60008090, 0x80000000); /* locked: no effect */
    host_wait(&host, 500 * MS);
    assert_true(is_loader(&host));
    host_write_reg(&host, 0x600080a8, 0x50d83aa1);
    host_write_reg(&host, 0x60008094, 2000);
    host_send_words(&host, 0x09, (const uint32_t[]){0x60008090, 0xd0000102, 0xffffffff, 0},
                    4);
    host_wait(&host, 100 * MS);
    assert_int_equal(1, host_count(&host, "watchdog"));
    host_wait(&host, 900 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(host.sim, 0));
    host_free(&host);
    /* The application's watchdog bites, unless the host has disabled it. */
    host = host_make_loader("esp32c3");
    host_wait(&host, 10000 * MS);
    assert_int_equal(1, host_count(&host, "watchdog"));
    host_free(&host);
    host = host_make_loader("esp32c3");
    host_write_reg(&host, 0x600080a8, 0x50d83aa1);
    host_write_reg(&host, 0x60008090, 0);
    host_write_reg(&host, 0x600080a8, 0);
    host_wait(&host, 20000 * MS);
    assert_int_equal(0, host_count(&host, "watchdog"));
    host_free(&host);
}

static void test_person(void **state)
{
    (void)state;
    esp_host host = host_make_open("esp32,circuit=none,delay=500");
    fettle_sim_hear(host.sim, NULL, FETTLE_ASK_UPDATE_MODE);
    host_wait(&host, 400 * MS);
    assert_false(is_loader(&host));
    host_wait(&host, 200 * MS);
    assert_true(is_loader(&host));
    assert_int_equal(8, host_sync(&host)); /* the cable was there all the time */
    fettle_sim_do(host.sim, 0, FETTLE_SIM_PRESS_RESET, 0);
    host_wait(&host, 100 * MS);
    assert_false(is_loader(&host));
    host_free(&host);
    host = host_make_open("esp32,fault=stuck-app");
    host_reset_tight(&host);
    assert_false(is_loader(&host));
    host_free(&host);
    host = host_make_open("esp32c3,bridge=cp210x,fault=wrong-strap@1");
    host_reset_tight(&host);
    const char *text = host_listen(&host, 200 * MS);
    assert_non_null(strstr(text, "boot:0x1 (SPI_DOWNLOAD_BOOT)\r\nwait spi download\r\n"));
    assert_int_equal(0, host_sync(&host));
    host_reset_tight(&host);
    host_discard(&host);
    assert_int_equal(8, host_sync(&host));
    host_free(&host);
    host = host_make_open("esp32c3,bridge=cp210x,silent=yes");
    host_reset_tight(&host);
    assert_string_equal("", host_listen(&host, 200 * MS));
    assert_int_equal(8, host_sync(&host));
    host_free(&host);
    host = host_make_open("esp32,fault=stuck-app@1");
    host_reset_tight(&host);
    assert_false(is_loader(&host));
    host_reset_tight(&host);
    assert_true(is_loader(&host));
    host_free(&host);
}

/* ---- sync, rates ---- */

static void test_sync_habits(void **state)
{
    (void)state;
    uint8_t frame[HOST_FRAME];
    bool was_shifted = false;
    for (unsigned seed = 0; seed < 8; seed++) {
        char spec[40];
        snprintf(spec, sizeof spec, "esp32,seed=%u", seed);
        esp_host host = host_make_open(spec);
        host_reset_tight(&host);
        host_discard(&host);
        host_send_sync(&host);
        assert_int_equal(12, host_frame(&host, frame, 100 * MS));
        assert_int_equal(0, frame[8]);
        was_shifted = was_shifted || frame[7] == 0x55;
        host_free(&host);
    }
    assert_true(was_shifted);
    /* Two SYNCs before the first answer: sixteen frames. */
    esp_host host = host_make_loader("esp32");
    host_send_sync(&host);
    host_send_sync(&host);
    unsigned count = 0;
    while (host_frame(&host, frame, 100 * MS) > 0) {
        count++;
    }
    assert_int_equal(16, count);
    host_free(&host);
    host = host_make_open("esp32,sync-misses=2");
    host_reset_tight(&host);
    host_discard(&host);
    assert_int_equal(0, host_sync(&host));
    assert_int_equal(0, host_sync(&host));
    assert_int_equal(8, host_sync(&host));
    host_free(&host);
}

static void test_autobaud(void **state)
{
    (void)state;
    esp_host host = host_make("esp8266");
    host_open(&host, 460800);
    host_reset_tight(&host);
    host_discard(&host);
    /* Nothing counts before a SYNC. */
    assert_int_equal(UINT32_MAX, host_ask(&host, 0x0a, 100 * MS, 0x40001000));
    assert_int_equal(8, host_sync(&host));
    /* Its divider tells the crystal: 26 MHz, counted twice. */
    uint32_t divider = host_read_reg(&host, 0x60000014) & 0xfffff;
    assert_in_range((uint64_t)460800 * divider / 2 / 1000000, 25, 26);
    /* From then on this rate and no other. */
    host_set_baud(&host, 115200);
    assert_int_equal(0, host_sync(&host));
    host_set_baud(&host, 470000); /* 2 %: still the same */
    assert_int_equal(8, host_sync(&host));
    host_free(&host);
}

static void test_baud_change(void **state)
{
    (void)state;
    /* The ESP32's ROM misjudges its clock. */
    esp_host host = host_make_loader("esp32");
    assert_int_equal(0, host_ask(&host, 0x0f, 100 * MS, 460800, 0));
    host_set_baud(&host, 460800);
    host_wait(&host, 50 * MS);
    host_discard(&host);
    assert_int_equal(0, host_sync(&host));
    host_free(&host);

    host = host_make_loader("esp32");
    uint32_t calibration = host_read_reg(&host, 0x3ff5f06c) >> 7;
    uint32_t ck8m = host_read_reg(&host, 0x3ff5a010) & 0xff;
    uint64_t rom_hz = (uint64_t)calibration * 15625 * ck8m / 40;
    assert_true(rom_hz > 33000000);
    uint32_t wanted = (uint32_t)(460800 * rom_hz / 40000000);
    assert_int_equal(0, host_ask(&host, 0x0f, 100 * MS, wanted, 0));
    host_set_baud(&host, 460800);
    assert_true(host_listen(&host, 50 * MS)[0] == ' '); /* the garbage of section 2.6 */
    assert_int_equal(0x00f01d83, host_read_reg(&host, 0x40001000));
    host_free(&host);

    host = host_make_loader("esp32c3,bridge=cp210x");
    assert_int_equal(0, host_ask(&host, 0x0f, 100 * MS, 921600, 0));
    host_wait(&host, 50 * MS);
    assert_int_equal(0, host_sync(&host)); /* the host is at the old rate */
    host_set_baud(&host, 921600);
    host_discard(&host);
    assert_int_equal(8, host_sync(&host));
    host_free(&host);

    host = host_make_loader("esp32c2,xtal=26");
    assert_int_equal(0, host_ask(&host, 0x0f, 100 * MS, 921600 / 26 * 40, 0));
    host_set_baud(&host, 921600);
    host_wait(&host, 50 * MS);
    host_discard(&host);
    assert_int_equal(8, host_sync(&host));
    host_free(&host);
}

static void test_max_baud(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32c3,bridge=ch340,max-baud=230400");
    assert_int_equal(0, host_ask(&host, 0x0f, 100 * MS, 230400, 0));
    host_set_baud(&host, 230400);
    host_wait(&host, 50 * MS);
    host_discard(&host);
    assert_int_equal(8, host_sync(&host));
    assert_int_equal(0, host_ask(&host, 0x0f, 100 * MS, 921600, 0));
    host_set_baud(&host, 921600);
    host_wait(&host, 50 * MS);
    host_discard(&host);
    unsigned good = 0;
    for (unsigned i = 0; i < 10; i++) {
        good += host_sync(&host) == 8;
    }
    assert_true(good < 5);
    host_free(&host);
}

static void test_time_on_the_wire(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32,latency=0");
    host_attach(&host);
    assert_int_equal(0, host_ask(&host, 0x02, 1000 * MS, 0x2000, 8, 0x400, 0x10000));
    fettle_us began = host_now(&host);
    host_send_block(&host, 0x03, 0, test_block(), 1024);
    assert_int_equal(0, host_status(&host, 0x03, 0, 1000 * MS));
    fettle_us took = host_now(&host) - began;
    /* 1024 + 24 + 2 + 2 escaped bytes out, 14 back, 4 pages, and the turn. */
    fettle_us wire = (1052 + 14) * 10 * UINT64_C(1000000) / 115200;
    assert_in_range(took, wire + 2000, wire + 2500);
    host_free(&host);
}

/* ---- commands ---- */

static void test_errors(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32");
    uint8_t data[1024 + 16];
    /* Before SPI_ATTACH, and beyond what SPI_SET_PARAMS said. */
    assert_int_equal(0x0106, host_ask(&host, 0x02, 200 * MS, 0x400, 1, 0x400, 0x10000));
    assert_int_equal(0x0106, host_ask(&host, 0x13, 200 * MS, 0x10000, 0x400, 0, 0));
    assert_int_equal(0, host_ask(&host, 0x0d, 200 * MS, 0, 0));
    assert_int_equal(0, host_ask(&host, 0x02, 200 * MS, 0x400, 1, 0x400, 0x1ff000));
    assert_int_equal(0x0106, host_ask(&host, 0x02, 200 * MS, 0x400, 1, 0x400, 0x200000));
    host_attach(&host);
    assert_int_equal(0, host_ask(&host, 0x02, 200 * MS, 0x400, 1, 0x400, 0x200000));
    assert_int_equal(0x0106, host_ask(&host, 0x02, 200 * MS, 0x400, 1, 0x400, 0x400000));
    /* No BEGIN; then a wrong checksum, a wrong length, and one block too many. */
    host_send_block(&host, 0x03, 0, test_block(), 1024);
    assert_int_equal(0x0106, host_status(&host, 0x03, 0, 200 * MS));
    assert_int_equal(0, host_ask(&host, 0x02, 200 * MS, 0x400, 1, 0x400, 0x10000));
    memset(data, 0, sizeof data);
    fettle_put32(data, 1024);
    memcpy(data + 16, test_block(), 1024);
    host_send(&host, 0x03, 0x1c, data, sizeof data);
    assert_int_equal(0x0107, host_status(&host, 0x03, 0, 200 * MS));
    host_send(&host, 0x03, 0x1d, data, sizeof data - 1);
    assert_int_equal(0x0105, host_status(&host, 0x03, 0, 200 * MS));
    host_send_block(&host, 0x03, 0, test_block(), 1024);
    assert_int_equal(0, host_status(&host, 0x03, 0, 200 * MS));
    host_send_block(&host, 0x03, 1, test_block(), 1024);
    assert_int_equal(0x0106, host_status(&host, 0x03, 0, 200 * MS));
    /* An opcode that isn't one. */
    host_send(&host, 0x77, 0, "", 0);
    assert_int_equal(0x0105, host_status(&host, 0x08, 0, 200 * MS));
    host_free(&host);
    host = host_make_loader("esp32,unknown=one");
    host_send(&host, 0x77, 0, "", 0);
    assert_int_equal(0x0105, host_status(&host, 0x77, 0, 200 * MS));
    host_free(&host);
}

/* Compressed blocks that aren't: section 1.6. */
static void test_inflate_errors(void **state)
{
    static const struct {
        uint32_t status;
        size_t size;
        uint8_t bytes[12];
    } rows[] = {
        {0x0000, 12, {0x78, 0x01, 0x01, 1, 0, 0xfe, 0xff, 0x41, 0x00, 0x42, 0x00, 0x42}},
        {0x010c, 12, {0x78, 0x01, 0x01, 1, 0, 0xfe, 0xff, 0x41, 0x00, 0x42, 0x00, 0x43}},
        {0x010b, 4, {0x78, 0x02, 0x03, 0x02}}, /* no zlib header */
        {0x010b, 4, {0x78, 0x01, 0x07, 0x02}}, /* no such kind of block */
        {0x010b, 4, {0x78, 0x01, 0x03, 0x02}}, /* a copy of what never was */
    };
    (void)state;
    esp_host host = host_make_loader("esp32");
    host_attach(&host);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(0, host_ask(&host, 0x10, 200 * MS, 0x400, 2, 0x400, 0x20000));
        host_send_block(&host, 0x11, 0, rows[i].bytes, rows[i].size);
        assert_int_equal(rows[i].status, host_status(&host, 0x11, 0, 200 * MS));
    }
    /* A block more than BEGIN said, and one that isn't compressed. */
    assert_int_equal(0, host_ask(&host, 0x10, 200 * MS, 0x400, 1, 0x400, 0x20000));
    host_send_block(&host, 0x11, 0, rows[0].bytes, 5);
    assert_int_equal(0, host_status(&host, 0x11, 0, 200 * MS));
    host_send_block(&host, 0x11, 1, rows[0].bytes + 5, 7);
    assert_int_equal(0x0106, host_status(&host, 0x11, 0, 200 * MS));
    assert_int_equal(0, host_ask(&host, 0x10, 200 * MS, 0x400, 1, 0x400, 0x20000));
    host_send_block(&host, 0x03, 0, test_block(), 1024);
    assert_int_equal(0x0106, host_status(&host, 0x03, 0, 200 * MS));
    host_free(&host);
}

static void test_slow_read(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32");
    uint8_t frame[HOST_FRAME];
    host_attach(&host);
    host_send_words(&host, 0x0e, (const uint32_t[]){0x10000, 5}, 2);
    assert_int_equal(8 + 64 + 4, host_frame(&host, frame, 100 * MS));
    assert_memory_equal(host_flash(&host) + 0x10000, frame + 8, 64);
    assert_int_equal(0x0101, host_ask(&host, 0x0e, 100 * MS, 0x10000, 65));
    host_free(&host);
}

static void test_nor(void **state)
{
    (void)state;
    /* Programming clears bits only; the ROM reads back, and finds it out. */
    esp_host host = host_make_loader("esp32,fault=drop-erase@2");
    host_attach(&host);
    uint8_t block[1024];
    memset(block, 0x0f, sizeof block);
    assert_int_equal(0, host_ask(&host, 0x02, 200 * MS, 0x400, 1, 0x400, 0x20000));
    host_send_block(&host, 0x03, 0, block, sizeof block);
    assert_int_equal(0, host_status(&host, 0x03, 0, 200 * MS));
    memset(block, 0xf3, sizeof block);
    assert_int_equal(0, host_ask(&host, 0x02, 200 * MS, 0x400, 1, 0x400, 0x20000));
    host_send_block(&host, 0x03, 0, block, sizeof block);
    assert_int_equal(0x0108, host_status(&host, 0x03, 0, 200 * MS));
    assert_int_equal(0x03, host_flash(&host)[0x20000]);
    host_free(&host);
    /* A whole block of 64 KiB is quicker than its sectors. */
    host = host_make_loader("esp32");
    host_attach(&host);
    fettle_us began = host_now(&host);
    assert_int_equal(0, host_ask(&host, 0x02, 9000 * MS, 0x21000, 0, 0x400, 0x30000));
    assert_in_range(host_now(&host) - began, 345 * MS, 350 * MS);
    assert_int_equal(3, host_count(&host, "erase"));
    host_free(&host);
}

static void test_esp8266_erase(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp8266");
    memset(host_flash(&host), 0, 0x400000);
    /* 16 sectors, from a block's beginning: twice as many go. */
    assert_int_equal(0, host_ask(&host, 0x02, 9000 * MS, 0x10000, 64, 0x400, 0x20000));
    assert_int_equal(0xff, host_flash(&host)[0x3ffff]);
    assert_int_equal(0x00, host_flash(&host)[0x40000]);
    /* With the size that undoes it (section 2.4): n = 20, h = 4. */
    memset(host_flash(&host), 0, 0x400000);
    assert_int_equal(0, host_ask(&host, 0x02, 9000 * MS, 16 * 0x1000, 80, 0x400, 0x1c000));
    assert_int_equal(0xff, host_flash(&host)[0x1c000 + 20 * 0x1000 - 1]);
    assert_int_equal(0x00, host_flash(&host)[0x1c000 + 20 * 0x1000]);
    host_free(&host);
}

static void test_fifo(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32");
    host_attach(&host);
    /* While it erases, 128 bytes wait: one short command is heard afterwards... */
    host_send_words(&host, 0x02, (const uint32_t[]){0x10000, 0, 0x400, 0x30000}, 4);
    host_send_words(&host, 0x0a, (const uint32_t[]){0x40001000}, 1);
    assert_int_equal(0, host_status(&host, 0x02, 0, 9000 * MS));
    assert_int_equal(0, host_status(&host, 0x0a, 0, 100 * MS));
    assert_int_equal(0, host_count(&host, "dropped"));
    /* ... a block isn't. */
    host_send_words(&host, 0x02, (const uint32_t[]){0x10000, 64, 0x400, 0x30000}, 4);
    host_send_block(&host, 0x03, 0, test_block(), 1024);
    assert_int_equal(0, host_status(&host, 0x02, 0, 9000 * MS));
    assert_int_equal(UINT32_MAX, host_status(&host, 0x03, 0, 500 * MS));
    assert_int_equal(1, host_count(&host, "dropped"));
    host_free(&host);
}

static void test_sdm(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32c3,sdm=yes,secure-boot=v2");
    uint8_t frame[HOST_FRAME];
    host_send(&host, 0x14, 0, "", 0);
    assert_int_equal(32, host_frame(&host, frame, 100 * MS));
    assert_int_equal(5, frame[8]);
    assert_int_equal(0x0105, host_ask(&host, 0x0a, 100 * MS, 0x40001000));
    assert_int_equal(0x0105, host_ask(&host, 0x13, 100 * MS, 0, 0x400, 0, 0));
    assert_int_equal(0x0105, host_ask(&host, 0x05, 100 * MS, 4, 1, 4, 0x40380000));
    assert_int_equal(0x0105, host_ask(&host, 0x10, 100 * MS, 0x400, 1, 0x400, 0, 0));
    host_attach(&host);
    assert_int_equal(0, host_ask(&host, 0x02, 500 * MS, 0x400, 1, 0x400, 0x10000, 0));
    host_free(&host);
}

static void test_identity(void **state)
{
    static const struct {
        const char *spec;
        uint32_t magic, mac;
        size_t security;
    } rows[] = {
        {"esp8266", 0xfff0c101, 0, 0},           {"esp32", 0x00f01d83, 0x3ff5a004, 0},
        {"esp32s2", 0x000007c6, 0x3f41a044, 12}, {"esp32s3", 0x00000009, 0x60007044, 20},
        {"esp32c2", 0x7c41a06f, 0x60008840, 20}, {"esp32c3", 0x1b31506f, 0x60008844, 20},
        {"esp32c6", 0x2ce0806f, 0x600b0844, 20},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t frame[HOST_FRAME];
        esp_host host = host_make_loader(rows[i].spec);
        assert_int_equal(rows[i].magic, host_read_reg(&host, 0x40001000));
        if (rows[i].mac != 0) {
            assert_int_equal(0x0ac4c0de, host_read_reg(&host, rows[i].mac));
            assert_int_equal(0x240a, host_read_reg(&host, rows[i].mac + 4) & 0xffff);
        } else {
            assert_int_equal(0xde, host_read_reg(&host, 0x3ff00050) >> 24);
            assert_int_equal(0x01c4c0, host_read_reg(&host, 0x3ff00054));
        }
        if (rows[i].security > 0) {
            host_send(&host, 0x14, 0, "", 0);
            assert_int_equal(8 + rows[i].security + 4, host_frame(&host, frame, 100 * MS));
        }
        host_free(&host);
    }
    /* ESP32 v3.0: r2, r1, r0 all set (section 3.3). */
    esp_host host = host_make_loader("esp32");
    assert_int_equal(1, host_read_reg(&host, 0x3ff5a00c) >> 15 & 1);
    assert_int_equal(1, host_read_reg(&host, 0x3ff5a014) >> 20 & 1);
    assert_int_equal(1, host_read_reg(&host, 0x3ff6607c) >> 31);
    host_free(&host);
    host = host_make_loader("esp32,revision=101");
    assert_int_equal(1, host_read_reg(&host, 0x3ff5a00c) >> 15 & 1);
    assert_int_equal(0, host_read_reg(&host, 0x3ff5a014) >> 20 & 1);
    assert_int_equal(1, host_read_reg(&host, 0x3ff5a014) >> 24 & 3);
    host_free(&host);
    host = host_make_loader("esp32c3,revision=111");
    assert_int_equal(1, host_read_reg(&host, 0x60008858) >> 24 & 3);
    assert_int_equal(1, host_read_reg(&host, 0x60008858) >> 23 & 1); /* 11: 1 and 3 */
    assert_int_equal(3, host_read_reg(&host, 0x60008850) >> 18 & 7);
    assert_int_equal(0x4361606f, host_read_reg(&host, 0x40001000));
    host_free(&host);
}

/* ---- what is in the flash, and what comes of it ---- */

static void reset_to_app(esp_host *host)
{
    host_lines(host, false, true);
    host_wait(host, 100 * MS);
    host_lines(host, false, false);
}

static void test_boot(void **state)
{
    static const char *const specs[] = {"esp8266", "esp32",   "esp32s2", "esp32s3",
                                        "esp32c2", "esp32c3", "esp32c6"};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        esp_host host = host_make_open(specs[i]);
        assert_true(fettle_sim_is_bootable(host.sim, 0));
        reset_to_app(&host);
        const char *text = host_listen(&host, 3000 * MS);
        assert_non_null(strstr(text, "App version:      1.0.0"));
        assert_non_null(strstr(text, "tick 2"));
        host_free(&host);
    }
    esp_host host = host_make_open("esp32,content=blank");
    assert_false(fettle_sim_is_bootable(host.sim, 0));
    reset_to_app(&host);
    const char *text = host_listen(&host, 2000 * MS);
    const char *first = strstr(text, "invalid header: 0xffffffff");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "invalid header: 0xffffffff"));
    assert_non_null(strstr(text, "RTCWDT_RTC_RESET"));
    host_free(&host);
}

static void test_not_bootable(void **state)
{
    (void)state;
    esp_host host = host_make_open("esp32");
    uint8_t *flash = host_flash(&host);
    flash[0x10000 + 0x500] ^= 1; /* a bit of the application */
    assert_false(fettle_sim_is_bootable(host.sim, 0));
    flash[0x10000 + 0x500] ^= 1;
    assert_true(fettle_sim_is_bootable(host.sim, 0));
    flash[0x1000 + 12] = 9; /* a bootloader for another chip */
    assert_false(fettle_sim_is_bootable(host.sim, 0));
    flash[0x1000 + 12] = 0;
    memmove(flash, flash + 0x1000, 0x5000); /* one at the wrong place */
    memset(flash + 0x1000 + 0x4000, 0xff, 0x1000);
    assert_false(fettle_sim_is_bootable(host.sim, 0));
    host_free(&host);
    /* Another chip's, whole: it has the same place. */
    host = host_make_open("esp32");
    esp_host other = host_make_open("esp32s2");
    memcpy(host_flash(&host) + 0x1000, host_flash(&other) + 0x1000, 0x5000);
    assert_true(fettle_sim_is_bootable(other.sim, 0));
    assert_false(fettle_sim_is_bootable(host.sim, 0));
    host_free(&other);
    host_free(&host);
    host = host_make_open("esp8266"); /* it has no hash, but a checksum */
    host_flash(&host)[0x900] ^= 4;
    assert_false(fettle_sim_is_bootable(host.sim, 0));
    host_free(&host);
    host = host_make_open("esp32s3,downloading=yes");
    assert_false(fettle_sim_is_bootable(host.sim, 0));
    assert_true(is_loader(&host));
    host_free(&host);
}

static void test_partitions(void **state)
{
    (void)state;
    esp_host host = host_make_open("esp32c3,bridge=cp210x");
    uint8_t *flash = host_flash(&host);
    const uint8_t *row = flash + 0x8000;
    static const char *const labels[] = {"nvs",   "otadata", "factory",
                                         "ota_0", "ota_1",   "storage"};
    uint32_t end = 0x9000;
    for (size_t i = 0; i < 6; i++, row += 32) {
        assert_memory_equal("\xaa\x50", row, 2);
        assert_string_equal(labels[i], (const char *)row + 12);
        assert_true(fettle_get32(row + 4) >= end);
        end = fettle_get32(row + 4) + fettle_get32(row + 8);
    }
    assert_int_equal(0x400000, end);
    assert_memory_equal("\xeb\xeb", row, 2);
    /* An application in ota_1 is what runs once otadata says so; sequence 2: the second slot. */
    uint32_t slot = fettle_get32(flash + 0x8000 + 4 * 32 + 4);
    memcpy(flash + slot, flash + 0x10000, 0x20000);
    memcpy(flash + 0xe000, "\x02\0\0\0", 4);
    char wanted[80];
    snprintf(wanted, sizeof wanted, "offset 0x%lx\r\n", (unsigned long)slot);
    fettle_put32(flash + 0xe000 + 28, 0x55f63775); /* isn't its sum */
    reset_to_app(&host);
    assert_non_null(strstr(host_listen(&host, 1000 * MS), "offset 0x10000\r\n"));
    fettle_put32(flash + 0xe000 + 28, 0x55f63774);
    reset_to_app(&host);
    assert_non_null(strstr(host_listen(&host, 1000 * MS), wanted));
    /* It isn't whole: another one runs. */
    flash[slot + 0x700] ^= 1;
    reset_to_app(&host);
    assert_non_null(strstr(host_listen(&host, 1000 * MS), "offset 0x10000\r\n"));
    /* A table whose sum is wrong is none. */
    flash[0x8000 + 4] ^= 1;
    assert_false(fettle_sim_is_bootable(host.sim, 0));
    host_free(&host);
}

static void test_encrypted(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32c3,encryption=development");
    assert_true(fettle_sim_is_bootable(host.sim, 0));
    assert_true(host_flash(&host)[0x10000] != 0xe9);
    host_attach(&host);
    assert_int_equal(1, (host_read_reg(&host, 0x60008834) >> 18 & 7) != 0);
    assert_int_equal(0, host_ask(&host, 0x02, 500 * MS, 0x400, 1, 0x400, 0x30000, 1));
    host_send_block(&host, 0x03, 0, test_block(), 1024);
    assert_int_equal(0, host_status(&host, 0x03, 0, 200 * MS));
    assert_memory_not_equal(test_block(), host_flash(&host) + 0x30000, 1024);
    host_free(&host);
    host = host_make_loader("esp32c3,encryption=release");
    host_attach(&host);
    assert_int_equal(0x0106, host_ask(&host, 0x02, 500 * MS, 0x400, 1, 0x400, 0x30000, 1));
    host_free(&host);
    host = host_make_loader("esp32,secure-boot=v1");
    host_attach(&host);
    assert_int_equal(0x0106, host_ask(&host, 0x02, 500 * MS, 0x400, 1, 0x400, 0x1000));
    assert_int_equal(0, host_ask(&host, 0x02, 500 * MS, 0x400, 1, 0x400, 0x8000));
    host_free(&host);
}

static void test_flash_end(void **state)
{
    (void)state;
    esp_host host = host_make_loader("esp32");
    assert_int_equal(0, host_ask(&host, 0x04, 100 * MS, 0));
    host_wait(&host, 100 * MS);
    assert_false(is_loader(&host));
    host_free(&host);
}

/* ---- faults ---- */

static void test_line_faults(void **state)
{
    static const char *const faults[] = {"noise@2+", "lose-byte@2+", "double-byte@2+"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char spec[60];
        unsigned good = 0;
        snprintf(spec, sizeof spec, "esp32,fault=%s", faults[i]);
        esp_host host = host_make_loader(spec);
        for (unsigned n = 0; n < 20; n++) {
            host_discard(&host);
            host_send_words(&host, 0x0a, (const uint32_t[]){0x40001000}, 1);
            uint8_t frame[HOST_FRAME];
            size_t size = host_frame(&host, frame, 50 * MS);
            good +=
                size == 12 &&
                memcmp(frame, "\x01\x0a\x04\x00\x83\x1d\xf0\x00\x00\x00\x00\x00", 12) == 0;
        }
        assert_true(good < 10); /* some bits don't matter: the checksum's, and `value` */
        fettle_sim_set_fault(host.sim, 0, NULL);
        host_discard(&host);
        host_sync(&host);
        assert_int_equal(8, host_sync(&host));
        host_free(&host);
    }
}

static esp_host make_writer(const char *spec)
{
    esp_host host = host_make_loader(spec);
    host_attach(&host);
    assert_int_equal(0, host_ask(&host, 0x02, 1000 * MS, 0x1000, 4, 0x400, 0x20000));
    return host;
}

static void test_write_faults(void **state)
{
    (void)state;
    uint8_t block[1024];
    memset(block, 0x5a, sizeof block);
    esp_host host = make_writer("esp32,fault=lose-reply@6");
    host_send_block(&host, 0x03, 0, block, sizeof block); /* after the work */
    assert_int_equal(0, host_status(&host, 0x03, 0, 500 * MS));
    host_send_block(&host, 0x03, 1, block, sizeof block);
    assert_int_equal(UINT32_MAX, host_status(&host, 0x03, 0, 500 * MS));
    assert_memory_equal(block, host_flash(&host) + 0x20400, sizeof block);
    host_free(&host);

    host = make_writer("esp32,fault=late-reply@5,late=700"); /* and what comes meanwhile */
    host_send_block(&host, 0x03, 0, block, sizeof block);
    host_send_words(&host, 0x0a, (const uint32_t[]){0x40001000}, 1);
    assert_int_equal(UINT32_MAX, host_status(&host, 0x03, 0, 600 * MS));
    assert_int_equal(0, host_status(&host, 0x03, 0, 200 * MS));
    assert_int_equal(0, host_status(&host, 0x0a, 0, 20 * MS));
    host_free(&host);

    host = make_writer("esp32,fault=drop-write@1");
    host_send_block(&host, 0x03, 0, block, sizeof block);
    assert_int_equal(0x0108, host_status(&host, 0x03, 0, 500 * MS));
    assert_int_equal(0xff, host_flash(&host)[0x20000]);
    host_free(&host);

    host = make_writer("esp32,fault=flip-bit@1");
    host_send_block(&host, 0x03, 0, block, sizeof block);
    assert_int_equal(0x0108, host_status(&host, 0x03, 0, 500 * MS));
    host_free(&host);

    host = make_writer("esp32,protected=0x25000");
    host_send_block(&host, 0x03, 0, block, sizeof block);
    assert_int_equal(0x0108, host_status(&host, 0x03, 0, 500 * MS));
    host_free(&host);

    host = make_writer("esp32,fault=brownout@2");
    host_send_block(&host, 0x03, 0, block, sizeof block);
    assert_int_equal(0, host_status(&host, 0x03, 0, 500 * MS));
    host_send_block(&host, 0x03, 1, block, sizeof block);
    assert_non_null(strstr(host_listen(&host, 500 * MS), "RTCWDT_BROWN_OUT_RESET"));
    assert_memory_equal(block, host_flash(&host) + 0x20400, 512);
    assert_int_equal(0xff, host_flash(&host)[0x20600]);
    assert_false(is_loader(&host));
    host_free(&host);

    host = make_writer("esp32,fault=slow");
    fettle_us began = host_now(&host);
    host_send_block(&host, 0x03, 0, block, sizeof block);
    assert_int_equal(0, host_status(&host, 0x03, 0, 500 * MS));
    assert_true(host_now(&host) - began > 100 * MS);
    host_free(&host);

    host = make_writer("esp32,fault=vanish@5,return=700");
    host_send_block(&host, 0x03, 0, block, sizeof block);
    fettle_outcome_kind kind = FETTLE_OK;
    for (unsigned i = 0; i < 5 && kind != FETTLE_GONE; i++) {
        uint8_t byte;
        kind = host.link.serial
                   ->read(host.link.self, &byte, 1, host_now(&host) + 99 * MS, NULL)
                   .kind;
    }
    assert_int_equal(FETTLE_GONE, kind);
    host_wait(&host, 800 * MS);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(host.sim, 0));
    host_free(&host);
}

static void test_dead_flash(void **state)
{
    (void)state;
    esp_host host = make_writer("esp32,flash-id=0xffffff");
    host_write_reg(&host, 0x3ff4202c, 23);
    host_write_reg(&host, 0x3ff4201c, 0x90000000);
    host_write_reg(&host, 0x3ff42024, 0x7000009f);
    host_write_reg(&host, 0x3ff42000, 1u << 18);
    assert_int_equal(0xffffff, host_read_reg(&host, 0x3ff42080));
    host_free(&host);
    /* A part that says it is larger than it is: what is beyond is what is below. */
    host = host_make_loader("esp32,size=1MB,flash-id=0x1640ef");
    host_attach(&host);
    assert_int_equal(0, host_ask(&host, 0x02, 1000 * MS, 0x1000, 4, 0x400, 0x300000));
    host_send_block(&host, 0x03, 0, test_block(), 1024);
    assert_int_equal(0, host_status(&host, 0x03, 0, 500 * MS));
    assert_memory_equal(test_block(), host_flash(&host), 1024);
    host_free(&host);
}

/* ---- options ---- */

static void test_options(void **state)
{
    static const char *const refused[] = {
        "esp32,size=3MB",   "esp32,size=128KB", "esp32,bridge=jtag",     "esp32,mode=dfu",
        "esp8266,usb=full", "esp32,window=1",   "pytrack,bridge=cp210x", "esp32,baud=1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char message[2000];
        fettle_sim *sim = fettle_sim_new(NULL, NULL);
        assert_false(fettle_sim_add(sim, refused[i], message, sizeof message));
        assert_true(strlen(message) > 10);
        fettle_sim_free(sim);
    }
    static const struct {
        const char *spec;
        uint16_t vendor, product;
    } faces[] = {
        {"esp8266", 0x10c4, 0xea60},
        {"esp32", 0x10c4, 0xea60},
        {"esp32,bridge=ch340", 0x1a86, 0x7523},
        {"esp32,bridge=ftdi", 0x0403, 0x6001},
        {"esp32s3", 0x303a, 0x1001},
        {"esp32c3", 0x303a, 0x1001},
        {"esp32c3,bridge=cp210x", 0x10c4, 0xea60},
    };
    for (size_t i = 0; i < sizeof faces / sizeof faces[0]; i++) {
        fettle_sight sight;
        esp_host host = host_make(faces[i].spec);
        assert_true(fettle_sim_look_at(host.sim, 0, &sight));
        assert_int_equal(FETTLE_LINK_SERIAL, sight.kind);
        assert_int_equal(faces[i].vendor, sight.id.vendor);
        assert_int_equal(faces[i].product, sight.id.product);
        assert_int_equal(0, strncmp(sight.path, faces[i].spec, 0));
        assert_string_equal("", sight.node);
        host_free(&host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_esp32_bytes),
        cmocka_unit_test(test_esp8266_bytes),
        cmocka_unit_test(test_c3_bytes),
        cmocka_unit_test(test_banner),
        cmocka_unit_test(test_straps),
        cmocka_unit_test(test_jtag_lines),
        cmocka_unit_test(test_watchdog_reset),
        cmocka_unit_test(test_person),
        cmocka_unit_test(test_sync_habits),
        cmocka_unit_test(test_autobaud),
        cmocka_unit_test(test_baud_change),
        cmocka_unit_test(test_max_baud),
        cmocka_unit_test(test_time_on_the_wire),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_inflate_errors),
        cmocka_unit_test(test_slow_read),
        cmocka_unit_test(test_nor),
        cmocka_unit_test(test_esp8266_erase),
        cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_sdm),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_boot),
        cmocka_unit_test(test_not_bootable),
        cmocka_unit_test(test_partitions),
        cmocka_unit_test(test_encrypted),
        cmocka_unit_test(test_flash_end),
        cmocka_unit_test(test_line_faults),
        cmocka_unit_test(test_write_faults),
        cmocka_unit_test(test_dead_flash),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
