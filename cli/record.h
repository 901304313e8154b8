/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --trace and --report write: the trace has a line for each transfer; the report has versions,
 * system and command line first, then events and transfers as they happen, and the JSON object at
 * its end, so that a run that was killed leaves a report as well. Nothing in either is secret: the
 * library blanks protected bytes before they become events.
 */
#ifndef FETTLE_CLI_RECORD_H
#define FETTLE_CLI_RECORD_H

#include "args.h"

#include "fettle/fettle.h"

#include <stdio.h>

typedef struct cli_record {
    FILE *trace, *report; /* NULL: not wanted */
    const char *trace_name, *report_name;
} cli_record;

/* Opens what is wanted and begins it. False and CANNOT_KEEP if a file can't be written. */
bool cli_record_open(cli_record *record, const cli_args *args, int argc, char **argv,
                     fettle_error *err);

/* True if transfers are wanted. */
bool cli_record_wants_wire(const cli_record *record);
void cli_record_event(cli_record *record, const char *path, const fettle_event *event);

/* Ends both files. False if something of them is lost, on a full disk for instance: `name` says which. */
bool cli_record_close(cli_record *record, const char **name);

#endif
