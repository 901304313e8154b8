/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of `fettle info`: of files (cmd_info_file.c) and of boards (cmd_info.c). */
#ifndef FETTLE_CLI_CMD_INFO_H
#define FETTLE_CLI_CMD_INFO_H

#include "jobs.h"
#include "text.h"

/* One line, or several where it is long: "  name       value". */
void cli_info_fact(const cli_paper *paper, const char *name, const char *value);

/* Says what the files are; returns the exit status. */
int cli_info_of_files(cli_call *call);

#endif
