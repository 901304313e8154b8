/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ROM begins each start with a line that says why ("rst:0xc (SW_CPU_RESET),boot:0x13 (...)"; the ESP8266: "rst cause:4"). What was
 * said before that line belongs to the start before: a crash that the program has noticed is told there, and comes as a restart by
 * software. Numbers: ESP-IDF, soc/reset_reasons.h of each chip.
 */
#include "proto/esp_bootlog.h"

#include "base/text.h"

#include <string.h>

enum {
    HEX = 16,
    DECIMAL = 10,
    DIGITS_MAX = 8,
    BY_WATCHDOG_OF_ESP8266 = 4,
};

/* ---- words of a line ---- */

static fettle_span line_of(const fettle_esp_bootlog *log)
{
    return (fettle_span){log->line, log->size};
}

/* `rest`: what follows the word. False: it isn't there. */
static bool find(fettle_span line, const char *word, fettle_span *rest)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= line.size; i++) {
        if (memcmp(line.data + i, word, length) == 0) {
            *rest = (fettle_span){line.data + i + length, line.size - i - length};
            return true;
        }
    }
    return false;
}

static bool has(fettle_span line, const char *word)
{
    fettle_span rest;
    return find(line, word, &rest);
}

static bool take_number(fettle_span *rest, unsigned base, uint32_t *number)
{
    size_t digits = 0;
    *number = 0;
    while (digits < rest->size && digits < DIGITS_MAX) {
        unsigned digit = fettle_text_digit((char)rest->data[digits]);
        if (digit >= base) {
            break;
        }
        *number = *number * base + digit;
        digits++;
    }
    *rest = (fettle_span){rest->data + digits, rest->size - digits};
    return digits > 0;
}

static bool is_of_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '_' || byte == ' ' || byte == '/';
}

/* "(SW_CPU_RESET)", without the brackets; nothing where anything else is between them. */
static void take_bracketed(fettle_span rest, char *text, size_t size)
{
    size_t length = 0;
    bool is_there = find(rest, "(", &rest);
    while (is_there && length < rest.size && length + 1 < size &&
           is_of_word(rest.data[length])) {
        text[length] = (char)rest.data[length];
        length++;
    }
    bool is_whole = is_there && length < rest.size && rest.data[length] == ')';
    text[is_whole ? length : 0] = '\0';
}

/* ---- causes ---- */

fettle_esp_cause fettle_esp_cause_of(uint32_t number)
{
    static const uint8_t causes[] = {
        [0x01] = FETTLE_ESP_BY_POWER,    [0x03] = FETTLE_ESP_BY_SOFTWARE,
        [0x04] = FETTLE_ESP_BY_WATCHDOG, [0x05] = FETTLE_ESP_BY_WAKING,
        [0x07] = FETTLE_ESP_BY_WATCHDOG, [0x08] = FETTLE_ESP_BY_WATCHDOG,
        [0x09] = FETTLE_ESP_BY_WATCHDOG, [0x0b] = FETTLE_ESP_BY_WATCHDOG,
        [0x0c] = FETTLE_ESP_BY_SOFTWARE, [0x0d] = FETTLE_ESP_BY_WATCHDOG,
        [0x0f] = FETTLE_ESP_BY_BROWNOUT, [0x10] = FETTLE_ESP_BY_WATCHDOG,
        [0x11] = FETTLE_ESP_BY_WATCHDOG, [0x12] = FETTLE_ESP_BY_WATCHDOG,
        [0x15] = FETTLE_ESP_BY_POWER,    [0x17] = FETTLE_ESP_BY_BROWNOUT,
    };
    return number < sizeof causes ? (fettle_esp_cause)causes[number] : FETTLE_ESP_BY_OTHER;
}

static bool is_failure(fettle_esp_cause cause)
{
    return cause >= FETTLE_ESP_BY_SOFTWARE;
}

/* ---- lines ---- */

static void copy(char *to, size_t size, const char *text)
{
    to[0] = '\0';
    fettle_text_append(to, size, text);
}

static void note_start(fettle_esp_bootlog *log, fettle_esp_cause cause, uint32_t number,
                       const char *name)
{
    bool is_ours = log->starts == 0 && cause == log->ours;
    bool is_crash = !is_ours && (log->has_crashed || is_failure(cause));
    log->starts++;
    if (is_crash) {
        log->crashes++;
        log->cause = log->has_browned_out ? FETTLE_ESP_BY_BROWNOUT : cause;
        log->number = number;
        copy(log->name, sizeof log->name, name);
        log->is_told = log->has_crashed && !log->has_browned_out;
        copy(log->crash, sizeof log->crash, log->told);
    }
    log->has_crashed = log->has_browned_out = false;
    log->told[0] = '\0';
}

/* False: the line is none that begins a start. */
static bool take_start(fettle_esp_bootlog *log, fettle_span line)
{
    uint32_t number;
    char name[FETTLE_ESP_CAUSE_NAME_SIZE] = "";
    fettle_span rest;
    if (find(line, "rst:0x", &rest) && take_number(&rest, HEX, &number)) {
        take_bracketed(rest, name, sizeof name);
        note_start(log, fettle_esp_cause_of(number), number, name);
        return true;
    }
    if (find(line, "rst cause:", &rest) && take_number(&rest, DECIMAL, &number)) {
        note_start(log,
                   number == BY_WATCHDOG_OF_ESP8266 ? FETTLE_ESP_BY_WATCHDOG
                                                    : FETTLE_ESP_BY_POWER,
                   number, name);
        return true;
    }
    return false;
}

static void take_crash(fettle_esp_bootlog *log, fettle_span line)
{
    static const char *const words[] = {"Guru Meditation Error", "Fatal exception",
                                        "abort() was called", "assert failed",
                                        "***ERROR***"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        fettle_span rest;
        if (!log->has_crashed && find(line, words[i], &rest)) {
            log->has_crashed = true;
            take_bracketed(rest, log->told, sizeof log->told);
        }
    }
    if (has(line, "Brownout detector was triggered")) {
        log->has_crashed = log->has_browned_out = true;
    }
}

static void take_line(fettle_esp_bootlog *log)
{
    fettle_span line = line_of(log);
    if (!take_start(log, line)) {
        take_crash(log, line);
        log->finds_no_loader |= has(line, "flash read err") ||
                                has(line, "invalid header: 0x") || has(line, "csum err");
        log->finds_no_application |= has(line, "No bootable app partitions") ||
                                     has(line, "no bootable image") ||
                                     has(line, "Failed to verify partition table");
    }
    log->size = 0;
}

/* ---- from outside ---- */

void fettle_esp_bootlog_begin(fettle_esp_bootlog *log, fettle_esp_cause ours)
{
    *log = (fettle_esp_bootlog){.ours = ours};
}

void fettle_esp_bootlog_feed(fettle_esp_bootlog *log, fettle_span bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] == '\n' || bytes.data[i] == '\r') {
            take_line(log);
            continue;
        }
        if (log->size == sizeof log->line) {
            log->size /= 2;
            memmove(log->line, log->line + log->size, log->size);
        }
        log->line[log->size++] = bytes.data[i];
    }
}

bool fettle_esp_bootlog_has_failed(const fettle_esp_bootlog *log)
{
    return log->crashes > 0 || log->has_crashed || log->finds_no_loader ||
           log->finds_no_application;
}

bool fettle_esp_bootlog_loops(const fettle_esp_bootlog *log)
{
    return log->crashes >= FETTLE_ESP_LOOP_CRASHES;
}

static const char *clause(const fettle_esp_bootlog *log)
{
    static const char *const clauses[] = {
        [FETTLE_ESP_BY_OTHER] = "its program fails",
        [FETTLE_ESP_BY_POWER] = "its program fails",
        [FETTLE_ESP_BY_WAKING] = "its program fails",
        [FETTLE_ESP_BY_SOFTWARE] = "its program restarts the chip",
        [FETTLE_ESP_BY_WATCHDOG] = "a watchdog stops its program",
        [FETTLE_ESP_BY_BROWNOUT] = "its power fails",
    };
    return log->finds_no_loader || log->finds_no_application
               ? "nothing that starts is in its flash"
           : log->is_told ? "its program crashes"
                          : clauses[log->cause];
}

void fettle_esp_bootlog_reason(const fettle_esp_bootlog *log,
                               char text[FETTLE_ESP_REASON_SIZE])
{
    const size_t size = FETTLE_ESP_REASON_SIZE;
    copy(text, size, clause(log));
    if (log->crashes == 0) {
        return;
    }
    fettle_text_append(text, size, " (");
    if (log->crash[0] != '\0') {
        fettle_text_append(text, size, log->crash);
        fettle_text_append(text, size, ", ");
    }
    fettle_text_append(text, size, "rst:0x");
    fettle_text_append_hex(text, size, log->number, 1);
    fettle_text_append(text, size, log->name[0] != '\0' ? " " : "");
    fettle_text_append(text, size, log->name);
    fettle_text_append(text, size, ")");
}
