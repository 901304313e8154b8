/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of the program: what was asked, the narration, the context with its buses and its store,
 * the virtual world if boards of it are named, and the boards that are to be worked on, each with
 * its job. A verb opens what it needs of it; main() closes it.
 */
#ifndef FETTLE_CLI_CALL_H
#define FETTLE_CLI_CALL_H

#include "args.h"
#include "lock.h"
#include "record.h"
#include "store.h"
#include "ui.h"

#include "fettle/fettle.h"
#include "sim/sim.h"

/* One board to work on. */
typedef struct cli_target {
    struct cli_call *call;
    const char *selector;        /* what the library is told; NULL: the one that fits */
    char path[FETTLE_PATH_SIZE]; /* of a virtual board */
    bool is_virtual;
    bool is_module;   /* the module of the board in front of it is meant */
    bool was_pressed; /* a person was asked to press something, or to take something off */
    bool is_by_the_way; /* it is only looked at besides: nobody is asked for anything */
    fettle_job *job;
    bool is_good;
    fettle_error error; /* unless it is good */
} cli_target;

typedef struct cli_call {
    const cli_args *args;
    char region[32]; /* that of --country; or empty */
    int argc;
    char **argv;
    cli_ui ui;
    cli_record record;
    cli_store store;
    bool has_store;
    cli_lock lock;
    char no_usb[256]; /* why boards on this computer's USB can't be reached; or empty */
    fettle_context *context;
    fettle_sim *sim;
    bool is_timeless; /* its clock is a virtual one */
    bool has_person;  /* a virtual person looks after every board that was named */
    cli_target *targets;
    size_t target_count;
    fettle_image *image;
    fettle_image *module_image; /* a package beside `image`, for the modules; or NULL */
    const char *file;           /* what `read` or `backup` has written, or NULL */

    /* What a verb adds to its jobs. */
    const char *module, *mac;      /* as fettle_wishes; NULL: what the options say */
    char mac_room[16];             /* of `mac`, where a file's name has it */
    char copy_name[CLI_PATH_ROOM]; /* `backup`: the file that is to be written */
    bool says_end;                 /* the verb has its own words for what went well */
    /* The copy begins, and by now it is known of which board. False: it must not, for `refusal`. NULL: always. */
    bool (*may_copy)(struct cli_call *call, const fettle_result *result);
    fettle_error refusal;
    bool is_refused;
    char nodes[CLI_MAX_BOARDS]
              [FETTLE_PATH_SIZE]; /* of --board, where it names a link to one */
    unsigned char *stub;          /* what --stub names; or NULL */
    size_t stub_size;
} cli_call;

void cli_call_init(cli_call *call, const cli_args *args, int argc, char **argv);

/*
 * Opens traces, store, context and virtual boards. Then `targets` are the boards that --board names:
 * one with selector NULL where none was named.
 */
bool cli_call_open(cli_call *call, fettle_error *err);

/* What --wait is, or would be if it had been given. */
fettle_us cli_call_wait(const cli_call *call);

/* Selectors may be the paths of their own targets: to be called whenever `targets` has moved. */
void cli_call_aim(cli_call *call, size_t count);

/* Reads the files into `image`; see files.h. */
bool cli_call_load(cli_call *call, unsigned flags, fettle_error *err);

/*
 * Says on stderr what went wrong before any job, prints the JSON object if one is wanted, and returns
 * the exit status.
 */
int cli_call_refuse(cli_call *call, const fettle_error *err);

/* Frees everything. Returns `status`, or 13 where stdout could not take what was written to it. */
int cli_call_close(cli_call *call, int status);

#endif
