/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of a job's events, as fettle.h promises it: hand each event to event_order_see() and ask
 * event_order_problem() after the end. The first thing that is not as promised is kept, as a sentence.
 */
#ifndef FETTLE_TESTS_EVENT_ORDER_H
#define FETTLE_TESTS_EVENT_ORDER_H

#include "fettle/fettle.h"

#include <string.h>

struct event_order {
    bool is_traced; /* fettle_job_trace() was called */

    /* what was seen */
    unsigned count, counts[FETTLE_EVENT_FAILED + 1];
    bool has_ended, is_board_there;
    fettle_ask asking;
    fettle_stage stage;
    uint32_t progress;
    fettle_us at;
    const char *problem; /* NULL: none yet */
};

static inline void event_order_must(struct event_order *order, bool holds,
                                    const char *problem)
{
    if (!holds && order->problem == NULL) {
        order->problem = problem;
    }
}

static inline void event_order_see_ask(struct event_order *order, const fettle_event *event)
{
    if (event->kind == FETTLE_EVENT_ASK) {
        event_order_must(order, order->asking == FETTLE_ASK_NOTHING,
                         "one ASK comes after the other is over");
        event_order_must(order, event->ask != FETTLE_ASK_NOTHING && event->text[0] != '\0',
                         "an ASK asks something");
        order->asking = event->ask;
    } else {
        event_order_must(order, order->asking != FETTLE_ASK_NOTHING,
                         "an ASK_OVER has its ASK");
        order->asking = FETTLE_ASK_NOTHING;
    }
}

static inline void event_order_see_end(struct event_order *order, const fettle_event *event)
{
    bool is_failed = event->kind == FETTLE_EVENT_FAILED;
    event_order_must(order, order->asking == FETTLE_ASK_NOTHING,
                     "every ASK is over before the end");
    event_order_must(order,
                     !is_failed ||
                         (event->error != NULL && event->error->code != FETTLE_E_NONE &&
                          event->error->message[0] != '\0'),
                     "FAILED has an error");
    order->has_ended = true;
}

static inline void event_order_see(struct event_order *order, const fettle_event *event)
{
    bool is_plan = event->kind == FETTLE_EVENT_PLAN;
    event_order_must(order, is_plan == (order->count == 0), "PLAN comes first, and once");
    event_order_must(order, !order->has_ended, "nothing comes after the end");
    event_order_must(order, event->text != NULL, "text is never NULL");
    event_order_must(order,
                     event->progress >= order->progress && event->progress <= 1000000,
                     "progress never goes down, and not beyond all");
    event_order_must(order, event->at >= order->at, "time never goes back");
    if (event->kind == FETTLE_EVENT_STAGE) {
        order->stage = event->stage;
    }
    event_order_must(order, event->stage == order->stage,
                     "STAGE before what belongs to it");
    order->progress = event->progress;
    order->at = event->at;
    order->count++;
    order->counts[event->kind]++;
    switch (event->kind) {
    case FETTLE_EVENT_PLAN:
        event_order_must(order, event->text != NULL && event->text[0] != '\0',
                         "PLAN says what will be done");
        break;
    case FETTLE_EVENT_ASK:
    case FETTLE_EVENT_ASK_OVER:
        event_order_see_ask(order, event);
        break;
    case FETTLE_EVENT_NOTE:
        event_order_must(order, event->slug != NULL && event->text[0] != '\0',
                         "a NOTE has a slug and a sentence");
        break;
    case FETTLE_EVENT_WIRE:
        event_order_must(order, order->is_traced, "WIRE only if it was asked for");
        break;
    case FETTLE_EVENT_BOARD_BACK:
        order->is_board_there = true;
        break;
    case FETTLE_EVENT_BOARD_LEFT:
        event_order_must(order, order->is_board_there, "a board is there before it leaves");
        order->is_board_there = false;
        break;
    case FETTLE_EVENT_DONE:
    case FETTLE_EVENT_FAILED:
        event_order_see_end(order, event);
        break;
    default:
        break;
    }
}

/* NULL if all was as promised. After the end of the job. */
static inline const char *event_order_problem(struct event_order *order)
{
    event_order_must(order, order->has_ended, "DONE or FAILED comes last");
    return order->problem;
}

#endif
