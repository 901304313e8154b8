/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening, lists and imports.
 *
 * One thread a connection; the thread that runs the server takes new ones, and looks at the world
 * every 20 ms: a board that has left takes its connection with it, as a cable that is pulled. Only
 * that thread closes sockets and touches the world apart from its bus.
 *
 * Board N of the world has the busid 1-N, present or not; it is listed and can be imported while it
 * is on the bus. One import a board at a time is the bus's own rule.
 */
#define _POSIX_C_SOURCE 200809L

#include "server.h"

#include "address.h"
#include "import.h"
#include "usbip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    LOOK_MS = 20,
    QUIET_S = 10,      /* for a request to come */
    VISITORS_MAX = 32, /* connections besides one for each board */
    BACKLOG = 64,
};

/* What the server knows of a board besides its place in the world. */
typedef struct place {
    bool is_absent; /* it was not on the bus when the server began */
    bool was_asked; /* a host has asked for it */
    bool was_told;  /* and its person knows */
} place;

typedef struct visitor {
    fettle_sim_server *server;
    pthread_t thread;
    int socket;
    atomic_bool is_done;
    bool has_board; /* with the server's lock */
    size_t board;
    uint32_t arrival;
} visitor;

struct fettle_sim_server {
    fettle_sim *sim;
    size_t board_count;
    int socket;
    char address[80];
    pthread_mutex_t lock; /* of the places, and of the boards of connections */
    place *places;
    visitor **connections;
    size_t connection_count, connections_max;
    bool is_stale; /* there is an import that no look has seen */
    uint64_t change;
    fettle_sight *sights; /* of the server's thread */
};

void fettle_sim_server_busid(size_t board, char *busid, size_t size)
{
    snprintf(busid, size, "1-%zu", board + 1);
}

/* ---- looking ---- */

static size_t look(const fettle_sim_server *server, fettle_sight *sights)
{
    uint64_t change;
    return fettle_sim_bus_ops.look(server->sim, sights, server->board_count, &change);
}

static const fettle_sight *find_sight(const fettle_sim_server *server, size_t board,
                                      const fettle_sight *sights, size_t count)
{
    const char *path = fettle_sim_path(server->sim, board);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(sights[i].path, path) == 0) {
            return &sights[i];
        }
    }
    return NULL;
}

static fettle_sight *new_sights(const fettle_sim_server *server)
{
    return calloc(server->board_count + 1, sizeof(fettle_sight));
}

/* ---- OP_REQ_DEVLIST ---- */

static void ask_for_absent(fettle_sim_server *server)
{
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->board_count; i++) {
        server->places[i].was_asked =
            server->places[i].was_asked || server->places[i].is_absent;
    }
    pthread_mutex_unlock(&server->lock);
}

static void answer_list(const fettle_sim_server *server, int socket,
                        const fettle_sight *sights, size_t count, uint8_t *bytes)
{
    size_t size = USBIP_OP_SIZE + 4;
    uint32_t listed = 0;
    for (size_t i = 0; i < server->board_count; i++) {
        char busid[USBIP_BUSID_SIZE];
        const fettle_sight *sight = find_sight(server, i, sights, count);
        if (sight != NULL) {
            fettle_sim_server_busid(i, busid, sizeof busid);
            fettle_sim_usbip_encode_device(bytes + size, busid, sight);
            size += USBIP_DEVICE_SIZE;
            size += fettle_sim_usbip_encode_interfaces(bytes + size, sight);
            listed++;
        }
    }
    fettle_sim_usbip_encode_op(bytes, OP_REP_DEVLIST, ST_OK);
    uint32_t big_endian = htonl(listed);
    memcpy(bytes + USBIP_OP_SIZE, &big_endian, 4);
    (void)fettle_sim_send(socket, bytes, size);
}

static void serve_list(fettle_sim_server *server, int socket)
{
    size_t each = USBIP_DEVICE_SIZE + USBIP_INTERFACES_MAX * USBIP_INTERFACE_SIZE;
    fettle_sight *sights = new_sights(server);
    uint8_t *bytes = calloc(1, USBIP_OP_SIZE + 4 + server->board_count * each);
    if (sights != NULL && bytes != NULL) {
        answer_list(server, socket, sights, look(server, sights), bytes);
    }
    free(bytes);
    free(sights);
    ask_for_absent(server);
}

/* ---- OP_REQ_IMPORT ---- */

static size_t find_board(const fettle_sim_server *server, const char *wanted)
{
    size_t board = 0;
    for (; board < server->board_count; board++) {
        char busid[USBIP_BUSID_SIZE];
        fettle_sim_server_busid(board, busid, sizeof busid);
        if (strcmp(busid, wanted) == 0) {
            break;
        }
    }
    return board;
}

static uint32_t status_of(const fettle_outcome *outcome)
{
    if (outcome->kind == FETTLE_GONE) {
        return ST_NODEV;
    }
    switch (outcome->why) {
    case FETTLE_WHY_PERMISSION:
        return ST_NA;
    case FETTLE_WHY_BUSY:
        return ST_DEV_BUSY;
    default:
        return ST_ERROR;
    }
}

/* The status of the reply; with ST_OK `sight` and `link` are filled in. */
static uint32_t open_board(const fettle_sim_server *server, size_t board,
                           fettle_sight *sight, fettle_link *link)
{
    static const fettle_serial_settings settings = {.baud = 115200, .data_bits = 8};
    fettle_sight *sights = new_sights(server);
    if (sights == NULL) {
        return ST_ERROR;
    }
    const fettle_sight *found = find_sight(server, board, sights, look(server, sights));
    uint32_t status = ST_NODEV;
    if (found != NULL) {
        *sight = *found;
        fettle_outcome outcome =
            fettle_sim_bus_ops.open(server->sim, sight, sight->kind, &settings, link);
        status = outcome.kind == FETTLE_OK ? ST_OK : status_of(&outcome);
    }
    free(sights);
    return status;
}

static void note_import(visitor *connection, size_t board, const fettle_sight *sight)
{
    fettle_sim_server *server = connection->server;
    pthread_mutex_lock(&server->lock);
    connection->has_board = sight != NULL;
    connection->board = board;
    connection->arrival = sight != NULL ? sight->arrival : 0;
    server->is_stale = true;
    pthread_mutex_unlock(&server->lock);
}

/* After the answer: a person without delay could be faster than it. */
static void note_wish(fettle_sim_server *server, size_t board)
{
    pthread_mutex_lock(&server->lock);
    server->places[board].was_asked = true;
    pthread_mutex_unlock(&server->lock);
}

static void serve_board(visitor *connection, size_t board, fettle_sight *sight)
{
    fettle_sim_server *server = connection->server;
    fettle_link link;
    uint8_t bytes[USBIP_OP_SIZE + USBIP_DEVICE_SIZE];
    char busid[USBIP_BUSID_SIZE];
    uint32_t status = open_board(server, board, sight, &link);
    fettle_sim_usbip_encode_op(bytes, OP_REP_IMPORT, status);
    if (status != ST_OK) {
        (void)fettle_sim_send(connection->socket, bytes, USBIP_OP_SIZE);
        note_wish(server, board);
        return;
    }
    fettle_sim_server_busid(board, busid, sizeof busid);
    fettle_sim_usbip_encode_device(bytes + USBIP_OP_SIZE, busid, sight);
    note_import(connection, board, sight);
    const struct timeval never = {0};
    (void)setsockopt(connection->socket, SOL_SOCKET, SO_RCVTIMEO, &never, sizeof never);
    (void)fettle_sim_send(connection->socket, bytes, sizeof bytes);
    note_wish(server, board);
    fettle_sim_import_serve(connection->socket, sight, &link);
    note_import(connection, board, NULL);
}

static void serve_import(visitor *connection)
{
    fettle_sim_server *server = connection->server;
    uint8_t bytes[USBIP_OP_SIZE];
    char busid[USBIP_BUSID_SIZE + 1] = {0};
    if (!fettle_sim_receive(connection->socket, (uint8_t *)busid, USBIP_BUSID_SIZE)) {
        return;
    }
    size_t board = find_board(server, busid);
    fettle_sight *sight = calloc(1, sizeof *sight);
    if (board < server->board_count && sight != NULL) {
        serve_board(connection, board, sight);
    } else {
        fettle_sim_usbip_encode_op(bytes, OP_REP_IMPORT, ST_NODEV);
        (void)fettle_sim_send(connection->socket, bytes, sizeof bytes);
    }
    free(sight);
}

/* ---- connections ---- */

static void *serve_connection(void *self)
{
    visitor *connection = self;
    uint8_t op[USBIP_OP_SIZE];
    if (fettle_sim_receive(connection->socket, op, sizeof op)) {
        switch (fettle_sim_usbip_decode_op(op)) {
        case OP_REQ_DEVLIST:
            serve_list(connection->server, connection->socket);
            break;
        case OP_REQ_IMPORT:
            serve_import(connection);
            break;
        default:
            break;
        }
    }
    shutdown(connection->socket, SHUT_RDWR);
    atomic_store(&connection->is_done, true);
    return NULL;
}

static void set_up(int socket)
{
    const int yes = 1;
    const struct timeval quiet = {.tv_sec = QUIET_S};
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    (void)setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    (void)setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof quiet);
}

static bool start_connection(fettle_sim_server *server, int socket)
{
    visitor *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return false;
    }
    connection->server = server;
    connection->socket = socket;
    atomic_init(&connection->is_done, false);
    set_up(socket);
    if (pthread_create(&connection->thread, NULL, serve_connection, connection) != 0) {
        free(connection);
        return false;
    }
    server->connections[server->connection_count++] = connection;
    return true;
}

/* False: the system has none to give at the moment. */
static bool take_connection(fettle_sim_server *server)
{
    int socket = accept(server->socket, NULL, NULL);
    if (socket < 0) {
        return errno == EINTR || errno == EAGAIN || errno == ECONNABORTED;
    }
    (void)fcntl(socket, F_SETFD, FD_CLOEXEC);
    (void)fcntl(socket, F_SETFL, 0);
    if (!start_connection(server, socket)) {
        close(socket);
        return false;
    }
    return true;
}

static void end_connection(visitor *connection)
{
    pthread_join(connection->thread, NULL);
    close(connection->socket);
    free(connection);
}

static void clear_away(fettle_sim_server *server)
{
    size_t kept = 0;
    for (size_t i = 0; i < server->connection_count; i++) {
        visitor *its = server->connections[i];
        if (atomic_load(&its->is_done)) {
            end_connection(its);
        } else {
            server->connections[kept++] = its;
        }
    }
    server->connection_count = kept;
}

/* ---- the world goes on ---- */

/* Pulls the cable of those whose board has left; with the lock. */
static void cut_off(fettle_sim_server *server, size_t count)
{
    for (size_t i = 0; i < server->connection_count; i++) {
        const visitor *its = server->connections[i];
        if (!its->has_board) {
            continue;
        }
        const fettle_sight *sight = find_sight(server, its->board, server->sights, count);
        if (sight == NULL || sight->arrival != its->arrival) {
            shutdown(its->socket, SHUT_RDWR);
        }
    }
}

static void look_around(fettle_sim_server *server)
{
    uint64_t change;
    fettle_sim_bus_ops.look(server->sim, server->sights, 0, &change);
    pthread_mutex_lock(&server->lock);
    if (change != server->change || server->is_stale) {
        server->change = change;
        server->is_stale = false;
        cut_off(server, look(server, server->sights));
    }
    pthread_mutex_unlock(&server->lock);
}

/* Nobody asks a person at this desk for anything: a host that comes is what they wait for. */
static void tell_persons(fettle_sim_server *server)
{
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->board_count; i++) {
        place *its = &server->places[i];
        if (its->was_asked && !its->was_told) {
            its->was_told = true;
            fettle_sim_hear(server->sim, fettle_sim_path(server->sim, i),
                            FETTLE_ASK_UPDATE_MODE);
        }
    }
    pthread_mutex_unlock(&server->lock);
}

void fettle_sim_server_run(fettle_sim_server *server, const fettle_cancel *stop)
{
    bool takes = true;
    while (!fettle_cancel_is_wanted(stop)) {
        bool has_room = server->connection_count < server->connections_max;
        struct pollfd door = {.fd = takes && has_room ? server->socket : -1,
                              .events = POLLIN};
        int ready = poll(&door, 1, LOOK_MS);
        takes = ready <= 0 || take_connection(server);
        look_around(server);
        tell_persons(server);
        clear_away(server);
        fettle_sim_log_clear(server->sim); /* log= has a file of its own */
    }
}

/* ---- begin and end ---- */

fettle_sim_server *fettle_sim_server_new(fettle_sim *sim)
{
    fettle_sim_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return NULL;
    }
    server->sim = sim;
    server->socket = -1;
    server->board_count = fettle_sim_count(sim);
    server->connections_max = server->board_count + VISITORS_MAX;
    server->places = calloc(server->board_count + 1, sizeof *server->places);
    server->connections = calloc(server->connections_max, sizeof(visitor *));
    server->sights = new_sights(server);
    pthread_mutex_init(&server->lock, NULL);
    if (server->places == NULL || server->connections == NULL || server->sights == NULL) {
        fettle_sim_server_free(server);
        return NULL;
    }
    for (size_t i = 0; i < server->board_count; i++) {
        server->places[i].is_absent =
            fettle_sim_showing(sim, i) == FETTLE_SIM_SHOWS_NOTHING;
    }
    return server;
}

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

bool fettle_sim_server_listen(fettle_sim_server *server, const char *where,
                              bool allows_remote, bool *is_bad_text, char *message,
                              size_t message_size)
{
    fettle_sim_address address;
    *is_bad_text = true;
    if (!fettle_sim_address_parse(&address, where)) {
        snprintf(message, message_size,
                 "\"%s\" is no HOST:PORT: 127.0.0.1:3240 and [::1]:0 are", where);
        return false;
    }
    if (!allows_remote && !fettle_sim_address_is_loopback(&address)) {
        snprintf(message, message_size,
                 "other computers can reach %s; --allow-remote lets them", where);
        return false;
    }
    *is_bad_text = false;
    server->socket = listen_on(&address);
    if (server->socket < 0) {
        snprintf(message, message_size, "cannot listen on %s: %s", where, strerror(errno));
        return false;
    }
    fettle_sim_address_print(&address, server->address, sizeof server->address);
    return true;
}

const char *fettle_sim_server_address(const fettle_sim_server *server)
{
    return server->address;
}

void fettle_sim_server_free(fettle_sim_server *server)
{
    if (server == NULL) {
        return;
    }
    for (size_t i = 0; i < server->connection_count; i++) {
        shutdown(server->connections[i]->socket, SHUT_RDWR);
        end_connection(server->connections[i]);
    }
    if (server->socket >= 0) {
        close(server->socket);
    }
    pthread_mutex_destroy(&server->lock);
    free(server->connections);
    free(server->places);
    free(server->sights);
    free(server);
}
