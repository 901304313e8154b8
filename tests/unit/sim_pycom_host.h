/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host for virtual Pycom modules that knows nothing but section 3 of the fact sheet on Pycom boards. Include it
 * after cmocka.
 */
#ifndef TESTS_SIM_PYCOM_HOST_H
#define TESTS_SIM_PYCOM_HOST_H

#include "sim_esp_host.h"

/* There is no such board, and `word` is among those that say why. */
static inline void expect_refused(const char *spec, const char *word)
{
    char message[2000];
    fettle_sim *sim = fettle_sim_new(NULL, NULL);
    assert_false(fettle_sim_add(sim, spec, message, sizeof message));
    if (strstr(message, word) == NULL) {
        fail_msg("%s: %s", spec, message);
    }
    fettle_sim_free(sim);
}

static inline void pycom_bits(esp_host *host, uint8_t bits)
{
    assert_int_equal(FETTLE_OK, host->link.serial->set_format(host->link.self, bits).kind);
}

/* Of hex digits and blanks. */
static inline size_t pycom_unhex(const char *text, uint8_t *bytes)
{
    char digits[3] = "";
    size_t count = 0;
    while (*(text += strspn(text, " ")) != '\0') {
        memcpy(digits, text, 2);
        bytes[count++] = (uint8_t)strtoul(digits, NULL, 16);
        text += 2;
    }
    return count;
}

static inline void pycom_send(esp_host *host, const char *hex)
{
    uint8_t bytes[64];
    host_write(host, bytes, pycom_unhex(hex, bytes));
}

/* Up to `most` bytes, as the old tool drains: 0.25 s. */
static inline size_t pycom_drain(esp_host *host, size_t most)
{
    fettle_us until = host_now(host) + 250 * MS;
    host->in_count = 0;
    while (host->in_count < most && host_read_more(host, until)) {
    }
    return host->in_count;
}

/* In command mode: exactly this comes back; "": nothing. */
static inline void pycom_expect(esp_host *host, const char *hex, const char *answer)
{
    uint8_t bytes[64];
    size_t size = pycom_unhex(answer, bytes);
    pycom_send(host, hex);
    size_t count = pycom_drain(host, 64);
    if (count != size || memcmp(bytes, host->in, size) != 0) {
        fail_msg("%s: %zu bytes, %02x %02x...", hex, count, host->in[0], host->in[1]);
    }
}

/* Eight bits to five: what the module said before is out of the way. */
static inline void pycom_begin(esp_host *host)
{
    pycom_bits(host, 5);
    host_discard(host);
}

/* The reset steps; how many answers came to all there was. */
static inline size_t pycom_reset(esp_host *host)
{
    pycom_send(host, "02 8E 00 DF 00 00");
    pycom_send(host, "02 0E 00 DF 00 00");
    host_wait(host, 200 * MS);
    pycom_send(host, "02 0E 00 FF 20 00");
    host_wait(host, 100 * MS);
    pycom_send(host, "02 8E 00 FF 20 00");
    return pycom_drain(host, 10);
}

static inline size_t pycom_enter(esp_host *host)
{
    pycom_begin(host);
    pycom_send(host, "02 8C 00 DF 00 00");
    pycom_send(host, "02 0C 00 DF 00 00");
    pycom_send(host, "02 8E 00 FE 00 00");
    pycom_send(host, "02 0E 00 FE 00 00");
    size_t answers = pycom_reset(host);
    pycom_bits(host, 8);
    return answers;
}

static inline size_t pycom_leave(esp_host *host)
{
    pycom_begin(host);
    pycom_send(host, "02 8C 00 DF 00 00");
    pycom_send(host, "02 0C 00 FF 20 00");
    pycom_send(host, "02 8E 00 FF 01 00");
    size_t answers = pycom_reset(host);
    pycom_bits(host, 8);
    return answers;
}

static inline unsigned pycom_sync(esp_host *host)
{
    host_discard(host);
    return host_sync(host);
}

/* With the module in its loader, and spoken to. */
static inline esp_host pycom_make_loader(const char *spec)
{
    esp_host host = host_make_open(spec);
    assert_int_equal(8, pycom_enter(&host));
    assert_int_equal(8, pycom_sync(&host));
    host_attach(&host);
    return host;
}

static inline fettle_sim_module_state pycom_runs(const esp_host *host)
{
    const char *version;
    return fettle_sim_module_runs(host->sim, 0, &version);
}

static inline const char *pycom_version(const esp_host *host)
{
    const char *text;
    (void)fettle_sim_module_runs(host->sim, 0, &text);
    return text;
}

static inline uint8_t *pycom_module(const esp_host *host)
{
    size_t size;
    return fettle_sim_module(host->sim, 0, &size);
}

static inline bool pycom_boots(const esp_host *host)
{
    return fettle_sim_module_is_bootable(host->sim, 0);
}

static inline void pycom_hand(esp_host *host, fettle_sim_hand hand)
{
    fettle_sim_do(host->sim, 0, hand, 0);
    host_wait(host, 10 * MS);
}

/* What the module says in two seconds after somebody has pressed its reset. */
static inline const char *pycom_boot_text(esp_host *host)
{
    pycom_hand(host, FETTLE_SIM_PRESS_RESET);
    return host_listen(host, 2000 * MS);
}

#endif
