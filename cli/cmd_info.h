/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `fettle info`: of files (cmd_info_file.c, cmd_info_esp.c) and of boards (cmd_info.c). */
#ifndef FETTLE_CLI_CMD_INFO_H
#define FETTLE_CLI_CMD_INFO_H

#include "jobs.h"
#include "json.h"
#include "text.h"

/* One line, or several where it is long: "  name       value". */
void cli_info_fact(const cli_paper *paper, const char *name, const char *value);

/*
 * What files for ESP chips are, where each goes and for which chip; segments where `is_verbose`. True: it has said for which
 * chip. Only where there are pieces.
 */
bool cli_info_write_pieces(const cli_paper *paper, const fettle_image *image,
                           const fettle_image_facts *facts, bool is_verbose);

/* The same as members of an image's object. */
void cli_info_add_pieces(cli_json *json, const fettle_image *image,
                         const fettle_image_facts *facts);

/* Says what a board is, as far as its job has found out. */
void cli_info_of_board(const cli_paper *paper, const fettle_result *result);

/* Says what the files are; returns the exit status. */
int cli_info_of_files(cli_call *call);

#endif
