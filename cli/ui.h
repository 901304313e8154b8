/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person sees while a job runs and when it has ended: the narration on stderr. On a terminal
 * stages have a bar that is redrawn, elsewhere there is a line for each stage and each quarter. The
 * data that a verb is for goes to stdout and is not written here.
 */
#ifndef FETTLE_CLI_UI_H
#define FETTLE_CLI_UI_H

#include "args.h"
#include "text.h"

#include "fettle/fettle.h"

typedef struct cli_ui {
    cli_paper paper; /* stderr */
    bool is_terminal, has_colour;
    bool can_ask; /* questions may be put to a person */
    bool is_quiet;
    int verbose;
    unsigned wait_s; /* how long a person is waited for, for the countdown; 0: not known */
    bool is_countdown;  /* it is running */
    unsigned countdown; /* seconds, when it was interrupted */
    bool is_asking;
    fettle_stage stage;
    uint32_t quarter; /* not on a terminal: the last one told */
    size_t bar_width; /* columns of the line that is being redrawn; 0: none */
    char bar[256];
} cli_ui;

void cli_ui_init(cli_ui *ui, const cli_args *args);

/* How stdout is to be written on for people. */
cli_paper cli_ui_stdout(const cli_ui *ui);

/* Takes away the bar and the countdown, if there is one. Before anything else is written. */
void cli_ui_clear_line(cli_ui *ui);

/* "32": an SGR code of ECMA-48 section 8.3.117, where there are colours; NULL: none. */
void cli_ui_colour(const cli_ui *ui, const char *code);

/* A job begins; `wait` is what its wishes say, `is_timeless` when its clock is not the real one. */
void cli_ui_begin(cli_ui *ui, fettle_us wait, bool is_timeless);
void cli_ui_event(cli_ui *ui, const fettle_event *event);

/* A sentence by itself; nothing with -q. */
void cli_ui_say(cli_ui *ui, const char *text);

/* The last line of a job that ended well. `file`: what was written on this computer, or NULL. */
void cli_ui_success(cli_ui *ui, const fettle_result *result, bool was_not_to_verify,
                    const char *file);

/* The end of anything that went wrong; `result` may be NULL. Also with -q. */
void cli_ui_failure(cli_ui *ui, const fettle_error *err, const fettle_result *result);

/* Puts all open questions of a job to the person; what stays open is the job's to refuse. */
void cli_ui_ask_questions(cli_ui *ui, fettle_job *job);

/* Puts a question that is answered by y or anything else. Only where ui->can_ask. */
bool cli_ui_confirm(cli_ui *ui, const char *question);

#endif
