/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `work` looks for the next piece of work and asks for it; `then` is where to
 * go on once that has ended well.
 */
#include "job/esp_work.h"

#include "base/error.h"
#include "base/hash.h"

#include <string.h>

enum {
    TABLE_STEP = 0x100,        /* bytes of a partition table that are read at a time */
    TABLE_ROW = 32,            /* bytes; the row behind the last one is blank */
    OTADATA_ENTRY = 32,        /* bytes at the beginning of each of its two sectors */
    WORTH_REFINING = 2,        /* sectors: fewer are not looked at one by one */
    LISTENING_MS = 400,        /* for the boot text after a restart */
    SPOTS = 3,                 /* where every flash that isn't blank has something */
    HASH_BLOCK = 0x10000,      /* bytes that nobody copies by chance */
    SMALLEST_FLASH = 0x40000,  /* bytes */
    BLANK_BLOCK = 1024 * 1024, /* bytes of flash that are hashed at a time, to see
                                whether they are blank */
};

static fettle_esp_work_then contact_again, read, find_module, read_range, on_heard_by_hand,
    attach, try_spot, read_table, read_otadata, ask, compare, compare_sector, run_next,
    check_blank, leave, listen;

/* ---- running the loader ---- */

static fettle_effect run(fettle_esp_work *work, fettle_engine *child, uint32_t share,
                         fettle_esp_work_then *then)
{
    work->then = then;
    return (fettle_effect){.kind = FETTLE_EFFECT_RUN, .run = {child, share}};
}

/* As run(); where it fails, that is no failure of ours. */
static fettle_effect try(fettle_esp_work *work, fettle_engine *child,
                         fettle_esp_work_then *then)
{
    work->may_fail = true;
    return run(work, child, 0, then);
}

static fettle_effect end_well(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return fettle_done(&work->engine);
}

static bool is_without_stub(const fettle_esp_work *work)
{
    return work->stub == NULL || work->esp.is_stub ||
           work->esp.stub_state != FETTLE_ESP_STUB_NONE;
}

/* Only for what the stub makes quicker: it has to be sent first. */
static fettle_effect with_stub(fettle_esp_work *work, fettle_us now)
{
    if (is_without_stub(work)) {
        return work->work(work, now);
    }
    return run(work, fettle_esp_load_stub(&work->esp, work->stub), 0, work->work);
}

static fettle_effect step(fettle_engine *engine, const fettle_outcome *last, fettle_us now)
{
    fettle_esp_work *work = (fettle_esp_work *)engine;
    bool may_fail = work->may_fail, may_leave = work->may_leave;
    work->may_fail = work->may_leave = false;
    work->used_stub = work->used_stub || work->esp.is_stub;
    work->was_good = last != NULL && last->kind == FETTLE_OK;
    work->was_gone = last != NULL && last->kind == FETTLE_GONE;
    if (last == NULL) {
        return work->then(work, now);
    }
    if (last->kind == FETTLE_OK || (may_fail && last->kind == FETTLE_ERROR) ||
        (may_leave && last->kind == FETTLE_GONE)) {
        return work->then(work, now);
    }
    return fettle_fail(&work->engine, last, FETTLE_CLAUSE_COUNT, NULL);
}

/* `total` in bytes; `first` begins the work. */
static fettle_engine *ready(fettle_esp_work *work, fettle_esp_work_then *first,
                            uint64_t total)
{
    work->engine = (fettle_engine){.step = step, .total = (uint32_t)total};
    work->then = work->work = first;
    work->may_fail = work->may_leave = false;
    work->count = work->first_address = 0;
    work->sector = work->block_end = work->run = work->at = 0;
    work->bytes = 0;
    return &work->engine;
}

void fettle_esp_work_init(fettle_esp_work *work, const fettle_esp_setup *setup,
                          const fettle_memory_ops *ops)
{
    memset(work, 0, sizeof *work);
    fettle_esp_init(&work->esp, setup);
    fettle_sectors_init(&work->sectors, ops);
}

void fettle_esp_work_free(fettle_esp_work *work)
{
    fettle_sectors_free(&work->sectors);
}

/* ---- survey ---- */

static fettle_effect identify(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return run(work, fettle_esp_identify(&work->esp), 0, end_well);
}

static fettle_effect connect(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return run(work, fettle_esp_connect(&work->esp), 0, identify);
}

/* A carrier holds the chip's pins itself; then the chip only has to be spoken to. */
static fettle_effect enter(fettle_esp_work *work, fettle_us now)
{
    work->is_held = work->carrier != NULL;
    return work->carrier == NULL
               ? connect(work, now)
               : run(work, work->carrier->enter(work->carrier_room), 0, connect);
}

fettle_engine *fettle_esp_work_survey(fettle_esp_work *work)
{
    return ready(work, enter, 0);
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
    fettle_note_add(work->observed,
                    is_safe                                ? FETTLE_NOTE_SAFE_BOOT
                    : work->ask_by_hand == FETTLE_ASK_WIRE ? FETTLE_NOTE_WIRE_MISSING
                                                           : FETTLE_NOTE_BUTTON_MISSING,
                    NULL);
}

static fettle_effect on_tried(fettle_esp_work *work, fettle_us now)
{
    if (!work->was_good && now < work->until) {
        note_wrong_start(work);
        return try(work, fettle_esp_connect(&work->esp), on_tried);
    }
    work->esp.ask = FETTLE_ASK_NOTHING;
    work->was_by_hand = work->was_good;
    if (work->was_good) {
        return identify(work, now);
    }
    work->engine.error = work->esp.engine.error;
    return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
}

static fettle_effect try_connect(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return try(work, fettle_esp_connect(&work->esp), on_tried);
}

fettle_engine *fettle_esp_work_wait(fettle_esp_work *work, fettle_us until)
{
    fettle_engine *engine = ready(work, try_connect, 0);
    work->esp.setup.has_lines = false;
    work->esp.setup.reset_count = work->esp.setup.baud_count = 0;
    work->late_baud = 0; /* it would cost a hand to come back from one that fails */
    work->esp.ask = work->ask_by_hand;
    work->until = until;
    return engine;
}

/* ---- hashes ---- */

static void hash_of_blank(size_t size, uint8_t digest[FETTLE_MD5_SIZE])
{
    uint8_t bytes[256];
    fettle_md5 md5;
    memset(bytes, 0xFF, sizeof bytes);
    fettle_md5_init(&md5);
    for (size_t part; size > 0; size -= part) {
        part = size < sizeof bytes ? size : sizeof bytes;
        fettle_md5_feed(&md5, (fettle_span){bytes, part});
    }
    fettle_md5_finish(&md5, digest);
}

static bool is_hash(const fettle_esp_work *work, const uint8_t digest[FETTLE_MD5_SIZE])
{
    return memcmp(work->esp.md5, digest, FETTLE_MD5_SIZE) == 0;
}

/* ---- look ---- */

/* Behind a carrier a rate that doesn't hold costs more than a reset: it is entered anew, and stays slow. */
static fettle_effect on_raised(fettle_esp_work *work, fettle_us now)
{
    bool is_lost = !work->was_good;
    if (is_lost && (work->carrier == NULL || work->was_slowed)) {
        work->engine.error = work->esp.engine.error;
        return (fettle_effect){.kind = FETTLE_EFFECT_FAILED};
    }
    if (is_lost) {
        work->was_slowed = true;
        work->esp.setup.baud_count = 0;
        work->after_contact = attach;
        return run(work, work->carrier->enter(work->carrier_room), 0, contact_again);
    }
    return attach(work, now);
}

static fettle_effect contact_again(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return run(work, fettle_esp_connect(&work->esp), 0, work->after_contact);
}

static fettle_effect raise_baud(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    fettle_engine *child = fettle_esp_raise_baud(&work->esp);
    return work->carrier == NULL ? run(work, child, 0, attach)
                                 : try(work, child, on_raised);
}

static fettle_effect attach(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    bool was_tried = work->esp.baud != FETTLE_ESP_BAUD || work->esp.baud_failed != 0;
    work->baud = was_tried ? work->esp.baud : 0;
    return run(work, fettle_esp_attach(&work->esp), 0, try_spot);
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
    return run(work, fettle_esp_hash(&work->esp, address + work->half, HASH_BLOCK), 0,
               on_block_in_middle);
}

/* One sector may be a copy that somebody has made: then all around it isn't. */
static fettle_effect on_spot_in_middle(fettle_esp_work *work, fettle_us now)
{
    uint32_t address = spot_address(work) / HASH_BLOCK * HASH_BLOCK;
    if (memcmp(work->esp.md5, work->md5_of_spot, FETTLE_MD5_SIZE) != 0) {
        return end_wrap_test(work, now);
    }
    return run(work, fettle_esp_hash(&work->esp, address, HASH_BLOCK), 0, on_block);
}

static fettle_effect on_spot(fettle_esp_work *work, fettle_us now)
{
    uint8_t digest[FETTLE_MD5_SIZE];
    hash_of_blank(FETTLE_SECTOR_SIZE, digest);
    if (is_hash(work, digest)) {
        work->spot++;
        return try_spot(work, now);
    }
    memcpy(work->md5_of_spot, work->esp.md5, FETTLE_MD5_SIZE);
    return run(
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
               ? run(work,
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
    return run(work,
               fettle_esp_read(&work->esp, FETTLE_TABLE_ADDRESS + (uint32_t)work->at,
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
    };
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
    return run(work, fettle_esp_attach(&work->esp), 0, end_well);
}

static fettle_effect on_raised_late(fettle_esp_work *work, fettle_us now)
{
    if (work->was_good) {
        work->baud = work->esp.baud;
        return end_well(work, now);
    }
    work->was_slowed = true;
    work->esp.setup.baud_count = 0;
    work->after_contact = attach_again;
    return run(work, work->carrier->enter(work->carrier_room), 0, contact_again);
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
        return end_well(work, now);
    }
    work->esp.setup.bauds = &work->late_baud;
    work->esp.setup.baud_count = 1;
    return try(work, fettle_esp_raise_baud(&work->esp), on_raised_late);
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
    return run(work, fettle_esp_read(&work->esp, range->address, work->buffer, range->size),
               0, on_range);
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
    return run(work,
               fettle_esp_read(&work->esp, row->address + (uint32_t)work->at,
                               work->bytes_of_otadata + work->at, OTADATA_ENTRY),
               0, on_entry);
}

fettle_engine *fettle_esp_work_look(fettle_esp_work *work)
{
    fettle_engine *engine = ready(work, raise_baud, 0);
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

static fettle_effect ask(fettle_esp_work *work, fettle_us now)
{
    if (!work->has_table || work->at == work->table.count) {
        return end_well(work, now);
    }
    return run(work,
               fettle_esp_read(&work->esp, work->table.rows[work->at].address, work->head,
                               head_size(work)),
               0, on_head);
}

fettle_engine *fettle_esp_work_ask(fettle_esp_work *work)
{
    fettle_engine *engine = ready(work, ask, 0);
    memset(work->seen, 0, sizeof work->seen);
    return engine;
}

/* ---- compare ---- */

static void hash_of(fettle_span data, uint8_t digest[FETTLE_MD5_SIZE])
{
    fettle_md5 md5;
    fettle_md5_init(&md5);
    fettle_md5_feed(&md5, data);
    fettle_md5_finish(&md5, digest);
}

static fettle_span block_of(const fettle_esp_work *work)
{
    fettle_span data;
    (void)fettle_sectors_block(&work->sectors, work->sector, &data);
    return data;
}

static void mark_block(fettle_esp_work *work, bool differs, bool but_blank)
{
    for (; work->sector < work->block_end; work->sector++) {
        fettle_sector *sector = &work->sectors.list[work->sector];
        sector->differs = differs && !(but_blank && sector->is_blank);
    }
}

/* The hash that says so is still there. */
static fettle_effect on_block_differs(fettle_esp_work *work, fettle_us now)
{
    fettle_span data = block_of(work);
    uint8_t digest[FETTLE_MD5_SIZE];
    hash_of_blank(data.size, digest);
    if (is_hash(work, digest)) { /* erased: only what isn't blank is missing */
        mark_block(work, true, true);
        return compare(work, now);
    }
    if (!work->refines || work->block_end - work->block_first < WORTH_REFINING) {
        mark_block(work, true, false);
        return compare(work, now);
    }
    work->count = 0; /* of this block, that differ */
    return compare_sector(work, now);
}

/* From the first difference on it is certain that the stub will be needed, and it hashes faster. */
static fettle_effect on_block_hashed(fettle_esp_work *work, fettle_us now)
{
    uint8_t digest[FETTLE_MD5_SIZE];
    hash_of(block_of(work), digest);
    if (is_hash(work, digest)) {
        work->refines = true;
        mark_block(work, false, false);
        return compare(work, now);
    }
    if (!work->writes_next || is_without_stub(work)) {
        return on_block_differs(work, now);
    }
    return run(work, fettle_esp_load_stub(&work->esp, work->stub), 0, on_block_differs);
}

static fettle_effect compare(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    if (work->sector == work->sectors.count) {
        work->count = fettle_sectors_differing(&work->sectors, &work->first_address);
        return fettle_done(&work->engine);
    }
    fettle_span data;
    work->block_first = work->sector;
    work->block_end =
        work->sector + fettle_sectors_block(&work->sectors, work->sector, &data);
    work->address = work->sectors.list[work->sector].address;
    return run(work, fettle_esp_hash(&work->esp, work->address, (uint32_t)data.size),
               (uint32_t)data.size, on_block_hashed);
}

static fettle_effect on_sector_hashed(fettle_esp_work *work, fettle_us now)
{
    fettle_sector *sector = &work->sectors.list[work->sector++];
    uint8_t digest[FETTLE_MD5_SIZE];
    hash_of(sector->data, digest);
    sector->differs = !is_hash(work, digest);
    work->count += sector->differs;
    return compare_sector(work, now);
}

static fettle_effect compare_sector(fettle_esp_work *work, fettle_us now)
{
    if (work->sector < work->block_end) {
        const fettle_sector *sector = &work->sectors.list[work->sector];
        work->address = sector->address;
        return run(
            work, fettle_esp_hash(&work->esp, sector->address, (uint32_t)sector->data.size),
            0, on_sector_hashed);
    }
    /* Where all of a block differs the next ones will: looking at each sector
   * would only take time. */
    work->refines = work->count < work->block_end - work->block_first;
    return compare(work, now);
}

fettle_engine *fettle_esp_work_compare(fettle_esp_work *work, bool writes_next)
{
    uint64_t total = 0;
    for (size_t i = 0; i < work->sectors.count; i++) {
        total += work->sectors.list[i].data.size;
    }
    fettle_engine *engine = ready(work, compare, total);
    work->refines = true;
    work->writes_next = writes_next;
    return engine;
}

/* ---- erase and write ---- */

static uint32_t whole_sectors(size_t size)
{
    return (uint32_t)((size + FETTLE_SECTOR_SIZE - 1) / FETTLE_SECTOR_SIZE *
                      FETTLE_SECTOR_SIZE);
}

/* Some ROMs erase two sectors where they are told to erase one. */
static void note_erase(fettle_esp_work *work, uint32_t address, uint32_t size)
{
    const fettle_esp *esp = &work->esp;
    uint32_t behind = address + FETTLE_SECTOR_SIZE;
    bool is_one =
        !esp->is_stub && esp->identity.chip->erases_too_much && size == FETTLE_SECTOR_SIZE;
    for (size_t i = 0; is_one && i < work->sectors.count; i++) {
        is_one = work->sectors.list[i].address != behind;
    }
    if (is_one && (esp->flash_size == 0 || behind < esp->flash_size)) {
        work->erased_behind = behind;
    }
}

static fettle_effect run_next(fettle_esp_work *work, fettle_us now)
{
    const fettle_sectors *sectors = &work->sectors;
    (void)now;
    while (work->run < sectors->run_count &&
           sectors->runs[work->run].is_blank != work->wants_blanks) {
        work->run++;
    }
    if (work->run == sectors->run_count) {
        return fettle_done(&work->engine);
    }
    const fettle_sector_run *next = &sectors->runs[work->run++];
    uint32_t size = whole_sectors(next->data.size);
    note_erase(work, next->address, size);
    if (next->is_blank) {
        return run(work, fettle_esp_erase(&work->esp, next->address, size), size, run_next);
    }
    work->region = (fettle_esp_region){
        .address = next->address, .data = next->data, .deflated = next->deflated};
    return run(work, fettle_esp_write(&work->esp, &work->region), size, run_next);
}

static bool has_runs(const fettle_esp_work *work, bool blank)
{
    for (size_t i = 0; i < work->sectors.run_count; i++) {
        if (work->sectors.runs[i].is_blank == blank) {
            return true;
        }
    }
    return false;
}

static fettle_engine *runs(fettle_esp_work *work, bool blank)
{
    uint64_t total = 0;
    for (size_t i = 0; i < work->sectors.run_count; i++) {
        const fettle_sector_run *each = &work->sectors.runs[i];
        total += each->is_blank == blank ? whole_sectors(each->data.size) : 0;
    }
    fettle_engine *engine = ready(work, run_next, total);
    work->then = has_runs(work, blank) ? with_stub : end_well;
    work->wants_blanks = blank;
    return engine;
}

fettle_engine *fettle_esp_work_erase_runs(fettle_esp_work *work)
{
    return runs(work, true);
}

fettle_engine *fettle_esp_work_write_runs(fettle_esp_work *work)
{
    return runs(work, false);
}

static fettle_effect erase_range(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    if (work->at == work->to_erase_count) {
        return fettle_done(&work->engine);
    }
    const fettle_module_range *range = &work->to_erase[work->at++];
    note_erase(work, range->address, range->size);
    return run(work, fettle_esp_erase(&work->esp, range->address, range->size), range->size,
               erase_range);
}

static uint64_t take_ranges(fettle_esp_work *work, const fettle_module_range *ranges,
                            size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += ranges[i].size;
    }
    work->to_erase = ranges;
    work->to_erase_count = count;
    return total;
}

fettle_engine *fettle_esp_work_erase(fettle_esp_work *work,
                                     const fettle_module_range *ranges, size_t count)
{
    fettle_engine *engine = ready(work, erase_range, take_ranges(work, ranges, count));
    work->then = with_stub;
    return engine;
}

static fettle_effect erase_all(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    return run(work, fettle_esp_erase_chip(&work->esp), 1, end_well);
}

fettle_engine *fettle_esp_work_erase_chip(fettle_esp_work *work)
{
    fettle_engine *engine = ready(work, erase_all, 1);
    work->then = with_stub;
    return engine;
}

/* ---- is it blank? ---- */

static uint32_t blank_block(const fettle_esp_work *work)
{
    return work->size < BLANK_BLOCK ? work->size : BLANK_BLOCK;
}

static fettle_effect on_blank_hashed(fettle_esp_work *work, fettle_us now)
{
    uint8_t digest[FETTLE_MD5_SIZE];
    uint32_t size = blank_block(work);
    hash_of_blank(size, digest);
    if (!is_hash(work, digest)) {
        work->first_address = work->count == 0 ? work->address : work->first_address;
        work->count++;
    }
    work->address += size;
    work->size -= size;
    return check_blank(work, now);
}

static fettle_effect check_blank(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    if (work->size == 0 && work->at == work->to_erase_count) {
        return fettle_done(&work->engine);
    }
    if (work->size == 0) {
        work->address = work->to_erase[work->at].address;
        work->size = work->to_erase[work->at++].size;
    }
    uint32_t size = blank_block(work);
    return run(work, fettle_esp_hash(&work->esp, work->address, size), size,
               on_blank_hashed);
}

fettle_engine *fettle_esp_work_check_blank(fettle_esp_work *work,
                                           const fettle_module_range *ranges, size_t count)
{
    work->size = 0;
    return ready(work, check_blank, take_ranges(work, ranges, count));
}

/* ---- read ---- */

/*
 * What is blank isn't worth the time on the line: where the chip can hash, each aligned block is hashed before it is read, and those
 * that aren't blank are read together as far as they lie together.
 */

static fettle_effect on_read(fettle_esp_work *work, fettle_us now)
{
    work->bytes += work->run_size;
    work->run_size = 0;
    return read(work, now);
}

static fettle_effect read_run(fettle_esp_work *work)
{
    uint32_t at = (uint32_t)work->bytes;
    return run(
        work,
        fettle_esp_read(&work->esp, work->address + at, work->buffer + at, work->run_size),
        work->run_size, on_read);
}

/* Behind the run: up to the next block's beginning, or to the end. */
static uint32_t next_part(const fettle_esp_work *work)
{
    uint32_t at = (uint32_t)work->bytes + work->run_size;
    uint32_t part = HASH_BLOCK - (work->address + at) % HASH_BLOCK;
    return part < work->size - at ? part : work->size - at;
}

static fettle_effect on_part_hashed(fettle_esp_work *work, fettle_us now)
{
    uint8_t digest[FETTLE_MD5_SIZE];
    hash_of_blank(HASH_BLOCK, digest);
    if (!is_hash(work, digest)) {
        work->run_size += HASH_BLOCK;
        return read(work, now);
    }
    work->blank_size = HASH_BLOCK;
    return work->run_size > 0 ? read_run(work) : read(work, now);
}

/* All at once where nothing is to be gained. */
static bool reads_parts(const fettle_esp_work *work)
{
    return work->size > HASH_BLOCK && fettle_esp_can_hash(&work->esp);
}

static void fill_blank(fettle_esp_work *work)
{
    memset(work->buffer + work->bytes, 0xFF, work->blank_size);
    work->engine.done += work->blank_size;
    work->bytes += work->blank_size;
    work->blank_size = 0;
}

static fettle_effect read(fettle_esp_work *work, fettle_us now)
{
    if (work->run_size == 0 && work->blank_size > 0) {
        fill_blank(work);
    }
    if (!reads_parts(work)) {
        work->run_size = work->size - (uint32_t)work->bytes;
    }
    while (work->bytes + work->run_size < work->size) {
        uint32_t part = next_part(work);
        if (part == HASH_BLOCK) {
            uint32_t at = (uint32_t)work->bytes + work->run_size;
            return run(work, fettle_esp_hash(&work->esp, work->address + at, part), 0,
                       on_part_hashed);
        }
        work->run_size += part;
    }
    return work->run_size > 0 ? read_run(work) : end_well(work, now);
}

fettle_engine *fettle_esp_work_read(fettle_esp_work *work, uint32_t address,
                                    uint8_t *buffer, uint32_t size)
{
    fettle_engine *engine = ready(work, read, size);
    work->then = with_stub;
    work->address = address;
    work->buffer = buffer;
    work->size = size;
    work->run_size = work->blank_size = 0;
    return engine;
}

/* ---- leave ---- */

/* The lines don't reach the chip: it was in its loader before anybody pulled them. */
static fettle_effect on_knocked(fettle_esp_work *work, fettle_us now)
{
    if (!work->was_good || !work->esp.answers) {
        return end_well(work, now);
    }
    work->esp.setup.has_lines = false;
    return leave(work, now);
}

/* Silence says nothing: not every application talks, and not every port
 * listens. But a loader that is still there answers. */
static bool needs_knock(const fettle_esp_work *work)
{
    return work->esp.heard.total == 0 && work->esp.left == FETTLE_ESP_LEFT_BY_LINES &&
           work->esp.setup.port != FETTLE_ESP_PORT_OTG && !work->has_knocked &&
           !work->was_gone;
}

static fettle_effect on_heard(fettle_esp_work *work, fettle_us now)
{
    const fettle_esp_heard *heard = &work->esp.heard;
    const fettle_esp_strap *strap =
        heard->has_boot ? fettle_esp_strap_of(work->esp.identity.chip, heard->number)
                        : NULL;
    work->stays_in_loader = heard->waits_for_download ||
                            (strap != NULL && strap->boot == FETTLE_ESP_BOOT_DOWNLOAD);
    work->has_nothing_to_start = heard->has_invalid_header;
    work->has_started = work->esp.left != FETTLE_ESP_LEFT_NOT && !work->stays_in_loader &&
                        !work->has_nothing_to_start;
    if (work->stays_in_loader && !work->leaves_by_watchdog &&
        work->esp.identity.chip->watchdog.resets_chip) {
        work->leaves_by_watchdog =
            true; /* its boot pin was held: now it is sampled again */
        return leave(work, now);
    }
    if (needs_knock(work)) {
        work->has_knocked = work->may_leave = true;
        return try(work, fettle_esp_knock(&work->esp, work->baud_in_loader), on_knocked);
    }
    return end_well(work, now);
}

static fettle_effect listen(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    work->may_leave = true; /* chips with USB of their own take it along */
    return try(work, fettle_esp_listen(&work->esp, (fettle_us)LISTENING_MS * 1000),
               on_heard);
}

static fettle_effect on_carrier_left(fettle_esp_work *work, fettle_us now)
{
    fettle_esp_was_left(&work->esp);
    return listen(work, now);
}

static fettle_effect leave(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    if (work->carrier != NULL && !work->was_by_hand) {
        return run(work, work->carrier->leave(work->carrier_room), 0, on_carrier_left);
    }
    return run(work, fettle_esp_leave(&work->esp, work->leaves_by_watchdog), 0, listen);
}

fettle_engine *fettle_esp_work_leave(fettle_esp_work *work)
{
    fettle_engine *engine = ready(work, leave, 0);
    work->leaves_by_watchdog = work->has_knocked = false;
    work->baud_in_loader = work->esp.baud;
    work->has_started = work->stays_in_loader = work->has_nothing_to_start = false;
    return engine;
}

/* ---- leave by hand ---- */

static fettle_effect listen_by_hand(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    work->may_leave = true;
    return try(work, fettle_esp_listen(&work->esp, (fettle_us)LISTENING_MS * 1000),
               on_heard_by_hand);
}

/* A wire that was left where it is brings the chip back to where it was. */
static fettle_effect on_heard_by_hand(fettle_esp_work *work, fettle_us now)
{
    const fettle_esp_heard *heard = &work->esp.heard;
    work->has_nothing_to_start = heard->has_invalid_header;
    work->has_started = !heard->waits_for_download && !heard->has_invalid_header &&
                        (heard->says_normal_boot || heard->has_boot);
    if (heard->waits_for_download) {
        work->stays_in_loader = true;
        if (work->observed != NULL) {
            fettle_note_add(work->observed, FETTLE_NOTE_WIRE_STILL_ON, NULL);
        }
    }
    if (!work->has_started && !work->has_nothing_to_start && now < work->until) {
        return listen_by_hand(work, now);
    }
    work->stays_in_loader = !work->has_started && !work->has_nothing_to_start;
    work->esp.ask = FETTLE_ASK_NOTHING;
    return end_well(work, now);
}

static fettle_effect begin_by_hand(fettle_esp_work *work, fettle_us now)
{
    work->until = work->until < FETTLE_NEVER - now ? now + work->until : FETTLE_NEVER;
    return listen_by_hand(work, now);
}

fettle_engine *fettle_esp_work_leave_by_hand(fettle_esp_work *work, fettle_us time)
{
    fettle_engine *engine = ready(work, begin_by_hand, 0);
    work->has_started = work->stays_in_loader = work->has_nothing_to_start = false;
    fettle_esp_was_left(&work->esp);
    work->esp.ask = FETTLE_ASK_UNWIRE;
    work->until = time;
    return engine;
}

static fettle_effect restart(fettle_esp_work *work, fettle_us now)
{
    (void)now;
    if (work->carrier != NULL && !work->was_by_hand) {
        return run(work, work->carrier->leave(work->carrier_room), 0, end_well);
    }
    return run(work, fettle_esp_leave(&work->esp, false), 0, end_well);
}

fettle_engine *fettle_esp_work_restart(fettle_esp_work *work)
{
    return ready(work, restart, 0);
}
