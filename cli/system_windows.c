/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line's system layer on Windows. Ctrl-C and the closing of the console arrive in a
 * thread of the system's; like a signal handler it only sets flags and calls fettle_job_cancel().
 * There is no Ctrl-Z, and no countdown: the time that is left is not redrawn while the library waits.
 */
#include "system.h"

#include <direct.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <windows.h>

enum {
    EXIT_INTERRUPTED = 130,
};

/* ---- streams and environment ---- */

void cli_system_prepare_streams(void)
{
    (void)_setmode(0, _O_BINARY);
    (void)_setmode(1, _O_BINARY);
}

bool cli_system_is_terminal(cli_stream stream)
{
    return _isatty((int)stream) != 0;
}

size_t cli_system_columns(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    if (!GetConsoleScreenBufferInfo(GetStdHandle(STD_ERROR_HANDLE), &info)) {
        return 80;
    }
    int columns = info.srWindow.Right - info.srWindow.Left + 1;
    return columns > 0 ? (size_t)columns : 80;
}

bool cli_system_has_utf8(void)
{
    return GetConsoleOutputCP() == CP_UTF8;
}

const char *cli_system_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

void cli_system_describe(char *buf, size_t size)
{
    snprintf(buf, size, "Windows");
}

void cli_system_time_of_day(char *buf, size_t size)
{
    time_t now = time(NULL);
    struct tm parts;
    if (gmtime_s(&parts, &now) != 0 ||
        strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        snprintf(buf, size, "unknown");
    }
}

/* ---- signals ---- */

static fettle_job *volatile watched_job;
static volatile LONG interruptions;
static volatile LONG interruption_is_expected;

static BOOL WINAPI on_control(DWORD kind)
{
    fettle_job *job = watched_job;
    bool is_second = InterlockedIncrement(&interruptions) > 1 && kind == CTRL_C_EVENT;
    if (is_second || (job == NULL && interruption_is_expected == 0)) {
        ExitProcess(EXIT_INTERRUPTED);
    }
    if (job != NULL) {
        fettle_job_cancel(job);
    }
    return TRUE;
}

void cli_system_catch_signals(void)
{
    SetConsoleCtrlHandler(on_control, TRUE);
}

void cli_system_watch_job(fettle_job *job)
{
    watched_job = job;
}

void cli_system_expect_interruption(bool is_expected)
{
    interruption_is_expected = is_expected;
}

bool cli_system_was_interrupted(void)
{
    return interruptions != 0;
}

bool cli_system_wait_for_input(void)
{
    return interruptions == 0;
}

void cli_system_allow_stop(bool is_allowed)
{
    (void)is_allowed;
}

bool cli_system_take_refused_stop(void)
{
    return false;
}

void cli_system_start_countdown(unsigned seconds, const char *before, const char *after)
{
    fprintf(stderr, "\r%s%u%s ", before, seconds, after);
}

unsigned cli_system_stop_countdown(void)
{
    return 0;
}

/* ---- folders and files ---- */

bool cli_system_is_same_file(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool cli_system_has_no_reader(void)
{
    return false;
}

cli_file_kind cli_system_file_kind(const char *path)
{
    DWORD attributes = GetFileAttributesA(path);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        return CLI_FILE_MISSING;
    }
    if ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
        return CLI_FILE_FOLDER;
    }
    return (attributes & FILE_ATTRIBUTE_DEVICE) != 0 ? CLI_FILE_OTHER : CLI_FILE_REGULAR;
}

bool cli_system_state_folder(char *buf, size_t size)
{
    const char *local = cli_system_environment("LOCALAPPDATA");
    int length = local != NULL ? snprintf(buf, size, "%s\\fettle", local) : -1;
    return length > 0 && (size_t)length < size;
}

bool cli_system_make_folder(const char *path)
{
    char part[CLI_PATH_ROOM];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) {
        return false;
    }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] == '/' || path[i] == '\\' || path[i] == '\0') {
            memcpy(part, path, i);
            part[i] = '\0';
            CreateDirectoryA(part, NULL);
        }
    }
    return cli_system_file_kind(path) == CLI_FILE_FOLDER;
}

void cli_system_list_folder(const char *path, void (*each)(void *user, const char *name),
                            void *user)
{
    char pattern[CLI_PATH_ROOM];
    WIN32_FIND_DATAA found;
    int length = snprintf(pattern, sizeof pattern, "%s\\*", path);
    if (length <= 0 || (size_t)length >= sizeof pattern) {
        return;
    }
    HANDLE search = FindFirstFileA(pattern, &found);
    if (search == INVALID_HANDLE_VALUE) {
        return;
    }
    do {
        if (strcmp(found.cFileName, ".") != 0 && strcmp(found.cFileName, "..") != 0) {
            each(user, found.cFileName);
        }
    } while (FindNextFileA(search, &found));
    FindClose(search);
}

bool cli_system_read_file(const char *path, unsigned char *buf, size_t room, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    *size = fread(buf, 1, room, file);
    bool is_whole = !ferror(file) && fgetc(file) == EOF;
    fclose(file);
    return is_whole;
}

bool cli_system_begin_file(cli_new_file *file, const char *path, bool may_replace,
                           bool is_private, const char **why)
{
    (void)is_private; /* what is in the user's own folder is the user's */
    file->descriptor = -1;
    file->may_replace = may_replace;
    int length = snprintf(file->path, sizeof file->path, "%s", path);
    int longer = snprintf(file->temporary, sizeof file->temporary, "%s.%lu.tmp", path,
                          (unsigned long)GetCurrentProcessId());
    if (length <= 0 || (size_t)length >= sizeof file->path || longer < 0 ||
        (size_t)longer >= sizeof file->temporary) {
        *why = "its path is too long";
        return false;
    }
    if (cli_system_file_kind(path) == CLI_FILE_FOLDER) {
        *why = "it is a folder";
        return false;
    }
    file->descriptor = _open(file->temporary, _O_WRONLY | _O_CREAT | _O_TRUNC | _O_BINARY,
                             _S_IREAD | _S_IWRITE);
    *why = strerror(errno);
    return file->descriptor >= 0;
}

static bool write_all(int descriptor, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t done = 0; done < size;) {
        size_t part = size - done < 1u << 20 ? size - done : 1u << 20;
        int count = _write(descriptor, bytes + done, (unsigned)part);
        if (count <= 0) {
            return false;
        }
        done += (size_t)count;
    }
    return true;
}

bool cli_system_commit_file(cli_new_file *file, const void *data, size_t size,
                            const char **why)
{
    bool is_good =
        write_all(file->descriptor, data, size) && _commit(file->descriptor) == 0;
    *why = strerror(errno);
    is_good = _close(file->descriptor) == 0 && is_good;
    file->descriptor = -1;
    DWORD flags =
        MOVEFILE_WRITE_THROUGH | (file->may_replace ? MOVEFILE_REPLACE_EXISTING : 0u);
    if (is_good && !MoveFileExA(file->temporary, file->path, flags)) {
        *why = "it can't be given its name";
        is_good = false;
    }
    if (!is_good) {
        DeleteFileA(file->temporary);
    }
    return is_good;
}

void cli_system_abandon_file(cli_new_file *file)
{
    if (file->descriptor >= 0) {
        _close(file->descriptor);
        file->descriptor = -1;
    }
    DeleteFileA(file->temporary);
}

FILE *cli_system_open_log(const char *path, const char **why)
{
    FILE *log = fopen(path, "wb");
    *why = log == NULL ? strerror(errno) : "";
    return log;
}

/* ---- locks ---- */

/* Held by being open: the system closes and removes it with the process at the latest. */
bool cli_system_lock(cli_held_lock *lock, const char *name, const char *verb,
                     uint64_t *holder)
{
    char folder[MAX_PATH], text[64];
    DWORD length = GetTempPathA(sizeof folder, folder), done = 0;
    *holder = 0;
    if (length == 0 || length >= sizeof folder) {
        return true;
    }
    snprintf(lock->path, sizeof lock->path, "%.200s%.80s.lock", folder, name);
    HANDLE file =
        CreateFileA(lock->path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL,
                    CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        int size = snprintf(text, sizeof text, "%lu %s\n", GetCurrentProcessId(), verb);
        (void)WriteFile(file, text, (DWORD)size, &done, NULL);
        lock->is_held = true;
        lock->handle = file;
        return true;
    }
    if (GetLastError() != ERROR_SHARING_VIOLATION) {
        return true;
    }
    file = CreateFileA(lock->path, GENERIC_READ,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, 0, NULL);
    if (file != INVALID_HANDLE_VALUE) {
        if (ReadFile(file, text, sizeof text - 1, &done, NULL)) {
            text[done] = '\0';
            *holder = strtoul(text, NULL, 10);
        }
        CloseHandle(file);
    }
    return false;
}

void cli_system_unlock(cli_held_lock *lock)
{
    if (lock->is_held) {
        lock->is_held = false;
        CloseHandle(lock->handle);
    }
}

void cli_system_program(char *buf, size_t size)
{
    snprintf(buf, size, "fettle");
}

bool cli_system_program_folder(char *path, size_t size)
{
    DWORD length = GetModuleFileNameA(NULL, path, (DWORD)size);
    char *slash = length > 0 && length < size ? strrchr(path, '\\') : NULL;
    if (slash != NULL) {
        *slash = '\0';
    }
    return slash != NULL;
}

bool cli_system_real_path(const char *path, char *real, size_t size)
{
    (void)path;
    (void)real;
    (void)size;
    return false;
}
