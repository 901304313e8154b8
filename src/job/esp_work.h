/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the job does with an ESP chip, as engines on top of the loader's
 * (proto/esp.h): look at the board, compare, erase, write and read what a list
 * of sectors says, and start the application. One struct for one board; a verb
 * readies it and returns the engine to RUN.
 *
 * Comparing is hashing: a large block at a time, and in one that differs sector
 * by sector, as long as that finds any that need not be written.
 */
#ifndef FETTLE_JOB_ESP_WORK_H
#define FETTLE_JOB_ESP_WORK_H

#include "board/module.h"
#include "image/esp_content.h"
#include "image/esp_place.h"
#include "proto/esp.h"
#include "proto/sectors.h"

typedef struct fettle_esp_work fettle_esp_work;

/* What lies in a partition, by its first bytes. */
typedef struct fettle_esp_seen {
    bool is_known;
    fettle_esp_content content;
    char version[FETTLE_ESP_DESC_SIZE],
        project[FETTLE_ESP_DESC_SIZE]; /* untrusted; or empty */
} fettle_esp_seen;

/* Who the board's vendor may be; see fettle_vendor. */
struct fettle_vendors;

typedef fettle_effect fettle_esp_work_then(fettle_esp_work *work, fettle_us now);

struct fettle_esp_work {
    fettle_engine engine;
    fettle_esp esp;
    fettle_sectors sectors;      /* what is wanted */
    const fettle_esp_stub *stub; /* for writing and reading; NULL: none */

    /* A carrier between us and the chip, and its room; NULL: an ordinary bridge. */
    const fettle_carrier_ops *carrier;
    void *carrier_room;
    uint32_t late_baud; /* to be tried when all has been read; 0: none */

    /* Whose module it is: asked for once there is a table, unless it is known. May be NULL. */
    const fettle_module_ops *(*find_module)(void *user, const fettle_esp_board *board);
    void *find_module_user;
    /* Whose application is asked for its version first; NULL: nobody's. */
    const fettle_module_ops *console;
    fettle_ask ask_by_hand;        /* how a person brings it into its loader */
    fettle_note_code note_in_vain; /* where it starts its application instead */
    fettle_us hand_time;           /* how long a person is waited for; 0: nobody is there */
    const char *safe_boot; /* how its application says: restarted in vain; or NULL */
    /* leave: how long whoever takes off a wire that nobody has asked for is waited for; 0: nobody is there, */
    fettle_us unwire_time;
    fettle_note_code note_if_wired; /* and this is said instead; or nothing */
    fettle_observed *observed;      /* for notes while a person is at work; may be NULL */

    /* results */
    bool has_table, has_otadata; /* look */
    fettle_partitions table;
    fettle_otadata otadata;
    bool is_candidate; /* look: its bytes are to show whether it is one; find_module's */
    const fettle_module_ops *module; /* look: NULL: none that is known */
    size_t range_count;              /* look: what the module's vendor reads */
    fettle_module_range ranges[FETTLE_MODULE_RANGES_MAX];
    uint8_t *range_bytes[FETTLE_MODULE_RANGES_MAX]; /* in `module_bytes`; NULL: not read */
    char version[FETTLE_MODULE_VERSION_SIZE];       /* survey: of what ran; or empty */
    bool was_by_hand;                            /* survey: a person has brought it there */
    fettle_esp_seen seen[FETTLE_PARTITIONS_MAX]; /* ask: of each row */
    uint32_t count, first_address;               /* compare, check_blank: what differs */
    size_t bytes;                                /* read */
    uint32_t baud;      /* look: the highest that held; 0: none but the first was tried */
    uint32_t told_size; /* look: bytes that the flash claims, and doesn't hold; or 0 */
    uint32_t erased_behind; /* a sector that went together with the one in front; or 0 */
    bool used_stub;         /* a stub has answered at some time */
    bool is_held; /* the carrier was told to bring it into its loader, spoken to or not */
    bool has_started;          /* leave: nothing says that the application doesn't run */
    bool stays_in_loader;      /* leave: the boot text says so */
    bool has_nothing_to_start; /* leave: likewise */
    bool loops;                /* leave: it fails and restarts, again and again: esp.log */

    /* the engine's own */
    fettle_esp_work_then *then, *work;
    fettle_us until;
    bool was_gone;     /* the board left the bus with it */
    bool was_good;     /* the last child has ended well */
    bool is_limited;   /* the rate: what holds says nothing of what the line could hold */
    bool may_leave;    /* nor that the board leaves the bus */
    bool may_fail;     /* the child's failure is none of ours */
    bool wants_blanks; /* erase: those runs that are blank */
    bool writes_next;  /* compare */
    bool refines, leaves_by_watchdog, has_knocked, was_slowed, has_told_start;
    fettle_esp_work_then *after_contact, *after_console;
    uint32_t baud_in_loader;
    fettle_us watch_until; /* for a further restart; 0: none was seen */
    unsigned crashes;      /* until then */
    size_t sector, block_first, block_end, run, at, spot;
    uint32_t half;
    uint8_t md5_of_spot[FETTLE_MD5_SIZE];
    size_t hashed_blank; /* bytes, that were hashed last, */
    uint8_t md5_of_blank[FETTLE_MD5_SIZE];
    uint32_t address, size;
    uint32_t run_size, blank_size; /* read: behind `bytes`, in this order */
    const fettle_module_range *to_erase;
    size_t to_erase_count;
    uint8_t *buffer;
    fettle_esp_region region;
    uint8_t head[FETTLE_ESP_HEAD_SIZE];
    uint8_t bytes_of_table[FETTLE_TABLE_SIZE];
    uint8_t bytes_of_otadata[FETTLE_OTADATA_SIZE];
    uint8_t module_bytes[FETTLE_MODULE_BYTES_MAX];
};

/* `setup` as for the loader; all it points to must outlive `work`. */
void fettle_esp_work_init(fettle_esp_work *work, const fettle_esp_setup *setup,
                          const fettle_memory_ops *ops);
void fettle_esp_work_free(fettle_esp_work *work);

/* Into the loader; which chip it is. */
fettle_engine *fettle_esp_work_survey(fettle_esp_work *work);

/*
 * The same, for a chip that nothing here can reset: until `until` it is tried again and again, while a person is asked.
 * From then on nothing is done that would need a reset, and no rate above `baud_max` is tried.
 */
fettle_engine *fettle_esp_work_wait(fettle_esp_work *work, fettle_us until,
                                    uint32_t baud_max);

/* From now on no rate above this one is tried. */
void fettle_esp_work_limit_baud(fettle_esp_work *work, uint32_t baud_max);

/* The highest rate that holds; the flash; its partition table, and which
 * application runs. */
fettle_engine *fettle_esp_work_look(fettle_esp_work *work);

/* What is in the partitions. */
fettle_engine *fettle_esp_work_ask(fettle_esp_work *work);

/*
 * Marks the sectors that differ. Not before the chip can hash. `writes_next`: what differs will be written, so the stub,
 * if there is one, is loaded as soon as something does, and hashes the rest.
 */
fettle_engine *fettle_esp_work_compare(fettle_esp_work *work, bool writes_next);

/* Of the runs: erases those that are blank, and writes the others. Loads the
 * stub first, if there is one. */
fettle_engine *fettle_esp_work_erase_runs(fettle_esp_work *work);
fettle_engine *fettle_esp_work_write_runs(fettle_esp_work *work);

/* Ranges of whole sectors, which must outlive the work, or all of the flash; and is it blank now? */
fettle_engine *fettle_esp_work_erase(fettle_esp_work *work,
                                     const fettle_module_range *ranges, size_t count);
fettle_engine *fettle_esp_work_erase_chip(fettle_esp_work *work);
fettle_engine *fettle_esp_work_check_blank(fettle_esp_work *work,
                                           const fettle_module_range *ranges, size_t count);

fettle_engine *fettle_esp_work_read(fettle_esp_work *work, uint32_t address,
                                    uint8_t *buffer, uint32_t size);

/* What is known of the board after a look. Valid as long as the work is. */
fettle_esp_board fettle_esp_work_board(const fettle_esp_work *work);

/* What its module's vendor has read of it; `board` is filled in, too, and must live as long as `look`. False: it is no module. */
bool fettle_esp_work_see(const fettle_esp_work *work, fettle_esp_board *board,
                         fettle_module_look *look);

/*
 * A person brings it into its application, within `time`, and is asked for it; what the chip says meanwhile is heard, and decides whether
 * that has worked.
 */
fettle_engine *fettle_esp_work_leave_by_hand(fettle_esp_work *work, fettle_us time);

/* Starts the application, and listens to what the chip says about that. */
fettle_engine *fettle_esp_work_leave(fettle_esp_work *work);

/* Starts it and no more: there is hardly time left after a cancel. */
fettle_engine *fettle_esp_work_restart(fettle_esp_work *work);

#endif
