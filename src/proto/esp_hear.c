/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a chip says beside its answers: the boot text of its ROM, the text of its application, noise. The
 * last of it is kept, what matters is picked out while it comes, and where there was no contact it
 * decides which sentence a person reads.
 */
#include "proto/esp_wire.h"

#include "base/text.h"

#include <string.h>

/* ---- picking out ---- */

static bool find_bytes(fettle_span bytes, const void *wanted, size_t size, size_t *behind)
{
    const uint8_t *first = wanted;
    for (size_t i = 0; i + size <= bytes.size; i++) {
        if (bytes.data[i] == *first && memcmp(bytes.data + i, wanted, size) == 0) {
            *behind = i + size;
            return true;
        }
    }
    return false;
}

static bool find(fettle_span bytes, const char *text, size_t *behind)
{
    return find_bytes(bytes, text, strlen(text), behind);
}

bool fettle_esp_contains(fettle_span bytes, const char *text)
{
    size_t behind = 0;
    return find(bytes, text, &behind);
}

static fettle_span from(fettle_span bytes, size_t at)
{
    return (fettle_span){bytes.data + at, bytes.size - at};
}

/* A number of a few digits that something follows: else the rest of it may still be on its way. */
static bool take_number(fettle_span bytes, unsigned base, uint32_t *number)
{
    size_t digits = 0;
    uint32_t value = 0;
    while (digits < bytes.size && digits < 8) {
        unsigned digit = fettle_text_digit((char)bytes.data[digits]);
        if (digit >= base) {
            break;
        }
        value = value * base + digit;
        digits++;
    }
    if (digits == 0 || digits == bytes.size) {
        return false;
    }
    *number = value;
    return true;
}

/* "boot:0x13 (SPI_FAST_FLASH_BOOT)", or "boot mode:(3,6)" on the oldest; the last one counts. */
static void find_boot_number(fettle_esp_heard *heard, fettle_span text)
{
    size_t behind = 0;
    for (fettle_span rest = text; find(rest, "boot:0x", &behind);) {
        rest = from(rest, behind);
        heard->has_boot |= take_number(rest, 16, &heard->number);
    }
    for (fettle_span rest = text; find(rest, "boot mode:(", &behind);) {
        rest = from(rest, behind);
        heard->has_boot |= take_number(rest, 10, &heard->number);
    }
}

/* How a SYNC begins, which no chip says. */
static bool has_echo(fettle_span text)
{
    static const uint8_t sync[] = {FETTLE_SLIP_END, 0, SYNC, 0x24};
    size_t behind = 0;
    return find_bytes(text, sync, sizeof sync, &behind);
}

static void pick_out(fettle_esp *esp)
{
    fettle_esp_heard *heard = &esp->heard;
    fettle_span text = {heard->text, heard->size};

    find_boot_number(heard, text);
    heard->waits_for_download |= fettle_esp_contains(text, "waiting for download");
    heard->says_normal_boot |= fettle_esp_contains(text, "FLASH_BOOT");
    heard->has_restarted |= fettle_esp_contains(text, "rst:0x");
    heard->has_brownout |= fettle_esp_contains(text, "BROWN_OUT") ||
                           fettle_esp_contains(text, "Brownout detector");
    heard->has_crashed |= fettle_esp_contains(text, "Guru Meditation") ||
                          fettle_esp_contains(text, "Fatal exception");
    heard->has_invalid_header |= fettle_esp_contains(text, "invalid header: 0x") ||
                                 fettle_esp_contains(text, "flash read err");
    heard->has_echo |= has_echo(text);
    for (size_t i = 0; i < esp->setup.chip_count; i++) {
        const char *banner = esp->setup.chips[i].banner;
        if (banner != NULL && fettle_esp_contains(text, banner)) {
            heard->chip = &esp->setup.chips[i];
        }
    }
}

static bool is_printable(uint8_t byte)
{
    return (byte >= ' ' && byte <= '~') || byte == '\r' || byte == '\n' || byte == '\t' ||
           byte == 0x1B; /* colours of log lines */
}

/* The last bytes stay: what matters is repeated, or comes at the end. */
static void append(fettle_esp_heard *heard, fettle_span bytes)
{
    if (bytes.size > sizeof heard->text) {
        bytes = from(bytes, bytes.size - sizeof heard->text);
    }
    size_t room = sizeof heard->text - heard->size;
    if (bytes.size > room) {
        size_t drop = bytes.size - room;
        memmove(heard->text, heard->text + drop, heard->size - drop);
        heard->size -= drop;
    }
    memcpy(heard->text + heard->size, bytes.data, bytes.size);
    heard->size += bytes.size;
}

void fettle_esp_forget(fettle_esp *esp)
{
    esp->heard = (fettle_esp_heard){.size = 0};
    esp->is_heard_old = false;
}

void fettle_esp_hear(fettle_esp *esp, fettle_span bytes)
{
    const size_t piece_max = FETTLE_ESP_TEXT_SIZE / 2; /* so that nothing slips through */
    fettle_esp_bootlog_feed(&esp->log, bytes);
    if (bytes.size > 0 && esp->is_heard_old) {
        fettle_esp_forget(esp); /* reset_once() has kept it, if it counts */
    }
    while (bytes.size > 0) {
        fettle_span piece = {bytes.data, bytes.size < piece_max ? bytes.size : piece_max};
        esp->heard.total += piece.size;
        for (size_t i = 0; i < piece.size; i++) {
            esp->heard.printable += is_printable(piece.data[i]);
        }
        append(&esp->heard, piece);
        pick_out(esp);
        bytes = from(bytes, piece.size);
    }
}

/* ---- evidence ---- */

/* The line that says why it booted where there is one, else the beginning of what is kept. */
void fettle_esp_put_evidence(const fettle_esp *esp, fettle_error *error)
{
    const fettle_esp_heard *heard = &esp->heard;
    fettle_span text = {heard->text, heard->size};
    size_t behind = 0, length = 0;
    if (find(text, "rst:0x", &behind) || find(text, "rst cause:", &behind)) {
        size_t start = behind;
        while (start > 0 && is_printable(text.data[start - 1]) &&
               text.data[start - 1] != '\n') {
            start--;
        }
        text = from(text, start);
    }
    if (behind == 0 && heard->total > heard->size && find(text, "\n", &behind)) {
        text = from(text, behind); /* the first line has lost its beginning */
    }
    char line[sizeof error->evidence] = "";
    while (length < text.size && length + 1 < sizeof line && text.data[length] != '\n' &&
           text.data[length] != '\0') {
        line[length] = (char)text.data[length];
        length++;
    }
    while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == '\n')) {
        length--;
    }
    line[length] = '\0';
    fettle_text_escape(error->evidence, sizeof error->evidence, line);
}

/* ---- no contact ---- */

const fettle_esp_strap *fettle_esp_strap_of(const fettle_esp_chip *chip, uint32_t number)
{
    for (size_t i = 0; i < FETTLE_ESP_STRAPS_MAX && chip->straps[i].mask != 0; i++) {
        if ((number & chip->straps[i].mask) == chip->straps[i].value) {
            return &chip->straps[i];
        }
    }
    return NULL;
}

/* Of the chip that says so itself, or that it is meant to be. */
static const fettle_esp_strap *strap(const fettle_esp *esp, const fettle_esp_heard *heard)
{
    const fettle_esp_chip *chip = heard->chip != NULL ? heard->chip : esp->setup.expected;
    return chip != NULL && heard->has_boot ? fettle_esp_strap_of(chip, heard->number)
                                           : NULL;
}

/* From what says least to what says most. */
typedef enum esp_telling {
    TELLS_NOTHING,
    TELLS_NOISE,
    TELLS_TEXT,
    TELLS_BOOT,
    TELLS_WAITING,
    TELLS_ECHO,
} esp_telling;

static esp_telling telling(const fettle_esp *esp, const fettle_esp_heard *heard)
{
    const fettle_esp_strap *row = strap(esp, heard);
    const size_t enough = 8; /* fewer bytes are a glitch of the line */
    bool is_text = heard->total >= enough && heard->printable * 10 >= heard->total * 9;
    bool waits =
        heard->waits_for_download || (row != NULL && row->boot == FETTLE_ESP_BOOT_DOWNLOAD);
    return heard->has_echo    ? TELLS_ECHO
           : waits            ? TELLS_WAITING
           : heard->has_boot  ? TELLS_BOOT
           : is_text          ? TELLS_TEXT
           : heard->total > 0 ? TELLS_NOISE
                              : TELLS_NOTHING;
}

void fettle_esp_keep_heard(fettle_esp *esp)
{
    if (telling(esp, &esp->heard) >= telling(esp, &esp->told)) {
        esp->told = esp->heard;
    }
}

bool fettle_esp_heard_noise(const fettle_esp *esp)
{
    return telling(esp, &esp->told) == TELLS_NOISE;
}

static fettle_effect wrong_boot(fettle_esp *esp)
{
    const fettle_esp_strap *row = strap(esp, &esp->told);
    char number[16] = "boot:0x";
    fettle_text_append_hex(number, sizeof number, esp->told.number, 1);
    bool is_other = row != NULL && row->boot == FETTLE_ESP_BOOT_OTHER;
    return fettle_esp_refuse(esp, is_other ? FETTLE_E_ESP_STRAPS : FETTLE_E_ESP_BOOT_MODE,
                             number, row != NULL ? row->why : "its boot pin was high");
}

fettle_effect fettle_esp_no_contact(fettle_esp *esp)
{
    static const fettle_code codes[] = {
        [TELLS_NOTHING] = FETTLE_E_ESP_SILENT, [TELLS_NOISE] = FETTLE_E_ESP_NOISE,
        [TELLS_TEXT] = FETTLE_E_ESP_NOT_RESET, [TELLS_BOOT] = FETTLE_E_ESP_BOOT_MODE,
        [TELLS_WAITING] = FETTLE_E_ESP_DEAF,   [TELLS_ECHO] = FETTLE_E_ESP_ECHO,
    };
    esp_telling what = telling(esp, &esp->told);
    fettle_esp_heard last = esp->heard;
    esp->heard = esp->told; /* the evidence is of the same try */
    fettle_effect effect = what == TELLS_BOOT
                               ? wrong_boot(esp)
                               : fettle_esp_refuse(esp, codes[what], NULL, NULL);
    esp->heard = last;
    return effect;
}
