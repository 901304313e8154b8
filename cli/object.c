/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON that programs read; see object.h. What has which name is said once, here. */
#include "object.h"

#include "failure.h"
#include "record.h"

#include <string.h>

enum {
    SCHEMA = 1,
};

/* What stands in a report, which is sent to others, instead of what a module holds. */
static const char left_out[] = "(left out of a report)";

/* ---- parts ---- */

void cli_object_hash(char buf[65], const uint8_t hash[32])
{
    for (size_t i = 0; i < 32; i++) {
        snprintf(buf + 2 * i, 3, "%02x", (unsigned)hash[i]);
    }
}

static const char *stage_or_null(fettle_stage stage)
{
    return stage == FETTLE_STAGE_NONE ? NULL : fettle_stage_name(stage);
}

static void add_device(cli_json *json, const fettle_error *err)
{
    static const char *const kinds[] = {"none", "dfu", "rom", "stub"};
    if (err->device_kind == FETTLE_STATUS_NONE) {
        cli_json_null(json, "device");
        return;
    }
    bool is_dfu = err->device_kind == FETTLE_STATUS_DFU;
    cli_json_open_object(json, "device");
    cli_json_text(json, "kind", kinds[err->device_kind]);
    cli_json_number(json, "status", err->device);
    cli_json_text(json, "name", is_dfu ? fettle_dfu_status_name(err->device) : NULL);
    cli_json_number(json, "state", err->device_state);
    cli_json_close_object(json);
}

/* A sentence, which may name what identifies a module. */
static void add_sentence(cli_json *json, const char *key, const char *text)
{
    char shown[CLI_RECORD_SENTENCE];
    if (json->is_for_others) {
        cli_record_mask(shown, sizeof shown, text);
        text = shown;
    }
    cli_json_text(json, key, text);
}

void cli_object_add_error(cli_json *json, const fettle_error *err, bool is_verbose)
{
    if (err == NULL) {
        cli_json_null(json, "error");
        return;
    }
    cli_json_open_object(json, "error");
    cli_json_text(json, "code", fettle_code_slug(err->code));
    cli_json_text(json, "stage", stage_or_null(err->stage));
    add_sentence(json, "message", err->message);
    char hint[CLI_HINT_ROOM];
    cli_hint_to_show(hint, err->hint != NULL ? err->hint : "");
    cli_json_text(json, "hint", hint);
    add_device(json, err);
    cli_json_number(json, "exit", (uint64_t)fettle_code_exit_status(err->code));
    if (err->has_address) {
        cli_json_number(json, "address", err->address);
    } else {
        cli_json_null(json, "address");
    }
    if (is_verbose) {
        char system[24];
        snprintf(system, sizeof system, "%ld", err->system);
        cli_json_text(json, "system", system);
        cli_json_text(json, "evidence", err->evidence);
    }
    cli_json_close_object(json);
}

static void add_wire(cli_json *json, const fettle_wire *wire)
{
    cli_json_open_object(json, "wire");
    cli_json_number(json, "transfers", wire->transfers);
    cli_json_number(json, "bytes_out", wire->bytes_out);
    cli_json_number(json, "bytes_in", wire->bytes_in);
    cli_json_number(json, "slept_ms", wire->slept / 1000);
    cli_json_close_object(json);
}

static void add_image_of(cli_json *json, const char *key, const fettle_image *image)
{
    if (image == NULL) {
        cli_json_null(json, key);
        return;
    }
    fettle_image_facts facts;
    char hash[65];
    fettle_image_get_facts(image, &facts);
    cli_object_hash(hash, facts.sha256);
    cli_json_open_object(json, key);
    cli_json_text(json, "format", facts.format);
    cli_json_number(json, "size", facts.file.size);
    cli_json_text(json, "sha256", hash);
    cli_json_close_object(json);
}

static void add_images(cli_json *json, const cli_call *call)
{
    add_image_of(json, "image", call->image);
    if (call->module_image != NULL) {
        add_image_of(json, "module_image", call->module_image);
    }
}

/* What READ has brought, described as a file would be. */
static void add_data(cli_json *json, fettle_span data)
{
    fettle_error err;
    fettle_image *image = data.size > 0 ? fettle_image_from_bytes("memory.bin", data,
                                                                  FETTLE_LOAD_AS_RAW, &err)
                                        : NULL;
    add_image_of(json, "image", image);
    fettle_image_free(image);
}

static void add_id(cli_json *json, fettle_usb_id id)
{
    char text[16] = "";
    if (id.vendor != 0 || id.product != 0) {
        snprintf(text, sizeof text, "%04x:%04x", (unsigned)id.vendor, (unsigned)id.product);
    }
    cli_json_text(json, "id", text);
}

/* ---- boards ---- */

void cli_object_add_view(cli_json *json, const char *key, const fettle_board_view *view)
{
    static const char *const states[] = {
        [FETTLE_BOARD_READY] = "ready",
        [FETTLE_BOARD_NEEDS_A_HAND] = "needs-a-hand",
        [FETTLE_BOARD_NO_PERMISSION] = "no-permission",
        [FETTLE_BOARD_NO_DRIVER] = "no-driver",
        [FETTLE_BOARD_BUSY] = "busy",
        [FETTLE_BOARD_NOT_OURS] = "not-ours",
        [FETTLE_BOARD_FOREIGN] = "foreign",
        [FETTLE_BOARD_LINE] = "serial-port",
    };
    char version[16];
    snprintf(version, sizeof version, "%x.%02x", (unsigned)view->bcdDevice >> 8,
             (unsigned)view->bcdDevice & 0xFF);
    cli_json_open_object(json, key);
    cli_json_text(json, "name", view->name);
    cli_json_text(json, "port", view->path);
    cli_json_text(json, "path", view->path);
    cli_json_text(json, "serial", view->serial);
    cli_json_text(json, "mode", fettle_mode_name(view->mode));
    add_id(json, view->id);
    cli_json_text(json, "node", view->node);
    cli_json_text(json, "version", view->id.vendor != 0 ? version : "");
    cli_json_text(json, "state", states[view->state]);
    cli_json_text(json, "state_text", view->state_text != NULL ? view->state_text : "");
    cli_json_text(json, "next", view->next != NULL ? view->next : "");
    cli_json_truth(json, "known", view->is_known);
    cli_json_truth(json, "has_dfu", view->has_dfu);
    cli_json_text(json, "module_remembered", view->module != NULL ? view->module : "");
    cli_json_close_object(json);
}

static void add_zone(cli_json *json, const fettle_zone_facts *zone)
{
    cli_json_open_object(json, NULL);
    cli_json_number(json, "address", zone->address);
    cli_json_number(json, "page_size", zone->page_size);
    cli_json_number(json, "page_count", zone->page_count);
    cli_json_truth(json, "can_read", zone->can_read);
    cli_json_truth(json, "can_erase", zone->can_erase);
    cli_json_truth(json, "can_write", zone->can_write);
    cli_json_close_object(json);
}

static void add_memories(cli_json *json, const fettle_result *result)
{
    cli_json_open_array(json, "memories");
    for (size_t i = 0; i < result->memory_count; i++) {
        const fettle_memory_facts *memory = &result->memories[i];
        cli_json_open_object(json, NULL);
        cli_json_text(json, "name", memory->name);
        cli_json_number(json, "alternate", memory->alternate);
        cli_json_number(json, "size", memory->size);
        cli_json_number(json, "transfer_size", memory->transfer_size);
        cli_json_truth(json, "can_write", memory->can_write);
        cli_json_truth(json, "can_read", memory->can_read);
        cli_json_open_array(json, "zones");
        for (size_t z = 0; z < memory->zone_count; z++) {
            add_zone(json, &memory->zones[z]);
        }
        cli_json_close_array(json);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
}

static void add_stages_and_notes(cli_json *json, const fettle_result *result)
{
    cli_json_open_array(json, "stages");
    for (size_t i = 0; i < result->stage_count; i++) {
        const fettle_stage_record *stage = &result->stages[i];
        cli_json_open_object(json, NULL);
        cli_json_text(json, "name", fettle_stage_name(stage->stage));
        cli_json_number(json, "ms", stage->took / 1000);
        cli_json_number(json, "bytes", stage->bytes);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
    cli_json_open_array(json, "notes");
    for (size_t i = 0; i < result->note_count; i++) {
        cli_json_open_object(json, NULL);
        cli_json_text(json, "slug", result->notes[i].slug);
        add_sentence(json, "message", result->notes[i].message);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
}

static void add_parts(cli_json *json, const fettle_result *result)
{
    cli_json_open_array(json, "parts");
    if (result->part[0] != '\0') {
        cli_json_open_object(json, NULL);
        cli_json_text(json, "name", result->part);
        cli_json_text(json, "version_before", result->version_before);
        cli_json_text(json, "version_after", result->version_after);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
}

static void add_partitions(cli_json *json, const fettle_result *result)
{
    cli_json_open_array(json, "partitions");
    for (size_t i = 0; i < result->partition_count; i++) {
        const fettle_partition_facts *row = &result->partitions[i];
        cli_json_open_object(json, NULL);
        cli_json_text(json, "label", row->label);
        cli_json_text(json, "type", row->type);
        cli_json_text(json, "subtype", row->subtype);
        cli_json_number(json, "address", row->address);
        cli_json_number(json, "size", row->size);
        cli_json_truth(json, "encrypted", row->is_encrypted);
        cli_json_truth(json, "started", row->is_started);
        cli_json_text(json, "content", row->content);
        cli_json_text(json, "version", row->version);
        cli_json_text(json, "project", row->project);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
}

static void add_chip(cli_json *json, const fettle_chip_facts *chip)
{
    if (chip == NULL) {
        cli_json_null(json, "chip");
        return;
    }
    cli_json_open_object(json, "chip");
    cli_json_text(json, "name", chip->name);
    cli_json_text(json, "package", chip->package);
    cli_json_text(json, "revision", chip->revision);
    cli_json_text(json, "mac", chip->mac);
    cli_json_number(json, "crystal_mhz", chip->crystal_mhz);
    cli_json_number(json, "flash_id", chip->flash_id);
    cli_json_number(json, "flash_size", chip->flash_size);
    cli_json_number(json, "baud", chip->baud);
    cli_json_truth(json, "secure_boot", chip->is_secure_boot);
    cli_json_truth(json, "flash_encryption", chip->is_encrypted);
    cli_json_truth(json, "secure_download", chip->is_secure_download);
    cli_json_close_object(json);
}

static void number_or_null(cli_json *json, const char *key, bool is_known, uint64_t value)
{
    if (is_known) {
        cli_json_number(json, key, value);
    } else {
        cli_json_null(json, key);
    }
}

static void add_carrier(cli_json *json, const fettle_carrier_view *carrier)
{
    if (carrier == NULL) {
        cli_json_null(json, "carrier");
        return;
    }
    cli_json_open_object(json, "carrier");
    cli_json_text(json, "what", carrier->what);
    cli_json_truth(json, "answers", carrier->answers);
    number_or_null(json, "hardware", carrier->has_hardware, carrier->hardware);
    number_or_null(json, "firmware", carrier->has_firmware, carrier->firmware);
    number_or_null(json, "product", carrier->has_product, carrier->product);
    cli_json_close_object(json);
}

static void add_private(cli_json *json, const char *key, const char *value)
{
    bool is_told = value[0] != '\0' && !json->is_for_others;
    cli_json_text(json, key, is_told ? value : NULL);
}

static void add_module(cli_json *json, const fettle_module_view *module)
{
    if (module == NULL) {
        cli_json_null(json, "identity");
        return;
    }
    cli_json_open_object(json, "identity");
    cli_json_text(json, "name", module->name[0] != '\0' ? module->name : NULL);
    add_private(json, "lora_mac", module->lora_mac);
    add_private(json, "sigfox_id", module->sigfox_id);
    cli_json_open_array(json, "secrets");
    for (size_t i = 0; i < module->secret_count; i++) {
        cli_json_open_object(json, NULL);
        cli_json_text(json, "name", module->secrets[i].name);
        cli_json_truth(json, "set", module->secrets[i].is_set);
        cli_json_close_object(json);
    }
    cli_json_close_array(json);
    cli_json_close_object(json);
}

/* Of a module whose radio can be set to a region. */
static void add_radio(cli_json *json, const fettle_radio_view *radio)
{
    if (radio == NULL) {
        cli_json_null(json, "radio");
        return;
    }
    cli_json_open_object(json, "radio");
    if (radio->is_known) {
        cli_json_truth(json, "there", radio->is_there);
    } else {
        cli_json_null(json, "there");
    }
    cli_json_text(json, "region", radio->region[0] != '\0' ? radio->region : NULL);
    cli_json_close_object(json);
}

/* Of what its owner had on a module. */
static void add_fates(cli_json *json, const fettle_fates_view *fates)
{
    if (fates == NULL) {
        cli_json_null(json, "kept");
        return;
    }
    cli_json_open_object(json, "kept");
    cli_json_text(json, "config", fates->config);
    cli_json_text(json, "settings", fates->settings);
    cli_json_text(json, "files", fates->files);
    cli_json_close_object(json);
}

/* A board that was refused before it had a job, or whose job never ran, has the same members, as far as they are known. */
static const fettle_result nothing_known = {
    .outcome = FETTLE_OUTCOME_REFUSED,
    .name = "",
    .port = "",
    .path = "",
    .serial = "",
    .part = "",
    .version_before = "",
    .version_after = "",
};

static const fettle_result *result_of(const cli_target *target)
{
    const fettle_result *result =
        target->job != NULL ? fettle_job_result(target->job) : &nothing_known;
    return result->outcome != FETTLE_OUTCOME_NONE ? result : &nothing_known;
}

static const char *outcome_name_of(const cli_target *target)
{
    fettle_result_outcome outcome = result_of(target)->outcome;
    bool was_cancelled = !target->is_good && target->error.code == FETTLE_E_CANCELLED;
    outcome = target->call->is_refused ? FETTLE_OUTCOME_REFUSED : outcome;
    return fettle_outcome_name(was_cancelled ? FETTLE_OUTCOME_INTERRUPTED : outcome);
}

static void add_target(cli_json *json, const char *key, const cli_target *target,
                       bool is_verbose)
{
    const fettle_result *result = result_of(target);
    const char *selector = target->selector != NULL ? target->selector : "";
    cli_json_open_object(json, key);
    cli_json_text(json, "name", result->name);
    cli_json_text(json, "port", result->port[0] != '\0' ? result->port : selector);
    cli_json_text(json, "path", result->path[0] != '\0' ? result->path : target->path);
    cli_json_text(json, "serial", result->serial);
    cli_json_text(json, "mode", fettle_mode_name(result->mode));
    add_id(json, result->id);
    add_parts(json, result);
    cli_json_text(json, "outcome", outcome_name_of(target));
    cli_json_text(json, "verified", fettle_proof_name(result->verified));
    add_wire(json, &result->wire);
    if (result->backup != NULL && result->backup[0] != '\0') {
        cli_json_text(json, "backup", result->backup);
    } else {
        cli_json_null(json, "backup");
    }
    cli_json_number(json, "repaired", result->repaired);
    if (result->chip != NULL && result->chip->has_stub) {
        cli_json_text(json, "stub", "loaded");
    } else {
        cli_json_null(json, "stub");
    }
    add_chip(json, result->chip);
    add_carrier(json, result->carrier);
    const char *about = result->module_text != NULL ? result->module_text : "";
    cli_json_text(json, "module",
                  json->is_for_others && about[0] != '\0' ? left_out : about);
    add_module(json, result->module);
    add_stages_and_notes(json, result);
    add_radio(json, result->radio);
    add_fates(json, result->fates);
    if ((target->call->args->command->verb & (CLI_VERB_INFO | CLI_VERB_BACKUP)) != 0) {
        char version[16] = "";
        if (result->bcdDFUVersion != 0) {
            snprintf(version, sizeof version, "%x.%02x",
                     (unsigned)result->bcdDFUVersion >> 8,
                     (unsigned)result->bcdDFUVersion & 0xFF);
        }
        cli_json_text(json, "dfu_version", version);
        add_memories(json, result);
        add_partitions(json, result);
    }
    cli_object_add_error(json, target->is_good ? NULL : &target->error, is_verbose);
    cli_json_close_object(json);
}

/* ---- objects ---- */

void cli_object_begin(cli_json *json, const cli_call *call, bool is_good)
{
    cli_json_open_object(json, NULL);
    cli_json_number(json, "schema", SCHEMA);
    cli_json_text(json, "verb",
                  call->args->command != NULL ? call->args->command->name : NULL);
    cli_json_truth(json, "ok", is_good);
}

void cli_object_end(cli_json *json)
{
    cli_json_close_object(json);
    cli_json_end(json);
}

static void write_refusal(FILE *out, const cli_call *call, const fettle_error *err)
{
    cli_json json = {.out = out, .is_for_others = out == call->record.report};
    bool was_cancelled = err->code == FETTLE_E_CANCELLED;
    cli_object_begin(&json, call, false);
    cli_json_text(&json, "outcome",
                  fettle_outcome_name(was_cancelled ? FETTLE_OUTCOME_INTERRUPTED
                                                    : FETTLE_OUTCOME_REFUSED));
    cli_json_text(&json, "verified", fettle_proof_name(FETTLE_PROOF_NONE));
    add_wire(&json, &(fettle_wire){0});
    cli_object_add_error(&json, err, call->ui.verbose > 0);
    add_images(&json, call);
    cli_json_open_array(&json, "boards");
    cli_json_close_array(&json);
    cli_object_end(&json);
}

void cli_object_print_refusal(cli_call *call, const fettle_error *err)
{
    if (call->args->events) {
        fettle_event event = {
            .kind = FETTLE_EVENT_FAILED, .text = err->message, .error = err};
        cli_object_print_event("", &event, call->ui.verbose > 0);
    }
    if (call->args->json) {
        write_refusal(stdout, call, err);
    }
    if (call->record.report != NULL) {
        write_refusal(call->record.report, call, err);
    }
}

/* The target that speaks for all: the first that went wrong, else the one with the weakest end. */
static const cli_target *spokesman(const cli_call *call)
{
    static const fettle_result_outcome weakest_first[] = {
        FETTLE_OUTCOME_WRITTEN, FETTLE_OUTCOME_UPDATED, FETTLE_OUTCOME_RESTORED};
    for (size_t i = 0; i < call->target_count; i++) {
        if (!call->targets[i].is_good) {
            return &call->targets[i];
        }
    }
    for (size_t k = 0; k < sizeof weakest_first / sizeof weakest_first[0]; k++) {
        for (size_t i = 0; i < call->target_count; i++) {
            if (result_of(&call->targets[i])->outcome == weakest_first[k]) {
                return &call->targets[i];
            }
        }
    }
    return &call->targets[0];
}

/* Of several boards the weakest proof is told. */
static fettle_proof weakest_proof(const cli_call *call)
{
    fettle_proof weakest = FETTLE_PROOF_READBACK;
    for (size_t i = 0; i < call->target_count; i++) {
        fettle_proof proof = result_of(&call->targets[i])->verified;
        weakest = proof < weakest ? proof : weakest;
    }
    return weakest;
}

/* Without a single board, one that was never seen is no board. */
static bool is_a_board(const cli_call *call, const cli_target *target)
{
    const fettle_result *result = result_of(target);
    return call->target_count > 1 || result->path[0] != '\0' || result->name[0] != '\0';
}

static void write_jobs(FILE *out, const cli_call *call)
{
    cli_json json = {.out = out, .is_for_others = out == call->record.report};
    const cli_target *first = spokesman(call);
    bool is_verbose = call->ui.verbose > 0;
    fettle_wire sum = {0};
    size_t boards = 0;
    for (size_t i = 0; i < call->target_count; i++) {
        const fettle_wire *wire = &result_of(&call->targets[i])->wire;
        sum.transfers += wire->transfers;
        sum.bytes_out += wire->bytes_out;
        sum.bytes_in += wire->bytes_in;
        sum.slept += wire->slept;
        boards += is_a_board(call, &call->targets[i]);
    }
    cli_object_begin(&json, call, first->is_good);
    cli_json_text(&json, "outcome", outcome_name_of(first));
    cli_json_text(&json, "verified", fettle_proof_name(weakest_proof(call)));
    cli_json_text(&json, "state_dir", call->has_store ? call->store.folder : NULL);
    add_wire(&json, &sum);
    cli_object_add_error(&json, first->is_good ? NULL : &first->error, is_verbose);
    if ((call->args->command->verb & (CLI_VERB_READ | CLI_VERB_BACKUP)) != 0) {
        cli_json_text(&json, "file", call->file);
        add_data(&json, first->is_good ? result_of(first)->data : (fettle_span){0});
    } else {
        add_images(&json, call);
    }
    cli_json_open_array(&json, "boards");
    for (size_t i = 0; i < call->target_count; i++) {
        if (is_a_board(call, &call->targets[i])) {
            add_target(&json, NULL, &call->targets[i], is_verbose);
        }
    }
    cli_json_close_array(&json);
    if (boards == 1) {
        for (size_t i = 0; i < call->target_count; i++) {
            if (is_a_board(call, &call->targets[i])) {
                add_target(&json, "board", &call->targets[i], is_verbose);
            }
        }
    }
    cli_object_end(&json);
}

void cli_object_print_jobs(cli_call *call)
{
    if (call->args->json) {
        write_jobs(stdout, call);
    }
    if (call->record.report != NULL) {
        write_jobs(call->record.report, call);
    }
}

/* ---- events ---- */

static const char *ask_name(fettle_ask ask)
{
    switch (ask) {
    case FETTLE_ASK_PLUG_IN:
        return "plug-in";
    case FETTLE_ASK_UPDATE_MODE:
        return "update-mode";
    case FETTLE_ASK_REPLUG:
        return "replug";
    case FETTLE_ASK_WIRE:
        return "wire";
    case FETTLE_ASK_UNWIRE:
        return "unwire";
    case FETTLE_ASK_NOTHING:
        break;
    }
    return "nothing";
}

void cli_object_print_event(const char *path, const fettle_event *event, bool is_verbose)
{
    cli_json json = {.out = stdout};
    cli_json_open_object(&json, NULL);
    cli_json_number(&json, "schema", SCHEMA);
    cli_json_text(&json, "event", fettle_event_name(event->kind));
    cli_json_number(&json, "at_ms", event->at / 1000);
    cli_json_text(&json, "path", path);
    cli_json_text(&json, "stage", stage_or_null(event->stage));
    cli_json_number(&json, "progress", event->progress);
    if (event->left > 0) {
        cli_json_number(&json, "left_ms", event->left / 1000);
    } else {
        cli_json_null(&json, "left_ms");
    }
    cli_json_text(&json, "text", event->text != NULL ? event->text : "");
    switch (event->kind) {
    case FETTLE_EVENT_ASK:
    case FETTLE_EVENT_ASK_OVER:
        cli_json_text(&json, "ask", ask_name(event->ask));
        cli_json_text(&json, "picture", event->picture);
        break;
    case FETTLE_EVENT_NOTE:
        cli_json_text(&json, "slug", event->slug);
        break;
    case FETTLE_EVENT_BOARD_BACK:
        cli_json_text(&json, "mode", fettle_mode_name(event->mode));
        break;
    case FETTLE_EVENT_FAILED:
        cli_object_add_error(&json, event->error, is_verbose);
        break;
    case FETTLE_EVENT_PLAN:
    case FETTLE_EVENT_STAGE:
    case FETTLE_EVENT_PROGRESS:
    case FETTLE_EVENT_WIRE:
    case FETTLE_EVENT_BOARD_LEFT:
    case FETTLE_EVENT_DONE:
        break;
    }
    cli_object_end(&json);
}
