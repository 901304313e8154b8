/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of chips and bridges: what every row must have, what no two may share, and what the engine makes of
 * registers by them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "board/bridges.h"
#include "board/chips.h"
#include "proto/esp.h"

static void test_rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < fettle_chip_count; i++) {
        const fettle_esp_chip *chip = &fettle_chips[i];
        assert_non_null(chip->id);
        assert_non_null(chip->name);
        assert_non_null(chip->needed_by);
        assert_non_null(chip->evidence);
        assert_non_null(chip->boot_pin);
        assert_true(chip->magic_count > 0 && chip->magic_count <= FETTLE_ESP_MAGICS_MAX);
        assert_true(chip->boot_baud > 0 && chip->rom_limit > 0);
        assert_true(chip->mac[0] != 0 && chip->mac[1] != 0);
        assert_true(chip->spi.base != 0 && chip->spi.usr != 0 && chip->spi.w0 != 0);
        assert_true(chip->spi.length_in_usr1 || chip->spi.miso_dlen != 0);
        assert_true(chip->crystal_mhz > 0 ||
                    (chip->uart_clkdiv != 0 && chip->crystal_divisor > 0));
        assert_true(chip->security_info == 0 || chip->security_info == 12 ||
                    chip->security_info == 20);
        assert_true(chip->has_encrypted_word == (chip->security_info > 0));
        assert_true(chip->watchdog.config0 == 0 || chip->watchdog.wprotect != 0);
        assert_true(!chip->watchdog.resets_chip || chip->watchdog.config1 != 0);
        assert_true(!chip->has_usb_jtag || chip->watchdog.swd_config != 0);
        assert_true(chip->bootloader % 0x1000 == 0);
    }
}

static void test_registers_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < fettle_chip_count; i++) {
        uint32_t addresses[FETTLE_ESP_WORDS_MAX];
        size_t count = fettle_esp_identity_words(&fettle_chips[i], addresses);
        assert_true(count > 0 && count <= FETTLE_ESP_WORDS_MAX);
        for (size_t a = 0; a < count; a++) {
            assert_true(addresses[a] % 4 == 0);
            for (size_t b = 0; b < a; b++) {
                assert_int_not_equal(addresses[a], addresses[b]);
            }
        }
    }
}

static void test_nothing_is_claimed_twice(void **state)
{
    (void)state;
    for (size_t a = 0; a < fettle_chip_count; a++) {
        for (size_t b = 0; b < a; b++) {
            const fettle_esp_chip *one = &fettle_chips[a], *two = &fettle_chips[b];
            assert_string_not_equal(one->id, two->id);
            assert_true(!one->has_chip_id || !two->has_chip_id ||
                        one->chip_id != two->chip_id);
            for (size_t i = 0; i < one->magic_count; i++) {
                for (size_t k = 0; k < two->magic_count; k++) {
                    assert_int_not_equal(one->magics[i], two->magics[k]);
                }
            }
        }
    }
    for (size_t a = 0; a < fettle_bridge_count; a++) {
        for (size_t b = 0; b < a; b++) {
            assert_false(fettle_bridges[a].vendor == fettle_bridges[b].vendor &&
                         fettle_bridges[a].product == fettle_bridges[b].product);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal("ESP32-S3", fettle_chip_named("esp32s3")->name);
    assert_string_equal("ESP32-S3", fettle_chip_named("ESP32-S3")->name);
    assert_string_equal("ESP32", fettle_chip_named("esp32")->name);
    assert_null(fettle_chip_named("esp3"));
    assert_null(fettle_chip_named("esp32x"));
    assert_null(fettle_chip_named(""));
    assert_string_equal("ESP32", fettle_chip_of_id(0)->name);
    assert_string_equal("ESP32-C3", fettle_chip_of_id(5)->name);
    assert_null(fettle_chip_of_id(4));
}

static void test_nibbles(void **state)
{
    (void)state;
    assert_int_equal(4 << 20, fettle_chip_flash_size(fettle_chip_named("esp32"), 2));
    assert_int_equal(1 << 20, fettle_chip_flash_size(fettle_chip_named("esp8266"), 2));
    assert_int_equal(0, fettle_chip_flash_size(fettle_chip_named("esp32"), 9));
}

/* ---- registers ---- */

enum { WORDS = 8 };

struct vector {
    const char *chip;
    uint32_t addresses[WORDS], values[WORDS];
    uint16_t revision;
};

static fettle_esp_identity decode(const char *chip, const uint32_t *addresses,
                                  const uint32_t *values)
{
    fettle_esp_identity identity = {.chip = fettle_chip_named(chip)};
    fettle_esp_identity_decode(&identity, addresses, values, WORDS);
    return identity;
}

static void test_revisions(void **state)
{
    static const struct vector vectors[] = {
        {"esp32", {0x3FF5A00C}, {0}, 0},
        {"esp32", {0x3FF5A00C}, {1U << 15}, 100},
        {"esp32", {0x3FF5A00C, 0x3FF5A014}, {1U << 15, 1U << 20 | 2U << 24}, 202},
        {"esp32",
         {0x3FF5A00C, 0x3FF5A014, 0x3FF6607C},
         {1U << 15, 1U << 20 | 1U << 24, 1U << 31},
         301},
        {"esp32", {0x3FF5A014}, {1U << 20}, 0}, /* no revision has this */
        {"esp32s2", {0x3F41A050, 0x3F41A054}, {1U << 18 | 1U << 20, 2U << 4}, 110},
        {"esp32s3", {0x60007058, 0x60007050}, {0, 2U << 18}, 2},
        {"esp32s3", {0x60007058, 0x60007050}, {1U << 24 | 1U << 23, 1U << 18}, 109},
        {"esp32s3",
         {0x60007058, 0x60007050, 0x6000706C},
         {1U << 23, 1U << 24, 1},
         0}, /* the first silicon */
        {"esp32s3", {0x60007058, 0x60007050, 0x6000706C}, {1U << 23, 1U << 24, 2}, 8},
        {"esp32c3", {0x60008858, 0x60008850}, {0, 3U << 18}, 3},
        {"esp32c3", {0x60008858, 0x60008850}, {1U << 24, 1U << 18}, 101},
        {"esp32c2", {0x60008844}, {1U << 20 | 2U << 16}, 102},
        {"esp32c6", {0x600B0850}, {2U << 18}, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        fettle_esp_identity identity =
            decode(vectors[i].chip, vectors[i].addresses, vectors[i].values);
        assert_int_equal(vectors[i].revision, identity.revision);
        assert_true(identity.has_revision);
    }
}

static void expect_mac(const fettle_esp_identity *identity, const char *bytes)
{
    assert_true(identity->has_mac);
    assert_memory_equal(bytes, identity->mac, 6);
}

static void test_macs(void **state)
{
    (void)state;
    const uint32_t esp32[WORDS] = {0x3FF5A004, 0x3FF5A008};
    fettle_esp_identity identity =
        decode("esp32", esp32, (const uint32_t[WORDS]){0x0AC4C0DE, 0x00DE240A});
    expect_mac(&identity, "\x24\x0A\x0A\xC4\xC0\xDE");
    const uint32_t c6[WORDS] = {0x600B0844, 0x600B0848};
    identity = decode("esp32c6", c6, (const uint32_t[WORDS]){0xC0012345, 0xFFFE5432});
    expect_mac(&identity, "\x54\x32\xC0\x01\x23\x45");
    const uint32_t old[WORDS] = {0x3FF00050, 0x3FF00054, 0x3FF0005C};
    identity = decode("esp8266", old, (const uint32_t[WORDS]){0x12000000, 0x00003456, 0});
    expect_mac(&identity, "\x18\xFE\x34\x34\x56\x12");
    identity =
        decode("esp8266", old, (const uint32_t[WORDS]){0x12000000, 0x3456, 0x00A1B2C3});
    expect_mac(&identity, "\xA1\xB2\xC3\x34\x56\x12");
}

static void test_security(void **state)
{
    (void)state;
    const uint32_t esp32[WORDS] = {0x3FF5A000, 0x3FF5A018, 0x3FF5A00C, 0x3FF5A014,
                                   0x3FF6607C};
    fettle_esp_identity identity =
        decode("esp32", esp32, (const uint32_t[WORDS]){1U << 20, 1U << 4 | 1U << 7});
    assert_true(identity.is_secure_boot && identity.is_secure_boot_v1);
    assert_true(identity.is_encrypted && identity.refuses_plain);
    identity = decode("esp32", esp32, (const uint32_t[WORDS]){3U << 20, 1U << 5});
    assert_false(identity.is_secure_boot); /* before revision 3 it means nothing */
    assert_false(identity.is_encrypted);   /* turned off again */
    identity =
        decode("esp32", esp32,
               (const uint32_t[WORDS]){7U << 20, 1U << 5, 1U << 15, 1U << 20, 1U << 31});
    assert_true(identity.is_secure_boot && !identity.is_secure_boot_v1);
    assert_true(identity.is_encrypted && !identity.refuses_plain);
    const uint32_t c3[WORDS] = {0x60008838, 0x60008834, 0x60008830};
    identity = decode("esp32c3", c3, (const uint32_t[WORDS]){1U << 20, 1U << 18, 1U << 20});
    assert_true(identity.is_secure_boot && !identity.is_secure_boot_v1);
    assert_true(identity.is_encrypted && identity.refuses_plain);
}

static void test_straps(void **state)
{
    static const struct {
        const char *chip;
        uint32_t number;
        fettle_esp_boot boot;
    } straps[] = {
        {"esp32", 0x13, FETTLE_ESP_BOOT_NORMAL},
        {"esp32", 0x12, FETTLE_ESP_BOOT_NORMAL},
        {"esp32", 0x33, FETTLE_ESP_BOOT_NORMAL},
        {"esp32", 0x3, FETTLE_ESP_BOOT_DOWNLOAD},
        {"esp32", 0x23, FETTLE_ESP_BOOT_DOWNLOAD},
        {"esp32", 0xB, FETTLE_ESP_BOOT_OTHER},
        {"esp32s3", 0x2D, FETTLE_ESP_BOOT_NORMAL},
        {"esp32s3", 0x0, FETTLE_ESP_BOOT_DOWNLOAD},
        {"esp32c3", 0xD, FETTLE_ESP_BOOT_NORMAL},
        {"esp32c3", 0x4, FETTLE_ESP_BOOT_DOWNLOAD},
        {"esp32c3", 0x1, FETTLE_ESP_BOOT_OTHER},
        {"esp32c6", 0x6F, FETTLE_ESP_BOOT_NORMAL},
        {"esp8266", 3, FETTLE_ESP_BOOT_NORMAL},
        {"esp8266", 1, FETTLE_ESP_BOOT_DOWNLOAD},
    };
    (void)state;
    for (size_t i = 0; i < sizeof straps / sizeof *straps; i++) {
        const fettle_esp_strap *row =
            fettle_esp_strap_of(fettle_chip_named(straps[i].chip), straps[i].number);
        assert_non_null(row);
        assert_int_equal(straps[i].boot, row->boot);
        assert_non_null(row->why);
    }
}

/* ---- bridges ---- */

static void test_bridges_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i <= fettle_bridge_count; i++) {
        const fettle_bridge *bridge =
            i < fettle_bridge_count ? &fettle_bridges[i] : &fettle_bridge_generic;
        fettle_esp_sequence sequence;
        fettle_error err = {.code = FETTLE_E_NONE};
        assert_non_null(bridge->name);
        assert_non_null(bridge->needed_by);
        assert_non_null(bridge->evidence);
        assert_non_null(bridge->resets[0]);
        assert_true((bridge->baud_max > 0) == (bridge->kind == FETTLE_BRIDGE_UART));
        for (size_t k = 0; k < FETTLE_BRIDGE_RESETS_MAX && bridge->resets[k] != NULL; k++) {
            assert_true(fettle_esp_sequence_parse(&sequence, bridge->resets[k], &err));
        }
        assert_true(fettle_esp_sequence_parse(&sequence, bridge->restart, &err));
    }
}

static void test_bridges_are_found(void **state)
{
    (void)state;
    assert_string_equal("CP210x", fettle_bridge_of((fettle_usb_id){0x10C4, 0xEA60})->name);
    assert_int_equal(FETTLE_BRIDGE_USB_JTAG,
                     fettle_bridge_of((fettle_usb_id){0x303A, 0x1001})->kind);
    assert_ptr_equal(&fettle_bridge_generic, fettle_bridge_of((fettle_usb_id){0, 0}));
}

static void expect_bauds(const fettle_bridge *bridge, uint32_t max, size_t room,
                         size_t count, uint32_t last)
{
    uint32_t bauds[8] = {0};
    assert_int_equal(count, fettle_bridge_bauds(bridge, max, bauds, room));
    for (size_t i = 0; i < count; i++) {
        assert_true(bauds[i] > (i > 0 ? bauds[i - 1] : 115200));
    }
    assert_int_equal(last, count > 0 ? bauds[count - 1] : 0);
}

static void test_rates(void **state)
{
    const fettle_bridge *cp210x = fettle_bridge_of((fettle_usb_id){0x10C4, 0xEA60});
    const fettle_bridge *pl2303 = fettle_bridge_of((fettle_usb_id){0x067B, 0x2303});
    const fettle_bridge *jtag = fettle_bridge_of((fettle_usb_id){0x303A, 0x1001});
    (void)state;
    expect_bauds(cp210x, 0, 8, 3, 921600);
    expect_bauds(cp210x, 1000000, 8, 4, 1000000);
    expect_bauds(cp210x, 230400, 8, 1, 230400);
    expect_bauds(cp210x, 115200, 8, 0, 0);
    expect_bauds(cp210x, 0, 2, 2, 460800);
    expect_bauds(pl2303, 0, 8, 0, 0);
    expect_bauds(pl2303, 460800, 8, 2, 460800);
    expect_bauds(jtag, 921600, 8, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(test_registers_fit),
        cmocka_unit_test(test_nothing_is_claimed_twice),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_nibbles),
        cmocka_unit_test(test_revisions),
        cmocka_unit_test(test_macs),
        cmocka_unit_test(test_security),
        cmocka_unit_test(test_straps),
        cmocka_unit_test(test_bridges_are_whole),
        cmocka_unit_test(test_bridges_are_found),
        cmocka_unit_test(test_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
