/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of boards between runs: a folder with one small file a key. */
#ifndef FETTLE_CLI_STORE_H
#define FETTLE_CLI_STORE_H

#include "system.h"

#include "fettle/fettle.h"

typedef struct cli_store {
    char folder[CLI_PATH_ROOM];
    bool was_dropped; /* something couldn't be kept */
    const char *why;  /* and the reason; the system's text */
} cli_store;

/*
 * `folder` NULL: the system's own place. False: there is none. Nothing is made on the disk before
 * something is kept.
 */
bool cli_store_open(cli_store *store, const char *folder);

/* To be given to fettle_context_set_store() with the store, which must outlive the context. */
extern const fettle_store_ops cli_store_ops;

#endif
