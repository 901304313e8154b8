/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the strict DFU 1.1 device says of itself: descriptors of both modes (sections 4.1 and 4.2),
 * strings, and its answers to standard requests.
 */
#include "strict.h"

#include <string.h>

enum {
    CAN_DNLOAD = 1,
    CAN_UPLOAD = 2,
    MANIFESTATION_TOLERANT = 4,
    WILL_DETACH = 8,
    RUNTIME = 1, /* bInterfaceProtocol */
    FIRST_ALTERNATE_NAME = 4,
    DESCRIPTORS_MAX = 1024,
};

static bool has(const fettle_sim_board *board, fettle_sim_option option)
{
    return fettle_sim_option_of(board, option) != 0;
}

bool fettle_sim_strict_has_app(const fettle_sim_board *board)
{
    return has(board, OPTION_APP_ID) || has(board, OPTION_SAME_IDS);
}

/* 0 and FFFF are wrong, but seen: such devices have a size of their own. */
uint32_t fettle_sim_strict_block_limit(const fettle_sim_board *board)
{
    uint64_t said = fettle_sim_option_of(board, OPTION_TRANSFER);
    uint64_t real = said == 0xffff ? 1024 : said;
    return said == 0 ? 64 : (uint32_t)real;
}

static bool is_app(const fettle_sim_board *board)
{
    return board->shows == FETTLE_SIM_SHOWS_APP;
}

static fettle_usb_id id_of(const fettle_sim_board *board)
{
    bool shows_own = is_app(board) && !has(board, OPTION_SAME_IDS);
    uint64_t id = fettle_sim_option_of(board, shows_own ? OPTION_APP_ID : OPTION_ID);
    return (fettle_usb_id){(uint16_t)(id >> 16), (uint16_t)(id & 0xffff)};
}

static uint16_t bcd_of(const fettle_sim_board *board)
{
    return (uint16_t)fettle_sim_option_of(board,
                                          is_app(board) ? OPTION_VERSION : OPTION_BCD);
}

static const char *serial_of(const fettle_sim_board *board)
{
    bool is_other = is_app(board) && board->settings.app_serial[0] != '\0';
    return is_other ? board->settings.app_serial : board->serial;
}

/* Of names=A|B, or one that is made up. False: it has none. */
static bool name_of(const fettle_sim_board *board, unsigned alternate, char *name,
                    size_t size)
{
    const char *at = board->settings.names;
    if (at[0] == '\0') {
        snprintf(name, size, "Memory %u", alternate);
        return true;
    }
    for (unsigned i = 0; i < alternate && at != NULL; i++) {
        at = strchr(at, '|');
        at = at != NULL ? at + 1 : NULL;
    }
    size_t length = at != NULL ? strcspn(at, "|") : 0;
    if (length > 0) {
        snprintf(name, size, "%.*s", (int)length, at);
    }
    return length > 0;
}

static const char *product_of(const fettle_sim_board *board)
{
    return is_app(board) ? "Virtual board" : "Virtual DFU device";
}

/* ---- descriptors ---- */

static void write_device(const fettle_sim_board *board, fettle_sim_writer *writer)
{
    fettle_sim_write_device(writer, &(fettle_sim_device_words){
                                        .bcdUSB = 0x0200,
                                        .id = id_of(board),
                                        .bcdDevice = bcd_of(board),
                                        .has_strings = true,
                                    });
}

static void write_functional(const fettle_sim_board *board, fettle_sim_writer *writer)
{
    bool detaches = fettle_sim_strict_has_app(board) &&
                    fettle_sim_option_of(board, OPTION_DETACH) == DETACH_WILL;
    unsigned attributes = (has(board, OPTION_DOWNLOAD) ? CAN_DNLOAD : 0u) |
                          (has(board, OPTION_UPLOAD) ? CAN_UPLOAD : 0u) |
                          (has(board, OPTION_TOLERANT) ? MANIFESTATION_TOLERANT : 0u) |
                          (detaches ? WILL_DETACH : 0u);
    fettle_sim_write_functional(
        writer, (uint8_t)attributes,
        (uint16_t)fettle_sim_option_of(board, OPTION_DETACH_TIMEOUT),
        (uint16_t)fettle_sim_option_of(board, OPTION_TRANSFER),
        (uint16_t)fettle_sim_option_of(board, OPTION_DFU_VERSION));
}

static void write_app_interfaces(fettle_sim_writer *writer)
{
    fettle_sim_write_interface(writer,
                               &(fettle_sim_interface_words){.bInterfaceClass = 0xff});
    fettle_sim_write_interface(writer,
                               &(fettle_sim_interface_words){
                                   .bInterfaceNumber = FETTLE_SIM_STRICT_APP_INTERFACE,
                                   .bInterfaceClass = 0xfe,
                                   .bInterfaceSubClass = 1,
                                   .bInterfaceProtocol = RUNTIME,
                               });
}

static void write_configuration(const fettle_sim_board *board, fettle_sim_writer *writer)
{
    uint64_t place = fettle_sim_option_of(board, OPTION_FUNCTIONAL);
    uint64_t alternates = fettle_sim_option_of(board, OPTION_ALTERNATES);
    fettle_sim_write_configuration(writer, is_app(board) ? 2 : 1);
    if (place == FUNCTIONAL_AFTER_CONFIG) {
        write_functional(board, writer);
    }
    if (is_app(board)) {
        write_app_interfaces(writer);
        alternates = 0;
    }
    for (unsigned i = 0; i < alternates; i++) {
        char name[SIM_STRING_SIZE];
        bool is_named = name_of(board, i, name, sizeof name);
        fettle_sim_write_interface(
            writer,
            &(fettle_sim_interface_words){
                .bAlternateSetting = (uint8_t)i,
                .bInterfaceClass = 0xfe,
                .bInterfaceSubClass = 1,
                .bInterfaceProtocol = (uint8_t)fettle_sim_option_of(board, OPTION_PROTOCOL),
                .iInterface = (uint8_t)(is_named ? FIRST_ALTERNATE_NAME + i : 0),
            });
        if (place == FUNCTIONAL_AFTER_EACH) {
            write_functional(board, writer);
        }
    }
    if (place == FUNCTIONAL_AFTER_INTERFACE ||
        (is_app(board) && place == FUNCTIONAL_AFTER_EACH)) {
        write_functional(board, writer);
    }
    fettle_sim_end_configuration(writer);
}

void fettle_sim_strict_describe(const fettle_sim_board *board, fettle_sight *sight)
{
    fettle_sim_writer writer = {sight->descriptors, 0, sizeof sight->descriptors};
    sight->kind = FETTLE_LINK_USB;
    sight->id = id_of(board);
    sight->bcdDevice = bcd_of(board);
    fettle_sim_copy_text(sight->manufacturer, sizeof sight->manufacturer, "Virtual");
    fettle_sim_copy_text(sight->product, sizeof sight->product, product_of(board));
    fettle_sim_copy_text(sight->serial, sizeof sight->serial, serial_of(board));
    write_device(board, &writer);
    write_configuration(board, &writer);
    sight->descriptors_size = writer.size;
}

/* ---- standard requests ---- */

static bool write_text(const fettle_sim_board *board, unsigned index,
                       fettle_sim_writer *writer)
{
    static const uint8_t languages[] = {4, 3, 0x09, 0x04};
    uint64_t alternates =
        is_app(board) ? 0 : fettle_sim_option_of(board, OPTION_ALTERNATES);
    char name[SIM_STRING_SIZE];
    switch (index) {
    case 0:
        fettle_sim_write(writer, languages, sizeof languages);
        return true;
    case 1:
        fettle_sim_write_string(writer, "Virtual");
        return true;
    case 2:
        fettle_sim_write_string(writer, product_of(board));
        return true;
    case 3:
        fettle_sim_write_string(writer, serial_of(board));
        return true;
    case SIM_VENDOR_REASON:
        fettle_sim_write_string(writer, "this memory is locked");
        return true;
    default:
        break;
    }
    if (index < FIRST_ALTERNATE_NAME || index - FIRST_ALTERNATE_NAME >= alternates ||
        !name_of(board, index - FIRST_ALTERNATE_NAME, name, sizeof name)) {
        return false;
    }
    fettle_sim_write_string(writer, name);
    return true;
}

static fettle_sim_reply get_descriptor(const fettle_sim_board *board,
                                       const fettle_control *control)
{
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
    case 3:
        is_known = write_text(board, control->wValue & 0xff, &writer);
        break;
    default:
        is_known = false;
        break;
    }
    return is_known ? fettle_sim_answer(control, bytes, writer.size, control->wLength)
                    : fettle_sim_say(FETTLE_STALL);
}

fettle_sim_reply fettle_sim_strict_obey_standard(fettle_sim_board *board,
                                                 const fettle_control *control)
{

    static const uint8_t no_status[2] = {0, 0};
    static const uint8_t configuration[1] = {1};
    const uint8_t alternate[1] = {is_app(board) ? 0 : board->strict.alternate};
    if ((control->bmRequestType & 0x60) != 0) {
        return fettle_sim_say(FETTLE_STALL);
    }
    switch (control->bRequest) {
    case GET_STATUS:
        return fettle_sim_answer(control, no_status, 2, 2);
    case GET_DESCRIPTOR:
        return get_descriptor(board, control);
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
