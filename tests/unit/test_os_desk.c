/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is plugged in, as one bus: trees below a temporary folder stand for /sys and /dev, with what the kernel shows of
 * bridges and chips of several makers. A pseudo-terminal stands for a port that is opened.
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
#include "os/desk.h"
#include "os/serial_list.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SECOND = 1000000,
    LONG = 20 * SECOND, /* nothing here takes so long */
    SIGHTS = 8,
    PATH = 512,
};

#define CONTROLLER "sys/devices/pci0000:00/0000:00:14.0/usb1/1-1"

static const fettle_bus_ops *const ops = &fettle_os_desk_bus_ops;
static const fettle_serial_settings usual = {.baud = 115200, .data_bits = 8};

static char root[64];
static fettle_os_desk *desk;
static fettle_sight sights[SIGHTS];
static uint64_t change;

static fettle_us now(void)
{
    return fettle_os_clock()->now(NULL);
}

/* ---- the tree ---- */

/* snprintf() for what must fit. */
__attribute__((format(printf, 3, 4))) static void fill(char *text, size_t size,
                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, size, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && (size_t)length < size);
}

static const char *in_root(const char *name)
{
    static char paths[4][PATH];
    static unsigned next;
    char *path = paths[next++ % 4];
    fill(path, PATH, "%s/%s", root, name);
    return path;
}

static void make_folder(const char *name)
{
    char command[PATH + 16];
    fill(command, sizeof command, "mkdir -p '%s'", in_root(name));
    assert_int_equal(0, system(command));
}

static void remove_tree(const char *name)
{
    char command[PATH + 16];
    fill(command, sizeof command, "rm -rf '%s'", in_root(name));
    assert_int_equal(0, system(command));
}

static void make_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[PATH];
    fill(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(in_root(path), "wb");
    assert_non_null(file);
    assert_int_equal(size, fwrite(bytes, 1, size, file));
    assert_int_equal(0, fclose(file));
}

static void make_text(const char *folder, const char *name, const char *text)
{
    char line[128];
    if (text != NULL) {
        fill(line, sizeof line, "%s\n", text);
        make_file(folder, name, line, strlen(line));
    }
}

static void make_link(const char *target, const char *name)
{
    assert_int_equal(0, symlink(target, in_root(name)));
}

/* ---- USB ---- */

struct interface {
    uint8_t class, subclass, protocol;
};

struct device {
    const char *name; /* "1-1.2" */
    unsigned address;
    uint16_t vendor, product;
    const char *texts[3]; /* manufacturer, product, serial; NULL: it has none */
    size_t interface_count;
    struct interface interfaces[4];
};

static const struct device cp2102n = {"1-1.2",
                                      7,
                                      0x10c4,
                                      0xea60,
                                      {"Silicon Labs",
                                       "CP2102N USB to UART Bridge Controller",
                                       "9cae1d6b7f2fea118ed31a2b1ad16af7"},
                                      1,
                                      {{0xff, 0, 0}}};
static const struct device ch340 = {
    "1-1.3", 8, 0x1a86, 0x7523, {NULL, "USB Serial", NULL}, 1, {{0xff, 1, 2}}};
static const struct device ft2232 = {"1-1.4",
                                     9,
                                     0x0403,
                                     0x6010,
                                     {"FTDI", "Dual RS232-HS", NULL},
                                     2,
                                     {{0xff, 0xff, 0xff}, {0xff, 0xff, 0xff}}};
static const struct device usb_jtag = {
    "1-1.1",
    6,
    0x303a,
    0x1001,
    {"Espressif", "USB JTAG/serial debug unit", "7C:DF:A1:00:11:22"},
    3,
    {{2, 2, 0}, {10, 2, 0}, {0xff, 0xff, 1}}};
static const struct device pytrack = {"1-1.2",
                                      10,
                                      0x04d8,
                                      0xf013,
                                      {"Pycom", "Pytrack", "Py12345678"},
                                      2,
                                      {{2, 2, 1}, {10, 0, 0}}};
static const struct device pytrack_loader = {
    "1-1.2", 11, 0x04d8, 0xf014, {"Pycom", "Pytrack DFU", NULL}, 1, {{0xfe, 1, 2}}};
/* The ROM of an ESP32-S2 over its own USB: a serial port and DFU beside it. */
static const struct device esp32s2 = {"1-1.2",
                                      12,
                                      0x303a,
                                      0x0002,
                                      {"Espressif", "ESP32-S2", "0"},
                                      3,
                                      {{2, 2, 0}, {10, 0, 0}, {0xfe, 1, 2}}};

static size_t describe(const struct device *device, uint8_t *bytes)
{
    const uint8_t head[] = {18,
                            1,
                            0,
                            2,
                            0,
                            0,
                            0,
                            64,
                            (uint8_t)device->vendor,
                            (uint8_t)(device->vendor >> 8),
                            (uint8_t)device->product,
                            (uint8_t)(device->product >> 8),
                            0,
                            1,
                            1,
                            2,
                            3,
                            1};
    const uint8_t set[] = {9,
                           2,
                           (uint8_t)(9 + 9 * device->interface_count),
                           0,
                           (uint8_t)device->interface_count,
                           1,
                           0,
                           0x80,
                           50};
    memcpy(bytes, head, sizeof head);
    memcpy(bytes + 18, set, sizeof set);
    for (size_t i = 0; i < device->interface_count; i++) {
        const struct interface *interface = &device->interfaces[i];
        const uint8_t descriptor[] = {9,
                                      4,
                                      (uint8_t)i,
                                      0,
                                      0,
                                      interface->class,
                                      interface->subclass,
                                      interface->protocol,
                                      0};
        memcpy(bytes + 27 + 9 * i, descriptor, sizeof descriptor);
    }
    return 27 + 9 * device->interface_count;
}

static void make_usb_node(const struct device *device)
{
    char name[64];
    fill(name, sizeof name, "%03u", device->address);
    make_file("dev/bus/usb/001", name, "", 0);
    fill(name, sizeof name, "dev/bus/usb/001/%03u", device->address);
    assert_int_equal(0, chmod(in_root(name), 0666));
}

static void link_device(const char *device, const char *name)
{
    char target[PATH], link[PATH];
    fill(target, sizeof target, "../../../../%s/%s", CONTROLLER, device);
    fill(link, sizeof link, "sys/bus/usb/devices/%s", name);
    make_link(target, link);
}

static void plug_in(const struct device *device)
{
    char folder[PATH], number[16], interface[PATH];
    uint8_t bytes[128];
    fill(folder, sizeof folder, CONTROLLER "/%s", device->name);
    make_folder(folder);
    make_file(folder, "descriptors", bytes, describe(device, bytes));
    make_text(folder, "busnum", "1");
    fill(number, sizeof number, "%u", device->address);
    make_text(folder, "devnum", number);
    make_text(folder, "manufacturer", device->texts[0]);
    make_text(folder, "product", device->texts[1]);
    make_text(folder, "serial", device->texts[2]);
    make_usb_node(device);
    for (size_t i = 0; i < device->interface_count; i++) {
        fill(interface, sizeof interface, CONTROLLER "/%s/%s:1.%zu", device->name,
             device->name, i);
        make_folder(interface);
        fill(interface, sizeof interface, "%s:1.%zu", device->name, i);
        fill(folder, sizeof folder, "%s/%s", device->name, interface);
        link_device(folder, interface);
    }
    link_device(device->name, device->name);
}

/* ---- terminals ---- */

/* `place`: where the device's folder is, below sys/devices; `device`: of the terminal, from there. */
static void make_tty(const char *name, const char *place, const char *device,
                     const char *driver)
{
    char path[PATH], target[PATH];
    fill(path, sizeof path, "sys/devices/%s/tty/%s", place, name);
    make_folder(path);
    if (device != NULL) {
        fill(path, sizeof path, "sys/devices/%s/tty/%s/device", place, name);
        make_link(device, path);
    }
    if (driver != NULL) {
        fill(target, sizeof target, "/any/bus/drivers/%s", driver);
        fill(path, sizeof path, "sys/devices/%s/driver", place);
        make_link(target, path);
    }
    fill(target, sizeof target, "../../devices/%s/tty/%s", place, name);
    fill(path, sizeof path, "sys/class/tty/%s", name);
    make_link(target, path);
}

static void make_node(const char *name)
{
    char path[PATH];
    make_file("dev", name, "", 0);
    fill(path, sizeof path, "dev/%s", name);
    assert_int_equal(0, chmod(in_root(path), 0666));
}

/* As drivers of bridges do it. */
static void make_bridge_tty(const char *name, const struct device *device,
                            unsigned interface, const char *driver)
{
    char place[PATH];
    fill(place, sizeof place, "pci0000:00/0000:00:14.0/usb1/1-1/%s/%s:1.%u/%s",
         device->name, device->name, interface, name);
    make_tty(name, place, "../..", driver);
    make_node(name);
}

/* As the driver of the CDC-ACM class does it. */
static void make_acm_tty(const char *name, const struct device *device)
{
    char place[PATH];
    fill(place, sizeof place, "pci0000:00/0000:00:14.0/usb1/1-1/%s/%s:1.0", device->name,
         device->name);
    make_tty(name, place, "../..", "cdc_acm");
    make_node(name);
}

static void remove_tty(const char *name)
{
    char path[PATH];
    fill(path, sizeof path, "sys/class/tty/%s", name);
    assert_int_equal(0, unlink(in_root(path)));
    fill(path, sizeof path, "dev/%s", name);
    (void)unlink(in_root(path));
}

static void unplug(const struct device *device)
{
    char path[PATH];
    fill(path, sizeof path, "sys/bus/usb/devices/%s", device->name);
    assert_int_equal(0, unlink(in_root(path)));
    for (size_t i = 0; i < device->interface_count; i++) {
        fill(path, sizeof path, "sys/bus/usb/devices/%s:1.%zu", device->name, i);
        assert_int_equal(0, unlink(in_root(path)));
    }
    fill(path, sizeof path, CONTROLLER "/%s", device->name);
    remove_tree(path);
    fill(path, sizeof path, "dev/bus/usb/001/%03u", device->address);
    assert_int_equal(0, unlink(in_root(path)));
}

static int set_up(void **state)
{
    (void)state;
    fill(root, sizeof root, "%s", "/tmp/fettle-test-XXXXXX");
    assert_non_null(mkdtemp(root));
    assert_int_equal(0, chmod(root, 0755));
    make_folder("sys/bus/usb/devices");
    make_folder("sys/class/tty");
    make_folder("dev/bus/usb/001");
    desk = NULL;
    change = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fettle_os_desk_free(desk);
    remove_tree("");
    return 0;
}

static size_t look(void)
{
    fettle_error err = {.code = FETTLE_E_NONE};
    if (desk == NULL) {
        desk = fettle_os_desk_new_below(root, &err);
        assert_non_null(desk);
    }
    memset(sights, 0, sizeof sights);
    return ops->look(desk, sights, SIGHTS, &change);
}

static size_t look_at_change(void)
{
    uint64_t before = change;
    size_t count = look();
    assert_int_not_equal(before, change);
    return count;
}

static void assert_sight(size_t i, const char *path, const char *node,
                         fettle_link_kind kind)
{
    char full[PATH] = "";
    if (node[0] != '\0') {
        fill(full, sizeof full, "%s/dev/%s", root, node);
    }
    assert_string_equal(path, sights[i].path);
    assert_string_equal(full, sights[i].node);
    assert_int_equal(kind, sights[i].kind);
}

/* ---- faces ---- */

static void test_bridges_are_lines(void **state)
{
    (void)state;
    plug_in(&cp2102n);
    plug_in(&ch340);
    plug_in(&usb_jtag);
    make_bridge_tty("ttyUSB0", &ch340, 0, "ch341-uart");
    make_bridge_tty("ttyUSB1", &cp2102n, 0, "cp210x");
    make_acm_tty("ttyACM0", &usb_jtag);
    assert_int_equal(3, look());
    assert_sight(0, "usb:1-1.1", "ttyACM0", FETTLE_LINK_SERIAL);
    assert_string_equal("Espressif", sights[0].manufacturer);
    assert_string_equal("7C:DF:A1:00:11:22", sights[0].serial);
    assert_sight(1, "usb:1-1.2", "ttyUSB1", FETTLE_LINK_SERIAL);
    assert_int_equal(0x10c4, sights[1].id.vendor);
    assert_int_equal(0xea60, sights[1].id.product);
    assert_string_equal("CP2102N USB to UART Bridge Controller", sights[1].product);
    assert_sight(2, "usb:1-1.3", "ttyUSB0", FETTLE_LINK_SERIAL);
    assert_string_equal("", sights[2].serial);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(FETTLE_WHY_NONE, sights[i].access);
        assert_int_not_equal(0, sights[i].arrival);
        assert_int_not_equal(0, sights[i].descriptors_size);
    }
}

/* By order of interfaces, not of names. */
static void test_a_bridge_with_two_lines(void **state)
{
    (void)state;
    plug_in(&ft2232);
    make_bridge_tty("ttyUSB7", &ft2232, 0, "ftdi_sio");
    make_bridge_tty("ttyUSB3", &ft2232, 1, NULL);
    assert_int_equal(2, look());
    assert_sight(0, "usb:1-1.4", "ttyUSB7", FETTLE_LINK_SERIAL);
    assert_sight(1, "usb:1-1.4:1", "ttyUSB3", FETTLE_LINK_SERIAL);
    assert_string_equal("Dual RS232-HS", sights[1].product);
    assert_int_equal(0x6010, sights[1].id.product);
    assert_int_equal(sights[0].arrival, sights[1].arrival);
    assert_int_not_equal(0, sights[0].descriptors_size);
    assert_int_equal(0, sights[1].descriptors_size);          /* told once */
    assert_int_equal(2, ops->look(desk, sights, 1, &change)); /* counted without room */
    remove_tty("ttyUSB3");
    assert_int_equal(1, look_at_change());
    assert_sight(0, "usb:1-1.4", "ttyUSB7", FETTLE_LINK_SERIAL);
}

static void test_two_faces_of_one_board(void **state)
{
    (void)state;
    plug_in(&pytrack);
    make_acm_tty("ttyACM0", &pytrack);
    assert_int_equal(1, look());
    assert_sight(0, "usb:1-1.2", "ttyACM0", FETTLE_LINK_SERIAL);
    assert_int_equal(1, sights[0].arrival);
    remove_tty("ttyACM0");
    unplug(&pytrack);
    assert_int_equal(0, look_at_change());
    plug_in(&pytrack_loader);
    assert_int_equal(1, look_at_change());
    assert_sight(0, "usb:1-1.2", "", FETTLE_LINK_USB);
    assert_int_equal(2, sights[0].arrival);
    assert_int_equal(0xf014, sights[0].id.product);
}

/* The stronger one is shown; the other is its node. */
static void test_both_faces_at_once(void **state)
{
    (void)state;
    plug_in(&esp32s2);
    make_acm_tty("ttyACM0", &esp32s2);
    assert_int_equal(1, look());
    assert_sight(0, "usb:1-1.2", "ttyACM0", FETTLE_LINK_USB);
}

static void test_a_driver_that_comes_later(void **state)
{
    (void)state;
    plug_in(&cp2102n);
    assert_int_equal(1, look());
    assert_sight(0, "usb:1-1.2", "", FETTLE_LINK_NONE);
    make_bridge_tty("ttyUSB0", &cp2102n, 0, "cp210x");
    assert_int_equal(1, look_at_change());
    assert_sight(0, "usb:1-1.2", "ttyUSB0", FETTLE_LINK_SERIAL);
    assert_int_equal(1, sights[0].arrival);
    remove_tty("ttyUSB0");
    assert_int_equal(1, look_at_change());
    assert_sight(0, "usb:1-1.2", "", FETTLE_LINK_NONE);
}

/* It left one board and came to the other between two looks. */
static void test_a_name_that_moves(void **state)
{
    (void)state;
    plug_in(&cp2102n);
    plug_in(&ch340);
    make_bridge_tty("ttyUSB0", &cp2102n, 0, "cp210x");
    assert_int_equal(2, look());
    assert_sight(0, "usb:1-1.2", "ttyUSB0", FETTLE_LINK_SERIAL);
    /* so that its inode isn't free */
    assert_int_equal(0, rename(in_root("sys/class/tty/ttyUSB0"), in_root("old")));
    make_bridge_tty("ttyUSB0", &ch340, 0, "ch341-uart");
    assert_int_equal(2, look_at_change());
    assert_sight(0, "usb:1-1.2", "", FETTLE_LINK_NONE);
    assert_sight(1, "usb:1-1.3", "ttyUSB0", FETTLE_LINK_SERIAL);
}

/* As in a container that was given no node. */
static void test_a_port_without_a_node(void **state)
{
    (void)state;
    plug_in(&cp2102n);
    make_bridge_tty("ttyUSB0", &cp2102n, 0, "cp210x");
    assert_int_equal(0, unlink(in_root("dev/ttyUSB0")));
    assert_int_equal(1, look());
    assert_sight(0, "usb:1-1.2", "", FETTLE_LINK_NONE);
}

/* ---- ports that aren't on USB ---- */

static void test_only_ports_with_hardware(void **state)
{
    (void)state;
    make_tty("ttyS10", "pnp0/00:04", "../..", NULL);
    make_text("sys/devices/pnp0/00:04/tty/ttyS10", "type", "4");
    make_tty("ttyS2", "pnp0/00:05", "../..", NULL);
    make_text("sys/devices/pnp0/00:05/tty/ttyS2", "type", "14");
    make_tty("ttyS0", "platform/serial8250", "../..", NULL);
    make_text("sys/devices/platform/serial8250/tty/ttyS0", "type", "0");
    make_tty("ttyAMA0", "platform/soc/fe201000.serial", "../..", NULL);
    make_tty("tty1", "virtual", NULL, NULL);
    make_tty("tty", "virtual", NULL, NULL);
    make_tty("console", "virtual", NULL, NULL);
    make_tty("ptmx", "virtual", NULL, NULL);
    make_tty("ttyprintk", "virtual", NULL, NULL);
    static const char *const names[] = {"ttyS10", "ttyS2",   "ttyS0", "ttyAMA0",  "tty1",
                                        "tty",    "console", "ptmx",  "ttyprintk"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        make_node(names[i]);
    }
    assert_int_equal(3, look());
    static const char *const expected[] = {"ttyAMA0", "ttyS2", "ttyS10"};
    for (size_t i = 0; i < 3; i++) {
        assert_sight(i, sights[i].node, expected[i], FETTLE_LINK_SERIAL);
        assert_int_equal(0, sights[i].id.vendor);
        assert_int_equal(FETTLE_WHY_NONE, sights[i].access);
        assert_int_equal(i + 1, sights[i].arrival);
    }
    remove_tty("ttyS2");
    assert_int_equal(2, look_at_change());
    make_tty("ttyS3", "pnp0/00:06", "../..", NULL);
    make_node("ttyS3");
    assert_int_equal(3, look_at_change());
    assert_sight(1, sights[1].node, "ttyS3", FETTLE_LINK_SERIAL);
    assert_int_equal(4, sights[1].arrival); /* one count for all */
    plug_in(&cp2102n);
    assert_int_equal(4, look_at_change());
    assert_sight(0, "usb:1-1.2", "", FETTLE_LINK_NONE);
    assert_int_equal(5, sights[0].arrival);
    assert_int_equal(4, ops->look(desk, sights, 2, &change)); /* counted without room */
}

/* What hangs on something that hangs on an interface is no face of that device. */
static void test_ports_of_something_in_between(void **state)
{
    (void)state;
    plug_in(&cp2102n);
    make_tty("rfcomm0", "pci0000:00/0000:00:14.0/usb1/1-1/1-1.2/1-1.2:1.0/bluetooth/hci0",
             "../..", NULL);
    make_node("rfcomm0");
    assert_int_equal(2, look());
    assert_sight(0, "usb:1-1.2", "", FETTLE_LINK_NONE);
    assert_sight(1, sights[1].node, "rfcomm0", FETTLE_LINK_SERIAL);
}

static void test_knows_driver_and_interface(void **state)
{
    (void)state;
    char ttys[PATH], nodes[PATH];
    fettle_serial_linux at = {ttys, nodes};
    fettle_serial_list list = {.first = NULL};
    memcpy(ttys, in_root("sys/class/tty"), sizeof ttys);
    memcpy(nodes, in_root("dev"), sizeof nodes);
    plug_in(&ft2232);
    make_bridge_tty("ttyUSB10", &ft2232, 0, "ftdi_sio");
    make_bridge_tty("ttyUSB9", &ft2232, 1, "ftdi_sio");
    make_tty("ttyS0", "pnp0/00:04", "../..", "serial");
    make_node("ttyS0");
    assert_true(fettle_serial_list_is_there(&at));
    assert_true(fettle_serial_list_look(&list, &at, 1));
    const fettle_serial_port *port = fettle_serial_list_first(&list);
    assert_non_null(port);
    assert_string_equal(in_root("dev/ttyS0"), port->node);
    assert_string_equal("", port->device);
    assert_string_equal("serial", port->driver);
    port = fettle_serial_list_next(port);
    assert_non_null(port);
    assert_string_equal(in_root("dev/ttyUSB9"), port->node);
    assert_string_equal("1-1.4", port->device);
    assert_int_equal(1, port->interface);
    assert_string_equal("ftdi_sio", port->driver);
    port = fettle_serial_list_next(port);
    assert_non_null(port);
    assert_int_equal(0, port->interface);
    assert_null(fettle_serial_list_next(port));
    fettle_alloc_fail_at(1);
    make_tty("ttyS1", "pnp0/00:05", "../..", NULL);
    assert_true(fettle_serial_list_look(&list, &at, 2)); /* not seen ... */
    fettle_alloc_fail_at(0);
    assert_int_equal(3, list.count);
    assert_true(fettle_serial_list_look(&list, &at, 3)); /* ... until the next look */
    assert_int_equal(4, list.count);
    remove_tree("sys/class");
    assert_false(fettle_serial_list_look(&list, &at, 4)); /* nothing is known by that */
    assert_int_equal(4, list.count);
    fettle_serial_list_finish(&list);
}

/* ---- permissions ---- */

static size_t look_as_nobody(void)
{
    bool is_root = geteuid() == 0;
    assert_int_equal(0, is_root ? seteuid(65534) : 0);
    size_t count = look();
    assert_int_equal(0, is_root ? seteuid(0) : 0);
    return count;
}

static void test_sees_who_may_open_it(void **state)
{
    (void)state;
    plug_in(&cp2102n);
    make_bridge_tty("ttyUSB0", &cp2102n, 0, "cp210x");
    make_tty("ttyS0", "pnp0/00:04", "../..", NULL);
    make_node("ttyS0");
    assert_int_equal(0, chmod(in_root("dev/bus/usb/001/007"), 0400)); /* doesn't matter */
    assert_int_equal(2, look_as_nobody());
    assert_int_equal(FETTLE_WHY_NONE, sights[0].access);
    assert_int_equal(FETTLE_WHY_NONE, sights[1].access);
    uint64_t before = change;
    assert_int_equal(0, chmod(in_root("dev/ttyUSB0"), 0600));
    assert_int_equal(0, chmod(in_root("dev/ttyS0"), 0600));
    assert_int_equal(2, look_as_nobody());
    assert_int_not_equal(before, change);
    assert_sight(0, "usb:1-1.2", "ttyUSB0", FETTLE_LINK_SERIAL);
    assert_int_equal(FETTLE_WHY_PERMISSION, sights[0].access);
    assert_int_equal(FETTLE_WHY_PERMISSION, sights[1].access);
}

/* ---- waiting ---- */

static void *plug_in_soon(void *device)
{
    (void)fettle_os_clock()->wait(NULL, now() + 10000, NULL);
    plug_in(device);
    make_bridge_tty("ttyUSB0", device, 0, "cp210x");
    return NULL;
}

static void test_waits_for_either(void **state)
{
    (void)state;
    struct device device = cp2102n;
    pthread_t thread;
    fettle_cancel cancel = {true};
    assert_int_equal(0, look());
    assert_int_equal(FETTLE_TIMEOUT, ops->wait(desk, change, now() + 1000, NULL).kind);
    assert_int_equal(FETTLE_CANCELLED, ops->wait(desk, change, FETTLE_NEVER, &cancel).kind);
    assert_int_equal(0, pthread_create(&thread, NULL, plug_in_soon, &device));
    while (sights[0].kind != FETTLE_LINK_SERIAL) {
        assert_int_equal(FETTLE_OK, ops->wait(desk, change, now() + LONG, NULL).kind);
        (void)look();
    }
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_sight(0, "usb:1-1.2", "ttyUSB0", FETTLE_LINK_SERIAL);
}

/* ---- opening ---- */

/* A terminal behind this node; returns its other end. */
static int put_terminal(const char *name)
{
    char path[PATH];
    int other_end = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(other_end >= 0);
    assert_int_equal(0, grantpt(other_end));
    assert_int_equal(0, unlockpt(other_end));
    fill(path, sizeof path, "dev/%s", name);
    assert_int_equal(0, unlink(in_root(path)));
    make_link(ptsname(other_end), path);
    return other_end;
}

static fettle_outcome open_sight(size_t i, fettle_link_kind kind, fettle_link *link)
{
    return ops->open(desk, &sights[i], kind, &usual, link);
}

static void assert_refused(fettle_why why, fettle_outcome outcome)
{
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(why, outcome.why);
    assert_int_equal(0, outcome.system);
}

static void test_opens_ports(void **state)
{
    (void)state;
    fettle_link first, second, third, none;
    uint8_t byte = 0;
    plug_in(&ft2232);
    make_bridge_tty("ttyUSB0", &ft2232, 0, "ftdi_sio");
    make_bridge_tty("ttyUSB1", &ft2232, 1, NULL);
    make_tty("ttyS0", "pnp0/00:04", "../..", NULL);
    make_node("ttyS0");
    int ends[] = {put_terminal("ttyUSB0"), put_terminal("ttyUSB1"), put_terminal("ttyS0")};
    assert_int_equal(3, look());
    assert_int_equal(FETTLE_OK, open_sight(0, FETTLE_LINK_SERIAL, &first).kind);
    assert_int_equal(FETTLE_OK, open_sight(1, FETTLE_LINK_SERIAL, &second).kind);
    assert_int_equal(FETTLE_OK, open_sight(2, FETTLE_LINK_SERIAL, &third).kind);
    assert_int_equal(1, write(ends[1], "b", 1));
    fettle_outcome outcome = second.serial->read(second.self, &byte, 1, now() + LONG, NULL);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal('b', byte);
    for (size_t i = 0; i < 3; i++) {
        assert_refused(FETTLE_WHY_BUSY, open_sight(i, FETTLE_LINK_SERIAL, &none));
    }
    second.serial->close(second.self);
    assert_int_equal(FETTLE_OK, open_sight(1, FETTLE_LINK_SERIAL, &second).kind);
    sights[0].arrival++;
    assert_int_equal(FETTLE_GONE, open_sight(0, FETTLE_LINK_SERIAL, &none).kind);
    first.serial->close(first.self);
    second.serial->close(second.self);
    third.serial->close(third.self);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(0, close(ends[i]));
    }
}

static void test_refuses_what_is_no_line(void **state)
{
    (void)state;
    fettle_link none;
    plug_in(&pytrack_loader);
    plug_in(&ch340);
    make_bridge_tty("ttyUSB0", &ch340, 0, "ch341-uart"); /* an empty file stands there */
    assert_int_equal(2, look());
    assert_refused(FETTLE_WHY_DRIVER, open_sight(0, FETTLE_LINK_SERIAL, &none));
    assert_refused(FETTLE_WHY_DRIVER, open_sight(0, FETTLE_LINK_NONE, &none));
    for (int i = 0; i < 2; i++) { /* it isn't held by having failed */
        fettle_outcome outcome = open_sight(1, FETTLE_LINK_SERIAL, &none);
        assert_int_equal(FETTLE_ERROR, outcome.kind);
        assert_int_equal(FETTLE_WHY_SYSTEM, outcome.why);
        assert_int_equal(ENOTTY, outcome.system);
    }
}

/* A board goes to one caller, whatever face of it. */
static void test_one_caller_for_both_faces(void **state)
{
    (void)state;
    fettle_link line, none;
    plug_in(&esp32s2);
    make_acm_tty("ttyACM0", &esp32s2);
    int end = put_terminal("ttyACM0");
    assert_int_equal(1, look());
    assert_int_equal(FETTLE_OK, open_sight(0, FETTLE_LINK_SERIAL, &line).kind);
    fettle_outcome outcome = open_sight(0, FETTLE_LINK_USB, &none);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_true(outcome.why == FETTLE_WHY_BUSY || outcome.why == FETTLE_WHY_DRIVER);
    line.serial->close(line.self);
    assert_int_equal(0, close(end));
}

static void test_goes_without_memory(void **state)
{
    (void)state;
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_alloc_fail_at(1);
    assert_null(fettle_os_desk_new_below(root, &err));
    fettle_alloc_fail_at(0);
    assert_int_equal(FETTLE_E_NO_MEMORY, err.code);
    fettle_os_desk_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_bridges_are_lines),
        TEST(test_a_bridge_with_two_lines),
        TEST(test_two_faces_of_one_board),
        TEST(test_both_faces_at_once),
        TEST(test_a_driver_that_comes_later),
        TEST(test_a_name_that_moves),
        TEST(test_a_port_without_a_node),
        TEST(test_only_ports_with_hardware),
        TEST(test_ports_of_something_in_between),
        TEST(test_knows_driver_and_interface),
        TEST(test_sees_who_may_open_it),
        TEST(test_waits_for_either),
        TEST(test_opens_ports),
        TEST(test_refuses_what_is_no_line),
        TEST(test_one_caller_for_both_faces),
        TEST(test_goes_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
