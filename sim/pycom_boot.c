/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a module starts, by the rules of Pycom's bootloader (section 4 of the fact sheet on Pycom boards): its
 * own header has to say dio, 80 MHz and the true size; otadata is the third entry of the table, five words and
 * a CRC, and names the slot; a CRC that is wrong means the factory slot. What is named there has to be whole,
 * there is no second choice.
 *
 * The line has the ROM's text, then nothing while the firmware starts, then what it is and a prompt, which
 * shows what is typed. Where it crashes instead (pycom_crash.c), it does so 0.3 s after the reset, and starts
 * again after another 0.1 s.
 *
 * The sheet doesn't say when the firmware says its version (here: 0.9 s after the reset), what the line of a
 * safe boot is, nor what a slot does that is neither 0 nor 1 (here: nothing starts). It says that G28 held
 * high for six seconds starts the factory slot: so it is here for a wire that stays, but only where the slot
 * that is named crashes; else it is taken for a short one.
 */
#include "pycom.h"

#include <string.h>

enum {
    IMAGE_MAGIC = 0xe9,
    DIO = 2,
    SPEED_80M = 0x0f,
    TABLE_ROW = 32,
    OTADATA_SIZE = 40,
    CRC_SPAN = 36,
    SLOT_FACTORY = 0,
    SLOT_OTA_0 = 1,
    APP_BAUD = 115200,
    CTRL_B = 0x02, /* MicroPython's, at an empty prompt */
    STARTS_US = 900000,
    LOOP_US = 400000,
    CRASH_US = 300000, /* of these */
    LONG_SAFE_US = 6000000,
    NOISE_US = 20000,
    NOISE_BYTES = 48,
};

typedef enum boot_failure {
    BOOTS,
    NO_LOADER,
    WRONG_HEADER,
    NO_TABLE,
    NO_APP,
    CRASHES,
} boot_failure;

typedef struct boot_result {
    boot_failure failure;
    fettle_sim_module_state slot;
    uint32_t at, end;
    bool is_safe;
    fettle_sim_pycom_crash crash;
} boot_result;

/* ---- what is there ---- */

static bool has_true_header(const fettle_sim_esp *esp)
{
    uint8_t header[4], size = 0;
    fettle_sim_esp_look(esp, esp->chip->bootloader, header, sizeof header);
    while ((1u << 20) << size < esp->flash_size) {
        size++;
    }
    return header[2] == DIO && header[3] == (uint8_t)(size << 4 | SPEED_80M);
}

/* The row of the table at `index`; false: there is none. */
static bool read_row(const fettle_sim_esp *esp, unsigned index, uint8_t row[TABLE_ROW])
{
    fettle_sim_esp_look(esp, ESP_TABLE_AT + index * TABLE_ROW, row, TABLE_ROW);
    return row[0] == 0xaa && row[1] == 0x50;
}

bool fettle_sim_pycom_find(const fettle_sim_esp *esp, uint8_t type, uint8_t subtype,
                           uint32_t *at, uint32_t *end)
{
    uint8_t row[TABLE_ROW];
    for (unsigned i = 0; read_row(esp, i, row); i++) {
        if (row[2] == type && row[3] == subtype) {
            *at = fettle_get32(row + 4);
            *end = *at + fettle_get32(row + 8);
            return *end <= esp->flash_size && *at < *end;
        }
    }
    return false;
}

/* The slot that otadata names. */
static uint32_t named_slot(const fettle_sim_esp *esp, bool *is_safe)
{
    uint8_t row[TABLE_ROW], words[OTADATA_SIZE];
    *is_safe = false;
    if (!read_row(esp, PYCOM_OTADATA_ROW, row) || row[2] != 1 || row[3] != 0) {
        return SLOT_FACTORY;
    }
    fettle_sim_esp_look(esp, fettle_get32(row + 4), words, sizeof words);
    uint32_t crc = ~fettle_crc32(0, (fettle_span){words, CRC_SPAN});
    if (fettle_get32(words + CRC_SPAN) != crc) {
        return SLOT_FACTORY;
    }
    *is_safe = fettle_get32(words + 16) != 0;
    return fettle_get32(words);
}

static void try_slot(const fettle_sim_esp *esp, uint32_t slot, boot_result *result)
{
    bool is_factory = slot == SLOT_FACTORY;
    uint8_t subtype = is_factory ? 0x00 : 0x10;
    result->slot = is_factory ? FETTLE_SIM_MODULE_FACTORY : FETTLE_SIM_MODULE_OTA_0;
    result->crash = PYCOM_CRASH_NONE;
    result->failure = NO_APP;
    if (slot <= SLOT_OTA_0 &&
        fettle_sim_pycom_find(esp, 0, subtype, &result->at, &result->end) &&
        fettle_sim_esp_is_image(esp, result->at, result->end)) {
        result->crash = fettle_sim_pycom_crash_of(esp, result->at);
        result->failure = result->crash == PYCOM_CRASH_NONE ? BOOTS : CRASHES;
    }
}

static boot_result try_to_boot(const fettle_sim_esp *esp)
{
    boot_result result = {.failure = NO_LOADER};
    if (!fettle_sim_esp_is_image(esp, esp->chip->bootloader, ESP_TABLE_AT)) {
        return result;
    }
    result.failure = WRONG_HEADER;
    bool is_any_right = fettle_sim_option_of(esp->board, OPTION_HEADER) == HEADER_ANY;
    if (!is_any_right && !has_true_header(esp)) {
        return result;
    }
    result.failure = NO_TABLE;
    if (fettle_sim_esp_has_table(esp)) {
        uint32_t slot = named_slot(esp, &result.is_safe);
        try_slot(esp, slot, &result);
    }
    return result;
}

bool fettle_sim_pycom_boots(const fettle_sim_esp *esp)
{
    return try_to_boot(esp).failure == BOOTS;
}

/* ---- its version ---- */

/* The text that stands in the image from the mark on; false: there is none. */
static bool find_text(const fettle_sim_esp *esp, const boot_result *result,
                      char text[PYCOM_TEXT_SIZE])
{
    uint8_t bytes[1024];
    size_t mark = strlen(fettle_sim_pycom_mark);
    const size_t step = sizeof bytes - PYCOM_TEXT_SIZE;
    for (uint32_t at = result->at; at < result->end; at += (uint32_t)step) {
        size_t left = result->end - at;
        size_t size = left < sizeof bytes ? left : sizeof bytes;
        fettle_sim_esp_look(esp, at, bytes, size);
        for (size_t i = 0; i + mark <= size && i < step; i++) {
            if (memcmp(bytes + i, fettle_sim_pycom_mark, mark) == 0) {
                size_t room = size - i < PYCOM_TEXT_SIZE ? size - i : PYCOM_TEXT_SIZE;
                memcpy(text, bytes + i, room);
                text[room - 1] = '\0';
                return true;
            }
        }
    }
    return false;
}

/* "1.20.2.r6" of the text, and the text, without what can't be printed. */
static void note_version(fettle_sim_esp *esp, const boot_result *result)
{
    esp->text[0] = esp->version[0] = '\0';
    esp->slot = result->slot;
    if (!find_text(esp, result, esp->text)) {
        return;
    }
    for (char *at = esp->text; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~') {
            *at = '\0';
            break;
        }
    }
    const char *version = esp->text + strlen(fettle_sim_pycom_mark);
    size_t length = strcspn(version, " ");
    length = length < sizeof esp->version ? length : sizeof esp->version - 1;
    memcpy(esp->version, version, length);
    esp->version[length] = '\0';
}

/* ---- starting ---- */

static void complain(fettle_sim_esp *esp, boot_failure failure, fettle_us at)
{
    char text[PYCOM_TEXT_SIZE];
    uint8_t word[4];
    switch (failure) {
    case WRONG_HEADER:
        fettle_sim_esp_say(esp,
                           "Guru Meditation Error: Core  0 panic'ed (IllegalInstruction). "
                           "Exception was unhandled.\r\n",
                           at);
        break;
    case NO_TABLE:
        fettle_sim_esp_say(esp, "E (60) boot: Failed to verify partition table\r\n", at);
        break;
    case NO_APP:
        fettle_sim_esp_say(esp, "E (60) boot: no bootable image in the active slot\r\n",
                           at);
        break;
    default:
        fettle_sim_esp_look(esp, esp->chip->bootloader, word, sizeof word);
        if (fettle_sim_option_of(esp->board, OPTION_LOOPS) == LOOPS_FLASH) {
            fettle_sim_esp_say(esp, "flash read err, 1000\r\nets_main.c 371 \r\n", at);
        } else if (word[0] == IMAGE_MAGIC) {
            fettle_sim_esp_say(esp, "csum err\r\n", at);
        } else {
            snprintf(text, sizeof text, "invalid header: 0x%08lx\r\n",
                     (unsigned long)fettle_get32(word));
            fettle_sim_esp_say(esp, text, at);
        }
        break;
    }
}

static void loop(fettle_sim_esp *esp, const boot_result *result, fettle_us at)
{
    esp->mode = ESP_MODE_LOOP;
    esp->crash = result->crash;
    esp->is_crashing = result->failure == CRASHES;
    if (esp->is_crashing) {
        esp->text_at = at + CRASH_US;
        fettle_sim_pycom_say_loader(esp, at);
    } else {
        esp->text_at = at + LOOP_US;
        complain(esp, result->failure, at);
    }
}

void fettle_sim_pycom_boot(fettle_sim_esp *esp, fettle_us at)
{
    boot_result result = try_to_boot(esp);
    fettle_us starts = STARTS_US;
    if (result.crash == PYCOM_CRASH_BY_APP && esp->board->is_safe_wired) {
        try_slot(esp, SLOT_FACTORY, &result);
        starts += LONG_SAFE_US;
    }
    if (result.failure != BOOTS) {
        loop(esp, &result, at);
        return;
    }
    uint64_t presence = fettle_sim_option_of(esp->board, OPTION_PRESENCE);
    esp->mode = ESP_MODE_APP;
    esp->text_at = at + starts;
    esp->is_safe =
        result.is_safe || presence == PRESENCE_SAFE_BOOT || esp->board->is_safe_wired;
    note_version(esp, &result);
}

/* In a loop: the crash, or what comes after it. */
static void go_on(fettle_sim_esp *esp, fettle_us at)
{
    if (esp->is_crashing) {
        fettle_sim_pycom_say_crash(esp, at);
        esp->is_crashing = false;
        esp->text_at = at + LOOP_US - CRASH_US;
        return;
    }
    bool is_panic = esp->crash != PYCOM_CRASH_NONE;
    fettle_sim_esp_greet(esp, is_panic ? ESP_BY_SOFTWARE : ESP_BY_WATCHDOG, at);
    fettle_sim_pycom_boot(esp, at);
}

static void make_noise(fettle_sim_esp *esp, fettle_us at)
{
    for (unsigned i = 0; i < NOISE_BYTES; i++) {
        fettle_sim_esp_emit(esp, (uint8_t)fettle_sim_random(&esp->board->random), at);
    }
    esp->text_at = at + NOISE_US;
}

/* What it is, and the prompt: when it starts, and when somebody asks for that again. */
static void greet(fettle_sim_esp *esp, fettle_us at)
{
    fettle_sim_esp_say(esp, esp->text, at);
    fettle_sim_esp_say(esp, "\r\nType \"help()\" for more information.\r\n>>> ", at);
}

void fettle_sim_pycom_on_text(fettle_sim_esp *esp, fettle_us at)
{
    if (fettle_sim_pycom_is_dumb(esp)) {
        make_noise(esp, at);
        return;
    }
    if (esp->mode == ESP_MODE_LOOP) {
        go_on(esp, at);
        return;
    }
    esp->text_at = FETTLE_NEVER;
    esp->baud = APP_BAUD;
    if (esp->is_safe) {
        fettle_sim_esp_say(esp, "Safe boot: boot.py and main.py are left out\r\n", at);
    }
    greet(esp, at);
    esp->has_prompt = true;
}

void fettle_sim_pycom_type(fettle_sim_esp *esp, uint8_t byte, fettle_us at)
{
    if (!esp->has_prompt) {
        return;
    }
    if (byte == CTRL_B) {
        fettle_sim_esp_say(esp, "\r\n", at);
        greet(esp, at);
    } else if (byte == '\r') {
        fettle_sim_esp_say(esp, "\r\n>>> ", at);
    } else if (byte >= ' ' && byte <= '~') {
        fettle_sim_esp_emit(esp, byte, at);
    }
}

/* ---- what is no module ---- */

bool fettle_sim_pycom_is_dumb(const fettle_sim_esp *esp)
{
    uint64_t presence = fettle_sim_option_of(esp->board, OPTION_PRESENCE);
    return esp->module != NULL && presence != PRESENCE_GOOD &&
           presence != PRESENCE_SAFE_BOOT;
}

void fettle_sim_pycom_start_dumb(fettle_sim_esp *esp, fettle_us at)
{
    bool is_noisy = fettle_sim_option_of(esp->board, OPTION_PRESENCE) == PRESENCE_GARBAGE;
    esp->mode = ESP_MODE_SILENT;
    esp->baud = APP_BAUD;
    esp->text_at = is_noisy ? at + NOISE_US : FETTLE_NEVER;
}

void fettle_sim_pycom_be_dumb(fettle_sim_esp *esp, const fettle_sim_esp_in *byte,
                              fettle_us at)
{
    if (fettle_sim_option_of(esp->board, OPTION_PRESENCE) == PRESENCE_ECHO) {
        esp->baud = byte->baud;
        fettle_sim_esp_emit(esp, byte->value, at);
    }
}
