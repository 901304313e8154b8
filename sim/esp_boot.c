/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ESP chip does with its flash after a reset that isn't into the loader: the ROM looks
 * for a bootloader where it expects one, that looks for partitions, and for an application that
 * is whole and for this chip (sections 4.1 to 4.5 of the fact sheet). It says how far it came, as
 * text (section 1.11). An application says its version, and goes on talking; where there is
 * nothing to start, a watchdog resets the chip, and it all begins again.
 */
#include "pycom.h"

#include <string.h>

enum {
    IMAGE_MAGIC = 0xe9,
    HEADER = 24,
    FIRST_HEADER = 8,
    SEGMENTS_MOST = 16,
    ROW = 32,
    ROWS_MOST = 95,
    SLOTS = 16,
    NONE = -2,
    FACTORY = -1,
    APP_TYPE = 0,
    OTADATA_TYPE = 1,
    OTADATA_COPIES = 2,
    INVALID = 3, /* ota state, and ABORTED */
    ABORTED = 4,
    APP_BAUD = 115200,
    APP_STARTS_US = 300000,
    TICK_US = 1000000,
    LOOP_US = 400000,
    TEXT_SIZE = 160,
};

/* ---- reading ---- */

typedef struct image_reader {
    const fettle_sim_esp *esp;
    uint32_t at, end;
    uint8_t checksum;
    fettle_sha256 sha256;
} image_reader;

static bool take(image_reader *reader, uint8_t *bytes, uint32_t size)
{
    if (size > reader->end - reader->at) {
        return false;
    }
    fettle_sim_esp_look(reader->esp, reader->at, bytes, size);
    reader->at += size;
    fettle_sha256_feed(&reader->sha256, (fettle_span){bytes, size});
    return true;
}

static bool take_segment(image_reader *reader)
{
    uint8_t words[8], bytes[1024];
    if (!take(reader, words, sizeof words)) {
        return false;
    }
    uint32_t left = fettle_get32(words + 4);
    while (left > 0) {
        uint32_t size = left < sizeof bytes ? left : (uint32_t)sizeof bytes;
        if (!take(reader, bytes, size)) {
            return false;
        }
        for (uint32_t i = 0; i < size; i++) {
            reader->checksum ^= bytes[i];
        }
        left -= size;
    }
    return true;
}

static bool take_end(image_reader *reader, uint32_t begin, bool has_hash)
{
    uint8_t rest[16], hash[FETTLE_SHA256_SIZE], digest[FETTLE_SHA256_SIZE];
    uint32_t padding = 15 - (reader->at - begin) % 16;
    if (!take(reader, rest, padding + 1) || rest[padding] != reader->checksum) {
        return false;
    }
    fettle_sha256_finish(&reader->sha256, digest);
    if (!has_hash) {
        return true;
    }
    if (sizeof hash > reader->end - reader->at) {
        return false;
    }
    fettle_sim_esp_look(reader->esp, reader->at, hash, sizeof hash);
    return memcmp(hash, digest, sizeof hash) == 0;
}

bool fettle_sim_esp_is_image(const fettle_sim_esp *esp, uint32_t begin, uint32_t end)
{
    image_reader reader = {.esp = esp, .at = begin, .end = end, .checksum = 0xef};
    uint8_t header[HEADER];
    bool is_first = esp->chip->is_first;
    fettle_sha256_init(&reader.sha256);
    if (!take(&reader, header, is_first ? FIRST_HEADER : HEADER) ||
        header[0] != IMAGE_MAGIC || header[1] == 0 || header[1] > SEGMENTS_MOST) {
        return false;
    }
    if (!is_first && (fettle_get16(header + 12) != esp->chip->chip_id || header[23] > 1)) {
        return false;
    }
    for (uint8_t i = 0; i < header[1]; i++) {
        if (!take_segment(&reader)) {
            return false;
        }
    }
    return take_end(&reader, begin, !is_first && header[23] == 1);
}

/* ---- partitions ---- */

typedef struct partitions {
    bool is_valid;
    uint32_t otadata;
    uint32_t factory, factory_end;
    uint32_t slot[SLOTS], slot_end[SLOTS];
    int slots;
} partitions;

static void note_row(partitions *found, const uint8_t *row)
{
    uint32_t offset = fettle_get32(row + 4), end = offset + fettle_get32(row + 8);
    unsigned slot = row[3] - 0x10u;
    if (row[2] == OTADATA_TYPE && row[3] == 0) {
        found->otadata = offset;
    } else if (row[2] == APP_TYPE && row[3] == 0) {
        found->factory = offset;
        found->factory_end = end;
    } else if (row[2] == APP_TYPE && slot < SLOTS) {
        found->slot[slot] = offset;
        found->slot_end[slot] = end;
        found->slots = found->slots > (int)slot ? found->slots : (int)slot + 1;
    }
}

static bool is_sum_right(const fettle_md5 *so_far, const uint8_t *row)
{
    fettle_md5 md5 = *so_far;
    uint8_t digest[FETTLE_MD5_SIZE];
    fettle_md5_finish(&md5, digest);
    return memcmp(digest, row + 16, sizeof digest) == 0;
}

static partitions read_table(const fettle_sim_esp *esp)
{
    partitions found = {.is_valid = false};
    fettle_md5 md5;
    fettle_md5_init(&md5);
    for (uint32_t i = 0; i <= ROWS_MOST; i++) {
        uint8_t row[ROW];
        fettle_sim_esp_look(esp, ESP_TABLE_AT + i * ROW, row, sizeof row);
        if (row[0] == 0xeb && row[1] == 0xeb) {
            found.is_valid = found.is_valid && is_sum_right(&md5, row);
            return found;
        }
        if (row[0] != 0xaa || row[1] != 0x50) {
            /* Its end is a row of ones. */
            found.is_valid = found.is_valid && row[0] == 0xff && row[1] == 0xff;
            return found;
        }
        found.is_valid = true;
        fettle_md5_feed(&md5, (fettle_span){row, sizeof row});
        note_row(&found, row);
    }
    return found;
}

bool fettle_sim_esp_has_table(const fettle_sim_esp *esp)
{
    return read_table(esp).is_valid;
}

/* Section 4.5. */
static int chosen(const fettle_sim_esp *esp, const partitions *table)
{
    uint32_t highest = 0;
    for (uint32_t i = 0; i < OTADATA_COPIES && table->otadata != 0; i++) {
        uint8_t entry[ROW];
        fettle_sim_esp_read(esp, table->otadata + i * ESP_SECTOR, entry, sizeof entry);
        uint32_t sequence = fettle_get32(entry), state = fettle_get32(entry + 24);
        uint32_t crc = ~fettle_crc32(0, (fettle_span){entry, 4});
        bool is_valid = sequence != UINT32_MAX && crc == fettle_get32(entry + 28) &&
                        state != INVALID && state != ABORTED;
        highest = is_valid && sequence > highest ? sequence : highest;
    }
    if (highest != 0 && table->slots > 0) {
        return (int)((highest - 1) % (uint32_t)table->slots);
    }
    return table->factory != 0 ? FACTORY : 0;
}

static bool runs(const fettle_sim_esp *esp, const partitions *table, int which)
{
    if (which == FACTORY) {
        return table->factory != 0 &&
               fettle_sim_esp_is_image(esp, table->factory, table->factory_end);
    }
    return table->slot[which] != 0 &&
           fettle_sim_esp_is_image(esp, table->slot[which], table->slot_end[which]);
}

/* The chosen one, or one that does instead: downwards first, then upwards. */
static int find_app(const fettle_sim_esp *esp, const partitions *table)
{
    int first = chosen(esp, table);
    for (int i = first; i >= FACTORY; i--) {
        if (runs(esp, table, i)) {
            return i;
        }
    }
    for (int i = first + 1; i < table->slots; i++) {
        if (runs(esp, table, i)) {
            return i;
        }
    }
    return NONE;
}

/* ---- what comes of it ---- */

typedef struct boot_result {
    bool has_loader, has_table, has_app;
    uint32_t app;
    int slot;
    char version[32];
} boot_result;

static void read_version(const fettle_sim_esp *esp, boot_result *result)
{
    static const char mark[] = "App version: ";
    uint8_t bytes[64];
    result->version[0] = '\0';
    if (!esp->chip->is_first) {
        fettle_sim_esp_look(esp, result->app + 0x20, bytes, sizeof bytes);
        if (fettle_get32(bytes) == 0xabcd5432) {
            memcpy(result->version, bytes + 0x10, sizeof result->version - 1);
        }
    } else {
        fettle_sim_esp_look(esp, FIRST_HEADER + 8, bytes, sizeof bytes);
        if (memcmp(bytes, mark, sizeof mark - 1) == 0) {
            memcpy(result->version, bytes + sizeof mark - 1, 16);
        }
    }
    result->version[sizeof result->version - 1] = '\0';
}

static boot_result try_to_boot(const fettle_sim_esp *esp)
{
    boot_result result = {.slot = FACTORY};
    uint32_t loader = esp->chip->bootloader;
    uint32_t end = esp->chip->is_first ? (uint32_t)esp->flash_size : ESP_TABLE_AT;
    result.has_loader = fettle_sim_esp_is_image(esp, loader, end);
    if (esp->chip->is_first) {
        result.has_table = result.has_app = result.has_loader;
    } else if (result.has_loader) {
        partitions table = read_table(esp);
        result.has_table = table.is_valid;
        result.slot = table.is_valid ? find_app(esp, &table) : NONE;
        result.has_app = result.slot != NONE;
        result.app = result.slot < 0 ? table.factory : table.slot[result.slot];
    }
    if (result.has_app) {
        read_version(esp, &result);
    }
    return result;
}

bool fettle_sim_esp_boots(const fettle_sim_esp *esp, char version[32])
{
    if (esp->module != NULL) {
        version[0] = '\0';
        return fettle_sim_pycom_boots(esp);
    }
    boot_result result = try_to_boot(esp);
    memcpy(version, result.version, sizeof result.version);
    return result.has_app;
}

/* ---- text ---- */

static const char *reset_name(const fettle_sim_esp *esp, fettle_sim_esp_cause cause)
{
    static const char *const of_esp32[] = {"0x1 (POWERON_RESET)", "0x1 (POWERON_RESET)",
                                           "0x10 (RTCWDT_RTC_RESET)", "0xc (SW_CPU_RESET)",
                                           "0xf (RTCWDT_BROWN_OUT_RESET)"};
    static const char *const of_others[] = {"0x1 (POWERON)", "0x15 (USB_UART_CHIP_RESET)",
                                            "0x10 (RTCWDT_RTC_RST)", "0x3 (RTC_SW_SYS_RST)",
                                            "0xf (BROWNOUT_RST)"};
    return esp->chip->words.has_reset_suffix ? of_esp32[cause] : of_others[cause];
}

/* Of the three ways that the straps can say: SILENT is one in which nobody listens to the UART. */
static unsigned strap_of(const fettle_sim_esp *esp)
{
    const fettle_sim_esp_words *words = &esp->chip->words;
    return esp->mode == ESP_MODE_ROM      ? words->download_strap
           : esp->mode == ESP_MODE_SILENT ? words->wrong_strap
                                          : words->boot_strap;
}

static const char *way_of(const fettle_sim_esp *esp)
{
    const fettle_sim_esp_words *words = &esp->chip->words;
    return esp->mode == ESP_MODE_ROM      ? words->download
           : esp->mode == ESP_MODE_SILENT ? "SPI_DOWNLOAD_BOOT"
                                          : words->boot;
}

static const char *waits_for(const fettle_sim_esp *esp)
{
    return esp->mode == ESP_MODE_ROM      ? "waiting for download\r\n"
           : esp->mode == ESP_MODE_SILENT ? "wait spi download\r\n"
                                          : "";
}

void fettle_sim_esp_greet(fettle_sim_esp *esp, fettle_sim_esp_cause cause, fettle_us at)
{
    char text[2 * TEXT_SIZE];
    const fettle_sim_esp_words *words = &esp->chip->words;
    if (fettle_sim_option_of(esp->board, OPTION_SILENT) != 0) {
        return;
    }
    if (esp->chip->is_first) {
        snprintf(text, sizeof text, "\r\n%s,rst cause:%d, boot mode:(%u,6)\r\n\r\n",
                 words->greeting, cause == ESP_BY_WATCHDOG ? 4 : 2, strap_of(esp));
    } else {
        snprintf(text, sizeof text, "%s\r\n%s\r\nrst:%s,boot:0x%x (%s)\r\n%s",
                 words->greeting, words->build != NULL ? words->build : "",
                 reset_name(esp, cause), strap_of(esp), way_of(esp), waits_for(esp));
    }
    fettle_sim_esp_say(esp, text, at);
}

static void complain(fettle_sim_esp *esp, const boot_result *result, fettle_us at)
{
    char text[TEXT_SIZE];
    uint8_t word[4];
    fettle_sim_esp_look(esp, esp->chip->bootloader, word, sizeof word);
    if (result->has_loader) {
        snprintf(text, sizeof text, "E (60) boot: %s\r\n",
                 result->has_table ? "No bootable app partitions in the partition table"
                                   : "Failed to verify partition table");
    } else if (word[0] == IMAGE_MAGIC) {
        snprintf(text, sizeof text, "csum err\r\n");
    } else {
        snprintf(text, sizeof text, "invalid header: 0x%08lx\r\n",
                 (unsigned long)fettle_get32(word));
    }
    fettle_sim_esp_say(esp, text, at);
}

void fettle_sim_esp_boot(fettle_sim_esp *esp, fettle_us at)
{
    if (esp->module != NULL) {
        fettle_sim_pycom_boot(esp, at);
        return;
    }
    boot_result result = try_to_boot(esp);
    char text[TEXT_SIZE];
    esp->ticks = 0;
    if (!result.has_app) {
        esp->mode = ESP_MODE_LOOP;
        esp->text_at = at + LOOP_US;
        complain(esp, &result, at);
        return;
    }
    esp->mode = ESP_MODE_APP;
    esp->text_at = at + APP_STARTS_US;
    if (!esp->chip->is_first) {
        snprintf(text, sizeof text,
                 "I (60) boot: Loaded app from partition at offset 0x%lx\r\n",
                 (unsigned long)result.app);
        fettle_sim_esp_say(esp, text, at);
    }
}

static void say_version(fettle_sim_esp *esp, fettle_us at)
{
    char text[TEXT_SIZE], version[32];
    fettle_sim_esp_boots(esp, version);
    snprintf(text, sizeof text, "I (300) app_init: App version:      %s\r\n", version);
    fettle_sim_esp_say(esp, text, at);
}

void fettle_sim_esp_listen(fettle_sim_esp *esp, fettle_us at)
{
    fettle_us period = esp->mode == ESP_MODE_LOOP ? LOOP_US : TICK_US;
    if (esp->module != NULL && esp->mode == ESP_MODE_APP && esp->text_at < at) {
        esp->text_at = FETTLE_NEVER; /* a prompt, and nobody has seen what it said before */
        esp->has_prompt = true;
    }
    if (esp->text_at < at) {
        fettle_us missed = (at - esp->text_at) / period + 1;
        esp->text_at += missed * period;
        esp->ticks += (unsigned)missed;
    }
}

void fettle_sim_esp_on_text(fettle_sim_esp *esp, fettle_us at)
{
    char text[TEXT_SIZE];
    if (esp->module != NULL) {
        fettle_sim_pycom_on_text(esp, at);
        return;
    }
    if (esp->mode == ESP_MODE_LOOP) {
        boot_result result = try_to_boot(esp);
        fettle_sim_esp_greet(esp, ESP_BY_WATCHDOG, at);
        complain(esp, &result, at);
        esp->text_at = at + LOOP_US;
        return;
    }
    esp->text_at = at + TICK_US;
    esp->baud = APP_BAUD;
    if (esp->ticks == 0) {
        say_version(esp, at);
    } else {
        snprintf(text, sizeof text, "I (%u) app: tick %u\r\n", 300 + esp->ticks * 1000,
                 esp->ticks);
        fettle_sim_esp_say(esp, text, at);
    }
    esp->ticks++;
}
