/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware files, once read: immutable, and shared by all boards of a run. A file's bytes become
 * regions and what the file says about its board. One format, one file, one row in formats.c.
 *
 * Pure: the bytes come from the caller; src/os reads files.
 */
#ifndef FETTLE_IMAGE_H
#define FETTLE_IMAGE_H

#include "base/error.h"
#include "base/hash.h"

enum {
    FETTLE_FILE_SIZE_MAX = 256 * 1024 * 1024,
    FETTLE_IMAGE_REGIONS_MAX = 65536,
    FETTLE_IMAGE_PARTS_MAX = 64, /* files of one update */
};

typedef enum fettle_image_format {
    FETTLE_IMAGE_RAW,
    FETTLE_IMAGE_DFU, /* raw content and a DFU suffix, DFU 1.1 appendix B */
} fettle_image_format;

typedef enum fettle_prefix {
    FETTLE_PREFIX_NONE,
    FETTLE_PREFIX_TI,  /* Stellaris/Tiva: 8 bytes, sent to the device */
    FETTLE_PREFIX_LPC, /* NXP LPC: 16 bytes, sent to the device */
} fettle_prefix;

/* What a file needs to be told by a person. */
enum {
    FETTLE_IMAGE_ACCEPT_DAMAGED = 1 << 0, /* a wrong CRC is a fact to note, not a failure */
};

/* Content at an address of the board's memory; `data` is the image's. */
typedef struct fettle_region {
    bool
        has_address; /* else: wherever this board's memory begins; it is the only region then */
    bool has_alternate; /* the file names the alternate setting, that is the memory */
    uint8_t alternate;
    uint32_t address;
    fettle_span data; /* never empty; never beyond address 0xFFFFFFFF */
} fettle_region;

/* The DFU suffix, field by field as it stands in the file. */
typedef struct fettle_suffix {
    uint16_t bcdDevice, idProduct, idVendor; /* 0xFFFF: any */
    uint16_t bcdDFU;
    uint8_t bLength;
    uint32_t dwCRC;         /* as stored */
    uint32_t computed;      /* over the file less its last four bytes */
    bool is_intact;         /* they agree */
    bool leaves_suffix_out; /* they don't, but the CRC is right for the content alone */
} fettle_suffix;

typedef struct fettle_image {
    const char *name; /* file name without folders, UTF-8 not promised; the image's */
    fettle_image_format format;
    fettle_span file;                   /* all bytes of the file */
    uint8_t sha256[FETTLE_SHA256_SIZE]; /* of all bytes of the file */

    /*
     * What is sent: never the suffix. At least one; sorted by alternate, then by address; no two of the same
     * memory overlap or touch, but for files that say so themselves (DfuSe elements that touch stay as they are).
     */
    size_t region_count;
    const fettle_region *regions;
    fettle_region only_region; /* `regions` where there is one */

    bool has_suffix;
    fettle_suffix suffix;

    fettle_prefix prefix; /* first bytes of region 0 that are a prefix */
    size_t prefix_size;
    uint32_t prefix_address; /* TI: where the content goes */
    uint32_t
        prefix_length; /* as the prefix says: TI payload bytes, LPC bytes with the prefix */

    void *memory;      /* the image's own: the bytes of the file */
    void *more_memory; /* regions, and content that isn't bytes of the file; or NULL */
} fettle_image;

/*
 * Reads a file's bytes. `name` decides with the content: a name that ends in .dfu promises a suffix
 * (in any case of letters). `flags` are FETTLE_IMAGE_*. The bytes are copied; neither `bytes` nor
 * `name` is needed afterwards. NULL and `err` set on failure: FILE_EMPTY (no byte, or nothing but a
 * suffix), FILE_TOO_LARGE, FILE_CUT, FILE_DAMAGED, FILE_BAD_SUFFIX, NOT_SUPPORTED (a DfuSe file),
 * NO_MEMORY.
 */
fettle_image *fettle_image_new(const char *name, fettle_span bytes, unsigned flags,
                               fettle_error *err);

FETTLE_API void fettle_image_free(fettle_image *image); /* takes NULL */

/* "raw", "dfu"; "none", "ti", "lpc". Constant. */
const char *fettle_image_format_name(fettle_image_format format);
const char *fettle_prefix_name(fettle_prefix prefix);

/* One row of formats.c. `read` fills in all but name, file, sha256 and memory. */
typedef struct fettle_format {
    fettle_image_format format;
    const char *name;
    /* Is this file, by content or by the promise of its name, of this format? Asked in order. */
    bool (*is_this)(const char *name, fettle_span file);
    bool (*read)(fettle_image *image, unsigned flags, fettle_error *err);
} fettle_format;

extern const fettle_format fettle_format_dfu, fettle_format_raw;

/* The first row that says it is this. Never NULL: every file is at least raw. */
const fettle_format *fettle_format_of(const char *name, fettle_span file);

/* Sets prefix facts from the first bytes of region 0, when everything about them agrees. */
void fettle_prefix_read(fettle_image *image);

#endif
