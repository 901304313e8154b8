/* SPDX-License-Identifier: Apache-2.0 */
/* A command line, read by the tables of commands.h into plain values. */
#ifndef FETTLE_CLI_ARGS_H
#define FETTLE_CLI_ARGS_H

#include "commands.h"
#include "files.h"

#include "fettle/fettle.h"

enum {
    CLI_MAX_BOARDS = 64, /* --board options */
    CLI_WORDS_ROOM = 256,
};

typedef struct cli_args {
    /* `list` if none was given; NULL only before that is known. */
    const cli_command *command;
    bool verb_is_given;
    const char *files[CLI_MAX_FILES]; /* as they were typed: FILE, FILE@ADDRESS, "-" */
    size_t file_count;
    const char *file;           /* the first of them; NULL: none */
    char words[CLI_WORDS_ROOM]; /* the operands of `explain` and `help` */
    const char *boards[CLI_MAX_BOARDS];
    size_t board_count;
    bool wait_is_given;
    fettle_us wait;
    const char *revision;
    fettle_mode to;
    bool dry_run, offline;
    bool stay, no_verify, ignore_ids, accept_damaged;
    uint32_t transfer_size;
    size_t length;
    const char *memory;
    bool address_is_given;
    uint32_t address;
    bool erase_rest, all_pages, mass_erase, unprotect;
    const char *chip, *reset, *stub;
    uint32_t baud, flash_size;
    bool no_stub;
    const char *module, *region, *country; /* module: empty if it has no name */
    bool try_software_dfu;
    bool erase_files, erase_settings, no_backup, including_credentials;
    const char *mac;
    bool overwrite, watch, all, install;
    bool yes, no_input, json, events, quiet, help, version;
    int verbose;
    const char *trace, *report, *state_dir;
} cli_args;

/*
 * Reads the command line; strings are argv's. False: `err` is a usage error, and what was understood
 * before it holds (above all `json` and `events`, wherever they stand).
 */
bool cli_args_parse(cli_args *args, int argc, char **argv, fettle_error *err);

#endif
