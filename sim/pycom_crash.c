/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A module that crashes as soon as its firmware starts, over and over: loops= says why, and what is in its
 * flash whether it still does. Settings and file system count as bad until they are erased, a firmware as
 * long as its first instruction is an illegal one, which is how pycom_content.c makes a broken one.
 *
 * What the line has is what people paste into reports: the ROM's account of loading the bootloader, the
 * crash, "Rebooting...", and the ROM's greeting after a reset by software (0xc).
 */
#include "pycom.h"

#include <string.h>

enum {
    HEADER = 24,
    ENTRY = 4, /* in an image's header */
    DATA_TYPE = 1,
    NVS = 0x02,
    FILES = 0x05,
    FILES_AT = 0x400000, /* of a large flash, whose table doesn't have them */
    INSTRUCTION = 3,
    TEXT_SIZE = 640,
};

/* ---- the segments of an image that is known to be whole ---- */

typedef struct segment {
    uint32_t address, size;
    uint32_t at, next; /* in the flash: its bytes, and the next one's header */
} segment;

static segment read_segment(const fettle_sim_esp *esp, uint32_t at)
{
    uint8_t words[8];
    fettle_sim_esp_look(esp, at, words, sizeof words);
    segment found = {.address = fettle_get32(words),
                     .size = fettle_get32(words + 4),
                     .at = at + (uint32_t)sizeof words};
    found.next = found.at + found.size;
    return found;
}

static bool is_first_illegal(const fettle_sim_esp *esp, uint32_t image)
{
    static const uint8_t illegal[INSTRUCTION] = {0, 0, 0}; /* Xtensa's ILL */
    uint8_t header[HEADER], first[INSTRUCTION];
    fettle_sim_esp_look(esp, image, header, sizeof header);
    uint32_t entry = fettle_get32(header + ENTRY), at = image + HEADER;
    for (uint8_t i = 0; i < header[1]; i++) {
        segment its = read_segment(esp, at);
        if (entry >= its.address && entry - its.address < its.size) {
            fettle_sim_esp_look(esp, its.at + (entry - its.address), first, sizeof first);
            return memcmp(first, illegal, sizeof first) == 0;
        }
        at = its.next;
    }
    return false;
}

/* ---- the reason ---- */

static bool is_in_use(const fettle_sim_esp *esp, uint8_t subtype)
{
    uint32_t at, end;
    if (fettle_sim_pycom_find(esp, DATA_TYPE, subtype, &at, &end)) {
        return !fettle_sim_esp_is_blank(esp, at, end - at);
    }
    return subtype == FILES && esp->flash_size > FILES_AT &&
           !fettle_sim_esp_is_blank(esp, FILES_AT, (uint32_t)esp->flash_size - FILES_AT);
}

fettle_sim_pycom_crash fettle_sim_pycom_crash_of(const fettle_sim_esp *esp, uint32_t image)
{
    uint64_t loops = fettle_sim_option_of(esp->board, OPTION_LOOPS);
    bool by_nvs = loops == LOOPS_NVS || loops == LOOPS_NVS_AND_FILES;
    bool by_files = loops == LOOPS_FILES || loops == LOOPS_NVS_AND_FILES;
    if (loops == LOOPS_APP && is_first_illegal(esp, image)) {
        return PYCOM_CRASH_BY_APP;
    }
    if (by_nvs && is_in_use(esp, NVS)) {
        return PYCOM_CRASH_BY_NVS;
    }
    return by_files && is_in_use(esp, FILES) ? PYCOM_CRASH_BY_FILES : PYCOM_CRASH_NONE;
}

/* ---- the text ---- */

void fettle_sim_pycom_say_loader(fettle_sim_esp *esp, fettle_us at)
{
    char text[TEXT_SIZE];
    uint8_t header[HEADER];
    uint32_t image = esp->chip->bootloader;
    if (fettle_sim_option_of(esp->board, OPTION_SILENT) != 0) {
        return;
    }
    fettle_sim_esp_look(esp, image, header, sizeof header);
    fettle_sim_esp_say(esp,
                       "configsip: 0, SPIWP:0xee\r\n"
                       "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,"
                       "wp_drv:0x00\r\n"
                       "mode:DIO, clock div:1\r\n",
                       at);
    image += HEADER;
    for (uint8_t i = 0; i < header[1]; i++) {
        segment its = read_segment(esp, image);
        snprintf(text, sizeof text, "load:0x%08lx,len:%lu\r\n", (unsigned long)its.address,
                 (unsigned long)its.size);
        fettle_sim_esp_say(esp, text, at);
        image = its.next;
    }
    snprintf(text, sizeof text, "entry 0x%08lx\r\n",
             (unsigned long)fettle_get32(header + ENTRY));
    fettle_sim_esp_say(esp, text, at);
}

static void say_panic(fettle_sim_esp *esp, unsigned core, const char *exception,
                      unsigned cause, fettle_us at)
{
    char text[TEXT_SIZE];
    snprintf(text, sizeof text,
             "Guru Meditation Error: Core  %u panic'ed (%s). Exception was unhandled.\r\n"
             "Core %u register dump:\r\n"
             "PC      : 0x400d6f31  PS      : 0x00060030  A0      : 0x800d2c40  "
             "A1      : 0x3ffd41b0\r\n"
             "SAR     : 0x00000010  EXCCAUSE: 0x%08x  EXCVADDR: 0x00000004\r\n"
             "\r\nBacktrace: 0x400d6f31:0x3ffd41b0 0x400d2c3d:0x3ffd41f0\r\n"
             "\r\nRebooting...\r\n",
             core, exception, core, cause);
    fettle_sim_esp_say(esp, text, at);
}

void fettle_sim_pycom_say_crash(fettle_sim_esp *esp, fettle_us at)
{
    enum { ILLEGAL_INSTRUCTION = 0, LOAD_PROHIBITED = 28 }; /* EXCCAUSE */
    switch ((fettle_sim_pycom_crash)esp->crash) {
    case PYCOM_CRASH_BY_APP:
        say_panic(esp, 0, "IllegalInstruction", ILLEGAL_INSTRUCTION, at);
        break;
    case PYCOM_CRASH_BY_FILES:
        say_panic(esp, 1, "LoadProhibited", LOAD_PROHIBITED, at);
        break;
    case PYCOM_CRASH_BY_NVS:
        fettle_sim_esp_say(esp,
                           "abort() was called at PC 0x400d51a7 on core 0\r\n"
                           "\r\nBacktrace: 0x4008c1f8:0x3ffd3f10 0x400d51a7:0x3ffd3f30\r\n"
                           "\r\nRebooting...\r\n",
                           at);
        break;
    case PYCOM_CRASH_NONE:
        break;
    }
}
