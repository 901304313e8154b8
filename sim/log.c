/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a world: every request with what came of it and what it changed, and what happened
 * by itself. Kept in memory for tests, and written to the log= file of the board as one JSON object
 * a line, flushed at once, so that it is whole also after the process was killed.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_MAX = 18, /* bytes of an answer that a line shows: a device descriptor */
    DATA_MAX = 64,   /* of what went over a serial line: a packet */
};

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
    /* CDC PSTN 1.2 table 13 */
    static const char *const cdc[] = {"SET_LINE_CODING", "GET_LINE_CODING",
                                      "SET_CONTROL_LINE_STATE", "SEND_BREAK"};
    const char *name = NULL;
    bool is_class = (control->bmRequestType & 0x60) == 0x20;
    if (is_class && control->bRequest < 7) {
        name = dfu[control->bRequest];
    } else if (is_class && control->bRequest >= 0x20 && control->bRequest < 0x24) {
        name = cdc[control->bRequest - 0x20];
    } else if ((control->bmRequestType & 0x60) == 0 && control->bRequest < 13) {
        name = standard[control->bRequest];
    }
    return name != NULL ? name : "request";
}

static void write_bytes(FILE *file, const char *name, fettle_span bytes, size_t most)
{
    fprintf(file, ",\"%s\":\"", name);
    for (size_t i = 0; i < bytes.size && i < most; i++) {
        fprintf(file, "%02x", (unsigned)bytes.data[i]);
    }
    fprintf(file, "\"");
}

static const char *truth(bool is_so)
{
    return is_so ? "true" : "false";
}

/* What there is to say of an entry about a serial line; a request has its own words. */
static void write_serial(FILE *file, const fettle_sim_entry *entry)
{
    if (entry->serial == FETTLE_SIM_CODING) {
        fprintf(file, ",\"baud\":%lu,\"data_bits\":%u", (unsigned long)entry->told.baud,
                (unsigned)entry->told.data_bits);
    } else if (entry->serial == FETTLE_SIM_LINES) {
        fprintf(file, ",\"dtr\":%s,\"rts\":%s", truth(entry->told.dtr),
                truth(entry->told.rts));
    }
}

static bool is_what(const fettle_sim_entry *entry, const char *what)
{
    return strcmp(entry->what, what) == 0;
}

static void write_memory(FILE *file, const fettle_sim_entry *entry)
{
    if (entry->size > 0) {
        fprintf(file, ",\"address\":%lu,\"size\":%lu", (unsigned long)entry->address,
                (unsigned long)entry->size);
    } else if (is_what(entry, "leave")) {
        fprintf(file, ",\"address\":%lu", (unsigned long)entry->address);
    }
    if (is_what(entry, "erase") || is_what(entry, "mass-erase")) {
        fprintf(file, ",\"was_blank\":%s", truth(entry->was_blank));
    }
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
    if (entry->ended > 0) {
        fprintf(file, ",\"began\":%llu,\"ended\":%llu", (unsigned long long)entry->began,
                (unsigned long long)entry->ended);
    }
    fprintf(file, ",\"outcome\":\"%s\",\"count\":%zu,\"changes\":%s",
            outcome_names[entry->outcome], entry->count, truth(entry->changes));
    write_memory(file, entry);
    write_serial(file, entry);
    bool is_data = entry->serial == FETTLE_SIM_DATA;
    if (answer.size > 0) {
        write_bytes(file, is_data ? "data" : "answer", answer,
                    is_data ? DATA_MAX : ANSWER_MAX);
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
    for (size_t i = 0; i < sim->count; i++) {
        sim->boards[i]->totals = (fettle_sim_totals){.requests = 0};
    }
    fettle_sim_unlock(sim);
}
