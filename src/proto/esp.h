/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Espressif's serial loader, in the ROM of a chip and as a stub in its RAM, as an engine (Espressif,
 * "Serial Protocol"; docs/protocols/esp.md).
 *
 * As with DFU: one struct for one board; a verb readies it for one piece of work and returns the
 * engine to RUN; when that has ended, the results are in the struct.
 *
 *     return run(job, fettle_esp_connect(&job->esp), share, on_connected);
 *
 * A session is connect, identify, raise_baud, attach, then hash, read, erase and write as often as the
 * caller wants, load_stub where something is to be written or read, and leave. The caller OPENs the
 * line before, at FETTLE_ESP_BAUD and with both lines let go.
 *
 * The engine remembers what a reset takes away, and brings it back where it had to reset the chip
 * itself: rate, attached flash, its size. What a reset by the chip's own will took away it can't know:
 * that is a failure (FETTLE_E_ESP_RESTARTED).
 *
 * No allocation; everything is in the struct, some 80 KB. Spans must outlive the run they are given to.
 */
#ifndef FETTLE_PROTO_ESP_H
#define FETTLE_PROTO_ESP_H

#include "base/effect.h"
#include "base/hash.h"
#include "proto/esp_bootlog.h"
#include "proto/esp_chip.h"
#include "proto/slip.h"

enum {
    FETTLE_ESP_BAUD = 115200,     /* of the first contact */
    FETTLE_ESP_BLOCK_ROM = 0x400, /* bytes of a flash block */
    FETTLE_ESP_BLOCK_STUB = 0x4000,
    FETTLE_ESP_BLOCK_OTG = 0x800, /* through the USB of the chip's ROM */
    FETTLE_ESP_SECTOR = 0x1000,   /* the smallest erase */
    FETTLE_ESP_READ_ROM = 64,     /* bytes of one READ_FLASH_SLOW */
    FETTLE_ESP_READ_STUB = 0x1000,
    FETTLE_ESP_DATA_HEAD = 16, /* sub-header of a DATA command */
    FETTLE_ESP_HEAD = 8,
    FETTLE_ESP_SYNC_SIZE = 36, /* of its data */
    FETTLE_ESP_FRAME_MAX = FETTLE_SLIP_FRAME_MAX(FETTLE_ESP_HEAD + FETTLE_ESP_DATA_HEAD +
                                                 FETTLE_ESP_BLOCK_STUB),
    FETTLE_ESP_REPLY_MAX = FETTLE_ESP_READ_STUB + 64,
    FETTLE_ESP_INPUT_SIZE = 4096,
    FETTLE_ESP_TEXT_SIZE = 512, /* of what the chip said unasked, the last that is kept */
    FETTLE_ESP_MOVES_MAX = 32,
    FETTLE_ESP_WORDS_MAX = 24, /* registers that identify looks at */
};

/* ---- control lines ---- */

/* One position of the control lines, and how long it is held. */
typedef struct fettle_esp_move {
    bool dtr, rts;
    fettle_us hold;
} fettle_esp_move;

typedef struct fettle_esp_sequence {
    size_t count;
    fettle_esp_move moves[FETTLE_ESP_MOVES_MAX];
} fettle_esp_sequence;

/*
 * Reads "D0|R1|W0.1|D1|R0|W0.05|D0": D and R set one line and U ("U1,0": DTR, RTS) both, 1 is
 * asserted; W waits so many seconds, up to 10. Letters in any case; empty parts don't count. False:
 * it is none (`err`, USAGE) or has more than FETTLE_ESP_MOVES_MAX moves.
 */
bool fettle_esp_sequence_parse(fettle_esp_sequence *sequence, const char *text,
                               fettle_error *err);

/* ---- what is known before ---- */

typedef enum fettle_esp_port {
    FETTLE_ESP_PORT_UART, /* a bridge, or a network port: a line with a rate */
    FETTLE_ESP_PORT_JTAG, /* USB-Serial-JTAG in the chip */
    FETTLE_ESP_PORT_OTG,  /* the USB of the chip's ROM */
} fettle_esp_port;

/* All that it points to must outlive the engine. */
typedef struct fettle_esp_setup {
    const fettle_esp_chip *chips; /* that are known */
    size_t chip_count;
    const fettle_esp_chip *expected; /* one of them that it has to be; NULL: any */
    fettle_esp_port port;
    bool has_lines;            /* DTR and RTS reach the chip, as far as is known */
    const char *const *resets; /* sequences into the loader, in turn; each is valid */
    size_t reset_count;        /* 0: the chip is in its loader already */
    bool caller_enters;        /* and the caller can bring it there again, by other means */
    const char *restart;   /* the sequence into the application; NULL: as for the port */
    const uint32_t *bauds; /* rates to try, upwards, all above FETTLE_ESP_BAUD */
    size_t baud_count;
    /* The rate at which an earlier try may have left its loader; 0: the usual. */
    uint32_t left_at;
    uint32_t read_baud_max; /* what is read comes slower than other things; 0: it doesn't */
    uint32_t flash_size;    /* bytes; 0: the flash is asked */
    /* All times to wait for answers, times this; 0 is 1. For slow links. */
    unsigned patience;
} fettle_esp_setup;

/* ---- what came of it ---- */

/* What the chip said beside its answers. The text is the last of it, and untrusted. */
typedef struct fettle_esp_heard {
    size_t total; /* bytes */
    size_t printable;
    size_t size; /* of text */
    uint8_t text[FETTLE_ESP_TEXT_SIZE];
    bool has_boot;   /* a boot number was told: */
    uint32_t number; /* "boot:0x13" */
    bool waits_for_download;
    bool says_normal_boot; /* in words, whatever the number */
    bool has_restarted;    /* "rst:0x..." */
    bool has_brownout;
    bool has_crashed;            /* the application's */
    bool has_invalid_header;     /* nothing in flash that could be started */
    bool has_echo;               /* a request of ours came back */
    const fettle_esp_chip *chip; /* by the ROM's banner; NULL: it showed none */
} fettle_esp_heard;

typedef struct fettle_esp_identity {
    const fettle_esp_chip *chip;
    bool has_mac, has_revision, has_security;
    uint8_t mac[6];
    uint16_t revision; /* major * 100 + minor */
    uint32_t package;
    const char *package_name; /* NULL: none that is known */
    bool is_single_core;
    uint32_t crystal_mhz; /* 0: not known */
    uint32_t pads;        /* configuration word of SPI_ATTACH */

    bool is_secure_boot;     /* of any kind */
    bool is_secure_boot_v1;  /* bootloader and its digest must not be written */
    bool is_secure_download; /* little but writing works */
    bool is_encrypted;       /* flash is encrypted */
    bool refuses_plain;      /* encrypted, and nothing here can encrypt for it */
    uint32_t security_flags; /* as received; 0 where there is no such command */
} fettle_esp_identity;

typedef enum fettle_esp_stub_state {
    FETTLE_ESP_STUB_NONE,  /* none was loaded */
    FETTLE_ESP_STUB_RUNS,  /* also one that was found running */
    FETTLE_ESP_STUB_UNFIT, /* this chip, revision or mode of it can't have one; not tried */
    FETTLE_ESP_STUB_REFUSED, /* the ROM didn't take it */
    FETTLE_ESP_STUB_SILENT, /* it didn't start; the chip was reset, and is in its ROM again */
} fettle_esp_stub_state;

typedef enum fettle_esp_left {
    FETTLE_ESP_LEFT_NOT, /* there was no way to make it */
    FETTLE_ESP_LEFT_BY_LINES,
    FETTLE_ESP_LEFT_BY_WATCHDOG, /* the straps are sampled again */
    FETTLE_ESP_LEFT_BY_COMMAND,
} fettle_esp_left;

/* Content of flash. `address` is the beginning of a sector. */
typedef struct fettle_esp_region {
    uint32_t address;
    fettle_span data;
    fettle_span deflated; /* the same as a zlib stream; size 0: there is none */
} fettle_esp_region;

/* A stub: where its parts go in RAM, and where it begins. Parts without bytes are left out. */
typedef struct fettle_esp_stub {
    fettle_span text, data;
    uint32_t text_address, data_address, entry;
} fettle_esp_stub;

/* ---- the engine ---- */

typedef struct fettle_esp fettle_esp;
typedef fettle_effect fettle_esp_next(fettle_esp *esp, fettle_us now);

/* Does what an application has said so far tell what is wanted of it? */
typedef bool fettle_esp_enough(void *user, fettle_span text);

typedef enum fettle_esp_answer {
    FETTLE_ESP_GOOD,
    FETTLE_ESP_REFUSED, /* `status` says why */
    FETTLE_ESP_SILENT,
} fettle_esp_answer;

typedef struct fettle_esp_frame {
    size_t size;
    uint8_t bytes[FETTLE_ESP_FRAME_MAX];
} fettle_esp_frame;

struct fettle_esp {
    fettle_engine engine;
    fettle_esp_setup setup;
    /* What a person should do meanwhile; the caller's, and off again afterwards. */
    fettle_ask ask;

    /* results */
    fettle_esp_heard heard;       /* connect, listen, and on the way */
    fettle_esp_bootlog log;       /* all that was heard since the caller has begun it */
    fettle_esp_heard told;        /* the most telling of all tries without contact */
    fettle_esp_identity identity; /* identify */
    bool is_stub;                 /* a stub answers, not the ROM */
    bool has_contact;             /* connect: a loader has answered */
    bool lines_failed;            /* connect: the port refused to move its lines */
    uint32_t baud;                /* in use */
    uint32_t baud_failed;         /* the lowest rate that was tried and not held; 0: none */
    bool is_attached;
    /* JEDEC: maker, type, capacity, from the lowest byte; 0: not asked. */
    uint32_t flash_id;
    uint32_t flash_size;              /* bytes; 0: not known */
    uint8_t md5[FETTLE_MD5_SIZE];     /* hash */
    fettle_esp_stub_state stub_state; /* load_stub */
    fettle_esp_left left;             /* leave */
    bool answers;                     /* knock */
    unsigned repeats;                 /* frames that were sent again, of all verbs */
    unsigned garbled; /* frames and answers that noise had changed, likewise */
    uint16_t status;  /* the last that was not good: 0x01xx of a ROM, 0xC1xx of a stub */

    /* the engine's own: exchange */
    fettle_esp_next *then, *on_good, *otherwise, *on_frame, *on_silence, *on_trouble;
    fettle_esp_next *on_gone;           /* where it leaves because it was told to */
    void (*meanwhile)(fettle_esp *esp); /* what is done while the frame is on its way */
    fettle_esp_answer answer;
    unsigned tries_left, strays;
    unsigned empty_reads;
    fettle_us reply_time, deadline;
    size_t payload_size;
    uint8_t awaited;
    bool is_probing, is_reading, is_connecting, is_raw, is_failing;

    /* late answers */
    unsigned owed, syncs_owed; /* answers that may still come; those to SYNC */
    fettle_us owed_time;       /* that each may take */
    bool is_answered;          /* what was sent last */
    bool is_settling;          /* an answer to this SYNC says that nothing is owed */
    unsigned fences_left;
    fettle_esp_next *on_fenced;
    uint8_t fence[FETTLE_SLIP_FRAME_MAX(FETTLE_ESP_HEAD + FETTLE_ESP_SYNC_SIZE)];

    bool is_held; /* a line may be pulled; its letting go was not confirmed */
    fettle_clause doing;
    fettle_words words;

    /* connect */
    fettle_esp_sequence sequence;
    fettle_esp_next *after_moves, *after_contact, *no_contact;
    size_t move;
    unsigned resets, resets_max, syncs, zeros, sync_replies;
    uint32_t sync_value;
    bool is_heard_old;   /* what was heard is from before the reset */
    bool has_heard_slow; /* and it was listened to at the other rate of boot texts */

    /* identify */
    uint32_t words_at[FETTLE_ESP_WORDS_MAX], words_seen[FETTLE_ESP_WORDS_MAX];
    size_t word_count, word;
    unsigned rounds;
    const fettle_esp_chip *magic_chip;
    uint32_t magic, security[5]; /* flags, ..., as received */
    size_t security_size;
    bool is_magic_refused, has_agreed;

    /* raise_baud */
    size_t baud_index;
    uint32_t baud_wanted, baud_good, clock_estimate, clock_unit;
    fettle_esp_next *after_baud, *on_bad_baud;
    unsigned checks, turns;
    bool was_stub, is_lowering;

    /* attach */
    uint32_t spi_saved[3], spi_result;
    unsigned polls, looks;
    fettle_esp_next *after_spi, *after_attach, *after_params;

    /* write, erase, read */
    const fettle_esp_region *region;
    uint32_t address, size, block, sequence_number;
    uint8_t *buffer;
    size_t offset, from, chunk, chunk_max, chunk_done;
    uint32_t baud_before_read; /* to go back to; 0: it was slow enough */
    unsigned restarts, resends, misreads;
    uint32_t misread_at;
    bool is_deflated;
    fettle_us block_time;
    fettle_md5 digest;

    /* hash, and read with a ROM */
    uint32_t hash_address, hash_size;
    fettle_esp_next *after_hash;

    /* load_stub */
    const fettle_esp_stub *stub;
    unsigned part;
    bool was_attached;
    uint32_t baud_before;

    /* leave, listen, ask_console */
    bool by_watchdog;
    fettle_us listen_time;
    fettle_span typed;
    fettle_esp_enough *is_enough;
    void *enough_user;

    fettle_slip_reader reader;
    size_t input_at, input_size;
    unsigned frame;   /* which of the two is on the wire */
    bool is_prepared; /* the other one is ready */
    fettle_esp_frame frames[2];
    uint8_t input[FETTLE_ESP_INPUT_SIZE];
    uint8_t reply[FETTLE_ESP_REPLY_MAX];
};

/* Nothing is known of the board but `setup`. */
void fettle_esp_init(fettle_esp *esp, const fettle_esp_setup *setup);

/*
 * Resets the chip into its loader, where there are lines, and makes contact: a few tries after each of
 * seven resets, in turn by all sequences. A stub that runs is recognised. What the chip says meanwhile
 * is kept, and decides which failure it is: FETTLE_E_ESP_SILENT, _BOOT_MODE, _STRAPS, _DEAF, _ECHO,
 * _NOISE, _NOT_RESET. The rate is FETTLE_ESP_BAUD afterwards, or `left_at`, where the loader answers
 * at that and no reset reaches it.
 */
fettle_engine *fettle_esp_connect(fettle_esp *esp);

/* After connect, in vain: is noise why? */
bool fettle_esp_heard_noise(const fettle_esp *esp);

/*
 * Which chip it is, and what is special about this one: `identity`. On USB-Serial-JTAG it also turns
 * the watchdogs off, which would reset the chip in the middle of the work. FETTLE_E_ESP_UNKNOWN_CHIP,
 * _OTHER_CHIP (than `expected`).
 */
fettle_engine *fettle_esp_identify(fettle_esp *esp);

/*
 * Tries the rates of the setup upwards, each with a few register reads, and stays at the last that
 * held. One that doesn't hold costs a reset (`baud_failed`). Where there are no lines for that, a rate is tried only if the port has
 * it, is looked at longer, and the loader is told at that very rate to go back, as often as it takes for one of a few bytes to come
 * through whole. Fails only where nothing of that brings the chip back; on ports without a rate there is nothing to do.
 * After identify, and before attach and load_stub: its reset would cost their work. A loader that was met at `left_at` is only
 * told to go back to FETTLE_ESP_BAUD.
 */
fettle_engine *fettle_esp_raise_baud(fettle_esp *esp);

/*
 * Attaches the flash, asks it what it is, and tells the loader its size. flash_size stays 0 where the
 * id is none that is known, and in secure download mode. FETTLE_E_ESP_FLASH_SILENT.
 */
fettle_engine *fettle_esp_attach(fettle_esp *esp);

/* Has the chip hash `size` bytes of flash: `md5`. FETTLE_E_ESP_CANNOT where it can't. */
fettle_engine *fettle_esp_hash(fettle_esp *esp, uint32_t address, uint32_t size);
bool fettle_esp_can_hash(const fettle_esp *esp);

/*
 * Erases the sectors of the region and writes it: deflated where there is a stream, it is smaller, and
 * the loader takes it; else as it is. When it ends well every byte was acknowledged, with a stub also
 * those that it had accepted before it wrote them. That is no proof: hash or read it.
 */
fettle_engine *fettle_esp_write(fettle_esp *esp, const fettle_esp_region *region);

/* Erases; both numbers in whole sectors. */
fettle_engine *fettle_esp_erase(fettle_esp *esp, uint32_t address, uint32_t size);

/* Erases all of the flash; its size must be known. */
fettle_engine *fettle_esp_erase_chip(fettle_esp *esp);

/* Reads flash; `buffer` has room for `size` bytes. FETTLE_E_ESP_CANNOT where it can't. */
fettle_engine *fettle_esp_read(fettle_esp *esp, uint32_t address, uint8_t *buffer,
                               uint32_t size);
bool fettle_esp_can_read(const fettle_esp *esp);

/*
 * Loads a stub and starts it. Ends well also where that doesn't work: `stub_state` says so, and the
 * chip is then where it was before, in its ROM, with rate and flash as they were.
 */
fettle_engine *fettle_esp_load_stub(fettle_esp *esp, const fettle_esp_stub *stub);

/*
 * Resets the chip into its application, by lines where there are any, else by its watchdog, else by a
 * command; `left` says how. `by_watchdog` where it may be used: after a chip whose boot pin was held
 * stayed in its loader. A board that leaves the bus by that is no failure.
 */
fettle_engine *fettle_esp_leave(fettle_esp *esp, bool by_watchdog);

/* It is brought into its application by somebody else: `left` is as after leave, and the port is at `baud`. */
void fettle_esp_was_left(fettle_esp *esp, uint32_t baud);

/*
 * Asks whether a loader is still there, at the rate that it had; `answers`. For a chip that was told to leave by lines that
 * may not reach it, and has said nothing since. What runs instead gets some bytes that mean nothing to it.
 */
fettle_engine *fettle_esp_knock(fettle_esp *esp, uint32_t baud);

/* Listens for `time`, at the rate of the ROM's boot text: `heard`, from anew. */
fettle_engine *fettle_esp_listen(fettle_esp *esp, fettle_us time);

/*
 * Before connect: types these bytes (borrowed) at the console of whatever runs, and listens until `is_enough` or for `time`: `heard`,
 * from anew. Ends early as well where the ROM says that nothing runs.
 */
fettle_engine *fettle_esp_ask_console(fettle_esp *esp, fettle_span typed,
                                      fettle_esp_enough *is_enough, void *user,
                                      fettle_us time);

/* ---- pure parts ---- */

/*
 * What FLASH_BEGIN must be told so that at least `size` bytes from `address` are erased and no more
 * than needed: some ROMs count sectors wrongly.
 */
uint32_t fettle_esp_erase_size(const fettle_esp_chip *chip, bool is_stub, uint32_t address,
                               uint32_t size);

/* Bytes of flash by its JEDEC id, as flash_id has it; 0: it is none that is known. */
uint32_t fettle_esp_size_of_flash(uint32_t flash_id);

/* Registers that a chip's identity takes, each once: how many were put into `addresses`. */
size_t fettle_esp_identity_words(const fettle_esp_chip *chip,
                                 uint32_t addresses[FETTLE_ESP_WORDS_MAX]);

/* MAC, revision, package, security and the rest of `identity->chip`, from these registers. */
void fettle_esp_identity_decode(fettle_esp_identity *identity, const uint32_t *addresses,
                                const uint32_t *values, size_t count);

/* What stands behind a boot number of this chip; NULL: nothing that is known. */
const fettle_esp_strap *fettle_esp_strap_of(const fettle_esp_chip *chip, uint32_t number);

/* "FLASH_BEGIN"; "checksum wrong" by a status as fettle_esp has it. NULL: it has no name. */
const char *fettle_esp_opcode_name(uint8_t opcode);
const char *fettle_esp_status_name(uint16_t status);

#endif
