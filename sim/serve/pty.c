/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The master tells that nobody has the slave open only once somebody had: so it is opened and closed at
 * the start. Afterwards POLLHUP comes and goes with the clients.
 */
#define _XOPEN_SOURCE 700

#include "pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

/* The slave as a client would open it; -1, and errno. */
static int open_slave(const fettle_sim_pty *pty)
{
    int slave = open(pty->path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (slave >= 0) {
        (void)fcntl(slave, F_SETFD, FD_CLOEXEC);
    }
    return slave;
}

static bool open_pair(fettle_sim_pty *pty)
{
    pty->master = posix_openpt(O_RDWR | O_NOCTTY);
    if (pty->master < 0 || grantpt(pty->master) != 0 || unlockpt(pty->master) != 0) {
        return false;
    }
    (void)fcntl(pty->master, F_SETFD, FD_CLOEXEC);
    const char *path = ptsname(pty->master);
    if (path == NULL || strlen(path) >= sizeof pty->path ||
        fcntl(pty->master, F_SETFL, O_NONBLOCK) != 0) {
        return false;
    }
    snprintf(pty->path, sizeof pty->path, "%s", path);
    int slave = open_slave(pty);
    if (slave < 0) {
        return false;
    }
    bool is_set = fettle_sim_pty_reset(slave);
    close(slave);
    return is_set;
}

/* A link that an earlier one has left behind gives way; nothing else does. */
static bool make_link(const fettle_sim_pty *pty, const char *link)
{
    struct stat there;
    if (lstat(link, &there) == 0 && S_ISLNK(there.st_mode)) {
        (void)unlink(link);
    }
    return symlink(pty->path, link) == 0;
}

bool fettle_sim_pty_open(fettle_sim_pty *pty, const char *link, char *message,
                         size_t message_size)
{
    *pty = (fettle_sim_pty){.master = -1};
    if (!open_pair(pty)) {
        snprintf(message, message_size, "no pseudo terminal is to be had: %s",
                 strerror(errno));
        fettle_sim_pty_close(pty);
        return false;
    }
    if (link != NULL && !make_link(pty, link)) {
        snprintf(message, message_size, "cannot make the link %s: %s", link,
                 strerror(errno));
        fettle_sim_pty_close(pty);
        return false;
    }
    pty->link = link;
    return true;
}

void fettle_sim_pty_close(fettle_sim_pty *pty)
{
    char target[sizeof pty->path];
    if (pty->link != NULL) {
        ssize_t size = readlink(pty->link, target, sizeof target);
        bool is_ours = size >= 0 && (size_t)size == strlen(pty->path) &&
                       memcmp(target, pty->path, (size_t)size) == 0;
        if (is_ours) {
            (void)unlink(pty->link);
        }
    }
    if (pty->master >= 0) {
        close(pty->master);
    }
    *pty = (fettle_sim_pty){.master = -1};
}

bool fettle_sim_pty_has_client(const fettle_sim_pty *pty)
{
    struct pollfd master = {.fd = pty->master, .events = POLLIN};
    int ready = poll(&master, 1, 0);
    return ready == 0 || (ready > 0 && ((master.revents & POLLIN) != 0 ||
                                        (master.revents & POLLHUP) == 0));
}

void fettle_sim_pty_flush(const fettle_sim_pty *pty)
{
    int slave = open_slave(pty);
    if (slave >= 0) {
        (void)tcflush(slave, TCIFLUSH);
        close(slave);
    }
}
