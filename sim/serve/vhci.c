/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the kernel's drivers/usb/usbip/vhci_sysfs.c, all of them in the folder of the first
 * controller: `status` and `status.1`, `status.2` ... have the ports of one controller each, as lines
 * "hs 0003 004 ...": for which speed, number, state. `attach` takes "PORT SOCKET DEVID SPEED". There
 * is no other way to hear of a change than to look again.
 *
 * A port is free for everyone while its board is away. So that two of these programs don't get in
 * each other's way, each holds a Unix socket with the port's number in its abstract name: it
 * vanishes with the process, however that ends.
 */
#define _POSIX_C_SOURCE 200809L

#include "vhci.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FOLDER "/sys/devices/platform/vhci_hcd.0/"

enum {
    CONTROLLERS_MAX = 128, /* the kernel's own limit */
    VDEV_ST_NULL = 4,      /* nothing is plugged in */
    SPEED_FULL = 2,
};

bool fettle_sim_vhci_is_there(char *message, size_t message_size)
{
    if (access(FOLDER "status", F_OK) != 0) {
        snprintf(message, message_size,
                 "this system has no virtual USB ports: the module vhci-hcd isn't loaded");
        return false;
    }
    if (access(FOLDER "attach", W_OK) != 0) {
        snprintf(message, message_size, "cannot plug boards into this kernel: %s",
                 errno == EACCES ? "only root may" : strerror(errno));
        return false;
    }
    return true;
}

/* ---- status ---- */

static FILE *open_status(int controller)
{
    char name[sizeof FOLDER + 32];
    if (controller == 0) {
        return fopen(FOLDER "status", "r");
    }
    snprintf(name, sizeof name, FOLDER "status.%d", controller);
    return fopen(name, "r");
}

/* "hs  0003 004 ..." */
static bool parse_line(const char *line, int *port, int *state)
{
    int *const numbers[] = {port, state};
    if (strncmp(line, "hs", 2) != 0) {
        return false; /* a headline, or a port for super speed */
    }
    line += 2;
    for (size_t i = 0; i < 2; i++) {
        line += strspn(line, " ");
        size_t digits = strspn(line, "0123456789");
        *numbers[i] = 0;
        if (digits == 0 || digits > 6) {
            return false;
        }
        for (; digits > 0; digits--) {
            *numbers[i] = *numbers[i] * 10 + (*line++ - '0');
        }
    }
    return true;
}

/* The first free port from `first` to `last`; -1: none of them is. */
static int find_free(int first, int last)
{
    char line[256];
    int found = -1;
    for (int i = 0; found < 0 && i < CONTROLLERS_MAX; i++) {
        FILE *file = open_status(i);
        if (file == NULL) {
            break;
        }
        int port, state;
        while (found < 0 && fgets(line, sizeof line, file) != NULL) {
            if (parse_line(line, &port, &state) && state == VDEV_ST_NULL && port >= first &&
                port <= last) {
                found = port;
            }
        }
        (void)fclose(file);
    }
    return found;
}

bool fettle_sim_vhci_is_free(int port)
{
    return find_free(port, port) == port;
}

/* ---- reservations ---- */

/* -1: somebody has it. */
static int hold(int port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length =
        snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "fettle-sim/vhci/%d", port);
    socklen_t size =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int holder = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (holder >= 0 && bind(holder, (const struct sockaddr *)&name, size) != 0) {
        close(holder);
        holder = -1;
    }
    if (holder >= 0) {
        (void)fcntl(holder, F_SETFD, FD_CLOEXEC);
    }
    return holder;
}

bool fettle_sim_vhci_reserve(fettle_sim_vhci_port *port, int last)
{
    for (int next = find_free(last + 1, INT32_MAX); next >= 0;
         next = find_free(next + 1, INT32_MAX)) {
        int holder = hold(next);
        if (holder >= 0) {
            *port = (fettle_sim_vhci_port){next, holder};
            return true;
        }
    }
    return false;
}

void fettle_sim_vhci_release(fettle_sim_vhci_port *port)
{
    if (port->reservation >= 0) {
        close(port->reservation);
        port->reservation = -1;
    }
}

/* ---- plugging in ---- */

int fettle_sim_vhci_attach(int port, int socket, uint32_t devid)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%d %d %lu %d", port, socket,
                          (unsigned long)devid, SPEED_FULL);
    int file = open(FOLDER "attach", O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        return errno;
    }
    int why =
        write(file, text, (size_t)length) == length ? 0 : errno; /* one command a write */
    close(file);
    return why;
}
