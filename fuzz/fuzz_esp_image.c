/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an image for an ESP chip, and as what lies in flash. The first byte picks what is made right of the rest: nothing, or
 * its checksum and SHA-256, which would otherwise keep out nearly everything. Whatever it is: segments lie in the image, the image
 * in the bytes, a peek never contradicts a read, and a header that is changed is sound afterwards.
 */
#include "fuzz/image_checks.h"

#include "image/esp_content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IS_MENDED = 1 << 0, ACCEPTS_DAMAGED = 1 << 1, HEADER = 8, EXTENDED = 24, HASH = 32 };

static void check_text(const char text[FETTLE_ESP_DESC_SIZE])
{
    must(memchr(text, '\0', FETTLE_ESP_DESC_SIZE) != NULL);
}

static void check_facts(const fettle_esp_image *image)
{
    check_text(image->version);
    check_text(image->project);
    check_text(image->date);
    check_text(image->time);
    check_text(image->idf);
    must(image->segment_count <= FETTLE_ESP_SEGMENTS_MAX);
    must(image->content == FETTLE_ESP_APPLICATION ||
         image->content == FETTLE_ESP_BOOTLOADER || image->content == FETTLE_ESP_IMAGE);
    must(!image->has_app || image->content == FETTLE_ESP_APPLICATION);
    char chip[64];
    fettle_esp_image_describe_chip(image, chip, sizeof chip);
    must(chip[0] != '\0');
}

static void check_segments(const fettle_esp_image *image, size_t size)
{
    size_t at = HEADER;
    must(image->segment_count > 0);
    for (size_t i = 0; i < image->segment_count; i++) {
        const fettle_esp_segment *segment = &image->segments[i];
        must(segment->offset >= at + 8);
        at = (size_t)segment->offset + segment->size;
        must(at <= size);
    }
    must(image->size > at && image->size <= size);
    must((image->size - (image->has_hash ? HASH : 0)) % 4 == 0);
}

static void check_patch(const fettle_esp_image *image, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size);
    fettle_error err;
    fettle_esp_image again;
    const fettle_esp_patch patch = {
        .has_mode = true, .mode_code = 1, .has_size = true, .size_code = 3};
    must(copy != NULL);
    memcpy(copy, data, size);
    bool is_patched = fettle_esp_image_patch(image, copy, &patch);
    must(is_patched == (image->is_intact && image->form != FETTLE_ESP_FORM_ESP8266_V2));
    if (is_patched) {
        must(fettle_esp_image_read(&again, (fettle_span){copy, size}, false, &err));
        must(again.mode_code == 1 && again.size_code == 3);
        must(again.frequency_code == image->frequency_code && again.size == image->size);
        must(memcmp(copy + image->size, data + image->size, size - image->size) == 0);
    } else {
        must(memcmp(copy, data, size) == 0);
    }
    free(copy);
}

/* The end as it should be, if there is one: by hand, not by what is under test. */
static void mend(uint8_t *bytes, size_t size)
{
    size_t at = size > 12 && bytes[8] >= 0x10 && bytes[11] >= 0x3F ? HEADER : EXTENDED;
    bool has_hash = at == EXTENDED && size > EXTENDED && bytes[23] == 1;
    uint8_t sum = 0xEF;
    for (unsigned i = 0; size > 1 && i < bytes[1]; i++) {
        if (size < at + 8) {
            return;
        }
        size_t length = (size_t)bytes[at + 4] | (size_t)bytes[at + 5] << 8 |
                        (size_t)bytes[at + 6] << 16 | (size_t)bytes[at + 7] << 24;
        at += 8;
        if (length > size - at) {
            return;
        }
        for (size_t k = 0; k < length; k++) {
            sum ^= bytes[at + k];
        }
        at += length;
    }
    at = (at | 15) + 1;
    if (at + (has_hash ? HASH : 0) > size) {
        return;
    }
    bytes[at - 1] = sum;
    if (has_hash) {
        fettle_sha256 sha256;
        fettle_sha256_init(&sha256);
        fettle_sha256_feed(&sha256, (fettle_span){bytes, at});
        fettle_sha256_finish(&sha256, bytes + at);
    }
}

static void check_read(const uint8_t *bytes, size_t size, bool accepts_damaged)
{
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_esp_image image, head;
    fettle_span span = {bytes, size};
    bool is_head = fettle_esp_image_peek(&head, span);
    if (!fettle_esp_image_read(&image, span, accepts_damaged, &err)) {
        check_sentence(&err);
        must(err.code == FETTLE_E_FILE_INCOMPLETE || err.code == FETTLE_E_FILE_BAD_ESP ||
             (err.code == FETTLE_E_FILE_DAMAGED && !accepts_damaged));
    } else {
        must(is_head && image.form == head.form && image.content == head.content);
        must(image.chip_id == head.chip_id && image.entry == head.entry);
        must(image.is_intact || accepts_damaged);
        check_facts(&image);
        check_segments(&image, size);
        check_patch(&image, bytes, size);
    }
    if (is_head) {
        check_facts(&head);
    }
    fettle_esp_content content = fettle_esp_content_of(span, &head);
    must(fettle_esp_content_name(content)[0] != '\0');
    must((content == FETTLE_ESP_BLANK) == fettle_esp_is_blank(span));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    uint8_t *bytes = malloc(size); /* exactly as many: one too far is seen */
    must(bytes != NULL);
    memcpy(bytes, data + 1, size - 1);
    if ((data[0] & IS_MENDED) != 0) {
        mend(bytes, size - 1);
    }
    uint8_t *exact = malloc(size > 1 ? size - 1 : 1);
    must(exact != NULL);
    memcpy(exact, bytes, size - 1);
    check_read(exact, size - 1, (data[0] & ACCEPTS_DAMAGED) != 0);
    free(exact);
    free(bytes);
    return 0;
}
