/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A serial line on POSIX: termios, in raw mode and without blocking. Whoever waits sleeps in poll() for 20 ms
 * at most, the time after which the cancel token is looked at again.
 *
 * Opening: the kernel raises both control lines in open(2), which nobody can prevent. They are set as wanted
 * right after it and once more when all is set up, because some drivers move them with the rate. The rate is set twice:
 * CH341 begins with 9600 on some kernels, whatever it was told first.
 */
#define _DEFAULT_SOURCE /* cfmakeraw(), flock(), control lines */
#define _POSIX_C_SOURCE 200809L

#include "os/serial.h"

#include "base/alloc.h"
#include "os/clock.h"
#include "os/serial_rate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
    MS = 1000,
    NAP_US = 20 * MS,
    DRAIN_NAP_US = 2 * MS,
    /* Until what was written has left: before a change of the rate, and before the end. */
    DRAIN_US = 4000 * MS,
    CLOSE_US = 1000 * MS,
};

typedef struct serial_line {
    int file;
    fettle_serial_owner owner;
    struct termios found; /* before we came */
    bool is_ours;         /* taken from all others */
    bool is_hurried;
    bool dtr, rts; /* as they were set last */
    int other_lines; /* that TIOCMSET would clear: OUT2 switches the interrupts of a PC's ports */
} serial_line;

static fettle_us now(void)
{
    return fettle_os_clock()->now(NULL);
}

/* ---- outcomes ---- */

static fettle_outcome make_outcome(fettle_outcome_kind kind)
{
    return (fettle_outcome){.kind = kind};
}

static fettle_outcome fail(fettle_why why, int error)
{
    return (fettle_outcome){.kind = FETTLE_ERROR, .why = why, .system = error};
}

/* What an errno of an open line means. 0: OK. */
static fettle_outcome explain(int error)
{
    switch (error) {
    case 0:
        return make_outcome(FETTLE_OK);
    case EIO: /* what the kernel says of a terminal that was hung up */
    case ENXIO:
    case ENODEV:
        return (fettle_outcome){.kind = FETTLE_GONE, .system = error};
    default:
        return fail(FETTLE_WHY_SYSTEM, error);
    }
}

static bool is_later(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* ---- bytes ---- */

/* OK: it is worth another try. */
static fettle_outcome_kind await(const serial_line *line, short events, fettle_us until,
                                 const fettle_cancel *cancel)
{
    fettle_us time = now();
    if (fettle_cancel_is_wanted(cancel)) {
        return FETTLE_CANCELLED;
    }
    if (time >= until) {
        return FETTLE_TIMEOUT;
    }
    struct pollfd event = {.fd = line->file, .events = events};
    fettle_us length = until - time < NAP_US ? until - time : NAP_US;
    (void)poll(&event, 1, (int)((length + MS - 1) / MS));
    bool is_over = (event.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0 &&
                   (event.revents & events) == 0;
    return is_over ? FETTLE_GONE : FETTLE_OK;
}

static fettle_outcome line_write(void *self, const uint8_t *data, size_t size,
                                 fettle_us until, const fettle_cancel *cancel)
{
    serial_line *line = self;
    fettle_outcome outcome = make_outcome(FETTLE_OK);
    size_t done = 0;
    while (outcome.kind == FETTLE_OK && done < size) {
        ssize_t count = write(line->file, data + done, size - done);
        if (count >= 0) {
            done += (size_t)count;
        } else if (!is_later(errno)) {
            outcome = explain(errno);
        }
        if (outcome.kind == FETTLE_OK && done < size) {
            outcome.kind = await(line, POLLOUT, until, cancel);
        }
    }
    outcome.count = done;
    return outcome;
}

static fettle_outcome line_read(void *self, uint8_t *buffer, size_t size, fettle_us until,
                                const fettle_cancel *cancel)
{
    serial_line *line = self;
    fettle_outcome outcome = make_outcome(FETTLE_OK);
    while (outcome.kind == FETTLE_OK) {
        ssize_t count = read(line->file, buffer, size);
        if (count > 0) {
            outcome.count = (size_t)count;
            break;
        }
        if (count == 0 || !is_later(errno)) {
            return count == 0 ? make_outcome(FETTLE_GONE) : explain(errno); /* 0: hung up */
        }
        outcome.kind = await(line, POLLIN, until, cancel);
    }
    return outcome;
}

static fettle_outcome line_discard(void *self)
{
    const serial_line *line = self;
    return explain(tcflush(line->file, TCIFLUSH) == 0 ? 0 : errno);
}

/*
 * Waits until what was written has left: while there are bytes in the kernel by looks, so that a line on which nothing
 * moves can't hold us, and then for the few that are left in the hardware.
 */
static int drain(const serial_line *line, fettle_us time)
{
    fettle_us until = now() + time;
    int waiting = 0;
    while (ioctl(line->file, TIOCOUTQ, &waiting) == 0 && waiting > 0) {
        if (now() >= until) {
            return ETIMEDOUT;
        }
        (void)fettle_os_clock()->wait(NULL, now() + DRAIN_NAP_US, NULL);
    }
    int wrong = 0;
    do {
        wrong = tcdrain(line->file) == 0 ? 0 : errno;
    } while (wrong == EINTR);
    return wrong;
}

/* ---- settings ---- */

static fettle_outcome line_set_lines(void *self, bool dtr, bool rts)
{
    serial_line *line = self;
    int lines = line->other_lines | (dtr ? TIOCM_DTR : 0) | (rts ? TIOCM_RTS : 0);
    if (ioctl(line->file, TIOCMSET, &lines) != 0) {
        int error = errno == EINVAL || errno == ENOSYS ? ENOTTY : errno;
        return explain(error);
    }
    line->dtr = dtr;
    line->rts = rts;
    return make_outcome(FETTLE_OK);
}

static fettle_outcome line_set_baud(void *self, uint32_t baud)
{
    const serial_line *line = self;
    int wrong = drain(line, DRAIN_US);
    return explain(wrong != 0 ? wrong : fettle_serial_rate_set(line->file, baud));
}

/* 0: there is no such number. */
static tcflag_t size_flag(uint8_t data_bits, bool *ok)
{
    *ok = data_bits >= 5 && data_bits <= 8;
    switch (data_bits) {
    case 5:
        return CS5;
    case 6:
        return CS6;
    case 7:
        return CS7;
    default:
        return CS8;
    }
}

/* tcsetattr() is content if it could do a part of it; so one has to look. */
static int set_size(const serial_line *line, uint8_t data_bits)
{
    struct termios before, after;
    bool is_known;
    tcflag_t flag = size_flag(data_bits, &is_known);
    if (!is_known) {
        return EINVAL;
    }
    if (tcgetattr(line->file, &before) != 0) {
        return errno;
    }
    after = before;
    after.c_cflag = (after.c_cflag & ~(tcflag_t)CSIZE) | flag;
    if (tcsetattr(line->file, TCSANOW, &after) != 0 || tcgetattr(line->file, &after) != 0) {
        return errno;
    }
    if ((after.c_cflag & CSIZE) != flag) {
        (void)tcsetattr(line->file, TCSANOW, &before);
        return EINVAL;
    }
    return 0;
}

static fettle_outcome line_set_format(void *self, uint8_t data_bits)
{
    const serial_line *line = self;
    int wrong = drain(line, DRAIN_US);
    return explain(wrong != 0 ? wrong : set_size(line, data_bits));
}

/* ---- the end ---- */

/* Hanging up lets both lines go; where they are asserted somebody wants them so. */
static void put_back(serial_line *line)
{
    if (!line->is_ours) {
        return;
    }
    (void)drain(line, CLOSE_US);
    if (line->is_hurried) {
        fettle_serial_hurry_no_more(line->file);
    }
    if (line->dtr || line->rts) {
        line->found.c_cflag &= ~(tcflag_t)HUPCL;
    }
    (void)tcsetattr(line->file, TCSANOW, &line->found);
    (void)ioctl(line->file, TIOCNXCL); /* a pseudo-terminal would keep it */
}

static void line_close(void *self)
{
    serial_line *line = self;
    fettle_serial_owner owner = line->owner;
    put_back(line);
    (void)close(line->file);
    fettle_free(line);
    if (owner.let_go != NULL) {
        owner.let_go(owner.self, owner.path, owner.arrival);
    }
}

static const fettle_serial_ops line_ops = {
    line_write,    line_read,       line_discard, line_set_lines,
    line_set_baud, line_set_format, line_close,
};

/* ---- opening ---- */

/*
 * As the user that open() would be asked for. Where a sandbox doesn't know that question it says EPERM;
 * then the one for the real user must do.
 */
fettle_why fettle_serial_access(const char *node)
{
    if (faccessat(AT_FDCWD, node, R_OK | W_OK, AT_EACCESS) == 0 ||
        (errno == EPERM && access(node, R_OK | W_OK) == 0)) {
        return FETTLE_WHY_NONE;
    }
    return errno == ENOENT || errno == ENOTDIR ? FETTLE_WHY_DRIVER : FETTLE_WHY_PERMISSION;
}

static fettle_outcome explain_open(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return fail(FETTLE_WHY_PERMISSION, error);
    case EBUSY:
    case EWOULDBLOCK:
        return fail(FETTLE_WHY_BUSY, EBUSY);
    case ENOENT:
    case ENOTDIR:
        return (fettle_outcome){.kind = FETTLE_GONE, .system = error};
    default:
        return explain(error);
    }
}

/*
 * Ours alone: for programs that ask by TIOCEXCL, and for those that ask by flock(). The superuser can open what
 * is taken by TIOCEXCL, and so has to ask.
 */
static int take(int file)
{
    int is_taken = 0;
#ifdef TIOCGEXCL
    if (ioctl(file, TIOCGEXCL, &is_taken) != 0) {
        is_taken = 0; /* an old kernel */
    }
#endif
    if (is_taken != 0) {
        return EBUSY;
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        return errno;
    }
    (void)ioctl(file, TIOCEXCL);
    return 0;
}

/* All bytes as they are, no flow control, nothing that waits for a modem, no hanging up. */
static int set_raw(const serial_line *line)
{
    struct termios modes = line->found;
    cfmakeraw(&modes);
    modes.c_iflag &= ~(tcflag_t)(IXOFF | IXANY | INPCK);
    modes.c_cflag &= ~(tcflag_t)(CSTOPB | HUPCL);
    modes.c_cflag |= CLOCAL | CREAD;
#ifdef CRTSCTS
    modes.c_cflag &= ~(tcflag_t)CRTSCTS;
#endif
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    return tcsetattr(line->file, TCSANOW, &modes) == 0 ? 0 : errno;
}

static void note_other_lines(serial_line *line)
{
    int lines = 0;
    if (ioctl(line->file, TIOCMGET, &lines) == 0) {
        line->other_lines = lines & ~(TIOCM_DTR | TIOCM_RTS);
    }
}

/* False, with an outcome: one that can't be helped. */
static bool set_lines_if_any(serial_line *line, const fettle_serial_settings *settings,
                             fettle_outcome *outcome)
{
    *outcome = line_set_lines(line, settings->dtr, settings->rts);
    return outcome->kind == FETTLE_OK || fettle_serial_is_unsupported(outcome);
}

static fettle_outcome set_up(serial_line *line, const fettle_serial_settings *settings)
{
    fettle_outcome outcome;
    note_other_lines(line);
    if (!set_lines_if_any(line, settings, &outcome)) {
        return outcome;
    }
    int wrong = set_raw(line);
    wrong = wrong != 0 ? wrong : fettle_serial_rate_set(line->file, settings->baud);
    wrong = wrong != 0 ? wrong : fettle_serial_rate_set(line->file, settings->baud);
    wrong = wrong != 0 ? wrong : set_size(line, settings->data_bits);
    if (wrong != 0) {
        return explain(wrong);
    }
    line->is_hurried = fettle_serial_hurry(line->file);
    if (!set_lines_if_any(line, settings, &outcome)) {
        return outcome;
    }
    return line_discard(line);
}

static fettle_outcome open_line(serial_line *line, const char *node,
                                const fettle_serial_settings *settings)
{
    line->file = open(node, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (line->file < 0) {
        return explain_open(errno);
    }
    if (tcgetattr(line->file, &line->found) != 0) {
        return explain_open(errno);
    }
    int wrong = take(line->file);
    if (wrong != 0) {
        return explain_open(wrong);
    }
    line->is_ours = true;
    return set_up(line, settings);
}

fettle_outcome fettle_serial_open(const char *node, const fettle_serial_settings *settings,
                                  const fettle_serial_owner *owner, fettle_link *link)
{
    serial_line *line = fettle_alloc(sizeof *line);
    if (line == NULL) {
        return fail(FETTLE_WHY_SYSTEM, ENOMEM);
    }
    fettle_outcome outcome = open_line(line, node, settings);
    if (outcome.kind == FETTLE_OK) {
        line->owner = *owner;
        *link =
            (fettle_link){.kind = FETTLE_LINK_SERIAL, .serial = &line_ops, .self = line};
        return outcome;
    }
    if (line->file >= 0) {
        line->dtr = line->rts = false;
        put_back(line);
        (void)close(line->file);
    }
    fettle_free(line);
    return outcome;
}
