/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a board's memories a person means; for the ways of this folder. */
#ifndef FETTLE_JOB_MEMORIES_H
#define FETTLE_JOB_MEMORIES_H

#include "job/job.h"

/* What is odd about this loader: from the board's row, or by its ids where no table knows the board. */
const fettle_dfu_quirks *fettle_job_quirks(const fettle_job_engine *job);

/* The name of alternates[index] without the DfuSe map behind it; "memory 1" where it tells none. */
void fettle_job_memory_name(const fettle_job_engine *job, size_t index, char *text,
                            size_t size);

/*
 * The alternate setting that plan->memory means, as an index: its number, its name, or the beginning of just one
 * name. An empty wish is the first. False: NO_SUCH_MEMORY.
 */
bool fettle_job_find_memory(const fettle_job_engine *job, size_t *index, fettle_error *err);

/* The index of this alternate setting. False: NO_SUCH_MEMORY. */
bool fettle_job_find_alternate(const fettle_job_engine *job, uint8_t alternate,
                               size_t *index, fettle_error *err);

/* Must names be asked for to know which memory is meant? */
bool fettle_job_needs_names(const fettle_job_engine *job);

#endif
