/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Espressif's stub, version 2, running in the RAM of an ESP chip: sections 1.7, 2.9 and 2.12 of
 * the fact sheet. It acknowledges a block of data before it works on it; what fails then is told
 * to the next command, which isn't obeyed, and forgotten. END is the barrier. It does not reboot.
 */
#include "esp.h"

#include <string.h>

enum {
    HEADER = 8,
    DATA_HEADER = 16,
    REPLIES_TO_SYNC = 8,
    PACKET_MOST = 0x1000,
    MD5_NS = 100, /* a byte */
    READ_NS = 60, /* a byte */
};

typedef void stub_handler(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                          fettle_us at);

typedef struct stub_command {
    uint8_t opcode;
    bool is_data, is_begin, is_list;
    uint16_t size;
    stub_handler *obey;
} stub_command;

static void answer(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, uint8_t code,
                   fettle_us at)
{
    fettle_sim_esp_answer(esp, frame->bytes[1], code, at);
}

static void sync(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .replies = true,
        .repeats = REPLIES_TO_SYNC - 1,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

/* ---- writing ---- */

/* It uses all 32 bits of an address; where the flash ends it fails. */
static bool is_inside(const fettle_sim_esp *esp, uint32_t address, uint32_t size)
{
    return (uint64_t)address + size <= esp->flash_size;
}

static void flash_begin(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                        fettle_us at)
{
    uint32_t size = fettle_sim_esp_word(frame, 0);
    uint32_t address = fettle_sim_esp_word(frame, 3);
    memset(&esp->transfer, 0, sizeof esp->transfer);
    if (!is_inside(esp, address, size)) {
        answer(esp, frame, STUB_FLASH, at);
        return;
    }
    esp->transfer = (fettle_sim_esp_transfer){
        .is_on = true,
        .is_deflated = frame->bytes[1] == ESP_FLASH_DEFL_BEGIN,
        .is_encrypted = frame->size == HEADER + 20 && fettle_sim_esp_word(frame, 4) != 0,
        .drops_erase = esp->hits.is[FAULT_DROP_ERASE],
        .at = address,
        .end = address + size,
        .erased = address / ESP_SECTOR * ESP_SECTOR,
        .erase_end = (address + size + ESP_SECTOR - 1) / ESP_SECTOR * ESP_SECTOR,
    };
    fettle_sim_inflate_init(&esp->inflate);
    answer(esp, frame, ESP_OK, at);
}

/* The acknowledgement is on its way before the work begins. */
static void flash_data(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    const uint8_t *data = frame->bytes + HEADER + DATA_HEADER;
    size_t size = frame->size - HEADER - DATA_HEADER;
    bool is_deflated = frame->bytes[1] == ESP_FLASH_DEFL_DATA;
    if (!esp->transfer.is_on || esp->transfer.is_deflated != is_deflated) {
        answer(esp, frame, STUB_NOT_BEGUN, at);
        return;
    }
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .data = data,
        .size = size,
        .is_inflating = is_deflated,
    };
    if (!esp->hits.is[FAULT_LOSE_REPLY]) {
        fettle_sim_esp_reply(esp, &work, at + ESP_TURN_US + fettle_sim_esp_lateness(esp));
    }
    if (is_deflated && !fettle_sim_inflate_feed(&esp->inflate, data, size)) {
        work.code = STUB_TOO_MUCH;
    }
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

static void flash_end(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    uint8_t code = !esp->transfer.is_on                   ? STUB_NOT_BEGUN
                   : esp->transfer.at < esp->transfer.end ? STUB_LENGTH
                                                          : ESP_OK;
    esp->transfer.is_on = false;
    answer(esp, frame, code, at);
}

static void erase(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, uint32_t address,
                  uint32_t size, fettle_us at)
{
    if (address % ESP_SECTOR != 0 || size % ESP_SECTOR != 0 ||
        !is_inside(esp, address, size)) {
        answer(esp, frame, STUB_FLASH, at);
        return;
    }
    esp->transfer.drops_erase = esp->hits.is[FAULT_DROP_ERASE];
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .erase_at = address,
        .erase_end = address + size,
        .replies = true,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

static void erase_flash(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                        fettle_us at)
{
    erase(esp, frame, 0, (uint32_t)esp->flash_size, at);
}

static void erase_region(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                         fettle_us at)
{
    erase(esp, frame, fettle_sim_esp_word(frame, 0), fettle_sim_esp_word(frame, 1), at);
}

/* ---- reading ---- */

static void read_flash(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    uint32_t address = fettle_sim_esp_word(frame, 0), size = fettle_sim_esp_word(frame, 1);
    uint32_t packet = fettle_sim_esp_word(frame, 2);
    if (packet == 0 || packet > PACKET_MOST || !is_inside(esp, address, size)) {
        answer(esp, frame, STUB_LENGTH, at);
        return;
    }
    esp->reading = (fettle_sim_esp_reading){.at = address, .size = size, .packet = packet};
    fettle_md5_init(&esp->reading.md5);
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .replies = true,
        .then = THEN_READ,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

void fettle_sim_esp_send_packet(fettle_sim_esp *esp, fettle_us at)
{
    fettle_sim_esp_reading *reading = &esp->reading;
    uint8_t bytes[PACKET_MOST];
    uint32_t left = reading->size - reading->sent;
    uint32_t size = left < reading->packet ? left : reading->packet;
    reading->is_on = size > 0;
    if (size == 0) {
        uint8_t digest[FETTLE_MD5_SIZE];
        fettle_md5_finish(&reading->md5, digest);
        fettle_sim_esp_send(esp, digest, sizeof digest, at);
        return;
    }
    fettle_sim_esp_read(esp, reading->at + reading->sent, bytes, size);
    fettle_md5_feed(&reading->md5, (fettle_span){bytes, size});
    reading->sent += size;
    fettle_sim_esp_send(esp, bytes, size, at + (fettle_us)size * READ_NS / 1000);
}

/* The host says how much it has; anything else ends it, without a word. */
static void take_ack(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    bool is_right = frame->size == 4 && fettle_get32(frame->bytes) == esp->reading.sent;
    esp->reading.is_on = is_right;
    if (is_right) {
        fettle_sim_esp_send_packet(esp, at);
    }
}

static void hash(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    uint32_t address = fettle_sim_esp_word(frame, 0), size = fettle_sim_esp_word(frame, 1);
    if (!is_inside(esp, address, size)) {
        answer(esp, frame, STUB_FLASH, at);
        return;
    }
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .payload_size = FETTLE_MD5_SIZE,
        .replies = true,
    };
    fettle_sim_esp_record(esp, at, "md5", 0, address, size);
    fettle_sim_esp_hash(esp, address, size, work.payload);
    fettle_us time = (fettle_us)size * MD5_NS / 1000;
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US + time, at);
}

/* ---- the rest ---- */

static void attach(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    answer(esp, frame, ESP_OK, at);
}

static void set_params(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    esp->params_size = fettle_sim_esp_word(frame, 1);
    answer(esp, frame, ESP_OK, at);
}

static void read_reg(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .value = fettle_sim_esp_peek(esp, fettle_sim_esp_word(frame, 0)),
        .replies = true,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

static void write_reg(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    fettle_sim_esp_write_registers(esp, frame, at);
}

static void change_baud(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                        fettle_us at)
{
    uint32_t wanted = fettle_sim_esp_word(frame, 0);
    if (wanted == 0) {
        answer(esp, frame, STUB_LENGTH, at);
        return;
    }
    esp->next_baud = wanted;
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .replies = true,
        .then = THEN_CHANGE_BAUD,
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

static void security_info(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                          fettle_us at)
{
    fettle_sim_esp_work work = {.opcode = frame->bytes[1], .replies = true};
    work.code = esp->chip->security_size == 0 ? STUB_COMMAND : ESP_OK;
    work.payload_size = fettle_sim_esp_security(esp, work.payload);
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

static void mem_begin(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    bool is_taken = fettle_sim_esp_begin_ram(esp, frame) == ESP_OK;
    answer(esp, frame, is_taken ? ESP_OK : STUB_LENGTH, at);
}

static void mem_data(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    bool is_taken = fettle_sim_esp_fill_ram(esp, frame) == ESP_OK;
    if (esp->mode == ESP_MODE_STUB) {
        answer(esp, frame, is_taken ? ESP_OK : STUB_LENGTH, at);
    }
}

static void mem_end(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame, fettle_us at)
{
    bool stays = fettle_sim_esp_word(frame, 0) != 0;
    fettle_sim_esp_work work = {
        .opcode = frame->bytes[1],
        .replies = true,
        .then = stays ? THEN_NOTHING : THEN_RUN,
        .entry = fettle_sim_esp_word(frame, 1),
    };
    fettle_sim_esp_begin(esp, &work, ESP_TURN_US, at);
}

/* The stub in its second generation knows this command, does nothing, and says nothing: so do we. */
static void run_user_code(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                          fettle_us at)
{
    (void)esp;
    (void)frame;
    (void)at;
}

/* ---- all of them ---- */

static const stub_command commands[] = {
    {ESP_FLASH_BEGIN, .is_begin = true, .obey = flash_begin},
    {ESP_FLASH_DATA, .is_data = true, .obey = flash_data},
    {ESP_FLASH_END, .size = 4, .obey = flash_end},
    {ESP_MEM_BEGIN, .size = 16, .obey = mem_begin},
    {ESP_MEM_END, .size = 8, .obey = mem_end},
    {ESP_MEM_DATA, .is_data = true, .obey = mem_data},
    {ESP_SYNC, .size = 36, .obey = sync},
    {ESP_WRITE_REG, .is_list = true, .obey = write_reg},
    {ESP_READ_REG, .size = 4, .obey = read_reg},
    {ESP_SPI_SET_PARAMS, .size = 24, .obey = set_params},
    {ESP_SPI_ATTACH, .size = 4, .obey = attach},
    {ESP_CHANGE_BAUDRATE, .size = 8, .obey = change_baud},
    {ESP_FLASH_DEFL_BEGIN, .is_begin = true, .obey = flash_begin},
    {ESP_FLASH_DEFL_DATA, .is_data = true, .obey = flash_data},
    {ESP_FLASH_DEFL_END, .size = 4, .obey = flash_end},
    {ESP_SPI_FLASH_MD5, .size = 16, .obey = hash},
    {ESP_GET_SECURITY_INFO, .size = 0, .obey = security_info},
    {ESP_ERASE_FLASH, .size = 0, .obey = erase_flash},
    {ESP_ERASE_REGION, .size = 8, .obey = erase_region},
    {ESP_READ_FLASH, .size = 16, .obey = read_flash},
    {ESP_RUN_USER_CODE, .size = 0, .obey = run_user_code},
};

static const stub_command *find(uint8_t opcode)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].opcode == opcode) {
            return &commands[i];
        }
    }
    return NULL;
}

static bool has_right_length(const stub_command *command, const fettle_sim_esp_frame *frame)
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
    return command->is_begin ? size == 16 || size == 20 : size == command->size;
}

void fettle_sim_esp_stub_obey(fettle_sim_esp *esp, const fettle_sim_esp_frame *frame,
                              fettle_us at)
{
    if (esp->reading.is_on) {
        take_ack(esp, frame, at);
        return;
    }
    const stub_command *command = find(frame->bytes[1]);
    uint8_t failed = esp->transfer.failed;
    if (failed != ESP_OK) {
        esp->transfer.failed = ESP_OK;
        answer(esp, frame, failed, at);
    } else if (frame->bytes[0] != 0 || command == NULL) {
        answer(esp, frame, STUB_COMMAND, at);
    } else if (!has_right_length(command, frame)) {
        answer(esp, frame, STUB_LENGTH, at);
    } else if (command->is_data &&
               fettle_get32(frame->bytes + 4) != fettle_sim_esp_checksum(frame)) {
        answer(esp, frame, STUB_CHECKSUM, at);
    } else {
        command->obey(esp, frame, at);
    }
}
