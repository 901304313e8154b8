/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linux has any rate in struct termios2, which goes with the kernel's own header and not with termios.h;
 * asked at the master, it tells those of the slave.
 */
#define _DEFAULT_SOURCE

#include "pty.h"

#include <asm/termbits.h>
#include <sys/ioctl.h>

bool fettle_sim_pty_look(int master, fettle_serial_settings *settings)
{
    struct termios2 is;
    if (ioctl(master, TCGETS2, &is) != 0 || is.c_ospeed == 0) {
        return false;
    }
    settings->baud = is.c_ospeed;
    switch (is.c_cflag & CSIZE) {
    case CS5:
        settings->data_bits = 5;
        break;
    case CS6:
        settings->data_bits = 6;
        break;
    case CS7:
        settings->data_bits = 7;
        break;
    default:
        settings->data_bits = 8;
        break;
    }
    return true;
}

bool fettle_sim_pty_reset(int slave)
{
    struct termios2 is;
    if (ioctl(slave, TCGETS2, &is) != 0) {
        return false;
    }
    is.c_iflag = 0;
    is.c_oflag = 0;
    is.c_lflag = 0;
    is.c_cflag = CS8 | CREAD | CLOCAL | B115200;
    is.c_ispeed = is.c_ospeed = 115200;
    is.c_cc[VMIN] = 1;
    is.c_cc[VTIME] = 0;
    return ioctl(slave, TCSETS2, &is) == 0;
}
