/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a file on POSIX. Opened without blocking, so that a FIFO or a terminal is refused instead
 * of waited for; what it is and how large is asked of the open file, so that nothing can be put in
 * its place meanwhile.
 */
#define _POSIX_C_SOURCE   200809L
#define _FILE_OFFSET_BITS 64

#include "os/file.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse_open(const char *path, int error, fettle_error *err)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return fettle_os_file_refuse(err, "there is no file ", path, "", error);
    case EACCES:
    case EPERM:
        return fettle_os_file_refuse(err, "you may not read ", path, "", error);
    case ENXIO:
    case ENODEV:
        return fettle_os_file_refuse(err, "", path, " is not a regular file", error);
    case ELOOP:
        return fettle_os_file_refuse(err, "", path, " is a link that leads nowhere", error);
    case ENAMETOOLONG:
        return fettle_os_file_refuse(err, "this name is too long: ", path, "", error);
    default:
        return fettle_os_file_refuse(err, "the system can't open ", path, "", error);
    }
}

static bool refuse_change(const char *path, fettle_error *err)
{
    return fettle_os_file_refuse(err, "", path, " changes its size while it is read", 0);
}

/* False: something else than a regular file of at most `max` bytes. */
static bool check_kind(int file, const char *path, size_t max, size_t *size,
                       fettle_error *err)
{
    struct stat facts;
    if (fstat(file, &facts) != 0) {
        return refuse_open(path, errno, err);
    }
    if (S_ISDIR(facts.st_mode)) {
        fettle_error_set(err, FETTLE_E_FILE_IS_FOLDER, NULL);
        return false;
    }
    if (!S_ISREG(facts.st_mode)) {
        return fettle_os_file_refuse(err, "", path, " is not a regular file", 0);
    }
    if ((uint64_t)facts.st_size > max) {
        fettle_error_set(err, FETTLE_E_FILE_TOO_LARGE,
                         &(fettle_words){.size = (uint64_t)facts.st_size, .limit = max});
        return false;
    }
    *size = (size_t)facts.st_size;
    return true;
}

/* As much as there is, up to `size`; -1 on failure. */
static ssize_t read_some(int file, uint8_t *bytes, size_t size)
{
    ssize_t count;
    do {
        count = read(file, bytes, size);
    } while (count < 0 && errno == EINTR);
    return count;
}

static bool read_all(int file, const char *path, uint8_t *bytes, size_t size,
                     fettle_error *err)
{
    ssize_t count = 1;
    for (size_t done = 0; done < size; done += (size_t)count) {
        count = read_some(file, bytes + done, size - done);
        if (count < 0) {
            return fettle_os_file_refuse(err, "the system can't read ", path, "", errno);
        }
        if (count == 0) {
            return refuse_change(path, err);
        }
    }
    uint8_t more;
    return read_some(file, &more, 1) == 0 || refuse_change(path, err);
}

static bool read_file(int file, const char *path, size_t max, uint8_t **bytes, size_t *size,
                      fettle_error *err)
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
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) {
        return refuse_open(path, errno, err);
    }
    bool ok = read_file(file, path, max, bytes, size, err);
    (void)close(file);
    return ok;
}
