/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of verbs and options; see commands.h. A new verb is a row here and a file cmd_VERB.c,
 * a new option a row here, its field in args.h and its line in args.c.
 */
#include "commands.h"

#include <stddef.h>

const cli_command cli_commands[] = {
    {
        .name = "list",
        .verb = CLI_VERB_LIST,
        .operand = CLI_OPERAND_NONE,
        .usage = "",
        .summary = "show the boards that are there, their state, and what to do next",
        .details =
            "fettle alone is the same. With --watch a line is printed whenever a board comes or "
            "goes, until Ctrl-C, or for as long as --wait=SECONDS says.\n"
            "With --board only boards that it names are shown. Devices without anything that "
            "fettle could update are left out, unless --all is given.",
        .example = "fettle list --board sim:pytrack",
        .run = cli_list,
    },
    {
        .name = "update",
        .verb = CLI_VERB_UPDATE,
        .operand = CLI_OPERAND_FILES,
        .usage = "FILE [FILE...]",
        .summary = "put a firmware file on a board and prove that it is there",
        .details =
            "Finds the board that the file is made for, or takes the one that --board names; brings it "
            "into update mode, or says which button to press and waits; compares, writes what "
            "differs, reads it back, and starts the application. Can be stopped at any time and run "
            "again: it goes on from where it was.\n"
            "On a terminal fettle update FILE is enough, with the board plugged in or not. A script "
            "adds --revision where the board has several, and --wait=SECONDS where somebody has to "
            "press a button.\n"
            "FILE is raw firmware, a .dfu file with a suffix, a DfuSe file or Intel HEX; - is standard "
            "input. For boards whose memory has addresses (DfuSe) a raw file goes to the beginning of the "
            "main memory, or where FILE@ADDRESS or --address says. For ESP boards FILE@PARTITION names a partition; an "
            "application, a bootloader and a table find their places. Several files are one update. Pages "
            "that are right already are neither erased nor written, and what else is in a page that a "
            "file covers in part stays there. A module's file system is only lost to another layout of its flash "
            "after a question.",
        .example = "fettle update pytrack.dfu --board sim:pytrack --revision 1",
        .run = cli_update,
    },
    {
        .name = "read",
        .verb = CLI_VERB_READ,
        .operand = CLI_OPERAND_FILE,
        .usage = "FILE",
        .summary = "read a board's memory into a file",
        .details =
            "It takes one board. The file gets its name only when it is whole; one that is there already is never "
            "written over without --overwrite. FILE may be - for standard output.\n"
            "It is raw bytes. Of boards whose memory has addresses (DfuSe) it is the main memory, from its "
            "beginning; --memory, --address and --length name another part.",
        .example = "fettle read saved.bin --board sim:pytrack --revision 1",
        .run = cli_read,
    },
    {
        .name = "verify",
        .verb = CLI_VERB_VERIFY,
        .operand = CLI_OPERAND_FILES,
        .usage = "FILE [FILE...]",
        .summary = "compare a board's memory with a file, and change nothing",
        .details =
            "Exit status 0: every byte is the same; 11: something differs, and the message names "
            "the first place. FILE is what update takes, also FILE@ADDRESS and several of them; only "
            "addresses that they have content for are compared.",
        .example = "fettle verify pytrack.dfu --board sim:pytrack --revision 1",
        .run = cli_verify,
    },
    {
        .name = "erase",
        .verb = CLI_VERB_ERASE,
        .operand = CLI_OPERAND_NONE,
        .usage = "",
        .summary = "erase a board's memory, or a part of it",
        .details =
            "For DfuSe boards (STM32 and its relatives), ESP boards and modules. Without --address and "
            "--length it is the whole memory; with them, every page that holds one of those bytes, whole. "
            "Of a module the config block with its ids and keys stays, unless --including-credentials is "
            "given. It says what will be lost and asks first; --yes is the answer where nobody can be "
            "asked. Afterwards the memory is read or hashed, where that is possible, to see that it is "
            "blank. The board stays in update mode.",
        .example =
            "fettle erase --board sim:stm32f4 --address 0x08004000 --length 16384 --yes",
        .run = cli_erase,
    },
    {
        .name = "backup",
        .verb = CLI_VERB_BACKUP,
        .operand = CLI_OPERAND_MAY_FILE,
        .usage = "[FILE]",
        .summary = "copy all of a board's flash into a file, to be restored some day",
        .details =
            "Without FILE, or with a folder for it, the copy is named by the board's MAC: 240ac4000001.bin. "
            "Beside it FILE.sha256 is written, which sha256sum -c reads, too. Both get their names only when "
            "they are whole; a file that is there already is never written over without --overwrite.\n"
            "It takes one board. Of a shield with a module the module is copied. Of a board with a DFU loader it is the main "
            "memory. What is in the copy is said, without secrets; but they are in it, so it is for nobody "
            "else.",
        .example = "fettle backup saved.bin --board sim:lopy4+pytrack",
        .run = cli_backup,
    },
    {
        .name = "restore",
        .verb = CLI_VERB_RESTORE,
        .operand = CLI_OPERAND_FILE,
        .usage = "FILE",
        .summary = "put a backup back on a board and prove that it is there",
        .details =
            "It takes one board. FILE is what backup has written; what FILE.sha256 says of it must be right. All of the flash "
            "becomes what it was: what differs is written, and proven. If that is cut off, the same command "
            "goes on from there.\n"
            "The MAC of the board that it was made of is the beginning of the file's name, or what --mac says. "
            "On any other board, and where nobody knows the MAC, fettle asks first. A module that has ids and "
            "keys of its own keeps them then; what was there is saved before, in the state folder. It asks, too, "
            "where a module's own backup has other ids and keys than are on it.\n"
            "The files backups/MAC/config.bin and config-HASH.bin of the state folder are restored the same way: ids, "
            "keys and settings of a module, and nothing else. Files that the maker's own tool has made are taken as "
            "well: MAC-all.bin, and MAC.cb.",
        .example = "fettle restore saved.bin --mac 240ac434c0de --board sim:lopy4+pytrack",
        .run = cli_restore,
    },
    {
        .name = cli_vendor_name,
        .verb = CLI_VERB_VENDOR,
        .operand = CLI_OPERAND_WORDS,
        .usage = "region [REGION]",
        .summary = "show or set the LoRa region of a module",
        .details =
            "Alone it shows which region is set, and whether this module has LoRa as far as anybody knows. "
            "With REGION (EU868, US915, AU915, AS923, IN865, ...), or with --country, it is set, and nothing "
            "else is changed; the config block is saved before. The module starts again afterwards.",
        .example = cli_vendor_example,
        .run = cli_vendor,
    },
    {
        .name = "reset",
        .verb = CLI_VERB_RESET,
        .operand = CLI_OPERAND_NONE,
        .usage = "",
        .summary = "restart a board, into its application or into update mode",
        .details = "Where the board can't do it by itself, fettle says what to press.",
        .example = "fettle reset --to=dfu --board sim:pytrack",
        .run = cli_reset,
    },
    {
        .name = "info",
        .verb = CLI_VERB_INFO,
        .operand = CLI_OPERAND_MAY_FILES,
        .usage = "FILE [FILE...] | --board SELECTOR",
        .summary = "say what a file is and which boards it fits, or what a board is",
        .details =
            "A file: format, size, SHA-256, where its content goes, what its suffix and prefix say, and "
            "the known boards it is made for. FILE@ADDRESS is a file without addresses at one; several "
            "files are shown as the one image that they make.\n"
            "A board: its memories, sizes and versions, and for DfuSe boards a map of their pages with what "
            "may be done to them. It may have to be restarted in update mode to be asked.",
        .example = "fettle info pytrack.dfu",
        .run = cli_info,
    },
    {
        .name = "explain",
        .verb = CLI_VERB_EXPLAIN,
        .operand = CLI_OPERAND_WORDS,
        .usage = "[SLUG | TEXT]",
        .summary = "explain a failure: what it means, why it comes and what cures it",
        .details =
            "Alone it lists all of them. Instead of one of fettle's own names it takes a message "
            "of another program, too, such as \"Error sending completion packet\".",
        .example = "fettle explain usb-permission",
        .run = cli_explain,
    },
    {
        .name = "udev-rules",
        .verb = CLI_VERB_UDEV_RULES,
        .operand = CLI_OPERAND_NONE,
        .usage = "",
        .summary = "print or install the udev rule that lets you open boards without root",
        .details =
            "On Linux the system gives USB devices to root only, unless a rule says otherwise. This one "
            "lets the person at the screen and the members of the group plugdev open the boards that "
            "fettle knows, and whatever is in DFU mode.\n"
            "sudo fettle udev-rules --install writes it to /etc/udev/rules.d/60-fettle.rules, and udev "
            "obeys it at once; what came of it is shown for each board that is plugged in. To take it "
            "back, remove that file.",
        .example = "fettle udev-rules",
        .run = cli_udev_rules,
    },
    {
        .name = "help",
        .verb = CLI_VERB_HELP,
        .operand = CLI_OPERAND_WORDS,
        .usage = "[VERB | sim | man]",
        .summary = "show what can be typed, what a verb takes, or the virtual boards",
        .details =
            "fettle help man writes the manual page fettle(1), with a verb behind it the page of that "
            "verb, with sim fettle-sim(1). To read one that isn't installed: fettle help man update | "
            "man -l -",
        .example = "fettle help update",
        .run = cli_help,
    },
    {
        .name = "completions",
        .verb = CLI_VERB_COMPLETIONS,
        .operand = CLI_OPERAND_WORDS,
        .usage = "bash | zsh | fish",
        .summary = "print what a shell needs to complete what is typed",
        .details =
            "An installation puts it where the shell looks for it. For a shell that is running: source "
            "<(fettle completions bash), the same with zsh once compinit has run, and in fish: fettle "
            "completions fish | source\n"
            "--board completes virtual boards and the ports of boards that are there, for which fettle "
            "list is run.",
        .example = "fettle completions bash",
        .run = cli_completions,
    },
    {.name = NULL},
};

const cli_option cli_options_table[] = {
    {CLI_OPTION_BOARD, "--board", 0, CLI_VALUE_NEEDED, "SELECTOR",
     CLI_VERBS_OF_BOARDS | CLI_VERB_LIST,
     "which board: a port (usb:1-1.2, /dev/ttyACM0), VENDOR:PRODUCT in hex, a serial, a board's name, "
     "one of a USB/IP server (usbip://HOST/BUSID), or a virtual one (sim:pytrack; see fettle help "
     "sim); several: one after the other, but for read, backup and restore, which take one"},
    {CLI_OPTION_WAIT, "--wait", 0, CLI_VALUE_MAY_BE, "SECONDS",
     CLI_VERBS_OF_BOARDS | CLI_VERB_LIST,
     "how long to wait for a board that isn't there, and for a person's hand (120 on a terminal, 30 "
     "with a virtual person, else 0)"},
    {CLI_OPTION_REVISION, "--revision", 0, CLI_VALUE_NEEDED, "REVISION",
     CLI_VERBS_OF_BOARDS, "the hardware revision that is printed on the board"},
    {CLI_OPTION_TO, "--to", 0, CLI_VALUE_NEEDED, "app|dfu|rom", CLI_VERB_RESET,
     "app (default), dfu, or rom: an ESP chip's loader"},
    {CLI_OPTION_DRY_RUN, "--dry-run", 0, CLI_VALUE_MAY_BE, "offline",
     CLI_VERB_UPDATE | CLI_VERB_ERASE | CLI_VERB_RESTORE | CLI_VERB_VENDOR,
     "plan and look, and change nothing that survives a reset; with =offline touch no board at all"},
    {CLI_OPTION_STAY, "--stay", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_UPDATE | CLI_VERB_READ | CLI_VERB_VERIFY | CLI_VERB_INFO | CLI_VERB_ERASE |
         CLI_VERBS_OF_COPIES | CLI_VERB_VENDOR,
     "leave the board in update mode at the end"},
    {CLI_OPTION_NO_VERIFY, "--no-verify", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_UPDATE | CLI_VERB_ERASE | CLI_VERB_RESTORE,
     "neither compare nor verify: faster, without proof"},
    {CLI_OPTION_TRANSFER_SIZE, "--transfer-size", 0, CLI_VALUE_NEEDED, "BYTES",
     CLI_VERB_UPDATE | CLI_VERB_READ | CLI_VERB_VERIFY | CLI_VERBS_OF_COPIES,
     "bytes a transfer, never more than the board's own"},
    {CLI_OPTION_IGNORE_IDS, "--ignore-ids", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_UPDATE | CLI_VERB_VERIFY,
     "go on although the ids in the file are another board's"},
    {CLI_OPTION_ACCEPT_DAMAGED, "--accept-damaged", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_UPDATE | CLI_VERB_VERIFY | CLI_VERB_INFO,
     "take a file although its checksum is wrong"},
    {CLI_OPTION_MEMORY, "--memory", 0, CLI_VALUE_NEEDED, "MEMORY", CLI_VERBS_OF_MEMORIES,
     "which of the board's memories: its number, its name, or the beginning of it (fettle info --board "
     "shows them); of a file only what is for that memory is written"},
    {CLI_OPTION_ADDRESS, "--address", 0, CLI_VALUE_NEEDED, "ADDRESS", CLI_VERBS_OF_MEMORIES,
     "where to begin, or where a file without addresses goes: decimal, or hex with 0x"},
    {CLI_OPTION_LENGTH, "--length", 0, CLI_VALUE_NEEDED, "BYTES",
     CLI_VERB_READ | CLI_VERB_ERASE, "how many bytes"},
    {CLI_OPTION_ERASE_REST, "--erase-rest", 0, CLI_VALUE_NONE, NULL, CLI_VERB_UPDATE,
     "give up what else is in a page that the file covers in part, instead of putting it back"},
    {CLI_OPTION_ALL_PAGES, "--all-pages", 0, CLI_VALUE_NONE, NULL, CLI_VERB_UPDATE,
     "erase and write all pages of the file, also those that are right already"},
    {CLI_OPTION_MASS_ERASE, "--mass-erase", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_UPDATE | CLI_VERB_ERASE, "erase the whole memory in one go first; asks"},
    {CLI_OPTION_UNPROTECT, "--unprotect", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_UPDATE | CLI_VERB_ERASE,
     "if the memory is read protected, take that off, which erases all of it; asks"},
    {CLI_OPTION_CHIP, "--chip", 0, CLI_VALUE_NEEDED, "CHIP", CLI_VERBS_OF_BOARDS,
     "behind a serial line: the chip that must be there (esp8266, esp32, esp32s3, ...); any other is left "
     "alone"},
    {CLI_OPTION_BAUD, "--baud", 0, CLI_VALUE_NEEDED, "BAUD", CLI_VERBS_OF_BOARDS,
     "behind a serial line: the highest rate to try (default: what the adapter is known to hold; where a hand "
     "brings the chip into its loader 460800)"},
    {CLI_OPTION_RESET, "--reset", 0, CLI_VALUE_NEEDED, "NAME|SEQUENCE", CLI_VERBS_OF_BOARDS,
     "behind a serial line: how the chip is brought into its loader: classic, tight, usb-jtag, none, or "
     "steps such as \"D0|R1|W0.1|D1|R0|W0.05|D0\""},
    {CLI_OPTION_FLASH_SIZE, "--flash-size", 0, CLI_VALUE_NEEDED, "SIZE",
     CLI_VERBS_OF_BOARDS,
     "how much flash there is where the chip can't tell: 512KB, 4MB, ..."},
    {CLI_OPTION_STUB, "--stub", 0, CLI_VALUE_NEEDED, "FILE",
     CLI_VERBS_OF_MEMORIES | CLI_VERBS_OF_COPIES | CLI_VERB_INFO,
     "Espressif's stub for this chip (a .json file), which makes writing and reading faster"},
    {CLI_OPTION_NO_STUB, "--no-stub", 0, CLI_VALUE_NONE, NULL,
     CLI_VERBS_OF_MEMORIES | CLI_VERBS_OF_COPIES | CLI_VERB_INFO,
     "talk to the loader in ROM only"},
    {CLI_OPTION_MODULE, "--module", 0, CLI_VALUE_MAY_BE, "NAME", CLI_VERBS_OF_BOARDS,
     "the module that sits on the board, not the board itself; with its name (lopy4, wipy, ...) where "
     "nothing else tells which it is"},
    {CLI_OPTION_REGION, "--region", 0, CLI_VALUE_NEEDED, "REGION", CLI_VERB_UPDATE,
     "of a module with LoRa: the region of its radio from now on (EU868, US915, IN865, ...)"},
    {CLI_OPTION_COUNTRY, "--country", 0, CLI_VALUE_NEEDED, "COUNTRY",
     CLI_VERB_UPDATE | CLI_VERB_VENDOR,
     "likewise, by the country that it is used in (India); what follows from that is said"},
    {CLI_OPTION_ERASE_FILES, "--erase-files", 0, CLI_VALUE_NONE, NULL, CLI_VERB_UPDATE,
     "of a module: its file system is erased too"},
    {CLI_OPTION_ERASE_SETTINGS, "--erase-settings", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_UPDATE, "of a module: what its firmware has remembered (NVS) is erased too"},
    {CLI_OPTION_TRY_SOFTWARE_DFU, "--try-software-dfu", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_UPDATE,
     "of a shield: try a command that may bring it into update mode without its button; nobody has seen it "
     "work, and the button is asked for if it doesn't"},
    {CLI_OPTION_NO_BACKUP, "--no-backup", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_UPDATE | CLI_VERB_ERASE | CLI_VERB_RESTORE | CLI_VERB_VENDOR,
     "of a module: go on although its ids and keys, which nobody can replace, are not saved before"},
    {CLI_OPTION_INCLUDING_CREDENTIALS, "--including-credentials", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_ERASE, "of a module: erase its ids and keys, too; they are saved before"},
    {CLI_OPTION_MAC, "--mac", 0, CLI_VALUE_NEEDED, "MAC", CLI_VERB_RESTORE,
     "of the board that the backup was made of, where the file's name doesn't begin with it: 12 hex digits"},
    {CLI_OPTION_OVERWRITE, "--overwrite", 0, CLI_VALUE_NONE, NULL,
     CLI_VERB_READ | CLI_VERB_BACKUP, "replace a file that is there already"},
    {CLI_OPTION_WATCH, "--watch", 0, CLI_VALUE_NONE, NULL, CLI_VERB_LIST,
     "go on, and tell who comes and goes"},
    {CLI_OPTION_ALL, "--all", 0, CLI_VALUE_NONE, NULL, CLI_VERB_LIST,
     "also devices without anything to update"},
    {CLI_OPTION_INSTALL, "--install", 0, CLI_VALUE_NONE, NULL, CLI_VERB_UDEV_RULES,
     "write the rule where udev reads it, and have it obeyed (needs root)"},
    {CLI_OPTION_YES, "--yes", 0, CLI_VALUE_NONE, NULL, CLI_VERBS_ALL,
     "say yes where only a confirmation is wanted; it never answers a question"},
    {CLI_OPTION_NO_INPUT, "--no-input", 0, CLI_VALUE_NONE, NULL, CLI_VERBS_ALL,
     "never ask on the terminal; what must be answered then ends with status 4"},
    {CLI_OPTION_JSON, "--json", 0, CLI_VALUE_NONE, NULL,
     CLI_VERBS_ALL & ~((unsigned)CLI_VERB_COMPLETIONS | (unsigned)CLI_VERB_HELP),
     "one JSON object on standard output, at the end"},
    {CLI_OPTION_EVENTS, "--events", 0, CLI_VALUE_NONE, NULL,
     CLI_VERBS_OF_BOARDS | CLI_VERB_LIST,
     "one JSON object a line on standard output, as things happen"},
    {CLI_OPTION_TRACE, "--trace", 0, CLI_VALUE_NEEDED, "FILE", CLI_VERBS_OF_BOARDS,
     "write every transfer to FILE"},
    {CLI_OPTION_REPORT, "--report", 0, CLI_VALUE_NEEDED, "FILE", CLI_VERBS_OF_BOARDS,
     "write versions, system, command line, events and transfers to FILE, to be sent to those who help"},
    {CLI_OPTION_STATE_DIR, "--state-dir", 0, CLI_VALUE_NEEDED, "DIR",
     CLI_VERBS_OF_BOARDS | CLI_VERB_LIST,
     "the folder for what is remembered of boards, and for copies of what can't be replaced (default: "
     "$XDG_STATE_HOME/fettle or ~/.local/state/fettle, on Windows %LOCALAPPDATA%\\fettle)"},
    {CLI_OPTION_QUIET, "--quiet", 'q', CLI_VALUE_NONE, NULL, CLI_VERBS_ALL,
     "say only what went wrong, and what a person must do"},
    {CLI_OPTION_VERBOSE, "--verbose", 'v', CLI_VALUE_NONE, NULL, CLI_VERBS_ALL,
     "say more: system codes, what the board said last, coming and going"},
    {CLI_OPTION_HELP, "--help", 'h', CLI_VALUE_NONE, NULL, CLI_VERBS_ALL,
     "show what can be typed, or what a verb takes"},
    {CLI_OPTION_VERSION, "--version", 'V', CLI_VALUE_NONE, NULL, CLI_VERBS_ALL,
     "show the version"},
    {.name = NULL},
};

const cli_status cli_statuses[] = {
    {0, "done"},
    {1, "another failure"},
    {2, "usage"},
    {3, "no board"},
    {4, "several boards, or an answer is missing"},
    {5, "no permission"},
    {6, "no driver"},
    {7, "busy"},
    {8, "the file is for another board"},
    {9, "damaged file"},
    {10, "transfer failed, or the board refused"},
    {11, "verify mismatch"},
    {12, "update mode or application not reached"},
    {13, "a file can't be kept"},
    {130, "interrupted"},
    {.words = NULL},
};
