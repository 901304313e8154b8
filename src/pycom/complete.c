/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every write to a module, whatever the file was: the config block stays, or comes back; and what was written is what
 * starts. Also the small parts that laying out a package needs as well.
 */
#include "pycom/layout.h"

#include "base/text.h"
#include "pycom/modules.h"
#include "pycom/regions.h"

#include <string.h>

enum {
    SECTOR = FETTLE_FLASH_SECTOR,
    FILES_BEGIN = 64,   /* a file system's first bytes are never blank */
    LOADER_HEADER = 32, /* of which the first four bytes say what the flash is */
    MHZ = 80,
    MIB = 1024 * 1024,
};

bool fettle_pycom_refuse(const fettle_esp_board *board, const char *format,
                         const fettle_words *words, fettle_error *err)
{
    char text[240];
    fettle_words_render(text, sizeof text, format, words);
    fettle_error_set(err, FETTLE_E_IMAGE_NOT_FOR_BOARD,
                     &(fettle_words){.board = board->chip, .text = text});
    return false;
}

uint8_t *fettle_pycom_take(fettle_module_work *work, const fettle_memory_ops *memory,
                           size_t size, fettle_error *err)
{
    void *taken = work->owned_count < FETTLE_MODULE_OWNED_MAX ? memory->take(size) : NULL;
    if (taken == NULL) {
        fettle_error_set(err, FETTLE_E_NO_MEMORY, &(fettle_words){.size = size});
        return NULL;
    }
    work->owned[work->owned_count++] = taken;
    return taken;
}

/* ---- pieces ---- */

static uint64_t end_of(const fettle_esp_piece *piece)
{
    return ((uint64_t)piece->address + piece->data.size + SECTOR - 1) / SECTOR * SECTOR;
}

bool fettle_pycom_is_covered(const fettle_esp_layout *layout, uint64_t address,
                             uint64_t size)
{
    for (size_t i = 0; i < layout->count; i++) {
        const fettle_esp_piece *piece = &layout->pieces[i];
        if (piece->address < address + size && end_of(piece) > address) {
            return true;
        }
    }
    return false;
}

bool fettle_pycom_put(fettle_esp_layout *layout, const fettle_esp_board *board,
                      fettle_esp_piece piece, fettle_error *err)
{
    uint64_t size = end_of(&piece) - piece.address;
    size_t at = layout->count;
    if (board->flash_size != 0 &&
        (uint64_t)piece.address + piece.data.size > board->flash_size) {
        return fettle_pycom_refuse(
            board,
            "a part of it would reach from {address} beyond the {limit} bytes of flash",
            &(fettle_words){.address = piece.address, .limit = board->flash_size}, err);
    }
    if (layout->count == FETTLE_ESP_PIECES_MAX ||
        fettle_pycom_is_covered(layout, piece.address, size)) {
        return fettle_pycom_refuse(board, "two parts of it would go to {address}",
                                   &(fettle_words){.address = piece.address}, err);
    }
    for (; at > 0 && layout->pieces[at - 1].address > piece.address; at--) {
        layout->pieces[at] = layout->pieces[at - 1];
    }
    layout->pieces[at] = piece;
    layout->count++;
    return true;
}

void fettle_pycom_take_out(fettle_esp_layout *layout, size_t at)
{
    layout->count--;
    for (; at < layout->count; at++) {
        layout->pieces[at] = layout->pieces[at + 1];
    }
}

/* ---- what has been read ---- */

/* The row, if it is a sector that can be read and written by itself. */
static const fettle_partition *usable_otadata(const fettle_partitions *table)
{
    const fettle_partition *row = table != NULL ? fettle_pycom_otadata_row(table) : NULL;
    bool is_there = row != NULL && row->address % SECTOR == 0 && row->size >= SECTOR;
    return is_there ? row : NULL;
}

/* A table may say anything: a row behind the end of the flash can't be read. */
static const fettle_partition *readable_otadata(const fettle_esp_board *board)
{
    const fettle_partition *row = usable_otadata(board->table);
    bool is_inside =
        row != NULL &&
        (board->flash_size == 0 || (uint64_t)row->address + row->size <= board->flash_size);
    return is_inside ? row : NULL;
}

/*
 * Where a file system may be in the way of a new layout. With the published tables of today hardly any package brings another one, so
 * there nobody looks. False: so it is, or nobody knows where.
 */
static bool find_files(const fettle_esp_board *board, uint32_t *address)
{
    const fettle_pycom_table *table =
        board->table != NULL ? fettle_pycom_table_of(board->table) : NULL;
    fettle_module_range files;
    if (table != NULL && !table->is_old) {
        return false;
    }
    if (fettle_pycom_files_of(board->table, board->flash_size, &files)) {
        *address = files.address;
    } else {
        *address = fettle_pycom_usual_files(board->flash_size);
    }
    return *address != 0 && *address % sizeof(uint32_t) == 0 &&
           (uint64_t)*address + FILES_BEGIN <= board->flash_size;
}

static size_t list_ranges(const fettle_esp_board *board,
                          fettle_module_range ranges[FETTLE_MODULE_RANGES_MAX])
{
    const fettle_partition *otadata = readable_otadata(board);
    size_t count = 0;
    ranges[count++] =
        (fettle_module_range){FETTLE_PYCOM_CONFIG_ADDRESS, FETTLE_PYCOM_CONFIG_SECTOR};
    if (otadata != NULL) {
        ranges[count++] =
            (fettle_module_range){otadata->address, FETTLE_PYCOM_OTADATA_SECTOR};
    }
    ranges[count++] = (fettle_module_range){FETTLE_PYCOM_LOADER, LOADER_HEADER};
    uint32_t files;
    if (find_files(board, &files)) {
        ranges[count++] = (fettle_module_range){files, FILES_BEGIN};
    }
    return count;
}

void fettle_pycom_see(const fettle_module_look *look, fettle_pycom_seen *seen)
{
    bool has_otadata = readable_otadata(look->board) != NULL;
    *seen = (fettle_pycom_seen){.config = look->ranges[0]};
    if (has_otadata) {
        seen->otadata = look->ranges[1];
    }
    seen->loader = look->ranges[has_otadata ? 2 : 1];
    if (find_files(look->board, &seen->files_address)) {
        seen->files = look->ranges[has_otadata ? 3 : 2];
    }
    if (seen->config.size < FETTLE_PYCOM_CONFIG_SECTOR) {
        seen->config.size = 0;
    }
}

/* ---- the header of the bootloader ---- */

bool fettle_pycom_right_header(uint64_t flash_size, fettle_esp_patch *patch)
{
    *patch = (fettle_esp_patch){
        .has_mode = true,
        .has_size = true,
        .has_frequency = true,
        .mode_code = FETTLE_ESP_DIO,
    };
    return flash_size <= UINT32_MAX &&
           fettle_esp_flash_size_find(FETTLE_ESP_FORM_ESP32, (uint32_t)flash_size,
                                      &patch->size_code) &&
           fettle_esp_frequency_find(FETTLE_ESP_FORM_ESP32, 0, MHZ, &patch->frequency_code);
}

bool fettle_pycom_is_header(const fettle_esp_image *image, const fettle_esp_patch *patch)
{
    return image->mode_code == patch->mode_code && image->size_code == patch->size_code &&
           image->frequency_code == patch->frequency_code;
}

void fettle_pycom_describe_header(const fettle_esp_image *image, char *text, size_t size)
{
    const char *mode = fettle_esp_mode_name(image->mode_code);
    text[0] = '\0';
    fettle_text_append(text, size, mode != NULL ? mode : "no mode");
    fettle_text_append(text, size, ", ");
    fettle_text_append_number(text, size,
                              fettle_esp_frequency(image->form, 0, image->frequency_code));
    fettle_text_append(text, size, " MHz, ");
    fettle_text_append_number(text, size,
                              fettle_esp_flash_size(image->form, image->size_code) / MIB);
    fettle_text_append(text, size, " MB");
}

static void note_header(const fettle_module_look *look, const fettle_pycom_seen *seen,
                        const fettle_esp_layout *layout, fettle_observed *observed)
{
    fettle_esp_image image, right;
    fettle_esp_patch patch;
    char is[48], wanted[48];
    if (fettle_pycom_is_covered(layout, FETTLE_PYCOM_LOADER, SECTOR) ||
        !fettle_esp_image_peek(&image, seen->loader) ||
        !fettle_pycom_right_header(look->board->flash_size, &patch) ||
        fettle_pycom_is_header(&image, &patch)) {
        return;
    }
    right = image;
    right.mode_code = patch.mode_code;
    right.size_code = patch.size_code;
    right.frequency_code = patch.frequency_code;
    fettle_pycom_describe_header(&image, is, sizeof is);
    fettle_pycom_describe_header(&right, wanted, sizeof wanted);
    fettle_note_add(observed, FETTLE_NOTE_HEADER_ODD,
                    &(fettle_words){.text = is, .text2 = wanted});
}

/* ---- which application starts ---- */

static const char *slot_name(uint32_t slot)
{
    return slot == FETTLE_PYCOM_FACTORY ? "factory" : "ota_0";
}

static void note_start(const fettle_pycom_start *start, fettle_module_work *work)
{
    bool is_factory = start->slot == FETTLE_PYCOM_FACTORY;
    const fettle_partition *row =
        start->table == NULL
            ? NULL
            : fettle_partitions_find(start->table, FETTLE_PARTITION_APP,
                                     is_factory ? FETTLE_PARTITION_APP_FACTORY
                                                : FETTLE_PARTITION_APP_OTA_0);
    work->brings_start = row != NULL;
    work->start = row != NULL ? row->address : 0;
}

bool fettle_pycom_put_otadata(const fettle_module_look *look,
                              const fettle_pycom_start *start, fettle_module_work *work,
                              const fettle_memory_ops *memory, fettle_observed *observed,
                              fettle_error *err)
{
    const fettle_partition *row = usable_otadata(start->table);
    const fettle_partition *before = readable_otadata(look->board);
    fettle_pycom_seen seen;
    fettle_pycom_otadata now = {.active = FETTLE_PYCOM_FACTORY};
    note_start(start, work);
    if (row == NULL) {
        return true; /* then it is always the same one */
    }
    fettle_pycom_see(look, &seen);
    bool is_good = fettle_pycom_otadata_decode(&now, seen.otadata);
    bool is_there = before != NULL && before->address == row->address;
    uint32_t active = is_good ? now.active : (uint32_t)FETTLE_PYCOM_FACTORY;
    if (active != start->slot) {
        fettle_note_add(
            observed, FETTLE_NOTE_SLOT_CHOSEN,
            &(fettle_words){.text = slot_name(start->slot), .text2 = slot_name(active)});
    }
    if (is_good && is_there && active == start->slot && now.size == start->size &&
        now.status != FETTLE_PYCOM_STATUS_PATCH) {
        return true;
    }
    uint8_t *sector = fettle_pycom_take(work, memory, FETTLE_PYCOM_OTADATA_SECTOR, err);
    if (sector == NULL) {
        return false;
    }
    bool is_factory = start->slot == FETTLE_PYCOM_FACTORY;
    fettle_pycom_otadata wanted = {
        .active = start->slot,
        .status = is_factory ? FETTLE_PYCOM_STATUS_READY : FETTLE_PYCOM_STATUS_CHECK,
        .size = start->size,
    };
    fettle_pycom_otadata_encode(&wanted, sector);
    fettle_esp_piece piece = {row->address, {sector, FETTLE_PYCOM_OTADATA_SECTOR}};
    return fettle_pycom_put(work->layout, look->board, piece, err);
}

/* The table that will hold. Into `room` where it is a new one. */
static const fettle_partitions *find_table(const fettle_module_look *look,
                                           const fettle_esp_layout *layout,
                                           fettle_partitions *room)
{
    fettle_error ignored;
    for (size_t i = 0; i < layout->count; i++) {
        const fettle_esp_piece *piece = &layout->pieces[i];
        uint64_t end = (uint64_t)piece->address + piece->data.size;
        if (piece->address > FETTLE_TABLE_ADDRESS || end <= FETTLE_TABLE_ADDRESS) {
            continue;
        }
        size_t from = FETTLE_TABLE_ADDRESS - piece->address;
        fettle_span rest = {piece->data.data + from, piece->data.size - from};
        if (fettle_partitions_is_table(rest) &&
            fettle_partitions_read(room, rest, FETTLE_TABLE_ADDRESS, &ignored)) {
            return room;
        }
        return NULL;
    }
    return look->board->table;
}

static bool is_pycom_table(const fettle_partitions *table)
{
    const fettle_partition *row =
        fettle_partitions_find(table, FETTLE_PARTITION_DATA, FETTLE_PYCOM_CONFIG_SUBTYPE);
    return (row != NULL && row->address == FETTLE_PYCOM_CONFIG_ADDRESS) ||
           fettle_pycom_table_of(table) != NULL;
}

/*
 * Bytes of the application that a piece brings for this row; 0: none. As the vendor's tool counts them: all of its file, where it has
 * one of its own.
 */
static uint32_t size_in(const fettle_esp_layout *layout, const fettle_partition *row)
{
    for (size_t i = 0; row != NULL && i < layout->count; i++) {
        const fettle_esp_piece *piece = &layout->pieces[i];
        uint64_t end = (uint64_t)piece->address + piece->data.size;
        if (piece->address > row->address || end <= row->address) {
            continue;
        }
        size_t from = row->address - piece->address;
        fettle_span rest = {piece->data.data + from, piece->data.size - from};
        fettle_esp_image image;
        fettle_error ignored;
        if (!fettle_esp_image_read(&image, rest, true, &ignored)) {
            return 0;
        }
        if (from > 0) {
            return (uint32_t)image.size;
        }
        return piece->data.size < row->size ? (uint32_t)piece->data.size : row->size;
    }
    return 0;
}

/* Who names a slot may want to have it ready and no more; then it is only said what starts. */
static bool is_only_kept(const fettle_module_look *look, uint32_t slot,
                         fettle_observed *observed)
{
    fettle_pycom_seen seen;
    fettle_pycom_otadata now;
    fettle_pycom_see(look, &seen);
    bool is_good = fettle_pycom_otadata_decode(&now, seen.otadata);
    uint32_t active = is_good ? now.active : (uint32_t)FETTLE_PYCOM_FACTORY;
    if (active != slot) {
        fettle_note_add(
            observed, FETTLE_NOTE_SLOT_UNUSED,
            &(fettle_words){.text = slot_name(slot), .text2 = slot_name(active)});
    }
    return active != slot;
}

static bool choose_slot(const fettle_module_look *look, const fettle_partitions *table,
                        bool is_named, fettle_module_work *work,
                        const fettle_memory_ops *memory, fettle_observed *observed,
                        fettle_error *err)
{
    const fettle_partition *row = usable_otadata(table);
    uint32_t factory =
        size_in(work->layout, fettle_partitions_find(table, FETTLE_PARTITION_APP,
                                                     FETTLE_PARTITION_APP_FACTORY));
    uint32_t ota =
        size_in(work->layout, fettle_partitions_find(table, FETTLE_PARTITION_APP,
                                                     FETTLE_PARTITION_APP_OTA_0));
    bool is_settled =
        row == NULL || fettle_pycom_is_covered(work->layout, row->address, SECTOR);
    if (is_settled || (factory == 0) == (ota == 0)) {
        return true; /* nothing new, or both: the choice that there was holds */
    }
    fettle_pycom_start start = {
        .table = table,
        .slot = factory != 0 ? FETTLE_PYCOM_FACTORY : FETTLE_PYCOM_OTA_0,
        .size = factory != 0 ? factory : ota,
    };
    if (is_named && is_only_kept(look, start.slot, observed)) {
        return true;
    }
    return fettle_pycom_put_otadata(look, &start, work, memory, observed, err);
}

/* ---- all of it ---- */

bool fettle_pycom_complete(const fettle_module_look *look,
                           const fettle_module_wishes *wishes, fettle_module_work *work,
                           const fettle_memory_ops *memory, fettle_observed *observed,
                           fettle_error *err)
{
    fettle_partitions room;
    fettle_pycom_seen seen;
    const fettle_partitions *table = find_table(look, work->layout, &room);
    fettle_pycom_see(look, &seen);
    bool is_ours = table != NULL && is_pycom_table(table);
    if (!fettle_pycom_cut_config(look, is_ours, work->layout, observed, err)) {
        return false;
    }
    if (is_ours &&
        !choose_slot(look, table, wishes->names_slot, work, memory, observed, err)) {
        return false;
    }
    note_header(look, &seen, work->layout, observed);
    if (!fettle_pycom_put_config(look, &seen, wishes, work, memory, observed, err)) {
        return false;
    }
    fettle_pycom_tell_fates(look, table, work);
    return true;
}

/* ---- the table of all this ---- */

static bool is_module(const fettle_esp_board *board)
{
    return board->table != NULL && !board->is_esp8266 && is_pycom_table(board->table);
}

/* A choice that can't be read counts as none: the loader then starts the factory's. */
static const fettle_partition *started(const fettle_module_look *look)
{
    const fettle_partitions *table = look->board->table;
    fettle_pycom_seen seen;
    fettle_pycom_otadata now;
    fettle_pycom_see(look, &seen);
    if (table == NULL) {
        return NULL;
    }
    bool is_second =
        fettle_pycom_otadata_decode(&now, seen.otadata) && now.active == FETTLE_PYCOM_OTA_0;
    return fettle_partitions_find(table, FETTLE_PARTITION_APP,
                                  is_second ? FETTLE_PARTITION_APP_OTA_0
                                            : FETTLE_PARTITION_APP_FACTORY);
}

/* All of them are ESP32s, and hold the block at the same place. */
static bool may_be_module(const fettle_esp_board *board)
{
    return !board->is_esp8266 && board->chip_id == 0 && !board->is_unreadable &&
           board->flash_size >= FETTLE_PYCOM_CONFIG_ADDRESS + FETTLE_PYCOM_CONFIG_SECTOR;
}

const fettle_module_ops fettle_pycom_module_ops = {
    .greeting = FETTLE_PYCOM_GREETING,
    .version = fettle_pycom_version_in,
    .is_one = is_module,
    .read = list_ranges,
    .started = started,
    .summarise = fettle_pycom_summarise,
    .may_be_one = may_be_module,
    .is_its_range = fettle_pycom_is_block,
    .is_worth_keeping = fettle_pycom_is_worth_keeping,
    .has_others = fettle_pycom_has_others,
    .region_of_country = fettle_pycom_find_region,
    .check_region = fettle_pycom_check_region,
    .identify = fettle_pycom_identify,
    .lay_out = fettle_pycom_lay_out,
    .complete = fettle_pycom_complete,
    .restore = fettle_pycom_restore,
    .radio = fettle_pycom_tell_radio,
    .rescue = fettle_pycom_rescue,
    .takes_files_of = fettle_pycom_takes_files_of,
};
