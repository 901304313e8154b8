/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See rescue.h. A vendor knows a ladder of steps for its modules (board/module.h), and is told what was done already. For any other
 * chip there is less to say: whose fault it is depends on what its owner has built.
 */
#include "job/rescue.h"

#include "base/text.h"
#include "job/script.h"

#include <string.h>

enum { BLANK_MAX = FETTLE_PARTITIONS_MAX + FETTLE_ERASE_RANGES_MAX };

#define POWER_HINT                                                                    \
    "Give it more power: a short cable, a port of the computer itself or a hub with " \
    "its own supply, a full battery; take off what it feeds. Then press its reset "   \
    "button."
#define PROGRAM_HINT                                                                    \
    "Write a program that is known to run on this board, with the bootloader and the "  \
    "partition table that were built with it. What an earlier one has left in NVS may " \
    "be in its way, too: fettle erase --memory=nvs erases that alone."
#define NOTHING_HINT                                                            \
    "Write all that was built for this board: bootloader, partition table and " \
    "application."

static bool finds_nothing(const fettle_job_engine *job)
{
    const fettle_esp_bootlog *log = &job->esp.esp.log;
    return job->esp.has_nothing_to_start || log->finds_no_loader ||
           log->finds_no_application;
}

static bool is_in_distress(const fettle_job_engine *job)
{
    return job->esp.loops || job->esp.has_nothing_to_start;
}

static bool loses_power(const fettle_job_engine *job)
{
    return job->esp.loops && job->esp.esp.log.cause == FETTLE_ESP_BY_BROWNOUT;
}

/* What was erased just now, and what was seen to be blank. */
static size_t list_blank(const fettle_job_engine *job, fettle_module_range blank[BLANK_MAX])
{
    const fettle_esp_work *work = &job->esp;
    size_t count = 0;
    bool has_erased = job->plan->kind == FETTLE_TASK_ERASE && job->has_written;
    for (size_t i = 0; has_erased && i < job->erase_range_count; i++) {
        blank[count++] = job->erase_ranges[i];
    }
    for (size_t i = 0; work->has_table && i < work->table.count; i++) {
        const fettle_partition *row = &work->table.rows[i];
        if (work->seen[i].is_known && work->seen[i].content == FETTLE_ESP_BLANK) {
            blank[count++] = (fettle_module_range){row->address, row->size};
        }
    }
    return count;
}

/* An update that has options to go further with. */
static bool is_rerun(const fettle_job_engine *job)
{
    const fettle_plan *plan = job->plan;
    return plan->kind == FETTLE_TASK_UPDATE && plan->image != NULL &&
           plan->image->package != NULL && !plan->is_dry && !plan->is_restore;
}

/* Whoever only looks, reads or erases has no failure, and no hint with it. */
static bool is_failure(const fettle_job_engine *job)
{
    const fettle_plan *plan = job->plan;
    bool is_update = plan->kind == FETTLE_TASK_UPDATE && plan->image != NULL &&
                     !plan->is_dry && !plan->is_restore;
    return is_update || plan->kind == FETTLE_TASK_RESET;
}

/* What was read of it before is there no more where this very job has written something else. */
static void renew(const fettle_job_engine *job, fettle_module_look *look)
{
    for (size_t i = 0; job->has_written && i < job->esp.range_count; i++) {
        for (size_t k = 0; k < job->layout.count; k++) {
            const fettle_esp_piece *piece = &job->layout.pieces[k];
            if (piece->address == job->esp.ranges[i].address &&
                piece->data.size >= look->ranges[i].size && look->ranges[i].size > 0) {
                look->ranges[i].data = piece->data.data;
            }
        }
    }
}

/* False: there is no ladder for this board. */
static bool find_step(const fettle_job_engine *job, fettle_module_rescue *rescue)
{
    fettle_esp_board board;
    fettle_module_look look;
    fettle_module_range blank[BLANK_MAX];
    const fettle_plan *plan = job->plan;
    bool is_again = is_rerun(job);
    if (job->esp.module == NULL || job->esp.module->rescue == NULL ||
        !fettle_esp_work_see(&job->esp, &board, &look)) {
        return false;
    }
    renew(job, &look);
    const fettle_module_distress distress = {
        .finds_nothing = finds_nothing(job),
        .loses_power = loses_power(job),
        .is_rerun = is_again,
        .was_erased_whole = is_again && plan->mass_erases,
        .was_erased_files = is_again && plan->erases_files,
        .was_erased_settings = is_again && plan->erases_settings,
        .blank = blank,
        .blank_count = list_blank(job, blank),
        .port = job->sight.path,
    };
    *rescue = (fettle_module_rescue){.hint = NULL};
    job->esp.module->rescue(&look, &distress, rescue);
    return true;
}

/* `text` may be a clause or a sentence; the note ends in a full stop of its own. */
static void note(fettle_job_engine *job, fettle_note_code code, const char *text)
{
    char clause[FETTLE_MODULE_STEP_SIZE] = "";
    size_t length = strlen(text);
    if (length == 0) {
        return;
    }
    length -= text[length - 1] == '.';
    fettle_text_append_part(clause, sizeof clause, text, length);
    fettle_words words = fettle_script_words(job);
    words.text = clause;
    fettle_note_add(&job->observed, code, &words);
}

static const char *plain_hint(const fettle_job_engine *job)
{
    return loses_power(job) ? POWER_HINT : finds_nothing(job) ? NOTHING_HINT : PROGRAM_HINT;
}

void fettle_rescue_note(fettle_job_engine *job)
{
    char reason[FETTLE_ESP_REASON_SIZE] = "";
    fettle_module_rescue rescue;
    if (!is_in_distress(job)) {
        return;
    }
    fettle_esp_bootlog_reason(&job->esp.esp.log, reason);
    note(job, job->esp.loops ? FETTLE_NOTE_RESTARTS_AGAIN : FETTLE_NOTE_FINDS_NOTHING,
         reason);
    if (!find_step(job, &rescue)) {
        note(job, FETTLE_NOTE_NEXT_STEP, is_failure(job) ? "" : plain_hint(job));
    } else if (!is_rerun(job)) {
        note(job, FETTLE_NOTE_NEXT_STEP, rescue.step);
        note(job, FETTLE_NOTE_STEP_AFTER, rescue.or_else);
    }
}

const char *fettle_rescue_hint(const fettle_job_engine *job)
{
    fettle_module_rescue rescue;
    if (!is_in_distress(job)) {
        return NULL;
    }
    if (find_step(job, &rescue)) {
        return rescue.hint;
    }
    return job->esp.loops ? plain_hint(job) : NULL;
}
