/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serial ports through sysfs. The folder of terminals has a link for each, and where that leads tells nearly all:
 *
 *   ../../devices/.../1-1/1-1.2/1-1.2:1.0/tty/ttyACM0            drivers of the CDC-ACM class
 *   ../../devices/.../1-1/1-1.2/1-1.2:1.0/ttyUSB0/tty/ttyUSB0    drivers of bridges
 *   ../../devices/pnp0/00:04/tty/ttyS0                           no USB
 *   ../../devices/virtual/tty/tty1                               no device
 *
 * A look is one pass over the folder, and one question about the node of each port: names that can't be ports are
 * left out at once, and what was found to be none is remembered.
 */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64

#include "os/serial_list.h"

#include "base/alloc.h"
#include "base/text.h"
#include "os/serial.h"
#include "os/usb_table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    NAME_SIZE = 512, /* of a file here, and of what a link says */
};

/* ---- names ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(const char *text)
{
    size_t count = 0;
    while (is_digit(text[count])) {
        count++;
    }
    return count;
}

/* Joins the parts up to NULL. False: too long. */
static bool join(char *path, const char *const *parts)
{
    path[0] = '\0';
    bool fits = true;
    for (; *parts != NULL && fits; parts++) {
        fits = fettle_text_append_part(path, NAME_SIZE, *parts, strlen(*parts));
    }
    return fits;
}

#define JOIN(path, ...) join(path, (const char *const[]){__VA_ARGS__, NULL})

/* Terminals of the screen, which are many: "tty", "tty0", "tty63", "console". */
static bool is_name_of_screen(const char *name)
{
    bool is_tty = strncmp(name, "tty", 3) == 0;
    return name[0] == '.' || fettle_text_is_equal(name, "console") ||
           (is_tty && name[3 + count_digits(name + 3)] == '\0');
}

/*
 * The length of a USB device's name at the beginning, "1-1.2", if that is followed by ":C.I/" of one of its
 * interfaces; else 0.
 */
static size_t measure_interface(const char *text, size_t *device)
{
    size_t length = count_digits(text);
    if (length == 0 || text[length] != '-') {
        return 0;
    }
    do {
        size_t digits = count_digits(text + length + 1);
        length = digits > 0 ? length + 1 + digits : 0;
    } while (length > 0 && text[length] == '.');
    if (length == 0 || text[length] != ':') {
        return 0;
    }
    *device = length;
    size_t configuration = count_digits(text + length + 1);
    length += 1 + configuration;
    size_t interface = text[length] == '.' ? count_digits(text + length + 1) : 0;
    length += 1 + interface;
    return configuration > 0 && interface > 0 && text[length] == '/' ? length : 0;
}

/* Is `rest`, behind an interface, "/tty/NAME" or "/NAME/tty/NAME"? Else other things are in between. */
static bool is_directly_below(const char *rest, const char *name)
{
    char expected[NAME_SIZE];
    return (JOIN(expected, "/tty/", name) && fettle_text_is_equal(rest, expected)) ||
           (JOIN(expected, "/", name, "/tty/", name) &&
            fettle_text_is_equal(rest, expected));
}

/* ---- what is read once an arrival ---- */

/* What the link says; false: there is none. */
static bool read_link(const char *path, char target[NAME_SIZE])
{
    ssize_t size = readlink(path, target, NAME_SIZE - 1);
    target[size > 0 ? size : 0] = '\0';
    return size > 0 && size < NAME_SIZE - 1;
}

/* Which interface of which device it is, where it is one. */
static void find_usb(fettle_serial_port *port, const char *target, const char *name)
{
    for (const char *part = target; part != NULL; part = strchr(part, '/')) {
        part += *part == '/' ? 1 : 0;
        size_t device = 0, length = measure_interface(part, &device);
        uint64_t number = 0;
        char digits[NAME_SIZE] = "";
        if (length == 0 || device >= sizeof port->device ||
            !is_directly_below(part + length, name)) {
            continue;
        }
        const char *interface = strchr(part + device, '.') + 1;
        (void)fettle_text_append_part(digits, sizeof digits, interface,
                                      count_digits(interface));
        if (fettle_text_to_number(digits, &number) && number <= UINT8_MAX) {
            (void)fettle_text_append_part(port->device, sizeof port->device, part, device);
            port->interface = (uint8_t)number;
            return;
        }
    }
}

/* Of those that a PC's driver keeps ready, only the ones that have found hardware have a type. */
static bool is_without_hardware(const fettle_serial_linux *at, const char *name)
{
    char path[NAME_SIZE], type[2] = "";
    if (!JOIN(path, at->ttys, "/", name, "/type")) {
        return false;
    }
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return false; /* others have no such attribute */
    }
    ssize_t size = read(file, type, sizeof type);
    (void)close(file);
    return size > 0 && type[0] == '0' && (size == 1 || !is_digit(type[1]));
}

static void find_driver(fettle_serial_port *port, const fettle_serial_linux *at,
                        const char *name)
{
    char path[NAME_SIZE], target[NAME_SIZE];
    if (JOIN(path, at->ttys, "/", name, "/device/driver") && read_link(path, target)) {
        const char *last = strrchr(target, '/');
        fettle_usb_copy_text(port->driver, sizeof port->driver,
                             last != NULL ? last + 1 : target);
    }
}

/* False: it is no port, and never will be. */
static bool read_port(fettle_serial_port *port, const fettle_serial_linux *at,
                      const char *name)
{
    char path[NAME_SIZE], target[NAME_SIZE];
    if (!JOIN(path, at->ttys, "/", name) || !read_link(path, target) ||
        !JOIN(path, at->ttys, "/", name, "/device") || access(path, F_OK) != 0 ||
        strlen(at->nodes) + 1 + strlen(name) >= sizeof port->node) {
        return false;
    }
    fettle_text_append(port->node, sizeof port->node, at->nodes);
    fettle_text_append(port->node, sizeof port->node, "/");
    fettle_text_append(port->node, sizeof port->node, name);
    find_usb(port, target, name);
    find_driver(port, at, name);
    return port->device[0] != '\0' || !is_without_hardware(at, name);
}

/* ---- what may change while it is there ---- */

static void look_at_node(fettle_serial_port *port)
{
    port->access = fettle_serial_access(port->node);
    port->has_node = port->access != FETTLE_WHY_DRIVER;
}

/* ---- the list ---- */

static void remove_at(fettle_serial_list *list, fettle_serial_port **place)
{
    fettle_serial_port *port = *place;
    *place = port->next;
    list->count--;
    fettle_free(port);
}

void fettle_serial_list_finish(fettle_serial_list *list)
{
    while (list->first != NULL) {
        remove_at(list, &list->first);
    }
}

static void add_arrival(fettle_serial_list *list, fettle_serial_port **place,
                        const fettle_serial_linux *at, const char *name, uint64_t identity,
                        fettle_us now)
{
    fettle_serial_port *port =
        list->count < FETTLE_SERIAL_PORTS_MAX && strlen(name) < sizeof port->name
            ? fettle_alloc(sizeof *port)
            : NULL;
    if (port == NULL) {
        return; /* not seen; the next look tries again */
    }
    fettle_text_append(port->name, sizeof port->name, name);
    port->identity = identity;
    port->is_seen = true;
    port->came = now;
    port->was_there = !list->has_looked;
    port->is_port = read_port(port, at, name);
    port->next = *place;
    *place = port;
    list->count++;
}

static void visit(fettle_serial_list *list, const fettle_serial_linux *at, const char *name,
                  uint64_t identity, fettle_us now)
{
    fettle_serial_port **place = &list->first;
    while (*place != NULL && fettle_usb_table_is_before((*place)->name, name)) {
        place = &(*place)->next;
    }
    bool is_known = *place != NULL && fettle_text_is_equal((*place)->name, name);
    if (is_known && (*place)->identity == identity) {
        (*place)->is_seen = true;
        return;
    }
    if (is_known) {
        remove_at(list, place);
    }
    add_arrival(list, place, at, name, identity, now);
}

static void end_look(fettle_serial_list *list)
{
    fettle_serial_port **place = &list->first;
    while (*place != NULL) {
        fettle_serial_port *port = *place;
        if (!port->is_seen) {
            remove_at(list, place);
            continue;
        }
        if (port->is_port) {
            look_at_node(port);
        }
        place = &port->next;
    }
    list->has_looked = true;
}

bool fettle_serial_list_is_there(const fettle_serial_linux *at)
{
    return access(at->ttys, R_OK) == 0;
}

bool fettle_serial_list_look(fettle_serial_list *list, const fettle_serial_linux *at,
                             fettle_us now)
{
    DIR *folder = opendir(at->ttys);
    if (folder == NULL) {
        return false;
    }
    for (fettle_serial_port *port = list->first; port != NULL; port = port->next) {
        port->is_seen = false;
    }
    errno = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL; errno = 0) {
        if (!is_name_of_screen(entry->d_name)) {
            visit(list, at, entry->d_name, entry->d_ino, now);
        }
    }
    bool ok = errno == 0;
    if (ok) {
        end_look(list);
    }
    (void)closedir(folder);
    return ok;
}

static fettle_serial_port *skip_others(fettle_serial_port *port)
{
    while (port != NULL && !port->is_port) {
        port = port->next;
    }
    return port;
}

fettle_serial_port *fettle_serial_list_first(const fettle_serial_list *list)
{
    return skip_others(list->first);
}

fettle_serial_port *fettle_serial_list_next(const fettle_serial_port *port)
{
    return skip_others(port->next);
}
