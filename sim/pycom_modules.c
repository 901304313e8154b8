/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modules (section 1.3 of the fact sheet on Pycom boards) and layouts (section 4). The firmware takes revision
 * 0 for 4 MB and others for 8 MB: so it is here.
 */
#include "pycom.h"

enum { SMALL = 4 << 20, LARGE = 8 << 20, FIRST = 0, SECOND = 100 };

const fettle_sim_pycom_module fettle_sim_pycom_wipy2 = {"WiPy", SMALL, FIRST, false, false};
const fettle_sim_pycom_module fettle_sim_pycom_wipy = {"WiPy", LARGE, SECOND, false, false};
const fettle_sim_pycom_module fettle_sim_pycom_lopy = {"LoPy", SMALL, FIRST, true, false};
const fettle_sim_pycom_module fettle_sim_pycom_l01 = {"LoPy", LARGE, SECOND, true, false};
const fettle_sim_pycom_module fettle_sim_pycom_lopy4 = {"LoPy4", LARGE, SECOND, true, true};
const fettle_sim_pycom_module fettle_sim_pycom_sipy = {"SiPy", SMALL, FIRST, false, true};
const fettle_sim_pycom_module fettle_sim_pycom_gpy = {"GPy", LARGE, SECOND, false, false};
const fettle_sim_pycom_module fettle_sim_pycom_fipy = {"FiPy", LARGE, SECOND, true, true};

const char fettle_sim_pycom_mark[] = "Pycom MicroPython ";

/* Small ones first; where the sheet has no dummy partition of theirs, it is what lies between. */
static const fettle_sim_pycom_layout layouts[][2] = {
    [LAYOUT_OLD] = {{.factory_size = 0x180000,
                     .otadata = 0x190000,
                     .slot = 0x1a0000,
                     .slot_size = 0x180000,
                     .dummy = 0x320000,
                     .dummy_size = 0x60000,
                     .files = 0x380000,
                     .files_size = 0x7f000,
                     .version = "1.18.2.r7"},
                    {.factory_size = 0x180000,
                     .otadata = 0x190000,
                     .slot = 0x1a0000,
                     .slot_size = 0x180000,
                     .files = 0x400000,
                     .files_size = 0x400000,
                     .version = "1.18.2.r7"}},
    [LAYOUT_NEW] = {{.factory_size = 0x1ae000,
                     .otadata = 0x1be000,
                     .slot = 0x1c0000,
                     .slot_size = 0x1ae000,
                     .dummy = 0x370000,
                     .dummy_size = 0x10000,
                     .files = 0x380000,
                     .files_size = 0x7f000,
                     .version = "1.20.2.r6"},
                    {.factory_size = 0x1ef000,
                     .otadata = 0x1ff000,
                     .slot = 0x210000,
                     .slot_size = 0x1ef000,
                     .files = 0x400000,
                     .files_size = 0x400000,
                     .version = "1.20.2.r6"}},
    /* Of large ones only: options.c refuses it for others. */
    [LAYOUT_SMALL_FACTORY] = {{.factory_size = 0},
                              {.factory_size = 0xff000,
                               .otadata = 0x10f000,
                               .slot = 0x110000,
                               .slot_size = 0x2ef000,
                               .files = 0x400000,
                               .files_size = 0x400000,
                               .version = "1.20.3.b3"}},
};

const fettle_sim_pycom_layout *fettle_sim_pycom_layout_of(const fettle_sim_esp *esp)
{
    uint64_t layout = fettle_sim_option_of(esp->board, OPTION_LAYOUT);
    return &layouts[layout][esp->flash_size > SMALL ? 1 : 0];
}
