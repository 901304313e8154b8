/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DfuSe bootloaders, a row each. Strings are as real ones say them, but for the two banks of the
 * stm32f4; docs/protocols/dfuse.md tells which of the habits are measured, read or reported, and
 * what is guessed.
 *
 * Times: an F4 erases a sector in 0.25, 0.5 or 1 s by its size, and writes 2 KiB in 8 ms; an L4
 * takes 22 and 21 ms, an F1 or a GD32 20 to 40 and 54 ms.
 */
#include "dfuse.h"

#define KIB 1024u

enum {
    ST = 0x0483,
    ST_DFU = 0xdf11,
    FLASH_ADDRESS = 0x08000000,
    RAM_ADDRESS = 0x20000000,
};

/* Letters of the memory string. */
enum {
    A = DFUSE_READ,
    E = DFUSE_READ | DFUSE_WRITE,
    G = DFUSE_ALL,
};

/* What the F4 has besides its flash. */
#define F4_OPTION_BYTES                                                        \
    {                                                                          \
        "@Option Bytes  /0x1FFFC000/01*016 e", DFUSE_OPTION_BYTES, 0x1fffc000, \
        {                                                                      \
            {                                                                  \
                1, 16, E, 0                                                    \
            }                                                                  \
        }                                                                      \
    }
#define F4_OTP                                                               \
    {                                                                        \
        "@OTP Memory /0x1FFF7800/01*512 e,01*016 e", DFUSE_ONCE, 0x1fff7800, \
        {                                                                    \
            {1, 512, E, 0},                                                  \
            {                                                                \
                1, 16, E, 0                                                  \
            }                                                                \
        }                                                                    \
    }
#define F4_FEATURE                                                      \
    {                                                                   \
        "@Device Feature/0xFFFF0000/01*004 e", DFUSE_PLAIN, 0xffff0000, \
        {                                                               \
            {                                                           \
                1, 4, E, 0                                              \
            }                                                           \
        }                                                               \
    }

const fettle_sim_dfuse_model fettle_sim_dfuse_stm32f4 = {
    .id = {ST, ST_DFU},
    .bcdDevice = 0x2200,
    .manufacturer = "STMicroelectronics",
    .product = "STM32  BOOTLOADER",
    .serial = "STM32FxSTM32",
    .wTransferSize = 2048,
    .erased_value = 0xff,
    .memories = {{"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg,"
                  "04*016Kg,01*064Kg,03*128Kg",
                  DFUSE_FLASH,
                  FLASH_ADDRESS,
                  {{4, 16 * KIB, G, 250},
                   {1, 64 * KIB, G, 500},
                   {3, 128 * KIB, G, 1000},
                   {4, 16 * KIB, G, 250},
                   {1, 64 * KIB, G, 500},
                   {3, 128 * KIB, G, 1000}}},
                 F4_OPTION_BYTES,
                 F4_OTP,
                 F4_FEATURE},
    .write_2KiB = {8, 8},
    .mass_erase = {8000, 8000},
    .ram_address = RAM_ADDRESS,
    .ram_size = 256 * KIB,
    .has_vectors = true,
    .greets = true,
};

/* Its poll time for a mass erase is that of nothing at all, and until it is done it says NAK. */
const fettle_sim_dfuse_model fettle_sim_dfuse_stm32f405 = {
    .id = {ST, ST_DFU},
    .bcdDevice = 0x2200,
    .manufacturer = "STMicroelectronics",
    .product = "STM32  BOOTLOADER",
    .serial = "STM32FxSTM32",
    .wTransferSize = 2048,
    .erased_value = 0xff,
    .memories = {{"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
                  DFUSE_FLASH,
                  FLASH_ADDRESS,
                  {{4, 16 * KIB, G, 250}, {1, 64 * KIB, G, 500}, {7, 128 * KIB, G, 1000}}},
                 F4_OPTION_BYTES,
                 F4_OTP,
                 F4_FEATURE},
    .erase_announced_ms = 100,
    .write_2KiB = {8, 8},
    .mass_erase = {100, 32000},
    .ram_address = RAM_ADDRESS,
    .ram_size = 128 * KIB,
    .has_vectors = true,
    .busy = BUSY_NAKS,
    .greets = true,
};

/* A poll time that is too short, and a STALL for whoever believes it. */
const fettle_sim_dfuse_model fettle_sim_dfuse_stm32l4 = {
    .id = {ST, ST_DFU},
    .bcdDevice = 0x0200,
    .manufacturer = "STMicroelectronics",
    .product = "STM32  BOOTLOADER",
    .serial = "FFFFFFFEFFFF",
    .wTransferSize = 2048,
    .erased_value = 0xff,
    .memories = {{"@Internal Flash  /0x08000000/128*0002Kg",
                  DFUSE_FLASH,
                  FLASH_ADDRESS,
                  {{128, 2 * KIB, G, 22}}},
                 {"@Option Bytes  /0x1FFF7800/01*040 e",
                  DFUSE_OPTION_BYTES,
                  0x1fff7800,
                  {{1, 40, E, 0}}},
                 {"@OTP Memory /0x1FFF7000/01*0001Ke",
                  DFUSE_ONCE,
                  0x1fff7000,
                  {{1, 1 * KIB, E, 0}}}},
    .erase_announced_ms = 10,
    .write_2KiB = {10, 21},
    .mass_erase = {10, 25},
    .ram_address = RAM_ADDRESS,
    .ram_size = 64 * KIB,
    .has_vectors = true,
    .checks_for_blank = true,
    .busy = BUSY_STALLS,
    .greets = true,
};

/* Pages of the second bank: erased, but dfuDNBUSY for ever; only CLRSTATUS, twice, ends that. */
const fettle_sim_dfuse_model fettle_sim_dfuse_stm32h7 = {
    .id = {ST, ST_DFU},
    .bcdDevice = 0x0200,
    .manufacturer = "STMicroelectronics",
    .product = "DFU in FS Mode",
    .serial = "200364500000",
    .wTransferSize = 1024,
    .erased_value = 0xff,
    .memories = {{"@Internal Flash   /0x08000000/16*128Kg",
                  DFUSE_FLASH,
                  FLASH_ADDRESS,
                  {{16, 128 * KIB, G, 1000}}},
                 {"@Option Bytes   /0x5200201C/01*128 e",
                  DFUSE_OPTION_BYTES,
                  0x5200201c,
                  {{1, 128, E, 0}}}},
    .write_2KiB = {8, 8},
    .mass_erase = {16000, 16000},
    .ram_address = RAM_ADDRESS,
    .ram_size = 0x24080000 - RAM_ADDRESS, /* DTCM to the end of the AXI SRAM */
    .has_vectors = true,
    .checks_for_blank = true,
    .clrstatus = CLRSTATUS_IS_UNKNOWN,
    .greets = true,
    .stuck_from = 0x08100000,
};

/* Pages of 128 bytes, and erased ones are full of zeros. */
const fettle_sim_dfuse_model fettle_sim_dfuse_stm32l0 = {
    .id = {ST, ST_DFU},
    .bcdDevice = 0x2000,
    .manufacturer = "STMicroelectronics",
    .product = "STM32  BOOTLOADER",
    .serial = "FFFFFFFEFFFF",
    .wTransferSize = 2048,
    .erased_value = 0x00,
    .memories = {{"@Internal Flash  /0x08000000/1536*128 g",
                  DFUSE_FLASH,
                  FLASH_ADDRESS,
                  {{1536, 128, G, 4}}},
                 {"@Option Bytes  /0x1FF80000/01*020 e",
                  DFUSE_OPTION_BYTES,
                  0x1ff80000,
                  {{1, 20, E, 0}}}},
    .write_2KiB = {52, 52},
    .mass_erase = {5000, 5000},
    .ram_address = RAM_ADDRESS,
    .ram_size = 20 * KIB,
    .has_vectors = true,
    .checks_for_blank = true,
    .greets = true,
};

/* Its string speaks of a megabyte in pages of 2 KiB; it has 128 KiB, as its serial number says. */
const fettle_sim_dfuse_model fettle_sim_dfuse_gd32vf103 = {
    .id = {0x28e9, 0x0189},
    .bcdDevice = 0x1000,
    .manufacturer = "GDMicroelectronics",
    .product = "GD32 0x418 DFU Bootloade",
    .serial = "3CBJ",
    .has_narrow_serial = true,
    .wTransferSize = 2048,
    .erased_value = 0xff,
    .memories = {{"@Internal Flash  /0x08000000/512*002Kg",
                  DFUSE_FLASH,
                  FLASH_ADDRESS,
                  {{128, 1 * KIB, G, 100}}},
                 {"@Option Bytes  /0x1FFFF800/01*016 g",
                  DFUSE_OPTION_BYTES,
                  0x1ffff800,
                  {{1, 16, E, 0}}}},
    .set_address_ms = 100,
    .write_2KiB = {104, 104},
    .mass_erase = {100, 100},
    .ram_address = RAM_ADDRESS,
    .ram_size = 32 * KIB,
    .greets = true,
    .leaves_on_anything = true,
    .string_reads = 24,
};

/* Eight sectors of its bootloader that may be read only, and a thousand more. */
const fettle_sim_dfuse_model fettle_sim_dfuse_at32 = {
    .id = {0x2e3c, ST_DFU},
    .bcdDevice = 0x0200,
    .manufacturer = "Artery-Tech",
    .product = "AT32 Bootloader DFU",
    .serial = "AT32",
    .wTransferSize = 2048,
    .erased_value = 0xff,
    .memories = {{"@Internal Flash   /0x08000000/08*04Ka,1000*04Kg",
                  DFUSE_FLASH,
                  FLASH_ADDRESS,
                  {{8, 4 * KIB, A, 50}, {1000, 4 * KIB, G, 50}}}},
    .write_2KiB = {40, 40},
    .mass_erase = {20000, 20000},
    .ram_address = RAM_ADDRESS,
    .ram_size = 512 * KIB,
    .has_vectors = true,
};
