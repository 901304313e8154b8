/* SPDX-License-Identifier: Apache-2.0 */
/* One job for each board that was named, one after the other, with narration, events and signals. */
#ifndef FETTLE_CLI_JOBS_H
#define FETTLE_CLI_JOBS_H

#include "call.h"

/*
 * Makes all jobs and has their questions answered, then runs one after the other. Each ends with its
 * line for the person, but for READ and SURVEY that went well: theirs is the verb's. A stop ends all.
 */
void cli_jobs_run(cli_call *call, fettle_verb verb);

/* After a look at boards: looks at the modules that they carry, too, and adds them to the targets. No module is no failure. */
void cli_jobs_look_at_modules(cli_call *call);

/*
 * May what can't be undone be done? `what` is a clause without its full stop. --yes is a yes, and so is a
 * rehearsal; where nobody can be asked it fails with CONFIRMATION_NEEDED, after a no with CANCELLED.
 */
bool cli_jobs_confirm(cli_call *call, const char *what, fettle_error *err);

/* Says the end of a READ or SURVEY, or of what went wrong after the job itself. */
void cli_jobs_fail(cli_call *call, cli_target *target, const fettle_error *err);

/* Prints the JSON object and returns the exit status: the first failed board's. */
int cli_jobs_end(cli_call *call);

#endif
