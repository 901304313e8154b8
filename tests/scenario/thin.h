/* SPDX-License-Identifier: Apache-2.0 */
/*
 * $FETTLE_TEST_THIN=N: only every N-th of the moments is spoiled. For builds that are slow and look for something else than a
 * wrong end: sanitizers, another word size.
 */
#ifndef FETTLE_TESTS_THIN_H
#define FETTLE_TESTS_THIN_H

#include <stdlib.h>

static inline unsigned thinning(void)
{
    const char *text = getenv("FETTLE_TEST_THIN");
    unsigned long times = text != NULL ? strtoul(text, NULL, 10) : 1;
    return times > 0 && times < 100 ? (unsigned)times : 1;
}

#endif
