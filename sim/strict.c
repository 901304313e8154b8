/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device as USB DFU 1.1 wants it: the state table of its appendix A, enforced. Whoever asks what
 * must not be asked now gets a STALL, finds dfuERROR with errSTALLEDPKT, and has a "violation" in
 * the log.
 *
 * A block is taken by DNLOAD and written when GETSTATUS asks for it (dfuDNLOAD-SYNC); flash then
 * takes exactly the bwPollTimeout that was announced. Blocks follow each other in memory whatever
 * their length; their numbers must count up from 0, and none but the last may be shorter than a
 * packet. The application counts as bootable only when a manifestation has come to its end. GETSTATE is
 * answered in every state.
 *
 * Real devices differ, each in its own way: those ways are options, and a model is a set of them
 * (options.c). What a host must not do is in the log as a "violation" also where a device takes it.
 *
 * How the device comes into update mode and out of it is in strict_modes.c, what its descriptors say in
 * strict_face.c.
 */
#include "internal.h"

#include "base/bytes.h"
#include "strict.h"

#include <stdlib.h>
#include <string.h>

enum {
    DEFAULT_SIZE = 1024 * 1024,
    APPLICATION_MAX = 32768,
    PACKET_SIZE = 64, /* bMaxPacketSize0 */
};

static bool has(const fettle_sim_board *board, fettle_sim_option option)
{
    return fettle_sim_option_of(board, option) != 0;
}

static bool is_word(const fettle_sim_board *board, fettle_sim_option option, uint64_t word)
{
    return fettle_sim_option_of(board, option) == word;
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

static void end_manifestation(fettle_sim_board *board)
{
    fettle_sim_strict *strict = &board->strict;
    if (strict->manifest_status != STATUS_OK) {
        fettle_sim_strict_enter_error(strict, strict->manifest_status);
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

void fettle_sim_strict_enter_error(fettle_sim_strict *strict, uint8_t status)
{
    strict->state = DFU_ERROR;
    strict->status = status;
    strict->has_block = false;
}

fettle_sim_reply fettle_sim_strict_refuse(fettle_sim_board *board)
{
    fettle_sim_strict *strict = &board->strict;
    if (board->shows == FETTLE_SIM_SHOWS_UPDATE && strict->state != APP_IDLE &&
        strict->state != DFU_MANIFEST_WAIT_RESET) {
        board->timer_at = FETTLE_NEVER;
        strict->busy_ends = strict->deadline = 0;
        fettle_sim_strict_enter_error(strict, ERR_STALLEDPKT);
    }
    return (fettle_sim_reply){.kind = FETTLE_STALL, .is_violation = true};
}

fettle_sim_reply fettle_sim_strict_obeyed(void)
{
    return (fettle_sim_reply){.kind = FETTLE_OK, .changes = true};
}

/* Section 6.1.2: the state that the device is in after this answer. */
fettle_sim_reply fettle_sim_strict_answer_status(const fettle_sim_board *board,
                                                 const fettle_control *control,
                                                 fettle_us poll)
{
    const fettle_sim_strict *strict = &board->strict;
    poll = poll > 0 ? poll : fettle_sim_ms_of(board, OPTION_IDLE_POLL);
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

/* `poll` is what it says, `time` how long it really takes. */
static fettle_sim_reply stay_busy(fettle_sim_board *board,
                                  const fettle_sim_request *request, uint8_t state,
                                  fettle_us poll, fettle_us time)
{
    fettle_sim_strict *strict = &board->strict;
    strict->state = state;
    strict->poll = poll;
    strict->deadline = fettle_sim_after(request->now, poll);
    strict->busy_ends = fettle_sim_after(request->now, time);
    board->timer_at = strict->busy_ends;
    fettle_sim_count_busy(board, request->now, strict->busy_ends);
    return fettle_sim_strict_answer_status(board, request->control, poll);
}

/* ---- download ---- */

/* Only the last block may be: another one makes it a mistake. */
static bool was_too_short(const fettle_sim_strict *strict)
{
    uint32_t least = strict->block_limit < PACKET_SIZE ? strict->block_limit : PACKET_SIZE;
    return strict->block_size < least;
}

/* How often GETSTATUS says dfuDNBUSY before a block is done. */
static uint64_t rounds_of(const fettle_sim_board *board)
{
    uint64_t rounds = fettle_sim_option_of(board, OPTION_BUSY_ROUNDS);
    return rounds == 0 && has(board, OPTION_POLL) ? 1 : rounds;
}

static fettle_sim_reply take_block(fettle_sim_board *board,
                                   const fettle_sim_request *request)
{
    fettle_sim_strict *strict = &board->strict;
    const fettle_control *control = request->control;
    bool is_first = strict->state == DFU_IDLE;
    uint16_t expected = is_first ? 0 : strict->block_number;
    if (!has(board, OPTION_DOWNLOAD) || control->wLength > strict->block_limit ||
        control->wValue != expected || control->out == NULL ||
        (!is_first && was_too_short(strict))) {
        return fettle_sim_strict_refuse(board);
    }
    if (fettle_sim_option_of(board, OPTION_LOCKED) == strict->alternate) {
        fettle_sim_strict_enter_error(strict, ERR_WRITE);
        return (fettle_sim_reply){.kind = FETTLE_OK, .count = control->wLength};
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
    strict->rounds = rounds_of(board);
    strict->was_uploaded = false;
    strict->state = DFU_DNLOAD_SYNC;
    fettle_sim_reply reply = fettle_sim_strict_obeyed();
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
        return fettle_sim_strict_refuse(board);
    }
    strict->state = DFU_MANIFEST_SYNC;
    strict->manifest_status =
        request->hits.is[FAULT_STATUS] ? request->hits.status : STATUS_OK;
    strict->is_manifesting = false;
    if (reboots == REBOOTS_EARLY ||
        (reboots == REBOOTS_YES && request->hits.is[FAULT_LOSE_COMPLETION])) {
        return reboot(board, request->now);
    }
    return fettle_sim_strict_obeyed();
}

static fettle_sim_reply obey_dnload(fettle_sim_board *board,
                                    const fettle_sim_request *request)
{
    uint8_t state = board->strict.state;
    if (request->control->wLength == 0) {
        return take_end_marker(board, request);
    }
    return state == DFU_IDLE || state == DFU_DNLOAD_IDLE ? take_block(board, request)
                                                         : fettle_sim_strict_refuse(board);
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

/* One who stalls while it is busy says so once, and too little; the others once a round. */
static fettle_sim_reply stay_busy_with_block(fettle_sim_board *board,
                                             const fettle_sim_request *request)
{
    fettle_us poll = fettle_sim_ms_of(board, OPTION_POLL);
    uint64_t rounds = has(board, OPTION_STALLS_BUSY) ? board->strict.rounds : 1;
    board->strict.rounds -= rounds;
    return stay_busy(board, request, DFU_DNBUSY, poll, poll * rounds);
}

static fettle_sim_reply sync_download(fettle_sim_board *board,
                                      const fettle_sim_request *request)
{
    fettle_sim_strict *strict = &board->strict;
    fettle_sim_reply written = {.changes = false};
    bool was_waiting = strict->has_block;
    strict->has_block = false;
    if (was_waiting && strict->block_size > board->memory_size - strict->offset) {
        fettle_sim_strict_enter_error(strict, ERR_ADDRESS);
        return fettle_sim_strict_answer_status(board, request->control, 0);
    }
    if (was_waiting && strict->block_status == STATUS_OK) {
        write_block(board, &written);
    }
    fettle_sim_reply reply;
    if (strict->rounds > 0) {
        reply = stay_busy_with_block(board, request);
    } else if (strict->block_status != STATUS_OK) {
        fettle_sim_strict_enter_error(strict, strict->block_status);
        reply = fettle_sim_strict_answer_status(board, request->control, 0);
    } else {
        strict->state = DFU_DNLOAD_IDLE;
        reply = fettle_sim_strict_answer_status(board, request->control, 0);
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
        return fettle_sim_strict_answer_status(board, request->control, 0);
    }
    if (fettle_sim_option_of(board, OPTION_REBOOTS) == REBOOTS_YES) {
        return reboot(board, request->now);
    }
    strict->is_manifesting = true;
    fettle_us poll = fettle_sim_ms_of(board, OPTION_MANIFEST_POLL);
    return stay_busy(board, request, DFU_MANIFEST, poll, poll);
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
        return fettle_sim_strict_refuse(board);
    }
    if (is_first) {
        strict->offset = 0;
    }
    strict->block_number = (uint16_t)(control->wValue + 1);
    strict->was_uploaded = true;
    fettle_sim_reply reply =
        fettle_sim_answer(control, memory_of(board) + strict->offset,
                          board->memory_size - strict->offset, control->wLength);
    strict->offset += (uint32_t)reply.count;
    strict->state = reply.count < control->wLength ? DFU_IDLE : DFU_UPLOAD_IDLE;
    return reply;
}

/* ---- the other requests ---- */

static bool is_at_work(const fettle_sim_board *board)
{
    return board->strict.state == DFU_DNBUSY || board->strict.state == DFU_MANIFEST;
}

static fettle_sim_reply obey_getstatus(fettle_sim_board *board,
                                       const fettle_sim_request *request)
{
    if (request->control->wLength != 6) {
        return fettle_sim_strict_refuse(board);
    }
    if (board->is_busy_forever) {
        return fettle_sim_strict_answer_status(board, request->control,
                                               fettle_sim_ms_of(board, OPTION_POLL));
    }
    switch (board->strict.state) {
    case DFU_DNLOAD_SYNC:
        return sync_download(board, request);
    case DFU_MANIFEST_SYNC:
        return sync_manifest(board, request);
    case DFU_DNBUSY: /* asked too early, where that isn't stalled */
    case DFU_MANIFEST:
        return fettle_sim_strict_answer_status(board, request->control, board->strict.poll);
    default:
        return fettle_sim_strict_answer_status(board, request->control, 0);
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
        return fettle_sim_strict_obeyed();
    default:
        return fettle_sim_strict_refuse(board);
    }
}

static fettle_sim_reply obey_clrstatus(fettle_sim_board *board)
{
    fettle_sim_strict *strict = &board->strict;
    bool is_in_place = strict->state == DFU_ERROR;
    bool is_tolerated = is_word(board, OPTION_STRICT_CLRSTATUS, CLRSTATUS_ANYWHERE) &&
                        strict->state != DFU_MANIFEST_WAIT_RESET &&
                        strict->state != APP_IDLE;
    if (!is_in_place && !is_tolerated) {
        return fettle_sim_strict_refuse(board);
    }
    strict->state = DFU_IDLE;
    strict->status = STATUS_OK;
    strict->has_block = false;
    fettle_sim_reply reply = fettle_sim_strict_obeyed();
    reply.is_violation = !is_in_place;
    return reply;
}

/* Is it too early for anything but GETSTATE? `came` may lie before an end that is over by now. */
static bool is_too_early(const fettle_sim_board *board, const fettle_sim_request *request)
{
    return is_at_work(board) || request->came < board->strict.busy_ends;
}

/* What a device makes of that: most are strict. */
static fettle_sim_reply obey_early(fettle_sim_board *board,
                                   const fettle_sim_request *request)
{
    bool is_violation = request->came < board->strict.deadline;
    if (request->control->bRequest != GETSTATUS || request->control->wLength != 6) {
        return fettle_sim_strict_refuse(board);
    }
    if (has(board, OPTION_STALLS_BUSY)) {
        return (fettle_sim_reply){.kind = FETTLE_STALL, .is_violation = is_violation};
    }
    if (is_word(board, OPTION_EARLY_POLL, EARLY_POLL_STALLS)) {
        return fettle_sim_strict_refuse(board);
    }
    fettle_sim_reply reply = obey_getstatus(board, request);
    reply.is_violation = is_violation;
    return reply;
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
                                     : fettle_sim_strict_refuse(board);
    }
    if (is_too_early(board, request)) {
        return obey_early(board, request);
    }
    switch (control->bRequest) {
    case DETACH:
        return fettle_sim_strict_obey_detach(board, request->now);
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
        return fettle_sim_strict_refuse(board);
    }
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
        return fettle_sim_strict_refuse(board);
    }
    return board->shows == FETTLE_SIM_SHOWS_APP ? fettle_sim_strict_obey_app(board, request)
                                                : obey_update(board, request);
}

/* A device that stalls is in dfuERROR; but one that stalls GETSTATUS is only deaf. */
static void on_stall(fettle_sim_board *board, const fettle_control *control)
{
    if (board->shows == FETTLE_SIM_SHOWS_UPDATE && control->bRequest != GETSTATUS) {
        fettle_sim_strict_enter_error(&board->strict, ERR_STALLEDPKT);
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

const fettle_sim_board_ops fettle_sim_strict_ops = {
    .init = init,
    .is_bootable = is_bootable,
    .needs_button = fettle_sim_strict_needs_button,
    .start = fettle_sim_strict_start,
    .on_timer = on_timer,
    .describe = fettle_sim_strict_describe,
    .obey = obey,
    .on_stall = on_stall,
    .select = select_interface,
    .reset = fettle_sim_strict_reset,
};
