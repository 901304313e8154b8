/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream is read in steps: a header, a table of codes, a symbol. A step that finds its input
 * cut off puts it back, and is tried again when more has come; so nothing else has to remember
 * where it was. Codes are decoded bit by bit, by counting (RFC 1951 section 3.2.2): slow, short,
 * and easy to believe.
 */
#include "esp_inflate.h"

#include <string.h>

enum {
    ADLER_BASE = 65521,
    DEFLATE = 8,   /* CM of RFC 1950 */
    PRESET = 0x20, /* FDICT */
    END_OF_BLOCK = 256,
    FIRST_LENGTH = 257,
    LENGTH_CODES = 29,
    DISTANCE_CODES = 30,
    FIXED_LITERALS = 288,
    LITERALS_MOST = 286,
    CODE_LENGTHS = 19,
};

void fettle_sim_inflate_init(fettle_sim_inflate *inflate)
{
    memset(inflate, 0, sizeof *inflate);
    inflate->adler_a = 1;
}

bool fettle_sim_inflate_feed(fettle_sim_inflate *inflate, const uint8_t *bytes, size_t size)
{
    size_t rest = inflate->size - inflate->at;
    memmove(inflate->input, inflate->input + inflate->at, rest);
    inflate->at = 0;
    inflate->size = rest;
    if (size > sizeof inflate->input - rest) {
        return false;
    }
    memcpy(inflate->input + rest, bytes, size);
    inflate->size += size;
    return true;
}

/* ---- bits ---- */

static unsigned take_bit(fettle_sim_inflate *inflate)
{
    if (inflate->at == inflate->size) {
        inflate->is_short = true;
        return 0;
    }
    unsigned bit = (unsigned)inflate->input[inflate->at] >> inflate->bit & 1u;
    inflate->bit = (inflate->bit + 1) % 8;
    inflate->at += inflate->bit == 0;
    return bit;
}

static unsigned take_bits(fettle_sim_inflate *inflate, unsigned count)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < count; i++) {
        bits |= take_bit(inflate) << i;
    }
    return bits;
}

static void align(fettle_sim_inflate *inflate)
{
    inflate->at += inflate->bit != 0;
    inflate->bit = 0;
}

/* ---- codes ---- */

/* False: these lengths make no code. One that has unused codes is taken. */
static bool make_code(fettle_sim_code *code, const uint8_t *lengths, unsigned symbols)
{
    uint16_t next[SIM_INFLATE_BITS + 1] = {0};
    memset(code, 0, sizeof *code);
    for (unsigned i = 0; i < symbols; i++) {
        code->count[lengths[i]]++;
    }
    code->count[0] = 0;
    int left = 1;
    for (unsigned bits = 1; bits <= SIM_INFLATE_BITS; bits++) {
        left = left * 2 - code->count[bits];
        if (left < 0) {
            return false;
        }
        next[bits] = (uint16_t)(next[bits - 1] + code->count[bits - 1]);
    }
    for (unsigned i = 0; i < symbols; i++) {
        if (lengths[i] != 0) {
            code->symbol[next[lengths[i]]++] = (uint16_t)i;
        }
    }
    return true;
}

/* UINT32_MAX: no symbol has this code. */
static uint32_t take_symbol(fettle_sim_inflate *inflate, const fettle_sim_code *code)
{
    unsigned value = 0, first = 0, index = 0;
    for (unsigned bits = 1; bits <= SIM_INFLATE_BITS; bits++) {
        value |= take_bit(inflate);
        unsigned count = code->count[bits];
        if (value - first < count) {
            return code->symbol[index + (value - first)];
        }
        index += count;
        first = (first + count) * 2;
        value *= 2;
    }
    return UINT32_MAX;
}

static void make_fixed(fettle_sim_inflate *inflate)
{
    uint8_t lengths[FIXED_LITERALS];
    for (unsigned i = 0; i < FIXED_LITERALS; i++) {
        lengths[i] = i < 144 || i >= 280 ? 8 : 9;
        lengths[i] = i >= 256 && i < 280 ? 7 : lengths[i];
    }
    make_code(&inflate->literals, lengths, FIXED_LITERALS);
    memset(lengths, 5, DISTANCE_CODES);
    make_code(&inflate->distances, lengths, DISTANCE_CODES);
}

/* Lengths in the code of their own (section 3.2.7); false: they aren't. */
static bool take_lengths(fettle_sim_inflate *inflate, const fettle_sim_code *code,
                         uint8_t *lengths, unsigned count)
{
    for (unsigned i = 0; i < count && !inflate->is_short;) {
        uint32_t symbol = take_symbol(inflate, code);
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        if (symbol > 18 || (symbol == 16 && i == 0)) {
            return false;
        }
        uint8_t same = symbol == 16 ? lengths[i - 1] : 0;
        unsigned times = symbol == 16   ? 3 + take_bits(inflate, 2)
                         : symbol == 17 ? 3 + take_bits(inflate, 3)
                                        : 11 + take_bits(inflate, 7);
        if (times > count - i) {
            return false;
        }
        memset(lengths + i, same, times);
        i += times;
    }
    return true;
}

static bool take_codes(fettle_sim_inflate *inflate)
{
    static const uint8_t order[CODE_LENGTHS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[SIM_INFLATE_LITERALS + SIM_INFLATE_DISTANCES] = {0};
    fettle_sim_code code;
    unsigned literals = take_bits(inflate, 5) + 257;
    unsigned distances = take_bits(inflate, 5) + 1;
    unsigned own = take_bits(inflate, 4) + 4;
    for (unsigned i = 0; i < own; i++) {
        lengths[order[i]] = (uint8_t)take_bits(inflate, 3);
    }
    if (inflate->is_short) {
        return true;
    }
    if (literals > LITERALS_MOST || !make_code(&code, lengths, CODE_LENGTHS)) {
        return false;
    }
    memset(lengths, 0, sizeof lengths);
    bool is_right = take_lengths(inflate, &code, lengths, literals + distances);
    return inflate->is_short ||
           (is_right && lengths[END_OF_BLOCK] != 0 &&
            make_code(&inflate->literals, lengths, literals) &&
            make_code(&inflate->distances, lengths + literals, distances));
}

/* ---- output ---- */

static void put(fettle_sim_inflate *inflate, uint8_t byte, uint8_t **to)
{
    inflate->window[inflate->written++ % SIM_INFLATE_WINDOW] = byte;
    inflate->adler_a = (inflate->adler_a + byte) % ADLER_BASE;
    inflate->adler_b = (inflate->adler_b + inflate->adler_a) % ADLER_BASE;
    *(*to)++ = byte;
}

static void copy_match(fettle_sim_inflate *inflate, uint8_t **to, const uint8_t *end)
{
    for (; inflate->match > 0 && *to < end; inflate->match--) {
        size_t from = inflate->written - inflate->distance;
        put(inflate, inflate->window[from % SIM_INFLATE_WINDOW], to);
    }
}

/* ---- steps ---- */

static bool take_header(fettle_sim_inflate *inflate)
{
    unsigned method = take_bits(inflate, 8), flags = take_bits(inflate, 8);
    inflate->state = INFLATE_BLOCK;
    return inflate->is_short || ((method & 0x0f) == DEFLATE && (method >> 4) <= 7 &&
                                 (flags & PRESET) == 0 && (method << 8 | flags) % 31 == 0);
}

static bool take_stored_header(fettle_sim_inflate *inflate)
{
    align(inflate);
    inflate->stored = take_bits(inflate, 16);
    unsigned inverse = take_bits(inflate, 16);
    inflate->state = INFLATE_STORED;
    return inflate->is_short || (inflate->stored ^ inverse) == 0xffff;
}

static bool take_block_header(fettle_sim_inflate *inflate)
{
    if (inflate->is_last) {
        align(inflate);
        inflate->state = INFLATE_TRAILER;
        return true;
    }
    bool is_last = take_bit(inflate) != 0;
    unsigned kind = take_bits(inflate, 2);
    bool is_right = kind != 3;
    if (kind == 0) {
        is_right = take_stored_header(inflate);
    } else {
        inflate->state = INFLATE_SYMBOLS;
    }
    if (kind == 1) {
        make_fixed(inflate);
    } else if (kind == 2) {
        is_right = take_codes(inflate);
    }
    inflate->is_last = is_last && !inflate->is_short;
    return inflate->is_short || is_right;
}

static bool take_match(fettle_sim_inflate *inflate, uint32_t symbol)
{
    static const uint16_t length_base[LENGTH_CODES] = {
        3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
        31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_extra[LENGTH_CODES] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1,
                                                       1, 1, 2, 2, 2, 2, 3, 3, 3, 3,
                                                       4, 4, 4, 4, 5, 5, 5, 5, 0};
    if (symbol - FIRST_LENGTH >= LENGTH_CODES) {
        return false;
    }
    unsigned code = symbol - FIRST_LENGTH;
    uint32_t match = length_base[code] + take_bits(inflate, length_extra[code]);
    uint32_t far = take_symbol(inflate, &inflate->distances);
    if (inflate->is_short) {
        return true;
    }
    if (far >= DISTANCE_CODES) {
        return false;
    }
    unsigned extra = far < 2 ? 0 : far / 2 - 1;
    uint32_t base = far < 2 ? far + 1 : ((2 + (far & 1)) << extra) + 1;
    uint32_t distance = base + take_bits(inflate, extra);
    if (inflate->is_short) {
        return true;
    }
    inflate->match = match;
    inflate->distance = distance;
    return distance <= inflate->written;
}

static bool take_one(fettle_sim_inflate *inflate, uint8_t **to)
{
    if (inflate->state == INFLATE_STORED) {
        if (inflate->stored == 0) {
            inflate->state = INFLATE_BLOCK;
            return true;
        }
        uint8_t byte = (uint8_t)take_bits(inflate, 8);
        if (!inflate->is_short) {
            inflate->stored--;
            put(inflate, byte, to);
        }
        return true;
    }
    uint32_t symbol = take_symbol(inflate, &inflate->literals);
    if (inflate->is_short) {
        return true;
    }
    if (symbol < END_OF_BLOCK) {
        put(inflate, (uint8_t)symbol, to);
    } else if (symbol == END_OF_BLOCK) {
        inflate->state = INFLATE_BLOCK;
    } else {
        return take_match(inflate, symbol);
    }
    return true;
}

static bool take_trailer(fettle_sim_inflate *inflate)
{
    uint32_t adler = 0;
    for (unsigned i = 0; i < 4; i++) {
        adler = adler << 8 | take_bits(inflate, 8);
    }
    if (!inflate->is_short) {
        bool is_right = adler == (inflate->adler_b << 16 | inflate->adler_a);
        inflate->state = is_right ? INFLATE_END : INFLATE_CHECKSUM;
    }
    return true;
}

static bool step(fettle_sim_inflate *inflate, uint8_t **to)
{
    switch (inflate->state) {
    case INFLATE_HEADER:
        return take_header(inflate);
    case INFLATE_BLOCK:
        return take_block_header(inflate);
    case INFLATE_STORED:
    case INFLATE_SYMBOLS:
        return take_one(inflate, to);
    case INFLATE_TRAILER:
        return take_trailer(inflate);
    default:
        return true;
    }
}

size_t fettle_sim_inflate_take(fettle_sim_inflate *inflate, uint8_t *bytes, size_t room)
{
    uint8_t *to = bytes;
    const uint8_t *end = bytes + room;
    inflate->is_short = false;
    copy_match(inflate, &to, end);
    while (to < end && inflate->state < INFLATE_END) {
        fettle_sim_inflate_state state = inflate->state;
        size_t at = inflate->at;
        unsigned bit = inflate->bit;
        if (!step(inflate, &to)) {
            inflate->state = INFLATE_BAD;
        } else if (inflate->is_short) {
            inflate->state = state;
            inflate->at = at;
            inflate->bit = bit;
            break;
        }
        copy_match(inflate, &to, end);
    }
    return (size_t)(to - bytes);
}
