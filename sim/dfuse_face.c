/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a DfuSe bootloader says of itself, and the application that it starts: descriptors, strings
 * and the answers to standard requests. The names of alternate settings are the memory strings; the
 * functional descriptor stands after the last of them.
 */
#include "dfuse.h"

#include <string.h>

enum {
    CAN_DNLOAD = 1,
    CAN_UPLOAD = 2,
    WILL_DETACH = 8,
    RUNTIME = 1, /* bInterfaceProtocol */
    DFU_MODE = 2,
    ROM_DETACH_TIMEOUT = 255, /* wDetachTimeOut */
    BCD_DFUSE = 0x011a,
    BCD_DFU = 0x0110,
    APP_TRANSFER_SIZE = 64,
    SERIAL_STRING = 3,
    FIRST_ALTERNATE_NAME = 4,
    STRING = 3, /* a descriptor type */
    DESCRIPTORS_MAX = 512,
};

static const fettle_sim_dfuse_model *model_of(const fettle_sim_board *board)
{
    return board->model->dfuse;
}

bool fettle_sim_dfuse_has_app(const fettle_sim_board *board)
{
    return fettle_sim_option_of(board, OPTION_APP_ID) != 0;
}

static bool is_app(const fettle_sim_board *board)
{
    return board->shows == FETTLE_SIM_SHOWS_APP;
}

static fettle_usb_id id_of(const fettle_sim_board *board)
{
    uint64_t id = fettle_sim_option_of(board, OPTION_APP_ID);
    fettle_usb_id app_id = {(uint16_t)(id >> 16), (uint16_t)(id & 0xffff)};
    return is_app(board) ? app_id : model_of(board)->id;
}

static uint16_t bcd_of(const fettle_sim_board *board)
{
    uint16_t version = (uint16_t)fettle_sim_option_of(board, OPTION_VERSION);
    return is_app(board) ? version : model_of(board)->bcdDevice;
}

static const char *manufacturer_of(const fettle_sim_board *board)
{
    return is_app(board) ? "Virtual" : model_of(board)->manufacturer;
}

static const char *product_of(const fettle_sim_board *board)
{
    return is_app(board) ? "Virtual board" : model_of(board)->product;
}

/* serial= is the application's; the bootloader's where there is none. */
static const char *serial_of(const fettle_sim_board *board)
{
    bool is_given = board->settings.serial[0] != '\0' && !fettle_sim_dfuse_has_app(board);
    return is_app(board) || is_given ? board->serial : model_of(board)->serial;
}

static const char *string_of(const fettle_sim_board *board, size_t alternate)
{
    bool is_given = alternate == 0 && board->settings.string[0] != '\0';
    return is_given ? board->settings.string : model_of(board)->memories[alternate].string;
}

/* ---- descriptors ---- */

static void write_device(const fettle_sim_board *board, fettle_sim_writer *writer)
{
    fettle_sim_write_device(writer, &(fettle_sim_device_words){
                                        .bcdUSB = is_app(board) ? 0x0200 : 0x0100,
                                        .id = id_of(board),
                                        .bcdDevice = bcd_of(board),
                                        .has_strings = true,
                                    });
}

static void write_app(const fettle_sim_board *board, fettle_sim_writer *writer)
{
    bool detaches = fettle_sim_option_of(board, OPTION_DETACH) == DETACH_WILL;
    fettle_sim_write_configuration(writer, 2);
    fettle_sim_write_interface(writer,
                               &(fettle_sim_interface_words){.bInterfaceClass = 0xff});
    fettle_sim_write_interface(writer,
                               &(fettle_sim_interface_words){
                                   .bInterfaceNumber = FETTLE_SIM_DFUSE_APP_INTERFACE,
                                   .bInterfaceClass = 0xfe,
                                   .bInterfaceSubClass = 1,
                                   .bInterfaceProtocol = RUNTIME,
                               });
    fettle_sim_write_functional(
        writer, (uint8_t)(CAN_DNLOAD | (detaches ? WILL_DETACH : 0)),
        (uint16_t)fettle_sim_option_of(board, OPTION_DETACH_TIMEOUT), APP_TRANSFER_SIZE,
        BCD_DFU);
    fettle_sim_end_configuration(writer);
}

static void write_bootloader(const fettle_sim_board *board, fettle_sim_writer *writer)
{
    bool uploads = fettle_sim_option_of(board, OPTION_UPLOAD) != 0;
    uint32_t transfer =
        fettle_sim_dfuse_choose(board, OPTION_ROM_TRANSFER, model_of(board)->wTransferSize);
    fettle_sim_write_configuration(writer, 1);
    for (size_t i = 0; i < fettle_sim_dfuse_count(model_of(board)); i++) {
        fettle_sim_write_interface(writer,
                                   &(fettle_sim_interface_words){
                                       .bAlternateSetting = (uint8_t)i,
                                       .bInterfaceClass = 0xfe,
                                       .bInterfaceSubClass = 1,
                                       .bInterfaceProtocol = DFU_MODE,
                                       .iInterface = (uint8_t)(FIRST_ALTERNATE_NAME + i),
                                   });
    }
    fettle_sim_write_functional(
        writer, (uint8_t)(CAN_DNLOAD | (uploads ? CAN_UPLOAD : 0) | WILL_DETACH),
        ROM_DETACH_TIMEOUT, (uint16_t)transfer, BCD_DFUSE);
    fettle_sim_end_configuration(writer);
}

static void write_configuration(const fettle_sim_board *board, fettle_sim_writer *writer)
{
    if (is_app(board)) {
        write_app(board, writer);
    } else {
        write_bootloader(board, writer);
    }
}

/* ---- strings ---- */

/* The bytes of a text where its UTF-16 belongs. */
static void write_narrow(fettle_sim_writer *writer, const char *text)
{
    size_t size = strlen(text);
    fettle_sim_write8(writer, (unsigned)size + 2);
    fettle_sim_write8(writer, STRING);
    for (size_t i = 0; i < size; i++) {
        fettle_sim_write8(writer, (uint8_t)text[i]);
    }
}

static void write_serial(const fettle_sim_board *board, fettle_sim_writer *writer)
{
    if (!is_app(board) && model_of(board)->has_narrow_serial) {
        write_narrow(writer, serial_of(board));
    } else {
        fettle_sim_write_string(writer, serial_of(board));
    }
}

/* False: there is no such string. */
static bool write_text(const fettle_sim_board *board, unsigned index,
                       fettle_sim_writer *writer)
{
    static const uint8_t languages[] = {4, STRING, 0x09, 0x04};
    size_t alternates = is_app(board) ? 0 : fettle_sim_dfuse_count(model_of(board));
    switch (index) {
    case 0:
        fettle_sim_write(writer, languages, sizeof languages);
        return true;
    case 1:
        fettle_sim_write_string(writer, manufacturer_of(board));
        return true;
    case 2:
        fettle_sim_write_string(writer, product_of(board));
        return true;
    case SERIAL_STRING:
        write_serial(board, writer);
        return true;
    case SIM_VENDOR_REASON:
        fettle_sim_write_string(writer, "read protection is active");
        return true;
    default:
        break;
    }
    if (index < FIRST_ALTERNATE_NAME || index - FIRST_ALTERNATE_NAME >= alternates) {
        return false;
    }
    fettle_sim_write_string(writer, string_of(board, index - FIRST_ALTERNATE_NAME));
    return true;
}

/* A system takes the bytes for UTF-16: of "3CBJ" it makes two characters of Chinese. */
static void misread(char *to, size_t size, const char *text)
{
    size_t at = 0;
    for (; text[0] != '\0' && text[1] != '\0' && at + 4 <= size; text += 2) {
        unsigned unit = (uint8_t)text[0] | (unsigned)(uint8_t)text[1] << 8;
        to[at++] = (char)(0xe0 | unit >> 12);
        to[at++] = (char)(0x80 | (unit >> 6 & 0x3f));
        to[at++] = (char)(0x80 | (unit & 0x3f));
    }
    to[at] = '\0';
}

void fettle_sim_dfuse_describe(const fettle_sim_board *board, fettle_sight *sight)
{
    fettle_sim_writer writer = {sight->descriptors, 0, sizeof sight->descriptors};
    sight->kind = FETTLE_LINK_USB;
    sight->id = id_of(board);
    sight->bcdDevice = bcd_of(board);
    fettle_sim_copy_text(sight->manufacturer, sizeof sight->manufacturer,
                         manufacturer_of(board));
    fettle_sim_copy_text(sight->product, sizeof sight->product, product_of(board));
    if (!is_app(board) && model_of(board)->has_narrow_serial) {
        misread(sight->serial, sizeof sight->serial, serial_of(board));
    } else {
        fettle_sim_copy_text(sight->serial, sizeof sight->serial, serial_of(board));
    }
    write_device(board, &writer);
    write_configuration(board, &writer);
    sight->descriptors_size = writer.size;
}

/* ---- standard requests ---- */

/* One that is asked too often for its strings says nothing any more, until it loses power. */
static bool is_worn_out(fettle_sim_board *board, const fettle_sim_request *request)
{
    unsigned most = model_of(board)->string_reads;
    bool counts = !is_app(board) && most > 0;
    if (!counts || ++board->dfuse.string_reads <= most) {
        return false;
    }
    board->naks_until = FETTLE_NEVER;
    fettle_sim_record_event(board, request->now, "hang");
    return true;
}

static fettle_sim_reply get_descriptor(fettle_sim_board *board,
                                       const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    uint8_t bytes[DESCRIPTORS_MAX];
    fettle_sim_writer writer = {bytes, 0, sizeof bytes};
    bool is_known = true;
    switch (control->wValue >> 8) {
    case 1:
        write_device(board, &writer);
        bytes[11] ^= board->shows_other_ids ? 0x80 : 0;
        break;
    case 2:
        write_configuration(board, &writer);
        break;
    case STRING:
        if (is_worn_out(board, request)) {
            return (fettle_sim_reply){.kind = FETTLE_TIMEOUT, .is_lost = true};
        }
        is_known = write_text(board, control->wValue & 0xff, &writer);
        break;
    default:
        is_known = false;
        break;
    }
    return is_known ? fettle_sim_answer(control, bytes, writer.size, control->wLength)
                    : fettle_sim_say(FETTLE_STALL);
}

fettle_sim_reply fettle_sim_dfuse_obey_standard(fettle_sim_board *board,
                                                const fettle_sim_request *request)
{
    static const uint8_t no_status[2] = {0, 0};
    static const uint8_t configuration[1] = {1};
    const fettle_control *control = request->control;
    const uint8_t alternate[1] = {is_app(board) ? 0 : board->dfuse.alternate};
    if ((control->bmRequestType & 0x60) != 0) {
        return fettle_sim_say(FETTLE_STALL);
    }
    switch (control->bRequest) {
    case GET_STATUS:
        return fettle_sim_answer(control, no_status, 2, 2);
    case GET_DESCRIPTOR:
        return get_descriptor(board, request);
    case GET_CONFIGURATION:
        return fettle_sim_answer(control, configuration, 1, 1);
    case GET_INTERFACE:
        return fettle_sim_answer(control, alternate, 1, 1);
    case SET_ADDRESS:
    case SET_CONFIGURATION:
        return fettle_sim_say(FETTLE_OK);
    case SET_INTERFACE:
        return fettle_sim_say(board->model->ops->select(board, (uint8_t)control->wIndex,
                                                        (uint8_t)control->wValue));
    default:
        return fettle_sim_say(FETTLE_STALL);
    }
}
