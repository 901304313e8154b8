/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults: which request is hit, and by what.
 *
 * A fault counts the requests that its kind can hit, from 1, and hits those that its `@` names; what
 * a hit means is done where the request is carried out (bus.c for what any board can suffer, pic.c
 * and strict.c for what is done to their memory and state). Chance is drawn from the board's own
 * numbers, which seed= begins.
 */
#include "internal.h"

#include <string.h>

enum {
    MILLION = 1000000,
    ERR_ERASE = 4,              /* bStatus */
    DFUSE_ERASE_COMMAND = 0x41, /* AN3156 section 5 */
};

typedef struct fault_word {
    const char *name;
    unsigned hits;
    bool has_before, is_once;
} fault_word;

static const fault_word words[FAULT_COUNT] = {
    [FAULT_LOSE_COMPLETION] = {"lose-completion", SIM_AS_END_MARKER, true, false},
    [FAULT_LOSE_REPLY] = {"lose-reply", SIM_AS_ANY, true, false},
    [FAULT_DROP_WRITE] = {"drop-write", SIM_AS_DATA | SIM_AS_BLOCK, false, false},
    [FAULT_FLIP_BIT] = {"flip-bit", SIM_AS_DATA | SIM_AS_BLOCK, false, false},
    [FAULT_STALL] = {"stall",
                     SIM_AS_DATA | SIM_AS_COMMAND | SIM_AS_UPLOAD | SIM_AS_GETSTATUS, false,
                     false},
    [FAULT_VANISH] = {"vanish", SIM_AS_ANY, true, false},
    [FAULT_NO_RETURN] = {"no-return", SIM_AS_ANY, true, false},
    [FAULT_OTHER_IDS] = {"other-ids", SIM_AS_ANY, true, false},
    [FAULT_BUSY_FOREVER] = {"busy-forever", SIM_AS_GETSTATUS, false, false},
    [FAULT_SHORT] = {"short", SIM_AS_IN, false, false},
    [FAULT_STATUS] = {"status", SIM_AS_DATA, false, false},
    [FAULT_SLOW] = {"slow", SIM_AS_ANY, false, false},
    [FAULT_NO_PERMISSION] = {"no-permission", SIM_AS_OPEN, false, false},
    [FAULT_BUSY] = {"busy", SIM_AS_OPEN, false, false},
    [FAULT_ODD_STATE] = {"odd-state", SIM_AS_GETSTATUS, false, true},
    [FAULT_ODD_STATUS] = {"odd-status", SIM_AS_GETSTATUS, false, true},
    [FAULT_MUTE] = {"mute", SIM_AS_ANY, false, false},
    [FAULT_DROP_ERASE] = {"drop-erase", SIM_AS_ERASE, false, false},
    [FAULT_NOISE] = {"noise", SIM_AS_LINE, false, false},
    [FAULT_LOSE_BYTE] = {"lose-byte", SIM_AS_LINE, false, false},
    [FAULT_DOUBLE_BYTE] = {"double-byte", SIM_AS_LINE, false, false},
    [FAULT_BROWNOUT] = {"brownout", SIM_AS_BLOCK, false, false},
    [FAULT_STUCK_APP] = {"stuck-app", SIM_AS_STRAP, false, false},
    [FAULT_WRONG_STRAP] = {"wrong-strap", SIM_AS_STRAP, false, false},
    [FAULT_LATE_REPLY] = {"late-reply", SIM_AS_FRAME, false, false},
};

/* bStatus, DFU 1.1 section 6.1.2. */
static const struct {
    const char *name;
    uint8_t status;
} statuses[] = {
    {"errTARGET", 1},    {"errFILE", 2},    {"errWRITE", 3},    {"errERASE", 4},
    {"errPROG", 6},      {"errVERIFY", 7},  {"errADDRESS", 8},  {"errNOTDONE", 9},
    {"errFIRMWARE", 10}, {"errVENDOR", 11}, {"errUNKNOWN", 14}, {"errSTALLEDPKT", 15},
};

/* These are what the board finds when it has everything: they come at manifest. */
static bool is_of_manifest(uint8_t status)
{
    return status == 7 || status == 10;
}

/* ---- reading ---- */

typedef struct text_reader {
    const char *at, *end;
} text_reader;

static bool take(text_reader *reader, const char *text)
{
    size_t length = strlen(text);
    if ((size_t)(reader->end - reader->at) < length ||
        memcmp(reader->at, text, length) != 0) {
        return false;
    }
    reader->at += length;
    return true;
}

static bool take_number(text_reader *reader, uint64_t *number)
{
    const char *begin = reader->at;
    *number = 0;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') {
        if (*number > UINT32_MAX) {
            return false;
        }
        *number = *number * 10 + (uint64_t)(*reader->at - '0');
        reader->at++;
    }
    return reader->at > begin;
}

/* 0, 1, 0.01: up to six digits after the point. */
static bool take_chance(text_reader *reader, uint32_t *chance)
{
    uint64_t whole;
    if (!take_number(reader, &whole) || whole > 1) {
        return false;
    }
    uint32_t value = (uint32_t)whole * MILLION;
    if (take(reader, ".")) {
        uint32_t weight = MILLION / 10;
        const char *begin = reader->at;
        for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
             weight /= 10) {
            value += weight * (uint32_t)(*reader->at - '0');
            reader->at++;
        }
        if (reader->at == begin) {
            return false;
        }
    }
    *chance = value;
    return value <= MILLION;
}

/* Up to ':', '@', '=' or the end. */
static bool take_word(text_reader *reader, const char *word)
{
    text_reader after = *reader;
    if (!take(&after, word) || (after.at < after.end && *after.at != ':' &&
                                *after.at != '@' && *after.at != '=')) {
        return false;
    }
    *reader = after;
    return true;
}

static bool take_kind(text_reader *reader, fettle_sim_fault *fault)
{
    for (int kind = 0; kind < FAULT_COUNT; kind++) {
        if (take_word(reader, words[kind].name)) {
            fault->kind = (fettle_sim_fault_kind)kind;
            return true;
        }
    }
    return false;
}

static bool take_status(text_reader *reader, fettle_sim_fault *fault)
{
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (take_word(reader, statuses[i].name)) {
            fault->status = statuses[i].status;
            return true;
        }
    }
    return false;
}

static bool take_when(text_reader *reader, fettle_sim_fault *fault)
{
    if (take(reader, ":before")) {
        fault->is_before = true;
        return words[fault->kind].has_before;
    }
    return !take(reader, ":after") || words[fault->kind].has_before;
}

static bool take_which(text_reader *reader, fettle_sim_fault *fault)
{
    fault->first = 1;
    fault->last = words[fault->kind].is_once ? 1 : UINT64_MAX;
    if (!take(reader, "@")) {
        return true;
    }
    if (take(reader, "p")) {
        fault->is_chance = true;
        fault->last = UINT64_MAX;
        return take_chance(reader, &fault->chance);
    }
    if (!take_number(reader, &fault->first) || fault->first == 0) {
        return false;
    }
    fault->last = take(reader, "+") ? UINT64_MAX : fault->first;
    return true;
}

static void append(char *message, size_t size, const char *text)
{
    size_t length = strlen(message);
    if (length < size) {
        snprintf(message + length, size - length, "%s", text);
    }
}

static bool refuse(const char *text, size_t length, char *message, size_t size)
{
    snprintf(message, size, "fault \"%.*s\" isn't known; these are:", (int)length, text);
    for (int kind = 0; kind < FAULT_COUNT; kind++) {
        append(message, size, kind == 0 ? " " : ", ");
        append(message, size, words[kind].name);
        append(message, size, kind == FAULT_STATUS ? "=errPROG..." : "");
    }
    append(message, size, "; with @N, @N+ or @p0.01, some with :before or :after");
    return false;
}

bool fettle_sim_fault_parse(const char *text, size_t length, fettle_sim_fault *fault,
                            char *message, size_t message_size)
{
    text_reader reader = {text, text + length};
    *fault = (fettle_sim_fault){0};
    bool is_one = take_kind(&reader, fault);
    if (is_one && fault->kind == FAULT_STATUS) {
        is_one = take(&reader, "=") && take_status(&reader, fault);
    }
    is_one = is_one && take_when(&reader, fault) && take_which(&reader, fault) &&
             reader.at == reader.end;
    return is_one || refuse(text, length, message, message_size);
}

/* ---- meeting ---- */

static unsigned kinds_of_download(const fettle_sim_board *board,
                                  const fettle_control *control)
{
    if (control->wLength == 0) {
        return SIM_AS_END_MARKER;
    }
    if (board->model->dfuse == NULL) {
        return SIM_AS_DATA | SIM_AS_PLAIN;
    }
    bool erases = control->out != NULL && control->out[0] == DFUSE_ERASE_COMMAND;
    return control->wValue > 0 ? SIM_AS_DATA
                               : SIM_AS_COMMAND | (erases ? SIM_AS_ERASE : 0u);
}

static unsigned kinds_of(const fettle_sim_board *board, const fettle_control *control)
{
    unsigned kinds = SIM_AS_ANY;
    if ((control->bmRequestType & 0x80) != 0 && control->wLength > 0) {
        kinds |= SIM_AS_IN;
    }
    if ((control->bmRequestType & 0x7f) != 0x21) {
        return kinds;
    }
    switch (control->bRequest) {
    case 1:
        return kinds | kinds_of_download(board, control);
    case 2:
        return kinds | SIM_AS_UPLOAD;
    case 3:
        return kinds | SIM_AS_GETSTATUS;
    default:
        return kinds;
    }
}

static unsigned kinds_that_it_hits(const fettle_sim_fault *fault)
{
    if (fault->kind == FAULT_STATUS && is_of_manifest(fault->status)) {
        return SIM_AS_END_MARKER;
    }
    if (fault->kind == FAULT_STATUS && fault->status == ERR_ERASE) {
        return SIM_AS_ERASE | SIM_AS_PLAIN;
    }
    return words[fault->kind].hits;
}

/* Would the next one be hit? */
static bool is_next(const fettle_sim_fault *fault)
{
    return fault->count + 1 >= fault->first && fault->count + 1 <= fault->last;
}

static bool is_hit(fettle_sim_fault *fault, uint64_t *random)
{
    bool is_it = is_next(fault);
    fault->count++;
    if (is_it && fault->is_chance) {
        return fettle_sim_random(random) % MILLION < fault->chance;
    }
    return is_it;
}

fettle_sim_hits fettle_sim_fault_meet(fettle_sim_board *board,
                                      const fettle_control *control)
{
    return fettle_sim_fault_meet_as(board, kinds_of(board, control));
}

fettle_sim_hits fettle_sim_fault_meet_as(fettle_sim_board *board, unsigned kinds)
{
    fettle_sim_hits hits = {.status = 0};
    for (size_t i = 0; i < board->settings.fault_count; i++) {
        fettle_sim_fault *fault = &board->settings.faults[i];
        if ((kinds_that_it_hits(fault) & kinds) == 0 || !is_hit(fault, &board->random)) {
            continue;
        }
        hits.is[fault->kind] = true;
        hits.is_before = hits.is_before || fault->is_before;
        if (fault->kind == FAULT_STATUS) {
            hits.status = fault->status;
        }
        if (fault->kind == FAULT_BUSY_FOREVER) {
            board->is_busy_forever = true;
        }
    }
    return hits;
}

static fettle_why why_of(fettle_sim_fault_kind kind)
{
    switch (kind) {
    case FAULT_NO_PERMISSION:
        return FETTLE_WHY_PERMISSION;
    case FAULT_BUSY:
        return FETTLE_WHY_BUSY;
    default:
        return FETTLE_WHY_NONE;
    }
}

fettle_why fettle_sim_fault_meet_open(fettle_sim_board *board)
{
    fettle_why why = FETTLE_WHY_NONE;
    for (size_t i = 0; i < board->settings.fault_count; i++) {
        fettle_sim_fault *fault = &board->settings.faults[i];
        if (why_of(fault->kind) == FETTLE_WHY_NONE) {
            continue;
        }
        bool was_next = is_next(fault);
        if (is_hit(fault, &board->random) && why == FETTLE_WHY_NONE) {
            why = why_of(fault->kind);
        }
        board->sim->change += was_next != is_next(fault); /* a change of access */
    }
    return why;
}

fettle_why fettle_sim_fault_access(const fettle_sim_board *board)
{
    for (size_t i = 0; i < board->settings.fault_count; i++) {
        const fettle_sim_fault *fault = &board->settings.faults[i];
        if (why_of(fault->kind) != FETTLE_WHY_NONE && !fault->is_chance && is_next(fault)) {
            return why_of(fault->kind);
        }
    }
    return FETTLE_WHY_NONE;
}
