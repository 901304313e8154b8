/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a package, or as one part of a sound one: its script, its partition table, the board's own table. Either a sentence, or an
 * image whose parts are apart and leave the config block alone; and on a board either a sentence, or pieces in order, within the
 * flash, with the board's own config block among them.
 */
#include "fuzz/image_checks.h"

#include "pycom/layout.h"
#include "pycom/package.h"
#include "tests/tools/pycom_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the first byte says. */
enum {
    IS_PART = 3, /* 0 the archive, 1 the script, 2 the package's table, 3 the board's */
    IS_4MB = 1 << 2,
    ERASES = 1 << 3,
    IS_ENCRYPTED = 1 << 4,
    IS_TORN = 1 << 5,
};
enum { WHOLE, SCRIPT, TABLE, BOARD, SECTOR = 0x1000, CONFIG = 0x3FF000 };

/* ---- the package ---- */

static void add(fettle_archive *archive, const char *name, fettle_span data)
{
    fettle_archive_member *member = &archive->members[archive->count++];
    snprintf(member->name, sizeof member->name, "%s", name);
    member->data = data;
}

/* A sound package without an archive around it, but for one part. */
static fettle_image *read_part(unsigned flags, fettle_span part, fettle_error *err)
{
    pycom_pack pack = {.count = 0};
    const pycom_wish wish = {.module = "LoPy",
                             .version = "1",
                             .layouts = PYCOM_8MB | PYCOM_4MB,
                             .app_size = 2048,
                             .seed = 1};
    unsigned which = flags & IS_PART;
    const char *script = (flags & IS_4MB) != 0 ? "script_4MB" : "script_8MB";
    const char *table = (flags & IS_4MB) != 0 ? "partitions_4MB.bin" : "partitions_8MB.bin";
    fettle_archive *archive = pycom_alloc(sizeof *archive);
    pycom_fill(&pack, &wish);
    for (size_t i = 0; i < pack.count; i++) {
        const pycom_member *member = &pack.members[i];
        bool is_it = strcmp(member->name, which == SCRIPT ? script : table) == 0;
        fettle_span data = {member->bytes, member->size};
        add(archive, member->name,
            is_it && (which == SCRIPT || which == TABLE) ? part : data);
    }
    archive->file = part;
    fettle_image *image = fettle_pycom_read_package("LoPy-1.tar.gz", archive, 0, err);
    for (size_t i = 0; i < pack.count; i++) {
        free(pack.members[i].bytes);
    }
    free(archive);
    return image;
}

static fettle_image *read_whole(fettle_span file, fettle_error *err)
{
    fettle_archive *archive = fettle_archive_new(file, err);
    if (archive == NULL) {
        check_sentence(err);
        return NULL;
    }
    for (size_t i = 0; i < archive->count; i++) {
        const char *name = archive->members[i].name;
        must(name[0] != '\0' && name[0] != '/' && strchr(name, '\\') == NULL);
        must(strcmp(name, "..") != 0 && strncmp(name, "../", 3) != 0 &&
             strstr(name, "/../") == NULL);
        must(fettle_archive_find(archive, name) == &archive->members[i]);
    }
    fettle_image *image = fettle_pycom_read_package("LoPy-1.tar.gz", archive, 0, err);
    must(image != NULL || err->code == FETTLE_E_NONE || err->message[0] != '\0');
    fettle_archive_free(archive);
    return image;
}

static void check_image(const fettle_image *image)
{
    must(image->format == FETTLE_IMAGE_PACKAGE && image->package != NULL);
    must(image->piece_count >= 1 && image->piece_count <= 2 * FETTLE_PYCOM_WRITES_MAX);
    (void)check_regions(image);
    for (size_t i = 0; i < image->region_count; i++) {
        const fettle_region *region = &image->regions[i];
        must(region->address >= CONFIG + SECTOR ||
             region->address + region->data.size <= CONFIG);
    }
    for (size_t i = 0; i < image->piece_count; i++) {
        must(memchr(image->pieces[i].label, '\0', FETTLE_PARTITION_LABEL_SIZE) != NULL);
    }
}

/* ---- the board ---- */

static void *take(size_t size)
{
    return calloc(1, size);
}

static void check_layout(const fettle_esp_layout *layout, uint64_t flash_size)
{
    for (size_t i = 0; i < layout->count; i++) {
        const fettle_esp_piece *piece = &layout->pieces[i];
        must(piece->data.size > 0 && piece->address % SECTOR == 0);
        must((uint64_t)piece->address + piece->data.size <= flash_size);
        if (i > 0) {
            const fettle_esp_piece *before = piece - 1;
            must((uint64_t)before->address +
                     (before->data.size + SECTOR - 1) / SECTOR * SECTOR <=
                 piece->address);
        }
    }
}

static const fettle_esp_piece *find_config(const fettle_esp_layout *layout)
{
    for (size_t i = 0; i < layout->count; i++) {
        if (layout->pieces[i].address == CONFIG) {
            return &layout->pieces[i];
        }
    }
    return NULL;
}

static void try_board(const fettle_image *image, unsigned flags, fettle_span part)
{
    static const fettle_memory_ops memory = {.take = take, .give = free};
    static fettle_esp_layout layout;
    uint8_t config[SECTOR], kept[SECTOR], otadata[SECTOR], table[0xC00];
    fettle_partitions partitions;
    fettle_observed observed = {.note_count = 0};
    fettle_error err = {.code = FETTLE_E_NONE};
    bool is_4mb = (flags & IS_4MB) != 0;
    fettle_esp_board board = {.chip = "ESP32",
                              .bootloader = 0x1000,
                              .is_encrypted = (flags & IS_ENCRYPTED) != 0,
                              .flash_size = is_4mb ? 0x400000 : 0x800000};
    bool is_boards = (flags & IS_PART) == BOARD;
    fettle_span rows = {table, pycom_make_table(table, &pycom_old)};
    if (fettle_partitions_read(&partitions, is_boards ? part : rows, 0x8000, &err)) {
        board.table = &partitions;
    }
    esp_fill(kept, sizeof kept, 3);
    memcpy(config, kept, sizeof config);
    memset(otadata, 0xFF, sizeof otadata);
    if ((flags & IS_TORN) != 0) {
        size_t at = part.size > 1 ? part.data[1] : 0;
        memset(config + at, 0xFF, sizeof config - at);
    }
    layout.count = 0;
    fettle_module_range ranges[FETTLE_MODULE_RANGES_MAX];
    size_t count = fettle_pycom_module_ops.read(&board, ranges);
    must(count >= 1 && count <= FETTLE_MODULE_RANGES_MAX && ranges[0].address == CONFIG);
    fettle_module_look look = {.board = &board, .kept = {kept, sizeof kept}};
    for (size_t i = 0; i < count; i++) {
        must(ranges[i].size <= SECTOR);
        look.ranges[i] = (fettle_span){i == 0 ? config : otadata, ranges[i].size};
    }
    fettle_module_wishes wishes = {.erases_files = (flags & ERASES) != 0,
                                   .erases_settings = (flags & ERASES) != 0};
    fettle_module_work work = {.layout = &layout};
    bool is_good =
        fettle_pycom_module_ops.lay_out(image, &look, &wishes, &work, &memory, &observed,
                                        &err) &&
        fettle_pycom_module_ops.complete(&look, &wishes, &work, &memory, &observed, &err);
    must(work.owned_count <= FETTLE_MODULE_OWNED_MAX);
    if (is_good) {
        check_layout(&layout, board.flash_size);
        const fettle_esp_piece *piece = find_config(&layout);
        must(piece != NULL && piece->data.size == SECTOR);
        must(memcmp(piece->data.data, kept, 52) == 0);
    } else {
        check_sentence(&err);
    }
    for (size_t i = 0; i < work.owned_count; i++) {
        free(work.owned[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fettle_error err = {.code = FETTLE_E_NONE};
    if (size < 2) {
        return 0;
    }
    unsigned flags = data[0];
    fettle_span part = {data + 1, size - 1};
    fettle_image *image =
        (flags & IS_PART) == WHOLE ? read_whole(part, &err) : read_part(flags, part, &err);
    if (image == NULL) {
        return 0;
    }
    check_image(image);
    try_board(image, flags, part);
    fettle_image_free(image);
    return 0;
}
