/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware files of a command line: FILE, FILE@ADDRESS or FILE@PARTITION, where "-" is standard input. The last @ counts, and a file
 * that has all of it as its name wins.
 */
#ifndef FETTLE_CLI_FILES_H
#define FETTLE_CLI_FILES_H

#include "system.h"

#include "fettle/fettle.h"

enum { CLI_MAX_FILES = 64 };

/* One of them, taken apart. */
typedef struct cli_file {
    char path[CLI_PATH_ROOM]; /* "-": standard input */
    bool has_address;
    uint32_t address;
    const char *label; /* FILE@PARTITION: of the word; NULL: it names none */
} cli_file;

/*
 * Takes a word apart. An address is a number, decimal or with 0x in front, of 32 bits at most; a decimal one that begins
 * with a zero is refused, because hex was meant. Where what is behind the @ is no number, the @ belongs to the name, unless
 * there is a file with the name in front of it: then it is a partition's label, if it could be one. False: a usage error.
 */
bool cli_file_parse(cli_file *file, const char *word, fettle_error *err);

/* Does the word name standard input? */
bool cli_file_is_stdin(const char *word);

/*
 * Reads each file, and joins them where there are several, or one has an address. Of a file that has builds for several chips
 * it takes that for `chip` (NULL: it isn't said). `flags` are FETTLE_LOAD_*. A package for a module beside other files is no part of
 * their image: it becomes `module` (NULL: none is taken). NULL and `err` on failure, which is a usage error also where standard input
 * is named twice.
 */
fettle_image *cli_files_load(const char *const *words, size_t count, const char *chip,
                             unsigned flags, fettle_image **module, fettle_error *err);

#endif
