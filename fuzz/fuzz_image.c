/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a firmware file. The first byte of the input picks the file's name and the
 * flags, the rest is the file. Whatever it is, one of two things holds: there is an error
 * that a person can read, or there is an image whose regions lie in the file and outside
 * its suffix.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IS_NAMED_DFU = 1 << 0, ACCEPTS_DAMAGED = 1 << 1, SUFFIX_SIZE = 16 };

/* Assertions that stay on, however the fuzzer is built. */
static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_refusal(const fettle_error *err)
{
    must(err->code > FETTLE_E_NONE && err->code < FETTLE_E_COUNT);
    must(err->message[0] != '\0' &&
         memchr(err->message, '\0', sizeof err->message) != NULL);
    must(err->hint != NULL && err->hint[0] != '\0');
    must(err->code == FETTLE_E_FILE_EMPTY || err->code == FETTLE_E_FILE_CUT ||
         err->code == FETTLE_E_FILE_DAMAGED || err->code == FETTLE_E_FILE_BAD_SUFFIX ||
         err->code == FETTLE_E_NOT_SUPPORTED);
}

static void check_suffix(const fettle_image *image, unsigned flags)
{
    const fettle_suffix *suffix = &image->suffix;
    fettle_span content = image->regions[0].data;

    must(image->format == FETTLE_IMAGE_DFU);
    must(suffix->bLength >= SUFFIX_SIZE && suffix->bLength < image->file.size);
    must(content.size + suffix->bLength == image->file.size);
    must(suffix->is_intact == (suffix->dwCRC == suffix->computed));
    must(suffix->is_intact || (flags & FETTLE_IMAGE_ACCEPT_DAMAGED) != 0);
    must(!suffix->is_intact || !suffix->leaves_suffix_out);
    must(memcmp(image->file.data + image->file.size - 8, "UFD", 3) == 0);
}

static void check_image(const fettle_image *image, fettle_span file, unsigned flags)
{
    must(image->file.size == file.size);
    must(image->file.data != file.data);
    must(memcmp(image->file.data, file.data, file.size) == 0);
    must(image->region_count == 1);

    fettle_span content = image->regions[0].data;
    must(content.data == image->file.data);
    must(content.size > 0 && content.size <= file.size);
    if (image->has_suffix) {
        check_suffix(image, flags);
    } else {
        must(image->format == FETTLE_IMAGE_RAW && content.size == file.size);
    }
    must(image->prefix_size < content.size);
    must((image->prefix == FETTLE_PREFIX_NONE) == (image->prefix_size == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const char *name = (data[0] & IS_NAMED_DFU) != 0 ? "folder/fuzz.DFU" : "fuzz.bin";
    unsigned flags = (data[0] & ACCEPTS_DAMAGED) != 0 ? FETTLE_IMAGE_ACCEPT_DAMAGED : 0;
    fettle_span file = {data + 1, size - 1};
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_image *image = fettle_image_new(name, file, flags, &err);

    if (image == NULL) {
        check_refusal(&err);
    } else {
        must((data[0] & IS_NAMED_DFU) == 0 || image->has_suffix);
        check_image(image, file, flags);
    }
    fettle_image_free(image);
    return 0;
}
