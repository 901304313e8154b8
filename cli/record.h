/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --trace and --report write: the trace has a line for each transfer; the report has versions,
 * system and command line first, then events and transfers as they happen, and the JSON object at
 * its end, so that a run that was killed leaves a report as well. A report is sent to others: of the
 * bytes on a line only heads of frames are in it, what identifies a module is masked, and of a long
 * run of transfers that went well the middle is counted only. A trace has every byte.
 */
#ifndef FETTLE_CLI_RECORD_H
#define FETTLE_CLI_RECORD_H

#include "args.h"

#include "fettle/fettle.h"

#include <stdio.h>

enum {
    CLI_RECORD_SENTENCE = 1024,
    CLI_RECORD_LAST = 64, /* lines before the end of a long run of transfers */
    CLI_RECORD_LINE = 256,
};

typedef struct cli_record {
    FILE *trace, *report; /* NULL: not wanted */
    const char *trace_name, *report_name;
    size_t run_count; /* lines of transfers since anything else happened */
    size_t held_count;
    char held[CLI_RECORD_LAST][CLI_RECORD_LINE]; /* the last of them, in a ring */
} cli_record;

/* Opens what is wanted and begins it. False and CANNOT_KEEP if a file can't be written. */
bool cli_record_open(cli_record *record, const cli_args *args, int argc, char **argv,
                     fettle_error *err);

/* A sentence without the ids that it may name (sixteen hex digits, and eight where it is about ids): "***" instead. */
void cli_record_mask(char *out, size_t size, const char *text);

/* True if transfers are wanted. */
bool cli_record_wants_wire(const cli_record *record);
void cli_record_event(cli_record *record, const char *path, const fettle_event *event);

/* Ends both files. False if something of them is lost, on a full disk for instance: `name` says which. */
bool cli_record_close(cli_record *record, const char **name);

#endif
