/* SPDX-License-Identifier: Apache-2.0 */
/* The locks of boards, against every other fettle on this computer. */
#ifndef FETTLE_CLI_LOCK_H
#define FETTLE_CLI_LOCK_H

#include "system.h"

#include "fettle/fettle.h"

/* One at a time: jobs run one after the other. Zeroed is unlocked. */
typedef struct cli_lock {
    cli_held_lock held;
} cli_lock;

/* To be given to fettle_context_set_lock() with a cli_lock, which must outlive the context. */
extern const fettle_lock_ops cli_lock_ops;

#endif
