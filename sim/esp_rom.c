/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loader in an ESP chip's ROM: section 2 of the fact sheet, command by command. It answers
 * when it is done, and what it leaves in `value` is whatever it read last (section 1.4).
 *
 * Where the sheet is silent: a block of data goes behind the last one whatever its number says,
 * and one more than BEGIN announced fails with 06; RAM likewise. Frames longer than a RAM block
 * of 0x1800 aren't taken.
 */
#include "esp.h"

#include <string.h>

enum {
    HEADER = 8,
    DATA_HEADER = 16, /* words before the bytes of a block */
    REPLIES_TO_SYNC = 8,
    SYNC_SIZE = 36,
    MOST_SWALLOWED = 3, /* bytes that measuring the rate may cost */
    SLOW_READ = 64,
    DEFAULT_SIZE = 2 << 20,  /* of the flash, until SPI_SET_PARAMS */
    ADDRESS_MASK = 0xffffff, /* 24 bits go to the flash */
    SECURE_BOOT_V1_END = 0x8000,
    MD5_NS = 400, /* a byte */
    SECTORS_A_BLOCK = 16,
};

typedef void rom_handler(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                         fettle_us at);

typedef struct rom_command {
    uint8_t opcode;
    bool is_in_first;                /* the ESP8266 has it */
    bool is_allowed;                 /* in secure download mode */
    bool is_data, is_begin, is_list; /* how long it may be: below */
    uint16_t size;
    rom_handler *obey;
} rom_command;

uint32_t fettle_sim_esp_word(const fettle_sim_esp_frame *frame, unsigned number)
{
    return fettle_get32(frame->bytes + HEADER + 4 * number);
}

uint8_t fettle_sim_esp_checksum(const fettle_sim_esp_frame *frame)
{
    uint8_t sum = 0xef;
    for (size_t i = HEADER + DATA_HEADER; i < frame->size; i++) {
        sum ^= frame->bytes[i];
    }
    return sum;
}

static void answer(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, uint8_t code,
                   fettle_us at)
{
    fettle_sim_esp_answer(esp, frame->bytes[1], code, at);
}

static bool is_option(const fettle_sim_esp *esp, fettle_sim_option option)
{
    return fettle_sim_option_of(esp->board, option) != 0;
}

/* ---- SYNC, and what isn't known ---- */

/* The first four bytes as its buffer has them: auto-baud may have swallowed some. */
static uint32_t sync_value(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame)
{
    unsigned swallowed = 0;
    if (esp->syncs == 1 && !esp->is_jtag) {
        swallowed = fettle_sim_random(&esp->board->random) % (MOST_SWALLOWED + 1);
    }
    return fettle_get32(frame->bytes + HEADER + swallowed);
}

static void sync(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    esp->syncs++;
    esp->last_value = sync_value(esp, frame);
    if (esp->syncs <= fettle_sim_option_of(esp->board, OPTION_SYNC_MISSES)) {
        return;
    }
    fettle_sim_esp_work work = {
        .opcode = ESP_SYNC,
        .value = esp->last_value,
        .replies = true,
        .repeats = REPLIES_TO_SYNC - 1,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

static void refuse(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    uint64_t way = fettle_sim_option_of(esp->board, OPTION_UNKNOWN);
    bool is_eight = way == SIM_MODEL_DECIDES ? esp->chip->answers_eight : way != 0;
    fettle_sim_esp_work work = {
        .opcode = is_eight ? ESP_SYNC : frame->bytes[1],
        .value = esp->last_value,
        .code = ROM_FORMAT,
        .replies = true,
        .repeats = is_eight ? REPLIES_TO_SYNC - 1 : 0,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

/* ---- flash ---- */

static bool is_inside(const fettle_sim_esp *esp, uint32_t address, uint32_t size)
{
    uint64_t limit = esp->params_size != 0 ? esp->params_size
                     : esp->chip->is_first ? esp->flash_size
                                           : DEFAULT_SIZE;
    return esp->is_attached && (uint64_t)address + size <= limit;
}

static uint32_t round_up(uint32_t value, uint32_t unit)
{
    return (value + unit - 1) / unit * unit;
}

/* How much the ROM of an ESP8266 erases when it is asked for `size`: section 2.4. */
static uint32_t first_erases(uint32_t address, uint32_t size)
{
    uint32_t sectors = round_up(size, ESP_SECTOR) / ESP_SECTOR;
    uint32_t head = SECTORS_A_BLOCK - address / ESP_SECTOR % SECTORS_A_BLOCK;
    return (sectors <= head ? 2 * sectors : sectors + head) * ESP_SECTOR;
}

static bool may_write(const fettle_sim_esp *esp, uint32_t address, bool is_encrypted)
{
    bool has_v1 = fettle_sim_option_of(esp->board, OPTION_SECURE_BOOT) == SECURE_BOOT_V1;
    bool encrypts =
        fettle_sim_option_of(esp->board, OPTION_ENCRYPTION) == ENCRYPTION_DEVELOPMENT;
    return !(has_v1 && address < SECURE_BOOT_V1_END) && (!is_encrypted || encrypts);
}

static void flash_begin(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                        fettle_us at)
{
    uint32_t size = fettle_sim_esp_word(frame, 0), count = fettle_sim_esp_word(frame, 1);
    uint32_t packet = fettle_sim_esp_word(frame, 2);
    uint32_t address = fettle_sim_esp_word(frame, 3);
    bool is_encrypted = esp->chip->has_encrypted_word && fettle_sim_esp_word(frame, 4) != 0;
    bool is_deflated = frame->bytes[1] == ESP_FLASH_DEFL_BEGIN;
    esp->is_attached = esp->is_attached || esp->chip->is_first;
    memset(&esp->transfer, 0, sizeof esp->transfer);
    if (!is_inside(esp, address, size) || !may_write(esp, address, is_encrypted)) {
        answer(esp, frame, ROM_FAILED, at);
        return;
    }
    address &= ADDRESS_MASK;
    uint32_t erases = esp->chip->is_first ? first_erases(address, size) : size;
    uint32_t plain = is_deflated && packet != 0 ? round_up(size, packet) : count * packet;
    esp->transfer = (fettle_sim_esp_transfer){
        .is_on = true,
        .is_deflated = is_deflated,
        .is_encrypted = is_encrypted,
        .drops_erase = esp->hits.is[FAULT_DROP_ERASE],
        .at = address,
        .end = address + plain,
        .blocks = count,
    };
    fettle_sim_inflate_init(&esp->inflate);
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .value = esp->last_value,
        .erase_at = address / ESP_SECTOR * ESP_SECTOR,
        .erase_end = size == 0 ? 0 : round_up(address + erases, ESP_SECTOR),
        .replies = true,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

static void flash_data(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    fettle_sim_esp_transfer *transfer = &esp->transfer;
    bool is_deflated = frame->bytes[1] == ESP_FLASH_DEFL_DATA;
    const uint8_t *data = frame->bytes + HEADER + DATA_HEADER;
    size_t size = frame->size - HEADER - DATA_HEADER;
    if (!transfer->is_on || transfer->is_deflated != is_deflated || transfer->blocks == 0 ||
        (is_deflated && !fettle_sim_inflate_feed(&esp->inflate, data, size))) {
        answer(esp, frame, ROM_FAILED, at);
        return;
    }
    transfer->blocks--;
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .value = esp->last_value,
        .data = data,
        .size = size,
        .is_inflating = is_deflated,
        .replies = true,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

/* Whether it is told to reboot or to run: it leaves. */
static void flash_end(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .value = esp->last_value,
        .replies = true,
        .then = THEN_LEAVE,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

static void attach(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    esp->is_attached = true;
    answer(esp, frame, ESP_OK, at);
}

static void set_params(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    esp->params_size = fettle_sim_esp_word(frame, 1);
    answer(esp, frame, ESP_OK, at);
}

static void read_slow(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    uint32_t address = fettle_sim_esp_word(frame, 0), size = fettle_sim_esp_word(frame, 1);
    if (size > SLOW_READ || !is_inside(esp, address, size)) {
        answer(esp, frame, size > SLOW_READ ? ROM_INVALID : ROM_FAILED, at);
        return;
    }
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .value = esp->last_value,
        .payload_size = SLOW_READ,
        .replies = true,
    };
    fettle_sim_esp_read(esp, address & ADDRESS_MASK, work.payload, SLOW_READ);
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

static void hash(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t address = fettle_sim_esp_word(frame, 0), size = fettle_sim_esp_word(frame, 1);
    uint8_t digest[FETTLE_MD5_SIZE];
    if (!is_inside(esp, address, size)) {
        answer(esp, frame, ROM_FAILED, at);
        return;
    }
    fettle_sim_esp_record(esp, at, "md5", 0, address, size);
    fettle_sim_esp_hash(esp, address & ADDRESS_MASK, size, digest);
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .value = esp->last_value,
        .payload_size = 2 * sizeof digest,
        .replies = true,
    };
    for (size_t i = 0; i < sizeof digest; i++) {
        work.payload[2 * i] = (uint8_t)digits[digest[i] >> 4];
        work.payload[2 * i + 1] = (uint8_t)digits[digest[i] & 15];
    }
    fettle_us time = (fettle_us)size * MD5_NS / 1000;
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US + time, at);
}

/* ---- RAM ---- */

static void mem_begin(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    answer(esp, frame, fettle_sim_esp_begin_ram(esp, frame), at);
}

static void mem_data(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    uint8_t code = fettle_sim_esp_fill_ram(esp, frame);
    if (esp->mode == ESP_MODE_ROM) { /* it hasn't lost its mind */
        answer(esp, frame, code, at);
    }
}

static void mem_end(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    bool stays = fettle_sim_esp_word(frame, 0) != 0;
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .value = esp->last_value,
        .replies = stays || is_option(esp, OPTION_MEM_END),
        .then = stays ? THEN_NOTHING : THEN_RUN,
        .entry = fettle_sim_esp_word(frame, 1),
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

/* ---- the rest ---- */

void fettle_sim_esp_write_registers(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                                    fettle_us at)
{
    fettle_us delays = 0;
    for (unsigned i = 0; HEADER + 4 * i < frame->size; i += 4) {
        uint32_t address = fettle_sim_esp_word(frame, i);
        uint32_t mask = fettle_sim_esp_word(frame, i + 2);
        uint32_t value = fettle_sim_esp_word(frame, i + 1) & mask;
        value |= fettle_sim_esp_peek(esp, address) & ~mask;
        fettle_sim_esp_poke(esp, address, value, at + delays);
        delays += fettle_sim_esp_word(frame, i + 3);
    }
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .value = esp->last_value,
        .replies = true,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US + delays, at);
}

static void write_reg(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    fettle_sim_esp_write_registers(esp, frame, at);
}

static void read_reg(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    esp->last_value = fettle_sim_esp_peek(esp, fettle_sim_esp_word(frame, 0));
    answer(esp, frame, ESP_OK, at);
}

/* What it makes of the number: it divides a clock that it only thinks it knows (section 2.6). */
static uint32_t real_baud(const fettle_sim_esp *esp, uint32_t wanted)
{
    uint32_t believed = fettle_sim_esp_believed_hz(esp);
    uint32_t hz = esp->xtal * UINT32_C(1000000);
    return (uint32_t)((uint64_t)wanted * hz / believed);
}

static void change_baud(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                        fettle_us at)
{
    uint32_t wanted = fettle_sim_esp_word(frame, 0);
    if (wanted == 0) {
        answer(esp, frame, ROM_INVALID, at);
        return;
    }
    esp->next_baud = real_baud(esp, wanted);
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .value = esp->last_value,
        .replies = true,
        .then = THEN_CHANGE_BAUD,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

static void security_info(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                          fettle_us at)
{
    if (esp->chip->security_size == 0) {
        refuse(esp, frame, at);
        return;
    }
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .value = esp->last_value,
        .replies = true,
    };
    work.payload_size = fettle_sim_esp_security(esp, work.payload);
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

/* ---- all of them ---- */

static const rom_command commands[] = {
    {ESP_FLASH_BEGIN, true, true, .is_begin = true, .obey = flash_begin},
    {ESP_FLASH_DATA, true, true, .is_data = true, .obey = flash_data},
    {ESP_FLASH_END, true, true, .size = 4, .obey = flash_end},
    {ESP_MEM_BEGIN, true, false, .size = 16, .obey = mem_begin},
    {ESP_MEM_END, true, false, .size = 8, .obey = mem_end},
    {ESP_MEM_DATA, true, false, .is_data = true, .obey = mem_data},
    {ESP_SYNC, true, true, .size = SYNC_SIZE, .obey = sync},
    {ESP_WRITE_REG, true, false, .is_list = true, .obey = write_reg},
    {ESP_READ_REG, true, false, .size = 4, .obey = read_reg},
    {ESP_SPI_SET_PARAMS, false, true, .size = 24, .obey = set_params},
    {ESP_SPI_ATTACH, false, true, .size = 8, .obey = attach},
    {ESP_READ_FLASH_SLOW, false, false, .size = 8, .obey = read_slow},
    {ESP_CHANGE_BAUDRATE, false, true, .size = 8, .obey = change_baud},
    {ESP_FLASH_DEFL_BEGIN, false, false, .is_begin = true, .obey = flash_begin},
    {ESP_FLASH_DEFL_DATA, false, false, .is_data = true, .obey = flash_data},
    {ESP_FLASH_DEFL_END, false, false, .size = 4, .obey = flash_end},
    {ESP_SPI_FLASH_MD5, false, false, .size = 16, .obey = hash},
    {ESP_GET_SECURITY_INFO, false, true, .size = 0, .obey = security_info},
};

static const rom_command *find(const fettle_sim_esp *esp, uint8_t opcode)
{
    bool is_locked = is_option(esp, OPTION_SDM);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        bool is_there = commands[i].is_in_first || !esp->chip->is_first;
        if (commands[i].opcode == opcode) {
            return is_there && (commands[i].is_allowed || !is_locked) ? &commands[i] : NULL;
        }
    }
    return NULL;
}

static bool has_right_length(const fettle_sim_esp *esp, const rom_command *command,
                             const fettle_sim_esp_frame *frame)
{
    size_t size = frame->size - HEADER;
    if (fettle_get16(frame->bytes + 2) != size) {
        return false;
    }
    if (command->is_data) {
        return size > DATA_HEADER && fettle_sim_esp_word(frame, 0) == size - DATA_HEADER;
    }
    if (command->is_list) {
        return size > 0 && size % 16 == 0;
    }
    size_t of_begin = esp->chip->has_encrypted_word ? 20 : 16;
    return size == (command->is_begin ? of_begin : command->size);
}

void fettle_sim_esp_rom_obey(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                             fettle_us at)
{
    const rom_command *command = find(esp, frame->bytes[1]);
    if (command == NULL) {
        refuse(esp, frame, at);
    } else if (!has_right_length(esp, command, frame)) {
        answer(esp, frame, ROM_FORMAT, at);
    } else if (command->is_data &&
               fettle_get32(frame->bytes + 4) != fettle_sim_esp_checksum(frame)) {
        answer(esp, frame, ROM_CHECKSUM, at);
    } else {
        command->obey(esp, frame, at);
    }
}
