/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the command line. Options may stand anywhere; the first word that is no option is the verb,
 * "--" ends options. Which options go with which verb is checked when all of them are known. A word
 * that isn't known gets its nearest neighbour as a suggestion.
 */
#include "args.h"

#include "failure.h"
#include "system.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct parser {
    cli_args *args;
    fettle_error *err;
    int argc;
    char **argv;
    int next;
    bool options_ended;
    size_t operand_count;
    const cli_option *seen[sizeof(unsigned long) * 8]; /* by id, for the check at the end */
} parser;

/* ---- values ---- */

static bool read_number(parser *p, const char *option, const char *value, uint64_t max,
                        uint64_t *number)
{
    bool is_hex = value[0] == '0' && cli_text_lower(value[1]) == 'x';
    const char *digits = is_hex ? value + 2 : value;
    char *end = NULL;
    errno = 0;
    bool begins_well =
        (digits[0] >= '0' && digits[0] <= '9') ||
        (is_hex && cli_text_lower(digits[0]) >= 'a' && cli_text_lower(digits[0]) <= 'f');
    unsigned long long result = begins_well ? strtoull(digits, &end, is_hex ? 16 : 10) : 0;
    if (!begins_well || errno != 0 || *end != '\0' || result > max) {
        return cli_fail_usage(p->err, "%s takes a number up to %llu, not \"%s\"", option,
                              (unsigned long long)max, value);
    }
    *number = result;
    return true;
}

static bool take_wait(parser *p, const char *value)
{
    uint64_t seconds = 120;
    if (value[0] != '\0' && !read_number(p, "--wait", value, 86400, &seconds)) {
        return false;
    }
    p->args->wait_is_given = true;
    p->args->wait = seconds * 1000000;
    return true;
}

static bool take_board(parser *p, const char *value)
{
    if (p->args->board_count == CLI_MAX_BOARDS) {
        return cli_fail_usage(p->err, "--board can be given %d times at most",
                              CLI_MAX_BOARDS);
    }
    p->args->boards[p->args->board_count++] = value;
    return true;
}

static bool take_mode(parser *p, const char *value)
{
    if (strcmp(value, "app") == 0) {
        p->args->to = FETTLE_MODE_APP;
    } else if (strcmp(value, "dfu") == 0) {
        p->args->to = FETTLE_MODE_DFU;
    } else if (strcmp(value, "rom") == 0) {
        p->args->to = FETTLE_MODE_ROM;
    } else {
        return cli_fail_usage(p->err, "--to takes app, dfu or rom, not \"%s\"", value);
    }
    return true;
}

static bool take_dry_run(parser *p, const char *value)
{
    p->args->dry_run = true;
    if (value[0] != '\0' && strcmp(value, "offline") != 0) {
        return cli_fail_usage(p->err, "--dry-run takes offline or nothing, not \"%s\"",
                              value);
    }
    p->args->offline = p->args->offline || value[0] != '\0';
    return true;
}

static bool take_size(parser *p, const char *option, const char *value, uint64_t max,
                      uint64_t *size)
{
    if (!read_number(p, option, value, max, size)) {
        return false;
    }
    return *size > 0 || cli_fail_usage(p->err, "%s takes a number from 1 on", option);
}

enum {
    SMALLEST_FLASH = 256 << 10,
    LARGEST_FLASH = 256 << 20,
    FIRST_BAUD = 115200, /* at which chips are met; there is only a way up from there */
    HIGHEST_BAUD = 10000000,
};

static bool take_baud(parser *p, const char *option, const char *value)
{
    uint64_t number = 0;
    if (!take_size(p, option, value, HIGHEST_BAUD, &number)) {
        return false;
    }
    p->args->baud = (uint32_t)number;
    return number >= FIRST_BAUD ||
           cli_fail_usage(p->err, "%s %s: a chip is met at %d baud, and goes up from there",
                          option, value, FIRST_BAUD);
}

/* "4MB", "512KB", "1M": as they stand in data sheets; or bytes. */
static bool take_flash_size(parser *p, const char *value)
{
    char digits[16] = "";
    size_t size = strspn(value, "0123456789");
    const char *unit = value + size;
    uint64_t number = 0;
    bool is_kilo = cli_text_lower(unit[0]) == 'k', is_mega = cli_text_lower(unit[0]) == 'm';
    size_t letters = is_kilo || is_mega ? 1u + (cli_text_lower(unit[1]) == 'b') : 0;
    if (size == 0 || size >= sizeof digits || unit[letters] != '\0') {
        return cli_fail_usage(
            p->err, "--flash-size takes a size as 512KB or 4MB, not \"%s\"", value);
    }
    memcpy(digits, value, size);
    if (!take_size(p, "--flash-size", digits, LARGEST_FLASH, &number)) {
        return false;
    }
    number <<= is_mega ? 20 : is_kilo ? 10 : 0;
    bool is_power = (number & (number - 1)) == 0;
    if (!is_power || number < SMALLEST_FLASH || number > LARGEST_FLASH) {
        return cli_fail_usage(
            p->err,
            "--flash-size %s: there are flash chips of 256KB, 512KB, 1MB, "
            "2MB, 4MB and so on up to 256MB",
            value);
    }
    p->args->flash_size = (uint32_t)number;
    return true;
}

static bool take_file(parser *p, const char *option, const char *value, const char **file)
{
    if (strcmp(value, "-") == 0) {
        return cli_fail_usage(p->err, "%s needs the name of a file, not -", option);
    }
    *file = value;
    return true;
}

/* ---- options ---- */

/* An empty value is none: where one is needed it was asked for before. */
static bool take_option(parser *p, const cli_option *option, const char *value)
{
    cli_args *args = p->args;
    uint64_t number = 0;
    p->seen[option->id] = option;
    switch (option->id) {
    case CLI_OPTION_BOARD:
        return take_board(p, value);
    case CLI_OPTION_WAIT:
        return take_wait(p, value);
    case CLI_OPTION_REVISION:
        args->revision = value;
        return true;
    case CLI_OPTION_TO:
        return take_mode(p, value);
    case CLI_OPTION_DRY_RUN:
        return take_dry_run(p, value);
    case CLI_OPTION_STAY:
        return args->stay = true;
    case CLI_OPTION_NO_VERIFY:
        return args->no_verify = true;
    case CLI_OPTION_TRANSFER_SIZE:
        if (!take_size(p, option->name, value, 65535, &number)) {
            return false;
        }
        args->transfer_size = (uint32_t)number;
        return true;
    case CLI_OPTION_IGNORE_IDS:
        return args->ignore_ids = true;
    case CLI_OPTION_ACCEPT_DAMAGED:
        return args->accept_damaged = true;
    case CLI_OPTION_LENGTH:
        if (!take_size(p, option->name, value, 268435456, &number)) {
            return false;
        }
        args->length = (size_t)number;
        return true;
    case CLI_OPTION_MEMORY:
        args->memory = value;
        return true;
    case CLI_OPTION_ADDRESS:
        if (value[0] == '0' && value[1] >= '0' && value[1] <= '9') {
            return cli_fail_usage(p->err, "--address %s: hex numbers begin with 0x", value);
        }
        if (!read_number(p, option->name, value, UINT32_MAX, &number)) {
            return false;
        }
        args->address_is_given = true;
        args->address = (uint32_t)number;
        return true;
    case CLI_OPTION_ERASE_REST:
        return args->erase_rest = true;
    case CLI_OPTION_ALL_PAGES:
        return args->all_pages = true;
    case CLI_OPTION_MASS_ERASE:
        return args->mass_erase = true;
    case CLI_OPTION_UNPROTECT:
        return args->unprotect = true;
    case CLI_OPTION_CHIP:
        args->chip = value;
        return true;
    case CLI_OPTION_BAUD:
        return take_baud(p, option->name, value);
    case CLI_OPTION_RESET:
        args->reset = value;
        return true;
    case CLI_OPTION_FLASH_SIZE:
        return take_flash_size(p, value);
    case CLI_OPTION_STUB:
        return take_file(p, option->name, value, &args->stub);
    case CLI_OPTION_NO_STUB:
        return args->no_stub = true;
    case CLI_OPTION_MODULE:
        args->module = value;
        return true;
    case CLI_OPTION_REGION:
        args->region = value;
        return true;
    case CLI_OPTION_COUNTRY:
        args->country = value;
        return true;
    case CLI_OPTION_ERASE_FILES:
        return args->erase_files = true;
    case CLI_OPTION_ERASE_SETTINGS:
        return args->erase_settings = true;
    case CLI_OPTION_TRY_SOFTWARE_DFU:
        return args->try_software_dfu = true;
    case CLI_OPTION_NO_BACKUP:
        return args->no_backup = true;
    case CLI_OPTION_INCLUDING_CREDENTIALS:
        return args->including_credentials = true;
    case CLI_OPTION_MAC:
        args->mac = value;
        return true;
    case CLI_OPTION_OVERWRITE:
        return args->overwrite = true;
    case CLI_OPTION_WATCH:
        return args->watch = true;
    case CLI_OPTION_ALL:
        return args->all = true;
    case CLI_OPTION_INSTALL:
        return args->install = true;
    case CLI_OPTION_YES:
        return args->yes = true;
    case CLI_OPTION_NO_INPUT:
        return args->no_input = true;
    case CLI_OPTION_JSON:
        return args->json = true;
    case CLI_OPTION_EVENTS:
        return args->events = true;
    case CLI_OPTION_TRACE:
        return take_file(p, option->name, value, &args->trace);
    case CLI_OPTION_REPORT:
        return take_file(p, option->name, value, &args->report);
    case CLI_OPTION_STATE_DIR:
        args->state_dir = value;
        return true;
    case CLI_OPTION_QUIET:
        return args->quiet = true;
    case CLI_OPTION_VERBOSE:
        args->verbose++;
        return true;
    case CLI_OPTION_HELP:
        return args->help = true;
    case CLI_OPTION_VERSION:
        return args->version = true;
    }
    return true;
}

static bool refuse_option(parser *p, const char *name)
{
    const char *nearest = NULL;
    size_t distance = 3, length = strlen(name);
    for (const cli_option *option = cli_options_table; option->name != NULL; option++) {
        size_t d = cli_text_distance(option->name, name);
        bool begins_so = length > 3 && strncmp(option->name, name, length) == 0;
        if (begins_so || (d < distance && option->id != CLI_OPTION_YES)) {
            distance = begins_so ? 0 : d;
            nearest = option->name;
        }
    }
    if (nearest == NULL) {
        return cli_fail_usage(p->err, "there is no option %s", name);
    }
    return cli_fail_usage(p->err, "there is no option %s; the nearest one is %s", name,
                          nearest);
}

static bool take_long_option(parser *p, const char *word)
{
    char name[32];
    const char *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
    if (length >= sizeof name) {
        return cli_fail_usage(p->err, "there is no option %.40s", word);
    }
    memcpy(name, word, length);
    name[length] = '\0';
    const char *value = equals != NULL ? equals + 1 : NULL;
    const cli_option *option = cli_options_table;
    while (option->name != NULL && strcmp(option->name, name) != 0) {
        option++;
    }
    if (option->name == NULL) {
        return refuse_option(p, name);
    }
    if (option->value == CLI_VALUE_NONE && value != NULL) {
        return cli_fail_usage(p->err, "%s takes no value", name);
    }
    if (option->value == CLI_VALUE_NEEDED && value == NULL && p->next < p->argc) {
        value = p->argv[p->next++];
    }
    if (option->value == CLI_VALUE_NEEDED && (value == NULL || value[0] == '\0')) {
        return cli_fail_usage(p->err, "%s needs a value: %s=%s", name, name,
                              option->value_name);
    }
    return take_option(p, option, value != NULL ? value : "");
}

static bool take_letters(parser *p, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const cli_option *option = cli_options_table;
        while (option->name != NULL && option->letter != *letter) {
            option++;
        }
        if (option->name == NULL) {
            return cli_fail_usage(p->err, "there is no option -%c", *letter);
        }
        if (!take_option(p, option, "")) { /* letters take no values */
            return false;
        }
    }
    return true;
}

/* ---- verbs and what they take ---- */

static bool refuse_verb(parser *p, const char *word)
{
    cli_file_kind kind = cli_system_file_kind(word);
    if (kind == CLI_FILE_REGULAR) {
        return cli_fail_usage(
            p->err,
            "there is no verb \"%s\"; to put that file on a board: fettle update %s", word,
            word);
    }
    const char *nearest = NULL;
    size_t distance = 3;
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        size_t d = cli_text_distance(command->name, word);
        if (d < distance) {
            distance = d;
            nearest = command->name;
        }
    }
    if (nearest == NULL) {
        return cli_fail_usage(p->err, "there is no verb \"%s\"", word);
    }
    return cli_fail_usage(p->err, "there is no verb \"%s\"; the nearest one is %s", word,
                          nearest);
}

static bool take_operand_file(parser *p, const char *word)
{
    cli_args *args = p->args;
    if (word[0] == '\0') {
        return cli_fail_usage(p->err, "the name of the FILE is empty");
    }
    args->files[args->file_count++] = word;
    args->file = args->files[0];
    return true;
}

static bool take_word(parser *p, const char *word)
{
    cli_args *args = p->args;
    if (args->command == NULL) {
        const cli_command *command = cli_commands;
        while (command->name != NULL && strcmp(command->name, word) != 0) {
            command++;
        }
        if (command->name == NULL) {
            return refuse_verb(p, word);
        }
        args->command = command;
        args->verb_is_given = true;
        return true;
    }
    p->operand_count++;
    switch (args->command->operand) {
    case CLI_OPERAND_NONE:
        return cli_fail_usage(p->err, "%s takes no further word, so not \"%s\"",
                              args->command->name, word);
    case CLI_OPERAND_FILE:
    case CLI_OPERAND_MAY_FILE:
        if (p->operand_count > 1) {
            return cli_fail_usage(p->err, "%s takes one FILE, and \"%s\" is a second one",
                                  args->command->name, word);
        }
        return take_operand_file(p, word);
    case CLI_OPERAND_FILES:
    case CLI_OPERAND_MAY_FILES:
        if (p->operand_count > CLI_MAX_FILES) {
            return cli_fail_usage(p->err, "%s takes %d files at most", args->command->name,
                                  CLI_MAX_FILES);
        }
        return take_operand_file(p, word);
    case CLI_OPERAND_WORDS:
        if (p->operand_count > 1) {
            cli_text_append(args->words, sizeof args->words, " ");
        }
        cli_text_append(args->words, sizeof args->words, word);
        return true;
    }
    return true;
}

/* ---- what goes with what ---- */

static bool check_options_of_verb(parser *p)
{
    const cli_command *command = p->args->command;
    for (size_t i = 0; i < sizeof p->seen / sizeof p->seen[0]; i++) {
        const cli_option *option = p->seen[i];
        if (option != NULL && (option->verbs & command->verb) == 0) {
            return cli_fail_usage(p->err, "%s does not go with %s", option->name,
                                  command->name);
        }
    }
    return true;
}

static bool are_two_files(parser *p, const char *a, const char *b)
{
    if (a != NULL && b != NULL && (strcmp(a, b) == 0 || cli_system_is_same_file(a, b))) {
        return cli_fail_usage(p->err, "\"%s\" can't be two files at once", a);
    }
    return true;
}

/* A single FILE@PARTITION is FILE with --memory=PARTITION; of several each is where its own word says. */
static bool take_label(parser *p, const cli_file *file)
{
    if (file->label == NULL) {
        return true;
    }
    if (p->args->command->verb == CLI_VERB_INFO) {
        return cli_fail_usage(p->err,
                              "%s@%s: an address is a number up to 0xffffffff, as in "
                              "%s@0x08000000",
                              file->path, file->label, file->path);
    }
    if (p->args->memory != NULL) {
        return cli_fail_usage(p->err, "%s@%s and --memory=%s can't both be meant",
                              file->path, file->label, p->args->memory);
    }
    if (p->args->file_count == 1) {
        p->args->memory = file->label;
    }
    return true;
}

static bool check_files(parser *p)
{
    cli_args *args = p->args;
    bool needs_file = args->command->operand == CLI_OPERAND_FILE ||
                      args->command->operand == CLI_OPERAND_FILES;
    if (needs_file && args->file == NULL) {
        return cli_fail_usage(p->err, "%s needs a FILE, for example: %s",
                              args->command->name, args->command->example);
    }
    if (args->command->verb == CLI_VERB_INFO) {
        if (args->file == NULL && args->board_count == 0 && args->module == NULL) {
            return cli_fail_usage(p->err, "info needs a FILE, or --board and a board");
        }
        if (args->file != NULL && args->board_count > 0) {
            return cli_fail_usage(p->err, "info takes a FILE or --board, not both");
        }
    }
    if (!are_two_files(p, args->trace, args->report)) {
        return false;
    }
    for (size_t i = 0; i < args->file_count; i++) {
        cli_file file = {.has_address = false};
        if ((args->command->verb & (CLI_VERB_READ | CLI_VERBS_OF_COPIES)) != 0) {
            snprintf(file.path, sizeof file.path, "%s", args->files[i]);
        } else if (!cli_file_parse(&file, args->files[i], p->err) ||
                   !take_label(p, &file)) {
            return false;
        }
        if (!are_two_files(p, file.path, args->trace) ||
            !are_two_files(p, file.path, args->report)) {
            return false;
        }
    }
    return true;
}

static bool check_combinations(parser *p)
{
    const cli_args *args = p->args;
    if (args->command->verb == CLI_VERB_READ && strcmp(args->file, "-") == 0 &&
        (args->json || args->events)) {
        return cli_fail_usage(p->err, "the memory and %s can't both go to standard output",
                              args->json ? "--json" : "--events");
    }
    if ((args->command->verb & CLI_VERBS_OF_COPIES) != 0 && args->file != NULL &&
        strcmp(args->file, "-") == 0) {
        return cli_fail_usage(p->err, "%s needs the name of a file, not -",
                              args->command->name);
    }
    if (args->quiet && args->verbose > 0) {
        return cli_fail_usage(p->err, "--quiet and --verbose can't both be meant");
    }
    if (args->stub != NULL && args->no_stub) {
        return cli_fail_usage(p->err, "--stub and --no-stub can't both be meant");
    }
    if (args->no_verify && args->dry_run) {
        return cli_fail_usage(p->err, "--no-verify says nothing to a --dry-run");
    }
    return true;
}

/* Which form an answer has must be known before the first mistake is found. */
static void look_for_form(cli_args *args, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        args->json = args->json || strcmp(argv[i], "--json") == 0;
        args->events = args->events || strcmp(argv[i], "--events") == 0;
    }
}

bool cli_args_parse(cli_args *args, int argc, char **argv, fettle_error *err)
{
    *args = (cli_args){.to = FETTLE_MODE_APP};
    parser p = {.args = args, .err = err, .argc = argc, .argv = argv, .next = 1};
    look_for_form(args, argc, argv);
    while (p.next < argc) {
        const char *word = argv[p.next++];
        bool is_option = !p.options_ended && word[0] == '-' && !cli_file_is_stdin(word);
        bool is_good;
        if (is_option && strcmp(word, "--") == 0) {
            p.options_ended = true;
            is_good = true;
        } else if (is_option && word[1] == '-') {
            is_good = take_long_option(&p, word);
        } else if (is_option) {
            is_good = take_letters(&p, word);
        } else {
            is_good = take_word(&p, word);
        }
        if (!is_good) {
            return false;
        }
    }
    if (args->command == NULL) {
        args->command = cli_commands;
    }
    if (args->help || args->version) {
        return true;
    }
    return check_options_of_verb(&p) && check_files(&p) && check_combinations(&p);
}
