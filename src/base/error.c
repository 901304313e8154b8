/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of errors, clauses and notes, and the one way in which a message grows:
 * outwards. What is in front is where it happened, what is behind is why; the why is never
 * cut.
 */
#include "base/error.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

/* codes.h is made from the rows by a script: say at once when it has not been run. */
enum {
    ROW_NONE,
#define X(code, slug, status, whose, message, hint, cause) ROW_##code,
#include "base/errors.def"
#undef X
    ROW_COUNT,
    NOTE_ROW_NONE = 0,
#define N(note, slug, format) NOTE_ROW_##note,
#include "base/notes.def"
#undef N
    NOTE_ROW_COUNT,
};

#define X(code, slug, status, whose, message, hint, cause) \
    static_assert((int)ROW_##code == (int)FETTLE_E_##code, slug ": run scripts/make-codes");
#include "base/errors.def"
#undef X
#define N(note, slug, format)                                      \
    static_assert((int)NOTE_ROW_##note == (int)FETTLE_NOTE_##note, \
                  slug ": run scripts/make-codes");
#include "base/notes.def"
#undef N
static_assert((int)ROW_COUNT == (int)FETTLE_E_COUNT, "run scripts/make-codes");
static_assert((int)NOTE_ROW_COUNT == (int)FETTLE_NOTE_COUNT, "run scripts/make-codes");

static const struct code_row {
    const char *slug;
    int exit_status;
    fettle_whose whose;
    const char *message, *hint, *cause;
} code_rows[FETTLE_E_COUNT] = {
    [FETTLE_E_NONE] = {"none", 0, FETTLE_WHOSE_US, "", "", ""},
#define X(code, slug, status, whose, message, hint, cause) \
    [FETTLE_E_##code] = {slug, status, FETTLE_WHOSE_##whose, message, hint, cause},
#include "base/errors.def"
#undef X
};

static const char *const clause_formats[FETTLE_CLAUSE_COUNT] = {
#define C(clause, format) [FETTLE_CLAUSE_##clause] = format,
#include "base/clauses.def"
#undef C
};

static const struct note_row {
    const char *slug, *format;
} note_rows[FETTLE_NOTE_COUNT] = {
    [FETTLE_NOTE_NONE] = {"none", ""},
#define N(note, slug, format) [FETTLE_NOTE_##note] = {slug, format},
#include "base/notes.def"
#undef N
};

/*
 * These are asked with numbers from outside, so a number that is no code is taken as NONE.
 */
static const struct code_row *code_row(fettle_code code)
{
    size_t index = (size_t)code;

    return &code_rows[index < FETTLE_E_COUNT ? index : FETTLE_E_NONE];
}

static const struct note_row *note_row(fettle_note_code note)
{
    size_t index = (size_t)note;

    return &note_rows[index < FETTLE_NOTE_COUNT ? index : FETTLE_NOTE_NONE];
}

const char *fettle_code_slug(fettle_code code)
{
    return code_row(code)->slug;
}

int fettle_code_exit_status(fettle_code code)
{
    return code_row(code)->exit_status;
}

fettle_whose fettle_code_whose(fettle_code code)
{
    return code_row(code)->whose;
}

const char *fettle_code_message(fettle_code code)
{
    return code_row(code)->message;
}

const char *fettle_code_hint(fettle_code code)
{
    return code_row(code)->hint;
}

const char *fettle_code_cause(fettle_code code)
{
    return code_row(code)->cause;
}

fettle_code fettle_code_find(const char *slug)
{
    for (int code = FETTLE_E_NONE + 1; code < FETTLE_E_COUNT; code++) {
        if (fettle_text_is_equal(code_rows[code].slug, slug)) {
            return (fettle_code)code;
        }
    }
    return FETTLE_E_NONE;
}

const char *fettle_clause_format(fettle_clause clause)
{
    assert((size_t)clause < FETTLE_CLAUSE_COUNT);
    return clause_formats[clause];
}

const char *fettle_note_slug(fettle_note_code note)
{
    return note_row(note)->slug;
}

const char *fettle_note_format(fettle_note_code note)
{
    return note_row(note)->format;
}

void fettle_error_set(fettle_error *err, fettle_code code, const fettle_words *words)
{
    assert(code > FETTLE_E_NONE && code < FETTLE_E_COUNT);
    *err = (fettle_error){.code = code, .hint = code_rows[code].hint};
    fettle_words_render(err->message, sizeof err->message, code_rows[code].message, words);
}

void fettle_error_wrap(fettle_error *err, fettle_clause clause, const fettle_words *words)
{
    static const char joint[] = ": ";
    const size_t joint_length = sizeof joint - 1;
    char outer[sizeof err->message];
    size_t kept = strlen(err->message) + 1;
    size_t room = sizeof err->message - kept;

    assert(err->code != FETTLE_E_NONE);
    if (room <= joint_length) {
        return;
    }
    fettle_words_render(outer, room - joint_length + 1, fettle_clause_format(clause),
                        words);
    size_t length = strlen(outer);
    if (length == 0) {
        return; /* not even its first character fits */
    }
    memmove(err->message + length + joint_length, err->message, kept);
    memcpy(err->message, outer, length);
    memcpy(err->message + length, joint, joint_length);
}
