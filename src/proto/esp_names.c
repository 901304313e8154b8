/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the loader's opcodes and statuses, for people. docs/protocols/esp.md has them all. */
#include "proto/esp_wire.h"

struct name {
    uint16_t number;
    const char *name;
};

static const char *name_of(const struct name *names, size_t count, uint16_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].number == number) {
            return names[i].name;
        }
    }
    return NULL;
}

const char *fettle_esp_opcode_name(uint8_t opcode)
{
    static const struct name names[] = {
        {FLASH_BEGIN, "FLASH_BEGIN"},
        {FLASH_DATA, "FLASH_DATA"},
        {FLASH_END, "FLASH_END"},
        {MEM_BEGIN, "MEM_BEGIN"},
        {MEM_END, "MEM_END"},
        {MEM_DATA, "MEM_DATA"},
        {SYNC, "SYNC"},
        {WRITE_REG, "WRITE_REG"},
        {READ_REG, "READ_REG"},
        {SPI_SET_PARAMS, "SPI_SET_PARAMS"},
        {SPI_ATTACH, "SPI_ATTACH"},
        {READ_FLASH_SLOW, "READ_FLASH_SLOW"},
        {CHANGE_BAUDRATE, "CHANGE_BAUDRATE"},
        {FLASH_DEFL_BEGIN, "FLASH_DEFL_BEGIN"},
        {FLASH_DEFL_DATA, "FLASH_DEFL_DATA"},
        {FLASH_DEFL_END, "FLASH_DEFL_END"},
        {SPI_FLASH_MD5, "SPI_FLASH_MD5"},
        {GET_SECURITY_INFO, "GET_SECURITY_INFO"},
        {ERASE_FLASH, "ERASE_FLASH"},
        {ERASE_REGION, "ERASE_REGION"},
        {READ_FLASH, "READ_FLASH"},
    };
    return name_of(names, sizeof names / sizeof *names, opcode);
}

const char *fettle_esp_status_name(uint16_t status)
{
    static const struct name names[] = {
        {0x0100, "undefined error"},
        {0x0101, "invalid parameter"},
        {0x0102, "out of memory"},
        {0x0103, "message was not sent"},
        {0x0104, "message was not received"},
        {0x0105, "unknown command"},
        {0x0106, "the action failed"},
        {0x0107, "checksum wrong"},
        {0x0108, "flash reads back otherwise"},
        {0x0109, "flash read error"},
        {0x010A, "flash read length wrong"},
        {0x010B, "inflating failed"},
        {0x010C, "Adler-32 wrong"},
        {0x010D, "inflate parameter wrong"},
        {0x010E, "RAM image size wrong"},
        {0x010F, "RAM image address wrong"},
        {0x0164, "invalid parameter"},
        {0x0165, "invalid format"},
        {0x0166, "description too long"},
        {0x0167, "bad encoding"},
        {0x0169, "no room left"},
        {0xC000, "wrong length"},
        {0xC100, "checksum wrong"},
        {0xC200, "block too large"},
        {0xC300, "unknown command"},
        {0xC400, "flash operation failed"},
        {0xC500, "flash could not be unlocked"},
        {0xC600, "data without a beginning"},
        {0xC700, "inflating failed"},
        {0xC800, "not enough data"},
        {0xC900, "too much data"},
        {0xFF00, "unknown command"},
    };
    return name_of(names, sizeof names / sizeof *names, status);
}
