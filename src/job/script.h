/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the job's script share: its ends, its effects, and the places where one part
 * hands over to the next. For the files of this folder only; what each does is said where it stands.
 *
 *   job.c      words, ends, the second try, effects
 *   arrive.c   find, enter, survey
 *   write.c    compare, write, verify
 *   leave.c    leave, confirm
 */
#ifndef FETTLE_JOB_SCRIPT_H
#define FETTLE_JOB_SCRIPT_H

#include "job/job.h"

/* A place that needs nothing of what came before. */
typedef fettle_effect fettle_script_next(fettle_job_engine *job, fettle_us now);

/* A place in the script: what to do when the effect that was asked for there has ended. */
typedef fettle_effect fettle_script_then(fettle_job_engine *job, const fettle_outcome *last,
                                         fettle_us now);

#define MS     ((fettle_us)1000)
#define SECOND ((fettle_us)1000000)

#define COMES_UP_TIME (10 * SECOND) /* re-enumeration; Windows takes up to seven seconds */

/* Shares of the whole, a stage each. */
enum {
    SHARE_COMPARE = 10,
    SHARE_WRITE = 60,
    SHARE_VERIFY = 15,
    SHARE_LEAVE = 15,
    SHARES = SHARE_COMPARE + SHARE_WRITE + SHARE_VERIFY + SHARE_LEAVE,
};

/* ---- ends (job.c) ---- */

fettle_words fettle_script_words(const fettle_job_engine *job);
void fettle_script_note(fettle_job_engine *job, fettle_note_code code);
fettle_effect fettle_script_end(fettle_job_engine *job, fettle_job_end how);

/* As its kind ends when all is well. */
fettle_effect fettle_script_end_well(fettle_job_engine *job);

/* `engine.error` is set: the board's name and the stage come to it. */
fettle_effect fettle_script_give_up(fettle_job_engine *job);

/* A failure of our own, never tried again. */
fettle_effect fettle_script_refuse(fettle_job_engine *job, fettle_code code);

/* `last` is not OK: fails, or tries again. */
fettle_effect fettle_script_fail(fettle_job_engine *job, const fettle_outcome *last,
                                 fettle_clause clause, fettle_us now);

/* `engine.error` is set: fails, or tries again. */
fettle_effect fettle_script_fail_so(fettle_job_engine *job, fettle_us now);

/* The window was missed: ready for the next try, for as long as was agreed on. */
fettle_effect fettle_script_rearm(fettle_job_engine *job, fettle_us now);

/* No board, or not in the mode that is needed. */
fettle_effect fettle_script_not_found(fettle_job_engine *job, fettle_code code);

/* A moment so much later; never past the end of time. */
fettle_us fettle_script_after(fettle_us now, fettle_us time);

/* ---- effects (job.c) ---- */

fettle_effect fettle_script_run(fettle_job_engine *job, fettle_stage stage,
                                fettle_engine *child, uint32_t share,
                                fettle_script_then *next);
void fettle_script_skip(fettle_job_engine *job, uint32_t share);

/* `opens` false: it is enough to see it. */
fettle_effect fettle_script_open(fettle_job_engine *job, fettle_stage stage, bool opens,
                                 fettle_us until, fettle_ask ask, fettle_script_then *next);

/* A sight is taken for the board that the job is about from now on. */
void fettle_script_see(fettle_job_engine *job, const fettle_sight *sight);

/* What the board holds was read, or hashed by it, and is right. */
bool fettle_script_is_proven(const fettle_job_engine *job);

bool fettle_script_is_in_loader(const fettle_job_engine *job);
bool fettle_script_has_a_hand(const fettle_job_engine *job); /* may anybody be asked? */
bool fettle_script_reads(const fettle_job_engine *job);      /* compares and verifies */

/* carrier.c: asks an application which firmware it is, where it can be asked, once before and once after; goes on with `next`. */
fettle_effect fettle_script_ask_carrier(fettle_job_engine *job, bool is_after,
                                        fettle_script_next *next, fettle_us now);

/* ---- handing over ---- */

bool fettle_script_may_unprotect(
    const fettle_job_engine *job); /* arrive.c: it was refused for that */
fettle_effect
fettle_script_unprotect(fettle_job_engine *job); /* arrive.c: and begins anew */

fettle_script_then fettle_script_find, fettle_script_on_arrived;        /* arrive.c */
bool fettle_script_is_other_board(fettle_job_engine *job);              /* arrive.c */
fettle_effect fettle_script_refuse_other_board(fettle_job_engine *job); /* arrive.c */
fettle_effect
fettle_script_settle(fettle_job_engine *job); /* leave.c: it runs; no more proof */
fettle_effect fettle_script_meet(fettle_job_engine *job,
                                 fettle_us now); /* arrive.c: it is open */
fettle_effect fettle_script_work(fettle_job_engine *job,
                                 fettle_us now); /* write.c: it is ready */
fettle_effect fettle_script_leave(fettle_job_engine *job,
                                  fettle_us now); /* leave.c: it is done */
fettle_effect fettle_script_confirm(fettle_job_engine *job, fettle_us now); /* leave.c */

#endif
