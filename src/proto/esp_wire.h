/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the ESP loader's engine share: opcodes, times, bounds, and the one way to talk to a
 * loader, exchange(). For src/proto/esp*.c only. Section numbers of the protocol's description are
 * those of docs/protocols/esp.md.
 */
#ifndef FETTLE_PROTO_ESP_WIRE_H
#define FETTLE_PROTO_ESP_WIRE_H

#include "proto/esp.h"

#include "base/bytes.h"

#include <assert.h>

/* Opcodes, in the words of the protocol's description. */
enum {
    FLASH_BEGIN = 0x02,
    FLASH_DATA = 0x03,
    FLASH_END = 0x04,
    MEM_BEGIN = 0x05,
    MEM_END = 0x06,
    MEM_DATA = 0x07,
    SYNC = 0x08,
    WRITE_REG = 0x09,
    READ_REG = 0x0A,
    SPI_SET_PARAMS = 0x0B,
    SPI_ATTACH = 0x0D,
    READ_FLASH_SLOW = 0x0E,
    CHANGE_BAUDRATE = 0x0F,
    FLASH_DEFL_BEGIN = 0x10,
    FLASH_DEFL_DATA = 0x11,
    FLASH_DEFL_END = 0x12,
    SPI_FLASH_MD5 = 0x13,
    GET_SECURITY_INFO = 0x14,
    ERASE_FLASH = 0xD0,
    ERASE_REGION = 0xD1,
    READ_FLASH = 0xD2,
};

/* Status of a ROM, and of a stub. */
enum {
    STATUS_PARAMETER = 0x0101,
    STATUS_FORMAT = 0x0105, /* unknown opcode, or wrong length */
    STATUS_FAILED = 0x0106,
    STATUS_CHECKSUM = 0x0107,
    STATUS_SEND = 0x0103,
    STATUS_RECEIVE = 0x0104,
    STATUS_READ_BACK = 0x0108, /* what a ROM has programmed reads back otherwise */
    STUB_LENGTH = 0xC000,
    STUB_CHECKSUM = 0xC100,
    STUB_COMMAND = 0xC300,
};

#define MS     ((fettle_us)1000)
#define SECOND ((fettle_us)1000000)

#define SYNC_TIME        (100 * MS)
#define REGISTER_TIME    SECOND        /* what is answered at once */
#define COMMAND_TIME     (3 * SECOND)  /* the rest */
#define ERASE_PER_SECTOR (SECOND / 2)  /* of one that is erased by itself, at most */
#define ERASE_PER_MB     (40 * SECOND) /* and writing, at most; of 10^6 bytes */
#define HASH_PER_MB      (8 * SECOND)
#define LONGEST_TIME     (240 * SECOND)
#define HANDOVER_TIME    (10 * SECOND) /* for a frame to be taken by the port */
#define BANNER_TIME      (60 * MS) /* until a boot text has begun; sequences wait as well */
#define SLOW_TEXT_TIME   (200 * MS) /* a boot text after one more reset */
#define SETTLE_TIME      (50 * MS)  /* after a change of the rate */
#define DRAIN_TIME       (200 * MS) /* a refusal may come eight times */

enum {
    TRIES = 3,        /* of what may be repeated */
    STRAYS_MAX = 100, /* frames in front of the one that is awaited */
    RESETS_MAX = 7,
    SYNCS_MAX = 5,          /* a reset */
    SYNCS_WAITING_MAX = 12, /* of a chip that says that it waits for download */
    RESETS_WAITING_MAX = 4, /* of one that says so and doesn't hear us */
    GARBLED_MANY = 3,       /* frames: by then it is the line */
    SYNC_REPLIES = 8,
    RESENDS_MAX = 2,  /* of a block that was refused */
    RESTARTS_MAX = 3, /* of a region that is written, or read */
    MEGA = 1000000,
    CHECKSUM_SEED = 0xEF,
    WORDS_MAX = 32, /* of a request */
    EMPTY_READS_MAX = 100,
};

typedef struct esp_request {
    uint8_t opcode;
    uint8_t tries; /* sends in all; 0 is 1: it must not be repeated blindly */
    bool is_probe; /* "unknown opcode" may come under any opcode, and several times */
    bool has_checksum;
    /* Bytes of its reply in front of the status; the least where it varies. */
    size_t payload;
    fettle_us time; /* from the end of the request to the reply; 0: COMMAND_TIME */
    unsigned word_count;
    uint32_t words[WORDS_MAX];
    fettle_span data;
    size_t padding; /* bytes of 0xFF behind the data */
} esp_request;

/* ---- talking to the loader (esp_link.c) ---- */

/*
 * Sends a request and runs `then` when its good reply is here: in `reply`, status taken off.
 * `otherwise` runs when it was refused (`answer`, `status`) or not answered; NULL: then it fails.
 */
fettle_effect fettle_esp_exchange(fettle_esp *esp, const esp_request *request,
                                  fettle_us now, fettle_esp_next *then,
                                  fettle_esp_next *otherwise);

/* The same for a frame that is encoded already: the present one of the two. */
fettle_effect fettle_esp_exchange_prepared(fettle_esp *esp, const esp_request *request,
                                           fettle_us now, fettle_esp_next *then,
                                           fettle_esp_next *otherwise);
void fettle_esp_encode(fettle_esp_frame *frame, const esp_request *request);
/* Into `room` bytes, which must be enough; returns how many. */
size_t fettle_esp_encode_into(uint8_t *bytes, size_t room, const esp_request *request);
fettle_us fettle_esp_wire_time(const fettle_esp *esp, size_t size);

/* Sends the present frame; awaits frames until `until`, each of which is given to `on_frame`. */
fettle_effect fettle_esp_send(fettle_esp *esp, fettle_us now, fettle_esp_next *then);
fettle_effect fettle_esp_write_bytes(fettle_esp *esp, fettle_span bytes, fettle_us now,
                                     fettle_esp_next *then);
fettle_effect fettle_esp_await(fettle_esp *esp, fettle_us until, fettle_esp_next *on_frame,
                               fettle_esp_next *on_silence);
fettle_effect fettle_esp_read_on(fettle_esp *esp);
/* For `on_frame`: what was decoded isn't what is awaited. */
fettle_effect fettle_esp_on_stray(fettle_esp *esp, fettle_us now);

fettle_effect fettle_esp_discard(fettle_esp *esp, fettle_esp_next *then);
fettle_effect fettle_esp_sleep(fettle_esp *esp, fettle_us until, fettle_esp_next *then);
fettle_effect fettle_esp_set_baud(fettle_esp *esp, uint32_t baud, fettle_esp_next *then);

/* Is what was decoded a reply to `opcode`, as far as can be seen? Sets answer and status. */
bool fettle_esp_is_reply(fettle_esp *esp, uint8_t opcode, size_t payload);

/* READ_REG and WRITE_REG. `writes` are address, value, mask and delay in us of each. */
fettle_effect fettle_esp_read_register(fettle_esp *esp, uint32_t address, fettle_us now,
                                       fettle_esp_next *then, fettle_esp_next *otherwise);
esp_request fettle_esp_write_registers(const uint32_t (*writes)[4], size_t count);
uint32_t fettle_esp_value(const fettle_esp *esp);

/* Time that bytes of these many take at most, at so much for 10^6 of them. */
fettle_us fettle_esp_time_for(uint64_t bytes, fettle_us per_mb);

/* The longest that it may take to erase this range. */
fettle_us fettle_esp_erase_time(uint32_t address, uint32_t size);

/* ---- late answers (esp_fence.c) ---- */

/* Runs `then`, which sends `awaited`, when no answer is due any more that would be taken for its own. */
fettle_effect fettle_esp_fenced(fettle_esp *esp, fettle_us now, fettle_esp_next *then);
/* `awaited` was sent; a reply to it is here, `answer` says which. */
void fettle_esp_note_sent(fettle_esp *esp);
void fettle_esp_note_answer(fettle_esp *esp);

/* ---- verbs ---- */

fettle_engine *fettle_esp_ready(fettle_esp *esp, fettle_clause doing, uint32_t total,
                                fettle_esp_next *first);
fettle_effect fettle_esp_done(fettle_esp *esp, fettle_us now);
void fettle_esp_progress(fettle_esp *esp, size_t done); /* never goes down */

/* Ends. The first is for an exchange that was refused or not answered. */
fettle_effect fettle_esp_fail(fettle_esp *esp, fettle_us now);
fettle_effect fettle_esp_refuse(fettle_esp *esp, fettle_code code, const char *text,
                                const char *text2);
fettle_effect fettle_esp_fail_with(fettle_esp *esp, const fettle_outcome *last);

/* ---- steps that several verbs take ---- */

/* Contact from anew, as by connect, at FETTLE_ESP_BAUD; then `after`. (esp_enter.c) */
fettle_effect fettle_esp_contact(fettle_esp *esp, fettle_us now, fettle_esp_next *after);
/* SYNC, to be answered within `time`. */
esp_request fettle_esp_sync_request(fettle_us time);
/* Contact at `baud`, which is set already. */
fettle_effect fettle_esp_contact_at(fettle_esp *esp, uint32_t baud, fettle_us now,
                                    fettle_esp_next *after);
/* Is it still there, and what was it then? No reset. `esp->answer`. */
fettle_effect fettle_esp_resync(fettle_esp *esp, fettle_us now, fettle_esp_next *after);
fettle_effect fettle_esp_pull(fettle_esp *esp, const char *sequence, fettle_us now,
                              fettle_esp_next *after);

/* To `baud`, from FETTLE_ESP_BAUD, without trying others; then `after`. (esp_baud.c) */
fettle_effect fettle_esp_baud_again(fettle_esp *esp, uint32_t baud, fettle_us now,
                                    fettle_esp_next *after);
/* SPI_ATTACH and SPI_SET_PARAMS as before; then `after`. (esp_spi.c) */
fettle_effect fettle_esp_attach_again(fettle_esp *esp, fettle_us now,
                                      fettle_esp_next *after);
fettle_effect fettle_esp_set_params(fettle_esp *esp, fettle_us now, fettle_esp_next *then);
/* The request that erases and opens the flash for blocks. (esp_flash.c) */
esp_request fettle_esp_begin_request(const fettle_esp *esp, uint8_t opcode,
                                     uint32_t address, uint32_t size, uint32_t count,
                                     uint32_t block);
/* Of a block that was refused: it wasn't taken; it may have been taken. */
bool fettle_esp_was_not_taken(uint16_t status);
bool fettle_esp_was_garbled(const fettle_esp *esp);
/* The request that erases these sectors; and, of a ROM, does it take the one behind them as well? (esp_erase.c) */
esp_request fettle_esp_erase_request(const fettle_esp *esp, uint32_t address,
                                     uint32_t size);
bool fettle_esp_erases_one_more(const fettle_esp *esp, uint32_t address, uint32_t size);
/* Asks for the hash of a range: `then` has it in `md5`. (esp_erase.c) */
fettle_effect fettle_esp_ask_hash(fettle_esp *esp, uint32_t address, uint32_t size,
                                  fettle_us now, fettle_esp_next *then);

/* ---- what the chip says unasked (esp_hear.c) ---- */

void fettle_esp_hear(fettle_esp *esp, fettle_span bytes);
void fettle_esp_forget(fettle_esp *esp); /* all that was heard */
/* Keeps what was heard if it tells more than what is kept: in the end all tries count. */
void fettle_esp_keep_heard(fettle_esp *esp);
/* Puts the most telling of it into the error. */
void fettle_esp_put_evidence(const fettle_esp *esp, fettle_error *error);
fettle_effect fettle_esp_no_contact(fettle_esp *esp);
bool fettle_esp_contains(fettle_span bytes, const char *text);

/* ---- small things ---- */

static inline const fettle_esp_chip *chip_of(const fettle_esp *esp)
{
    assert(esp->identity.chip != NULL); /* identify comes first */
    return esp->identity.chip;
}

/* Can it be brought back from anywhere? */
static inline bool can_reset(const fettle_esp *esp)
{
    return esp->setup.has_lines && esp->setup.reset_count > 0 && !esp->lines_failed;
}

static inline unsigned patience_of(const fettle_esp *esp)
{
    return esp->setup.patience > 0 ? esp->setup.patience : 1;
}

static inline bool has_rate(const fettle_esp *esp)
{
    return esp->setup.port == FETTLE_ESP_PORT_UART;
}

#endif
