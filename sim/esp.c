/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A board with an ESP chip: its pins, what it hears and says with the time that takes, and the
 * order in which things happen to it.
 *
 * The chip has no thread. Bytes from the host lie on the wire, each with the time at which it is
 * there; work, resets and text have their times as well. fettle_sim_esp_advance() lets everything
 * happen up to some time, in order. The world's timer is set to what can have consequences: the
 * end of a frame, not each byte.
 *
 * Two ways to the chip (section 5 of the fact sheet): a bridge, whose DTR and RTS pull EN and the
 * boot pin through two transistors; and USB-Serial-JTAG, inside the chip, where the lines are a
 * little state machine, no rate matters, and a reset doesn't look at the straps.
 */
#include "pycom.h"

#include <string.h>

enum {
    SECOND_NS = 1000000000,
    BITS = 10,           /* of one byte: start, eight, stop */
    JTAG_BYTE_NS = 2000, /* full speed USB, as measured by others: section 6.3 */
    OFF_IN_100 = 3,      /* a rate is another one from here on */
    CONSOLE_BAUD = 115200,
    BAD_ONE_IN = 24,   /* bytes that a line spoils which is too fast for it */
    START_US = 1000,   /* of a ROM */
    GARBAGE = 0x20,    /* often follows a change of rate: section 2.6 */
    PIC_BAUD = 230400, /* a PIC passes longer runs than PIC_RUN whole up to here only, */
    PIC_RUN = 64,
    PIC_LOSES_ONE_IN = 8,
    PIC_PAUSE_NS = 1000000, /* and this long it needs between two */
};

static fettle_us earlier(fettle_us a, fettle_us b)
{
    return a < b ? a : b;
}

void fettle_sim_esp_record(fettle_sim_esp *esp, fettle_us at, const char *what,
                           uint8_t bRequest, uint32_t address, uint32_t size)
{
    fettle_sim_entry entry = {
        .at = at,
        .what = what,
        .bRequest = bRequest,
        .address = address,
        .size = size,
        .changes = size > 0 && strcmp(what, "md5") != 0,
    };
    fettle_sim_record(esp->board, &entry, (fettle_span){NULL, 0});
}

/* ---- the wire ---- */

bool fettle_sim_esp_is_off(uint32_t baud, uint32_t other)
{
    uint64_t difference = baud > other ? baud - other : other - baud;
    return difference * 100 > (uint64_t)other * OFF_IN_100;
}

/* A rate that the chip's dividers have rounded up is still this one. */
static bool is_above(uint32_t baud, uint32_t limit)
{
    return baud > limit && fettle_sim_esp_is_off(baud, limit);
}

uint64_t fettle_sim_esp_byte_ns(const fettle_sim_esp *esp, uint32_t baud)
{
    return esp->is_jtag ? JTAG_BYTE_NS : (uint64_t)BITS * SECOND_NS / baud;
}

bool fettle_sim_esp_bear(fettle_sim_esp *esp, uint32_t baud, uint8_t *value)
{
    uint64_t most = fettle_sim_option_of(esp->board, OPTION_MAX_BAUD);
    if (esp->is_jtag || !is_above(baud, (uint32_t)most)) {
        return true;
    }
    uint32_t random = fettle_sim_random(&esp->board->random);
    if (random % BAD_ONE_IN == 0) {
        return false;
    }
    *value ^= random % BAD_ONE_IN == 1 ? (uint8_t)(random >> 8 | 1) : 0;
    return true;
}

fettle_us fettle_sim_esp_sent_at(const fettle_sim_esp *esp)
{
    return (esp->out_free_ns + 999) / 1000;
}

/* A bridge hands over what it has gathered at the tick of its timer. */
static fettle_us hand_over(const fettle_sim_esp *esp, fettle_us at)
{
    fettle_us tick = fettle_sim_ms_of(esp->board, OPTION_LATENCY);
    return tick == 0 || esp->is_jtag ? at : (at / tick + 1) * tick;
}

bool fettle_sim_esp_is_behind_pic(const fettle_sim_esp *esp)
{
    return esp->board->model->is_shield;
}

/* Does somebody hear what it sends? */
static bool is_heard(const fettle_sim_esp *esp)
{
    return esp->board->holder != NULL &&
           (esp->module == NULL || fettle_sim_pycom_bridges(esp->board));
}

/* A PIC has little room, and loses bytes of what comes too fast for too long. */
static bool is_lost_in_pic(fettle_sim_esp *esp, uint64_t begins)
{
    bool is_run = begins < esp->run_ends_ns + PIC_PAUSE_NS;
    esp->run_ends_ns = esp->out_free_ns;
    esp->run = is_run ? esp->run + 1 : 1;
    return is_above(esp->baud, PIC_BAUD) && esp->run > PIC_RUN &&
           fettle_sim_random(&esp->board->random) % PIC_LOSES_ONE_IN == 0;
}

void fettle_sim_esp_emit(fettle_sim_esp *esp, uint8_t byte, fettle_us at)
{
    uint64_t begins = at * 1000;
    begins = begins < esp->out_free_ns ? esp->out_free_ns : begins;
    esp->out_free_ns = begins + fettle_sim_esp_byte_ns(esp, esp->baud);
    if (!is_heard(esp) || !fettle_sim_esp_bear(esp, esp->baud, &byte) ||
        (fettle_sim_esp_is_behind_pic(esp) && is_lost_in_pic(esp, begins))) {
        return;
    }
    if (esp->out_count == ESP_OUT_ROOM) {
        if (!esp->has_lost) {
            esp->has_lost = true;
            fettle_sim_record_event(esp->board, at, "overrun");
        }
        return;
    }
    fettle_us due = hand_over(esp, fettle_sim_esp_sent_at(esp));
    esp->out[(esp->out_first + esp->out_count++) % ESP_OUT_ROOM] =
        (fettle_sim_esp_out){.due = due, .baud = esp->baud, .value = byte};
}

void fettle_sim_esp_say(fettle_sim_esp *esp, const char *text, fettle_us at)
{
    for (; *text != '\0'; text++) {
        fettle_sim_esp_emit(esp, (uint8_t)*text, at);
    }
}

/* ---- resets ---- */

/* At which a ROM prints: it takes its crystal for another (section 1.11). */
static uint32_t console_baud(const fettle_sim_esp *esp)
{
    const uint32_t baud = CONSOLE_BAUD;
    uint8_t taken_for = esp->chip->rom_xtal;
    return taken_for == 0 ? baud : baud * esp->xtal / taken_for;
}

/* Nothing of what the chip was doing goes on. */
void fettle_sim_esp_stop(fettle_sim_esp *esp, fettle_us at)
{
    fettle_sim_esp_forget(esp);
    fettle_sim_esp_free_ram(esp);
    memset(&esp->transfer, 0, sizeof esp->transfer);
    memset(&esp->work, 0, sizeof esp->work);
    memset(&esp->reading, 0, sizeof esp->reading);
    esp->mode = ESP_MODE_RESET;
    esp->is_attached = esp->is_mute = false;
    esp->params_size = 0;
    esp->has_prompt = false;
    esp->last_value = 0;
    esp->syncs = 0;
    esp->work_at = esp->text_at = esp->starts_at = esp->changes_at = FETTLE_NEVER;
    esp->out_free_ns = earlier(esp->out_free_ns, at * 1000);
    esp->baud = console_baud(esp);
}

/* Into its loader, were it not for a fault. */
static fettle_sim_esp_mode strapped_mode(fettle_sim_esp *esp)
{
    fettle_sim_hits hits = fettle_sim_fault_meet_as(esp->board, SIM_AS_STRAP);
    if (hits.is[FAULT_STUCK_APP]) {
        return ESP_MODE_APP;
    }
    return hits.is[FAULT_WRONG_STRAP] ? ESP_MODE_SILENT : ESP_MODE_ROM;
}

static void show(fettle_sim_esp *esp, fettle_sim_shows shows)
{
    if (esp->board->shows != FETTLE_SIM_SHOWS_NOTHING &&
        !fettle_sim_esp_is_behind_pic(esp)) {
        esp->board->shows = shows;
    }
}

/*
 * That of the application goes on after a reset which leaves the clock's domain alone: section
 * 3.6.
 */
static void let_watchdog_run(fettle_sim_esp *esp, bool is_download, fettle_us at)
{
    fettle_us time = fettle_sim_ms_of(esp->board, OPTION_WATCHDOG);
    bool runs = is_download && time > 0 && esp->chip->watchdog.config0 != 0;
    esp->watchdog_at = runs ? fettle_sim_after(at, time) : FETTLE_NEVER;
}

/* The straps have been looked at, or weren't: this is what they said. */
static void run(fettle_sim_esp *esp, fettle_sim_esp_cause cause, fettle_us at)
{
    if (fettle_sim_pycom_is_dumb(esp)) {
        show(esp, FETTLE_SIM_SHOWS_APP);
        fettle_sim_pycom_start_dumb(esp, at);
        return;
    }
    bool is_wanted = esp->is_strapped || esp->wants_download;
    esp->mode = is_wanted ? strapped_mode(esp) : ESP_MODE_APP;
    bool is_download = esp->mode == ESP_MODE_ROM;
    fettle_sim_esp_record(esp, at, "reset", is_download, 0, 0);
    esp->knows_baud = esp->is_jtag;
    if (cause == ESP_BY_JTAG) {
        let_watchdog_run(esp, is_download, at);
    }
    show(esp, is_download ? FETTLE_SIM_SHOWS_UPDATE : FETTLE_SIM_SHOWS_APP);
    fettle_sim_esp_greet(esp, cause, at + START_US);
    if (esp->mode == ESP_MODE_APP) {
        fettle_sim_esp_boot(esp, at + START_US);
    }
}

static bool is_boot_low(const fettle_sim_esp *esp)
{
    const fettle_serial_settings *told = &esp->board->line.told;
    if (esp->module != NULL) {
        return fettle_sim_pycom_is_boot_low(esp->board);
    }
    switch (fettle_sim_option_of(esp->board, OPTION_CIRCUIT)) {
    case CIRCUIT_CLASSIC:
        return told->dtr && !told->rts;
    case CIRCUIT_DIRECT:
        return told->dtr;
    default:
        return false;
    }
}

void fettle_sim_esp_reset(fettle_sim_esp *esp, fettle_sim_esp_cause cause, fettle_us at)
{
    fettle_sim_esp_stop(esp, at);
    esp->rises_at = FETTLE_NEVER;
    if (cause != ESP_BY_JTAG) {
        esp->watchdog_at = FETTLE_NEVER;
        esp->wants_download = false;
        esp->is_strapped = cause != ESP_BY_SOFTWARE && !esp->is_jtag && is_boot_low(esp);
    }
    fettle_sim_esp_registers_init(esp, cause != ESP_BY_JTAG);
    run(esp, cause, at);
    if (esp->is_jtag && (cause == ESP_BY_WATCHDOG || cause == ESP_BY_BROWNOUT)) {
        /* The whole system was reset, its USB device with it. */
        fettle_sim_restart(esp->board, at, START_KEPT);
        esp->board->kept =
            esp->mode == ESP_MODE_ROM ? FETTLE_SIM_SHOWS_UPDATE : FETTLE_SIM_SHOWS_APP;
    }
}

/* ---- the lines ---- */

/* Section 5.2: (0,0) takes the wish back, DTR alone makes it, RTS alone resets. */
static void set_jtag_lines(fettle_sim_esp *esp, bool dtr, bool rts, bool was_reset,
                           fettle_us at)
{
    if (!rts) {
        esp->wants_download = dtr;
    } else if (!dtr && !was_reset) {
        fettle_sim_esp_reset(esp, ESP_BY_JTAG, at);
    }
}

static bool is_reset(const fettle_sim_esp *esp, bool dtr, bool rts)
{
    switch (fettle_sim_option_of(esp->board, OPTION_CIRCUIT)) {
    case CIRCUIT_CLASSIC:
        return rts && !dtr;
    case CIRCUIT_DIRECT:
        return rts;
    default:
        return false;
    }
}

static void pull(fettle_sim_esp *esp, bool is_low, fettle_us at)
{
    if (is_low && !esp->is_low) {
        fettle_sim_esp_stop(esp, at);
        esp->rises_at = FETTLE_NEVER;
    } else if (!is_low && esp->is_low) {
        esp->rises_at = fettle_sim_after(at, fettle_sim_ms_of(esp->board, OPTION_EN_MS));
    }
    esp->is_low = is_low;
}

void fettle_sim_esp_hold(fettle_sim_esp *esp, bool is_low, fettle_us at)
{
    fettle_sim_esp_advance(esp, at);
    pull(esp, is_low, at);
    fettle_sim_esp_advance(esp, at);
}

void fettle_sim_esp_set_lines(fettle_sim_esp *esp, bool dtr, bool rts, fettle_us at)
{
    const fettle_serial_settings *told = &esp->board->line.told;
    bool was_reset = told->rts && !told->dtr;
    fettle_sim_esp_advance(esp, at);
    fettle_sim_line_set_lines(esp->board, dtr, rts, at);
    if (esp->is_jtag) {
        set_jtag_lines(esp, dtr, rts, was_reset, at);
    } else if (esp->module == NULL) {
        pull(esp, is_reset(esp, dtr, rts), at);
    }
    fettle_sim_esp_advance(esp, at);
}

/* ---- what happens next ---- */

typedef enum esp_event {
    EVENT_RISE,
    EVENT_CHANGE,
    EVENT_WORK,
    EVENT_START,
    EVENT_WATCHDOG,
    EVENT_TEXT,
    EVENT_BYTE,
    EVENT_COUNT,
} esp_event;

static fettle_us time_of(const fettle_sim_esp *esp, esp_event event)
{
    switch (event) {
    case EVENT_RISE:
        return esp->rises_at;
    case EVENT_CHANGE:
        return esp->changes_at;
    case EVENT_WORK:
        return esp->work_at;
    case EVENT_START:
        return esp->starts_at;
    case EVENT_WATCHDOG:
        return esp->watchdog_at;
    case EVENT_TEXT:
        /* Nobody listens: there is nothing to say, and time may stand still. */
        return esp->board->holder != NULL ? esp->text_at : FETTLE_NEVER;
    default:
        break;
    }
    bool waits = esp->in_count == 0 || (esp->is_jtag && fettle_sim_esp_is_full(esp));
    return waits ? FETTLE_NEVER : esp->in[esp->in_first].due;
}

static fettle_us next_time(const fettle_sim_esp *esp, esp_event *event)
{
    fettle_us at = FETTLE_NEVER;
    for (int i = 0; i < EVENT_COUNT; i++) {
        fettle_us its = time_of(esp, (esp_event)i);
        if (its < at) {
            at = its;
            *event = (esp_event)i;
        }
    }
    return at;
}

/* The first byte on the wire that may end a frame; the last one if none does. */
static fettle_us next_mark(const fettle_sim_esp *esp)
{
    if (time_of(esp, EVENT_BYTE) == FETTLE_NEVER) {
        return FETTLE_NEVER;
    }
    size_t i = 0;
    while (i + 1 < esp->in_count &&
           esp->in[(esp->in_first + i) % ESP_IN_ROOM].value != 0xc0) {
        i++;
    }
    return esp->in[(esp->in_first + i) % ESP_IN_ROOM].due;
}

static void set_timer(fettle_sim_esp *esp)
{
    fettle_us at = next_mark(esp);
    for (int i = 0; i < EVENT_BYTE; i++) {
        at = earlier(at, time_of(esp, (esp_event)i));
    }
    if (fettle_sim_esp_is_behind_pic(esp)) {
        esp->board->module_at = at;
    } else {
        esp->board->timer_at = at;
    }
}

/* The rates of both ends decide what it hears. */
static void take_byte(fettle_sim_esp *esp, fettle_us at)
{
    fettle_sim_esp_in byte = esp->in[esp->in_first];
    esp->in_first = (esp->in_first + 1) % ESP_IN_ROOM;
    esp->in_count--;
    bool is_off = !esp->is_jtag &&
                  ((esp->knows_baud && fettle_sim_esp_is_off(byte.baud, esp->baud)) ||
                   byte.data_bits != 8);
    if (is_off) {
        byte.value ^= (uint8_t)(fettle_sim_random(&esp->board->random) | 1);
    }
    if (!esp->knows_baud) {
        esp->next_baud = byte.baud; /* what auto-baud would measure */
    }
    at = at < byte.due ? byte.due : at;
    if (esp->module != NULL && esp->mode == ESP_MODE_APP) {
        fettle_sim_pycom_type(esp, byte.value, at);
    } else if (fettle_sim_pycom_is_dumb(esp)) {
        fettle_sim_pycom_be_dumb(esp, &byte, at);
    } else {
        fettle_sim_esp_hear(esp, byte.value, at);
    }
}

static void change_baud(fettle_sim_esp *esp, fettle_us at)
{
    esp->changes_at = FETTLE_NEVER;
    esp->baud = esp->next_baud;
    fettle_sim_esp_tell_divider(esp);
    if (esp->mode == ESP_MODE_ROM && !esp->is_jtag) {
        fettle_sim_esp_emit(esp, GARBAGE, at);
    }
}

static void happen(fettle_sim_esp *esp, esp_event event, fettle_us at)
{
    switch (event) {
    case EVENT_RISE:
        fettle_sim_esp_reset(esp, ESP_BY_POWER, at);
        break;
    case EVENT_CHANGE:
        change_baud(esp, at);
        break;
    case EVENT_WORK:
        fettle_sim_esp_step(esp, at);
        break;
    case EVENT_START:
        fettle_sim_esp_reset(esp, ESP_BY_SOFTWARE, at); /* END was obeyed */
        break;
    case EVENT_WATCHDOG:
        fettle_sim_esp_record(esp, at, "watchdog", 0, 0, 0);
        fettle_sim_esp_reset(esp, ESP_BY_WATCHDOG, at);
        break;
    case EVENT_TEXT:
        fettle_sim_esp_on_text(esp, at);
        break;
    default:
        take_byte(esp, at);
        break;
    }
}

void fettle_sim_esp_advance(fettle_sim_esp *esp, fettle_us at)
{
    esp_event event = EVENT_COUNT;
    while (esp->board->shows != FETTLE_SIM_SHOWS_NOTHING) {
        fettle_us next = next_time(esp, &event);
        if (next > at || next == FETTLE_NEVER) {
            set_timer(esp);
            return;
        }
        happen(esp, event, next);
    }
}

/* ---- power ---- */

/* With a finger on BOOT, or not. */
static void start_cold(fettle_sim_esp *esp, bool with_boot, fettle_us at)
{
    fettle_sim_esp_stop(esp, at);
    esp->rises_at = esp->watchdog_at = FETTLE_NEVER;
    esp->wants_download = false;
    esp->is_strapped = esp->module != NULL ? is_boot_low(esp) : with_boot;
    fettle_sim_esp_registers_init(esp, true);
    run(esp, ESP_BY_POWER, at);
}

void fettle_sim_esp_power_module(fettle_sim_esp *esp, fettle_us at)
{
    esp->in_count = esp->out_count = 0;
    esp->in_free_ns = 0;
    esp->is_low = false;
    start_cold(esp, false, at);
    fettle_sim_esp_advance(esp, at);
}

/* What the host told its bridge before is forgotten. */
void fettle_sim_esp_power(fettle_sim_esp *esp, fettle_sim_start start, fettle_us at)
{
    fettle_sim_board *board = esp->board;
    esp->in_count = esp->out_count = 0;
    esp->in_free_ns = 0;
    fettle_sim_line_start(board);
    if (start == START_KEPT) {
        board->shows = board->kept;
    } else {
        board->shows = FETTLE_SIM_SHOWS_APP;
        board->has_power = true;
        esp->is_low = false;
        start_cold(esp, start == START_UPDATE, at);
    }
    fettle_sim_esp_advance(esp, at);
}

void fettle_sim_esp_press_reset(fettle_sim_board *board, bool with_boot, fettle_us at)
{
    fettle_sim_esp_advance(board->esp, at);
    if (board->esp->is_low) {
        return; /* something else holds it there already */
    }
    start_cold(board->esp, with_boot, at);
    fettle_sim_esp_advance(board->esp, at);
}
