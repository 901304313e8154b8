/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zlib streams (RFC 1950): what the loaders of ESP chips inflate while they write. The only header of ours behind which
 * zlib is. Pure: memory in, memory out; what zlib needs meanwhile comes from fettle_alloc() and is gone afterwards.
 */
#ifndef FETTLE_IMAGE_DEFLATE_H
#define FETTLE_IMAGE_DEFLATE_H

#include "base/error.h"

/* Is zlib built in? Without it both functions fail with NOT_SUPPORTED. */
bool fettle_deflate_is_there(void);

/* Bytes that no stream of `size` bytes of content is longer than. */
size_t fettle_deflate_bound(size_t size);

/*
 * Writes all of `content` as one stream, level 9, window of 32 KiB, into `out` of `room` bytes, and its length into `size`.
 * False: NO_MEMORY; SYSTEM_ERROR where it doesn't fit, which it always does in fettle_deflate_bound() bytes.
 */
bool fettle_deflate(fettle_span content, uint8_t *out, size_t room, size_t *size,
                    fettle_error *err);

/*
 * The other way: fills exactly `size` bytes of `out`. False: NO_MEMORY; SYSTEM_ERROR where the stream is damaged, is
 * cut, has more or less content than that, or is followed by something.
 */
bool fettle_inflate(fettle_span stream, uint8_t *out, size_t size, fettle_error *err);

#endif
