/* SPDX-License-Identifier: Apache-2.0 */
/* zlib, and nothing but it; see deflate.h. A z_stream counts in 32 bits, content is bounded far below that. */
#include "image/deflate.h"

#include "base/alloc.h"

#include <assert.h>
#include <limits.h>

#define ZLIB_CONST /* what it reads is const */
#include <zlib.h>

enum {
    WINDOW_BITS = 15, /* 32 KiB, the most that a loader has */
    MEMORY_LEVEL = 9,
};

bool fettle_deflate_is_there(void)
{
    return true;
}

size_t fettle_deflate_bound(size_t size)
{
    /* deflateBound()'s rule for any parameters, which needs no stream to be asked. */
    return size + (size + 7) / 8 + (size + 63) / 64 + 5 + 6;
}

static void *take(void *unused, uInt count, uInt size)
{
    (void)unused;
    return fettle_alloc((size_t)count * size);
}

static void give_back(void *unused, void *memory)
{
    (void)unused;
    fettle_free(memory);
}

static z_stream stream_of(fettle_span from, uint8_t *out, size_t room)
{
    assert(from.size <= UINT_MAX && room <= UINT_MAX);
    return (z_stream){
        .zalloc = take,
        .zfree = give_back,
        .next_in = from.data,
        .avail_in = (uInt)from.size,
        .next_out = out,
        .avail_out = (uInt)room,
    };
}

static bool refuse(int status, size_t size, const char *why, fettle_error *err)
{
    if (status == Z_MEM_ERROR) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = size});
    } else {
        fettle_error_set(err, FETTLE_E_SYSTEM_ERROR, &(fettle_words){.text = why});
    }
    return false;
}

bool fettle_deflate(fettle_span content, uint8_t *out, size_t room, size_t *size,
                    fettle_error *err)
{
    z_stream stream = stream_of(content, out, room);
    int status = deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_BITS,
                              MEMORY_LEVEL, Z_DEFAULT_STRATEGY);

    if (status == Z_OK) {
        status = deflate(&stream, Z_FINISH);
        *size = stream.total_out;
        (void)deflateEnd(&stream);
    }
    return status == Z_STREAM_END ||
           refuse(status, content.size, "the compressed content does not fit", err);
}

bool fettle_inflate(fettle_span from, uint8_t *out, size_t size, fettle_error *err)
{
    z_stream stream = stream_of(from, out, size);
    int status = inflateInit2(&stream, WINDOW_BITS);

    if (status == Z_OK) {
        status = inflate(&stream, Z_FINISH);
        (void)inflateEnd(&stream);
    }
    if (status != Z_STREAM_END) {
        return refuse(status, size, "it is damaged, or cut, or too long", err);
    }
    return (stream.avail_in == 0 && stream.avail_out == 0) ||
           refuse(status, size, "it has another size than it should", err);
}
