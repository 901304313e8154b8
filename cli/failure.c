/* SPDX-License-Identifier: Apache-2.0 */
/* Failures that the command line finds itself; see failure.h. */
#include "failure.h"

#include "system.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill_in(fettle_error *err, fettle_code code)
{
    *err = (fettle_error){.code = code, .hint = fettle_code_hint(code)};
}

bool cli_fail(fettle_error *err, fettle_code code, const char *format, ...)
{
    fill_in(err, code);
    va_list values;
    va_start(values, format);
    vsnprintf(err->message, sizeof err->message, format, values);
    va_end(values);
    return false;
}

bool cli_fail_usage(fettle_error *err, const char *format, ...)
{
    fill_in(err, FETTLE_E_USAGE);
    va_list values;
    va_start(values, format);
    vsnprintf(err->message, sizeof err->message, format, values);
    va_end(values);
    return false;
}

void cli_hint_to_show(char buf[CLI_HINT_ROOM], const char *hint)
{
    static const char call[] = "sudo fettle ";
    char program[CLI_HINT_ROOM / 2];
    const char *at = strstr(hint, call);
    if (at == NULL) {
        snprintf(buf, CLI_HINT_ROOM, "%s", hint);
        return;
    }
    cli_system_program(program, sizeof program);
    snprintf(buf, CLI_HINT_ROOM, "%.*ssudo %s %s", (int)(at - hint), hint, program,
             at + sizeof call - 1);
}
