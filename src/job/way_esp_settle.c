/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What will be done to an ESP board, once all that can be asked is known: every refusal, where each piece of the file goes, which ranges are
 * erased or read, and the copy of what can't be replaced. Nothing of the board was changed before.
 */
#include "job/way_esp_settle.h"
#include "job/script.h"
#include "job/way_esp_module.h"

/* What the chip's eFuses say can't be taken back, so a mistake would be the
 * board's last. */
static bool check_security(const fettle_job_engine *job, fettle_error *err)
{
    const fettle_esp_identity *identity = &job->esp.esp.identity;
    const char *text = NULL;
    bool writes =
        job->plan->kind == FETTLE_TASK_UPDATE || job->plan->kind == FETTLE_TASK_ERASE;
    if (!writes || job->plan->is_dry) {
        return true;
    }
    if (identity->refuses_plain ||
        (identity->is_encrypted && job->plan->kind == FETTLE_TASK_UPDATE)) {
        text = "its flash is encrypted: what is written as it is would never start";
    } else if (job->plan->kind == FETTLE_TASK_ERASE &&
               (identity->is_encrypted || identity->is_secure_boot)) {
        text = "secure boot or flash encryption is on, and an erase may leave it dead";
    }
    if (text != NULL) {
        fettle_error_set(err, FETTLE_E_ESP_SECURED, &(fettle_words){.text = text});
    }
    return text == NULL;
}

/* The digest of secure boot's first version lies in front of the table, and
 * nobody can make it anew. */
static bool check_digest(const fettle_job_engine *job, fettle_error *err)
{
    if (!job->esp.esp.identity.is_secure_boot_v1 || job->layout.count == 0 ||
        job->layout.pieces[0].address >= FETTLE_TABLE_ADDRESS) {
        return true;
    }
    fettle_error_set(err, FETTLE_E_ESP_SECURED,
                     &(fettle_words){.text = "secure boot is on, and its bootloader and "
                                             "the digest of it must stay as they are"});
    return false;
}

/* Afterwards there is nothing but what this update brings. */
static bool check_mass_erase(const fettle_job_engine *job, fettle_error *err)
{
    const fettle_esp_chip *chip = job->esp.esp.identity.chip;
    bool has_loader = false, has_table = false;
    for (size_t i = 0; i < job->layout.count; i++) {
        const fettle_esp_piece *piece = &job->layout.pieces[i];
        uint64_t end = (uint64_t)piece->address + piece->data.size;
        has_loader |= piece->address <= chip->bootloader && end > chip->bootloader;
        has_table |= piece->address <= FETTLE_TABLE_ADDRESS && end > FETTLE_TABLE_ADDRESS;
    }
    if (!job->plan->mass_erases || !chip->has_chip_id || (has_loader && has_table)) {
        return true;
    }
    fettle_error_set(err, FETTLE_E_IMAGE_NOT_FOR_BOARD,
                     &(fettle_words){.board = chip->name,
                                     .text = "after a mass erase it can't start without a "
                                             "bootloader and a partition table, and the "
                                             "file doesn't bring both"});
    return false;
}

/* A ROM that isn't told the right size refuses what is beyond its own idea of it, in the middle of the work. */
static bool check_flash_size(const fettle_job_engine *job, fettle_error *err)
{
    const fettle_esp *esp = &job->esp.esp;
    if (esp->flash_size != 0 || esp->identity.is_secure_download ||
        !esp->identity.chip->attaches) {
        return true;
    }
    fettle_error_set(err, FETTLE_E_ANSWER_NEEDED,
                     &(fettle_words){.board = esp->identity.chip->name,
                                     .text =
                                         "its flash tells an id that isn't known; say how "
                                         "large it is with --flash-size"});
    return false;
}

static bool settle_content(fettle_job_engine *job, fettle_error *err)
{
    fettle_esp_board board = fettle_esp_work_board(&job->esp);
    fettle_sectors *sectors = &job->esp.sectors;
    if (!fettle_module_lay_out(job, &board, err) || !check_digest(job, err) ||
        !check_mass_erase(job, err)) {
        return false;
    }
    if (job->plan->mass_erases) {
        job->read_address = 0;
        job->read_size = (uint32_t)board.flash_size;
        fettle_module_spare(job);
    }
    for (size_t i = 0; i < job->layout.count; i++) {
        const fettle_esp_piece *piece = &job->layout.pieces[i];
        if (!fettle_sectors_add(sectors, piece->address, piece->data, err)) {
            return false;
        }
    }
    return true;
}

static bool refuse_range(const char *name, uint32_t address, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_ADDRESS_OUTSIDE,
                     &(fettle_words){.text = name, .address = address});
    return false;
}

/* By a partition's name, by address and length, or both; else all of it. */
static bool settle_range(fettle_job_engine *job, fettle_error *err)
{
    const fettle_plan *plan = job->plan;
    fettle_esp_board board = fettle_esp_work_board(&job->esp);
    const char *label = plan->memory[0] != '\0' ? plan->memory : NULL;
    uint32_t address;
    uint64_t size;
    if (!fettle_esp_layout_range(&board, label, &address, &size, err)) {
        return false;
    }
    if (size == 0) {
        fettle_error_set(err, FETTLE_E_ANSWER_NEEDED,
                         &(fettle_words){.board = board.chip,
                                         .text = "how much flash there is can't be read; "
                                                 "say it with --flash-size"});
        return false;
    }
    if (plan->has_address) {
        bool is_inside = plan->address >= address && plan->address - address < size;
        if (!is_inside) {
            return refuse_range(label != NULL ? label : "flash", plan->address, err);
        }
        size -= plan->address - address;
        address = plan->address;
    }
    if (plan->length > size) {
        return refuse_range(label != NULL ? label : "flash", (uint32_t)(address + size),
                            err);
    }
    size = plan->length > 0 ? plan->length : size;
    job->read_address = address;
    job->read_size = (uint32_t)size;
    return true;
}

static bool settle_read(fettle_job_engine *job, fettle_error *err)
{
    if (!settle_range(job, err)) {
        return false;
    }
    if (job->read_size > job->buffer_size) {
        job->read_size = (uint32_t)job->buffer_size;
    }
    return true;
}

static bool settle_erase(fettle_job_engine *job, fettle_error *err)
{
    if (!settle_range(job, err)) {
        return false;
    }
    uint32_t before = job->read_address % FETTLE_SECTOR_SIZE;
    uint64_t size = (uint64_t)before + job->read_size + FETTLE_SECTOR_SIZE - 1;
    job->read_address -= before;
    job->read_size = (uint32_t)(size / FETTLE_SECTOR_SIZE * FETTLE_SECTOR_SIZE);
    fettle_module_spare(job);
    if (job->erase_range_count == 0) {
        fettle_error_set(err, FETTLE_E_CREDENTIALS_ONLY,
                         &(fettle_words){.address = job->read_address});
    }
    return job->erase_range_count > 0;
}

/* Whatever else is wrong with the command: that can't be helped. */
static bool check_secure_download(const fettle_job_engine *job, fettle_error *err)
{
    bool can = !job->esp.esp.identity.is_secure_download;
    if (!can) {
        fettle_error_set(err, FETTLE_E_ESP_SECURE_DOWNLOAD,
                         &(fettle_words){.text = "read its flash"});
    }
    return can;
}

static bool settle_task(fettle_job_engine *job, fettle_error *err)
{
    switch (job->plan->kind) {
    case FETTLE_TASK_UPDATE:
        return check_flash_size(job, err) && settle_content(job, err);
    case FETTLE_TASK_VERIFY:
        if (!fettle_esp_can_hash(&job->esp.esp)) {
            fettle_error_set(err,
                             job->esp.esp.identity.is_secure_download
                                 ? FETTLE_E_ESP_SECURE_DOWNLOAD
                                 : FETTLE_E_ESP_CANNOT,
                             &(fettle_words){.text = "hash what its flash holds"});
            return false;
        }
        return settle_content(job, err);
    case FETTLE_TASK_READ:
        return check_secure_download(job, err) && settle_read(job, err);
    case FETTLE_TASK_ERASE:
        return settle_erase(job, err);
    default:
        return true;
    }
}

/* What the port could not do. */
static void note_line(fettle_job_engine *job)
{
    const fettle_esp *esp = &job->esp.esp;
    fettle_words words = {.count = esp->baud_failed, .size = esp->baud};
    if (esp->lines_failed) {
        fettle_script_note(job, FETTLE_NOTE_NO_LINES);
    }
    if (job->esp.told_size != 0) {
        fettle_note_add(
            &job->observed, FETTLE_NOTE_FLASH_SMALLER,
            &(fettle_words){.size = job->esp.told_size, .limit = esp->flash_size});
    }
    if (esp->baud_failed != 0) {
        fettle_note_add(&job->observed, FETTLE_NOTE_BAUD_NOT_HELD, &words);
    }
}

bool fettle_esp_way_settle(fettle_job_engine *job, fettle_error *err)
{
    const fettle_esp_chip *chip = job->esp.esp.identity.chip;
    note_line(job);
    fettle_sectors_free(&job->esp.sectors);
    if (!check_security(job, err) || !settle_task(job, err) ||
        !fettle_module_back_up(job, err)) {
        return false;
    }
    bool has_stub = !job->plan->uses_no_stub && job->find_stub != NULL &&
                    job->find_stub(job->find_stub_user, chip->id, &job->stub);
    job->esp.stub = has_stub ? &job->stub : NULL;
    return true;
}
