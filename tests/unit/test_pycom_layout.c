/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages and other files on virtual boards, as far as their place goes: every layout to every other, what is lost by it and what is
 * said of it; otadata byte by byte; and the config block, which comes out whole whatever was there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/json.h"
#include "pycom/layout.h"
#include "pycom/package.h"
#include "tests/tools/pycom_make.h"

enum { MB = 1024 * 1024, SECTOR = 0x1000, CONFIG = 0x3FF000, REGION = 52, IN865 = 7 };

static fettle_error err;
static fettle_observed observed;

/* ---- a board ---- */

typedef struct desk {
    fettle_partitions table;
    fettle_esp_board board;
    fettle_module_look look;
    fettle_module_wishes wishes;
    fettle_module_work work;
    uint8_t config[SECTOR], otadata[SECTOR], header[32], kept[SECTOR], mac[6];
    uint8_t files[64]; /* its beginning */
    fettle_partitions *kept_table;
    bool is_unread;
} desk;

static fettle_esp_layout layout;
static unsigned long taken, fails_at;

static void *take(size_t size)
{
    return ++taken == fails_at ? NULL : calloc(1, size);
}

static const fettle_memory_ops memory = {.take = take, .give = free};

static void give_back(desk *self)
{
    for (size_t i = 0; i < self->work.owned_count; i++) {
        free(self->work.owned[i]);
    }
    self->work.owned_count = 0;
}

static void fill_config(uint8_t *config)
{
    memset(config, 0xFF, SECTOR);
    for (unsigned i = 0; i < 912; i++) {
        config[i] = (uint8_t)(i * 7 + 1);
    }
    config[REGION] = 5; /* EU868 */
}

/* A board with this table (NULL: none), that runs factory. */
static void set_up(desk *self, const pycom_flash *flash, uint64_t flash_size)
{
    uint8_t table[0xC00];
    memset(self, 0, sizeof *self);
    self->wishes.agrees_to_loss = true;
    self->board = (fettle_esp_board){.chip = "ESP32",
                                     .bootloader = 0x1000,
                                     .revision = 100,
                                     .has_revision = true,
                                     .flash_size = flash_size};
    if (flash != NULL) {
        size_t size = pycom_make_table(table, flash);
        assert_true(
            fettle_partitions_read(&self->table, (fettle_span){table, size}, 0x8000, &err));
        self->board.table = &self->table;
    }
    fill_config(self->config);
    fettle_pycom_otadata_encode(
        &(fettle_pycom_otadata){.active = 0, .status = 1, .size = 1000}, self->otadata);
    const uint8_t header[32] = {0xE9, 2, 2, flash_size == 8 * MB ? 0x3F : 0x2F};
    memcpy(self->header, header, sizeof header);
}

static void prepare(desk *self)
{
    fettle_module_range ranges[FETTLE_MODULE_RANGES_MAX];
    size_t count = fettle_pycom_module_ops.read(&self->board, ranges);
    give_back(self);
    layout.count = 0;
    self->work = (fettle_module_work){.layout = &layout};
    self->look = (fettle_module_look){.board = &self->board,
                                      .mac = self->mac,
                                      .name = self->look.name,
                                      .remembered = self->look.remembered,
                                      .kept = self->look.kept,
                                      .table_before = self->kept_table};
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes = ranges[i].address == CONFIG             ? self->config
                               : ranges[i].address == 0x1000           ? self->header
                               : ranges[i].size == sizeof(self->files) ? self->files
                                                                       : self->otadata;
        self->look.ranges[i] =
            (fettle_span){bytes, self->is_unread && i == 0 ? 0 : ranges[i].size};
    }
    err = (fettle_error){.code = FETTLE_E_NONE};
    observed = (fettle_observed){.note_count = 0};
}

static bool lay_out(desk *self, const fettle_image *image)
{
    prepare(self);
    return fettle_pycom_module_ops.lay_out(image, &self->look, &self->wishes, &self->work,
                                           &memory, &observed, &err);
}

static bool complete(desk *self)
{
    return fettle_pycom_module_ops.complete(&self->look, &self->wishes, &self->work,
                                            &memory, &observed, &err);
}

static const fettle_esp_piece *piece_at(uint32_t address)
{
    for (size_t i = 0; i < layout.count; i++) {
        const fettle_esp_piece *piece = &layout.pieces[i];
        if (address >= piece->address && address - piece->address < piece->data.size) {
            return piece;
        }
    }
    return NULL;
}

static void assert_in_order(void)
{
    for (size_t i = 1; i < layout.count; i++) {
        const fettle_esp_piece *before = &layout.pieces[i - 1], *piece = before + 1;
        uint64_t end = (before->address + before->data.size + SECTOR - 1) / SECTOR * SECTOR;
        assert_true(end <= piece->address);
        assert_int_equal(0, piece->address % SECTOR);
    }
}

static const char *note_of(fettle_note_code code)
{
    for (size_t i = 0; i < observed.note_count; i++) {
        if (observed.notes[i].code == code) {
            return observed.notes[i].message;
        }
    }
    return NULL;
}

static void assert_note(fettle_note_code code, const char *words)
{
    const char *message = note_of(code);
    if (message == NULL || strstr(message, words) == NULL) {
        fail_msg("note %d says \"%s\", not \"%s\"", (int)code,
                 message != NULL ? message : "nothing", words);
    }
}

static bool is_missing(void)
{
    return !fettle_archive_is_there() || !fettle_json_is_there();
}

static fettle_image *package(const char *module, unsigned layouts)
{
    pycom_wish wish = {
        .module = module, .version = "1.20.2.r6", .layouts = layouts, .seed = 1};
    esp_writer file = pycom_make(&wish);
    err = (fettle_error){.code = FETTLE_E_NONE};
    fettle_archive *archive =
        fettle_archive_new((fettle_span){file.bytes, file.size}, &err);
    assert_non_null(archive);
    fettle_image *image = fettle_pycom_read_package("package.tar.gz", archive, 0, &err);
    assert_non_null(image);
    fettle_archive_free(archive);
    free(file.bytes);
    return image;
}

/* ---- otadata ---- */

static void test_otadata(void **state)
{
    (void)state;
    /* zlib.crc32(record, 0xFFFFFFFF) of Python gives these. */
    static const struct {
        fettle_pycom_otadata otadata;
        uint8_t bytes[20], crc[4];
    } rows[] = {
        {{0, 1, 0, 40960, 0},
         {0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xA0},
         {0xE2, 0x49, 0x5C, 0xD4}},
        {{1, 0, 0, 1234567, 0},
         {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x87, 0xD6, 0x12},
         {0x9F, 0x38, 0x67, 0xA0}},
    };
    uint8_t sector[SECTOR];
    fettle_pycom_otadata read;
    for (size_t i = 0; i < 2; i++) {
        fettle_pycom_otadata_encode(&rows[i].otadata, sector);
        assert_memory_equal(rows[i].bytes, sector, 20);
        for (size_t k = 20; k < SECTOR; k++) {
            if (k < 36 || k >= 40) {
                assert_int_equal(0xFF, sector[k]);
            }
        }
        assert_memory_equal(rows[i].crc, sector + 36, 4);
        assert_true(fettle_pycom_otadata_decode(&read, (fettle_span){sector, SECTOR}));
        assert_memory_equal(&rows[i].otadata, &read, sizeof read);
        assert_true(fettle_pycom_otadata_decode(&read, (fettle_span){sector, 40}));
        assert_false(fettle_pycom_otadata_decode(&read, (fettle_span){sector, 39}));
        for (unsigned bit = 0; bit < 40 * 8; bit++) {
            sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(fettle_pycom_otadata_decode(&read, (fettle_span){sector, SECTOR}));
            sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
    fettle_pycom_otadata_encode(&(fettle_pycom_otadata){.active = 2}, sector);
    assert_false(fettle_pycom_otadata_decode(&read, (fettle_span){sector, SECTOR}));
    memset(sector, 0xFF, sizeof sector);
    assert_false(fettle_pycom_otadata_decode(&read, (fettle_span){sector, SECTOR}));
}

/* ---- tables ---- */

static void test_tables_are_known_by_content(void **state)
{
    (void)state;
    static const struct {
        const pycom_flash *flash;
        uint64_t size;
        const char *name;
        uint32_t files, files_size;
    } rows[] = {
        {&pycom_old, 4 * MB, "old (1.18 or before)", 0x380000, 0x7F000},
        {&pycom_old, 8 * MB, "old (1.18 or before)", 0x400000, 0x400000},
        {&pycom_new_4mb, 4 * MB, "new 4 MB", 0x380000, 0x7F000},
        {&pycom_new_8mb, 8 * MB, "new 8 MB", 0x400000, 0x400000},
        {&pycom_small, 8 * MB, "small factory 8 MB", 0x400000, 0x400000},
    };
    desk d;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fettle_module_range files;
        set_up(&d, rows[i].flash, rows[i].size);
        assert_string_equal(rows[i].name, fettle_pycom_table_name(&d.table));
        assert_true(fettle_pycom_files_of(&d.table, rows[i].size, &files));
        assert_int_equal(rows[i].files, files.address);
        assert_int_equal(rows[i].files_size, files.size);
        assert_true(fettle_pycom_module_ops.is_one(&d.board));
        d.table.rows[1].size -= 0x1000; /* factory */
        assert_string_equal("unknown", fettle_pycom_table_name(&d.table));
        assert_true(fettle_pycom_module_ops.is_one(&d.board)); /* by its config block */
        d.table.rows[d.table.count - 1].subtype = 9;
        assert_false(fettle_pycom_module_ops.is_one(&d.board));
    }
    /* The layout for 4 MB on a larger flash: files are where its table has them. */
    fettle_module_range files;
    set_up(&d, &pycom_new_4mb, 8 * MB);
    assert_true(fettle_pycom_files_of(&d.table, 8 * MB, &files));
    assert_int_equal(0x380000, files.address);
    set_up(&d, NULL, 4 * MB);
    assert_false(fettle_pycom_module_ops.is_one(&d.board));
    assert_string_equal("none", fettle_pycom_table_name(NULL));
}

static void test_ranges(void **state)
{
    (void)state;
    fettle_module_range ranges[FETTLE_MODULE_RANGES_MAX];
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB);
    assert_int_equal(3, fettle_pycom_module_ops.read(&d.board, ranges));
    assert_int_equal(CONFIG, ranges[0].address);
    assert_int_equal(SECTOR, ranges[0].size);
    assert_int_equal(0x1FF000, ranges[1].address);
    assert_int_equal(SECTOR, ranges[1].size);
    assert_int_equal(0x1000, ranges[2].address);
    set_up(&d, NULL, 8 * MB);
    assert_int_equal(3, fettle_pycom_module_ops.read(&d.board, ranges));
    assert_int_equal(0x1000, ranges[1].address);
    assert_int_equal(0x400000, ranges[2].address);
    set_up(&d, &pycom_old, 4 * MB); /* whose file system is in the way of today's layouts */
    assert_int_equal(4, fettle_pycom_module_ops.read(&d.board, ranges));
    assert_int_equal(0x380000, ranges[3].address);
}

/* ---- packages ---- */

static void assert_otadata(uint32_t address, uint32_t slot, uint32_t status, uint32_t size)
{
    fettle_pycom_otadata read;
    const fettle_esp_piece *piece = piece_at(address);
    assert_non_null(piece);
    assert_int_equal(address, piece->address);
    assert_int_equal(SECTOR, piece->data.size);
    assert_true(fettle_pycom_otadata_decode(&read, piece->data));
    assert_int_equal(slot, read.active);
    assert_int_equal(status, read.status);
    assert_int_equal(size, read.size);
}

static void test_package_on_its_own_layout(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    fettle_image *image = package("LoPy4", PYCOM_8MB);
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB);
    assert_true(lay_out(&d, image));
    assert_in_order();
    assert_int_equal(4, layout.count); /* nothing is erased */
    const fettle_esp_piece *loader = piece_at(0x1000);
    assert_int_equal(PYCOM_LOADER_SIZE, loader->data.size);
    assert_int_equal(2, loader->data.data[2]);
    assert_int_equal(0x3F, loader->data.data[3]); /* 8 MB, 80 MHz */
    fettle_esp_image read;
    assert_true(
        fettle_esp_image_read(&read, loader->data, false, &err)); /* with its hash */
    assert_memory_equal(loader->data.data + 4, image->regions[0].data.data + 4, 4000);
    assert_int_equal(0x20, image->regions[0].data.data[3]); /* the image's own stays */
    assert_int_equal(0xC00, piece_at(0x8000)->data.size);
    assert_int_equal(PYCOM_APP_SIZE, piece_at(0x10000)->data.size); /* not padded */
    assert_otadata(0x1FF000, 0, 1, PYCOM_APP_SIZE);
    assert_null(note_of(FETTLE_NOTE_FILES_LOST));
    assert_null(note_of(FETTLE_NOTE_SETTINGS_LOST));
    assert_null(note_of(FETTLE_NOTE_LAYOUT_CHANGES));
    assert_note(FETTLE_NOTE_PART_PLACED, "bootloader.bin goes to bootloader at 0x00001000");
    assert_note(FETTLE_NOTE_HEADER_SET, "dio, 40 MHz, 4 MB");
    assert_note(FETTLE_NOTE_HEADER_SET, "dio, 80 MHz, 8 MB");

    assert_true(complete(&d));
    assert_in_order();
    assert_int_equal(5, layout.count);
    assert_memory_equal(d.config, piece_at(CONFIG)->data.data, SECTOR);

    /* Once it is there nothing of otadata has to change, also where its loader has looked at the application meanwhile. */
    fettle_pycom_otadata_encode(
        &(fettle_pycom_otadata){
            .active = 0, .status = 1, .previous = 1, .size = PYCOM_APP_SIZE},
        d.otadata);
    assert_true(lay_out(&d, image) && complete(&d));
    assert_null(piece_at(0x1FF000));
    give_back(&d);
    fettle_image_free(image);
}

/* The other application ran. */
static void test_what_was_written_runs(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    fettle_image *image = package("LoPy4", PYCOM_8MB);
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB);
    fettle_pycom_otadata_encode(
        &(fettle_pycom_otadata){.active = 1, .status = 1, .size = PYCOM_APP_SIZE},
        d.otadata);
    assert_true(lay_out(&d, image));
    assert_otadata(0x1FF000, 0, 1, PYCOM_APP_SIZE);
    assert_note(
        FETTLE_NOTE_SLOT_CHOSEN,
        "will start factory, where the new application is; until now it started ota_0");
    give_back(&d);
    fettle_image_free(image);

    image = package("LoPy4", PYCOM_SMALL);
    set_up(&d, &pycom_small, 8 * MB);
    assert_true(lay_out(&d, image) && complete(&d));
    assert_otadata(0x10F000, 1, 0, PYCOM_APP_SIZE);
    assert_non_null(piece_at(0x10000));
    assert_int_equal(PYCOM_APP_SIZE, piece_at(0x110000)->data.size);
    assert_note(FETTLE_NOTE_SLOT_CHOSEN, "ota_0, where the new");
    give_back(&d);
    fettle_image_free(image);
}

/* The board's otadata says all that is wanted, but lies where nobody will look; or wants a patch to be made. */
static void test_otadata_is_written_where_it_counts(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    fettle_image *image = package("LoPy4", PYCOM_8MB);
    fettle_pycom_otadata otadata = {.active = 0, .status = 1, .size = PYCOM_APP_SIZE};
    desk d;
    set_up(&d, &pycom_old, 8 * MB);
    fettle_pycom_otadata_encode(&otadata, d.otadata);
    assert_true(lay_out(&d, image));
    assert_otadata(0x1FF000, 0, 1, PYCOM_APP_SIZE);
    give_back(&d);
    set_up(&d, &pycom_new_8mb, 8 * MB);
    otadata.status = 2;
    fettle_pycom_otadata_encode(&otadata, d.otadata);
    assert_true(lay_out(&d, image));
    assert_otadata(0x1FF000, 0, 1, PYCOM_APP_SIZE);
    give_back(&d);
    fettle_image_free(image);
}

/* Without a table in the package the board's own says where its parts are. */
static void test_package_without_a_table(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    pycom_pack pack = {.count = 0};
    pycom_wish wish = {.module = "LoPy", .version = "1", .layouts = PYCOM_8MB, .seed = 1};
    pycom_fill(&pack, &wish);
    pycom_drop(&pack, "script_8MB");
    static const char steps[] = "[[\"w\", \"0x210000\", \"lopy.bin\"]]";
    pycom_add(&pack, "script", steps, sizeof steps - 1);
    esp_writer file = pycom_close(&pack, false);
    fettle_archive *archive =
        fettle_archive_new((fettle_span){file.bytes, file.size}, &err);
    assert_non_null(archive);
    fettle_image *image = fettle_pycom_read_package("LoPy-1.tar.gz", archive, 0, &err);
    assert_null(image); /* firmware for a place that nothing says is for an application */
    assert_int_equal(FETTLE_E_FILE_BAD_PACKAGE, err.code);
    fettle_archive_free(archive);
    free(file.bytes);

    pycom_fill(&pack, &wish);
    pycom_put_text(&pack, "script_8MB",
                   "{\"script\": [[\"w\", \"ota_0\", \"lopy.bin\"]], "
                   "\"partitions\": {\"ota_0\": [\"210000\", "
                   "\"1EF000\"]}}");
    file = pycom_close(&pack, false);
    archive = fettle_archive_new((fettle_span){file.bytes, file.size}, &err);
    assert_non_null(archive);
    image = fettle_pycom_read_package("LoPy-1.tar.gz", archive, 0, &err);
    assert_non_null(image);
    fettle_archive_free(archive);
    free(file.bytes);
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB);
    assert_true(lay_out(&d, image));
    assert_otadata(0x1FF000, 1, 0, PYCOM_APP_SIZE);
    assert_int_equal(2, layout.count);
    give_back(&d);
    set_up(&d, NULL, 8 * MB);
    assert_false(lay_out(&d, image));
    assert_non_null(
        strstr(err.message, "brings no partition table, and the board has none"));
    set_up(&d, &pycom_small, 8 * MB); /* there 0x210000 is in the middle of ota_0 */
    assert_false(lay_out(&d, image));
    assert_non_null(strstr(err.message, "has no application"));
    give_back(&d);
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.table.rows[3].size = 0x1000;
    assert_false(lay_out(&d, image));
    assert_non_null(strstr(err.message, "has 40960 bytes, and the board's partition"));
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.table.rows[0].address = 0x7FF000;
    assert_false(lay_out(&d, image));
    assert_non_null(strstr(err.message, "\"nvs\" at 0x007ff000 would reach beyond"));
    give_back(&d);
    fettle_image_free(image);
}

/* Bytes of a range that would be erased, and nothing of it written. */
static void assert_erased(uint32_t address, uint32_t size)
{
    for (uint32_t at = address; at < address + size; at += SECTOR) {
        const fettle_esp_piece *piece = piece_at(at);
        assert_non_null(piece);
        for (size_t i = 0; i < piece->data.size; i += 97) {
            assert_int_equal(0xFF, piece->data.data[i]);
        }
    }
    assert_null(address + size < 8 * MB && address + size != CONFIG
                    ? piece_at(address + size)
                    : NULL);
}

static void test_every_move(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    static const struct {
        const pycom_flash *from;
        unsigned to;
        uint64_t size;
        uint32_t files, files_size; /* 0: they stay */
        const char *lost;
        const char *changes; /* NULL: the layout is the same */
    } rows[] = {
        {&pycom_old, PYCOM_4MB, 4 * MB, 0x380000, 0x7F000,
         "The file system at 0x00380000 will be lost: the layout changes from old (1.18 or "
         "before) to new 4 MB.",
         "from old (1.18 or before) to new 4 MB."},
        {&pycom_old, PYCOM_8MB, 8 * MB, 0x400000, 0x400000,
         "The file system at 0x00400000 will be lost: the layout changes from old (1.18 or "
         "before) to new 8 MB.",
         "to new 8 MB."},
        {&pycom_new_4mb, PYCOM_OLD, 4 * MB, 0x380000, 0x7F000, "new 4 MB to old",
         "from new 4 MB to old"},
        {&pycom_new_8mb, PYCOM_SMALL, 8 * MB, 0, 0, NULL, "to small factory 8 MB."},
        {&pycom_small, PYCOM_8MB, 8 * MB, 0, 0, NULL,
         "from small factory 8 MB to new 8 MB."},
        {&pycom_new_4mb, PYCOM_4MB, 4 * MB, 0, 0, NULL, NULL},
        {&pycom_old, PYCOM_OLD, 4 * MB, 0, 0, NULL, NULL},
        {&pycom_old, PYCOM_OLD, 8 * MB, 0, 0, NULL, NULL},
        {NULL, PYCOM_8MB, 8 * MB, 0x400000, 0x400000, "from none to new 8 MB", NULL},
    };
    desk d;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fettle_image *image = package("LoPy", rows[i].to);
        set_up(&d, rows[i].from, rows[i].size);
        assert_true(lay_out(&d, image) && complete(&d));
        assert_in_order();
        if (rows[i].lost != NULL) {
            assert_note(FETTLE_NOTE_FILES_LOST, rows[i].lost);
            assert_erased(rows[i].files, rows[i].files_size);
        } else {
            assert_null(note_of(FETTLE_NOTE_FILES_LOST));
            assert_null(piece_at(0x380000));
            assert_null(piece_at(0x400000));
        }
        if (rows[i].changes != NULL) {
            assert_note(FETTLE_NOTE_LAYOUT_CHANGES, rows[i].changes);
        } else {
            assert_null(note_of(FETTLE_NOTE_LAYOUT_CHANGES));
        }
        assert_null(piece_at(0x9000)); /* NVS is at the same place in all of them */
        assert_null(note_of(FETTLE_NOTE_SETTINGS_LOST));
        assert_memory_equal(d.config, piece_at(CONFIG)->data.data, SECTOR);
        assert_true(d.work.owned_count <= FETTLE_MODULE_OWNED_MAX);
        give_back(&d);
        fettle_image_free(image);
    }
}

/* Cut off behind any of its rows, a table is still the one that was kept. */
static void test_a_table_that_was_cut_off(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    fettle_image *image = package("LoPy4", PYCOM_8MB);
    const pycom_flash *const kept[] = {&pycom_new_8mb, &pycom_small, NULL};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        desk d, other;
        set_up(&other, kept[i], 8 * MB);
        set_up(&d, &pycom_new_8mb,
               8 * MB);                   /* what the update that was cut off has brought */
        d.wishes.agrees_to_loss = i == 1; /* even then nothing is lost */
        d.kept_table = kept[i] != NULL ? &other.table : NULL;
        size_t count = d.table.count;
        for (d.table.count = 1; d.table.count < count; d.table.count++) {
            assert_true(lay_out(&d, image) && complete(&d));
            assert_null(note_of(FETTLE_NOTE_FILES_LOST));
            assert_null(note_of(FETTLE_NOTE_SETTINGS_LOST));
            assert_null(piece_at(0x400000));
            assert_null(piece_at(0x9000));
            assert_int_equal(FETTLE_FATE_KEPT, d.work.fates.files);
            give_back(&d);
        }
    }
    /* The kept one was an old one: its files are in a form that is of no use, and that is asked. */
    desk d, old;
    set_up(&old, &pycom_old, 8 * MB);
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.kept_table = &old.table;
    d.table.count = 2;
    d.wishes.agrees_to_loss = false;
    assert_false(lay_out(&d, image));
    assert_int_equal(FETTLE_E_CONFIRMATION_NEEDED, err.code);
    d.table.count = 5; /* a whole one is what it says */
    assert_true(lay_out(&d, image));
    assert_null(note_of(FETTLE_NOTE_FILES_LOST));
    give_back(&d);
    fettle_image_free(image);
}

/* Files are only lost where somebody has agreed, or where there are none. */
static void test_files_are_asked_for(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    fettle_image *image = package("LoPy4", PYCOM_8MB);
    const pycom_flash *const from[] = {&pycom_old, NULL};
    desk d;
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        set_up(&d, from[i], 8 * MB);
        d.wishes.agrees_to_loss = false;
        assert_false(lay_out(&d, image));
        assert_int_equal(FETTLE_E_CONFIRMATION_NEEDED, err.code);
        assert_non_null(strstr(err.message, "file system at 0x00400000 will be lost"));
        assert_null(note_of(FETTLE_NOTE_FILES_LOST)); /* it isn't yet */
        d.wishes.erases_files = true;
        assert_true(lay_out(&d, image));
        assert_note(FETTLE_NOTE_FILES_LOST, "at 0x00400000 will be lost");
        d.wishes.erases_files = false;
        memset(d.files, 0xFF, sizeof d.files);
        assert_true(lay_out(&d, image));
        d.files[sizeof d.files - 1] = 0;
        assert_false(lay_out(&d, image));
        give_back(&d);
    }
    fettle_image_free(image);
}

static void test_unknown_layout_and_moved_settings(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    fettle_image *image = package("LoPy4", PYCOM_8MB);
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.table.rows[0].address = 0xA000;
    d.table.rows[0].size = 0x6000;
    d.table.rows[1].size = 0x100000;
    memcpy(d.table.rows[1].label, "main", 5);
    assert_true(lay_out(&d, image));
    assert_note(FETTLE_NOTE_LAYOUT_CHANGES, "from unknown to new 8 MB");
    assert_note(FETTLE_NOTE_SETTINGS_LOST, "(NVS) at 0x0000a000 will be lost");
    assert_note(FETTLE_NOTE_FILES_LOST, "at 0x00400000 will be lost");
    assert_int_equal(0x9000, piece_at(0x9000)->address);
    assert_int_equal(0x7000, piece_at(0x9000)->data.size);
    /* A part that a person made. */
    d.table.rows[0] = (fettle_partition){
        .type = 1, .subtype = 0x40, .address = 0x600000, .size = 0x10000, .label = "mine"};
    assert_true(lay_out(&d, image));
    assert_note(FETTLE_NOTE_PARTITION_MOVES, "what is in mine (65536 bytes at 0x00600000)");
    /* A table that nobody can read is no reason to erase. */
    d.board.table = NULL;
    d.board.is_unreadable = true;
    assert_true(lay_out(&d, image));
    assert_null(note_of(FETTLE_NOTE_FILES_LOST));
    assert_null(piece_at(0x400000));
    give_back(&d);
    fettle_image_free(image);
}

static void test_erased_as_asked(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    fettle_image *image = package("LoPy4", PYCOM_8MB);
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.wishes.erases_files = true;
    assert_true(lay_out(&d, image) && complete(&d));
    assert_note(FETTLE_NOTE_ERASED_AS_ASKED,
                "The file system at 0x00400000 (4194304 bytes)");
    assert_erased(0x400000, 0x400000);
    assert_null(piece_at(0x9000));
    d.wishes = (fettle_module_wishes){.erases_settings = true};
    assert_true(lay_out(&d, image) && complete(&d));
    assert_note(FETTLE_NOTE_ERASED_AS_ASKED, "The settings (NVS) at 0x00009000");
    assert_null(piece_at(0x400000));
    assert_int_equal(0x9000, piece_at(0x9000)->address);
    give_back(&d);
    fettle_image_free(image);

    image = package("LoPy", PYCOM_OLD);
    set_up(&d, &pycom_old, 4 * MB);
    assert_true(lay_out(&d, image));
    assert_non_null(note_of(FETTLE_NOTE_PACKAGE_ERASES_LESS));
    give_back(&d);
    fettle_image_free(image);
}

/* ---- refusals ---- */

static void assert_refused(desk *d, const fettle_image *image, fettle_code code,
                           const char *words)
{
    assert_false(lay_out(d, image));
    if (err.code != code || strstr(err.message, words) == NULL) {
        fail_msg("%s: %s", fettle_code_slug(err.code), err.message);
    }
    give_back(d);
}

static void test_refusals(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    fettle_image *image = package("LoPy4", PYCOM_8MB);
    desk d;
    set_up(&d, &pycom_new_4mb, 4 * MB);
    assert_refused(&d, image, FETTLE_E_IMAGE_NOT_FOR_BOARD,
                   "for a LoPy4, which has 8 MB of flash, and this board has 4 MB");
    set_up(&d, &pycom_new_8mb, 16 * MB);
    assert_refused(&d, image, FETTLE_E_IMAGE_NOT_FOR_BOARD, "16 MB");
    set_up(&d, &pycom_new_8mb, 0);
    assert_refused(&d, image, FETTLE_E_ANSWER_NEEDED, "--flash-size");
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.board.chip = "ESP32-S3";
    d.board.chip_id = 9;
    assert_refused(&d, image, FETTLE_E_IMAGE_NOT_FOR_BOARD, "and this is an ESP32-S3");
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.board.is_encrypted = true;
    assert_refused(&d, image, FETTLE_E_IMAGE_NOT_FOR_BOARD, "isn't encrypted");
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.wishes.region = "CN779";
    assert_true(lay_out(&d, image)); /* whether a LoPy4 takes it is the regions' business */
    give_back(&d);
    fettle_image_free(image);

    image = package("LoPy4", PYCOM_ENC_8MB);
    set_up(&d, &pycom_new_8mb, 8 * MB);
    assert_refused(&d, image, FETTLE_E_IMAGE_NOT_FOR_BOARD, "the package is encrypted");
    d.board.is_encrypted = true;
    assert_refused(&d, image, FETTLE_E_ESP_SECURED, "its flash is encrypted");
    fettle_image_free(image);

    image = package("GPy", PYCOM_8MB);
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.wishes.region = "EU868";
    assert_refused(&d, image, FETTLE_E_REGION_NOT_HERE, "");
    fettle_image_free(image);
    give_back(&d);
}

static void put(desk *d, uint32_t address, const uint8_t *bytes, size_t size)
{
    (void)d;
    layout.pieces[layout.count++] = (fettle_esp_piece){address, {bytes, size}};
}

/* ---- what becomes of what is there ---- */

static void assert_fates(const desk *d, fettle_fate config, fettle_fate settings,
                         fettle_fate files)
{
    assert_int_equal(config, d->work.fates.irreplaceable);
    assert_int_equal(settings, d->work.fates.settings);
    assert_int_equal(files, d->work.fates.files);
}

static void test_fates_of_a_package(void **state)
{
    (void)state;
    enum { UNKNOWN, KEPT, ERASED };
    static const struct {
        const pycom_flash *flash; /* of the board */
        bool files, settings;     /* erased as asked */
        int fates[3];
    } rows[] = {
        {&pycom_new_8mb, false, false, {KEPT, KEPT, KEPT}},
        {&pycom_new_8mb, true, false, {KEPT, KEPT, ERASED}},
        {&pycom_new_8mb, false, true, {KEPT, ERASED, KEPT}},
        {&pycom_small, false, false, {KEPT, KEPT, KEPT}},
        {&pycom_old, false, false, {KEPT, KEPT, ERASED}},
        {NULL, false, false, {KEPT, UNKNOWN, UNKNOWN}},
    };
    if (is_missing()) {
        skip();
    }
    fettle_image *image = package("LoPy4", PYCOM_8MB);
    desk d;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up(&d, rows[i].flash, 8 * MB);
        d.wishes.erases_files = rows[i].files;
        d.wishes.erases_settings = rows[i].settings;
        d.wishes.region = "US915"; /* is no loss */
        assert_true(lay_out(&d, image) && complete(&d));
        assert_fates(&d, (fettle_fate)rows[i].fates[0], (fettle_fate)rows[i].fates[1],
                     (fettle_fate)rows[i].fates[2]);
        assert_string_equal("config block with its ids and keys (but for the region)",
                            d.work.fates.name);
        assert_true(d.work.brings_start);
        assert_int_equal(0x10000, d.work.start);
        give_back(&d);
    }
    fettle_image_free(image);
}

static void test_fate_of_the_config_block(void **state)
{
    (void)state;
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB); /* lost, and kept by nobody */
    memset(d.config, 0xFF, SECTOR);
    prepare(&d);
    assert_true(complete(&d));
    assert_fates(&d, FETTLE_FATE_UNKNOWN, FETTLE_FATE_KEPT, FETTLE_FATE_KEPT);
    fill_config(d.kept); /* and kept */
    d.look.kept = (fettle_span){d.kept, SECTOR};
    prepare(&d);
    assert_true(complete(&d));
    assert_fates(&d, FETTLE_FATE_RESTORED, FETTLE_FATE_KEPT, FETTLE_FATE_KEPT);
    memset(d.config, 0xFF, 52); /* a WiPy has none of them, but all the rest */
    d.config[152] = 1;
    d.look.kept.size = 0;
    prepare(&d);
    assert_true(complete(&d));
    assert_fates(&d, FETTLE_FATE_KEPT, FETTLE_FATE_KEPT, FETTLE_FATE_KEPT);
    assert_string_equal("config block", d.work.fates.name);
    d.is_unread = true;
    prepare(&d);
    assert_true(complete(&d));
    assert_fates(&d, FETTLE_FATE_UNKNOWN, FETTLE_FATE_KEPT, FETTLE_FATE_KEPT);
    give_back(&d);
}

static void test_fates_of_other_files(void **state)
{
    (void)state;
    static uint8_t blank[0x7000], bytes[0x7000];
    memset(blank, 0xFF, sizeof blank);
    memset(bytes, 0xFF, sizeof bytes);
    bytes[sizeof bytes - 1] = 0;
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB);
    prepare(&d);
    put(&d, 0x9000, bytes, sizeof bytes);
    put(&d, 0x7FF000, blank, SECTOR);
    assert_true(complete(&d));
    assert_fates(&d, FETTLE_FATE_KEPT, FETTLE_FATE_REPLACED, FETTLE_FATE_ERASED);
    assert_false(d.work.brings_start);
    prepare(&d); /* one byte is enough, for a sector goes as a whole */
    put(&d, 0xF000, blank, 1);
    assert_true(complete(&d));
    assert_fates(&d, FETTLE_FATE_KEPT, FETTLE_FATE_ERASED, FETTLE_FATE_KEPT);
    prepare(&d); /* just behind them, and just in front */
    put(&d, 0x10000, bytes, SECTOR);
    put(&d, 0x3FE000, bytes, SECTOR);
    assert_true(complete(&d));
    assert_fates(&d, FETTLE_FATE_KEPT, FETTLE_FATE_KEPT, FETTLE_FATE_KEPT);
    prepare(&d); /* no table any more: nobody will find anything */
    put(&d, 0x8000, bytes, SECTOR);
    assert_true(complete(&d));
    assert_fates(&d, FETTLE_FATE_KEPT, FETTLE_FATE_UNKNOWN, FETTLE_FATE_UNKNOWN);
    give_back(&d);
}

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        const char *text, *version; /* NULL: none */
    } rows[] = {
        {"Pycom MicroPython 1.20.2.r6 [v1.11-c5a0a97] on 2020-10-27; LoPy4 with ESP32",
         "1.20.2.r6"},
        {"entry 0x400a05bc\r\nPycom MicroPython 1.18.2.r3 [v1.8.6-849-a1641ca] on",
         "1.18.2.r3"},
        {"Pycom MicroPython of old, Pycom MicroPython 1.20.0.rc8 [", "1.20.0.rc8"},
        {"Pycom MicroPython 1.20.2.r", NULL}, /* the rest is still on its way */
        {"Pycom MicroPython 1.20.2.r6", NULL},
        {"Pycom MicroPython ", NULL},
        {"Pycom MicroPython  [v1.11", NULL},
        {"Pycom MicroPython v1.11 [", NULL},
        {"Pycom MicroPython 1.20.2\x1b[31m [v1.11", NULL},
        {"Pycom MicroPython 1.20.2.00000000000000000000000000000000000 [", NULL},
        {"MicroPython v1.8.6-820-g56004e13 on 2017-11-08; LoPy with ESP32", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char version[FETTLE_MODULE_VERSION_SIZE] = "";
        fettle_span text = {(const uint8_t *)rows[i].text, strlen(rows[i].text)};
        bool is_one = fettle_pycom_module_ops.version(text, version);
        assert_int_equal(rows[i].version != NULL, is_one);
        assert_string_equal(is_one ? rows[i].version : "", version);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    if (is_missing()) {
        skip();
    }
    fettle_image *image = package("LoPy4", PYCOM_8MB);
    desk d;
    bool is_done = false;
    unsigned long nth = 0;
    while (!is_done) {
        set_up(&d, &pycom_old, 8 * MB);
        taken = 0;
        fails_at = ++nth;
        is_done = lay_out(&d, image) && complete(&d);
        assert_true(is_done || err.code == FETTLE_E_NO_MEMORY);
        assert_in_range(nth, 1, 8);
        give_back(&d);
    }
    fails_at = 0;
    assert_int_equal(5, nth); /* loader, otadata, what is blank, config block */
    fettle_image_free(image);
}

/* ---- other files ---- */

static void test_plain_application_runs(void **state)
{
    (void)state;
    static const struct {
        uint32_t active, address;
        bool is_written, is_noted;
        uint32_t slot;
    } rows[] = {
        {0, 0x10000, true, false, 0},
        {1, 0x10000, true, true, 0},
        {0, 0x210000, true, true, 1},
        {1, 0x210000, true, false, 1},
    };
    uint8_t *app = pycom_make_image(ESP_MAKE_OLD_APP, NULL, 8192, 0, 0x2F, 1);
    desk d;
    for (size_t i = 0; i < 4; i++) {
        set_up(&d, &pycom_new_8mb, 8 * MB);
        fettle_pycom_otadata_encode(
            &(fettle_pycom_otadata){.active = rows[i].active, .status = 1, .size = 4096},
            d.otadata);
        prepare(&d);
        put(&d, rows[i].address, app, 8192);
        assert_true(complete(&d));
        assert_otadata(0x1FF000, rows[i].slot, rows[i].slot == 0, 8192);
        assert_int_equal(rows[i].is_noted, note_of(FETTLE_NOTE_SLOT_CHOSEN) != NULL);
        assert_in_order();
        give_back(&d);
    }
    /* A person has named the other slot: it is made ready, and what starts is said. */
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.wishes.names_slot = true;
    prepare(&d);
    put(&d, 0x210000, app, 8192);
    assert_true(complete(&d));
    assert_null(piece_at(0x1FF000));
    assert_note(FETTLE_NOTE_SLOT_UNUSED, "The chip starts factory, not ota_0");
    prepare(&d);
    put(&d, 0x10000, app, 8192); /* the one that starts: its length is another now */
    assert_true(complete(&d));
    assert_otadata(0x1FF000, 0, 1, 8192);
    give_back(&d);
    /* A CRC that is wrong means factory. */
    set_up(&d, &pycom_new_8mb, 8 * MB);
    memset(d.otadata, 0xFF, SECTOR);
    prepare(&d);
    put(&d, 0x10000, app, 8192);
    assert_true(complete(&d));
    assert_null(note_of(FETTLE_NOTE_SLOT_CHOSEN));
    assert_otadata(0x1FF000, 0, 1, 8192);
    /* Where nothing of an application is written nothing is chosen. */
    prepare(&d);
    assert_true(complete(&d));
    assert_int_equal(1, layout.count);
    assert_int_equal(CONFIG, layout.pieces[0].address);
    give_back(&d);
    free(app);
}

static void test_odd_header_is_noted(void **state)
{
    (void)state;
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB);
    prepare(&d);
    assert_true(complete(&d));
    assert_null(note_of(FETTLE_NOTE_HEADER_ODD));
    d.header[3] = 0x20;
    prepare(&d);
    assert_true(complete(&d));
    assert_note(FETTLE_NOTE_HEADER_ODD,
                "dio, 40 MHz, 4 MB, and this board needs dio, 80 MHz, 8 MB");
    give_back(&d);
}

/* ---- the config block ---- */

static const uint8_t *completed_config(desk *d)
{
    prepare(d);
    assert_true(complete(d));
    const fettle_esp_piece *piece = piece_at(CONFIG);
    return piece != NULL ? piece->data.data : NULL;
}

static void keep(desk *d)
{
    fill_config(d->kept);
    d->look.kept = (fettle_span){d->kept, SECTOR};
}

static void test_whole_image_leaves_the_config_block(void **state)
{
    (void)state;
    uint8_t *all = pycom_alloc(8 * MB);
    uint8_t table[0xC00];
    desk d;
    memset(all, 0x11, 8 * MB);
    pycom_make_table(table, &pycom_new_8mb);
    memcpy(all + 0x8000, table, sizeof table);
    set_up(&d, &pycom_new_8mb, 8 * MB);
    prepare(&d);
    put(&d, 0, all, 8 * MB);
    assert_true(complete(&d));
    assert_int_equal(3, layout.count);
    assert_int_equal(CONFIG, layout.pieces[0].data.size);
    assert_memory_equal(d.config, layout.pieces[1].data.data, SECTOR);
    assert_int_equal(0x400000, layout.pieces[2].address);
    assert_int_equal(0x400000, layout.pieces[2].data.size);
    assert_ptr_equal(all + 0x400000, layout.pieces[2].data.data);
    assert_non_null(note_of(FETTLE_NOTE_BLOCK_KEPT));

    /* Firmware that isn't this vendor's needs that place: then it doesn't go together. */
    esp_writer other = {.bytes = all + 0x8000, .room = 0xC00};
    esp_put_usual_table(&other);
    prepare(&d);
    put(&d, 0, all, 8 * MB);
    assert_false(complete(&d));
    assert_int_equal(FETTLE_E_IMAGE_NOT_FOR_BOARD, err.code);
    assert_non_null(strstr(err.message, "0x003ff000"));
    memset(all + CONFIG, 0xFF, SECTOR); /* unless it has nothing there */
    prepare(&d);
    put(&d, 0, all, 8 * MB);
    assert_true(complete(&d));
    give_back(&d);
    free(all);
}

/* A write that is cut off anywhere is mended the next time, and what a person has set is never undone. */
static void test_torn_block_comes_back(void **state)
{
    (void)state;
    desk d;
    for (unsigned at = 0; at <= SECTOR; at += 4) {
        set_up(&d, &pycom_new_8mb, 8 * MB);
        keep(&d);
        memset(d.config + at, 0xFF, SECTOR - at);
        const uint8_t *block = completed_config(&d);
        assert_memory_equal(d.kept, block, 52); /* whatever happens */
        bool is_page = at % 256 == 0 && at < 912;
        if (at < 52 || is_page) {
            assert_memory_equal(d.kept, block, SECTOR);
        }
        assert_int_equal(at < 52, note_of(FETTLE_NOTE_CREDENTIALS_RESTORED) != NULL);
        give_back(&d);
    }
    /* Only single bytes are gone. */
    set_up(&d, &pycom_new_8mb, 8 * MB);
    keep(&d);
    d.config[20] = 0xFF;
    d.config[60] = 0x77;
    const uint8_t *block = completed_config(&d);
    assert_memory_equal(d.kept, block, 52);
    assert_int_equal(0x77, block[60]); /* a person has set that since */
    assert_non_null(note_of(FETTLE_NOTE_CREDENTIALS_RESTORED));
    give_back(&d);
}

static void test_other_credentials_stay(void **state)
{
    (void)state;
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB);
    keep(&d);
    d.config[3] =
        0x00; /* not blank: nobody knows which of them is right, and the board's own stays */
    const uint8_t *block = completed_config(&d);
    assert_memory_equal(d.config, block, SECTOR);
    assert_null(note_of(FETTLE_NOTE_CREDENTIALS_RESTORED));
    give_back(&d);

    /* The same where nothing was kept. */
    d.look.kept = (fettle_span){0};
    memset(d.config, 0, 52);
    block = completed_config(&d);
    assert_memory_equal(d.config, block, SECTOR);
    assert_non_null(note_of(FETTLE_NOTE_CREDENTIALS_UNSURE));
    d.look.name = "fipy";
    (void)completed_config(&d);
    assert_non_null(note_of(FETTLE_NOTE_CREDENTIALS_MISSING));
    static const char *const without[] = {"gpy", "wipy", "wipy2"};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        d.look.name = i % 2 == 0 ? without[i] : NULL;
        d.look.remembered = without[i];
        (void)completed_config(&d); /* they never had any */
        assert_null(note_of(FETTLE_NOTE_CREDENTIALS_MISSING));
        assert_null(note_of(FETTLE_NOTE_CREDENTIALS_UNSURE));
    }
    d.look.name = NULL;
    d.wishes.region = "EU868";
    prepare(&d);
    assert_false(complete(&d)); /* as with its name, by what is remembered */
    assert_int_equal(FETTLE_E_REGION_NOT_HERE, err.code);
    d.wishes.region = NULL;
    d.look.remembered = NULL;
    keep(&d);
    block = completed_config(&d); /* all 00 is missing, too */
    assert_memory_equal(d.kept, block, 52);
    give_back(&d);
}

static void test_region(void **state)
{
    (void)state;
    desk d;
    set_up(&d, &pycom_new_8mb, 8 * MB);
    d.wishes.region = "in865";
    const uint8_t *block = completed_config(&d);
    assert_int_equal(IN865, block[REGION]);
    assert_memory_equal(d.config, block, REGION);
    assert_memory_equal(d.config + REGION + 1, block + REGION + 1, SECTOR - REGION - 1);
    assert_note(FETTLE_NOTE_REGION_SET, "becomes IN865; until now it was EU868");
    d.config[REGION] = 0xFF;
    (void)completed_config(&d);
    assert_note(FETTLE_NOTE_REGION_SET, "until now it was not set");
    d.config[REGION] = IN865;
    (void)completed_config(&d);
    assert_null(note_of(FETTLE_NOTE_REGION_SET));
    d.wishes.region = "Mars";
    prepare(&d);
    assert_false(complete(&d));
    assert_int_equal(FETTLE_E_USAGE, err.code);
    assert_non_null(strstr(err.message, "IN865"));
    d.wishes.region = "IN865";
    d.is_unread = true;
    prepare(&d);
    assert_false(complete(&d));
    assert_int_equal(FETTLE_E_IMAGE_NOT_FOR_BOARD, err.code);
    d.wishes.region = NULL;
    assert_null(completed_config(&d)); /* what can't be read isn't touched */
    give_back(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_otadata),
        cmocka_unit_test(test_tables_are_known_by_content),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_package_on_its_own_layout),
        cmocka_unit_test(test_what_was_written_runs),
        cmocka_unit_test(test_otadata_is_written_where_it_counts),
        cmocka_unit_test(test_package_without_a_table),
        cmocka_unit_test(test_every_move),
        cmocka_unit_test(test_a_table_that_was_cut_off),
        cmocka_unit_test(test_files_are_asked_for),
        cmocka_unit_test(test_unknown_layout_and_moved_settings),
        cmocka_unit_test(test_erased_as_asked),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_fates_of_a_package),
        cmocka_unit_test(test_fate_of_the_config_block),
        cmocka_unit_test(test_fates_of_other_files),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_plain_application_runs),
        cmocka_unit_test(test_odd_header_is_noted),
        cmocka_unit_test(test_whole_image_leaves_the_config_block),
        cmocka_unit_test(test_torn_block_comes_back),
        cmocka_unit_test(test_other_credentials_stay),
        cmocka_unit_test(test_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
