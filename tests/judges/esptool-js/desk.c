/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One virtual board on virtual time, moved by lines on standard input, for hosts in other
 * languages:
 *
 *     open BAUD · close · baud N · lines DTR RTS · write HEX · read UNTIL MAX · now
 *     wait UNTIL · flash ADDRESS SIZE · poke ADDRESS HEX · count WHAT · bootable · sight
 *
 * Every line is answered by one: "ok", "data NOW HEX", "none NOW", "gone NOW", a number, hex, or
 * "no ...". Times are microseconds of the board's clock, on which only `read`, `write` and `wait`
 * let time pass.
 *
 *     fettle-esp-desk SPEC
 */
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_ROOM = 16 << 20, READ_MOST = 65536 };

#define WRITE_LIMIT UINT64_C(600000000)

typedef struct esp_desk {
    fettle_sim *sim;
    fettle_link link;
    char *line;
    uint8_t *bytes;
} esp_desk;

static fettle_us now_of(const esp_desk *desk)
{
    return fettle_sim_clock_ops(desk->sim)->now(fettle_sim_clock_self(desk->sim));
}

static void say_hex(const uint8_t *bytes, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        putchar(digits[bytes[i] >> 4]);
        putchar(digits[bytes[i] & 15]);
    }
    putchar('\n');
}

static int digit_of(char c)
{
    const char *found = c != '\0' ? strchr("0123456789abcdef", c) : NULL;
    return found != NULL ? (int)(found - "0123456789abcdef") : -1;
}

static size_t take_hex(const char *text, uint8_t *bytes)
{
    size_t size = 0;
    for (; digit_of(text[0]) >= 0 && digit_of(text[1]) >= 0; text += 2) {
        bytes[size++] = (uint8_t)(digit_of(text[0]) * 16 + digit_of(text[1]));
    }
    return size;
}

static void say(bool is_done)
{
    puts(is_done ? "ok" : "no");
}

static bool is_open(const esp_desk *desk)
{
    return desk->link.kind != FETTLE_LINK_NONE;
}

static void close_port(esp_desk *desk)
{
    if (is_open(desk)) {
        desk->link.serial->close(desk->link.self);
    }
    desk->link.kind = FETTLE_LINK_NONE;
}

static void open_port(esp_desk *desk, const char *rest)
{
    fettle_sight sight;
    fettle_serial_settings settings = {.baud = (uint32_t)strtoul(rest, NULL, 10),
                                       .data_bits = 8};
    close_port(desk);
    say(fettle_sim_look_at(desk->sim, 0, &sight) &&
        fettle_sim_bus_ops
                .open(desk->sim, &sight, FETTLE_LINK_SERIAL, &settings, &desk->link)
                .kind == FETTLE_OK);
}

static void set_lines(esp_desk *desk, const char *rest)
{
    char *end;
    bool dtr = strtoul(rest, &end, 10) != 0;
    bool rts = strtoul(end, NULL, 10) != 0;
    say(desk->link.serial->set_lines(desk->link.self, dtr, rts).kind == FETTLE_OK);
}

static void write_bytes(esp_desk *desk, const char *rest)
{
    size_t size = take_hex(rest, desk->bytes);
    fettle_outcome outcome = desk->link.serial->write(desk->link.self, desk->bytes, size,
                                                      now_of(desk) + WRITE_LIMIT, NULL);
    say(outcome.kind == FETTLE_OK);
}

static void read_bytes(esp_desk *desk, const char *rest)
{
    char *end;
    fettle_us until = strtoull(rest, &end, 10);
    fettle_outcome outcome =
        desk->link.serial->read(desk->link.self, desk->bytes, READ_MOST, until, NULL);
    if (outcome.kind == FETTLE_GONE && now_of(desk) < until) {
        fettle_sim_clock_ops(desk->sim)->wait(fettle_sim_clock_self(desk->sim), until,
                                              NULL);
    }
    unsigned long long now = now_of(desk);
    if (outcome.kind == FETTLE_OK && outcome.count > 0) {
        printf("data %llu ", now);
        say_hex(desk->bytes, outcome.count);
    } else {
        printf("%s %llu\n", outcome.kind == FETTLE_GONE ? "gone" : "none", now);
    }
}

static void say_flash(const esp_desk *desk, const char *rest)
{
    char *end;
    size_t all;
    const uint8_t *memory = fettle_sim_memory(desk->sim, 0, &all);
    size_t address = strtoul(rest, &end, 0), size = strtoul(end, NULL, 0);
    if (address <= all && size <= all - address) {
        say_hex(memory + address, size);
    } else {
        say(false);
    }
}

static void poke(const esp_desk *desk, const char *rest)
{
    char *end;
    size_t all;
    uint8_t *memory = fettle_sim_memory(desk->sim, 0, &all);
    size_t address = strtoul(rest, &end, 0);
    size_t size = take_hex(end + (*end == ' '), desk->bytes);
    if (address <= all && size <= all - address) {
        memcpy(memory + address, desk->bytes, size);
    }
    say(address <= all && size <= all - address);
}

static void say_count(const esp_desk *desk, const char *what)
{
    const fettle_sim_entry *entries;
    size_t count = 0, all = fettle_sim_log(desk->sim, &entries);
    for (size_t i = 0; i < all; i++) {
        count += strcmp(entries[i].what, what) == 0;
    }
    printf("%zu\n", count);
}

static void say_sight(const esp_desk *desk)
{
    fettle_sight sight;
    if (fettle_sim_look_at(desk->sim, 0, &sight)) {
        printf("%u %u\n", (unsigned)sight.id.vendor, (unsigned)sight.id.product);
    } else {
        say(false);
    }
}

/* What follows the word; NULL: it is another one. */
static const char *after(const char *line, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(line, word, length) != 0) {
        return NULL;
    }
    return line[length] == ' '    ? line + length + 1
           : line[length] == '\0' ? line + length
                                  : NULL;
}

static void obey_open(esp_desk *desk, const char *line)
{
    const char *rest;
    if ((rest = after(line, "write")) != NULL) {
        write_bytes(desk, rest);
    } else if ((rest = after(line, "read")) != NULL) {
        read_bytes(desk, rest);
    } else if ((rest = after(line, "lines")) != NULL) {
        set_lines(desk, rest);
    } else if ((rest = after(line, "baud")) != NULL) {
        uint32_t baud = (uint32_t)strtoul(rest, NULL, 10);
        say(desk->link.serial->set_baud(desk->link.self, baud).kind == FETTLE_OK);
    } else {
        puts("no such word");
    }
}

static void obey(esp_desk *desk, const char *line)
{
    const char *rest;
    if ((rest = after(line, "open")) != NULL) {
        open_port(desk, rest);
    } else if (after(line, "close") != NULL) {
        close_port(desk);
        say(true);
    } else if (after(line, "now") != NULL) {
        printf("%llu\n", (unsigned long long)now_of(desk));
    } else if ((rest = after(line, "wait")) != NULL) {
        fettle_sim_clock_ops(desk->sim)->wait(fettle_sim_clock_self(desk->sim),
                                              strtoull(rest, NULL, 10), NULL);
        say(true);
    } else if ((rest = after(line, "flash")) != NULL) {
        say_flash(desk, rest);
    } else if ((rest = after(line, "poke")) != NULL) {
        poke(desk, rest);
    } else if ((rest = after(line, "count")) != NULL) {
        say_count(desk, rest);
    } else if (after(line, "bootable") != NULL) {
        say(fettle_sim_is_bootable(desk->sim, 0));
    } else if (after(line, "sight") != NULL) {
        say_sight(desk);
    } else if (is_open(desk)) {
        obey_open(desk, line);
    } else {
        puts("no open port");
    }
}

int main(int argc, char **argv)
{
    char message[2000];
    esp_desk desk = {.sim = fettle_sim_new(NULL, NULL)};
    desk.line = malloc(LINE_ROOM);
    desk.bytes = malloc(LINE_ROOM / 2);
    if (argc != 2 || desk.sim == NULL || desk.line == NULL || desk.bytes == NULL) {
        fputs("usage: fettle-esp-desk SPEC\n", stderr);
        return 2;
    }
    if (!fettle_sim_add(desk.sim, argv[1], message, sizeof message)) {
        fprintf(stderr, "%s\n", message);
        return 2;
    }
    while (fgets(desk.line, LINE_ROOM, stdin) != NULL) {
        desk.line[strcspn(desk.line, "\n")] = '\0';
        obey(&desk, desk.line);
        fflush(stdout);
    }
    close_port(&desk);
    fettle_sim_free(desk.sim);
    free(desk.line);
    free(desk.bytes);
    return 0;
}
