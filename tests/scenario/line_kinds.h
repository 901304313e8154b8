/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETTLE_TESTS_LINE_KINDS_H
#define FETTLE_TESTS_LINE_KINDS_H

/* What can be spoiled in an effect. */
enum {
    LINE_HAS_IN = 1,  /* bytes came in */
    LINE_HAS_OUT = 2, /* bytes go out */
};

/* By how much the board's fault late-reply delays an answer, in milliseconds. */
enum {
    LATE_FOR_REGISTERS = 1500, /* what is answered at once is waited for 1 s, */
    LATE_FOR_ALL = 3500,       /* nearly all else 3 s, or a little more */
};

#endif
