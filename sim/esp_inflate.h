/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a zlib stream (RFC 1950, RFC 1951) that comes in blocks, as the loaders of ESP chips
 * do: output is taken in pieces, and a stream that isn't one is found where it stops being one.
 */
#ifndef SIM_ESP_INFLATE_H
#define SIM_ESP_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIM_INFLATE_WINDOW = 32768,
    SIM_INFLATE_INPUT = 0x4000 + 1024, /* a block, and what an earlier one left */
    SIM_INFLATE_LITERALS = 288,
    SIM_INFLATE_DISTANCES = 32,
    SIM_INFLATE_BITS = 15,
};

typedef enum fettle_sim_inflate_state {
    INFLATE_HEADER,
    INFLATE_BLOCK,
    INFLATE_STORED,
    INFLATE_SYMBOLS,
    INFLATE_TRAILER,
    INFLATE_END,
    INFLATE_BAD,      /* no zlib stream */
    INFLATE_CHECKSUM, /* its Adler-32 is another */
} fettle_sim_inflate_state;

/* A Huffman code: how many codes of each length, and the symbols in the order of their codes. */
typedef struct fettle_sim_code {
    uint16_t count[SIM_INFLATE_BITS + 1];
    uint16_t symbol[SIM_INFLATE_LITERALS];
} fettle_sim_code;

typedef struct fettle_sim_inflate {
    fettle_sim_inflate_state state;
    bool is_last;
    bool is_short; /* input ended in the middle of something */
    uint32_t stored;
    uint32_t match, distance; /* a copy that isn't done yet */
    uint32_t adler_a, adler_b;
    fettle_sim_code literals, distances;
    size_t size, at; /* of input; the next bit is in input[at] */
    unsigned bit;
    size_t written; /* into the window, since the beginning */
    uint8_t input[SIM_INFLATE_INPUT];
    uint8_t window[SIM_INFLATE_WINDOW];
} fettle_sim_inflate;

void fettle_sim_inflate_init(fettle_sim_inflate *inflate);

/* Adds input; false: more than SIM_INFLATE_INPUT is waiting. */
bool fettle_sim_inflate_feed(fettle_sim_inflate *inflate, const uint8_t *bytes,
                             size_t size);

/* Up to `room` bytes of output; fewer when input is wanted, or nothing more comes. */
size_t fettle_sim_inflate_take(fettle_sim_inflate *inflate, uint8_t *bytes, size_t room);

#endif
