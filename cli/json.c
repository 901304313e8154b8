/* SPDX-License-Identifier: Apache-2.0 */
/* The writer of JSON; see json.h. RFC 8259 section 7 says what has to be escaped in a string. */
#include "json.h"

#include "text.h"

#include <inttypes.h>

static void write_string(FILE *out, const char *value)
{
    fputc('"', out);
    for (const char *at = value; *at != '\0';) {
        unsigned char first = (unsigned char)*at;
        size_t length = cli_text_sequence(at);
        if (length == 0) {
            fprintf(out, "\\\\x%02x", (unsigned)first);
            at++;
            continue;
        }
        if (first == '"' || first == '\\') {
            fprintf(out, "\\%c", first);
        } else if (first == '\n') {
            fputs("\\n", out);
        } else if (first < 0x20 || first == 0x7f) {
            fprintf(out, "\\u%04x", (unsigned)first);
        } else {
            fwrite(at, 1, length, out);
        }
        at += length;
    }
    fputc('"', out);
}

static void begin_value(cli_json *json, const char *key)
{
    if (json->needs_comma) {
        fputc(',', json->out);
    }
    if (key != NULL) {
        write_string(json->out, key);
        fputc(':', json->out);
    }
    json->needs_comma = true;
}

static void open_bracket(cli_json *json, const char *key, char bracket)
{
    begin_value(json, key);
    fputc(bracket, json->out);
    json->needs_comma = false;
}

static void close_bracket(cli_json *json, char bracket)
{
    fputc(bracket, json->out);
    json->needs_comma = true;
}

void cli_json_open_object(cli_json *json, const char *key)
{
    open_bracket(json, key, '{');
}

void cli_json_close_object(cli_json *json)
{
    close_bracket(json, '}');
}

void cli_json_open_array(cli_json *json, const char *key)
{
    open_bracket(json, key, '[');
}

void cli_json_close_array(cli_json *json)
{
    close_bracket(json, ']');
}

void cli_json_text(cli_json *json, const char *key, const char *value)
{
    if (value == NULL) {
        cli_json_null(json, key);
        return;
    }
    begin_value(json, key);
    write_string(json->out, value);
}

void cli_json_number(cli_json *json, const char *key, uint64_t value)
{
    begin_value(json, key);
    fprintf(json->out, "%" PRIu64, value);
}

void cli_json_truth(cli_json *json, const char *key, bool value)
{
    begin_value(json, key);
    fputs(value ? "true" : "false", json->out);
}

void cli_json_null(cli_json *json, const char *key)
{
    begin_value(json, key);
    fputs("null", json->out);
}

void cli_json_end(cli_json *json)
{
    fputc('\n', json->out);
    fflush(json->out);
    json->needs_comma = false;
}
