/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FETTLE_TESTS_LINE_KINDS_H
#define FETTLE_TESTS_LINE_KINDS_H

/* What can be spoiled in an effect. */
enum {
    LINE_HAS_IN = 1,  /* bytes came in */
    LINE_HAS_OUT = 2, /* bytes go out */
};

#endif
