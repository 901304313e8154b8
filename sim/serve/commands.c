/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every command is a row: its name, how it is written, and what carries it out. Words are divided by
 * blanks. What isn't understood is answered, and changes nothing.
 */
#define _POSIX_C_SOURCE 200809L

#include "commands.h"

#include "sim/internal.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WORDS_MAX = 3 };

typedef struct command {
    fettle_sim *sim;
    size_t board;
    const char *busid;
    const char *argument; /* "" if there is none */
} command;

/* ---- what they do ---- */

static void say(const char *text)
{
    printf("%s\n", text);
}

/* "button", or nothing. */
static bool take_button(const command *its, bool *with_button)
{
    *with_button = strcmp(its->argument, "button") == 0;
    if (!*with_button && its->argument[0] != '\0') {
        printf("no: \"%s\" isn't known here; button is\n", its->argument);
        return false;
    }
    return true;
}

static void plug(const command *its)
{
    bool with_button;
    if (!take_button(its, &with_button)) {
        return;
    }
    if (fettle_sim_is_plugged(its->sim, its->board)) {
        printf("no: %s is plugged in\n", its->busid);
        return;
    }
    fettle_sim_do(its->sim, its->board,
                  with_button ? FETTLE_SIM_PLUG_WITH_BUTTON : FETTLE_SIM_PLUG, 0);
    say("ok");
}

static void unplug(const command *its)
{
    if (!fettle_sim_is_plugged(its->sim, its->board)) {
        printf("no: %s isn't plugged in\n", its->busid);
        return;
    }
    fettle_sim_do(its->sim, its->board, FETTLE_SIM_UNPLUG, 0);
    say("ok");
}

static void replug(const command *its)
{
    bool with_button;
    if (!take_button(its, &with_button)) {
        return;
    }
    fettle_sim_do(its->sim, its->board,
                  with_button ? FETTLE_SIM_REPLUG_WITH_BUTTON : FETTLE_SIM_REPLUG, 0);
    say("ok");
}

/* "wire" or "unwire", before the reset of a module is pressed. */
static bool press_with_wire(const command *its)
{
    bool is_wire = strcmp(its->argument, "wire") == 0;
    if (!is_wire && strcmp(its->argument, "unwire") != 0) {
        return false;
    }
    if (its->sim->boards[its->board]->model->module == NULL) {
        printf("no: %s has no module to be wired\n", its->busid);
        return true;
    }
    fettle_sim_do(its->sim, its->board,
                  is_wire ? FETTLE_SIM_WIRE_AND_RESET : FETTLE_SIM_UNWIRE_AND_RESET, 0);
    say("ok");
    return true;
}

/* The reset button, which only ESP boards and modules have; "button" is a board's BOOT, held meanwhile. */
static void press(const command *its)
{
    bool with_button;
    if (press_with_wire(its) || !take_button(its, &with_button)) {
        return;
    }
    if (its->sim->boards[its->board]->esp == NULL) {
        printf("no: %s has no reset button\n", its->busid);
        return;
    }
    fettle_sim_do(its->sim, its->board,
                  with_button ? FETTLE_SIM_PRESS_RESET_WITH_BUTTON : FETTLE_SIM_PRESS_RESET,
                  0);
    say("ok");
}

static void set_fault(const command *its)
{
    char message[1024];
    fettle_sim_fault parsed;
    if (its->argument[0] != '\0' &&
        !fettle_sim_fault_parse(its->argument, strlen(its->argument), &parsed, message,
                                sizeof message)) {
        printf("no: %s\n", message);
        return;
    }
    (void)fettle_sim_set_fault(its->sim, its->board, its->argument);
    say("ok");
}

static void show(const command *its)
{
    static const char *const modes[] = {
        [FETTLE_SIM_SHOWS_NOTHING] = "nothing",
        [FETTLE_SIM_SHOWS_APP] = "app",
        [FETTLE_SIM_SHOWS_UPDATE] = "update",
    };
    fettle_sight sight;
    fettle_sim_shows shows;
    do { /* it may come or go between two looks: they have to agree */
        shows = fettle_sim_showing(its->sim, its->board);
        if (!fettle_sim_look_at(its->sim, its->board, &sight)) {
            sight.id = (fettle_usb_id){0, 0};
        }
    } while (shows != fettle_sim_showing(its->sim, its->board));
    bool is_bootable = fettle_sim_is_bootable(its->sim, its->board);
    printf("ok %s %04x:%04x %s\n", modes[shows], (unsigned)sight.id.vendor,
           (unsigned)sight.id.product, is_bootable ? "bootable" : "not-bootable");
}

static void show_line(const command *its)
{
    fettle_serial_settings line;
    if (!fettle_sim_line(its->sim, its->board, &line)) {
        printf("no: %s has no serial line\n", its->busid);
        return;
    }
    printf("ok %lu %u dtr=%d rts=%d\n", (unsigned long)line.baud, (unsigned)line.data_bits,
           line.dtr ? 1 : 0, line.rts ? 1 : 0);
}

static const struct {
    const char *name, *form;
    bool has_argument;
    void (*obey)(const command *its);
} rows[] = {
    {"plug", "plug BUSID [button]", true, plug},
    {"unplug", "unplug BUSID", false, unplug},
    {"replug", "replug BUSID [button]", true, replug},
    {"press", "press BUSID [button|wire|unwire]", true, press},
    {"fault", "fault BUSID [FAULT]", true, set_fault},
    {"show", "show BUSID", false, show},
    {"line", "line BUSID", false, show_line},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

/* ---- lines ---- */

/* Divides the line at its blanks; how many words it has, at most one more than a command may. */
static size_t divide(char *line, char *words[WORDS_MAX + 1])
{
    size_t count = 0;
    while (count <= WORDS_MAX) {
        line += strspn(line, " \t\r");
        if (*line == '\0') {
            break;
        }
        words[count++] = line;
        line += strcspn(line, " \t\r");
        if (*line != '\0') {
            *line++ = '\0';
        }
    }
    return count;
}

static void refuse_name(void)
{
    printf("no: that is no command; these are:");
    for (size_t i = 0; i < ROW_COUNT; i++) {
        printf("%s %s", i == 0 ? "" : ",", rows[i].form);
    }
    printf("\n");
}

static void obey(const fettle_sim_commands *commands, char *line)
{
    char *words[WORDS_MAX + 1];
    size_t count = divide(line, words);
    size_t row = 0;
    while (row < ROW_COUNT && (count == 0 || strcmp(words[0], rows[row].name) != 0)) {
        row++;
    }
    if (row == ROW_COUNT) {
        refuse_name();
        return;
    }
    if (count < 2 || count > (rows[row].has_argument ? 3 : 2)) {
        printf("no: it is written %s\n", rows[row].form);
        return;
    }
    command its = {
        .sim = fettle_sim_desk_world(commands->desk),
        .board = fettle_sim_desk_find(commands->desk, words[1]),
        .busid = words[1],
        .argument = count == 3 ? words[2] : "",
    };
    if (its.board == fettle_sim_desk_count(commands->desk)) {
        printf("no: there is no board %s\n", words[1]);
        return;
    }
    rows[row].obey(&its);
}

/* Answers are read by programs, which take a line for a line. */
static bool is_text(const char *line, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool is_blank = line[i] == '\t' || line[i] == '\r';
        if (!is_blank && (line[i] < ' ' || line[i] > '~')) {
            return false;
        }
    }
    return true;
}

/* Other threads print lines as well: an answer is one, whatever it is put together from. */
static void end_line(fettle_sim_commands *commands)
{
    flockfile(stdout);
    if (commands->is_too_long) {
        printf("no: a command has at most %d bytes\n", FETTLE_SIM_COMMAND_SIZE - 1);
    } else if (!is_text(commands->line, commands->size)) {
        say("no: that is no text");
    } else {
        commands->line[commands->size] = '\0';
        obey(commands, commands->line);
    }
    (void)fflush(stdout);
    funlockfile(stdout);
    commands->size = 0;
    commands->is_too_long = false;
}

static void take(fettle_sim_commands *commands, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            end_line(commands);
        } else if (commands->size + 1 < sizeof commands->line) {
            commands->line[commands->size++] = bytes[i];
        } else {
            commands->is_too_long = true;
        }
    }
}

/* ---- input ---- */

void fettle_sim_commands_init(fettle_sim_commands *commands, const fettle_sim_desk *desk,
                              int input)
{
    *commands = (fettle_sim_commands){.desk = desk, .input = input};
}

int fettle_sim_commands_input(const fettle_sim_commands *commands)
{
    return commands->is_at_end ? -1 : commands->input;
}

void fettle_sim_commands_tend(fettle_sim_commands *commands)
{
    char bytes[FETTLE_SIM_COMMAND_SIZE];
    struct pollfd input = {.fd = commands->input, .events = POLLIN};
    if (commands->input < 0 || poll(&input, 1, 0) <= 0) {
        return;
    }
    ssize_t count = read(commands->input, bytes, sizeof bytes);
    commands->is_at_end = count <= 0;
    if (count > 0) {
        take(commands, bytes, (size_t)count);
    } else if (commands->size > 0 || commands->is_too_long) {
        end_line(commands); /* its writer has gone; the next one begins anew */
    }
}
