/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ESP images, from the first byte to the last: header, segments, descriptors, checksum, SHA-256. Each step takes what is left
 * of the span, so that nothing that a file says is believed before it was measured.
 *
 * The two forms with E9 differ in 16 bytes that only one of them has, and nothing says which it is. What would be the address
 * of the first segment of an ESP8266 is pins and drive strengths in the other form, and never looks like an address.
 */
#include "image/esp_image.h"

#include "base/bytes.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

enum {
    MAGIC = 0xE9,
    MAGIC_V2 = 0xEA,
    V2_SEGMENTS = 4, /* in the first header of the v2 form, where others have a count */

    HEADER_SIZE = 8,
    EXTENDED_SIZE = 24, /* with the first eight */
    SEGMENT_HEADER_SIZE = 8,
    DESCRIPTOR_AT = EXTENDED_SIZE + SEGMENT_HEADER_SIZE, /* in the first segment */
    CHECKSUM_SEED = 0xEF,
    CHECKSUM_ALIGNMENT = 16,      /* the checksum is the last byte of so many */
    CRC_SIZE = 4,                 /* behind the v2 form */
    SEGMENT_SIZE_MAX = 0x1000000, /* what a ROM takes */

    /* Offsets of the extended header. */
    CHIP_ID_AT = 12,
    MIN_REV_AT = 14,
    MIN_REV_FULL_AT = 15,
    MAX_REV_FULL_AT = 17,
    RESERVED_AT = 19,
    HASH_APPENDED_AT = 23,

    /* Its old field counts minor revisions, those of all others major ones. */
    CHIP_ESP32_C3 = 5,
    MODES = 4,
};

static const uint8_t app_magic[] = {0x32, 0x54, 0xCD, 0xAB};
enum { BOOTLOADER_MAGIC = 0x50, BOOTLOADER_DESCRIPTOR_SIZE = 80 };

/* ---- names ---- */

typedef struct chip_name {
    uint16_t id;
    const char *name;
} chip_name;

static const chip_name chip_names[] = {
    {0, "ESP32"},      {2, "ESP32-S2"},   {5, "ESP32-C3"},   {9, "ESP32-S3"},
    {12, "ESP32-C2"},  {13, "ESP32-C6"},  {16, "ESP32-H2"},  {18, "ESP32-P4"},
    {20, "ESP32-C61"}, {23, "ESP32-C5"},  {25, "ESP32-H21"}, {28, "ESP32-H4"},
    {31, "ESP32-E22"}, {32, "ESP32-S31"},
};

enum {
    CHIP_ID_MAX = 0xFF
}; /* far above all that there are: what is larger is no chip_id */

const char *fettle_esp_chip_name(uint16_t chip_id)
{
    for (size_t i = 0; i < sizeof chip_names / sizeof chip_names[0]; i++) {
        if (chip_names[i].id == chip_id) {
            return chip_names[i].name;
        }
    }
    return NULL;
}

bool fettle_esp_image_is_signed(const fettle_esp_image *image, fettle_span span)
{
    enum { BLOCK_MAGIC = 0xE7, SIGNATURE_1 = 64 };

    /* Version 2: a sector of blocks. Version 1: its number, which is 0, and the signature. */
    size_t sector =
        (image->size + FETTLE_FLASH_SECTOR - 1) / FETTLE_FLASH_SECTOR * FETTLE_FLASH_SECTOR;
    if (sector < span.size && span.data[sector] == BLOCK_MAGIC) {
        return true;
    }
    if (image->size + 4 + SIGNATURE_1 > span.size ||
        fettle_get32(span.data + image->size) != 0) {
        return false;
    }
    const uint8_t *signature = span.data + image->size + 4;
    return memcmp(signature, signature + 1, SIGNATURE_1 - 1) != 0;
}

bool fettle_esp_image_is_esp8266(const fettle_esp_image *image)
{
    return image->form != FETTLE_ESP_FORM_ESP32;
}

void fettle_esp_image_describe_chip(const fettle_esp_image *image, char *buf, size_t size)
{
    const char *name = fettle_esp_image_is_esp8266(image)
                           ? "ESP8266"
                           : fettle_esp_chip_name(image->chip_id);

    buf[0] = '\0';
    fettle_text_append(buf, size, name != NULL ? name : "a chip with id ");
    if (name == NULL) {
        fettle_text_append_number(buf, size, image->chip_id);
    }
}

static char lower(char character)
{
    return (char)(character >= 'A' && character <= 'Z' ? character - 'A' + 'a' : character);
}

bool fettle_esp_chip_word(char word[FETTLE_ESP_CHIP_NAME_SIZE], const char *name)
{
    size_t size = 0;

    for (; *name != '\0'; name++) {
        char letter = lower(*name);
        if ((letter < 'a' || letter > 'z') && (letter < '0' || letter > '9')) {
            continue;
        }
        if (size + 1 == FETTLE_ESP_CHIP_NAME_SIZE) {
            return false;
        }
        word[size++] = letter;
    }
    word[size] = '\0';
    return size > 0;
}

const char *fettle_esp_content_name(fettle_esp_content content)
{
    static const char *const names[] = {
        [FETTLE_ESP_UNKNOWN] = "unknown",
        [FETTLE_ESP_BLANK] = "blank",
        [FETTLE_ESP_APPLICATION] = "application",
        [FETTLE_ESP_BOOTLOADER] = "bootloader",
        [FETTLE_ESP_IMAGE] = "image",
        [FETTLE_ESP_TABLE] = "table",
        [FETTLE_ESP_OTADATA] = "otadata",
        [FETTLE_ESP_NVS] = "nvs",
        [FETTLE_ESP_LITTLEFS] = "littlefs",
        [FETTLE_ESP_SPIFFS] = "spiffs",
        [FETTLE_ESP_FAT] = "fat",
        [FETTLE_ESP_MERGED] = "merged",
    };

    return names[content];
}

/* ---- codes of the header ---- */

static const char *const mode_names[MODES] = {
    [FETTLE_ESP_QIO] = "qio",
    [FETTLE_ESP_QOUT] = "qout",
    [FETTLE_ESP_DIO] = "dio",
    [FETTLE_ESP_DOUT] = "dout",
};

const char *fettle_esp_mode_name(unsigned code)
{
    return code < MODES ? mode_names[code] : NULL;
}

bool fettle_esp_mode_find(const char *name, uint8_t *code)
{
    for (unsigned i = 0; i < MODES; i++) {
        if (fettle_text_is_same_word(name, mode_names[i])) {
            *code = (uint8_t)i;
            return true;
        }
    }
    return false;
}

enum { KIB = 1024, MIB = 1024 * 1024, SIZE_CODES_ESP8266 = 10, SIZE_CODES = 8 };

uint32_t fettle_esp_flash_size(fettle_esp_form form, unsigned code)
{
    /* 5 and 6 are 2 and 4 MiB that are mapped in another way. */
    static const uint32_t esp8266[SIZE_CODES_ESP8266] = {
        512 * KIB, 256 * KIB, MIB, 2 * MIB, 4 * MIB, 2 * MIB, 4 * MIB, 0, 8 * MIB, 16 * MIB,
    };

    if (form == FETTLE_ESP_FORM_ESP32) {
        return code < SIZE_CODES ? (uint32_t)MIB << code : 0;
    }
    return code < SIZE_CODES_ESP8266 ? esp8266[code] : 0;
}

bool fettle_esp_flash_size_find(fettle_esp_form form, uint32_t size, uint8_t *code)
{
    for (uint8_t i = 0; size > 0 && i < SIZE_CODES_ESP8266; i++) {
        if (fettle_esp_flash_size(form, i) == size) {
            *code = i;
            return true;
        }
    }
    return false;
}

/* MHz by code: 0 to 2, then F. 0: there is no such frequency, or the code isn't safe to write or to believe. */
typedef struct frequencies {
    uint16_t chip_id;
    uint8_t mhz[4];
} frequencies;

enum { FREQUENCY_CODES = 4, FREQUENCY_CODE_LAST = 0xF };

static const uint8_t usual_frequencies[FREQUENCY_CODES] = {40, 26, 20, 80};
static const frequencies other_frequencies[] = {
    {12, {30, 20, 15, 60}}, /* C2 */
    {13, {0, 0, 20, 0}},    /* C6: code 0 is both 80 and 40 */
    {16, {24, 16, 12, 48}}, /* H2 */
    {25, {24, 16, 12, 48}}, /* H21 */
    {28, {24, 16, 12, 48}}, /* H4 */
    {20, {40, 0, 20, 80}},  /* C61 */
    {23, {40, 0, 20, 80}},  /* C5 */
    {32, {40, 0, 20, 80}},  /* S31 */
};

static const uint8_t *frequencies_of(fettle_esp_form form, uint16_t chip_id)
{
    for (size_t i = 0; i < sizeof other_frequencies / sizeof other_frequencies[0]; i++) {
        if (form == FETTLE_ESP_FORM_ESP32 && other_frequencies[i].chip_id == chip_id) {
            return other_frequencies[i].mhz;
        }
    }
    return usual_frequencies;
}

unsigned fettle_esp_frequency(fettle_esp_form form, uint16_t chip_id, unsigned code)
{
    unsigned i = code == FREQUENCY_CODE_LAST ? FREQUENCY_CODES - 1 : code;
    bool is_code = code < FREQUENCY_CODES - 1 || code == FREQUENCY_CODE_LAST;

    return is_code ? frequencies_of(form, chip_id)[i] : 0;
}

bool fettle_esp_frequency_find(fettle_esp_form form, uint16_t chip_id, unsigned mhz,
                               uint8_t *code)
{
    for (uint8_t i = 0; mhz > 0 && i < FREQUENCY_CODES; i++) {
        uint8_t one = i == FREQUENCY_CODES - 1 ? FREQUENCY_CODE_LAST : i;
        if (fettle_esp_frequency(form, chip_id, one) == mhz) {
            *code = one;
            return true;
        }
    }
    return false;
}

/* ---- headers ---- */

static bool is_in(uint32_t address, uint32_t first, uint32_t end)
{
    return address >= first && address < end;
}

/* Where an ESP8266 has data RAM, instruction RAM, and mapped flash. */
static bool is_esp8266_address(uint32_t address)
{
    return is_in(address, 0x3FFE8000, 0x40000000) ||
           is_in(address, 0x40100000, 0x40110000) || is_in(address, 0x40200000, 0x40300000);
}

bool fettle_esp_segment_is_mapped(const fettle_esp_segment *segment)
{
    return is_in(segment->address, 0x3C000000, 0x3F800000) || /* data, all but the newest */
           is_in(segment->address, 0x42000000,
                 0x44000000); /* code, and data of the C6 and H2 */
}

static uint8_t byte_of(fettle_span span, size_t at)
{
    return at < span.size ? span.data[at] : 0;
}

/* The rest of a short head is taken for whatever fits. */
static bool has_extended_header(fettle_span head)
{
    if (byte_of(head, HASH_APPENDED_AT) > 1) {
        return false;
    }
    for (size_t i = RESERVED_AT; i < HASH_APPENDED_AT; i++) {
        if (byte_of(head, i) != 0) {
            return false;
        }
    }
    return head.size < CHIP_ID_AT + 2 ||
           fettle_get16(head.data + CHIP_ID_AT) <= CHIP_ID_MAX;
}

static bool find_form(fettle_esp_image *image, fettle_span head)
{
    if (head.size < HEADER_SIZE + SEGMENT_HEADER_SIZE) {
        return false;
    }
    if (head.data[0] == MAGIC_V2 && head.data[1] == V2_SEGMENTS) {
        image->form = FETTLE_ESP_FORM_ESP8266_V2;
        return fettle_get32(head.data + HEADER_SIZE) ==
               0; /* the segment that stays in flash */
    }
    if (head.data[0] != MAGIC || head.data[1] == 0 ||
        head.data[1] > FETTLE_ESP_SEGMENTS_MAX) {
        return false;
    }
    bool is_esp8266 = is_esp8266_address(fettle_get32(head.data + HEADER_SIZE));
    image->form = is_esp8266 ? FETTLE_ESP_FORM_ESP8266 : FETTLE_ESP_FORM_ESP32;
    return is_esp8266 || has_extended_header(head);
}

/* Which of the two fields for the lowest revision counts. */
static void read_revisions(fettle_esp_image *image, const uint8_t *header)
{
    uint16_t min_rev = header[MIN_REV_AT];
    uint16_t min_full = fettle_get16(header + MIN_REV_FULL_AT);
    uint16_t max_full = fettle_get16(header + MAX_REV_FULL_AT);
    bool is_old = max_full == 0 ||
                  (max_full == FETTLE_ESP_REVISION_ANY && min_full == 0 && min_rev != 0);

    if (!is_old) {
        image->min_revision = min_full;
        image->max_revision = max_full;
        return;
    }
    image->min_revision =
        (uint16_t)(image->chip_id == CHIP_ESP32_C3 ? min_rev : min_rev * 100);
    image->max_revision = FETTLE_ESP_REVISION_ANY;
}

static void read_header(fettle_esp_image *image, fettle_span head)
{
    image->mode_code = head.data[2];
    image->size_code = head.data[3] >> 4;
    image->frequency_code = head.data[3] & 0xF;
    image->entry = fettle_get32(head.data + 4);
    image->max_revision = FETTLE_ESP_REVISION_ANY;
    if (image->form == FETTLE_ESP_FORM_ESP32 && head.size >= EXTENDED_SIZE) {
        image->chip_id = fettle_get16(head.data + CHIP_ID_AT);
        image->has_hash = head.data[HASH_APPENDED_AT] == 1;
        read_revisions(image, head.data);
    }
}

/* ---- descriptors ---- */

static void copy_text(char out[FETTLE_ESP_DESC_SIZE], const uint8_t *from, size_t size)
{
    size_t length = 0;

    while (length < size && from[length] != '\0') {
        length++;
    }
    assert(length < FETTLE_ESP_DESC_SIZE);
    memcpy(out, from, length);
    out[length] = '\0';
}

/* esp_app_desc_t: offsets are those from the beginning of the image. */
static void read_app(fettle_esp_image *image, const uint8_t *bytes)
{
    image->has_app = true;
    image->secure_version = fettle_get32(bytes + 0x24);
    copy_text(image->version, bytes + 0x30, 32);
    copy_text(image->project, bytes + 0x50, 32);
    copy_text(image->time, bytes + 0x70, 16);
    copy_text(image->date, bytes + 0x80, 16);
    copy_text(image->idf, bytes + 0x90, 32);
}

/* esp_bootloader_desc_t */
static void read_bootloader(fettle_esp_image *image, const uint8_t *bytes)
{
    image->has_bootloader = true;
    image->loader_version = fettle_get32(bytes + 0x24);
    copy_text(image->idf, bytes + 0x28, 32);
    copy_text(image->date, bytes + 0x48, 24);
}

static void read_descriptors(fettle_esp_image *image, fettle_span head)
{
    if (image->form != FETTLE_ESP_FORM_ESP32) {
        return;
    }
    if (head.size >= FETTLE_ESP_HEAD_SIZE &&
        memcmp(head.data + DESCRIPTOR_AT, app_magic, sizeof app_magic) == 0) {
        read_app(image, head.data);
    } else if (head.size >= DESCRIPTOR_AT + BOOTLOADER_DESCRIPTOR_SIZE &&
               fettle_get32(head.data + DESCRIPTOR_AT) == BOOTLOADER_MAGIC) {
        read_bootloader(image, head.data);
    }
}

/* ---- segments ---- */

static bool is_any_mapped(const fettle_esp_image *image)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        if (fettle_esp_segment_is_mapped(&image->segments[i])) {
            return true;
        }
    }
    return false;
}

/*
 * Old images have no descriptor. A second-stage loader runs from RAM alone, an application doesn't; of an ESP8266 the image is
 * what its ROM starts, whatever it is, and called an application. `knows_all`: no segment was left out.
 */
static fettle_esp_content tell_content(const fettle_esp_image *image, bool knows_all)
{
    if (image->has_app || image->form != FETTLE_ESP_FORM_ESP32) {
        return FETTLE_ESP_APPLICATION;
    }
    if (image->has_bootloader) {
        return FETTLE_ESP_BOOTLOADER;
    }
    if (is_any_mapped(image)) {
        return FETTLE_ESP_APPLICATION;
    }
    return knows_all ? FETTLE_ESP_BOOTLOADER : FETTLE_ESP_IMAGE;
}

/* A walk over the segments of an image. */
typedef struct walk {
    fettle_esp_image *image;
    fettle_span span;
    size_t at;
    uint8_t checksum;
    fettle_error *err; /* NULL: a peek, which fails in silence */
} walk;

static bool is_incomplete(walk *self, uint64_t wanted, bool is_all)
{
    if (self->err != NULL) {
        fettle_error_set(self->err, FETTLE_E_FILE_INCOMPLETE,
                         &(fettle_words){.size = self->span.size,
                                         .limit = wanted,
                                         .text = is_all ? "" : "at least "});
    }
    return false;
}

static bool is_bad(walk *self, const char *format, const fettle_words *words)
{
    char text[160];

    if (self->err != NULL) {
        fettle_words_render(text, sizeof text, format, words);
        fettle_error_set(self->err, FETTLE_E_FILE_BAD_ESP, &(fettle_words){.text = text});
    }
    return false;
}

/* Bytes of an image whose last segment ends at `at`. */
static uint64_t whole_size(const fettle_esp_image *image, uint64_t at)
{
    uint64_t padding = CHECKSUM_ALIGNMENT - 1 - at % CHECKSUM_ALIGNMENT;

    return at + padding + 1 + (image->has_hash ? FETTLE_SHA256_SIZE : 0);
}

static void add_to_checksum(walk *self, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        self->checksum ^= bytes[i];
    }
}

/* The header of a segment: where its data begins, and whether all of it is here. */
static bool enter_segment(walk *self, fettle_esp_segment *segment, bool is_last)
{
    uint64_t least = (uint64_t)self->at + SEGMENT_HEADER_SIZE;

    if (self->span.size < least) {
        return is_incomplete(self, least, false);
    }
    segment->address = fettle_get32(self->span.data + self->at);
    segment->size = fettle_get32(self->span.data + self->at + 4);
    segment->offset = (uint32_t)least;
    if (segment->size > SEGMENT_SIZE_MAX) {
        return is_bad(self, "a segment for {address} has {size} bytes",
                      &(fettle_words){.address = segment->address, .size = segment->size});
    }
    self->at = (size_t)least;
    uint64_t end = least + segment->size;
    return self->span.size >= end ||
           is_incomplete(self, is_last ? whole_size(self->image, end) : end, is_last);
}

static bool walk_segments(walk *self, size_t count)
{
    fettle_esp_image *image = self->image;

    for (size_t i = 0; i < count; i++) {
        fettle_esp_segment *segment = &image->segments[image->segment_count];
        bool is_here = enter_segment(self, segment, i + 1 == count);
        image->segment_count += self->at == segment->offset && segment->offset > 0;
        if (!is_here) {
            return false;
        }
        add_to_checksum(self, self->span.data + self->at, segment->size);
        self->at += segment->size;
    }
    return true;
}

/* The header of the v2 form and its first segment, which no checksum covers. Then the other header. */
static bool walk_v2(walk *self, size_t *count)
{
    fettle_esp_segment *first = &self->image->segments[0];

    self->at = HEADER_SIZE;
    if (!enter_segment(self, first, false)) {
        return false;
    }
    self->image->segment_count = 1;
    self->at += first->size;
    if (self->span.size < (uint64_t)self->at + HEADER_SIZE) {
        return is_incomplete(self, (uint64_t)self->at + HEADER_SIZE, false);
    }
    const uint8_t *header = self->span.data + self->at;
    *count = header[1];
    if (header[0] != MAGIC || *count == 0 || *count >= FETTLE_ESP_SEGMENTS_MAX) {
        return is_bad(self, "behind its first segment, at {address}, is no second header",
                      &(fettle_words){.address = (uint32_t)self->at});
    }
    self->image->entry = fettle_get32(header + 4);
    self->at += HEADER_SIZE;
    return true;
}

static bool walk_image(walk *self)
{
    size_t count = self->span.data[1];

    self->checksum = CHECKSUM_SEED;
    if (self->image->form == FETTLE_ESP_FORM_ESP8266_V2) {
        if (!walk_v2(self, &count)) {
            return false;
        }
    } else {
        bool is_short = self->image->form == FETTLE_ESP_FORM_ESP8266;
        self->at = is_short ? HEADER_SIZE : EXTENDED_SIZE;
    }
    return walk_segments(self, count);
}

/* ---- the end ---- */

static void append_bytes(char *buf, size_t size, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fettle_text_append_hex(buf, size, bytes[i], 2);
    }
}

static void hash(fettle_span span, uint8_t digest[FETTLE_SHA256_SIZE])
{
    fettle_sha256 sha256;

    fettle_sha256_init(&sha256);
    fettle_sha256_feed(&sha256, span);
    fettle_sha256_finish(&sha256, digest);
}

/* Says how the two differ; a few digits are enough to see that. */
static void tell_damage(walk *self, const char *kind, const uint8_t *stored,
                        const uint8_t *made, size_t count)
{
    enum { SHOWN = 8 };
    char texts[2][64] = {"", ""};

    for (size_t i = 0; i < 2; i++) {
        fettle_text_append(texts[i], sizeof texts[i], i == 0 ? kind : "");
        append_bytes(texts[i], sizeof texts[i], i == 0 ? stored : made,
                     count < SHOWN ? count : SHOWN);
        fettle_text_append(texts[i], sizeof texts[i], count > SHOWN ? "..." : "");
    }
    fettle_error_set(self->err, FETTLE_E_FILE_DAMAGED,
                     &(fettle_words){.text = texts[0], .text2 = texts[1]});
}

/* Checksum, SHA-256, CRC: what is behind the last segment. The SHA-256 speaks first, since it covers more. */
static bool read_end(walk *self, bool accepts_damaged)
{
    fettle_esp_image *image = self->image;
    uint8_t digest[FETTLE_SHA256_SIZE];

    image->size = (size_t)whole_size(image, self->at);
    if (self->span.size < image->size) {
        return is_incomplete(self, image->size, true);
    }
    size_t covered = image->size - (image->has_hash ? FETTLE_SHA256_SIZE : 0);
    const uint8_t *stored = self->span.data + covered; /* SHA-256 */
    hash((fettle_span){self->span.data, covered}, digest);
    bool is_hash_right =
        !image->has_hash || memcmp(stored, digest, FETTLE_SHA256_SIZE) == 0;
    image->is_intact = is_hash_right && stored[-1] == self->checksum;
    if (image->form == FETTLE_ESP_FORM_ESP8266_V2 &&
        self->span.size >= image->size + CRC_SIZE) {
        image->size += CRC_SIZE;
    }
    if (image->is_intact || accepts_damaged) {
        return true;
    }
    if (is_hash_right) {
        tell_damage(self, "", &stored[-1], &self->checksum, 1);
    } else {
        tell_damage(self, "SHA-256 ", stored, digest, FETTLE_SHA256_SIZE);
    }
    return false;
}

bool fettle_esp_image_peek(fettle_esp_image *image, fettle_span head)
{
    *image = (fettle_esp_image){.form = FETTLE_ESP_FORM_ESP32};
    if (!find_form(image, head)) {
        return false;
    }
    read_header(image, head);
    read_descriptors(image, head);
    walk self = {.image = image, .span = head};
    image->content = tell_content(image, walk_image(&self));
    return true;
}

bool fettle_esp_image_read(fettle_esp_image *image, fettle_span span, bool accepts_damaged,
                           fettle_error *err)
{
    walk self = {.image = image, .span = span, .err = err};

    *image = (fettle_esp_image){.form = FETTLE_ESP_FORM_ESP32};
    if (!find_form(image, span)) {
        return is_bad(&self, "it does not begin with a header", NULL);
    }
    read_header(image, span);
    read_descriptors(image, span);
    if (image->form == FETTLE_ESP_FORM_ESP32 && span.size < EXTENDED_SIZE) {
        return is_incomplete(&self, EXTENDED_SIZE, false);
    }
    if (!walk_image(&self)) {
        return false;
    }
    image->content = tell_content(image, true);
    return read_end(&self, accepts_damaged);
}

/* ---- another header ---- */

bool fettle_esp_image_patch(const fettle_esp_image *image, uint8_t *bytes,
                            const fettle_esp_patch *patch)
{
    if (!image->is_intact || image->form == FETTLE_ESP_FORM_ESP8266_V2) {
        return false;
    }
    assert(patch->size_code <= 0xF && patch->frequency_code <= 0xF);
    uint8_t size_code = patch->has_size ? patch->size_code : bytes[3] >> 4;
    uint8_t frequency = patch->has_frequency ? patch->frequency_code : bytes[3] & 0xF;
    bytes[2] = patch->has_mode ? patch->mode_code : bytes[2];
    bytes[3] = (uint8_t)(size_code << 4 | frequency);
    if (image->has_hash) {
        size_t covered = image->size - FETTLE_SHA256_SIZE;
        hash((fettle_span){bytes, covered}, bytes + covered);
    }
    return true;
}
