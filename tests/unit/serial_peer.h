/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a line over TCP, in a thread of its own: it takes one client after the other, keeps what it was
 * told, sends data back, and does what it is told to do wrong. The test may change its manners under the lock.
 */
#ifndef TEST_SERIAL_PEER_H
#define TEST_SERIAL_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    PEER_SE = 240,
    PEER_SB = 250,
    PEER_WILL = 251,
    PEER_DO = 253,
    PEER_DONT = 254,
    PEER_IAC = 255
};

enum { PEER_LOG_SIZE = 4096, PEER_DATA_SIZE = 1 << 20 };

struct peer {
    int port;
    /* Manners. */
    bool is_plain; /* no Telnet at all */
    bool is_mute;  /* says nothing */
    bool refuses;  /* DONT COM-PORT */
    bool is_without_lines, is_without_purge, is_without_baud;
    bool has_other_baud; /* takes 9600, whatever it is told */
    bool has_other_lines;
    bool echoes;
    bool is_deaf;  /* doesn't read */
    bool suspends; /* at the first request for a rate; resumed by resume */
    bool resumes;
    bool chatters; /* sends "old" before it answers to a rate */
    /* What it was told: "baud=9600 dtr=8 ..." */
    char log[PEER_LOG_SIZE];
    unsigned char *data; /* PEER_DATA_SIZE */
    size_t size;
    unsigned clients;
    /* Its own. */
    pthread_mutex_t lock;
    pthread_t thread;
    int listener, client, wake[2];
    unsigned char request[32];
    size_t request_size;
    int state;
};

static inline void peer_lock(struct peer *peer)
{
    assert_int_equal(0, pthread_mutex_lock(&peer->lock));
}

static inline void peer_unlock(struct peer *peer)
{
    assert_int_equal(0, pthread_mutex_unlock(&peer->lock));
}

static inline void peer_send(struct peer *peer, const void *bytes, size_t size)
{
    (void)send(peer->client, bytes, size, MSG_NOSIGNAL);
}

static inline void peer_answer(struct peer *peer, unsigned char code,
                               const unsigned char *value, size_t size)
{
    unsigned char bytes[32] = {PEER_IAC, PEER_SB, 44, (unsigned char)(code + 100)};
    size_t count = 4;
    for (size_t i = 0; i < size; i++) {
        bytes[count++] = value[i];
        if (value[i] == PEER_IAC) {
            bytes[count++] = PEER_IAC;
        }
    }
    bytes[count++] = PEER_IAC;
    bytes[count++] = PEER_SE;
    peer_send(peer, bytes, count);
}

static inline void peer_note(struct peer *peer, const char *what, unsigned long value)
{
    size_t length = strlen(peer->log);
    (void)snprintf(peer->log + length, sizeof peer->log - length, "%s=%lu ", what, value);
}

static inline void peer_on_baud(struct peer *peer, const unsigned char *value)
{
    static const unsigned char other[] = {0, 0, 0x25, 0x80}; /* 9600 */
    peer_note(peer, "baud",
              (unsigned long)value[0] << 24 | (unsigned long)value[1] << 16 |
                  (unsigned long)value[2] << 8 | value[3]);
    if (peer->chatters) {
        peer_send(peer, "old", 3);
    }
    if (peer->suspends) {
        peer_answer(peer, 8, NULL, 0);
        peer->suspends = false;
    }
    if (!peer->is_without_baud) {
        peer_answer(peer, 1, peer->has_other_baud ? other : value, 4);
    }
}

static inline void peer_on_control(struct peer *peer, unsigned char value)
{
    bool is_line = value >= 7 && value <= 12;
    const unsigned char other = value <= 9 ? 9 : 12;
    peer_note(peer, value < 7 ? "flow" : value <= 9 ? "dtr" : "rts", value);
    if (!is_line || !peer->is_without_lines) {
        peer_answer(peer, 5, is_line && peer->has_other_lines ? &other : &value, 1);
    }
}

static inline void peer_on_request(struct peer *peer)
{
    const unsigned char *value = peer->request + 2;
    static const char *const names[] = {"", "baud", "bits", "parity", "stop"};
    if (peer->request_size < 3 || peer->request[0] != 44 || peer->is_mute) {
        return;
    }
    if (peer->request[1] == 1 && peer->request_size == 6) {
        peer_on_baud(peer, value);
    } else if (peer->request[1] >= 2 && peer->request[1] <= 4) {
        peer_note(peer, names[peer->request[1]], *value);
        peer_answer(peer, peer->request[1], value, 1);
    } else if (peer->request[1] == 5) {
        peer_on_control(peer, *value);
    } else if (peer->request[1] == 12) {
        peer_note(peer, "purge", *value);
        if (!peer->is_without_purge) {
            peer_answer(peer, 12, value, 1);
        }
    }
}

static inline void peer_on_data(struct peer *peer, unsigned char byte)
{
    const unsigned char doubled[] = {byte, byte};
    if (peer->size < PEER_DATA_SIZE) {
        peer->data[peer->size++] = byte;
    }
    if (peer->echoes) {
        peer_send(peer, doubled, byte == PEER_IAC && !peer->is_plain ? 2 : 1);
    }
}

static inline void peer_on_option(struct peer *peer, unsigned char verb,
                                  unsigned char option)
{
    unsigned char reply[] = {PEER_IAC, PEER_DO, option};
    if (verb != PEER_WILL && verb != PEER_DO) {
        return;
    }
    reply[1] = verb == PEER_WILL ? PEER_DO : PEER_WILL;
    reply[1] = option == 44 && peer->refuses ? PEER_DONT : reply[1];
    if (!peer->is_mute) {
        peer_send(peer, reply, sizeof reply);
    }
}

static inline void peer_on_byte(struct peer *peer, unsigned char byte)
{
    enum { DATA, COMMAND, WILL, DO, IN_REQUEST, COMMAND_IN_REQUEST, OTHER };
    switch (peer->state) {
    case COMMAND:
        peer->state = byte == PEER_WILL  ? WILL
                      : byte == PEER_DO  ? DO
                      : byte == PEER_SB  ? IN_REQUEST
                      : byte == PEER_IAC ? DATA
                                         : OTHER;
        peer->request_size = 0;
        if (byte == PEER_IAC) {
            peer_on_data(peer, byte);
        }
        break;
    case WILL:
    case DO:
        peer_on_option(peer, peer->state == WILL ? PEER_WILL : PEER_DO, byte);
        peer->state = DATA;
        break;
    case OTHER:
        peer->state = DATA;
        break;
    case IN_REQUEST:
    case COMMAND_IN_REQUEST:
        if (peer->state == COMMAND_IN_REQUEST && byte == PEER_SE) {
            peer_on_request(peer);
            peer->state = DATA;
        } else if (peer->state == IN_REQUEST && byte == PEER_IAC) {
            peer->state = COMMAND_IN_REQUEST;
        } else {
            peer->request[peer->request_size] = byte;
            peer->request_size += peer->request_size < sizeof peer->request - 1 ? 1 : 0;
            peer->state = IN_REQUEST;
        }
        break;
    default:
        if (byte == PEER_IAC && !peer->is_plain) {
            peer->state = COMMAND;
        } else {
            peer_on_data(peer, byte);
        }
        break;
    }
}

static inline void peer_hang_up(struct peer *peer)
{
    if (peer->client >= 0) {
        (void)close(peer->client);
    }
    peer->client = -1;
    peer->state = 0;
}

static inline void peer_on_readable(struct peer *peer)
{
    unsigned char bytes[4096];
    ssize_t count = recv(peer->client, bytes, sizeof bytes, 0);
    for (ssize_t i = 0; i < count; i++) {
        peer_on_byte(peer, bytes[i]);
    }
    if (count <= 0) {
        peer_hang_up(peer);
    }
}

/* False: the end. */
static inline bool peer_turn(struct peer *peer)
{
    peer_lock(peer);
    if (peer->resumes && peer->client >= 0) {
        peer->resumes = false;
        peer_answer(peer, 9, NULL, 0);
    }
    struct pollfd events[] = {
        {.fd = peer->wake[0], .events = POLLIN},
        {.fd = peer->client < 0 ? peer->listener : -1, .events = POLLIN},
        {.fd = peer->is_deaf ? -1 : peer->client, .events = POLLIN},
    };
    peer_unlock(peer);
    (void)poll(events, 3, -1);
    peer_lock(peer);
    char word = ' ';
    if ((events[0].revents & POLLIN) != 0) {
        (void)!read(peer->wake[0], &word, 1);
    }
    bool hangs_up = word == 'h';
    if (peer->client < 0 && (hangs_up || (events[1].revents & POLLIN) != 0)) {
        peer->client = accept(peer->listener, NULL, NULL);
        peer->clients++;
    }
    if (hangs_up) {
        peer_hang_up(peer);
    } else if (events[2].revents != 0 && peer->client >= 0) {
        peer_on_readable(peer);
    }
    peer_unlock(peer);
    return word != 'q';
}

static inline void *peer_run(void *self)
{
    while (peer_turn(self)) {
    }
    return NULL;
}

/* ' ': look at your manners; 'h': hang up on the client, or on the one that comes next; 'q': end. */
static inline void peer_tell(struct peer *peer, char word)
{
    assert_int_equal(1, write(peer->wake[1], &word, 1));
}

static inline void peer_listen(struct peer *peer, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof address;
    int yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(peer->listener >= 0);
    (void)setsockopt(peer->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(0, bind(peer->listener, (struct sockaddr *)&address, size));
    assert_int_equal(0, listen(peer->listener, 4));
    assert_int_equal(0, getsockname(peer->listener, (struct sockaddr *)&address, &size));
    peer->port = ntohs(address.sin_port);
}

/* Port 0: any. Manners that are to hold from the beginning have been set. */
static inline void peer_start(struct peer *peer, int port)
{
    peer->client = -1;
    peer->data = calloc(1, PEER_DATA_SIZE);
    assert_non_null(peer->data);
    assert_int_equal(0, pipe(peer->wake));
    assert_int_equal(0, pthread_mutex_init(&peer->lock, NULL));
    peer_listen(peer, port);
    assert_int_equal(0, pthread_create(&peer->thread, NULL, peer_run, peer));
}

static inline void peer_stop(struct peer *peer)
{
    peer_tell(peer, 'q');
    assert_int_equal(0, pthread_join(peer->thread, NULL));
    peer_hang_up(peer);
    (void)close(peer->listener);
    (void)close(peer->wake[0]);
    (void)close(peer->wake[1]);
    (void)pthread_mutex_destroy(&peer->lock);
    free(peer->data);
}

#endif
