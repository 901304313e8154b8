/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script for bash; see completions.h. Files are completed by bash itself, which knows how to quote
 * them. All else is a list of words.
 */
#include "completions.h"

#include <stdio.h>

static const char bash_begin[] =
    "# bash completion for fettle, made by: fettle completions bash\n"
    "# shellcheck shell=bash disable=SC2207\n"
    "\n"
    "# The line up to the cursor as words. Bash cuts it at \":\" and \"=\" as well: what follows without a\n"
    "# blank is the same word.\n"
    "_fettle_split()\n"
    "{\n"
    "    local line=${COMP_LINE:0:COMP_POINT} rest part i\n"
    "    line=${line#*\"${COMP_WORDS[0]}\"}\n"
    "    words=(\"${COMP_WORDS[0]}\")\n"
    "    for ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "        rest=${line#\"${line%%[![:blank:]]*}\"}\n"
    "        part=${COMP_WORDS[i]}\n"
    "        ((i < COMP_CWORD)) || part=$rest\n"
    "        if [[ $rest == \"$line\" ]]; then\n"
    "            words[${#words[@]} - 1]+=$part\n"
    "        else\n"
    "            words+=(\"$part\")\n"
    "        fi\n"
    "        line=${rest#\"$part\"}\n"
    "    done\n"
    "}\n"
    "\n"
    "# PREFIX LIST: those of the list that go on with $value, without what bash takes for words before.\n"
    "_fettle_reply()\n"
    "{\n"
    "    local breaks=${COMP_WORDBREAKS//[^:=]/} head=''\n"
    "    [[ -z $breaks ]] || head=${cur%\"${cur##*[\"$breaks\"]}\"}\n"
    "    COMPREPLY=($(compgen -P \"$1\" -W \"$2\" -- \"$value\"))\n"
    "    COMPREPLY=(\"${COMPREPLY[@]#\"$head\"}\")\n"
    "}\n"
    "\n"
    "# Virtual boards, and the ports of real ones that are there.\n"
    "_fettle_boards()\n"
    "{\n"
    "    local limit=''\n"
    "    command -v timeout >/dev/null && limit='timeout 3'\n"
    "    [[ $value == sim:* ]] || $limit \"${words[0]}\" list --json 2>/dev/null </dev/null |\n"
    "        grep -o '\"path\":\"[A-Za-z0-9:._/-]*\"' | cut -d '\"' -f 4\n"
    "    echo '";

static const char bash_end[] =
    "_fettle()\n"
    "{\n"
    "    local IFS=$' \\t\\n' words=() word cur value verb='' option='' ended='' operands=0 i\n"
    "    COMPREPLY=()\n"
    "    _fettle_split\n"
    "    cur=${words[${#words[@]} - 1]}\n"
    "    value=$cur\n"
    "    for ((i = 1; i < ${#words[@]} - 1; i++)); do\n"
    "        word=${words[i]}\n"
    "        if [[ -n $option ]]; then\n"
    "            option=\n"
    "        elif [[ -z $ended && $word == -- ]]; then\n"
    "            ended=yes\n"
    "        elif [[ -z $ended && $word == -?* ]]; then\n"
    "            ! _fettle_takes_value \"$word\" || option=$word\n"
    "        elif [[ -z $verb ]]; then\n"
    "            verb=$word\n"
    "        else\n"
    "            ((++operands))\n"
    "        fi\n"
    "    done\n"
    "    if [[ -n $option ]]; then\n"
    "        _fettle_value \"$option\" ''\n"
    "    elif [[ -z $ended && $cur == --*=* ]]; then\n"
    "        option=${cur%%=*}\n"
    "        value=${cur#*=}\n"
    "        _fettle_value \"$option\" \"$option=\"\n"
    "    elif [[ -z $ended && $cur == -* ]]; then\n"
    "        _fettle_reply '' \"$(_fettle_options \"$verb\")\"\n"
    "    elif [[ -z $verb ]]; then\n"
    "        _fettle_reply '' \"$(_fettle_verbs)\"\n"
    "    elif ((operands == 0)); then\n"
    "        _fettle_operand \"$verb\"\n"
    "    fi\n"
    "}\n"
    "\n"
    "complete -F _fettle fettle\n";

static void put_bash_options(unsigned verb)
{
    bool is_first = true;
    for (const cli_option *option = cli_options_table; option->name != NULL; option++) {
        if ((option->verbs & verb) == 0) {
            continue;
        }
        printf("%s%s", is_first ? "" : " ", option->name);
        if (option->letter != 0) {
            printf(" -%c", option->letter);
        }
        if (option->value == CLI_VALUE_MAY_BE &&
            cli_script_meaning(option) == CLI_MEANS_ITSELF) {
            printf(" %s=%s", option->name, option->value_name);
        }
        is_first = false;
    }
}

static void put_bash_value(const cli_option *option)
{
    printf("    %s) ", option->name);
    switch (cli_script_meaning(option)) {
    case CLI_MEANS_FILES:
        cli_script_put("compopt -o default");
        break;
    case CLI_MEANS_FOLDERS:
        cli_script_put("compopt -o dirnames");
        break;
    case CLI_MEANS_BOARDS:
        cli_script_put("_fettle_reply \"$2\" \"$(_fettle_boards)\"");
        break;
    case CLI_MEANS_ITSELF:
        cli_script_put("_fettle_reply \"$2\" '");
        cli_script_put_literals(option->value_name);
        cli_script_put("'");
        break;
    case CLI_MEANS_ANYTHING:
    case CLI_MEANS_VERBS:
    case CLI_MEANS_FAILURES:
        break;
    }
    cli_script_put(" ;;\n");
}

static void put_bash_word(const cli_word *one)
{
    if (one->meaning == CLI_MEANS_VERBS) {
        cli_script_put("$(_fettle_verbs)");
    } else if (one->meaning == CLI_MEANS_FAILURES) {
        cli_script_put_failures();
    } else {
        printf("%.*s", (int)one->size, one->text);
    }
}

static void put_bash_operand(const cli_command *command)
{
    const char *at = command->usage;
    cli_word next;
    printf("    %s)", command->name);
    const char *open = " _fettle_reply '' \"";
    const char *close = "";
    while (cli_script_next_word(&at, &next)) {
        if (next.meaning == CLI_MEANS_FILES) {
            cli_script_put(" compopt -o default");
        } else if (next.meaning != CLI_MEANS_ANYTHING) {
            cli_script_put(open);
            put_bash_word(&next);
            open = " ";
            close = "\"";
        }
    }
    printf("%s ;;\n", close);
}

void cli_completions_write_bash(void)
{
    cli_script_put(bash_begin);
    for (const fettle_sim_kind *kind = fettle_sim_kinds(); kind->name != NULL; kind++) {
        printf("%ssim:%s", kind == fettle_sim_kinds() ? "" : " ", kind->name);
    }
    cli_script_put("'\n}\n\n_fettle_verbs()\n{\n    echo '");
    cli_script_put_verbs(" ");
    cli_script_put("'\n}\n\n_fettle_takes_value()\n{\n    case $1 in\n    ");
    cli_script_put_options_with_value(" | ");
    cli_script_put(") ;;\n    *) return 1 ;;\n    esac\n}\n\n"
                   "# VERB: its options; all of them where there is none yet\n"
                   "_fettle_options()\n{\n    case $1 in\n");
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        printf("    %s) echo '", command->name);
        put_bash_options(command->verb);
        cli_script_put("' ;;\n");
    }
    cli_script_put("    *) echo '");
    put_bash_options(CLI_VERBS_ALL);
    cli_script_put(
        "' ;;\n    esac\n}\n\n# OPTION PREFIX: its values\n_fettle_value()\n{\n    case $1 in\n");
    for (const cli_option *option = cli_options_table; option->name != NULL; option++) {
        if (option->value != CLI_VALUE_NONE &&
            cli_script_meaning(option) != CLI_MEANS_ANYTHING) {
            put_bash_value(option);
        }
    }
    cli_script_put(
        "    esac\n}\n\n# VERB: what may follow it\n_fettle_operand()\n{\n    case $1 in\n");
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        if (cli_script_has_operand(command)) {
            put_bash_operand(command);
        }
    }
    cli_script_put("    esac\n}\n\n");
    cli_script_put(bash_end);
}
