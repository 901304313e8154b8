/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoint 0 of a CDC-ACM device: what USB 2.0 chapter 9 wants of every device, and the requests of
 * CDC PSTN 1.2 section 6.3 that set up a serial line. Descriptors and strings are those that the
 * board shows the bus.
 */
#include "face.h"

#include "base/bytes.h"
#include "sim/internal.h"

#include <string.h>

enum {
    GET_STATUS = 0,
    CLEAR_FEATURE = 1,
    SET_FEATURE = 3,
    GET_DESCRIPTOR = 6,
    GET_CONFIGURATION = 8,
    SET_CONFIGURATION = 9,
    GET_INTERFACE = 10,
    SET_INTERFACE = 11,
};
enum { SET_LINE_CODING = 0x20, GET_LINE_CODING = 0x21, SET_CONTROL_LINE_STATE = 0x22 };
enum { DEVICE_SIZE = 18, INTERFACES = 2 };

void fettle_sim_face_init(fettle_sim_face *face, const fettle_sight *sight,
                          const fettle_link *link)
{
    *face = (fettle_sim_face){.sight = sight, .link = link};
    face->line_coding[6] = 8; /* bDataBits */
}

static fettle_outcome say(fettle_outcome_kind kind)
{
    return (fettle_outcome){.kind = kind};
}

static fettle_outcome answer(const fettle_control *control, const uint8_t *bytes,
                             size_t size)
{
    if (control->in == NULL) {
        return say(control->wLength == 0 ? FETTLE_OK : FETTLE_STALL);
    }
    size_t count = size < control->wLength ? size : control->wLength;
    memcpy(control->in, bytes, count);
    return (fettle_outcome){.kind = FETTLE_OK, .count = count};
}

static fettle_outcome answer_string(const fettle_sight *sight,
                                    const fettle_control *control)
{
    static const uint8_t languages[] = {4, 3, 0x09, 0x04};
    const char *const texts[] = {sight->manufacturer, sight->product, sight->serial};
    unsigned index = control->wValue & 0xff;
    if (index == 0) {
        return answer(control, languages, sizeof languages);
    }
    if (index > sizeof texts / sizeof texts[0]) {
        return say(FETTLE_STALL);
    }
    uint8_t bytes[256];
    fettle_sim_writer writer = {bytes, 0, sizeof bytes};
    fettle_sim_write_string(&writer, texts[index - 1]);
    return answer(control, bytes, writer.size);
}

static fettle_outcome answer_descriptor(const fettle_sight *sight,
                                        const fettle_control *control)
{
    switch (control->wValue >> 8) {
    case 1:
        return answer(control, sight->descriptors, DEVICE_SIZE);
    case 2:
        return answer(control, sight->descriptors + DEVICE_SIZE,
                      sight->descriptors_size - DEVICE_SIZE);
    case 3:
        return answer_string(sight, control);
    default:
        return say(FETTLE_STALL);
    }
}

static fettle_outcome obey_standard(const fettle_sim_face *face,
                                    const fettle_control *control)
{
    static const uint8_t zeros[2] = {0, 0};
    bool is_known;
    switch (control->bRequest) {
    case GET_DESCRIPTOR:
        return answer_descriptor(face->sight, control);
    case GET_STATUS:
        return answer(control, zeros, 2);
    case GET_CONFIGURATION:
        return answer(control, face->sight->descriptors + DEVICE_SIZE + 5, 1);
    case GET_INTERFACE:
        return answer(control, zeros, 1);
    case SET_INTERFACE:
        is_known = control->wIndex < INTERFACES && control->wValue == 0;
        return say(is_known ? FETTLE_OK : FETTLE_STALL);
    case SET_CONFIGURATION:
        return say(control->wValue <= 1 ? FETTLE_OK : FETTLE_STALL);
    case CLEAR_FEATURE:
    case SET_FEATURE:
        return say(FETTLE_OK);
    default:
        return say(FETTLE_STALL);
    }
}

/* dwDTERate, bCharFormat, bParityType, bDataBits: the line has one stop bit and no parity. */
static fettle_outcome set_line_coding(fettle_sim_face *face, const fettle_control *control)
{
    const fettle_link *link = face->link;
    if (control->out == NULL || control->wLength != sizeof face->line_coding) {
        return say(FETTLE_STALL);
    }
    memcpy(face->line_coding, control->out, sizeof face->line_coding);
    fettle_outcome outcome =
        link->serial->set_baud(link->self, fettle_get32(face->line_coding));
    if (outcome.kind == FETTLE_OK) {
        outcome = link->serial->set_format(link->self, face->line_coding[6]);
    }
    outcome.count = control->wLength;
    return outcome;
}

static fettle_outcome obey_class(fettle_sim_face *face, const fettle_control *control)
{
    const fettle_link *link = face->link;
    bool is_in = (control->bmRequestType & 0x80) != 0;
    switch (control->bRequest) {
    case SET_LINE_CODING:
        return is_in ? say(FETTLE_STALL) : set_line_coding(face, control);
    case GET_LINE_CODING:
        return is_in ? answer(control, face->line_coding, sizeof face->line_coding)
                     : say(FETTLE_STALL);
    case SET_CONTROL_LINE_STATE:
        return is_in ? say(FETTLE_STALL)
                     : link->serial->set_lines(link->self, (control->wValue & 1) != 0,
                                               (control->wValue & 2) != 0);
    default:
        return say(FETTLE_STALL);
    }
}

fettle_outcome fettle_sim_face_control(fettle_sim_face *face, const fettle_control *control)
{
    switch (control->bmRequestType & 0x60) {
    case 0x00:
        return obey_standard(face, control);
    case 0x20:
        return obey_class(face, control);
    default:
        return say(FETTLE_STALL);
    }
}
