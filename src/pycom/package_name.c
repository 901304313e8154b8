/* SPDX-License-Identifier: Apache-2.0 */
/* Names of packages: "LoPy4-1.20.2.r6.tar.gz", "LoPy4-1.20.2.r6_ENC.tar.gz", and, of old, "LoPy_868-1.11.0.b1.tar.gz". */
#include "pycom/package.h"

#include "base/text.h"

#include <string.h>

static size_t length_until(const char *text, const char *ends)
{
    size_t length = 0;
    for (; text[length] != '\0'; length++) {
        for (const char *end = ends; *end != '\0'; end++) {
            if (text[length] == *end) {
                return length;
            }
        }
    }
    return length;
}

/* Digits and letters with dots between, without the ending of the file. */
static size_t version_length(const char *text)
{
    static const char *const endings[] = {".gz", ".tar", ".tgz"};
    size_t length = 0;
    while ((text[length] >= '0' && text[length] <= '9') ||
           (text[length] >= 'a' && text[length] <= 'z') || text[length] == '.') {
        length++;
    }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);
        if (length >= ending && memcmp(text + length - ending, endings[i], ending) == 0) {
            length -= ending;
        }
    }
    return length;
}

void fettle_pycom_read_name(fettle_pycom_named *named, const char *name)
{
    *named = (fettle_pycom_named){.family = NULL};
    size_t word = length_until(name, "-_");
    named->family = fettle_pycom_family_of(name, word);
    const char *at = name + word;
    if (named->family == NULL) {
        return;
    }
    if (*at == '_') {
        size_t band = length_until(++at, "-");
        if (!fettle_text_append_part(named->band, sizeof named->band, at, band)) {
            named->band[0] = '\0';
        }
        at += band;
    }
    if (*at == '-') {
        at++;
        size_t length = version_length(at);
        (void)fettle_text_append_part(named->version, sizeof named->version, at, length);
        named->is_encrypted = fettle_text_begins_with(at + length, "_enc");
    }
}
