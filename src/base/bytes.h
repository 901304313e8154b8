/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers on the wire and in files: little endian unless the name says otherwise. */
#ifndef FETTLE_BASE_BYTES_H
#define FETTLE_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t fettle_get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t fettle_get24(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
}

static inline uint32_t fettle_get32(const uint8_t *bytes)
{
    return fettle_get24(bytes) | (uint32_t)bytes[3] << 24;
}

static inline void fettle_put16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
}

static inline void fettle_put32(uint8_t *bytes, uint32_t value)
{
    fettle_put16(bytes, (uint16_t)value);
    fettle_put16(bytes + 2, (uint16_t)(value >> 16));
}

#endif
