/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A firmware file becomes an image: one copy of its bytes, read once by the format that
 * says it is its own, and immutable from then on. Whatever changes on the disk afterwards
 * can't change a job.
 */
#include "image/image.h"

#include "base/alloc.h"
#include "image/regions.h"

#include <assert.h>
#include <string.h>

static bool has_usable_size(fettle_span bytes, fettle_error *err)
{
    if (bytes.size == 0) {
        fettle_error_set(err, FETTLE_E_FILE_EMPTY, NULL);
        return false;
    }
    if (bytes.size > FETTLE_FILE_SIZE_MAX) {
        fettle_error_set(
            err, FETTLE_E_FILE_TOO_LARGE,
            &(fettle_words){.size = bytes.size, .limit = FETTLE_FILE_SIZE_MAX});
        return false;
    }
    return true;
}

/*
 * The part behind the last slash, of either kind: what is read here may be used elsewhere.
 */
static const char *without_folders(const char *path)
{
    const char *name = path;

    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '/' || *at == '\\') {
            name = at + 1;
        }
    }
    return name;
}

/* The file's bytes and its name, in one piece of memory. */
static bool copy_file(fettle_image *image, const char *name, fettle_span bytes)
{
    size_t name_size = strlen(name) + 1;
    uint8_t *copy = fettle_alloc(bytes.size + name_size);

    if (copy == NULL) {
        return false;
    }
    memcpy(copy, bytes.data, bytes.size);
    memcpy(copy + bytes.size, name, name_size);
    image->memory = copy;
    image->file = (fettle_span){copy, bytes.size};
    image->name = (const char *)(copy + bytes.size);
    return true;
}

fettle_image *fettle_image_new(const char *name, fettle_span bytes, unsigned flags,
                               fettle_error *err)
{
    assert(name != NULL);
    if (!has_usable_size(bytes, err)) {
        return NULL;
    }
    fettle_image *image = fettle_alloc(sizeof *image);
    if (image == NULL || !copy_file(image, without_folders(name), bytes)) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = bytes.size});
        fettle_image_free(image);
        return NULL;
    }
    const fettle_format *format = (flags & FETTLE_IMAGE_AS_RAW) != 0
                                      ? &fettle_format_raw
                                      : fettle_format_of(image->name, image->file);
    if (!format->read(image, flags, err)) {
        fettle_image_free(image);
        return NULL;
    }
    fettle_sha256 sha256;
    fettle_sha256_init(&sha256);
    fettle_sha256_feed(&sha256, image->file);
    fettle_sha256_finish(&sha256, image->sha256);
    return image;
}

size_t fettle_image_content_size(const fettle_image *image)
{
    size_t size = 0;

    for (size_t i = 0; i < image->region_count; i++) {
        size += image->regions[i].data.size;
    }
    return size;
}

size_t fettle_image_gap_count(const fettle_image *image)
{
    size_t count = 0;

    for (size_t i = 1; i < image->region_count; i++) {
        const fettle_region *before = &image->regions[i - 1], *region = &image->regions[i];
        count += before->has_address && fettle_region_is_same_memory(before, region) &&
                 fettle_region_end(before) < region->address;
    }
    return count;
}

const fettle_image_piece *fettle_image_find_piece(const fettle_image *image,
                                                  fettle_esp_content content)
{
    for (size_t i = 0; i < image->piece_count; i++) {
        if (image->pieces[i].content == content) {
            return &image->pieces[i];
        }
    }
    return NULL;
}

void fettle_image_free(fettle_image *image)
{
    if (image != NULL) {
        if (image->package != NULL) {
            image->free_package(image->package);
        }
        fettle_free(image->memory);
        fettle_free(image->more_memory);
        fettle_free(image->pieces_memory);
        fettle_free(image);
    }
}
