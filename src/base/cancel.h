/* SPDX-License-Identifier: Apache-2.0 */
/* The cancel token from the inside. */
#ifndef FETTLE_BASE_CANCEL_H
#define FETTLE_BASE_CANCEL_H

#include "fettle/transport.h"

#include <stdatomic.h>

struct fettle_cancel {
    atomic_bool wanted;
};

/* Any thread, any signal handler. */
void fettle_cancel_want(fettle_cancel *cancel);
void fettle_cancel_clear(fettle_cancel *cancel);

#endif
