/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at USB through sysfs (Documentation/ABI/testing/sysfs-bus-usb and stable/sysfs-bus-usb of the
 * kernel). The folder of devices has links named BUS-PORT.PORT for devices and BUS-PORT.PORT:C.I for the
 * interfaces of their active configuration C, among others.
 *
 * This is cheap enough to be done fifty times a second, and sees an arrival at once and without help:
 * libusb's own list is fed by udevd, which comes later and isn't there in a container. Each look costs one
 * pass over the folder, and one question for each device about its node. Serial ports are found by
 * serial_list.h, and only joined to their devices here.
 *
 * The kernel writes nothing here that a device didn't say: texts and descriptors are untrusted.
 */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64

#include "os/usb_linux.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    NAME_SIZE = 512,  /* of a file here */
    LINE_SIZE = 1024, /* of an attribute; the kernel's limit for a text is 255 characters */
    /* Descriptors of all configurations; a device with more has none. */
    ALL_SETS_SIZE = 16384,
    CONFIGURATION = 2, /* descriptor type, USB 2.0 table 9-5 */
    MS = 1000,
};

/* ---- names ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits: how many. */
static size_t count_digits(const char *text)
{
    size_t count = 0;
    while (is_digit(text[count])) {
        count++;
    }
    return count;
}

/* The length of BUS-PORT.PORT... at the beginning; 0: another name, such as "usb1" of a root hub. */
static size_t measure_device_name(const char *name)
{
    size_t length = count_digits(name);
    if (length == 0 || name[length] != '-') {
        return 0;
    }
    do {
        size_t digits = count_digits(name + length + 1);
        if (digits == 0) {
            return 0;
        }
        length += 1 + digits;
    } while (name[length] == '.');
    return length;
}

static bool is_device_name(const char *name)
{
    size_t length = measure_device_name(name);
    return length > 0 && name[length] == '\0';
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

/* ---- files ---- */

/* As much as fits; -1: it can't be read. */
static ssize_t read_file(const char *path, void *bytes, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return -1;
    }
    size_t done = 0;
    ssize_t count = 1;
    while (done < size && count != 0) {
        count = read(file, (char *)bytes + done, size - done);
        if (count < 0 && errno != EINTR) {
            break;
        }
        done += count > 0 ? (size_t)count : 0;
    }
    (void)close(file);
    return count < 0 ? -1 : (ssize_t)done;
}

/* An attribute without its end of line. False: there is none. */
static bool read_line(const fettle_usb_linux *at, const char *name, const char *attribute,
                      char line[LINE_SIZE])
{
    char path[NAME_SIZE];
    line[0] = '\0';
    if (!JOIN(path, at->devices, "/", name, "/", attribute)) {
        return false;
    }
    ssize_t size = read_file(path, line, LINE_SIZE - 1);
    if (size < 0) {
        return false;
    }
    line[size] = '\0';
    if (size > 0 && line[size - 1] == '\n') {
        line[size - 1] = '\0';
    }
    return true;
}

/* A number on a bus; 0: none. */
static uint8_t read_number(const fettle_usb_linux *at, const char *name,
                           const char *attribute)
{
    char line[LINE_SIZE];
    uint64_t number = 0;
    bool ok = read_line(at, name, attribute, line) &&
              fettle_text_to_number(line, &number) && number <= UINT8_MAX;
    return ok ? (uint8_t)number : 0;
}

/* ---- what is read once an arrival ---- */

static void read_text(const fettle_usb_linux *at, const char *name, const char *attribute,
                      char text[FETTLE_TEXT_SIZE])
{
    char line[LINE_SIZE];
    (void)read_line(at, name, attribute,
                    line); /* missing where the device has no such text */
    fettle_usb_copy_text(text, FETTLE_TEXT_SIZE, line);
}

/*
 * The active configuration, 0: none yet. Taken from the names of its interfaces: bConfigurationValue
 * would wait for a driver that is starting, or for a reset that another program does.
 */
static uint8_t find_configuration(const fettle_usb_linux *at, const char *name)
{
    size_t length = strlen(name);
    uint8_t value = 0;
    DIR *folder = opendir(at->devices);
    if (folder == NULL) {
        return 0;
    }
    for (struct dirent *entry; value == 0 && (entry = readdir(folder)) != NULL;) {
        const char *rest = entry->d_name + length;
        if (strncmp(entry->d_name, name, length) == 0 && *rest == ':') {
            unsigned number = 0;
            for (rest++; is_digit(*rest) && number <= UINT8_MAX; rest++) {
                number = number * 10 + (unsigned)(*rest - '0');
            }
            value = *rest == '.' && number <= UINT8_MAX ? (uint8_t)number : 0;
        }
    }
    (void)closedir(folder);
    return value;
}

/*
 * The set of configuration `value` in all sets. From one configuration to the next it goes by descriptors:
 * what a device says in wTotalLength, and what the kernel made of it, may differ.
 */
static const uint8_t *find_set(const uint8_t *bytes, size_t size, uint8_t value,
                               size_t *set_size)
{
    *set_size = 0;
    for (size_t at = FETTLE_USB_DEVICE_SIZE; at + 9 <= size && bytes[at] >= 2;
         at += bytes[at]) {
        if (bytes[at + 1] == CONFIGURATION && bytes[at + 5] == value) {
            size_t total = (size_t)(bytes[at + 2] | bytes[at + 3] << 8);
            *set_size = total < size - at ? total : size - at;
            return bytes + at;
        }
    }
    return NULL;
}

/* Hubs have no use for texts. */
static void read_texts(const fettle_usb_linux *at, const char *name, fettle_sight *sight)
{
    read_text(at, name, "manufacturer", sight->manufacturer);
    read_text(at, name, "product", sight->product);
    read_text(at, name, "serial", sight->serial);
}

/*
 * False: it is about to leave again, or not all there yet. Texts wait for the configuration: the kernel
 * lets nobody read them while it sets one, and a look must not block.
 */
static bool read_descriptors(const fettle_usb_linux *at, const char *name,
                             fettle_usb_device *device)
{
    char path[NAME_SIZE];
    uint8_t bytes[ALL_SETS_SIZE];
    if (!JOIN(path, at->devices, "/", name, "/descriptors")) {
        return false;
    }
    ssize_t size = read_file(path, bytes, sizeof bytes);
    if (size < FETTLE_USB_DEVICE_SIZE) {
        return false;
    }
    uint8_t configuration = find_configuration(at, name);
    size_t set_size = 0;
    const uint8_t *set =
        configuration == 0 ? NULL : find_set(bytes, (size_t)size, configuration, &set_size);
    fettle_usb_sight_describe(&device->sight, bytes, set, set_size);
    device->is_configured = configuration != 0;
    device->is_hub = bytes[4] == FETTLE_USB_CLASS_HUB;
    if (device->is_configured && !device->is_hub) {
        read_texts(at, name, &device->sight);
    }
    return true;
}

static bool read_device(const fettle_usb_linux *at, const char *name,
                        fettle_usb_device *device)
{
    device->bus = read_number(at, name, "busnum");
    device->address = read_number(at, name, "devnum");
    return device->address != 0 && read_descriptors(at, name, device);
}

/* ---- what may change while it is there ---- */

static void append_three_digits(char *text, uint8_t number)
{
    const char digits[] = {(char)('0' + number / 100), (char)('0' + number / 10 % 10),
                           (char)('0' + number % 10), '\0'};
    fettle_text_append(text, NAME_SIZE, digits);
}

/*
 * As the user that open() would be asked for. Where a sandbox doesn't know that question it says EPERM;
 * then the one for the real user must do.
 */
static bool may_open(const char *path)
{
    return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0 ||
           (errno == EPERM && access(path, R_OK | W_OK) == 0);
}

static void look_at_node(const fettle_usb_linux *at, fettle_usb_device *device)
{
    char path[NAME_SIZE];
    (void)JOIN(path, at->nodes, "/");
    append_three_digits(path, device->bus);
    fettle_text_append(path, NAME_SIZE, "/");
    append_three_digits(path, device->address);
    device->node_access = may_open(path) ? FETTLE_WHY_NONE : FETTLE_WHY_PERMISSION;
    device->had_node = device->had_node || device->has_node;
    device->has_node =
        device->node_access == FETTLE_WHY_NONE || (errno != ENOENT && errno != ENOTDIR);
}

/* udev sets a port's permissions a little after it has come; the device's own age counts for what was there first. */
static bool is_settled(const fettle_usb_device *device, const fettle_serial_port *port,
                       fettle_us now)
{
    fettle_us age = port->was_there ? now - device->came + device->age : now - port->came;
    return port->access == FETTLE_WHY_NONE || age >= FETTLE_SERIAL_SETTLE_US;
}

static const fettle_usb_port *find_port(const fettle_usb_device *device, const char *node)
{
    for (size_t i = 0; i < device->port_count; i++) {
        if (fettle_text_is_equal(device->ports[i].node, node)) {
            return &device->ports[i];
        }
    }
    return NULL;
}

/* True: they are other ones than before. */
static bool set_ports(fettle_usb_device *device, fettle_usb_port *ports, size_t count)
{
    bool is_news = count != device->port_count;
    for (size_t i = 0; i < count; i++) {
        const fettle_usb_port *before = find_port(device, ports[i].node);
        is_news = is_news || before == NULL || before->access != ports[i].access ||
                  before->interface != ports[i].interface;
        ports[i].is_open = before != NULL && before->is_open;
    }
    memcpy(device->ports, ports, count * sizeof *ports);
    device->port_count = count;
    return is_news;
}

/* Puts it in its place in the order of interfaces. */
static size_t insert_port(fettle_usb_port *ports, size_t count,
                          const fettle_serial_port *found)
{
    size_t i = count;
    for (; i > 0 && ports[i - 1].interface > found->interface; i--) {
        ports[i] = ports[i - 1];
    }
    ports[i] = (fettle_usb_port){.interface = found->interface, .access = found->access};
    memcpy(ports[i].node, found->node, sizeof ports[i].node);
    return count + 1;
}

static void look_for_ports(const fettle_serial_list *list, fettle_usb_device *device,
                           fettle_us now)
{
    const char *name = device->sight.path + FETTLE_USB_PREFIX_SIZE;
    fettle_usb_port ports[FETTLE_USB_PORTS_MAX];
    size_t count = 0;
    device->is_port_coming = false;
    for (const fettle_serial_port *port = fettle_serial_list_first(list);
         port != NULL && count < FETTLE_USB_PORTS_MAX;
         port = fettle_serial_list_next(port)) {
        if (!port->has_node || !fettle_text_is_equal(port->device, name)) {
            continue;
        }
        if (is_settled(device, port, now)) {
            count = insert_port(ports, count, port);
        } else {
            device->is_port_coming = true;
        }
    }
    device->is_news = set_ports(device, ports, count) || device->is_news;
}

/* What is to be opened first decides: the device itself for DFU, else the first serial port. */
static void show_face(fettle_usb_device *device)
{
    fettle_sight *sight = &device->sight;
    const fettle_usb_port *port = device->port_count > 0 ? &device->ports[0] : NULL;
    fettle_why access = device->node_access;
    memset(sight->node, 0, sizeof sight->node);
    if (port != NULL) {
        memcpy(sight->node, port->node, sizeof sight->node);
    }
    if (sight->kind != FETTLE_LINK_USB) {
        sight->kind = port != NULL ? FETTLE_LINK_SERIAL : FETTLE_LINK_NONE;
        access = port != NULL ? port->access : access;
    }
    device->is_news = device->is_news || access != sight->access;
    sight->access = access;
}

/* ---- a look ---- */

/*
 * The folder's inode is a new one for each arrival (kernels before 4.14 take an old one again: there the
 * device's number on the bus, and with it its node, is another one).
 */
static bool is_another(const fettle_usb_linux *at, const char *name,
                       const fettle_usb_device *device, uint64_t identity)
{
    return device->identity != identity ||
           (!device->has_node && device->address != read_number(at, name, "devnum"));
}

/*
 * What comes later is found at once. What is there at the first look may have come just before it, and udevd
 * may not have been there yet; the kernel knows (if it was built with power management).
 */
static fettle_us age_of(const fettle_usb_linux *at, const fettle_usb_table *table,
                        const char *name)
{
    char line[LINE_SIZE];
    uint64_t duration = 0; /* in milliseconds */
    if (table->has_looked) {
        return 0;
    }
    bool is_young = read_line(at, name, "power/connected_duration", line) &&
                    fettle_text_to_number(line, &duration) &&
                    duration < FETTLE_USB_SETTLE_US / MS;
    return is_young ? duration * MS : FETTLE_USB_SETTLE_US;
}

static fettle_usb_device *add_arrival(const fettle_usb_linux *at, fettle_usb_table *table,
                                      const char *name, uint64_t identity, fettle_us now)
{
    fettle_usb_device *device = fettle_usb_device_new(table, name);
    if (device == NULL) {
        return NULL;
    }
    device->identity = identity;
    device->age = age_of(at, table, name);
    if (!read_device(at, name, device)) {
        fettle_usb_device_free(device);
        return NULL;
    }
    fettle_usb_table_add(table, device, now);
    return device;
}

static void visit(const fettle_usb_linux *at, const fettle_serial_list *ports,
                  fettle_usb_table *table, const char *name, uint64_t identity,
                  fettle_us now)
{
    fettle_usb_device *device = fettle_usb_table_find(table, name);
    if (device == NULL || is_another(at, name, device, identity)) {
        device = add_arrival(at, table, name, identity, now);
        if (device == NULL) {
            return; /* not seen; the next look tries again */
        }
    }
    device->is_seen = true;
    if (device->is_hub) {
        return;
    }
    if (!device->is_configured && read_descriptors(at, name, device)) {
        device->is_news = device->is_configured;
    }
    look_at_node(at, device);
    if (device->had_node && !device->has_node) {
        device->is_seen =
            false; /* it is leaving: the node goes first, the folder a moment later */
        return;
    }
    look_for_ports(ports, device, now);
    show_face(device);
}

bool fettle_usb_linux_is_there(const fettle_usb_linux *at)
{
    return access(at->devices, R_OK) == 0;
}

bool fettle_usb_linux_look(const fettle_usb_linux *at, const fettle_serial_list *ports,
                           fettle_usb_table *table, fettle_us now)
{
    DIR *folder = opendir(at->devices);
    if (folder == NULL) {
        return false;
    }
    fettle_usb_table_begin(table);
    errno = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL; errno = 0) {
        if (is_device_name(entry->d_name)) {
            visit(at, ports, table, entry->d_name, entry->d_ino, now);
        }
    }
    bool ok = errno == 0;
    if (ok) {
        fettle_usb_table_end(table, now);
    }
    (void)closedir(folder);
    return ok;
}

int fettle_usb_linux_alternate(const fettle_usb_linux *at, const char *name,
                               uint8_t configuration, uint8_t interface)
{
    char folder[NAME_SIZE] = "", line[LINE_SIZE];
    uint64_t number = 0;
    fettle_text_append(folder, NAME_SIZE, name);
    fettle_text_append(folder, NAME_SIZE, ":");
    fettle_text_append_number(folder, NAME_SIZE, configuration);
    fettle_text_append(folder, NAME_SIZE, ".");
    fettle_text_append_number(folder, NAME_SIZE, interface);
    if (!read_line(at, folder, "bAlternateSetting", line)) {
        return -1;
    }
    const char *digits = line + (line[0] == ' '); /* "%2d" */
    return fettle_text_to_number(digits, &number) && number <= UINT8_MAX ? (int)number : -1;
}
