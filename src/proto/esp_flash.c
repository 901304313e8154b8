/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing flash.
 *
 *   write: BEGIN, DATA x n, (a stub: END)
 *
 * A ROM erases all of it in BEGIN and answers a block when it is programmed; a stub answers a block
 * when it has it, erases just in time, and tells what went wrong with the next answer. So one block in
 * flight is all the overlap there is, and a second would be written over the first. The frame of the next block is made while the
 * present one is on its way: what is left to do when the answer is here is one write.
 *
 * A block that was refused for its checksum was not taken, and is sent again. One that was not
 * answered may have been taken or not, and sending it again could write it twice, one block further:
 * there the loader is asked whether it is still the same, and BEGIN starts anew, at the sector that the
 * block belongs to, or, as nobody can begin in the middle of a deflated stream, from the beginning.
 *
 * A ROM reads back what it has programmed. Where that is something else it is tried once more, as it is: of a deflated
 * stream nobody knows which place was meant.
 */
#include "proto/esp_wire.h"

enum {
    STAY = 1,                 /* FLASH_END: don't reboot */
    ROM_ERRORS_FROM = 0x010B, /* inflating */
    ROM_ERRORS_TO = 0x010D,
};

static fettle_esp_next begin, next_block, recover, end;

/* ---- what is sent ---- */

static fettle_span stream(const fettle_esp *esp)
{
    return esp->is_deflated ? esp->region->deflated : esp->region->data;
}

static size_t block_max(const fettle_esp *esp)
{
    return !esp->is_stub                            ? FETTLE_ESP_BLOCK_ROM
           : esp->setup.port == FETTLE_ESP_PORT_OTG ? FETTLE_ESP_BLOCK_OTG
                                                    : FETTLE_ESP_BLOCK_STUB;
}

static uint32_t block_count(const fettle_esp *esp)
{
    size_t left = stream(esp).size - esp->from;
    return (uint32_t)((left + esp->block - 1) / esp->block);
}

/*
 * Blocks of a stub are as even as they can be. So a small region isn't padded to a large block, and no stream ends
 * in a block of a few bytes, which a stub may take for too much.
 */
static void choose_block(fettle_esp *esp)
{
    const size_t alignment = 4;
    size_t left = stream(esp).size - esp->from, max = block_max(esp);
    size_t count = (left + max - 1) / max;
    size_t even = (left + count - 1) / count;
    esp->block =
        (uint32_t)(esp->is_stub ? (even + alignment - 1) / alignment * alignment : max);
}

static size_t block_size(const fettle_esp *esp, size_t offset)
{
    size_t left = stream(esp).size - offset;
    return left < esp->block ? left : esp->block;
}

static esp_request block_request(const fettle_esp *esp, size_t offset, uint32_t number)
{
    size_t size = block_size(esp, offset);
    size_t padding = esp->is_deflated ? 0 : esp->block - size;
    return (esp_request){
        .opcode = esp->is_deflated ? FLASH_DEFL_DATA : FLASH_DATA,
        .has_checksum = true,
        .time = esp->block_time,
        .word_count = 4,
        .words = {(uint32_t)(size + padding), number},
        .data = {stream(esp).data + offset, size},
        .padding = padding,
    };
}

/*
 * A block of a deflated stream may hold more than its share: eight times as much is allowed for. A stub erases
 * in whole blocks beside.
 */
static fettle_us time_for_block(const fettle_esp *esp)
{
    const uint64_t slack = 8, erase_block = 0x10000;
    uint64_t whole = esp->region->data.size, sent = stream(esp).size;
    uint64_t bytes = esp->block;
    if (esp->is_deflated) {
        bytes = whole * slack * esp->block / sent;
        bytes = bytes < whole ? bytes : whole;
    }
    return fettle_esp_time_for(bytes + (esp->is_stub ? 2 * erase_block : 0), ERASE_PER_MB);
}

esp_request fettle_esp_begin_request(const fettle_esp *esp, uint8_t opcode,
                                     uint32_t address, uint32_t size, uint32_t count,
                                     uint32_t block)
{
    esp_request request = {
        .opcode = opcode,
        .tries = TRIES, /* it erases again what is erased */
        .time = esp->is_stub ? COMMAND_TIME : fettle_esp_erase_time(address, size),
        .word_count = 4,
        .words = {size, count, block, address},
    };
    if (!esp->is_stub && chip_of(esp)->has_encrypted_word) {
        request.words[request.word_count++] = 0;
    }
    return request;
}

/* ---- begin ---- */

static fettle_effect on_begun(fettle_esp *esp, fettle_us now)
{
    esp->sequence_number = 0;
    esp->offset = esp->from;
    esp->is_prepared = false;
    esp->resends = 0;
    return next_block(esp, now);
}

/* A stub says here what became of the block before: v2 without carrying BEGIN out. */
static fettle_effect on_not_begun(fettle_esp *esp, fettle_us now)
{
    bool is_late_error = esp->answer == FETTLE_ESP_REFUSED && esp->is_stub;
    if (is_late_error && esp->restarts++ < RESTARTS_MAX) {
        esp->from = 0;
        return begin(esp, now);
    }
    return fettle_esp_fail(esp, now);
}

static uint32_t begin_address(const fettle_esp *esp)
{
    return esp->region->address + (esp->is_deflated ? 0 : (uint32_t)esp->from);
}

static uint32_t begin_size(const fettle_esp *esp)
{
    return (uint32_t)(esp->region->data.size - (esp->is_deflated ? 0 : esp->from));
}

/* Would the ROM erase what lies behind, and is there a way that it doesn't? */
static bool erases_in_two(const fettle_esp *esp)
{
    uint32_t size = begin_size(esp);
    return size > FETTLE_ESP_SECTOR &&
           fettle_esp_erases_one_more(esp, begin_address(esp), size);
}

static fettle_effect begin_blocks(fettle_esp *esp, fettle_us now)
{
    uint32_t address = begin_address(esp), size = begin_size(esp);
    choose_block(esp);
    esp->block_time = time_for_block(esp);
    if (esp->is_deflated && !esp->is_stub) { /* in whole blocks */
        size =
            (size + FETTLE_ESP_BLOCK_ROM - 1) / FETTLE_ESP_BLOCK_ROM * FETTLE_ESP_BLOCK_ROM;
    }
    uint32_t erase = erases_in_two(esp) ? 2 * FETTLE_ESP_SECTOR : size;
    esp_request request = fettle_esp_begin_request(
        esp, esp->is_deflated ? FLASH_DEFL_BEGIN : FLASH_BEGIN, address,
        fettle_esp_erase_size(chip_of(esp), esp->is_stub, address, erase), block_count(esp),
        esp->block);
    return fettle_esp_exchange(esp, &request, now, on_begun, on_not_begun);
}

/* All but the first sector by itself; with the blocks only the first two. */
static fettle_effect begin(fettle_esp *esp, fettle_us now)
{
    if (!erases_in_two(esp)) {
        return begin_blocks(esp, now);
    }
    const esp_request request = fettle_esp_erase_request(
        esp, begin_address(esp) + FETTLE_ESP_SECTOR, begin_size(esp) - FETTLE_ESP_SECTOR);
    return fettle_esp_exchange(esp, &request, now, begin_blocks, on_not_begun);
}

/* ---- blocks ---- */

/* While the present block is on its way. */
static void prepare_next(fettle_esp *esp)
{
    size_t next = esp->offset + block_size(esp, esp->offset);
    if (next < stream(esp).size && !esp->is_prepared) {
        const esp_request request = block_request(esp, next, esp->sequence_number + 1);
        fettle_esp_encode(&esp->frames[1 - esp->frame], &request);
        esp->is_prepared = true;
    }
}

static fettle_effect on_block(fettle_esp *esp, fettle_us now)
{
    esp->offset += block_size(esp, esp->offset);
    esp->sequence_number++;
    esp->resends = 0;
    fettle_esp_progress(esp, esp->offset);
    return next_block(esp, now);
}

bool fettle_esp_was_not_taken(uint16_t status)
{
    return status == STATUS_CHECKSUM || status == STATUS_FORMAT ||
           status == STATUS_RECEIVE || status == STUB_CHECKSUM || status == STUB_LENGTH ||
           status == STUB_COMMAND;
}

/* Nor is it known whether it was: its head, which no checksum covers, or its answer had changed. */
bool fettle_esp_was_garbled(const fettle_esp *esp)
{
    return !esp->is_stub && (esp->status == STATUS_PARAMETER || esp->status >> 8 != 1);
}

static fettle_effect does_not_take(fettle_esp *esp)
{
    fettle_error *error = &esp->engine.error;
    fettle_error_set(error, FETTLE_E_VERIFY_MISMATCH, &esp->words);
    error->hint =
        "Power the board from a supply of its own, take off what is connected to its "
        "flash's pins, and run the same command again; if it comes back at the same "
        "place, this flash is write-protected or worn out.";
    error->device_kind = FETTLE_STATUS_ROM;
    error->device = esp->status;
    error->has_address = true;
    error->address = esp->words.address;
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

static void choose_restart(fettle_esp *esp);

static fettle_effect on_read_back(fettle_esp *esp, fettle_us now)
{
    bool is_same = esp->misreads > 0 && esp->misread_at == esp->words.address;
    if (!esp->is_deflated && (is_same || esp->misreads == RESTARTS_MAX)) {
        return does_not_take(esp);
    }
    esp->misreads++;
    esp->misread_at = esp->is_deflated ? UINT32_MAX : esp->words.address;
    esp->repeats++;
    choose_restart(esp);
    esp->is_deflated = false;
    return begin(esp, now);
}

static bool may_begin_again(const fettle_esp *esp)
{
    return esp->is_stub || (esp->status >= ROM_ERRORS_FROM && esp->status <= ROM_ERRORS_TO);
}

static fettle_effect on_bad_block(fettle_esp *esp, fettle_us now);

static fettle_effect send_block(fettle_esp *esp, fettle_us now)
{
    const esp_request request = block_request(esp, esp->offset, esp->sequence_number);
    esp->words.address = esp->region->address + (uint32_t)esp->offset;
    return fettle_esp_exchange_prepared(esp, &request, now, on_block, on_bad_block);
}

static fettle_effect on_bad_block(fettle_esp *esp, fettle_us now)
{
    if (esp->answer == FETTLE_ESP_SILENT || fettle_esp_was_garbled(esp)) {
        return recover(esp, now);
    }
    if (esp->status == STATUS_READ_BACK && !esp->is_stub) {
        return on_read_back(esp, now);
    }
    if (fettle_esp_was_not_taken(esp->status) && esp->resends++ < RESENDS_MAX) {
        esp->repeats++;
        return send_block(esp, now);
    }
    if (may_begin_again(esp) && esp->restarts++ < RESTARTS_MAX) {
        esp->from = 0; /* an earlier block is meant */
        esp->repeats++;
        return begin(esp, now);
    }
    return fettle_esp_fail(esp, now);
}

static fettle_effect next_block(fettle_esp *esp, fettle_us now)
{
    if (esp->offset >= stream(esp).size) {
        return end(esp, now);
    }
    if (esp->is_prepared) {
        esp->frame = 1 - esp->frame;
        esp->is_prepared = false;
    } else {
        const esp_request request = block_request(esp, esp->offset, esp->sequence_number);
        fettle_esp_encode(&esp->frames[esp->frame], &request);
    }
    esp->meanwhile = prepare_next;
    return send_block(esp, now);
}

/* ---- a block that was not answered ---- */

/* Has it become another? Then it was reset, and its flash is no longer attached. */
static fettle_effect on_recovered(fettle_esp *esp, fettle_us now)
{
    bool is_stub = esp->answer == FETTLE_ESP_GOOD && esp->zeros == esp->sync_replies;
    if (esp->answer != FETTLE_ESP_GOOD) {
        return fettle_esp_fail(esp, now);
    }
    if (is_stub != esp->is_stub) {
        esp->is_attached = esp->is_stub = false;
        return fettle_esp_refuse(esp, FETTLE_E_ESP_RESTARTED, NULL, NULL);
    }
    return begin(esp, now);
}

/* What a stub had accepted may be lost with it: one block earlier. */
static void choose_restart(fettle_esp *esp)
{
    size_t sure = esp->offset;
    if (esp->is_stub) {
        sure = sure > esp->block ? sure - esp->block : 0;
    }
    esp->from = esp->is_deflated ? 0 : sure / FETTLE_ESP_SECTOR * FETTLE_ESP_SECTOR;
    bool is_one_sector = begin_size(esp) <= FETTLE_ESP_SECTOR;
    if (is_one_sector && esp->from > 0 &&
        fettle_esp_erases_one_more(esp, begin_address(esp), begin_size(esp))) {
        esp->from -= FETTLE_ESP_SECTOR;
    }
}

static fettle_effect recover(fettle_esp *esp, fettle_us now)
{
    if (esp->restarts++ == RESTARTS_MAX) {
        return fettle_esp_fail(esp, now);
    }
    esp->repeats++;
    choose_restart(esp);
    return fettle_esp_resync(esp, now, on_recovered);
}

/* ---- end ---- */

static fettle_effect on_end_asked(fettle_esp *esp, fettle_us now)
{
    return esp->answer == FETTLE_ESP_GOOD ? fettle_esp_done(esp, now)
                                          : fettle_esp_fail(esp, now);
}

/* Of all blocks it is known that they were taken; only the answer to the end is missing. */
static fettle_effect on_bad_end(fettle_esp *esp, fettle_us now)
{
    if (esp->answer == FETTLE_ESP_SILENT) {
        return fettle_esp_resync(esp, now, on_end_asked);
    }
    if (esp->restarts++ < RESTARTS_MAX) {
        esp->from = 0;
        esp->repeats++;
        return begin(esp, now);
    }
    return fettle_esp_fail(esp, now);
}

/* A stub answers it when the last block is in flash. A ROM would leave its loader: it gets none. */
static fettle_effect end(fettle_esp *esp, fettle_us now)
{
    const esp_request request = {
        .opcode = esp->is_deflated ? FLASH_DEFL_END : FLASH_END,
        .time = esp->block_time,
        .word_count = 1,
        .words = {STAY},
    };
    return esp->is_stub
               ? fettle_esp_exchange(esp, &request, now, fettle_esp_done, on_bad_end)
               : fettle_esp_done(esp, now);
}

/* ---- the verb ---- */

static bool can_deflate(const fettle_esp *esp)
{
    return esp->is_stub || (chip_of(esp)->deflates && !esp->identity.is_secure_download);
}

static fettle_effect begin_write(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_region *region = esp->region;
    uint64_t last = (uint64_t)region->address + region->data.size;
    if (!esp->is_stub && last > chip_of(esp)->rom_limit) {
        return fettle_esp_refuse(esp, FETTLE_E_ESP_CANNOT, "write flash at this address",
                                 NULL);
    }
    return region->data.size > 0 ? begin(esp, now) : fettle_esp_done(esp, now);
}

fettle_engine *fettle_esp_write(fettle_esp *esp, const fettle_esp_region *region)
{
    assert(region->address % FETTLE_ESP_SECTOR == 0);
    esp->region = region;
    esp->is_deflated = region->deflated.size > 0 &&
                       region->deflated.size < region->data.size && can_deflate(esp);
    esp->from = esp->offset = 0;
    esp->misreads = 0;
    fettle_engine *engine = fettle_esp_ready(esp, FETTLE_CLAUSE_WRITE_AT,
                                             (uint32_t)stream(esp).size, begin_write);
    esp->words.address = region->address;
    return engine;
}
