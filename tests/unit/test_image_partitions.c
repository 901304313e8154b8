/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition tables, binary and CSV, each refusal; and which application is started.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "image/image.h"
#include "tests/tools/esp_make.h"

static uint8_t room[0x2000];
static esp_writer file;
static fettle_partitions table;
static fettle_error err;

static void begin(void)
{
    memset(room, 0xFF, sizeof room);
    file = (esp_writer){.bytes = room, .room = sizeof room};
    err = (fettle_error){.code = FETTLE_E_NONE};
}

static bool read_table(void)
{
    return fettle_partitions_read(&table, (fettle_span){room, file.size}, 0x8000, &err);
}

static void assert_bad(const char *message)
{
    char whole[300];
    assert_false(read_table());
    snprintf(whole, sizeof whole, "the partition table makes no sense: %s", message);
    assert_string_equal(whole, err.message);
    assert_int_equal(FETTLE_E_FILE_BAD_TABLE, err.code);
    assert_int_equal(9, fettle_code_exit_status(err.code));
}

static bool read_csv(const char *text)
{
    err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_partitions_read_csv(
        &table, (fettle_span){(const uint8_t *)text, strlen(text)}, 0x8000, &err);
}

static void assert_bad_csv(const char *text, const char *message)
{
    char whole[300];
    assert_false(read_csv(text));
    snprintf(whole, sizeof whole, "the partition table makes no sense: %s", message);
    assert_string_equal(whole, err.message);
}

static void assert_row(size_t i, const char *label, unsigned type, unsigned subtype,
                       uint32_t address, uint32_t size)
{
    assert_true(i < table.count);
    assert_string_equal(label, table.rows[i].label);
    assert_int_equal(type, table.rows[i].type);
    assert_int_equal(subtype, table.rows[i].subtype);
    assert_int_equal(address, table.rows[i].address);
    assert_int_equal(size, table.rows[i].size);
}

/* ---- binary ---- */

static void reads_a_table(void **state)
{
    (void)state;
    begin();
    esp_put_usual_table(&file);
    assert_true(read_table());
    assert_int_equal(7, table.count);
    assert_true(table.has_md5);
    assert_int_equal(0x8000, table.address);
    assert_row(0, "nvs", 1, 2, 0x9000, 0x4000);
    assert_row(3, "factory", 0, 0, 0x10000, 0x100000);
    assert_row(6, "storage", 1, 0x83, 0x310000, 0xF0000);
    assert_ptr_equal(&table.rows[1], fettle_partitions_find(&table, 1, 0));
    assert_null(fettle_partitions_find(&table, 1, 0x81));
    assert_ptr_equal(&table.rows[5], fettle_partitions_find_label(&table, "ota_1"));
    assert_null(fettle_partitions_find_label(&table, "OTA_1"));
    assert_ptr_equal(&table.rows[3], fettle_partitions_at(&table, 0x10FFFF));
    assert_ptr_equal(&table.rows[4], fettle_partitions_at(&table, 0x110000));
    assert_null(fettle_partitions_at(&table, 0x8000));
}

static void reads_one_without_md5(void **state)
{
    (void)state;
    begin();
    esp_put_row(&file, 1, 2, 0x9000, 0x4000, "sixteen_letters_", 3);
    esp_put_table_end(&file, 0, false);
    assert_true(read_table());
    assert_false(table.has_md5);
    assert_string_equal("sixteen_letters_", table.rows[0].label);
    assert_int_equal(FETTLE_PARTITION_ENCRYPTED | FETTLE_PARTITION_READ_ONLY,
                     table.rows[0].flags);
    file.size = 64; /* the row, and the end */
    assert_true(read_table());
    file.size = 63;
    assert_false(read_table());
    assert_int_equal(FETTLE_E_FILE_INCOMPLETE, err.code);
}

static void sees_every_changed_byte(void **state)
{
    (void)state;
    begin();
    esp_put_usual_table(&file);
    for (size_t i = 0; i < 8 * 32; i++) {
        room[i] ^= 0x04;
        assert_false(read_table());
        room[i] ^= 0x04;
    }
    assert_true(read_table());
    room[100] ^= 0x04;
    assert_false(read_table());
    assert_int_equal(FETTLE_E_FILE_DAMAGED, err.code);
}

static void sees_every_cut(void **state)
{
    (void)state;
    begin();
    esp_put_usual_table(&file);
    for (file.size = 0; file.size < 8 * 32; file.size++) {
        assert_false(read_table());
        assert_int_equal(FETTLE_E_FILE_INCOMPLETE, err.code);
    }
    assert_true(read_table());
}

static void refuses_bad_rows(void **state)
{
    (void)state;
    begin();
    esp_put_row(&file, 1, 2, 0x9000, 0x4001, "nvs", 0);
    esp_put_row(&file, 1, 1, 0xD000, 0x1000, "phy", 0);
    esp_put_table_end(&file, 0, true);
    assert_bad("partition \"phy\" at 0x0000d000 overlaps partition \"nvs\"");
    begin();
    esp_put_row(&file, 1, 1, 0xD000, 0x1000, "phy", 0);
    esp_put_row(&file, 1, 2, 0x9000, 0x4001, "nvs", 0); /* by one byte */
    esp_put_table_end(&file, 0, true);
    assert_bad("partition \"nvs\" at 0x00009000 overlaps partition \"phy\"");
    begin();
    esp_put_row(&file, 0, 0, 0x11000, 0x1000, "factory", 0);
    esp_put_table_end(&file, 0, true);
    assert_bad(
        "partition \"factory\" is for an application and begins at 0x00011000, which "
        "is no multiple of 0x10000");
    begin();
    esp_put_row(&file, 1, 2, 0x8000, 0x1000, "nvs", 0);
    esp_put_table_end(&file, 0, true);
    assert_bad("partition \"nvs\" begins at 0x00008000, below the end of the table");
    begin();
    esp_put_row(&file, 1, 2, 0x9000, 0, "nvs", 0);
    esp_put_table_end(&file, 0, true);
    assert_bad("partition \"nvs\" at 0x00009000 has no bytes");
    begin();
    esp_put_row(&file, 1, 2, 0xFFFFF000, 0x1001, "nvs", 0);
    esp_put_table_end(&file, 0, true);
    assert_bad("partition \"nvs\" at 0xfffff000 has 4097 bytes, and no address is above "
               "0xffffffff");
    begin();
    esp_put_row(&file, 1, 2, 0xFFFFF000, 0x1000, "nvs", 0);
    esp_put_table_end(&file, 0, true);
    assert_true(read_table());
    begin();
    file.size = sizeof room;
    assert_bad("it has no partitions");
    begin();
    esp_put_row(&file, 1, 2, 0x9000, 0x1000, "nvs", 0);
    esp_put_number(&file, 0x1234, 4);
    file.size = 0xC00;
    assert_bad("row 2 is none, and not the end");
}

static void takes_95_rows(void **state)
{
    (void)state;
    for (uint32_t count = 95; count <= 96; count++) {
        begin();
        for (uint32_t i = 0; i < count; i++) {
            esp_put_row(&file, 1, 6, 0x9000 + 0x1000 * i, 0x1000, "part", 0);
        }
        esp_put_table_end(&file, 0, count == 95);
        if (count == 95) {
            assert_true(read_table());
            assert_int_equal(95, table.count);
        } else {
            assert_bad("it has more than 95 rows, or no end");
        }
    }
}

static void the_system_may_lie_below(void **state)
{
    (void)state;
    begin();
    esp_put_row(&file, 2, 0, 0x1000, 0x7000, "boot", 0);
    esp_put_row(&file, 3, 0, 0x8000, 0x1000, "table", 0);
    esp_put_row(&file, 1, 2, 0x9000, 0x4000, "nvs", 0);
    esp_put_table_end(&file, 0, true);
    assert_true(read_table());
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    uint8_t written[FETTLE_TABLE_SIZE];
    begin();
    esp_put_usual_table(&file);
    assert_true(read_table());
    fettle_partitions_write(&table, written);
    assert_memory_equal(room, written, sizeof written);
}

/* ---- CSV ---- */

static const char usual[] = "# Name,   Type, SubType, Offset,  Size, Flags\r\n"
                            "nvs,data,nvs,0x9000,0x4000,\r\n"
                            "\r\n"
                            "otadata, data, ota, , 8K\n"
                            "phy_init, Data, phy,, 4k,  # a remark\n"
                            "  factory, app, factory, , 1M,\n"
                            "ota_0, 0, ota_0, , 1048576,\n"
                            "ota_1, 0x00, 0x11, , 0x100000,,\n"
                            "storage, data, littlefs, , 960K,";

static void reads_csv(void **state)
{
    (void)state;
    uint8_t written[FETTLE_TABLE_SIZE];
    assert_true(read_csv(usual));
    begin();
    esp_put_usual_table(&file);
    fettle_partitions_write(&table, written);
    assert_memory_equal(room, written, sizeof written);
}

static void fills_in_offsets(void **state)
{
    (void)state;
    assert_true(read_csv("nvs,data,nvs,,0x4000\n"
                         "app,app,test,,1M,encrypted:readonly\n"
                         "own,0x40,0x07,,1K\n"
                         "more,0xFE,,,4K\n"
                         "any,data,,,4K\n"));
    assert_row(0, "nvs", 1, 2, 0x9000, 0x4000);
    assert_row(1, "app", 0, 0x20, 0x10000, 0x100000);
    assert_int_equal(3, table.rows[1].flags);
    assert_row(2, "own", 0x40, 7, 0x110000, 0x400);
    assert_row(3, "more", 0xFE, 0, 0x111000, 0x1000);
    assert_row(4, "any", 1, 6, 0x112000, 0x1000);
}

static void refuses_bad_csv(void **state)
{
    (void)state;
    assert_bad_csv("# nothing\n", "it has no partitions");
    assert_bad_csv("\nnvs,data,nvs\n",
                   "line 2 has 3 fields instead of name, type, subtype, offset and size");
    assert_bad_csv("nvs,data,nvs,,4K,,,x\n", "line 1 has more than 6 fields");
    assert_bad_csv("nvs,date,nvs,,4K\n", "line 1 has no type \"date\"");
    assert_bad_csv("nvs,0x10,nvs,,4K\n", "line 1 has no type \"0x10\"");
    assert_bad_csv("nvs,data,nvr,,4K\n", "line 1 has no subtype \"nvr\"");
    assert_bad_csv("app,app,,,4K\n", "line 1 has no subtype \"\"");
    assert_bad_csv("app,app,0x100,,4K\n", "line 1 has no subtype \"0x100\"");
    assert_bad_csv("nvs,data,nvs,,4G\n", "line 1 has \"4G\" where a number should be");
    assert_bad_csv("nvs,data,nvs,,\n", "line 1 has \"\" where a number should be");
    assert_bad_csv("nvs,data,nvs,,4096M\n",
                   "line 1 has \"4096M\" where a number should be");
    assert_bad_csv("nvs,data,nvs,0x9100,4K\n",
                   "line 1 begins at 0x00009100, which is no multiple of 4096");
    assert_bad_csv("app,app,factory,0x9000,4K\n",
                   "line 1 begins at 0x00009000, which is no multiple of 65536");
    assert_bad_csv("nvs,data,nvs,,4K,secret\n", "line 1 has no flag \"secret\"");
    assert_bad_csv("a_name_of_seventeen,data,nvs,,4K\n",
                   "line 1 has a name of 19 bytes, more than 16");
    assert_bad_csv("a,data,nvs,0xFFFFF000,4K\nb,data,nvs,,4K\n",
                   "line 2 begins above address 0xffffffff");
    assert_bad_csv("a,data,nvs,0xA000,4K\nb,data,nvs,0xA000,4K\n",
                   "partition \"b\" at 0x0000a000 overlaps partition \"a\"");
    assert_bad_csv("a,data,nvs,0x7000,4K\n",
                   "partition \"a\" begins at 0x00007000, below the end of the table");
    char many[96 * 24] = "";
    for (size_t i = 0; i < 96; i++) {
        memcpy(many + strlen(many), "a,data,nvs,,4K\n", 16);
    }
    assert_bad_csv(many, "line 96 is one more than the 95 partitions that a table has");
}

static void a_csv_file_becomes_a_table(void **state)
{
    (void)state;
    fettle_image *image = fettle_image_new(
        "partitions.CSV", (fettle_span){(const uint8_t *)usual, strlen(usual)}, 0, &err);
    assert_non_null(image);
    assert_int_equal(FETTLE_IMAGE_ESP, image->format);
    assert_int_equal(FETTLE_ESP_TABLE, image->pieces[0].content);
    assert_int_equal(FETTLE_TABLE_SIZE, image->regions[0].data.size);
    assert_false(image->regions[0].has_address);
    begin();
    esp_put_usual_table(&file);
    assert_memory_equal(room, image->regions[0].data.data, FETTLE_TABLE_SIZE);
    fettle_image_free(image);
    image = fettle_image_new("partitions.bin", (fettle_span){room, file.size}, 0, &err);
    assert_non_null(image);
    assert_int_equal(FETTLE_ESP_TABLE, image->pieces[0].content);
    fettle_image_free(image);
    room[40] ^= 1;
    image = fettle_image_new("partitions.bin", (fettle_span){room, file.size}, 0, &err);
    assert_null(image);
    assert_int_equal(FETTLE_E_FILE_DAMAGED, err.code);
    image = fettle_image_new("x.csv", (fettle_span){room, file.size}, 0, &err);
    assert_null(image);
    assert_int_equal(FETTLE_E_FILE_BAD_TABLE, err.code);
}

static void names_types(void **state)
{
    (void)state;
    static const struct {
        uint8_t type, subtype;
        const char *names;
    } cases[] = {
        {0, 0, "app factory"},        {0, 0x1F, "app ota_15"}, {0, 0x20, "app test"},
        {0, 0x30, "app 0x30"},        {1, 2, "data nvs"},      {1, 0x83, "data littlefs"},
        {2, 0, "bootloader primary"}, {0x40, 1, "0x40 0x01"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char type[32], subtype[32], both[80];
        fettle_partition_type_name(type, sizeof type, cases[i].type);
        fettle_partition_subtype_name(subtype, sizeof subtype, cases[i].type,
                                      cases[i].subtype);
        snprintf(both, sizeof both, "%s %s", type, subtype);
        assert_string_equal(cases[i].names, both);
    }
}

/* ---- otadata ---- */

static void put_entry(size_t sector, uint32_t sequence, uint32_t state, uint32_t crc)
{
    file = (esp_writer){.bytes = room + 0x1000 * sector, .room = 32};
    esp_put_number(&file, sequence, 4);
    file.size = 24;
    esp_put_number(&file, state, 4);
    esp_put_number(&file, crc, 4);
}

/* The label of what is started, from the two sectors in `room`. */
static const char *running(void)
{
    fettle_otadata otadata;
    fettle_otadata_read(&otadata, (fettle_span){room, 0x2000});
    const fettle_partition *one = fettle_partitions_running(&table, &otadata);
    return one != NULL ? one->label : "none";
}

static const char *next(void)
{
    fettle_otadata otadata;
    fettle_otadata_read(&otadata, (fettle_span){room, 0x2000});
    const fettle_partition *one = fettle_partitions_next(&table, &otadata);
    return one != NULL ? one->label : "none";
}

/* The CRCs are those of ESP-IDF's own otadata. */
static void finds_what_is_started(void **state)
{
    (void)state;
    assert_true(read_csv(usual));
    begin();
    assert_string_equal("factory", running());
    assert_string_equal("ota_0", next());
    put_entry(0, 1, 0xFFFFFFFF, 0x4743989A);
    assert_string_equal("ota_0", running());
    assert_string_equal("ota_1", next());
    put_entry(1, 2, 2, 0x55F63774);
    assert_string_equal("ota_1", running());
    assert_string_equal("ota_0", next());
    put_entry(0, 3, 0, 0xED4A5011);
    assert_string_equal("ota_0", running());
    put_entry(0, 3, 3, 0xED4A5011); /* given up */
    assert_string_equal("ota_1", running());
    put_entry(0, 3, 4, 0xED4A5011);
    assert_string_equal("ota_1", running());
    put_entry(1, 2, 2, 0x55F63775); /* and the other one is damaged */
    assert_string_equal("factory", running());
    put_entry(0, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF);
    assert_string_equal("factory", running());
}

static void other_tables_start_something_else(void **state)
{
    (void)state;
    begin();
    put_entry(0, 2, 2, 0x55F63774);
    assert_true(read_csv("a,app,ota_0,,1M\nb,app,ota_1,,1M\nc,app,ota_2,,1M\n"));
    assert_int_equal(3, fettle_partitions_slot_count(&table));
    assert_string_equal("b", running());
    assert_string_equal("c", next());
    begin();
    assert_string_equal("a", running());
    assert_string_equal("b", next());
    assert_true(read_csv("f,app,factory,,1M\n"));
    put_entry(0, 2, 2, 0x55F63774);
    assert_string_equal("f", running());
    assert_string_equal("none", next());
    assert_true(read_csv("n,data,nvs,,4K\n"));
    assert_string_equal("none", running());
    assert_ptr_equal(NULL, fettle_partitions_running(&table, NULL));
    fettle_otadata otadata;
    fettle_otadata_read(&otadata, (fettle_span){room, 0x1010}); /* cut */
    assert_true(otadata.entries[0].is_valid);
    assert_false(otadata.entries[1].is_valid);
}

static void writes_what_starts_a_slot(void **state)
{
    (void)state;
    fettle_otadata otadata;
    assert_true(read_csv(usual));
    fettle_otadata_write(room, NULL, 0, 2);
    assert_string_equal("ota_0", running());
    assert_memory_equal("\x9A\x98\x43\x47", room + 28, 4);
    for (unsigned i = 1; i < 9; i++) {
        unsigned slot = i % 3 == 0 ? 0 : 1; /* also the same one again */
        fettle_otadata_read(&otadata, (fettle_span){room, 0x2000});
        fettle_otadata_write(room, &otadata, slot, 2);
        assert_string_equal(slot == 0 ? "ota_0" : "ota_1", running());
        fettle_otadata after;
        fettle_otadata_read(&after, (fettle_span){room, 0x2000});
        assert_true(after.entries[0].is_valid && after.entries[1].is_valid);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_table),
        cmocka_unit_test(reads_one_without_md5),
        cmocka_unit_test(sees_every_changed_byte),
        cmocka_unit_test(sees_every_cut),
        cmocka_unit_test(refuses_bad_rows),
        cmocka_unit_test(takes_95_rows),
        cmocka_unit_test(the_system_may_lie_below),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(reads_csv),
        cmocka_unit_test(fills_in_offsets),
        cmocka_unit_test(refuses_bad_csv),
        cmocka_unit_test(a_csv_file_becomes_a_table),
        cmocka_unit_test(names_types),
        cmocka_unit_test(finds_what_is_started),
        cmocka_unit_test(other_tables_start_something_else),
        cmocka_unit_test(writes_what_starts_a_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
