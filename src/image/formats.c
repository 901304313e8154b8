/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats that are known, in the order in which they are asked. A new one is one file
 * and one row before the last: raw takes everything. What is joined of several files (join.c)
 * is no format of a file, and has no row.
 */
#include "base/text.h"
#include "image/image.h"

#include <assert.h>
#include <string.h>

static const fettle_format *const formats[] = {
    &fettle_format_dfuse, /* before DFU, which would take the container for content */
    &fettle_format_dfu,   &fettle_format_hex, &fettle_format_esp, &fettle_format_raw,
};

enum { FORMAT_COUNT = sizeof formats / sizeof formats[0] };

const fettle_format *fettle_format_of(const char *name, fettle_span file)
{
    size_t i = 0;

    while (i < FORMAT_COUNT - 1 && !formats[i]->is_this(name, file)) {
        i++;
    }
    return formats[i];
}

const char *fettle_image_format_name(fettle_image_format format)
{
    size_t i = 0;

    if (format == FETTLE_IMAGE_JOINED) {
        return "joined";
    }
    if (format == FETTLE_IMAGE_PACKAGE) {
        return "package";
    }
    while (i < FORMAT_COUNT && formats[i]->format != format) {
        i++;
    }
    assert(i < FORMAT_COUNT);
    return formats[i]->name;
}

bool fettle_image_is_named(const char *name, const char *ending)
{
    size_t length = strlen(name), wanted = strlen(ending);

    return length >= wanted && fettle_text_is_same_word(name + length - wanted, ending);
}
