/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a DfuSe bootloader does with a block, once GETSTATUS asks for it: commands (AN3156 section 5)
 * and data, how long each takes and says it takes, and with which bStatus it ends.
 */
#include "dfuse.h"

enum { REFERENCE_BLOCK = 2048 }; /* what the models' writing times are about */

static const fettle_sim_dfuse_model *model_of(const fettle_sim_board *board)
{
    return board->model->dfuse;
}

/* An option is both at once: what is announced, and how long it takes. */
static void take_time(const fettle_sim_board *board, fettle_sim_dfuse_work *work,
                      fettle_sim_option option, uint32_t announced_ms, fettle_us takes)
{
    uint64_t given_ms = fettle_sim_option_of(board, option);
    bool is_given = given_ms != SIM_MODEL_DECIDES;
    work->announced_ms = is_given ? (uint32_t)given_ms : announced_ms;
    work->takes = is_given ? given_ms * 1000 : takes;
}

static uint32_t address_in(const uint8_t *command)
{
    return command[1] | (uint32_t)command[2] << 8 | (uint32_t)command[3] << 16 |
           (uint32_t)command[4] << 24;
}

static void set_address(fettle_sim_board *board, fettle_sim_dfuse_work *work)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    uint32_t address = address_in(dfuse->block);
    uint32_t ms = model_of(board)->set_address_ms;
    take_time(board, work, OPTION_SET_ADDRESS, ms, ms * (fettle_us)1000);
    if (fettle_sim_dfuse_may(board, address, 1, 0)) {
        dfuse->pointer = address;
    } else {
        work->result = DFUSE_ERR_TARGET;
    }
}

static void erase_page(fettle_sim_board *board, fettle_sim_dfuse_work *work)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    const fettle_sim_dfuse_model *model = model_of(board);
    uint32_t address = address_in(dfuse->block);
    if (!fettle_sim_dfuse_may(board, address, 1, DFUSE_ERASE)) {
        work->result = DFUSE_ERR_TARGET;
    } else if (dfuse->is_protected) {
        work->result = DFUSE_ERR_VENDOR;
    } else {
        uint32_t ms = fettle_sim_dfuse_erase_ms(board, address);
        uint32_t announced_ms = model->erase_announced_ms;
        take_time(board, work, OPTION_ERASE, announced_ms > 0 ? announced_ms : ms,
                  ms * (fettle_us)1000);
        if (!dfuse->drops_erase) {
            fettle_sim_dfuse_erase_page(board, address, work->at, &work->changed);
        }
        dfuse->is_stuck = model->stuck_from != 0 && address >= model->stuck_from;
    }
}

static void erase_all(fettle_sim_board *board, fettle_sim_dfuse_work *work)
{
    const fettle_sim_dfuse_time *time = &model_of(board)->mass_erase;
    take_time(board, work, OPTION_MASS_ERASE, time->announced_ms,
              time->real_ms * (fettle_us)1000);
    if (!board->dfuse.drops_erase) {
        fettle_sim_dfuse_erase_all(board, work->at, &work->changed);
    }
}

/* The price of taking the read protection away is what it protected. */
static void unprotect(fettle_sim_board *board, fettle_sim_dfuse_work *work)
{
    erase_all(board, work);
    board->dfuse.is_protected = false;
    work->resets = true;
}

uint32_t fettle_sim_dfuse_address_of_block(const fettle_sim_board *board,
                                           uint16_t wBlockNum, uint32_t size)
{
    bool by_length = fettle_sim_option_of(board, OPTION_BLOCKS) == BLOCKS_OF_THEIR_LENGTH;
    uint32_t step = by_length ? size : board->dfuse.block_limit;
    return board->dfuse.pointer + (wBlockNum - (uint32_t)DFUSE_FIRST_DATA_BLOCK) * step;
}

static void flip_bit(fettle_sim_board *board)
{
    uint32_t random = fettle_sim_random(&board->random);
    board->dfuse.block[random % board->dfuse.block_size] ^=
        (uint8_t)(1u << (random >> 24) % 8);
}

static void write_block(fettle_sim_board *board, fettle_sim_dfuse_work *work)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    const fettle_sim_dfuse_time *time = &model_of(board)->write_2KiB;
    uint32_t size = dfuse->block_size;
    uint32_t address = fettle_sim_dfuse_address_of_block(board, dfuse->wBlockNum, size);
    take_time(board, work, OPTION_WRITE, time->announced_ms,
              time->real_ms * (fettle_us)1000 * size / REFERENCE_BLOCK);
    if (!fettle_sim_dfuse_may(board, address, size, DFUSE_WRITE)) {
        work->result = DFUSE_ERR_TARGET;
    } else if (dfuse->is_protected) {
        work->result = DFUSE_ERR_VENDOR;
    } else if (!dfuse->drops) {
        if (dfuse->flips) {
            flip_bit(board);
        }
        fettle_sim_dfuse_program(board, address, dfuse->block, size, work->at,
                                 &work->changed);
        work->resets = fettle_sim_dfuse_selected(board)->kind == DFUSE_OPTION_BYTES;
    }
}

void fettle_sim_dfuse_carry_out(fettle_sim_board *board, fettle_sim_dfuse_work *work)
{
    const fettle_sim_dfuse *dfuse = &board->dfuse;
    if (dfuse->fault_status != DFUSE_OK) {
        work->result = dfuse->fault_status;
    } else if (dfuse->wBlockNum != DFUSE_COMMAND_BLOCK) {
        write_block(board, work);
    } else if (dfuse->block[0] == DFUSE_SET_ADDRESS_POINTER) {
        set_address(board, work);
    } else if (dfuse->block[0] == DFUSE_READ_UNPROTECT) {
        unprotect(board, work);
    } else if (dfuse->block_size > 1) {
        erase_page(board, work);
    } else if (dfuse->is_protected) {
        work->result = DFUSE_ERR_VENDOR;
    } else {
        erase_all(board, work);
    }
}
