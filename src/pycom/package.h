/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pycom's firmware packages: an archive with a bootloader, partition tables, an application, and scripts that say where each of them
 * goes; one script for each size of flash. What is wrong with a script is kept beside it, so that another one can be taken.
 *
 * Source: tools/makepkg.sh, boards/.../script* and the updater of pycom-micropython-sigfox; docs/protocols/pycom-packages.md.
 */
#ifndef FETTLE_PYCOM_PACKAGE_H
#define FETTLE_PYCOM_PACKAGE_H

#include "base/observe.h"
#include "image/archive.h"
#include "image/image.h"
#include "pycom/modules.h"

enum {
    FETTLE_PYCOM_VARIANTS_MAX = 8,
    FETTLE_PYCOM_WRITES_MAX = 8,
    FETTLE_PYCOM_STEPS_MAX = 256, /* of a script */
    FETTLE_PYCOM_WORD_SIZE = 40,
};

/* What a script writes. */
typedef struct fettle_pycom_write {
    uint32_t address;
    uint32_t room;                            /* bytes up to the end of its partition */
    fettle_span data;                         /* the package's */
    const char *member;                       /* the file's name; the package's */
    char target[FETTLE_PARTITION_LABEL_SIZE]; /* "factory"; or empty: only an address */
    bool is_application;
    fettle_esp_content content;
    fettle_esp_image image; /* of a bootloader or an application, else zeroed */
} fettle_pycom_write;

/* A script, and what it makes of the members. Of an encrypted one nobody can see what is in them. */
typedef struct fettle_pycom_variant {
    const char *script;  /* its name; the package's */
    uint32_t flash_size; /* that it is for; 0: any */
    bool is_named;       /* its name is one that the vendor's updater looks for */
    bool is_encrypted;
    fettle_error why; /* code NONE: it can be used */
    bool erases_more; /* than it writes */
    bool has_table;
    fettle_partitions table;
    size_t write_count; /* at least one; sorted by address, no two share a sector */
    fettle_pycom_write writes[FETTLE_PYCOM_WRITES_MAX];
} fettle_pycom_variant;

/* What the name of a package says. */
typedef struct fettle_pycom_named {
    const fettle_pycom_family *family;    /* NULL: nothing that is known */
    char version[FETTLE_PYCOM_WORD_SIZE]; /* "1.20.2.r6"; or empty */
    char band[8];                         /* "868" of LoPy_868-...; or empty */
    bool is_encrypted;
} fettle_pycom_named;

typedef struct fettle_pycom_package {
    fettle_pycom_named named;
    const fettle_pycom_family *family; /* by its members, else by its name; NULL: unknown */
    size_t variant_count;
    fettle_pycom_variant variants[FETTLE_PYCOM_VARIANTS_MAX];
    size_t member_count;
    fettle_archive_member *members; /* in `memory` */
    void *memory;
} fettle_pycom_package;

/* See fettle_vendor.read_package. */
fettle_image *fettle_pycom_read_package(const char *name, const fettle_archive *archive,
                                        unsigned flags, fettle_error *err);

/*
 * The script that is for a board with that much flash, and notes about others that would have come first. NULL: IMAGE_NOT_FOR_BOARD,
 * or what is wrong with the script that would have been it.
 */
const fettle_pycom_variant *fettle_pycom_choose(const fettle_pycom_package *package,
                                                uint64_t flash_size, bool is_encrypted,
                                                const char *chip, fettle_observed *observed,
                                                fettle_error *err);

/* ---- its parts, for package.c ---- */

void fettle_pycom_read_name(fettle_pycom_named *named, const char *name);

/*
 * Reads one script into `variant`, whose name, size and encryption are known, with the package's members, and checks all that can be
 * checked without a board. False: `err`.
 */
bool fettle_pycom_read_script(fettle_pycom_variant *variant, fettle_span script,
                              const fettle_pycom_package *package, unsigned flags,
                              fettle_error *err);

/* What of it package_check.c does: places, sizes, contents, overlaps. Sorts the writes. */
bool fettle_pycom_check_variant(fettle_pycom_variant *variant, unsigned flags,
                                fettle_error *err);

/* FILE_BAD_PACKAGE with a clause made of a format. Always false. */
bool fettle_pycom_bad_package(fettle_error *err, const char *format,
                              const fettle_words *words);

#endif
