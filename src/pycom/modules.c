/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modules. All are plain ESP32s: neither USB nor the chip tells which of them it is, so a person does, or the package, and the
 * size of the flash contradicts some of it. No ids: a module is never found on the bus by itself.
 */
#include "pycom/modules.h"

#include "base/text.h"

#include <string.h>

#define SECONDS 1000000

#define MODULE_STEPS                                                         \
    "1. Connect G23 (P2) with GND by a wire.\n"                              \
    "2. Press the module's own reset button, next to its LED.\n"             \
    "3. Leave the wire where it is until fettle says so.\n"                  \
    "Not G28 with 3V3: that is safe boot, which starts the module without\n" \
    "its own main.py, and takes no firmware."

/* Behind a carrier that brings modules there itself. */
#define MODULE_STEPS_BEHIND                                                     \
    "1. Is the module on it? If it isn't, stop here (Ctrl-C), put it on, and\n" \
    "   run the same command again: then no wire is needed.\n"                  \
    "2. Connect G23 (P2) with GND by a wire.\n"                                 \
    "3. Press the module's own reset button, next to its LED.\n"                \
    "4. Leave the wire where it is until fettle says so.\n"                     \
    "Not G28 with 3V3: that is safe boot, which starts the module without\n"    \
    "its own main.py, and takes no firmware."

#define MODULE_PLUG "Plug in the board that the module is on."

#define MODULE_UNWIRE                                  \
    "1. Take the wire between G23 (P2) and GND off.\n" \
    "2. Press the module's reset button. It starts then."

#define MODULE_NOT_WIRED                                                      \
    "Connect G23 (P2) with GND (not G28 with 3V3), press the module's reset " \
    "button, and run the same command again."
#define MODULE_NOT_RESET                                                       \
    "Leave the wire between G23 (P2) and GND where it is, press the module's " \
    "reset button, and run the same command again."
#define MODULE_SILENT                                                           \
    "See that the jumpers RX and TX are on the expansion board and the module " \
    "sits firmly, then run the same command again."

/* It is said with one case of the first letter or the other. */
#define MODULE_SAFE_BOOT "afe boot"

/* A line of any id, as any ESP board; see board/boards.c. */
#define MODULE                                                                            \
    .protocol = FETTLE_PROTOCOL_ESP, .face_count = 1,                                     \
    .faces = {{FETTLE_MODE_UNKNOWN, FETTLE_LINK_SERIAL, {0, 0}}},                         \
    .memory = {.blank = {0xFF, 0xFF}}, .comes_back = 15 * SECONDS, .enter = MODULE_STEPS, \
    .enter_behind = MODULE_STEPS_BEHIND, .plug = MODULE_PLUG, .is_wired = true,           \
    .unwire = MODULE_UNWIRE, .if_not_wired = MODULE_NOT_WIRED,                            \
    .if_not_reset = MODULE_NOT_RESET, .if_silent = MODULE_SILENT,                         \
    .safe_boot = MODULE_SAFE_BOOT

const fettle_board_row fettle_pycom_module_rows[FETTLE_PYCOM_MODULES] = {
    {
        .id = "wipy2",
        .name = "WiPy 2.0",
        MODULE,
        .needed_by = "owners of WiPy 2.0 modules",
        .evidence = "the vendor's spec sheet: 4 MB of flash; boards/WIPY in "
                    "pycom-micropython-sigfox",
    },
    {
        .id = "wipy",
        .name = "WiPy 3.0",
        MODULE,
        .needed_by = "owners of WiPy 3.0 and W01 modules",
        .evidence = "the vendor's spec sheet: 8 MB of flash; boards/WIPY in "
                    "pycom-micropython-sigfox",
    },
    {
        .id = "lopy",
        .name = "LoPy",
        MODULE,
        .needed_by = "owners of LoPy modules of the first kind",
        .evidence = "the vendor's spec sheet: 4 MB of flash; boards/LOPY in "
                    "pycom-micropython-sigfox",
    },
    {
        .id = "l01",
        .name = "L01",
        MODULE,
        .needed_by = "owners of L01 modules",
        .evidence = "the vendor's spec sheet: 8 MB of flash; boards/LOPY in "
                    "pycom-micropython-sigfox has a layout for it",
    },
    {
        .id = "lopy4",
        .name = "LoPy4",
        MODULE,
        .needed_by = "owners of LoPy4 and L04 modules",
        .evidence = "the vendor's spec sheet: 8 MB of flash; boards/LOPY4 in "
                    "pycom-micropython-sigfox",
    },
    {
        .id = "sipy",
        .name = "SiPy",
        MODULE,
        .needed_by = "owners of SiPy modules",
        .evidence = "the vendor's spec sheet: 4 MB of flash; boards/SIPY in "
                    "pycom-micropython-sigfox; forum.pycom.io, topic 2052",
    },
    {
        .id = "gpy",
        .name = "GPy",
        MODULE,
        .needed_by = "owners of GPy and G01 modules",
        .evidence = "the vendor's spec sheet: 8 MB of flash; boards/GPY in "
                    "pycom-micropython-sigfox",
    },
    {
        .id = "fipy",
        .name = "FiPy",
        MODULE,
        .needed_by = "owners of FiPy modules",
        .evidence = "the vendor's spec sheet: 8 MB of flash; boards/FIPY in "
                    "pycom-micropython-sigfox; its issue 386",
    },
};

const fettle_board_row fettle_pycom_any_module = {
    .id = "module",
    .name = "Pycom module",
    MODULE,
    .needed_by = "owners of modules on an Expansion Board 2.0 who didn't name them",
    .evidence = "as of each module",
};

/* Somebody reads this with the one board or the other on the desk: each gets one paragraph. */
#define PERHAPS_STEPS                                                              \
    "- A Pycom module (on an Expansion Board 2.0): connect G23 (P2) with GND by\n" \
    "  a wire, not G28 with 3V3; press the module's own reset button, and leave\n" \
    "  the wire where it is until fettle says so.\n"                               \
    "- Any other ESP board: hold BOOT (on boards without that button: connect\n"   \
    "  GPIO0 with GND), press RESET (EN) briefly, then let BOOT go."

const fettle_board_row fettle_pycom_perhaps_module = {
    .id = "esp",
    .name = "ESP board",
    .protocol = FETTLE_PROTOCOL_ESP,
    .enter = PERHAPS_STEPS,
    .if_not_wired =
        "A Pycom module: connect G23 (P2) with GND (not G28 with 3V3) and press its reset "
        "button. Any other board: hold BOOT, tap EN (RESET), let go of BOOT. Then run the "
        "same command again with --reset none.",
    .if_not_reset =
        "A Pycom module: connect G23 (P2) with GND and press its reset button. Any other "
        "board: hold BOOT, tap EN (RESET), let go of BOOT. Then run the same command again "
        "with --reset none.",
    .if_silent =
        "Check the cable and that this is the right port; on a Pycom Expansion Board also "
        "that the jumpers RX and TX are on and the module sits firmly. Then: a Pycom "
        "module: connect G23 (P2) with GND and press its reset button; any other board: "
        "hold BOOT, tap EN (RESET), let go of BOOT. Run the same command again with --reset "
        "none.",
    .safe_boot = MODULE_SAFE_BOOT,
    .needed_by = "whoever has something behind the bridge of an Expansion Board 2.0",
    .evidence = "the vendor's documentation; FT-X bridges are on other boards, too",
};

static const fettle_pycom_family families[] = {
    {"wipy", "WiPy", {FETTLE_PYCOM_4MB, FETTLE_PYCOM_8MB}},
    {"lopy", "LoPy", {FETTLE_PYCOM_4MB, FETTLE_PYCOM_8MB}},
    {"lopy4", "LoPy4", {FETTLE_PYCOM_8MB}},
    {"sipy", "SiPy", {FETTLE_PYCOM_4MB}},
    {"gpy", "GPy", {FETTLE_PYCOM_8MB}},
    {"fipy", "FiPy", {FETTLE_PYCOM_8MB}},
};

enum { FAMILIES = sizeof families / sizeof *families, MIB = 1024 * 1024 };

const fettle_pycom_family *fettle_pycom_family_of(const char *word, size_t length)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        char part[16] = "";
        if (length < sizeof part &&
            fettle_text_append_part(part, sizeof part, word, length) &&
            fettle_text_is_same_word(part, families[i].word)) {
            return &families[i];
        }
    }
    return NULL;
}

bool fettle_pycom_family_has(const fettle_pycom_family *family, uint64_t flash_size)
{
    for (size_t i = 0; i < FETTLE_PYCOM_MODULE_SIZES; i++) {
        if (family->sizes[i] != 0 && family->sizes[i] == flash_size) {
            return true;
        }
    }
    return false;
}

void fettle_pycom_family_sizes(const fettle_pycom_family *family, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < FETTLE_PYCOM_MODULE_SIZES && family->sizes[i] != 0; i++) {
        fettle_text_append(text, size, i > 0 ? " or " : "");
        fettle_text_append_number(text, size, family->sizes[i] / MIB);
    }
    fettle_text_append(text, size, " MB");
}

/* MicroPython's os.uname().machine: "LoPy4 with ESP32". */
const fettle_pycom_family *fettle_pycom_family_in(fettle_span application)
{
    static const char behind[] = " with ESP32";
    enum { BEHIND = sizeof behind - 1, WORD_MAX = 8 };

    for (size_t at = 1; at + BEHIND <= application.size; at++) {
        if (application.data[at] != ' ' ||
            memcmp(application.data + at, behind, BEHIND) != 0) {
            continue;
        }
        for (size_t length = 3; length <= WORD_MAX && length <= at; length++) {
            const char *word = (const char *)application.data + at - length;
            const fettle_pycom_family *family = fettle_pycom_family_of(word, length);
            if (family != NULL) {
                return family;
            }
        }
    }
    return NULL;
}

/* Bytes of a version at the beginning, which something follows: else the rest of it may still be on its way. */
static size_t version_length(fettle_span text)
{
    size_t length = 0;
    while (length < text.size) {
        char letter = (char)text.data[length];
        bool is_of_one = (letter >= '0' && letter <= '9') ||
                         (letter >= 'a' && letter <= 'z') || letter == '.' || letter == '-';
        if (!is_of_one) {
            return letter == ' ' ? length : 0;
        }
        length++;
    }
    return 0;
}

bool fettle_pycom_version_in(fettle_span text, char version[FETTLE_MODULE_VERSION_SIZE])
{
    static const char mark[] = "Pycom MicroPython ";
    enum { MARK = sizeof mark - 1 };

    for (size_t at = 0; at + MARK < text.size; at++) {
        if (text.data[at] != 'P' || memcmp(text.data + at, mark, MARK) != 0) {
            continue;
        }
        const uint8_t *begin = text.data + at + MARK;
        size_t length = version_length((fettle_span){begin, text.size - at - MARK});
        if (length > 0 && length < FETTLE_MODULE_VERSION_SIZE && begin[0] >= '0' &&
            begin[0] <= '9') {
            memcpy(version, begin, length);
            version[length] = '\0';
            return true;
        }
    }
    return false;
}

const fettle_pycom_family *fettle_pycom_family_of_row(const char *id)
{
    static const char *const others[][2] = {{"wipy2", "wipy"}, {"l01", "lopy"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        id = fettle_text_is_same_word(id, others[i][0]) ? others[i][1] : id;
    }
    return fettle_pycom_family_of(id, strlen(id));
}

bool fettle_pycom_takes_files_of(const char *id, const char *word)
{
    const fettle_pycom_family *of_file = fettle_pycom_family_of(word, strlen(word));
    return of_file == NULL || of_file == fettle_pycom_family_of_row(id);
}

const fettle_pycom_family *fettle_pycom_family_of_network(const char *name, size_t length)
{
    static const char behind[] = "-wlan-";
    for (size_t i = 0; i + sizeof behind - 1 <= length; i++) {
        if (memcmp(name + i, behind, sizeof behind - 1) == 0) {
            return fettle_pycom_family_of(name, i);
        }
    }
    return NULL;
}
