/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The locks of boards, see lock.h. A board's path becomes a name that is safe in any folder. Virtual
 * boards live inside one process: nobody else can reach them, so they need no lock.
 */
#include "lock.h"

#include <stdio.h>
#include <string.h>

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.';
}

/* What isn't plain is "_" and two hex digits, so that no two paths share a name. */
static void name_of_path(char name[CLI_NAME_ROOM], const char *path)
{
    size_t used = (size_t)snprintf(name, CLI_NAME_ROOM, "fettle-");
    for (; *path != '\0' && used + 4 < CLI_NAME_ROOM; path++) {
        if (is_plain(*path)) {
            name[used++] = *path;
        } else {
            snprintf(name + used, 4, "_%02x", (unsigned)(unsigned char)*path);
            used += 3;
        }
    }
    name[used] = '\0';
}

static bool take(void *self, const char *path, const char *verb, uint64_t *holder)
{
    cli_lock *lock = self;
    char name[CLI_NAME_ROOM];
    if (strncmp(path, "sim:", 4) == 0) {
        return true;
    }
    name_of_path(name, path);
    return cli_system_lock(&lock->held, name, verb, holder);
}

static void release(void *self, const char *path)
{
    cli_lock *lock = self;
    (void)path;
    cli_system_unlock(&lock->held);
}

const fettle_lock_ops cli_lock_ops = {take, release};
