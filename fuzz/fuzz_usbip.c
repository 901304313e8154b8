/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A USB/IP server that sends anything at all, in pieces of any size, to each of the client's receivers.
 *
 *   byte 0     which one (modulo 4): list, answer to an import, answers to requests, text
 *   byte 1     the largest piece, from 1
 *   the rest   what the server sends; for answers to requests its first byte is what is asked, see ask()
 *
 * Whatever comes, the receivers stay within their memory, want no byte of the next message, and what they
 * say is true of the bytes.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "os/usbip_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size, piece;
};

/* Moves the next piece to where it belongs; 0 once nothing is left. */
static size_t move_piece(struct input *input, uint8_t *room, size_t room_size)
{
    size_t count = input->piece < room_size ? input->piece : room_size;
    count = count < input->size ? count : input->size;
    assert(room_size > 0);
    if (count > 0) {
        memcpy(room, input->data, count);
    }
    input->data += count;
    input->size -= count;
    return count;
}

static void check_device(const fettle_usbip_device *device)
{
    size_t length = strlen(device->busid);
    assert(length < FETTLE_USBIP_BUSID_SIZE);
    assert(length == 0 || fettle_usbip_is_busid(device->busid, length));
    (void)length;
}

static void receive_list(struct input *input)
{
    fettle_usbip_list *list = calloc(1, sizeof *list);
    fettle_usbip_progress progress = FETTLE_USBIP_MORE;
    assert(list != NULL);
    while (progress == FETTLE_USBIP_MORE) {
        size_t room_size = 0;
        uint8_t *room = fettle_usbip_list_room(list, &room_size);
        size_t count = move_piece(input, room, room_size);
        if (count == 0) {
            break;
        }
        progress = fettle_usbip_list_take(list, count);
        assert(list->count <= FETTLE_USBIP_DEVICES_MAX);
    }
    for (size_t i = 0; i < list->count; i++) {
        check_device(&list->devices[i]);
    }
    free(list);
}

static void receive_reply(struct input *input)
{
    fettle_usbip_reply reply = {.status = 0};
    fettle_usbip_progress progress = FETTLE_USBIP_MORE;
    while (progress == FETTLE_USBIP_MORE) {
        size_t room_size = 0;
        uint8_t *room = fettle_usbip_reply_room(&reply, &room_size);
        size_t count = move_piece(input, room, room_size);
        if (count == 0) {
            break;
        }
        progress = fettle_usbip_reply_take(&reply, count);
    }
    check_device(&reply.device);
}

/* Eight requests 1, 3, ... 15: a bit each for IN; every other one is unlinked, as 2, 6, ... */
static void ask(fettle_usbip_inbox *inbox, uint8_t directions)
{
    for (uint32_t i = 0; i < FETTLE_USBIP_PENDING_MAX; i++) {
        uint32_t seqnum = 2 * i + 1;
        fettle_control control = {
            .bmRequestType = (uint8_t)((directions >> i & 1) << 7),
            .wLength = (uint16_t)(seqnum * seqnum),
        };
        bool is_new = fettle_usbip_inbox_expect(inbox, seqnum, &control);
        assert(is_new);
        if (i % 2 == 0) {
            is_new = fettle_usbip_inbox_expect_unlink(inbox, seqnum + 1, seqnum);
        }
        assert(is_new);
        (void)is_new;
    }
}

static void check_answer(const fettle_usbip_inbox *inbox, const fettle_usbip_answer *answer)
{
    assert(answer->seqnum % 2 == 1 && answer->seqnum <= 15);
    assert(answer->count <= (size_t)answer->seqnum * answer->seqnum);
    assert(answer->data == NULL ||
           answer->data + answer->count <= inbox->bytes + sizeof inbox->bytes);
    fettle_outcome outcome = fettle_usbip_outcome(answer->status, answer->count);
    assert((answer->status == 0) == (outcome.kind == FETTLE_OK));
    (void)inbox;
    (void)outcome;
}

static void receive_answers(struct input *input)
{
    fettle_usbip_inbox *inbox = calloc(1, sizeof *inbox);
    fettle_usbip_progress progress = FETTLE_USBIP_MORE;
    unsigned answers = 0;
    assert(inbox != NULL);
    if (input->size > 0) {
        ask(inbox, input->data[0]);
        input->data++;
        input->size--;
    }
    while (progress != FETTLE_USBIP_BROKEN) {
        size_t room_size = 0;
        fettle_usbip_answer answer;
        uint8_t *room = fettle_usbip_inbox_room(inbox, &room_size);
        size_t count = move_piece(input, room, room_size);
        if (count == 0) {
            break;
        }
        progress = fettle_usbip_inbox_take(inbox, count, &answer);
        if (progress == FETTLE_USBIP_WHOLE) {
            check_answer(inbox, &answer);
            answers++;
        }
        assert(answers <= 12); /* to eight requests and four unlinks */
    }
    free(inbox);
}

static void decode_text(const struct input *input)
{
    char text[FETTLE_TEXT_SIZE];
    size_t room = 1 + input->piece % sizeof text;
    fettle_usbip_decode_text(text, room, input->data, input->size);
    assert(strlen(text) < room);
    for (const char *at = text; *at != '\0';) {
        size_t length = fettle_utf8_length(at);
        assert(length > 0);
        at += length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct input input = {.data = data + 2, .size = size - 2, .piece = 1u + data[1]};
    switch (data[0] % 4) {
    case 0:
        receive_list(&input);
        break;
    case 1:
        receive_reply(&input);
        break;
    case 2:
        receive_answers(&input);
        break;
    default:
        decode_text(&input);
        break;
    }
    return 0;
}
