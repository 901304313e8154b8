/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a chip's registers say of it, as pure functions: which registers are looked at, and what their
 * values mean. Everything comes from the chip's row.
 */
#include "proto/esp_wire.h"

#include <string.h>

/* ---- which ---- */

struct list {
    uint32_t *addresses;
    size_t count;
};

static void add(struct list *list, uint32_t address)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->addresses[i] == address) {
            return;
        }
    }
    if (address != 0) {
        assert(list->count < FETTLE_ESP_WORDS_MAX);
        list->addresses[list->count++] = address;
    }
}

static void add_field(struct list *list, const fettle_esp_field *field)
{
    for (size_t i = 0; i < FETTLE_ESP_BITS_MAX; i++) {
        add(list, field->bits[i].address);
    }
}

size_t fettle_esp_identity_words(const fettle_esp_chip *chip,
                                 uint32_t addresses[FETTLE_ESP_WORDS_MAX])
{
    const fettle_esp_field *fields[] = {
        &chip->major,       &chip->minor,         &chip->package,
        &chip->single_core, &chip->secure_boot,   &chip->secure_boot_v2,
        &chip->crypt_count, &chip->no_encrypting, &chip->pads,
    };
    struct list list = {.addresses = addresses};
    for (size_t i = 0; i < sizeof chip->mac / sizeof *chip->mac; i++) {
        add(&list, chip->mac[i]);
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        add_field(&list, fields[i]);
    }
    for (size_t i = 0; i < FETTLE_ESP_CONDITIONS_MAX; i++) {
        add(&list, chip->first_silicon[i].bits.address);
    }
    if (chip->crystal_mhz == 0) {
        add(&list, chip->uart_clkdiv);
    }
    return list.count;
}

/* ---- what they mean ---- */

struct words {
    const uint32_t *addresses, *values;
    size_t count;
};

static uint32_t word_at(const struct words *words, uint32_t address)
{
    for (size_t i = 0; i < words->count; i++) {
        if (words->addresses[i] == address) {
            return words->values[i];
        }
    }
    return 0;
}

static uint32_t bits_of(const struct words *words, const fettle_esp_bits *bits)
{
    uint32_t mask = bits->width < 32 ? (UINT32_C(1) << bits->width) - 1 : UINT32_MAX;
    return (word_at(words, bits->address) >> bits->shift & mask) << bits->place;
}

static uint32_t field_of(const struct words *words, const fettle_esp_field *field)
{
    uint32_t value = 0;
    for (size_t i = 0; i < FETTLE_ESP_BITS_MAX && field->bits[i].width > 0; i++) {
        value |= bits_of(words, &field->bits[i]);
    }
    return value;
}

static bool has_field(const fettle_esp_field *field)
{
    return field->bits[0].width > 0;
}

static uint32_t count_low_ones(uint32_t value)
{
    uint32_t count = 0;
    for (; (value & 1) != 0; value >>= 1) {
        count++;
    }
    return count;
}

static bool is_odd(uint32_t value)
{
    bool odd = false;
    for (; value != 0; value >>= 1) {
        odd ^= (value & 1) != 0;
    }
    return odd;
}

static void put_mac(uint8_t mac[6], uint32_t high, uint32_t low)
{
    mac[0] = (uint8_t)(high >> 8);
    mac[1] = (uint8_t)high;
    mac[2] = (uint8_t)(low >> 24);
    mac[3] = (uint8_t)(low >> 16);
    mac[4] = (uint8_t)(low >> 8);
    mac[5] = (uint8_t)low;
}

/* The maker's half stands in the last word, or is one of two that a number stands for. */
static void put_mac_8266(uint8_t mac[6], const uint32_t words[3])
{
    static const uint32_t makers[] = {0x18FE34, 0xACD074};
    uint32_t number = words[1] >> 16 & 0xFF;
    uint32_t maker = words[2] != 0                             ? words[2] & 0xFFFFFF
                     : number < sizeof makers / sizeof *makers ? makers[number]
                                                               : 0;
    put_mac(mac, maker >> 8, maker << 24 | (words[1] & 0xFFFF) << 8 | words[0] >> 24);
}

static void decode_mac(fettle_esp_identity *identity, const struct words *words)
{
    const fettle_esp_chip *chip = identity->chip;
    uint32_t of[3];
    for (size_t i = 0; i < 3; i++) {
        of[i] = chip->mac[i] != 0 ? word_at(words, chip->mac[i]) : 0;
    }
    if (chip->mac_kind == FETTLE_ESP_MAC_8266) {
        put_mac_8266(identity->mac, of);
    } else {
        put_mac(identity->mac, of[1], of[0]);
    }
    identity->has_mac = true;
}

static bool is_first_silicon(const fettle_esp_chip *chip, const struct words *words)
{
    bool is_first = chip->first_silicon[0].bits.width > 0;
    for (size_t i = 0;
         i < FETTLE_ESP_CONDITIONS_MAX && chip->first_silicon[i].bits.width > 0; i++) {
        const fettle_esp_condition *condition = &chip->first_silicon[i];
        is_first = is_first && bits_of(words, &condition->bits) == condition->value;
    }
    return is_first;
}

static void decode_revision(fettle_esp_identity *identity, const struct words *words)
{
    const fettle_esp_chip *chip = identity->chip;
    const uint32_t per_major = 100;
    uint32_t major = field_of(words, &chip->major);
    major = chip->major_is_unary ? count_low_ones(major) : major;
    identity->revision = (uint16_t)(major * per_major + field_of(words, &chip->minor));
    if (is_first_silicon(chip, words)) {
        identity->revision = 0;
    }
    identity->has_revision = has_field(&chip->major);
}

static void decode_package(fettle_esp_identity *identity, const struct words *words)
{
    const fettle_esp_chip *chip = identity->chip;
    identity->package = field_of(words, &chip->package);
    identity->is_single_core = field_of(words, &chip->single_core) != 0;
    identity->package_name = NULL;
    for (size_t i = 0; i < FETTLE_ESP_PACKAGES_MAX && chip->packages[i].name != NULL; i++) {
        if (chip->packages[i].number == identity->package) {
            identity->package_name = chip->packages[i].name;
        }
    }
}

/* GET_SECURITY_INFO says more than these where it is there, and nothing against them. */
static void decode_security(fettle_esp_identity *identity, const struct words *words)
{
    const fettle_esp_chip *chip = identity->chip;
    bool is_first = field_of(words, &chip->secure_boot) != 0;
    bool is_second = field_of(words, &chip->secure_boot_v2) != 0 &&
                     identity->revision >= chip->secure_boot_v2_from;
    identity->has_security = has_field(&chip->secure_boot);
    identity->is_secure_boot = is_first || is_second;
    identity->is_secure_boot_v1 = is_first && has_field(&chip->secure_boot_v2);
    identity->is_encrypted = is_odd(field_of(words, &chip->crypt_count));
    identity->refuses_plain =
        identity->is_encrypted && field_of(words, &chip->no_encrypting) != 0;
}

/* The ROM has measured our rate: its divider is in periods of the crystal. */
static uint32_t crystal_of(const fettle_esp_chip *chip, const struct words *words)
{
    uint64_t divider = word_at(words, chip->uart_clkdiv) & 0xFFFFF;
    uint64_t mhz = divider * FETTLE_ESP_BAUD / MEGA / chip->crystal_divisor;
    return divider == 0 ? 0 : mhz > 45 ? 48 : mhz > 33 ? 40 : 26;
}

void fettle_esp_identity_decode(fettle_esp_identity *identity, const uint32_t *addresses,
                                const uint32_t *values, size_t count)
{
    const fettle_esp_chip *chip = identity->chip;
    const struct words words = {addresses, values, count};
    decode_mac(identity, &words);
    decode_revision(identity, &words);
    decode_package(identity, &words);
    decode_security(identity, &words);
    identity->pads = field_of(&words, &chip->pads);
    identity->crystal_mhz = chip->crystal_mhz > 0    ? chip->crystal_mhz
                            : chip->uart_clkdiv != 0 ? crystal_of(chip, &words)
                                                     : 0;
}
