/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats with named values: "cannot update {board} on {port}". One table says which names
 * there are and how each is written. Texts may come from boards and files, so they are
 * escaped on the way in: a message stays one line of valid UTF-8, whatever a board calls
 * itself. A name that is not in the table is a mistake of ours and ends in an assertion; a
 * test renders every format there is.
 */
#include "base/error.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

typedef enum value_kind {
    TEXT,
    DECIMAL64,
    DECIMAL32,
    ADDRESS,
    ID,
} value_kind;

static const struct value {
    const char *name;
    value_kind kind;
    size_t offset; /* in fettle_words */
} values[] = {
    {"board", TEXT, offsetof(fettle_words, board)},
    {"port", TEXT, offsetof(fettle_words, port)},
    {"file", TEXT, offsetof(fettle_words, file)},
    {"text", TEXT, offsetof(fettle_words, text)},
    {"text2", TEXT, offsetof(fettle_words, text2)},
    {"status", TEXT, offsetof(fettle_words, status)},
    {"state", TEXT, offsetof(fettle_words, state)},
    {"count", DECIMAL64, offsetof(fettle_words, count)},
    {"size", DECIMAL64, offsetof(fettle_words, size)},
    {"limit", DECIMAL64, offsetof(fettle_words, limit)},
    {"block", DECIMAL32, offsetof(fettle_words, block)},
    {"address", ADDRESS, offsetof(fettle_words, address)},
    {"id", ID, offsetof(fettle_words, id)},
    {"id2", ID, offsetof(fettle_words, id2)},
};

static const struct value *find_value(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strlen(values[i].name) == length && memcmp(values[i].name, name, length) == 0) {
            return &values[i];
        }
    }
    return NULL;
}

/* Writes one value into `text`, which no number is too long for. */
static void write_number(char *text, size_t size, value_kind kind, const void *member)
{
    uint64_t decimal = 0;
    uint32_t word = 0;
    fettle_usb_id id = {0, 0};

    text[0] = '\0';
    switch (kind) {
    case DECIMAL64:
        memcpy(&decimal, member, sizeof decimal);
        fettle_text_append_number(text, size, decimal);
        break;
    case DECIMAL32:
        memcpy(&word, member, sizeof word);
        fettle_text_append_number(text, size, word);
        break;
    case ADDRESS:
        memcpy(&word, member, sizeof word);
        fettle_text_append(text, size, "0x");
        fettle_text_append_hex(text, size, word, 8);
        break;
    case ID:
        memcpy(&id, member, sizeof id);
        fettle_text_append_hex(text, size, id.vendor, 4);
        fettle_text_append(text, size, ":");
        fettle_text_append_hex(text, size, id.product, 4);
        break;
    case TEXT:
        break;
    }
}

static bool append_value(char *text, size_t size, const struct value *value,
                         const fettle_words *words)
{
    const void *member = (const char *)words + value->offset;
    const char *given = NULL;
    char number[24];

    if (value->kind == TEXT) {
        memcpy(&given, member, sizeof given);
        return fettle_text_append_escaped(text, size, given != NULL ? given : "?");
    }
    write_number(number, sizeof number, value->kind, member);
    return fettle_text_append_part(text, size, number, strlen(number));
}

static size_t length_until(const char *text, char end)
{
    size_t length = 0;

    while (text[length] != '\0' && text[length] != end) {
        length++;
    }
    return length;
}

void fettle_words_render(char *text, size_t size, const char *format,
                         const fettle_words *words)
{
    static const fettle_words none = {.board = NULL};
    bool is_whole = true; /* once something is cut, nothing may follow it */

    assert(size > 0);
    text[0] = '\0';
    words = words != NULL ? words : &none;
    while (*format != '\0' && is_whole) {
        size_t plain = length_until(format, '{');
        is_whole = fettle_text_append_part(text, size, format, plain);
        format += plain;
        if (*format == '{' && is_whole) {
            size_t length = length_until(format + 1, '}');
            const struct value *value = find_value(format + 1, length);
            assert(value != NULL && format[1 + length] == '}');
            is_whole = append_value(text, size, value, words);
            format += length + 2;
        }
    }
}
