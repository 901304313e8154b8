/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One board, one job. A port in front of the host: when a board has been found, and before anything is
 * asked of it, its lock is taken. It is held until the job has ended, so that nobody takes the board
 * while it is away to come back in its other mode.
 *
 * A look (SURVEY) at an application that is not opened disturbs nobody and takes none.
 */
#include "api/job_inside.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

static const char *const verbs[] = {
    [FETTLE_VERB_UPDATE] = "update", [FETTLE_VERB_READ] = "read",
    [FETTLE_VERB_VERIFY] = "verify", [FETTLE_VERB_RESET] = "reset",
    [FETTLE_VERB_SURVEY] = "info",   [FETTLE_VERB_ERASE] = "erase",
    [FETTLE_VERB_BACKUP] = "backup", [FETTLE_VERB_RESTORE] = "restore",
};

static void release(fettle_lock_port *lock)
{
    const fettle_context *context = lock->job->context;
    if (lock->path[0] != '\0') {
        context->lock->release(context->lock_self, lock->path);
        lock->path[0] = '\0';
    }
}

static bool take(fettle_lock_port *lock, const char *path)
{
    const fettle_context *context = lock->job->context;
    uint64_t holder = 0;
    if (strcmp(lock->path, path) == 0) {
        return true;
    }
    release(lock);
    if (!context->lock->take(context->lock_self, path, verbs[lock->job->verb], &holder)) {
        char who[48] = "its process isn't known";
        if (holder != 0) {
            who[0] = '\0';
            fettle_text_append(who, sizeof who, "process ");
            fettle_text_append_number(who, sizeof who, holder);
        }
        fettle_error_set(&lock->error, FETTLE_E_BOARD_LOCKED,
                         &(fettle_words){.port = path, .text = who});
        return false;
    }
    memcpy(lock->path, path, sizeof lock->path);
    return true;
}

static fettle_outcome perform(fettle_port *port, const fettle_effect *effect,
                              const fettle_cancel *cancel)
{
    fettle_lock_port *lock = (fettle_lock_port *)port;
    fettle_job *job = lock->job;
    fettle_outcome outcome = job->host.port.perform(&job->host.port, effect, cancel);
    bool is_found = effect->kind == FETTLE_EFFECT_OPEN && outcome.kind == FETTLE_OK;
    bool matters = job->host.is_open || job->verb != FETTLE_VERB_SURVEY;

    if (is_found && matters && job->context->lock != NULL &&
        outcome.sight->path[0] != '\0' && !take(lock, outcome.sight->path)) {
        outcome.kind = FETTLE_ERROR;
        outcome.why = FETTLE_WHY_BUSY;
        outcome.error = &lock->error;
    }
    return outcome;
}

void fettle_lock_port_init(fettle_job *job)
{
    job->lock = (fettle_lock_port){.port = {perform}, .job = job};
}

void fettle_lock_port_finish(fettle_job *job)
{
    release(&job->lock);
}
