/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread, one round a millisecond: what the board has said goes to the client, what the client
 * has said to the board. A frame travels in one read and one write where both ends let it; on a slow
 * line a long write is divided, so that what the board says meanwhile doesn't wait for its end.
 *
 * Commands of RFC 2217 stand in the order of the bytes between them. In a pseudo terminal settings have
 * no place among the bytes: they are looked at in each round, before anything is passed on.
 *
 * A client that doesn't read stops the board's bytes, which then wait in the board, and are lost there
 * in the end. A board that takes nothing stops the client's; for as long as a driver's buffer would need,
 * and some seconds. Then they are dropped, so that the client can be heard again.
 */
#define _POSIX_C_SOURCE 200809L

#include "session.h"

#include "base/cancel.h"
#include "rfc2217.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ROUND_MS = 1,
    IN_SIZE = 16384,
    PIECE_SIZE = 4096, /* of the board's bytes, a round */
    OUT_SIZE = 2 * PIECE_SIZE + 1 + 4 * FETTLE_SIM_RFC2217_REPLY,
    BYTE_BITS = 10,
    SECOND_US = 1000000,
    WRITE_BYTES = 1024, /* how many a write may wait for, within what follows */
    WRITE_MOST_US = 20000,
    WRITE_LEAST_US = 2000,
    WRITE_LEAST_BYTES = 2, /* however slow the line */
    STUCK_US = 5000000,
    STUCK_BYTES = 4096,
};

typedef struct passage {
    const fettle_sim_session *session;
    fettle_serial_settings told; /* what holds at the board */
    fettle_sim_rfc2217 telnet;
    bool is_over;
    fettle_sim_session_end end;

    /* From the client: bytes that came, and among them those that are for the board. */
    size_t in_at, in_size;
    const uint8_t *data;
    size_t data_size;
    fettle_us moved_at; /* when the board last took one */

    /* To the client. */
    size_t out_at, out_size;

    uint8_t in[IN_SIZE], out[OUT_SIZE], piece[PIECE_SIZE];
} passage;

static void end(passage *its, fettle_sim_session_end how)
{
    if (!its->is_over) {
        its->is_over = true;
        its->end = how;
    }
}

static fettle_us now_of(const passage *its)
{
    return its->session->clock->now(its->session->clock_self);
}

static fettle_us time_for(const passage *its, size_t bytes)
{
    return (fettle_us)bytes * BYTE_BITS * SECOND_US / its->told.baud;
}

/* ---- the board's end ---- */

/* Anything but these two means that there is no line any more. */
static void judge(passage *its, fettle_outcome_kind kind)
{
    if (kind == FETTLE_CANCELLED) {
        end(its, FETTLE_SIM_SESSION_CANCELLED);
    } else if (kind != FETTLE_OK && kind != FETTLE_TIMEOUT) {
        end(its, FETTLE_SIM_SESSION_BOARD_LEFT);
    }
}

static void tell(passage *its, const fettle_serial_settings *settings)
{
    const fettle_link *link = its->session->link;
    fettle_serial_settings *told = &its->told;
    if (settings->baud != told->baud) {
        told->baud = settings->baud;
        judge(its, link->serial->set_baud(link->self, told->baud).kind);
    }
    if (settings->data_bits != told->data_bits) {
        told->data_bits = settings->data_bits;
        judge(its, link->serial->set_format(link->self, told->data_bits).kind);
    }
    if (settings->dtr != told->dtr || settings->rts != told->rts) {
        told->dtr = settings->dtr;
        told->rts = settings->rts;
        judge(its, link->serial->set_lines(link->self, told->dtr, told->rts).kind);
    }
}

static void look_at_settings(passage *its)
{
    fettle_serial_settings settings = its->told;
    if (its->session->look != NULL && its->session->look(its->session->fd, &settings)) {
        tell(its, &settings);
    }
}

/* How long a write may wait before the other direction has its turn. */
static fettle_us patience(const passage *its)
{
    fettle_us time = time_for(its, WRITE_BYTES);
    fettle_us least = time_for(its, WRITE_LEAST_BYTES);
    time = time < WRITE_MOST_US ? time : WRITE_MOST_US;
    time = time > WRITE_LEAST_US ? time : WRITE_LEAST_US;
    return time > least ? time : least;
}

static void give_to_board(passage *its)
{
    const fettle_link *link = its->session->link;
    fettle_outcome outcome =
        link->serial->write(link->self, its->data, its->data_size,
                            now_of(its) + patience(its), its->session->cancel);
    fettle_us now = now_of(its);
    its->data += outcome.count;
    its->data_size -= outcome.count;
    its->moved_at = outcome.count > 0 ? now : its->moved_at;
    judge(its, outcome.kind);
    if (its->data_size > 0 && now - its->moved_at > STUCK_US + time_for(its, STUCK_BYTES)) {
        its->data_size = 0;
    }
}

/* Only when the client has everything so far: a piece always has room. */
static void take_from_board(passage *its)
{
    const fettle_link *link = its->session->link;
    if (its->out_size > 0 || its->telnet.is_suspended) {
        return;
    }
    fettle_outcome outcome =
        link->serial->read(link->self, its->session->speaks_rfc2217 ? its->piece : its->out,
                           PIECE_SIZE, 0, its->session->cancel);
    its->out_size = outcome.count;
    if (its->session->speaks_rfc2217) {
        its->out_size =
            fettle_sim_rfc2217_encode(&its->telnet, its->out, its->piece, outcome.count);
    }
    judge(its, outcome.kind);
}

/* ---- the client's end ---- */

static bool is_for_later(ssize_t count)
{
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

static void send_to_client(passage *its)
{
    if (its->out_at == its->out_size) {
        return;
    }
    ssize_t count =
        write(its->session->fd, its->out + its->out_at, its->out_size - its->out_at);
    if (count > 0) {
        its->out_at += (size_t)count;
    } else if (!is_for_later(count)) {
        end(its, FETTLE_SIM_SESSION_CLIENT_LEFT);
    }
    if (its->out_at == its->out_size) {
        its->out_at = its->out_size = 0;
    }
}

static void receive_from_client(passage *its)
{
    ssize_t count = read(its->session->fd, its->in, sizeof its->in);
    if (count > 0) {
        its->in_at = 0;
        its->in_size = (size_t)count;
    } else if (!is_for_later(count)) {
        end(its, FETTLE_SIM_SESSION_CLIENT_LEFT);
    }
}

static void obey(passage *its, const fettle_sim_rfc2217_event *event)
{
    const fettle_link *link = its->session->link;
    tell(its, &its->telnet.settings);
    if (event->discards) {
        judge(its, link->serial->discard(link->self).kind);
    }
    for (size_t i = 0; i < event->reply_size; i++) {
        its->out[its->out_size++] = event->reply[i];
    }
}

static bool has_room_for_answer(const passage *its)
{
    return OUT_SIZE - its->out_size >= FETTLE_SIM_RFC2217_REPLY;
}

/* What came is data as it is, or the next event of RFC 2217; that only while an answer has room. */
static void take_apart(passage *its)
{
    fettle_sim_rfc2217_event event = {
        .kind = FETTLE_SIM_RFC2217_DATA,
        .data = its->in + its->in_at,
        .size = its->in_size - its->in_at,
    };
    if (!its->session->speaks_rfc2217) {
        its->in_at = its->in_size;
    } else if (has_room_for_answer(its)) {
        its->in_at += fettle_sim_rfc2217_take(&its->telnet, its->in + its->in_at,
                                              its->in_size - its->in_at, &event);
    } else {
        return;
    }
    if (event.kind == FETTLE_SIM_RFC2217_DATA) {
        its->data = event.data;
        its->data_size = event.size;
        its->moved_at = now_of(its);
    } else if (event.kind == FETTLE_SIM_RFC2217_OBEY) {
        obey(its, &event);
    }
}

/* ---- rounds ---- */

/* For the client, unless there is something to do already; and then for no longer than a round. */
static void wait_for_client(passage *its)
{
    bool is_hungry = its->in_at == its->in_size && its->data_size == 0;
    bool is_stuck = its->data_size == 0 && !has_room_for_answer(its);
    struct pollfd client = {
        .fd = its->session->fd,
        .events = (short)((is_hungry ? POLLIN : 0) | (its->out_size > 0 ? POLLOUT : 0)),
    };
    int ready = poll(&client, 1, is_hungry || is_stuck ? ROUND_MS : 0);
    if (is_hungry && ready > 0 && (client.revents & ~POLLOUT) != 0) {
        receive_from_client(its);
    }
}

static void go_round(passage *its)
{
    look_at_settings(its);
    take_from_board(its);
    send_to_client(its);
    wait_for_client(its);
    look_at_settings(its);
    if (its->data_size == 0 && its->in_at < its->in_size) {
        take_apart(its);
    }
    if (its->data_size > 0) {
        give_to_board(its);
    }
    if (fettle_cancel_is_wanted(its->session->cancel)) {
        end(its, FETTLE_SIM_SESSION_CANCELLED);
    }
}

/* A client that leaves lets go of the lines; a board that left may have said something before. */
static void leave(passage *its)
{
    fettle_serial_settings last = its->told;
    last.dtr = last.rts = false;
    if (its->end == FETTLE_SIM_SESSION_BOARD_LEFT) {
        send_to_client(its);
    } else {
        tell(its, &last);
    }
}

fettle_sim_session_end fettle_sim_session_run(const fettle_sim_session *session)
{
    passage *its = calloc(1, sizeof *its);
    if (its == NULL) {
        return FETTLE_SIM_SESSION_NO_MEMORY;
    }
    its->session = session;
    its->told = session->settings;
    if (session->speaks_rfc2217) {
        fettle_sim_rfc2217_event event;
        fettle_sim_rfc2217_init(&its->telnet, &its->told, &event);
        obey(its, &event);
    }
    while (!its->is_over) {
        go_round(its);
    }
    leave(its);
    fettle_sim_session_end how = its->end;
    free(its);
    return how;
}
