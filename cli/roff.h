/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes manual pages on stdout, in the man(7) macros that groff and mandoc both know. Texts are plain
 * ones, as in the tables: what has to be escaped is escaped here, and what is a name is recognised and
 * set in bold (options, fettle and its verbs, pages) or italics (FILE, SECONDS, ...).
 */
#ifndef FETTLE_CLI_ROFF_H
#define FETTLE_CLI_ROFF_H

#include <stdbool.h>
#include <stddef.h>

/* "fettle-update", and the one line that whatis(1) shows. Without a date: pages are byte-equal. */
void cli_roff_begin(const char *name, const char *summary);

void cli_roff_section(const char *title);
void cli_roff_subsection(const char *title);

/* "show it" as a sentence, "Show it."; but "wTransferSize (256)." */
void cli_roff_spell_sentence(char *buf, size_t size, const char *words);

/* Each line is a paragraph. The first one of a section is `text`, what follows is `paragraph`. */
void cli_roff_text(const char *text);
void cli_roff_paragraph(const char *text);

/* What is typed, a line each: in small letters as it stands. */
void cli_roff_synopsis(const char *line, bool is_first);

/*
 * A term and what it means. In the first form capitals of the term stand for something and all else is
 * typed as it stands; the second one is a name, whatever it looks like.
 */
void cli_roff_item(const char *term, const char *text);
void cli_roff_item_of_name(const char *name, const char *text);

/* Lines as they are typed, indented. */
void cli_roff_code(const char *lines);

#endif
