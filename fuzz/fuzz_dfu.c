/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole job over DFU, with the input in the place of the board. Under it lies a board that behaves:
 * where the input says 0, or has ended, that one answers. Every other byte spoils one effect: another
 * kind of outcome, performed or not before; another count; other bytes; another face on the bus.
 *
 *   byte 0     the row, what the board can do, and whether the input's last byte is repeated for ever
 *   byte 1     what is wanted: verb and wishes
 *   the rest   one effect after the other, see struct op
 *
 * Whatever is answered, the job ends, in bounded effects and time on the clock; no block is larger than
 * the board takes or lies outside of the file; a failure has words for it; and "read back" is only said
 * where since the last block was sent, every byte that counts was delivered equal to the file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "job/job.h"
#include "pycom/pycom.h"
#include "sim/sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MS     ((fettle_us)1000)
#define SECOND ((fettle_us)1000000)
#define HOUR   (3600 * SECOND)

enum {
    /* byte 0 */
    IS_SHIELD = 1 << 0,
    IS_TOLERANT = 1 << 1,
    WILL_DETACH = 1 << 2,
    NO_UPLOAD = 1 << 3,
    NO_DOWNLOAD = 1 << 4,
    STARTS_AS_APP = 1 << 5,
    HAS_POLL_TIME = 1 << 6,
    REPEATS = 1 << 7,

    /* byte 1 */
    VERB = 7, /* 0 to 3: UPDATE */
    STAYS = 1 << 3,
    NO_READING = 1 << 4,
    HAS_PERSON = 1 << 5,
    IS_DRY = 1 << 6,
    WAS_UNFINISHED = 1 << 7,

    /* a byte of the rest */
    KIND = 15, /* 0 to 6: as it should be */
    OP_OTHER_BYTES = 7,
    OP_TIMEOUT = 8,
    OP_STALL,
    OP_GONE,
    OP_CANCEL,
    OP_ERROR, /* the next byte says why */
    OP_COUNT, /* the next byte is the count, the ones after it the bytes */
    OP_FLIP,
    OP_SWALLOW, /* said to be done, and not done */
    IS_PERFORMED = 1 << 4,
    SHOWS_APP = 1 << 5,
    SHOWS_UPDATE = 1 << 6,

    MEMORY = 16384,
    PLAIN_SIZE = 300, /* of the file for a board that isn't a shield */
    BLOCK = 64,
    TIDY_EFFECTS = 16,
    EFFECTS_MAX = 400000,
};

/* What the input hasn't decided yet. */
struct input {
    const uint8_t *data;
    size_t size, used;
    uint8_t last;
    bool repeats;
};

/* The board that behaves, and what is known of its answers. */
struct board {
    fettle_usb_id app, update;
    uint8_t config;
    bool is_app, has_ended, ignores_abort;
    uint32_t arrival;
    uint8_t state, status;
    uint8_t memory[MEMORY];
    size_t size;
    fettle_sight sight;
};

struct fuzz {
    struct input input;
    struct board board;
    fettle_image *image;
    fettle_plan plan;
    fettle_job_engine job;
    fettle_task task;
    fettle_us now;
    bool was_cancelled;
    bool is_clumsy; /* the person presses nothing this time */
    unsigned tidy_effects;
    bool is_equal[MEMORY]; /* delivered since a block was sent, and as in the file */
    uint8_t content[MEMORY], buffer[MEMORY];
};

/* Assertions that stay on, however the fuzzer is built. */
static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static uint8_t next_byte(struct input *input)
{
    if (input->used < input->size) {
        input->last = input->data[input->used++];
        return input->last;
    }
    return input->repeats ? input->last : 0;
}

/* ---- the board that behaves ---- */

static void describe(struct board *board)
{
    bool is_app = board->is_app;
    fettle_usb_id id = is_app ? board->app : board->update;
    uint8_t attributes = (uint8_t)(((board->config & NO_DOWNLOAD) == 0 ? 1 : 0) |
                                   ((board->config & NO_UPLOAD) == 0 ? 2 : 0) |
                                   ((board->config & IS_TOLERANT) != 0 ? 4 : 0) |
                                   ((board->config & WILL_DETACH) != 0 ? 8 : 0));
    const uint8_t bytes[] = {
        18,
        1,
        0,
        2,
        0,
        0,
        0,
        64,
        (uint8_t)id.vendor,
        (uint8_t)(id.vendor >> 8),
        (uint8_t)id.product,
        (uint8_t)(id.product >> 8),
        0,
        1,
        0,
        0,
        0,
        1,
        9,
        2,
        27,
        0,
        1,
        1,
        0,
        0x80,
        50,
        9,
        4,
        0,
        0,
        0,
        0xFE,
        1,
        is_app ? 1 : 2,
        0,
        9,
        0x21,
        attributes,
        0xE8,
        3,
        BLOCK,
        0,
        0x10,
        1,
    };
    board->sight = (fettle_sight){
        .path = "usb:1-1",
        .arrival = board->arrival,
        .kind = FETTLE_LINK_USB,
        .id = id,
        .bcdDevice = 0x0100,
        .descriptors_size = sizeof bytes,
    };
    memcpy(board->sight.descriptors, bytes, sizeof bytes);
    if (is_app && (board->config & IS_SHIELD) != 0) { /* a serial port, and no more */
        board->sight.kind = FETTLE_LINK_SERIAL;
        board->sight.descriptors_size = 0;
    }
}

static void show(struct board *board, bool is_app)
{
    board->is_app = is_app;
    board->arrival++;
    board->state = is_app ? FETTLE_DFU_APP_IDLE : FETTLE_DFU_IDLE;
    board->status = 0;
    board->has_ended = false;
}

static size_t on_dnload(struct board *board, const fettle_control *control)
{
    size_t at = (size_t)control->wValue * BLOCK;
    if (control->wLength == 0) {
        board->has_ended = true;
        board->state = FETTLE_DFU_MANIFEST_SYNC;
        return 0;
    }
    for (size_t i = 0; i < control->wLength && at + i < board->size; i++) {
        board->memory[at + i] = control->out[i];
    }
    board->state = FETTLE_DFU_DNLOAD_SYNC;
    return control->wLength;
}

static size_t on_upload(struct board *board, const fettle_control *control)
{
    size_t at = (size_t)control->wValue * BLOCK;
    size_t left = at < board->size ? board->size - at : 0;
    size_t count = left < control->wLength ? left : control->wLength;
    memcpy(control->in, board->memory + at, count);
    if (!board->ignores_abort) {
        board->state = count < control->wLength ? FETTLE_DFU_IDLE : FETTLE_DFU_UPLOAD_IDLE;
    }
    return count;
}

static size_t on_getstatus(struct board *board, const fettle_control *control)
{
    const uint8_t poll = (board->config & HAS_POLL_TIME) != 0 ? 3 : 0;
    switch (board->state) {
    case FETTLE_DFU_DNLOAD_SYNC:
        board->state = poll > 0 ? FETTLE_DFU_DNBUSY : FETTLE_DFU_DNLOAD_IDLE;
        break;
    case FETTLE_DFU_DNBUSY:
        board->state = FETTLE_DFU_DNLOAD_IDLE;
        break;
    case FETTLE_DFU_MANIFEST_SYNC:
        board->state = (board->config & IS_TOLERANT) != 0 ? FETTLE_DFU_IDLE
                                                          : FETTLE_DFU_MANIFEST_WAIT_RESET;
        break;
    default:
        break;
    }
    const uint8_t answer[6] = {board->status, poll, 0, 0, board->state, 0};
    size_t count = control->wLength < sizeof answer ? control->wLength : sizeof answer;
    memcpy(control->in, answer, count);
    return count;
}

static fettle_outcome on_control(struct board *board, const fettle_control *control)
{
    fettle_outcome outcome = {.kind = FETTLE_OK};
    switch (control->bRequest) {
    case 0:
        if ((board->config & WILL_DETACH) != 0) {
            show(board, false);
        } else {
            board->state = FETTLE_DFU_APP_DETACH;
        }
        break;
    case 1:
        outcome.count = on_dnload(board, control);
        break;
    case 2:
        outcome.count = on_upload(board, control);
        break;
    case 3:
        outcome.count = on_getstatus(board, control);
        break;
    case 4:
    case 6:
        board->state = board->ignores_abort ? board->state : FETTLE_DFU_IDLE;
        board->status = 0;
        break;
    default:
        must(false); /* no other request is in the specification that an update needs */
    }
    return outcome;
}

static fettle_outcome on_reset(struct board *board)
{
    show(board, board->has_ended || board->state != FETTLE_DFU_APP_DETACH);
    return (fettle_outcome){.kind = FETTLE_GONE};
}

/* Only what a bus may do: a board that matches, or none until the deadline. */
static fettle_outcome on_open(struct fuzz *fuzz, const fettle_effect *effect)
{
    struct board *board = &fuzz->board;
    if (effect->ask == FETTLE_ASK_UPDATE_MODE && board->is_app && !fuzz->is_clumsy) {
        show(board, false);
    }
    if (board->has_ended && board->ignores_abort) {
        show(board, true); /* leaves by itself */
    }
    describe(board);
    if (fettle_match_face(&effect->open.match, &board->sight) == NULL) {
        fuzz->now = effect->until > fuzz->now ? effect->until : fuzz->now;
        return (fettle_outcome){.kind = FETTLE_TIMEOUT};
    }
    return (fettle_outcome){.kind = FETTLE_OK, .sight = &board->sight};
}

static fettle_outcome behave(struct fuzz *fuzz, const fettle_effect *effect)
{
    switch (effect->kind) {
    case FETTLE_EFFECT_OPEN:
        return on_open(fuzz, effect);
    case FETTLE_EFFECT_SLEEP:
        fuzz->now = effect->until > fuzz->now ? effect->until : fuzz->now;
        return (fettle_outcome){.kind = FETTLE_OK};
    case FETTLE_EFFECT_CONTROL:
        return on_control(&fuzz->board, &effect->control);
    case FETTLE_EFFECT_RESET:
        return on_reset(&fuzz->board);
    default:
        must(effect->kind == FETTLE_EFFECT_SELECT);
        return (fettle_outcome){.kind = FETTLE_OK};
    }
}

/* ---- what the input makes of it ---- */

static fettle_outcome other_count(struct fuzz *fuzz, const fettle_effect *effect)
{
    fettle_outcome outcome = {.kind = FETTLE_OK, .count = next_byte(&fuzz->input)};
    const fettle_control *control = &effect->control;
    if (effect->kind != FETTLE_EFFECT_CONTROL) {
        return behave(fuzz, effect);
    }
    outcome.count = outcome.count < control->wLength ? outcome.count : control->wLength;
    for (size_t i = 0; control->in != NULL && i < outcome.count; i++) {
        control->in[i] = next_byte(&fuzz->input);
    }
    return outcome;
}

static fettle_outcome other_bytes(struct fuzz *fuzz, const fettle_effect *effect,
                                  bool flips)
{
    fettle_outcome outcome = behave(fuzz, effect);
    if (effect->kind == FETTLE_EFFECT_CONTROL && effect->control.in != NULL) {
        for (size_t i = 0; i < outcome.count && i < (flips ? 1 : 6); i++) {
            effect->control.in[i] =
                flips ? effect->control.in[i] ^ 0x10 : next_byte(&fuzz->input);
        }
    }
    return outcome;
}

static fettle_outcome fail_with(struct fuzz *fuzz, const fettle_effect *effect,
                                fettle_outcome_kind kind, bool is_performed)
{
    if (is_performed) {
        (void)behave(fuzz, effect);
    }
    if (effect->kind == FETTLE_EFFECT_OPEN) {
        describe(&fuzz->board);
    }
    fettle_outcome outcome = {.kind = kind};
    if (kind == FETTLE_ERROR) {
        outcome.why = (fettle_why)(1 + next_byte(&fuzz->input) % FETTLE_WHY_SYSTEM);
        outcome.system = outcome.why == FETTLE_WHY_SYSTEM ? -71 : 0;
        outcome.count = outcome.why == FETTLE_WHY_SEVERAL ? 2 : 0;
        outcome.sight = effect->kind == FETTLE_EFFECT_OPEN ? &fuzz->board.sight : NULL;
    } else if (kind == FETTLE_TIMEOUT && effect->until > fuzz->now) {
        fuzz->now = effect->until;
    } else if (kind == FETTLE_CANCELLED) {
        fuzz->was_cancelled = true;
        fuzz->tidy_effects = TIDY_EFFECTS;
    }
    return outcome;
}

/* What never happens to this effect is left as it should be. */
static bool can_happen(const struct fuzz *fuzz, const fettle_effect *effect, unsigned kind)
{
    bool is_sleep = effect->kind == FETTLE_EFFECT_SLEEP;
    bool is_open = effect->kind == FETTLE_EFFECT_OPEN;
    switch (kind) {
    case OP_TIMEOUT:
        return !is_sleep;
    case OP_STALL:
    case OP_GONE:
        return !is_sleep && !is_open;
    case OP_ERROR:
        return !is_sleep;
    case OP_CANCEL:
        return !fuzz->was_cancelled; /* it is told once */
    default:
        return true;
    }
}

static fettle_outcome perform(struct fuzz *fuzz, const fettle_effect *effect)
{
    static const fettle_outcome_kind kinds[] = {FETTLE_TIMEOUT, FETTLE_STALL, FETTLE_GONE,
                                                FETTLE_CANCELLED, FETTLE_ERROR};
    uint8_t op = next_byte(&fuzz->input);
    unsigned kind = op & KIND;
    fuzz->now += MS;
    if (effect->kind == FETTLE_EFFECT_OPEN && (op & (SHOWS_APP | SHOWS_UPDATE)) != 0) {
        show(&fuzz->board, (op & SHOWS_APP) != 0);
    }
    fuzz->is_clumsy = (op & SHOWS_APP) != 0;
    if (!can_happen(fuzz, effect, kind)) {
        return behave(fuzz, effect);
    }
    switch (kind) {
    case OP_TIMEOUT:
    case OP_STALL:
    case OP_GONE:
    case OP_CANCEL:
    case OP_ERROR:
        return fail_with(fuzz, effect, kinds[kind - OP_TIMEOUT], (op & IS_PERFORMED) != 0);
    case OP_COUNT:
        return other_count(fuzz, effect);
    case OP_OTHER_BYTES:
    case OP_FLIP:
        return other_bytes(fuzz, effect, kind == OP_FLIP);
    case OP_SWALLOW:
        return effect->kind == FETTLE_EFFECT_CONTROL && effect->control.in == NULL
                   ? (fettle_outcome){.kind = FETTLE_OK, .count = effect->control.wLength}
                   : behave(fuzz, effect);
    default:
        return behave(fuzz, effect);
    }
}

/* ---- what must hold ---- */

/* Reads all that is sent, so that a sanitizer sees what lies outside of the file. */
static void check_effect(struct fuzz *fuzz, const fettle_effect *effect)
{
    const fettle_control *control = &effect->control;
    must(effect->until <= fuzz->now + HOUR);
    if (effect->kind != FETTLE_EFFECT_CONTROL) {
        return;
    }
    must((control->out == NULL || control->in == NULL) &&
         (control->wLength > 0) == (control->out != NULL || control->in != NULL));
    if (control->bRequest != 1) {
        return;
    }
    must(control->wLength <= fuzz->job.dfu.traits.transfer_size &&
         control->wLength <= BLOCK);
    if (control->wLength > 0) {
        size_t at = (size_t)control->wValue * fuzz->job.dfu.traits.transfer_size;
        must(at + control->wLength <= fuzz->plan.payload.size);
        must(memcmp(control->out, fuzz->content + at, control->wLength) == 0);
        memset(fuzz->is_equal, 0, sizeof fuzz->is_equal);
    }
}

static void note_delivered(struct fuzz *fuzz, const fettle_effect *effect,
                           const fettle_outcome *outcome)
{
    const fettle_control *control = &effect->control;
    if (effect->kind != FETTLE_EFFECT_CONTROL || control->bRequest != 2 ||
        outcome->kind != FETTLE_OK) {
        return;
    }
    size_t at = (size_t)control->wValue * control->wLength;
    for (size_t i = 0; i < control->wLength && at + i < fuzz->plan.payload.size; i++) {
        fuzz->is_equal[at + i] =
            i < outcome->count && control->in[i] == fuzz->content[at + i];
    }
}

static void check_failure(const fettle_error *error)
{
    must(error->code > FETTLE_E_NONE && error->code < FETTLE_E_COUNT);
    must(error->message[0] != '\0' &&
         memchr(error->message, '\0', sizeof error->message) != NULL);
    must(strchr(error->message, '{') == NULL && strchr(error->message, '\n') == NULL);
    must(error->hint != NULL && error->hint[0] != '\0' &&
         error->hint[strlen(error->hint) - 1] == '.');
}

static void check_success(const struct fuzz *fuzz)
{
    const fettle_job_engine *job = &fuzz->job;
    must(job->engine.error.code == FETTLE_E_NONE && job->end != FETTLE_JOB_OPEN);
    must(job->end == FETTLE_JOB_UPDATED ? job->has_written : true);
    if (job->evidence == FETTLE_EVIDENCE_READBACK) {
        for (size_t i = fuzz->plan.keeps_from; i < fuzz->plan.keeps_to; i++) {
            must(fuzz->is_equal[i]);
        }
    }
}

static void run(struct fuzz *fuzz)
{
    fettle_outcome outcome;
    const fettle_outcome *last = NULL;
    fettle_us latest = HOUR + fuzz->input.size * 130 * SECOND;
    for (unsigned effects = 0;; effects++) {
        fettle_effect effect = fettle_task_step(&fuzz->task, last, fuzz->now);
        if (effect.kind == FETTLE_EFFECT_DONE) {
            check_success(fuzz);
            return;
        }
        if (effect.kind == FETTLE_EFFECT_FAILED) {
            check_failure(&fuzz->job.engine.error);
            return;
        }
        if (fuzz->was_cancelled && fuzz->tidy_effects-- == 0) {
            return; /* the runner ends it here */
        }
        must(effects < EFFECTS_MAX && fuzz->now < latest);
        check_effect(fuzz, &effect);
        outcome = perform(fuzz, &effect);
        note_delivered(fuzz, &effect, &outcome);
        last = &outcome;
    }
}

/* ---- what is wanted ---- */

static bool make_plan(struct fuzz *fuzz, uint8_t wanted, fettle_error *err)
{
    static const fettle_task_kind kinds[] = {
        FETTLE_TASK_UPDATE, FETTLE_TASK_UPDATE, FETTLE_TASK_UPDATE, FETTLE_TASK_UPDATE,
        FETTLE_TASK_READ,   FETTLE_TASK_VERIFY, FETTLE_TASK_RESET,  FETTLE_TASK_SURVEY,
    };
    bool is_shield = (fuzz->board.config & IS_SHIELD) != 0;
    fettle_task_kind kind = kinds[wanted & VERB];
    bool has_image = kind == FETTLE_TASK_UPDATE || kind == FETTLE_TASK_VERIFY;
    fettle_plan_question question;
    fettle_plan_wishes wishes = {
        .kind = kind,
        .path = "usb:1-1",
        .revision = is_shield ? "1" : NULL,
        .wait = (wanted & HAS_PERSON) != 0 ? 60 * SECOND : 0,
        .may_read = (wanted & NO_READING) == 0,
        .stays = (wanted & STAYS) != 0,
        .is_dry = (wanted & IS_DRY) != 0,
        .was_unfinished = (wanted & WAS_UNFINISHED) != 0,
        .to = (wanted & STAYS) != 0 ? FETTLE_MODE_DFU : FETTLE_MODE_APP,
    };
    return fettle_plan_make(&fuzz->plan, has_image ? fuzz->image : NULL,
                            is_shield ? &fettle_pycom_rows[0] : &fettle_board_generic,
                            is_shield ? &fettle_vendor_pycom : NULL, &wishes, &question,
                            err);
}

static void make_board(struct fuzz *fuzz, uint8_t config)
{
    struct board *board = &fuzz->board;
    bool is_shield = (config & IS_SHIELD) != 0;
    board->config = is_shield ? config & (uint8_t) ~(NO_UPLOAD | NO_DOWNLOAD) : config;
    board->ignores_abort = is_shield;
    board->app = is_shield ? fettle_board_id_in(&fettle_pycom_rows[0], FETTLE_MODE_APP)
                           : (fettle_usb_id){0x1d50, 0x6002};
    board->update = is_shield ? fettle_board_id_in(&fettle_pycom_rows[0], FETTLE_MODE_DFU)
                              : (fettle_usb_id){0x1d50, 0x6003};
    board->size = is_shield ? MEMORY : PLAIN_SIZE;
    if (is_shield) { /* only some rows differ: a run is short then */
        fettle_sim_make_shield_payload(fuzz->content, 5);
        memcpy(board->memory, fuzz->content, MEMORY);
        memset(board->memory + 0x0800, 0, 2 * BLOCK);
        memset(board->memory + 0x2000, 0, BLOCK);
    } else {
        for (size_t i = 0; i < PLAIN_SIZE; i++) {
            fuzz->content[i] = (uint8_t)(i * 7 + 1);
        }
    }
    show(board, (config & STARTS_AS_APP) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct fuzz *fuzz = calloc(1, sizeof *fuzz);
    must(fuzz != NULL);
    fettle_error err = {.code = FETTLE_E_NONE};
    fuzz->input = (struct input){
        .data = data + 2, .size = size - 2, .repeats = (data[0] & REPEATS) != 0};
    make_board(fuzz, data[0]);
    fuzz->image = fettle_image_new("fuzz.bin",
                                   (fettle_span){fuzz->content, fuzz->board.size}, 0, &err);
    must(fuzz->image != NULL);
    if (make_plan(fuzz, data[1], &err)) {
        fettle_job_engine_init(&fuzz->job, &fuzz->plan, fuzz->buffer, sizeof fuzz->buffer,
                               NULL);
        fettle_task_init(&fuzz->task, &fuzz->job.engine);
        run(fuzz);
    } else {
        check_failure(&err);
    }
    fettle_image_free(fuzz->image);
    free(fuzz);
    return 0;
}
