/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store as a folder; see store.h. A key becomes a file name that is safe on every system: small
 * letters, digits, "-" and "_" stand for themselves, every other byte is "%" and two hex digits, and
 * a fixed beginning keeps names like "con" away. So "answer/usb:1-1.2/revision" is
 * "key-answer%2fusb%3a1-1%2e2%2frevision", and no two keys share a file on a file system that takes
 * capitals for small letters.
 */
#include "store.h"

#include <stdlib.h>
#include <string.h>

static const char beginning[] = "key-";

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool name_of_key(char *name, size_t size, const char *key)
{
    size_t used = sizeof beginning - 1;
    memcpy(name, beginning, used);
    for (; *key != '\0'; key++) {
        if (used + 4 > size) {
            return false;
        }
        if (is_plain(*key)) {
            name[used++] = *key;
        } else {
            snprintf(name + used, 4, "%%%02x", (unsigned)(unsigned char)*key);
            used += 3;
        }
    }
    name[used] = '\0';
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* False for any file that name_of_key() would not have named so. */
static bool key_of_name(char *key, size_t size, const char *name)
{
    if (strncmp(name, beginning, sizeof beginning - 1) != 0) {
        return false;
    }
    size_t used = 0;
    for (const char *at = name + sizeof beginning - 1; *at != '\0'; at++) {
        if (used + 1 >= size) {
            return false;
        }
        if (is_plain(*at)) {
            key[used++] = *at;
            continue;
        }
        int high = *at == '%' ? hex_digit(at[1]) : -1;
        int low = high >= 0 ? hex_digit(at[2]) : -1;
        if (low < 0 || high * 16 + low == 0 || is_plain((char)(high * 16 + low))) {
            return false;
        }
        key[used++] = (char)(high * 16 + low);
        at += 2;
    }
    key[used] = '\0';
    return used > 0;
}

/* Backups are for people, too: they are files in folders, under the names that they have. */
static bool is_backup(const char *key)
{
    static const char folder[] = "backups/";
    bool is_good = strncmp(key, folder, sizeof folder - 1) == 0;
    for (const char *at = key; is_good && *at != '\0'; at++) {
        bool is_dot = *at == '.' && at > key && is_plain(at[-1]) && is_plain(at[1]);
        bool is_slash = *at == '/' && is_plain(at[-1]) && is_plain(at[1]);
        is_good = is_plain(*at) || is_dot || is_slash;
    }
    return is_good;
}

static bool make_folders(const cli_store *store, const char *path)
{
    char folder[CLI_PATH_ROOM];
    size_t begin = strlen(store->folder);
    if (!cli_system_make_folder(store->folder)) {
        return false;
    }
    for (const char *slash = strchr(path + begin + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        if (!cli_system_make_folder(folder)) {
            return false;
        }
    }
    return true;
}

static bool path_of_key(const cli_store *store, char *path, size_t size, const char *key)
{
    char name[CLI_NAME_ROOM];
    if (is_backup(key)) {
        int length = snprintf(path, size, "%s/%s", store->folder, key);
        return length > 0 && (size_t)length < size;
    }
    if (!name_of_key(name, sizeof name, key)) {
        return false;
    }
    int length = snprintf(path, size, "%s/%s", store->folder, name);
    return length > 0 && (size_t)length < size;
}

bool cli_store_open(cli_store *store, const char *folder)
{
    *store = (cli_store){.why = ""};
    if (folder == NULL) {
        return cli_system_state_folder(store->folder, sizeof store->folder);
    }
    int length = snprintf(store->folder, sizeof store->folder, "%s", folder);
    return length > 0 && (size_t)length < sizeof store->folder;
}

/* What comes with fettle, or was put beside it: next to the program where it was built, else where it is installed. */
static bool get_data(const char *key, uint8_t *buf, size_t room, size_t *size)
{
    char folder[CLI_PATH_ROOM], path[CLI_PATH_ROOM + 64];
    if (cli_system_program_folder(folder, sizeof folder)) {
        snprintf(path, sizeof path, "%s/%s", folder, key);
        if (cli_system_read_file(path, buf, room, size)) {
            return true;
        }
    }
    snprintf(path, sizeof path, "%s/%s", FETTLE_DATA_DIR, key);
    return cli_system_read_file(path, buf, room, size);
}

static bool get(void *self, const char *key, uint8_t *buf, size_t room, size_t *size)
{
    char path[CLI_PATH_ROOM];
    if (strncmp(key, "stubs/", 6) == 0 && get_data(key, buf, room, size)) {
        return true;
    }
    return path_of_key(self, path, sizeof path, key) &&
           cli_system_read_file(path, buf, room, size);
}

static bool put(void *self, const char *key, fettle_span value)
{
    cli_store *store = self;
    char path[CLI_PATH_ROOM];
    cli_new_file file;
    const char *why = "the folder can't be made";
    if (path_of_key(store, path, sizeof path, key) && make_folders(store, path) &&
        cli_system_begin_file(&file, path, true, true, &why) &&
        cli_system_commit_file(&file, value.data, value.size, &why)) {
        return true;
    }
    store->was_dropped = true;
    store->why = why;
    return false;
}

typedef struct key_list {
    const char *prefix;
    char **keys;
    size_t count, room;
} key_list;

static void collect(void *self, const char *name)
{
    key_list *list = self;
    char key[CLI_NAME_ROOM];
    if (!key_of_name(key, sizeof key, name) ||
        strncmp(key, list->prefix, strlen(list->prefix)) != 0) {
        return;
    }
    if (list->count == list->room) {
        size_t room = list->room * 2 + 16;
        char **keys = realloc(list->keys, room * sizeof *keys);
        if (keys == NULL) {
            return;
        }
        list->keys = keys;
        list->room = room;
    }
    size_t size = strlen(key) + 1;
    char *copy = malloc(size);
    if (copy != NULL) {
        memcpy(copy, key, size);
        list->keys[list->count++] = copy;
    }
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(void *self, const char *prefix, void (*each)(void *user, const char *key),
                 void *user)
{
    cli_store *store = self;
    key_list found = {.prefix = prefix};
    cli_system_list_folder(store->folder, collect, &found);
    if (found.count > 0) {
        qsort(found.keys, found.count, sizeof *found.keys, compare_keys);
    }
    for (size_t i = 0; i < found.count; i++) {
        each(user, found.keys[i]);
        free(found.keys[i]);
    }
    free(found.keys);
}

const fettle_store_ops cli_store_ops = {.get = get, .put = put, .list = list};
