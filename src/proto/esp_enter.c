/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into the loader, and contact with it.
 *
 *   connect:  reset, banner, sync x 5, again with the next sequence ... 7 resets, no_contact
 *   sync:     one request, eight replies; eight times 0 in them is how a stub says that it is one
 *
 * A chip whose boot text says that it started normally isn't asked to SYNC: the next reset is.
 */
#include "proto/esp_wire.h"

#include "base/text.h"

#include <string.h>

/* ---- sequences ---- */

/* The text up to the next "|", and where it goes on; an empty part is one of length 0. */
static const char *part_end(const char *text)
{
    while (*text != '\0' && *text != '|') {
        text++;
    }
    return text;
}

static bool take_level(const char **at, bool *level)
{
    if (**at != '0' && **at != '1') {
        return false;
    }
    *level = **at == '1';
    (*at)++;
    return true;
}

/* "0.05" seconds, to the microsecond. */
static bool take_seconds(const char **at, fettle_us *time)
{
    const fettle_us longest = 10 * SECOND;
    const char *begin = *at;
    fettle_us place = SECOND;
    bool is_fraction = false;
    *time = 0;
    for (; fettle_text_digit(**at) < 10 || (**at == '.' && !is_fraction); (*at)++) {
        if (**at == '.') {
            is_fraction = true;
        } else if (is_fraction) {
            place /= 10;
            *time += fettle_text_digit(**at) * place;
        } else {
            *time = *time * 10 + fettle_text_digit(**at) * SECOND;
        }
        if (*time > longest) {
            return false;
        }
    }
    return *at > begin && !(is_fraction && *at == begin + 1);
}

/* One part: moves the lines, or holds them. */
static bool take_part(const char *at, const char *end, fettle_esp_move *lines,
                      fettle_us *hold)
{
    char letter = *at++;
    bool is_good = false;
    *hold = 0;
    switch (letter) {
    case 'D':
    case 'd':
        is_good = take_level(&at, &lines->dtr);
        break;
    case 'R':
    case 'r':
        is_good = take_level(&at, &lines->rts);
        break;
    case 'U':
    case 'u':
        is_good = take_level(&at, &lines->dtr) && *at == ',';
        at += is_good;
        is_good = is_good && take_level(&at, &lines->rts);
        break;
    case 'W':
    case 'w':
        is_good = take_seconds(&at, hold);
        break;
    default:
        break;
    }
    return is_good && at == end;
}

static bool not_a_sequence(const char *text, fettle_error *err)
{
    char sentence[160] = "\"";
    (void)fettle_text_append_escaped(sentence, sizeof sentence, text);
    fettle_text_append(sentence, sizeof sentence,
                       "\" is no sequence for the control lines, as D0|R1|W0.1|D1|R0 is");
    fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = sentence});
    return false;
}

bool fettle_esp_sequence_parse(fettle_esp_sequence *sequence, const char *text,
                               fettle_error *err)
{
    fettle_esp_move lines = {.hold = 0};
    sequence->count = 0;
    for (const char *at = text;; at++) {
        const char *end = part_end(at);
        fettle_us hold = 0;
        bool is_empty = end == at;
        if (!is_empty && (!take_part(at, end, &lines, &hold) ||
                          sequence->count == FETTLE_ESP_MOVES_MAX)) {
            return not_a_sequence(text, err);
        }
        if (!is_empty && hold > 0 && sequence->count > 0) {
            sequence->moves[sequence->count - 1].hold += hold;
        } else if (!is_empty) {
            sequence->moves[sequence->count] = lines;
            sequence->moves[sequence->count++].hold = hold;
        }
        at = end;
        if (*at == '\0') {
            return sequence->count > 0 || not_a_sequence(text, err);
        }
    }
}

/* ---- the lines ---- */

static fettle_esp_next next_move, end_move;

static fettle_effect go_on_without(fettle_esp *esp, fettle_us now)
{
    esp->is_held = false;
    return esp->after_moves(esp, now);
}

static fettle_effect lines_failed(fettle_esp *esp, fettle_us now)
{
    esp->lines_failed = true;
    if (!esp->is_held) {
        return go_on_without(esp, now);
    }
    esp->then = esp->on_trouble = go_on_without;
    return (fettle_effect){.kind = FETTLE_EFFECT_LINES, .until = now + SECOND};
}

static fettle_effect hold_move(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_move *move = &esp->sequence.moves[esp->move];
    esp->is_held = move->dtr || move->rts;
    return move->hold > 0 ? fettle_esp_sleep(esp, now + move->hold, end_move)
                          : end_move(esp, now);
}

static bool is_reset(const fettle_esp_move *move)
{
    return move->rts && !move->dtr;
}

/* A chip with USB of its own isn't held in reset: its boot text is here before the move has ended. */
static bool speaks_at_once(const fettle_esp *esp)
{
    return !has_rate(esp) && esp->is_connecting;
}

/* While the chip is held in reset nobody speaks: what is here now was said before. */
static fettle_effect end_move(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_move *move = &esp->sequence.moves[esp->move++];
    bool is_in_reset = !speaks_at_once(esp) && is_reset(move) && move->hold > 0;
    return is_in_reset ? fettle_esp_discard(esp, next_move) : next_move(esp, now);
}

static fettle_effect make_move(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_move *move = &esp->sequence.moves[esp->move];
    esp->is_held |= move->dtr || move->rts;
    esp->then = hold_move;
    esp->on_trouble = lines_failed;
    return (fettle_effect){
        .kind = FETTLE_EFFECT_LINES,
        .until = now + SECOND,
        .lines = {.dtr = move->dtr, .rts = move->rts},
    };
}

static fettle_effect next_move(fettle_esp *esp, fettle_us now)
{
    if (esp->move == esp->sequence.count) {
        return esp->after_moves(esp, now);
    }
    const fettle_esp_move *move = &esp->sequence.moves[esp->move];
    bool resets = is_reset(move) && (esp->move == 0 || !is_reset(move - 1));
    return speaks_at_once(esp) && resets ? fettle_esp_discard(esp, make_move)
                                         : make_move(esp, now);
}

fettle_effect fettle_esp_pull(fettle_esp *esp, const char *sequence, fettle_us now,
                              fettle_esp_next *after)
{
    fettle_error error;
    if (!fettle_esp_sequence_parse(&esp->sequence, sequence, &error)) {
        esp->engine.error = error;
        return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
    }
    esp->move = 0;
    esp->after_moves = after;
    return next_move(esp, now);
}

/* ---- reset, banner, sync ---- */

static fettle_esp_next sync, on_synced;

/* Its own text says that it isn't in the loader: asking it is no use. */
static bool says_other_boot(const fettle_esp *esp)
{
    const fettle_esp_heard *heard = &esp->heard;
    const fettle_esp_chip *chip = heard->chip != NULL ? heard->chip : esp->setup.expected;
    const fettle_esp_strap *row =
        heard->has_boot && chip != NULL ? fettle_esp_strap_of(chip, heard->number) : NULL;
    return !esp->is_heard_old && !heard->waits_for_download && heard->has_boot &&
           (heard->says_normal_boot ||
            (row != NULL && row->boot != FETTLE_ESP_BOOT_DOWNLOAD));
}

/* Nothing in a banner is a reply; what is heard is all that counts. */
static fettle_effect on_banner(fettle_esp *esp, fettle_us now)
{
    esp->input_at = esp->input_size;
    bool is_told =
        !esp->is_heard_old && (esp->heard.waits_for_download || says_other_boot(esp));
    if (is_told || now >= esp->deadline) {
        return sync(esp, now);
    }
    fettle_effect effect = fettle_esp_read_on(esp);
    esp->then = on_banner;
    return effect;
}

static fettle_effect listen_to_banner(fettle_esp *esp, fettle_us now)
{
    fettle_effect effect = fettle_esp_await(esp, now + BANNER_TIME, NULL, sync);
    esp->then = on_banner;
    return effect;
}

/* ---- nobody answers ---- */

static fettle_effect end_without_contact(fettle_esp *esp, fettle_us now)
{
    (void)now;
    fettle_esp_keep_heard(esp);
    return fettle_esp_no_contact(esp);
}

static fettle_effect usual_baud(fettle_esp *esp, fettle_us now)
{
    (void)now;
    fettle_effect effect = fettle_esp_set_baud(esp, FETTLE_ESP_BAUD, end_without_contact);
    esp->on_trouble = end_without_contact;
    return effect;
}

static fettle_effect on_slow_text(fettle_esp *esp, fettle_us now)
{
    esp->input_at = esp->input_size;
    if (now >= esp->deadline) {
        return usual_baud(esp, now);
    }
    fettle_effect effect = fettle_esp_read_on(esp);
    esp->then = on_slow_text;
    return effect;
}

static fettle_effect hear_slow_text(fettle_esp *esp, fettle_us now)
{
    fettle_effect effect = fettle_esp_await(esp, now + SLOW_TEXT_TIME, NULL, usual_baud);
    esp->then = on_slow_text;
    return effect;
}

static fettle_effect reset_slowly(fettle_esp *esp, fettle_us now)
{
    esp->is_heard_old = true;
    return fettle_esp_pull(esp, esp->setup.resets[0], now, hear_slow_text);
}

/* Of a chip that may be here, and whose text is noise at the usual rate; 0: there is none. */
static uint32_t slow_baud(const fettle_esp *esp)
{
    for (size_t i = 0; i < esp->setup.chip_count; i++) {
        const fettle_esp_chip *chip = &esp->setup.chips[i];
        bool may_be = esp->setup.expected == NULL || esp->setup.expected == chip;
        if (may_be && chip->boot_baud != FETTLE_ESP_BAUD) {
            return chip->boot_baud;
        }
    }
    return 0;
}

/* What was noise may be a boot text at the rate of older chips: one more reset, to listen. */
static fettle_effect give_up(fettle_esp *esp, fettle_us now)
{
    fettle_esp_next *otherwise = esp->no_contact;
    uint32_t baud = slow_baud(esp);
    esp->no_contact = NULL;
    if (otherwise != NULL) {
        return otherwise(esp, now);
    }
    if (!has_rate(esp) || !can_reset(esp) || esp->has_heard_slow || baud == 0 ||
        !fettle_esp_heard_noise(esp)) {
        return end_without_contact(esp, now);
    }
    esp->has_heard_slow = true;
    fettle_effect effect = fettle_esp_set_baud(esp, baud, reset_slowly);
    esp->on_trouble = usual_baud;
    return effect;
}

static fettle_effect reset_once(fettle_esp *esp, fettle_us now)
{
    fettle_esp_keep_heard(esp);
    if (esp->resets >= esp->resets_max ||
        (esp->told.waits_for_download && esp->resets >= RESETS_WAITING_MAX)) {
        return give_up(esp, now);
    }
    size_t which = esp->resets++ % (can_reset(esp) ? esp->setup.reset_count : 1);
    esp->syncs = 0;
    esp->is_heard_old = true;
    return can_reset(esp)
               ? fettle_esp_pull(esp, esp->setup.resets[which], now, listen_to_banner)
               : sync(esp, now);
}

esp_request fettle_esp_sync_request(fettle_us time)
{
    static const uint8_t pattern[FETTLE_ESP_SYNC_SIZE] = {
        0x07, 0x07, 0x12, 0x20, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
        0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
        0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55};
    return (esp_request){.opcode = SYNC, .time = time, .data = {pattern, sizeof pattern}};
}

/* Longer and longer: a network or a slow bridge may need it. */
static fettle_effect sync(fettle_esp *esp, fettle_us now)
{
    static const fettle_us times[SYNCS_MAX] = {SYNC_TIME + 50 * MS, SYNC_TIME + 50 * MS,
                                               SYNC_TIME + 50 * MS, 250 * MS, 250 * MS};
    bool waits = !esp->is_heard_old && esp->heard.waits_for_download;
    unsigned most = waits ? SYNCS_WAITING_MAX : SYNCS_MAX;
    if (esp->syncs >= most || (can_reset(esp) && says_other_boot(esp))) {
        return reset_once(esp, now);
    }
    unsigned which = esp->syncs < SYNCS_MAX ? esp->syncs : SYNCS_MAX - 1;
    const esp_request request = fettle_esp_sync_request(times[which]);
    esp->syncs++;
    return fettle_esp_exchange(esp, &request, now, on_synced, sync);
}

/* All eight are alike. */
static void count_sync_reply(fettle_esp *esp)
{
    uint32_t value = fettle_esp_value(esp);
    esp->garbled += esp->sync_replies > 0 && value != esp->sync_value;
    esp->sync_value = value;
    esp->sync_replies++;
    esp->zeros += value == 0;
}

/* A new session: what was said on the way into it is no news any more. */
static fettle_effect end_sync(fettle_esp *esp, fettle_us now)
{
    esp->answer = FETTLE_ESP_GOOD;
    if (esp->is_connecting) {
        esp->is_connecting = false;
        esp->has_contact = true;
        esp->is_stub = esp->zeros == esp->sync_replies;
        esp->heard.size = 0;
        esp->heard.has_restarted = false;
        esp->told = (fettle_esp_heard){.size = 0};
        esp->is_heard_old = true;
        esp->no_contact = NULL;
    }
    return esp->after_contact(esp, now);
}

static fettle_effect on_more_sync(fettle_esp *esp, fettle_us now)
{
    if (fettle_esp_is_reply(esp, SYNC, 0) && esp->answer == FETTLE_ESP_GOOD) {
        fettle_esp_note_answer(esp);
        count_sync_reply(esp);
    } else {
        esp->garbled++;
    }
    bool is_all = esp->sync_replies == SYNC_REPLIES || ++esp->strays > STRAYS_MAX;
    return is_all ? end_sync(esp, now) : fettle_esp_read_on(esp);
}

static fettle_effect on_synced(fettle_esp *esp, fettle_us now)
{
    esp->zeros = esp->sync_replies = 0;
    count_sync_reply(esp);
    esp->garbled =
        esp->is_connecting ? 0 : esp->garbled; /* what came before was no frame */
    return fettle_esp_await(esp, now + SYNC_TIME, on_more_sync, end_sync);
}

/* ---- for the others ---- */

/* What a reset takes away. */
static void begin_contact(fettle_esp *esp)
{
    esp->is_connecting = true;
    esp->is_attached = esp->is_stub = false;
    esp->resets = 0;
    esp->is_heard_old = true;
}

fettle_effect fettle_esp_contact_at(fettle_esp *esp, uint32_t baud, fettle_us now,
                                    fettle_esp_next *after)
{
    begin_contact(esp);
    esp->after_contact = after;
    esp->resets_max = RESETS_MAX;
    return esp->baud != baud ? fettle_esp_set_baud(esp, baud, reset_once)
                             : reset_once(esp, now);
}

fettle_effect fettle_esp_contact(fettle_esp *esp, fettle_us now, fettle_esp_next *after)
{
    return fettle_esp_contact_at(esp, FETTLE_ESP_BAUD, now, after);
}

static fettle_effect still_silent(fettle_esp *esp, fettle_us now)
{
    esp->answer = FETTLE_ESP_SILENT;
    return esp->after_contact(esp, now);
}

fettle_effect fettle_esp_resync(fettle_esp *esp, fettle_us now, fettle_esp_next *after)
{
    esp_request request = fettle_esp_sync_request(250 * MS);
    request.tries = 8; /* the first may only end a frame that was cut */
    esp->after_contact = after;
    return fettle_esp_exchange(esp, &request, now, on_synced, still_silent);
}

/* ---- is it still there? ---- */

static fettle_effect on_knocked(fettle_esp *esp, fettle_us now)
{
    esp->answers = esp->answer == FETTLE_ESP_GOOD;
    esp->is_stub = esp->answers && esp->zeros == esp->sync_replies;
    return fettle_esp_done(esp, now);
}

static fettle_effect knock(fettle_esp *esp, fettle_us now)
{
    esp_request request = fettle_esp_sync_request(SYNC_TIME + 50 * MS);
    request.tries = 2; /* the first may only end a frame that was cut */
    esp->after_contact = on_knocked;
    return fettle_esp_exchange(esp, &request, now, on_synced, still_silent);
}

static fettle_effect set_old_baud(fettle_esp *esp, fettle_us now)
{
    return has_rate(esp) && esp->baud != esp->baud_before
               ? fettle_esp_set_baud(esp, esp->baud_before, knock)
               : knock(esp, now);
}

fettle_engine *fettle_esp_knock(fettle_esp *esp, uint32_t baud)
{
    esp->answers = false;
    esp->baud_before = baud;
    return fettle_esp_ready(esp, FETTLE_CLAUSE_CONFIRM, 0, set_old_baud);
}

/* ---- the verb ---- */

static fettle_effect connect_as_usual(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_contact(esp, now, fettle_esp_done);
}

static fettle_effect not_where_left(fettle_esp *esp, fettle_us now)
{
    esp->setup.has_lines = true;
    return end_without_contact(esp, now);
}

enum { LEFT_RESETS = 2 }; /* an earlier try's rate is soon given up */

static fettle_effect connect_where_left(fettle_esp *esp, fettle_us now)
{
    fettle_effect effect =
        fettle_esp_contact_at(esp, esp->setup.left_at, now, fettle_esp_done);
    esp->resets_max = LEFT_RESETS;
    return effect;
}

/* No reset of ours has reached it, so the lines may lead nowhere. */
static fettle_effect not_reset(fettle_esp *esp, fettle_us now)
{
    esp->setup.has_lines = false;
    esp->no_contact = not_where_left;
    return connect_where_left(esp, now);
}

/* A loader that nothing resets is still where an earlier try has left it. */
static fettle_effect connect(fettle_esp *esp, fettle_us now)
{
    bool may_be_left = has_rate(esp) && esp->setup.left_at > FETTLE_ESP_BAUD;
    if (!may_be_left) {
        return connect_as_usual(esp, now);
    }
    if (can_reset(esp)) {
        esp->no_contact = not_reset;
        return connect_as_usual(esp, now);
    }
    esp->no_contact = connect_as_usual;
    return connect_where_left(esp, now);
}

fettle_engine *fettle_esp_connect(fettle_esp *esp)
{
    fettle_esp_keep_heard(esp);
    fettle_esp_forget(esp);
    esp->lines_failed = false;
    esp->garbled = 0;
    esp->no_contact = NULL;
    return fettle_esp_ready(esp, FETTLE_CLAUSE_ENTER, 0, connect);
}

/* ---- listening ---- */

static fettle_effect on_text(fettle_esp *esp, fettle_us now)
{
    esp->input_at = esp->input_size;
    if (now >= esp->deadline) {
        return fettle_esp_done(esp, now);
    }
    fettle_effect effect = fettle_esp_read_on(esp);
    esp->then = on_text;
    return effect;
}

static fettle_effect begin_listening(fettle_esp *esp, fettle_us now)
{
    esp->is_connecting = true; /* all of it is text */
    fettle_effect effect =
        fettle_esp_await(esp, now + esp->listen_time, NULL, fettle_esp_done);
    esp->then = on_text;
    return effect;
}

static fettle_effect set_boot_baud(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_chip *chip = esp->identity.chip;
    uint32_t baud = chip != NULL ? chip->boot_baud : FETTLE_ESP_BAUD;
    return has_rate(esp) && esp->baud != baud
               ? fettle_esp_set_baud(esp, baud, begin_listening)
               : begin_listening(esp, now);
}

fettle_engine *fettle_esp_listen(fettle_esp *esp, fettle_us time)
{
    fettle_esp_forget(esp);
    esp->listen_time = time;
    return fettle_esp_ready(esp, FETTLE_CLAUSE_CONFIRM, 0, set_boot_baud);
}
