/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host for virtual ESP boards that knows nothing: bytes, frames and lines by hand, so that
 * tests say what is on the wire. Include it after cmocka.
 */
#ifndef TESTS_SIM_ESP_HOST_H
#define TESTS_SIM_ESP_HOST_H

#include "sim/sim.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS ((fettle_us)1000)

enum { HOST_ROOM = 65536, HOST_FRAME = 0x4200 };

typedef struct esp_host {
    fettle_sim *sim;
    fettle_link link;
    uint8_t *in; /* HOST_ROOM; what came and wasn't looked at */
    size_t in_count;
} esp_host;

static inline fettle_us host_now(const esp_host *host)
{
    return fettle_sim_clock_ops(host->sim)->now(fettle_sim_clock_self(host->sim));
}

static inline void host_wait(const esp_host *host, fettle_us time)
{
    fettle_sim_clock_ops(host->sim)->wait(fettle_sim_clock_self(host->sim),
                                          host_now(host) + time, NULL);
}

static inline void host_open(esp_host *host, uint32_t baud)
{
    fettle_sight sight;
    assert_true(fettle_sim_look_at(host->sim, 0, &sight));
    assert_int_equal(FETTLE_LINK_SERIAL, sight.kind);
    fettle_serial_settings settings = {.baud = baud, .data_bits = 8};
    assert_int_equal(
        FETTLE_OK, fettle_sim_bus_ops
                       .open(host->sim, &sight, FETTLE_LINK_SERIAL, &settings, &host->link)
                       .kind);
}

static inline void host_close(esp_host *host)
{
    if (host->link.kind != FETTLE_LINK_NONE) {
        host->link.serial->close(host->link.self);
    }
    host->link.kind = FETTLE_LINK_NONE;
}

static inline esp_host host_make(const char *spec)
{
    char message[2000];
    esp_host host = {.sim = fettle_sim_new(NULL, NULL), .in = malloc(HOST_ROOM)};
    if (!fettle_sim_add(host.sim, spec, message, sizeof message)) {
        fail_msg("%s: %s", spec, message);
    }
    return host;
}

static inline esp_host host_make_open(const char *spec)
{
    esp_host host = host_make(spec);
    host_open(&host, 115200);
    return host;
}

static inline void host_free(esp_host *host)
{
    host_close(host);
    fettle_sim_free(host->sim);
    free(host->in);
}

/* ---- bytes ---- */

static inline void host_write(esp_host *host, const void *bytes, size_t size)
{
    fettle_outcome outcome = host->link.serial->write(host->link.self, bytes, size,
                                                      host_now(host) + 60000 * MS, NULL);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(size, outcome.count);
}

static inline bool host_read_more(esp_host *host, fettle_us until)
{
    fettle_outcome outcome =
        host->link.serial->read(host->link.self, host->in + host->in_count,
                                HOST_ROOM - host->in_count, until, NULL);
    host->in_count += outcome.kind == FETTLE_OK ? outcome.count : 0;
    return outcome.kind == FETTLE_OK && outcome.count > 0;
}

/* All that comes in this time; NUL behind it. */
static inline const char *host_listen(esp_host *host, fettle_us time)
{
    fettle_us until = host_now(host) + time;
    host->in_count = 0;
    while (host->in_count < HOST_ROOM - 1 && host_read_more(host, until)) {
    }
    host->in[host->in_count] = 0;
    for (size_t i = 0; i < host->in_count; i++) {
        host->in[i] = host->in[i] == 0 ? '?' : host->in[i];
    }
    return (const char *)host->in;
}

static inline void host_discard(esp_host *host)
{
    host->link.serial->discard(host->link.self);
    host->in_count = 0;
}

static inline void host_set_baud(esp_host *host, uint32_t baud)
{
    assert_int_equal(FETTLE_OK, host->link.serial->set_baud(host->link.self, baud).kind);
}

static inline void host_lines(esp_host *host, bool dtr, bool rts)
{
    assert_int_equal(FETTLE_OK,
                     host->link.serial->set_lines(host->link.self, dtr, rts).kind);
}

/* ---- frames ---- */

/* The next frame, without its SLIP; 0: none came in this time. What stands before it is skipped. */
static inline size_t host_frame(esp_host *host, uint8_t frame[HOST_FRAME], fettle_us time)
{
    fettle_us until = host_now(host) + time;
    size_t at = 0, size = 0;
    bool is_in = false, is_escaped = false;
    for (;;) {
        if (at == host->in_count && !host_read_more(host, until)) {
            return 0;
        }
        uint8_t byte = host->in[at++];
        if (byte == 0xc0) {
            if (is_in && size > 0) {
                break;
            }
            is_in = true;
        } else if (is_in && byte == 0xdb) {
            is_escaped = true;
        } else if (is_in) {
            assert_true(size < HOST_FRAME);
            byte = is_escaped ? (byte == 0xdc ? 0xc0 : 0xdb) : byte;
            frame[size++] = byte;
            is_escaped = false;
        }
    }
    memmove(host->in, host->in + at, host->in_count - at);
    host->in_count -= at;
    return size;
}

static inline void host_send_frame(esp_host *host, const uint8_t *frame, size_t size)
{
    uint8_t *raw = malloc(2 * size + 2);
    size_t count = 0;
    raw[count++] = 0xc0;
    for (size_t i = 0; i < size; i++) {
        if (frame[i] == 0xc0 || frame[i] == 0xdb) {
            raw[count++] = 0xdb;
            raw[count++] = frame[i] == 0xc0 ? 0xdc : 0xdd;
        } else {
            raw[count++] = frame[i];
        }
    }
    raw[count++] = 0xc0;
    host_write(host, raw, count);
    free(raw);
}

static inline void host_send(esp_host *host, uint8_t opcode, uint32_t checksum,
                             const void *data, size_t size)
{
    uint8_t *frame = calloc(size + 8, 1);
    frame[1] = opcode;
    fettle_put16(frame + 2, (uint16_t)size);
    fettle_put32(frame + 4, checksum);
    memcpy(frame + 8, data, size);
    host_send_frame(host, frame, size + 8);
    free(frame);
}

static inline void host_send_words(esp_host *host, uint8_t opcode, const uint32_t *words,
                                   size_t count)
{
    uint8_t bytes[64];
    for (size_t i = 0; i < count; i++) {
        fettle_put32(bytes + 4 * i, words[i]);
    }
    host_send(host, opcode, 0, bytes, 4 * count);
}

/* MEM_DATA, FLASH_DATA, FLASH_DEFL_DATA */
static inline void host_send_block(esp_host *host, uint8_t opcode, uint32_t sequence,
                                   const uint8_t *data, size_t size)
{
    uint8_t *bytes = calloc(size + 16, 1);
    uint8_t checksum = 0xef;
    fettle_put32(bytes, (uint32_t)size);
    fettle_put32(bytes + 4, sequence);
    memcpy(bytes + 16, data, size);
    for (size_t i = 0; i < size; i++) {
        checksum ^= data[i];
    }
    host_send(host, opcode, checksum, bytes, size + 16);
    free(bytes);
}

/*
 * The status of the reply to `opcode` as one number, 0x0105 or 0xc100; UINT32_MAX: no such reply.
 */
static inline uint32_t host_status(esp_host *host, uint8_t opcode, size_t payload,
                                   fettle_us time)
{
    uint8_t frame[HOST_FRAME];
    size_t size;
    while ((size = host_frame(host, frame, time)) > 0) {
        if (frame[0] == 1 && frame[1] == opcode && size >= 10) {
            size_t at = size >= 10 + payload ? 8 + payload : 8;
            return (uint32_t)frame[at] << 8 | frame[at + 1];
        }
    }
    return UINT32_MAX;
}

#define host_ask(host, opcode, time, ...)                               \
    host_ask_words(host, opcode, time, (const uint32_t[]){__VA_ARGS__}, \
                   sizeof((const uint32_t[]){__VA_ARGS__}) / 4)

static inline uint32_t host_ask_words(esp_host *host, uint8_t opcode, fettle_us time,
                                      const uint32_t *words, size_t count)
{
    host_send_words(host, opcode, words, count);
    return host_status(host, opcode, 0, time);
}

static inline uint32_t host_read_reg(esp_host *host, uint32_t address)
{
    uint8_t frame[HOST_FRAME];
    host_send_words(host, 0x0a, &address, 1);
    do {
        assert_true(host_frame(host, frame, 200 * MS) > 0);
    } while (frame[1] != 0x0a);
    assert_int_equal(0, frame[8]);
    return fettle_get32(frame + 4);
}

static inline void host_write_reg(esp_host *host, uint32_t address, uint32_t value)
{
    assert_int_equal(0, host_ask(host, 0x09, 200 * MS, address, value, 0xffffffff, 0));
}

/* ---- into the loader ---- */

/* Section 5.2: both lines at once. */
static inline void host_reset_tight(esp_host *host)
{
    host_lines(host, false, false);
    host_lines(host, true, true);
    host_lines(host, false, true);
    host_wait(host, 100 * MS);
    host_lines(host, true, false);
    host_wait(host, 50 * MS);
    host_lines(host, false, false);
}

/* One line after the other. */
static inline void host_reset_classic(esp_host *host)
{
    host_lines(host, false, false);
    host_lines(host, false, true);
    host_wait(host, 100 * MS);
    host_lines(host, true, true);
    host_lines(host, true, false);
    host_wait(host, 50 * MS);
    host_lines(host, false, false);
}

static inline void host_reset_jtag(esp_host *host)
{
    host_lines(host, false, false);
    host_wait(host, 100 * MS);
    host_lines(host, true, false);
    host_wait(host, 100 * MS);
    host_lines(host, true, true);
    host_lines(host, false, true);
    host_wait(host, 100 * MS);
    host_lines(host, false, false);
}

static inline void host_send_sync(esp_host *host)
{
    uint8_t data[36];
    memset(data, 0x55, sizeof data);
    memcpy(data, "\x07\x07\x12\x20", 4);
    host_send(host, 0x08, 0, data, sizeof data);
}

/* How many replies there are to one. */
static inline unsigned host_sync(esp_host *host)
{
    uint8_t frame[HOST_FRAME];
    unsigned count = 0;
    host_send_sync(host);
    while (host_frame(host, frame, 100 * MS) > 0) {
        count += frame[0] == 1 && frame[1] == 0x08 && frame[8] == 0;
    }
    return count;
}

static inline esp_host host_make_loader(const char *spec)
{
    esp_host host = host_make_open(spec);
    fettle_sight sight;
    assert_true(fettle_sim_look_at(host.sim, 0, &sight));
    if (sight.id.vendor == 0x303a) {
        host_reset_jtag(&host);
    } else {
        host_reset_tight(&host);
    }
    host_discard(&host);
    assert_int_equal(8, host_sync(&host));
    return host;
}

/* SPI_ATTACH, SPI_SET_PARAMS of 4 MiB. */
static inline void host_attach(esp_host *host)
{
    assert_int_equal(0, host_ask(host, 0x0d, 200 * MS, 0, 0));
    assert_int_equal(
        0, host_ask(host, 0x0b, 200 * MS, 0, 0x400000, 0x10000, 0x1000, 0x100, 0xffff));
}

/* ---- what the board did ---- */

static inline size_t host_count(const esp_host *host, const char *what)
{
    const fettle_sim_entry *entries;
    size_t count = 0, all = fettle_sim_log(host->sim, &entries);
    for (size_t i = 0; i < all; i++) {
        count += strcmp(entries[i].what, what) == 0;
    }
    return count;
}

static inline uint8_t *host_flash(const esp_host *host)
{
    size_t size;
    return fettle_sim_memory(host->sim, 0, &size);
}

#endif
