/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DFU suffix, for tests that need files: written from DFU 1.1 appendix B, by other hands than the
 * reader that is tested with it.
 */
#include "sim.h"

#include "base/bytes.h"

enum { SUFFIX_SIZE = 16, CRC_AT = 12 };

/* What the register becomes in eight steps. */
static uint32_t eight_steps(uint32_t crc)
{
    for (unsigned bit = 0; bit < 8; bit++) {
        crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return crc;
}

static uint32_t feed(uint32_t crc, const uint8_t *bytes, size_t size)
{
    uint32_t table[256];
    for (uint32_t byte = 0; byte < 256; byte++) {
        table[byte] = eight_steps(byte);
    }
    for (size_t i = 0; i < size; i++) {
        crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
    }
    return crc;
}

size_t fettle_sim_make_suffix(uint8_t suffix[16], const uint8_t *content, size_t size,
                              uint16_t idVendor, uint16_t idProduct, uint16_t bcdDevice,
                              uint16_t bcdDFU)
{
    fettle_put16(suffix, bcdDevice);
    fettle_put16(suffix + 2, idProduct);
    fettle_put16(suffix + 4, idVendor);
    fettle_put16(suffix + 6, bcdDFU);
    suffix[8] = 'U';
    suffix[9] = 'F';
    suffix[10] = 'D';
    suffix[11] = SUFFIX_SIZE;
    uint32_t crc = feed(0xffffffffu, content, size);
    fettle_put32(suffix + CRC_AT, feed(crc, suffix, CRC_AT));
    return SUFFIX_SIZE;
}
