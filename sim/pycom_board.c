/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a module and its carrier: wires that the PIC pulls, wires that a person fits, the jumpers of RX and
 * TX, and what tests want to know of a module.
 */
#include "pycom.h"

#include <stdlib.h>

bool fettle_sim_pycom_attach(fettle_sim_board *board)
{
    const fettle_sim_pycom_module *module = board->model->module;
    board->module_size = module->flash_size;
    board->module_memory = malloc(module->flash_size);
    return board->module_memory != NULL &&
           fettle_sim_esp_new(board, &fettle_sim_esp32, board->module_memory,
                              module->flash_size);
}

bool fettle_sim_pycom_is_boot_low(const fettle_sim_board *board)
{
    return board->is_boot_wired ||
           (board->model->is_shield && fettle_sim_pic_pulls_boot(board));
}

bool fettle_sim_pycom_bridges(const fettle_sim_board *board)
{
    bool is_there = board->model->is_shield ? board->shows == FETTLE_SIM_SHOWS_APP
                                            : board->shows != FETTLE_SIM_SHOWS_NOTHING;
    return is_there && !fettle_sim_pic_listens(board) &&
           fettle_sim_option_of(board, OPTION_JUMPERS) == JUMPERS_ON;
}

/* ---- for tests ---- */

uint8_t *fettle_sim_module(fettle_sim *sim, size_t board, size_t *size)
{
    const fettle_sim_board *its = sim->boards[board];
    *size = 0;
    if (its->model->module == NULL) {
        return NULL;
    }
    *size = its->esp->flash_size;
    return its->esp->flash;
}

bool fettle_sim_module_is_bootable(fettle_sim *sim, size_t board)
{
    fettle_sim_lock(sim);
    fettle_sim_catch_up(sim);
    const fettle_sim_board *its = sim->boards[board];
    bool is_bootable = its->model->module != NULL && fettle_sim_pycom_boots(its->esp);
    fettle_sim_unlock(sim);
    return is_bootable;
}

fettle_sim_module_state fettle_sim_module_runs(fettle_sim *sim, size_t board,
                                               const char **version)
{
    fettle_sim_module_state state = FETTLE_SIM_MODULE_NOTHING;
    fettle_sim_lock(sim);
    fettle_us now = fettle_sim_catch_up(sim);
    fettle_sim_board *its = sim->boards[board];
    *version = "";
    if (its->model->module != NULL && its->has_power) {
        fettle_sim_esp *esp = its->esp;
        fettle_sim_esp_advance(esp, now);
        if (esp->mode == ESP_MODE_ROM || esp->mode == ESP_MODE_STUB) {
            state = FETTLE_SIM_MODULE_LOADER;
        } else if (esp->mode == ESP_MODE_APP) {
            state = esp->slot;
            *version = esp->version;
        }
    }
    fettle_sim_unlock(sim);
    return state;
}
