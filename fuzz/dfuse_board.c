/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/dfuse_board.h"

#include "base/bytes.h"
#include "proto/dfu.h"

const struct board_row board_rows[] = {
    {.id = {0x0483, 0xdf11}, /* erased to zeros */
     .blank = 0x00,
     .language = 0x0409,
     .memory_count = 2,
     .memories = {{0, "@Internal Flash  /0x08000000/32*128 g", 0x08000000, NULL},
                  {1, "@Option Bytes  /0x1FF80000/01*020 e", 0x1ff80000, NULL}}},
    {.id = {0x0483, 0xdf11}, /* pages of several sizes */
     .blank = 0xff,
     .language = 0x0409,
     .memory_count = 4,
     .memories = {{0, "@Internal Flash  /0x08000000/04*256Bg,01*001Kg,01*002Kg", 0x08000000,
                   NULL},
                  {1, "@Option Bytes  /0x1FFFC000/01*016 e", 0x1fffc000, NULL},
                  {2, "@OTP Memory /0x1FFF7800/01*512 e,01*016 e", 0x1fff7800, NULL},
                  {3, "@Device Feature/0xFFFF0000/01*004 e", 0xffff0000, NULL}}},
    {.id = {0x2e3c, 0xdf11}, /* its loader may only be read */
     .blank = 0xff,
     .language = 0x0409,
     .memory_count = 1,
     .memories = {{0, "@Internal Flash   /0x08000000/02*512Ba,06*512Bg", 0x08000000,
                   NULL}}},
    {.id = {0x28e9, 0x0189}, /* its string lies, and option bytes can be erased */
     .serial = "3C4J",
     .blank = 0xff,
     .language = 0x0409,
     .memory_count = 2,
     .memories = {{0, "@Internal Flash  /0x08000000/8*002Kg", 0x08000000,
                   "@Internal Flash  /0x08000000/04*001Kg"},
                  {1, "@Option Bytes  /0x1FFFF800/01*016 g", 0x1ffff800, NULL}}},
    {.id = {0x1d50, 0x6003}, /* a gap, and rights of all kinds */
     .blank = 0xff,
     .language = 0x0407,
     .memory_count = 1,
     .memories = {{0,
                   "@Mixed /0x08000000/02*256Bg,01*256Bf,02*128Be,01*256Bd/0x08000800/"
                   "04*256Bg,01*64Bb,01*64Bc",
                   0x08000000, NULL}}},
    {.id = {0x1d50, 0x6003}, /* two memories at the same addresses */
     .blank = 0xff,
     .language = 0x0409,
     .memory_count = 2,
     .memories = {{0, "@Bank A /0x08000000/16*128Bg", 0x08000000, NULL},
                  {1, "@Bank B /0x08000000/08*256Bg", 0x08000000, NULL}}},
    {.id = {0x1d50, 0x6003}, /* to the last address, and from the first */
     .blank = 0xff,
     .language = 0x0409,
     .memory_count = 1,
     .memories = {{0, "@Ends /0xFFFFF800/16*128Bg/0x00000000/16*128Bg", 0xfffff800, NULL}}},
    {.id = {0x1d50, 0x6003}, /* option bytes come first */
     .blank = 0xff,
     .language = 0x0409,
     .memory_count = 2,
     .memories = {{0, "@Option Bytes  /0x1FFFF800/04*016 g", 0x1ffff800, NULL},
                  {1, "@Internal Flash  /0x08000000/16*128Bg", 0x08000000, NULL}}},
    {.id = {0x1d50, 0x6003}, /* pages that are no power of two, and one of a byte */
     .blank = 0xff,
     .language = 0x0409,
     .memory_count = 1,
     .memories = {{0, "@Odd /0x08000001/09*37Bg,03*65Bg,02*1Bg,01*33Bg,05*3Be", 0x08000001,
                   NULL}}},
    {.id = {0x1d50, 0x6003}, /* settings that don't begin at 0 */
     .blank = 0xff,
     .language = 0x0409,
     .memory_count = 2,
     .memories = {{3, "@External Flash /0x90000000/8*512Bg", 0x90000000, NULL},
                  {1, "@Internal Flash /0x08000000/16*128Bg", 0x08000000, NULL}}},
    {.id = {0x1d50, 0x6003}, /* tells no names at all */
     .blank = 0xff,
     .memory_count = 1,
     .memories = {{0, "@Internal Flash /0x08000000/16*128Bg", 0x08000000, NULL}}},
    {.id = {0x1d50, 0x6003}, /* says version 1.1A, and is plain DFU by its name */
     .blank = 0xff,
     .language = 0x0409,
     .memory_count = 1,
     .memories = {{0, "Firmware", 0, "@Firmware /0x00000000/16*128Be"}}},
};

const size_t board_row_count = sizeof board_rows / sizeof *board_rows;

/* ---- what it looks like ---- */

static size_t put_interface(uint8_t *to, const struct board *board, size_t memory)
{
    bool has_name = board->row->language != 0 && !board->is_app;
    const uint8_t bytes[] = {9,
                             4,
                             0,
                             board->is_app ? 0 : board->row->memories[memory].alternate,
                             0,
                             0xFE,
                             1,
                             board->is_app ? 1 : 2,
                             has_name ? (uint8_t)(BOARD_FIRST_STRING + memory) : 0};
    memcpy(to, bytes, sizeof bytes);
    return sizeof bytes;
}

static size_t put_functional(uint8_t *to, const struct board *board)
{
    const uint16_t size = board->wTransferSize;
    const uint8_t attributes =
        (uint8_t)(8 | ((board->habits & BOARD_NO_DOWNLOAD) == 0 ? 1 : 0) |
                  ((board->habits & BOARD_NO_UPLOAD) == 0 ? 2 : 0));
    const uint8_t version = board->is_app ? 0x10 : 0x1A; /* 1.10, 1.1A */
    const uint8_t bytes[] = {
        9, 0x21, attributes, 255, 0, (uint8_t)size, (uint8_t)(size >> 8), version, 1};
    memcpy(to, bytes, sizeof bytes);
    return sizeof bytes;
}

void board_describe(struct board *board)
{
    fettle_usb_id id = board->is_app ? (fettle_usb_id){0x1d50, 0x6002} : board->row->id;
    fettle_sight *sight = &board->sight;
    uint8_t *to = sight->descriptors;
    const uint8_t device[18] = {18,
                                1,
                                0,
                                2,
                                0,
                                0,
                                0,
                                64,
                                (uint8_t)id.vendor,
                                (uint8_t)(id.vendor >> 8),
                                (uint8_t)id.product,
                                (uint8_t)(id.product >> 8),
                                0,
                                1,
                                0,
                                0,
                                0,
                                1};
    const uint8_t configuration[9] = {9, 2, 0, 0, 1, 1, 0, 0x80, 50};
    size_t size = sizeof device + sizeof configuration;
    memcpy(to, device, sizeof device);
    memcpy(to + sizeof device, configuration, sizeof configuration);
    for (size_t i = 0; i < (board->is_app ? 1 : board->row->memory_count); i++) {
        size += put_interface(to + size, board, i);
    }
    size += put_functional(to + size, board);
    to[sizeof device + 2] = (uint8_t)(size - sizeof device);
    memcpy(sight->path, "usb:1-1", sizeof "usb:1-1");
    sight->arrival = board->arrival;
    sight->kind = FETTLE_LINK_USB;
    sight->id = id;
    sight->id.product ^= board->is_stranger ? 1 : 0;
    sight->bcdDevice = 0x0100;
    sight->descriptors_size = size;
    if (board->row->serial != NULL) {
        memcpy(sight->serial, board->row->serial, strlen(board->row->serial) + 1);
    }
}

void board_show(struct board *board, bool is_app)
{
    bool greets = !is_app && (board->habits & BOARD_GREETS) != 0;
    board->is_app = is_app;
    board->is_away = board->is_stranger = false;
    board->arrival++;
    board->state = is_app   ? FETTLE_DFU_APP_IDLE
                   : greets ? FETTLE_DFU_ERROR
                            : FETTLE_DFU_IDLE;
    board->status = greets ? BOARD_ERR_FIRMWARE : 0;
    board->pointer = board->memories[0].row->base;
}

/* ---- what it holds ---- */

uint8_t board_pattern(size_t memory, size_t offset)
{
    return (uint8_t)(1 + (offset * 7 + (offset >> 8) * 3 + memory * 31) % 251);
}

bool board_offset_of(const struct memory *memory, uint32_t address, size_t *offset)
{
    *offset =
        (uint32_t)(address - memory->row->base); /* around the end of addresses, too */
    return *offset < BOARD_WINDOW;
}

static void fill(struct memory *memory, uint8_t value)
{
    memset(memory->bytes, value, sizeof memory->bytes);
    memset(memory->before, value, sizeof memory->before);
}

void board_init(struct board *board, const struct board_row *row, unsigned habits,
                uint16_t wTransferSize)
{
    fettle_error err;
    board->row = row;
    board->habits = habits;
    board->wTransferSize = wTransferSize;
    board->is_protected = (habits & BOARD_IS_PROTECTED) != 0;
    for (size_t i = 0; i < row->memory_count; i++) {
        struct memory *memory = &board->memories[i];
        memory->row = &row->memories[i];
        const char *truth =
            memory->row->truth != NULL ? memory->row->truth : memory->row->name;
        must(fettle_memory_map_parse(&memory->map, truth, &err));
        for (size_t k = 0; k < BOARD_WINDOW; k++) {
            memory->bytes[k] = memory->before[k] = board_pattern(i, k);
        }
    }
    board->selected = &board->memories[0];
    board_show(board, (habits & BOARD_STARTS_AS_APP) != 0);
}

struct memory *board_memory_of(struct board *board, int alternate)
{
    for (size_t i = 0; i < board->row->memory_count; i++) {
        if (board->row->memories[i].alternate == alternate) {
            return &board->memories[i];
        }
    }
    return NULL;
}

/* ---- commands and data, when GETSTATUS asks for them ---- */

static uint8_t erase_page(struct board *board, uint32_t address)
{
    fettle_page page;
    size_t offset;
    if (!fettle_memory_map_page(&board->asked->map, address, &page) || !page.can_erase) {
        return BOARD_ERR_TARGET;
    }
    must(board_offset_of(board->asked, page.address, &offset));
    memset(board->asked->bytes + offset, board->row->blank, page.size);
    return 0;
}

/* Whatever is erased with it is meant to be. */
static uint8_t erase_all(struct board *board)
{
    fill(board->asked, board->row->blank);
    return 0;
}

/* Flash takes bits away from the erased value, and gives none back. */
static uint8_t program(struct board *board, uint32_t address)
{
    for (size_t i = 0; i < board->block_size; i++) {
        fettle_page page;
        size_t offset;
        if (!fettle_memory_map_page(&board->asked->map, (uint32_t)(address + i), &page) ||
            !page.can_write) {
            return BOARD_ERR_TARGET;
        }
        must(board_offset_of(board->asked, (uint32_t)(address + i), &offset));
        uint8_t *byte = &board->asked->bytes[offset];
        *byte = !page.can_erase             ? board->block[i]
                : board->row->blank == 0xff ? *byte & board->block[i]
                                            : *byte | board->block[i];
    }
    if (!board->asked->map.zones[0].can_erase && (board->habits & BOARD_RESETS) != 0) {
        board_show(board, false);
    }
    return 0;
}

static uint8_t obey(struct board *board)
{
    uint32_t address = fettle_get32(board->block + 1);
    switch (board->block[0]) {
    case BOARD_SET_ADDRESS:
        board->pointer = address;
        return 0;
    case BOARD_UNPROTECT:
        for (size_t i = 0; i < board->row->memory_count; i++) {
            fill(&board->memories[i], board->row->blank);
        }
        board->is_protected = false;
        board_show(board, false);
        return 0;
    default:
        if (board->is_protected) {
            return BOARD_ERR_VENDOR;
        }
        return board->block_size > 1 ? erase_page(board, address) : erase_all(board);
    }
}

bool board_is_plain(const struct board *board)
{
    return board->row->memories[0].name[0] != '@';
}

static uint32_t address_of_block(const struct board *board, uint16_t number)
{
    if (board_is_plain(board)) {
        return (uint32_t)number * board->wTransferSize;
    }
    return board->pointer + (uint32_t)(number - BOARD_FIRST_BLOCK) * board->wTransferSize;
}

static void carry_out(struct board *board)
{
    uint32_t arrival = board->arrival;
    bool is_command = board->block_number == BOARD_COMMAND && !board_is_plain(board);
    uint8_t status = is_command ? obey(board)
                     : board->is_protected
                         ? BOARD_ERR_VENDOR
                         : program(board, address_of_block(board, board->block_number));
    if (board->arrival == arrival) {
        board->status = status;
        board->state = status != 0 ? FETTLE_DFU_ERROR : FETTLE_DFU_DNLOAD_IDLE;
    }
}

/* ---- requests ---- */

bool board_is_request(const fettle_effect *effect, uint8_t bmRequestType, uint8_t bRequest)
{
    return effect->kind == FETTLE_EFFECT_CONTROL &&
           effect->control.bmRequestType == bmRequestType &&
           effect->control.bRequest == bRequest;
}

bool board_is_getstatus(const fettle_effect *effect)
{
    return board_is_request(effect, BOARD_IN, BOARD_GETSTATUS);
}

bool board_is_name(const fettle_effect *effect)
{
    return board_is_request(effect, BOARD_FROM_DEVICE, BOARD_GET_DESCRIPTOR);
}

static fettle_outcome board_refuse(struct board *board)
{
    board->state = FETTLE_DFU_ERROR;
    board->status = BOARD_ERR_STALLED;
    return (fettle_outcome){.kind = FETTLE_STALL};
}

static fettle_outcome on_dnload(struct board *board, const fettle_control *control)
{
    if (board->state != FETTLE_DFU_IDLE && board->state != FETTLE_DFU_DNLOAD_IDLE) {
        return board_refuse(board);
    }
    board->asked = board->selected;
    board->block_number = control->wValue;
    board->block_size = control->wLength;
    if (control->wLength == 0) {
        board->state = FETTLE_DFU_MANIFEST_SYNC;
        return (fettle_outcome){.kind = FETTLE_OK};
    }
    memcpy(board->block, control->out, control->wLength);
    board->state = FETTLE_DFU_DNLOAD_SYNC;
    return (fettle_outcome){.kind = FETTLE_OK, .count = control->wLength};
}

/* Ends with the memory, where nothing may be read, and at once where it is protected. */
static fettle_outcome on_upload(struct board *board, const fettle_control *control)
{
    static const uint8_t commands[] = {0, BOARD_SET_ADDRESS, BOARD_ERASE, BOARD_UNPROTECT};
    size_t count = 0, offset;
    fettle_page page;
    if ((board->state != FETTLE_DFU_IDLE && board->state != FETTLE_DFU_UPLOAD_IDLE) ||
        (board->habits & BOARD_NO_UPLOAD) != 0 || board->is_protected) {
        fettle_outcome outcome = board_refuse(board);
        board->status = board->is_protected ? BOARD_ERR_VENDOR : board->status;
        return outcome;
    }
    uint32_t address = address_of_block(board, control->wValue);
    bool is_data = control->wValue >= BOARD_FIRST_BLOCK || board_is_plain(board);
    for (; count < control->wLength && !is_data && count < sizeof commands; count++) {
        control->in[count] = commands[count];
    }
    for (; count < control->wLength && is_data &&
           fettle_memory_map_page(&board->selected->map, (uint32_t)(address + count),
                                  &page) &&
           page.can_read;
         count++) {
        must(board_offset_of(board->selected, (uint32_t)(address + count), &offset));
        control->in[count] = board->selected->bytes[offset];
    }
    board->state = count < control->wLength ? FETTLE_DFU_IDLE : FETTLE_DFU_UPLOAD_IDLE;
    return (fettle_outcome){.kind = FETTLE_OK, .count = count};
}

static void leave(struct board *board)
{
    if ((board->habits & (BOARD_HAS_APP | BOARD_STARTS_AS_APP)) != 0) {
        board_show(board, true);
    } else {
        board->is_away = true;
    }
}

static fettle_outcome on_getstatus(struct board *board, const fettle_control *control)
{
    uint32_t arrival = board->arrival;
    uint8_t poll = 0;
    switch (board->state) {
    case FETTLE_DFU_DNLOAD_SYNC:
        board->state = FETTLE_DFU_DNBUSY;
        poll = (board->habits & BOARD_POLLS) != 0 ? 3 : 0;
        break;
    case FETTLE_DFU_DNBUSY:
        carry_out(board);
        break;
    case FETTLE_DFU_MANIFEST_SYNC:
        board->state =
            board_is_plain(board) ? FETTLE_DFU_MANIFEST_WAIT_RESET : FETTLE_DFU_MANIFEST;
        break;
    default:
        break;
    }
    if (board->arrival != arrival) { /* it has reset itself */
        return (fettle_outcome){.kind = FETTLE_GONE};
    }
    const uint8_t answer[6] = {board->status, poll, 0, 0, board->state, 0};
    size_t count = control->wLength < sizeof answer ? control->wLength : sizeof answer;
    memcpy(control->in, answer, count);
    if (board->state == FETTLE_DFU_MANIFEST) {
        leave(board);
    }
    return (fettle_outcome){.kind = FETTLE_OK, .count = count};
}

static fettle_outcome answer_string(const fettle_control *control, const char *text)
{
    size_t count = 2;
    for (; *text != '\0' && count + 2 <= control->wLength && count < BOARD_STRING_SIZE - 1;
         text++) {
        control->in[count++] = (uint8_t)*text;
        control->in[count++] = 0;
    }
    control->in[0] = (uint8_t)count;
    control->in[1] = BOARD_STRING;
    return (fettle_outcome){.kind = FETTLE_OK, .count = count};
}

static fettle_outcome on_get_descriptor(const struct board *board,
                                        const fettle_control *control)
{
    const struct board_row *row = board->row;
    size_t memory = (size_t)(control->wValue & 0xFF) - BOARD_FIRST_STRING;
    must(control->wValue >> 8 == BOARD_STRING && control->wLength >= 4);
    if ((control->wValue & 0xFF) == 0 && row->language != 0) {
        const uint8_t bytes[] = {4, BOARD_STRING, (uint8_t)row->language,
                                 (uint8_t)(row->language >> 8)};
        memcpy(control->in, bytes, sizeof bytes);
        return (fettle_outcome){.kind = FETTLE_OK, .count = sizeof bytes};
    }
    if (memory >= row->memory_count || control->wIndex != row->language) {
        return (fettle_outcome){.kind = FETTLE_STALL};
    }
    return answer_string(control, row->memories[memory].name);
}

static fettle_outcome on_class_request(struct board *board, const fettle_control *control)
{
    switch (control->bRequest) {
    case BOARD_DETACH:
        if (!board->is_app) {
            return board_refuse(board);
        }
        board_show(board, false);
        return (fettle_outcome){.kind = FETTLE_OK};
    case BOARD_DNLOAD:
        return on_dnload(board, control);
    case BOARD_UPLOAD:
        return on_upload(board, control);
    case BOARD_GETSTATUS:
        return on_getstatus(board, control);
    case BOARD_CLRSTATUS:
        board->state = board->state == FETTLE_DFU_ERROR ? FETTLE_DFU_IDLE : board->state;
        board->status = 0;
        return (fettle_outcome){.kind = FETTLE_OK};
    case BOARD_ABORT:
        board->state = FETTLE_DFU_IDLE;
        return (fettle_outcome){.kind = FETTLE_OK};
    default:
        must(false); /* no other request is in the specification that a job needs */
        return (fettle_outcome){.kind = FETTLE_STALL};
    }
}

fettle_outcome board_on_control(struct board *board, const fettle_control *control)
{
    if (board->is_away) {
        return (fettle_outcome){.kind = FETTLE_GONE};
    }
    return control->bmRequestType == BOARD_FROM_DEVICE ? on_get_descriptor(board, control)
                                                       : on_class_request(board, control);
}

fettle_outcome board_on_select(struct board *board, uint8_t alternate)
{
    struct memory *memory = board_memory_of(board, alternate);
    if (board->is_away) {
        return (fettle_outcome){.kind = FETTLE_GONE};
    }
    if (memory == NULL) {
        return (fettle_outcome){.kind = FETTLE_STALL};
    }
    board->selected = memory;
    return (fettle_outcome){.kind = FETTLE_OK};
}

void board_on_open(struct board *board)
{
    struct memory *memory = board_memory_of(board, 0);
    board->selected = memory != NULL ? memory : &board->memories[0];
}

/* A USB reset. Out of the ROM nothing leads but power, and the end of a download. */
fettle_outcome board_on_reset(struct board *board)
{
    if (board->is_away) {
        return (fettle_outcome){.kind = FETTLE_GONE};
    }
    board_show(board, board->is_app);
    board_on_open(board);
    return (fettle_outcome){.kind = FETTLE_OK};
}
