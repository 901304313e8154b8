/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hands at the desk, and the virtual person they belong to.
 *
 * A hand does one thing at a time; unplugging and plugging in again is two, with a moment between
 * them. A person hears what is asked, takes their time, and starts a hand: the helpful one does
 * what was asked, the slow one later, the wrong one something else, again and again. What a hand
 * has begun it finishes, also when nothing is asked any more.
 */
#include "internal.h"

#include <string.h>

enum { SLOW_TIMES = 10 };

static void plug_in(fettle_sim_board *board, fettle_us at, bool with_button)
{
    if (board->is_plugged) {
        return;
    }
    board->is_plugged = true;
    board->is_held = with_button;
    bool had_power = fettle_sim_option_of(board, OPTION_BATTERY) != 0 &&
                     board->kept != FETTLE_SIM_SHOWS_NOTHING;
    fettle_sim_start start = with_button ? START_UPDATE : START_BOOT;
    fettle_sim_restart(board, at, had_power ? START_KEPT : start);
}

static void unplug(fettle_sim_board *board, fettle_us at)
{
    if (!board->is_plugged) {
        return;
    }
    board->is_plugged = false;
    board->has_power = board->has_power && fettle_sim_option_of(board, OPTION_BATTERY) != 0;
    if (board->shows != FETTLE_SIM_SHOWS_NOTHING) {
        board->kept = board->shows;
    }
    fettle_sim_leave(board, at, START_BOOT, FETTLE_NEVER);
}

static void press_reset(fettle_sim_board *board, fettle_us at, bool with_button)
{
    if (board->esp != NULL && board->shows != FETTLE_SIM_SHOWS_NOTHING) {
        fettle_sim_esp_press_reset(board, with_button, at);
    }
}

/* A wire from the boot pin to ground, or from the pin of safe boot to 3.3 V; neither: none is left. */
static void wire(fettle_sim_board *board, bool is_boot, bool is_safe)
{
    if (board->model->module != NULL) {
        board->is_boot_wired = is_boot;
        board->is_safe_wired = is_safe;
    }
}

static void start_hand(fettle_sim_board *board, fettle_sim_hand hand, fettle_us at)
{
    board->hand = hand;
    board->hand_at = at;
}

void fettle_sim_on_hand(fettle_sim_board *board, fettle_us at)
{
    fettle_us again = at + SIM_UNPLUGGED_MS * (fettle_us)1000;
    fettle_sim_record_event(board, at, "hand");
    switch (board->hand) {
    case FETTLE_SIM_UNPLUG:
        unplug(board, at);
        break;
    case FETTLE_SIM_PLUG:
        plug_in(board, at, false);
        break;
    case FETTLE_SIM_PLUG_WITH_BUTTON:
        plug_in(board, at, true);
        break;
    case FETTLE_SIM_REPLUG:
        unplug(board, at);
        start_hand(board, FETTLE_SIM_PLUG, again);
        break;
    case FETTLE_SIM_REPLUG_WITH_BUTTON:
        unplug(board, at);
        start_hand(board, FETTLE_SIM_PLUG_WITH_BUTTON, again);
        break;
    case FETTLE_SIM_PRESS_RESET:
        press_reset(board, at, false);
        break;
    case FETTLE_SIM_PRESS_RESET_WITH_BUTTON:
        press_reset(board, at, true);
        break;
    case FETTLE_SIM_WIRE_AND_RESET:
        wire(board, true, false);
        press_reset(board, at, false);
        break;
    case FETTLE_SIM_UNWIRE_AND_RESET:
        wire(board, false, false);
        press_reset(board, at, false);
        break;
    case FETTLE_SIM_WIRE:
        wire(board, true, false);
        break;
    case FETTLE_SIM_UNWIRE:
        wire(board, false, false);
        break;
    case FETTLE_SIM_WIRE_G28_AND_RESET:
        wire(board, false, true);
        press_reset(board, at, false);
        break;
    }
}

void fettle_sim_do(fettle_sim *sim, size_t board, fettle_sim_hand hand, fettle_us in)
{
    fettle_sim_lock(sim);
    fettle_us now = fettle_sim_catch_up(sim);
    start_hand(sim->boards[board], hand, fettle_sim_after(now, in));
    fettle_sim_unlock(sim);
}

/* ---- the person ---- */

/* Such boards have two: BOOT is held while RESET is pressed, and the cable stays. */
static bool has_reset_button(const fettle_sim_board *board)
{
    return board->model->esp != NULL && board->shows != FETTLE_SIM_SHOWS_NOTHING;
}

/* What wire= makes of the two asks about the wire. */
static void do_wires(fettle_sim_board *board, bool is_wanted, fettle_us at)
{
    static const struct {
        fettle_sim_hand fits, takes_off;
    } hands[] = {
        [WIRE_RIGHT] = {FETTLE_SIM_WIRE_AND_RESET, FETTLE_SIM_UNWIRE_AND_RESET},
        [WIRE_G28] = {FETTLE_SIM_WIRE_G28_AND_RESET, FETTLE_SIM_UNWIRE_AND_RESET},
        [WIRE_NONE] = {FETTLE_SIM_PRESS_RESET, FETTLE_SIM_UNWIRE_AND_RESET},
        [WIRE_NO_RESET] = {FETTLE_SIM_WIRE, FETTLE_SIM_UNWIRE},
        [WIRE_LEFT] = {FETTLE_SIM_WIRE_AND_RESET, FETTLE_SIM_PRESS_RESET},
    };
    uint64_t way = fettle_sim_option_of(board, OPTION_WIRE);
    if (board->model->module != NULL) {
        start_hand(board, is_wanted ? hands[way].fits : hands[way].takes_off, at);
    }
}

/* On Expansion Board 2.0 there is no other way to a module's loader. */
static bool needs_wire(const fettle_sim_board *board)
{
    return board->model->module != NULL && !board->model->is_shield;
}

static void bring_into_update_mode(fettle_sim_board *board, fettle_us at)
{
    if (needs_wire(board)) {
        do_wires(board, true, at);
        return;
    }
    start_hand(board,
               has_reset_button(board) ? FETTLE_SIM_PRESS_RESET_WITH_BUTTON
                                       : FETTLE_SIM_REPLUG_WITH_BUTTON,
               at);
}

static void do_right(fettle_sim_board *board, fettle_us at)
{
    switch (board->ask) {
    case FETTLE_ASK_PLUG_IN:
        if (!board->is_plugged) {
            bool with_button = board->model->ops->needs_button(board);
            start_hand(board, with_button ? FETTLE_SIM_PLUG_WITH_BUTTON : FETTLE_SIM_PLUG,
                       at);
        }
        break;
    case FETTLE_ASK_UPDATE_MODE:
        bring_into_update_mode(board, at);
        break;
    case FETTLE_ASK_REPLUG:
        start_hand(board, FETTLE_SIM_REPLUG, at);
        break;
    case FETTLE_ASK_WIRE:
    case FETTLE_ASK_UNWIRE:
        do_wires(board, board->ask == FETTLE_ASK_WIRE, at);
        break;
    case FETTLE_ASK_NOTHING:
        break;
    }
}

/* The button where none was asked for, none where it was; and so on, as long as it is asked. */
static void do_wrong(fettle_sim_board *board, fettle_us at)
{
    switch (board->ask) {
    case FETTLE_ASK_PLUG_IN:
        if (!board->is_plugged) {
            start_hand(board, FETTLE_SIM_PLUG, at);
        }
        break;
    case FETTLE_ASK_UPDATE_MODE:
        start_hand(board, FETTLE_SIM_REPLUG, at);
        break;
    case FETTLE_ASK_REPLUG:
        start_hand(board, FETTLE_SIM_REPLUG_WITH_BUTTON, at);
        break;
    case FETTLE_ASK_WIRE:
    case FETTLE_ASK_UNWIRE:
        start_hand(board, FETTLE_SIM_PRESS_RESET, at);
        break;
    case FETTLE_ASK_NOTHING:
        return;
    }
    fettle_us delay = fettle_sim_ms_of(board, OPTION_DELAY);
    fettle_us least = SIM_UNPLUGGED_MS * (fettle_us)1000 * 2; /* never without an end */
    board->person_at = fettle_sim_after(at, delay < least ? least : delay);
}

void fettle_sim_on_person(fettle_sim_board *board, fettle_us at)
{
    if (fettle_sim_option_of(board, OPTION_PERSON) == PERSON_WRONG) {
        do_wrong(board, at);
    } else {
        do_right(board, at);
    }
}

/* Has the person begun it, and is the board not back yet? */
static bool is_at_it(const fettle_sim_board *board)
{
    return board->person_at != FETTLE_NEVER || board->hand_at != FETTLE_NEVER ||
           board->arrives_at != FETTLE_NEVER;
}

static void hear(fettle_sim_board *board, fettle_ask ask, fettle_us now)
{
    uint64_t person = fettle_sim_option_of(board, OPTION_PERSON);
    if (ask == FETTLE_ASK_NOTHING || person == PERSON_NONE) {
        board->ask = FETTLE_ASK_NOTHING;
        board->person_at = FETTLE_NEVER;
        return;
    }
    if (ask == board->ask && is_at_it(board)) {
        return; /* the same again: no reason to start anew */
    }
    fettle_us delay = fettle_sim_ms_of(board, OPTION_DELAY);
    delay *= person == PERSON_SLOW ? SLOW_TIMES : 1;
    board->ask = ask;
    board->person_at = fettle_sim_after(now, delay);
}

void fettle_sim_hear(fettle_sim *sim, const char *path, fettle_ask ask)
{
    fettle_sim_lock(sim);
    fettle_us now = fettle_sim_catch_up(sim);
    for (size_t i = 0; i < sim->count; i++) {
        if (path == NULL || strcmp(path, sim->boards[i]->path) == 0) {
            hear(sim->boards[i], ask, now);
        }
    }
    fettle_sim_unlock(sim);
}
