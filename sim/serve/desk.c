/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board that has left takes its socket with it, as a cable that is pulled: what waits there ends,
 * in whichever thread. One host a board at a time is the bus's own rule, but the last one may still
 * be about to go when the board is back and the next one comes.
 */
#define _POSIX_C_SOURCE 200809L

#include "desk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What is known of a board besides its place in the world. */
typedef struct place {
    bool is_absent; /* it was not on the bus at the start */
    bool was_asked; /* a host has asked for it */
    bool was_told;  /* and its person knows */
    bool is_used;
    uint32_t arrival;
    int socket;
} place;

struct fettle_sim_desk {
    fettle_sim *sim;
    size_t count;
    pthread_mutex_t lock; /* of the places */
    place *places;
    bool is_stale; /* there is a use that no look has seen */
    uint64_t change;
    fettle_sight sight; /* of the thread that tends */
};

fettle_sim_desk *fettle_sim_desk_new(fettle_sim *sim)
{
    size_t count = fettle_sim_count(sim);
    fettle_sim_desk *desk = calloc(1, sizeof *desk);
    place *places = calloc(count + 1, sizeof *places);
    if (desk == NULL || places == NULL) {
        free(desk);
        free(places);
        return NULL;
    }
    desk->sim = sim;
    desk->count = count;
    desk->places = places;
    pthread_mutex_init(&desk->lock, NULL);
    for (size_t i = 0; i < count; i++) {
        places[i].is_absent = fettle_sim_showing(sim, i) == FETTLE_SIM_SHOWS_NOTHING;
    }
    return desk;
}

void fettle_sim_desk_free(fettle_sim_desk *desk)
{
    if (desk != NULL) {
        pthread_mutex_destroy(&desk->lock);
        free(desk->places);
        free(desk);
    }
}

fettle_sim *fettle_sim_desk_world(const fettle_sim_desk *desk)
{
    return desk->sim;
}

size_t fettle_sim_desk_count(const fettle_sim_desk *desk)
{
    return desk->count;
}

/* ---- names ---- */

void fettle_sim_desk_busid(size_t board, char busid[FETTLE_SIM_BUSID_SIZE])
{
    snprintf(busid, FETTLE_SIM_BUSID_SIZE, "1-%zu", board + 1);
}

size_t fettle_sim_desk_find(const fettle_sim_desk *desk, const char *busid)
{
    size_t board = 0;
    for (; board < desk->count; board++) {
        char its[FETTLE_SIM_BUSID_SIZE];
        fettle_sim_desk_busid(board, its);
        if (strcmp(its, busid) == 0) {
            break;
        }
    }
    return board;
}

/* ---- uses ---- */

fettle_outcome fettle_sim_desk_open(const fettle_sim_desk *desk, size_t board,
                                    const fettle_serial_settings *settings,
                                    fettle_sight *sight, fettle_link *link)
{
    if (!fettle_sim_look_at(desk->sim, board, sight)) {
        return (fettle_outcome){.kind = FETTLE_GONE};
    }
    return fettle_sim_bus_ops.open(desk->sim, sight, sight->kind, settings, link);
}

static void cut_off(place *its)
{
    if (its->is_used) {
        shutdown(its->socket, SHUT_RDWR);
    }
}

void fettle_sim_desk_begin_use(fettle_sim_desk *desk, size_t board, uint32_t arrival,
                               int socket)
{
    pthread_mutex_lock(&desk->lock);
    place *its = &desk->places[board];
    cut_off(its);
    its->is_used = true;
    its->arrival = arrival;
    its->socket = socket;
    desk->is_stale = true;
    pthread_mutex_unlock(&desk->lock);
}

void fettle_sim_desk_end_use(fettle_sim_desk *desk, size_t board, uint32_t arrival)
{
    pthread_mutex_lock(&desk->lock);
    place *its = &desk->places[board];
    its->is_used = its->is_used && its->arrival != arrival;
    pthread_mutex_unlock(&desk->lock);
}

/* ---- wishes ---- */

void fettle_sim_desk_wish(fettle_sim_desk *desk, size_t board)
{
    pthread_mutex_lock(&desk->lock);
    desk->places[board].was_asked = true;
    pthread_mutex_unlock(&desk->lock);
}

void fettle_sim_desk_wish_absent(fettle_sim_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    for (size_t i = 0; i < desk->count; i++) {
        desk->places[i].was_asked = desk->places[i].was_asked || desk->places[i].is_absent;
    }
    pthread_mutex_unlock(&desk->lock);
}

/* ---- the world goes on ---- */

static void look_around(fettle_sim_desk *desk)
{
    uint64_t change;
    fettle_sim_bus_ops.look(desk->sim, NULL, 0, &change);
    if (change == desk->change && !desk->is_stale) {
        return;
    }
    desk->change = change;
    desk->is_stale = false;
    for (size_t i = 0; i < desk->count; i++) {
        place *its = &desk->places[i];
        bool is_there = fettle_sim_look_at(desk->sim, i, &desk->sight);
        if (!is_there || desk->sight.arrival != its->arrival) {
            cut_off(its);
        }
    }
}

/* Nobody asks a person at this desk for anything: a host that comes is what they wait for. */
static void tell_persons(fettle_sim_desk *desk)
{
    for (size_t i = 0; i < desk->count; i++) {
        place *its = &desk->places[i];
        if (its->was_asked && !its->was_told) {
            its->was_told = true;
            fettle_sim_hear(desk->sim, fettle_sim_path(desk->sim, i),
                            FETTLE_ASK_UPDATE_MODE);
        }
    }
}

void fettle_sim_desk_tend(fettle_sim_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    look_around(desk);
    tell_persons(desk);
    pthread_mutex_unlock(&desk->lock);
    fettle_sim_log_clear(desk->sim); /* log= has a file of its own */
}

void fettle_sim_desk_clear(fettle_sim_desk *desk)
{
    pthread_mutex_lock(&desk->lock);
    for (size_t i = 0; i < desk->count; i++) {
        cut_off(&desk->places[i]);
    }
    pthread_mutex_unlock(&desk->lock);
}
