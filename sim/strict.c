/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device as USB DFU 1.1 wants it: the state table of its appendix A, enforced. Whoever asks what
 * must not be asked now gets a STALL, finds dfuERROR with errSTALLEDPKT, and has a "violation" in
 * the log.
 *
 * A block is taken by DNLOAD and written when GETSTATUS asks for it (dfuDNLOAD-SYNC); flash then
 * takes exactly the bwPollTimeout that was announced. Blocks follow each other in memory whatever
 * their length; their numbers must count up from 0. The application counts as bootable only when a
 * manifestation has come to its end. What its descriptors say is in strict_face.c.
 *
 * Where the specification leaves room: GETSTATE is answered in every state; a USB reset makes the
 * device start anew after a manifestation that isn't tolerant, or if it can show an application, and
 * else only takes it back to dfuIDLE.
 */
#include "internal.h"

#include "base/bytes.h"
#include "strict.h"

#include <stdlib.h>
#include <string.h>

/* Section 6.1.2. */
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

enum { STATUS_OK = 0, ERR_ADDRESS = 8, ERR_VENDOR = 11, ERR_STALLEDPKT = 15 };

/* Section 3. */
enum { DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT };

enum { DEFAULT_SIZE = 1024 * 1024, APPLICATION_MAX = 32768 };

static bool has(const fettle_sim_board *board, fettle_sim_option option)
{
    return fettle_sim_option_of(board, option) != 0;
}

/* ---- memory ---- */

static uint8_t *memory_of(const fettle_sim_board *board)
{
    return board->memory + board->strict.alternate * board->memory_size;
}

/* An application in the main memory, the rest and other memories blank. */
static bool init(fettle_sim_board *board)
{
    uint64_t size = fettle_sim_option_of(board, OPTION_SIZE);
    size_t alternates = (size_t)fettle_sim_option_of(board, OPTION_ALTERNATES);
    board->memory_size = size == 0 ? DEFAULT_SIZE : (size_t)size;
    board->strict.block_limit = fettle_sim_strict_block_limit(board);
    board->strict.block = malloc(board->strict.block_limit);
    board->memory = malloc(board->memory_size * alternates);
    if (board->memory == NULL || board->strict.block == NULL) {
        return false;
    }
    memset(board->memory, 0xff, board->memory_size * alternates);
    uint64_t random =
        fettle_sim_seed(fettle_sim_option_of(board, OPTION_SEED) ^ 0x64667521);
    size_t half = board->memory_size / 2;
    for (size_t i = 0; i < half && i < APPLICATION_MAX; i++) {
        board->memory[i] = (uint8_t)fettle_sim_random(&random);
    }
    board->strict.is_bootable =
        has(board, OPTION_BOOTABLE) && !has(board, OPTION_DOWNLOADING);
    return true;
}

static bool is_bootable(const fettle_sim_board *board)
{
    return board->strict.is_bootable;
}

static bool needs_button(const fettle_sim_board *board)
{
    return fettle_sim_option_of(board, OPTION_DETACH) == DETACH_NO;
}

/* ---- starting ---- */

static bool stays_away(const fettle_sim_board *board)
{
    return !has(board, OPTION_APP) && board->strict.was_updated &&
           board->strict.is_bootable;
}

static void start(fettle_sim_board *board, fettle_sim_start start, fettle_us at)
{
    fettle_sim_strict *strict = &board->strict;
    bool has_app = fettle_sim_strict_has_app(board) && strict->is_bootable;
    (void)at;
    if (start == START_KEPT) {
        board->shows = board->kept;
    } else if (start == START_UPDATE) {
        board->shows = FETTLE_SIM_SHOWS_UPDATE;
    } else if (stays_away(board)) {
        board->shows = FETTLE_SIM_SHOWS_NOTHING;
    } else {
        board->shows = has_app ? FETTLE_SIM_SHOWS_APP : FETTLE_SIM_SHOWS_UPDATE;
    }
    bool is_app = board->shows == FETTLE_SIM_SHOWS_APP;
    bool is_cut_off = board->arrival == 0 && !is_app && has(board, OPTION_DOWNLOADING);
    strict->state = is_app ? APP_IDLE : DFU_IDLE;
    if (is_cut_off) {
        strict->state = DFU_DNLOAD_IDLE;
        strict->offset = strict->block_limit; /* one block has come */
        strict->block_number = 1;
    }
    strict->status = STATUS_OK;
    strict->alternate = 0;
    strict->has_block = false;
    strict->busy_ends = 0;
}

static void enter_error(fettle_sim_strict *strict, uint8_t status)
{
    strict->state = DFU_ERROR;
    strict->status = status;
    strict->has_block = false;
}

static void end_manifestation(fettle_sim_board *board)
{
    fettle_sim_strict *strict = &board->strict;
    if (strict->manifest_status != STATUS_OK) {
        enter_error(strict, strict->manifest_status);
        return;
    }
    strict->is_bootable = strict->was_updated = true;
    strict->state =
        has(board, OPTION_TOLERANT) ? DFU_MANIFEST_SYNC : DFU_MANIFEST_WAIT_RESET;
}

static void on_timer(fettle_sim_board *board, fettle_us at)
{
    fettle_sim_strict *strict = &board->strict;
    (void)at;
    if (strict->state == DFU_DNBUSY) {
        strict->state = DFU_DNLOAD_SYNC;
    } else if (strict->state == DFU_MANIFEST) {
        end_manifestation(board);
    } else if (strict->state == APP_DETACH) {
        strict->state = APP_IDLE; /* no reset came within wDetachTimeOut */
    }
}

/* ---- answers ---- */

static fettle_sim_reply refuse(fettle_sim_board *board)
{
    if (board->shows == FETTLE_SIM_SHOWS_UPDATE &&
        board->strict.state != DFU_MANIFEST_WAIT_RESET) {
        board->timer_at = FETTLE_NEVER;
        board->strict.busy_ends = 0;
        enter_error(&board->strict, ERR_STALLEDPKT);
    }
    return (fettle_sim_reply){.kind = FETTLE_STALL, .is_violation = true};
}

static fettle_sim_reply obeyed(void)
{
    return (fettle_sim_reply){.kind = FETTLE_OK, .changes = true};
}

/* Section 6.1.2: the state that the device is in after this answer. */
static fettle_sim_reply answer_status(const fettle_sim_board *board,
                                      const fettle_control *control, fettle_us poll)
{
    const fettle_sim_strict *strict = &board->strict;
    uint32_t ms = (uint32_t)(poll / 1000);
    const uint8_t answer[6] = {
        strict->status,
        (uint8_t)ms,
        (uint8_t)(ms >> 8),
        (uint8_t)(ms >> 16),
        board->is_busy_forever ? DFU_DNBUSY : strict->state,
        strict->status == ERR_VENDOR ? SIM_VENDOR_REASON : 0,
    };
    return fettle_sim_answer(control, answer, sizeof answer, sizeof answer);
}

static fettle_sim_reply stay_busy(fettle_sim_board *board,
                                  const fettle_sim_request *request, uint8_t state,
                                  fettle_us poll)
{
    board->strict.state = state;
    board->strict.busy_ends = fettle_sim_after(request->now, poll);
    board->timer_at = board->strict.busy_ends;
    return answer_status(board, request->control, poll);
}

/* ---- download ---- */

static fettle_sim_reply take_block(fettle_sim_board *board,
                                   const fettle_sim_request *request)
{
    fettle_sim_strict *strict = &board->strict;
    const fettle_control *control = request->control;
    bool is_first = strict->state == DFU_IDLE;
    uint16_t expected = is_first ? 0 : strict->block_number;
    if (!has(board, OPTION_DOWNLOAD) || control->wLength > strict->block_limit ||
        control->wValue != expected || control->out == NULL) {
        return refuse(board);
    }
    if (is_first) {
        strict->offset = 0;
    }
    memcpy(strict->block, control->out, control->wLength);
    strict->block_size = control->wLength;
    strict->has_block = true;
    strict->drops = request->hits.is[FAULT_DROP_WRITE];
    strict->flips = request->hits.is[FAULT_FLIP_BIT];
    strict->block_status =
        request->hits.is[FAULT_STATUS] ? request->hits.status : STATUS_OK;
    strict->block_number = (uint16_t)(control->wValue + 1);
    strict->state = DFU_DNLOAD_SYNC;
    fettle_sim_reply reply = obeyed();
    reply.count = control->wLength;
    return reply;
}

static void leave_after(fettle_sim_board *board, fettle_us now)
{
    board->leaves_at = now;
    board->leaves_to = START_BOOT;
}

/* It has all, and goes on by itself without another word. */
static fettle_sim_reply reboot(fettle_sim_board *board, fettle_us now)
{
    end_manifestation(board);
    leave_after(board, now);
    return (fettle_sim_reply){.kind = FETTLE_GONE, .changes = true};
}

static fettle_sim_reply take_end_marker(fettle_sim_board *board,
                                        const fettle_sim_request *request)
{
    fettle_sim_strict *strict = &board->strict;
    uint64_t reboots = fettle_sim_option_of(board, OPTION_REBOOTS);
    if (strict->state != DFU_DNLOAD_IDLE) {
        return refuse(board);
    }
    strict->state = DFU_MANIFEST_SYNC;
    strict->manifest_status =
        request->hits.is[FAULT_STATUS] ? request->hits.status : STATUS_OK;
    strict->is_manifesting = false;
    if (reboots == REBOOTS_EARLY ||
        (reboots == REBOOTS_YES && request->hits.is[FAULT_LOSE_COMPLETION])) {
        return reboot(board, request->now);
    }
    return obeyed();
}

static fettle_sim_reply obey_dnload(fettle_sim_board *board,
                                    const fettle_sim_request *request)
{
    uint8_t state = board->strict.state;
    if (request->control->wLength == 0) {
        return take_end_marker(board, request);
    }
    return state == DFU_IDLE || state == DFU_DNLOAD_IDLE ? take_block(board, request)
                                                         : refuse(board);
}

/* What reached the memory, for the log. */
static void write_block(fettle_sim_board *board, fettle_sim_reply *written)
{
    fettle_sim_strict *strict = &board->strict;
    uint32_t size = strict->block_size;
    if (strict->flips) {
        uint32_t random = fettle_sim_random(&board->random);
        strict->block[random % size] ^= (uint8_t)(1u << (random >> 24) % 8);
    }
    if (strict->alternate == 0) {
        strict->is_bootable = false;
    }
    if (!strict->drops) {
        size_t address = strict->alternate * board->memory_size + strict->offset;
        fettle_sim_store_write(board, address, strict->block, size);
        written->changes = true;
        written->address = strict->offset;
        written->size = size;
    }
    strict->offset += size;
}

static fettle_sim_reply sync_download(fettle_sim_board *board,
                                      const fettle_sim_request *request)
{
    fettle_sim_strict *strict = &board->strict;
    fettle_us poll = fettle_sim_ms_of(board, OPTION_POLL);
    fettle_sim_reply written = {.changes = false};
    bool was_waiting = strict->has_block;
    strict->has_block = false;
    if (was_waiting && strict->block_size > board->memory_size - strict->offset) {
        enter_error(strict, ERR_ADDRESS);
        return answer_status(board, request->control, 0);
    }
    if (was_waiting && strict->block_status == STATUS_OK) {
        write_block(board, &written);
    }
    fettle_sim_reply reply;
    if (was_waiting && poll > 0) {
        reply = stay_busy(board, request, DFU_DNBUSY, poll);
    } else if (strict->block_status != STATUS_OK) {
        enter_error(strict, strict->block_status);
        reply = answer_status(board, request->control, 0);
    } else {
        strict->state = DFU_DNLOAD_IDLE;
        reply = answer_status(board, request->control, 0);
    }
    reply.changes = written.changes;
    reply.address = written.address;
    reply.size = written.size;
    return reply;
}

/* ---- manifestation ---- */

/* Twice in this state: before the work, and after it where the device tolerates that. */
static fettle_sim_reply sync_manifest(fettle_sim_board *board,
                                      const fettle_sim_request *request)
{
    fettle_sim_strict *strict = &board->strict;
    if (strict->is_manifesting) {
        strict->is_manifesting = false;
        strict->state = DFU_IDLE;
        return answer_status(board, request->control, 0);
    }
    if (fettle_sim_option_of(board, OPTION_REBOOTS) == REBOOTS_YES) {
        return reboot(board, request->now);
    }
    strict->is_manifesting = true;
    return stay_busy(board, request, DFU_MANIFEST,
                     fettle_sim_ms_of(board, OPTION_MANIFEST_POLL));
}

/* ---- upload ---- */

static fettle_sim_reply obey_upload(fettle_sim_board *board, const fettle_control *control)
{
    fettle_sim_strict *strict = &board->strict;
    bool is_first = strict->state == DFU_IDLE;
    uint16_t expected = is_first ? 0 : strict->block_number;
    if ((!is_first && strict->state != DFU_UPLOAD_IDLE) || !has(board, OPTION_UPLOAD) ||
        control->wLength == 0 || control->wLength > strict->block_limit ||
        control->wValue != expected || control->in == NULL) {
        return refuse(board);
    }
    if (is_first) {
        strict->offset = 0;
    }
    strict->block_number = (uint16_t)(control->wValue + 1);
    fettle_sim_reply reply =
        fettle_sim_answer(control, memory_of(board) + strict->offset,
                          board->memory_size - strict->offset, control->wLength);
    strict->offset += (uint32_t)reply.count;
    strict->state = reply.count < control->wLength ? DFU_IDLE : DFU_UPLOAD_IDLE;
    return reply;
}

/* ---- the other requests ---- */

static fettle_sim_reply obey_getstatus(fettle_sim_board *board,
                                       const fettle_sim_request *request)
{
    if (request->control->wLength != 6) {
        return refuse(board);
    }
    if (board->is_busy_forever) {
        return answer_status(board, request->control, fettle_sim_ms_of(board, OPTION_POLL));
    }
    switch (board->strict.state) {
    case DFU_DNLOAD_SYNC:
        return sync_download(board, request);
    case DFU_MANIFEST_SYNC:
        return sync_manifest(board, request);
    default:
        return answer_status(board, request->control, 0);
    }
}

static fettle_sim_reply obey_abort(fettle_sim_board *board)
{
    switch (board->strict.state) {
    case DFU_IDLE:
    case DFU_DNLOAD_SYNC:
    case DFU_DNLOAD_IDLE:
    case DFU_MANIFEST_SYNC:
    case DFU_UPLOAD_IDLE:
        board->strict.state = DFU_IDLE;
        board->strict.has_block = false;
        return obeyed();
    default:
        return refuse(board);
    }
}

static fettle_sim_reply obey_clrstatus(fettle_sim_board *board)
{
    if (board->strict.state != DFU_ERROR) {
        return refuse(board);
    }
    board->strict.state = DFU_IDLE;
    board->strict.status = STATUS_OK;
    return obeyed();
}

/* Is it too early for anything but GETSTATE? `came` may lie before an end that is over by now. */
static bool is_too_early(const fettle_sim_board *board, const fettle_sim_request *request)
{
    uint8_t state = board->strict.state;
    return state == DFU_DNBUSY || state == DFU_MANIFEST ||
           request->came < board->strict.busy_ends;
}

static fettle_sim_reply obey_update(fettle_sim_board *board,
                                    const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    if (control->wIndex != 0) {
        return (fettle_sim_reply){.kind = FETTLE_STALL, .is_violation = true};
    }
    if (control->bRequest == GETSTATE) {
        uint8_t state = board->is_busy_forever ? DFU_DNBUSY : board->strict.state;
        return control->wLength == 1 ? fettle_sim_answer(control, &state, 1, 1)
                                     : refuse(board);
    }
    if (is_too_early(board, request)) {
        return refuse(board);
    }
    switch (control->bRequest) {
    case DNLOAD:
        return obey_dnload(board, request);
    case UPLOAD:
        return obey_upload(board, control);
    case GETSTATUS:
        return obey_getstatus(board, request);
    case CLRSTATUS:
        return obey_clrstatus(board);
    case ABORT:
        return obey_abort(board);
    default:
        return refuse(board);
    }
}

/* ---- while the application runs ---- */

static fettle_sim_reply obey_detach(fettle_sim_board *board,
                                    const fettle_sim_request *request)
{
    fettle_sim_strict *strict = &board->strict;
    uint64_t timeout_ms = fettle_sim_option_of(board, OPTION_DETACH_TIMEOUT);
    uint16_t asked_ms = request->control->wValue;
    timeout_ms = asked_ms < timeout_ms ? asked_ms : timeout_ms;
    switch (fettle_sim_option_of(board, OPTION_DETACH)) {
    case DETACH_NO:
        return fettle_sim_say(FETTLE_STALL);
    case DETACH_RESET:
        strict->state = APP_DETACH;
        board->timer_at = request->now + timeout_ms * 1000;
        return obeyed();
    default:
        strict->state = APP_DETACH;
        board->leaves_at = request->now + fettle_sim_ms_of(board, OPTION_LINGER);
        board->leaves_to = START_UPDATE;
        return obeyed();
    }
}

static fettle_sim_reply obey_app(fettle_sim_board *board, const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    fettle_sim_strict *strict = &board->strict;
    if (control->wIndex != FETTLE_SIM_STRICT_APP_INTERFACE) {
        return fettle_sim_say(FETTLE_STALL);
    }
    switch (control->bRequest) {
    case GETSTATUS:
        return control->wLength == 6 ? answer_status(board, control, 0) : refuse(board);
    case GETSTATE:
        return fettle_sim_answer(control, &strict->state, 1, 1);
    case DETACH:
        if (strict->state == APP_IDLE) {
            return obey_detach(board, request);
        }
        break;
    default:
        break;
    }
    if (board->leaves_at == FETTLE_NEVER) {
        strict->state = APP_IDLE; /* appDETACH is given up by any other request */
        board->timer_at = FETTLE_NEVER;
    }
    return refuse(board);
}

static fettle_sim_reply obey(fettle_sim_board *board, const fettle_sim_request *request)
{
    if ((request->control->bmRequestType & 0x7f) != 0x21) {
        return fettle_sim_strict_obey_standard(board, request->control);
    }
    static const bool is_in[] = {false, false, true, true, false, true, false};
    bool wants_in = (request->control->bmRequestType & 0x80) != 0;
    uint8_t bRequest = request->control->bRequest;
    if (bRequest >= sizeof is_in / sizeof is_in[0] || is_in[bRequest] != wants_in) {
        return refuse(board);
    }
    return board->shows == FETTLE_SIM_SHOWS_APP ? obey_app(board, request)
                                                : obey_update(board, request);
}

/* A device that stalls is in dfuERROR; but one that stalls GETSTATUS is only deaf. */
static void on_stall(fettle_sim_board *board, const fettle_control *control)
{
    if (board->shows == FETTLE_SIM_SHOWS_UPDATE && control->bRequest != GETSTATUS) {
        enter_error(&board->strict, ERR_STALLEDPKT);
    }
}

static fettle_outcome_kind select_interface(fettle_sim_board *board, uint8_t interface,
                                            uint8_t alternate)
{
    bool is_app = board->shows == FETTLE_SIM_SHOWS_APP;
    uint64_t alternates = is_app ? 1 : fettle_sim_option_of(board, OPTION_ALTERNATES);
    uint64_t interfaces = is_app ? 2 : 1;
    if (interface >= interfaces || alternate >= alternates) {
        return FETTLE_STALL;
    }
    if (!is_app) {
        board->strict.alternate = alternate;
    }
    return FETTLE_OK;
}

static fettle_outcome_kind reset(fettle_sim_board *board, fettle_us at)
{
    fettle_sim_strict *strict = &board->strict;
    if (board->shows == FETTLE_SIM_SHOWS_APP) {
        bool enters = strict->state == APP_DETACH && board->leaves_at == FETTLE_NEVER;
        if (enters) {
            fettle_sim_restart(board, at, START_UPDATE);
        }
        return enters ? FETTLE_GONE : FETTLE_OK;
    }
    bool starts_anew =
        strict->state == DFU_MANIFEST || strict->state == DFU_MANIFEST_WAIT_RESET;
    bool shows_app = fettle_sim_strict_has_app(board) && strict->is_bootable;
    if (starts_anew || shows_app || stays_away(board)) {
        fettle_sim_restart(board, at, START_BOOT);
        return FETTLE_GONE;
    }
    board->timer_at = FETTLE_NEVER;
    start(board, START_UPDATE, at);
    return FETTLE_OK;
}

const fettle_sim_board_ops fettle_sim_strict_ops = {
    .init = init,
    .is_bootable = is_bootable,
    .needs_button = needs_button,
    .start = start,
    .on_timer = on_timer,
    .describe = fettle_sim_strict_describe,
    .obey = obey,
    .on_stall = on_stall,
    .select = select_interface,
    .reset = reset,
};
