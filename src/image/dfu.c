/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw content and a DFU suffix, DFU 1.1 appendix B. The suffix is read from its end,
 * because it may grow at its front: the last sixteen bytes are always these, little endian:
 *
 *     bcdDevice (2)  idProduct (2)  idVendor (2)  bcdDFU (2)  "UFD"  bLength  dwCRC (4)
 *
 * It is never sent. So the dangerous mistake is to take a damaged suffix for content, and
 * every doubt ends in a refusal: a file that is named .dfu has a suffix or is refused; one
 * that is not has a suffix if the signature is there and anything else agrees with it.
 */
#include "base/bytes.h"
#include "base/text.h"
#include "image/image.h"

#include <string.h>

enum {
    SUFFIX_SIZE = FETTLE_SUFFIX_SIZE, /* the least that bLength may say */
    CRC_SIZE = 4,

    /* Offsets in the last SUFFIX_SIZE bytes. */
    BCD_DEVICE = 0,
    ID_PRODUCT = 2,
    ID_VENDOR = 4,
    BCD_DFU = 6,
    SIGNATURE = 8,
    B_LENGTH = 11,
    DW_CRC = 12,

    DFU_1_0 = 0x0100,
    DFU_1_1 = 0x0110,
};

static const uint8_t letters[3] = {'U', 'F', 'D'};

static const uint8_t *last_bytes(fettle_span file)
{
    return file.data + file.size - SUFFIX_SIZE;
}

bool fettle_suffix_has_signature(fettle_span file, uint16_t *bcdDFU)
{
    if (file.size < SUFFIX_SIZE || memcmp(last_bytes(file) + SIGNATURE, letters, 3) != 0) {
        return false;
    }
    if (bcdDFU != NULL) {
        *bcdDFU = fettle_get16(last_bytes(file) + BCD_DFU);
    }
    return true;
}

static bool has_sane_length(uint8_t bLength, fettle_span file)
{
    return bLength >= SUFFIX_SIZE && bLength <= file.size;
}

/* The file has a signature. */
static fettle_suffix decode_suffix(fettle_span file)
{
    const uint8_t *last = last_bytes(file);
    fettle_suffix suffix = {
        .bcdDevice = fettle_get16(last + BCD_DEVICE),
        .idProduct = fettle_get16(last + ID_PRODUCT),
        .idVendor = fettle_get16(last + ID_VENDOR),
        .bcdDFU = fettle_get16(last + BCD_DFU),
        .bLength = last[B_LENGTH],
        .dwCRC = fettle_get32(last + DW_CRC),
    };
    size_t content =
        file.size - (has_sane_length(suffix.bLength, file) ? suffix.bLength : SUFFIX_SIZE);
    size_t rest = file.size - CRC_SIZE - content;
    uint32_t crc = fettle_crc32(UINT32_MAX, (fettle_span){file.data, content});

    suffix.computed = fettle_crc32(crc, (fettle_span){file.data + content, rest});
    suffix.is_intact = suffix.computed == suffix.dwCRC;
    suffix.leaves_suffix_out = !suffix.is_intact && crc == suffix.dwCRC;
    return suffix;
}

/*
 * Three letters may be there by accident. A suffix that was damaged in one place still has
 * its usual length or a version that exists; where neither is so and the CRC is wrong too,
 * it is no suffix.
 */
static bool is_dfu(const char *name, fettle_span file)
{
    if (fettle_image_is_named(name, ".dfu")) {
        return true;
    }
    if (!fettle_suffix_has_signature(file, NULL)) {
        return false;
    }
    fettle_suffix suffix = decode_suffix(file);
    return suffix.is_intact || suffix.leaves_suffix_out || suffix.bLength == SUFFIX_SIZE ||
           suffix.bcdDFU == DFU_1_0 || suffix.bcdDFU == DFU_1_1;
}

static bool refuse_length(const fettle_suffix *suffix, fettle_span file, fettle_error *err)
{
    char text[96] = "its length is ";

    fettle_text_append_number(text, sizeof text, suffix->bLength);
    if (suffix->bLength < SUFFIX_SIZE) {
        fettle_text_append(text, sizeof text, ", and no suffix has less than 16 bytes");
    } else {
        fettle_text_append(text, sizeof text, ", and the whole file has ");
        fettle_text_append_number(text, sizeof text, file.size);
        fettle_text_append(text, sizeof text, " bytes");
    }
    fettle_error_set(err, FETTLE_E_FILE_BAD_SUFFIX, &(fettle_words){.text = text});
    return false;
}

static bool refuse_damaged(const fettle_suffix *suffix, fettle_error *err)
{
    char stored[16] = "0x";
    char computed[160] = "0x";

    fettle_text_append_hex(stored, sizeof stored, suffix->dwCRC, 8);
    fettle_text_append_hex(computed, sizeof computed, suffix->computed, 8);
    if (suffix->leaves_suffix_out) {
        fettle_text_append(
            computed, sizeof computed,
            " (the content itself is whole: the tool that made the file, as those of "
            "XMOS do, left the suffix out of the checksum)");
    }
    fettle_error_set(err, FETTLE_E_FILE_DAMAGED,
                     &(fettle_words){.text = stored, .text2 = computed});
    return false;
}

bool fettle_suffix_read(fettle_image *image, unsigned flags, fettle_error *err)
{
    fettle_span file = image->file;

    if (!fettle_suffix_has_signature(file, NULL)) {
        fettle_error_set(err, FETTLE_E_FILE_CUT, NULL);
        return false;
    }
    fettle_suffix suffix = decode_suffix(file);
    if (!has_sane_length(suffix.bLength, file)) {
        return refuse_length(&suffix, file, err);
    }
    if (!suffix.is_intact && (flags & FETTLE_IMAGE_ACCEPT_DAMAGED) == 0) {
        return refuse_damaged(&suffix, err);
    }
    if (suffix.bLength == file.size) {
        fettle_error_set(err, FETTLE_E_FILE_EMPTY, NULL);
        return false;
    }
    image->has_suffix = true;
    image->suffix = suffix;
    return true;
}

void fettle_suffix_write(uint8_t *file, size_t size, const fettle_suffix *suffix)
{
    uint8_t *last = file + size;

    fettle_put16(last + BCD_DEVICE, suffix->bcdDevice);
    fettle_put16(last + ID_PRODUCT, suffix->idProduct);
    fettle_put16(last + ID_VENDOR, suffix->idVendor);
    fettle_put16(last + BCD_DFU, suffix->bcdDFU);
    memcpy(last + SIGNATURE, letters, sizeof letters);
    last[B_LENGTH] = SUFFIX_SIZE;
    fettle_put32(last + DW_CRC,
                 fettle_crc32(UINT32_MAX, (fettle_span){file, size + DW_CRC}));
}

static bool read_dfu(fettle_image *image, unsigned flags, fettle_error *err)
{
    if (!fettle_suffix_read(image, flags, err)) {
        return false;
    }
    image->format = FETTLE_IMAGE_DFU;
    image->region_count = 1;
    image->only_region = (fettle_region){
        .data = {image->file.data, image->file.size - image->suffix.bLength}};
    image->regions = &image->only_region;
    fettle_prefix_read(image);
    return true;
}

const fettle_format fettle_format_dfu = {
    .format = FETTLE_IMAGE_DFU,
    .name = "dfu",
    .is_this = is_dfu,
    .read = read_dfu,
};
