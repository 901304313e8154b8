/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backup goes back: all of the flash as it was, or a module's irreplaceable range alone. Whose backup it is decides what becomes of
 * that range: a module has it from its maker, so that of another one is never put in its place (board/module.h). Where the module has
 * lost nothing, and its own backup says otherwise, somebody has to agree: in either case before anything is written.
 */
#include "base/text.h"
#include "image/esp_content.h"
#include "job/way_esp_module.h"

#include <string.h>

enum {
    KIB = 1024,
    MIB = 1024 * 1024,
    FORMS_MAX = 2, /* a range as text is no more than so many times as large */
    RANGE_MAX = FORMS_MAX * FETTLE_MODULE_KEPT_MAX,
};

static fettle_span file_of(const fettle_plan *plan)
{
    return plan->image->regions[0].data;
}

static bool is_whole(const fettle_plan *plan, uint64_t flash_size)
{
    return plan->is_restore && flash_size != 0 && file_of(plan).size == flash_size;
}

bool fettle_restore_table(const fettle_plan *plan, uint64_t flash_size,
                          fettle_partitions *table)
{
    fettle_error ignored;
    if (!is_whole(plan, flash_size) || flash_size <= FETTLE_TABLE_ADDRESS) {
        return false;
    }
    fettle_span rest = {file_of(plan).data + FETTLE_TABLE_ADDRESS,
                        file_of(plan).size - FETTLE_TABLE_ADDRESS};
    return fettle_partitions_is_table(rest) &&
           fettle_partitions_read(table, rest, FETTLE_TABLE_ADDRESS, &ignored);
}

/* ---- is it for this board? ---- */

static bool refuse(const fettle_esp_board *board, const char *text, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_IMAGE_NOT_FOR_BOARD,
                     &(fettle_words){.board = board->chip, .text = text});
    return false;
}

static void append_size(char *text, size_t size, uint64_t bytes)
{
    bool is_mib = bytes % MIB == 0, is_kib = bytes % KIB == 0;
    fettle_text_append_number(text, size,
                              is_mib   ? bytes / MIB
                              : is_kib ? bytes / KIB
                                       : bytes);
    fettle_text_append(text, size, is_mib ? " MB" : is_kib ? " KB" : " bytes");
}

static bool refuse_size(const fettle_esp_board *board, uint64_t size, fettle_error *err)
{
    char text[160] = "the backup has ";
    append_size(text, sizeof text, size);
    fettle_text_append(text, sizeof text, ", and this board ");
    append_size(text, sizeof text, board->flash_size);
    fettle_text_append(text, sizeof text, " of flash");
    return refuse(board, text, err);
}

/* So little may be all that matters of a module. */
static bool ask_for_module(const fettle_esp_board *board, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_ANSWER_NEEDED,
                     &(fettle_words){.board = board->chip,
                                     .text = "nothing on it says that it is a module that "
                                             "this backup could be of; if it is one, name "
                                             "it with --module=NAME"});
    return false;
}

/* What the bootloader in it says, wherever the chips look for theirs. */
static bool check_chip(const fettle_esp_board *board, fettle_span file, fettle_error *err)
{
    static const uint32_t places[] = {0x0000, 0x1000, 0x2000};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        fettle_esp_image image;
        char text[160] = "the backup is of an ", chip[FETTLE_TEXT_SIZE] = "";
        fettle_span rest = {file.data + places[i], file.size - places[i]};
        if (file.size <= places[i] || !fettle_esp_image_peek(&image, rest) ||
            image.content != FETTLE_ESP_BOOTLOADER || fettle_esp_image_is_esp8266(&image) ||
            board->is_esp8266 || image.chip_id == board->chip_id) {
            continue;
        }
        fettle_esp_image_describe_chip(&image, chip, sizeof chip);
        fettle_text_append(text, sizeof text, chip);
        fettle_text_append(text, sizeof text, ", and this is an ");
        fettle_text_append(text, sizeof text, board->chip);
        return refuse(board, text, err);
    }
    return true;
}

/* ---- whose is it? ---- */

static bool is_own(const fettle_job_engine *job)
{
    const fettle_esp_identity *identity = &job->esp.esp.identity;
    return job->plan->has_mac && identity->has_mac &&
           memcmp(job->plan->mac, identity->mac, FETTLE_MAC_SIZE) == 0;
}

static void write_mac(char *text, size_t size, bool is_known, const uint8_t *mac)
{
    text[0] = '\0';
    fettle_text_append(text, size, is_known ? "" : "a board whose MAC isn't known");
    for (size_t i = 0; is_known && i < FETTLE_MAC_SIZE; i++) {
        fettle_text_append(text, size, i > 0 ? ":" : "");
        fettle_text_append_hex(text, size, mac[i], 2);
    }
}

/* A person may want just that: a board that is to become like another one. */
static bool agree(fettle_job_engine *job, fettle_error *err)
{
    const fettle_plan *plan = job->plan;
    const fettle_esp_identity *identity = &job->esp.esp.identity;
    char its[32], here[32], text[240];
    write_mac(its, sizeof its, plan->has_mac, plan->mac);
    write_mac(here, sizeof here, identity->has_mac, identity->mac);
    fettle_words words = {.text = its, .text2 = here};
    if (plan->writes_special || plan->is_dry) {
        fettle_note_add(&job->observed, FETTLE_NOTE_OTHERS_BACKUP, &words);
        return true;
    }
    fettle_words_render(text, sizeof text,
                        job->esp.module != NULL
                            ? "the backup is of {text}, and this module is {text2}, which "
                              "keeps its own ids and keys and takes all else"
                            : "the backup is of {text}, and this board is {text2}",
                        &words);
    fettle_error_set(err, FETTLE_E_CONFIRMATION_NEEDED, &(fettle_words){.text = text});
    if (!plan->has_mac) {
        err->hint = "Say with --mac which board it was made of; or run the command on a "
                    "terminal and answer its question, or add --yes.";
    }
    return false;
}

/* ---- where it goes ---- */

static void add(fettle_esp_layout *layout, uint64_t from, uint64_t to, const uint8_t *data)
{
    if (from < to) {
        layout->pieces[layout->count++] =
            (fettle_esp_piece){(uint32_t)from, {data, (size_t)(to - from)}};
    }
}

/* Not where the backup had nothing that can't be replaced, or a part of it. */
static bool is_whole_range(const fettle_job_engine *job, const uint8_t *range, size_t size)
{
    fettle_module_look made = job->module.look;
    made.ranges[0] = (fettle_span){range, size};
    for (size_t i = 0; i < job->observed.note_count; i++) {
        if (job->observed.notes[i].code == FETTLE_NOTE_OWN_IDS_KEPT) {
            return false;
        }
    }
    return job->esp.module->is_worth_keeping(&made);
}

/* The irreplaceable range as it will be; NULL: `err` says why not. */
static uint8_t *make_range(fettle_job_engine *job, fettle_span backup, size_t size,
                           fettle_error *err)
{
    fettle_module_work *work = &job->module.work;
    uint8_t *range = job->memory->take(size);
    if (range == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = size});
        return NULL;
    }
    work->owned[work->owned_count++] = range;
    const fettle_module_backup what = {
        .bytes = backup,
        .is_own = is_own(job),
        .is_agreed = job->plan->writes_special || job->plan->is_dry,
    };
    if (!job->esp.module->restore(&job->module.look, &what, range, size, &job->observed,
                                  err)) {
        return NULL;
    }
    job->module.brings_own = what.is_own && is_whole_range(job, range, size);
    return range;
}

static bool lay_out_range(fettle_job_engine *job, fettle_error *err)
{
    const fettle_module_range *kept = &job->esp.ranges[0];
    const uint8_t *range = make_range(job, file_of(job->plan), kept->size, err);
    if (range != NULL) {
        add(&job->layout, kept->address, (uint64_t)kept->address + kept->size, range);
    }
    return range != NULL;
}

static bool lay_out_all(fettle_job_engine *job, bool has_range, fettle_error *err)
{
    fettle_span file = file_of(job->plan);
    if (!has_range) {
        add(&job->layout, 0, file.size, file.data);
        return true;
    }
    uint64_t from = job->esp.ranges[0].address, to = from + job->esp.ranges[0].size;
    const uint8_t *range =
        make_range(job, (fettle_span){file.data + from, (size_t)(to - from)},
                   (size_t)(to - from), err);
    if (range == NULL) {
        return false;
    }
    add(&job->layout, 0, from, file.data);
    add(&job->layout, from, to, range);
    add(&job->layout, to, file.size, file.data + to);
    return true;
}

bool fettle_restore_lay_out(fettle_job_engine *job, const fettle_esp_board *board,
                            fettle_error *err)
{
    fettle_span file = file_of(job->plan);
    const fettle_module_range *kept = &job->esp.ranges[0];
    bool is_all = is_whole(job->plan, board->flash_size);
    bool has_range = job->esp.module != NULL && job->esp.module->restore != NULL &&
                     job->esp.range_count > 0 &&
                     (uint64_t)kept->address + kept->size <= board->flash_size;
    job->layout.count = 0;
    if (!is_all && job->esp.module == NULL && file.size <= RANGE_MAX) {
        return ask_for_module(board, err);
    }
    if (!is_all && (!has_range || file.size > FORMS_MAX * (size_t)kept->size)) {
        return refuse_size(board, file.size, err);
    }
    if ((is_all && !check_chip(board, file, err)) || (!is_own(job) && !agree(job, err))) {
        return false;
    }
    return is_all ? lay_out_all(job, has_range, err) : lay_out_range(job, err);
}
