/* SPDX-License-Identifier: Apache-2.0 */
/* `fettle help`, --help and --version: the tables of commands.h, written for people. */
#include "call.h"
#include "failure.h"
#include "man.h"

#include <string.h>

static void write_option(const cli_paper *paper, const cli_option *option)
{
    char first[64], name[48];
    const char *value = option->value_name != NULL ? option->value_name : "";
    snprintf(name, sizeof name, "%s%s%s%s", option->name,
             option->value == CLI_VALUE_NEEDED   ? "="
             : option->value == CLI_VALUE_MAY_BE ? "[="
                                                 : "",
             value, option->value == CLI_VALUE_MAY_BE ? "]" : "");
    char letter[8] = "    ";
    if (option->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    snprintf(first, sizeof first, "  %s%-24s", letter, name);
    if (paper->columns > 0 && paper->columns < 60) {
        cli_text_wrap(paper, "", "", first);
        cli_text_wrap(paper, "        ", "        ", option->help);
        return;
    }
    cli_text_wrap(paper, first, "                              ", option->help);
}

static void write_options(const cli_paper *paper, unsigned verb)
{
    fputs("\nOptions:\n", paper->out);
    for (const cli_option *option = cli_options_table; option->name != NULL; option++) {
        if ((option->verbs & verb) != 0) {
            write_option(paper, option);
        }
    }
}

static void write_statuses(const cli_paper *paper)
{
    char text[512] = "Exit status:";
    for (const cli_status *one = cli_statuses; one->words != NULL; one++) {
        char part[80];
        snprintf(part, sizeof part, " %d %s%s", one->status, one->words,
                 one[1].words != NULL ? ";" : ".");
        cli_text_append(text, sizeof text, part);
    }
    cli_text_wrap(paper, "", "", text);
}

static void write_all(const cli_paper *paper)
{
    fputs("fettle puts the right firmware on a board and proves that it is there.\n\n"
          "  fettle [VERB] [OPTIONS]\n\nVerbs:\n",
          paper->out);
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        char first[24];
        snprintf(first, sizeof first, "  %-12s", command->name);
        cli_text_wrap(paper, first, "              ", command->summary);
    }
    fputs("\nFor example:\n", paper->out);
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        cli_text_wrap(paper, "  ", "      ", command->example);
    }
    fputc('\n', paper->out);
    write_statuses(paper);
    fputc('\n', paper->out);
    cli_text_wrap(
        paper, "", "",
        "fettle help VERB shows what a verb takes, fettle help sim the virtual boards.");
}

static void write_one(const cli_paper *paper, const cli_command *command)
{
    char line[256];
    snprintf(line, sizeof line, "fettle %s%s%s [OPTIONS]", command->name,
             command->usage[0] != '\0' ? " " : "", command->usage);
    cli_text_wrap(paper, "  ", "      ", line);
    snprintf(line, sizeof line, "%c%s.", command->summary[0] - 'a' + 'A',
             command->summary + 1);
    fputc('\n', paper->out);
    cli_text_wrap(paper, "", "", line);
    if (command->details[0] != '\0') {
        fputc('\n', paper->out);
        cli_text_wrap(paper, "", "", command->details);
    }
    fputs("\nFor example:\n", paper->out);
    cli_text_wrap(paper, "  ", "      ", command->example);
    write_options(paper, command->verb);
}

static void write_virtual_boards(const cli_paper *paper)
{
    cli_text_wrap(
        paper, "", "",
        "Virtual boards behave like real ones, to rehearse and to test with: --board "
        "sim:NAME[*COUNT][,OPTION...]\n");
    for (const fettle_sim_kind *kind = fettle_sim_kinds(); kind->name != NULL; kind++) {
        char first[32];
        snprintf(first, sizeof first, "  %-16s", kind->name);
        cli_text_wrap(paper, first, "                  ", kind->what);
    }
    fputc('\n', paper->out);
    const char *part;
    for (size_t i = 0; (part = fettle_sim_options_help(i)) != NULL; i++) {
        cli_text_wrap(paper, "  ", "  ", part);
    }
}

int cli_help(cli_call *call)
{
    const cli_args *args = call->args;
    cli_paper paper = cli_ui_stdout(&call->ui);
    if (args->version) {
        fprintf(stdout, "fettle %s\n", fettle_version());
        return 0;
    }
    const char *name = args->words;
    if (args->verb_is_given && args->command->verb != CLI_VERB_HELP) {
        name = args->command->name;
    }
    if (name[0] == '\0') {
        write_all(&paper);
        return 0;
    }
    if (cli_man_is_wanted(name)) {
        return cli_man(call, name);
    }
    if (strcmp(name, "sim") == 0) {
        write_virtual_boards(&paper);
        return 0;
    }
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            write_one(&paper, command);
            return 0;
        }
    }
    fettle_error err;
    cli_fail_usage(&err, "there is no verb \"%s\"", name);
    return cli_call_refuse(call, &err);
}
