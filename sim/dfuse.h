/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a DfuSe bootloader: what each model is (dfuse_models.c), its memories (dfuse_flash.c),
 * what it does (dfuse.c, dfuse_work.c), and what it says of itself (dfuse_face.c). docs/protocols/dfuse.md has
 * the protocol as it is understood here.
 */
#ifndef FETTLE_SIM_DFUSE_H
#define FETTLE_SIM_DFUSE_H

#include "internal.h"

enum {
    FETTLE_SIM_DFUSE_MEMORIES = 4, /* alternate settings, at most */
    FETTLE_SIM_DFUSE_ZONES = 6,

    /* bInterfaceNumber of the application's DFU runtime interface; the bootloader has 0 only. */
    FETTLE_SIM_DFUSE_APP_INTERFACE = 1,
};

/* What may be done with a page: the low three bits of its letter in the memory string. */
enum { DFUSE_READ = 1, DFUSE_ERASE = 2, DFUSE_WRITE = 4, DFUSE_ALL = 7 };

/* Pages of one size, as they are in truth. The string may say something else. */
typedef struct fettle_sim_dfuse_zone {
    uint32_t pages; /* 0: no more zones */
    uint32_t page_size;
    uint8_t may;
    uint32_t erase_ms; /* how long a page takes */
} fettle_sim_dfuse_zone;

typedef enum fettle_sim_dfuse_kind {
    DFUSE_FLASH,        /* writing only takes bits away from the erased value */
    DFUSE_OPTION_BYTES, /* writing replaces, and resets the system */
    DFUSE_ONCE,         /* as flash that can't be erased */
    DFUSE_PLAIN,        /* writing replaces */
} fettle_sim_dfuse_kind;

/* An alternate setting. Its zones follow each other without a gap, from `address`. */
typedef struct fettle_sim_dfuse_memory {
    const char *string; /* NULL: no more memories */
    fettle_sim_dfuse_kind kind;
    uint32_t address;
    fettle_sim_dfuse_zone zones[FETTLE_SIM_DFUSE_ZONES];
} fettle_sim_dfuse_memory;

/* How long it takes, and the bwPollTimeout that is announced for it. */
typedef struct fettle_sim_dfuse_time {
    uint32_t announced_ms, real_ms;
} fettle_sim_dfuse_time;

struct fettle_sim_dfuse_model {
    fettle_usb_id id;
    uint16_t bcdDevice;
    const char *manufacturer, *product;
    const char *serial;     /* the same for every one of them */
    bool has_narrow_serial; /* its descriptor holds bytes where UTF-16 belongs */
    uint16_t wTransferSize;
    uint8_t erased_value;
    fettle_sim_dfuse_memory memories[FETTLE_SIM_DFUSE_MEMORIES];

    uint32_t set_address_ms;
    uint32_t erase_announced_ms;      /* 0: as long as it takes */
    fettle_sim_dfuse_time write_2KiB; /* less takes less, but announces the same */
    fettle_sim_dfuse_time mass_erase;

    uint32_t ram_address, ram_size; /* where a stack may be */
    bool has_vectors;               /* false: it begins with an instruction (RISC-V) */
    bool checks_for_blank;          /* a reset with blank flash enters the bootloader */

    uint8_t busy;            /* BUSY_... */
    uint8_t clrstatus;       /* CLRSTATUS_... */
    bool greets;             /* the first GETSTATUS says dfuERROR, errFIRMWARE */
    uint32_t stuck_from;     /* erasing a page from here on never ends; 0: none such */
    bool leaves_on_anything; /* at an end marker alone, DETACH and reset too */
    unsigned string_reads;   /* after so many it hangs; 0: never */
};

extern const fettle_sim_dfuse_model fettle_sim_dfuse_stm32f4;
extern const fettle_sim_dfuse_model fettle_sim_dfuse_stm32f405;
extern const fettle_sim_dfuse_model fettle_sim_dfuse_stm32l4;
extern const fettle_sim_dfuse_model fettle_sim_dfuse_stm32h7;
extern const fettle_sim_dfuse_model fettle_sim_dfuse_stm32l0;
extern const fettle_sim_dfuse_model fettle_sim_dfuse_gd32vf103;
extern const fettle_sim_dfuse_model fettle_sim_dfuse_at32;

/* The option's number; where it wasn't given, the model's. */
uint32_t fettle_sim_dfuse_choose(const fettle_sim_board *board, fettle_sim_option option,
                                 uint32_t of_model);

/* ---- dfuse_flash.c: memories. Addresses are those of the device ---- */

/* bStatus, DFU 1.1 section 6.1.2 */
enum {
    DFUSE_OK = 0,
    DFUSE_ERR_TARGET = 1,
    DFUSE_ERR_FIRMWARE = 10,
    DFUSE_ERR_VENDOR = 11,
    DFUSE_ERR_UNKNOWN = 14,
    DFUSE_ERR_STALLEDPKT = 15,
};

/* wBlockNum, and the first byte of a command: AN3156 section 5. */
enum { DFUSE_COMMAND_BLOCK = 0, DFUSE_FIRST_DATA_BLOCK = 2 };
enum {
    DFUSE_SET_ADDRESS_POINTER = 0x21,
    DFUSE_ERASE_PAGES = 0x41,
    DFUSE_READ_UNPROTECT = 0x92,
};

size_t fettle_sim_dfuse_count(const fettle_sim_dfuse_model *model);
uint32_t fettle_sim_dfuse_size(const fettle_sim_dfuse_memory *memory);

/* The memory of the alternate setting that is selected. */
const fettle_sim_dfuse_memory *fettle_sim_dfuse_selected(const fettle_sim_board *board);

/* False: no memory for the memories. An application is in the first one, unless bootable=no. */
bool fettle_sim_dfuse_fill(fettle_sim_board *board);

/* Is all of it in the selected memory, and may that be done with all of it? */
bool fettle_sim_dfuse_may(const fettle_sim_board *board, uint32_t address, uint32_t size,
                          uint8_t may);

/* From `address`, which is in the selected memory, to the end of that. */
fettle_span fettle_sim_dfuse_from(const fettle_sim_board *board, uint32_t address);

/* The page that holds `address`, which is in the selected memory; how long that takes. */
void fettle_sim_dfuse_erase_page(fettle_sim_board *board, uint32_t address, fettle_us at,
                                 fettle_sim_reply *changed);
uint32_t fettle_sim_dfuse_erase_ms(const fettle_sim_board *board, uint32_t address);
void fettle_sim_dfuse_erase_all(fettle_sim_board *board, fettle_us at,
                                fettle_sim_reply *changed);
/* `bytes` become what is there afterwards. */
void fettle_sim_dfuse_program(fettle_sim_board *board, uint32_t address, uint8_t *bytes,
                              uint32_t size, fettle_us at, fettle_sim_reply *changed);

/* Where a reset starts the application: the first page that may be written. */
uint32_t fettle_sim_dfuse_app_address(const fettle_sim_board *board);

/* Would what is there start? */
bool fettle_sim_dfuse_is_executable(const fettle_sim_board *board, uint32_t address);

/* As fettle_sim_alternate(). */
uint8_t *fettle_sim_dfuse_alternate(fettle_sim_board *board, unsigned alternate,
                                    size_t *size);

/* ---- dfuse_work.c ---- */

/* What the block that was taken comes to. */
typedef struct fettle_sim_dfuse_work {
    fettle_us at;
    uint8_t result; /* bStatus, at the end */
    bool resets;    /* the system, at the end */
    uint32_t announced_ms;
    fettle_us takes;
    fettle_sim_reply changed;
} fettle_sim_dfuse_work;

void fettle_sim_dfuse_carry_out(fettle_sim_board *board, fettle_sim_dfuse_work *work);

/* Where a block of `size` bytes begins. */
uint32_t fettle_sim_dfuse_address_of_block(const fettle_sim_board *board,
                                           uint16_t wBlockNum, uint32_t size);

/* ---- dfuse_face.c ---- */

bool fettle_sim_dfuse_has_app(const fettle_sim_board *board);
void fettle_sim_dfuse_describe(const fettle_sim_board *board, fettle_sight *sight);

/* Standard requests, USB 2.0 section 9.4. */
fettle_sim_reply fettle_sim_dfuse_obey_standard(fettle_sim_board *board,
                                                const fettle_sim_request *request);

#endif
