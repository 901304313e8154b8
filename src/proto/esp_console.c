/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The application that runs before the chip is brought into its loader, and what it says: by itself, because it has just started, or
 * because a few bytes were typed at its console. All that comes is text.
 *
 *   ask_console: write, read ... read until the caller has heard enough, or the time is over
 */
#include "proto/esp_wire.h"

/* No application will speak any more. */
static bool is_in_vain(const fettle_esp_heard *heard)
{
    return heard->waits_for_download || heard->has_invalid_header;
}

static bool has_enough(const fettle_esp *esp)
{
    const fettle_esp_heard *heard = &esp->heard;
    fettle_span text = {heard->text, heard->size};
    return is_in_vain(heard) || esp->is_enough(esp->enough_user, text);
}

static fettle_effect on_text(fettle_esp *esp, fettle_us now)
{
    esp->input_at = esp->input_size;
    if (now >= esp->deadline || has_enough(esp)) {
        return fettle_esp_done(esp, now);
    }
    fettle_effect effect = fettle_esp_read_on(esp);
    esp->then = on_text;
    return effect;
}

static fettle_effect on_typed(fettle_esp *esp, fettle_us now)
{
    fettle_effect effect =
        fettle_esp_await(esp, now + esp->listen_time, NULL, fettle_esp_done);
    esp->then = on_text;
    return effect;
}

/* What stood in the port already counts: it may be the start of just now. */
static fettle_effect type(fettle_esp *esp, fettle_us now)
{
    esp->is_connecting = true; /* all of it is text */
    return fettle_esp_write_bytes(esp, esp->typed, now, on_typed);
}

fettle_engine *fettle_esp_ask_console(fettle_esp *esp, fettle_span typed,
                                      fettle_esp_enough *is_enough, void *user,
                                      fettle_us time)
{
    fettle_esp_forget(esp);
    esp->typed = typed;
    esp->is_enough = is_enough;
    esp->enough_user = user;
    esp->listen_time = time;
    return fettle_esp_ready(esp, FETTLE_CLAUSE_ENTER, 0, type);
}
