/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place where pure code asks for memory. The two counters are the only state of the
 * library that is not in somebody's struct: they exist so that a test can let every single
 * request fail in turn. They are atomic so that the boards' threads may ask for memory at
 * the same time.
 */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_ulong requests; /* since the last fettle_alloc_fail_at() */
static atomic_ulong fail_at;  /* which of them fails; 0: none */

void *fettle_alloc(size_t size)
{
    unsigned long request =
        atomic_fetch_add_explicit(&requests, 1, memory_order_relaxed) + 1;

    if (request == atomic_load_explicit(&fail_at, memory_order_relaxed)) {
        return NULL;
    }
    return calloc(1, size > 0 ? size
                              : 1); /* calloc(1, 0) may be NULL without being a failure */
}

void fettle_free(void *memory)
{
    free(memory);
}

void fettle_alloc_fail_at(unsigned long nth)
{
    atomic_store_explicit(&requests, 0, memory_order_relaxed);
    atomic_store_explicit(&fail_at, nth, memory_order_relaxed);
}

unsigned long fettle_alloc_count(void)
{
    return atomic_load_explicit(&requests, memory_order_relaxed);
}
