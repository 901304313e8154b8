/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rate of the line, upwards as far as it holds.
 *
 *   change: CHANGE_BAUDRATE at the old rate, the port follows, settle, three registers at the new one
 *   fall back: a reset, contact at 115200, and change to the last rate that held
 *   turn back: CHANGE_BAUDRATE to that one at the rate that fails, the port follows, a register; again and again
 *
 * Where a reset doesn't reach the chip only the loader itself can turn back, and hears it as soon as 18 bytes come through whole: a
 * line that only spoils some bytes lets them. So there the port is asked first whether it has the rate at all, and the rate is
 * looked at longer: bytes that are lost now and then would be lost in the middle of a block.
 *
 * A ROM without CHANGE_BAUDRATE measures the first SYNC after a reset: there each rate costs a reset
 * anyway, and the highest is tried first.
 */
#include "proto/esp_wire.h"

enum {
    CHECKS = 3,
    CHECKS_LONG = 24, /* some thousand bytes, as of a block of a ROM */
    TURNS_MAX = 16,
    CHECK_RESETS = 2, /* contact at a rate that may not hold is soon given up */
};

#define CHECK_TIME (300 * MS)
#define TURN_TIME  (100 * MS)
#define CRYSTAL_40 40

static fettle_esp_next try_next, try_port, change, check, fall_back, tell_back, turn_back,
    sync_next;

/* Where a rate fails. */
static bool is_entered_anew(const fettle_esp *esp)
{
    return can_reset(esp) || esp->setup.caller_enters;
}

static fettle_effect end(fettle_esp *esp, fettle_us now)
{
    return esp->after_baud(esp, now);
}

/* ---- what the ROM must be told ---- */

/* From the two numbers that the ROM's own idea of its clock is made of. */
static uint32_t told_by_clock(const fettle_esp *esp, uint32_t baud)
{
    const uint64_t unit = 15625, reference = 40;
    const uint64_t fast = 40000000, slow = 26000000, between = 33000000;
    uint64_t estimate = (uint64_t)esp->clock_estimate * unit * esp->clock_unit / reference;
    uint64_t true_clock = estimate > between ? fast : slow;
    uint64_t told = (uint64_t)baud * estimate / true_clock;
    bool is_odd = told < baud / 2 || told > (uint64_t)baud * 2;
    return estimate == 0 || is_odd ? baud : (uint32_t)told;
}

static uint32_t told_rate(const fettle_esp *esp, uint32_t baud)
{
    if (esp->is_stub) {
        return baud;
    }
    switch (chip_of(esp)->baud) {
    case FETTLE_ESP_BAUD_BY_CLOCK:
        return told_by_clock(esp, baud);
    case FETTLE_ESP_BAUD_AS_40MHZ:
        return esp->identity.crystal_mhz > 0
                   ? (uint32_t)((uint64_t)baud * CRYSTAL_40 / esp->identity.crystal_mhz)
                   : baud;
    case FETTLE_ESP_BAUD_PLAIN:
    case FETTLE_ESP_BAUD_BY_SYNC:
        break;
    }
    return baud;
}

/* ---- change ---- */

static fettle_effect bad_baud(fettle_esp *esp, fettle_us now)
{
    esp->baud_failed = esp->baud_wanted;
    return esp->on_bad_baud(esp, now);
}

/* The ROM has said no, so both ends are still at the old rate. */
static fettle_effect on_not_changed(fettle_esp *esp, fettle_us now)
{
    if (esp->answer == FETTLE_ESP_REFUSED) {
        esp->baud_failed = esp->baud_wanted;
        return end(esp, now);
    }
    return bad_baud(esp, now);
}

static fettle_effect on_check(fettle_esp *esp, fettle_us now)
{
    if (esp->awaited == READ_REG && fettle_esp_value(esp) != esp->magic) {
        return bad_baud(esp, now);
    }
    unsigned checks = is_entered_anew(esp) ? CHECKS : CHECKS_LONG;
    return ++esp->checks < checks ? check(esp, now) : try_next(esp, now);
}

static esp_request check_request(const fettle_esp *esp)
{
    bool is_secure = esp->identity.is_secure_download;
    return (esp_request){.opcode = is_secure ? GET_SECURITY_INFO : READ_REG,
                         .time = CHECK_TIME,
                         .payload = is_secure ? 12 : 0,
                         .word_count = is_secure ? 0 : 1,
                         .words = {FETTLE_ESP_MAGIC_ADDRESS}};
}

static fettle_effect check(fettle_esp *esp, fettle_us now)
{
    const esp_request request = check_request(esp);
    return fettle_esp_exchange(esp, &request, now, on_check, bad_baud);
}

static fettle_effect settle(fettle_esp *esp, fettle_us now)
{
    esp->checks = 0;
    return fettle_esp_sleep(esp, now + SETTLE_TIME, check);
}

static fettle_effect on_changed(fettle_esp *esp, fettle_us now)
{
    (void)now;
    fettle_effect effect = fettle_esp_set_baud(esp, esp->baud_wanted, settle);
    esp->on_trouble = bad_baud; /* a rate that the port doesn't have */
    return effect;
}

static fettle_effect change(fettle_esp *esp, fettle_us now)
{
    const esp_request request = {
        .opcode = CHANGE_BAUDRATE,
        .word_count = 2,
        .words = {told_rate(esp, esp->baud_wanted), esp->is_stub ? esp->baud : 0}};
    return fettle_esp_exchange(esp, &request, now, on_changed, on_not_changed);
}

/* ---- upwards ---- */

static fettle_effect try_next(fettle_esp *esp, fettle_us now)
{
    if (esp->is_lowering) {
        return turn_back(esp, now);
    }
    esp->baud_good = esp->baud;
    while (esp->baud_index < esp->setup.baud_count) {
        esp->baud_wanted = esp->setup.bauds[esp->baud_index++];
        if (esp->baud_wanted > esp->baud) {
            return is_entered_anew(esp) ? change(esp, now) : try_port(esp, now);
        }
    }
    return end(esp, now);
}

/* ---- without a reset ---- */

static fettle_effect not_of_port(fettle_esp *esp, fettle_us now)
{
    esp->baud_failed = esp->baud_wanted;
    fettle_effect effect = fettle_esp_set_baud(esp, esp->baud_good, end);
    (void)now;
    return effect;
}

static fettle_effect on_port_has_it(fettle_esp *esp, fettle_us now)
{
    (void)now;
    return fettle_esp_set_baud(esp, esp->baud_good, change);
}

/* Before the loader is told. */
static fettle_effect try_port(fettle_esp *esp, fettle_us now)
{
    (void)now;
    fettle_effect effect = fettle_esp_set_baud(esp, esp->baud_wanted, on_port_has_it);
    esp->on_trouble = not_of_port;
    return effect;
}

static fettle_effect on_turned(fettle_esp *esp, fettle_us now)
{
    bool is_magic = esp->awaited != READ_REG || fettle_esp_value(esp) == esp->magic;
    esp->baud_index = esp->setup.baud_count;
    return is_magic ? end(esp, now) : tell_back(esp, now);
}

/* What the loader still answers at another rate is noise, and there is nothing to wait for. */
static void forget_owed(fettle_esp *esp)
{
    esp->owed = esp->syncs_owed = 0;
}

static fettle_effect ask_turned(fettle_esp *esp, fettle_us now)
{
    forget_owed(esp);
    const esp_request request = check_request(esp);
    return fettle_esp_exchange(esp, &request, now, on_turned, tell_back);
}

static fettle_effect let_settle(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_sleep(esp, now + SETTLE_TIME, ask_turned);
}

/* Its answer is of no use: it may be spoilt where the request was not. */
static fettle_effect on_told_back(fettle_esp *esp, fettle_us now)
{
    (void)now;
    return fettle_esp_set_baud(esp, esp->baud_good, let_settle);
}

static fettle_effect send_back(fettle_esp *esp, fettle_us now)
{
    forget_owed(esp);
    const esp_request request = {
        .opcode = CHANGE_BAUDRATE,
        .time = TURN_TIME,
        .word_count = 2,
        .words = {told_rate(esp, esp->baud_good), esp->is_stub ? esp->baud_wanted : 0}};
    return fettle_esp_exchange(esp, &request, now, on_told_back, on_told_back);
}

static fettle_effect lost(fettle_esp *esp, fettle_us now)
{
    (void)now;
    fettle_effect effect = fettle_esp_refuse(esp, FETTLE_E_LINE_NOISE, NULL, NULL);
    esp->engine.error.hint =
        "Bring the chip into its loader once more, by hand, and run the "
        "same command with --baud 115200.";
    return effect;
}

/* Nothing more can be done from here but to ask whether somebody has reset it. */
static fettle_effect end_turning(fettle_esp *esp, fettle_us now)
{
    if (can_reset(esp)) {
        return lost(esp, now);
    }
    esp->no_contact = lost;
    fettle_effect effect = fettle_esp_contact(esp, now, end);
    esp->resets_max = CHECK_RESETS;
    return effect;
}

static fettle_effect tell_back(fettle_esp *esp, fettle_us now)
{
    if (esp->turns++ == TURNS_MAX) {
        return end_turning(esp, now);
    }
    return esp->baud == esp->baud_wanted
               ? send_back(esp, now)
               : fettle_esp_set_baud(esp, esp->baud_wanted, send_back);
}

static fettle_effect turn_back(fettle_esp *esp, fettle_us now)
{
    esp->is_connecting = false;
    esp->is_stub = esp->was_stub;
    esp->is_lowering = false;
    esp->turns = 0;
    return tell_back(esp, now);
}

/* ---- with one ---- */

static fettle_effect stay_low(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_contact(esp, now, end);
}

static fettle_effect on_fallen_back(fettle_esp *esp, fettle_us now)
{
    esp->baud_index = esp->setup.baud_count;
    return fettle_esp_baud_again(esp, esp->baud_good, now, esp->after_baud);
}

/* Lines that lead nowhere are found out only here. */
static fettle_effect fall_back(fettle_esp *esp, fettle_us now)
{
    esp->was_stub = esp->is_stub;
    if (!is_entered_anew(esp)) {
        return turn_back(esp, now);
    }
    esp->no_contact = esp->setup.caller_enters ? NULL : turn_back;
    return fettle_esp_contact(esp, now, on_fallen_back);
}

/* ---- by SYNC, downwards ---- */

static fettle_effect sync_failed(fettle_esp *esp, fettle_us now)
{
    esp->baud_failed = esp->baud_wanted;
    return sync_next(esp, now);
}

static fettle_effect on_synced_fast(fettle_esp *esp, fettle_us now)
{
    esp->baud_index = 0;
    return end(esp, now);
}

/* 0 is the rate of the first contact, which holds. */
static fettle_effect sync_next(fettle_esp *esp, fettle_us now)
{
    if (esp->baud_index == 0) {
        return fettle_esp_contact(esp, now, end);
    }
    esp->baud_wanted = esp->setup.bauds[--esp->baud_index];
    esp->no_contact = sync_failed;
    fettle_effect effect =
        fettle_esp_contact_at(esp, esp->baud_wanted, now, on_synced_fast);
    esp->resets_max = CHECK_RESETS;
    if (effect.kind == FETTLE_EFFECT_BAUD) {
        esp->on_trouble = sync_failed;
    }
    return effect;
}

/* ---- beginning ---- */

static fettle_effect on_clock_unit(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_bits *bits = &chip_of(esp)->clock_unit;
    esp->clock_unit =
        fettle_esp_value(esp) >> bits->shift & ((UINT32_C(1) << bits->width) - 1);
    return try_next(esp, now);
}

static fettle_effect on_clock_estimate(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_bits *bits = &chip_of(esp)->clock_estimate;
    esp->clock_estimate =
        fettle_esp_value(esp) >> bits->shift & ((UINT32_C(1) << bits->width) - 1);
    return fettle_esp_read_register(esp, chip_of(esp)->clock_unit.address, now,
                                    on_clock_unit, NULL);
}

static fettle_effect begin(fettle_esp *esp, fettle_us now)
{
    fettle_esp_baud_kind kind = chip_of(esp)->baud;
    if (!esp->is_stub && kind == FETTLE_ESP_BAUD_BY_CLOCK) {
        return fettle_esp_read_register(esp, chip_of(esp)->clock_estimate.address, now,
                                        on_clock_estimate, NULL);
    }
    return try_next(esp, now);
}

static bool can_change(const fettle_esp *esp)
{
    bool needs_registers = chip_of(esp)->baud == FETTLE_ESP_BAUD_BY_CLOCK ||
                           chip_of(esp)->baud == FETTLE_ESP_BAUD_AS_40MHZ;
    return has_rate(esp) && !(needs_registers && esp->identity.is_secure_download);
}

/* Where an earlier try has left it, a rate that has failed already. */
static fettle_effect lower(fettle_esp *esp, fettle_us now)
{
    esp->after_baud = fettle_esp_done;
    esp->on_bad_baud = fall_back;
    esp->baud_wanted = esp->baud;
    esp->baud_good = FETTLE_ESP_BAUD;
    esp->was_stub = esp->is_stub;
    esp->is_lowering = true;
    return begin(esp, now);
}

static fettle_effect raise(fettle_esp *esp, fettle_us now)
{
    bool is_by_sync = !esp->is_stub && chip_of(esp)->baud == FETTLE_ESP_BAUD_BY_SYNC;
    bool was_left = esp->setup.left_at > FETTLE_ESP_BAUD &&
                    esp->baud == esp->setup.left_at && !is_entered_anew(esp);
    if (was_left && can_change(esp) && !is_by_sync) {
        return lower(esp, now);
    }
    if (!can_change(esp) || esp->setup.baud_count == 0 ||
        (is_by_sync && (!esp->setup.has_lines || esp->lines_failed))) {
        return fettle_esp_done(esp, now);
    }
    esp->after_baud = fettle_esp_done;
    esp->on_bad_baud = fall_back;
    if (is_by_sync) {
        esp->baud_index = esp->setup.baud_count;
        return sync_next(esp, now);
    }
    esp->baud_index = 0;
    return begin(esp, now);
}

fettle_engine *fettle_esp_raise_baud(fettle_esp *esp)
{
    esp->baud_failed = 0;
    return fettle_esp_ready(esp, FETTLE_CLAUSE_RAISE_BAUD, 0, raise);
}

fettle_effect fettle_esp_baud_again(fettle_esp *esp, uint32_t baud, fettle_us now,
                                    fettle_esp_next *after)
{
    bool is_by_sync = chip_of(esp)->baud == FETTLE_ESP_BAUD_BY_SYNC;
    esp->after_baud = after;
    esp->on_bad_baud = stay_low;
    esp->baud_index = esp->setup.baud_count; /* no other rate */
    if (baud == esp->baud) {
        return after(esp, now);
    }
    esp->baud_wanted = baud;
    return is_by_sync ? fettle_esp_contact_at(esp, baud, now, end) : change(esp, now);
}
