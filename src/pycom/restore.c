/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config block out of a backup, and the radio that it is about. Backups of the block alone are the sector or its used part, or the
 * old tool's text of it: base64, with line ends anywhere.
 */
#include "base/error.h"
#include "base/text.h"
#include "image/esp_content.h"
#include "pycom/config.h"
#include "pycom/layout.h"
#include "pycom/regions.h"

#include <string.h>

/* ---- base64, RFC 4648 section 4 ---- */

static int value_of(uint8_t c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

static bool is_space(uint8_t c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* False: it is no such text, or makes more than `room` bytes. */
static bool decode(fettle_span text, uint8_t *bytes, size_t room, size_t *size)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t at = 0, used = 0;
    for (; at < text.size && text.data[at] != '='; at++) {
        int value = value_of(text.data[at]);
        if (is_space(text.data[at])) {
            continue;
        }
        bits = bits << 6 | (uint32_t)(value & 0x3F);
        count += 6;
        if (value < 0 || (count >= 8 && used == room)) {
            return false;
        }
        if (count >= 8) {
            count -= 8;
            bytes[used++] = (uint8_t)(bits >> count & 0xFF);
        }
    }
    for (; at < text.size; at++) { /* nothing but padding is behind it */
        if (text.data[at] != '=' && !is_space(text.data[at])) {
            return false;
        }
    }
    *size = used;
    return true;
}

/* ---- the block ---- */

static bool is_size(size_t size)
{
    return size == FETTLE_PYCOM_CONFIG_SECTOR || size == FETTLE_PYCOM_CONFIG_SIZE;
}

static bool unpack(fettle_span backup, uint8_t *block)
{
    size_t size = 0;
    memset(block, 0xFF, FETTLE_PYCOM_CONFIG_SECTOR);
    if (is_size(backup.size)) {
        memcpy(block, backup.data, backup.size);
        return true;
    }
    return decode(backup, block, FETTLE_PYCOM_CONFIG_SECTOR, &size) && is_size(size);
}

static bool has_good_credentials(const fettle_module_look *look)
{
    fettle_span board = look->ranges[0];
    bool is_torn = look->kept.size > 0 && fettle_pycom_is_torn(board, look->kept);
    return fettle_pycom_has_credentials(board) && !is_torn;
}

/* This module's own: on it, or, where that is gone or half gone, as it was kept. */
static fettle_span own_credentials(const fettle_module_look *look)
{
    return has_good_credentials(look) || look->kept.size == 0 ? look->ranges[0]
                                                              : look->kept;
}

/* Is there something to lose? An earlier try that was cut off leaves a part of what is written now. */
static bool replaces_good_ones(const fettle_module_look *look, fettle_span range)
{
    fettle_span board = look->ranges[0];
    return has_good_credentials(look) && !fettle_pycom_is_torn(board, range) &&
           !fettle_pycom_is_same_credentials(board, range);
}

static void append_hex(char *text, size_t size, fettle_span block,
                       const fettle_pycom_field *field)
{
    for (size_t i = 0; i < field->length; i++) {
        fettle_text_append_hex(text, size, block.data[field->offset + i], 2);
    }
}

/* The first field that is another one; of secrets only which. */
static void tell_difference(fettle_span then, fettle_span now, char *text, size_t size)
{
    const fettle_pycom_field *field = fettle_pycom_fields;
    while (field->offset + field->length < FETTLE_PYCOM_CREDENTIALS &&
           memcmp(then.data + field->offset, now.data + field->offset, field->length) ==
               0) {
        field++;
    }
    text[0] = '\0';
    fettle_text_append(text, size, field->is_secret ? "another " : "its ");
    fettle_text_append(text, size, field->name);
    if (!field->is_secret) {
        fettle_text_append(text, size, " is ");
        append_hex(text, size, then, field);
        fettle_text_append(text, size, ", and the module's ");
        append_hex(text, size, now, field);
    }
}

/* Both are of this module, as far as anybody knows; but networks know it by the ones that it has. */
static bool agree(const fettle_module_look *look, fettle_span range, bool is_agreed,
                  fettle_observed *observed, fettle_error *err)
{
    char difference[160], text[280];
    tell_difference(range, look->ranges[0], difference, sizeof difference);
    fettle_words words = {.address = FETTLE_PYCOM_CONFIG_ADDRESS, .text = difference};
    if (is_agreed) {
        fettle_note_add(observed, FETTLE_NOTE_IDS_REPLACED, &words);
        return true;
    }
    fettle_words_render(text, sizeof text,
                        "the backup has other ids and keys than this module, by which "
                        "networks know it: {text}; those of the backup would take their "
                        "place",
                        &words);
    fettle_error_set(err, FETTLE_E_CONFIRMATION_NEEDED, &(fettle_words){.text = text});
    return false;
}

bool fettle_pycom_restore(const fettle_module_look *look,
                          const fettle_module_backup *backup, uint8_t *range, size_t size,
                          fettle_observed *observed, fettle_error *err)
{
    fettle_words words = {.address = FETTLE_PYCOM_CONFIG_ADDRESS};
    fettle_span made = {range, size};
    if (size != FETTLE_PYCOM_CONFIG_SECTOR || !unpack(backup->bytes, range)) {
        return fettle_pycom_refuse(look->board,
                                   "the file is neither a backup of this flash, nor of a "
                                   "module's config block",
                                   NULL, err);
    }
    /* A backup of one that had lost them is no reason to lose them once more. */
    if (backup->is_own && fettle_pycom_has_credentials(made)) {
        return !replaces_good_ones(look, made) ||
               agree(look, made, backup->is_agreed, observed, err);
    }
    fettle_span own = own_credentials(look);
    memset(range, 0xFF, FETTLE_PYCOM_CREDENTIALS);
    if (own.size >= FETTLE_PYCOM_CREDENTIALS) {
        memcpy(range, own.data, FETTLE_PYCOM_CREDENTIALS);
    }
    bool has_any = fettle_pycom_has_credentials(made);
    if (has_any) {
        fettle_note_add(observed, FETTLE_NOTE_OWN_IDS_KEPT, &words);
    } else {
        fettle_pycom_note_missing(look, observed);
    }
    return true;
}

/* ---- the radio ---- */

static bool has_lora_mac(fettle_span block)
{
    enum { LORA_MAC = 8 };
    static const uint8_t zeros[LORA_MAC] = {0};
    return block.size >= LORA_MAC &&
           !fettle_esp_is_blank((fettle_span){block.data, LORA_MAC}) &&
           memcmp(block.data, zeros, LORA_MAC) != 0;
}

void fettle_pycom_tell_radio(const fettle_module_look *look, fettle_module_radio *radio)
{
    fettle_span block = look->ranges[0];
    *radio = (fettle_module_radio){
        .region = fettle_pycom_region_name(fettle_pycom_region_in(block)),
    };
    const char *name = fettle_pycom_name_of(look);
    if (name != NULL) {
        radio->is_known = true;
        radio->is_there = fettle_pycom_has_lora(name);
    } else if (has_lora_mac(block)) {
        radio->is_known = radio->is_there = true;
    }
}
