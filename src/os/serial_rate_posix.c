/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates where termios is all there is: those that have a name, or, on systems whose speed_t is the number itself
 * (the BSDs), any. macOS has any rate through the request IOSSIOSPEED (IOKit/serial/ioss.h) instead, which has to
 * come after each tcsetattr(); it isn't used here as long as nobody can try it.
 */
#define _DEFAULT_SOURCE /* rates above 38400 */

#include "os/serial_rate.h"

#include <errno.h>
#include <stddef.h>
#include <termios.h>

static const struct {
    uint32_t baud;
    speed_t speed;
} named[] = {
    {9600, B9600},     {19200, B19200}, {38400, B38400},
#ifdef B57600
    {57600, B57600},
#endif
#ifdef B115200
    {115200, B115200},
#endif
#ifdef B230400
    {230400, B230400},
#endif
#ifdef B460800
    {460800, B460800},
#endif
#ifdef B921600
    {921600, B921600},
#endif
};

/* The number itself where these are the same thing; B0, which would hang up: there is no such rate. */
static speed_t speed_of(uint32_t baud)
{
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (named[i].baud == baud) {
            return named[i].speed;
        }
    }
    return B9600 == 9600 ? (speed_t)baud : B0;
}

int fettle_serial_rate_set(int file, uint32_t baud)
{
    struct termios before, after;
    speed_t speed = speed_of(baud);
    if (speed == B0) {
        return EINVAL;
    }
    if (tcgetattr(file, &before) != 0) {
        return errno;
    }
    after = before;
    if (cfsetispeed(&after, speed) != 0 || cfsetospeed(&after, speed) != 0 ||
        tcsetattr(file, TCSANOW, &after) != 0 || tcgetattr(file, &after) != 0) {
        return errno;
    }
    if (cfgetospeed(&after) != speed) {
        (void)tcsetattr(file, TCSANOW, &before);
        return EINVAL;
    }
    return 0;
}

bool fettle_serial_hurry(int file)
{
    (void)file;
    return false;
}

void fettle_serial_hurry_no_more(int file)
{
    (void)file;
}
