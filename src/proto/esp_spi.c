/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flash: attached, woken, asked who it is, and its size told to the loader.
 *
 *   attach: SPI_ATTACH, save, 66, 99, 9F, (5A), restore, SPI_SET_PARAMS
 *
 * The loader has no command that asks the flash; it is done by the registers of the SPI controller, each
 * of the flash's commands with one packet of writes, a poll and a read.
 */
#include "proto/esp_wire.h"

#include "base/text.h"

/* Commands of SPI NOR flash (JEDEC JESD216 and the makers' data sheets). */
enum {
    ENABLE_RESET = 0x66,
    RESET_FLASH = 0x99,
    READ_ID = 0x9F,
    READ_SFDP = 0x5A,
};

#define SFDP_SIGNATURE UINT32_C(0x50444653)
#define ALL            UINT32_MAX

/* Bits of the controller's registers. */
#define USR_COMMAND UINT32_C(0x80000000)
#define USR_ADDRESS UINT32_C(0x40000000)
#define USR_DUMMY   UINT32_C(0x20000000)
#define USR_READ    UINT32_C(0x10000000)
#define CMD_USR     UINT32_C(0x00040000)

enum {
    USR1_ADDRESS_BITS = 26, /* where they stand, less 1 */
    USR1_READ_BITS = 8,     /* on chips without DLEN registers */
    USR2_COMMAND_BITS = 28,
    ADDRESS_BITS = 24,
    ID_BITS = 24,
    SFDP_BITS = 32,
    DUMMY_CYCLES = 8,
    POLLS_MAX = 10,
    WRITES_MAX = 7,
    LOOKS_MAX = 2,  /* at a flash that doesn't answer */
    ROUNDS_MAX = 5, /* until it says the same twice */
};

/* ---- one command of the flash ---- */

struct command {
    uint8_t opcode;
    uint8_t read_bits;
    bool has_address; /* 0, and dummy cycles behind it */
};

struct writes {
    uint32_t rows[WRITES_MAX][4];
    size_t count;
};

static void put(struct writes *writes, uint32_t address, uint32_t value)
{
    assert(writes->count < WRITES_MAX);
    writes->rows[writes->count][0] = address;
    writes->rows[writes->count][1] = value;
    writes->rows[writes->count][2] = ALL;
    writes->rows[writes->count++][3] = 0;
}

static void put_command(struct writes *writes, const fettle_esp_spi *spi,
                        const struct command *command)
{
    uint32_t usr1 = 0, usr = USR_COMMAND;
    if (command->has_address) {
        usr |= USR_ADDRESS | USR_DUMMY;
        usr1 |= (uint32_t)(ADDRESS_BITS - 1) << USR1_ADDRESS_BITS | (DUMMY_CYCLES - 1);
    }
    if (command->read_bits > 0) {
        usr |= USR_READ;
        if (spi->length_in_usr1) {
            usr1 |= (uint32_t)(command->read_bits - 1) << USR1_READ_BITS;
        } else {
            put(writes, spi->base + spi->miso_dlen, command->read_bits - 1U);
        }
    }
    if (usr1 != 0) {
        put(writes, spi->base + spi->usr1, usr1);
    }
    put(writes, spi->base + spi->usr, usr);
    put(writes, spi->base + spi->usr2, UINT32_C(7) << USR2_COMMAND_BITS | command->opcode);
    if (command->has_address) {
        put(writes, spi->base + 4, 0);
    }
    put(writes, spi->base + spi->w0, 0);
    put(writes, spi->base, CMD_USR);
}

static fettle_effect on_result(fettle_esp *esp, fettle_us now)
{
    esp->spi_result = fettle_esp_value(esp);
    return esp->after_spi(esp, now);
}

static fettle_effect poll(fettle_esp *esp, fettle_us now);

static fettle_effect on_poll(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_spi *spi = &chip_of(esp)->spi;
    bool is_busy = (fettle_esp_value(esp) & CMD_USR) != 0;
    return is_busy && ++esp->polls < POLLS_MAX
               ? poll(esp, now)
               : fettle_esp_read_register(esp, spi->base + spi->w0, now, on_result, NULL);
}

static fettle_effect poll(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_read_register(esp, chip_of(esp)->spi.base, now, on_poll, NULL);
}

static fettle_effect begin_poll(fettle_esp *esp, fettle_us now)
{
    esp->polls = 0;
    return poll(esp, now);
}

/* Without an answer of the flash it is over long before the reply is here. */
static fettle_effect run(fettle_esp *esp, struct command command, fettle_us now,
                         fettle_esp_next *after)
{
    struct writes writes = {.count = 0};
    put_command(&writes, &chip_of(esp)->spi, &command);
    esp_request request =
        fettle_esp_write_registers((const uint32_t(*)[4])writes.rows, writes.count);
    esp->after_spi = after;
    return fettle_esp_exchange(esp, &request, now,
                               command.read_bits > 0 ? begin_poll : after, NULL);
}

/* ---- size ---- */

uint32_t fettle_esp_size_of_flash(uint32_t flash_id)
{
    const uint8_t adesto = 0x1F; /* has the size in its second byte */
    uint8_t maker = (uint8_t)flash_id, type = (uint8_t)(flash_id >> 8);
    uint8_t capacity = (uint8_t)(flash_id >> 16);
    if (maker == adesto) {
        uint8_t power = type & 0x1F;
        return power >= 4 && power <= 9 ? UINT32_C(1) << (power + 15) : 0;
    }
    if (capacity >= 0x12 && capacity <= 0x1C) {
        return UINT32_C(1) << capacity;
    }
    if (capacity >= 0x20 && capacity <= 0x22) { /* 64 MiB and more, counted on */
        return UINT32_C(1) << (capacity - 0x20 + 26);
    }
    if (capacity >= 0x32 && capacity <= 0x3A) { /* 1.8 V parts */
        return UINT32_C(1) << (capacity - 0x20);
    }
    return 0;
}

fettle_effect fettle_esp_set_params(fettle_esp *esp, fettle_us now, fettle_esp_next *then)
{
    const uint32_t block = 0x10000, page = 0x100, status_mask = 0xFFFF;
    const esp_request request = {
        .opcode = SPI_SET_PARAMS,
        .tries = TRIES,
        .word_count = 6,
        .words = {0, esp->flash_size, block, FETTLE_ESP_SECTOR, page, status_mask}};
    bool is_known = chip_of(esp)->attaches || esp->is_stub;
    return is_known && esp->flash_size > 0
               ? fettle_esp_exchange(esp, &request, now, then, NULL)
               : then(esp, now);
}

static fettle_effect set_size(fettle_esp *esp, fettle_us now)
{
    esp->flash_size = esp->setup.flash_size > 0 ? esp->setup.flash_size
                                                : fettle_esp_size_of_flash(esp->flash_id);
    return fettle_esp_set_params(esp, now, fettle_esp_done);
}

/* ---- who are you ---- */

static fettle_esp_next ask_id;

static fettle_effect restore(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_spi *spi = &chip_of(esp)->spi;
    struct writes writes = {.count = 0};
    put(&writes, spi->base + spi->usr, esp->spi_saved[0]);
    put(&writes, spi->base + spi->usr1, esp->spi_saved[1]);
    put(&writes, spi->base + spi->usr2, esp->spi_saved[2]);
    esp_request request =
        fettle_esp_write_registers((const uint32_t(*)[4])writes.rows, writes.count);
    return fettle_esp_exchange(esp, &request, now, set_size, NULL);
}

/* Unknown to the tables, but there: it tells its parameters. */
static fettle_effect on_sfdp(fettle_esp *esp, fettle_us now)
{
    char id[8] = "";
    if (esp->spi_result == SFDP_SIGNATURE) {
        return restore(esp, now);
    }
    if (++esp->looks < LOOKS_MAX) {
        return ask_id(esp, now);
    }
    fettle_text_append_hex(id, sizeof id, esp->flash_id, 6);
    return fettle_esp_refuse(esp, FETTLE_E_ESP_FLASH_SILENT, id, NULL);
}

static bool is_no_id(uint32_t id)
{
    return id == 0xFFFFFF || id == 0 || id == 0x3FFFFF || id == 0xFFFF3F;
}

static fettle_effect on_id(fettle_esp *esp, fettle_us now)
{
    esp->flash_id = esp->spi_result & 0xFFFFFF;
    return is_no_id(esp->flash_id)
               ? run(esp,
                     (struct command){
                         .opcode = READ_SFDP, .read_bits = SFDP_BITS, .has_address = true},
                     now, on_sfdp)
               : restore(esp, now);
}

/* Replies have no checksum, and the size of the flash hangs on this one: it is read twice. */
static fettle_effect confirm_id(fettle_esp *esp, fettle_us now)
{
    bool is_same = (fettle_esp_value(esp) & 0xFFFFFF) == (esp->spi_result & 0xFFFFFF);
    return is_same || ++esp->rounds == ROUNDS_MAX ? on_id(esp, now) : ask_id(esp, now);
}

static fettle_effect read_id_again(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_spi *spi = &chip_of(esp)->spi;
    return fettle_esp_read_register(esp, spi->base + spi->w0, now, confirm_id, NULL);
}

static fettle_effect ask_id(fettle_esp *esp, fettle_us now)
{
    return run(esp, (struct command){.opcode = READ_ID, .read_bits = ID_BITS}, now,
               read_id_again);
}

/* An application may have left the flash in a mode in which it doesn't know these commands. */
static fettle_effect reset_flash(fettle_esp *esp, fettle_us now)
{
    return run(esp, (struct command){.opcode = RESET_FLASH}, now, ask_id);
}

static fettle_effect on_usr2(fettle_esp *esp, fettle_us now)
{
    esp->spi_saved[2] = fettle_esp_value(esp);
    return run(esp, (struct command){.opcode = ENABLE_RESET}, now, reset_flash);
}

static fettle_effect on_usr1(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_spi *spi = &chip_of(esp)->spi;
    esp->spi_saved[1] = fettle_esp_value(esp);
    return fettle_esp_read_register(esp, spi->base + spi->usr2, now, on_usr2, NULL);
}

static fettle_effect on_usr(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_spi *spi = &chip_of(esp)->spi;
    esp->spi_saved[0] = fettle_esp_value(esp);
    return fettle_esp_read_register(esp, spi->base + spi->usr1, now, on_usr1, NULL);
}

static fettle_effect save(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_spi *spi = &chip_of(esp)->spi;
    if (esp->identity.is_secure_download) {
        return set_size(esp, now);
    }
    return fettle_esp_read_register(esp, spi->base + spi->usr, now, on_usr, NULL);
}

/* ---- attach ---- */

static fettle_effect on_attached(fettle_esp *esp, fettle_us now)
{
    esp->is_attached = true;
    return esp->after_attach(esp, now);
}

/* A stub has done it by itself when it began, a ROM without the command does it in FLASH_BEGIN. */
static fettle_effect attach(fettle_esp *esp, fettle_us now)
{
    esp_request request = {.opcode = SPI_ATTACH,
                           .tries = TRIES,
                           .word_count = esp->is_stub ? 1 : 2,
                           .words = {esp->identity.pads}};
    if (!chip_of(esp)->attaches) {
        if (esp->is_stub) {
            return on_attached(esp, now);
        }
        request = fettle_esp_begin_request(esp, FLASH_BEGIN, 0, 0, 0, FETTLE_ESP_BLOCK_ROM);
    }
    return fettle_esp_exchange(esp, &request, now, on_attached, NULL);
}

static fettle_effect attach_again_params(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_set_params(esp, now, esp->after_params);
}

fettle_effect fettle_esp_attach_again(fettle_esp *esp, fettle_us now,
                                      fettle_esp_next *after)
{
    esp->after_attach = attach_again_params;
    esp->after_params = after;
    return attach(esp, now);
}

fettle_engine *fettle_esp_attach(fettle_esp *esp)
{
    esp->flash_id = esp->flash_size = 0;
    esp->looks = esp->rounds = 0;
    esp->after_attach = save;
    return fettle_esp_ready(esp, FETTLE_CLAUSE_ATTACH_FLASH, 0, attach);
}
