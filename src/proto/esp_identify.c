/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which chip it is, and what is special about this one.
 *
 *   magic, (drain), security info, agree, registers twice, watchdogs off
 *
 * The magic number is asked first, because old ROMs answer GET_SECURITY_INFO with a burst of refusals;
 * in secure download mode it is the other way round. Replies have no checksum, and a flipped bit could
 * make one chip of another: so the two must agree, or one of them must say the same twice.
 */
#include "proto/esp_wire.h"

#include "base/text.h"

#include <string.h>

enum {
    ROUNDS_MAX = 3,
    LOOKS_MAX = 6, /* at a register, until it says the same twice */
    FLAG_SECURE_BOOT = 1 << 0,
    FLAG_SECURE_DOWNLOAD = 1 << 2,
    SECURITY_SHORT = 12, /* without chip id */
    SECURITY_LONG = 20,
    CRYPT_COUNT_AT = 4,
    CHIP_ID_AT = 12,
};

static fettle_esp_next ask_magic, ask_security, decide, learn, read_word;

/* ---- which chip ---- */

static const fettle_esp_chip *by_magic(const fettle_esp *esp, uint32_t magic)
{
    for (size_t i = 0; i < esp->setup.chip_count; i++) {
        const fettle_esp_chip *chip = &esp->setup.chips[i];
        for (size_t k = 0; k < chip->magic_count; k++) {
            if (chip->magics[k] == magic) {
                return chip;
            }
        }
    }
    return NULL;
}

static const fettle_esp_chip *by_id(const fettle_esp *esp, uint32_t id)
{
    for (size_t i = 0; i < esp->setup.chip_count; i++) {
        const fettle_esp_chip *chip = &esp->setup.chips[i];
        if (chip->has_chip_id && chip->chip_id == id) {
            return chip;
        }
    }
    return NULL;
}

/* The chips whose security info has no id: one of them, if there is only one. */
static const fettle_esp_chip *without_id(const fettle_esp *esp)
{
    const fettle_esp_chip *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < esp->setup.chip_count; i++) {
        if (esp->setup.chips[i].security_info == SECURITY_SHORT) {
            found = &esp->setup.chips[i];
            count++;
        }
    }
    return count == 1 ? found : NULL;
}

static fettle_effect on_magic(fettle_esp *esp, fettle_us now)
{
    bool is_another = esp->rounds > 0 && esp->magic != fettle_esp_value(esp);
    esp->garbled += is_another;
    esp->magic = fettle_esp_value(esp);
    esp->magic_chip = by_magic(esp, esp->magic);
    esp->is_magic_refused = false;
    bool is_all = esp->magic_chip != NULL && esp->magic_chip->security_info == 0;
    esp->has_agreed = is_all;
    return is_all ? decide(esp, now) : ask_security(esp, now);
}

/* Secure download mode, or trouble; the other question tells. */
static fettle_effect on_no_magic(fettle_esp *esp, fettle_us now)
{
    if (esp->answer == FETTLE_ESP_SILENT) {
        return fettle_esp_fail(esp, now);
    }
    esp->magic = 0;
    esp->magic_chip = NULL;
    esp->is_magic_refused = true;
    return fettle_esp_sleep(esp, now + DRAIN_TIME, ask_security);
}

static fettle_effect ask_magic(fettle_esp *esp, fettle_us now)
{
    const esp_request request = {.opcode = READ_REG,
                                 .tries = TRIES,
                                 .is_probe = true,
                                 .time = REGISTER_TIME,
                                 .word_count = 1,
                                 .words = {FETTLE_ESP_MAGIC_ADDRESS}};
    return fettle_esp_exchange(esp, &request, now, on_magic, on_no_magic);
}

/* Without an id it must be the magic number that knows the chip. */
static const fettle_esp_chip *chip_of_security(const fettle_esp *esp)
{
    if (esp->security_size >= SECURITY_LONG) {
        return by_id(esp, esp->security[CHIP_ID_AT / 4]);
    }
    return esp->is_magic_refused ? without_id(esp) : NULL;
}

static bool is_in_secure_download(const fettle_esp *esp)
{
    return (esp->security[0] & FLAG_SECURE_DOWNLOAD) != 0;
}

static fettle_effect on_security(fettle_esp *esp, fettle_us now)
{
    uint32_t before[5];
    size_t size_before = esp->security_size;
    memcpy(before, esp->security, sizeof before);
    memset(esp->security, 0, sizeof esp->security);
    esp->security_size = esp->payload_size;
    for (size_t i = 0; i < esp->security_size / 4 && i < 5; i++) {
        esp->security[i] = fettle_get32(esp->reply + FETTLE_ESP_HEAD + 4 * i);
    }
    bool is_same = size_before == esp->security_size &&
                   memcmp(before, esp->security, sizeof before) == 0;
    bool has_id = esp->security_size >= SECURITY_LONG;
    bool is_confirmed = esp->magic_chip != NULL &&
                        (has_id ? by_id(esp, esp->security[CHIP_ID_AT / 4])
                                : esp->magic_chip) == esp->magic_chip &&
                        !is_in_secure_download(esp);
    esp->has_agreed = is_confirmed || is_same;
    return decide(esp, now);
}

static fettle_effect on_no_security(fettle_esp *esp, fettle_us now)
{
    esp->security_size = 0;
    esp->has_agreed = esp->magic_chip != NULL;
    return fettle_esp_sleep(esp, now + DRAIN_TIME, decide);
}

static fettle_effect ask_security(fettle_esp *esp, fettle_us now)
{
    const esp_request request = {.opcode = GET_SECURITY_INFO,
                                 .tries = 2,
                                 .is_probe = true,
                                 .time = REGISTER_TIME,
                                 .payload = SECURITY_SHORT};
    return fettle_esp_exchange(esp, &request, now, on_security, on_no_security);
}

static fettle_effect fail_unknown(fettle_esp *esp)
{
    char text[48] = "magic number 0x";
    esp->garbled +=
        esp->garbled > 0 ? GARBLED_MANY : 0; /* one bit makes another chip of it */
    if (esp->security_size >= SECURITY_LONG) {
        text[0] = '\0';
        fettle_text_append(text, sizeof text, "chip id ");
        fettle_text_append_number(text, sizeof text, esp->security[CHIP_ID_AT / 4]);
    } else {
        fettle_text_append_hex(text, sizeof text, esp->magic, 8);
    }
    return fettle_esp_refuse(esp, FETTLE_E_ESP_UNKNOWN_CHIP, text, NULL);
}

static fettle_effect decide(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_chip *by_security =
        esp->security_size > 0 ? chip_of_security(esp) : NULL;
    const fettle_esp_chip *chip = by_security != NULL ? by_security : esp->magic_chip;
    if ((chip == NULL || !esp->has_agreed) && ++esp->rounds < ROUNDS_MAX) {
        return ask_magic(esp, now);
    }
    if (chip == NULL || !esp->has_agreed) {
        chip = chip == NULL ? esp->setup.expected : NULL;
    }
    if (chip == NULL) {
        return fail_unknown(esp);
    }
    if (esp->setup.expected != NULL && esp->setup.expected != chip) {
        return fettle_esp_refuse(esp, FETTLE_E_ESP_OTHER_CHIP, esp->setup.expected->name,
                                 chip->name);
    }
    esp->identity = (fettle_esp_identity){.chip = chip};
    return learn(esp, now);
}

/* ---- what is special about this one ---- */

static void take_security(fettle_esp *esp)
{
    fettle_esp_identity *identity = &esp->identity;
    if (esp->security_size == 0) {
        return;
    }
    uint8_t count = (uint8_t)esp->security[CRYPT_COUNT_AT / 4];
    bool is_odd = false;
    for (; count != 0; count >>= 1) {
        is_odd ^= (count & 1) != 0;
    }
    identity->has_security = true;
    identity->security_flags = esp->security[0];
    identity->is_secure_boot |= (esp->security[0] & FLAG_SECURE_BOOT) != 0;
    identity->is_secure_download = is_in_secure_download(esp);
    identity->is_encrypted |= is_odd;
    identity->refuses_plain |= is_odd && identity->is_secure_download;
}

static fettle_effect watchdogs_off(fettle_esp *esp, fettle_us now);

static fettle_effect decode(fettle_esp *esp, fettle_us now)
{
    fettle_esp_identity_decode(&esp->identity, esp->words_at, esp->words_seen,
                               esp->word_count);
    take_security(esp);
    return watchdogs_off(esp, now);
}

static fettle_effect on_word(fettle_esp *esp, fettle_us now)
{
    uint32_t value = fettle_esp_value(esp);
    bool is_same = esp->looks > 0 && value == esp->words_seen[esp->word];
    esp->garbled += esp->looks > 0 && !is_same;
    esp->words_seen[esp->word] = value;
    if (is_same) {
        esp->word++;
        esp->looks = 0;
    } else if (++esp->looks == LOOKS_MAX) {
        return fettle_esp_refuse(
            esp, FETTLE_E_UNEXPECTED_ANSWER,
            "a register that never changes says something else each time", NULL);
    }
    return read_word(esp, now);
}

static fettle_effect read_word(fettle_esp *esp, fettle_us now)
{
    if (esp->word == esp->word_count) {
        return decode(esp, now);
    }
    return fettle_esp_read_register(esp, esp->words_at[esp->word], now, on_word, NULL);
}

static fettle_effect learn(fettle_esp *esp, fettle_us now)
{
    if (is_in_secure_download(esp)) { /* registers can't be read */
        take_security(esp);
        return fettle_esp_done(esp, now);
    }
    esp->word_count = fettle_esp_identity_words(chip_of(esp), esp->words_at);
    esp->word = 0;
    esp->looks = 0;
    return read_word(esp, now);
}

/* ---- watchdogs ---- */

#define WATCHDOG_KEY UINT32_C(0x50D83AA1)
#define ALL          UINT32_MAX

static fettle_effect feed_super_watchdog(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_watchdog *watchdog = &chip_of(esp)->watchdog;
    uint32_t config = fettle_esp_value(esp) | UINT32_C(1) << watchdog->swd_feed_bit;
    const uint32_t writes[][4] = {
        {watchdog->swd_wprotect, watchdog->swd_key, ALL, 0},
        {watchdog->swd_config, config, ALL, 0},
        {watchdog->swd_wprotect, 0, ALL, 0},
    };
    esp_request request = fettle_esp_write_registers(writes, 3);
    return fettle_esp_exchange(esp, &request, now, fettle_esp_done, NULL);
}

static fettle_effect on_watchdog_off(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_watchdog *watchdog = &chip_of(esp)->watchdog;
    return watchdog->swd_config != 0
               ? fettle_esp_read_register(esp, watchdog->swd_config, now,
                                          feed_super_watchdog, NULL)
               : fettle_esp_done(esp, now);
}

/* A reset over USB-Serial-JTAG leaves the RTC domain alone, and a watchdog that runs there runs on. */
static fettle_effect watchdogs_off(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_watchdog *watchdog = &chip_of(esp)->watchdog;
    if (esp->setup.port != FETTLE_ESP_PORT_JTAG || watchdog->config0 == 0 || esp->is_stub) {
        return fettle_esp_done(esp, now);
    }
    const uint32_t writes[][4] = {
        {watchdog->wprotect, WATCHDOG_KEY, ALL, 0},
        {watchdog->config0, 0, ALL, 0},
        {watchdog->wprotect, 0, ALL, 0},
    };
    esp_request request = fettle_esp_write_registers(writes, 3);
    return fettle_esp_exchange(esp, &request, now, on_watchdog_off, NULL);
}

/* ---- the verb ---- */

fettle_engine *fettle_esp_identify(fettle_esp *esp)
{
    esp->identity = (fettle_esp_identity){.chip = NULL};
    esp->rounds = 0;
    esp->security_size = 0;
    memset(esp->security, 0, sizeof esp->security);
    return fettle_esp_ready(esp, FETTLE_CLAUSE_SURVEY, 0, ask_magic);
}
