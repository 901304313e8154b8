/* SPDX-License-Identifier: Apache-2.0 */
/* Failures that the command line finds itself; see failure.h. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

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
