/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The innermost port: effects become calls of transports. Most of it is OPEN, the one effect that
 * knows of more than one board: look at every bus, take the board that matches if there is exactly
 * one, and wait for news otherwise. The contract is in run.h.
 *
 * Nothing is missed between a look and the wait after it, because a bus is asked to wait for
 * anything newer than the look.
 */
#include "run/run.h"

#include "base/alloc.h"

#include <assert.h>
#include <string.h>

enum {
    TURN_US = 20000,       /* how long one turn of waits takes with several buses */
    HELD_TURN_US = 200000, /* how often a board that another caller holds is tried */
    SNATCHED_LOOKS = 8,    /* looks in a row at a board that leaves while it is opened */
};

/* What a look at all buses has found. */
struct found {
    size_t count; /* boards */
    const fettle_face *face;
    size_t bus; /* where host->sight is */
};

static fettle_us now(const fettle_host *host)
{
    return host->clock->now(host->clock_self);
}

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

static fettle_us later_by(fettle_us time, fettle_us more)
{
    return time < FETTLE_NEVER - more ? time + more : FETTLE_NEVER;
}

static fettle_outcome fail(fettle_why why)
{
    return (fettle_outcome){.kind = FETTLE_ERROR, .why = why};
}

static void close_link(fettle_host *host)
{
    if (!host->is_open) {
        return;
    }
    host->is_open = false;
    if (host->link.kind == FETTLE_LINK_SERIAL) {
        host->link.serial->close(host->link.self);
    } else {
        host->link.usb->close(host->link.self);
    }
}

/* ---- OPEN ---- */

/* A path that was too long is empty: such boards can't be told to be the same. */
static bool is_same_board(const fettle_sight *a, const fettle_sight *b)
{
    return a->path[0] != '\0' && strcmp(a->path, b->path) == 0;
}

/*
 * What arrives while another board is waited for is news for the person who waits. `before`: the newest
 * arrival of this bus that an earlier look of this OPEN has shown.
 */
static void notice_stranger(fettle_host *host, const fettle_sight *sight, uint32_t before)
{
    if (sight->arrival > before) {
        host->stranger = *sight;
        host->strangers++;
    }
}

static void look_at_bus(fettle_host *host, size_t bus, const fettle_match *match,
                        bool is_first, struct found *found)
{
    fettle_host_bus *at = &host->buses[bus];
    size_t seen = at->ops->look(at->self, host->sights, FETTLE_SIGHTS_MAX, &at->change);
    size_t count = seen < FETTLE_SIGHTS_MAX ? seen : FETTLE_SIGHTS_MAX;
    uint32_t before = at->newest;

    for (size_t i = 0; i < count; i++) {
        const fettle_sight *sight = &host->sights[i];
        const fettle_face *face = fettle_match_face(match, sight);
        at->newest = sight->arrival > at->newest ? sight->arrival : at->newest;
        if (face == NULL && !is_first) {
            notice_stranger(host, sight, before);
        }
        if (face == NULL) {
            continue;
        }
        bool is_other = found->count == 0 || !is_same_board(&host->sight, sight);
        found->count += is_other ? 1 : 0;
        /* Two buses may show one board: then the face that comes first in the match counts. */
        if (found->count == 1 && (is_other || face < found->face)) {
            host->sight = *sight;
            found->face = face;
            found->bus = bus;
        }
    }
}

static struct found look(fettle_host *host, const fettle_match *match, bool is_first)
{
    struct found found = {0};
    for (size_t i = 0; i < host->bus_count; i++) {
        look_at_bus(host, i, match, is_first, &found);
    }
    return found;
}

/* GONE: it is there no longer. */
static fettle_outcome open_found(fettle_host *host, const fettle_effect *effect,
                                 const struct found *found)
{
    const fettle_host_bus *bus = &host->buses[found->bus];
    fettle_outcome outcome = {.kind = FETTLE_OK};

    if (found->count > 1) {
        outcome = fail(FETTLE_WHY_SEVERAL);
        outcome.count = found->count;
    } else if (found->face->as != FETTLE_LINK_NONE) {
        /* Busy at the last look: only opening it tells whether it still is. */
        bool is_no_use =
            host->sight.access != FETTLE_WHY_NONE && host->sight.access != FETTLE_WHY_BUSY;
        outcome = is_no_use ? fail(host->sight.access)
                            : bus->ops->open(bus->self, &host->sight, found->face->as,
                                             &effect->open.settings, &host->link);
        host->is_open = outcome.kind == FETTLE_OK;
    }
    outcome.sight = &host->sight;
    return outcome;
}

/* What looks busy without being opened is held by another program. */
static bool is_held_by_us(const fettle_match *match, const fettle_outcome *outcome)
{
    return match->path == NULL && match->serial == NULL && outcome->kind == FETTLE_ERROR &&
           outcome->why == FETTLE_WHY_BUSY && outcome->system == 0 &&
           outcome->sight->access == FETTLE_WHY_NONE;
}

/*
 * Waits until a bus has news, or `until`; OK either way. A bus that returns too early can't make
 * us spin: the clock is asked to wait for the rest.
 */
static fettle_outcome wait_for_news(fettle_host *host, fettle_us until,
                                    const fettle_cancel *cancel)
{
    size_t count = host->bus_count;
    for (size_t i = 0;; i = i + 1 < count ? i + 1 : 0) {
        fettle_us slice =
            count < 2 ? until : earlier(until, later_by(now(host), TURN_US / count));
        fettle_outcome outcome = {.kind = FETTLE_TIMEOUT};
        if (count > 0) {
            const fettle_host_bus *bus = &host->buses[i];
            outcome = bus->ops->wait(bus->self, bus->change, slice, cancel);
        }
        if (outcome.kind == FETTLE_TIMEOUT) {
            outcome = host->clock->wait(host->clock_self, slice, cancel);
            if (outcome.kind == FETTLE_OK && slice < until) {
                continue;
            }
        }
        return outcome;
    }
}

static void forget_strangers(fettle_host *host)
{
    host->strangers = 0;
    host->stranger.arrival = 0;
    for (size_t i = 0; i < host->bus_count; i++) {
        host->buses[i].newest = 0;
    }
}

static fettle_outcome open_board(fettle_host *host, const fettle_effect *effect,
                                 const fettle_cancel *cancel)
{
    unsigned snatched = 0;
    close_link(host);
    forget_strangers(host);
    for (bool is_first = true;; is_first = false) {
        /* Asked before the look: what arrives at the deadline itself is still seen. */
        bool is_last = now(host) >= effect->until;
        bool is_held = false;
        struct found found = look(host, &effect->open.match, is_first);

        if (fettle_cancel_is_wanted(cancel)) {
            return (fettle_outcome){.kind = FETTLE_CANCELLED};
        }
        if (found.count > 0) {
            fettle_outcome outcome = open_found(host, effect, &found);
            is_held = is_held_by_us(&effect->open.match, &outcome);
            if (outcome.kind == FETTLE_GONE && ++snatched < SNATCHED_LOOKS) {
                continue;
            }
            if (outcome.kind != FETTLE_GONE && !is_held) {
                return outcome;
            }
        }
        if (is_last) {
            return (fettle_outcome){.kind = FETTLE_TIMEOUT,
                                    .count = host->strangers,
                                    .sight = host->strangers > 0 ? &host->stranger : NULL};
        }
        /* Letting go of a board is no news of the bus. */
        fettle_us until = is_held
                              ? earlier(effect->until, later_by(now(host), HELD_TURN_US))
                              : effect->until;
        fettle_outcome news = wait_for_news(host, until, cancel);
        if (news.kind != FETTLE_OK) {
            return news;
        }
    }
}

/* ---- all others ---- */

static fettle_outcome perform_serial(fettle_host *host, const fettle_effect *effect,
                                     const fettle_cancel *cancel)
{
    const fettle_serial_ops *serial = host->link.serial;
    void *line = host->link.self;

    switch (effect->kind) {
    case FETTLE_EFFECT_WRITE:
        return serial->write(line, effect->write.data, effect->write.size, effect->until,
                             cancel);
    case FETTLE_EFFECT_READ:
        return serial->read(line, effect->read.buffer, effect->read.size, effect->until,
                            cancel);
    case FETTLE_EFFECT_DISCARD:
        return serial->discard(line);
    case FETTLE_EFFECT_LINES:
        return serial->set_lines(line, effect->lines.dtr, effect->lines.rts);
    case FETTLE_EFFECT_BAUD:
        return serial->set_baud(line, effect->baud);
    case FETTLE_EFFECT_FORMAT:
        return serial->set_format(line, effect->data_bits);
    default:
        return fail(FETTLE_WHY_SYSTEM);
    }
}

static fettle_outcome perform_usb(fettle_host *host, const fettle_effect *effect,
                                  const fettle_cancel *cancel)
{
    const fettle_usb_ops *usb = host->link.usb;
    void *device = host->link.self;

    switch (effect->kind) {
    case FETTLE_EFFECT_CONTROL:
        return usb->control(device, &effect->control, effect->until, cancel);
    case FETTLE_EFFECT_SELECT:
        return usb->select(device, effect->select.interface, effect->select.alternate,
                           effect->until, cancel);
    case FETTLE_EFFECT_RESET:
        return usb->reset(device);
    default:
        return fail(FETTLE_WHY_SYSTEM);
    }
}

static fettle_outcome perform_on_link(fettle_host *host, const fettle_effect *effect,
                                      const fettle_cancel *cancel)
{
    fettle_outcome outcome = {.kind = FETTLE_GONE};
    if (host->is_open && !host->has_jumped) {
        outcome = host->link.kind == FETTLE_LINK_SERIAL
                      ? perform_serial(host, effect, cancel)
                      : perform_usb(host, effect, cancel);
    }
    if (outcome.kind == FETTLE_GONE) {
        close_link(host);
    }
    return outcome;
}

/* ---- suspend ---- */

static bool has_deadline(fettle_effect_kind kind)
{
    return kind == FETTLE_EFFECT_SLEEP || kind == FETTLE_EFFECT_WRITE ||
           kind == FETTLE_EFFECT_READ || kind == FETTLE_EFFECT_CONTROL ||
           kind == FETTLE_EFFECT_SELECT;
}

/* Whatever the open link was told before the computer slept, the board has not waited for us. */
static void notice_jump_before(fettle_host *host)
{
    if (host->is_watching_for_suspend && host->has_ended_one &&
        now(host) > later_by(host->ended, FETTLE_JUMP_US)) {
        host->has_jumped = true;
    }
}

static void notice_jump_after(fettle_host *host, const fettle_effect *effect,
                              fettle_us began)
{
    host->ended = now(host);
    host->has_ended_one = true;
    fettle_us due = effect->until > began ? effect->until : began;
    if (host->is_watching_for_suspend && has_deadline(effect->kind) &&
        host->ended > later_by(due, FETTLE_JUMP_US)) {
        host->has_jumped = true;
    }
}

static fettle_outcome perform(fettle_port *port, const fettle_effect *effect,
                              const fettle_cancel *cancel)
{
    fettle_host *host = (fettle_host *)port;
    fettle_us began = now(host);
    fettle_outcome outcome;

    notice_jump_before(host);
    if (effect->kind == FETTLE_EFFECT_OPEN) {
        host->has_jumped = false;
        outcome = open_board(host, effect, cancel);
    } else if (effect->kind == FETTLE_EFFECT_SLEEP) {
        outcome = host->clock->wait(host->clock_self, effect->until, cancel);
    } else {
        outcome = perform_on_link(host, effect, cancel);
    }
    notice_jump_after(host, effect, began);
    return outcome;
}

/* ---- life ---- */

bool fettle_host_init(fettle_host *host, const fettle_clock_ops *clock, void *clock_self)
{
    memset(host, 0, sizeof *host);
    host->port.perform = perform;
    host->clock = clock;
    host->clock_self = clock_self;
    host->sights = fettle_alloc(FETTLE_SIGHTS_MAX * sizeof *host->sights);
    return host->sights != NULL;
}

bool fettle_host_add_bus(fettle_host *host, const fettle_bus_ops *ops, void *bus)
{
    if (host->bus_count >= FETTLE_BUSES_MAX) {
        return false;
    }
    host->buses[host->bus_count++] = (fettle_host_bus){.ops = ops, .self = bus};
    return true;
}

void fettle_host_finish(fettle_host *host)
{
    close_link(host);
    fettle_free(host->sights);
    host->sights = NULL;
}
