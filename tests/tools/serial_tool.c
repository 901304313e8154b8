/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A serial line by hand, for tests against other programs:
 *
 *   fettle-serial-tool PORT BAUD DATA_BITS DTR RTS [VERB ARGUMENT]...
 *
 * opens PORT with these settings and does what the verbs say, one line of output each:
 *
 *   baud RATE, bits COUNT, lines DTR,RTS, discard -
 *   write TEXT       its characters; \xNN for any byte
 *   read COUNT       that many bytes, within 5 s, printed as TEXT
 *   quiet MS         nothing comes for so long
 *
 * Exit status 0 whatever came of them; 1 if the port can't be opened, 2 for a wrong command line.
 */
#define _POSIX_C_SOURCE 200809L

#include "base/text.h"
#include "os/clock.h"
#include "os/serial_bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SECOND = 1000000,
    MS = 1000,
    READ_TIME = 5 * SECOND,
    BYTES_MAX = 65536,
};

static fettle_us now(void)
{
    return fettle_os_clock()->now(NULL);
}

static void print_outcome(const char *verb, fettle_outcome outcome)
{
    static const char *const kinds[] = {"ok",   "timeout",   "stall",
                                        "gone", "cancelled", "error"};
    printf("%s %s", verb, kinds[outcome.kind]);
    if (outcome.kind == FETTLE_ERROR) {
        printf(" why=%d system=%ld", (int)outcome.why, outcome.system);
    }
    printf("\n");
    (void)fflush(stdout);
}

static unsigned long number_of(const char *text)
{
    uint64_t number = 0;
    if (!fettle_text_to_number(text, &number) || number > UINT32_MAX) {
        fprintf(stderr, "%s is no number\n", text);
        exit(2);
    }
    return (unsigned long)number;
}

/* Bytes of TEXT. */
static size_t take_text(const char *text, uint8_t bytes[BYTES_MAX])
{
    size_t count = 0;
    while (*text != '\0' && count < BYTES_MAX) {
        if (text[0] == '\\' && text[1] == 'x' && text[2] != '\0' && text[3] != '\0') {
            bytes[count++] =
                (uint8_t)(fettle_text_digit(text[2]) * 16 + fettle_text_digit(text[3]));
            text += 4;
        } else {
            bytes[count++] = (uint8_t)*text++;
        }
    }
    return count;
}

static void print_bytes(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] > ' ' && bytes[i] < 0x7F && bytes[i] != '\\') {
            printf("%c", bytes[i]);
        } else {
            printf("\\x%02x", bytes[i]);
        }
    }
    printf("\n");
    (void)fflush(stdout);
}

static void read_some(const fettle_link *link, size_t wanted)
{
    static uint8_t bytes[BYTES_MAX];
    fettle_us until = now() + READ_TIME;
    fettle_outcome outcome = {.kind = FETTLE_OK};
    size_t done = 0;
    wanted = wanted < BYTES_MAX ? wanted : BYTES_MAX;
    while (outcome.kind == FETTLE_OK && done < wanted) {
        outcome = link->serial->read(link->self, bytes + done, wanted - done, until, NULL);
        done += outcome.count;
    }
    if (outcome.kind == FETTLE_OK) {
        printf("read ");
        print_bytes(bytes, done);
    } else {
        print_outcome("read", outcome);
    }
}

static void stay_quiet(const fettle_link *link, unsigned long ms)
{
    uint8_t byte;
    fettle_outcome outcome =
        link->serial->read(link->self, &byte, 1, now() + ms * MS, NULL);
    print_outcome("quiet", outcome);
}

static void write_text(const fettle_link *link, const char *text)
{
    static uint8_t bytes[BYTES_MAX];
    size_t count = take_text(text, bytes);
    print_outcome("write",
                  link->serial->write(link->self, bytes, count, now() + READ_TIME, NULL));
}

static bool perform(const fettle_link *link, const char *verb, const char *argument)
{
    const fettle_serial_ops *serial = link->serial;
    void *line = link->self;
    if (strcmp(verb, "baud") == 0) {
        print_outcome(verb, serial->set_baud(line, (uint32_t)number_of(argument)));
    } else if (strcmp(verb, "bits") == 0) {
        print_outcome(verb, serial->set_format(line, (uint8_t)number_of(argument)));
    } else if (strcmp(verb, "lines") == 0) {
        print_outcome(verb,
                      serial->set_lines(line, argument[0] == '1', argument[2] == '1'));
    } else if (strcmp(verb, "discard") == 0) {
        print_outcome(verb, serial->discard(line));
    } else if (strcmp(verb, "write") == 0) {
        write_text(link, argument);
    } else if (strcmp(verb, "read") == 0) {
        read_some(link, number_of(argument));
    } else if (strcmp(verb, "quiet") == 0) {
        stay_quiet(link, number_of(argument));
    } else {
        return false;
    }
    return true;
}

static bool open_port(fettle_os_serial *bus, char **arguments, fettle_link *link)
{
    fettle_serial_settings settings = {
        .baud = (uint32_t)number_of(arguments[0]),
        .data_bits = (uint8_t)number_of(arguments[1]),
        .dtr = arguments[2][0] == '1',
        .rts = arguments[3][0] == '1',
    };
    uint64_t change;
    fettle_sight sight;
    fettle_outcome outcome = {.kind = FETTLE_GONE};
    if (fettle_os_serial_bus_ops.look(bus, &sight, 1, &change) == 1) {
        outcome =
            fettle_os_serial_bus_ops.open(bus, &sight, FETTLE_LINK_SERIAL, &settings, link);
    }
    print_outcome("open", outcome);
    return outcome.kind == FETTLE_OK;
}

int main(int argc, char **argv)
{
    fettle_error err = {.code = FETTLE_E_NONE};
    fettle_link link;
    if (argc < 6 || (argc - 6) % 2 != 0) {
        fprintf(stderr, "usage: fettle-serial-tool PORT BAUD DATA_BITS DTR RTS "
                        "[VERB ARGUMENT]...\n");
        return 2;
    }
    fettle_os_serial *bus = fettle_os_serial_new(argv[1], &err);
    if (bus == NULL) {
        printf("%s\n", err.message);
        return 1;
    }
    if (!open_port(bus, argv + 2, &link)) {
        fettle_os_serial_free(bus);
        return 1;
    }
    int status = 0;
    for (int i = 6; i < argc && status == 0; i += 2) {
        status = perform(&link, argv[i], argv[i + 1]) ? 0 : 2;
    }
    link.serial->close(link.self);
    fettle_os_serial_free(bus);
    return status;
}
