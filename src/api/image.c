/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images for programs: a file read once and whole, and what it says of itself.
 */
#include "fettle/fettle.h"

#include "api/bundles.h"
#include "api/vendors.h"
#include "base/alloc.h"
#include "base/text.h"
#include "image/archive.h"
#include "image/image.h"
#include "os/file.h"

#include <assert.h>
#include <string.h>

static_assert((int)FETTLE_LOAD_ACCEPT_DAMAGED == (int)FETTLE_IMAGE_ACCEPT_DAMAGED &&
                  (int)FETTLE_LOAD_AS_RAW == (int)FETTLE_IMAGE_AS_RAW,
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

/* An archive says nothing by itself: the first vendor that knows its form reads it. */
static fettle_image *read_archive(const char *name, fettle_span bytes, unsigned flags,
                                  fettle_error *err)
{
    fettle_vendors vendors = fettle_vendors_all();
    fettle_archive *archive = fettle_archive_new(bytes, err);
    fettle_image *image = NULL;
    if (archive == NULL) {
        return NULL;
    }
    err->code = FETTLE_E_NONE;
    for (size_t i = 0; i < vendors.count && image == NULL && err->code == FETTLE_E_NONE;
         i++) {
        const fettle_vendor *vendor = vendors.list[i];
        if (vendor->read_package != NULL) {
            image = vendor->read_package(name, archive, flags, err);
        }
    }
    if (image == NULL && err->code == FETTLE_E_NONE) {
        fettle_error_set(
            err, FETTLE_E_FILE_BAD_PACKAGE,
            &(fettle_words){.text = "it is an archive, and not of a form that is known"});
    }
    fettle_archive_free(archive);
    return image;
}

static fettle_image *read_file(const char *name, fettle_span bytes, unsigned flags,
                               fettle_error *err)
{
    bool is_archive = (flags & FETTLE_IMAGE_AS_RAW) == 0 && fettle_archive_is_one(bytes);
    return is_archive ? read_archive(name, bytes, flags, err)
                      : fettle_image_new(name, bytes, flags, err);
}

fettle_image *fettle_image_load(const char *path, unsigned flags, fettle_error *err)
{
    return fettle_image_load_for_chip(path, NULL, flags, err);
}

fettle_image *fettle_image_load_for_chip(const char *path, const char *chip, unsigned flags,
                                         fettle_error *err)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    fettle_image *image = NULL;
    if (fettle_bundles_has_name(path)) {
        image = fettle_bundles_load(path, chip, flags, err);
    } else if (fettle_os_file_read(path, FETTLE_FILE_SIZE_MAX, &bytes, &size, err)) {
        image = read_file(base_name(path), (fettle_span){bytes, size}, flags, err);
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
    fettle_image *image = read_file(base_name(name), bytes, flags, err);
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
            .partition = parts[i].partition,
        };
    }
    return fettle_image_new_joined(inside, count, err);
}

static bool is_esp_image(const fettle_image_piece *piece)
{
    return piece->content == FETTLE_ESP_APPLICATION ||
           piece->content == FETTLE_ESP_BOOTLOADER || piece->content == FETTLE_ESP_IMAGE;
}

/* Raw files of several are only looked at; size 0 says that nobody has read their end. */
static bool has_damaged_piece(const fettle_image *image)
{
    for (size_t i = 0; i < image->piece_count; i++) {
        const fettle_image_piece *piece = &image->pieces[i];
        if (is_esp_image(piece) && piece->esp.size > 0 && !piece->esp.is_intact) {
            return true;
        }
    }
    return false;
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
        .is_damaged = (image->has_suffix && !suffix->is_intact) || has_damaged_piece(image),
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
        .piece_count = image->piece_count,
        .chip = image->chip,
        .version = image->version,
        .layouts = image->layouts,
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

/* What an image's header and descriptors say. */
static void describe_esp(fettle_image_piece_view *view, const fettle_esp_image *esp)
{
    bool is_esp8266 = fettle_esp_image_is_esp8266(esp);
    view->is_image = true;
    view->chip = is_esp8266 ? "ESP8266" : fettle_esp_chip_name(esp->chip_id);
    view->has_chip_id = !is_esp8266;
    view->chip_id = esp->chip_id;
    view->min_revision = esp->min_revision;
    view->max_revision = esp->max_revision;
    view->version = esp->version;
    view->project = esp->project;
    view->idf = esp->idf;
    view->date = esp->date;
    view->time = esp->time;
    view->flash_mode = fettle_esp_mode_name(esp->mode_code);
    view->flash_size = fettle_esp_flash_size(esp->form, esp->size_code);
    view->flash_mhz = fettle_esp_frequency(esp->form, esp->chip_id, esp->frequency_code);
    view->entry = esp->entry;
    view->image_size = esp->size;
    view->has_hash = esp->has_hash;
    view->is_intact = esp->is_intact;
    view->segment_count = esp->segment_count;
}

bool fettle_image_piece_at(const fettle_image *image, size_t index,
                           fettle_image_piece_view *view)
{
    if (index >= image->piece_count) {
        return false;
    }
    const fettle_image_piece *piece = &image->pieces[index];
    *view = (fettle_image_piece_view){
        .name = piece->name,
        .label = piece->label,
        .has_address = piece->has_address,
        .address = piece->address,
        .size = piece->size,
        .content = fettle_esp_content_name(piece->content),
        .version = "",
        .project = "",
        .idf = "",
        .date = "",
        .time = "",
    };
    if (is_esp_image(piece)) {
        describe_esp(view, &piece->esp);
    }
    return true;
}

bool fettle_image_segment_at(const fettle_image *image, size_t piece, size_t index,
                             fettle_image_segment_view *view)
{
    if (piece >= image->piece_count || index >= image->pieces[piece].esp.segment_count) {
        return false;
    }
    const fettle_esp_segment *segment = &image->pieces[piece].esp.segments[index];
    *view = (fettle_image_segment_view){
        .address = segment->address,
        .size = segment->size,
        .is_mapped = fettle_esp_segment_is_mapped(segment),
    };
    return true;
}

/* Bytes of a piece: it lies in the region that has its address, or in one that has none either. */
static fettle_span bytes_of(const fettle_image *image, const fettle_image_piece *piece)
{
    for (size_t i = 0; i < image->region_count; i++) {
        const fettle_region *region = &image->regions[i];
        if (!piece->has_address || !region->has_address) {
            if (piece->has_address == region->has_address &&
                region->data.size == piece->size &&
                fettle_partitions_is_table(region->data)) {
                return region->data;
            }
            continue;
        }
        uint64_t at = (uint64_t)piece->address - region->address;
        if (piece->address >= region->address && at + piece->size <= region->data.size) {
            return (fettle_span){region->data.data + at, piece->size};
        }
    }
    return (fettle_span){0};
}

bool fettle_image_partition_at(const fettle_image *image, size_t index,
                               struct fettle_partition_facts *view)
{
    const fettle_image_piece *piece = fettle_image_find_piece(image, FETTLE_ESP_TABLE);
    fettle_partitions table;
    fettle_error ignored;
    uint32_t address =
        piece != NULL && piece->has_address ? piece->address : FETTLE_TABLE_ADDRESS;
    if (piece == NULL ||
        !fettle_partitions_read(&table, bytes_of(image, piece), address, &ignored) ||
        index >= table.count) {
        return false;
    }
    const fettle_partition *row = &table.rows[index];
    *view = (fettle_partition_facts){
        .address = row->address,
        .size = row->size,
        .is_encrypted = (row->flags & FETTLE_PARTITION_ENCRYPTED) != 0,
        .content = fettle_esp_content_name(FETTLE_ESP_UNKNOWN),
    };
    fettle_text_escape(view->label, sizeof view->label, row->label);
    fettle_partition_type_name(view->type, sizeof view->type, row->type);
    fettle_partition_subtype_name(view->subtype, sizeof view->subtype, row->type,
                                  row->subtype);
    return true;
}

size_t fettle_image_fits(const fettle_image *image, const char **names, size_t max)
{
    size_t count = 0;
    const fettle_suffix *suffix = &image->suffix;
    const fettle_board_row *module =
        image->module[0] != '\0'
            ? fettle_vendors_find_name(fettle_vendors_all(), image->module, NULL)
            : NULL;
    if (module != NULL) {
        if (max > 0) {
            names[0] = module->name;
        }
        return 1;
    }
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
