/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs on ESP chips, down to what the board was asked to do: what is refused before anything is erased,
 * what is left alone, with and without a stub, and how the application comes up again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "job/job.h"
#include "run/run.h"
#include "sim/sim.h"
#include "tests/tools/esp_make.h"

enum {
    SECTOR = 0x1000,
    ESP32 = 0,
    ESP32S3 = 9,
    FACTORY_AT = 0x10000,
    FILE_ROOM = 0x40000,
    FLASH_BEGIN = 0x02,
    FLASH_DATA = 0x03,
    MEM_DATA = 0x07,
};

#define SECONDS ((fettle_us)1000000)

static struct {
    fettle_sim *sim;
    fettle_host host;
    fettle_cancel cancel;
    fettle_image *image;
    uint8_t bytes[FILE_ROOM];
    size_t size;
    fettle_plan plan;
    fettle_job_engine job;
    fettle_run run;
    fettle_sim_stub stub;
    bool has_stub;
} self;

/* ---- a board, a file, a job ---- */

static void plug(const char *spec)
{
    char message[200];
    self.sim = fettle_sim_new(NULL, NULL);
    assert_non_null(self.sim);
    assert_true(fettle_sim_add(self.sim, spec, message, sizeof message));
    assert_true(fettle_host_init(&self.host, fettle_sim_clock_ops(self.sim),
                                 fettle_sim_clock_self(self.sim)));
    assert_true(fettle_host_add_bus(&self.host, &fettle_sim_bus_ops, self.sim));
}

static int set_up(void **state)
{
    (void)state;
    memset(&self, 0, sizeof self);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fettle_host_finish(&self.host);
    fettle_image_free(self.image);
    fettle_sim_free(self.sim);
    return 0;
}

static void load(void)
{
    fettle_error err;
    fettle_image_free(self.image);
    self.image = fettle_image_new("app.bin", (fettle_span){self.bytes, self.size}, 0, &err);
    assert_non_null(self.image);
}

static void load_app(uint16_t chip, size_t code)
{
    esp_writer file = {.bytes = self.bytes, .room = sizeof self.bytes};
    esp_put_image(&file, &(esp_make){.kind = ESP_MAKE_APP,
                                     .chip_id = chip,
                                     .max_full = 0xFFFF,
                                     .mode = 2,
                                     .size_frequency = 0x2F,
                                     .has_hash = true,
                                     .version = "2.0.0",
                                     .code = code});
    self.size = file.size;
    load();
}

static bool find_stub(void *user, const char *chip, fettle_esp_stub *stub)
{
    (void)user;
    (void)chip;
    *stub = (fettle_esp_stub){
        .text = {self.stub.text, sizeof self.stub.text},
        .data = {self.stub.data, sizeof self.stub.data},
        .text_address = self.stub.text_address,
        .data_address = self.stub.data_address,
        .entry = self.stub.entry,
    };
    return self.has_stub;
}

static bool run(fettle_plan_wishes wishes)
{
    static const fettle_memory_ops memory = {fettle_alloc, fettle_free};
    bool has_file = wishes.kind == FETTLE_TASK_UPDATE || wishes.kind == FETTLE_TASK_VERIFY;
    fettle_plan_question question;
    fettle_error err;
    wishes.path = fettle_sim_path(self.sim, 0);
    assert_true(fettle_plan_make(&self.plan, has_file ? self.image : NULL,
                                 &fettle_board_esp, NULL, &wishes, &question, &err));
    fettle_sim_log_clear(self.sim);
    fettle_job_engine_init(&self.job, &self.plan, NULL, 0, &memory);
    self.job.find_stub = find_stub;
    fettle_run_init(&self.run,
                    &(fettle_run_setup){.root = &self.job.engine,
                                        .observed = &self.job.observed,
                                        .port = &self.host.port,
                                        .clock = fettle_sim_clock_ops(self.sim),
                                        .clock_self = fettle_sim_clock_self(self.sim),
                                        .cancel = &self.cancel});
    bool is_done = fettle_run_all(&self.run);
    fettle_job_engine_finish(&self.job);
    return is_done;
}

static bool update(void)
{
    return run((fettle_plan_wishes){.kind = FETTLE_TASK_UPDATE, .may_read = true});
}

static unsigned asked(const char *what, uint8_t opcode)
{
    unsigned count = 0;
    const fettle_sim_entry *entries;
    size_t entry_count = fettle_sim_log(self.sim, &entries);
    for (size_t i = 0; i < entry_count; i++) {
        count += strcmp(entries[i].what, what) == 0 &&
                 (opcode == 0 || entries[i].bRequest == opcode);
    }
    return count;
}

static bool has_note(fettle_note_code code)
{
    for (size_t i = 0; i < self.job.observed.note_count; i++) {
        if (self.job.observed.notes[i].code == code) {
            return true;
        }
    }
    return false;
}

static uint8_t *flash(uint32_t address)
{
    size_t size;
    return fettle_sim_memory(self.sim, 0, &size) + address;
}

static void runs_application(void)
{
    const fettle_clock_ops *clock = fettle_sim_clock_ops(self.sim);
    void *clock_self = fettle_sim_clock_self(self.sim);
    (void)clock->wait(clock_self, clock->now(clock_self) + SECONDS, NULL); /* it starts */
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(self.sim, 0));
}

/* Nothing was erased or written, and the application runs again. */
static void left_alone(fettle_code code)
{
    assert_int_equal(code, self.job.engine.error.code);
    assert_int_equal(0, asked("erase", 0));
    assert_int_equal(0, asked("program", 0));
    assert_false(self.job.has_written);
    runs_application();
}

/* ---- what is refused ---- */

static void other_chip(void **state)
{
    (void)state;
    plug("esp32,timing=none");
    load_app(ESP32S3, 5000);
    assert_false(update());
    left_alone(FETTLE_E_IMAGE_NOT_FOR_BOARD);
    assert_non_null(strstr(self.job.engine.error.message, "ESP32-S3"));
}

static void larger_than_its_partition(void **state)
{
    (void)state;
    plug("esp32,timing=none,size=512KB"); /* slots of 128 KB */
    load_app(ESP32, 0x20000);
    assert_false(update());
    left_alone(FETTLE_E_IMAGE_TOO_LARGE);
}

static void encrypted(void **state)
{
    (void)state;
    plug("esp32,timing=none,encryption=release");
    load_app(ESP32, 5000);
    assert_false(update());
    left_alone(FETTLE_E_ESP_SECURED);
}

static void other_than_expected(void **state)
{
    (void)state;
    plug("esp32,timing=none");
    load_app(ESP32, 5000);
    assert_false(run((fettle_plan_wishes){
        .kind = FETTLE_TASK_UPDATE, .may_read = true, .chip = "esp32c3"}));
    left_alone(FETTLE_E_ESP_OTHER_CHIP);
}

/* ---- what is left alone ---- */

static void second_time(void **state)
{
    (void)state;
    plug("esp32,timing=none");
    self.has_stub = fettle_sim_make_stub(self.sim, 0, &self.stub);
    load_app(ESP32, 30000);
    assert_true(update());
    assert_int_equal(FETTLE_JOB_UPDATED, self.job.end);
    assert_int_equal(FETTLE_EVIDENCE_HASH, self.job.evidence);
    assert_true(asked("command", MEM_DATA) > 0);
    assert_memory_equal(self.bytes, flash(FACTORY_AT), self.size);
    assert_true(update());
    assert_int_equal(FETTLE_JOB_UNCHANGED, self.job.end);
    assert_int_equal(FETTLE_EVIDENCE_HASH, self.job.evidence);
    assert_int_equal(0, asked("command", MEM_DATA)); /* no stub for that */
    assert_int_equal(0, asked("erase", 0));
    runs_application();
}

/* A sector that is to be blank is erased, and its content isn't sent. */
static void blank_sectors(void **state)
{
    (void)state;
    plug("esp32,timing=none");
    self.size = 4 * SECTOR;
    esp_fill(self.bytes, self.size, 5);
    memset(self.bytes + SECTOR, 0xFF, 2 * SECTOR);
    load();
    memcpy(flash(0x300000), self.bytes, self.size);
    *flash(0x300000 + SECTOR) = 0; /* one is blank already */
    assert_true(run((fettle_plan_wishes){.kind = FETTLE_TASK_UPDATE,
                                         .may_read = true,
                                         .has_address = true,
                                         .address = 0x300000}));
    assert_int_equal(FETTLE_EVIDENCE_HASH, self.job.evidence);
    assert_int_equal(0, asked("command", FLASH_DATA));
    assert_int_equal(1, asked("erase", 0));
    assert_memory_equal(self.bytes, flash(0x300000), self.size);
}

static void dry(void **state)
{
    (void)state;
    plug("esp32,timing=none");
    load_app(ESP32, 5000);
    assert_true(run((fettle_plan_wishes){
        .kind = FETTLE_TASK_UPDATE, .may_read = true, .is_dry = true}));
    assert_int_equal(FETTLE_JOB_PLANNED, self.job.end);
    left_alone(FETTLE_E_NONE);
}

static void stays(void **state)
{
    (void)state;
    plug("esp32,timing=none");
    load_app(ESP32, 5000);
    assert_true(run(
        (fettle_plan_wishes){.kind = FETTLE_TASK_UPDATE, .may_read = true, .stays = true}));
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(self.sim, 0));
}

/* ---- what can't be proven ---- */

static void secure_download(void **state)
{
    (void)state;
    plug("esp32s3,timing=none,bridge=cp210x,sdm=yes");
    load_app(ESP32S3, 5000);
    assert_true(run((fettle_plan_wishes){.kind = FETTLE_TASK_UPDATE,
                                         .may_read = true,
                                         .has_address = true,
                                         .address = FACTORY_AT,
                                         .flash_size = 0x400000}));
    assert_int_equal(FETTLE_JOB_UPDATED, self.job.end);
    assert_int_equal(FETTLE_EVIDENCE_NONE, self.job.evidence);
    assert_true(has_note(FETTLE_NOTE_SECURED_UNPROVEN));
    assert_memory_equal(self.bytes, flash(FACTORY_AT), self.size);
    assert_false(run((fettle_plan_wishes){.kind = FETTLE_TASK_VERIFY,
                                          .may_read = true,
                                          .has_address = true,
                                          .address = FACTORY_AT,
                                          .flash_size = 0x400000}));
    assert_int_equal(FETTLE_E_ESP_SECURE_DOWNLOAD, self.job.engine.error.code);
}

static void esp8266_without_stub(void **state)
{
    (void)state;
    plug("esp8266,timing=none");
    esp_writer file = {.bytes = self.bytes, .room = sizeof self.bytes};
    esp_put_image(&file, &(esp_make){.is_esp8266 = true, .code = 9000, .mode = 2});
    self.size = file.size;
    load();
    uint8_t behind = *flash(3 * SECTOR);
    assert_true(update());
    assert_int_equal(FETTLE_EVIDENCE_NONE, self.job.evidence);
    assert_true(has_note(FETTLE_NOTE_STUB_WOULD_PROVE));
    assert_memory_equal(self.bytes, flash(0), self.size);
    assert_int_equal(behind, *flash(3 * SECTOR)); /* three sectors, not four */
}

/* ---- what a line spoils ---- */

/* The slot that otadata names is found, even if its answer is spoilt on its way. */
static void spoilt_otadata(void **state)
{
    uint8_t bytes[FETTLE_OTADATA_SIZE];
    (void)state;
    load_app(ESP32, 5000);
    for (unsigned i = 0; i < 300; i++) {
        char fault[40], spec[80];
        unsigned nth = 40 + i % 30; /* frames: where otadata is read, and around that */
        (void)snprintf(spec, sizeof spec, "esp32,timing=none,size=1MB,seed=%u", i);
        plug(spec);
        fettle_otadata_write(bytes, NULL, 1, 2);
        memcpy(flash(0xE000), bytes, sizeof bytes);
        (void)snprintf(fault, sizeof fault, "noise@%u", nth);
        assert_true(fettle_sim_set_fault(self.sim, 0, fault));
        fettle_partitions table;
        fettle_error err;
        assert_true(fettle_partitions_read(&table, (fettle_span){flash(0x8000), SECTOR},
                                           0x8000, &err));
        uint32_t slot = fettle_partitions_find(&table, 0, 0x11)->address;
        bool is_done = update();
        assert_true(!is_done || memcmp(self.bytes, flash(slot), self.size) == 0);
        assert_true(is_done || self.job.engine.error.code != FETTLE_E_ANSWER_NEEDED);
        fettle_host_finish(&self.host);
        fettle_sim_free(self.sim);
    }
    self.sim = NULL;
    memset(&self.host, 0, sizeof self.host);
}

/* ---- and how the application comes up ---- */

/* In its loader by hand, and no lines that reach it: it is told to start, and does. */
static void lines_that_reach_nothing(void **state)
{
    (void)state;
    plug("esp32,timing=none,circuit=none,mode=rom");
    load_app(ESP32, 5000);
    assert_true(update());
    assert_int_equal(FETTLE_JOB_UPDATED, self.job.end);
    assert_int_equal(FETTLE_ESP_LEFT_BY_COMMAND, self.job.esp.esp.left);
    runs_application();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(other_chip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(larger_than_its_partition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(encrypted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_than_expected, set_up, tear_down),
        cmocka_unit_test_setup_teardown(second_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(blank_sectors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secure_download, set_up, tear_down),
        cmocka_unit_test_setup_teardown(esp8266_without_stub, set_up, tear_down),
        cmocka_unit_test_setup_teardown(spoilt_otadata, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_that_reach_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
