/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread a board: it waits until the board is there and has a serial line, opens its place, and serves
 * one client after the other until the board leaves. A client that comes while the board is away waits at the
 * door. What a session does is in session.c.
 *
 * A socket listens from the start to the end. A pseudo terminal lives as long as one arrival of the board, as a
 * port of the system would, and the next one is another one under the same link.
 */
#define _POSIX_C_SOURCE 200809L

#include "ports.h"

#include "base/cancel.h"
#include "door.h"
#include "pty.h"
#include "session.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PTY_LOOK_US = 5000,     /* between two looks for a client */
    REFUSED_NAP_US = 50000, /* before a board that may not be opened is tried again */
    MESSAGE_SIZE = 512,
    SUFFIX_SIZE = 24, /* of a link: ".2" and so on */
};

typedef struct served_board {
    fettle_sim_ports *ports;
    size_t board;
    char busid[FETTLE_SIM_BUSID_SIZE];
    fettle_sim_door door;
    fettle_sim_pty pty;
    char *link; /* NULL: none */
    fettle_sight sight;
    pthread_t thread;
} served_board;

struct fettle_sim_ports {
    fettle_sim_desk *desk;
    fettle_sim_way way;
    size_t count, started;
    served_board *boards;
    fettle_cancel stop;
    pthread_mutex_t lock; /* of `message`, and while a pseudo terminal is opened */
    char message[FETTLE_SIM_BUSID_SIZE + MESSAGE_SIZE + 2]; /* with ": " between them */
};

static void nap(long us)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = us * 1000};
    (void)nanosleep(&pause, NULL);
}

static bool is_to_stop(const served_board *its)
{
    return fettle_cancel_is_wanted(&its->ports->stop);
}

static void fail(served_board *its, const char *why)
{
    fettle_sim_ports *ports = its->ports;
    pthread_mutex_lock(&ports->lock);
    snprintf(ports->message, sizeof ports->message, "%s: %s", its->busid, why);
    pthread_mutex_unlock(&ports->lock);
    fettle_cancel_want(&ports->stop);
}

/* ---- waiting ---- */

/* Until the board is there with a serial line; false: it's over. */
static bool wait_for_line(served_board *its)
{
    fettle_sim *sim = fettle_sim_desk_world(its->ports->desk);
    while (!is_to_stop(its)) {
        uint64_t change;
        fettle_sim_bus_ops.look(sim, NULL, 0, &change);
        if (fettle_sim_look_at(sim, its->board, &its->sight) &&
            its->sight.kind == FETTLE_LINK_SERIAL) {
            return true;
        }
        (void)fettle_sim_bus_ops.wait(sim, change, FETTLE_NEVER, &its->ports->stop);
    }
    return false;
}

static bool is_this_arrival_there(const served_board *its)
{
    fettle_sight now;
    return fettle_sim_look_at(fettle_sim_desk_world(its->ports->desk), its->board, &now) &&
           now.arrival == its->sight.arrival;
}

/* The next client's descriptor; -1: there is none yet. Waits a little. */
static int wait_at_door(const served_board *its)
{
    struct pollfd door = {.fd = its->door.socket, .events = POLLIN};
    if (poll(&door, 1, FETTLE_SIM_LOOK_MS) <= 0) {
        return -1;
    }
    int client = fettle_sim_door_accept(&its->door);
    if (client >= 0) {
        (void)fcntl(client, F_SETFL, O_NONBLOCK);
    }
    return client;
}

static int wait_at_pty(const served_board *its)
{
    if (fettle_sim_pty_has_client(&its->pty)) {
        return its->pty.master;
    }
    nap(PTY_LOOK_US);
    return -1;
}

static int wait_for_client(const served_board *its)
{
    bool is_pty = its->ports->way == FETTLE_SIM_PTY;
    int client = -1;
    while (client < 0 && !is_to_stop(its) && is_this_arrival_there(its)) {
        client = is_pty ? wait_at_pty(its) : wait_at_door(its);
    }
    return client;
}

/* ---- one client ---- */

static void run_session(served_board *its, fettle_sim_session *session)
{
    fettle_sim_desk *desk = its->ports->desk;
    fettle_sight sight;
    fettle_link link;
    fettle_outcome opened =
        fettle_sim_desk_open(desk, its->board, &session->settings, &sight, &link);
    if (opened.kind != FETTLE_OK) {
        nap(REFUSED_NAP_US);
        return;
    }
    session->link = &link;
    (void)link.serial->discard(link.self); /* what came while nobody was there */
    fettle_sim_desk_wish(desk, its->board);
    if (fettle_sim_session_run(session) == FETTLE_SIM_SESSION_NO_MEMORY) {
        fail(its, "there is no memory for a client");
    }
    link.serial->close(link.self);
}

static void serve_client(served_board *its, int client)
{
    const fettle_sim_ports *ports = its->ports;
    fettle_sim *sim = fettle_sim_desk_world(ports->desk);
    bool is_pty = ports->way == FETTLE_SIM_PTY;
    fettle_sim_session session = {
        .fd = client,
        .speaks_rfc2217 = ports->way == FETTLE_SIM_RFC2217,
        .look = is_pty ? fettle_sim_pty_look : NULL,
        .settings = {.baud = 115200, .data_bits = 8},
        .clock = fettle_sim_clock_ops(sim),
        .clock_self = fettle_sim_clock_self(sim),
        .cancel = &ports->stop,
    };
    if (is_pty) {
        (void)fettle_sim_pty_look(client, &session.settings);
    }
    run_session(its, &session);
    if (is_pty) {
        fettle_sim_pty_flush(&its->pty);
    } else {
        close(client);
    }
}

/* ---- one arrival ---- */

static bool open_pty(served_board *its)
{
    char message[MESSAGE_SIZE];
    pthread_mutex_lock(&its->ports->lock);
    bool is_open = fettle_sim_pty_open(&its->pty, its->link, message, sizeof message);
    pthread_mutex_unlock(&its->ports->lock);
    if (!is_open) {
        fail(its, message);
        return false;
    }
    printf("plugged %s pty %s\n", its->busid, its->pty.path);
    (void)fflush(stdout);
    return true;
}

static void close_pty(served_board *its)
{
    fettle_sim_pty_close(&its->pty);
    printf("left %s\n", its->busid);
    (void)fflush(stdout);
}

static void *keep_serving(void *self)
{
    served_board *its = self;
    bool is_pty = its->ports->way == FETTLE_SIM_PTY;
    while (wait_for_line(its)) {
        if (is_pty && !open_pty(its)) {
            break;
        }
        for (int client; (client = wait_for_client(its)) >= 0;) {
            serve_client(its, client);
        }
        if (is_pty) {
            close_pty(its);
        }
    }
    return NULL;
}

/* ---- begin and end ---- */

fettle_sim_ports *fettle_sim_ports_new(fettle_sim_desk *desk, fettle_sim_way way)
{
    size_t count = fettle_sim_desk_count(desk);
    fettle_sim_ports *ports = calloc(1, sizeof *ports);
    served_board *boards = calloc(count, sizeof *boards);
    if (ports == NULL || boards == NULL) {
        free(ports);
        free(boards);
        return NULL;
    }
    ports->desk = desk;
    ports->way = way;
    ports->boards = boards;
    ports->count = count;
    pthread_mutex_init(&ports->lock, NULL);
    for (size_t i = 0; i < count; i++) {
        boards[i].ports = ports;
        boards[i].board = i;
        boards[i].door.socket = -1;
        boards[i].pty.master = -1;
        fettle_sim_desk_busid(i, boards[i].busid);
    }
    return ports;
}

bool fettle_sim_ports_listen(fettle_sim_ports *ports, const char *where, bool allows_remote,
                             bool *is_bad_text, char *message, size_t message_size)
{
    for (size_t i = 0; i < ports->count; i++) {
        if (!fettle_sim_door_open(&ports->boards[i].door, where, i, allows_remote,
                                  is_bad_text, message, message_size)) {
            return false;
        }
    }
    return true;
}

const char *fettle_sim_ports_address(const fettle_sim_ports *ports, size_t board)
{
    return ports->boards[board].door.address;
}

bool fettle_sim_ports_link(fettle_sim_ports *ports, const char *link)
{
    size_t room = strlen(link) + SUFFIX_SIZE;
    for (size_t i = 0; i < ports->count; i++) {
        char *name = malloc(room);
        if (name == NULL) {
            return false;
        }
        if (i == 0) {
            snprintf(name, room, "%s", link);
        } else {
            snprintf(name, room, "%s.%zu", link, i + 1);
        }
        ports->boards[i].link = name;
    }
    return true;
}

bool fettle_sim_ports_start(fettle_sim_ports *ports, char *message, size_t message_size)
{
    fettle_sim_desk_wish_absent(ports->desk);
    for (; ports->started < ports->count; ports->started++) {
        served_board *its = &ports->boards[ports->started];
        int why = pthread_create(&its->thread, NULL, keep_serving, its);
        if (why != 0) {
            snprintf(message, message_size, "no thread is to be had: %s", strerror(why));
            return false;
        }
    }
    return true;
}

bool fettle_sim_ports_has_failed(fettle_sim_ports *ports, char *message,
                                 size_t message_size)
{
    pthread_mutex_lock(&ports->lock);
    bool has_failed = ports->message[0] != '\0';
    snprintf(message, message_size, "%s", ports->message);
    pthread_mutex_unlock(&ports->lock);
    return has_failed;
}

void fettle_sim_ports_free(fettle_sim_ports *ports)
{
    if (ports == NULL) {
        return;
    }
    fettle_cancel_want(&ports->stop);
    for (size_t i = 0; i < ports->started; i++) {
        pthread_join(ports->boards[i].thread, NULL);
    }
    for (size_t i = 0; i < ports->count; i++) {
        fettle_sim_door_close(&ports->boards[i].door);
        free(ports->boards[i].link);
    }
    pthread_mutex_destroy(&ports->lock);
    free(ports->boards);
    free(ports);
}
