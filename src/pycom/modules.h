/* SPDX-License-Identifier: Apache-2.0 */
/* The modules: their rows, how much flash they have, and which packages are theirs. */
#ifndef FETTLE_PYCOM_MODULES_H
#define FETTLE_PYCOM_MODULES_H

#include "board/board.h"
#include "board/module.h"

enum {
    FETTLE_PYCOM_MODULES = 8,
    FETTLE_PYCOM_MODULE_SIZES = 2,
};

#define FETTLE_PYCOM_4MB ((uint32_t)0x400000)
#define FETTLE_PYCOM_8MB ((uint32_t)0x800000)

extern const fettle_board_row fettle_pycom_module_rows[FETTLE_PYCOM_MODULES];

/* Words for a module that nobody has named, and for what may be one; in no table. */
extern const fettle_board_row fettle_pycom_any_module, fettle_pycom_perhaps_module;

/* What goes by one name in packages: "lopy" is the LoPy, and the L01 too. */
typedef struct fettle_pycom_family {
    const char *word;  /* "lopy4": of its application's file, and the id of its usual row */
    const char *shown; /* "LoPy4": as its packages begin */
    uint32_t sizes
        [FETTLE_PYCOM_MODULE_SIZES]; /* bytes of flash that such modules have; 0: no other */
} fettle_pycom_family;

/* The family with this word, in any case of letters, `length` of them; NULL: there is none. */
const fettle_pycom_family *fettle_pycom_family_of(const char *word, size_t length);

/* Is there a module of this family with that much flash? */
bool fettle_pycom_family_has(const fettle_pycom_family *family, uint64_t flash_size);

/* "4 MB", "4 or 8 MB": into `text`. */
void fettle_pycom_family_sizes(const fettle_pycom_family *family, char *text, size_t size);

/*
 * The family that an application says it is for: MicroPython's firmware has its board's name in it, with its chip's behind. NULL: it
 * says nothing that is known.
 */
const fettle_pycom_family *fettle_pycom_family_in(fettle_span application);

/* Typed at its prompt, MicroPython says once more which version it is: Ctrl-B, its word for "the friendly prompt". */
#define FETTLE_PYCOM_GREETING "\x02"

/*
 * The vendor's version in what firmware says when it starts, or in that text in its image: "Pycom MicroPython 1.20.2.r6 [...". False:
 * it isn't there. Earlier firmware, before 1.18, tells MicroPython's own version instead, which says nothing of the vendor's.
 */
bool fettle_pycom_version_in(fettle_span text, char version[FETTLE_MODULE_VERSION_SIZE]);

/*
 * Which family a board's row belongs to, by its id ("wipy2", "l01"); NULL: none.
 */
const fettle_pycom_family *fettle_pycom_family_of_row(const char *id);

/* May a file for this family ("lopy4"; any other word: for none) be for the module of that row? */
bool fettle_pycom_takes_files_of(const char *id, const char *word);

/* By the name that firmware gives its access point, "LoPy4-wlan-c0de"; NULL: it says nothing of that. */
const fettle_pycom_family *fettle_pycom_family_of_network(const char *name, size_t length);

#endif
