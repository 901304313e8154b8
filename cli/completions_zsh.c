/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script for zsh; see completions.h. What goes with a verb is a list of specifications for
 * _arguments (zshcompsys(1)), which also knows what has been typed already.
 */
#include "completions.h"

#include <stdio.h>
#include <string.h>

static const char zsh_begin[] =
    "#compdef fettle\n"
    "# zsh completion for fettle, made by: fettle completions zsh\n"
    "\n"
    "# Virtual boards, and the ports of real ones that are there.\n"
    "_fettle_boards()\n"
    "{\n"
    "    local -a limit ports virtual\n"
    "    (( $+commands[timeout] )) && limit=(timeout 3)\n"
    "    if [[ $PREFIX != sim:* ]]; then\n"
    "        ports=(${(f)\"$($limit $words[1] list --json 2>/dev/null </dev/null |\n"
    "            grep -o '\"path\":\"[A-Za-z0-9:._/-]*\"' | cut -d '\"' -f 4)\"})\n"
    "        compadd -a ports\n"
    "    fi\n"
    "    virtual=(\n";

static const char zsh_middle[] = "    )\n"
                                 "    _describe -t virtual-boards 'virtual board' virtual\n"
                                 "}\n"
                                 "\n"
                                 "_fettle_verbs()\n"
                                 "{\n"
                                 "    local -a verbs\n"
                                 "    verbs=(\n";

static const char zsh_end[] =
    "    )\n"
    "    _describe -t verbs verb verbs\n"
    "}\n"
    "\n"
    "# The verb may have options before it, and those have values.\n"
    "_fettle()\n"
    "{\n"
    "    local verb= word value= ended= i\n"
    "    for ((i = 2; i < CURRENT; i++)); do\n"
    "        word=$words[i]\n"
    "        if [[ -n $value ]]; then\n"
    "            value=\n"
    "        elif [[ -z $ended && $word == -- ]]; then\n"
    "            ended=yes\n"
    "        elif [[ -z $ended && $word == -?* ]]; then\n"
    "            case $word in\n"
    "            ";

static void put_zsh_quoted(const char *text, size_t size, const char *special)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\'') {
            cli_script_put("'\\''"); /* in single quotes */
        } else {
            cli_script_put_marked(text + i, 1, special);
        }
    }
}

static void put_zsh_action(const cli_word *next)
{
    switch (next->meaning) {
    case CLI_MEANS_FILES:
        cli_script_put("_files");
        break;
    case CLI_MEANS_FOLDERS:
        cli_script_put("_files -/");
        break;
    case CLI_MEANS_BOARDS:
        cli_script_put("_fettle_boards");
        break;
    case CLI_MEANS_VERBS:
        cli_script_put("_fettle_verbs");
        break;
    case CLI_MEANS_FAILURES:
        cli_script_put("compadd -- ");
        cli_script_put_failures();
        break;
    case CLI_MEANS_ITSELF:
        printf("compadd -- %.*s", (int)next->size, next->text);
        break;
    case CLI_MEANS_ANYTHING:
        break;
    }
}

/* ":MODE:{compadd -- app; compadd -- dfu}"; ":SECONDS: ", where a blank says that nothing is known. */
static void put_zsh_argument(const char *list)
{
    const char *at = list;
    cli_word next;
    bool is_known = false;
    cli_script_put(":");
    put_zsh_quoted(list, strlen(list), "[]:\\");
    while (cli_script_next_word(&at, &next)) {
        if (next.meaning != CLI_MEANS_ANYTHING) {
            cli_script_put(is_known ? "; " : ":{");
            put_zsh_action(&next);
            is_known = true;
        }
    }
    cli_script_put(is_known ? "}" : ": ");
}

static void put_zsh_option(const cli_option *option)
{
    cli_script_put("        ");
    if (option->letter != 0) {
        if (cli_script_may_repeat(option)) {
            printf("'*'{-%c,%s}'[", option->letter, option->name);
        } else {
            printf("'(-%c %s)'{-%c,%s}'[", option->letter, option->name, option->letter,
                   option->name);
        }
    } else {
        printf("'%s%s%s[", cli_script_may_repeat(option) ? "*" : "", option->name,
               option->value == CLI_VALUE_NEEDED   ? "="
               : option->value == CLI_VALUE_MAY_BE ? "=-"
                                                   : "");
    }
    put_zsh_quoted(option->help, cli_script_brief_size(option->help), "[]:\\");
    cli_script_put("]");
    if (option->value != CLI_VALUE_NONE) {
        cli_script_put(option->value == CLI_VALUE_MAY_BE ? ":" : "");
        put_zsh_argument(option->value_name);
    }
    cli_script_put("'\n");
}

/* A line of "list:show the boards that are there". */
static void put_zsh_described(const char *prefix, const char *name, const char *what)
{
    cli_script_put("        '");
    put_zsh_quoted(prefix, strlen(prefix), ":\\");
    put_zsh_quoted(name, strlen(name), ":\\");
    cli_script_put(":");
    put_zsh_quoted(what, cli_script_brief_size(what), "\\");
    cli_script_put("'\n");
}

static void put_zsh_specs(const char *pattern, unsigned verb, const char *usage)
{
    printf("    %s)\n        specs=(\n", pattern);
    for (const cli_option *option = cli_options_table; option->name != NULL; option++) {
        if ((option->verbs & verb) != 0) {
            put_zsh_option(option);
        }
    }
    cli_script_put("        '1:verb:_fettle_verbs'\n");
    if (usage != NULL) {
        cli_script_put("        '2");
        put_zsh_argument(usage);
        cli_script_put("'\n");
    }
    cli_script_put("        )\n        ;;\n");
}

void cli_completions_write_zsh(void)
{
    cli_script_put(zsh_begin);
    for (const fettle_sim_kind *kind = fettle_sim_kinds(); kind->name != NULL; kind++) {
        put_zsh_described("sim:", kind->name, kind->what);
    }
    cli_script_put(zsh_middle);
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        put_zsh_described("", command->name, command->summary);
    }
    cli_script_put(zsh_end);
    cli_script_put_options_with_value(" | ");
    cli_script_put(
        ") value=yes ;;\n            esac\n        elif [[ -z $verb ]]; then\n"
        "            verb=$word\n        fi\n    done\n    local -a specs\n    case $verb in\n");
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        put_zsh_specs(command->name, command->verb,
                      cli_script_has_operand(command) ? command->usage : NULL);
    }
    put_zsh_specs("*", CLI_VERBS_ALL, NULL);
    cli_script_put(
        "    esac\n    if [[ -n $ended ]]; then # _arguments would complete nothing behind it\n"
        "        words[${words[(ie)--]}]=()\n        (( CURRENT-- ))\n    fi\n"
        "    _arguments -s -S $specs\n}\n\n"
        "# Found by compinit this file is the function itself; sourced, it is to be named.\n"
        "if [[ $funcstack[1] == _fettle ]]; then\n    _fettle \"$@\"\nelse\n"
        "    compdef _fettle fettle\nfi\n");
}
