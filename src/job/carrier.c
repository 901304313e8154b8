/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board whose application can be asked which firmware it is, over its serial line: before an update, because what runs may
 * contradict what a person says of it, and after it, because that is what people want to know. It is only asked: whatever goes wrong
 * with that changes nothing.
 */
#include "base/text.h"
#include "job/script.h"
#include "job/way_esp_module.h"

#include <string.h>

#define LINE_BAUD 115200
#define LINE_BITS 8

#define COMES_TIME \
    (3 * SECOND) /* from its own word to its update mode, if there is anything in it */

#define NODE_TIME (2 * SECOND) /* from a board that is back to a line that can be opened */

static fettle_script_then on_line_open, on_asked, on_told, on_came;

/* Worth a second of everybody's time? */
static const fettle_carrier_ops *find(fettle_job_engine *job)
{
    bool is_update =
        job->plan->kind == FETTLE_TASK_UPDATE || job->plan->kind == FETTLE_TASK_SURVEY;
    bool is_shield = job->plan->row->protocol == FETTLE_PROTOCOL_DFU;
    return is_update && is_shield && job->mode == FETTLE_MODE_APP
               ? fettle_module_meet_carrier(job)
               : NULL;
}

fettle_effect fettle_script_ask_carrier(fettle_job_engine *job, bool is_after,
                                        fettle_script_next *next, fettle_us now)
{
    const fettle_carrier_ops *carrier = job->carrier_was_asked[is_after] ? NULL : find(job);
    job->carrier = carrier;
    job->carrier_next = next;
    if (carrier == NULL) {
        return next(job, now);
    }
    job->carrier_known = carrier;
    job->carrier_was_asked[is_after] = true;
    job->carrier_is_after = is_after;
    job->faces[0] = (fettle_face){FETTLE_MODE_APP, FETTLE_LINK_SERIAL, job->sight.id};
    job->then = on_line_open;
    return (fettle_effect){
        .kind = FETTLE_EFFECT_OPEN,
        .until = is_after ? now + NODE_TIME : now,
        .open = {.match = {.path = job->sight.path, .faces = job->faces, .face_count = 1},
                 .settings = {.baud = LINE_BAUD, .data_bits = LINE_BITS}},
    };
}

/* Another program may have it, or this person may not: that doesn't hinder an update. */
static fettle_effect on_line_open(fettle_job_engine *job, const fettle_outcome *last,
                                  fettle_us now)
{
    if (last->kind == FETTLE_CANCELLED) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    if (last->kind != FETTLE_OK) {
        return job->carrier_next(job, now);
    }
    return fettle_script_run(job, job->observed.stage,
                             job->carrier->ask(&job->carrier_room), 0, on_asked);
}

static fettle_effect on_asked(fettle_job_engine *job, const fettle_outcome *last,
                              fettle_us now)
{
    fettle_carrier_facts facts = {.answers = false};
    if (last->kind == FETTLE_CANCELLED) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    job->carrier->tell(&job->carrier_room, &facts);
    if (last->kind == FETTLE_OK && facts.has_firmware) {
        job->carrier_facts[job->carrier_is_after] = facts;
    }
    bool tries = job->plan->tries_software && !job->carrier_is_after && facts.answers &&
                 job->plan->kind == FETTLE_TASK_UPDATE && !job->plan->is_dry;
    return tries ? fettle_script_run(job, FETTLE_STAGE_ENTER,
                                     job->carrier->update_mode(&job->carrier_room), 0,
                                     on_told)
                 : job->carrier_next(job, now);
}

/* ---- into update mode by its own word, which nobody has ever seen to work ---- */

/* It may leave at once, or answer with nothing: what counts is whether its update mode comes. */
static fettle_effect on_told(fettle_job_engine *job, const fettle_outcome *last,
                             fettle_us now)
{
    if (last->kind == FETTLE_CANCELLED) {
        return fettle_script_fail(job, last, FETTLE_CLAUSE_COUNT, now);
    }
    return fettle_script_open(job, FETTLE_STAGE_ENTER, true, now + COMES_TIME,
                              FETTLE_ASK_NOTHING, on_came);
}

static fettle_effect on_came(fettle_job_engine *job, const fettle_outcome *last,
                             fettle_us now)
{
    if (last->kind == FETTLE_TIMEOUT) {
        fettle_script_note(job, FETTLE_NOTE_SOFTWARE_FAILED);
        return job->carrier_next(job, now);
    }
    if (last->kind == FETTLE_OK) {
        fettle_script_note(job, FETTLE_NOTE_SOFTWARE_WORKED);
    }
    return fettle_script_on_arrived(job, last, now);
}
