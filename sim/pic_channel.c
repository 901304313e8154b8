/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command channel of a shield's application: section 3 of the fact sheet on Pycom boards. With five data
 * bits in the line coding the PIC takes bytes (of eight bits all the same) for commands to itself, and answers
 * about a millisecond after the last one. What it doesn't know it doesn't answer.
 *
 * Its data memory is memory, whatever the address; four of its registers have something behind them, and so
 * pull the module's reset (RC5) and boot pin (RC0). A change of the data bits forgets what had come of a
 * command.
 *
 * The sheet doesn't say what MAGIC answers (here: what it has written), how many bytes follow the commands
 * that put a module to sleep (here: three and one, and nothing happens), and what CMD_DFU does; that is
 * software-dfu=.
 */
#include "internal.h"

#include "base/bytes.h"

enum {
    PEEK = 0x00,
    POKE = 0x01,
    MAGIC = 0x02,
    HW_VER = 0x10,
    FW_VER = 0x11,
    PROD_ID = 0x12,
    SETUP_SLEEP = 0x20,
    GO_SLEEP = 0x21,
    CALIBRATE = 0x22,
    GO_NAP = 0x23,
    BAUD_CHANGE = 0x30,
    DFU = 0x31,
    RESET = 0x40,
};

enum {
    TRISA = 0x08c,
    TRISC = 0x08e,
    PORTA = 0x00c,
    PORTC = 0x00e,
    RC0 = 0x01, /* the module's boot pin */
    RC5 = 0x20, /* its reset */
    COMMAND_BITS = 5,
    ANSWER_US = 1000,
    SECOND_VERSION = 15,  /* from here on it is firmware of 2.0 X */
    SHORT_ID_VERSION = 4, /* older ones have a product id of one byte */
    MEMORY_SIZE = SIM_PIC_MEMORY,
};

static const struct {
    uint8_t code, arguments;
    uint8_t since; /* version */
} commands[] = {
    {PEEK, 2, 0},
    {POKE, 3, 0},
    {MAGIC, 5, 0},
    {HW_VER, 0, 0},
    {FW_VER, 0, 0},
    {PROD_ID, 0, 0},
    {SETUP_SLEEP, 3, 0},
    {GO_SLEEP, 1, 0},
    {CALIBRATE, 0, 0},
    {GO_NAP, 0, SECOND_VERSION},
    {BAUD_CHANGE, 0, 0},
    {DFU, 0, 0},
    {RESET, 0, SECOND_VERSION},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

/* ---- pins ---- */

static bool is_pulled_low(const fettle_sim_board *board, uint16_t tris, uint16_t port,
                          uint8_t pin)
{
    const uint8_t *memory = board->pic.memory;
    return (memory[tris] & pin) == 0 && (memory[port] & pin) == 0;
}

bool fettle_sim_pic_pulls_boot(const fettle_sim_board *board)
{
    return board->shows == FETTLE_SIM_SHOWS_APP &&
           fettle_sim_option_of(board, OPTION_RC0) == RC0_WORKS &&
           is_pulled_low(board, TRISC, PORTC, RC0);
}

bool fettle_sim_pic_pulls_reset(const fettle_sim_board *board)
{
    return board->shows == FETTLE_SIM_SHOWS_APP && is_pulled_low(board, TRISC, PORTC, RC5);
}

/* All pins are inputs, as after any reset of it. */
void fettle_sim_pic_reset_pins(fettle_sim_board *board)
{
    fettle_sim_pic *pic = &board->pic;
    pic->memory[TRISA] = pic->memory[TRISC] = 0xff;
    pic->memory[PORTA] = pic->memory[PORTC] = 0;
    if (board->arrival == 0 && fettle_sim_option_of(board, OPTION_PIC) == PIC_LEFT) {
        pic->memory[TRISC] &= (uint8_t)~RC0;
    }
    pic->command_count = 0;
}

/* ---- commands ---- */

static uint32_t version_of(const fettle_sim_board *board)
{
    uint64_t updated = fettle_sim_option_of(board, OPTION_UPDATED_VERSION);
    bool is_updated = updated != SIM_MODEL_DECIDES && fettle_sim_pic_is_updated(board);
    uint64_t version = fettle_sim_option_of(board, OPTION_PIC_VERSION);
    return (uint32_t)(is_updated ? updated : version);
}

static uint32_t hardware_of(const fettle_sim_board *board)
{
    uint64_t hardware = fettle_sim_option_of(board, OPTION_HARDWARE);
    uint32_t likely = version_of(board) >= SECOND_VERSION ? 2 : 1;
    return hardware == SIM_MODEL_DECIDES ? likely : (uint32_t)hardware;
}

static void answer(fettle_sim_board *board, uint32_t value, size_t size, fettle_us at)
{
    uint8_t bytes[2];
    fettle_put16(bytes, (uint16_t)value);
    fettle_sim_line_answer(board, bytes, size, at + ANSWER_US);
}

static void write_memory(fettle_sim_board *board, uint16_t address, uint8_t value,
                         fettle_us at)
{
    board->pic.memory[address] = value;
    if (board->esp != NULL) {
        fettle_sim_esp_hold(board->esp, fettle_sim_pic_pulls_reset(board), at);
    }
}

static void record(fettle_sim_board *board, const uint8_t *command, fettle_us at)
{
    fettle_sim_entry entry = {
        .at = at,
        .what = "pic",
        .bRequest = command[0],
        .wIndex = command[0] <= MAGIC ? fettle_get16(command + 1) : 0,
    };
    fettle_sim_record(board, &entry, (fettle_span){NULL, 0});
}

static void obey(fettle_sim_board *board, const uint8_t *command, fettle_us at)
{
    uint16_t address = fettle_get16(command + 1) % MEMORY_SIZE;
    uint8_t value = board->pic.memory[address];
    record(board, command, at);
    switch (command[0]) {
    case PEEK:
        answer(board, value, 1, at);
        break;
    case POKE:
        write_memory(board, address, command[3], at);
        break;
    case MAGIC:
        value = (uint8_t)(((value & command[3]) | command[4]) ^ command[5]);
        write_memory(board, address, value, at);
        answer(board, value, 1, at);
        break;
    case HW_VER:
        answer(board, hardware_of(board), 2, at);
        break;
    case FW_VER:
        answer(board, version_of(board), 2, at);
        break;
    case PROD_ID:
        answer(board, board->model->app_product,
               version_of(board) < SHORT_ID_VERSION ? 1 : 2, at);
        break;
    case DFU:
        if (fettle_sim_option_of(board, OPTION_SOFTWARE_DFU) != 0) {
            fettle_sim_restart(board, at, START_UPDATE);
        }
        break;
    case RESET:
        fettle_sim_restart(board, at, START_BOOT);
        break;
    default:
        break;
    }
}

/* Which row is it? COMMAND_COUNT: none. */
static size_t find(const fettle_sim_board *board, uint8_t code)
{
    size_t row = 0;
    while (row < COMMAND_COUNT && commands[row].code != code) {
        row++;
    }
    bool is_known = row < COMMAND_COUNT && version_of(board) >= commands[row].since;
    return is_known ? row : COMMAND_COUNT;
}

bool fettle_sim_pic_listens(const fettle_sim_board *board)
{
    return board->model->is_shield && board->line.told.data_bits == COMMAND_BITS;
}

void fettle_sim_pic_hear(fettle_sim_board *board, uint8_t byte, fettle_us at)
{
    fettle_sim_pic *pic = &board->pic;
    if (board->shows != FETTLE_SIM_SHOWS_APP ||
        fettle_sim_option_of(board, OPTION_PIC) == PIC_SILENT) {
        return;
    }
    pic->command[pic->command_count++] = byte;
    size_t row = find(board, pic->command[0]);
    if (row == COMMAND_COUNT) {
        pic->command_count = 0;
    } else if (pic->command_count == commands[row].arguments + (size_t)1) {
        pic->command_count = 0;
        obey(board, pic->command, at);
    }
}
