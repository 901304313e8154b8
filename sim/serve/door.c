/* SPDX-License-Identifier: Apache-2.0 */
/* What all servers on TCP have in common: they listen, and take what comes. */
#define _POSIX_C_SOURCE 200809L

#include "door.h"

#include "address.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 64 };

/* The bound socket with its address in it; -1, and errno, if the system refuses. */
static int listen_on(fettle_sim_address *address)
{
    const int yes = 1;
    int door = socket(address->of.any.sa_family, SOCK_STREAM, 0);
    if (door < 0) {
        return -1;
    }
    (void)fcntl(door, F_SETFD, FD_CLOEXEC);
    (void)setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(door, &address->of.any, address->size) == 0 && listen(door, BACKLOG) == 0 &&
        getsockname(door, &address->of.any, &address->size) == 0 &&
        fcntl(door, F_SETFL, O_NONBLOCK) == 0) {
        return door;
    }
    int why = errno;
    close(door);
    errno = why;
    return -1;
}

static bool is_good(fettle_sim_address *address, const char *where, size_t offset,
                    bool allows_remote, char *message, size_t message_size)
{
    if (!fettle_sim_address_parse(address, where)) {
        snprintf(message, message_size,
                 "\"%s\" is no HOST:PORT: 127.0.0.1:3240 and [::1]:0 are", where);
        return false;
    }
    if (!fettle_sim_address_add(address, offset)) {
        snprintf(message, message_size, "there is no port %zu behind that of %s", offset,
                 where);
        return false;
    }
    if (!allows_remote && !fettle_sim_address_is_loopback(address)) {
        snprintf(message, message_size,
                 "other computers can reach %s; --allow-remote lets them", where);
        return false;
    }
    return true;
}

bool fettle_sim_door_open(fettle_sim_door *door, const char *where, size_t offset,
                          bool allows_remote, bool *is_bad_text, char *message,
                          size_t message_size)
{
    fettle_sim_address address;
    *door = (fettle_sim_door){.socket = -1};
    *is_bad_text = !is_good(&address, where, offset, allows_remote, message, message_size);
    if (*is_bad_text) {
        return false;
    }
    fettle_sim_address_print(&address, door->address, sizeof door->address);
    door->socket = listen_on(&address);
    if (door->socket < 0) {
        snprintf(message, message_size, "cannot listen on %s: %s", door->address,
                 strerror(errno));
        return false;
    }
    fettle_sim_address_print(&address, door->address, sizeof door->address);
    return true;
}

int fettle_sim_door_accept(const fettle_sim_door *door)
{
    const int yes = 1;
    int socket = accept(door->socket, NULL, NULL);
    if (socket >= 0) {
        (void)fcntl(socket, F_SETFD, FD_CLOEXEC);
        (void)fcntl(socket, F_SETFL, 0);
        (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        (void)setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    }
    return socket;
}

void fettle_sim_door_close(fettle_sim_door *door)
{
    if (door->socket >= 0) {
        close(door->socket);
    }
    door->socket = -1;
}
