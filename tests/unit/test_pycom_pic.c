/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PIC's channel against a PIC of a page: it takes commands byte by byte while the line has five data bits, holds registers, and
 * can be told to be silent, slow, old, or to lose a reply. What the module's pins see is read off its registers. It shares no code with the
 * engine. Whatever is cut off, and wherever, no module stays in reset and the line has eight bits again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "pycom/pic.h"
#include "pycom/pycom.h"

#define MS     ((fettle_us)1000)
#define SECOND (1000 * MS)

enum {
    TRISA = 0x8C,
    TRISC = 0x8E,
    PORTA = 0x0C,
    PORTC = 0x0E,
    REGISTERS = 0x100,
    QUEUE_MAX = 512,
    SEEN_MAX = 1024,
    EFFECTS_MAX = 600,
    TIDY_EFFECTS = 16,
    NEVER_AT = -1,
    COMMAND_MAX = 6,
};

static const fettle_usb_id pytrack = {0x04D8, 0xF013};

struct byte {
    uint8_t value;
    fettle_us due;
};

static struct peer {
    fettle_pic pic;
    fettle_us now;
    uint32_t baud;
    uint8_t bits;
    uint8_t registers[REGISTERS];

    /* manners */
    bool is_silent, ignores_magic_reply, refuses_five, refuses_baud;
    unsigned lost_replies; /* so many of the next */
    unsigned late_replies; /* so many of the next come after the host's patience */
    unsigned double_replies;
    size_t product_size, firmware_size;
    uint16_t hardware, firmware, product;
    fettle_us reply_time;
    bool leaves_on_command;
    bool module_talks; /* while the line has eight bits, and a little longer */

    /* spoiling */
    int spoil_at; /* which effect */
    fettle_outcome_kind spoil;
    size_t spoil_count; /* of a WRITE: bytes that were taken all the same */
    bool spoil_every;   /* all further ones too */

    /* what was seen */
    struct byte queue[QUEUE_MAX];
    size_t queued;
    uint8_t partial[COMMAND_MAX];
    size_t partial_size;
    uint8_t seen[SEEN_MAX]; /* bytes that were sent with five bits */
    size_t seen_size;
    int effects, spoilt_at, effects_after, reads;
    fettle_us spoilt_time, low_at, high_at, free_at;
    bool was_low, was_in_reset, has_left, was_discarded;
} peer;

static void reset_peer(void)
{
    memset(&peer, 0, sizeof peer);
    peer.now = 5 * SECOND;
    peer.baud = 921600;
    peer.bits = 8;
    memset(peer.registers, 0xFF, sizeof peer.registers);
    peer.hardware = 0x0002;
    peer.firmware = 8;
    peer.product = 0xF013;
    peer.product_size = peer.firmware_size = 2;
    peer.reply_time = MS;
    peer.spoil_at = peer.spoilt_at = NEVER_AT;
    fettle_pic_init(&peer.pic, pytrack);
}

/* ---- the PIC ---- */

static void put(uint8_t value, fettle_us due)
{
    assert_true(peer.queued < QUEUE_MAX);
    peer.queue[peer.queued++] = (struct byte){value, due};
}

static void reply(const uint8_t *bytes, size_t size)
{
    fettle_us due = peer.now + peer.reply_time;
    unsigned times = 1;
    if (peer.is_silent) {
        return;
    }
    if (peer.lost_replies > 0) {
        peer.lost_replies--;
        return;
    }
    if (peer.late_replies > 0) {
        peer.late_replies--;
        due += 251 * MS;
    }
    if (peer.double_replies > 0) {
        peer.double_replies--;
        times = 2;
    }
    for (; times > 0; times--) {
        for (size_t i = 0; i < size; i++) {
            put(bytes[i], due);
        }
    }
}

static void reply_version(uint16_t version, size_t size)
{
    const uint8_t bytes[] = {(uint8_t)version, (uint8_t)(version >> 8)};
    reply(bytes, size);
}

static bool is_low(unsigned bit)
{
    unsigned mask = 1u << bit;
    return (peer.registers[TRISC] & mask) == 0 && (peer.registers[PORTC] & mask) == 0;
}

static bool is_driven(unsigned bit)
{
    return (peer.registers[TRISC] & 1u << bit) == 0;
}

static void watch_pins(void)
{
    bool is_held = is_low(5);
    if (is_held && !peer.was_in_reset) {
        peer.low_at = peer.now;
        peer.was_low = true;
    }
    if (!is_held && peer.was_in_reset) {
        peer.high_at = peer.now;
    }
    if (!is_driven(5)) {
        peer.free_at = peer.now;
    }
    peer.was_in_reset = is_held;
}

static void modify(const uint8_t *c)
{
    uint8_t *reg = &peer.registers[c[1]];
    assert_true(c[2] == 0 || peer.spoil_every); /* cut everywhere nothing makes sense */
    *reg = (uint8_t)(((*reg & c[3]) | c[4]) ^ c[5]);
    if (!peer.ignores_magic_reply) {
        reply(reg, 1);
    }
    watch_pins();
}

static size_t length_of(uint8_t opcode)
{
    switch (opcode) {
    case 0x00:
        return 3;
    case 0x01:
        return 4;
    case 0x02:
        return 6;
    default:
        return 1;
    }
}

static void obey(const uint8_t *c)
{
    if (peer.is_silent) {
        return;
    }
    switch (c[0]) {
    case 0x00:
        reply(&peer.registers[c[1]], 1);
        break;
    case 0x01:
        peer.registers[c[1]] = c[3];
        break;
    case 0x02:
        modify(c);
        break;
    case 0x10:
        reply_version(peer.hardware, 2);
        break;
    case 0x11:
        reply_version(peer.firmware, peer.firmware_size);
        break;
    case 0x12:
        reply_version(peer.product, peer.product_size);
        break;
    case 0x31:
    case 0x40:
        peer.has_left = peer.leaves_on_command;
        break;
    default:
        assert_true(peer.spoil_every);
    }
}

static void take(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (peer.bits != 5) {
            fail_msg("%02x is sent to the module", bytes[i]);
        }
        assert_true(peer.seen_size < SEEN_MAX);
        peer.seen[peer.seen_size++] = bytes[i];
        peer.partial[peer.partial_size++] = bytes[i];
        if (peer.partial_size == length_of(peer.partial[0])) {
            peer.partial_size = 0;
            obey(peer.partial);
        }
    }
}

/* ---- effects ---- */

static fettle_outcome make(fettle_outcome_kind kind, size_t count)
{
    return (fettle_outcome){.kind = kind, .count = count};
}

static fettle_outcome do_read(const fettle_effect *effect)
{
    size_t count = 0;
    peer.reads++;
    if (peer.queued == 0 || peer.queue[0].due > effect->until) {
        peer.now = effect->until > peer.now ? effect->until : peer.now;
        return make(FETTLE_TIMEOUT, 0);
    }
    peer.now = peer.queue[0].due > peer.now ? peer.queue[0].due : peer.now;
    while (count < effect->read.size && count < peer.queued &&
           peer.queue[count].due <= peer.now) {
        effect->read.buffer[count] = peer.queue[count].value;
        count++;
    }
    peer.queued -= count;
    memmove(peer.queue, peer.queue + count, peer.queued * sizeof *peer.queue);
    return make(FETTLE_OK, count);
}

static fettle_outcome do_discard(void)
{
    size_t kept = 0;
    for (size_t i = 0; i < peer.queued; i++) {
        if (peer.queue[i].due > peer.now) {
            peer.queue[kept++] = peer.queue[i];
        }
    }
    peer.queued = kept;
    peer.was_discarded = true;
    return make(FETTLE_OK, 0);
}

static fettle_outcome do_format(uint8_t bits)
{
    if (bits == 5 && peer.refuses_five) {
        return (fettle_outcome){
            .kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM, .system = 22};
    }
    if (bits == 5 && peer.module_talks) { /* what was under way */
        put('>', peer.now);
        put('>', peer.now + 3 * MS);
    }
    assert_int_equal(115200, peer.baud);
    peer.bits = bits;
    return make(FETTLE_OK, 0);
}

static fettle_outcome perform(const fettle_effect *effect)
{
    if (peer.has_left) {
        return make(FETTLE_GONE, 0);
    }
    peer.was_discarded = false;
    switch (effect->kind) {
    case FETTLE_EFFECT_BAUD:
        if (peer.refuses_baud) {
            return (fettle_outcome){.kind = FETTLE_ERROR, .why = FETTLE_WHY_SYSTEM};
        }
        peer.baud = effect->baud;
        return make(FETTLE_OK, 0);
    case FETTLE_EFFECT_FORMAT:
        return do_format(effect->data_bits);
    case FETTLE_EFFECT_SLEEP:
        assert_true(effect->until >= peer.now);
        peer.now = effect->until;
        return make(FETTLE_OK, 0);
    case FETTLE_EFFECT_DISCARD:
        return do_discard();
    case FETTLE_EFFECT_WRITE:
        assert_true(effect->until > peer.now);
        take(effect->write.data, effect->write.size);
        return make(FETTLE_OK, effect->write.size);
    case FETTLE_EFFECT_READ:
        return do_read(effect);
    default:
        fail_msg("effect %d", (int)effect->kind);
        return make(FETTLE_ERROR, 0);
    }
}

static fettle_outcome spoil(const fettle_effect *effect)
{
    size_t count = 0;
    if (peer.spoil == FETTLE_OK && effect->kind != FETTLE_EFFECT_READ) {
        return perform(effect); /* a line that says OK and gives nothing */
    }
    if (peer.spoilt_at == NEVER_AT) {
        peer.spoilt_at = peer.effects;
        peer.spoilt_time = peer.now;
    }
    if (effect->kind == FETTLE_EFFECT_WRITE) {
        count =
            peer.spoil_count < effect->write.size ? peer.spoil_count : effect->write.size;
        take(effect->write.data, count);
    }
    if (peer.spoil == FETTLE_GONE) {
        peer.has_left = true;
    }
    return (fettle_outcome){
        .kind = peer.spoil, .why = FETTLE_WHY_SYSTEM, .count = count, .system = 5};
}

static bool run(fettle_engine *engine)
{
    fettle_outcome last;
    const fettle_outcome *given = NULL;
    peer.effects = 0;
    for (;; given = &last) {
        fettle_effect effect = engine->step(engine, given, peer.now);
        if (effect.kind >= FETTLE_EFFECT_DONE) {
            return effect.kind == FETTLE_EFFECT_DONE;
        }
        bool is_spoilt = peer.spoil_at != NEVER_AT &&
                         (peer.effects == peer.spoil_at ||
                          (peer.spoil_every && peer.effects > peer.spoil_at));
        last = is_spoilt ? spoil(&effect) : perform(&effect);
        peer.effects++;
        peer.effects_after += peer.spoilt_at != NEVER_AT;
        assert_true(peer.effects < EFFECTS_MAX);
    }
}

static const fettle_error *error(void)
{
    return &peer.pic.engine.error;
}

static void expect_seen(const uint8_t *bytes, size_t size)
{
    assert_int_equal(size, peer.seen_size);
    assert_memory_equal(bytes, peer.seen, size);
    peer.seen_size = 0;
}

/* As every verb has to leave it. */
static void expect_line_is_back(void)
{
    assert_int_equal(8, peer.bits);
    assert_int_equal(115200, peer.baud);
    assert_true(peer.was_discarded);
    assert_int_equal(0, peer.partial_size);
}

/* ---- ask ---- */

static void test_ask(void **state)
{
    (void)state;
    static const uint8_t asked[] = {0x11, 0x10, 0x12};
    reset_peer();
    peer.module_talks = true;
    fettle_us began = peer.now;
    assert_true(run(fettle_pic_ask(&peer.pic)));
    const fettle_carrier_facts *facts = &peer.pic.facts;
    assert_true(facts->answers && facts->has_firmware && facts->has_hardware &&
                facts->has_product);
    assert_int_equal(8, facts->firmware);
    assert_int_equal(2, facts->hardware);
    assert_int_equal(0xF013, facts->product);
    expect_seen(asked, sizeof asked);
    expect_line_is_back();
    assert_true(peer.now - began < 100 * MS);
}

/* A silent one is a result; it costs half a second. */
static void test_ask_a_silent_one(void **state)
{
    (void)state;
    static const uint8_t asked[] = {0x11, 0x11};
    reset_peer();
    peer.is_silent = true;
    fettle_us began = peer.now;
    assert_true(run(fettle_pic_ask(&peer.pic)));
    assert_false(peer.pic.facts.answers);
    assert_false(peer.pic.facts.has_firmware);
    expect_seen(asked, sizeof asked);
    expect_line_is_back();
    assert_true(peer.now - began >= 500 * MS && peer.now - began < 600 * MS);
}

static void test_ask_forgets_what_was(void **state)
{
    (void)state;
    reset_peer();
    assert_true(run(fettle_pic_ask(&peer.pic)));
    peer.is_silent = true;
    assert_true(run(fettle_pic_ask(&peer.pic)));
    assert_false(peer.pic.facts.answers || peer.pic.facts.has_firmware ||
                 peer.pic.facts.has_hardware || peer.pic.facts.has_product);
}

static void test_lost_and_late_replies(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        reset_peer();
        peer.lost_replies = kind == 0;
        peer.late_replies = kind == 1;
        peer.double_replies = kind == 2;
        assert_true(run(fettle_pic_ask(&peer.pic)));
        assert_int_equal(8, peer.pic.facts.firmware);
        assert_int_equal(2, peer.pic.facts.hardware);
        assert_int_equal(0xF013, peer.pic.facts.product);
        expect_line_is_back();
    }
}

/* Very old firmware says its product in one byte; a reply that lost one is asked for again. */
static void test_short_product(void **state)
{
    (void)state;
    reset_peer();
    peer.product_size = 1;
    peer.product = 0x12;
    assert_true(run(fettle_pic_ask(&peer.pic)));
    assert_true(peer.pic.facts.has_product);
    assert_int_equal(0x12, peer.pic.facts.product);
    static const uint8_t asked[] = {0x11, 0x10, 0x12, 0x12};
    expect_seen(asked, sizeof asked);
}

/* Half a version is none. */
static void test_short_firmware(void **state)
{
    (void)state;
    reset_peer();
    peer.firmware_size = 1;
    assert_true(run(fettle_pic_ask(&peer.pic)));
    assert_false(peer.pic.facts.answers);
}

/* Something that talks without being asked is no PIC. */
static void test_chatter_is_no_answer(void **state)
{
    (void)state;
    reset_peer();
    peer.firmware = 0x6F48; /* "Ho" */
    assert_true(run(fettle_pic_ask(&peer.pic)));
    assert_false(peer.pic.facts.answers);
    assert_false(run(fettle_pic_enter(&peer.pic)));
    assert_int_equal(FETTLE_E_CARRIER_SILENT, error()->code);
    assert_string_equal("answer: 48 6f", error()->evidence);
}

/* ---- enter and leave ---- */

static const uint8_t enter_bytes[] = {
    0x11,                               /* FW_VER */
    0x02, 0x8C, 0x00, 0xDF, 0x00, 0x00, /* RA5 output */
    0x02, 0x0C, 0x00, 0xDF, 0x00, 0x00, /* low */
    0x02, 0x8E, 0x00, 0xFE, 0x00, 0x00, /* RC0 output */
    0x02, 0x0E, 0x00, 0xFE, 0x00, 0x00, /* low */
    0x02, 0x8E, 0x00, 0xDF, 0x00, 0x00, /* RC5 output */
    0x02, 0x0E, 0x00, 0xDF, 0x00, 0x00, /* low */
    0x02, 0x0E, 0x00, 0xFF, 0x20, 0x00, /* high */
    0x02, 0x8E, 0x00, 0xFF, 0x20, 0x00, /* input */
};

static const uint8_t leave_bytes[] = {
    0x02, 0x8C, 0x00, 0xDF, 0x00, 0x00, /* RA5 output */
    0x02, 0x0C, 0x00, 0xFF, 0x20, 0x00, /* high */
    0x02, 0x8E, 0x00, 0xFF, 0x01, 0x00, /* RC0 input */
    0x02, 0x8E, 0x00, 0xDF, 0x00, 0x00, /* reset, as above */
    0x02, 0x0E, 0x00, 0xDF, 0x00, 0x00, 0x02, 0x0E, 0x00,
    0xFF, 0x20, 0x00, 0x02, 0x8E, 0x00, 0xFF, 0x20, 0x00,
};

static void expect_reset_times(void)
{
    assert_true(peer.was_low);
    assert_true(peer.high_at - peer.low_at >= 200 * MS);
    assert_true(peer.high_at - peer.low_at < 300 * MS);
    assert_true(peer.free_at - peer.high_at >= 100 * MS);
    assert_true(peer.free_at - peer.high_at < 200 * MS);
}

static void test_enter(void **state)
{
    (void)state;
    reset_peer();
    fettle_us began = peer.now;
    assert_true(run(fettle_pic_enter(&peer.pic)));
    expect_seen(enter_bytes, sizeof enter_bytes);
    expect_line_is_back();
    expect_reset_times();
    assert_true(peer.now - began < 500 * MS);
    assert_true(is_low(0)); /* stays, for a reset by hand */
    assert_false(is_driven(5));
    assert_true(peer.pic.facts.answers);
    assert_int_equal(8, peer.pic.facts.firmware);
}

static void test_leave(void **state)
{
    (void)state;
    reset_peer();
    assert_true(run(fettle_pic_enter(&peer.pic)));
    peer.seen_size = 0;
    peer.was_low = false;
    assert_true(run(fettle_pic_leave(&peer.pic)));
    expect_seen(leave_bytes, sizeof leave_bytes);
    expect_line_is_back();
    expect_reset_times();
    assert_false(is_driven(0));
    assert_false(is_driven(5));
    assert_true(peer.effects <= TIDY_EFFECTS + 1); /* all but the last discard */
}

/* Thirteen effects are enough to have let go of the module. */
static void test_leave_lets_go_early(void **state)
{
    (void)state;
    reset_peer();
    fettle_engine *engine = fettle_pic_leave(&peer.pic);
    fettle_outcome last;
    for (int i = 0; i < 13; i++) {
        fettle_effect effect = engine->step(engine, i == 0 ? NULL : &last, peer.now);
        assert_true(effect.kind < FETTLE_EFFECT_DONE);
        last = perform(&effect);
    }
    assert_true(peer.was_low);
    assert_false(is_low(5));
    assert_false(is_driven(5));
}

/* Some replies are missing: all of it once more, each awaited. */
static void test_leave_over_a_bad_line(void **state)
{
    (void)state;
    for (unsigned lost = 1; lost < 7; lost++) {
        reset_peer();
        assert_true(run(fettle_pic_enter(&peer.pic)));
        peer.seen_size = 0;
        peer.lost_replies = lost;
        assert_true(run(fettle_pic_leave(&peer.pic)));
        assert_int_equal(2 * sizeof leave_bytes, peer.seen_size);
        assert_false(is_driven(0));
        assert_false(is_driven(5));
        expect_line_is_back();
    }
}

/* Firmware that never replies to MAGIC is put up with, and costs little. */
static void test_magic_without_replies(void **state)
{
    (void)state;
    reset_peer();
    peer.ignores_magic_reply = true;
    fettle_us began = peer.now;
    assert_true(run(fettle_pic_enter(&peer.pic)));
    assert_true(is_low(0));
    assert_false(is_driven(5));
    expect_reset_times();
    expect_line_is_back();
    assert_true(peer.now - began < 1200 * MS);
    /* only the first was tried twice */
    assert_int_equal(sizeof enter_bytes + COMMAND_MAX, peer.seen_size);
    assert_memory_equal(enter_bytes, peer.seen, 7);
    assert_memory_equal(enter_bytes + 1, peer.seen + 7, sizeof enter_bytes - 1);

    peer.seen_size = 0;
    assert_true(run(fettle_pic_leave(&peer.pic)));
    assert_false(is_driven(0));
    assert_int_equal(0x11, peer.seen[peer.seen_size - 1]); /* somebody is there */
    expect_line_is_back();
}

/* One lost reply in the middle: the command is sent again, which changes nothing. */
static void test_magic_reply_is_lost(void **state)
{
    (void)state;
    for (int at = 0; at < 8; at++) {
        for (int kind = 0; kind < 2; kind++) {
            uint8_t before[REGISTERS];
            reset_peer();
            assert_true(run(fettle_pic_enter(&peer.pic)));
            memcpy(before, peer.registers, sizeof before);
            int effects = peer.effects;
            reset_peer();
            /* READ of command `at`: five effects of the switch, three of FW_VER, three each, two pauses */
            peer.spoil_at = 4 + 3 + at * 3 + 2 + (at > 5) + (at > 6);
            peer.spoil = kind == 0 ? FETTLE_TIMEOUT : FETTLE_OK;
            assert_true(run(fettle_pic_enter(&peer.pic)));
            assert_memory_equal(before, peer.registers, sizeof before);
            assert_true(peer.effects > effects);
            expect_line_is_back();
        }
    }
}

static void test_enter_with_a_silent_one(void **state)
{
    (void)state;
    reset_peer();
    peer.is_silent = true;
    assert_false(run(fettle_pic_enter(&peer.pic)));
    assert_int_equal(FETTLE_E_CARRIER_SILENT, error()->code);
    assert_non_null(strstr(error()->message, "the shield does not answer"));
    assert_non_null(strstr(error()->hint, "G23"));
    assert_false(peer.pic.facts.answers);
    assert_int_equal(2, peer.seen_size); /* FW_VER twice: the pins were not touched */
    expect_line_is_back();
    peer.seen_size = 0;
    assert_false(run(fettle_pic_leave(&peer.pic)));
    assert_int_equal(FETTLE_E_CARRIER_SILENT, error()->code);
    assert_int_equal(sizeof leave_bytes + 2, peer.seen_size); /* once, and FW_VER twice */
    expect_line_is_back();
}

static void test_old_firmware(void **state)
{
    (void)state;
    static const struct {
        uint16_t product, firmware;
        bool is_fine;
    } rows[] = {
        {0xF013, 0, false},  {0xF013, 4, false}, {0xF013, 5, false},  {0xF013, 6, true},
        {0xF013, 8, true},   {0xF013, 14, true}, {0xF013, 15, false}, {0xF013, 16, true},
        {0xF012, 15, false}, {0xF012, 16, true}, {0xEF98, 5, false},  {0xEF98, 9, true},
        {0xEF98, 11, true},  {0xEF98, 15, true}, {0xED14, 13, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char message[96];
        reset_peer();
        fettle_pic_init(&peer.pic, (fettle_usb_id){0x04D8, rows[i].product});
        peer.firmware = rows[i].firmware;
        assert_int_equal(rows[i].is_fine, run(fettle_pic_enter(&peer.pic)));
        expect_line_is_back();
        if (rows[i].is_fine) {
            continue;
        }
        assert_int_equal(FETTLE_E_CARRIER_TOO_OLD, error()->code);
        fettle_words_render(message, sizeof message,
                            "shield firmware {count} is too old: update the shield first",
                            &(fettle_words){.count = rows[i].firmware});
        assert_non_null(strstr(error()->message, message));
        assert_int_equal(1, peer.seen_size);
        assert_true(peer.pic.facts.answers);
        assert_int_equal(rows[i].firmware, peer.pic.facts.firmware);
    }
}

static void test_line_without_five_bits(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        reset_peer();
        peer.refuses_five = true;
        peer.refuses_baud = kind == 1;
        assert_false(run(fettle_pic_enter(&peer.pic)));
        assert_int_equal(FETTLE_E_LINE_NO_FIVE_BITS, error()->code);
        assert_int_equal(kind == 0 ? 22 : 0, error()->system);
        assert_non_null(strstr(error()->message, "five data bits"));
        assert_int_equal(0, peer.seen_size);
        assert_int_equal(8, peer.bits);
    }
}

/* ---- the PIC itself, and registers ---- */

static void test_update_mode(void **state)
{
    (void)state;
    static const uint8_t sent[] = {0x31};
    reset_peer();
    assert_true(run(fettle_pic_update_mode(&peer.pic)));
    expect_seen(sent, sizeof sent);
    expect_line_is_back();
    peer.leaves_on_command = true;
    assert_true(run(fettle_pic_update_mode(&peer.pic)));
    expect_seen(sent, sizeof sent);
}

/* Trouble while it may be leaving is no failure, and if it is still there its line is brought back. */
static void test_update_mode_with_trouble(void **state)
{
    (void)state;
    static const fettle_outcome_kind kinds[] = {FETTLE_ERROR, FETTLE_STALL};
    const int write_at = 5;
    for (size_t kind = 0; kind < 2; kind++) {
        for (int at = write_at; at < write_at + 2; at++) {
            reset_peer();
            peer.spoil_at = at;
            peer.spoil = kinds[kind];
            peer.spoil_count = 1;
            assert_true(run(fettle_pic_update_mode(&peer.pic)));
            expect_line_is_back();
        }
    }
}

/* Gone before anything was sent is another matter. */
static void test_gone_before_the_command(void **state)
{
    (void)state;
    reset_peer();
    peer.has_left = true;
    assert_false(run(fettle_pic_update_mode(&peer.pic)));
    assert_int_equal(FETTLE_E_BOARD_LEFT, error()->code);
    assert_int_equal(0, peer.seen_size);
}

static void test_reset(void **state)
{
    (void)state;
    reset_peer();
    assert_false(run(fettle_pic_reset(&peer.pic)));
    assert_int_equal(FETTLE_E_NOT_SUPPORTED, error()->code);
    expect_line_is_back();
    static const uint8_t sent[] = {0x11, 0x40};
    peer.firmware = 16;
    peer.leaves_on_command = true;
    peer.seen_size = 0;
    assert_true(run(fettle_pic_reset(&peer.pic)));
    expect_seen(sent, sizeof sent);
    reset_peer();
    peer.is_silent = true;
    assert_false(run(fettle_pic_reset(&peer.pic)));
    assert_int_equal(FETTLE_E_CARRIER_SILENT, error()->code);
}

static void test_peek(void **state)
{
    (void)state;
    static const uint8_t sent[] = {0x00, 0x8E, 0x00};
    reset_peer();
    peer.registers[TRISC] = 0x5A;
    assert_true(run(fettle_pic_peek(&peer.pic, 0x008E)));
    assert_int_equal(0x5A, peer.pic.value);
    expect_seen(sent, sizeof sent);
    expect_line_is_back();
    peer.lost_replies = 1;
    peer.registers[TRISC] = 0xA5;
    assert_true(run(fettle_pic_peek(&peer.pic, 0x008E)));
    assert_int_equal(0xA5, peer.pic.value);
    assert_int_equal(2 * sizeof sent, peer.seen_size);
    peer.lost_replies = 2;
    assert_false(run(fettle_pic_peek(&peer.pic, 0x008E)));
    assert_int_equal(FETTLE_E_CARRIER_SILENT, error()->code);
    expect_line_is_back();
}

static void test_poke(void **state)
{
    (void)state;
    static const uint8_t sent[] = {0x01, 0x0E, 0x00, 0x42};
    reset_peer();
    assert_true(run(fettle_pic_poke(&peer.pic, 0x000E, 0x42)));
    assert_int_equal(0x42, peer.registers[PORTC]);
    assert_int_equal(0, peer.reads);
    expect_seen(sent, sizeof sent);
    expect_line_is_back();
}

/* With xor a second time would undo the first: it is sent once. */
static void test_modify(void **state)
{
    (void)state;
    static const uint8_t sent[] = {0x02, 0x0E, 0x00, 0xF0, 0x01, 0x80};
    reset_peer();
    peer.registers[PORTC] = 0x3C;
    assert_true(run(fettle_pic_modify(&peer.pic, 0x000E, 0xF0, 0x01, 0x80)));
    assert_int_equal(0xB1, peer.registers[PORTC]);
    expect_seen(sent, sizeof sent);
    expect_line_is_back();
    peer.lost_replies = 1;
    assert_false(run(fettle_pic_modify(&peer.pic, 0x000E, 0xF0, 0x01, 0x80)));
    assert_int_equal(FETTLE_E_CARRIER_SILENT, error()->code);
    expect_seen(sent, sizeof sent);
    peer.lost_replies = 1;
    assert_true(run(fettle_pic_modify(&peer.pic, 0x000E, 0xF0, 0x01, 0)));
    assert_int_equal(2 * sizeof sent, peer.seen_size);
}

/* ---- cut off anywhere ---- */

enum verb {
    ASK,
    ENTER,
    LEAVE,
    PEEK,
    POKE,
    MODIFY,
    UPDATE_MODE,
    RESET,
    VERBS,
};

static fettle_engine *engine_of(enum verb verb)
{
    switch (verb) {
    case ASK:
        return fettle_pic_ask(&peer.pic);
    case ENTER:
        return fettle_pic_enter(&peer.pic);
    case LEAVE:
        return fettle_pic_leave(&peer.pic);
    case PEEK:
        return fettle_pic_peek(&peer.pic, 0x8C);
    case POKE:
        return fettle_pic_poke(&peer.pic, 0x20, 1);
    case MODIFY:
        return fettle_pic_modify(&peer.pic, 0x20, 0, 1, 0);
    case UPDATE_MODE:
        return fettle_pic_update_mode(&peer.pic);
    default:
        return fettle_pic_reset(&peer.pic);
    }
}

/* How many effects the verb has when all goes well. */
static int effects_of(enum verb verb)
{
    reset_peer();
    peer.firmware = 16;
    assert_true(run(engine_of(verb)));
    return peer.effects;
}

static void spoil_next(int at, fettle_outcome_kind kind, size_t count)
{
    reset_peer();
    peer.firmware = 16;
    peer.spoil_at = at;
    peer.spoil = kind;
    peer.spoil_count = count;
}

static void expect_module_is_free(void)
{
    assert_false(is_low(5));
    assert_false(is_driven(5));
}

static void test_cancelled_anywhere(void **state)
{
    (void)state;
    for (int verb = 0; verb < VERBS; verb++) {
        int effects = effects_of((enum verb)verb);
        for (int at = 0; at < effects; at++) {
            for (size_t count = 0; count <= COMMAND_MAX; count++) {
                spoil_next(at, FETTLE_CANCELLED, count);
                assert_false(run(engine_of((enum verb)verb)));
                assert_int_equal(FETTLE_E_CANCELLED, error()->code);
                assert_int_equal(8, peer.bits);
                expect_module_is_free();
                /* its work was done: the switch back is all that was cut off */
                bool is_over = verb == ENTER && at >= effects - 2;
                assert_int_equal(is_over, is_driven(0));
                assert_true(peer.effects_after - 1 <= 8);
                assert_true(peer.now - peer.spoilt_time < SECOND);
                assert_int_equal(0, peer.partial_size);
            }
        }
    }
}

/* The system fails at one effect: the module is let go all the same. */
static void test_trouble_anywhere(void **state)
{
    (void)state;
    static const fettle_outcome_kind kinds[] = {FETTLE_ERROR, FETTLE_TIMEOUT, FETTLE_STALL};
    for (int verb = ENTER; verb <= LEAVE; verb++) {
        int effects = effects_of((enum verb)verb);
        for (size_t kind = 0; kind < 3; kind++) {
            for (int at = 0; at < effects; at++) {
                for (size_t count = 0; count < COMMAND_MAX; count++) {
                    spoil_next(at, kinds[kind], count);
                    bool is_fine = run(engine_of((enum verb)verb));
                    assert_true(is_fine || error()->code != FETTLE_E_NONE);
                    expect_module_is_free();
                    assert_int_equal(0, peer.partial_size);
                    /* the very switch back may be what fails, and it is tried again */
                    assert_int_equal(8, peer.bits);
                }
            }
        }
    }
}

static void test_gone_anywhere(void **state)
{
    (void)state;
    for (int verb = 0; verb < VERBS; verb++) {
        int effects = effects_of((enum verb)verb);
        for (int at = 0; at < effects; at++) {
            spoil_next(at, FETTLE_GONE, 0);
            bool is_fine = run(engine_of((enum verb)verb));
            assert_int_equal(at, peer.spoilt_at);
            assert_int_equal(1, peer.effects_after); /* none after it */
            if (!is_fine) {
                assert_int_equal(FETTLE_E_BOARD_LEFT, error()->code);
            } else {
                assert_true(verb == UPDATE_MODE || verb == RESET);
                assert_true(at >= (verb == UPDATE_MODE ? 5 : 8)); /* the command itself */
            }
        }
    }
}

/* The verb fails of itself, and then somebody cancels: the line is brought back all the same. */
static void test_cancelled_while_failing(void **state)
{
    (void)state;
    for (int at = 0; at <= 12; at++) {
        spoil_next(at, FETTLE_CANCELLED, 0);
        peer.is_silent = true;
        assert_false(run(fettle_pic_enter(&peer.pic)));
        assert_int_equal(8, peer.bits);
    }
    assert_int_equal(NEVER_AT, peer.spoilt_at); /* that was all of them */
}

/* Nothing but trouble, from anywhere on: it ends, and soon. */
static void test_nothing_but_trouble(void **state)
{
    (void)state;
    static const fettle_outcome_kind kinds[] = {FETTLE_OK, FETTLE_ERROR, FETTLE_TIMEOUT,
                                                FETTLE_CANCELLED};
    for (int verb = 0; verb < VERBS; verb++) {
        int effects = effects_of((enum verb)verb);
        for (size_t kind = 0; kind < 4; kind++) {
            for (int at = 0; at < effects; at++) {
                spoil_next(at, kinds[kind], 1);
                peer.spoil_every = true;
                (void)run(engine_of((enum verb)verb));
            }
        }
    }
}

/* ---- the carrier's table ---- */

static void test_carrier(void **state)
{
    (void)state;
    static const uint16_t ours[] = {0xF012, 0xF013, 0xEF98, 0xEF38, 0xED14};
    static const uint16_t others[] = {0xF011, 0xF014, 0xEF99, 0xEF37, 0xED15, 0};
    const fettle_carrier_ops *carrier = fettle_vendor_pycom.carrier;
    assert_non_null(carrier);
    for (size_t i = 0; i < 5; i++) {
        assert_true(carrier->is_one((fettle_usb_id){0x04D8, ours[i]}));
        assert_false(carrier->is_one((fettle_usb_id){0x0403, ours[i]}));
        assert_false(carrier->is_one((fettle_usb_id){0x04D8, others[i]}));
    }
    assert_string_equal("shield", carrier->name);
    assert_int_equal(921600, carrier->baud_max);
    assert_int_equal(230400, carrier->baud_of_answers);

    fettle_carrier_facts facts;
    reset_peer();
    carrier->init(&peer.pic, pytrack);
    carrier->tell(&peer.pic, &facts);
    assert_false(facts.answers);
    assert_true(run(carrier->ask(&peer.pic)));
    carrier->tell(&peer.pic, &facts);
    assert_true(facts.answers);
    assert_int_equal(8, facts.firmware);
    assert_true(run(carrier->enter(&peer.pic)));
    assert_true(is_low(0));
    assert_true(run(carrier->leave(&peer.pic)));
    assert_false(is_driven(0));
    peer.seen_size = 0;
    assert_true(run(carrier->update_mode(&peer.pic)));
    assert_int_equal(0x31, peer.seen[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ask),
        cmocka_unit_test(test_ask_a_silent_one),
        cmocka_unit_test(test_ask_forgets_what_was),
        cmocka_unit_test(test_lost_and_late_replies),
        cmocka_unit_test(test_short_product),
        cmocka_unit_test(test_short_firmware),
        cmocka_unit_test(test_chatter_is_no_answer),
        cmocka_unit_test(test_enter),
        cmocka_unit_test(test_leave),
        cmocka_unit_test(test_leave_lets_go_early),
        cmocka_unit_test(test_leave_over_a_bad_line),
        cmocka_unit_test(test_magic_without_replies),
        cmocka_unit_test(test_magic_reply_is_lost),
        cmocka_unit_test(test_enter_with_a_silent_one),
        cmocka_unit_test(test_old_firmware),
        cmocka_unit_test(test_line_without_five_bits),
        cmocka_unit_test(test_update_mode),
        cmocka_unit_test(test_update_mode_with_trouble),
        cmocka_unit_test(test_gone_before_the_command),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_peek),
        cmocka_unit_test(test_poke),
        cmocka_unit_test(test_modify),
        cmocka_unit_test(test_cancelled_anywhere),
        cmocka_unit_test(test_trouble_anywhere),
        cmocka_unit_test(test_gone_anywhere),
        cmocka_unit_test(test_cancelled_while_failing),
        cmocka_unit_test(test_nothing_but_trouble),
        cmocka_unit_test(test_carrier),
    };
    return cmocka_run_group_tests_name("pycom_pic", tests, NULL, NULL);
}
