/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CMD_SUBMIT and CMD_UNLINK of one imported board.
 *
 * Two threads: this one reads packets, so that a CMD_UNLINK is seen at any time; the worker performs
 * transfers one after the other, and may wait as long as the board says NAK. What is to be
 * performed stands in `queue`; requests for data of endpoints that have none stand in `waiting`, as on a
 * bus, until they are cancelled. Replies are sent with the lock held: one at a time, in one write.
 *
 * A reset of the port doesn't go over USB/IP. Linux begins anew after it with a GET_DESCRIPTOR of 64
 * bytes for the device: on a device that is configured already this is taken as the reset that it
 * follows. Hosts without such a habit send SET_FEATURE PORT_RESET, which Linux as a server obeys too.
 */
#define _POSIX_C_SOURCE 200809L

#include "import.h"

#include "base/cancel.h"
#include "face.h"
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
};

/* The packet is a RET_SUBMIT in the making: its header, and data after it. */
typedef struct transfer {
    struct transfer *next;
    fettle_sim_usbip_command command;
    uint8_t packet[];
} transfer;

typedef struct imported_board {
    int socket;
    const fettle_sight *sight;
    const fettle_link *link;
    fettle_sim_face face;
    bool is_configured; /* of the worker */

    pthread_mutex_t lock; /* of what follows, and of sending */
    pthread_cond_t changed;
    transfer *queue, *waiting, *running;
    size_t count; /* of transfers in the three */
    bool is_over;
    bool has_unlink; /* `running` is to be cancelled, as `unlink_seqnum` asked */
    uint32_t unlink_seqnum;
    fettle_cancel cancel;
} imported_board;

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
    fettle_cancel_want(&imported->cancel);
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

static fettle_outcome say(fettle_outcome_kind kind)
{
    return (fettle_outcome){.kind = kind};
}

static bool is_reset(const imported_board *imported, const fettle_control *setup)
{
    bool is_explicit =
        setup->bmRequestType == 0x23 && setup->bRequest == 3 && setup->wValue == 4;
    bool is_enumeration = setup->bmRequestType == 0x80 && setup->bRequest == 6 &&
                          setup->wValue == 0x0100 && setup->wLength == ENUMERATION_LENGTH;
    return is_explicit || (is_enumeration && imported->is_configured);
}

static fettle_outcome transfer_control(imported_board *imported,
                                       const fettle_control *control)
{
    const fettle_link *link = imported->link;
    if (is_reset(imported, control)) {
        imported->is_configured = false;
        fettle_outcome outcome =
            link->usb != NULL ? link->usb->reset(link->self) : say(FETTLE_OK);
        if (outcome.kind != FETTLE_OK || control->bmRequestType == 0x23) {
            return outcome;
        }
    }
    if (control->bmRequestType == 0 && control->bRequest == 9) { /* SET_CONFIGURATION */
        imported->is_configured = control->wValue != 0;
    }
    return link->usb != NULL
               ? link->usb->control(link->self, control, FETTLE_NEVER, &imported->cancel)
               : fettle_sim_face_control(&imported->face, control);
}

static fettle_outcome perform(imported_board *imported, transfer *its)
{
    const fettle_sim_usbip_command *command = &its->command;
    const fettle_link *link = imported->link;
    uint8_t *data = its->packet + USBIP_HEADER_SIZE;
    if (command->endpoint != 0) {
        return link->serial->write(link->self, data, command->transfer_buffer_length,
                                   FETTLE_NEVER, &imported->cancel);
    }
    fettle_control setup = command->setup;
    bool is_in = (setup.bmRequestType & 0x80) != 0;
    if (setup.wLength > 0) {
        setup.in = is_in ? data : NULL;
        setup.out = is_in ? NULL : data;
    }
    return transfer_control(imported, &setup);
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

/* Its own answer first if there is one, then that to the wish to cancel it. */
static void conclude(imported_board *imported, transfer *its, const fettle_outcome *outcome)
{
    bool is_cancelled = outcome->kind == FETTLE_CANCELLED;
    if (outcome->kind == FETTLE_GONE) {
        end(imported);
    } else if (!is_cancelled) {
        reply_submit(imported, its, status_of(outcome), outcome->count);
    }
    if (imported->has_unlink) {
        reply_unlink(imported, imported->unlink_seqnum,
                     is_cancelled ? USBIP_UNLINKED : USBIP_DONE);
    }
}

static transfer *take_first(transfer **list)
{
    transfer *first = *list;
    *list = first->next;
    return first;
}

static void *work(void *self)
{
    imported_board *imported = self;
    pthread_mutex_lock(&imported->lock);
    for (;;) {
        while (imported->queue == NULL && !imported->is_over) {
            pthread_cond_wait(&imported->changed, &imported->lock);
        }
        if (imported->is_over) {
            break;
        }
        transfer *its = imported->running = take_first(&imported->queue);
        fettle_cancel_clear(&imported->cancel);
        imported->has_unlink = false;
        pthread_mutex_unlock(&imported->lock);
        fettle_outcome outcome = perform(imported, its);
        pthread_mutex_lock(&imported->lock);
        conclude(imported, its, &outcome);
        imported->running = NULL;
        imported->count--;
        free(its);
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

static void unlink_transfer(imported_board *imported,
                            const fettle_sim_usbip_command *command)
{
    transfer *running = imported->running;
    if (drop(&imported->queue, command->unlinks) ||
        drop(&imported->waiting, command->unlinks)) {
        imported->count--;
        reply_unlink(imported, command->seqnum, USBIP_UNLINKED);
    } else if (running != NULL && running->command.seqnum == command->unlinks &&
               !imported->has_unlink) {
        imported->has_unlink = true;
        imported->unlink_seqnum = command->seqnum;
        fettle_cancel_want(&imported->cancel); /* the worker answers */
    } else {
        reply_unlink(imported, command->seqnum, USBIP_DONE);
    }
}

static void submit(imported_board *imported, transfer *its)
{
    const fettle_sim_usbip_command *command = &its->command;
    bool is_control = command->endpoint == 0;
    bool is_known =
        is_control ? is_sound(command)
                   : imported->link->serial != NULL &&
                         fettle_sim_usbip_has_endpoint(imported->sight, command->endpoint,
                                                       command->is_in);
    if (!is_known) {
        reply_submit(imported, its, is_control ? USBIP_BUS_ERROR : USBIP_STALLED, 0);
        free(its);
        return;
    }
    imported->count++;
    append(is_control || !command->is_in ? &imported->queue : &imported->waiting, its);
    pthread_cond_broadcast(&imported->changed);
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

void fettle_sim_import_serve(int socket, const fettle_sight *sight, const fettle_link *link)
{
    imported_board imported = {
        .socket = socket,
        .sight = sight,
        .link = link,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    pthread_t worker;
    fettle_sim_face_init(&imported.face, sight, link);
    if (pthread_create(&worker, NULL, work, &imported) == 0) {
        while (take_packet(&imported)) {
        }
        pthread_mutex_lock(&imported.lock);
        end(&imported);
        pthread_mutex_unlock(&imported.lock);
        pthread_join(worker, NULL);
    }
    free_all(imported.queue);
    free_all(imported.waiting);
    if (link->usb != NULL) {
        link->usb->close(link->self);
    } else {
        link->serial->close(link->self);
    }
    shutdown(socket, SHUT_RDWR);
}
