/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for the pure folders, so that a test can make the nth request fail. Zeroed, aligned for
 * anything; NULL when there is none. Free with fettle_free() only. Thread-safe as malloc is.
 */
#ifndef FETTLE_BASE_ALLOC_H
#define FETTLE_BASE_ALLOC_H

#include <stddef.h>

void *fettle_alloc(size_t size);
void fettle_free(void *memory); /* takes NULL */

/* For tests, one thread: the nth request from now (1 = the next) fails; 0: none does. */
void fettle_alloc_fail_at(unsigned long nth);

/* Requests made since fettle_alloc_fail_at() was last called. */
unsigned long fettle_alloc_count(void);

#endif
