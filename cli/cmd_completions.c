/* SPDX-License-Identifier: Apache-2.0 */
/* `fettle completions`, and what its three scripts share: reading the tables, and lists of them. */
#include "call.h"
#include "completions.h"
#include "failure.h"

#include <string.h>

/* ---- what the tables say ---- */

static cli_meaning meaning_of(const char *word, size_t size)
{
    static const struct {
        const char *word;
        cli_meaning meaning;
    } table[] = {
        {"FILE", CLI_MEANS_FILES},      {"DIR", CLI_MEANS_FOLDERS},
        {"SELECTOR", CLI_MEANS_BOARDS}, {"VERB", CLI_MEANS_VERBS},
        {"SLUG", CLI_MEANS_FAILURES},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strlen(table[i].word) == size && strncmp(table[i].word, word, size) == 0) {
            return table[i].meaning;
        }
    }
    return word[0] >= 'a' && word[0] <= 'z' ? CLI_MEANS_ITSELF : CLI_MEANS_ANYTHING;
}

bool cli_script_next_word(const char **at, cli_word *next)
{
    do {
        *at += strspn(*at, " |[");
        next->text = *at;
        next->size = strcspn(*at, " |]");
        *at += strcspn(*at, "|"); /* "--board SELECTOR" is one alternative */
    } while (next->text[0] == '-');
    next->meaning = meaning_of(next->text, next->size);
    return next->size > 0;
}

cli_meaning cli_script_meaning(const cli_option *option)
{
    return meaning_of(option->value_name, strlen(option->value_name));
}

/* A board can be named often, and more can be said more than once. */
bool cli_script_may_repeat(const cli_option *option)
{
    return option->id == CLI_OPTION_BOARD || option->id == CLI_OPTION_VERBOSE;
}

bool cli_script_has_operand(const cli_command *command)
{
    const char *at = command->usage;
    cli_word first;
    return cli_script_next_word(&at, &first);
}

/* ---- writing ---- */

void cli_script_put(const char *text)
{
    fputs(text, stdout);
}

void cli_script_put_marked(const char *text, size_t size, const char *special)
{
    for (size_t i = 0; i < size; i++) {
        if (strchr(special, text[i]) != NULL) {
            fputc('\\', stdout);
        }
        fputc(text[i], stdout);
    }
}

size_t cli_script_brief_size(const char *help)
{
    size_t size = strcspn(help, ":;");
    while (help[size] != '\0' && help[size + 1] != ' ') {
        size += 1 + strcspn(help + size + 1, ":;");
    }
    return size;
}

void cli_script_put_verbs(const char *separator)
{
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        printf("%s%s", command == cli_commands ? "" : separator, command->name);
    }
}

void cli_script_put_failures(void)
{
    for (int i = 1; i < FETTLE_E_COUNT; i++) {
        printf("%s%s", i == 1 ? "" : " ", fettle_code_slug((fettle_code)i));
    }
    for (int i = 1; i < FETTLE_NOTE_COUNT; i++) {
        printf(" %s", fettle_note_slug((fettle_note_code)i));
    }
}

void cli_script_put_literals(const char *list)
{
    cli_word next;
    bool is_first = true;
    while (cli_script_next_word(&list, &next)) {
        if (next.meaning == CLI_MEANS_ITSELF) {
            printf("%s%.*s", is_first ? "" : " ", (int)next.size, next.text);
            is_first = false;
        }
    }
}

void cli_script_put_options_with_value(const char *separator)
{
    bool is_first = true;
    for (const cli_option *option = cli_options_table; option->name != NULL; option++) {
        if (option->value == CLI_VALUE_NEEDED) {
            printf("%s%s", is_first ? "" : separator, option->name);
            is_first = false;
        }
    }
}

/* ---- which one ---- */

int cli_completions(cli_call *call)
{
    static const struct {
        const char *name;
        void (*write)(void);
    } shells[] = {{"bash", cli_completions_write_bash},
                  {"zsh", cli_completions_write_zsh},
                  {"fish", cli_completions_write_fish}};
    const char *shell = call->args->words;
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].write();
            return 0;
        }
    }
    fettle_error err;
    if (shell[0] == '\0') {
        cli_fail_usage(&err, "completions needs the name of a shell: bash, zsh or fish");
    } else {
        cli_fail_usage(&err, "completions are there for bash, zsh and fish, not for \"%s\"",
                       shell);
    }
    return cli_call_refuse(call, &err);
}
