/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shields. All have the same bootloader (a relative of majbthrd's PIC16F1-USB-DFU-Bootloader), so
 * all share memory and quirks; what differs is ids, names, revisions and where the button is.
 *
 * Two modes, two USB devices. The application is a serial port (seen, never opened for an update);
 * the loader is a DFU device that says protocol 0 and has no strings. Application and loader ids follow no
 * pattern.
 */
#include "pycom/pycom.h"

#define PYCOM 0x04D8 /* Microchip's vendor number, sublicensed */

/* 8192 words of 14 bits; rows 16 to 251 are the application and its checksum. */
#define SHIELD_MEMORY                                                                 \
    {                                                                                 \
        .size = 16384, .transfer_size = 64, .keeps_from = 0x0400, .keeps_to = 0x3F00, \
        .blank = {0xFF, 0x3F},                                                        \
    }

/*
 * ABORT, CLRSTATUS and DETACH are accepted and change nothing; wBlockNum is the row; UPLOAD is answered
 * at any time, always with 64 bytes; after the end the loader leaves when its window is over;
 * SET_INTERFACE is stalled, and some systems make an error of that.
 */
#define SHIELD_QUIRKS                                                             \
    {                                                                             \
        .ignores_abort = true, .block_is_place = true, .reads_in_download = true, \
        .whole_blocks = true, .leaves_by_itself = true, .never_select = true,     \
    }

#define FACES(app, update)                                       \
    {                                                            \
        {FETTLE_MODE_APP, FETTLE_LINK_NONE, {PYCOM, app}},       \
            {FETTLE_MODE_DFU, FETTLE_LINK_USB, {PYCOM, update}}, \
    }

#define SHIELD_STEPS                                                           \
    "1. Unplug the USB cable.\n"                                               \
    "2. Take the module off the shield, and unplug the battery.\n"             \
    "3. Press and hold the button S1 (marked MCLR) on the shield;\n"           \
    "   not the Safe Boot button, and not the module's reset button.\n"        \
    "4. Plug the USB cable in, hold the button for one more second, let go.\n" \
    "The update mode lasts about seven seconds; fettle begins by itself."

#define EXPANSION_STEPS                                                         \
    "1. Unplug the USB cable.\n"                                                \
    "2. Take the module off the board, and unplug the battery.\n"               \
    "3. Press and hold the button S1 on the board; not the Safe Boot button,\n" \
    "   and not the module's reset button.\n"                                   \
    "4. Plug the USB cable in, hold the button for one more second, let go.\n"  \
    "The update mode lasts about seven seconds; fettle begins by itself."

/* Unlike an expansion board it has no jumpers. */
#define SHIELD_MODULE_SILENT                                                          \
    "See that the module is on the shield, firmly and the right way round, then run " \
    "the same command again."

#define SECONDS 1000000

/*
 * Soft. Version 1 shields ran firmware 2 to 8, 2.0 X shields 15 and up, written as decimal or as BCD.
 * That an application shows it in bcdDevice is inferred: the one log there is has 0.08 with a loader's
 * id. So it may contradict what a person says, and a person may overrule it; it never answers alone.
 */
#define REVISIONS_1_2(name) \
    .revision_count = 2,    \
    .revisions = {{"1", name "_", 0x0002, 0x0008}, {"2", name "2_", 0x000F, 0x0099}}

/* What all of them have in common. */
#define SHIELD                                                                 \
    .protocol = FETTLE_PROTOCOL_DFU, .face_count = 2, .memory = SHIELD_MEMORY, \
    .dfu = SHIELD_QUIRKS, .comes_back = 15 * SECONDS, .window = 7 * SECONDS,   \
    .carries_module = true

const fettle_board_row fettle_pycom_rows[FETTLE_PYCOM_ROWS] = {
    {
        .id = "pytrack",
        .name = "Pytrack",
        SHIELD,
        .faces = FACES(0xF013, 0xF014),
        REVISIONS_1_2("pytrack"),
        .revision_question =
            "Which Pytrack is it? 2 if \"2.0 X\" is printed on its bottom, else 1.",
        .button = "button S1 (MCLR)",
        .enter = SHIELD_STEPS,
        .if_module_silent = SHIELD_MODULE_SILENT,
        .picture = "pytrack-s1",
        .needed_by = "owners of Pytrack 1.x and 2.0 X shields",
        .evidence = "the vendor's Windows driver file and its documentation; "
                    "forum.pycom.io, topics 2490 and 3447",
    },
    {
        .id = "pysense",
        .name = "Pysense",
        SHIELD,
        .faces = FACES(0xF012, 0xF011),
        REVISIONS_1_2("pysense"),
        .revision_question =
            "Which Pysense is it? 2 if \"2.0 X\" is printed on its bottom, else 1.",
        .button = "button S1 (MCLR)",
        .enter = SHIELD_STEPS,
        .if_module_silent = SHIELD_MODULE_SILENT,
        .picture = "pysense-s1",
        .needed_by = "owners of Pysense 1.x and 2.0 X shields",
        .evidence = "the vendor's Windows driver file and its documentation; "
                    "forum.pycom.io, topics 1320 and 2917",
    },
    {
        .id = "pyscan",
        .name = "Pyscan",
        SHIELD,
        .faces = FACES(0xEF38, 0xEF37),
        .button = "button S1 (MCLR)",
        .enter = SHIELD_STEPS,
        .if_module_silent = SHIELD_MODULE_SILENT,
        .picture = "pyscan-s1",
        .needed_by = "owners of Pyscan shields",
        .evidence = "the vendor's Windows driver file; no firmware was ever published",
    },
    {
        .id = "pygate",
        .name = "Pygate",
        SHIELD,
        .faces = FACES(0xED14, 0xED15),
        .button = "button S1 (MCLR)",
        .enter = SHIELD_STEPS,
        .if_module_silent = SHIELD_MODULE_SILENT,
        .picture = "pygate-s1",
        .needed_by = "owners of Pygate gateways",
        .evidence = "the vendor's documentation and its file pygate_v13_1049665.dfu",
    },
    {
        .id = "expansion",
        .name = "Expansion Board",
        SHIELD,
        .faces = FACES(0xEF98, 0xEF99),
        .revision_count = 2,
        .revisions = {{"3.0", "expansion3_", 0, 0},
                      {"3.1", "expansion31_", 0, 0}}, /* versions 9 and 11: no ground */
        .revision_question =
            "Which Expansion Board is it? 3.1 if \"V3.1\" is printed on its back, 3.0 if "
            "\"V3.0\" or \"V3.0r\" is.",
        .button = "button S1",
        .enter = EXPANSION_STEPS,
        .picture = "expansion-s1",
        .faulty_revision = "3.1", /* of 3.1 (forum.pycom.io, topics 4684 and 4907) */
        .needed_by = "owners of Expansion Boards 3.0 and 3.1",
        .evidence = "the vendor's Windows driver file and its documentation; "
                    "forum.pycom.io, topics 3148, 3447 and 4684",
    },
};
