/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plans, and what they refuse. Whatever can be known from file, row and wishes is settled here,
 * before a person is asked to press anything; what only the board can tell is settled in
 * fettle_plan_finish(), before the first request that changes anything.
 */
#include "plan/plan.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

static bool is_any(uint16_t id)
{
    return id == 0xFFFF;
}

bool fettle_plan_id_fits(const fettle_image *image, fettle_usb_id id)
{
    if (image == NULL || !image->has_suffix) {
        return true;
    }
    const fettle_suffix *suffix = &image->suffix;
    return (is_any(suffix->idVendor) || suffix->idVendor == id.vendor) &&
           (is_any(suffix->idProduct) || suffix->idProduct == id.product);
}

static fettle_usb_id image_id(const fettle_image *image)
{
    return (fettle_usb_id){image->suffix.idVendor, image->suffix.idProduct};
}

static void copy(char *to, size_t size, const char *text)
{
    to[0] = '\0';
    if (text != NULL) {
        fettle_text_append(to, size, text);
    }
}

static void add_note(fettle_plan *plan, fettle_note_code code, const fettle_words *words)
{
    if (plan->note_count < FETTLE_PLAN_NOTES_MAX) {
        fettle_note *note = &plan->notes[plan->note_count++];
        note->code = code;
        fettle_words_render(note->message, sizeof note->message, fettle_note_format(code),
                            words);
    }
}

/* ---- does the file fit ---- */

/* Against the ids of the row: of its update mode, which is what a suffix names. */
static bool check_ids(fettle_plan *plan, const fettle_plan_wishes *wishes,
                      fettle_error *err)
{
    fettle_usb_id id = fettle_board_id_in(plan->row, FETTLE_MODE_DFU);
    if (id.vendor == 0 && wishes->seen_mode == FETTLE_MODE_DFU) {
        id = wishes->seen_id;
    }
    if (id.vendor == 0 || fettle_plan_id_fits(plan->image, id) ||
        (wishes->is_stock && fettle_plan_id_fits(plan->image, wishes->stock_id))) {
        return true;
    }
    fettle_words words = {.id = id, .id2 = image_id(plan->image)};
    if (wishes->ignores_ids) {
        add_note(plan, FETTLE_NOTE_IDS_IGNORED, &words);
        return true;
    }
    fettle_error_set(err, FETTLE_E_WRONG_BOARD, &words);
    return false;
}

static bool check_size(const fettle_plan *plan, size_t memory_size, fettle_error *err)
{
    if (memory_size == 0 || plan->payload.size <= memory_size) {
        return true;
    }
    fettle_error_set(err, FETTLE_E_IMAGE_TOO_LARGE,
                     &(fettle_words){.size = plan->payload.size, .limit = memory_size});
    return false;
}

/* What the vendor knows of its images. */
static bool check_content(fettle_plan *plan, const fettle_vendor *vendor, fettle_error *err)
{
    fettle_finding findings[FETTLE_PLAN_FINDINGS_MAX];
    if (vendor == NULL || vendor->check == NULL) {
        return true;
    }
    size_t count =
        vendor->check(plan->row, plan->payload, findings, FETTLE_PLAN_FINDINGS_MAX);
    for (size_t i = 0; i < count; i++) {
        fettle_words words = {.board = plan->row->name, .text = findings[i].text};
        if (findings[i].kind == FETTLE_FINDING_REFUSAL) {
            fettle_error_set(err, FETTLE_E_IMAGE_NOT_FOR_BOARD, &words);
            return false;
        }
        add_note(plan, findings[i].note, &words);
    }
    return true;
}

/* Several files of which some have no address: only an ESP chip knows where its own go. */
static bool check_places(const fettle_plan *plan, fettle_error *err)
{
    const fettle_image *image = plan->image;
    const char *file = image->name;
    if (image->region_count < 2 || image->regions[0].has_address) {
        return true;
    }
    if (plan->row->protocol == FETTLE_PROTOCOL_ESP) {
        if (!plan->has_address && plan->memory[0] == '\0') {
            return true;
        }
        fettle_error_set(err, FETTLE_E_USAGE,
                         &(fettle_words){.text = "one --address or --memory can't be for "
                                                 "several files; write FILE@ADDRESS or "
                                                 "FILE@PARTITION"});
        return false;
    }
    for (size_t i = image->piece_count; i > 0; i--) {
        file = image->pieces[i - 1].has_address ? file : image->pieces[i - 1].name;
    }
    fettle_error_set(err, FETTLE_E_FILE_NEEDS_ADDRESS, &(fettle_words){.file = file});
    return false;
}

/* A bundle is for a tool of its maker, which does more than write its files. */
static void note_wishes(fettle_plan *plan)
{
    const fettle_image *image = plan->image;
    if (plan->kind != FETTLE_TASK_UPDATE || plan->row->protocol != FETTLE_PROTOCOL_ESP) {
        return;
    }
    if (image->offers_erase && !plan->mass_erases) {
        add_note(plan, FETTLE_NOTE_BUNDLE_ERASES, NULL);
    }
    if (image->header_wish[0] != '\0') {
        add_note(plan, FETTLE_NOTE_BUNDLE_HEADER,
                 &(fettle_words){.text = image->header_wish});
    }
}

static bool take_image(fettle_plan *plan, const fettle_vendor *vendor,
                       const fettle_plan_wishes *wishes, fettle_error *err)
{
    const fettle_image *image = plan->image;
    const fettle_memory *memory = &plan->row->memory;
    if (!check_places(plan, err)) {
        return false;
    }
    if (plan->has_address && image->regions[0].has_address) {
        fettle_error_set(err, FETTLE_E_FILE_HAS_ADDRESS,
                         &(fettle_words){.file = image->name,
                                         .address = plan->address,
                                         .text = "it names its addresses itself"});
        return false;
    }
    plan->payload = image->regions[0].data;
    if (!check_ids(plan, wishes, err) || !check_size(plan, memory->size, err) ||
        !check_content(plan, vendor, err)) {
        return false;
    }
    size_t size = plan->payload.size;
    plan->keeps_from = memory->keeps_from < size ? memory->keeps_from : 0;
    plan->keeps_to =
        memory->keeps_to > 0 && memory->keeps_to < size ? memory->keeps_to : size;
    note_wishes(plan);
    if (image->has_suffix && !image->suffix.is_intact) {
        add_note(plan,
                 image->suffix.leaves_suffix_out ? FETTLE_NOTE_OTHER_CHECKSUM
                                                 : FETTLE_NOTE_DAMAGED_ACCEPTED,
                 NULL);
    }
    if (image->prefix != FETTLE_PREFIX_NONE) {
        /* The loader takes the prefix for itself: what it reads back begins elsewhere. */
        plan->may_read = false;
        if (plan->kind == FETTLE_TASK_VERIFY) {
            fettle_error_set(
                err, FETTLE_E_NOT_SUPPORTED,
                &(fettle_words){.text = "a file with a prefix can't be compared: what the "
                                        "board reads back begins elsewhere"});
            return false;
        }
        add_note(plan, FETTLE_NOTE_PREFIX_SENT,
                 &(fettle_words){.text = fettle_prefix_name(image->prefix)});
    }
    return true;
}

/* An update without a file is about a module's radio. */
static bool check_region(const fettle_plan *plan, fettle_error *err)
{
    char text[160];
    if (plan->kind != FETTLE_TASK_UPDATE || plan->row->protocol == FETTLE_PROTOCOL_ESP) {
        return true;
    }
    fettle_words_render(text, sizeof text, "{board} has no radio with a region",
                        &(fettle_words){.board = plan->name});
    fettle_error_set(err, FETTLE_E_REGION_NOT_HERE, &(fettle_words){.text = text});
    return false;
}

/* ---- which revision ---- */

static void list_revisions(const fettle_board_row *row, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0; i < row->revision_count; i++) {
        fettle_text_append(text, size, i > 0 ? ", " : "");
        fettle_text_append(text, size, row->revisions[i].value);
    }
}

static const fettle_revision *find_revision(const fettle_board_row *row, const char *value)
{
    for (size_t i = 0; i < row->revision_count; i++) {
        if (fettle_text_is_same_word(row->revisions[i].value, value)) {
            return &row->revisions[i];
        }
    }
    return NULL;
}

/* The revision that a running application's version speaks for; NULL where it speaks for none. */
static const fettle_revision *revision_of_version(const fettle_board_row *row,
                                                  uint16_t version)
{
    for (size_t i = 0; i < row->revision_count; i++) {
        const fettle_revision *revision = &row->revisions[i];
        if (revision->version_max > 0 && version >= revision->version_min &&
            version <= revision->version_max) {
            return revision;
        }
    }
    return NULL;
}

bool fettle_plan_check_version(const fettle_plan *plan, uint16_t bcdDevice,
                               fettle_error *err)
{
    const fettle_revision *shown = revision_of_version(plan->row, bcdDevice);
    if (shown == NULL || plan->revision[0] == '\0' || plan->ignores_ids ||
        fettle_text_is_same_word(shown->value, plan->revision)) {
        return true;
    }
    fettle_error_set(err, FETTLE_E_WRONG_REVISION,
                     &(fettle_words){.text = plan->revision, .text2 = shown->value});
    return false;
}

/* A file's name is a hint and never an answer; but where it contradicts one, somebody is wrong. */
static bool check_file_name(const fettle_plan *plan, const fettle_revision *said,
                            fettle_error *err)
{
    const fettle_board_row *row = plan->row;
    for (size_t i = 0; plan->image != NULL && i < row->revision_count; i++) {
        const fettle_revision *other = &row->revisions[i];
        if (other != said && other->file_prefix != NULL &&
            fettle_text_begins_with(plan->image->name, other->file_prefix)) {
            fettle_error_set(err, FETTLE_E_FILE_OTHER_REVISION,
                             &(fettle_words){.text = said->value, .text2 = other->value});
            return false;
        }
    }
    return true;
}

static bool take_revision(fettle_plan *plan, const fettle_plan_wishes *wishes,
                          fettle_plan_question *question, fettle_error *err)
{
    const fettle_board_row *row = plan->row;
    if (row->revision_count == 0 || plan->kind != FETTLE_TASK_UPDATE) {
        return true;
    }
    question->option = "--revision";
    question->ask = row->revision_question;
    question->picture = row->picture;
    list_revisions(row, question->values, sizeof question->values);
    if (wishes->revision == NULL) {
        question->is_open = true;
        return true;
    }
    const fettle_revision *said = find_revision(row, wishes->revision);
    if (said == NULL) {
        char text[160] = "--revision must be one of ";
        fettle_text_append(text, sizeof text, question->values);
        fettle_error_set(err, FETTLE_E_ANSWER_NEEDED,
                         &(fettle_words){.board = row->name, .text = text});
        return false;
    }
    copy(plan->revision, sizeof plan->revision, said->value);
    return check_file_name(plan, said, err) &&
           (wishes->seen_mode != FETTLE_MODE_APP ||
            fettle_plan_check_version(plan, wishes->seen_version, err));
}

/* ---- which board ---- */

/* The vendor's stock loaders: a board that was seen with its application may come back as one. */
static void take_strangers(fettle_plan *plan, const fettle_vendor *vendor)
{
    for (size_t i = 0; i < vendor->stock_loader_count; i++) {
        size_t at = plan->face_count + plan->stranger_count;
        if (at < FETTLE_FACES_MAX) {
            plan->faces[at] = (fettle_face){FETTLE_MODE_DFU, FETTLE_LINK_USB,
                                            vendor->stock_loaders[i].id};
            plan->stranger_count++;
        }
    }
}

static void take_never(fettle_plan *plan, const fettle_usb_id *ids, size_t count)
{
    for (size_t i = 0; i < count && plan->never_count < FETTLE_NEVER_MAX; i++) {
        plan->never[plan->never_count++] = ids[i];
    }
}

static void take_faces(fettle_plan *plan, const fettle_vendor *vendor,
                       const fettle_plan_wishes *wishes)
{
    const fettle_board_row *row = plan->row;
    bool is_generic = row == &fettle_board_generic;
    plan->face_count = row->face_count;
    memcpy(plan->faces, row->faces, sizeof plan->faces);
    plan->expects_application =
        !is_generic && fettle_board_id_in(row, FETTLE_MODE_APP).vendor != 0;
    if (wishes->is_stock && plan->face_count < FETTLE_FACES_MAX) {
        plan->faces[plan->face_count++] =
            (fettle_face){FETTLE_MODE_DFU, FETTLE_LINK_USB, wishes->stock_id};
    } else if (vendor != NULL) {
        take_strangers(plan, vendor);
    }
    if (is_generic && plan->path[0] == '\0' && plan->serial[0] == '\0') {
        /* Nothing but ids to go by: the chosen board's, or those that the file names. */
        plan->faces[0].id = wishes->seen_id.vendor != 0 || plan->image == NULL
                                ? wishes->seen_id
                                : image_id(plan->image);
    }
}

static const char *name_of(const fettle_board_row *row, const fettle_plan_wishes *wishes)
{
    const fettle_quirk_row *quirks =
        row == &fettle_board_generic && wishes->seen_id.vendor != 0
            ? fettle_board_quirks_of(wishes->seen_id, wishes->seen_version)
            : NULL;
    return quirks != NULL && quirks->name != NULL ? quirks->name : row->name;
}

bool fettle_plan_make(fettle_plan *plan, const fettle_image *image,
                      const fettle_board_row *row, const fettle_vendor *vendor,
                      const fettle_plan_wishes *wishes, fettle_plan_question *question,
                      fettle_error *err)
{
    memset(plan, 0, sizeof *plan);
    memset(question, 0, sizeof *question);
    plan->kind = wishes->kind;
    plan->row = row;
    plan->vendor = vendor;
    plan->name = name_of(row, wishes);
    plan->image = image;
    plan->may_read = wishes->may_read;
    plan->is_patient = wishes->is_patient;
    plan->stays = wishes->stays;
    plan->ignores_ids = wishes->ignores_ids;
    plan->is_dry = wishes->is_dry;
    plan->was_unfinished = wishes->was_unfinished;
    plan->wait = wishes->wait;
    plan->transfer_size = wishes->transfer_size;
    plan->to = wishes->to;
    plan->has_address = wishes->has_address;
    plan->address = wishes->address;
    plan->length = wishes->length;
    plan->erases_rest = wishes->erases_rest;
    plan->writes_all = wishes->writes_all;
    plan->mass_erases = wishes->mass_erases;
    plan->unprotects = wishes->unprotects;
    plan->writes_special = wishes->writes_special;
    copy(plan->memory, sizeof plan->memory, wishes->memory);
    copy(plan->chip, sizeof plan->chip, wishes->chip);
    copy(plan->reset, sizeof plan->reset, wishes->reset);
    plan->baud = wishes->baud;
    plan->flash_size = wishes->flash_size;
    plan->uses_no_stub = wishes->uses_no_stub;
    copy(plan->region, sizeof plan->region, wishes->region);
    plan->erases_files = wishes->erases_files;
    plan->erases_settings = wishes->erases_settings;
    plan->tries_software = wishes->tries_software;
    plan->needs_no_backup = wishes->needs_no_backup;
    plan->gives_up_credentials = wishes->gives_up_credentials;
    plan->is_restore = wishes->is_restore;
    plan->has_mac = wishes->mac != NULL;
    if (plan->has_mac) {
        memcpy(plan->mac, wishes->mac, sizeof plan->mac);
    }
    copy(plan->path, sizeof plan->path, wishes->path);
    copy(plan->serial, sizeof plan->serial, wishes->serial);
    if (image != NULL && !take_image(plan, vendor, wishes, err)) {
        return false;
    }
    if (image == NULL && !check_region(plan, err)) {
        return false;
    }
    if (!take_revision(plan, wishes, question, err)) {
        return false;
    }
    take_faces(plan, vendor, wishes);
    take_never(plan, fettle_computer_parts, fettle_computer_part_count);
    take_never(plan, wishes->parts, wishes->part_count);
    if (wishes->named_id.vendor != 0 &&
        fettle_board_mode_of(row, wishes->named_id) == FETTLE_MODE_APP) {
        add_note(plan, FETTLE_NOTE_NAMED_NORMAL_MODE,
                 &(fettle_words){.board = row->name,
                                 .id = wishes->named_id,
                                 .id2 = fettle_board_id_in(row, FETTLE_MODE_DFU)});
    }
    return true;
}

/* ---- after a look at the board ---- */

static void note_bcd(const fettle_plan *plan, const fettle_survey *survey,
                     fettle_observed *observed)
{
    uint16_t wanted = plan->image->has_suffix ? plan->image->suffix.bcdDevice : 0xFFFF;
    if (is_any(wanted) || wanted == 0 || wanted == survey->bcdDevice) {
        return;
    }
    char text[8] = "", text2[8] = "";
    fettle_text_append_hex(text, sizeof text, wanted, 4);
    fettle_text_append_hex(text2, sizeof text2, survey->bcdDevice, 4);
    fettle_note_add(observed, FETTLE_NOTE_BCD_DIFFERS,
                    &(fettle_words){.text = text, .text2 = text2});
}

bool fettle_plan_finish(const fettle_plan *plan, const fettle_survey *survey,
                        fettle_observed *observed, fettle_error *err)
{
    bool reads = plan->kind == FETTLE_TASK_READ || plan->kind == FETTLE_TASK_VERIFY;
    if (reads && !survey->can_upload) {
        fettle_error_set(err, FETTLE_E_UPLOAD_UNSUPPORTED, NULL);
        return false;
    }
    bool changes = plan->kind == FETTLE_TASK_UPDATE || plan->kind == FETTLE_TASK_ERASE;
    if (changes && !survey->can_download) {
        fettle_error_set(err, FETTLE_E_DOWNLOAD_UNSUPPORTED, NULL);
        return false;
    }
    if (plan->image == NULL) {
        return true;
    }
    /* A row that is known was compared with the file before; its ids are what we opened it by. */
    if (plan->row == &fettle_board_generic &&
        !fettle_plan_id_fits(plan->image, survey->id)) {
        fettle_words words = {.id = survey->id, .id2 = image_id(plan->image)};
        if (!plan->ignores_ids) {
            fettle_error_set(err, FETTLE_E_WRONG_BOARD, &words);
            return false;
        }
        fettle_note_add(observed, FETTLE_NOTE_IDS_IGNORED, &words);
    }
    if (!check_size(plan, survey->memory_size, err)) {
        return false;
    }
    note_bcd(plan, survey, observed);
    return true;
}

/* ---- for people ---- */

static const char *const verbs[] = {
    [FETTLE_TASK_UPDATE] = "update ",  [FETTLE_TASK_READ] = "read ",
    [FETTLE_TASK_VERIFY] = "verify ",  [FETTLE_TASK_RESET] = "restart ",
    [FETTLE_TASK_SURVEY] = "look at ", [FETTLE_TASK_ERASE] = "erase ",
};

static size_t content_size(const fettle_image *image)
{
    size_t total = 0;
    for (size_t i = 0; i < image->region_count; i++) {
        total += image->regions[i].data.size;
    }
    return total;
}

/* Where it goes, as far as file and person say; a board with a map of its own may know better. */
static void describe_places(const fettle_plan *plan, char *text, size_t size)
{
    const fettle_image *image = plan->image;
    bool has_address = image->regions[0].has_address || plan->has_address;
    uint32_t address =
        image->regions[0].has_address ? image->regions[0].address : plan->address;
    if (!has_address && plan->row->protocol == FETTLE_PROTOCOL_ESP) {
        fettle_text_append(text, size, plan->memory[0] != '\0' ? " to partition " : "");
        fettle_text_append_escaped(text, size, plan->memory);
        return;
    }
    if (!has_address) {
        fettle_text_append(text, size,
                           plan->row == &fettle_board_generic
                               ? " to the beginning of its memory"
                               : " to address 0x00000000 of its memory");
        return;
    }
    fettle_text_append(text, size, " to address 0x");
    fettle_text_append_hex(text, size, address, 8);
    if (image->region_count > 1) {
        fettle_text_append(text, size, " and behind it, in ");
        fettle_text_append_number(text, size, image->region_count);
        fettle_text_append(text, size, " parts");
    }
}

static const char *words_of_work(const fettle_plan *plan)
{
    if (plan->mass_erases) {
        return plan->may_read
                   ? "\nerase the whole memory, write all of it, read it back"
                   : "\nerase the whole memory, write all of it; nothing is read back";
    }
    if (!plan->may_read) {
        return "\nwrite all of it; nothing is read back";
    }
    return plan->writes_all ? "\nwrite all of it, read it back"
                            : "\nread what is on it, write what differs, read it back";
}

void fettle_plan_describe(const fettle_plan *plan, char *text, size_t size)
{
    text[0] = '\0';
    fettle_text_append(text, size, plan->is_restore ? "restore " : verbs[plan->kind]);
    fettle_text_append(text, size, plan->name);
    if (plan->revision[0] != '\0') {
        fettle_text_append(text, size, " revision ");
        fettle_text_append(text, size, plan->revision);
    }
    if (plan->path[0] != '\0') {
        fettle_text_append(text, size, " on ");
        fettle_text_append(text, size, plan->path);
    }
    if (plan->image == NULL) {
        fettle_text_append(text, size,
                           plan->region[0] != '\0' ? ": set its region to " : "");
        fettle_text_append_escaped(text, size, plan->region);
        return;
    }
    fettle_text_append(text, size,
                       plan->kind == FETTLE_TASK_VERIFY ? " against "
                       : plan->is_restore               ? " from "
                                                        : " with ");
    fettle_text_append_escaped(text, size, plan->image->name);
    fettle_text_append(text, size, ", ");
    fettle_text_append_number(text, size, content_size(plan->image));
    fettle_text_append(text, size, " bytes");
    if (plan->kind != FETTLE_TASK_UPDATE) {
        return;
    }
    describe_places(plan, text, size);
    fettle_text_append(text, size, words_of_work(plan));
    fettle_text_append(
        text, size, plan->stays ? "\nleave it in update mode" : "\nstart its application");
}
