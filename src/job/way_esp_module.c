/* SPDX-License-Identifier: Apache-2.0 */
/* See way_esp_module.h. */
#include "job/way_esp_module.h"

#include "base/text.h"
#include "job/script.h"

#include <assert.h>
#include <string.h>

const fettle_carrier_ops *fettle_module_meet_carrier(fettle_job_engine *job)
{
    for (size_t i = 0; i < job->vendors.count; i++) {
        const fettle_carrier_ops *carrier = job->vendors.list[i]->carrier;
        if (carrier != NULL && carrier->is_one(job->sight.id)) {
            memset(&job->carrier_room, 0, sizeof job->carrier_room);
            carrier->init(&job->carrier_room, job->sight.id);
            return carrier;
        }
    }
    return NULL;
}

/* Nobody but a module's own vendor knows what may be typed there; and only an update is worth the second that it may take. */
const fettle_module_ops *fettle_module_console(const fettle_job_engine *job)
{
    const fettle_plan *plan = job->plan;
    const fettle_module_ops *ops = plan->vendor != NULL ? plan->vendor->modules : NULL;
    bool is_update = plan->kind == FETTLE_TASK_UPDATE && plan->image != NULL &&
                     !plan->is_dry && !plan->is_restore;
    bool is_first = job->tries == 0 && !job->has_written;
    return is_update && is_first && ops != NULL && ops->greeting != NULL ? ops : NULL;
}

/* By the backup that is to be put back. */
static bool is_in_backup(const fettle_plan *plan, const fettle_module_ops *ops,
                         const fettle_esp_board *board)
{
    fettle_partitions table;
    fettle_esp_board restored = *board;
    restored.table = &table;
    return fettle_restore_table(plan, board->flash_size, &table) && ops->is_one(&restored);
}

/* By what was kept of this very chip. */
static bool was_kept(const fettle_job_engine *job, const fettle_module_ops *ops,
                     const fettle_esp_board *board)
{
    uint8_t bytes[FETTLE_MODULE_KEPT_MAX];
    fettle_module_range ranges[FETTLE_MODULE_RANGES_MAX];
    const fettle_esp_identity *identity = &job->esp.esp.identity;
    return job->recall_kept != NULL && identity->has_mac && ops->read(board, ranges) > 0 &&
           ranges[0].size <= sizeof bytes &&
           (uint64_t)ranges[0].address + ranges[0].size <= board->flash_size &&
           job->recall_kept(job->keep_user, identity->mac, bytes, ranges[0].size);
}

/* A module whose table is lost still has what can't be replaced. */
static bool is_one(const fettle_job_engine *job, const fettle_vendor *vendor,
                   const fettle_esp_board *board)
{
    const fettle_module_ops *ops = vendor->modules;
    if (ops == NULL) {
        return false;
    }
    return ops->is_one(board) ||
           (job->esp.carrier != NULL && job->esp.carrier == vendor->carrier) ||
           is_in_backup(job->plan, ops, board) || was_kept(job, ops, board);
}

static bool covers(uint64_t address, uint64_t size, const fettle_module_range *range)
{
    return address < (uint64_t)range->address + range->size &&
           address + size > range->address;
}

/* May what is asked for change these bytes? An application without an address goes to a slot. */
static bool may_touch(const fettle_plan *plan, const fettle_module_range *range)
{
    const fettle_image *image = plan->image;
    if (plan->kind == FETTLE_TASK_ERASE || plan->mass_erases || plan->is_restore) {
        return true;
    }
    bool is_update = plan->kind == FETTLE_TASK_UPDATE && image != NULL;
    for (size_t i = 0; is_update && i < image->region_count; i++) {
        const fettle_region *region = &image->regions[i];
        bool has_address = region->has_address || plan->has_address;
        uint32_t address = region->has_address ? region->address : plan->address;
        if (has_address ? covers(address, region->data.size, range)
                        : plan->memory[0] != '\0') {
            return true;
        }
    }
    return false;
}

/* Nothing shows whose board it is, but what can't be replaced may be there all the same. */
static const fettle_module_ops *find_candidate(fettle_job_engine *job,
                                               const fettle_esp_board *board)
{
    fettle_module_range ranges[FETTLE_MODULE_RANGES_MAX];
    for (size_t i = 0; i < job->vendors.count; i++) {
        const fettle_module_ops *ops = job->vendors.list[i]->modules;
        if (ops != NULL && ops->may_be_one(board) && ops->read(board, ranges) > 0 &&
            may_touch(job->plan, &ranges[0])) {
            job->esp.is_candidate = true;
            return ops;
        }
    }
    return NULL;
}

/* A package says whose module it is for, also where the flash is blank. */
const fettle_module_ops *fettle_module_find(void *user, const fettle_esp_board *board)
{
    fettle_job_engine *job = user;
    const fettle_plan *plan = job->plan;
    bool is_named = plan->vendor != NULL && plan->vendor->modules != NULL &&
                    plan->row->protocol == FETTLE_PROTOCOL_ESP;
    if (is_named) {
        return plan->vendor->modules;
    }
    for (size_t i = 0; i < job->vendors.count; i++) {
        if (is_one(job, job->vendors.list[i], board)) {
            return job->vendors.list[i]->modules;
        }
    }
    return find_candidate(job, board);
}

bool fettle_module_is_one(const fettle_job_engine *job)
{
    return job->esp.module != NULL;
}

/* ---- what is known of it ---- */

/* An update that was cut off may have left the board without a table, or with a part of one: then the one that was kept says what was where. */
static const fettle_partitions *table_before(fettle_job_engine *job)
{
    uint8_t bytes[FETTLE_TABLE_SIZE];
    fettle_partitions *table = &job->module.table_before;
    const fettle_esp_identity *identity = &job->esp.esp.identity;
    fettle_error ignored;
    bool is_kept = !job->module.board.is_unreadable && identity->has_mac &&
                   job->recall_table != NULL &&
                   job->recall_table(job->keep_user, identity->mac, bytes, sizeof bytes);
    return is_kept && fettle_partitions_read(table, (fettle_span){bytes, sizeof bytes},
                                             FETTLE_TABLE_ADDRESS, &ignored)
               ? table
               : NULL;
}

void fettle_module_look_at(fettle_job_engine *job)
{
    fettle_module_look *seen = &job->module.look;
    const fettle_esp_work *work = &job->esp;
    const uint8_t *mac = work->esp.identity.mac;
    (void)fettle_esp_work_see(work, &job->module.board, seen);
    seen->table_before = table_before(job);
    seen->name = job->plan->row != &fettle_board_esp ? job->plan->row->id : NULL;
    seen->is_said = job->module_is_said && seen->name != NULL;
    if (work->esp.identity.has_mac && job->recall_module != NULL) {
        seen->remembered = job->recall_module(job->keep_user, mac);
    }
    size_t size = work->range_count > 0 ? work->ranges[0].size : 0;
    if (work->esp.identity.has_mac && job->recall_kept != NULL && size > 0 &&
        size <= sizeof job->module.kept &&
        job->recall_kept(job->keep_user, mac, job->module.kept, size)) {
        seen->kept = (fettle_span){job->module.kept, size};
    }
}

/* ---- lay out ---- */

void fettle_module_free(fettle_job_engine *job)
{
    fettle_module_work *work = &job->module.work;
    while (work->owned_count > 0) {
        job->memory->give(work->owned[--work->owned_count]);
    }
}

static bool lay_out_file(fettle_job_engine *job, const fettle_esp_board *board,
                         const fettle_module_wishes *wishes, fettle_error *err)
{
    const fettle_image *image = job->plan->image;
    job->layout.count = 0;
    if (image == NULL) {
        return true; /* it is about the module's radio */
    }
    if (image->package == NULL) {
        return fettle_esp_layout_make(&job->layout, job->plan, board, &job->observed, err);
    }
    assert(job->esp.module != NULL); /* a package's vendor has modules */
    return job->esp.module->lay_out(image, &job->module.look, wishes, &job->module.work,
                                    job->memory, &job->observed, err);
}

/* The version of the application that will start, if the layout brings it. */
static void find_version(fettle_job_engine *job)
{
    const fettle_module_work *work = &job->module.work;
    const fettle_module_ops *ops = job->esp.module;
    char *version = job->module.version_after;
    version[0] = '\0';
    for (size_t i = 0; work->brings_start && i < job->layout.count; i++) {
        const fettle_esp_piece *piece = &job->layout.pieces[i];
        uint64_t end = (uint64_t)piece->address + piece->data.size;
        if (piece->address > work->start || end <= work->start) {
            continue;
        }
        size_t from = work->start - piece->address;
        fettle_span rest = {piece->data.data + from, piece->data.size - from};
        if (ops->version == NULL || !ops->version(rest, version)) {
            version[0] = '\0';
        }
        return;
    }
}

/* A region needs a radio. */
static bool check_radio(const fettle_job_engine *job, const fettle_esp_board *board,
                        fettle_error *err)
{
    char text[160];
    const fettle_module_ops *module = job->esp.module;
    if (job->plan->region[0] == '\0' || (module != NULL && module->radio != NULL)) {
        return true;
    }
    fettle_words_render(text, sizeof text,
                        "this {board} is no module that is known, so it has no region; if "
                        "it is one, name it with --module",
                        &(fettle_words){.board = board->chip});
    fettle_error_set(err, FETTLE_E_REGION_NOT_HERE, &(fettle_words){.text = text});
    return false;
}

static void count_erased(fettle_fate *fate)
{
    *fate = *fate == FETTLE_FATE_KEPT ? FETTLE_FATE_ERASED : *fate;
}

/* All goes but what can't be replaced, and what the layout brings. */
static void count_mass_erase(fettle_job_engine *job)
{
    if (job->plan->mass_erases) {
        count_erased(&job->module.work.fates.settings);
        count_erased(&job->module.work.fates.files);
    }
}

static bool is_mac(const fettle_job_engine *job, const uint8_t mac[6])
{
    const fettle_esp_identity *identity = &job->esp.esp.identity;
    return identity->has_mac && memcmp(mac, identity->mac, sizeof identity->mac) == 0;
}

/* What an earlier try has done away with isn't kept because this one leaves it alone. */
static void outlast(fettle_fate *fate, fettle_fate before)
{
    bool is_done = before == FETTLE_FATE_ERASED || before == FETTLE_FATE_REPLACED ||
                   before == FETTLE_FATE_RESTORED;
    bool is_weaker = *fate == FETTLE_FATE_KEPT || *fate == FETTLE_FATE_UNKNOWN;
    *fate = is_done && is_weaker ? before : *fate;
}

static void keep_fates(fettle_job_engine *job, const fettle_module_fates *before)
{
    fettle_module_fates *fates = &job->module.work.fates;
    if (job->has_written && is_mac(job, job->module.fates_mac)) {
        outlast(&fates->irreplaceable, before->irreplaceable);
        outlast(&fates->settings, before->settings);
        outlast(&fates->files, before->files);
    }
    memcpy(job->module.fates_mac, job->esp.esp.identity.mac, sizeof job->module.fates_mac);
}

/* In a later try another module may sit there, which nobody has asked. */
static void take_version(fettle_job_engine *job)
{
    char *version = job->module.version_before;
    if (job->esp.version[0] != '\0') {
        memcpy(version, job->esp.version, sizeof job->module.version_before);
        memcpy(job->module.version_mac, job->esp.esp.identity.mac,
               sizeof job->module.version_mac);
    } else if (version[0] != '\0' && !is_mac(job, job->module.version_mac)) {
        version[0] = '\0';
    }
}

bool fettle_module_lay_out(fettle_job_engine *job, const fettle_esp_board *board,
                           fettle_error *err)
{
    const fettle_plan *plan = job->plan;
    const fettle_module_wishes wishes = {
        .region = plan->region[0] != '\0' ? plan->region : NULL,
        .erases_files = plan->erases_files,
        .erases_settings = plan->erases_settings,
        .names_slot = plan->memory[0] != '\0' || plan->has_address,
        .agrees_to_loss = plan->kind != FETTLE_TASK_UPDATE || plan->is_dry ||
                          plan->writes_special || plan->mass_erases,
    };
    const fettle_module_fates fates = job->module.work.fates;
    fettle_module_free(job);
    job->module.work = (fettle_module_work){.layout = &job->layout};
    job->module.brings_own = false;
    job->module.version_after[0] = '\0';
    take_version(job);
    if (job->esp.module != NULL) {
        fettle_module_look_at(job);
    }
    if (plan->is_restore) {
        return fettle_restore_lay_out(job, board, err);
    }
    if (!lay_out_file(job, board, &wishes, err) || !check_radio(job, board, err)) {
        return false;
    }
    if (job->esp.module == NULL) {
        return true;
    }
    if (!job->esp.module->complete(&job->module.look, &wishes, &job->module.work,
                                   job->memory, &job->observed, err)) {
        return false;
    }
    find_version(job);
    count_mass_erase(job);
    keep_fates(job, &fates);
    return true;
}

/* ---- the end ---- */

static void note_version(fettle_job_engine *job)
{
    const char *before = job->module.version_before, *after = job->module.version_after;
    if (before[0] != '\0' && after[0] != '\0' && !fettle_text_is_equal(before, after)) {
        fettle_note_add(&job->observed, FETTLE_NOTE_VERSION_CHANGED,
                        &(fettle_words){.text = before, .text2 = after});
    }
}

static void add_kept(char *text, size_t size, fettle_fate fate, const char *name)
{
    if (fate == FETTLE_FATE_KEPT) {
        fettle_text_append(text, size, text[0] != '\0' ? ", " : "");
        fettle_text_append(text, size, name);
    }
}

static void note_kept(fettle_job_engine *job)
{
    const fettle_module_fates *fates = &job->module.work.fates;
    char text[120] = "";
    add_kept(text, sizeof text, fates->irreplaceable, fates->name);
    add_kept(text, sizeof text, fates->settings, "settings (NVS)");
    add_kept(text, sizeof text, fates->files, "file system");
    if (text[0] != '\0') {
        fettle_note_add(&job->observed, FETTLE_NOTE_KEPT, &(fettle_words){.text = text});
    }
}

/* What isn't proven isn't told as a version; what was not touched was kept all the same. */
void fettle_module_note_end(fettle_job_engine *job)
{
    bool is_update = job->plan->kind == FETTLE_TASK_UPDATE && job->has_written;
    bool is_about_radio = job->plan->image == NULL; /* then nobody fears for the rest */
    if (!is_update || is_about_radio || job->esp.module == NULL) {
        return;
    }
    if (fettle_script_is_proven(job)) {
        note_version(job);
    }
    note_kept(job);
}

/* ---- back up ---- */

/* In an earlier try: of this one, for another may sit there by now. */
static bool is_kept(const fettle_job_engine *job)
{
    const fettle_esp_identity *identity = &job->esp.esp.identity;
    return job->module.was_kept &&
           memcmp(job->module.kept_mac, identity->mac, sizeof identity->mac) == 0;
}

/* An earlier try, cut off, has left the beginning of what is to be written now. */
static bool is_part_of_new_table(const fettle_job_engine *job)
{
    const uint8_t *now = job->esp.bytes_of_table;
    bool differs = false;
    for (size_t i = 0; i < job->layout.count; i++) {
        const fettle_esp_piece *piece = &job->layout.pieces[i];
        uint64_t end = (uint64_t)piece->address + piece->data.size;
        if (piece->address > FETTLE_TABLE_ADDRESS || end <= FETTLE_TABLE_ADDRESS) {
            continue;
        }
        for (size_t k = 0; k < FETTLE_TABLE_SIZE; k++) {
            size_t at = FETTLE_TABLE_ADDRESS - piece->address + k;
            uint8_t wanted = at < piece->data.size ? piece->data.data[at] : 0xFF;
            if (now[k] != wanted && now[k] != 0xFF) {
                return false;
            }
            differs = differs || now[k] != wanted;
        }
    }
    return differs;
}

/* What a person has restored is found first from now on, also where its write is cut off. */
static fettle_span agreed_range(const fettle_job_engine *job)
{
    const fettle_module_range *range = &job->esp.ranges[0];
    for (size_t i = 0; job->module.brings_own && i < job->layout.count; i++) {
        const fettle_esp_piece *piece = &job->layout.pieces[i];
        if (piece->address == range->address && piece->data.size == range->size) {
            return piece->data;
        }
    }
    return (fettle_span){.size = 0};
}

bool fettle_module_back_up(fettle_job_engine *job, fettle_error *err)
{
    const fettle_plan *plan = job->plan;
    bool changes = plan->kind == FETTLE_TASK_UPDATE || plan->kind == FETTLE_TASK_ERASE;
    if (job->esp.module == NULL || !changes || plan->is_dry || is_kept(job)) {
        return true;
    }
    if (plan->needs_no_backup) {
        fettle_note_add(&job->observed, FETTLE_NOTE_NO_BACKUP, NULL);
        return true;
    }
    fettle_module_look_at(job);
    job->observed.stage = FETTLE_STAGE_BACKUP;
    const fettle_module_look *seen = &job->module.look;
    if (seen->ranges[0].size == 0 || !job->esp.esp.identity.has_mac) {
        fettle_error_set(err, FETTLE_E_CREDENTIALS_UNREADABLE, NULL);
        return false;
    }
    fettle_module_keepsake what = {
        .mac = seen->mac,
        .address = job->esp.ranges[0].address,
        .bytes = seen->ranges[0],
        .table = job->esp.has_table
                     ? (fettle_span){job->esp.bytes_of_table, FETTLE_TABLE_SIZE}
                     : (fettle_span){NULL, 0},
        .is_part_of_table = job->esp.has_table && is_part_of_new_table(job),
        .is_worth_it = job->esp.module->is_worth_keeping(seen),
        .is_beside = plan->is_restore && seen->kept.size > 0,
        .is_other = job->esp.module->has_others(seen),
        .agreed = agreed_range(job),
    };
    fettle_module_look first = *seen;
    first.ranges[0] = what.agreed.size > 0 ? what.agreed : seen->ranges[0];
    job->esp.module->summarise(&first, what.summary, sizeof what.summary);
    if (job->keep == NULL) {
        fettle_error_set(err, FETTLE_E_BACKUP_FAILED,
                         &(fettle_words){.text = "there is no place for it"});
        return false;
    }
    job->module.was_kept = job->keep(job->keep_user, &what, err);
    memcpy(job->module.kept_mac, seen->mac, sizeof job->module.kept_mac);
    return job->module.was_kept;
}

/* ---- erase ---- */

/* The rest of one range on both sides of another one, in whole sectors. */
static size_t cut(const fettle_module_range *all, uint64_t from, uint64_t to,
                  fettle_module_range out[FETTLE_ERASE_RANGES_MAX])
{
    size_t count = 0;
    uint64_t begin = all->address, end = begin + all->size;
    if (to <= begin || from >= end) {
        out[count++] = *all;
        return count;
    }
    if (from > begin) {
        out[count++] = (fettle_module_range){all->address, (uint32_t)(from - begin)};
    }
    if (to < end) {
        out[count++] = (fettle_module_range){(uint32_t)to, (uint32_t)(end - to)};
    }
    return count;
}

void fettle_module_spare(fettle_job_engine *job)
{
    fettle_module_range all = {job->read_address, job->read_size};
    job->erase_ranges[0] = all;
    job->erase_range_count = 1;
    if (job->esp.module == NULL || job->esp.range_count == 0) {
        return;
    }
    const fettle_module_range *kept = &job->esp.ranges[0];
    uint64_t from = kept->address, to = from + kept->size;
    bool touches = from < (uint64_t)all.address + all.size && to > all.address;
    if (!touches) {
        return;
    }
    bool gives_up = job->plan->gives_up_credentials;
    fettle_note_add(&job->observed,
                    gives_up ? FETTLE_NOTE_CREDENTIALS_GIVEN_UP
                             : FETTLE_NOTE_CREDENTIALS_KEPT,
                    &(fettle_words){.address = kept->address});
    if (!gives_up) {
        job->erase_range_count = cut(&all, from, to, job->erase_ranges);
    }
}
