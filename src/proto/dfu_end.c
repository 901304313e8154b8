/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the DFU engine ends badly: the words for it, the board's own reason, and the way back to dfuIDLE where
 * the board lets us. dfu.c has the rest.
 */
#include "proto/dfu_wire.h"

#include "base/bytes.h"
#include "base/text.h"
#include "proto/names.h"

static fettle_words here(const fettle_dfu *dfu)
{
    return (fettle_words){.block = block_index(dfu), .address = address_of(dfu)};
}

static void mark_here(fettle_dfu *dfu)
{
    dfu->engine.error.has_address = true;
    dfu->engine.error.address = address_of(dfu);
}

/* ---- ends ---- */

/* What was being done, for the sentence: only where a block is concerned is there a place. */
static void wrap(fettle_dfu *dfu)
{
    fettle_words words = here(dfu);
    switch (dfu->phase) {
    case SURVEY:
        fettle_error_wrap(&dfu->engine.error, FETTLE_CLAUSE_SURVEY, NULL);
        break;
    case DETACH:
        fettle_error_wrap(&dfu->engine.error, FETTLE_CLAUSE_DETACH, NULL);
        break;
    case PREPARE:
        fettle_error_wrap(&dfu->engine.error,
                          dfu->was_cut_off ? FETTLE_CLAUSE_FREE : FETTLE_CLAUSE_PREPARE,
                          NULL);
        break;
    case COMPARE:
    case READ:
        mark_here(dfu);
        fettle_error_wrap(&dfu->engine.error, FETTLE_CLAUSE_READ_BLOCK, &words);
        break;
    case WRITE: /* what a command was for, its sender says */
        mark_here(dfu);
        if (!dfu->joins) {
            fettle_error_wrap(&dfu->engine.error, FETTLE_CLAUSE_WRITE_BLOCK, &words);
        }
        break;
    case FINISH:
        fettle_error_wrap(&dfu->engine.error, FETTLE_CLAUSE_FINISH, NULL);
        break;
    default:
        fettle_error_wrap(&dfu->engine.error, FETTLE_CLAUSE_LEAVE, NULL);
        break;
    }
}

static fettle_effect failed(void)
{
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

/* Leaves the board in dfuIDLE where it lets us; `error` is set already. */
static fettle_effect begin_stop(fettle_dfu *dfu, fettle_us now)
{
    bool is_polling = dfu->poll_until > now;
    dfu->stops = 0;
    if (is_polling) { /* asking before its time is over would put it into dfuERROR */
        return dfu->poll_until - now <= TIDY_TIME ? wait(dfu, STOP_WAITING, dfu->poll_until)
                                                  : failed();
    }
    return request_in(dfu, STOP_ASKING, DFU_GETSTATUS, 0, dfu->status, sizeof dfu->status,
                      now + TIDY_TIME);
}

fettle_effect fettle_dfu_stop(fettle_dfu *dfu, fettle_us now)
{
    wrap(dfu);
    return begin_stop(dfu, now);
}

/* iString (section 6.1.2): the board has a sentence of its own. Not being told it is no further failure. */
static fettle_effect ask_reason(fettle_dfu *dfu, fettle_us now)
{
    fettle_effect effect = request_in(dfu, STOP_NAMING, GET_DESCRIPTOR,
                                      (uint16_t)(STRING << 8 | dfu->status[5]), dfu->block,
                                      STRING_SIZE_MAX, now + TIDY_TIME);
    effect.control.bmRequestType = FROM_DEVICE;
    effect.control.wIndex = ENGLISH;
    return effect;
}

static void note_reason(fettle_dfu *dfu, size_t count)
{
    fettle_error *error = &dfu->engine.error;
    fettle_names_decode(error->evidence, sizeof error->evidence, dfu->block, count);
    if (error->evidence[0] != '\0') {
        fettle_text_append(error->message, sizeof error->message, " (it says: ");
        fettle_text_append_escaped(error->message, sizeof error->message, error->evidence);
        fettle_text_append(error->message, sizeof error->message, ")");
    }
}

fettle_effect fettle_dfu_fail(fettle_dfu *dfu, const fettle_outcome *last)
{
    (void)fettle_fail(&dfu->engine, last, FETTLE_CLAUSE_COUNT, NULL);
    wrap(dfu);
    return failed();
}

fettle_effect fettle_dfu_fail_and_stop(fettle_dfu *dfu, const fettle_outcome *last,
                                       fettle_us now)
{
    (void)fettle_fail(&dfu->engine, last, FETTLE_CLAUSE_COUNT, NULL);
    return fettle_dfu_stop(dfu, now);
}

/* The board's own reason, as it was received. */
static void set_status_error(fettle_dfu *dfu, fettle_code code)
{
    char status[24] = "status ", state[24] = "state ";
    const char *status_name = fettle_dfu_bstatus_name(dfu->bStatus);
    const char *state_name = fettle_dfu_bstate_name(dfu->bState);
    fettle_text_append_number(status, sizeof status, dfu->bStatus);
    fettle_text_append_number(state, sizeof state, dfu->bState);
    fettle_error_set(&dfu->engine.error, code,
                     &(fettle_words){.status = status_name != NULL ? status_name : status,
                                     .state = state_name != NULL ? state_name : state});
    dfu->engine.error.device_kind = FETTLE_STATUS_DFU;
    dfu->engine.error.device = dfu->bStatus;
    dfu->engine.error.device_state = dfu->bState;
}

fettle_effect fettle_dfu_refuse(fettle_dfu *dfu, fettle_code code, fettle_us now)
{
    set_status_error(dfu, code);
    if (dfu->status[5] != 0 && is_state_known(dfu)) {
        wrap(dfu);
        return ask_reason(dfu, now);
    }
    return fettle_dfu_stop(dfu, now);
}

fettle_effect fettle_dfu_refuse_answer(fettle_dfu *dfu, const char *text, fettle_us now)
{
    fettle_error_set(&dfu->engine.error, FETTLE_E_UNEXPECTED_ANSWER,
                     &(fettle_words){.text = text});
    return fettle_dfu_stop(dfu, now);
}

/* ---- on the way out ---- */

static fettle_effect on_stop_status(fettle_dfu *dfu, fettle_us now)
{
    dfu->bState = dfu->status[4];
    uint8_t bRequest = DFU_ABORT;
    switch (dfu->bState) {
    case FETTLE_DFU_DNLOAD_SYNC:
    case FETTLE_DFU_DNBUSY: {
        fettle_us time = poll_time(dfu);
        return time <= TIDY_TIME ? wait(dfu, STOP_WAITING, now + time) : failed();
    }
    case FETTLE_DFU_ERROR:
        bRequest = DFU_CLRSTATUS;
        break;
    case FETTLE_DFU_DNLOAD_IDLE:
    case FETTLE_DFU_UPLOAD_IDLE:
        break;
    default:
        return failed();
    }
    return request(dfu, STOP_TIDYING, bRequest, 0, (fettle_span){0}, now + TIDY_TIME);
}

fettle_effect fettle_dfu_on_stop(fettle_dfu *dfu, const fettle_outcome *last, fettle_us now)
{
    bool is_stalled = last->kind == FETTLE_STALL && dfu->in_flight == STOP_ASKING;
    if (dfu->in_flight == STOP_NAMING && last->kind != FETTLE_GONE) {
        note_reason(dfu, last->kind == FETTLE_OK ? last->count : 0);
        return begin_stop(dfu, now);
    }
    dfu->bState = FETTLE_DFU_STATE_UNKNOWN;
    if ((last->kind != FETTLE_OK && !is_stalled) || dfu->in_flight == STOP_TIDYING ||
        dfu->stops++ == STOPS_MAX) {
        return failed();
    }
    if (dfu->in_flight == STOP_WAITING ||
        is_stalled) { /* a stall: in dfuERROR it will answer */
        return request_in(dfu, STOP_ASKING, DFU_GETSTATUS, 0, dfu->status,
                          sizeof dfu->status, now + TIDY_TIME);
    }
    return last->count == sizeof dfu->status ? on_stop_status(dfu, now) : failed();
}
