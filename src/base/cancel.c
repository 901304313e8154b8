/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cancel token: one flag, without a lock, because a signal handler may be the one that
 * sets it.
 */
#include "base/cancel.h"

#include <assert.h>

static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "a signal handler must not meet a lock");

void fettle_cancel_want(fettle_cancel *cancel)
{
    atomic_store(&cancel->wanted, true);
}

void fettle_cancel_clear(fettle_cancel *cancel)
{
    atomic_store(&cancel->wanted, false);
}

bool fettle_cancel_is_wanted(const fettle_cancel *cancel)
{
    return cancel != NULL && atomic_load(&cancel->wanted);
}
