/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a chip says while it starts, read line by line: how often it has started, what each start was due to, and whether that means
 * that it fails again and again. Pure; bytes in pieces of any size, the result is the same.
 */
#ifndef FETTLE_PROTO_ESP_BOOTLOG_H
#define FETTLE_PROTO_ESP_BOOTLOG_H

#include "fettle/outcome.h"

enum {
    FETTLE_ESP_LINE_SIZE = 160, /* of a longer line the end is kept */
    FETTLE_ESP_CAUSE_NAME_SIZE = 32,
    FETTLE_ESP_CRASH_SIZE = 32,
    /* One or two happen: a file system that is made at the first start. */
    FETTLE_ESP_LOOP_CRASHES = 3,
    FETTLE_ESP_REASON_SIZE = 120,
};

/* Why a chip has started. */
typedef enum fettle_esp_cause {
    FETTLE_ESP_BY_OTHER,    /* not known, or by a debugger; no failure of its own */
    FETTLE_ESP_BY_POWER,    /* it got power, or its reset pin or its USB was used */
    FETTLE_ESP_BY_WAKING,   /* from deep sleep */
    FETTLE_ESP_BY_SOFTWARE, /* also what follows a crash that its program has noticed */
    FETTLE_ESP_BY_WATCHDOG,
    FETTLE_ESP_BY_BROWNOUT,
} fettle_esp_cause;

/* Texts are words of the chip's own, of letters, digits, and what is usual between them. */
typedef struct fettle_esp_bootlog {
    unsigned starts;        /* that the ROM has told */
    unsigned crashes;       /* of them: by a failure, and not by who has reset it */
    fettle_esp_cause cause; /* of the last of these */
    uint32_t number;        /* "rst:0xc": 12; "rst cause:4" of the oldest chip: 4 */
    char name[FETTLE_ESP_CAUSE_NAME_SIZE]; /* "SW_CPU_RESET"; may be empty */
    bool is_told; /* the program has noticed its crash, and said so; and perhaps which: */
    char crash[FETTLE_ESP_CRASH_SIZE]; /* "LoadProhibited", or empty */
    bool finds_no_loader;              /* its ROM: the flash can't be read, or is blank */
    bool finds_no_application;         /* its bootloader */

    /* its own */
    fettle_esp_cause ours;
    bool has_crashed, has_browned_out; /* since the last start */
    char told[FETTLE_ESP_CRASH_SIZE];
    size_t size;
    uint8_t line[FETTLE_ESP_LINE_SIZE];
} fettle_esp_bootlog;

/* From anew. `ours`: what the first start is due to if it is the one that the caller has caused. */
void fettle_esp_bootlog_begin(fettle_esp_bootlog *log, fettle_esp_cause ours);

void fettle_esp_bootlog_feed(fettle_esp_bootlog *log, fettle_span bytes);

/* Has it failed at least once, so that listening on makes sense? */
bool fettle_esp_bootlog_has_failed(const fettle_esp_bootlog *log);

/* Does it fail again and again? */
bool fettle_esp_bootlog_loops(const fettle_esp_bootlog *log);

/* Why, as a clause for people, with the chip's own words behind: "a watchdog stopped its program (rst:0x8 TG1WDT_SYS_RESET)". */
void fettle_esp_bootlog_reason(const fettle_esp_bootlog *log,
                               char text[FETTLE_ESP_REASON_SIZE]);

/* What the number behind "rst:" means: the same on all chips that have it. */
fettle_esp_cause fettle_esp_cause_of(uint32_t number);

#endif
