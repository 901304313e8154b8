/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One serial line of the operating system, as a link (transport.h). One file a system stands behind it.
 *
 * While it is open the line is ours alone: other programs, and another open here, get BUSY. What was set
 * there before (modes, rate, latency) is put back at the end. Hanging up at the end is switched off as long as
 * it is open, and put back only if both control lines are let go by then: lines that somebody asserted stay so.
 *
 * Not every line can do everything. What a line or its driver doesn't have is ERROR with why SYSTEM and
 *
 *   ENOTTY   it has no control lines at all (a pseudo-terminal, plain TCP), no rate or no format
 *   EINVAL   it has no such rate (within 3 %) or no such number of data bits; all is as it was before
 *
 * for which fettle_serial_is_unsupported() asks. All other errors are failures, GONE where the device left.
 */
#ifndef FETTLE_OS_SERIAL_H
#define FETTLE_OS_SERIAL_H

#include "fettle/transport.h"

enum {
    /* A rate that is off by one part in so many is another one. */
    FETTLE_SERIAL_RATE_SHARE = 33,
};

/* Whose line it is: told when it has been closed, with what it was opened as. */
typedef struct fettle_serial_owner {
    void (*let_go)(void *self, const char *path, uint32_t arrival);
    void *self;
    char path[FETTLE_PATH_SIZE];
    uint32_t arrival;
} fettle_serial_owner;

/* No such thing here, rather than something that went wrong? */
bool fettle_serial_is_unsupported(const fettle_outcome *outcome);

/* Is it the rate that was wanted, as far as a UART can tell? */
bool fettle_serial_is_rate(uint32_t rate, uint32_t wanted);

/*
 * May it be opened, as far as is known without trying? NONE, PERMISSION, or DRIVER where there is no such node. Doesn't
 * open it, and doesn't block.
 */
fettle_why fettle_serial_access(const char *node);

/*
 * Opens `node`, "/dev/ttyUSB0". ERROR with why PERMISSION, BUSY (`system` is then never 0), or SYSTEM; GONE where
 * there is no such node. Control lines that it doesn't have are no failure here. `owner` is copied.
 */
fettle_outcome fettle_serial_open(const char *node, const fettle_serial_settings *settings,
                                  const fettle_serial_owner *owner, fettle_link *link);

#endif
