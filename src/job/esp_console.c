/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which version of its firmware a module runs, asked while it still does: once it is in its loader, all that is left of that is a text
 * somewhere in a megabyte of flash, which takes a minute to read.
 *
 * One that waits at its prompt answers at once, one that has just got power says it by itself a little later, and one that is busy says
 * nothing. Whatever becomes of it, it is reset next, as it would have been anyway; so nothing that goes wrong here is a failure.
 */
#include "job/esp_work_inside.h"

#include <string.h>

enum {
    CONSOLE_MS = 950
}; /* from power to what firmware says of itself, and a little more */

static bool is_told(void *user, fettle_span text)
{
    fettle_esp_work *work = user;
    return work->console->version(text, work->version);
}

static fettle_effect on_asked(fettle_esp_work *work, fettle_us now)
{
    work->esp.heard = (fettle_esp_heard){.size = 0}; /* what comes next is another start */
    work->console = NULL;                            /* once is enough */
    return work->after_console(work, now);
}

fettle_effect fettle_esp_work_ask_console(fettle_esp_work *work, fettle_esp_work_then *then)
{
    const char *greeting = work->console->greeting;
    fettle_span typed = {(const uint8_t *)greeting, strlen(greeting)};
    work->after_console = then;
    return fettle_esp_work_try(work,
                               fettle_esp_ask_console(&work->esp, typed, is_told, work,
                                                      (fettle_us)CONSOLE_MS * 1000),
                               on_asked);
}
