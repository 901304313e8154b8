/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/esp_layout.h"

#include "base/text.h"

#include <string.h>

/* What the parts of this file hand to each other. */
typedef struct placing {
    fettle_esp_layout *layout;
    const fettle_plan *plan;
    const fettle_esp_board *board;
    fettle_observed *observed;
    bool has_new_table;
    fettle_partitions new_table; /* that this update brings with it */
} placing;

/* ---- refusals ---- */

static bool refuse(const placing *p, const char *text, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_IMAGE_NOT_FOR_BOARD,
                     &(fettle_words){.board = p->board->chip, .text = text});
    return false;
}

static bool refuse_at(const placing *p, const char *before, uint32_t address,
                      const char *behind, fettle_error *err)
{
    char text[200] = "";
    fettle_text_append(text, sizeof text, before);
    fettle_text_append(text, sizeof text, "0x");
    fettle_text_append_hex(text, sizeof text, address, 1);
    fettle_text_append(text, sizeof text, behind);
    return refuse(p, text, err);
}

static bool refuse_size(uint64_t size, uint64_t limit, fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_IMAGE_TOO_LARGE,
                     &(fettle_words){.size = size, .limit = limit});
    return false;
}

/* The file is right, and where it would go isn't: a person who has named an address needs the right one. */
static bool refuse_place(const placing *p, const char *before, uint32_t address,
                         const char *behind, const uint32_t *right, fettle_error *err)
{
    char text[200] = "";
    fettle_text_append(text, sizeof text, behind);
    if (right != NULL) {
        fettle_text_append(text, sizeof text, ": it belongs to 0x");
        fettle_text_append_hex(text, sizeof text, *right, 1);
    }
    (void)refuse_at(p, before, address, text, err);
    if (right != NULL) {
        err->hint = "Name the file without an address: fettle puts it where it belongs.";
    }
    return false;
}

/* ---- tables ---- */

/* The one that will hold when this update is done. */
static const fettle_partitions *table_of(const placing *p)
{
    return p->has_new_table ? &p->new_table : p->board->table;
}

static bool is_new_table(const fettle_region *region)
{
    bool is_its_place = region->has_address ? region->address == FETTLE_TABLE_ADDRESS
                                            : region->partition == NULL;
    return is_its_place && fettle_partitions_is_table(region->data);
}

static void append_size(char *text, size_t size, uint64_t bytes)
{
    enum { KIB = 1024, MIB = 1024 * 1024 };
    bool is_mib = bytes % MIB == 0;
    fettle_text_append_number(text, size, is_mib ? bytes / MIB : (bytes + KIB - 1) / KIB);
    fettle_text_append(text, size, is_mib ? " MB" : " KB");
}

/* A bootloader stops at a row beyond the end of its flash, whatever that row is for. */
static bool check_new_table(const placing *p, fettle_error *err)
{
    char text[160] = "its partition table needs ";
    uint64_t end = 0, flash_size = p->board->flash_size;
    for (size_t i = 0; i < p->new_table.count; i++) {
        const fettle_partition *row = &p->new_table.rows[i];
        uint64_t row_end = (uint64_t)row->address + row->size;
        end = row_end > end ? row_end : end;
    }
    if (flash_size == 0 || end <= flash_size) {
        return true;
    }
    append_size(text, sizeof text, end);
    fettle_text_append(text, sizeof text, " of flash, and this board has ");
    append_size(text, sizeof text, flash_size);
    return refuse(p, text, err);
}

/* Also within a file for the whole flash. */
static bool find_new_table(placing *p, fettle_error *err)
{
    const fettle_image *image = p->plan->image;
    for (size_t i = 0; i < image->region_count && !p->has_new_table; i++) {
        const fettle_region *region = &image->regions[i];
        uint32_t from = region->has_address ? region->address : 0;
        fettle_span rest = region->data;
        if (!is_new_table(region)) {
            if (from >= FETTLE_TABLE_ADDRESS || rest.size <= FETTLE_TABLE_ADDRESS - from) {
                continue;
            }
            rest.data += FETTLE_TABLE_ADDRESS - from;
            rest.size -= FETTLE_TABLE_ADDRESS - from;
        }
        if (!fettle_partitions_is_table(rest)) {
            continue;
        }
        if (!fettle_partitions_read(&p->new_table, rest, FETTLE_TABLE_ADDRESS, err)) {
            return false;
        }
        p->has_new_table = true;
    }
    return !p->has_new_table || check_new_table(p, err);
}

/* Settings and files, that nobody has a copy of: everything else is brought by
 * updates. */
static bool is_keepsake(const fettle_partition *row)
{
    return row->type == FETTLE_PARTITION_DATA &&
           row->subtype != FETTLE_PARTITION_DATA_OTA &&
           row->subtype != FETTLE_PARTITION_DATA_COREDUMP;
}

static bool is_same_row(const fettle_partition *a, const fettle_partition *b)
{
    return a->type == b->type && a->subtype == b->subtype && a->address == b->address &&
           a->size == b->size;
}

static void note_partition(placing *p, fettle_note_code code, const fettle_partition *row)
{
    fettle_note_add(
        p->observed, code,
        &(fettle_words){.text = row->label, .address = row->address, .size = row->size});
}

/* Then its vendor says what becomes of it. */
static bool is_spared(const fettle_esp_board *board, const fettle_partition *row)
{
    return row->address >= board->spared &&
           (uint64_t)row->address + row->size <=
               (uint64_t)board->spared + board->spared_size;
}

/* What lies elsewhere afterwards is not found any more. */
static void note_moves(placing *p)
{
    const fettle_partitions *old = p->board->table;
    for (size_t i = 0; p->has_new_table && old != NULL && i < old->count; i++) {
        const fettle_partition *row = &old->rows[i];
        const fettle_partition *now =
            fettle_partitions_find_label(&p->new_table, row->label);
        if (is_keepsake(row) && (now == NULL || !is_same_row(row, now))) {
            note_partition(p, FETTLE_NOTE_PARTITION_MOVES, row);
        }
    }
}

/* ---- images ---- */

static bool check_chip(const placing *p, const fettle_esp_image *image, fettle_error *err)
{
    char text[160] = "it is for ", chip[FETTLE_TEXT_SIZE] = "";
    bool is_esp8266 = fettle_esp_image_is_esp8266(image);
    if (is_esp8266 == p->board->is_esp8266 &&
        (is_esp8266 || image->chip_id == p->board->chip_id)) {
        return true;
    }
    fettle_esp_image_describe_chip(image, chip, sizeof chip);
    fettle_text_append(text, sizeof text, chip);
    fettle_text_append(text, sizeof text, ", and this is an ");
    fettle_text_append(text, sizeof text, p->board->chip);
    return refuse(p, text, err);
}

static void append_revision(char *text, size_t size, uint16_t revision)
{
    fettle_text_append_number(text, size, revision / 100u);
    fettle_text_append(text, size, ".");
    fettle_text_append_number(text, size, revision % 100u);
}

static bool check_revision(const placing *p, const fettle_esp_image *image,
                           fettle_error *err)
{
    char text[160] = "it wants revision ";
    uint16_t revision = p->board->revision;
    bool has_max = image->max_revision != FETTLE_ESP_REVISION_ANY;
    if (!p->board->has_revision || fettle_esp_image_is_esp8266(image) ||
        (revision >= image->min_revision &&
         (!has_max || revision <= image->max_revision))) {
        return true;
    }
    append_revision(text, sizeof text, image->min_revision);
    fettle_text_append(text, sizeof text, has_max ? " to " : " or later");
    if (has_max) {
        append_revision(text, sizeof text, image->max_revision);
    }
    fettle_text_append(text, sizeof text, " of the chip, and this one has ");
    append_revision(text, sizeof text, revision);
    return refuse(p, text, err);
}

/* Of an application that nobody has named a slot for; NULL: nobody knows. */
static const uint32_t *right_slot(const placing *p)
{
    const fettle_partitions *table = table_of(p);
    const fettle_partition *row =
        table != NULL ? fettle_partitions_running(table, p->board->otadata) : NULL;
    return row != NULL ? &row->address : NULL;
}

/* `is_alone`: nothing else is in the file, so it can be put elsewhere. */
static bool refuse_application(const placing *p, uint32_t address, const char *behind,
                               bool is_alone, fettle_error *err)
{
    return refuse_place(p, "an application would go to ", address, behind,
                        is_alone ? right_slot(p) : NULL, err);
}

static bool check_application(const placing *p, uint32_t address, uint64_t size,
                              bool is_alone, fettle_error *err)
{
    const fettle_partitions *table = table_of(p);
    const fettle_partition *row =
        table != NULL ? fettle_partitions_at(table, address) : NULL;
    if (table == NULL) {
        return true;
    }
    if (row == NULL) {
        return refuse_application(
            p, address, ", where the board's partition table has nothing", is_alone, err);
    }
    if (row->type != FETTLE_PARTITION_APP) {
        char text[120] = ", which is its partition ";
        fettle_text_append_escaped(text, sizeof text, row->label);
        return refuse_application(p, address, text, is_alone, err);
    }
    if (row->address != address) {
        return refuse_application(p, address, ", in the middle of a partition", is_alone,
                                  err);
    }
    return size <= row->size || refuse_size(size, row->size, err);
}

/* It is written all the same: whoever signs may have a key that only their board knows. */
static void note_unsigned(const placing *p, fettle_span rest)
{
    fettle_esp_image image;
    fettle_error ignored;
    if (p->board->is_secure_boot && fettle_esp_image_peek(&image, rest) &&
        fettle_esp_image_read(&image, rest, true, &ignored) &&
        !fettle_esp_image_is_signed(&image, rest)) {
        fettle_note_add(p->observed, FETTLE_NOTE_UNSIGNED,
                        &(fettle_words){.text = image.content == FETTLE_ESP_BOOTLOADER
                                                    ? "bootloader"
                                                    : "application"});
    }
}

/* An image may begin here: is it for this chip, and is this where it belongs?
 */
static bool check_image(const placing *p, uint32_t address, fettle_span rest, bool is_alone,
                        fettle_error *err)
{
    fettle_esp_image image;
    if (!fettle_esp_image_peek(&image, rest)) {
        return true;
    }
    if (!check_chip(p, &image, err) || !check_revision(p, &image, err)) {
        return false;
    }
    if (p->board->is_esp8266) {
        return true;
    }
    if (image.content == FETTLE_ESP_BOOTLOADER && address != p->board->bootloader) {
        return refuse_place(p, "a bootloader would go to ", address,
                            ", where this chip doesn't look for one",
                            is_alone ? &p->board->bootloader : NULL, err);
    }
    bool is_application = image.content == FETTLE_ESP_APPLICATION;
    if (is_application && address == p->board->bootloader) {
        return refuse_application(p, address, ", where the bootloader belongs", is_alone,
                                  err);
    }
    if (is_application && (!fettle_esp_image_read(&image, rest, true, err) ||
                           !check_application(p, address, image.size, is_alone, err))) {
        return false;
    }
    note_unsigned(p, rest);
    return true;
}

/* ---- pieces ---- */

static uint64_t end_of(const fettle_esp_piece *piece)
{
    return (uint64_t)piece->address + piece->data.size;
}

static uint64_t up_to_sector(uint64_t address)
{
    return (address + FETTLE_FLASH_SECTOR - 1) / FETTLE_FLASH_SECTOR * FETTLE_FLASH_SECTOR;
}

/* In its place, if nothing is there. */
static bool insert(placing *p, fettle_esp_piece piece, fettle_error *err)
{
    fettle_esp_layout *layout = p->layout;
    size_t at = layout->count;
    if (layout->count == FETTLE_ESP_PIECES_MAX) {
        fettle_error_set(err, FETTLE_E_NOT_SUPPORTED,
                         &(fettle_words){.text = "the file has more pieces than the flash "
                                                 "of such a board is ever made of"});
        return false;
    }
    while (at > 0 && layout->pieces[at - 1].address > piece.address) {
        at--;
    }
    bool hits_before =
        at > 0 && up_to_sector(end_of(&layout->pieces[at - 1])) > piece.address;
    bool hits_behind =
        at < layout->count && up_to_sector(end_of(&piece)) > layout->pieces[at].address;
    if (hits_before || hits_behind) {
        return refuse_at(p, "two pieces of it would go to the sector at ",
                         hits_before ? piece.address : layout->pieces[at].address, "", err);
    }
    memmove(&layout->pieces[at + 1], &layout->pieces[at],
            (layout->count - at) * sizeof *layout->pieces);
    layout->pieces[at] = piece;
    layout->count++;
    return true;
}

static bool is_blank(fettle_span data)
{
    return data.data[0] == 0xFF && memcmp(data.data, data.data + 1, data.size - 1) == 0;
}

static uint64_t end_of_row(const fettle_partition *row)
{
    return (uint64_t)row->address + row->size;
}

/* The first row behind `at` that lies in the piece and would lose what it holds. Tables need not be in order. */
static const fettle_partition *next_covered(const fettle_partitions *table,
                                            const fettle_esp_piece *piece, uint64_t at)
{
    const fettle_partition *first = NULL;
    for (size_t i = 0; table != NULL && i < table->count; i++) {
        const fettle_partition *row = &table->rows[i];
        if (is_keepsake(row) && row->address < end_of(piece) && end_of_row(row) > at &&
            (first == NULL || row->address < first->address)) {
            first = row;
        }
    }
    return first;
}

/* What of the piece lies in sectors of this row: a table may say anything, an erase takes whole ones. */
static fettle_span covered_part(const fettle_esp_piece *piece, const fettle_partition *row)
{
    uint32_t begin = row->address / FETTLE_FLASH_SECTOR * FETTLE_FLASH_SECTOR;
    uint64_t end = up_to_sector(end_of_row(row));
    size_t from = begin > piece->address ? begin - piece->address : 0;
    end = end < end_of(piece) ? end : end_of(piece);
    return (fettle_span){piece->data.data + from, (size_t)(end - piece->address) - from};
}

/*
 * A file for the whole flash has nothing where the board keeps its settings:
 * that is no wish to lose them. So such stretches are cut out, and what
 * replaces something is told.
 */
static bool add_piece(placing *p, fettle_esp_piece piece, bool is_named, fettle_error *err)
{
    const fettle_partitions *table = is_named ? NULL : p->board->table;
    uint64_t at = piece.address;
    for (const fettle_partition *row; (row = next_covered(table, &piece, at)) != NULL;) {
        fettle_span part = covered_part(&piece, row);
        size_t from = (size_t)(part.data - piece.data.data);
        bool is_all = part.size == piece.data.size;
        at = end_of_row(row);
        if (p->plan->erases_rest || is_all || !is_blank(part)) {
            if (!is_spared(p->board, row)) {
                note_partition(p, FETTLE_NOTE_PARTITION_LOST, row);
            }
            continue;
        }
        note_partition(p, FETTLE_NOTE_PARTITION_KEPT, row);
        fettle_esp_piece before = {piece.address, {piece.data.data, from}};
        if (from > 0 && !insert(p, before, err)) {
            return false;
        }
        piece.address += (uint32_t)(from + part.size);
        piece.data.data += from + part.size;
        piece.data.size -= from + part.size;
        if (piece.data.size == 0) {
            return true;
        }
        at = at > piece.address ? at : piece.address;
    }
    return insert(p, piece, err);
}

/* Too large for where it would begin. */
static bool refuse_end(const fettle_esp_piece *piece, uint64_t limit, fettle_error *err)
{
    (void)refuse_size(piece->data.size, limit, err);
    if (piece->address > 0) {
        fettle_text_append(err->message, sizeof err->message, ", and it would begin at 0x");
        fettle_text_append_hex(err->message, sizeof err->message, piece->address, 1);
    }
    return false;
}

static bool check_place(const placing *p, const fettle_esp_piece *piece, fettle_error *err)
{
    if (piece->address % FETTLE_FLASH_SECTOR != 0) {
        return refuse_at(p, "", piece->address,
                         " isn't the beginning of a sector of 0x1000 bytes, and an erase "
                         "would take what is in front of it",
                         err);
    }
    uint64_t limit = p->board->flash_size;
    return limit == 0 || end_of(piece) <= limit || refuse_end(piece, limit, err);
}

static bool brings_bootloader(const placing *p)
{
    const fettle_image *image = p->plan->image;
    for (size_t i = 0; i < image->region_count; i++) {
        fettle_esp_image found;
        if (fettle_esp_image_peek(&found, image->regions[i].data) &&
            found.content == FETTLE_ESP_BOOTLOADER) {
            return true;
        }
    }
    return false;
}

/* Only the bootloader knows where its table is; the one on the board has one that it finds. */
static bool check_table(const placing *p, const fettle_esp_piece *piece, fettle_error *err)
{
    bool is_lost = p->board->table != NULL && piece->address != FETTLE_TABLE_ADDRESS &&
                   fettle_partitions_is_table(piece->data);
    const uint32_t right = FETTLE_TABLE_ADDRESS;
    return !is_lost || brings_bootloader(p) ||
           refuse_place(p, "a partition table would go to ", piece->address,
                        ", where this board's bootloader doesn't look for one", &right,
                        err);
}

/* At its beginning, and, of one that covers more, wherever this chip or the
 * table wants an image. */
static bool check_content(const placing *p, const fettle_esp_piece *piece,
                          fettle_error *err)
{
    const fettle_partitions *table = table_of(p);
    if (!check_table(p, piece, err) ||
        !check_image(p, piece->address, piece->data, true, err)) {
        return false;
    }
    for (size_t i = 0; i <= (table != NULL ? table->count : 0); i++) {
        bool is_row = i > 0 && table != NULL;
        uint32_t address = is_row ? table->rows[i - 1].address : p->board->bootloader;
        if (address <= piece->address || address >= end_of(piece) ||
            (is_row && table->rows[i - 1].type != FETTLE_PARTITION_APP)) {
            continue;
        }
        size_t from = address - piece->address;
        fettle_span rest = {piece->data.data + from, piece->data.size - from};
        if (!check_image(p, address, rest, false, err)) {
            return false;
        }
    }
    return true;
}

/* ---- where what has no address goes ---- */

/* Files without an address are the first pieces and the first regions, both in the order of the files. */
static const char *file_of(const placing *p, const fettle_region *region)
{
    const fettle_image *image = p->plan->image;
    size_t left = (size_t)(region - image->regions);
    for (size_t i = 0; image->region_count > 1 && i < image->piece_count; i++) {
        const fettle_image_piece *piece = &image->pieces[i];
        if (!piece->has_address && left-- == 0) {
            return piece->name;
        }
    }
    return "The file";
}

static bool ask_where(fettle_error *err)
{
    fettle_error_set(err, FETTLE_E_ANSWER_NEEDED,
                     &(fettle_words){.board = "this file",
                                     .text = "it doesn't say where it goes: name a "
                                             "partition with --memory, or an address with "
                                             "--address"});
    return false;
}

static bool find_slot(placing *p, const char *file, uint32_t *address, fettle_error *err)
{
    const fettle_partitions *table = table_of(p);
    const fettle_partition *row =
        table != NULL ? fettle_partitions_running(table, p->board->otadata) : NULL;
    if (table == NULL) {
        fettle_error_set(
            err, FETTLE_E_ANSWER_NEEDED,
            &(fettle_words){.board = "this file",
                            .text = p->board->is_unreadable
                                        ? "this chip lets nobody read its partition table, "
                                          "so an address is needed: name it with --address"
                                        : "the board has no partition table, so nobody "
                                          "knows where an application goes; write its "
                                          "bootloader and table with it, or name an "
                                          "address with --address"});
        return false;
    }
    if (row == NULL) {
        return ask_where(err);
    }
    *address = row->address;
    fettle_note_add(
        p->observed, FETTLE_NOTE_PLACED_IN,
        &(fettle_words){.file = file, .text = row->label, .address = row->address});
    return true;
}

static bool find_place(placing *p, const char *file, fettle_span data, uint32_t *address,
                       fettle_error *err)
{
    fettle_esp_image image;
    if (fettle_partitions_is_table(data)) {
        *address = FETTLE_TABLE_ADDRESS;
    } else if (!fettle_esp_image_peek(&image, data)) {
        return ask_where(err);
    } else if (!check_chip(p, &image, err) || !check_revision(p, &image, err)) {
        return false; /* before any word about partitions */
    } else if (p->board->is_esp8266) {
        *address = 0;
    } else if (image.content == FETTLE_ESP_BOOTLOADER) {
        *address = p->board->bootloader;
    } else {
        return find_slot(p, file, address, err);
    }
    fettle_note_add(p->observed, FETTLE_NOTE_PLACED_AT,
                    &(fettle_words){.file = file, .address = *address});
    return true;
}

static bool find_label(const fettle_partitions *table, const char *label,
                       const fettle_partition **row, fettle_error *err)
{
    char list[200] = "";
    *row = table != NULL ? fettle_partitions_find_label(table, label) : NULL;
    for (size_t i = 0; *row == NULL && table != NULL && i < table->count; i++) {
        fettle_text_append(list, sizeof list, i > 0 ? ", " : "");
        fettle_text_append_escaped(list, sizeof list, table->rows[i].label);
    }
    if (*row == NULL) {
        fettle_error_set(
            err, FETTLE_E_NO_SUCH_MEMORY,
            &(fettle_words){.text = label,
                            .text2 = list[0] != '\0' ? list : "no partition table"});
    }
    return *row != NULL;
}

/* An application in a slot that the chip doesn't start changes nothing, and people wonder why. */
static void note_unused(placing *p, const fettle_esp_piece *piece)
{
    fettle_esp_image image;
    const fettle_partitions *table = table_of(p);
    if (table == NULL || !fettle_esp_image_peek(&image, piece->data)) {
        return;
    }
    const fettle_partition *row = fettle_partitions_at(table, piece->address);
    const fettle_partition *started = fettle_partitions_running(table, p->board->otadata);
    if (row != NULL && started != NULL && row != started &&
        row->type == FETTLE_PARTITION_APP) {
        fettle_note_add(p->observed, FETTLE_NOTE_SLOT_UNUSED,
                        &(fettle_words){.text = row->label, .text2 = started->label});
    }
}

static bool place_region(placing *p, const fettle_region *region, fettle_error *err)
{
    fettle_esp_piece piece = {.data = region->data};
    const char *label = region->partition != NULL ? region->partition : p->plan->memory;
    const fettle_partition *row;
    if (label[0] != '\0') {
        if (region->has_address || p->plan->has_address) {
            return refuse(p, "it has an address, and a partition was named besides", err);
        }
        if (!find_label(table_of(p), label, &row, err)) {
            return false;
        }
        if (region->data.size > row->size) {
            return refuse_size(region->data.size, row->size, err);
        }
        piece.address = row->address;
    } else if (region->has_address || p->plan->has_address) {
        piece.address = region->has_address ? region->address : p->plan->address;
    } else if (!find_place(p, file_of(p, region), region->data, &piece.address, err)) {
        return false;
    }
    note_unused(p, &piece);
    return check_place(p, &piece, err) && check_content(p, &piece, err) &&
           add_piece(p, piece, label[0] != '\0', err);
}

bool fettle_esp_layout_make(fettle_esp_layout *layout, const fettle_plan *plan,
                            const fettle_esp_board *board, fettle_observed *observed,
                            fettle_error *err)
{
    placing p = {.layout = layout, .plan = plan, .board = board, .observed = observed};
    layout->count = 0;
    if (!find_new_table(&p, err)) {
        return false;
    }
    for (size_t i = 0; i < plan->image->region_count; i++) {
        if (!place_region(&p, &plan->image->regions[i], err)) {
            return false;
        }
    }
    note_moves(&p);
    return true;
}

bool fettle_esp_layout_range(const fettle_esp_board *board, const char *label,
                             uint32_t *address, uint64_t *size, fettle_error *err)
{
    const fettle_partition *row;
    if (label == NULL) {
        *address = 0;
        *size = board->flash_size;
        return true;
    }
    if (!find_label(board->table, label, &row, err)) {
        return false;
    }
    *address = row->address;
    *size = row->size;
    return true;
}
