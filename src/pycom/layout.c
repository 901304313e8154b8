/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A package on a board: which of its scripts, where each part goes, what is changed in them, and what the board loses by it. Nothing
 * is padded and nothing is cut; what a script would erase besides stays, unless the layout moves or a person asks for it.
 */
#include "pycom/layout.h"

#include "base/text.h"
#include "image/esp_content.h"
#include "pycom/package.h"
#include "pycom/regions.h"

#include <string.h>

enum { SECTOR = FETTLE_FLASH_SECTOR, BLANK_PIECE = 0x10000, CHIP_ESP32 = 0 };

typedef struct laying {
    const fettle_pycom_package *package;
    const fettle_pycom_variant *variant;
    const fettle_partitions *table;  /* that will hold */
    const fettle_partitions *before; /* by which all was put there; NULL: none is known */
    const fettle_module_look *look;
    const fettle_esp_board *board;
    const fettle_module_wishes *wishes;
    fettle_module_work *work;
    const fettle_memory_ops *memory;
    fettle_observed *observed;
    uint8_t *blank; /* BLANK_PIECE of it, for all that is erased; NULL: not needed yet */
    fettle_error *err;
} laying;

/* ---- does it fit? ---- */

static bool check_board(const laying *self)
{
    const fettle_esp_board *board = self->board;
    if (board->is_esp8266 || board->chip_id != CHIP_ESP32) {
        return fettle_pycom_refuse(
            board, "the package is for modules with an ESP32, and this is an {text}",
            &(fettle_words){.text = board->chip}, self->err);
    }
    if (board->flash_size == 0) {
        fettle_error_set(self->err, FETTLE_E_ANSWER_NEEDED,
                         &(fettle_words){.board = board->chip,
                                         .text = "how much flash there is can't be read; "
                                                 "say it with --flash-size"});
    }
    return board->flash_size != 0;
}

static bool check_region(const laying *self)
{
    uint8_t region;
    const fettle_pycom_family *family = self->package->family;
    if (self->wishes->region == NULL || family == NULL ||
        !fettle_pycom_region_of(self->wishes->region, &region)) {
        return true; /* the name is complete.c's */
    }
    return fettle_pycom_region_check(family->word, region, self->err);
}

/* Neither the bus nor the chip tells which module it is: it was kept, or its firmware has left its name. */
static bool check_family(const laying *self)
{
    enum { NETWORK_AT = 536, NETWORK_SIZE = 33 };
    const fettle_pycom_family *family = self->package->family;
    const char *remembered = self->look->remembered;
    fettle_span block = self->look->ranges[0];
    const fettle_pycom_family *known = NULL;
    if (remembered != NULL) {
        known = fettle_pycom_family_of_row(remembered);
    } else if (block.size >= NETWORK_AT + NETWORK_SIZE) {
        known = fettle_pycom_family_of_network((const char *)block.data + NETWORK_AT,
                                               NETWORK_SIZE);
    }
    if (family == NULL || known == NULL || known == family || self->look->is_said) {
        return true;
    }
    char text[240], format[200];
    format[0] = '\0';
    fettle_text_append(format, sizeof format, "the package is for a {text}, and ");
    fettle_text_append(format, sizeof format,
                       remembered != NULL
                           ? "this module was updated as a {text2} the last time"
                           : "the firmware of this module names its network {text2}");
    fettle_text_append(format, sizeof format,
                       "; if it is a {text} all the same, say so with --module=");
    fettle_text_append(format, sizeof format, family->word);
    fettle_words_render(text, sizeof text, format,
                        &(fettle_words){.text = family->shown, .text2 = known->shown});
    return fettle_pycom_refuse(self->board, "{text}", &(fettle_words){.text = text},
                               self->err);
}

/* Where the package brings no table its application goes where the board's has one. */
static bool check_slot(const laying *self, const fettle_pycom_write *write)
{
    const fettle_partition *row = fettle_partitions_at(self->table, write->address);
    fettle_words words = {.text = write->member, .address = write->address};
    if (row == NULL || row->type != FETTLE_PARTITION_APP ||
        row->address != write->address) {
        return fettle_pycom_refuse(self->board,
                                   "\"{text}\" would go to {address}, where the board's "
                                   "partition table has no application",
                                   &words, self->err);
    }
    if (write->data.size > row->size) {
        words.size = write->data.size;
        words.limit = row->size;
        return fettle_pycom_refuse(
            self->board,
            "\"{text}\" has {size} bytes, and the board's partition at {address} {limit}",
            &words, self->err);
    }
    if (self->board->has_revision && write->image.min_revision > self->board->revision) {
        return fettle_pycom_refuse(self->board,
                                   "\"{text}\" wants a later revision of the chip", &words,
                                   self->err);
    }
    return true;
}

static bool find_table(laying *self)
{
    self->table = self->variant->has_table ? &self->variant->table : self->board->table;
    if (self->table == NULL) {
        return fettle_pycom_refuse(
            self->board, "the package brings no partition table, and the board has none",
            NULL, self->err);
    }
    for (size_t i = 0; i < self->table->count; i++) {
        const fettle_partition *row = &self->table->rows[i];
        if ((uint64_t)row->address + row->size > self->board->flash_size) {
            return fettle_pycom_refuse(
                self->board,
                "partition \"{text}\" at {address} would reach beyond the {limit} bytes of "
                "flash that this board has",
                &(fettle_words){.text = row->label,
                                .address = row->address,
                                .limit = self->board->flash_size},
                self->err);
        }
    }
    return true;
}

/* ---- its parts ---- */

static void note_part(const laying *self, const fettle_pycom_write *write)
{
    const fettle_partition *row = fettle_partitions_at(self->table, write->address);
    const char *place = write->target[0] != '\0'                 ? write->target
                        : row != NULL                            ? row->label
                        : write->address == FETTLE_PYCOM_LOADER  ? "bootloader"
                        : write->address == FETTLE_TABLE_ADDRESS ? "partitions"
                                                                 : "the flash";
    fettle_note_add(self->observed, FETTLE_NOTE_PART_PLACED,
                    &(fettle_words){.text = write->member,
                                    .text2 = place,
                                    .address = write->address,
                                    .size = write->data.size});
}

/* A copy of the bootloader with a header that is right for this board. */
static bool patch_loader(laying *self, const fettle_pycom_write *write, fettle_span *data)
{
    fettle_esp_patch patch;
    char before[48], after[48];
    if (!fettle_pycom_right_header(self->board->flash_size, &patch) ||
        fettle_pycom_is_header(&write->image, &patch)) {
        return true;
    }
    uint8_t *copy =
        fettle_pycom_take(self->work, self->memory, write->data.size, self->err);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, write->data.data, write->data.size);
    if (!fettle_esp_image_patch(&write->image, copy, &patch)) {
        return fettle_pycom_bad_package(
            self->err, "its bootloader is damaged, so that its header can't be set", NULL);
    }
    fettle_esp_image patched = write->image;
    patched.mode_code = patch.mode_code;
    patched.size_code = patch.size_code;
    patched.frequency_code = patch.frequency_code;
    fettle_pycom_describe_header(&write->image, before, sizeof before);
    fettle_pycom_describe_header(&patched, after, sizeof after);
    fettle_note_add(self->observed, FETTLE_NOTE_HEADER_SET,
                    &(fettle_words){.text = before, .text2 = after});
    data->data = copy;
    return true;
}

static bool is_otadata(const laying *self, const fettle_pycom_write *write)
{
    const fettle_partition *row = fettle_pycom_otadata_row(self->table);
    return row != NULL && write->address >= row->address &&
           write->address - row->address < row->size;
}

static bool put_write(laying *self, const fettle_pycom_write *write)
{
    fettle_pycom_part parts[2];
    fettle_span data = write->data;
    if (is_otadata(self, write)) {
        return true; /* which application starts follows from what is written */
    }
    if (write->is_application && !check_slot(self, write)) {
        return false;
    }
    if (write->address == FETTLE_PYCOM_LOADER && !patch_loader(self, write, &data)) {
        return false;
    }
    note_part(self, write);
    size_t count = fettle_pycom_cut(write->address, data, parts);
    for (size_t i = 0; i < count; i++) {
        fettle_esp_piece piece = {parts[i].address, parts[i].data};
        if (!fettle_pycom_put(self->work->layout, self->board, piece, self->err)) {
            return false;
        }
    }
    return true;
}

/* Of two applications the one that isn't a stand-in runs: the module's own, which lies behind. */
static bool put_start(const laying *self)
{
    const fettle_pycom_write *last = NULL;
    for (size_t i = 0; i < self->variant->write_count; i++) {
        const fettle_pycom_write *write = &self->variant->writes[i];
        last = write->is_application ? write : last;
    }
    if (last == NULL) {
        return true;
    }
    const fettle_partition *row = fettle_partitions_at(self->table, last->address);
    bool is_factory = row == NULL || row->subtype == FETTLE_PARTITION_APP_FACTORY;
    fettle_pycom_start start = {
        .table = self->table,
        .slot = is_factory ? FETTLE_PYCOM_FACTORY : FETTLE_PYCOM_OTA_0,
        .size = (uint32_t)last->data.size,
    };
    return fettle_pycom_put_otadata(self->look, &start, self->work, self->memory,
                                    self->observed, self->err);
}

/* ---- what is erased ---- */

/* In pieces that all lie in the same memory. What the package itself brings for that place isn't erased besides. */
static bool erase(laying *self, const fettle_module_range *range)
{
    uint64_t end = (uint64_t)range->address + range->size;
    end = end < self->board->flash_size ? end : self->board->flash_size;
    if (range->address >= end || range->address % SECTOR != 0 ||
        fettle_pycom_is_covered(self->work->layout, range->address, end - range->address)) {
        return true;
    }
    if (self->blank == NULL) {
        self->blank = fettle_pycom_take(self->work, self->memory, BLANK_PIECE, self->err);
        if (self->blank == NULL) {
            return false;
        }
        memset(self->blank, 0xFF, BLANK_PIECE);
    }
    for (uint64_t at = range->address; at < end;) {
        uint64_t next = (at / BLANK_PIECE + 1) * BLANK_PIECE;
        next = next < end ? next : end;
        fettle_esp_piece piece = {(uint32_t)at, {self->blank, (size_t)(next - at)}};
        if (!fettle_pycom_put(self->work->layout, self->board, piece, self->err)) {
            return false;
        }
        at = next;
    }
    return true;
}

static void note_erased(const laying *self, const char *what,
                        const fettle_module_range *range)
{
    fettle_note_add(
        self->observed, FETTLE_NOTE_ERASED_AS_ASKED,
        &(fettle_words){.text = what, .address = range->address, .size = range->size});
}

static void note_lost(const laying *self, fettle_note_code code, uint32_t address)
{
    fettle_note_add(self->observed, code,
                    &(fettle_words){.address = address,
                                    .text = fettle_pycom_table_name(self->before),
                                    .text2 = fettle_pycom_table_name(self->table)});
}

/* Does the one have all rows of the other, and more of them? */
static bool continues(const fettle_partitions *whole, const fettle_partitions *part)
{
    for (size_t i = 0; i < part->count && i < whole->count; i++) {
        const fettle_partition *one = &whole->rows[i], *other = &part->rows[i];
        if (one->type != other->type || one->subtype != other->subtype ||
            one->address != other->address || one->size != other->size) {
            return false;
        }
    }
    return part->count < whole->count;
}

const fettle_partitions *fettle_pycom_table_before(const fettle_module_look *look,
                                                   const fettle_partitions *table)
{
    const fettle_partitions *now = look->board->table, *kept = look->table_before;
    if (now == NULL) {
        return kept;
    }
    bool is_part_of_new = table != NULL && continues(table, now);
    bool is_kept_whole = kept != NULL && (table == NULL || !continues(table, kept));
    if (is_kept_whole && (is_part_of_new || continues(kept, now))) {
        return kept;
    }
    return is_part_of_new ? table : now; /* in doubt nothing is taken for another layout */
}

/*
 * Is what the firmware keeps its files in still the same afterwards? Firmware before 1.20 keeps them in a form that later firmware
 * takes for damaged. A board without a table has nothing that anybody would find, unless an update that was cut off took it; one whose
 * table can't be read keeps all it has.
 */
static bool has_same_files(const laying *self, const fettle_module_range *now,
                           fettle_module_range *before)
{
    const fettle_partitions *old = self->before;
    *before = *now;
    if (old == NULL) {
        return self->board->is_unreadable;
    }
    if (!fettle_pycom_files_of(old, self->board->flash_size, before)) {
        return false;
    }
    const fettle_pycom_table *was = fettle_pycom_table_of(old);
    const fettle_pycom_table *is = fettle_pycom_table_of(self->table);
    bool is_same_form = was == NULL || is == NULL || was->is_old == is->is_old;
    return is_same_form && now->address == before->address && now->size == before->size;
}

/* A place where nothing begins has no files on it. What couldn't be read may have. */
static bool has_no_files(const laying *self, const fettle_module_range *before)
{
    fettle_pycom_seen seen;
    fettle_pycom_see(self->look, &seen);
    return seen.files.size > 0 && seen.files_address == before->address &&
           fettle_esp_is_blank(seen.files);
}

/* Nobody who only wants new firmware expects that. */
static bool agree_to_loss(const laying *self, const fettle_module_range *before)
{
    char text[200];
    if (self->wishes->agrees_to_loss || self->wishes->erases_files ||
        has_no_files(self, before)) {
        return true;
    }
    fettle_words_render(
        text, sizeof text,
        "the file system at {address} will be lost: the layout changes from "
        "{text} to {text2}",
        &(fettle_words){.address = before->address,
                        .text = fettle_pycom_table_name(self->before),
                        .text2 = fettle_pycom_table_name(self->table)});
    fettle_error_set(self->err, FETTLE_E_CONFIRMATION_NEEDED,
                     &(fettle_words){.text = text});
    self->err->hint =
        "fettle backup makes a copy of all of it. To go on, run the command on "
        "a terminal and answer its question, or add --yes.";
    return false;
}

static bool settle_files(laying *self)
{
    fettle_module_range now, before;
    if (!fettle_pycom_files_of(self->table, self->board->flash_size, &now)) {
        return true; /* nobody knows where: nothing is touched */
    }
    if (!has_same_files(self, &now, &before)) {
        if (!agree_to_loss(self, &before)) {
            return false;
        }
        note_lost(self, FETTLE_NOTE_FILES_LOST, before.address);
        return erase(self, &now);
    }
    if (self->wishes->erases_files) {
        note_erased(self, "file system", &now);
        return erase(self, &now);
    }
    return true;
}

static const fettle_partition *settings_row(const fettle_partitions *table)
{
    return table == NULL ? NULL
                         : fettle_partitions_find(table, FETTLE_PARTITION_DATA,
                                                  FETTLE_PARTITION_DATA_NVS);
}

static bool settle_settings(laying *self)
{
    const fettle_partition *now = settings_row(self->table);
    const fettle_partition *before = settings_row(self->before);
    if (now == NULL) {
        return true;
    }
    fettle_module_range range = {now->address, now->size};
    if (before != NULL && (before->address != now->address || before->size != now->size)) {
        note_lost(self, FETTLE_NOTE_SETTINGS_LOST, before->address);
        return erase(self, &range);
    }
    if (self->wishes->erases_settings) {
        note_erased(self, "settings (NVS)", &range);
        return erase(self, &range);
    }
    return true;
}

/* Parts that a person made, and that the new table doesn't have there. */
static void note_moves(const laying *self)
{
    const fettle_partitions *old = self->before;
    for (size_t i = 0; old != NULL && i < old->count; i++) {
        const fettle_partition *row = &old->rows[i];
        const fettle_partition *now = fettle_partitions_find_label(self->table, row->label);
        bool is_known = row->type != FETTLE_PARTITION_DATA ||
                        row->subtype == FETTLE_PARTITION_DATA_OTA ||
                        row->subtype == FETTLE_PARTITION_DATA_NVS ||
                        (row->subtype >= FETTLE_PYCOM_FILES_SUBTYPE && row->subtype <= 7);
        if (!is_known && (now == NULL || now->address != row->address)) {
            fettle_note_add(self->observed, FETTLE_NOTE_PARTITION_MOVES,
                            &(fettle_words){.text = row->label,
                                            .address = row->address,
                                            .size = row->size});
        }
    }
}

static bool settle_losses(laying *self)
{
    const char *was = fettle_pycom_table_name(self->before);
    const char *is = fettle_pycom_table_name(self->table);
    bool moves = self->board->table != NULL && !fettle_text_is_equal(was, is);
    if (moves) {
        fettle_note_add(self->observed, FETTLE_NOTE_LAYOUT_CHANGES,
                        &(fettle_words){.text = was, .text2 = is});
    }
    note_moves(self);
    if (self->variant->erases_more && !self->wishes->erases_files &&
        !self->wishes->erases_settings && !moves) {
        fettle_note_add(self->observed, FETTLE_NOTE_PACKAGE_ERASES_LESS, NULL);
    }
    return settle_files(self) && settle_settings(self);
}

/* Packages of old were for one band each: "LoPy_868", "LoPy_915". */
static void note_band(const laying *self)
{
    const char *band = self->package->named.band;
    fettle_span block = self->look->ranges[0];
    uint8_t region = FETTLE_PYCOM_REGION_UNSET;
    if (self->wishes->region != NULL) {
        (void)fettle_pycom_region_of(self->wishes->region, &region);
    } else if (block.size > FETTLE_PYCOM_REGION_AT) {
        region = block.data[FETTLE_PYCOM_REGION_AT];
    }
    const char *name = fettle_pycom_region_name(region);
    if (band[0] != '\0' && name != NULL && !fettle_pycom_band_has(band, region)) {
        fettle_note_add(self->observed, FETTLE_NOTE_BAND_MISMATCH,
                        &(fettle_words){.text = band, .text2 = name});
    }
}

bool fettle_pycom_lay_out(const fettle_image *image, const fettle_module_look *look,
                          const fettle_module_wishes *wishes, fettle_module_work *work,
                          const fettle_memory_ops *memory, fettle_observed *observed,
                          fettle_error *err)
{
    laying self = {
        .package = image->package,
        .look = look,
        .board = look->board,
        .wishes = wishes,
        .work = work,
        .memory = memory,
        .observed = observed,
        .err = err,
    };
    if (!check_board(&self)) {
        return false;
    }
    if (self.board->is_secure_boot && !self.board->is_encrypted) {
        fettle_error_set(err, FETTLE_E_ESP_SECURED,
                         &(fettle_words){.text =
                                             "secure boot is on: only firmware that is "
                                             "signed for this board starts, and nothing "
                                             "shows that this package is"});
        return false;
    }
    bool is_secured = self.board->is_encrypted;
    self.variant = fettle_pycom_choose(self.package, self.board->flash_size, is_secured,
                                       self.board->chip, observed, err);
    if (self.variant == NULL || !check_family(&self) || !check_region(&self)) {
        return false;
    }
    if (is_secured) {
        fettle_error_set(err, FETTLE_E_ESP_SECURED,
                         &(fettle_words){.text = "its flash is encrypted, and fettle can't "
                                                 "prove what it would write there"});
        return false;
    }
    if (!find_table(&self)) {
        return false;
    }
    self.before = fettle_pycom_table_before(look, self.table);
    for (size_t i = 0; i < self.variant->write_count; i++) {
        if (!put_write(&self, &self.variant->writes[i])) {
            return false;
        }
    }
    note_band(&self);
    return put_start(&self) && settle_losses(&self);
}
