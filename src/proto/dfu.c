/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DFU engine. The specification draws a state diagram, so this is one: `in_flight` says which
 * request is on its way, `phase` what it is for, and the board's own state decides the rest in
 * on_status(). A board that is not in dfuIDLE at first is led back there by prepare() (section A.2),
 * whatever an earlier run has left behind.
 *
 * on_trouble() says what a lost or refused request means, and where. Before it fails the engine
 * tries to leave the board in dfuIDLE (fettle_dfu_stop()), and only then says why it failed.
 */
#include "proto/dfu_wire.h"

#include "base/bytes.h"

#include <assert.h>
#include <string.h>

/* ---- waiting for a busy board ---- */

/* A board that has erased long ago and says busy for ever: what its maker's own tool does then. */
static fettle_effect unstick(fettle_dfu *dfu, fettle_us now)
{
    dfu->unsticks++;
    return tidy(dfu, DFU_CLRSTATUS, now);
}

static fettle_effect on_unstick_status(fettle_dfu *dfu, fettle_us now)
{
    dfu->was_unstuck =
        dfu->bState == FETTLE_DFU_IDLE || dfu->bState == FETTLE_DFU_DNLOAD_IDLE;
    if (dfu->was_unstuck) {
        dfu->offset = dfu->image.size;
        return done(dfu);
    }
    return dfu->unsticks < UNSTICKS_MAX
               ? unstick(dfu, now)
               : fettle_dfu_refuse(dfu, FETTLE_E_BOARD_STAYS_BUSY, now);
}

/* Only these get stuck; a board that erases all of itself has reason to be busy for half a minute. */
static bool is_page_erase(const fettle_dfu *dfu)
{
    enum { PAGE_ERASE = 0x41, PAGE_ERASE_SIZE = 5 };
    return is_command(dfu) &&
           (dfu->phase == PREPARE ||
            (dfu->image.size == PAGE_ERASE_SIZE && dfu->image.data[0] == PAGE_ERASE));
}

static fettle_effect wait_poll(fettle_dfu *dfu, fettle_us now)
{
    if (dfu->polls++ == 0) {
        dfu->busy_since = now;
    }
    fettle_us time = poll_time(dfu);
    if (dfu->traits.clears_stuck_erase && is_page_erase(dfu) && dfu->unsticks == 0 &&
        now - dfu->busy_since > STUCK_TIME) {
        return unstick(dfu, now);
    }
    if (now - dfu->busy_since + time > BUSY_TIME) {
        return fettle_dfu_refuse(dfu, FETTLE_E_BOARD_STAYS_BUSY, now);
    }
    return time > 0 ? wait(dfu, WAITING, now + time) : get_status(dfu, now);
}

/* Until when the board must not be asked again, as far as the answer can be believed. */
static void note_poll_time(fettle_dfu *dfu, fettle_us now)
{
    fettle_us time = fettle_get24(dfu->status + 1) * MS;
    switch (dfu->bState) {
    case FETTLE_DFU_DNLOAD_SYNC:
    case FETTLE_DFU_DNBUSY:
    case FETTLE_DFU_MANIFEST_SYNC:
    case FETTLE_DFU_MANIFEST:
        dfu->poll_until = now + time;
        break;
    default: /* in rest there is nothing to wait for; no state at all: a little */
        dfu->poll_until =
            dfu->bState <= FETTLE_DFU_ERROR ? 0 : now + (time < ODD_TIME ? time : ODD_TIME);
        break;
    }
}

/* ---- compare and upload ---- */

/* Always a full block: some boards send one whatever wLength says. */
static fettle_effect read_block(fettle_dfu *dfu, fettle_us now)
{
    return request_in(dfu, READING_BLOCK, DFU_UPLOAD, block_number(dfu), dfu->block,
                      dfu->traits.transfer_size, now + REQUEST_TIME);
}

/* A block that isn't full has ended the upload; the board is in dfuIDLE then (section 6.2). */
static void note_upload_state(fettle_dfu *dfu, size_t count)
{
    if (dfu->bState != FETTLE_DFU_DNLOAD_IDLE) {
        dfu->bState =
            count < dfu->traits.transfer_size ? FETTLE_DFU_IDLE : FETTLE_DFU_UPLOAD_IDLE;
    }
}

static void mark_difference(fettle_dfu *dfu, size_t size)
{
    fettle_dfu_difference *difference = &dfu->difference;
    uint32_t block = block_index(dfu);
    if (block < FETTLE_DFU_TRACKED_BLOCKS) {
        difference->blocks[block / 8] |= (uint8_t)(1u << block % 8);
    }
    if (dfu->offset < dfu->keeps_to && dfu->offset + size > dfu->keeps_from) {
        difference->first = difference->count == 0 ? block : difference->first;
        difference->count++;
    }
}

/* The board ended it before the content did: what wasn't read is not known to be right. */
static fettle_effect end_compare_early(fettle_dfu *dfu)
{
    while (dfu->offset < dfu->image.size) {
        size_t size = block_size(dfu, dfu->image.size);
        mark_difference(dfu, size);
        dfu->offset += size;
    }
    return done(dfu);
}

static fettle_effect on_compared_block(fettle_dfu *dfu, size_t count, fettle_us now)
{
    size_t size = block_size(dfu, dfu->image.size);
    note_upload_state(dfu, count);
    if (count < size) {
        return end_compare_early(dfu);
    }
    if (memcmp(dfu->block, dfu->image.data + dfu->offset, size) != 0) {
        mark_difference(dfu, size);
    }
    if (dfu->difference.count > 0 && !dfu->reads_all) {
        return done(dfu);
    }
    dfu->offset += size;
    dfu->engine.done += (uint32_t)size;
    return dfu->offset < dfu->image.size ? read_block(dfu, now) : done(dfu);
}

static fettle_effect on_uploaded_block(fettle_dfu *dfu, size_t count, fettle_us now)
{
    size_t room = dfu->buffer_size - dfu->offset;
    size_t taken = count < room ? count : room;
    note_upload_state(dfu, count);
    memcpy(dfu->buffer + dfu->offset, dfu->block, taken);
    dfu->offset += taken;
    dfu->count = dfu->offset;
    dfu->engine.done += (uint32_t)taken;
    bool is_over = count < dfu->traits.transfer_size || dfu->offset == dfu->buffer_size;
    return is_over ? done(dfu) : read_block(dfu, now);
}

/* ---- download ---- */

static bool is_wanted(const fettle_dfu *dfu, uint32_t block)
{
    return dfu->only == NULL || (dfu->only->blocks[block / 8] >> block % 8 & 1) != 0;
}

static fettle_effect send_block(fettle_dfu *dfu, fettle_us now)
{
    while (dfu->offset < dfu->image.size && !is_wanted(dfu, block_index(dfu))) {
        dfu->engine.done += (uint32_t)block_size(dfu, dfu->image.size);
        dfu->offset += block_size(dfu, dfu->image.size);
    }
    if (dfu->offset == dfu->image.size) {
        return done(dfu);
    }
    dfu->polls = dfu->oddities = 0;
    fettle_span block = {dfu->image.data + dfu->offset, block_size(dfu, dfu->image.size)};
    fettle_us time = dfu->offset == 0 && !dfu->joins ? FIRST_BLOCK_TIME : REQUEST_TIME;
    return request(dfu, SENDING_BLOCK, DFU_DNLOAD, block_number(dfu), block, now + time);
}

static fettle_effect on_block_taken(fettle_dfu *dfu, fettle_us now)
{
    size_t size = block_size(dfu, dfu->image.size);
    dfu->offset += size;
    dfu->engine.done += (uint32_t)size;
    return send_block(dfu, now);
}

/* ---- the end ---- */

/* Zero length: "no more" (section 6.1.1). */
static fettle_effect send_end(fettle_dfu *dfu, fettle_us now)
{
    dfu->polls = dfu->oddities = 0;
    return request(dfu, SENDING_END, DFU_DNLOAD, block_number(dfu), (fettle_span){0},
                   now + REQUEST_TIME);
}

/*
 * Stalled, and the board names no reason. Small loaders do that to an end marker that follows too
 * closely on the answer before it; once more after a pause, then it counts as lost.
 */
static fettle_effect on_end_stalled(fettle_dfu *dfu, fettle_us now)
{
    if (++dfu->end_tries < END_TRIES_MAX) {
        return wait(dfu, PAUSING, now + END_PAUSE);
    }
    dfu->lost_completion = true;
    return done(dfu);
}

static fettle_effect on_finish_status(fettle_dfu *dfu, fettle_us now)
{
    switch (dfu->bState) {
    case FETTLE_DFU_MANIFEST_SYNC:
    case FETTLE_DFU_MANIFEST:
        if (dfu->traits.ends_at_manifest) {
            return done(dfu);
        }
        return wait_poll(dfu, now);
    case FETTLE_DFU_DNLOAD_SYNC: /* seen on loaders that still program the last block */
    case FETTLE_DFU_DNBUSY:
        return wait_poll(dfu, now);
    case FETTLE_DFU_IDLE:
    case FETTLE_DFU_MANIFEST_WAIT_RESET:
        if (!dfu->end_was_taken) { /* it never took the end: nothing is proven by being in rest */
            dfu->lost_completion = true;
            return done(dfu);
        }
        dfu->was_manifested = dfu->polls > 0 ||
                              dfu->bState == FETTLE_DFU_MANIFEST_WAIT_RESET ||
                              dfu->traits.is_tolerant;
        return done(dfu);
    case FETTLE_DFU_DNLOAD_IDLE:
        return on_end_stalled(dfu, now); /* it hasn't taken the end */
    default:
        return fettle_dfu_refuse(dfu, FETTLE_E_BOARD_REFUSED, now);
    }
}

/* ---- the way back to dfuIDLE ---- */

static fettle_effect begin(fettle_dfu *dfu, fettle_us now)
{
    dfu->phase = dfu->purpose;
    dfu->polls = dfu->oddities = dfu->unsticks = 0;
    switch (dfu->phase) {
    case COMPARE:
    case READ:
        return read_block(dfu, now);
    case WRITE:
        return send_block(dfu, now);
    case SETTLE:
        return done(dfu);
    default:
        return send_end(dfu, now);
    }
}

/*
 * May the work begin although a download is open? A board on which a block is a place takes it up
 * wherever it was left; one that can be read meanwhile needs no end either. And the end marker is
 * what ends a download.
 */
static bool may_join_download(const fettle_dfu *dfu)
{
    switch (dfu->purpose) {
    case FINISH:
        return true;
    case WRITE:
        return dfu->joins || (dfu->traits.block_is_place && dfu->traits.ignores_abort);
    case SETTLE:
        return false;
    default:
        return dfu->traits.reads_in_download;
    }
}

/*
 * Where nothing else ends it. A DfuSe loader forgets with a reset where its blocks belong: what was begun there
 * can't go on.
 */
static fettle_effect reset_or_refuse(fettle_dfu *dfu, fettle_us now)
{
    bool needs_address = dfu->traits.ends_at_manifest && dfu->first_block > 0;
    return needs_address ? fettle_dfu_refuse(dfu, FETTLE_E_BOARD_REFUSED, now)
                         : reset(dfu, now);
}

/* ABORT; where that changes nothing, an end marker; where that doesn't either, a reset. */
static fettle_effect free_download(fettle_dfu *dfu, fettle_us now)
{
    dfu->was_cut_off = !dfu->joins;
    if (dfu->recoveries <= 2 && !dfu->traits.ignores_abort) {
        return tidy(dfu, DFU_ABORT, now);
    }
    if (!dfu->has_freed &&
        dfu->purpose == WRITE) { /* what is there is about to be replaced */
        dfu->has_freed = true;
        return tidy(dfu, DFU_DNLOAD, now);
    }
    return reset_or_refuse(dfu, now);
}

static fettle_effect prepare(fettle_dfu *dfu, fettle_us now)
{
    switch (dfu->bState) {
    case FETTLE_DFU_IDLE: /* without a download there is nothing to finish, and no end to send */
        return dfu->purpose == FINISH ? done(dfu) : begin(dfu, now);
    case FETTLE_DFU_DNLOAD_SYNC:
    case FETTLE_DFU_DNBUSY:
    case FETTLE_DFU_MANIFEST_SYNC:
    case FETTLE_DFU_MANIFEST:
        return wait_poll(dfu, now);
    case FETTLE_DFU_DNLOAD_IDLE:
        if (may_join_download(dfu)) {
            return begin(dfu, now);
        }
        break;
    case FETTLE_DFU_UPLOAD_IDLE:
        if (dfu->purpose == READ && dfu->joins) {
            return begin(dfu, now);
        }
        break;
    case FETTLE_DFU_APP_IDLE:
    case FETTLE_DFU_APP_DETACH:
        return fettle_dfu_refuse(dfu, FETTLE_E_BOARD_REFUSED, now);
    default:
        break;
    }
    if (dfu->recoveries++ == RECOVERIES_MAX) {
        return fettle_dfu_refuse(dfu, FETTLE_E_BOARD_REFUSED, now);
    }
    switch (dfu->bState) {
    case FETTLE_DFU_DNLOAD_IDLE:
        return free_download(dfu, now);
    case FETTLE_DFU_UPLOAD_IDLE:
        return tidy(dfu, DFU_ABORT, now);
    case FETTLE_DFU_MANIFEST_WAIT_RESET:
        return reset_or_refuse(dfu, now);
    case FETTLE_DFU_ERROR:
        return tidy(dfu, DFU_CLRSTATUS, now);
    default: /* no state at all: ask again, and see */
        return wait(dfu, WAITING, dfu->poll_until > now + MS ? dfu->poll_until : now + MS);
    }
}

/* ---- the heart ---- */

static fettle_effect on_write_status(fettle_dfu *dfu, fettle_us now)
{
    switch (dfu->bState) {
    case FETTLE_DFU_DNLOAD_SYNC:
    case FETTLE_DFU_DNBUSY:
        return wait_poll(dfu, now);
    case FETTLE_DFU_DNLOAD_IDLE:
        return on_block_taken(dfu, now);
    default:
        return fettle_dfu_refuse(dfu, FETTLE_E_BOARD_REFUSED, now);
    }
}

static fettle_effect on_status(fettle_dfu *dfu, fettle_us now)
{
    dfu->bStatus = dfu->status[0];
    dfu->bState = dfu->status[4];
    note_poll_time(dfu, now);
    if (dfu->phase == SURVEY) {
        return done(dfu);
    }
    if (dfu->phase == PREPARE) {
        return prepare(dfu,
                       now); /* also out of dfuERROR: what greets us is not our fault */
    }
    if (dfu->unsticks > 0) {
        return on_unstick_status(dfu, now);
    }
    if (dfu->was_stalled && dfu->bStatus == FETTLE_DFU_STATUS_OK) {
        return fettle_dfu_refuse_answer(dfu, "the board refused this, and names no reason",
                                        now);
    }
    if (!is_state_known(dfu) && dfu->oddities++ < ODDITIES_MAX) {
        fettle_us time = dfu->poll_until > now ? dfu->poll_until - now : MS;
        return wait(dfu, WAITING, now + (time < ODD_TIME ? time : ODD_TIME));
    }
    if (dfu->bStatus != FETTLE_DFU_STATUS_OK || dfu->bState == FETTLE_DFU_ERROR) {
        return fettle_dfu_refuse(
            dfu, dfu->phase == FINISH ? FETTLE_E_FIRMWARE_REFUSED : FETTLE_E_BOARD_REFUSED,
            now);
    }
    if (dfu->phase == WRITE) {
        return on_write_status(dfu, now);
    }
    if (dfu->phase == FINISH) {
        return on_finish_status(dfu, now);
    }
    return fettle_dfu_refuse(dfu, FETTLE_E_BOARD_REFUSED,
                             now); /* asked why a block can't be read */
}

/* ---- trouble ---- */

/* The end was sent: every block was taken. Not a failure yet; the caller will look. */
static fettle_effect on_finish_trouble(fettle_dfu *dfu, const fettle_outcome *last,
                                       fettle_us now)
{
    if (last->kind == FETTLE_CANCELLED) {
        return fettle_dfu_fail_and_stop(dfu, last, now);
    }
    if (last->kind == FETTLE_STALL && dfu->in_flight == SENDING_END) {
        return get_status(dfu, now); /* a refusal: the board knows why */
    }
    dfu->lost_completion = true;
    dfu->has_left = last->kind == FETTLE_GONE;
    dfu->bState = FETTLE_DFU_STATE_UNKNOWN;
    return done(dfu);
}

/*
 * Some loaders in ROM stall GETSTATUS while they erase or write, instead of saying busy. A board that
 * holds the stall against us says so when it is asked again: it is in dfuERROR then.
 */
static bool stalls_while_busy(const fettle_dfu *dfu)
{
    return dfu->phase == WRITE && dfu->in_flight == ASKING && dfu->polls > 0 &&
           (dfu->bState == FETTLE_DFU_DNLOAD_SYNC || dfu->bState == FETTLE_DFU_DNBUSY);
}

static fettle_effect on_trouble(fettle_dfu *dfu, const fettle_outcome *last, fettle_us now)
{
    bool is_stall = last->kind == FETTLE_STALL;
    bool is_end = last->kind == FETTLE_GONE || last->kind == FETTLE_CANCELLED;
    if (is_stall && stalls_while_busy(dfu)) {
        return wait_poll(dfu, now);
    }
    bool was_leaving = dfu->bState == FETTLE_DFU_MANIFEST_SYNC ||
                       dfu->bState == FETTLE_DFU_MANIFEST ||
                       dfu->bState == FETTLE_DFU_MANIFEST_WAIT_RESET;
    dfu->bState = FETTLE_DFU_STATE_UNKNOWN;

    switch (dfu->phase) {
    case SURVEY:
        if (is_stall && dfu->in_flight == ASKING) {
            dfu->was_refused = true;
            return done(dfu);
        }
        return fettle_dfu_fail(dfu, last);
    case DETACH: /* many boards are gone before they have answered */
        if (last->kind == FETTLE_CANCELLED) {
            return fettle_dfu_fail(dfu, last);
        }
        dfu->was_refused = is_stall && dfu->in_flight == DETACHING;
        return dfu->in_flight == DETACHING && !is_stall && !is_end &&
                       !dfu->traits.will_detach
                   ? reset(dfu,
                           now) /* it may have heard it; the reset is what it waits for */
                   : done(dfu);
    case LEAVE:
        if (dfu->in_flight == READING_BLOCK && !is_end) {
            return reset(dfu, now); /* what it read doesn't matter */
        }
        dfu->has_left = last->kind == FETTLE_GONE;
        return last->kind == FETTLE_CANCELLED ? fettle_dfu_fail(dfu, last) : done(dfu);
    case FINISH:
        return on_finish_trouble(dfu, last, now);
    case WRITE:
        if (dfu->unsticks > 0 && dfu->in_flight == TIDYING && !is_end) {
            return get_status(dfu, now);
        }
        if (is_stall && dfu->in_flight != ASKING) {
            dfu->was_stalled = true;
            return get_status(dfu, now); /* the board knows why */
        }
        break;
    case PREPARE: /* what tidies up need not be answered, only have its effect */
        if (dfu->in_flight == TIDYING && !is_end) {
            return get_status(dfu, now);
        }
        dfu->has_left =
            last->kind == FETTLE_GONE && (dfu->in_flight == RESETTING || was_leaving);
        break;
    default:
        if (is_stall && dfu->in_flight != ASKING) {
            dfu->was_stalled = true;
            return get_status(dfu, now); /* the board knows why */
        }
        break;
    }
    return last->kind == FETTLE_GONE ? fettle_dfu_fail(dfu, last)
                                     : fettle_dfu_fail_and_stop(dfu, last, now);
}

/* ---- the engine ---- */

/* The board is selected, or needs not be. A state that is known from before isn't asked again. */
static fettle_effect on_ready(fettle_dfu *dfu, fettle_us now)
{
    if (dfu->phase == DETACH) {
        uint16_t time = dfu->traits.wDetachTimeOut;
        fettle_effect effect = request(dfu, DETACHING, DFU_DETACH,
                                       time < DETACH_TIME_MAX ? time : DETACH_TIME_MAX,
                                       (fettle_span){0}, now + REQUEST_TIME);
        effect.control.wIndex |= dfu->traits.force_detach ? FORCE_DETACH : 0;
        return effect;
    }
    if (dfu->phase == PREPARE && dfu->bState != FETTLE_DFU_STATE_UNKNOWN) {
        return prepare(dfu, now);
    }
    return get_status(dfu, now);
}

static fettle_effect start(fettle_dfu *dfu, fettle_us now)
{
    if (dfu->phase == LEAVE) {
        return dfu->traits.reads_before_leaving ? read_block(dfu, now) : reset(dfu, now);
    }
    if (!dfu->traits.needs_select || dfu->is_select_done) {
        return on_ready(dfu, now);
    }
    dfu->in_flight = SELECTING;
    return (fettle_effect){.kind = FETTLE_EFFECT_SELECT,
                           .until = now + REQUEST_TIME,
                           .select = {dfu->traits.interface, dfu->traits.alternate}};
}

static fettle_effect on_reset(fettle_dfu *dfu, fettle_us now)
{
    if (dfu->phase != PREPARE) {
        return done(dfu);
    }
    dfu->bState = FETTLE_DFU_STATE_UNKNOWN; /* and alternate setting 0 is active again */
    dfu->is_select_done = false;
    dfu->traits.needs_select = dfu->traits.alternate != 0 && !dfu->traits.never_select;
    return start(dfu, now);
}

static fettle_effect step(fettle_engine *engine, const fettle_outcome *last, fettle_us now)
{
    fettle_dfu *dfu = (fettle_dfu *)engine;

    assert((dfu->in_flight == NOTHING) == (last == NULL));
    if (last == NULL) {
        return start(dfu, now);
    }
    if (dfu->in_flight >= STOP_ASKING) {
        return fettle_dfu_on_stop(dfu, last, now);
    }
    if (last->kind != FETTLE_OK) {
        return on_trouble(dfu, last, now);
    }
    switch ((enum in_flight)dfu->in_flight) {
    case SELECTING:
        dfu->is_select_done = true;
        return on_ready(dfu, now);
    case ASKING:
        if (last->count == sizeof dfu->status) {
            return on_status(dfu, now);
        }
        dfu->bState = FETTLE_DFU_STATE_UNKNOWN; /* never "keep what was there" */
        return fettle_dfu_refuse_answer(dfu, "the answer to GETSTATUS has not its 6 bytes",
                                        now);
    case READING_BLOCK:
        if (dfu->phase == LEAVE) {
            return reset(dfu, now);
        }
        if (last->count > dfu->traits.transfer_size) {
            return fettle_dfu_refuse_answer(dfu, "more bytes came than were asked for",
                                            now);
        }
        return dfu->phase == READ ? on_uploaded_block(dfu, last->count, now)
                                  : on_compared_block(dfu, last->count, now);
    case DETACHING:
        return dfu->traits.will_detach ? done(dfu) : reset(dfu, now);
    case RESETTING:
        return on_reset(dfu, now);
    case PAUSING:
        return send_end(dfu, now);
    case SENDING_BLOCK:
        return last->count == block_size(dfu, dfu->image.size)
                   ? get_status(dfu, now)
                   : fettle_dfu_refuse_answer(dfu, "not all bytes of a block were taken",
                                              now);
    case SENDING_END:
        dfu->end_was_taken = true;
        return get_status(dfu, now);
    default: /* TIDYING, WAITING */
        return get_status(dfu, now);
    }
}

/* ---- verbs ---- */

void fettle_dfu_init(fettle_dfu *dfu, const fettle_dfu_traits *traits)
{
    assert(traits->transfer_size > 0);
    assert(traits->transfer_size <= FETTLE_DFU_TRANSFER_SIZE_MAX);
    memset(dfu, 0, sizeof *dfu);
    dfu->engine.step = step;
    dfu->traits = *traits;
    dfu->bState = FETTLE_DFU_STATE_UNKNOWN;
}

static fettle_engine *ready(fettle_dfu *dfu, enum phase phase, enum phase purpose,
                            size_t total)
{
    assert(dfu->engine.caller == NULL);
    dfu->engine = (fettle_engine){.step = step, .total = (uint32_t)total};
    dfu->phase = phase;
    dfu->purpose = purpose;
    dfu->in_flight = NOTHING;
    dfu->polls = dfu->recoveries = dfu->oddities = dfu->end_tries = dfu->stops = 0;
    dfu->reads_all = dfu->was_stalled = dfu->has_left = false;
    dfu->was_refused = dfu->lost_completion = dfu->was_manifested = dfu->was_cut_off =
        false;
    dfu->has_freed = dfu->end_was_taken = dfu->joins = dfu->was_unstuck = false;
    dfu->unsticks = 0;
    dfu->patience = 0;
    dfu->base = 0;
    dfu->first_block = 0;
    dfu->count = dfu->offset = dfu->keeps_from = dfu->keeps_to = 0;
    dfu->only = NULL;
    return &dfu->engine;
}

fettle_engine *fettle_dfu_survey(fettle_dfu *dfu)
{
    return ready(dfu, SURVEY, SURVEY, 0);
}

fettle_engine *fettle_dfu_detach(fettle_dfu *dfu)
{
    dfu->bState = FETTLE_DFU_STATE_UNKNOWN; /* by then */
    return ready(dfu, DETACH, DETACH, 0);
}

fettle_engine *fettle_dfu_compare(fettle_dfu *dfu, fettle_span content, size_t keeps_from,
                                  size_t keeps_to, bool all)
{
    assert(content.size > 0 && keeps_from < keeps_to && keeps_to <= content.size);
    (void)ready(dfu, PREPARE, COMPARE, content.size);
    dfu->image = content;
    dfu->keeps_from = keeps_from;
    dfu->keeps_to = keeps_to;
    memset(&dfu->difference, 0, sizeof dfu->difference);
    dfu->reads_all = all;
    return &dfu->engine;
}

fettle_engine *fettle_dfu_download(fettle_dfu *dfu, fettle_span content,
                                   const fettle_dfu_difference *only)
{
    size_t blocks = content.size / dfu->traits.transfer_size + 1;
    assert(content.size > 0); /* an empty download is a stall, section A.2.3 */
    (void)ready(dfu, PREPARE, WRITE, content.size);
    dfu->image = content;
    dfu->only =
        dfu->traits.block_is_place && blocks <= FETTLE_DFU_TRACKED_BLOCKS ? only : NULL;
    return &dfu->engine;
}

fettle_engine *fettle_dfu_finish(fettle_dfu *dfu, size_t content_size)
{
    size_t size = dfu->traits.transfer_size;
    (void)ready(dfu, PREPARE, FINISH, 0);
    dfu->offset =
        (content_size + size - 1) / size * size; /* the block after the last one */
    return &dfu->engine;
}

fettle_engine *fettle_dfu_upload(fettle_dfu *dfu, uint8_t *buffer, size_t size)
{
    assert(size > 0);
    (void)ready(dfu, PREPARE, READ, size);
    dfu->buffer = buffer;
    dfu->buffer_size = size;
    return &dfu->engine;
}

/* ---- what DfuSe is made of ---- */

fettle_engine *fettle_dfu_send(fettle_dfu *dfu, uint16_t first_block, fettle_span content,
                               uint32_t address, fettle_us patience)
{
    assert(content.size > 0);
    (void)ready(dfu, PREPARE, WRITE, content.size);
    dfu->image = content;
    dfu->first_block = first_block;
    dfu->base = address;
    dfu->patience = patience;
    dfu->joins = true;
    return &dfu->engine;
}

fettle_engine *fettle_dfu_receive(fettle_dfu *dfu, uint16_t first_block, uint8_t *buffer,
                                  size_t size, uint32_t address, bool joins)
{
    (void)fettle_dfu_upload(dfu, buffer, size);
    dfu->first_block = first_block;
    dfu->base = address;
    dfu->joins = joins;
    return &dfu->engine;
}

fettle_engine *fettle_dfu_idle(fettle_dfu *dfu)
{
    (void)ready(dfu, PREPARE, SETTLE, 0);
    dfu->joins = true; /* what is open is our own */
    return &dfu->engine;
}

void fettle_dfu_set_alternate(fettle_dfu *dfu, uint8_t alternate)
{
    if (dfu->traits.alternate != alternate && !dfu->traits.never_select) {
        dfu->traits.alternate = alternate;
        dfu->bState = FETTLE_DFU_STATE_UNKNOWN;
        dfu->traits.needs_select = true;
        dfu->is_select_done = false;
    }
}

fettle_engine *fettle_dfu_leave(fettle_dfu *dfu)
{
    dfu->bState = FETTLE_DFU_STATE_UNKNOWN; /* by then */
    return ready(dfu, LEAVE, LEAVE, 0);
}
