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

static void tell_partitions(fettle_job *job)
{
    const fettle_esp_work *work = &job->engine.esp;
    const fettle_partition *started =
        work->has_table ? fettle_partitions_running(
                              &work->table, work->has_otadata ? &work->otadata : NULL)
                        : NULL;
    for (size_t i = 0; work->has_table && i < work->table.count; i++) {
        const fettle_partition *row = &work->table.rows[i];
        const fettle_esp_seen *seen = &work->seen[i];
        fettle_partition_facts *facts = &job->partitions[i];
        fettle_text_escape(facts->label, sizeof facts->label, row->label);
        fettle_partition_type_name(facts->type, sizeof facts->type, row->type);
        fettle_partition_subtype_name(facts->subtype, sizeof facts->subtype, row->type,
                                      row->subtype);
        facts->address = row->address;
        facts->size = row->size;
        facts->is_encrypted = (row->flags & FETTLE_PARTITION_ENCRYPTED) != 0;
        facts->is_started = row == started;
        facts->content =
            fettle_esp_content_name(seen->is_known ? seen->content : FETTLE_ESP_UNKNOWN);
        fettle_text_escape(facts->version, sizeof facts->version, seen->version);
        fettle_text_escape(facts->project, sizeof facts->project, seen->project);
        job->result.partition_count++;
    }
    job->result.partitions = job->partitions;
}

void fettle_result_tell_chip(fettle_job *job)
{
    const fettle_esp *esp = &job->engine.esp.esp;
    const fettle_esp_identity *identity = &esp->identity;
    fettle_chip_facts *facts = &job->chip;
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
    if (job->verb == FETTLE_VERB_SURVEY) {
        tell_partitions(job);
    }
}
