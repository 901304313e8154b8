/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three files that are made one image, at any addresses or none:
 *
 *   byte 0         which of the parts have an address, which of the first two a partition, and which of two names the
 *                  first has
 *   bytes 1 to 3   which file each part is, and how long the first file is, in bytes of 16
 *   bytes 4 to 15  three addresses, little endian
 *   the rest       two files, one behind the other
 *
 * Either there is an error that a person can read, or each byte of each part is where it belongs, exactly once.
 */
#include "fuzz/image_checks.h"

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    PARTS = 3,
    HEADER = 16,
    UNIT = 16,
    IS_SECOND = 1 << 7,       /* of bytes 1 to 3 */
    HAS_PARTITION_0 = 1 << 3, /* of byte 0 */
    HAS_PARTITION_1 = 1 << 6,
    IS_NAMED_HEX = 1 << 7,
};

static void check_refusal(const fettle_error *err)
{
    check_sentence(err);
    must(err->code == FETTLE_E_FILE_NEEDS_ADDRESS ||
         err->code == FETTLE_E_FILE_HAS_ADDRESS || err->code == FETTLE_E_FILES_OVERLAP ||
         err->code == FETTLE_E_ADDRESS_TOO_HIGH || err->code == FETTLE_E_USAGE ||
         err->code == FETTLE_E_FILES_FOR_TWO_BOARDS ||
         err->code == FETTLE_E_FILE_TOO_SCATTERED);
}

/* The region of the joined image that has all of this one. */
static const fettle_region *find(const fettle_image *joined, const fettle_region *wanted)
{
    for (size_t i = 0; i < joined->region_count; i++) {
        const fettle_region *region = &joined->regions[i];
        if (region->has_address && are_of_one_memory(region, wanted) &&
            region->address <= wanted->address &&
            end_of_region(wanted) <= end_of_region(region)) {
            return region;
        }
    }
    return NULL;
}

static void check_part(const fettle_image *joined, const fettle_image_part *part)
{
    for (size_t i = 0; i < part->image->region_count; i++) {
        fettle_region wanted = part->image->regions[i];
        bool is_moved = part->has_address && !wanted.has_address;
        wanted.address = is_moved ? part->address : wanted.address;
        const fettle_region *region = find(joined, &wanted);
        must(region != NULL);
        must(memcmp(region->data.data + (wanted.address - region->address),
                    wanted.data.data, wanted.data.size) == 0);
    }
}

static void check_joined(const fettle_image *joined, const fettle_image_part *parts,
                         size_t count)
{
    size_t files = 0, content = 0, targets = 0;

    must(joined->format == FETTLE_IMAGE_JOINED);
    for (size_t i = 0; i < count; i++) {
        files += parts[i].image->file.size;
        content += fettle_image_content_size(parts[i].image);
        targets += parts[i].image->target_count;
        check_part(joined, &parts[i]);
    }
    must(joined->file.size == files);
    must(joined->target_count == targets);
    must(check_regions(joined) ==
         content); /* so nothing is there twice, and nothing else */
    check_targets(joined);
    must(fettle_image_gap_count(joined) < joined->region_count);
    must(joined->name[0] != '\0' && strlen(joined->name) < FETTLE_IMAGE_NAME_SIZE_MAX);
}

/* What has no address comes first, in the order of the parts, as it is; and what has one is all there, too. */
static void check_placeless(const fettle_image *joined, const fettle_image_part *parts,
                            size_t count)
{
    size_t next = 0, content = 0;

    for (size_t i = 0; i < count; i++) {
        const fettle_region *wanted = &parts[i].image->regions[0];
        content += fettle_image_content_size(parts[i].image);
        if (parts[i].has_address || wanted->has_address) {
            check_part(joined, &parts[i]);
            continue;
        }
        must(next < joined->region_count);
        const fettle_region *region = &joined->regions[next++];
        must(!region->has_address && region->data.size == wanted->data.size);
        must(memcmp(region->data.data, wanted->data.data, wanted->data.size) == 0);
        must((region->partition != NULL) == (parts[i].partition != NULL));
        must(region->partition == NULL ||
             (region->partition != parts[i].partition &&
              strcmp(region->partition, parts[i].partition) == 0));
    }
    for (; next < joined->region_count; next++) {
        must(joined->regions[next].has_address);
    }
    must(fettle_image_content_size(joined) == content);
    must(fettle_image_gap_count(joined) < joined->region_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEADER + 2) {
        return 0;
    }
    const uint8_t *rest = data + HEADER;
    size_t left = size - HEADER;
    size_t first = (size_t)(data[1] & 0x7F) * UNIT + 1;
    first = first < left ? first : left - 1;
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_image *files[2] = {
        fettle_image_new((data[0] & IS_NAMED_HEX) != 0 ? "a.hex" : "a.bin",
                         (fettle_span){rest, first}, FETTLE_IMAGE_ACCEPT_DAMAGED, &err),
        fettle_image_new("b", (fettle_span){rest + first, left - first},
                         FETTLE_IMAGE_ACCEPT_DAMAGED, &err),
    };
    size_t count = 1 + (size_t)(data[0] >> 4 & 3) % PARTS;
    fettle_image_part parts[PARTS];
    for (size_t i = 0; i < count; i++) {
        parts[i] = (fettle_image_part){
            .image = files[(data[1 + i] & IS_SECOND) != 0],
            .has_address = (data[0] >> i & 1) != 0,
            .address = fettle_get32(data + 4 + 4 * i),
        };
        bool is_in_partition = (i == 0 && (data[0] & HAS_PARTITION_0) != 0) ||
                               (i == 1 && (data[0] & HAS_PARTITION_1) != 0);
        if (is_in_partition && !parts[i].has_address) {
            parts[i].partition = "nvs";
        }
        count = parts[i].image != NULL ? count : i;
    }
    fettle_image *joined = NULL;
    if (count > 0) {
        joined = fettle_image_new_joined(parts, count, &err);
        if (joined == NULL) {
            check_refusal(&err);
        }
    }
    if (joined != NULL && joined->regions[0].has_address) {
        check_joined(joined, parts, count);
    } else if (joined != NULL) {
        check_placeless(joined, parts, count);
    }
    fettle_image_free(joined);
    fettle_image_free(files[0]);
    fettle_image_free(files[1]);
    return 0;
}
