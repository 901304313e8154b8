/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Five numbers, 16 bytes of FF where a signature would be, and a CRC-32 over those 36 bytes whose register begins at 0 (zlib's begins
 * at FFFFFFFF; both invert it at the end).
 */
#include "pycom/otadata.h"

#include "base/bytes.h"
#include "base/hash.h"

#include <string.h>

enum { CRC_AT = 36, CRC_START = 0 };

static uint32_t crc_of(const uint8_t *record)
{
    return ~fettle_crc32(CRC_START, (fettle_span){record, CRC_AT});
}

bool fettle_pycom_otadata_decode(fettle_pycom_otadata *otadata, fettle_span sector)
{
    if (sector.size < FETTLE_PYCOM_OTADATA_SIZE ||
        fettle_get32(sector.data + CRC_AT) != crc_of(sector.data)) {
        return false;
    }
    *otadata = (fettle_pycom_otadata){
        .active = fettle_get32(sector.data),
        .status = fettle_get32(sector.data + 4),
        .previous = fettle_get32(sector.data + 8),
        .size = fettle_get32(sector.data + 12),
        .safe_boot = fettle_get32(sector.data + 16),
    };
    return otadata->active < FETTLE_PYCOM_SLOTS;
}

void fettle_pycom_otadata_encode(const fettle_pycom_otadata *otadata,
                                 uint8_t sector[FETTLE_PYCOM_OTADATA_SECTOR])
{
    memset(sector, 0xFF, FETTLE_PYCOM_OTADATA_SECTOR);
    fettle_put32(sector, otadata->active);
    fettle_put32(sector + 4, otadata->status);
    fettle_put32(sector + 8, otadata->previous);
    fettle_put32(sector + 12, otadata->size);
    fettle_put32(sector + 16, otadata->safe_boot);
    fettle_put32(sector + CRC_AT, crc_of(sector));
}
