/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the jobs of a call; see jobs.h. Everything that can be refused or asked is refused or asked
 * for all boards before the first one is touched.
 */
#include "jobs.h"

#include "failure.h"
#include "object.h"
#include "system.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const char *path_of(const cli_target *target)
{
    const fettle_result *result =
        target->job != NULL ? fettle_job_result(target->job) : NULL;
    if (result != NULL && result->path != NULL && result->path[0] != '\0') {
        return result->path;
    }
    return target->path;
}

/* A virtual person hears what the real one reads. */
static void tell_person(const cli_target *target, const fettle_event *event)
{
    if (!target->is_virtual) {
        return;
    }
    if (event->kind == FETTLE_EVENT_ASK) {
        fettle_sim_hear(target->call->sim, target->path, event->ask);
    } else if (event->kind == FETTLE_EVENT_ASK_OVER) {
        fettle_sim_hear(target->call->sim, target->path, FETTLE_ASK_NOTHING);
    }
}

static void on_event(void *user, const fettle_event *event)
{
    cli_target *target = user;
    cli_call *call = target->call;
    bool changes = event->stage == FETTLE_STAGE_ERASE || event->stage == FETTLE_STAGE_WRITE;
    bool is_last = event->kind == FETTLE_EVENT_DONE || event->kind == FETTLE_EVENT_FAILED;
    cli_system_allow_stop(!changes || is_last);
    if (event->kind == FETTLE_EVENT_STAGE && event->stage == FETTLE_STAGE_BACKUP &&
        call->may_copy != NULL && !call->is_refused &&
        !call->may_copy(call, fettle_job_result(target->job))) {
        call->is_refused = true;
        fettle_job_cancel(target->job);
    }
    target->was_pressed |= event->kind == FETTLE_EVENT_ASK;
    tell_person(target, event);
    cli_record_event(&call->record, path_of(target), event);
    if (event->kind == FETTLE_EVENT_WIRE) {
        return;
    }
    if (call->args->events) {
        cli_object_print_event(path_of(target), event, call->ui.verbose > 0);
    }
    cli_ui_event(&call->ui, event);
}

static unsigned flags_of(const cli_args *args)
{
    return (args->no_verify ? FETTLE_WISH_NO_VERIFY : 0u) |
           (args->stay ? FETTLE_WISH_STAY : 0u) |
           (args->ignore_ids ? FETTLE_WISH_IGNORE_IDS : 0u) |
           (args->dry_run ? FETTLE_WISH_DRY_RUN : 0u) |
           (args->offline ? FETTLE_WISH_OFFLINE : 0u) |
           (args->erase_rest ? FETTLE_WISH_ERASE_REST : 0u) |
           (args->all_pages ? FETTLE_WISH_ALL_PAGES : 0u) |
           (args->mass_erase ? FETTLE_WISH_MASS_ERASE : 0u) |
           (args->unprotect ? FETTLE_WISH_UNPROTECT : 0u) |
           (args->no_stub ? FETTLE_WISH_NO_STUB : 0u) |
           (args->erase_files ? FETTLE_WISH_ERASE_FILES : 0u) |
           (args->erase_settings ? FETTLE_WISH_ERASE_SETTINGS : 0u) |
           (args->try_software_dfu ? FETTLE_WISH_TRY_SOFTWARE : 0u) |
           (args->no_backup ? FETTLE_WISH_NO_BACKUP : 0u) |
           (args->including_credentials ? FETTLE_WISH_GIVE_UP_CREDENTIALS : 0u) |
           (args->wait_is_given ? FETTLE_WISH_PATIENT : 0u) |
           (args->yes ? FETTLE_WISH_SPECIAL : 0u) |
           (args->address_is_given ? FETTLE_WISH_AT_ADDRESS : 0u);
}

/* The library has its bytes only. */
static void name_stub(const char *name, fettle_error *err)
{
    char why[sizeof err->message], shown[256];
    memcpy(why, err->message, sizeof why);
    fettle_text_to_show(shown, sizeof shown, name);
    err->message[0] = '\0';
    const char *const parts[] = {"cannot use ", shown, ": ", why};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        cli_text_append(err->message, sizeof err->message, parts[i]);
    }
}

static void make_job(cli_call *call, cli_target *target, fettle_verb verb, unsigned more)
{
    const cli_args *args = call->args;
    fettle_wishes wishes = {
        .board = target->selector,
        .revision = args->revision,
        .wait = target->is_by_the_way ? 0 : cli_call_wait(call),
        .flags = flags_of(args) | more,
        .transfer_size = args->transfer_size,
        .to = args->to,
        .length = args->length,
        .memory = args->memory,
        .address = args->address,
        .chip = args->chip,
        .reset = args->reset,
        .baud = args->baud,
        .flash_size = args->flash_size,
        .stub = {call->stub, call->stub_size},
        .module = args->module != NULL    ? args->module
                  : target->is_by_the_way ? ""
                                          : call->module,
        .mac = args->mac != NULL ? args->mac : call->mac,
        .region = call->region[0] != '\0' ? call->region : args->region,
    };
    const fettle_image *image = target->is_module ? call->module_image : call->image;
    target->job = fettle_job_new(call->context, verb, image, &wishes, &target->error);
    if (target->job == NULL && args->stub != NULL &&
        fettle_code_exit_status(target->error.code) ==
            9) { /* of all files it alone is read here */
        name_stub(args->stub, &target->error);
    }
    if (target->job == NULL && args->events) {
        fettle_event event = {.kind = FETTLE_EVENT_FAILED,
                              .path = "",
                              .text = target->error.message,
                              .error = &target->error};
        cli_object_print_event(path_of(target), &event, call->ui.verbose > 0);
    }
    if (target->job != NULL && cli_record_wants_wire(&call->record)) {
        fettle_job_trace(target->job);
    }
}

/* Stopped before it could begin, at a question or in the job of another board. */
static void skip_job(cli_call *call, cli_target *target)
{
    fettle_error *err = &target->error;
    cli_fail(err, FETTLE_E_CANCELLED, "%s", fettle_code_message(FETTLE_E_CANCELLED));
    if (call->args->events) {
        fettle_event event = {
            .kind = FETTLE_EVENT_FAILED, .text = err->message, .error = err};
        cli_object_print_event(path_of(target), &event, call->ui.verbose > 0);
    }
}

static void run_job(cli_call *call, cli_target *target)
{
    if (cli_system_was_interrupted()) {
        skip_job(call, target);
        return;
    }
    cli_ui_begin(&call->ui, cli_call_wait(call), call->is_timeless);
    cli_system_watch_job(target->job);
    target->is_good = fettle_job_run(target->job, on_event, target, &target->error);
    if (!target->is_good && call->is_refused) { /* that is why it was stopped */
        target->error = call->refusal;
    }
    cli_system_watch_job(NULL);
    cli_system_allow_stop(true);
}

static bool say_no(fettle_error *err)
{
    cli_fail(err, FETTLE_E_CANCELLED, "you said no, and nothing was changed");
    err->hint = "Run the same command again if you change your mind.";
    return false;
}

/* What "yes" to a refusal is; 0: it isn't one that a person may overrule. */
static unsigned answer_to(const fettle_error *error)
{
    switch (error->code) {
    case FETTLE_E_WOULD_LOSE:
        return FETTLE_WISH_ERASE_REST;
    case FETTLE_E_CONFIRMATION_NEEDED:
        return FETTLE_WISH_SPECIAL;
    default:
        return 0;
    }
}

static void hear_nothing(void *user, const fettle_event *event)
{
    (void)user;
    (void)event;
}

/* What the board says of itself doesn't answer a question; but a person who has to wants to see it. */
static void show_evidence(cli_call *call, const cli_target *target)
{
    char text[160];
    fettle_error ignored;
    const char *name = fettle_job_result(target->job)->name; /* never just any board */
    fettle_wishes wishes = {.board = target->selector != NULL ? target->selector : name};
    fettle_job *job =
        fettle_job_new(call->context, FETTLE_VERB_SURVEY, NULL, &wishes, &ignored);
    bool is_good = job != NULL && fettle_job_run(job, hear_nothing, NULL, &ignored);
    const fettle_carrier_view *said = is_good ? fettle_job_result(job)->carrier : NULL;
    if (said != NULL && said->has_firmware) {
        snprintf(text, sizeof text, "It says of itself: firmware %u, hardware %u.",
                 said->firmware, said->has_hardware ? said->hardware : 0);
        cli_ui_say(&call->ui, text);
    }
    fettle_job_free(job);
}

static void ask_questions(cli_call *call, cli_target *target)
{
    if (call->ui.can_ask && fettle_job_question(target->job, 0) != NULL) {
        show_evidence(call, target);
    }
    cli_ui_ask_questions(&call->ui, target->job);
}

/* What only the board could tell, and nothing was touched yet. Whoever sits here may say that it is meant. */
static void ask_after(cli_call *call, cli_target *target, fettle_verb verb)
{
    char question[sizeof target->error.message + 40];
    unsigned answers = 0, answer;
    while (!target->is_good && target->job != NULL && call->ui.can_ask &&
           (answer = answer_to(&target->error)) != 0 && (answers & answer) == 0) {
        snprintf(question, sizeof question, "%s. Go on all the same?",
                 target->error.message);
        if (!cli_ui_confirm(&call->ui, question)) {
            say_no(&target->error);
            return;
        }
        answers |= answer;
        fettle_job_free(target->job);
        make_job(call, target, verb, answers);
        if (target->job != NULL) {
            ask_questions(call, target);
            run_job(call, target);
        }
    }
}

bool cli_jobs_confirm(cli_call *call, const char *what, fettle_error *err)
{
    char question[512];
    if (call->args->yes || call->args->dry_run) {
        return true;
    }
    if (!call->ui.can_ask) {
        return cli_fail(err, FETTLE_E_CONFIRMATION_NEEDED, "%s", what);
    }
    snprintf(question, sizeof question, "%s. Go on?", what);
    return cli_ui_confirm(&call->ui, question) || say_no(err);
}

static void say_end(cli_call *call, const cli_target *target, fettle_verb verb)
{
    const fettle_result *result =
        target->job != NULL ? fettle_job_result(target->job) : NULL;
    if (!target->is_good) {
        cli_ui_failure(&call->ui, &target->error, result);
    } else if (verb != FETTLE_VERB_READ && verb != FETTLE_VERB_SURVEY &&
               verb != FETTLE_VERB_BACKUP && !call->says_end) {
        cli_ui_success(&call->ui, result, call->args->no_verify, NULL);
    }
}

/* Whoever has pressed the shield's button has taken the module off for it. */
static bool is_back_on(cli_call *call, const cli_target *board, fettle_error *err)
{
    static const char text[] =
        "Put the module back on the board, firmly and the right way round";
    if (!board->was_pressed) {
        return true;
    }
    if (!call->ui.can_ask || call->args->yes) {
        cli_ui_say(&call->ui,
                   "The module's part comes next: it has to be back on its board.");
        return true;
    }
    char question[sizeof text + 40];
    snprintf(question, sizeof question, "%s. Is it there?", text);
    return cli_ui_confirm(&call->ui, question) || say_no(err);
}

/* What it sits on comes first: old firmware there may not bring the module into its loader. */
static bool begin_module(cli_call *call, cli_target *target, fettle_verb verb)
{
    const cli_target *board = target - 1;
    if (!board->is_good) {
        target->error = board->error;
        cli_ui_say(&call->ui, "The module was left alone, because its board comes first.");
        return false;
    }
    if (!is_back_on(call, board, &target->error)) {
        return false;
    }
    make_job(call, target, verb, 0);
    if (target->job != NULL) {
        ask_questions(call, target);
    }
    return true;
}

void cli_jobs_run(cli_call *call, fettle_verb verb)
{
    cli_system_expect_interruption(true);
    if (call->no_usb[0] != '\0') {
        cli_ui_say(&call->ui, call->no_usb);
    }
    for (size_t i = 0; i < call->target_count; i++) {
        if (!call->targets[i].is_module) {
            make_job(call, &call->targets[i], verb, 0);
        }
    }
    for (size_t i = 0; i < call->target_count; i++) {
        if (call->targets[i].job != NULL) {
            ask_questions(call, &call->targets[i]);
        }
    }
    for (size_t i = 0; i < call->target_count; i++) {
        cli_target *target = &call->targets[i];
        if (target->is_module && !begin_module(call, target, verb)) {
            continue;
        }
        if (target->job != NULL) {
            run_job(call, target);
            ask_after(call, target, verb);
        }
        say_end(call, target, verb);
    }
    cli_system_expect_interruption(false);
}

/* A shield whose application runs: what sits on it can be reached through it. */
static bool may_carry(const cli_target *target)
{
    const fettle_result *result = target->is_good ? fettle_job_result(target->job) : NULL;
    return result != NULL && strcmp(result->part, "shield") == 0 &&
           result->mode == FETTLE_MODE_APP;
}

static void look_at_module(cli_call *call, size_t board)
{
    cli_target *targets =
        realloc(call->targets, (call->target_count + 1) * sizeof *targets);
    if (targets == NULL) {
        return;
    }
    call->targets = targets;
    cli_target *target = &targets[call->target_count];
    *target = (cli_target){.call = call,
                           .selector = targets[board].selector,
                           .is_virtual = targets[board].is_virtual,
                           .is_module = true,
                           .is_by_the_way = true};
    memcpy(target->path, targets[board].path, sizeof target->path);
    cli_call_aim(call, call->target_count + 1);
    make_job(call, target, FETTLE_VERB_SURVEY, 0);
    if (target->job != NULL) {
        run_job(call, target);
    }
    if (target->is_good) {
        call->target_count++;
        return;
    }
    if (call->ui.verbose > 0) {
        cli_ui_say(&call->ui, target->error.message);
    }
    cli_ui_say(&call->ui, "No module answers behind it; --module tells why.");
    fettle_job_free(target->job);
}

void cli_jobs_look_at_modules(cli_call *call)
{
    size_t count = call->target_count;
    cli_system_expect_interruption(true);
    for (size_t i = 0; i < count && call->args->module == NULL; i++) {
        if (may_carry(&call->targets[i])) {
            look_at_module(call, i);
        }
    }
    cli_system_expect_interruption(false);
}

void cli_jobs_fail(cli_call *call, cli_target *target, const fettle_error *err)
{
    target->is_good = false;
    target->error = *err;
    cli_ui_failure(&call->ui, err, NULL);
}

int cli_jobs_end(cli_call *call)
{
    cli_object_print_jobs(call);
    for (size_t i = 0; i < call->target_count; i++) {
        if (!call->targets[i].is_good) {
            return fettle_code_exit_status(call->targets[i].error.code);
        }
    }
    return 0;
}
