/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can't be replaced on a module, kept in the store by the module's MAC, before anything of it is changed:
 *
 *   backups/240ac4000001/config.bin         the bytes, as they were the last time that they were worth keeping
 *   backups/240ac4000001/config.sha256      their hash, as sha256sum -c reads it
 *   backups/240ac4000001/config-1f2e3d4c.bin  the same by the beginning of its hash, so that no older one is ever lost
 *   backups/240ac4000001/partitions.bin     the partition table
 *   backups/240ac4000001/summary.txt        what is in it, for people; secrets masked
 */
#include "api/job_inside.h"

#include "base/hash.h"
#include "base/text.h"

#include <string.h>

static void key_of(const uint8_t mac[6], const char *name, const char *ending, char *key)
{
    key[0] = '\0';
    fettle_text_append(key, FETTLE_BACKUP_KEY_SIZE, "backups/");
    for (size_t i = 0; i < 6; i++) {
        fettle_text_append_hex(key, FETTLE_BACKUP_KEY_SIZE, mac[i], 2);
    }
    fettle_text_append(key, FETTLE_BACKUP_KEY_SIZE, "/");
    fettle_text_append(key, FETTLE_BACKUP_KEY_SIZE, name);
    fettle_text_append(key, FETTLE_BACKUP_KEY_SIZE, ending);
}

static void hash_text(fettle_span bytes, char text[2 * FETTLE_SHA256_SIZE + 1])
{
    uint8_t digest[FETTLE_SHA256_SIZE];
    fettle_sha256 sha256;
    fettle_sha256_init(&sha256);
    fettle_sha256_feed(&sha256, bytes);
    fettle_sha256_finish(&sha256, digest);
    text[0] = '\0';
    for (size_t i = 0; i < sizeof digest; i++) {
        fettle_text_append_hex(text, 2 * FETTLE_SHA256_SIZE + 1, digest[i], 2);
    }
}

static bool put(const fettle_job *job, const fettle_module_keepsake *what, const char *name,
                const char *ending, fettle_span value)
{
    char key[FETTLE_BACKUP_KEY_SIZE];
    const fettle_context *context = job->context;
    key_of(what->mac, name, ending, key);
    return context->store->put(context->store_self, key, value);
}

static bool put_text(const fettle_job *job, const fettle_module_keepsake *what,
                     const char *name, const char *ending, const char *text)
{
    return put(job, what, name, ending, (fettle_span){(const uint8_t *)text, strlen(text)});
}

/* A copy that nobody has read is none. */
static bool is_there(const fettle_job *job, const fettle_module_keepsake *what,
                     const char *name)
{
    enum { ROOM = FETTLE_MODULE_KEPT_MAX };
    uint8_t bytes[ROOM];
    char key[FETTLE_BACKUP_KEY_SIZE];
    size_t count = 0;
    const fettle_context *context = job->context;
    key_of(what->mac, name, ".bin", key);
    return what->bytes.size <= ROOM &&
           context->store->get(context->store_self, key, bytes, what->bytes.size, &count) &&
           count == what->bytes.size && memcmp(bytes, what->bytes.data, count) == 0;
}

static bool keep_bytes(fettle_job *job, const fettle_module_keepsake *what)
{
    char hash[2 * FETTLE_SHA256_SIZE + 1], name[32] = "config-", line[96] = "";
    hash_text(what->bytes, hash);
    (void)fettle_text_append_part(name, sizeof name, hash, 8);
    fettle_text_append(line, sizeof line, hash);
    fettle_text_append(line, sizeof line, "  config.bin\n");
    if (!put(job, what, name, ".bin", what->bytes) || !is_there(job, what, name)) {
        return false;
    }
    return what->is_beside || (put(job, what, "config", ".bin", what->bytes) &&
                               put_text(job, what, "config", ".sha256", line) &&
                               put_text(job, what, "summary", ".txt", what->summary) &&
                               is_there(job, what, "config"));
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

bool fettle_backup_keep(void *self, const fettle_module_keepsake *what, fettle_error *err)
{
    fettle_job *job = self;
    if (job->context->store == NULL) {
        return refuse(err, "no folder for it is known");
    }
    if (what->table.size > 0 && !put(job, what, "partitions", ".bin", what->table)) {
        return refuse(err, "its partition table can't be written into the state folder");
    }
    if (!what->is_worth_it) { /* what was kept before counts; settings without ids are worth a copy */
        fettle_module_keepsake beside = *what;
        beside.is_beside = true;
        return is_blank(what->bytes) || keep_bytes(job, &beside) ||
               refuse(err, "its config block can't be written into the state folder");
    }
    if (!keep_bytes(job, what)) {
        return refuse(err, "its config block can't be written into the state folder");
    }
    key_of(what->mac, "", "", job->backup);
    fettle_note_add(&job->engine.observed, FETTLE_NOTE_BACKED_UP,
                    &(fettle_words){.text = job->backup});
    return true;
}

bool fettle_backup_recall_table(void *self, const uint8_t mac[6], uint8_t *bytes,
                                size_t size)
{
    const fettle_context *context = ((fettle_job *)self)->context;
    char key[FETTLE_BACKUP_KEY_SIZE];
    size_t count = 0;
    key_of(mac, "partitions", ".bin", key);
    return context->store != NULL &&
           context->store->get(context->store_self, key, bytes, size, &count) &&
           count == size;
}

static bool get(const fettle_context *context, const uint8_t mac[6], const char *name,
                const char *ending, uint8_t *bytes, size_t room, size_t *count)
{
    char key[FETTLE_BACKUP_KEY_SIZE];
    key_of(mac, name, ending, key);
    return context->store->get(context->store_self, key, bytes, room, count);
}

/* The copy whose name is the beginning of its own hash. */
static bool get_by_hash(const fettle_context *context, const uint8_t mac[6],
                        const char *hash, uint8_t *bytes, size_t size)
{
    char name[32] = "config-", own[2 * FETTLE_SHA256_SIZE + 1];
    size_t count = 0;
    (void)fettle_text_append_part(name, sizeof name, hash, 8);
    if (!get(context, mac, name, ".bin", bytes, size, &count) || count != size) {
        return false;
    }
    hash_text((fettle_span){bytes, size}, own);
    return memcmp(own, hash, 8) == 0;
}

/* Bytes and hash are two files: whoever was killed between them has left the copy that is named by its hash. */
bool fettle_backup_recall(void *self, const uint8_t mac[6], uint8_t *bytes, size_t size)
{
    const fettle_context *context = ((fettle_job *)self)->context;
    char hash[2 * FETTLE_SHA256_SIZE + 1];
    char line[2 * FETTLE_SHA256_SIZE + 16] = "";
    size_t count = 0, length = 0;
    if (context->store == NULL ||
        !get(context, mac, "config", ".bin", bytes, size, &count) || count != size) {
        return false;
    }
    hash_text((fettle_span){bytes, size}, hash);
    (void)get(context, mac, "config", ".sha256", (uint8_t *)line, sizeof line - 1, &length);
    if (memcmp(line, hash, sizeof hash - 1) == 0) {
        return true;
    }
    char own[sizeof hash];
    memcpy(own, hash, sizeof own);
    return get_by_hash(context, mac, own, bytes, size) ||
           get_by_hash(context, mac, line, bytes, size);
}
