/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can't be replaced on a module, kept in the store by the module's MAC, before anything of it is changed:
 *
 *   backups/240ac4000001/config.bin         the bytes that are looked for first
 *   backups/240ac4000001/config.sha256      their hash, as sha256sum -c reads it
 *   backups/240ac4000001/config-1f2e3d4c.bin  the same by the beginning of its hash, so that no other one is ever lost
 *   backups/240ac4000001/config-1f2e3d4c.sha256
 *   backups/240ac4000001/partitions.bin     the partition table, with the same three beside it
 *   backups/240ac4000001/summary.txt        what is in config.bin, for people; secrets masked
 *
 * config.bin follows the module's settings, but not its ids and keys: where others stand on it than those that were kept, nobody knows
 * who has put them there, and the ones that were kept stay first. Only a restore, which a person wants, brings others into that place.
 */
#include "api/job_inside.h"

#include "base/hash.h"
#include "base/text.h"

#include <string.h>

/* Whose it is, and the beginning of its files' names. */
typedef struct copy_name {
    const uint8_t *mac; /* six bytes */
    const char *what;   /* "config" */
} copy_name;

enum {
    HASH_TEXT_SIZE = 2 * FETTLE_SHA256_SIZE + 1,
    NAME_DIGITS = 8, /* of a hash, in a name */
    NAME_SIZE = 32,
    LINE_SIZE = 96, /* of a file that sha256sum -c reads */
};

static void key_of(const copy_name *name, const char *ending, char *key)
{
    key[0] = '\0';
    fettle_text_append(key, FETTLE_BACKUP_KEY_SIZE, "backups/");
    for (size_t i = 0; i < 6; i++) {
        fettle_text_append_hex(key, FETTLE_BACKUP_KEY_SIZE, name->mac[i], 2);
    }
    fettle_text_append(key, FETTLE_BACKUP_KEY_SIZE, "/");
    fettle_text_append(key, FETTLE_BACKUP_KEY_SIZE, name->what);
    fettle_text_append(key, FETTLE_BACKUP_KEY_SIZE, ending);
}

static void hash_text(fettle_span bytes, char text[HASH_TEXT_SIZE])
{
    uint8_t digest[FETTLE_SHA256_SIZE];
    fettle_sha256 sha256;
    fettle_sha256_init(&sha256);
    fettle_sha256_feed(&sha256, bytes);
    fettle_sha256_finish(&sha256, digest);
    text[0] = '\0';
    for (size_t i = 0; i < sizeof digest; i++) {
        fettle_text_append_hex(text, HASH_TEXT_SIZE, digest[i], 2);
    }
}

/* "config-1f2e3d4c" */
static copy_name name_by_hash(const copy_name *name, const char *hash, char room[NAME_SIZE])
{
    room[0] = '\0';
    fettle_text_append(room, NAME_SIZE, name->what);
    fettle_text_append(room, NAME_SIZE, "-");
    (void)fettle_text_append_part(room, NAME_SIZE, hash, NAME_DIGITS);
    return (copy_name){name->mac, room};
}

/* ---- keeping ---- */

/* A copy that nobody has read is none. */
static bool put(const fettle_context *context, const copy_name *name, const char *ending,
                fettle_span value)
{
    enum { ROOM = FETTLE_MODULE_KEPT_MAX };
    uint8_t bytes[ROOM];
    char key[FETTLE_BACKUP_KEY_SIZE];
    size_t count = 0;
    key_of(name, ending, key);
    return value.size <= ROOM && context->store->put(context->store_self, key, value) &&
           context->store->get(context->store_self, key, bytes, value.size, &count) &&
           count == value.size && memcmp(bytes, value.data, count) == 0;
}

static bool put_text(const fettle_context *context, const copy_name *name,
                     const char *ending, const char *text)
{
    return put(context, name, ending, (fettle_span){(const uint8_t *)text, strlen(text)});
}

static bool put_hash(const fettle_context *context, const copy_name *name, const char *hash)
{
    char line[LINE_SIZE] = "";
    fettle_text_append(line, sizeof line, hash);
    fettle_text_append(line, sizeof line, "  ");
    fettle_text_append(line, sizeof line, name->what);
    fettle_text_append(line, sizeof line, ".bin\n");
    return put_text(context, name, ".sha256", line);
}

/* Under the name that it has for ever; and, unless it is only to be beside another one, under the name that is looked for first. */
static bool keep_copy(const fettle_context *context, const copy_name *name,
                      fettle_span bytes, bool is_beside)
{
    char hash[HASH_TEXT_SIZE], room[NAME_SIZE];
    hash_text(bytes, hash);
    copy_name lasting = name_by_hash(name, hash, room);
    if (!put(context, &lasting, ".bin", bytes) || !put_hash(context, &lasting, hash)) {
        return false;
    }
    return is_beside ||
           (put(context, name, ".bin", bytes) && put_hash(context, name, hash));
}

static bool is_blank(fettle_span bytes)
{
    return bytes.size == 0 || (bytes.data[0] == 0xFF &&
                               memcmp(bytes.data, bytes.data + 1, bytes.size - 1) == 0);
}

static bool refuse(fettle_error *err, const char *text)
{
    fettle_error_set(err, FETTLE_E_BACKUP_FAILED, &(fettle_words){.text = text});
    return false;
}

/* What an erase, or a write that was cut off, has made of `before`: FF where something was. */
static bool is_rest_of(fettle_span now, const uint8_t *before)
{
    bool differs = false;
    for (size_t i = 0; i < now.size; i++) {
        if (now.data[i] != before[i] && now.data[i] != 0xFF) {
            return false;
        }
        differs = differs || now.data[i] != before[i];
    }
    return differs;
}

/* A table that was cut off between two rows is one all the same. */
static bool keep_table(fettle_job *job, const fettle_module_keepsake *what)
{
    const copy_name name = {what->mac, "partitions"};
    uint8_t before[FETTLE_TABLE_SIZE];
    bool is_rest = what->table.size == sizeof before &&
                   fettle_backup_recall_table(job, what->mac, before, sizeof before) &&
                   (what->is_part_of_table || is_rest_of(what->table, before));
    return what->table.size == 0 || keep_copy(job->context, &name, what->table, is_rest);
}

/* Where it went, for a person: what is beside something else has to be named. */
static void note_kept(fettle_job *job, const fettle_module_keepsake *what,
                      fettle_span bytes, bool is_beside)
{
    char hash[HASH_TEXT_SIZE], room[NAME_SIZE], key[FETTLE_BACKUP_KEY_SIZE],
        first[FETTLE_BACKUP_KEY_SIZE];
    const copy_name folder = {what->mac, ""}, name = {what->mac, "config"};
    hash_text(bytes, hash);
    const copy_name lasting = name_by_hash(&name, hash, room);
    key_of(&folder, "", job->backup);
    key_of(&name, ".bin", first);
    key_of(&lasting, ".bin", key);
    fettle_note_add(&job->engine.observed, FETTLE_NOTE_BACKED_UP,
                    &(fettle_words){.text = is_beside ? key : job->backup});
    if (what->is_other && what->agreed.size == 0) {
        fettle_note_add(&job->engine.observed, FETTLE_NOTE_IDS_OTHER,
                        &(fettle_words){.text = key, .text2 = first});
    }
}

static bool is_same(fettle_span a, fettle_span b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* The one that was first goes beside, and is named: an earlier version of fettle may have kept it only there. */
static bool keep_agreed(fettle_job *job, const fettle_module_keepsake *what)
{
    const copy_name config = {what->mac, "config"};
    uint8_t bytes[FETTLE_MODULE_KEPT_MAX];
    const fettle_span before = {bytes, what->agreed.size};
    if (before.size <= sizeof bytes &&
        fettle_backup_recall(job, what->mac, bytes, before.size) &&
        !is_same(before, what->agreed) && !is_same(before, what->bytes)) {
        if (!keep_copy(job->context, &config, before, true)) {
            return false;
        }
        note_kept(job, what, before, true);
    }
    return keep_copy(job->context, &config, what->agreed, false);
}

static bool keep_config(fettle_job *job, const fettle_module_keepsake *what)
{
    const copy_name config = {what->mac, "config"}, summary = {what->mac, "summary"};
    bool is_agreed = what->agreed.size > 0;
    bool is_beside = what->is_beside || what->is_other || !what->is_worth_it || is_agreed;
    if (what->is_worth_it || !is_blank(what->bytes)) {
        if (!keep_copy(job->context, &config, what->bytes, is_beside)) {
            return false;
        }
        note_kept(job, what, what->bytes, is_beside);
    }
    if (is_agreed && !keep_agreed(job, what)) {
        return false;
    }
    return (is_beside && !is_agreed) ||
           put_text(job->context, &summary, ".txt", what->summary);
}

/* What was kept before counts where the bytes have no ids; settings without them are worth a copy. */
bool fettle_backup_keep(void *self, const fettle_module_keepsake *what, fettle_error *err)
{
    fettle_job *job = self;
    const fettle_context *context = job->context;
    if (context->store == NULL) {
        return refuse(err, "no folder for it is known");
    }
    if (!keep_table(job, what)) {
        return refuse(err, "its partition table can't be written into the state folder");
    }
    return keep_config(job, what) ||
           refuse(err, "its config block can't be written into the state folder");
}

/* ---- finding it again ---- */

static bool get(const fettle_context *context, const copy_name *name, const char *ending,
                uint8_t *bytes, size_t room, size_t *count)
{
    char key[FETTLE_BACKUP_KEY_SIZE];
    key_of(name, ending, key);
    return context->store->get(context->store_self, key, bytes, room, count);
}

/* The copy whose name is the beginning of its own hash. */
static bool get_by_hash(const fettle_context *context, const copy_name *name,
                        const char *hash, uint8_t *bytes, size_t size)
{
    char room[NAME_SIZE], own[HASH_TEXT_SIZE];
    const copy_name lasting = name_by_hash(name, hash, room);
    size_t count = 0;
    if (!get(context, &lasting, ".bin", bytes, size, &count) || count != size) {
        return false;
    }
    hash_text((fettle_span){bytes, size}, own);
    return memcmp(own, hash, sizeof own - 1) == 0;
}

/*
 * Bytes and hash are two files: whoever was killed between them has left the copy that is named by its hash. So has whoever has lost
 * one of them, or has half of it.
 */
static bool recall(const fettle_context *context, const copy_name *name, uint8_t *bytes,
                   size_t size)
{
    char hash[HASH_TEXT_SIZE], line[LINE_SIZE] = "";
    size_t count = 0, length = 0;
    if (context->store == NULL) {
        return false;
    }
    (void)get(context, name, ".sha256", (uint8_t *)line, sizeof line - 1, &length);
    if (get(context, name, ".bin", bytes, size, &count) && count == size) {
        hash_text((fettle_span){bytes, size}, hash);
        if (memcmp(line, hash, sizeof hash - 1) == 0 ||
            get_by_hash(context, name, hash, bytes, size)) {
            return true;
        }
    }
    return get_by_hash(context, name, line, bytes, size);
}

bool fettle_backup_recall(void *self, const uint8_t mac[6], uint8_t *bytes, size_t size)
{
    const fettle_job *job = self;
    return recall(job->context, &(copy_name){mac, "config"}, bytes, size);
}

/* Earlier versions of fettle wrote no hash beside a table. */
bool fettle_backup_recall_table(void *self, const uint8_t mac[6], uint8_t *bytes,
                                size_t size)
{
    const fettle_context *context = ((const fettle_job *)self)->context;
    const copy_name name = {mac, "partitions"};
    char line[LINE_SIZE];
    size_t count = 0;
    if (context->store == NULL) {
        return false;
    }
    return get(context, &name, ".sha256", (uint8_t *)line, sizeof line, &count)
               ? recall(context, &name, bytes, size)
               : get(context, &name, ".bin", bytes, size, &count) && count == size;
}
