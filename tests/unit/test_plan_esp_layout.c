/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where firmware goes on an ESP chip: each rule by which it is placed, each reason for which it is refused,
 * and what is said of partitions that lose or keep what they hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "plan/esp_layout.h"
#include "tests/tools/esp_make.h"

enum {
    SECTOR = 0x1000,
    ESP32 = 0,
    ESP32C3 = 5,
    LOADER_AT = 0x1000,
    TABLE_AT = 0x8000,
    NVS_AT = 0x9000,
    NVS_SIZE = 0x4000,
    FACTORY_AT = 0x10000,
    SLOT_0_AT = 0x110000,
    SLOT_1_AT = 0x210000,
    SLOT_SIZE = 0x100000,
    STORAGE_AT = 0x310000,
    FLASH_SIZE = 0x400000,
    CODE = 3000, /* bytes of an application's code */
    REGIONS = FETTLE_ESP_PIECES_MAX + 1,
};

static struct {
    uint8_t room[FLASH_SIZE + 0x20000];
    esp_writer file;
    fettle_region regions[REGIONS];
    fettle_image image;
    fettle_plan plan;
    fettle_partitions table;
    fettle_otadata otadata;
    fettle_esp_board board;
    fettle_observed observed;
    fettle_esp_layout layout;
    fettle_error err;
} self;

/* ---- boards and files ---- */

static void read_table(size_t at)
{
    assert_true(fettle_partitions_read(&self.table,
                                       (fettle_span){self.room + at, self.file.size - at},
                                       TABLE_AT, &self.err));
}

static int set_up(void **state)
{
    (void)state;
    memset(&self, 0, sizeof self);
    self.file = (esp_writer){.bytes = self.room, .room = sizeof self.room};
    esp_put_usual_table(&self.file);
    read_table(0);
    self.file.size = 0;
    self.image.regions = self.regions;
    self.plan.image = &self.image;
    self.board = (fettle_esp_board){.chip = "ESP32",
                                    .chip_id = ESP32,
                                    .revision = 301,
                                    .has_revision = true,
                                    .bootloader = LOADER_AT,
                                    .flash_size = FLASH_SIZE,
                                    .table = &self.table};
    return 0;
}

static esp_make app_for(uint16_t chip)
{
    return (esp_make){.kind = ESP_MAKE_APP,
                      .chip_id = chip,
                      .max_full = 0xFFFF,
                      .has_hash = true,
                      .code = CODE};
}

/* What was put into the file since `begin` is a region of the image. */
static fettle_region *add_region(size_t begin)
{
    fettle_region *region = &self.regions[self.image.region_count++];
    region->data = (fettle_span){self.room + begin, self.file.size - begin};
    return region;
}

static fettle_region *add_image(esp_make wish)
{
    size_t begin = self.file.size;
    esp_put_image(&self.file, &wish);
    return add_region(begin);
}

static fettle_region *add_app(void)
{
    return add_image(app_for(ESP32));
}

static fettle_region *add_loader(void)
{
    esp_make wish = app_for(ESP32);
    wish.kind = ESP_MAKE_LOADER;
    return add_image(wish);
}

static fettle_region *add_table(void)
{
    size_t begin = self.file.size;
    esp_put_usual_table(&self.file);
    return add_region(begin);
}

static fettle_region *add_bytes(size_t size, uint8_t value)
{
    size_t begin = self.file.size;
    memset(self.room + begin, value, size);
    self.file.size += size;
    return add_region(begin);
}

static void at_address(fettle_region *region, uint32_t address)
{
    region->has_address = true;
    region->address = address;
}

static bool make(void)
{
    self.observed = (fettle_observed){.note_count = 0};
    self.err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_esp_layout_make(&self.layout, &self.plan, &self.board, &self.observed,
                                  &self.err);
}

static void refused(fettle_code code, const char *part)
{
    assert_false(make());
    assert_int_equal(code, self.err.code);
    if (strstr(self.err.message, part) == NULL) {
        assert_string_equal(part, self.err.message);
    }
}

static void placed(size_t piece, uint32_t address, size_t size)
{
    assert_true(piece < self.layout.count);
    assert_int_equal(address, self.layout.pieces[piece].address);
    assert_int_equal(size, self.layout.pieces[piece].data.size);
}

static void placed_alone(uint32_t address)
{
    assert_true(make());
    assert_int_equal(1, self.layout.count);
    placed(0, address, self.regions[0].data.size);
}

static unsigned notes(fettle_note_code code, const char *part)
{
    unsigned count = 0;
    for (size_t i = 0; i < self.observed.note_count; i++) {
        const fettle_note *note = &self.observed.notes[i];
        count += note->code == code && strstr(note->message, part) != NULL;
    }
    return count;
}

static void name_memory(const char *label)
{
    (void)memset(self.plan.memory, 0, sizeof self.plan.memory);
    (void)memcpy(self.plan.memory, label, strlen(label));
}

/* ---- where it goes ---- */

static void application_goes_to_what_runs(void **state)
{
    uint8_t bytes[FETTLE_OTADATA_SIZE];
    (void)state;
    add_app();
    placed_alone(FACTORY_AT);
    assert_int_equal(1, notes(FETTLE_NOTE_PLACED_IN, "factory"));

    fettle_otadata_write(bytes, NULL, 1, 2);
    fettle_otadata_read(&self.otadata, (fettle_span){bytes, sizeof bytes});
    self.board.otadata = &self.otadata;
    placed_alone(SLOT_1_AT);
    assert_int_equal(1, notes(FETTLE_NOTE_PLACED_IN, "ota_1"));
}

static void application_without_table(void **state)
{
    (void)state;
    fettle_region *region = add_app();
    self.board.table = NULL;
    refused(FETTLE_E_ANSWER_NEEDED, "no partition table");
    at_address(region, 0x20000); /* then it is the person's word */
    placed_alone(0x20000);
    assert_int_equal(0, self.observed.note_count);
}

static void table_without_application(void **state)
{
    (void)state;
    add_app();
    self.table.count = 2; /* nvs, otadata */
    refused(FETTLE_E_ANSWER_NEEDED, "--memory");
}

static void loader_goes_where_the_chip_looks(void **state)
{
    (void)state;
    add_loader();
    placed_alone(LOADER_AT);
    assert_int_equal(1, notes(FETTLE_NOTE_PLACED_AT, "0x00001000"));
    self.board.bootloader = 0;
    placed_alone(0);
}

static void table_goes_to_its_place(void **state)
{
    (void)state;
    add_table();
    placed_alone(TABLE_AT);
    assert_int_equal(1, notes(FETTLE_NOTE_PLACED_AT, "0x00008000"));
    assert_int_equal(0, notes(FETTLE_NOTE_PARTITION_MOVES, ""));
}

static void esp8266_starts_at_0(void **state)
{
    (void)state;
    add_image((esp_make){.is_esp8266 = true, .code = CODE});
    self.board.chip = "ESP8266";
    self.board.is_esp8266 = true;
    self.board.table = NULL;
    placed_alone(0);
}

static void bytes_go_where_somebody_says(void **state)
{
    (void)state;
    fettle_region *region = add_bytes(100, 0x42);
    refused(FETTLE_E_ANSWER_NEEDED, "doesn't say where it goes");
    self.plan.has_address = true;
    self.plan.address = 0x3F0000;
    placed_alone(0x3F0000);
    at_address(region, STORAGE_AT); /* the file's own word counts more */
    placed_alone(STORAGE_AT);
    assert_int_equal(1, notes(FETTLE_NOTE_PARTITION_LOST, "storage"));
}

static void by_label(void **state)
{
    (void)state;
    fettle_region *region = add_app();
    name_memory("ota_0");
    placed_alone(SLOT_0_AT);

    name_memory("nowhere");
    refused(FETTLE_E_NO_SUCH_MEMORY, "factory, ota_0, ota_1, storage");
    self.board.table = NULL;
    refused(FETTLE_E_NO_SUCH_MEMORY, "no partition table");
    self.board.table = &self.table;

    name_memory("nvs"); /* an application doesn't belong there */
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "which is its partition nvs");
    name_memory("ota_0");
    at_address(region, SLOT_0_AT);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "a partition was named besides");
    region->has_address = false;
    self.plan.has_address = true;
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "a partition was named besides");
}

static void named_data_is_no_loss_to_be_told(void **state)
{
    (void)state;
    add_bytes(NVS_SIZE, 0xFF);
    name_memory("nvs");
    placed_alone(NVS_AT); /* blank, and wanted */
    assert_int_equal(0, self.observed.note_count);
    add_bytes(1, 0xFF);
    self.regions[0].data.size++;
    self.image.region_count = 1;
    refused(FETTLE_E_IMAGE_TOO_LARGE, "16385 bytes");
}

/* ---- several files, of which not all have addresses ---- */

static void each_where_it_belongs(void **state)
{
    (void)state;
    fettle_image_piece pieces[] = {{.name = "loader.bin"},
                                   {.name = "table.bin"},
                                   {.name = "app.bin"},
                                   {.name = "data.bin", .has_address = true}};
    self.image.pieces = pieces;
    self.image.piece_count = 4;
    add_loader();
    add_table();
    add_app();
    at_address(add_bytes(100, 0x42), STORAGE_AT);
    self.board.table = NULL;
    assert_true(make());
    assert_int_equal(4, self.layout.count);
    placed(0, LOADER_AT, self.regions[0].data.size);
    placed(1, TABLE_AT, self.regions[1].data.size);
    placed(2, FACTORY_AT, self.regions[2].data.size);
    placed(3, STORAGE_AT, 100);
    assert_int_equal(1, notes(FETTLE_NOTE_PLACED_AT, "loader.bin names no address"));
    assert_int_equal(1, notes(FETTLE_NOTE_PLACED_AT, "table.bin names no address"));
    assert_int_equal(1, notes(FETTLE_NOTE_PLACED_IN, "app.bin names no address"));
}

static void two_applications(void **state)
{
    (void)state;
    add_app();
    add_app();
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD,
            "two pieces of it would go to the sector at 0x10000");
    self.regions[1].partition = "ota_1";
    assert_true(make());
    placed(0, FACTORY_AT, self.regions[0].data.size);
    placed(1, SLOT_1_AT, self.regions[1].data.size);
    assert_int_equal(1, notes(FETTLE_NOTE_SLOT_UNUSED, "ota_1"));
}

static void each_in_its_partition(void **state)
{
    (void)state;
    add_bytes(NVS_SIZE, 0x42)->partition = "nvs";
    add_bytes(100, 0x42)->partition = "storage";
    assert_true(make());
    placed(0, NVS_AT, NVS_SIZE);
    placed(1, STORAGE_AT, 100);
    assert_int_equal(0, self.observed.note_count);
    self.regions[1].partition = "nowhere";
    refused(FETTLE_E_NO_SUCH_MEMORY, "nowhere");
    self.regions[1].partition = "nvs";
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "the sector at 0x9000");
    self.regions[0].data.size++;
    refused(FETTLE_E_IMAGE_TOO_LARGE, "16385 bytes");
}

/* A table in a partition is content of it: the board's own is where it was. */
static void table_in_a_partition(void **state)
{
    (void)state;
    add_table()->partition = "storage";
    self.image.region_count = 1;
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "it belongs to 0x8000");
    self.board.table = NULL; /* so it doesn't say where that partition is */
    refused(FETTLE_E_NO_SUCH_MEMORY, "no partition table");
}

/* ---- secure boot ---- */

static void unsigned_image(void **state)
{
    enum { MAGIC = 0xE7 };
    (void)state;
    fettle_region *app = add_app();
    assert_true(make());
    assert_int_equal(0, notes(FETTLE_NOTE_UNSIGNED, ""));
    self.board.is_secure_boot = true;
    assert_true(make());
    assert_int_equal(1, notes(FETTLE_NOTE_UNSIGNED, "the new application isn't signed"));

    size_t sector = (app->data.size + SECTOR - 1) / SECTOR * SECTOR;
    memset(self.room + app->data.size, 0xFF, sector + SECTOR - app->data.size);
    self.room[sector] = MAGIC;
    app->data.size = sector + SECTOR;
    assert_true(make());
    assert_int_equal(0, notes(FETTLE_NOTE_UNSIGNED, ""));
    self.room[sector] = 0xFF; /* filled up, and no more */
    assert_true(make());
    assert_int_equal(1, notes(FETTLE_NOTE_UNSIGNED, ""));

    self.image.region_count = 0;
    self.file.size = 0;
    add_loader();
    assert_true(make());
    assert_int_equal(1, notes(FETTLE_NOTE_UNSIGNED, "the new bootloader isn't signed"));
}

/* ---- for another chip ---- */

static void other_chip(void **state)
{
    (void)state;
    add_image(app_for(ESP32C3));
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "it is for ESP32-C3, and this is an ESP32");
    self.board.table = NULL; /* before any word about tables */
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "it is for ESP32-C3");
    self.plan.has_address = true;
    self.plan.address = FACTORY_AT;
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "it is for ESP32-C3");
}

static void other_generation(void **state)
{
    (void)state;
    add_image((esp_make){.is_esp8266 = true, .code = CODE});
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "it is for ESP8266");
    set_up(NULL);
    add_app();
    self.board.is_esp8266 = true;
    self.board.chip = "ESP8266";
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "it is for ESP32, and this is an ESP8266");
}

static void other_revision(void **state)
{
    esp_make wish = app_for(ESP32);
    (void)state;
    wish.min_full = 302;
    fettle_region *region = add_image(wish);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "3.2 or later");
    at_address(region, FACTORY_AT);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "this one has 3.1");
    self.board.has_revision = false;
    placed_alone(FACTORY_AT);

    set_up(NULL);
    wish.min_full = 100;
    wish.max_full = 299;
    add_image(wish);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "1.0 to 2.99");
    self.board.revision = 299;
    placed_alone(FACTORY_AT);
    self.board.revision = 100;
    placed_alone(FACTORY_AT);
    self.board.revision = 99;
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "has 0.99");
}

/* ---- at the wrong place ---- */

static void application_at_the_wrong_place(void **state)
{
    (void)state;
    fettle_region *region = add_app();
    at_address(region, LOADER_AT);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "where the bootloader belongs");
    at_address(region, NVS_AT);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD,
            "0x9000, which is its partition nvs: it belongs to 0x10000");
    assert_non_null(strstr(self.err.hint, "without an address"));
    at_address(region, FACTORY_AT + SECTOR);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "in the middle of a partition");
    at_address(region, TABLE_AT);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "has nothing");
    at_address(region, SLOT_1_AT);
    placed_alone(SLOT_1_AT);
}

static void loader_at_the_wrong_place(void **state)
{
    (void)state;
    at_address(add_loader(), 0);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD,
            "where this chip doesn't look for one: it belongs to 0x1000");
}

static void table_at_the_wrong_place(void **state)
{
    (void)state;
    at_address(add_table(), 0xF000);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "0xf000");
    add_loader(); /* that may look for it there */
    assert_true(make());
    self.image.region_count = 1;
    self.board.table = NULL; /* it has one elsewhere, maybe just there */
    placed_alone(0xF000);
}

static void between_sectors(void **state)
{
    (void)state;
    at_address(add_bytes(10, 1), STORAGE_AT + 0x800);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "0x310800");
}

static void too_large(void **state)
{
    esp_make wish = app_for(ESP32);
    (void)state;
    wish.code = SLOT_SIZE;
    add_image(wish);
    refused(FETTLE_E_IMAGE_TOO_LARGE, "1048576");

    set_up(NULL);
    fettle_region *region = add_bytes(2 * SECTOR, 1);
    at_address(region, FLASH_SIZE - 2 * SECTOR);
    placed_alone(FLASH_SIZE - 2 * SECTOR);
    at_address(region, FLASH_SIZE - SECTOR);
    refused(FETTLE_E_IMAGE_TOO_LARGE,
            "the image has 8192 bytes, the board's memory 4194304, "
            "and it would begin at 0x3ff000");
    self.board.flash_size = 0; /* then nobody can say */
    placed_alone(FLASH_SIZE - SECTOR);
}

static void cut_application(void **state)
{
    (void)state;
    fettle_region *region = add_app();
    region->data.size -= 100;
    refused(FETTLE_E_FILE_INCOMPLETE, "");
}

/* ---- several pieces ---- */

static void pieces_stand_in_order(void **state)
{
    (void)state;
    at_address(add_app(), FACTORY_AT);
    add_table();
    add_loader();
    assert_true(make());
    assert_int_equal(3, self.layout.count);
    placed(0, LOADER_AT, self.regions[2].data.size);
    placed(1, TABLE_AT, self.regions[1].data.size);
    placed(2, FACTORY_AT, self.regions[0].data.size);
}

static void two_for_one_sector(void **state)
{
    (void)state;
    at_address(add_bytes(SECTOR + 1, 1), STORAGE_AT);
    at_address(add_bytes(1, 2), STORAGE_AT + 2 * SECTOR);
    assert_true(make());
    at_address(&self.regions[1], STORAGE_AT + SECTOR); /* behind the first, in its sector */
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "0x311000");
    at_address(&self.regions[1], STORAGE_AT);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "0x310000");
    at_address(&self.regions[1], STORAGE_AT - SECTOR);
    assert_true(make());
    self.regions[1].data = self.regions[0].data; /* reaches into the first */
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "0x310000");
}

static void too_many_pieces(void **state)
{
    (void)state;
    self.board.table = NULL;
    for (uint32_t i = 0; i < REGIONS; i++) {
        at_address(add_bytes(1, 1), i * SECTOR);
    }
    refused(FETTLE_E_NOT_SUPPORTED, "more pieces");
    self.image.region_count--;
    assert_true(make());
    assert_int_equal(FETTLE_ESP_PIECES_MAX, self.layout.count);
}

/* ---- a file for the whole flash ---- */

static void put_merged(uint16_t app_chip)
{
    esp_make loader = app_for(ESP32), app = app_for(app_chip);
    loader.kind = ESP_MAKE_LOADER;
    esp_pad_to(&self.file, LOADER_AT);
    esp_put_image(&self.file, &loader);
    esp_pad_to(&self.file, TABLE_AT);
    esp_put_usual_table(&self.file);
    esp_pad_to(&self.file, FACTORY_AT);
    esp_put_image(&self.file, &app);
    at_address(add_region(0), 0);
}

static void keeps_what_the_file_has_nothing_for(void **state)
{
    (void)state;
    put_merged(ESP32);
    assert_true(make());
    assert_int_equal(2, notes(FETTLE_NOTE_PARTITION_KEPT, "")); /* and phy_init */
    assert_int_equal(1, notes(FETTLE_NOTE_PARTITION_KEPT, "nvs"));
    assert_int_equal(3, self.layout.count);
    placed(0, 0, NVS_AT);
    placed(1, 0xD000, 0x2000); /* otadata is no keepsake */
    placed(2, FACTORY_AT, self.file.size - FACTORY_AT);
    assert_ptr_equal(self.room + FACTORY_AT, self.layout.pieces[2].data.data);
}

static void tells_what_is_lost(void **state)
{
    (void)state;
    put_merged(ESP32);
    self.room[NVS_AT + NVS_SIZE - 1] = 0;
    assert_true(make());
    assert_int_equal(1, notes(FETTLE_NOTE_PARTITION_LOST, "nvs"));
    assert_int_equal(1, notes(FETTLE_NOTE_PARTITION_KEPT, "phy_init"));
    assert_int_equal(2, self.layout.count);
    self.plan.erases_rest = true;
    assert_true(make());
    assert_int_equal(2, notes(FETTLE_NOTE_PARTITION_LOST, ""));
    assert_int_equal(1, self.layout.count);
}

/* A table may list its partitions in any order. */
static void keeps_in_any_order(void **state)
{
    (void)state;
    put_merged(ESP32);
    fettle_partition nvs = self.table.rows[0];
    self.table.rows[0] = self.table.rows[2]; /* phy_init, which lies behind it */
    self.table.rows[2] = nvs;
    assert_true(make());
    assert_int_equal(2, notes(FETTLE_NOTE_PARTITION_KEPT, ""));
    assert_int_equal(3, self.layout.count);
    placed(0, 0, NVS_AT);
    placed(1, 0xD000, 0x2000);
}

/* And data partitions may begin and end anywhere: pieces are whole sectors all the same. */
static void keeps_whole_sectors(void **state)
{
    (void)state;
    put_merged(ESP32);
    self.table.rows[0].address = NVS_AT + 0x100;
    self.table.rows[0].size = 0x1000;
    assert_true(make());
    for (size_t i = 0; i < self.layout.count; i++) {
        assert_int_equal(0, self.layout.pieces[i].address % SECTOR);
    }
    placed(0, 0, NVS_AT);
    placed(1, NVS_AT + 0x2000, 0xF000 - NVS_AT - 0x2000);
    self.room[NVS_AT] = 0; /* in its sector, in front of it: that can't be left out */
    assert_true(make());
    assert_int_equal(1, notes(FETTLE_NOTE_PARTITION_LOST, "nvs"));
}

static void blank_to_its_end(void **state)
{
    (void)state;
    at_address(add_bytes(2 * SECTOR, 0x11), STORAGE_AT - SECTOR);
    memset(self.room + SECTOR, 0xFF, SECTOR);
    assert_true(make());
    assert_int_equal(1, self.layout.count);
    placed(0, STORAGE_AT - SECTOR, SECTOR);
    assert_int_equal(1, notes(FETTLE_NOTE_PARTITION_KEPT, "storage"));
}

static void looks_into_a_merged_file(void **state)
{
    (void)state;
    put_merged(ESP32C3);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "it is for ESP32-C3");
    set_up(NULL);
    put_merged(ESP32);
    self.board.chip = "ESP32-C3"; /* and its loader as well */
    self.board.chip_id = ESP32C3;
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "it is for ESP32");
}

/* ---- a new table ---- */

static void new_table_counts(void **state)
{
    (void)state;
    size_t begin = self.file.size;
    esp_put_row(&self.file, 1, 2, 0xA000, 0x4000, "nvs", 0);
    esp_put_row(&self.file, 0, 0, 0x20000, 0x10000, "factory", 0);
    esp_put_table_end(&self.file, begin, true);
    add_region(begin);
    fettle_region *app = add_app();
    at_address(app, 0x20000);
    assert_true(make());
    placed(1, 0x20000, app->data.size);
    assert_int_equal(1, notes(FETTLE_NOTE_PARTITION_MOVES, "nvs"));
    assert_int_equal(1, notes(FETTLE_NOTE_PARTITION_MOVES, "storage"));
    at_address(app, FACTORY_AT); /* of the old one */
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "has nothing");
    app->has_address = false;
    assert_true(make());
    placed(1, 0x20000, app->data.size);
    self.board.table = NULL; /* it need not have had any */
    assert_true(make());
    placed(1, 0x20000, app->data.size);
}

static void table_for_a_larger_flash(void **state)
{
    (void)state;
    fettle_region *region = add_table();
    self.board.flash_size = FLASH_SIZE / 2;
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD,
            "its partition table needs 4 MB of flash, and this board has 2 MB");
    at_address(region, TABLE_AT);
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "needs 4 MB");
    self.board.flash_size = FLASH_SIZE - SECTOR;
    refused(FETTLE_E_IMAGE_NOT_FOR_BOARD, "this board has 4092 KB");
    self.board.flash_size = 0; /* nobody knows */
    assert_true(make());
    self.board.flash_size = FLASH_SIZE;
    assert_true(make());
}

static void damaged_table(void **state)
{
    (void)state;
    add_table();
    self.room[12] ^= 1; /* a label */
    refused(FETTLE_E_FILE_DAMAGED, "");
}

/* ---- ranges ---- */

static void ranges(void **state)
{
    uint32_t address;
    uint64_t size;
    (void)state;
    assert_true(fettle_esp_layout_range(&self.board, NULL, &address, &size, &self.err));
    assert_int_equal(0, address);
    assert_int_equal(FLASH_SIZE, size);
    assert_true(
        fettle_esp_layout_range(&self.board, "storage", &address, &size, &self.err));
    assert_int_equal(STORAGE_AT, address);
    assert_int_equal(0xF0000, size);
    assert_false(
        fettle_esp_layout_range(&self.board, "Storage", &address, &size, &self.err));
    assert_int_equal(FETTLE_E_NO_SUCH_MEMORY, self.err.code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(application_goes_to_what_runs, set_up),
        cmocka_unit_test_setup(application_without_table, set_up),
        cmocka_unit_test_setup(table_without_application, set_up),
        cmocka_unit_test_setup(loader_goes_where_the_chip_looks, set_up),
        cmocka_unit_test_setup(table_goes_to_its_place, set_up),
        cmocka_unit_test_setup(esp8266_starts_at_0, set_up),
        cmocka_unit_test_setup(bytes_go_where_somebody_says, set_up),
        cmocka_unit_test_setup(by_label, set_up),
        cmocka_unit_test_setup(named_data_is_no_loss_to_be_told, set_up),
        cmocka_unit_test_setup(each_where_it_belongs, set_up),
        cmocka_unit_test_setup(two_applications, set_up),
        cmocka_unit_test_setup(each_in_its_partition, set_up),
        cmocka_unit_test_setup(table_in_a_partition, set_up),
        cmocka_unit_test_setup(unsigned_image, set_up),
        cmocka_unit_test_setup(other_chip, set_up),
        cmocka_unit_test_setup(other_generation, set_up),
        cmocka_unit_test_setup(other_revision, set_up),
        cmocka_unit_test_setup(application_at_the_wrong_place, set_up),
        cmocka_unit_test_setup(loader_at_the_wrong_place, set_up),
        cmocka_unit_test_setup(table_at_the_wrong_place, set_up),
        cmocka_unit_test_setup(between_sectors, set_up),
        cmocka_unit_test_setup(too_large, set_up),
        cmocka_unit_test_setup(cut_application, set_up),
        cmocka_unit_test_setup(pieces_stand_in_order, set_up),
        cmocka_unit_test_setup(two_for_one_sector, set_up),
        cmocka_unit_test_setup(too_many_pieces, set_up),
        cmocka_unit_test_setup(keeps_what_the_file_has_nothing_for, set_up),
        cmocka_unit_test_setup(tells_what_is_lost, set_up),
        cmocka_unit_test_setup(keeps_in_any_order, set_up),
        cmocka_unit_test_setup(keeps_whole_sectors, set_up),
        cmocka_unit_test_setup(blank_to_its_end, set_up),
        cmocka_unit_test_setup(looks_into_a_merged_file, set_up),
        cmocka_unit_test_setup(new_table_counts, set_up),
        cmocka_unit_test_setup(table_for_a_larger_flash, set_up),
        cmocka_unit_test_setup(damaged_table, set_up),
        cmocka_unit_test_setup(ranges, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
