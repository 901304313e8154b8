/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ESP board as one of the world's: how it is made, and what it looks like on the bus, which is
 * a bridge, or the chip's own USB-Serial-JTAG (section 5.4 of the fact sheet).
 */
#include "pycom.h"

#include <stdlib.h>
#include <string.h>

static fettle_sim_esp *esp_of(const fettle_sim_board *board)
{
    return board->esp;
}

static void on_timer(fettle_sim_board *board, fettle_us at)
{
    fettle_sim_esp_advance(esp_of(board), at);
}

static void start(fettle_sim_board *board, fettle_sim_start start, fettle_us at)
{
    fettle_sim_esp_power(esp_of(board), start, at);
}

static bool is_bootable(const fettle_sim_board *board)
{
    char version[32];
    return fettle_sim_esp_boots(esp_of(board), version);
}

/* The lines do it, where there are any. */
static bool needs_button(const fettle_sim_board *board)
{
    return board->model->module == NULL &&
           fettle_sim_option_of(board, OPTION_CIRCUIT) == CIRCUIT_NONE;
}

static void make_mac(fettle_sim_esp *esp)
{
    static const uint8_t of_the_sheet[6] = {0x24, 0x0a, 0x0a, 0xc4, 0xc0, 0xde};
    memcpy(esp->mac, of_the_sheet, sizeof esp->mac);
    if (esp->chip->is_first) {
        esp->mac[0] = 0xac; /* AC:D0:74, one of the two that its ROM's word names */
        esp->mac[1] = 0xd0;
        esp->mac[2] = 0x74;
    }
    if (esp->module !=
        NULL) { /* a module is never taken for another one, or for a bare chip */
        esp->mac[2] = 0xc4;
        for (const char *name = esp->module->firmware; *name != '\0'; name++) {
            esp->mac[3] = (uint8_t)(esp->mac[3] * 3 + (uint8_t)*name);
        }
        esp->mac[3] = (uint8_t)(esp->mac[3] ^ (esp->flash_size >> 20));
    }
    esp->mac[5] = (uint8_t)(esp->mac[5] + esp->board->index);
    esp->mac[4] = (uint8_t)(esp->mac[4] + (esp->board->index >> 8));
}

/* Winbond, and as large as it is; Section 3.5. */
static uint32_t make_flash_id(const fettle_sim_board *board, size_t size)
{
    uint64_t given = fettle_sim_option_of(board, OPTION_FLASH_ID);
    uint32_t capacity = 0;
    while ((size_t)1 << capacity < size) {
        capacity++;
    }
    /* 0x20 and on for 64 MiB and more */
    capacity += capacity > 25 ? 6 : 0;
    return given != SIM_MODEL_DECIDES ? (uint32_t)given : 0x0040ef | capacity << 16;
}

bool fettle_sim_esp_new(fettle_sim_board *board, const fettle_sim_esp_chip *chip,
                        uint8_t *flash, size_t flash_size)
{
    fettle_sim_esp *esp = calloc(1, sizeof *esp);
    if (esp == NULL) {
        return false;
    }
    board->esp = esp;
    esp->board = board;
    esp->chip = chip;
    esp->flash = flash;
    esp->flash_size = flash_size;
    esp->module = board->model->module;
    uint64_t revision = fettle_sim_option_of(board, OPTION_REVISION);
    uint64_t xtal = fettle_sim_option_of(board, OPTION_XTAL);
    esp->revision =
        revision == SIM_MODEL_DECIDES ? esp->chip->revision : (uint16_t)revision;
    esp->xtal = xtal == SIM_MODEL_DECIDES ? esp->chip->xtal : (uint8_t)xtal;
    esp->is_jtag = fettle_sim_option_of(board, OPTION_BRIDGE) == BRIDGE_JTAG;
    esp->flash_id = make_flash_id(board, flash_size);
    esp->has_flash = esp->flash_id != 0xffffff && esp->flash_id != 0;
    esp->rises_at = esp->watchdog_at = FETTLE_NEVER;
    make_mac(esp);
    fettle_sim_esp_stop(esp, 0);
    fettle_sim_esp_fill(esp);
    if (fettle_sim_option_of(board, OPTION_OWN_STUB) != 0) {
        fettle_sim_esp_know_own_stub(esp);
    }
    return true;
}

static bool init(fettle_sim_board *board)
{
    board->memory_size = (size_t)fettle_sim_option_of(board, OPTION_SIZE);
    board->memory = malloc(board->memory_size);
    board->is_boot_wired = board->model->module != NULL &&
                           fettle_sim_option_of(board, OPTION_MODE) == MODE_DFU;
    return board->memory != NULL &&
           fettle_sim_esp_new(board, board->model->esp, board->memory,
                              board->memory_size) &&
           fettle_sim_line_init(board);
}

void fettle_sim_esp_free(fettle_sim_esp *esp)
{
    if (esp != NULL) {
        fettle_sim_esp_free_ram(esp);
        free(esp);
    }
}

/* ---- its face ---- */

typedef struct esp_bridge {
    fettle_usb_id id;
    const char *manufacturer, *product;
} esp_bridge;

/* Section 5.4; in the order of the words of bridge=. */
static const esp_bridge bridges[] = {
    [BRIDGE_CP210X] = {{0x10c4, 0xea60},
                       "Silicon Labs",
                       "CP2102N USB to UART Bridge Controller"},
    [BRIDGE_CH340] = {{0x1a86, 0x7523}, "", "USB Serial"},
    [BRIDGE_CH9102] = {{0x1a86, 0x55d4}, "", "USB Single Serial"},
    [BRIDGE_FTDI] = {{0x0403, 0x6001}, "FTDI", "FT232R USB UART"},
    [BRIDGE_JTAG] = {{0x303a, 0x1001}, "Espressif", "USB JTAG/serial debug unit"},
};

/* Of Pycom's Expansion Board 2.0: section 1.4 of the fact sheet on its boards. */
static const esp_bridge expansion2 = {{0x0403, 0x6015}, "FTDI", "FT230X Basic UART"};

static void describe(const fettle_sim_board *board, fettle_sight *sight)
{
    const esp_bridge *bridge = &bridges[fettle_sim_option_of(board, OPTION_BRIDGE)];
    bridge = board->model->module != NULL ? &expansion2 : bridge;
    fettle_sim_writer writer = {sight->descriptors, 0, sizeof sight->descriptors};
    sight->kind = FETTLE_LINK_SERIAL;
    sight->id = bridge->id;
    sight->bcdDevice = (uint16_t)fettle_sim_option_of(board, OPTION_VERSION);
    fettle_sim_copy_text(sight->manufacturer, sizeof sight->manufacturer,
                         bridge->manufacturer);
    fettle_sim_copy_text(sight->product, sizeof sight->product, bridge->product);
    fettle_sim_copy_text(sight->serial, sizeof sight->serial, board->serial);
    fettle_sim_write_device(&writer, &(fettle_sim_device_words){
                                         .bcdUSB = 0x0200,
                                         .id = bridge->id,
                                         .bcdDevice = sight->bcdDevice,
                                         .has_strings = true,
                                     });
    fettle_sim_write_configuration(&writer, 1);
    fettle_sim_write_interface(&writer, &(fettle_sim_interface_words){
                                            .bInterfaceClass = 0xff, /* the driver's own */
                                        });
    fettle_sim_end_configuration(&writer);
    sight->descriptors_size = writer.size;
}

/* There is no endpoint 0 to be spoken to. */
static fettle_sim_reply obey(fettle_sim_board *board, const fettle_sim_request *request)
{
    (void)board;
    (void)request;
    return fettle_sim_say(FETTLE_STALL);
}

static void on_stall(fettle_sim_board *board, const fettle_control *control)
{
    (void)board;
    (void)control;
}

static fettle_outcome_kind select_interface(fettle_sim_board *board, uint8_t interface,
                                            uint8_t alternate)
{
    (void)board;
    (void)interface;
    (void)alternate;
    return FETTLE_STALL;
}

static fettle_outcome_kind reset_port(fettle_sim_board *board, fettle_us at)
{
    (void)board;
    (void)at;
    return FETTLE_OK;
}

const fettle_sim_board_ops fettle_sim_esp_ops = {
    .init = init,
    .is_bootable = is_bootable,
    .needs_button = needs_button,
    .start = start,
    .on_timer = on_timer,
    .describe = describe,
    .obey = obey,
    .on_stall = on_stall,
    .select = select_interface,
    .reset = reset_port,
};
