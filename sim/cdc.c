/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shield's application as a USB device: CDC-ACM, descriptors and endpoint 0. It answers what USB 2.0
 * chapter 9 wants of every device, and the requests of CDC PSTN 1.2 section 6.3 that set up a serial
 * line; the line itself is in line.c. Whoever opens the board in a process has that line only, as
 * behind a system's driver: these requests come from hosts beyond one (sim/serve).
 */
#include "internal.h"

#include "base/bytes.h"

#include <string.h>

enum { SET_LINE_CODING = 0x20, GET_LINE_CODING = 0x21, SET_CONTROL_LINE_STATE = 0x22 };
enum { DEVICE_SIZE = 18, DESCRIPTORS_MAX = 256, INTERFACES = 2, LINE_CODING_SIZE = 7 };

/* ---- descriptors ---- */

fettle_usb_id fettle_sim_cdc_id(const fettle_sim_board *board)
{
    return (fettle_usb_id){SIM_MICROCHIP, board->model->app_product};
}

static void write_endpoint(fettle_sim_writer *writer, unsigned address, unsigned attributes,
                           unsigned packet, unsigned interval)
{
    fettle_sim_write8(writer, 7);
    fettle_sim_write8(writer, 5);
    fettle_sim_write8(writer, address);
    fettle_sim_write8(writer, attributes);
    fettle_sim_write16(writer, packet);
    fettle_sim_write8(writer, interval);
}

/* CDC 1.2 with the abstract control model (PSTN 1.2). */
void fettle_sim_cdc_write(const fettle_sim_board *board, fettle_sim_writer *writer)
{
    static const uint8_t functional[] = {
        5, 0x24, 0x00, 0x10, 0x01, /* header, CDC 1.10 */
        4, 0x24, 0x02, 0x02,       /* abstract control: line coding and state */
        5, 0x24, 0x06, 0,    1,    /* union of interfaces 0 and 1 */
        5, 0x24, 0x01, 0,    1,    /* call management */
    };
    fettle_sim_write_device(
        writer, &(fettle_sim_device_words){
                    .bcdUSB = 0x0200,
                    .bDeviceClass = 2,
                    .id = fettle_sim_cdc_id(board),
                    .bcdDevice = (uint16_t)fettle_sim_option_of(board, OPTION_VERSION),
                    .has_strings = true,
                });
    fettle_sim_write_configuration(writer, INTERFACES);
    fettle_sim_write_interface(writer, &(fettle_sim_interface_words){
                                           .bNumEndpoints = 1,
                                           .bInterfaceClass = 2,
                                           .bInterfaceSubClass = 2,
                                           .bInterfaceProtocol = 1,
                                       });
    fettle_sim_write(writer, functional, sizeof functional);
    write_endpoint(writer, 0x81, 3, 10, 2);
    fettle_sim_write_interface(writer, &(fettle_sim_interface_words){
                                           .bInterfaceNumber = 1,
                                           .bNumEndpoints = 2,
                                           .bInterfaceClass = 10,
                                       });
    write_endpoint(writer, 0x02, 2, 64, 0);
    write_endpoint(writer, 0x82, 2, 64, 0);
    fettle_sim_end_configuration(writer);
}

/* ---- standard requests ---- */

static fettle_sim_reply answer(const fettle_control *control, const uint8_t *bytes,
                               size_t size)
{
    return fettle_sim_answer(control, bytes, size, control->wLength);
}

static fettle_sim_reply answer_string(const fettle_sim_board *board,
                                      const fettle_control *control)
{
    static const uint8_t languages[] = {4, 3, 0x09, 0x04};
    const char *const texts[] = {"Pycom", board->model->product, board->serial};
    unsigned index = control->wValue & 0xff;
    if (index == 0) {
        return answer(control, languages, sizeof languages);
    }
    if (index > sizeof texts / sizeof texts[0]) {
        return fettle_sim_say(FETTLE_STALL);
    }
    uint8_t bytes[256];
    fettle_sim_writer writer = {bytes, 0, sizeof bytes};
    fettle_sim_write_string(&writer, texts[index - 1]);
    return answer(control, bytes, writer.size);
}

static fettle_sim_reply answer_descriptor(const fettle_sim_board *board,
                                          const fettle_control *control)
{
    uint8_t bytes[DESCRIPTORS_MAX];
    fettle_sim_writer writer = {bytes, 0, sizeof bytes};
    fettle_sim_cdc_write(board, &writer);
    bytes[11] ^= board->shows_other_ids ? 0x80 : 0; /* high byte of idProduct */
    switch (control->wValue >> 8) {
    case 1:
        return answer(control, bytes, DEVICE_SIZE);
    case 2:
        return answer(control, bytes + DEVICE_SIZE, writer.size - DEVICE_SIZE);
    case 3:
        return answer_string(board, control);
    default:
        return fettle_sim_say(FETTLE_STALL);
    }
}

static fettle_sim_reply obey_standard(const fettle_sim_board *board,
                                      const fettle_control *control)
{
    static const uint8_t zeros[2] = {0, 0};
    static const uint8_t one[1] = {1};
    bool is_known;
    switch (control->bRequest) {
    case GET_DESCRIPTOR:
        return answer_descriptor(board, control);
    case GET_STATUS:
        return answer(control, zeros, 2);
    case GET_CONFIGURATION:
        return answer(control, one, 1);
    case GET_INTERFACE:
        return answer(control, zeros, 1);
    case SET_INTERFACE:
        is_known = control->wIndex < INTERFACES && control->wValue == 0;
        return fettle_sim_say(is_known ? FETTLE_OK : FETTLE_STALL);
    case SET_CONFIGURATION:
        return fettle_sim_say(control->wValue <= 1 ? FETTLE_OK : FETTLE_STALL);
    case SET_ADDRESS:
    case CLEAR_FEATURE:
    case SET_FEATURE:
        return fettle_sim_say(FETTLE_OK);
    default:
        return fettle_sim_say(FETTLE_STALL);
    }
}

/* ---- the serial line's ---- */

/* dwDTERate, bCharFormat, bParityType, bDataBits (section 6.3.11). */
static fettle_sim_reply set_line_coding(fettle_sim_board *board,
                                        const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    if (control->out == NULL || control->wLength != LINE_CODING_SIZE ||
        fettle_get32(control->out) == 0) {
        return fettle_sim_say(FETTLE_STALL);
    }
    board->line.bCharFormat = control->out[4];
    board->line.bParityType = control->out[5];
    uint32_t dwDTERate = fettle_get32(control->out);
    uint8_t bDataBits = control->out[6];
    if (board->esp != NULL) {
        fettle_sim_esp_set_coding(board->esp, dwDTERate, bDataBits, request->now);
    } else {
        fettle_sim_line_set_coding(board, dwDTERate, bDataBits, request->now);
    }
    return (fettle_sim_reply){.kind = FETTLE_OK, .count = LINE_CODING_SIZE};
}

static fettle_sim_reply get_line_coding(const fettle_sim_board *board,
                                        const fettle_control *control)
{
    const fettle_sim_serial_line *line = &board->line;
    uint8_t coding[LINE_CODING_SIZE];
    fettle_put32(coding, line->told.baud);
    coding[4] = line->bCharFormat;
    coding[5] = line->bParityType;
    coding[6] = line->told.data_bits;
    return answer(control, coding, sizeof coding);
}

static fettle_sim_reply obey_class(fettle_sim_board *board,
                                   const fettle_sim_request *request)
{
    const fettle_control *control = request->control;
    bool is_in = (control->bmRequestType & 0x80) != 0;
    if (control->bRequest == SET_LINE_CODING && !is_in) {
        return set_line_coding(board, request);
    }
    if (control->bRequest == GET_LINE_CODING && is_in) {
        return get_line_coding(board, control);
    }
    if (control->bRequest == SET_CONTROL_LINE_STATE && !is_in) {
        fettle_sim_line_set_lines(board, (control->wValue & 1) != 0,
                                  (control->wValue & 2) != 0, request->now);
        return fettle_sim_say(FETTLE_OK);
    }
    return fettle_sim_say(FETTLE_STALL);
}

fettle_sim_reply fettle_sim_cdc_obey(fettle_sim_board *board,
                                     const fettle_sim_request *request)
{
    switch (request->control->bmRequestType & 0x60) {
    case 0x00:
        return obey_standard(board, request->control);
    case 0x20:
        return obey_class(board, request);
    default:
        return fettle_sim_say(FETTLE_STALL);
    }
}
