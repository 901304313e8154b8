/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This computer's permissions: the udev rule that lets people open the boards that are known, made from
 * the boards' rows, and the question whether one will be let in, before it is there. What the computer
 * says is read by src/os, what follows from it is found by src/doctor; here they are joined.
 */
#include "api/udev.h"

#include "api/vendors.h"
#include "base/alloc.h"
#include "base/text.h"
#include "doctor/admission.h"

#include <string.h>

/* ---- the rule ---- */

/* Text that goes on where there is no room: `size` counts all of it. */
typedef struct paper {
    char *buf;
    size_t room, size;
} paper;

static void put(paper *p, const char *text)
{
    size_t length = strlen(text);
    if (p->size < p->room) {
        size_t left = p->room - p->size - 1;
        size_t part = length < left ? length : left;
        memcpy(p->buf + p->size, text, part);
        p->buf[p->size + part] = '\0';
    }
    p->size += length;
}

static void put_ids(paper *p, const char *attribute, fettle_usb_id id)
{
    char text[96] = "";
    fettle_text_append(text, sizeof text, attribute);
    fettle_text_append(text, sizeof text, "{idVendor}==\"");
    fettle_text_append_hex(text, sizeof text, id.vendor, 4);
    fettle_text_append(text, sizeof text, "\", ");
    fettle_text_append(text, sizeof text, attribute);
    fettle_text_append(text, sizeof text, "{idProduct}==\"");
    fettle_text_append_hex(text, sizeof text, id.product, 4);
    fettle_text_append(text, sizeof text, "\", ");
    put(p, text);
}

static bool has_id(const fettle_face *face)
{
    return face->id.vendor != 0 || face->id.product != 0;
}

static void put_usb_device(paper *p, const fettle_board_row *row)
{
    put(p, "# ");
    put(p, row->name);
    put(p, "\n");
    for (size_t i = 0; i < row->face_count; i++) {
        if (has_id(&row->faces[i])) {
            put_ids(p, "ATTR", row->faces[i].id);
            put(p, "GOTO=\"fettle_board\"\n");
        }
    }
}

/* The application is a serial port; its group (dialout, uucp) stays the system's. */
static void put_tty(paper *p, const fettle_board_row *row)
{
    for (size_t i = 0; i < row->face_count; i++) {
        if (row->faces[i].mode == FETTLE_MODE_APP && has_id(&row->faces[i])) {
            put_ids(p, "ATTRS", row->faces[i].id);
            put(p, "TAG+=\"uaccess\"\n");
        }
    }
}

static void put_rows(paper *p, void (*each)(paper *p, const fettle_board_row *row))
{
    fettle_vendors vendors = fettle_vendors_all();
    for (size_t i = 0; i < vendors.count; i++) {
        for (size_t k = 0; k < vendors.list[i]->row_count; k++) {
            each(p, &vendors.list[i]->rows[k]);
        }
    }
}

/*
 * udev wants ids in lower case, and the tag before 73-seat-late.rules, which acts on it. GROUP stands
 * alone: where there is no such group, udev complains once, and no version of it can drop more than
 * that line.
 */
static const char beginning[] =
    "# SPDX-License-Identifier: Apache-2.0\n"
    "#\n"
    "# Lets people open development boards that fettle knows, and any other USB device that\n"
    "# is in update mode (USB DFU). Made by \"fettle udev-rules\".\n"
    "#\n"
    "# Who sits at the computer's screen gets an entry in the access list of the device's node\n"
    "# (TAG uaccess). Who doesn't, say over SSH, is let in as a member of the group plugdev;\n"
    "# where there is no such group, udev says so in its log, and all else here still works.\n"
    "# ID_MM_DEVICE_IGNORE keeps ModemManager from trying whether a board is a modem.\n"
    "#\n"
    "# The file's name must sort before 73-seat-late.rules. To take it back, remove this file\n"
    "# and unplug the board. To hide a packaged one, put an empty file of the same name into\n"
    "# /etc/udev/rules.d.\n"
    "\n"
    "ACTION==\"remove\", GOTO=\"fettle_end\"\n"
    "SUBSYSTEM==\"tty\", GOTO=\"fettle_tty\"\n"
    "SUBSYSTEM!=\"usb\", GOTO=\"fettle_end\"\n"
    "ENV{DEVTYPE}!=\"usb_device\", GOTO=\"fettle_end\"\n"
    "\n";

static const char let_in[] =
    "\n"
    "# Else only what has an interface in DFU mode (class fe, subclass 01, protocol 02). Not\n"
    "# those that can be brought there (protocol 01): parts of computers have them, too.\n"
    "ENV{ID_USB_INTERFACES}!=\"*:fe0102:*\", GOTO=\"fettle_end\"\n"
    "\n"
    "LABEL=\"fettle_board\"\n"
    "MODE=\"0660\", TAG+=\"uaccess\", ENV{ID_MM_DEVICE_IGNORE}=\"1\"\n"
    "GROUP=\"plugdev\"\n"
    "GOTO=\"fettle_end\"\n"
    "\n"
    "# Their serial ports; the group stays the system's own.\n"
    "LABEL=\"fettle_tty\"\n";

size_t fettle_udev_rules(char *buf, size_t size)
{
    paper p = {.buf = buf, .room = size};
    if (size > 0) {
        buf[0] = '\0';
    }
    put(&p, beginning);
    put_rows(&p, put_usb_device);
    put(&p, let_in);
    put_rows(&p, put_tty);
    put(&p, "\nLABEL=\"fettle_end\"\n");
    return p.size;
}

/* ---- what this computer says, in the words of src/doctor ---- */

typedef struct observations {
    fettle_udev_file *files;
    fettle_udev_hub *hubs;
    fettle_admission_names names;
    fettle_admission_person person;
} observations;

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* Borrows from `access`. False: no memory. */
static bool observe(observations *seen, const fettle_os_access *access)
{
    *seen = (observations){
        .files = fettle_alloc((access->rule_count + 1) * sizeof *seen->files),
        .hubs = fettle_alloc((access->hub_count + 1) * sizeof *seen->hubs),
        .names = {.users = {access->users[0], access->users[1]},
                  .groups = {access->groups[0], access->groups[1]}},
        .person = {.uid = access->uid,
                   .groups = access->person_groups,
                   .group_count = access->person_group_count,
                   .is_at_seat = access->is_at_seat0        ? FETTLE_TRUTH_YES
                                 : access->is_at_other_seat ? FETTLE_TRUTH_MAYBE
                                                            : FETTLE_TRUTH_NO},
    };
    if (seen->files == NULL || seen->hubs == NULL) {
        return false;
    }
    for (size_t i = 0; i < access->rule_count; i++) {
        const fettle_os_rule_file *rule = &access->rules[i];
        seen->files[i] = (fettle_udev_file){rule->path, {rule->text, rule->size}};
    }
    for (size_t i = 0; i < access->hub_count; i++) {
        const fettle_os_hub *hub = &access->hubs[i];
        seen->hubs[i] = (fettle_udev_hub){
            .id = hub->id,
            .manufacturer = text_or_null(hub->manufacturer),
            .product = text_or_null(hub->product),
            .serial = text_or_null(hub->serial),
        };
    }
    return true;
}

static void forget(observations *seen)
{
    fettle_free(seen->files);
    fettle_free(seen->hubs);
}

/* ---- the question ---- */

/*
 * What the device can look like. Loaders of known boards have no strings that a rule could know them by, and
 * some say protocol 0 where DFU 1.1 section 4.2.3 wants 2. Of known boards udev's hardware database has
 * the maker's name at most; of others it may have what other rules give access for.
 */
static size_t describe(fettle_usb_id id, bool is_dfu_mode, fettle_udev_usb_words words[2])
{
    static const char by_the_book[] = ":fe0102:", without_protocol[] = ":fe0100:";
    static const char serial_port[] = ":020201:0a0000:"; /* CDC 1.2, as applications are */
    fettle_vendors vendors = fettle_vendors_all();
    bool is_known =
        fettle_vendors_find_id(vendors, id, FETTLE_MODE_UNKNOWN, 0, NULL) != NULL;
    bool is_known_loader =
        is_dfu_mode &&
        fettle_vendors_find_id(vendors, id, FETTLE_MODE_DFU, 0, NULL) != NULL;
    words[0] = (fettle_udev_usb_words){
        .interfaces = is_dfu_mode ? by_the_book
                      : is_known  ? serial_port
                                  : NULL,
        .has_no_strings = is_known_loader,
        .may_be_in_hwdb = !is_known,
    };
    words[1] = words[0];
    words[1].interfaces = without_protocol;
    return is_known_loader ? 2 : 1;
}

static fettle_admission foresee(const fettle_os_access *access, const observations *seen,
                                fettle_usb_id id, const fettle_udev_usb_words *words,
                                fettle_admission_facts *facts)
{
    fettle_udev_usb usb;
    fettle_udev_usb_describe(&usb, id, words);
    usb.device.knows_hubs = access->knows_hubs;
    usb.device.hubs = seen->hubs;
    usb.device.hub_count = access->hub_count;
    return fettle_admission_foresee(seen->files, access->rule_count, &usb.device,
                                    &seen->names, &seen->person, facts);
}

static fettle_access in_public_words(fettle_admission admission)
{
    switch (admission) {
    case FETTLE_ADMISSION_YES:
        return FETTLE_ACCESS_ALLOWED;
    case FETTLE_ADMISSION_NO_RULE:
        return FETTLE_ACCESS_NO_RULE;
    case FETTLE_ADMISSION_NOT_IN_GROUP:
        return FETTLE_ACCESS_NOT_IN_GROUP;
    case FETTLE_ADMISSION_GROUP_NOT_YET:
        return FETTLE_ACCESS_GROUP_NOT_YET;
    case FETTLE_ADMISSION_UNKNOWN:
        break;
    }
    return FETTLE_ACCESS_UNKNOWN;
}

static void fill_in(fettle_access_facts *to, const fettle_admission_facts *from)
{
    to->mode = from->mode;
    to->has_uaccess = from->has_uaccess;
    to->line = from->from.line;
    fettle_text_append(to->group, sizeof to->group, from->group);
    if (from->from.file != NULL) {
        fettle_text_append(to->file, sizeof to->file, from->from.file);
    }
}

/* Where the forms that it can have would be treated differently, nothing can be said. */
static fettle_access judge(const fettle_os_access *access, const observations *seen,
                           fettle_usb_id id, bool is_dfu_mode, fettle_access_facts *facts)
{
    fettle_udev_usb_words words[2];
    fettle_admission_facts first, other;
    size_t count = describe(id, is_dfu_mode, words);
    fettle_admission admission = foresee(access, seen, id, &words[0], &first);
    fill_in(facts, &first);
    if (count > 1 && foresee(access, seen, id, &words[1], &other) != admission) {
        return FETTLE_ACCESS_UNKNOWN;
    }
    return in_public_words(admission);
}

fettle_access fettle_foresee_access_below(const char *root, const fettle_os_person *person,
                                          fettle_usb_id id, bool is_dfu_mode,
                                          fettle_access_facts *facts)
{
    *facts = (fettle_access_facts){0};
    fettle_os_access *access = fettle_os_access_look(root, person);
    if (access == NULL) {
        return FETTLE_ACCESS_UNKNOWN;
    }
    observations seen;
    fettle_access result = FETTLE_ACCESS_UNKNOWN;
    if (observe(&seen, access) && access->has_udev && access->is_complete) {
        result = judge(access, &seen, id, is_dfu_mode, facts);
    }
    if (access->uid == 0) {
        result = FETTLE_ACCESS_ALLOWED;
    }
    forget(&seen);
    fettle_os_access_free(access);
    return result;
}

bool fettle_rules_decide_below(const char *root, const fettle_os_person *person)
{
    fettle_os_access *access = fettle_os_access_look(root, person);
    bool decides = access == NULL || (access->has_udev && access->uid != 0);
    fettle_os_access_free(access);
    return decides;
}

fettle_access fettle_foresee_access(fettle_usb_id id, bool is_dfu_mode,
                                    fettle_access_facts *facts)
{
    return fettle_foresee_access_below("", NULL, id, is_dfu_mode, facts);
}
