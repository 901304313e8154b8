/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a row of the board tables says. A new board is a new row: its faces, its memory, what is odd
 * about it, and the words a person needs. Each row names who needs it and the evidence for it.
 */
#ifndef FETTLE_BOARD_H
#define FETTLE_BOARD_H

#include "base/effect.h"

enum {
    FETTLE_FACES_MAX = 4,
    FETTLE_REVISIONS_MAX = 4,
};

/* How a kind of board is talked to; chooses the job's way. */
typedef enum fettle_protocol {
    FETTLE_PROTOCOL_DFU,
    FETTLE_PROTOCOL_ESP, /* Espressif's serial loader */
} fettle_protocol;

/*
 * A hardware revision that the ids can't tell apart. `version_min` and `version_max` bound the
 * bcdDevice that its application is known to show, where that helps (0, 0: nothing known).
 */
typedef struct fettle_revision {
    const char *value;       /* what a person types: what is printed on the board */
    const char *file_prefix; /* how the maker's file names begin, lower case; or NULL */
    uint16_t version_min, version_max;
} fettle_revision;

/* What is odd about a loader. All false: USB DFU 1.1 by the book. */
typedef struct fettle_dfu_quirks {
    bool ignores_abort;  /* a download that was begun ends by a zero-length DNLOAD only */
    bool block_is_place; /* wBlockNum is a place in memory: any block, in any order */
    bool reads_in_download; /* UPLOAD is answered between two DNLOADs */
    bool whole_blocks; /* UPLOAD answers with wTransferSize bytes whatever wLength says */
    bool leaves_by_itself; /* after the end, in its own time: no reset is needed */
    bool never_select;     /* SET_INTERFACE must not reach it */
    bool never_dfuse;      /* says version 1.1A, and means plain DFU */
    /* DfuSe: where it says busy for ever after an erase CLRSTATUS, twice, ends that. */
    bool clears_stuck_erase;
    /* A DETACH in update mode starts the application, nothing else does. */
    bool leaves_by_detach;
    bool reads_before_leaving; /* takes the reset for "leave" only after an UPLOAD */
    bool force_detach;         /* DETACH counts only with bit 8 of wIndex */
    bool ignores_poll_time;    /* the poll time that it tells is far too long; 5 ms do */
    bool serial_is_utf8; /* where USB wants UTF-16, so that systems show rare characters */
    /* DfuSe: the third letter of its serial number tells how much flash there is. */
    bool size_from_serial;
    /* DfuSe: bytes that an erase takes, where its string lies; 0: it doesn't. */
    uint32_t page_size;
} fettle_dfu_quirks;

/* The main memory, as far as it is the same on every board of the row. Sizes in bytes; 0: unknown. */
typedef struct fettle_memory {
    size_t size;
    size_t transfer_size;        /* of one DNLOAD or UPLOAD; 0: as the descriptor says */
    size_t keeps_from, keeps_to; /* what must be equal afterwards; 0, 0: all of the image */
    uint8_t blank[2];            /* an erased word, byte by byte */
} fettle_memory;

typedef struct fettle_board_row {
    const char *id;   /* "pytrack": what --board takes */
    const char *name; /* "Pytrack": what people read */
    fettle_protocol protocol;
    size_t face_count;
    fettle_face faces[FETTLE_FACES_MAX]; /* the application first */
    size_t revision_count;
    fettle_revision revisions[FETTLE_REVISIONS_MAX];
    const char *revision_question; /* whole sentence, or NULL */
    fettle_memory memory;
    fettle_dfu_quirks dfu;
    fettle_us comes_back; /* from the end of an update to the application, at most */
    fettle_us window;     /* how long update mode lasts when nobody uses it; 0: for ever */
    const char *button;   /* "button S1 (MCLR)": what is held; NULL: no hand is needed */
    const char *enter;    /* how a person brings it into update mode: steps, one a line */
    const char *enter_behind; /* the same behind a carrier; NULL: likewise */
    const char *plug; /* `enter` for one that isn't there at all yet; NULL: the same */
    /* What a person does is a wire and its reset button, and the wire has to come off again. */
    bool is_wired;
    const char *unwire; /* steps for that, one a line; or NULL */
    /* What to do where a hand was asked for in vain; or NULL. */
    const char *if_not_wired, *if_not_reset, *if_silent;
    const char *if_module_silent; /* of a carrier: its module says nothing; or NULL */
    /* How the application says that it left out what people have put on it; or NULL. */
    const char *safe_boot;
    const char *picture; /* name of the picture that shows where the button is, or NULL */
    bool carries_module; /* another firmware sits on top of it */
    const char *faulty_revision; /* some stay in update mode after an update; or NULL */
    const char *needed_by;       /* who needs this row */
    const char *evidence;        /* what it rests on */
} fettle_board_row;

/* Ids that stand for "a loader, board unknown": the person says which board it is. */
typedef struct fettle_stock_loader {
    fettle_usb_id id;
    const char *name;
    const char *evidence;
} fettle_stock_loader;

/* What is odd about loaders that no board's name goes with, by their ids. */
typedef struct fettle_quirk_row {
    uint16_t vendor, product_first, product_last;
    uint16_t bcdDevice; /* 0xFFFF: any */
    const char *name;   /* what people call the board; NULL: nobody knows what it sits on */
    /* Why it may stay in update mode, and what to do about it; or NULL. */
    const char *stays;
    fettle_dfu_quirks dfu;
    const char *needed_by, *evidence;
} fettle_quirk_row;

extern const fettle_quirk_row fettle_board_quirks[];
extern const size_t fettle_board_quirk_count;

/* The row for these ids, or NULL. */
const fettle_quirk_row *fettle_board_quirks_of(fettle_usb_id id, uint16_t bcdDevice);

/*
 * Memories of DfuSe boards by the beginning of their names: what they hold decides whether the chip can start, or be
 * programmed, ever again. Nothing is written there unless a person names them.
 */
bool fettle_board_is_special_memory(const char *name);

/*
 * Does content at this address begin as applications of Cortex-M chips do: with where the stack ends, in RAM, and where
 * to begin, an odd address near the content?
 */
bool fettle_board_begins_application(fettle_span content, uint32_t address);

/* Bytes of flash by the letter in the serial number, where quirks say size_from_serial; 0: not known. */
uint32_t fettle_board_size_of_letter(char letter);

/* DFU interfaces that are part of computers: never taken unless a port or serial names them. */
extern const fettle_usb_id fettle_computer_parts[];
extern const size_t fettle_computer_part_count;

/* The mode this id stands for on this board; UNKNOWN if it is none of its ids. */
fettle_mode fettle_board_mode_of(const fettle_board_row *row, fettle_usb_id id);

/* The id of the row's face in this mode; 0:0 if there is none. */
fettle_usb_id fettle_board_id_in(const fettle_board_row *row, fettle_mode mode);

/* A board that no table knows, taken by the book. A face of any id. Constant. */
extern const fettle_board_row fettle_board_generic;

/* Whatever has an ESP chip: which one, the chip tells. A serial line of any id. Constant. */
extern const fettle_board_row fettle_board_esp;

#endif
