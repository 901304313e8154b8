/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/dfuse_reach.h"

#include "base/bytes.h"
#include "proto/dfuse_walk.h"

enum {
    SET_ADDRESS_POINTER = 0x21, /* AN3156 table 4 */
    LAST_DATA_BLOCK = 0xFFFE,   /* some loaders refuse the one after it */
};

fettle_effect fettle_dfuse_run(fettle_dfuse *dfuse, fettle_engine *child, uint32_t share,
                               fettle_clause clause, fettle_dfuse_go_on *then)
{
    dfuse->clause = clause;
    dfuse->then = then;
    return (fettle_effect){.kind = FETTLE_EFFECT_RUN, .run = {child, share}};
}

fettle_effect fettle_dfuse_command(fettle_dfuse *dfuse, uint8_t code, size_t size,
                                   fettle_us patience, fettle_clause clause,
                                   fettle_dfuse_go_on *then)
{
    dfuse->command[0] = code;
    fettle_put32(dfuse->command + 1, dfuse->address);
    dfuse->has_pointer = dfuse->is_reading = false;
    return fettle_dfuse_run(dfuse,
                            fettle_dfu_send(dfuse->dfu, COMMAND_BLOCK,
                                            (fettle_span){dfuse->command, size},
                                            dfuse->address, patience),
                            0, clause, then);
}

/* Out of an erase a stuck board may be brought; where its pointer is then, nobody knows. */
static fettle_effect fail_stuck(fettle_dfuse *dfuse)
{
    fettle_words words = {.address = dfuse->address,
                          .state = fettle_dfu_bstate_name(FETTLE_DFU_DNBUSY)};
    fettle_effect end = fettle_refuse(&dfuse->engine, FETTLE_E_BOARD_STAYS_BUSY, &words);
    fettle_error_wrap(&dfuse->engine.error, FETTLE_CLAUSE_SET_ADDRESS, &words);
    return end;
}

static fettle_effect on_pointer_set(fettle_dfuse *dfuse, fettle_us now)
{
    if (dfuse->dfu->was_unstuck) {
        return fail_stuck(dfuse);
    }
    dfuse->pointer = dfuse->next = dfuse->address;
    dfuse->has_pointer = true;
    return dfuse->work(dfuse, now);
}

static uint32_t number_of(const fettle_dfuse *dfuse)
{
    return FIRST_DATA_BLOCK + (dfuse->address - dfuse->pointer) / transfer_size(dfuse);
}

/*
 * A block that is shorter than wTransferSize is only sent, and only asked for, where the pointer stands: loaders
 * disagree whether the numbers before it count blocks of its own length or of wTransferSize.
 */
bool fettle_dfuse_is_in_reach(const fettle_dfuse *dfuse, bool is_read)
{
    bool is_full = dfuse->dfu->traits.wTransferSize == transfer_size(dfuse) &&
                   (is_read || dfuse->size == transfer_size(dfuse));
    return dfuse->has_pointer && dfuse->next == dfuse->address &&
           number_of(dfuse) <= LAST_DATA_BLOCK &&
           (dfuse->address == dfuse->pointer || (is_full && dfuse->is_reading == is_read));
}

bool fettle_dfuse_is_selected(const fettle_dfuse *dfuse, uint8_t memory)
{
    return dfuse->dfu->traits.alternate == dfuse->target->memories[memory].alternate;
}

static fettle_effect on_idle(fettle_dfuse *dfuse, fettle_us now)
{
    const fettle_target *target = dfuse->target;
    dfuse->has_pointer = dfuse->is_reading = false;
    fettle_dfu_set_alternate(dfuse->dfu,
                             target->memories[page_at(dfuse)->memory].alternate);
    if (!fettle_dfuse_is_selected(dfuse, page_at(dfuse)->memory)) {
        (void)fettle_refuse(
            &dfuse->engine, FETTLE_E_NOT_SUPPORTED,
            &(fettle_words){.text = "this board's other memories can't be selected"});
        return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
    }
    dfuse->is_learned = false; /* another memory, another kind of flash */
    return dfuse->work(dfuse, now);
}

fettle_effect fettle_dfuse_select_memory(fettle_dfuse *dfuse)
{
    return fettle_dfuse_run(dfuse, fettle_dfu_idle(dfuse->dfu), 0, FETTLE_CLAUSE_COUNT,
                            on_idle);
}

fettle_effect fettle_dfuse_set_pointer(fettle_dfuse *dfuse)
{
    return fettle_dfuse_command(dfuse, SET_ADDRESS_POINTER, FETTLE_DFUSE_COMMAND_SIZE, 0,
                                FETTLE_CLAUSE_SET_ADDRESS, on_pointer_set);
}

bool fettle_dfuse_note_received(fettle_dfuse *dfuse)
{
    dfuse->is_reading = dfuse->dfu->bState == FETTLE_DFU_UPLOAD_IDLE;
    dfuse->next = dfuse->address + transfer_size(dfuse);
    dfuse->has_pointer = dfuse->is_reading;
    return dfuse->dfu->count == dfuse->size;
}

uint32_t fettle_dfuse_block_size(const fettle_dfuse *dfuse, uint64_t left)
{
    return left < transfer_size(dfuse) ? (uint32_t)left : transfer_size(dfuse);
}

fettle_effect fettle_dfuse_read_block(fettle_dfuse *dfuse, uint8_t *buffer, uint32_t share,
                                      fettle_dfuse_go_on *then)
{
    if (!fettle_dfuse_is_in_reach(dfuse, true)) {
        return fettle_dfuse_set_pointer(dfuse);
    }
    bool joins = dfuse->is_reading && dfuse->address != dfuse->pointer;
    return fettle_dfuse_run(dfuse,
                            fettle_dfu_receive(dfuse->dfu, (uint16_t)number_of(dfuse),
                                               buffer, dfuse->size, dfuse->address, joins),
                            share, FETTLE_CLAUSE_READ_AT, then);
}

fettle_effect fettle_dfuse_read_page(fettle_dfuse *dfuse, fettle_dfuse_go_on *then)
{
    return fettle_dfuse_is_selected(dfuse, page_at(dfuse)->memory)
               ? fettle_dfuse_read_block(dfuse, dfuse->block, dfuse->size, then)
               : fettle_dfuse_select_memory(dfuse);
}

fettle_effect fettle_dfuse_send_block(fettle_dfuse *dfuse, fettle_dfuse_go_on *then)
{
    return fettle_dfuse_run(dfuse,
                            fettle_dfu_send(dfuse->dfu, (uint16_t)number_of(dfuse),
                                            (fettle_span){dfuse->block, dfuse->size},
                                            dfuse->address, 0),
                            dfuse->size, FETTLE_CLAUSE_WRITE_AT, then);
}

fettle_effect fettle_dfuse_fail_short(fettle_dfuse *dfuse, const char *text)
{
    (void)fettle_refuse(&dfuse->engine, FETTLE_E_UNEXPECTED_ANSWER,
                        &(fettle_words){.text = text});
    fettle_error_wrap(&dfuse->engine.error, FETTLE_CLAUSE_READ_AT,
                      &(fettle_words){.address = dfuse->address});
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}
