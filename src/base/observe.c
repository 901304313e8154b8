/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes of a run. A board that is tried twice says most things twice; a person should read
 * them once.
 */
#include "base/observe.h"

#include "base/text.h"

#include <assert.h>

void fettle_note_add(fettle_observed *observed, fettle_note_code code,
                     const fettle_words *words)
{
    fettle_note note = {.code = code};

    assert(code > FETTLE_NOTE_NONE && code < FETTLE_NOTE_COUNT);
    fettle_words_render(note.message, sizeof note.message, fettle_note_format(code), words);
    for (size_t i = 0; i < observed->note_count; i++) {
        const fettle_note *known = &observed->notes[i];
        if (known->code == code && fettle_text_is_equal(known->message, note.message)) {
            return;
        }
    }
    if (observed->note_count < FETTLE_NOTES_MAX) {
        observed->notes[observed->note_count++] = note;
    }
}
