/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer of JSON, one line a value. It keeps commas, quotes and brackets right; what is written in
 * which order is its caller's. What comes out is always valid UTF-8: bytes that aren't are written
 * as the four characters \xNN.
 */
#ifndef FETTLE_CLI_JSON_H
#define FETTLE_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct cli_json {
    FILE *out;
    bool needs_comma;
    bool is_for_others; /* of a report: who writes the values leaves out what is private */
} cli_json;

/* A key is NULL for the value itself and inside arrays; keys are constants of ours. */
void cli_json_open_object(cli_json *json, const char *key);
void cli_json_close_object(cli_json *json);
void cli_json_open_array(cli_json *json, const char *key);
void cli_json_close_array(cli_json *json);
void cli_json_text(cli_json *json, const char *key, const char *value); /* NULL: null */
void cli_json_number(cli_json *json, const char *key, uint64_t value);
void cli_json_truth(cli_json *json, const char *key, bool value);
void cli_json_null(cli_json *json, const char *key);

/* Ends the line and hands it on. */
void cli_json_end(cli_json *json);

#endif
