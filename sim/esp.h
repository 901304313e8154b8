/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual boards with an ESP chip behind a serial line: docs/protocols/esp-simulated.md says what
 * they do, and from which facts.
 *
 * esp_board.c makes the board. esp.c has its line's time, its pins, and the order of what happens
 * to it; esp_line.c is the host's end of the line, esp_hear.c the chip's. esp_rom.c and
 * esp_stub.c obey commands, esp_ram.c knows what is a stub, esp_work.c does what takes time,
 * esp_flash.c is the NOR flash, esp_registers.c what can be read and written by address,
 * esp_boot.c starts what is in the flash, esp_content.c fills it. esp_chips.c has a row for each
 * chip, and esp_stubs.c one for each published stub.
 *
 * All of it is called with the world's lock held. Times `at` are those of the virtual chip: never
 * later than the world's.
 */
#ifndef SIM_ESP_H
#define SIM_ESP_H

#include "esp_inflate.h"
#include "internal.h"

#include "base/bytes.h"
#include "base/hash.h"

enum {
    ESP_SECTOR = 0x1000,
    ESP_BLOCK = 0x10000,
    ESP_PAGE = 0x100,
    ESP_TABLE_AT = 0x8000, /* of partitions */
    ESP_FACTORY_AT = 0x10000,
    ESP_FIFO = 128,         /* of the UART, which a ROM polls */
    ESP_ROM_FRAME = 0x1820, /* a RAM block of 0x1800, its words, the header */
    ESP_STUB_FRAME = 8 + 0x4000 + 0xff,
    ESP_IN_ROOM = 8192,
    ESP_HOST_ROOM = 4096, /* bytes that the host's side takes ahead of the wire */
    ESP_OUT_ROOM = 16384,
    ESP_REGISTERS = 128,
    ESP_SEGMENTS = 8,
    ESP_MAGICS = 4,
    ESP_IMAGE_HEAD = 256,
};

/* ---- opcodes, section 2.2 of the fact sheet ---- */

enum {
    ESP_FLASH_BEGIN = 0x02,
    ESP_FLASH_DATA = 0x03,
    ESP_FLASH_END = 0x04,
    ESP_MEM_BEGIN = 0x05,
    ESP_MEM_END = 0x06,
    ESP_MEM_DATA = 0x07,
    ESP_SYNC = 0x08,
    ESP_WRITE_REG = 0x09,
    ESP_READ_REG = 0x0a,
    ESP_SPI_SET_PARAMS = 0x0b,
    ESP_SPI_ATTACH = 0x0d,
    ESP_READ_FLASH_SLOW = 0x0e,
    ESP_CHANGE_BAUDRATE = 0x0f,
    ESP_FLASH_DEFL_BEGIN = 0x10,
    ESP_FLASH_DEFL_DATA = 0x11,
    ESP_FLASH_DEFL_END = 0x12,
    ESP_SPI_FLASH_MD5 = 0x13,
    ESP_GET_SECURITY_INFO = 0x14,
    ESP_ERASE_FLASH = 0xd0,
    ESP_ERASE_REGION = 0xd1,
    ESP_READ_FLASH = 0xd2,
    ESP_RUN_USER_CODE = 0xd3,
};

/* Of a ROM: the second status byte (section 1.6). Of a stub: the first (section 1.7). */
enum {
    ESP_OK = 0,
    ROM_INVALID = 0x01,
    ROM_FORMAT = 0x05,
    ROM_FAILED = 0x06,
    ROM_CHECKSUM = 0x07,
    ROM_WRITE = 0x08,
    ROM_INFLATE = 0x0b,
    ROM_ADLER = 0x0c,
    ROM_RAM_ADDRESS = 0x0f,
    STUB_LENGTH = 0xc0,
    STUB_CHECKSUM = 0xc1,
    STUB_COMMAND = 0xc3,
    STUB_FLASH = 0xc4,
    STUB_NOT_BEGUN = 0xc6,
    STUB_INFLATE = 0xc7,
    STUB_TOO_MUCH = 0xc9,
};

/* ---- chips ---- */

/* Bits of a register. */
typedef struct fettle_sim_esp_field {
    uint32_t address;
    uint8_t shift, bits; /* bits 0: there is no such field */
} fettle_sim_esp_field;

/* The flash controller: what lies where, from its base (section 3.5). */
typedef struct fettle_sim_esp_spi {
    uint32_t base;
    uint8_t usr, usr1, usr2, miso, words;
    bool is_left_aligned; /* the address of a command */
} fettle_sim_esp_spi;

/* Registers of the watchdog of the real-time clock (section 3.6); config0 0: none of use. */
typedef struct fettle_sim_esp_watchdog {
    uint32_t config0, config1, protect;
    bool may_reset;
} fettle_sim_esp_watchdog;

/* What the ROM prints (section 1.11), but for line ends. */
typedef struct fettle_sim_esp_words {
    const char *greeting, *build;                    /* build NULL: an empty line instead */
    const char *boot, *download;                     /* names of the two ways to start */
    uint8_t boot_strap, download_strap, wrong_strap; /* section 5.5 */
    bool has_reset_suffix;                           /* "POWERON_RESET", as in the ESP32 */
} fettle_sim_esp_words;

struct fettle_sim_esp_chip {
    const char *name; /* as people write it */
    bool is_first;    /* ESP8266: no chip id, two status bytes, fewest commands */
    uint16_t chip_id;
    struct {
        uint16_t revision; /* from which on */
        uint32_t magic;
    } magics[ESP_MAGICS];
    uint16_t revision; /* of a new board: major * 100 + minor */
    uint32_t bootloader;
    uint8_t status_size, security_size; /* security_size 0: no such command */
    bool has_encrypted_word;            /* the fifth of BEGIN */
    /* An opcode that it doesn't know, through its sync path (section 1.10). */
    bool answers_eight;
    bool has_jtag;
    uint32_t mac;  /* low word; ESP8266: section 3.2 */
    bool is_unary; /* major revision as 0, 1, 3, 7 */
    fettle_sim_esp_field major[3], minor, minor_high;
    /* section 4.11; secure_boot_v1 has no bits where there is no version 1 */
    fettle_sim_esp_field secure_boot, secure_boot_v1, encryption, no_encryption;
    uint32_t clock_divider; /* of its UART, section 3.4 */
    uint8_t xtal, rom_xtal; /* MHz; what the ROM takes it for (0: it measures) */
    uint8_t divider_times;  /* UART clocks of one period of the crystal */
    uint32_t port_variable; /* of the ROM: through which port it is spoken to; 0: none */
    uint8_t port_jtag;      /* its value for USB-Serial-JTAG */
    fettle_sim_esp_spi spi;
    fettle_sim_esp_watchdog watchdog;
    fettle_sim_esp_words words;
    uint32_t drom, iram;             /* where an application's segments go */
    uint32_t reserved, reserved_end; /* RAM that the ROM itself needs */
};

extern const fettle_sim_esp_chip fettle_sim_esp8266;
extern const fettle_sim_esp_chip fettle_sim_esp32;
extern const fettle_sim_esp_chip fettle_sim_esp32s2;
extern const fettle_sim_esp_chip fettle_sim_esp32s3;
extern const fettle_sim_esp_chip fettle_sim_esp32c2;
extern const fettle_sim_esp_chip fettle_sim_esp32c3;
extern const fettle_sim_esp_chip fettle_sim_esp32c6;

/* ---- published stubs ---- */

typedef struct fettle_sim_esp_part {
    uint32_t address, size;
    uint8_t sha256[FETTLE_SHA256_SIZE];
} fettle_sim_esp_part;

typedef struct fettle_sim_esp_stub_row {
    const fettle_sim_esp_chip *chip;
    uint32_t entry, bss;
    fettle_sim_esp_part text, data;
} fettle_sim_esp_stub_row;

extern const fettle_sim_esp_stub_row fettle_sim_esp_stub_rows[];
extern const size_t fettle_sim_esp_stub_count;

/* ---- one board ---- */

typedef struct fettle_sim_esp_in {
    fettle_us due;
    uint32_t baud;
    uint8_t value, data_bits;
} fettle_sim_esp_in;

typedef struct fettle_sim_esp_out {
    fettle_us due;
    uint32_t baud;
    uint8_t value;
    bool is_judged; /* `value` is what the host has got */
} fettle_sim_esp_out;

typedef enum fettle_sim_esp_mode {
    ESP_MODE_RESET, /* EN is low, or has just risen */
    ESP_MODE_ROM,
    ESP_MODE_STUB,
    ESP_MODE_APP,
    ESP_MODE_LOOP,   /* nothing that boots: it says so, and is reset, for ever */
    ESP_MODE_SILENT, /* runs something that doesn't talk */
} fettle_sim_esp_mode;

typedef enum fettle_sim_esp_cause {
    ESP_BY_POWER,
    ESP_BY_JTAG,
    ESP_BY_WATCHDOG,
    ESP_BY_SOFTWARE,
    ESP_BY_BROWNOUT,
} fettle_sim_esp_cause;

typedef struct fettle_sim_esp_register {
    uint32_t address, value;
} fettle_sim_esp_register;

typedef struct fettle_sim_esp_segment {
    uint32_t address, size, filled;
    uint8_t *bytes;
} fettle_sim_esp_segment;

/* A frame on its way in, without its SLIP. */
typedef struct fettle_sim_esp_frame {
    uint8_t bytes[ESP_STUB_FRAME];
    size_t size;
    bool is_complete, is_too_long;
} fettle_sim_esp_frame;

/* Between BEGIN and END. */
typedef struct fettle_sim_esp_transfer {
    bool is_on, is_deflated, is_encrypted, drops_erase;
    uint32_t at, end;           /* the next byte to program, and behind the last one */
    uint32_t blocks;            /* that may still come to a ROM */
    uint32_t erased, erase_end; /* a stub erases as it goes */
    bool has_met_dirt;
    uint8_t failed; /* what a stub will say to the next command */
} fettle_sim_esp_transfer;

/* What follows a reply. */
typedef enum fettle_sim_esp_then {
    THEN_NOTHING,
    THEN_CHANGE_BAUD, /* to next_baud */
    THEN_LEAVE,       /* the loader */
    THEN_RUN,         /* what is in RAM, from `entry` */
    THEN_READ,        /* esp->reading */
} fettle_sim_esp_then;

/* What the chip is at, one step after the other. */
typedef struct fettle_sim_esp_work {
    bool is_on;
    uint32_t erase_at, erase_end;
    const uint8_t *data; /* to be programmed, or inflated */
    size_t size;
    bool is_inflating;
    bool drops, flips, breaks, has_broken; /* faults */
    bool replies;
    fettle_sim_esp_then then;
    uint32_t entry;
    uint8_t opcode, code;
    uint32_t value;
    uint8_t payload[64];
    size_t payload_size;
    unsigned repeats; /* replies */
} fettle_sim_esp_work;

/* READ_FLASH of a stub. */
typedef struct fettle_sim_esp_reading {
    bool is_on;
    uint32_t at, size, sent, packet;
    fettle_md5 md5;
} fettle_sim_esp_reading;

/* What befalls the frame that is on the wire. */
typedef struct fettle_sim_esp_spoil {
    bool is_on, is_reply;
    fettle_sim_fault_kind kind;
    size_t at; /* raw byte of the frame */
    uint8_t bit;
} fettle_sim_esp_spoil;

struct fettle_sim_esp {
    fettle_sim_board *board;
    const fettle_sim_esp_chip *chip;
    uint16_t revision;
    uint8_t mac[6];
    uint8_t xtal; /* MHz */
    bool is_jtag, has_flash;
    uint32_t flash_id;
    uint8_t *flash; /* the board's memory, or its module's */
    size_t flash_size;
    struct {
        uint32_t size;
        uint8_t digest[FETTLE_MD5_SIZE];
    } hashed_blank; /* so many blank bytes: nothing is asked for as often */

    /* of a Pycom module: pycom.h */
    const fettle_sim_pycom_module *module; /* NULL: it is none */
    fettle_sim_module_state slot;          /* that was started last, */
    char version[64], text[160];           /* and what it says it is */
    bool is_safe, has_prompt;
    unsigned crash;       /* with which it loops: a fettle_sim_pycom_crash */
    bool is_crashing;     /* `text_at` is when that happens, else when it restarts */
    uint64_t run_ends_ns; /* bytes that came without a pause, for its PIC */
    unsigned run;

    /* the wires; times in nanoseconds, or they would drift */
    fettle_sim_esp_in in[ESP_IN_ROOM];
    size_t in_first, in_count;
    uint64_t in_free_ns;
    fettle_sim_esp_out out[ESP_OUT_ROOM];
    size_t out_first, out_count;
    uint64_t out_free_ns;
    bool has_lost;

    /* pins */
    bool is_low;         /* EN */
    bool is_strapped;    /* the boot pin was low at the last reset that looked at it */
    bool wants_download; /* flag of USB-Serial-JTAG */
    fettle_us rises_at;  /* EN is high enough then */

    /* the chip */
    fettle_sim_esp_mode mode;
    uint32_t baud;
    bool knows_baud;
    fettle_us changes_at; /* to `next_baud` */
    uint32_t next_baud;
    fettle_us starts_at; /* it leaves the loader then */
    fettle_us work_at, text_at, watchdog_at;
    unsigned ticks;
    uint32_t last_value;
    unsigned syncs; /* since the reset */
    fettle_sim_esp_register registers[ESP_REGISTERS];
    size_t register_count;
    fettle_sim_esp_segment segments[ESP_SEGMENTS], *segment;
    bool is_attached, is_unattached_once;
    uint32_t params_size;

    /* what it hears */
    uint8_t fifo[ESP_FIFO];
    size_t fifo_count;
    fettle_sim_esp_frame frames[2]; /* a ROM has one */
    unsigned filling, working;      /* which of them */
    bool is_in_frame, is_escaped;
    size_t raw; /* bytes of this frame so far, as they are on the wire */
    fettle_sim_esp_spoil spoil;
    fettle_sim_hits hits;
    bool is_mute, has_dropped;

    fettle_sim_esp_transfer transfer;
    fettle_sim_esp_work work;
    fettle_sim_esp_reading reading;
    fettle_sim_inflate inflate;

    /* a stub that a test made known (chip NULL: none), and the one that runs */
    fettle_sim_esp_stub_row own_stub;
    const fettle_sim_esp_stub_row *stub;
};

/* ---- esp.c ---- */

/* Sends one byte, when the wire is free. */
void fettle_sim_esp_emit(fettle_sim_esp *esp, uint8_t byte, fettle_us at);
void fettle_sim_esp_say(fettle_sim_esp *esp, const char *text, fettle_us at);

/* When the last byte that was sent is there. */
fettle_us fettle_sim_esp_sent_at(const fettle_sim_esp *esp);

void fettle_sim_esp_set_lines(fettle_sim_esp *esp, bool dtr, bool rts, fettle_us at);
/* Nothing of what the chip was doing goes on. */
void fettle_sim_esp_stop(fettle_sim_esp *esp, fettle_us at);
void fettle_sim_esp_power(fettle_sim_esp *esp, fettle_sim_start start, fettle_us at);
bool fettle_sim_esp_is_behind_pic(const fettle_sim_esp *esp);
void fettle_sim_esp_reset(fettle_sim_esp *esp, fettle_sim_esp_cause cause, fettle_us at);
void fettle_sim_esp_record(fettle_sim_esp *esp, fettle_us at, const char *what,
                           uint8_t bRequest, uint32_t address, uint32_t size);

/* Is one rate not the other? */
bool fettle_sim_esp_is_off(uint32_t baud, uint32_t other);

/* The rate at which bytes are on the wire: a bridge's, or that of USB. */
uint64_t fettle_sim_esp_byte_ns(const fettle_sim_esp *esp, uint32_t baud);

/* What becomes of a byte at this rate on a line that bears max-baud=; false: it is lost. */
bool fettle_sim_esp_bear(fettle_sim_esp *esp, uint32_t baud, uint8_t *value);

/* ---- esp_board.c ---- */

/* Makes board->esp, with its content in `flash`; false: no memory. */
bool fettle_sim_esp_new(fettle_sim_board *board, const fettle_sim_esp_chip *chip,
                        uint8_t *flash, size_t flash_size);

/* ---- esp_hear.c ---- */

void fettle_sim_esp_hear(fettle_sim_esp *esp, uint8_t byte, fettle_us at);
void fettle_sim_esp_forget(fettle_sim_esp *esp);                 /* what came so far */
void fettle_sim_esp_be_ready(fettle_sim_esp *esp, fettle_us at); /* work is done */

/* Is there no room for the next byte? USB waits then. */
bool fettle_sim_esp_is_full(const fettle_sim_esp *esp);

/* ---- esp_rom.c, esp_stub.c ---- */

void fettle_sim_esp_rom_obey(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                             fettle_us at);
void fettle_sim_esp_stub_obey(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                              fettle_us at);
uint32_t fettle_sim_esp_word(const fettle_sim_esp_frame *frame, unsigned number);
uint8_t fettle_sim_esp_checksum(const fettle_sim_esp_frame *frame);

/* WRITE_REG, which a stub has as well. */
void fettle_sim_esp_write_registers(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                                    fettle_us at);

/* MEM_BEGIN, MEM_DATA; a code of the ROM. Over what the ROM needs the chip falls silent. */
uint8_t fettle_sim_esp_begin_ram(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame);
uint8_t fettle_sim_esp_fill_ram(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame);

/* Is what is in RAM a stub that starts at `entry`? */
bool fettle_sim_esp_has_stub(fettle_sim_esp *esp, uint32_t entry);
void fettle_sim_esp_start_stub(fettle_sim_esp *esp, fettle_us at);

/* The next part of READ_FLASH, or the hash behind the last one. */
void fettle_sim_esp_send_packet(fettle_sim_esp *esp, fettle_us at);
void fettle_sim_esp_free_ram(fettle_sim_esp *esp);
void fettle_sim_esp_know_own_stub(fettle_sim_esp *esp); /* own-stub=yes */

/* GET_SECURITY_INFO, section 2.10: returns how many bytes. */
size_t fettle_sim_esp_security(const fettle_sim_esp *esp, uint8_t info[20]);

/* ---- esp_work.c ---- */

/* One SLIP frame. */
void fettle_sim_esp_send(fettle_sim_esp *esp, const uint8_t *bytes, size_t size,
                         fettle_us at);
void fettle_sim_esp_reply(fettle_sim_esp *esp, const fettle_sim_esp_work *reply,
                          fettle_us at);

/* Starts what `work` says, after `delay`; esp->work is it then. */
void fettle_sim_esp_begin(fettle_sim_esp *esp, const fettle_sim_esp_work *work,
                          fettle_us delay, fettle_us at);
void fettle_sim_esp_step(fettle_sim_esp *esp, fettle_us at);

/* By how much a fault delays the reply to the command that is obeyed now. */
fettle_us fettle_sim_esp_lateness(const fettle_sim_esp *esp);

/* Starts nothing but the reply with this code. */
void fettle_sim_esp_answer(fettle_sim_esp *esp, uint8_t opcode, uint8_t code, fettle_us at);

enum { ESP_TURN_US = 100 }; /* from the end of a frame to a reply that takes no work */

/* ---- esp_flash.c ---- */

/* How long it takes; `address` counts in the chip's own size. */
fettle_us fettle_sim_esp_erase(fettle_sim_esp *esp, uint32_t *at, uint32_t end,
                               fettle_us now);
fettle_us fettle_sim_esp_program(fettle_sim_esp *esp, uint32_t address,
                                 const uint8_t *bytes, size_t size, fettle_us now);
void fettle_sim_esp_read(const fettle_sim_esp *esp, uint32_t address, uint8_t *bytes,
                         size_t size);
/* Likewise, decrypted: as the chip sees it. */
void fettle_sim_esp_look(const fettle_sim_esp *esp, uint32_t address, uint8_t *bytes,
                         size_t size);
/* Turns what would be written into what an encrypted flash holds, and back. */
void fettle_sim_esp_encrypt(const fettle_sim_esp *esp, uint32_t address, uint8_t *bytes,
                            size_t size);
bool fettle_sim_esp_is_blank(const fettle_sim_esp *esp, uint32_t address, uint32_t size);
void fettle_sim_esp_hash(fettle_sim_esp *esp, uint32_t address, uint32_t size,
                         uint8_t digest[FETTLE_MD5_SIZE]);

/* ---- esp_registers.c ---- */

void fettle_sim_esp_registers_init(fettle_sim_esp *esp, bool has_power_been_away);
uint32_t fettle_sim_esp_get(const fettle_sim_esp *esp, uint32_t address);
void fettle_sim_esp_set(fettle_sim_esp *esp, uint32_t address, uint32_t value);

/* As a host does it: with what follows from it. */
uint32_t fettle_sim_esp_peek(fettle_sim_esp *esp, uint32_t address);
void fettle_sim_esp_poke(fettle_sim_esp *esp, uint32_t address, uint32_t value,
                         fettle_us at);
void fettle_sim_esp_tell_divider(fettle_sim_esp *esp);

/* What the ROM takes its crystal for; the true one is esp->xtal. */
uint32_t fettle_sim_esp_believed_hz(const fettle_sim_esp *esp);

/* ---- esp_boot.c, esp_content.c ---- */

/* Prints what the ROM says at a reset into `mode`. */
void fettle_sim_esp_greet(fettle_sim_esp *esp, fettle_sim_esp_cause cause, fettle_us at);
void fettle_sim_esp_boot(fettle_sim_esp *esp, fettle_us at);
/* Somebody begins to listen: what was said before that is over. */
void fettle_sim_esp_listen(fettle_sim_esp *esp, fettle_us at);
void fettle_sim_esp_on_text(fettle_sim_esp *esp, fettle_us at);
bool fettle_sim_esp_boots(const fettle_sim_esp *esp, char version[32]);

/* Is there an image from `begin` on that this chip can run, and a table of partitions? */
bool fettle_sim_esp_is_image(const fettle_sim_esp *esp, uint32_t begin, uint32_t end);
bool fettle_sim_esp_has_table(const fettle_sim_esp *esp);

/* Fills the flash of a new board. */
void fettle_sim_esp_fill(fettle_sim_esp *esp);

/* A segment of an image. */
typedef struct fettle_sim_esp_image_part {
    uint32_t address, size;
    uint8_t head[ESP_IMAGE_HEAD]; /* what it begins with; the rest is noise */
    uint32_t head_size;
} fettle_sim_esp_image_part;

/* Returns its size. */
uint32_t fettle_sim_esp_put_image(fettle_sim_esp *esp, uint32_t at,
                                  const fettle_sim_esp_image_part *parts, uint8_t count,
                                  uint64_t seed);

typedef struct fettle_sim_esp_table_row {
    uint8_t type, subtype;
    uint32_t offset, size;
    const char *label;
} fettle_sim_esp_table_row;
void fettle_sim_esp_put_row(fettle_sim_esp *esp, size_t index,
                            const fettle_sim_esp_table_row *row);
void fettle_sim_esp_seal_table(fettle_sim_esp *esp, size_t count);
void fettle_sim_esp_put_nvs(fettle_sim_esp *esp);

#endif
