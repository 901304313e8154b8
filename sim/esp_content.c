/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in the flash of a new ESP board: a bootloader where this chip's ROM looks for one, a
 * partition table with a factory application and two more slots, NVS in use, and the application
 * in the factory slot; all of it made here, valid, and the same for each seed (sections 4.1 to
 * 4.5 of the fact sheet). An ESP8266 has one image at 0 and no table. content=blank is a flash
 * from the shop.
 */
#include "pycom.h"

#include <string.h>

enum {
    IMAGE_MAGIC = 0xe9,
    HEADER = 24,
    FIRST_HEADER = 8, /* of an ESP8266 */
    SEGMENT_HEADER = 8,
    DESCRIPTOR = ESP_IMAGE_HEAD,
    APP_TEXT = 0x8000, /* size of its segments */
    APP_CODE = 0x6000,
    LOADER_TEXT = 0x1800,
    LOADER_CODE = 0x2400,
    DIO = 2,
    SPEED_80M = 0x0f,
    ROW = 32,
    NVS_AT = 0x9000,
    NVS_SIZE = 0x5000,
    OTADATA_AT = 0xe000,
    OTADATA_SIZE = 0x2000,
    NVS_ENTRY = 32,
    STORAGE_SHARE = 16, /* of the flash, for a file system */
};

typedef struct image_writer {
    fettle_sim_esp *esp;
    uint32_t at, begin;
    uint64_t random;
    uint8_t checksum;
} image_writer;

static void put(image_writer *writer, const void *bytes, size_t size)
{
    if (writer->at + size <= writer->esp->flash_size) {
        memcpy(writer->esp->flash + writer->at, bytes, size);
    }
    writer->at += (uint32_t)size;
}

static void put_part(image_writer *writer, const fettle_sim_esp_image_part *part)
{
    uint8_t words[SEGMENT_HEADER];
    fettle_put32(words, part->address);
    fettle_put32(words + 4, part->size);
    put(writer, words, sizeof words);
    for (uint32_t i = 0; i < part->size; i++) {
        uint8_t byte = i < part->head_size ? part->head[i] : 0;
        if (i >= part->head_size) {
            byte = (uint8_t)fettle_sim_random(&writer->random);
            byte &= i % 4 == 0 ? 0xff : 0x1f; /* code can be compressed */
        }
        writer->checksum ^= byte;
        put(writer, &byte, 1);
    }
}

/* Size and frequency of the flash: section 3.7. */
static uint8_t size_nibble(const fettle_sim_esp *esp)
{
    static const uint8_t of_first[] = {1, 0, 2, 3, 4, 8, 9}; /* 256 KiB and up */
    size_t size = esp->flash_size;
    uint8_t doubled = 0;
    size_t least = esp->chip->is_first ? 256 * 1024 : 1024 * 1024;
    while (least << doubled < size && doubled < 7) {
        doubled++;
    }
    if (!esp->chip->is_first) {
        return doubled;
    }
    return of_first[doubled < sizeof of_first ? doubled : sizeof of_first - 1];
}

static void put_header(image_writer *writer, uint8_t parts, uint32_t entry)
{
    const fettle_sim_esp *esp = writer->esp;
    uint8_t header[HEADER] = {IMAGE_MAGIC, parts, DIO};
    header[3] = (uint8_t)(size_nibble(esp) << 4);
    header[3] |= esp->module != NULL ? SPEED_80M : 0;
    fettle_put32(header + 4, entry);
    header[8] = 0xee; /* no WP pin */
    fettle_put16(header + 12, esp->chip->chip_id);
    fettle_put16(header + 17, 0xffff); /* any revision */
    header[23] = 1;                    /* a hash follows */
    put(writer, header, esp->chip->is_first ? FIRST_HEADER : HEADER);
}

static void put_end(image_writer *writer)
{
    uint8_t zeros[16] = {0};
    put(writer, zeros, 15 - (writer->at - writer->begin) % 16);
    put(writer, &writer->checksum, 1);
    if (writer->esp->chip->is_first) {
        return;
    }
    fettle_sha256 sha256;
    uint8_t digest[FETTLE_SHA256_SIZE];
    fettle_sha256_init(&sha256);
    fettle_sha256_feed(&sha256, (fettle_span){writer->esp->flash + writer->begin,
                                              writer->at - writer->begin});
    fettle_sha256_finish(&sha256, digest);
    put(writer, digest, sizeof digest);
}

uint32_t fettle_sim_esp_put_image(fettle_sim_esp *esp, uint32_t at,
                                  const fettle_sim_esp_image_part *parts, uint8_t count,
                                  uint64_t seed)
{
    image_writer writer = {.esp = esp,
                           .at = at,
                           .begin = at,
                           .random = fettle_sim_seed(seed),
                           .checksum = 0xef};
    put_header(&writer, count, parts[count - 1].address + 4);
    for (uint8_t i = 0; i < count; i++) {
        put_part(&writer, &parts[i]);
    }
    put_end(&writer);
    return writer.at - at;
}

/* ---- what there is ---- */

static void put_app(fettle_sim_esp *esp, uint32_t at)
{
    const fettle_sim_esp_chip *chip = esp->chip;
    fettle_sim_esp_image_part parts[2] = {
        {.address = chip->drom + HEADER + SEGMENT_HEADER,
         .size = APP_TEXT,
         .head_size = DESCRIPTOR},
        {.address = chip->iram, .size = APP_CODE},
    };
    uint8_t *descriptor = parts[0].head;
    uint64_t seed = fettle_sim_option_of(esp->board, OPTION_SEED);
    if (chip->is_first) {
        parts[0].address = chip->drom;
        fettle_sim_copy_text((char *)descriptor, DESCRIPTOR, "App version: 1.0.0");
    } else {
        fettle_put32(descriptor, 0xabcd5432);
        fettle_sim_copy_text((char *)descriptor + 0x10, 32, "1.0.0");
        fettle_sim_copy_text((char *)descriptor + 0x30, 32, "fettle-sim");
        fettle_sim_copy_text((char *)descriptor + 0x50, 16, "12:00:00");
        fettle_sim_copy_text((char *)descriptor + 0x60, 16, "Jan  1 2024");
        fettle_sim_copy_text((char *)descriptor + 0x70, 32, "v5.1");
    }
    fettle_sim_esp_put_image(esp, at, parts, 2, seed ^ 0xa99);
}

static void put_loader(fettle_sim_esp *esp)
{
    fettle_sim_esp_image_part parts[2] = {
        {.address = esp->chip->iram + 0x10000, .size = LOADER_TEXT, .head_size = 80},
        {.address = esp->chip->iram + 0x20000, .size = LOADER_CODE},
    };
    parts[0].head[0] = 0x50; /* its descriptor: section 4.3 */
    fettle_put32(parts[0].head + 4, 1);
    fettle_sim_copy_text((char *)parts[0].head + 8, 32, "v5.1");
    fettle_sim_copy_text((char *)parts[0].head + 0x28, 24, "Jan  1 2024 12:00:00");
    fettle_sim_esp_put_image(esp, esp->chip->bootloader, parts, 2, 0xb007);
}

void fettle_sim_esp_put_row(fettle_sim_esp *esp, size_t index,
                            const fettle_sim_esp_table_row *row)
{
    uint8_t *at = esp->flash + ESP_TABLE_AT + index * ROW;
    memset(at, 0, ROW);
    at[0] = 0xaa;
    at[1] = 0x50;
    at[2] = row->type;
    at[3] = row->subtype;
    fettle_put32(at + 4, row->offset);
    fettle_put32(at + 8, row->size);
    fettle_sim_copy_text((char *)at + 12, 16, row->label);
}

void fettle_sim_esp_seal_table(fettle_sim_esp *esp, size_t count)
{
    fettle_md5 md5;
    const uint8_t *table = esp->flash + ESP_TABLE_AT;
    uint8_t *at = esp->flash + ESP_TABLE_AT + count * ROW;
    memset(at, 0xff, 16);
    at[0] = at[1] = 0xeb;
    fettle_md5_init(&md5);
    fettle_md5_feed(&md5, (fettle_span){table, count * ROW});
    fettle_md5_finish(&md5, at + 16);
}

static void put_table(fettle_sim_esp *esp)
{
    uint32_t size = (uint32_t)esp->flash_size;
    uint32_t slot = (size - ESP_FACTORY_AT - size / STORAGE_SHARE) / 3;
    slot = slot / ESP_BLOCK * ESP_BLOCK;
    uint32_t storage = ESP_FACTORY_AT + 3 * slot;
    const fettle_sim_esp_table_row rows[] = {
        {1, 0x02, NVS_AT, NVS_SIZE, "nvs"},
        {1, 0x00, OTADATA_AT, OTADATA_SIZE, "otadata"},
        {0, 0x00, ESP_FACTORY_AT, slot, "factory"},
        {0, 0x10, ESP_FACTORY_AT + slot, slot, "ota_0"},
        {0, 0x11, ESP_FACTORY_AT + 2 * slot, slot, "ota_1"},
        {1, 0x82, storage, size - storage, "storage"},
    };
    const size_t count = sizeof rows / sizeof rows[0];
    for (size_t i = 0; i < count; i++) {
        fettle_sim_esp_put_row(esp, i, &rows[i]);
    }
    fettle_sim_esp_seal_table(esp, count);
}

/* One page that is in use, with a namespace and some values: whose loss someone would notice. */
void fettle_sim_esp_put_nvs(fettle_sim_esp *esp)
{
    uint8_t *page = esp->flash + NVS_AT;
    uint64_t random = fettle_sim_seed(fettle_sim_option_of(esp->board, OPTION_SEED) ^ 0x75);
    fettle_put32(page, 0xfffffffe);
    fettle_put32(page + 4, 0);
    page[8] = 0xfe;
    fettle_put32(page + 28, ~fettle_crc32(0, (fettle_span){page + 4, 24}));
    for (size_t i = 2 * NVS_ENTRY; i < 12 * (size_t)NVS_ENTRY; i++) {
        page[i] = (uint8_t)fettle_sim_random(&random);
    }
}

static void encrypt_all(fettle_sim_esp *esp)
{
    uint8_t *memory = esp->flash;
    fettle_sim_esp_encrypt(esp, esp->chip->bootloader, memory + esp->chip->bootloader,
                           ESP_TABLE_AT + ESP_SECTOR - esp->chip->bootloader);
    fettle_sim_esp_encrypt(esp, ESP_FACTORY_AT, memory + ESP_FACTORY_AT, 2 * ESP_BLOCK);
}

void fettle_sim_esp_fill(fettle_sim_esp *esp)
{
    fettle_sim_board *board = esp->board;
    memset(esp->flash, 0xff, esp->flash_size);
    if (esp->module != NULL) {
        fettle_sim_pycom_fill(esp);
    }
    if (fettle_sim_option_of(board, OPTION_CONTENT) == CONTENT_BLANK) {
        return;
    }
    if (esp->chip->is_first) {
        put_app(esp, 0);
    } else if (esp->module == NULL) {
        put_loader(esp);
        put_table(esp);
        fettle_sim_esp_put_nvs(esp);
        put_app(esp, ESP_FACTORY_AT);
    }
    if (fettle_sim_option_of(board, OPTION_DOWNLOADING) != 0 &&
        !fettle_sim_esp_is_behind_pic(esp)) {
        uint32_t app = esp->chip->is_first ? 0 : ESP_FACTORY_AT;
        memset(esp->flash + app + ESP_SECTOR, 0xff, 2 * ESP_BLOCK - ESP_SECTOR);
    }
    if (fettle_sim_option_of(board, OPTION_ENCRYPTION) != ENCRYPTION_NONE) {
        encrypt_all(esp);
    }
}

/* Stands for XTS-AES: it depends on the board, the address, and nothing else. */
void fettle_sim_esp_encrypt(const fettle_sim_esp *esp, uint32_t address, uint8_t *bytes,
                            size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint64_t key = fettle_sim_seed(((uint64_t)esp->mac[5] << 32) + address + i);
        fettle_sim_random(&key);
        bytes[i] ^= (uint8_t)fettle_sim_random(&key);
    }
}
