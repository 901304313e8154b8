/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contact with an ESP loader: lines, SYNC, and each of the ways in which there is none, each with its own
 * code and evidence. The rates of the line, and how the board is left.
 */
#include "esp_loader.h"

static struct loader loader; /* too large for a stack */

static bool connect(void)
{
    return loader_run(&loader, fettle_esp_connect(&loader.esp));
}

static bool identify(void)
{
    return loader_run(&loader, fettle_esp_identify(&loader.esp));
}

static const fettle_error *error(void)
{
    return &loader.esp.engine.error;
}

static void expect_failure(fettle_code code)
{
    assert_false(connect());
    assert_int_equal(code, error()->code);
    assert_non_null(strstr(error()->message, "cannot enter update mode: "));
    assert_true(loader.now < 40 * SECOND);
}

/* ---- sequences ---- */

static void expect_moves(const char *text, const fettle_esp_move *moves, size_t count)
{
    fettle_esp_sequence sequence;
    fettle_error err = {.code = FETTLE_E_NONE};
    assert_true(fettle_esp_sequence_parse(&sequence, text, &err));
    assert_int_equal(count, sequence.count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(moves[i].dtr, sequence.moves[i].dtr);
        assert_int_equal(moves[i].rts, sequence.moves[i].rts);
        assert_int_equal(moves[i].hold, sequence.moves[i].hold);
    }
}

static void test_sequences(void **state)
{
    (void)state;
    const fettle_esp_move classic[] = {{false, false, 0},
                                       {false, true, 100 * MS},
                                       {true, true, 0},
                                       {true, false, 50 * MS},
                                       {false, false, 0}};
    expect_moves("D0|R1|W0.1|D1|R0|W0.05|D0", classic, 5);
    expect_moves("||d0|r1|w0.1||d1|r0|w.05|d0|", classic, 5);
    const fettle_esp_move both[] = {{true, false, 2 * SECOND + 1}, {false, true, 0}};
    expect_moves("U1,0|W2|W0.000001|u0,1", both, 2);
    const fettle_esp_move wait[] = {{false, false, SECOND}};
    expect_moves("W1", wait, 1);
}

static void test_no_sequences(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "|",
                                        "D",
                                        "D2",
                                        "D01",
                                        "X1",
                                        "W",
                                        "W.",
                                        "W1.2.3",
                                        "W-1",
                                        "W11",
                                        "U1",
                                        "U1,",
                                        "U1,2",
                                        "D0 R1",
                                        "W1e3",
                                        "U1 0",
                                        "D0|R1|W0.1|?",
                                        "W99999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fettle_esp_sequence sequence;
        fettle_error err = {.code = FETTLE_E_NONE};
        assert_false(fettle_esp_sequence_parse(&sequence, wrong[i], &err));
        assert_int_equal(FETTLE_E_USAGE, err.code);
    }
    char many[4 * FETTLE_ESP_MOVES_MAX + 8] = "";
    for (size_t i = 0; i <= FETTLE_ESP_MOVES_MAX; i++) {
        memcpy(many + 3 * i, "D1|", 4);
    }
    fettle_esp_sequence sequence;
    fettle_error err = {.code = FETTLE_E_NONE};
    assert_false(fettle_esp_sequence_parse(&sequence, many, &err));
}

/* Every row of the bridges has sequences that can be read, and that end with both lines let go. */
static void test_sequences_of_ours(void **state)
{
    (void)state;
    static const char *const ours[] = {
        FETTLE_ESP_RESET_CLASSIC,    FETTLE_ESP_RESET_CLASSIC_SLOW, FETTLE_ESP_RESET_TIGHT,
        FETTLE_ESP_RESET_TIGHT_SLOW, FETTLE_ESP_RESET_USB_JTAG,     FETTLE_ESP_RESTART_UART,
        FETTLE_ESP_RESTART_USB};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        fettle_esp_sequence sequence;
        fettle_error err = {.code = FETTLE_E_NONE};
        assert_true(fettle_esp_sequence_parse(&sequence, ours[i], &err));
        assert_false(sequence.moves[sequence.count - 1].dtr);
        assert_false(sequence.moves[sequence.count - 1].rts);
    }
}

/* ---- contact ---- */

static void test_contact(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    assert_true(connect());
    assert_false(loader.esp.is_stub);
    assert_int_equal(1, loader.resets);
    assert_int_equal(1, loader.counts[0x08]);
    assert_true(loader.esp.heard.has_boot);
    assert_int_equal(0x3, loader.esp.heard.number);
    assert_string_equal("ESP32", loader.esp.heard.chip->name);
    assert_true(loader.now < 6 * SECOND); /* the banner's end is not waited for */
    static const uint8_t sync[] = {0xC0, 0x00, 0x08, 0x24, 0,    0,    0,   0,
                                   0,    0x07, 0x07, 0x12, 0x20, 0x55, 0x55};
    assert_int_equal(46, loader.first_size[0x08]);
    assert_memory_equal(sync, loader.first_of[0x08], sizeof sync);
    assert_int_equal(0x55, loader.first_of[0x08][44]);
    assert_int_equal(0xC0, loader.first_of[0x08][45]);
}

/* What was said before the reset says nothing about what came of it. */
static void test_text_from_before_the_reset(void **state)
{
    (void)state;
    loader_reset(&loader, "esp8266");
    loader_say(&loader, "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n");
    assert_true(connect());
    assert_int_equal(1, loader.resets);
    assert_false(loader.esp.heard.has_boot);
}

static void test_contact_without_a_banner(void **state)
{
    (void)state;
    loader_reset(&loader, "esp8266");
    assert_true(connect());
    assert_int_equal(1, loader.resets);
    assert_false(loader.esp.heard.has_boot);
}

static void test_a_stub_is_recognised(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    loader.esp.setup.reset_count = 0; /* or the reset would end it */
    loader.is_in_loader = loader.is_stub = true;
    assert_true(connect());
    assert_true(loader.esp.is_stub);
    assert_int_equal(0, loader.lines_moved);
}

static void test_without_lines(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    loader.has_no_lines = true;
    loader.is_in_loader = true;
    assert_true(connect());
    assert_true(loader.esp.lines_failed);
}

/* The slow sequence is needed: the second of two. */
static void test_the_next_sequence_is_tried(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    loader.spoiled_opcode = 0x08;
    loader.spoiled_nth = 1;
    loader.spoil = LOST_REPLY;
    assert_true(connect());
    assert_int_equal(2, loader.counts[0x08]);
    assert_int_equal(1, loader.resets);
}

static void test_doubled_and_foreign_bytes(void **state)
{
    static const enum spoil spoils[] = {DOUBLED_REPLY, TEXT_FIRST, SHORT_REPLY};
    (void)state;
    for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
        loader_reset(&loader, "esp32c3");
        loader.spoiled_opcode = 0x08;
        loader.spoiled_nth = 1;
        loader.spoil = spoils[i];
        assert_true(connect());
        assert_false(loader.esp.is_stub);
        assert_true(identify());
        assert_string_equal("ESP32-C3", loader.esp.identity.chip->name);
    }
}

/* ---- no contact ---- */

static void test_silence(void **state)
{
    (void)state;
    loader_reset(&loader, "esp8266");
    loader.is_deaf = true;
    expect_failure(FETTLE_E_ESP_SILENT);
    assert_int_equal(7, loader.resets);
    assert_string_equal("", error()->evidence);
}

static void test_normal_boot(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    loader.app_boot = "ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 "
                      "(SPI_FAST_FLASH_BOOT)\r\nconfigsip: 0, SPIWP:0xee\r\n";
    expect_failure(FETTLE_E_ESP_BOOT_MODE);
    assert_non_null(strstr(error()->message, "boot:0x13: GPIO0 was high"));
    assert_non_null(strstr(error()->evidence, "rst:0x1 (POWERON_RESET),boot:0x13"));
    assert_int_equal(7, loader.resets);
    assert_int_equal(0, loader.counts[0x08]); /* who says so isn't asked */
}

static void test_wrong_straps(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32c3");
    loader.app_boot = "ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:0x1 "
                      "(POWERON),boot:0x1 (SPI_DOWNLOAD_BOOT)\r\nwait spi download\r\n";
    expect_failure(FETTLE_E_ESP_STRAPS);
    assert_non_null(strstr(error()->message, "GPIO8 was low"));
    loader_reset(&loader, "esp32");
    loader.app_boot = "ets Jun  8 2016 00:22:57\r\n\r\nrst:0x1 (POWERON_RESET),boot:0xb "
                      "(HSPI_FLASH)\r\n";
    expect_failure(FETTLE_E_ESP_STRAPS);
    assert_non_null(strstr(error()->message, "GPIO2 was high"));
}

static void test_deaf(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    loader.is_deaf = true;
    expect_failure(FETTLE_E_ESP_DEAF);
}

static void test_echo(void **state)
{
    (void)state;
    loader_reset(&loader, "esp8266");
    loader.is_deaf = loader.echoes = true;
    expect_failure(FETTLE_E_ESP_ECHO);
}

static void test_noise(void **state)
{
    (void)state;
    loader_reset(&loader, "esp8266");
    loader.is_deaf = true;
    loader.babble = "\xE0\xF8\x80\xFE\x83\x91";
    expect_failure(FETTLE_E_ESP_NOISE);
    assert_non_null(strstr(error()->evidence, "\\xe0"));
}

static void test_an_application_that_goes_on(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    loader.boot = NULL;
    loader.is_deaf = true;
    loader.babble = "temperature 21.5\r\n";
    expect_failure(FETTLE_E_ESP_NOT_RESET);
    assert_non_null(strstr(error()->evidence, "temperature"));
}

/* With an END now and then: frames that are none. */
static void test_noise_with_ends(void **state)
{
    (void)state;
    loader_reset(&loader, "esp8266");
    loader.is_deaf = true;
    loader.babble = "\xC0\x01\x08\xC0\xC0\xC0\xDB\xC0";
    expect_failure(FETTLE_E_ESP_NOISE);
}

static void test_cancel_and_loss_at_every_step(void **state)
{
    static const fettle_outcome_kind kinds[] = {FETTLE_CANCELLED, FETTLE_GONE, FETTLE_ERROR,
                                                FETTLE_TIMEOUT};
    (void)state;
    loader_reset(&loader, "esp32");
    assert_true(connect() && identify());
    unsigned count = loader.effects;
    for (unsigned at = 1; at <= count; at++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            loader_reset(&loader, "esp32");
            loader.spoil_at = at;
            loader.spoil_outcome = kinds[k];
            bool has_worked = connect() && identify();
            if (kinds[k] == FETTLE_CANCELLED) {
                assert_false(has_worked);
                assert_int_equal(FETTLE_E_CANCELLED, error()->code);
            } else if (kinds[k] == FETTLE_GONE) {
                assert_int_equal(FETTLE_E_BOARD_LEFT, error()->code);
                continue; /* nothing can be let go of */
            }
            assert_false(loader.dtr || loader.rts);
        }
    }
}

/* ---- rates ---- */

static const uint32_t rates[] = {230400, 460800, 921600};

static void with_rates(const char *chip)
{
    loader_reset(&loader, chip);
    loader.esp.setup.bauds = rates;
    loader.esp.setup.baud_count = 3;
}

static void test_upwards(void **state)
{
    (void)state;
    with_rates("esp32c3");
    assert_true(connect() && identify());
    assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
    assert_int_equal(921600, loader.esp.baud);
    assert_int_equal(921600, loader.told_baud);
    assert_int_equal(3, loader.told_bauds);
    assert_int_equal(0, loader.esp.baud_failed);
}

static void test_one_step_back(void **state)
{
    (void)state;
    with_rates("esp32c3");
    loader.baud_max = 460800;
    assert_true(connect() && identify());
    unsigned resets = loader.resets;
    assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
    assert_int_equal(460800, loader.esp.baud);
    assert_int_equal(921600, loader.esp.baud_failed);
    assert_int_equal(resets + 1, loader.resets);
}

static void test_a_port_without_rates(void **state)
{
    (void)state;
    with_rates("esp32c3");
    loader.has_no_baud = true;
    assert_true(connect() && identify());
    assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
    assert_int_equal(FETTLE_ESP_BAUD, loader.esp.baud);
    assert_int_equal(230400, loader.esp.baud_failed);
}

/* A rate at which bits are wrong now and then is none that holds. */
static void test_a_rate_with_wrong_bits(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 3; nth++) {
        with_rates("esp32c3");
        assert_true(connect() && identify());
        loader.counts[0x0A] = 0;
        loader.spoiled_opcode = 0x0A;
        loader.spoiled_nth = nth;
        loader.spoil = FLIPPED;
        assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
        assert_int_equal(FETTLE_ESP_BAUD, loader.esp.baud);
        assert_int_equal(230400, loader.esp.baud_failed);
    }
}

/* ---- rates where nothing resets the chip ---- */

static void without_lines(void)
{
    with_rates("esp32c3");
    loader.esp.setup.has_lines = false;
    loader.esp.setup.reset_count = 0;
    loader.is_in_loader = loader.minds_baud = true;
    assert_true(connect() && identify());
}

static void test_upwards_without_lines(void **state)
{
    (void)state;
    without_lines();
    assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
    assert_int_equal(921600, loader.esp.baud);
    assert_int_equal(3, loader.told_bauds);
    assert_int_equal(0, loader.esp.baud_failed);
}

/* The loader itself is told to go back, at the rate that has failed: whichever of the looks at it has shown that. */
static void test_back_without_lines(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= 24; nth++) {
        without_lines();
        loader.counts[0x0A] = 0;
        loader.spoiled_opcode = 0x0A;
        loader.spoiled_nth = nth;
        loader.spoil = FLIPPED;
        assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
        assert_int_equal(FETTLE_ESP_BAUD, loader.esp.baud);
        assert_int_equal(FETTLE_ESP_BAUD, loader.told_baud);
        assert_int_equal(230400, loader.esp.baud_failed);
        assert_int_equal(0, loader.resets);
        assert_int_equal(0, loader.lines_moved);
    }
}

/* It doesn't hear that at once, and says nothing where it does. */
static void test_back_at_last_without_lines(void **state)
{
    (void)state;
    const enum spoil spoils[] = {LOST_REQUEST, LOST_REPLY, REFUSED};
    for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
        without_lines();
        loader.baud_max = 0;
        loader.spoiled_opcode = 0x0F;
        loader.spoiled_nth = 2; /* its change to the second rate */
        loader.spoil = spoils[i];
        loader.refusal = 0x0105;
        assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
        assert_int_equal(230400, loader.esp.baud);
        assert_int_equal(460800, loader.esp.baud_failed);
        assert_int_equal(loader.esp.baud, loader.baud);
    }
}

/* Nothing comes through at all: only a hand is left, and the caller is told so. */
static void test_lost_without_lines(void **state)
{
    (void)state;
    without_lines();
    loader.baud_max = 460800;
    assert_false(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
    assert_int_equal(FETTLE_E_LINE_NOISE, error()->code);
    assert_non_null(strstr(error()->hint, "--baud 115200"));
    assert_int_equal(921600, loader.esp.baud_failed);
    assert_int_equal(FETTLE_ESP_BAUD, loader.esp.baud);
    assert_true(loader.now < 40 * SECOND);
}

/* A rate that the port doesn't have: the loader isn't told of it. */
static void test_a_port_without_rates_or_lines(void **state)
{
    (void)state;
    without_lines();
    loader.has_no_baud = true;
    assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
    assert_int_equal(FETTLE_ESP_BAUD, loader.esp.baud);
    assert_int_equal(230400, loader.esp.baud_failed);
    assert_int_equal(0, loader.told_bauds);
}

/* The port moves its lines, and they lead nowhere. */
static void test_lines_that_lead_nowhere(void **state)
{
    (void)state;
    with_rates("esp32c3");
    loader.has_no_lines = loader.is_in_loader = loader.minds_baud = true;
    assert_true(connect() && identify());
    loader.esp.lines_failed = false; /* as far as the port can tell */
    loader.has_no_lines = false;
    loader.is_cut = true;
    loader.counts[0x0A] = 0;
    loader.spoiled_opcode = 0x0A;
    loader.spoiled_nth = 2;
    loader.spoil = FLIPPED;
    assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
    assert_int_equal(FETTLE_ESP_BAUD, loader.esp.baud);
    assert_int_equal(230400, loader.esp.baud_failed);
    assert_int_equal(FETTLE_ESP_BAUD, loader.baud);
    assert_true(loader.lines_moved > 0);
}

/* 40 MHz that the ROM takes for 38.7: seen as 460800 -> 446148. */
static void test_a_clock_that_the_rom_mistakes(void **state)
{
    (void)state;
    with_rates("esp32");
    loader.esp.setup.baud_count = 2;
    loader_set(&loader, 0x3FF5A010, 52);
    loader_set(&loader, 0x3FF5F06C, 1906U << 7);
    assert_true(connect() && identify());
    assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
    uint64_t estimate = UINT64_C(1906) * 15625 * 52 / 40;
    assert_int_equal(460800 * estimate / 40000000, loader.told_baud);
    assert_true(loader.told_baud > 440000 && loader.told_baud < 450000);
    assert_int_equal(460800, loader.esp.baud);
}

static void test_a_rom_that_measures(void **state)
{
    (void)state;
    with_rates("esp8266");
    loader.baud_max = 460800;
    assert_true(connect() && identify());
    assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
    assert_int_equal(460800, loader.esp.baud);
    assert_int_equal(921600, loader.esp.baud_failed);
    assert_int_equal(0, loader.told_bauds);
    assert_int_equal(0, loader.counts[0x0F]);
}

static void test_usb_has_no_rate(void **state)
{
    (void)state;
    with_rates("esp32c3");
    loader.esp.setup.port = FETTLE_ESP_PORT_JTAG;
    assert_true(connect() && identify());
    assert_true(loader_run(&loader, fettle_esp_raise_baud(&loader.esp)));
    assert_int_equal(0, loader.counts[0x0F]);
}

/* ---- leaving ---- */

static void test_leaving_by_lines(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    assert_true(connect() && identify());
    assert_true(loader_run(&loader, fettle_esp_leave(&loader.esp, false)));
    assert_int_equal(FETTLE_ESP_LEFT_BY_LINES, loader.esp.left);
    assert_false(loader.is_in_loader);
}

static void test_leaving_by_watchdog(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32c3");
    assert_true(connect() && identify());
    assert_true(loader_run(&loader, fettle_esp_leave(&loader.esp, true)));
    assert_int_equal(FETTLE_ESP_LEFT_BY_WATCHDOG, loader.esp.left);
    assert_int_equal(0xD0000102, *loader_register(&loader, 0x60008090));
    assert_int_equal(2000, *loader_register(&loader, 0x60008094));
    assert_int_equal(0, *loader_register(&loader, 0x600080A8));
}

static void test_leaving_without_lines(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    loader.has_no_lines = loader.is_in_loader = true;
    assert_true(connect() && identify());
    assert_true(loader_run(&loader, fettle_esp_leave(&loader.esp, true)));
    assert_int_equal(FETTLE_ESP_LEFT_BY_COMMAND, loader.esp.left);
    assert_int_equal(1, loader.counts[0x04]);
    assert_int_equal(0, loader.last_words[0]);
}

static void test_gone_by_leaving(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    assert_true(connect() && identify());
    loader.spoil_at = loader.effects + 1;
    loader.spoil_outcome = FETTLE_GONE;
    assert_true(loader_run(&loader, fettle_esp_leave(&loader.esp, false)));
}

static void test_listening(void **state)
{
    (void)state;
    loader_reset(&loader, "esp32");
    assert_true(connect() && identify());
    loader.app_boot = "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
                      "invalid header: 0xffffffff\r\n";
    assert_true(loader_run(&loader, fettle_esp_leave(&loader.esp, false)));
    assert_true(loader_run(&loader, fettle_esp_listen(&loader.esp, 300 * MS)));
    assert_true(loader.esp.heard.has_boot && loader.esp.heard.has_invalid_header);
    assert_int_equal(0x13, loader.esp.heard.number);
    assert_true(loader.esp.heard.says_normal_boot);
}

/* ---- what runs is asked ---- */

static const char enough[] = "version 7 ";

static bool has_enough(void *user, fettle_span text)
{
    unsigned *asked = user;
    ++*asked;
    for (size_t i = 0; i + sizeof enough - 1 <= text.size; i++) {
        if (memcmp(text.data + i, enough, sizeof enough - 1) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns how long it took. */
static fettle_us ask(unsigned *asked)
{
    fettle_us begin = loader.now;
    const fettle_span typed = {(const uint8_t *)"\x02", 1};
    *asked = 0;
    assert_true(loader_run(
        &loader, fettle_esp_ask_console(&loader.esp, typed, has_enough, asked, 900 * MS)));
    return loader.now - begin;
}

static void test_an_application_is_asked(void **state)
{
    (void)state;
    unsigned asked;
    loader_reset(&loader, "esp32");
    loader_say(&loader, "it has just started: version 7 of it\r\n>>> ");
    assert_true(ask(&asked) < 100 * MS);
    assert_int_equal(1, asked);
    assert_true(loader.esp.heard.total > 0);
    assert_true(connect()); /* and what it said is in nobody's way */

    loader_reset(&loader, "esp32");
    assert_in_range(ask(&asked), 900 * MS, 950 * MS); /* silence has an end */
    assert_int_equal(0, asked);

    loader_reset(&loader, "esp32");
    loader_say(&loader, "version 7"); /* the rest never comes */
    assert_in_range(ask(&asked), 900 * MS, 950 * MS);
    assert_int_equal(1, asked);

    static const char *const in_vain[] = {"waiting for download\r\n",
                                          "invalid header: 0xffffffff\r\n"};
    for (size_t i = 0; i < 2; i++) {
        loader_reset(&loader, "esp32");
        loader_say(&loader, in_vain[i]);
        assert_true(ask(&asked) < 100 * MS);
    }

    loader_reset(&loader, "esp32");
    loader.babble = "tick ";
    assert_in_range(ask(&asked), 900 * MS, 1100 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_no_sequences),
        cmocka_unit_test(test_sequences_of_ours),
        cmocka_unit_test(test_contact),
        cmocka_unit_test(test_text_from_before_the_reset),
        cmocka_unit_test(test_contact_without_a_banner),
        cmocka_unit_test(test_a_stub_is_recognised),
        cmocka_unit_test(test_without_lines),
        cmocka_unit_test(test_the_next_sequence_is_tried),
        cmocka_unit_test(test_doubled_and_foreign_bytes),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_normal_boot),
        cmocka_unit_test(test_wrong_straps),
        cmocka_unit_test(test_deaf),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_an_application_that_goes_on),
        cmocka_unit_test(test_noise_with_ends),
        cmocka_unit_test(test_cancel_and_loss_at_every_step),
        cmocka_unit_test(test_upwards),
        cmocka_unit_test(test_one_step_back),
        cmocka_unit_test(test_a_port_without_rates),
        cmocka_unit_test(test_a_rate_with_wrong_bits),
        cmocka_unit_test(test_upwards_without_lines),
        cmocka_unit_test(test_back_without_lines),
        cmocka_unit_test(test_back_at_last_without_lines),
        cmocka_unit_test(test_lost_without_lines),
        cmocka_unit_test(test_a_port_without_rates_or_lines),
        cmocka_unit_test(test_lines_that_lead_nowhere),
        cmocka_unit_test(test_a_clock_that_the_rom_mistakes),
        cmocka_unit_test(test_a_rom_that_measures),
        cmocka_unit_test(test_usb_has_no_rate),
        cmocka_unit_test(test_leaving_by_lines),
        cmocka_unit_test(test_leaving_by_watchdog),
        cmocka_unit_test(test_leaving_without_lines),
        cmocka_unit_test(test_gone_by_leaving),
        cmocka_unit_test(test_listening),
        cmocka_unit_test(test_an_application_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
