/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files for ESP chips: an image of one of the loaders, a partition table (binary, or CSV that becomes one), or the flash from its
 * bootloader on as one "merged" file.
 *
 * A file with one thing in it names no address: where an application goes is for the partition table on the board to say. A merged
 * file names all of them. Its holes are filled with FF, and what is only filling is no content: written, it would erase the
 * settings and files that a board keeps there. So regions are what partitions really have, whole sectors, with two exceptions:
 * of a partition that has anything everything counts, its blank end as well, unless that is an application's; and a blank
 * choice of slots (otadata) counts, because an old one could start an old application.
 */
#include "base/alloc.h"
#include "image/esp_content.h"
#include "image/image.h"
#include "image/regions.h"

#include <assert.h>
#include <string.h>

enum {
    SECTOR = FETTLE_FLASH_SECTOR,
    SECOND_IMAGE = 0x1000, /* of an ESP8266: what its first image starts */
    TABLE_LAST = 0x10000,  /* no project has its table beyond */
    TABLE_ROW = 32,
    MOST_AREAS = 2 * FETTLE_PARTITIONS_MAX + 4,
};

/* Where bootloaders begin, by chip. */
static const uint32_t loader_addresses[] = {0x0, 0x1000, 0x2000};
enum { LOADER_ADDRESSES = sizeof loader_addresses / sizeof loader_addresses[0] };

static fettle_span from(fettle_span file, size_t at)
{
    assert(at <= file.size);
    return (fettle_span){file.data + at, file.size - at};
}

static bool accepts_damaged(unsigned flags)
{
    return (flags & FETTLE_IMAGE_ACCEPT_DAMAGED) != 0;
}

/* ---- merged files: what is where ---- */

typedef struct layout {
    uint32_t base; /* address of the file's first byte */
    size_t loader, table;
} layout;

static bool is_image_at(fettle_span file, size_t at)
{
    fettle_esp_image image;

    return at < file.size && fettle_esp_image_peek(&image, from(file, at)) &&
           image.form == FETTLE_ESP_FORM_ESP32;
}

static bool is_whole_table(fettle_span span, uint32_t address)
{
    fettle_partitions partitions;
    fettle_error ignored;

    return fettle_partitions_read(&partitions, span, address, &ignored);
}

/* At the usual place two bytes are enough, so that a damaged table is said to be one; elsewhere it must be whole. */
static bool find_table(fettle_span file, layout *found)
{
    for (uint32_t address = FETTLE_TABLE_ADDRESS; address <= TABLE_LAST;
         address += SECTOR) {
        size_t at = address - found->base;
        if (at + TABLE_ROW <= file.size && fettle_partitions_is_table(from(file, at)) &&
            (address == FETTLE_TABLE_ADDRESS || is_whole_table(from(file, at), address))) {
            found->table = at;
            return true;
        }
    }
    return false;
}

static bool find_layout(fettle_span file, layout *found)
{
    for (size_t b = 0; b < LOADER_ADDRESSES; b++) {
        found->base = loader_addresses[b];
        for (size_t i = b; i < LOADER_ADDRESSES; i++) {
            found->loader = loader_addresses[i] - found->base;
            bool is_first = fettle_esp_is_blank((fettle_span){
                file.data, found->loader < file.size ? found->loader : file.size});
            if (is_first && is_image_at(file, found->loader) && find_table(file, found)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- merged files: regions and pieces ---- */

/* A part of the file, in bytes from its beginning. */
typedef struct area {
    size_t at, end;
    const fettle_partition *partition; /* or NULL */
} area;

typedef struct merging {
    fettle_image *image;
    layout layout;
    fettle_partitions *table; /* sorted by address */
    fettle_region *regions;
    fettle_image_piece *pieces;
    bool accepts_damaged;
    fettle_error *err;
} merging;

static bool is_sector_blank(fettle_span file, size_t at, size_t end)
{
    return fettle_esp_is_blank((fettle_span){file.data + at, end - at});
}

/* Takes blank sectors off: at the end, and at the beginning if it may. */
static void trim(fettle_span file, area *self, bool also_begin)
{
    while (also_begin && self->at < self->end) {
        size_t next = (self->at / SECTOR + 1) * SECTOR;
        next = next < self->end ? next : self->end;
        if (!is_sector_blank(file, self->at, next)) {
            break;
        }
        self->at = next;
    }
    while (self->at < self->end) {
        size_t last = (self->end - 1) / SECTOR * SECTOR;
        last = last > self->at ? last : self->at;
        if (!is_sector_blank(file, last, self->end)) {
            break;
        }
        self->end = last;
    }
}

/* A region of its own, or more of the one that ends where this begins. */
static void add_region(merging *self, const area *where)
{
    fettle_image *image = self->image;
    size_t size = where->end - where->at;
    const uint8_t *data = image->file.data + where->at;

    if (image->region_count > 0) {
        fettle_region *last = &self->regions[image->region_count - 1];
        if (last->data.data + last->data.size == data) {
            last->data.size += size;
            return;
        }
    }
    self->regions[image->region_count++] = (fettle_region){
        .has_address = true,
        .address = self->layout.base + (uint32_t)where->at,
        .data = {data, size},
    };
}

static bool is_image(fettle_esp_content content)
{
    return content == FETTLE_ESP_APPLICATION || content == FETTLE_ESP_BOOTLOADER ||
           content == FETTLE_ESP_IMAGE;
}

/* An image in a merged file is as whole and sound as one in a file of its own, and fits where it is. */
static bool check_image(merging *self, fettle_image_piece *piece, const area *where)
{
    fettle_span span = from(self->image->file, where->at);

    if (!fettle_esp_image_read(&piece->esp, span, self->accepts_damaged, self->err)) {
        return false;
    }
    piece->content = piece->esp.content;
    if (piece->esp.size > where->end - where->at) {
        const char *why = where->partition != NULL
                              ? "an application in it is larger than its partition"
                              : "its bootloader reaches into the partition table";
        fettle_error_set(self->err, FETTLE_E_FILE_BAD_ESP, &(fettle_words){.text = why});
        return false;
    }
    return true;
}

static bool is_otadata(const fettle_partition *partition)
{
    return partition != NULL && partition->type == FETTLE_PARTITION_DATA &&
           partition->subtype == FETTLE_PARTITION_DATA_OTA;
}

static bool is_app(const fettle_partition *partition)
{
    return partition != NULL && partition->type == FETTLE_PARTITION_APP;
}

static bool add_piece(merging *self, const area *where, const area *filled)
{
    fettle_image *image = self->image;
    fettle_image_piece *piece = &self->pieces[image->piece_count++];
    fettle_span span = {image->file.data + filled->at, filled->end - filled->at};
    area kept = *filled;

    *piece = (fettle_image_piece){.name = image->name, .has_address = true};
    piece->content = fettle_esp_content_of(span, &piece->esp);
    if (where->partition != NULL) {
        memcpy(piece->label, where->partition->label, sizeof piece->label);
    }
    if (is_image(piece->content)) {
        if (!check_image(self, piece, &(area){filled->at, where->end, where->partition})) {
            return false;
        }
        size_t end = filled->at + piece->esp.size; /* an image may end in FF, too */
        kept.end = end > kept.end ? end : kept.end;
    }
    piece->address = self->layout.base + (uint32_t)kept.at;
    piece->size = kept.end - kept.at;
    add_region(self, &kept);
    return true;
}

/* Between partitions and in those of applications what is blank doesn't count; elsewhere it does if anything isn't. */
static bool add_area(merging *self, area where)
{
    area filled = where;

    trim(self->image->file, &filled, where.partition == NULL);
    bool is_blank = filled.at == filled.end;
    if (is_blank && !is_otadata(where.partition)) {
        return true;
    }
    bool is_trimmed = where.partition == NULL || is_app(where.partition);
    return add_piece(self, &where, is_trimmed ? &filled : &where);
}

static bool is_row_before(const void *a, const void *b)
{
    return ((const fettle_partition *)a)->address < ((const fettle_partition *)b)->address;
}

static bool is_inside(const merging *self, const fettle_partition *row)
{
    size_t after_table = self->layout.table + FETTLE_TABLE_ROOM;

    return row->address >= self->layout.base + after_table &&
           row->address - self->layout.base < self->image->file.size;
}

static bool add_areas(merging *self)
{
    size_t size = self->image->file.size, table = self->layout.table;
    size_t at = table + FETTLE_TABLE_ROOM < size ? table + FETTLE_TABLE_ROOM : size;

    if (!add_area(self, (area){0, table, NULL}) ||
        !add_area(self, (area){table, at, NULL})) {
        return false;
    }
    for (size_t i = 0; i < self->table->count; i++) {
        const fettle_partition *row = &self->table->rows[i];
        if (!is_inside(self, row)) {
            continue;
        }
        size_t first = row->address - self->layout.base;
        size_t end = row->size < size - first ? first + row->size : size;
        if (!add_area(self, (area){at, first, NULL}) ||
            !add_area(self, (area){first, end, row})) {
            return false;
        }
        at = end;
    }
    return add_area(self, (area){at, size, NULL});
}

static bool allocate(merging *self)
{
    size_t regions = MOST_AREAS * sizeof(fettle_region);
    size_t pieces = MOST_AREAS * sizeof(fettle_image_piece);

    self->image->more_memory = fettle_alloc(regions);
    self->image->pieces_memory = fettle_alloc(pieces);
    self->regions = self->image->more_memory;
    self->pieces = self->image->pieces_memory;
    if (self->regions == NULL || self->pieces == NULL) {
        fettle_error_set(self->err, FETTLE_E_NO_MEMORY,
                         &(fettle_words){.size = regions + pieces});
        return false;
    }
    self->image->regions = self->regions;
    self->image->pieces = self->pieces;
    return true;
}

static bool read_merged(fettle_image *image, const layout *where, unsigned flags,
                        fettle_error *err)
{
    fettle_partitions table;
    merging self = {
        .image = image,
        .layout = *where,
        .table = &table,
        .accepts_damaged = accepts_damaged(flags),
        .err = err,
    };

    if (!fettle_partitions_read(&table, from(image->file, where->table),
                                where->base + (uint32_t)where->table, err) ||
        !allocate(&self)) {
        return false;
    }
    image->merged_address = where->base;
    fettle_sort(table.rows, table.count, sizeof table.rows[0], is_row_before);
    return add_areas(&self);
}

/* ---- files with one thing in them ---- */

static bool add_only_piece(fettle_image *image, fettle_span data,
                           fettle_esp_content content, const fettle_esp_image *esp,
                           fettle_error *err)
{
    fettle_image_piece *piece = fettle_alloc(sizeof *piece);

    if (piece == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = sizeof *piece});
        return false;
    }
    *piece = (fettle_image_piece){
        .name = image->name,
        .size = data.size,
        .content = content,
    };
    if (esp != NULL) {
        piece->esp = *esp;
    }
    image->pieces_memory = piece;
    image->pieces = piece;
    image->piece_count = 1;
    image->region_count = 1;
    image->only_region = (fettle_region){.data = data};
    image->regions = &image->only_region;
    return true;
}

/*
 * The first image of an ESP8266 may be a small loader, and the program an image of its own in the next sector, whose checksum nobody
 * makes. It must be whole, though.
 */
static bool is_second_whole(fettle_span file, fettle_error *err)
{
    fettle_esp_image second;

    if (file.size <= SECOND_IMAGE ||
        !fettle_esp_image_peek(&second, from(file, SECOND_IMAGE)) ||
        second.form != FETTLE_ESP_FORM_ESP8266) {
        return true;
    }
    return fettle_esp_image_read(&second, from(file, SECOND_IMAGE), true, err) ||
           err->code != FETTLE_E_FILE_INCOMPLETE;
}

static bool read_image(fettle_image *image, unsigned flags, fettle_error *err)
{
    fettle_esp_image esp;

    if (!fettle_esp_image_read(&esp, image->file, accepts_damaged(flags), err)) {
        return false;
    }
    if (esp.form == FETTLE_ESP_FORM_ESP8266 && !is_second_whole(image->file, err)) {
        return false;
    }
    return add_only_piece(image, image->file, esp.content, &esp, err);
}

static bool read_table(fettle_image *image, fettle_error *err)
{
    fettle_partitions table;

    return fettle_partitions_read(&table, image->file, FETTLE_TABLE_ADDRESS, err) &&
           add_only_piece(image, image->file, FETTLE_ESP_TABLE, NULL, err);
}

static bool read_csv(fettle_image *image, fettle_error *err)
{
    fettle_partitions table;

    if (!fettle_partitions_read_csv(&table, image->file, FETTLE_TABLE_ADDRESS, err)) {
        return false;
    }
    image->more_memory = fettle_alloc(FETTLE_TABLE_SIZE);
    if (image->more_memory == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY,
                         &(fettle_words){.size = FETTLE_TABLE_SIZE});
        return false;
    }
    fettle_partitions_write(&table, image->more_memory);
    return add_only_piece(image, (fettle_span){image->more_memory, FETTLE_TABLE_SIZE},
                          FETTLE_ESP_TABLE, NULL, err);
}

/* ---- the format ---- */

static bool is_csv(const char *name)
{
    return fettle_image_is_named(name, ".csv");
}

/* Two bytes say little; what must follow is another row, a hash, or the end. */
static bool is_table_file(fettle_span file)
{
    if (!fettle_partitions_is_table(file) || file.size < 2 * TABLE_ROW) {
        return false;
    }
    const uint8_t *next = file.data + TABLE_ROW;
    return (next[0] == 0xAA && next[1] == 0x50) || (next[0] == 0xEB && next[1] == 0xEB) ||
           (next[0] == 0xFF && next[1] == 0xFF);
}

static bool is_esp(const char *name, fettle_span file)
{
    fettle_esp_image image;
    layout where;

    return is_csv(name) || fettle_esp_image_peek(&image, file) || is_table_file(file) ||
           find_layout(file, &where);
}

static bool read_esp(fettle_image *image, unsigned flags, fettle_error *err)
{
    layout where;

    image->format = FETTLE_IMAGE_ESP;
    if (is_csv(image->name)) {
        return read_csv(image, err);
    }
    if (find_layout(image->file, &where)) {
        bool is_good = read_merged(image, &where, flags, err);
        if (is_good && image->region_count == 1) {
            image->only_region = image->regions[0];
            image->regions = &image->only_region;
        }
        return is_good;
    }
    return is_table_file(image->file) ? read_table(image, err)
                                      : read_image(image, flags, err);
}

const fettle_format fettle_format_esp = {
    .format = FETTLE_IMAGE_ESP,
    .name = "esp",
    .is_this = is_esp,
    .read = read_esp,
};
