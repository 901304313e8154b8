/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that name other files and where they go: `flasher_args.json`, which ESP-IDF leaves in a build folder, and the
 * `manifest.json` of ESP Web Tools. A bundle is only what such a file says; whoever has it reads the files that it names.
 */
#ifndef FETTLE_IMAGE_BUNDLE_H
#define FETTLE_IMAGE_BUNDLE_H

#include "base/error.h"
#include "base/hash.h"
#include "image/esp_image.h"

enum {
    FETTLE_BUNDLE_BUILDS_MAX = 64,
    FETTLE_BUNDLE_FILES_MAX = 64, /* of a build: as many as one image is made of */
    FETTLE_BUNDLE_WORD_SIZE = 16, /* of a flash setting, with its NUL */
};

typedef enum fettle_bundle_kind {
    FETTLE_BUNDLE_FLASHER_ARGS,
    FETTLE_BUNDLE_MANIFEST,
} fettle_bundle_kind;

/* One file of a build. */
typedef struct fettle_bundle_file {
    uint32_t address; /* in the flash */
    /* Relative to the folder of the bundle, with slashes; leads nowhere above it. */
    const char *path;
    const char *role; /* "app", "bootloader", "partition-table", ...; NULL: it isn't said */
    bool is_encrypted; /* it is for a flash that is encrypted, and the board encrypts it */
    bool has_md5, has_sha256; /* of the file, as some manifests have them */
    uint8_t md5[FETTLE_MD5_SIZE], sha256[FETTLE_SHA256_SIZE];
} fettle_bundle_file;

/* What goes to boards with one chip. */
typedef struct fettle_bundle_build {
    char chip
        [FETTLE_ESP_CHIP_NAME_SIZE]; /* as fettle_esp_chip_word() has it: "esp32s3"; or empty */
    const char *chip_text;           /* as it stands there; or NULL */
    size_t file_count;               /* at least one */
    const fettle_bundle_file *files; /* sorted by address, no two have the same */
} fettle_bundle_build;

typedef struct fettle_bundle {
    fettle_bundle_kind kind;
    const char *name, *version; /* of what is in it; untrusted; NULL: it isn't said */
    /* Flash settings, as they stand there ("dio", "4MB", "80m"); empty: none. */
    char mode[FETTLE_BUNDLE_WORD_SIZE], size[FETTLE_BUNDLE_WORD_SIZE],
        frequency[FETTLE_BUNDLE_WORD_SIZE];
    bool erases_all;    /* the manifest asks for an erased board, unless a person says no */
    size_t build_count; /* at least one; of flasher_args.json one */
    const fettle_bundle_build *builds;

    void *memory; /* the bundle's own */
} fettle_bundle;

/*
 * Reads a bundle's text, at most FETTLE_JSON_SIZE_MAX bytes; it isn't needed afterwards. NULL: FILE_BAD_JSON, FILE_BAD_BUNDLE,
 * FILE_TOO_LARGE, NO_MEMORY, NOT_SUPPORTED where JSON isn't built in.
 */
fettle_bundle *fettle_bundle_new(fettle_span text, fettle_error *err);
void fettle_bundle_free(fettle_bundle *bundle); /* takes NULL */

/*
 * The build for a chip, whose name may be written in any way; NULL for `chip` takes the only build there is. NULL:
 * BUILD_NOT_NAMED where there are several, NO_BUILD_FOR_CHIP where there is none for it.
 */
const fettle_bundle_build *fettle_bundle_find(const fettle_bundle *bundle, const char *chip,
                                              fettle_error *err);

/* Is this file the one that the bundle means? True where it has no hashes. */
bool fettle_bundle_file_is(const fettle_bundle_file *file, fettle_span bytes);

/*
 * Makes a path as manifests write it one that can be used: without "./", "a/../", "?v=1" and "#x". Into `out` of `size`
 * bytes. False, and `why` says it in words that go behind the path: it is absolute, a URL, leads above its folder, or is none.
 */
bool fettle_bundle_clean_path(char *out, size_t size, const char *path, const char **why);

#endif
