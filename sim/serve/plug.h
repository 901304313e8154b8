/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugs the boards of one desk into this Linux kernel, each into a port of its own, and again
 * whenever one is back.
 */
#ifndef FETTLE_SIM_SERVE_PLUG_H
#define FETTLE_SIM_SERVE_PLUG_H

#include "desk.h"

typedef struct fettle_sim_plug fettle_sim_plug;

/* Takes a port for each board; the desk must outlive it. NULL, and a sentence. */
fettle_sim_plug *fettle_sim_plug_new(fettle_sim_desk *desk, char *message,
                                     size_t message_size);

/*
 * Begins; each coming and going is a line on the standard output from now on. False, and a
 * sentence: the system has no thread to give.
 */
bool fettle_sim_plug_start(fettle_sim_plug *plug, char *message, size_t message_size);

/* Has the kernel refused a board, for a reason that won't go away? Then with a sentence. */
bool fettle_sim_plug_has_failed(fettle_sim_plug *plug, char *message, size_t message_size);

/* Unplugs everything, and returns when the kernel has let go of it. Takes NULL. */
void fettle_sim_plug_free(fettle_sim_plug *plug);

#endif
