/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the ESP loader's engine talks: a frame goes out, and frames are read until the reply to its opcode
 * is here. Whatever else comes (boot text, late replies to SYNC, noise) is skipped, and what is no
 * frame is kept as evidence. exchange() is all that the other parts use; the state of the engine is the
 * function that runs when it has ended.
 *
 *   (fence) -> discard -> write -> read ... read -> on_good | otherwise
 *                 ^                  |
 *                 +-- again, owed++ -+   nothing came, or the line has changed what was sent
 *
 * Nothing comes unasked, so what is there before a request is sent is foreign and is thrown away: a reply
 * to READ_REG doesn't say to which register, and a late one would be taken for another. What isn't there yet
 * can't be thrown away: where more was sent than was answered, a fence comes first (esp_fence.c).
 */
#include "proto/esp_wire.h"

#include "base/text.h"

#include <string.h>

/* Replies to GET_SECURITY_INFO have one of two sizes. */
enum { SECURITY_INFO_LONG = 20, STATUS_SIZE = 2, DIRECTION_REPLY = 1 };

/* ---- frames ---- */

static uint8_t checksum_of(const esp_request *request)
{
    uint8_t sum = CHECKSUM_SEED;
    for (size_t i = 0; i < request->data.size; i++) {
        sum ^= request->data.data[i];
    }
    return request->padding % 2 == 0 ? sum : sum ^ 0xFF;
}

size_t fettle_esp_encode_into(uint8_t *bytes, size_t room, const esp_request *request)
{
    static const uint8_t erased = 0xFF;
    uint8_t head[FETTLE_ESP_HEAD + 4 * WORDS_MAX] = {0, request->opcode};
    size_t words = 4 * (size_t)request->word_count;
    size_t size = words + request->data.size + request->padding;
    fettle_slip_writer writer;

    assert(request->word_count <= WORDS_MAX);
    assert(size <= FETTLE_ESP_DATA_HEAD + FETTLE_ESP_BLOCK_STUB);
    fettle_put16(head + 2, (uint16_t)size);
    fettle_put32(head + 4, request->has_checksum ? checksum_of(request) : 0);
    for (unsigned i = 0; i < request->word_count; i++) {
        fettle_put32(head + FETTLE_ESP_HEAD + 4 * (size_t)i, request->words[i]);
    }
    fettle_slip_begin(&writer, bytes, room);
    fettle_slip_put(&writer, (fettle_span){head, FETTLE_ESP_HEAD + words});
    fettle_slip_put(&writer, request->data);
    for (size_t i = 0; i < request->padding; i++) {
        fettle_slip_put(&writer, (fettle_span){&erased, 1});
    }
    fettle_slip_end(&writer);
    return writer.size;
}

void fettle_esp_encode(fettle_esp_frame *frame, const esp_request *request)
{
    frame->size = fettle_esp_encode_into(frame->bytes, sizeof frame->bytes, request);
}

/* How long these bytes are on the line at least: a write is over when they are handed over. */
fettle_us fettle_esp_wire_time(const fettle_esp *esp, size_t size)
{
    const unsigned bits_per_byte = 10; /* 8N1 */
    return has_rate(esp) ? size * bits_per_byte * SECOND / esp->baud : 0;
}

/* ---- effects ---- */

static void forget_input(fettle_esp *esp)
{
    esp->input_at = esp->input_size = 0;
    fettle_slip_reader_init(&esp->reader, esp->reply, sizeof esp->reply);
}

fettle_effect fettle_esp_discard(fettle_esp *esp, fettle_esp_next *then)
{
    forget_input(esp);
    esp->then = then;
    return (fettle_effect){.kind = FETTLE_EFFECT_DISCARD};
}

fettle_effect fettle_esp_sleep(fettle_esp *esp, fettle_us until, fettle_esp_next *then)
{
    esp->then = then;
    return (fettle_effect){.kind = FETTLE_EFFECT_SLEEP, .until = until};
}

fettle_effect fettle_esp_set_baud(fettle_esp *esp, uint32_t baud, fettle_esp_next *then)
{
    esp->baud = baud;
    esp->then = then;
    return (fettle_effect){.kind = FETTLE_EFFECT_BAUD, .baud = baud};
}

fettle_effect fettle_esp_write_bytes(fettle_esp *esp, fettle_span bytes, fettle_us now,
                                     fettle_esp_next *then)
{
    esp->then = then;
    return (fettle_effect){
        .kind = FETTLE_EFFECT_WRITE,
        .until = now + fettle_esp_wire_time(esp, bytes.size) + HANDOVER_TIME,
        .write = {bytes.data, bytes.size},
    };
}

fettle_effect fettle_esp_send(fettle_esp *esp, fettle_us now, fettle_esp_next *then)
{
    const fettle_esp_frame *frame = &esp->frames[esp->frame];
    return fettle_esp_write_bytes(esp, (fettle_span){frame->bytes, frame->size}, now, then);
}

static fettle_effect take_frames(fettle_esp *esp, fettle_us now);

fettle_effect fettle_esp_read_on(fettle_esp *esp)
{
    esp->is_reading = true;
    esp->then = take_frames;
    return (fettle_effect){
        .kind = FETTLE_EFFECT_READ,
        .until = esp->deadline,
        .read = {esp->input, sizeof esp->input},
    };
}

fettle_effect fettle_esp_await(fettle_esp *esp, fettle_us until, fettle_esp_next *on_frame,
                               fettle_esp_next *on_silence)
{
    esp->deadline = until;
    esp->on_frame = on_frame;
    esp->on_silence = on_silence;
    esp->strays = esp->empty_reads = 0;
    return fettle_esp_read_on(esp);
}

/* ---- what has come ---- */

/* The chip's own word that it has been reset, outside of a reset that we gave it. */
static bool has_restarted(const fettle_esp *esp)
{
    return !esp->is_connecting && esp->heard.has_restarted;
}

static fettle_effect fail_restarted(fettle_esp *esp)
{
    esp->is_attached = esp->is_stub = false;
    return fettle_esp_refuse(esp, FETTLE_E_ESP_RESTARTED, NULL, NULL);
}

/* What stands in the reader is no frame any more: the end of text without an END. */
static void hear_rest(fettle_esp *esp)
{
    if (!esp->is_connecting && !esp->is_raw && !esp->reader.is_closed) {
        fettle_esp_hear(esp, (fettle_span){esp->reader.buffer, esp->reader.size});
    }
}

static fettle_effect silence(fettle_esp *esp, fettle_us now)
{
    hear_rest(esp);
    if (has_restarted(esp)) {
        return fail_restarted(esp);
    }
    return esp->on_silence(esp, now);
}

/* Boot text has no END in it; waiting for one would be waiting until the deadline. */
static bool shows_restart(const fettle_esp *esp)
{
    const fettle_slip_reader *reader = &esp->reader;
    return !esp->is_connecting && !esp->is_raw && !reader->is_closed && reader->size > 0 &&
           reader->buffer[0] != DIRECTION_REPLY &&
           fettle_esp_contains((fettle_span){reader->buffer, reader->size}, "rst:0x");
}

static fettle_effect take_frames(fettle_esp *esp, fettle_us now)
{
    while (esp->input_at < esp->input_size) {
        fettle_span left = {esp->input + esp->input_at, esp->input_size - esp->input_at};
        bool is_frame = false;
        esp->input_at += fettle_slip_read(&esp->reader, left, &is_frame);
        if (is_frame) {
            fettle_effect effect = esp->on_frame(esp, now);
            if (effect.kind != FETTLE_EFFECT_READ) {
                return effect;
            }
        }
    }
    if (now >= esp->deadline || shows_restart(esp)) { /* a line may babble for ever */
        return silence(esp, now);
    }
    return fettle_esp_read_on(esp);
}

fettle_effect fettle_esp_on_stray(fettle_esp *esp, fettle_us now)
{
    if (esp->reply[0] != DIRECTION_REPLY && !esp->is_connecting) {
        fettle_esp_hear(esp, (fettle_span){esp->reply, esp->reader.size});
    }
    return has_restarted(esp) || ++esp->strays > STRAYS_MAX ? silence(esp, now)
                                                            : fettle_esp_read_on(esp);
}

static bool is_error_of_length(const uint8_t *data, size_t size)
{
    return size >= STATUS_SIZE && data[0] != 0;
}

bool fettle_esp_is_reply(fettle_esp *esp, uint8_t opcode, size_t payload)
{
    const uint8_t *reply = esp->reply, *data = reply + FETTLE_ESP_HEAD;
    size_t size = esp->reader.size;
    if (esp->reader.is_spoilt || size < FETTLE_ESP_HEAD + STATUS_SIZE ||
        reply[0] != DIRECTION_REPLY || reply[1] != opcode) {
        return false;
    }
    size -= FETTLE_ESP_HEAD;
    bool is_info = opcode == GET_SECURITY_INFO;
    if (fettle_get16(reply + 2) != size && !(is_info && esp->is_stub)) {
        return false; /* a byte is missing, or one too many; some stubs are wrong themselves */
    }
    if (is_info && size >= SECURITY_INFO_LONG + STATUS_SIZE) {
        payload = SECURITY_INFO_LONG;
    }
    /* An error has no payload in front of it. */
    const uint8_t *status = size >= payload + STATUS_SIZE ? data + payload : data;
    if (status == data && payload > 0 && !is_error_of_length(data, size)) {
        return false;
    }
    esp->payload_size = payload;
    esp->answer = status[0] == 0 ? FETTLE_ESP_GOOD : FETTLE_ESP_REFUSED;
    if (esp->answer == FETTLE_ESP_REFUSED) {
        esp->status = (uint16_t)(status[0] << 8 | status[1]);
    }
    return true;
}

/* ---- exchange ---- */

/* All refusals of a ROM begin with 1. */
static bool is_no_status(const fettle_esp *esp)
{
    return !esp->is_stub && esp->status >> 8 != 1;
}

/* What every loader can tell of any place that we ask for: a refusal means that it was asked for another. */
static bool only_asks(uint8_t opcode)
{
    return opcode == READ_REG || opcode == READ_FLASH_SLOW || opcode == SPI_FLASH_MD5;
}

/* The frame didn't arrive as it was sent, so it was not carried out; or its answer didn't. */
static bool is_line_trouble(const fettle_esp *esp)
{
    switch (esp->status) {
    case STATUS_PARAMETER: /* without a checksum it is the address that has changed */
    case STATUS_FORMAT:
    case STATUS_CHECKSUM:
    case STATUS_SEND:
    case STATUS_RECEIVE:
    case STUB_LENGTH:
    case STUB_CHECKSUM:
    case STUB_COMMAND:
        return true;
    default:
        return is_no_status(esp) || only_asks(esp->awaited);
    }
}

static fettle_effect begin(fettle_esp *esp, fettle_us now);

static fettle_effect not_good(fettle_esp *esp, fettle_us now)
{
    bool may_repeat =
        esp->answer == FETTLE_ESP_SILENT || is_line_trouble(esp) || esp->is_probing;
    if (esp->tries_left > 1 && may_repeat) {
        esp->tries_left--;
        esp->repeats++;
        return begin(esp, now);
    }
    return esp->otherwise != NULL ? esp->otherwise(esp, now) : fettle_esp_fail(esp, now);
}

static fettle_effect on_no_reply(fettle_esp *esp, fettle_us now)
{
    esp->answer = FETTLE_ESP_SILENT;
    return not_good(esp, now);
}

/* A ROM may answer an opcode that it doesn't know under the opcode of SYNC. */
static bool is_unknown_opcode(fettle_esp *esp)
{
    return esp->is_probing && fettle_esp_is_reply(esp, esp->reply[1], 0) &&
           esp->answer == FETTLE_ESP_REFUSED && esp->status == STATUS_FORMAT;
}

static bool is_no_answer_to(const fettle_esp *esp)
{
    return is_no_status(esp) || (only_asks(esp->awaited) && !esp->is_probing);
}

/* Not a late answer, and not text, of which a frame begins at its END. */
static bool is_garbled(const fettle_esp *esp)
{
    return esp->reader.is_spoilt ||
           (esp->reader.size >= FETTLE_ESP_HEAD && esp->reply[0] == DIRECTION_REPLY &&
            esp->reply[1] == esp->awaited);
}

static fettle_effect on_frame(fettle_esp *esp, fettle_us now)
{
    if (fettle_esp_is_reply(esp, esp->awaited, esp->payload_size) ||
        is_unknown_opcode(esp)) {
        fettle_esp_note_answer(esp);
        esp->garbled += esp->answer == FETTLE_ESP_REFUSED && is_no_answer_to(esp);
        return esp->answer == FETTLE_ESP_GOOD ? esp->on_good(esp, now) : not_good(esp, now);
    }
    esp->garbled += is_garbled(esp);
    return fettle_esp_on_stray(esp, now);
}

static fettle_effect on_written(fettle_esp *esp, fettle_us now)
{
    size_t bytes = esp->frames[esp->frame].size +
                   FETTLE_SLIP_FRAME_MAX(esp->payload_size + FETTLE_ESP_HEAD + 4);
    fettle_us until = now + fettle_esp_wire_time(esp, bytes) + esp->reply_time;
    if (esp->meanwhile != NULL) {
        esp->meanwhile(esp);
    }
    return fettle_esp_await(esp, until, on_frame, on_no_reply);
}

static fettle_effect transmit(fettle_esp *esp, fettle_us now)
{
    fettle_esp_note_sent(esp);
    return fettle_esp_send(esp, now, on_written);
}

/* Until there is contact, what has come is what the sentence of a failure is made of. */
static fettle_effect begin(fettle_esp *esp, fettle_us now)
{
    return esp->is_connecting ? transmit(esp, now) : fettle_esp_discard(esp, transmit);
}

fettle_effect fettle_esp_exchange_prepared(fettle_esp *esp, const esp_request *request,
                                           fettle_us now, fettle_esp_next *then,
                                           fettle_esp_next *otherwise)
{
    esp->awaited = request->opcode;
    esp->payload_size = request->payload;
    esp->is_probing = request->is_probe;
    esp->tries_left = request->tries;
    esp->reply_time = (request->time > 0 ? request->time : COMMAND_TIME) * patience_of(esp);
    esp->on_good = then;
    esp->otherwise = otherwise;
    return fettle_esp_fenced(esp, now, begin);
}

fettle_effect fettle_esp_exchange(fettle_esp *esp, const esp_request *request,
                                  fettle_us now, fettle_esp_next *then,
                                  fettle_esp_next *otherwise)
{
    esp->meanwhile = NULL;
    fettle_esp_encode(&esp->frames[esp->frame], request);
    return fettle_esp_exchange_prepared(esp, request, now, then, otherwise);
}

/* ---- registers ---- */

fettle_effect fettle_esp_read_register(fettle_esp *esp, uint32_t address, fettle_us now,
                                       fettle_esp_next *then, fettle_esp_next *otherwise)
{
    const esp_request request = {.opcode = READ_REG,
                                 .tries = TRIES,
                                 .time = REGISTER_TIME,
                                 .word_count = 1,
                                 .words = {address}};
    return fettle_esp_exchange(esp, &request, now, then, otherwise);
}

esp_request fettle_esp_write_registers(const uint32_t (*writes)[4], size_t count)
{
    esp_request request = {.opcode = WRITE_REG, .tries = TRIES, .time = REGISTER_TIME};
    assert(count * 4 <= WORDS_MAX);
    request.word_count = (unsigned)count * 4;
    memcpy(request.words, writes, count * sizeof *writes);
    return request;
}

uint32_t fettle_esp_value(const fettle_esp *esp)
{
    return fettle_get32(esp->reply + 4);
}

fettle_us fettle_esp_time_for(uint64_t bytes, fettle_us per_mb)
{
    fettle_us time = bytes * per_mb / MEGA;
    return time < COMMAND_TIME ? COMMAND_TIME : time > LONGEST_TIME ? LONGEST_TIME : time;
}

/* ---- ends ---- */

static fettle_effect failed(void)
{
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

/* The error is set. No line is left pulled: the chip would be held in reset. */
static fettle_effect end_badly(fettle_esp *esp)
{
    fettle_error *error = &esp->engine.error;
    fettle_error_wrap(error, esp->doing, &esp->words);
    fettle_esp_put_evidence(esp, error);
    esp->is_connecting = false;
    if (!esp->is_held || error->code == FETTLE_E_BOARD_LEFT) {
        return failed();
    }
    esp->is_held = false;
    esp->is_failing = true;
    return (fettle_effect){.kind = FETTLE_EFFECT_LINES};
}

fettle_effect fettle_esp_fail_with(fettle_esp *esp, const fettle_outcome *last)
{
    (void)fettle_fail(&esp->engine, last, FETTLE_CLAUSE_COUNT, NULL);
    return end_badly(esp);
}

/* What was concluded from answers of which too many were damaged says something of the line. */
static bool is_conclusion(fettle_code code)
{
    switch (code) {
    case FETTLE_E_NO_ANSWER:
    case FETTLE_E_UNEXPECTED_ANSWER:
    case FETTLE_E_ESP_UNKNOWN_CHIP:
    case FETTLE_E_ESP_OTHER_CHIP:
    case FETTLE_E_ESP_FLASH_SILENT:
        return true;
    default:
        return false;
    }
}

fettle_effect fettle_esp_refuse(fettle_esp *esp, fettle_code code, const char *text,
                                const char *text2)
{
    if (esp->garbled >= GARBLED_MANY && is_conclusion(code)) {
        code = FETTLE_E_LINE_NOISE;
    }
    fettle_error_set(&esp->engine.error, code,
                     &(fettle_words){.text = text, .text2 = text2});
    return end_badly(esp);
}

/* The loader's own reason, as it was received. */
static fettle_effect fail_with_status(fettle_esp *esp)
{
    char status[64] = "";
    const char *name = fettle_esp_status_name(esp->status);
    fettle_text_append_hex(status, sizeof status, esp->status, 4);
    if (name != NULL) {
        fettle_text_append(status, sizeof status, " (");
        fettle_text_append(status, sizeof status, name);
        fettle_text_append(status, sizeof status, ")");
    }
    fettle_error_set(
        &esp->engine.error, FETTLE_E_BOARD_REFUSED,
        &(fettle_words){.status = status, .state = fettle_esp_opcode_name(esp->awaited)});
    esp->engine.error.device_kind = esp->is_stub ? FETTLE_STATUS_STUB : FETTLE_STATUS_ROM;
    esp->engine.error.device = esp->status;
    return end_badly(esp);
}

fettle_effect fettle_esp_fail(fettle_esp *esp, fettle_us now)
{
    bool was_heard = esp->answer == FETTLE_ESP_REFUSED;
    (void)now;
    bool is_noise =
        is_no_status(esp) || (esp->garbled >= GARBLED_MANY && is_line_trouble(esp));
    esp->garbled += was_heard && is_no_status(esp) ? GARBLED_MANY : 0;
    return was_heard && !is_noise ? fail_with_status(esp)
                                  : fettle_esp_refuse(esp, FETTLE_E_NO_ANSWER, NULL, NULL);
}

fettle_effect fettle_esp_done(fettle_esp *esp, fettle_us now)
{
    (void)now;
    return fettle_done(&esp->engine);
}

void fettle_esp_progress(fettle_esp *esp, size_t done)
{
    if (done > esp->engine.done && done <= esp->engine.total) {
        esp->engine.done = (uint32_t)done;
    }
}

/* ---- the engine ---- */

static void take_input(fettle_esp *esp, size_t count)
{
    esp->input_at = 0;
    esp->input_size = count < sizeof esp->input ? count : sizeof esp->input;
    esp->empty_reads = count > 0 ? 0 : esp->empty_reads + 1;
    if (esp->is_connecting) {
        fettle_esp_hear(esp, (fettle_span){esp->input, esp->input_size});
    }
}

static fettle_effect go_on(fettle_esp *esp, const fettle_outcome *last, fettle_us now)
{
    bool was_reading = esp->is_reading;
    fettle_esp_next *on_trouble = esp->on_trouble;

    esp->is_reading = false;
    esp->on_trouble = NULL;
    if (esp->is_failing) {
        return failed();
    }
    if (last == NULL) {
        return esp->then(esp, now);
    }
    if (last->kind == FETTLE_OK) {
        if (was_reading) {
            take_input(esp, last->count);
        }
        return was_reading && esp->empty_reads > EMPTY_READS_MAX ? silence(esp, now)
                                                                 : esp->then(esp, now);
    }
    if (last->kind == FETTLE_TIMEOUT && was_reading) {
        return silence(esp, now);
    }
    if (last->kind == FETTLE_ERROR && on_trouble != NULL) {
        return on_trouble(esp, now);
    }
    if (last->kind == FETTLE_GONE && esp->on_gone != NULL) {
        return esp->on_gone(esp, now);
    }
    return fettle_esp_fail_with(esp, last);
}

static fettle_effect step(fettle_engine *engine, const fettle_outcome *last, fettle_us now)
{
    fettle_esp *esp = (fettle_esp *)engine;
    fettle_effect effect = go_on(esp, last, now);
    effect.ask = esp->ask;
    return effect;
}

fettle_engine *fettle_esp_ready(fettle_esp *esp, fettle_clause doing, uint32_t total,
                                fettle_esp_next *first)
{
    esp->engine = (fettle_engine){.step = step, .total = total};
    esp->doing = doing;
    esp->words = (fettle_words){.board = NULL};
    esp->then = first;
    esp->on_trouble = esp->on_gone = NULL;
    esp->meanwhile = NULL;
    esp->restarts = esp->resends = 0;
    esp->is_reading = esp->is_raw = esp->is_connecting = esp->is_failing = false;
    esp->is_prepared = false;
    forget_input(esp);
    return &esp->engine;
}

void fettle_esp_init(fettle_esp *esp, const fettle_esp_setup *setup)
{
    memset(esp, 0, sizeof *esp);
    esp->setup = *setup;
    esp->baud = FETTLE_ESP_BAUD;
    forget_input(esp);
}
