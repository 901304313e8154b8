/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Late answers, and the fence behind them.
 *
 * An answer names the opcode that it answers and nothing else. A request that was sent again because nothing came may
 * yet be answered twice, and the second of these answers would be taken for that to the next request of the same kind:
 * a hash of another range, a register of another address, an erasing that isn't over. And so would every later one.
 *
 * Answers come in the order of the requests. So the link counts what it is owed, and where an answer is still due,
 * it asks SYNC first, which harms nothing, which every loader knows in every mode, and whose answers can't be mistaken:
 * what comes before them is old.
 *
 *   discard -> write SYNC -> read ... read -> all answers to SYNC are here -> the request
 *                 ^              |             or no more of them come
 *                 +-- silence ---+
 *
 * Where the first sending was lost this costs one round trip. A chip that is slow may take its time for the request that it
 * has got twice before it comes to SYNC, and must not be given bytes of a block meanwhile, for which its ROM has
 * no room: it is waited for as long as that may take.
 */
#include "proto/esp_wire.h"

static fettle_esp_next send_fence;

/* ---- what is owed ---- */

void fettle_esp_note_sent(fettle_esp *esp)
{
    esp->is_answered = false;
    if (esp->awaited == SYNC) {
        esp->syncs_owed += SYNC_REPLIES;
    } else {
        esp->owed++;
        esp->owed_time = esp->reply_time;
    }
}

/* A SYNC that is sent while others may be answered yet tells nothing: it may be their answer. */
static void note_sync(fettle_esp *esp)
{
    esp->syncs_owed -= esp->syncs_owed > 0;
    if (esp->is_settling) {
        esp->owed = 0;
    }
}

void fettle_esp_note_answer(fettle_esp *esp)
{
    if (esp->awaited != SYNC) {
        esp->is_answered = true;
        esp->owed -= esp->owed > 0;
        esp->syncs_owed = 0;
    } else if (esp->answer == FETTLE_ESP_GOOD) {
        esp->is_answered = true;
        note_sync(esp);
    }
}

/* ---- the fence ---- */

static fettle_effect end_fence(fettle_esp *esp, fettle_us now)
{
    esp->owed = 0;
    return esp->on_fenced(esp, now);
}

/*
 * The first may have been lost; the second is given the time that the chip may need for what it still has to do. One that
 * has said nothing at all isn't waited for.
 */
static fettle_us fence_time(const fettle_esp *esp)
{
    fettle_us work = esp->owed * esp->owed_time;
    if (!esp->is_answered) {
        return REGISTER_TIME * patience_of(esp);
    }
    work = esp->fences_left == TRIES ? 0 : work < LONGEST_TIME ? work : LONGEST_TIME;
    return COMMAND_TIME * patience_of(esp) + work;
}

static bool is_sync_reply(fettle_esp *esp)
{
    size_t payload_size =
        esp->payload_size; /* of the request that waits behind the fence */
    bool is_one = fettle_esp_is_reply(esp, SYNC, 0) && esp->answer == FETTLE_ESP_GOOD;
    esp->payload_size = payload_size;
    return is_one;
}

/* Refusals count for nothing: of an opcode that a ROM doesn't know they may come as answers to SYNC. */
static fettle_effect on_frame(fettle_esp *esp, fettle_us now)
{
    if (!is_sync_reply(esp)) {
        esp->garbled += esp->reader.is_spoilt;
        return fettle_esp_on_stray(esp, now);
    }
    esp->syncs_owed -= esp->syncs_owed > 0;
    return esp->syncs_owed > 0 ? fettle_esp_await(esp, now + SYNC_TIME, on_frame, end_fence)
                               : end_fence(esp, now);
}

/* So quiet a line owes nothing any more. */
static fettle_effect on_silence(fettle_esp *esp, fettle_us now)
{
    bool is_last = !esp->is_answered || --esp->fences_left == 0;
    return is_last ? end_fence(esp, now) : send_fence(esp, now);
}

static fettle_effect on_written(fettle_esp *esp, fettle_us now)
{
    const size_t bytes = sizeof esp->fence + FETTLE_SLIP_FRAME_MAX(FETTLE_ESP_HEAD + 4);
    fettle_us until = now + fettle_esp_wire_time(esp, bytes) + fence_time(esp);
    return fettle_esp_await(esp, until, on_frame, on_silence);
}

static fettle_effect send_fence(fettle_esp *esp, fettle_us now)
{
    const esp_request request = fettle_esp_sync_request(SYNC_TIME);
    size_t size = fettle_esp_encode_into(esp->fence, sizeof esp->fence, &request);
    esp->syncs_owed += SYNC_REPLIES;
    return fettle_esp_write_bytes(esp, (fettle_span){esp->fence, size}, now, on_written);
}

fettle_effect fettle_esp_fenced(fettle_esp *esp, fettle_us now, fettle_esp_next *then)
{
    if (esp->awaited == SYNC) {
        esp->is_settling = esp->syncs_owed == 0;
        return then(esp, now);
    }
    if (esp->owed == 0) {
        return then(esp, now);
    }
    esp->on_fenced = then;
    esp->fences_left = TRIES;
    return fettle_esp_discard(esp, send_fence);
}
