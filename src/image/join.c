/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several files as one image: a bootloader, an application and its settings, each at its place. A file that names
 * addresses is never moved, one that doesn't is put where the person says, and nothing may lie over something else: which
 * of the two would count is nobody's to guess.
 *
 * Everything is copied in the order of addresses, so that what touches becomes one region by itself.
 */
#include "base/alloc.h"
#include "base/text.h"
#include "image/esp_content.h"
#include "image/image.h"
#include "image/regions.h"

#include <assert.h>
#include <string.h>

enum { ANY = 0xFFFF };

typedef struct parts {
    const fettle_image_part *part;
    size_t count;
} parts;

/* ---- what each part may be ---- */

static bool names_addresses(const fettle_image *image)
{
    return image->regions[0].has_address;
}

static bool refuse_address(const fettle_image_part *part, const char *why,
                           fettle_error *err)
{
    fettle_error_set(
        err, FETTLE_E_FILE_HAS_ADDRESS,
        &(fettle_words){.file = part->image->name, .address = part->address, .text = why});
    return false;
}

/* A merged file goes where it says; to say it as well does no harm. */
static bool is_at_its_place(const fettle_image_part *part)
{
    const fettle_image *image = part->image;

    return image->format == FETTLE_IMAGE_ESP && names_addresses(image) &&
           part->address == image->merged_address;
}

static bool check_address(const fettle_image_part *part, fettle_error *err)
{
    const fettle_image *image = part->image;

    if (is_at_its_place(part)) {
        return true;
    }
    if (names_addresses(image)) {
        return refuse_address(part, "it names its addresses itself", err);
    }
    if (image->prefix != FETTLE_PREFIX_NONE) {
        return refuse_address(
            part, "it begins with a prefix, which only a loader without addresses takes",
            err);
    }
    size_t size = image->regions[0].data.size;
    if (part->address + (uint64_t)size > FETTLE_ADDRESS_END) {
        fettle_error_set(
            err, FETTLE_E_ADDRESS_TOO_HIGH,
            &(fettle_words){.file = image->name, .size = size, .address = part->address});
        return false;
    }
    return true;
}

static bool check_partition(const fettle_image_part *part, fettle_error *err)
{
    char text[160] = "";

    if (!names_addresses(part->image)) {
        return true;
    }
    fettle_text_append(text, sizeof text,
                       "a file that names its addresses itself can't be "
                       "put into partition ");
    fettle_text_append_escaped(text, sizeof text, part->partition);
    fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = text});
    return false;
}

/* What a file without an address holds, as far as it is for an ESP chip. */
static fettle_esp_content content_of(const fettle_image *image)
{
    fettle_esp_image ignored;

    return image->piece_count > 0 ? image->pieces[0].content
           : image->format == FETTLE_IMAGE_RAW
               ? fettle_esp_content_of(image->regions[0].data, &ignored)
               : FETTLE_ESP_UNKNOWN;
}

/* Does it say by what it is where it goes, as far as its board knows? */
static bool has_a_place(const fettle_image *image)
{
    switch (content_of(image)) {
    case FETTLE_ESP_APPLICATION:
    case FETTLE_ESP_BOOTLOADER:
    case FETTLE_ESP_IMAGE:
    case FETTLE_ESP_TABLE:
        return true;
    default:
        return false;
    }
}

static bool refuse_without_address(parts self, const fettle_image *image, fettle_error *err)
{
    bool is_for_esp = false;

    for (size_t i = 0; i < self.count; i++) {
        is_for_esp = is_for_esp || has_a_place(self.part[i].image);
    }
    fettle_error_set(err, FETTLE_E_FILE_NEEDS_ADDRESS,
                     &(fettle_words){.file = image->name});
    if (is_for_esp) {
        err->hint = "Write behind the name of the file which partition or which address it "
                    "is for: FILE@nvs, FILE@0x10000.";
    }
    return false;
}

static bool check_parts(parts self, fettle_error *err)
{
    for (size_t i = 0; i < self.count; i++) {
        const fettle_image_part *part = &self.part[i];
        const fettle_image *image = part->image;
        bool is_placed = part->has_address || part->partition != NULL ||
                         names_addresses(image) || self.count == 1 || has_a_place(image);
        if (!is_placed) {
            return refuse_without_address(self, image, err);
        }
        if ((part->has_address && !check_address(part, err)) ||
            (part->partition != NULL && !check_partition(part, err))) {
            return false;
        }
    }
    return true;
}

/* ---- whom they are for ---- */

static bool do_ids_agree(uint16_t a, uint16_t b)
{
    return a == b || a == ANY || b == ANY;
}

static bool take_suffix(fettle_image *joined, const char *first, const fettle_image *image,
                        fettle_error *err)
{
    fettle_suffix *all = &joined->suffix;
    const fettle_suffix *one = &image->suffix;

    if (!do_ids_agree(all->idVendor, one->idVendor) ||
        !do_ids_agree(all->idProduct, one->idProduct)) {
        fettle_error_set(err, FETTLE_E_FILES_FOR_TWO_BOARDS,
                         &(fettle_words){.file = first,
                                         .id = {all->idVendor, all->idProduct},
                                         .text = image->name,
                                         .id2 = {one->idVendor, one->idProduct}});
        return false;
    }
    if (all->is_intact && !one->is_intact) { /* what is worst of them counts */
        all->is_intact = false;
        all->leaves_suffix_out = one->leaves_suffix_out;
        all->dwCRC = one->dwCRC;
        all->computed = one->computed;
    } else if (!one->is_intact) {
        all->leaves_suffix_out = all->leaves_suffix_out && one->leaves_suffix_out;
    }
    all->idVendor = all->idVendor == ANY ? one->idVendor : all->idVendor;
    all->idProduct = all->idProduct == ANY ? one->idProduct : all->idProduct;
    all->bcdDevice = all->bcdDevice == one->bcdDevice ? all->bcdDevice : ANY;
    return true;
}

static bool take_facts(fettle_image *joined, parts self, fettle_error *err)
{
    const char *named = NULL; /* the first file with ids that aren't all "any" */

    for (size_t i = 0; i < self.count; i++) {
        const fettle_image *image = self.part[i].image;
        if (image->has_suffix && !joined->has_suffix) {
            joined->has_suffix = true;
            joined->suffix = image->suffix;
        } else if (image->has_suffix && !take_suffix(joined, named, image, err)) {
            return false;
        }
        if (image->has_suffix && (named == NULL || image->suffix.idVendor != ANY)) {
            named = image->name;
        }
        if (joined->chip[0] == '\0') {
            memcpy(joined->chip, image->chip, sizeof joined->chip);
        }
        joined->offers_erase = joined->offers_erase || image->offers_erase;
        if (joined->header_wish[0] == '\0') {
            memcpy(joined->header_wish, image->header_wish, sizeof joined->header_wish);
        }
        if (image->has_entry && !joined->has_entry) {
            joined->has_entry = true;
            joined->entry = image->entry;
        }
        if (joined->dfuse_size <= FETTLE_DFUSE_SIZE_RIGHT) {
            joined->dfuse_size = image->dfuse_size > joined->dfuse_size
                                     ? image->dfuse_size
                                     : joined->dfuse_size;
        }
    }
    return true;
}

/* ---- the files, one behind the other ---- */

static void append_names(char *name, parts self)
{
    static const char more[] = ", ...";

    for (size_t i = 0; i < self.count; i++) {
        const char *next = self.part[i].image->name;
        size_t used = strlen(name);
        size_t wanted = used + 2 + strlen(next) + sizeof more;
        if (i > 0 && wanted > FETTLE_IMAGE_NAME_SIZE_MAX) {
            fettle_text_append(name, FETTLE_IMAGE_NAME_SIZE_MAX, more);
            return;
        }
        fettle_text_append(name, FETTLE_IMAGE_NAME_SIZE_MAX, i > 0 ? ", " : "");
        fettle_text_append(name, FETTLE_IMAGE_NAME_SIZE_MAX - (sizeof more - 1), next);
    }
}

static bool refuse_memory(uint64_t size, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = size});
    return false;
}

static bool copy_files(fettle_image *joined, parts self, fettle_error *err)
{
    uint64_t size = 0;

    for (size_t i = 0; i < self.count; i++) {
        size += self.part[i].image->file.size;
    }
    if (size > FETTLE_FILE_SIZE_MAX) {
        fettle_error_set(err, FETTLE_E_FILE_TOO_LARGE,
                         &(fettle_words){.size = size, .limit = FETTLE_FILE_SIZE_MAX});
        return false;
    }
    uint8_t *memory = fettle_alloc((size_t)size + FETTLE_IMAGE_NAME_SIZE_MAX);
    if (memory == NULL) {
        return refuse_memory(size, err);
    }
    joined->memory = memory;
    joined->file = (fettle_span){memory, (size_t)size};
    for (size_t i = 0; i < self.count; i++) {
        fettle_span file = self.part[i].image->file;
        memcpy(memory, file.data, file.size);
        memory += file.size;
    }
    append_names((char *)memory, self);
    joined->name = (const char *)memory;
    fettle_sha256 sha256;
    fettle_sha256_init(&sha256);
    fettle_sha256_feed(&sha256, joined->file);
    fettle_sha256_finish(&sha256, joined->sha256);
    return true;
}

/* ---- regions and targets ---- */

typedef struct sizes {
    size_t regions, bytes, targets;
    size_t names; /* of targets and partitions, bytes */
} sizes;

static bool has_address(const fettle_image_part *part)
{
    return part->has_address || names_addresses(part->image);
}

static sizes count_all(parts self)
{
    sizes all = {0};

    for (size_t i = 0; i < self.count; i++) {
        const fettle_image *image = self.part[i].image;
        all.regions += image->region_count;
        all.bytes += fettle_image_content_size(image);
        all.targets += image->target_count;
        for (size_t k = 0; k < image->target_count; k++) {
            all.names += strlen(image->targets[k].name) + 1;
        }
        const char *partition = self.part[i].partition;
        all.names += partition != NULL ? strlen(partition) + 1 : 0;
    }
    return all;
}

/*
 * All regions of all parts, where they will be: first those whose board knows their place, then the others, sorted. Their bytes
 * and names are still the parts'. Returns how many come first.
 */
static size_t gather(fettle_region *to, parts self, size_t count)
{
    fettle_region *first = to;

    for (size_t i = 0; i < self.count; i++) {
        if (!has_address(&self.part[i])) {
            *to = self.part[i].image->regions[0];
            to++->partition = self.part[i].partition;
        }
    }
    size_t without = (size_t)(to - first);
    for (size_t i = 0; i < self.count; i++) {
        const fettle_image_part *part = &self.part[i];
        if (!has_address(part)) {
            continue;
        }
        memcpy(to, part->image->regions, part->image->region_count * sizeof *to);
        if (!names_addresses(part->image)) {
            to->has_address = true;
            to->address = part->address;
        }
        to += part->image->region_count;
    }
    fettle_regions_sort(first + without, count - without);
    return without;
}

static const char *name_of(parts self, const fettle_region *region)
{
    for (size_t i = 0; i < self.count; i++) {
        const fettle_image *image = self.part[i].image;
        for (size_t k = 0; k < image->region_count; k++) {
            if (image->regions[k].data.data == region->data.data) {
                return image->name;
            }
        }
    }
    return NULL;
}

static bool has_no_overlap(parts self, const fettle_region *regions, size_t count,
                           fettle_error *err)
{
    const fettle_region *a = NULL, *b = NULL;
    char range[64] = "";

    if (!fettle_regions_find_overlap(regions, count, &a, &b)) {
        return true;
    }
    uint64_t from = a->address > b->address ? a->address : b->address;
    uint64_t to = fettle_region_end(a) < fettle_region_end(b) ? fettle_region_end(a)
                                                              : fettle_region_end(b);
    fettle_regions_append_range(range, sizeof range, from, to);
    fettle_error_set(err, FETTLE_E_FILES_OVERLAP,
                     &(fettle_words){.file = name_of(self, a),
                                     .text = name_of(self, b),
                                     .text2 = range});
    return false;
}

/* Copies the bytes of sorted regions one behind the other; what touches becomes one. Returns how many are left. */
static size_t copy_regions(fettle_region *regions, size_t count, uint8_t *bytes)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        fettle_region region = regions[i];
        memcpy(bytes, region.data.data, region.data.size);
        if (kept > 0 && regions[kept - 1].has_address &&
            fettle_region_is_same_memory(&regions[kept - 1], &region) &&
            fettle_region_end(&regions[kept - 1]) == region.address) {
            regions[kept - 1].data.size += region.data.size;
        } else {
            regions[kept] = region;
            regions[kept++].data.data = bytes;
        }
        bytes += region.data.size;
    }
    return kept;
}

/* To `names`; returns what is behind them. */
static char *copy_partitions(fettle_region *regions, size_t count, char *names)
{
    for (size_t i = 0; i < count; i++) {
        if (regions[i].partition != NULL) {
            size_t size = strlen(regions[i].partition) + 1;
            memcpy(names, regions[i].partition, size);
            regions[i].partition = names;
            names += size;
        }
    }
    return names;
}

static void copy_targets(fettle_image_target *to, char *names, parts self)
{
    for (size_t i = 0; i < self.count; i++) {
        const fettle_image *image = self.part[i].image;
        for (size_t k = 0; k < image->target_count; k++) {
            size_t size = strlen(image->targets[k].name) + 1;
            memcpy(names, image->targets[k].name, size);
            *to = image->targets[k];
            to++->name = names;
            names += size;
        }
    }
}

static bool copy_content(fettle_image *joined, parts self, fettle_error *err)
{
    sizes all = count_all(self);
    size_t regions = all.regions * sizeof(fettle_region);
    size_t targets = all.targets * sizeof(fettle_image_target);

    if (all.regions > FETTLE_IMAGE_REGIONS_MAX) {
        fettle_error_set(
            err, FETTLE_E_FILE_TOO_SCATTERED,
            &(fettle_words){.count = all.regions, .limit = FETTLE_IMAGE_REGIONS_MAX});
        return false;
    }
    uint8_t *memory = fettle_alloc(regions + targets + all.bytes + all.names);
    if (memory == NULL) {
        return refuse_memory(all.bytes, err);
    }
    joined->more_memory = memory;
    fettle_region *region = joined->more_memory;
    size_t without = gather(region, self, all.regions);
    if (!has_no_overlap(self, region + without, all.regions - without, err)) {
        return false;
    }
    uint8_t *bytes = memory + regions + targets;
    char *names = copy_partitions(region, without, (char *)bytes + all.bytes);
    joined->regions = region;
    joined->region_count = copy_regions(region, all.regions, bytes);
    if (joined->region_count == 1) {
        joined->only_region = *region;
        joined->regions = &joined->only_region;
    }
    joined->targets = (void *)(memory + regions);
    joined->target_count = all.targets;
    copy_targets((void *)(memory + regions), names, self);
    return true;
}

/* ---- pieces ---- */

static size_t count_pieces(parts self)
{
    size_t count = 0;

    for (size_t i = 0; i < self.count; i++) {
        const fettle_image *image = self.part[i].image;
        count += image->piece_count > 0 ? image->piece_count : !names_addresses(image);
    }
    return count;
}

/* A raw file for an ESP chip may be a file system, or anything else that lies in its flash. */
static void describe_piece(fettle_image_piece *piece, const fettle_image *image)
{
    *piece = (fettle_image_piece){.size = image->regions[0].data.size};
    if (image->format == FETTLE_IMAGE_RAW) {
        piece->content = fettle_esp_content_of(image->regions[0].data, &piece->esp);
    }
}

static char *take_piece(fettle_image_piece *piece, char *names,
                        const fettle_image_part *part)
{
    size_t name_size = strlen(part->image->name) + 1;

    memcpy(names, part->image->name, name_size);
    piece->name = names;
    piece->is_encrypted = part->is_encrypted;
    if (part->has_address && !piece->has_address) {
        piece->has_address = true;
        piece->address = part->address;
    }
    if (part->partition != NULL) {
        piece->label[0] = '\0';
        fettle_text_append(piece->label, sizeof piece->label, part->partition);
    }
    return names + name_size;
}

static bool is_piece_before(const fettle_image_piece *a, const fettle_image_piece *b)
{
    return a->address < b->address;
}

/* By insertion: there are few, and most are in order. */
static void sort_pieces(fettle_image_piece *pieces, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t at = i; at > 0 && is_piece_before(&pieces[at], &pieces[at - 1]); at--) {
            fettle_image_piece piece = pieces[at];
            pieces[at] = pieces[at - 1];
            pieces[at - 1] = piece;
        }
    }
}

static bool copy_pieces(fettle_image *joined, parts self, fettle_error *err)
{
    size_t count = count_pieces(self), names = 0;

    for (size_t i = 0; i < self.count; i++) {
        const fettle_image *image = self.part[i].image;
        names += (image->piece_count + 1) * (strlen(image->name) + 1);
    }
    size_t size = count * sizeof(fettle_image_piece) + names;
    joined->pieces_memory = fettle_alloc(size);
    if (joined->pieces_memory == NULL) {
        return refuse_memory(size, err);
    }
    fettle_image_piece *piece = joined->pieces_memory;
    char *name = (char *)(piece + count);
    joined->pieces = piece;
    joined->piece_count = count;
    for (size_t i = 0; i < self.count; i++) {
        const fettle_image *image = self.part[i].image;
        if (image->piece_count == 0 && !names_addresses(image)) {
            describe_piece(piece, image);
            name = take_piece(piece++, name, &self.part[i]);
        }
        for (size_t k = 0; k < image->piece_count; k++) {
            *piece = image->pieces[k];
            name = take_piece(piece++, name, &self.part[i]);
        }
    }
    sort_pieces(joined->pieces_memory, count);
    return true;
}

fettle_image *fettle_image_new_joined(const fettle_image_part *part, size_t count,
                                      fettle_error *err)
{
    parts self = {part, count};

    assert(count > 0 && count <= FETTLE_IMAGE_PARTS_MAX);
    if (!check_parts(self, err)) {
        return NULL;
    }
    fettle_image *joined = fettle_alloc(sizeof *joined);
    if (joined == NULL) {
        (void)refuse_memory(sizeof *joined, err);
        return NULL;
    }
    joined->format = FETTLE_IMAGE_JOINED;
    if (!take_facts(joined, self, err) || !copy_files(joined, self, err) ||
        !copy_content(joined, self, err) || !copy_pieces(joined, self, err)) {
        fettle_image_free(joined);
        return NULL;
    }
    if (count == 1 && !has_address(part)) { /* it stays as it is */
        fettle_prefix_read(joined);
    }
    return joined;
}
