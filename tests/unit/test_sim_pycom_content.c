/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtual Pycom module has in its flash and what it starts, against sections 1.3, 4 and 6 of the fact sheet on
 * Pycom boards. Numbers that a CRC is in were computed elsewhere (zlib).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim_pycom_host.h"

#include "base/hash.h"

enum { TABLE = 0x8000, CONFIG = 0x3ff000, FACTORY = 0x10000 };

/* ---- modules ---- */

static const struct {
    const char *name, *firmware;
    size_t flash;
    bool is_second, has_lora, has_sigfox;
} modules[] = {
    {"wipy2", "WiPy", 4 << 20, false, false, false},
    {"wipy", "WiPy", 8 << 20, true, false, false},
    {"lopy", "LoPy", 4 << 20, false, true, false},
    {"l01", "LoPy", 8 << 20, true, true, false},
    {"lopy4", "LoPy4", 8 << 20, true, true, true},
    {"sipy", "SiPy", 4 << 20, false, false, true},
    {"gpy", "GPy", 8 << 20, true, false, false},
    {"fipy", "FiPy", 8 << 20, true, true, true},
};
static const char *const carriers[] = {"pysense",     "pytrack",     "pyscan",    "pygate",
                                       "expansion30", "expansion31", "expansion2"};

static bool is_all(const uint8_t *bytes, size_t size, uint8_t value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value) {
            return false;
        }
    }
    return true;
}

static void expect_module(size_t which, const char *carrier)
{
    char spec[64];
    size_t size, carrier_size;
    (void)snprintf(spec, sizeof spec, "%s+%s", modules[which].name, carrier);
    esp_host host = host_make_open(spec);
    const uint8_t *flash = fettle_sim_module(host.sim, 0, &size);
    assert_int_equal(modules[which].flash, size);
    (void)fettle_sim_memory(host.sim, 0, &carrier_size);
    assert_int_equal(strcmp(carrier, "expansion2") == 0 ? size : 16384, carrier_size);
    assert_true(pycom_boots(&host));
    const char *text = pycom_boot_text(&host);
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "; %s with ESP32", modules[which].firmware);
    assert_non_null(strstr(text, wanted));
    const uint8_t *config = flash + CONFIG;
    assert_int_equal(modules[which].has_lora, !is_all(config, 8, 0xff));
    assert_int_equal(modules[which].has_lora ? 5 : 0xff, config[52]);
    assert_int_equal(modules[which].has_sigfox, !is_all(config + 8, 44, 0xff));
    host_free(&host);
}

static void test_all_modules_on_all_carriers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        for (size_t j = 0; j < sizeof carriers / sizeof carriers[0]; j++) {
            expect_module(i, carriers[j]);
        }
    }
}

/* As a host asks: the revision's bits in the eFuses, and the id of the flash. */
static void test_revision_and_flash_id(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        char spec[64];
        (void)snprintf(spec, sizeof spec, "%s+pytrack", modules[i].name);
        esp_host host = pycom_make_loader(spec);
        assert_int_equal(modules[i].is_second, host_read_reg(&host, 0x3ff5a00c) >> 15 & 1);
        host_write_reg(&host, 0x3ff4202c, 23); /* 24 bits of RDID */
        host_write_reg(&host, 0x3ff4201c, 0x90000000);
        host_write_reg(&host, 0x3ff42024, 0x7000009f);
        host_write_reg(&host, 0x3ff42000, 1u << 18);
        assert_int_equal(modules[i].flash == 4 << 20 ? 0x16 : 0x17,
                         host_read_reg(&host, 0x3ff42080) >> 16);
        host_free(&host);
    }
    esp_host host = pycom_make_loader("lopy+pytrack,revision=100"); /* an odd one */
    assert_int_equal(1, host_read_reg(&host, 0x3ff5a00c) >> 15 & 1);
    host_free(&host);
}

static void test_macs_differ(void **state)
{
    (void)state;
    size_t size;
    esp_host host = host_make("lopy4+pytrack*2");
    const uint8_t *first = fettle_sim_module(host.sim, 0, &size) + CONFIG;
    const uint8_t *second = fettle_sim_module(host.sim, 1, &size) + CONFIG;
    assert_memory_not_equal(first, second, 8);
    assert_memory_not_equal(first + 8, second + 8, 4);
    assert_memory_not_equal(first + 20, second + 20, 32);
    host_free(&host);
}

/* ---- tables: section 4, word by word ---- */

typedef struct table_row {
    uint8_t type, subtype;
    uint32_t offset, size;
} table_row;

static void expect_table(const char *spec, const table_row *rows, size_t count)
{
    esp_host host = host_make(spec);
    const uint8_t *table = pycom_module(&host) + TABLE;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = table + 32 * i;
        assert_memory_equal("\xaa\x50", row, 2);
        assert_int_equal(rows[i].type, row[2]);
        assert_int_equal(rows[i].subtype, row[3]);
        assert_int_equal(rows[i].offset, fettle_get32(row + 4));
        assert_int_equal(rows[i].size, fettle_get32(row + 8));
    }
    assert_memory_not_equal("\xaa\x50", table + 32 * count, 2);
    assert_true(pycom_boots(&host));
    host_free(&host);
}

#define EXPECT_TABLE(spec, ...)                             \
    expect_table(spec, (const table_row[]){__VA_ARGS__},    \
                 sizeof((const table_row[]){__VA_ARGS__}) / \
                     sizeof((const table_row[]){__VA_ARGS__}[0]))

#define NVS                  \
    {                        \
        1, 2, 0x9000, 0x7000 \
    }
#define SETTINGS               \
    {                          \
        1, 6, 0x3ff000, 0x1000 \
    }

static void test_tables(void **state)
{
    (void)state;
    EXPECT_TABLE("lopy+pytrack", NVS, {0, 0, 0x10000, 0x1ae000}, {1, 0, 0x1be000, 0x1000},
                 {0, 16, 0x1c0000, 0x1ae000}, {1, 7, 0x370000, 0x10000},
                 {1, 5, 0x380000, 0x7f000}, SETTINGS);
    EXPECT_TABLE("lopy4+pytrack,layout=new", NVS, {0, 0, 0x10000, 0x1ef000},
                 {1, 0, 0x1ff000, 0x1000}, {0, 16, 0x210000, 0x1ef000}, SETTINGS);
    EXPECT_TABLE("lopy+pytrack,layout=old", NVS, {0, 0, 0x10000, 0x180000},
                 {1, 0, 0x190000, 0x1000}, {0, 16, 0x1a0000, 0x180000},
                 {1, 7, 0x320000, 0x60000}, {1, 5, 0x380000, 0x7f000}, SETTINGS);
    EXPECT_TABLE("lopy4+pytrack,layout=old", NVS, {0, 0, 0x10000, 0x180000},
                 {1, 0, 0x190000, 0x1000}, {0, 16, 0x1a0000, 0x180000}, SETTINGS);
    EXPECT_TABLE("lopy4+pytrack,layout=small-factory", NVS, {0, 0, 0x10000, 0xff000},
                 {1, 0, 0x10f000, 0x1000}, {0, 16, 0x110000, 0x2ef000}, SETTINGS);
}

static void test_what_no_module_has(void **state)
{
    (void)state;
    static const struct {
        const char *spec, *word;
    } rows[] = {
        {"lopy+pytrack,layout=small-factory", "8 MB"},
        {"lopy+expansion2,size=8MB", "4194304"},
        {"lopy4+pytrack,size=8MB", "16384"},
        {"lopy4+pytrack,bridge=ftdi", "isn't known"},
        {"lopy4+pytrack,circuit=direct", "isn't known"},
        {"lopy+expansion2,window=7", "isn't known"},
        {"lopy+expansion2,pic=silent", "isn't known"},
        {"pytrack,layout=old", "isn't known"},
        {"esp32,layout=old", "isn't known"},
        {"lopy4", "isn't known"},
        {"lopy4+", "isn't known"},
        {"lopy4+expansion", "isn't known"},
        {"lopy4+pytrack,module=x", "safe-boot"},
        {"lopy4+pytrack,wire=x", "noreset"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        expect_refused(rows[i].spec, rows[i].word);
    }
}

/* ---- content ---- */

static void test_header(void **state)
{
    (void)state;
    esp_host host = host_make("lopy+pytrack");
    assert_memory_equal("\xe9\x02\x02\x2f", pycom_module(&host) + 0x1000, 4);
    host_free(&host);
    host = host_make("lopy4+pytrack");
    assert_memory_equal("\xe9\x02\x02\x3f", pycom_module(&host) + 0x1000, 4);
    host_free(&host);
}

static bool has_text(const uint8_t *bytes, size_t size, const char *text)
{
    for (size_t i = 0; i + strlen(text) <= size; i++) {
        if (memcmp(bytes + i, text, strlen(text)) == 0) {
            return true;
        }
    }
    return false;
}

static void test_content(void **state)
{
    (void)state;
    esp_host host = host_make("lopy4+pytrack");
    const uint8_t *flash = pycom_module(&host);
    assert_true(has_text(flash + FACTORY, 0x1ef000, "Pycom MicroPython 1.20.2.r6 ["));
    assert_true(has_text(flash + FACTORY, 0x1ef000, "; LoPy4 with ESP32"));
    assert_false(is_all(flash + 0x9000, 0x7000, 0xff));
    assert_false(is_all(flash + 0x400000, 0x400000, 0xff));
    /* (0, 1, 0, length, 0), the signature, a CRC: what starts goes by it. */
    assert_memory_equal("\0\0\0\0\1\0\0\0\0\0\0\0", flash + 0x1ff000, 12);
    assert_true(is_all(flash + 0x1ff000 + 20, 16, 0xff));
    assert_true(is_all(flash + 0x1ff000 + 40, 0x1000 - 40, 0xff));
    const uint8_t *config = flash + CONFIG;
    assert_memory_equal("\x70\xb3\xd5\x49", config, 4);
    assert_int_equal(0xbb, config[53]);
    assert_string_equal("workshop", (const char *)config + 54);
    assert_string_equal("not a secret", (const char *)config + 87);
    assert_string_equal("LoPy4-wlan-c0de", (const char *)config + 536);
    assert_true(is_all(config + 1024, 0xc00, 0xff));
    host_free(&host);
    host = host_make("lopy+pytrack");
    assert_false(is_all(pycom_module(&host) + 0x380000, 0x7f000, 0xff));
    host_free(&host);
}

static void test_config(void **state)
{
    (void)state;
    esp_host host = host_make("lopy4+pytrack,config=no-region");
    assert_int_equal(0xff, pycom_module(&host)[CONFIG + 52]);
    assert_int_equal(0x70, pycom_module(&host)[CONFIG]);
    host_free(&host);
    host = host_make("lopy4+pytrack,config=blank");
    assert_true(is_all(pycom_module(&host) + CONFIG, 0x1000, 0xff));
    assert_true(pycom_boots(&host));
    host_free(&host);
}

static void test_blank(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,content=blank");
    const uint8_t *flash = pycom_module(&host);
    assert_true(is_all(flash, CONFIG, 0xff));
    assert_int_equal(0x70, flash[CONFIG]);
    assert_true(is_all(flash + 0x400000, 0x400000, 0xff));
    assert_false(pycom_boots(&host));
    assert_true(fettle_sim_is_bootable(host.sim, 0)); /* the shield */
    assert_int_equal(FETTLE_SIM_MODULE_NOTHING, pycom_runs(&host));
    assert_non_null(strstr(pycom_boot_text(&host), "invalid header: 0xffffffff"));
    assert_int_equal(8, pycom_enter(&host));
    assert_int_equal(8, pycom_sync(&host));
    host_free(&host);
    host = host_make("lopy4+pytrack,content=blank,config=blank");
    assert_true(is_all(pycom_module(&host), 8 << 20, 0xff));
    host_free(&host);
    host = host_make("lopy+expansion2,content=blank");
    assert_false(fettle_sim_is_bootable(host.sim, 0));
    host_free(&host);
}

/* ---- what starts ---- */

static void expect_running(const char *spec, fettle_sim_module_state slot,
                           const char *version)
{
    esp_host host = host_make_open(spec);
    assert_int_equal(slot, pycom_runs(&host));
    assert_string_equal(version, pycom_version(&host));
    assert_non_null(strstr(pycom_boot_text(&host), version));
    host_free(&host);
}

static void test_versions_and_slots(void **state)
{
    (void)state;
    expect_running("lopy4+pytrack", FETTLE_SIM_MODULE_FACTORY, "1.20.2.r6");
    expect_running("lopy4+pytrack,layout=old", FETTLE_SIM_MODULE_FACTORY, "1.18.2.r7");
    expect_running("lopy4+pytrack,layout=small-factory", FETTLE_SIM_MODULE_OTA_0,
                   "1.20.3.b3");
    expect_running("lopy4+pytrack,layout=small-factory,active=factory",
                   FETTLE_SIM_MODULE_FACTORY, "1.20.3.b3");
    expect_running("lopy+expansion2,active=ota_0,app-version=1.20.0.rc13",
                   FETTLE_SIM_MODULE_OTA_0, "1.20.0.rc13");
    expect_running("lopy+expansion2,active=ota_0,layout=old", FETTLE_SIM_MODULE_OTA_0,
                   "1.18.2.r7");
}

/* Of an old 4 MB layout. */
enum { OTADATA = 0x190000, OTA_0 = 0x1a0000 };

static void put_otadata(esp_host *host, const char *hex)
{
    uint8_t *at = pycom_module(host) + OTADATA;
    memset(at, 0xff, 0x1000);
    assert_int_equal(40, pycom_unhex(hex, at));
}

#define SIGNATURE    "FFFFFFFF FFFFFFFF FFFFFFFF FFFFFFFF"
#define RUNS_FACTORY "00000000 01000000 00000000 45230100 00000000" SIGNATURE "B227FA70"
#define RUNS_OTA_0   "01000000 00000000 00000000 45230100 00000000" SIGNATURE "8DF65014"
#define RUNS_SAFE    "01000000 01000000 00000000 45230100 01000000" SIGNATURE "61C8ED80"
#define RUNS_NONE    "07000000 01000000 00000000 45230100 00000000" SIGNATURE "DB044A2C"

static void expect_start(esp_host *host, fettle_sim_module_state slot)
{
    assert_int_equal(slot != FETTLE_SIM_MODULE_NOTHING, pycom_boots(host));
    pycom_hand(host, FETTLE_SIM_PRESS_RESET);
    assert_int_equal(slot, pycom_runs(host));
}

static void test_otadata(void **state)
{
    (void)state;
    esp_host host = host_make("lopy+expansion2,layout=old,active=ota_0");
    uint8_t *flash = pycom_module(&host);
    assert_memory_equal("\1\0\0\0\1\0\0\0\0\0\0\0", flash + OTADATA, 12);
    put_otadata(&host, RUNS_FACTORY);
    expect_start(&host, FETTLE_SIM_MODULE_FACTORY);
    assert_string_equal("1.18.1.r1", pycom_version(&host));
    put_otadata(&host, RUNS_OTA_0);
    expect_start(&host, FETTLE_SIM_MODULE_OTA_0);
    put_otadata(&host, RUNS_NONE);
    expect_start(&host, FETTLE_SIM_MODULE_NOTHING);
    put_otadata(&host, RUNS_OTA_0);
    flash[OTADATA + 39] ^= 1; /* the CRC */
    expect_start(&host, FETTLE_SIM_MODULE_FACTORY);
    put_otadata(&host, RUNS_OTA_0);
    flash[OTADATA + 12] ^= 1; /* what it covers */
    expect_start(&host, FETTLE_SIM_MODULE_FACTORY);
    memset(flash + OTADATA, 0xff, 0x1000);
    expect_start(&host, FETTLE_SIM_MODULE_FACTORY);
    /* ESP-IDF's own otadata: it is of no use here. */
    assert_int_equal(32, pycom_unhex("01000000" SIGNATURE "FFFFFFFF FFFFFFFF 9A984347",
                                     flash + OTADATA));
    expect_start(&host, FETTLE_SIM_MODULE_FACTORY);
    /* Only what is named there: no other slot does instead. */
    put_otadata(&host, RUNS_OTA_0);
    flash[OTA_0 + 0x3000] ^= 1;
    expect_start(&host, FETTLE_SIM_MODULE_NOTHING);
    put_otadata(&host, RUNS_FACTORY);
    expect_start(&host, FETTLE_SIM_MODULE_FACTORY);
    flash[FACTORY + 0x3000] ^= 1;
    expect_start(&host, FETTLE_SIM_MODULE_NOTHING);
    host_free(&host);
}

static void test_safe_boot_of_otadata(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy+expansion2,layout=old,active=ota_0");
    put_otadata(&host, RUNS_SAFE);
    assert_non_null(strstr(pycom_boot_text(&host), "Safe boot"));
    assert_int_equal(FETTLE_SIM_MODULE_OTA_0, pycom_runs(&host));
    host_free(&host);
}

/* otadata is the third entry, whatever it is called; without a table nothing starts. */
static void test_table_is_followed(void **state)
{
    (void)state;
    esp_host host = host_make_open("lopy4+pytrack,layout=old,active=ota_0");
    uint8_t *table = pycom_module(&host) + TABLE, row[32];
    memcpy(row, table + 32, 32);
    memmove(table + 32, table + 64, 32); /* factory and otadata change places */
    memcpy(table + 64, row, 32);
    expect_start(&host, FETTLE_SIM_MODULE_FACTORY);
    memset(table, 0xff, 0x1000);
    expect_start(&host, FETTLE_SIM_MODULE_NOTHING);
    assert_non_null(strstr(host_listen(&host, 500 * MS), "partition table"));
    host_free(&host);
}

/* dio, 80 MHz, the true size: or there is what people have seen. */
static void test_guru_meditation(void **state)
{
    (void)state;
    static const uint8_t wrong[][2] = {{0, 0x3f}, {2, 0x30}, {2, 0x2f}};
    for (size_t i = 0; i < 3; i++) {
        for (int is_any_right = 0; is_any_right < 2; is_any_right++) {
            esp_host host = host_make_open(is_any_right != 0 ? "lopy4+pytrack,header=any"
                                                             : "lopy4+pytrack");
            uint8_t *flash = pycom_module(&host), digest[FETTLE_SHA256_SIZE];
            memcpy(flash + 0x1002, wrong[i], 2);
            size_t end = 0x1000 + 24 + 8 + 0x1800 + 8 + 0x2400; /* two segments */
            end += 16 - end % 16;
            fettle_sha256 sha256;
            fettle_sha256_init(&sha256);
            fettle_sha256_feed(&sha256, (fettle_span){flash + 0x1000, end - 0x1000});
            fettle_sha256_finish(&sha256, digest);
            memcpy(flash + end, digest, sizeof digest);
            assert_int_equal(is_any_right, pycom_boots(&host));
            const char *text = pycom_boot_text(&host);
            assert_int_equal(is_any_right, strstr(text, "Guru Meditation") == NULL);
            assert_int_equal(is_any_right, strstr(text, "1.20.2.r6") != NULL);
            host_free(&host);
        }
    }
}

/* ---- files ---- */

static void test_module_flash_file(void **state)
{
    (void)state;
    char name[200], spec[300];
    size_t size;
    const char *folder = getenv("TMPDIR");
    (void)snprintf(name, sizeof name, "%s/fettle-test-pycom-%p",
                   folder != NULL ? folder : "/tmp", (void *)&size);
    (void)remove(name);
    static const char *const forms[] = {"lopy+pytrack,module-flash",
                                        "lopy+expansion2,module-flash",
                                        "lopy+expansion2,flash"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(spec, sizeof spec, "%s=%s", forms[i], name);
        esp_host host = host_make(spec);
        uint8_t *flash = fettle_sim_module(host.sim, 0, &size);
        assert_int_equal(i, flash[0x300000] == 0xff ? 0 : flash[0x300000]);
        flash[0x300000] = (uint8_t)(i + 1);
        host_free(&host);
    }
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    assert_int_equal(0, fseek(file, 0, SEEK_END));
    assert_int_equal(4 << 20, ftell(file));
    (void)fclose(file);
    (void)remove(name);
}

/* What a module has got stands in its file at once. */
static void test_module_flash_file_is_written_through(void **state)
{
    (void)state;
    char name[200], spec[300];
    uint8_t block[0x400], got[0x400];
    const char *folder = getenv("TMPDIR");
    (void)snprintf(name, sizeof name, "%s/fettle-test-pycom-%p",
                   folder != NULL ? folder : "/tmp", (void *)block);
    (void)remove(name);
    memset(block, 0x5a, sizeof block);
    (void)snprintf(spec, sizeof spec, "lopy4+pytrack,module-flash=%s", name);
    esp_host host = pycom_make_loader(spec);
    assert_int_equal(0, host_ask(&host, 0x02, 3000 * MS, 0x400, 1, 0x400, 0x300000));
    host_send_block(&host, 0x03, 0, block, sizeof block);
    assert_int_equal(0, host_status(&host, 0x03, 0, 500 * MS));
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    assert_int_equal(0, fseek(file, 0x300000, SEEK_SET));
    assert_int_equal(sizeof got, fread(got, 1, sizeof got, file));
    assert_memory_equal(block, got, sizeof got);
    (void)fclose(file);
    host_free(&host);
    (void)remove(name);
}

/* As boards without one say. */
static void test_no_module(void **state)
{
    (void)state;
    static const char *const specs[] = {"pytrack", "esp32", "dfu"};
    for (size_t i = 0; i < 3; i++) {
        size_t size;
        const char *version;
        esp_host host = host_make(specs[i]);
        assert_null(fettle_sim_module(host.sim, 0, &size));
        assert_false(fettle_sim_module_is_bootable(host.sim, 0));
        assert_int_equal(FETTLE_SIM_MODULE_NOTHING,
                         fettle_sim_module_runs(host.sim, 0, &version));
        assert_string_equal("", version);
        pycom_hand(&host, FETTLE_SIM_WIRE_AND_RESET);
        fettle_sim_hear(host.sim, NULL, FETTLE_ASK_WIRE);
        host_wait(&host, 2000 * MS);
        host_free(&host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_modules_on_all_carriers),
        cmocka_unit_test(test_revision_and_flash_id),
        cmocka_unit_test(test_macs_differ),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_what_no_module_has),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_config),
        cmocka_unit_test(test_blank),
        cmocka_unit_test(test_versions_and_slots),
        cmocka_unit_test(test_otadata),
        cmocka_unit_test(test_safe_boot_of_otadata),
        cmocka_unit_test(test_table_is_followed),
        cmocka_unit_test(test_guru_meditation),
        cmocka_unit_test(test_module_flash_file),
        cmocka_unit_test(test_module_flash_file_is_written_through),
        cmocka_unit_test(test_no_module),
    };
    return cmocka_run_group_tests_name("sim_pycom_content", tests, NULL, NULL);
}
