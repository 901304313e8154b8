/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks as files with flock(), in a folder that all users of the computer share: a fettle under sudo and
 * one without must see each other. The system lets go of a lock when its process ends, however that
 * happens, so a dead holder's lock is no lock; the number in the file is only for people.
 *
 * The folder is open to all, so nothing in it is trusted: no links are followed, only a regular file that has
 * no other name is used, and the worst that a stranger can do is to keep a board locked, or unlocked.
 */
#define _DEFAULT_SOURCE

#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    TRIES = 20,
    LOOK_NS = 1000000, /* between two looks at what another process is about to do */
};

static bool is_shared_folder(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode) &&
           (facts.st_mode & (S_IWOTH | S_ISVTX)) == (S_IWOTH | S_ISVTX);
}

/* Every user must come to the same answer. */
static const char *lock_folder(void)
{
    return is_shared_folder("/run/lock") ? "/run/lock" : "/tmp";
}

static void nap(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
}

/*
 * Creating comes second and by itself: where a folder is sticky and open to all, Linux lets even root
 * open a stranger's file only without O_CREAT (fs.protected_regular).
 */
static int open_lock_file(const char *path)
{
    for (int i = 0; i < TRIES; i++) {
        int descriptor = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (descriptor >= 0) {
            return descriptor;
        }
        if (errno == EACCES) { /* another user has just created it, and is to let all in */
            nap();
            continue;
        }
        if (errno != ENOENT) {
            return -1;
        }
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (descriptor >= 0) {
            (void)fchmod(descriptor, 0666); /* whatever the umask is, others must see it */
            return descriptor;
        }
        if (errno != EEXIST) {
            return -1;
        }
    }
    return -1;
}

/* The one who unlocked it may have removed the file between our open and our lock. */
static bool is_still_named(int descriptor, const char *path)
{
    struct stat ours, named;
    return fstat(descriptor, &ours) == 0 && lstat(path, &named) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* One with a second name may be anybody's file: it isn't written to. */
static bool is_lock_file(int descriptor)
{
    struct stat facts;
    return fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_nlink <= 1;
}

/* Its holder writes the number right after it has the lock: that may be now. */
static uint64_t read_holder(int descriptor)
{
    char text[32];
    for (int i = 0; i < TRIES; i++) {
        ssize_t size = pread(descriptor, text, sizeof text - 1, 0);
        if (size > 0) {
            text[size] = '\0';
            return strtoull(text, NULL, 10);
        }
        nap();
    }
    return 0;
}

static void write_holder(int descriptor, const char *verb)
{
    char text[64];
    int size = snprintf(text, sizeof text, "%ld %s\n", (long)getpid(), verb);
    if (ftruncate(descriptor, 0) == 0 && size > 0) {
        (void)!pwrite(descriptor, text, (size_t)size, 0);
    }
}

bool cli_system_lock(cli_held_lock *lock, const char *name, const char *verb,
                     uint64_t *holder)
{
    snprintf(lock->path, sizeof lock->path, "%s/%s.lock", lock_folder(), name);
    for (int i = 0; i < TRIES; i++) {
        int descriptor = open_lock_file(lock->path);
        if (descriptor < 0) {
            return true;
        }
        if (!is_lock_file(descriptor)) {
            close(descriptor);
            return true;
        }
        if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
            bool is_held = errno == EWOULDBLOCK;
            *holder = is_held ? read_holder(descriptor) : 0;
            close(descriptor);
            return !is_held;
        }
        if (is_still_named(descriptor, lock->path)) {
            write_holder(descriptor, verb);
            lock->is_held = true;
            lock->descriptor = descriptor;
            return true;
        }
        close(descriptor);
    }
    return true;
}

void cli_system_unlock(cli_held_lock *lock)
{
    if (lock->is_held) {
        lock->is_held = false;
        (void)unlink(lock->path); /* while it is still ours */
        close(lock->descriptor);
    }
}
