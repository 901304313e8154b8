/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A USB/IP server for tests of the client: one thread on a loopback port, with devices that answer, or
 * misbehave, as they are told. Written from the protocol's text. The test changes `devices` and `manner`
 * between server_lock() and server_unlock().
 *
 * Besides the requests of USB 2.0 chapter 9 a device knows those of enum trick (bmRequestType 0xc0).
 */
#ifndef TESTS_UNIT_USBIP_SERVER_H
#define TESTS_UNIT_USBIP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SERVER_DEVICES = 4,
    SERVER_CONNECTIONS = 64,
    SERVER_MESSAGE = 48 + 65535,
};

/* bRequest: what the device does. */
enum trick {
    TRICK_COUNT_UP = 1, /* all that is asked for: 0, 1, 2, ... */
    TRICK_STALL,
    TRICK_NO_ANSWER,   /* until it is unlinked: -104 */
    TRICK_LATE_RESULT, /* when it is unlinked, the result comes after all */
    TRICK_NO_UNLINK,   /* unlinking is answered with the next request only */
    TRICK_TOO_MUCH,    /* one byte more than was asked for */
    TRICK_STATUS,      /* -wValue */
    TRICK_CLOSE,       /* the import's end */
    TRICK_NO_COMMAND,  /* an answer of no kind that there is */
    TRICK_IN_DRIBS,    /* TRICK_COUNT_UP, byte by byte */
    TRICK_SHORT,       /* the first half */
    TRICK_STATUS_AND_CLOSE,
};

enum manner {
    MANNER_GOOD,
    MANNER_SILENT,    /* accepts, and says nothing */
    MANNER_GARBAGE,   /* says something else */
    MANNER_CLOSES,    /* at once */
    MANNER_FLOODS,    /* a list without end */
    MANNER_NO_IMPORT, /* lists, and doesn't answer an import */
};

struct server_device {
    bool is_there, has_dfu;
    const char *busid;
    uint32_t devnum;
    uint16_t product;
    uint8_t bConfigurationValue;
    uint32_t refusal;      /* status of each import, if not 0 */
    uint16_t total_length; /* of its configuration; 0: a right one */
    bool has_no_languages; /* string 0 is stalled */
    bool changes_by_reset; /* into another product, still imported */
    bool leaves_by_reset;
    bool is_mute; /* no answer to descriptors */
    /* what it was asked */
    unsigned imports, set_configurations, set_interfaces, resets, unlinks, writes;
    uint16_t interface, alternate;
    uint32_t sum; /* of all bytes that were written */
};

struct server_connection {
    int socket; /* -1: none */
    int device; /* that it has imported; -1: none yet */
    size_t have;
    uint8_t bytes[SERVER_MESSAGE];
    uint32_t waiting, late_unlink; /* seqnums; 0: none */
    uint8_t waiting_trick;
};

struct server {
    pthread_t thread;
    pthread_mutex_t mutex;
    bool is_over;
    int listener, port;
    enum manner manner;
    unsigned lists;
    struct server_device devices[SERVER_DEVICES];
    struct server_connection connections[SERVER_CONNECTIONS];
};

static inline void server_lock(struct server *server)
{
    (void)pthread_mutex_lock(&server->mutex);
}

static inline void server_unlock(struct server *server)
{
    (void)pthread_mutex_unlock(&server->mutex);
}

static inline void server_put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline void server_put32(uint8_t *at, uint32_t value)
{
    server_put16(at, value >> 16);
    server_put16(at + 2, value & 0xffff);
}

static inline uint32_t server_get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline void server_close(struct server_connection *connection)
{
    if (connection->socket >= 0) {
        /* At once, also while the server's thread sleeps on it. */
        (void)shutdown(connection->socket, SHUT_RDWR);
        (void)close(connection->socket);
    }
    connection->socket = -1;
    connection->device = -1;
    connection->have = 0;
    connection->waiting = connection->late_unlink = 0;
}

/* The client reads all the time, so that this never has to wait for long. */
static inline void server_send(struct server_connection *connection, const uint8_t *bytes,
                               size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = send(connection->socket, bytes + done, size - done, MSG_NOSIGNAL);
        if (count <= 0) {
            server_close(connection);
            return;
        }
        done += (size_t)count;
    }
}

/* The device has left: its import, if there is one, is closed. */
static inline void server_leave(struct server *server, int device)
{
    server->devices[device].is_there = false;
    for (int i = 0; i < SERVER_CONNECTIONS; i++) {
        if (server->connections[i].device == device) {
            server_close(&server->connections[i]);
        }
    }
}

/* ---- before attaching ---- */

static inline void server_put_device(uint8_t *at, const struct server_device *device)
{
    memset(at, 0, 312);
    (void)snprintf((char *)at, 256, "/sys/devices/%s", device->busid);
    (void)snprintf((char *)at + 256, 32, "%s", device->busid);
    server_put32(at + 288, 1);
    server_put32(at + 292, device->devnum);
    server_put32(at + 296, 2);
    server_put16(at + 300, 0x1d50);
    server_put16(at + 302, device->product);
    server_put16(at + 304, 0x0100);
    at[309] = device->bConfigurationValue;
    at[310] = 1;
    at[311] = 1;
}

static inline void server_list(struct server *server, struct server_connection *connection)
{
    uint8_t bytes[12 + SERVER_DEVICES * (312 + 4)] = {1, 0x11, 0, 5};
    size_t size = 12;
    uint32_t count = 0;
    for (int i = 0; i < SERVER_DEVICES; i++) {
        const struct server_device *device = &server->devices[i];
        if (device->is_there) {
            server_put_device(bytes + size, device);
            const uint8_t dfu[4] = {0xfe, 1, 2}, other[4] = {3, 0, 0};
            memcpy(bytes + size + 312, device->has_dfu ? dfu : other, 4);
            size += 316;
            count++;
        }
    }
    server_put32(bytes + 8, count);
    server->lists++;
    server_send(connection, bytes, size);
    server_close(connection);
}

static inline void server_import(struct server *server,
                                 struct server_connection *connection)
{
    uint8_t bytes[320] = {1, 0x11, 0, 3};
    uint32_t status = 4;
    for (int i = 0; i < SERVER_DEVICES; i++) {
        struct server_device *device = &server->devices[i];
        if (device->is_there &&
            strncmp(device->busid, (const char *)connection->bytes + 8, 32) == 0) {
            status = device->refusal;
            connection->device = i;
            device->imports++;
            server_put_device(bytes + 8, device);
        }
    }
    server_put32(bytes + 4, status);
    server_send(connection, bytes, status == 0 ? 320 : 8);
    if (status != 0) {
        server_close(connection);
    }
}

/* ---- attached ---- */

static inline void server_answer(struct server_connection *connection, uint32_t command,
                                 uint32_t seqnum, int32_t status, const uint8_t *data,
                                 uint32_t count)
{
    size_t size = 48 + (data != NULL ? count : 0);
    uint8_t *bytes = calloc(1, size);
    server_put32(bytes, command);
    server_put32(bytes + 4, seqnum);
    server_put32(bytes + 20, (uint32_t)status);
    server_put32(bytes + 24, count);
    if (size > 48) {
        memcpy(bytes + 48, data, count);
    }
    server_send(connection, bytes, size);
    free(bytes);
}

static inline size_t server_string(const struct server_device *device, uint8_t index,
                                   uint8_t *data)
{
    static const char *const texts[] = {"", "Maker", "Thing", "S1"};
    if (index == 0) {
        memcpy(data, (uint8_t[]){4, 3, 9, 4}, 4);
        return device->has_no_languages ? 0 : 4;
    }
    size_t length = index < 4 ? strlen(texts[index]) : 0;
    data[0] = (uint8_t)(2 + 2 * length);
    data[1] = 3;
    for (size_t i = 0; i < length; i++) {
        data[2 + 2 * i] = (uint8_t)texts[index][i];
        data[3 + 2 * i] = 0;
    }
    return index < 4 ? 2 + 2 * length : 0;
}

/* 0: there is none. */
static inline size_t server_descriptor(const struct server_device *device, uint8_t type,
                                       uint8_t index, uint8_t *data)
{
    uint8_t head[18] = {18, 1, 0, 2, 0, 0, 0, 64, 0x50, 0x1d, 0, 0, 0, 1, 1, 2, 3, 1};
    static const uint8_t configuration[27] = {9, 2,    27, 0, 1, 1,    0, 0x80, 50,
                                              9, 4,    0,  0, 0, 0xfe, 1, 2,    0,
                                              9, 0x21, 7,  0, 1, 64,   0, 0x10, 1};
    if (type == 1) {
        head[10] = (uint8_t)device->product;
        head[11] = (uint8_t)(device->product >> 8);
        memcpy(data, head, 18);
        return 18;
    }
    if (type == 2 && index == 0) {
        memset(data, 0, 65535);
        memcpy(data, configuration, 27);
        if (device->total_length != 0) {
            data[2] = (uint8_t)device->total_length;
            data[3] = (uint8_t)(device->total_length >> 8);
        }
        return device->total_length != 0 ? device->total_length : 27;
    }
    return type == 3 ? server_string(device, index, data) : 0;
}

static inline void server_trick(struct server_connection *connection, uint8_t trick,
                                uint32_t seqnum, uint16_t wValue, uint16_t wLength)
{
    uint8_t *data = malloc(65536);
    for (size_t i = 0; i < 65536; i++) {
        data[i] = (uint8_t)i;
    }
    switch (trick) {
    case TRICK_COUNT_UP:
        server_answer(connection, 3, seqnum, 0, data, wLength);
        break;
    case TRICK_SHORT:
        server_answer(connection, 3, seqnum, 0, data, wLength / 2);
        break;
    case TRICK_TOO_MUCH:
        server_answer(connection, 3, seqnum, 0, data, wLength + 1u);
        break;
    case TRICK_STATUS:
    case TRICK_STATUS_AND_CLOSE:
        server_answer(connection, 3, seqnum, -(int32_t)wValue, data, 0);
        if (trick == TRICK_STATUS_AND_CLOSE) {
            server_close(connection);
        }
        break;
    case TRICK_CLOSE:
        server_close(connection);
        break;
    case TRICK_NO_COMMAND:
        server_answer(connection, 7, seqnum, 0, NULL, 0);
        break;
    case TRICK_IN_DRIBS: {
        uint8_t head[48] = {0, 0, 0, 3};
        server_put32(head + 4, seqnum);
        server_put32(head + 24, wLength);
        for (size_t i = 0; i < 48u + wLength; i++) {
            server_send(connection, i < 48 ? head + i : data + i - 48, 1);
        }
        break;
    }
    case TRICK_NO_ANSWER:
    case TRICK_LATE_RESULT:
    case TRICK_NO_UNLINK:
        connection->waiting = seqnum;
        connection->waiting_trick = trick;
        break;
    default:
        server_answer(connection, 3, seqnum, -32, NULL, 0);
    }
    free(data);
}

static inline void server_reset(struct server *server, struct server_connection *connection,
                                uint32_t seqnum)
{
    int index = connection->device;
    struct server_device *device = &server->devices[index];
    device->resets++;
    device->product ^= device->changes_by_reset ? 1 : 0;
    if (device->leaves_by_reset) {
        server_leave(server, index);
    } else {
        server_answer(connection, 3, seqnum, -32, NULL, 0); /* the device's own */
    }
}

static inline void server_submit(struct server *server,
                                 struct server_connection *connection, uint32_t seqnum)
{
    struct server_device *device = &server->devices[connection->device];
    const uint8_t *setup = connection->bytes + 40;
    uint16_t wValue = (uint16_t)(setup[2] | setup[3] << 8);
    uint16_t wIndex = (uint16_t)(setup[4] | setup[5] << 8);
    uint16_t wLength = (uint16_t)(setup[6] | setup[7] << 8);
    unsigned request = (unsigned)setup[0] << 8 | setup[1];
    if (setup[0] == 0xc0) {
        server_trick(connection, setup[1], seqnum, wValue, wLength);
    } else if (setup[0] == 0x40) {
        device->writes++;
        for (size_t i = 0; i < wLength; i++) {
            device->sum += connection->bytes[48 + i];
        }
        server_answer(connection, 3, seqnum, 0, NULL, wLength);
    } else if (request == 0x8006) {
        uint8_t *data = malloc(65536);
        size_t size =
            server_descriptor(device, (uint8_t)(wValue >> 8), (uint8_t)wValue, data);
        size = size < wLength ? size : wLength;
        if (!device->is_mute) {
            server_answer(connection, 3, seqnum, size > 0 ? 0 : -32, data, (uint32_t)size);
        }
        free(data);
    } else if (request == 0x0009) {
        device->set_configurations++;
        server_answer(connection, 3, seqnum, 0, NULL, 0);
    } else if (request == 0x010b) {
        device->set_interfaces++;
        device->interface = wIndex;
        device->alternate = wValue;
        server_answer(connection, 3, seqnum, 0, NULL, 0);
    } else if (request == 0x2303 && wValue == 4) {
        server_reset(server, connection, seqnum);
    } else {
        server_answer(connection, 3, seqnum, -32, NULL, 0);
    }
}

static inline void server_unlink(struct server *server,
                                 struct server_connection *connection, uint32_t seqnum,
                                 uint32_t victim)
{
    static const uint8_t late[2] = {0xaa, 0xbb};
    server->devices[connection->device].unlinks++;
    bool is_waiting = connection->waiting == victim;
    connection->waiting = is_waiting ? 0 : connection->waiting;
    if (is_waiting && connection->waiting_trick == TRICK_NO_UNLINK) {
        connection->late_unlink = seqnum;
        return;
    }
    if (is_waiting && connection->waiting_trick == TRICK_LATE_RESULT) {
        server_answer(connection, 3, victim, 0, late, 2);
        is_waiting = false;
    }
    server_answer(connection, 4, seqnum, is_waiting ? -104 : 0, NULL, 0);
}

/* Size of the message that has begun; 0: not known yet. */
static inline size_t server_message_size(const struct server_connection *connection)
{
    const uint8_t *bytes = connection->bytes;
    if (connection->device < 0) {
        return connection->have < 8 ? 0 : bytes[3] == 3 ? 40 : 8;
    }
    bool has_data = connection->have >= 48 && bytes[3] == 1 && bytes[15] == 0;
    return connection->have < 48 ? 0 : 48 + (has_data ? server_get32(bytes + 24) : 0);
}

static inline void server_obey(struct server *server, struct server_connection *connection,
                               size_t size)
{
    uint8_t *bytes = connection->bytes;
    uint32_t seqnum = server_get32(bytes + 4);
    if (connection->device < 0 && bytes[3] == 5) {
        server_list(server, connection);
    } else if (connection->device < 0 && server->manner != MANNER_NO_IMPORT) {
        server_import(server, connection);
    } else if (connection->device >= 0) {
        uint32_t late = connection->late_unlink;
        connection->late_unlink = 0;
        if (late != 0) {
            server_answer(connection, 4, late, -104, NULL, 0);
        }
        if (bytes[3] == 1) {
            server_submit(server, connection, seqnum);
        } else {
            server_unlink(server, connection, seqnum, server_get32(bytes + 20));
        }
    }
    if (connection->have >= size) {
        connection->have -= size;
        memmove(bytes, bytes + size, connection->have);
    }
}

static inline void server_receive(struct server *server,
                                  struct server_connection *connection)
{
    ssize_t count = recv(connection->socket, connection->bytes + connection->have,
                         sizeof connection->bytes - connection->have, MSG_DONTWAIT);
    if (count <= 0) {
        server_close(connection);
        return;
    }
    connection->have += (size_t)count;
    if (server->manner == MANNER_SILENT && connection->device < 0) {
        connection->have = 0;
    }
    for (;;) {
        size_t size = server_message_size(connection);
        if (connection->socket < 0 || size == 0 || connection->have < size) {
            return;
        }
        server_obey(server, connection, size);
    }
}

static inline void server_flood(struct server_connection *connection)
{
    uint8_t bytes[1024] = {1, 0x11, 0, 5, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    for (int i = 0; i < 64 && connection->socket >= 0; i++) {
        server_send(connection, bytes, sizeof bytes);
        memset(bytes, 0, sizeof bytes);
    }
}

static inline void server_accept(struct server *server)
{
    int one = 1;
    int socket = accept(server->listener, NULL, NULL);
    struct server_connection *connection = NULL;
    for (int i = 0; i < SERVER_CONNECTIONS; i++) {
        if (server->connections[i].socket < 0) {
            connection = &server->connections[i];
        }
    }
    if (socket < 0 || connection == NULL) {
        abort();
    }
    (void)setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connection->socket = socket;
    if (server->manner == MANNER_GARBAGE) {
        server_send(connection, (const uint8_t *)"SSH-2.0-OpenSSH_9.2p1\r\n", 23);
    } else if (server->manner == MANNER_FLOODS) {
        server_flood(connection);
    } else if (server->manner == MANNER_CLOSES) {
        server_close(connection);
    }
}

static inline void server_turn(struct server *server)
{
    struct pollfd events[1 + SERVER_CONNECTIONS];
    server_lock(server);
    events[0] = (struct pollfd){.fd = server->listener, .events = POLLIN};
    for (int i = 0; i < SERVER_CONNECTIONS; i++) {
        events[1 + i] =
            (struct pollfd){.fd = server->connections[i].socket, .events = POLLIN};
    }
    server_unlock(server);
    (void)poll(events, 1 + SERVER_CONNECTIONS, 5);
    server_lock(server);
    for (int i = 0; i < SERVER_CONNECTIONS; i++) {
        /* One that was closed meanwhile by the test, or by another's request, has no news. */
        bool is_same = server->connections[i].socket == events[1 + i].fd;
        if (is_same && events[1 + i].fd >= 0 && events[1 + i].revents != 0) {
            server_receive(server, &server->connections[i]);
        }
    }
    if ((events[0].revents & POLLIN) != 0) {
        server_accept(server);
    }
    server_unlock(server);
}

static inline void *server_run(void *self)
{
    struct server *server = self;
    bool is_over = false;
    while (!is_over) {
        server_turn(server);
        server_lock(server);
        is_over = server->is_over;
        server_unlock(server);
    }
    return NULL;
}

/* On a port of its own, or, to come back, on `port`. */
static inline void server_start(struct server *server, int port)
{
    int one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof address;
    for (int i = 0; i < SERVER_CONNECTIONS; i++) {
        server->connections[i].socket = server->connections[i].device = -1;
    }
    server->is_over = false;
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(server->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_mutex_init(&server->mutex, NULL) != 0 ||
        pthread_create(&server->thread, NULL, server_run, server) != 0) {
        abort();
    }
    server->port = ntohs(address.sin_port);
}

/* It is gone, with all its connections. */
static inline void server_stop(struct server *server)
{
    server_lock(server);
    server->is_over = true;
    server_unlock(server);
    (void)pthread_join(server->thread, NULL);
    for (int i = 0; i < SERVER_CONNECTIONS; i++) {
        server_close(&server->connections[i]);
    }
    (void)close(server->listener);
    (void)pthread_mutex_destroy(&server->mutex);
}

#endif
