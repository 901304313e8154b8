/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same of serial lines on all systems. */
#include "os/serial.h"

#include <errno.h>

bool fettle_serial_is_unsupported(const fettle_outcome *outcome)
{
    return outcome->kind == FETTLE_ERROR && outcome->why == FETTLE_WHY_SYSTEM &&
           (outcome->system == ENOTTY || outcome->system == EINVAL);
}

bool fettle_serial_is_rate(uint32_t rate, uint32_t wanted)
{
    uint32_t off = rate > wanted ? rate - wanted : wanted - rate;
    return off <= wanted / FETTLE_SERIAL_RATE_SHARE;
}
