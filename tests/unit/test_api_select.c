/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which board is meant, through the library: by what a person says, by what the file says, and by who
 * is there. Never by guess: where several fit, none is touched, and what is part of a computer is
 * touched only where its port or serial is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_room.h"
#include "tests/tools/esp_make.h"

static struct room room;

static void enter(const char *spec)
{
    assert_true(room_enter(&room));
    if (spec != NULL) {
        assert_true(room_add(&room, spec));
    }
}

static void take_pytrack_file(void)
{
    assert_true(room_load(&room, "pytrack.dfu", ROOM_SHIELD, 0x04d8, 0xf014));
}

static void take_plain_file(void)
{
    assert_true(room_load(&room, "plain.dfu", 1000, 0x1d50, 0x6003));
}

static void updates(const char *board, const char *path)
{
    fettle_wishes wishes = {.board = board, .revision = "1", .wait = 60 * SECONDS};
    if (room.size != ROOM_SHIELD) {
        wishes.revision = NULL;
    }
    if (!room_do(&room, FETTLE_VERB_UPDATE, &wishes)) {
        print_message("# %s\n", room.err.message);
    }
    assert_int_equal(FETTLE_E_NONE, room.err.code);
    assert_string_equal(path, room_result(&room)->path);
    assert_int_equal(FETTLE_PROOF_READBACK, room_result(&room)->verified);
    assert_null(event_order_problem(&room.order));
}

/* Already when it is made: nothing was looked at but who is there. */
static void is_refused(fettle_verb verb, const char *board, fettle_code code)
{
    fettle_wishes wishes = {.board = board, .revision = "1"};
    assert_null(room_plan(&room, verb, &wishes));
    assert_int_equal(code, room.err.code);
    assert_int_equal(0, room_asked(&room, SIZE_MAX, "open"));
}

static bool has_words(const char *words)
{
    return strstr(room.err.message, words) != NULL;
}

/* ---- what the file says ---- */

static void test_the_file_says_which(void **state)
{
    (void)state;
    enter("pysense,timing=none,mode=dfu");
    assert_true(room_add(&room, "pytrack,timing=none,mode=dfu"));
    take_pytrack_file();
    updates(NULL, "sim:pytrack");
    assert_true(room_holds_file(&room, 1));
    assert_int_equal(0, room_asked(&room, 0, "open"));
    assert_string_equal("Pytrack", room_result(&room)->name);
}

static void test_the_file_says_which_of_boards_without_a_row(void **state)
{
    (void)state;
    enter("dfu,timing=none,id=1d50:6089");
    assert_true(room_add(&room, "dfu,timing=none,id=1d50:6003"));
    take_plain_file();
    updates(NULL, "sim:dfu.2");
    assert_int_equal(0, room_asked(&room, 0, "open"));
}

static void test_a_file_that_says_nothing_needs_a_word(void **state)
{
    static const char *const boards[] = {
        "pytrack,timing=none",                    /* its application runs */
        "dfu,timing=none,app-id=1d50:6002",       /* likewise */
        "pytrack,timing=none,mode=dfu,stock=yes", /* doesn't say which board it is */
        "dfu,timing=none,mode=unplugged",         /* isn't there */
    };
    static const uint16_t ids[][2] = {{0xFFFF, 0xFFFF}, {0x1d50, 0xFFFF}, {0xFFFF, 0x6003}};
    (void)state;
    for (size_t i = 0; i < sizeof boards / sizeof *boards; i++) {
        enter(boards[i]);
        assert_true(room_load(&room, "plain.bin", 1000, 0, 0));
        is_refused(FETTLE_VERB_UPDATE, NULL, FETTLE_E_ANSWER_NEEDED);
        assert_true(has_words("--board"));
        for (size_t k = 0; k < sizeof ids / sizeof *ids; k++) {
            assert_true(room_load(&room, "any.dfu", 1000, ids[k][0], ids[k][1]));
            is_refused(FETTLE_VERB_UPDATE, NULL, FETTLE_E_ANSWER_NEEDED);
        }
    }
    enter("dfu,timing=none,app-id=1d50:6002");
    assert_true(room_load(&room, "plain.bin", 1000, 0, 0));
    updates("sim:dfu", "sim:dfu");
}

/* Somebody has brought it into update mode: that is a word, too, if it is the only one. */
static void test_a_file_that_says_nothing_and_one_that_waits(void **state)
{
    (void)state;
    enter("dfu,timing=none");
    assert_true(room_add(&room, "pysense,timing=none"));
    assert_true(room_load(&room, "plain.bin", 1000, 0, 0));
    updates(NULL, "sim:dfu");
    assert_int_equal(0, room_asked(&room, 1, "open"));

    enter("dfu*2,timing=none");
    assert_true(room_load(&room, "plain.bin", 1000, 0, 0));
    is_refused(FETTLE_VERB_UPDATE, NULL, FETTLE_E_SEVERAL_BOARDS);
    assert_true(has_words("sim:dfu, sim:dfu.2"));
}

static void test_another_boards_file_is_refused(void **state)
{
    (void)state;
    enter("pysense,timing=none,mode=dfu");
    take_pytrack_file();
    is_refused(FETTLE_VERB_UPDATE, "sim:pysense", FETTLE_E_WRONG_BOARD);
    assert_true(has_words("this file is for 04d8:f014, the board is 04d8:f011"));
    assert_true(has_words("Pysense"));
    is_refused(FETTLE_VERB_UPDATE, "pysense", FETTLE_E_WRONG_BOARD);
    is_refused(FETTLE_VERB_VERIFY, "04d8:f011", FETTLE_E_WRONG_BOARD);
}

/* ---- what a person says ---- */

static void test_a_name(void **state)
{
    static const char *const names[] = {"pytrack", "Pytrack", "PYTRACK"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        enter("pysense,timing=none,mode=dfu");
        assert_true(room_add(&room, "pytrack,timing=none,mode=dfu"));
        take_pytrack_file();
        updates(names[i], "sim:pytrack");
        assert_int_equal(0, room_asked(&room, 0, "open"));
    }
}

static void test_ids(void **state)
{
    static const char *const ids[] = {"04d8:f014", "04D8:F014", "04d8:f013"};
    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        enter("pysense,timing=none");
        assert_true(room_add(&room, "pytrack,timing=none"));
        take_pytrack_file();
        updates(ids[i], "sim:pytrack");
        assert_int_equal(0, room_asked(&room, 0, "open"));
    }
    enter("dfu,timing=none,id=1d50:6089");
    assert_true(room_add(&room, "dfu,timing=none,id=1d50:6003"));
    assert_true(room_load(&room, "plain.bin", 1000, 0, 0));
    updates("1d50:6003", "sim:dfu.2");
}

static void test_a_port(void **state)
{
    (void)state;
    enter("pytrack*2,timing=none,mode=dfu");
    take_pytrack_file();
    updates("sim:pytrack.2", "sim:pytrack.2");
    assert_true(room_holds_file(&room, 1));
    assert_false(room_holds_file(&room, 0));
    assert_int_equal(0, room_asked(&room, 0, "open"));
}

static void test_a_port_where_nothing_is_yet(void **state)
{
    (void)state;
    enter("pytrack,timing=none,mode=unplugged");
    take_pytrack_file();
    updates("sim:pytrack", "sim:pytrack");
    fettle_wishes wishes = {.board = "sim:teapot", .revision = "1"};
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_NO_BOARD, room.err.code);
}

static void test_a_serial(void **state)
{
    (void)state;
    enter("dfu,timing=none,serial=A1");
    assert_true(room_add(&room, "dfu,timing=none,serial=B2"));
    take_plain_file();
    updates("B2", "sim:dfu.2");
    assert_string_equal("B2", room_result(&room)->serial);
    assert_int_equal(0, room_asked(&room, 0, "open"));
}

static void test_a_word_that_nothing_has(void **state)
{
    (void)state;
    enter("pytrack,timing=none");
    take_pytrack_file();
    is_refused(FETTLE_VERB_UPDATE, "teapot", FETTLE_E_NO_BOARD);
    assert_string_equal("no teapot is there", room.err.message);
    is_refused(FETTLE_VERB_RESET, "teapot", FETTLE_E_NO_BOARD);
}

/* ---- who is there ---- */

static void test_nothing_said_and_one_there(void **state)
{
    fettle_wishes none = {.board = NULL};
    (void)state;
    enter("dfu,timing=none,id=1d50:6003");
    assert_true(room_do(&room, FETTLE_VERB_SURVEY, &none));
    assert_string_equal("sim:dfu", room_result(&room)->path);
    assert_string_equal("DFU board", room_result(&room)->name);
}

static void test_nothing_said_and_nobody_there(void **state)
{
    fettle_wishes none = {.board = NULL};
    (void)state;
    enter(NULL);
    is_refused(FETTLE_VERB_SURVEY, NULL, FETTLE_E_NO_BOARD);
    is_refused(FETTLE_VERB_READ, NULL, FETTLE_E_NO_BOARD);
    take_plain_file(); /* which says what to wait for: not known before it runs */
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &none));
    assert_int_equal(FETTLE_E_NO_BOARD, room.err.code);
    assert_int_equal(3, fettle_code_exit_status(room.err.code));
    assert_null(event_order_problem(&room.order));
}

static void test_several_are_named_and_none_is_touched(void **state)
{
    (void)state;
    enter("pytrack*2,timing=none,mode=dfu");
    assert_true(room_add(&room, "pysense,timing=none,mode=dfu"));
    take_pytrack_file();
    fettle_wishes wishes = {.revision = "1"};
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_SEVERAL_BOARDS, room.err.code);
    assert_string_equal("2 boards fit: sim:pytrack, sim:pytrack.2", room.err.message);
    assert_int_equal(4, fettle_code_exit_status(room.err.code));
    assert_int_equal(FETTLE_OUTCOME_REFUSED, room_result(&room)->outcome);
    assert_int_equal(0, room_asked(&room, SIZE_MAX, "open"));
    assert_null(event_order_problem(&room.order));
    /* A program that only listens reads the same. */
    assert_string_equal(room.err.message, room.failure);

    is_refused(FETTLE_VERB_SURVEY, NULL, FETTLE_E_SEVERAL_BOARDS);
    assert_string_equal("3 boards fit: sim:pytrack, sim:pytrack.2, sim:pysense",
                        room.err.message);
}

static void test_several_without_a_row(void **state)
{
    (void)state;
    enter("dfu*2,timing=none");
    take_plain_file();
    fettle_wishes wishes = {.board = NULL};
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_SEVERAL_BOARDS, room.err.code);
    assert_string_equal("2 boards fit: sim:dfu, sim:dfu.2", room.err.message);
    assert_int_equal(0, room_asked(&room, SIZE_MAX, "open"));
}

/* ---- loaders that don't say whose they are ---- */

static void test_a_stock_loader_needs_a_name(void **state)
{
    (void)state;
    enter("pytrack,timing=none,mode=dfu,stock=yes");
    take_pytrack_file();
    updates("pytrack", "sim:pytrack");
    assert_true(room_has_note(&room, "stock-loader"));

    enter("pytrack,timing=none,mode=dfu,stock=yes");
    take_pytrack_file(); /* its file is a word, too */
    updates("sim:pytrack", "sim:pytrack");
    assert_true(room_has_note(&room, "stock-loader"));

    enter("pytrack,timing=none,mode=dfu,stock=yes");
    is_refused(FETTLE_VERB_RESET, "sim:pytrack", FETTLE_E_ANSWER_NEEDED);
    assert_true(has_words("--board"));
}

/* ---- parts of computers ---- */

/* A bus with one device that has DFU and is no board; counts what is done to it. */
static struct part {
    fettle_sight sight;
    unsigned opened;
} part;

static size_t part_look(void *bus, fettle_sight *sights, size_t max, uint64_t *change)
{
    (void)bus;
    *change = 1;
    if (max > 0) {
        sights[0] = part.sight;
    }
    return 1;
}

static fettle_outcome part_wait(void *bus, uint64_t change, fettle_us until,
                                const fettle_cancel *cancel)
{
    (void)bus;
    (void)change;
    (void)until;
    (void)cancel;
    return (fettle_outcome){.kind = FETTLE_TIMEOUT};
}

static fettle_outcome part_open(void *bus, const fettle_sight *sight, fettle_link_kind kind,
                                const fettle_serial_settings *settings, fettle_link *link)
{
    (void)bus;
    (void)sight;
    (void)kind;
    (void)settings;
    (void)link;
    part.opened++;
    return (fettle_outcome){.kind = FETTLE_ERROR, .why = FETTLE_WHY_PERMISSION};
}

static const fettle_bus_ops part_ops = {part_look, part_wait, part_open};

/* A Bluetooth controller with a DFU runtime interface. */
static void add_part(uint16_t vendor, uint16_t product)
{
    const uint8_t bytes[] = {
        18,
        1,
        0,
        2,
        0xE0,
        1,
        1,
        64,
        (uint8_t)vendor,
        (uint8_t)(vendor >> 8),
        (uint8_t)product,
        (uint8_t)(product >> 8),
        0x12,
        1,
        0,
        0,
        0,
        1,
        9,
        2,
        36,
        0,
        2,
        1,
        0,
        0xE0,
        0,
        9,
        4,
        0,
        0,
        0,
        0xE0,
        1,
        1,
        0,
        9,
        4,
        1,
        0,
        0,
        0xFE,
        1,
        1,
        0,
        9,
        0x21,
        5,
        0x88,
        0x13,
        0x40,
        0,
        0x10,
        1,
    };
    part = (struct part){.sight = {.path = "usb:1-7",
                                   .serial = "0CF3",
                                   .arrival = 1,
                                   .kind = FETTLE_LINK_USB,
                                   .id = {vendor, product},
                                   .descriptors_size = sizeof bytes}};
    memcpy(part.sight.descriptors, bytes, sizeof bytes);
    assert_true(fettle_context_add_bus(room.context, &part_ops, NULL, &room.err));
}

static void test_a_part_of_the_computer_is_left_alone(void **state)
{
    fettle_wishes none = {.board = NULL};
    (void)state;
    enter("dfu,timing=none,id=1d50:6003");
    add_part(0x0b05, 0x17cb);
    assert_true(room_do(&room, FETTLE_VERB_SURVEY, &none)); /* there is but one board */
    assert_string_equal("sim:dfu", room_result(&room)->path);
    assert_int_equal(0, part.opened);

    enter(NULL);
    add_part(0x0b05, 0x17cb);
    is_refused(FETTLE_VERB_SURVEY, NULL, FETTLE_E_NO_BOARD);
    assert_int_equal(0, part.opened);
}

static void is_left_alone_by_ids(uint16_t vendor, uint16_t product, const char *ids)
{
    fettle_wishes none = {.board = NULL}, named = {.board = ids};
    enter(NULL);
    add_part(vendor, product);
    assert_true(room_load(&room, "part.dfu", 1000, vendor, product));
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &none));
    assert_int_equal(FETTLE_E_NO_BOARD, room.err.code);
    assert_int_equal(0, part.opened);
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &named));
    assert_int_equal(FETTLE_E_NO_BOARD, room.err.code);
    assert_int_equal(0, part.opened);
}

/* Ids name all the computers that have this part: not by the ids of a file, nor by a person's. */
static void test_a_part_is_not_meant_by_ids(void **state)
{
    (void)state;
    is_left_alone_by_ids(0x0b05, 0x17cb, "0b05:17cb");
}

/* One that no list has, but whose descriptors say what it is. */
static void test_a_part_that_only_looks_like_one_is_not_meant_by_ids(void **state)
{
    (void)state;
    is_left_alone_by_ids(0x8087, 0x0a2b, "8087:0a2b");
}

static void test_a_part_is_meant_by_its_port_or_serial(void **state)
{
    fettle_wishes port = {.board = "usb:1-7"}, serial = {.board = "0CF3"};
    (void)state;
    enter(NULL);
    add_part(0x0b05, 0x17cb);
    assert_false(room_do(&room, FETTLE_VERB_SURVEY, &port));
    assert_int_equal(1, part.opened);
    assert_int_equal(FETTLE_E_USB_PERMISSION, room.err.code);
    assert_false(room_do(&room, FETTLE_VERB_SURVEY, &serial));
    assert_int_equal(2, part.opened);
}

/* ---- lists ---- */

static void test_a_look_shows_what_each_is(void **state)
{
    fettle_board_view views[8];
    uint64_t change = 0;
    (void)state;
    enter("pytrack,timing=none");
    assert_true(room_add(&room, "pysense,timing=none,mode=dfu"));
    assert_true(room_add(&room, "dfu,timing=none,app-id=1d50:6002,serial=S7"));
    add_part(0x0b05, 0x17cb);
    assert_int_equal(4, fettle_boards_look(room.context, false, views, 8, &change));
    assert_string_equal("Pytrack", views[0].name);
    assert_int_equal(FETTLE_BOARD_NEEDS_A_HAND, views[0].state);
    assert_int_equal(FETTLE_MODE_APP, views[0].mode);
    assert_string_equal("Pysense", views[1].name);
    assert_int_equal(FETTLE_BOARD_READY, views[1].state);
    assert_int_equal(FETTLE_MODE_DFU, views[1].mode);
    assert_true(views[1].is_known && views[1].has_dfu);
    assert_int_equal(FETTLE_BOARD_READY, views[2].state);
    assert_string_equal("S7", views[2].serial);
    assert_false(views[2].is_known);
    assert_int_equal(FETTLE_BOARD_NOT_OURS, views[3].state);
    for (size_t i = 0; i < 4; i++) {
        assert_true(views[i].state_text[0] != '\0');
        assert_int_equal('.', views[i].next[strlen(views[i].next) - 1]);
    }
    assert_int_equal(0, room_asked(&room, SIZE_MAX, "open"));
    assert_int_equal(0, part.opened);
    assert_int_equal(4, fettle_boards_look(room.context, false, views, 1, NULL));
}

static void test_a_wait_ends_with_news(void **state)
{
    fettle_board_view view;
    uint64_t change = 0;
    (void)state;
    enter("pytrack,timing=none");
    assert_int_equal(1, fettle_boards_look(room.context, false, &view, 1, &change));
    assert_false(fettle_boards_wait(room.context, change, SECONDS));
    fettle_sim_do(room.sim, 0, FETTLE_SIM_UNPLUG, 2 * SECONDS);
    assert_true(fettle_boards_wait(room.context, change, 5 * SECONDS));
    assert_int_equal(0, fettle_boards_look(room.context, false, &view, 1, &change));
}

/* A bus that moves on only while somebody waits for it, and then has something new. */
static size_t look_at_lazy_bus(void *self, fettle_sight *sights, size_t max,
                               uint64_t *change)
{
    (void)sights;
    (void)max;
    *change = *(uint64_t *)self;
    return 0;
}

static fettle_outcome wait_for_lazy_bus(void *self, uint64_t change, fettle_us until,
                                        const fettle_cancel *cancel)
{
    uint64_t *mine = self;
    (void)until;
    (void)cancel;
    *mine = change + 1;
    return (fettle_outcome){.kind = FETTLE_OK};
}

static const fettle_bus_ops lazy_bus_ops = {look_at_lazy_bus, wait_for_lazy_bus, NULL};

static void test_a_wait_gives_every_bus_its_turn(void **state)
{
    uint64_t mine = 0, change = 0;
    (void)state;
    enter("pytrack,timing=none");
    assert_true(fettle_context_add_bus(room.context, &lazy_bus_ops, &mine, &room.err));
    assert_int_equal(1, fettle_boards_look(room.context, false, NULL, 0, &change));
    assert_true(fettle_boards_wait(room.context, change, SECONDS));
    assert_int_equal(1, mine);
}

/* A board that was plugged in a moment ago: somebody must wait until the system has finished with it. */
static size_t look_at_coming(void *self, fettle_sight *sights, size_t max, uint64_t *change)
{
    *change = *(uint64_t *)self;
    if (max > 0) {
        sights[0] = (fettle_sight){.path = "usb:1-1",
                                   .kind = FETTLE_LINK_USB,
                                   .id = {0x04d8, 0xf013},
                                   .access = FETTLE_WHY_PERMISSION,
                                   .arrival = *change > 0 ? 1 : 0};
    }
    return 1;
}

static const fettle_bus_ops coming_ops = {look_at_coming, wait_for_lazy_bus, NULL};

static const fettle_bus_ops never_ready_ops = {look_at_coming, part_wait, NULL};

static void test_a_board_that_is_coming_is_waited_for(void **state)
{
    uint64_t mine = 0;
    fettle_board_view views[2];
    (void)state;
    enter("pytrack,timing=none,mode=unplugged");
    assert_true(fettle_context_add_bus(room.context, &coming_ops, &mine, &room.err));
    assert_int_equal(1, fettle_boards_look(room.context, true, views, 2, NULL));
    assert_int_equal(1, mine);
    assert_string_equal("usb:1-1", views[0].path);
}

static void test_a_board_that_never_comes_is_no_board(void **state)
{
    uint64_t mine = 0;
    (void)state;
    enter("pytrack,timing=none,mode=unplugged");
    assert_true(fettle_context_add_bus(room.context, &never_ready_ops, &mine, &room.err));
    assert_int_equal(0, fettle_boards_look(room.context, true, NULL, 0, NULL));
}

/* ---- ESP boards ---- */

/* An application for an ESP32-S3: all that is known of its board is that it has a serial line. */
static void take_esp_file(void)
{
    static uint8_t bytes[0x8000];
    enum { ESP32S3 = 9 };
    const esp_make wish = {.kind = ESP_MAKE_APP,
                           .chip_id = ESP32S3,
                           .max_full = 0xFFFF,
                           .has_hash = true,
                           .code = 3000};
    esp_writer file = {.bytes = bytes, .room = sizeof bytes};
    esp_put_image(&file, &wish);
    fettle_image_free(room.image);
    room.image =
        fettle_image_from_bytes("app.bin", (fettle_span){bytes, file.size}, 0, &room.err);
    assert_non_null(room.image);
}

static void esp_updates(const char *board)
{
    fettle_wishes wishes = {.board = board, .wait = 60 * SECONDS};
    if (!room_do(&room, FETTLE_VERB_UPDATE, &wishes)) {
        print_message("# %s\n", room.err.message);
    }
    assert_int_equal(FETTLE_E_NONE, room.err.code);
    assert_string_equal("sim:esp32s3", room_result(&room)->path);
    assert_int_equal(FETTLE_PROOF_HASH, room_result(&room)->verified);
}

static void test_the_only_line_that_may_have_an_esp_chip(void **state)
{
    (void)state;
    enter("esp32s3,timing=none");
    assert_true(room_add(&room, "dfu,timing=none"));
    take_esp_file();
    esp_updates(NULL);
    assert_int_equal(0, room_asked(&room, 1, "open"));
    enter("esp32s3*2,timing=none");
    take_esp_file();
    is_refused(FETTLE_VERB_UPDATE, NULL, FETTLE_E_SEVERAL_BOARDS);
    assert_true(has_words("sim:esp32s3, sim:esp32s3.2"));
}

/* A line of the computer itself, of which nobody knows what is at its other end. */
static size_t look_at_a_line(void *self, fettle_sight *sights, size_t max, uint64_t *change)
{
    (void)self;
    *change = 1;
    if (max > 0) {
        sights[0] = (fettle_sight){.path = "/dev/ttyS0",
                                   .kind = FETTLE_LINK_SERIAL,
                                   .access = FETTLE_WHY_PERMISSION,
                                   .arrival = 1};
    }
    return 1;
}

static const fettle_bus_ops line_ops = {look_at_a_line, part_wait, NULL};

static void test_a_line_of_the_computer_is_not_meant(void **state)
{
    fettle_wishes wishes = {.board = NULL};
    uint64_t mine = 0;
    (void)state;
    enter("esp32s3,timing=none,mode=unplugged");
    assert_true(fettle_context_add_bus(room.context, &line_ops, &mine, &room.err));
    take_esp_file();
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_NO_BOARD, room.err.code);
    wishes.board = "/dev/ttyS0";
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_USB_PERMISSION, room.err.code);
}

static void test_an_esp_board_that_is_not_there_yet(void **state)
{
    static const char *const boards[] = {NULL, "sim:esp32s3"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        enter("esp32s3,timing=none,mode=unplugged");
        assert_true(room_add(&room, "dfu,timing=none"));
        take_esp_file();
        esp_updates(boards[i]);
        assert_non_null(strstr(room.last_ask, "hold BOOT while you plug it in"));
        assert_int_equal(0, room_asked(&room, 1, "open"));
    }
    enter("dfu,timing=none");
    take_esp_file();
    assert_false(room_do(&room, FETTLE_VERB_UPDATE, &(fettle_wishes){.board = NULL}));
    assert_int_equal(FETTLE_E_NO_BOARD, room.err.code);
    assert_true(has_words("no ESP board is there"));
    assert_int_equal(0, room_asked(&room, 0, "open"));
}

static void test_known_boards_have_what_a_person_needs(void **state)
{
    fettle_known_board board;
    size_t count = 0;
    (void)state;
    for (; fettle_known_board_at(count, &board); count++) {
        assert_true(board.id[0] != '\0' && board.name[0] != '\0');
        assert_true(board.update.vendor != 0);
    }
    assert_true(count >= 5);
    assert_true(fettle_known_board_at(0, &board));
    assert_true(board.app.vendor != 0);
    assert_non_null(board.enter);
    assert_non_null(board.picture);
    assert_string_equal("1, 2", board.revisions);
}

static int tidy_up(void **state)
{
    (void)state;
    room_leave(&room);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_file_says_which),
        cmocka_unit_test(test_the_file_says_which_of_boards_without_a_row),
        cmocka_unit_test(test_a_file_that_says_nothing_needs_a_word),
        cmocka_unit_test(test_a_file_that_says_nothing_and_one_that_waits),
        cmocka_unit_test(test_another_boards_file_is_refused),
        cmocka_unit_test(test_a_name),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_a_port),
        cmocka_unit_test(test_a_port_where_nothing_is_yet),
        cmocka_unit_test(test_a_serial),
        cmocka_unit_test(test_a_word_that_nothing_has),
        cmocka_unit_test(test_nothing_said_and_one_there),
        cmocka_unit_test(test_nothing_said_and_nobody_there),
        cmocka_unit_test(test_several_are_named_and_none_is_touched),
        cmocka_unit_test(test_several_without_a_row),
        cmocka_unit_test(test_a_stock_loader_needs_a_name),
        cmocka_unit_test(test_a_part_of_the_computer_is_left_alone),
        cmocka_unit_test(test_a_part_is_not_meant_by_ids),
        cmocka_unit_test(test_a_part_that_only_looks_like_one_is_not_meant_by_ids),
        cmocka_unit_test(test_a_part_is_meant_by_its_port_or_serial),
        cmocka_unit_test(test_a_look_shows_what_each_is),
        cmocka_unit_test(test_a_wait_ends_with_news),
        cmocka_unit_test(test_a_wait_gives_every_bus_its_turn),
        cmocka_unit_test(test_a_board_that_is_coming_is_waited_for),
        cmocka_unit_test(test_a_board_that_never_comes_is_no_board),
        cmocka_unit_test(test_the_only_line_that_may_have_an_esp_chip),
        cmocka_unit_test(test_an_esp_board_that_is_not_there_yet),
        cmocka_unit_test(test_a_line_of_the_computer_is_not_meant),
        cmocka_unit_test(test_known_boards_have_what_a_person_needs),
    };
    return cmocka_run_group_tests(tests, NULL, tidy_up);
}
