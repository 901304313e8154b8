/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out of the loader, into the application.
 *
 *   leave: boot text's rate, (force-download flag off), lines | watchdog | FLASH_BEGIN, FLASH_END
 *
 * A board may leave the bus by that: it has done what it was told.
 */
#include "proto/esp_wire.h"

#define WATCHDOG_KEY   UINT32_C(0x50D83AA1)
#define ALL            UINT32_MAX
#define WATCHDOG_TICKS UINT32_C(2000)
/* On; its first stage resets the system, for so long. */
#define WATCHDOG_RESET \
    (UINT32_C(1) << 31 | UINT32_C(5) << 28 | UINT32_C(1) << 8 | UINT32_C(2))
#define WATCHDOG_TIME (SECOND / 2)
#define QUICK_TIME    (SECOND / 2)

enum { REBOOT = 0 };

static fettle_esp_next choose, by_lines, by_watchdog, by_command;

static fettle_effect has_left(fettle_esp *esp, fettle_us now)
{
    esp->is_stub = esp->is_attached = false;
    return fettle_esp_done(esp, now);
}

/* Gone with its lines pulled: there is nothing to let go of. */
static fettle_effect let_go(fettle_esp *esp, fettle_us now)
{
    esp->is_held = false;
    return has_left(esp, now);
}

void fettle_esp_was_left(fettle_esp *esp, uint32_t baud)
{
    esp->is_stub = esp->is_attached = false;
    esp->left = FETTLE_ESP_LEFT_BY_LINES;
    esp->baud = baud;
}

/* ---- by lines ---- */

/* A port that refused to move them has no lines: the next way. */
static fettle_effect on_pulled(fettle_esp *esp, fettle_us now)
{
    return esp->lines_failed ? choose(esp, now) : has_left(esp, now);
}

static fettle_effect pull(fettle_esp *esp, fettle_us now)
{
    const char *usual = esp->setup.port == FETTLE_ESP_PORT_UART ? FETTLE_ESP_RESTART_UART
                                                                : FETTLE_ESP_RESTART_USB;
    esp->left = FETTLE_ESP_LEFT_BY_LINES;
    esp->on_gone = let_go;
    return fettle_esp_pull(esp, esp->setup.restart != NULL ? esp->setup.restart : usual,
                           now, on_pulled);
}

static fettle_effect by_lines(fettle_esp *esp, fettle_us now)
{
    uint32_t baud = esp->identity.chip != NULL ? chip_of(esp)->boot_baud : FETTLE_ESP_BAUD;
    return has_rate(esp) && esp->baud != baud ? fettle_esp_set_baud(esp, baud, pull)
                                              : pull(esp, now);
}

/* ---- by the watchdog ---- */

static fettle_effect wait_for_watchdog(fettle_esp *esp, fettle_us now)
{
    return fettle_esp_sleep(esp, now + WATCHDOG_TIME, has_left);
}

static fettle_effect by_watchdog(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_watchdog *watchdog = &chip_of(esp)->watchdog;
    const uint32_t writes[][4] = {
        {watchdog->wprotect, WATCHDOG_KEY, ALL, 0},
        {watchdog->config1, WATCHDOG_TICKS, ALL, 0},
        {watchdog->config0, WATCHDOG_RESET, ALL, 0},
        {watchdog->wprotect, 0, ALL, 0},
    };
    esp_request request = fettle_esp_write_registers(writes, 4);
    request.tries = 1; /* it may be gone before it answers */
    request.time = QUICK_TIME;
    esp->left = FETTLE_ESP_LEFT_BY_WATCHDOG;
    esp->on_gone = let_go;
    return fettle_esp_exchange(esp, &request, now, wait_for_watchdog, wait_for_watchdog);
}

/* ---- by a command ---- */

static fettle_effect on_rebooted(fettle_esp *esp, fettle_us now)
{
    esp->left = esp->answer == FETTLE_ESP_REFUSED ? FETTLE_ESP_LEFT_NOT
                                                  : FETTLE_ESP_LEFT_BY_COMMAND;
    return esp->left == FETTLE_ESP_LEFT_NOT ? fettle_esp_done(esp, now)
                                            : has_left(esp, now);
}

static fettle_effect reboot(fettle_esp *esp, fettle_us now)
{
    esp->on_gone = let_go;
    esp->left = FETTLE_ESP_LEFT_BY_COMMAND;
    const esp_request request = {
        .opcode = FLASH_END, .time = QUICK_TIME, .word_count = 1, .words = {REBOOT}};
    return fettle_esp_exchange(esp, &request, now, on_rebooted, on_rebooted);
}

static fettle_effect not_left(fettle_esp *esp, fettle_us now)
{
    esp->left = FETTLE_ESP_LEFT_NOT;
    return fettle_esp_done(esp, now);
}

/* Only a ROM is known to reboot by it. */
static fettle_effect by_command(fettle_esp *esp, fettle_us now)
{
    if (esp->is_stub || esp->identity.chip == NULL) {
        return not_left(esp, now);
    }
    esp_request request =
        fettle_esp_begin_request(esp, FLASH_BEGIN, 0, 0, 0, FETTLE_ESP_BLOCK_ROM);
    return fettle_esp_exchange(esp, &request, now, reboot, not_left);
}

/* ---- which of them ---- */

static bool can_read_registers(const fettle_esp *esp)
{
    return esp->identity.chip != NULL && !esp->identity.is_secure_download;
}

static bool has_watchdog(const fettle_esp *esp)
{
    return can_read_registers(esp) && chip_of(esp)->watchdog.resets_chip;
}

static fettle_effect choose(fettle_esp *esp, fettle_us now)
{
    bool has_lines = esp->setup.has_lines && !esp->lines_failed;
    if (has_watchdog(esp) && (esp->by_watchdog || !has_lines)) {
        return by_watchdog(esp, now);
    }
    return has_lines ? by_lines(esp, now) : by_command(esp, now);
}

/* Over the USB of its ROM: a boot pin that was low when it started would bring it back here. */
static fettle_effect on_strap(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_bits *strap = &chip_of(esp)->boot_strap;
    esp->by_watchdog |= (fettle_esp_value(esp) >> strap->shift & 1) == 0;
    return choose(esp, now);
}

static fettle_effect on_flag_off(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_bits *strap = &chip_of(esp)->boot_strap;
    bool is_asked = esp->setup.port == FETTLE_ESP_PORT_OTG && strap->width > 0;
    return is_asked ? fettle_esp_read_register(esp, strap->address, now, on_strap, choose)
                    : choose(esp, now);
}

static fettle_effect on_flag(fettle_esp *esp, fettle_us now)
{
    const fettle_esp_bits *flag = &chip_of(esp)->force_download;
    uint32_t value = fettle_esp_value(esp), mask = UINT32_C(1) << flag->shift;
    if ((value & mask) == 0) {
        return on_flag_off(esp, now);
    }
    const uint32_t writes[][4] = {{flag->address, value & ~mask, ALL, 0}};
    esp_request request = fettle_esp_write_registers(writes, 1);
    return fettle_esp_exchange(esp, &request, now, choose, choose);
}

/* Set, it would bring the chip into its loader again and again. */
static fettle_effect clear_flag(fettle_esp *esp, fettle_us now)
{
    if (!can_read_registers(esp) || chip_of(esp)->force_download.width == 0) {
        return choose(esp, now);
    }
    return fettle_esp_read_register(esp, chip_of(esp)->force_download.address, now, on_flag,
                                    choose);
}

fettle_engine *fettle_esp_leave(fettle_esp *esp, bool by_watchdog)
{
    esp->left = FETTLE_ESP_LEFT_NOT;
    esp->by_watchdog = by_watchdog;
    return fettle_esp_ready(esp, FETTLE_CLAUSE_LEAVE, 0, clear_flag);
}
