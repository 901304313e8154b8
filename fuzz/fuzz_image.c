/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a firmware file (for ESP chips as well). The first byte of the input picks the file's name and the
 * flags, the rest is the file, or what is made into records of Intel HEX, whose checksums would
 * otherwise keep out nearly everything. Whatever it is, one of two things holds: there is an error
 * that a person can read, or there is an image with sound regions, none of them in the
 * suffix. What names addresses is written as a DfuSe file and read again, and is the same.
 */
#include "fuzz/image_checks.h"

#include "base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    IS_NAMED_DFU = 1 << 0,
    ACCEPTS_DAMAGED = 1 << 1,
    IS_NAMED_HEX = 1 << 2,
    IS_RECORDS = 1 << 3, /* for each: length, type, offset (2), data */

    RECORD_HEADER = 4,
    LONGEST_RECORD = 32,
    LINE_SIZE = 2 * (RECORD_HEADER + LONGEST_RECORD) + 4,
};

static void check_refusal(const fettle_error *err)
{
    check_sentence(err);
    must(err->code == FETTLE_E_FILE_EMPTY || err->code == FETTLE_E_FILE_CUT ||
         err->code == FETTLE_E_FILE_DAMAGED || err->code == FETTLE_E_FILE_BAD_SUFFIX ||
         err->code == FETTLE_E_FILE_BAD_DFUSE || err->code == FETTLE_E_FILE_BAD_HEX ||
         err->code == FETTLE_E_FILE_TOO_SCATTERED ||
         err->code == FETTLE_E_FILE_INCOMPLETE || err->code == FETTLE_E_FILE_BAD_ESP ||
         err->code == FETTLE_E_FILE_BAD_TABLE || err->code == FETTLE_E_FILE_OTHER_FORMAT ||
         err->code == FETTLE_E_FILE_IS_ESP_ELF);
}

static void check_suffix(const fettle_image *image, unsigned flags)
{
    const fettle_suffix *suffix = &image->suffix;

    must(image->format == FETTLE_IMAGE_DFU || image->format == FETTLE_IMAGE_DFUSE);
    must(suffix->bLength >= FETTLE_SUFFIX_SIZE && suffix->bLength < image->file.size);
    must(suffix->is_intact == (suffix->dwCRC == suffix->computed));
    must(suffix->is_intact || (flags & FETTLE_IMAGE_ACCEPT_DAMAGED) != 0);
    must(!suffix->is_intact || !suffix->leaves_suffix_out);
    must(memcmp(image->file.data + image->file.size - 8, "UFD", 3) == 0);
}

/* One region, which is the beginning of the file: raw, and plain DFU. */
static void check_plain(const fettle_image *image)
{
    fettle_span content = image->regions[0].data;
    size_t suffix = image->has_suffix ? image->suffix.bLength : 0;

    must(image->region_count == 1 && !image->regions[0].has_address);
    must(content.data == image->file.data);
    must(content.size + suffix == image->file.size);
    must(image->has_suffix == (image->format == FETTLE_IMAGE_DFU));
    must(image->prefix_size < content.size);
    must((image->prefix == FETTLE_PREFIX_NONE) == (image->prefix_size == 0));
}

/* Where every region lies in the file, and how much of it is no content. */
static void check_dfuse(const fettle_image *image, size_t content)
{
    const uint8_t *first = image->file.data;
    const uint8_t *end = first + image->file.size - image->suffix.bLength;
    size_t elements = 0;

    for (size_t i = 0; i < image->region_count; i++) {
        const fettle_region *region = &image->regions[i];
        must(region->has_alternate && region->has_address);
        must(region->data.data > first && region->data.data + region->data.size <= end);
    }
    for (size_t i = 0; i < image->target_count; i++) {
        elements += image->targets[i].element_count;
    }
    must(image->region_count <= elements && elements <= FETTLE_DFUSE_ELEMENTS_MAX);
    must(image->dfuse_size != FETTLE_DFUSE_SIZE_NONE);
    must(11 + 274 * image->target_count + 8 * elements + content + image->suffix.bLength ==
         image->file.size);
}

static void check_hex(const fettle_image *image, size_t content)
{
    must(content * 2 < image->file.size);
    for (size_t i = 0; i < image->region_count; i++) {
        const fettle_region *region = &image->regions[i];
        must(region->has_address && !region->has_alternate);
        must(i == 0 || end_of_region(region - 1) < region->address); /* they don't touch */
    }
}

/* Every piece lies in a region; those of a merged file are in order and apart. */
static void check_esp(const fettle_image *image)
{
    must(image->piece_count >= 1 && !image->has_suffix);
    for (size_t i = 0; i < image->piece_count; i++) {
        const fettle_image_piece *piece = &image->pieces[i];
        must(piece->size > 0 && piece->content <= FETTLE_ESP_MERGED);
        must(piece->name == image->name);
        must(piece->has_address == image->regions[0].has_address);
        must(memchr(piece->label, '\0', sizeof piece->label) != NULL);
        bool is_in_one = false;
        for (size_t k = 0; k < image->region_count; k++) {
            const fettle_region *region = &image->regions[k];
            is_in_one = is_in_one ||
                        (piece->address >= region->address &&
                         piece->address + (uint64_t)piece->size <= end_of_region(region));
        }
        must(is_in_one);
        must(i == 0 || piece[-1].address + (uint64_t)piece[-1].size <= piece->address);
    }
}

static void check_same_regions(const fettle_image *a, const fettle_image *b)
{
    must(a->region_count == b->region_count);
    for (size_t i = 0; i < a->region_count; i++) {
        const fettle_region *one = &a->regions[i], *other = &b->regions[i];
        must(one->address == other->address && one->data.size == other->data.size);
        must((one->has_alternate ? one->alternate : 0) == other->alternate);
        must(memcmp(one->data.data, other->data.data, one->data.size) == 0);
    }
}

static void check_written(const fettle_image *image)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    fettle_error err = {.code = FETTLE_E_NONE};

    if (!fettle_image_write_dfuse(image, &image->suffix, &bytes, &size, &err)) {
        must(err.code == FETTLE_E_FILE_TOO_SCATTERED);
        return;
    }
    fettle_image *again =
        fettle_image_new("again.dfu", (fettle_span){bytes, size}, 0, &err);
    must(again != NULL && again->dfuse_size == FETTLE_DFUSE_SIZE_RIGHT);
    check_same_regions(image, again);
    fettle_free(bytes);
    fettle_image_free(again);
}

static void check_image(const fettle_image *image, fettle_span file, unsigned flags)
{
    must(image->file.size == file.size);
    must(image->file.data != file.data);
    must(memcmp(image->file.data, file.data, file.size) == 0);
    size_t content = check_regions(image);
    check_targets(image);
    if (image->has_suffix) {
        check_suffix(image, flags);
    }
    switch (image->format) {
    case FETTLE_IMAGE_DFUSE:
        check_dfuse(image, content);
        break;
    case FETTLE_IMAGE_HEX:
        check_hex(image, content);
        break;
    case FETTLE_IMAGE_ESP:
        check_esp(image);
        break;
    default:
        check_plain(image);
        return;
    }
    must(image->prefix == FETTLE_PREFIX_NONE);
    if (image->regions[0].has_address) {
        check_written(image);
    }
}

/* ---- records ---- */

static char *put_byte(char *at, uint8_t byte, uint8_t *sum)
{
    static const char digits[] = "0123456789abcdef";
    *sum = (uint8_t)(*sum + byte);
    *at++ = digits[byte >> 4];
    *at++ = digits[byte & 15];
    return at;
}

/* Lengths and types are nearly always what they may be. */
static char *put_record(char *at, const uint8_t *data, size_t *used, size_t size)
{
    static const uint8_t lengths[] = {0, 0, 2, 4, 2, 4};
    uint8_t type = data[*used + 1] % 7, sum = 0;
    uint8_t length =
        type < 1 || type > 5 ? data[*used] % (LONGEST_RECORD + 1) : lengths[type];
    *at++ = ':';
    at = put_byte(at, length, &sum);
    at = put_byte(at, data[*used + 2], &sum);
    at = put_byte(at, data[*used + 3], &sum);
    at = put_byte(at, type == 6 ? 0 : type, &sum);
    *used += RECORD_HEADER;
    for (uint8_t i = 0; i < length; i++) {
        at = put_byte(at, *used < size ? data[*used] : 0, &sum);
        *used += *used < size;
    }
    at = put_byte(at, (uint8_t)(0x100 - sum), &sum);
    *at++ = '\n';
    return at;
}

static int read_records(const uint8_t *data, size_t size)
{
    static const char end[] = ":00000001ff";
    char *text = malloc((size / RECORD_HEADER + 1) * LINE_SIZE + sizeof end);
    char *at = text;
    fettle_error err = {.code = FETTLE_E_NONE};

    must(text != NULL);
    for (size_t used = 0; used + RECORD_HEADER <= size;) {
        at = put_record(at, data, &used, size);
    }
    memcpy(at, end, sizeof end - 1);
    at += sizeof end - 1;
    fettle_span file = {(const uint8_t *)text, (size_t)(at - text)};
    fettle_image *image = fettle_image_new("fuzz.hex", file, 0, &err);
    if (image == NULL) {
        check_refusal(&err);
    } else {
        check_image(image, file, 0);
    }
    fettle_image_free(image);
    free(text);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if ((data[0] & IS_RECORDS) != 0) {
        return read_records(data + 1, size - 1);
    }
    const char *name = (data[0] & IS_NAMED_DFU) != 0   ? "folder/fuzz.DFU"
                       : (data[0] & IS_NAMED_HEX) != 0 ? "folder/fuzz.Hex"
                                                       : "fuzz.bin";
    unsigned flags = (data[0] & ACCEPTS_DAMAGED) != 0 ? FETTLE_IMAGE_ACCEPT_DAMAGED : 0;
    fettle_span file = {data + 1, size - 1};
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_image *image = fettle_image_new(name, file, flags, &err);

    if (image == NULL) {
        check_refusal(&err);
    } else {
        must((data[0] & IS_NAMED_DFU) == 0 || image->has_suffix);
        check_image(image, file, flags);
    }
    fettle_image_free(image);
    return 0;
}
