/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a bundle: the text, then each file of one build, then all of them as one image. */
#include "api/bundles.h"

#include "base/alloc.h"
#include "base/text.h"
#include "image/bundle.h"
#include "image/image.h"
#include "image/json.h"
#include "os/file.h"

#include <assert.h>
#include <string.h>

enum { PATH_ROOM = 4096 };

static_assert((int)FETTLE_CHIP_WORD_SIZE == (int)FETTLE_ESP_CHIP_NAME_SIZE, "one word");

bool fettle_bundles_has_name(const char *path)
{
    return fettle_image_is_named(path, ".json");
}

static fettle_bundle *read_bundle(const char *path, fettle_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    fettle_bundle *bundle = NULL;
    if (fettle_os_file_read(path, FETTLE_JSON_SIZE_MAX, &bytes, &size, err)) {
        bundle = fettle_bundle_new((fettle_span){bytes, size}, err);
    }
    fettle_free(bytes);
    return bundle;
}

/* The folder of the bundle, and the path of one of its files below that. False: it is too long. */
static bool place(char out[PATH_ROOM], const char *bundle, const char *path)
{
    size_t folder = strlen(bundle);
    while (folder > 0 && bundle[folder - 1] != '/' && bundle[folder - 1] != '\\') {
        folder--;
    }
    out[0] = '\0';
    return fettle_text_append_part(out, PATH_ROOM, bundle, folder) &&
           fettle_text_append_part(out, PATH_ROOM, path, strlen(path));
}

static bool is_the_one(const fettle_bundle_file *file, fettle_span bytes, fettle_error *err)
{
    if (fettle_bundle_file_is(file, bytes)) {
        return true;
    }
    fettle_error_set(
        err, FETTLE_E_FILE_BAD_BUNDLE,
        &(fettle_words){.text = "it is another file than the bundle has a hash of"});
    return false;
}

static fettle_image *read_file(const char *path, const fettle_bundle_file *file,
                               size_t limit, unsigned flags, fettle_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    fettle_image *image = NULL;
    if (fettle_os_file_read(path, limit, &bytes, &size, err) &&
        is_the_one(file, (fettle_span){bytes, size}, err)) {
        image = fettle_image_new(file->path, (fettle_span){bytes, size}, flags, err);
    }
    fettle_free(bytes);
    if (image == NULL) {
        fettle_error_wrap(err, FETTLE_CLAUSE_OPEN_FILE, &(fettle_words){.file = path});
    }
    return image;
}

/* Reads all files; how many were, `count` says also on failure. */
static bool read_files(const char *path, const fettle_bundle_build *build, unsigned flags,
                       fettle_image **images, size_t *count, fettle_error *err)
{
    size_t left = FETTLE_FILE_SIZE_MAX;
    for (*count = 0; *count < build->file_count; (*count)++) {
        const fettle_bundle_file *file = &build->files[*count];
        char whole[PATH_ROOM];
        if (!place(whole, path, file->path)) {
            fettle_error_set(err, FETTLE_E_FILE_BAD_BUNDLE,
                             &(fettle_words){.text = "a path in it is too long"});
            return false;
        }
        fettle_image *image = read_file(whole, file, left, flags, err);
        if (image == NULL) {
            return false;
        }
        left -= image->file.size;
        images[*count] = image;
    }
    return true;
}

static fettle_image *join(const fettle_bundle_build *build, fettle_image **images,
                          fettle_error *err)
{
    fettle_image_part parts[FETTLE_BUNDLE_FILES_MAX] = {{.image = NULL}};
    for (size_t i = 0; i < build->file_count; i++) {
        parts[i] = (fettle_image_part){
            .image = images[i],
            .has_address = true,
            .is_encrypted = build->files[i].is_encrypted,
            .address = build->files[i].address,
        };
    }
    return fettle_image_new_joined(parts, build->file_count, err);
}

/* "80m" or "4MB": the number. 0: it is none ("keep", "detect"). */
static uint32_t number_of(const char *word)
{
    uint32_t number = 0;
    for (unsigned digit; (digit = fettle_text_digit(*word)) < 10 && number < 10000;
         word++) {
        number = number * 10 + digit;
    }
    return number;
}

static uint32_t size_of(const char *word)
{
    enum { KIB = 1024, MIB = 1024 * 1024 };
    size_t digits = strspn(word, "0123456789");
    return number_of(word) * (word[digits] == 'K' ? KIB : MIB);
}

/* A word that is none means that the header stays as it is. */
static bool is_header_as(const fettle_bundle *bundle, const fettle_esp_image *esp)
{
    uint8_t code;
    uint32_t size = size_of(bundle->size), mhz = number_of(bundle->frequency);
    uint32_t header_size = fettle_esp_flash_size(esp->form, esp->size_code);
    unsigned header_mhz =
        fettle_esp_frequency(esp->form, esp->chip_id, esp->frequency_code);
    return (!fettle_esp_mode_find(bundle->mode, &code) || code == esp->mode_code) &&
           (size == 0 || header_size == 0 || size == header_size) &&
           (mhz == 0 || header_mhz == 0 || mhz == header_mhz);
}

static void append_word(char *text, size_t size, const char *word)
{
    fettle_text_append(text, size, text[0] != '\0' && word[0] != '\0' ? ", " : "");
    fettle_text_append_escaped(text, size, word);
}

/* What it asks for besides its files, where that isn't done. */
static void take_wishes(fettle_image *image, const fettle_bundle *bundle)
{
    const fettle_image_piece *piece = fettle_image_find_piece(image, FETTLE_ESP_BOOTLOADER);
    image->offers_erase = bundle->erases_all;
    if (piece != NULL && !is_header_as(bundle, &piece->esp)) {
        append_word(image->header_wish, sizeof image->header_wish, bundle->mode);
        append_word(image->header_wish, sizeof image->header_wish, bundle->size);
        append_word(image->header_wish, sizeof image->header_wish, bundle->frequency);
    }
}

static fettle_image *load_build(const char *path, const fettle_bundle_build *build,
                                unsigned flags, fettle_error *err)
{
    fettle_image *images[FETTLE_BUNDLE_FILES_MAX];
    size_t count = 0;
    fettle_image *image = NULL;
    if (read_files(path, build, flags, images, &count, err)) {
        image = join(build, images, err);
    }
    while (count > 0) {
        fettle_image_free(images[--count]);
    }
    if (image != NULL) {
        memcpy(image->chip, build->chip, sizeof image->chip);
    }
    return image;
}

fettle_image *fettle_bundles_load(const char *path, const char *chip, unsigned flags,
                                  fettle_error *err)
{
    fettle_bundle *bundle = read_bundle(path, err);
    if (bundle == NULL) {
        return NULL;
    }
    const fettle_bundle_build *build = fettle_bundle_find(bundle, chip, err);
    fettle_image *image = build != NULL ? load_build(path, build, flags, err) : NULL;
    if (image != NULL) {
        take_wishes(image, bundle);
    }
    fettle_bundle_free(bundle);
    return image;
}

size_t fettle_image_chips(const char *path, char (*chips)[FETTLE_CHIP_WORD_SIZE],
                          size_t max)
{
    fettle_error ignored;
    fettle_bundle *bundle =
        fettle_bundles_has_name(path) ? read_bundle(path, &ignored) : NULL;
    size_t count = bundle != NULL ? bundle->build_count : 0;
    for (size_t i = 0; i < count && i < max; i++) {
        memcpy(chips[i], bundle->builds[i].chip, FETTLE_CHIP_WORD_SIZE);
    }
    fettle_bundle_free(bundle);
    return count;
}
