/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's system layer on POSIX systems. Signal handlers live here with the few globals
 * that they need; they call nothing but async-signal-safe functions and fettle_job_cancel(), which
 * is made for it. Files made under sudo are handed to the calling user by descriptor, so that the
 * next run without sudo can write them.
 */
#define _XOPEN_SOURCE 700 /* POSIX.1-2008, and realpath() */

#include "system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_INTERRUPTED = 130,
};

/* ---- streams and environment ---- */

void cli_system_prepare_streams(void)
{
}

bool cli_system_is_terminal(cli_stream stream)
{
    return isatty((int)stream) == 1;
}

size_t cli_system_columns(void)
{
#ifdef TIOCGWINSZ
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
        return window.ws_col;
    }
#endif
    const char *columns = cli_system_environment("COLUMNS");
    unsigned long value = columns != NULL ? strtoul(columns, NULL, 10) : 0;
    return value > 0 && value < 10000 ? (size_t)value : 80;
}

bool cli_system_has_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *locale = NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && locale == NULL; i++) {
        locale = cli_system_environment(names[i]);
    }
    if (locale == NULL) {
        return false;
    }
    static const char *const spellings[] = {"UTF-8", "utf-8", "UTF8", "utf8"};
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        if (strstr(locale, spellings[i]) != NULL) {
            return true;
        }
    }
    return false;
}

const char *cli_system_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

void cli_system_describe(char *buf, size_t size)
{
    struct utsname name;
    if (uname(&name) < 0) {
        snprintf(buf, size, "POSIX");
        return;
    }
    snprintf(buf, size, "%s %s %s", name.sysname, name.release, name.machine);
}

void cli_system_time_of_day(char *buf, size_t size)
{
    time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) == NULL ||
        strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        snprintf(buf, size, "unknown");
    }
}

/* Would sudo find a program that lies here under its bare name? */
static bool is_in_path_of_root(const char *program)
{
    static const char *const names[] = {"/usr/bin/fettle", "/usr/local/bin/fettle",
                                        "/bin/fettle", "/usr/sbin/fettle"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(program, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* In single quotes, unless all of it is plain. False: no room. */
static bool quote_for_shell(char *buf, size_t size, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789/._-+";
    size_t used = 0;
    bool is_plain = text[strspn(text, plain)] == '\0';
    if (strlen(text) * 4 + 3 > size) {
        return false;
    }
    if (is_plain) {
        memcpy(buf, text, strlen(text) + 1);
        return true;
    }
    buf[used++] = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            memcpy(buf + used, "'\\''", 4);
            used += 4;
        } else {
            buf[used++] = *text;
        }
    }
    buf[used++] = '\'';
    buf[used] = '\0';
    return true;
}

void cli_system_program(char *buf, size_t size)
{
    char path[CLI_PATH_ROOM];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    if (length <= 0 || (size_t)length == sizeof path - 1 || is_in_path_of_root(path) ||
        !quote_for_shell(buf, size, path)) {
        snprintf(buf, size, "fettle");
    }
}

/* ---- signals ---- */

/* What handlers share with the program. The job is set while handlers can't run in between. */
static fettle_job *volatile watched_job;
static volatile sig_atomic_t interruptions;
static volatile sig_atomic_t interruption_is_expected;
static volatile sig_atomic_t stop_is_forbidden;
static volatile sig_atomic_t stop_was_refused;
static volatile sig_atomic_t countdown_left;
static volatile sig_atomic_t countdown_runs;
static const char *volatile countdown_before;
static const char *volatile countdown_after;

/* What the handler takes away if the program ends at once; empty: nothing. */
static char unfinished_file[CLI_PATH_ROOM];

static void write_all_of(const char *text, size_t size)
{
    ssize_t ignored = write(STDERR_FILENO, text, size);
    (void)ignored;
}

static void end_at_once(void)
{
    if (countdown_runs != 0 || watched_job != NULL) {
        write_all_of("\n", 1);
    }
    if (unfinished_file[0] != '\0') {
        unlink(unfinished_file);
    }
    _exit(EXIT_INTERRUPTED);
}

static void on_interruption(int signal_number)
{
    int saved = errno;
    bool is_second = signal_number == SIGINT && interruptions > 0;
    interruptions = 1;
    fettle_job *job = watched_job;
    if (is_second || (job == NULL && interruption_is_expected == 0)) {
        end_at_once();
    }
    if (job != NULL) {
        fettle_job_cancel(job);
    }
    errno = saved;
}

static void on_stop(int signal_number)
{
    int saved = errno;
    if (stop_is_forbidden != 0) {
        stop_was_refused = 1;
        errno = saved;
        return;
    }
    /* Stops as if it had never been caught, and comes back here when it is continued. */
    struct sigaction plain = {.sa_handler = SIG_DFL}, ours;
    sigset_t this_one, before;
    sigemptyset(&plain.sa_mask);
    sigemptyset(&this_one);
    sigaddset(&this_one, signal_number);
    sigaction(signal_number, &plain, &ours);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &this_one, &before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(signal_number, &ours, NULL);
    errno = saved;
}

static void draw_countdown(void)
{
    char line[160];
    size_t used = 0;
    line[used++] = '\r';
    for (const char *at = countdown_before; *at != '\0' && used < 64; at++) {
        line[used++] = *at;
    }
    char digits[12];
    size_t count = 0;
    long left = countdown_left;
    do {
        digits[count++] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0 && count < sizeof digits);
    while (count > 0) {
        line[used++] = digits[--count];
    }
    for (const char *at = countdown_after; *at != '\0' && used < sizeof line - 2; at++) {
        line[used++] = *at;
    }
    line[used++] = ' ';
    write_all_of(line, used);
}

static void on_second(int signal_number)
{
    (void)signal_number;
    int saved = errno;
    if (countdown_runs != 0) {
        if (countdown_left > 0) {
            countdown_left = countdown_left - 1;
        }
        draw_countdown();
        alarm(1);
    }
    errno = saved;
}

/* What was ignored when the program began (nohup) stays ignored. */
static void catch_signal(int signal_number, void (*handler)(int), int flags)
{
    struct sigaction before;
    if (sigaction(signal_number, NULL, &before) == 0 && before.sa_handler == SIG_IGN) {
        return;
    }
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

void cli_system_catch_signals(void)
{
    catch_signal(SIGINT, on_interruption, SA_RESTART);
    catch_signal(SIGTERM, on_interruption, SA_RESTART);
    catch_signal(SIGHUP, on_interruption, SA_RESTART);
    catch_signal(SIGTSTP, on_stop, SA_RESTART);
    catch_signal(SIGALRM, on_second, SA_RESTART);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
}

static void block_interruptions(sigset_t *before)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    sigprocmask(SIG_BLOCK, &ours, before);
}

void cli_system_watch_job(fettle_job *job)
{
    sigset_t before;
    block_interruptions(&before);
    watched_job = job;
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* One that comes after the flag was looked at must not be slept through: hence pselect(). */
bool cli_system_wait_for_input(void)
{
    sigset_t before;
    block_interruptions(&before);
    bool is_there = false;
    while (!is_there && interruptions == 0) {
        fd_set input;
        FD_ZERO(&input);
        FD_SET(STDIN_FILENO, &input);
        is_there = pselect(STDIN_FILENO + 1, &input, NULL, NULL, NULL, &before) >= 0 ||
                   errno != EINTR;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return is_there;
}

void cli_system_expect_interruption(bool is_expected)
{
    interruption_is_expected = is_expected;
}

bool cli_system_was_interrupted(void)
{
    return interruptions != 0;
}

void cli_system_allow_stop(bool is_allowed)
{
    stop_is_forbidden = !is_allowed;
}

bool cli_system_take_refused_stop(void)
{
    bool was_refused = stop_was_refused != 0;
    stop_was_refused = 0;
    return was_refused;
}

void cli_system_start_countdown(unsigned seconds, const char *before, const char *after)
{
    countdown_before = before;
    countdown_after = after;
    countdown_left = (sig_atomic_t)seconds;
    draw_countdown();
    countdown_runs = 1;
    alarm(1);
}

unsigned cli_system_stop_countdown(void)
{
    countdown_runs = 0;
    alarm(0);
    return (unsigned)countdown_left;
}

/* ---- folders and files ---- */

cli_file_kind cli_system_file_kind(const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0) {
        return errno == ENOENT || errno == ENOTDIR ? CLI_FILE_MISSING : CLI_FILE_OTHER;
    }
    if (S_ISREG(status.st_mode)) {
        return CLI_FILE_REGULAR;
    }
    return S_ISDIR(status.st_mode) ? CLI_FILE_FOLDER : CLI_FILE_OTHER;
}

bool cli_system_is_same_file(const char *a, const char *b)
{
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

bool cli_system_has_no_reader(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&output, 1, 0) > 0 && (output.revents & POLLERR) != 0;
}

/* Under sudo, what was made belongs to the person who typed it. */
static void hand_over(int descriptor)
{
    const char *user = cli_system_environment("SUDO_UID");
    const char *group = cli_system_environment("SUDO_GID");
    if (geteuid() != 0 || user == NULL || group == NULL) {
        return;
    }
    char *user_end, *group_end;
    errno = 0;
    unsigned long user_id = strtoul(user, &user_end, 10);
    unsigned long group_id = strtoul(group, &group_end, 10);
    if (errno != 0 || *user_end != '\0' || *group_end != '\0') {
        return;
    }
    int ignored = fchown(descriptor, (uid_t)user_id, (gid_t)group_id);
    (void)ignored;
}

bool cli_system_state_folder(char *buf, size_t size)
{
    const char *state = cli_system_environment("XDG_STATE_HOME");
    const char *home = cli_system_environment("HOME");
    int length = -1;
    if (state != NULL &&
        state[0] == '/') { /* the XDG rule: a relative path doesn't count */
        length = snprintf(buf, size, "%s/fettle", state);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(buf, size, "%s/.local/state/fettle", home);
    }
    return length > 0 && (size_t)length < size;
}

static bool make_one_folder(const char *path)
{
    if (mkdir(path, 0700) == 0) {
        int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (descriptor >= 0) {
            hand_over(descriptor);
            close(descriptor);
        }
        return true;
    }
    return errno == EEXIST || cli_system_file_kind(path) == CLI_FILE_FOLDER;
}

bool cli_system_make_folder(const char *path)
{
    char part[CLI_PATH_ROOM];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) {
        return false;
    }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] == '/' || path[i] == '\0') {
            memcpy(part, path, i);
            part[i] = '\0';
            if (!make_one_folder(part)) {
                return false;
            }
        }
    }
    return cli_system_file_kind(path) == CLI_FILE_FOLDER;
}

void cli_system_list_folder(const char *path, void (*each)(void *user, const char *name),
                            void *user)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            each(user, entry->d_name);
        }
    }
    closedir(folder);
}

bool cli_system_read_file(const char *path, unsigned char *buf, size_t room, size_t *size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return false;
    }
    struct stat status;
    bool fits = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
                status.st_size >= 0 && (uintmax_t)status.st_size <= room;
    size_t done = 0;
    while (fits && done < (size_t)status.st_size) {
        ssize_t count = read(descriptor, buf + done, (size_t)status.st_size - done);
        if (count > 0) {
            done += (size_t)count;
        } else if (count == 0 || errno != EINTR) {
            fits = false;
        }
    }
    close(descriptor);
    *size = done;
    return fits;
}

static bool begin_direct(cli_new_file *file, const char **why)
{
    file->temporary[0] = '\0';
    file->descriptor = open(file->path, O_WRONLY | O_CLOEXEC);
    *why = strerror(errno);
    return file->descriptor >= 0;
}

bool cli_system_begin_file(cli_new_file *file, const char *path, bool may_replace,
                           bool is_private, const char **why)
{
    file->descriptor = -1;
    file->may_replace = may_replace;
    int length = snprintf(file->path, sizeof file->path, "%s", path);
    const char *slash = strrchr(path, '/');
    int folder = slash != NULL ? (int)(slash - path) + 1 : 0;
    int longer = snprintf(file->temporary, sizeof file->temporary, "%.*s.fettle-XXXXXX",
                          folder, path);
    if (length <= 0 || (size_t)length >= sizeof file->path || longer < 0 ||
        (size_t)longer >= sizeof file->temporary) {
        *why = "its path is too long";
        return false;
    }
    cli_file_kind kind = cli_system_file_kind(path);
    if (kind == CLI_FILE_FOLDER) {
        *why = "it is a folder";
        return false;
    }
    if (kind == CLI_FILE_OTHER) {
        return begin_direct(file, why);
    }
    file->descriptor = mkstemp(file->temporary);
    if (file->descriptor < 0) {
        *why = strerror(errno);
        return false;
    }
    if (!is_private) {
        memcpy(unfinished_file, file->temporary, sizeof unfinished_file);
        mode_t mask = umask(0);
        umask(mask);
        fchmod(file->descriptor, 0666 & ~mask); /* mkstemp() makes 0600 */
    }
    hand_over(file->descriptor);
    return true;
}

static bool write_all(int descriptor, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t done = 0; done < size;) {
        ssize_t count = write(descriptor, bytes + done, size - done);
        if (count >= 0) {
            done += (size_t)count;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

/* Gives the file its name; without `may_replace` in a way that can't replace another one. */
static bool name_file(const cli_new_file *file)
{
    if (!file->may_replace) {
        if (link(file->temporary, file->path) == 0) {
            unlink(file->temporary);
            return true;
        }
        if (errno == EEXIST || cli_system_file_kind(file->path) != CLI_FILE_MISSING) {
            errno = EEXIST;
            return false;
        }
        /* a file system without hard links: nothing has that name now, so rename */
    }
    return rename(file->temporary, file->path) == 0;
}

/* A name is on the disk only when its folder is. */
static void sync_folder_of(const char *path)
{
    char folder[CLI_PATH_ROOM];
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        snprintf(folder, sizeof folder, ".");
    } else {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
    }
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
}

static void forget_unfinished(const cli_new_file *file)
{
    if (strcmp(unfinished_file, file->temporary) == 0) {
        unfinished_file[0] = '\0';
    }
}

bool cli_system_commit_file(cli_new_file *file, const void *data, size_t size,
                            const char **why)
{
    bool is_direct = file->temporary[0] == '\0';
    bool is_good = write_all(file->descriptor, data, size) &&
                   (is_direct || fsync(file->descriptor) == 0);
    *why = strerror(errno);
    if (close(file->descriptor) < 0 && is_good) {
        *why = strerror(errno);
        is_good = false;
    }
    file->descriptor = -1;
    if (is_good && !is_direct) {
        is_good = name_file(file);
        *why = strerror(errno);
    }
    if (is_direct) {
        return is_good;
    }
    if (is_good) {
        sync_folder_of(file->path);
    } else {
        unlink(file->temporary);
    }
    forget_unfinished(file);
    return is_good;
}

void cli_system_abandon_file(cli_new_file *file)
{
    if (file->descriptor >= 0) {
        close(file->descriptor);
        file->descriptor = -1;
    }
    if (file->temporary[0] != '\0') {
        unlink(file->temporary);
        forget_unfinished(file);
    }
}

FILE *cli_system_open_log(const char *path, const char **why)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
        hand_over(descriptor);
    } else if (errno == EEXIST) {
        descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    }
    FILE *log = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (log == NULL) {
        *why = strerror(errno);
        if (descriptor >= 0) {
            close(descriptor);
        }
    }
    return log;
}

bool cli_system_program_folder(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0 || (size_t)length >= size - 1) {
        return false;
    }
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

bool cli_system_real_path(const char *path, char *real, size_t size)
{
    char *found = realpath(path, NULL);
    bool fits = found != NULL && strlen(found) < size;
    if (fits) {
        memcpy(real, found, strlen(found) + 1);
    }
    free(found);
    return fits;
}
