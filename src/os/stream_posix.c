/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP connection on POSIX. Not delayed (a request would otherwise wait for the acknowledgement of the one
 * before), and kept alive: a server that lost its power doesn't close anything, but must not seem to be
 * there for ever.
 */
#define _DEFAULT_SOURCE /* TCP_KEEPIDLE and its like, where the system has them */
#define _POSIX_C_SOURCE 200809L

#include "os/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

enum {
    NAP_US = 20000,
    KEEP_IDLE_S = 2, /* silence before the other end is asked whether it is there */
    KEEP_EVERY_S = 1,
    KEEP_TIMES = 3,
};

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* such systems have SO_NOSIGPIPE */
#endif

static void set_option(int socket, int level, int option, int value)
{
    (void)setsockopt(socket, level, option, &value, sizeof value); /* works without it */
}

static void set_options(int socket)
{
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
#ifdef TCP_KEEPIDLE
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_EVERY_S);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, KEEP_TIMES);
#endif
#ifdef TCP_USER_TIMEOUT
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT,
               1000 * (KEEP_IDLE_S + KEEP_EVERY_S * KEEP_TIMES));
#endif
#ifdef SO_NOSIGPIPE
    set_option(socket, SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
}

static bool is_later(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static bool fail(fettle_stream *stream, int error)
{
    stream->error = error;
    return false;
}

/* Without waiting. False: errno says why not. */
static bool begin(fettle_stream *stream, const fettle_stream_host *host)
{
    stream->socket = socket(host->address.ss_family, SOCK_STREAM, 0);
    if (stream->socket < 0) {
        return false;
    }
    int flags = fcntl(stream->socket, F_GETFL);
    if (flags < 0 || fcntl(stream->socket, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(stream->socket, F_SETFD, FD_CLOEXEC) != 0) {
        return false;
    }
    set_options(stream->socket);
    int wrong =
        connect(stream->socket, (const struct sockaddr *)&host->address, host->size);
    stream->is_connected = wrong == 0;
    return wrong == 0 || errno == EINPROGRESS || errno == EINTR;
}

bool fettle_stream_look_up(const char *host, const char *port, fettle_stream_host *hosts,
                           size_t *count, const char **why)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *first = NULL;
    int wrong = getaddrinfo(host, port, &hints, &first);
    *count = 0;
    *why = "no computer of this name is known";
    if (wrong != 0) {
        return wrong != EAI_MEMORY;
    }
    for (const struct addrinfo *info = first;
         info != NULL && *count < FETTLE_STREAM_HOSTS_MAX; info = info->ai_next) {
        if (info->ai_addrlen <= sizeof hosts[0].address) {
            fettle_stream_host *found = &hosts[(*count)++];
            memcpy(&found->address, info->ai_addr, info->ai_addrlen);
            found->size = info->ai_addrlen;
        }
    }
    freeaddrinfo(first);
    return true;
}

bool fettle_stream_open(fettle_stream *stream, const fettle_stream_host *host)
{
    stream->is_connected = false;
    stream->size = stream->sent = 0;
    if (!begin(stream, host)) {
        (void)fail(stream, errno);
        fettle_stream_close(stream);
        return false;
    }
    return true;
}

void fettle_stream_close(fettle_stream *stream)
{
    if (stream->socket >= 0) {
        (void)close(stream->socket);
    }
    stream->socket = -1;
}

void fettle_stream_cut(const fettle_stream *stream)
{
    (void)shutdown(stream->socket, SHUT_RDWR);
}

uint8_t *fettle_stream_queue(fettle_stream *stream, size_t size)
{
    if (stream->sent == stream->size) {
        stream->size = stream->sent = 0;
    }
    if (size > sizeof stream->out - stream->size) {
        return NULL;
    }
    stream->size += size;
    return stream->out + stream->size - size;
}

/* A connection that was begun is there, or refused, once it can be written to. */
static bool go_on_connecting(fettle_stream *stream)
{
    struct pollfd event = {.fd = stream->socket, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    if (stream->is_connected || poll(&event, 1, 0) <= 0) {
        return true;
    }
    if (getsockopt(stream->socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        return fail(stream, errno);
    }
    stream->is_connected = error == 0;
    return error == 0 || fail(stream, error);
}

int fettle_stream_send(fettle_stream *stream, const uint8_t *bytes, size_t size)
{
    if (!stream->is_connected || stream->sent < stream->size) {
        return 0;
    }
    ssize_t count =
        send(stream->socket, bytes, size < INT_MAX ? size : INT_MAX, MSG_NOSIGNAL);
    if (count >= 0 || is_later(errno)) {
        return count > 0 ? (int)count : 0;
    }
    stream->error = errno;
    return -1;
}

bool fettle_stream_flush(fettle_stream *stream)
{
    if (!go_on_connecting(stream)) {
        return false;
    }
    while (stream->is_connected && stream->sent < stream->size) {
        ssize_t count = send(stream->socket, stream->out + stream->sent,
                             stream->size - stream->sent, MSG_NOSIGNAL);
        if (count < 0) {
            return is_later(errno) || fail(stream, errno);
        }
        stream->sent += (size_t)count;
    }
    return true;
}

int fettle_stream_receive(fettle_stream *stream, uint8_t *bytes, size_t size)
{
    if (!stream->is_connected) {
        return 0;
    }
    ssize_t count = recv(stream->socket, bytes, size, 0);
    if (count > 0) {
        return (int)count; /* no message is larger */
    }
    if (count < 0 && is_later(errno)) {
        return 0;
    }
    stream->error = count < 0 ? errno : 0;
    return -1;
}

bool fettle_stream_is_over(const fettle_stream *stream)
{
    uint8_t byte;
    ssize_t count = recv(stream->socket, &byte, 1, MSG_PEEK);
    return count == 0 || (count < 0 && !is_later(errno));
}

const char *fettle_stream_name_failure(const fettle_stream *stream)
{
    switch (stream->error) {
    case ECONNREFUSED:
        return "connection refused";
    case ETIMEDOUT:
        return "it does not answer";
    case EHOSTUNREACH:
    case ENETUNREACH:
        return "no network leads there";
    default:
        return "the system can't connect to it";
    }
}

struct pollfd fettle_stream_events(const fettle_stream *stream)
{
    bool has_to_send = !stream->is_connected || stream->sent < stream->size;
    return (struct pollfd){
        .fd = stream->socket,
        .events = (short)(POLLIN | (has_to_send ? POLLOUT : 0)),
    };
}

void fettle_stream_nap(struct pollfd *events, size_t count, fettle_us now, fettle_us until)
{
    fettle_us length = until > now ? until - now : 0;
    length = length < NAP_US ? length : NAP_US;
    (void)poll(events, (nfds_t)count, (int)((length + 999) / 1000));
}
