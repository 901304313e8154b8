/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a file on Windows. Paths are UTF-8 to the program and UTF-16 to the system. Others may not
 * write to the file while it is read.
 */
#include "os/file.h"

#include "base/alloc.h"

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

enum {
    CHUNK = 1 << 20, /* ReadFile counts in 32 bits */
};

static bool refuse_open(const char *path, DWORD error, fettle_error *err)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_NETPATH:
    case ERROR_BAD_PATHNAME:
        return fettle_os_file_refuse(err, "there is no file ", path, "", (long)error);
    case ERROR_ACCESS_DENIED:
        return fettle_os_file_refuse(err, "you may not read ", path, "", (long)error);
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
        return fettle_os_file_refuse(err, "another program writes to ", path, "",
                                     (long)error);
    default:
        return fettle_os_file_refuse(err, "the system can't open ", path, "", (long)error);
    }
}

static bool refuse_change(const char *path, fettle_error *err)
{
    return fettle_os_file_refuse(err, "", path, " changes its size while it is read", 0);
}

/* In new memory; NULL: no memory, or no UTF-8. */
static wchar_t *make_wide(const char *path)
{
    int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
    wchar_t *wide = length > 0 ? fettle_alloc((size_t)length * sizeof *wide) : NULL;
    if (wide != NULL) {
        (void)MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, length);
    }
    return wide;
}

static bool check_kind(HANDLE file, const char *path, size_t max, size_t *size,
                       fettle_error *err)
{
    BY_HANDLE_FILE_INFORMATION facts;
    if (GetFileType(file) != FILE_TYPE_DISK || !GetFileInformationByHandle(file, &facts)) {
        return fettle_os_file_refuse(err, "", path, " is not a regular file", 0);
    }
    if ((facts.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
        fettle_error_set(err, FETTLE_E_FILE_IS_FOLDER, NULL);
        return false;
    }
    uint64_t length = (uint64_t)facts.nFileSizeHigh << 32 | facts.nFileSizeLow;
    if (length > max) {
        fettle_error_set(err, FETTLE_E_FILE_TOO_LARGE,
                         &(fettle_words){.size = length, .limit = max});
        return false;
    }
    *size = (size_t)length;
    return true;
}

static bool read_all(HANDLE file, const char *path, uint8_t *bytes, size_t size,
                     fettle_error *err)
{
    DWORD count = 0;
    for (size_t done = 0; done < size; done += count) {
        size_t left = size - done;
        if (!ReadFile(file, bytes + done, left < CHUNK ? (DWORD)left : CHUNK, &count,
                      NULL)) {
            return fettle_os_file_refuse(err, "the system can't read ", path, "",
                                         (long)GetLastError());
        }
        if (count == 0) {
            return refuse_change(path, err);
        }
    }
    uint8_t more;
    return (ReadFile(file, &more, 1, &count, NULL) && count == 0) ||
           refuse_change(path, err);
}

static bool read_file(HANDLE file, const char *path, size_t max, uint8_t **bytes,
                      size_t *size, fettle_error *err)
{
    size_t expected = 0;
    if (!check_kind(file, path, max, &expected, err)) {
        return false;
    }
    uint8_t *content = fettle_alloc(expected);
    if (content == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = expected});
        return false;
    }
    if (!read_all(file, path, content, expected, err)) {
        fettle_free(content);
        return false;
    }
    *bytes = content;
    *size = expected;
    return true;
}

bool fettle_os_file_read(const char *path, size_t max, uint8_t **bytes, size_t *size,
                         fettle_error *err)
{
    wchar_t *wide = make_wide(path);
    if (wide == NULL) {
        return refuse_open(path, ERROR_INVALID_NAME, err);
    }
    /* The flag lets a folder be opened, so that it can be told to be one. */
    HANDLE file = CreateFileW(wide, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS, NULL);
    DWORD error = GetLastError();
    fettle_free(wide);
    if (file == INVALID_HANDLE_VALUE) {
        return refuse_open(path, error, err);
    }
    bool ok = read_file(file, path, max, bytes, size, err);
    (void)CloseHandle(file);
    return ok;
}
