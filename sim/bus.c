/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus of a world, and the USB links that it hands out: looking, opening, and what surrounds
 * every request: the time it takes, the NAKs while the board is busy, its deadline, the faults that
 * it meets, and its place in the log. What the request does is the board's own (internal.h).
 *
 * A request takes its time on the wire (time.c), and is obeyed at the end of that time.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    RESET_US = 20000,
    SLOWER = 10,            /* what FAULT_SLOW makes of a request's time */
    OTHER_PRODUCT = 0x8000, /* what other-ids turns over */
};

static fettle_outcome make_outcome(fettle_outcome_kind kind)
{
    return (fettle_outcome){.kind = kind};
}

bool fettle_sim_link_is_gone(const fettle_sim_link *link)
{
    const fettle_sim_board *board = link->board;
    return board->shows == FETTLE_SIM_SHOWS_NOTHING || board->arrival != link->arrival;
}

fettle_outcome_kind fettle_sim_link_pass(fettle_sim_link *link, fettle_us until,
                                         const fettle_cancel *cancel)
{
    fettle_sim *sim = link->board->sim;
    for (;;) {
        fettle_us now = fettle_sim_catch_up(sim);
        if (fettle_sim_link_is_gone(link)) {
            return FETTLE_GONE;
        }
        if (now >= until) {
            return FETTLE_OK;
        }
        fettle_outcome_kind kind = fettle_sim_idle(sim, until, cancel);
        if (kind != FETTLE_OK) {
            return kind;
        }
    }
}

/* ---- requests ---- */

/* `ended`: when the host knows. */
static void record_request(fettle_sim_board *board, const char *what,
                           const fettle_sim_request *request, fettle_us ended,
                           const fettle_sim_reply *reply)
{
    const fettle_control *control = request->control;
    fettle_sim_entry entry = {
        .at = request->now,
        .began = request->came,
        .ended = ended,
        .what = what,
        .bmRequestType = control->bmRequestType,
        .bRequest = control->bRequest,
        .wValue = control->wValue,
        .wIndex = control->wIndex,
        .wLength = control->wLength,
        .outcome = reply->is_lost ? FETTLE_TIMEOUT : reply->kind,
        .count = reply->count,
        .changes = reply->changes,
        .address = reply->address,
        .size = reply->size,
    };
    fettle_sim_count_request(board, request->came, ended);
    bool has_answer = control->in != NULL && reply->kind == FETTLE_OK;
    fettle_span answer = {control->in, has_answer ? reply->count : 0};
    fettle_sim_record(board, &entry, answer);
    if (reply->is_violation) {
        entry.what = "violation";
        entry.changes = false;
        entry.began = entry.ended = 0;
        entry.address = entry.size = 0;
        fettle_sim_record(board, &entry, (fettle_span){NULL, 0});
    }
}

void fettle_sim_leave_by_fault(fettle_sim_board *board, const fettle_sim_hits *hits,
                               fettle_us now)
{
    bool stays_away = hits->is[FAULT_NO_RETURN];
    board->is_dead = board->is_dead || stays_away;
    board->shows_other_ids = board->shows_other_ids || hits->is[FAULT_OTHER_IDS];
    board->has_power = false;
    fettle_sim_leave(board, now, START_BOOT,
                     stays_away ? FETTLE_NEVER : fettle_sim_ms_of(board, OPTION_RETURN));
}

static bool is_get_status(const fettle_control *control)
{
    return (control->bmRequestType & 0x7f) == 0x21 && control->bRequest == 3;
}

/* What the faults make of an answer that the board has given. */
static void spoil(const fettle_sim_request *request, fettle_sim_reply *reply)
{
    const fettle_control *control = request->control;
    const fettle_sim_hits *hits = &request->hits;
    if (reply->kind != FETTLE_OK || control->in == NULL) {
        return;
    }
    if (is_get_status(control) && reply->count == 6) {
        control->in[0] = hits->is[FAULT_ODD_STATUS] ? 200 : control->in[0];
        control->in[4] = hits->is[FAULT_ODD_STATE] ? 77 : control->in[4];
    }
    if (hits->is[FAULT_SHORT] && reply->count > 0) {
        reply->count--;
    }
}

/* How long the answer to an obeyed request is on the wire. */
static fettle_us answer_time(const fettle_sim_board *board,
                             const fettle_sim_request *request,
                             const fettle_sim_reply *reply)
{
    if (reply->kind != FETTLE_OK || reply->is_lost) {
        return 0;
    }
    fettle_us time = fettle_sim_time_after(board, request->control, reply->count);
    return request->hits.is[FAULT_SLOW] ? time * SLOWER : time;
}

static fettle_sim_reply obey(fettle_sim_board *board, const fettle_sim_request *request)
{
    const fettle_sim_hits *hits = &request->hits;
    const fettle_control *control = request->control;
    fettle_sim_reply reply = {.kind = FETTLE_OK};
    if (hits->is[FAULT_STALL]) {
        board->model->ops->on_stall(board, control);
        reply.kind = FETTLE_STALL;
    } else if (!hits->is_before) {
        reply = board->model->ops->obey(board, request);
        spoil(request, &reply);
    }
    bool is_leaving =
        hits->is[FAULT_VANISH] || hits->is[FAULT_NO_RETURN] || hits->is[FAULT_OTHER_IDS];
    if (is_leaving) {
        reply.kind = FETTLE_GONE;
        reply.count = 0;
    } else if (hits->is[FAULT_LOSE_REPLY] || hits->is[FAULT_LOSE_COMPLETION]) {
        reply.is_lost = true;
        reply.count = 0;
    }
    record_request(board, fettle_sim_request_name(control), request,
                   request->now + answer_time(board, request, &reply), &reply);
    if (is_leaving) {
        fettle_sim_leave_by_fault(board, hits, request->now);
    }
    return reply;
}

/* Waits until the board is free and has the whole request. TIMEOUT: it never had. */
static fettle_outcome_kind bring(fettle_sim_link *link, fettle_sim_request *request,
                                 fettle_us until, const fettle_cancel *cancel)
{
    fettle_sim_board *board = link->board;
    fettle_us free_at = board->naks_until;
    request->asked = fettle_sim_catch_up(board->sim);
    fettle_outcome_kind kind =
        fettle_sim_link_pass(link, free_at < until ? free_at : until, cancel);
    request->came = fettle_sim_catch_up(board->sim);
    if (kind != FETTLE_OK || request->came >= until) {
        return kind != FETTLE_OK ? kind : FETTLE_TIMEOUT;
    }
    request->hits = fettle_sim_fault_meet(board, request->control);
    if (request->hits.is[FAULT_MUTE]) {
        board->naks_until = FETTLE_NEVER;
        fettle_sim_record_event(board, request->came, "mute");
        kind = fettle_sim_link_pass(link, until, cancel);
        return kind != FETTLE_OK ? kind : FETTLE_TIMEOUT;
    }
    fettle_us cost = fettle_sim_time_before(board, request->control);
    cost *= request->hits.is[FAULT_SLOW] ? SLOWER : 1;
    fettle_us ends = fettle_sim_after(request->came, cost);
    kind = fettle_sim_link_pass(link, ends < until ? ends : until, cancel);
    request->now = fettle_sim_catch_up(board->sim);
    if (kind != FETTLE_OK || ends > until) {
        return kind != FETTLE_OK ? kind : FETTLE_TIMEOUT;
    }
    return fettle_sim_link_is_gone(link) ? FETTLE_GONE : FETTLE_OK;
}

/* Lets the answer arrive; what is cut off on the way is lost. */
static void deliver(fettle_sim_link *link, const fettle_sim_request *request,
                    fettle_sim_reply *reply, fettle_us until, const fettle_cancel *cancel)
{
    fettle_us time = answer_time(link->board, request, reply);
    fettle_us ends = fettle_sim_after(request->now, time);
    if (time == 0) {
        return;
    }
    reply->kind = fettle_sim_link_pass(link, ends < until ? ends : until, cancel);
    if (reply->kind == FETTLE_OK && ends > until) {
        reply->kind = FETTLE_TIMEOUT;
    }
    reply->count = reply->kind == FETTLE_OK ? reply->count : 0;
}

static fettle_outcome usb_control(void *self, const fettle_control *control,
                                  fettle_us until, const fettle_cancel *cancel)
{
    fettle_sim_link *link = self;
    fettle_sim *sim = link->board->sim;
    fettle_sim_request request = {.control = control};
    if (fettle_cancel_is_wanted(cancel)) {
        return make_outcome(FETTLE_CANCELLED);
    }
    fettle_sim_lock(sim);
    fettle_sim_reply reply = {.kind = bring(link, &request, until, cancel)};
    if (reply.kind == FETTLE_OK) {
        reply = obey(link->board, &request);
        deliver(link, &request, &reply, until, cancel);
    } else {
        request.now = fettle_sim_catch_up(sim);
        record_request(link->board, fettle_sim_request_name(control), &request, request.now,
                       &reply);
    }
    if (reply.is_lost) {
        reply.kind = fettle_sim_link_pass(link, until, cancel);
        reply.kind = reply.kind == FETTLE_OK ? FETTLE_TIMEOUT : reply.kind;
    }
    fettle_sim_unlock(sim);
    return (fettle_outcome){
        .kind = reply.kind,
        .why = reply.why,
        .system = reply.system,
        .count = reply.count,
    };
}

static fettle_outcome usb_select(void *self, uint8_t bInterfaceNumber,
                                 uint8_t bAlternateSetting, fettle_us until,
                                 const fettle_cancel *cancel)
{
    fettle_sim_link *link = self;
    fettle_sim_board *board = link->board;
    fettle_sim *sim = board->sim;
    if (fettle_cancel_is_wanted(cancel)) {
        return make_outcome(FETTLE_CANCELLED);
    }
    fettle_control control = {
        .bmRequestType = 0x01,
        .bRequest = 11,
        .wValue = bAlternateSetting,
        .wIndex = bInterfaceNumber,
    };
    fettle_sim_lock(sim);
    fettle_sim_request request = {.control = &control, .came = fettle_sim_catch_up(sim)};
    if (request.came < board->naks_until) {
        request.came = board->naks_until;
    }
    fettle_us ends =
        fettle_sim_after(request.came, fettle_sim_time_before(board, &control));
    fettle_sim_reply reply = {
        .kind = fettle_sim_link_pass(link, ends < until ? ends : until, cancel)};
    if (reply.kind == FETTLE_OK) {
        reply.kind = ends > until ? FETTLE_TIMEOUT
                                  : board->model->ops->select(board, bInterfaceNumber,
                                                              bAlternateSetting);
    }
    request.now = fettle_sim_catch_up(sim);
    request.came = request.came < request.now ? request.came : request.now;
    record_request(board, board->model->is_shield ? "SET_INTERFACE" : "select", &request,
                   request.now, &reply);
    fettle_sim_unlock(sim);
    return make_outcome(reply.kind);
}

static fettle_outcome usb_reset(void *self)
{
    fettle_sim_link *link = self;
    fettle_sim_board *board = link->board;
    fettle_sim_lock(board->sim);
    fettle_us now = fettle_sim_catch_up(board->sim);
    fettle_outcome_kind kind =
        fettle_sim_link_pass(link, fettle_sim_after(now, RESET_US), NULL);
    fettle_sim_entry entry = {.what = "reset", .outcome = kind};
    entry.at = fettle_sim_catch_up(board->sim);
    if (kind == FETTLE_OK) {
        entry.outcome = board->model->ops->reset(board, entry.at);
        entry.changes = true;
    }
    fettle_sim_record(board, &entry, (fettle_span){NULL, 0});
    fettle_sim_unlock(board->sim);
    return make_outcome(entry.outcome);
}

void fettle_sim_link_close(fettle_sim_link *link)
{
    fettle_sim_board *board = link->board;
    fettle_sim_lock(board->sim);
    fettle_us now = fettle_sim_catch_up(board->sim);
    if (board->holder == link) {
        board->holder = NULL;
    }
    fettle_sim_record_event(board, now, "close");
    fettle_sim_unlock(board->sim);
    free(link);
}

static void usb_close(void *self)
{
    fettle_sim_link_close(self);
}

const fettle_usb_ops fettle_sim_usb_ops = {usb_control, usb_select, usb_reset, usb_close};

/* ---- the bus ---- */

static void describe(const fettle_sim_board *board, fettle_sight *sight)
{
    memset(sight, 0, sizeof *sight);
    fettle_sim_copy_text(sight->path, sizeof sight->path, board->path);
    sight->arrival = board->arrival;
    sight->access = fettle_sim_fault_access(board);
    board->model->ops->describe(board, sight);
    if (board->shows_other_ids) {
        sight->id.product ^= OTHER_PRODUCT;
        sight->descriptors[11] ^= OTHER_PRODUCT >> 8; /* high byte of idProduct */
    }
}

static size_t bus_look(void *self, fettle_sight *sights, size_t max, uint64_t *change)
{
    fettle_sim *sim = self;
    size_t count = 0;
    fettle_sim_lock(sim);
    fettle_sim_catch_up(sim);
    for (size_t i = 0; i < sim->count; i++) {
        if (sim->boards[i]->shows == FETTLE_SIM_SHOWS_NOTHING) {
            continue;
        }
        if (count < max) {
            describe(sim->boards[i], &sights[count]);
        }
        count++;
    }
    *change = sim->change;
    fettle_sim_unlock(sim);
    return count;
}

bool fettle_sim_look_at(fettle_sim *sim, size_t board, fettle_sight *sight)
{
    fettle_sim_lock(sim);
    fettle_sim_catch_up(sim);
    const fettle_sim_board *its = sim->boards[board];
    bool is_there = its->shows != FETTLE_SIM_SHOWS_NOTHING;
    if (is_there) {
        describe(its, sight);
    }
    fettle_sim_unlock(sim);
    return is_there;
}

static fettle_outcome bus_wait(void *self, uint64_t change, fettle_us until,
                               const fettle_cancel *cancel)
{
    fettle_sim *sim = self;
    fettle_outcome_kind kind = FETTLE_OK;
    fettle_sim_lock(sim);
    for (;;) {
        fettle_us now = fettle_sim_catch_up(sim);
        if (sim->change != change) {
            break;
        }
        kind = now >= until ? FETTLE_TIMEOUT : fettle_sim_idle(sim, until, cancel);
        if (kind != FETTLE_OK) {
            break;
        }
    }
    fettle_sim_unlock(sim);
    return make_outcome(kind);
}

static fettle_sim_board *find_board(const fettle_sim *sim, const char *path)
{
    for (size_t i = 0; i < sim->count; i++) {
        if (strcmp(sim->boards[i]->path, path) == 0) {
            return sim->boards[i];
        }
    }
    return NULL;
}

static fettle_outcome refuse(fettle_why why)
{
    return (fettle_outcome){.kind = FETTLE_ERROR, .why = why};
}

/* NULL: it has no serial line now. */
static const fettle_serial_ops *line_of(const fettle_sim_board *board)
{
    if (board->model->is_shield && board->shows != FETTLE_SIM_SHOWS_APP) {
        return NULL;
    }
    return board->esp != NULL || board->model->is_shield ? &fettle_sim_serial_ops : NULL;
}

static void open_line(fettle_sim_board *board, const fettle_serial_settings *settings,
                      fettle_us at)
{
    if (board->esp != NULL) {
        fettle_sim_esp_open(board, settings, at);
    } else {
        fettle_sim_line_open(board, settings, at);
    }
}

static fettle_outcome open_board(fettle_sim_board *board, const fettle_sight *sight,
                                 fettle_link_kind kind, fettle_link *link)
{
    if (board->shows == FETTLE_SIM_SHOWS_NOTHING || board->arrival != sight->arrival) {
        return make_outcome(FETTLE_GONE);
    }
    fettle_why why = fettle_sim_fault_meet_open(board);
    if (why != FETTLE_WHY_NONE) {
        return refuse(why);
    }
    if (board->holder != NULL) {
        return refuse(FETTLE_WHY_BUSY);
    }
    const fettle_serial_ops *line = line_of(board);
    if (kind != (line != NULL ? FETTLE_LINK_SERIAL : FETTLE_LINK_USB)) {
        return refuse(FETTLE_WHY_DRIVER);
    }
    fettle_sim_link *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return refuse(FETTLE_WHY_SYSTEM);
    }
    *opened = (fettle_sim_link){.board = board, .arrival = board->arrival};
    board->holder = opened;
    *link = (fettle_link){
        .kind = kind,
        .usb = line != NULL ? NULL : &fettle_sim_usb_ops,
        .serial = line,
        .self = opened,
    };
    return make_outcome(FETTLE_OK);
}

static fettle_outcome bus_open(void *self, const fettle_sight *sight, fettle_link_kind kind,
                               const fettle_serial_settings *settings, fettle_link *link)
{
    fettle_sim *sim = self;
    fettle_sim_lock(sim);
    fettle_us now = fettle_sim_catch_up(sim);
    fettle_sim_board *board = find_board(sim, sight->path);
    fettle_outcome outcome = make_outcome(FETTLE_GONE);
    if (board != NULL) {
        outcome = open_board(board, sight, kind, link);
        fettle_sim_entry entry = {.at = now, .what = "open", .outcome = outcome.kind};
        fettle_sim_record(board, &entry, (fettle_span){NULL, 0});
        if (outcome.kind == FETTLE_OK && kind == FETTLE_LINK_SERIAL) {
            open_line(board, settings, now);
        }
    }
    fettle_sim_unlock(sim);
    return outcome;
}

const fettle_bus_ops fettle_sim_bus_ops = {bus_look, bus_wait, bus_open};
