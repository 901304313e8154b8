/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a vendor knows of its modules: boards with an ESP chip that sit on a carrier. Three things a plain ESP board doesn't have:
 * the carrier has a word of its own for "into the loader"; some bytes of the flash can never be replaced; and what a file is made of
 * depends on the module. Job and plan know them by these tables only.
 */
#ifndef FETTLE_BOARD_MODULE_H
#define FETTLE_BOARD_MODULE_H

#include "base/effect.h"

struct fettle_image;
struct fettle_esp_board;
struct fettle_esp_layout;
struct fettle_partition;
struct fettle_partitions;

/* ---- the carrier ---- */

enum { FETTLE_CARRIER_ROOM = 2048 };

/* What a carrier has said of itself. */
typedef struct fettle_carrier_facts {
    bool answers;
    bool has_hardware, has_firmware, has_product;
    uint16_t hardware, firmware, product;
} fettle_carrier_facts;

/*
 * A bridge that is a computer itself. All engines work on the serial face that is open already, and leave it at 115200 baud and
 * eight data bits. `room` is memory of at least FETTLE_CARRIER_ROOM bytes, as aligned as anything, which belongs to one board.
 */
typedef struct fettle_carrier_ops {
    const char *name;  /* "shield": what people call it */
    uint32_t baud_max; /* towards the module */
    /* The most at which long answers of the module come through whole. */
    uint32_t baud_of_answers;
    bool (*is_one)(fettle_usb_id id);
    void (*init)(void *room, fettle_usb_id id);
    fettle_engine *(*ask)(void *room);   /* who it is; ends well also if it is silent */
    fettle_engine *(*enter)(void *room); /* the module into its loader */
    fettle_engine *(*leave)(void *room); /* and into its application */
    fettle_engine *(*update_mode)(
        void *room); /* itself into its update mode; nobody knows whether that works */
    void (*tell)(const void *room, fettle_carrier_facts *facts);
} fettle_carrier_ops;

/* ---- the module ---- */

enum {
    FETTLE_MODULE_RANGES_MAX = 4,
    FETTLE_MODULE_BYTES_MAX = 0x4000, /* of all ranges together */
    FETTLE_MODULE_OWNED_MAX = 8,
    FETTLE_MODULE_SUMMARY_SIZE = 2048,
    FETTLE_MODULE_VERSION_SIZE = 32,
};

typedef struct fettle_module_range {
    uint32_t address, size;
} fettle_module_range;

/* What is known when the module's flash is laid out. Borrowed. */
typedef struct fettle_module_look {
    const struct fettle_esp_board *board;
    const uint8_t *mac; /* six bytes */
    const char *name;   /* "lopy4": which module it is, as somebody says; NULL: not known */
    bool is_said;       /* by a person, who may overrule a file and what is remembered */
    /* Which one it was the last time, by its MAC; NULL: not known. */
    const char *remembered;
    fettle_span ranges
        [FETTLE_MODULE_RANGES_MAX]; /* what read() has asked for, in its order; size 0: it couldn't be read */
    /* The first of them as it was kept the last time, for this MAC; size 0: nothing was. */
    fettle_span kept;
    const struct fettle_partitions *
        table_before; /* as it was kept of this very module, for where an update was cut off; or NULL */
} fettle_module_look;

/* What a person wants of a module. */
typedef struct fettle_module_wishes {
    const char *region;   /* NULL: as it is */
    bool erases_files;    /* its file system */
    bool erases_settings; /* its NVS */
    bool names_slot;      /* a person said where the application goes */
    /* Agrees to losing files that a new layout takes with it; else nothing is written. */
    bool agrees_to_loss;
} fettle_module_wishes;

/* What becomes of what somebody has on a module. */
typedef enum fettle_fate {
    FETTLE_FATE_UNKNOWN, /* or there is no such thing */
    FETTLE_FATE_KEPT,    /* as it was, byte by byte */
    FETTLE_FATE_ERASED,
    FETTLE_FATE_REPLACED, /* by what the file has there */
    FETTLE_FATE_RESTORED, /* from an earlier copy of this very module */
} fettle_fate;

typedef struct fettle_module_fates {
    fettle_fate irreplaceable, settings, files;
    const char *name; /* of the irreplaceable range, for people; constant */
} fettle_module_fates;

typedef struct fettle_module_work {
    struct fettle_esp_layout *layout; /* to be added to */
    bool brings_start; /* the application that will start is in the layout: */
    uint32_t start;    /* at this address */
    fettle_module_fates fates;
    void *owned
        [FETTLE_MODULE_OWNED_MAX]; /* memory that pieces lie in; given back by the caller, also on failure */
    size_t owned_count;
} fettle_module_work;

struct fettle_memory_ops;

/*
 * What is to be put back: the range as it lies in a backup of the whole flash, or a file of it alone, in whichever form the vendor's own
 * tools or fettle have written it. Borrowed.
 */
typedef struct fettle_module_backup {
    fettle_span bytes;
    bool is_own;    /* of this very module; else what can't be replaced stays its own */
    bool is_agreed; /* that good ones are replaced: by a person, or nothing is written */
} fettle_module_backup;

/* A radio with regions. */
typedef struct fettle_module_radio {
    bool is_known;      /* whether this module has one */
    bool is_there;      /* it has */
    const char *region; /* constant; NULL: not set, or a number that means none */
} fettle_module_radio;

enum {
    FETTLE_MODULE_ID_SIZE = 24,
    FETTLE_MODULE_SECRETS_MAX = 12,
};

typedef struct fettle_module_ids {
    char lora_mac[FETTLE_MODULE_ID_SIZE],
        sigfox_id[FETTLE_MODULE_ID_SIZE]; /* hex digits; empty: not set */
    size_t secret_count;
    struct {
        const char *name; /* constant */
        bool is_set;
    } secrets[FETTLE_MODULE_SECRETS_MAX];
} fettle_module_ids;

enum { FETTLE_MODULE_STEP_SIZE = 240 };

/* What is known of a module that restarts again and again, or finds nothing to start. Borrowed. */
typedef struct fettle_module_distress {
    bool finds_nothing; /* its loaders say so */
    bool loses_power;
    /* The command that brought its firmware can be run once more, with further wishes. */
    bool is_rerun;
    bool was_erased_whole;                      /* and written anew, just now */
    bool was_erased_files, was_erased_settings; /* just now */
    const fettle_module_range *blank;           /* what else is known to be */
    size_t blank_count;
    const char *port; /* as it is typed */
} fettle_module_distress;

/* What to do next: the mildest that was not done yet. */
typedef struct fettle_module_rescue {
    const char *hint; /* whole sentences, constant */
    /* The same in commands, for who has run none that can be run again; empty: there is nothing to add. */
    char step[FETTLE_MODULE_STEP_SIZE], or_else[FETTLE_MODULE_STEP_SIZE];
} fettle_module_rescue;

typedef struct fettle_module_ops {
    /*
     * What is typed at the console of an application to hear which version it is: nothing that changes anything, nor disturbs what
     * runs. NULL: there is no such word.
     */
    const char *greeting;

    /*
     * The version of an application, as it says it at its console, or as that stands in its image: "1.20.2.r6", printable. False:
     * nothing in there is known to be one.
     */
    bool (*version)(fettle_span text, char version[FETTLE_MODULE_VERSION_SIZE]);

    /*
     * Which region is used in a country: its name into `region`, why into `text`. False: `text` says what a person has to do. NULL:
     * such modules have no radio with regions.
     */
    bool (*region_of_country)(const char *country, char *region, size_t region_size,
                              char *text, size_t size);

    /* Is this a module of this vendor, by its partition table? */
    bool (*is_one)(const struct fettle_esp_board *board);

    /*
     * What has to be read before anything is decided: the irreplaceable range first. Returns how many ranges.
     */
    size_t (*read)(const struct fettle_esp_board *board,
                   fettle_module_range ranges[FETTLE_MODULE_RANGES_MAX]);

    /*
     * For a board that nothing else shows to be a module, before something is done to these bytes: may it be one at all, and are they
     * such a module's?
     */
    bool (*may_be_one)(const struct fettle_esp_board *board);
    bool (*is_its_range)(fettle_span bytes);

    /* Has the irreplaceable range anything that a copy should be kept of? */
    bool (*is_worth_keeping)(const fettle_module_look *look);

    /* Has it good ones, and not those that were kept? Nobody knows which are right, so both stay. */
    bool (*has_others)(const fettle_module_look *look);

    /* The row of the board's table that is started; NULL: none, or nobody knows. */
    const struct fettle_partition *(*started)(const fettle_module_look *look);

    /* A readable summary of the irreplaceable range, secrets masked, lines separated by "\n". */
    void (*summarise)(const fettle_module_look *look, char *text, size_t size);

    /*
     * Lays out a file of this vendor's own (image->package is not NULL) on this module. Adds to `observed` what goes where and
     * what will be lost. False: refused.
     */
    bool (*lay_out)(const struct fettle_image *image, const fettle_module_look *look,
                    const fettle_module_wishes *wishes, fettle_module_work *work,
                    const struct fettle_memory_ops *memory, fettle_observed *observed,
                    fettle_error *err);

    /*
     * Whatever was laid out (also files that are not this vendor's own): adds the irreplaceable range as it has to be afterwards, and
     * which application is started; and says what becomes of the rest. False: refused.
     */
    bool (*complete)(const fettle_module_look *look, const fettle_module_wishes *wishes,
                     fettle_module_work *work, const struct fettle_memory_ops *memory,
                     fettle_observed *observed, fettle_error *err);

    /*
     * The irreplaceable range as it has to be after a restore, all `size` bytes of it, out of a backup. False: it is no such backup,
     * or a person has to agree first (FETTLE_E_CONFIRMATION_NEEDED). NULL: of such a range no copy is made.
     */
    bool (*restore)(const fettle_module_look *look, const fettle_module_backup *backup,
                    uint8_t *range, size_t size, fettle_observed *observed,
                    fettle_error *err);

    /* What helps a module that doesn't come up, one step at a time. NULL: nothing that is particular to such modules. */
    void (*rescue)(const fettle_module_look *look, const fettle_module_distress *distress,
                   fettle_module_rescue *rescue);

    /* The region that the radio is set to, as the range says it. NULL: such modules have none. */
    void (*radio)(const fettle_module_look *look, fettle_module_radio *radio);

    /* What identifies it, and which of its secrets are set. NULL: such modules have nothing of that. */
    void (*identify)(const fettle_module_look *look, fettle_module_ids *ids);

    /*
     * Is there such a region, and does the module that a person names (NULL: nobody did), or that the file is for (NULL: none), have it?
     * What is known before any board is looked at. False: USAGE, or REGION_NOT_HERE. NULL: such modules have none.
     */
    bool (*check_region)(const struct fettle_image *image, const char *name,
                         const char *region, fettle_error *err);

    /* May the module `id` ("wipy2") take a file that names `word` ("wipy")? */
    bool (*takes_files_of)(const char *id, const char *word);
} fettle_module_ops;

#endif
