/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shell can't do in the guest: watch device nodes closely, hold an interface as another program would,
 * wait for a board's log to reach a line, and measure. `run` compiles it; scenarios call it. Times are
 * microseconds of CLOCK_MONOTONIC, which is also the clock of the virtual boards' logs.
 *
 *   helper now                      prints the time
 *   helper openable FOLDER          the first node in FOLDER that this user can open for writing: time, path
 *   helper opens FILE...            a line "opened PATH" whenever somebody opens one of them, until a signal
 *   helper claim NODE INTERFACE     claims it, prints "claimed", and holds it until a signal
 *   helper when LOG N PID WORDS     waits until the board's log has N requests or the process has ended, and
 *                                   prints WORDS and, to standard error, the time
 *   helper cost COMMAND...          runs it, its output to /dev/null: wall, user, system time, exit status
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (long long)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void nap(long us)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static int fail(const char *what)
{
    (void)fprintf(stderr, "helper: %s: %s\n", what, strerror(errno));
    return 1;
}

static int wait_openable(const char *folder)
{
    for (;; nap(500)) {
        DIR *dir = opendir(folder);
        if (dir == NULL) {
            return fail(folder);
        }
        for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            if (entry->d_name[0] == '.') {
                continue;
            }
            int fd = openat(dirfd(dir), entry->d_name, O_RDWR | O_CLOEXEC);
            if (fd >= 0) {
                (void)printf("%lld %s/%s\n", now(), folder, entry->d_name);
                return 0;
            }
        }
        (void)closedir(dir);
    }
}

static int tell_opens(char **paths, int count)
{
    int fd = inotify_init1(IN_CLOEXEC);
    int watches[64];
    if (fd < 0 || count > 64) {
        return fail("inotify");
    }
    for (int i = 0; i < count; i++) {
        watches[i] = inotify_add_watch(fd, paths[i], IN_OPEN);
        if (watches[i] < 0) {
            return fail(paths[i]);
        }
    }
    (void)puts("watching");
    (void)fflush(stdout);
    for (;;) {
        /* Watches of files, not of folders: no event carries a name, all have the same size. */
        struct inotify_event event;
        char buffer[64 * sizeof event];
        ssize_t size = read(fd, buffer, sizeof buffer);
        if (size <= 0) {
            return fail("inotify");
        }
        for (size_t at = 0; at + sizeof event <= (size_t)size; at += sizeof event) {
            memcpy(&event, buffer + at, sizeof event);
            for (int i = 0; i < count; i++) {
                if (watches[i] == event.wd) {
                    (void)printf("opened %s\n", paths[i]);
                }
            }
        }
        (void)fflush(stdout);
    }
}

static int hold(const char *node, const char *number)
{
    int fd = open(node, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return fail(node);
    }
    unsigned interface = (unsigned)strtoul(number, NULL, 10);
    if (ioctl(fd, USBDEVFS_CLAIMINTERFACE, &interface) != 0) {
        return fail("USBDEVFS_CLAIMINTERFACE");
    }
    (void)puts("claimed");
    (void)fflush(stdout);
    for (;;) {
        (void)pause();
    }
}

static bool has_ended(pid_t process)
{
    char path[32], state[64] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return true;
    }
    char *is_read = fgets(state, sizeof state, file);
    (void)fclose(file);
    return is_read == NULL || strstr(state, ") Z ") != NULL;
}

/* Lines that are no request tell what the board does by itself: all their numbers are 0. */
static int say_when(const char *path, long wanted, pid_t process, const char *words)
{
    static char line[4096];
    FILE *log = NULL;
    for (long count = 0; count < wanted && !has_ended(process); nap(300)) {
        if (log == NULL) {
            log = fopen(path, "re");
        }
        while (log != NULL && count < wanted && fgets(line, sizeof line, log) != NULL) {
            count += strstr(line, "\"bmRequestType\":0,\"bRequest\":0,") == NULL &&
                     strchr(line, '\n') != NULL;
        }
        if (log != NULL) {
            clearerr(log);
        }
    }
    (void)printf("%s\n", words);
    (void)fflush(stdout);
    (void)fprintf(stderr, "%lld\n", now());
    return 0;
}

static int measure(char **command)
{
    long long began = now();
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0) {
            _exit(127);
        }
        (void)execvp(command[0], command);
        _exit(127);
    }
    int status = 0;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        return fail(command[0]);
    }
    (void)printf("%lld %lld %lld %d\n", now() - began,
                 (long long)usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec,
                 (long long)usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec,
                 WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}

int main(int count, char **words)
{
    const char *verb = count > 1 ? words[1] : "";
    if (strcmp(verb, "now") == 0 && count == 2) {
        return printf("%lld\n", now()) < 0;
    }
    if (strcmp(verb, "openable") == 0 && count == 3) {
        return wait_openable(words[2]);
    }
    if (strcmp(verb, "opens") == 0 && count > 2) {
        return tell_opens(words + 2, count - 2);
    }
    if (strcmp(verb, "claim") == 0 && count == 4) {
        return hold(words[2], words[3]);
    }
    if (strcmp(verb, "when") == 0 && count == 6) {
        return say_when(words[2], strtol(words[3], NULL, 10),
                        (pid_t)strtol(words[4], NULL, 10), words[5]);
    }
    if (strcmp(verb, "cost") == 0 && count > 2) {
        return measure(words + 2);
    }
    (void)fputs("usage: helper now|openable|opens|claim|when|cost ...\n", stderr);
    return 2;
}
