/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The USB/IP bus against a server that does what it is told: boards that come, leave, come back as
 * something else or belong to somebody else, transfers of every end, and servers that are none.
 */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cancel.h"
#include "os/clock.h"
#include "os/usbip.h"
#include "usbip_server.h"

enum {
    MS = 1000,
    SECOND = 1000 * MS,
    SIGHTS = 4,
};

struct desk {
    struct server server;
    fettle_os_usbip *bus;
    fettle_sight sights[SIGHTS];
    size_t count;
    uint64_t change;
};

static const fettle_bus_ops *const ops = &fettle_os_usbip_bus_ops;

static fettle_us now(void)
{
    return fettle_os_clock()->now(NULL);
}

static const struct server_device dfu_device = {
    .is_there = true,
    .has_dfu = true,
    .busid = "1-1",
    .devnum = 2,
    .product = 0x6003,
    .bConfigurationValue = 1,
};

static void look(struct desk *desk)
{
    desk->count = ops->look(desk->bus, desk->sights, SIGHTS, &desk->change);
}

static fettle_os_usbip *connect_to(const struct desk *desk, const char *busid,
                                   fettle_us time, fettle_error *err)
{
    char port[64];
    (void)snprintf(port, sizeof port, "usbip://127.0.0.1:%d%s%s", desk->server.port,
                   busid[0] != '\0' ? "/" : "", busid);
    *err = (fettle_error){.code = FETTLE_E_NONE};
    return fettle_os_usbip_new_within(port, time, err);
}

static void connect_desk(struct desk *desk, const char *busid)
{
    fettle_error err;
    desk->bus = connect_to(desk, busid, 5 * SECOND, &err);
    assert_non_null(desk->bus);
    look(desk);
}

static struct desk *new_desk(void)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk->server.devices[0] = dfu_device;
    server_start(&desk->server, 0);
    return desk;
}

static struct desk *set_up(void)
{
    struct desk *desk = new_desk();
    connect_desk(desk, "");
    return desk;
}

static void tear_down(struct desk *desk)
{
    fettle_os_usbip_free(desk->bus);
    server_stop(&desk->server);
    free(desk);
}

/* Waits for the next change and looks. */
static void wait_for_news(struct desk *desk)
{
    fettle_outcome outcome = ops->wait(desk->bus, desk->change, now() + 5 * SECOND, NULL);
    assert_int_equal(FETTLE_OK, outcome.kind);
    look(desk);
}

static void wait_for_count(struct desk *desk, size_t count)
{
    while (desk->count != count) {
        wait_for_news(desk);
    }
}

static fettle_link open_first(struct desk *desk)
{
    fettle_link link = {.kind = FETTLE_LINK_NONE};
    assert_int_equal(1, desk->count);
    fettle_outcome outcome =
        ops->open(desk->bus, &desk->sights[0], FETTLE_LINK_USB, NULL, &link);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(FETTLE_LINK_USB, link.kind);
    return link;
}

static fettle_outcome play(const fettle_link *link, enum trick trick, uint16_t wValue,
                           uint8_t *in, uint16_t wLength, fettle_us time)
{
    fettle_control control = {
        .bmRequestType = 0xc0,
        .bRequest = (uint8_t)trick,
        .wValue = wValue,
        .wLength = wLength,
        .in = in,
    };
    return link->usb->control(link->self, &control, now() + time, NULL);
}

static struct server_device get_device(struct desk *desk, int index)
{
    server_lock(&desk->server);
    struct server_device device = desk->server.devices[index];
    server_unlock(&desk->server);
    return device;
}

/* ---- boards ---- */

static void test_shows_a_board_with_all_that_it_says(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    const fettle_sight *sight = &desk->sights[0];
    char path[FETTLE_PATH_SIZE];
    (void)snprintf(path, sizeof path, "usbip://127.0.0.1:%d/1-1", desk->server.port);
    assert_int_equal(1, desk->count);
    assert_string_equal(path, sight->path);
    assert_string_equal("", sight->node);
    assert_string_equal("Maker", sight->manufacturer);
    assert_string_equal("Thing", sight->product);
    assert_string_equal("S1", sight->serial);
    assert_int_equal(1, sight->arrival);
    assert_int_equal(FETTLE_LINK_USB, sight->kind);
    assert_int_equal(0x1d50, sight->id.vendor);
    assert_int_equal(0x6003, sight->id.product);
    assert_int_equal(0x0100, sight->bcdDevice);
    assert_int_equal(0, sight->largest_control);
    assert_int_equal(FETTLE_WHY_NONE, sight->access);
    assert_int_equal(18 + 27, sight->descriptors_size);
    assert_int_equal(18, sight->descriptors[0]);
    assert_int_equal(2, sight->descriptors[19]);
    assert_int_equal(0x21, sight->descriptors[18 + 19]);
    assert_int_equal(0, get_device(desk, 0).set_configurations);
    tear_down(desk);
}

static void test_configures_only_what_is_not(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->server.devices[0].bConfigurationValue = 0;
    connect_desk(desk, "");
    assert_int_equal(18 + 27, desk->sights[0].descriptors_size);
    assert_string_equal("S1", desk->sights[0].serial);
    assert_int_equal(1, get_device(desk, 0).set_configurations);
    tear_down(desk);
}

static unsigned count_lists(struct desk *desk)
{
    server_lock(&desk->server);
    unsigned lists = desk->server.lists;
    server_unlock(&desk->server);
    return lists;
}

/* However often it is listed, and opened and closed. */
static void test_imports_once(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    while (count_lists(desk) < 4) {
        fettle_link link = open_first(desk);
        assert_int_equal(FETTLE_TIMEOUT,
                         ops->wait(desk->bus, desk->change, now() + 30 * MS, NULL).kind);
        link.usb->close(link.self);
    }
    assert_int_equal(1, get_device(desk, 0).imports);
    tear_down(desk);
}

static void test_others_are_listed_only(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->server.devices[0].has_dfu = false;
    desk->server.devices[2] = dfu_device;
    desk->server.devices[2].busid = "1-2";
    desk->server.devices[3] = dfu_device;
    desk->server.devices[3].busid = "1-2"; /* twice: the first counts */
    desk->server.devices[3].product = 0x9999;
    connect_desk(desk, "");
    assert_int_equal(2, desk->count);
    assert_int_equal(FETTLE_LINK_NONE, desk->sights[0].kind);
    assert_int_equal(0x6003, desk->sights[0].id.product);
    assert_int_equal(0, desk->sights[0].descriptors_size);
    assert_int_equal(FETTLE_LINK_USB, desk->sights[1].kind);
    assert_int_equal(0x6003, desk->sights[1].id.product);
    assert_int_equal(0, get_device(desk, 0).imports);
    fettle_link link;
    fettle_outcome outcome =
        ops->open(desk->bus, &desk->sights[0], FETTLE_LINK_USB, NULL, &link);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(FETTLE_WHY_DRIVER, outcome.why);
    tear_down(desk);
}

static void test_one_that_is_named_whatever_it_is(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->server.devices[1] = dfu_device;
    desk->server.devices[1].busid = "1-2";
    desk->server.devices[1].has_dfu = false;
    connect_desk(desk, "1-2");
    assert_int_equal(1, desk->count);
    assert_int_equal(FETTLE_LINK_USB, desk->sights[0].kind);
    assert_non_null(strstr(desk->sights[0].path, "/1-2"));
    assert_int_equal(45, desk->sights[0].descriptors_size);
    assert_int_equal(0, get_device(desk, 0).imports);
    tear_down(desk);
}

static void test_tolerates_what_is_no_text(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->server.devices[0].has_no_languages = true;
    connect_desk(desk, "");
    assert_string_equal("", desk->sights[0].product);
    assert_int_equal(45, desk->sights[0].descriptors_size);
    tear_down(desk);
}

static void test_leaves_out_descriptors_that_are_too_many(void **state)
{
    (void)state;
    static const struct {
        uint16_t total;
        size_t size;
    } cases[] = {{4096 - 18, 4096}, {4096 - 17, 0}, {65535, 0}, {8, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct desk *desk = new_desk();
        desk->server.devices[0].total_length = cases[i].total;
        connect_desk(desk, "");
        assert_int_equal(1, desk->count);
        assert_int_equal(cases[i].size, desk->sights[0].descriptors_size);
        assert_string_equal("S1", desk->sights[0].serial);
        tear_down(desk);
    }
}

static void test_comes_and_goes(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    server_lock(&desk->server);
    server_leave(&desk->server, 0);
    server_unlock(&desk->server);
    wait_for_count(desk, 0);

    server_lock(&desk->server);
    desk->server.devices[0].is_there = true;
    server_unlock(&desk->server);
    wait_for_count(desk, 1);
    assert_int_equal(2, desk->sights[0].arrival);

    /* Another one in its place, seen by the list alone. */
    server_lock(&desk->server);
    desk->server.devices[0].devnum++;
    desk->server.devices[0].product++;
    server_unlock(&desk->server);
    while (desk->count != 1 || desk->sights[0].arrival == 2) {
        wait_for_news(desk);
    }
    assert_int_equal(3, desk->sights[0].arrival);
    assert_int_equal(0x6004, desk->sights[0].id.product);
    assert_int_equal(3, get_device(desk, 0).imports);
    tear_down(desk);
}

static void test_one_that_is_listed_only_comes_and_goes(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->server.devices[0].has_dfu = false;
    connect_desk(desk, "");
    server_lock(&desk->server);
    desk->server.devices[0].is_there = false;
    server_unlock(&desk->server);
    wait_for_count(desk, 0);
    server_lock(&desk->server);
    desk->server.devices[0].is_there = desk->server.devices[0].has_dfu = true;
    server_unlock(&desk->server);
    wait_for_count(desk, 1);
    assert_int_equal(FETTLE_LINK_USB, desk->sights[0].kind);
    assert_int_equal(2, desk->sights[0].arrival);
    tear_down(desk);
}

/* Servers leave out of their list what somebody has imported. */
static void test_stays_while_its_import_lives(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    server_lock(&desk->server);
    desk->server.devices[0].is_there = false; /* its import stays open */
    server_unlock(&desk->server);
    assert_int_equal(FETTLE_TIMEOUT,
                     ops->wait(desk->bus, desk->change, now() + 250 * MS, NULL).kind);
    look(desk);
    assert_int_equal(1, desk->count);
    tear_down(desk);
}

static void test_refused_imports(void **state)
{
    (void)state;
    static const struct {
        uint32_t status;
        fettle_why why;
    } cases[] = {
        {1, FETTLE_WHY_PERMISSION},
        {2, FETTLE_WHY_BUSY},
        {3, FETTLE_WHY_SYSTEM},
        {5, FETTLE_WHY_SYSTEM},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct desk *desk = new_desk();
        desk->server.devices[0].refusal = cases[i].status;
        connect_desk(desk, "");
        assert_int_equal(1, desk->count);
        assert_int_equal(cases[i].why, desk->sights[0].access);
        assert_int_equal(FETTLE_LINK_USB, desk->sights[0].kind);
        assert_int_equal(0, desk->sights[0].descriptors_size);
        fettle_link link;
        fettle_outcome outcome =
            ops->open(desk->bus, &desk->sights[0], FETTLE_LINK_USB, NULL, &link);
        assert_int_equal(FETTLE_ERROR, outcome.kind);
        assert_int_equal(cases[i].why, outcome.why);
        assert_int_equal(cases[i].status, outcome.system);
        tear_down(desk);
    }
}

static void test_a_refused_import_is_tried_again(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->server.devices[0].refusal = 2;
    connect_desk(desk, "");
    server_lock(&desk->server);
    desk->server.devices[0].refusal = 0;
    server_unlock(&desk->server);
    wait_for_news(desk);
    assert_int_equal(FETTLE_WHY_NONE, desk->sights[0].access);
    assert_int_equal(1, desk->sights[0].arrival); /* it was there all the time */
    assert_int_equal(45, desk->sights[0].descriptors_size);
    fettle_link link = open_first(desk);
    link.usb->close(link.self);
    tear_down(desk);
}

static void test_one_that_is_not_there_for_an_import(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->server.devices[0].refusal = 4;
    connect_desk(desk, "");
    assert_int_equal(0, desk->count);
    tear_down(desk);
}

static void test_the_server_goes_and_comes(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->server.devices[1] = dfu_device;
    desk->server.devices[1].busid = "1-2";
    desk->server.devices[1].has_dfu = false;
    connect_desk(desk, "");
    assert_int_equal(2, desk->count);
    int port = desk->server.port;
    server_stop(&desk->server);
    wait_for_count(desk, 0);
    assert_int_equal(FETTLE_TIMEOUT,
                     ops->wait(desk->bus, desk->change, now() + 150 * MS, NULL).kind);
    server_start(&desk->server, port);
    wait_for_count(desk, 2);
    assert_true(desk->sights[0].arrival > 2);
    tear_down(desk);
}

/* ---- opening ---- */

static void test_one_board_to_one_caller(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    fettle_link link = open_first(desk), second = {.kind = FETTLE_LINK_NONE};
    fettle_outcome outcome =
        ops->open(desk->bus, &desk->sights[0], FETTLE_LINK_USB, NULL, &second);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(FETTLE_WHY_BUSY, outcome.why);
    assert_int_equal(0, outcome.system);
    assert_int_equal(FETTLE_LINK_NONE, second.kind);
    link.usb->close(link.self);
    outcome = ops->open(desk->bus, &desk->sights[0], FETTLE_LINK_SERIAL, NULL, &second);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(FETTLE_WHY_DRIVER, outcome.why);
    link = open_first(desk);
    link.usb->close(link.self);
    tear_down(desk);
}

static void test_what_is_gone_is_not_opened(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    fettle_sight before = desk->sights[0];
    fettle_link link;
    server_lock(&desk->server);
    server_leave(&desk->server, 0);
    server_unlock(&desk->server);
    /* Nobody has waited since. */
    fettle_outcome_kind kind = FETTLE_OK;
    for (int i = 0; i < 1000 && kind == FETTLE_OK; i++) {
        kind = ops->open(desk->bus, &before, FETTLE_LINK_USB, NULL, &link).kind;
        if (kind == FETTLE_OK) { /* the news is still on its way */
            link.usb->close(link.self);
        }
    }
    assert_int_equal(FETTLE_GONE, kind);
    server_lock(&desk->server);
    desk->server.devices[0].is_there = true;
    server_unlock(&desk->server);
    look(desk);
    wait_for_count(desk, 1);
    assert_int_equal(FETTLE_GONE,
                     ops->open(desk->bus, &before, FETTLE_LINK_USB, NULL, &link).kind);
    tear_down(desk);
}

/* ---- transfers ---- */

static void check_counting(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal((uint8_t)i, bytes[i]);
    }
}

static void test_transfers(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    fettle_link link = open_first(desk);
    static uint8_t bytes[65535];
    static const uint16_t lengths[] = {1, 2, 64, 4096, 65535};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        memset(bytes, 0xee, sizeof bytes);
        fettle_outcome outcome =
            play(&link, TRICK_COUNT_UP, 0, bytes, lengths[i], 5 * SECOND);
        assert_int_equal(FETTLE_OK, outcome.kind);
        assert_int_equal(lengths[i], outcome.count);
        check_counting(bytes, outcome.count);
        assert_true(lengths[i] == 65535 || bytes[lengths[i]] == 0xee);
    }
    assert_int_equal(5, play(&link, TRICK_SHORT, 0, bytes, 11, SECOND).count);
    assert_int_equal(300, play(&link, TRICK_IN_DRIBS, 0, bytes, 300, 5 * SECOND).count);
    check_counting(bytes, 300);
    assert_int_equal(FETTLE_STALL, play(&link, TRICK_STALL, 0, bytes, 4, SECOND).kind);

    memset(bytes, 1, sizeof bytes);
    fettle_control out = {.bmRequestType = 0x40, .wLength = 65535, .out = bytes};
    fettle_outcome outcome = link.usb->control(link.self, &out, now() + 5 * SECOND, NULL);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(65535, outcome.count);
    out.wLength = 0;
    out.out = NULL;
    outcome = link.usb->control(link.self, &out, now() + 5 * SECOND, NULL);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(0, outcome.count);
    assert_int_equal(65535, get_device(desk, 0).sum);
    assert_int_equal(2, get_device(desk, 0).writes);
    link.usb->close(link.self);
    tear_down(desk);
}

static void test_errors_of_the_other_system(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    fettle_link link = open_first(desk);
    uint8_t bytes[8];
    assert_int_equal(FETTLE_STALL, play(&link, TRICK_STATUS, 32, bytes, 8, SECOND).kind);
    assert_int_equal(FETTLE_TIMEOUT, play(&link, TRICK_STATUS, 110, bytes, 8, SECOND).kind);
    fettle_outcome outcome = play(&link, TRICK_STATUS, 75, bytes, 8, SECOND);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(FETTLE_WHY_SYSTEM, outcome.why);
    assert_int_equal(75, outcome.system);
    outcome = play(&link, TRICK_STATUS, 71, bytes, 8, SECOND);
    assert_int_equal(FETTLE_ERROR, outcome.kind);
    assert_int_equal(71, outcome.system);
    assert_int_equal(FETTLE_OK, play(&link, TRICK_COUNT_UP, 0, bytes, 8, SECOND).kind);
    /* A bus error and the end after it: it was unplugged. */
    assert_int_equal(FETTLE_GONE,
                     play(&link, TRICK_STATUS_AND_CLOSE, 71, bytes, 8, SECOND).kind);
    link.usb->close(link.self);
    look(desk);
    wait_for_count(desk, 1);
    link = open_first(desk);
    assert_int_equal(FETTLE_GONE, play(&link, TRICK_STATUS, 19, bytes, 8, SECOND).kind);
    link.usb->close(link.self);
    tear_down(desk);
}

static void test_a_deadline_unlinks(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    fettle_link link = open_first(desk);
    uint8_t bytes[8] = {0};
    fettle_us began = now();
    assert_int_equal(FETTLE_TIMEOUT,
                     play(&link, TRICK_NO_ANSWER, 0, bytes, 8, 30 * MS).kind);
    assert_true(now() - began >= 30 * MS);
    assert_int_equal(1, get_device(desk, 0).unlinks);
    assert_int_equal(FETTLE_OK, play(&link, TRICK_COUNT_UP, 0, bytes, 8, SECOND).kind);
    check_counting(bytes, 8);

    /* The result came after all. */
    fettle_outcome outcome = play(&link, TRICK_LATE_RESULT, 0, bytes, 8, 30 * MS);
    assert_int_equal(FETTLE_OK, outcome.kind);
    assert_int_equal(2, outcome.count);
    assert_int_equal(0xaa, bytes[0]);
    assert_int_equal(FETTLE_OK, play(&link, TRICK_COUNT_UP, 0, bytes, 8, SECOND).kind);

    /* One that has passed: nothing is asked. */
    assert_int_equal(FETTLE_TIMEOUT, play(&link, TRICK_CLOSE, 0, bytes, 8, 0).kind);
    assert_int_equal(FETTLE_OK, play(&link, TRICK_COUNT_UP, 0, bytes, 8, SECOND).kind);
    link.usb->close(link.self);
    tear_down(desk);
}

static void test_an_unlink_that_is_answered_late(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    fettle_link link = open_first(desk);
    uint8_t bytes[8];
    assert_int_equal(FETTLE_TIMEOUT,
                     play(&link, TRICK_NO_UNLINK, 0, bytes, 8, 10 * MS).kind);
    assert_int_equal(FETTLE_OK, play(&link, TRICK_COUNT_UP, 0, bytes, 8, SECOND).kind);
    check_counting(bytes, 8);
    link.usb->close(link.self);
    tear_down(desk);
}

static void *want_to_stop(void *self)
{
    (void)fettle_os_clock()->wait(NULL, now() + 20 * MS, NULL);
    fettle_cancel_want(self);
    return NULL;
}

static void test_cancel(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    fettle_link link = open_first(desk);
    fettle_cancel cancel = {false};
    pthread_t thread;
    uint8_t bytes[8];
    fettle_control control = {
        .bmRequestType = 0xc0, .bRequest = TRICK_NO_ANSWER, .wLength = 8, .in = bytes};
    assert_int_equal(0, pthread_create(&thread, NULL, want_to_stop, &cancel));
    assert_int_equal(FETTLE_CANCELLED,
                     link.usb->control(link.self, &control, FETTLE_NEVER, &cancel).kind);
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_int_equal(1, get_device(desk, 0).unlinks);
    assert_int_equal(FETTLE_CANCELLED,
                     link.usb->control(link.self, &control, FETTLE_NEVER, &cancel).kind);
    assert_int_equal(1, get_device(desk, 0).unlinks); /* it was not asked */
    assert_int_equal(FETTLE_CANCELLED,
                     ops->wait(desk->bus, desk->change, FETTLE_NEVER, &cancel).kind);
    fettle_cancel_clear(&cancel);
    assert_int_equal(0, pthread_create(&thread, NULL, want_to_stop, &cancel));
    assert_int_equal(FETTLE_CANCELLED,
                     ops->wait(desk->bus, desk->change, FETTLE_NEVER, &cancel).kind);
    assert_int_equal(0, pthread_join(thread, NULL));
    link.usb->close(link.self);
    tear_down(desk);
}

static void test_gone_and_back(void **state)
{
    (void)state;
    static const enum trick tricks[] = {TRICK_CLOSE, TRICK_TOO_MUCH, TRICK_NO_COMMAND};
    for (size_t i = 0; i < sizeof tricks / sizeof *tricks; i++) {
        struct desk *desk = set_up();
        fettle_link link = open_first(desk);
        uint8_t bytes[8];
        memset(bytes, 0xee, sizeof bytes);
        fettle_sight before = desk->sights[0];
        assert_int_equal(FETTLE_GONE, play(&link, tricks[i], 0, bytes, 7, SECOND).kind);
        assert_int_equal(0xee, bytes[7]);
        assert_int_equal(FETTLE_GONE,
                         play(&link, TRICK_COUNT_UP, 0, bytes, 8, SECOND).kind);
        look(desk); /* seen at once */
        assert_int_equal(0, desk->count);
        /* It comes back while the old link is still open. */
        wait_for_count(desk, 1);
        assert_int_equal(2, desk->sights[0].arrival);
        assert_string_equal(before.path, desk->sights[0].path);
        link.usb->close(link.self);
        link = open_first(desk);
        assert_int_equal(FETTLE_OK, play(&link, TRICK_COUNT_UP, 0, bytes, 8, SECOND).kind);
        link.usb->close(link.self);
        tear_down(desk);
    }
}

/* The board leaves while nobody asks it anything, but somebody watches the bus. */
static void test_leaves_while_it_is_open(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    fettle_link link = open_first(desk);
    uint8_t bytes[8];
    server_lock(&desk->server);
    server_leave(&desk->server, 0);
    server_unlock(&desk->server);
    wait_for_count(desk, 0);
    assert_int_equal(FETTLE_GONE, play(&link, TRICK_COUNT_UP, 0, bytes, 8, SECOND).kind);
    link.usb->close(link.self);
    tear_down(desk);
}

static void test_select(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    fettle_link link = open_first(desk);
    assert_int_equal(FETTLE_OK,
                     link.usb->select(link.self, 2, 3, now() + SECOND, NULL).kind);
    struct server_device device = get_device(desk, 0);
    assert_int_equal(1, device.set_interfaces);
    assert_int_equal(2, device.interface);
    assert_int_equal(3, device.alternate);
    link.usb->close(link.self);
    tear_down(desk);
}

static void test_reset(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct desk *desk = new_desk();
        desk->server.devices[0].changes_by_reset = i == 1;
        desk->server.devices[0].leaves_by_reset = i == 2;
        connect_desk(desk, "");
        fettle_link link = open_first(desk);
        assert_int_equal(i == 0 ? FETTLE_OK : FETTLE_GONE, link.usb->reset(link.self).kind);
        assert_int_equal(1, get_device(desk, 0).resets);
        look(desk);
        assert_int_equal(i == 0 ? 1 : 0, desk->count);
        link.usb->close(link.self);
        if (i == 1) {
            wait_for_count(desk, 1);
            assert_int_equal(0x6002, desk->sights[0].id.product);
            assert_int_equal(2, desk->sights[0].arrival);
        }
        tear_down(desk);
    }
}

/* ---- several threads ---- */

struct worker {
    struct desk *desk;
    const fettle_sight *sight;
    fettle_cancel *cancel;
};

static void *transfer_often(void *self)
{
    const struct worker *worker = self;
    uint8_t bytes[64];
    for (int i = 0; i < 50; i++) {
        fettle_link link;
        if (ops->open(worker->desk->bus, worker->sight, FETTLE_LINK_USB, NULL, &link)
                .kind != FETTLE_OK) {
            return self;
        }
        if (play(&link, TRICK_COUNT_UP, 0, bytes, 64, 5 * SECOND).count != 64) {
            return self;
        }
        link.usb->close(link.self);
    }
    return NULL;
}

static void *watch(void *self)
{
    const struct worker *worker = self;
    fettle_sight sights[SIGHTS];
    uint64_t change = 0;
    for (;;) {
        (void)ops->look(worker->desk->bus, sights, SIGHTS, &change);
        if (ops->wait(worker->desk->bus, change, FETTLE_NEVER, worker->cancel).kind ==
            FETTLE_CANCELLED) {
            return NULL;
        }
    }
}

static void test_several_threads(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    for (int i = 0; i < 3; i++) {
        static const char *const busids[] = {"1-1", "1-2", "1-3"};
        desk->server.devices[i] = dfu_device;
        desk->server.devices[i].busid = busids[i];
    }
    connect_desk(desk, "");
    assert_int_equal(3, desk->count);
    fettle_cancel cancel = {false};
    pthread_t threads[4];
    struct worker workers[4];
    for (int i = 0; i < 4; i++) {
        workers[i] = (struct worker){desk, &desk->sights[i < 2 ? i : 0], &cancel};
        assert_int_equal(0, pthread_create(&threads[i], NULL,
                                           i < 2 ? transfer_often : watch, &workers[i]));
    }
    server_lock(&desk->server);
    server_leave(&desk->server, 2); /* the third one comes and goes meanwhile */
    server_unlock(&desk->server);
    wait_for_count(desk, 2);
    server_lock(&desk->server);
    desk->server.devices[2].is_there = true;
    server_unlock(&desk->server);
    wait_for_count(desk, 3);
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;
        if (i == 2) {
            fettle_cancel_want(&cancel);
        }
        assert_int_equal(0, pthread_join(threads[i], &failed));
        assert_null(failed);
    }
    tear_down(desk);
}

/* ---- servers that are none ---- */

static void check_unreachable(const struct desk *desk, fettle_us time, const char *why)
{
    fettle_error err;
    char message[100];
    assert_null(connect_to(desk, "", time, &err));
    assert_int_equal(FETTLE_E_SERVER_UNREACHABLE, err.code);
    (void)snprintf(message, sizeof message, "cannot reach 127.0.0.1:%d: %s",
                   desk->server.port, why);
    assert_string_equal(message, err.message);
}

static void test_servers_that_are_none(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    static const struct {
        enum manner manner;
        fettle_us time;
        const char *why;
    } cases[] = {
        {MANNER_SILENT, 100 * MS, "it does not answer"},
        {MANNER_GARBAGE, 5 * SECOND, "what answers there is no USB/IP server"},
        {MANNER_CLOSES, 5 * SECOND, "what answers there is no USB/IP server"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        server_lock(&desk->server);
        desk->server.manner = cases[i].manner;
        server_unlock(&desk->server);
        check_unreachable(desk, cases[i].time, cases[i].why);
    }
    server_stop(&desk->server);
    check_unreachable(desk, 5 * SECOND, "connection refused");
    free(desk);
}

static void test_no_port(void **state)
{
    (void)state;
    fettle_error err = {.code = FETTLE_E_NONE};
    assert_null(fettle_os_usbip_new("usb:1-1", &err));
    assert_int_equal(FETTLE_E_USAGE, err.code);
    assert_string_equal("usb:1-1 is no port of the form usbip://HOST[:PORT][/BUSID]",
                        err.message);
    assert_null(fettle_os_usbip_new("usbip://name.invalid", &err));
    assert_int_equal(FETTLE_E_SERVER_UNREACHABLE, err.code);
    fettle_os_usbip_free(NULL);
}

static void test_a_list_without_end(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->server.manner = MANNER_FLOODS;
    connect_desk(desk, "");
    assert_int_equal(0, desk->count); /* all without a busid */
    tear_down(desk);
}

/* A server that falls silent can't hold a wait; what it has shown stays while its import lives. */
static void test_a_server_that_falls_silent(void **state)
{
    (void)state;
    struct desk *desk = set_up();
    server_lock(&desk->server);
    desk->server.manner = MANNER_SILENT;
    server_unlock(&desk->server);
    fettle_us began = now();
    for (int i = 0; i < 10; i++) {
        assert_int_equal(FETTLE_TIMEOUT,
                         ops->wait(desk->bus, desk->change, now() + 5 * MS, NULL).kind);
    }
    assert_true(now() - began < 5 * SECOND);
    look(desk);
    assert_int_equal(1, desk->count);
    tear_down(desk);
}

static void test_an_import_without_an_answer(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    fettle_error err;
    desk->server.manner = MANNER_NO_IMPORT;
    desk->bus = connect_to(desk, "", SECOND, &err);
    assert_non_null(desk->bus); /* there is a list, and it goes on trying */
    look(desk);
    assert_int_equal(0, desk->count);
    wait_for_count(desk, 1);
    assert_int_equal(FETTLE_WHY_SYSTEM, desk->sights[0].access);
    tear_down(desk);
}

static void test_a_board_that_tells_nothing(void **state)
{
    (void)state;
    struct desk *desk = new_desk();
    desk->server.devices[0].is_mute = true;
    connect_desk(desk, "");
    assert_int_equal(1, desk->count);
    assert_int_equal(FETTLE_LINK_USB, desk->sights[0].kind);
    assert_int_equal(0, desk->sights[0].descriptors_size);
    assert_string_equal("", desk->sights[0].serial);
    fettle_link link = open_first(desk);
    uint8_t bytes[8];
    assert_int_equal(FETTLE_OK, play(&link, TRICK_COUNT_UP, 0, bytes, 8, SECOND).kind);
    link.usb->close(link.self);
    tear_down(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shows_a_board_with_all_that_it_says),
        cmocka_unit_test(test_configures_only_what_is_not),
        cmocka_unit_test(test_imports_once),
        cmocka_unit_test(test_others_are_listed_only),
        cmocka_unit_test(test_one_that_is_named_whatever_it_is),
        cmocka_unit_test(test_tolerates_what_is_no_text),
        cmocka_unit_test(test_leaves_out_descriptors_that_are_too_many),
        cmocka_unit_test(test_comes_and_goes),
        cmocka_unit_test(test_one_that_is_listed_only_comes_and_goes),
        cmocka_unit_test(test_stays_while_its_import_lives),
        cmocka_unit_test(test_refused_imports),
        cmocka_unit_test(test_a_refused_import_is_tried_again),
        cmocka_unit_test(test_one_that_is_not_there_for_an_import),
        cmocka_unit_test(test_the_server_goes_and_comes),
        cmocka_unit_test(test_one_board_to_one_caller),
        cmocka_unit_test(test_what_is_gone_is_not_opened),
        cmocka_unit_test(test_transfers),
        cmocka_unit_test(test_errors_of_the_other_system),
        cmocka_unit_test(test_a_deadline_unlinks),
        cmocka_unit_test(test_an_unlink_that_is_answered_late),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_gone_and_back),
        cmocka_unit_test(test_leaves_while_it_is_open),
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_several_threads),
        cmocka_unit_test(test_servers_that_are_none),
        cmocka_unit_test(test_no_port),
        cmocka_unit_test(test_a_list_without_end),
        cmocka_unit_test(test_a_server_that_falls_silent),
        cmocka_unit_test(test_an_import_without_an_answer),
        cmocka_unit_test(test_a_board_that_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
