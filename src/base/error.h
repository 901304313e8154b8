/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors and notes: one table each (errors.def, clauses.def, notes.def), rendered from named
 * values. Errors grow outwards: the leaf sets the innermost clause, each caller puts its own in
 * front; nobody ever replaces the board's own reason.
 */
#ifndef FETTLE_BASE_ERROR_H
#define FETTLE_BASE_ERROR_H

#include "fettle/outcome.h"

typedef enum fettle_clause {
#define C(clause, format) FETTLE_CLAUSE_##clause,
#include "clauses.def"
#undef C
    FETTLE_CLAUSE_COUNT
} fettle_clause;

typedef enum fettle_whose {
    FETTLE_WHOSE_YOU,
    FETTLE_WHOSE_FILE,
    FETTLE_WHOSE_COMPUTER,
    FETTLE_WHOSE_CABLE,
    FETTLE_WHOSE_BOARD,
    FETTLE_WHOSE_US,
} fettle_whose;

/*
 * The values that formats may name. {board} {port} {file} {text} {text2} {status} {state} are
 * texts (NULL: "?"), {count} {size} {limit} {block} decimal, {address} 0x and eight hex digits,
 * {id} {id2} vendor:product in hex. Texts are borrowed for the call only, and escaped as by
 * fettle_text_escape(), so that a message is one line of valid UTF-8.
 */
typedef struct fettle_words {
    const char *board, *port, *file, *text, *text2, *status, *state;
    uint64_t count, size, limit;
    uint32_t block, address;
    fettle_usb_id id, id2;
} fettle_words;

/* Fills in `err` whole: code, the code's message with `words` (NULL: none), its default hint. */
void fettle_error_set(fettle_error *err, fettle_code code, const fettle_words *words);

/*
 * Puts the clause and ": " in front of the message and leaves all else as it is. Where there is no
 * room the outer clause is cut, never the inner reason.
 */
void fettle_error_wrap(fettle_error *err, fettle_clause clause, const fettle_words *words);

/* Renders one format into `text` (NUL-terminated, cut at a character where too long). */
void fettle_words_render(char *text, size_t size, const char *format,
                         const fettle_words *words);

/*
 * Facts of a row, constant strings. A number that is no code is taken as NONE, whose texts are empty
 * but for the slug "none".
 */
FETTLE_API const char *fettle_code_slug(fettle_code code);
FETTLE_API int fettle_code_exit_status(fettle_code code);
fettle_whose fettle_code_whose(fettle_code code);
FETTLE_API const char *fettle_code_message(fettle_code code); /* the format */
FETTLE_API const char *fettle_code_hint(fettle_code code);
FETTLE_API const char *fettle_code_cause(fettle_code code);
FETTLE_API fettle_code fettle_code_find(const char *slug); /* NONE if there is none */

const char *fettle_clause_format(fettle_clause clause);

FETTLE_API const char *fettle_note_slug(fettle_note_code note);
FETTLE_API const char *fettle_note_format(fettle_note_code note);

#endif
