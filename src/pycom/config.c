/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The config block as a table, and what a person may see of it. Nothing is written here but one byte, the region: the vendor's tool
 * also set force_update when it changed a setting, which throws away settings on the module itself.
 */
#include "pycom/config.h"

#include "base/bytes.h"
#include "base/text.h"
#include "pycom/regions.h"

#include <assert.h>
#include <string.h>

enum { BLANK = 0xFF, SHOWN_MAX = 60 /* bytes of a value; so that all lines fit */ };

#define F(offset, length, kind, name)                    \
    {                                                    \
        offset, length, FETTLE_PYCOM_##kind, name, false \
    }
#define SECRET(offset, length, kind, name)              \
    {                                                   \
        offset, length, FETTLE_PYCOM_##kind, name, true \
    }

const fettle_pycom_field fettle_pycom_fields[FETTLE_PYCOM_FIELDS] = {
    F(0, 8, HEX, "LoRa MAC (DevEUI)"),
    F(8, 4, HEX, "Sigfox id"),
    F(12, 8, PAC, "Sigfox PAC"),
    SECRET(20, 16, KEY, "Sigfox private key"),
    SECRET(36, 16, KEY, "Sigfox public key"),
    F(52, 1, REGION, "LoRa region"),
    F(53, 1, WIFI, "Wi-Fi"),
    F(54, 33, TEXT, "Wi-Fi network"),
    SECRET(87, 65, TEXT, "Wi-Fi password"),
    F(152, 1, SWITCH, "heartbeat on boot"),
    F(153, 3, COLOUR, "colour of errors"),
    F(156, 3, COLOUR, "colour of safe boot"),
    F(159, 3, COLOUR, "colour of the heartbeat"),
    SECRET(162, 40, TEXT, "device token"),
    F(202, 40, TEXT, "MQTT server"),
    F(242, 100, TEXT, "user id"),
    F(342, 55, TEXT, "network preferences"),
    /* a person's own words, in which anything may stand */
    SECRET(397, 100, TEXT, "extra preferences"),
    F(497, 1, SWITCH, "force update"),
    F(498, 1, SWITCH, "auto start"),
    F(499, 13, RESERVED, "reserved"),
    F(512, 8, WATCHDOG, "watchdog"),
    F(520, 1, SWITCH, "LTE modem on boot"),
    F(521, 12, TEXT, "software version"),
    F(533, 1, FILES, "file system"),
    F(534, 1, NUMBER, "boot partition"),
    F(535, 1, NUMBER, "hardware type"),
    F(536, 33, TEXT, "access point"),
    SECRET(569, 65, TEXT, "access point's password"),
    F(634, 129, TEXT, "LTE carrier"),
    F(763, 129, TEXT, "LTE APN"),
    F(892, 17, TEXT, "LTE type"),
    F(909, 1, NUMBER, "LTE cid"),
    F(910, 1, NUMBER, "LTE band"),
    F(911, 1, SWITCH, "LTE reset"),
    F(912, 112, RESERVED, "reserved"),
};

/* ---- single values ---- */

/* What of the field is there. */
static fettle_span bytes_of(fettle_span block, const fettle_pycom_field *field)
{
    if (block.size < (size_t)field->offset + field->length) {
        return (fettle_span){.size = 0};
    }
    return (fettle_span){block.data + field->offset, field->length};
}

static bool is_all(fettle_span bytes, uint8_t value)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != value) {
            return false;
        }
    }
    return true;
}

static bool is_blank(fettle_span bytes)
{
    return is_all(bytes, BLANK) || is_all(bytes, 0);
}

/* A valid UTF-8 text holds no FF, so flash that was never written ends it as a NUL does. */
static size_t text_length(fettle_span bytes)
{
    size_t length = 0;
    while (length < bytes.size && bytes.data[length] != 0 && bytes.data[length] != BLANK) {
        length++;
    }
    return length;
}

static bool is_set(fettle_span bytes, const fettle_pycom_field *field)
{
    switch (field->kind) {
    case FETTLE_PYCOM_HEX:
    case FETTLE_PYCOM_PAC:
    case FETTLE_PYCOM_KEY:
        return !is_blank(bytes);
    case FETTLE_PYCOM_TEXT:
        return text_length(bytes) > 0;
    case FETTLE_PYCOM_REGION:
    case FETTLE_PYCOM_WIFI:
    case FETTLE_PYCOM_SWITCH:
    case FETTLE_PYCOM_NUMBER:
    case FETTLE_PYCOM_WATCHDOG:
    case FETTLE_PYCOM_FILES:
        return bytes.size > 0 && bytes.data[0] != BLANK;
    case FETTLE_PYCOM_COLOUR:
        return !is_all(bytes, BLANK);
    case FETTLE_PYCOM_RESERVED:
        break;
    }
    return false;
}

static void append_bytes(char *text, size_t size, fettle_span bytes, const char *joint)
{
    for (size_t i = 0; i < bytes.size; i++) {
        fettle_text_append(text, size, i > 0 ? joint : "");
        fettle_text_append_hex(text, size, bytes.data[i], 2);
    }
}

static void append_text(char *text, size_t size, fettle_span bytes)
{
    char raw[256] = "", shown[SHOWN_MAX + 1] = "";
    size_t length = text_length(bytes);
    length = length < sizeof raw ? length : sizeof raw - 1;
    memcpy(raw, bytes.data, length);
    bool is_whole = fettle_text_append_escaped(shown, sizeof shown, raw);
    fettle_text_append(text, size, shown);
    fettle_text_append(text, size, is_whole ? "" : "...");
}

static void append_region(char *text, size_t size, uint8_t value)
{
    const char *name = fettle_pycom_region_name(value);
    if (name != NULL) {
        fettle_text_append(text, size, name);
        return;
    }
    fettle_text_append(text, size, "none that is known (");
    fettle_text_append_number(text, size, value);
    fettle_text_append(text, size, ")");
}

/* Bit 0: on at boot; 1, 2: mode; 3: smart config; 4 to 6: authentication; 7: external antenna. */
static void append_wifi(char *text, size_t size, uint8_t bits)
{
    static const char *const modes[] = {"station", "access point",
                                        "station and access point", "neither"};
    fettle_text_append(text, size, (bits & 1) != 0 ? "on at boot, " : "off at boot, ");
    fettle_text_append(text, size, modes[bits >> 1 & 3]);
    fettle_text_append(text, size, ", authentication ");
    fettle_text_append_number(text, size, bits >> 4 & 7);
    fettle_text_append(text, size, (bits >> 3 & 1) != 0 ? ", smart config" : "");
    fettle_text_append(text, size, (bits >> 7 & 1) != 0 ? ", external antenna" : "");
}

static void append_watchdog(char *text, size_t size, fettle_span bytes)
{
    const size_t timeout_at = 4;
    bool is_on = (bytes.data[0] & 1) != 0;
    fettle_text_append(text, size, is_on ? "on, timeout " : "off");
    if (is_on) {
        fettle_text_append_number(text, size, fettle_get32(bytes.data + timeout_at));
    }
}

static void append_files(char *text, size_t size, uint8_t value)
{
    enum { FAT = 0, LITTLE_FS = 1 };
    if (value == FAT || value == LITTLE_FS) {
        fettle_text_append(text, size, value == FAT ? "FAT" : "LittleFS");
        return;
    }
    fettle_text_append(text, size, "unknown (");
    fettle_text_append_number(text, size, value);
    fettle_text_append(text, size, ")");
}

static void append_value(char *text, size_t size, const fettle_pycom_field *field,
                         fettle_span bytes)
{
    switch (field->kind) {
    case FETTLE_PYCOM_HEX:
    case FETTLE_PYCOM_KEY:
        append_bytes(text, size, bytes, "");
        break;
    case FETTLE_PYCOM_PAC:
        append_bytes(text, size, bytes, "");
        fettle_text_append(
            text, size,
            " (valid for one registration; once it is used, a new one is had "
            "from the Sigfox backend of whoever registered the module)");
        break;
    case FETTLE_PYCOM_TEXT:
        append_text(text, size, bytes);
        break;
    case FETTLE_PYCOM_REGION:
        append_region(text, size, bytes.data[0]);
        break;
    case FETTLE_PYCOM_WIFI:
        append_wifi(text, size, bytes.data[0]);
        break;
    case FETTLE_PYCOM_SWITCH:
        fettle_text_append(text, size, (bytes.data[0] & 1) != 0 ? "on" : "off");
        break;
    case FETTLE_PYCOM_COLOUR:
        fettle_text_append(text, size, "#");
        append_bytes(text, size, bytes, "");
        break;
    case FETTLE_PYCOM_NUMBER:
        fettle_text_append_number(text, size, bytes.data[0]);
        break;
    case FETTLE_PYCOM_WATCHDOG:
        append_watchdog(text, size, bytes);
        break;
    case FETTLE_PYCOM_FILES:
        append_files(text, size, bytes.data[0]);
        break;
    case FETTLE_PYCOM_RESERVED:
        break;
    }
}

bool fettle_pycom_config_value(fettle_span block, const fettle_pycom_field *field,
                               char *text, size_t size)
{
    fettle_span bytes = bytes_of(block, field);
    text[0] = '\0';
    if (bytes.size == 0 || !is_set(bytes, field)) {
        fettle_text_append(text, size, "not set");
        return false;
    }
    if (field->is_secret) {
        fettle_text_append(text, size, "set");
    } else {
        append_value(text, size, field, bytes);
    }
    return true;
}

/* ---- all of it ---- */

static void append_line(char *text, size_t size, const char *name, const char *value)
{
    size_t used = strlen(text), needed = strlen(name) + strlen(value) + 3;
    if (used + needed >= size) {
        return;
    }
    fettle_text_append(text, size, name);
    fettle_text_append(text, size, ": ");
    fettle_text_append(text, size, value);
    fettle_text_append(text, size, "\n");
}

/* Its absence is news too. */
static bool is_always_shown(const fettle_pycom_field *field)
{
    return field->is_secret || field->offset <= FETTLE_PYCOM_REGION_AT;
}

static void append_fields(char *text, size_t size, fettle_span block)
{
    for (size_t i = 0; i < FETTLE_PYCOM_FIELDS; i++) {
        const fettle_pycom_field *field = &fettle_pycom_fields[i];
        char value[FETTLE_PYCOM_VALUE_SIZE];
        bool is_there = fettle_pycom_config_value(block, field, value, sizeof value);
        if (is_there || is_always_shown(field)) {
            append_line(text, size, field->name, value);
        }
    }
}

void fettle_pycom_config_decode(fettle_span block, char *text, size_t size)
{
    text[0] = '\0';
    if (!fettle_pycom_has_credentials(block)) {
        append_line(text, size, "credentials",
                    "missing: what the factory put there was erased");
    }
    append_fields(text, size, block);
}

void fettle_pycom_summarise(const fettle_module_look *look, char *text, size_t size)
{
    enum { MAC_SIZE = 6 };
    fettle_span block = look->ranges[0];
    char mac[3 * MAC_SIZE] = "";
    text[0] = '\0';
    if (look->mac != NULL) {
        append_bytes(mac, sizeof mac, (fettle_span){look->mac, MAC_SIZE}, ":");
        append_line(text, size, "MAC", mac);
    }
    if (block.size == 0) {
        append_line(text, size, "config block", "it could not be read");
        return;
    }
    if (!fettle_pycom_has_credentials(block)) {
        append_line(text, size, "credentials",
                    fettle_pycom_has_credentials(look->kept)
                        ? "missing; a backup of this module has them: restore it"
                        : "missing: what the factory put there was erased");
    }
    append_fields(text, size, block);
}

void fettle_pycom_identify(const fettle_module_look *look, fettle_module_ids *ids)
{
    enum { LORA_MAC, SIGFOX_ID }; /* rows of the table */
    char value[FETTLE_PYCOM_VALUE_SIZE];
    fettle_span block = look->ranges[0];
    *ids = (fettle_module_ids){.secret_count = 0};
    if (fettle_pycom_config_value(block, &fettle_pycom_fields[LORA_MAC], value,
                                  sizeof value)) {
        fettle_text_append(ids->lora_mac, sizeof ids->lora_mac, value);
    }
    if (fettle_pycom_config_value(block, &fettle_pycom_fields[SIGFOX_ID], value,
                                  sizeof value)) {
        fettle_text_append(ids->sigfox_id, sizeof ids->sigfox_id, value);
    }
    for (size_t i = 0; i < FETTLE_PYCOM_FIELDS; i++) {
        const fettle_pycom_field *field = &fettle_pycom_fields[i];
        bool is_one = field->is_secret || field->kind == FETTLE_PYCOM_PAC;
        if (is_one && block.size > 0 && ids->secret_count < FETTLE_MODULE_SECRETS_MAX) {
            ids->secrets[ids->secret_count].name = field->name;
            ids->secrets[ids->secret_count++].is_set =
                fettle_pycom_config_value(block, field, value, sizeof value);
        }
    }
}

/* ---- what can't be replaced ---- */

static fettle_span credentials_of(fettle_span block)
{
    if (block.size < FETTLE_PYCOM_CREDENTIALS) {
        return (fettle_span){.size = 0};
    }
    return (fettle_span){block.data, FETTLE_PYCOM_CREDENTIALS};
}

/* The fields that can't be replaced are in front of all others. */
static bool is_credential(const fettle_pycom_field *field)
{
    return field->offset < FETTLE_PYCOM_CREDENTIALS;
}

bool fettle_pycom_has_credentials(fettle_span block)
{
    bool has_any = false;
    if (credentials_of(block).size == 0) {
        return false;
    }
    for (size_t i = 0; is_credential(&fettle_pycom_fields[i]); i++) {
        has_any = has_any || !is_blank(bytes_of(block, &fettle_pycom_fields[i]));
    }
    return has_any;
}

bool fettle_pycom_is_same_credentials(fettle_span a, fettle_span b)
{
    fettle_span first = credentials_of(a), second = credentials_of(b);
    return first.size > 0 && second.size > 0 &&
           memcmp(first.data, second.data, FETTLE_PYCOM_CREDENTIALS) == 0;
}

const fettle_pycom_field *fettle_pycom_lacks(fettle_span block, fettle_span other)
{
    for (size_t i = 0; is_credential(&fettle_pycom_fields[i]); i++) {
        const fettle_pycom_field *field = &fettle_pycom_fields[i];
        fettle_span has = bytes_of(block, field), wanted = bytes_of(other, field);
        bool is_same = has.size == wanted.size && has.size > 0 &&
                       memcmp(has.data, wanted.data, has.size) == 0;
        if (!is_same && !is_blank(wanted)) {
            return field;
        }
    }
    return NULL;
}

/* Printable up to a NUL or an FF, or set to nothing. */
static bool is_text(fettle_span block, const fettle_pycom_field *field)
{
    for (size_t i = 0; i < field->length; i++) {
        uint8_t byte = block.data[field->offset + i];
        if (byte == 0 || byte == BLANK) {
            return true;
        }
        if (byte < ' ') {
            return false;
        }
    }
    return true;
}

bool fettle_pycom_is_block(fettle_span block)
{
    if (block.size < FETTLE_PYCOM_CONFIG_SIZE || !fettle_pycom_has_credentials(block)) {
        return false;
    }
    uint8_t region = fettle_pycom_region_in(block);
    bool is_good =
        region == FETTLE_PYCOM_REGION_UNSET || fettle_pycom_region_name(region) != NULL;
    for (size_t i = 0; i < FETTLE_PYCOM_FIELDS; i++) {
        const fettle_pycom_field *field = &fettle_pycom_fields[i];
        is_good = is_good && (field->kind != FETTLE_PYCOM_TEXT || is_text(block, field));
    }
    return is_good;
}

/*
 * A write that was cut off leaves FF. Any other byte is one that somebody has put there, also where it is only by set bits another one:
 * a DevEUI that ends in 2F after 2E. What was never set can't be lost.
 */
bool fettle_pycom_is_torn(fettle_span board, fettle_span kept)
{
    bool is_lost = false;
    if (credentials_of(board).size == 0 || credentials_of(kept).size == 0) {
        return false;
    }
    for (size_t i = 0; is_credential(&fettle_pycom_fields[i]); i++) {
        const fettle_pycom_field *field = &fettle_pycom_fields[i];
        fettle_span now = bytes_of(board, field), before = bytes_of(kept, field);
        bool was_set = !is_blank(before);
        assert(now.data != NULL && before.data != NULL); /* all credentials are there */
        for (size_t k = 0; k < field->length; k++) {
            if (now.data[k] != before.data[k] && now.data[k] != BLANK) {
                return false;
            }
            is_lost = is_lost || (was_set && now.data[k] != before.data[k]);
        }
    }
    return is_lost;
}

/* ---- region ---- */

void fettle_pycom_set_region(uint8_t *block, size_t size, uint8_t region)
{
    if (size > FETTLE_PYCOM_REGION_AT) {
        block[FETTLE_PYCOM_REGION_AT] = region;
    }
}

uint8_t fettle_pycom_region_in(fettle_span block)
{
    return block.size > FETTLE_PYCOM_REGION_AT ? block.data[FETTLE_PYCOM_REGION_AT]
                                               : FETTLE_PYCOM_REGION_UNSET;
}
