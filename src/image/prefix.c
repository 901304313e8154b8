/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two makers' chips want a few bytes in front of the firmware. Those bytes are sent like
 * all others, so a prefix changes nothing but what can be said about the file. Innocent
 * firmware may begin with the same bytes; therefore all that is fixed must be there and the
 * length must agree, or it is none.
 *
 *     TI Stellaris, Tiva   01 00, address / 1024 (2), length of what follows (4)
 *     NXP LPC              1A 3F, blocks of 512 with the prefix (2), 8 times 00, 4 times FF
 */
#include "base/bytes.h"
#include "image/image.h"

#include <assert.h>
#include <string.h>

enum {
    TI_SIZE = 8,
    TI_ADDRESS_UNIT = 1024,
    LPC_SIZE = 16,
    LPC_LENGTH_UNIT = 512,
};

static bool read_ti(fettle_image *image, fettle_span content)
{
    static const uint8_t program[] = {0x01,
                                      0x00}; /* the command, and a byte that is reserved */

    if (content.size <= TI_SIZE || memcmp(content.data, program, sizeof program) != 0 ||
        fettle_get32(content.data + 4) != content.size - TI_SIZE) {
        return false;
    }
    image->prefix = FETTLE_PREFIX_TI;
    image->prefix_size = TI_SIZE;
    image->prefix_address = (uint32_t)fettle_get16(content.data + 2) * TI_ADDRESS_UNIT;
    image->prefix_length = fettle_get32(content.data + 4);
    return true;
}

static bool read_lpc(fettle_image *image, fettle_span content)
{
    static const uint8_t start[] = {0x1A, 0x3F};
    static const uint8_t rest[] = {0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF};

    if (content.size <= LPC_SIZE || memcmp(content.data, start, sizeof start) != 0 ||
        memcmp(content.data + 4, rest, sizeof rest) != 0) {
        return false;
    }
    uint16_t blocks = fettle_get16(content.data + 2);
    if (blocks != (content.size + LPC_LENGTH_UNIT - 1) / LPC_LENGTH_UNIT) {
        return false;
    }
    image->prefix = FETTLE_PREFIX_LPC;
    image->prefix_size = LPC_SIZE;
    image->prefix_length = (uint32_t)blocks * LPC_LENGTH_UNIT;
    return true;
}

void fettle_prefix_read(fettle_image *image)
{
    assert(image->region_count > 0);
    if (!read_ti(image, image->regions[0].data)) {
        (void)read_lpc(image, image->regions[0].data);
    }
}

const char *fettle_prefix_name(fettle_prefix prefix)
{
    static const char *const names[] = {
        [FETTLE_PREFIX_NONE] = "none",
        [FETTLE_PREFIX_TI] = "ti",
        [FETTLE_PREFIX_LPC] = "lpc",
    };

    assert((size_t)prefix < sizeof names / sizeof names[0]);
    return names[prefix];
}
