/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody wants of the boards while they are served: a command a line on a descriptor, an
 * answer a line on the standard output, "ok ..." or "no: SENTENCE", in the same order.
 */
#ifndef FETTLE_SIM_SERVE_COMMANDS_H
#define FETTLE_SIM_SERVE_COMMANDS_H

#include "desk.h"

enum { FETTLE_SIM_COMMAND_SIZE = 512 }; /* of the longest line, with its end */

typedef struct fettle_sim_commands {
    const fettle_sim_desk *desk;
    int input;
    bool is_at_end; /* nobody was writing when it was last read */
    bool is_too_long;
    size_t size;
    char line[FETTLE_SIM_COMMAND_SIZE];
} fettle_sim_commands;

/* `input` -1: there are none. */
void fettle_sim_commands_init(fettle_sim_commands *commands, const fettle_sim_desk *desk,
                              int input);

/*
 * What to poll for the next line; -1 where that would say "now" for ever, at an end of input. That
 * is not the end of commands: another writer may open a FIFO.
 */
int fettle_sim_commands_input(const fettle_sim_commands *commands);

/* Reads what is there, without waiting, and carries it out. From the thread that tends the desk. */
void fettle_sim_commands_tend(fettle_sim_commands *commands);

#endif
