/* SPDX-License-Identifier: Apache-2.0 */
/* An assertion that stays in every build. */
#ifndef FUZZ_MUST_H
#define FUZZ_MUST_H

#include <stdlib.h>

#define must(condition)     \
    do {                    \
        if (!(condition)) { \
            abort();        \
        }                   \
    } while (0)

#endif
