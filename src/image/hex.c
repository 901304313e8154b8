/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel HEX ("Hexadecimal Object File Format Specification", revision A, 1988): text, a record on each line,
 *
 *     :  length (1)  offset (2)  type (1)  data (length)  checksum (1)
 *
 * each byte two digits, numbers big endian, all bytes of a record together 0 modulo 256. Data goes to `offset` above
 * the base that the last record of type 02 (segment) or 04 (upper half of the address) has set.
 *
 * The text is walked through twice: first everything is checked and counted, then data becomes runs, of records that
 * go on where the one before ended. Sorted, and joined where they touch, runs are the image's regions. Memory is so
 * bounded by the size of the file, whatever addresses it names. A byte that is given twice is accepted if both agree.
 *
 * Tolerated because it is met: any kind of line end, digits of either case, blank lines and blanks around a record, the
 * Ctrl-Z that ended files once, the mark of UTF-8. Everything else that isn't in the specification is refused, with
 * the number of the line.
 */
#include "base/alloc.h"
#include "base/text.h"
#include "image/image.h"
#include "image/regions.h"

#include <assert.h>
#include <string.h>

enum {
    DATA = 0,
    END_OF_FILE = 1,
    SEGMENT_BASE = 2,
    SEGMENT_START = 3, /* CS and IP */
    LINEAR_BASE = 4,
    LINEAR_START = 5,

    HEADER_BYTES = 4, /* length, offset, type */
    FEWEST_BYTES = HEADER_BYTES + 1,
    SEGMENT_SIZE = 65536,

    CTRL_Z = 0x1A,
    REASON_SIZE = 128,
};

/* One record, whole and with the right checksum. */
typedef struct hex_record {
    uint8_t type, length;
    uint16_t offset;
    const uint8_t *digits; /* of its data */
} hex_record;

/* Some data and its address: a record, or what of it is in front of the end of a segment. */
typedef struct hex_piece {
    uint32_t address, size;
    const uint8_t *digits; /* two a byte */
} hex_piece;

/* A walk through the text. */
typedef struct hex_walk {
    fettle_span text;
    size_t at;
    uint64_t line; /* of the record at hand, from 1 on */
    uint32_t base;
    bool is_segmented; /* addresses go round within 64 KiB, instead of going on */
    bool has_ended;    /* the record that says so has come */
    bool has_entry;
    uint32_t entry;
    hex_piece rest; /* of a record that goes round */
    bool has_failed;
    fettle_error *err;
} hex_walk;

/* Pieces that go on where the one before ended. */
typedef struct hex_run {
    uint32_t address, size, offset; /* of its bytes in `bytes` */
} hex_run;

/* All data of the file, in the order of the file. */
typedef struct content {
    hex_run *runs;
    uint8_t *bytes;
    size_t run_count, byte_count;
} content;

static bool refuse(hex_walk *self, const char *format, const fettle_words *words)
{
    char text[REASON_SIZE];

    fettle_words_render(text, sizeof text, format, words);
    fettle_error_set(
        self->err, FETTLE_E_FILE_BAD_HEX,
        &(fettle_words){.count = self->line > 0 ? self->line : 1, .text = text});
    self->has_failed = true;
    return false;
}

/* ---- lines ---- */

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == CTRL_Z;
}

static bool is_line_end(uint8_t byte)
{
    return byte == '\r' || byte == '\n';
}

static size_t mark_size(fettle_span text)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};

    return text.size >= sizeof mark && memcmp(text.data, mark, sizeof mark) == 0
               ? sizeof mark
               : 0;
}

static hex_walk walk_through(fettle_span text, fettle_error *err)
{
    return (hex_walk){.text = text, .at = mark_size(text), .line = 0, .err = err};
}

/* The next line that isn't blank, without blanks around it. False: there is none. */
static bool next_line(hex_walk *self, fettle_span *line)
{
    const uint8_t *text = self->text.data;

    while (self->at < self->text.size) {
        size_t first = self->at;
        while (self->at < self->text.size && !is_line_end(text[self->at])) {
            self->at++;
        }
        size_t end = self->at;
        if (self->at + 1 < self->text.size && text[self->at] == '\r' &&
            text[self->at + 1] == '\n') {
            self->at++;
        }
        self->at++;
        self->line++;
        while (first < end && is_blank(text[first])) {
            first++;
        }
        while (end > first && is_blank(text[end - 1])) {
            end--;
        }
        if (first < end) {
            *line = (fettle_span){text + first, end - first};
            return true;
        }
    }
    return false;
}

/* ---- records ---- */

static uint8_t byte_at(const uint8_t *digits, size_t i)
{
    return (uint8_t)(fettle_text_digit((char)digits[2 * i]) << 4 |
                     fettle_text_digit((char)digits[2 * i + 1]));
}

static uint32_t number_at(const uint8_t *digits, size_t i, size_t size)
{
    uint32_t number = 0;

    for (size_t k = 0; k < size; k++) {
        number = number << 8 | byte_at(digits, i + k);
    }
    return number;
}

static size_t count_digits(const uint8_t *text, size_t size)
{
    size_t count = 0;

    while (count < size && fettle_text_digit((char)text[count]) < 16) {
        count++;
    }
    return count;
}

static bool has_right_checksum(hex_walk *self, const uint8_t *digits, size_t bytes)
{
    uint8_t sum = 0;
    char stored[8] = "", made[8] = "";

    for (size_t i = 0; i < bytes - 1; i++) {
        sum = (uint8_t)(sum + byte_at(digits, i));
    }
    sum = (uint8_t)(0x100 - sum);
    if (sum == byte_at(digits, bytes - 1)) {
        return true;
    }
    fettle_text_append_hex(stored, sizeof stored, byte_at(digits, bytes - 1), 2);
    fettle_text_append_hex(made, sizeof made, sum, 2);
    return refuse(self, "has the checksum {text}, its bytes make {text2}",
                  &(fettle_words){.text = stored, .text2 = made});
}

static bool parse_record(hex_walk *self, fettle_span line, hex_record *out)
{
    const uint8_t *digits = line.data + 1;

    if (line.data[0] != ':') {
        return refuse(self, "does not begin with a colon, as every record does", NULL);
    }
    size_t count = count_digits(digits, line.size - 1);
    if (count < line.size - 1) {
        return refuse(self, "has something else than a digit behind {count} digits",
                      &(fettle_words){.count = count});
    }
    if (count % 2 != 0 || count / 2 < FEWEST_BYTES) {
        return refuse(self, "has {count} digits, which is no record",
                      &(fettle_words){.count = count});
    }
    out->length = byte_at(digits, 0);
    out->offset = (uint16_t)number_at(digits, 1, 2);
    out->type = byte_at(digits, 3);
    out->digits = digits + (size_t)2 * HEADER_BYTES;
    if (count / 2 != (size_t)FEWEST_BYTES + out->length) {
        return refuse(
            self, "says that it has {size} bytes of data, and has {limit}",
            &(fettle_words){.size = out->length, .limit = count / 2 - FEWEST_BYTES});
    }
    return has_right_checksum(self, digits, count / 2);
}

/* Bytes of data that a record of this type has; -1: any number. */
static int length_of_type(uint8_t type)
{
    static const int lengths[] = {
        [DATA] = -1,         [END_OF_FILE] = 0, [SEGMENT_BASE] = 2,
        [SEGMENT_START] = 4, [LINEAR_BASE] = 2, [LINEAR_START] = 4,
    };

    return lengths[type];
}

static bool has_known_type(hex_walk *self, const hex_record *record)
{
    char type[8] = "";

    if (record->type > LINEAR_START) {
        fettle_text_append_hex(type, sizeof type, record->type, 2);
        return refuse(self, "is of type {text}, which Intel HEX does not have",
                      &(fettle_words){.text = type});
    }
    int length = length_of_type(record->type);
    return length < 0 || record->length == length ||
           refuse(self, "has {size} bytes of data, and its type has {limit}",
                  &(fettle_words){.size = record->length, .limit = (uint64_t)length});
}

/* What isn't data. */
static void obey(hex_walk *self, const hex_record *record)
{
    const uint8_t *digits = record->digits;

    switch (record->type) {
    case END_OF_FILE:
        self->has_ended = true;
        break;
    case SEGMENT_BASE:
        self->base = number_at(digits, 0, 2) << 4;
        self->is_segmented = true;
        break;
    case LINEAR_BASE:
        self->base = number_at(digits, 0, 2) << 16;
        self->is_segmented = false;
        break;
    case SEGMENT_START:
        self->has_entry = true;
        self->entry = (number_at(digits, 0, 2) << 4) + number_at(digits, 2, 2);
        break;
    default:
        self->has_entry = true;
        self->entry = number_at(digits, 0, 4);
        break;
    }
}

static bool place(hex_walk *self, const hex_record *record, hex_piece *out)
{
    uint64_t end = (uint64_t)self->base + record->offset + record->length;

    *out = (hex_piece){
        .address = self->base + record->offset,
        .size = record->length,
        .digits = record->digits,
    };
    self->rest = (hex_piece){0};
    if (!self->is_segmented) {
        return end <= FETTLE_ADDRESS_END ||
               refuse(self, "has data beyond address 0xffffffff", NULL);
    }
    if (record->offset + record->length > SEGMENT_SIZE) {
        out->size = (uint32_t)SEGMENT_SIZE - record->offset;
        self->rest = (hex_piece){
            .address = self->base,
            .size = record->length - out->size,
            .digits = record->digits + (size_t)2 * out->size,
        };
    }
    return true;
}

/* False: the end, or has_failed. */
static bool next_piece(hex_walk *self, hex_piece *out)
{
    fettle_span line;
    hex_record record = {0};

    if (self->rest.size > 0) {
        *out = self->rest;
        self->rest.size = 0;
        return true;
    }
    while (next_line(self, &line)) {
        if (self->has_ended) {
            return refuse(self, "comes behind the record that says it is the last", NULL);
        }
        if (!parse_record(self, line, &record) || !has_known_type(self, &record)) {
            return false;
        }
        if (record.type != DATA) {
            obey(self, &record);
        } else if (record.length > 0) {
            return place(self, &record, out);
        }
    }
    if (!self->has_ended) {
        (void)refuse(self, "is the last one, and none says that it is: the file is cut",
                     NULL);
    }
    return false;
}

/* ---- data ---- */

static bool goes_on(const content *all, const hex_piece *piece)
{
    const hex_run *last = &all->runs[all->run_count - 1];

    return (uint64_t)last->address + last->size == piece->address;
}

static bool allocate(void **memory, size_t size, fettle_error *err)
{
    *memory = fettle_alloc(size);
    if (*memory == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = size});
    }
    return *memory != NULL;
}

/* Checks the whole text, and counts what is in it. */
static bool count_content(fettle_image *image, content *all, fettle_error *err)
{
    hex_walk walk = walk_through(image->file, err);
    uint64_t end = FETTLE_ADDRESS_END + 1; /* of the run at hand: none yet */

    for (hex_piece piece = {0}; next_piece(&walk, &piece);) {
        all->run_count += piece.address != end;
        all->byte_count += piece.size;
        end = (uint64_t)piece.address + piece.size;
    }
    if (walk.has_failed) {
        return false;
    }
    if (all->byte_count == 0) {
        fettle_error_set(err, FETTLE_E_FILE_EMPTY, NULL);
        return false;
    }
    image->has_entry = walk.has_entry;
    image->entry = walk.entry;
    return true;
}

static bool take_content(const fettle_image *image, content *all, fettle_error *err)
{
    void *runs = NULL, *bytes = NULL;
    bool is_good = allocate(&runs, all->run_count * sizeof(hex_run), err) &&
                   allocate(&bytes, all->byte_count, err);

    *all = (content){.runs = runs, .bytes = bytes};
    if (!is_good) {
        return false;
    }
    hex_walk walk = walk_through(image->file, err);
    for (hex_piece piece = {0}; next_piece(&walk, &piece);) {
        if (all->run_count == 0 || !goes_on(all, &piece)) {
            all->runs[all->run_count++] =
                (hex_run){.address = piece.address, .offset = (uint32_t)all->byte_count};
        }
        for (uint32_t i = 0; i < piece.size; i++) {
            all->bytes[all->byte_count++] = byte_at(piece.digits, i);
        }
        all->runs[all->run_count - 1].size += piece.size;
    }
    return true;
}

/* ---- regions ---- */

static bool is_run_before(const void *first, const void *second)
{
    const hex_run *a = first, *b = second;

    return a->address != b->address ? a->address < b->address : a->offset < b->offset;
}

static uint64_t end_of(const hex_run *run)
{
    return (uint64_t)run->address + run->size;
}

/* How many regions the sorted runs make, and how many bytes they have. */
static size_t count_regions(const content *all, size_t *bytes)
{
    uint64_t end = 0;
    size_t count = 0;

    *bytes = 0;
    for (size_t i = 0; i < all->run_count; i++) {
        const hex_run *run = &all->runs[i];
        if (count == 0 || run->address > end) {
            count++;
            end = run->address;
        }
        if (end_of(run) > end) {
            *bytes += (size_t)(end_of(run) - end);
            end = end_of(run);
        }
    }
    return count;
}

static bool refuse_contradiction(const fettle_image *image, uint32_t address,
                                 fettle_error *err)
{
    hex_walk walk = walk_through(image->file, err);
    uint64_t first = 0;
    uint8_t said = 0;

    for (hex_piece piece = {0}; next_piece(&walk, &piece);) {
        if (address < piece.address || address - piece.address >= piece.size) {
            continue;
        }
        uint8_t byte = byte_at(piece.digits, address - piece.address);
        if (first == 0) {
            first = walk.line;
            said = byte;
        } else if (byte != said) {
            return refuse(&walk, "has another byte for {address} than line {count}",
                          &(fettle_words){.address = address, .count = first});
        }
    }
    assert(false); /* two records do contradict each other */
    return false;
}

/* Adds a run to the last region, of `size` bytes so far; what both have must be equal. */
static bool add_run(const fettle_image *image, const content *all, const hex_run *run,
                    fettle_region *region, uint8_t *data, fettle_error *err)
{
    const uint8_t *bytes = all->bytes + run->offset;
    size_t at = run->address - region->address;
    size_t both = region->data.size - at < run->size ? region->data.size - at : run->size;

    for (size_t i = 0; i < both; i++) {
        if (data[at + i] != bytes[i]) {
            return refuse_contradiction(image, run->address + (uint32_t)i, err);
        }
    }
    memcpy(data + at + both, bytes + both, run->size - both);
    region->data.size += run->size - both;
    return true;
}

static bool make_regions(fettle_image *image, const content *all, fettle_error *err)
{
    size_t bytes = 0, count = count_regions(all, &bytes);

    if (count > FETTLE_IMAGE_REGIONS_MAX) {
        fettle_error_set(
            err, FETTLE_E_FILE_TOO_SCATTERED,
            &(fettle_words){.count = count, .limit = FETTLE_IMAGE_REGIONS_MAX});
        return false;
    }
    if (!allocate(&image->more_memory, count * sizeof(fettle_region) + bytes, err)) {
        return false;
    }
    fettle_region *region = image->more_memory;
    uint8_t *data = (uint8_t *)(region + count);
    image->regions = region;
    image->region_count = count;
    for (size_t i = 0; i < all->run_count; i++) {
        const hex_run *run = &all->runs[i];
        if (i == 0 || run->address > fettle_region_end(region)) {
            data += i == 0 ? 0 : region->data.size;
            region += i != 0;
            *region = (fettle_region){
                .has_address = true, .address = run->address, .data = {data, 0}};
        }
        if (!add_run(image, all, run, region, data, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the format ---- */

/*
 * A colon and the digits of the shortest record: whatever is wrong behind them, this is no raw firmware, and its letters
 * must not be sent to a board.
 */
static bool is_hex(const char *name, fettle_span file)
{
    size_t at = mark_size(file);

    if (fettle_image_is_named(name, ".hex") || fettle_image_is_named(name, ".ihex") ||
        fettle_image_is_named(name, ".ihx")) {
        return true;
    }
    while (at < file.size && (is_blank(file.data[at]) || is_line_end(file.data[at]))) {
        at++;
    }
    return at < file.size && file.data[at] == ':' &&
           count_digits(file.data + at + 1, file.size - at - 1) >= (size_t)2 * FEWEST_BYTES;
}

static bool read_hex(fettle_image *image, unsigned flags, fettle_error *err)
{
    content all = {0};

    (void)flags; /* a record that is damaged may be for any address */
    if (!count_content(image, &all, err)) {
        return false;
    }
    bool is_good = take_content(image, &all, err);
    if (is_good) {
        fettle_sort(all.runs, all.run_count, sizeof(hex_run), is_run_before);
        is_good = make_regions(image, &all, err);
    }
    fettle_free(all.runs);
    fettle_free(all.bytes);
    image->format = FETTLE_IMAGE_HEX;
    if (is_good && image->region_count == 1) {
        image->only_region = image->regions[0];
        image->regions = &image->only_region;
    }
    return is_good;
}

const fettle_format fettle_format_hex = {
    .format = FETTLE_IMAGE_HEX,
    .name = "hex",
    .is_this = is_hex,
    .read = read_hex,
};
