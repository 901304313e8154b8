/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fettle-sim(1). The program itself is in sim/serve; boards and their options are those of this
 * program's --board sim:..., and come from the same tables. docs/virtual-boards.md says more.
 */
#include "man.h"

#include "roff.h"

#include <string.h>

enum {
    LINE_ROOM = 1024,
};

typedef struct item {
    const char *term, *text;
} item;

static const item options[] = {
    {"--plug",
     "Plug the boards into this Linux kernel, which takes them for boards on a cable, and again "
     "after each mode change. That needs root, and the module vhci-hcd."},
    {"--usbip HOST:PORT",
     "Serve the boards over USB/IP 1.1.1 there. HOST is an IPv4 address, an IPv6 address in "
     "brackets, or localhost; port 0 is any free one."},
    {"--pty[=LINK]",
     "Serve serial lines, each as a pseudo terminal, which carries bytes and the rate. LINK is a "
     "symbolic link to the first one, LINK.2 to the next one; they are made, and removed in the "
     "end."},
    {"--tcp HOST:PORT",
     "Serve serial lines over TCP, bytes only; the next board is at the next port, or with port 0 "
     "at another free one."},
    {"--rfc2217 HOST:PORT",
     "Serve serial lines over Telnet with RFC 2217: with rate, data bits, DTR and RTS."},
    {"--allow-remote",
     "HOST may be an address that other computers can reach. Whoever reaches it may do to the "
     "boards what they like."},
    {"--commands", "Obey the standard input; see COMMANDS."},
    {"-h, --help", "Show the options, and the boards."},
    {NULL, NULL},
};

static const item commands[] = {
    {"plug BUSID [button]", "Plug the board in; with its update button held."},
    {"unplug BUSID", "Unplug it."},
    {"replug BUSID [button]", "Unplug it, and plug it in 0.3 s later."},
    {"press BUSID [button|wire|unwire]",
     "Press the reset button of an ESP board or a module; with its BOOT button held; after "
     "wiring the module's G23 to ground, or taking that wire off."},
    {"fault BUSID [FAULT]",
     "Give it this fault, as in fault=, instead of all that it has; without FAULT none."},
    {"show BUSID",
     "Say whether it shows its application (app), update mode (update) or nothing, its ids, and "
     "whether its application would start (bootable, not-bootable)."},
    {"line BUSID", "Say what its serial line was last told: baud, data bits, DTR, RTS."},
    {NULL, NULL},
};

static const item statuses[] = {
    {"0", "Ended by a signal."},
    {"1", "The system refused something."},
    {"2", "The command line is wrong."},
    {NULL, NULL},
};

static void put_items(const item *items)
{
    for (; items->term != NULL; items++) {
        cli_roff_item(items->term, items->text);
    }
}

/* ---- the list of options, as --help has it ---- */

/* "  delay=MS      how long that person takes", and its further lines, which begin with six spaces. */
static const char *put_setting(const char *line)
{
    char term[128], text[LINE_ROOM] = "", part[128];
    const char *gap = strstr(line + 2, "  ");
    snprintf(term, sizeof term, "%.*s", (int)(gap - line - 2), line + 2);
    do {
        line = gap + strspn(gap, " ");
        size_t size = strcspn(line, "\n");
        snprintf(part, sizeof part, "%s%.*s", text[0] != '\0' ? " " : "", (int)size, line);
        cli_text_append(text, sizeof text, part);
        gap = line + size + (line[size] == '\n' ? 1 : 0);
    } while (strncmp(gap, "      ", 6) == 0);
    char sentence[LINE_ROOM];
    cli_roff_spell_sentence(sentence, sizeof sentence, text);
    cli_roff_item(term, sentence);
    return gap;
}

static bool is_setting(const char *line)
{
    if (strncmp(line, "  ", 2) != 0) {
        return false;
    }
    const char *gap = strstr(line + 2, "  ");
    return gap != NULL && gap < line + strcspn(line, "\n");
}

static void put_settings(const char *line)
{
    while (*line != '\0') {
        if (is_setting(line)) {
            line = put_setting(line);
            continue;
        }
        char words[LINE_ROOM], sentence[LINE_ROOM];
        size_t size = strcspn(line, "\n");
        bool is_title = size > 0 && line[size - 1] == ':';
        snprintf(words, sizeof words, "%.*s", (int)(is_title ? size - 1 : size), line);
        cli_roff_spell_sentence(sentence, sizeof sentence, words);
        if (is_title) {
            sentence[strlen(sentence) - 1] = '\0';
            cli_roff_subsection(sentence);
        } else {
            cli_roff_paragraph(sentence);
        }
        line += size + (line[size] == '\n' ? 1 : 0);
    }
}

static void put_boards(void)
{
    cli_roff_section("BOARDS");
    for (const fettle_sim_kind *kind = fettle_sim_kinds(); kind->name != NULL; kind++) {
        char sentence[LINE_ROOM];
        cli_roff_spell_sentence(sentence, sizeof sentence, kind->what);
        cli_roff_item_of_name(kind->name, sentence);
    }
    cli_roff_paragraph(
        "NAME*COUNT is so many of them. With flash= and log= the files of the second one have .2 "
        "behind the name, and so on.");
}

/* ---- the page ---- */

static void put_differences(void)
{
    cli_roff_subsection("What is different here");
    cli_roff_text(
        "timing=none isn't to be had. Nobody is in front of a board unless person= says so, and that "
        "person hears no question: helpful brings the board into update mode once, delay= after a "
        "host has first asked to import it, after it was first plugged in with --plug, or after the "
        "first client of a serial line has come. A board with mode=unplugged is plugged in so after "
        "somebody has first looked at the list, without --usbip at once.");
    cli_roff_subsection("Serial lines");
    cli_roff_text(
        "ESP boards have one, and shields in their application. Clients come one at a time; the next "
        "one waits until the last one has left, and until a board that is away is back. When a board "
        "leaves, its connection is closed, or its pseudo terminal hangs up; what comes in its place is "
        "another one under the same LINK. A pseudo terminal has neither DTR nor RTS, and on Linux "
        "always eight data bits.");
}

static void put_examples(void)
{
    cli_roff_section("EXAMPLES");
    cli_roff_text("A Pytrack whose button somebody holds, plugged into this Linux:");
    cli_roff_code("sudo modprobe vhci-hcd\n"
                  "sudo fettle-sim pytrack,mode=dfu,window=off,flash=board.bin --plug &\n"
                  "sudo dfu-util -d 04d8:f014 -D pytrack.dfu");
    cli_roff_paragraph("The same for another computer, or another program with USB/IP:");
    cli_roff_code(
        "fettle-sim pytrack,mode=dfu,window=off,flash=board.bin --usbip 127.0.0.1:3240 &\n"
        "sudo modprobe vhci-hcd\n"
        "sudo usbip attach -r 127.0.0.1 -b 1-1");
    cli_roff_paragraph(
        "A Pytrack in its application, for fettle(1), which needs neither root nor vhci-hcd:");
    cli_roff_code(
        "fettle-sim pytrack,person=helpful --usbip 127.0.0.1:3240 &\n"
        "fettle update pytrack.dfu --board usbip://127.0.0.1/1-1 --revision 1 --wait=30");
    cli_roff_paragraph("An ESP32 on a serial line that has DTR and RTS:");
    cli_roff_code("fettle-sim esp32,flash=flash.bin --rfc2217 127.0.0.1:4000 &\n"
                  "fettle update app.bin --board rfc2217://127.0.0.1:4000");
}

void cli_man_sim(void)
{
    cli_roff_begin("fettle-sim", "virtual boards for other programs");
    cli_roff_section("SYNOPSIS");
    cli_roff_synopsis("fettle-sim NAME[*COUNT][,OPTION...]... --plug [--commands]", true);
    cli_roff_synopsis(
        "fettle-sim NAME[*COUNT][,OPTION...]... --usbip HOST:PORT [--allow-remote] [--commands]",
        false);
    cli_roff_synopsis("fettle-sim NAME[*COUNT][,OPTION...]... --pty[=LINK] [--commands]",
                      false);
    cli_roff_synopsis("fettle-sim NAME[*COUNT][,OPTION...]... --tcp HOST:PORT | "
                      "--rfc2217 HOST:PORT [--allow-remote] [--commands]",
                      false);
    cli_roff_section("DESCRIPTION");
    cli_roff_text(
        "fettle-sim makes development boards that aren't there: USB devices and serial lines for "
        "dfu-util(1), lsusb(8), drivers, or a program under test. They leave the bus and come back, need their button "
        "pressed, take their time, and can be given faults. They live in real time, until SIGINT or "
        "SIGTERM.\n"
        "fettle(1) has the same boards inside, as --board sim:NAME; it needs no fettle-sim for them.");
    cli_roff_section("OPTIONS");
    put_items(options);
    put_boards();
    const char *part;
    for (size_t i = 0; (part = fettle_sim_options_help(i)) != NULL; i++) {
        put_settings(part);
    }
    put_differences();
    cli_roff_section("OUTPUT");
    cli_roff_text(
        "With --usbip first \"listening on HOST:PORT\", with the port it got; with --tcp and --rfc2217 "
        "before each board. Then a line for each board: its busid and its name. The first board is 1-1, "
        "the next 1-2, and so on. With --plug each coming and going is a line from then on, with the "
        "kernel's number of the port and the ids of the board, with --pty with the path of the pseudo "
        "terminal:");
    cli_roff_code("1-1 sim:pytrack\n"
                  "plugged 1-1 vhci 0 04d8:f013\n"
                  "left 1-1\n"
                  "plugged 1-1 vhci 0 04d8:f014");
    cli_roff_code("plugged 1-1 pty /dev/pts/3");
    cli_roff_paragraph("What a board was asked is told by log=FILE.");
    cli_roff_section("COMMANDS");
    cli_roff_text(
        "With --commands each line of the standard input is one, and is answered by a line, in the same "
        "order: ok, or no: and a sentence. What follows from a command takes its time; show tells. The "
        "end of the input ends nothing.");
    put_items(commands);
    cli_roff_section("EXIT STATUS");
    put_items(statuses);
    put_examples();
    cli_roff_section("SEE ALSO");
    cli_roff_text("fettle(1), usbip(8), dfu-util(1)");
}
