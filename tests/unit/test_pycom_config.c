/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config block: its table against the list of offsets, what is shown and what never is, what counts as lost or torn. And the
 * regions: names, countries, modules.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "pycom/config.h"
#include "pycom/regions.h"

enum { SIZE = 1024, SECTOR = 4096, ENOUGH = 4096 };

static uint8_t block[SECTOR];
static char text[ENOUGH];

static fettle_span span(size_t size)
{
    return (fettle_span){block, size};
}

static void put_text(size_t offset, const char *value)
{
    memcpy(block + offset, value, strlen(value) + 1);
}

/* A block as a LoPy4 has it that is in use. */
static void fill(void)
{
    static const uint8_t mac[] = {0x70, 0xB3, 0xD5, 0x49, 0x90, 0x01, 0x02, 0x03};
    static const uint8_t id[] = {0x00, 0x4D, 0x12, 0x34};
    memset(block, 0xFF, sizeof block);
    memcpy(block, mac, sizeof mac);
    memcpy(block + 8, id, sizeof id);
    for (uint8_t i = 0; i < 40; i++) {
        block[12 + i] = (uint8_t)(0xA0 + i);
    }
    block[52] = 7;
    block[53] = 0x80 | 3 << 4 | 1 << 1 | 1;
    put_text(54, "home");
    put_text(87, "hush-hush");
    block[152] = 1;
    memcpy(block + 153, "\x7F\x00\x01", 3);
    put_text(162, "tok-en");
    put_text(202, "mqtt.example");
    put_text(242, "someone@example");
    put_text(397, "{\"key\": \"pssst\"}");
    block[497] = 0;
    memcpy(block + 512, "\x01\xFF\xFF\xFF\x88\x13\x00\x00", 8);
    put_text(521, "1.20.2.r6");
    block[533] = 1;
    block[534] = 0;
    put_text(536, "lopy4-wlan");
    put_text(569, "www.example");
}

static void decode(void)
{
    fettle_pycom_config_decode(span(SECTOR), text, sizeof text);
}

static void expect_line(const char *line)
{
    char wanted[300] = "\n", all[ENOUGH] = "\n";
    fettle_text_append(wanted, sizeof wanted, line);
    fettle_text_append(wanted, sizeof wanted, "\n");
    fettle_text_append(all, sizeof all, text);
    if (strstr(all, wanted) == NULL) {
        fail_msg("no line \"%s\" in:\n%s", line, text);
    }
}

static void expect_none(const char *part)
{
    if (strstr(text, part) != NULL) {
        fail_msg("\"%s\" is in:\n%s", part, text);
    }
}

/* ---- the table ---- */

static void test_table(void **state)
{
    (void)state;
    static const struct {
        uint16_t offset, length;
        const char *name;
        bool is_secret;
    } rows[] = {
        {0, 8, "LoRa MAC (DevEUI)", false},
        {8, 4, "Sigfox id", false},
        {12, 8, "Sigfox PAC", false},
        {20, 16, "Sigfox private key", true},
        {36, 16, "Sigfox public key", true},
        {52, 1, "LoRa region", false},
        {53, 1, "Wi-Fi", false},
        {54, 33, "Wi-Fi network", false},
        {87, 65, "Wi-Fi password", true},
        {152, 1, "heartbeat on boot", false},
        {162, 40, "device token", true},
        {202, 40, "MQTT server", false},
        {242, 100, "user id", false},
        {342, 55, "network preferences", false},
        {397, 100, "extra preferences", true},
        {497, 1, "force update", false},
        {498, 1, "auto start", false},
        {512, 8, "watchdog", false},
        {520, 1, "LTE modem on boot", false},
        {521, 12, "software version", false},
        {533, 1, "file system", false},
        {534, 1, "boot partition", false},
        {535, 1, "hardware type", false},
        {536, 33, "access point", false},
        {569, 65, "access point's password", true},
        {634, 129, "LTE carrier", false},
        {763, 129, "LTE APN", false},
        {892, 17, "LTE type", false},
        {909, 1, "LTE cid", false},
        {910, 1, "LTE band", false},
        {911, 1, "LTE reset", false},
    };
    size_t found = 0, end = 0;
    for (size_t i = 0; i < FETTLE_PYCOM_FIELDS; i++) {
        const fettle_pycom_field *field = &fettle_pycom_fields[i];
        assert_int_equal(end, field->offset); /* no gaps */
        end = (size_t)field->offset + field->length;
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            if (rows[k].offset == field->offset) {
                assert_int_equal(rows[k].length, field->length);
                assert_string_equal(rows[k].name, field->name);
                assert_int_equal(rows[k].is_secret, field->is_secret);
                found++;
            }
        }
    }
    assert_int_equal(SIZE, end);
    assert_int_equal(sizeof rows / sizeof *rows, found);
}

/* ---- what is shown ---- */

static void test_decoded(void **state)
{
    (void)state;
    fill();
    decode();
    expect_line("LoRa MAC (DevEUI): 70b3d54990010203");
    expect_line("Sigfox id: 004d1234");
    expect_line("Sigfox private key: set");
    expect_line("Sigfox public key: set");
    expect_line("LoRa region: IN865");
    expect_line("Wi-Fi: on at boot, access point, authentication 3, external antenna");
    expect_line("Wi-Fi network: home");
    expect_line("Wi-Fi password: set");
    expect_line("heartbeat on boot: on");
    expect_line("colour of errors: #7f0001");
    expect_line("device token: set");
    expect_line("MQTT server: mqtt.example");
    expect_line("user id: someone@example");
    expect_line("extra preferences: set");
    expect_line("force update: off");
    expect_line("watchdog: on, timeout 5000");
    expect_line("software version: 1.20.2.r6");
    expect_line("file system: LittleFS");
    expect_line("boot partition: 0");
    expect_line("access point: lopy4-wlan");
    expect_line("access point's password: set");
    expect_none("auto start"); /* FF: not set, and nobody misses it */
    expect_none("credentials:");
    expect_none("reserved");
}

static void test_pac_has_its_remark(void **state)
{
    (void)state;
    fill();
    decode();
    const char *pac = strstr(text, "Sigfox PAC: a0a1a2a3a4a5a6a7 (");
    assert_non_null(pac);
    assert_non_null(strstr(pac, "valid for one registration"));
    assert_non_null(strstr(pac, "Sigfox backend"));
}

/* Neither a key nor its length: the text is the same for all of them. */
static void test_secrets_never_show(void **state)
{
    (void)state;
    static const char *const secrets[] = {"hush", "tok-en", "pssst", "www.example",
                                          "a8a9", "c4c5",   "b8b9"};
    char first[ENOUGH];
    fill();
    decode();
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        expect_none(secrets[i]);
    }
    memcpy(first, text, sizeof first);
    for (size_t i = 0; i < FETTLE_PYCOM_FIELDS; i++) {
        const fettle_pycom_field *field = &fettle_pycom_fields[i];
        if (field->is_secret) {
            memset(block + field->offset, 'x', field->length);
        }
    }
    decode();
    assert_string_equal(first, text);
}

static void test_blank(void **state)
{
    (void)state;
    for (int value = 0; value <= 0xFF; value += 0xFF) {
        memset(block, value, sizeof block);
        decode();
        assert_non_null(strstr(text, "credentials: missing"));
        expect_line("LoRa MAC (DevEUI): not set");
        expect_line("Sigfox PAC: not set");
        expect_line("Sigfox private key: not set");
        expect_line("Wi-Fi password: not set");
        expect_line("device token: not set");
        expect_line(value == 0 ? "LoRa region: AS923" : "LoRa region: not set");
    }
    expect_none("force update");
}

static void test_short(void **state)
{
    (void)state;
    fill();
    for (size_t size = 0; size <= SIZE; size++) {
        fettle_pycom_config_decode(span(size), text, sizeof text);
        assert_int_equal(size < 52, strstr(text, "credentials: missing") != NULL);
        assert_int_equal(size < 8, strstr(text, "70b3d5") == NULL);
        assert_int_equal(size < 87, strstr(text, "home") == NULL);
    }
}

static void test_odd_values(void **state)
{
    (void)state;
    fill();
    block[52] = 10;
    block[53] = 0xFE;
    block[533] = 2;
    block[512] = 0;
    decode();
    expect_line("LoRa region: none that is known (10)");
    expect_line(
        "Wi-Fi: off at boot, neither, authentication 7, smart config, external antenna");
    expect_line("file system: unknown (2)");
    expect_line("watchdog: off");
}

/* What a board says can't move the cursor or turn the line round, and can't crowd out the rest. */
static void test_texts_are_escaped(void **state)
{
    (void)state;
    fill();
    put_text(202, "\x1b[2J\r\nroot");
    memset(block + 242, 'u', 100);
    put_text(54, "\xE2\x80\xAEnet");
    decode();
    expect_line("MQTT server: \\x1b[2J\\x0d\\x0aroot");
    expect_line("Wi-Fi network: \\xe2\\x80\\xaenet");
    const char *user = strstr(text, "user id: uuu");
    assert_non_null(user);
    const char *end = strchr(user, '\n');
    assert_memory_equal("...", end - 3, 3);
    assert_int_equal(sizeof "user id: " - 1 + 60 + 3, end - user);
}

static bool is_line_text(void)
{
    size_t length = strlen(text);
    for (const char *at = text; *at != '\0';) {
        size_t width = *at == '\n' ? 1 : fettle_utf8_length(at);
        if (width == 0 || (*at != '\n' && (unsigned char)*at < ' ')) {
            return false;
        }
        at += width;
    }
    return length == 0 || text[length - 1] == '\n';
}

/* The longest there is fits into what a summary has, last line and all. */
static void test_longest(void **state)
{
    (void)state;
    static const uint8_t fills[] = {'w', 0x01, 0xC3, 0x80, 0xFE};
    static const uint8_t mac[6] = {0x24, 0x0A, 0xC4, 0xFF, 0xFF, 0xFF};
    for (size_t i = 0; i < sizeof fills; i++) {
        memset(block, fills[i], sizeof block);
        for (size_t size = 1; size <= FETTLE_MODULE_SUMMARY_SIZE; size++) {
            memset(text, '!', sizeof text);
            fettle_pycom_summarise(
                &(fettle_module_look){.mac = mac, .ranges = {{block, SECTOR}}}, text, size);
            assert_true(strlen(text) < size);
            assert_true(is_line_text());
            assert_int_equal('!', text[size]);
        }
        assert_non_null(strstr(text, "\nLTE reset: "));
    }
}

static void test_summary(void **state)
{
    (void)state;
    static const uint8_t mac[6] = {0x24, 0x0A, 0xC4, 0x00, 0x11, 0x22};
    uint8_t kept[SECTOR];
    fettle_module_look look = {.mac = mac};
    fettle_pycom_summarise(&look, text, sizeof text);
    expect_line("MAC: 24:0a:c4:00:11:22");
    expect_line("config block: it could not be read");
    fill();
    memcpy(kept, block, sizeof kept);
    look.ranges[0] = span(SECTOR);
    fettle_pycom_summarise(&look, text, sizeof text);
    expect_line("LoRa MAC (DevEUI): 70b3d54990010203");
    expect_none("credentials");
    memset(block, 0xFF, sizeof block);
    fettle_pycom_summarise(&look, text, sizeof text);
    assert_non_null(strstr(text, "credentials: missing: "));
    look.kept = (fettle_span){kept, sizeof kept};
    fettle_pycom_summarise(&look, text, sizeof text);
    assert_non_null(strstr(text, "a backup of this module has them"));
}

/* ---- what can't be replaced ---- */

static void test_credentials(void **state)
{
    (void)state;
    fill();
    assert_true(fettle_pycom_has_credentials(span(SECTOR)));
    assert_true(fettle_pycom_has_credentials(span(52)));
    assert_false(fettle_pycom_has_credentials(span(51)));
    assert_false(fettle_pycom_has_credentials((fettle_span){.size = 0}));
    memset(block, 0xFF, 52); /* the rest doesn't count */
    assert_false(fettle_pycom_has_credentials(span(SECTOR)));
    memset(block, 0, 52);
    assert_false(fettle_pycom_has_credentials(span(SECTOR)));
    block[51] = 1;
    assert_true(fettle_pycom_has_credentials(span(SECTOR)));
}

static void test_same_credentials(void **state)
{
    (void)state;
    uint8_t other[SECTOR];
    fill();
    memcpy(other, block, sizeof other);
    fettle_span second = {other, sizeof other};
    for (size_t i = 0; i < 100; i++) {
        other[i] ^= 1;
        assert_int_equal(i >= 52, fettle_pycom_is_same_credentials(span(SECTOR), second));
        other[i] ^= 1;
    }
    assert_false(fettle_pycom_is_same_credentials(span(51), second));
    assert_false(fettle_pycom_is_same_credentials(span(SECTOR), (fettle_span){other, 51}));
}

static void test_torn(void **state)
{
    (void)state;
    uint8_t kept[SECTOR];
    fill();
    memcpy(kept, block, sizeof kept);
    fettle_span before = {kept, sizeof kept};
    assert_false(fettle_pycom_is_torn(span(SECTOR), before)); /* equal */
    for (size_t from = 0; from < 52; from++) {                /* the write stopped there */
        fill();
        memset(block + from, 0xFF, 52 - from);
        assert_true(fettle_pycom_is_torn(span(SECTOR), before));
        for (unsigned bit = 1; bit < 0x100; bit <<= 1) { /* another bit is another one's */
            block[from] = (uint8_t)(kept[from] ^ bit);
            assert_int_equal(block[from] == 0xFF,
                             fettle_pycom_is_torn(span(SECTOR), before));
        }
    }
    fill();
    memset(kept + 8, 0, 44); /* kept without Sigfox, which has come since */
    assert_false(fettle_pycom_is_torn(span(SECTOR), before));
    memset(block + 8, 0xFF, 44); /* or has not: neither is anything */
    assert_false(fettle_pycom_is_torn(span(SECTOR), before));
    block[7] = 0xFF;
    assert_true(fettle_pycom_is_torn(span(SECTOR), before));
    memset(block, 0xFF, 8);
    memset(block + 8, 0, 44);
    assert_false(fettle_pycom_has_credentials(span(SECTOR)));
    fill();
    memcpy(kept, block, sizeof kept);
    fill();
    memset(block + 52, 0xFF, SECTOR - 52); /* settings aren't credentials */
    assert_false(fettle_pycom_is_torn(span(SECTOR), before));
    memset(block, 0xFF, 52);
    assert_false(fettle_pycom_is_torn(span(51), before));
    assert_false(fettle_pycom_is_torn(span(SECTOR), (fettle_span){.size = 0}));
}

static void test_what_is_lacking(void **state)
{
    uint8_t other[SECTOR];
    (void)state;
    fill();
    memcpy(other, block, sizeof other);
    fettle_span first = {other, sizeof other};
    assert_null(fettle_pycom_lacks(span(SECTOR), first));
    memset(other + 12, 0xFF, 8); /* not set */
    memset(other + 20, 0, 16);
    other[52] ^= 1; /* no credential */
    assert_null(fettle_pycom_lacks(span(SECTOR), first));
    assert_ptr_equal(&fettle_pycom_fields[2], fettle_pycom_lacks(first, span(SECTOR)));
    other[51] ^= 1;
    assert_ptr_equal(&fettle_pycom_fields[4], fettle_pycom_lacks(span(SECTOR), first));
}

static void test_set_region(void **state)
{
    (void)state;
    uint8_t before[SECTOR];
    fill();
    memcpy(before, block, sizeof before);
    assert_int_equal(7, fettle_pycom_region_in(span(SECTOR)));
    assert_int_equal(0xFF, fettle_pycom_region_in(span(52)));
    fettle_pycom_set_region(block, sizeof block, 5);
    assert_int_equal(5, fettle_pycom_region_in(span(SECTOR)));
    for (size_t i = 0; i < SECTOR; i++) {
        assert_int_equal(i == 52 ? 5 : before[i], block[i]);
    }
    fettle_pycom_set_region(block, 52, 9);
    assert_int_equal(5, block[52]);
}

/* ---- regions ---- */

static void test_regions(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t value;
    } rows[] = {{"AS923", 0}, {"AU915", 1},       {"CN470", 2}, {"CN779", 3},
                {"EU433", 4}, {"EU868", 5},       {"KR920", 6}, {"IN865", 7},
                {"US915", 8}, {"US915_HYBRID", 9}};
    uint8_t value = 77;
    for (size_t i = 0; i < 10; i++) {
        assert_true(fettle_pycom_region_of(rows[i].name, &value));
        assert_int_equal(rows[i].value, value);
        assert_string_equal(rows[i].name, fettle_pycom_region_name(value));
        assert_non_null(strstr(fettle_pycom_region_list, rows[i].name));
    }
    assert_null(fettle_pycom_region_name(10));
    assert_null(fettle_pycom_region_name(0xFF));
    assert_true(fettle_pycom_region_of("in865", &value));
    assert_int_equal(7, value);
    assert_true(fettle_pycom_region_of("us915-Hybrid", &value));
    assert_int_equal(9, value);
    static const char *const wrong[] = {"",  "IN86",  "IN8655", "IN 865",
                                        "7", "RU864", "US915_"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        value = 77;
        assert_false(fettle_pycom_region_of(wrong[i], &value));
        assert_int_equal(77, value);
    }
}

static fettle_pycom_country ask(const char *country, uint8_t *value)
{
    *value = 77;
    return fettle_pycom_region_of_country(country, value, text,
                                          FETTLE_PYCOM_REGION_TEXT_SIZE);
}

static void test_countries(void **state)
{
    (void)state;
    uint8_t value;
    assert_int_equal(FETTLE_PYCOM_COUNTRY_ONE, ask("India", &value));
    assert_int_equal(7, value);
    assert_string_equal("India: 865-867 MHz, so IN865", text);
    static const struct {
        const char *name;
        uint8_t value;
    } rows[] = {{"GERMANY", 5},        {"de", 5},          {"united kingdom", 5},
                {"United-Kingdom", 5}, {"south korea", 6}, {"USA", 8},
                {"Canada", 8},         {"Japan", 0},       {"Brazil", 1},
                {"China", 2},          {"south africa", 5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int kind = (int)ask(rows[i].name, &value);
        if (kind != FETTLE_PYCOM_COUNTRY_ONE || value != rows[i].value) {
            fail_msg("%s: %d, %u", rows[i].name, kind, value);
        }
        assert_non_null(strstr(text, fettle_pycom_region_name(value)));
        assert_non_null(strstr(text, " MHz, so "));
    }
}

static void test_countries_without_an_answer(void **state)
{
    (void)state;
    uint8_t value;
    assert_int_equal(FETTLE_PYCOM_COUNTRY_SEVERAL, ask("australia", &value));
    assert_string_equal("Which region does your network in Australia use: AS923 or AU915?",
                        text);
    assert_int_equal(FETTLE_PYCOM_COUNTRY_NONE, ask("Russia", &value));
    assert_non_null(strstr(text, "RU864"));
    assert_int_equal(FETTLE_PYCOM_COUNTRY_UNKNOWN, ask("Atlan\ntis", &value));
    assert_non_null(strstr(text, "Atlan\\x0atis: "));
    assert_non_null(strstr(text, "--region"));
    assert_non_null(strstr(text, "US915_HYBRID"));
    assert_int_equal(FETTLE_PYCOM_COUNTRY_UNKNOWN, ask("", &value));
    assert_int_equal(77, value);
}

static void test_modules(void **state)
{
    (void)state;
    static const struct {
        const char *module, *region;
        bool fits, is_taken;
    } rows[] = {
        {"lopy4", "EU433", true, true},        {"L04", "CN470", true, true},
        {"lopy4", "IN865", true, true},        {"LoPy4", "KR920", true, false},
        {"lopy", "IN865", true, true},         {"lopy", "EU433", false, false},
        {"l01", "CN470", false, false},        {"fipy", "EU868", true, true},
        {"FiPy", "EU433", false, false},       {"fipy", "CN779", false, false},
        {"lopy", "US915-HYBRID", true, false}, {"wipy", "EU868", false, false},
        {"WiPy 3.0", "EU868", false, false},   {"wipy2", "EU868", false, false},
        {"sipy", "EU868", false, false},       {"gpy", "EU868", false, false},
        {"whatever", "EU433", true, true},     {NULL, "IN865", true, true},
        {NULL, "KR920", true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fettle_error err = {.code = FETTLE_E_NONE};
        uint8_t value = 0;
        assert_true(fettle_pycom_region_of(rows[i].region, &value));
        assert_int_equal(rows[i].fits,
                         fettle_pycom_region_check(rows[i].module, value, &err));
        assert_int_equal(rows[i].is_taken,
                         fettle_pycom_region_is_taken(rows[i].module, value));
        assert_int_equal(rows[i].fits ? FETTLE_E_NONE : FETTLE_E_REGION_NOT_HERE, err.code);
    }
    fettle_error err;
    assert_false(fettle_pycom_region_check("lopy", 4, &err));
    assert_non_null(strstr(err.message, "EU433"));
    assert_non_null(strstr(err.message, "AS923, AU915, EU868, IN865, US915"));
    assert_false(fettle_pycom_region_check("sipy", 5, &err));
    assert_non_null(strstr(err.message, "SiPy has no LoRa radio"));
    assert_false(fettle_pycom_region_check(NULL, 10, &err));
    assert_true(fettle_pycom_has_lora("fipy") && fettle_pycom_has_lora("L01"));
    assert_false(fettle_pycom_has_lora("gpy") || fettle_pycom_has_lora("x") ||
                 fettle_pycom_has_lora(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_decoded),
        cmocka_unit_test(test_pac_has_its_remark),
        cmocka_unit_test(test_secrets_never_show),
        cmocka_unit_test(test_blank),
        cmocka_unit_test(test_short),
        cmocka_unit_test(test_odd_values),
        cmocka_unit_test(test_texts_are_escaped),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_same_credentials),
        cmocka_unit_test(test_torn),
        cmocka_unit_test(test_what_is_lacking),
        cmocka_unit_test(test_set_region),
        cmocka_unit_test(test_regions),
        cmocka_unit_test(test_countries),
        cmocka_unit_test(test_countries_without_an_answer),
        cmocka_unit_test(test_modules),
    };
    return cmocka_run_group_tests_name("pycom_config", tests, NULL, NULL);
}
