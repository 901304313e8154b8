/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Will this person be let in? On small file trees as an installed system has them: rules in several
 * folders, passwd and group, a seat, hubs.
 */
#define _XOPEN_SOURCE 700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/udev.h"
#include "base/alloc.h"

enum {
    ADA = 1000,
    BOB = 1001,
    PLUGDEV = 46,
};

/* As Debian's own files have it, shortened. */
#define DEFAULTS                                                                     \
    "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", IMPORT{builtin}=\"usb_id\", " \
    "IMPORT{builtin}=\"hwdb --subsystem=usb\"\n"                                     \
    "ACTION!=\"add\", GOTO=\"end\"\n"                                                \
    "KERNEL==\"tty[A-Z]*[0-9]|rfcomm[0-9]*\", GROUP=\"dialout\"\n"                   \
    "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", MODE=\"0664\"\n"              \
    "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", "                             \
    "ENV{ID_USB_INTERFACES}==\"*:0701??:*\", GROUP=\"lp\"\n"                         \
    "LABEL=\"end\"\n"
#define SEAT_LATE "TAG==\"uaccess\", ENV{MAJOR}!=\"\", RUN{builtin}+=\"uaccess\"\n"

static const fettle_usb_id pytrack = {0x04d8, 0xf014}, other = {0x1234, 0x5678};
static char root[64];

/* ---- trees ---- */

static void make_folders(const char *path)
{
    char part[256];
    for (const char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        (void)snprintf(part, sizeof part, "%s%.*s", root, (int)(at - path), path);
        (void)mkdir(part, 0755);
    }
}

static void put(const char *path, const char *text)
{
    char whole[256];
    make_folders(path);
    (void)snprintf(whole, sizeof whole, "%s%s", root, path);
    FILE *file = fopen(whole, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(0, fclose(file));
}

static void put_link(const char *path, const char *to)
{
    char whole[256];
    make_folders(path);
    (void)snprintf(whole, sizeof whole, "%s%s", root, path);
    assert_int_equal(0, symlink(to, whole));
}

static void put_our_rules(const char *path)
{
    char text[8192];
    assert_true(fettle_udev_rules(text, sizeof text) < sizeof text);
    put(path, text);
}

static void put_hub(const char *name, const char *vendor, const char *product)
{
    char path[128];
    const char *const attributes[][2] = {
        {"bDeviceClass", "09\n"}, {"idVendor", vendor}, {"idProduct", product}};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "/sys/bus/usb/devices/%s/%s", name,
                       attributes[i][0]);
        put(path, attributes[i][1]);
    }
}

/* A system with udev and without any rule for boards. */
static int set_up(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "%s", "/tmp/fettle-test-XXXXXX");
    if (mkdtemp(root) == NULL) {
        return 1;
    }
    put("/run/udev/control", "");
    put("/usr/lib/udev/rules.d/50-udev-default.rules", DEFAULTS);
    put("/usr/lib/udev/rules.d/73-seat-late.rules", SEAT_LATE);
    put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
                       "ada:x:1000:1000::/home/ada:/bin/sh\n"
                       "bob:x:1001:1001::/home/bob:/bin/sh");
    put("/etc/group", "root:x:0:\nplugdev:x:46:carol,ada\nlp:x:7:\nada:x:1000:\n");
    put_hub("usb1", "1d6b\n", "0002\n");
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- the question ---- */

static fettle_access_facts facts;

static fettle_access ask_as(uint32_t uid, const uint32_t *groups, size_t count,
                            fettle_usb_id id)
{
    fettle_os_person person = {.uid = uid, .groups = groups, .group_count = count};
    return fettle_foresee_access_below(root, &person, id, true, &facts);
}

static fettle_access ask(uint32_t uid)
{
    return ask_as(uid, &uid, 1, pytrack); /* everybody's own group */
}

static fettle_access ask_in_group(uint32_t uid, uint32_t gid)
{
    const uint32_t groups[] = {uid, gid};
    return ask_as(uid, groups, 2, pytrack);
}

static void seat(const char *text)
{
    put("/run/systemd/seats/seat0", text);
}

/* ---- the answers ---- */

static void test_without_a_rule(void **state)
{
    (void)state;
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    assert_int_equal(0664, facts.mode);
    assert_string_equal("root", facts.group);
    assert_string_equal("/usr/lib/udev/rules.d/50-udev-default.rules", facts.file);
    assert_int_equal(4, facts.line);
    assert_int_equal(FETTLE_ACCESS_ALLOWED, ask(0));
    seat("ACTIVE_UID=1001\n"); /* a seat alone helps nobody */
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    assert_int_equal(FETTLE_ACCESS_ALLOWED, ask_in_group(BOB, 0)); /* of root's group */
}

static void test_with_our_rule(void **state)
{
    (void)state;
    put_our_rules("/etc/udev/rules.d/60-fettle.rules");
    assert_int_equal(FETTLE_ACCESS_NOT_IN_GROUP, ask(BOB));
    assert_string_equal("plugdev", facts.group);
    assert_int_equal(0660, facts.mode);
    assert_true(facts.has_uaccess);
    assert_string_equal("/etc/udev/rules.d/60-fettle.rules", facts.file);
    assert_int_equal(FETTLE_ACCESS_GROUP_NOT_YET, ask(ADA)); /* logged in before */
    assert_int_equal(FETTLE_ACCESS_ALLOWED, ask_in_group(BOB, PLUGDEV));
    seat("# a comment\nIS_SEAT0=1\nACTIVE=c1\nACTIVE_UID=1001\nUIDS=1001\n");
    assert_int_equal(FETTLE_ACCESS_ALLOWED, ask(BOB));
    seat("ACTIVE_UID=1000\n");
    assert_int_equal(FETTLE_ACCESS_NOT_IN_GROUP, ask(BOB));
    assert_int_equal(FETTLE_ACCESS_ALLOWED, ask(ADA));
    seat("ACTIVE_UID=10010\n");
    assert_int_equal(FETTLE_ACCESS_NOT_IN_GROUP, ask(BOB));
    put("/run/systemd/seats/seat1",
        "ACTIVE_UID=1001\n"); /* the board may be at the other */
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask(BOB));
}

/* What runs when udev is done may be a chmod: never a "no", and never a worse "yes". */
static void test_rules_that_run_programs(void **state)
{
    (void)state;
    put("/etc/udev/rules.d/99-a.rules",
        "ATTR{idVendor}==\"04d8\", RUN+=\"/bin/chmod 666 %N\"\n");
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask(BOB));
    assert_int_equal(FETTLE_ACCESS_ALLOWED, ask_in_group(BOB, 0));
    put("/etc/udev/rules.d/99-a.rules",
        "ATTR{idVendor}==\"0403\", RUN+=\"/bin/chmod 666 %N\"\n");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    put("/etc/udev/rules.d/99-a.rules",
        "SUBSYSTEM==\"usb\", RUN+=\"tlp-usb-udev usb %p\", RUN{builtin}+=\"kmod load\"\n");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    put("/etc/udev/rules.d/99-a.rules", "RUN+=\"x\"\nRUN=\"\"\n");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
}

/* udev asks the system for names, which may know more of them than its files. */
static void test_groups_from_a_directory(void **state)
{
    (void)state;
    put("/etc/udev/rules.d/60-a.rules", "ATTR{idVendor}==\"04d8\", GROUP=\"students\"\n");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask_in_group(BOB, 70000));
}

/* Its rules aren't those that the host's udevd obeys. */
static void test_in_a_container(void **state)
{
    (void)state;
    put("/run/.containerenv", "");
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask(BOB));
}

/* Where no rule is in the way, none is the cure. */
static void test_whom_rules_let_in(void **state)
{
    (void)state;
    fettle_os_person bob = {.uid = BOB}, superuser = {.uid = 0};
    char control[128];
    assert_true(fettle_rules_decide_below(root, &bob));
    assert_false(fettle_rules_decide_below(root, &superuser));
    (void)snprintf(control, sizeof control, "%s/run/udev/control", root);
    assert_int_equal(0, unlink(control)); /* as in a container */
    assert_false(fettle_rules_decide_below(root, &bob));
}

/* Any other device in DFU mode, too; but its strings aren't known. */
static void test_other_devices(void **state)
{
    (void)state;
    uint32_t bob = BOB;
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask_as(BOB, &bob, 1, other));
    put_our_rules("/usr/lib/udev/rules.d/60-fettle.rules");
    assert_int_equal(FETTLE_ACCESS_NOT_IN_GROUP, ask_as(BOB, &bob, 1, other));
    put("/etc/udev/rules.d/61-a.rules", "ENV{ID_GPHOTO2}==\"?*\", MODE=\"0666\"\n");
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask_as(BOB, &bob, 1, other)); /* in the hwdb? */
    assert_int_equal(FETTLE_ACCESS_NOT_IN_GROUP, ask(BOB));
    put("/etc/udev/rules.d/61-a.rules", "ATTRS{product}==\"*DAP*\", MODE=\"0666\"\n");
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask_as(BOB, &bob, 1, other));
    assert_int_equal(FETTLE_ACCESS_NOT_IN_GROUP, ask(BOB)); /* a known loader has none */
    fettle_os_person person = {.uid = BOB};
    assert_int_equal(FETTLE_ACCESS_UNKNOWN,
                     fettle_foresee_access_below(root, &person, other, false, &facts));
    put("/etc/udev/rules.d/61-a.rules", "");
    const fettle_usb_id application = {0x04d8, 0xf013};
    assert_int_equal(
        FETTLE_ACCESS_NOT_IN_GROUP,
        fettle_foresee_access_below(root, &person, application, false, &facts));
}

static void test_folders(void **state)
{
    (void)state;
    put_our_rules("/usr/lib/udev/rules.d/60-fettle.rules");
    assert_int_equal(FETTLE_ACCESS_NOT_IN_GROUP, ask(BOB));
    put("/usr/local/lib/udev/rules.d/60-fettle.rules", "# nothing\n");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    put("/run/udev/rules.d/60-fettle.rules", "GROUP=\"lp\"\n");
    assert_int_equal(FETTLE_ACCESS_NOT_IN_GROUP, ask(BOB));
    assert_string_equal("lp", facts.group);
    put_link("/etc/udev/rules.d/60-fettle.rules", "/dev/null");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    put("/etc/udev/rules.d/60-fettle.rules.bak", "MODE=\"0666\"\n");
    put("/etc/udev/rules.d/.60-x.rules", "MODE=\"0666\"\n");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    put("/lib/udev/rules.d/99-x.rules", "MODE=\"0666\"\n");
    assert_int_equal(FETTLE_ACCESS_ALLOWED, ask(BOB));
}

/* Rules of several folders are one list, sorted by name. */
static void test_order(void **state)
{
    (void)state;
    put("/etc/udev/rules.d/99-late.rules", "TAG+=\"uaccess\"\n");
    seat("ACTIVE_UID=1001\n");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    put("/etc/udev/rules.d/70-early.rules", "TAG+=\"uaccess\"\n");
    assert_int_equal(FETTLE_ACCESS_ALLOWED, ask(BOB));
}

static void test_groups(void **state)
{
    (void)state;
    put_our_rules("/etc/udev/rules.d/60-fettle.rules");
    put("/etc/group", "root:x:0:\nada:x:1000:\n"); /* a system without plugdev */
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    assert_true(facts.has_uaccess);
    assert_int_equal(0660, facts.mode);
    put("/usr/lib/group", "plugdev:x:46:bob\n"); /* groups of the system's own */
    assert_int_equal(FETTLE_ACCESS_GROUP_NOT_YET, ask(BOB));
    put("/etc/group", "plugdev:x:1046:\n"); /* udev 258 and later ignore this one */
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask(BOB));
    put("/etc/group", "plugdev:x\nplugdev\n:::\n\n,:,:,\n");
    put("/usr/lib/group", "");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
}

/* The kernel's order: owner, list, group, others. */
static void test_modes(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        fettle_access access;
    } rows[] = {
        {"MODE=\"0666\"", FETTLE_ACCESS_ALLOWED},
        {"MODE=\"0662\"", FETTLE_ACCESS_NO_RULE},
        {"MODE=\"0660\"", FETTLE_ACCESS_NO_RULE},
        {"OWNER=\"1001\", MODE=\"0600\"", FETTLE_ACCESS_ALLOWED},
        {"OWNER=\"1001\", MODE=\"0466\"", FETTLE_ACCESS_NO_RULE},
        {"GROUP=\"1001\", MODE=\"0660\"", FETTLE_ACCESS_ALLOWED},
        {"GROUP=\"1001\", MODE=\"0606\"", FETTLE_ACCESS_NO_RULE},
        {"GROUP=\"46\", MODE=\"0640\"", FETTLE_ACCESS_NO_RULE},
        {"GROUP=\"46\", MODE=\"0660\"", FETTLE_ACCESS_NOT_IN_GROUP},
        {"PROGRAM=\"/bin/x\", MODE=\"0666\"", FETTLE_ACCESS_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put("/etc/udev/rules.d/61-a.rules", rows[i].rule);
        assert_int_equal(rows[i].access, ask(BOB));
    }
}

/* Where nobody obeys rules, or one can't be read, nothing is said. */
static void test_unknown(void **state)
{
    (void)state;
    char path[128], large[1 << 10];
    (void)snprintf(path, sizeof path, "%s/run/udev/control", root);
    assert_int_equal(0, unlink(path));
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask(BOB)); /* a container */
    put("/run/udev/control", "");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    put_link("/etc/udev/rules.d/61-nowhere.rules", "/nosuch/file");
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask(BOB));
    (void)snprintf(path, sizeof path, "%s/etc/udev/rules.d/61-nowhere.rules", root);
    assert_int_equal(0, unlink(path));

    (void)snprintf(path, sizeof path, "%s/etc/udev/rules.d/61-large.rules", root);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    memset(large, '#', sizeof large);
    for (size_t i = 0; i < 1100; i++) {
        assert_int_equal(sizeof large, fwrite(large, 1, sizeof large, file));
    }
    assert_int_equal(0, fclose(file));
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask(BOB));
    assert_int_equal(FETTLE_ACCESS_UNKNOWN,
                     fettle_foresee_access_below("/nosuch/folder",
                                                 &(fettle_os_person){.uid = BOB}, pytrack,
                                                 true, &facts));
}

static void test_hubs(void **state)
{
    (void)state;
    put("/etc/udev/rules.d/61-a.rules",
        "ATTRS{idVendor}==\"05e3\", ATTRS{idProduct}==\"0610\", MODE=\"0666\"\n");
    assert_int_equal(FETTLE_ACCESS_NO_RULE, ask(BOB));
    put_hub("1-1", "05e3\n", "0610\n"); /* the board could be behind it */
    assert_int_equal(FETTLE_ACCESS_UNKNOWN, ask(BOB));
}

/* Each request for memory may fail: then nothing is said. */
static void test_memory(void **state)
{
    (void)state;
    put_our_rules("/etc/udev/rules.d/60-fettle.rules");
    fettle_access access = FETTLE_ACCESS_UNKNOWN;
    for (unsigned long nth = 1; access != FETTLE_ACCESS_NOT_IN_GROUP && nth < 100; nth++) {
        fettle_alloc_fail_at(nth);
        access = ask(BOB);
        assert_true(access == FETTLE_ACCESS_UNKNOWN ||
                    access == FETTLE_ACCESS_NOT_IN_GROUP);
    }
    fettle_alloc_fail_at(0);
    assert_int_equal(FETTLE_ACCESS_NOT_IN_GROUP, access);
}

static void test_this_process(void **state)
{
    (void)state;
    fettle_access access = fettle_foresee_access(pytrack, true, &facts);
    assert_true(geteuid() != 0 || access == FETTLE_ACCESS_ALLOWED);
    assert_int_equal(fettle_udev_rules(NULL, 0), fettle_udev_rules(facts.file, 10));
    assert_int_equal(9, strlen(facts.file));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_without_a_rule, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rules_that_run_programs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_groups_from_a_directory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_a_container, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_whom_rules_let_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_with_our_rule, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_devices, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_groups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hubs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
        cmocka_unit_test(test_this_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
