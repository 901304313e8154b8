/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pseudo terminal that stands for a serial port: the client opens the slave as it would the port. It
 * carries bytes and the rate, not DTR and RTS; and what else of the format it carries is the system's
 * choice (Linux: eight data bits, whatever is set).
 */
#ifndef FETTLE_SIM_SERVE_PTY_H
#define FETTLE_SIM_SERVE_PTY_H

#include "fettle/transport.h"

typedef struct fettle_sim_pty {
    int master; /* doesn't block; -1: closed */
    char path[64];
    const char *link; /* a symbolic link to the path; NULL: none */
} fettle_sim_pty;

/*
 * Raw, with 115200 baud and nobody there. `link` may be NULL; must outlive it; a symbolic link of that
 * name is replaced. False, and a sentence. One call at a time in a process.
 */
bool fettle_sim_pty_open(fettle_sim_pty *pty, const char *link, char *message,
                         size_t message_size);

/* Hangs up, and takes its link away. */
void fettle_sim_pty_close(fettle_sim_pty *pty);

/* Has somebody opened it, or left bytes there? */
bool fettle_sim_pty_has_client(const fettle_sim_pty *pty);

/* Forgets what the last client has not read. */
void fettle_sim_pty_flush(const fettle_sim_pty *pty);

/* ---- one file a system ---- */

/* What the slave is set to: baud and data bits. False: it can't be said. */
bool fettle_sim_pty_look(int master, fettle_serial_settings *settings);

/* Raw, 115200 baud, 8 bits. */
bool fettle_sim_pty_reset(int slave);

#endif
