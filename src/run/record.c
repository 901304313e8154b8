/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port that keeps what passes through it: each effect and what came of it, as a line of text. Time
 * is told at one point of each line only, when the outcome was there: what lies between that
 * and the next effect is the program's own time, and would differ in every replay.
 */
#include "run/run.h"

#include "run/line.h"

static fettle_us now(const fettle_record *record)
{
    return record->clock->now(record->clock_self);
}

static fettle_outcome perform(fettle_port *port, const fettle_effect *effect,
                              const fettle_cancel *cancel)
{
    fettle_record *record = (fettle_record *)port;
    if (!record->has_begun) {
        record->has_begun = true;
        record->began = now(record);
    }
    fettle_outcome outcome = record->inner->perform(record->inner, effect, cancel);
    fettle_line_write(record->line, record->line_size, now(record) - record->began, effect,
                      &outcome);
    record->listener(record->user, record->line);
    return outcome;
}

void fettle_record_init(fettle_record *record, fettle_port *inner,
                        const fettle_clock_ops *clock, void *clock_self, char *line,
                        size_t line_size, fettle_record_listener *listener, void *user)
{
    *record = (fettle_record){
        .port = {perform},
        .inner = inner,
        .clock = clock,
        .clock_self = clock_self,
        .line = line,
        .line_size = line_size,
        .listener = listener,
        .user = user,
    };
}
