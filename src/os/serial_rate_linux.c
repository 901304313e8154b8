/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates on Linux: the kernel's own struct of modes has them as numbers (BOTHER). A driver that has no such
 * rate says so by writing into it what it has taken instead.
 */
#include "os/serial_rate.h"

#include "os/serial.h"

#include <asm/termbits.h>
#include <errno.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

#ifdef TCGETS2
typedef struct termios2 modes;
#define GET_MODES TCGETS2
#define SET_MODES TCSETS2
#else /* PowerPC has it in the one struct that it has */
typedef struct termios modes;
#define GET_MODES TCGETS
#define SET_MODES TCSETS
#endif

int fettle_serial_rate_set(int file, uint32_t baud)
{
    modes before, after;
    if (baud == 0) { /* would hang up */
        return EINVAL;
    }
    if (ioctl(file, GET_MODES, &before) != 0) {
        return errno;
    }
    after = before;
    after.c_cflag &= ~(tcflag_t)(CBAUD | (CBAUD << IBSHIFT));
    after.c_cflag |= BOTHER; /* for input 0: the same */
    after.c_ispeed = after.c_ospeed = baud;
    if (ioctl(file, SET_MODES, &after) != 0 || ioctl(file, GET_MODES, &after) != 0) {
        return errno;
    }
    if (!fettle_serial_is_rate(after.c_ospeed, baud)) {
        (void)ioctl(file, SET_MODES, &before);
        return EINVAL;
    }
    return 0;
}

/* The flag is the kernel's word for it: its driver for FTDI sets the bridge's timer to 1 ms then. */
static bool set_low_latency(int file, bool is_low)
{
    struct serial_struct settings;
    if (ioctl(file, TIOCGSERIAL, &settings) != 0) {
        return false;
    }
    unsigned flags = (unsigned)settings.flags;
    if (((flags & ASYNC_LOW_LATENCY) != 0) == is_low) {
        return false;
    }
    settings.flags = (int)(flags ^ ASYNC_LOW_LATENCY);
    return ioctl(file, TIOCSSERIAL, &settings) == 0;
}

bool fettle_serial_hurry(int file)
{
    return set_low_latency(file, true);
}

void fettle_serial_hurry_no_more(int file)
{
    (void)set_low_latency(file, false);
}
