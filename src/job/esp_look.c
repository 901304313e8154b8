/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is: into the loader, by the board's own means or by a person's hand; which chip it is, how fast its line is and how large
 * its flash; its tables, and what the vendor of a module wants to know besides.
 */
#include "job/esp_work_inside.h"

#include "base/error.h"
#include "base/hash.h"

#include <string.h>

enum {
    TABLE_STEP = 0x100,       /* bytes of a partition table that are read at a time */
    TABLE_ROW = 32,           /* bytes; the row behind the last one is blank */
    OTADATA_ENTRY = 32,       /* bytes at the beginning of each of its two sectors */
    SPOTS = 3,                /* where every flash that isn't blank has something */
    HASH_BLOCK = 0x10000,     /* bytes that nobody copies by chance */
    SMALLEST_FLASH = 0x40000, /* bytes */
};

static fettle_esp_work_then contact_again, find_module, read_range, attach, try_spot,
    read_table, read_otadata, ask;

/* ---- survey ---- */

static fettle_effect identify(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return fettle_esp_work_run(work, fettle_esp_identify(&work->esp), 0,
                               fettle_esp_work_end_well);
}

static fettle_effect connect(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return fettle_esp_work_run(work, fettle_esp_connect(&work->esp), 0, identify);
}

/* A carrier holds the chip's pins itself; then the chip only has to be spoken to. */
static fettle_effect enter(fettle_esp_work *work, fettle_us now)
{
    work->is_held = work->carrier != NULL;
    return work->carrier == NULL
               ? connect(work, now)
               : fettle_esp_work_run(work, work->carrier->enter(work->carrier_room), 0,
                                     connect);
}

static fettle_effect ask_first(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return fettle_esp_work_ask_console(work, enter);
}

fettle_engine *fettle_esp_work_survey(fettle_esp_work *work)
{
    return fettle_esp_work_ready(work, work->console != NULL ? ask_first : enter, 0);
}

static bool says(const fettle_esp_heard *heard, const char *word)
{
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= heard->size; i++) {
        if (memcmp(heard->text + i, word, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Something was pressed, and it was not what is asked for: people want to know that at once. */
static void note_wrong_start(fettle_esp_work *work)
{
    const fettle_esp_heard *told = &work->esp.told;
    bool has_started = told->says_normal_boot || told->has_boot;
    if (work->observed == NULL || !has_started || told->waits_for_download ||
        work->has_told_start) {
        return;
    }
    bool is_safe = work->safe_boot != NULL && says(told, work->safe_boot);
    work->has_told_start = true;
    fettle_note_add(work->observed, is_safe ? FETTLE_NOTE_SAFE_BOOT : work->note_in_vain,
                    NULL);
}

static fettle_effect on_tried(fettle_esp_work *work, fettle_us now)
{
    if (!work->was_good && now < work->until) {
        note_wrong_start(work);
        return fettle_esp_work_try(work, fettle_esp_connect(&work->esp), on_tried);
    }
    work->esp.ask = FETTLE_ASK_NOTHING;
    work->was_by_hand |= work->was_good;
    if (work->was_good) {
        return work->after_contact(work, now);
    }
    work->engine.error = work->esp.engine.error;
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

static fettle_effect try_connect(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return fettle_esp_work_try(work, fettle_esp_connect(&work->esp), on_tried);
}

void fettle_esp_work_limit_baud(fettle_esp_work *work, uint32_t baud_max)
{
    fettle_esp_setup *setup = &work->esp.setup;
    while (setup->baud_count > 0 && setup->bauds[setup->baud_count - 1] > baud_max) {
        setup->baud_count--;
        work->is_limited = true;
    }
}

/* From here on a hand is the only reset. */
static void begin_by_hand(fettle_esp_work *work, fettle_us until,
                          fettle_esp_work_then *after)
{
    work->esp.setup.has_lines = false;
    work->esp.setup.reset_count = 0;
    work->esp.ask = work->ask_by_hand;
    work->until = until;
    work->after_contact = after;
}

fettle_engine *fettle_esp_work_wait(fettle_esp_work *work, fettle_us until,
                                    uint32_t baud_max)
{
    fettle_engine *engine = fettle_esp_work_ready(work, try_connect, 0);
    fettle_esp_work_limit_baud(work, baud_max);
    work->late_baud = 0; /* it would cost a hand to come back from one that fails */
    work->was_by_hand = false;
    begin_by_hand(work, until, identify);
    return engine;
}

/* ---- look ---- */

/* No reset of ours brings it back, nor was it heard at the rate that fails: one more press of its button does. */
static fettle_effect call_a_hand(fettle_esp_work *work, fettle_us now)
{
    bool is_for_ever = work->hand_time >= FETTLE_NEVER - now;
    if (work->observed != NULL) {
        fettle_note_add(work->observed, FETTLE_NOTE_RATE_LOST,
                        &(fettle_words){.count = work->esp.baud_failed});
    }
    begin_by_hand(work, is_for_ever ? FETTLE_NEVER : now + work->hand_time, attach);
    return try_connect(work, now);
}

static fettle_effect fail_lost(fettle_esp_work *work)
{
    work->engine.error = work->esp.engine.error;
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

/* Behind a carrier a rate that doesn't hold costs more than a reset: it is entered anew, and stays slow. */
static fettle_effect on_raised(fettle_esp_work *work, fettle_us now)
{
    bool is_of_carrier = work->carrier != NULL && !work->was_by_hand;
    if (work->was_good) {
        return attach(work, now);
    }
    if (work->was_slowed || (!is_of_carrier && work->hand_time == 0)) {
        return fail_lost(work);
    }
    work->was_slowed = true;
    work->esp.setup.baud_count = 0;
    work->after_contact = attach;
    return is_of_carrier
               ? fettle_esp_work_run(work, work->carrier->enter(work->carrier_room), 0,
                                     contact_again)
               : call_a_hand(work, now);
}

static fettle_effect contact_again(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return fettle_esp_work_run(work, fettle_esp_connect(&work->esp), 0,
                               work->after_contact);
}

static fettle_effect raise_baud(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return fettle_esp_work_try(work, fettle_esp_raise_baud(&work->esp), on_raised);
}

static fettle_effect attach(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    bool was_tried = work->esp.baud != FETTLE_ESP_BAUD || work->esp.baud_failed != 0;
    bool says_enough = was_tried && (!work->is_limited || work->esp.baud_failed != 0);
    work->baud = says_enough ? work->esp.baud : 0;
    return fettle_esp_work_run(work, fettle_esp_attach(&work->esp), 0, try_spot);
}

/*
 * A relabelled flash claims more than it has, and what is written behind its end comes out at its
 * beginning. Then what is there stands in the middle once more. Blank flash can't tell.
 */

static uint32_t spot_address(const fettle_esp_work *work)
{
    static const uint32_t others[SPOTS - 1] = {FETTLE_TABLE_ADDRESS, HASH_BLOCK};
    return work->spot == 0 ? work->esp.identity.chip->bootloader : others[work->spot - 1];
}

static bool can_be_smaller(const fettle_esp_work *work)
{
    const fettle_esp *esp = &work->esp;
    uint32_t told = fettle_esp_size_of_flash(esp->flash_id);
    bool is_said = esp->setup.flash_size != 0; /* by a person, or by us */
    bool is_doubtful = told != 0 && esp->setup.flash_size > told;
    return (!is_said || is_doubtful) && fettle_esp_can_hash(esp) && work->spot < SPOTS &&
           work->half >= SMALLEST_FLASH &&
           work->half + HASH_BLOCK * 2 <= esp->identity.chip->rom_limit;
}

/* It is so: and is it smaller still? */
static fettle_effect on_wraps(fettle_esp_work *work, fettle_us now)
{
    work->told_size = work->told_size > 0 ? work->told_size : work->esp.flash_size;
    work->esp.flash_size = work->half;
    work->half /= 2;
    return try_spot(work, now);
}

static fettle_effect end_wrap_test(fettle_esp_work *work, fettle_us now)
{
    if (work->told_size > 0) {
        work->esp.setup.flash_size = work->esp.flash_size; /* for every later attach */
    }
    return read_table(work, now);
}

static fettle_effect on_block_in_middle(fettle_esp_work *work, fettle_us now)
{
    bool is_copy = memcmp(work->esp.md5, work->md5_of_spot, FETTLE_MD5_SIZE) == 0;
    return is_copy ? on_wraps(work, now) : end_wrap_test(work, now);
}

static fettle_effect on_block(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    uint32_t address = spot_address(work) / HASH_BLOCK * HASH_BLOCK;
    memcpy(work->md5_of_spot, work->esp.md5, FETTLE_MD5_SIZE);
    return fettle_esp_work_run(
        work, fettle_esp_hash(&work->esp, address + work->half, HASH_BLOCK), 0,
        on_block_in_middle);
}

/* One sector may be a copy that somebody has made: then all around it isn't. */
static fettle_effect on_spot_in_middle(fettle_esp_work *work, fettle_us now)
{
    uint32_t address = spot_address(work) / HASH_BLOCK * HASH_BLOCK;
    if (memcmp(work->esp.md5, work->md5_of_spot, FETTLE_MD5_SIZE) != 0) {
        return end_wrap_test(work, now);
    }
    return fettle_esp_work_run(work, fettle_esp_hash(&work->esp, address, HASH_BLOCK), 0,
                               on_block);
}

static fettle_effect on_spot(fettle_esp_work *work, fettle_us now)
{
    if (fettle_esp_work_is_hash_of_blank(work, FETTLE_SECTOR_SIZE)) {
        work->spot++;
        return try_spot(work, now);
    }
    memcpy(work->md5_of_spot, work->esp.md5, FETTLE_MD5_SIZE);
    return fettle_esp_work_run(
        work,
        fettle_esp_hash(&work->esp, spot_address(work) + work->half, FETTLE_SECTOR_SIZE), 0,
        on_spot_in_middle);
}

static fettle_effect try_spot(fettle_esp_work *work, fettle_us now)
{
    if (work->half == 0) {
        work->half = work->esp.flash_size / 2;
    }
    return can_be_smaller(work)
               ? fettle_esp_work_run(
                     work,
                     fettle_esp_hash(&work->esp, spot_address(work), FETTLE_SECTOR_SIZE), 0,
                     on_spot)
               : end_wrap_test(work, now);
}

static bool has_end(const uint8_t *bytes, size_t size)
{
    for (size_t row = 0; row + TABLE_ROW <= size; row += TABLE_ROW) {
        if (bytes[row] == 0xFF &&
            memcmp(bytes + row, bytes + row + 1, TABLE_ROW - 1) == 0) {
            return true;
        }
    }
    return false;
}

/* Rows are read until there is an end to them: a ROM gives 64 bytes at a time.
 */
static fettle_effect on_rows(fettle_esp_work *work, fettle_us now)
{
    work->at += TABLE_STEP;
    if (!has_end(work->bytes_of_table, work->at) && work->at < FETTLE_TABLE_SIZE &&
        fettle_partitions_is_table((fettle_span){work->bytes_of_table, work->at})) {
        return read_table(work, now);
    }
    fettle_error ignored; /* no table, or one that nobody can read: then there is none */
    memset(work->bytes_of_table + work->at, 0xFF, FETTLE_TABLE_SIZE - work->at);
    work->has_table = fettle_partitions_read(
        &work->table, (fettle_span){work->bytes_of_table, FETTLE_TABLE_SIZE},
        FETTLE_TABLE_ADDRESS, &ignored);
    work->at = 0;
    return read_otadata(work, now);
}

static fettle_effect read_table(fettle_esp_work *work, fettle_us now)
{
    if (!fettle_esp_can_read(&work->esp) || !work->esp.identity.chip->has_chip_id) {
        return find_module(work, now);
    }
    return fettle_esp_work_run(work,
                               fettle_esp_read(&work->esp,
                                               FETTLE_TABLE_ADDRESS + (uint32_t)work->at,
                                               work->bytes_of_table + work->at, TABLE_STEP),
                               0, on_rows);
}

static fettle_effect on_entry(fettle_esp_work *work, fettle_us now)
{
    work->at += FETTLE_SECTOR_SIZE;
    if (work->at < FETTLE_OTADATA_SIZE) {
        return read_otadata(work, now);
    }
    fettle_otadata_read(&work->otadata,
                        (fettle_span){work->bytes_of_otadata, FETTLE_OTADATA_SIZE});
    work->has_otadata = true;
    return find_module(work, now);
}

/* ---- what the vendor of a module wants to know ---- */

fettle_esp_board fettle_esp_work_board(const fettle_esp_work *work)
{
    const fettle_esp_identity *identity = &work->esp.identity;
    return (fettle_esp_board){
        .chip = identity->chip->name,
        .is_esp8266 = !identity->chip->has_chip_id,
        .chip_id = identity->chip->chip_id,
        .revision = identity->revision,
        .has_revision = identity->has_revision,
        .is_encrypted = identity->is_encrypted,
        .is_secure_boot = identity->is_secure_boot,
        .bootloader = identity->chip->bootloader,
        .flash_size = work->esp.flash_size,
        .is_unreadable = !fettle_esp_can_read(&work->esp),
        .table = work->has_table ? &work->table : NULL,
        .otadata = work->has_otadata ? &work->otadata : NULL,
        .spared = work->range_count > 0 ? work->ranges[0].address : 0,
        .spared_size = work->range_count > 0 ? work->ranges[0].size : 0,
    };
}

bool fettle_esp_work_see(const fettle_esp_work *work, fettle_esp_board *board,
                         fettle_module_look *look)
{
    *board = fettle_esp_work_board(work);
    *look = (fettle_module_look){.board = board, .mac = work->esp.identity.mac};
    for (size_t i = 0; i < work->range_count; i++) {
        if (work->range_bytes[i] != NULL) {
            look->ranges[i] = (fettle_span){work->range_bytes[i], work->ranges[i].size};
        }
    }
    return work->module != NULL;
}

static fettle_effect on_range(fettle_esp_work *work, fettle_us now)
{
    work->range_bytes[work->at] = work->buffer;
    work->at++;
    return read_range(work, now);
}

static fettle_effect attach_again(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    work->baud = work->esp.baud;
    return fettle_esp_work_run(work, fettle_esp_attach(&work->esp), 0,
                               fettle_esp_work_end_well);
}

static fettle_effect on_raised_late(fettle_esp_work *work, fettle_us now)
{
    if (work->was_good) {
        work->baud = work->esp.baud;
        return fettle_esp_work_end_well(work, now);
    }
    work->was_slowed = true;
    work->esp.setup.baud_count = 0;
    work->after_contact = attach_again;
    return fettle_esp_work_run(work, work->carrier->enter(work->carrier_room), 0,
                               contact_again);
}

/* It was only looked at because something may be done to these bytes. */
static void forget_what_is_none(fettle_esp_work *work)
{
    bool is_read = work->range_count > 0 && work->range_bytes[0] != NULL;
    fettle_span bytes = {work->range_bytes[0], is_read ? work->ranges[0].size : 0};
    if (work->module != NULL && work->is_candidate && !work->module->is_its_range(bytes)) {
        work->module = NULL;
        work->range_count = 0;
    }
}

/* What is read comes through slowly; from here on there is only writing, and hashes. */
static fettle_effect end_look(fettle_esp_work *work, fettle_us now)
{
    forget_what_is_none(work);
    if (work->carrier == NULL || work->was_slowed || work->late_baud <= work->esp.baud) {
        return fettle_esp_work_end_well(work, now);
    }
    work->esp.setup.bauds = &work->late_baud;
    work->esp.setup.baud_count = 1;
    return fettle_esp_work_try(work, fettle_esp_raise_baud(&work->esp), on_raised_late);
}

static fettle_effect read_range(fettle_esp_work *work, fettle_us now)
{
    size_t taken = 0;
    for (size_t i = 0; i < work->at; i++) {
        taken += work->ranges[i].size;
    }
    if (work->at == work->range_count) {
        return end_look(work, now);
    }
    const fettle_module_range *range = &work->ranges[work->at];
    bool has_room = range->size <= sizeof work->module_bytes - taken;
    if (!has_room) {
        work->range_count = work->at;
        return end_look(work, now);
    }
    work->buffer = work->module_bytes + taken;
    return fettle_esp_work_run(
        work, fettle_esp_read(&work->esp, range->address, work->buffer, range->size), 0,
        on_range);
}

static fettle_effect find_module(fettle_esp_work *work, fettle_us now)
{
    fettle_esp_board board = fettle_esp_work_board(work);
    work->is_candidate = false;
    work->module = work->find_module != NULL && !board.is_unreadable
                       ? work->find_module(work->find_module_user, &board)
                       : NULL;
    work->range_count = work->module != NULL ? work->module->read(&board, work->ranges) : 0;
    memset(work->range_bytes, 0, sizeof work->range_bytes);
    work->at = 0;
    return read_range(work, now);
}

static fettle_effect read_otadata(fettle_esp_work *work, fettle_us now)
{
    const fettle_partition *row =
        work->has_table ? fettle_partitions_find(&work->table, FETTLE_PARTITION_DATA,
                                                 FETTLE_PARTITION_DATA_OTA)
                        : NULL;
    uint64_t limit = work->esp.flash_size;
    bool is_outside =
        row != NULL && limit > 0 && (uint64_t)row->address + row->size > limit;
    if (row == NULL || row->size < FETTLE_OTADATA_SIZE || is_outside) {
        return find_module(work, now);
    }
    if (work->at == 0) {
        memset(work->bytes_of_otadata, 0xFF, FETTLE_OTADATA_SIZE);
    }
    return fettle_esp_work_run(
        work,
        fettle_esp_read(&work->esp, row->address + (uint32_t)work->at,
                        work->bytes_of_otadata + work->at, OTADATA_ENTRY),
        0, on_entry);
}

fettle_engine *fettle_esp_work_look(fettle_esp_work *work)
{
    fettle_engine *engine = fettle_esp_work_ready(work, raise_baud, 0);
    work->has_table = work->has_otadata = false;
    work->spot = work->half = 0;
    work->told_size = 0;
    return engine;
}

/* ---- ask ---- */

static uint32_t head_size(const fettle_esp_work *work)
{
    const fettle_partition *row = &work->table.rows[work->at];
    uint32_t size =
        row->type == FETTLE_PARTITION_APP ? FETTLE_ESP_HEAD_SIZE : FETTLE_ESP_READ_ROM;
    return size < row->size ? size : row->size;
}

static fettle_effect on_head(fettle_esp_work *work, fettle_us now)
{
    fettle_esp_seen *seen = &work->seen[work->at];
    fettle_esp_image image;
    seen->is_known = true;
    seen->content =
        fettle_esp_content_of((fettle_span){work->head, head_size(work)}, &image);
    memcpy(seen->version, image.version, sizeof seen->version);
    memcpy(seen->project, image.project, sizeof seen->project);
    work->at++;
    return ask(work, now);
}

/* A table that was made for another flash has rows for which this one has no bytes: some chips give others instead. */
static bool is_head_outside(const fettle_esp_work *work)
{
    uint64_t end = (uint64_t)work->table.rows[work->at].address + head_size(work);
    return work->esp.flash_size != 0 && end > work->esp.flash_size;
}

static fettle_effect ask(fettle_esp_work *work, fettle_us now)
{
    while (work->has_table && work->at < work->table.count && is_head_outside(work)) {
        work->at++;
    }
    if (!work->has_table || work->at == work->table.count) {
        return fettle_esp_work_end_well(work, now);
    }
    return fettle_esp_work_run(work,
                               fettle_esp_read(&work->esp,
                                               work->table.rows[work->at].address,
                                               work->head, head_size(work)),
                               0, on_head);
}

fettle_engine *fettle_esp_work_ask(fettle_esp_work *work)
{
    fettle_engine *engine = fettle_esp_work_ready(work, ask, 0);
    memset(work->seen, 0, sizeof work->seen);
    return engine;
}
