/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udev's rules on Linux, as root; see system_udev.h. Nothing that the caller gave reaches a path, the
 * file or a command here: names are constants, and udevadm is run without a shell, in an environment
 * of its own. Not cli_system_begin_file(): what it makes under sudo belongs to the caller, who could
 * then change what udev does as root.
 */
#define _POSIX_C_SOURCE 200809L

#include "system_udev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define RULES_FOLDER "/etc/udev/rules.d"
#define USB_DEVICES  "/sys/bus/usb/devices"

bool cli_system_has_udev(void)
{
    return true;
}

bool cli_system_is_root(void)
{
    return geteuid() == 0;
}

bool cli_system_own_path(char *buf, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", buf, size);
    if (length <= 0 || (size_t)length >= size) {
        return false;
    }
    buf[length] = '\0';
    return true;
}

/* ---- people ---- */

/* A whole decimal number, as sudo and pkexec write it. */
static bool read_uid(const char *text, unsigned long *uid)
{
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    *uid = strtoul(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool has_member(const struct group *group, const struct passwd *user)
{
    if (user->pw_gid == group->gr_gid) {
        return true;
    }
    for (char **member = group->gr_mem; *member != NULL; member++) {
        if (strcmp(*member, user->pw_name) == 0) {
            return true;
        }
    }
    return false;
}

static bool sits_at_screen(unsigned long uid)
{
    char text[1024], line[64];
    size_t size = 0;
    if (!cli_system_read_file("/run/systemd/seats/seat0", (unsigned char *)text,
                              sizeof text - 1, &size)) {
        return false;
    }
    text[size] = '\0';
    snprintf(line, sizeof line, "ACTIVE_UID=%lu\n", uid);
    const char *at = strstr(text, line);
    return at != NULL && (at == text || at[-1] == '\n');
}

bool cli_system_has_group(const char *group)
{
    return getgrnam(group) != NULL;
}

bool cli_system_person(cli_person *person, const char *group)
{
    *person = (cli_person){0};
    bool is_there = read_uid(cli_system_environment("SUDO_UID"), &person->uid) ||
                    read_uid(cli_system_environment("PKEXEC_UID"), &person->uid);
    const struct passwd *user =
        is_there && person->uid != 0 ? getpwuid((uid_t)person->uid) : NULL;
    if (user == NULL) {
        return false;
    }
    snprintf(person->name, sizeof person->name, "%s", user->pw_name);
    const struct group *asked = getgrnam(group);
    person->is_in_group = asked != NULL && has_member(asked, user);
    person->is_at_screen = sits_at_screen(person->uid);
    return true;
}

/* ---- the file ---- */

/* Others must be able to read it: fettle looks at it as an ordinary user. */
static bool has_content(const char *path, const char *text, size_t size)
{
    struct stat status;
    char *found = malloc(size + 1);
    size_t found_size = 0;
    bool is_same =
        found != NULL && lstat(path, &status) == 0 && S_ISREG(status.st_mode) &&
        (status.st_mode & 0777) == 0644 && status.st_uid == 0 &&
        cli_system_read_file(path, (unsigned char *)found, size + 1, &found_size) &&
        found_size == size && memcmp(found, text, size) == 0;
    free(found);
    return is_same;
}

/* The packaged one counts only where none in /etc hides it. */
static const char *find_same(const char *text, size_t size)
{
    static const char *const packaged[] = {"/usr/local/lib/udev/rules.d/" CLI_RULES_NAME,
                                           "/usr/lib/udev/rules.d/" CLI_RULES_NAME};
    if (has_content(CLI_RULES_PATH, text, size)) {
        return CLI_RULES_PATH;
    }
    struct stat status;
    if (lstat(CLI_RULES_PATH, &status) == 0) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof packaged / sizeof packaged[0]; i++) {
        if (lstat(packaged[i], &status) == 0) {
            return has_content(packaged[i], text, size) ? packaged[i] : NULL;
        }
    }
    return NULL;
}

static bool make_folders(void)
{
    static const char *const folders[] = {"/etc/udev", RULES_FOLDER};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (mkdir(folders[i], 0755) == 0) {
            (void)chmod(folders[i], 0755); /* whatever the umask is */
        } else if (errno != EEXIST) {
            return false;
        }
    }
    return true;
}

static bool write_all(int file, const char *text, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t count = write(file, text + done, size - done);
        if (count >= 0) {
            done += (size_t)count;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* Under another name first, which udev doesn't read; so it is there whole or not at all. */
static bool write_file(const char *text, size_t size)
{
    char temporary[] = RULES_FOLDER "/.fettle-XXXXXX";
    int file = mkstemp(temporary);
    if (file < 0) {
        return false;
    }
    bool is_good =
        write_all(file, text, size) && fchmod(file, 0644) == 0 && fsync(file) == 0;
    int error = errno;
    if (close(file) < 0 && is_good) {
        is_good = false;
        error = errno;
    }
    if (is_good && rename(temporary, CLI_RULES_PATH) < 0) {
        is_good = false;
        error = errno;
    }
    if (!is_good) {
        (void)unlink(temporary);
        errno = error;
        return false;
    }
    int folder = open(RULES_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        (void)fsync(folder);
        (void)close(folder);
    }
    return true;
}

cli_rules_end cli_system_write_rules(const char *text, size_t size, const char **path,
                                     const char **why)
{
    *path = find_same(text, size);
    *why = "";
    if (*path != NULL) {
        return CLI_RULES_SAME;
    }
    *path = CLI_RULES_PATH;
    /* An interruption would leave the temporary file; this takes milliseconds. */
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    bool is_good = make_folders() && write_file(text, size);
    *why = strerror(errno);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return is_good ? CLI_RULES_WRITTEN : CLI_RULES_FAILED;
}

/* ---- udevadm ---- */

static const char *find_udevadm(void)
{
    static const char *const candidates[] = {"/usr/bin/udevadm", "/bin/udevadm",
                                             "/sbin/udevadm"};
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        if (access(candidates[i], X_OK) == 0) {
            return candidates[i];
        }
    }
    return NULL;
}

/* Doesn't return. */
static void become(const char *program, char *const *words)
{
    char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
    char *const environment[] = {path, locale, NULL};
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigemptyset(&plain.sa_mask);
    sigaction(SIGPIPE, &plain, NULL);
    int nothing = open("/dev/null", O_RDWR);
    for (int stream = 0; nothing >= 0 && stream <= 2; stream++) {
        (void)dup2(nothing, stream);
    }
    execve(program, words, environment);
    _exit(127);
}

static bool run(const char *program, char *const *words)
{
    pid_t child = fork();
    if (child == 0) {
        become(program, words);
    }
    int status = -1;
    pid_t ended = child;
    while (child > 0 && (ended = waitpid(child, &status, 0)) < 0 && errno == EINTR) {
    }
    return child > 0 && ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool cli_system_obey_rules(const char **why)
{
    char name[] = "udevadm", control[] = "control", reload[] = "--reload";
    char trigger[] = "trigger", change[] = "--action=change";
    char usb[] = "--subsystem-match=usb", tty[] = "--subsystem-match=tty";
    char settle[] = "settle", timeout[] = "--timeout=30";
    char *const reloading[] = {name, control, reload, NULL};
    char *const triggering[] = {name, trigger, change, usb, tty, NULL};
    char *const settling[] = {name, settle, timeout, NULL};
    const char *program = find_udevadm();
    if (program == NULL) {
        *why = "there is no udevadm on this computer";
    } else if (!run(program, reloading)) {
        *why = "\"udevadm control --reload\" failed";
    } else if (!run(program, triggering)) {
        *why = "\"udevadm trigger\" failed";
    } else if (!run(program, settling)) {
        *why = "\"udevadm settle\" failed";
    } else {
        *why = "";
        return true;
    }
    return false;
}

/* ---- what is plugged in ---- */

static bool read_attribute(const char *device, const char *name, char *buf, size_t size)
{
    char path[CLI_PATH_ROOM];
    int length = snprintf(path, sizeof path, USB_DEVICES "/%s/%s", device, name);
    int file =
        length > 0 && (size_t)length < sizeof path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t count = file >= 0 ? read(file, buf, size - 1) : -1;
    if (file >= 0) {
        close(file);
    }
    buf[count > 0 ? count : 0] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    return count > 0;
}

static bool read_number(const char *device, const char *name, int base, unsigned long max,
                        unsigned long *number)
{
    char text[16], *end;
    if (!read_attribute(device, name, text, sizeof text)) {
        return false;
    }
    *number = strtoul(text, &end, base);
    return *end == '\0' && *number <= max;
}

typedef struct interface_search {
    const char *port;
    bool found;
} interface_search;

/* DFU 1.1 section 4.2.3: fe, 01, 02. */
static void look_at_interface(void *user, const char *name)
{
    interface_search *search = user;
    size_t length = strlen(search->port);
    unsigned long class, subclass, protocol;
    if (strncmp(name, search->port, length) == 0 && name[length] == ':' &&
        read_number(name, "bInterfaceClass", 16, 255, &class) && class == 0xFE &&
        read_number(name, "bInterfaceSubClass", 16, 255, &subclass) && subclass == 1 &&
        read_number(name, "bInterfaceProtocol", 16, 255, &protocol) && protocol == 2) {
        search->found = true;
    }
}

/*
 * Entries for single users of an access list as the kernel hands it out: version 2, then tag,
 * permissions and id of 2, 2 and 4 bytes (linux/posix_acl_xattr.h), little endian.
 */
static size_t count_acl_users(const char *path)
{
    enum { HEADER = 4, ENTRY = 8, VERSION = 2, ACL_USER = 2, READ_WRITE = 6 };
    unsigned char list[HEADER + 64 * ENTRY];
    ssize_t size = getxattr(path, "system.posix_acl_access", list, sizeof list);
    size_t users = 0;
    if (size < HEADER || list[0] != VERSION) {
        return 0;
    }
    for (size_t at = HEADER; at + ENTRY <= (size_t)size; at += ENTRY) {
        bool is_user = list[at] == ACL_USER && list[at + 1] == 0;
        users += is_user && (list[at + 2] & READ_WRITE) == READ_WRITE;
    }
    return users;
}

static void look_at_node(cli_usb_node *node)
{
    struct stat status;
    if (stat(node->path, &status) < 0 || !S_ISCHR(status.st_mode)) {
        return;
    }
    const struct passwd *owner = getpwuid(status.st_uid);
    const struct group *group = getgrgid(status.st_gid);
    node->is_there = true;
    node->mode = (unsigned)(status.st_mode & 07777);
    node->gid = status.st_gid;
    node->acl_users = count_acl_users(node->path);
    snprintf(node->owner, sizeof node->owner, "%lu", (unsigned long)status.st_uid);
    snprintf(node->group, sizeof node->group, "%lu", node->gid);
    if (owner != NULL) {
        snprintf(node->owner, sizeof node->owner, "%s", owner->pw_name);
    }
    if (group != NULL) {
        snprintf(node->group, sizeof node->group, "%s", group->gr_name);
    }
}

typedef struct usb_list {
    void (*each)(void *user, const cli_usb_node *node);
    void *user;
} usb_list;

static void look_at_device(void *user, const char *name)
{
    enum { HUB = 9 };
    usb_list *list = user;
    unsigned long class, vendor, product, bus, device;
    cli_usb_node node = {0};
    if (strchr(name, ':') != NULL || strlen(name) >= sizeof node.port ||
        !read_number(name, "bDeviceClass", 16, 255, &class) || class == HUB ||
        !read_number(name, "idVendor", 16, 0xFFFF, &vendor) ||
        !read_number(name, "idProduct", 16, 0xFFFF, &product) ||
        !read_number(name, "busnum", 10, 999, &bus) ||
        !read_number(name, "devnum", 10, 999, &device)) {
        return;
    }
    snprintf(node.port, sizeof node.port, "%s", name);
    snprintf(node.path, sizeof node.path, "/dev/bus/usb/%03lu/%03lu", bus, device);
    node.id = (fettle_usb_id){(uint16_t)vendor, (uint16_t)product};
    interface_search search = {.port = node.port};
    cli_system_list_folder(USB_DEVICES, look_at_interface, &search);
    node.is_dfu_mode = search.found;
    look_at_node(&node);
    list->each(list->user, &node);
}

void cli_system_list_usb_nodes(void (*each)(void *user, const cli_usb_node *node),
                               void *user)
{
    usb_list list = {each, user};
    cli_system_list_folder(USB_DEVICES, look_at_device, &list);
}
