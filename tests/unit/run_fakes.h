/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runner's tests have instead of a computer: a clock that moves only when somebody waits, a
 * bus whose boards come and go by that clock, links that answer at once, and an engine that wants a
 * given list of effects.
 */
#ifndef FETTLE_TESTS_RUN_FAKES_H
#define FETTLE_TESTS_RUN_FAKES_H

#include "run/run.h"

#include <stdio.h>
#include <string.h>

#define MS     ((fettle_us)1000)
#define SECOND ((fettle_us)1000000)

enum {
    FAKE_BOARDS_MAX = 4,
    FAKE_STEPS_MAX = 64,
    FAKE_TRANSFER_US = 100,
};

/* ---- clock ---- */

struct fake_clock {
    fettle_us now;
    unsigned waits;
    fettle_cancel *cancel_at_wait; /* set when the clock is next asked to wait */
};

static inline fettle_us fake_now(void *self)
{
    return ((struct fake_clock *)self)->now;
}

static inline fettle_outcome fake_wait(void *self, fettle_us until,
                                       const fettle_cancel *cancel)
{
    struct fake_clock *clock = self;
    clock->waits++;
    if (clock->cancel_at_wait != NULL) {
        fettle_cancel_want(clock->cancel_at_wait);
        clock->cancel_at_wait = NULL;
    }
    if (fettle_cancel_is_wanted(cancel)) {
        return (fettle_outcome){.kind = FETTLE_CANCELLED};
    }
    clock->now = clock->now > until ? clock->now : until;
    return (fettle_outcome){.kind = FETTLE_OK};
}

static const fettle_clock_ops fake_clock_ops = {fake_now, fake_wait};

/* ---- bus and links ---- */

struct fake_bus;

struct fake_board {
    fettle_sight sight;
    fettle_us from, to;      /* when it is there */
    fettle_outcome opens_as; /* until `free_from`, if that is set */
    fettle_us free_from;
    unsigned opened, gone_opens; /* so many times open() says GONE first */
    bool is_open;
    fettle_serial_settings settings;
    fettle_link_kind opened_as;
    struct fake_bus *bus;
};

struct fake_bus {
    struct fake_clock *clock;
    struct fake_board boards[FAKE_BOARDS_MAX];
    size_t count, closed;
    fettle_us look_takes;
    unsigned looks, waits;
    /* links */
    fettle_outcome answer; /* of the next transfers, if its kind isn't OK */
    fettle_us takes;       /* each transfer, in addition */
    uint8_t seed;          /* of what comes in */
    char log[4096];        /* what the links were asked, a letter each */
};

static inline void fake_log(struct fake_bus *bus, char letter)
{
    size_t length = strlen(bus->log);
    if (length + 1 < sizeof bus->log) {
        bus->log[length] = letter;
    }
}

static inline uint64_t fake_change(const struct fake_bus *bus, fettle_us *next)
{
    uint64_t change = 0;
    *next = FETTLE_NEVER;
    for (size_t i = 0; i < bus->count; i++) {
        const fettle_us times[] = {bus->boards[i].from, bus->boards[i].to};
        for (size_t k = 0; k < 2; k++) {
            if (times[k] <= bus->clock->now) {
                change++;
            } else {
                *next = times[k] < *next ? times[k] : *next;
            }
        }
    }
    return change;
}

static inline bool fake_is_there(const struct fake_board *board)
{
    fettle_us now = board->bus->clock->now;
    return now >= board->from && now < board->to;
}

static inline size_t fake_look(void *self, fettle_sight *sights, size_t max,
                               uint64_t *change)
{
    struct fake_bus *bus = self;
    size_t count = 0;
    fettle_us next;
    bus->looks++;
    *change = fake_change(bus, &next);
    for (size_t i = 0; i < bus->count; i++) {
        if (fake_is_there(&bus->boards[i])) {
            if (count < max) {
                sights[count] = bus->boards[i].sight;
            }
            count++;
        }
    }
    bus->clock->now += bus->look_takes;
    return count;
}

static inline fettle_outcome fake_bus_wait(void *self, uint64_t change, fettle_us until,
                                           const fettle_cancel *cancel)
{
    struct fake_bus *bus = self;
    fettle_us next;
    bus->waits++;
    if (fake_change(bus, &next) != change) {
        return (fettle_outcome){.kind = FETTLE_OK};
    }
    bool is_news = next <= until;
    fettle_outcome outcome = fake_wait(bus->clock, is_news ? next : until, cancel);
    if (outcome.kind == FETTLE_OK && !is_news) {
        outcome.kind = FETTLE_TIMEOUT;
    }
    return outcome;
}

static inline fettle_outcome fake_transfer(struct fake_board *board, char letter,
                                           size_t count)
{
    struct fake_bus *bus = board->bus;
    fake_log(bus, letter);
    bus->clock->now += FAKE_TRANSFER_US + bus->takes;
    if (!fake_is_there(board)) {
        return (fettle_outcome){.kind = FETTLE_GONE};
    }
    if (bus->answer.kind != FETTLE_OK) {
        return bus->answer;
    }
    return (fettle_outcome){.kind = FETTLE_OK, .count = count};
}

static inline void fake_fill(struct fake_bus *bus, uint8_t *in, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        in[i] = (uint8_t)(bus->seed * 31 + i);
    }
    bus->seed++;
}

static inline fettle_outcome fake_control(void *self, const fettle_control *control,
                                          fettle_us until, const fettle_cancel *cancel)
{
    struct fake_board *board = self;
    (void)until;
    (void)cancel;
    fettle_outcome outcome = fake_transfer(board, 'C', control->wLength);
    if (control->in != NULL && outcome.kind == FETTLE_OK) {
        fake_fill(board->bus, control->in, control->wLength);
    }
    return outcome;
}

static inline fettle_outcome fake_select(void *self, uint8_t bInterfaceNumber,
                                         uint8_t bAlternateSetting, fettle_us until,
                                         const fettle_cancel *cancel)
{
    (void)bInterfaceNumber;
    (void)bAlternateSetting;
    (void)until;
    (void)cancel;
    return fake_transfer(self, 'S', 0);
}

static inline fettle_outcome fake_reset(void *self)
{
    return fake_transfer(self, 'R', 0);
}

static inline void fake_close(void *self)
{
    struct fake_board *board = self;
    board->is_open = false;
    board->bus->closed++;
}

static const fettle_usb_ops fake_usb_ops = {fake_control, fake_select, fake_reset,
                                            fake_close};

static inline fettle_outcome fake_serial_write(void *self, const uint8_t *data, size_t size,
                                               fettle_us until, const fettle_cancel *cancel)
{
    (void)data;
    (void)until;
    (void)cancel;
    return fake_transfer(self, 'W', size);
}

/* Three bytes at a time. */
static inline fettle_outcome fake_serial_read(void *self, uint8_t *buffer, size_t size,
                                              fettle_us until, const fettle_cancel *cancel)
{
    struct fake_board *board = self;
    (void)until;
    (void)cancel;
    fettle_outcome outcome = fake_transfer(board, 'r', size < 3 ? size : 3);
    fake_fill(board->bus, buffer, outcome.count);
    return outcome;
}

static inline fettle_outcome fake_discard(void *self)
{
    return fake_transfer(self, 'd', 0);
}

static inline fettle_outcome fake_set_lines(void *self, bool dtr, bool rts)
{
    (void)dtr;
    (void)rts;
    return fake_transfer(self, 'l', 0);
}

static inline fettle_outcome fake_set_baud(void *self, uint32_t baud)
{
    (void)baud;
    return fake_transfer(self, 'b', 0);
}

static inline fettle_outcome fake_set_format(void *self, uint8_t data_bits)
{
    (void)data_bits;
    return fake_transfer(self, 'f', 0);
}

static const fettle_serial_ops fake_serial_ops = {
    fake_serial_write, fake_serial_read, fake_discard, fake_set_lines,
    fake_set_baud,     fake_set_format,  fake_close,
};

static inline fettle_outcome fake_open(void *self, const fettle_sight *sight,
                                       fettle_link_kind kind,
                                       const fettle_serial_settings *settings,
                                       fettle_link *link)
{
    struct fake_bus *bus = self;
    struct fake_board *board = NULL;
    for (size_t i = 0; i < bus->count; i++) {
        struct fake_board *candidate = &bus->boards[i];
        if (strcmp(candidate->sight.path, sight->path) == 0 && fake_is_there(candidate) &&
            candidate->sight.arrival == sight->arrival) {
            board = candidate;
        }
    }
    if (board != NULL && board->gone_opens > 0) {
        board->gone_opens--;
        board = NULL;
    }
    if (board == NULL) {
        return (fettle_outcome){.kind = FETTLE_GONE};
    }
    board->opened++;
    bool is_freed = board->free_from != 0 && bus->clock->now >= board->free_from;
    if (board->opens_as.kind != FETTLE_OK && !is_freed) {
        return board->opens_as;
    }
    board->is_open = true;
    board->opened_as = kind;
    board->settings = *settings;
    *link = (fettle_link){
        .kind = kind, .usb = &fake_usb_ops, .serial = &fake_serial_ops, .self = board};
    return (fettle_outcome){.kind = FETTLE_OK};
}

static const fettle_bus_ops fake_bus_ops = {fake_look, fake_bus_wait, fake_open};

/* A USB board 04d8:`product` that is there from `from` until `to`. */
static inline struct fake_board *fake_add(struct fake_bus *bus, const char *path,
                                          uint16_t product, fettle_us from, fettle_us to)
{
    struct fake_board *board = &bus->boards[bus->count++];
    *board = (struct fake_board){.from = from, .to = to, .bus = bus};
    board->sight.arrival = (uint32_t)bus->count;
    board->sight.kind = FETTLE_LINK_USB;
    board->sight.id = (fettle_usb_id){0x04d8, product};
    (void)snprintf(board->sight.path, sizeof board->sight.path, "%s", path);
    return board;
}

/* ---- an engine ---- */

struct fake_step {
    fettle_effect effect;
    fettle_stage stage;    /* NONE: as before */
    fettle_note_code note; /* NONE: none */
};

/* Wants its steps in their order, whatever comes of them, and keeps that. */
struct fake_engine {
    fettle_engine engine;
    fettle_observed observed;
    const struct fake_step *steps;
    size_t count, index;
    bool is_failing, is_endless; /* FAILED at the end; the last step again and again */
    fettle_outcome outcomes[FAKE_STEPS_MAX];
    size_t outcome_count;
};

static inline fettle_effect fake_engine_step(fettle_engine *self,
                                             const fettle_outcome *last, fettle_us now)
{
    struct fake_engine *engine = (struct fake_engine *)self;
    (void)now;
    if (last != NULL && engine->outcome_count < FAKE_STEPS_MAX) {
        engine->outcomes[engine->outcome_count++] = *last;
    }
    self->done = (uint32_t)engine->index;
    if (engine->index == engine->count) {
        return engine->is_failing ? fettle_refuse(self, FETTLE_E_NO_BOARD, NULL)
                                  : fettle_done(self);
    }
    const struct fake_step *step = &engine->steps[engine->index];
    engine->index += engine->is_endless && engine->index + 1 == engine->count ? 0 : 1;
    if (step->stage != FETTLE_STAGE_NONE) {
        engine->observed.stage = step->stage;
    }
    if (step->note != FETTLE_NOTE_NONE) {
        fettle_note_add(&engine->observed, step->note, NULL);
    }
    return step->effect;
}

static inline void fake_engine_init(struct fake_engine *engine,
                                    const struct fake_step *steps, size_t count)
{
    memset(engine, 0, sizeof *engine);
    engine->engine.step = fake_engine_step;
    engine->engine.total = (uint32_t)count;
    engine->steps = steps;
    engine->count = count;
}

#endif
