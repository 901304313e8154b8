/* SPDX-License-Identifier: Apache-2.0 */
/* Failures that the command line finds itself, in the library's words and codes. */
#ifndef FETTLE_CLI_FAILURE_H
#define FETTLE_CLI_FAILURE_H

#include "fettle/fettle.h"

#if defined(__clang__)
#define CLI_FORMAT(n) __attribute__((format(printf, n, n + 1)))
#elif defined(__GNUC__) /* C99's formats on every system */
#define CLI_FORMAT(n) __attribute__((format(gnu_printf, n, n + 1)))
#else
#define CLI_FORMAT(n)
#endif

/* Both fill in the error and return false. */
bool cli_fail(fettle_error *err, fettle_code code, const char *format, ...) CLI_FORMAT(3);
bool cli_fail_usage(fettle_error *err, const char *format, ...) CLI_FORMAT(2);

/* Room for any hint with a program's path in it. */
enum { CLI_HINT_ROOM = 4 * 1024 };

/* A hint as it can be typed: where it says "sudo fettle", with the path under which root finds this program. */
void cli_hint_to_show(char buf[CLI_HINT_ROOM], const char *hint);

#endif
