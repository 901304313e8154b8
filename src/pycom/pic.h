/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command channel of a shield's PIC, as an engine (docs/protocols/pycom-modules.md).
 *
 * The PIC hands on what is sent with eight data bits, and takes what is sent with five as commands to itself; bytes have eight bits in
 * either case, as USB carries them. A verb readies the engine for one piece of work and returns it to RUN, on a serial face that is
 * open. Each switches to five bits, does its work and switches back; however it ends, the line is then at 115200 baud with eight
 * bits and has no input, unless the board has left or the line refuses.
 *
 * A verb that is cut off between "reset low" and "reset let go" lets go, in eight effects at most, so that no module is held in reset.
 */
#ifndef FETTLE_PYCOM_PIC_H
#define FETTLE_PYCOM_PIC_H

#include <assert.h>

#include "base/effect.h"
#include "board/module.h"

enum {
    FETTLE_PIC_BAUD = 115200,
    FETTLE_PIC_COMMAND_MAX = 6,
    FETTLE_PIC_INPUT_SIZE = 16,

    /* The least firmware that brings a module into its loader (SIG: 6; LIB pycoproc_2: 16 on 2.0 X). */
    FETTLE_PIC_FIRMWARE_MIN = 6,
    FETTLE_PIC_FIRMWARE_MIN_2X = 16,
    FETTLE_PIC_FIRMWARE_2X = 15, /* Pysense and Pytrack 2.0 X begin with it [inferred] */

    /* Registers (LIB): direction (1: input) and level of each pin. */
    FETTLE_PIC_PORTA = 0x000C,
    FETTLE_PIC_PORTC = 0x000E,
    FETTLE_PIC_TRISA = 0x008C,
    FETTLE_PIC_TRISC = 0x008E,
};

typedef struct fettle_pic fettle_pic;
typedef fettle_effect fettle_pic_next(fettle_pic *pic, fettle_us now);

struct fettle_pic {
    fettle_engine engine;
    fettle_usb_id id;

    /* results */
    fettle_carrier_facts facts; /* ask; enter, leave and reset renew what they asked */
    uint8_t value;              /* peek */

    /* the engine's own */
    fettle_pic_next *on_cancel; /* while it tidies up: the same again */
    fettle_pic_next *work, *then, *on_reply, *on_silence, *after_version, *after_steps;
    fettle_clause doing;
    const struct fettle_pic_step *steps;
    size_t step_count, step, released;
    size_t size, sent; /* of the command */
    size_t reply_wanted, reply_size;
    unsigned tries_left, reads_left, garbled;
    fettle_us deadline;
    uint16_t version; /* the last that was asked for */
    bool has_version;
    bool was_cancelled; /* that is told once */
    bool is_five;       /* the line may have five data bits */
    bool is_touched;    /* the module's pins may be held */
    bool is_reading;    /* a READ is in flight: its timeout is silence */
    bool is_writing;    /* a WRITE is */
    bool is_sent;       /* the command has begun its way */
    bool is_tidying;    /* the error is set: what comes of effects no longer matters */
    bool is_leaving;    /* it was told to go: its going is no failure */
    bool has_modified;  /* some MAGIC of this verb was replied to */
    bool never_replies; /* to MAGIC, as it seems */
    uint8_t command[FETTLE_PIC_COMMAND_MAX];
    uint8_t input[FETTLE_PIC_INPUT_SIZE], scrap[FETTLE_PIC_INPUT_SIZE];
};

static_assert(sizeof(fettle_pic) <= FETTLE_CARRIER_ROOM,
              "more than a carrier has room for");

/* Nothing is known but the ids of its application. */
void fettle_pic_init(fettle_pic *pic, fettle_usb_id id);

/*
 * Who it is: `facts`. A PIC that doesn't answer is a result (`answers` is false), no failure. All verbs may fail with
 * LINE_NO_FIVE_BITS, and with what becomes of a line (BOARD_LEFT, CANCELLED, ...).
 */
fettle_engine *fettle_pic_ask(fettle_pic *pic);

/*
 * The module into its loader: power switch off, GPIO0 low, reset. GPIO0 stays low on purpose: a press on the module's own reset
 * button leads into the loader again. CARRIER_SILENT, CARRIER_TOO_OLD: the module was not touched. That the module is in its loader
 * the PIC can't know.
 */
fettle_engine *fettle_pic_enter(fettle_pic *pic);

/*
 * GPIO0 free, and reset: the module starts its application, also where an earlier run left it in the loader. CARRIER_SILENT.
 * Its 13th effect lets go of the module's reset and its 16th has the line back: it fits into what a cancelled run may still do.
 */
fettle_engine *fettle_pic_leave(fettle_pic *pic);

/*
 * Sends CMD_DFU (0x31), which stands in the PIC's table and which nobody was seen to use: what comes of it shows on the bus only. Its
 * leaving is no failure, neither is that it stays.
 */
fettle_engine *fettle_pic_update_mode(fettle_pic *pic);

/* Restarts the PIC. NOT_SUPPORTED below firmware 15, CARRIER_SILENT. Its leaving is no failure. */
fettle_engine *fettle_pic_reset(fettle_pic *pic);

/* One register: `value`. CARRIER_SILENT. */
fettle_engine *fettle_pic_peek(fettle_pic *pic, uint16_t address);
/* Is never answered, so nothing proves it. */
fettle_engine *fettle_pic_poke(fettle_pic *pic, uint16_t address, uint8_t value);
/*
 * value = ((value & and) | or) ^ xor, in the PIC. CARRIER_SILENT where it doesn't reply; it may have been done all the same.
 */
fettle_engine *fettle_pic_modify(fettle_pic *pic, uint16_t address, uint8_t and_mask,
                                 uint8_t or_mask, uint8_t xor_mask);

/* The least firmware with which a module is updated through this PIC, by its ids and its own version. */
uint16_t fettle_pic_firmware_needed(fettle_usb_id id, uint16_t firmware);

#endif
