/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening, lists and imports.
 *
 * One thread a connection; the thread that runs the server takes new ones, and is the only one that
 * closes sockets. A board is listed and can be imported while it is on the bus.
 */
#define _POSIX_C_SOURCE 200809L

#include "server.h"

#include "door.h"
#include "import.h"
#include "usbip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    QUIET_S = 10,      /* for a request to come */
    VISITORS_MAX = 32, /* connections besides one for each board */
};

typedef struct visitor {
    fettle_sim_server *server;
    pthread_t thread;
    int socket;
    atomic_bool is_done;
} visitor;

struct fettle_sim_server {
    fettle_sim_desk *desk;
    fettle_sim_door door;
    visitor **connections;
    size_t connection_count, connections_max;
    bool is_short; /* the system had nothing to give for the last connection */
};

/* ---- OP_REQ_DEVLIST ---- */

static void answer_list(const fettle_sim_desk *desk, int socket, fettle_sight *sight,
                        uint8_t *bytes)
{
    size_t size = USBIP_OP_SIZE + 4;
    uint32_t listed = 0;
    for (size_t i = 0; i < fettle_sim_desk_count(desk); i++) {
        char busid[FETTLE_SIM_BUSID_SIZE];
        if (fettle_sim_look_at(fettle_sim_desk_world(desk), i, sight)) {
            fettle_sim_desk_busid(i, busid);
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

static void serve_list(fettle_sim_desk *desk, int socket)
{
    size_t each = USBIP_DEVICE_SIZE + USBIP_INTERFACES_MAX * USBIP_INTERFACE_SIZE;
    fettle_sight *sight = calloc(1, sizeof *sight);
    uint8_t *bytes = calloc(1, USBIP_OP_SIZE + 4 + fettle_sim_desk_count(desk) * each);
    if (sight != NULL && bytes != NULL) {
        answer_list(desk, socket, sight, bytes);
    }
    free(bytes);
    free(sight);
    fettle_sim_desk_wish_absent(desk);
}

/* ---- OP_REQ_IMPORT ---- */

static uint32_t status_of(const fettle_outcome *outcome)
{
    if (outcome->kind != FETTLE_ERROR) {
        return outcome->kind == FETTLE_OK ? ST_OK : ST_NODEV;
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

static void serve_board(const visitor *connection, size_t board, fettle_sight *sight)
{
    fettle_sim_desk *desk = connection->server->desk;
    int socket = connection->socket;
    fettle_link link;
    uint8_t bytes[USBIP_OP_SIZE + USBIP_DEVICE_SIZE];
    char busid[FETTLE_SIM_BUSID_SIZE];
    fettle_outcome opened = fettle_sim_desk_open(desk, board, NULL, sight, &link);
    fettle_sim_usbip_encode_op(bytes, OP_REP_IMPORT, status_of(&opened));
    if (opened.kind != FETTLE_OK) {
        (void)fettle_sim_send(socket, bytes, USBIP_OP_SIZE);
        fettle_sim_desk_wish(desk, board);
        return;
    }
    fettle_sim_desk_busid(board, busid);
    fettle_sim_usbip_encode_device(bytes + USBIP_OP_SIZE, busid, sight);
    fettle_sim_desk_begin_use(desk, board, sight->arrival, socket);
    const struct timeval never = {0};
    (void)setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &never, sizeof never);
    (void)fettle_sim_send(socket, bytes, sizeof bytes);
    /* After the answer: a person without delay could be faster than it. */
    fettle_sim_desk_wish(desk, board);
    fettle_sim_import_serve(socket, sight, &link);
    fettle_sim_desk_end_use(desk, board, sight->arrival);
}

static void serve_import(const visitor *connection)
{
    const fettle_sim_desk *desk = connection->server->desk;
    uint8_t bytes[USBIP_OP_SIZE];
    char busid[USBIP_BUSID_SIZE + 1] = {0};
    if (!fettle_sim_receive(connection->socket, (uint8_t *)busid, USBIP_BUSID_SIZE)) {
        return;
    }
    size_t board = fettle_sim_desk_find(desk, busid);
    fettle_sight *sight = calloc(1, sizeof *sight);
    if (board < fettle_sim_desk_count(desk) && sight != NULL) {
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
            serve_list(connection->server->desk, connection->socket);
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

static bool start_connection(fettle_sim_server *server, int socket)
{
    visitor *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return false;
    }
    connection->server = server;
    connection->socket = socket;
    atomic_init(&connection->is_done, false);
    const struct timeval quiet = {.tv_sec = QUIET_S};
    (void)setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof quiet);
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
    int socket = fettle_sim_door_accept(&server->door);
    if (socket < 0) {
        return errno == EINTR || errno == EAGAIN || errno == ECONNABORTED;
    }
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

int fettle_sim_server_door(const fettle_sim_server *server)
{
    bool has_room = server->connection_count < server->connections_max;
    return has_room && !server->is_short ? server->door.socket : -1;
}

void fettle_sim_server_tend(fettle_sim_server *server, bool is_knocking)
{
    server->is_short = is_knocking && !take_connection(server);
    clear_away(server);
}

/* ---- begin and end ---- */

fettle_sim_server *fettle_sim_server_new(fettle_sim_desk *desk)
{
    fettle_sim_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return NULL;
    }
    server->desk = desk;
    server->door.socket = -1;
    server->connections_max = fettle_sim_desk_count(desk) + VISITORS_MAX;
    server->connections = calloc(server->connections_max, sizeof(visitor *));
    if (server->connections == NULL) {
        fettle_sim_server_free(server);
        return NULL;
    }
    return server;
}

bool fettle_sim_server_listen(fettle_sim_server *server, const char *where,
                              bool allows_remote, bool *is_bad_text, char *message,
                              size_t message_size)
{
    return fettle_sim_door_open(&server->door, where, 0, allows_remote, is_bad_text,
                                message, message_size);
}

const char *fettle_sim_server_address(const fettle_sim_server *server)
{
    return server->door.address;
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
    fettle_sim_door_close(&server->door);
    free(server->connections);
    free(server);
}
