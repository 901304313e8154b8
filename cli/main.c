/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of fettle. It reads what was typed (args.c, by the tables of commands.c), hands
 * the verb a call, and ends with the verb's exit status. All that fettle can do to boards is in
 * the library; here is only what a person or a script sees of it:
 *
 *   commands.c args.c      what can be typed
 *   call.c jobs.c       context, virtual boards, one job a board
 *   cmd_*.c                the verbs
 *   ui.c ui_end.c text.c   for people, on stderr
 *   object.c json.c        for programs, on stdout
  *   record.c store.c       files: traces, reports, what is remembered
 *   lock.c                 one board, one fettle
 *   man*.c roff.c          manual pages, completions_*.c what shells need; both from the tables
 *   system_*.c             the operating system
 */
#include "args.h"
#include "call.h"
#include "system.h"

int main(int argc, char **argv)
{
    cli_args args;
    cli_call call;
    fettle_error err;
    cli_system_prepare_streams();
    cli_system_catch_signals();
    bool is_good = cli_args_parse(&args, argc, argv, &err);
    cli_call_init(&call, &args, argc, argv);
    int status;
    if (!is_good) {
        status = cli_call_refuse(&call, &err);
    } else if (args.help || args.version) {
        status = cli_help(&call);
    } else {
        status = args.command->run(&call);
    }
    return cli_call_close(&call, status);
}
