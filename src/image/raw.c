/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw firmware: every byte of the file is content, and nothing says what it is for.
 */
#include "image/image.h"

#include "base/bytes.h"
#include "base/text.h"

#include <string.h>

static bool is_raw(const char *name, fettle_span file)
{
    (void)name;
    (void)file;
    return true;
}

/* "S1137AF0..."; a record has ten characters at least. */
static bool is_srecord(fettle_span file)
{
    enum { SHORTEST = 10 };
    bool is_one = file.size >= SHORTEST && file.data[0] == 'S' && file.data[1] >= '0' &&
                  file.data[1] <= '9';
    for (size_t i = 2; is_one && i < SHORTEST; i++) {
        is_one = fettle_text_digit((char)file.data[i]) < 16;
    }
    return is_one;
}

/* Text as far as one can see, which begins with a brace. */
static bool is_json(fettle_span file)
{
    enum { LOOKED_AT = 64 };
    size_t size = file.size < LOOKED_AT ? file.size : LOOKED_AT;
    bool is_one = file.size >= 2 && file.data[0] == '{';
    for (size_t i = 1; is_one && i < size; i++) {
        uint8_t byte = file.data[i];
        is_one = byte >= ' ' || byte == '\t' || byte == '\n' || byte == '\r';
    }
    return is_one;
}

static bool begins_with(fettle_span file, const char *bytes, size_t size)
{
    return file.size >= size && memcmp(file.data, bytes, size) == 0;
}

/* What describes firmware and is none; NULL: nothing that is known. */
static const char *other_format(fettle_span file)
{
    if (begins_with(file,
                    "\x7f"
                    "ELF",
                    4)) {
        return "an ELF file";
    }
    if (begins_with(file, "UF2\n", 4)) {
        return "a UF2 file";
    }
    if (is_json(file)) {
        return "a JSON file";
    }
    return is_srecord(file) ? "a file of Motorola S-records" : NULL;
}

/*
 * An ELF file for a chip of Espressif: every one with an Xtensa core, and those with a RISC-V core that begin in the fifth
 * 256 MiB, where other chips have peripherals or nothing.
 */
static bool is_esp_elf(fettle_span file)
{
    enum { HEADER = 28, MACHINE_AT = 18, ENTRY_AT = 24, XTENSA = 0x5E, RISC_V = 0xF3 };

    if (file.size < HEADER || !begins_with(file,
                                           "\x7f"
                                           "ELF\x01\x01", /* 32 bits, little endian */
                                           6)) {
        return false;
    }
    uint16_t machine = fettle_get16(file.data + MACHINE_AT);
    uint32_t entry = fettle_get32(file.data + ENTRY_AT);
    return machine == XTENSA || (machine == RISC_V && entry >> 28 == 4);
}

static bool read_raw(fettle_image *image, unsigned flags, fettle_error *err)
{
    bool is_told = (flags & FETTLE_IMAGE_AS_RAW) != 0;
    const char *other = is_told ? NULL : other_format(image->file);
    if (!is_told && is_esp_elf(image->file)) {
        fettle_error_set(err, FETTLE_E_FILE_IS_ESP_ELF, NULL);
        return false;
    }
    if (other != NULL) {
        fettle_error_set(err, FETTLE_E_FILE_OTHER_FORMAT, &(fettle_words){.text = other});
        return false;
    }
    image->format = FETTLE_IMAGE_RAW;
    image->region_count = 1;
    image->only_region = (fettle_region){.data = image->file};
    image->regions = &image->only_region;
    fettle_prefix_read(image);
    return true;
}

const fettle_format fettle_format_raw = {
    .format = FETTLE_IMAGE_RAW,
    .name = "raw",
    .is_this = is_raw,
    .read = read_raw,
};
