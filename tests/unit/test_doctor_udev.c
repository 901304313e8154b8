/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What udev's rules would do with a board that isn't there. Rows marked REAL were tried with udevd of
 * Debian 12 (252) on a real node; "?" after a result means: can't be told beforehand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "doctor/udev.h"

static const fettle_usb_id board_id = {0x04d8, 0xf014};

/* Names that this computer has; "big" is not the system's, which later versions mind. */
static fettle_truth has_group(void *self, const char *name)
{
    (void)self;
    static const char *const groups[] = {"root", "audio", "video", "plugdev"};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (strcmp(groups[i], name) == 0) {
            return FETTLE_TRUTH_YES;
        }
    }
    return strcmp(name, "big") == 0 ? FETTLE_TRUTH_MAYBE : FETTLE_TRUTH_NO;
}

static const fettle_udev_names names = {.has_group = has_group};

static fettle_span span_of(const char *text)
{
    return (fettle_span){(const uint8_t *)text, strlen(text)};
}

/* "0664 root audio uaccess ?" as far as it applies. */
static void put_answer(char *buf, size_t size, const fettle_udev_answer *answer)
{
    (void)snprintf(buf, size, "%04o %s %s%s%s", answer->mode, answer->owner, answer->group,
                   answer->has_uaccess ? " uaccess" : "", answer->is_unsure ? " ?" : "");
}

static void describe(fettle_udev_usb *usb)
{
    static const fettle_udev_hub hubs[] = {
        {{0x1d6b, 0x0002}, "Linux 6.1", "xHCI Host Controller", "0000:00:14.0"},
        {{0x05e3, 0x0610}, NULL, "USB2.1 Hub", NULL},
    };
    static const fettle_udev_usb_words words = {.class = "00", .interfaces = ":fe0102:"};
    fettle_udev_usb_describe(usb, board_id, &words);
    usb->device.knows_hubs = true;
    usb->device.hubs = hubs;
    usb->device.hub_count = 2;
}

static void ask(const char *text, fettle_udev_answer *answer)
{
    fettle_udev_usb usb;
    describe(&usb);
    fettle_udev_file file = {"60-a.rules", span_of(text)};
    fettle_udev_evaluate(&file, 1, &usb.device, &names, answer);
}

typedef struct row {
    const char *rules, *answer;
} row;

static void check_rows(const row *rows, size_t count)
{
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        fettle_udev_answer answer;
        char got[200];
        ask(rows[i].rules, &answer);
        put_answer(got, sizeof got, &answer);
        if (strcmp(got, rows[i].answer) != 0) {
            print_error("%s\n  expected \"%s\", got \"%s\"\n", rows[i].rules,
                        rows[i].answer, got);
            wrong++;
        }
    }
    assert_int_equal(0, wrong);
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])
#define NOTHING     "0600 root root" /* what the kernel makes of it */
#define DONE        "0606 root root" /* MODE="0606" was obeyed, which nothing else does */
#define MAYBE       "0600 root root ?"

/* ---- how a rule is written (REAL) ---- */

static void test_syntax(void **state)
{
    (void)state;
    static const row rows[] = {
        {"", NOTHING},
        {"# a comment\n\n   # another\n", NOTHING},
        {"SUBSYSTEM==\"usb\", MODE=\"0606\"", DONE},
        {"  SUBSYSTEM == \"usb\" , MODE = \"0606\" ,\n", DONE},
        {",,SUBSYSTEM==\"usb\"MODE=\"0606\"", DONE},
        {"SUBSYSTEM==\"usb\" MODE=\"606\" , , GROUP=\"audio\"", "0606 root audio"},
        {"SUBSYSTEM==\"usb\", \\\n# between\n  MODE=\"0606\"", DONE},
        {"MODE=\"06\\\n06\"", DONE},
        {"MODE=\"0606\" \\\n", NOTHING}, /* goes on where the file ends */
        {"# goes on \\\nMODE=\"0606\"", DONE},
        {"SUBSYSTEM==\"usb\", MODE=\"0606\" # comment", NOTHING},
        {"RUN+=\"/bin/true", NOTHING},
        {"SUBSYSTEM==usb, MODE=\"0606\"", NOTHING},
        {"MODE\"0606\"", NOTHING},
        {"ENV{A=\"1\", MODE=\"0606\"", NOTHING},
        {"SUBSYSTEM==\"u\\sb\", MODE=\"0606\"", NOTHING},
        {"SUBSYSTEM==e\"us\\x62\", MODE=\"0606\"", DONE},
        {"SUBSYSTEM==e\"\\165sb\", MODE=\"0606\"", DONE},
        {"SUBSYSTEM==i\"USB\", MODE=\"0606\"", MAYBE}, /* since 256 */
        {"SUBSYTEM==\"usb\", MODE=\"0606\"", MAYBE},
        {"SUBSYSTEM=\"usb\", MODE=\"0606\"", NOTHING},
        {"ATTRS{idVendor}=\"04d8\", MODE=\"0606\"", NOTHING},
        {"MODE=\"0606\", MODE==\"x\"", NOTHING},
        {"MODE=\"0606\"\r\nGROUP=\"audio\"\r\n", "0606 root audio"},
    };
    CHECK(rows);
}

/* ---- patterns (REAL) ---- */

static void test_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        bool fits; /* 04d8 */
    } rows[] = {
        {"04d8", true},      {"04D8", false},
        {"04d8|", true},     {"x||04d8", true},
        {"|", false},        {"*8", true},
        {"*d*", true},       {"0?d?", true},
        {"????|x", true},    {"???", false},
        {"0[34]d8|x", true}, {"04d[!0-7]", true},
        {"04d[^8]", false},  {"04[]d]8", true},
        {"04d8[", false},    {"*4*8*", true},
        {"*4*9*", false},    {"0\\4d8", false},
        {"[0-9a-f]*", true}, {"**", true},
        {"", false},         {"[0-9][0-9]d\\8*", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        fettle_udev_answer answer;
        (void)snprintf(text, sizeof text, "ATTR{idVendor}==\"%s\", MODE=\"0606\"",
                       rows[i].pattern);
        ask(text, &answer);
        assert_false(answer.is_unsure);
        assert_int_equal(rows[i].fits ? 0606 : 0600, answer.mode);
        (void)snprintf(text, sizeof text, "ATTR{idVendor}!=\"%s\", MODE=\"0606\"",
                       rows[i].pattern);
        ask(text, &answer);
        assert_int_equal(rows[i].fits ? 0600 : 0606, answer.mode);
    }
}

/* ---- conditions ---- */

static void test_conditions(void **state)
{
    (void)state;
    static const row rows[] = {
        {"ACTION==\"add|change\", MODE=\"0606\"", DONE},
        {"ACTION!=\"add\", MODE=\"0606\"", NOTHING},
        {"DRIVER==\"usb\", MODE=\"0606\"", DONE},
        {"ENV{DEVTYPE}==\"usb_device\", MODE=\"0606\"", DONE},
        {"ENV{MAJOR}==\"189\", MODE=\"0606\"", DONE},
        {"ENV{PRODUCT}==\"403/*\", MODE=\"0606\"", NOTHING},
        {"ENV{PRODUCT}==\"4d8/f014/*\", MODE=\"0606\"", MAYBE},
        {"ENV{NOSUCH}!=\"x\", MODE=\"0606\"", DONE},
        {"ENV{NOSUCH}==\"|x\", MODE=\"0606\"", DONE},
        {"ENV{NOSUCH}==\"?*\", MODE=\"0606\"", NOTHING},
        {"ENV{.x}=\"1\", ENV{.x}==\"1\", MODE=\"0606\"",
         NOTHING}, /* conditions come first */
        {"ENV{X}=\"a\"\nENV{X}==\"[!b]\", MODE=\"0606\"", DONE},
        {"ENV{X}=\"a\"\nENV{X}=\"\"\nENV{X}==\"?*\", MODE=\"0606\"", NOTHING},
        {"ENV{X}=\"$kernel\"\nENV{X}==\"1-1\", MODE=\"0606\"", MAYBE},
        {"ATTR{nosuch}!=\"x\", MODE=\"0606\"",
         NOTHING}, /* where there is none, nothing fits */
        {"ATTR{nosuch}==\"x\", MODE=\"0606\"", NOTHING},
        {"ATTR{serial}==\"?*\", MODE=\"0606\"", MAYBE},
        {"ATTR{../idVendor}==\"058f\", MODE=\"0606\"", MAYBE},
        {"NAME==\"\", MODE=\"0606\"", DONE},
        {"TAG==\"\", MODE=\"0606\"", NOTHING},
        {"TAG!=\"x\", MODE=\"0606\"", DONE},
        {"TAG=\"a\"\nTAG==\"a\", MODE=\"0606\"", DONE},
        {"TEST==\"idVendor\", MODE=\"0606\"", DONE},
        {"TEST==\"nosuch\", MODE=\"0606\"", NOTHING},
        {"TEST!=\"nosuch\", MODE=\"0606\"", DONE},
        {"TEST==\"/etc/passwd\", MODE=\"0606\"", MAYBE},
        {"CONST{arch}==\"x86-64\", MODE=\"0606\"", MAYBE},
        {"SYSCTL{kernel/ostype}==\"Linux\", MODE=\"0606\"", MAYBE},
        {"DEVPATH==\"/module/*\", MODE=\"0606\"", NOTHING},
        {"DEVPATH==\"/devices/*\", MODE=\"0606\"", MAYBE},
        {"DEVPATH==\"*\", MODE=\"0606\"", DONE},
    };
    CHECK(rows);
}

/* The port isn't known: what is true of each one is true. */
static void test_kernel_names(void **state)
{
    (void)state;
    static const row rows[] = {
        {"KERNEL==\"*\", MODE=\"0606\"", DONE},
        {"KERNEL==\"[0-9]*-[0-9]*\", MODE=\"0606\"", DONE},
        {"KERNEL==\"1-1\", MODE=\"0606\"", MAYBE},
        {"KERNEL==\"1-[0-9]|sd*\", MODE=\"0606\"", MAYBE},
        {"KERNEL==\"tty[A-Z]*[0-9]|sd*\", MODE=\"0606\"", NOTHING},
        {"KERNEL!=\"sd*\", MODE=\"0606\"", DONE},
    };
    CHECK(rows);
    fettle_udev_usb usb;
    fettle_udev_answer answer;
    describe(&usb);
    usb.device.kernel = "1-1";
    fettle_udev_file file = {"60-a.rules", span_of("KERNEL==\"1-1\", MODE=\"0606\"")};
    fettle_udev_evaluate(&file, 1, &usb.device, NULL, &answer);
    assert_int_equal(0606, answer.mode);
    assert_false(answer.is_unsure);
}

/* Conditions with an S hold for one device of the line: the board, a hub, or a controller. */
static void test_parents(void **state)
{
    (void)state;
    static const row rows[] = {
        {"ATTRS{idVendor}==\"04d8\", ATTRS{idProduct}==\"f014\", MODE=\"0606\"", DONE},
        {"SUBSYSTEMS==\"usb\", ATTRS{idVendor}==\"04d8\", MODE=\"0606\"", DONE},
        {"ATTRS{idVendor}==\"0403\", MODE=\"0606\"", NOTHING},
        {"ATTRS{idVendor}==\"05e3\", ATTRS{idProduct}==\"f014\", MODE=\"0606\"", NOTHING},
        {"ATTRS{idVendor}==\"05e3\", ATTRS{idProduct}==\"0610\", MODE=\"0606\"", MAYBE},
        {"ATTRS{bDeviceClass}==\"09\", MODE=\"0606\"", MAYBE},
        {"ATTRS{product}==\"xHCI*\", MODE=\"0606\"", MAYBE},
        {"SUBSYSTEMS==\"scsi\", MODE=\"0606\"", NOTHING},
        {"SUBSYSTEMS==\"pci\", MODE=\"0606\"", MAYBE},
        {"SUBSYSTEMS==\"pci\", ATTRS{model}==\"x\", MODE=\"0606\"", NOTHING},
        {"ATTRS{vendor}==\"0x8086\", MODE=\"0606\"", MAYBE},
        {"DRIVERS==\"usb\", MODE=\"0606\"", DONE},
        {"KERNELS==\"0000:00:14.0\", MODE=\"0606\"", MAYBE},
    };
    CHECK(rows);
    fettle_udev_usb usb;
    fettle_udev_answer answer;
    describe(&usb);
    usb.device.knows_hubs = false;
    fettle_udev_file file = {"a", span_of("ATTRS{idVendor}==\"0403\", MODE=\"0606\"")};
    fettle_udev_evaluate(&file, 1, &usb.device, NULL, &answer);
    assert_true(answer.is_unsure);
}

static void test_strings(void **state)
{
    (void)state;
    static const fettle_udev_usb_words mute = {.has_no_strings = true};
    fettle_udev_usb usb;
    fettle_udev_answer answer;
    fettle_udev_usb_describe(&usb, board_id, &mute);
    usb.device.knows_hubs = true;
    fettle_udev_file file = {"a", span_of("ATTRS{product}==\"*DAP*\", MODE=\"0606\"\n"
                                          "ATTR{serial}!=\"x\", MODE=\"0606\"")};
    fettle_udev_evaluate(&file, 1, &usb.device, NULL, &answer);
    assert_int_equal(0600, answer.mode);
    assert_false(answer.is_unsure);
}

/* ---- programs and imports ---- */

static void test_imports(void **state)
{
    (void)state;
    static const row rows[] = {
        {"ENV{ID_VENDOR_ID}==\"04d8\", MODE=\"0606\"",
         NOTHING}, /* nobody has imported it */
        {"IMPORT{builtin}=\"usb_id\"\nENV{ID_VENDOR_ID}==\"04d8\", MODE=\"0606\"", DONE},
        {"IMPORT{builtin}=\"usb_id\"\n"
         "ENV{ID_USB_INTERFACES}==\"*:fe0102:*\", MODE=\"0606\"",
         DONE},
        {"IMPORT{builtin}=\"usb_id\"\n"
         "ENV{ID_USB_INTERFACES}==\"*:fe0101:*\", MODE=\"0606\"",
         NOTHING},
        {"SUBSYSTEM==\"tty\", IMPORT{builtin}=\"usb_id\"\n"
         "ENV{ID_BUS}==\"usb\", MODE=\"0606\"",
         NOTHING},
        {"IMPORT{builtin}!=\"usb_id\", MODE=\"0606\"", NOTHING},
        {"IMPORT{builtin}=\"path_id\"\nENV{ID_PATH}==\"?*\", MODE=\"0606\"", MAYBE},
        {"IMPORT{builtin}=\"nosuch\", MODE=\"0606\"", MAYBE},
        {"IMPORT{program}=\"/bin/x\"\nENV{ID_GPHOTO2}==\"?*\", MODE=\"0606\"", MAYBE},
        {"IMPORT{cmdline}=\"quiet\"\nENV{ID_GPHOTO2}==\"?*\", MODE=\"0606\"", NOTHING},
        {"IMPORT{cmdline}=\"quiet\"\nENV{quiet}==\"?*\", MODE=\"0606\"", MAYBE},
        {"PROGRAM=\"/bin/true\", MODE=\"0606\"", MAYBE},
        {"SUBSYSTEM==\"tty\", PROGRAM=\"/bin/true\", MODE=\"0606\"", NOTHING},
        {"PROGRAM=\"mtp-probe /sys$env{DEVPATH}\", RESULT==\"1\", MODE=\"0606\"", NOTHING},
        {"RESULT==\"\", MODE=\"0606\"", DONE},
    };
    CHECK(rows);
}

/* ---- what a rule sets ---- */

static void test_node(void **state)
{
    (void)state;
    static const row rows[] = {
        /* REAL */
        {"GROUP=\"audio\"", "0660 root audio"},
        {"GROUP=\"nosuch\", MODE=\"0660\"", "0660 root root"},
        {"GROUP=\"audio\", GROUP+=\"video\"", "0660 root video"},
        {"GROUP=\"46\"", "0660 root 46"},
        {"GROUP=\"0\"", NOTHING},
        {"OWNER=\"1\", MODE=\"0600\"", "0600 1 root"},
        {"MODE+=\"0606\"", DONE},
        {"MODE-=\"0606\"", NOTHING},
        {"MODE=\"rw\"", NOTHING},
        {"MODE=\" 0606\"", DONE},
        {"MODE=\"77777\"", NOTHING},
        {"MODE:=\"606\"\nMODE=\"0640\"", DONE},
        {"MODE:=\"rw\"\nMODE=\"0606\"", NOTHING},
        {"GROUP:=\"audio\"\nGROUP=\"video\", MODE=\"0660\"", "0660 root audio"},
        /* udev 252 takes "audio" back; others may not */
        {"GROUP=\"audio\"\nGROUP=\"nosuch\"", "0660 root audio ?"},
        {"GROUP=\"big\"", "0600 root root ?"},
        {"GROUP=\"$attr{x}\", MODE=\"0606\"", "0606 root root ?"},
        /* what is certain in the end counts */
        {"ATTR{serial}==\"x\", MODE=\"0666\"\nMODE=\"0606\"", DONE},
        {"ATTR{serial}==\"x\", MODE:=\"0666\"\nMODE=\"0606\"", MAYBE},
        {"MODE=\"0606\"\nATTR{serial}==\"x\", MODE=\"606\"", DONE},
        {"ATTR{serial}==\"x\", SYMLINK+=\"x\"", NOTHING},
    };
    CHECK(rows);
}

static void test_goto(void **state)
{
    (void)state;
    static const row rows[] = {
        /* REAL */
        {"MODE=\"606\", GOTO=\"x\"\nMODE=\"0600\"\nLABEL=\"x\"", DONE},
        {"MODE=\"0600\", GOTO=\"nosuch\"\nMODE=\"0606\"", DONE},
        {"LABEL=\"e\"\nGOTO=\"e\"\nMODE=\"0606\"", DONE}, /* never backwards */
        {"GOTO=\"e\"\nMODE=\"0606\"\nLABEL=\"e\", GROUP=\"audio\"", "0660 root audio"},
        {"GOTO=\"a\", GOTO=\"b\"\nMODE=\"0606\"\nLABEL=\"a\"\nLABEL=\"b\"", NOTHING},
        {"GOTO=\"a\"\nMODE=\"0606\"\nLABEL=\"a\", LABEL=\"b\"", DONE},
        {"GOTO=\"b\"\nMODE=\"0606\"\nLABEL=\"a\", LABEL=\"b\"", NOTHING},
        {"GOTO+=\"e\"\nMODE=\"0606\"\nLABEL=\"e\"", DONE},
        {"GOTO=\"e\"\nMODE=\"0606\"\nLABEL+=\"e\"", DONE},
        {"GOTO=\"e\"\nMODE=\"0606\"\nLABEL=\"e\", FOO=\"x\"", "0600 root root ?"},
        /* maybe */
        {"ATTR{serial}==\"x\", GOTO=\"e\"\nMODE=\"0606\"\nLABEL=\"e\"", MAYBE},
        {"ATTR{serial}==\"x\", GOTO=\"e\"\nLABEL=\"e\"\nMODE=\"0606\"", DONE},
        {"ATTR{serial}==\"x\", GOTO=\"nosuch\"\nMODE=\"0606\"", DONE},
        {"ATTR{serial}==\"x\", GOTO=\"e\"\nGOTO=\"f\"\nMODE=\"0606\"\n"
         "LABEL=\"e\"\nGROUP=\"audio\"\nLABEL=\"f\"",
         "0600 root root ?"},
    };
    CHECK(rows);
}

#define LATE "TAG==\"uaccess\", ENV{MAJOR}!=\"\", RUN{builtin}+=\"uaccess\"\n"

static void test_uaccess(void **state)
{
    (void)state;
    static const row rows[] = {
        /* REAL */
        {"TAG+=\"uaccess\"\n" LATE, "0600 root root uaccess"},
        {LATE "TAG+=\"uaccess\"\n", NOTHING},
        {"TAG+=\"uaccess\"\n", NOTHING},
        {"TAG+=\"uaccess\"\nTAG-=\"uaccess\"\n" LATE, NOTHING},
        {"TAG+=\"uaccess\"\n" LATE "TAG-=\"uaccess\"\n", "0600 root root uaccess"},
        {"TAG+=\"uaccess\"\nTAG=\"x\"\n" LATE, NOTHING},
        {"TAG+=\"uaccess\"\nTAG==\"seat|uaccess\", RUN{builtin}+=\"uaccess\"",
         "0600 root root uaccess"},
        {"TAG+=\"uaccess\"\n" LATE "RUN=\"/bin/true\"\n", NOTHING},
        {"TAG+=\"uaccess\"\n" LATE "RUN+=\"/bin/true\"\n", "0600 root root uaccess"},
        {"TAG+=\"uaccess\"\nRUN:=\"/bin/true\"\n" LATE, NOTHING},
        /* maybe */
        {"ATTR{serial}==\"x\", TAG+=\"uaccess\"\n" LATE, "0600 root root ?"},
        {"ENV{ID_SEAT}=\"$attr{x}\"\nENV{ID_SEAT}!=\"\", TAG+=\"$env{ID_SEAT}\"\n" LATE,
         NOTHING},
        /* elogind */
        {"TAG+=\"uaccess\"\nTAG==\"uaccess\", RUN+=\"/lib/udev/elogind-uaccess-command %N\"",
         "0600 root root uaccess"},
    };
    CHECK(rows);
}

/* ---- files ---- */

static void test_files_and_lines(void **state)
{
    (void)state;
    static const char first[] = "# one\n"
                                "SUBSYSTEM==\"usb\", ENV{DEVTYPE}==\"usb_device\", \\\n"
                                "  MODE=\"0664\"\n";
    static const char second[] = "GOTO=\"over\"\n\n"
                                 "ATTR{idVendor}==\"04d8\", GROUP=\"plugdev\"\n"
                                 "LABEL=\"over\"\n"
                                 "TAG+=\"uaccess\"\n";
    static const char third[] = "LABEL=\"there\"\n" LATE;
    const fettle_udev_file files[] = {
        {"50-first.rules", span_of(first)},
        {"60-second.rules", span_of(second)},
        {"73-third.rules", span_of(third)},
    };
    fettle_udev_usb usb;
    fettle_udev_answer answer;
    describe(&usb);
    fettle_udev_evaluate(files, 3, &usb.device, &names, &answer);
    assert_int_equal(0664, answer.mode);
    assert_string_equal("root", answer.group);
    assert_true(answer.has_uaccess);
    assert_string_equal("50-first.rules", answer.mode_from.file);
    assert_int_equal(2, answer.mode_from.line);
    assert_null(answer.group_from.file);
    assert_string_equal("60-second.rules", answer.uaccess_from.file);
    assert_int_equal(5, answer.uaccess_from.line);
    /* A tag that is set after it was looked for does nothing. */
    const fettle_udev_file late[] = {files[0], files[2], files[1]};
    fettle_udev_evaluate(late, 3, &usb.device, &names, &answer);
    assert_false(answer.has_uaccess);
}

static void test_unsure_is_named(void **state)
{
    (void)state;
    fettle_udev_answer answer;
    ask("MODE=\"0660\"\nPROGRAM=\"/bin/x\", GROUP=\"audio\"\n", &answer);
    assert_true(answer.is_unsure);
    assert_string_equal("60-a.rules", answer.unsure_from.file);
    assert_int_equal(2, answer.unsure_from.line);
}

/* More than can be followed ends in "can't tell", and ends. */
static void test_bounds(void **state)
{
    (void)state;
    fettle_udev_answer answer;
    size_t room = 500000;
    char *text = malloc(room);
    assert_non_null(text);

    text[0] = '\0'; /* each looks for its label to the end of the file */
    for (size_t used = 0; used + 40 < room; used += 14) {
        memcpy(text + used, "GOTO=\"nosuch\"\n", 15);
    }
    ask(text, &answer);
    assert_true(answer.is_unsure);

    memset(text, 'a', room - 1); /* one line */
    text[room - 1] = '\0';
    ask(text, &answer);
    assert_true(answer.is_unsure);

    text[0] = '\0';
    for (size_t i = 0; i < 70; i++) { /* more conditions than are kept */
        fettle_text_append(text, room, "ACTION==\"add\",");
    }
    fettle_text_append(text, room, "MODE=\"0606\"");
    ask(text, &answer);
    assert_true(answer.is_unsure);

    text[0] = '\0';
    for (unsigned i = 0; i < 200; i++) { /* more properties and tags than are kept */
        char line[80];
        (void)snprintf(line, sizeof line, "ENV{V%u}=\"%u\", TAG+=\"t%u\"\n", i, i, i);
        fettle_text_append(text, room, line);
    }
    ask(text, &answer);
    assert_true(answer.is_unsure);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_kernel_names),
        cmocka_unit_test(test_parents),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_imports),
        cmocka_unit_test(test_node),
        cmocka_unit_test(test_goto),
        cmocka_unit_test(test_uaccess),
        cmocka_unit_test(test_files_and_lines),
        cmocka_unit_test(test_unsure_is_named),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
