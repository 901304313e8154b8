/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of Espressif's serial loader. Whatever runs, the chip is reset into
 * its loader and asked what it is; which chip that may be, and how its port
 * behaves, are rows (board/chips.h, board/bridges.h). Nothing of the board is
 * changed before all of the file has found its place (plan/esp_layout.h).
 *
 * A serial line stays where it is when the chip restarts, so its application is
 * not looked for on a bus: leaving listens to what the chip says.
 */
#include "base/text.h"
#include "board/bridges.h"
#include "board/chips.h"
#include "image/deflate.h"
#include "job/rescue.h"
#include "job/script.h"
#include "job/way_esp_module.h"
#include "job/way_esp_settle.h"

#include <string.h>

enum { BY_HAND_BAUD = 460800 };

/* ---- into the loader ---- */

static const struct {
    const char *name, *sequence;
} resets[] = {
    {"classic", FETTLE_ESP_RESET_CLASSIC},
    {"tight", FETTLE_ESP_RESET_TIGHT},
    {"usb-jtag", FETTLE_ESP_RESET_USB_JTAG},
};

/* What a person says of the lines; a name, or a sequence of its own. */
static bool take_reset(fettle_job_engine *job, fettle_esp_setup *setup, fettle_error *err)
{
    fettle_esp_sequence sequence;
    const char *wish = job->plan->reset;
    if (fettle_text_is_same_word(wish, "none")) {
        setup->reset_count = 0;
        return true;
    }
    job->esp_reset = wish;
    for (size_t i = 0; i < sizeof resets / sizeof *resets; i++) {
        job->esp_reset = fettle_text_is_same_word(wish, resets[i].name) ? resets[i].sequence
                                                                        : job->esp_reset;
    }
    setup->resets = &job->esp_reset;
    setup->reset_count = 1;
    return fettle_esp_sequence_parse(&sequence, job->esp_reset, err);
}

static bool take_chip(const fettle_job_engine *job, fettle_esp_setup *setup,
                      fettle_error *err)
{
    char list[200] = "--chip must be one of ";
    const char *wish = job->plan->chip;
    if (wish[0] == '\0') {
        return true;
    }
    setup->expected = fettle_chip_named(wish);
    for (size_t i = 0; setup->expected == NULL && i < fettle_chip_count; i++) {
        fettle_text_append(list, sizeof list, i > 0 ? ", " : "");
        fettle_text_append(list, sizeof list, fettle_chips[i].id);
    }
    if (setup->expected == NULL) {
        fettle_error_set(err, FETTLE_E_USAGE, &(fettle_words){.text = list});
    }
    return setup->expected != NULL;
}

/* A socket without a protocol for them has no lines. */
static bool has_lines(const fettle_job_engine *job)
{
    return !fettle_text_begins_with(job->sight.path, "tcp:");
}

/* What this line has held before, else what such an adapter is known to hold, step by step. */
static size_t list_bauds(fettle_job_engine *job, const fettle_bridge *bridge)
{
    job->known_baud = job->recall_baud != NULL && job->tries == 0
                          ? job->recall_baud(job->recall_baud_user, &job->sight)
                          : 0;
    if (job->plan->baud == 0 && job->known_baud == FETTLE_ESP_BAUD) {
        return 0; /* nothing above has held */
    }
    uint32_t most = job->plan->baud > 0 ? job->plan->baud : job->known_baud;
    if (most > FETTLE_ESP_BAUD && most <= job->known_baud) {
        job->esp_bauds[0] = most;
        return 1;
    }
    return fettle_bridge_bauds(bridge, job->plan->baud, job->esp_bauds,
                               FETTLE_JOB_BAUDS_MAX);
}

static uint32_t rate_to_carrier(const fettle_job_engine *job,
                                const fettle_carrier_ops *carrier)
{
    uint32_t wish = job->plan->baud;
    return wish > 0 && wish < carrier->baud_max ? wish : carrier->baud_max;
}

/* The carrier holds the chip's pins, and sets the limits. */
static void meet_carrier(fettle_job_engine *job, const fettle_carrier_ops *carrier,
                         fettle_esp_setup *setup)
{
    uint32_t most = rate_to_carrier(job, carrier);
    most = most < carrier->baud_of_answers ? most : carrier->baud_of_answers;
    setup->has_lines = false;
    setup->reset_count = 0;
    setup->caller_enters = true;
    setup->read_baud_max = carrier->baud_of_answers;
    job->esp_bauds[0] = most;
    setup->baud_count =
        most > FETTLE_ESP_BAUD && job->known_baud != FETTLE_ESP_BAUD ? 1 : 0;
}

/*
 * Where no reset of ours reaches the chip, a rate that fails may cost a hand. So where nobody has named one, and this line hasn't
 * held a higher one before, what most lines hold is enough; and none is tried where hardly anything goes over the line, where
 * the chip is to be found in its loader afterwards, behind a carrier that has failed us, and when the first try has.
 */
static uint32_t most_by_hand(const fettle_job_engine *job)
{
    const fettle_plan *plan = job->plan;
    bool is_short = plan->kind == FETTLE_TASK_SURVEY || plan->kind == FETTLE_TASK_RESET ||
                    plan->kind == FETTLE_TASK_ERASE || plan->is_dry;
    if (plan->baud > 0) {
        return plan->baud;
    }
    if (is_short || plan->stays || job->esp.carrier != NULL || job->tries > 0) {
        return FETTLE_ESP_BAUD;
    }
    return job->known_baud > BY_HAND_BAUD ? job->known_baud : BY_HAND_BAUD;
}

/* How a person is asked, and what is told of what was pressed in vain. */
static void expect_a_hand(fettle_job_engine *job, bool is_in_loader)
{
    const fettle_board_row *row = fettle_job_hand_row(job);
    fettle_esp_work *work = &job->esp;
    bool is_sure = row->is_wired || row == &fettle_board_esp;
    work->safe_boot = row->safe_boot;
    work->ask_by_hand = row->is_wired ? FETTLE_ASK_WIRE : FETTLE_ASK_UPDATE_MODE;
    work->note_in_vain = row->is_wired ? FETTLE_NOTE_WIRE_MISSING
                         : is_sure     ? FETTLE_NOTE_BUTTON_MISSING
                                       : FETTLE_NOTE_BOOT_PIN_HIGH;
    work->hand_time = fettle_script_has_a_hand(job) ? job->plan->wait : 0;
    if (is_in_loader && work->carrier == NULL) {
        fettle_esp_work_limit_baud(work, most_by_hand(job));
    }
}

/* Of a further try: how it was left, where no reset of ours reaches it. */
static void recall_last_try(fettle_job_engine *job, fettle_esp_setup *setup)
{
    const fettle_esp_work *last = &job->esp;
    if (job->tries == 0 || last->carrier != NULL) {
        return;
    }
    setup->left_at = last->esp.baud > FETTLE_ESP_BAUD ? last->esp.baud : 0;
    if (last->was_by_hand) {
        setup->has_lines = false;
        setup->reset_count = 0;
    }
}

static bool meet(fettle_job_engine *job, fettle_error *err)
{
    const fettle_bridge *bridge = fettle_bridge_of(job->sight.id);
    static const fettle_esp_port ports[] = {
        [FETTLE_BRIDGE_UART] = FETTLE_ESP_PORT_UART,
        [FETTLE_BRIDGE_USB_JTAG] = FETTLE_ESP_PORT_JTAG,
        [FETTLE_BRIDGE_USB_OTG] = FETTLE_ESP_PORT_OTG,
        [FETTLE_BRIDGE_APPLICATION] = FETTLE_ESP_PORT_OTG,
    };
    fettle_esp_setup setup = {
        .chips = fettle_chips,
        .chip_count = fettle_chip_count,
        .port = ports[bridge->kind],
        .has_lines = has_lines(job),
        .resets = bridge->resets,
        .restart = bridge->restart,
        .bauds = job->esp_bauds,
        .flash_size = job->plan->flash_size,
    };
    while (setup.reset_count < FETTLE_BRIDGE_RESETS_MAX &&
           bridge->resets[setup.reset_count] != NULL) {
        setup.reset_count++;
    }
    setup.reset_count = setup.has_lines ? setup.reset_count : 0;
    setup.baud_count = setup.has_lines ? list_bauds(job, bridge) : 0;
    if (!take_chip(job, &setup, err) ||
        (job->plan->reset[0] != '\0' && !take_reset(job, &setup, err))) {
        return false;
    }
    const fettle_carrier_ops *carrier = fettle_module_meet_carrier(job);
    if (carrier != NULL) {
        meet_carrier(job, carrier, &setup);
    }
    recall_last_try(job, &setup);
    bool was_by_hand = job->tries > 0 && job->esp.was_by_hand;
    fettle_esp_work_free(&job->esp);
    fettle_esp_work_init(&job->esp, &setup, job->memory);
    job->esp.was_by_hand = was_by_hand; /* the wire is where it was */
    job->esp.carrier = carrier;
    job->esp.carrier_room = &job->carrier_room;
    job->esp.late_baud =
        carrier != NULL && job->plan->kind == FETTLE_TASK_UPDATE && setup.baud_count > 0
            ? rate_to_carrier(job, carrier)
            : 0;
    job->esp.find_module = fettle_module_find;
    job->esp.find_module_user = job;
    job->esp.observed = &job->observed;
    job->esp.console = fettle_module_console(job);
    expect_a_hand(job, setup.reset_count == 0);
    job->has_target = false;
    return true;
}

static bool is_computer_part(const fettle_job_engine *job)
{
    (void)job;
    return false;
}

/* An application and a loader look the same from the other end of a line. */
static fettle_mode guess(const fettle_job_engine *job)
{
    (void)job;
    return FETTLE_MODE_UNKNOWN;
}

static fettle_engine *survey(fettle_job_engine *job)
{
    return fettle_esp_work_survey(&job->esp);
}

/*
 * Noise may be a loader that was left at another rate and that no reset of ours reaches, which
 * can't be told from a bad line: a press of its button mends it.
 */
static bool may_be_left(const fettle_job_engine *job, const fettle_error *error)
{
    return error->code == FETTLE_E_ESP_NOISE && job->esp.carrier == NULL;
}

/* What a finger on BOOT and RESET can mend. */
static bool needs_hand(const fettle_job_engine *job, const fettle_error *error)
{
    return may_be_left(job, error) || error->code == FETTLE_E_ESP_SILENT ||
           error->code == FETTLE_E_ESP_BOOT_MODE || error->code == FETTLE_E_ESP_NOT_RESET ||
           error->code == FETTLE_E_CARRIER_SILENT;
}

static fettle_engine *survey_by_hand(fettle_job_engine *job, fettle_us until)
{
    if (job->esp.carrier == NULL && fettle_esp_heard_noise(&job->esp.esp)) {
        fettle_script_note(job, FETTLE_NOTE_NOISE);
    }
    return fettle_esp_work_wait(&job->esp, until, most_by_hand(job));
}

static fettle_mode mode(const fettle_job_engine *job)
{
    (void)job;
    return FETTLE_MODE_ROM;
}

static fettle_survey found(const fettle_job_engine *job)
{
    return (fettle_survey){.id = job->sight.id,
                           .bcdDevice = job->sight.bcdDevice,
                           .can_download = true,
                           .can_upload = true};
}

static bool yes(const fettle_job_engine *job)
{
    (void)job;
    return true;
}

static bool no(const fettle_job_engine *job)
{
    (void)job;
    return false;
}

static fettle_engine *look(fettle_job_engine *job)
{
    return fettle_esp_work_look(&job->esp);
}

static const char *board_name(const fettle_job_engine *job)
{
    const fettle_esp_chip *chip = job->esp.esp.identity.chip;
    bool is_named = job->plan->row !=
                    &fettle_board_esp; /* a module, by a person's or its file's word */
    return chip != NULL && !is_named ? chip->name : NULL;
}

static fettle_engine *ask_more(fettle_job_engine *job)
{
    return fettle_esp_can_read(&job->esp.esp) ? fettle_esp_work_ask(&job->esp) : NULL;
}

/* ---- work ---- */

static bool can_read(const fettle_job_engine *job)
{
    return fettle_esp_can_hash(&job->esp.esp);
}

static fettle_engine *compare(fettle_job_engine *job, bool all)
{
    /* All that is compared is hashed; where it need not be all, writing is what follows. */
    bool writes_next = !all && job->plan->kind == FETTLE_TASK_UPDATE && !job->plan->is_dry;
    return fettle_esp_work_compare(&job->esp, writes_next);
}

static uint32_t differences(const fettle_job_engine *job, uint32_t *first_block,
                            uint32_t *address)
{
    *first_block = 0;
    *address = job->esp.first_address;
    return job->esp.count;
}

/* Compressed here and now: what differs isn't known before. What doesn't get
 * smaller goes as it is. */
static void deflate(fettle_job_engine *job, fettle_sector_run *run)
{
    fettle_error ignored;
    size_t room = fettle_deflate_bound(run->data.size), size = 0;
    if (run->is_blank || !fettle_deflate_is_there()) {
        return;
    }
    uint8_t *stream = job->memory->take(room);
    if (stream != NULL && fettle_deflate(run->data, stream, room, &size, &ignored) &&
        size < run->data.size) {
        run->deflated = (fettle_span){stream, size};
        run->memory = stream;
    } else {
        job->memory->give(stream);
    }
}

/* Nothing is to be kept: pieces begin with sectors, and what is behind their
 * end in one is of the same partition. */
static fettle_engine *save(fettle_job_engine *job, bool repair)
{
    fettle_error err;
    fettle_sectors *sectors = &job->esp.sectors;
    if (!repair) {
        fettle_sectors_mark(sectors, true);
    }
    if (!fettle_sectors_make_runs(sectors, &err)) {
        return NULL; /* then there are no runs, and what is read back will say so */
    }
    for (size_t i = 0; i < sectors->run_count; i++) {
        deflate(job, &sectors->runs[i]);
    }
    return NULL;
}

static fettle_engine *erase(fettle_job_engine *job)
{
    return job->plan->kind == FETTLE_TASK_ERASE
               ? fettle_esp_work_erase(&job->esp, job->erase_ranges, job->erase_range_count)
               : fettle_esp_work_erase_runs(&job->esp);
}

static fettle_engine *mass_erase(fettle_job_engine *job)
{
    if (fettle_module_is_one(job) && !job->plan->gives_up_credentials) {
        return fettle_esp_work_erase(&job->esp, job->erase_ranges, job->erase_range_count);
    }
    return fettle_esp_work_erase_chip(&job->esp);
}

/* Known only afterwards: with a stub it would not have been so. */
static void note_erased_behind(fettle_job_engine *job)
{
    fettle_words words = {.address = job->esp.erased_behind, .size = FETTLE_SECTOR_SIZE};
    if (words.address != 0) {
        fettle_note_add(&job->observed, FETTLE_NOTE_ERASED_BEHIND, &words);
    }
    job->esp.erased_behind = 0;
}

static fettle_engine *check_blank(fettle_job_engine *job)
{
    note_erased_behind(job);
    return can_read(job) ? fettle_esp_work_check_blank(&job->esp, job->erase_ranges,
                                                       job->erase_range_count)
                         : NULL;
}

static fettle_engine *write(fettle_job_engine *job, bool repair)
{
    (void)repair; /* what differs is marked */
    return fettle_esp_work_write_runs(&job->esp);
}

static void note_plan(fettle_job_engine *job)
{
    bool is_erase = job->plan->kind == FETTLE_TASK_ERASE;
    fettle_words words = {.address = job->esp.first_address, .count = job->esp.count};
    words.size = (uint64_t)words.count * FETTLE_SECTOR_SIZE;
    if (is_erase) {
        words.address = job->read_address;
        words.size = 0;
        for (size_t i = 0; i < job->erase_range_count; i++) {
            words.size += job->erase_ranges[i].size;
        }
        words.count = words.size / FETTLE_SECTOR_SIZE;
    }
    fettle_note_add(&job->observed,
                    is_erase ? FETTLE_NOTE_PAGES_ERASED : FETTLE_NOTE_PAGES_DIFFER, &words);
}

static fettle_engine *finish(fettle_job_engine *job)
{
    note_erased_behind(job);
    return NULL; /* each block was acknowledged */
}

static fettle_engine *nothing(fettle_job_engine *job)
{
    (void)job;
    return NULL;
}

static fettle_engine *read(fettle_job_engine *job, uint8_t *buffer, size_t size)
{
    (void)size;
    return fettle_esp_work_read(&job->esp, job->read_address, buffer, job->read_size);
}

static size_t read_count(const fettle_job_engine *job)
{
    return job->esp.bytes;
}

static fettle_note_code why_unproven(const fettle_job_engine *job)
{
    if (!job->plan->may_read || can_read(job)) {
        return FETTLE_NOTE_NONE;
    }
    return job->esp.esp.identity.is_secure_download ? FETTLE_NOTE_SECURED_UNPROVEN
                                                    : FETTLE_NOTE_STUB_WOULD_PROVE;
}

/* ---- leave ---- */

/* A stub that was wanted and wasn't to be had: it went on without, and slower. */
static void note_stub(fettle_job_engine *job)
{
    static const char *const why[] = {
        [FETTLE_ESP_STUB_NONE] = NULL,
        [FETTLE_ESP_STUB_RUNS] = NULL,
        [FETTLE_ESP_STUB_UNFIT] = "this chip can't have one",
        [FETTLE_ESP_STUB_REFUSED] = "the chip's ROM didn't take it",
        [FETTLE_ESP_STUB_SILENT] = "it was loaded, and didn't start",
    };
    fettle_words words = {.text = why[job->esp.esp.stub_state]};
    if (words.text != NULL) {
        fettle_note_add(&job->observed, FETTLE_NOTE_NO_STUB, &words);
    }
}

/* A wire is what has brought it there, if no reset of ours reaches it. */
static bool is_on_wire(const fettle_job_engine *job)
{
    const fettle_esp_work *work = &job->esp;
    bool is_unreset = work->carrier == NULL && work->esp.setup.reset_count == 0;
    return (work->was_by_hand || is_unreset) && fettle_job_hand_row(job)->is_wired;
}

/* Nothing but a hand takes a wire off. */
static fettle_engine *leave_by_hand(fettle_job_engine *job)
{
    if (fettle_script_has_a_hand(job)) {
        return fettle_esp_work_leave_by_hand(&job->esp, job->plan->wait);
    }
    fettle_script_note(job, FETTLE_NOTE_UNWIRE);
    return fettle_esp_work_leave(&job->esp);
}

static fettle_engine *leave(fettle_job_engine *job)
{
    note_stub(job);
    job->has_said_farewell = true;
    if (is_on_wire(job)) {
        return leave_by_hand(job);
    }
    bool may_be_wired = job->esp.carrier == NULL && fettle_job_hand_row(job)->is_wired;
    job->esp.unwire_time =
        may_be_wired && fettle_script_has_a_hand(job) ? job->plan->wait : 0;
    job->esp.note_if_wired = may_be_wired ? FETTLE_NOTE_WIRE_PERHAPS : FETTLE_NOTE_NONE;
    return fettle_esp_work_leave(&job->esp);
}

/* It is left in its loader then, and nobody waits for the wire to be taken off: after an erase, a failure, or a word of a person. */
static void note_wire(fettle_job_engine *job, bool stays)
{
    bool was_good = job->engine.error.code == FETTLE_E_NONE;
    bool is_left = was_good ? job->plan->kind == FETTLE_TASK_ERASE && job->has_written
                            : !job->has_said_farewell;
    if (is_left && job->esp.was_by_hand && fettle_job_hand_row(job)->is_wired && !stays) {
        fettle_script_note(job, was_good ? FETTLE_NOTE_UNWIRE : FETTLE_NOTE_WIRE_PERHAPS);
    }
}

/* It was reset for the sake of a look, or of a file that isn't for it: its
 * application has to run again. */
static fettle_engine *rest(fettle_job_engine *job)
{
    bool is_known = job->esp.esp.identity.chip != NULL;
    bool stays = job->plan->stays ||
                 (job->plan->kind == FETTLE_TASK_RESET && job->plan->to != FETTLE_MODE_APP);
    bool is_cancelled = job->engine.error.code == FETTLE_E_CANCELLED;
    if (job->has_said_farewell && job->esp.is_held && !job->esp.has_started &&
        !job->esp.was_by_hand) {
        return fettle_esp_work_restart(
            &job->esp); /* cut off before the carrier's last word */
    }
    bool was_reset = job->esp.esp.has_contact || job->esp.is_held;
    bool is_left = !was_reset || job->has_said_farewell || job->has_written || stays;
    if (is_left || is_cancelled || !is_known) {
        note_wire(job, stays);
    }
    if (is_left) {
        return NULL;
    }
    return is_cancelled || !is_known ? fettle_esp_work_restart(&job->esp) : leave(job);
}

static fettle_start has_started(const fettle_job_engine *job)
{
    const fettle_esp_work *work = &job->esp;
    return work->has_started            ? FETTLE_START_SEEN
           : work->loops                ? FETTLE_START_LOOPS
           : work->has_nothing_to_start ? FETTLE_START_NOTHING
                                        : FETTLE_START_STAYS;
}

/* What the vendor says about its own pins and jumpers is better than a word about buttons that aren't there. */
static const char *hint_of_vendor(const fettle_board_row *row, fettle_code code)
{
    return code == FETTLE_E_ESP_BOOT_MODE   ? row->if_not_wired
           : code == FETTLE_E_ESP_NOT_RESET ? row->if_not_reset
           : code == FETTLE_E_ESP_SILENT    ? row->if_silent
           : code == FETTLE_E_ESP_NOISE     ? row->if_not_reset
                                            : NULL;
}

/* A carrier of its own kind knows what it hasn't got. */
static const char *hint_of_carrier(const fettle_job_engine *job, fettle_code code)
{
    const fettle_vendor *vendor;
    const fettle_board_row *row =
        job->esp.carrier != NULL && code == FETTLE_E_ESP_SILENT
            ? fettle_vendors_find_id(job->vendors, job->sight.id, FETTLE_MODE_UNKNOWN, 0,
                                     &vendor)
            : NULL;
    return row != NULL ? row->if_module_silent : NULL;
}

/* What the ROM says when it finds nothing at all where its chip has the second stage. */
static const char *hint(const fettle_job_engine *job)
{
    fettle_code code = job->engine.error.code;
    bool is_missing =
        code == FETTLE_E_APPLICATION_MISSING || code == FETTLE_E_NO_APPLICATION;
    const fettle_esp_chip *chip = job->esp.esp.identity.chip;
    /* Its carrier did what it could; what it can't is to say whether the boot pin was low. */
    if (job->esp.carrier != NULL && code == FETTLE_E_ESP_NOT_RESET) {
        code = FETTLE_E_ESP_BOOT_MODE;
    }
    bool was_asked = job->attempt.has_asked || job->esp.was_by_hand;
    if (code == FETTLE_E_ESP_NOT_RESET && !was_asked) {
        code = FETTLE_E_ESP_BOOT_MODE; /* nobody has connected anything yet */
    }
    if (code == FETTLE_E_ESP_NOISE && !job->esp.was_by_hand) {
        code =
            FETTLE_E_NONE; /* of a line that has never been better a cable is the cause */
    }
    const char *rescue = is_missing ? fettle_rescue_hint(job) : NULL;
    if (rescue != NULL) {
        return rescue;
    }
    if (hint_of_carrier(job, code) != NULL) {
        return hint_of_carrier(job, code);
    }
    return is_missing && job->esp.has_nothing_to_start && chip != NULL && chip->has_chip_id
               ? "The chip finds no bootloader to start: write the bootloader and the "
                 "partition table that were built with this application, too."
               : hint_of_vendor(fettle_job_hand_row(job), code);
}

const fettle_way fettle_way_esp = {
    .proof = FETTLE_EVIDENCE_HASH,
    .meet = meet,
    .is_computer_part = is_computer_part,
    .guess = guess,
    .survey = survey,
    .needs_hand = needs_hand,
    .survey_by_hand = survey_by_hand,
    .mode = mode,
    .found = found,
    .was_cut_off = no,
    .name = look,
    .board_name = board_name,
    .settle = fettle_esp_way_settle,
    .ask_more = ask_more,
    .can_enter = no,
    .enter = nothing,
    .has_made_way = no,
    .can_read = can_read,
    .can_read_early = no,
    .can_read_after = yes,
    .compare = compare,
    .differences = differences,
    .save = save,
    .erase = erase,
    .mass_erase = mass_erase,
    .erase_all_pages = NULL,
    .unprotect = NULL,
    .check_blank = check_blank,
    .proves_blank = yes,
    .note_plan = note_plan,
    .write = write,
    .restarts_itself = no,
    .finish = finish,
    .needs_end = no,
    .was_ended = yes,
    .was_answered = yes,
    .was_checked = no,
    .why_unproven = why_unproven,
    .leave = leave,
    .has_left = no,
    .has_started = has_started,
    .note_start = fettle_rescue_note,
    .stays = FETTLE_NOTE_PRESS_RESET,
    .rest = rest,
    .hint = hint,
    .leave_otherwise = NULL,
    .read = read,
    .read_count = read_count,
};
