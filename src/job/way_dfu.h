/* SPDX-License-Identifier: Apache-2.0 */
/* What plain DFU and DfuSe have in common: everything up to update mode. For these two ways only. */
#ifndef FETTLE_JOB_WAY_DFU_H
#define FETTLE_JOB_WAY_DFU_H

#include "job/job.h"

/* Becomes the way that the interface asks for by its version. */
bool fettle_dfu_way_meet(fettle_job_engine *job, fettle_error *err);
bool fettle_dfu_way_is_computer_part(const fettle_job_engine *job);
fettle_mode fettle_dfu_way_guess(const fettle_job_engine *job);
fettle_engine *fettle_dfu_way_survey(fettle_job_engine *job);
fettle_mode fettle_dfu_way_mode(const fettle_job_engine *job);
fettle_survey fettle_dfu_way_found(const fettle_job_engine *job);
bool fettle_dfu_way_was_cut_off(const fettle_job_engine *job);
bool fettle_dfu_way_can_enter(const fettle_job_engine *job);
fettle_engine *fettle_dfu_way_enter(fettle_job_engine *job);
fettle_engine *fettle_dfu_way_rest(fettle_job_engine *job);
fettle_engine *fettle_dfu_way_leave_otherwise(fettle_job_engine *job, unsigned nth);
bool fettle_dfu_way_has_made_way(const fettle_job_engine *job);

#endif
