/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, FIPS 180-4. It names files in reports and records. Names are those of the
 * standard; its words are big endian.
 */
#include "base/hash.h"

#include <string.h>

enum { BLOCK = 64, LENGTH_AT = 56 };

/*
 * Section 4.2.2: the first 32 bits of the fractions of the cube roots of the first 64
 * primes.
 */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
};

static uint32_t get32_big(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           bytes[3];
}

static void put32_big(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value >> 24);
    bytes[1] = (uint8_t)(value >> 16);
    bytes[2] = (uint8_t)(value >> 8);
    bytes[3] = (uint8_t)value;
}

static uint32_t rotate_right(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

/* Section 6.2.2, step 1. */
static void prepare_schedule(uint32_t W[64], const uint8_t *block)
{
    for (unsigned t = 0; t < 16; t++) {
        W[t] = get32_big(block + 4 * t);
    }
    for (unsigned t = 16; t < 64; t++) {
        uint32_t x = W[t - 15], y = W[t - 2];
        uint32_t sigma0 = rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3;
        uint32_t sigma1 = rotate_right(y, 17) ^ rotate_right(y, 19) ^ y >> 10;
        W[t] = sigma1 + W[t - 7] + sigma0 + W[t - 16];
    }
}

/* Section 6.2.2, steps 2 to 4. */
static void take_block(fettle_sha256 *sha256, const uint8_t *block)
{
    uint32_t *H = sha256->state;
    uint32_t a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
    uint32_t W[64];

    prepare_schedule(W, block);
    for (unsigned t = 0; t < 64; t++) {
        uint32_t sum1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t choice = (e & f) ^ (~e & g);
        uint32_t T1 = h + sum1 + choice + K[t] + W[t];
        uint32_t sum0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
        h = g;
        g = f;
        f = e;
        e = d + T1;
        d = c;
        c = b;
        b = a;
        a = T1 + sum0 + majority;
    }
    H[0] += a;
    H[1] += b;
    H[2] += c;
    H[3] += d;
    H[4] += e;
    H[5] += f;
    H[6] += g;
    H[7] += h;
}

/* Section 5.3.3. */
void fettle_sha256_init(fettle_sha256 *sha256)
{
    static const uint32_t H0[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    *sha256 = (fettle_sha256){.length = 0};
    memcpy(sha256->state, H0, sizeof H0);
}

void fettle_sha256_feed(fettle_sha256 *sha256, fettle_span bytes)
{
    while (bytes.size > 0) {
        size_t used = (size_t)(sha256->length % BLOCK);
        size_t room = BLOCK - used;
        size_t taken = bytes.size < room ? bytes.size : room;

        memcpy(sha256->block + used, bytes.data, taken);
        sha256->length += taken;
        bytes = (fettle_span){bytes.data + taken, bytes.size - taken};
        if (taken == room) {
            take_block(sha256, sha256->block);
        }
    }
}

void fettle_sha256_finish(fettle_sha256 *sha256, uint8_t digest[FETTLE_SHA256_SIZE])
{
    static const uint8_t padding[BLOCK] = {0x80};
    uint64_t bits = sha256->length * 8;
    size_t used = (size_t)(sha256->length % BLOCK);
    uint8_t length[8];

    put32_big(length, (uint32_t)(bits >> 32));
    put32_big(length + 4, (uint32_t)bits);
    size_t filler = (used < LENGTH_AT ? LENGTH_AT : LENGTH_AT + BLOCK) - used;
    fettle_sha256_feed(sha256, (fettle_span){padding, filler});
    fettle_sha256_feed(sha256, (fettle_span){length, sizeof length});
    for (unsigned i = 0; i < 8; i++) {
        put32_big(digest + 4 * i, sha256->state[i]);
    }
}
