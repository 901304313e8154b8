/* SPDX-License-Identifier: Apache-2.0 */
/* A stub file, as fettle takes one, for a virtual board that takes it for a published one: of its size, which need not be at hand. */
#ifndef FETTLE_BENCH_STUB_JSON_H
#define FETTLE_BENCH_STUB_JSON_H

#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUB_JSON_MAX = 64 * 1024 };

static char stub_json[STUB_JSON_MAX];
static size_t stub_size;

static inline void put_base64(const uint8_t *bytes, size_t size)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) {
            bits = bits << 8 | (i + k < size ? bytes[i + k] : 0u);
        }
        for (size_t k = 0; k < 4; k++) {
            bool is_there = i + k <= size;
            stub_json[stub_size++] = is_there ? digits[bits >> (18 - 6 * k) & 63] : '=';
        }
    }
}

static inline void put_text(const char *text)
{
    size_t length = strlen(text);
    memcpy(stub_json + stub_size, text, length);
    stub_size += length;
}

/* Fills stub_json, stub_size. */
static inline void make_stub(fettle_sim *sim)
{
    char numbers[200];
    fettle_sim_stub *stub = malloc(sizeof *stub);
    if (stub == NULL || !fettle_sim_make_stub(sim, 0, stub)) {
        abort();
    }
    stub_size = 0;
    (void)snprintf(numbers, sizeof numbers,
                   "{\"entry\":%" PRIu32 ",\"text_start\":%" PRIu32
                   ",\"data_start\":%" PRIu32 ",\"text\":\"",
                   stub->entry, stub->text_address, stub->data_address);
    put_text(numbers);
    put_base64(stub->text, sizeof stub->text);
    put_text("\",\"data\":\"");
    put_base64(stub->data, sizeof stub->data);
    put_text("\"}");
    free(stub);
}

#endif
