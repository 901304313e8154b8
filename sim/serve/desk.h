/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boards of one world as their hosts find them, whatever brings a host to them: their busids,
 * who talks to which over which socket, and who has to be cut off because the board has left.
 */
#ifndef FETTLE_SIM_SERVE_DESK_H
#define FETTLE_SIM_SERVE_DESK_H

#include "sim/sim.h"

enum {
    FETTLE_SIM_BUSID_SIZE = 32,
    FETTLE_SIM_LOOK_MS = 20, /* at most between two calls of fettle_sim_desk_tend() */
};

typedef struct fettle_sim_desk fettle_sim_desk;

/* For all boards that are in the world by now; it must outlive the desk. NULL: no memory. */
fettle_sim_desk *fettle_sim_desk_new(fettle_sim *sim);
void fettle_sim_desk_free(fettle_sim_desk *desk); /* takes NULL */

/* ---- any thread ---- */

fettle_sim *fettle_sim_desk_world(const fettle_sim_desk *desk);
size_t fettle_sim_desk_count(const fettle_sim_desk *desk);

/* Board N of the world is 1-N, present or not. The count of boards: none has this busid. */
void fettle_sim_desk_busid(size_t board, char busid[FETTLE_SIM_BUSID_SIZE]);
size_t fettle_sim_desk_find(const fettle_sim_desk *desk, const char *busid);

/*
 * Opens the board; OK fills in who it is and the link, else as fettle_bus_ops.open(). `settings` of a
 * serial line may be NULL: nothing is told.
 */
fettle_outcome fettle_sim_desk_open(const fettle_sim_desk *desk, size_t board,
                                    const fettle_serial_settings *settings,
                                    fettle_sight *sight, fettle_link *link);

/*
 * From now on the socket is shut down when this arrival of the board is over, or when another
 * arrival of it gets a socket. It has to be open until fettle_sim_desk_end_use() has returned.
 */
void fettle_sim_desk_begin_use(fettle_sim_desk *desk, size_t board, uint32_t arrival,
                               int socket);
void fettle_sim_desk_end_use(fettle_sim_desk *desk, size_t board, uint32_t arrival);

/* A host wants this board, or whichever wasn't there at the start: its person may hear of it. */
void fettle_sim_desk_wish(fettle_sim_desk *desk, size_t board);
void fettle_sim_desk_wish_absent(fettle_sim_desk *desk);

/* ---- the thread that made it ---- */

/* Cuts off who has to be, and tells persons. */
void fettle_sim_desk_tend(fettle_sim_desk *desk);

/* Cuts off everyone. */
void fettle_sim_desk_clear(fettle_sim_desk *desk);

#endif
