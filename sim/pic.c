/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pycom's shields: a PIC16F145x whose application is a CDC-ACM device and whose bootloader speaks a
 * DFU of its own (docs/protocols; facts of section 2 of the sheet on Pycom boards).
 *
 * The bootloader is small, and it shows: it answers every request at once and with "OK", looks at
 * low bytes only, has no busy state but stops listening (NAK) while a row is written, and nothing
 * but an end marker or a bus reset ends a download. It starts the application when a CRC-14 over the
 * application's rows is right. In update mode it stays for seven seconds after it has arrived; a
 * download holds that back.
 *
 * Where the sources are silent this is what was chosen: a board that came up in update mode because
 * its application isn't right stays until it has seen an end marker; window=off means that only an
 * end marker makes it leave; exit=no that nothing does.
 */
#include "pycom.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

enum {
    PROGRAM_SIZE = 16384,
    ROW_SIZE = 64,
    ROW_US = 4000,    /* erasing and writing one */
    FIRST_ROW = 16,   /* below is the bootloader, write protected */
    VECTORS = 0x0400, /* the application's */
    CRC_AT = 0x3efe,  /* last word of row 251 */
    CRC_END = 0x3f00, /* rows 252 to 255 are outside */
    CRC_POLYNOMIAL = 0x23b1,
    WORD_TOP = 0x3f, /* the high byte of a 14-bit word has six bits */
    STOCK_VENDOR = 0x1209,
    STOCK_PRODUCT = 0x2002,
    SYSTEM_OVERFLOW = 75, /* EOVERFLOW, as Linux says it when a device sends too much */
};

enum { DETACH, DNLOAD, UPLOAD, GETSTATUS, CLRSTATUS, GETSTATE, ABORT };
enum { DFU_IDLE = 2, DFU_DNLOAD_IDLE = 5, DFU_ERROR = 10 };

/* ---- program memory ---- */

/* What the register becomes in eight steps. */
static uint16_t eight_steps(unsigned crc)
{
    for (unsigned bit = 0; bit < 8; bit++) {
        crc = (crc & 1) != 0 ? crc >> 1 ^ CRC_POLYNOMIAL : crc >> 1;
    }
    return (uint16_t)crc;
}

/* Fed bit by bit, the lowest first, 16 bits a word although a word has 14. */
static uint16_t crc14(const uint8_t *memory, size_t begin, size_t end)
{
    uint16_t table[256];
    unsigned crc = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        table[byte] = eight_steps(byte);
    }
    for (size_t i = begin; i < end; i++) {
        crc = crc >> 8 ^ table[(crc ^ memory[i]) & 0xff];
    }
    return (uint16_t)crc;
}

static void seal(uint8_t *memory)
{
    fettle_put16(memory + CRC_AT, crc14(memory, VECTORS, CRC_AT));
}

static void fill_words(uint8_t *memory, size_t begin, size_t end, uint64_t seed)
{
    uint64_t random = fettle_sim_seed(seed);
    for (size_t at = begin; at < end; at += 2) {
        unsigned word = fettle_sim_random(&random);
        memory[at] = (uint8_t)(word & 0xff);
        memory[at + 1] = (uint8_t)(word >> 8 & WORD_TOP);
    }
}

static void blank(uint8_t *memory, size_t begin, size_t end)
{
    for (size_t at = begin; at < end; at += 2) {
        memory[at] = 0xff;
        memory[at + 1] = WORD_TOP;
    }
}

void fettle_sim_make_shield_payload(uint8_t payload[16384], uint32_t seed)
{
    blank(payload, 0, PROGRAM_SIZE);
    fill_words(payload, VECTORS, CRC_AT, seed);
    fettle_put16(payload + VECTORS, 0x2a10);     /* a jump */
    fettle_put16(payload + VECTORS + 8, 0x2a40); /* another, at the interrupt vector */
    seal(payload);
}

static bool is_bootable(const fettle_sim_board *board)
{
    return crc14(board->memory, VECTORS, CRC_END) == 0;
}

bool fettle_sim_pic_is_updated(const fettle_sim_board *board)
{
    return fettle_get16(board->memory + CRC_AT) != board->pic.first_crc;
}

static bool init(fettle_sim_board *board)
{
    uint64_t seed = fettle_sim_option_of(board, OPTION_SEED);
    board->memory_size = PROGRAM_SIZE;
    board->memory = malloc(PROGRAM_SIZE);
    if (board->memory == NULL) {
        return false;
    }
    fettle_sim_make_shield_payload(board->memory, (uint32_t)seed ^ 0x50796330u);
    fill_words(board->memory, 0, VECTORS, 0xb007);
    board->pic.first_crc = fettle_get16(board->memory + CRC_AT);
    if (fettle_sim_option_of(board, OPTION_DOWNLOADING) != 0) {
        fill_words(board->memory, VECTORS, VECTORS + PROGRAM_SIZE / 4, seed + 1);
    }
    bool has_module = board->model->module != NULL;
    return (!has_module || fettle_sim_pycom_attach(board)) && fettle_sim_line_init(board);
}

static bool needs_button(const fettle_sim_board *board)
{
    (void)board;
    return true;
}

/* ---- starting and leaving ---- */

/* The module starts anew only where it had no power; its reset and boot pin are let go in any case. */
static void start_module(fettle_sim_board *board, fettle_us at)
{
    if (board->esp != NULL && !board->has_power) {
        fettle_sim_esp_power_module(board->esp, at);
    } else if (board->esp != NULL) {
        fettle_sim_esp_hold(board->esp, fettle_sim_pic_pulls_reset(board), at);
    }
    board->has_power = true;
}

static void start(fettle_sim_board *board, fettle_sim_start start, fettle_us at)
{
    fettle_sim_pic *pic = &board->pic;
    bool has_button = start == START_UPDATE;
    if (start == START_KEPT) {
        board->shows = board->kept;
    } else {
        bool starts_app = !has_button && is_bootable(board) &&
                          fettle_sim_option_of(board, OPTION_STAYS) == 0;
        board->shows = starts_app ? FETTLE_SIM_SHOWS_APP : FETTLE_SIM_SHOWS_UPDATE;
        bool is_first = board->arrival == 0;
        pic->is_held = !has_button;
        pic->is_downloading =
            is_first && fettle_sim_option_of(board, OPTION_DOWNLOADING) != 0;
        pic->has_rows = false;
        pic->status = 0;
        pic->status_given = 0;
        fettle_sim_pic_reset_pins(board);
    }
    if (board->shows == FETTLE_SIM_SHOWS_APP) {
        fettle_sim_line_start(board);
    } else {
        pic->window_ends = fettle_sim_after(at, fettle_sim_ms_of(board, OPTION_WINDOW));
        board->timer_at = pic->window_ends;
    }
    start_module(board, at);
}

static bool may_leave(const fettle_sim_board *board)
{
    return board->shows == FETTLE_SIM_SHOWS_UPDATE && !board->pic.is_downloading &&
           !board->pic.is_held && fettle_sim_option_of(board, OPTION_EXIT) != 0;
}

static void on_timer(fettle_sim_board *board, fettle_us at)
{
    if (may_leave(board)) {
        fettle_sim_restart(board, at, START_BOOT);
    }
}

/* The window is over, or there is none and a download is done: nothing else holds it back. */
static bool is_to_leave(const fettle_sim_board *board, bool is_done, fettle_us now)
{
    bool is_over =
        board->pic.window_ends == FETTLE_NEVER ? is_done : now >= board->pic.window_ends;
    return may_leave(board) && is_over;
}

static void leave_soon(fettle_sim_board *board, fettle_us now)
{
    board->leaves_at = now;
    board->leaves_to = START_BOOT;
}

/* ---- descriptors ---- */

static fettle_usb_id id_of(const fettle_sim_board *board)
{
    const fettle_sim_model *model = board->model;
    if (board->shows == FETTLE_SIM_SHOWS_APP) {
        return fettle_sim_cdc_id(board);
    }
    if (fettle_sim_option_of(board, OPTION_STOCK) != 0) {
        return (fettle_usb_id){STOCK_VENDOR, STOCK_PRODUCT};
    }
    return (fettle_usb_id){SIM_MICROCHIP, model->update_product};
}

static void write_update_device(const fettle_sim_board *board, fettle_sim_writer *writer)
{
    fettle_sim_write_device(writer, &(fettle_sim_device_words){
                                        .bcdUSB = 0x0100,
                                        .bDeviceClass = 0xfe,
                                        .bDeviceSubClass = 1,
                                        .id = id_of(board),
                                        .bcdDevice = 1,
                                    });
}

static void write_update_configuration(fettle_sim_writer *writer)
{
    fettle_sim_write_configuration(writer, 1);
    fettle_sim_write_interface(writer, &(fettle_sim_interface_words){
                                           .bInterfaceClass = 0xfe,
                                           .bInterfaceSubClass = 1,
                                       });
    fettle_sim_write_functional(writer, 0x03, 0, ROW_SIZE, 0x0100);
    fettle_sim_end_configuration(writer);
}

static void describe(const fettle_sim_board *board, fettle_sight *sight)
{
    fettle_sim_writer writer = {sight->descriptors, 0, sizeof sight->descriptors};
    sight->id = id_of(board);
    if (board->shows == FETTLE_SIM_SHOWS_APP) {
        sight->kind = FETTLE_LINK_SERIAL;
        sight->bcdDevice = (uint16_t)fettle_sim_option_of(board, OPTION_VERSION);
        fettle_sim_copy_text(sight->manufacturer, sizeof sight->manufacturer, "Pycom");
        fettle_sim_copy_text(sight->product, sizeof sight->product, board->model->product);
        fettle_sim_copy_text(sight->serial, sizeof sight->serial, board->serial);
        fettle_sim_cdc_write(board, &writer);
    } else {
        sight->kind = FETTLE_LINK_USB;
        sight->bcdDevice = 1;
        write_update_device(board, &writer);
        write_update_configuration(&writer);
    }
    sight->descriptors_size = writer.size;
}

/* ---- requests ---- */

static void spoil_row(fettle_sim_board *board, uint8_t *row)
{
    uint32_t random = fettle_sim_random(&board->random);
    size_t at = random % ROW_SIZE;
    unsigned bits = at % 2 == 0 ? 8 : 6;
    row[at] ^= (uint8_t)(1u << (random >> 8) % bits);
}

/* The status stage is over when this is done: an answer has no way to say how it went. */
static fettle_sim_reply write_row(fettle_sim_board *board,
                                  const fettle_sim_request *request)
{
    fettle_sim_pic *pic = &board->pic;
    const fettle_control *control = request->control;
    if (control->out == NULL) {
        return fettle_sim_say(FETTLE_STALL);
    }
    fettle_sim_reply reply = {
        .kind = FETTLE_OK, .count = control->wLength, .changes = true};
    for (size_t i = 0; i < control->wLength; i++) {
        pic->buffer[i % ROW_SIZE] = control->out[i];
    }
    pic->is_downloading = pic->has_rows = true;
    pic->status = request->hits.is[FAULT_STATUS] ? request->hits.status : pic->status;
    unsigned row = control->wValue & 0xff;
    if (row < FIRST_ROW) {
        return reply;
    }
    board->naks_until = request->now + ROW_US;
    fettle_sim_count_busy(board, request->now, board->naks_until);
    if (request->hits.is[FAULT_DROP_WRITE]) {
        return reply;
    }
    uint8_t words[ROW_SIZE];
    for (size_t i = 0; i < ROW_SIZE; i++) {
        words[i] = i % 2 == 0 ? pic->buffer[i] : pic->buffer[i] & WORD_TOP;
    }
    if (request->hits.is[FAULT_FLIP_BIT]) {
        spoil_row(board, words);
    }
    reply.address = row * ROW_SIZE;
    reply.size = ROW_SIZE;
    fettle_sim_store_write(board, reply.address, words, ROW_SIZE);
    return reply;
}

static fettle_sim_reply end_download(fettle_sim_board *board,
                                     const fettle_sim_request *request)
{
    fettle_sim_pic *pic = &board->pic;
    fettle_us race = fettle_sim_option_of(board, OPTION_FAST_STALL);
    if (race > 0 && pic->status_given > 0 && request->came - pic->status_given < race) {
        return fettle_sim_say(FETTLE_STALL);
    }
    fettle_sim_reply reply = {.kind = FETTLE_OK, .changes = true};
    bool is_done = pic->has_rows;
    pic->is_downloading = pic->has_rows = false;
    pic->is_held = pic->is_held && !is_done;
    pic->status = request->hits.is[FAULT_STATUS] ? request->hits.status : pic->status;
    if (is_to_leave(board, is_done, request->now)) {
        leave_soon(board, request->now);
        if (fettle_sim_option_of(board, OPTION_RACES) != 0) {
            reply.kind = FETTLE_GONE;
        }
    }
    return reply;
}

/* It always sends whole rows, and the same one again to a host that wants more. */
static fettle_sim_reply read_row(const fettle_sim_board *board,
                                 const fettle_control *control)
{
    fettle_sim_reply reply = {.kind = FETTLE_OK};
    if (control->wValue > 0xff || control->wLength == 0) {
        return reply;
    }
    if (control->in == NULL) {
        return fettle_sim_say(FETTLE_STALL);
    }
    const uint8_t *row = board->memory + control->wValue * (size_t)ROW_SIZE;
    for (size_t i = 0; i < control->wLength; i++) {
        control->in[i] = row[i % ROW_SIZE];
    }
    reply.count = control->wLength;
    if (control->wLength % ROW_SIZE != 0) {
        reply = (fettle_sim_reply){
            .kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM, .system = SYSTEM_OVERFLOW};
    }
    return reply;
}

static fettle_sim_reply give_status(fettle_sim_board *board,
                                    const fettle_sim_request *request)
{
    fettle_sim_pic *pic = &board->pic;
    uint8_t state = pic->is_downloading ? DFU_DNLOAD_IDLE : DFU_IDLE;
    state = pic->status != 0 ? DFU_ERROR : state;
    const uint8_t answer[6] = {pic->status, 0, 0, 0, state, 0};
    pic->status_given = request->now;
    return fettle_sim_answer(request->control, answer, sizeof answer, sizeof answer);
}

static fettle_sim_reply obey_dfu(fettle_sim_board *board, const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    switch (control->bRequest) {
    case DNLOAD:
        /* Only the low byte counts. */
        return (control->wLength & 0xff) != 0 ? write_row(board, request)
                                              : end_download(board, request);
    case UPLOAD:
        return read_row(board, control);
    case GETSTATUS:
        return give_status(board, request);
    case GETSTATE:
        return fettle_sim_answer(control, (const uint8_t[]){DFU_IDLE}, 1, 1);
    case DETACH:
    case CLRSTATUS:
    case ABORT:
        board->pic.status = 0; /* only a fault can have set it */
        return (fettle_sim_reply){.kind = FETTLE_OK, .changes = true};
    default:
        return fettle_sim_say(FETTLE_STALL);
    }
}

static fettle_sim_reply get_descriptor(const fettle_sim_board *board,
                                       const fettle_control *control)
{
    uint8_t bytes[64];
    fettle_sim_writer writer = {bytes, 0, sizeof bytes};
    switch (control->wValue >> 8) {
    case 1:
        write_update_device(board, &writer);
        writer.bytes[11] ^= board->shows_other_ids ? 0x80 : 0;
        break;
    case 2:
        write_update_configuration(&writer);
        break;
    case 3:
        break; /* no strings, and no stall either */
    default:
        return fettle_sim_say(FETTLE_STALL);
    }
    return fettle_sim_answer(control, bytes, writer.size, control->wLength & 0xff);
}

static fettle_sim_reply obey(fettle_sim_board *board, const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    if (board->shows == FETTLE_SIM_SHOWS_APP) {
        return fettle_sim_cdc_obey(board, request);
    }
    if (board->is_busy_forever) {
        board->naks_until = FETTLE_NEVER;
        return (fettle_sim_reply){.kind = FETTLE_OK, .is_lost = true};
    }
    if ((control->bmRequestType & 0x7f) == 0x21) {
        return obey_dfu(board, request);
    }
    if ((control->bmRequestType & 0x60) != 0) {
        return fettle_sim_say(FETTLE_STALL);
    }
    switch (control->bRequest) {
    case GET_DESCRIPTOR:
        return get_descriptor(board, control);
    case GET_CONFIGURATION:
        return fettle_sim_answer(control, (const uint8_t[]){1}, 1, 1);
    case SET_ADDRESS:
    case SET_CONFIGURATION:
        return fettle_sim_say(FETTLE_OK);
    default:
        return fettle_sim_say(FETTLE_STALL);
    }
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
    return FETTLE_STALL; /* SET_INTERFACE isn't among the requests it knows */
}

/* The same device afterwards, without a download. */
static fettle_outcome_kind reset(fettle_sim_board *board, fettle_us at)
{
    board->pic.is_downloading = false;
    board->pic.status = 0;
    board->pic.has_rows = false;
    if (is_to_leave(board, false, at)) {
        leave_soon(board, at);
    }
    return FETTLE_OK;
}

const fettle_sim_board_ops fettle_sim_pic_ops = {
    .init = init,
    .is_bootable = is_bootable,
    .needs_button = needs_button,
    .start = start,
    .on_timer = on_timer,
    .describe = describe,
    .obey = obey,
    .on_stall = on_stall,
    .select = select_interface,
    .reset = reset,
};
