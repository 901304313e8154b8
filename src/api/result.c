/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a job: the engine's findings, the runner's counts and the notes on the way, in the
 * words of fettle.h.
 */
#include "api/job_inside.h"

#include "base/text.h"
#include "job/memories.h"

#include <assert.h>
#include <string.h>

static void write_version(char *text, size_t size, uint16_t bcdDevice)
{
    text[0] = '\0';
    if (bcdDevice != 0) {
        fettle_text_append_hex(text, size, bcdDevice >> 8, 1);
        fettle_text_append(text, size, ".");
        fettle_text_append_hex(text, size, bcdDevice & 0xFF, 2);
    }
}

static bool could_not_open(const fettle_job *job)
{
    switch (job->error.code) {
    case FETTLE_E_USB_PERMISSION:
    case FETTLE_E_USB_GROUP:
    case FETTLE_E_USB_LOGIN:
    case FETTLE_E_USB_DRIVER:
    case FETTLE_E_BOARD_BUSY:
    case FETTLE_E_BOARD_LOCKED:
        return true;
    default:
        return false;
    }
}

static fettle_result_outcome outcome_of(const fettle_job *job)
{
    static const fettle_result_outcome ends[] = {
        [FETTLE_JOB_OPEN] = FETTLE_OUTCOME_FAILED,
        [FETTLE_JOB_UPDATED] = FETTLE_OUTCOME_UPDATED,
        [FETTLE_JOB_UNCHANGED] = FETTLE_OUTCOME_UNCHANGED,
        [FETTLE_JOB_PLANNED] = FETTLE_OUTCOME_PLANNED,
        [FETTLE_JOB_READ] = FETTLE_OUTCOME_READ,
        [FETTLE_JOB_VERIFIED] = FETTLE_OUTCOME_VERIFIED,
        [FETTLE_JOB_RESET] = FETTLE_OUTCOME_RESET,
        [FETTLE_JOB_SURVEYED] = FETTLE_OUTCOME_SURVEYED,
        [FETTLE_JOB_ERASED] = FETTLE_OUTCOME_ERASED,
    };
    fettle_result_outcome if_unwritten =
        job->engine.has_written ? FETTLE_OUTCOME_FAILED : FETTLE_OUTCOME_REFUSED;
    switch (job->error.code) {
    case FETTLE_E_NONE:
        break;
    case FETTLE_E_CANCELLED:
        return FETTLE_OUTCOME_INTERRUPTED;
    case FETTLE_E_WRONG_BOARD:
    case FETTLE_E_ESP_OTHER_CHIP:
    case FETTLE_E_ESP_SECURED:
    case FETTLE_E_WRONG_REVISION:
    case FETTLE_E_FILE_OTHER_REVISION:
    case FETTLE_E_IMAGE_TOO_LARGE:
    case FETTLE_E_IMAGE_NOT_FOR_BOARD:
    case FETTLE_E_ANSWER_NEEDED:
    case FETTLE_E_DOWNLOAD_UNSUPPORTED:
    case FETTLE_E_UPLOAD_UNSUPPORTED:
    case FETTLE_E_SEVERAL_BOARDS:
    case FETTLE_E_ADDRESS_OUTSIDE:
    case FETTLE_E_ADDRESS_READ_ONLY:
    case FETTLE_E_READ_PROTECTED:
    case FETTLE_E_NO_SUCH_MEMORY:
    case FETTLE_E_WOULD_LOSE:
    case FETTLE_E_CONFIRMATION_NEEDED:
    case FETTLE_E_MEMORY_NOT_NAMED:
    case FETTLE_E_REGION_NOT_HERE:
    case FETTLE_E_BACKUP_FAILED:
    case FETTLE_E_CREDENTIALS_UNREADABLE:
    case FETTLE_E_CREDENTIALS_ONLY:
        return if_unwritten;
    default:
        return could_not_open(job) ? if_unwritten : FETTLE_OUTCOME_FAILED;
    }
    bool is_proven = job->engine.evidence != FETTLE_EVIDENCE_NONE &&
                     !fettle_job_has_flag(job, FETTLE_WISH_NO_VERIFY);
    fettle_result_outcome outcome = ends[job->engine.end];
    if (outcome != FETTLE_OUTCOME_UPDATED) {
        return outcome;
    }
    return !is_proven                         ? FETTLE_OUTCOME_WRITTEN
           : job->verb == FETTLE_VERB_RESTORE ? FETTLE_OUTCOME_RESTORED
                                              : FETTLE_OUTCOME_UPDATED;
}

/* A board that could not be opened was never the engine's; it is the one that the error is about. */
static bool is_in_the_way(const fettle_job *job)
{
    return could_not_open(job) && job->engine.sight.path[0] == '\0' &&
           job->host.sight.path[0] != '\0';
}

/* Its own word counts more than what it shows on the bus. */
static void tell_version(char *text, size_t size, const fettle_carrier_facts *facts,
                         uint16_t bcdDevice)
{
    if (facts->has_firmware) {
        text[0] = '\0';
        fettle_text_append_number(text, size, facts->firmware);
    } else {
        write_version(text, size, bcdDevice);
    }
}

/* Of a module's own firmware, where there is one: what it said, and what it was proven to hold. */
static void tell_module_version(fettle_job *job)
{
    const fettle_job_engine *engine = &job->engine;
    bool is_proven = engine->evidence >= FETTLE_EVIDENCE_HASH;
    if (engine->module.version_before[0] != '\0') {
        memcpy(job->version_before, engine->module.version_before,
               sizeof job->version_before);
    }
    if (is_proven && engine->module.version_after[0] != '\0') {
        memcpy(job->version_after, engine->module.version_after, sizeof job->version_after);
    }
}

void fettle_result_tell_board(fettle_job *job)
{
    const fettle_job_engine *engine = &job->engine;
    const fettle_sight *sight = is_in_the_way(job) ? &job->host.sight : &engine->sight;
    fettle_result *result = &job->result;
    fettle_text_escape(job->serial, sizeof job->serial, sight->serial);
    tell_version(job->version_before, sizeof job->version_before,
                 &engine->carrier_facts[false], engine->version_before);
    tell_version(job->version_after, sizeof job->version_after,
                 &engine->carrier_facts[true], engine->version_after);
    tell_module_version(job);
    result->name = job->engine.plan != NULL ? fettle_job_board_name(&job->engine)
                                            : job->plan.row->name;
    result->path = sight->path[0] != '\0' ? sight->path : job->plan.path;
    result->port = sight->node[0] != '\0' ? sight->node : result->path;
    result->serial = job->serial;
    result->part = job->plan.row->carries_module ? "shield"
                   : job->plan.row->is_wired     ? "module"
                                                 : "main";
    result->mode =
        is_in_the_way(job) ? fettle_board_mode_of(job->plan.row, sight->id) : engine->mode;
    result->id = sight->id;
    result->version_before = job->version_before;
    result->version_after = job->version_after;
}

/* A DfuSe memory's map, as it was mended where its string is known to lie. */
static void tell_zones(fettle_job *job, fettle_memory_facts *memory)
{
    const fettle_target *target = &job->engine.target;
    for (size_t i = 0; i < target->memory_count; i++) {
        const fettle_memory_map *map = &target->memories[i].map;
        if (target->memories[i].alternate != memory->alternate) {
            continue;
        }
        memory->size = (size_t)fettle_memory_map_size(map);
        memory->zones = &job->zones[job->zone_count];
        for (size_t z = 0; z < map->zone_count && job->zone_count < ZONES_MAX; z++) {
            const fettle_zone *zone = &map->zones[z];
            job->zones[job->zone_count++] = (fettle_zone_facts){
                .address = zone->address,
                .page_size = zone->page_size,
                .page_count = zone->page_count,
                .can_read = zone->can_read,
                .can_erase = zone->can_erase,
                .can_write = zone->can_write,
            };
            memory->zone_count++;
        }
    }
}

static void tell_memories(fettle_job *job)
{
    const fettle_dfu_interface *interface = job->engine.interface;
    const fettle_board_row *row = job->plan.row;
    if (job->verb != FETTLE_VERB_SURVEY || interface == NULL) {
        return;
    }
    job->result.bcdDFUVersion = interface->bcdDFUVersion;
    job->result.commands =
        (fettle_span){job->engine.dfuse.commands, job->engine.dfuse.count};
    for (size_t i = 0; i < interface->alternate_count && i < FETTLE_JOB_MEMORIES_MAX; i++) {
        fettle_memory_facts *memory = &job->memories[i];
        char name[FETTLE_TEXT_SIZE];
        fettle_job_memory_name(&job->engine, i, name, sizeof name);
        fettle_text_escape(memory->name, sizeof memory->name, name);
        memory->alternate = interface->alternates[i];
        memory->size = row->memory.size;
        tell_zones(job, memory);
        memory->transfer_size =
            fettle_dfu_transfer_size(interface, job->engine.descriptors.bMaxPacketSize0);
        memory->can_write = (interface->bmAttributes & FETTLE_DFU_CAN_DNLOAD) != 0;
        memory->can_read = (interface->bmAttributes & FETTLE_DFU_CAN_UPLOAD) != 0;
        job->result.memory_count++;
    }
    job->result.memories = job->memories;
}

static void tell_stages(fettle_job *job)
{
    for (int stage = FETTLE_STAGE_FIND; stage < FETTLE_STAGE_COUNT; stage++) {
        const fettle_run_stage *seen = &job->run.stages[stage];
        if (seen->took > 0 || seen->bytes > 0) {
            job->stages[job->result.stage_count++] = (fettle_stage_record){
                .stage = (fettle_stage)stage, .took = seen->took, .bytes = seen->bytes};
        }
    }
    job->result.stages = job->stages;
}

static void tell_notes(fettle_job *job)
{
    const fettle_observed *observed = &job->engine.observed;
    for (size_t i = 0; i < observed->note_count; i++) {
        job->notes[i] =
            (fettle_note_record){.slug = fettle_note_slug(observed->notes[i].code),
                                 .message = observed->notes[i].message};
    }
    job->result.note_count = observed->note_count;
    job->result.notes = job->notes;
}

void fettle_result_make(fettle_job *job)
{
    static_assert((int)FETTLE_PROOF_READBACK == (int)FETTLE_EVIDENCE_READBACK &&
                      (int)FETTLE_PROOF_MANIFEST == (int)FETTLE_EVIDENCE_MANIFEST,
                  "one order of proofs");
    fettle_result *result = &job->result;
    result->error = job->error.code != FETTLE_E_NONE ? &job->error : NULL;
    result->outcome = outcome_of(job);
    result->verified = (fettle_proof)job->engine.evidence;
    result->repaired = job->engine.repaired;
    result->wire = (fettle_wire){.transfers = job->run.transfers,
                                 .bytes_out = job->run.bytes_out,
                                 .bytes_in = job->run.bytes_in,
                                 .slept = job->run.slept};
    if (job->verb == FETTLE_VERB_READ || job->verb == FETTLE_VERB_BACKUP) {
        result->data = (fettle_span){job->buffer, job->engine.count};
    }
    fettle_result_tell_board(job);
    tell_memories(job);
    fettle_result_tell_chip(job);
    tell_stages(job);
    tell_notes(job);
}
