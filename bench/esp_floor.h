/* SPDX-License-Identifier: Apache-2.0 */
/* What no host can be quicker than, with an ESP chip at the other end of a serial line: the bytes on the line, and the flash's own time. */
#ifndef FETTLE_BENCH_ESP_FLOOR_H
#define FETTLE_BENCH_ESP_FLOOR_H

#include "fettle/outcome.h"

enum {
    KIB = 1024,
    SECTOR = 4 * KIB,
    BLOCK = 64 * KIB,
    PAGE = 256,
    STUB_BLOCK = 16 * KIB, /* the largest that a stub takes */
    BITS_A_BYTE = 10,
    SLIP_END = 0xC0,
    SLIP_ESCAPE = 0xDB,

    /* A serial NOR flash, as data sheets call typical. */
    SECTOR_ERASE_US = 45000,
    BLOCK_ERASE_US = 150000,
    PAGE_US = 500,
};

static inline size_t escaped_size(fettle_span bytes)
{
    size_t size = bytes.size;
    for (size_t i = 0; i < bytes.size; i++) {
        size += bytes.data[i] == SLIP_END || bytes.data[i] == SLIP_ESCAPE;
    }
    return size;
}

/* Of what is in [from, to) of the flash, when what is in front of it is done. */
static inline fettle_us flash_time(size_t from, size_t to, size_t end)
{
    fettle_us time = (fettle_us)((to - from + PAGE - 1) / PAGE) * PAGE_US;
    for (size_t at = from / SECTOR * SECTOR; at < to;) {
        bool is_block = end - at / BLOCK * BLOCK >= BLOCK;
        size_t size = is_block ? BLOCK : SECTOR, first = at / size * size;
        time += first < from ? 0 : is_block ? BLOCK_ERASE_US : SECTOR_ERASE_US;
        at = first + size;
    }
    return time;
}

/* One block is worked on while the next one comes in. They are as even as they can be. */
static inline fettle_us overlapped(size_t first, size_t end, size_t bytes, fettle_us line)
{
    size_t count = (bytes + STUB_BLOCK - 1) / STUB_BLOCK;
    fettle_us received = 0, ends = 0;
    for (size_t i = 0; i < count; i++) {
        size_t from = first + (end - first) * i / count;
        size_t to = first + (end - first) * (i + 1) / count;
        fettle_us begins = received + line / count;
        begins = begins < ends ? ends : begins;
        ends = begins + flash_time(from, to, end);
        received = begins; /* acknowledged: the next one may come */
    }
    return ends;
}

#endif
