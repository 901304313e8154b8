/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a runner may see of the outermost engine between two steps, to tell a listener: stage and
 * notes. An engine only adds to it; the runner only reads.
 */
#ifndef FETTLE_BASE_OBSERVE_H
#define FETTLE_BASE_OBSERVE_H

#include "base/error.h"

enum {
    FETTLE_NOTES_MAX = 24,
    FETTLE_NOTE_SIZE = 240,
};

typedef struct fettle_note {
    fettle_note_code code;
    char message[FETTLE_NOTE_SIZE];
} fettle_note;

typedef struct fettle_observed {
    fettle_stage stage;
    size_t note_count; /* further ones are dropped */
    fettle_note notes[FETTLE_NOTES_MAX];
} fettle_observed;

/* Adds a note, once: a code that is there already with the same words is not added again. */
void fettle_note_add(fettle_observed *observed, fettle_note_code code,
                     const fettle_words *words);

#endif
