/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mutex (not recursive) and a thread that nobody waits for, by the names of each system; for what is
 * behind desk.h only.
 */
#ifndef FETTLE_OS_USB_THREAD_H
#define FETTLE_OS_USB_THREAD_H

#include <stdbool.h>

/* What a thread runs; must be valid until `run` begins. */
typedef struct fettle_usb_task {
    void (*run)(void *self);
    void *self;
} fettle_usb_task;

#ifdef _WIN32

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

typedef SRWLOCK fettle_usb_lock;

static inline bool fettle_usb_lock_init(fettle_usb_lock *lock)
{
    InitializeSRWLock(lock);
    return true;
}

static inline void fettle_usb_lock_finish(fettle_usb_lock *lock)
{
    (void)lock;
}

static inline void fettle_usb_lock_take(fettle_usb_lock *lock)
{
    AcquireSRWLockExclusive(lock);
}

static inline void fettle_usb_lock_release(fettle_usb_lock *lock)
{
    ReleaseSRWLockExclusive(lock);
}

static inline DWORD WINAPI fettle_usb_task_run(void *task)
{
    const fettle_usb_task *given = task;
    given->run(given->self);
    return 0;
}

/* False: the system has no thread for it now. */
static inline bool fettle_usb_task_start(fettle_usb_task *task)
{
    HANDLE thread = CreateThread(NULL, 0, fettle_usb_task_run, task, 0, NULL);
    return thread != NULL && CloseHandle(thread);
}

#else

#include <pthread.h>
#include <signal.h>

typedef pthread_mutex_t fettle_usb_lock;

static inline bool fettle_usb_lock_init(fettle_usb_lock *lock)
{
    return pthread_mutex_init(lock, NULL) == 0;
}

static inline void fettle_usb_lock_finish(fettle_usb_lock *lock)
{
    (void)pthread_mutex_destroy(lock);
}

static inline void fettle_usb_lock_take(fettle_usb_lock *lock)
{
    (void)pthread_mutex_lock(lock);
}

static inline void fettle_usb_lock_release(fettle_usb_lock *lock)
{
    (void)pthread_mutex_unlock(lock);
}

static inline void *fettle_usb_task_run(void *task)
{
    const fettle_usb_task *given = task;
    given->run(given->self);
    return NULL;
}

/* False: the system has no thread for it now. Signals are left to the program's own threads. */
static inline bool fettle_usb_task_start(fettle_usb_task *task)
{
    pthread_t thread;
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool ok = pthread_create(&thread, NULL, fettle_usb_task_run, task) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok && pthread_detach(thread) == 0;
}

#endif

#endif
