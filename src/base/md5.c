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

static uint32_t rotate_left(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

/*
 * Section 3.4, the four rounds: the function of three words, and which word of the block is
 * next.
 */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d, unsigned *k)
{
    switch (i / 16) {
    case 0:
        *k = i;
        return (b & c) | (~b & d);
    case 1:
        *k = (5 * i + 1) % 16;
        return (b & d) | (c & ~d);
    case 2:
        *k = (3 * i + 5) % 16;
        return b ^ c ^ d;
    default:
        *k = 7 * i % 16;
        return c ^ (b | ~d);
    }
}

static void take_block(fettle_md5 *md5, const uint8_t *block)
{
    static const uint8_t shifts[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t X[16];
    uint32_t a = md5->state[0], b = md5->state[1], c = md5->state[2], d = md5->state[3];

    for (unsigned i = 0; i < 16; i++) {
        X[i] = fettle_get32(block + 4 * i);
    }
    for (unsigned i = 0; i < 64; i++) {
        unsigned k;
        uint32_t sum = a + mix(i, b, c, d, &k) + T[i];
        uint32_t next = b + rotate_left(sum + X[k], shifts[i / 16][i % 4]);
        a = d;
        d = c;
        c = b;
        b = next;
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
