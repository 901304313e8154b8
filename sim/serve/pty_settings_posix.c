/* SPDX-License-Identifier: Apache-2.0 */
/* Where termios.h is all there is: the rates that it names. */
#define _XOPEN_SOURCE 700

#include "pty.h"

#include <termios.h>

static const struct {
    speed_t speed;
    uint32_t baud;
} rates[] = {
    {B1200, 1200},     {B2400, 2400},   {B4800, 4800},
    {B9600, 9600},     {B19200, 19200}, {B38400, 38400},
#ifdef B57600
    {B57600, 57600},
#endif
#ifdef B115200
    {B115200, 115200},
#endif
#ifdef B230400
    {B230400, 230400},
#endif
#ifdef B460800
    {B460800, 460800},
#endif
#ifdef B921600
    {B921600, 921600},
#endif
};

enum { RATE_COUNT = sizeof rates / sizeof rates[0] };

bool fettle_sim_pty_look(int master, fettle_serial_settings *settings)
{
    struct termios is;
    if (tcgetattr(master, &is) != 0) {
        return false;
    }
    speed_t speed = cfgetospeed(&is);
    for (size_t i = 0; i < RATE_COUNT; i++) {
        settings->baud = rates[i].speed == speed ? rates[i].baud : settings->baud;
    }
    tcflag_t size = is.c_cflag & CSIZE;
    settings->data_bits = size == CS5 ? 5 : size == CS6 ? 6 : size == CS7 ? 7 : 8;
    return true;
}

bool fettle_sim_pty_reset(int slave)
{
    struct termios is;
    if (tcgetattr(slave, &is) != 0) {
        return false;
    }
    is.c_iflag = 0;
    is.c_oflag = 0;
    is.c_lflag = 0;
    is.c_cflag = CS8 | CREAD | CLOCAL;
    is.c_cc[VMIN] = 1;
    is.c_cc[VTIME] = 0;
    for (size_t i = 0; i < RATE_COUNT; i++) {
        if (rates[i].baud == 115200) {
            (void)cfsetispeed(&is, rates[i].speed);
            (void)cfsetospeed(&is, rates[i].speed);
        }
    }
    return tcsetattr(slave, TCSANOW, &is) == 0;
}
