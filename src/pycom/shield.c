/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shield's image must look like before it is sent. The loader would take anything, so this is
 * the last chance to notice. Size, word width and vectors are the chip's and are sure; the checksum is
 * the upstream bootloader's, and whether this vendor kept it was never seen: a note, no refusal.
 */
#include "pycom/pycom.h"

#include "base/bytes.h"
#include "base/error.h"

enum {
    IMAGE_SIZE = 16384,
    APPLICATION = 0x0400,     /* word 0x0200: reset vector */
    APPLICATION_END = 0x3F00, /* behind the checksum, word 0x1F7F */
    HIGH_BYTE_MAX = 0x3F,     /* words have 14 bits */
    BLANK = 0x3FFF,
    CRC14_POLYNOMIAL = 0x23B1,
    WORD_BITS = 16,
    ESP_MAGIC = 0xE9, /* of an ESP32's images */
};

uint16_t fettle_pycom_crc14(fettle_span words)
{
    uint16_t crc = 0;
    for (size_t i = 0; i + 1 < words.size; i += 2) {
        crc ^= fettle_get16(words.data + i);
        for (unsigned bit = 0; bit < WORD_BITS; bit++) {
            crc = (uint16_t)((crc & 1) != 0 ? crc >> 1 ^ CRC14_POLYNOMIAL : crc >> 1);
        }
    }
    return crc;
}

static size_t refuse(fettle_finding *finding, const char *format, fettle_words words)
{
    *finding = (fettle_finding){.kind = FETTLE_FINDING_REFUSAL};
    fettle_words_render(finding->text, sizeof finding->text, format, &words);
    return 1;
}

/* The first high byte that is none; the size where all are fine. */
static size_t find_wide_word(fettle_span content)
{
    for (size_t i = 1; i < content.size; i += 2) {
        if (content.data[i] > HIGH_BYTE_MAX) {
            return i;
        }
    }
    return content.size;
}

/* All of its memory, in words of 14 bits: no other content looks like that. */
static bool is_for_shield(fettle_span content)
{
    return content.size == IMAGE_SIZE && find_wide_word(content) == content.size;
}

size_t fettle_pycom_check_shield(const fettle_board_row *row, fettle_span content,
                                 fettle_finding *findings, size_t max)
{
    if (max == 0) {
        return 0;
    }
    if (row->protocol == FETTLE_PROTOCOL_ESP) {
        return is_for_shield(content)
                   ? refuse(findings,
                            "the image is a shield's firmware, and a module is meant; a "
                            "module's comes as a .tar.gz package",
                            (fettle_words){.size = 0})
                   : 0;
    }
    if (content.size > 0 && content.data[0] == ESP_MAGIC && content.size != IMAGE_SIZE) {
        return refuse(
            findings,
            "the image is firmware for a module, and the shield under it is meant",
            (fettle_words){.size = 0});
    }
    if (content.size != IMAGE_SIZE) {
        return refuse(findings, "the image has {size} bytes; a shield's has {limit}",
                      (fettle_words){.size = content.size, .limit = IMAGE_SIZE});
    }
    size_t wide = find_wide_word(content);
    if (wide < content.size) {
        return refuse(
            findings,
            "the image's byte at {address} is above 0x3f, but this chip has words of 14 bits",
            (fettle_words){.address = (uint32_t)wide});
    }
    if (fettle_get16(content.data + APPLICATION) == BLANK) {
        return refuse(
            findings,
            "the image has no application: its reset vector at {address} is blank",
            (fettle_words){.address = APPLICATION});
    }
    fettle_span application = {content.data + APPLICATION, APPLICATION_END - APPLICATION};
    if (fettle_pycom_crc14(application) != 0) {
        findings[0] = (fettle_finding){.kind = FETTLE_FINDING_NOTE,
                                       .note = FETTLE_NOTE_CHECKSUM_UNSURE};
        return 1;
    }
    return 0;
}
