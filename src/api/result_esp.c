/* SPDX-License-Identifier: Apache-2.0 */
/* What an ESP chip has told of itself, in the words of fettle.h. */
#include "api/job_inside.h"
#include "base/text.h"

#include <string.h>

static void write_revision(char *text, size_t size, const fettle_esp_identity *identity)
{
    text[0] = '\0';
    if (identity->has_revision) {
        fettle_text_append_number(text, size, identity->revision / 100u);
        fettle_text_append(text, size, ".");
        fettle_text_append_number(text, size, identity->revision % 100u);
    }
}

static void write_mac(char *text, size_t size, const fettle_esp_identity *identity)
{
    text[0] = '\0';
    for (size_t i = 0; identity->has_mac && i < sizeof identity->mac; i++) {
        fettle_text_append(text, size, i > 0 ? ":" : "");
        fettle_text_append_hex(text, size, identity->mac[i], 2);
    }
}

static const fettle_partition *find_started(const fettle_esp_work *work)
{
    fettle_esp_board board;
    fettle_module_look look;
    if (!work->has_table) {
        return NULL;
    }
    if (fettle_esp_work_see(work, &board, &look)) {
        return work->module->started(&look); /* of this very table */
    }
    return fettle_partitions_running(&work->table,
                                     work->has_otadata ? &work->otadata : NULL);
}

static const char *name_content(const fettle_esp_work *work, const fettle_partition *row,
                                const fettle_esp_seen *seen)
{
    bool is_outside = work->esp.flash_size != 0 && row->address >= work->esp.flash_size;
    return is_outside       ? "outside"
           : seen->is_known ? fettle_esp_content_name(seen->content)
                            : fettle_esp_content_name(FETTLE_ESP_UNKNOWN);
}

/* A backup has all of it. */
static void see_in_copy(const fettle_job *job, const fettle_partition *row,
                        fettle_esp_seen *seen)
{
    fettle_esp_image image;
    uint64_t end = (uint64_t)row->address + row->size;
    if (job->verb != FETTLE_VERB_BACKUP || end > job->engine.count || row->size == 0) {
        return;
    }
    seen->is_known = true;
    seen->content =
        fettle_esp_content_of((fettle_span){job->buffer + row->address, row->size}, &image);
    memcpy(seen->version, image.version, sizeof seen->version);
    memcpy(seen->project, image.project, sizeof seen->project);
}

static void tell_partitions(fettle_job *job)
{
    const fettle_esp_work *work = &job->engine.esp;
    const fettle_partition *started = find_started(work);
    job->result.partition_count = 0;
    for (size_t i = 0; work->has_table && i < work->table.count; i++) {
        const fettle_partition *row = &work->table.rows[i];
        fettle_esp_seen seen = work->seen[i];
        see_in_copy(job, row, &seen);
        fettle_partition_facts *facts = &job->partitions[i];
        fettle_text_escape(facts->label, sizeof facts->label, row->label);
        fettle_partition_type_name(facts->type, sizeof facts->type, row->type);
        fettle_partition_subtype_name(facts->subtype, sizeof facts->subtype, row->type,
                                      row->subtype);
        facts->address = row->address;
        facts->size = row->size;
        facts->is_encrypted = (row->flags & FETTLE_PARTITION_ENCRYPTED) != 0;
        facts->is_started = row == started;
        facts->content = name_content(work, row, &seen);
        fettle_text_escape(facts->version, sizeof facts->version, seen.version);
        fettle_text_escape(facts->project, sizeof facts->project, seen.project);
        job->result.partition_count++;
    }
    job->result.partitions = job->partitions;
}

/* What the module sits on. */
static void tell_carrier(fettle_job *job)
{
    const fettle_job_engine *engine = &job->engine;
    const fettle_esp_work *work = &engine->esp;
    const fettle_carrier_ops *carrier =
        work->carrier != NULL ? work->carrier : engine->carrier_known;
    fettle_carrier_facts facts = engine->carrier_facts[true].has_firmware
                                     ? engine->carrier_facts[true]
                                     : engine->carrier_facts[false];
    if (carrier == NULL) {
        return;
    }
    if (work->carrier != NULL) {
        work->carrier->tell(work->carrier_room, &facts);
    }
    job->carrier = (fettle_carrier_view){
        .what = carrier->name,
        .answers = facts.answers,
        .has_hardware = facts.has_hardware,
        .has_firmware = facts.has_firmware,
        .has_product = facts.has_product,
        .hardware = facts.hardware,
        .firmware = facts.firmware,
        .product = facts.product,
    };
    job->result.carrier = &job->carrier;
}

static void tell_module(fettle_job *job)
{
    const fettle_esp_work *work = &job->engine.esp;
    fettle_esp_board board;
    fettle_module_look look;
    if (fettle_esp_work_see(work, &board, &look)) {
        work->module->summarise(&look, job->about_module, sizeof job->about_module);
    }
}

/* The range as it is at the end: what was written is right, or there would have been an error. */
static void take_new_range(const fettle_job *job, fettle_module_look *look)
{
    const fettle_esp_layout *layout = &job->engine.layout;
    bool is_changed = job->engine.end == FETTLE_JOB_UPDATED;
    for (size_t i = 0; is_changed && i < layout->count; i++) {
        if (layout->pieces[i].address == job->engine.esp.ranges[0].address) {
            look->ranges[0] = layout->pieces[i].data;
        }
    }
}

static void tell_radio(fettle_job *job)
{
    const fettle_esp_work *work = &job->engine.esp;
    fettle_esp_board board;
    fettle_module_look look;
    fettle_module_radio radio = {.is_known = false};
    if (!fettle_esp_work_see(work, &board, &look) || work->module->radio == NULL) {
        return;
    }
    look.name = job->plan.row != &fettle_board_esp ? job->plan.row->id : NULL;
    look.remembered = work->esp.identity.has_mac
                          ? fettle_memory_recall_module(job, work->esp.identity.mac)
                          : NULL;
    take_new_range(job, &look);
    work->module->radio(&look, &radio);
    job->radio = (fettle_radio_view){radio.is_known, radio.is_there,
                                     radio.region != NULL ? radio.region : ""};
    job->result.radio = &job->radio;
}

/* Which it is: as it was named, else as it was remembered by its MAC. */
static const char *name_module(fettle_job *job)
{
    const fettle_esp_identity *identity = &job->engine.esp.esp.identity;
    const fettle_board_row *row = job->plan.row;
    if (row->is_wired && row != &fettle_board_esp) {
        return row->name;
    }
    const char *id =
        identity->has_mac ? fettle_memory_recall_module(job, identity->mac) : NULL;
    row = id != NULL ? fettle_vendors_find_name(job->context->vendors, id, NULL) : NULL;
    return row != NULL ? row->name : "";
}

static void tell_ids(fettle_job *job)
{
    const fettle_esp_work *work = &job->engine.esp;
    fettle_esp_board board;
    fettle_module_look look;
    fettle_module_ids *ids = &job->ids;
    if (!fettle_esp_work_see(work, &board, &look)) {
        return;
    }
    take_new_range(job, &look);
    *ids = (fettle_module_ids){.secret_count = 0};
    if (work->module->identify != NULL) {
        work->module->identify(&look, ids);
    }
    for (size_t i = 0; i < ids->secret_count; i++) {
        job->secrets[i] =
            (fettle_module_secret){ids->secrets[i].name, ids->secrets[i].is_set};
    }
    job->module = (fettle_module_view){
        .name = name_module(job),
        .lora_mac = ids->lora_mac,
        .sigfox_id = ids->sigfox_id,
        .secret_count = ids->secret_count,
        .secrets = job->secrets,
    };
    job->result.module = &job->module;
}

static const char *name_fate(fettle_fate fate)
{
    static const char *const names[] = {
        [FETTLE_FATE_UNKNOWN] = NULL,        [FETTLE_FATE_KEPT] = "kept",
        [FETTLE_FATE_ERASED] = "erased",     [FETTLE_FATE_REPLACED] = "replaced",
        [FETTLE_FATE_RESTORED] = "restored",
    };
    return names[fate];
}

/* A restore is about all of the flash: there is nothing beside it that could be kept. */
static void tell_fates(fettle_job *job)
{
    const fettle_job_engine *engine = &job->engine;
    const fettle_module_fates *fates = &engine->module.work.fates;
    bool has_come_through =
        engine->end == FETTLE_JOB_UPDATED || engine->end == FETTLE_JOB_UNCHANGED;
    if (engine->esp.module == NULL || !has_come_through) {
        return;
    }
    job->fates = (fettle_fates_view){
        .config = name_fate(fates->irreplaceable),
        .settings = name_fate(fates->settings),
        .files = name_fate(fates->files),
    };
    job->result.fates = &job->fates;
}

void fettle_result_tell_chip(fettle_job *job)
{
    const fettle_esp *esp = &job->engine.esp.esp;
    const fettle_esp_identity *identity = &esp->identity;
    fettle_chip_facts *facts = &job->chip;
    job->result.backup = job->backup;
    job->result.module_text = job->about_module;
    tell_carrier(job);
    if (identity->chip == NULL) {
        return;
    }
    *facts = (fettle_chip_facts){
        .name = identity->chip->name,
        .package = identity->package_name != NULL ? identity->package_name : "",
        .crystal_mhz = identity->crystal_mhz,
        .flash_id = esp->flash_id,
        .flash_size = esp->flash_size,
        .baud = job->engine.esp.baud,
        .is_secure_boot = identity->is_secure_boot,
        .is_encrypted = identity->is_encrypted,
        .is_secure_download = identity->is_secure_download,
        .has_stub = job->engine.esp.used_stub,
    };
    write_revision(facts->revision, sizeof facts->revision, identity);
    write_mac(facts->mac, sizeof facts->mac, identity);
    job->result.chip = facts;
    if (job->verb == FETTLE_VERB_SURVEY || job->verb == FETTLE_VERB_BACKUP) {
        tell_partitions(job);
        tell_module(job);
    }
    if (job->verb == FETTLE_VERB_SURVEY || job->verb == FETTLE_VERB_UPDATE ||
        job->verb == FETTLE_VERB_BACKUP) {
        tell_radio(job);
        tell_ids(job);
    }
    if (job->verb == FETTLE_VERB_UPDATE) {
        tell_fates(job);
    }
}
