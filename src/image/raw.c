/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw firmware: every byte of the file is content, and nothing says what it is for.
 */
#include "image/image.h"

static bool is_raw(const char *name, fettle_span file)
{
    (void)name;
    (void)file;
    return true;
}

static bool read_raw(fettle_image *image, unsigned flags, fettle_error *err)
{
    (void)flags;
    (void)err;
    image->format = FETTLE_IMAGE_RAW;
    image->region_count = 1;
    image->only_region = (fettle_region){.data = image->file};
    image->regions = &image->only_region;
    fettle_prefix_read(image);
    return true;
}

const fettle_format fettle_format_raw = {
    .format = FETTLE_IMAGE_RAW,
    .name = "raw",
    .is_this = is_raw,
    .read = read_raw,
};
