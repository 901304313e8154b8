/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of boot logs.
 *
 *   byte 0     the largest piece, from 1
 *   byte 1     what the first start is due to
 *   the rest   what a chip says
 *
 * Whatever is said, it stays in its room, counts no more crashes than starts, shows only what can be printed,
 * and in pieces understands what it understands of the whole.
 */
#include "fuzz/must.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/esp_bootlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 2 };

static void is_shown(const char *text, size_t room)
{
    size_t length = 0;
    while (text[length] != '\0') {
        must(text[length] >= ' ' && text[length] <= '~');
        length++;
    }
    must(length < room);
}

static void check(const fettle_esp_bootlog *log)
{
    char reason[FETTLE_ESP_REASON_SIZE];
    must(log->size <= sizeof log->line);
    must(log->crashes <= log->starts);
    must(log->crashes > 0 || !fettle_esp_bootlog_loops(log));
    must(fettle_esp_bootlog_has_failed(log) || !fettle_esp_bootlog_loops(log));
    fettle_esp_bootlog_reason(log, reason);
    is_shown(log->name, sizeof log->name);
    is_shown(log->crash, sizeof log->crash);
    is_shown(reason, sizeof reason);
}

static void is_same(const fettle_esp_bootlog *a, const fettle_esp_bootlog *b)
{
    must(a->starts == b->starts && a->crashes == b->crashes && a->cause == b->cause);
    must(a->number == b->number && a->is_told == b->is_told);
    must(a->finds_no_loader == b->finds_no_loader);
    must(a->finds_no_application == b->finds_no_application);
    must(strcmp(a->name, b->name) == 0 && strcmp(a->crash, b->crash) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fettle_esp_bootlog whole, parts;
    if (size < HEAD) {
        return 0;
    }
    size_t piece = (size_t)data[0] + 1;
    fettle_esp_cause ours = (fettle_esp_cause)(data[1] % (FETTLE_ESP_BY_BROWNOUT + 1));
    fettle_esp_bootlog_begin(&whole, ours);
    fettle_esp_bootlog_begin(&parts, ours);
    fettle_esp_bootlog_feed(&whole, (fettle_span){data + HEAD, size - HEAD});
    for (size_t at = HEAD; at < size; at += piece) {
        size_t left = size - at < piece ? size - at : piece;
        fettle_esp_bootlog_feed(&parts, (fettle_span){data + at, left});
        check(&parts);
    }
    check(&whole);
    is_same(&whole, &parts);
    return 0;
}
