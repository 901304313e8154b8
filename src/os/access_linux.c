/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may open USB devices, on Linux; see access.h. Rule files are found as udevd finds them (udev(7)):
 * sorted by name over all folders; a name in an earlier folder hides the same name in later ones, and
 * so does a link to /dev/null, without saying anything itself.
 */
#define _POSIX_C_SOURCE 200809L

#include "os/access.h"

#include "base/alloc.h"
#include "base/text.h"
#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATH_SIZE = 1024,
    RULE_FILE_SIZE = 1 << 20,
    ALL_RULES_SIZE = 8 << 20,
    NAMES_SIZE = 4 << 20, /* of passwd or group */
};

#define USB_DEVICES "/sys/bus/usb/devices"

typedef struct look {
    fettle_os_access *access;
    const char *root;
    size_t rules_size;
} look;

/* ---- paths and small files ---- */

/* False: too long. */
static bool join(char path[PATH_SIZE], const char *root, const char *folder,
                 const char *name)
{
    const char *const parts[] = {root, folder, folder[0] != '\0' ? "/" : "", name};
    path[0] = '\0';
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (!fettle_text_append_part(path, PATH_SIZE, parts[i], strlen(parts[i]))) {
            return false;
        }
    }
    return true;
}

/* The beginning of a file of sysfs or /run, up to `size` - 1 bytes. False: there is none. */
static bool read_small(const char *path, char *buf, size_t size)
{
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t count = file >= 0 ? read(file, buf, size - 1) : -1;
    if (file >= 0) {
        (void)close(file);
    }
    buf[count > 0 ? count : 0] = '\0';
    return count >= 0;
}

/* Calls `each` for every name in ROOT/folder. False: there is no such folder. */
static bool list(look *l, const char *folder,
                 void (*each)(look *l, const char *folder, const char *name))
{
    char path[PATH_SIZE];
    DIR *stream = join(path, l->root, "", folder) ? opendir(path) : NULL;
    if (stream == NULL) {
        return false;
    }
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (entry->d_name[0] != '.') {
            each(l, folder, entry->d_name);
        }
    }
    (void)closedir(stream);
    return true;
}

/* ---- rule files ---- */

static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static bool is_rule_file(const char *name)
{
    static const char ending[] = ".rules";
    size_t length = strlen(name), end = sizeof ending - 1;
    return length > end && strcmp(name + length - end, ending) == 0;
}

static bool is_known(const fettle_os_access *access, const char *name)
{
    for (size_t i = 0; i < access->rule_count; i++) {
        if (strcmp(name_in(access->rules[i].path), name) == 0) {
            return true;
        }
    }
    return false;
}

static char *copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *room = fettle_alloc(size);
    if (room != NULL) {
        memcpy(room, text, size);
    }
    return room;
}

static bool is_hidden(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISCHR(status.st_mode);
}

/* A file that can't be read, or is one too many, could say anything. */
static void add_rule_file(look *l, const char *folder, const char *name)
{
    fettle_os_access *access = l->access;
    if (!is_rule_file(name) || is_known(access, name)) {
        return;
    }
    char path[PATH_SIZE];
    if (access->rule_count == FETTLE_OS_RULE_FILES_MAX ||
        !join(path, l->root, folder, name)) {
        access->is_complete = false;
        return;
    }
    fettle_os_rule_file file = {.path = copy(path + strlen(l->root))};
    if (file.path == NULL) {
        access->is_complete = false;
        return;
    }
    fettle_error ignored;
    if (!is_hidden(path) &&
        !fettle_os_file_read(path, RULE_FILE_SIZE, &file.text, &file.size, &ignored)) {
        access->is_complete = false;
    }
    l->rules_size += file.size;
    access->is_complete = access->is_complete && l->rules_size <= ALL_RULES_SIZE;
    access->rules[access->rule_count++] = file;
}

static int compare_names(const void *a, const void *b)
{
    const fettle_os_rule_file *one = a, *other = b;
    return strcmp(name_in(one->path), name_in(other->path));
}

static bool is_there(look *l, const char *name)
{
    char path[PATH_SIZE];
    struct stat status;
    return join(path, l->root, "", name) && stat(path, &status) == 0;
}

/* It may have been handed the socket of the host's udevd; but that obeys the host's rules. */
static bool is_in_container(look *l)
{
    static const char *const marks[] = {
        "/.dockerenv",
        "/run/.containerenv",          /* podman, toolbox, distrobox */
        "/run/host/container-manager", /* systemd.io/CONTAINER_INTERFACE */
        "/.flatpak-info",
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (is_there(l, marks[i])) {
            return true;
        }
    }
    return false;
}

static void look_at_rules(look *l)
{
    static const char *const folders[] = {
        "/etc/udev/rules.d",     "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
        "/usr/lib/udev/rules.d", "/lib/udev/rules.d",
    };
    fettle_os_access *access = l->access;
    access->is_complete = true;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0] && access->is_complete; i++) {
        (void)list(l, folders[i], add_rule_file);
    }
    qsort(access->rules, access->rule_count, sizeof *access->rules, compare_names);
    /* The socket of udevd: a container has rules from its packages, and nobody who obeys them. */
    access->has_udev =
        access->rule_count > 0 && is_there(l, "/run/udev/control") && !is_in_container(l);
}

/* ---- people ---- */

static void read_names(look *l, const char *name, fettle_span *span)
{
    char path[PATH_SIZE];
    fettle_error ignored;
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct stat status;
    if (!join(path, l->root, "", name) || stat(path, &status) != 0) {
        return;
    }
    if (fettle_os_file_read(path, NAMES_SIZE, &bytes, &size, &ignored)) {
        *span = (fettle_span){bytes, size};
    } else {
        l->access->is_complete = false;
    }
}

/* Files like those that systemd-logind keeps: KEY=VALUE, a line each. */
static void look_at_seat(look *l, const char *folder, const char *name)
{
    static const char key[] = "ACTIVE_UID=";
    char path[PATH_SIZE], text[1024];
    if (!join(path, l->root, folder, name) || !read_small(path, text, sizeof text)) {
        return;
    }
    for (char *line = text, *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        uint64_t uid;
        if (strncmp(line, key, sizeof key - 1) == 0 &&
            fettle_text_to_number(line + sizeof key - 1, &uid) && uid == l->access->uid) {
            bool is_first = strcmp(name, "seat0") == 0;
            l->access->is_at_seat0 = l->access->is_at_seat0 || is_first;
            l->access->is_at_other_seat = l->access->is_at_other_seat || !is_first;
        }
    }
}

static void look_at_people(look *l)
{
    read_names(l, "/etc/passwd", &l->access->users[0]);
    read_names(l, "/usr/lib/passwd", &l->access->users[1]);
    read_names(l, "/etc/group", &l->access->groups[0]);
    read_names(l, "/usr/lib/group", &l->access->groups[1]);
    (void)list(l, "/run/systemd/seats", look_at_seat);
}

/* ---- hubs ---- */

static bool read_attribute(look *l, const char *device, const char *name, char *buf,
                           size_t size)
{
    char folder[PATH_SIZE], path[PATH_SIZE];
    if (!join(folder, l->root, USB_DEVICES, device) || !join(path, "", folder, name) ||
        !read_small(path, buf, size)) {
        return false;
    }
    buf[strcspn(buf, "\n")] = '\0';
    return true;
}

static void look_at_usb_device(look *l, const char *folder, const char *name)
{
    (void)folder;
    fettle_os_access *access = l->access;
    char class[8], vendor[8], product[8];
    if (!read_attribute(l, name, "bDeviceClass", class, sizeof class) ||
        strcmp(class, "09") != 0) {
        return;
    }
    fettle_os_hub hub = {0};
    if (access->hub_count == FETTLE_OS_HUBS_MAX ||
        !read_attribute(l, name, "idVendor", vendor, sizeof vendor) ||
        !read_attribute(l, name, "idProduct", product, sizeof product) ||
        !fettle_text_to_hex16(vendor, strlen(vendor), &hub.id.vendor) ||
        !fettle_text_to_hex16(product, strlen(product), &hub.id.product)) {
        access->knows_hubs = false;
        return;
    }
    (void)read_attribute(l, name, "manufacturer", hub.manufacturer,
                         sizeof hub.manufacturer);
    (void)read_attribute(l, name, "product", hub.product, sizeof hub.product);
    (void)read_attribute(l, name, "serial", hub.serial, sizeof hub.serial);
    access->hubs[access->hub_count++] = hub;
}

static void look_at_hubs(look *l)
{
    l->access->knows_hubs = true;
    if (!list(l, USB_DEVICES, look_at_usb_device) || l->access->hub_count == 0) {
        l->access->knows_hubs = false;
    }
}

/* ---- this process ---- */

static bool take_groups(fettle_os_access *access, const uint32_t *groups, size_t count)
{
    access->person_groups = fettle_alloc((count + 1) * sizeof *groups);
    if (access->person_groups == NULL) {
        return false;
    }
    if (count > 0) {
        memcpy(access->person_groups, groups, count * sizeof *groups);
    }
    access->person_group_count = count;
    return true;
}

static bool look_at_process(fettle_os_access *access)
{
    int count = getgroups(0, NULL);
    size_t room = count > 0 ? (size_t)count : 0;
    gid_t *groups = fettle_alloc((room + 1) * sizeof *groups);
    access->person_groups = fettle_alloc((room + 1) * sizeof *access->person_groups);
    bool is_good = groups != NULL && access->person_groups != NULL;
    if (is_good) {
        count = room > 0 ? getgroups((int)room, groups) : 0;
        for (int i = 0; i < count; i++) {
            access->person_groups[access->person_group_count++] = groups[i];
        }
        access->person_groups[access->person_group_count++] = getegid();
    }
    access->uid = geteuid();
    fettle_free(groups);
    return is_good;
}

static bool take_person(fettle_os_access *access, const fettle_os_person *person)
{
    if (person == NULL) {
        return look_at_process(access);
    }
    access->uid = person->uid;
    return take_groups(access, person->groups, person->group_count);
}

/* ---- all of it ---- */

fettle_os_access *fettle_os_access_look(const char *root, const fettle_os_person *person)
{
    fettle_os_access *access = fettle_alloc(sizeof *access);
    if (access == NULL) {
        return NULL;
    }
    access->rules = fettle_alloc(FETTLE_OS_RULE_FILES_MAX * sizeof *access->rules);
    access->hubs = fettle_alloc(FETTLE_OS_HUBS_MAX * sizeof *access->hubs);
    if (access->rules == NULL || access->hubs == NULL || !take_person(access, person)) {
        fettle_os_access_free(access);
        return NULL;
    }
    look l = {.access = access, .root = root};
    look_at_rules(&l);
    look_at_people(&l);
    look_at_hubs(&l);
    return access;
}

static void free_span(fettle_span span)
{
    /* It came from fettle_os_file_read(), which made it to be owned. */
    fettle_free((void *)(uintptr_t)span.data);
}

void fettle_os_access_free(fettle_os_access *access)
{
    if (access == NULL) {
        return;
    }
    for (size_t i = 0; access->rules != NULL && i < access->rule_count; i++) {
        fettle_free(access->rules[i].path);
        fettle_free(access->rules[i].text);
    }
    for (size_t i = 0; i < 2; i++) {
        free_span(access->users[i]);
        free_span(access->groups[i]);
    }
    fettle_free(access->rules);
    fettle_free(access->hubs);
    fettle_free(access->person_groups);
    fettle_free(access);
}
