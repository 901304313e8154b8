/* SPDX-License-Identifier: Apache-2.0 */
/* Where there is no zlib: the rest works, and says so. */
#include "image/deflate.h"

static bool refuse(fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                     &(fettle_words){.text = "this fettle was built without zlib"});
    return false;
}

bool fettle_deflate_is_there(void)
{
    return false;
}

size_t fettle_deflate_bound(size_t size)
{
    return size;
}

bool fettle_deflate(fettle_span content, uint8_t *out, size_t room, size_t *size,
                    fettle_error *err)
{
    (void)content;
    (void)out;
    (void)room;
    *size = 0;
    return refuse(err);
}

bool fettle_inflate(fettle_span stream, uint8_t *out, size_t size, fettle_error *err)
{
    (void)stream;
    (void)out;
    (void)size;
    return refuse(err);
}
