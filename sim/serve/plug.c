/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread a board: it waits until the board is there, gives the kernel one end of a pair of
 * sockets, serves the other one as it would serve an import, and begins anew when that has ended
 * because the board has left. The port stays the same, and with it the board's path in the kernel.
 *
 * The kernel needs a moment to let go of what was unplugged, and says nothing when it has: its
 * status is read again every millisecond or two.
 *
 * Who unplugs a board from the kernel's side (a number written to `detach`) has it unplugged until
 * it leaves and arrives by itself or by a hand: to plug it in again at once would be to argue.
 */
#define _POSIX_C_SOURCE 200809L

#include "plug.h"

#include "import.h"
#include "usbip.h"
#include "vhci.h"

#include "base/cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    NAP_US = 1500,          /* between two looks at a port */
    REFUSED_NAP_US = 50000, /* before a board that may not be opened is tried again */
    LETTING_GO_US = 5000000,
    MESSAGE_SIZE = 256,
};

typedef struct plugged_board {
    fettle_sim_plug *plug;
    size_t board;
    char busid[FETTLE_SIM_BUSID_SIZE];
    fettle_sim_vhci_port port;
    bool has_settled; /* the port is kept from now on */
    uint32_t served;  /* the last arrival that was */
    fettle_sight sight;
    pthread_t thread;
} plugged_board;

struct fettle_sim_plug {
    fettle_sim_desk *desk;
    size_t count, started;
    plugged_board *boards;
    fettle_cancel stop;
    pthread_mutex_t lock; /* of `message` */
    char message[MESSAGE_SIZE];
};

static void nap(long us)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = us * 1000};
    (void)nanosleep(&pause, NULL);
}

static bool is_to_stop(const plugged_board *its)
{
    return fettle_cancel_is_wanted(&its->plug->stop);
}

static void fail(const plugged_board *its, const char *what, int why)
{
    fettle_sim_plug *plug = its->plug;
    pthread_mutex_lock(&plug->lock);
    snprintf(plug->message, sizeof plug->message, "%s: %s: %s", its->busid, what,
             strerror(why));
    pthread_mutex_unlock(&plug->lock);
    fettle_cancel_want(&plug->stop);
}

/* ---- waiting ---- */

static bool is_this_arrival_there(plugged_board *its)
{
    fettle_sight now;
    return fettle_sim_look_at(fettle_sim_desk_world(its->plug->desk), its->board, &now) &&
           now.arrival == its->sight.arrival;
}

/* Until an arrival is there that hasn't been served; false: it's over. */
static bool wait_for_arrival(plugged_board *its)
{
    fettle_sim *sim = fettle_sim_desk_world(its->plug->desk);
    while (!is_to_stop(its)) {
        uint64_t change;
        fettle_sim_bus_ops.look(sim, NULL, 0, &change);
        if (fettle_sim_look_at(sim, its->board, &its->sight) &&
            its->sight.arrival != its->served) {
            return true;
        }
        (void)fettle_sim_bus_ops.wait(sim, change, FETTLE_NEVER, &its->plug->stop);
    }
    return false;
}

/* ---- one arrival ---- */

/*
 * False: not this arrival. The first time another port will do if somebody was faster; later there
 * is no other, whatever that takes.
 */
static bool attach(plugged_board *its, int socket)
{
    uint32_t devid = fettle_sim_usbip_devid(&its->sight);
    while (!is_to_stop(its) && is_this_arrival_there(its)) {
        int why = fettle_sim_vhci_is_free(its->port.number)
                      ? fettle_sim_vhci_attach(its->port.number, socket, devid)
                      : EBUSY;
        if (why == 0) {
            its->has_settled = true;
            return true;
        }
        if (why != EBUSY) {
            fail(its, "the kernel doesn't take the board", why);
            return false;
        }
        if (its->has_settled) {
            nap(NAP_US);
            continue;
        }
        fettle_sim_vhci_release(&its->port);
        if (!fettle_sim_vhci_reserve(&its->port, -1)) {
            fail(its, "no virtual USB port is free", EBUSY);
            return false;
        }
    }
    return false;
}

static void serve(plugged_board *its, int socket, const fettle_link *link)
{
    fettle_sim_desk *desk = its->plug->desk;
    printf("plugged %s vhci %d %04x:%04x\n", its->busid, its->port.number,
           (unsigned)its->sight.id.vendor, (unsigned)its->sight.id.product);
    (void)fflush(stdout);
    fettle_sim_desk_wish(desk, its->board);
    fettle_sim_desk_begin_use(desk, its->board, its->sight.arrival, socket);
    if (is_to_stop(its)) {
        shutdown(socket, SHUT_RDWR); /* it may have been too late to be cut off */
    }
    fettle_sim_import_serve(socket, &its->sight, link);
    fettle_sim_desk_end_use(desk, its->board, its->sight.arrival);
}

static void plug_in(plugged_board *its, const fettle_link *link)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
        fettle_sim_import_close(link);
        fail(its, "no pair of sockets is to be had", errno);
        return;
    }
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    bool is_in = attach(its, ends[1]);
    close(ends[1]); /* the kernel has its own */
    if (is_in) {
        serve(its, ends[0], link);
    } else {
        fettle_sim_import_close(link);
    }
    close(ends[0]);
    if (is_in) {
        printf("left %s\n", its->busid);
        (void)fflush(stdout);
    }
}

static void *keep_plugged(void *self)
{
    plugged_board *its = self;
    while (wait_for_arrival(its)) {
        fettle_link link;
        fettle_outcome opened =
            fettle_sim_desk_open(its->plug->desk, its->board, NULL, &its->sight, &link);
        if (opened.kind == FETTLE_OK) {
            its->served = its->sight.arrival;
            plug_in(its, &link);
        } else {
            nap(REFUSED_NAP_US);
        }
    }
    return NULL;
}

/* ---- begin and end ---- */

static bool reserve_all(fettle_sim_plug *plug)
{
    int last = -1;
    for (size_t i = 0; i < plug->count; i++) {
        plugged_board *its = &plug->boards[i];
        its->plug = plug;
        its->board = i;
        its->port.reservation = -1;
        fettle_sim_desk_busid(i, its->busid);
    }
    for (size_t i = 0; i < plug->count; i++) {
        if (!fettle_sim_vhci_reserve(&plug->boards[i].port, last)) {
            return false;
        }
        last = plug->boards[i].port.number;
    }
    return true;
}

fettle_sim_plug *fettle_sim_plug_new(fettle_sim_desk *desk, char *message,
                                     size_t message_size)
{
    if (!fettle_sim_vhci_is_there(message, message_size)) {
        return NULL;
    }
    fettle_sim_plug *plug = calloc(1, sizeof *plug);
    plugged_board *boards = calloc(fettle_sim_desk_count(desk), sizeof *boards);
    if (plug == NULL || boards == NULL) {
        snprintf(message, message_size, "there is no memory for these boards");
        free(plug);
        free(boards);
        return NULL;
    }
    plug->desk = desk;
    plug->boards = boards;
    plug->count = fettle_sim_desk_count(desk);
    pthread_mutex_init(&plug->lock, NULL);
    if (!reserve_all(plug)) {
        snprintf(message, message_size, "this kernel has no %zu free virtual USB ports",
                 plug->count);
        fettle_sim_plug_free(plug);
        return NULL;
    }
    return plug;
}

bool fettle_sim_plug_start(fettle_sim_plug *plug, char *message, size_t message_size)
{
    fettle_sim_desk_wish_absent(plug->desk);
    for (; plug->started < plug->count; plug->started++) {
        plugged_board *its = &plug->boards[plug->started];
        int why = pthread_create(&its->thread, NULL, keep_plugged, its);
        if (why != 0) {
            snprintf(message, message_size, "no thread is to be had: %s", strerror(why));
            return false;
        }
    }
    return true;
}

bool fettle_sim_plug_has_failed(fettle_sim_plug *plug, char *message, size_t message_size)
{
    pthread_mutex_lock(&plug->lock);
    bool has_failed = plug->message[0] != '\0';
    snprintf(message, message_size, "%s", plug->message);
    pthread_mutex_unlock(&plug->lock);
    return has_failed;
}

static void wait_until_free(const plugged_board *its)
{
    for (long waited = 0; waited < LETTING_GO_US && its->has_settled &&
                          !fettle_sim_vhci_is_free(its->port.number);
         waited += NAP_US) {
        nap(NAP_US);
    }
}

void fettle_sim_plug_free(fettle_sim_plug *plug)
{
    if (plug == NULL) {
        return;
    }
    fettle_cancel_want(&plug->stop);
    fettle_sim_desk_clear(plug->desk);
    for (size_t i = 0; i < plug->started; i++) {
        pthread_join(plug->boards[i].thread, NULL);
    }
    for (size_t i = 0; i < plug->count; i++) {
        wait_until_free(&plug->boards[i]);
        fettle_sim_vhci_release(&plug->boards[i].port);
    }
    pthread_mutex_destroy(&plug->lock);
    free(plug->boards);
    free(plug);
}
