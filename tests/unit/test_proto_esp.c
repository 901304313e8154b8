/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ESP loader at work: identity, flash, hashes, writing, erasing, reading, the stub; byte by byte as the
 * protocol's description has it, and with everything that a line does to frames.
 */
#include "esp_loader.h"

static struct loader loader; /* too large for a stack */

enum { CONTENT = 0x9000, AT = 0x10000 };

static uint8_t content[CONTENT], deflated[CONTENT], other[CONTENT];
static fettle_esp_region region;

static const fettle_error *error(void)
{
    return &loader.esp.engine.error;
}

static bool run(fettle_engine *engine)
{
    return loader_run(&loader, engine);
}

static void begin_session(const char *chip)
{
    loader_reset(&loader, chip);
    assert_true(run(fettle_esp_connect(&loader.esp)));
    assert_true(run(fettle_esp_identify(&loader.esp)));
}

static void load_stub(void)
{
    const fettle_esp_stub stub = {.text = {content, 0x1900},
                                  .data = {content, 8},
                                  .text_address = 0x40380000,
                                  .data_address = 0x3FC96D68,
                                  .entry = 0x40380000};
    assert_true(run(fettle_esp_load_stub(&loader.esp, &stub)));
}

static void begin_on_stub(const char *chip)
{
    begin_session(chip);
    assert_true(run(fettle_esp_attach(&loader.esp)));
    load_stub();
    assert_true(loader.esp.is_stub);
}

/* The loader of the tests takes a stream of half the size for the content itself, when half of that is here. */
static void make_region(size_t size, bool is_deflated)
{
    for (size_t i = 0; i < CONTENT; i++) {
        content[i] = (uint8_t)(i * 7 + i / 256 + 1);
        deflated[i] = (uint8_t)(i * 13);
    }
    region = (fettle_esp_region){.address = AT, .data = {content, size}};
    if (is_deflated) {
        region.deflated = (fettle_span){deflated, size / 2};
        loader.inflated = content;
        loader.inflated_size = size;
    }
}

static bool write_region(void)
{
    return run(fettle_esp_write(&loader.esp, &region));
}

static void expect_written(void)
{
    assert_memory_equal(content, loader.flash + AT, region.data.size);
    assert_int_equal(0xFF, loader.flash[AT - 1]);
}

static void expect_first(uint8_t opcode, const uint8_t *bytes, size_t size)
{
    assert_int_equal(size, loader.first_size[opcode]);
    assert_memory_equal(bytes, loader.first_of[opcode], size);
}

static void fill_flash(void)
{
    for (size_t i = 0; i < sizeof loader.flash; i++) {
        loader.flash[i] = (uint8_t)(i * 11 + i / 999);
    }
}

#define EXPECT_FIRST(opcode, ...)                        \
    expect_first(opcode, (const uint8_t[]){__VA_ARGS__}, \
                 sizeof((const uint8_t[]){__VA_ARGS__}))

/* ---- identity ---- */

static void test_an_esp32(void **state)
{
    (void)state;
    begin_session("esp32");
    const fettle_esp_identity *identity = &loader.esp.identity;
    static const uint8_t mac[] = {0x24, 0x0A, 0x0A, 0xC4, 0xC0, 0xDE};
    assert_string_equal("ESP32", identity->chip->name);
    assert_memory_equal(mac, identity->mac, 6);
    assert_true(identity->has_mac && identity->has_revision);
    assert_int_equal(100, identity->revision);
    assert_string_equal("ESP32-D0WD", identity->package_name);
    assert_int_equal(40, identity->crystal_mhz);
    assert_int_equal(0, loader.counts[0x14]); /* old ROMs aren't asked */
    EXPECT_FIRST(0x0A, 0xC0, 0x00, 0x0A, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
                 0x00, 0x40, 0xC0);
}

static void test_an_esp8266(void **state)
{
    (void)state;
    begin_session("esp8266");
    static const uint8_t mac[] = {0xAC, 0xD0, 0x74, 0x34, 0x56, 0x12};
    assert_string_equal("ESP8266", loader.esp.identity.chip->name);
    assert_memory_equal(mac, loader.esp.identity.mac, 6);
    assert_int_equal(26, loader.esp.identity.crystal_mhz);
    assert_false(loader.esp.identity.has_security);
}

static void test_an_esp32c3(void **state)
{
    (void)state;
    begin_session("esp32c3");
    assert_string_equal("ESP32-C3", loader.esp.identity.chip->name);
    assert_int_equal(3, loader.esp.identity.revision);
    assert_true(loader.esp.identity.has_security);
    assert_false(loader.esp.identity.is_secure_download);
    EXPECT_FIRST(0x14, 0xC0, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0);
}

/* A magic number that no row has; the id has. */
static void test_a_new_magic(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32c3");
    loader_set(&loader, FETTLE_ESP_MAGIC_ADDRESS, 0x12345678);
    assert_true(run(fettle_esp_connect(&loader.esp)));
    assert_true(run(fettle_esp_identify(&loader.esp)));
    assert_string_equal("ESP32-C3", loader.esp.identity.chip->name);
    assert_int_equal(2, loader.counts[0x14]); /* one bit more would be a C6 */
}

static void test_unknown_chips(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32c3");
    loader_set(&loader, FETTLE_ESP_MAGIC_ADDRESS, 0x12345678);
    loader.security[12] = 99;
    assert_true(run(fettle_esp_connect(&loader.esp)));
    assert_false(run(fettle_esp_identify(&loader.esp)));
    assert_int_equal(FETTLE_E_ESP_UNKNOWN_CHIP, error()->code);
    assert_non_null(strstr(error()->message, "chip id 99"));

    loader_reset(&loader, "esp32");
    loader_set(&loader, FETTLE_ESP_MAGIC_ADDRESS, 0x12345678);
    loader.answers_unknown_as_sync = true;
    assert_true(run(fettle_esp_connect(&loader.esp)));
    assert_false(run(fettle_esp_identify(&loader.esp)));
    assert_non_null(strstr(error()->message, "magic number 0x12345678"));
}

static void test_another_chip_than_meant(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    loader.esp.setup.expected = fettle_chip_named("esp32s3");
    assert_true(run(fettle_esp_connect(&loader.esp)));
    assert_false(run(fettle_esp_identify(&loader.esp)));
    assert_int_equal(FETTLE_E_ESP_OTHER_CHIP, error()->code);
    assert_non_null(strstr(error()->message, "ESP32, and not an ESP32-S3"));
}

static void test_secure_download(void **state)
{
    (void)state;
    for (unsigned as_sync = 0; as_sync < 2; as_sync++) {
        loader_reset(&loader, "esp32c3");
        loader.is_secure = true;
        loader.answers_unknown_as_sync = as_sync != 0;
        loader.security[0] = 1 << 2 | 1;
        loader.security[4] = 1;
        assert_true(run(fettle_esp_connect(&loader.esp)));
        assert_true(run(fettle_esp_identify(&loader.esp)));
        const fettle_esp_identity *identity = &loader.esp.identity;
        assert_true(identity->is_secure_download && identity->is_secure_boot);
        assert_true(identity->is_encrypted && identity->refuses_plain);
        assert_false(identity->has_mac || identity->has_revision);

        assert_true(run(fettle_esp_attach(&loader.esp)));
        assert_int_equal(0, loader.esp.flash_size);
        assert_false(run(fettle_esp_hash(&loader.esp, AT, 16)));
        assert_int_equal(FETTLE_E_ESP_SECURE_DOWNLOAD, error()->code);
        assert_int_equal(0, loader.counts[0x13]); /* it isn't even tried */
        assert_false(run(fettle_esp_read(&loader.esp, AT, other, 16)));
        assert_int_equal(FETTLE_E_ESP_SECURE_DOWNLOAD, error()->code);
        const fettle_esp_stub stub = {.text = {content, 8}};
        assert_true(run(fettle_esp_load_stub(&loader.esp, &stub)));
        assert_int_equal(FETTLE_ESP_STUB_UNFIT, loader.esp.stub_state);
        assert_int_equal(0, loader.counts[0x05]);
        make_region(0x800, true);
        assert_true(write_region());
        assert_int_equal(0, loader.counts[0x10]); /* no deflated writes there */
        expect_written();
    }
}

/* The answer to one register comes when another is asked: it must not be believed. */
static void test_late_registers(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth < 16; nth++) {
        for (enum spoil spoil = LOST_REQUEST; spoil <= SHORT_REPLY; spoil++) {
            loader_reset(&loader, "esp32");
            loader.reads_frames = true;
            loader.spoiled_opcode = 0x0A;
            loader.spoiled_nth = nth;
            loader.spoil = spoil;
            assert_true(run(fettle_esp_connect(&loader.esp)));
            assert_true(run(fettle_esp_identify(&loader.esp)));
            static const uint8_t mac[] = {0x24, 0x0A, 0x0A, 0xC4, 0xC0, 0xDE};
            assert_string_equal("ESP32", loader.esp.identity.chip->name);
            assert_memory_equal(mac, loader.esp.identity.mac, 6);
            assert_int_equal(100, loader.esp.identity.revision);
        }
    }
}

/* Each register is asked twice, and every answer is due when the next is asked. */
static void test_all_registers_late(void **state)
{
    static const uint8_t mac[] = {0x24, 0x0A, 0x0A, 0xC4, 0xC0, 0xDE};
    (void)state;
    loader_reset(&loader, "esp32");
    assert_true(run(fettle_esp_connect(&loader.esp)));
    loader.reads_frames = true;
    loader.spoiled_opcode = 0x0A;
    loader.spoiled_nth = 1;
    loader.spoil = LATE_REPLY;
    loader.spoils_all_after = true;
    assert_true(run(fettle_esp_identify(&loader.esp)));
    assert_string_equal("ESP32", loader.esp.identity.chip->name);
    assert_memory_equal(mac, loader.esp.identity.mac, 6);
    assert_int_equal(100, loader.esp.identity.revision);
    assert_int_equal(0, loader.esp.garbled);
}

/* Replies have no checksum: a wrong bit is found because everything that counts is asked twice. */
static void test_flipped_registers(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth < 16; nth++) {
        loader_reset(&loader, "esp32");
        loader.spoiled_opcode = 0x0A;
        loader.spoiled_nth = nth;
        loader.spoil = FLIPPED;
        assert_true(run(fettle_esp_connect(&loader.esp)));
        assert_true(run(fettle_esp_identify(&loader.esp)));
        static const uint8_t mac[] = {0x24, 0x0A, 0x0A, 0xC4, 0xC0, 0xDE};
        assert_string_equal("ESP32", loader.esp.identity.chip->name);
        assert_memory_equal(mac, loader.esp.identity.mac, 6);
        assert_int_equal(100, loader.esp.identity.revision);
    }
}

/* Frames of another kind are skipped, but not for ever. */
static void test_too_many_strays(void **state)
{
    (void)state;
    begin_session("esp32");
    fill_flash();
    loader.spoiled_opcode = 0x13;
    loader.spoiled_nth = 1;
    loader.spoil = STRAYS;
    fettle_us before = loader.now;
    assert_true(run(fettle_esp_hash(&loader.esp, AT, 0x1000)));
    assert_int_equal(1, loader.esp.repeats);
    assert_true(loader.now - before < SECOND); /* the time for an answer isn't waited for */
}

static void test_watchdogs_on_usb(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32c3");
    loader.esp.setup.port = FETTLE_ESP_PORT_JTAG;
    loader_set(&loader, 0x60008090, 0x80013F00);
    loader_set(&loader, 0x600080AC, 0x10);
    assert_true(run(fettle_esp_connect(&loader.esp)));
    assert_true(run(fettle_esp_identify(&loader.esp)));
    assert_int_equal(0, *loader_register(&loader, 0x60008090));
    assert_int_equal(0x80000010, *loader_register(&loader, 0x600080AC));
    assert_int_equal(0, *loader_register(&loader, 0x600080A8)); /* locked again */
    assert_int_equal(0, *loader_register(&loader, 0x600080B0));
}

/* ---- the flash ---- */

static void test_attach(void **state)
{
    (void)state;
    begin_session("esp32");
    assert_true(run(fettle_esp_attach(&loader.esp)));
    assert_int_equal(0x1640EF, loader.esp.flash_id);
    assert_int_equal(0x400000, loader.esp.flash_size);
    EXPECT_FIRST(0x0D, 0xC0, 0x00, 0x0D, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0);
    EXPECT_FIRST(0x0B, 0xC0, 0x00, 0x0B, 0x18, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                 0x00, 0x00, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x10,
                 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00, 0xC0);
}

/* Flash inside of the package hangs on other pins, which its eFuses tell. */
static void test_pads(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    loader_set(&loader, 0x3FF5A014, 6 | 17 << 5 | 8 << 10 | 16 << 15);
    loader_set(&loader, 0x3FF5A00C, 11 << 4);
    assert_true(run(fettle_esp_connect(&loader.esp)));
    assert_true(run(fettle_esp_identify(&loader.esp)));
    assert_true(run(fettle_esp_attach(&loader.esp)));
    assert_int_equal(11U << 24 | 16 << 18 | 8 << 12 | 17 << 6 | 6,
                     fettle_get32(loader.first_of[0x0D] + 9));
}

static void test_attach_on_esp8266(void **state)
{
    (void)state;
    begin_session("esp8266");
    assert_true(run(fettle_esp_attach(&loader.esp)));
    assert_int_equal(0x400000, loader.esp.flash_size);
    assert_int_equal(0, loader.counts[0x0D]);
    assert_int_equal(0, loader.counts[0x0B]);
    assert_int_equal(1, loader.counts[0x02]);
}

static void test_flash_that_does_not_answer(void **state)
{
    static const uint32_t ids[] = {0xFFFFFFFF, 0, 0x00FFFF3F};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin_session("esp32c3");
        loader.flash_id = ids[i];
        loader.sfdp = 0xFFFFFFFF;
        assert_false(run(fettle_esp_attach(&loader.esp)));
        assert_int_equal(FETTLE_E_ESP_FLASH_SILENT, error()->code);
    }
    begin_session("esp32c3");
    loader.flash_id = 0xFFFFFFFF;
    loader.sfdp = 0x50444653;
    assert_true(run(fettle_esp_attach(&loader.esp)));
    assert_int_equal(0, loader.esp.flash_size);
}

static void test_sizes_of_flash(void **state)
{
    static const struct {
        uint32_t id, size;
    } sizes[] = {
        {0x1240EF, 256 << 10}, {0x1640EF, 4 << 20},  {0x1840EF, 16 << 20},
        {0x1C40EF, 256 << 20}, {0x2020C2, 64 << 20}, {0x2220C2, 256 << 20},
        {0x3225C2, 256 << 10}, {0x3925C2, 32 << 20}, {0x3A25C2, 64 << 20},
        {0x01041F, 512 << 10}, {0x01091F, 16 << 20}, {0x010A1F, 0},
        {0x1140EF, 0},         {0x1D40EF, 0},        {0x3B25C2, 0},
        {0xFFFFFF, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(sizes[i].size, fettle_esp_size_of_flash(sizes[i].id));
    }
}

static void test_hash(void **state)
{
    (void)state;
    begin_session("esp32");
    loader.flash[AT] = 0xE9;
    loader.flash[AT + 1] = 0xC0;
    loader.flash[AT + 2] = 0xDB;
    loader.flash[AT + 3] = 0x00;
    static const uint8_t md5[] = {0x3D, 0x28, 0xB2, 0xAF, 0xE0, 0x5C, 0x3A, 0xF1,
                                  0xA6, 0xDC, 0x2B, 0x14, 0x12, 0x6F, 0x4C, 0x00};
    assert_true(run(fettle_esp_hash(&loader.esp, AT, 1024)));
    assert_memory_equal(md5, loader.esp.md5, 16);
    EXPECT_FIRST(0x13, 0xC0, 0x00, 0x13, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                 0x01, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                 0x00, 0x00, 0xC0);
    load_stub();
    memset(loader.esp.md5, 0, 16);
    assert_true(run(fettle_esp_hash(&loader.esp, AT, 1024)));
    assert_memory_equal(md5, loader.esp.md5, 16);
}

static void expect_hash(uint32_t address, uint32_t size)
{
    fettle_md5 md5;
    uint8_t digest[FETTLE_MD5_SIZE];
    fettle_md5_init(&md5);
    fettle_md5_feed(&md5, (fettle_span){loader.flash + address, size});
    fettle_md5_finish(&md5, digest);
    assert_true(run(fettle_esp_hash(&loader.esp, address, size)));
    assert_memory_equal(digest, loader.esp.md5, sizeof digest);
}

/* What is left of one answer must not be taken for the next one, nor a part of one for a whole. */
static void test_spoiled_hashes(void **state)
{
    (void)state;
    for (unsigned is_stub = 0; is_stub < 2; is_stub++) {
        for (enum spoil spoil = LOST_REQUEST; spoil <= BAD_CHECKSUM; spoil++) {
            (is_stub != 0 ? begin_on_stub : begin_session)("esp32c3");
            fill_flash();
            loader.reads_frames = true;
            loader.spoiled_opcode = 0x13;
            loader.spoiled_nth = 2;
            loader.spoil = spoil;
            for (uint32_t i = 0; i < 4; i++) {
                expect_hash(AT + i * 0x1000, 0x1000);
            }
        }
    }
}

/* ---- answers that come when nobody waits for them any more ---- */

static void make_late(uint8_t opcode, unsigned nth)
{
    loader.reads_frames = true;
    loader.spoiled_opcode = opcode;
    loader.spoiled_nth = nth;
    loader.spoil = LATE_REPLY;
    loader.spoils_all_after = true;
}

/* Each request is sent twice and answered twice: the second answer must not be that to the next. */
static void test_late_hashes(void **state)
{
    (void)state;
    for (unsigned is_stub = 0; is_stub < 2; is_stub++) {
        (is_stub != 0 ? begin_on_stub : begin_session)("esp32c3");
        fill_flash();
        make_late(0x13, 1);
        unsigned syncs = loader.counts[0x08];
        for (uint32_t i = 0; i < 4; i++) {
            expect_hash(AT + i * 0x1000, 0x1000);
        }
        assert_int_equal(8, loader.counts[0x13]);
        assert_int_equal(syncs + 3, loader.counts[0x08]); /* one fence between two */
    }
}

/* SYNC comes late as well: so do its answers, all of them. */
static void test_a_line_that_lags(void **state)
{
    (void)state;
    for (unsigned is_stub = 0; is_stub < 2; is_stub++) {
        (is_stub != 0 ? begin_on_stub : begin_session)("esp32c3");
        fill_flash();
        make_late(ANY_OPCODE, (unsigned)loader.seen_count + 1);
        for (uint32_t i = 0; i < 4; i++) {
            expect_hash(AT + i * 0x1000, 0x1000);
        }
    }
}

/* One answer was due when another verb begins. */
static void test_late_across_verbs(void **state)
{
    (void)state;
    begin_session("esp32c3");
    fill_flash();
    make_late(0x13, 1);
    loader.spoil_at = loader.effects + 3; /* the port fails while the hash is awaited */
    loader.spoil_outcome = FETTLE_ERROR;
    assert_false(run(fettle_esp_hash(&loader.esp, AT, 0x1000)));
    loader.spoils_all_after = false;
    expect_hash(AT + 0x2000, 0x1000);
}

/* Where nothing came twice there is nothing to wait for, and no more than one SYNC to ask. */
static void test_what_a_fence_costs(void **state)
{
    (void)state;
    begin_session("esp32c3");
    fill_flash();
    unsigned effects = loader.effects, syncs = loader.counts[0x08];
    expect_hash(AT, 0x1000);
    unsigned of_one = loader.effects - effects;
    loader.spoiled_opcode = 0x13;
    loader.spoiled_nth = 2;
    loader.spoil = LOST_REQUEST;
    expect_hash(AT, 0x1000);
    fettle_us before = loader.now;
    effects = loader.effects;
    expect_hash(AT + 0x1000, 0x1000);
    assert_int_equal(syncs + 1, loader.counts[0x08]);
    assert_true(loader.now - before < 100 * MS);
    effects = loader.effects;
    expect_hash(AT + 0x2000, 0x1000); /* and that was it */
    assert_int_equal(of_one, loader.effects - effects);
    assert_int_equal(syncs + 1, loader.counts[0x08]);
}

/* A fence that is lost is set again; of a chip that says nothing at all it isn't waited for long. */
static void test_a_fence_that_is_lost(void **state)
{
    (void)state;
    begin_session("esp32c3");
    fill_flash();
    make_late(0x13, 1);
    expect_hash(AT, 0x1000);
    loader.spoiled_opcode = 0x08;
    loader.spoiled_nth = loader.counts[0x08] + 1;
    loader.spoil = LOST_REQUEST;
    loader.spoils_all_after = false;
    expect_hash(AT + 0x1000, 0x1000);

    begin_session("esp32c3");
    loader.is_deaf = true;
    assert_false(run(fettle_esp_hash(&loader.esp, AT, 0x1000)));
    fettle_us before = loader.now;
    assert_false(run(fettle_esp_hash(&loader.esp, AT, 0x1000)));
    assert_true(loader.now - before < 11 * SECOND);
    assert_int_equal(FETTLE_E_NO_ANSWER, loader.esp.engine.error.code);
}

/* An erasing that was asked for twice isn't the next one, and isn't over before it is. */
static void test_late_erasing(void **state)
{
    (void)state;
    for (unsigned is_stub = 0; is_stub < 2; is_stub++) {
        (is_stub != 0 ? begin_on_stub : begin_session)("esp32c3");
        make_late(is_stub != 0 ? 0xD1 : 0x02, 1);
        memset(loader.flash, 0, LOADER_FLASH);
        assert_true(run(fettle_esp_erase(&loader.esp, 0x3F000, 0x1000)));
        assert_true(run(fettle_esp_erase(&loader.esp, 0x30000, 0x1000)));
        assert_int_equal(0xFF, loader.flash[0x30000]);
        assert_int_equal(4, loader.counts[is_stub != 0 ? 0xD1 : 0x02]);
    }
}

static void test_what_a_rom_cannot(void **state)
{
    (void)state;
    begin_session("esp8266");
    assert_false(fettle_esp_can_hash(&loader.esp) || fettle_esp_can_read(&loader.esp));
    assert_false(run(fettle_esp_hash(&loader.esp, AT, 1024)));
    assert_int_equal(FETTLE_E_ESP_CANNOT, error()->code);
    assert_false(run(fettle_esp_read(&loader.esp, AT, other, 64)));
    assert_int_equal(FETTLE_E_ESP_CANNOT, error()->code);
    begin_session("esp32c3");
    make_region(0x1000, false);
    region.address = 0x1000000; /* it would wrap to 0 */
    assert_false(write_region());
    assert_int_equal(FETTLE_E_ESP_CANNOT, error()->code);
    assert_int_equal(0, loader.counts[0x02]);
}

/* ---- writing ---- */

static void test_plain_on_esp32(void **state)
{
    (void)state;
    begin_session("esp32");
    make_region(1024, false);
    memset(content, 0xFF, 1024);
    memcpy(content, "\xE9\xC0\xDB\x00", 4);
    assert_true(write_region());
    EXPECT_FIRST(0x02, 0xC0, 0x00, 0x02, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04,
                 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00,
                 0x01, 0x00, 0xC0);
    static const uint8_t data[] = {0xC0, 0x00, 0x03, 0x10, 0x04, 0x1D, 0x00, 0x00,
                                   0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00,
                                   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                   0x00, 0xE9, 0xDB, 0xDC, 0xDB, 0xDD, 0x00, 0xFF};
    assert_memory_equal(data, loader.first_of[0x03], sizeof data);
    assert_int_equal(1052, loader.last_frame_size);
    assert_int_equal(0, loader.counts[0x04]); /* it would leave its loader */
    expect_written();
    assert_int_equal(1024, loader.esp.engine.done);
}

static void test_deflated_on_esp32c3(void **state)
{
    (void)state;
    begin_session("esp32c3");
    make_region(1024, true);
    assert_true(write_region());
    EXPECT_FIRST(0x10, 0xC0, 0x00, 0x10, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04,
                 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00,
                 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0);
    expect_written();
    assert_int_equal(512, loader.last_words[0]); /* not padded */
    make_region(1000, true);
    assert_true(write_region());
    assert_int_equal(1024, loader.erase_told); /* whole blocks */
}

static void test_plain_on_esp32c3(void **state)
{
    (void)state;
    begin_session("esp32c3");
    make_region(1024, false);
    assert_true(write_region());
    EXPECT_FIRST(0x02, 0xC0, 0x00, 0x02, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04,
                 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00,
                 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0);
}

static void test_a_stream_that_is_larger(void **state)
{
    (void)state;
    begin_session("esp32c3");
    make_region(1024, true);
    region.deflated.size = 1025;
    assert_true(write_region());
    assert_int_equal(0, loader.counts[0x10]);
    expect_written();
}

static void test_no_deflated_writes_on_esp8266(void **state)
{
    (void)state;
    begin_session("esp8266");
    make_region(0x2345, true);
    assert_true(write_region());
    assert_int_equal(0, loader.counts[0x10]);
    assert_int_equal(9, loader.counts[0x03]);
}

static void test_on_a_stub(void **state)
{
    (void)state;
    begin_on_stub("esp32c3");
    make_region(0x8001, false);
    assert_true(write_region());
    assert_int_equal(3, loader.counts[0x03]); /* even ones, not two and a byte */
    assert_int_equal(0x2AAC,
                     loader.first_of[0x02][9 + 8] | loader.first_of[0x02][9 + 9] << 8);
    assert_int_equal(0x8001, loader.erase_told);
    assert_int_equal(1, loader.counts[0x04]);
    assert_int_equal(1, loader.last_words[0]); /* it stays */
    expect_written();
    make_region(0x9000, true);
    assert_true(write_region());
    assert_int_equal(2, loader.counts[0x11]);
    assert_int_equal(1, loader.counts[0x12]);
    expect_written();
}

/* Each request in turn: lost, its reply lost, doubled, late, short, refused for its checksum. */
static void spoil_every_request(const char *chip, bool is_stub, bool is_deflated)
{
    static const uint8_t opcodes[] = {0x02, 0x03, 0x04, 0x10, 0x11, 0x12};
    for (size_t k = 0; k < sizeof opcodes; k++) {
        for (unsigned nth = 1; nth <= 6; nth++) {
            for (enum spoil spoil = LOST_REQUEST; spoil <= BAD_CHECKSUM; spoil++) {
                (is_stub ? begin_on_stub : begin_session)(chip);
                make_region(0x1400, is_deflated);
                memset(loader.counts, 0, sizeof loader.counts);
                loader.spoiled_opcode = opcodes[k];
                loader.spoiled_nth = nth;
                loader.spoil = spoil;
                assert_true(write_region());
                expect_written();
            }
        }
    }
}

static void test_spoiled_plain(void **state)
{
    (void)state;
    spoil_every_request("esp32", false, false);
    spoil_every_request("esp8266", false, false);
}

static void test_spoiled_deflated(void **state)
{
    (void)state;
    spoil_every_request("esp32c3", false, true);
}

static void test_spoiled_on_a_stub(void **state)
{
    (void)state;
    spoil_every_request("esp32", true, false);
    spoil_every_request("esp32c3", true, true);
}

/* A block without an answer isn't sent again: the flash begins anew at its sector. */
static void test_a_lost_answer_is_no_reason_to_repeat(void **state)
{
    (void)state;
    begin_session("esp32");
    make_region(0x3000, false);
    loader.spoiled_opcode = 0x03;
    loader.spoiled_nth = 7; /* in the second sector */
    loader.spoil = LOST_REPLY;
    assert_true(write_region());
    expect_written();
    assert_int_equal(2, loader.counts[0x02]);
    assert_int_equal(0x2000, loader.erase_told);
    assert_int_equal(7 + 8, loader.counts[0x03]);
}

static void test_a_checksum_that_stays_wrong(void **state)
{
    (void)state;
    begin_session("esp32");
    make_region(0x1000, false);
    loader.spoiled_opcode = 0x03;
    loader.spoiled_nth = 2;
    loader.spoil = BAD_CHECKSUM;
    loader.spoils_all_after = true;
    assert_false(write_region());
    assert_int_equal(FETTLE_E_BOARD_REFUSED, error()->code);
    assert_int_equal(FETTLE_STATUS_ROM, error()->device_kind);
    assert_int_equal(0x0107, error()->device);
    assert_non_null(strstr(error()->message, "cannot write at 0x00010400: the board says "
                                             "0107 (checksum wrong) in FLASH_DATA"));
    assert_int_equal(4, loader.counts[0x03]);
}

static void test_refusals(void **state)
{
    (void)state;
    begin_session("esp32");
    make_region(0x1000, false);
    loader.spoiled_opcode = 0x02;
    loader.spoiled_nth = 1;
    loader.spoil = REFUSED;
    loader.refusal = 0x0106;
    assert_false(write_region());
    assert_int_equal(0x0106, error()->device);
    assert_int_equal(1, loader.counts[0x02]);
    assert_int_equal(0, loader.counts[0x03]);
}

/* It reads back otherwise: to be erased and written again, once, and then this place is named. */
static void test_a_block_that_does_not_take(void **state)
{
    (void)state;
    begin_session("esp32");
    make_region(0x2000, false);
    loader.spoiled_opcode = 0x03;
    loader.spoiled_nth = 6; /* in the second sector */
    loader.spoil = REFUSED;
    loader.refusal = 0x0108;
    assert_true(write_region());
    expect_written();
    assert_int_equal(2, loader.counts[0x02]);
    assert_int_equal(6 + 4, loader.counts[0x03]);

    begin_session("esp32");
    make_region(0x1000, false);
    loader.spoiled_opcode = 0x03;
    loader.spoiled_nth = 1;
    loader.spoil = REFUSED;
    loader.refusal = 0x0108;
    loader.spoils_all_after = true;
    assert_false(write_region());
    assert_int_equal(FETTLE_E_VERIFY_MISMATCH, error()->code);
    assert_int_equal(0x0108, error()->device);
    assert_true(error()->has_address);
    assert_int_equal(0x10000, error()->address);
    assert_int_equal(2, loader.counts[0x02]);
    assert_int_equal(2, loader.counts[0x03]);
}

/* Of a deflated stream nobody knows the place: then it goes as it is. */
static void test_a_stream_that_does_not_take(void **state)
{
    (void)state;
    begin_session("esp32");
    make_region(0x4000, true);
    loader.spoiled_opcode = 0x11;
    loader.spoiled_nth = 1;
    loader.spoil = REFUSED;
    loader.refusal = 0x0108;
    assert_true(write_region());
    expect_written();
    assert_int_equal(1, loader.counts[0x10]);
    assert_int_equal(1, loader.counts[0x02]);
    assert_int_equal(16, loader.counts[0x03]);
}

/* A stub tells of an earlier block: all of it is written again. */
static void test_late_errors_of_a_stub(void **state)
{
    (void)state;
    begin_on_stub("esp32c3");
    make_region(0x9000, false);
    loader.spoiled_opcode = 0x03;
    loader.spoiled_nth = 2;
    loader.spoil = REFUSED;
    loader.refusal = 0xC400;
    assert_true(write_region());
    expect_written();
    assert_int_equal(2, loader.counts[0x02]);

    begin_on_stub("esp32c3");
    loader.spoiled_opcode = 0x03;
    loader.spoiled_nth = 2;
    loader.spoil = REFUSED;
    loader.spoils_all_after = true;
    loader.refusal = 0xC400;
    assert_false(write_region());
    assert_int_equal(FETTLE_STATUS_STUB, error()->device_kind);
    assert_int_equal(0xC400, error()->device);
}

static void test_a_restart_in_the_middle(void **state)
{
    (void)state;
    begin_session("esp32");
    make_region(0x3000, false);
    loader.spoiled_opcode = 0x03;
    loader.spoiled_nth = 5;
    loader.spoil = RESTARTS;
    fettle_us before = loader.now;
    assert_false(write_region());
    assert_int_equal(FETTLE_E_ESP_RESTARTED, error()->code);
    assert_non_null(strstr(error()->evidence, "RTCWDT_BROWN_OUT_RESET"));
    assert_true(loader.esp.heard.has_brownout);
    assert_true(loader.now - before < SECOND); /* no time-out was waited for */
}

/* The same without a word: the loader that answers is another one. */
static void test_a_restart_that_nobody_heard(void **state)
{
    (void)state;
    begin_on_stub("esp32c3");
    make_region(0x9000, false);
    loader.spoiled_opcode = 0x03;
    loader.spoiled_nth = 2;
    loader.spoil = BECOMES_ROM;
    assert_false(write_region());
    assert_int_equal(FETTLE_E_ESP_RESTARTED, error()->code);
    assert_int_equal(
        1, loader.counts[0x02]); /* on flash that isn't attached nothing is begun */
    assert_false(loader.esp.is_attached || loader.esp.is_stub);
}

static void test_lost_for_good(void **state)
{
    (void)state;
    begin_session("esp32");
    make_region(0x3000, false);
    loader.spoiled_opcode = 0x03;
    loader.spoiled_nth = 3;
    loader.spoil = LOST_REQUEST;
    loader.spoils_all_after = true;
    assert_false(write_region());
    assert_int_equal(FETTLE_E_NO_ANSWER, error()->code);
    assert_true(loader.counts[0x02] <= 4);
}

static void test_faults_at_every_step(void **state)
{
    static const fettle_outcome_kind kinds[] = {FETTLE_CANCELLED, FETTLE_GONE, FETTLE_ERROR,
                                                FETTLE_TIMEOUT};
    (void)state;
    begin_on_stub("esp32c3");
    make_region(0x9000, false);
    unsigned begun = loader.effects;
    assert_true(write_region());
    unsigned count = loader.effects - begun;
    for (unsigned at = 1; at <= count; at++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            begin_on_stub("esp32c3");
            make_region(0x9000, false);
            loader.spoil_at = loader.effects + at;
            loader.spoil_outcome = kinds[k];
            if (write_region()) {
                expect_written();
            } else if (kinds[k] == FETTLE_CANCELLED) {
                assert_int_equal(FETTLE_E_CANCELLED, error()->code);
            }
        }
    }
}

/* ---- erasing ---- */

static void test_erase_sizes(void **state)
{
    const fettle_esp_chip *chip = fettle_chip_named("esp8266");
    (void)state;
    assert_int_equal(0x1000, fettle_esp_erase_size(chip, false, 0, 1));
    assert_int_equal(0x4000, fettle_esp_erase_size(chip, false, 0, 0x8000));
    assert_int_equal(0x10000, fettle_esp_erase_size(chip, false, 0, 0x20000));
    for (uint32_t first = 0; first < 32; first++) {
        for (uint32_t sectors = 1; sectors < 80; sectors++) {
            uint32_t told =
                fettle_esp_erase_size(chip, false, first * 0x1000, sectors * 0x1000);
            uint32_t erased = loader_erased_by_8266(first * 0x1000, told);
            assert_true(erased == sectors || erased == sectors + 1);
        }
    }
    assert_int_equal(0x8000, fettle_esp_erase_size(chip, true, 0, 0x8000));
    assert_int_equal(5, fettle_esp_erase_size(fettle_chip_named("esp32"), false, 0, 5));
}

static void test_erase(void **state)
{
    (void)state;
    begin_session("esp32");
    memset(loader.flash, 0, sizeof loader.flash);
    assert_true(run(fettle_esp_erase(&loader.esp, 0x3000, 0x5000)));
    assert_int_equal(0, loader.flash[0x2FFF]);
    assert_int_equal(0xFF, loader.flash[0x3000]);
    assert_int_equal(0xFF, loader.flash[0x7FFF]);
    assert_int_equal(0, loader.flash[0x8000]);
    assert_int_equal(0, loader.counts[0x03]);
    load_stub();
    assert_true(run(fettle_esp_erase(&loader.esp, 0x8000, 0x1000)));
    assert_int_equal(0xFF, loader.flash[0x8FFF]);
    assert_int_equal(0, loader.flash[0x9000]);
    assert_int_equal(1, loader.counts[0xD1]);
    assert_true(run(fettle_esp_erase_chip(&loader.esp)));
    assert_int_equal(0xFF, loader.flash[0]);
    assert_int_equal(1, loader.counts[0xD0]);
}

static void test_erase_all_by_a_rom(void **state)
{
    (void)state;
    begin_session("esp32");
    assert_false(run(fettle_esp_erase_chip(&loader.esp)));
    assert_int_equal(FETTLE_E_ESP_CANNOT, error()->code);
    assert_true(run(fettle_esp_attach(&loader.esp)));
    memset(loader.flash, 0, sizeof loader.flash);
    assert_true(run(fettle_esp_erase_chip(&loader.esp)));
    for (size_t i = 0; i < sizeof loader.flash; i++) {
        assert_int_equal(0xFF, loader.flash[i]);
    }
    assert_int_equal(16, loader.counts[0x02]); /* 4 MiB in pieces */
}

/* ---- reading ---- */

static void test_read(void **state)
{
    (void)state;
    begin_session("esp32");
    fill_flash();
    assert_true(run(fettle_esp_read(&loader.esp, 0x123, other, 1000)));
    assert_memory_equal(loader.flash + 0x123, other, 1000);
    load_stub();
    memset(other, 0, sizeof other);
    assert_true(run(fettle_esp_read(&loader.esp, 0x321, other, sizeof other)));
    assert_memory_equal(loader.flash + 0x321, other, sizeof other);
}

static void test_read_with_a_wrong_bit(void **state)
{
    (void)state;
    for (unsigned frame = 1; frame <= 9; frame++) {
        begin_on_stub("esp32c3");
        fill_flash();
        memset(other, 0, sizeof other);
        loader.flip_data_frame = frame;
        assert_true(run(fettle_esp_read(&loader.esp, 0x321, other, sizeof other)));
        assert_memory_equal(loader.flash + 0x321, other, sizeof other);
        assert_int_equal(1, loader.esp.repeats);
    }
}

static void test_read_with_faults_at_every_step(void **state)
{
    (void)state;
    begin_on_stub("esp32c3");
    fill_flash();
    unsigned begun = loader.effects;
    assert_true(run(fettle_esp_read(&loader.esp, 0x321, other, 0x3210)));
    unsigned count = loader.effects - begun;
    for (unsigned at = 1; at <= count; at++) {
        begin_on_stub("esp32c3");
        fill_flash();
        memset(other, 0, sizeof other);
        loader.spoil_at = loader.effects + at;
        loader.spoil_outcome = FETTLE_TIMEOUT;
        if (run(fettle_esp_read(&loader.esp, 0x321, other, 0x3210))) {
            assert_memory_equal(loader.flash + 0x321, other, 0x3210);
        } else {
            assert_int_equal(FETTLE_E_NO_ANSWER, error()->code);
        }
    }
}

/* ---- the stub ---- */

static void test_stub(void **state)
{
    (void)state;
    begin_session("esp32c3");
    load_stub();
    assert_int_equal(FETTLE_ESP_STUB_RUNS, loader.esp.stub_state);
    assert_int_equal(2, loader.counts[0x05]);
    assert_int_equal(3, loader.counts[0x07]);
    EXPECT_FIRST(0x06, 0xC0, 0x00, 0x06, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                 0x00, 0x00, 0x00, 0x00, 0x38, 0x40, 0xC0);
    unsigned effects = loader.effects;
    load_stub(); /* it is there */
    assert_int_equal(effects, loader.effects);
}

static void test_a_stub_whose_start_is_not_answered(void **state)
{
    (void)state;
    begin_session("esp32c3");
    loader.greeting_only = true;
    load_stub();
    assert_int_equal(FETTLE_ESP_STUB_RUNS, loader.esp.stub_state);
}

static void test_a_stub_that_stays_silent(void **state)
{
    static const uint32_t rates[] = {460800};
    (void)state;
    loader_reset(&loader, "esp32c3");
    loader.esp.setup.bauds = rates;
    loader.esp.setup.baud_count = 1;
    assert_true(run(fettle_esp_connect(&loader.esp)));
    assert_true(run(fettle_esp_identify(&loader.esp)));
    assert_true(run(fettle_esp_raise_baud(&loader.esp)));
    assert_true(run(fettle_esp_attach(&loader.esp)));
    loader.stub_is_silent = true;
    load_stub();
    assert_int_equal(FETTLE_ESP_STUB_SILENT, loader.esp.stub_state);
    assert_false(loader.esp.is_stub);
    assert_int_equal(460800, loader.esp.baud); /* all is as it was */
    assert_true(loader.esp.is_attached);
    assert_int_equal(2, loader.counts[0x0D]);
    make_region(0x1000, false);
    assert_true(write_region());
    expect_written();
}

static void test_a_stub_that_is_refused(void **state)
{
    (void)state;
    begin_session("esp32c3");
    loader.refuses_ram = true;
    unsigned resets = loader.resets;
    load_stub();
    assert_int_equal(FETTLE_ESP_STUB_REFUSED, loader.esp.stub_state);
    assert_int_equal(resets, loader.resets);

    begin_session("esp32c3");
    loader.spoiled_opcode = 0x06;
    loader.spoiled_nth = 1;
    loader.spoil = REFUSED;
    loader.refusal = 0x0106;
    load_stub();
    assert_int_equal(FETTLE_ESP_STUB_REFUSED, loader.esp.stub_state);
    assert_int_equal(1, loader.resets);
}

static void test_chips_without_a_stub(void **state)
{
    (void)state;
    begin_session("esp32c3");
    loader.esp.identity.is_secure_boot = true;
    load_stub();
    assert_int_equal(FETTLE_ESP_STUB_UNFIT, loader.esp.stub_state);
    assert_int_equal(0, loader.counts[0x05]);
}

/* Nobody knows whether a ROM has taken a block for RAM that it didn't answer: its part starts anew. */
static void test_a_block_for_ram_without_an_answer(void **state)
{
    (void)state;
    for (unsigned is_late = 0; is_late < 2; is_late++) {
        begin_session("esp32c3");
        loader.spoiled_opcode = 0x07;
        loader.spoiled_nth = 2;
        loader.spoil = is_late != 0 ? LATE_REPLY : LOST_REPLY;
        load_stub();
        assert_int_equal(FETTLE_ESP_STUB_RUNS, loader.esp.stub_state);
        assert_int_equal(3, loader.counts[0x05]);
        assert_int_equal(5, loader.counts[0x07]);
    }
    begin_session("esp32c3");
    loader.spoiled_opcode = 0x07;
    loader.spoiled_nth = 2;
    loader.spoil = BAD_CHECKSUM; /* it says that it hasn't */
    load_stub();
    assert_int_equal(2, loader.counts[0x05]);
    assert_int_equal(4, loader.counts[0x07]);
}

static void test_spoiled_stub(void **state)
{
    static const uint8_t opcodes[] = {0x05, 0x06, 0x07};
    (void)state;
    for (size_t k = 0; k < sizeof opcodes; k++) {
        for (unsigned nth = 1; nth <= 3; nth++) {
            for (enum spoil spoil = LOST_REQUEST; spoil <= BAD_CHECKSUM; spoil++) {
                begin_session("esp32c3");
                loader.spoiled_opcode = opcodes[k];
                loader.spoiled_nth = nth;
                loader.spoil = spoil;
                load_stub();
                make_region(0x1400, false);
                assert_true(write_region());
                expect_written();
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_esp32),
        cmocka_unit_test(test_an_esp8266),
        cmocka_unit_test(test_an_esp32c3),
        cmocka_unit_test(test_a_new_magic),
        cmocka_unit_test(test_unknown_chips),
        cmocka_unit_test(test_another_chip_than_meant),
        cmocka_unit_test(test_secure_download),
        cmocka_unit_test(test_late_registers),
        cmocka_unit_test(test_all_registers_late),
        cmocka_unit_test(test_flipped_registers),
        cmocka_unit_test(test_too_many_strays),
        cmocka_unit_test(test_watchdogs_on_usb),
        cmocka_unit_test(test_attach),
        cmocka_unit_test(test_pads),
        cmocka_unit_test(test_attach_on_esp8266),
        cmocka_unit_test(test_flash_that_does_not_answer),
        cmocka_unit_test(test_sizes_of_flash),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_spoiled_hashes),
        cmocka_unit_test(test_late_hashes),
        cmocka_unit_test(test_a_line_that_lags),
        cmocka_unit_test(test_late_across_verbs),
        cmocka_unit_test(test_what_a_fence_costs),
        cmocka_unit_test(test_a_fence_that_is_lost),
        cmocka_unit_test(test_late_erasing),
        cmocka_unit_test(test_what_a_rom_cannot),
        cmocka_unit_test(test_plain_on_esp32),
        cmocka_unit_test(test_deflated_on_esp32c3),
        cmocka_unit_test(test_plain_on_esp32c3),
        cmocka_unit_test(test_a_stream_that_is_larger),
        cmocka_unit_test(test_no_deflated_writes_on_esp8266),
        cmocka_unit_test(test_on_a_stub),
        cmocka_unit_test(test_spoiled_plain),
        cmocka_unit_test(test_spoiled_deflated),
        cmocka_unit_test(test_spoiled_on_a_stub),
        cmocka_unit_test(test_a_lost_answer_is_no_reason_to_repeat),
        cmocka_unit_test(test_a_checksum_that_stays_wrong),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_block_that_does_not_take),
        cmocka_unit_test(test_a_stream_that_does_not_take),
        cmocka_unit_test(test_late_errors_of_a_stub),
        cmocka_unit_test(test_a_restart_in_the_middle),
        cmocka_unit_test(test_a_restart_that_nobody_heard),
        cmocka_unit_test(test_lost_for_good),
        cmocka_unit_test(test_faults_at_every_step),
        cmocka_unit_test(test_erase_sizes),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_erase_all_by_a_rom),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_with_a_wrong_bit),
        cmocka_unit_test(test_read_with_faults_at_every_step),
        cmocka_unit_test(test_stub),
        cmocka_unit_test(test_a_stub_whose_start_is_not_answered),
        cmocka_unit_test(test_a_stub_that_stays_silent),
        cmocka_unit_test(test_a_stub_that_is_refused),
        cmocka_unit_test(test_chips_without_a_stub),
        cmocka_unit_test(test_a_block_for_ram_without_an_answer),
        cmocka_unit_test(test_spoiled_stub),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
