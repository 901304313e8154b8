/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What termios can't say: any rate, and no waiting for more bytes. The systems differ in it, and the headers
 * of Linux for it don't go together with termios.h.
 */
#ifndef FETTLE_OS_SERIAL_RATE_H
#define FETTLE_OS_SERIAL_RATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Sets the rate in both directions, in bit/s, at once. 0, or an errno; EINVAL: the driver doesn't have it, and
 * the rate is as it was before.
 */
int fettle_serial_rate_set(int file, uint32_t baud);

/*
 * FTDI's bridges keep what they receive for up to 16 ms, in case more comes. True: that was so, and has been
 * switched off; then it is to be put back in the end. False: it is none of these, or it wasn't so.
 */
bool fettle_serial_hurry(int file);
void fettle_serial_hurry_no_more(int file);

#endif
