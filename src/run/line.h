/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One effect and its outcome as one line of text: what a trace shows, a record keeps and a replay
 * reads. Words are separated by single blanks; the first one is the time at which the outcome was
 * there, in microseconds since the beginning.
 *
 *   TIME EFFECT -> OUTCOME COUNT [why=WHY] [system=NUMBER] [in=HEX] [SIGHT]
 *
 *   open [path=TEXT] [serial=TEXT] [after=NUMBER] face=MODE:LINK:VENDOR:PRODUCT...
 *        [baud=NUMBER bits=NUMBER dtr=0 rts=0]          where a face is serial
 *   sleep | discard | reset
 *   write SIZE out=HEX | read SIZE | lines dtr=0 rts=0 | baud NUMBER | format NUMBER
 *   control bmRequestType bRequest wValue wIndex wLength [out=HEX | in]       in hex
 *   select INTERFACE ALTERNATE
 *       each with [ask=ASK] at its end
 *
 *   ok timeout stall gone cancelled error
 *   path=TEXT node=TEXT maker=TEXT product=TEXT serial=TEXT arrival=NUMBER link=LINK
 *        id=VENDOR:PRODUCT bcd=HEX access=WHY descriptors=HEX                (a SIGHT)
 *
 * TEXT has all bytes but letters, digits and "._:/+-" as %NN. Deadlines are left out, and so are the
 * boards that a match never means: neither makes it another record.
 */
#ifndef FETTLE_RUN_LINE_H
#define FETTLE_RUN_LINE_H

#include "base/effect.h"

/* Writes the line, NUL-terminated and without a line break. Where it is cut, it ends in "~". */
void fettle_line_write(char *line, size_t size, fettle_us at, const fettle_effect *effect,
                       const fettle_outcome *outcome);

/*
 * Is `effect` what the line says between time and outcome? `text` and `size` are that part and
 * what follows it; `used` receives how long the part is.
 */
bool fettle_line_is_effect(const char *text, size_t size, const fettle_effect *effect,
                           size_t *used);

/* Names as they stand in lines; NULL for a number that is none. */
const char *fettle_line_outcome_name(unsigned kind);
const char *fettle_line_why_name(unsigned why);
const char *fettle_line_link_name(unsigned kind);

/* The bytes that an effect has brought in, if it could: where they are and what there is room for. */
uint8_t *fettle_line_in(const fettle_effect *effect, size_t *room);

#endif
