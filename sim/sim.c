/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world of virtual boards: its clock, the boards in it, and the order in which things happen.
 *
 * Nothing runs by itself here. A board's own events (a window ends, it arrives, a hand moves, flash
 * is done) are times in its struct, and whoever enters the world next makes all of them happen that
 * are due by then, earliest first, each at its own time. So a world on a real clock needs no thread,
 * and one on its own clock has no time but that which somebody waits for.
 *
 * The lock is a spin lock: it is held for computations and short file writes, never while waiting.
 */
#include "dfuse.h"

#include <stdlib.h>
#include <string.h>

/* On a real clock others may change what happens next while we wait: look again after this. */
#define LOOK_AGAIN ((fettle_us)20000)

void fettle_sim_lock(fettle_sim *sim)
{
    while (atomic_flag_test_and_set_explicit(&sim->lock, memory_order_acquire)) {
    }
}

void fettle_sim_unlock(fettle_sim *sim)
{
    atomic_flag_clear_explicit(&sim->lock, memory_order_release);
}

fettle_us fettle_sim_after(fettle_us a, fettle_us b)
{
    return b > FETTLE_NEVER - a ? FETTLE_NEVER : a + b;
}

uint32_t fettle_sim_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (uint32_t)((x * UINT64_C(0x2545F4914F6CDD1D)) >> 32);
}

uint64_t fettle_sim_seed(uint64_t seed)
{
    uint64_t state = seed ^ UINT64_C(0x9E3779B97F4A7C15);
    return state == 0 ? 1 : state;
}

/* ---- the clock ---- */

static fettle_us virtual_now(void *self)
{
    fettle_sim *sim = self;
    fettle_sim_lock(sim);
    fettle_us now = sim->now;
    fettle_sim_unlock(sim);
    return now;
}

/* There is no end of time to jump to: waiting for it is given up. */
static fettle_outcome virtual_wait(void *self, fettle_us until, const fettle_cancel *cancel)
{
    fettle_sim *sim = self;
    if (fettle_cancel_is_wanted(cancel) || until == FETTLE_NEVER) {
        return (fettle_outcome){.kind = FETTLE_CANCELLED};
    }
    fettle_sim_lock(sim);
    if (sim->now < until) {
        sim->now = until;
    }
    fettle_sim_unlock(sim);
    return (fettle_outcome){.kind = FETTLE_OK};
}

static const fettle_clock_ops virtual_clock = {virtual_now, virtual_wait};

const fettle_clock_ops *fettle_sim_clock_ops(fettle_sim *sim)
{
    return sim->clock != NULL ? sim->clock : &virtual_clock;
}

void *fettle_sim_clock_self(fettle_sim *sim)
{
    return sim->clock != NULL ? sim->clock_self : sim;
}

static fettle_us time_of(fettle_sim *sim)
{
    return sim->clock != NULL ? sim->clock->now(sim->clock_self) : sim->now;
}

/* ---- what happens by itself ---- */

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

static fettle_us next_of(const fettle_sim_board *board)
{
    fettle_us hands = earlier(board->hand_at, board->person_at);
    fettle_us own = earlier(board->leaves_at, earlier(board->arrives_at, board->timer_at));
    return earlier(hands, earlier(own, board->module_at));
}

static fettle_sim_board *next_board(const fettle_sim *sim, fettle_us *at)
{
    fettle_sim_board *next = NULL;
    *at = FETTLE_NEVER;
    for (size_t i = 0; i < sim->count; i++) {
        fettle_us its = next_of(sim->boards[i]);
        if (its < *at) {
            *at = its;
            next = sim->boards[i];
        }
    }
    return next;
}

uint64_t fettle_sim_option_of(const fettle_sim_board *board, fettle_sim_option option)
{
    return board->settings.number[option];
}

fettle_us fettle_sim_ms_of(const fettle_sim_board *board, fettle_sim_option option)
{
    uint64_t ms = board->settings.number[option];
    return ms == FETTLE_NEVER ? FETTLE_NEVER : ms * 1000;
}

void fettle_sim_leave(fettle_sim_board *board, fettle_us at, fettle_sim_start as,
                      fettle_us in)
{
    bool was_there = board->shows != FETTLE_SIM_SHOWS_NOTHING;
    board->shows = FETTLE_SIM_SHOWS_NOTHING;
    board->holder = NULL;
    board->leaves_at = board->timer_at = board->module_at = FETTLE_NEVER;
    board->arrives_at = fettle_sim_after(at, in);
    board->starts_as = as;
    if (was_there) {
        board->sim->change++;
        fettle_sim_record_event(board, at, "leaves");
    }
}

void fettle_sim_restart(fettle_sim_board *board, fettle_us at, fettle_sim_start as)
{
    fettle_sim_leave(board, at, as, fettle_sim_ms_of(board, OPTION_ENUMERATE));
}

static void arrive(fettle_sim_board *board, fettle_us at)
{
    board->arrives_at = FETTLE_NEVER;
    if (board->is_dead) {
        return;
    }
    if (board->starts_as != START_KEPT) {
        board->naks_until = 0;
        board->is_busy_forever = false;
    }
    board->model->ops->start(board, board->starts_as, at);
    if (board->shows != FETTLE_SIM_SHOWS_NOTHING) {
        board->arrival = ++board->sim->arrivals;
        board->sim->change++;
        fettle_sim_record_event(board, at, "arrives");
    }
}

static void happen(fettle_sim_board *board, fettle_us at)
{
    if (board->hand_at == at) {
        board->hand_at = FETTLE_NEVER;
        fettle_sim_on_hand(board, at);
    } else if (board->person_at == at) {
        board->person_at = FETTLE_NEVER;
        fettle_sim_on_person(board, at);
    } else if (board->leaves_at == at) {
        fettle_sim_restart(board, at, board->leaves_to);
    } else if (board->arrives_at == at) {
        arrive(board, at);
    } else if (board->module_at == at) {
        board->module_at = FETTLE_NEVER;
        fettle_sim_esp_advance(board->esp, at);
    } else {
        board->timer_at = FETTLE_NEVER;
        board->model->ops->on_timer(board, at);
    }
}

fettle_us fettle_sim_catch_up(fettle_sim *sim)
{
    fettle_us now = time_of(sim);
    fettle_us at;
    for (fettle_sim_board *board = next_board(sim, &at); board != NULL && at <= now;
         board = next_board(sim, &at)) {
        happen(board, at);
    }
    return now;
}

fettle_outcome_kind fettle_sim_idle(fettle_sim *sim, fettle_us until,
                                    const fettle_cancel *cancel)
{
    fettle_us next;
    next_board(sim, &next);
    next = earlier(next, until);
    if (fettle_cancel_is_wanted(cancel)) {
        return FETTLE_CANCELLED;
    }
    if (sim->clock == NULL) {
        if (next == FETTLE_NEVER) {
            return FETTLE_TIMEOUT;
        }
        sim->now = sim->now < next ? next : sim->now;
        return FETTLE_OK;
    }
    next = earlier(next, fettle_sim_after(time_of(sim), LOOK_AGAIN));
    fettle_sim_unlock(sim);
    fettle_outcome outcome = sim->clock->wait(sim->clock_self, next, cancel);
    fettle_sim_lock(sim);
    return outcome.kind == FETTLE_CANCELLED ? FETTLE_CANCELLED : FETTLE_OK;
}

/* ---- making and ending a world ---- */

fettle_sim *fettle_sim_new(const fettle_clock_ops *clock, void *clock_self)
{
    fettle_sim *sim = calloc(1, sizeof *sim);
    if (sim == NULL) {
        return NULL;
    }
    atomic_flag_clear(&sim->lock);
    sim->self = sim;
    sim->clock = clock;
    sim->clock_self = clock_self;
    sim->change = 1;
    return sim;
}

static void free_board(fettle_sim_board *board)
{
    if (board != NULL) {
        fettle_sim_store_close(board);
        free(board->memory);
        free(board->module_memory);
        free(board->strict.block);
        free(board->dfuse.block);
        free(board->line.bytes);
        fettle_sim_esp_free(board->esp);
        free(board);
    }
}

void fettle_sim_free(fettle_sim *sim)
{
    if (sim == NULL) {
        return;
    }
    for (size_t i = 0; i < sim->count; i++) {
        free_board(sim->boards[i]);
    }
    free(sim->boards);
    free(sim->log);
    free(sim);
}

/* ---- adding boards ---- */

static size_t count_named(const fettle_sim *sim, const fettle_sim_model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < sim->count; i++) {
        count += sim->boards[i]->model == model;
    }
    return count;
}

static void name_board(fettle_sim_board *board, size_t ordinal)
{
    const char *name = board->model->name;
    if (ordinal == 1) {
        snprintf(board->path, sizeof board->path, "sim:%s", name);
    } else {
        snprintf(board->path, sizeof board->path, "sim:%s.%zu", name, ordinal);
    }
    bool is_same = fettle_sim_option_of(board, OPTION_SAME_SERIAL) != 0;
    size_t number = is_same ? 0 : board->index;
    if (board->settings.serial[0] != '\0') {
        fettle_sim_copy_text(board->serial, sizeof board->serial, board->settings.serial);
    } else if (board->model->is_shield) {
        snprintf(board->serial, sizeof board->serial, "Py3434%02zx", 0x34 + number);
    } else {
        snprintf(board->serial, sizeof board->serial, "SIM%04zu", number + 1);
    }
}

/* As it is found when the world begins for it. */
static void place(fettle_sim_board *board, fettle_us now)
{
    uint64_t mode = fettle_sim_option_of(board, OPTION_MODE);
    bool is_cut_off = fettle_sim_option_of(board, OPTION_DOWNLOADING) != 0;
    if (mode == MODE_UNPLUGGED) {
        return;
    }
    board->is_plugged = true;
    board->starts_as = mode == MODE_DFU || is_cut_off ? START_UPDATE : START_BOOT;
    arrive(board, now);
}

static fettle_sim_board *new_board(fettle_sim *sim, const fettle_sim_model *model,
                                   const fettle_sim_settings *settings, size_t index)
{
    fettle_sim_board *board = calloc(1, sizeof *board);
    if (board == NULL) {
        return NULL;
    }
    board->sim = sim;
    board->index = index;
    board->model = model;
    board->settings = *settings;
    board->erased_value = 0xff;
    board->random = fettle_sim_seed(settings->number[OPTION_SEED] + index);
    board->leaves_at = board->arrives_at = FETTLE_NEVER;
    board->timer_at = board->module_at = FETTLE_NEVER;
    board->hand_at = board->person_at = FETTLE_NEVER;
    if (!model->ops->init(board)) {
        free_board(board);
        return NULL;
    }
    return board;
}

static bool make_room(fettle_sim *sim, size_t boards)
{
    fettle_sim_board **grown =
        realloc(sim->boards, (sim->count + boards) * sizeof(fettle_sim_board *));
    if (grown == NULL) {
        return false;
    }
    sim->boards = grown;
    return true;
}

/* `made` receives the boards that could be made, also where this fails. */
static bool make_boards(fettle_sim *sim, const fettle_sim_model *model,
                        const fettle_sim_settings *settings, size_t boards, size_t *made,
                        char *message, size_t message_size)
{
    size_t named = count_named(sim, model);
    snprintf(message, message_size, "there is no memory for this board");
    for (*made = 0; *made < boards; ++*made) {
        size_t index = sim->count + *made;
        fettle_sim_board *board = new_board(sim, model, settings, index);
        if (board == NULL) {
            return false;
        }
        sim->boards[index] = board;
        name_board(board, named + *made + 1);
        if (!fettle_sim_store_open(board, *made + 1, message, message_size)) {
            free_board(board);
            return false;
        }
    }
    return true;
}

bool fettle_sim_add(fettle_sim *sim, const char *spec, char *message, size_t message_size)
{
    const fettle_sim_model *model;
    size_t boards;
    size_t made = 0;
    fettle_sim_settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL) {
        snprintf(message, message_size, "there is no memory for this board");
        return false;
    }
    fettle_sim_lock(sim);
    bool is_added =
        fettle_sim_parse(spec, &model, &boards, settings, message, message_size);
    if (is_added && sim->count + boards > SIM_BOARDS_MAX) {
        snprintf(message, message_size, "there may be %d virtual boards", SIM_BOARDS_MAX);
        is_added = false;
    }
    is_added = is_added && make_room(sim, boards) &&
               make_boards(sim, model, settings, boards, &made, message, message_size);
    if (is_added) {
        fettle_us now = fettle_sim_catch_up(sim);
        for (size_t i = 0; i < made; i++) {
            sim->count++;
            place(sim->boards[sim->count - 1], now);
        }
        snprintf(message, message_size, "%s", "");
    } else {
        for (size_t i = 0; i < made; i++) {
            free_board(sim->boards[sim->count + i]);
        }
    }
    fettle_sim_unlock(sim);
    free(settings);
    return is_added;
}

/* ---- for tests ---- */

size_t fettle_sim_count(const fettle_sim *sim)
{
    return sim->count;
}

const char *fettle_sim_path(const fettle_sim *sim, size_t board)
{
    return sim->boards[board]->path;
}

uint8_t *fettle_sim_alternate(fettle_sim *sim, size_t board, unsigned alternate,
                              size_t *size)
{
    fettle_sim_board *its = sim->boards[board];
    if (its->model->dfuse != NULL) {
        return fettle_sim_dfuse_alternate(its, alternate, size);
    }
    size_t alternates =
        its->model->is_shield ? 1 : (size_t)fettle_sim_option_of(its, OPTION_ALTERNATES);
    *size = its->memory_size;
    return alternate < alternates ? its->memory + alternate * its->memory_size : NULL;
}

uint8_t *fettle_sim_memory(fettle_sim *sim, size_t board, size_t *size)
{
    return fettle_sim_alternate(sim, board, 0, size);
}

fettle_sim_shows fettle_sim_showing(const fettle_sim *sim, size_t board)
{
    fettle_sim *self = sim->self;
    fettle_sim_lock(self);
    fettle_sim_catch_up(self);
    fettle_sim_shows shows = self->boards[board]->shows;
    fettle_sim_unlock(self);
    return shows;
}

bool fettle_sim_is_plugged(const fettle_sim *sim, size_t board)
{
    fettle_sim *self = sim->self;
    fettle_sim_lock(self);
    fettle_sim_catch_up(self);
    bool is_plugged = self->boards[board]->is_plugged;
    fettle_sim_unlock(self);
    return is_plugged;
}

bool fettle_sim_is_bootable(const fettle_sim *sim, size_t board)
{
    fettle_sim *self = sim->self;
    fettle_sim_lock(self);
    fettle_sim_catch_up(self);
    const fettle_sim_board *its = self->boards[board];
    bool is_bootable = its->model->ops->is_bootable(its);
    fettle_sim_unlock(self);
    return is_bootable;
}

bool fettle_sim_set_fault(fettle_sim *sim, size_t board, const char *fault)
{
    char message[1];
    fettle_sim_fault parsed;
    bool has_one = fault != NULL && fault[0] != '\0';
    if (has_one &&
        !fettle_sim_fault_parse(fault, strlen(fault), &parsed, message, sizeof message)) {
        return false;
    }
    fettle_sim_lock(sim);
    fettle_sim_catch_up(sim);
    fettle_sim_settings *settings = &sim->boards[board]->settings;
    settings->fault_count = has_one ? 1 : 0;
    if (has_one) {
        settings->faults[0] = parsed;
    }
    sim->change++; /* its access may be another */
    fettle_sim_unlock(sim);
    return true;
}
