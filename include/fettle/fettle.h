/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfettle: put the right firmware on a development board, prove that it is there, and say in
 * plain words what is wrong when that can't be done.
 *
 *     fettle_context *context = fettle_context_new(&err);
 *     fettle_context_add_usb(context, &err);
 *     fettle_image *image = fettle_image_load("pytrack.dfu", 0, &err);
 *     fettle_wishes wishes = {.revision = "1", .wait = 60000000};
 *     fettle_job *job = fettle_job_new(context, FETTLE_VERB_UPDATE, image, &wishes, &err);
 *     bool ok = fettle_job_run(job, on_event, NULL, &err);
 *     puts(fettle_outcome_name(fettle_job_result(job)->outcome));
 *     fettle_job_free(job); fettle_image_free(image); fettle_context_free(context);
 *
 * Functions that can fail return bool or a pointer and fill in `err` (never NULL). The library never
 * prints, never exits, never reads the environment and keeps no global state. A context and all that
 * came from it belong to one thread, but for fettle_job_cancel(). Texts are UTF-8. What boards and
 * files say of themselves is untrusted: show it through fettle_text_to_show().
 */
#ifndef FETTLE_FETTLE_H
#define FETTLE_FETTLE_H

#include "transport.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0". Constant. */
FETTLE_API const char *fettle_version(void);

/* ---- words ---- */

/* Facts of a failure, all constant strings. A code that isn't one is taken as FETTLE_E_NONE. */
FETTLE_API const char *fettle_code_slug(fettle_code code);
FETTLE_API int fettle_code_exit_status(fettle_code code);
FETTLE_API const char *fettle_code_message(fettle_code code); /* with {names} */
FETTLE_API const char *fettle_code_hint(fettle_code code);
FETTLE_API const char *fettle_code_cause(fettle_code code);
FETTLE_API const char *
fettle_code_fault(fettle_code code); /* "you", "file", "computer", "cable", "board", "us" */
FETTLE_API fettle_code fettle_code_find(const char *slug); /* NONE if there is none */
FETTLE_API const char *fettle_note_slug(fettle_note_code note);
FETTLE_API const char *fettle_note_format(fettle_note_code note);

/* "find", "enter", ...; "app", "dfu", ...; "errWRITE" for a DFU bStatus, NULL if it is none. Constant. */
FETTLE_API const char *fettle_stage_name(fettle_stage stage);
FETTLE_API const char *fettle_mode_name(fettle_mode mode);
FETTLE_API const char *fettle_dfu_status_name(uint32_t bStatus);

/* Copies untrusted text with control and bidi characters and invalid UTF-8 shown as \xNN. */
FETTLE_API void fettle_text_to_show(char *buf, size_t size, const char *text);

/* ---- context ---- */

/* Buses, a clock, a store, and the tables of boards. */
typedef struct fettle_context fettle_context;

/*
 * A context with the system's monotonic clock, and no bus and no store. NULL when there is no
 * memory. To be freed last of all.
 */
FETTLE_API fettle_context *fettle_context_new(fettle_error *err);
FETTLE_API void fettle_context_free(fettle_context *context); /* takes NULL */

/* Another clock, for virtual boards without time. Before anything else; `clock` outlives the context. */
FETTLE_API void fettle_context_set_clock(fettle_context *context,
                                         const fettle_clock_ops *ops, void *clock);
FETTLE_API void fettle_context_clock(const fettle_context *context,
                                     const fettle_clock_ops **ops, void **clock);

/*
 * The USB devices of this computer, as one of the context's buses. Opens no device. False:
 * NOT_SUPPORTED where this build has no USB, SYSTEM_ERROR where the system refuses.
 */
FETTLE_API bool fettle_context_add_usb(fettle_context *context, fettle_error *err);

/*
 * The devices that a USB/IP server offers: "usbip://HOST[:PORT][/BUSID]", endpoint 0 only. `path` (may be
 * NULL) gets the name under which the board is known, empty where no BUSID was given. Connects, within
 * 5 s. False: USAGE, SERVER_UNREACHABLE, NOT_SUPPORTED.
 */
FETTLE_API bool fettle_context_add_usbip(fettle_context *context, const char *port,
                                         char path[FETTLE_PATH_SIZE], fettle_error *err);

/*
 * A serial line that the list of this computer's devices doesn't have: a node ("/dev/pts/3"), or one at another
 * computer: "tcp://HOST:PORT" (bytes only, so nothing there can be reset), "rfc2217://HOST:PORT" (with rate, data bits, DTR
 * and RTS). `path` (may be NULL) gets the name under which the board is known. Connects, within 5 s. False: USAGE,
 * SERVER_UNREACHABLE, NOT_SUPPORTED.
 */
FETTLE_API bool fettle_context_add_serial(fettle_context *context, const char *port,
                                          char path[FETTLE_PATH_SIZE], fettle_error *err);

/* One more bus, up to 8. False: there are too many. `bus` must outlive the context. */
FETTLE_API bool fettle_context_add_bus(fettle_context *context, const fettle_bus_ops *ops,
                                       void *bus, fettle_error *err);

/* How many buses there are. 0: nothing can be reached, whatever is plugged in. */
FETTLE_API size_t fettle_context_bus_count(const fettle_context *context);

/*
 * What is remembered of boards between runs: small values under keys like "answer/usb:1-1.2/revision".
 * Keys have letters, digits and "/:.-_" only.
 */
typedef struct fettle_store_ops {
    /* Copies the value into `buf` and its size into `size`. False: there is none that fits. */
    bool (*get)(void *store, const char *key, uint8_t *buf, size_t room, size_t *size);
    /* Keeps the value, whole or not at all. False: it couldn't. */
    bool (*put)(void *store, const char *key, fettle_span value);
    /* Calls `each` for every key that begins with `prefix`, in order of their bytes. */
    void (*list)(void *store, const char *prefix, void (*each)(void *user, const char *key),
                 void *user);
} fettle_store_ops;
FETTLE_API void fettle_context_set_store(fettle_context *context,
                                         const fettle_store_ops *ops, void *store);

/*
 * One board, one job: a lock on the path of a board, held against every other process from the moment a
 * job has found its board until it ends, also while the board leaves and comes back. Without a table
 * nothing is locked.
 */
typedef struct fettle_lock_ops {
    /*
     * Takes the lock for `verb` ("update"), or says at once who has it: the process, 0 where that can't be
     * known. What can't be locked (no folder to do it in) counts as taken.
     */
    bool (*take)(void *lock, const char *path, const char *verb, uint64_t *holder);
    void (*release)(void *lock, const char *path);
} fettle_lock_ops;
FETTLE_API void fettle_context_set_lock(fettle_context *context, const fettle_lock_ops *ops,
                                        void *lock);

/* ---- images ---- */

/*
 * A firmware file, read once and whole, or several of them joined; immutable, may be shared by threads. What is to be
 * sent is a list of regions, which have an address if the file names one.
 */
typedef struct fettle_image fettle_image;

enum {
    /* A wrong checksum is noted, and only the content sent. */
    FETTLE_LOAD_ACCEPT_DAMAGED = 1 << 0,
    FETTLE_LOAD_AS_RAW = 1 << 1, /* every byte is content, whatever it looks like */
};

/*
 * Reads a file, at most 256 MiB, checked by its size before it is read: raw firmware, with or without a DFU suffix, DfuSe,
 * Intel HEX, images and partition tables for ESP chips. NULL and `err` on failure.
 *
 * A file named .json is one that names others, which are read as well and joined: flasher_args.json of ESP-IDF, or a manifest.json
 * of ESP Web Tools. Of builds for several chips fettle_image_load_for_chip() takes the one that is meant ("esp32s3", in any
 * spelling; NULL: the only one); other files it reads as fettle_image_load() does.
 */
FETTLE_API fettle_image *fettle_image_load(const char *path, unsigned flags,
                                           fettle_error *err);
FETTLE_API fettle_image *fettle_image_load_for_chip(const char *path, const char *chip,
                                                    unsigned flags, fettle_error *err);

/*
 * The chips that a file named .json has builds for, in its order: a word for each, or "". Returns how many there are and writes up
 * to `max` of them. 0 for any other file, and for one that can't be read.
 */
enum { FETTLE_CHIP_WORD_SIZE = 16 };
FETTLE_API size_t fettle_image_chips(const char *path, char (*chips)[FETTLE_CHIP_WORD_SIZE],
                                     size_t max);

/* The same from memory, which is copied. `name` as a file name: it may promise a format (.dfu, .hex). */
FETTLE_API fettle_image *fettle_image_from_bytes(const char *name, fettle_span bytes,
                                                 unsigned flags, fettle_error *err);
FETTLE_API void
fettle_image_free(fettle_image *image); /* takes NULL; not before its jobs */

/*
 * A file and, unless it names addresses itself, the address where its content goes; or, on an ESP chip, the partition. What is
 * a bootloader, an application or a partition table for such a chip needs neither.
 */
typedef struct fettle_part {
    const fettle_image *image;
    bool has_address;
    uint32_t address;
    const char *partition; /* by its label; or NULL */
} fettle_part;

/*
 * One image of up to 64 files, or of one at an address. All is copied: the parts may be freed at once. Its SHA-256 is that
 * of all bytes of the files, one behind the other in the order of the parts. NULL and `err` on failure: USAGE (no part,
 * too many, or a partition for a file that names addresses), FILE_NEEDS_ADDRESS (one of several), FILE_HAS_ADDRESS (a DfuSe or HEX file, or one with a prefix, and an
 * address), ADDRESS_TOO_HIGH, FILES_OVERLAP, FILES_FOR_TWO_BOARDS (by their suffixes), FILE_TOO_LARGE (256 MiB for
 * all), FILE_TOO_SCATTERED (65536 regions), NO_MEMORY.
 */
FETTLE_API fettle_image *fettle_image_join(const fettle_part *parts, size_t count,
                                           fettle_error *err);

/* What a file says of itself. Texts and spans are the image's. */
typedef struct fettle_image_facts {
    const char *name; /* of the file, without folders; of several, with commas in between */
    const char *format;  /* "raw", "dfu", "dfuse", "hex", "esp"; "joined" */
    fettle_span file;    /* all its bytes */
    fettle_span content; /* what is sent, if that is one region; else of size 0 */
    uint8_t sha256[32];  /* of the file */
    bool has_suffix;
    uint16_t idVendor, idProduct, bcdDevice, bcdDFU; /* 0xFFFF: any */
    uint8_t suffix_length;
    uint32_t crc_stored, crc_computed;
    bool is_damaged;    /* the two differ, and the caller accepted it */
    const char *prefix; /* "none", "ti", "lpc" */
    size_t prefix_size;
    uint32_t prefix_address, prefix_length;
    size_t content_size; /* of all regions together */
    size_t region_count;
    size_t gap_count; /* between regions of the same memory */
    bool has_entry;   /* HEX: where the program begins */
    uint32_t entry;
    size_t target_count;    /* DfuSe */
    const char *dfuse_size; /* its size field: "right", "with-suffix", "zero", or "none" */
    size_t piece_count;     /* for ESP chips, and of several files */
    const char *chip;       /* "esp32s3", where a file that names others says so; else "" */
    const char *version;    /* of a vendor's package: of the firmware in it; or "" */
    /* Of a vendor's package: for how much flash it has layouts, "4 MB, 8 MB (shown)"; or "". */
    const char *layouts;
} fettle_image_facts;
FETTLE_API void fettle_image_get_facts(const fettle_image *image,
                                       fettle_image_facts *facts);

/* A piece of what is sent. `data` is the image's, never empty. */
typedef struct fettle_image_region_view {
    bool has_address; /* else it goes to where the memory begins, and is the only region */
    uint32_t address; /* with the size never beyond 0xFFFFFFFF */
    bool has_alternate; /* DfuSe: the file names the memory, by its alternate setting */
    uint8_t alternate;
    fettle_span data;
} fettle_image_region_view;

/* Regions, sorted by alternate, those without one first, then by address. At least one. */
FETTLE_API size_t fettle_image_region_count(const fettle_image *image);
/* False, and nothing is written: there is no region `index`. */
FETTLE_API bool fettle_image_region(const fettle_image *image, size_t index,
                                    fettle_image_region_view *view);

/* One target of a DfuSe file, as it stands there. Several may have the same alternate. */
typedef struct fettle_image_target_view {
    uint8_t alternate;
    const char *name; /* "" where it has none; untrusted; the image's */
    size_t element_count;
} fettle_image_target_view;

/* False, and nothing is written: there is no target `index`. */
FETTLE_API bool fettle_image_target_at(const fettle_image *image, size_t index,
                                       fettle_image_target_view *view);

/*
 * A part of an image that goes to one place by itself: one of several files, or what a merged file for an ESP chip has for one
 * partition. Texts are the image's, and untrusted.
 */
typedef struct fettle_image_piece_view {
    const char *name;  /* of its file */
    const char *label; /* of its partition, in a merged file; or "" */
    /* False: it is the only piece, and the board's partition table decides. */
    bool has_address;
    uint32_t address;
    size_t size;
    const char *content; /* "application", "bootloader", "image", "table", "otadata", "nvs",
                            "littlefs", "spiffs", "fat", "blank", "unknown" */
    bool is_image;       /* one of the first three: the rest counts */
    const char *chip;    /* "ESP32-S3", "ESP8266"; NULL: a chip that isn't known */
    bool has_chip_id;    /* not of an ESP8266 */
    uint16_t chip_id;
    uint16_t min_revision, max_revision; /* major * 100 + minor; 0 and 65535: any */
    const char *version, *project, *idf, *date, *time; /* "" where it isn't said */
    const char *flash_mode;                            /* "dio"; NULL: not known */
    uint32_t flash_size;                               /* bytes; 0: not known */
    unsigned flash_mhz;                                /* 0: not known */
    uint32_t entry;
    size_t image_size; /* with checksum and SHA-256, without what follows */
    bool has_hash, is_intact;
    size_t segment_count;
} fettle_image_piece_view;

/* False, and nothing is written: there is no piece `index`. They are sorted by address. */
FETTLE_API bool fettle_image_piece_at(const fettle_image *image, size_t index,
                                      fettle_image_piece_view *view);

typedef struct fettle_image_segment_view {
    uint32_t address; /* where the chip has it */
    uint32_t size;
    bool is_mapped; /* from flash, as far as that can be told; else it is copied to RAM */
} fettle_image_segment_view;

/* Segment `index` of a piece. False: there is none. */
FETTLE_API bool fettle_image_segment_at(const fettle_image *image, size_t piece,
                                        size_t index, fettle_image_segment_view *view);

/*
 * Row `index` of the partition table that an image has. Of `view` what only a board can tell is empty. False: there is
 * none.
 */
struct fettle_partition_facts;
FETTLE_API bool fettle_image_partition_at(const fettle_image *image, size_t index,
                                          struct fettle_partition_facts *view);

/*
 * Which known boards it is made for, by the ids it names: constant names like "Pytrack". Returns how
 * many there are and writes up to `max` of them.
 */
FETTLE_API size_t fettle_image_fits(const fettle_image *image, const char **names,
                                    size_t max);

/* ---- boards ---- */

typedef enum fettle_board_state {
    FETTLE_BOARD_READY,        /* in update mode, or can be brought there without a hand */
    FETTLE_BOARD_NEEDS_A_HAND, /* a person has to bring it into update mode */
    FETTLE_BOARD_NO_PERMISSION,
    FETTLE_BOARD_NO_DRIVER,
    FETTLE_BOARD_BUSY,
    FETTLE_BOARD_NOT_OURS, /* has a DFU interface but is part of a computer: left alone */
    FETTLE_BOARD_FOREIGN,  /* nothing here that fettle can update */
    FETTLE_BOARD_LINE,     /* a serial port: what is behind it can't be seen from here */
} fettle_board_state;

/* A board as it is seen now: a value. `name` and the constant strings live as long as the program. */
typedef struct fettle_board_view {
    char name[FETTLE_TEXT_SIZE]; /* "Pytrack", or what the device calls itself, escaped */
    char path[FETTLE_PATH_SIZE]; /* its identity; also what --board takes */
    char node[FETTLE_PATH_SIZE];
    char serial[FETTLE_TEXT_SIZE]; /* escaped */
    fettle_mode mode;
    fettle_usb_id id;
    uint16_t bcdDevice;
    bool is_known; /* it has a row in a table */
    bool has_dfu;  /* a DFU interface, in runtime or in update mode */
    fettle_board_state state;
    const char *state_text; /* "ready", "in use by another program", ... */
    const char *next;       /* what to do next, a sentence */
    /* Which module sat here when it was last updated: remembered, not seen; or NULL. */
    const char *module;
} fettle_board_view;

/*
 * Who is there now; returns how many, writes up to `max`. Devices without anything to update are
 * left out unless `all`. Talks to no device. `change` (may be NULL) is for fettle_boards_wait().
 */
FETTLE_API size_t fettle_boards_look(fettle_context *context, bool all,
                                     fettle_board_view *views, size_t max,
                                     uint64_t *change);

/* Waits until something is other than at `change`, at most `timeout` microseconds. True: it is. */
FETTLE_API bool fettle_boards_wait(fettle_context *context, uint64_t change,
                                   fettle_us timeout);

/* A board that fettle knows by name. Texts are constant. */
typedef struct fettle_known_board {
    const char *id;   /* "pytrack": what --board takes */
    const char *name; /* "Pytrack" */
    fettle_usb_id app, update;
    char revisions[64]; /* "1, 2", or empty where there is only one */
    const char *enter; /* how a person brings it into update mode, a step a line; or NULL */
    const char *picture; /* name of the picture that shows it, or NULL */
} fettle_known_board;

/* The known boards one by one, from 0. False past the last. */
FETTLE_API bool fettle_known_board_at(size_t index, fettle_known_board *board);

/* ---- jobs ---- */

typedef enum fettle_verb {
    FETTLE_VERB_UPDATE, /* write what differs, prove it, start the application */
    FETTLE_VERB_READ,   /* read the memory; the bytes are in the result */
    FETTLE_VERB_VERIFY, /* compare only */
    FETTLE_VERB_RESET,  /* to the application, or into update mode */
    FETTLE_VERB_SURVEY, /* look only: what is it, what memories has it */
    FETTLE_VERB_ERASE,  /* a memory, or a part of it */
    FETTLE_VERB_BACKUP, /* READ all of it: of a carrier with a module, the module's flash */
    FETTLE_VERB_RESTORE, /* UPDATE from what BACKUP has read: the image's bytes, whatever they look like */
} fettle_verb;

enum {
    FETTLE_WISH_NO_VERIFY = 1 << 0,  /* no reading at all: neither compare nor verify */
    FETTLE_WISH_STAY = 1 << 1,       /* leave it in update mode at the end */
    FETTLE_WISH_IGNORE_IDS = 1 << 2, /* the ids in the file don't count */
    FETTLE_WISH_DRY_RUN = 1 << 3, /* plan, look, and change nothing that survives a reset */
    FETTLE_WISH_OFFLINE = 1 << 4, /* with DRY_RUN: plan only, touch nothing */
    /* What else a page holds, covered in part, isn't kept. */
    FETTLE_WISH_ERASE_REST = 1 << 5,
    FETTLE_WISH_ALL_PAGES = 1 << 6,  /* also those that are right already are written */
    FETTLE_WISH_MASS_ERASE = 1 << 7, /* UPDATE, ERASE: the whole memory in one go */
    /* If the memory is read protected: it erases all of it. */
    FETTLE_WISH_UNPROTECT = 1 << 8,
    FETTLE_WISH_AT_ADDRESS = 1 << 9, /* `address` counts */
    FETTLE_WISH_SPECIAL = 1 << 10,   /* option bytes and the like, if `memory` names them */
    /* Its application has `wait` to come up, if that is more. */
    FETTLE_WISH_PATIENT = 1 << 11,
    FETTLE_WISH_NO_STUB = 1 << 12,        /* only the loader in ROM is talked to */
    FETTLE_WISH_ERASE_FILES = 1 << 13,    /* UPDATE of a module: its file system too */
    FETTLE_WISH_ERASE_SETTINGS = 1 << 14, /* UPDATE of a module: its settings too */
    FETTLE_WISH_NO_BACKUP = 1 << 15,      /* nothing of a module need be saved before */
    /* ERASE: ids and keys that can't be replaced, too. */
    FETTLE_WISH_GIVE_UP_CREDENTIALS = 1 << 16,
    /* UPDATE of a shield: try a command that may bring it into update mode. */
    FETTLE_WISH_TRY_SOFTWARE = 1 << 17,
};

/*
 * The region that is used in a country ("India"), for fettle_wishes.region: its name into `region`, and why, a sentence, into `text`.
 * False: `text` says what a person has to do, because there is none, several, or nobody here knows.
 */
FETTLE_API bool fettle_region_of_country(const char *country, char *region,
                                         size_t region_size, char *text, size_t size);

/* What a person wants. Zeroed is a good start; texts are copied. */
typedef struct fettle_wishes {
    /*
     * Which board: a port ("usb:1-1.2", "sim:pytrack"), VENDOR:PRODUCT in hex, a serial, or a known
     * board's name; NULL: the one that fits.
     */
    const char *board;
    const char *revision; /* the answer to "which hardware revision", NULL: not given */
    fettle_us wait; /* for a board that isn't there and for a person's hand; 0: don't */
    unsigned flags; /* FETTLE_WISH_* */
    /* Bytes a transfer; 0: the board's own. Never more than the board's. */
    uint32_t transfer_size;
    fettle_mode to; /* RESET: APP, DFU or ROM */
    size_t length;  /* READ, ERASE: at most so many bytes; 0: all */
    /* Its number, its name or the beginning of it; NULL: the main one. */
    const char *memory;
    /* READ, ERASE: from here; UPDATE, VERIFY: where content without one goes. */
    uint32_t address;

    /* Of boards behind a serial line. */
    const char *chip; /* the chip that must be there ("esp32s3"); NULL: whichever is */
    /* How its loader is reached, see docs/protocols/esp.md; NULL: as the port suggests. */
    const char *reset;
    uint32_t baud;       /* the highest rate to try; 0: what the port is known to hold */
    uint32_t flash_size; /* bytes of flash where the chip can't tell; 0: not known */
    fettle_span stub; /* Espressif's stub file for this chip; empty: as the store has it */

    /* Of modules on a carrier. */
    /* The module is meant, not its carrier: its name ("lopy4"), or empty where the file or nobody says it;
       NULL: as the file says. */
    const char *module;
    const char *region; /* the region of its radio from now on; NULL: as it is */
    /* RESTORE: of the board that the backup is of, 12 hex digits; NULL: nobody knows. */
    const char *mac;
} fettle_wishes;

typedef enum fettle_proof {
    FETTLE_PROOF_NONE,
    FETTLE_PROOF_VERSION,  /* read from the application */
    FETTLE_PROOF_MANIFEST, /* the board's own check of the whole */
    FETTLE_PROOF_HASH,     /* hashed by the board */
    FETTLE_PROOF_READBACK, /* read back and compared: all that must be kept */
} fettle_proof;
FETTLE_API const char *fettle_proof_name(fettle_proof proof); /* "readback", ... */

typedef enum fettle_result_outcome {
    FETTLE_OUTCOME_NONE,      /* not run yet */
    FETTLE_OUTCOME_UPDATED,   /* written, with proof */
    FETTLE_OUTCOME_UNCHANGED, /* it was right already, with proof */
    FETTLE_OUTCOME_WRITTEN,   /* written, without proof */
    FETTLE_OUTCOME_RESTORED,
    FETTLE_OUTCOME_PLANNED, /* a dry run */
    FETTLE_OUTCOME_READ,
    FETTLE_OUTCOME_VERIFIED,
    FETTLE_OUTCOME_RESET,
    FETTLE_OUTCOME_SURVEYED,
    FETTLE_OUTCOME_ERASED,
    FETTLE_OUTCOME_REFUSED, /* before anything was changed */
    FETTLE_OUTCOME_FAILED,
    FETTLE_OUTCOME_INTERRUPTED,
} fettle_result_outcome;
FETTLE_API const char *
fettle_outcome_name(fettle_result_outcome outcome); /* "updated", ... */

typedef struct fettle_wire {
    uint64_t transfers, bytes_out, bytes_in;
    fettle_us slept;
} fettle_wire;

typedef struct fettle_stage_record {
    fettle_stage stage;
    fettle_us took;
    uint64_t bytes; /* that moved in it, both ways */
} fettle_stage_record;

typedef struct fettle_note_record {
    const char *slug;
    const char *message;
} fettle_note_record;

/* A run of pages of one size and with the same rights. Sizes in bytes. */
typedef struct fettle_zone_facts {
    uint32_t address, page_size, page_count;
    bool can_read, can_erase, can_write;
} fettle_zone_facts;

/* A memory of the board. */
typedef struct fettle_memory_facts {
    char name[FETTLE_TEXT_SIZE]; /* escaped */
    uint8_t alternate;
    size_t size;          /* bytes; 0: not known */
    size_t transfer_size; /* bytes */
    bool can_write, can_read;
    size_t zone_count; /* 0: its loader tells no map */
    const fettle_zone_facts *zones;
} fettle_memory_facts;

/* An ESP chip, as it tells itself. */
typedef struct fettle_chip_facts {
    const char *name;     /* "ESP32-S3" */
    const char *package;  /* "ESP32-D0WD", or empty */
    char revision[12];    /* "3.1", or empty */
    char mac[18];         /* "24:0a:c4:00:de:db", or empty */
    uint32_t crystal_mhz; /* 0: not known */
    /* JEDEC: maker, type, capacity, from the lowest byte; 0: not known. */
    uint32_t flash_id;
    uint64_t flash_size; /* bytes; 0: not known */
    uint32_t baud;       /* the highest rate that held, bits a second; 0: none was tried */
    bool is_secure_boot, is_encrypted, is_secure_download;
    bool has_stub; /* a stub did the work */
} fettle_chip_facts;

/* A row of its partition table. Texts are escaped. */
typedef struct fettle_partition_facts {
    char label[40], type[12], subtype[16];
    uint32_t address, size; /* of flash */
    bool is_encrypted;
    bool is_started;               /* the application that the chip starts */
    const char *content;           /* "application", "blank", ...; "unknown"; "outside" */
    char version[80], project[80]; /* of an application, or empty */
} fettle_partition_facts;

/* A carrier of a module, by its own word. */
typedef struct fettle_carrier_view {
    const char *what; /* "shield" */
    bool answers, has_hardware, has_firmware, has_product;
    uint16_t hardware, firmware, product;
} fettle_carrier_view;

/* A module's radio, which is set to a region. */
typedef struct fettle_radio_view {
    bool is_known;      /* whether this module has one at all */
    bool is_there;      /* it has */
    const char *region; /* "EU868", or empty: not set */
} fettle_radio_view;

/*
 * What an update has made of what its owner had on a module: "kept" (as it was), "erased", "replaced" by what the file has there, or
 * "restored" from an earlier copy of this very module. Constant; NULL: not known, or there is no such thing.
 */
typedef struct fettle_fates_view {
    const char *config, *settings, *files; /* the config block, NVS, the file system */
} fettle_fates_view;

/* A secret of a module: not what it is, nor how long. */
typedef struct fettle_module_secret {
    const char *name; /* "Sigfox private key" */
    bool is_set;
} fettle_module_secret;

/* What a module is. */
typedef struct fettle_module_view {
    const char *name; /* "LoPy4"; empty: nobody knows which it is */
    const char *lora_mac,
        *sigfox_id; /* hex digits; empty: not set, or it couldn't be read */
    size_t secret_count;
    const fettle_module_secret *secrets;
} fettle_module_view;

/* What became of a job. Everything in it is the job's. */
typedef struct fettle_result {
    fettle_result_outcome outcome;
    fettle_proof verified;
    const fettle_error *error; /* NULL if all is well */
    fettle_wire wire;
    size_t stage_count;
    const fettle_stage_record *stages;
    size_t note_count;
    const fettle_note_record *notes;
    uint32_t repaired; /* blocks that read back wrong and were written once more */
    /* the board; empty strings where it isn't known (yet) */
    const char *name, *port, *path, *serial, *part;
    fettle_mode mode; /* the last one seen */
    fettle_usb_id id;
    /* "0.08" from bcdDevice, or as its application says it, "1.20.2.r6"; or empty */
    const char *version_before, *version_after;
    size_t memory_count; /* SURVEY */
    const fettle_memory_facts *memories;
    uint16_t bcdDFUVersion; /* SURVEY, 0: not known */
    /* SURVEY: what a DfuSe loader says it takes, by their codes; empty: it doesn't. */
    fettle_span commands;
    fettle_span data; /* READ, BACKUP */
    /* The key in the store where what can't be replaced was saved; or empty. */
    const char *backup;
    /* What the module sits on, once it was asked; else NULL. */
    const fettle_carrier_view *carrier;
    /* SURVEY, BACKUP: what the vendor knows of the module, lines; or empty. */
    const char *module_text;
    const fettle_chip_facts *chip; /* of an ESP board, once it was asked; else NULL */
    const fettle_radio_view *
        radio; /* SURVEY, UPDATE, BACKUP: of a module that can be set to a region, as it is at the end; else NULL */
    size_t partition_count; /* SURVEY, BACKUP: of an ESP board */
    const fettle_partition_facts *partitions;
    /* UPDATE: of a module, once it went well and was no rehearsal; else NULL. */
    const fettle_fates_view *fates;
    const fettle_module_view *
        module; /* SURVEY, UPDATE, BACKUP: of a module that is known, as it is at the end; else NULL */
} fettle_result;

/* A question that must be answered before a job can run. Texts are the job's or constant. */
typedef struct fettle_question {
    const char *option;     /* "--revision" */
    const char *ask;        /* "Which revision is printed on the back of the board?" */
    const char *values;     /* "1, 2" */
    const char *remembered; /* the answer of last time, or NULL; never taken by itself */
    const char *picture;    /* or NULL */
} fettle_question;

typedef enum fettle_event_kind {
    FETTLE_EVENT_PLAN,       /* first; `text`: what will be done */
    FETTLE_EVENT_STAGE,      /* `stage` begins */
    FETTLE_EVENT_PROGRESS,   /* `progress` grew */
    FETTLE_EVENT_ASK,        /* a person must do something now: `ask`, `text`, `picture` */
    FETTLE_EVENT_ASK_OVER,   /* they did, or it is too late */
    FETTLE_EVENT_NOTE,       /* `note`, `text` */
    FETTLE_EVENT_WIRE,       /* `text`: one effect and its outcome, a line of a trace */
    FETTLE_EVENT_BOARD_LEFT, /* `text`: its path */
    FETTLE_EVENT_BOARD_BACK, /* `text`: its path; `mode` */
    FETTLE_EVENT_DONE,       /* last */
    FETTLE_EVENT_FAILED,     /* last; `error` */
} fettle_event_kind;

/*
 * Order: PLAN; then the others; STAGE before what belongs to it; every ASK has its ASK_OVER before the
 * end; `progress` never goes down; DONE or FAILED once, last. WIRE only if fettle_job_trace() was called.
 * Pointers are valid during the call only.
 */
typedef struct fettle_event {
    fettle_event_kind kind;
    fettle_us at;       /* since the job began */
    fettle_stage stage; /* the present one */
    uint32_t progress;  /* parts per million */
    fettle_us left;     /* estimate of what is left; 0: not known */
    fettle_ask ask;
    fettle_mode mode;
    const char *path;    /* of the board; empty while none was seen */
    const char *text;    /* never NULL */
    const char *picture; /* or NULL */
    const char *slug;    /* NOTE */
    const fettle_error *error;
} fettle_event;
FETTLE_API const char *
fettle_event_name(fettle_event_kind kind); /* "plan", "ask-over", ... */

typedef void fettle_listener(void *user, const fettle_event *event);

typedef struct fettle_job fettle_job;

/*
 * Makes the plan as far as file, tables and wishes allow. NULL and `err` when it can be refused by
 * now (unknown board, file for another one, too large, ...): nothing was touched. `image` may be NULL
 * for READ, RESET, SURVEY, ERASE and BACKUP, and for an UPDATE that only sets a region; it and the context must outlive the job.
 *
 * In a BACKUP the result says from the beginning of FETTLE_STAGE_BACKUP on which board it is (name, serial, chip).
 */
FETTLE_API fettle_job *fettle_job_new(fettle_context *context, fettle_verb verb,
                                      const fettle_image *image,
                                      const fettle_wishes *wishes, fettle_error *err);
FETTLE_API void fettle_job_free(fettle_job *job); /* takes NULL; not while it runs */

/* What must still be answered; index from 0, NULL past the last. */
FETTLE_API const fettle_question *fettle_job_question(const fettle_job *job, size_t index);

/* Answers by option name. False and ANSWER_NEEDED if it isn't one of the values. */
FETTLE_API bool fettle_job_answer(fettle_job *job, const char *option, const char *value,
                                  fettle_error *err);

/* What will be done, in plain words, lines separated by "\n"; the job's. */
FETTLE_API const char *fettle_job_plan_text(const fettle_job *job);

/* WIRE events from now on. */
FETTLE_API void fettle_job_trace(fettle_job *job);

/*
 * Runs it to its end, once a job. `listener` may be NULL; it is called in this thread. True if it
 * ended well: UPDATED, UNCHANGED, WRITTEN, ... Else `err` is a copy of the result's error.
 */
FETTLE_API bool fettle_job_run(fettle_job *job, fettle_listener *listener, void *user,
                               fettle_error *err);

/* Asks a running job to stop, or one that isn't running yet not to begin. Any thread, any signal handler. */
FETTLE_API void fettle_job_cancel(fettle_job *job);

/* Valid until the job is freed; outcome NONE before it was run. */
FETTLE_API const fettle_result *fettle_job_result(const fettle_job *job);

/* ---- this computer's permissions ---- */

/* Will this person be able to open a USB device that isn't there yet? */
typedef enum fettle_access {
    FETTLE_ACCESS_UNKNOWN, /* it can't be told beforehand: no udev here, or it depends */
    FETTLE_ACCESS_ALLOWED,
    FETTLE_ACCESS_NO_RULE, /* nobody but root gets it, or only who sits at the screen */
    FETTLE_ACCESS_NOT_IN_GROUP, /* a group gets it, and this person isn't in it */
    FETTLE_ACCESS_GROUP_NOT_YET, /* is in it by now, but logged in before: log out and in again */
} fettle_access;

/* What the system's rules would make of the device's node; a value. Empty and 0 where not known. */
typedef struct fettle_access_facts {
    unsigned mode;    /* 0660 */
    bool has_uaccess; /* the person at the screen gets an entry in its access list */
    char group[64];
    char file[256]; /* the rule file that decided, or that couldn't be judged */
    size_t line;
} fettle_access_facts;

/*
 * Reads udev's rules as udev would, for a device with this id, in USB DFU mode or in another. Opens no
 * device. What can't be known beforehand (a rule that runs a program, an attribute) never makes a
 * "no". Always UNKNOWN on systems without udev. Any thread. `facts` may not be NULL.
 */
FETTLE_API fettle_access fettle_foresee_access(fettle_usb_id id, bool is_dfu_mode,
                                               fettle_access_facts *facts);

/*
 * Writes the udev rule file 60-fettle.rules, which lets people open all known boards and whatever is in
 * DFU mode. Returns its size without the NUL; where that isn't less than `size`, the text is cut.
 */
FETTLE_API size_t fettle_udev_rules(char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
