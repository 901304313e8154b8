/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serial lines with real termios: a pseudo-terminal stands for the port, and the test holds its other end. What it
 * doesn't have (control lines, fewer than 8 data bits) has to be told from what went wrong.
 */
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cancel.h"
#include "os/clock.h"
#include "os/serial.h"
#include "os/serial_bus.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum {
    SECOND = 1000000,
    LONG = 20 * SECOND, /* nothing here takes so long */
};

/* A pseudo-terminal: the other end, and where it is. */
struct line {
    int other_end;
    char node[FETTLE_PATH_SIZE];
    fettle_link link;
    unsigned let_go;
};

static const fettle_serial_settings usual = {.baud = 115200, .data_bits = 8};

static fettle_us now(void)
{
    return fettle_os_clock()->now(NULL);
}

static void let_go(void *self, const char *path, uint32_t arrival)
{
    struct line *line = self;
    assert_string_equal("a path", path);
    assert_int_equal(7, arrival);
    line->let_go++;
}

static fettle_outcome open_line(struct line *line, const fettle_serial_settings *settings)
{
    fettle_serial_owner owner = {let_go, line, "a path", 7};
    return fettle_serial_open(line->node, settings, &owner, &line->link);
}

static void make_terminal(struct line *line)
{
    line->other_end = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(line->other_end >= 0);
    assert_int_equal(0, grantpt(line->other_end));
    assert_int_equal(0, unlockpt(line->other_end));
    const char *name = ptsname(line->other_end);
    assert_non_null(name);
    assert_true(strlen(name) < sizeof line->node);
    memcpy(line->node, name, strlen(name) + 1);
}

static struct line *set_up(void)
{
    struct line *line = calloc(1, sizeof *line);
    assert_non_null(line);
    make_terminal(line);
    assert_int_equal(FETTLE_OK, open_line(line, &usual).kind);
    assert_int_equal(FETTLE_LINK_SERIAL, line->link.kind);
    return line;
}

static void hang_up(struct line *line)
{
    assert_int_equal(0, close(line->other_end));
    line->other_end = -1;
}

static void tear_down(struct line *line)
{
    line->link.serial->close(line->link.self);
    assert_int_equal(1, line->let_go);
    if (line->other_end >= 0) {
        hang_up(line);
    }
    free(line);
}

static void assert_failed(fettle_why why, int error, fettle_outcome outcome)
{
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(why, outcome.why);
    assert_int_equal(error, outcome.system);
}

static fettle_outcome read_line(struct line *line, uint8_t *bytes, size_t size)
{
    return line->link.serial->read(line->link.self, bytes, size, now() + LONG, NULL);
}

static fettle_outcome write_line(struct line *line, const uint8_t *bytes, size_t size)
{
    return line->link.serial->write(line->link.self, bytes, size, now() + LONG, NULL);
}

static void send_other(struct line *line, const void *bytes, size_t size)
{
    assert_int_equal(size, write(line->other_end, bytes, size));
}

static void receive_other(struct line *line, uint8_t *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = read(line->other_end, bytes + done, size - done);
        assert_true(count > 0);
        done += (size_t)count;
    }
}

/* ---- bytes ---- */

static void test_carries_all_bytes(void **state)
{
    (void)state;
    struct line *line = set_up();
    uint8_t all[256], got[256];
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    fettle_outcome outcome = write_line(line, all, sizeof all);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(sizeof all, outcome.count);
    receive_other(line, got, sizeof got);
    assert_memory_equal(all, got, sizeof all);
    send_other(line, all, sizeof all);
    memset(got, 0, sizeof got);
    for (size_t done = 0; done < sizeof got;) {
        outcome = read_line(line, got + done, sizeof got - done);
        assert_int_equal(FETTLE_OK, outcome.kind);
        assert_true(outcome.count > 0);
        done += outcome.count;
    }
    assert_memory_equal(all, got, sizeof all);
    tear_down(line);
}

static void test_reads_what_is_there(void **state)
{
    (void)state;
    struct line *line = set_up();
    uint8_t got[8];
    send_other(line, "abc", 3);
    fettle_outcome outcome = read_line(line, got, 2); /* no more than there is room for */
    assert_int_equal(2, outcome.count);
    outcome = read_line(line, got + 2, 6); /* no waiting for more */
    assert_int_equal(1, outcome.count);
    assert_memory_equal("abc", got, 3);
    tear_down(line);
}

static void test_keeps_what_comes_meanwhile(void **state)
{
    (void)state;
    struct line *line = set_up();
    uint8_t sent[4095], got[4096];
    memset(sent, 'x', sizeof sent);
    send_other(line, sent, sizeof sent);
    send_other(line, "!", 1);
    size_t done = 0;
    while (done < sizeof got) {
        fettle_outcome outcome = read_line(line, got + done, sizeof got - done);
        assert_int_equal(FETTLE_OK, outcome.kind);
        done += outcome.count;
    }
    assert_int_equal('x', got[4094]);
    assert_int_equal('!', got[4095]);
    tear_down(line);
}

static void test_deadlines(void **state)
{
    (void)state;
    struct line *line = set_up();
    const fettle_serial_ops *ops = line->link.serial;
    static uint8_t much[1 << 20];
    uint8_t got[1];
    fettle_us until = now() + 30000;
    fettle_outcome outcome = ops->read(line->link.self, got, 1, until, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_true(now() >= until);
    outcome = ops->read(line->link.self, got, 1, 0, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    send_other(line, "a", 1); /* what is there counts, however late one asks */
    outcome = ops->read(line->link.self, got, 1, 0, NULL);
    assert_int_equal(FETTLE_OK, outcome.kind);
    /* nobody reads at the other end */
    outcome = ops->write(line->link.self, much, sizeof much, now() + 30000, NULL);
    assert_int_equal(FETTLE_TIMEOUT, outcome.kind);
    assert_true(outcome.count > 0 && outcome.count < sizeof much);
    tear_down(line);
}

static void test_writes_as_fast_as_it_is_read(void **state)
{
    (void)state;
    struct line *line = set_up();
    static uint8_t much[1 << 16];
    uint8_t got[4096];
    size_t sent = 0, received = 0;
    assert_int_equal(0, fcntl(line->other_end, F_SETFL, O_NONBLOCK));
    while (sent < sizeof much) {
        fettle_outcome outcome = line->link.serial->write(
            line->link.self, much + sent, sizeof much - sent, now() + 5000, NULL);
        assert_true(outcome.kind == FETTLE_OK || outcome.kind == FETTLE_TIMEOUT);
        sent += outcome.count;
        for (ssize_t count; (count = read(line->other_end, got, sizeof got)) > 0;) {
            received += (size_t)count;
        }
    }
    fettle_us until = now() + LONG;
    while (received < sent && now() < until) {
        ssize_t count = read(line->other_end, got, sizeof got);
        received += count > 0 ? (size_t)count : 0;
    }
    assert_int_equal(sent, received);
    tear_down(line);
}

static void *cancel_soon(void *cancel)
{
    (void)fettle_os_clock()->wait(NULL, now() + 10000, NULL);
    fettle_cancel_want(cancel);
    return NULL;
}

static void test_cancels(void **state)
{
    (void)state;
    struct line *line = set_up();
    const fettle_serial_ops *ops = line->link.serial;
    static uint8_t much[1 << 20];
    for (int i = 0; i < 2; i++) {
        fettle_cancel cancel = {false};
        pthread_t thread;
        assert_int_equal(0, pthread_create(&thread, NULL, cancel_soon, &cancel));
        fettle_outcome outcome =
            i == 0 ? ops->read(line->link.self, much, 1, FETTLE_NEVER, &cancel)
                   : ops->write(line->link.self, much, sizeof much, FETTLE_NEVER, &cancel);
        assert_int_equal(0, pthread_join(thread, NULL));
        assert_int_equal(FETTLE_CANCELLED, outcome.kind);
    }
    tear_down(line);
}

static void test_discards(void **state)
{
    (void)state;
    struct line *line = set_up();
    uint8_t got[8];
    send_other(line, "old", 3);
    assert_int_equal(FETTLE_OK, line->link.serial->discard(line->link.self).kind);
    send_other(line, "new", 3);
    assert_int_equal(3, read_line(line, got, sizeof got).count);
    assert_memory_equal("new", got, 3);
    tear_down(line);
}

/* ---- settings ---- */

/* The kernel's struct; its own header and termios.h don't go together. */
struct kernel_modes {
    uint32_t iflag, oflag, cflag, lflag;
    uint8_t line, cc[19];
    uint32_t ispeed, ospeed;
};

static void assert_rate(struct line *line, uint32_t baud)
{
#ifdef __linux__
    struct kernel_modes modes;
    assert_int_equal(0,
                     ioctl(line->other_end, _IOR('T', 0x2A, struct kernel_modes), &modes));
    assert_int_equal(baud, modes.ospeed);
    assert_int_equal(baud, modes.ispeed);
#else
    (void)line;
    (void)baud;
#endif
}

static void test_sets_any_rate(void **state)
{
    (void)state;
    struct line *line = set_up();
    assert_rate(line, 115200);
    static const uint32_t rates[] = {9600, 74880, 460800, 921600, 1234567, 3000000, 110};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        fettle_outcome outcome = line->link.serial->set_baud(line->link.self, rates[i]);
        assert_int_equal(FETTLE_OK, outcome.kind);
        assert_rate(line, rates[i]);
    }
    fettle_outcome outcome = line->link.serial->set_baud(line->link.self, 0);
    assert_failed(FETTLE_WHY_SYSTEM, EINVAL, outcome);
    assert_true(fettle_serial_is_unsupported(&outcome));
    assert_rate(line, 110); /* as before */
    tear_down(line);
}

static void test_knows_rates_that_are_others(void **state)
{
    (void)state;
    assert_true(fettle_serial_is_rate(115200, 115200));
    assert_true(fettle_serial_is_rate(117600, 115200)); /* 2 % */
    assert_true(fettle_serial_is_rate(112800, 115200));
    assert_false(fettle_serial_is_rate(119000, 115200)); /* 3.3 % */
    assert_false(fettle_serial_is_rate(111400, 115200));
    assert_false(fettle_serial_is_rate(0, 115200));
}

/* A driver may keep 8 bits whatever it is told, as the one for pseudo-terminals does. */
static void test_does_not_believe_the_driver(void **state)
{
    (void)state;
    struct line *line = set_up();
    const fettle_serial_ops *ops = line->link.serial;
    for (uint8_t bits = 5; bits <= 8; bits++) {
        struct termios modes;
        static const tcflag_t flags[] = {CS5, CS6, CS7, CS8};
        fettle_outcome outcome = ops->set_format(line->link.self, bits);
        assert_int_equal(0, tcgetattr(line->other_end, &modes));
        bool is_so = (modes.c_cflag & CSIZE) == flags[bits - 5];
        assert_int_equal(is_so, outcome.kind == FETTLE_OK);
        assert_true(is_so || fettle_serial_is_unsupported(&outcome));
        assert_true(is_so || bits < 8);
    }
    assert_failed(FETTLE_WHY_SYSTEM, EINVAL, ops->set_format(line->link.self, 4));
    assert_failed(FETTLE_WHY_SYSTEM, EINVAL, ops->set_format(line->link.self, 9));
    tear_down(line);
}

static void test_has_no_control_lines(void **state)
{
    (void)state;
    struct line *line = calloc(1, sizeof *line);
    assert_non_null(line);
    make_terminal(line);
    fettle_serial_settings settings = {.baud = 9600, .data_bits = 8, .dtr = true};
    assert_int_equal(FETTLE_OK, open_line(line, &settings).kind); /* no reason to refuse */
    fettle_outcome outcome = line->link.serial->set_lines(line->link.self, true, false);
    assert_failed(FETTLE_WHY_SYSTEM, ENOTTY, outcome);
    assert_true(fettle_serial_is_unsupported(&outcome));
    tear_down(line);
}

static void test_puts_back_what_it_found(void **state)
{
    (void)state;
    struct line *line = calloc(1, sizeof *line);
    struct termios before, during, after;
    assert_non_null(line);
    make_terminal(line);
    /* so that the modes stay while nobody has it open */
    int keeper = open(line->node, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(keeper >= 0);
    assert_int_equal(0, tcgetattr(keeper, &before));
    assert_int_equal(0, cfsetispeed(&before, B19200));
    assert_int_equal(0, cfsetospeed(&before, B19200));
    before.c_cflag |= HUPCL;
    before.c_iflag |= IXON;
    before.c_lflag |= ICANON | ECHO;
    assert_int_equal(0, tcsetattr(keeper, TCSANOW, &before));
    assert_int_equal(0, tcgetattr(keeper, &before));
    assert_int_equal(FETTLE_OK, open_line(line, &usual).kind);
    assert_int_equal(0, tcgetattr(keeper, &during));
    assert_rate(line, 115200);
    assert_int_equal(0, during.c_cflag & HUPCL);
    assert_int_equal(0, during.c_iflag & (IXON | ICRNL));
    assert_int_equal(0, during.c_lflag & (ICANON | ECHO | ISIG));
    assert_int_equal(0, during.c_oflag & OPOST);
    line->link.serial->close(line->link.self);
    assert_int_equal(0, tcgetattr(keeper, &after));
    assert_int_equal(before.c_iflag, after.c_iflag);
    assert_int_equal(before.c_oflag, after.c_oflag);
    assert_int_equal(before.c_cflag, after.c_cflag);
    assert_int_equal(before.c_lflag, after.c_lflag);
    assert_int_equal(cfgetospeed(&before), cfgetospeed(&after));
    assert_int_equal(0, close(keeper));
    hang_up(line);
    free(line);
}

/* ---- opening ---- */

static void test_is_exclusive(void **state)
{
    (void)state;
    struct line *line = set_up();
    fettle_link link = {.kind = FETTLE_LINK_NONE};
    fettle_serial_owner owner = {NULL, NULL, "", 0};
    fettle_outcome outcome = fettle_serial_open(line->node, &usual, &owner, &link);
    assert_failed(FETTLE_WHY_BUSY, EBUSY, outcome);
    assert_int_equal(FETTLE_LINK_NONE, link.kind);
    assert_rate(line, 115200); /* and nothing was changed by trying */
    line->link.serial->close(line->link.self);
    assert_int_equal(FETTLE_OK, open_line(line, &usual).kind);
    line->let_go = 0;
    tear_down(line);
}

/* Programs have two ways to say that a port is theirs. */
static void test_respects_others(void **state)
{
    (void)state;
    struct line *line = calloc(1, sizeof *line);
    assert_non_null(line);
    make_terminal(line);
    int other = open(line->node, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(other >= 0);
    assert_int_equal(0, flock(other, LOCK_EX | LOCK_NB));
    assert_failed(FETTLE_WHY_BUSY, EBUSY, open_line(line, &usual));
    assert_int_equal(0, flock(other, LOCK_UN));
    assert_int_equal(0, ioctl(other, TIOCEXCL));
    assert_failed(FETTLE_WHY_BUSY, EBUSY, open_line(line, &usual));
    assert_int_equal(0, ioctl(other, TIOCNXCL));
    assert_int_equal(FETTLE_OK, open_line(line, &usual).kind);
    assert_int_equal(0, close(other));
    tear_down(line);
}

static void test_refuses_what_is_none(void **state)
{
    (void)state;
    fettle_link link;
    fettle_serial_owner owner = {NULL, NULL, "", 0};
    fettle_outcome outcome = fettle_serial_open("/dev/null", &usual, &owner, &link);
    assert_failed(FETTLE_WHY_SYSTEM, ENOTTY, outcome);
    outcome = fettle_serial_open("/dev/no-such-port", &usual, &owner, &link);
    assert_int_equal(FETTLE_GONE, outcome.kind);
    assert_int_equal(FETTLE_WHY_DRIVER, fettle_serial_access("/dev/no-such-port"));
}

static void test_refuses_without_permission(void **state)
{
    (void)state;
    struct line *line = calloc(1, sizeof *line);
    assert_non_null(line);
    make_terminal(line);
    bool is_root = geteuid() == 0;
    assert_int_equal(0, chmod(line->node, 0));
    assert_int_equal(0, is_root ? seteuid(65534) : 0);
    fettle_outcome outcome = open_line(line, &usual);
    fettle_why access = fettle_serial_access(line->node);
    assert_int_equal(0, is_root ? seteuid(0) : 0);
    assert_failed(FETTLE_WHY_PERMISSION, EACCES, outcome);
    assert_int_equal(FETTLE_WHY_PERMISSION, access);
    hang_up(line);
    free(line);
}

static void test_refuses_settings_that_it_cannot_have(void **state)
{
    (void)state;
    struct line *line = calloc(1, sizeof *line);
    assert_non_null(line);
    make_terminal(line);
    fettle_serial_settings settings = {.baud = 0, .data_bits = 8};
    assert_failed(FETTLE_WHY_SYSTEM, EINVAL, open_line(line, &settings));
    settings = (fettle_serial_settings){.baud = 9600, .data_bits = 9};
    assert_failed(FETTLE_WHY_SYSTEM, EINVAL, open_line(line, &settings));
    assert_int_equal(0, line->let_go);
    assert_int_equal(FETTLE_OK, open_line(line, &usual).kind); /* it is not held by that */
    tear_down(line);
}

static void test_is_gone_when_hung_up(void **state)
{
    (void)state;
    struct line *line = set_up();
    const fettle_serial_ops *ops = line->link.serial;
    void *self = line->link.self;
    uint8_t byte = 0;
    hang_up(line);
    assert_int_equal(FETTLE_GONE, read_line(line, &byte, 1).kind);
    assert_int_equal(FETTLE_GONE, write_line(line, &byte, 1).kind);
    assert_int_equal(FETTLE_GONE, ops->set_baud(self, 9600).kind);
    assert_int_equal(FETTLE_GONE, ops->set_format(self, 8).kind);
    assert_int_equal(FETTLE_GONE, ops->read(self, &byte, 1, 0, NULL).kind);
    tear_down(line);
}

static void *hang_up_soon(void *line)
{
    (void)fettle_os_clock()->wait(NULL, now() + 10000, NULL);
    hang_up(line);
    return NULL;
}

static void test_is_gone_while_it_waits(void **state)
{
    (void)state;
    struct line *line = set_up();
    uint8_t byte;
    pthread_t thread;
    assert_int_equal(0, pthread_create(&thread, NULL, hang_up_soon, line));
    fettle_outcome outcome =
        line->link.serial->read(line->link.self, &byte, 1, FETTLE_NEVER, NULL);
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_int_equal(FETTLE_GONE, outcome.kind);
    tear_down(line);
}

/* ---- a node as a bus ---- */

static const fettle_bus_ops *const bus_ops = &fettle_os_serial_bus_ops;

static void test_a_node_is_a_board(void **state)
{
    (void)state;
    struct line *line = calloc(1, sizeof *line);
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_sight sight;
    fettle_link link, other;
    uint64_t change = 0;
    char path[FETTLE_PATH_SIZE];
    assert_non_null(line);
    make_terminal(line);
    fettle_os_serial *bus = fettle_os_serial_new(line->node, &err);
    assert_non_null(bus);
    fettle_os_serial_path(bus, path);
    assert_string_equal(line->node, path);
    assert_int_equal(1, bus_ops->look(bus, &sight, 1, &change));
    assert_int_equal(1, bus_ops->look(bus, NULL, 0, &change));
    assert_string_equal(line->node, sight.path);
    assert_string_equal(line->node, sight.node);
    assert_int_equal(FETTLE_LINK_SERIAL, sight.kind);
    assert_int_equal(1, sight.arrival);
    assert_int_equal(FETTLE_WHY_NONE, sight.access);
    assert_int_equal(0, sight.id.vendor);
    assert_failed(FETTLE_WHY_DRIVER, 0,
                  bus_ops->open(bus, &sight, FETTLE_LINK_USB, NULL, &link));
    assert_int_equal(FETTLE_OK,
                     bus_ops->open(bus, &sight, FETTLE_LINK_SERIAL, &usual, &link).kind);
    /* by us, and so without a code of the system's */
    assert_failed(FETTLE_WHY_BUSY, 0,
                  bus_ops->open(bus, &sight, FETTLE_LINK_SERIAL, &usual, &other));
    link.serial->close(link.self);
    assert_int_equal(FETTLE_OK,
                     bus_ops->open(bus, &sight, FETTLE_LINK_SERIAL, &usual, &link).kind);
    assert_int_equal(FETTLE_TIMEOUT, bus_ops->wait(bus, change, now() + 1000, NULL).kind);
    hang_up(line);
    assert_int_equal(FETTLE_OK, bus_ops->wait(bus, change, now() + LONG, NULL).kind);
    assert_int_equal(0, bus_ops->look(bus, &sight, 1, &change));
    assert_int_equal(FETTLE_GONE,
                     bus_ops->open(bus, &sight, FETTLE_LINK_SERIAL, &usual, &other).kind);
    link.serial->close(link.self);
    fettle_os_serial_free(bus);
    free(line);
}

struct later {
    char from[128];
    struct line *to;
};

static void *appear_soon(void *self)
{
    struct later *later = self;
    (void)fettle_os_clock()->wait(NULL, now() + 10000, NULL);
    assert_int_equal(0, symlink(later->to->node, later->from));
    return NULL;
}

/* By a name of one's own, for what isn't there yet; and back as a later arrival. */
static void test_a_node_that_comes_later(void **state)
{
    (void)state;
    struct line lines[2] = {{.other_end = -1}, {.other_end = -1}};
    char folder[] = "/tmp/fettle-test-XXXXXX";
    struct later later = {.to = &lines[0]};
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_sight sight;
    uint64_t change = 0;
    pthread_t thread;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(later.from, sizeof later.from, "%s/port", folder);
    make_terminal(&lines[0]);
    make_terminal(&lines[1]);
    fettle_os_serial *bus = fettle_os_serial_new(later.from, &err);
    assert_non_null(bus);
    assert_int_equal(0, bus_ops->look(bus, &sight, 1, &change));
    assert_int_equal(0, pthread_create(&thread, NULL, appear_soon, &later));
    assert_int_equal(FETTLE_OK, bus_ops->wait(bus, change, now() + LONG, NULL).kind);
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_int_equal(1, bus_ops->look(bus, &sight, 1, &change));
    assert_int_equal(1, sight.arrival);
    assert_string_equal(later.from, sight.path);
    assert_int_equal(0, unlink(later.from)); /* another one between two looks */
    assert_int_equal(0, symlink(lines[1].node, later.from));
    assert_int_equal(FETTLE_OK, bus_ops->wait(bus, change, now() + LONG, NULL).kind);
    assert_int_equal(1, bus_ops->look(bus, &sight, 1, &change));
    assert_int_equal(2, sight.arrival);
    fettle_os_serial_free(bus);
    assert_int_equal(0, unlink(later.from));
    assert_int_equal(0, rmdir(folder));
    hang_up(&lines[0]);
    hang_up(&lines[1]);
}

static void test_refuses_names_that_are_none(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "ttyUSB0",
        "/",
        "/dev",
        "/etc/hostname",
        "tcp://",
        "tcp://host",
        "tcp://host:0",
        "tcp://host:65536",
        "tcp://host:12/x",
        "tcp://:12",
        "rfc2217://host",
        "rfc2217:/host:12",
        "serial://host:12",
        "/dev/a-name-that-is-longer-than-any-path-can-be-in-a-sight-of-a-board",
        "tcp://a-name-that-is-longer-than-any-path-can-be-in-a-sight-of-a-board:12",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fettle_error err = {.code = FETTLE_E_NONE};
        assert_null(fettle_os_serial_new(names[i], &err));
        assert_int_equal(FETTLE_E_USAGE, err.code);
    }
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_alloc_fail_at(1);
    assert_null(fettle_os_serial_new("/dev/null", &err));
    fettle_alloc_fail_at(0);
    assert_int_equal(FETTLE_E_NO_MEMORY, err.code);
    fettle_os_serial_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_carries_all_bytes),
        cmocka_unit_test(test_reads_what_is_there),
        cmocka_unit_test(test_keeps_what_comes_meanwhile),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_writes_as_fast_as_it_is_read),
        cmocka_unit_test(test_cancels),
        cmocka_unit_test(test_discards),
        cmocka_unit_test(test_sets_any_rate),
        cmocka_unit_test(test_knows_rates_that_are_others),
        cmocka_unit_test(test_does_not_believe_the_driver),
        cmocka_unit_test(test_has_no_control_lines),
        cmocka_unit_test(test_puts_back_what_it_found),
        cmocka_unit_test(test_is_exclusive),
        cmocka_unit_test(test_respects_others),
        cmocka_unit_test(test_refuses_what_is_none),
        cmocka_unit_test(test_refuses_without_permission),
        cmocka_unit_test(test_refuses_settings_that_it_cannot_have),
        cmocka_unit_test(test_is_gone_when_hung_up),
        cmocka_unit_test(test_is_gone_while_it_waits),
        cmocka_unit_test(test_a_node_is_a_board),
        cmocka_unit_test(test_a_node_that_comes_later),
        cmocka_unit_test(test_refuses_names_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
