/* SPDX-License-Identifier: Apache-2.0 */
/* The script for fish; see completions.h. Each row of a table is a line of it. */
#include "completions.h"

#include <stdio.h>
#include <string.h>

static const char fish_begin[] =
    "# fish completion for fettle, made by: fettle completions fish\n"
    "\n"
    "# Prints the verb, if there is one, and then a line for each further word that is no option.\n"
    "function __fettle_words\n"
    "    set -l value\n"
    "    set -l ended\n"
    "    for word in (commandline -opc)[2..-1]\n"
    "        if test -n \"$value\"\n"
    "            set value\n"
    "        else if test -n \"$ended\"; or test \"$word\" = -; or not string match -q -- '-*' $word\n"
    "            echo $word\n"
    "        else if test \"$word\" = --\n"
    "            set ended yes\n"
    "        else\n"
    "            switch $word\n"
    "                case ";

static const char fish_middle[] =
    "\n"
    "                    set value yes\n"
    "            end\n"
    "        end\n"
    "    end\n"
    "end\n"
    "\n"
    "# Is there no verb yet?\n"
    "function __fettle_begins\n"
    "    test (count (__fettle_words)) -eq 0\n"
    "end\n"
    "\n"
    "# VERB...: is it one of these, or none yet?\n"
    "function __fettle_takes\n"
    "    set -l words (__fettle_words)\n"
    "    test (count $words) -eq 0; or contains -- $words[1] $argv\n"
    "end\n"
    "\n"
    "# VERB...: is it one of these, and nothing after it?\n"
    "function __fettle_is\n"
    "    set -l words (__fettle_words)\n"
    "    test (count $words) -eq 1; and contains -- $words[1] $argv\n"
    "end\n"
    "\n"
    "# Virtual boards, and the ports of real ones that are there.\n"
    "function __fettle_boards\n"
    "    set -l limit\n"
    "    command -q timeout; and set limit timeout 3\n"
    "    if not string match -q -- '*sim:*' (commandline -ct)\n"
    "        command $limit (commandline -opc)[1] list --json 2>/dev/null </dev/null |\n"
    "            grep -o '\"path\":\"[A-Za-z0-9:._/-]*\"' | cut -d '\"' -f 4\n"
    "    end\n";

static void put_fish_text(const char *text, size_t size)
{
    cli_script_put("'");
    cli_script_put_marked(text, size, "\\'");
    cli_script_put("'");
}

static void put_fish_option(const cli_option *option)
{
    cli_script_put("complete -c fettle -n '__fettle_takes");
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        if ((option->verbs & command->verb) != 0) {
            printf(" %s", command->name);
        }
    }
    printf("' -l %s", option->name + 2);
    if (option->letter != 0) {
        printf(" -s %c", option->letter);
    }
    cli_meaning means =
        option->value != CLI_VALUE_NONE ? cli_script_meaning(option) : CLI_MEANS_ANYTHING;
    if (option->value == CLI_VALUE_NEEDED) {
        cli_script_put(means == CLI_MEANS_FILES ? " -r -F" : " -x");
    }
    if (means == CLI_MEANS_FOLDERS) {
        cli_script_put(" -a '(__fish_complete_directories)'");
    } else if (means == CLI_MEANS_BOARDS) {
        cli_script_put(" -a '(__fettle_boards)'");
    } else if (means == CLI_MEANS_ITSELF) {
        cli_script_put(" -a '");
        cli_script_put_literals(option->value_name);
        cli_script_put("'");
    }
    cli_script_put(" -d ");
    put_fish_text(option->help, cli_script_brief_size(option->help));
    cli_script_put("\n");
}

static void put_fish_operand(const cli_command *command)
{
    const char *at = command->usage;
    cli_word next;
    while (cli_script_next_word(&at, &next)) {
        if (next.meaning == CLI_MEANS_ANYTHING) {
            continue;
        }
        printf("complete -c fettle -n '__fettle_is %s' ", command->name);
        if (next.meaning == CLI_MEANS_FILES) {
            cli_script_put("-F\n");
            continue;
        }
        cli_script_put("-a '");
        if (next.meaning == CLI_MEANS_VERBS) {
            cli_script_put_verbs(" ");
        } else if (next.meaning == CLI_MEANS_FAILURES) {
            cli_script_put_failures();
        } else if (next.meaning == CLI_MEANS_ITSELF) {
            printf("%.*s", (int)next.size, next.text);
        }
        cli_script_put("'\n");
    }
}

void cli_completions_write_fish(void)
{
    cli_script_put(fish_begin);
    cli_script_put_options_with_value(" ");
    cli_script_put(fish_middle);
    for (const fettle_sim_kind *kind = fettle_sim_kinds(); kind->name != NULL; kind++) {
        printf("    printf '%%s\\t%%s\\n' sim:%s ", kind->name);
        put_fish_text(kind->what, cli_script_brief_size(kind->what));
        cli_script_put("\n");
    }
    cli_script_put("end\n\ncomplete -c fettle -f\n");
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        printf("complete -c fettle -n __fettle_begins -a %s -d ", command->name);
        put_fish_text(command->summary, cli_script_brief_size(command->summary));
        cli_script_put("\n");
    }
    for (const cli_option *option = cli_options_table; option->name != NULL; option++) {
        put_fish_option(option);
    }
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        put_fish_operand(command);
    }
}
