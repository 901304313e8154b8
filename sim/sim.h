/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual boards: a library of its own, for rehearsals and tests. It speaks the transports'
 * language (fettle/transport.h) and shares no protocol code with the product, so that it can't
 * agree with the product's mistakes; what boards do is written from the specifications and the
 * fact sheets under docs/.
 *
 * One fettle_sim is one world: a clock, a bus, and the boards on it. Worlds share nothing. The
 * bus and the clock of a world, and fettle_sim_look_at(), may be used from several threads; all
 * else here from one. One thread may read a serial line while another writes to it.
 */
#ifndef FETTLE_SIM_H
#define FETTLE_SIM_H

#include "fettle/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fettle_sim fettle_sim;

/*
 * A world without boards. With `clock` NULL it has a virtual clock of its own, on which waiting
 * takes no time; else everything takes place on that clock, in real time if it is a real one. NULL
 * when there is no memory. `clock` must outlive the world.
 */
fettle_sim *fettle_sim_new(const fettle_clock_ops *clock, void *clock_self);
void fettle_sim_free(
    fettle_sim *sim); /* takes NULL; writes flash= and log= files to their end */

/* The clock of the world; valid for its lifetime. */
const fettle_clock_ops *fettle_sim_clock_ops(fettle_sim *sim);
void *fettle_sim_clock_self(fettle_sim *sim);

/* The bus of the world, to be given to fettle_context_add_bus() with `sim` as its self. */
extern const fettle_bus_ops fettle_sim_bus_ops;

/*
 * Adds the boards of "NAME[*N][,OPTION...]" (with or without "sim:" in front). False, and a
 * sentence in `message`, if the name or an option isn't known or a file can't be read. Nothing is
 * added then. Several boards of one name get the paths "sim:NAME", "sim:NAME.2", ...
 */
bool fettle_sim_add(fettle_sim *sim, const char *spec, char *message, size_t message_size);

/* Does this spec ask for timing=none (true), or real time? */
bool fettle_sim_wants_no_time(const char *spec);

/* The names that fettle_sim_add() knows, with a line each about them; NULL at the end. Constant. */
typedef struct fettle_sim_kind {
    const char *name;
    const char *what;
} fettle_sim_kind;
const fettle_sim_kind *fettle_sim_kinds(void);

/*
 * What the options mean, as text for `--help`: parts of several lines that follow each other, each
 * without its last line feed; NULL behind the last one. Constant.
 */
const char *fettle_sim_options_help(size_t part);

/* The virtual person hears what is asked now (NOTHING: it is over). `path` NULL: all boards. */
void fettle_sim_hear(fettle_sim *sim, const char *path, fettle_ask ask);

/* ---- for tests: boards by index, in the order in which they were added ---- */

size_t fettle_sim_count(const fettle_sim *sim);
const char *fettle_sim_path(const fettle_sim *sim, size_t board);

/* What hands do at the desk, `in` microseconds from now. A later call replaces an earlier one. */
typedef enum fettle_sim_hand {
    FETTLE_SIM_UNPLUG,
    FETTLE_SIM_PLUG,             /* plug in, nothing pressed */
    FETTLE_SIM_PLUG_WITH_BUTTON, /* plug in with the update button held */
    FETTLE_SIM_REPLUG,           /* unplug, plug in again */
    FETTLE_SIM_REPLUG_WITH_BUTTON,
    FETTLE_SIM_PRESS_RESET, /* of an ESP board or a Pycom module; others have no such button */
    FETTLE_SIM_PRESS_RESET_WITH_BUTTON, /* with BOOT held, which a Pycom module doesn't have */
    FETTLE_SIM_WIRE_AND_RESET,     /* G23 of a Pycom module to GND, then press its reset */
    FETTLE_SIM_UNWIRE_AND_RESET,   /* take all wires off, then press its reset */
    FETTLE_SIM_WIRE,               /* only that; nothing happens before the next reset */
    FETTLE_SIM_UNWIRE,             /* likewise */
    FETTLE_SIM_WIRE_G28_AND_RESET, /* G28 to 3V3, the other instruction that is around */
} fettle_sim_hand;
void fettle_sim_do(fettle_sim *sim, size_t board, fettle_sim_hand hand, fettle_us in);

/* The board's main memory, whole; valid for the world's lifetime, may be written by a test. */
uint8_t *fettle_sim_memory(fettle_sim *sim, size_t board, size_t *size);

/*
 * The flash of the Pycom module on this board, wherever that is; NULL: it has none. On Expansion Board 2.0 it is the
 * board's main memory.
 */
uint8_t *fettle_sim_module(fettle_sim *sim, size_t board, size_t *size);

/* Would that module start what is in its flash? */
bool fettle_sim_module_is_bootable(fettle_sim *sim, size_t board);

/* What it runs. `version` is that of its firmware ("1.20.2.r6"), or ""; valid until it starts again. */
typedef enum fettle_sim_module_state {
    FETTLE_SIM_MODULE_NOTHING, /* no power, held in reset, nothing that starts */
    FETTLE_SIM_MODULE_LOADER,  /* the ROM's, or a stub */
    FETTLE_SIM_MODULE_FACTORY, /* the application in this slot */
    FETTLE_SIM_MODULE_OTA_0,
} fettle_sim_module_state;
fettle_sim_module_state fettle_sim_module_runs(fettle_sim *sim, size_t board,
                                               const char **version);

/* Replaces all faults of the board: "lose-completion", "drop-write@40", NULL or "": none. */
bool fettle_sim_set_fault(fettle_sim *sim, size_t board, const char *fault);

typedef enum fettle_sim_shows {
    FETTLE_SIM_SHOWS_NOTHING, /* not on the bus */
    FETTLE_SIM_SHOWS_APP,
    FETTLE_SIM_SHOWS_UPDATE,
} fettle_sim_shows;
fettle_sim_shows fettle_sim_showing(const fettle_sim *sim, size_t board);

/* What a look() shows of this board alone; false: it isn't on the bus. */
bool fettle_sim_look_at(fettle_sim *sim, size_t board, fettle_sight *sight);

/* Is its cable plugged in? It may be away from the bus all the same. */
bool fettle_sim_is_plugged(const fettle_sim *sim, size_t board);

/*
 * What the serial line of a shield's application, or of an ESP board, was last told: 115200 baud
 * and 8 bits with both lines off if nothing since it started. False: this board has no such line.
 */
bool fettle_sim_line(const fettle_sim *sim, size_t board, fettle_serial_settings *settings);

/* Is the application one that the boot-time check would start? */
bool fettle_sim_is_bootable(const fettle_sim *sim, size_t board);

/* What an entry of the log says about a serial line. */
typedef enum fettle_sim_serial {
    FETTLE_SIM_NO_SERIAL,
    FETTLE_SIM_CODING, /* "line-coding": `told.baud` and `told.data_bits` */
    FETTLE_SIM_LINES,  /* "lines": `told.dtr` and `told.rts` */
    FETTLE_SIM_DATA,   /* "write" to the board, "read" from it: `count` bytes */
} fettle_sim_serial;

/* One line of the log: what was asked, when, what came of it, what it changed. */
typedef struct fettle_sim_entry {
    fettle_us at;
    fettle_us began,
        ended; /* of a control transfer: its SETUP, and when the host had the answer */
    size_t board;
    const char *what; /* "DNLOAD", "GETSTATUS", "GET_DESCRIPTOR", "SET_INTERFACE", "select",
                         "reset", "open", "close", "hand", "arrives", "leaves", "violation",
                         "mute", "line-coding", "lines", "write", "read", "overrun"...; of a
                         DfuSe bootloader also "erase", "mass-erase", "program", "unerased",
                         "protected", "early", "leave", "hang"; of an ESP board "reset"
                         (bRequest 1: into its loader), "sync", "command" (bRequest: its
                         opcode), "erase", "program", "md5", "stub", "watchdog", "dropped"
                         (bytes for which it had no room), "too-long", "overrun"; of a
                         shield's application "pic" (bRequest: a command to its PIC, wIndex:
                         the register) */
    uint8_t bmRequestType, bRequest;
    uint16_t wValue, wIndex, wLength;
    fettle_outcome_kind outcome;
    size_t count;
    /* It changed memory, or the state of a transfer (DNLOAD, CLRSTATUS, ABORT, DETACH, reset). */
    bool changes;
    uint32_t address, size; /* of memory that was written or erased; size 0: none */
    bool was_blank;         /* of "erase" and "mass-erase": there was nothing to erase */
    fettle_sim_serial serial;
    fettle_serial_settings told;
} fettle_sim_entry;
size_t fettle_sim_log(const fettle_sim *sim, const fettle_sim_entry **entries);
void fettle_sim_log_clear(fettle_sim *sim); /* and all totals */

/*
 * Where the time of a board went, since it was added or since fettle_sim_log_clear(): what a host
 * can't be quicker than. `busy` is what the board itself needed, mostly for its flash, also where
 * nobody waited for it; `bus` and `busy` overlap where it was asked while it worked.
 */
typedef struct fettle_sim_totals {
    size_t requests; /* control transfers, of any kind */
    fettle_us bus;   /* all of them together; see usb= */
    fettle_us busy;
    fettle_us first, last;       /* SETUP of the first one, end of the last one */
    size_t to_board, from_board; /* bytes over a serial line */
} fettle_sim_totals;
fettle_sim_totals fettle_sim_totals_of(const fettle_sim *sim, size_t board);

/*
 * A stub for an ESP board, which takes it for a published one from now on: for tests where no
 * published one is at hand. False: the board has no ESP chip. All boards of a chip get the same
 * one.
 */
typedef struct fettle_sim_stub {
    uint32_t entry, text_address, data_address, bss_address;
    uint8_t text[6400], data[200];
} fettle_sim_stub;
bool fettle_sim_make_stub(fettle_sim *sim, size_t board, fettle_sim_stub *stub);

/*
 * A valid program memory of a shield, 16384 bytes (bootloader rows blank, vectors at 0x0400, CRC-14
 * right, rows 252 to 255 blank); another one for each seed.
 */
void fettle_sim_make_shield_payload(uint8_t payload[16384], uint32_t seed);

/* The DFU suffix (DFU 1.1 appendix B) that goes after `content`; returns its size, 16. */
size_t fettle_sim_make_suffix(uint8_t suffix[16], const uint8_t *content, size_t size,
                              uint16_t idVendor, uint16_t idProduct, uint16_t bcdDevice,
                              uint16_t bcdDFU);

/* As fettle_sim_memory(), for boards with several memories (`dfu`, DfuSe); NULL: none. */
uint8_t *fettle_sim_alternate(fettle_sim *sim, size_t board, unsigned alternate,
                              size_t *size);

#ifdef __cplusplus
}
#endif

#endif
