/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engines don't allocate. What they need beside their struct comes through this table, from whoever runs them, and
 * is asked for before the work begins, never in it.
 */
#ifndef FETTLE_PROTO_MEMORY_OPS_H
#define FETTLE_PROTO_MEMORY_OPS_H

#include <stddef.h>

typedef struct fettle_memory_ops {
    void *(*take)(size_t size); /* zeroed, or NULL */
    void (*give)(void *memory); /* takes NULL */
} fettle_memory_ops;

#endif
