/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ESP chip has under its addresses, as far as hosts look there: ids, eFuses, the divider
 * of its UART, the flash controller with its one way to give the flash a command (section 3.5 of
 * the fact sheet), and the watchdog (section 3.6). Other addresses keep what is written to them,
 * and are 0 before that.
 */
#include "esp.h"

enum {
    MAGIC_AT = 0x40001000,
    ESP32_CALIBRATION = 0x3ff5f06c, /* section 2.6 */
    ESP32_CK8M = 0x3ff5a010,        /* eFuse word 4 */
    CK8M_VALUE = 52,
    CALIBRATION_40 = 1907, /* a ROM that is 3 % wrong, as one was seen to be */
    CALIBRATION_26 = 1240,
    SLOW_HZ = 150000, /* clock of the watchdog */
    MAC_CRC = 0x00de,
    COMMAND_BIT = 18, /* of CMD: do it */
    READS_BIT = 28,   /* of USR */
};

/* JEDEC commands of serial NOR flash. */
enum {
    READ_STATUS = 0x05,
    READ_STATUS_2 = 0x35,
    READ_STATUS_3 = 0x15,
    READ_SFDP = 0x5a,
    READ_ID = 0x9f,
};

static const uint32_t watchdog_key = 0x50d83aa1;

uint32_t fettle_sim_esp_get(const fettle_sim_esp *esp, uint32_t address)
{
    for (size_t i = 0; i < esp->register_count; i++) {
        if (esp->registers[i].address == address) {
            return esp->registers[i].value;
        }
    }
    return 0;
}

void fettle_sim_esp_set(fettle_sim_esp *esp, uint32_t address, uint32_t value)
{
    for (size_t i = 0; i < esp->register_count; i++) {
        if (esp->registers[i].address == address) {
            esp->registers[i].value = value;
            return;
        }
    }
    if (esp->register_count < ESP_REGISTERS) {
        esp->registers[esp->register_count++] = (fettle_sim_esp_register){address, value};
    }
}

/* ---- what is burnt in ---- */

static void set_field(fettle_sim_esp *esp, const fettle_sim_esp_field *field,
                      uint32_t value)
{
    if (field->bits > 0) {
        uint32_t mask = ((1u << field->bits) - 1) << field->shift;
        uint32_t rest = fettle_sim_esp_get(esp, field->address) & ~mask;
        fettle_sim_esp_set(esp, field->address, rest | (value << field->shift & mask));
    }
}

static void burn_mac(fettle_sim_esp *esp)
{
    const uint8_t *mac = esp->mac;
    uint32_t at = esp->chip->mac;
    if (esp->chip->is_first) {
        fettle_sim_esp_set(esp, at, (uint32_t)mac[5] << 24);
        fettle_sim_esp_set(esp, at + 4, 1u << 16 | (uint32_t)mac[3] << 8 | mac[4]);
        return;
    }
    uint32_t low =
        (uint32_t)mac[2] << 24 | (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5];
    uint32_t high = (uint32_t)mac[0] << 8 | mac[1];
    high |= esp->chip->is_unary ? (uint32_t)MAC_CRC << 16 : 0;
    fettle_sim_esp_set(esp, at, low);
    fettle_sim_esp_set(esp, at + 4, high | (fettle_sim_esp_get(esp, at + 4) & ~0xffffffu));
}

static void burn_revision(fettle_sim_esp *esp)
{
    const fettle_sim_esp_chip *chip = esp->chip;
    uint32_t major = esp->revision / 100u, minor = esp->revision % 100u;
    major = chip->is_unary ? (1u << major) - 1 : major;
    for (size_t i = 0; i < sizeof chip->major / sizeof chip->major[0]; i++) {
        set_field(esp, &chip->major[i], major);
        major >>= chip->major[i].bits;
    }
    set_field(esp, &chip->minor, minor);
    set_field(esp, &chip->minor_high, minor >> chip->minor.bits);
}

static void burn_security(fettle_sim_esp *esp)
{
    const fettle_sim_esp_chip *chip = esp->chip;
    uint64_t secure = fettle_sim_option_of(esp->board, OPTION_SECURE_BOOT);
    uint64_t encryption = fettle_sim_option_of(esp->board, OPTION_ENCRYPTION);
    bool has_v1 = chip->secure_boot_v1.bits > 0;
    set_field(esp, &chip->secure_boot_v1, secure == SECURE_BOOT_V1);
    set_field(esp, &chip->secure_boot,
              secure == SECURE_BOOT_V2 || (secure == SECURE_BOOT_V1 && !has_v1));
    set_field(esp, &chip->encryption, encryption != ENCRYPTION_NONE);
    set_field(esp, &chip->no_encryption, encryption == ENCRYPTION_RELEASE);
}

static uint32_t magic_of(const fettle_sim_esp *esp)
{
    uint32_t magic = esp->chip->magics[0].magic;
    for (size_t i = 1; i < ESP_MAGICS && esp->chip->magics[i].magic != 0; i++) {
        if (esp->revision >= esp->chip->magics[i].revision) {
            magic = esp->chip->magics[i].magic;
        }
    }
    return magic;
}

static uint32_t calibration(const fettle_sim_esp *esp)
{
    return esp->xtal == 26 ? CALIBRATION_26 : CALIBRATION_40;
}

uint32_t fettle_sim_esp_believed_hz(const fettle_sim_esp *esp)
{
    if (esp->chip->rom_xtal != 0) {
        return esp->chip->rom_xtal * UINT32_C(1000000);
    }
    return calibration(esp) * UINT32_C(15625) * CK8M_VALUE / 40;
}

void fettle_sim_esp_tell_divider(fettle_sim_esp *esp)
{
    uint32_t hz = esp->xtal * UINT32_C(1000000) * esp->chip->divider_times;
    fettle_sim_esp_set(esp, esp->chip->clock_divider, hz / esp->baud);
}

void fettle_sim_esp_registers_init(fettle_sim_esp *esp, bool has_power_been_away)
{
    esp->register_count = has_power_been_away ? 0 : esp->register_count;
    fettle_sim_esp_set(esp, MAGIC_AT, magic_of(esp));
    burn_mac(esp);
    burn_revision(esp);
    burn_security(esp);
    fettle_sim_esp_tell_divider(esp);
    if (esp->chip->port_variable != 0) {
        fettle_sim_esp_set(esp, esp->chip->port_variable,
                           esp->is_jtag ? esp->chip->port_jtag : 0);
    }
    if (esp->chip->rom_xtal == 0) {
        fettle_sim_esp_set(esp, ESP32_CALIBRATION, calibration(esp) << 7);
        fettle_sim_esp_set(esp, ESP32_CK8M, CK8M_VALUE);
    }
}

/* ---- the flash controller ---- */

static uint32_t sfdp(uint32_t address)
{
    static const uint32_t header[] = {0x50444653, 0xff000106, 0x10010600, 0xff000030};
    return address % 4 == 0 && address / 4 < sizeof header / sizeof header[0]
               ? header[address / 4]
               : UINT32_MAX;
}

/* The flash's answer, four bytes of it; its pins have to be connected. */
static uint32_t ask_flash(const fettle_sim_esp *esp, uint8_t command, uint32_t address)
{
    if (!esp->is_attached || !esp->has_flash) {
        return command == READ_ID && esp->is_attached ? esp->flash_id : UINT32_MAX;
    }
    switch (command) {
    case READ_ID:
        return esp->flash_id;
    case READ_SFDP:
        return sfdp(address);
    default:
        return 0; /* the statuses: not busy, nothing protected */
    }
}

static void give_command(fettle_sim_esp *esp)
{
    const fettle_sim_esp_spi *spi = &esp->chip->spi;
    uint32_t usr = fettle_sim_esp_get(esp, spi->base + spi->usr);
    uint32_t usr2 = fettle_sim_esp_get(esp, spi->base + spi->usr2);
    uint32_t length = spi->miso == 0
                          ? fettle_sim_esp_get(esp, spi->base + spi->usr1) >> 8 & 0x1ff
                          : fettle_sim_esp_get(esp, spi->base + spi->miso) & 0x3ff;
    uint32_t address = fettle_sim_esp_get(esp, spi->base + 4);
    bool has_command = (usr >> 31 & 1) != 0 && usr2 >> 28 == 7;
    if (!has_command || (usr >> READS_BIT & 1) == 0) {
        return;
    }
    address = spi->is_left_aligned ? address >> 8 : address;
    uint32_t answer = ask_flash(esp, (uint8_t)usr2, address);
    answer &= length < 31 ? (2u << length) - 1 : UINT32_MAX;
    fettle_sim_esp_set(esp, spi->base + spi->words, answer);
}

/* ---- the watchdog ---- */

static void set_watchdog(fettle_sim_esp *esp, uint32_t config, fettle_us at)
{
    const fettle_sim_esp_watchdog *watchdog = &esp->chip->watchdog;
    if ((config >> 31 & 1) == 0) {
        esp->watchdog_at = FETTLE_NEVER;
        return;
    }
    uint64_t ticks = fettle_sim_esp_get(esp, watchdog->config1);
    if (watchdog->may_reset) {
        esp->watchdog_at = at + ticks * 1000000 / SLOW_HZ;
    } else {
        esp->mode = ESP_MODE_SILENT; /* section 3.6: it freezes */
    }
}

/* ---- as a host has it ---- */

/* RAM that was loaded is read back; a word of it. */
static bool read_ram(const fettle_sim_esp *esp, uint32_t address, uint32_t *value)
{
    for (size_t i = 0; i < ESP_SEGMENTS; i++) {
        const fettle_sim_esp_segment *segment = &esp->segments[i];
        if (segment->bytes != NULL && address >= segment->address &&
            address - segment->address + 4 <= segment->size) {
            *value = fettle_get32(segment->bytes + (address - segment->address));
            return true;
        }
    }
    return false;
}

uint32_t fettle_sim_esp_peek(fettle_sim_esp *esp, uint32_t address)
{
    uint32_t value;
    if (read_ram(esp, address, &value)) {
        return value;
    }
    return fettle_sim_esp_get(esp, address);
}

void fettle_sim_esp_poke(fettle_sim_esp *esp, uint32_t address, uint32_t value,
                         fettle_us at)
{
    const fettle_sim_esp_watchdog *watchdog = &esp->chip->watchdog;
    bool is_of_watchdog = address == watchdog->config0 || address == watchdog->config1;
    if (is_of_watchdog && fettle_sim_esp_get(esp, watchdog->protect) != watchdog_key) {
        return;
    }
    if (address == esp->chip->spi.base && (value >> COMMAND_BIT & 1) != 0) {
        give_command(esp);
        value = 0; /* done */
    }
    fettle_sim_esp_set(esp, address, value);
    if (address == watchdog->config0 && watchdog->config0 != 0) {
        set_watchdog(esp, value, at);
    }
}

size_t fettle_sim_esp_security(const fettle_sim_esp *esp, uint8_t info[20])
{
    uint64_t secure = fettle_sim_option_of(esp->board, OPTION_SECURE_BOOT);
    bool is_locked = fettle_sim_option_of(esp->board, OPTION_SDM) != 0;
    bool is_encrypted =
        fettle_sim_option_of(esp->board, OPTION_ENCRYPTION) != ENCRYPTION_NONE;
    uint8_t bytes[20] = {0};
    bytes[0] = (uint8_t)((secure != SECURE_BOOT_NONE ? 1 : 0) | (is_locked ? 4 : 0));
    bytes[4] = is_encrypted ? 1 : 0;               /* flash_crypt_cnt */
    bytes[5] = is_encrypted ? 4 : 0;               /* XTS-AES-128 */
    bytes[6] = secure != SECURE_BOOT_NONE ? 9 : 0; /* a digest of secure boot */
    bytes[12] = (uint8_t)esp->chip->chip_id;
    bytes[16] = (uint8_t)(esp->revision % 100);
    for (size_t i = 0; i < esp->chip->security_size; i++) {
        info[i] = bytes[i];
    }
    return esp->chip->security_size;
}
