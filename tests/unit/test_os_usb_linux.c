/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at USB through sysfs: a tree in a temporary folder stands for the kernel's, and the table that
 * is filled from it for what a bus shows. Also what the bus keeps at hand.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "os/clock.h"
#include "os/usb_linux.h"
#include "os/usb_spare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETTLED (2 * (fettle_us)FETTLE_USB_SETTLE_US)

static char folder[64], devices[96], nodes[96], ttys[96], ports[96];
static const fettle_usb_linux at = {devices, nodes};
static const fettle_serial_linux serial_at = {ttys, ports};
static fettle_serial_list list;
static fettle_usb_table table;
static fettle_sight sights[4];
static uint64_t change;

/* ---- the tree ---- */

static const char *in(const char *top, const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", top, name);
    return path;
}

static void make_folder(const char *name)
{
    assert_int_equal(0, mkdir(in(devices, name), 0755));
}

static void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(size, fwrite(bytes, 1, size, file));
    assert_int_equal(0, fclose(file));
}

static void write_text(const char *device, const char *attribute, const char *text)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%s/%s", device, attribute);
    write_bytes(in(devices, name), text, strlen(text));
}

static void remove_tree(const char *path)
{
    char command[600];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(0, system(command));
}

static void make_node(unsigned address)
{
    char name[16];
    (void)snprintf(name, sizeof name, "001/%03u", address);
    write_bytes(in(nodes, name), "", 0);
    assert_int_equal(0, chmod(in(nodes, name), 0666));
}

static void remove_node(unsigned address)
{
    char name[16];
    (void)snprintf(name, sizeof name, "001/%03u", address);
    assert_int_equal(0, unlink(in(nodes, name)));
}

/* 1d50:6003 0x0123, with two configurations; the second one has a DFU interface. */
static const uint8_t loader[] = {
    18,   1,    0x00, 0x02, 0,    0,    0, 64,   0x50,
    0x1d, 0x03, 0x60, 0x23, 0x01, 1,    2, 3,    2,  /**/
    9,    2,    25,   0,    1,    1,    0, 0x80, 50, /**/
    9,    4,    0,    0,    0,    3,    0, 0,    0,  /**/
    7,    5,    0x81, 3,    8,    0,    1,           /**/
    9,    2,    27,   0,    1,    2,    0, 0x80, 50, /**/
    9,    4,    0,    0,    0,    0xfe, 1, 2,    0,  /**/
    9,    0x21, 0x07, 0,    0,    0,    1, 0x10, 1,
};

/* 04d8:f013, CDC-ACM. */
static const uint8_t port[] = {
    18, 1, 0x00, 0x02, 2, 0,  0, 64,   0xd8, 0x04, 0x13, 0xf0, 0x00, 0x01, 1, 2, 3, 1, /**/
    9,  2, 27,   0,    2, 1,  0, 0x80, 50,                                             /**/
    9,  4, 0,    0,    0, 2,  2, 1,    0,                                              /**/
    9,  4, 1,    0,    0, 10, 0, 0,    0,
};

static const uint8_t hub[] = {18,   1,    0x00, 0x02, 9,    0, 0, 64, 0x6b,
                              0x1d, 0x02, 0x00, 0x00, 0x01, 0, 0, 0,  1};

static void make_device(const char *name, unsigned address, const uint8_t *bytes,
                        size_t size)
{
    char text[16], file[128];
    make_folder(name);
    (void)snprintf(file, sizeof file, "%s/descriptors", name);
    write_bytes(in(devices, file), bytes, size);
    write_text(name, "busnum", "1\n");
    (void)snprintf(text, sizeof text, "%u\n", address);
    write_text(name, "devnum", text);
}

static void make_loader(const char *name, unsigned address)
{
    char interface[64];
    make_device(name, address, loader, sizeof loader);
    make_node(address);
    (void)snprintf(interface, sizeof interface, "%s:2.0", name);
    make_folder(interface);
    write_text(interface, "bAlternateSetting", " 0\n");
}

/* As a device that has left: everything that begins with the name. */
static void unplug(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", devices, name);
    remove_tree(path);
    (void)snprintf(path, sizeof path, "%s/%s:2.0", devices, name);
    remove_tree(path);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", "/tmp/fettle-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(0, chmod(folder, 0755));
    (void)snprintf(devices, sizeof devices, "%s/devices", folder);
    (void)snprintf(nodes, sizeof nodes, "%s/nodes", folder);
    (void)snprintf(ttys, sizeof ttys, "%s/ttys", folder);
    (void)snprintf(ports, sizeof ports, "%s/ports", folder);
    assert_int_equal(0, mkdir(ttys, 0755));
    assert_int_equal(0, mkdir(ports, 0755));
    assert_int_equal(0, mkdir(devices, 0755));
    assert_int_equal(0, mkdir(nodes, 0755));
    assert_int_equal(0, mkdir(in(nodes, "001"), 0755));
    memset(&table, 0, sizeof table);
    memset(&list, 0, sizeof list);
    change = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fettle_usb_table_finish(&table);
    assert_int_equal(0, table.count);
    fettle_serial_list_finish(&list);
    remove_tree(folder);
    return 0;
}

static size_t coming; /* of the last look: boards that the system has not finished with */

/* How many boards have arrived; `changes`: has the number moved since the last look? */
static size_t look(fettle_us time, bool changes)
{
    static fettle_sight all[8];
    size_t arrived = 0;
    assert_true(fettle_serial_list_look(&list, &serial_at, time));
    assert_true(fettle_usb_linux_look(&at, &list, &table, time));
    assert_int_equal(changes, table.change != change);
    change = table.change;
    memset(sights, 0, sizeof sights);
    size_t count = fettle_usb_table_copy(&table, all, 8);
    for (size_t i = 0; i < count && i < 8; i++) {
        if (all[i].arrival != 0 && arrived++ < 4) {
            sights[arrived - 1] = all[i];
        }
    }
    coming = count - arrived;
    return arrived;
}

/* ---- what is seen ---- */

static void test_reads_a_device(void **state)
{
    (void)state;
    make_folder("usb1"); /* what else there is: root hubs, interfaces, hubs */
    make_folder("1-0:1.0");
    make_device("1-1", 2, hub, sizeof hub);
    make_loader("1-1.2", 7);
    write_text("1-1.2", "manufacturer", "Example\n");
    write_text("1-1.2", "product", "Loader \xC3\xA9\xFF\x80\n");
    assert_int_equal(1, look(1, true));
    assert_string_equal("usb:1-1.2", sights[0].path);
    assert_string_equal("", sights[0].node);
    assert_string_equal("Example", sights[0].manufacturer);
    assert_string_equal("Loader \xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD", sights[0].product);
    assert_string_equal("", sights[0].serial);
    assert_int_equal(1, sights[0].arrival); /* hubs don't count */
    assert_int_equal(FETTLE_LINK_USB, sights[0].kind);
    assert_int_equal(0x1d50, sights[0].id.vendor);
    assert_int_equal(0x6003, sights[0].id.product);
    assert_int_equal(0x0123, sights[0].bcdDevice);
    assert_int_equal(4096, sights[0].largest_control);
    assert_int_equal(FETTLE_WHY_NONE, sights[0].access);
    /* of two configurations the active one */
    assert_int_equal(18 + 27, sights[0].descriptors_size);
    assert_memory_equal(loader, sights[0].descriptors, 18);
    assert_memory_equal(loader + 18 + 25, sights[0].descriptors + 18, 27);
    assert_int_equal(1, look(2, false));
    assert_int_equal(0, fettle_usb_table_copy(&table, NULL, 0) - 1); /* counts all */
}

static void test_orders_by_numbers(void **state)
{
    (void)state;
    static const char *const names[] = {"1-10", "1-2", "2-1", "1-2.10", "1-2.9", "10-1"};
    static const char *const order[] = {"1-2", "1-2.9", "1-2.10", "1-10", "2-1", "10-1"};
    fettle_sight *all = fettle_alloc(6 * sizeof *all);
    assert_non_null(all);
    for (unsigned i = 0; i < 6; i++) {
        make_device(names[i], i + 1, port, sizeof port);
    }
    assert_int_equal(6, look(1, true)); /* more than there is room for */
    assert_int_equal(6, fettle_usb_table_copy(&table, all, 6));
    for (unsigned i = 0; i < 6; i++) {
        assert_string_equal(order[i], all[i].path + 4);
    }
    fettle_free(all);
}

static void test_leaves_out_what_is_too_large(void **state)
{
    (void)state;
    uint8_t bytes[18 + 5000] = {0};
    memcpy(bytes, loader, 18);
    for (size_t i = 18; i < sizeof bytes; i += 10) { /* an endless row of odd descriptors */
        bytes[i] = 10;
        bytes[i + 1] = 0x24;
    }
    memcpy(bytes + 18, (const uint8_t[]){10, 2, 5000 & 0xff, 5000 >> 8, 1, 2}, 6);
    make_device("1-1", 2, bytes, sizeof bytes);
    make_folder("1-1:2.0");
    make_node(2);
    assert_int_equal(1, look(1, true));
    assert_int_equal(0, sights[0].descriptors_size);
    assert_int_equal(0x6003, sights[0].id.product);
    assert_int_equal(FETTLE_LINK_NONE, sights[0].kind);
}

static void test_survives_any_descriptors(void **state)
{
    (void)state;
    make_loader("1-1", 2);
    for (size_t size = 0; size < sizeof loader; size++) { /* cut everywhere */
        write_bytes(in(devices, "1-1/descriptors"), loader, size);
        fettle_usb_table_finish(&table);
        table.has_looked = false;
        assert_true(fettle_usb_linux_look(&at, &list, &table, size));
        assert_int_equal(size >= 18, fettle_usb_table_copy(&table, sights, 4));
    }
    uint32_t random = 1;
    for (int i = 0; i < 300; i++) { /* and with wrong bytes */
        uint8_t bytes[sizeof loader];
        memcpy(bytes, loader, sizeof bytes);
        for (int j = 0; j < 3; j++) {
            random = random * 1103515245 + 12345;
            bytes[(random >> 8) % sizeof bytes] = (uint8_t)(random >> 16);
        }
        write_bytes(in(devices, "1-1/descriptors"), bytes, sizeof bytes);
        fettle_usb_table_finish(&table);
        assert_true(fettle_usb_linux_look(&at, &list, &table, SETTLED));
    }
}

static void test_a_tree_that_is_not_there(void **state)
{
    (void)state;
    static const fettle_usb_linux nowhere = {"/dev/null/devices", "/dev/null/nodes"};
    make_loader("1-1", 2);
    assert_true(fettle_usb_linux_is_there(&at));
    assert_false(fettle_usb_linux_is_there(&nowhere));
    assert_int_equal(1, look(1, true));
    /* nothing is known by that, so nothing has left */
    assert_false(fettle_usb_linux_look(&nowhere, &list, &table, 2));
    assert_int_equal(change, table.change);
    assert_int_equal(1, fettle_usb_table_copy(&table, sights, 4));
}

/* ---- arrivals ---- */

static void test_counts_arrivals(void **state)
{
    (void)state;
    assert_int_equal(0, look(1, false));
    make_loader("1-1", 2);
    assert_int_equal(1, look(2, true));
    assert_int_equal(1, sights[0].arrival);
    unplug("1-1");
    assert_int_equal(0, look(3, true));
    make_loader("1-1", 3);
    assert_int_equal(1, look(4, true));
    assert_int_equal(2, sights[0].arrival);
    assert_null(fettle_usb_table_find_arrival(&table, "usb:1-1", 1));
    assert_non_null(fettle_usb_table_find_arrival(&table, "usb:1-1", 2));
    assert_null(fettle_usb_table_find_arrival(&table, "usb:1-2", 2));
}

/* It left and came back between two looks, as number 2 again: 127 numbers are soon used up. */
static void test_sees_a_return_between_two_looks(void **state)
{
    (void)state;
    char old[128];
    make_loader("1-1", 2);
    assert_int_equal(1, look(1, true));
    (void)snprintf(old, sizeof old, "%s/old", folder); /* so that its inode isn't free */
    assert_int_equal(0, rename(in(devices, "1-1"), old));
    make_device("1-1", 2, loader, sizeof loader);
    assert_int_equal(1, look(2, true));
    assert_int_equal(2, sights[0].arrival);
    assert_int_equal(1, table.count);
}

/* On old kernels the folder may have the old inode; the number is another one then. */
static void test_sees_a_return_by_its_number(void **state)
{
    (void)state;
    make_loader("1-1", 2);
    assert_int_equal(1, look(1, true));
    remove_node(2);
    make_node(3);
    write_text("1-1", "devnum", "3\n");
    (void)fettle_usb_linux_look(&at, &list, &table, 2); /* the old node is missed ... */
    (void)fettle_usb_linux_look(&at, &list, &table, 3); /* ... and so the number read */
    change = table.change - 1;
    assert_int_equal(1, look(4, true));
    assert_int_equal(2, sights[0].arrival);
    assert_int_equal(FETTLE_WHY_NONE, sights[0].access);
}

static void test_waits_until_it_can_be_used(void **state)
{
    (void)state;
    assert_int_equal(0, look(1, false));
    make_device("1-1", 2, loader, sizeof loader);
    assert_int_equal(0, look(2, false)); /* no configuration, no node */
    assert_int_equal(1, coming);
    make_folder("1-1:2.0");
    write_text("1-1", "serial", "0042\n");
    assert_int_equal(0, look(3, false)); /* no node */
    make_node(2);
    assert_int_equal(1, look(4, true));
    assert_int_equal(0, coming);
    assert_int_equal(1, sights[0].arrival);
    assert_string_equal("0042", sights[0].serial);
    assert_int_equal(FETTLE_LINK_USB, sights[0].kind);
    assert_int_equal(18 + 27, sights[0].descriptors_size);
}

/* Whoever looks learns of the second one first; the other must not seem to be older news. */
static void test_counts_arrivals_as_they_are_shown(void **state)
{
    (void)state;
    assert_int_equal(0, look(1, false));
    make_device("1-1", 2, loader, sizeof loader);
    assert_int_equal(0, look(2, false));
    make_loader("1-2", 3);
    assert_int_equal(1, look(3, true));
    assert_string_equal("usb:1-2", sights[0].path);
    assert_int_equal(1, sights[0].arrival);
    make_folder("1-1:2.0");
    make_node(2);
    assert_int_equal(2, look(4, true));
    assert_string_equal("usb:1-1", sights[0].path);
    assert_int_equal(2, sights[0].arrival);
    assert_int_equal(1, sights[1].arrival);
}

static void test_shows_in_the_end_what_never_settles(void **state)
{
    (void)state;
    assert_int_equal(0, look(1, false));
    make_device("1-1", 2, loader, sizeof loader);
    assert_int_equal(0, look(2, false));
    assert_int_equal(0, look(1 + FETTLE_USB_SETTLE_US, false));
    assert_int_equal(1, look(2 + FETTLE_USB_SETTLE_US, true));
    assert_int_equal(FETTLE_WHY_PERMISSION, sights[0].access);
    assert_int_equal(FETTLE_LINK_NONE, sights[0].kind); /* nothing is configured */
    assert_int_equal(18, sights[0].descriptors_size);
    make_folder("1-1:2.0");
    assert_int_equal(1, look(SETTLED, true));
    assert_int_equal(FETTLE_LINK_USB, sights[0].kind);
}

/* ---- changes ---- */

/* As a user who isn't root, where the test is. */
static size_t look_as_nobody(fettle_us time, bool changes)
{
    bool is_root = geteuid() == 0;
    assert_int_equal(0, is_root ? seteuid(65534) : 0);
    size_t count = look(time, changes);
    assert_int_equal(0, is_root ? seteuid(0) : 0);
    return count;
}

static void test_sees_permissions_change(void **state)
{
    (void)state;
    make_loader("1-1", 2);
    assert_int_equal(0, chmod(in(nodes, "001/002"), 0400));
    assert_int_equal(1, look_as_nobody(1, true)); /* the first look shows what there is */
    assert_int_equal(FETTLE_WHY_PERMISSION, sights[0].access);
    assert_int_equal(0, chmod(in(nodes, "001/002"), 0666));
    assert_int_equal(1, look_as_nobody(2, true));
    assert_int_equal(FETTLE_WHY_NONE, sights[0].access);
    assert_int_equal(1, look_as_nobody(3, false));
}

/* udev grants them a little after the arrival. */
static void test_waits_for_permissions(void **state)
{
    (void)state;
    assert_int_equal(0, look_as_nobody(1, false));
    make_loader("1-1", 2);
    make_device("1-2", 3, port, sizeof port); /* isn't opened for an update */
    make_folder("1-2:1.0");
    make_node(3);
    assert_int_equal(0, chmod(in(nodes, "001/002"), 0400));
    assert_int_equal(0, chmod(in(nodes, "001/003"), 0400));
    assert_int_equal(1, look_as_nobody(2, true));
    assert_string_equal("usb:1-2", sights[0].path);
    assert_int_equal(0, chmod(in(nodes, "001/002"), 0666));
    assert_int_equal(2, look_as_nobody(3, true));
    assert_int_equal(FETTLE_WHY_NONE, sights[0].access);
}

/* Also where the first look comes between the device and udevd; the kernel tells how old it is. */
static void test_waits_for_what_came_just_before(void **state)
{
    (void)state;
    make_loader("1-1", 2);
    make_loader("1-2", 3);
    make_folder("1-1/power");
    make_folder("1-2/power");
    write_text("1-1", "power/connected_duration", "150\n");
    write_text("1-2", "power/connected_duration", "2000\n");
    assert_int_equal(0, chmod(in(nodes, "001/002"), 0400));
    assert_int_equal(0, chmod(in(nodes, "001/003"), 0400));
    assert_int_equal(1, look_as_nobody(1, true));
    assert_string_equal("usb:1-2", sights[0].path);
    assert_int_equal(FETTLE_WHY_PERMISSION, sights[0].access);
    assert_int_equal(1, look_as_nobody(FETTLE_USB_SETTLE_US - 150000, false));
    assert_int_equal(0, chmod(in(nodes, "001/002"), 0666));
    assert_int_equal(2, look_as_nobody(FETTLE_USB_SETTLE_US - 150000, true));
    assert_int_equal(FETTLE_WHY_NONE, sights[0].access);
}

/* Its node goes before its folder: that is no want of permission. */
static void test_a_board_that_is_leaving_is_gone(void **state)
{
    (void)state;
    make_loader("1-1", 2);
    assert_int_equal(1, look(1, true));
    remove_node(2);
    assert_int_equal(0, look(2, true));
    unplug("1-1");
    assert_int_equal(0, look(3, false));
}

/* `below` is where its driver puts it, below an interface. */
static void make_tty(const char *name, const char *interface, const char *below)
{
    char target[256], own[128];
    (void)snprintf(own, sizeof own, "device-of-%s", name);
    assert_int_equal(0, mkdir(in(folder, own), 0755));
    (void)snprintf(own, sizeof own, "device-of-%s/device", name);
    assert_int_equal(0, mkdir(in(folder, own), 0755));
    /* the link leads through names that the kernel makes, to a folder that is really there */
    (void)snprintf(target, sizeof target, "%s/usb1/%s/%s/%s", folder, interface, below,
                   name);
    (void)snprintf(own, sizeof own, "usb1/%s/%s", interface, below);
    char command[1024];
    (void)snprintf(command, sizeof command, "mkdir -p '%s/%s' && mv '%s/device-of-%s' '%s'",
                   folder, own, folder, name, target);
    assert_int_equal(0, system(command));
    assert_int_equal(0, symlink(target, in(ttys, name)));
    write_bytes(in(ports, name), "", 0);
    assert_int_equal(0, chmod(in(ports, name), 0666));
}

static void remove_tty(const char *name)
{
    assert_int_equal(0, unlink(in(ttys, name)));
    assert_int_equal(0, unlink(in(ports, name)));
}

static void test_finds_serial_ports(void **state)
{
    (void)state;
    make_device("1-1", 2, port, sizeof port);
    make_folder("1-1:1.0");
    make_node(2);
    assert_int_equal(1, look(1, true));
    assert_int_equal(FETTLE_LINK_NONE, sights[0].kind);
    make_tty("ttyACM3", "1-1:1.0", "tty"); /* its driver comes */
    assert_int_equal(1, look(3, true));
    assert_string_equal(in(ports, "ttyACM3"), sights[0].node);
    assert_int_equal(FETTLE_LINK_SERIAL, sights[0].kind);
    assert_int_equal(1, look(4, false));
    remove_tty("ttyACM3"); /* and goes */
    assert_int_equal(1, look(5, true));
    assert_string_equal("", sights[0].node);
    assert_int_equal(FETTLE_LINK_NONE, sights[0].kind);
    make_tty("ttyUSB0", "1-1:1.0", "ttyUSB0/tty"); /* another kind of driver */
    assert_int_equal(1, look(6, true));
    assert_string_equal(in(ports, "ttyUSB0"), sights[0].node);
    assert_int_equal(1, sights[0].arrival);
}

/* udev lets people at a port a little after that has come. */
static void test_waits_for_permissions_of_ports(void **state)
{
    (void)state;
    assert_int_equal(0, look_as_nobody(1, false));
    make_device("1-1", 2, port, sizeof port);
    make_folder("1-1:1.0");
    make_node(2);
    make_tty("ttyACM0", "1-1:1.0", "tty");
    assert_int_equal(0, chmod(in(ports, "ttyACM0"), 0600));
    assert_int_equal(0, look_as_nobody(2, false));
    assert_int_equal(1, coming);
    assert_int_equal(0, chmod(in(ports, "ttyACM0"), 0666));
    assert_int_equal(1, look_as_nobody(3, true));
    assert_int_equal(FETTLE_LINK_SERIAL, sights[0].kind);
    assert_int_equal(FETTLE_WHY_NONE, sights[0].access);
    remove_tty("ttyACM0");
    assert_int_equal(1, look_as_nobody(4, true));
    make_tty("ttyACM2", "1-1:1.0", "tty"); /* one that nobody may open */
    assert_int_equal(0, chmod(in(ports, "ttyACM2"), 0600));
    assert_int_equal(1, look_as_nobody(5, false));
    assert_int_equal(FETTLE_LINK_NONE, sights[0].kind);
    assert_int_equal(1, look_as_nobody(4 + FETTLE_SERIAL_SETTLE_US, false));
    assert_int_equal(1, look_as_nobody(5 + FETTLE_SERIAL_SETTLE_US, true));
    assert_int_equal(FETTLE_LINK_SERIAL, sights[0].kind);
    assert_int_equal(FETTLE_WHY_PERMISSION, sights[0].access);
}

static void test_knows_the_alternate_setting(void **state)
{
    (void)state;
    make_loader("1-1", 2);
    assert_int_equal(0, fettle_usb_linux_alternate(&at, "1-1", 2, 0));
    write_text("1-1:2.0", "bAlternateSetting", "12\n");
    assert_int_equal(12, fettle_usb_linux_alternate(&at, "1-1", 2, 0));
    assert_int_equal(-1, fettle_usb_linux_alternate(&at, "1-1", 2, 1));
    write_text("1-1:2.0", "bAlternateSetting", "");
    assert_int_equal(-1, fettle_usb_linux_alternate(&at, "1-1", 2, 0));
}

static void test_goes_on_without_memory(void **state)
{
    (void)state;
    make_loader("1-1", 2);
    make_loader("1-2", 3);
    fettle_alloc_fail_at(1);
    assert_int_equal(1, look(1, true)); /* one of them isn't seen ... */
    fettle_alloc_fail_at(0);
    assert_int_equal(2, look(2, true)); /* ... until the next look */
}

/* ---- what is kept at hand ---- */

static int made, unmade, tidied;

static void *make_one(int *code)
{
    *code = -77;
    return ++made == 1 ? NULL : malloc(1);
}

static void tidy_one(void *thing)
{
    assert_non_null(thing);
    tidied++;
}

static void unmake_one(void *thing)
{
    unmade++;
    free(thing);
}

static void test_keeps_one_at_hand(void **state)
{
    (void)state;
    static const fettle_usb_spare_ops ops = {make_one, tidy_one, unmake_one};
    fettle_usb_spare *spare = fettle_usb_spare_new(&ops);
    int code = 0;
    assert_non_null(spare);
    assert_null(
        fettle_usb_spare_take(spare, FETTLE_NEVER, &code)); /* the first one fails */
    assert_int_equal(-77, code);
    fettle_usb_spare_want(spare); /* not worth another try, ... */
    fettle_usb_spare_tidy(spare);
    assert_int_equal(1, made);
    void *first = fettle_usb_spare_take(spare, FETTLE_NEVER, &code); /* ... but this is */
    assert_non_null(first);
    assert_int_equal(0, code);
    void *second = fettle_usb_spare_take(spare, FETTLE_NEVER, &code);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    assert_int_equal(3, made);
    fettle_usb_spare_give(spare, first);
    fettle_usb_spare_give(spare, second); /* one is enough */
    assert_int_equal(1, unmade);
    fettle_usb_spare_want(spare);
    fettle_usb_spare_tidy(spare);
    assert_int_equal(1, tidied);
    assert_ptr_equal(first, fettle_usb_spare_take(spare, 0, &code));
    fettle_usb_spare_give(spare, first);
    fettle_usb_spare_free(spare);
    assert_int_equal(3, made);
    assert_int_equal(2, unmade);
    fettle_usb_spare_free(NULL);
}

/* One that is made while another is given back isn't needed: who ends waits until it is unmade, too. */
static fettle_usb_spare *shared;
static int kept, unmade_slowly;

static void *make_while_one_is_given(int *code)
{
    *code = 0;
    fettle_usb_spare_give(shared, &kept);
    return &unmade_slowly;
}

static void unmake_slowly(void *thing)
{
    fettle_us until = fettle_os_clock()->now(NULL) + 50000;
    if (thing == &unmade_slowly) {
        (void)fettle_os_clock()->wait(NULL, until, NULL);
        unmade_slowly = 1;
    }
}

static void test_ends_after_what_it_makes(void **state)
{
    (void)state;
    static const fettle_usb_spare_ops ops = {make_while_one_is_given, tidy_one,
                                             unmake_slowly};
    unmade_slowly = 0;
    shared = fettle_usb_spare_new(&ops);
    assert_non_null(shared);
    fettle_usb_spare_want(shared);
    fettle_usb_spare_free(shared);
    assert_int_equal(1, unmade_slowly);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_reads_a_device),
        TEST(test_orders_by_numbers),
        TEST(test_leaves_out_what_is_too_large),
        TEST(test_survives_any_descriptors),
        TEST(test_a_tree_that_is_not_there),
        TEST(test_counts_arrivals),
        TEST(test_sees_a_return_between_two_looks),
        TEST(test_sees_a_return_by_its_number),
        TEST(test_waits_until_it_can_be_used),
        TEST(test_counts_arrivals_as_they_are_shown),
        TEST(test_shows_in_the_end_what_never_settles),
        TEST(test_sees_permissions_change),
        TEST(test_waits_for_permissions),
        TEST(test_a_board_that_is_leaving_is_gone),
        TEST(test_waits_for_what_came_just_before),
        TEST(test_finds_serial_ports),
        TEST(test_waits_for_permissions_of_ports),
        TEST(test_knows_the_alternate_setting),
        TEST(test_goes_on_without_memory),
        cmocka_unit_test(test_keeps_one_at_hand),
        cmocka_unit_test(test_ends_after_what_it_makes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
