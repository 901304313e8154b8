/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images for programs: a file read once and whole, and what it says of itself.
 */
#include "fettle/fettle.h"

#include "api/vendors.h"
#include "base/alloc.h"
#include "image/image.h"
#include "os/file.h"

#include <assert.h>
#include <string.h>

static_assert((int)FETTLE_LOAD_ACCEPT_DAMAGED == (int)FETTLE_IMAGE_ACCEPT_DAMAGED,
              "flags are handed through");

/* The last part of a path, in the ways of all systems. */
static const char *base_name(const char *path)
{
    const char *name = path;
    for (const char *at = path; *at != '\0'; at++) {
        if ((*at == '/' || *at == '\\') && at[1] != '\0') {
            name = at + 1;
        }
    }
    return name;
}

fettle_image *fettle_image_load(const char *path, unsigned flags, fettle_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    fettle_image *image = NULL;
    if (fettle_os_file_read(path, FETTLE_FILE_SIZE_MAX, &bytes, &size, err)) {
        image = fettle_image_new(base_name(path), (fettle_span){bytes, size}, flags, err);
    }
    fettle_free(bytes);
    if (image == NULL) {
        fettle_error_wrap(err, FETTLE_CLAUSE_OPEN_FILE, &(fettle_words){.file = path});
    }
    return image;
}

fettle_image *fettle_image_from_bytes(const char *name, fettle_span bytes, unsigned flags,
                                      fettle_error *err)
{
    fettle_image *image = fettle_image_new(base_name(name), bytes, flags, err);
    if (image == NULL) {
        fettle_error_wrap(err, FETTLE_CLAUSE_OPEN_FILE, &(fettle_words){.file = name});
    }
    return image;
}

void fettle_image_get_facts(const fettle_image *image, fettle_image_facts *facts)
{
    const fettle_suffix *suffix = &image->suffix;
    *facts = (fettle_image_facts){
        .name = image->name,
        .format = fettle_image_format_name(image->format),
        .file = image->file,
        .content = image->regions[0].data,
        .has_suffix = image->has_suffix,
        .idVendor = suffix->idVendor,
        .idProduct = suffix->idProduct,
        .bcdDevice = suffix->bcdDevice,
        .bcdDFU = suffix->bcdDFU,
        .suffix_length = suffix->bLength,
        .crc_stored = suffix->dwCRC,
        .crc_computed = suffix->computed,
        .is_damaged = image->has_suffix && !suffix->is_intact,
        .prefix = fettle_prefix_name(image->prefix),
        .prefix_size = image->prefix_size,
        .prefix_address = image->prefix_address,
        .prefix_length = image->prefix_length,
    };
    memcpy(facts->sha256, image->sha256, sizeof facts->sha256);
}

size_t fettle_image_fits(const fettle_image *image, const char **names, size_t max)
{
    size_t count = 0;
    const fettle_suffix *suffix = &image->suffix;
    if (!image->has_suffix || suffix->idVendor == 0xFFFF || suffix->idProduct == 0xFFFF) {
        return 0; /* it says nothing: neither does this */
    }
    fettle_usb_id id = {suffix->idVendor, suffix->idProduct};
    for (size_t i = 0;; i++) {
        const fettle_board_row *row =
            fettle_vendors_find_id(fettle_vendors_all(), id, FETTLE_MODE_DFU, i, NULL);
        if (row == NULL) {
            return count;
        }
        if (count < max) {
            names[count] = row->name;
        }
        count++;
    }
}
