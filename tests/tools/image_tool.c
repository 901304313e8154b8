/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fettle makes of firmware files, to be compared with what other programs make of them:
 *
 *   fettle-image-tool split FILE PREFIX     writes each region to PREFIX0, PREFIX1, ..., and a line for each:
 *                                           alternate setting or -, first address, last address, in hex
 *   fettle-image-tool dfuse OUT FILE...     joins the files, which have addresses, to a DfuSe file for 0483:df11
 */
#include "base/alloc.h"
#include "image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 * 1024 * 1024 };

static int complain(const char *name, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", name, why);
    return 1;
}

static fettle_image *read_file(const char *path)
{
    uint8_t *bytes = malloc(ROOM);
    FILE *file = fopen(path, "rb");
    size_t size = bytes != NULL && file != NULL ? fread(bytes, 1, ROOM, file) : 0;
    fettle_error err = {.message = "it can't be read"};
    fettle_image *image = NULL;
    if (size > 0 && size < ROOM) {
        image = fettle_image_new(path, (fettle_span){bytes, size}, 0, &err);
    }
    if (image == NULL) {
        (void)complain(path, err.message);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    free(bytes);
    return image;
}

static bool write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    bool is_good = file != NULL && fwrite(bytes, 1, size, file) == size;
    return file != NULL && fclose(file) == 0 && is_good;
}

static int split(const char *path, const char *prefix)
{
    fettle_image *image = read_file(path);
    if (image == NULL) {
        return 1;
    }
    for (size_t i = 0; i < image->region_count; i++) {
        const fettle_region *region = &image->regions[i];
        char name[1024];
        (void)snprintf(name, sizeof name, "%s%zu", prefix, i);
        if (!write_file(name, region->data.data, region->data.size)) {
            return complain(name, "it can't be written");
        }
        if (region->has_alternate) {
            (void)printf("%u ", (unsigned)region->alternate);
        } else {
            (void)printf("- ");
        }
        (void)printf("%08X %08X\n", (unsigned)region->address,
                     (unsigned)(region->address + (region->data.size - 1)));
    }
    fettle_image_free(image);
    return 0;
}

static int write_dfuse(const char *out, const fettle_image_part *parts, size_t count)
{
    static const fettle_suffix ids = {
        .bcdDevice = 0x0200, .idProduct = 0xDF11, .idVendor = 0x0483};
    fettle_error err = {.message = ""};
    uint8_t *bytes = NULL;
    size_t size = 0;
    fettle_image *image = fettle_image_new_joined(parts, count, &err);
    bool is_made =
        image != NULL && fettle_image_write_dfuse(image, &ids, &bytes, &size, &err);
    bool is_written = is_made && write_file(out, bytes, size);
    fettle_free(bytes);
    fettle_image_free(image);
    return is_written ? 0 : complain(out, is_made ? "it can't be written" : err.message);
}

static int make_dfuse(const char *out, char **paths, size_t count)
{
    fettle_image *images[FETTLE_IMAGE_PARTS_MAX] = {NULL};
    fettle_image_part parts[FETTLE_IMAGE_PARTS_MAX];
    size_t loaded = 0;
    if (count > FETTLE_IMAGE_PARTS_MAX) {
        return complain(out, "too many files");
    }
    while (loaded < count && (images[loaded] = read_file(paths[loaded])) != NULL) {
        parts[loaded] = (fettle_image_part){.image = images[loaded]};
        loaded++;
    }
    int status = loaded == count ? write_dfuse(out, parts, count) : 1;
    for (size_t i = 0; i < loaded; i++) {
        fettle_image_free(images[i]);
    }
    return status;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "split") == 0) {
        return split(argv[2], argv[3]);
    }
    if (argc >= 4 && strcmp(argv[1], "dfuse") == 0) {
        return make_dfuse(argv[2], argv + 3, (size_t)argc - 3);
    }
    return complain("usage", "fettle-image-tool split FILE PREFIX | dfuse OUT FILE...");
}
