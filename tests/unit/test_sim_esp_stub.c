/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual ESP boards with a stub: what counts as one, and how version 2 behaves (sections
 * 1.7, 2.9, 2.11, 2.12 and 6.2 of the fact sheet). The stub is made up: the board is told to take
 * it for a published one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim_esp_host.h"

#include "base/hash.h"

#include "sim/esp.h"

enum { RAM_BLOCK = 0x1800 };

/* ---- loading ---- */

static void load_part(esp_host *host, uint32_t address, const uint8_t *bytes, size_t size)
{
    uint32_t blocks = (uint32_t)((size + RAM_BLOCK - 1) / RAM_BLOCK);
    assert_int_equal(
        0, host_ask(host, 0x05, 500 * MS, (uint32_t)size, blocks, RAM_BLOCK, address));
    for (uint32_t i = 0; i < blocks; i++) {
        size_t at = (size_t)i * RAM_BLOCK;
        size_t piece = size - at < RAM_BLOCK ? size - at : RAM_BLOCK;
        host_send_block(host, 0x07, i, bytes + at, piece);
        assert_int_equal(0, host_status(host, 0x07, 0, 2000 * MS));
    }
}

static bool start(esp_host *host, const fettle_sim_stub *stub, uint32_t entry)
{
    uint8_t frame[HOST_FRAME];
    load_part(host, stub->text_address, stub->text, sizeof stub->text);
    load_part(host, stub->data_address, stub->data, sizeof stub->data);
    assert_int_equal(0, host_ask(host, 0x06, 200 * MS, 0, entry));
    return host_frame(host, frame, 1000 * MS) == 4 && memcmp(frame, "OHAI", 4) == 0;
}

static esp_host make_stub(const char *spec)
{
    esp_host host = host_make_loader(spec);
    fettle_sim_stub *stub = malloc(sizeof *stub);
    assert_true(fettle_sim_make_stub(host.sim, 0, stub));
    assert_true(start(&host, stub, stub->entry));
    free(stub);
    return host;
}

static void test_ohai(void **state)
{
    static const char *const specs[] = {"esp8266", "esp32",   "esp32s2", "esp32s3",
                                        "esp32c2", "esp32c3", "esp32c6"};
    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        esp_host host = make_stub(specs[i]);
        assert_int_equal(8, host_sync(&host));
        host_free(&host);
    }
    /* Known without a test's help, where the option says so. */
    fettle_sim_stub *stub = malloc(sizeof *stub);
    esp_host other = host_make_loader("esp32c3");
    fettle_sim_make_stub(other.sim, 0, stub);
    host_free(&other);
    esp_host host = host_make_loader("esp32c3,own-stub=yes");
    assert_true(start(&host, stub, stub->entry));
    host_free(&host);
    host = host_make_loader("esp32c3");
    assert_false(start(&host, stub, stub->entry));
    host_free(&host);
    free(stub);
}

static void test_no_stub(void **state)
{
    (void)state;
    fettle_sim_stub *stub = malloc(sizeof *stub);
    for (unsigned what = 0; what < 4; what++) {
        esp_host host = host_make_loader("esp32");
        fettle_sim_make_stub(host.sim, 0, stub);
        stub->text[5000] ^= what == 0;
        stub->data[199] ^= what == 1 ? 0x80 : 0;
        stub->data_address += what == 2 ? 4 : 0;
        assert_false(start(&host, stub, stub->entry + (what == 3 ? 4 : 0)));
        host_discard(&host);
        assert_int_equal(0, host_sync(&host)); /* it runs, whatever it is */
        host_reset_tight(&host);
        host_discard(&host);
        assert_int_equal(8, host_sync(&host));
        host_free(&host);
    }
    /* Over what the ROM needs: it is gone in the middle. */
    esp_host host = host_make_loader("esp32c3");
    assert_int_equal(0, host_ask(&host, 0x05, 500 * MS, 64, 1, 64, 0x3fcdf040));
    host_send_block(&host, 0x07, 0, stub->text, 64);
    assert_int_equal(UINT32_MAX, host_status(&host, 0x07, 0, 2000 * MS));
    host_free(&host);
    /* Another chip's. */
    host = host_make_loader("esp32s3");
    esp_host other = host_make_loader("esp32c3");
    fettle_sim_make_stub(other.sim, 0, stub);
    host_free(&other);
    assert_false(start(&host, stub, stub->entry));
    host_free(&host);
    /* Secure boot doesn't let it run. */
    host = host_make_loader("esp32c3,secure-boot=v2");
    fettle_sim_make_stub(host.sim, 0, stub);
    assert_false(start(&host, stub, stub->entry));
    host_free(&host);
    free(stub);
}

static void test_silent_end(void **state)
{
    (void)state;
    uint8_t frame[HOST_FRAME];
    fettle_sim_stub *stub = malloc(sizeof *stub);
    esp_host host = host_make_loader("esp32,mem-end=silent");
    fettle_sim_make_stub(host.sim, 0, stub);
    load_part(&host, stub->text_address, stub->text, sizeof stub->text);
    load_part(&host, stub->data_address, stub->data, sizeof stub->data);
    host_send_words(&host, 0x06, (const uint32_t[]){0, stub->entry}, 2);
    assert_int_equal(4, host_frame(&host, frame, 1000 * MS));
    assert_memory_equal("OHAI", frame, 4);
    host_free(&host);
    free(stub);
}

/* ---- words ---- */

static void test_bytes(void **state)
{
    (void)state;
    uint8_t frame[HOST_FRAME];
    esp_host host = make_stub("esp32");
    host_send_sync(&host);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(10, host_frame(&host, frame, 100 * MS));
        assert_memory_equal("\x01\x08\x02\x00\x00\x00\x00\x00\x00\x00", frame, 10);
    }
    /* The MD5 of section 8: raw. */
    memset(host_flash(&host) + 0x10000, 0xff, 1024);
    memcpy(host_flash(&host) + 0x10000, "\xe9\xc0\xdb\x00", 4);
    host_send_words(&host, 0x13, (const uint32_t[]){0x10000, 0x400, 0, 0}, 4);
    assert_int_equal(26, host_frame(&host, frame, 100 * MS));
    assert_memory_equal(
        "\x01\x13\x12\x00\x00\x00\x00\x00\x3d\x28\xb2\xaf\xe0\x5c\x3a\xf1\xa6"
        "\xdc\x2b\x14\x12\x6f\x4c\x00\x00\x00",
        frame, 26);
    /* Not found, in this order of bytes. */
    assert_int_equal(0xc300, host_ask(&host, 0x77, 100 * MS, 0));
    assert_int_equal(0xc300, host_ask(&host, 0x0e, 100 * MS, 0, 64));
    host_send(&host, 0x14, 0, "", 0);
    assert_int_equal(0xc300, host_status(&host, 0x14, 20, 100 * MS));
    /* SPI_ATTACH has four bytes here, not eight. */
    assert_int_equal(0xc000, host_ask(&host, 0x0d, 100 * MS, 0, 0));
    assert_int_equal(0, host_ask(&host, 0x0d, 100 * MS, 0));
    assert_int_equal(0x00f01d83, host_read_reg(&host, 0x40001000));
    host_write_reg(&host, 0x60001234, 77);
    assert_int_equal(77, host_read_reg(&host, 0x60001234));
    /* No answer at all. */
    host_send(&host, 0xd3, 0, "", 0);
    assert_int_equal(UINT32_MAX, host_status(&host, 0xd3, 0, 300 * MS));
    assert_int_equal(8, host_sync(&host));
    host_free(&host);
}

static void test_checksum(void **state)
{
    (void)state;
    esp_host host = make_stub("esp32");
    uint8_t data[16 + 64] = {64};
    host_send_block(&host, 0x03, 0, data, 64);
    assert_int_equal(0xc600, host_status(&host, 0x03, 0, 100 * MS));
    assert_int_equal(0, host_ask(&host, 0x02, 100 * MS, 64, 1, 64, 0x20000));
    host_send(&host, 0x03, 0x11, data, sizeof data);
    assert_int_equal(0xc100, host_status(&host, 0x03, 0, 100 * MS));
    host_send(&host, 0x03, 0xef, data, sizeof data - 4);
    assert_int_equal(0xc000, host_status(&host, 0x03, 0, 100 * MS));
    host_send(&host, 0x03, 0xef, data, sizeof data);
    assert_int_equal(0, host_status(&host, 0x03, 0, 100 * MS));
    host_free(&host);
}

static void test_baud(void **state)
{
    (void)state;
    esp_host host = make_stub("esp32");
    assert_int_equal(0, host_ask(&host, 0x0f, 100 * MS, 921600, 115200));
    host_set_baud(&host, 921600);
    host_wait(&host, 50 * MS);
    host_discard(&host);
    assert_int_equal(8, host_sync(&host)); /* exactly, without any correction */
    host_free(&host);
}

/* ---- writing ---- */

/* A zlib stream of stored blocks; returns its size. */
static size_t store(uint8_t *out, const uint8_t *bytes, size_t size)
{
    size_t count = 0;
    uint32_t a = 1, b = 0;
    out[count++] = 0x78;
    out[count++] = 0x01;
    for (size_t at = 0; at < size || at == 0;) {
        size_t piece = size - at < 60000 ? size - at : 60000;
        out[count++] = at + piece == size;
        fettle_put16(out + count, (uint16_t)piece);
        fettle_put16(out + count + 2, (uint16_t)~piece);
        memcpy(out + count + 4, bytes + at, piece);
        count += 4 + piece;
        at += piece;
    }
    for (size_t i = 0; i < size; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    out[count++] = (uint8_t)(b >> 8);
    out[count++] = (uint8_t)b;
    out[count++] = (uint8_t)(a >> 8);
    out[count++] = (uint8_t)a;
    return count;
}

enum { IMAGE = 40000, BLOCK = 0x4000 };

typedef struct zlib_stream {
    uint8_t image[IMAGE], bytes[IMAGE + 64];
    size_t size;
} zlib_stream;

static zlib_stream *make_stream(void)
{
    zlib_stream *made = malloc(sizeof *made);
    for (size_t i = 0; i < IMAGE; i++) {
        made->image[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    made->size = store(made->bytes, made->image, IMAGE);
    return made;
}

static void begin(esp_host *host, const zlib_stream *stream)
{
    uint32_t blocks = (uint32_t)((stream->size + BLOCK - 1) / BLOCK);
    assert_int_equal(0, host_ask(host, 0x10, 500 * MS, IMAGE, blocks, BLOCK, 0x10000));
}

static void send_block(esp_host *host, const zlib_stream *stream, uint32_t number)
{
    size_t at = (size_t)number * BLOCK;
    size_t size = stream->size - at < BLOCK ? stream->size - at : BLOCK;
    host_send_block(host, 0x11, number, stream->bytes + at, size);
}

static void test_deflated(void **state)
{
    (void)state;
    esp_host host = make_stub("esp32c3,bridge=cp210x");
    zlib_stream *stream = make_stream();
    assert_int_equal(0, host_ask(&host, 0x0f, 100 * MS, 921600, 115200));
    host_set_baud(&host, 921600);
    host_wait(&host, 50 * MS);
    host_discard(&host);
    begin(&host, stream);
    for (uint32_t i = 0; i < 3; i++) {
        send_block(&host, stream, i);
        assert_int_equal(0, host_status(&host, 0x11, 0, 3000 * MS));
    }
    /* The last block was acknowledged before the work: END waits for it. */
    assert_memory_not_equal(stream->image, host_flash(&host) + 0x10000, IMAGE);
    assert_int_equal(0, host_ask(&host, 0x12, 3000 * MS, 1));
    assert_memory_equal(stream->image, host_flash(&host) + 0x10000, IMAGE);
    assert_int_equal(0, host_count(&host, "dropped"));
    /* It stays. */
    host_wait(&host, 500 * MS);
    assert_int_equal(8, host_sync(&host));
    /* Once more, told to reboot: it stays all the same. */
    assert_int_equal(0, host_ask(&host, 0x02, 100 * MS, 0, 0, BLOCK, 0));
    assert_int_equal(0, host_ask(&host, 0x04, 100 * MS, 0));
    host_wait(&host, 500 * MS);
    assert_int_equal(8, host_sync(&host));
    free(stream);
    host_free(&host);
}

/* One block ahead is what its buffers bear; the third is lost. */
static void test_two_ahead(void **state)
{
    (void)state;
    esp_host host = make_stub("esp32,fault=slow");
    zlib_stream *stream = make_stream();
    begin(&host, stream);
    assert_int_equal(0, host_ask(&host, 0x0f, 500 * MS, 921600, 115200));
    host_set_baud(&host, 921600);
    host_wait(&host, 50 * MS);
    host_discard(&host);
    for (uint32_t i = 0; i < 3; i++) {
        send_block(&host, stream, i);
    }
    assert_int_equal(0, host_status(&host, 0x11, 0, 9000 * MS));
    assert_int_equal(0, host_status(&host, 0x11, 0, 9000 * MS));
    assert_int_equal(UINT32_MAX, host_status(&host, 0x11, 0, 9000 * MS));
    assert_true(host_count(&host, "dropped") > 0);
    assert_int_equal(0xc000, host_ask(&host, 0x12, 9000 * MS, 1)); /* bytes are missing */
    host_free(&host);
    /* Over USB the host has to wait, and nothing is lost. */
    host = make_stub("esp32c3,fault=slow");
    begin(&host, stream);
    for (uint32_t i = 0; i < 3; i++) {
        send_block(&host, stream, i);
    }
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(0, host_status(&host, 0x11, 0, 9000 * MS));
    }
    assert_int_equal(0, host_ask(&host, 0x12, 9000 * MS, 1));
    assert_memory_equal(stream->image, host_flash(&host) + 0x10000, IMAGE);
    assert_int_equal(0, host_count(&host, "dropped"));
    free(stream);
    host_free(&host);
}

static void test_deferred(void **state)
{
    (void)state;
    esp_host host = make_stub("esp32");
    zlib_stream *stream = make_stream();
    begin(&host, stream);
    uint8_t bad[64];
    memset(bad, 0x99, sizeof bad);
    host_send_block(&host, 0x11, 0, bad, sizeof bad);
    assert_int_equal(0, host_status(&host, 0x11, 0, 1000 * MS));
    /* Told once, to whatever comes next, which isn't done. */
    assert_int_equal(0xc700, host_ask(&host, 0xd1, 1000 * MS, 0x10000, 0x1000));
    assert_int_equal(0xe9, host_flash(&host)[0x10000]);
    assert_int_equal(0, host_ask(&host, 0xd1, 1000 * MS, 0x10000, 0x1000));
    assert_int_equal(0xff, host_flash(&host)[0x10000]);
    /* More than was announced. */
    assert_int_equal(0, host_ask(&host, 0x02, 100 * MS, 64, 1, 64, 0x20000));
    host_send_block(&host, 0x03, 0, stream->image, 64);
    host_send_block(&host, 0x03, 1, stream->image, 64);
    assert_int_equal(0, host_status(&host, 0x03, 0, 1000 * MS));
    assert_int_equal(0, host_status(&host, 0x03, 0, 1000 * MS));
    assert_int_equal(0xc900, host_ask(&host, 0x04, 1000 * MS, 1));
    free(stream);
    host_free(&host);
}

/* Exactly as much as was announced, whatever the last block is filled up with. */
static void test_plain(void **state)
{
    (void)state;
    uint8_t block[1024];
    esp_host host = make_stub("esp32");
    memset(host_flash(&host) + 0x20000, 0x11, 0x3000);
    memset(block, 0x22, sizeof block);
    assert_int_equal(0, host_ask(&host, 0x02, 100 * MS, 1500, 2, 1024, 0x20000));
    assert_int_equal(0, host_count(&host, "erase")); /* just in time, not before */
    host_send_block(&host, 0x03, 0, block, sizeof block);
    assert_int_equal(0, host_status(&host, 0x03, 0, 1000 * MS));
    memset(block + 476, 0, sizeof block - 476); /* would show */
    host_send_block(&host, 0x03, 1, block, sizeof block);
    assert_int_equal(0, host_status(&host, 0x03, 0, 1000 * MS));
    assert_int_equal(0, host_ask(&host, 0x04, 1000 * MS, 1));
    assert_int_equal(1, host_count(&host, "erase"));
    assert_int_equal(0x22, host_flash(&host)[0x20000 + 1499]);
    assert_int_equal(0xff, host_flash(&host)[0x20000 + 1500]);
    assert_int_equal(0x11, host_flash(&host)[0x21000]);
    /* What fails unseen: it doesn't read back. */
    fettle_sim_set_fault(host.sim, 0, "drop-write");
    assert_int_equal(0, host_ask(&host, 0x02, 100 * MS, 1024, 1, 1024, 0x30000));
    host_send_block(&host, 0x03, 0, block, sizeof block);
    assert_int_equal(0, host_status(&host, 0x03, 0, 1000 * MS));
    assert_int_equal(0, host_ask(&host, 0x04, 1000 * MS, 1));
    assert_int_equal(0xff, host_flash(&host)[0x30000]);
    host_free(&host);
}

static void test_erase(void **state)
{
    (void)state;
    esp_host host = make_stub("esp32");
    assert_int_equal(0xc400, host_ask(&host, 0xd1, 1000 * MS, 0x10001, 0x1000));
    assert_int_equal(0xc400, host_ask(&host, 0xd1, 1000 * MS, 0x10000, 0x800));
    assert_int_equal(0xc400, host_ask(&host, 0xd1, 1000 * MS, 0x400000, 0x1000));
    assert_int_equal(0, host_ask(&host, 0xd1, 1000 * MS, 0x10000, 0x11000));
    assert_int_equal(2, host_count(&host, "erase"));
    fettle_us began = host_now(&host);
    host_send(&host, 0xd0, 0, "", 0);
    assert_int_equal(0, host_status(&host, 0xd0, 0, 60000 * MS));
    assert_in_range(host_now(&host) - began, 9000 * MS, 11000 * MS); /* 4 MB: 10 s */
    for (size_t i = 0; i < 0x400000; i += 997) {
        assert_int_equal(0xff, host_flash(&host)[i]);
    }
    /* Blank sectors are left alone until one isn't. */
    fettle_sim_log_clear(host.sim);
    host_flash(&host)[0x22000] = 0;
    uint8_t *block = calloc(BLOCK, 1);
    assert_int_equal(0, host_ask(&host, 0x02, 100 * MS, BLOCK, 1, BLOCK, 0x20000));
    host_send_block(&host, 0x03, 0, block, BLOCK);
    assert_int_equal(0, host_status(&host, 0x03, 0, 9000 * MS));
    assert_int_equal(0, host_ask(&host, 0x04, 9000 * MS, 1));
    assert_int_equal(2, host_count(&host, "erase"));
    free(block);
    host_free(&host);
}

/* ---- reading ---- */

static void test_read(void **state)
{
    (void)state;
    uint8_t frame[HOST_FRAME], ack[5] = {0}, digest[16];
    fettle_md5 md5;
    esp_host host = make_stub("esp32");
    enum { SIZE = 9000 };
    assert_int_equal(0, host_ask(&host, 0xd2, 100 * MS, 0x10010, SIZE, 0x1000, 64));
    uint32_t have = 0;
    while (have < SIZE) {
        size_t size = host_frame(&host, frame, 1000 * MS);
        assert_int_equal(SIZE - have < 0x1000 ? SIZE - have : 0x1000, size);
        assert_memory_equal(host_flash(&host) + 0x10010 + have, frame, size);
        assert_int_equal(0, host_frame(&host, frame, 50 * MS)); /* one at a time */
        have += (uint32_t)size;
        fettle_put32(ack, have);
        host_send_frame(&host, ack, 4);
    }
    fettle_md5_init(&md5);
    fettle_md5_feed(&md5, (fettle_span){host_flash(&host) + 0x10010, SIZE});
    fettle_md5_finish(&md5, digest);
    assert_int_equal(16, host_frame(&host, frame, 1000 * MS));
    assert_memory_equal(digest, frame, 16);
    assert_int_equal(8, host_sync(&host));
    /* An acknowledgement that isn't one ends it, without a word. */
    assert_int_equal(0, host_ask(&host, 0xd2, 100 * MS, 0x10010, SIZE, 0x1000, 64));
    assert_int_equal(0x1000, host_frame(&host, frame, 1000 * MS));
    fettle_put32(ack, 0x1000);
    host_send_frame(&host, ack, 5);
    assert_int_equal(0, host_frame(&host, frame, 500 * MS));
    assert_int_equal(8, host_sync(&host));
    host_free(&host);
}

/* ---- twice ---- */

static void test_over_itself(void **state)
{
    (void)state;
    fettle_sim_stub *stub = malloc(sizeof *stub);
    esp_host host = make_stub("esp32c3");
    fettle_sim_make_stub(host.sim, 0, stub);
    assert_int_equal(0,
                     host_ask(&host, 0x05, 100 * MS, 64, 1, 64, stub->text_address + 64));
    host_send_block(&host, 0x07, 0, stub->text, 64);
    assert_int_equal(UINT32_MAX, host_status(&host, 0x07, 0, 500 * MS));
    assert_int_equal(0, host_sync(&host));
    host_free(&host);
    free(stub);
}

/* The rows of published stubs: theirs is the RAM that the sheet lists (section 2.11). */
static void test_rows(void **state)
{
    static const struct {
        const fettle_sim_esp_chip *chip;
        uint32_t text, size, data, bss;
    } rows[] = {
        {&fettle_sim_esp8266, 0x4010c500, 11456, 0x3fffae6c, 0x3ffe8100},
        {&fettle_sim_esp32, 0x400a8000, 6456, 0x3ffded6c, 0x3ffcc000},
        {&fettle_sim_esp32s2, 0x40028000, 6600, 0x3ffe2dc0, 0x3ffd0000},
        {&fettle_sim_esp32s3, 0x40378000, 7832, 0x3fcb2dc0, 0x3fca0000},
        {&fettle_sim_esp32c2, 0x40380000, 5816, 0x3fcb6d6c, 0x3fca4000},
        {&fettle_sim_esp32c3, 0x40380000, 5880, 0x3fc96d68, 0x3fc84000},
        {&fettle_sim_esp32c6, 0x40800000, 6900, 0x40852f0c, 0x40840000},
    };
    (void)state;
    assert_int_equal(sizeof rows / sizeof rows[0], fettle_sim_esp_stub_count);
    for (size_t i = 0; i < fettle_sim_esp_stub_count; i++) {
        const fettle_sim_esp_stub_row *row = &fettle_sim_esp_stub_rows[i];
        assert_ptr_equal(rows[i].chip, row->chip);
        assert_int_equal(rows[i].text, row->text.address);
        assert_int_equal(rows[i].size, row->text.size);
        assert_int_equal(rows[i].data, row->data.address);
        assert_int_equal(rows[i].bss, row->bss);
        assert_true(row->entry >= row->text.address &&
                    row->entry < row->text.address + row->text.size);
        assert_true(row->data.address + row->data.size <= row->chip->reserved ||
                    row->data.address >= row->chip->reserved_end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ohai),        cmocka_unit_test(test_no_stub),
        cmocka_unit_test(test_silent_end),  cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_checksum),    cmocka_unit_test(test_baud),
        cmocka_unit_test(test_deflated),    cmocka_unit_test(test_two_ahead),
        cmocka_unit_test(test_deferred),    cmocka_unit_test(test_plain),
        cmocka_unit_test(test_erase),       cmocka_unit_test(test_read),
        cmocka_unit_test(test_over_itself), cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
