/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USB DFU 1.1 (www.usb.org, "Device Firmware Upgrade", 5 August 2004), as an engine.
 *
 * One struct for one board. A verb readies it for one piece of work and returns the engine to RUN;
 * when that has ended, the results are in the struct, and the next verb may be used.
 *
 *     return run(job, fettle_dfu_download(&job->dfu, payload, NULL), share, on_written);
 *
 * An update is download (the blocks), finish (the end marker, and manifestation), and between or
 * after them compare, as often as the caller wants. The engine remembers the state that the board
 * was last seen in, so that one verb leads on to the next without asking again.
 *
 * No allocation; everything is in the struct. Spans must outlive the run they are given to.
 */
#ifndef FETTLE_PROTO_DFU_H
#define FETTLE_PROTO_DFU_H

#include "base/effect.h"

enum {
    FETTLE_DFU_TRANSFER_SIZE_MAX = 4096,
    /* A compare remembers of so many, one by one, what differs. */
    FETTLE_DFU_TRACKED_BLOCKS = 4096,
};

/* bState, section 6.1.2. 11 and above are no states, but are received all the same. */
typedef enum fettle_dfu_state {
    FETTLE_DFU_APP_IDLE,
    FETTLE_DFU_APP_DETACH,
    FETTLE_DFU_IDLE,
    FETTLE_DFU_DNLOAD_SYNC,
    FETTLE_DFU_DNBUSY,
    FETTLE_DFU_DNLOAD_IDLE,
    FETTLE_DFU_MANIFEST_SYNC,
    FETTLE_DFU_MANIFEST,
    FETTLE_DFU_MANIFEST_WAIT_RESET,
    FETTLE_DFU_UPLOAD_IDLE,
    FETTLE_DFU_ERROR,
    FETTLE_DFU_STATE_UNKNOWN = 0x100, /* not asked yet, or not answered */
} fettle_dfu_state;

/* bStatus that somebody asks for by name, section 6.1.2. */
enum {
    FETTLE_DFU_STATUS_OK = 0,
    FETTLE_DFU_STATUS_ERR_FIRMWARE = 10,
    FETTLE_DFU_STATUS_COUNT = 16,
};

/* "errWRITE"; NULL above 15. "dfuDNLOAD-IDLE"; NULL above 10. Constant. */
const char *fettle_dfu_bstatus_name(uint32_t bStatus);
const char *fettle_dfu_bstate_name(uint32_t bState);

/* What is known of the board: from its descriptors and the quirks of its row. */
typedef struct fettle_dfu_traits {
    uint8_t interface;      /* bInterfaceNumber */
    uint8_t alternate;      /* bAlternateSetting */
    bool needs_select;      /* it isn't the active one of several */
    uint16_t transfer_size; /* bytes of a block: 1 to FETTLE_DFU_TRANSFER_SIZE_MAX */
    /* As the board says; a DfuSe loader counts in it, whatever is sent. */
    uint16_t wTransferSize;
    uint16_t wDetachTimeOut; /* ms */
    bool will_detach;        /* bitWillDetach */
    bool is_tolerant;        /* bitManifestationTolerant */
    /* DfuSe: nobody is there any more to be asked about the manifestation. */
    bool ends_at_manifest;
    bool ignores_abort; /* see fettle_dfu_quirks for these */
    bool block_is_place;
    bool reads_in_download;
    bool clears_stuck_erase;
    bool reads_before_leaving;
    bool force_detach;
    bool ignores_poll_time;
    bool never_select;
} fettle_dfu_traits;

/*
 * What differs between the board and some content, block by block. Bits are kept for the first
 * FETTLE_DFU_TRACKED_BLOCKS blocks of the content; beyond that only the numbers.
 */
typedef struct fettle_dfu_difference {
    uint32_t count; /* blocks that differ where it matters */
    uint32_t first; /* the first of them; 0 if there are none */
    uint8_t blocks[FETTLE_DFU_TRACKED_BLOCKS /
                   8]; /* all that differ, also where it doesn't matter */
} fettle_dfu_difference;

typedef struct fettle_dfu {
    fettle_engine engine;
    fettle_dfu_traits traits;

    /* what was last heard of the board */
    uint32_t bState; /* a fettle_dfu_state, or what was received */
    uint32_t bStatus;
    bool is_select_done;

    /* results */
    fettle_dfu_difference difference; /* compare */
    size_t count;                     /* upload: bytes read */
    bool was_refused;                 /* survey, detach: the request was stalled */
    bool has_left;        /* it was gone after a reset that we gave it, or after the end */
    bool lost_completion; /* finish: no (good) answer to the end, and none that says no */
    bool end_was_taken;   /* finish: the end marker was sent, and acknowledged */
    /* Send: the board never came out of an erase, and was brought out of it. */
    bool was_unstuck;
    /* Finish: the board went through its own check and found it good. */
    bool was_manifested;
    bool was_cut_off; /* an earlier download was still open, and had to be ended */

    /* the engine's own */
    unsigned phase, purpose, in_flight;
    unsigned polls, recoveries, oddities, end_tries, stops;
    fettle_us busy_since, poll_until, patience;
    uint32_t base;        /* address of the first byte, for words */
    uint16_t first_block; /* its wBlockNum */
    unsigned unsticks;
    bool has_freed, reads_all, was_stalled, joins;
    fettle_span image;
    const fettle_dfu_difference *only;
    size_t offset, keeps_from, keeps_to;
    uint8_t *buffer;
    size_t buffer_size;
    uint8_t status[6];
    uint8_t block[FETTLE_DFU_TRANSFER_SIZE_MAX];
} fettle_dfu;

/* For a board that was just opened: nothing is known of its state. */
void fettle_dfu_init(fettle_dfu *dfu, const fettle_dfu_traits *traits);

/*
 * Asks for the state and changes nothing: bState and bStatus are the result. A board that stalls
 * GETSTATUS leaves bState unknown and sets was_refused: DFU 1.0 applications do that in appIDLE.
 */
fettle_engine *fettle_dfu_survey(fettle_dfu *dfu);

/*
 * Runtime mode: DFU_DETACH, and a USB reset where bitWillDetach is not set (section 5.1). A request
 * that isn't answered is not a failure: many applications are gone by then. `was_refused` if it was
 * stalled.
 */
fettle_engine *fettle_dfu_detach(fettle_dfu *dfu);

/*
 * Reads the board and compares it with `content` from its first byte on. Differences in
 * [keeps_from, keeps_to) count; outside they are only tracked. `all`: to the end of the content; else
 * it stops at the first one that counts. Ends well also where it differs.
 */
fettle_engine *fettle_dfu_compare(fettle_dfu *dfu, fettle_span content, size_t keeps_from,
                                  size_t keeps_to, bool all);

/*
 * Writes the blocks of `content`, and leaves the download open. `only` (may be NULL) names the
 * blocks to write; it counts only where a block is a place and its bits reach, else all are written.
 */
fettle_engine *fettle_dfu_download(fettle_dfu *dfu, fettle_span content,
                                   const fettle_dfu_difference *only);

/*
 * The end marker, then manifestation to its end. `content_size` as at the download. An answer that
 * is lost is not a failure (lost_completion); a status that says no is.
 */
fettle_engine *fettle_dfu_finish(fettle_dfu *dfu, size_t content_size);

/* Reads into `buffer` until it is full or the board ends it with a short block. */
fettle_engine *fettle_dfu_upload(fettle_dfu *dfu, uint8_t *buffer, size_t size);

/*
 * What DfuSe is made of (ST AN3156): blocks under numbers of the caller's. Block 0 is a command, and memory begins
 * at block 2. `address` is where the first byte belongs, for the words of errors.
 *
 * `send` ends in dfuDNLOAD-IDLE and begins in it, or in dfuIDLE. `patience` is how long GETSTATUS may go
 * unanswered, and busy be said without an end; 0: as by the book. `receive` reads until `size` bytes are there or
 * the board ends it; `joins`: an upload that was just made goes on. `idle` brings the board back to dfuIDLE.
 */
fettle_engine *fettle_dfu_send(fettle_dfu *dfu, uint16_t first_block, fettle_span content,
                               uint32_t address, fettle_us patience);
fettle_engine *fettle_dfu_receive(fettle_dfu *dfu, uint16_t first_block, uint8_t *buffer,
                                  size_t size, uint32_t address, bool joins);
fettle_engine *fettle_dfu_idle(fettle_dfu *dfu);

/* Another alternate setting, from the next verb on. */
void fettle_dfu_set_alternate(fettle_dfu *dfu, uint8_t alternate);

/* A USB reset: the application starts where there is one. Ends well also if the board is gone. */
fettle_engine *fettle_dfu_leave(fettle_dfu *dfu);

#endif
