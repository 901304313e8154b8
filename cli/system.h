/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the command line needs of an operating system: streams, signals, environment, folders and
 * files. The only header of cli/ behind which system headers are included; there is one file a
 * system.
 */
#ifndef FETTLE_CLI_SYSTEM_H
#define FETTLE_CLI_SYSTEM_H

#include "fettle/fettle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    CLI_PATH_ROOM = 4096, /* a file's path, with its NUL */
    CLI_NAME_ROOM = 256,  /* a file's name without folders, with its NUL */
};

/* ---- streams and environment ---- */

typedef enum cli_stream {
    CLI_STDIN,
    CLI_STDOUT,
    CLI_STDERR,
} cli_stream;

/* Bytes as they are, without translation of line ends. */
void cli_system_prepare_streams(void);
bool cli_system_is_terminal(cli_stream stream);

/* Columns of the terminal that stderr is; 80 where that can't be known. */
size_t cli_system_columns(void);

/* Does the locale (or the console) say UTF-8? */
bool cli_system_has_utf8(void);

/* NULL if it isn't set, or empty. */
const char *cli_system_environment(const char *name);

/* "Linux 6.1.0 x86_64", and the time of day in UTC, for reports. */
void cli_system_describe(char *buf, size_t size);
void cli_system_time_of_day(char *buf, size_t size);

/* ---- signals ---- */

/*
 * INT, TERM and HUP from now on ask the watched job to stop; where none is watched and nothing waits
 * for an interruption they end the program with status 130. A second INT always does. PIPE is
 * ignored. What was ignored before stays so.
 */
void cli_system_catch_signals(void);

/* The job that signals stop; NULL: none. */
void cli_system_watch_job(fettle_job *job);

/* A loop outside jobs that looks at cli_system_was_interrupted() itself. */
void cli_system_expect_interruption(bool is_expected);
bool cli_system_was_interrupted(void);

/* Waits until standard input has something to read, or its end. False: an interruption came first. */
bool cli_system_wait_for_input(void);

/* May Ctrl-Z stop the program? False while a board's memory is being changed. */
void cli_system_allow_stop(bool is_allowed);

/* True once after each Ctrl-Z that was refused. */
bool cli_system_take_refused_stop(void);

/*
 * Draws "\r<before>N<after>" on stderr, which is a terminal, at once and every second, until it is
 * stopped. Texts are constant and ASCII. Stopping returns the seconds that were left.
 */
void cli_system_start_countdown(unsigned seconds, const char *before, const char *after);
unsigned cli_system_stop_countdown(void);

/* ---- folders and files ---- */

typedef enum cli_file_kind {
    CLI_FILE_MISSING,
    CLI_FILE_REGULAR,
    CLI_FILE_FOLDER,
    CLI_FILE_OTHER, /* a device, a pipe, ... */
} cli_file_kind;
cli_file_kind cli_system_file_kind(const char *path);

/* Do both names lead to one file, by whatever way? False where one isn't there. */
bool cli_system_is_same_file(const char *a, const char *b);

/* Nobody reads standard output any more (a pipe whose other end is closed). */
bool cli_system_has_no_reader(void);

/* The folder that this system keeps such state in. False: there is none, or its path is too long. */
bool cli_system_state_folder(char *buf, size_t size);

/* Makes a folder and those above it, for this user only. True also if it is there already. */
bool cli_system_make_folder(const char *path);

/* Calls `each` for every name in a folder but "." and "..", in no order. */
void cli_system_list_folder(const char *path, void (*each)(void *user, const char *name),
                            void *user);

/* Where a path leads when all links are followed. False: nowhere, or it doesn't fit. */
bool cli_system_real_path(const char *path, char *real, size_t size);

/* The folder that this program lies in. False: the system doesn't tell, or it doesn't fit. */
bool cli_system_program_folder(char *path, size_t size);

/* Reads a small file whole. False if there is none, or more than `room` bytes. */
bool cli_system_read_file(const char *path, unsigned char *buf, size_t room, size_t *size);

/*
 * A file that is written beside its final name and takes that name only when it is whole. Where the
 * name belongs to a device or a pipe, that is written to itself.
 */
typedef struct cli_new_file {
    char path[CLI_PATH_ROOM];
    char temporary[CLI_PATH_ROOM]; /* empty: none */
    int descriptor;
    bool may_replace;
} cli_new_file;

/* Makes the temporary file. `is_private`: for this user only. On false `why` points to a constant or the system's text. */
bool cli_system_begin_file(cli_new_file *file, const char *path, bool may_replace,
                           bool is_private, const char **why);

/* Writes, brings to the disk and names it. On false nothing is left. */
bool cli_system_commit_file(cli_new_file *file, const void *data, size_t size,
                            const char **why);
void cli_system_abandon_file(cli_new_file *file); /* after a successful begin only */

/*
 * A lock against other processes of any user, named as a file in a folder that all of them share. It
 * ends with the process at the latest.
 */
typedef struct cli_held_lock {
    char path[CLI_NAME_ROOM + 32];
    bool is_held;
    int descriptor; /* POSIX */
    void *handle;   /* Windows */
} cli_held_lock;

/*
 * False: another process has it, `holder` is its number (0: can't be known). True where nothing can be
 * locked as well.
 */
bool cli_system_lock(cli_held_lock *lock, const char *name, const char *verb,
                     uint64_t *holder);
void cli_system_unlock(cli_held_lock *lock);

/*
 * How this program is called so that a shell as root finds it: "fettle" where it is installed in a folder
 * that sudo searches, else its whole path, quoted for the shell where that is needed.
 */
void cli_system_program(char *buf, size_t size);

/* A log that grows while it is written; an older one of that name is replaced. NULL: see `why`. */
FILE *cli_system_open_log(const char *path, const char **why);

#endif
