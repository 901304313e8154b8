/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port that answers from a record. The record may come from anyone, so it is read with the same
 * care as a firmware file: every number has a limit, what comes in must have room, every text ends.
 * Time stands still between two lines; a line's stamp is the time once its effect is performed.
 */
#include "run/run.h"

#include "run/line.h"

#include <string.h>

/* A part of the text that is still to be read; all of them end where the line ends. */
struct words {
    const char *text;
    size_t size;
};

static bool skip(struct words *words, const char *text)
{
    size_t length = strlen(text);
    if (words->size < length || memcmp(words->text, text, length) != 0) {
        return false;
    }
    words->text += length;
    words->size -= length;
    return true;
}

/* ---- words ---- */

/* Up to the next blank, without it. */
static struct words take_word(struct words *words)
{
    struct words word = {words->text, 0};
    while (word.size < words->size && word.text[word.size] != ' ') {
        word.size++;
    }
    words->text += word.size;
    words->size -= word.size;
    return word;
}

static bool read_number(struct words *words, uint64_t max, uint64_t *number)
{
    struct words word = take_word(words);
    uint64_t value = 0;
    for (size_t i = 0; i < word.size; i++) {
        if (word.text[i] < '0' || word.text[i] > '9') {
            return false;
        }
        uint64_t digit = (uint64_t)(word.text[i] - '0');
        if (digit > max || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *number = value;
    return word.size > 0;
}

static bool read_signed(struct words *words, long *number)
{
    uint64_t value = 0;
    bool is_negative = skip(words, "-");
    if (!read_number(words, INT32_MAX, &value)) {
        return false;
    }
    *number = is_negative ? -(long)value : (long)value;
    return true;
}

static bool read_digit(struct words *words, unsigned *digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found =
        words->size > 0 && words->text[0] != '\0' ? strchr(digits, words->text[0]) : NULL;
    if (found == NULL) {
        return false;
    }
    words->text++;
    words->size--;
    *digit = (unsigned)(found - digits);
    return true;
}

static bool read_byte(struct words *words, uint8_t *byte)
{
    unsigned high = 0, low = 0;
    if (!read_digit(words, &high) || !read_digit(words, &low)) {
        return false;
    }
    *byte = (uint8_t)(high << 4 | low);
    return true;
}

static bool read_hex16(struct words *words, uint16_t *number)
{
    uint8_t high = 0, low = 0;
    if (!read_byte(words, &high) || !read_byte(words, &low)) {
        return false;
    }
    *number = (uint16_t)(high << 8 | low);
    return true;
}

/* All of the word, `room` bytes at most. */
static bool read_bytes(struct words *words, uint8_t *bytes, size_t room, size_t *size)
{
    struct words word = take_word(words);
    *size = word.size / 2;
    if (word.size % 2 != 0 || *size > room) {
        return false;
    }
    for (size_t i = 0; i < *size; i++) {
        if (!read_byte(&word, &bytes[i])) {
            return false;
        }
    }
    return true;
}

/* The next character of a word, which is not empty. */
static bool read_character(struct words *word, char *character)
{
    uint8_t byte = (uint8_t)word->text[0];
    if (skip(word, "%")) {
        if (!read_byte(word, &byte)) {
            return false;
        }
    } else {
        word->text++;
        word->size--;
    }
    *character = (char)byte;
    return byte != '\0';
}

static bool read_text(struct words *words, char *text, size_t room)
{
    struct words word = take_word(words);
    size_t length = 0;
    while (word.size > 0) {
        if (length + 1 >= room || !read_character(&word, &text[length])) {
            return false;
        }
        length++;
    }
    text[length] = '\0';
    return true;
}

static bool read_name(struct words *words, const char *name_of(unsigned number),
                      unsigned *number)
{
    struct words word = take_word(words);
    const char *name;
    for (unsigned i = 0; (name = name_of(i)) != NULL; i++) {
        if (strlen(name) == word.size && memcmp(name, word.text, word.size) == 0) {
            *number = i;
            return true;
        }
    }
    return false;
}

/* ---- outcomes ---- */

static bool read_id(struct words *words, fettle_usb_id *id)
{
    return read_hex16(words, &id->vendor) && skip(words, ":") &&
           read_hex16(words, &id->product);
}

/* After " path=". */
static bool read_sight(struct words *words, fettle_sight *sight)
{
    uint64_t arrival = 0;
    unsigned link = 0, access = 0;

    bool ok =
        read_text(words, sight->path, sizeof sight->path) && skip(words, " node=") &&
        read_text(words, sight->node, sizeof sight->node) && skip(words, " maker=") &&
        read_text(words, sight->manufacturer, sizeof sight->manufacturer) &&
        skip(words, " product=") &&
        read_text(words, sight->product, sizeof sight->product) &&
        skip(words, " serial=") && read_text(words, sight->serial, sizeof sight->serial) &&
        skip(words, " arrival=") && read_number(words, UINT32_MAX, &arrival) &&
        skip(words, " link=") && read_name(words, fettle_line_link_name, &link) &&
        skip(words, " id=") && read_id(words, &sight->id) && skip(words, " bcd=") &&
        read_hex16(words, &sight->bcdDevice) && skip(words, " access=") &&
        read_name(words, fettle_line_why_name, &access) && skip(words, " descriptors=") &&
        read_bytes(words, sight->descriptors, sizeof sight->descriptors,
                   &sight->descriptors_size);
    sight->arrival = (uint32_t)arrival;
    sight->kind = (fettle_link_kind)link;
    sight->access = (fettle_why)access;
    return ok;
}

/* More bytes than there are can't have moved. */
static size_t count_max(const fettle_effect *effect)
{
    switch (effect->kind) {
    case FETTLE_EFFECT_OPEN:
        return UINT32_MAX;
    case FETTLE_EFFECT_WRITE:
        return effect->write.size;
    case FETTLE_EFFECT_READ:
        return effect->read.size;
    case FETTLE_EFFECT_CONTROL:
        return effect->control.wLength;
    default:
        return 0;
    }
}

static bool read_in(struct words *words, const fettle_effect *effect, size_t count)
{
    size_t room = 0, size = 0;
    uint8_t *in = fettle_line_in(effect, &room);
    if (in == NULL || count == 0) {
        return true;
    }
    return skip(words, " in=") && read_bytes(words, in, room, &size) && size == count;
}

static bool read_outcome(fettle_replay *replay, struct words words,
                         const fettle_effect *effect, fettle_outcome *outcome)
{
    unsigned kind = 0, why = 0;
    uint64_t count = 0;

    memset(outcome, 0, sizeof *outcome);
    if (!read_name(&words, fettle_line_outcome_name, &kind) || !skip(&words, " ") ||
        !read_number(&words, count_max(effect), &count) ||
        (skip(&words, " why=") && !read_name(&words, fettle_line_why_name, &why)) ||
        (skip(&words, " system=") && !read_signed(&words, &outcome->system)) ||
        !read_in(&words, effect, (size_t)count)) {
        return false;
    }
    outcome->kind = (fettle_outcome_kind)kind;
    outcome->why = (fettle_why)why;
    outcome->count = (size_t)count;
    if (skip(&words, " path=")) {
        memset(&replay->sight, 0, sizeof replay->sight);
        outcome->sight = &replay->sight;
        return read_sight(&words, &replay->sight) && words.size == 0;
    }
    /* Whoever has opened a board looks at it. */
    return words.size == 0 &&
           !(effect->kind == FETTLE_EFFECT_OPEN && outcome->kind == FETTLE_OK);
}

/* ---- lines ---- */

static bool counts(struct words line)
{
    return line.size > 0 && line.text[0] != '#';
}

/* The next line without its line break. False: there is none. */
static bool next_line(fettle_replay *replay, struct words *line)
{
    const char *text = (const char *)replay->text.data;
    while (replay->offset < replay->text.size) {
        *line = (struct words){text + replay->offset, 0};
        size_t left = replay->text.size - replay->offset;
        while (line->size < left && line->text[line->size] != '\n') {
            line->size++;
        }
        replay->offset += line->size < left ? line->size + 1 : line->size;
        replay->line++;
        if (line->size > 0 && line->text[line->size - 1] == '\r') {
            line->size--;
        }
        if (counts(*line)) {
            return true;
        }
    }
    return false;
}

static fettle_outcome stop(fettle_replay *replay, fettle_replay_problem problem)
{
    replay->problem = problem;
    return (fettle_outcome){
        .kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM, .system = (long)problem};
}

static fettle_outcome perform(fettle_port *port, const fettle_effect *effect,
                              const fettle_cancel *cancel)
{
    fettle_replay *replay = (fettle_replay *)port;
    fettle_outcome outcome;
    struct words line;
    uint64_t at = 0;
    size_t used = 0;

    (void)cancel; /* that one was cancelled is in the record */
    if (replay->problem != FETTLE_REPLAY_FINE) {
        return stop(replay, replay->problem);
    }
    if (!next_line(replay, &line)) {
        return stop(replay, FETTLE_REPLAY_ENDED);
    }
    if (!read_number(&line, INT64_MAX, &at) || at < replay->now || !skip(&line, " ")) {
        return stop(replay, FETTLE_REPLAY_UNREADABLE);
    }
    if (!fettle_line_is_effect(line.text, line.size, effect, &used)) {
        return stop(replay, FETTLE_REPLAY_DIFFERENT);
    }
    line = (struct words){line.text + used, line.size - used};
    if (!read_outcome(replay, line, effect, &outcome)) {
        return stop(replay, FETTLE_REPLAY_UNREADABLE);
    }
    replay->now = at;
    return outcome;
}

void fettle_replay_init(fettle_replay *replay, fettle_span text)
{
    memset(replay, 0, sizeof *replay);
    replay->port.perform = perform;
    replay->text = text;
}

bool fettle_replay_is_over(const fettle_replay *replay)
{
    fettle_replay rest = {.text = replay->text, .offset = replay->offset};
    struct words line;
    return !next_line(&rest, &line);
}

/* ---- its clock ---- */

static fettle_us clock_now(void *clock)
{
    return ((fettle_replay *)clock)->now;
}

/* Nobody in front of a replay needs to wait; if somebody does, it takes no time. */
static fettle_outcome clock_wait(void *clock, fettle_us until, const fettle_cancel *cancel)
{
    (void)clock;
    (void)until;
    return (fettle_outcome){.kind = fettle_cancel_is_wanted(cancel) ? FETTLE_CANCELLED
                                                                    : FETTLE_OK};
}

const fettle_clock_ops fettle_replay_clock_ops = {clock_now, clock_wait};
