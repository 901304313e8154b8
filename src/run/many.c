/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many boards at once: one thread a run, and the only file in the library that knows threads. Runs
 * share nothing but clock, buses and what they only read, so all that is left to do is to let one
 * listener speak at a time.
 */
#include "run/run.h"

#include <assert.h>
#include <pthread.h>

struct worker {
    fettle_run *run;
    fettle_run_listener *listener; /* the run's own, while the worker's is in its place */
    void *user;
    pthread_mutex_t *speaking;
    pthread_t thread;
    bool is_started;
};

static void speak_alone(void *user, const fettle_run_event *event)
{
    struct worker *worker = user;
    (void)pthread_mutex_lock(worker->speaking);
    worker->listener(worker->user, event);
    (void)pthread_mutex_unlock(worker->speaking);
}

static void take_place_of_listener(struct worker *worker)
{
    worker->listener = worker->run->setup.listener;
    worker->user = worker->run->setup.user;
    if (worker->listener != NULL) {
        worker->run->setup.listener = speak_alone;
        worker->run->setup.user = worker;
    }
}

static void give_back_listener(const struct worker *worker)
{
    worker->run->setup.listener = worker->listener;
    worker->run->setup.user = worker->user;
}

static void *work(void *self)
{
    struct worker *worker = self;
    (void)fettle_run_all(worker->run);
    return NULL;
}

void fettle_many_run(fettle_run *const *runs, size_t count)
{
    struct worker workers[FETTLE_MANY_MAX];
    pthread_mutex_t speaking = PTHREAD_MUTEX_INITIALIZER;
    assert(count <= FETTLE_MANY_MAX);

    for (size_t i = 0; i < count; i++) {
        workers[i] = (struct worker){.run = runs[i], .speaking = &speaking};
        take_place_of_listener(&workers[i]);
        workers[i].is_started =
            pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (!workers[i].is_started) {
            (void)work(&workers[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (workers[i].is_started) {
            (void)pthread_join(workers[i].thread, NULL);
        }
        give_back_listener(&workers[i]);
    }
    (void)pthread_mutex_destroy(&speaking);
}

void fettle_many_cancel(fettle_run *const *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (runs[i]->setup.cancel != NULL) {
            fettle_cancel_want(runs[i]->setup.cancel);
        }
    }
}
