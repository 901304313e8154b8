/* SPDX-License-Identifier: Apache-2.0 */
/* One client at the serial line of one board, from its coming to its leaving. */
#ifndef FETTLE_SIM_SERVE_SESSION_H
#define FETTLE_SIM_SERVE_SESSION_H

#include "fettle/transport.h"

typedef struct fettle_sim_session {
    int fd; /* of the client; doesn't block */
    bool speaks_rfc2217;
    /* What the client has set at its end; NULL where such a thing isn't to be seen. */
    bool (*look)(int fd, fettle_serial_settings *settings);
    fettle_serial_settings settings; /* with which the line was opened */
    const fettle_link *link;         /* a serial one; stays open */
    const fettle_clock_ops *clock;
    void *clock_self;
    const fettle_cancel *cancel;
} fettle_sim_session;

typedef enum fettle_sim_session_end {
    FETTLE_SIM_SESSION_CLIENT_LEFT,
    FETTLE_SIM_SESSION_BOARD_LEFT,
    FETTLE_SIM_SESSION_CANCELLED,
    FETTLE_SIM_SESSION_NO_MEMORY,
} fettle_sim_session_end;

/*
 * Passes bytes both ways until either end is gone. What the client sent before it left has reached the
 * board then; DTR and RTS are off.
 */
fettle_sim_session_end fettle_sim_session_run(const fettle_sim_session *session);

#endif
