/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The computer's clock: the only source of time of the program. It counts microseconds from some
 * fixed point, never goes back, isn't touched by changes of the wall clock, and where the system
 * can do that goes on while the computer is suspended, so that a runner can notice it.
 */
#ifndef FETTLE_OS_CLOCK_H
#define FETTLE_OS_CLOCK_H

#include "fettle/transport.h"

/*
 * Its table, constant; `self` is not used and may be NULL. Any thread. A wait looks at its cancel
 * token every 20 ms, and at once when a signal interrupts it.
 */
const fettle_clock_ops *fettle_os_clock(void);

#endif
