/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON that programs read: the one object at the end, and events as they happen. Its shape is
 * promised (docs/schema/): within a schema number members are added, never removed or retyped.
 */
#ifndef FETTLE_CLI_OBJECT_H
#define FETTLE_CLI_OBJECT_H

#include "call.h"
#include "json.h"

/* The object of a run that ended before there was a job; with --events also its last event. */
void cli_object_print_refusal(cli_call *call, const fettle_error *err);

/* The object of a run of jobs, into stdout if it is wanted and into the report. */
void cli_object_print_jobs(cli_call *call);

/* One event of --events; `path` is the board's, as far as it is known. */
void cli_object_print_event(const char *path, const fettle_event *event, bool is_verbose);

/* Parts that the objects of `list`, `info` and `explain` share with these. `err` NULL: null. */
void cli_object_begin(cli_json *json, const cli_call *call, bool is_good);
void cli_object_add_error(cli_json *json, const fettle_error *err, bool is_verbose);
void cli_object_add_view(cli_json *json, const char *key, const fettle_board_view *view);
void cli_object_end(cli_json *json);

/* 32 bytes as hex. */
void cli_object_hash(char buf[65], const uint8_t hash[32]);

#endif
