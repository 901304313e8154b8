/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the application, or has a person do it, and listens to what the chip says about that. */
#include "job/esp_work_inside.h"

enum {
    LISTENING_MS = 400, /* for the boot text after a restart */
    /* From one failure of a program to the next, if it is to be called a loop. */
    RELAPSE_MS = 3000,
};

static fettle_esp_work_then on_heard_by_hand, begin_by_hand, leave, listen, watch;

/* ---- one that fails ---- */

static void begin_log(fettle_esp_work *work)
{
    static const fettle_esp_cause causes[] = {
        [FETTLE_ESP_LEFT_NOT] = FETTLE_ESP_BY_OTHER,
        [FETTLE_ESP_LEFT_BY_LINES] = FETTLE_ESP_BY_POWER,
        [FETTLE_ESP_LEFT_BY_WATCHDOG] = FETTLE_ESP_BY_WATCHDOG,
        [FETTLE_ESP_LEFT_BY_COMMAND] = FETTLE_ESP_BY_SOFTWARE,
    };
    fettle_esp_bootlog_begin(&work->esp.log, causes[work->esp.left]);
    work->watch_until = 0;
    work->crashes = 0;
    work->loops = false;
}

static fettle_effect listen_on(fettle_esp_work *work, fettle_esp_work_then *then)
{
    work->may_leave = true; /* chips with USB of their own take it along */
    return fettle_esp_work_try(
        work, fettle_esp_listen(&work->esp, (fettle_us)LISTENING_MS * 1000), then);
}

/* Only one that was heard to fail costs the time to see whether it does so again. */
static fettle_effect watch(fettle_esp_work *work, fettle_us now)
{
    const fettle_esp_bootlog *log = &work->esp.log;
    if (work->watch_until == 0 || log->crashes > work->crashes) {
        work->watch_until = now + (fettle_us)RELAPSE_MS * 1000;
        work->crashes = log->crashes;
    }
    work->loops = fettle_esp_bootlog_loops(log);
    work->has_started &= !work->loops;
    if (!fettle_esp_bootlog_has_failed(log) || work->loops || now >= work->watch_until ||
        !work->was_good) {
        return fettle_esp_work_end_well(work, now);
    }
    return listen_on(work, watch);
}

/* ---- leave ---- */

static void wait_for_unwiring(fettle_esp_work *work, fettle_us time)
{
    fettle_esp_was_left(&work->esp, work->esp.baud);
    work->esp.ask = FETTLE_ASK_UNWIRE;
    work->until = time;
}

/* The lines don't reach the chip: it was in its loader before anybody pulled them. */
static fettle_effect on_knocked(fettle_esp_work *work, fettle_us now)
{
    if (!work->was_good || !work->esp.answers) {
        return fettle_esp_work_end_well(work, now);
    }
    work->esp.setup.has_lines = false;
    if (work->unwire_time > 0) {
        wait_for_unwiring(work, work->unwire_time);
        return begin_by_hand(work, now);
    }
    if (work->note_if_wired != FETTLE_NOTE_NONE && work->observed != NULL) {
        fettle_note_add(work->observed, work->note_if_wired, NULL);
    }
    return leave(work, now);
}

/* Silence says nothing: not every application talks, and not every port
 * listens. But a loader that is still there answers. */
static bool needs_knock(const fettle_esp_work *work)
{
    return work->esp.heard.total == 0 && work->esp.left == FETTLE_ESP_LEFT_BY_LINES &&
           work->esp.setup.port != FETTLE_ESP_PORT_OTG && !work->has_knocked &&
           !work->was_gone;
}

static fettle_effect on_heard(fettle_esp_work *work, fettle_us now)
{
    const fettle_esp_heard *heard = &work->esp.heard;
    const fettle_esp_strap *strap =
        heard->has_boot ? fettle_esp_strap_of(work->esp.identity.chip, heard->number)
                        : NULL;
    work->stays_in_loader = heard->waits_for_download ||
                            (strap != NULL && strap->boot == FETTLE_ESP_BOOT_DOWNLOAD);
    work->has_nothing_to_start = heard->has_invalid_header;
    work->has_started = work->esp.left != FETTLE_ESP_LEFT_NOT && !work->stays_in_loader &&
                        !work->has_nothing_to_start;
    if (work->stays_in_loader && !work->leaves_by_watchdog &&
        work->esp.identity.chip->watchdog.resets_chip) {
        work->leaves_by_watchdog =
            true; /* its boot pin was held: now it is sampled again */
        return leave(work, now);
    }
    if (needs_knock(work)) {
        work->has_knocked = work->may_leave = true;
        return fettle_esp_work_try(work, fettle_esp_knock(&work->esp, work->baud_in_loader),
                                   on_knocked);
    }
    return work->has_started ? watch(work, now) : fettle_esp_work_end_well(work, now);
}

static fettle_effect listen(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    begin_log(work);
    return listen_on(work, on_heard);
}

static fettle_effect on_carrier_left(fettle_esp_work *work, fettle_us now)
{
    fettle_esp_was_left(&work->esp, FETTLE_ESP_BAUD);
    return listen(work, now);
}

static fettle_effect leave(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    if (work->carrier != NULL && !work->was_by_hand) {
        return fettle_esp_work_run(work, work->carrier->leave(work->carrier_room), 0,
                                   on_carrier_left);
    }
    return fettle_esp_work_run(work, fettle_esp_leave(&work->esp, work->leaves_by_watchdog),
                               0, listen);
}

fettle_engine *fettle_esp_work_leave(fettle_esp_work *work)
{
    fettle_engine *engine = fettle_esp_work_ready(work, leave, 0);
    work->leaves_by_watchdog = work->has_knocked = false;
    work->baud_in_loader = work->esp.baud;
    work->has_started = work->stays_in_loader = work->has_nothing_to_start = false;
    work->loops = false;
    return engine;
}

/* ---- leave by hand ---- */

static fettle_effect listen_by_hand(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return listen_on(work, on_heard_by_hand);
}

/* A wire that was left where it is brings the chip back to where it was. */
static fettle_effect on_heard_by_hand(fettle_esp_work *work, fettle_us now)
{
    const fettle_esp_heard *heard = &work->esp.heard;
    work->has_nothing_to_start = heard->has_invalid_header;
    work->has_started = !heard->waits_for_download && !heard->has_invalid_header &&
                        (heard->says_normal_boot || heard->has_boot);
    if (heard->waits_for_download) {
        work->stays_in_loader = true;
        if (work->observed != NULL) {
            fettle_note_add(work->observed, FETTLE_NOTE_WIRE_STILL_ON, NULL);
        }
    }
    if (!work->has_started && !work->has_nothing_to_start && now < work->until) {
        return listen_by_hand(work, now);
    }
    work->stays_in_loader = !work->has_started && !work->has_nothing_to_start;
    work->esp.ask = FETTLE_ASK_NOTHING;
    /* The hand may have come just now: it gets the time that any start gets. */
    return work->has_started ? listen_on(work, watch) : fettle_esp_work_end_well(work, now);
}

static fettle_effect begin_by_hand(fettle_esp_work *work, fettle_us now)
{
    begin_log(work);
    work->until = work->until < FETTLE_NEVER - now ? now + work->until : FETTLE_NEVER;
    return listen_by_hand(work, now);
}

fettle_engine *fettle_esp_work_leave_by_hand(fettle_esp_work *work, fettle_us time)
{
    fettle_engine *engine = fettle_esp_work_ready(work, begin_by_hand, 0);
    work->has_started = work->stays_in_loader = work->has_nothing_to_start = false;
    work->loops = false;
    wait_for_unwiring(work, time);
    return engine;
}

static fettle_effect restart(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    if (work->carrier != NULL && !work->was_by_hand) {
        return fettle_esp_work_run(work, work->carrier->leave(work->carrier_room), 0,
                                   fettle_esp_work_end_well);
    }
    return fettle_esp_work_run(work, fettle_esp_leave(&work->esp, false), 0,
                               fettle_esp_work_end_well);
}

fettle_engine *fettle_esp_work_restart(fettle_esp_work *work)
{
    return fettle_esp_work_ready(work, restart, 0);
}
