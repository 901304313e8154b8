/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A room for tests of the library: a context, virtual boards without time, a store in memory that can be
 * full or broken, a file, and a listener that hands on what is asked and checks the order of events.
 */
#ifndef FETTLE_TESTS_API_ROOM_H
#define FETTLE_TESTS_API_ROOM_H

#include "fettle/fettle.h"
#include "sim/sim.h"
#include "unit/event_order.h"

#include <stdio.h>
#include <string.h>

enum {
    ROOM_SHIELD = 16384,
    ROOM_SUFFIX = 16,
    ROOM_KEYS = 8,
    ROOM_VALUE = 32,
};

#define SECONDS ((fettle_us)1000000)

struct room_value {
    char key[160];
    uint8_t bytes[ROOM_VALUE];
    size_t size;
};

struct room {
    fettle_context *context;
    fettle_sim *sim;
    fettle_image *image;
    uint8_t file[ROOM_SHIELD + ROOM_SUFFIX];
    size_t size; /* of the content */

    struct room_value values[ROOM_KEYS];
    size_t value_count;
    bool is_store_full, is_store_broken;
    unsigned puts;

    /* of the last job that ran */
    fettle_job *job;
    fettle_error err;
    struct event_order order;
    char last_ask[1200], failure[400];
    unsigned cancel_at; /* number of the event at which the job is cancelled; 0: never */
    fettle_stage cancel_in; /* or when it gets on in this stage */
};

/* ---- the store ---- */

static inline struct room_value *room_find(struct room *room, const char *key)
{
    for (size_t i = 0; i < room->value_count; i++) {
        if (strcmp(room->values[i].key, key) == 0) {
            return &room->values[i];
        }
    }
    return NULL;
}

static inline bool room_get(void *store, const char *key, uint8_t *buf, size_t room_size,
                            size_t *size)
{
    struct room *room = store;
    const struct room_value *value = room_find(room, key);
    if (room->is_store_broken || value == NULL || value->size > room_size) {
        return false;
    }
    memcpy(buf, value->bytes, value->size);
    *size = value->size;
    return true;
}

static inline bool room_put(void *store, const char *key, fettle_span bytes)
{
    struct room *room = store;
    struct room_value *value = room_find(room, key);
    room->puts++;
    if (room->is_store_full || room->is_store_broken || bytes.size > ROOM_VALUE ||
        strlen(key) >= sizeof value->key) {
        return false;
    }
    if (value == NULL) {
        value = &room->values[room->value_count++];
        memcpy(value->key, key, strlen(key) + 1);
    }
    memcpy(value->bytes, bytes.data, bytes.size);
    value->size = bytes.size;
    return true;
}

static inline void room_list(void *store, const char *prefix,
                             void (*each)(void *user, const char *key), void *user)
{
    struct room *room = store;
    for (size_t i = 0; i < room->value_count; i++) {
        if (strncmp(room->values[i].key, prefix, strlen(prefix)) == 0) {
            each(user, room->values[i].key);
        }
    }
}

static const fettle_store_ops room_store_ops = {room_get, room_put, room_list};

/* ---- the room ---- */

static inline void room_leave(struct room *room)
{
    fettle_job_free(room->job);
    fettle_image_free(room->image);
    fettle_context_free(room->context);
    fettle_sim_free(room->sim);
    memset(room, 0, sizeof *room);
}

/* Leaves the room as it was before, too. False: something can't be had. */
static inline bool room_enter(struct room *room)
{
    room_leave(room);
    room->sim = fettle_sim_new(NULL, NULL);
    room->context = fettle_context_new(&room->err);
    if (room->sim == NULL || room->context == NULL) {
        return false;
    }
    fettle_context_set_clock(room->context, fettle_sim_clock_ops(room->sim),
                             fettle_sim_clock_self(room->sim));
    fettle_context_set_store(room->context, &room_store_ops, room);
    return fettle_context_add_bus(room->context, &fettle_sim_bus_ops, room->sim,
                                  &room->err);
}

static inline bool room_add(struct room *room, const char *spec)
{
    char message[200];
    bool is_added = fettle_sim_add(room->sim, spec, message, sizeof message);
    if (!is_added) {
        printf("# %s: %s\n", spec, message);
    }
    return is_added;
}

/* A file with a suffix; raw with `name` "x.bin". A shield's content where `size` is a shield's. */
static inline bool room_load(struct room *room, const char *name, size_t size,
                             uint16_t idVendor, uint16_t idProduct)
{
    bool is_raw = strstr(name, ".bin") != NULL;
    fettle_image_free(room->image);
    room->size = size;
    if (size == ROOM_SHIELD) {
        fettle_sim_make_shield_payload(room->file, 77);
    } else {
        for (size_t i = 0; i < size; i++) {
            room->file[i] = (uint8_t)(i * 11 + i / 256);
        }
    }
    (void)fettle_sim_make_suffix(room->file + size, room->file, size, idVendor, idProduct,
                                 0xFFFF, 0x0100);
    room->image = fettle_image_from_bytes(
        name, (fettle_span){room->file, size + (is_raw ? 0 : ROOM_SUFFIX)}, 0, &room->err);
    return room->image != NULL;
}

static inline void room_on_event(void *user, const fettle_event *event)
{
    struct room *room = user;
    event_order_see(&room->order, event);
    if (event->kind == FETTLE_EVENT_ASK) {
        (void)snprintf(room->last_ask, sizeof room->last_ask, "%s", event->text);
        fettle_sim_hear(room->sim, NULL, event->ask);
    } else if (event->kind == FETTLE_EVENT_ASK_OVER) {
        fettle_sim_hear(room->sim, NULL, FETTLE_ASK_NOTHING);
    } else if (event->kind == FETTLE_EVENT_FAILED) {
        (void)snprintf(room->failure, sizeof room->failure, "%s", event->error->message);
    }
    if (room->order.count == room->cancel_at ||
        (event->kind == FETTLE_EVENT_PROGRESS && room->cancel_in != FETTLE_STAGE_NONE &&
         event->stage == room->cancel_in)) {
        fettle_job_cancel(room->job);
    }
}

/* The job's; NULL and room->err if it could not be made. */
static inline fettle_job *room_plan(struct room *room, fettle_verb verb,
                                    const fettle_wishes *wishes)
{
    fettle_job_free(room->job);
    room->err = (fettle_error){.code = FETTLE_E_NONE};
    room->job = fettle_job_new(room->context, verb, room->image, wishes, &room->err);
    return room->job;
}

static inline bool room_run(struct room *room)
{
    bool is_traced = room->order.is_traced;
    room->order = (struct event_order){.is_traced = is_traced};
    room->last_ask[0] = room->failure[0] = '\0';
    return fettle_job_run(room->job, room_on_event, room, &room->err);
}

static inline bool room_do(struct room *room, fettle_verb verb, const fettle_wishes *wishes)
{
    return room_plan(room, verb, wishes) != NULL && room_run(room);
}

static inline const fettle_result *room_result(const struct room *room)
{
    return fettle_job_result(room->job);
}

static inline bool room_has_note(const struct room *room, const char *slug)
{
    const fettle_result *result = room_result(room);
    for (size_t i = 0; i < result->note_count; i++) {
        if (strcmp(result->notes[i].slug, slug) == 0) {
            return true;
        }
    }
    return false;
}

/* How often a board was asked for this, by its name in the log. `board` SIZE_MAX: any. */
static inline unsigned room_asked(const struct room *room, size_t board, const char *what)
{
    unsigned count = 0;
    const fettle_sim_entry *entries;
    size_t entry_count = fettle_sim_log(room->sim, &entries);
    for (size_t i = 0; i < entry_count; i++) {
        count += (board == SIZE_MAX || entries[i].board == board) &&
                 strcmp(entries[i].what, what) == 0;
    }
    return count;
}

static inline bool room_holds_file(const struct room *room, size_t board)
{
    size_t size;
    const uint8_t *memory = fettle_sim_memory(room->sim, board, &size);
    size_t from = room->size == ROOM_SHIELD ? 0x0400 : 0;
    size_t to = room->size == ROOM_SHIELD ? 0x3F00 : room->size;
    return to <= size && memcmp(memory + from, room->file + from, to - from) == 0;
}

#endif
