/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a bundle: either a sentence, or builds with files in order whose paths stay in their folder. With the first byte set,
 * the rest is a path instead.
 */
#include "fuzz/image_checks.h"

#include "image/bundle.h"
#include "image/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No part of it is "..", and it begins with no slash. */
static void check_path(const char *path)
{
    must(path[0] != '\0' && path[0] != '/');
    for (const char *at = path; at != NULL; at = strchr(at, '/')) {
        at += at != path;
        size_t length = strcspn(at, "/");
        must(length > 0);
        must(!(length == 2 && memcmp(at, "..", 2) == 0));
        must(!(length == 1 && at[0] == '.'));
    }
    must(strpbrk(path, "\\?#\n") == NULL);
}

static void check_cleaning(const uint8_t *data, size_t size)
{
    char *path = malloc(size + 1), *out = malloc(size + 1), *again = malloc(size + 1);
    const char *why = NULL;
    must(path != NULL && out != NULL && again != NULL);
    memcpy(path, data, size);
    path[size] = '\0';
    if (fettle_bundle_clean_path(out, strlen(path) + 1, path, &why)) {
        must(why == NULL);
        check_path(out);
        must(fettle_bundle_clean_path(again, strlen(out) + 1, out, &why));
        must(strcmp(out, again) == 0);
    } else {
        must(why != NULL && why[0] != '\0');
    }
    free(path);
    free(out);
    free(again);
}

static void check_build(const fettle_bundle *bundle, const fettle_bundle_build *build)
{
    fettle_error err;
    must(build->file_count >= 1 && build->file_count <= FETTLE_BUNDLE_FILES_MAX);
    must(memchr(build->chip, '\0', sizeof build->chip) != NULL);
    for (size_t i = 0; i < build->file_count; i++) {
        const fettle_bundle_file *file = &build->files[i];
        must(i == 0 || file[-1].address < file->address);
        must(file->role == NULL || strlen(file->role) < FETTLE_JSON_SIZE_MAX);
        check_path(file->path);
        (void)fettle_bundle_file_is(file, (fettle_span){(const uint8_t *)"abc", 3});
    }
    if (build->chip[0] != '\0') {
        const fettle_bundle_build *found = fettle_bundle_find(bundle, build->chip, &err);
        must(found != NULL && strcmp(found->chip, build->chip) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fettle_error err = {.code = FETTLE_E_NONE};
    if (size > 0 && (data[0] & 0x80) != 0) {
        check_cleaning(data + 1, size - 1);
        return 0;
    }
    fettle_bundle *bundle = fettle_bundle_new((fettle_span){data, size}, &err);
    if (bundle == NULL) {
        check_sentence(&err);
        must(err.code == FETTLE_E_FILE_BAD_JSON || err.code == FETTLE_E_FILE_BAD_BUNDLE ||
             err.code == FETTLE_E_NOT_SUPPORTED);
        return 0;
    }
    must(bundle->build_count >= 1 && bundle->build_count <= FETTLE_BUNDLE_BUILDS_MAX);
    must(bundle->name == NULL || strlen(bundle->name) <= size);
    for (size_t i = 0; i < bundle->build_count; i++) {
        check_build(bundle, &bundle->builds[i]);
    }
    if (fettle_bundle_find(bundle, NULL, &err) == NULL) {
        must(err.code == FETTLE_E_BUILD_NOT_NAMED);
    }
    fettle_bundle_free(bundle);
    return 0;
}
