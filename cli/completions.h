/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts with which shells complete what is typed, made from the tables of commands.h. Each script has
 * two parts: what doesn't change, which takes the line apart in the way args.c does (options may stand
 * anywhere, "--" ends them, the first other word is the verb), and lists of the tables.
 *
 * Nothing in a script depends on what is plugged in but the ports that --board may name: for these,
 * and only when they are wanted, it runs `fettle list --json`.
 */
#ifndef FETTLE_CLI_COMPLETIONS_H
#define FETTLE_CLI_COMPLETIONS_H

#include "commands.h"

#include "sim/sim.h"

#include <stddef.h>

/* ---- the scripts, on stdout ---- */

void cli_completions_write_bash(void);
void cli_completions_write_zsh(void);
void cli_completions_write_fish(void);

/* ---- what the tables say ---- */

/* What a word of a usage or the name of a value stands for. */
typedef enum cli_meaning {
    CLI_MEANS_ANYTHING,
    CLI_MEANS_FILES,
    CLI_MEANS_FOLDERS,
    CLI_MEANS_BOARDS,
    CLI_MEANS_VERBS,
    CLI_MEANS_FAILURES,
    CLI_MEANS_ITSELF,
} cli_meaning;

typedef struct cli_word {
    const char *text; /* not ended by a NUL */
    size_t size;
    cli_meaning meaning;
} cli_word;

/* The next alternative of "FILE | --board SELECTOR", without options. False: there is no more. */
bool cli_script_next_word(const char **at, cli_word *next);

/* Of the value of an option that has one. */
cli_meaning cli_script_meaning(const cli_option *option);

bool cli_script_has_operand(const cli_command *command);
bool cli_script_may_repeat(const cli_option *option);

/* How much of a help text stands beside a completion: up to the first colon or semicolon. */
size_t cli_script_brief_size(const char *help);

/* ---- writing lists of them ---- */

void cli_script_put(const char *text);

/* Before each character of `special` a backslash is put. */
void cli_script_put_marked(const char *text, size_t size, const char *special);

/* Names, with `separator` or blanks between them. */
void cli_script_put_verbs(const char *separator);
void cli_script_put_options_with_value(
    const char *separator);                     /* those that take the next word */
void cli_script_put_failures(void);             /* and notes: what `explain` knows */
void cli_script_put_literals(const char *list); /* "app|dfu" as "app dfu" */

#endif
