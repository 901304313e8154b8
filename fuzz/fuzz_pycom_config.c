/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A config block out of any bytes: what is shown of it is whole lines of valid UTF-8 without control characters, fits, and doesn't depend
 * on what a secret is or how long. The first byte says how much room there is.
 */
#include "fuzz/must.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pycom/config.h"
#include "pycom/regions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM_UNIT = 16 };

static void check_lines(const char *text)
{
    size_t length = strlen(text);
    must(length == 0 || text[length - 1] == '\n');
    for (const char *at = text; *at != '\0';) {
        size_t width = *at == '\n' ? 1 : fettle_utf8_length(at);
        must(width > 0);
        must(*at == '\n' || (unsigned char)*at >= ' ');
        at += width;
    }
}

static void check_room(fettle_span block, size_t room)
{
    char *text = malloc(room); /* exactly: a byte more is seen */
    must(text != NULL);
    fettle_pycom_config_decode(block, text, room);
    must(strlen(text) < room);
    check_lines(text);
    const fettle_module_look look = {.ranges = {block}, .kept = block};
    fettle_pycom_summarise(&look, text, room);
    must(strlen(text) < room);
    check_lines(text);
    free(text);
}

/* Other keys and passwords of other lengths, as long as they are set: the same text. */
static void check_secrets(fettle_span block)
{
    static char before[FETTLE_MODULE_SUMMARY_SIZE], after[FETTLE_MODULE_SUMMARY_SIZE];
    uint8_t other[FETTLE_PYCOM_CONFIG_SIZE];
    if (block.size < sizeof other) {
        return;
    }
    memcpy(other, block.data, sizeof other);
    for (size_t i = 0; i < FETTLE_PYCOM_FIELDS; i++) {
        const fettle_pycom_field *field = &fettle_pycom_fields[i];
        char value[FETTLE_PYCOM_VALUE_SIZE];
        if (field->is_secret &&
            fettle_pycom_config_value(block, field, value, sizeof value)) {
            memset(other + field->offset, 'x', (size_t)field->length / 2);
        }
    }
    fettle_pycom_config_decode(block, before, sizeof before);
    fettle_pycom_config_decode((fettle_span){other, sizeof other}, after, sizeof after);
    must(strcmp(before, after) == 0);
}

static void check_credentials(fettle_span block)
{
    uint8_t erased[FETTLE_PYCOM_CREDENTIALS];
    memset(erased, 0xFF, sizeof erased);
    fettle_span blank = {erased, sizeof erased};
    must(!fettle_pycom_is_torn(block, block));
    if (block.size >= FETTLE_PYCOM_CREDENTIALS) {
        must(fettle_pycom_is_same_credentials(block, block));
        must(fettle_pycom_is_torn(blank, block) == fettle_pycom_has_credentials(block));
        must(fettle_pycom_lacks(block, block) == NULL);
        must(fettle_pycom_lacks(block, blank) == NULL);
    } else {
        must(!fettle_pycom_has_credentials(block));
    }
    uint8_t region = fettle_pycom_region_in(block);
    must(fettle_pycom_region_name(region) != NULL || region >= FETTLE_PYCOM_REGIONS);
}

/* The bytes as text, too: names of regions and countries. */
static void check_names(fettle_span bytes)
{
    char name[64] = "", text[FETTLE_PYCOM_REGION_TEXT_SIZE + 1];
    uint8_t value = FETTLE_PYCOM_REGION_UNSET;
    fettle_error err;
    memcpy(name, bytes.data, bytes.size < sizeof name ? bytes.size : sizeof name - 1);
    must(!fettle_pycom_region_of(name, &value) || value < FETTLE_PYCOM_REGIONS);
    (void)fettle_pycom_region_of_country(name, &value, text, sizeof text - 1);
    must(value < FETTLE_PYCOM_REGIONS || value == FETTLE_PYCOM_REGION_UNSET);
    fettle_text_append(text, sizeof text, "\n");
    check_lines(text);
    must(fettle_pycom_region_check(name, value, &err) ||
         err.code == FETTLE_E_REGION_NOT_HERE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    fettle_span block = {data + 1, size - 1};
    check_room(block, (size_t)data[0] * ROOM_UNIT + 1);
    check_secrets(block);
    check_credentials(block);
    check_names(block);
    return 0;
}
