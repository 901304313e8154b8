/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said of a chip that restarts again and again, or finds nothing that it could start: why, by its own boot log, and what to do
 * next. For way_esp.c, once the chip was started and listened to.
 */
#ifndef FETTLE_JOB_RESCUE_H
#define FETTLE_JOB_RESCUE_H

#include "job/job.h"

/* As fettle_way.note_start. */
void fettle_rescue_note(fettle_job_engine *job);

/* As fettle_way.hint, for an update whose application doesn't come up. */
const char *fettle_rescue_hint(const fettle_job_engine *job);

#endif
