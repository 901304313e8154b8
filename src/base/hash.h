/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32, MD5 and SHA-256: small and pure, because engines and file readers need them. For finding
 * damage, not for signatures.
 */
#ifndef FETTLE_BASE_HASH_H
#define FETTLE_BASE_HASH_H

#include "fettle/outcome.h"

/*
 * The register of CRC-32 (reflected polynomial 0xEDB88320) after `bytes`, starting from `crc`,
 * without inversion at either end. zlib's crc32 is ~fettle_crc32(~0u, ...); a DFU suffix holds
 * fettle_crc32(0xFFFFFFFF, ...) as it is (DFU 1.1 appendix B).
 */
uint32_t fettle_crc32(uint32_t crc, fettle_span bytes);

enum { FETTLE_MD5_SIZE = 16, FETTLE_SHA256_SIZE = 32 };

/* RFC 1321. Fed in pieces of any size; finish() may be called once. */
typedef struct fettle_md5 {
    uint32_t state[4];
    uint64_t length;
    uint8_t block[64];
} fettle_md5;

void fettle_md5_init(fettle_md5 *md5);
void fettle_md5_feed(fettle_md5 *md5, fettle_span bytes);
void fettle_md5_finish(fettle_md5 *md5, uint8_t digest[FETTLE_MD5_SIZE]);

/* FIPS 180-4. As above. */
typedef struct fettle_sha256 {
    uint32_t state[8];
    uint64_t length;
    uint8_t block[64];
} fettle_sha256;

void fettle_sha256_init(fettle_sha256 *sha256);
void fettle_sha256_feed(fettle_sha256 *sha256, fettle_span bytes);
void fettle_sha256_finish(fettle_sha256 *sha256, uint8_t digest[FETTLE_SHA256_SIZE]);

#endif
