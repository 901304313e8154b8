/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw firmware: every byte of the file is content, and nothing says what it is for.
 */
#include "image/image.h"

#include "base/text.h"

#include <string.h>

static bool is_raw(const char *name, fettle_span file)
{
    (void)name;
    (void)file;
    return true;
}

/* "S1137AF0..."; a record has ten characters at least. */
static bool is_srecord(fettle_span file)
{
    enum { SHORTEST = 10 };
    bool is_one = file.size >= SHORTEST && file.data[0] == 'S' && file.data[1] >= '0' &&
                  file.data[1] <= '9';
    for (size_t i = 2; is_one && i < SHORTEST; i++) {
        is_one = fettle_text_digit((char)file.data[i]) < 16;
    }
    return is_one;
}

static bool begins_with(fettle_span file, const char *bytes, size_t size)
{
    return file.size >= size && memcmp(file.data, bytes, size) == 0;
}

/* What describes firmware and is none; NULL: nothing that is known. */
static const char *other_format(fettle_span file)
{
    if (begins_with(file,
                    "\x7f"
                    "ELF",
                    4)) {
        return "an ELF file";
    }
    if (begins_with(file, "UF2\n", 4)) {
        return "a UF2 file";
    }
    return is_srecord(file) ? "a file of Motorola S-records" : NULL;
}

static bool read_raw(fettle_image *image, unsigned flags, fettle_error *err)
{
    const char *other = other_format(image->file);
    (void)flags;
    if (other != NULL) {
        fettle_error_set(err, FETTLE_E_FILE_OTHER_FORMAT, &(fettle_words){.text = other});
        return false;
    }
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
