/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles: JSON to a list of builds, each with its files in order. ESP-IDF says where a file goes once as a member of
 * `flash_files` and once more, with its role, as an object of its own; the first counts, the second tells the role.
 *
 * All that is kept is copied into one piece of memory, of a size that the text of the bundle bounds.
 */
#include "image/bundle.h"

#include "base/alloc.h"
#include "base/text.h"
#include "image/json.h"
#include "image/regions.h"

#include <assert.h>
#include <string.h>

enum { REASON_SIZE = 224 };

/* What is being made, and the room that is left for texts. */
typedef struct making {
    const fettle_json *root;
    fettle_bundle *bundle;
    fettle_bundle_build *build; /* the next one */
    fettle_bundle_file *file;   /* the next one */
    char *text;
    fettle_error *err;
} making;

static bool is_bad(fettle_error *err, const char *format, const fettle_words *words)
{
    char text[REASON_SIZE];

    fettle_words_render(text, sizeof text, format, words);
    fettle_error_set(err, FETTLE_E_FILE_BAD_BUNDLE, &(fettle_words){.text = text});
    return false;
}

/* ---- paths ---- */

static bool is_letter(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

/* "https://...", "C:...", "data:..." */
static bool has_scheme(const char *path)
{
    size_t at = 0;

    while (is_letter(path[at])) {
        at++;
    }
    return at > 0 && path[at] == ':';
}

static const char *refuse_path(const char *path)
{
    if (has_scheme(path)) {
        return "names another place than the folder of the bundle";
    }
    if (path[0] == '/' || path[0] == '\\') {
        return "is absolute, and a bundle names files of its own folder";
    }
    for (const char *at = path; *at != '\0' && *at != '?' && *at != '#'; at++) {
        if (*at == '\\' || *at == ':' || (uint8_t)*at < ' ') {
            return "has a character that no such path has";
        }
    }
    return NULL;
}

/* Length of the part up to the next slash, or to what a web server would take for a query. */
static size_t part_length(const char *path)
{
    size_t length = 0;

    while (path[length] != '\0' && path[length] != '/' && path[length] != '?' &&
           path[length] != '#') {
        length++;
    }
    return length;
}

/* Takes the last part off again. False: there is none. */
static bool go_up(char *out)
{
    size_t length = strlen(out);

    if (length == 0) {
        return false;
    }
    while (length > 0 && out[length - 1] != '/') {
        length--;
    }
    out[length > 0 ? length - 1 : 0] = '\0';
    return true;
}

static bool is_part(const char *part, size_t length, const char *what)
{
    return length == strlen(what) && memcmp(part, what, length) == 0;
}

bool fettle_bundle_clean_path(char *out, size_t size, const char *path, const char **why)
{
    out[0] = '\0';
    *why = refuse_path(path);
    while (*why == NULL) {
        size_t length = part_length(path);
        if (is_part(path, length, "..")) {
            *why = go_up(out) ? NULL : "leads out of the folder of the bundle";
        } else if (length > 0 && !is_part(path, length, ".")) {
            fettle_text_append(out, size, out[0] != '\0' ? "/" : "");
            if (!fettle_text_append_part(out, size, path, length)) {
                *why = "is too long";
            }
        }
        path += length;
        if (*path != '/') { /* the end, or a query */
            break;
        }
        path++;
    }
    if (*why == NULL && out[0] == '\0') {
        *why = "is no name of a file";
    }
    return *why == NULL;
}

/* ---- values ---- */

/* A text of the bundle's own. */
static const char *keep(making *self, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    char *kept = self->text;
    memcpy(kept, text, size);
    self->text += size;
    return kept;
}

static void keep_word(char out[FETTLE_BUNDLE_WORD_SIZE], const fettle_json *value)
{
    const char *text = fettle_json_text(value);

    out[0] = '\0';
    fettle_text_append(out, FETTLE_BUNDLE_WORD_SIZE, text != NULL ? text : "");
}

static bool read_address(const fettle_json *value, uint32_t *address)
{
    const char *text = fettle_json_text(value);
    uint64_t number = 0;
    bool is_number = text != NULL ? fettle_text_to_number(text, &number)
                                  : fettle_json_number(value, &number);

    *address = (uint32_t)number;
    return is_number && number <= UINT32_MAX;
}

static bool read_digest(const fettle_json *value, uint8_t *digest, size_t size)
{
    const char *text = fettle_json_text(value);

    if (text == NULL || strlen(text) != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned high = fettle_text_digit(text[2 * i]);
        unsigned low = fettle_text_digit(text[2 * i + 1]);
        if (high > 15 || low > 15) {
            return false;
        }
        digest[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* ---- files ---- */

static bool add_file(making *self, const char *path, uint32_t address)
{
    const char *why = NULL;

    *self->file = (fettle_bundle_file){.address = address, .path = self->text};
    if (!fettle_bundle_clean_path(self->text, strlen(path) + 1, path, &why)) {
        char text[REASON_SIZE] = "";
        fettle_text_append_escaped(text, sizeof text / 2, path);
        return is_bad(self->err, "the path \"{text}\" {text2}",
                      &(fettle_words){.text = text, .text2 = why});
    }
    self->text += strlen(path) + 1;
    self->file++;
    self->build->file_count++;
    return true;
}

static bool is_before(const void *a, const void *b)
{
    return ((const fettle_bundle_file *)a)->address <
           ((const fettle_bundle_file *)b)->address;
}

/* In order, by a plain insertion: a build has few files, and they are larger than what fettle_sort() takes. */
static void sort_files(fettle_bundle_file *files, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        fettle_bundle_file file = files[i];
        size_t at = i;
        for (; at > 0 && is_before(&file, &files[at - 1]); at--) {
            files[at] = files[at - 1];
        }
        files[at] = file;
    }
}

/* The files of a build are all there: in order, and no two at one place. */
static bool finish_build(making *self)
{
    fettle_bundle_file *files = self->file - self->build->file_count;
    size_t count = self->build->file_count;

    sort_files(files, count);
    self->build->files = files;
    for (size_t i = 1; i < count; i++) {
        if (files[i].address == files[i - 1].address) {
            return is_bad(self->err, "{text} and {text2} both go to {address}",
                          &(fettle_words){.text = files[i - 1].path,
                                          .text2 = files[i].path,
                                          .address = files[i].address});
        }
    }
    self->build++;
    self->bundle->build_count++;
    return true;
}

static bool has_right_count(making *self, size_t count)
{
    if (count >= 1 && count <= FETTLE_BUNDLE_FILES_MAX) {
        return true;
    }
    return is_bad(self->err, "a build has {count} files, and 1 to {limit} can be taken",
                  &(fettle_words){.count = count, .limit = FETTLE_BUNDLE_FILES_MAX});
}

static void keep_chip(making *self, const char *name)
{
    if (name != NULL && fettle_esp_chip_word(self->build->chip, name)) {
        self->build->chip_text = keep(self, name);
    } else {
        self->build->chip[0] = '\0';
    }
}

/* ---- flasher_args.json ---- */

static bool add_flash_file(void *user, const char *key, const fettle_json *value)
{
    making *self = user;
    const char *path = fettle_json_text(value);
    uint64_t address = 0;

    if (!fettle_text_to_number(key, &address) || address > UINT32_MAX || path == NULL) {
        return is_bad(self->err, "in flash_files, \"{text}\" is no address with a file",
                      &(fettle_words){.text = key});
    }
    return add_file(self, path, (uint32_t)address);
}

/* {"app": {"offset": "0x10000", "file": "app.bin", "encrypted": "false"}} */
static bool take_role(void *user, const char *key, const fettle_json *value)
{
    making *self = user;
    fettle_bundle_build *build = self->build;
    fettle_bundle_file *files = self->file - build->file_count;
    uint32_t address = 0;

    if (!read_address(fettle_json_get(value, "offset"), &address) ||
        fettle_json_text(fettle_json_get(value, "file")) == NULL) {
        return true; /* another kind of member */
    }
    for (size_t i = 0; i < build->file_count; i++) {
        if (files[i].address == address && files[i].role == NULL) {
            files[i].role = keep(self, key);
            files[i].is_encrypted =
                fettle_json_is_true(fettle_json_get(value, "encrypted"));
            break; /* a key is kept once: so much room there is */
        }
    }
    return true;
}

static bool read_flasher_args(making *self)
{
    const fettle_json *files = fettle_json_get(self->root, "flash_files");
    const fettle_json *settings = fettle_json_get(self->root, "flash_settings");
    const fettle_json *extra = fettle_json_get(self->root, "extra_esptool_args");

    self->bundle->kind = FETTLE_BUNDLE_FLASHER_ARGS;
    keep_word(self->bundle->mode, fettle_json_get(settings, "flash_mode"));
    keep_word(self->bundle->size, fettle_json_get(settings, "flash_size"));
    keep_word(self->bundle->frequency, fettle_json_get(settings, "flash_freq"));
    keep_chip(self, fettle_json_text(fettle_json_get(extra, "chip")));
    return has_right_count(self, fettle_json_count(files)) &&
           fettle_json_each(files, add_flash_file, self) &&
           fettle_json_each(self->root, take_role, self) && finish_build(self);
}

/* ---- manifest.json ---- */

static bool add_part(making *self, const fettle_json *part)
{
    const char *path = fettle_json_text(fettle_json_get(part, "path"));
    uint32_t address = 0;

    if (path == NULL || !read_address(fettle_json_get(part, "offset"), &address)) {
        return is_bad(self->err, "a part of a build has no path, or no offset", NULL);
    }
    if (!add_file(self, path, address)) {
        return false;
    }
    fettle_bundle_file *file = self->file - 1;
    file->has_md5 = read_digest(fettle_json_get(part, "md5"), file->md5, sizeof file->md5);
    file->has_sha256 =
        read_digest(fettle_json_get(part, "sha256"), file->sha256, sizeof file->sha256);
    return true;
}

static bool read_build(making *self, const fettle_json *build)
{
    const fettle_json *parts = fettle_json_get(build, "parts");
    size_t count = fettle_json_is_array(parts) ? fettle_json_count(parts) : 0;

    if (!has_right_count(self, count)) {
        return false;
    }
    keep_chip(self, fettle_json_text(fettle_json_get(build, "chipFamily")));
    for (size_t i = 0; i < count; i++) {
        if (!add_part(self, fettle_json_at(parts, i))) {
            return false;
        }
    }
    return finish_build(self);
}

static bool read_manifest(making *self)
{
    const fettle_json *builds = fettle_json_get(self->root, "builds");
    size_t count = fettle_json_count(builds);

    self->bundle->kind = FETTLE_BUNDLE_MANIFEST;
    self->bundle->name = keep(self, fettle_json_text(fettle_json_get(self->root, "name")));
    self->bundle->version =
        keep(self, fettle_json_text(fettle_json_get(self->root, "version")));
    self->bundle->erases_all =
        fettle_json_is_true(fettle_json_get(self->root, "new_install_prompt_erase"));
    if (count == 0) {
        return is_bad(self->err, "it has no builds", NULL);
    }
    for (size_t i = 0; i < count; i++) {
        if (!read_build(self, fettle_json_at(builds, i))) {
            return false;
        }
    }
    return true;
}

/* ---- the whole ---- */

static size_t count_files(const fettle_json *root, bool is_manifest, size_t *builds)
{
    const fettle_json *list = fettle_json_get(root, "builds");
    size_t files = 0;

    if (!is_manifest) {
        *builds = 1;
        return fettle_json_count(fettle_json_get(root, "flash_files"));
    }
    *builds = fettle_json_count(list);
    for (size_t i = 0; i < *builds; i++) {
        files += fettle_json_count(fettle_json_get(fettle_json_at(list, i), "parts"));
    }
    return files;
}

static bool fill(fettle_bundle *bundle, const fettle_json *root, size_t text_size,
                 fettle_error *err)
{
    bool is_manifest = fettle_json_is_array(fettle_json_get(root, "builds"));
    size_t builds = 0, files = count_files(root, is_manifest, &builds);
    size_t builds_size = builds * sizeof(fettle_bundle_build);
    size_t files_size = files * sizeof(fettle_bundle_file);

    if (builds > FETTLE_BUNDLE_BUILDS_MAX || files / FETTLE_BUNDLE_FILES_MAX > builds) {
        return is_bad(err, "it has {count} builds with {size} files in all, too many",
                      &(fettle_words){.count = builds, .size = files});
    }
    if (!is_manifest && !fettle_json_is_object(fettle_json_get(root, "flash_files"))) {
        return is_bad(err,
                      "it is neither a flasher_args.json of ESP-IDF nor a manifest of ESP "
                      "Web Tools: it has no \"flash_files\" and no \"builds\"",
                      NULL);
    }
    /* Every text is in the bundle's own, with two quotes around it that leave room for its NUL. */
    bundle->memory = fettle_alloc(builds_size + files_size + text_size);
    if (bundle->memory == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = text_size});
        return false;
    }
    uint8_t *memory = bundle->memory;
    bundle->builds = bundle->memory;
    making self = {
        .root = root,
        .bundle = bundle,
        .build = bundle->memory,
        .file = (void *)(memory + builds_size),
        .text = (char *)memory + builds_size + files_size,
        .err = err,
    };
    return is_manifest ? read_manifest(&self) : read_flasher_args(&self);
}

fettle_bundle *fettle_bundle_new(fettle_span text, fettle_error *err)
{
    fettle_json *root = fettle_json_new(text, err);

    if (root == NULL) {
        return NULL;
    }
    fettle_bundle *bundle = fettle_alloc(sizeof *bundle);
    if (bundle == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = sizeof *bundle});
    } else if (!fill(bundle, root, text.size, err)) {
        fettle_bundle_free(bundle);
        bundle = NULL;
    }
    fettle_json_free(root);
    return bundle;
}

void fettle_bundle_free(fettle_bundle *bundle)
{
    if (bundle != NULL) {
        fettle_free(bundle->memory);
        fettle_free(bundle);
    }
}

static void append_chips(char *text, size_t size, const fettle_bundle *bundle)
{
    for (size_t i = 0; i < bundle->build_count; i++) {
        const fettle_bundle_build *build = &bundle->builds[i];
        fettle_text_append(text, size, i > 0 ? ", " : "");
        fettle_text_append(text, size, build->chip[0] != '\0' ? build->chip : "?");
    }
}

const fettle_bundle_build *fettle_bundle_find(const fettle_bundle *bundle, const char *chip,
                                              fettle_error *err)
{
    char word[FETTLE_ESP_CHIP_NAME_SIZE] = "", chips[REASON_SIZE] = "";

    if (chip == NULL && bundle->build_count == 1) {
        return &bundle->builds[0];
    }
    bool is_word = chip != NULL && fettle_esp_chip_word(word, chip);
    for (size_t i = 0; is_word && i < bundle->build_count; i++) {
        const fettle_bundle_build *build = &bundle->builds[i];
        if (fettle_text_is_equal(build->chip, word)) {
            return build;
        }
    }
    append_chips(chips, sizeof chips, bundle);
    if (chip == NULL) {
        fettle_error_set(err, FETTLE_E_BUILD_NOT_NAMED, &(fettle_words){.text = chips});
    } else {
        fettle_error_set(err, FETTLE_E_NO_BUILD_FOR_CHIP,
                         &(fettle_words){.text = chips, .text2 = chip});
    }
    return NULL;
}

bool fettle_bundle_file_is(const fettle_bundle_file *file, fettle_span bytes)
{
    uint8_t digest[FETTLE_SHA256_SIZE];
    fettle_md5 md5;
    fettle_sha256 sha256;

    if (file->has_md5) {
        fettle_md5_init(&md5);
        fettle_md5_feed(&md5, bytes);
        fettle_md5_finish(&md5, digest);
        if (memcmp(digest, file->md5, FETTLE_MD5_SIZE) != 0) {
            return false;
        }
    }
    if (file->has_sha256) {
        fettle_sha256_init(&sha256);
        fettle_sha256_feed(&sha256, bytes);
        fettle_sha256_finish(&sha256, digest);
        if (memcmp(digest, file->sha256, FETTLE_SHA256_SIZE) != 0) {
            return false;
        }
    }
    return true;
}
