/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fettle(1) and the page of each verb, see man.h. What the tables say is taken from there: verbs,
 * options, exit statuses with the failures that have them, examples, virtual boards. The prose here is
 * the rest, what docs/cli.md promises to people and scripts.
 */
#include "man.h"

#include "failure.h"
#include "roff.h"

#include <string.h>

enum {
    LINE_ROOM = 512,
};

/* ---- what the tables say ---- */

static void put_usage(const cli_command *command, bool is_first)
{
    char line[LINE_ROOM];
    snprintf(line, sizeof line, "fettle %s%s%s [OPTIONS]", command->name,
             command->usage[0] != '\0' ? " " : "", command->usage);
    cli_roff_synopsis(line, is_first);
}

static void spell_option(char *buf, size_t size, const cli_option *option)
{
    char letter[8] = "";
    if (option->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    bool may_be = option->value == CLI_VALUE_MAY_BE;
    snprintf(buf, size, "%s%s%s%s%s", letter, option->name,
             option->value == CLI_VALUE_NONE ? ""
             : may_be                        ? "[="
                                             : "=",
             option->value_name != NULL ? option->value_name : "", may_be ? "]" : "");
}

static void put_option(const cli_option *option)
{
    char term[64], text[LINE_ROOM];
    spell_option(term, sizeof term, option);
    cli_roff_spell_sentence(text, sizeof text, option->help);
    cli_roff_item(term, text);
}

/* "No board: no-board, server-unreachable." */
static void put_status(const cli_status *one)
{
    char term[16], words[LINE_ROOM], text[LINE_ROOM], part[80];
    size_t count = 0;
    snprintf(term, sizeof term, "%d", one->status);
    snprintf(words, sizeof words, "%s", one->words);
    for (int i = 1; i < FETTLE_E_COUNT; i++) {
        if (fettle_code_exit_status((fettle_code)i) == one->status) {
            snprintf(part, sizeof part, "%s%s", count == 0 ? ": " : ", ",
                     fettle_code_slug((fettle_code)i));
            cli_text_append(words, sizeof words, part);
            count++;
        }
    }
    cli_roff_spell_sentence(text, sizeof text, words);
    cli_roff_item(term, text);
}

static void put_names_of_virtual_boards(void)
{
    char text[LINE_ROOM] = "NAME is one of";
    for (const fettle_sim_kind *kind = fettle_sim_kinds(); kind->name != NULL; kind++) {
        cli_text_append(text, sizeof text, " ");
        cli_text_append(text, sizeof text, kind->name);
        cli_text_append(text, sizeof text, kind[1].name != NULL ? "," : ".");
    }
    cli_text_append(text, sizeof text, " fettle-sim(1) has all options.");
    cli_roff_paragraph(text);
}

/* ---- fettle(1) ---- */

static void put_synopsis(void)
{
    cli_roff_section("SYNOPSIS");
    cli_roff_synopsis("fettle [OPTIONS]", true);
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        put_usage(command, false);
    }
}

static void put_verbs(void)
{
    char term[64], text[LINE_ROOM];
    cli_roff_section("VERBS");
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        snprintf(term, sizeof term, "fettle-%s(1)", command->name);
        cli_roff_spell_sentence(text, sizeof text, command->summary);
        cli_roff_item(term, text);
    }
}

/* Those of all verbs that work on boards; the others are on the pages of their verbs. */
static void put_common_options(void)
{
    cli_roff_section("OPTIONS");
    cli_roff_text("These go with most verbs. What a verb takes besides is on its own page. "
                  "Options may stand anywhere; -- ends them.");
    for (const cli_option *option = cli_options_table; option->name != NULL; option++) {
        if ((option->verbs & CLI_VERBS_OF_BOARDS) == CLI_VERBS_OF_BOARDS) {
            put_option(option);
        }
    }
}

static void put_statuses(void)
{
    cli_roff_section("EXIT STATUS");
    cli_roff_text(
        "Each failure has a name that never changes; fettle explain NAME says what "
        "it means and what cures it.");
    for (const cli_status *one = cli_statuses; one->words != NULL; one++) {
        put_status(one);
    }
    cli_roff_paragraph(
        "Of several boards the first failed one's counts, in the order in which "
        "they were named.");
}

typedef struct item {
    const char *term, *text;
} item;

static void put_items(const char *title, const item *items)
{
    cli_roff_section(title);
    for (; items->term != NULL; items++) {
        cli_roff_item_of_name(items->term, items->text);
    }
}

static const item environment[] = {
    {"XDG_STATE_HOME, HOME",
     "Where what is remembered of boards is kept, unless --state-dir says so: "
     "$XDG_STATE_HOME/fettle, else ~/.local/state/fettle."},
    {"LC_ALL, LC_CTYPE, LANG",
     "The first one that is set says whether UTF-8 may be written. Nothing else depends on "
     "the locale."},
    {"NO_COLOR", "If it is set, there are no colours."},
    {"TERM", "If it is dumb, there are none either."},
    {"COLUMNS", "How wide lines are where the terminal doesn't say it."},
    {"SUDO_UID, SUDO_GID",
     "Files that are made under sudo(8) belong to the user who called it."},
    {NULL, NULL},
};

static const item files[] = {
    {"~/.local/state/fettle",
     "What is remembered of boards, for the user only. Where it can't be kept it is dropped, "
     "and said with -v."},
    {"/run/lock/fettle-*",
     "One for each board that is being changed, so that no other fettle touches it. In /tmp where "
     "there is no such folder for all users."},
    {"/etc/udev/rules.d/60-fettle.rules",
     "The rule that lets people open their boards, where fettle udev-rules --install wrote it. A "
     "package has it in /usr/lib/udev/rules.d."},
    {NULL, NULL},
};

static void put_examples(const cli_command *only)
{
    cli_roff_section("EXAMPLES");
    bool is_first = true;
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        if (only != NULL && only != command) {
            continue;
        }
        if (only == NULL) {
            char line[LINE_ROOM];
            cli_roff_spell_sentence(line, sizeof line, command->summary);
            (is_first ? cli_roff_text : cli_roff_paragraph)(line);
        }
        cli_roff_code(command->example);
        is_first = false;
    }
}

static void put_all(void)
{
    cli_roff_begin("fettle",
                   "put the right firmware on a board and prove that it is there");
    put_synopsis();
    cli_roff_section("DESCRIPTION");
    cli_roff_text(
        "fettle puts a firmware file on a development board, reads it back, and says what proves "
        "that it is there. It refuses the wrong file before anything is changed, tells which "
        "button to press and waits for the board, and takes a lost answer for what it is: a "
        "question, not a failure. Nothing is sent to other computers, unless --board names a board "
        "there.\n"
        "fettle alone lists the boards that are there, their state, and what to do next.");
    put_verbs();
    put_common_options();
    cli_roff_section("BOARDS");
    cli_roff_text(
        "Without --board the one board is taken that is there and that the file is made for. If "
        "several fit, none is touched, and the exit status is 4. If several are named, everything "
        "that can be refused or must be asked is settled for all of them before the first one is "
        "touched.\n"
        "usbip://HOST[:PORT][/BUSID] is a board that a USB/IP server offers, on another computer or "
        "this one. PORT is 3240 if nothing else is said. Without BUSID it is the board there that "
        "fits, and fettle list --board usbip://HOST shows all of them.\n"
        "Virtual boards behave like real ones, to rehearse and to test with: --board "
        "sim:NAME[*COUNT][,OPTION...]");
    put_names_of_virtual_boards();
    cli_roff_section("QUESTIONS");
    cli_roff_text(
        "What a board can't tell and a file can't settle is asked, on a terminal, before anything "
        "is touched. Without a terminal, or with --no-input, the run ends with status 4 and names "
        "the option that answers.");
    cli_roff_section("OUTPUT");
    cli_roff_text(
        "Standard output has the data that a verb is for, and what --json and --events ask for. "
        "Standard error has the narration for people. Colours, bars and countdowns are for "
        "terminals only.\n"
        "The JSON objects have a schema number. Within one number members may be added, and none is "
        "removed or changes its type.");
    cli_roff_section("SIGNALS");
    cli_roff_text(
        "INT, TERM and HUP ask for a stop: the board is left so that the next run can go on, and the "
        "exit status is 130. A second INT ends at once. Ctrl-Z is refused while the memory of a "
        "board is being erased or written.");
    put_statuses();
    put_items("ENVIRONMENT", environment);
    put_items("FILES", files);
    put_examples(NULL);
    cli_roff_section("SEE ALSO");
    cli_roff_text("fettle-sim(1), dfu-util(1), lsusb(8), udev(7), usbip(8)");
    cli_roff_paragraph("README.md and docs/, in share/doc/fettle of an installation.");
}

/* ---- the page of a verb ---- */

static void put_verb(const cli_command *command)
{
    char line[LINE_ROOM];
    snprintf(line, sizeof line, "fettle-%s", command->name);
    cli_roff_begin(line, command->summary);
    cli_roff_section("SYNOPSIS");
    put_usage(command, true);
    cli_roff_section("DESCRIPTION");
    cli_roff_spell_sentence(line, sizeof line, command->summary);
    cli_roff_text(line);
    cli_roff_paragraph(command->details);
    cli_roff_section("OPTIONS");
    for (const cli_option *option = cli_options_table; option->name != NULL; option++) {
        if ((option->verbs & command->verb) != 0) {
            put_option(option);
        }
    }
    cli_roff_section("EXIT STATUS");
    cli_roff_text("0 when all went well. fettle(1) has the others.");
    put_examples(command);
    cli_roff_section("SEE ALSO");
    cli_roff_text((command->verb & CLI_VERBS_OF_BOARDS) != 0 ? "fettle(1), fettle-sim(1)"
                                                             : "fettle(1)");
}

/* ---- which page ---- */

bool cli_man_is_wanted(const char *words)
{
    return strcmp(words, "man") == 0 || strncmp(words, "man ", 4) == 0;
}

int cli_man(cli_call *call, const char *words)
{
    const char *name = words + strcspn(words, " ");
    name += *name == ' ' ? 1 : 0;
    if (name[0] == '\0') {
        put_all();
        return 0;
    }
    if (strcmp(name, "sim") == 0) {
        cli_man_sim();
        return 0;
    }
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            put_verb(command);
            return 0;
        }
    }
    fettle_error err;
    cli_fail_usage(&err, "there is no verb \"%s\"", name);
    return cli_call_refuse(call, &err);
}
