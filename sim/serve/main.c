/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fettle-sim: virtual boards for other programs. It reads its command line, makes a world in real
 * time with the boards that were named, and serves them until a signal comes: over USB/IP, to the
 * kernel that it runs on, or as serial lines:
 *
 *   desk.c                 the boards: who talks to which, and boards that leave
 *   door.c address.c       listening
 *   server.c               lists, imports
 *   plug.c vhci.c          plugging in, again and again; the kernel's ports
 *   import.c               one board that a host has: its transfers
 *   usbip.c                USB/IP as bytes
 *   ports.c                serial lines: a board, and one client after the other
 *   session.c              one client: bytes, settings and lines
 *   rfc2217.c              RFC 2217 as bytes
 *   pty.c pty_settings_*.c pseudo terminals
 *   commands.c             what somebody wants of the boards meanwhile
 */
#define _POSIX_C_SOURCE 200809L

#include "commands.h"
#include "desk.h"
#include "plug.h"
#include "ports.h"
#include "server.h"

#include "base/cancel.h"
#include "sim/internal.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1, /* by the system */
    EXIT_USAGE = 2,
    NAP_US = 20000, /* between two looks at the cancel token */
    MESSAGE_SIZE = 1024,
};

/* ---- the clock ---- */

static fettle_us clock_now(void *clock)
{
    struct timespec time = {0};
    (void)clock;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (fettle_us)time.tv_sec * 1000000 + (fettle_us)time.tv_nsec / 1000;
}

static fettle_outcome clock_wait(void *clock, fettle_us until, const fettle_cancel *cancel)
{
    for (;;) {
        fettle_us now = clock_now(clock);
        if (fettle_cancel_is_wanted(cancel)) {
            return (fettle_outcome){.kind = FETTLE_CANCELLED};
        }
        if (now >= until) {
            return (fettle_outcome){.kind = FETTLE_OK};
        }
        fettle_us us = until - now < NAP_US ? until - now : NAP_US;
        struct timespec nap = {.tv_sec = 0, .tv_nsec = (long)us * 1000};
        (void)nanosleep(&nap, NULL); /* whoever it wakes looks at the clock again */
    }
}

static const fettle_clock_ops real_time = {clock_now, clock_wait};

/* ---- signals ---- */

static fettle_cancel stop; /* of the server; any thread may be the one that a signal hits */

static void on_signal(int number)
{
    (void)number;
    fettle_cancel_want(&stop);
}

static void catch_signals(void)
{
    struct sigaction end = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&end.sa_mask);
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

/* ---- what is said ---- */

static int complain(const char *message, int status)
{
    fprintf(stderr, "fettle-sim: %s\n", message);
    if (status == EXIT_USAGE) {
        fprintf(stderr, "fettle-sim --help says more\n");
    }
    return status;
}

static int end_output(void)
{
    return fflush(stdout) == 0 && ferror(stdout) == 0
               ? EXIT_DONE
               : complain("cannot write to the standard output", EXIT_REFUSED);
}

static int help(void)
{
    printf(
        "usage: fettle-sim NAME[*COUNT][,OPTION...]... --plug [--commands]\n"
        "       fettle-sim NAME[*COUNT][,OPTION...]... --usbip HOST:PORT [--allow-remote] "
        "[--commands]\n"
        "       fettle-sim NAME[*COUNT][,OPTION...]... --pty[=LINK] [--commands]\n"
        "       fettle-sim NAME[*COUNT][,OPTION...]... --tcp HOST:PORT | --rfc2217 HOST:PORT\n"
        "                  [--allow-remote] [--commands]\n"
        "\n"
        "Virtual boards for other programs, in real time, until SIGINT or SIGTERM. The first one "
        "is\n"
        "1-1, the next 1-2, and so on.\n"
        "\n"
        "  --plug             plugs them into this Linux kernel, and again after each mode change;\n"
        "                     root only, with the module vhci-hcd\n"
        "  --usbip HOST:PORT  serves them over USB/IP 1.1.1 there; port 0 is any free one\n"
        "  --pty[=LINK]       serves serial lines, each as a pseudo terminal; LINK leads to the "
        "first\n"
        "                     one, LINK.2 to the next one\n"
        "  --tcp HOST:PORT    serves serial lines over TCP, bytes only; the next board is at the "
        "next\n"
        "                     port\n"
        "  --rfc2217 HOST:PORT  likewise, with rate, data bits, DTR and RTS\n"
        "  --allow-remote     HOST may be an address that other computers can reach\n"
        "  --commands         obeys the standard input, a command a line, each answered by a line,\n"
        "                     ok or no:\n"
        "                       plug BUSID [button]    replug BUSID [button]    unplug BUSID\n"
        "                       fault BUSID [FAULT]    show BUSID               line BUSID\n"
        "                       press BUSID [button|wire|unwire]\n"
        "  -h, --help         this text\n"
        "\n"
        "example: a Pytrack whose button somebody holds, plugged into this Linux:\n"
        "  sudo modprobe vhci-hcd\n"
        "  sudo fettle-sim pytrack,mode=dfu,window=off,flash=board.bin --plug &\n"
        "  sudo dfu-util -d 04d8:f014 -D pytrack.dfu\n"
        "\n"
        "example: the same for another computer, or another program with USB/IP:\n"
        "  fettle-sim pytrack,mode=dfu,window=off,flash=board.bin --usbip 127.0.0.1:3240 &\n"
        "  sudo modprobe vhci-hcd && sudo usbip attach -r 127.0.0.1 -b 1-1\n"
        "\n"
        "example: a Pytrack in its application, for fettle:\n"
        "  fettle-sim pytrack,person=helpful --usbip 127.0.0.1:3240 &\n"
        "  fettle update pytrack.dfu --board usbip://127.0.0.1/1-1 --revision 1 --wait=30\n"
        "\n"
        "example: an ESP32 on a serial line that has DTR and RTS:\n"
        "  fettle-sim esp32,flash=flash.bin --rfc2217 127.0.0.1:4000 &\n"
        "  fettle update app.bin --board rfc2217://127.0.0.1:4000\n"
        "\n"
        "exit status: 0 ended by a signal, 1 the system refused, 2 the command line is wrong\n"
        "\n"
        "boards:\n");
    for (const fettle_sim_kind *kind = fettle_sim_kinds(); kind->name != NULL; kind++) {
        printf("  %-14s %s\n", kind->name, kind->what);
    }
    printf("\n");
    const char *part;
    for (size_t i = 0; (part = fettle_sim_options_help(i)) != NULL; i++) {
        printf("%s\n", part);
    }
    printf(
        "\n"
        "Here person= is none if nothing else is said, and hears no question: helpful brings the "
        "board\n"
        "into update mode once, delay= after a host has first asked for it. timing=none isn't to "
        "be had.\n");
    return end_output();
}

static void show_board(const fettle_sim_desk *desk, size_t board)
{
    char busid[FETTLE_SIM_BUSID_SIZE];
    fettle_sim_desk_busid(board, busid);
    printf("%s %s\n", busid, fettle_sim_path(fettle_sim_desk_world(desk), board));
}

static int show(const fettle_sim_desk *desk)
{
    for (size_t i = 0; i < fettle_sim_desk_count(desk); i++) {
        show_board(desk, i);
    }
    return end_output();
}

/* ---- boards ---- */

/* With person=none right behind the name, where a person that is asked for comes later. */
static bool add_board(fettle_sim *sim, const char *spec, char *message, size_t size)
{
    static const char nobody[] = ",person=none";
    if (fettle_sim_wants_no_time(spec)) {
        snprintf(message, size,
                 "%s: others can't wait in no time: timing=none isn't to be had", spec);
        return false;
    }
    size_t name = strcspn(spec, ",");
    size_t room = strlen(spec) + sizeof nobody;
    char *whole = malloc(room);
    if (whole == NULL) {
        snprintf(message, size, "there is no memory for this board");
        return false;
    }
    snprintf(whole, room, "%.*s%s%s", (int)name, spec, nobody, spec + name);
    bool is_added = fettle_sim_add(sim, whole, message, size);
    free(whole);
    return is_added;
}

/* ---- the program ---- */

typedef struct command_line {
    const char *usbip, *tcp, *rfc2217, *link;
    bool allows_remote, plugs, has_pty, has_commands, wants_help;
} command_line;

/* The value of "NAME VALUE" or "NAME=VALUE" at `*at`; NULL: it is another one. */
static const char *value_of(char **argv, int *at, const char *name)
{
    size_t length = strlen(name);
    const char *argument = argv[*at];
    if (strncmp(argument, name, length) != 0) {
        return NULL;
    }
    if (argument[length] == '=') {
        return argument + length + 1;
    }
    if (argument[length] != '\0') {
        return NULL;
    }
    const char *next = argv[*at + 1];
    *at += next != NULL ? 1 : 0;
    return next != NULL ? next : "";
}

/* The options without a value; NULL: it is another one. */
static bool *flag_of(command_line *arguments, const char *argument)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {
        {"--allow-remote", &arguments->allows_remote},
        {"--plug", &arguments->plugs},
        {"--pty", &arguments->has_pty},
        {"--commands", &arguments->has_commands},
        {"--help", &arguments->wants_help},
        {"-h", &arguments->wants_help},
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(flags[i].name, argument) == 0) {
            return flags[i].flag;
        }
    }
    return NULL;
}

/* An option with a value: takes it, and what follows it. False: it is another one. */
static bool take_value(command_line *arguments, char **argv, int *at)
{
    static const char pty[] = "--pty=";
    const struct {
        const char *name;
        const char **value;
    } options[] = {
        {"--usbip", &arguments->usbip},
        {"--tcp", &arguments->tcp},
        {"--rfc2217", &arguments->rfc2217},
    };
    if (strncmp(argv[*at], pty, strlen(pty)) == 0) {
        arguments->has_pty = true;
        arguments->link = argv[*at] + strlen(pty);
        return true;
    }
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const char *value = value_of(argv, at, options[i].name);
        if (value != NULL) {
            *options[i].value = value;
            return true;
        }
    }
    return false;
}

/* Is each of the boards what `is_serial` says? Else a sentence. */
static bool suits(const fettle_sim *sim, bool is_serial, char *message, size_t size)
{
    for (size_t i = 0; i < fettle_sim_count(sim); i++) {
        fettle_serial_settings settings;
        if (is_serial && !fettle_sim_line(sim, i, &settings)) {
            snprintf(message, size, "%s has no serial line: --usbip and --plug are for it",
                     fettle_sim_path(sim, i));
            return false;
        }
        if (!is_serial && sim->boards[i]->model->esp != NULL) {
            snprintf(message, size,
                     "%s is only a serial line: --pty, --tcp and --rfc2217 are for it",
                     fettle_sim_path(sim, i));
            return false;
        }
    }
    return true;
}

/* Do the options go together, and with the boards? */
static int settle(const command_line *arguments, const fettle_sim *sim)
{
    char message[MESSAGE_SIZE];
    const bool ways[] = {arguments->plugs, arguments->usbip != NULL, arguments->has_pty,
                         arguments->tcp != NULL, arguments->rfc2217 != NULL};
    unsigned count = 0;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        count += ways[i] ? 1 : 0;
    }
    if (fettle_sim_count(sim) == 0) {
        return complain("no board is named: pytrack is one", EXIT_USAGE);
    }
    if (count == 0) {
        return complain("it isn't said where to serve: --usbip 127.0.0.1:3240, or --plug; "
                        "serial lines --pty, --tcp or --rfc2217 127.0.0.1:4000",
                        EXIT_USAGE);
    }
    if (count > 1) {
        return complain("of --plug, --usbip, --pty, --tcp and --rfc2217 only one goes at a "
                        "time",
                        EXIT_USAGE);
    }
    bool is_usb = arguments->plugs || arguments->usbip != NULL;
    if (!suits(sim, !is_usb, message, sizeof message)) {
        return complain(message, EXIT_USAGE);
    }
    return EXIT_DONE;
}

static int parse(command_line *arguments, fettle_sim *sim, int argc, char **argv)
{
    char message[MESSAGE_SIZE];
    for (int i = 1; i < argc; i++) {
        bool *flag = flag_of(arguments, argv[i]);
        if (flag != NULL) {
            *flag = true;
            if (arguments->wants_help) {
                return EXIT_DONE;
            }
        } else if (take_value(arguments, argv, &i)) {
            continue;
        } else if (argv[i][0] == '-') {
            snprintf(message, sizeof message, "option \"%s\" isn't known", argv[i]);
            return complain(message, EXIT_USAGE);
        } else if (!add_board(sim, argv[i], message, sizeof message)) {
            return complain(message, EXIT_USAGE);
        }
    }
    return settle(arguments, sim);
}

/* One round of what has to be looked at again and again; it waits for the next thing to do. */
static void tend(fettle_sim_desk *desk, fettle_sim_commands *commands,
                 fettle_sim_server *server)
{
    struct pollfd doors[] = {
        {.fd = fettle_sim_commands_input(commands), .events = POLLIN},
        {.fd = server != NULL ? fettle_sim_server_door(server) : -1, .events = POLLIN},
    };
    int ready = poll(doors, sizeof doors / sizeof doors[0], FETTLE_SIM_LOOK_MS);
    fettle_sim_commands_tend(commands);
    fettle_sim_desk_tend(desk);
    if (server != NULL) {
        fettle_sim_server_tend(server, ready > 0 && doors[1].revents != 0);
    }
}

static int serve_usbip(const command_line *arguments, fettle_sim_desk *desk,
                       fettle_sim_commands *commands)
{
    char message[MESSAGE_SIZE];
    bool is_bad_text;
    fettle_sim_server *server = fettle_sim_server_new(desk);
    if (server == NULL) {
        return complain("there is no memory for a server", EXIT_REFUSED);
    }
    int status;
    if (fettle_sim_server_listen(server, arguments->usbip, arguments->allows_remote,
                                 &is_bad_text, message, sizeof message)) {
        printf("listening on %s\n", fettle_sim_server_address(server));
        status = show(desk);
    } else {
        status = complain(message, is_bad_text ? EXIT_USAGE : EXIT_REFUSED);
    }
    while (status == EXIT_DONE && !fettle_cancel_is_wanted(&stop)) {
        tend(desk, commands, server);
    }
    fettle_sim_server_free(server);
    return status;
}

static int plug_in(fettle_sim_desk *desk, fettle_sim_commands *commands)
{
    char message[MESSAGE_SIZE];
    fettle_sim_plug *plug = fettle_sim_plug_new(desk, message, sizeof message);
    if (plug == NULL) {
        return complain(message, EXIT_REFUSED);
    }
    int status = show(desk);
    if (status == EXIT_DONE && !fettle_sim_plug_start(plug, message, sizeof message)) {
        status = complain(message, EXIT_REFUSED);
    }
    while (status == EXIT_DONE && !fettle_cancel_is_wanted(&stop)) {
        tend(desk, commands, NULL);
        if (fettle_sim_plug_has_failed(plug, message, sizeof message)) {
            status = complain(message, EXIT_REFUSED);
        }
    }
    fettle_sim_plug_free(plug);
    return status;
}

/* Gives the lines their places, and tells them. */
static int place_lines(const command_line *arguments, const fettle_sim_desk *desk,
                       fettle_sim_ports *ports)
{
    char message[MESSAGE_SIZE];
    bool is_bad_text;
    const char *where = arguments->tcp != NULL ? arguments->tcp : arguments->rfc2217;
    if (where == NULL) {
        bool has_memory =
            arguments->link == NULL || fettle_sim_ports_link(ports, arguments->link);
        return has_memory ? show(desk)
                          : complain("there is no memory for links", EXIT_REFUSED);
    }
    if (!fettle_sim_ports_listen(ports, where, arguments->allows_remote, &is_bad_text,
                                 message, sizeof message)) {
        return complain(message, is_bad_text ? EXIT_USAGE : EXIT_REFUSED);
    }
    for (size_t i = 0; i < fettle_sim_desk_count(desk); i++) {
        printf("listening on %s\n", fettle_sim_ports_address(ports, i));
        show_board(desk, i);
    }
    return end_output();
}

static int serve_lines(const command_line *arguments, fettle_sim_desk *desk,
                       fettle_sim_commands *commands)
{
    char message[MESSAGE_SIZE];
    fettle_sim_way way = arguments->has_pty       ? FETTLE_SIM_PTY
                         : arguments->tcp != NULL ? FETTLE_SIM_TCP
                                                  : FETTLE_SIM_RFC2217;
    fettle_sim_ports *ports = fettle_sim_ports_new(desk, way);
    if (ports == NULL) {
        return complain("there is no memory for serial lines", EXIT_REFUSED);
    }
    int status = place_lines(arguments, desk, ports);
    if (status == EXIT_DONE && !fettle_sim_ports_start(ports, message, sizeof message)) {
        status = complain(message, EXIT_REFUSED);
    }
    while (status == EXIT_DONE && !fettle_cancel_is_wanted(&stop)) {
        tend(desk, commands, NULL);
        if (fettle_sim_ports_has_failed(ports, message, sizeof message)) {
            status = complain(message, EXIT_REFUSED);
        }
    }
    fettle_sim_ports_free(ports);
    return status;
}

static int serve(const command_line *arguments, fettle_sim *sim)
{
    fettle_sim_commands commands;
    fettle_sim_desk *desk = fettle_sim_desk_new(sim);
    if (desk == NULL) {
        return complain("there is no memory for a desk", EXIT_REFUSED);
    }
    fettle_sim_commands_init(&commands, desk, arguments->has_commands ? STDIN_FILENO : -1);
    int status = arguments->plugs           ? plug_in(desk, &commands)
                 : arguments->usbip != NULL ? serve_usbip(arguments, desk, &commands)
                                            : serve_lines(arguments, desk, &commands);
    fettle_sim_desk_free(desk);
    return status;
}

int main(int argc, char **argv)
{
    command_line arguments = {0};
    catch_signals();
    fettle_sim *sim = fettle_sim_new(&real_time, NULL);
    if (sim == NULL) {
        return complain("there is no memory for a world of boards", EXIT_REFUSED);
    }
    int status = parse(&arguments, sim, argc, argv);
    if (status == EXIT_DONE) {
        status = arguments.wants_help ? help() : serve(&arguments, sim);
    }
    fettle_sim_free(sim);
    return status;
}
