/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What will be done to a board with an image: a value, made before anything is touched.
 *
 * Two plans where no board is there yet, or a window is short: the provisional one from file, row
 * and wishes, made by fettle_plan_make(); every refusal and every question that these can raise
 * comes from there. The final one after a look at the board (a fettle_survey), by
 * fettle_plan_finish(): it may refuse, never ask.
 *
 * Pure. A plan is immutable for the job, and outlives it; image, row and vendor outlive the plan.
 */
#ifndef FETTLE_PLAN_H
#define FETTLE_PLAN_H

#include "board/vendor.h"
#include "image/image.h"

enum {
    FETTLE_PLAN_NOTES_MAX = 8,
    FETTLE_PLAN_FINDINGS_MAX = 4,
    FETTLE_PLAN_TEXT_SIZE = 1024,
    FETTLE_ANSWER_SIZE = 16,
    FETTLE_NEVER_MAX = 16,
    FETTLE_MEMORY_WISH_SIZE = 64,
    FETTLE_CHIP_WISH_SIZE = 16,
    FETTLE_RESET_WISH_SIZE = 128,
    FETTLE_REGION_WISH_SIZE = 24,
    FETTLE_MAC_SIZE = 6,
};

typedef enum fettle_task_kind {
    FETTLE_TASK_UPDATE,
    FETTLE_TASK_READ,
    FETTLE_TASK_VERIFY,
    FETTLE_TASK_RESET,
    FETTLE_TASK_SURVEY,
    FETTLE_TASK_ERASE,
} fettle_task_kind;

/* What a person wants, as far as a plan has to do with it. Texts are copied. */
typedef struct fettle_plan_wishes {
    fettle_task_kind kind;
    const char *path;     /* the board's identity, or NULL: any that fits */
    const char *serial;   /* or NULL */
    const char *revision; /* the answer, or NULL */
    fettle_us wait;       /* for an arrival or a person's hand; 0: don't */
    bool is_patient;      /* so long for the application, too */
    bool may_read;        /* compare and verify by reading */
    bool stays;           /* in update mode at the end */
    bool ignores_ids;
    bool is_dry; /* changes nothing */
    /* An earlier update of this board is known not to have come to its end. */
    bool was_unfinished;
    size_t transfer_size; /* bytes; 0: the board's own */
    fettle_mode to;       /* RESET */
    /* By number, name or the beginning of a name, or NULL: the main one. */
    const char *memory;
    bool has_address;
    /* READ, ERASE: from here; UPDATE, VERIFY: where content without one belongs. */
    uint32_t address;
    uint32_t length;  /* READ, ERASE: bytes; 0: to the end */
    bool erases_rest; /* what else is in a page that is covered in part need not be kept */
    bool writes_all;  /* also pages that are right already */
    bool mass_erases; /* the whole memory first, in one go */
    bool writes_special;      /* option bytes and the like, where `memory` names them */
    bool unprotects;          /* if the memory is protected, which erases all of it */
    const char *chip, *reset; /* or NULL */
    uint32_t baud, flash_size;
    bool uses_no_stub;
    bool tries_software; /* to bring a shield into update mode without a hand */
    const char *region;  /* of a module's radio, or NULL: as it is */
    bool erases_files, erases_settings; /* of a module */
    bool needs_no_backup;               /* of what can't be replaced */
    bool gives_up_credentials;
    bool is_restore;    /* UPDATE: the image is a copy of a board's memory, bytes alone */
    const uint8_t *mac; /* six bytes: of the board that it is of; NULL: not known */
    bool is_stock;      /* the board shows a stock loader's ids; the person named the row */
    fettle_usb_id stock_id;
    const fettle_usb_id *parts; /* ids of parts of this computer, seen just now, or NULL */
    size_t part_count;
    fettle_usb_id named_id; /* 0:0, or the id by which the person named the board */
    fettle_usb_id seen_id;  /* 0:0, or the id of the board that was chosen, seen just now */
    fettle_mode seen_mode;  /* UNKNOWN: not known */
    uint16_t seen_version;  /* its bcdDevice in that mode */
} fettle_plan_wishes;

typedef struct fettle_plan {
    fettle_task_kind kind;
    const fettle_board_row
        *row;         /* never NULL; fettle_board_generic where no table knows it */
    const char *name; /* of the board; of the loader where no table knows more. Constant */
    const fettle_image *image; /* NULL where none is needed */
    /* What is sent, and read back, where a board takes content without addresses. */
    fettle_span payload;
    size_t keeps_from, keeps_to; /* what of it must be equal afterwards */
    bool may_read, stays, ignores_ids, is_dry, was_unfinished, is_patient;
    fettle_us wait;
    size_t transfer_size;
    fettle_mode to;
    char memory[FETTLE_MEMORY_WISH_SIZE]; /* empty: the main one */
    bool has_address;
    uint32_t address, length;
    bool erases_rest, writes_all, mass_erases, unprotects, writes_special;
    char chip[FETTLE_CHIP_WISH_SIZE];   /* empty: whichever it is */
    char reset[FETTLE_RESET_WISH_SIZE]; /* empty: as the port suggests */
    uint32_t baud, flash_size;          /* bits a second, bytes; 0: not said */
    bool uses_no_stub;
    const fettle_vendor *vendor;          /* the row's; NULL: none */
    char region[FETTLE_REGION_WISH_SIZE]; /* empty: as it is */
    bool erases_files, erases_settings, needs_no_backup, gives_up_credentials;
    bool tries_software;
    bool is_restore, has_mac;
    uint8_t mac[FETTLE_MAC_SIZE]; /* of the board that the backup is of */
    char path[FETTLE_PATH_SIZE];  /* empty: any */
    char serial[FETTLE_TEXT_SIZE];
    char revision[FETTLE_ANSWER_SIZE]; /* empty: none asked for */
    size_t face_count;
    /* Any of which shows the board; the application first. */
    fettle_face faces[FETTLE_FACES_MAX];
    /* Faces behind those, that count once the board itself is known. */
    size_t stranger_count;
    size_t never_count; /* parts of the computer, which only a port or a serial can mean */
    fettle_usb_id never[FETTLE_NEVER_MAX];
    bool expects_application; /* the row says what the application looks like */
    size_t note_count;
    fettle_note notes[FETTLE_PLAN_NOTES_MAX]; /* known by now */
} fettle_plan;

/* A question that file, row and wishes raise. */
typedef struct fettle_plan_question {
    bool is_open;        /* there is one, and it has no (good) answer */
    const char *option;  /* "--revision" */
    const char *ask;     /* whole sentence */
    char values[64];     /* "1, 2" */
    const char *picture; /* or NULL */
} fettle_plan_question;

/* What one look at a board in update mode has found. */
typedef struct fettle_survey {
    fettle_usb_id id;
    uint16_t bcdDevice;
    bool can_download, can_upload;
    size_t memory_size; /* 0: not known */
} fettle_survey;

/*
 * The provisional plan, filled into `plan`. `row` as chosen by the caller, generic where none is
 * known; `vendor` is the row's, or NULL. False: refused, `err` says why (WRONG_BOARD,
 * IMAGE_TOO_LARGE, IMAGE_NOT_FOR_BOARD, ANSWER_NEEDED for a value that isn't one,
 * WRONG_REVISION). True with question->is_open: the plan is good but for the answer.
 */
bool fettle_plan_make(fettle_plan *plan, const fettle_image *image,
                      const fettle_board_row *row, const fettle_vendor *vendor,
                      const fettle_plan_wishes *wishes, fettle_plan_question *question,
                      fettle_error *err);

/*
 * The final plan: may the job go on with this board? False: refused (WRONG_BOARD, IMAGE_TOO_LARGE,
 * DOWNLOAD_UNSUPPORTED, UPLOAD_UNSUPPORTED). Adds to `observed` what is worth a note.
 */
bool fettle_plan_finish(const fettle_plan *plan, const fettle_survey *survey,
                        fettle_observed *observed, fettle_error *err);

/*
 * An application of this version was seen: may it be what the person says it is? False: WRONG_REVISION.
 * True where versions say nothing about revisions, or no revision was given.
 */
bool fettle_plan_check_version(const fettle_plan *plan, uint16_t bcdDevice,
                               fettle_error *err);

/* Is `id`, in update mode, one that the image is made for? True where it names none. */
bool fettle_plan_id_fits(const fettle_image *image, fettle_usb_id id);

/* What will be done, for people: lines separated by "\n". */
void fettle_plan_describe(const fettle_plan *plan, char *text, size_t size);

#endif
