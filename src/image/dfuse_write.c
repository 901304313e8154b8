/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image as a DfuSe file. Regions come sorted by alternate, so those of one target stand together; what has no alternate
 * is for alternate 0, as ST's own loaders have their flash there.
 */
#include "image/dfuse.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "image/image.h"

#include <assert.h>
#include <string.h>

static uint8_t alternate_of(const fettle_region *region)
{
    return region->has_alternate ? region->alternate : 0;
}

/* How many regions from `first` on are for the same alternate. */
static size_t target_of(const fettle_image *image, size_t first)
{
    size_t count = 1;

    while (first + count < image->region_count &&
           alternate_of(&image->regions[first + count]) ==
               alternate_of(&image->regions[first])) {
        count++;
    }
    return count;
}

static size_t count_targets(const fettle_image *image)
{
    size_t count = 0;

    for (size_t i = 0; i < image->region_count; i += target_of(image, i)) {
        count++;
    }
    return count;
}

static const char *name_of(const fettle_image *image, uint8_t alternate)
{
    for (size_t i = 0; i < image->target_count; i++) {
        if (image->targets[i].alternate == alternate && image->targets[i].name[0] != '\0') {
            return image->targets[i].name;
        }
    }
    return "";
}

/* ---- what can't be written ---- */

static bool refuse_pieces(uint64_t count, uint64_t limit, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_FILE_TOO_SCATTERED,
                     &(fettle_words){.count = count, .limit = limit});
    return false;
}

static bool can_be_written(const fettle_image *image, size_t targets, uint64_t size,
                           fettle_error *err)
{
    if (!image->regions[0].has_address) { /* it is the only one then */
        fettle_error_set(err, FETTLE_E_FILE_NEEDS_ADDRESS,
                         &(fettle_words){.file = image->name});
        return false;
    }
    if (image->region_count > FETTLE_DFUSE_ELEMENTS_MAX) {
        return refuse_pieces(image->region_count, FETTLE_DFUSE_ELEMENTS_MAX, err);
    }
    if (targets > FETTLE_DFUSE_TARGETS_MAX) {
        return refuse_pieces(targets, FETTLE_DFUSE_TARGETS_MAX, err);
    }
    if (size > FETTLE_FILE_SIZE_MAX) {
        fettle_error_set(err, FETTLE_E_FILE_TOO_LARGE,
                         &(fettle_words){.size = size, .limit = FETTLE_FILE_SIZE_MAX});
        return false;
    }
    return true;
}

/* ---- writing ---- */

static uint8_t *put_prefix(uint8_t *at, size_t targets, size_t content)
{
    memcpy(at, fettle_dfuse_letters, sizeof fettle_dfuse_letters);
    at[DFUSE_VERSION] = DFUSE_VERSION_1;
    fettle_put32(at + DFUSE_IMAGE_SIZE, (uint32_t)content);
    at[DFUSE_TARGETS] = (uint8_t)targets;
    return at + DFUSE_PREFIX_SIZE;
}

static uint8_t *put_element(uint8_t *at, const fettle_region *region)
{
    fettle_put32(at + DFUSE_ADDRESS, region->address);
    fettle_put32(at + DFUSE_SIZE, (uint32_t)region->data.size);
    at += DFUSE_ELEMENT_HEADER_SIZE;
    memcpy(at, region->data.data, region->data.size);
    return at + region->data.size;
}

static uint8_t *put_target(uint8_t *at, const fettle_image *image, size_t first,
                           size_t count)
{
    uint8_t *header = at, *elements = at + DFUSE_TARGET_HEADER_SIZE;
    uint8_t alternate = alternate_of(&image->regions[first]);
    const char *name = name_of(image, alternate);

    at = elements;
    for (size_t i = 0; i < count; i++) {
        at = put_element(at, &image->regions[first + i]);
    }
    memcpy(header, fettle_dfuse_target_letters, sizeof fettle_dfuse_target_letters);
    header[DFUSE_ALTERNATE] = alternate;
    fettle_put32(header + DFUSE_IS_NAMED, name[0] != '\0');
    for (size_t i = 0; i < DFUSE_NAME_SIZE && name[i] != '\0'; i++) {
        header[DFUSE_NAME + i] = (uint8_t)name[i];
    }
    fettle_put32(header + DFUSE_TARGET_SIZE, (uint32_t)(at - elements));
    fettle_put32(header + DFUSE_ELEMENTS, (uint32_t)count);
    return at;
}

bool fettle_image_write_dfuse(const fettle_image *image, const fettle_suffix *suffix,
                              uint8_t **out, size_t *size, fettle_error *err)
{
    size_t targets = count_targets(image);
    uint64_t content = DFUSE_PREFIX_SIZE + (uint64_t)targets * DFUSE_TARGET_HEADER_SIZE +
                       (uint64_t)image->region_count * DFUSE_ELEMENT_HEADER_SIZE +
                       fettle_image_content_size(image);

    *out = NULL;
    *size = 0;
    if (!can_be_written(image, targets, content + FETTLE_SUFFIX_SIZE, err)) {
        return false;
    }
    *size = (size_t)content + FETTLE_SUFFIX_SIZE;
    *out = fettle_alloc(*size);
    if (*out == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = *size});
        *size = 0;
        return false;
    }
    uint8_t *at = put_prefix(*out, targets, (size_t)content);
    for (size_t i = 0; i < image->region_count;) {
        size_t count = target_of(image, i);
        at = put_target(at, image, i, count);
        i += count;
    }
    assert(at == *out + content);
    fettle_suffix_write(*out, (size_t)content,
                        &(fettle_suffix){
                            .bcdDevice = suffix->bcdDevice,
                            .idProduct = suffix->idProduct,
                            .idVendor = suffix->idVendor,
                            .bcdDFU = FETTLE_SUFFIX_DFUSE,
                        });
    return true;
}
