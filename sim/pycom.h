/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pycom's modules on their carriers: docs/protocols/pycom-simulated.md says what they do.
 *
 * A module is an ESP32 (esp.h) with Pycom's content, which starts by Pycom's rules. A carrier is a shield
 * (pic.c), whose PIC pulls the module's reset and boot pin by commands (pic_channel.c) and passes bytes
 * otherwise; or Expansion Board 2.0, a plain bridge beside which a person has to do that by hand.
 *
 * pycom_modules.c knows the modules and layouts, pycom_content.c fills their flash, pycom_boot.c starts
 * what is in it and says so, pycom_crash.c knows why that crashes, pycom_board.c has the wires between a
 * module and its carrier.
 */
#ifndef SIM_PYCOM_H
#define SIM_PYCOM_H

#include "esp.h"

/* ---- pycom_modules.c ---- */

struct fettle_sim_pycom_module {
    const char *firmware; /* as its firmware calls it */
    uint32_t flash_size;
    uint16_t revision; /* of the ESP32: major * 100 + minor */
    bool has_lora, has_sigfox;
};

extern const fettle_sim_pycom_module fettle_sim_pycom_wipy2;
extern const fettle_sim_pycom_module fettle_sim_pycom_wipy;
extern const fettle_sim_pycom_module fettle_sim_pycom_lopy;
extern const fettle_sim_pycom_module fettle_sim_pycom_l01;
extern const fettle_sim_pycom_module fettle_sim_pycom_lopy4;
extern const fettle_sim_pycom_module fettle_sim_pycom_sipy;
extern const fettle_sim_pycom_module fettle_sim_pycom_gpy;
extern const fettle_sim_pycom_module fettle_sim_pycom_fipy;

enum {
    PYCOM_NVS_AT = 0x9000,
    PYCOM_NVS_SIZE = 0x7000,
    PYCOM_FACTORY_AT = 0x10000,
    PYCOM_CONFIG_AT = 0x3ff000,
    PYCOM_CONFIG_SIZE = 0x1000,
    PYCOM_OTADATA_SIZE = 0x1000,
    PYCOM_OTADATA_ROW = 2, /* of the table: where the bootloader looks for it */
    PYCOM_VERSION_SIZE = 64,
    PYCOM_TEXT_SIZE = 160, /* of the line that says the version */
};

/* Section 4 of the fact sheet. */
typedef struct fettle_sim_pycom_layout {
    uint32_t factory_size, otadata, slot, slot_size;
    uint32_t dummy,
        dummy_size; /* size 0: not in the table, and the file system isn't either */
    uint32_t files, files_size;
    const char *version; /* of firmware that came with it */
} fettle_sim_pycom_layout;

const fettle_sim_pycom_layout *fettle_sim_pycom_layout_of(const fettle_sim_esp *esp);

/* What stands in every firmware, with the version behind it. */
extern const char fettle_sim_pycom_mark[];

/* ---- pycom_content.c ---- */

void fettle_sim_pycom_fill(fettle_sim_esp *esp);

/* ---- pycom_boot.c ---- */

void fettle_sim_pycom_boot(fettle_sim_esp *esp, fettle_us at);
void fettle_sim_pycom_on_text(fettle_sim_esp *esp, fettle_us at);
bool fettle_sim_pycom_boots(const fettle_sim_esp *esp);

/* Where a partition lies, by the table in its flash; false: it isn't in there, or lies outside. */
bool fettle_sim_pycom_find(const fettle_sim_esp *esp, uint8_t type, uint8_t subtype,
                           uint32_t *at, uint32_t *end);

/* Its firmware gets a byte: there is a prompt, which shows what is typed. */
void fettle_sim_pycom_type(fettle_sim_esp *esp, uint8_t byte, fettle_us at);

/* Instead of an ESP32 that starts: module=none, echo and garbage. */
bool fettle_sim_pycom_is_dumb(const fettle_sim_esp *esp);
void fettle_sim_pycom_start_dumb(fettle_sim_esp *esp, fettle_us at);
void fettle_sim_pycom_be_dumb(fettle_sim_esp *esp, const fettle_sim_esp_in *byte,
                              fettle_us at);

/* ---- pycom_crash.c ---- */

typedef enum fettle_sim_pycom_crash {
    PYCOM_CRASH_NONE,
    PYCOM_CRASH_BY_APP,
    PYCOM_CRASH_BY_NVS,
    PYCOM_CRASH_BY_FILES,
} fettle_sim_pycom_crash;

/* Why the firmware at `image`, which is whole, crashes (loops=) with the flash as it is now. */
fettle_sim_pycom_crash fettle_sim_pycom_crash_of(const fettle_sim_esp *esp, uint32_t image);

/* What the ROM prints while it loads the bootloader, which is whole. */
void fettle_sim_pycom_say_loader(fettle_sim_esp *esp, fettle_us at);

/* The crash esp->crash, up to where it restarts. */
void fettle_sim_pycom_say_crash(fettle_sim_esp *esp, fettle_us at);

/* ---- pycom_board.c ---- */

/* The module of a shield; false: no memory. */
bool fettle_sim_pycom_attach(fettle_sim_board *board);

/* Is its boot pin low? */
bool fettle_sim_pycom_is_boot_low(const fettle_sim_board *board);

/* Do bytes pass between the module and the host now? */
bool fettle_sim_pycom_bridges(const fettle_sim_board *board);

#endif
