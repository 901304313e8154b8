/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a vendor's modules have that a plain ESP board hasn't, for way_esp.c: a carrier that is a computer itself, bytes that can't be
 * replaced, files of the vendor's own. Everything particular is in the vendor's tables (board/module.h).
 */
#ifndef FETTLE_JOB_WAY_ESP_MODULE_H
#define FETTLE_JOB_WAY_ESP_MODULE_H

#include "job/job.h"

/* The carrier that the board's port belongs to, readied; NULL: it is none. */
const fettle_carrier_ops *fettle_module_meet_carrier(fettle_job_engine *job);

/* As fettle_esp_work.console. */
const fettle_module_ops *fettle_module_console(const fettle_job_engine *job);

/* As fettle_esp_work.find_module, with the job for `user`. */
const fettle_module_ops *fettle_module_find(void *user, const fettle_esp_board *board);

/* What is known of the module, in `job->module.look`. */
void fettle_module_look_at(fettle_job_engine *job);

/* Where all of a backup goes, in `job->layout`. False: it is of a board that this one can't take the place of. */
bool fettle_restore_lay_out(fettle_job_engine *job, const fettle_esp_board *board,
                            fettle_error *err);

/* The partition table in a backup of a whole flash. False: it has none, or isn't one. */
bool fettle_restore_table(const fettle_plan *plan, uint64_t flash_size,
                          fettle_partitions *table);

/* Is the board a module? */
bool fettle_module_is_one(const fettle_job_engine *job);

/* Where all of the image goes, and what else belongs there. Once there is room for pieces in `job->layout`. */
bool fettle_module_lay_out(fettle_job_engine *job, const fettle_esp_board *board,
                           fettle_error *err);

/* Saves what can't be replaced, before anything is changed. False: it could not be saved. */
bool fettle_module_back_up(fettle_job_engine *job, fettle_error *err);

/* Takes what can't be replaced out of what is to be erased: `job->erase_ranges`. */
void fettle_module_spare(fettle_job_engine *job);

/* What its version was and is, and what of its owner's was kept, in notes. Once an update has come to its end. */
void fettle_module_note_end(fettle_job_engine *job);

/* Gives back what lay_out() took. */
void fettle_module_free(fettle_job_engine *job);

#endif
