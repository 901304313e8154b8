/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bootloader that speaks DfuSe, ST's extension of DFU 1.1 (AN3156, UM0424): what it does.
 *
 * A DNLOAD says by its wBlockNum what it is: a command (0), nothing (1), or data (2 and more) for
 * Address_Pointer + (wBlockNum - 2) * wTransferSize. It is only taken; the GETSTATUS after it has it
 * carried out and answers dfuDNBUSY, and the one after that tells what came of it. How a device
 * behaves while it is busy, and what it makes of a CLRSTATUS that isn't called for, are habits of
 * the model; all else that DFU 1.1 forbids is a STALL, dfuERROR, and a "violation" in the log.
 *
 * It has no manifestation to speak of: an end marker and its GETSTATUS make it leave for the code at
 * Address_Pointer, wherever that points ("leave" in the log). If no vector table is there, it is
 * reset, and comes back if BOOT0 is still held.
 *
 * What commands and data come to is in dfuse_work.c, what it holds in dfuse_flash.c, what it says of
 * itself in dfuse_face.c.
 */
#include "dfuse.h"

#include <stdlib.h>
#include <string.h>

/* DFU 1.1 section 6.1.2. */
enum {
    APP_IDLE,
    APP_DETACH,
    DFU_IDLE,
    DFU_DNLOAD_SYNC,
    DFU_DNBUSY,
    DFU_DNLOAD_IDLE,
    DFU_MANIFEST_SYNC,
    DFU_MANIFEST,
    DFU_MANIFEST_WAIT_RESET,
    DFU_UPLOAD_IDLE,
    DFU_ERROR,
};

/* Section 3. */
enum { DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT };

enum {
    COMMAND_WITH_ADDRESS = 5, /* bytes */
    LEAST_BLOCK = 2,          /* bytes that may be read or written at once */
    LEAVE_US = 5000,          /* from the last answer to being gone */
    SYSTEM_RESET_US = 1000,
    STUCK_POLL_MS = 100,
};

uint32_t fettle_sim_dfuse_choose(const fettle_sim_board *board, fettle_sim_option option,
                                 uint32_t of_model)
{
    uint64_t given = fettle_sim_option_of(board, option);
    return given == SIM_MODEL_DECIDES ? of_model : (uint32_t)given;
}

static bool has(const fettle_sim_board *board, fettle_sim_option option)
{
    return fettle_sim_option_of(board, option) != 0;
}

static const fettle_sim_dfuse_model *model_of(const fettle_sim_board *board)
{
    return board->model->dfuse;
}

static uint32_t busy_habit(const fettle_sim_board *board)
{
    return fettle_sim_dfuse_choose(board, OPTION_BUSY, model_of(board)->busy);
}

/* ---- starting ---- */

/* 0 and FFFF are wrong, but seen: such devices have a size of their own. */
static uint32_t limit_of(const fettle_sim_board *board)
{
    uint32_t said =
        fettle_sim_dfuse_choose(board, OPTION_ROM_TRANSFER, model_of(board)->wTransferSize);
    uint32_t real = said == 0xffff ? 1024 : said;
    return said == 0 ? 64 : real;
}

static bool init(fettle_sim_board *board)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    dfuse->block_limit = limit_of(board);
    dfuse->block = malloc(dfuse->block_limit);
    dfuse->is_protected = has(board, OPTION_RDP);
    return dfuse->block != NULL && fettle_sim_dfuse_fill(board);
}

static bool is_bootable(const fettle_sim_board *board)
{
    return fettle_sim_dfuse_is_executable(board, fettle_sim_dfuse_app_address(board));
}

static bool needs_button(const fettle_sim_board *board)
{
    return !fettle_sim_dfuse_has_app(board) ||
           fettle_sim_option_of(board, OPTION_DETACH) == DETACH_NO;
}

/* An application without a DFU interface doesn't show as anything that is known here. */
static fettle_sim_shows show_app(const fettle_sim_board *board)
{
    return fettle_sim_dfuse_has_app(board) ? FETTLE_SIM_SHOWS_APP
                                           : FETTLE_SIM_SHOWS_NOTHING;
}

/* A reset: BOOT0 decides, then what is in the flash. */
static fettle_sim_shows boot(const fettle_sim_board *board)
{
    if (board->is_held) {
        return FETTLE_SIM_SHOWS_UPDATE;
    }
    if (is_bootable(board)) {
        return show_app(board);
    }
    return model_of(board)->checks_for_blank ? FETTLE_SIM_SHOWS_UPDATE
                                             : FETTLE_SIM_SHOWS_NOTHING;
}

static fettle_sim_shows decide(fettle_sim_board *board, fettle_sim_start start)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    bool is_jump = dfuse->jumps, was_detached = dfuse->was_detached;
    dfuse->jumps = dfuse->was_detached = false;
    /* Without another way in, it is found with BOOT0 held. */
    bool is_found = board->arrival == 0 && !fettle_sim_dfuse_has_app(board) &&
                    fettle_sim_option_of(board, OPTION_MODE) != MODE_UNPLUGGED;
    if (start == START_KEPT) {
        return board->kept;
    }
    if (start == START_UPDATE || is_found) {
        board->is_held = !was_detached;
        return FETTLE_SIM_SHOWS_UPDATE;
    }
    if (is_jump && fettle_sim_dfuse_is_executable(board, dfuse->pointer)) {
        return show_app(board);
    }
    return boot(board);
}

static void become_idle(fettle_sim_board *board)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    dfuse->state = board->shows == FETTLE_SIM_SHOWS_APP ? APP_IDLE : DFU_IDLE;
    dfuse->status = DFUSE_OK;
    dfuse->alternate = 0;
    dfuse->is_stuck = dfuse->was_told = false;
    dfuse->deadline = dfuse->busy_ends = 0;
    dfuse->pointer = model_of(board)->memories[0].address;
    dfuse->string_reads = 0;
}

static void start(fettle_sim_board *board, fettle_sim_start start, fettle_us at)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    bool is_first = board->arrival == 0;
    (void)at;
    board->shows = decide(board, start);
    become_idle(board);
    if (board->shows != FETTLE_SIM_SHOWS_UPDATE) {
        return;
    }
    if (is_first && has(board, OPTION_DOWNLOADING)) {
        dfuse->state = DFU_DNLOAD_IDLE;
    } else if (fettle_sim_dfuse_choose(board, OPTION_GREETS, model_of(board)->greets)) {
        dfuse->state = DFU_ERROR;
        dfuse->status = DFUSE_ERR_FIRMWARE;
    }
}

static void on_timer(fettle_sim_board *board, fettle_us at)
{
    (void)at;
    board->dfuse.state = APP_IDLE; /* no reset came within wDetachTimeOut */
}

/* ---- answers ---- */

static void enter_error(fettle_sim_board *board, uint8_t status)
{
    board->dfuse.state = DFU_ERROR;
    board->dfuse.status = status;
    board->dfuse.is_stuck = false;
}

static fettle_sim_reply refuse(fettle_sim_board *board)
{
    bool is_leaving = board->leaves_at != FETTLE_NEVER;
    if (board->shows == FETTLE_SIM_SHOWS_UPDATE && !is_leaving) {
        enter_error(board, DFUSE_ERR_STALLEDPKT);
    }
    return (fettle_sim_reply){.kind = FETTLE_STALL, .is_violation = true};
}

/* The device's own no: it is in order to have asked. */
static fettle_sim_reply deny(fettle_sim_board *board, uint8_t status)
{
    enter_error(board, status);
    return fettle_sim_say(FETTLE_STALL);
}

static fettle_sim_reply obeyed(void)
{
    return (fettle_sim_reply){.kind = FETTLE_OK, .changes = true};
}

static fettle_sim_reply answer_status(const fettle_sim_board *board,
                                      const fettle_control *control, uint32_t poll_ms)
{
    const fettle_sim_dfuse *dfuse = &board->dfuse;
    const uint8_t answer[6] = {
        dfuse->status,
        (uint8_t)poll_ms,
        (uint8_t)(poll_ms >> 8),
        (uint8_t)(poll_ms >> 16),
        board->is_busy_forever ? DFU_DNBUSY : dfuse->state,
        dfuse->status == DFUSE_ERR_VENDOR ? SIM_VENDOR_REASON : 0,
    };
    return fettle_sim_answer(control, answer, sizeof answer, sizeof answer);
}

/* ---- leaving ---- */

/* Without a Set Address since, the pointer is that of the last write. */
static void leave_for_pointer(fettle_sim_board *board, fettle_us at)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    fettle_sim_entry entry = {.at = at, .what = "leave", .address = dfuse->pointer};
    if (board->leaves_at != FETTLE_NEVER) {
        return;
    }
    fettle_sim_record(board, &entry, (fettle_span){NULL, 0});
    dfuse->jumps = true;
    board->leaves_at = at + LEAVE_US;
    board->leaves_to = START_BOOT;
}

static fettle_sim_reply take_end_marker(fettle_sim_board *board,
                                        const fettle_sim_request *request)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    dfuse->state = DFU_MANIFEST_SYNC;
    dfuse->end_status = request->hits.is[FAULT_STATUS] ? request->hits.status : DFUSE_OK;
    if (model_of(board)->leaves_on_anything) {
        leave_for_pointer(board, request->now);
    }
    return obeyed();
}

static fettle_sim_reply begin_manifest(fettle_sim_board *board,
                                       const fettle_sim_request *request)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    if (dfuse->end_status != DFUSE_OK) {
        enter_error(board, dfuse->end_status);
    } else {
        dfuse->state = DFU_MANIFEST;
        leave_for_pointer(board, request->now);
    }
    return answer_status(board, request->control, 0);
}

/* ---- taking a block ---- */

static bool is_command(const fettle_control *control)
{
    uint16_t size = control->wLength;
    switch (control->out[0]) {
    case DFUSE_SET_ADDRESS_POINTER:
        return size == COMMAND_WITH_ADDRESS;
    case DFUSE_ERASE_PAGES:
        return size == COMMAND_WITH_ADDRESS || size == 1;
    case DFUSE_READ_UNPROTECT:
        return size == 1;
    default:
        return false;
    }
}

static bool is_block(const fettle_sim_board *board, const fettle_control *control)
{
    if (control->out == NULL || control->wLength > board->dfuse.block_limit) {
        return false;
    }
    if (control->wValue == DFUSE_COMMAND_BLOCK) {
        return is_command(control);
    }
    return control->wValue >= DFUSE_FIRST_DATA_BLOCK && control->wLength >= LEAST_BLOCK;
}

static fettle_sim_reply obey_dnload(fettle_sim_board *board,
                                    const fettle_sim_request *request)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    const fettle_control *control = request->control;
    if (dfuse->state != DFU_IDLE && dfuse->state != DFU_DNLOAD_IDLE) {
        return refuse(board);
    }
    if (control->wLength == 0) {
        return take_end_marker(board, request);
    }
    if (!is_block(board, control)) {
        return refuse(board);
    }
    memcpy(dfuse->block, control->out, control->wLength);
    dfuse->block_size = control->wLength;
    dfuse->wBlockNum = control->wValue;
    dfuse->drops = request->hits.is[FAULT_DROP_WRITE];
    dfuse->drops_erase = request->hits.is[FAULT_DROP_ERASE];
    dfuse->flips = request->hits.is[FAULT_FLIP_BIT];
    dfuse->fault_status = request->hits.is[FAULT_STATUS] ? request->hits.status : DFUSE_OK;
    dfuse->was_told = true;
    dfuse->state = DFU_DNLOAD_SYNC;
    fettle_sim_reply reply = obeyed();
    reply.count = control->wLength;
    return reply;
}

/* ---- carrying it out: dfuse_work.c ---- */

/* From the first GETSTATUS after a block until it is done, and until it may be asked. */
static void become_busy(fettle_sim_board *board, const fettle_sim_dfuse_work *work)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    dfuse->state = DFU_DNBUSY;
    dfuse->result = work->result;
    dfuse->deadline = work->at + work->announced_ms * (fettle_us)1000;
    dfuse->busy_ends = work->at + work->takes;
    fettle_sim_count_busy(board, work->at,
                          dfuse->deadline > dfuse->busy_ends ? dfuse->deadline
                                                             : dfuse->busy_ends);
    if (work->resets) {
        board->leaves_at = dfuse->busy_ends + SYSTEM_RESET_US;
        board->leaves_to = START_BOOT;
    }
    if (busy_habit(board) == BUSY_NAKS) {
        board->naks_until = dfuse->busy_ends;
    }
}

static fettle_sim_reply begin_work(fettle_sim_board *board,
                                   const fettle_sim_request *request)
{
    fettle_sim_dfuse_work work = {.at = request->now};
    fettle_sim_dfuse_carry_out(board, &work);
    become_busy(board, &work);
    fettle_sim_reply reply = answer_status(board, request->control, work.announced_ms);
    reply.changes = work.changed.changes;
    reply.address = work.changed.address;
    reply.size = work.changed.size;
    return reply;
}

/* ---- while it is busy, and after ---- */

static uint32_t left_ms(const fettle_sim_board *board, fettle_us now)
{
    fettle_us ends = board->dfuse.busy_ends;
    return ends > now ? (uint32_t)((ends - now + 999) / 1000) : 0;
}

static fettle_sim_reply stay_busy(fettle_sim_board *board,
                                  const fettle_sim_request *request)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    if (busy_habit(board) == BUSY_STALLS && !dfuse->is_stuck) {
        return fettle_sim_say(FETTLE_STALL); /* and stays as it is */
    }
    uint32_t poll_ms = dfuse->is_stuck ? STUCK_POLL_MS : left_ms(board, request->now);
    dfuse->deadline = request->now + poll_ms * (fettle_us)1000;
    return answer_status(board, request->control, poll_ms);
}

static fettle_sim_reply end_work(fettle_sim_board *board, const fettle_sim_request *request)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    if (dfuse->result != DFUSE_OK) {
        enter_error(board, dfuse->result);
    } else {
        dfuse->state = DFU_DNLOAD_IDLE;
    }
    return answer_status(board, request->control, 0);
}

/* The second GETSTATUS, and the next ones while it isn't done. */
static fettle_sim_reply ask_again(fettle_sim_board *board,
                                  const fettle_sim_request *request)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    bool is_early = request->asked < dfuse->deadline;
    bool is_busy = dfuse->is_stuck || request->came < dfuse->busy_ends ||
                   board->leaves_at != FETTLE_NEVER;
    if (is_early) {
        fettle_sim_record_event(board, request->now, "early");
    }
    if (is_early && busy_habit(board) == BUSY_IS_STRICT) {
        return refuse(board);
    }
    fettle_sim_reply reply = is_busy ? stay_busy(board, request) : end_work(board, request);
    reply.is_violation = is_early;
    return reply;
}

static fettle_sim_reply obey_getstatus(fettle_sim_board *board,
                                       const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    if (control->wLength != 6) {
        return refuse(board);
    }
    if (board->is_busy_forever) {
        return answer_status(board, control, model_of(board)->write_2KiB.announced_ms);
    }
    switch (board->dfuse.state) {
    case DFU_DNLOAD_SYNC:
        return begin_work(board, request);
    case DFU_DNBUSY:
        return ask_again(board, request);
    case DFU_MANIFEST_SYNC:
        return begin_manifest(board, request);
    default:
        return answer_status(board, control, 0);
    }
}

/* ---- upload ---- */

/* "Get Commands": what block 0 can hold. */
static fettle_sim_reply answer_commands(fettle_sim_board *board,
                                        const fettle_control *control)
{
    static const uint8_t commands[] = {0, DFUSE_SET_ADDRESS_POINTER, DFUSE_ERASE_PAGES,
                                       DFUSE_READ_UNPROTECT};
    board->dfuse.state = DFU_IDLE;
    return fettle_sim_answer(control, commands, sizeof commands, control->wLength);
}

static fettle_sim_reply obey_upload(fettle_sim_board *board, const fettle_control *control)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    bool is_ready = dfuse->state == DFU_IDLE || dfuse->state == DFU_UPLOAD_IDLE;
    if (!is_ready || !has(board, OPTION_UPLOAD) || control->in == NULL ||
        control->wLength > dfuse->block_limit) {
        return refuse(board);
    }
    if (control->wValue == DFUSE_COMMAND_BLOCK) {
        return answer_commands(board, control);
    }
    if (control->wValue < DFUSE_FIRST_DATA_BLOCK || control->wLength < LEAST_BLOCK) {
        return refuse(board);
    }
    if (dfuse->is_protected) {
        return deny(board, DFUSE_ERR_VENDOR);
    }
    uint32_t address =
        fettle_sim_dfuse_address_of_block(board, control->wValue, control->wLength);
    if (!fettle_sim_dfuse_may(board, address, 1, DFUSE_READ)) {
        return deny(board, DFUSE_ERR_TARGET);
    }
    fettle_span rest = fettle_sim_dfuse_from(board, address);
    fettle_sim_reply reply =
        fettle_sim_answer(control, rest.data, rest.size, control->wLength);
    dfuse->state = reply.count < control->wLength ? DFU_IDLE : DFU_UPLOAD_IDLE;
    return reply;
}

/* ---- the other requests ---- */

static fettle_sim_reply obey_abort(fettle_sim_board *board)
{
    switch (board->dfuse.state) {
    case DFU_IDLE:
    case DFU_DNLOAD_SYNC:
    case DFU_DNLOAD_IDLE:
    case DFU_MANIFEST_SYNC:
    case DFU_UPLOAD_IDLE:
        board->dfuse.state = DFU_IDLE;
        return obeyed();
    default:
        return refuse(board);
    }
}

/* Outside dfuERROR it has nothing to clear; only one that is stuck is helped by it. */
static fettle_sim_reply obey_clrstatus(fettle_sim_board *board)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    bool was_stuck = dfuse->is_stuck;
    fettle_sim_reply reply = obeyed();
    if (dfuse->state == DFU_ERROR) {
        dfuse->state = DFU_IDLE;
        dfuse->status = DFUSE_OK;
        return reply;
    }
    switch (fettle_sim_dfuse_choose(board, OPTION_CLRSTATUS, model_of(board)->clrstatus)) {
    case CLRSTATUS_IS_STALLED:
        return refuse(board);
    case CLRSTATUS_IS_UNKNOWN:
        enter_error(board, DFUSE_ERR_UNKNOWN);
        break;
    default:
        reply.changes = false;
        break;
    }
    reply.is_violation = !was_stuck;
    return reply;
}

static fettle_sim_reply obey_late_detach(fettle_sim_board *board, fettle_us now)
{
    if (!model_of(board)->leaves_on_anything) {
        return refuse(board);
    }
    leave_for_pointer(board, now);
    return obeyed();
}

static fettle_sim_reply obey_update(fettle_sim_board *board,
                                    const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    if (control->wIndex != 0) {
        return (fettle_sim_reply){.kind = FETTLE_STALL, .is_violation = true};
    }
    switch (control->bRequest) {
    case DETACH:
        return obey_late_detach(board, request->now);
    case DNLOAD:
        return obey_dnload(board, request);
    case UPLOAD:
        return obey_upload(board, control);
    case GETSTATUS:
        return obey_getstatus(board, request);
    case CLRSTATUS:
        return obey_clrstatus(board);
    case GETSTATE: {
        uint8_t state = board->is_busy_forever ? DFU_DNBUSY : board->dfuse.state;
        return fettle_sim_answer(control, &state, 1, 1);
    }
    default:
        return obey_abort(board);
    }
}

/* ---- while the application runs ---- */

static fettle_sim_reply obey_detach(fettle_sim_board *board,
                                    const fettle_sim_request *request)
{
    uint64_t timeout_ms = fettle_sim_option_of(board, OPTION_DETACH_TIMEOUT);
    uint16_t asked_ms = request->control->wValue;
    uint64_t detach = fettle_sim_option_of(board, OPTION_DETACH);
    timeout_ms = asked_ms < timeout_ms ? asked_ms : timeout_ms;
    if (detach == DETACH_NO) {
        return fettle_sim_say(FETTLE_STALL);
    }
    board->dfuse.state = APP_DETACH;
    if (detach == DETACH_RESET) {
        board->timer_at = request->now + timeout_ms * 1000;
    } else {
        board->dfuse.was_detached = true;
        board->leaves_at = request->now + fettle_sim_ms_of(board, OPTION_LINGER);
        board->leaves_to = START_UPDATE;
    }
    return obeyed();
}

static fettle_sim_reply obey_app(fettle_sim_board *board, const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    fettle_sim_dfuse *dfuse = &board->dfuse;
    if (control->wIndex != FETTLE_SIM_DFUSE_APP_INTERFACE) {
        return fettle_sim_say(FETTLE_STALL);
    }
    switch (control->bRequest) {
    case GETSTATUS:
        return answer_status(board, control, 0);
    case GETSTATE:
        return fettle_sim_answer(control, &dfuse->state, 1, 1);
    case DETACH:
        if (dfuse->state == APP_IDLE) {
            return obey_detach(board, request);
        }
        return refuse(board);
    default:
        return refuse(board);
    }
}

static fettle_sim_reply obey(fettle_sim_board *board, const fettle_sim_request *request)
{
    static const bool is_in[] = {false, false, true, true, false, true, false};
    const fettle_control *control = request->control;
    if ((control->bmRequestType & 0x7f) != 0x21) {
        return fettle_sim_dfuse_obey_standard(board, request);
    }
    bool wants_in = (control->bmRequestType & 0x80) != 0;
    if (control->bRequest > ABORT || is_in[control->bRequest] != wants_in) {
        return refuse(board);
    }
    return board->shows == FETTLE_SIM_SHOWS_APP ? obey_app(board, request)
                                                : obey_update(board, request);
}

/* A device that stalls is in dfuERROR; but one that stalls GETSTATUS is only deaf. */
static void on_stall(fettle_sim_board *board, const fettle_control *control)
{
    if (board->shows == FETTLE_SIM_SHOWS_UPDATE && control->bRequest != GETSTATUS) {
        enter_error(board, DFUSE_ERR_STALLEDPKT);
    }
}

static fettle_outcome_kind select_interface(fettle_sim_board *board, uint8_t interface,
                                            uint8_t alternate)
{
    bool is_app = board->shows == FETTLE_SIM_SHOWS_APP;
    size_t alternates = is_app ? 1 : fettle_sim_dfuse_count(model_of(board));
    size_t interfaces = is_app ? 2 : 1;
    if (interface >= interfaces || alternate >= alternates) {
        return FETTLE_STALL;
    }
    if (!is_app) {
        board->dfuse.alternate = alternate;
    }
    return FETTLE_OK;
}

/* A ROM stays what it is at a reset of the bus, unless it takes that for the end. */
static fettle_outcome_kind reset(fettle_sim_board *board, fettle_us at)
{
    fettle_sim_dfuse *dfuse = &board->dfuse;
    if (board->shows == FETTLE_SIM_SHOWS_APP) {
        bool enters = dfuse->state == APP_DETACH && board->leaves_at == FETTLE_NEVER;
        if (enters) {
            dfuse->was_detached = true;
            fettle_sim_restart(board, at, START_UPDATE);
        }
        return enters ? FETTLE_GONE : FETTLE_OK;
    }
    if (model_of(board)->leaves_on_anything && dfuse->was_told) {
        leave_for_pointer(board, at);
        fettle_sim_restart(board, at, START_BOOT);
        return FETTLE_GONE;
    }
    become_idle(board);
    return FETTLE_OK;
}

const fettle_sim_board_ops fettle_sim_dfuse_ops = {
    .init = init,
    .is_bootable = is_bootable,
    .needs_button = needs_button,
    .start = start,
    .on_timer = on_timer,
    .describe = fettle_sim_dfuse_describe,
    .obey = obey,
    .on_stall = on_stall,
    .select = select_interface,
    .reset = reset,
};
