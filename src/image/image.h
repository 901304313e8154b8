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
#include "image/esp_image.h"
#include "image/partitions.h"

enum {
    FETTLE_FILE_SIZE_MAX = 256 * 1024 * 1024,
    FETTLE_IMAGE_REGIONS_MAX = 65536,
    FETTLE_IMAGE_PARTS_MAX = 64,      /* files of one update */
    FETTLE_IMAGE_NAME_SIZE_MAX = 256, /* of several files; one may be longer */
    FETTLE_DFUSE_ELEMENTS_MAX = 10000,
    FETTLE_DFUSE_TARGETS_MAX = 255, /* bTargets has one byte */
    FETTLE_IMAGE_MODULE_SIZE = 16,
    FETTLE_IMAGE_WISH_SIZE = 48,
};

typedef enum fettle_image_format {
    FETTLE_IMAGE_RAW,
    FETTLE_IMAGE_DFU,   /* raw content and a DFU suffix, DFU 1.1 appendix B */
    FETTLE_IMAGE_DFUSE, /* targets, elements and a DFU suffix, UM0391 */
    FETTLE_IMAGE_HEX,   /* Intel HEX, 1988 */
    FETTLE_IMAGE_ESP, /* for an ESP chip: an image of its loaders, a partition table, a merged file */
    FETTLE_IMAGE_JOINED,  /* no file: several of them, or one that was put at an address */
    FETTLE_IMAGE_PACKAGE, /* an archive of a vendor's own form */
} fettle_image_format;

typedef enum fettle_prefix {
    FETTLE_PREFIX_NONE,
    FETTLE_PREFIX_TI,  /* Stellaris/Tiva: 8 bytes, sent to the device */
    FETTLE_PREFIX_LPC, /* NXP LPC: 16 bytes, sent to the device */
} fettle_prefix;

/* What a file needs to be told by a person. */
enum {
    FETTLE_IMAGE_ACCEPT_DAMAGED = 1 << 0, /* a wrong CRC is a fact to note, not a failure */
    FETTLE_IMAGE_AS_RAW = 1 << 1, /* every byte is content, whatever it looks like */
};

/* Content at an address of the board's memory; `data` is the image's. */
typedef struct fettle_region {
    /* False: wherever it belongs on its board; mostly it is the only region then. */
    bool has_address;
    bool has_alternate; /* the file names the alternate setting, that is the memory */
    uint8_t alternate;
    uint32_t address;
    /* Of an ESP chip: by its label, instead of an address; or NULL. The image's. */
    const char *partition;
    fettle_span data; /* never empty; never beyond address 0xFFFFFFFF */
} fettle_region;

/* One target of a DfuSe file: content for one alternate setting. */
typedef struct fettle_image_target {
    uint8_t alternate;    /* several targets of a file may have the same */
    const char *name;     /* "" where it has none; untrusted; the image's */
    size_t element_count; /* as the file says, with those that are empty */
} fettle_image_target;

/* What DFUImageSize of a DfuSe file counts. Only the first is right; all three are common. */
typedef enum fettle_dfuse_size {
    FETTLE_DFUSE_SIZE_NONE, /* it is no DfuSe file */
    FETTLE_DFUSE_SIZE_RIGHT,
    FETTLE_DFUSE_SIZE_WITH_SUFFIX,
    FETTLE_DFUSE_SIZE_ZERO,
} fettle_dfuse_size;

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

/*
 * A part of an image that goes to one place by itself: a file of several, or what a merged file for an ESP chip has for one
 * partition. Pieces lie in regions; several of them may be in one.
 */
typedef struct fettle_image_piece {
    const char *name; /* of its file; the image's */
    char label
        [FETTLE_PARTITION_LABEL_SIZE]; /* of its partition, in a merged file; or empty */
    bool has_address;                  /* else the plan finds out where it goes */
    bool is_encrypted;                 /* the board is to encrypt it, as a bundle says */
    uint32_t address;
    size_t size;
    fettle_esp_content content; /* UNKNOWN also for what isn't for an ESP chip */
    /* APPLICATION, BOOTLOADER, IMAGE: what it says of itself; else zeroed. */
    fettle_esp_image esp;
} fettle_image_piece;

typedef struct fettle_image {
    const char *name; /* file name without folders, UTF-8 not promised; the image's */
    fettle_image_format format;
    fettle_span file; /* all bytes of the file; of several, one behind the other */
    uint8_t sha256[FETTLE_SHA256_SIZE]; /* of `file` */

    /*
     * What is sent: never the suffix. At least one. Of several files for an ESP chip some may have no address: they come first,
     * in the order of the files. All else is sorted by alternate (those without one first), then by address;
     * no two of the same memory overlap or touch, but for files that say so themselves (elements of a DfuSe file that
     * touch stay as they are). What has no alternate overlaps nothing at all.
     */
    size_t region_count;
    const fettle_region *regions;
    fettle_region only_region; /* `regions` where there is one */

    bool has_suffix;
    fettle_suffix suffix;

    size_t target_count; /* DfuSe: as they stand in the file */
    const fettle_image_target *targets;
    fettle_dfuse_size dfuse_size;

    bool has_entry; /* HEX: where the program begins, by its last such record */
    uint32_t entry;

    /* ESP: at least one; joined files: at least one a file that names no addresses. Sorted by address. */
    size_t piece_count;
    const fettle_image_piece *pieces;
    char chip
        [FETTLE_ESP_CHIP_NAME_SIZE]; /* a bundle's word for its chip ("esp32s3"); or empty */
    /* What a bundle asks for besides its files, and doesn't get. */
    bool offers_erase; /* all of the flash erased first */
    char header_wish
        [FETTLE_IMAGE_WISH_SIZE]; /* other words in the bootloader's header than it has ("dio, 4MB, 80m"); or empty */

    fettle_prefix prefix; /* first bytes of region 0 that are a prefix */
    size_t prefix_size;
    uint32_t prefix_address; /* TI: where the content goes */
    /* As the prefix says: TI payload bytes, LPC bytes with the prefix. */
    uint32_t prefix_length;

    /* ESP, merged: of the first byte of the file, content or filling. */
    uint32_t merged_address;

    /*
     * PACKAGE: what its vendor has read, for that vendor only; regions and pieces are then those of one of its variants, to be
     * shown. Else NULL.
     */
    void *package;
    void (*free_package)(void *package);
    char module
        [FETTLE_IMAGE_MODULE_SIZE]; /* the id of the board row that it is for; or empty */
    char version[32];               /* of the firmware in it; or empty */
    char layouts[64];               /* which variants there are, for people; or empty */

    void *memory;      /* the image's own: the bytes of the file, and its name */
    void *more_memory; /* regions, and content that isn't bytes of the file; or NULL */
    void *pieces_memory;
} fettle_image;

/*
 * Reads a file's bytes. `name` decides with the content: a name that ends in .dfu promises a suffix, one in
 * .hex, .ihex or .ihx Intel HEX, one in .csv a partition table (in any case of letters). `flags` are FETTLE_IMAGE_*. The bytes are copied; neither
 * `bytes` nor `name` is needed afterwards. The memory it takes is at most some five times that of the file, whatever
 * the file says. NULL and `err` set on failure: FILE_EMPTY (no byte, or nothing to send), FILE_TOO_LARGE,
 * FILE_TOO_SCATTERED, FILE_CUT, FILE_DAMAGED, FILE_BAD_SUFFIX, FILE_BAD_DFUSE, FILE_BAD_HEX,
 * FILE_INCOMPLETE, FILE_BAD_ESP, FILE_BAD_TABLE, FILE_OTHER_FORMAT, FILE_IS_ESP_ELF, NO_MEMORY.
 */
fettle_image *fettle_image_new(const char *name, fettle_span bytes, unsigned flags,
                               fettle_error *err);

/* One file of several, and where a person wants it. */
typedef struct fettle_image_part {
    const fettle_image *image;
    bool has_address;  /* also of a merged file, if it is the one that the file has */
    bool is_encrypted; /* the board is to encrypt it */
    uint32_t address;
    const char *partition; /* instead of an address; or NULL. Copied */
} fettle_image_part;

/*
 * One image of several files, or of one file at an address. Of several files each has an address, by itself or by its part;
 * but not one that has a partition, nor a bootloader, an application or a table for an ESP chip, of which the chip and its
 * own table say where they belong. All is copied: the parts may be freed at once. Pieces that
 * touch become one region. What the suffixes say is kept; where one says "any" the other's word counts. There is no
 * prefix, unless a single part without an address has one. `name` is their names with commas in between, cut where
 * that is longer than FETTLE_IMAGE_NAME_SIZE_MAX. `count` is 1 to FETTLE_IMAGE_PARTS_MAX. NULL and `err` on failure:
 * FILE_NEEDS_ADDRESS, FILE_HAS_ADDRESS (also a file with a prefix), USAGE (a partition for one that names its addresses),
 * ADDRESS_TOO_HIGH, FILES_OVERLAP, FILES_FOR_TWO_BOARDS,
 * FILE_TOO_LARGE (all together), FILE_TOO_SCATTERED, NO_MEMORY.
 */
fettle_image *fettle_image_new_joined(const fettle_image_part *parts, size_t count,
                                      fettle_error *err);

FETTLE_API void fettle_image_free(fettle_image *image); /* takes NULL */

/* Addresses between two regions of the same memory that have no content: how many such gaps there are. */
size_t fettle_image_gap_count(const fettle_image *image);

/* The first piece with that content; NULL: there is none. */
const fettle_image_piece *fettle_image_find_piece(const fettle_image *image,
                                                  fettle_esp_content content);

/* Bytes of all regions together. */
size_t fettle_image_content_size(const fettle_image *image);

/*
 * A DfuSe file with the image's regions, a target for each alternate (0 where a region has none) with the name that
 * `image` has for it. `suffix` gives bcdDevice, idProduct and idVendor, nothing else. `out` becomes memory of
 * fettle_alloc(), for the caller to free. False: FILE_NEEDS_ADDRESS, FILE_TOO_LARGE, FILE_TOO_SCATTERED (more elements or
 * targets than fettle itself takes), NO_MEMORY.
 */
bool fettle_image_write_dfuse(const fettle_image *image, const fettle_suffix *suffix,
                              uint8_t **out, size_t *size, fettle_error *err);

/* "raw", "dfu", "dfuse", "hex", "esp", "joined"; "none", "ti", "lpc"; "none", "right", "with-suffix", "zero". Constant. */
const char *fettle_image_format_name(fettle_image_format format);
const char *fettle_prefix_name(fettle_prefix prefix);
const char *fettle_dfuse_size_name(fettle_dfuse_size size);

/* One row of formats.c. `read` fills in all but name, file, sha256 and memory. */
typedef struct fettle_format {
    fettle_image_format format;
    const char *name;
    /* Is this file, by content or by the promise of its name, of this format? Asked in order. */
    bool (*is_this)(const char *name, fettle_span file);
    bool (*read)(fettle_image *image, unsigned flags, fettle_error *err);
} fettle_format;

extern const fettle_format fettle_format_dfuse, fettle_format_dfu, fettle_format_hex,
    fettle_format_esp, fettle_format_raw;

/* The first row that says it is this. Never NULL: every file is at least raw. */
const fettle_format *fettle_format_of(const char *name, fettle_span file);

/* Does the name end in `ending` (".dfu"), in any case of letters? */
bool fettle_image_is_named(const char *name, const char *ending);

/* The last sixteen bytes of a DFU suffix. */
enum { FETTLE_SUFFIX_SIZE = 16 };

/* bcdDFU of a DfuSe file. */
enum { FETTLE_SUFFIX_DFUSE = 0x011A };

/* The three letters of a suffix stand where they should. `bcdDFU` (may be NULL) is what stands there then. */
bool fettle_suffix_has_signature(fettle_span file, uint16_t *bcdDFU);

/*
 * Reads the suffix of image->file into the image. False: FILE_CUT (none), FILE_BAD_SUFFIX, FILE_DAMAGED unless `flags`
 * accept it, FILE_EMPTY where nothing is in front of it.
 */
bool fettle_suffix_read(fettle_image *image, unsigned flags, fettle_error *err);

/*
 * Writes a suffix of FETTLE_SUFFIX_SIZE bytes behind the `size` bytes at `file`, with the ids and versions of `suffix`
 * and a checksum over all of them.
 */
void fettle_suffix_write(uint8_t *file, size_t size, const fettle_suffix *suffix);

/* Sets prefix facts from the first bytes of region 0, when everything about them agrees. */
void fettle_prefix_read(fettle_image *image);

#endif
