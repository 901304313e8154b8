/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of boards between runs, through the context's store: answers, to be shown the
 * next time, and updates that were begun and not finished.
 */
#include "api/job_inside.h"

#include "base/bytes.h"
#include "base/text.h"

#include <string.h>

enum { KEY_SIZE = 160 };

/* Keys have few characters; whatever else a path has becomes "_". */
static void append_key(char *key, const char *text)
{
    size_t length = strlen(key);
    for (; *text != '\0' && length < KEY_SIZE - 1; text++) {
        bool is_plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
                        (*text >= '0' && *text <= '9') || strchr("/:.-", *text) != NULL;
        key[length++] = is_plain ? *text : '_';
    }
    key[length] = '\0';
}

/* Answers are remembered to be shown, by the board's port; never to be taken. */
static void key_of_answer(const fettle_job *job, char *key)
{
    key[0] = '\0';
    append_key(key, "answer/");
    append_key(key, job->selection.row->id);
    append_key(key, job->selection.path[0] != '\0' ? "/" : "");
    append_key(key, job->selection.path);
    append_key(key, "/revision");
}

/*
 * An update that was cut off leaves a mark by the board's port until one has come to its end. Memory
 * that is right is then not taken for finished firmware; see should_write_again() in the job.
 */
static void key_of_mark(const char *path, char *key)
{
    key[0] = '\0';
    append_key(key, "unfinished/");
    append_key(key, path);
}

bool fettle_memory_is_unfinished(const fettle_job *job, const char *path)
{
    char key[KEY_SIZE];
    uint8_t mark[8];
    size_t size = 0;
    const fettle_context *context = job->context;
    if (context->store == NULL || path[0] == '\0') {
        return false;
    }
    key_of_mark(path, key);
    return context->store->get(context->store_self, key, mark, sizeof mark, &size) &&
           size > 0;
}

/* What can't be kept is dropped: the mark only saves a write that may turn out to be needless. */
void fettle_memory_mark(fettle_job *job, bool is_unfinished)
{
    static const uint8_t mark[] = {'1'};
    char key[KEY_SIZE];
    const fettle_context *context = job->context;
    bool writes = job->verb == FETTLE_VERB_UPDATE || job->verb == FETTLE_VERB_RESTORE;
    if (context->store == NULL || !writes ||
        fettle_job_has_flag(job, FETTLE_WISH_DRY_RUN) ||
        job->engine.sight.path[0] == '\0' || job->is_marked == is_unfinished) {
        return;
    }
    job->is_marked = is_unfinished;
    key_of_mark(job->engine.sight.path, key);
    (void)context->store->put(context->store_self, key,
                              (fettle_span){mark, is_unfinished ? sizeof mark : 0});
}

/* ---- rests of pages ---- */

static void key_of_rest(const char *path, fettle_usb_id id, uint8_t alternate,
                        uint32_t address, char *key)
{
    char place[24] = "";
    key[0] = '\0';
    append_key(key, "rest/");
    append_key(key, path);
    fettle_text_append(place, sizeof place, "/");
    fettle_text_append_hex(place, sizeof place, id.vendor, 4);
    fettle_text_append(place, sizeof place, ":");
    fettle_text_append_hex(place, sizeof place, id.product, 4);
    append_key(key, place);
    place[0] = '\0';
    fettle_text_append(place, sizeof place, "/");
    fettle_text_append_number(place, sizeof place, alternate);
    fettle_text_append(place, sizeof place, "-");
    fettle_text_append_hex(place, sizeof place, address, 8);
    append_key(key, place);
}

static bool put_rest(fettle_job *job, const fettle_target_page *page, fettle_span value)
{
    const fettle_context *context = job->context;
    char key[KEY_SIZE];
    key_of_rest(job->engine.sight.path, job->engine.loader_id,
                job->engine.target.memories[page->memory].alternate, page->address, key);
    return context->store->put(context->store_self, key, value);
}

/* The rest, and behind it the page as it is going to be: a run that is cut off leaves a mixture of both. */
void fettle_memory_keep_rests(fettle_job *job)
{
    const fettle_target *target = &job->engine.target;
    for (size_t i = 0; job->context->store != NULL && i < target->page_count; i++) {
        const fettle_target_page *page = &target->pages[i];
        if (page->rest == NULL || !page->differs) {
            continue;
        }
        fettle_target_fill(target, page, page->address, page->room + page->size,
                           page->size);
        if (!put_rest(job, page, (fettle_span){page->room, 2 * (size_t)page->size})) {
            fettle_note_add(&job->engine.observed, FETTLE_NOTE_REST_NOT_KEPT, NULL);
            return;
        }
    }
}

/* Of all pages that this job has brought to their end, whoever has kept something of them. */
void fettle_memory_forget_rests(fettle_job *job)
{
    const fettle_target *target = &job->engine.target;
    uint8_t byte[1];
    for (size_t i = 0; job->context->store != NULL && i < target->page_count; i++) {
        const fettle_target_page *page = &target->pages[i];
        char key[KEY_SIZE];
        size_t size = 0;
        key_of_rest(job->engine.sight.path, job->engine.loader_id,
                    target->memories[page->memory].alternate, page->address, key);
        bool is_empty = job->context->store->get(job->context->store_self, key, byte,
                                                 sizeof byte, &size) &&
                        size == 0;
        if (page->is_partial && !is_empty) {
            (void)put_rest(job, page, (fettle_span){NULL, 0});
        }
    }
}

bool fettle_memory_recall_rest(void *self, const char *path, uint8_t alternate,
                               uint32_t address, uint8_t *bytes, uint32_t size)
{
    const fettle_job *job = self;
    const fettle_context *context = job->context;
    char key[KEY_SIZE];
    size_t count = 0;
    key_of_rest(path, job->engine.loader_id, alternate, address, key);
    return context->store != NULL &&
           context->store->get(context->store_self, key, bytes, 2 * (size_t)size, &count) &&
           count == 2 * (size_t)size;
}

/* ---- answers ---- */

const char *fettle_memory_get_answer(fettle_job *job)
{
    char key[KEY_SIZE];
    size_t size = 0;
    const fettle_context *context = job->context;
    if (context->store == NULL) {
        return NULL;
    }
    key_of_answer(job, key);
    if (!context->store->get(context->store_self, key, (uint8_t *)job->remembered,
                             sizeof job->remembered - 1, &size) ||
        size == 0 || size >= sizeof job->remembered) {
        return NULL;
    }
    job->remembered[size] = '\0';
    return job->remembered;
}

void fettle_memory_put_answer(const fettle_job *job)
{
    char key[KEY_SIZE];
    const fettle_context *context = job->context;
    if (context->store != NULL) {
        key_of_answer(job, key);
        (void)context->store->put(
            context->store_self, key,
            (fettle_span){(const uint8_t *)job->revision_text, strlen(job->revision_text)});
    }
}

/* ---- rates of serial lines ---- */

/* A rate belongs to a port and what is plugged in there: another adapter or a longer cable may hold less. */
static void key_of_baud(const char *path, fettle_usb_id id, char *key)
{
    key[0] = '\0';
    append_key(key, "baud/");
    append_key(key, path);
    append_key(key, "/");
    fettle_text_append_hex(key, KEY_SIZE, id.vendor, 4);
    fettle_text_append_hex(key, KEY_SIZE, id.product, 4);
}

uint32_t fettle_memory_recall_baud(void *self, const fettle_sight *sight)
{
    const fettle_context *context = ((fettle_job *)self)->context;
    char key[KEY_SIZE];
    uint8_t bytes[4];
    size_t size = 0;
    key_of_baud(sight->path, sight->id, key);
    bool is_there =
        context->store != NULL &&
        context->store->get(context->store_self, key, bytes, sizeof bytes, &size) &&
        size == sizeof bytes;
    return is_there ? fettle_get32(bytes) : 0;
}

void fettle_memory_keep_baud(const fettle_job *job)
{
    const fettle_context *context = job->context;
    const fettle_esp_work *work = &job->engine.esp;
    char key[KEY_SIZE];
    uint8_t bytes[4];
    uint32_t known = job->engine.known_baud;
    /* What somebody has asked for tells nothing about what the line could do. */
    if (context->store == NULL || work->baud == 0 || job->wishes.baud != 0 ||
        job->engine.sight.path[0] == '\0') {
        return;
    }
    bool is_lost = known != 0 && work->baud < known; /* next time from the beginning */
    uint32_t baud = is_lost ? 0 : work->baud;
    if (baud == known) {
        return;
    }
    key_of_baud(job->engine.sight.path, job->engine.sight.id, key);
    fettle_put32(bytes, baud);
    (void)context->store->put(context->store_self, key,
                              (fettle_span){bytes, baud != 0 ? sizeof bytes : 0});
}

/* ---- which module it is ---- */

/* Neither the bus nor the chip tells; what somebody has said once, or an update has shown, holds for this chip. */
static void key_of_module(const uint8_t mac[6], char *key)
{
    key[0] = '\0';
    append_key(key, "module/");
    for (size_t i = 0; i < FETTLE_MAC_SIZE; i++) {
        fettle_text_append_hex(key, KEY_SIZE, mac[i], 2);
    }
}

const char *fettle_memory_recall_module(void *self, const uint8_t mac[6])
{
    fettle_job *job = self;
    const fettle_context *context = job->context;
    char key[KEY_SIZE], *name = job->remembered_module;
    size_t size = 0, room = sizeof job->remembered_module - 1;
    key_of_module(mac, key);
    bool is_there =
        context->store != NULL &&
        context->store->get(context->store_self, key, (uint8_t *)name, room, &size) &&
        size > 0 && size <= room;
    name[is_there ? size : 0] = '\0';
    return is_there ? name : NULL;
}

/* What sits on a port changes; so this is shown as what it was the last time, and never taken. */
static void key_of_place(const char *path, char *key)
{
    key[0] = '\0';
    append_key(key, "module-at/");
    append_key(key, path);
}

bool fettle_memory_module_at(const fettle_context *context, const char *path, char *id,
                             size_t room)
{
    char key[KEY_SIZE];
    size_t size = 0;
    key_of_place(path, key);
    bool is_there =
        context->store != NULL &&
        context->store->get(context->store_self, key, (uint8_t *)id, room - 1, &size) &&
        size > 0 && size < room;
    id[is_there ? size : 0] = '\0';
    return is_there;
}

bool fettle_memory_recall_place(void *self, const char *path, char *id, size_t room)
{
    return fettle_memory_module_at(((const fettle_job *)self)->context, path, id, room);
}

static void keep_place(const fettle_job *job)
{
    char key[KEY_SIZE], was[FETTLE_CHIP_WISH_SIZE];
    const fettle_context *context = job->context;
    const char *id = job->plan.row->id, *path = job->engine.sight.path;
    bool is_known = fettle_memory_module_at(context, path, was, sizeof was);
    if (path[0] != '\0' && !(is_known && fettle_text_is_equal(was, id))) {
        key_of_place(path, key);
        (void)context->store->put(context->store_self, key,
                                  (fettle_span){(const uint8_t *)id, strlen(id)});
    }
}

void fettle_memory_keep_module(const fettle_job *job)
{
    const fettle_context *context = job->context;
    const fettle_esp_identity *identity = &job->engine.esp.esp.identity;
    const fettle_board_row *row = job->plan.row;
    char key[KEY_SIZE];
    bool is_good =
        job->engine.end == FETTLE_JOB_UPDATED || job->engine.end == FETTLE_JOB_UNCHANGED;
    bool is_sure = job->verb == FETTLE_VERB_UPDATE && row->is_wired && is_good &&
                   !fettle_job_has_flag(job, FETTLE_WISH_DRY_RUN);
    if (context->store == NULL || !is_sure) {
        return;
    }
    keep_place(job);
    if (!identity->has_mac || fettle_text_is_equal(job->remembered_module, row->id)) {
        return;
    }
    key_of_module(identity->mac, key);
    (void)context->store->put(context->store_self, key,
                              (fettle_span){(const uint8_t *)row->id, strlen(row->id)});
}
