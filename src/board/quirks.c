/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaders that are odd, or that people should read a name of, by their ids: one row each, with who needs it and what it
 * rests on. A loader in ROM sits in many boards, so what is said here is true of the loader, and of nothing around it.
 * docs/adding-a-board.md tells how to add a row; docs/quirks.md has all of them for readers, and what still waits for
 * ids.
 */
#include "board/board.h"

#include "base/bytes.h"
#include "base/text.h"

#define ANY 0xFFFF

#define ID(id, product) \
    .vendor = id, .product_first = product, .product_last = product, .bcdDevice = ANY

/* Their poll times are no measure of anything: 5 ms instead have done for years. */
#define IMPATIENT                       \
    .dfu = {.ignores_poll_time = true}, \
    .evidence = "dfu-util takes 5 ms instead of the poll times that it tells"

/* They take a USB reset for "start the application" only after something was read from them. */
#define M_STACK                                                                  \
    .dfu = {.reads_before_leaving = true},                                       \
    .needed_by = "owners of Hughski instruments with the bootloader of m-stack", \
    .evidence = "fwupd reads one block from them before it lets them go"

const fettle_quirk_row fettle_board_quirks[] = {
    {
        ID(0x0483, 0xdf11),
        .name = "STM32 in its boot ROM",
        .stays = "let go of BOOT0 (its button, or its jumper to the other position)",
        .dfu = {.clears_stuck_erase = true},
        .needed_by = "everybody with an STM32; the flag, owners of an STM32H743 revision V",
        .evidence =
            "the maker's own tool sends CLRSTATUS twice when pages above 1 MiB stay busy; "
            "the others never get there",
    },
    {
        ID(0x28e9, 0x0189),
        .name = "GD32VF103 in its boot ROM",
        .stays = "let go of BOOT0",
        .dfu = {.page_size = 1024, .size_from_serial = true, .serial_is_utf8 = true},
        .needed_by = "owners of Longan Nano and other GD32VF103 boards",
        .evidence =
            "dfu-util on SourceForge, ticket 108; its string claims 512*002Kg whatever "
            "the chip has",
    },
    {
        ID(0x2e3c, 0xdf11),
        .name = "AT32 in its boot ROM",
        .stays = "let go of BOOT0",
        .needed_by = "owners of boards with an Artery AT32, who read its name",
        .evidence = "the ids in listings of AT32F403A, F405 and F437; DfuSe by the book",
    },
    {
        ID(0x1fc9, 0x000c),
        .name = "LPC in its boot ROM",
        .needed_by =
            "owners of HackRF, LPC-Link2 and other LPC43xx boards, who read its name",
        .evidence =
            "greatscottgadgets/hackrf issue 622; it says protocol 1 in update mode, "
            "but version 1.00, so it is asked for its state",
    },
    {
        .vendor = 0x1eaf,
        .product_first = 0x0003,
        .product_last = 0x0003,
        .bcdDevice = 0x0200,
        .name = "Maple bootloader",
        .dfu = {.never_dfuse = true},
        .needed_by = "owners of Maple and other STM32F1 boards with its loader",
        .evidence = "says bcdDFUVersion 1.1A, has no memory string, is plain DFU 1.1",
    },
    {
        ID(0x2fe3, 0xffff), /* no name: its product string is the board's own */
        .dfu = {.ignores_poll_time = true},
        .needed_by = "owners of boards with the DFU class of Zephyr up to 3.2",
        .evidence = "it tells 256 ms in each answer, and GETSTATUS looks at no clock; "
                    "zephyrproject-rtos/zephyr pull request 51880 made 8 ms of it",
    },
    {ID(0x273f, 0x1003), M_STACK},
    {ID(0x273f, 0x1008), M_STACK},
    {ID(0x273f, 0x100a), M_STACK},
    {
        .vendor = 0x1d50,
        .product_first = 0x5117,
        .product_last = 0x5126,
        .bcdDevice = ANY,
        IMPATIENT,
        .needed_by = "owners of Openmoko Neo phones",
    },
    {
        .vendor = 0x1457,
        .product_first = 0x5117,
        .product_last = 0x5126,
        .bcdDevice = ANY,
        IMPATIENT,
        .needed_by = "owners of Openmoko Neo phones with the ids of their maker, FIC",
    },
    {
        ID(0x16c0, 0x0762),
        .name = "SIMtrace",
        IMPATIENT,
        .needed_by = "owners of SIMtrace",
    },
    {
        ID(0x16c0, 0x076b),
        .name = "OpenPCD",
        IMPATIENT,
        .needed_by = "owners of OpenPCD readers",
    },
    {
        ID(0x16c0, 0x076c),
        .name = "OpenPICC",
        IMPATIENT,
        .needed_by = "owners of OpenPICC",
    },
    {
        .vendor = 0x0908,
        .product_first = 0x02c4,
        .product_last = 0x02c5,
        .bcdDevice = 0x0000, /* later ones tell the truth */
        IMPATIENT,
        .needed_by = "owners of Siemens PXM 40 and 50",
    },
    {
        ID(0x0763, 0x2806),
        .name = "M-Audio Transit",
        IMPATIENT,
        .needed_by = "owners of M-Audio Transit",
    },
    /* The next row goes above this line. */
};

const size_t fettle_board_quirk_count =
    sizeof fettle_board_quirks / sizeof *fettle_board_quirks;

const fettle_quirk_row *fettle_board_quirks_of(fettle_usb_id id, uint16_t bcdDevice)
{
    for (size_t i = 0; i < fettle_board_quirk_count; i++) {
        const fettle_quirk_row *row = &fettle_board_quirks[i];
        if (row->vendor == id.vendor && id.product >= row->product_first &&
            id.product <= row->product_last &&
            (row->bcdDevice == ANY || row->bcdDevice == bcdDevice)) {
            return row;
        }
    }
    return NULL;
}

bool fettle_board_is_special_memory(const char *name)
{
    static const char *const beginnings[] = {"Option", "OTP", "Device Feature",
                                             "User System Data"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (fettle_text_begins_with(name, beginnings[i])) {
            return true;
        }
    }
    return false;
}

bool fettle_board_begins_application(fettle_span content, uint32_t address)
{
    enum { VECTORS = 8, NEAR = 16 * 1024 * 1024 };
    if (content.size < VECTORS) {
        return false;
    }
    uint32_t stack = fettle_get32(content.data), reset = fettle_get32(content.data + 4);
    uint32_t region = stack >> 28; /* RAM is at 0x2..., close-coupled RAM at 0x1... */
    return (region == 1 || region == 2) && stack % 4 == 0 && reset % 2 == 1 &&
           reset >= address && reset - address < NEAR;
}

uint32_t fettle_board_size_of_letter(char letter)
{
    static const struct {
        char letter;
        uint32_t size;
    } sizes[] = {{'4', 16384}, {'6', 32768}, {'8', 65536}, {'B', 131072}, {'D', 262144}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].letter == letter) {
            return sizes[i].size;
        }
    }
    return 0;
}
