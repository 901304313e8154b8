/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as otadata of a Pycom module (the CRC made right if the first byte says so). What is read is written as the same again. */
#include "fuzz/image_checks.h"

#include "base/bytes.h"
#include "pycom/otadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CRC_AT = 36, IS_MENDED = 1 << 0 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t copy[64], sector[FETTLE_PYCOM_OTADATA_SECTOR];
    fettle_pycom_otadata read = {.active = 9}, again;
    if (size == 0) {
        return 0;
    }
    bool is_mended = (data[0] & IS_MENDED) != 0;
    data++;
    size = size - 1 < sizeof copy ? size - 1 : sizeof copy;
    memcpy(copy, data, size);
    if (is_mended && size >= FETTLE_PYCOM_OTADATA_SIZE) {
        fettle_put32(copy + CRC_AT, ~fettle_crc32(0, (fettle_span){copy, CRC_AT}));
    }
    if (!fettle_pycom_otadata_decode(&read, (fettle_span){copy, size})) {
        return 0;
    }
    must(size >= FETTLE_PYCOM_OTADATA_SIZE && read.active < FETTLE_PYCOM_SLOTS);
    fettle_pycom_otadata_encode(&read, sector);
    must(memcmp(copy, sector, 20) == 0);
    must(fettle_pycom_otadata_decode(&again, (fettle_span){sector, sizeof sector}));
    must(memcmp(&read, &again, sizeof read) == 0);
    for (size_t i = FETTLE_PYCOM_OTADATA_SIZE; i < sizeof sector; i++) {
        must(sector[i] == 0xFF);
    }
    return 0;
}
