/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIC's channel, in the order in which things happen:
 *
 *   115200 -> five bits -> settle -> discard -> (the verb's work) -> eight bits -> discard -> done
 *
 * A command is one exchange: discard, write, read until the reply is here or 0.25 s are over. Late bytes of an earlier command are thrown
 * away in front of the next one, for replies don't say what they are replies to. A reply that is lost is asked for a second time
 * where that changes nothing: versions, PEEK, and MAGIC without xor, because (v & and | or) of its own result is that result again.
 * POKE is not answered; MAGIC with xor, 0x31 and 0x40 are sent once.
 *
 * Some firmware may not reply to MAGIC at all (the vendor's tool never looked). So its silence is put up with: once one MAGIC was
 * silent twice, the others of the verb get a pause and no second try.
 */
#include "pycom/pic.h"

#include "base/bytes.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

#define MS          ((fettle_us)1000)
#define SECOND      (1000 * MS)
#define REPLY_TIME  (250 * MS) /* as the vendor's tool waits; a PIC needs about one */
#define SETTLE_TIME (20 * MS)  /* what is under way when bits change arrives meanwhile */
#define SILENT_TIME (20 * MS)  /* for a command that nothing comes back from */
#define WRITE_TIME  SECOND
#define RESET_TIME  (200 * MS) /* reset is held low */
#define BOOT_TIME   (100 * MS) /* and driven high, before it is let go */
#define TIDY_TIME   (50 * MS)  /* four commands, which nobody reads replies to */

enum {
    PEEK = 0x00,
    POKE = 0x01,
    MAGIC = 0x02,
    HW_VER = 0x10,
    FW_VER = 0x11,
    PROD_ID = 0x12,
    DFU = 0x31,
    RESET = 0x40,

    FIVE_BITS = 5,
    EIGHT_BITS = 8,
    VERSION_SIZE = 2,
    VERSION_MAX = 0xFF, /* known ones are 2 to 16; above it somebody else talks */
    TRIES = 2,
    GARBLED_MAX = 2, /* further tries, where what came is no reply: an earlier one's */
    READS_MAX = 2 * FETTLE_PIC_INPUT_SIZE, /* a line may say OK for ever and give nothing */
    RESET_SINCE = 15,                      /* firmware */

    RA5 = 1 << 5, /* LP_CTRL; the SD card's power on 2.0 X */
    RC0 = 1 << 0, /* the module's P2, which is GPIO0 */
    RC5 = 1 << 5, /* the module's reset */
};

static const char shield[] = "shield";

/* ---- what is sent to the module's pins (facts of LIB and SIG: MAGIC lo hi and or xor) ---- */

struct fettle_pic_step {
    fettle_us pause; /* before it */
    uint8_t bytes[FETTLE_PIC_COMMAND_MAX];
};

#define CLEAR(reg, bit)                                                                \
    {                                                                                  \
        MAGIC, (FETTLE_PIC_##reg) & 0xFF, (FETTLE_PIC_##reg) >> 8, 0xFF & ~(bit), 0, 0 \
    }
#define SET(reg, bit)                                                             \
    {                                                                             \
        MAGIC, (FETTLE_PIC_##reg) & 0xFF, (FETTLE_PIC_##reg) >> 8, 0xFF, (bit), 0 \
    }

static const struct fettle_pic_step enter_steps[] = {
    {0, CLEAR(TRISA, RA5)},        {0, CLEAR(PORTA, RA5)},       {0, CLEAR(TRISC, RC0)},
    {0, CLEAR(PORTC, RC0)},        {0, CLEAR(TRISC, RC5)},       {0, CLEAR(PORTC, RC5)},
    {RESET_TIME, SET(PORTC, RC5)}, {BOOT_TIME, SET(TRISC, RC5)},
};

static const struct fettle_pic_step leave_steps[] = {
    {0, CLEAR(TRISA, RA5)},       {0, SET(PORTA, RA5)},   {0, SET(TRISC, RC0)},
    {0, CLEAR(TRISC, RC5)},       {0, CLEAR(PORTC, RC5)}, {RESET_TIME, SET(PORTC, RC5)},
    {BOOT_TIME, SET(TRISC, RC5)},
};

/* Where a verb is cut off: GPIO0 first, so that the module starts its application when its reset is let go. */
static const uint8_t release[][FETTLE_PIC_COMMAND_MAX] = {
    SET(PORTA, RA5),
    SET(TRISC, RC0),
    SET(PORTC, RC5),
    SET(TRISC, RC5),
};

enum {
    ENTER_STEPS = sizeof enter_steps / sizeof *enter_steps,
    LEAVE_STEPS = sizeof leave_steps / sizeof *leave_steps,
    RELEASES = sizeof release / sizeof *release,
};
static_assert((int)LEAVE_STEPS <= (int)FETTLE_PIC_INPUT_SIZE, "all replies have room");

/* ---- commands ---- */

static void put_command(fettle_pic *pic, const uint8_t *bytes, size_t size, unsigned tries)
{
    assert(size <= sizeof pic->command);
    memcpy(pic->command, bytes, size);
    pic->size = size;
    pic->sent = 0;
    pic->is_sent = false;
    pic->garbled = 0;
    pic->tries_left = tries;
}

/* ---- effects ---- */

static fettle_effect discard(fettle_pic *pic, fettle_pic_next *then)
{
    pic->then = then;
    return (fettle_effect){.kind = FETTLE_EFFECT_DISCARD};
}

static fettle_effect sleep_until(fettle_pic *pic, fettle_us until, fettle_pic_next *then)
{
    pic->then = then;
    return (fettle_effect){.kind = FETTLE_EFFECT_SLEEP, .until = until};
}

static fettle_effect set_format(fettle_pic *pic, uint8_t bits, fettle_pic_next *then)
{
    pic->then = then;
    return (fettle_effect){.kind = FETTLE_EFFECT_FORMAT, .data_bits = bits};
}

static fettle_effect write_command(fettle_pic *pic, fettle_us now, fettle_pic_next *then)
{
    pic->then = then;
    pic->is_writing = pic->is_sent = true;
    pic->sent = 0;
    return (fettle_effect){.kind = FETTLE_EFFECT_WRITE,
                           .until = now + WRITE_TIME,
                           .write = {pic->command, pic->size}};
}

/* ---- ends ---- */

static fettle_effect failed(fettle_pic *pic, fettle_us now)
{
    (void)pic;
    (void)now;
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

static fettle_effect forget_and_fail(fettle_pic *pic, fettle_us now)
{
    (void)now;
    pic->on_cancel = NULL;
    return discard(pic, failed);
}

static fettle_effect eight_and_fail(fettle_pic *pic, fettle_us now)
{
    if (!pic->is_five) {
        return failed(pic, now);
    }
    pic->on_cancel = eight_and_fail;
    return set_format(pic, EIGHT_BITS, forget_and_fail);
}

static fettle_effect settle_and_fail(fettle_pic *pic, fettle_us now)
{
    pic->on_cancel = NULL;
    return sleep_until(pic, now + TIDY_TIME, eight_and_fail);
}

static fettle_effect next_release(fettle_pic *pic, fettle_us now);

static fettle_effect write_rest(fettle_pic *pic, fettle_us now)
{
    pic->on_cancel = write_rest;
    pic->then = next_release;
    pic->is_writing = true;
    return (fettle_effect){.kind = FETTLE_EFFECT_WRITE,
                           .until = now + WRITE_TIME,
                           .write = {pic->command + pic->sent, pic->size - pic->sent}};
}

static fettle_effect next_release(fettle_pic *pic, fettle_us now)
{
    if (!pic->is_touched || pic->released == RELEASES) {
        return settle_and_fail(pic, now);
    }
    put_command(pic, release[pic->released++], FETTLE_PIC_COMMAND_MAX, 1);
    return write_rest(pic, now);
}

static bool is_cut(const fettle_pic *pic)
{
    return pic->sent > 0 && pic->sent < pic->size;
}

/* A command that was cut in the middle is brought to its end: the PIC would take what follows for its arguments. */
static fettle_effect let_go(fettle_pic *pic, fettle_us now)
{
    pic->released = 0;
    return is_cut(pic) ? write_rest(pic, now) : next_release(pic, now);
}

/* The error is set. What has come of commands so far stands beside it. */
static fettle_effect end_badly(fettle_pic *pic, fettle_us now)
{
    fettle_error *error = &pic->engine.error;
    if (pic->doing != FETTLE_CLAUSE_COUNT) {
        fettle_error_wrap(error, pic->doing, NULL);
    }
    for (size_t i = 0; i < pic->reply_size && error->code == FETTLE_E_CARRIER_SILENT; i++) {
        fettle_text_append(error->evidence, sizeof error->evidence,
                           i == 0 ? "answer:" : "");
        fettle_text_append(error->evidence, sizeof error->evidence, " ");
        fettle_text_append_hex(error->evidence, sizeof error->evidence, pic->input[i], 2);
    }
    if (error->code == FETTLE_E_BOARD_LEFT) {
        return failed(pic, now);
    }
    pic->is_tidying = true;
    return pic->is_touched || is_cut(pic) ? let_go(pic, now) : eight_and_fail(pic, now);
}

static fettle_effect refuse(fettle_pic *pic, fettle_code code, const fettle_words *words,
                            fettle_us now)
{
    fettle_error_set(&pic->engine.error, code, words);
    return end_badly(pic, now);
}

static fettle_effect refuse_silent(fettle_pic *pic, fettle_us now)
{
    pic->facts.answers = false;
    return refuse(pic, FETTLE_E_CARRIER_SILENT, &(fettle_words){.text = shield}, now);
}

static fettle_effect done(fettle_pic *pic, fettle_us now)
{
    (void)now;
    return fettle_done(&pic->engine);
}

static fettle_effect on_eight(fettle_pic *pic, fettle_us now)
{
    (void)now;
    pic->is_five = false;
    return discard(pic, done);
}

static fettle_effect switch_back(fettle_pic *pic, fettle_us now)
{
    (void)now;
    return set_format(pic, EIGHT_BITS, on_eight);
}

/* ---- into command mode ---- */

static fettle_effect on_settled(fettle_pic *pic, fettle_us now)
{
    (void)now;
    return discard(pic, pic->work);
}

static fettle_effect on_five(fettle_pic *pic, fettle_us now)
{
    return sleep_until(pic, now + SETTLE_TIME, on_settled);
}

static fettle_effect switch_over(fettle_pic *pic, fettle_us now)
{
    (void)now;
    pic->is_five = true;
    return set_format(pic, FIVE_BITS, on_five);
}

static fettle_effect begin(fettle_pic *pic, fettle_us now)
{
    (void)now;
    pic->then = switch_over;
    return (fettle_effect){.kind = FETTLE_EFFECT_BAUD, .baud = FETTLE_PIC_BAUD};
}

/* A plain TCP connection has no rate either. */
static bool is_about_format(const fettle_pic *pic)
{
    return pic->then == switch_over || pic->then == on_five;
}

static fettle_effect refuse_line(fettle_pic *pic, const fettle_outcome *last, fettle_us now)
{
    pic->is_five = false; /* a line that refuses keeps what it had */
    fettle_error_set(&pic->engine.error, FETTLE_E_LINE_NO_FIVE_BITS,
                     &(fettle_words){.text = shield});
    pic->engine.error.system = last->system;
    return end_badly(pic, now);
}

/* ---- exchange ---- */

static fettle_effect on_read(fettle_pic *pic, fettle_us now);

static fettle_effect read_on(fettle_pic *pic)
{
    pic->reads_left--;
    pic->is_reading = true;
    pic->then = on_read;
    return (fettle_effect){.kind = FETTLE_EFFECT_READ,
                           .until = pic->deadline,
                           .read = {pic->scrap, sizeof pic->scrap}};
}

static fettle_effect on_read(fettle_pic *pic, fettle_us now)
{
    if (pic->reply_size >= pic->reply_wanted) {
        return pic->on_reply(pic, now);
    }
    if (pic->reads_left == 0 || now >= pic->deadline) {
        return pic->on_silence(pic, now);
    }
    return read_on(pic);
}

static fettle_effect await_reply(fettle_pic *pic, fettle_us now)
{
    pic->reads_left = READS_MAX;
    pic->deadline = now + (pic->never_replies ? SILENT_TIME : REPLY_TIME);
    return read_on(pic);
}

static fettle_effect send_and_await(fettle_pic *pic, fettle_us now)
{
    pic->reply_size = 0;
    return write_command(pic, now, await_reply);
}

static fettle_effect exchange(fettle_pic *pic, size_t reply, fettle_pic_next *on_reply,
                              fettle_pic_next *on_silence)
{
    pic->reply_wanted = reply;
    pic->on_reply = on_reply;
    pic->on_silence = on_silence;
    return discard(pic, send_and_await);
}

/* False: it has had its tries, or not even the command was taken whole. */
static bool may_repeat(fettle_pic *pic)
{
    if (pic->tries_left <= 1 || pic->sent < pic->size) {
        return false;
    }
    pic->tries_left--;
    return true;
}

/* What has come is no reply to this: once more, and the line is empty by then. */
static void forgive_garbled(fettle_pic *pic)
{
    if (pic->garbled < GARBLED_MAX) {
        pic->garbled++;
        pic->tries_left++;
    }
}

/* ---- versions ---- */

static fettle_effect on_version(fettle_pic *pic, fettle_us now);

static fettle_effect on_no_version(fettle_pic *pic, fettle_us now)
{
    if (may_repeat(pic)) {
        return exchange(pic, VERSION_SIZE, on_version, on_no_version);
    }
    if (pic->command[0] == PROD_ID && pic->reply_size == 1) { /* very old firmware */
        pic->has_version = true;
        pic->version = pic->input[0];
    }
    return pic->after_version(pic, now);
}

static fettle_effect on_version(fettle_pic *pic, fettle_us now)
{
    uint16_t version = fettle_get16(pic->input);
    bool is_plausible = pic->command[0] != FW_VER || version <= VERSION_MAX;
    if (pic->reply_size != VERSION_SIZE || !is_plausible) {
        forgive_garbled(pic);
        return on_no_version(pic, now);
    }
    pic->has_version = true;
    pic->version = version;
    return pic->after_version(pic, now);
}

static fettle_effect ask_version(fettle_pic *pic, uint8_t opcode, fettle_pic_next *after)
{
    pic->has_version = false;
    pic->version = 0;
    pic->after_version = after;
    put_command(pic, &opcode, 1, TRIES);
    return exchange(pic, VERSION_SIZE, on_version, on_no_version);
}

static void keep_firmware(fettle_pic *pic)
{
    pic->facts.answers = pic->facts.has_firmware = pic->has_version;
    pic->facts.firmware = pic->version;
}

/* ---- ask ---- */

static fettle_effect on_product(fettle_pic *pic, fettle_us now)
{
    pic->facts.has_product = pic->has_version;
    pic->facts.product = pic->version;
    return switch_back(pic, now);
}

static fettle_effect on_hardware(fettle_pic *pic, fettle_us now)
{
    (void)now;
    pic->facts.has_hardware = pic->has_version;
    pic->facts.hardware = pic->version;
    return ask_version(pic, PROD_ID, on_product);
}

static fettle_effect on_firmware(fettle_pic *pic, fettle_us now)
{
    keep_firmware(pic);
    return pic->has_version ? ask_version(pic, HW_VER, on_hardware) : switch_back(pic, now);
}

/* First what decides whether anybody is there. */
static fettle_effect ask(fettle_pic *pic, fettle_us now)
{
    (void)now;
    return ask_version(pic, FW_VER, on_firmware);
}

/* ---- the module's pins ---- */

static fettle_effect next_step(fettle_pic *pic, fettle_us now);

static fettle_effect on_modified(fettle_pic *pic, fettle_us now)
{
    pic->has_modified = true;
    pic->never_replies = false;
    pic->step++;
    return next_step(pic, now);
}

static fettle_effect on_not_modified(fettle_pic *pic, fettle_us now)
{
    if (may_repeat(pic)) {
        return exchange(pic, 1, on_modified, on_not_modified);
    }
    if (pic->sent < pic->size) {
        return refuse_silent(pic, now);
    }
    pic->never_replies = !pic->has_modified;
    pic->step++;
    return next_step(pic, now);
}

static fettle_effect take_step(fettle_pic *pic, fettle_us now)
{
    (void)now;
    put_command(pic, pic->steps[pic->step].bytes, FETTLE_PIC_COMMAND_MAX,
                pic->never_replies ? 1 : TRIES);
    return exchange(pic, 1, on_modified, on_not_modified);
}

static fettle_effect next_step(fettle_pic *pic, fettle_us now)
{
    if (pic->step == pic->step_count) {
        pic->is_touched = pic->never_replies = false;
        return pic->after_steps(pic, now);
    }
    fettle_us pause = pic->steps[pic->step].pause;
    return pause > 0 ? sleep_until(pic, now + pause, take_step) : take_step(pic, now);
}

static fettle_effect take_steps(fettle_pic *pic, const struct fettle_pic_step *steps,
                                size_t count, fettle_us now, fettle_pic_next *after)
{
    pic->steps = steps;
    pic->step_count = count;
    pic->step = 0;
    pic->after_steps = after;
    pic->is_touched = true;
    return next_step(pic, now);
}

/* ---- enter ---- */

static bool is_2x(fettle_usb_id id, uint16_t firmware)
{
    const uint16_t pysense = 0xF012, pytrack = 0xF013;
    return (id.product == pysense || id.product == pytrack) &&
           firmware >= FETTLE_PIC_FIRMWARE_2X;
}

uint16_t fettle_pic_firmware_needed(fettle_usb_id id, uint16_t firmware)
{
    return is_2x(id, firmware) ? FETTLE_PIC_FIRMWARE_MIN_2X : FETTLE_PIC_FIRMWARE_MIN;
}

static fettle_effect on_enter_version(fettle_pic *pic, fettle_us now)
{
    keep_firmware(pic);
    if (!pic->has_version) {
        return refuse_silent(pic, now);
    }
    if (pic->version < fettle_pic_firmware_needed(pic->id, pic->version)) {
        const fettle_words words = {.text = shield, .count = pic->version};
        return refuse(pic, FETTLE_E_CARRIER_TOO_OLD, &words, now);
    }
    return take_steps(pic, enter_steps, ENTER_STEPS, now, switch_back);
}

static fettle_effect enter(fettle_pic *pic, fettle_us now)
{
    (void)now;
    return ask_version(pic, FW_VER, on_enter_version);
}

/* ---- leave ---- */

static fettle_effect on_leave_version(fettle_pic *pic, fettle_us now)
{
    keep_firmware(pic);
    return pic->has_version ? switch_back(pic, now) : refuse_silent(pic, now);
}

static fettle_effect on_left(fettle_pic *pic, fettle_us now)
{
    return pic->has_modified ? switch_back(pic, now)
                             : ask_version(pic, FW_VER, on_leave_version);
}

/*
 * No reply to any of it is firmware that gives none, or nobody. Some replies and not all is a line that loses bytes: once more, each
 * awaited.
 */
static fettle_effect on_few_replies(fettle_pic *pic, fettle_us now)
{
    if (pic->reply_size == 0) {
        return ask_version(pic, FW_VER, on_leave_version);
    }
    return take_steps(pic, leave_steps, LEAVE_STEPS, now, on_left);
}

static fettle_effect hurry(fettle_pic *pic, fettle_us now);

static fettle_effect hurry_step(fettle_pic *pic, fettle_us now)
{
    put_command(pic, leave_steps[pic->step++].bytes, FETTLE_PIC_COMMAND_MAX, 1);
    return write_command(pic, now, hurry);
}

static fettle_effect hurry(fettle_pic *pic, fettle_us now)
{
    if (pic->step == LEAVE_STEPS) {
        pic->is_touched = false;
        pic->reply_wanted = LEAVE_STEPS;
        pic->reply_size = 0;
        pic->on_reply = switch_back;
        pic->on_silence = on_few_replies;
        return await_reply(pic, now);
    }
    fettle_us pause = leave_steps[pic->step].pause;
    return pause > 0 ? sleep_until(pic, now + pause, hurry_step) : hurry_step(pic, now);
}

/*
 * Replies are counted at the end only: after a cancel this is all that brings the module back, and whoever tidies up then has few
 * effects left. The module's reset is let go in the 13th.
 */
static fettle_effect leave(fettle_pic *pic, fettle_us now)
{
    pic->step = 0;
    pic->is_touched = true;
    pic->on_silence = refuse_silent;
    return hurry(pic, now);
}

/* ---- the PIC itself ---- */

static fettle_effect send_last(fettle_pic *pic, uint8_t opcode)
{
    put_command(pic, &opcode, 1, 1);
    pic->is_leaving = true;
    return exchange(pic, 1, switch_back, switch_back);
}

static fettle_effect update_mode(fettle_pic *pic, fettle_us now)
{
    (void)now;
    return send_last(pic, DFU);
}

static fettle_effect on_reset_version(fettle_pic *pic, fettle_us now)
{
    keep_firmware(pic);
    if (!pic->has_version) {
        return refuse_silent(pic, now);
    }
    if (pic->version < RESET_SINCE) {
        return refuse(
            pic, FETTLE_E_NOT_SUPPORTED,
            &(fettle_words){.text = "this shield's firmware can't restart itself"}, now);
    }
    return send_last(pic, RESET);
}

static fettle_effect reset(fettle_pic *pic, fettle_us now)
{
    (void)now;
    return ask_version(pic, FW_VER, on_reset_version);
}

/* ---- registers ---- */

static fettle_effect on_peeked(fettle_pic *pic, fettle_us now);

static fettle_effect on_not_peeked(fettle_pic *pic, fettle_us now)
{
    return may_repeat(pic) ? exchange(pic, 1, on_peeked, on_not_peeked)
                           : refuse_silent(pic, now);
}

static fettle_effect on_peeked(fettle_pic *pic, fettle_us now)
{
    if (pic->reply_size != 1) {
        forgive_garbled(pic);
        return on_not_peeked(pic, now);
    }
    pic->value = pic->input[0];
    return switch_back(pic, now);
}

static fettle_effect peek(fettle_pic *pic, fettle_us now)
{
    (void)now;
    return exchange(pic, 1, on_peeked, on_not_peeked);
}

static fettle_effect on_poked(fettle_pic *pic, fettle_us now)
{
    return sleep_until(pic, now + SILENT_TIME, switch_back);
}

static fettle_effect poke(fettle_pic *pic, fettle_us now)
{
    pic->on_silence = refuse_silent;
    return write_command(pic, now, on_poked);
}

static fettle_effect modify(fettle_pic *pic, fettle_us now);

static fettle_effect on_no_modify(fettle_pic *pic, fettle_us now)
{
    return may_repeat(pic) ? modify(pic, now) : refuse_silent(pic, now);
}

static fettle_effect modify(fettle_pic *pic, fettle_us now)
{
    (void)now;
    return exchange(pic, 1, switch_back, on_no_modify);
}

/* ---- the engine ---- */

static void take_input(fettle_pic *pic, size_t count)
{
    size_t room = sizeof pic->input - pic->reply_size;
    size_t taken = count < room ? count : room;
    memcpy(pic->input + pic->reply_size, pic->scrap, taken);
    pic->reply_size += taken;
}

static fettle_effect fail_with(fettle_pic *pic, const fettle_outcome *last, fettle_us now)
{
    (void)fettle_fail(&pic->engine, last, FETTLE_CLAUSE_COUNT, NULL);
    pic->was_cancelled = last->kind == FETTLE_CANCELLED;
    return end_badly(pic, now);
}

static fettle_effect on_trouble(fettle_pic *pic, const fettle_outcome *last, fettle_us now)
{
    if (last->kind == FETTLE_CANCELLED) {
        return fail_with(pic, last, now);
    }
    if (pic->is_leaving && pic->is_sent) {
        bool is_back = pic->then == on_eight || pic->then == done;
        return last->kind == FETTLE_GONE || is_back ? done(pic, now)
                                                    : switch_back(pic, now);
    }
    if (last->kind == FETTLE_ERROR && is_about_format(pic)) {
        return refuse_line(pic, last, now);
    }
    return fail_with(pic, last, now);
}

/* A cancel that comes only now has kept the effect from being carried out: once more. */
static fettle_effect tidy(fettle_pic *pic, const fettle_outcome *last, fettle_us now)
{
    if (last->kind == FETTLE_GONE) {
        return failed(pic, now);
    }
    fettle_pic_next *again = pic->on_cancel;
    if (last->kind != FETTLE_CANCELLED || again == NULL || pic->was_cancelled) {
        return pic->then(pic, now);
    }
    pic->was_cancelled = true;
    return again(pic, now);
}

static fettle_effect step(fettle_engine *engine, const fettle_outcome *last, fettle_us now)
{
    fettle_pic *pic = (fettle_pic *)engine;
    bool was_reading = pic->is_reading, was_writing = pic->is_writing;
    pic->is_reading = pic->is_writing = false;

    if (last == NULL) {
        return begin(pic, now);
    }
    if (was_writing) {
        size_t left = pic->size - pic->sent;
        bool is_whole = last->kind == FETTLE_OK || last->count > left;
        pic->sent += is_whole ? left : last->count;
    }
    if (pic->is_tidying) {
        return tidy(pic, last, now);
    }
    if (last->kind == FETTLE_OK) {
        if (was_reading) {
            take_input(pic, last->count);
        }
        return pic->then(pic, now);
    }
    if (last->kind == FETTLE_TIMEOUT && (was_reading || was_writing)) {
        return pic->on_silence(pic, now);
    }
    return on_trouble(pic, last, now);
}

static fettle_engine *ready(fettle_pic *pic, fettle_clause doing, fettle_pic_next *work)
{
    const fettle_usb_id id = pic->id;
    const fettle_carrier_facts facts = pic->facts;
    *pic = (fettle_pic){.engine = {.step = step}, .id = id, .facts = facts};
    pic->doing = doing;
    pic->work = work;
    return &pic->engine;
}

void fettle_pic_init(fettle_pic *pic, fettle_usb_id id)
{
    *pic = (fettle_pic){.id = id};
}

fettle_engine *fettle_pic_ask(fettle_pic *pic)
{
    pic->facts = (fettle_carrier_facts){.answers = false};
    return ready(pic, FETTLE_CLAUSE_SURVEY, ask);
}

fettle_engine *fettle_pic_enter(fettle_pic *pic)
{
    return ready(pic, FETTLE_CLAUSE_ENTER, enter);
}

fettle_engine *fettle_pic_leave(fettle_pic *pic)
{
    return ready(pic, FETTLE_CLAUSE_LEAVE, leave);
}

fettle_engine *fettle_pic_update_mode(fettle_pic *pic)
{
    return ready(pic, FETTLE_CLAUSE_DETACH, update_mode);
}

fettle_engine *fettle_pic_reset(fettle_pic *pic)
{
    return ready(pic, FETTLE_CLAUSE_COUNT, reset);
}

fettle_engine *fettle_pic_peek(fettle_pic *pic, uint16_t address)
{
    fettle_engine *engine = ready(pic, FETTLE_CLAUSE_COUNT, peek);
    const uint8_t bytes[] = {PEEK, (uint8_t)address, (uint8_t)(address >> 8)};
    put_command(pic, bytes, sizeof bytes, TRIES);
    return engine;
}

fettle_engine *fettle_pic_poke(fettle_pic *pic, uint16_t address, uint8_t value)
{
    fettle_engine *engine = ready(pic, FETTLE_CLAUSE_COUNT, poke);
    const uint8_t bytes[] = {POKE, (uint8_t)address, (uint8_t)(address >> 8), value};
    put_command(pic, bytes, sizeof bytes, 1);
    return engine;
}

fettle_engine *fettle_pic_modify(fettle_pic *pic, uint16_t address, uint8_t and_mask,
                                 uint8_t or_mask, uint8_t xor_mask)
{
    fettle_engine *engine = ready(pic, FETTLE_CLAUSE_COUNT, modify);
    const uint8_t bytes[] = {MAGIC,    (uint8_t)address, (uint8_t)(address >> 8),
                             and_mask, or_mask,          xor_mask};
    put_command(pic, bytes, sizeof bytes, xor_mask == 0 ? TRIES : 1);
    return engine;
}
