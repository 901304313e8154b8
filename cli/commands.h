/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be typed: verbs and options, one table each. The parser, --help, the hints of usage errors,
 * the man pages and the completions of shells read these tables and know nothing else.
 *
 * Words in capitals stand for something (FILE, DIR, SELECTOR, VERB, SLUG, ...), words in small letters
 * are typed as they stand, and "|" is between alternatives: completions are made of that.
 */
#ifndef FETTLE_CLI_COMMANDS_H
#define FETTLE_CLI_COMMANDS_H

#include <stdbool.h>

struct cli_call;

/* Carries a verb out; returns the exit status. */
typedef int cli_run(struct cli_call *call);

enum {
    CLI_VERB_LIST = 1 << 0,
    CLI_VERB_UPDATE = 1 << 1,
    CLI_VERB_READ = 1 << 2,
    CLI_VERB_VERIFY = 1 << 3,
    CLI_VERB_RESET = 1 << 4,
    CLI_VERB_INFO = 1 << 5,
    CLI_VERB_EXPLAIN = 1 << 6,
    CLI_VERB_HELP = 1 << 7,
    CLI_VERB_COMPLETIONS = 1 << 8,
    CLI_VERB_UDEV_RULES = 1 << 9,
    CLI_VERB_ERASE = 1 << 10,
    CLI_VERB_BACKUP = 1 << 11,
    CLI_VERB_RESTORE = 1 << 12,
    CLI_VERB_VENDOR = 1 << 13, /* one vendor's own */
    CLI_VERBS_OF_COPIES = CLI_VERB_BACKUP | CLI_VERB_RESTORE,
    CLI_VERBS_OF_BOARDS = CLI_VERB_UPDATE | CLI_VERB_READ | CLI_VERB_VERIFY |
                          CLI_VERB_RESET | CLI_VERB_INFO | CLI_VERB_ERASE |
                          CLI_VERBS_OF_COPIES | CLI_VERB_VENDOR,
    CLI_VERBS_OF_MEMORIES =
        CLI_VERB_UPDATE | CLI_VERB_READ | CLI_VERB_VERIFY | CLI_VERB_ERASE,
    CLI_VERBS_ALL = (1 << 14) - 1,
};

typedef enum cli_operand {
    CLI_OPERAND_NONE,
    CLI_OPERAND_FILE,      /* exactly one */
    CLI_OPERAND_MAY_FILE,  /* one or none */
    CLI_OPERAND_FILES,     /* one or more */
    CLI_OPERAND_MAY_FILES, /* any number of them */
    CLI_OPERAND_WORDS,     /* any number, joined by spaces */
} cli_operand;

typedef struct cli_command {
    const char *name;
    unsigned verb; /* one of CLI_VERB_* */
    cli_operand operand;
    const char *usage;   /* what follows the name: "FILE" */
    const char *summary; /* one line */
    const char *details; /* paragraphs, each one line */
    /* Whole command lines, which run as they stand on virtual boards. */
    const char *example;
    cli_run *run;
} cli_command;

/* One by one, in the order of --help; a NULL name at the end. */
extern const cli_command cli_commands[];

typedef enum cli_option_id {
    CLI_OPTION_BOARD,
    CLI_OPTION_WAIT,
    CLI_OPTION_REVISION,
    CLI_OPTION_TO,
    CLI_OPTION_DRY_RUN,
    CLI_OPTION_STAY,
    CLI_OPTION_NO_VERIFY,
    CLI_OPTION_TRANSFER_SIZE,
    CLI_OPTION_IGNORE_IDS,
    CLI_OPTION_ACCEPT_DAMAGED,
    CLI_OPTION_MEMORY,
    CLI_OPTION_ADDRESS,
    CLI_OPTION_LENGTH,
    CLI_OPTION_ERASE_REST,
    CLI_OPTION_ALL_PAGES,
    CLI_OPTION_MASS_ERASE,
    CLI_OPTION_UNPROTECT,
    CLI_OPTION_CHIP,
    CLI_OPTION_BAUD,
    CLI_OPTION_RESET,
    CLI_OPTION_FLASH_SIZE,
    CLI_OPTION_STUB,
    CLI_OPTION_NO_STUB,
    CLI_OPTION_MODULE,
    CLI_OPTION_REGION,
    CLI_OPTION_COUNTRY,
    CLI_OPTION_ERASE_FILES,
    CLI_OPTION_ERASE_SETTINGS,
    CLI_OPTION_TRY_SOFTWARE_DFU,
    CLI_OPTION_NO_BACKUP,
    CLI_OPTION_INCLUDING_CREDENTIALS,
    CLI_OPTION_MAC,
    CLI_OPTION_OVERWRITE,
    CLI_OPTION_WATCH,
    CLI_OPTION_ALL,
    CLI_OPTION_INSTALL,
    CLI_OPTION_YES,
    CLI_OPTION_NO_INPUT,
    CLI_OPTION_JSON,
    CLI_OPTION_EVENTS,
    CLI_OPTION_TRACE,
    CLI_OPTION_REPORT,
    CLI_OPTION_STATE_DIR,
    CLI_OPTION_QUIET,
    CLI_OPTION_VERBOSE,
    CLI_OPTION_HELP,
    CLI_OPTION_VERSION,
} cli_option_id;

typedef enum cli_value {
    CLI_VALUE_NONE,
    CLI_VALUE_NEEDED, /* --option VALUE and --option=VALUE */
    CLI_VALUE_MAY_BE, /* --option and --option=VALUE */
} cli_value;

typedef struct cli_option {
    cli_option_id id;
    const char *name; /* with its dashes */
    char letter;      /* 0: none */
    cli_value value;
    const char *value_name;
    unsigned verbs; /* of those that take it */
    const char *help;
} cli_option;

/* One by one, in the order of --help; a NULL name at the end. */
extern const cli_option cli_options_table[];

/* What a run can end with, in the order of the numbers; NULL words at the end. */
typedef struct cli_status {
    int status;
    const char *words;
} cli_status;
extern const cli_status cli_statuses[];

/* The verbs, where each has its file. */
cli_run cli_list, cli_update, cli_read, cli_verify, cli_reset, cli_info, cli_explain,
    cli_help, cli_completions, cli_udev_rules, cli_erase, cli_backup, cli_restore,
    cli_vendor;

/* The vendor's own verb is called as the vendor, so its words are where it is. */
extern const char cli_vendor_name[];
extern const char cli_vendor_example[];

#endif
