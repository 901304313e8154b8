/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job of the public interface from the inside, for the files of this folder:
 *
 *   job.c         making it: which board, which plan, what is asked; and running it
 *   memory.c      what is remembered of boards between runs
 *   lock.c        one board, one job
 *   permission.c  may this person open it
 *   stub.c        where the stub of an ESP chip comes from
 *   result.c      what became of it, in the words of fettle.h; result_esp.c, of an ESP chip
 */
#ifndef FETTLE_API_JOB_INSIDE_H
#define FETTLE_API_JOB_INSIDE_H

#include "api/select.h"
#include "base/cancel.h"
#include "image/stub_file.h"
#include "job/job.h"
#include "run/run.h"

enum { FETTLE_BACKUP_KEY_SIZE = 64 };

enum {
    TEXT_SIZE = 1024,
    ZONES_MAX = FETTLE_TARGET_MEMORIES_MAX * FETTLE_ZONES_MAX,
};

/* A port that takes the lock of a board as soon as it is found (lock.c). */
typedef struct fettle_lock_port {
    fettle_port port;
    struct fettle_job *job;
    fettle_error error;          /* another has it */
    char path[FETTLE_PATH_SIZE]; /* that is held; empty: none */
} fettle_lock_port;

struct fettle_job {
    fettle_context *context;
    fettle_verb verb;
    const fettle_image *image;
    fettle_wishes wishes;
    char board_text[FETTLE_TEXT_SIZE], revision_text[FETTLE_ANSWER_SIZE];
    char memory_text[FETTLE_MEMORY_WISH_SIZE];
    char chip_text[FETTLE_CHIP_WISH_SIZE], reset_text[FETTLE_RESET_WISH_SIZE];
    char remembered_module[FETTLE_CHIP_WISH_SIZE]; /* by its MAC */
    char module_text[FETTLE_CHIP_WISH_SIZE], region_text[FETTLE_REGION_WISH_SIZE];
    bool has_mac;
    uint8_t mac[FETTLE_MAC_SIZE];
    fettle_selection selection;
    fettle_plan plan;
    fettle_plan_question plan_question;
    fettle_question question;
    char remembered[FETTLE_ANSWER_SIZE];
    uint32_t progress_before; /* of this stage, in a million */
    fettle_us stage_began;
    char plan_text[TEXT_SIZE], ask_text[TEXT_SIZE];
    fettle_cancel cancel;
    bool is_traced, was_run;

    /* while it runs */
    fettle_job_engine engine;
    fettle_run run;
    fettle_host host;
    fettle_lock_port lock;

    char *line;
    fettle_listener *listener;
    void *user;
    fettle_us began;
    uint8_t *buffer;
    fettle_stub_file *stub_file; /* NULL: none was looked for, or there is none */
    bool is_marked;              /* the store knows that this board's update has begun */

    /* what became of it */
    fettle_error error;
    fettle_result result;
    fettle_stage_record stages[FETTLE_STAGE_COUNT];
    fettle_note_record notes[FETTLE_NOTES_MAX];
    fettle_memory_facts memories[FETTLE_JOB_MEMORIES_MAX];
    fettle_chip_facts chip;
    fettle_carrier_view carrier;
    fettle_radio_view radio;
    fettle_module_ids ids;
    fettle_module_secret secrets[FETTLE_MODULE_SECRETS_MAX];
    fettle_module_view module;
    char backup[FETTLE_BACKUP_KEY_SIZE];
    char about_module[FETTLE_MODULE_SUMMARY_SIZE];
    fettle_partition_facts partitions[FETTLE_PARTITIONS_MAX];
    size_t zone_count;
    fettle_zone_facts zones[ZONES_MAX];
    char serial[FETTLE_TEXT_SIZE];
    char version_before[FETTLE_MODULE_VERSION_SIZE],
        version_after[FETTLE_MODULE_VERSION_SIZE];
    fettle_fates_view fates;
};

static inline bool fettle_job_has_flag(const fettle_job *job, unsigned flag)
{
    return (job->wishes.flags & flag) != 0;
}

/* ---- memory.c ---- */

/* The answer of last time, into job->remembered; NULL if there is none. To be shown, never taken. */
const char *fettle_memory_get_answer(fettle_job *job);
void fettle_memory_put_answer(const fettle_job *job);

/* The rate that this line has held; 0: not known. And what it was now. */
uint32_t fettle_memory_recall_baud(void *self, const fettle_sight *sight);
void fettle_memory_keep_baud(const fettle_job *job);

/* Which module it is that has this MAC: as fettle_job_engine's recall_module, with the job for `user`. */
const char *fettle_memory_recall_module(void *self, const uint8_t mac[6]);
/* By the path of the port where it was updated the last time: the id of its row. False: nothing is remembered. */
bool fettle_memory_module_at(const fettle_context *context, const char *path, char *id,
                             size_t room);

/* The same as fettle_job_engine's recall_place, with the job for `user`. */
bool fettle_memory_recall_place(void *self, const char *path, char *id, size_t room);

void fettle_memory_keep_module(const fettle_job *job);

/* Did an earlier update of the board on this port not come to its end? */
bool fettle_memory_is_unfinished(const fettle_job *job, const char *path);

/* Notes that one has begun, or has come to its end. What can't be kept is dropped. */
void fettle_memory_mark(fettle_job *job, bool is_unfinished);

/*
 * What the pages that are about to be erased hold beside the content: kept until the update has come to its end, so that the
 * next run can put it back if this one is cut off.
 */
void fettle_memory_keep_rests(fettle_job *job);
void fettle_memory_forget_rests(fettle_job *job);
bool fettle_memory_recall_rest(void *job, const char *path, uint8_t alternate,
                               uint32_t address, uint8_t *bytes, uint32_t size);

/* ---- backup.c ---- */

/* As fettle_job_engine's keep and recall_kept, with the job for `user`. */
bool fettle_backup_keep(void *self, const fettle_module_keepsake *what, fettle_error *err);
bool fettle_backup_recall(void *self, const uint8_t mac[6], uint8_t *bytes, size_t size);
bool fettle_backup_recall_table(void *self, const uint8_t mac[6], uint8_t *bytes,
                                size_t size);

/* ---- lock.c ---- */

/* In front of job->host; to be finished when the job has ended. */
void fettle_lock_port_init(fettle_job *job);
void fettle_lock_port_finish(fettle_job *job);

/* ---- permission.c ---- */

/* Before anybody is asked for anything. False, and `err`: the update mode could not be opened. */
bool fettle_permission_check(fettle_job *job, fettle_error *err);

/* Of a job that has failed for want of permission: which of the cures it is. */
void fettle_permission_explain(fettle_job *job);

/* ---- result.c ---- */

/* Fills in job->result from engine, run and error; texts are never NULL afterwards. */
void fettle_result_make(fettle_job *job);

/* The board's part of it alone. */
void fettle_result_tell_board(fettle_job *job);

/* stub.c: reads the one that a person names. False: it is none. */
bool fettle_stub_take(fettle_job *job, fettle_error *err);

/* stub.c: as fettle_job_engine's find_stub. */
bool fettle_stub_find(void *self, const char *chip, fettle_esp_stub *stub);

/* result_esp.c */
void fettle_result_tell_chip(fettle_job *job);

#endif
