/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CMD_SUBMIT and CMD_UNLINK of one imported board.
 *
 * This thread reads packets, so that a CMD_UNLINK is seen at any time. Each of the endpoints has a
 * thread of its own that performs its transfers one after the other, and may wait as long as the
 * board says NAK: endpoint 0, and both directions of an application's data. Requests of an
 * interrupt endpoint stand in `waiting` until they are cancelled: no board has anything to say there.
 * Replies are sent with the lock held: one at a time, in one write.
 *
 * A reset of the port doesn't go over USB/IP. Linux begins anew after it with a GET_DESCRIPTOR of 64
 * bytes for the device: on a device that is configured already this is taken as the reset that it
 * follows. Hosts without such a habit send SET_FEATURE PORT_RESET, which Linux as a server obeys too.
 */
#define _POSIX_C_SOURCE 200809L

#include "import.h"

#include "base/cancel.h"
#include "sim/internal.h"
#include "usbip.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    REQUESTS_MAX = 256, /* at once; a serial driver has 17 */
    SYSTEM_OVERFLOW = 75,
    ENUMERATION_LENGTH = 64,
    DEVICE_SIZE = 18, /* of its descriptor */
};

/* The packet is a RET_SUBMIT in the making: its header, and data after it. */
typedef struct transfer {
    struct transfer *next;
    fettle_sim_usbip_command command;
    uint8_t packet[];
} transfer;

enum { CONTROL, DATA_OUT, DATA_IN, LANE_COUNT };

typedef struct imported_board imported_board;

/* An endpoint and its thread. With the lock of the board. */
typedef struct lane {
    imported_board *imported;
    pthread_t thread;
    bool has_thread;
    transfer *queue, *running;
    bool has_unlink; /* `running` is to be cancelled, as `unlink_seqnum` asked */
    uint32_t unlink_seqnum;
    fettle_cancel cancel;
} lane;

struct imported_board {
    int socket;
    const fettle_sight *sight;
    const fettle_link *link;
    bool is_configured; /* of the lane CONTROL */

    pthread_mutex_t lock; /* of what follows, and of sending */
    pthread_cond_t changed;
    lane lanes[LANE_COUNT];
    transfer *waiting;
    size_t count; /* of all transfers */
    bool is_over;
};

/* ---- streams ---- */

bool fettle_sim_send(int socket, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = send(socket, bytes, size, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        }
    }
    return true;
}

bool fettle_sim_receive(int socket, uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = recv(socket, bytes, size, 0);
        if (count == 0 || (count < 0 && errno != EINTR)) {
            return false;
        }
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
        }
    }
    return true;
}

/* ---- ends ---- */

static void end(imported_board *imported)
{
    imported->is_over = true;
    for (size_t i = 0; i < LANE_COUNT; i++) {
        fettle_cancel_want(&imported->lanes[i].cancel);
    }
    shutdown(imported->socket, SHUT_RDWR);
    pthread_cond_broadcast(&imported->changed);
}

static void reply(imported_board *imported, const uint8_t *packet, size_t size)
{
    if (!imported->is_over && !fettle_sim_send(imported->socket, packet, size)) {
        end(imported);
    }
}

static void reply_unlink(imported_board *imported, uint32_t seqnum, int32_t status)
{
    uint8_t header[USBIP_HEADER_SIZE];
    fettle_sim_usbip_encode(header, RET_UNLINK, seqnum, status, 0);
    reply(imported, header, sizeof header);
}

static void reply_submit(imported_board *imported, transfer *its, int32_t status,
                         size_t count)
{
    size_t actual_length = status == USBIP_DONE ? count : 0;
    fettle_sim_usbip_encode(its->packet, RET_SUBMIT, its->command.seqnum, status,
                            (uint32_t)actual_length);
    reply(imported, its->packet,
          USBIP_HEADER_SIZE + (its->command.is_in ? actual_length : 0));
}

/* ---- performing ---- */

static bool is_enumeration(const fettle_control *setup)
{
    return setup->bmRequestType == 0x80 && setup->bRequest == 6 &&
           setup->wValue == 0x0100 && setup->wLength == ENUMERATION_LENGTH;
}

/* The second kind is one only on a device that is configured. */
static bool is_reset(const fettle_control *setup)
{
    bool is_explicit =
        setup->bmRequestType == 0x23 && setup->bRequest == 3 && setup->wValue == 4;
    return is_explicit || is_enumeration(setup);
}

static fettle_outcome transfer_control(imported_board *imported,
                                       const fettle_control *control)
{
    void *self = imported->link->self;
    if (is_reset(control) && (control->bmRequestType == 0x23 || imported->is_configured)) {
        imported->is_configured = false;
        fettle_outcome outcome = fettle_sim_usb_ops.reset(self);
        if (outcome.kind != FETTLE_OK || control->bmRequestType == 0x23) {
            return outcome;
        }
    }
    if (control->bmRequestType == 0 && control->bRequest == 9) { /* SET_CONFIGURATION */
        imported->is_configured = control->wValue != 0;
    }
    return fettle_sim_usb_ops.control(self, control, FETTLE_NEVER,
                                      &imported->lanes[CONTROL].cancel);
}

static fettle_outcome perform_control(imported_board *imported, transfer *its)
{
    uint8_t *data = its->packet + USBIP_HEADER_SIZE;
    fettle_control setup = its->command.setup;
    bool is_in = (setup.bmRequestType & 0x80) != 0;
    if (setup.wLength > 0) {
        setup.in = is_in ? data : NULL;
        setup.out = is_in ? NULL : data;
    }
    return transfer_control(imported, &setup);
}

static fettle_outcome perform(lane *its, transfer *running)
{
    imported_board *imported = its->imported;
    const fettle_link *link = imported->link;
    uint8_t *data = running->packet + USBIP_HEADER_SIZE;
    size_t size = running->command.transfer_buffer_length;
    if (its == &imported->lanes[CONTROL]) {
        return perform_control(imported, running);
    }
    return its == &imported->lanes[DATA_OUT]
               ? link->serial->write(link->self, data, size, FETTLE_NEVER, &its->cancel)
               : link->serial->read(link->self, data, size, FETTLE_NEVER, &its->cancel);
}

static int32_t status_of(const fettle_outcome *outcome)
{
    switch (outcome->kind) {
    case FETTLE_OK:
        return USBIP_DONE;
    case FETTLE_STALL:
        return USBIP_STALLED;
    default:
        return outcome->system == SYSTEM_OVERFLOW ? USBIP_TOO_MUCH : USBIP_BUS_ERROR;
    }
}

/*
 * A board that takes the reset for its leave is still there for the first question after it, as firmware is
 * that detaches a moment later. Left unanswered, the question would keep Linux's hub from noticing that the
 * board has gone: for 5 s.
 */
static void say_who_it_was(imported_board *imported, transfer *its)
{
    memcpy(its->packet + USBIP_HEADER_SIZE, imported->sight->descriptors, DEVICE_SIZE);
    reply_submit(imported, its, USBIP_DONE, DEVICE_SIZE);
}

/* The answer to the transfer if there is one, then that to the wish to cancel it. */
static void conclude(lane *its, const fettle_outcome *outcome)
{
    imported_board *imported = its->imported;
    bool is_cancelled = outcome->kind == FETTLE_CANCELLED;
    if (outcome->kind == FETTLE_GONE) {
        if (is_enumeration(&its->running->command.setup)) {
            say_who_it_was(imported, its->running);
        }
        end(imported);
    } else if (!is_cancelled) {
        reply_submit(imported, its->running, status_of(outcome), outcome->count);
    }
    if (its->has_unlink) {
        reply_unlink(imported, its->unlink_seqnum,
                     is_cancelled ? USBIP_UNLINKED : USBIP_DONE);
    }
    free(its->running);
    its->running = NULL;
    imported->count--;
}

static transfer *take_first(transfer **list)
{
    transfer *first = *list;
    *list = first->next;
    return first;
}

static void *work(void *self)
{
    lane *its = self;
    imported_board *imported = its->imported;
    pthread_mutex_lock(&imported->lock);
    for (;;) {
        while (its->queue == NULL && !imported->is_over) {
            pthread_cond_wait(&imported->changed, &imported->lock);
        }
        if (imported->is_over) {
            break;
        }
        its->running = take_first(&its->queue);
        its->has_unlink = false;
        fettle_cancel_clear(&its->cancel);
        pthread_mutex_unlock(&imported->lock);
        fettle_outcome outcome = perform(its, its->running);
        pthread_mutex_lock(&imported->lock);
        conclude(its, &outcome);
    }
    pthread_mutex_unlock(&imported->lock);
    return NULL;
}

/* ---- reading ---- */

static void append(transfer **list, transfer *its)
{
    while (*list != NULL) {
        list = &(*list)->next;
    }
    its->next = NULL;
    *list = its;
}

static bool drop(transfer **list, uint32_t seqnum)
{
    for (; *list != NULL; list = &(*list)->next) {
        if ((*list)->command.seqnum == seqnum) {
            free(take_first(list));
            return true;
        }
    }
    return false;
}

/* Is it one control transfer, with as much room and as many bytes as its setup says? */
static bool is_sound(const fettle_sim_usbip_command *command)
{
    const fettle_control *setup = &command->setup;
    uint32_t length = command->transfer_buffer_length;
    if (setup->wLength == 0) {
        return command->is_in || length == 0;
    }
    bool is_in = (setup->bmRequestType & 0x80) != 0;
    bool fits = is_in ? length >= setup->wLength : length == setup->wLength;
    return command->is_in == is_in && fits;
}

static lane *running_lane(imported_board *imported, uint32_t seqnum)
{
    for (size_t i = 0; i < LANE_COUNT; i++) {
        const transfer *running = imported->lanes[i].running;
        if (running != NULL && running->command.seqnum == seqnum) {
            return &imported->lanes[i];
        }
    }
    return NULL;
}

static bool drop_everywhere(imported_board *imported, uint32_t seqnum)
{
    bool is_dropped = drop(&imported->waiting, seqnum);
    for (size_t i = 0; i < LANE_COUNT && !is_dropped; i++) {
        is_dropped = drop(&imported->lanes[i].queue, seqnum);
    }
    return is_dropped;
}

static void unlink_transfer(imported_board *imported,
                            const fettle_sim_usbip_command *command)
{
    lane *its = running_lane(imported, command->unlinks);
    if (drop_everywhere(imported, command->unlinks)) {
        imported->count--;
        reply_unlink(imported, command->seqnum, USBIP_UNLINKED);
    } else if (its != NULL && !its->has_unlink) {
        its->has_unlink = true;
        its->unlink_seqnum = command->seqnum;
        fettle_cancel_want(&its->cancel); /* its thread answers */
    } else {
        reply_unlink(imported, command->seqnum, USBIP_DONE);
    }
}

/* Where transfers of this endpoint stand; NULL: it has no such endpoint. */
static transfer **list_of(imported_board *imported, const fettle_sim_usbip_command *command)
{
    int type =
        fettle_sim_usbip_endpoint(imported->sight, command->endpoint, command->is_in);
    if (type == USBIP_BULK && imported->link->serial != NULL) {
        return &imported->lanes[command->is_in ? DATA_IN : DATA_OUT].queue;
    }
    return type == USBIP_INTERRUPT && command->is_in ? &imported->waiting : NULL;
}

static void refuse(imported_board *imported, transfer *its, int32_t status)
{
    reply_submit(imported, its, status, 0);
    free(its);
}

static void submit(imported_board *imported, transfer *its)
{
    const fettle_sim_usbip_command *command = &its->command;
    bool is_control = command->endpoint == 0;
    transfer **list =
        is_control ? &imported->lanes[CONTROL].queue : list_of(imported, command);
    if (is_control && !is_sound(command)) {
        refuse(imported, its, USBIP_BUS_ERROR);
    } else if (list == NULL) {
        refuse(imported, its, USBIP_STALLED);
    } else {
        imported->count++;
        append(list, its);
        pthread_cond_broadcast(&imported->changed);
    }
}

/* The transfer with its data; NULL: they don't come, or there is no memory. */
static transfer *receive_transfer(int socket, const fettle_sim_usbip_command *command)
{
    size_t size = command->transfer_buffer_length;
    transfer *its = calloc(1, sizeof *its + USBIP_HEADER_SIZE + size);
    if (its == NULL) {
        return NULL;
    }
    its->command = *command;
    if (!command->is_in &&
        !fettle_sim_receive(socket, its->packet + USBIP_HEADER_SIZE, size)) {
        free(its);
        return NULL;
    }
    return its;
}

/* One packet; false: no more are wanted. */
static bool take_packet(imported_board *imported)
{
    uint8_t header[USBIP_HEADER_SIZE];
    fettle_sim_usbip_command command;
    transfer *its = NULL;
    if (!fettle_sim_receive(imported->socket, header, sizeof header) ||
        !fettle_sim_usbip_decode(header, &command) ||
        command.devid != fettle_sim_usbip_devid(imported->sight)) {
        return false;
    }
    if (command.code == CMD_SUBMIT) {
        its = receive_transfer(imported->socket, &command);
        if (its == NULL) {
            return false;
        }
    }
    pthread_mutex_lock(&imported->lock);
    bool goes_on = !imported->is_over && (its == NULL || imported->count < REQUESTS_MAX);
    if (!goes_on) {
        free(its);
    } else if (its != NULL) {
        submit(imported, its);
    } else {
        unlink_transfer(imported, &command);
    }
    pthread_mutex_unlock(&imported->lock);
    return goes_on;
}

/* ---- from its begin to its end ---- */

static void free_all(transfer *list)
{
    while (list != NULL) {
        free(take_first(&list));
    }
}

/* An application has three endpoints that do something, the rest of boards one. */
static bool start(imported_board *imported)
{
    size_t count = imported->link->serial != NULL ? LANE_COUNT : 1;
    for (size_t i = 0; i < count; i++) {
        lane *its = &imported->lanes[i];
        its->has_thread = pthread_create(&its->thread, NULL, work, its) == 0;
        if (!its->has_thread) {
            return false;
        }
    }
    return true;
}

static void finish(imported_board *imported)
{
    pthread_mutex_lock(&imported->lock);
    end(imported);
    pthread_mutex_unlock(&imported->lock);
    for (size_t i = 0; i < LANE_COUNT; i++) {
        if (imported->lanes[i].has_thread) {
            pthread_join(imported->lanes[i].thread, NULL);
        }
        free_all(imported->lanes[i].queue);
    }
    free_all(imported->waiting);
}

void fettle_sim_import_serve(int socket, const fettle_sight *sight, const fettle_link *link)
{
    imported_board imported = {
        .socket = socket,
        .sight = sight,
        .link = link,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    for (size_t i = 0; i < LANE_COUNT; i++) {
        imported.lanes[i].imported = &imported;
    }
    if (start(&imported)) {
        while (take_packet(&imported)) {
        }
    }
    finish(&imported);
    fettle_sim_import_close(link);
}

void fettle_sim_import_close(const fettle_link *link)
{
    if (link->usb != NULL) {
        link->usb->close(link->self);
    } else {
        link->serial->close(link->self);
    }
}
