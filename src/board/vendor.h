/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vendor is one const table. Plan, job and command line know vendors by this table only;
 * src/api/vendors.c lists them. Entries that a vendor doesn't need are NULL.
 */
#ifndef FETTLE_VENDOR_H
#define FETTLE_VENDOR_H

#include "board/board.h"
#include "board/module.h"

struct fettle_archive;

/* What a check has found. */
typedef enum fettle_finding_kind {
    FETTLE_FINDING_NOTE,    /* worth saying */
    FETTLE_FINDING_REFUSAL, /* this content can't be meant for this board */
} fettle_finding_kind;

typedef struct fettle_finding {
    fettle_finding_kind kind;
    fettle_note_code note; /* NOTE */
    char text[200];        /* REFUSAL: one clause; NOTE: its {text} */
} fettle_finding;

typedef struct fettle_vendor {
    const char *name;
    const fettle_board_row *rows;
    size_t row_count;
    /* Boards that nothing on the bus tells: known by name only, never by ids. NULL: none. */
    const fettle_board_row *module_rows;
    size_t module_row_count;
    const fettle_stock_loader *stock_loaders;
    size_t stock_loader_count;
    /*
     * Looks at content that is about to be sent to a board of this vendor (what goes over the wire,
     * without suffix). Writes up to `max` findings, returns how many. Pure.
     */
    size_t (*check)(const fettle_board_row *row, fettle_span content,
                    fettle_finding *findings, size_t max);

    /*
     * Rows in no table, for their words alone: what to do by hand with a module that nobody has named; and with what may be one, or
     * any other board with such a chip. NULL: none.
     */
    const fettle_board_row *any_module, *perhaps_module;
    /* Bridges of carriers that can't reset a module. */
    const fettle_usb_id *module_bridges;
    size_t module_bridge_count;

    const fettle_carrier_ops *carrier; /* NULL: none */
    const fettle_module_ops *modules;  /* NULL: none */

    /*
     * Is this archive of the vendor's own form, by what is in it? Then it is read, whole, into an image with a `package`. NULL and
     * `err` where it is damaged, or another vendor's and its code is NONE.
     */
    struct fettle_image *(*read_package)(const char *name,
                                         const struct fettle_archive *archive,
                                         unsigned flags, fettle_error *err);
} fettle_vendor;

/* Vendors, handed down from src/api. */
typedef struct fettle_vendors {
    const fettle_vendor *const *list;
    size_t count;
} fettle_vendors;

/* Look-ups over all vendors; NULL if there is none. `vendor` (may be NULL) receives whose it is. */
const fettle_board_row *fettle_vendors_find_name(fettle_vendors vendors, const char *name,
                                                 const fettle_vendor **vendor);
/* The first row with this id in `mode` (UNKNOWN: in any); several rows may share ids: `index` counts them. */
const fettle_board_row *fettle_vendors_find_id(fettle_vendors vendors, fettle_usb_id id,
                                               fettle_mode mode, size_t index,
                                               const fettle_vendor **vendor);
const fettle_stock_loader *fettle_vendors_find_stock(fettle_vendors vendors,
                                                     fettle_usb_id id,
                                                     const fettle_vendor **vendor);

#endif
