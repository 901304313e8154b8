/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file, once and whole. */
#ifndef FETTLE_OS_FILE_H
#define FETTLE_OS_FILE_H

#include "base/error.h"

/*
 * Reads the regular file `path` (UTF-8) into new memory, to be freed with fettle_free(), also for
 * an empty file. The size is checked before memory is taken. Any thread.
 *
 * False: FILE_UNREADABLE (not there, no permission, no regular file, other size by now than at the
 * beginning; in words, and `system`), FILE_IS_FOLDER, FILE_TOO_LARGE, NO_MEMORY. Nothing is
 * written to `bytes` and `size` then.
 */
bool fettle_os_file_read(const char *path, size_t max, uint8_t **bytes, size_t *size,
                         fettle_error *err);

/* For file_*.c: FILE_UNREADABLE with the sentence "<before><path><after>"; returns false. */
bool fettle_os_file_refuse(fettle_error *err, const char *before, const char *path,
                           const char *after, long system);

#endif
