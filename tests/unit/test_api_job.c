/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs, as a program sees them: questions and answers, what is remembered (and what happens where it
 * can't be), every verb, what the result says, and the order of events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "api_room.h"
#include "base/alloc.h"

#define ANSWER_KEY "answer/pytrack/revision"
#define MARK_KEY   "unfinished/sim:pytrack"

static struct room room;

static const fettle_wishes by_hand = {.revision = "1", .wait = 60 * SECONDS};
static const fettle_wishes nothing = {.board = NULL};

static void take_shield(const char *options)
{
    char spec[120];
    (void)snprintf(spec, sizeof spec, "pytrack,timing=none%s", options);
    assert_true(room_enter(&room));
    assert_true(room_add(&room, spec));
    assert_true(room_load(&room, "pytrack.dfu", ROOM_SHIELD, 0x04d8, 0xf014));
}

static void take_plain(const char *options)
{
    char spec[120];
    (void)snprintf(spec, sizeof spec, "dfu,timing=none,size=4KB%s", options);
    assert_true(room_enter(&room));
    assert_true(room_add(&room, spec));
    assert_true(room_load(&room, "plain.dfu", 1000, 0x1d50, 0x6003));
}

static void ends(fettle_verb verb, const fettle_wishes *wishes,
                 fettle_result_outcome outcome, fettle_proof proof)
{
    if (!room_do(&room, verb, wishes)) {
        print_message("# %s\n", room.err.message);
    }
    assert_int_equal(FETTLE_E_NONE, room.err.code);
    const fettle_result *result = room_result(&room);
    assert_int_equal(outcome, result->outcome);
    assert_int_equal(proof, result->verified);
    assert_null(result->error);
    assert_null(event_order_problem(&room.order));
    assert_int_equal(1, room.order.counts[FETTLE_EVENT_DONE]);
}

static void fails(fettle_verb verb, const fettle_wishes *wishes, fettle_code code,
                  fettle_result_outcome outcome)
{
    assert_false(room_do(&room, verb, wishes));
    assert_int_equal(code, room.err.code);
    const fettle_result *result = room_result(&room);
    assert_int_equal(outcome, result->outcome);
    assert_non_null(result->error);
    assert_string_equal(room.err.message, result->error->message);
    assert_null(event_order_problem(&room.order));
    assert_int_equal(1, room.order.counts[FETTLE_EVENT_FAILED]);
}

static unsigned asked(const char *what)
{
    return room_asked(&room, SIZE_MAX, what);
}

/* ---- an update ---- */

static void test_an_update_by_hand(void **state)
{
    (void)state;
    take_shield(",version=6");
    ends(FETTLE_VERB_UPDATE, &by_hand, FETTLE_OUTCOME_UPDATED, FETTLE_PROOF_READBACK);
    const fettle_result *result = room_result(&room);
    assert_true(room_holds_file(&room, 0));
    assert_string_equal("Pytrack", result->name);
    assert_string_equal("sim:pytrack", result->path);
    assert_string_equal("shield", result->part);
    assert_string_equal("6", result->version_before);
    assert_int_equal(FETTLE_MODE_APP, result->mode);
    assert_int_equal(0xf013, result->id.product);
    assert_int_equal(0, result->repaired);
    assert_true(room_has_note(&room, "module-separate"));
    assert_int_equal(1, room.order.counts[FETTLE_EVENT_ASK]);
    assert_non_null(strstr(room.last_ask, "S1"));
    assert_int_equal(0, room.order.counts[FETTLE_EVENT_WIRE]);
    assert_int_equal(1000000, room.order.progress);
}

/* As the board has counted them: requests of the class, to an interface. */
static unsigned count_transfers(void)
{
    unsigned count = 0;
    const fettle_sim_entry *entries;
    size_t entry_count = fettle_sim_log(room.sim, &entries);
    for (size_t i = 0; i < entry_count; i++) {
        count += (entries[i].bmRequestType & 0x7F) == 0x21;
    }
    return count;
}

static void test_the_result_has_stages_and_counts(void **state)
{
    uint64_t bytes = 0;
    fettle_stage before = FETTLE_STAGE_NONE;
    (void)state;
    take_shield(",mode=dfu");
    ends(FETTLE_VERB_UPDATE, &by_hand, FETTLE_OUTCOME_UPDATED, FETTLE_PROOF_READBACK);
    const fettle_result *result = room_result(&room);
    assert_true(result->stage_count > 3);
    for (size_t i = 0; i < result->stage_count; i++) {
        assert_true(result->stages[i].stage > before);
        before = result->stages[i].stage;
        bytes += result->stages[i].bytes;
    }
    assert_int_equal(bytes, result->wire.bytes_in + result->wire.bytes_out);
    assert_true(result->wire.bytes_out > 0);
    assert_true(result->wire.bytes_in >= 2 * ROOM_SHIELD);
    assert_int_equal(count_transfers(), result->wire.transfers);
}

static void test_what_is_right_already_is_not_written(void **state)
{
    (void)state;
    take_shield(",mode=dfu");
    ends(FETTLE_VERB_UPDATE, &by_hand, FETTLE_OUTCOME_UPDATED, FETTLE_PROOF_READBACK);
    fettle_sim_log_clear(room.sim);
    ends(FETTLE_VERB_UPDATE, &by_hand, FETTLE_OUTCOME_UNCHANGED, FETTLE_PROOF_READBACK);
    assert_int_equal(0, asked("DNLOAD"));
}

static void test_without_reading_nothing_is_proven(void **state)
{
    fettle_wishes wishes = by_hand;
    (void)state;
    take_shield(",mode=dfu");
    wishes.flags = FETTLE_WISH_NO_VERIFY;
    assert_true(room_do(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_OUTCOME_WRITTEN, room_result(&room)->outcome);
    assert_true(room_result(&room)->verified < FETTLE_PROOF_READBACK);
    assert_int_equal(0, asked("UPLOAD"));
    assert_true(room_holds_file(&room, 0));
    assert_null(event_order_problem(&room.order));
}

static void test_a_board_can_be_left_in_update_mode(void **state)
{
    fettle_wishes wishes = {.board = "sim:dfu", .flags = FETTLE_WISH_STAY};
    (void)state;
    take_plain(",app-id=1d50:6002");
    ends(FETTLE_VERB_UPDATE, &wishes, FETTLE_OUTCOME_UPDATED, FETTLE_PROOF_READBACK);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(room.sim, 0));
    assert_int_equal(FETTLE_MODE_DFU, room_result(&room)->mode);
    assert_true(room_has_note(&room, "left-in-update-mode"));
}

static void test_a_dropped_write_is_repaired_and_told(void **state)
{
    (void)state;
    take_shield(",mode=dfu,fault=drop-write@70");
    ends(FETTLE_VERB_UPDATE, &by_hand, FETTLE_OUTCOME_UPDATED, FETTLE_PROOF_READBACK);
    assert_int_equal(1, room_result(&room)->repaired);
    assert_true(room_has_note(&room, "repaired"));
    assert_true(room.order.counts[FETTLE_EVENT_NOTE] > 0);
}

static void test_memory_that_stays_wrong_is_a_failure(void **state)
{
    (void)state;
    take_shield(",mode=dfu,fault=drop-write@40+");
    fails(FETTLE_VERB_UPDATE, &by_hand, FETTLE_E_VERIFY_MISMATCH, FETTLE_OUTCOME_FAILED);
    assert_int_equal(11, fettle_code_exit_status(room.err.code));
    assert_true(room.err.has_address);
    assert_true(room_result(&room)->verified < FETTLE_PROOF_READBACK);
}

/* ---- questions ---- */

static void test_a_question_is_put_and_answered(void **state)
{
    fettle_wishes wishes = {.wait = 60 * SECONDS};
    (void)state;
    take_shield("");
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    const fettle_question *question = fettle_job_question(room.job, 0);
    assert_non_null(question);
    assert_string_equal("--revision", question->option);
    assert_string_equal("1, 2", question->values);
    assert_string_equal("pytrack-s1", question->picture);
    assert_true(question->ask[0] != '\0');
    assert_null(question->remembered);
    assert_null(fettle_job_question(room.job, 1));

    assert_false(fettle_job_answer(room.job, "--revision", "3", &room.err));
    assert_int_equal(FETTLE_E_ANSWER_NEEDED, room.err.code);
    assert_false(fettle_job_answer(room.job, "--colour", "1", &room.err));
    assert_int_equal(FETTLE_E_USAGE, room.err.code);
    assert_false(
        fettle_job_answer(room.job, "--revision", "a very long answer indeed", &room.err));
    assert_non_null(fettle_job_question(room.job, 0)); /* still */
    assert_int_equal(0, room.puts);

    assert_true(fettle_job_answer(room.job, "--revision", "1", &room.err));
    assert_null(fettle_job_question(room.job, 0));
    assert_non_null(strstr(fettle_job_plan_text(room.job), "revision 1"));
    assert_true(room_run(&room));
    assert_int_equal(FETTLE_OUTCOME_UPDATED, room_result(&room)->outcome);
}

static void test_an_open_question_stops_a_run(void **state)
{
    fettle_wishes wishes = {.wait = 60 * SECONDS};
    (void)state;
    take_shield("");
    fails(FETTLE_VERB_UPDATE, &wishes, FETTLE_E_ANSWER_NEEDED, FETTLE_OUTCOME_REFUSED);
    assert_int_equal(4, fettle_code_exit_status(room.err.code));
    assert_non_null(strstr(room.err.message, "--revision"));
    assert_non_null(strstr(room.err.message, "1, 2"));
    assert_int_equal(2, room.order.count); /* PLAN, FAILED */
    assert_int_equal(0, asked("open"));
}

static void test_a_wrong_answer_in_the_wishes_is_refused(void **state)
{
    fettle_wishes wishes = {.revision = "3"};
    (void)state;
    take_shield("");
    assert_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_ANSWER_NEEDED, room.err.code);
    assert_int_equal(0, asked("open"));
}

static void test_an_answer_that_the_board_contradicts(void **state)
{
    fettle_wishes wishes = {.revision = "1"};
    (void)state;
    take_shield(",version=18");
    assert_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_WRONG_REVISION, room.err.code);
    assert_int_equal(8, fettle_code_exit_status(room.err.code));
    assert_int_equal(0, asked("open"));
}

/* Shown the next time; never taken by itself. */
static void test_an_answer_is_remembered_and_not_taken(void **state)
{
    fettle_wishes wishes = {.wait = 60 * SECONDS};
    (void)state;
    take_shield("");
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_true(fettle_job_answer(room.job, "--revision", "2", &room.err));
    assert_non_null(room_find(&room, ANSWER_KEY));
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    const fettle_question *question = fettle_job_question(room.job, 0);
    assert_non_null(question);
    assert_string_equal("2", question->remembered);
    assert_false(room_run(&room));
    assert_int_equal(FETTLE_E_ANSWER_NEEDED, room.err.code);
}

static void test_answers_are_remembered_by_port(void **state)
{
    fettle_wishes wishes = {.board = "sim:pytrack"}, other = {.board = "sim:pytrack.2"};
    (void)state;
    take_shield("");
    assert_true(room_add(&room, "pytrack,timing=none"));
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_true(fettle_job_answer(room.job, "--revision", "2", &room.err));
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &other));
    assert_null(fettle_job_question(room.job, 0)->remembered);
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_string_equal("2", fettle_job_question(room.job, 0)->remembered);
}

static void note_key(void *user, const char *key)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789/:.-_";
    (void)user;
    assert_int_equal(strlen(key), strspn(key, allowed));
}

static void test_keys_have_few_characters(void **state)
{
    fettle_wishes wishes = {.board = "tty:/dev/serial by id/\xC3\xA4 {1}"};
    (void)state;
    take_shield("");
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_true(fettle_job_answer(room.job, "--revision", "1", &room.err));
    assert_int_equal(1, room.value_count);
    room_list(&room, "", note_key, NULL);
}

/* ---- a store that can't keep anything ---- */

static void test_a_full_store_stops_nothing(void **state)
{
    fettle_wishes wishes = {.wait = 60 * SECONDS};
    (void)state;
    take_shield("");
    room.is_store_full = true;
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_true(fettle_job_answer(room.job, "--revision", "1", &room.err));
    assert_true(room_run(&room));
    assert_int_equal(FETTLE_OUTCOME_UPDATED, room_result(&room)->outcome);
    assert_true(room.puts > 0);
    assert_int_equal(0, room.value_count);
}

static void test_a_broken_store_stops_nothing(void **state)
{
    (void)state;
    take_shield("");
    room.is_store_broken = true;
    ends(FETTLE_VERB_UPDATE, &by_hand, FETTLE_OUTCOME_UPDATED, FETTLE_PROOF_READBACK);
}

static void test_a_store_with_nonsense_stops_nothing(void **state)
{
    fettle_wishes wishes = {.wait = 60 * SECONDS};
    (void)state;
    take_shield("");
    uint8_t nonsense[ROOM_VALUE];
    memset(nonsense, 'x', sizeof nonsense);
    assert_true(room_put(&room, ANSWER_KEY, (fettle_span){nonsense, sizeof nonsense}));
    assert_true(room_put(&room, MARK_KEY, (fettle_span){nonsense, sizeof nonsense}));
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_null(fettle_job_question(room.job, 0)->remembered);
    assert_true(fettle_job_answer(room.job, "--revision", "1", &room.err));
    assert_true(room_run(&room));
}

static void test_no_store_at_all(void **state)
{
    fettle_wishes wishes = {.wait = 60 * SECONDS};
    (void)state;
    take_shield("");
    fettle_context_set_store(room.context, NULL, NULL);
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_null(fettle_job_question(room.job, 0)->remembered);
    assert_true(fettle_job_answer(room.job, "--revision", "1", &room.err));
    assert_true(room_run(&room));
}

/* ---- what was cut off is known the next time ---- */

static bool is_marked(void)
{
    const struct room_value *value = room_find(&room, MARK_KEY);
    return value != NULL && value->size > 0;
}

static void test_an_update_that_was_cut_off_is_marked(void **state)
{
    (void)state;
    take_shield(",mode=dfu");
    room.cancel_in = FETTLE_STAGE_COMPARE;
    fails(FETTLE_VERB_UPDATE, &by_hand, FETTLE_E_CANCELLED, FETTLE_OUTCOME_INTERRUPTED);
    assert_false(is_marked());
    room.cancel_in = FETTLE_STAGE_WRITE;
    fails(FETTLE_VERB_UPDATE, &by_hand, FETTLE_E_CANCELLED, FETTLE_OUTCOME_INTERRUPTED);
    assert_true(is_marked());
    assert_int_equal(130, fettle_code_exit_status(room.err.code));
    room.cancel_in = FETTLE_STAGE_NONE;
    assert_true(room_do(&room, FETTLE_VERB_UPDATE, &by_hand));
    assert_int_equal(FETTLE_PROOF_READBACK, room_result(&room)->verified);
    assert_false(is_marked());
}

static void test_only_an_update_leaves_a_mark(void **state)
{
    (void)state;
    take_shield(",mode=dfu");
    (void)room_do(&room, FETTLE_VERB_VERIFY, &by_hand);
    (void)room_do(&room, FETTLE_VERB_READ, &by_hand);
    (void)room_do(&room, FETTLE_VERB_RESET, &by_hand);
    assert_int_equal(0, room.puts);
}

/* ---- the other verbs ---- */

static void test_read(void **state)
{
    size_t size;
    (void)state;
    take_plain("");
    const uint8_t *memory = fettle_sim_memory(room.sim, 0, &size);
    ends(FETTLE_VERB_READ, &nothing, FETTLE_OUTCOME_READ, FETTLE_PROOF_NONE);
    const fettle_span data = room_result(&room)->data;
    assert_int_equal(4096, data.size);
    assert_memory_equal(memory, data.data, data.size);
    assert_int_equal(0, asked("DNLOAD"));

    fettle_wishes some = {.length = 1001};
    ends(FETTLE_VERB_READ, &some, FETTLE_OUTCOME_READ, FETTLE_PROOF_NONE);
    assert_int_equal(1001, room_result(&room)->data.size);
    assert_memory_equal(memory, room_result(&room)->data.data, 1001);
}

static void test_read_where_it_can_not_be_read(void **state)
{
    (void)state;
    take_plain(",upload=no");
    fails(FETTLE_VERB_READ, &nothing, FETTLE_E_UPLOAD_UNSUPPORTED, FETTLE_OUTCOME_REFUSED);
    assert_int_equal(0, room_result(&room)->data.size);
    assert_int_equal(0, asked("UPLOAD"));
}

static void test_verify(void **state)
{
    (void)state;
    take_plain("");
    fails(FETTLE_VERB_VERIFY, &nothing, FETTLE_E_VERIFY_MISMATCH, FETTLE_OUTCOME_FAILED);
    assert_int_equal(11, fettle_code_exit_status(room.err.code));
    assert_int_equal(0, asked("DNLOAD"));
    ends(FETTLE_VERB_UPDATE, &nothing, FETTLE_OUTCOME_UPDATED, FETTLE_PROOF_READBACK);
    fettle_sim_log_clear(room.sim);
    ends(FETTLE_VERB_VERIFY, &nothing, FETTLE_OUTCOME_VERIFIED, FETTLE_PROOF_READBACK);
    assert_int_equal(0, asked("DNLOAD"));
}

/* The loader takes the prefix for itself: what is read does not begin with it, and that says nothing. */
static void test_verify_does_not_blame_the_board_for_a_prefix(void **state)
{
    const uint8_t prefix[] = {0x01, 0x00, 0x08, 0x00, 0xE0, 0x03, 0x00, 0x00};
    size_t size;
    (void)state;
    take_plain("");
    memcpy(room.file, prefix, sizeof prefix);
    (void)fettle_sim_make_suffix(room.file + 1000, room.file, 1000, 0x1d50, 0x6003, 0xFFFF,
                                 0x0100);
    fettle_image_free(room.image);
    room.image = fettle_image_from_bytes(
        "ti.dfu", (fettle_span){room.file, 1000 + ROOM_SUFFIX}, 0, &room.err);
    memcpy(fettle_sim_memory(room.sim, 0, &size), room.file + sizeof prefix, 992);
    (void)room_do(&room, FETTLE_VERB_VERIFY, &nothing);
    assert_int_not_equal(FETTLE_E_VERIFY_MISMATCH, room.err.code);
}

static void test_reset(void **state)
{
    (void)state;
    take_plain(",app-id=1d50:6002");
    fettle_wishes wishes = {.to = FETTLE_MODE_DFU};
    ends(FETTLE_VERB_RESET, &wishes, FETTLE_OUTCOME_RESET, FETTLE_PROOF_NONE);
    assert_int_equal(FETTLE_SIM_SHOWS_UPDATE, fettle_sim_showing(room.sim, 0));
    assert_int_equal(FETTLE_MODE_DFU, room_result(&room)->mode);
    wishes.to = FETTLE_MODE_APP;
    ends(FETTLE_VERB_RESET, &wishes, FETTLE_OUTCOME_RESET, FETTLE_PROOF_NONE);
    assert_int_equal(FETTLE_SIM_SHOWS_APP, fettle_sim_showing(room.sim, 0));
    assert_int_equal(FETTLE_MODE_APP, room_result(&room)->mode);
    assert_int_equal(0, asked("DNLOAD"));
}

static void test_survey(void **state)
{
    (void)state;
    take_plain(",alternates=3,transfer=128,upload=no,mode=dfu");
    ends(FETTLE_VERB_SURVEY, &nothing, FETTLE_OUTCOME_SURVEYED, FETTLE_PROOF_NONE);
    const fettle_result *result = room_result(&room);
    assert_int_equal(3, result->memory_count);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(i, result->memories[i].alternate);
        assert_int_equal(128, result->memories[i].transfer_size);
        assert_true(result->memories[i].can_write);
        assert_false(result->memories[i].can_read);
        assert_true(result->memories[i].name[0] != '\0');
    }
    assert_int_equal(0x0110, result->bcdDFUVersion);
    assert_int_equal(FETTLE_MODE_DFU, result->mode);
    assert_int_equal(0, asked("DNLOAD") + asked("UPLOAD"));
}

static void test_a_dry_run_changes_nothing(void **state)
{
    static const char *const options[] = {"", ",mode=dfu", ",mode=dfu,downloading=yes"};
    fettle_wishes wishes = by_hand;
    (void)state;
    wishes.flags = FETTLE_WISH_DRY_RUN;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        take_shield(options[i]);
        assert_true(room_do(&room, FETTLE_VERB_UPDATE, &wishes));
        assert_int_equal(FETTLE_OUTCOME_PLANNED, room_result(&room)->outcome);
        assert_int_equal(0, asked("DNLOAD"));
        assert_false(room_holds_file(&room, 0));
        assert_int_equal(0, room_find(&room, ANSWER_KEY) != NULL);
    }
}

static void test_an_offline_run_touches_nothing(void **state)
{
    fettle_wishes wishes = by_hand;
    (void)state;
    take_shield(",mode=dfu");
    wishes.flags = FETTLE_WISH_DRY_RUN | FETTLE_WISH_OFFLINE;
    ends(FETTLE_VERB_UPDATE, &wishes, FETTLE_OUTCOME_PLANNED, FETTLE_PROOF_NONE);
    assert_int_equal(0, asked("open"));
    assert_int_equal(2, room.order.count); /* PLAN, DONE */
}

/* ---- what can't be wished ---- */

static void test_wishes_that_make_no_sense(void **state)
{
    char text[300];
    fettle_wishes wishes = by_hand;
    (void)state;
    take_shield("");
    fettle_image *image = room.image;
    room.image = NULL;
    assert_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_USAGE, room.err.code);
    assert_null(room_plan(&room, FETTLE_VERB_VERIFY, &wishes));
    assert_int_equal(FETTLE_E_USAGE, room.err.code);
    room.image = image;
    wishes.transfer_size = 65536;
    assert_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_USAGE, room.err.code);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    wishes = (fettle_wishes){.board = text};
    assert_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_USAGE, room.err.code);
    wishes = (fettle_wishes){.revision = text};
    assert_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_int_equal(FETTLE_E_USAGE, room.err.code);
}

static void test_texts_of_wishes_are_copied(void **state)
{
    char board[] = "sim:pytrack", revision[] = "1";
    fettle_wishes wishes = {.board = board, .revision = revision, .wait = 60 * SECONDS};
    (void)state;
    take_shield("");
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    memset(board, 'x', sizeof board - 1);
    revision[0] = '9';
    assert_true(room_run(&room));
}

/* ---- cancelling, tracing, listening ---- */

static void test_a_job_that_was_cancelled_before_it_began(void **state)
{
    (void)state;
    take_shield(",mode=dfu");
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &by_hand));
    assert_int_equal(FETTLE_OUTCOME_NONE, room_result(&room)->outcome);
    assert_string_equal("", room_result(&room)->path);
    fettle_job_cancel(room.job);
    fettle_job_cancel(room.job);
    assert_false(room_run(&room));
    assert_int_equal(FETTLE_E_CANCELLED, room.err.code);
    assert_int_equal(FETTLE_OUTCOME_INTERRUPTED, room_result(&room)->outcome);
    assert_int_equal(0, asked("open"));
    assert_null(event_order_problem(&room.order));
}

static void test_a_cancel_at_each_event(void **state)
{
    unsigned interrupted = 0;
    (void)state;
    for (unsigned at = 1;; at += 1 + at / 30) {
        take_shield("");
        room.cancel_at = at;
        bool is_ok = room_do(&room, FETTLE_VERB_UPDATE, &by_hand);
        assert_null(event_order_problem(&room.order));
        assert_true(is_ok || room.err.code == FETTLE_E_CANCELLED);
        if (room.order.count < at) {
            break;
        }
        interrupted += !is_ok;
        room.cancel_at = 0; /* and the next one goes on */
        assert_true(room_do(&room, FETTLE_VERB_UPDATE, &by_hand));
        assert_int_equal(FETTLE_PROOF_READBACK, room_result(&room)->verified);
        assert_true(room_holds_file(&room, 0));
    }
    assert_true(interrupted > 10);
}

static void test_a_trace_has_a_line_an_effect(void **state)
{
    (void)state;
    take_plain(",mode=dfu");
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &nothing));
    room.order.is_traced = true;
    fettle_job_trace(room.job);
    assert_true(room_run(&room));
    assert_null(event_order_problem(&room.order));
    assert_true(room.order.counts[FETTLE_EVENT_WIRE] > room_result(&room)->wire.transfers);
}

static void test_nobody_needs_to_listen(void **state)
{
    fettle_wishes wishes = {.board = NULL};
    (void)state;
    take_plain(",mode=dfu");
    assert_non_null(room_plan(&room, FETTLE_VERB_UPDATE, &wishes));
    assert_true(fettle_job_run(room.job, NULL, NULL, &room.err));
    assert_int_equal(FETTLE_OUTCOME_UPDATED, room_result(&room)->outcome);
}

/* ---- no memory ---- */

/* The first request for memory fails, then the second, ... until all are met. */
static void test_no_memory_is_told_and_nothing_is_lost(void **state)
{
    unsigned long nth = 1;
    (void)state;
    for (;; nth++) {
        take_plain(",mode=dfu");
        fettle_alloc_fail_at(nth);
        bool is_ok = room_do(&room, FETTLE_VERB_READ, &nothing);
        fettle_alloc_fail_at(0);
        if (is_ok) {
            break;
        }
        assert_int_equal(FETTLE_E_NO_MEMORY, room.err.code);
        assert_int_equal(1, fettle_code_exit_status(room.err.code));
    }
    assert_true(nth > 3 && nth < 50);
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
        cmocka_unit_test(test_an_update_by_hand),
        cmocka_unit_test(test_the_result_has_stages_and_counts),
        cmocka_unit_test(test_what_is_right_already_is_not_written),
        cmocka_unit_test(test_without_reading_nothing_is_proven),
        cmocka_unit_test(test_a_board_can_be_left_in_update_mode),
        cmocka_unit_test(test_a_dropped_write_is_repaired_and_told),
        cmocka_unit_test(test_memory_that_stays_wrong_is_a_failure),
        cmocka_unit_test(test_a_question_is_put_and_answered),
        cmocka_unit_test(test_an_open_question_stops_a_run),
        cmocka_unit_test(test_a_wrong_answer_in_the_wishes_is_refused),
        cmocka_unit_test(test_an_answer_that_the_board_contradicts),
        cmocka_unit_test(test_an_answer_is_remembered_and_not_taken),
        cmocka_unit_test(test_answers_are_remembered_by_port),
        cmocka_unit_test(test_keys_have_few_characters),
        cmocka_unit_test(test_a_full_store_stops_nothing),
        cmocka_unit_test(test_a_broken_store_stops_nothing),
        cmocka_unit_test(test_a_store_with_nonsense_stops_nothing),
        cmocka_unit_test(test_no_store_at_all),
        cmocka_unit_test(test_an_update_that_was_cut_off_is_marked),
        cmocka_unit_test(test_only_an_update_leaves_a_mark),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_read_where_it_can_not_be_read),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_verify_does_not_blame_the_board_for_a_prefix),
        cmocka_unit_test(test_reset),
        cmocka_unit_test(test_survey),
        cmocka_unit_test(test_a_dry_run_changes_nothing),
        cmocka_unit_test(test_an_offline_run_touches_nothing),
        cmocka_unit_test(test_wishes_that_make_no_sense),
        cmocka_unit_test(test_texts_of_wishes_are_copied),
        cmocka_unit_test(test_a_job_that_was_cancelled_before_it_began),
        cmocka_unit_test(test_a_cancel_at_each_event),
        cmocka_unit_test(test_a_trace_has_a_line_an_effect),
        cmocka_unit_test(test_nobody_needs_to_listen),
        cmocka_unit_test(test_no_memory_is_told_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, tidy_up);
}
