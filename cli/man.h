/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manual pages, made from the tables of commands.h: fettle(1), one a verb, and fettle-sim(1). An
 * installation is what asks for them: `fettle help man`, `fettle help man VERB`, `fettle help man sim`.
 */
#ifndef FETTLE_CLI_MAN_H
#define FETTLE_CLI_MAN_H

#include "call.h"

/* Do the words behind `fettle help` ask for a page? */
bool cli_man_is_wanted(const char *words);

/* Writes the page on stdout, in man(7) macros, the same bytes in every locale. Returns the exit status. */
int cli_man(cli_call *call, const char *words);

/* fettle-sim(1): of the other program, but the boards are the same. */
void cli_man_sim(void);

#endif
