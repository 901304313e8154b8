/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partition tables as people write them (ESP-IDF, chapter "Partition Tables"):
 *
 *     # Name,   Type, SubType, Offset,  Size,   Flags
 *     nvs,      data, nvs,     0x9000,  0x6000,
 *     factory,  app,  factory, ,        1M,
 *
 * Numbers are decimal or hex, K and M behind them are 1024 and its square. A blank offset is the end of the line before,
 * aligned as the type needs it.
 */
#include "base/text.h"
#include "image/partitions.h"

#include <string.h>

enum {
    FIELDS_MAX = 6,
    FIELDS_MIN = 5,
    FIELD_SIZE = 64,
    LABEL_LENGTH_MAX = FETTLE_PARTITION_LABEL_SIZE - 1,
    APP_ALIGNMENT = 0x10000,
    DATA_ALIGNMENT = 0x1000,
    USER_TYPE_MIN = 0x40,
    USER_TYPE_MAX = 0xFE,
    NAMED_TYPES = FETTLE_PARTITION_TABLE + 1,
    REASON_SIZE = 192,
};

typedef enum field {
    NAME,
    TYPE,
    SUBTYPE,
    OFFSET,
    SIZE,
    FLAGS,
} field;

typedef struct csv {
    fettle_span text;
    size_t at;
    uint64_t line; /* from 1 on */
    uint64_t end;  /* of the row before */
    char fields[FIELDS_MAX][FIELD_SIZE];
    size_t field_count;
    fettle_error *err;
} csv;

static bool is_bad(csv *self, const char *format, const fettle_words *words)
{
    char reason[REASON_SIZE], text[REASON_SIZE + 32] = "line ";

    fettle_words_render(reason, sizeof reason, format, words);
    fettle_text_append_number(text, sizeof text, self->line);
    fettle_text_append(text, sizeof text, " ");
    fettle_text_append(text, sizeof text, reason);
    fettle_error_set(self->err, FETTLE_E_FILE_BAD_TABLE, &(fettle_words){.text = text});
    return false;
}

/* ---- lines and fields ---- */

/* Where `byte` first is in a text of `size` bytes; `size`: nowhere. */
static size_t find(const char *text, size_t size, char byte)
{
    size_t at = 0;

    while (at < size && text[at] != byte) {
        at++;
    }
    return at;
}

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\r';
}

/* The next line, without what is behind a #. False: there is none. */
static bool next_line(csv *self, fettle_span *line)
{
    if (self->at >= self->text.size) {
        return false;
    }
    const char *text = (const char *)self->text.data + self->at;
    size_t size = find(text, self->text.size - self->at, '\n');
    self->at += size + 1;
    self->line++;
    *line = (fettle_span){(const uint8_t *)text, find(text, size, '#')};
    return true;
}

static bool is_empty(fettle_span line)
{
    for (size_t i = 0; i < line.size; i++) {
        if (!is_blank((char)line.data[i])) {
            return false;
        }
    }
    return true;
}

/* Copies what is between two commas, without blanks around it. */
static bool take_field(csv *self, const char *from, size_t size)
{
    while (size > 0 && is_blank(from[0])) {
        from++;
        size--;
    }
    while (size > 0 && is_blank(from[size - 1])) {
        size--;
    }
    if (self->field_count == FIELDS_MAX) {
        return size == 0 || is_bad(self, "has more than {limit} fields",
                                   &(fettle_words){.limit = FIELDS_MAX});
    }
    if (size >= FIELD_SIZE || find(from, size, '\0') < size) {
        return is_bad(self, "has a field that can't be one", NULL);
    }
    char *out = self->fields[self->field_count++];
    memcpy(out, from, size);
    out[size] = '\0';
    return true;
}

static bool split(csv *self, fettle_span line)
{
    const char *text = (const char *)line.data;

    memset(self->fields, 0, sizeof self->fields);
    self->field_count = 0;
    for (size_t at = 0, size = 0; at <= line.size; at += size + 1) {
        size = find(text + at, line.size - at, ',');
        if (!take_field(self, text + at, size)) {
            return false;
        }
    }
    return self->field_count >= FIELDS_MIN ||
           is_bad(self,
                  "has {count} fields instead of name, type, subtype, offset and size",
                  &(fettle_words){.count = self->field_count});
}

/* ---- values ---- */

/* "0x1000", "4096", "4K", "1M" */
static bool to_number(const char *text, uint64_t *number)
{
    char digits[FIELD_SIZE] = "";
    size_t length = strlen(text);
    unsigned shift = 0;

    if (length > 0 && (text[length - 1] == 'K' || text[length - 1] == 'k')) {
        shift = 10;
    } else if (length > 0 && (text[length - 1] == 'M' || text[length - 1] == 'm')) {
        shift = 20;
    }
    memcpy(digits, text, shift > 0 ? length - 1 : length);
    if (!fettle_text_to_number(digits, number) || *number > UINT32_MAX) {
        return false;
    }
    *number <<= shift;
    return true;
}

static bool read_number(csv *self, field which, uint32_t *out)
{
    uint64_t number = 0;

    if (!to_number(self->fields[which], &number) || number > UINT32_MAX) {
        return is_bad(self, "has \"{text}\" where a number should be",
                      &(fettle_words){.text = self->fields[which]});
    }
    *out = (uint32_t)number;
    return true;
}

static bool read_type(csv *self, fettle_partition *row)
{
    const char *text = self->fields[TYPE];
    uint64_t number = 0;
    char name[FIELD_SIZE];

    for (unsigned i = 0; i < NAMED_TYPES; i++) {
        fettle_partition_type_name(name, sizeof name, (uint8_t)i);
        if (fettle_text_is_same_word(text, name)) {
            row->type = (uint8_t)i;
            return true;
        }
    }
    bool is_number = fettle_text_to_number(text, &number);
    bool is_type =
        number < NAMED_TYPES || (number >= USER_TYPE_MIN && number <= USER_TYPE_MAX);
    if (!is_number || !is_type) {
        return is_bad(self, "has no type \"{text}\"", &(fettle_words){.text = text});
    }
    row->type = (uint8_t)number;
    return true;
}

/* What stands there for no subtype; an application must have one. */
static bool default_subtype(uint8_t type, uint8_t *subtype)
{
    *subtype = type == FETTLE_PARTITION_DATA ? 0x06 : 0;
    return type == FETTLE_PARTITION_DATA || type >= USER_TYPE_MIN;
}

static bool read_subtype(csv *self, fettle_partition *row)
{
    const char *text = self->fields[SUBTYPE];
    uint64_t number = 0;
    char name[FIELD_SIZE];

    if (text[0] == '\0' && default_subtype(row->type, &row->subtype)) {
        return true;
    }
    for (unsigned i = 0; i <= UINT8_MAX; i++) {
        fettle_partition_subtype_name(name, sizeof name, row->type, (uint8_t)i);
        if (name[0] != '0' && fettle_text_is_same_word(text, name)) {
            row->subtype = (uint8_t)i;
            return true;
        }
    }
    if (!fettle_text_to_number(text, &number) || number > UINT8_MAX) {
        return is_bad(self, "has no subtype \"{text}\"", &(fettle_words){.text = text});
    }
    row->subtype = (uint8_t)number;
    return true;
}

static bool read_flags(csv *self, fettle_partition *row)
{
    const char *at = self->fields[FLAGS];

    while (*at != '\0') {
        char word[FIELD_SIZE] = "";
        size_t size = strlen(at), length = find(at, size, ':');
        memcpy(word, at, length);
        if (fettle_text_is_same_word(word, "encrypted")) {
            row->flags |= FETTLE_PARTITION_ENCRYPTED;
        } else if (fettle_text_is_same_word(word, "readonly")) {
            row->flags |= FETTLE_PARTITION_READ_ONLY;
        } else {
            return is_bad(self, "has no flag \"{text}\"", &(fettle_words){.text = word});
        }
        at += length + (length < size);
    }
    return true;
}

/* ---- rows ---- */

static bool read_offset(csv *self, fettle_partition *row)
{
    uint64_t alignment = row->type == FETTLE_PARTITION_APP ? APP_ALIGNMENT : DATA_ALIGNMENT;

    if (self->fields[OFFSET][0] == '\0') {
        uint64_t offset = (self->end + alignment - 1) / alignment * alignment;
        if (offset > UINT32_MAX) {
            return is_bad(self, "begins above address 0xffffffff", NULL);
        }
        row->address = (uint32_t)offset;
        return true;
    }
    return read_number(self, OFFSET, &row->address) &&
           (row->address % alignment == 0 ||
            is_bad(self, "begins at {address}, which is no multiple of {count}",
                   &(fettle_words){.address = row->address, .count = alignment}));
}

static bool read_row(csv *self, fettle_partition *row)
{
    size_t length = strlen(self->fields[NAME]);

    *row = (fettle_partition){0};
    if (length > LABEL_LENGTH_MAX) {
        return is_bad(self, "has a name of {size} bytes, more than {limit}",
                      &(fettle_words){.size = length, .limit = LABEL_LENGTH_MAX});
    }
    memcpy(row->label, self->fields[NAME], length);
    if (!read_type(self, row) || !read_subtype(self, row) || !read_offset(self, row) ||
        !read_number(self, SIZE, &row->size) || !read_flags(self, row)) {
        return false;
    }
    self->end = (uint64_t)row->address + row->size;
    return true;
}

bool fettle_partitions_read_csv(fettle_partitions *partitions, fettle_span text,
                                uint32_t address, fettle_error *err)
{
    csv self = {.text = text, .end = (uint64_t)address + FETTLE_TABLE_ROOM, .err = err};

    *partitions = (fettle_partitions){.address = address};
    for (fettle_span line; next_line(&self, &line);) {
        if (is_empty(line)) {
            continue;
        }
        if (partitions->count == FETTLE_PARTITIONS_MAX) {
            return is_bad(&self, "is one more than the {limit} partitions that a table has",
                          &(fettle_words){.limit = FETTLE_PARTITIONS_MAX});
        }
        if (!split(&self, line) || !read_row(&self, &partitions->rows[partitions->count])) {
            return false;
        }
        partitions->count++;
    }
    return fettle_partitions_check(partitions, err);
}
