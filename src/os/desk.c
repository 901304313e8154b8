/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one bus for what is plugged in.
 *
 * Which boards there are is told by sysfs where there is one (usb_linux.h, serial_list.h), else by libusb (usb_list.c).
 * Nobody tells when: a bus that waits looks again and again, because what it waits for is in part no event
 * of libusb's, as permissions and serial ports that come later. A look costs microseconds on Linux.
 */
#define _POSIX_C_SOURCE 200809L /* for threads */

#include "os/desk_inside.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/serial.h"

#include <string.h>

enum {
    MS = 1000,
    LOOK_US = 20 * MS, /* between two looks of one who waits, where a look costs nothing */
    LIST_US = 50 * MS, /* the same with libusb's list, ... */
    LIST_MAX_US = 250 * MS, /* ... which takes long on some systems: */
    LIST_SHARE = 4,         /* looking may take one part in so many of the time */
};

static fettle_us now(void)
{
    return fettle_os_clock()->now(NULL);
}

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

static fettle_outcome make_outcome(fettle_outcome_kind kind)
{
    return (fettle_outcome){.kind = kind};
}

static fettle_outcome refuse(fettle_why why)
{
    return (fettle_outcome){.kind = FETTLE_ERROR, .why = why};
}

/* OK: `until` is reached. */
static fettle_outcome_kind nap(fettle_us until, const fettle_cancel *cancel)
{
    return fettle_os_clock()->wait(NULL, until, cancel).kind;
}

/* ---- ports that are not on USB ---- */

static bool is_board(const fettle_serial_port *port)
{
    return port->device[0] == '\0' && port->has_node;
}

static bool has_settled(const fettle_serial_port *port, fettle_us time)
{
    return port->was_there || port->access == FETTLE_WHY_NONE ||
           time - port->came >= FETTLE_SERIAL_SETTLE_US;
}

/* What there is to see of them; a number that differs when that does. */
static uint64_t sum_up(const fettle_os_desk *desk)
{
    uint64_t sum = 0;
    for (const fettle_serial_port *port = fettle_serial_list_first(&desk->ports);
         port != NULL; port = fettle_serial_list_next(port)) {
        if (is_board(port) && port->arrival != 0) {
            sum = (sum * 31 + port->arrival) * 31 + (uint64_t)port->access + 1;
        }
    }
    return sum;
}

/* They share the numbers of arrivals and changes with the devices. */
static void show_ports(fettle_os_desk *desk, uint64_t before, fettle_us time)
{
    for (fettle_serial_port *port = fettle_serial_list_first(&desk->ports); port != NULL;
         port = fettle_serial_list_next(port)) {
        if (is_board(port) && port->arrival == 0 && has_settled(port, time)) {
            port->arrival = ++desk->table.arrivals;
        }
    }
    desk->table.change += sum_up(desk) != before ? 1 : 0;
}

static void describe_port(fettle_sight *sight, const fettle_serial_port *port)
{
    *sight = (fettle_sight){
        .kind = FETTLE_LINK_SERIAL,
        .arrival = port->arrival,
        .access = port->access,
    };
    memcpy(sight->path, port->node, sizeof sight->path);
    memcpy(sight->node, port->node, sizeof sight->node);
}

static size_t copy_ports(const fettle_os_desk *desk, fettle_sight *sights, size_t count,
                         size_t max)
{
    for (const fettle_serial_port *port = fettle_serial_list_first(&desk->ports);
         port != NULL; port = fettle_serial_list_next(port)) {
        if (is_board(port) && count++ < max) {
            describe_port(&sights[count - 1], port);
        }
    }
    return count;
}

static fettle_serial_port *find_port(const fettle_os_desk *desk, const char *path,
                                     uint32_t arrival)
{
    fettle_serial_port *port = fettle_serial_list_first(&desk->ports);
    while (port != NULL && !(is_board(port) && port->arrival == arrival &&
                             fettle_text_is_equal(port->node, path))) {
        port = fettle_serial_list_next(port);
    }
    return port;
}

/* ---- looking ---- */

/* Ports first: what is there then is there for the devices, too. */
static void look_at_sysfs(fettle_os_desk *desk, fettle_us time)
{
    uint64_t before = sum_up(desk);
    (void)fettle_serial_list_look(&desk->ports, &desk->serial_folders, time);
    (void)fettle_usb_linux_look(&desk->usb_folders, &desk->ports, &desk->table, time);
    show_ports(desk, before, time);
    desk->table.has_looked = true; /* also where there is no USB */
}

/* Under the lock. */
static void look_again(fettle_os_desk *desk, fettle_us began)
{
    uint64_t change = desk->table.change;
    if (desk->has_sysfs) {
        look_at_sysfs(desk, began);
    } else {
        fettle_usb_look_at_list(desk);
        fettle_us share = (now() - began) * LIST_SHARE;
        desk->pause = earlier(share > LIST_US ? share : LIST_US, LIST_MAX_US);
    }
    desk->looked = now();
    if (desk->table.change != change) {
        fettle_usb_tidy(desk);
    }
}

/* A look that another thread has just had will do. */
void fettle_desk_refresh(fettle_os_desk *desk, fettle_us max_age)
{
    fettle_us began = now();
    if (!desk->table.has_looked || began - desk->looked >= max_age) {
        look_again(desk, began);
    }
}

static size_t bus_look(void *bus, fettle_sight *sights, size_t max, uint64_t *change)
{
    fettle_os_desk *desk = bus;
    fettle_usb_lock_take(&desk->lock);
    fettle_desk_refresh(desk, 0);
    size_t count = fettle_usb_table_copy(&desk->table, sights, max);
    count = copy_ports(desk, sights, count, max);
    *change = desk->table.change;
    fettle_usb_lock_release(&desk->lock);
    return count;
}

static fettle_outcome bus_wait(void *bus, uint64_t change, fettle_us until,
                               const fettle_cancel *cancel)
{
    fettle_os_desk *desk = bus;
    fettle_usb_want(desk);
    for (;;) {
        fettle_us time = now(); /* before the look: what arrives at the deadline is seen */
        fettle_usb_lock_take(&desk->lock);
        fettle_desk_refresh(desk, desk->pause / 2);
        bool has_news = desk->table.change != change;
        fettle_us next = time + desk->pause;
        fettle_usb_lock_release(&desk->lock);
        if (has_news || time >= until) {
            return make_outcome(has_news ? FETTLE_OK : FETTLE_TIMEOUT);
        }
        fettle_outcome_kind kind = nap(earlier(next, until), cancel);
        if (kind != FETTLE_OK) {
            return make_outcome(kind);
        }
    }
}

/* ---- opening serial ports ---- */

/* Whose mark says that it is open, and its node; NULL: it has left. Under the lock. */
static bool *find_mark(const fettle_os_desk *desk, const char *path, uint32_t arrival,
                       const char **node)
{
    fettle_usb_device *device = NULL;
    fettle_usb_port *port =
        fettle_usb_table_find_port(&desk->table, path, arrival, &device);
    if (port != NULL) {
        *node = port->node;
        return port == device->ports ? &device->is_open : &port->is_open;
    }
    fettle_serial_port *other = find_port(desk, path, arrival);
    if (other != NULL) {
        *node = other->node;
        return &other->is_open;
    }
    return NULL;
}

static void take_back(void *self, const char *path, uint32_t arrival)
{
    fettle_os_desk *desk = self;
    const char *node;
    fettle_usb_lock_take(&desk->lock);
    bool *mark = find_mark(desk, path, arrival, &node);
    if (mark != NULL) {
        *mark = false;
    }
    fettle_usb_lock_release(&desk->lock);
}

/* Marks the port as open and says where it is. A board that is there without a port is no serial line now. */
static fettle_outcome reserve(fettle_os_desk *desk, const fettle_sight *sight,
                              char node[FETTLE_PATH_SIZE])
{
    const char *found = NULL;
    fettle_outcome outcome = make_outcome(FETTLE_OK);
    fettle_usb_lock_take(&desk->lock);
    fettle_desk_refresh(desk, 0);
    bool *mark = find_mark(desk, sight->path, sight->arrival, &found);
    if (mark == NULL) {
        bool is_there = fettle_usb_table_find_arrival(&desk->table, sight->path,
                                                      sight->arrival) != NULL;
        outcome = is_there ? refuse(FETTLE_WHY_DRIVER) : make_outcome(FETTLE_GONE);
    } else if (*mark) {
        outcome = refuse(FETTLE_WHY_BUSY);
    } else {
        *mark = true;
        memcpy(node, found, FETTLE_PATH_SIZE);
    }
    fettle_usb_lock_release(&desk->lock);
    return outcome;
}

static fettle_outcome open_serial(fettle_os_desk *desk, const fettle_sight *sight,
                                  const fettle_serial_settings *settings, fettle_link *link)
{
    char node[FETTLE_PATH_SIZE];
    fettle_outcome outcome = reserve(desk, sight, node);
    if (outcome.kind != FETTLE_OK) {
        return outcome;
    }
    fettle_serial_owner owner = {
        .let_go = take_back,
        .self = desk,
        .arrival = sight->arrival,
    };
    memcpy(owner.path, sight->path, sizeof owner.path);
    outcome = fettle_serial_open(node, settings, &owner, link);
    if (outcome.kind != FETTLE_OK) {
        take_back(desk, sight->path, sight->arrival);
    }
    return outcome;
}

static fettle_outcome bus_open(void *bus, const fettle_sight *sight, fettle_link_kind kind,
                               const fettle_serial_settings *settings, fettle_link *link)
{
    switch (kind) {
    case FETTLE_LINK_USB:
        return fettle_usb_link_open(bus, sight, link);
    case FETTLE_LINK_SERIAL:
        return open_serial(bus, sight, settings, link);
    default:
        return refuse(FETTLE_WHY_DRIVER);
    }
}

const fettle_bus_ops fettle_os_desk_bus_ops = {bus_look, bus_wait, bus_open};

/* ---- life ---- */

void fettle_os_desk_free(fettle_os_desk *desk)
{
    if (desk == NULL) {
        return;
    }
    fettle_usb_stop(desk);
    fettle_usb_table_finish(&desk->table);
    fettle_serial_list_finish(&desk->ports);
    fettle_usb_lock_finish(&desk->lock);
    fettle_free(desk);
}

static fettle_os_desk *refuse_memory(fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_NO_MEMORY,
                     &(fettle_words){.size = sizeof(fettle_os_desk)});
    return NULL;
}

static void set_folders(fettle_os_desk *desk, const char *root)
{
    static const char *const names[] = {
        "/sys/bus/usb/devices",
        "/dev/bus/usb",
        "/sys/class/tty",
        "/dev",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fettle_text_append(desk->folders[i], FETTLE_DESK_FOLDER_SIZE, root);
        fettle_text_append(desk->folders[i], FETTLE_DESK_FOLDER_SIZE, names[i]);
    }
    desk->usb_folders = (fettle_usb_linux){desk->folders[0], desk->folders[1]};
    desk->serial_folders = (fettle_serial_linux){desk->folders[2], desk->folders[3]};
}

fettle_os_desk *fettle_os_desk_new_below(const char *root, fettle_error *err)
{
    fettle_os_desk *desk = fettle_alloc(sizeof *desk);
    if (desk == NULL || !fettle_usb_lock_init(&desk->lock)) {
        fettle_free(desk);
        return refuse_memory(err);
    }
    set_folders(desk, root);
    desk->has_sysfs = fettle_usb_linux_is_there(&desk->usb_folders) ||
                      fettle_serial_list_is_there(&desk->serial_folders);
    desk->pause = desk->has_sysfs ? LOOK_US : LIST_US;
    if (!fettle_usb_start(desk, err)) {
        fettle_os_desk_free(desk);
        return NULL;
    }
    return desk;
}

fettle_os_desk *fettle_os_desk_new(fettle_error *err)
{
    return fettle_os_desk_new_below("", err);
}
