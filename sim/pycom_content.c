/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in the flash of a new module: bootloader, partition table, application, Pycom's otadata, NVS and a
 * file system in use, and the config block with what can't be replaced (sections 4 and 6 of the fact sheet on
 * Pycom boards). The same for each seed; what belongs to one module only differs with the board as well.
 *
 * content=blank is a flash that was erased whole, but for its config block; with config=blank that too.
 */
#include "pycom.h"

#include <string.h>

enum {
    TABLE_ROW = 32,
    CRC_SPAN = 36, /* bytes of otadata that its CRC covers */
    SLOT_FACTORY = 0,
    SLOT_OTA_0 = 1,
    STATUS_READY = 1,
    FILES_IN_USE = 0x6000,
    BROKEN_START = 16, /* bytes; images here are entered at the fifth */
    REGION_EU868 = 5,
};

/* The config block, section 6. */
enum {
    LORA_MAC = 0,
    SIGFOX_ID = 8,
    SIGFOX_SECRETS = 12, /* PAC and both keys */
    SIGFOX_SECRETS_SIZE = 8 + 16 + 16,
    LORA_REGION = 52,
    WIFI_BITS = 53,
    WIFI_ON = 0xbb,
    STA_SSID = 54,
    STA_PASSWORD = 87,
    HEARTBEAT = 152,
    DEVICE_TOKEN = 162,
    MQTT_SERVER = 202,
    SOFTWARE_VERSION = 521,
    FILE_SYSTEM = 533,
    AP_SSID = 536,
    AP_PASSWORD = 569,
};

static void put_text(fettle_sim_esp *esp, uint32_t at, size_t size, const char *text)
{
    fettle_sim_copy_text((char *)esp->flash + at, size, text);
}

static void put_noise(fettle_sim_esp *esp, uint32_t at, uint32_t size, uint64_t seed)
{
    uint64_t random = fettle_sim_seed(seed);
    for (uint32_t i = 0; i < size; i++) {
        esp->flash[at + i] = (uint8_t)fettle_sim_random(&random);
    }
}

/* ---- firmware ---- */

static const char older[] = "1.18.1.r1";

static void put_loader(fettle_sim_esp *esp)
{
    fettle_sim_esp_image_part parts[2] = {
        {.address = 0x3fff0018, .size = 0x1800},
        {.address = 0x40078000, .size = 0x2400},
    };
    fettle_sim_esp_put_image(esp, esp->chip->bootloader, parts, 2, 0xb007);
}

/* Returns its size. A broken one starts with an illegal instruction. */
static uint32_t put_firmware(fettle_sim_esp *esp, uint32_t at, const char *version,
                             bool is_broken)
{
    fettle_sim_esp_image_part parts[2] = {
        {.address = esp->chip->drom + 0x20, .size = 0x8000, .head_size = 192},
        {.address = esp->chip->iram,
         .size = 0x6000,
         .head_size = is_broken ? BROKEN_START : 0}, /* zeros */
    };
    uint64_t seed = fettle_sim_option_of(esp->board, OPTION_SEED);
    char *text = (char *)parts[0].head;
    snprintf(text, sizeof parts[0].head,
             "%s%s [v1.11-c5a0a97] on 2020-10-27; %s with ESP32", fettle_sim_pycom_mark,
             version, esp->module->firmware);
    return fettle_sim_esp_put_image(esp, at, parts, 2, seed ^ 0xa99);
}

static void put_otadata(fettle_sim_esp *esp, const fettle_sim_pycom_layout *layout,
                        bool is_ota_0, uint32_t size)
{
    uint8_t *at = esp->flash + layout->otadata;
    fettle_put32(at, is_ota_0 ? SLOT_OTA_0 : SLOT_FACTORY);
    fettle_put32(at + 4, STATUS_READY);
    fettle_put32(at + 8, SLOT_FACTORY);
    fettle_put32(at + 12, size);
    fettle_put32(at + 16, 0); /* no safe boot; the signature behind it stays FF */
    fettle_put32(at + CRC_SPAN, ~fettle_crc32(0, (fettle_span){at, CRC_SPAN}));
}

/*
 * The active slot has what app-version= says; a factory slot beside it something older. Where it is a broken
 * one, there is an older one beside it in any case.
 */
static void put_firmwares(fettle_sim_esp *esp, const fettle_sim_pycom_layout *layout)
{
    const char *given = esp->board->settings.app_version;
    const char *version = given[0] != '\0' ? given : layout->version;
    bool is_ota_0 = fettle_sim_option_of(esp->board, OPTION_ACTIVE) == ACTIVE_OTA_0;
    bool is_broken = fettle_sim_option_of(esp->board, OPTION_LOOPS) == LOOPS_APP;
    uint32_t active = is_ota_0 ? layout->slot : PYCOM_FACTORY_AT;
    if (is_ota_0 || is_broken) {
        uint32_t other = is_ota_0 ? PYCOM_FACTORY_AT : layout->slot;
        put_firmware(esp, other, older, false);
    }
    uint32_t size = put_firmware(esp, active, version, is_broken);
    put_otadata(esp, layout, is_ota_0, size);
}

static void put_table(fettle_sim_esp *esp, const fettle_sim_pycom_layout *layout)
{
    const fettle_sim_esp_table_row rows[] = {
        {1, 0x02, PYCOM_NVS_AT, PYCOM_NVS_SIZE, "nvs"},
        {0, 0x00, PYCOM_FACTORY_AT, layout->factory_size, "factory"},
        {1, 0x00, layout->otadata, PYCOM_OTADATA_SIZE, "otadata"},
        {0, 0x10, layout->slot, layout->slot_size, "ota_0"},
        {1, 0x07, layout->dummy, layout->dummy_size, "dummy"},
        {1, 0x05, layout->files, layout->files_size, "fs"},
        {1, 0x06, PYCOM_CONFIG_AT, PYCOM_CONFIG_SIZE, "config"},
    };
    size_t count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool is_small_ones =
            rows[i].type == 1 && (rows[i].subtype == 7 || rows[i].subtype == 5);
        if (!is_small_ones || layout->dummy_size > 0) {
            fettle_sim_esp_put_row(esp, count++, &rows[i]);
        }
    }
    if (fettle_sim_option_of(esp->board, OPTION_LAYOUT) != LAYOUT_OLD) {
        fettle_sim_esp_seal_table(esp, count);
    }
}

/* The first sectors of a FAT, and a file. */
static void put_files(fettle_sim_esp *esp, const fettle_sim_pycom_layout *layout)
{
    static const uint8_t jump[] = {0xeb, 0xfe, 0x90};
    uint64_t seed = fettle_sim_option_of(esp->board, OPTION_SEED);
    put_noise(esp, layout->files, FILES_IN_USE, seed ^ 0xf11e5);
    memcpy(esp->flash + layout->files, jump, sizeof jump);
    put_text(esp, layout->files + 3, 9, "MSDOS5.0");
    fettle_put16(esp->flash + layout->files + 510, 0xaa55);
    put_text(esp, layout->files + ESP_SECTOR, 64, "# main.py -- put your code here!\n");
}

/* ---- the config block ---- */

static void put_radio(fettle_sim_esp *esp)
{
    static const uint8_t vendor[] = {0x70, 0xb3, 0xd5, 0x49, 0x90};
    uint8_t *config = esp->flash + PYCOM_CONFIG_AT;
    size_t index = esp->board->index;
    uint64_t seed = fettle_sim_option_of(esp->board, OPTION_SEED) + index;
    if (esp->module->has_lora) {
        memcpy(config + LORA_MAC, vendor, sizeof vendor);
        put_noise(esp, PYCOM_CONFIG_AT + LORA_MAC + sizeof vendor, 3, seed ^ 0x107a);
    }
    if (esp->module->has_sigfox) {
        fettle_put32(config + SIGFOX_ID, 0x4d000000u + (uint32_t)index);
        put_noise(esp, PYCOM_CONFIG_AT + SIGFOX_SECRETS, SIGFOX_SECRETS_SIZE, seed ^ 0x519);
    }
    if (esp->module->has_lora &&
        fettle_sim_option_of(esp->board, OPTION_CONFIG) != CONFIG_NO_REGION) {
        config[LORA_REGION] = REGION_EU868;
    }
}

static void put_config(fettle_sim_esp *esp)
{
    char name[33];
    uint8_t *config = esp->flash + PYCOM_CONFIG_AT;
    put_radio(esp);
    config[WIFI_BITS] = WIFI_ON;
    put_text(esp, PYCOM_CONFIG_AT + STA_SSID, 33, "workshop");
    put_text(esp, PYCOM_CONFIG_AT + STA_PASSWORD, 65, "not a secret");
    config[HEARTBEAT] = 1;
    put_text(esp, PYCOM_CONFIG_AT + DEVICE_TOKEN, 40,
             "00000000-0000-0000-0000-000000000000");
    put_text(esp, PYCOM_CONFIG_AT + MQTT_SERVER, 40, "mqtt.example.org");
    put_text(esp, PYCOM_CONFIG_AT + SOFTWARE_VERSION, 12,
             fettle_sim_pycom_layout_of(esp)->version);
    config[FILE_SYSTEM] = 0;
    snprintf(name, sizeof name, "%s-wlan-%02x%02x", esp->module->firmware, esp->mac[4],
             esp->mac[5]);
    put_text(esp, PYCOM_CONFIG_AT + AP_SSID, 33, name);
    put_text(esp, PYCOM_CONFIG_AT + AP_PASSWORD, 65, "not a secret either");
}

void fettle_sim_pycom_fill(fettle_sim_esp *esp)
{
    const fettle_sim_pycom_layout *layout = fettle_sim_pycom_layout_of(esp);
    if (fettle_sim_option_of(esp->board, OPTION_CONFIG) != CONFIG_BLANK) {
        put_config(esp);
    }
    if (fettle_sim_option_of(esp->board, OPTION_CONTENT) == CONTENT_BLANK) {
        return;
    }
    put_loader(esp);
    if (fettle_sim_option_of(esp->board, OPTION_LOOPS) == LOOPS_FLASH) {
        memset(esp->flash + esp->chip->bootloader, 0xff,
               ESP_SECTOR); /* a write went wrong */
    }
    put_table(esp, layout);
    fettle_sim_esp_put_nvs(esp);
    put_firmwares(esp, layout);
    put_files(esp, layout);
}
