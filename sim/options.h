/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables behind specs: options_table.c has the rows, options.c reads by them.
 */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "internal.h"

typedef enum fettle_sim_syntax {
    NUMBER,        /* decimal, or 0x... */
    NUMBER_OR_OFF, /* or "off": FETTLE_NEVER */
    BYTES,         /* with KB or MB */
    WORD,
    YES_NO,
    HEX16, /* one to four digits */
    IDS,   /* VVVV:PPPP, as vendor << 16 | product */
    TEXT,
    FAULT,
} fettle_sim_syntax;

/* Whose option it is. */
enum {
    OF_SHIELDS = 1, /* with a module on it or without */
    OF_STRICT = 2,
    OF_DFUSE = 4,
    OF_ESP = 8,     /* and no Pycom module */
    OF_BARE = 16,   /* shields without a module */
    OF_MODULE = 32, /* on any carrier */
    OF_EXPANSION2 = 64,
    OF_DFU = OF_STRICT | OF_DFUSE,
    OF_USB = OF_SHIELDS | OF_DFU,
    OF_CHIP = OF_ESP | OF_MODULE,
    OF_LINE = OF_ESP | OF_EXPANSION2, /* behind a plain bridge */
    OF_ALL = 127,
};

typedef struct fettle_sim_option_row {
    const char *name;
    fettle_sim_syntax syntax;
    unsigned of;
    uint64_t otherwise, least, most;
    const char *words[8]; /* NULL behind the last one */
} fettle_sim_option_row;

extern const fettle_sim_option_row fettle_sim_option_rows[OPTION_COUNT];
extern const fettle_sim_model fettle_sim_models[];
extern const size_t fettle_sim_model_count;

#endif
