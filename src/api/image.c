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

fettle_image *fettle_image_join(const fettle_part *parts, size_t count, fettle_error *err)
{
    fettle_image_part inside[FETTLE_IMAGE_PARTS_MAX];
    if (count == 0 || count > FETTLE_IMAGE_PARTS_MAX) {
        fettle_error_set(
            err, FETTLE_E_USAGE,
            &(fettle_words){.text = "it takes at least one file, and at most 64 of them"});
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        inside[i] = (fettle_image_part){
            .image = parts[i].image,
            .has_address = parts[i].has_address,
            .address = parts[i].address,
        };
    }
    return fettle_image_new_joined(inside, count, err);
}

void fettle_image_get_facts(const fettle_image *image, fettle_image_facts *facts)
{
    const fettle_suffix *suffix = &image->suffix;
    *facts = (fettle_image_facts){
        .name = image->name,
        .format = fettle_image_format_name(image->format),
        .file = image->file,
        .content = image->region_count == 1 ? image->regions[0].data : (fettle_span){0},
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
        .content_size = fettle_image_content_size(image),
        .region_count = image->region_count,
        .gap_count = fettle_image_gap_count(image),
        .has_entry = image->has_entry,
        .entry = image->entry,
        .target_count = image->target_count,
        .dfuse_size = fettle_dfuse_size_name(image->dfuse_size),
    };
    memcpy(facts->sha256, image->sha256, sizeof facts->sha256);
}

size_t fettle_image_region_count(const fettle_image *image)
{
    return image->region_count;
}

bool fettle_image_region(const fettle_image *image, size_t index,
                         fettle_image_region_view *view)
{
    if (index >= image->region_count) {
        return false;
    }
    const fettle_region *region = &image->regions[index];
    *view = (fettle_image_region_view){
        .has_address = region->has_address,
        .address = region->address,
        .has_alternate = region->has_alternate,
        .alternate = region->alternate,
        .data = region->data,
    };
    return true;
}

bool fettle_image_target_at(const fettle_image *image, size_t index,
                            fettle_image_target_view *view)
{
    if (index >= image->target_count) {
        return false;
    }
    const fettle_image_target *target = &image->targets[index];
    *view = (fettle_image_target_view){
        .alternate = target->alternate,
        .name = target->name,
        .element_count = target->element_count,
    };
    return true;
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
