/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a world: every request with what came of it and what it changed, and what happened
 * by itself. Kept in memory for tests, and written to the log= file of the board as one JSON object
 * a line, flushed at once, so that it is whole also after the process was killed.
 */
#include "internal.h"

#include <stdlib.h>

enum { ANSWER_MAX = 18 }; /* bytes of an answer that a line shows: a device descriptor */

static const char *const outcome_names[] = {
    [FETTLE_OK] = "OK",     [FETTLE_TIMEOUT] = "TIMEOUT",     [FETTLE_STALL] = "STALL",
    [FETTLE_GONE] = "GONE", [FETTLE_CANCELLED] = "CANCELLED", [FETTLE_ERROR] = "ERROR",
};

const char *fettle_sim_request_name(const fettle_control *control)
{
    /* USB DFU 1.1 table 3.2 */
    static const char *const dfu[] = {"DETACH",    "DNLOAD",   "UPLOAD", "GETSTATUS",
                                      "CLRSTATUS", "GETSTATE", "ABORT"};
    /* USB 2.0 table 9-4 */
    static const char *const standard[] = {"GET_STATUS",
                                           "CLEAR_FEATURE",
                                           NULL,
                                           "SET_FEATURE",
                                           NULL,
                                           "SET_ADDRESS",
                                           "GET_DESCRIPTOR",
                                           "SET_DESCRIPTOR",
                                           "GET_CONFIGURATION",
                                           "SET_CONFIGURATION",
                                           "GET_INTERFACE",
                                           "SET_INTERFACE",
                                           "SYNCH_FRAME"};
    const char *name = NULL;
    if ((control->bmRequestType & 0x60) == 0x20 && control->bRequest < 7) {
        name = dfu[control->bRequest];
    } else if ((control->bmRequestType & 0x60) == 0 && control->bRequest < 13) {
        name = standard[control->bRequest];
    }
    return name != NULL ? name : "request";
}

/* All texts in here are our own: none needs escaping. */
static void write_line(FILE *file, const char *path, const fettle_sim_entry *entry,
                       fettle_span answer)
{
    fprintf(file, "{\"at\":%llu,\"board\":\"%s\",\"what\":\"%s\"",
            (unsigned long long)entry->at, path, entry->what);
    fprintf(
        file,
        ",\"bmRequestType\":%u,\"bRequest\":%u,\"wValue\":%u,\"wIndex\":%u,\"wLength\":%u",
        (unsigned)entry->bmRequestType, (unsigned)entry->bRequest, (unsigned)entry->wValue,
        (unsigned)entry->wIndex, (unsigned)entry->wLength);
    fprintf(file, ",\"outcome\":\"%s\",\"count\":%zu,\"changes\":%s",
            outcome_names[entry->outcome], entry->count, entry->changes ? "true" : "false");
    if (entry->size > 0) {
        fprintf(file, ",\"address\":%lu,\"size\":%lu", (unsigned long)entry->address,
                (unsigned long)entry->size);
    }
    if (answer.size > 0) {
        fprintf(file, ",\"answer\":\"");
        for (size_t i = 0; i < answer.size && i < ANSWER_MAX; i++) {
            fprintf(file, "%02x", (unsigned)answer.data[i]);
        }
        fprintf(file, "\"");
    }
    fprintf(file, "}\n");
    fflush(file);
}

static bool make_room(fettle_sim *sim)
{
    if (sim->log_count < sim->log_room) {
        return true;
    }
    size_t room = sim->log_room == 0 ? 256 : sim->log_room * 2;
    fettle_sim_entry *grown = realloc(sim->log, room * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    sim->log = grown;
    sim->log_room = room;
    return true;
}

void fettle_sim_record(fettle_sim_board *board, const fettle_sim_entry *entry,
                       fettle_span answer)
{
    fettle_sim *sim = board->sim;
    if (board->log_file != NULL) {
        write_line(board->log_file, board->path, entry, answer);
    }
    if (make_room(sim)) {
        sim->log[sim->log_count] = *entry;
        sim->log[sim->log_count].board = board->index;
        sim->log_count++;
    }
}

void fettle_sim_record_event(fettle_sim_board *board, fettle_us at, const char *what)
{
    fettle_sim_entry entry = {.at = at, .what = what};
    fettle_sim_record(board, &entry, (fettle_span){NULL, 0});
}

size_t fettle_sim_log(const fettle_sim *sim, const fettle_sim_entry **entries)
{
    fettle_sim *self = sim->self;
    fettle_sim_lock(self);
    fettle_sim_catch_up(self);
    size_t count = self->log_count;
    *entries = self->log;
    fettle_sim_unlock(self);
    return count;
}

void fettle_sim_log_clear(fettle_sim *sim)
{
    fettle_sim_lock(sim);
    fettle_sim_catch_up(sim);
    sim->log_count = 0;
    fettle_sim_unlock(sim);
}
