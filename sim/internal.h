/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the virtual boards share.
 *
 * sim.c has the world: its clock, the order in which things happen, and the adding of boards.
 * bus.c is the bus and the links. A board is a fettle_sim_board: what all boards have (being
 * plugged in, arriving, leaving, faults, files), and a table of what its kind does (pic.c:
 * shields, whose application is cdc.c as a USB device, line.c as a serial line and pic_channel.c as what obeys
 * commands; pycom*.c: modules on them; strict*.c: DFU
 * 1.1; dfuse.c and its like: ST's extension of it; esp.c and its like: ESP chips behind a serial
 * line). options.c reads specs, time.c knows what requests cost, fault.c decides who is hit,
 * hand.c has hands and the person they belong to, log.c keeps the record, describe.c writes
 * descriptors, store.c keeps memories and their files, and suffix.c makes DFU suffixes for tests.
 *
 * Everything below is called with the world's lock held, unless it says otherwise.
 */
#ifndef FETTLE_SIM_INTERNAL_H
#define FETTLE_SIM_INTERNAL_H

#include "sim.h"

#include <stdatomic.h>
#include <stdio.h>

typedef struct fettle_sim_board fettle_sim_board;
typedef struct fettle_sim_link fettle_sim_link;

enum {
    SIM_FILE_NAME_SIZE = 1024,
    SIM_STRING_SIZE = 512, /* UTF-8 of what a string descriptor can hold */
    SIM_FAULTS_MAX = 16,
    SIM_BOARDS_MAX = 1000,
    SIM_VERSION = 0x0100,    /* bcdDevice, unless version= says otherwise */
    SIM_UNPLUGGED_MS = 300,  /* how long a hand needs to plug in again */
    SIM_VENDOR_REASON = 100, /* string descriptor that errVENDOR points to */
    SIM_MICROCHIP = 0x04d8,  /* idVendor of shields */
};

/* ---- options: every one is a number, but for the texts ---- */

typedef enum fettle_sim_option {
    OPTION_TIMING,
    OPTION_MODE,
    OPTION_PERSON,
    OPTION_DELAY,
    OPTION_SIZE,
    OPTION_SEED,
    OPTION_ENUMERATE,
    OPTION_DOWNLOADING,
    OPTION_BATTERY,
    OPTION_VERSION,
    OPTION_RETURN,
    OPTION_FLASH,
    OPTION_LOG,
    OPTION_SERIAL,
    OPTION_FAULT,
    OPTION_SAME_SERIAL,
    OPTION_USB,
    OPTION_WINDOW, /* of shields, from here */
    OPTION_RACES,
    OPTION_EXIT,
    OPTION_STAYS,
    OPTION_FAST_STALL,
    OPTION_END_RACE,
    OPTION_STOCK,
    OPTION_MODULE,
    OPTION_ID, /* of the strict device, from here */
    OPTION_APP_ID,
    OPTION_SAME_IDS,
    OPTION_TRANSFER,
    OPTION_TOLERANT,
    OPTION_POLL,
    OPTION_MANIFEST_POLL,
    OPTION_DETACH,
    OPTION_DETACH_TIMEOUT,
    OPTION_UPLOAD,
    OPTION_DOWNLOAD,
    OPTION_BCD,
    OPTION_DFU_VERSION,
    OPTION_LINGER,
    OPTION_ALTERNATES,
    OPTION_FUNCTIONAL,
    OPTION_PROTOCOL,
    OPTION_REBOOTS,
    OPTION_APP,
    OPTION_BOOTABLE,
    OPTION_LEAVES,
    OPTION_DFU_DETACH,
    OPTION_FORCE_DETACH,
    OPTION_STRICT_CLRSTATUS,
    OPTION_NAMES,
    OPTION_LOCKED,
    OPTION_EARLY_POLL,
    OPTION_IDLE_POLL,
    OPTION_BUSY_ROUNDS,
    OPTION_STALLS_BUSY,
    OPTION_STRICT_GREETS,
    OPTION_APP_SERIAL,
    OPTION_ROM_TRANSFER, /* of DfuSe bootloaders, from here */
    OPTION_STRING,
    OPTION_SET_ADDRESS,
    OPTION_ERASE,
    OPTION_WRITE,
    OPTION_MASS_ERASE,
    OPTION_RDP,
    OPTION_PROTECTED,
    OPTION_GREETS,
    OPTION_BUSY,
    OPTION_CLRSTATUS,
    OPTION_BLOCKS,
    OPTION_ESP_MODE, /* of ESP boards, from here */
    OPTION_BRIDGE,
    OPTION_CIRCUIT,
    OPTION_EN_MS,
    OPTION_XTAL,
    OPTION_REVISION,
    OPTION_MAX_BAUD,
    OPTION_LATENCY,
    OPTION_LATE,
    OPTION_CONTENT,
    OPTION_FLASH_ID,
    OPTION_UNKNOWN,
    OPTION_SYNC_MISSES,
    OPTION_MEM_END,
    OPTION_SDM,
    OPTION_SECURE_BOOT,
    OPTION_ENCRYPTION,
    OPTION_WATCHDOG,
    OPTION_OWN_STUB,
    OPTION_SILENT,
    OPTION_PIC, /* of the command channel of shields, from here */
    OPTION_PIC_VERSION,
    OPTION_UPDATED_VERSION,
    OPTION_HARDWARE,
    OPTION_RC0,
    OPTION_SOFTWARE_DFU,
    OPTION_PRESENCE, /* of Pycom modules, from here; "module" as well */
    OPTION_MODULE_FLASH,
    OPTION_LAYOUT,
    OPTION_ACTIVE,
    OPTION_CONFIG,
    OPTION_APP_VERSION,
    OPTION_HEADER,
    OPTION_WIRE,
    OPTION_JUMPERS,
    OPTION_LOOPS,
    OPTION_COUNT,
} fettle_sim_option;

/* The words of options, in the order of their tables in options.c. */
enum { MODE_APP, MODE_DFU, MODE_UNPLUGGED };
enum { PERSON_HELPFUL, PERSON_NONE, PERSON_SLOW, PERSON_WRONG };
enum { MODULE_NONE, MODULE_ECHO };
enum { DETACH_WILL, DETACH_RESET, DETACH_NO };
enum { FUNCTIONAL_AFTER_INTERFACE, FUNCTIONAL_AFTER_EACH, FUNCTIONAL_AFTER_CONFIG };
enum { REBOOTS_NO, REBOOTS_YES, REBOOTS_EARLY };
enum { LEAVES_BY_RESET, LEAVES_BY_DETACH, LEAVES_AFTER_UPLOAD, LEAVES_NOT };
enum { DFU_DETACH_ERROR, DFU_DETACH_IDLE };
enum { CLRSTATUS_IN_ERROR, CLRSTATUS_ANYWHERE };
enum { EARLY_POLL_STALLS, EARLY_POLL_IS_IGNORED };
enum { GREETS_IDLE, GREETS_ERROR };
enum { USB_ROUGH, USB_FULL, USB_NONE };
enum { BUSY_ANSWERS, BUSY_NAKS, BUSY_STALLS, BUSY_IS_STRICT };
enum { CLRSTATUS_IS_TAKEN, CLRSTATUS_IS_UNKNOWN, CLRSTATUS_IS_STALLED };
enum { BLOCKS_OF_TRANSFER_SIZE, BLOCKS_OF_THEIR_LENGTH };
enum { BRIDGE_CP210X, BRIDGE_CH340, BRIDGE_CH9102, BRIDGE_FTDI, BRIDGE_JTAG };
enum { CIRCUIT_CLASSIC, CIRCUIT_DIRECT, CIRCUIT_NONE };
enum { CONTENT_APP, CONTENT_BLANK };
enum { PIC_ANSWERS, PIC_SILENT, PIC_LEFT };
enum { RC0_WORKS, RC0_IGNORED };
enum { PRESENCE_GOOD, PRESENCE_NONE, PRESENCE_ECHO, PRESENCE_GARBAGE, PRESENCE_SAFE_BOOT };
enum { LAYOUT_OLD, LAYOUT_NEW, LAYOUT_SMALL_FACTORY };
enum { ACTIVE_FACTORY, ACTIVE_OTA_0 };
enum { CONFIG_FULL, CONFIG_BLANK, CONFIG_NO_REGION };
enum { HEADER_STRICT, HEADER_ANY };
enum { WIRE_RIGHT, WIRE_G28, WIRE_NONE, WIRE_NO_RESET, WIRE_LEFT };
enum { JUMPERS_ON, JUMPERS_OFF };
enum { LOOPS_NO, LOOPS_NVS, LOOPS_FILES, LOOPS_NVS_AND_FILES, LOOPS_APP, LOOPS_FLASH };
enum { SECURE_BOOT_NONE, SECURE_BOOT_V1, SECURE_BOOT_V2 };
enum { ENCRYPTION_NONE, ENCRYPTION_DEVELOPMENT, ENCRYPTION_RELEASE };

/* An option that wasn't given, where the model knows better than a table of defaults. */
#define SIM_MODEL_DECIDES UINT64_MAX

/* ---- faults ---- */

typedef enum fettle_sim_fault_kind {
    FAULT_LOSE_COMPLETION,
    FAULT_LOSE_REPLY,
    FAULT_DROP_WRITE,
    FAULT_FLIP_BIT,
    FAULT_STALL,
    FAULT_VANISH,
    FAULT_NO_RETURN,
    FAULT_OTHER_IDS,
    FAULT_BUSY_FOREVER,
    FAULT_SHORT,
    FAULT_STATUS,
    FAULT_SLOW,
    FAULT_NO_PERMISSION,
    FAULT_BUSY,
    FAULT_ODD_STATE,
    FAULT_ODD_STATUS,
    FAULT_MUTE,
    FAULT_DROP_ERASE,
    FAULT_NOISE, /* of serial boards, from here */
    FAULT_LOSE_BYTE,
    FAULT_DOUBLE_BYTE,
    FAULT_BROWNOUT,
    FAULT_STUCK_APP,
    FAULT_WRONG_STRAP,
    FAULT_LATE_REPLY,
    FAULT_COUNT,
} fettle_sim_fault_kind;

typedef struct fettle_sim_fault {
    fettle_sim_fault_kind kind;
    bool is_before;
    uint8_t status;       /* of FAULT_STATUS */
    uint64_t first, last; /* which of the requests that it can hit, from 1 */
    uint32_t chance;      /* in a million, where is_chance */
    bool is_chance;
    uint64_t count; /* of requests so far that it can hit */
} fettle_sim_fault;

/* What a request can be hit as; one may be several. */
enum {
    SIM_AS_ANY = 1,
    SIM_AS_IN = 2,
    SIM_AS_DATA = 4,       /* DNLOAD with data */
    SIM_AS_END_MARKER = 8, /* DNLOAD without */
    SIM_AS_UPLOAD = 16,
    SIM_AS_GETSTATUS = 32,
    SIM_AS_OPEN = 64,
    SIM_AS_COMMAND = 128, /* of DfuSe: DNLOAD of block 0; its bytes are no data */
    SIM_AS_ERASE = 256,
    SIM_AS_PLAIN = 512,  /* DNLOAD with data to what has no commands */
    SIM_AS_FRAME = 1024, /* a command to an ESP chip; also one that is data, or erases */
    SIM_AS_BLOCK = 2048, /* one with data for the flash */
    SIM_AS_LINE = 4096,  /* a frame on the line to it */
    SIM_AS_STRAP = 8192, /* a reset into its loader */
};

/* What befalls one request. */
typedef struct fettle_sim_hits {
    bool is[FAULT_COUNT];
    bool is_before; /* the request isn't obeyed */
    uint8_t status;
} fettle_sim_hits;

/* ---- what one spec says ---- */

typedef struct fettle_sim_settings {
    uint64_t number[OPTION_COUNT];
    char flash[SIM_FILE_NAME_SIZE], module_flash[SIM_FILE_NAME_SIZE];
    char log[SIM_FILE_NAME_SIZE];
    char serial[FETTLE_TEXT_SIZE], app_serial[FETTLE_TEXT_SIZE];
    char string[SIM_STRING_SIZE];
    char names[SIM_STRING_SIZE]; /* of alternates, with | between them */
    char app_version[64];
    fettle_sim_fault faults[SIM_FAULTS_MAX];
    size_t fault_count;
} fettle_sim_settings;

/* ---- one request, and what the board makes of it ---- */

/* bRequest of standard requests: USB 2.0 table 9-4. */
enum {
    GET_STATUS = 0,
    CLEAR_FEATURE = 1,
    SET_FEATURE = 3,
    SET_ADDRESS = 5,
    GET_DESCRIPTOR = 6,
    GET_CONFIGURATION = 8,
    SET_CONFIGURATION = 9,
    GET_INTERFACE = 10,
    SET_INTERFACE = 11,
};

typedef struct fettle_sim_request {
    const fettle_control *control;
    fettle_us asked; /* by the host; before `came` where it was kept waiting by NAKs */
    fettle_us came;  /* its SETUP */
    fettle_us now;   /* its data are there: it is obeyed */
    fettle_sim_hits hits;
} fettle_sim_request;

typedef struct fettle_sim_reply {
    fettle_outcome_kind kind;
    fettle_why why;
    long system;
    size_t count;
    bool is_lost;           /* no answer comes, ever */
    bool is_violation;      /* a host must not ask this now */
    bool changes;           /* as in fettle_sim_entry */
    uint32_t address, size; /* memory that was written */
} fettle_sim_reply;

/* How a board starts when it gets power or is reset. */
typedef enum fettle_sim_start {
    START_BOOT,   /* as it decides */
    START_UPDATE, /* the button is held, or the application asked for it */
    START_KEPT,   /* it had power all the time: goes on where it was */
} fettle_sim_start;

typedef struct fettle_sim_board_ops {
    /* Takes what it needs and fills the memory; false: no memory. Files are read afterwards. */
    bool (*init)(fettle_sim_board *board);

    bool (*is_bootable)(const fettle_sim_board *board);

    /* Does it take a button to bring it into update mode? */
    bool (*needs_button)(const fettle_sim_board *board);

    /* It is on the bus again: sets `shows` (START_KEPT: to `kept`), and the state with it. */
    void (*start)(fettle_sim_board *board, fettle_sim_start start, fettle_us at);

    /* `timer_at` is reached; it has been put to never. */
    void (*on_timer)(fettle_sim_board *board, fettle_us at);

    /* What look() says of it, but for path and arrival. */
    void (*describe)(const fettle_sim_board *board, fettle_sight *sight);

    fettle_sim_reply (*obey)(fettle_sim_board *board, const fettle_sim_request *request);

    /* A fault stalls this request: is the state another now? */
    void (*on_stall)(fettle_sim_board *board, const fettle_control *control);

    fettle_outcome_kind (*select)(fettle_sim_board *board, uint8_t interface,
                                  uint8_t alternate);

    /* GONE where it enumerates anew. */
    fettle_outcome_kind (*reset)(fettle_sim_board *board, fettle_us at);
} fettle_sim_board_ops;

/* What a DfuSe bootloader is, and its habits: see dfuse.h. */
typedef struct fettle_sim_dfuse_model fettle_sim_dfuse_model;

/* An ESP chip, and a board that has one: see esp.h. */
typedef struct fettle_sim_esp_chip fettle_sim_esp_chip;
typedef struct fettle_sim_esp fettle_sim_esp;

/* A Pycom module: see pycom.h. */
typedef struct fettle_sim_pycom_module fettle_sim_pycom_module;

/* A row of the table of names. */
typedef struct fettle_sim_model {
    const char *name;
    const fettle_sim_board_ops *ops;
    bool is_shield;
    uint16_t app_product, update_product; /* of shields; vendor 04D8 */
    const char *product;
    uint8_t pic_version;                   /* of shields, until one says otherwise */
    const fettle_sim_pycom_module *module; /* NULL: none is on it */
    const fettle_sim_dfuse_model *dfuse;   /* NULL: it is none */
    const fettle_sim_esp_chip *esp;        /* likewise */
    const char *preset; /* options that come before the user's; NULL: none */
} fettle_sim_model;

/* ---- the state of a shield ---- */

enum { SIM_PIC_MEMORY = 0x1000, SIM_PIC_COMMAND = 6 };

typedef struct fettle_sim_pic {
    bool is_downloading;
    bool has_rows; /* since the last end marker */
    bool is_held;  /* came up because no application may start: the window doesn't end it */
    uint8_t status;
    fettle_us window_ends, status_given;
    uint8_t buffer[64]; /* of endpoint 0 */

    /* of its application: pic_channel.c */
    uint8_t memory[SIM_PIC_MEMORY]; /* registers and data */
    uint8_t command[SIM_PIC_COMMAND];
    size_t command_count;
    uint16_t first_crc; /* of the program memory of a new one */
} fettle_sim_pic;

/* ---- the state of the strict device ---- */

typedef struct fettle_sim_strict {
    uint8_t state, status;
    uint8_t alternate;
    bool is_bootable, was_updated;
    bool has_block; /* taken, not yet written */
    bool is_manifesting;
    bool drops, flips;
    uint8_t block_status, manifest_status;
    bool was_uploaded;             /* since the last block */
    fettle_us busy_ends, deadline; /* `deadline`: before it GETSTATUS comes too early */
    fettle_us poll;                /* bwPollTimeout of what keeps it busy */
    uint64_t rounds;               /* of dfuDNBUSY that this block still takes */
    uint16_t block_number;         /* the next one */
    uint32_t offset;               /* of the next byte */
    uint32_t block_size, block_limit;
    uint8_t *block;
} fettle_sim_strict;

/* ---- the state of a DfuSe bootloader ---- */

typedef struct fettle_sim_dfuse {
    uint8_t state, status;
    uint8_t alternate;
    bool is_protected; /* RDP */
    bool was_detached; /* the application asked for the bootloader: nobody holds BOOT0 */
    bool jumps;        /* it leaves for Address_Pointer, not by a reset */
    bool was_told;     /* has taken a DNLOAD since it started */
    bool is_stuck;     /* dfuDNBUSY until CLRSTATUS */
    uint8_t result;    /* bStatus, when it is no longer busy */
    uint8_t fault_status, end_status;
    bool drops, flips, drops_erase;
    uint32_t pointer; /* Address_Pointer */
    uint16_t wBlockNum;
    uint32_t block_size, block_limit;
    uint8_t *block;
    fettle_us deadline; /* before this, GETSTATUS comes too early */
    fettle_us busy_ends;
    unsigned string_reads;
} fettle_sim_dfuse;

/* ---- the serial line of a shield's application ---- */

/* A byte on its way to the host, which it reaches at this time. */
typedef struct fettle_sim_byte {
    fettle_us due;
    uint8_t value;
} fettle_sim_byte;

typedef struct fettle_sim_serial_line {
    fettle_serial_settings told;
    uint8_t bCharFormat, bParityType; /* as told, without any effect */
    fettle_sim_byte *bytes; /* SIM_LINE_ROOM of them, a ring; NULL: none ever come */
    size_t first, count;
    bool has_lost; /* there was no room for some, since one was read */
} fettle_sim_serial_line;

struct fettle_sim_board {
    fettle_sim *sim;
    size_t index;
    const fettle_sim_model *model;
    char path[FETTLE_PATH_SIZE];
    char serial[FETTLE_TEXT_SIZE];
    fettle_sim_settings settings;

    uint8_t *memory; /* `memory_size` for each alternate, the main one first */
    size_t memory_size;
    uint8_t erased_value;
    uint8_t *module_memory; /* of a module on a shield */
    size_t module_size;
    FILE *flash_file, *module_file, *log_file;
    uint64_t random;
    fettle_sim_totals totals;
    fettle_us busy_until; /* all of it is in `totals` */

    /* on the bus */
    fettle_sim_shows shows, kept;
    bool is_plugged, is_dead, shows_other_ids, is_busy_forever;
    bool is_held; /* the button (BOOT0), when a hand last plugged it in */
    uint32_t arrival;
    fettle_sim_link *holder;
    fettle_us naks_until; /* it doesn't listen until then */

    /* of a Pycom module */
    bool has_power;                    /* since it last started anew */
    bool is_boot_wired, is_safe_wired; /* by hand: G23 to GND, G28 to 3V3 */
    fettle_us module_at;               /* as `timer_at`, of one on a shield */

    /* what happens next */
    fettle_us leaves_at, arrives_at, timer_at;
    fettle_sim_start leaves_to, starts_as;

    /* hands, and who they belong to */
    fettle_us hand_at, person_at;
    fettle_sim_hand hand;
    fettle_ask ask;

    fettle_sim_pic pic;
    fettle_sim_strict strict;
    fettle_sim_dfuse dfuse;
    fettle_sim_esp *esp;
    fettle_sim_serial_line line;
};

struct fettle_sim {
    fettle_sim *self; /* to be reached from a const one: looking makes due things happen */
    atomic_flag lock;
    const fettle_clock_ops *clock; /* NULL: `now` is the time */
    void *clock_self;
    fettle_us now;
    fettle_sim_board **boards;
    size_t count;
    uint32_t arrivals;
    uint64_t change;
    fettle_sim_entry *log;
    size_t log_count, log_room;
};

/* ---- sim.c ---- */

void fettle_sim_lock(fettle_sim *sim);
void fettle_sim_unlock(fettle_sim *sim);

/* Makes everything happen that is due, in the order of time; returns the time. */
fettle_us fettle_sim_catch_up(fettle_sim *sim);

/*
 * Waits for `until`, without the lock, which is held again on return. Returns at the latest after
 * the next event of any board, or 20 ms on a real clock; OK, or CANCELLED. TIMEOUT: neither
 * `until` nor any event will ever come, on a clock on which only waiting passes time.
 */
fettle_outcome_kind fettle_sim_idle(fettle_sim *sim, fettle_us until,
                                    const fettle_cancel *cancel);

uint64_t fettle_sim_option_of(const fettle_sim_board *board, fettle_sim_option option);
fettle_us fettle_sim_ms_of(const fettle_sim_board *board, fettle_sim_option option);

/* Off the bus now, back after `in`; never: FETTLE_NEVER. */
void fettle_sim_leave(fettle_sim_board *board, fettle_us at, fettle_sim_start as,
                      fettle_us in);

/* The same after the usual time (enumerate=). */
void fettle_sim_restart(fettle_sim_board *board, fettle_us at, fettle_sim_start as);

/* xorshift64*: repeatable, and seldom the same. */
uint32_t fettle_sim_random(uint64_t *state);
uint64_t fettle_sim_seed(uint64_t seed);

/* a + b, but never more than FETTLE_NEVER */
fettle_us fettle_sim_after(fettle_us a, fettle_us b);

/* ---- options.c: no lock needed ---- */

bool fettle_sim_parse(const char *spec, const fettle_sim_model **model, size_t *boards,
                      fettle_sim_settings *settings, char *message, size_t message_size);

/* ---- fault.c ---- */

/* "KIND[:before|:after][@N|@N+|@pP]"; false, and a sentence, if it isn't that. */
bool fettle_sim_fault_parse(const char *text, size_t length, fettle_sim_fault *fault,
                            char *message, size_t message_size);
fettle_sim_hits fettle_sim_fault_meet(fettle_sim_board *board,
                                      const fettle_control *control);
/* The same for what has no setup packet; `kinds` of SIM_AS_ANY and so on. */
fettle_sim_hits fettle_sim_fault_meet_as(fettle_sim_board *board, unsigned kinds);
fettle_why fettle_sim_fault_meet_open(fettle_sim_board *board);
fettle_why fettle_sim_fault_access(const fettle_sim_board *board);

/* ---- hand.c ---- */

void fettle_sim_on_hand(fettle_sim_board *board, fettle_us at);
void fettle_sim_on_person(fettle_sim_board *board, fettle_us at);

/* ---- log.c ---- */

void fettle_sim_record(fettle_sim_board *board, const fettle_sim_entry *entry,
                       fettle_span answer);
void fettle_sim_record_event(fettle_sim_board *board, fettle_us at, const char *what);
const char *fettle_sim_request_name(const fettle_control *control);

/* ---- time.c ---- */

/*
 * What a control transfer takes on the wire, from its SETUP until the board obeys, and from then
 * until the host has its answer of `count` bytes: usb=.
 */
fettle_us fettle_sim_time_before(const fettle_sim_board *board,
                                 const fettle_control *control);
fettle_us fettle_sim_time_after(const fettle_sim_board *board,
                                const fettle_control *control, size_t count);

/* For fettle_sim_totals_of(): a transfer took place; the board worked, or will. */
void fettle_sim_count_request(fettle_sim_board *board, fettle_us from, fettle_us until);
void fettle_sim_count_busy(fettle_sim_board *board, fettle_us from, fettle_us until);

/* ---- describe.c ---- */

typedef struct fettle_sim_writer {
    uint8_t *bytes;
    size_t size, room;
} fettle_sim_writer;

void fettle_sim_write8(fettle_sim_writer *writer, unsigned value);
void fettle_sim_write16(fettle_sim_writer *writer, unsigned value);
void fettle_sim_write(fettle_sim_writer *writer, const uint8_t *bytes, size_t size);

typedef struct fettle_sim_device_words {
    uint16_t bcdUSB;
    uint8_t bDeviceClass, bDeviceSubClass, bDeviceProtocol;
    fettle_usb_id id;
    uint16_t bcdDevice;
    bool has_strings; /* 1 manufacturer, 2 product, 3 serial */
} fettle_sim_device_words;
void fettle_sim_write_device(fettle_sim_writer *writer,
                             const fettle_sim_device_words *words);

/* The configuration descriptor; its wTotalLength is put right by the second one. */
void fettle_sim_write_configuration(fettle_sim_writer *writer, uint8_t bNumInterfaces);
void fettle_sim_end_configuration(fettle_sim_writer *writer);

typedef struct fettle_sim_interface_words {
    uint8_t bInterfaceNumber, bAlternateSetting, bNumEndpoints;
    uint8_t bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol, iInterface;
} fettle_sim_interface_words;
void fettle_sim_write_interface(fettle_sim_writer *writer,
                                const fettle_sim_interface_words *words);
void fettle_sim_write_functional(fettle_sim_writer *writer, uint8_t bmAttributes,
                                 uint16_t wDetachTimeOut, uint16_t wTransferSize,
                                 uint16_t bcdDFUVersion);

/* A string descriptor of UTF-8 text. */
void fettle_sim_write_string(fettle_sim_writer *writer, const char *text);

/* The answer to an IN request of which the host wants `wanted` bytes. */
fettle_sim_reply fettle_sim_answer(const fettle_control *control, const uint8_t *bytes,
                                   size_t size, size_t wanted);
fettle_sim_reply fettle_sim_say(fettle_outcome_kind kind);

void fettle_sim_copy_text(char *to, size_t size, const char *text);

/* ---- store.c ---- */

bool fettle_sim_store_open(fettle_sim_board *board, size_t ordinal, char *message,
                           size_t message_size);
void fettle_sim_store_close(fettle_sim_board *board);

/* Puts bytes into the memory and through to the file; the address counts from the main memory. */
void fettle_sim_store_write(fettle_sim_board *board, size_t address, const uint8_t *bytes,
                            size_t size);
void fettle_sim_store_write_module(fettle_sim_board *board, size_t address,
                                   const uint8_t *bytes, size_t size);

/* ---- bus.c ---- */

struct fettle_sim_link {
    fettle_sim_board *board;
    uint32_t arrival;
};

bool fettle_sim_link_is_gone(const fettle_sim_link *link);

/* Lets time pass until `until`: OK then, else GONE or CANCELLED; TIMEOUT as above. */
fettle_outcome_kind fettle_sim_link_pass(fettle_sim_link *link, fettle_us until,
                                         const fettle_cancel *cancel);

/* The cable, or worse. */
void fettle_sim_leave_by_fault(fettle_sim_board *board, const fettle_sim_hits *hits,
                               fettle_us at);

/* Lets go of the board and ends the link; without the lock. */
void fettle_sim_link_close(fettle_sim_link *link);

/*
 * Control transfers of any link, also that of an application, which has a serial line besides: for
 * those who serve the board to hosts. Without the lock.
 */
extern const fettle_usb_ops fettle_sim_usb_ops;

/* ---- line.c ---- */

enum { SIM_LINE_ROOM = 4096 }; /* what a transport has to keep at least */

/* False: no memory. */
bool fettle_sim_line_init(fettle_sim_board *board);

/* The application starts: nobody has told its line anything. */
void fettle_sim_line_start(fettle_sim_board *board);

void fettle_sim_line_set_coding(fettle_sim_board *board, uint32_t baud, uint8_t data_bits,
                                fettle_us at);
void fettle_sim_line_set_lines(fettle_sim_board *board, bool dtr, bool rts, fettle_us at);

/* It is opened with these settings; NULL: by someone who has none yet. */
void fettle_sim_line_open(fettle_sim_board *board, const fettle_serial_settings *settings,
                          fettle_us at);

/* The PIC itself answers a command; `due`: when that is there. */
void fettle_sim_line_answer(fettle_sim_board *board, const uint8_t *bytes, size_t size,
                            fettle_us due);

/* ---- pic.c, pic_channel.c ---- */

/* Is its program another one than that of a new shield? */
bool fettle_sim_pic_is_updated(const fettle_sim_board *board);

/* Does the PIC take bytes for commands now? Then it hears each. */
bool fettle_sim_pic_listens(const fettle_sim_board *board);
void fettle_sim_pic_hear(fettle_sim_board *board, uint8_t byte, fettle_us at);

void fettle_sim_pic_reset_pins(fettle_sim_board *board);
bool fettle_sim_pic_pulls_boot(const fettle_sim_board *board);
bool fettle_sim_pic_pulls_reset(const fettle_sim_board *board);

/* ---- cdc.c ---- */

fettle_usb_id fettle_sim_cdc_id(const fettle_sim_board *board);

/* Its device descriptor, and the configuration behind it. */
void fettle_sim_cdc_write(const fettle_sim_board *board, fettle_sim_writer *writer);
fettle_sim_reply fettle_sim_cdc_obey(fettle_sim_board *board,
                                     const fettle_sim_request *request);

/* ---- esp.c and its like ---- */

void fettle_sim_esp_free(fettle_sim_esp *esp); /* takes NULL */
void fettle_sim_esp_open(fettle_sim_board *board, const fettle_serial_settings *settings,
                         fettle_us at);

/* As fettle_sim_line_set_coding(), with what it means to the bytes that are on their way. */
void fettle_sim_esp_set_coding(fettle_sim_esp *esp, uint32_t baud, uint8_t data_bits,
                               fettle_us at);
void fettle_sim_esp_answer_of_pic(fettle_sim_esp *esp, uint8_t byte, fettle_us due);

/* Its reset is pulled low, or let go. */
void fettle_sim_esp_hold(fettle_sim_esp *esp, bool is_low, fettle_us at);

/* A module on a shield gets power. */
void fettle_sim_esp_power_module(fettle_sim_esp *esp, fettle_us at);

/* Everything happens that is due by `at`, and the board's timer is set to what is next. */
void fettle_sim_esp_advance(fettle_sim_esp *esp, fettle_us at);

/* A finger presses its reset button, with BOOT held or not. */
void fettle_sim_esp_press_reset(fettle_sim_board *board, bool with_boot, fettle_us at);

/* ---- serial_link.c, line.c, esp.c, pic.c, strict.c, dfuse.c ---- */

/* What is at the other end of a serial line, and how bytes get there and back. With the lock. */
typedef struct fettle_sim_wire {
    fettle_us (*catch_up)(fettle_sim_link *link); /* does what is due; the time */
    /* `data` is what is left to send. */
    fettle_outcome_kind (*send)(fettle_sim_link *link, fettle_span *data, fettle_us until,
                                const fettle_cancel *cancel);
    /* Up to `size` bytes that are there by now. */
    size_t (*take)(fettle_sim_board *board, uint8_t *buffer, size_t size, fettle_us now);
    fettle_us (*next)(const fettle_sim_board *board); /* when the next one is; or NEVER */
    /* When what was written has left: before that neither rate nor format changes. */
    fettle_us (*drained)(const fettle_sim_board *board);
    void (*set_lines)(fettle_sim_board *board, bool dtr, bool rts, fettle_us at);
    void (*set_coding)(fettle_sim_board *board, uint32_t baud, uint8_t data_bits,
                       fettle_us at);
} fettle_sim_wire;

extern const fettle_sim_wire fettle_sim_shield_wire; /* line.c */
extern const fettle_sim_wire fettle_sim_esp_wire;    /* esp_line.c */
extern const fettle_serial_ops fettle_sim_serial_ops;
extern const fettle_sim_board_ops fettle_sim_pic_ops;
extern const fettle_sim_board_ops fettle_sim_strict_ops;
extern const fettle_sim_board_ops fettle_sim_dfuse_ops;
extern const fettle_sim_board_ops fettle_sim_esp_ops;

#endif
