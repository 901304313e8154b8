/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MD5, RFC 1321. Some loaders hash their memory with it, so it is here to find differences;
 * nothing trusts it. Names are those of the RFC.
 */
#include "base/bytes.h"
#include "base/hash.h"

#include <string.h>

enum { BLOCK = 64, LENGTH_AT = 56 };

/* Section 3.4: the integer part of 4294967296 times abs(sin(i)), i from 1, in radians. */
static const uint32_t T[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
    0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
    0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
    0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
    0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
    0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
    0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
    0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
    0xeb86d391,
};

/* Section 3.4: the functions of three words that the rounds have. */
static uint32_t F(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) | (~x & z);
}

static uint32_t G(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & z) | (y & ~z);
}

static uint32_t H(uint32_t x, uint32_t y, uint32_t z)
{
    return x ^ y ^ z;
}

static uint32_t I(uint32_t x, uint32_t y, uint32_t z)
{
    return y ^ (x | ~z);
}

static uint32_t step(uint32_t sum, unsigned bits, uint32_t b)
{
    return b + (sum << bits | sum >> (32 - bits));
}

/* Four steps a turn, after which each of the four words is where it was: none has to be moved. */
static void take_block(fettle_md5 *md5, const uint8_t *block)
{
    uint32_t X[16];
    uint32_t a = md5->state[0], b = md5->state[1], c = md5->state[2], d = md5->state[3];

    for (unsigned i = 0; i < 16; i++) {
        X[i] = fettle_get32(block + 4 * i);
    }
    for (unsigned i = 0; i < 16; i += 4) {
        a = step(a + F(b, c, d) + X[i] + T[i], 7, b);
        d = step(d + F(a, b, c) + X[i + 1] + T[i + 1], 12, a);
        c = step(c + F(d, a, b) + X[i + 2] + T[i + 2], 17, d);
        b = step(b + F(c, d, a) + X[i + 3] + T[i + 3], 22, c);
    }
    for (unsigned i = 16; i < 32; i += 4) {
        a = step(a + G(b, c, d) + X[(5 * i + 1) % 16] + T[i], 5, b);
        d = step(d + G(a, b, c) + X[(5 * (i + 1) + 1) % 16] + T[i + 1], 9, a);
        c = step(c + G(d, a, b) + X[(5 * (i + 2) + 1) % 16] + T[i + 2], 14, d);
        b = step(b + G(c, d, a) + X[(5 * (i + 3) + 1) % 16] + T[i + 3], 20, c);
    }
    for (unsigned i = 32; i < 48; i += 4) {
        a = step(a + H(b, c, d) + X[(3 * i + 5) % 16] + T[i], 4, b);
        d = step(d + H(a, b, c) + X[(3 * (i + 1) + 5) % 16] + T[i + 1], 11, a);
        c = step(c + H(d, a, b) + X[(3 * (i + 2) + 5) % 16] + T[i + 2], 16, d);
        b = step(b + H(c, d, a) + X[(3 * (i + 3) + 5) % 16] + T[i + 3], 23, c);
    }
    for (unsigned i = 48; i < 64; i += 4) {
        a = step(a + I(b, c, d) + X[7 * i % 16] + T[i], 6, b);
        d = step(d + I(a, b, c) + X[7 * (i + 1) % 16] + T[i + 1], 10, a);
        c = step(c + I(d, a, b) + X[7 * (i + 2) % 16] + T[i + 2], 15, d);
        b = step(b + I(c, d, a) + X[7 * (i + 3) % 16] + T[i + 3], 21, c);
    }
    md5->state[0] += a;
    md5->state[1] += b;
    md5->state[2] += c;
    md5->state[3] += d;
}

void fettle_md5_init(fettle_md5 *md5)
{
    *md5 = (fettle_md5){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

void fettle_md5_feed(fettle_md5 *md5, fettle_span bytes)
{
    while (bytes.size > 0) {
        size_t used = (size_t)(md5->length % BLOCK);
        size_t room = BLOCK - used;
        size_t taken = bytes.size < room ? bytes.size : room;

        memcpy(md5->block + used, bytes.data, taken);
        md5->length += taken;
        bytes = (fettle_span){bytes.data + taken, bytes.size - taken};
        if (taken == room) {
            take_block(md5, md5->block);
        }
    }
}

void fettle_md5_finish(fettle_md5 *md5, uint8_t digest[FETTLE_MD5_SIZE])
{
    static const uint8_t padding[BLOCK] = {0x80};
    uint64_t bits = md5->length * 8;
    size_t used = (size_t)(md5->length % BLOCK);
    uint8_t length[8];

    fettle_put32(length, (uint32_t)bits);
    fettle_put32(length + 4, (uint32_t)(bits >> 32));
    size_t filler = (used < LENGTH_AT ? LENGTH_AT : LENGTH_AT + BLOCK) - used;
    fettle_md5_feed(md5, (fettle_span){padding, filler});
    fettle_md5_feed(md5, (fettle_span){length, sizeof length});
    for (unsigned i = 0; i < 4; i++) {
        fettle_put32(digest + 4 * i, md5->state[i]);
    }
}
